//! Trivy's JSON, schema version 2, the Kubernetes form, and the list of results that came before version 2.

use crate::json::{self, NodeExt};
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot, SnapshotItem, subjects};
use jiff::Timestamp;
use mainstay_iac::{Node, Value};
use mainstay_model::facts::VulnerabilityFound;
use mainstay_model::{Diagnostic, Severity, Subject};
use std::collections::BTreeMap;

/// Arrays whose elements are worth keeping where a report is damaged.
const RECORDS: &[&str] = &[
    "[]",
    "[].Vulnerabilities[]",
    "Results[]",
    "Results[].Vulnerabilities[]",
    "Resources[]",
    "Resources[].Results[]",
    "Resources[].Results[].Vulnerabilities[]",
];

/// Reads reports; one asset's reports come out in the order of their times.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    for part in &document.parts {
        let Some((node, whole)) = json::parse(part, RECORDS, &mut reading) else { continue };
        let report = Report { part, ctx, whole };
        match &node.value {
            // Versions before 0.20 print `null` where nothing was found; it does not say of what.
            Value::Null => {}
            Value::List(results) => report.legacy(results, &mut reading),
            Value::Map(_) if node.field("Resources").is_some() => report.cluster(&node, &mut reading),
            Value::Map(_) if node.field("SchemaVersion").is_some() || node.field("Results").is_some() => {
                report.artifact(&node, &mut reading);
            }
            _ => report.refuse(&node, "this is no report of Trivy", &mut reading),
        }
    }
    reading.snapshots.sort_by(|a, b| (&a.scope, a.at).cmp(&(&b.scope, b.at)));
    reading
}

struct Report<'a> {
    part: &'a Part,
    ctx: &'a ReadContext,
    whole: bool,
}

