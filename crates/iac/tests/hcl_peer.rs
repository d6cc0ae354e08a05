//! Our parser beside HashiCorp's: `@cdktf/hcl2json` runs the original as WebAssembly and prints the tree as JSON.
//!
//! Set `MAINSTAY_TEST_NODE_MODULES` to a `node_modules` folder that holds the package; without it the test is skipped.

mod common;

use mainstay_iac::hcl::{self, Body, Expr, Item, Key, Kind, Part, Unary};
use mainstay_iac::{Origin, SourceFile};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// Reads `[path, text]` lines and answers each with `{"ok": tree}` or `{"error": text}`.
const RUNNER: &str = r#"
const { parse } = require(process.argv[1] + "/@cdktf/hcl2json");
const lines = require("fs").readFileSync(0, "utf8").split("\n").filter((line) => line);
(async () => {
  const out = [];
  for (const line of lines) {
    const [path, text] = JSON.parse(line);
    try { out.push({ ok: await parse(path, text) }); } catch (error) { out.push({ error: String(error.message) }); }
  }
  process.stdout.write(out.map((one) => JSON.stringify(one)).join("\n"), () => process.exit(0));
})();
"#;

/// Own texts on which parsers like to differ.
const TEXTS: &[&str] = &[
    "",
    "\u{feff}a = 1\n",
    "a = 1",
    "a = 1 b = 2\n",
    "a {}\n",
    "a { b = 1 }\n",
    "a { b = 1\n}\n",
    "a {\n b = 1 }\n",
    "a { b {} }\n",
    "a\n{\n}\n",
    "a \"b\" c {\n}\n",
    "a \"${b}\" {\n}\n",
    "\"a\" = 1\n",
    "a = 1\na = 2\n",
    "a = [1, 2,]\n",
    "a = [1,, 2]\n",
    "a = [\n1,\n2\n]\n",
    "a = {b = 1, c = 2}\n",
    "a = {b = 1 c = 2}\n",
    "a = {\n b = 1\n c : 2,\n}\n",
    "a = {(b) = 1, \"c d\" = 2, 3 = 4}\n",
    "a = {b.c = 1}\n",
    "a = { b = 1,\n\n\n c = 2 }\n",
    "a = <<EOT\nx\nEOT\n",
    "a = <<EOT\nx\nEOT",
    "a = <<-EOT\n    x\n      y\n  EOT\n",
    "a = <<EOT\n${b}\n$${c}\n\\n\nEOT\n",
    "a = <<EOT \nx\nEOT\n",
    "a = <<EOT\nx\n",
    "a = <<-EOT\n  a\n\n    b\n  ${c} d\n  EOT\nb = 1\n",
    "a = [<<A\nx\nA\n, 2]\n",
    "a = f(<<A\nx\nA\n)\n",
    "a = \"x\ny\"\n",
    "a = \"\\q\"\n",
    "a = \"\\u12\"\n",
    "a = \"\\u00e9\\U0001F600\"\n",
    "a = \"${\n b\n}\"\n",
    "a = \"${b\"\n",
    "a = \"$\"\n",
    "a = \"%\"\n",
    "a = \"$$\"\n",
    "a = \"$${\"\n",
    "a = \"%{ if b }c%{ endif }\"\n",
    "a = \"%{ if b }c%{ else }d%{ endif }\"\n",
    "a = \"%{ for b in c }d%{ endfor }\"\n",
    "a = \"%{ if b }c\"\n",
    "a = \"%{ endif }\"\n",
    "a = \"%{ foo }\"\n",
    "a = b ? c : d\n",
    "a = b ?\n c : d\n",
    "a = (b ?\n c : d)\n",
    "a = b ? c\n",
    "a = b + c * d - e\n",
    "a = b +\n c\n",
    "a = (b +\n c)\n",
    "a = !b && !c || d\n",
    "a = -b.c\n",
    "a = - 5\n",
    "a = --5\n",
    "a = b == c != d\n",
    "a = b = c\n",
    "a = b & c\n",
    "a = b | c\n",
    "a = b ~ c\n",
    "a = 'b'\n",
    "a = b;\n",
    "a = `b`\n",
    "a = b.0.c\n",
    "a = b.0.1\n",
    "a = b.*.c\n",
    "a = b[*].c[0]\n",
    "a = b[\"c\"].d\n",
    "a = b[c.d]\n",
    "a = b .c\n",
    "a = b.\n",
    "a = b[\n",
    "a = b[0\n]\n",
    "a = b.c.*.d[0].e\n",
    "a = 10.11.10.12/32\n",
    "a = b(c, d)\n",
    "a = b(c, d,)\n",
    "a = b(c...)\n",
    "a = b(c..., d)\n",
    "a = b(\n c,\n d\n)\n",
    "a = b (c)\n",
    "a = b::c::d(e)\n",
    "a = b()\n",
    "a = b(,)\n",
    "a = [for b in c : d]\n",
    "a = [for b, c in d : e if f]\n",
    "a = {for b in c : d => e}\n",
    "a = {for b in c : d => e...}\n",
    "a = {for b in c : d}\n",
    "a = [for b in c : d => e]\n",
    "a = [\nfor b in c :\nd\n]\n",
    "a = {\nfor b in c :\nd => e\n}\n",
    "a = [for b in c d]\n",
    "a = {for = 1}\n",
    "# c\na = 1 # d\n// e\n/* f */ b = 2 /* g */\n",
    "/* open\n",
    "a = /* c */ 1\n",
    "a /* c */ = 1\n",
    "a = 1 /* x\n y */\nb = 2\n",
    "a = [ # c\n 1, // d\n 2 /* e */\n]\n",
    "a = 1e3\nb = 1.5E-2\nc = 01\nd = 1.\n",
    "a = .5\n",
    "a = 0x1f\n",
    "a = 1_000\n",
    "a = 123456789012345678901234567890\n",
    "a = 1.10\n",
    "a-b = 1\n_c = 2\né = 3\n9d = 4\n",
    "a = b-c\n",
    "a = b - c\n",
    "a = b--c\n",
    "a = true\nb = null\nc = false\n",
    "a = true.b\n",
    "true = 1\n",
    "a = 1\r\nb {\r\n  c = 2\r\n}\r\n",
    "a = <<E\r\nx\r\nE\r\n",
    "a = 1\rb = 2\n",
    "\ta\t=\t1\n",
    "a\u{a0}= 1\n",
    "a = \"\u{0}\"\n",
    "}\n",
    "a {\n",
    "a {\n b = [\n}\n",
    "a = {\n",
    "a = (1\n",
    "a \"b\n",
    "= 1\n",
    "a =\n",
    "a\n",
    "a b\n",
    "a.b = 1\n",
    "a { b = 1, c = 2 }\n",
    "a {} b {}\n",
    "a = [1 2]\n",
    "a = \"b\" \"c\"\n",
    "a = \"b\"c\n",
    "a = \"${b}\"\n",
    "a = \"${b}${c}\"\n",
    "a = \"x${b}\"\n",
    "a = \"${~ b ~}\"\n",
    "a = \" ${~ b ~} \"\n",
    "a = \"${\"b\"}\"\n",
    "a = [\"${b}\", {c = \"${d}\"}]\n",
    "a = (b)\n",
    "a = ((1))\n",
    "a = (\"x\")\n",
];

