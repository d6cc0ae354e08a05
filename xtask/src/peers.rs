//! `cargo xtask peers`: what we say beside what others say of the same input. `iac`: verdicts that another scanner's own
//! test suite expects. `watch`: templates of log lines and anomalies of series that people labelled.

use crate::shell::{Outcome, cargo, execute, root};
use std::path::PathBuf;

/// The verdicts that the peer's suite expects, and the files on which it does; below the folder of real inputs.
const EXPECTED: &str = "iac-verdicts.json";
const FIXTURES: &str = "iac-fixtures";

/// Agreement by family that must not get worse.
const FLOOR: &str = "tests/peers/floor.txt";

/// Prints every difference and the agreement by family. Where the real inputs are absent, it says so and is satisfied.
pub fn iac(words: &[&str]) -> Outcome<String> {
    let data = data();
    if !data.join(EXPECTED).is_file() {
        return Ok(format!("NOT compared: there is no {}", data.join(EXPECTED).display()));
    }
    let mut peers = cargo();
    peers.args(["run", "--quiet", "-p", "mainstay-policy", "--example", "peers", "--"]);
    peers.arg(data.join(EXPECTED)).arg(data.join(FIXTURES));
    peers.arg(root().join("catalog/guard/controls")).arg(root().join("docs/peers.md")).arg(root().join(FLOOR));
    peers.args(words);
    execute(&mut peers).map(|()| String::new())
}

/// Prints how far we agree with what people labelled. Tests hold the figures; this shows them.
pub fn watch() -> Outcome<String> {
    if !data().is_dir() {
        return Ok(format!("NOT compared: there is no {}", data().display()));
    }
    for (package, what) in [("mainstay-logs", "templates of log lines"), ("mainstay-anomaly", "anomalies of series")] {
        println!("== {what}");
        let mut peers = cargo();
        peers.args(["run", "--quiet", "--release", "-p", package, "--example", "peers"]);
        execute(&mut peers)?;
    }
    Ok(String::new())
}

/// The real inputs lie beside the checkout.
fn data() -> PathBuf {
    root().join("../shared/data")
}
