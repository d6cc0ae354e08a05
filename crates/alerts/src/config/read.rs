//! From the file's text to a configuration.

use super::forms::{SPAN, is_label, span};
use super::notifiers::{GLOBAL, NOTIFIERS, check_with_global};
use super::shape::{Kind, Reader, Shape, field, items};
use super::{Config, InhibitRule, Integration, Receiver, Route};
use crate::interval::{self, Range, TimeInterval};
use crate::matcher::{Compare, Matcher, parse_matchers, shown};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mainstay_iac::{Node, Origin, Value, yaml};
use mainstay_model::{Diagnostic, Level, Place};
use std::collections::{BTreeMap, HashSet};

/// What a file says.
#[derive(Debug, Default)]
pub struct Reading {
    /// The configuration; none where something is wrong with it, as Alertmanager would not start with it.
    pub config: Option<Config>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// Alertmanager's defaults (`DefaultRouteOpts`, `DefaultGlobalConfig`).
const GROUP_WAIT: SignedDuration = SignedDuration::from_secs(30);
const GROUP_INTERVAL: SignedDuration = SignedDuration::from_mins(5);
const REPEAT_INTERVAL: SignedDuration = SignedDuration::from_hours(4);
const RESOLVE_TIMEOUT: SignedDuration = SignedDuration::from_mins(5);

static FILE: Shape = Shape {
    what: "the file",
    fields: &[
        ("global", Kind::Part(&GLOBAL)),
        ("route", Kind::Part(&ROUTE)),
        ("inhibit_rules", Kind::Parts(&INHIBIT)),
        ("receivers", Kind::Parts(&RECEIVER)),
        ("templates", Kind::Texts),
        ("mute_time_intervals", Kind::Parts(&NAMED_INTERVAL)),
        ("time_intervals", Kind::Parts(&NAMED_INTERVAL)),
    ],
    check: |_, _| {},
};

static ROUTE: Shape = Shape {
    what: "a route",
    fields: &[
        ("receiver", Kind::Text),
        ("group_by", Kind::Texts),
        ("match", Kind::TextMap),
        ("match_re", Kind::TextMap),
        ("matchers", Kind::Texts),
        ("mute_time_intervals", Kind::Texts),
        ("active_time_intervals", Kind::Texts),
        ("continue", Kind::Truth),
        ("routes", Kind::Parts(&ROUTE)),
        ("group_wait", SPAN),
        ("group_interval", SPAN),
        ("repeat_interval", SPAN),
    ],
    check: |_, _| {},
};

static INHIBIT: Shape = Shape {
    what: "an inhibition rule",
    fields: &[
        ("source_match", Kind::TextMap),
        ("source_match_re", Kind::TextMap),
        ("source_matchers", Kind::Texts),
        ("target_match", Kind::TextMap),
        ("target_match_re", Kind::TextMap),
        ("target_matchers", Kind::Texts),
        ("equal", Kind::Texts),
    ],
    check: |_, _| {},
};

static RECEIVER: Shape = Shape {
    what: "a receiver",
    fields: &[
        ("name", Kind::Text),
        (NOTIFIERS[0].key, Kind::Parts(NOTIFIERS[0].shape)),
        (NOTIFIERS[1].key, Kind::Parts(NOTIFIERS[1].shape)),
        (NOTIFIERS[2].key, Kind::Parts(NOTIFIERS[2].shape)),
        (NOTIFIERS[3].key, Kind::Parts(NOTIFIERS[3].shape)),
        (NOTIFIERS[4].key, Kind::Parts(NOTIFIERS[4].shape)),
        (NOTIFIERS[5].key, Kind::Parts(NOTIFIERS[5].shape)),
        (NOTIFIERS[6].key, Kind::Parts(NOTIFIERS[6].shape)),
        (NOTIFIERS[7].key, Kind::Parts(NOTIFIERS[7].shape)),
        (NOTIFIERS[8].key, Kind::Parts(NOTIFIERS[8].shape)),
        (NOTIFIERS[9].key, Kind::Parts(NOTIFIERS[9].shape)),
        (NOTIFIERS[10].key, Kind::Parts(NOTIFIERS[10].shape)),
        (NOTIFIERS[11].key, Kind::Parts(NOTIFIERS[11].shape)),
    ],
    check: |reader, node| reader.must_say(node, &["name"]),
};

static NAMED_INTERVAL: Shape = Shape {
    what: "a named time interval",
    fields: &[("name", Kind::Text), ("time_intervals", Kind::Parts(&INTERVAL))],
    check: |reader, node| reader.must_say(node, &["name"]),
};

static INTERVAL: Shape = Shape {
    what: "a time interval",
    fields: &[
        ("times", Kind::Parts(&TIMES)),
        ("weekdays", Kind::Texts),
        ("days_of_month", Kind::Texts),
        ("months", Kind::Texts),
        ("years", Kind::Texts),
        ("location", Kind::Text),
    ],
    check: |_, _| {},
};

static TIMES: Shape = Shape {
    what: "a range of times",
    fields: &[("start_time", Kind::Text), ("end_time", Kind::Text)],
    check: |reader, node| {
        reader.must_say(node, &["start_time"]);
        reader.must_say(node, &["end_time"]);
    },
};

/// Reads a configuration. As in Alertmanager only the first document of the file counts.
#[must_use]
pub fn read(text: &str, path: &str) -> Reading {
    let text = first_document(text);
    let documents = yaml::parse(text, Origin::of(path), yaml::Schema::Core);
    let mut reader = Reader { path, lines: text.lines().collect(), diagnostics: documents.diagnostics };
    // A key that stands twice is doubtful elsewhere; Alertmanager refuses it.
    for diagnostic in &mut reader.diagnostics {
        diagnostic.level = Level::Error;
    }
    let config = match documents.documents.first() {
        Some(document) => file(&mut reader, document),
        None => {
            if reader.diagnostics.is_empty() {
                let mend = "write `route:` with a `receiver:`, and `receivers:` with its name";
                let what = "no route provided in config";
                reader.diagnostics.push(Diagnostic::error("alertmanager.config", what, Place::file(path), mend));
            }
            None
        }
    };
    let mut diagnostics = reader.diagnostics;
    diagnostics.sort_by(|a, b| a.place.cmp(&b.place));
    let is_wrong = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    Reading { config: config.filter(|_| !is_wrong), diagnostics }
}

/// The text up to the line that begins a second document.
fn first_document(text: &str) -> &str {
    let (mut at, mut has_content) = (0, false);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let is_marker = bare == "---" || bare.starts_with("--- ");
        if has_content && (is_marker || bare == "...") {
            return &text[..at];
        }
        has_content |= !bare.is_empty() && !bare.starts_with(['#', '%']) && bare != "---";
        at += line.len();
    }
    text
}

