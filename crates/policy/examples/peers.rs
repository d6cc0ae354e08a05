//! Compares our verdicts with those that another scanner's own test suite expects, family by family.
//!
//! `cargo xtask peers iac` runs it. Arguments: `EXPECTED FIXTURES CONTROLS PURPOSE FLOOR [--only PREFIX] [--summary]
//! [--write-floor]`.
//!
//! `EXPECTED` is a JSON list of `{check_id, framework, provider, dir, passing, failing}`; `dir` lies below `FIXTURES`. An
//! expected verdict that is missing counts as a difference, whatever the cause. `PURPOSE` is a Markdown page with tables
//! `| check | resource | theirs | ours | argument |` of what differs on purpose. `FLOOR` holds a line `family percent` for
//! each family that must not get worse; the exit code is 1 where one did.

#![expect(clippy::disallowed_methods, reason = "a harness at the edge reads the folders that it is given")]
#![expect(clippy::print_stdout, reason = "its result goes to standard output")]

use mainstay_iac::SourceFile;
use mainstay_policy::{ControlFile, Engine, Judgement};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

/// Checks whose fixtures HashiCorp's own parser refuses (see the README of the real inputs).
const REFUSED: [&str; 5] = ["CKV_AWS_1", "CKV_AWS_21", "CKV_AWS_49", "CKV_ALI_20", "CKV_OCI_19"];

/// What one check of the peer says of the files of one folder.
#[derive(Deserialize)]
struct Expected {
    check_id: String,
    framework: String,
    provider: Option<String>,
    dir: Option<String>,
    passing: Vec<String>,
    failing: Vec<String>,
}

impl Expected {
    fn family(&self) -> String {
        match &self.provider {
            Some(provider) => format!("{}/{provider}", self.framework),
            None => self.framework.clone(),
        }
    }

    fn wanted(&self) -> impl Iterator<Item = (&String, &'static str)> {
        let passing = self.passing.iter().map(|resource| (resource, "pass"));
        passing.chain(self.failing.iter().map(|resource| (resource, "fail")))
    }
}

/// What is counted for one family.
#[derive(Default)]
struct Family {
    expected: u32,
    agreed: u32,
    on_purpose: u32,
    without_control: u32,
}

impl Family {
    fn percent(&self) -> f64 {
        100.0 * f64::from(self.agreed) / f64::from(self.expected.max(1))
    }
}

struct Difference {
    family: String,
    check: String,
    folder: String,
    resource: String,
    wanted: &'static str,
    found: String,
    reason: String,
}

/// By name.
type Families = BTreeMap<String, Family>;

