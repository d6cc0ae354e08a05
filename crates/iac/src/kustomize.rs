//! Kustomize overlays: what an overlay builds out of manifests that were read, with the places of the originals and of the
//! patches. What only an overlay gives is judged; a base is judged as its overlays make it. A base that lies elsewhere is
//! reported, because what it holds is not known.

use crate::kubernetes::identify;
use crate::source::{Origin, text_of};
use crate::yaml::{self, Schema};
use crate::{At, Map, Node, Reading, Resource, SourceFile, Value};
use mainstay_model::Diagnostic;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

mod names;
mod patch;

use patch::Patch;

/// How deep overlays may lie on each other.
const DEPTH_MAX: usize = 32;
/// How many lines of an entry, such as its target, may stand before the text of its patch.
const ENTRY_LINES_MAX: usize = 32;
/// How many manifests all overlays of a reading may build.
const BUILT_MAX: usize = 50_000;

/// Whether a file says how to build an overlay.
pub(crate) fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Puts what the overlays build in the place of the manifests that they are built of.
pub(crate) fn build(files: &[SourceFile], reading: &mut Reading) {
    let mut builder = Builder::of(files);
    if builder.overlays.is_empty() {
        return;
    }
    for (index, resource) in reading.resources.iter().enumerate() {
        if resource.dialect == crate::Dialect::Kubernetes {
            builder.by_file.entry(resource.at.file).or_default().push(index);
        }
    }
    let folders: Vec<String> = builder.overlays.keys().cloned().collect();
    let lower: HashSet<String> = folders.iter().flat_map(|folder| builder.below(folder)).collect();
    let mut built = Vec::new();
    // A folder that no other builds on is what is applied. Of a ring none is; its manifests are judged as they stand.
    let mut tops: Vec<&String> = folders.iter().filter(|folder| !lower.contains(*folder)).collect();
    tops.sort();
    for folder in tops {
        let mut resources = builder.folder(folder, &reading.resources, Vec::new(), &mut Vec::new());
        resources.iter_mut().for_each(|resource| resource.root = Arc::from(folder.trim_end_matches('/')));
        built.append(&mut resources);
    }
    let used = &builder.used;
    reading
        .resources
        .retain(|resource| !used.contains(&resource.at.file) || resource.dialect != crate::Dialect::Kubernetes);
    reading.resources.append(&mut built);
    reading.diagnostics.append(&mut builder.wrong);
}

/// A kustomization that was read.
struct Overlay {
    file: u32,
    path: String,
    map: Map,
}

struct Builder<'f> {
    files: &'f [SourceFile],
    by_path: HashMap<&'f str, u32>,
    /// By folder, with the `/` at its end.
    overlays: HashMap<String, Arc<Overlay>>,
    /// The manifests of each file, by their places in the reading.
    by_file: HashMap<u32, Vec<usize>>,
    /// Files that an overlay takes up: they are judged as it builds them.
    used: HashSet<u32>,
    count: usize,
    wrong: Vec<Diagnostic>,
}

impl<'f> Builder<'f> {
    fn of(files: &'f [SourceFile]) -> Self {
        let mut builder = Self {
            files,
            by_path: HashMap::new(),
            overlays: HashMap::new(),
            by_file: HashMap::new(),
            used: HashSet::new(),
            count: 0,
            wrong: Vec::new(),
        };
        for (index, file) in (0u32..).zip(files) {
            builder.by_path.insert(&file.path, index);
            if !is_kustomization(&file.path) {
                continue;
            }
            let Ok(text) = text_of(&file.bytes, &file.path) else { continue };
            let read = yaml::parse(text, Origin::nth(&file.path, index), Schema::Kubernetes);
            builder.wrong.extend(read.diagnostics);
            if let Some(Node { value: Value::Map(map), .. }) = read.documents.into_iter().next() {
                builder.used.insert(index);
                let overlay = Overlay { file: index, path: file.path.clone(), map };
                builder.overlays.insert(folder_of(&file.path).to_owned(), Arc::new(overlay));
            }
        }
        builder
    }

    /// The folders that an overlay builds on.
    fn below(&self, folder: &str) -> Vec<String> {
        let Some(overlay) = self.overlays.get(folder) else { return Vec::new() };
        let entries = ["resources", "bases", "components"].iter().flat_map(|key| texts(&overlay.map, key));
        entries.filter_map(|(entry, _)| joined(folder, entry)).map(|path| format!("{path}/")).collect()
    }

    fn complain(&mut self, overlay: &Overlay, at: At, code: &str, summary: String, help: &str) {
        let place = Origin::nth(&overlay.path, overlay.file).place(at);
        self.wrong.push(Diagnostic::error(code, summary, place, help));
    }

