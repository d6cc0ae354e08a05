//! Where values came from, through modules, locals, defaults and files of values.

use mainstay_iac::terraform::{Options, Origin, OriginKind, trace};
use mainstay_iac::{SourceFile, Value};

fn files(files: &[(&str, &str)]) -> Vec<SourceFile> {
    let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() };
    files.iter().map(file).collect()
}

/// The chain of first steps: kind, name, module and line.
fn chain(mut origin: &Origin) -> Vec<(OriginKind, &str, &str, u32)> {
    let mut out = Vec::new();
    loop {
        out.push((origin.kind, origin.name.as_str(), origin.module.as_str(), origin.at.map_or(0, |at| at.line)));
        match origin.from.first() {
            Some(next) => origin = next,
            None => return out,
        }
    }
}

#[test]
fn a_value_is_followed_through_calls_locals_and_files_of_values() {
    let files = files(&[
        (
            "main.tf",
            "variable \"kind\" {\n  default = \"private\"\n}\nmodule \"site\" {\n  source = \"./m\"\n  acl    = local.acl\n}\nlocals {\n  acl = \"public-${var.kind}\"\n}\n",
        ),
        ("terraform.tfvars", "\nkind = \"read\"\n"),
        ("m/main.tf", "variable \"acl\" {}\nresource \"aws_s3_bucket\" \"x\" {\n  acl = var.acl\n}\n"),
    ]);
    let found = trace(&files, &Options::default(), ".", "module.site.aws_s3_bucket.x", &["acl".to_owned()]);
    let expected = [
        (OriginKind::Attribute, "acl", "module.site", 3),
        (OriginKind::Argument, "var.acl", "", 6),
        (OriginKind::Local, "local.acl", "", 9),
        (OriginKind::Given, "var.kind", "", 2),
    ];
    assert_eq!(chain(&found[0]), expected);
    assert_eq!(found[0].value.value, Value::String("public-read".into()));
    assert_eq!(found[0].text.as_deref(), Some("var.acl"));
}

#[test]
fn a_condition_that_is_known_shows_its_branch_alone() {
    let files = files(&[(
        "main.tf",
        "variable \"public\" {\n  type    = bool\n  default = true\n}\nvariable \"a\" {\n  default = \"public-read\"\n}\nvariable \"b\" {\n  default = \"private\"\n}\nresource \"aws_s3_bucket\" \"x\" {\n  acl = var.public ? var.a : var.b\n}\n",
    )]);
    let found = trace(&files, &Options::default(), ".", "aws_s3_bucket.x", &["acl".to_owned()]);
    let names: Vec<_> = found[0].from.iter().map(|part| (part.kind, part.name.as_str())).collect();
    assert_eq!(names, [(OriginKind::Default, "var.public"), (OriginKind::Default, "var.a")]);
}

#[test]
fn blocks_outputs_repetition_and_what_nothing_sets_are_named() {
    let files = files(&[
        (
            "main.tf",
            "module \"net\" {\n  source = \"./net\"\n}\nvariable \"ports\" {\n  default = { ssh = 22 }\n}\nvariable \"open\" {\n  sensitive = true\n}\nresource \"aws_security_group\" \"x\" {\n  for_each = var.ports\n  ingress {\n    from_port   = each.value\n    cidr_blocks = [module.net.range, var.open]\n  }\n}\n",
        ),
        ("net/main.tf", "output \"range\" {\n  value = \"0.0.0.0/0\"\n}\n"),
    ]);
    let paths = ["ingress[0].cidr_blocks[0]".to_owned(), "ingress.from_port".to_owned()];
    let found = trace(&files, &Options::default(), ".", "aws_security_group.x[\"ssh\"]", &paths);
    let parts: Vec<_> = found[0].from.iter().map(|part| (part.kind, part.name.as_str())).collect();
    assert_eq!(parts, [(OriginKind::Output, "module.net.range"), (OriginKind::Unset, "var.open")]);
    assert!(found[0].sensitive && found[0].from[1].sensitive && !found[0].from[0].sensitive);
    let expected = [
        (OriginKind::Attribute, "ingress.from_port", "", 13),
        (OriginKind::Repeated, "each.value", "", 13),
        (OriginKind::Default, "var.ports", "", 5),
    ];
    assert_eq!(chain(&found[1]), expected);
}

#[test]
fn what_depends_on_itself_ends() {
    let files = files(&[(
        "main.tf",
        "locals {\n  a = local.b\n  b = local.a\n}\nresource \"aws_s3_bucket\" \"x\" {\n  acl = local.a\n}\n",
    )]);
    let found = trace(&files, &Options::default(), ".", "aws_s3_bucket.x", &["acl".to_owned()]);
    assert_eq!(chain(&found[0]).len(), 4, "acl, a, b, and a again without more");
    assert!(trace(&files, &Options::default(), ".", "aws_s3_bucket.y", &["acl".to_owned()]).is_empty());
}
