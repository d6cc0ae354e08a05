//! The scan of code beside another scanner (Checkov) on the same made-up trees, in processor seconds of one run each, and
//! its growth by itself. The trees are written here by rule: a small repository, many flat resources, nested modules.

use crate::shell::{Outcome, Scratch, capture, cargo, command, execute, target, write};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

/// The peer, pinned so that figures can be compared.
const PEER: &str = "checkov==3.3.30";

/// Seconds after which the peer is given up; the ratio is then at least what is printed.
const PEER_SECONDS_MAX: u64 = 900;

struct Tree {
    name: &'static str,
    write: fn(&Path) -> Outcome<()>,
    /// How many times less processor time ours is meant to take.
    goal: f64,
}

const TREES: [Tree; 3] = [
    Tree { name: "small repository, 50 files", write: small, goal: 50.0 },
    Tree { name: "4,000 flat resources", write: |folder| flat(folder, 4_000), goal: 100.0 },
    Tree { name: "nested modules, 1,000 resources", write: nested, goal: 500.0 },
];

/// What one run took.
struct Cost {
    processor_s: f64,
    memory_mb: f64,
}

/// Runs all; `Err` where ours fails, never because a goal is missed: those are printed.
pub fn run() -> Outcome<()> {
    let mut build = cargo();
    execute(build.args(["build", "--quiet", "--release", "-p", "mainstay"]))?;
    let ours = target().join("release/mainstay");
    let peer = peer();
    if let Err(why) = &peer {
        println!("the peer cannot be installed here, so that only ours is measured: {why}");
    }
    println!("{:34} {:>10} {:>9} {:>10} {:>8} {:>6}", "tree", "ours, s", "MB", "peer, s", "ratio", "goal");
    for tree in TREES {
        let scratch = Scratch::new("bench-iac")?;
        (tree.write)(scratch.path())?;
        let ours = cost(&[&ours.display().to_string(), "scan", "--quiet", "--format", "json"], scratch.path())?;
        let theirs = match &peer {
            Ok(peer) => cost(&[peer, "--quiet", "--compact", "-o", "json", "-d"], scratch.path()).ok(),
            Err(_) => None,
        };
        let ratio = theirs.as_ref().map(|theirs| theirs.processor_s / ours.processor_s.max(0.001));
        println!(
            "{:34} {:>10.3} {:>9.0} {:>10} {:>8} {:>6}",
            tree.name,
            ours.processor_s,
            ours.memory_mb,
            theirs.map_or_else(|| "-".to_owned(), |cost| format!("{:.1}", cost.processor_s)),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.0}x")),
            format!("{:.0}x", tree.goal)
        );
    }
    growth(&ours.display().to_string())
}

fn growth(ours: &str) -> Outcome<()> {
    println!("\n{:>10} {:>12} {:>9} {:>8}", "resources", "processor s", "MB", "growth");
    let mut before: Option<f64> = None;
    for count in [1_000, 10_000, 100_000] {
        let scratch = Scratch::new("bench-iac")?;
        flat(scratch.path(), count)?;
        let cost = cost(&[ours, "scan", "--quiet", "--format", "json"], scratch.path())?;
        let growth = before.map_or_else(String::new, |before| format!("{:.1}x", cost.processor_s / before));
        println!("{count:>10} {:>12.3} {:>9.0} {growth:>8}", cost.processor_s, cost.memory_mb);
        before = Some(cost.processor_s);
    }
    Ok(())
}

/// The peer's program, installed into a folder of its own.
fn peer() -> Outcome<String> {
    let folder = target().join("tools/checkov");
    let program = folder.join("bin/checkov");
    if !program.is_file() {
        let begun = Instant::now();
        execute(command("python3").args(["-m", "venv"]).arg(&folder))?;
        execute(command(folder.join("bin/pip")).args(["install", "--quiet", PEER]))?;
        println!("installed {PEER} in {:.0} s", begun.elapsed().as_secs_f64());
    }
    Ok(program.display().to_string())
}

/// Processor seconds (user) and the largest resident memory of a command on a folder. A scan that finds something ends with
/// another status than 0, which is no failure here.
fn cost(words: &[&str], folder: &Path) -> Outcome<Cost> {
    let script = "import resource,subprocess,sys\n\
        subprocess.run(sys.argv[2:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL,timeout=float(sys.argv[1]))\n\
        u=resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(u.ru_utime,u.ru_maxrss/1024)";
    let mut run = command("python3");
    run.args(["-c", script, &PEER_SECONDS_MAX.to_string()]).args(words).arg(folder);
    let text = capture(&mut run)?;
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(processor_s), Some(memory_mb)) => Ok(Cost { processor_s, memory_mb }),
        _ => Err(format!("measure {}: {text}", words[0])),
    }
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

fn small(folder: &Path) -> Outcome<()> {
    write(&folder.join("variables.tf"), HEAD)?;
    (0..49).try_for_each(|file| write(&folder.join(format!("part{file}.tf")), &resources(file * 5..file * 5 + 5)))
}

fn flat(folder: &Path, count: usize) -> Outcome<()> {
    write(&folder.join("variables.tf"), HEAD)?;
    let files = count / 100;
    (0..files)
        .try_for_each(|file| write(&folder.join(format!("part{file}.tf")), &resources(file * 100..file * 100 + 100)))
}

/// Ten areas of ten services, each through two levels of modules, of ten resources each.
fn nested(folder: &Path) -> Outcome<()> {
    let call = |name: String, source: &str| {
        format!("module \"{name}\" {{\n  source = \"{source}\"\n  prefix = \"${{var.prefix}}-{name}\"\n}}\n")
    };
    let areas: String = (0..10).map(|n| call(format!("area{n}"), "./modules/area")).collect();
    write(&folder.join("main.tf"), &format!("{HEAD}{areas}"))?;
    let services: String = (0..10).map(|n| call(format!("service{n}"), "../service")).collect();
    write(&folder.join("modules/area/main.tf"), &format!("{HEAD}{services}"))?;
    write(&folder.join("modules/service/main.tf"), &format!("{HEAD}{}", resources(0..10)))
}