    /// What a folder builds on top of what is there already, which is something for a component alone.
    fn folder(
        &mut self,
        folder: &str,
        all: &[Resource],
        before: Vec<Resource>,
        open: &mut Vec<String>,
    ) -> Vec<Resource> {
        let Some(overlay) = self.overlays.get(folder).cloned() else { return before };
        let mut built = before;
        self.count += 1;
        if self.count > BUILT_MAX {
            return built;
        }
        if open.len() >= DEPTH_MAX || open.iter().any(|known| known == folder) {
            let at = Origin::nth(&overlay.path, overlay.file).at(1, 1);
            let help = "take the folder out of `resources` of what it builds on";
            self.complain(&overlay, at, "kustomize.ring", "the overlay builds on itself".to_owned(), help);
            return built;
        }
        open.push(folder.to_owned());
        for key in ["resources", "bases"] {
            for (entry, at) in texts(&overlay.map, key) {
                let mut found = self.entry(&overlay, folder, entry, at, all, open);
                built.append(&mut found);
            }
        }
        built.append(&mut self.generated(&overlay));
        for (entry, at) in texts(&overlay.map, "components") {
            match joined(folder, entry).map(|path| format!("{path}/")).filter(|path| self.overlays.contains_key(path)) {
                Some(component) => built = self.folder(&component, all, built, open),
                None => self.missing(&overlay, entry, at),
            }
        }
        open.pop();
        self.transform(&overlay, folder, &mut built);
        built
    }

    /// The manifests of one entry of `resources`.
    fn entry(
        &mut self,
        overlay: &Overlay,
        folder: &str,
        entry: &str,
        at: At,
        all: &[Resource],
        open: &mut Vec<String>,
    ) -> Vec<Resource> {
        let path = joined(folder, entry);
        if let Some(index) = path.as_deref().and_then(|path| self.by_path.get(path)).copied() {
            self.used.insert(index);
            let places = self.by_file.get(&index).map(Vec::as_slice).unwrap_or_default();
            let left = BUILT_MAX.saturating_sub(self.count);
            if places.len() > left {
                let summary = format!("all overlays together build more than {BUILT_MAX} manifests");
                self.complain(overlay, at, "kustomize.size", summary, "scan the overlays one by one");
                return Vec::new();
            }
            self.count += places.len();
            return places.iter().map(|place| all[*place].clone()).collect();
        }
        let inner = path.map(|path| format!("{path}/")).filter(|path| self.overlays.contains_key(path));
        if let Some(inner) = inner {
            return self.folder(&inner, all, Vec::new(), open);
        }
        self.missing(overlay, entry, at);
        Vec::new()
    }

    fn missing(&mut self, overlay: &Overlay, entry: &str, at: At) {
        let remote = entry.contains("://") || entry.contains("?ref=") || entry.starts_with("git@");
        let remote = remote
            || entry
                .split('/')
                .next()
                .is_some_and(|host| host.contains('.') && !host.starts_with('.') && entry.contains('/'));
        if remote {
            let summary = format!("the base `{entry}` lies elsewhere and is not read; what it holds is not judged");
            self.complain(overlay, at, "kustomize.remote", summary, "scan the output of `kustomize build` to judge it");
        } else {
            let summary = format!("there is no `{entry}` among the files");
            self.complain(
                overlay,
                at,
                "kustomize.missing",
                summary,
                "correct the path, or scan the folder that holds both",
            );
        }
    }

    fn transform(&mut self, overlay: &Overlay, folder: &str, built: &mut Vec<Resource>) {
        for patch in self.patches(overlay, folder) {
            patch.apply(built);
        }
        names::transform(&overlay.map, built);
        built.iter_mut().for_each(identify);
    }

    fn patches(&mut self, overlay: &Overlay, folder: &str) -> Vec<Patch> {
        let mut found = Vec::new();
        for key in ["patchesStrategicMerge", "patches", "patchesJson6902"] {
            let Some(Node { value: Value::List(items), .. }) = overlay.map.get(key) else { continue };
            for item in items {
                let (source, target) = match &item.value {
                    Value::String(text) => (Some((text.clone(), text.contains('\n'))), None),
                    Value::Map(map) => {
                        let inline = map.get("patch").and_then(text_node).map(|text| (text, true));
                        let path = || map.get("path").and_then(text_node).map(|text| (text, false));
                        (inline.or_else(path), map.get("target").cloned())
                    }
                    _ => (None, None),
                };
                let Some((source, inline)) = source else { continue };
                let nodes = if inline {
                    self.inline(overlay, &source, item.at)
                } else {
                    self.file(overlay, folder, &source, item.at)
                };
                found.extend(nodes.into_iter().map(|node| Patch { node, target: target.clone() }));
            }
        }
        found
    }

