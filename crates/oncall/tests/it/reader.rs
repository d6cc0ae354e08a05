//! What is wrong with a file is told with its place, and costs what it speaks of and nothing else.

use crate::reading;
use mainstay_iac::SourceFile;
use mainstay_model::Level;
use mainstay_oncall::read;

/// Complaints as `line:column level summary`.
fn complaints(text: &str) -> Vec<String> {
    let level = |level| match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let line = |d: &mainstay_model::Diagnostic| {
        format!("{}:{} {} {}", d.place.line, d.place.column, level(d.level), d.summary)
    };
    reading(text).diagnostics.iter().map(line).collect()
}

/// Complaints about one layer whose fields are given.
fn of_layer(fields: &str) -> Vec<String> {
    complaints(&format!("version: oncall/v1\nschedules:\n  - {{id: a, zone: UTC, layers: [\n   {{{fields}}}]}}\n"))
}

#[test]
fn a_mistake_costs_its_schedule_only() {
    let text = "version: oncall/v1
schedules:
  - id: good
    zone: Europe/Berlin
    layers: [{every: week, start: 2026-01-05T09:00, people: [ada]}]
  - id: bad
    zone: Mars/Olympus
    layers:
      - {every: fortnight, start: 2026-01-05T09:00, people: [ada]}
  - id: good
    zone: UTC
    layers: [{every: week, start: 2026-01-05T09:00, people: [ada]}]
";
    let reading = reading(text);
    assert_eq!(reading.roster.schedules.len(), 1);
    assert_eq!(
        complaints(text),
        [
            "7:11 error \"Mars/Olympus\" is no time zone",
            "9:17 error \"fortnight\" is no length of turns",
            "10:5 error the schedule good stands already at oncall.yaml:3:5",
        ]
    );
}

#[test]
fn layers_say_what_they_lack() {
    assert_eq!(
        of_layer("name: x"),
        ["4:4 error `start` is missing", "4:4 error `every` is missing", "4:4 error the layer has no people"]
    );
    let whole = |rest: &str| of_layer(&format!("every: day, start: 2026-01-05T09:00, people: [ada], {rest}"));
    assert_eq!(whole("priority: high"), ["4:67 error `priority` must be a whole number"]);
    assert_eq!(whole("prioritY: 1"), ["4:67 warning `prioritY` is not known here and is passed over"]);
    assert_eq!(whole("until: 2026-01-01T00:00"), ["4:64 error the layer is over before it begins"]);
    assert_eq!(whole("lasts: long"), ["4:64 error \"long\" is no length of turns"]);
    assert_eq!(whole("on: [moonday]"), ["4:61 error there is no day", "4:62 error \"moonday\" is no day of the week"]);
    assert_eq!(
        of_layer("every: 12 hours, start: 2026-01-05T09:00, people: [ada], on: mon"),
        ["4:66 error `on` counts days, and turns are not of whole days"]
    );
    assert_eq!(
        of_layer("every: 30 minutes, start: 2026-01-05T09:00, people: [ada]"),
        ["4:12 error nobody hands over so often"]
    );
    for every in ["-100 weeks", "0 weeks", "99999999 weeks"] {
        let found = of_layer(&format!("every: {every}, start: 2026-01-05T09:00, people: [ada]"));
        assert_eq!(found, [format!("4:12 error {every:?} is no length of turns")]);
    }
    assert_eq!(
        of_layer("every: day, start: 2026-01-05T09:00Z, people: [ada]"),
        ["4:24 error \"2026-01-05T09:00Z\" is no time on a wall"]
    );
}

#[test]
fn names_of_layers_differ() {
    let layer = "{every: day, start: 2026-01-05T09:00, people: [ada]";
    let text = format!(
        "version: oncall/v1\nschedules:\n  - id: a\n    zone: UTC\n    layers:\n      - {layer}}}\n      - {layer}, name: layer 1}}\n"
    );
    assert_eq!(complaints(&text), ["7:68 error another layer has this name"]);
}

