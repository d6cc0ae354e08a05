//! Which key of a task is its module, what the module is called in full, and its parameters.

use crate::{Map, Node, Value};
use std::sync::Arc;

/// Keys of a task, a block or a play that are no module.
const KEYWORDS: [&str; 59] = [
    "action",
    "always",
    "any_errors_fatal",
    "args",
    "async",
    "become",
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "block",
    "changed_when",
    "check_mode",
    "collections",
    "connection",
    "debugger",
    "delay",
    "delegate_facts",
    "delegate_to",
    "diff",
    "environment",
    "fact_path",
    "failed_when",
    "force_handlers",
    "gather_facts",
    "gather_subset",
    "gather_timeout",
    "handlers",
    "hosts",
    "ignore_errors",
    "ignore_unreachable",
    "listen",
    "local_action",
    "loop",
    "loop_control",
    "max_fail_percentage",
    "module_defaults",
    "name",
    "no_log",
    "notify",
    "order",
    "poll",
    "port",
    "post_tasks",
    "pre_tasks",
    "register",
    "remote_user",
    "rescue",
    "retries",
    "roles",
    "run_once",
    "serial",
    "strategy",
    "tags",
    "tasks",
    "throttle",
    "timeout",
    "until",
    "when",
];
/// Further keywords, which are looked up together with those that begin with `with_` and `vars`.
const MORE: [&str; 3] = ["vars", "vars_files", "vars_prompt"];

/// Modules of `ansible.builtin` by their short names.
const BUILTIN: [&str; 62] = [
    "add_host",
    "apt",
    "apt_key",
    "apt_repository",
    "assemble",
    "assert",
    "async_status",
    "blockinfile",
    "command",
    "copy",
    "cron",
    "deb822_repository",
    "debconf",
    "debug",
    "dnf",
    "dnf5",
    "dpkg_selections",
    "expect",
    "fail",
    "fetch",
    "file",
    "find",
    "gather_facts",
    "get_url",
    "getent",
    "git",
    "group",
    "group_by",
    "hostname",
    "import_role",
    "import_tasks",
    "include_role",
    "include_tasks",
    "include_vars",
    "iptables",
    "known_hosts",
    "lineinfile",
    "meta",
    "mount_facts",
    "package",
    "package_facts",
    "pause",
    "ping",
    "pip",
    "raw",
    "reboot",
    "replace",
    "rpm_key",
    "script",
    "service",
    "service_facts",
    "set_fact",
    "set_stats",
    "setup",
    "shell",
    "slurp",
    "stat",
    "systemd",
    "systemd_service",
    "template",
    "unarchive",
    "uri",
];
/// Those that are asked about most after the others.
const BUILTIN_MORE: [&str; 6] = ["subversion", "sysvinit", "tempfile", "user", "wait_for", "yum"];

/// Modules of other collections that are written by short names since before there were collections.
const MOVED: [(&str, &str); 12] = [
    ("ec2_instance", "amazon.aws."),
    ("ec2", "amazon.aws."),
    ("ec2_group", "amazon.aws."),
    ("ec2_security_group", "amazon.aws."),
    ("s3_bucket", "amazon.aws."),
    ("rds_instance", "amazon.aws."),
    ("iam_role", "amazon.aws."),
    ("docker_container", "community.docker."),
    ("docker_image", "community.docker."),
    ("k8s", "kubernetes.core."),
    ("helm", "kubernetes.core."),
    ("mysql_user", "community.mysql."),
];

/// Whether a key is no module.
pub(super) fn is_keyword(key: &str) -> bool {
    KEYWORDS.contains(&key) || MORE.contains(&key) || key.starts_with("with_")
}

/// Whether a key is a module under its short name.
pub(super) fn is_short(key: &str) -> bool {
    BUILTIN.contains(&key)
        || BUILTIN_MORE.contains(&key)
        || key.starts_with("panos_")
        || MOVED.iter().any(|(known, _)| *known == key)
}

/// A module's full name: `ansible.builtin.apt` for `apt`.
pub(super) fn full(module: &str) -> String {
    if module.contains('.') {
        // The name that the builtin modules also have.
        return module
            .strip_prefix("ansible.legacy.")
            .map_or_else(|| module.to_owned(), |rest| format!("ansible.builtin.{rest}"));
    }
    let moved = MOVED.iter().find(|(known, _)| *known == module).map(|(_, collection)| *collection);
    let collection =
        if module.starts_with("panos_") { "paloaltonetworks.panos." } else { moved.unwrap_or("ansible.builtin.") };
    format!("{collection}{module}")
}

/// The module that a task calls, as it is written, and what it is given.
pub(super) fn call(task: &Map) -> Option<(String, Option<Node>)> {
    for key in ["action", "local_action"] {
        match task.get(key) {
            Some(Node { value: Value::String(text), at }) => {
                let (module, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
                return Some((module.to_owned(), Some(Node { value: Value::String(Arc::from(rest.trim())), at: *at })));
            }
            Some(Node { value: Value::Map(map), at }) => {
                let Some(Node { value: Value::String(module), .. }) = map.get("module") else { return None };
                let mut rest = Map::default();
                map.iter().filter(|(key, _)| *key != "module").for_each(|(key, node)| rest.set(key, node.clone()));
                return Some((module.to_string(), Some(Node { value: Value::Map(rest), at: *at })));
            }
            _ => {}
        }
    }
    let (module, given) = task.iter().find(|(key, node)| !is_keyword(key) && !matches!(node.value, Value::List(_)))?;
    let mut given = given.clone();
    // `args:` gives further parameters beside a free text.
    if let Some(Node { value: Value::Map(args), .. }) = task.get("args") {
        let mut merged = parameters(Some(given.clone()), module);
        args.iter().for_each(|(key, node)| merged.set(key, node.clone()));
        given.value = Value::Map(merged);
    }
    Some((module.to_owned(), Some(given)))
}

/// A module's parameters: a map, or `name=value` words, or a free text under `free_form`.
pub(super) fn parameters(given: Option<Node>, module: &str) -> Map {
    let Some(given) = given else { return Map::default() };
    let text = match given.value {
        Value::Map(map) => return map,
        Value::String(text) => text,
        _ => return Map::default(),
    };
    let mut map = Map::default();
    let short = module.rsplit('.').next().unwrap_or(module);
    let is_free =
        matches!(short, "shell" | "command" | "raw" | "script" | "meta" | "include_tasks" | "import_tasks" | "debug");
    let node = |text: &str| Node { value: Value::String(Arc::from(text)), at: given.at };
    let words: Vec<(&str, &str)> = text.split_whitespace().filter_map(|word| word.split_once('=')).collect();
    if is_free || words.is_empty() || words.len() != text.split_whitespace().count() {
        map.set("free_form", node(&text));
        return map;
    }
    for (key, value) in words {
        map.set(key, node(value.trim_matches(['"', '\''])));
    }
    map
}
