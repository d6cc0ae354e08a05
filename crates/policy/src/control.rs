//! One control: one Markdown file of front matter, reasons, fix, rule and examples.

mod front;
mod markdown;

use crate::lang::{self, Rule};
use crate::secret::{self, Care, Detector, FILE_TYPE};
use mainstay_model::{Diagnostic, Place, Severity, Verdict};
use markdown::{Fence, Page};
use std::sync::Arc;

/// A control's file as the caller read it.
#[derive(Debug, Clone)]
pub struct ControlFile {
    /// The path to be named in diagnostics.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// A rule that judges resources of some types, with everything that is known about it.
#[derive(Debug)]
pub struct Control {
    /// `aws.s3-bucket-public-acl`.
    pub id: Arc<str>,
    /// A sentence that says what holds when the control is kept.
    pub title: Arc<str>,
    /// How bad a break is.
    pub severity: Severity,
    /// Whether the control counts for the KPI of key controls.
    pub key: bool,
    /// The types of resources that it judges; a `*` at the end stands for anything.
    pub types: Vec<Arc<str>>,
    /// The formats it is for: `terraform`, `kubernetes`, ...
    pub dialects: Vec<String>,
    /// Framework and the identifiers of its requirements: `("nist-800-53", ["AC-3"])`.
    pub frameworks: Vec<(String, Vec<String>)>,
    /// Ids of the same check in other tools.
    pub aliases: Arc<[String]>,
    /// Why it matters, Markdown.
    pub why: String,
    /// How to mend a break, Markdown.
    pub fix: Arc<str>,
    /// What must pass, fail and be unknown.
    pub examples: Vec<Example>,
    /// The file that it was loaded from.
    pub path: String,
    pub(crate) rules: Vec<TypedRule>,
    /// What secrets it looks for in files; none for a control that judges resources.
    pub(crate) detectors: Vec<Detector>,
}

/// A rule and the types that it is for; none means all types of the control that have no rule of their own.
#[derive(Debug)]
pub(crate) struct TypedRule {
    pub types: Vec<Arc<str>>,
    pub rule: Rule,
}

/// A piece of configuration in a control's file, and what the control must say of it.
#[derive(Debug, Clone)]
pub struct Example {
    /// The verdict that the control must come to.
    pub verdict: Verdict,
    /// `hcl`, `yaml`, `json`, `arm`, `bicep`, `cloudformation` (a template in YAML) or `serverless` (a
    /// `serverless.yml`); of a control for files also `env`, `ini`, `pem`, `properties`, `shell`, `toml` and `xml`.
    pub language: String,
    /// The configuration.
    pub text: String,
    /// The line in the control's file on which it begins.
    pub line: u32,
}

impl Control {
    /// What is known of a policy that another language holds: all but a rule of ours.
    pub(crate) fn foreign(id: &str, title: &str, severity: Severity, path: &str, why: String, fix: &str) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            severity,
            key: false,
            types: Vec::new(),
            dialects: Vec::new(),
            frameworks: Vec::new(),
            aliases: Arc::from([]),
            why,
            fix: fix.into(),
            examples: Vec::new(),
            path: path.to_owned(),
            rules: Vec::new(),
            detectors: Vec::new(),
        }
    }

    /// Whether the control looks for secrets in files instead of judging resources.
    #[must_use]
    pub fn is_for_secrets(&self) -> bool {
        !self.detectors.is_empty()
    }

    /// Whether the control judges resources of a type.
    #[must_use]
    pub fn is_for(&self, resource_type: &str) -> bool {
        self.types.iter().any(|pattern| type_matches(pattern, resource_type))
    }

    /// The rule for a type.
    pub(crate) fn rule_for(&self, resource_type: &str) -> Option<usize> {
        if !self.is_for(resource_type) {
            return None;
        }
        let own = self.rules.iter().position(|rule| rule.types.iter().any(|known| type_matches(known, resource_type)));
        own.or_else(|| self.rules.iter().position(|rule| rule.types.is_empty()))
    }
}

/// Whether a type is the one named, or begins as the part before a `*` does.
pub(crate) fn type_matches(pattern: &str, resource_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => resource_type.starts_with(start),
        // Azure's types, which alone have a slash, are not told apart by their case.
        None if pattern.contains('/') => pattern.eq_ignore_ascii_case(resource_type),
        None => pattern == resource_type,
    }
}

/// Reads a control. What is wrong with it comes as diagnostics; a control with any is not used.
pub(crate) fn read(file: &ControlFile) -> Result<Control, Vec<Diagnostic>> {
    read_with(file, Care::Checked)
}

/// Reads a control of ours without looking again for what tests have ruled out.
pub(crate) fn read_ours(file: &ControlFile) -> Result<Control, Vec<Diagnostic>> {
    read_with(file, Care::Known)
}

