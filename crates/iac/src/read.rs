//! One entry for a folder of anything: tells the formats apart and reads each.

use crate::shown::Shown;
use crate::source::{Origin, text_of};
use crate::terraform::Options;
use crate::{
    Reading, SourceFile, Value, ansible, arm, cloudformation, comment, dockerfile, helm, json, kubernetes, kustomize,
    openapi, plan, state, terraform, workflow,
};

/// Reads everything that is infrastructure as code among the files: Terraform source, plan JSON, state, CloudFormation
/// and SAM templates, `serverless.yml`, Kubernetes manifests, ARM templates and Bicep, descriptions of APIs. Other files
/// are passed over; Terraform's `file()` sees them.
#[must_use]
pub fn read(files: &[SourceFile], options: &Options) -> Reading {
    let mut reading = if files.iter().any(|file| is_terraform(&file.path)) {
        terraform::read_terraform(files, options)
    } else {
        Reading { files: files.iter().map(|file| file.path.clone()).collect(), ..Reading::default() }
    };
    arm::add(files, &mut reading);
    let templates = cloudformation::read_among(files, &mut reading);
    let shown = Shown::of(files, options.folder.as_deref());
    let charts = helm::Charts::among(files, &mut reading);
    for (index, file) in files.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        if helm::is_rendered(file) {
            let before = (reading.resources.len(), reading.diagnostics.len());
            kubernetes::read_file(file, index, &mut reading);
            helm::relocate(files, file, before, &mut reading);
            continue;
        }
        reading.comments.append(&mut comment::of_file(file, index));
        if templates.contains(&index) || charts.holds(&file.path) || kustomize::is_kustomization(&file.path) {
            continue;
        }
        match kind_of(file) {
            Kind::Manifest => kubernetes::read_file(file, index, &mut reading),
            Kind::Json => read_json(file, index, &mut reading),
            Kind::Dockerfile => dockerfile::read_file(file, index, shown.path(file), &mut reading),
            Kind::State => state::read_file(file, index, &mut reading),
            Kind::Workflow(system) => workflow::read_file(file, system, index, shown.path(file), &mut reading),
            Kind::Ansible => ansible::read_file(file, index, shown.path(file), &mut reading),
            Kind::OpenApi => openapi::read_file(file, index, shown.path(file), &mut reading),
            Kind::Other => {}
        }
    }
    kustomize::build(files, &mut reading);
    reading.resources.sort_by_key(|resource| (resource.at.file, resource.at.line));
    reading.comments.sort_by_key(|comment| comment.at);
    kubernetes::link(&mut reading.resources);
    reading
}

enum Kind {
    Manifest,
    /// Plan, state or manifest: its content tells.
    Json,
    State,
    Dockerfile,
    Workflow(workflow::System),
    Ansible,
    OpenApi,
    Other,
}

fn is_terraform(path: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|end| path.ends_with(end))
}

fn kind_of(file: &SourceFile) -> Kind {
    let path = file.path.to_ascii_lowercase();
    if path.split('/').any(|part| part == ".terraform") || is_terraform(&path) {
        return Kind::Other;
    }
    if dockerfile::is_dockerfile(&path) {
        return Kind::Dockerfile;
    }
    if path.ends_with(".tfstate") {
        return Kind::State;
    }
    let holds = |word: &str| contains(&file.bytes, word.as_bytes());
    if path.ends_with(".yaml") || path.ends_with(".yml") {
        if let Some(system) = workflow::system_of(file) {
            return Kind::Workflow(system);
        }
        if holds("apiVersion") && holds("kind") {
            return Kind::Manifest;
        }
    }
    if ansible::may_be(file) {
        return Kind::Ansible;
    }
    if path.ends_with(".json") && !path.ends_with(".tfvars.json") {
        if arm::is_template(file) {
            return Kind::Other;
        }
        let ours = (holds("\"apiVersion\"") && holds("\"kind\""))
            || holds("\"terraform_version\"")
            || holds("\"format_version\"");
        if ours {
            return Kind::Json;
        }
    }
    if openapi::may_be(file, &path) { Kind::OpenApi } else { Kind::Other }
}

pub(crate) fn contains(bytes: &[u8], word: &[u8]) -> bool {
    let Some(&first) = word.first() else { return true };
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|&byte| byte == first) {
        let start = from + found;
        if bytes[start..].starts_with(word) {
            return true;
        }
        from = start + 1;
    }
    false
}

fn read_json(file: &SourceFile, index: u32, reading: &mut Reading) {
    let parsed = text_of(&file.bytes, &file.path).and_then(|text| json::parse(text, Origin::nth(&file.path, index)));
    let node = match parsed {
        // Concatenated manifests are not one document, yet they can be read.
        Err(_) if contains(&file.bytes, b"\"apiVersion\"") => return kubernetes::read_file(file, index, reading),
        Err(diagnostic) => return reading.diagnostics.push(*diagnostic),
        Ok(node) => node,
    };
    let Value::Map(map) = &node.value else { return };
    let has = |key: &str| map.get(key).is_some();
    if has("format_version") && (has("planned_values") || has("resource_changes")) {
        plan::read_node(&node, &file.path, reading);
    } else if has("terraform_version") && (has("lineage") || has("serial")) {
        state::read_node(&node, &file.path, reading);
    } else if has("format_version") && has("values") {
        plan::read_state_output(&node, &file.path, reading);
    } else {
        kubernetes::read_document(node, reading);
    }
}
