//! From files to folders of blocks, and which folders are roots.

use super::module::Inputs;
use super::overrides::{self, is_override};
use super::val::Val;
use super::{INSTANCES_MAX, NODES_MAX, Options, STEPS_BASE_MAX, STEPS_PER_BYTE, World, walk};
use crate::hcl::{self, Attribute, Block, Body, Item, Kind};
use crate::source::{Origin, text_of};
use crate::{Reading, SourceFile, json};
use mainstay_model::{Diagnostic, Level};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The blocks of a folder.
#[derive(Default)]
pub(super) struct Folder<'w> {
    pub path: String,
    // These are evaluated one after the other, and which of a circle comes first decides where it is told: the order is by
    // name.
    pub variables: BTreeMap<&'w str, &'w Block>,
    pub locals: BTreeMap<&'w str, &'w Attribute>,
    pub outputs: BTreeMap<&'w str, &'w Block>,
    pub resources: HashMap<(&'w str, &'w str), &'w Block>,
    pub data: HashMap<(&'w str, &'w str), &'w Block>,
    pub modules: HashMap<&'w str, &'w Block>,
    /// Configurations of providers, which every resource asks for.
    pub providers: Vec<&'w Block>,
    /// `moved` and `removed`.
    pub refactorings: Vec<&'w Block>,
    /// `import`.
    pub imports: Vec<&'w Block>,
    /// Resources, data, providers and module calls in the order of files.
    pub blocks: Vec<&'w Block>,
}

/// Reads on the present stack.
pub(super) fn read(files: &[SourceFile], options: &Options) -> Reading {
    let ((), mut reading) = with_world(files, options, evaluate);
    reading.resources.sort_by_key(|resource| (resource.at.file, resource.at.line));
    reading
}

/// Parses the files and hands over what evaluation needs.
pub(super) fn with_world<T>(
    files: &[SourceFile],
    options: &Options,
    run: impl for<'w> FnOnce(&'w World<'w>, &mut Reading) -> T,
) -> (T, Reading) {
    let mut reading = Reading { files: files.iter().map(|file| file.path.clone()).collect(), ..Reading::default() };
    let bodies = parse_all(files, &mut reading);
    let by_path: HashMap<&str, usize> =
        files.iter().enumerate().map(|(index, file)| (file.path.as_str(), index)).collect();
    let mut folders: BTreeMap<String, Folder<'_>> = BTreeMap::new();
    for (index, body) in &bodies {
        let path = folder_of(&files[*index].path);
        let folder =
            folders.entry(path.to_owned()).or_insert_with(|| Folder { path: path.to_owned(), ..Folder::default() });
        folder.add(body, &files[*index].path, &mut reading.diagnostics);
    }
    let installed = installed_modules(files, &mut reading.diagnostics);
    let bytes: u64 = bodies.iter().map(|(index, _)| files[*index].bytes.len() as u64).sum();
    let templates = typed_arena::Arena::new();
    let world = World {
        folders: &folders,
        files,
        by_path: &by_path,
        options,
        installed: &installed,
        depth: Cell::new(0),
        steps_left: Cell::new(STEPS_BASE_MAX + STEPS_PER_BYTE * bytes),
        instances: Cell::new(INSTANCES_MAX),
        nodes_left: Cell::new(NODES_MAX),
        collector: RefCell::new(Vec::new()),
        diagnostics: RefCell::new(Vec::new()),
        said: RefCell::new(HashSet::new()),
        patterns: RefCell::default(),
        templates: &templates,
        template_files: RefCell::default(),
    };
    let out = run(&world, &mut reading);
    reading.diagnostics.append(&mut world.diagnostics.borrow_mut());
    (out, reading)
}

/// Evaluates the roots; then, as one more root each time, a folder of those that only call each other.
fn evaluate<'w>(world: &'w World<'w>, reading: &mut Reading) {
    let mut called: BTreeSet<String> = BTreeSet::new();
    for folder in world.folders.values() {
        called.extend(
            folder
                .modules
                .values()
                .filter_map(|call| source_of(call))
                .filter_map(|source| local_folder(&folder.path, source)),
        );
    }
    let mut reached: HashSet<String> = HashSet::new();
    let is_installed = |path: &str| path.split('/').any(|part| part == ".terraform");
    for (path, folder) in world.folders {
        if !called.contains(path) && !is_installed(path) {
            walk::root(world, folder, &mut reached, reading);
        }
    }
    for (path, folder) in world.folders {
        if !reached.contains(path) && !is_installed(path) {
            walk::root(world, folder, &mut reached, reading);
        }
    }
}

