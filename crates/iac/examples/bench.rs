//! How fast Terraform is read: flat resources and nested modules at growing size.
//!
//! `cargo run --release -p mainstay-iac --example bench`
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench measures time and prints")]

use mainstay_iac::terraform::{Options, read_terraform};
use mainstay_iac::{Origin, SourceFile, hcl};
use std::time::Instant;

fn flat(resources: usize) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for file in 0..resources.div_ceil(100) {
        let mut text = String::from("variable \"env\" { default = \"prod\" }\n").replace("env", &format!("env{file}"));
        for nth in 0..100.min(resources - file * 100) {
            text.push_str(&format!(
                "resource \"aws_s3_bucket\" \"b{file}_{nth}\" {{\n  bucket = \"logs-${{var.env{file}}}-{nth}\"\n  acl    = \"private\"\n\n  versioning {{\n    enabled = true\n  }}\n\n  \
                 server_side_encryption_configuration {{\n    rule {{\n      apply_server_side_encryption_by_default {{\n        sse_algorithm = \"aws:kms\"\n      }}\n    }}\n  }}\n\n  \
                 tags = {{\n    Name = \"logs\"\n    Env  = upper(var.env{file})\n    Team = \"platform\"\n  }}\n}}\n\n"
            ));
        }
        files.push(SourceFile { path: format!("f{file}.tf"), bytes: text.into_bytes() });
    }
    files
}

/// Calls of a module that calls a module that holds ten resources.
fn nested(calls: usize) -> Vec<SourceFile> {
    let mut root = String::new();
    for nth in 0..calls {
        root.push_str(&format!(
            "module \"app{nth}\" {{\n  source = \"./app\"\n  name   = \"app-{nth}\"\n  tags   = {{ nth = {nth} }}\n}}\n"
        ));
    }
    let app = "variable \"name\" { type = string }\nvariable \"tags\" { type = map(string) }\nlocals {\n  tags = merge(var.tags, { app = var.name })\n}\n\
               module \"store\" {\n  source   = \"../store\"\n  name     = \"${var.name}-store\"\n  tags     = local.tags\n  names    = [for i in range(10) : format(\"%s-%02d\", var.name, i)]\n}\n";
    let store = "variable \"name\" {}\nvariable \"tags\" {}\nvariable \"names\" { type = list(string) }\nresource \"aws_s3_bucket\" \"this\" {\n  for_each = toset(var.names)\n  bucket   = each.value\n  tags     = merge(var.tags, { Name = each.key })\n}\n\
                 resource \"aws_s3_bucket_public_access_block\" \"this\" {\n  for_each = aws_s3_bucket.this\n  bucket   = each.value.id\n}\n";
    [("main.tf", root.as_str()), ("app/main.tf", app), ("store/main.tf", store)]
        .into_iter()
        .map(|(path, text)| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() })
        .collect()
}

fn main() {
    let files = flat(20_000);
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    let start = Instant::now();
    let items: usize = files
        .iter()
        .map(|file| hcl::parse(std::str::from_utf8(&file.bytes).unwrap_or_default(), Origin::of("")).body.items.len())
        .sum();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "parse alone: {items} blocks, {:.1} MB in {seconds:.3} s, {:.0} MB/s",
        bytes as f64 / 1e6,
        bytes as f64 / 1e6 / seconds
    );
    for (name, make) in [("flat", flat as fn(usize) -> Vec<SourceFile>), ("nested", |n| nested(n.div_ceil(20)))] {
        let mut first = None;
        for resources in [1_000, 10_000, 100_000] {
            let files = make(resources);
            let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
            let start = Instant::now();
            let reading = read_terraform(&files, &Options::default());
            let seconds = start.elapsed().as_secs_f64();
            let each = seconds / reading.resources.len().max(1) as f64;
            let ratio = each / *first.get_or_insert(each);
            println!(
                "{name}: {} resources, {:.1} MB in {seconds:.3} s, {:.1} us each ({ratio:.2} of the smallest), {} diagnostics",
                reading.resources.len(),
                bytes as f64 / 1e6,
                each * 1e6,
                reading.diagnostics.len()
            );
        }
    }
}