/// The arguments of what differs on purpose, by check and resource; `*` as the resource stands for all.
type Purpose = HashMap<(String, String), String>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [expected, fixtures, controls, purpose, floor, rest @ ..] = arguments.as_slice() else {
        return Err(
            "usage: peers EXPECTED FIXTURES CONTROLS PURPOSE FLOOR [--only PREFIX] [--summary] [--write-floor]".into(),
        );
    };
    let only = rest.iter().position(|word| word == "--only").and_then(|at| rest.get(at + 1));
    let mut entries: Vec<Expected> = serde_json::from_slice(&fs::read(expected)?)?;
    entries.retain(|entry| {
        let name = format!("{}/{}", entry.family(), entry.check_id);
        entry.dir.is_some()
            && !REFUSED.contains(&entry.check_id.as_str())
            && only.is_none_or(|only| name.starts_with(only))
    });
    let engine = load(Path::new(controls))?;
    let purpose = purpose_of(&fs::read_to_string(purpose).unwrap_or_default());
    let (families, differences) = compare(&entries, Path::new(fixtures), &engine, &purpose)?;
    if !rest.iter().any(|word| word == "--summary") {
        list(&differences);
    }
    table(&families);
    if rest.iter().any(|word| word == "--write-floor") {
        fs::write(floor, floor_text(&families))?;
        return Ok(ExitCode::SUCCESS);
    }
    let below = below_floor(&families, &fs::read_to_string(floor).unwrap_or_default(), only.is_some());
    below.iter().for_each(|line| println!("{line}"));
    Ok(if below.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn compare(
    entries: &[Expected],
    fixtures: &Path,
    engine: &Engine,
    purpose: &Purpose,
) -> io::Result<(Families, Vec<Difference>)> {
    let mut by_folder: BTreeMap<&str, Vec<&Expected>> = BTreeMap::new();
    for entry in entries {
        by_folder.entry(entry.dir.as_deref().unwrap_or_default()).or_default().push(entry);
    }
    let (mut families, mut differences) = (Families::new(), Vec::new());
    for (folder, entries) in by_folder {
        let path = fixtures.join(folder.strip_prefix("tests/").unwrap_or(folder));
        if !path.exists() {
            continue;
        }
        let judgements = scan(&path, engine)?;
        for entry in entries {
            let family = families.entry(entry.family()).or_default();
            differences.append(&mut compare_one(entry, folder, &judgements, engine, purpose, family));
        }
    }
    differences.sort_by(|a, b| (&a.family, &a.check, &a.resource).cmp(&(&b.family, &b.check, &b.resource)));
    Ok((families, differences))
}

fn compare_one(
    entry: &Expected,
    folder: &str,
    judgements: &[Judgement],
    engine: &Engine,
    purpose: &Purpose,
    family: &mut Family,
) -> Vec<Difference> {
    let ours: Vec<&Judgement> = judgements
        .iter()
        .filter(|one| *one.control == *entry.check_id || one.aliases.contains(&entry.check_id))
        .collect();
    let mut found: HashMap<String, BTreeSet<&str>> = HashMap::new();
    for one in &ours {
        for name in names(one) {
            found.entry(name).or_default().insert(one.verdict.as_str());
        }
    }
    // A folder may hold one name twice, once passing and once failing.
    let mut wanted: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for (resource, verdict) in entry.wanted() {
        wanted.entry(resource).or_default().insert(verdict);
    }
    let has_control = engine.control(&entry.check_id).is_some();
    let nothing = BTreeSet::new();
    let mut out = Vec::new();
    for (resource, verdict) in entry.wanted() {
        family.expected += 1;
        let have = found.get(resource).or_else(|| found.get(without_index(resource))).unwrap_or(&nothing);
        if have.contains(verdict) && have.is_subset(&wanted[resource.as_str()]) {
            family.agreed += 1;
            continue;
        }
        family.without_control += u32::from(!has_control);
        let argument =
            [resource.as_str(), "*"].iter().find_map(|name| purpose.get(&(entry.check_id.clone(), (*name).to_owned())));
        family.on_purpose += u32::from(argument.is_some());
        let reason = match argument {
            Some(argument) => format!("on purpose: {argument}"),
            None if !has_control => "no control has this id".to_owned(),
            None => ours
                .iter()
                .find(|one| names(one).iter().any(|name| name == resource))
                .map_or_else(|| "no verdict on this resource".to_owned(), |one| one.why.replace('\n', " ")),
        };
        out.push(Difference {
            family: entry.family(),
            check: entry.check_id.clone(),
            folder: folder.to_owned(),
            resource: resource.clone(),
            wanted: verdict,
            found: if have.is_empty() { "nothing".to_owned() } else { Vec::from_iter(have.iter().copied()).join(", ") },
            reason,
        });
    }
    out
}

/// The spellings by which the peer may name the resource.
fn names(one: &Judgement) -> Vec<String> {
    let kind = one.kind.as_deref().unwrap_or(&one.resource_type);
    let namespace = one.namespace.as_deref().unwrap_or("default");
    vec![
        one.resource.to_string(),
        format!("{kind}.{}", one.name),
        format!("{kind}.{namespace}.{}", one.name),
        format!("{}.{}", one.resource_type, one.name),
        one.name.to_string(),
    ]
}

fn without_index(resource: &str) -> &str {
    match resource.rfind('[') {
        Some(at) if resource.ends_with(']') => &resource[..at],
        _ => resource,
    }
}

fn scan(path: &Path, engine: &Engine) -> io::Result<Vec<Judgement>> {
    let folder = path.is_dir().then(|| path.to_string_lossy().replace('\\', "/"));
    let options = mainstay_iac::terraform::Options { folder, ..Default::default() };
    let mut paths = Vec::new();
    gather(path, &mut paths)?;
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        files.push(SourceFile { path: path.to_string_lossy().replace('\\', "/"), bytes: fs::read(&path)? });
    }
    Ok(engine.judge(&mainstay_iac::read(&files, &options)))
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        gather(&entry?.path(), files)?;
    }
    Ok(())
}

