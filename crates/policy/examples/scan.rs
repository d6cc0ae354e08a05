//! Scans a folder and prints the JSON report: `scan scan DIR [--verdicts all]`. A thin stand-in for the binary's own
//! command, for measuring the engine and the controls alone.

#![expect(clippy::disallowed_methods, reason = "an example at the edge reads the folder that it is given")]
#![expect(clippy::print_stdout, reason = "its result goes to standard output")]

use mainstay_iac::SourceFile;
use mainstay_policy::report::{Report, json};
use mainstay_policy::{Engine, Wanted, built_in};
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "scan").collect();
    let root = arguments.first().cloned().unwrap_or_else(|| ".".to_owned());
    let mut files = Vec::new();
    gather(Path::new(&root), Path::new(&root), &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let reading = mainstay_iac::read(&files, &mainstay_iac::terraform::Options::default());
    let (engine, mut diagnostics) = Engine::load(&built_in());
    diagnostics.extend(reading.diagnostics.iter().cloned());
    let wanted = if arguments.iter().any(|argument| argument == "all") { Wanted::All } else { Wanted::Findings };
    let judging = engine.judge_wanted(&reading, wanted);
    let report = Report { judging: &judging, diagnostics: &diagnostics, engine: &engine, version: "0" };
    println!("{}", json(&report));
    Ok(())
}

fn gather(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push(SourceFile { path: name, bytes: fs::read(&path)? });
        }
    }
    Ok(())
}
