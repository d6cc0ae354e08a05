//! Which connector reads which file of a folder, by name and content.

use crate::Origin;
use crate::terraform::is_source;
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::Outside;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes at the beginning of a file that are looked at.
const HEAD_BYTES: u64 = 16 * 1024;

/// Files that belong together for one connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The connector's name.
    pub connector: &'static str,
    /// The files, with the folder that their paths are told relative to.
    pub origin: Origin,
}

/// Looks through a folder. Files below a path in `taken`, which the configuration names itself, are left out.
///
/// # Errors
/// A diagnostic where the folder cannot be listed.
pub fn discover(
    outside: &Outside,
    root: &Path,
    taken: &[PathBuf],
) -> Result<(Vec<Found>, Vec<Diagnostic>), Box<Diagnostic>> {
    let failed = |reason: String| {
        Diagnostic::error(
            "discover.failed",
            reason,
            Place::file(root.display().to_string()),
            "name the sources in mainstay.toml",
        )
    };
    let walk = outside.walk(root).map_err(|error| Box::new(failed(error.to_string())))?;
    let mut diagnostics: Vec<Diagnostic> = walk.problems.iter().map(|problem| failed(problem.clone())).collect();
    let mut claimed: BTreeSet<PathBuf> = BTreeSet::new();
    let mut groups: BTreeMap<(usize, String), Vec<PathBuf>> = BTreeMap::new();
    for path in walk.files {
        let shown = mainstay_outside::relative(root, &path);
        if !is_candidate(&shown) || taken.iter().any(|taken| path.starts_with(taken)) {
            continue;
        }
        let mut head = Vec::new();
        let read = outside.open(&path).map(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
        if let Err(error) = read {
            diagnostics.push(failed(error.to_string()));
            continue;
        }
        if let Some(connector) = recognise(&shown, &head) {
            if connector == "mapping" {
                claimed.extend(crate::mapping::data_of(&head).iter().map(|name| path.with_file_name(name)));
            }
            groups.entry((order(connector), group(connector, &shown))).or_default().push(path);
        }
    }
    // What a mapping names is read by it alone.
    groups.values_mut().for_each(|paths| paths.retain(|path| !claimed.contains(path)));
    groups.retain(|_, paths| !paths.is_empty());
    let found = groups.into_iter().map(|((at, _), paths)| Found {
        connector: crate::CONNECTORS[at].name,
        origin: Origin::Files(root.to_path_buf(), paths),
    });
    Ok((found.collect(), diagnostics))
}

/// The connector of a file by its path and its first bytes; `None` where no connector reads it.
#[must_use]
pub fn recognise(path: &str, head: &[u8]) -> Option<&'static str> {
    let lower = path.to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let text = String::from_utf8_lossy(head);
    if is_source(&lower) || [".tfstate", ".tfvars", ".tfvars.json"].iter().any(|end| name.ends_with(end)) {
        return Some("terraform");
    }
    if lower.ends_with(".terraform/modules/modules.json") {
        return Some("terraform");
    }
    match name.rsplit('.').next()? {
        "toml" if name.ends_with(".mapping.toml") => Some("mapping"),
        "toml" => (lower.contains("promises/") || text.contains("[[promise]]")).then_some("promises"),
        "yaml" | "yml" => yaml(&lower, &text),
        "csv" | "gz" => (text.contains("BilledCost") && text.contains("BillingPeriodStart")).then_some("focus"),
        "json" | "jsonl" | "ndjson" => json(&lower, &text),
        "txt" | "log" => text.contains("no errors were found").then_some("restic"),
        _ => None,
    }
}

fn is_candidate(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".tf", ".tofu", ".tfvars", ".tfstate", ".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".toml", ".csv",
        ".csv.gz", ".txt", ".log",
    ];
    let lower = path.to_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(ending)) && !lower.ends_with("package-lock.json")
}

/// How `apiVersion` begins in files of objectives.
const OBJECTIVE_APIS: [&str; 3] = ["openslo/v1", "sloth.slok.dev/v1", "pyrra.dev/v1"];

