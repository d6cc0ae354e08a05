//! Helm charts: their templates are no manifests before `helm template` has rendered them, which a pure reader cannot do.
//! It says so once for each chart, and passes the templates over.

use crate::{Reading, SourceFile};
use mainstay_model::{Diagnostic, Place};
use std::collections::HashSet;

/// The folders that are charts, each with the `/` at its end.
#[derive(Debug, Default)]
pub(crate) struct Charts<'f>(HashSet<&'f str>);

impl<'f> Charts<'f> {
    /// Finds the charts among the files, and says of each that it is not rendered.
    pub(crate) fn among(files: &'f [SourceFile], reading: &mut Reading) -> Self {
        let mut charts = Self::default();
        for file in files {
            let folder = file.path.strip_suffix("Chart.yaml").or_else(|| file.path.strip_suffix("Chart.yml"));
            let Some(folder) = folder.filter(|folder| folder.is_empty() || folder.ends_with('/')) else { continue };
            charts.0.insert(folder);
        }
        for file in files {
            let chart = charts.chart_of(&file.path);
            // A chart within a chart is rendered together with it.
            if chart.is_none_or(|chart| charts.chart_above(chart).is_some()) || !file.path.contains("Chart.y") {
                continue;
            }
            reading.diagnostics.push(Diagnostic::note(
                "helm.chart",
                "a Helm chart; its templates are rendered where `helm` is installed",
                Place::file(&file.path),
                "render it with `helm template`, and scan what comes out",
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
