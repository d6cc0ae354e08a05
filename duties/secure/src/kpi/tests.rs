use super::*;
use mainstay_kit::{KpiValue, Measure, fold_all, history, summarise};
use mainstay_model::Span;

fn october(facts: &str) -> KpiValue {
    october_as_of(facts, "2026-12-01T00:00:00Z")
}

fn october_as_of(facts: &str, as_of: &str) -> KpiValue {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let facts = history(facts).unwrap();
    let window = Span { from: at("2026-10-01T00:00:00Z"), to: at("2026-11-01T00:00:00Z") };
    let query = Query { window, as_of: at(as_of), zone: jiff::tz::TimeZone::UTC };
    let (pairs, exploited, promises) = (fold_all(&facts), fold_all(&facts), fold_all(&facts));
    summarise(Measure::Proportion, &vulnerability_sla(&pairs, &exploited, &promises, &query))
}

fn sums(value: &KpiValue) -> (f64, f64) {
    (value.numerator, value.denominator)
}

/// `CVE-<id>` found on `host:web` at noon of a day.
fn found(id: u32, day: &str, severity: &str) -> String {
    format!(
        "{day}T12:00:00Z vulnerability.found vulnerability:CVE-{id}@host:web {{\"vulnerability\":\"CVE-{id}\",\"asset\":\"host:web\",\"severity\":\"{severity}\"}}\n"
    )
}

fn fixed(id: u32, time: &str, verified: bool) -> String {
    format!("{time} vulnerability.fixed vulnerability:CVE-{id}@host:web {{\"verified\":{verified}}}\n")
}

fn exploited(id: u32, due: &str) -> String {
    format!(
        "2026-09-01T00:00:00Z vulnerability.exploited cve:CVE-{id} {{\"vulnerability\":\"CVE-{id}\",\"due\":\"{due}\"}}\n"
    )
}

fn promised(name: &str, made: &str, subject: &str, days: u32) -> String {
    format!(
        "{made} promise.made promise:{name} {{\"id\":\"{name}\",\"subject\":\"{subject}\",\"kind\":\"vulnerability-sla\",\"severity\":\"critical\",\"days\":{days}}}\n"
    )
}

#[test]
fn open_and_overdue_ones_count_and_not_only_what_was_closed() {
    // Three criticals due on 15 October: one fixed in time, one late, one never. Of the closed ones half were in time.
    let facts = [1, 2, 3].map(|id| found(id, "2026-10-01", "critical")).concat()
        + &fixed(1, "2026-10-10T00:00:00Z", true)
        + &fixed(2, "2026-10-20T00:00:00Z", true);
    assert_eq!(sums(&october(&facts)), (1.0, 3.0));
}

#[test]
fn the_due_date_itself_is_in_time_and_a_second_later_is_not() {
    let facts = found(1, "2026-10-01", "critical")
        + &found(2, "2026-10-01", "critical")
        + &fixed(1, "2026-10-15T12:00:00Z", true)
        + &fixed(2, "2026-10-15T12:00:01Z", true);
    assert_eq!(sums(&october(&facts)), (1.0, 2.0));
}

#[test]
fn each_severity_has_its_days() {
    // Due in October: critical from 17 September on (14), high from 1 September (30), medium from 3 July (90), low from
    // 4 April (180). A day earlier is due in September.
    for (severity, first_in, last_out) in [
        ("critical", "2026-09-17", "2026-09-16"),
        ("high", "2026-09-01", "2026-08-31"),
        ("medium", "2026-07-03", "2026-07-02"),
        ("low", "2026-04-04", "2026-04-03"),
    ] {
        assert_eq!(october(&found(1, first_in, severity)).denominator, 1.0, "{severity}");
        assert_eq!(october(&found(1, last_out, severity)).denominator, 0.0, "{severity}");
    }
}

#[test]
fn informational_ones_are_out() {
    let value = october(&found(1, "2026-10-01", "info"));
    assert_eq!((value.value, value.excluded["informational"]), (None, 1));
}

#[test]
fn a_known_exploited_date_overrides_the_days_of_the_severity() {
    // A medium one would be due in December; exploited it is due on 10 October, and the fix on the 12th is late.
    let facts = found(1, "2026-09-20", "medium")
        + &exploited(1, "2026-10-10T00:00:00Z")
        + &fixed(1, "2026-10-12T00:00:00Z", true);
    let value = october(&facts);
    assert_eq!((sums(&value), value.facts), ((0.0, 1.0), vec![0, 1, 2]));
}

#[test]
fn a_known_exploited_date_may_also_be_later_than_that_of_the_severity() {
    let facts = found(1, "2026-10-01", "critical")
        + &exploited(1, "2026-10-30T00:00:00Z")
        + &fixed(1, "2026-10-20T00:00:00Z", true);
    assert_eq!(sums(&october(&facts)), (1.0, 1.0));
}

#[test]
fn found_after_its_known_exploited_date_it_is_due_at_once_and_in_this_window() {
    let facts = found(1, "2026-10-05", "high")
        + &exploited(1, "2022-05-03T00:00:00Z")
        + &fixed(1, "2026-10-06T00:00:00Z", true);
    assert_eq!(sums(&october(&facts)), (0.0, 1.0));
}