fn parse_all(files: &[SourceFile], reading: &mut Reading) -> Vec<(usize, Body)> {
    let diagnostics = &mut reading.diagnostics;
    let mut bodies = Vec::new();
    let paths: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    for (index, file) in files.iter().enumerate() {
        let native = file.path.ends_with(".tf") || file.path.ends_with(".tofu");
        let is_json = file.path.ends_with(".tf.json") || file.path.ends_with(".tofu.json");
        // OpenTofu reads `x.tofu` in place of `x.tf`.
        let twin = file.path.strip_suffix(".tf").map(|stem| format!("{stem}.tofu"));
        let twin = twin.or_else(|| file.path.strip_suffix(".tf.json").map(|stem| format!("{stem}.tofu.json")));
        if (!native && !is_json) || twin.is_some_and(|twin| paths.contains(twin.as_str())) {
            continue;
        }
        let origin = Origin::nth(&file.path, u32::try_from(index).unwrap_or(u32::MAX));
        match text_of(&file.bytes, &file.path) {
            Err(diagnostic) => diagnostics.push(*diagnostic),
            Ok(text) if is_json => match hcl::parse_json(text, origin) {
                Ok(body) => bodies.push((index, body)),
                Err(diagnostic) => diagnostics.push(*diagnostic),
            },
            Ok(text) => {
                let file = hcl::parse(text, origin);
                diagnostics.extend(file.diagnostics);
                reading.comments.extend(file.comments);
                bodies.push((index, file.body));
            }
        }
    }
    // A folder's override files come last: a local of theirs counts.
    bodies.sort_by_key(|(index, _)| is_override(&files[*index].path));
    overrides::merge(&mut bodies, files, diagnostics);
    bodies
}

impl<'w> Folder<'w> {
    fn add(&mut self, body: &'w Body, path: &str, diagnostics: &mut Vec<Diagnostic>) {
        for item in &body.items {
            let Item::Block(block) = item else { continue };
            let label = |n: usize| block.labels.get(n).map(|label| &**label);
            let twice = match (&*block.kind, label(0), label(1)) {
                ("locals", None, None) => {
                    for item in &block.body.items {
                        if let Item::Attribute(attribute) = item {
                            self.locals.insert(&attribute.name, attribute);
                        }
                    }
                    None
                }
                ("moved" | "removed", None, None) => {
                    self.refactorings.push(block);
                    None
                }
                ("import", None, None) => {
                    self.imports.push(block);
                    None
                }
                ("variable", Some(name), None) => self.variables.insert(name, block),
                ("output", Some(name), None) => self.outputs.insert(name, block),
                ("provider", Some(_), None) => {
                    self.blocks.push(block);
                    self.providers.push(block);
                    None
                }
                ("module", Some(name), None) => Self::put(&mut self.blocks, &mut self.modules, name, block),
                ("resource", Some(kind), Some(name)) => {
                    Self::put(&mut self.blocks, &mut self.resources, (kind, name), block)
                }
                ("data", Some(kind), Some(name)) => Self::put(&mut self.blocks, &mut self.data, (kind, name), block),
                ("resource" | "data" | "module" | "variable" | "output" | "provider", ..) => {
                    diagnostics.push(Diagnostic::error(
                        "terraform.labels",
                        format!("a `{}` block does not have {} labels", block.kind, block.labels.len()),
                        mainstay_model::Place::at(path, block.at.line, block.at.column),
                        "give a resource or data block a type and a name, the others a name",
                    ));
                    None
                }
                _ => None,
            };
            if let Some(first) = twice {
                diagnostics.push(Diagnostic {
                    level: Level::Warning,
                    ..Diagnostic::error(
                        "terraform.duplicate",
                        format!(
                            "`{} {}` was already declared on line {} of its file",
                            block.kind,
                            block.labels.join(" "),
                            first.at.line
                        ),
                        mainstay_model::Place::at(path, block.at.line, block.at.column),
                        "rename one of them; references go to the last one",
                    )
                });
            }
        }
    }

    /// Whether a later block has the name of this resource or data block, so that references go to that one.
    pub(super) fn is_shadowed(&self, block: &Block) -> bool {
        let [kind, name] = block.labels.as_slice() else { return false };
        let map = if &*block.kind == "data" { &self.data } else { &self.resources };
        map.get(&(&**kind, &**name)).is_some_and(|known| !std::ptr::eq(*known, block))
    }

    /// Declares a block; gives back the one that had the name already.
    fn put<K: std::hash::Hash + Eq>(
        blocks: &mut Vec<&'w Block>,
        map: &mut HashMap<K, &'w Block>,
        key: K,
        block: &'w Block,
    ) -> Option<&'w Block> {
        blocks.push(block);
        map.insert(key, block)
    }
}

