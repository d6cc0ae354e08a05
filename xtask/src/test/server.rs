//! Steps that need the program serving the example estate: the walk in a browser, and the API against its description.

use crate::shell::{Outcome, Scratch, capture, command, execute, mainstay, root, target};
use crate::tools;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long the program may take to collect the example and print its address, in seconds. Its own goal is far lower; this
/// only bounds a hanging run.
const START_S_MAX: u64 = 120;

/// A serving program with a ledger of its own, stopped when dropped.
struct Server {
    process: Child,
    url: String,
    _data: Scratch,
}

impl Server {
    fn start(name: &str) -> Outcome<Self> {
        let data = Scratch::new(name)?;
        // It ends with us even where we are killed.
        let mut up = command("setpriv");
        up.args(["--pdeathsig", "KILL", "--"])
            .arg(mainstay())
            .args(["up", "examples/estate", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path());
        up.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = up.spawn().map_err(|e| format!("start {}: {e}", mainstay().display()))?;
        let (sender, receiver) = mpsc::channel();
        if let Some(out) = process.stdout.take() {
            watch(out, sender.clone());
        }
        if let Some(err) = process.stderr.take() {
            watch(err, sender);
        }
        match receiver.recv_timeout(Duration::from_secs(START_S_MAX)) {
            Ok(url) => Ok(Self { process, url, _data: data }),
            Err(_) => {
                process.kill().ok();
                process.wait().ok();
                Err(format!("see the address of mainstay up within {START_S_MAX} s"))
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It keeps nothing that a kill could lose, and the folder goes with it.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Reads to the end, so that the program never blocks on a full pipe, shows every line and sends the first address.
fn watch(stream: impl Read + Send + 'static, sender: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            println!("  | {line}");
            if let Some(url) = address(&line) {
                // Nobody listens any more once the first address was taken.
                sender.send(url).ok();
            }
        }
    });
}

/// The address of this machine in a line of text.
fn address(line: &str) -> Option<String> {
    let url = &line[line.find("http://127.0.0.1:")?..];
    let end = url.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.'))).unwrap_or(url.len());
    Some(url[..end].trim_end_matches(['/', '.']).to_owned())
}

/// The browser's walk.
fn walk_script() -> std::path::PathBuf {
    root().join("xtask/browser/walk.mjs")
}

/// Runs the walk: `node walk.mjs <address> <folder of screenshots>`.
pub fn browser() -> Outcome<String> {
    let screenshots = target().join("screenshots");
    std::fs::create_dir_all(&screenshots).map_err(|e| format!("create {}: {e}", screenshots.display()))?;
    let server = Server::start("browser")?;
    let mut walk = command("node");
    walk.arg(walk_script()).arg(&server.url).arg(&screenshots);
    walk.env("MAINSTAY_TEST_NODE_MODULES", tools::node_modules());
    execute(&mut walk)?;
    Ok(format!("screenshots in {}", screenshots.display()))
}

/// Sends requests made from the API's description, good and bad, and demands documented answers and no server error.
pub fn api() -> Outcome<String> {
    let server = Server::start("api")?;
    let mut check = command(tools::python("schemathesis"));
    check.arg("run").arg(format!("{}/v1/openapi.json", server.url));
    check.args([
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]);
    check.args(["--seed", "1", "--max-examples", "40", "--phases", "examples,coverage,fuzzing", "--no-color"]);
    let told = capture(&mut check)?;
    println!("{told}");
    // It calls a run in which it could make no request a success.
    let summed = told.lines().find_map(|line| line.trim().strip_prefix("Tested: "));
    match summed.and_then(|count| count.trim().parse::<u32>().ok()) {
        Some(0) | None => Err("test any operation of the API".to_owned()),
        Some(count) => Ok(format!("{count} operations")),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_is_found_inside_a_sentence() {
        assert_eq!(address("serving at http://127.0.0.1:8123/.").as_deref(), Some("http://127.0.0.1:8123"));
        assert_eq!(
            address("serving at http://127.0.0.1:8123 (ctrl-c stops)").as_deref(),
            Some("http://127.0.0.1:8123")
        );
        assert_eq!(address("nothing yet"), None);
    }
}