#[test]
fn parser_accepts_rejects_and_reads_as_the_original_does() {
    let Some(modules) = node_modules() else { return };
    let mut files: Vec<SourceFile> = TEXTS
        .iter()
        .enumerate()
        .map(|(nth, text)| SourceFile { path: format!("own-{nth}.tf"), bytes: text.as_bytes().to_vec() })
        .collect();
    for folder in ["iac-fixtures", "terraform"] {
        if let Some(folder) = common::shared(folder) {
            files.extend(common::files_below(&folder, &|path| path.ends_with(".tf")));
        }
    }
    files.retain(|file| std::str::from_utf8(&file.bytes).is_ok());
    let theirs = answers(&modules, &files);
    assert_eq!(theirs.len(), files.len());
    let mut differences = Vec::new();
    for (file, theirs) in files.iter().zip(&theirs) {
        let text = std::str::from_utf8(&file.bytes).unwrap();
        let ours = hcl::parse(text, Origin::of(&file.path));
        let label = if file.path.starts_with("own-") { format!("{text:?}") } else { file.path.clone() };
        match (ours.diagnostics.first(), theirs.get("ok")) {
            (None, Some(tree)) => {
                let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                let ours = body(&ours.body, text);
                if !same(&ours, tree) && !tree.to_string().contains("%{") {
                    differences.push(format!("{label}\n  ours   {ours}\n  theirs {tree}"));
                }
            }
            (Some(_), None) => {}
            (Some(ours), Some(_)) => differences.push(format!("{label}\n  only we reject: {ours}")),
            (None, None) => differences.push(format!("{label}\n  only they reject: {}", theirs["error"])),
        }
    }
    assert!(differences.is_empty(), "{} of {} differ:\n{}", differences.len(), files.len(), differences.join("\n"));
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "the test is told where its peer is installed")]
fn node_modules() -> Option<String> {
    let modules = std::env::var("MAINSTAY_TEST_NODE_MODULES").ok();
    if modules.is_none() {
        println!("SKIPPED: MAINSTAY_TEST_NODE_MODULES names no folder with @cdktf/hcl2json");
    }
    modules
}