fn yaml(path: &str, text: &str) -> Option<&'static str> {
    if text.contains("backstage.io/v1") {
        return Some("backstage");
    }
    if path.contains("promises/") && text.contains("kind:") && text.contains("subject:") {
        return Some("promises");
    }
    // Objectives as resources of Kubernetes are objectives first; the cluster's own copy of them is read with the cluster.
    let formats = ["prometheus/v1", "mainstay/budget-policy/v1", "mainstay/maintenance/v1"];
    let is_objective = text.lines().any(|line| match line.split_once(':') {
        Some(("version", value)) => formats.contains(&value.trim().trim_matches(['"', '\''])),
        Some(("apiVersion", value)) => {
            OBJECTIVE_APIS.iter().any(|api| value.trim().trim_matches(['"', '\'']).starts_with(api))
        }
        _ => false,
    });
    if is_objective {
        return Some("objectives");
    }
    if text.lines().any(|line| line.trim_end() == "version: oncall/v1") {
        return Some("oncall");
    }
    let is_object = text.lines().any(|line| line.starts_with("apiVersion:")) && text.contains("kind:");
    // Templates are no manifests before they are rendered, and a kustomization is an instruction, no object.
    (is_object && !text.contains("{{") && !text.contains("kustomize.config.k8s.io")).then_some("kubernetes")
}

fn json(path: &str, text: &str) -> Option<&'static str> {
    let has = |word: &str| text.contains(&format!("\"{word}\""));
    let all = |words: &[&str]| words.iter().all(|word| has(word));
    let in_folder = |name: &str| path.starts_with(&format!("{name}/")) || path.contains(&format!("/{name}/"));
    let found = [
        ("cloudevents", all(&["specversion", "type", "source"])),
        (
            "terraform",
            has("format_version") && (has("terraform_version") || has("resource_changes") || has("planned_values")),
        ),
        ("terraform", all(&["lineage", "terraform_version"])),
        ("trivy", all(&["SchemaVersion", "ArtifactName"]) || all(&["ClusterName", "Resources"])),
        ("trivy", all(&["Target", "Vulnerabilities"])),
        ("kev", all(&["catalogVersion", "vulnerabilities"])),
        ("inventory", has("ResourceTagMappingList")),
        ("restic", has("message_type") || all(&["tree", "paths", "hostname"])),
        ("grafana", all(&["alerts", "receiver", "orgId"])),
        ("eventrecorder", all(&["@timestamp", "instance", "data"]) && text.contains("\"fingerprint\"")),
        ("pagerduty", all(&["routing_key", "event_action"])),
        ("cloudwatch", all(&["AlarmName", "NewStateValue"]) || all(&["TopicArn", "SigningCertURL"])),
        ("alertmanager", all(&["alerts", "receiver"]) || all(&["startsAt", "fingerprint"])),
        (
            "github",
            all(&["event", "payload"])
                && (in_folder("github") || has("deployment") || has("pull_request") || has("workflow_run")),
        ),
        (
            "github",
            has("repository")
                && (has("deployment") || has("deployment_status") || has("workflow_run") || has("pull_request")),
        ),
        ("kubernetes", all(&["apiVersion", "kind"])),
    ];
    found.into_iter().find(|(_, fits)| *fits).map(|(connector, _)| connector)
}

fn order(connector: &str) -> usize {
    crate::CONNECTORS.iter().position(|known| known.name == connector).unwrap_or(0)
}