#[test]
fn hours_and_changes_say_what_they_lack() {
    let hours = |hours: &str| {
        of_layer(&format!("every: day, start: 2026-01-05T09:00, people: [ada], hours: [\n     {{{hours}}}]"))
    };
    assert_eq!(hours("from: \"24:00\", to: \"06:00\""), ["5:13 error 24:00 ends a day and begins none"]);
    assert_eq!(hours("from: mon 09:00, to: \"17:00\""), ["5:6 error the days of these hours cannot be told"]);
    assert_eq!(hours("days: mon, from: 9 am"), ["5:24 error \"9\" is no day of the week"]);
    let change = |change: &str| {
        complaints(&format!(
            "version: oncall/v1\nschedules:\n  - id: a\n    zone: UTC\n    layers: [{{every: day, start: 2026-01-05T09:00, people: [ada]}}]\n    {change}\n"
        ))
    };
    let span = "from: 2026-11-01T09:00, to: 2026-11-02T09:00";
    assert_eq!(
        change("overrides: [{from: 2026-11-02, to: 2026-11-01, people: b}]"),
        ["6:40 error it is over before it begins"]
    );
    assert_eq!(change("overrides: [{people: b}]"), ["6:17 error `from` is missing", "6:17 error `to` is missing"]);
    assert_eq!(change(&format!("overrides: [{{{span}}}]")), ["6:17 error the override does not say one thing"]);
    assert_eq!(
        change(&format!("overrides: [{{{span}, add: b, remove: c}}]")),
        ["6:17 error the override does not say one thing"]
    );
    assert_eq!(change(&format!("swaps: [{{{span}}}]")), ["6:13 error `of` is missing"]);
    assert_eq!(
        change(&format!("swaps: [{{{span}, of: ada, taken_by: ada}}]")),
        ["6:79 error nobody can take their own shift"]
    );
    assert_eq!(change("skipped_times: never"), ["6:20 error \"never\" is no way to treat times that clocks jump over"]);
    assert_eq!(
        change(&format!(
            "temporary: [{{{span}, shifts: [{{from: 2026-11-01T08:00, to: 2026-11-01T10:00, people: b}}]}}]"
        )),
        ["6:73 warning the shift reaches beyond its temporary schedule"]
    );
    assert_eq!(change("overrides: 3"), ["6:16 error `overrides` must be a list"]);
}

#[test]
fn people_may_stand_in_another_file_and_who_is_not_known_is_warned_of() {
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    let people = file("people.yaml", "version: oncall/v1\npeople: [{id: ada, name: Ada}, {id: ada}, {name: nobody}]\n");
    let shop = file(
        "shop.yaml",
        "version: oncall/v1\nschedules: [{id: s, zone: UTC, layers: [{every: day, start: 2026-01-05T09:00, people: [ada, zoe, [ada, ada]]}]}]\n",
    );
    let reading = read(&[shop, people]);
    let found: Vec<String> = reading.diagnostics.iter().map(|d| format!("{} {}", d.place, d.summary)).collect();
    assert_eq!(
        found,
        [
            "people.yaml:2:32 ada stands already at people.yaml:2:10",
            "people.yaml:2:43 `id` is missing",
            "shop.yaml:2:93 nobody of the id zoe is known",
            "shop.yaml:2:104 is named twice in one turn",
        ]
    );
    assert_eq!(reading.roster.schedules.len(), 1);
    assert_eq!(
        reading.roster.people.iter().map(|p| (p.id.as_str(), p.is_known)).collect::<Vec<_>>(),
        [("ada", true), ("zoe", false)]
    );
}

#[test]
fn what_is_no_schedule_is_said() {
    assert_eq!(complaints(""), ["0:0 error holds no document"]);
    assert_eq!(
        complaints("version: prometheus/v1\n"),
        ["1:10 error \"prometheus/v1\" is no version of schedules that is read here"]
    );
    assert_eq!(complaints("a: 1\n"), ["1:1 error the document does not say what it is"]);
    assert_eq!(complaints("version: oncall/v1\nschedules: [3, {id: x}]\n").len(), 2);
    assert_eq!(
        complaints("version: oncall/v1\nschedules: [{id: x, zone: UTC}]\n"),
        ["2:13 warning the schedule never has anybody on duty"]
    );
    assert!(reading("version: [\n").is_damaged());
}