/// The `source` of a module call, where it is a plain text.
pub(super) fn source_of(call: &Block) -> Option<&str> {
    match &call.body.attribute("source")?.value.kind {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

/// The folder that a local source such as `../network` names, seen from another.
pub(super) fn local_folder(from: &str, source: &str) -> Option<String> {
    if source == "." || source == ".." || source.starts_with("./") || source.starts_with("../") {
        join(from, source)
    } else {
        None
    }
}

/// A path put after another and made plain; `None` where it leaves the top.
pub(super) fn join(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let base = if path.starts_with('/') { "" } else { base };
    let absolute = path.starts_with('/') || base.starts_with('/');
    // Files that were named from outside the working folder begin with `..`, and so do their neighbours.
    let outside = base.split('/').next() == Some("..");
    for part in base.split('/').chain(path.split('/')) {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", None | Some(&"..")) if outside => parts.push(part),
            ("..", _) => {
                parts.pop()?;
            }
            (part, _) => parts.push(part),
        }
    }
    Some(match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    })
}

pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

/// What `terraform init` wrote down: for each root the folder of each module call.
fn installed_modules(
    files: &[SourceFile],
    diagnostics: &mut Vec<Diagnostic>,
) -> HashMap<String, HashMap<String, String>> {
    let mut all = HashMap::new();
    for (index, file) in files.iter().enumerate() {
        let Some(root) = file.path.strip_suffix(".terraform/modules/modules.json") else { continue };
        let root = root.strip_suffix('/').filter(|root| !root.is_empty()).unwrap_or(".");
        let origin = Origin::nth(&file.path, u32::try_from(index).unwrap_or(u32::MAX));
        let node = match text_of(&file.bytes, &file.path).and_then(|text| json::parse(text, origin)) {
            Ok(node) => node.to_json(),
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                continue;
            }
        };
        let mut modules = HashMap::new();
        for module in node["Modules"].as_array().into_iter().flatten() {
            if let (Some(key), Some(dir)) = (module["Key"].as_str(), module["Dir"].as_str())
                && let Some(folder) = join(root, dir)
            {
                modules.insert(key.to_owned(), folder);
            }
        }
        all.insert(root.to_owned(), modules);
    }
    all
}

/// The values that files of variables and the options give to a root, the strongest last.
pub(super) fn inputs(world: &World<'_>, folder: &Folder<'_>) -> Inputs {
    let mut inputs = Inputs::new();
    for (name, text) in &world.options.variables {
        if let Some(declared) = folder.variables.get(name.as_str()) {
            inputs.insert(Arc::from(name.as_str()), super::module::from_text(declared, text));
        }
    }
    let here = |path: &str| folder_of(path) == folder.path;
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut paths: Vec<&str> = Vec::new();
    for wanted in ["terraform.tfvars", "terraform.tfvars.json"] {
        paths.extend(
            world.files.iter().map(|file| file.path.as_str()).filter(|path| here(path) && name(path) == wanted),
        );
    }
    let is_auto = |path: &str| path.ends_with(".auto.tfvars") || path.ends_with(".auto.tfvars.json");
    let mut auto: Vec<&str> =
        world.files.iter().map(|file| file.path.as_str()).filter(|path| is_auto(path) && here(path)).collect();
    auto.sort_unstable();
    paths.extend(auto);
    paths.extend(world.options.var_files.iter().map(String::as_str));
    for path in paths {
        let Some(&index) = world.by_path.get(path) else {
            let summary = format!("the file of variables {path} is not among the files");
            world.say(
                "terraform.var-file",
                Level::Error,
                summary,
                crate::At::default(),
                "name a file below the folder that is read",
            );
            continue;
        };
        var_file(world, index, &mut inputs);
    }
    inputs
}

fn var_file(world: &World<'_>, index: usize, inputs: &mut Inputs) {
    let file = &world.files[index];
    let origin = Origin::nth(&file.path, u32::try_from(index).unwrap_or(u32::MAX));
    let mut faults = Vec::new();
    match text_of(&file.bytes, &file.path) {
        Err(diagnostic) => faults.push(*diagnostic),
        Ok(text) if file.path.ends_with(".json") => match json::parse(text, origin) {
            Err(diagnostic) => faults.push(*diagnostic),
            Ok(node) => {
                if let Val::Map(object) = Val::of_node(&node) {
                    inputs.extend(object.entries.iter().map(|(key, item)| (key.clone(), item.clone())));
                }
            }
        },
        Ok(text) => {
            let parsed = hcl::parse(text, origin);
            faults.extend(parsed.diagnostics);
            for item in &parsed.body.items {
                if let Item::Attribute(attribute) = item {
                    inputs.insert(attribute.name.clone(), super::module::constant(&attribute.value));
                }
            }
        }
    }
    world.diagnostics.borrow_mut().extend(faults);
}
