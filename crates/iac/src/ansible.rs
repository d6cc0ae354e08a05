//! Ansible: the tasks and blocks of playbooks and roles, and the hosts and groups of inventories.
//!
//! A task is of the type of its module under its full name, and its attributes are the module's parameters; what the task
//! itself says (`become`, `no_log`, `when`) stands under `task`. Values with a Jinja template are unknown.

use crate::kubernetes::template;
use crate::source::{Origin, text_of};
use crate::yaml::{self, Schema};
use crate::{At, Block, Dialect, Map, Node, Reading, Resource, SourceFile, Value};
use std::sync::Arc;

mod inventory;
mod modules;

/// How deep blocks may nest.
const DEPTH_MAX: usize = 32;

/// The lists of tasks that a play may hold.
const TASK_LISTS: [&str; 4] = ["pre_tasks", "tasks", "post_tasks", "handlers"];

/// Whether a file may be Ansible's, by its name and a look at its bytes; its content decides.
pub(crate) fn may_be(file: &SourceFile) -> bool {
    let path = file.path.to_ascii_lowercase();
    if inventory::is_ini(&path) {
        return true;
    }
    if !path.ends_with(".yml") && !path.ends_with(".yaml") {
        return false;
    }
    let holds = |word: &[u8]| crate::read::contains(&file.bytes, word);
    is_task_file(&path) || holds(b"hosts:") || holds(b"ansible.") || holds(b"block:") || holds(b"import_playbook")
}

/// Adds what a file holds; one that is not Ansible's after all is passed over without a word.
pub(crate) fn read_file(file: &SourceFile, index: u32, shown: &str, reading: &mut Reading) {
    // What is wrong with the bytes of a file that may be anybody's is not ours to say.
    let Ok(text) = text_of(&file.bytes, &file.path) else { return };
    let origin = Origin::nth(&file.path, index);
    let mut found = Found { root: Arc::from(&*file.path), out: Vec::new() };
    if inventory::is_ini(&file.path.to_ascii_lowercase()) {
        inventory::read_ini(text, origin, &mut found, &mut reading.diagnostics);
        return reading.resources.append(&mut found.out);
    }
    let read = yaml::parse(text, origin, Schema::Kubernetes);
    let mut ours = false;
    for document in &read.documents {
        match &document.value {
            Value::List(items) if is_playbook(items, shown) => {
                ours = true;
                items.iter().for_each(|item| play_or_task(item, &mut found));
            }
            Value::Map(map) if inventory::is_yaml(map) => {
                ours = true;
                inventory::read_yaml(map, &mut found);
            }
            _ => {}
        }
    }
    let broken = read.documents.is_empty();
    if ours || (broken && (is_task_file(&file.path.to_ascii_lowercase()) || reads_like_a_play(text))) {
        reading.diagnostics.extend(read.diagnostics);
    }
    reading.resources.append(&mut found.out);
}

/// `roles/web/tasks/main.yml` and `handlers`.
fn is_task_file(path: &str) -> bool {
    let mut folders = path.rsplit('/').skip(1);
    folders.next().is_some_and(|folder| folder == "tasks" || folder == "handlers")
}