fn file(reader: &mut Reader<'_>, document: &Node) -> Option<Config> {
    reader.part(document, &FILE);
    if !reader.diagnostics.is_empty() {
        // What is not of its form cannot be judged further: every complaint would be a consequence.
        return None;
    }
    let global = field(document, "global");
    let receivers = receivers(reader, document, global);
    let time_intervals = time_intervals(reader, document);
    let inhibit_rules = inhibit_rules(reader, document);
    let mut tree = Tree { reader, routes: Vec::new(), receivers: &receivers, intervals: &time_intervals };
    match field(document, "route") {
        Some(root) => tree.root(root),
        None => {
            let mend = "write `route:` with the `receiver:` of what no other route takes";
            tree.reader.error(document, "no route provided in config", mend);
        }
    }
    let routes = tree.routes;
    let timeout = global.and_then(|global| reader.text(global, "resolve_timeout"));
    let resolve_timeout = timeout.and_then(|text| span(&text).ok()).unwrap_or(RESOLVE_TIMEOUT);
    Some(Config { resolve_timeout, routes, receivers, inhibit_rules, time_intervals })
}

fn receivers(reader: &mut Reader<'_>, document: &Node, global: Option<&Node>) -> Vec<Receiver> {
    let mut out: Vec<Receiver> = Vec::new();
    for node in items(field(document, "receivers")) {
        let Some(name) = reader.text(node, "name") else {
            reader.error(node, "a receiver is empty", "give it a `name`, or take the dash away");
            continue;
        };
        if out.iter().any(|other| other.name == name) {
            reader.error(node, format!("the receiver {name:?} stands twice"), "give each receiver a name of its own");
        }
        check_with_global(reader, node, global);
        let mut integrations = Vec::new();
        for notifier in &NOTIFIERS {
            for (index, item) in items(field(node, notifier.key)).iter().enumerate() {
                if item.value == Value::Null {
                    let what = format!("an item of `{}` is empty", notifier.key);
                    reader.error(item, what, "give it its fields, or take the dash away");
                    continue;
                }
                let alerts_max = reader.text(item, "max_alerts").and_then(|text| text.parse().ok()).unwrap_or(0);
                let send_resolved = reader.truth(item, "send_resolved", notifier.send_resolved);
                let place = reader.place(item);
                integrations.push(Integration { kind: notifier.name, index, send_resolved, alerts_max, place });
            }
        }
        out.push(Receiver { name, integrations, place: reader.place(node) });
    }
    out
}

