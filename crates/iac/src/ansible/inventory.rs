//! Inventories, in INI and in YAML: hosts and groups with their variables.

use super::{Found, last_line, map_of};
use crate::kubernetes::template;
use crate::source::Origin;
use crate::{At, Map, Node, Value};
use mainstay_model::Diagnostic;
use std::sync::Arc;

/// How deep groups may nest.
const DEPTH_MAX: usize = 32;
/// How many hosts one range such as `web[01:50]` stands for at most.
const RANGE_MAX: u64 = 10_000;

/// Whether a file is an inventory in INI by its name.
pub(super) fn is_ini(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or(path);
    let folder = parts.next().unwrap_or_default();
    let named = matches!(name, "hosts" | "inventory" | "hosts.ini" | "inventory.ini" | "hosts.cfg" | "inventory.cfg");
    named || (matches!(folder, "inventory" | "inventories") && (name.ends_with(".ini") || !name.contains('.')))
}

/// Whether a YAML map is an inventory: groups that hold hosts, children or variables.
pub(super) fn is_yaml(map: &Map) -> bool {
    let is_group = |node: &Node| match &node.value {
        Value::Map(group) => {
            group.iter().all(|(key, _)| matches!(key, "hosts" | "children" | "vars"))
                && ["hosts", "children"]
                    .iter()
                    .any(|key| group.get(key).is_some_and(|node| matches!(node.value, Value::Map(_) | Value::Null)))
        }
        _ => false,
    };
    !map.is_empty() && map.iter().all(|(_, node)| is_group(node))
}

pub(super) fn read_yaml(map: &Map, found: &mut Found) {
    for (name, node) in map.iter() {
        group(name, node, 0, found);
    }
}

fn group(name: &str, node: &Node, depth: usize, found: &mut Found) {
    let Some(body) = map_of(node).filter(|_| depth <= DEPTH_MAX) else { return };
    let inner = |key: &str| body.get(key).and_then(map_of);
    let mut own = Map::default();
    own.set("vars", variables(inner("vars"), node.at));
    let names = |key: &str| {
        let names = inner(key).into_iter().flat_map(Map::iter);
        let names = names.map(|(name, node)| Node { value: Value::String(Arc::from(name)), at: node.at }).collect();
        Node { value: Value::List(names), at: node.at }
    };
    own.set("hosts", names("hosts"));
    own.set("children", names("children"));
    found.add("ansible.group".to_owned(), format!("group.{name}"), name, own, node.at, last_line(node));
    for (pattern, node) in inner("hosts").into_iter().flat_map(Map::iter) {
        let mut host = Map::default();
        host.set("vars", variables(map_of(node), node.at));
        host.set("group", Node { value: Value::String(Arc::from(name)), at: node.at });
        hosts(pattern, &host, node.at, last_line(node), found);
    }
    for (name, node) in inner("children").into_iter().flat_map(Map::iter) {
        group(name, node, depth + 1, found);
    }
}

fn variables(map: Option<&Map>, at: At) -> Node {
    let mut map = map.cloned().unwrap_or_default();
    template::doubt_map(&mut map);
    Node { value: Value::Map(map), at }
}

fn hosts(pattern: &str, body: &Map, at: At, line_end: u32, found: &mut Found) {
    for name in expanded(pattern) {
        found.add("ansible.host".to_owned(), format!("host.{name}"), &name, body.clone(), at, line_end);
    }
}

