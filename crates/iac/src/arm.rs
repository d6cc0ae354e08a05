//! ARM templates: JSON with comments in, resources out. Bicep is compiled into the same declarations and evaluated here.
//!
//! Templates that no other template of the files brings in are deployed, each by itself; the others are evaluated through
//! their callers under `module.name...` addresses. Parameters come from the parameters file beside the template
//! (`main.parameters.json` for `main.json`), then from their defaults; one that has neither is unknown, and so is what
//! only a deployment knows. The address of a resource is its type and its name, `Microsoft.Web/sites.shop`; what is not
//! known of a name stands in it as the expression that it was written as.

mod deploy;
pub(crate) mod eval;
pub(crate) mod expr;
mod functions;
mod load;
mod names;
mod parse;
mod scope;
pub(crate) mod template;

use crate::source::{Origin, text_of};
use crate::{Reading, SourceFile, bicep, json};
use deploy::{Around, Deployed};
use expr::Expr;
use mainstay_model::{Diagnostic, Place};
use scope::{Scope, World};
use std::collections::{BTreeSet, HashMap};
use template::Template;

/// The stack that evaluation runs on; only what is used of it takes memory.
const STACK_BYTES: usize = 256 << 20;

/// The schemas of templates by what their address ends in, in lower case.
const SCHEMAS: [&str; 4] = [
    "deploymenttemplate.json",
    "subscriptiondeploymenttemplate.json",
    "managementgroupdeploymenttemplate.json",
    "tenantdeploymenttemplate.json",
];

/// Reads ARM templates and Bicep files; others are passed over.
///
/// ```
/// use mainstay_iac::{SourceFile, arm};
/// let text = r#"{
///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
///   "parameters": { "app": { "type": "string", "defaultValue": "shop" } },
///   "resources": [{
///     "type": "Microsoft.Web/sites", "apiVersion": "2023-12-01",
///     "name": "[concat(parameters('app'), '-web')]", "properties": { "httpsOnly": true }
///   }]
/// }"#;
/// let files = [SourceFile { path: "main.json".to_owned(), bytes: text.as_bytes().to_vec() }];
/// let reading = arm::read_arm(&files);
/// assert_eq!(reading.resources[1].address, "Microsoft.Web/sites.shop-web");
/// assert_eq!(reading.resources[1].attribute("properties.httpsOnly").unwrap().to_json(), true);
/// ```
#[must_use]
pub fn read_arm(files: &[SourceFile]) -> Reading {
    let mut reading = Reading { files: files.iter().map(|file| file.path.clone()).collect(), ..Reading::default() };
    add(files, &mut reading);
    reading
}

/// Whether a file is an ARM template by its `$schema`.
pub(crate) fn is_template(file: &SourceFile) -> bool {
    schema_ends(file, &SCHEMAS)
}

fn schema_ends(file: &SourceFile, ends: &[&str]) -> bool {
    if !has_end(&file.path, ".json") && !has_end(&file.path, ".jsonc") && !has_end(&file.path, ".template") {
        return false;
    }
    let Some(at) = find(&file.bytes, b"$schema") else { return false };
    let after = &file.bytes[at..];
    let quoted = after.split(|byte| *byte == b'"').nth(2).unwrap_or_default();
    let schema = String::from_utf8_lossy(&quoted[..quoted.len().min(500)]).to_ascii_lowercase();
    let schema = schema.trim_end_matches('#');
    ends.iter().any(|end| schema.ends_with(end)) && schema.contains("schema")
}

/// The first place of some bytes, looked for near the start of a file, where `$schema` stands.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn has_end(path: &str, end: &str) -> bool {
    path.len() >= end.len() && path.as_bytes()[path.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

/// Adds what the templates among the files deploy.
pub(crate) fn add(files: &[SourceFile], reading: &mut Reading) {
    if !files.iter().any(|file| bicep::is_bicep(file) || is_template(file)) {
        return;
    }
    let read = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || deployed(files));
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(read)) => read,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Reading {
                diagnostics: vec![Diagnostic::error(
                    "arm.memory",
                    format!("no memory for the evaluation of templates: {error}"),
                    Place::default(),
                    "free memory and read again",
                )],
                ..Reading::default()
            },
        }
    });
    reading.resources.extend(read.resources);
    reading.diagnostics.extend(read.diagnostics);
}

