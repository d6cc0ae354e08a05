//! What `mainstay scan --format sarif` says of the example, against the schema of SARIF 2.1.0 that the npm package
//! `@microsoft/jest-sarif` ships.

use crate::shell::{Outcome, Scratch, capture, command, mainstay, root, write};
use crate::tools;
use serde_json::Value;

/// Checks the log, and that the schema refuses a log that was made wrong.
const CHECK: &str = r#"
const [modules, file] = process.argv.slice(-2);
const Ajv = require(modules + "/ajv");
const schema = require(modules + "/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
const ajv = new Ajv({ allErrors: true, schemaId: "id", logger: false });
ajv.addMetaSchema(require(modules + "/ajv/lib/refs/json-schema-draft-04.json"));
const check = ajv.compile(schema);
const log = JSON.parse(require("fs").readFileSync(file, "utf8"));
const told = () => (check(log) ? [] : check.errors.map((e) => `${e.dataPath} ${e.message}`));
const wrong = told();
const results = log.runs[0].results;
results[0].level = "no such level";
if (told().length === 0) wrong.push("the schema takes anything");
console.log(JSON.stringify({ results: results.length, wrong: wrong.slice(0, 10) }));
"#;

/// Validates all verdicts of the example.
pub fn run() -> Outcome<String> {
    let scratch = Scratch::new("sarif")?;
    let file = scratch.path().join("log.sarif");
    let mut scan = command(mainstay());
    scan.args(["--quiet", "scan", "--format", "sarif", "--verdicts", "all"]).arg(root().join("examples/estate"));
    // The example has findings, so that the program ends with 1 and the log is what counts.
    let output = scan.output().map_err(|e| format!("scan the example: {e}"))?;
    write(&file, &String::from_utf8_lossy(&output.stdout))?;
    let mut node = command("node");
    node.args(["-e", CHECK]).arg(tools::node_modules()).arg(&file);
    let told: Value =
        serde_json::from_str(&capture(&mut node)?).map_err(|e| format!("read what the schema says: {e}"))?;
    match (told["wrong"].as_array().map(Vec::as_slice), told["results"].as_u64()) {
        (Some([]), Some(results)) if results > 0 => Ok(format!("{results} results")),
        _ => Err(format!("validate the log: {}", told["wrong"])),
    }
}
