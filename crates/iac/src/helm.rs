//! Helm charts. Their templates are no manifests before `helm template` has rendered them, which a pure reader cannot do:
//! the caller does, and hands over what came out ([`rendered`]). Its resources keep the template as their place. Of a chart
//! that was not rendered it is said so, and its templates are passed over.

use crate::{At, Map, Node, Reading, SourceFile, Value};
use mainstay_model::{Diagnostic, Place};
use std::collections::{BTreeMap, HashSet};

/// How helm says which template a manifest came from.
const SOURCE: &str = "# Source: ";

/// The folders that are charts, each with the `/` at its end.
#[derive(Debug, Default)]
pub(crate) struct Charts<'f>(HashSet<&'f str>);

/// What `helm template` printed for the chart in a folder (with `/` at its end, or empty): a file for each template, under
/// the template's own path, and one for the chart itself, which says that it was rendered.
#[must_use]
pub fn rendered(folder: &str, output: &str) -> Vec<SourceFile> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    files.insert(format!("{folder}Chart.yaml"), format!("{SOURCE}Chart.yaml\n"));
    let mut path: Option<String> = None;
    for line in output.lines() {
        // The first part of the path is the chart's name, which need not be that of its folder.
        if let Some((_, within)) = line.strip_prefix(SOURCE).and_then(|source| source.trim().split_once('/')) {
            let next = format!("{folder}{within}");
            files.entry(next.clone()).or_default().push_str(&format!("{SOURCE}{within}\n---\n"));
            path = Some(next);
        } else if let Some(text) = path.as_ref().and_then(|path| files.get_mut(path)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    files.into_iter().map(|(path, text)| SourceFile { path, bytes: text.into_bytes() }).collect()
}

/// Whether a file is one that [`rendered`] gave.
#[must_use]
pub fn is_rendered(file: &SourceFile) -> bool {
    file.bytes.starts_with(SOURCE.as_bytes())
}

impl<'f> Charts<'f> {
    /// Finds the charts among the files, and says of each that was not rendered that its templates are not judged.
    pub(crate) fn among(files: &'f [SourceFile], reading: &mut Reading) -> Self {
        let mut charts = Self::default();
        let mut done: HashSet<&str> = HashSet::new();
        for file in files {
            let folder = file.path.strip_suffix("Chart.yaml").or_else(|| file.path.strip_suffix("Chart.yml"));
            let Some(folder) = folder.filter(|folder| folder.is_empty() || folder.ends_with('/')) else { continue };
            charts.0.insert(folder);
            if is_rendered(file) {
                done.insert(folder);
            }
        }
        for file in files {
            let chart = charts.chart_of(&file.path);
            // A chart within a chart is rendered together with it.
            if chart.is_none_or(|chart| charts.chart_above(chart).is_some() || done.contains(chart))
                || !file.path.contains("Chart.y")
            {
                continue;
            }
            reading.diagnostics.push(Diagnostic::note(
                "helm.chart",
                "a Helm chart that was not rendered, so its templates are not judged",
                Place::file(&file.path),
                "`mainstay scan` renders it where `helm` is installed; else scan what `helm template` prints",
            ));
        }
        charts
    }

    /// Whether a file is a template of a chart, or one that Helm reads and Kubernetes does not.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let Some(chart) = self.chart_of(path) else { return false };
        let within = path.get(chart.len()..).unwrap_or_default();
        within.starts_with("templates/") || matches!(within, "Chart.yaml" | "Chart.yml" | "values.yaml" | "values.yml")
    }

    /// The innermost chart that a file lies in.
    fn chart_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut folder = &path[..path.rfind('/').map_or(0, |at| at + 1)];
        loop {
            if self.0.contains(folder) {
                return Some(folder);
            }
            if folder.is_empty() {
                return None;
            }
            let above = folder.trim_end_matches('/');
            folder = &folder[..above.rfind('/').map_or(0, |at| at + 1)];
        }
    }

    /// The chart whose `charts` folder holds this one.
    fn chart_above<'p>(&self, chart: &'p str) -> Option<&'p str> {
        let above = chart.trim_end_matches('/');
        let charts = above.get(..above.rfind('/')?)?;
        charts.strip_suffix("charts").and_then(|folder| self.chart_of(folder))
    }
}