/// What is read as one document: all files of a connector, except where a folder or a file is a thing of its own.
fn group(connector: &str, path: &str) -> String {
    match connector {
        "restic" => path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned()),
        "mapping" | "focus" | "cloudevents" | "kev" | "inventory" => path.to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_to_the_connector_that_their_name_and_content_say() {
        let cases: &[(&str, &str, Option<&str>)] = &[
            ("envs/prod/main.tf", "", Some("terraform")),
            ("envs/prod/terraform.tfstate", "", Some("terraform")),
            ("plan.json", r#"{"format_version":"1.2","terraform_version":"1.9"}"#, Some("terraform")),
            ("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: API\n", Some("backstage")),
            ("k8s/web.yaml", "apiVersion: apps/v1\nkind: Deployment\n", Some("kubernetes")),
            ("chart/templates/web.yaml", "apiVersion: apps/v1\nkind: Deployment\nname: {{ .x }}\n", None),
            ("k8s/prod.json", r#"{"apiVersion":"v1","kind":"List","items":[]}"#, Some("kubernetes")),
            ("promises/a.toml", "", Some("promises")),
            ("slo/a.yml", "version: \"prometheus/v1\"\nservice: a\nslos: []\n", Some("objectives")),
            ("slo/b.yaml", "apiVersion: openslo/v1\nkind: SLO\nquery: x[{{.window}}]\n", Some("objectives")),
            ("slo/c.yaml", "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\n", Some("objectives")),
            ("oncall/a.yaml", "# who\nversion: oncall/v1\n", Some("oncall")),
            ("compose.yaml", "version: '3'\nservices: {}\n", None),
            ("pyproject.toml", "[project]\n", None),
            ("tickets.mapping.toml", "", Some("mapping")),
            ("bills/2026-10.csv", "BilledCost,BillingPeriodStart\n", Some("focus")),
            ("people.csv", "name\n", None),
            ("scans/web.json", r#"{"SchemaVersion":2,"ArtifactName":"web"}"#, Some("trivy")),
            ("backups/a/1.jsonl", r#"{"message_type":"status"}"#, Some("restic")),
            ("backups/a/snapshots.json", r#"[{"time":"t","tree":"x","paths":[],"hostname":"h"}]"#, Some("restic")),
            ("history.jsonl", r#"{"specversion":"1.0","type":"a.b","source":"/x","id":"1"}"#, Some("cloudevents")),
            ("alerts/a.json", r#"{"version":"4","receiver":"x","alerts":[]}"#, Some("alertmanager")),
            ("github/d.json", r#"[{"event":"deployment","payload":{}}]"#, Some("github")),
            ("inventory/aws.json", r#"{"ResourceTagMappingList":[]}"#, Some("inventory")),
            ("kev.json", r#"{"catalogVersion":"1","vulnerabilities":[]}"#, Some("kev")),
            ("package.json", r#"{"name":"x","version":"1"}"#, None),
        ];
        for (path, head, expected) in cases {
            assert_eq!(recognise(path, head.as_bytes()), *expected, "{path}");
        }
    }

    const MAPPING: &str = "data = [\"t.json\"]\nsource = \"x\"\nfact = []\n";
    const AWS: &str = "{\"ResourceTagMappingList\": []}";

    #[test]
    fn a_folder_is_sorted_into_documents_and_what_is_configured_is_left_out() {
        let root = std::env::temp_dir().join(format!("mainstay-discover-{}", std::process::id()));
        let log = r#"{"message_type":"status"}"#;
        for (path, text) in [
            ("a/main.tf", ""),
            ("b/main.tf", ""),
            ("r/x/1.jsonl", log),
            ("r/y/1.jsonl", log),
            ("README.md", "#"),
            ("t/t.mapping.toml", MAPPING),
            ("t/t.json", AWS),
        ] {
            let path = root.join(path);
            mainstay_outside::files::make_folder(path.parent().unwrap()).unwrap();
            mainstay_outside::files::write_atomic(&path, text.as_bytes()).unwrap();
        }
        let outside = Outside::live();
        let names = |taken: &[PathBuf]| -> Vec<(&str, usize)> {
            let (found, diagnostics) = discover(&outside, &root, taken).unwrap();
            assert!(diagnostics.is_empty());
            let paths = |found: &Found| match &found.origin {
                Origin::Files(_, paths) => paths.len(),
                Origin::Address(_) => 0,
            };
            found.iter().map(|found| (found.connector, paths(found))).collect()
        };
        assert_eq!(names(&[]), [("terraform", 2), ("restic", 1), ("restic", 1), ("mapping", 1)]);
        assert_eq!(names(&[root.join("r"), root.join("t")]), [("terraform", 2)]);
    }
}