/// The routes of a file while they are read.
struct Tree<'t, 'r> {
    reader: &'t mut Reader<'r>,
    routes: Vec<Route>,
    receivers: &'t [Receiver],
    intervals: &'t BTreeMap<String, Vec<TimeInterval>>,
}

impl Tree<'_, '_> {
    fn root(&mut self, node: &Node) {
        let reader = &mut *self.reader;
        reader.must_say(node, &["receiver"]);
        if reader.truth(node, "continue", false) {
            let at = field(node, "continue").unwrap_or(node);
            reader.error(at, "the root route cannot continue", "take `continue` away: there is no route behind it");
        }
        for key in ["match", "match_re", "matchers", "mute_time_intervals", "active_time_intervals"] {
            let has_some = field(node, key).is_some_and(|field| match &field.value {
                Value::Map(map) => !map.is_empty(),
                Value::List(items) => !items.is_empty(),
                _ => false,
            });
            if has_some {
                let what = format!("the root route must not have `{key}`");
                reader.error(
                    field(node, key).unwrap_or(node),
                    what,
                    "it takes what no other route does; put a route below it",
                );
            }
        }
        self.route(node, None);
    }

    fn route(&mut self, node: &Node, parent: Option<usize>) {
        let at = self.routes.len();
        let above = parent.map(|parent| &self.routes[parent]);
        let reader = &mut *self.reader;
        let matchers = matchers(reader, node, ["match", "match_re", "matchers"]);
        let receiver = reader.text(node, "receiver");
        if let Some(name) = &receiver
            && !self.receivers.iter().any(|receiver| receiver.name == *name)
        {
            let at = field(node, "receiver").unwrap_or(node);
            reader.error(at, format!("there is no receiver {name:?}"), "name one of `receivers`, or add it there");
        }
        let group_by = group_by(reader, node);
        let time = |reader: &mut Reader<'_>, key: &str, above: Option<SignedDuration>, usual: SignedDuration| {
            let own = reader.text(node, key).and_then(|text| span(&text).ok());
            if own.is_some_and(|own| own.is_zero()) && key != "group_wait" {
                reader.error(
                    field(node, key).unwrap_or(node),
                    format!("`{key}` cannot be zero"),
                    "give it a length, such as 5m",
                );
            }
            own.or(above).unwrap_or(usual)
        };
        let key = match above {
            Some(above) => format!("{}/{}", above.key, shown(&matchers)),
            None => shown(&matchers),
        };
        let route = Route {
            parent,
            children: Vec::new(),
            continues: reader.truth(node, "continue", false),
            receiver: receiver.or_else(|| above.map(|above| above.receiver.clone())).unwrap_or_default(),
            group_by: group_by
                .unwrap_or_else(|| above.map_or_else(|| Some(Vec::new()), |above| above.group_by.clone())),
            group_wait: time(reader, "group_wait", above.map(|a| a.group_wait), GROUP_WAIT),
            group_interval: time(reader, "group_interval", above.map(|a| a.group_interval), GROUP_INTERVAL),
            repeat_interval: time(reader, "repeat_interval", above.map(|a| a.repeat_interval), REPEAT_INTERVAL),
            mute_time_intervals: named_intervals(reader, node, "mute_time_intervals", self.intervals),
            active_time_intervals: named_intervals(reader, node, "active_time_intervals", self.intervals),
            matchers,
            key,
            place: reader.place(node),
        };
        self.routes.push(route);
        if let Some(parent) = parent {
            self.routes[parent].children.push(at);
        }
        for child in items(field(node, "routes")) {
            if child.value == Value::Null {
                self.reader.error(child, "a route is empty", "write {} for one that takes all, or take the dash away");
                continue;
            }
            self.route(child, Some(at));
        }
    }
}