fn read_with(file: &ControlFile, care: Care) -> Result<Control, Vec<Diagnostic>> {
    let page = Page::of(&file.text);
    let mut wrong = Vec::new();
    let front = front::read(&page, &file.path, &mut wrong);
    let why = section(&page, "Why", "why the control matters, in two to four sentences", file, &mut wrong);
    let fix = section(&page, "Fix", "how to mend a break, with a snippet or diff", file, &mut wrong);
    let of_files = front.types.iter().any(|name| &**name == FILE_TYPE);
    let (rules, detectors) = if of_files {
        (Vec::new(), detectors(&page, &front.types, file, care, &mut wrong))
    } else {
        (rules(&page, &front.types, file, &mut wrong), Vec::new())
    };
    let examples = examples(&page, file, of_files, &mut wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Control {
        id: front.id.into(),
        title: front.title.into(),
        severity: front.severity,
        key: front.key,
        types: front.types,
        dialects: front.dialects,
        frameworks: front.frameworks,
        aliases: front.aliases.into(),
        why,
        fix: fix.into(),
        examples,
        path: file.path.clone(),
        rules,
        detectors,
    })
}

fn section(page: &Page<'_>, name: &str, what: &str, file: &ControlFile, wrong: &mut Vec<Diagnostic>) -> String {
    let text = page.section(name).unwrap_or_default();
    if text.is_empty() {
        wrong.push(Diagnostic::error(
            "control.section",
            format!("the section `## {name}` is missing or empty"),
            Place::at(&file.path, page.end, 1),
            format!("add `## {name}`: {what}"),
        ));
    }
    text
}

fn rules(page: &Page<'_>, types: &[Arc<str>], file: &ControlFile, wrong: &mut Vec<Diagnostic>) -> Vec<TypedRule> {
    let mut rules = Vec::new();
    for fence in page.fences.iter().filter(|fence| fence.tag() == "rule") {
        match lang::rule(&fence.text, fence.line) {
            Ok(rule) => rules.push(TypedRule { types: fence.words().map(Arc::from).collect(), rule }),
            Err(error) => {
                // What is missing at the end of a block that is not closed would stand on the line behind the file.
                let column = if error.spot.line > page.end { 1 } else { error.spot.column };
                let place = Place::at(&file.path, error.spot.line.min(page.end), column);
                wrong.push(Diagnostic::error("control.rule", error.summary, place, error.help));
            }
        }
        for named in fence.words() {
            if !types.iter().any(|known| type_matches(known, named) || &**known == named) {
                wrong.push(Diagnostic::error(
                    "control.rule",
                    format!("the rule is for `{named}`, which is not among the control's types"),
                    Place::at(&file.path, fence.line.saturating_sub(1), 1),
                    "add the type to `types` in the front matter, or correct its name",
                ));
            }
        }
    }
    if rules.is_empty() && wrong.is_empty() {
        wrong.push(Diagnostic::error(
            "control.rule",
            "the control has no rule",
            Place::at(&file.path, page.end, 1),
            "add a fenced block that begins with ```rule",
        ));
    }
    rules
}

/// The `secret` blocks of a control for files, which stand in the place of rules.
fn detectors(
    page: &Page<'_>,
    types: &[Arc<str>],
    file: &ControlFile,
    care: Care,
    wrong: &mut Vec<Diagnostic>,
) -> Vec<Detector> {
    let mut error = |line: u32, summary: &str, help: &str| {
        wrong.push(Diagnostic::error("control.secret", summary, Place::at(&file.path, line, 1), help));
    };
    if types.len() > 1 {
        error(2, "a control for files judges no resources beside", "leave the other types out");
    }
    if let Some(fence) = page.fences.iter().find(|fence| fence.tag() == "rule") {
        error(
            fence.line.saturating_sub(1),
            "a control for files has no rule",
            "write a block that begins with ```secret",
        );
    }
    let blocks: Vec<_> = page.fences.iter().filter(|fence| fence.tag() == "secret").collect();
    if blocks.is_empty() {
        error(page.end, "the control has no secret block", "add a fenced block that begins with ```secret");
    }
    blocks.into_iter().filter_map(|fence| secret::read(&fence.text, &file.path, fence.line, care, wrong)).collect()
}

fn examples(page: &Page<'_>, file: &ControlFile, of_files: bool, wrong: &mut Vec<Diagnostic>) -> Vec<Example> {
    let of_fence = |fence: &Fence<'_>| {
        let verdict = match fence.words().next()? {
            "pass" => Verdict::Pass,
            "fail" => Verdict::Fail,
            "unknown" => Verdict::Unknown,
            _ => return None,
        };
        Some(Example { verdict, language: fence.tag().to_owned(), text: fence.text.clone(), line: fence.line })
    };
    let examples: Vec<_> =
        page.fences.iter().filter(|fence| !matches!(fence.tag(), "rule" | "secret")).filter_map(of_fence).collect();
    // Whether a text is a secret can nearly always be told, so that only some of these controls are ever unknown.
    let wanted: &[Verdict] =
        if of_files { &[Verdict::Pass, Verdict::Fail] } else { &[Verdict::Pass, Verdict::Fail, Verdict::Unknown] };
    for verdict in wanted.iter().copied() {
        if !examples.iter().any(|example| example.verdict == verdict) {
            wrong.push(Diagnostic::error(
                "control.examples",
                format!("no example that must be `{verdict}`"),
                Place::at(&file.path, page.end, 1),
                format!(
                    "under `## Examples` add a fenced block that begins with ```hcl {verdict} or ```yaml {verdict}"
                ),
            ));
        }
    }
    examples
}
