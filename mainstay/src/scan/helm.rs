//! Renders Helm charts with `helm template`, so that their manifests are judged. Helm runs in the chart's folder, reaches no
//! cluster, and its templates can start nothing.

use super::gather::Gathered;
use mainstay_iac::{SourceFile, helm};
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::{Command, Outside, ProcessError};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// How long one rendering may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Most bytes that one rendering may print.
const OUTPUT_BYTES_MAX: usize = 64 << 20;

/// Most files of values that a chart is rendered with, one by one.
const VALUES_MAX: usize = 8;

/// Renders the charts among what was gathered.
pub fn render(outside: &Outside, gathered: &mut Gathered) {
    let (charts, values) = charts(&gathered.sources);
    let mut seen: BTreeSet<(String, Vec<u8>)> = BTreeSet::new();
    for chart in charts {
        let own: Vec<&String> = values.iter().filter(|path| folder_of(path) == chart.folder).take(VALUES_MAX).collect();
        let renderings = std::iter::once(None).chain(own.into_iter().map(Some));
        let mut failed = Vec::new();
        let mut any = false;
        for values in renderings {
            match template(outside, &chart, values.map(String::as_str)) {
                Ok(output) => {
                    any = true;
                    let files = helm::rendered(&chart.folder, &output);
                    gathered
                        .rendered
                        .extend(files.into_iter().filter(|file| seen.insert((file.path.clone(), file.bytes.clone()))));
                }
                // The chart itself is said not to be rendered by its reader.
                Err(Failure::NoHelm) => return,
                Err(Failure::Said(diagnostic)) => failed.push(diagnostic),
            }
        }
        // A chart may need values that only its environments have; where one of them renders, nothing is left out.
        for mut diagnostic in failed {
            if any {
                diagnostic = Diagnostic::note(&diagnostic.code, diagnostic.summary, diagnostic.place, diagnostic.help);
            }
            gathered.diagnostics.push(diagnostic);
        }
    }
}

/// A chart that is no part of another one.
struct Chart {
    /// With `/` at its end, or empty.
    folder: String,
    file: String,
}

/// The charts to be rendered, and the files of values beside them.
fn charts(sources: &[SourceFile]) -> (Vec<Chart>, Vec<String>) {
    let is_chart = |path: &str| matches!(path.rsplit('/').next(), Some("Chart.yaml" | "Chart.yml"));
    let found: Vec<&SourceFile> = sources.iter().filter(|file| is_chart(&file.path)).collect();
    let folders: BTreeSet<String> = found.iter().map(|file| folder_of(&file.path)).collect();
    let is_within = |folder: &str| {
        folders.iter().any(|other| folder.strip_prefix(&format!("{other}charts/")).is_some_and(|rest| !rest.is_empty()))
    };
    let charts = found
        .iter()
        .filter(|file| !is_within(&folder_of(&file.path)) && !is_library(file))
        .map(|file| Chart { folder: folder_of(&file.path), file: file.path.clone() })
        .collect();
    let is_values = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
        stem.is_some_and(|stem| {
            ["values-", "values.", "values_"].iter().any(|start| stem.starts_with(start)) || stem.ends_with("-values")
        })
    };
    (charts, sources.iter().map(|file| file.path.clone()).filter(|path| is_values(path)).collect())
}

/// A library has no manifests of its own.
fn is_library(file: &SourceFile) -> bool {
    String::from_utf8_lossy(&file.bytes).lines().any(|line| line.trim_end().replace(' ', "") == "type:library")
}

fn folder_of(path: &str) -> String {
    path.rfind('/').map_or(String::new(), |at| path[..=at].to_owned())
}

enum Failure {
    /// Helm is not installed.
    NoHelm,
    Said(Diagnostic),
}

fn template(outside: &Outside, chart: &Chart, values: Option<&str>) -> Result<String, Failure> {
    let folder = if chart.folder.is_empty() { Path::new(".") } else { Path::new(&chart.folder) };
    let name = values.map(|path| path.strip_prefix(&chart.folder).unwrap_or(path));
    let mut command = Command::new("helm").args(["template", "release", ".", "--skip-tests"]);
    if let Some(name) = name {
        // A name that begins with a hyphen is no option.
        command = command.args([format!("--values=./{name}")]);
    }
    let command = command.dir(folder).timeout(TIMEOUT).output_bytes_max(OUTPUT_BYTES_MAX);
    let with = name.map(|name| format!(" with {name}")).unwrap_or_default();
    let wrong = |code: &str, summary: String, place: Place, help: &str| {
        Failure::Said(Diagnostic::error(code, summary, place, help))
    };
    let output = match outside.run(&command) {
        Ok(output) => output,
        Err(ProcessError::Start(..)) => return Err(Failure::NoHelm),
        Err(error) => {
            let summary = format!("the chart could not be rendered{with}: {error}");
            return Err(wrong("helm.template", summary, Place::file(&chart.file), "render it by hand to see why"));
        }
    };
    if output.succeeded() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> =
        said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains("--debug")).collect();
    let said = said.join(" ").trim_start_matches("Error: ").to_owned();
    if let Some((_, missing)) = said.split_once("missing in charts/ directory:") {
        let summary = format!("charts that this one depends on are missing: {}", missing.trim());
        let help = "fetch them with `helm dependency build`, and scan again";
        return Err(wrong("helm.dependencies", summary, Place::file(&chart.file), help));
    }
    let help = "correct the template or the values, or scan what `helm template` prints with your own";
    Err(wrong("helm.template", format!("helm cannot render the chart{with}: {said}"), place(chart, &said), help))
}

/// The place that helm names (`shop/templates/x.yaml:3`), else the chart.
fn place(chart: &Chart, said: &str) -> Place {
    let found = said.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"')).find_map(|word| {
        let mut parts = word.split(':');
        let (_, within) = parts.next()?.split_once('/')?;
        let line: u32 = parts.next()?.parse().ok()?;
        Some(Place::at(format!("{}{within}", chart.folder), line, 1))
    });
    found.unwrap_or_else(|| Place::file(&chart.file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn charts_within_charts_and_libraries_are_not_rendered_alone() {
        let sources = [
            file("a/Chart.yaml", "name: a\n"),
            file("a/charts/b/Chart.yaml", "name: b\n"),
            file("lib/Chart.yaml", "name: lib\ntype: library\n"),
            file("a/values.yaml", ""),
            file("a/values-prod.yaml", ""),
            file("a/templates/x.yaml", ""),
        ];
        let (charts, values) = charts(&sources);
        assert_eq!(charts.iter().map(|chart| &*chart.folder).collect::<Vec<_>>(), ["a/"]);
        assert_eq!(values, ["a/values-prod.yaml"]);
    }

    #[test]
    fn the_place_is_that_which_helm_names() {
        let chart = Chart { folder: "x/".to_owned(), file: "x/Chart.yaml".to_owned() };
        let said = "parse error at (shop/templates/bad.yaml:3): missing value for if";
        assert_eq!(place(&chart, said), Place::at("x/templates/bad.yaml", 3, 1));
        assert_eq!(place(&chart, "no such thing"), Place::file("x/Chart.yaml"));
    }
}