/// Controls come from their folder and not from the binary, so that one may be changed without a build.
fn load(folder: &Path) -> Result<Engine, Box<dyn Error>> {
    let mut paths = Vec::new();
    gather(folder, &mut paths)?;
    paths.sort();
    let mut controls = Vec::with_capacity(paths.len());
    for path in paths {
        controls.push(ControlFile { text: fs::read_to_string(&path)?, path: path.to_string_lossy().into_owned() });
    }
    let (engine, wrong) = Engine::load(&controls);
    for one in &wrong {
        println!("{}:{}: {}", one.place.file, one.place.line, one.summary);
    }
    Ok(engine)
}

fn purpose_of(page: &str) -> Purpose {
    let mut out = Purpose::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect();
        if let [check, resource, _theirs, _ours, argument] = cells.as_slice()
            && check.starts_with("CKV")
        {
            out.insert(((*check).to_owned(), (*resource).to_owned()), (*argument).to_owned());
        }
    }
    out
}

fn list(differences: &[Difference]) {
    for one in differences {
        let Difference { family, check, folder, resource, wanted, found, reason } = one;
        println!("{family} {check} {resource}: theirs {wanted}, ours {found}\n    {folder}\n    {reason}");
    }
}

fn table(families: &Families) {
    println!(
        "\n{:<26} {:>9} {:>9} {:>9} {:>11} {:>11}",
        "family", "expected", "agreed", "%", "on purpose", "no control"
    );
    let mut all = Family::default();
    for (name, family) in families {
        row(name, family);
        all.expected += family.expected;
        all.agreed += family.agreed;
        all.on_purpose += family.on_purpose;
        all.without_control += family.without_control;
    }
    row("all", &all);
}

fn row(name: &str, family: &Family) {
    println!(
        "{name:<26} {:>9} {:>9} {:>9.2} {:>11} {:>11}",
        family.expected,
        family.agreed,
        family.percent(),
        family.on_purpose,
        family.without_control
    );
}

fn floor_text(families: &Families) -> String {
    let mut out = String::new();
    for (name, family) in families {
        // Rounded down, so that what was reached is never below it.
        let _ = writeln!(out, "{name} {:.2}", (family.percent() * 100.0).floor() / 100.0);
    }
    out
}

/// Where agreement is below the floor. A family of the floor that was not compared is below it, unless only some were asked for.
fn below_floor(families: &Families, floor: &str, partial: bool) -> Vec<String> {
    let mut out = Vec::new();
    for line in floor.lines() {
        let Some((name, least)) = line.rsplit_once(' ') else { continue };
        let Ok(least) = least.parse::<f64>() else {
            out.push(format!("the floor's line `{line}` is no `family percent`"));
            continue;
        };
        match families.get(name) {
            // The floor has two decimals.
            Some(family) if family.percent() + 0.005 < least => {
                out.push(format!("{name}: {:.2} % is below the floor of {least:.2} %", family.percent()));
            }
            None if !partial => out.push(format!("{name}: nothing was compared, and the floor is {least:.2} %")),
            _ => {}
        }
    }
    out
}
