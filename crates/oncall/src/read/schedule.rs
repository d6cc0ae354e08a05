//! One schedule with all that belongs to it.

use super::fields::{File, field};
use super::people::{Known, moment, zone};
use super::words;
use crate::civil::instant;
use crate::rotation::MINUTES_OF_DAY;
use crate::{
    Change, Fixed, Hours, Layer, Length, Override, People, Rotation, Schedule, Skipped, Swap, Temporary, Weekdays,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_iac::{Node, Value};

/// What times mean in a schedule.
#[derive(Clone)]
struct Clock {
    zone: TimeZone,
    skipped: Skipped,
}

/// Reads one. Where something is wrong, it is said; what comes back then does not count.
pub fn schedule(file: &mut File<'_>, node: &Node, known: &mut Known) -> Option<Schedule> {
    if !file.is_map(node, "a schedule") {
        return None;
    }
    let keys =
        ["id", "zone", "skipped_times", "covers", "answers", "layers", "temporary", "overrides", "swaps", "name"];
    file.only(node, &keys);
    let before = file.errors();
    let id = file.required(node, "id");
    if field(node, "zone").is_none() {
        file.error(node, "`zone` is missing", "say where its clocks hang, such as `zone: Europe/Berlin`");
    }
    let clock = Clock { zone: zone(file, node).unwrap_or(TimeZone::UTC), skipped: skipped(file, node) };
    let covers = hours(file, node, "covers");
    let answers = answers(file, node);
    let layers: Vec<Layer> = file
        .list(node, "layers")
        .iter()
        .enumerate()
        .filter_map(|(number, item)| layer(file, item, number, &clock, known))
        .collect();
    same_names(file, node, &layers);
    let temporary: Vec<Temporary> =
        file.list(node, "temporary").iter().filter_map(|item| temporary(file, item, &clock, known)).collect();
    let overrides: Vec<Override> =
        file.list(node, "overrides").iter().filter_map(|item| one_override(file, item, &clock, known)).collect();
    let swaps: Vec<Swap> = file.list(node, "swaps").iter().filter_map(|item| swap(file, item, &clock, known)).collect();
    let is_sound = file.errors() == before;
    if is_sound && layers.is_empty() && temporary.is_empty() && overrides.is_empty() {
        let mend = "give it `layers:`, each with people, `every:` and `start:`";
        file.warn(node, "oncall.nobody", "the schedule never has anybody on duty", mend);
    }
    Some(Schedule {
        id: id?,
        zone: clock.zone,
        skipped: clock.skipped,
        covers,
        layers,
        temporary,
        overrides,
        swaps,
        answers,
        place: file.place(node),
    })
}

/// Calendars and messages name a layer, and must not mean two by one name.
fn same_names(file: &mut File<'_>, node: &Node, layers: &[Layer]) {
    let items = file.list(node, "layers");
    for (number, layer) in layers.iter().enumerate() {
        if layers[..number].iter().any(|other| other.name == layer.name) && items.len() == layers.len() {
            let at = field(&items[number], "name").unwrap_or(&items[number]);
            file.error(at, "another layer has this name", "give one of them another name");
        }
    }
}

fn skipped(file: &mut File<'_>, node: &Node) -> Skipped {
    match file.text(node, "skipped_times").as_deref() {
        None | Some("rfc5545") => Skipped::Shifted,
        Some("goalert") => Skipped::Behind,
        Some(other) => {
            let mend = "write rfc5545 (02:30 becomes 03:30) or goalert (02:30 becomes 03:00)";
            let at = field(node, "skipped_times").unwrap_or(node);
            file.error(at, format!("{other:?} is no way to treat times that clocks jump over"), mend);
            Skipped::Shifted
        }
    }
}

/// Labels of the alerts that something answers for.
pub fn answers(file: &mut File<'_>, node: &Node) -> Vec<Vec<(String, String)>> {
    let mut out = Vec::new();
    for item in file.list(node, "answers") {
        let Value::Map(map) = &item.value else {
            file.error(item, "`answers` must hold labels and values", "write it as in `- team: payments`");
            continue;
        };
        let names: Vec<String> = map.iter().map(|(name, _)| name.to_owned()).collect();
        let labels = names.into_iter().filter_map(|name| Some((name.clone(), file.text(item, &name)?)));
        out.push(labels.collect());
    }
    out
}

fn layer(file: &mut File<'_>, node: &Node, number: usize, clock: &Clock, known: &mut Known) -> Option<Layer> {
    if !file.is_map(node, "a layer") {
        return None;
    }
    let keys = ["name", "priority", "zone", "every", "start", "lasts", "on", "people", "from", "until", "hours"];
    file.only(node, &keys);
    let own = Clock {
        zone: field(node, "zone").and_then(|_| zone(file, node)).unwrap_or_else(|| clock.zone.clone()),
        skipped: clock.skipped,
    };
    let name = file.text(node, "name").unwrap_or_else(|| format!("layer {}", number + 1));
    let priority = priority(file, node);
    let rotation = rotation(file, node, known);
    let hours = hours(file, node, "hours");
    let (from, until) = (moment_of(file, node, "from", &own), moment_of(file, node, "until", &own));
    let rotation = rotation?;
    let from = from.unwrap_or_else(|| instant(rotation.start, &own.zone, own.skipped));
    if until.is_some_and(|until| until <= from) {
        file.error(field(node, "until").unwrap_or(node), "the layer is over before it begins", "put `until` behind it");
    }
    let place = file.place(node);
    Some(Layer { name, priority: priority?, zone: own.zone, rotation, from, until, hours, place })
}

/// The priority of a layer or override, 0 where nothing is said.
fn priority(file: &mut File<'_>, node: &Node) -> Option<i64> {
    let priority = match file.text(node, "priority") {
        None => Some(0),
        Some(text) => text.parse::<i64>().ok(),
    };
    if priority.is_none() {
        file.error(field(node, "priority").unwrap_or(node), "`priority` must be a whole number", "write it as in 1");
    }
    priority
}

fn moment_of(file: &mut File<'_>, node: &Node, key: &str, clock: &Clock) -> Option<Timestamp> {
    moment(file, node, key, &clock.zone, clock.skipped)
}

fn rotation(file: &mut File<'_>, node: &Node, known: &mut Known) -> Option<Rotation> {
    let start = file.required(node, "start").and_then(|text| match words::wall(&text) {
        Ok(at) => Some(at),
        Err(what) => {
            let mend = "write the first hand-off as on a clock of the layer's zone, such as 2026-01-05T09:00";
            file.error(field(node, "start").unwrap_or(node), what, mend);
            None
        }
    });
    let every = lengths(file, node);
    let lasts = field(node, "lasts").and_then(|at| length(file, at));
    let on = field(node, "on").map(|at| days(file, at));
    if let (Some(_), Some(at)) = (on, field(node, "on")) {
        let whole = every.len() == 1 && every[0].months == 0 && every[0].minutes % MINUTES_OF_DAY == 0;
        if !whole && !every.is_empty() {
            let mend = "use `every: 1 day` (or more) with `on`, or restrict the layer with `hours`";
            file.error(at, "`on` counts days, and turns are not of whole days", mend);
        }
    }
    let turns: Vec<People> = file.list(node, "people").iter().map(|item| known.group(file, item)).collect();
    if turns.is_empty() {
        let mend = "list whose turns they are under `people:`; `[]` is a turn of nobody";
        file.error(field(node, "people").unwrap_or(node), "the layer has no people", mend);
    }
    let is_whole = !turns.is_empty() && !every.is_empty();
    is_whole.then_some(Rotation { start: start?, every, lasts, on, turns })
}

fn lengths(file: &mut File<'_>, node: &Node) -> Vec<Length> {
    match field(node, "every") {
        None => {
            let mend = "say how long turns are: `every: week`, `every: 12 hours`, `every: [5 days, 2 days]`";
            file.error(node, "`every` is missing", mend);
            Vec::new()
        }
        Some(Node { value: Value::List(items), .. }) => {
            let all: Vec<Option<Length>> = items.iter().map(|item| turn_length(file, item)).collect();
            all.into_iter().collect::<Option<Vec<Length>>>().unwrap_or_default()
        }
        Some(one) => turn_length(file, one).into_iter().collect(),
    }
}

/// The length of a turn: an hour at least.
fn turn_length(file: &mut File<'_>, node: &Node) -> Option<Length> {
    let length = length(file, node)?;
    if length.months == 0 && length.minutes < 60 {
        file.error(node, "nobody hands over so often", "make turns of an hour at least; `lasts` may be shorter");
        return None;
    }
    Some(length)
}

fn length(file: &mut File<'_>, node: &Node) -> Option<Length> {
    let text = file.text_of(node, "a length")?;
    let read = words::length(&text);
    read.map_err(|what| file.error(node, what, "write it as in 1 week, 12 hours, 2 days or month")).ok()
}

fn days(file: &mut File<'_>, node: &Node) -> Weekdays {
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut out = Weekdays::default();
    for item in items {
        let Some(text) = file.text_of(item, "a day") else { continue };
        match words::days(&text, out) {
            Ok(days) => out = days,
            Err(what) => file.error(item, what, "write it as in mon, or mon-fri"),
        }
    }
    if out.is_empty() {
        file.error(node, "there is no day", "leave it away where every day is meant");
    }
    out
}

/// Hours of a week, none where nothing is said.
pub fn hours(file: &mut File<'_>, node: &Node, key: &str) -> Vec<Hours> {
    file.list(node, key).iter().filter_map(|item| one_hours(file, item)).collect()
}

fn one_hours(file: &mut File<'_>, node: &Node) -> Option<Hours> {
    if !file.is_map(node, "hours") {
        return None;
    }
    file.only(node, &["days", "from", "to"]);
    let mut edge = |key: &str| {
        let text = match field(node, key) {
            Some(_) => file.text(node, key)?,
            None => if key == "from" { "00:00" } else { "24:00" }.to_owned(),
        };
        let mend = "write it as in \"09:00\", or with a day as in fri 17:00";
        words::time_of_week(&text).map_err(|what| file.error(field(node, key).unwrap_or(node), what, mend)).ok()
    };
    let ((from_day, from, from_late), (to_day, to, to_late)) = (edge("from")?, edge("to")?);
    if from_late {
        file.error(field(node, "from").unwrap_or(node), "24:00 ends a day and begins none", "write \"00:00\"");
        return None;
    }
    let over_midnight = i8::from(to_late || to <= from);
    match (from_day, to_day, field(node, "days")) {
        (Some(first), Some(last), None) => {
            let ahead = last.to_monday_zero_offset() - first.to_monday_zero_offset();
            let mut days_later = ahead.rem_euclid(7) + i8::from(to_late);
            if days_later == 0 && to <= from {
                days_later = 7;
            }
            Some(Hours { days: Weekdays::default().with(first), from, to, days_later })
        }
        (None, None, at) => {
            let days = at.map_or(Weekdays::ALL, |at| days(file, at));
            Some(Hours { days, from, to, days_later: over_midnight })
        }
        _ => {
            let mend = "give both or none a day, and `days` only where they have none";
            file.error(node, "the days of these hours cannot be told", mend);
            None
        }
    }
}

/// From and to, of which the first must come first.
fn stretch(file: &mut File<'_>, node: &Node, clock: &Clock) -> Option<(Timestamp, Timestamp)> {
    for key in ["from", "to"] {
        if field(node, key).is_none() {
            file.error(node, format!("`{key}` is missing"), "write it as in 2026-11-01T09:00");
        }
    }
    let (from, to) = (moment_of(file, node, "from", clock), moment_of(file, node, "to", clock));
    let (from, to) = (from?, to?);
    if to <= from {
        file.error(field(node, "to").unwrap_or(node), "it is over before it begins", "put `to` behind `from`");
        return None;
    }
    Some((from, to))
}

fn temporary(file: &mut File<'_>, node: &Node, clock: &Clock, known: &mut Known) -> Option<Temporary> {
    if !file.is_map(node, "a temporary schedule") {
        return None;
    }
    file.only(node, &["from", "to", "shifts"]);
    let (from, to) = stretch(file, node, clock)?;
    let mut shifts = Vec::new();
    for item in file.list(node, "shifts") {
        if !file.is_map(item, "a shift") {
            continue;
        }
        file.only(item, &["from", "to", "people"]);
        let Some((start, end)) = stretch(file, item, clock) else { continue };
        let Some(people) = field(item, "people") else {
            file.error(item, "`people` is missing", "say who is on duty");
            continue;
        };
        let people = known.group(file, people);
        if start < from || end > to {
            let mend = "it is cut to the temporary schedule; make that longer where more is meant";
            file.warn(item, "oncall.cut", "the shift reaches beyond its temporary schedule", mend);
        }
        // Cut here, so that nobody else needs to know of it.
        let (start, end) = (start.max(from), end.min(to));
        if start < end {
            shifts.push(Fixed { from: start, to: end, people });
        }
    }
    Some(Temporary { from, to, shifts })
}

fn one_override(file: &mut File<'_>, node: &Node, clock: &Clock, known: &mut Known) -> Option<Override> {
    if !file.is_map(node, "an override") {
        return None;
    }
    file.only(node, &["from", "to", "people", "instead_of", "add", "remove", "priority", "reason"]);
    let stretch = stretch(file, node, clock);
    let change = match ["people", "instead_of", "add", "remove"].map(|key| field(node, key)) {
        [Some(people), None, None, None] => Some(Change::Everybody(known.group(file, people))),
        [Some(people), Some(who), None, None] => {
            let who = known.person(file, who);
            let people = known.group(file, people);
            who.map(|who| Change::InsteadOf(who, people))
        }
        [None, None, Some(people), None] => Some(Change::Add(known.group(file, people))),
        [None, None, None, Some(people)] => Some(Change::Remove(known.group(file, people))),
        _ => {
            let mend = "write `people` (with or without `instead_of`), or `add`, or `remove`";
            file.error(node, "the override does not say one thing", mend);
            None
        }
    };
    let priority = priority(file, node);
    let (from, to) = stretch?;
    if to.duration_since(from) > SignedDuration::from_hours(24 * 366) {
        file.warn(node, "oncall.long-override", "the override lasts longer than a year", "make a layer of it");
    }
    Some(Override { from, to, priority: priority?, change: change? })
}

fn swap(file: &mut File<'_>, node: &Node, clock: &Clock, known: &mut Known) -> Option<Swap> {
    if !file.is_map(node, "a swap") {
        return None;
    }
    file.only(node, &["from", "to", "of", "taken_by", "reason"]);
    let stretch = stretch(file, node, clock);
    let Some(of) = field(node, "of") else {
        file.error(node, "`of` is missing", "say whose shifts are given away");
        return None;
    };
    let of = known.person(file, of);
    let taken_by = field(node, "taken_by").and_then(|at| known.person(file, at));
    let (from, to) = stretch?;
    if of.is_some() && of == taken_by {
        let mend = "name somebody else, or leave `taken_by` away until somebody takes it";
        file.error(field(node, "taken_by").unwrap_or(node), "nobody can take their own shift", mend);
    }
    Some(Swap { from, to, of: of?, taken_by, place: file.place(node) })
}
