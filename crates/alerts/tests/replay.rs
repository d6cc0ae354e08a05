//! Changes replayed over small histories; every expected value is reasoned in the test.

#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use jiff::{SignedDuration, Timestamp};
use mainstay_alerts::Labels;
use mainstay_alerts::replay::{Episode, Files, Replay, Verdict, read_change, replay};

const DAY: &str = "2026-10-05T00:00:00Z";

/// An instant, in minutes of the day.
fn at(minutes: i64) -> Timestamp {
    DAY.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

/// An episode of `from` to `to` minutes that told the pager at once.
fn episode(id: &str, rule: &str, (from, to): (i64, i64), incident: &str) -> Episode {
    Episode {
        id: id.to_owned(),
        labels: Labels::new([("alertname", rule), ("service", "shop"), ("i", id)]),
        fired: at(from),
        resolved: (to > 0).then(|| at(to)),
        told: vec![(at(from), "pager".to_owned())],
        silences: Vec::new(),
        incidents: Some(incident.to_owned()).filter(|incident| !incident.is_empty()).into_iter().collect(),
    }
}

fn run(change: &str, files: &[(&str, &str)], episodes: &[Episode]) -> Replay {
    let files: Files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let reading = read_change(change, "change.yml", &files);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    replay(episodes, reading.change.unwrap(), at(1440))
}

fn verdicts(replay: &Replay) -> Vec<(&str, Verdict)> {
    replay.incidents.iter().map(|one| (one.incident.as_str(), one.verdict)).collect()
}

const LONGER: &str = "rules:\n- {alert: Disk, now: {for: 5m}, proposed: {for: 15m}}\n";

#[test]
fn a_longer_wait_drops_what_was_short_and_delays_the_rest() {
    let episodes = [
        // Ten minutes more were asked for: an episode of ten minutes ends when it would have fired.
        episode("a", "Disk", (60, 70), "incident:missed"),
        episode("b", "Disk", (100, 111), "incident:later"),
        episode("c", "Disk", (200, 0), ""),
        // It has not fired for ten minutes when the record ends.
        episode("d", "Disk", (1435, 0), ""),
        episode("e", "Other", (60, 61), "incident:same"),
    ];
    let replay = run(LONGER, &[], &episodes);
    assert_eq!((replay.pages_recorded, replay.pages_now, replay.pages_proposed), (5, 5, Some(3)));
    let disk = &replay.rules[0];
    assert_eq!((disk.rule.as_str(), disk.episodes, disk.pages_now, disk.pages_proposed), ("Disk", 4, 4, 2));
    assert_eq!(disk.dropped, ["a", "d"]);
    let delays: Vec<_> = disk.delayed.iter().map(|delay| (delay.episode.as_str(), delay.by.as_mins())).collect();
    assert_eq!(delays, [("b", 10), ("c", 10)]);
    assert_eq!(
        verdicts(&replay),
        [("incident:missed", Verdict::Missed), ("incident:later", Verdict::Later), ("incident:same", Verdict::Same)]
    );
    assert_eq!(replay.incidents[1].found_proposed, Some(at(110)));
    assert!(replay.unknown.is_empty());
}

#[test]
fn an_incident_is_found_by_whichever_of_its_alerts_comes_first() {
    let episodes = [
        episode("a", "Disk", (60, 65), "incident:1"),
        episode("b", "Latency", (63, 90), "incident:1"),
        episode("c", "Disk", (100, 105), "incident:2"),
        episode("d", "Latency", (99, 120), "incident:2"),
    ];
    let replay = run(LONGER, &[], &episodes);
    assert_eq!(verdicts(&replay), [("incident:1", Verdict::Later), ("incident:2", Verdict::Same)]);
    assert_eq!(replay.incidents[0].found_proposed, Some(at(63)));
}

#[test]
fn a_wait_ends_at_an_evaluation() {
    // Evaluated every two minutes, `for: 5m` fires after six and `for: 7m` after eight: two later, not two by chance; and
    // from 5m to 6m nothing changes.
    let of = |proposed: &str| {
        let change =
            format!("rules:\n- {{alert: Disk, interval: 2m, now: {{for: 5m}}, proposed: {{for: {proposed}}}}}\n");
        run(&change, &[], &[episode("a", "Disk", (60, 90), "")])
    };
    assert_eq!(of("7m").rules[0].delayed[0].by, SignedDuration::from_mins(2));
    assert!(of("6m").rules[0].delayed.is_empty());
    assert_eq!(of("6m1s").rules[0].delayed[0].by, SignedDuration::from_mins(2));
}

#[test]
fn a_shorter_wait_is_known_for_what_was_recorded_and_unknown_besides() {
    let change = "rules:\n- {alert: Disk, now: {for: 15m}, proposed: {for: 5m}}\n";
    let replay = run(change, &[], &[episode("a", "Disk", (60, 70), "incident:1")]);
    assert_eq!((replay.pages_proposed, replay.pages_proposed_min), (None, 1));
    assert_eq!(replay.rules[0].delayed[0].by, SignedDuration::from_mins(-10));
    assert!(replay.rules[0].is_unknown);
    assert_eq!(verdicts(&replay), [("incident:1", Verdict::Earlier)]);
    assert_eq!(replay.unknown[0].episodes, None);
}

#[test]
fn gaps_that_keep_firing_hides_are_unknown() {
    let change = "rules:\n- {alert: Disk, now: {for: 5m, keep_firing_for: 10m}, proposed: {for: 15m}}\n";
    let episodes = [
        // 20 minutes, of which the last ten were only kept: the condition held for ten, which is too short.
        episode("a", "Disk", (60, 80), "incident:missed"),
        // 25 minutes: it may have held for fifteen, or with a gap.
        episode("b", "Disk", (100, 125), "incident:unknown"),
    ];
    let replay = run(change, &[], &episodes);
    assert_eq!(replay.rules[0].dropped, ["a"]);
    assert_eq!((replay.pages_proposed, replay.unknown[0].episodes), (None, Some(1)));
    assert_eq!(verdicts(&replay), [("incident:missed", Verdict::Missed), ("incident:unknown", Verdict::Unknown)]);
}

#[test]
fn a_removed_rule_tells_of_nothing() {
    let change = "rules:\n- {alert: Disk, matchers: ['i=\"a\"'], proposed: {remove: true}}\n";
    let replay = run(change, &[], &[episode("a", "Disk", (60, 70), "incident:1"), episode("b", "Disk", (60, 70), "")]);
    assert_eq!((replay.pages_proposed, replay.rules[0].dropped.len()), (Some(1), 1));
    assert_eq!(verdicts(&replay), [("incident:1", Verdict::Missed)]);
}

const RECEIVERS: &str = "receivers:\n\
    - {name: pager, webhook_configs: [{url: 'http://a'}]}\n- {name: tickets, webhook_configs: [{url: 'http://b'}]}\n";

#[test]
fn grouping_and_routing_are_replayed_through_the_whole_pipeline() {
    let now = format!(
        "route: {{receiver: pager, group_by: [alertname, i], group_wait: 0s, repeat_interval: 4h}}\n{RECEIVERS}"
    );
    let proposed = format!(
        "route:\n  receiver: pager\n  group_by: [service]\n  group_wait: 5m\n  group_interval: 5m\n  repeat_interval: 24h\n  \
         routes: [{{matchers: [alertname=Disk], receiver: tickets}}]\n{RECEIVERS}"
    );
    let change = "alertmanager: {now: now.yml, proposed: proposed.yml}\nreceivers: [pager]\n";
    let episodes = [
        // Two of a group within five minutes: one message in the place of two, for the first one five minutes later.
        episode("a", "Latency", (60, 90), "incident:1"),
        episode("b", "Latency", (62, 90), ""),
        // It is over before the group is looked at.
        episode("c", "Errors", (200, 203), "incident:2"),
        // It goes to tickets, which wake nobody.
        episode("d", "Disk", (300, 330), "incident:3"),
        // Five hours: said twice now (at 400 and after more than four hours), once then.
        episode("e", "Errors", (400, 700), ""),
    ];
    let replay = run(change, &[("now.yml", &now), ("proposed.yml", &proposed)], &episodes);
    assert_eq!((replay.pages_recorded, replay.pages_now, replay.pages_proposed), (5, 6, Some(2)));
    assert_eq!(
        verdicts(&replay),
        [("incident:2", Verdict::Missed), ("incident:3", Verdict::Missed), ("incident:1", Verdict::Later)]
    );
    assert_eq!(replay.incidents[2].found_proposed, Some(at(65)));
}

#[test]
fn a_silence_that_was_recorded_holds_in_both_worlds() {
    let config = format!("route: {{receiver: pager, group_wait: 0s}}\n{RECEIVERS}");
    let mut silenced = episode("a", "Disk", (60, 90), "");
    silenced.silences.push((at(50), at(100)));
    let replay = run("alertmanager: {now: now.yml}\n", &[("now.yml", &config)], &[silenced]);
    assert_eq!((replay.pages_now, replay.pages_proposed), (0, Some(0)));
}

/// Samples each minute of the day's first hours: 0.5, but 0.75 from minute 60 to 79 and 0.95 from 120 to 149.
fn samples() -> String {
    let value = |minute| match minute {
        60..80 => 0.75,
        120..150 => 0.95,
        _ => 0.5,
    };
    let line =
        |minute: i64| format!("used{{service=\"shop\", i=\"a\"}} {} {}\n", value(minute), at(minute).as_second());
    (0..=240).map(line).collect::<String>() + "# EOF\n"
}

fn threshold(expr: &str) -> String {
    format!(
        "alertmanager: {{now: am.yml}}\nrules:\n- alert: Disk\n  interval: 1m\n  samples: samples.om\n  \
         now: {{for: 5m, expr: used > 0.7}}\n  proposed: {{for: 5m, expr: {expr}}}\n"
    )
}

#[test]
fn a_threshold_is_replayed_over_samples() {
    let config = format!("route: {{receiver: pager, group_wait: 0s, group_by: [alertname]}}\n{RECEIVERS}");
    let files = [("am.yml", config.as_str()), ("samples.om", &samples())];
    // As recorded with `> 0.7` and `for: 5m`: the condition is met at 60 and 120 and no longer at 80 and 150.
    let episodes = [episode("a", "Disk", (65, 80), "incident:1"), episode("a", "Disk", (125, 150), "incident:2")];
    let higher = run(&threshold("used > 0.9"), &files, &episodes);
    assert_eq!((higher.pages_now, higher.pages_proposed), (2, Some(1)), "{:?}", higher.unknown);
    assert_eq!(verdicts(&higher), [("incident:1", Verdict::Missed), ("incident:2", Verdict::Same)]);
    // Lower than what is always there: it fires from minute five on, once, and tells of both; until when, nobody knows.
    let lower = run(&threshold("used > 0.4"), &files, &episodes);
    assert_eq!((lower.pages_proposed, lower.pages_proposed_min), (None, 1));
    assert_eq!(lower.incidents[0].found_proposed, Some(at(5)));
}

#[test]
fn samples_that_do_not_cover_or_do_not_fit_are_said_to() {
    let config = format!("route: {{receiver: pager, group_wait: 0s}}\n{RECEIVERS}");
    let files = [("am.yml", config.as_str()), ("samples.om", &samples())];
    // The first was before the samples, the second does not come of them.
    let episodes = [episode("a", "Disk", (600, 610), "incident:1"), episode("a", "Disk", (30, 40), "incident:2")];
    let replay = run(&threshold("used > 0.9"), &files, &episodes);
    assert_eq!(replay.pages_proposed, None);
    assert!(
        replay.unknown.iter().any(|unknown| unknown.why.contains("the samples are of") && unknown.episodes == Some(1))
    );
    assert!(replay.unknown.iter().any(|unknown| unknown.why.contains("are not those that Prometheus saw")));
    let first = replay.incidents.iter().find(|one| one.incident == "incident:1").unwrap();
    assert_eq!(first.verdict, Verdict::Unknown);
}

#[test]
fn other_labels_need_a_configuration_to_say_who_is_told() {
    let change = "rules:\n- {alert: Disk, proposed: {labels: {severity: ticket}}}\n";
    let replay = run(change, &[], &[episode("a", "Disk", (60, 70), "")]);
    assert_eq!(replay.pages_proposed, None);
    let config = format!(
        "route: {{receiver: pager, group_wait: 0s, routes: [{{matchers: [severity=ticket], receiver: tickets}}]}}\n{RECEIVERS}"
    );
    let change = format!("{change}alertmanager: {{now: am.yml}}\nreceivers: [pager]\n");
    let replay = run(&change, &[("am.yml", &config)], &[episode("a", "Disk", (60, 70), "")]);
    assert_eq!((replay.pages_now, replay.pages_proposed), (1, Some(0)));
}

#[test]
fn a_change_is_refused_at_its_mistake() {
    for (change, place) in [
        ("", "0:0"),
        ("rules:\n- {alert: Disk}\n", "2:3"),
        ("rules:\n- {proposed: {remove: true}}\n", "2:3"),
        ("rules:\n- {alert: Disk, proposed: {for: 5m}}\n", "2:27"),
        ("rules:\n- {alert: Disk, now: {for: 5}, proposed: {for: 5m}}\n", "2:28"),
        ("rules:\n- {alert: Disk, now: {for: 5m}, proposed: {hold: 5m}}\n", "2:44"),
        ("rules:\n- {alert: Disk, proposed: {expr: up > 1}}\n", "2:27"),
        ("alertmanager: {proposed: a.yml}\n", "1:15"),
        ("alertmanager: {now: missing.yml}\n", "1:21"),
        ("alertmanager: {now: am.yml}\nreceivers: [nobody]\n", "2:13"),
    ] {
        let config = format!("route: {{receiver: pager}}\n{RECEIVERS}");
        let reading = read_change(change, "change.yml", &Files::from([("am.yml".to_owned(), config)]));
        assert!(reading.change.is_none(), "{change}");
        let at = reading.diagnostics.first().map(|d| format!("{}:{}", d.place.line, d.place.column));
        assert_eq!(at.as_deref(), Some(place), "{change}: {:?}", reading.diagnostics);
    }
}
