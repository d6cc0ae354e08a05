//! Rules beside those that Sloth writes for the same objectives, compared by what they mean: names, labels, annotations, and
//! expressions without their white space. Which program and version wrote them is left out.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test reads files, and says where there are none"
)]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use mainstay_iac::{Origin, SourceFile, yaml};
use mainstay_slo::rules::{Options, Style, groups, to_yaml};
use mainstay_slo::{Duration, Reading, read};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/slo");
    if !folder.is_dir() {
        eprintln!("NOT compared: there is no {}", folder.display());
        return None;
    }
    Some(folder)
}

fn file(path: &Path) -> SourceFile {
    SourceFile { path: path.to_string_lossy().into_owned(), bytes: std::fs::read(path).unwrap() }
}

fn options(period: &str) -> Options {
    Options {
        period: Duration::parse(period).unwrap(),
        windows: Vec::new(),
        style: Style::Sloth,
        labels: BTreeMap::new(),
        alerts: true,
        recordings: true,
    }
}

/// All groups of a text of rules or of resources, each rule in a form that can be compared.
fn meaning(text: &str) -> Vec<Value> {
    let documents = yaml::parse(text, Origin::of("rules.yaml"), yaml::Schema::Core);
    assert!(documents.diagnostics.is_empty(), "{:?}", documents.diagnostics);
    let json: Vec<Value> = documents.documents.iter().map(mainstay_iac::Node::to_json).collect();
    let mut all = Vec::new();
    for document in json {
        let groups = document.get("groups").or_else(|| document["spec"].get("groups")).cloned().unwrap_or_default();
        for group in groups.as_array().into_iter().flatten() {
            let name = group["name"].clone();
            for rule in group["rules"].as_array().into_iter().flatten() {
                let mut rule = rule.clone();
                let expr: String = rule["expr"].as_str().unwrap().split_whitespace().collect();
                rule["expr"] = Value::String(rounded(&expr));
                rule["group"] = name.clone();
                for label in ["sloth_version", "sloth_mode"] {
                    rule.get_mut("labels").and_then(Value::as_object_mut).map(|labels| labels.remove(label));
                }
                all.push(rule);
            }
        }
    }
    all
}

/// The text with its fractions to twelve digits: the last bits hang on the order of multiplication.
fn rounded(text: &str) -> String {
    let (mut out, mut number) = (String::new(), String::new());
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() || c == '.' {
            number.push(c);
            continue;
        }
        match number.parse::<f64>() {
            Ok(value) if number.contains('.') => out += &format!("{value:.11e}"),
            _ => out += &number,
        }
        number.clear();
        out.push(c);
    }
    out
}

/// A golden of Sloth: a template of Go, in which a doubled brace is written as a text within braces.
fn golden(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("{{ .version }}", "v1");
    text.replace("{{\"{{", "\u{1}").replace("}}\"}}", "\u{2}").replace('\u{1}', "{{").replace('\u{2}', "}}")
}

#[track_caller]
fn check(input: &Path, expected: &str, options: &Options) {
    let reading = read(&[file(input)], Some(options.period));
    assert!(!reading.is_damaged(), "{}: {:?}", input.display(), reading.diagnostics);
    let ours = meaning(&to_yaml(&groups(&reading.slos, options)));
    let theirs = meaning(expected);
    assert!(!theirs.is_empty(), "{}", input.display());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs, "{}", input.display());
    }
    assert_eq!(ours.len(), theirs.len(), "{}", input.display());
}

#[test]
fn rules_mean_what_sloth_writes() {
    let Some(folder) = folder() else { return };
    let sloth = folder.join("sloth");
    let of = |input: &str, output: &str, options: &Options| {
        check(&sloth.join(input), &golden(&sloth.join(output)), options);
    };
    of("in-base.yaml", "out-base.yaml.tpl", &options("30d"));
    of("in-base.yaml", "out-base-28d.yaml.tpl", &options("28d"));
    of("in-base.yaml", "out-base-no-alerts.yaml.tpl", &Options { alerts: false, ..options("30d") });
    of("in-base.yaml", "out-base-no-recordings.yaml.tpl", &Options { recordings: false, ..options("30d") });
    let labels = BTreeMap::from([("exk1", "exv1"), ("exk2", "exv2")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    of("in-base.yaml", "out-base-extra-labels.yaml.tpl", &Options { labels, ..options("30d") });
    let windows = read(&[file(&folder.join("sloth-examples/windows/7d.yaml"))], None).windows;
    of("in-base.yaml", "out-base-custom-windows-7d.yaml.tpl", &Options { windows, ..options("7d") });
    of("in-base-k8s.yaml", "out-base-k8s.yaml.tpl", &options("30d"));
    of("in-multifile.yaml", "out-multifile.yaml.tpl", &options("30d"));
    of("in-multifile-k8s.yaml", "out-multifile-k8s.yaml.tpl", &options("30d"));
    of("in-openslo.yaml", "out-openslo.yaml.tpl", &options("30d"));
}

#[test]
fn examples_of_sloth_mean_what_it_writes() {
    let Some(folder) = folder() else { return };
    let examples = folder.join("sloth-examples");
    // The script that made them adds a label.
    let labels = BTreeMap::from([("cmd".to_owned(), "examplesgen.sh".to_owned())]);
    let options = Options { labels, ..options("30d") };
    for name in [
        "getting-started.yml",
        "home-wifi.yml",
        "raw-home-wifi.yml",
        "no-alerts.yml",
        "multifile.yml",
        "kubernetes-apiserver.yml",
        "k8s-getting-started.yml",
        "k8s-home-wifi.yml",
        "k8s-multifile.yml",
        "openslo-getting-started.yml",
        "openslo-kubernetes-apiserver.yml",
    ] {
        let expected = std::fs::read_to_string(examples.join("_gen").join(name)).unwrap();
        check(&examples.join(name), &expected, &options);
    }
}

fn all_below(folder: &Path) -> Vec<SourceFile> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().filter(|path| path.is_file()).map(|path| file(path)).collect()
}

#[test]
fn what_is_bad_is_refused_and_what_is_good_is_not() {
    let Some(folder) = folder() else { return };
    let sloth = folder.join("sloth");
    let period = Duration::parse("30d");
    for bad in all_below(&sloth.join("validate/bad")) {
        let reading = read(std::slice::from_ref(&bad), period);
        assert!(reading.is_damaged(), "{} is not refused", bad.path);
        assert!(
            reading.diagnostics.iter().all(|d| d.place.line > 0 && !d.help.is_empty()),
            "{:?}",
            reading.diagnostics
        );
    }
    for good in all_below(&sloth.join("validate/good")) {
        let reading = read(std::slice::from_ref(&good), period);
        assert!(!reading.is_damaged() && !reading.slos.is_empty(), "{}: {:?}", good.path, reading.diagnostics);
    }
    assert!(read(&[file(&sloth.join("in-invalid-version.yaml"))], period).is_damaged());
    let twice: Reading = read(&all_below(&sloth.join("validate_with_duplicates/prom")), period);
    assert!(twice.diagnostics.iter().any(|d| d.summary.contains("stands already")), "{:?}", twice.diagnostics);
}