/// What `group_by` says: `None` where it says nothing, so that the route above counts, else labels or all (`...`).
fn group_by(reader: &mut Reader<'_>, node: &Node) -> Option<Option<Vec<String>>> {
    let list = field(node, "group_by")?;
    let names = reader.texts(node, "group_by");
    let mut labels: Vec<String> = Vec::new();
    for (name, at) in names.iter().zip(items(Some(list))) {
        if name == "..." {
            continue;
        }
        if !is_label(name) {
            reader.error(at, format!("{name:?} cannot be the name of a label"), "letters, digits and underscores");
        } else if labels.contains(name) {
            reader.error(at, format!("{name:?} stands twice in `group_by`"), "name each label once");
        }
        labels.push(name.clone());
    }
    let by_all = names.len() > labels.len();
    if by_all && !labels.is_empty() {
        reader.error(list, "`...` groups by all labels and stands alone", "take the other labels away");
    }
    labels.sort();
    match (by_all, labels.is_empty()) {
        (true, _) => Some(None),
        (false, true) => None,
        (false, false) => Some(Some(labels)),
    }
}

fn named_intervals(
    reader: &mut Reader<'_>,
    node: &Node,
    key: &str,
    known: &BTreeMap<String, Vec<TimeInterval>>,
) -> Vec<String> {
    let names = reader.texts(node, key);
    for (name, at) in names.iter().zip(items(field(node, key))) {
        if !known.contains_key(name) {
            reader.error(
                at,
                format!("there is no time interval {name:?}"),
                "name one of `time_intervals`, or add it there",
            );
        }
    }
    names
}

/// The matchers of three fields: equal values, expressions, and the newer lists; in Alertmanager's order.
fn matchers(reader: &mut Reader<'_>, node: &Node, [equal, like, lists]: [&str; 3]) -> Vec<Matcher> {
    let mut out = Vec::new();
    for (key, compare) in [(equal, Compare::Equal), (like, Compare::Like)] {
        for (name, value, at) in reader.pairs(node, key) {
            if !is_label(name) {
                reader.error(at, format!("{name:?} cannot be the name of a label"), "letters, digits and underscores");
            } else if compare == Compare::Like && at.value == Value::Null {
                reader.error(
                    at,
                    format!("{name:?} has no expression"),
                    "write one, or \"\" for a label that is missing",
                );
            } else {
                match Matcher::new(name, compare, &value) {
                    Ok(matcher) => out.push(matcher),
                    Err(why) => reader.error(at, why, "mend the expression; it is of Go's kind (RE2)"),
                }
            }
        }
    }
    for (text, at) in reader.texts(node, lists).into_iter().zip(items(field(node, lists))) {
        match parse_matchers(&text) {
            Ok(matchers) => out.extend(matchers),
            Err(why) => reader.error(at, why, "write it as in severity=\"page\", or with !=, =~ and !~"),
        }
    }
    out.sort();
    out
}

