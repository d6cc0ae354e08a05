//! `mainstay lsp` with a client over standard input and output: findings on unsaved text, reasons, fixes.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const OPEN: &str = "resource \"aws_s3_bucket\" \"x\" {\n  bucket = \"ä\"\n}\n\nresource \"aws_s3_bucket_acl\" \"x\" {\n  bucket = aws_s3_bucket.x.id\n  acl    = \"public-read\"\n}\n";

/// A client of a server of its own, on a folder that goes when dropped.
struct Client {
    folder: PathBuf,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
}

impl Client {
    fn new(name: &str, text: &str) -> Self {
        Self::able(name, text, &json!({}))
    }

    /// A client of the capabilities.
    fn able(name: &str, text: &str, capabilities: &Value) -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-lsp-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("main.tf"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        let command = command.args(["lsp", "--stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut client = Self { folder, child, input, output, next: 1 };
        let root = client.uri("").trim_end_matches('/').to_owned();
        let answer = client.ask("initialize", json!({"rootUri": root, "capabilities": capabilities}));
        assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
        client
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}/{file}", self.folder.display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.next;
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.read();
            if message["id"] == id {
                return message["result"].clone();
            }
        }
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server went away");
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("Content-Length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The next diagnostics of main.tf: code and line.
    fn shown(&mut self) -> Vec<(String, u64)> {
        let uri = self.uri("main.tf");
        loop {
            let message = self.read();
            if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == *uri {
                let all = message["params"]["diagnostics"].as_array().unwrap().iter();
                let one =
                    |d: &Value| (d["code"].as_str().unwrap().to_owned(), d["range"]["start"]["line"].as_u64().unwrap());
                return all.map(one).collect();
            }
        }
    }

    fn change(&mut self, text: &str) {
        let uri = self.uri("main.tf");
        let document = json!({"uri": uri, "version": 2});
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [{"text": text}]}));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

const CONTROL: &str = "aws.s3-bucket-public-acl";

#[test]
fn findings_follow_the_text_that_is_not_saved() {
    let mut client = Client::new("typing", OPEN);
    let found = client.shown();
    assert!(found.contains(&(CONTROL.to_owned(), 6)), "{found:?}");
    let uri = client.uri("main.tf");
    client.tell(
        "textDocument/didOpen",
        json!({"textDocument": {"uri": uri, "languageId": "terraform", "version": 1, "text": OPEN}}),
    );
    client.shown();
    client.change(&OPEN.replace("public-read", "private"));
    let found = client.shown();
    assert!(found.iter().all(|(code, _)| code != CONTROL), "{found:?}");
    client.change("resource \"aws_s3_bucket\" {\n  a = \n");
    let found = client.shown();
    assert!(found.iter().any(|(code, _)| code == "hcl.syntax"), "{found:?}");
    client.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    let found = client.shown();
    assert!(found.contains(&(CONTROL.to_owned(), 6)), "the saved text counts again: {found:?}");
}

#[test]
fn a_hover_explains_and_a_fix_makes_it_pass() {
    let mut client = Client::new("fix", OPEN);
    let uri = client.uri("main.tf");
    let at = json!({"textDocument": {"uri": uri}, "position": {"line": 6, "character": 4}});
    let hover = client.ask("textDocument/hover", at);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("`acl` is \"public-read\"") && text.contains("Make the ACL private"), "{text}");
    let range = json!({"start": {"line": 6, "character": 0}, "end": {"line": 6, "character": 9}});
    let ask = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": []}});
    let actions = client.ask("textDocument/codeAction", ask);
    let action = actions.as_array().unwrap().iter().find(|one| one["diagnostics"][0]["code"] == CONTROL).unwrap();
    let edit = &action["edit"]["changes"][&uri][0];
    assert_eq!(edit["newText"], "\"private\"");
    assert_eq!(edit["range"]["start"], json!({"line": 6, "character": 11}));
    assert_eq!(edit["range"]["end"], json!({"line": 6, "character": 24}));
}

#[test]
fn what_is_said_carries_the_version_of_the_text_that_it_is_about() {
    let capabilities = json!({"workspace": {"workspaceEdit": {"documentChanges": true}}});
    let mut client = Client::able("version", OPEN, &capabilities);
    client.shown();
    let uri = client.uri("main.tf");
    let document = json!({"uri": uri, "languageId": "terraform", "version": 7, "text": OPEN});
    client.tell("textDocument/didOpen", json!({"textDocument": document}));
    let said = loop {
        let message = client.read();
        if message["params"]["uri"] == *uri {
            break message;
        }
    };
    assert_eq!(said["params"]["version"], 7);
    let range = json!({"start": {"line": 6, "character": 0}, "end": {"line": 6, "character": 9}});
    let ask = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": []}});
    let actions = client.ask("textDocument/codeAction", ask);
    let action = actions.as_array().unwrap().iter().find(|one| one["diagnostics"][0]["code"] == CONTROL).unwrap();
    let change = &action["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({"uri": uri, "version": 7}));
    assert_eq!(change["edits"][0]["newText"], "\"private\"");
}

#[test]
fn an_unknown_request_is_refused_and_the_end_is_orderly() {
    let mut client = Client::new("end", OPEN);
    client.send(&json!({"jsonrpc": "2.0", "id": "x", "method": "no/such"}));
    let refused = loop {
        let message = client.read();
        if message["id"] == "x" {
            break message;
        }
    };
    assert_eq!(refused["error"]["code"], -32601);
    assert_eq!(client.ask("shutdown", Value::Null), Value::Null);
    client.tell("exit", Value::Null);
    assert!(client.child.wait().unwrap().success());
}
