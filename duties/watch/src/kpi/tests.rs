use super::*;
use mainstay_kit::{KpiValue, Measure, fold_all, history, summarise};
use mainstay_model::{Span, Timestamp};

fn october(facts: &str) -> KpiValue {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let window = Span { from: at("2026-10-01T00:00:00Z"), to: at("2026-11-01T00:00:00Z") };
    let query = Query { window, as_of: at("2026-12-01T00:00:00Z"), zone: jiff::tz::TimeZone::UTC };
    summarise(Measure::Proportion, &actionable_alerts(&fold_all(&history(facts).unwrap()), &query))
}

/// An episode that fired at 10:00 on 5 October; `more` are further fields that end in a comma.
fn fired(id: u32, more: &str) -> String {
    format!(
        "2026-10-05T10:00:00Z alert.fired alert:{id} {{{more}\"rule\":\"HighLatency\",\"fingerprint\":\"f{id}\",\"labels\":{{}}}}\n"
    )
}

fn said(id: u32, time: &str, what: &str, data: &str) -> String {
    format!("2026-10-05T{time}:00Z alert.{what} alert:{id} {data}\n")
}

fn notified(id: u32) -> String {
    fired(id, "") + &said(id, "10:01", "notified", "{\"receiver\":\"pager\"}")
}

fn resolved(id: u32) -> String {
    said(id, "11:00", "resolved", "{}")
}

fn acted(id: u32, evidence: &str) -> String {
    said(id, "10:10", "acted-on", &format!("{{\"evidence\":\"{evidence}\"}}"))
}

fn acknowledged(id: u32) -> String {
    said(id, "10:05", "acknowledged", "{\"by\":\"ann\"}")
}

#[test]
fn it_is_the_share_that_led_to_action_and_not_the_share_of_noise() {
    // Three of four led to something. Inverted, this would read 25 %.
    let facts = notified(1)
        + &acted(1, "incident")
        + &notified(2)
        + &acted(2, "ticket")
        + &notified(3)
        + &acted(3, "runbook")
        + &notified(4)
        + &resolved(4);
    let value = october(&facts);
    assert_eq!((value.value, value.numerator, value.denominator), (Some(0.75), 3.0, 4.0));
}

#[test]
fn repeats_of_a_notification_are_one_episode() {
    // Counted by notification, the noisy episode would weigh three times: 1 / 4.
    let repeats = said(2, "10:30", "notified", "{\"receiver\":\"pager\"}")
        + &said(2, "10:45", "notified", "{\"receiver\":\"pager\"}");
    let facts = notified(1) + &acted(1, "change") + &notified(2) + &fired(2, "") + &repeats + &resolved(2);
    assert_eq!(october(&facts).value, Some(0.5));
}

#[test]
fn an_acknowledgement_alone_is_no_action_and_no_noise() {
    let facts = notified(1) + &acknowledged(1) + &resolved(1) + &notified(2) + &acted(2, "incident");
    let value = october(&facts);
    assert_eq!((value.value, value.unknown["unclassified"]), (Some(0.5), 1));
}

#[test]
fn resolved_by_itself_without_acknowledgement_is_noise() {
    let value = october(&(notified(1) + &resolved(1)));
    assert_eq!((value.value, value.unknown.len()), (Some(0.0), 0));
}

#[test]
fn one_that_still_fires_is_unclassified() {
    assert_eq!(october(&notified(1)).unknown["unclassified"], 1);
}

#[test]
fn watchdogs_and_tests_are_out() {
    let told = |id| said(id, "10:01", "notified", "{\"receiver\":\"pager\"}");
    let facts = fired(1, "\"watchdog\":true,")
        + &told(1)
        + &fired(2, "\"test\":true,")
        + &told(2)
        + &notified(3)
        + &resolved(3);
    let value = october(&facts);
    assert_eq!((value.denominator, value.excluded["watchdog"], value.excluded["test"]), (1.0, 1, 1));
}

#[test]
fn nobody_told_is_out() {
    let value = october(&(fired(1, "") + &resolved(1)));
    assert_eq!((value.value, value.excluded["not notified"]), (None, 1));
}

#[test]
fn silenced_before_anyone_was_told_is_out_and_silenced_afterwards_is_in() {
    let silenced =
        |id, time, until: &str| said(id, time, "silenced", &format!("{{\"until\":\"2026-10-05T{until}:00Z\"}}"));
    let facts = fired(1, "") + &silenced(1, "09:00", "12:00")
        + &notified(2) + &silenced(2, "09:00", "12:00")
        + &notified(3) + &silenced(3, "10:20", "12:00") + &resolved(3)
        // The silence was over when somebody was told.
        + &notified(4) + &silenced(4, "09:00", "09:30") + &acted(4, "incident");
    let value = october(&facts);
    assert_eq!((value.numerator, value.denominator, value.excluded["silenced"]), (1.0, 2.0, 2));
}

#[test]
fn the_responders_newest_verdict_counts_where_there_is_no_other_evidence() {
    let verdict = |id, time, word: &str| said(id, time, "acted-on", &format!("{{\"evidence\":\"{word}\"}}"));
    let facts = notified(1)
        + &verdict(1, "10:40", "useful")
        + &verdict(1, "10:20", "noise")
        + &notified(2)
        + &verdict(2, "10:20", "useful")
        + &verdict(2, "10:40", "noise")
        + &acknowledged(2);
    let value = october(&facts);
    assert_eq!((value.numerator, value.denominator, value.unknown.len()), (1.0, 2.0, 0));
}

#[test]
fn an_incident_shows_action_though_somebody_called_it_noise() {
    let facts = notified(1) + &acted(1, "incident") + &said(1, "10:50", "acted-on", "{\"evidence\":\"noise\"}");
    assert_eq!(october(&facts).value, Some(1.0));
}

#[test]
fn it_belongs_to_the_month_in_which_it_began_to_fire() {
    let early = (notified(1) + &acted(1, "incident")).replacen("2026-10-05T10:00:00Z", "2026-09-30T23:59:59Z", 1);
    let first = (notified(2) + &resolved(2)).replacen("2026-10-05T10:00:00Z", "2026-10-01T00:00:00Z", 1);
    assert_eq!(october(&(early + &first)).denominator, 1.0);
}

#[test]
fn no_episode_is_no_data_and_what_never_fired_is_no_episode() {
    assert_eq!(october(&said(1, "10:01", "notified", "{\"receiver\":\"pager\"}")).value, None);
}