impl Report<'_> {
    fn artifact(&self, node: &Node, reading: &mut Reading) {
        let results: Vec<&Node> = node.field("Results").map(|list| list.items().iter().collect()).unwrap_or_default();
        let name = node.text("ArtifactName").unwrap_or_default();
        let tag = node.at_path("Metadata.RepoTags").and_then(|tags| tags.items().first()).and_then(NodeExt::as_text);
        let asset = match node.text("ArtifactType").unwrap_or("container_image") {
            "container_image" => subjects::image(first_filled([tag.unwrap_or_default(), name, target(&results)])),
            "filesystem" | "repository" => subjects::repository(first_filled([name, target(&results), "."])),
            "vm" | "aws_account" => subjects::host(first_filled([name, target(&results), "unknown"])),
            other => Subject::of(if other.contains("dx") { "sbom" } else { "artifact" }, name),
        };
        let asset = self.configured().unwrap_or(asset);
        self.snapshot(&asset, &results, self.time(node), reading);
    }

    fn legacy(&self, results: &[Node], reading: &mut Reading) {
        let results: Vec<&Node> = results.iter().filter(|result| result.field("Target").is_some()).collect();
        if results.is_empty() {
            let why = "this list holds no results of Trivy";
            reading.note(self.diagnostic(why, At { now: self.ctx.now, path: &self.part.path, line: 1, column: 1 }));
            return;
        }
        let asset = self.configured().unwrap_or_else(|| subjects::image(target(&results)));
        self.snapshot(&asset, &results, self.ctx.now, reading);
    }

    fn cluster(&self, node: &Node, reading: &mut Reading) {
        let named = self.ctx.options.cluster.as_deref().or_else(|| node.text("ClusterName"));
        let cluster = named.filter(|name| !name.is_empty()).unwrap_or("cluster");
        let mut assets: BTreeMap<Subject, Vec<&Node>> = BTreeMap::new();
        for resource in node.field("Resources").map(NodeExt::items).unwrap_or_default() {
            let (Some(kind), Some(name)) = (resource.text("Kind"), resource.text("Name")) else {
                self.refuse(resource, "a resource needs `Kind` and `Name`", reading);
                continue;
            };
            let subject = subjects::kubernetes(cluster, resource.text("Namespace"), kind, name);
            let results = resource.field("Results").map(NodeExt::items).unwrap_or_default();
            assets.entry(subject).or_default().extend(results);
        }
        for (asset, results) in assets {
            self.snapshot(&asset, &results, self.time(node), reading);
        }
    }

    fn configured(&self) -> Option<Subject> {
        let asset = self.ctx.options.asset.as_deref()?;
        Some(Subject::new(asset).unwrap_or_else(|_| subjects::image(asset)))
    }

    fn time(&self, node: &Node) -> Timestamp {
        node.text("CreatedAt").and_then(|text| text.parse().ok()).unwrap_or(self.ctx.now)
    }

    fn snapshot(&self, asset: &Subject, results: &[&Node], at: Timestamp, reading: &mut Reading) {
        let scope = self.ctx.scoped("trivy", asset.as_str());
        let mut snapshot = Snapshot::new(scope, Family::Vulnerability, at);
        // Packages were looked at: only then does silence about a vulnerability say that it is gone.
        let looked = results.iter().any(|result| {
            let class = result.text("Class").unwrap_or("os-pkgs");
            matches!(class, "os-pkgs" | "lang-pkgs") || result.field("Vulnerabilities").is_some()
        });
        snapshot.complete = self.whole && looked;
        let mut found: BTreeMap<String, (VulnerabilityFound, &Node)> = BTreeMap::new();
        let mut others = 0;
        for result in results {
            others += ["Misconfigurations", "Secrets"]
                .iter()
                .filter_map(|key| result.field(key))
                .map(|list| list.items().iter().filter(|item| item.text("Status") != Some("PASS")).count())
                .sum::<usize>();
            for item in result.field("Vulnerabilities").map(NodeExt::items).unwrap_or_default() {
                match self.vulnerability(item, asset) {
                    Some(one) => merge(&mut found, one, item),
                    None => {
                        snapshot.complete = false;
                        self.refuse(item, "a vulnerability needs `VulnerabilityID`, `PkgName` and `Severity`", reading);
                    }
                }
            }
        }
        for (mut one, node) in found.into_values() {
            one.packages.sort();
            one.fixed_in.sort();
            one.fixed_in.dedup();
            let subject = Subject::of("vulnerability", &format!("{}@{asset}", one.vulnerability));
            snapshot.add(subject, &one, reading, &self.at(node));
        }
        snapshot.shows = Some(self.shown(snapshot.items.iter()));
        if others > 0 {
            let what = format!("{others} misconfigurations or secrets of {asset} are not read from the report");
            let help = "run `mainstay scan` on the code, which judges them where they can be mended";
            let place = At { now: self.ctx.now, path: &self.part.path, line: 0, column: 0 }.place();
            reading.note(Diagnostic::note("trivy.others", what, place, help));
        }
        if looked || !snapshot.items.is_empty() {
            reading.snapshots.push(snapshot);
        }
    }

    /// The severities that the report can show. A report does not tell how it was filtered, and what a filter hides is
    /// not mended: so nothing is believed gone that is less severe than all that the report shows. Where the source says
    /// how its reports are filtered, that counts.
    fn shown<'i>(&self, items: impl Iterator<Item = &'i SnapshotItem>) -> Vec<Severity> {
        let named: Vec<Severity> =
            self.ctx.options.severities.iter().filter_map(|word| Severity::from_word(&word.to_lowercase())).collect();
        if !named.is_empty() {
            return named;
        }
        let severity = |item: &SnapshotItem| item.data.get("severity")?.as_str().and_then(Severity::from_word);
        let least = items.filter_map(severity).min().unwrap_or(Severity::Critical);
        Severity::ALL.into_iter().filter(|one| *one >= least).collect()
    }

    fn vulnerability(&self, item: &Node, asset: &Subject) -> Option<VulnerabilityFound> {
        let package = item.text("PkgName")?;
        let installed = item.text("InstalledVersion").unwrap_or_default();
        let path = item.text("PkgPath").map(|path| format!(" ({path})")).unwrap_or_default();
        let fixed = item.text("FixedVersion").unwrap_or_default();
        let fixed = fixed.split(',').map(str::trim).filter(|version| !version.is_empty());
        Some(VulnerabilityFound {
            vulnerability: item.text("VulnerabilityID").filter(|id| !id.trim().is_empty())?.to_owned(),
            asset: asset.clone(),
            severity: Severity::from_word(item.text("Severity").unwrap_or("unknown"))?,
            packages: vec![format!("{package} {installed}{path}").trim_end().to_owned()],
            fixed_in: fixed.map(|version| format!("{package} {version}")).collect(),
            title: item.text("Title").unwrap_or_default().chars().take(300).collect(),
            scanner: "trivy".to_owned(),
        })
    }

    fn at(&self, node: &Node) -> At<'_> {
        At { now: self.ctx.now, path: &self.part.path, line: node.at.line, column: node.at.column }
    }

    fn refuse(&self, node: &Node, why: &str, reading: &mut Reading) {
        reading.note(self.diagnostic(why, self.at(node)));
    }

    fn diagnostic(&self, why: &str, at: At<'_>) -> Diagnostic {
        Diagnostic::error("trivy.malformed", why, at.place(), "write the report with `trivy ... --format json`")
    }
}

/// One statement a vulnerability and asset: all packages together, and the worst severity of them.
fn merge<'n>(found: &mut BTreeMap<String, (VulnerabilityFound, &'n Node)>, one: VulnerabilityFound, node: &'n Node) {
    match found.get_mut(&one.vulnerability) {
        Some((known, _)) => {
            known.severity = known.severity.max(one.severity);
            known.packages.extend(one.packages);
            known.fixed_in.extend(one.fixed_in);
        }
        None => {
            found.insert(one.vulnerability.clone(), (one, node));
        }
    }
}

/// The name of what was scanned in the first result: `acme/web:1 (debian 12.1)` without the system.
fn target<'n>(results: &[&'n Node]) -> &'n str {
    let text = results.first().and_then(|result| result.text("Target")).unwrap_or_default();
    text.split(" (").next().unwrap_or(text)
}

fn first_filled<const N: usize>(names: [&str; N]) -> &str {
    names.into_iter().find(|name| !name.trim().is_empty()).unwrap_or("unknown")
}
