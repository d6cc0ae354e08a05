//! Secrets in `mainstay scan`: found, told from what only looks like them, allowed where somebody says so, and shown nowhere.
//!
//! The values are made up, and in pieces, so that no file of the repository holds what looks like a token.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::Value;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A password as somebody would choose it, as in the tests of other tools, and a token with its checksum.
fn password() -> String {
    ["Vq8#mT2", "x!Lw0zR"].concat()
}

fn token() -> String {
    ["ghp", "_zQWBuTSOoRi4A9spHcVY5ncnsDk", "xkJ0mLq18"].concat()
}

fn stripe() -> String {
    ["sk_", "live_", "9fK2mXq7LwZ4vTn8RbYd3HsG"].concat()
}

fn key() -> String {
    // DER: a sequence of 0x60 bytes that begins with the version 0, in base64.
    let body = ["MGACAQA", &"k3Vw9ZqLmT7xRb2YhN8sDf4GjC6pK1uE".repeat(4)[..124]].concat();
    format!("-----BEGIN {} KEY-----\n{body}=\n-----END {} KEY-----\n", "PRIVATE", "PRIVATE")
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, String)]) -> Self {
        let path = std::env::temp_dir().join(format!("mainstay-secrets-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        let folder = Self(path);
        std::fs::create_dir_all(&folder.0).unwrap();
        files.iter().for_each(|(path, text)| folder.write(path, text));
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mainstay")).current_dir(&self.0).args(arguments).output().unwrap()
    }

    /// Control, resource, verdict, file and line of every verdict on secrets.
    fn secrets(&self, arguments: &[&str]) -> Vec<[String; 5]> {
        let output = self.run(&[&["scan", "--format", "json"], arguments].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |one: &Value, name: &str| one[name].as_str().map_or_else(|| one[name].to_string(), str::to_owned);
        let of = |one: &Value| ["control", "resource", "verdict", "file", "line"].map(|name| text(one, name));
        let all = report["verdicts"].as_array().unwrap().iter().filter(|one| one["type"] == "file");
        all.map(of).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn estate() -> Vec<(&'static str, String)> {
    let bucket = format!(
        "resource \"aws_db_instance\" \"main\" {{\n  password = \"{}\"\n}}\nresource \"aws_s3_bucket\" \"open\" {{\n  \
         bucket = \"open\"\n  acl    = \"{}\"\n}}\n",
        password(),
        stripe()
    );
    vec![
        ("main.tf", bucket),
        ("app.env", format!("STRIPE={}\nNAME=shop\n", stripe())),
        (
            "deploy.yaml",
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\nstringData:\n  password: \"{}\"\n",
                stripe(),
                password()
            ),
        ),
        ("keys/server.pem", key()),
        ("broken.tf", format!("locals {{\n  x = {}\n", stripe())),
        ("README.md", format!("{}\n", stripe())),
    ]
}

#[test]
fn every_secret_is_found_with_its_place() {
    let folder = Folder::new("found", &estate());
    let found = folder.secrets(&["."]);
    let mut places: Vec<_> =
        found.iter().map(|[control, _, verdict, file, line]| format!("{verdict} {control} {file}:{line}")).collect();
    places.sort();
    let expected = [
        "fail secrets.password deploy.yaml:6",
        "fail secrets.password main.tf:2",
        "fail secrets.private-key keys/server.pem:1",
        "fail secrets.stripe-key app.env:1",
        "fail secrets.stripe-key broken.tf:2",
        "fail secrets.stripe-key deploy.yaml:4",
        "fail secrets.stripe-key main.tf:6",
    ];
    assert_eq!(places, expected, "documents are not looked through");
    assert_eq!(folder.run(&["scan", "app.env"]).status.code(), Some(1));
}

#[test]
fn no_form_of_output_shows_a_secret() {
    let folder = Folder::new("canaries", &estate());
    let key = key();
    let canaries = [password(), stripe(), key.lines().nth(1).unwrap()[..40].to_owned()];
    let check = |what: &str, output: &Output| {
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said);
        for canary in &canaries {
            assert!(!said.contains(canary.as_str()), "{what} shows a secret: {said}");
        }
        said.into_owned()
    };
    for format in ["table", "json", "csv", "sarif", "junit", "markdown", "github", "gitlab"] {
        let said = check(format, &folder.run(&["scan", "--format", format, "--verdicts", "all", "."]));
        assert!(said.contains("secrets.stripe-key"), "{format}: {said}");
    }
    let found = folder.secrets(&["."]);
    for [control, resource, ..] in &found {
        for format in ["table", "json"] {
            let said = check("explain", &folder.run(&["explain", "--format", format, control, resource, "."]));
            assert!(said.contains("Change it") || said.contains("history"), "{control} {resource}: {said}");
        }
    }
    let bucket = folder.run(&["explain", "CKV_AWS_20", "aws_s3_bucket.open", "."]);
    check("explain of a resource", &bucket);
    folder.run(&["scan", "--write-baseline", "base.json", "."]);
    check("baseline", &Output { stdout: std::fs::read(folder.0.join("base.json")).unwrap(), ..bucket });
    assert_eq!(
        folder.secrets(&["--baseline", "base.json", "."]).iter().filter(|one| one[2] == "waived").count(),
        found.len()
    );
    check("lsp", &talk(&folder));
}

/// What the language server says of the folder, and of a line with a secret.
fn talk(folder: &Folder) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .current_dir(&folder.0)
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let root = format!("file://{}", folder.0.display());
    let file = format!("{root}/main.tf");
    let range = serde_json::json!({"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 1}});
    let messages = [
        serde_json::json!({"id": 1, "method": "initialize", "params": {"rootUri": root, "capabilities": {}}}),
        serde_json::json!({"id": 2, "method": "textDocument/hover",
            "params": {"textDocument": {"uri": file}, "position": {"line": 1, "character": 4}}}),
        serde_json::json!({"id": 3, "method": "textDocument/codeAction",
            "params": {"textDocument": {"uri": file}, "range": range, "context": {"diagnostics": []}}}),
        serde_json::json!({"id": 4, "method": "shutdown"}),
        serde_json::json!({"method": "exit"}),
    ];
    let mut stdin = child.stdin.take().unwrap();
    for mut message in messages {
        message["jsonrpc"] = "2.0".into();
        let text = message.to_string();
        write!(stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("secrets.password"), "the server speaks of the secret");
    output
}

#[test]
fn words_beside_a_secret_allow_it() {
    let line = format!("password = \"{}\"", password());
    for (text, by) in [
        (format!("{line} # gitleaks:allow\n"), "gitleaks:allow"),
        (format!("{line} # pragma: allowlist secret\n"), "pragma: allowlist secret"),
        (format!("# pragma: allowlist nextline secret\n{line}\n"), "pragma: allowlist nextline secret"),
        (format!("{line} # checkov:skip=CKV_SECRET_6:a test\n"), "checkov:skip"),
        (format!("{line}\n# checkov:skip=CKV_SECRET_6 below\n"), "checkov:skip"),
        (format!("# trivy:ignore:secrets.password\n{line}\n"), "trivy:ignore"),
        (format!("{line} #nosec secrets.password -- a test\n"), "nosec"),
    ] {
        for file in ["app.toml", "main.tf"] {
            let body = if file == "main.tf" { format!("locals {{\n{text}}}\n") } else { text.clone() };
            let folder = Folder::new("allowed", &[(file, body)]);
            let output = folder.run(&["scan", "--format", "json", "."]);
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            let verdict = &report["verdicts"][0];
            assert_eq!(
                (&verdict["verdict"], &verdict["waiver"]["by"]),
                (&"waived".into(), &by.into()),
                "{file}: {text}"
            );
            assert_eq!(output.status.code(), Some(0), "{file}: {text}");
        }
    }
    for text in [
        format!("{line} # checkov:skip=CKV_SECRET_2\n"),
        format!("# gitleaks:allow\n{line}\n"),
        format!("{line} # allow\n"),
    ] {
        let folder = Folder::new("not-allowed", &[("app.toml", text.clone())]);
        assert_eq!(folder.secrets(&["."])[0][2], "fail", "{text}");
    }
}

#[test]
fn a_comment_within_a_block_speaks_of_the_secrets_in_it_too() {
    let text = format!(
        "resource \"aws_db_instance\" \"x\" {{\n  # checkov:skip=CKV_SECRET_6:a test\n  name = \"a\"\n  engine = \"b\"\n  password = \"{}\"\n}}\n",
        password()
    );
    let folder = Folder::new("block", &[("main.tf", text)]);
    let found = folder.secrets(&["."]);
    assert_eq!(found.iter().map(|one| &*one[2]).collect::<Vec<_>>(), ["waived"]);
}

#[test]
fn a_secret_stays_itself_when_lines_move_and_another_value_is_another_secret() {
    let line = |value: &str| format!("password = \"{value}\"\n");
    let folder = Folder::new("identity", &[("app.toml", line(&password()))]);
    let before = folder.secrets(&["."]);
    folder.run(&["scan", "--write-baseline", "../base-identity.json", "."]);
    folder.write("app.toml", &format!("# a comment\n\n{}", line(&password())));
    let moved = folder.secrets(&["--baseline", "../base-identity.json", "."]);
    assert_eq!((&moved[0][1], &*moved[0][2]), (&before[0][1], "waived"));
    folder.write("app.toml", &line(&password().replace('V', "W")));
    let other = folder.secrets(&["--baseline", "../base-identity.json", "."]);
    assert_ne!(other[0][1], before[0][1]);
    assert_eq!(other[0][2], "fail");
}

#[test]
fn what_only_looks_like_a_secret_passes() {
    let made_up = format!("TOKEN={}\n", token());
    let folder =
        Folder::new("passes", &[(".env", made_up), ("main.tf", "x = { password = var.password }\n".to_owned())]);
    let found = folder.secrets(&["--verdicts", "all", "."]);
    let verdicts: Vec<_> = found.iter().map(|one| format!("{} {}", one[0], one[2])).collect();
    assert_eq!(verdicts, ["secrets.github-token pass", "secrets.password pass"], "its checksum does not fit");
    assert!(folder.secrets(&["."]).is_empty());
}

#[test]
fn a_control_of_the_users_own_finds_secrets_too() {
    let page = "---\nid: ours.shop-token\ntitle: No token of the shop\nseverity: high\ntypes: [file]\naliases: [OWN_1]\n---\n\n\
                ## Why\n\nIt opens the shop.\n\n## Fix\n\nAsk the shop.\n\n```secret\nkeywords: [shop_]\npattern: '\\bshop_[0-9a-f]{16}\\b'\n\
                entropy: 2.5\n```\n\n## Examples\n\n```env pass\nA=shop_0000000000000000\n```\n\n```env fail\nA=shop_<+>9f2c7b1e84d05a36\n```\n";
    let folder = Folder::new(
        "own",
        &[("controls/ours.md", page.to_owned()), ("a/app.ini", "t = shop_9f2c7b1e84d05a36\n".to_owned())],
    );
    let tested = folder.run(&["control", "test", "controls"]);
    assert_eq!(tested.status.code(), Some(0), "{}", String::from_utf8_lossy(&tested.stdout));
    let found = folder.secrets(&["--controls", "controls", "a"]);
    assert_eq!((&*found[0][0], &*found[0][2]), ("ours.shop-token", "fail"));
    folder.write("controls/ours.md", &page.replace("[shop_]", "[s]").replace("16}", "16"));
    let tested = folder.run(&["control", "test", "controls"]);
    let said = String::from_utf8_lossy(&[tested.stdout, tested.stderr].concat()).into_owned();
    assert!(said.contains("`s` is no keyword") && said.contains("no regular expression"), "{said}");
    folder.write("controls/ours.md", &page.replace("]{16}", "]{16,100000}"));
    // The place is that of the expression in the page.
    let line = page.lines().position(|line| line.starts_with("pattern: ")).unwrap() + 1;
    let place = format!("ours.md:{line}:{}", "pattern: ".len() + 1);
    let scanned = folder.run(&["scan", "--controls", "controls", "a"]);
    let said = String::from_utf8_lossy(&[scanned.stdout, scanned.stderr].concat()).into_owned();
    assert!(said.contains("more than 1048576 bytes") && said.contains(&place), "{said}");
}

/// In programs the name `password` is given to much that is none, so only what has a form of its own counts there.
#[test]
fn programs_are_looked_through_for_tokens_with_a_form_and_not_for_names() {
    let handler = format!("KEY = \"{}\"\npassword = \"{}\"\n", stripe(), password());
    let folder = Folder::new("programs", &[("lambda/handler.py", handler), ("lambda/site.min.js", stripe())]);
    let found = folder.secrets(&["."]);
    let places: Vec<_> = found.iter().map(|[control, _, _, file, line]| format!("{control} {file}:{line}")).collect();
    assert_eq!(places, ["secrets.stripe-key lambda/handler.py:1"]);
}

/// A picture in base64 holds any form by chance; the same token by itself is one, and one in the path of an address too.
#[test]
fn a_piece_of_longer_data_is_no_token() {
    let noise = "k3Vw9ZqLmT7xRb2YhN8sDf4GjC6pK1uE".repeat(8);
    let square = ["EA", "AA", &noise[..60]].concat();
    let folder = Folder::new(
        "data",
        &[
            ("logo.yaml", format!("logo: {noise}/{square}/{noise}\n")),
            ("token.yaml", format!("t: {square}\n")),
            ("hook.yaml", format!("hook: https://pay.invalid/v1/hooks/{}/x\n", stripe())),
        ],
    );
    let found = folder.secrets(&["."]);
    let mut places: Vec<_> = found.iter().map(|[control, _, _, file, _]| format!("{file} {control}")).collect();
    places.sort();
    assert_eq!(places, ["hook.yaml secrets.stripe-key", "token.yaml secrets.square-token"]);
}