#[test]
fn one_that_came_back_keeps_first_seen_and_is_not_fixed() {
    // A clock that starts anew would give it until 25 October; it was due on the 15th and fixed for good on the 20th.
    let back = found(1, "2026-10-01", "critical")
        + &fixed(1, "2026-10-05T00:00:00Z", true)
        + &found(1, "2026-10-11", "critical");
    assert_eq!(sums(&october(&back)), (0.0, 1.0));
    assert_eq!(sums(&october(&(back.clone() + &fixed(1, "2026-10-20T00:00:00Z", true)))), (0.0, 1.0));
    assert_eq!(sums(&october(&(back + &fixed(1, "2026-10-14T00:00:00Z", true)))), (1.0, 1.0));
}

#[test]
fn an_asset_that_vanished_is_not_a_fix() {
    let facts =
        found(1, "2026-10-01", "critical") + "2026-10-05T00:00:00Z resource.gone host:web {\"aspect\":\"live\"}\n";
    assert_eq!(sums(&october(&facts)), (0.0, 1.0));
}

#[test]
fn a_fix_that_no_scan_verified_is_none_until_one_does() {
    let said = found(1, "2026-10-01", "critical") + &fixed(1, "2026-10-05T00:00:00Z", false);
    assert_eq!(sums(&october(&said)), (0.0, 1.0));
    assert_eq!(sums(&october(&(said + &fixed(1, "2026-10-09T00:00:00Z", true)))), (1.0, 1.0));
}

#[test]
fn accepted_risk_is_shown_apart_where_it_covers_the_due_date() {
    let accepted = |id: u32, time: &str, until: &str| {
        format!(
            "{time} vulnerability.accepted vulnerability:CVE-{id}@host:web {{\"by\":\"ann\",\"reason\":\"r\",\"until\":\"{until}\"}}\n"
        )
    };
    let facts = (1..=4).map(|id| found(id, "2026-10-01", "critical")).collect::<String>()
        + &accepted(1, "2026-10-05T00:00:00Z", "2026-12-31T00:00:00Z")
        // Ends before the due date; made after the due date; taken back before it by a shorter one.
        + &accepted(2, "2026-10-05T00:00:00Z", "2026-10-15T11:59:59Z")
        + &accepted(3, "2026-10-16T00:00:00Z", "2026-12-31T00:00:00Z")
        + &accepted(4, "2026-10-05T00:00:00Z", "2026-12-31T00:00:00Z")
        + &accepted(4, "2026-10-06T00:00:00Z", "2026-10-07T00:00:00Z");
    let value = october(&facts);
    assert_eq!((sums(&value), value.excluded["accepted"]), ((0.0, 3.0), 1));
}

#[test]
fn what_is_not_due_yet_is_pending_though_it_is_fixed_already() {
    // Counting early fixes alone would make every running month look good.
    let facts = found(1, "2026-10-01", "critical")
        + &fixed(1, "2026-10-02T00:00:00Z", true)
        + &found(2, "2026-10-01", "critical");
    let value = october_as_of(&facts, "2026-10-15T11:59:59Z");
    assert_eq!((value.value, value.excluded["pending"]), (None, 2));
    assert_eq!(sums(&october_as_of(&facts, "2026-10-15T12:00:00Z")), (1.0, 2.0));
}

#[test]
fn a_promise_overrides_the_default_from_when_it_was_made() {
    // Three days from 1 October noon: the fix of the 5th is late, and due on the 4th.
    let facts = found(1, "2026-10-01", "critical") + &fixed(1, "2026-10-05T00:00:00Z", true);
    assert_eq!(sums(&october(&(facts.clone() + &promised("p", "2026-09-01T00:00:00Z", "team:a", 3)))), (0.0, 1.0));
    assert_eq!(sums(&october(&(facts + &promised("p", "2026-10-02T00:00:00Z", "team:a", 3)))), (1.0, 1.0));
}

#[test]
fn a_promise_about_the_asset_goes_before_a_general_one_and_others_do_not_apply() {
    let facts = found(1, "2026-10-01", "critical")
        + &fixed(1, "2026-10-05T00:00:00Z", true)
        + &promised("general", "2026-09-01T00:00:00Z", "team:a", 3);
    let own = promised("own", "2026-09-01T00:00:00Z", "host:web", 7);
    let other = promised("other", "2026-09-01T00:00:00Z", "host:db", 7);
    assert_eq!(sums(&october(&(facts.clone() + &own))), (1.0, 1.0));
    assert_eq!(sums(&october(&(facts.clone() + &other))), (0.0, 1.0));
    let withdrawn = "2026-09-15T00:00:00Z promise.withdrawn promise:general\n";
    assert_eq!(sums(&october(&(facts + withdrawn))), (1.0, 1.0));
}

#[test]
fn a_severity_that_was_raised_counts_from_the_first_sight() {
    // Seen on 1 October as medium (due 30 December), raised to critical on the 10th: due on the 15th.
    let facts = found(1, "2026-10-01", "medium") + &found(1, "2026-10-10", "critical");
    assert_eq!(sums(&october(&facts)), (0.0, 1.0));
}