    /// Patches that stand in the overlay as a text. Where the text is a literal block, its lines are those of the file;
    /// otherwise all of it has the place of the entry, because lines within the text would name other lines.
    fn inline(&mut self, overlay: &Overlay, text: &str, at: At) -> Vec<Node> {
        let block = self.block(overlay, text, at);
        let line = block.map_or(at.line, |(line, _)| line);
        let place = |place: At| match block {
            Some((_, indent)) => At { column: place.column.saturating_add(indent), ..place },
            None => at,
        };
        let mut read = yaml::parse(text, Origin { path: &overlay.path, file: overlay.file, line }, Schema::Kubernetes);
        for diagnostic in &mut read.diagnostics {
            let At { line, column, .. } =
                place(At { file: overlay.file, line: diagnostic.place.line, column: diagnostic.place.column });
            (diagnostic.place.line, diagnostic.place.column) = (line, column);
        }
        self.wrong.extend(read.diagnostics);
        read.documents.iter_mut().for_each(|node| node.visit_mut(&mut |node| node.at = place(node.at)));
        read.documents
    }

    /// The first line of a text that stands in the file as a literal block (`|`), and how far it is indented. The entry
    /// begins on `at` or a few keys before.
    fn block(&self, overlay: &Overlay, text: &str, at: At) -> Option<(u32, u32)> {
        let whole = text_of(&self.files[overlay.file as usize].bytes, &overlay.path).ok()?;
        let lines: Vec<&str> = whole.lines().skip(at.line.saturating_sub(1) as usize).collect();
        let first = text.lines().next().filter(|first| !first.trim().is_empty())?;
        let is_header = |line: &str| line.trim_end().rsplit([' ', ':']).next().is_some_and(|end| end.starts_with('|'));
        let header = lines.iter().take(ENTRY_LINES_MAX).position(|line| is_header(line))?;
        let indent = lines.get(header + 1)?.strip_suffix(first)?;
        let stands = |(line, file): (&str, &&str)| match file.strip_prefix(indent) {
            Some(rest) => rest == line,
            None => line.is_empty() && file.trim().is_empty(),
        };
        let whole = lines.len() > header + text.lines().count()
            && indent.bytes().all(|byte| byte == b' ')
            && text.lines().zip(&lines[header + 1..]).all(stands);
        let line = u32::try_from(header + 1).ok()?.saturating_add(at.line);
        whole.then(|| (line, u32::try_from(indent.len()).unwrap_or(0)))
    }

    fn file(&mut self, overlay: &Overlay, folder: &str, entry: &str, at: At) -> Vec<Node> {
        let path = joined(folder, entry);
        let Some(index) = path.as_deref().and_then(|path| self.by_path.get(path)).copied() else {
            self.missing(overlay, entry, at);
            return Vec::new();
        };
        self.used.insert(index);
        let file = &self.files[index as usize];
        let Ok(text) = text_of(&file.bytes, &file.path) else { return Vec::new() };
        // What is wrong with it was said where it was read as a manifest, or is said here.
        yaml::parse(text, Origin::nth(&file.path, index), Schema::Kubernetes).documents
    }

    /// Config maps and secrets that are made. Their names get a hash of what they hold, and so do references to them: they
    /// stay together without it.
    fn generated(&mut self, overlay: &Overlay) -> Vec<Resource> {
        let mut out = Vec::new();
        for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            let Some(Node { value: Value::List(items), .. }) = overlay.map.get(key) else { continue };
            for item in items {
                let Value::Map(map) = &item.value else { continue };
                let Some(name) = map.get("name") else { continue };
                let mut metadata = Map::default();
                metadata.set("name", name.clone());
                if let Some(namespace) = map.get("namespace") {
                    metadata.set("namespace", namespace.clone());
                }
                let mut body = Map::default();
                let text = |text: &str| Node { value: Value::String(Arc::from(text)), at: item.at };
                body.set("apiVersion", text("v1"));
                body.set("kind", text(kind));
                body.set("metadata", Node { value: Value::Map(metadata), at: item.at });
                self.count += 1;
                out.push(crate::kubernetes::resource_of(body, item.at));
            }
        }
        out
    }
}

fn folder_of(path: &str) -> &str {
    &path[..path.rfind('/').map_or(0, |at| at + 1)]
}

/// A path within a folder without `.` and `..`; nothing where it leads out of everything, or is no path.
fn joined(folder: &str, entry: &str) -> Option<String> {
    if entry.contains("://") {
        return None;
    }
    let absolute = folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(entry.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(format!("{}{}", if absolute { "/" } else { "" }, parts.join("/")))
}

fn text_node(node: &Node) -> Option<Arc<str>> {
    match &node.value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn texts<'m>(map: &'m Map, key: &str) -> Vec<(&'m str, At)> {
    let Some(Node { value: Value::List(items), .. }) = map.get(key) else { return Vec::new() };
    let text = |node: &'m Node| match &node.value {
        Value::String(text) => Some((&**text, node.at)),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}