#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the peer is a process; the test stops when it fails"
)]
fn answers(modules: &str, files: &[SourceFile]) -> Vec<Value> {
    let mut node = Command::new("node")
        .args(["-e", RUNNER, modules])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    let mut input = String::new();
    for file in files {
        input.push_str(&json!([file.path, String::from_utf8_lossy(&file.bytes)]).to_string());
        input.push('\n');
    }
    let mut stdin = node.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Our tree in the form of the peer: blocks as lists under their labels, what is no literal as its source in `${}`.
fn body(body: &Body, text: &str) -> Value {
    let mut out = Map::new();
    for item in &body.items {
        match item {
            Item::Attribute(attribute) => {
                out.insert(attribute.name.to_string(), expr(&attribute.value, text));
            }
            Item::Block(block) => {
                let (mut place, mut key) = (&mut out, block.kind.to_string());
                for label in &block.labels {
                    let inner = place.entry(key).or_insert_with(|| json!({}));
                    let Some(inner) = inner.as_object_mut() else { return Value::Null };
                    place = inner;
                    key = label.to_string();
                }
                let content = self::body(&block.body, text);
                // An argument of the same name: the peer refuses such a file.
                if let Some(list) = place.entry(key).or_insert_with(|| json!([])).as_array_mut() {
                    list.push(content);
                }
            }
        }
    }
    Value::Object(out)
}

fn expr(expr: &Expr, text: &str) -> Value {
    match &expr.kind {
        Kind::Null => Value::Null,
        Kind::Bool(flag) => json!(flag),
        Kind::Number(_) | Kind::HugeNumber => {
            serde_json::from_str(&text[expr.start as usize..expr.end as usize]).unwrap_or(Value::Null)
        }
        Kind::String(string) => json!(escaped(string)),
        Kind::Unary(Unary::Negate, inner) if matches!(inner.kind, Kind::Number(_)) => {
            let number = &text[inner.start as usize..inner.end as usize];
            serde_json::from_str(&format!("-{number}")).unwrap_or(Value::Null)
        }
        Kind::Template(parts) => json!(parts.iter().map(|one| part(one, text)).collect::<String>()),
        Kind::Wrap(inner) => self::expr(inner, text),
        Kind::Tuple(items) => Value::Array(items.iter().map(|item| self::expr(item, text)).collect()),
        Kind::Object(items) => {
            let entries = items.iter().map(|(key, value)| {
                let key = match key {
                    Key::Name(name, _) => name.to_string(),
                    // A traversal as a key stands as it was written.
                    Key::Expr(key) if matches!(key.kind, Kind::Traverse(..)) => {
                        text[key.start as usize..key.end as usize].to_owned()
                    }
                    Key::Expr(key) => string_part(key, text),
                };
                (key, self::expr(value, text))
            });
            Value::Object(entries.collect())
        }
        _ => json!(format!("${{{}}}", &text[expr.start as usize..expr.end as usize])),
    }
}

fn part(part: &Part, text: &str) -> String {
    match part {
        // The peer prints escapes as they were written.
        Part::Text(literal) => escaped(literal),
        Part::Value(value) => string_part(value, text),
        Part::If(..) | Part::For { .. } => "%{".to_owned(),
    }
}

fn string_part(value: &Expr, text: &str) -> String {
    match &value.kind {
        Kind::String(string) => escaped(string),
        Kind::Template(parts) => parts.iter().map(|one| part(one, text)).collect(),
        Kind::Wrap(inner) => string_part(inner, text),
        Kind::Number(_) | Kind::Bool(_) => text[value.start as usize..value.end as usize].to_owned(),
        _ => format!("${{{}}}", &text[value.start as usize..value.end as usize]),
    }
}

fn escaped(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// Equal, with numbers as doubles.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