/// Whether a text that cannot be read as YAML was meant for a playbook: else what is wrong with it is not ours to say.
fn reads_like_a_play(text: &str) -> bool {
    let has = |key: &str| {
        let mut fields = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
        fields.any(|field| field.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    };
    has("import_playbook") || (has("hosts") && (has("roles") || TASK_LISTS.iter().any(|key| has(key))))
}

fn is_playbook(items: &[Node], shown: &str) -> bool {
    let maps = || items.iter().filter_map(map_of);
    let is_play = |map: &Map| {
        let has = |key: &str| map.get(key).is_some();
        (has("hosts") && (has("roles") || TASK_LISTS.iter().any(|key| has(key)))) || has("import_playbook")
    };
    let is_task = |map: &Map| {
        map.get("block").is_some_and(|node| matches!(node.value, Value::List(_)))
            || map.iter().any(|(key, _)| key.matches('.').count() >= 2 || modules::is_short(key))
    };
    !items.is_empty()
        && maps().count() == items.len()
        && (maps().any(is_play) || maps().all(is_task) || (is_task_file(shown) && maps().any(is_task)))
}

fn map_of(node: &Node) -> Option<&Map> {
    match &node.value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

/// Collects the resources of one file.
struct Found {
    root: Arc<str>,
    out: Vec<Resource>,
}

impl Found {
    fn add(&mut self, kind: String, address: String, name: &str, body: Map, at: At, line_end: u32) {
        self.out.push(Resource {
            dialect: Dialect::Ansible,
            block: Block::Resource,
            root: self.root.clone(),
            address,
            resource_type: kind,
            api_version: String::new(),
            name: name.to_owned(),
            namespace: None,
            body,
            at,
            line_end,
            references: Vec::new(),
            action: None,
            live_id: None,
        });
    }
}

fn play_or_task(node: &Node, found: &mut Found) {
    let Some(map) = map_of(node) else { return };
    let mut is_play = map.get("hosts").is_some();
    for key in TASK_LISTS {
        if let Some(Node { value: Value::List(tasks), .. }) = map.get(key) {
            is_play = true;
            tasks.iter().for_each(|one| task(one, "", 0, found));
        }
    }
    if is_play {
        let mut play = Map::default();
        for (key, node) in map.iter().filter(|(key, _)| !TASK_LISTS.contains(key)) {
            play.set(key, node.clone());
        }
        template::doubt_map(&mut play);
        let name = text_in(map, "name").unwrap_or("unknown").to_owned();
        found.add("ansible.play".to_owned(), format!("play.{name}"), &name, play, node.at, last_line(node));
    } else {
        task(node, "", 0, found);
    }
}

fn task(node: &Node, blocks: &str, depth: usize, found: &mut Found) {
    let Some(map) = map_of(node) else { return };
    if depth > DEPTH_MAX {
        return;
    }
    let name = text_in(map, "name").unwrap_or("unknown");
    if let Some(Node { value: Value::List(inner), .. }) = map.get("block") {
        let mut body = Map::default();
        for (key, node) in map.iter().filter(|(key, _)| *key != "block") {
            body.set(key, node.clone());
        }
        template::doubt_map(&mut body);
        found.add("ansible.block".to_owned(), format!("block.{name}"), name, body, node.at, last_line(node));
        let blocks = format!("{blocks}block.");
        let lists = ["rescue", "always"].iter().filter_map(|key| match map.get(key).map(|node| &node.value) {
            Some(Value::List(items)) => Some(items),
            _ => None,
        });
        for one in inner.iter().chain(lists.flatten()) {
            task(one, &blocks, depth + 1, found);
        }
        return;
    }
    let Some((module, parameters)) = modules::call(map) else { return };
    let mut body = modules::parameters(parameters, &module);
    let mut own = Map::default();
    for (key, node) in map.iter().filter(|(key, _)| modules::is_keyword(key)) {
        own.set(key, node.clone());
    }
    body.set("task", Node { value: Value::Map(own), at: node.at });
    template::doubt_map(&mut body);
    let address = format!("tasks.{blocks}{module}.{name}");
    found.add(modules::full(&module), address, name, body, node.at, last_line(node));
}

fn text_in<'m>(map: &'m Map, key: &str) -> Option<&'m str> {
    match &map.get(key)?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn last_line(node: &Node) -> u32 {
    let inner = match &node.value {
        Value::List(items) => items.iter().map(last_line).max(),
        Value::Map(map) => map.iter().map(|(_, node)| last_line(node)).max(),
        _ => None,
    };
    inner.unwrap_or(0).max(node.at.line)
}
