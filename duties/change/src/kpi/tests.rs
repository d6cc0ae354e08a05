use super::*;
use mainstay_kit::{KpiValue, Measure, fold_all, history, summarise};
use mainstay_model::Span;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// KPI 1 of October 2026 as it is seen on 1 December, unless told otherwise.
fn october(facts: &str) -> KpiValue {
    october_as_of(facts, "2026-12-01T00:00:00Z")
}

fn october_as_of(facts: &str, as_of: &str) -> KpiValue {
    let facts = history(facts).unwrap();
    let window = Span { from: at("2026-10-01T00:00:00Z"), to: at("2026-11-01T00:00:00Z") };
    let query = Query { window, as_of: at(as_of), zone: jiff::tz::TimeZone::UTC };
    summarise(Measure::Proportion, &change_failure_rate(&fold_all(&facts), &fold_all(&facts), &query))
}

fn sums(value: &KpiValue) -> (f64, f64) {
    (value.numerator, value.denominator)
}

/// A production infrastructure change that succeeded on a day of October.
fn done(id: u32, day: u32) -> String {
    format!(
        r#"2026-10-{day:02}T12:00:00Z change.completed change:{id} {{"environment":"production","kind":"infrastructure","outcome":"succeeded","service":"service:shop","team":"team:a"}}"#
    ) + "\n"
}

fn linked(id: u32, day: u32, failure: &str, kind: &str, confidence: &str) -> String {
    format!(
        r#"2026-10-{day:02}T13:00:00Z change.failure-linked change:{id} {{"failure":"{failure}","kind":"{kind}","confidence":"{confidence}"}}"#
    ) + "\n"
}

#[test]
fn one_of_four_changes_failed() {
    let facts =
        (1..=4).map(|id| done(id, id)).collect::<String>() + &linked(2, 3, "incident:1", "incident", "confirmed");
    let value = october(&facts);
    assert_eq!((value.value, sums(&value)), (Some(0.25), (1.0, 4.0)));
    assert_eq!(value.facts, [0, 1, 2, 3, 4]);
}

#[test]
fn no_change_is_no_data_and_not_zero() {
    assert_eq!(october("").value, None);
}

#[test]
fn three_incidents_of_one_change_are_one_failed_change_and_never_more_than_all() {
    // Counting incidents would give 3 / 2 = 150 %.
    let facts = done(1, 1) + &done(2, 2);
    let links = (1..=3).map(|n| linked(1, 2, &format!("incident:{n}"), "incident", "confirmed")).collect::<String>();
    assert_eq!(october(&(facts + &links)).value, Some(0.5));
}

#[test]
fn a_change_that_ended_in_an_error_is_in_the_denominator() {
    // One succeeded, one failed to run and broke something. Over the successful ones alone that is 1 / 1 or 0 / 1.
    let facts =
        done(1, 1) + &done(2, 2).replace("succeeded", "failed") + &linked(2, 2, "incident:1", "incident", "confirmed");
    assert_eq!(sums(&october(&facts)), (1.0, 2.0));
}

#[test]
fn a_change_that_ended_in_an_error_and_broke_nothing_is_executed_and_did_not_fail() {
    assert_eq!(sums(&october(&done(2, 2).replace("succeeded", "failed"))), (0.0, 1.0));
}

