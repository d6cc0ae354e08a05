//! Nothing panics and nothing hangs, whatever is handed in.

mod common;

use mainstay_iac::terraform::Options;
use mainstay_iac::{Block, Dialect, SourceFile, read};

const MODULE: &str = r#"
variable "name" {
  type    = map(object({ port = optional(number, 80), "ü" = string }))
  default = { a = { "ü" = "x\u00e9${1 + 2}" } }
}
locals {
  heredoc = <<-EOT
    %{ for k, v in var.name ~}
    ${k}: ${v.port == null ? "none" : format("%05d", v.port)}
    %{ endfor ~}
  EOT
  list = [for i, x in flatten([[1, 2], [3]]) : x * -i if x != 2 && !false]
}
resource "aws_thing" "this" {
  for_each = toset(["a", "b"])
  name     = "${each.key}-${join(",", local.list[*])}" /* comment */
  dynamic "rule" {
    for_each = try(var.name[each.key].rules, [{ port = 1 }])
    content { port = rule.value["port"] }
  }
  other = aws_other.x.*.id[0]
}
module "m" {
  source = "./m"
  value  = jsonencode({ a = cidrsubnet("10.0.0.0/8", 8, 1), (local.heredoc) = regex("(?P<a>.)", "b") })
}
"#;
const CHILD: &str = "variable \"value\" {}\nresource \"aws_other\" \"x\" {\n  count = 2\n  v = var.value\n}\n";

fn scan(text: &[u8]) -> usize {
    let files = [
        SourceFile { path: "main.tf".to_owned(), bytes: text.to_vec() },
        SourceFile { path: "m/main.tf".to_owned(), bytes: CHILD.as_bytes().to_vec() },
    ];
    read(&files, &Options::default()).resources.len()
}

#[test]
fn cut_module_never_panics_and_the_other_file_counts() {
    for cut in (0..MODULE.len()).step_by(3) {
        assert!(scan(&MODULE.as_bytes()[..cut]) >= 2);
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..600 {
        let mut bytes = MODULE.as_bytes().to_vec();
        for _ in 0..3 {
            // xorshift with a fixed seed.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let place = usize::try_from(seed % bytes.len() as u64).unwrap();
            let bad = b"\"${}[]()%~<>=!&|.,:;*\n\\\0\xffaA0-";
            bytes[place] = bad[usize::try_from((seed >> 32) % bad.len() as u64).unwrap()];
        }
        scan(&bytes);
    }
}

#[test]
fn deep_nesting_of_everything_is_refused_without_overflow() {
    let many = 100_000;
    let texts = [
        format!("a = {}", "[".repeat(many)),
        format!("a = {}", "(".repeat(many)),
        format!("a = {}", "{a=".repeat(many)),
        format!("a = {}1", "!".repeat(many)),
        format!("a = {}1", "-".repeat(many)),
        format!("a = {}", "\"${".repeat(many)),
        format!("a = {}1", "true ? 1 : ".repeat(many)),
        format!("a = {}", "f(".repeat(many)),
        format!("a = {}", "[for x in ".repeat(many)),
        "a {\n".repeat(many),
        format!("locals {{\n a = 1{}\n}}\n", " + 1".repeat(many)),
        format!("locals {{\n a = b{}\n}}\n", ".c".repeat(many)),
        format!("locals {{\n a = b{}\n}}\n", "[0]".repeat(many)),
        format!("locals {{\n a = b{}\n}}\n", "[*]".repeat(many)),
        format!("a = \"{}\"", "%{ if true }".repeat(many)),
        format!("a = <<{}\n", "A".repeat(many)),
        "/*".repeat(many),
    ];
    for text in texts {
        scan(text.as_bytes());
    }
}

#[test]
fn long_chain_of_references_ends_in_a_value_or_a_message() {
    let mut text = String::from("locals {\n  a0 = 1\n");
    for nth in 1..20_000 {
        text.push_str(&format!("  a{nth} = local.a{} + 1\n", nth - 1));
    }
    text.push_str("}\nresource \"x\" \"far\" { v = local.a19999 }\nresource \"x\" \"near\" { v = local.a500 }\n");
    let reading = read(&[SourceFile { path: "main.tf".to_owned(), bytes: text.into_bytes() }], &Options::default());
    assert_eq!(reading.resources.len(), 2);
}

#[test]
fn all_real_fixtures_are_read() {
    let Some(folder) = common::shared("iac-fixtures") else { return };
    let files = common::files_below(&folder, &|_| true);
    let reading = read(&files, &Options::default());
    // Counted apart: lines that begin a resource block. A block may be missing where its count is 0 or its file is broken.
    let is_block = |line: &&str| line.starts_with("resource \"");
    let texts = files.iter().filter(|file| file.path.ends_with(".tf")).map(|file| String::from_utf8_lossy(&file.bytes));
    let written: usize = texts.map(|text| text.lines().filter(is_block).count()).sum();
    let seen: std::collections::BTreeSet<_> = reading
        .resources
        .iter()
        .filter(|r| r.block == Block::Resource && r.dialect == Dialect::Terraform)
        .map(|r| (r.at.file, r.at.line))
        .collect();
    println!("{} of {written} resource blocks", seen.len());
    assert!(seen.len() * 100 >= written * 98, "{} of {written}", seen.len());
    let mut codes = std::collections::BTreeMap::<&str, usize>::new();
    for diagnostic in &reading.diagnostics {
        *codes.entry(&diagnostic.code).or_default() += 1;
    }
    println!("{} resources; diagnostics {codes:?}", reading.resources.len());
    for diagnostic in reading.diagnostics.iter().filter(|d| d.code == "hcl.syntax" || d.code == "terraform.expression")
    {
        println!("{diagnostic}");
    }
}