/// Moves what was read of a rendered file to the template that it came from: resources and diagnostics behind the first
/// `resources` and `diagnostics`.
pub(crate) fn relocate(
    files: &[SourceFile],
    rendered: &SourceFile,
    (resources, diagnostics): (usize, usize),
    reading: &mut Reading,
) {
    let is_template = |file: &SourceFile| file.path == rendered.path && !is_rendered(file);
    let template = files.iter().position(is_template);
    let text = template.map(|at| String::from_utf8_lossy(&files[at].bytes));
    let lines = Lines::between(&String::from_utf8_lossy(&rendered.bytes), text.as_deref().unwrap_or_default());
    let file = template.and_then(|at| u32::try_from(at).ok());
    let moved = |at: At| At { file: file.unwrap_or(at.file), line: lines.of(at.line), ..at };
    for resource in &mut reading.resources[resources..] {
        resource.line_end = lines.of(resource.line_end).max(lines.of(resource.at.line));
        resource.at = moved(resource.at);
        move_map(&mut resource.body, &moved);
    }
    for diagnostic in &mut reading.diagnostics[diagnostics..] {
        diagnostic.place.line = lines.of(diagnostic.place.line);
    }
}

fn move_map(map: &mut Map, moved: &impl Fn(At) -> At) {
    let nodes: Vec<(String, Node)> = map.iter().map(|(key, node)| (key.to_owned(), node.clone())).collect();
    for (key, mut node) in nodes {
        move_node(&mut node, moved);
        map.set(key, node);
    }
}

fn move_node(node: &mut Node, moved: &impl Fn(At) -> At) {
    node.at = moved(node.at);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| move_node(item, moved)),
        Value::Map(map) => move_map(map, moved),
        _ => {}
    }
}

/// For each line of a rendered text the line of its template that it most likely came from.
struct Lines(Vec<u32>);

impl Lines {
    /// Helm keeps no lines, so the texts are compared: a line that stands in the template as it is, or but for what is in its
    /// braces, is that one. A line without such a one belongs to the last that has one.
    fn between(rendered: &str, template: &str) -> Self {
        let template: Vec<&str> = template.lines().map(str::trim).collect();
        let mut next = 0;
        let mut last = 1;
        let mut out = Vec::new();
        for line in rendered.lines().map(str::trim) {
            let is_plain = !line.is_empty() && line != "---" && !line.starts_with(SOURCE);
            let found = (next..template.len()).chain(0..next).find(|at| is_plain && may_give(template[*at], line));
            if let Some(at) = found {
                last = u32::try_from(at + 1).unwrap_or(u32::MAX);
                next = at + 1;
            }
            out.push(last);
        }
        Self(out)
    }

    fn of(&self, line: u32) -> u32 {
        (line as usize).checked_sub(1).and_then(|at| self.0.get(at)).copied().unwrap_or(line)
    }
}

/// Whether a line of a template may have given a rendered line.
fn may_give(template: &str, rendered: &str) -> bool {
    match (template.find("{{"), template.rfind("}}")) {
        (Some(open), Some(close)) if close > open => {
            let (before, after) = (&template[..open], &template[close + 2..]);
            // A line of braces alone could give anything.
            before.trim().len() > 1 && rendered.starts_with(before.trim_end()) && rendered.ends_with(after)
        }
        _ => template == rendered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_again_in_the_template() {
        let template =
            "{{- if .x }}\nkind: Pod\nmetadata:\n  name: {{ .name }}-web\nspec:\n{{ toYaml .spec }}\n{{- end }}\n";
        let rendered =
            "# Source: templates/a.yaml\n---\nkind: Pod\nmetadata:\n  name: shop-web\nspec:\n  hostIPC: true\n";
        assert_eq!(Lines::between(rendered, template).0, [1, 1, 2, 3, 4, 5, 5]);
    }

    #[test]
    fn what_helm_printed_is_told_apart_by_template() {
        let output = "---\n# Source: shop/templates/a.yaml\nkind: A\n---\n# Source: shop/charts/db/templates/b.yaml\nkind: B\n\
                      ---\n# Source: shop/templates/a.yaml\nkind: C\n";
        let files = rendered("charts/shop/", output);
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            paths,
            ["charts/shop/Chart.yaml", "charts/shop/charts/db/templates/b.yaml", "charts/shop/templates/a.yaml"]
        );
        let text = String::from_utf8_lossy(&files[2].bytes);
        assert!(text.contains("kind: A") && text.contains("kind: C") && !text.contains("kind: B"));
        assert!(files.iter().all(is_rendered));
    }
}