#[test]
fn the_hotfix_is_not_blamed_for_the_failure_that_it_mends_because_its_record_came_later() {
    // Change 2 mends change 1. Both are linked to the same incident: by time the hotfix is the nearer one.
    let hotfix = done(2, 2).replace(r#""outcome""#, r#""remedies":"change:1","outcome""#);
    let facts = done(1, 1)
        + &hotfix
        + &linked(1, 2, "incident:1", "incident", "confirmed")
        + &linked(2, 3, "incident:1", "incident", "confirmed")
        + &linked(2, 3, "change:1", "emergency-fix", "confirmed");
    assert_eq!(sums(&october(&facts)), (1.0, 2.0));
}

#[test]
fn a_hotfix_that_breaks_something_else_failed_itself() {
    let hotfix = done(2, 2).replace(r#""outcome""#, r#""remedies":"change:1","outcome""#);
    let facts = done(1, 1)
        + &hotfix
        + &linked(1, 2, "incident:1", "incident", "confirmed")
        + &linked(2, 3, "incident:2", "incident", "confirmed");
    assert_eq!(sums(&october(&facts)), (2.0, 2.0));
}

#[test]
fn what_a_machine_suspects_of_the_newest_earlier_deployment_is_a_band_and_not_in_the_value() {
    // The last deployment before an incident lies 27 days back; a machine links it all the same.
    let facts = done(1, 1) + &done(2, 1) + &linked(1, 28, "incident:1", "incident", "suspected");
    let value = october(&facts);
    assert_eq!((value.value, value.details["suspected"]), (Some(0.0), 0.5));
}

#[test]
fn the_newest_statement_about_a_failure_counts_in_whatever_order_it_arrives() {
    let ruled_out =
        linked(1, 5, "incident:1", "incident", "rejected") + &linked(1, 2, "incident:1", "incident", "confirmed");
    let value = october(&(done(1, 1) + &ruled_out));
    assert_eq!(sums(&value), (0.0, 1.0));
    let confirmed =
        linked(1, 5, "incident:1", "incident", "confirmed") + &linked(1, 2, "incident:1", "incident", "suspected");
    let value = october(&(done(1, 1) + &confirmed));
    assert_eq!((sums(&value), value.details.contains_key("suspected")), ((1.0, 1.0), false));
}

#[test]
fn a_failure_ruled_out_leaves_the_others_standing() {
    let facts = done(1, 1)
        + &linked(1, 2, "incident:1", "incident", "rejected")
        + &linked(1, 3, "change:9", "rollback", "confirmed");
    assert_eq!(sums(&october(&facts)), (1.0, 1.0));
}

#[test]
fn a_change_called_off_before_it_started_is_out() {
    let facts = done(1, 1)
        + "2026-10-02T00:00:00Z change.proposed change:2 {\"title\":\"x\"}\n"
        + "2026-10-03T00:00:00Z change.cancelled change:2 {}\n";
    let value = october(&facts);
    assert_eq!((sums(&value), value.excluded["cancelled"]), ((0.0, 1.0), 1));
}

#[test]
fn a_change_is_pending_until_its_seven_days_are_over() {
    // Completed on 24 October at noon: the window is over on 31 October at noon, that instant included.
    let facts = done(1, 1) + &done(2, 24) + &linked(2, 25, "incident:1", "incident", "confirmed");
    let early = october_as_of(&facts, "2026-10-31T11:59:59Z");
    assert_eq!((sums(&early), early.excluded["pending"]), ((0.0, 1.0), 1));
    assert_eq!(sums(&october_as_of(&facts, "2026-10-31T12:00:00Z")), (1.0, 2.0));
}

#[test]
fn only_production_infrastructure_counts() {
    let facts = done(1, 1)
        + &done(2, 2).replace("production", "staging")
        + &done(3, 3).replace("infrastructure", "application");
    let value = october(&facts);
    assert_eq!(sums(&value), (0.0, 1.0));
    assert_eq!((value.excluded["not production"], value.excluded["not infrastructure"]), (1, 1));
}

#[test]
fn a_change_belongs_to_the_month_in_which_it_completed_with_the_window_half_open() {
    let done_at = |id: u32, time: &str| done(id, 1).replace("2026-10-01T12:00:00Z", time);
    let facts =
        done_at(1, "2026-09-30T23:59:59Z") + &done_at(2, "2026-10-01T00:00:00Z") + &done_at(3, "2026-11-01T00:00:00Z");
    // The incident is linked in October, to the change of September.
    assert_eq!(sums(&october(&(facts + &linked(1, 1, "incident:1", "incident", "confirmed")))), (0.0, 1.0));
}

#[test]
fn drift_that_nobody_authorised_counts_as_an_executed_change_and_fails_only_where_linked() {
    let drift = |day: u32, more: &str| {
        format!(
            "2026-10-{day:02}T00:00:00Z resource.drifted aws:sg/1 {{\"attributes\":[\"ingress\"],{more}\"environment\":\"production\"}}\n"
        )
    };
    let allowed = drift(9, "\"authorised\":true,").replace("aws:sg/1", "aws:sg/2");
    let facts =
        done(1, 1) + &drift(2, "") + &allowed + "2026-10-03T00:00:00Z resource.reconciled aws:sg/1\n" + &drift(10, "");
    assert_eq!(sums(&october(&facts)), (0.0, 3.0));
    let link = linked(0, 4, "incident:1", "incident", "confirmed").replace("change:0", "aws:sg/1");
    assert_eq!(sums(&october(&(facts + &link))), (1.0, 3.0));
}

#[test]
fn drift_in_staging_is_out_and_drift_of_unknown_environment_is_unknown() {
    let facts = "2026-10-02T00:00:00Z resource.drifted aws:sg/1 {\"attributes\":[],\"environment\":\"staging\"}\n\
                 2026-10-02T00:00:00Z resource.drifted aws:sg/2 {\"attributes\":[]}";
    let value = october(facts);
    assert_eq!((value.value, value.excluded["not production"], value.unknown["environment unknown"]), (None, 1, 1));
}

#[test]
fn a_change_reported_twice_is_one_change() {
    let again = done(1, 1).replace("12:00:00Z", "12:05:00Z");
    assert_eq!(sums(&october(&(done(1, 1) + &again))), (0.0, 1.0));
}

#[test]
fn slices_come_from_what_the_change_says() {
    let facts = history(&done(1, 1)).unwrap();
    let window = Span { from: at("2026-10-01T00:00:00Z"), to: at("2026-11-01T00:00:00Z") };
    let query = Query { window, as_of: at("2026-12-01T00:00:00Z"), zone: jiff::tz::TimeZone::UTC };
    let out = change_failure_rate(&fold_all(&facts), &[], &query);
    assert_eq!((out[0].service.as_deref(), out[0].team.as_deref()), (Some("service:shop"), Some("team:a")));
}