/// `web[01:03].example` as its hosts; a pattern without a range, or with one that is too long, as it is.
fn expanded(pattern: &str) -> Vec<String> {
    let whole = || vec![pattern.to_owned()];
    let Some((before, rest)) = pattern.split_once('[') else { return whole() };
    let Some((range, after)) = rest.split_once(']') else { return whole() };
    let mut parts = range.split(':');
    let (Some(first), Some(last), step) = (parts.next(), parts.next(), parts.next()) else { return whole() };
    let step: usize = step.and_then(|step| step.parse().ok()).filter(|step| *step > 0).unwrap_or(1);
    if let (Ok(start), Ok(end)) = (first.parse::<u64>(), last.parse::<u64>()) {
        if end < start || end - start >= RANGE_MAX {
            return whole();
        }
        let width = if first.starts_with('0') { first.len() } else { 0 };
        return (start..=end).step_by(step).map(|number| format!("{before}{number:0width$}{after}")).collect();
    }
    match (first.as_bytes(), last.as_bytes()) {
        ([start], [end]) if start.is_ascii_alphabetic() && end.is_ascii_alphabetic() => {
            (*start..=*end).step_by(step).map(|letter| format!("{before}{}{after}", char::from(letter))).collect()
        }
        _ => whole(),
    }
}

/// What a section of an INI inventory is about.
enum Section {
    Hosts,
    Variables,
    Children,
}

/// The words of a line as a shell splits them, which Ansible does: quotes hold blanks together, a backslash keeps the
/// character behind it, `#` begins a comment. `None` where a quote has no end.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut out, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(open) => {
                let kept = if c == '\\' && open == '"' { chars.next()? } else { c };
                word.get_or_insert_default().push(kept);
            }
            None if c == '#' => break,
            None if c.is_whitespace() => out.extend(word.take()),
            None if matches!(c, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None => {
                let kept = if c == '\\' { chars.next().unwrap_or(c) } else { c };
                word.get_or_insert_default().push(kept);
            }
        }
    }
    out.extend(word);
    quote.is_none().then_some(out)
}

pub(super) fn read_ini(text: &str, origin: Origin<'_>, found: &mut Found, wrong: &mut Vec<Diagnostic>) {
    let (mut name, mut section) = ("ungrouped".to_owned(), Section::Hosts);
    // Groups in the order in which they are first named; their places in the result.
    let mut groups: Vec<(String, At, Map)> = Vec::new();
    let mut by_name = std::collections::HashMap::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        let at = origin.at(number, 1);
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = line.strip_prefix('[') {
            let Some(head) = head.split_once(']').map(|(head, _)| head) else {
                let help = "write `[group]`";
                wrong.push(Diagnostic::error("ansible.inventory", "a section has no end", origin.place(at), help));
                continue;
            };
            let (group, kind) = head.split_once(':').unwrap_or((head, "hosts"));
            group.clone_into(&mut name);
            section = match kind {
                "vars" => Section::Variables,
                "children" => Section::Children,
                _ => Section::Hosts,
            };
            by_name.entry(name.clone()).or_insert_with(|| {
                groups.push((name.clone(), at, Map::default()));
                groups.len() - 1
            });
            continue;
        }
        match section {
            Section::Hosts => {
                let Some(words) = words(line) else {
                    let help = "close the quote, so that the variables behind it are known";
                    wrong.push(Diagnostic::error("ansible.inventory", "a quote has no end", origin.place(at), help));
                    continue;
                };
                let Some((pattern, given)) = words.split_first() else { continue };
                let mut vars = Map::default();
                for (key, value) in given.iter().filter_map(|word| word.split_once('=')) {
                    vars.set(key, Node { value: Value::String(Arc::from(value)), at });
                }
                let mut host = Map::default();
                host.set("vars", variables(Some(&vars), at));
                host.set("group", Node { value: Value::String(Arc::from(&*name)), at });
                hosts(pattern, &host, at, at.line, found);
            }
            Section::Variables => {
                if let (Some((key, value)), Some(group)) = (line.split_once('='), by_name.get(&name)) {
                    let node = Node { value: Value::String(Arc::from(value.trim().trim_matches(['"', '\'']))), at };
                    groups[*group].2.set(key.trim(), node);
                }
            }
            Section::Children => {}
        }
    }
    for (name, at, vars) in groups {
        let mut own = Map::default();
        own.set("vars", variables(Some(&vars), at));
        found.add("ansible.group".to_owned(), format!("group.{name}"), &name, own, at, at.line);
    }
}