fn inhibit_rules(reader: &mut Reader<'_>, document: &Node) -> Vec<InhibitRule> {
    let mut out = Vec::new();
    for node in items(field(document, "inhibit_rules")) {
        if node.value == Value::Null {
            // amtool accepts it, and Alertmanager ends with a panic when it starts.
            reader.error(node, "an inhibition rule is empty", "give it its matchers, or take the dash away");
            continue;
        }
        let sources = matchers(reader, node, ["source_match", "source_match_re", "source_matchers"]);
        let targets = matchers(reader, node, ["target_match", "target_match_re", "target_matchers"]);
        let mut equal = reader.texts(node, "equal");
        for (name, at) in equal.iter().zip(items(field(node, "equal"))) {
            if !is_label(name) {
                reader.error(at, format!("{name:?} is not a valid label name"), "letters, digits and underscores");
            }
        }
        equal.sort();
        equal.dedup();
        out.push(InhibitRule { sources, targets, equal, place: reader.place(node) });
    }
    out
}

fn time_intervals(reader: &mut Reader<'_>, document: &Node) -> BTreeMap<String, Vec<TimeInterval>> {
    let mut out = BTreeMap::new();
    let mut seen = HashSet::new();
    for key in ["mute_time_intervals", "time_intervals"] {
        for node in items(field(document, key)) {
            let Some(name) = reader.text(node, "name") else { continue };
            if !seen.insert(name.clone()) {
                let what = format!("the time interval {name:?} stands twice");
                reader.error(node, what, "give each time interval a name of its own");
            }
            let list = items(field(node, "time_intervals"));
            let intervals = list.iter().map(|item| time_interval(reader, item)).collect();
            out.insert(name, intervals);
        }
    }
    out
}

fn time_interval(reader: &mut Reader<'_>, node: &Node) -> TimeInterval {
    let times = field(node, "times").map(|_| {
        let mut out = Vec::new();
        for item in items(field(node, "times")) {
            // An item that is null is in Alertmanager a range without minutes.
            let (Some(start), Some(end)) = (reader.text(item, "start_time"), reader.text(item, "end_time")) else {
                continue;
            };
            match (interval::minute(&start), interval::minute(&end)) {
                (Ok(start), Ok(end)) if start < end => out.push((start, end)),
                (Ok(_), Ok(_)) => {
                    let mend = "a range that spans midnight is two: one until 24:00, one from 00:00";
                    reader.error(item, format!("{start} is not before {end}"), mend);
                }
                (Err(why), _) | (_, Err(why)) => reader.error(item, why, "write it as in 09:30"),
            }
        }
        out
    });
    let mut ranges = |key: &str, one: fn(&str) -> Result<Range, String>, mend: &str| -> Option<Vec<Range>> {
        let list = field(node, key)?;
        let mut out = Vec::new();
        for item in items(Some(list)) {
            // An item that is null leaves Alertmanager's range at zero.
            let Some(text) = reader.text_of(item) else {
                out.push((0, 0));
                continue;
            };
            match one(&text) {
                Ok(range) => out.push(range),
                Err(why) => reader.error(item, why, mend),
            }
        }
        Some(out)
    };
    let weekdays = ranges("weekdays", interval::weekdays, "write it as in monday:friday");
    let days_of_month = ranges("days_of_month", interval::days_of_month, "write it as in 1:15 or -7:-1");
    let months = ranges("months", interval::months, "write it as in january:march");
    let years = ranges("years", interval::years, "write it as in 2026:2028");
    TimeInterval { times, weekdays, days_of_month, months, years, zone: zone(reader, node) }
}

/// The zone of `location`. That of Alertmanager's machine (`Local`) is not known here and is taken for UTC.
fn zone(reader: &mut Reader<'_>, node: &Node) -> Option<TimeZone> {
    let name = reader.text(node, "location")?;
    let at = field(node, "location").unwrap_or(node);
    if name == "Local" {
        let place = reader.place(at);
        let what = "the time zone of Alertmanager's machine is not known here, and UTC is taken";
        reader.diagnostics.push(Diagnostic::warning("alertmanager.zone", what, place, "name the zone: Europe/Berlin"));
        return None;
    }
    // Go knows zones by their exact name.
    let zone = TimeZone::get(&name).ok().filter(|zone| name == "UTC" || zone.iana_name() == Some(&name));
    if zone.is_none() {
        reader.error(at, format!("unknown time zone {name}"), "write a name of the tz database: Europe/Berlin");
    }
    zone
}
