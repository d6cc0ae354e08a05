//! The trees that the scan is measured on: written by rule, or copied from `tests/bench`.

use crate::shell::{Outcome, files, read, root, write};
use std::fmt::Write as _;
use std::path::Path;

/// Where the files of the registry lie.
const REGISTRY: &str = "tests/bench/registry";

/// Infrastructure as teams keep it: environments that call a stack, which calls services, which call modules of a registry,
/// three to five levels deep; the same modules many times over, by maps of objects, wired by their outputs.
pub fn registry(folder: &Path) -> Outcome<()> {
    let from = root().join(REGISTRY);
    let all = files(&from);
    if all.is_empty() {
        return Err(format!("find files below {}", from.display()));
    }
    all.iter().try_for_each(|path| {
        let below = path.strip_prefix(&from).map_err(|e| format!("copy {}: {e}", path.display()))?;
        write(&folder.join(below), &read(path)?)
    })
}

/// Resources of a few common types with what real ones have: variables, tags, nested blocks, references.
fn resource(number: usize) -> String {
    let name = format!("r{number}");
    match number % 5 {
        0 => format!(
            "resource \"aws_s3_bucket\" \"{name}\" {{\n  bucket = \"${{var.prefix}}-{number}\"\n  tags   = local.tags\n}}\n"
        ),
        1 => format!(
            "resource \"aws_s3_bucket_versioning\" \"{name}\" {{\n  bucket = aws_s3_bucket.r{}.id\n  versioning_configuration {{\n    status = \"Enabled\"\n  }}\n}}\n",
            number - 1
        ),
        2 => format!(
            "resource \"aws_security_group\" \"{name}\" {{\n  name = \"{name}\"\n  ingress {{\n    from_port   = 443\n    to_port     = 443\n    protocol    = \"tcp\"\n    cidr_blocks = [\"10.0.0.0/8\"]\n  }}\n}}\n"
        ),
        3 => format!(
            "resource \"aws_instance\" \"{name}\" {{\n  ami                    = \"ami-1\"\n  instance_type          = \"t3.small\"\n  vpc_security_group_ids = [aws_security_group.r{}.id]\n  tags                   = merge(local.tags, {{ n = \"{number}\" }})\n}}\n",
            number - 1
        ),
        _ => format!(
            "resource \"aws_iam_role\" \"{name}\" {{\n  name               = \"{name}\"\n  assume_role_policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Action = \"sts:AssumeRole\", Principal = {{ Service = \"ec2.amazonaws.com\" }} }}] }})\n}}\n"
        ),
    }
}

const HEAD: &str =
    "variable \"prefix\" {\n  default = \"acme\"\n}\nlocals {\n  tags = { team = \"shop\", env = var.prefix }\n}\n";

fn resources(range: std::ops::Range<usize>) -> String {
    range.fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{}", resource(number));
        text
    })
}

/// Many small files in one folder.
pub fn small(folder: &Path) -> Outcome<()> {
    write(&folder.join("variables.tf"), HEAD)?;
    (0..49).try_for_each(|file| write(&folder.join(format!("part{file}.tf")), &resources(file * 5..file * 5 + 5)))
}

/// Files of a hundred resources each.
pub fn flat(folder: &Path, count: usize) -> Outcome<()> {
    write(&folder.join("variables.tf"), HEAD)?;
    let files = count / 100;
    (0..files)
        .try_for_each(|file| write(&folder.join(format!("part{file}.tf")), &resources(file * 100..file * 100 + 100)))
}

/// Ten areas of ten services, each through two levels of modules, of ten resources each; nothing but a prefix is handed
/// down.
pub fn chain(folder: &Path) -> Outcome<()> {
    let call = |name: String, source: &str| {
        format!("module \"{name}\" {{\n  source = \"{source}\"\n  prefix = \"${{var.prefix}}-{name}\"\n}}\n")
    };
    let areas: String = (0..10).map(|n| call(format!("area{n}"), "./modules/area")).collect();
    write(&folder.join("main.tf"), &format!("{HEAD}{areas}"))?;
    let services: String = (0..10).map(|n| call(format!("service{n}"), "../service")).collect();
    write(&folder.join("modules/area/main.tf"), &format!("{HEAD}{services}"))?;
    write(&folder.join("modules/service/main.tf"), &format!("{HEAD}{}", resources(0..10)))
}
