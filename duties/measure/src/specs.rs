//! KPI definitions from the catalog: Markdown pages whose front matter is the definition.

use mainstay_iac::{Origin, yaml};
use mainstay_kit::KpiSpec;
use mainstay_model::{Diagnostic, Place};

/// A catalog page of a KPI.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiPage {
    /// The definition.
    pub spec: KpiSpec,
    /// The prose, as Markdown without the front matter.
    pub prose: String,
}

/// Reads a page.
///
/// # Errors
/// A diagnostic that names line, column and mend.
pub fn read(path: &str, text: &str) -> Result<KpiPage, Diagnostic> {
    let help = "a KPI page begins with ---, the definition as YAML, and --- again; see CONTRIBUTING.md";
    let refused = |line: u32, what: String| Diagnostic::error("kpi.front-matter", what, Place::at(path, line, 1), help);
    let rest = text.strip_prefix("---\n").ok_or_else(|| refused(1, "there is no front matter".to_owned()))?;
    let (front, prose) =
        rest.split_once("\n---\n").ok_or_else(|| refused(1, "the front matter does not end".to_owned()))?;
    let parsed = yaml::parse(front, Origin { line: 2, ..Origin::of(path) }, yaml::Schema::Core);
    if let Some(diagnostic) = parsed.diagnostics.into_iter().next() {
        return Err(diagnostic);
    }
    let Some(node) = parsed.documents.into_iter().next() else {
        return Err(refused(2, "the front matter is empty".to_owned()));
    };
    let spec: KpiSpec = serde_json::from_value(node.to_json()).map_err(|e| refused(2, e.to_string()))?;
    Ok(KpiPage { spec, prose: prose.trim_start().to_owned() })
}