fn deployed(files: &[SourceFile]) -> Reading {
    let mut reading = Reading::default();
    let (mut templates, mut given) = (HashMap::new(), HashMap::new());
    for (index, file) in (0u32..).zip(files) {
        if let Some(template) = read_template(file, index, &mut reading.diagnostics) {
            templates.insert(file.path.clone(), template);
        }
    }
    for (index, file) in (0u32..).zip(files) {
        for (path, parameters) in read_parameters(file, index, &templates, &mut reading.diagnostics) {
            given.insert(path, parameters);
        }
    }
    let world = World::new(files, &templates, &given);
    for root in roots(&templates) {
        let template = &templates[root];
        let mut deployed = Deployed::default();
        deployed.template(&Scope::new(&world, template, String::new()), &Around::new(&template.path));
        deployed.resolve();
        reading.resources.append(&mut deployed.resources);
    }
    reading.diagnostics.append(&mut world.diagnostics.borrow_mut());
    reading
}

fn read_template(file: &SourceFile, index: u32, diagnostics: &mut Vec<Diagnostic>) -> Option<Template> {
    let is_bicep = bicep::is_bicep(file);
    if !is_bicep && !is_template(file) {
        return None;
    }
    let origin = Origin::nth(&file.path, index);
    let text = match text_of(&file.bytes, &file.path) {
        Ok(text) => text,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return None;
        }
    };
    if is_bicep {
        return Some(bicep::template(text, origin, diagnostics));
    }
    match json::parse_lenient(text, origin) {
        Ok(node) => Some(load::template(&node, &file.path, diagnostics)),
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            None
        }
    }
}

/// What a parameters file gives, and for which template: the one beside it of the same name, or the one that it names.
fn read_parameters(
    file: &SourceFile,
    index: u32,
    templates: &HashMap<String, Template>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(String, HashMap<String, Expr>)> {
    let origin = Origin::nth(&file.path, index);
    if has_end(&file.path, ".bicepparam") {
        let Ok(text) = text_of(&file.bytes, &file.path) else { return Vec::new() };
        let (using, given) = bicep::parameters(text, origin, diagnostics);
        let path = using.and_then(|relative| names::beside(&file.path, &relative));
        return path.map(|path| (path, given)).into_iter().collect();
    }
    let Some(stem) = file.path.strip_suffix(".parameters.json") else { return Vec::new() };
    let beside = [".json", ".jsonc", ".bicep"].map(|end| format!("{stem}{end}"));
    let wanted: Vec<String> = beside.into_iter().filter(|path| templates.contains_key(path)).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let node = text_of(&file.bytes, &file.path).and_then(|text| json::parse_lenient(text, origin));
    match node {
        Ok(node) => wanted.into_iter().map(|path| (path, load::given(&node, &file.path, diagnostics))).collect(),
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            Vec::new()
        }
    }
}

/// Templates that no other brings in, in order; of a circle of templates the first.
fn roots(templates: &HashMap<String, Template>) -> Vec<&str> {
    let paths: BTreeSet<&str> = templates.keys().map(String::as_str).collect();
    let calls = |path: &str| {
        let template = &templates[path];
        template.local_sources().into_iter().filter_map(|relative| names::beside(path, relative)).collect::<Vec<_>>()
    };
    let called: BTreeSet<String> = paths.iter().flat_map(|path| calls(path)).collect();
    let mut roots: Vec<&str> = paths.iter().copied().filter(|path| !called.contains(*path)).collect();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let reach = |from: &str, reached: &mut BTreeSet<String>| {
        let mut open = vec![from.to_owned()];
        while let Some(path) = open.pop() {
            if templates.contains_key(&path) && reached.insert(path.clone()) {
                open.extend(calls(&path));
            }
        }
    };
    roots.iter().for_each(|root| reach(root, &mut reached));
    for path in paths {
        if !reached.contains(path) {
            roots.push(path);
            reach(path, &mut reached);
        }
    }
    roots
}
