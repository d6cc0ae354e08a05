//! Every figure here is computed by hand from the minutes that a test makes up.

use super::*;
use crate::rules::{Options, Style};
use crate::{Slo, read};
use jiff::Timestamp;
use mainstay_iac::SourceFile;
use mainstay_model::Span;
use mainstay_promql::{Labels, NAME, Output, Store, range};
use std::collections::BTreeMap;

const DAY: i64 = 1_440;
/// 2026-11-01T00:00:00Z in minutes.
const START: i64 = 29_891_520;

const SLOTH: &str = "\
version: prometheus/v1
service: shop
slos:
  - name: checkout
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(requests_total{code=~\"5..\"}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))
    alerting:
      name: CheckoutBurns
";

fn slo(text: &str) -> Slo {
    let file = SourceFile { path: "slo.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    let mut reading = read(&[file], None);
    assert!(!reading.is_damaged(), "{:?}", reading.diagnostics);
    reading.slos.remove(0)
}

/// Labels, and what a minute adds.
type Counter<'a> = (&'a [(&'a str, &'a str)], &'a dyn Fn(i64) -> Option<u32>);

/// Counters, a sample a minute: what each adds in the minute that begins at each time, from `START` to so many minutes later.
/// A minute for which nothing is given has no sample at its beginning.
fn counters(minutes: i64, series: &[Counter<'_>]) -> Store {
    let mut store = Store::new();
    for (labels, adds) in series {
        let labels = Labels::new(labels.iter().copied());
        let mut sum = 0.0;
        for minute in 0..=minutes {
            let added = adds(minute);
            if added.is_some() {
                store.add(&labels, (START + minute) * 60_000, sum).unwrap();
            }
            sum += f64::from(added.unwrap_or(0));
        }
    }
    store
}

fn requests(code: &str) -> [(&str, &str); 2] {
    [(NAME, "requests_total"), ("code", code)]
}

fn minute(at: i64) -> Timestamp {
    Timestamp::from_second((START + at) * 60).unwrap()
}

fn statuses(slo: &Slo, store: &Store, now: i64, out: &[Span]) -> Vec<Status> {
    let options = Options {
        period: Duration::days(1),
        windows: Vec::new(),
        style: Style::Mainstay,
        labels: BTreeMap::new(),
        alerts: true,
        recordings: true,
    };
    let plan = Plan::of(slo, &options, minute(now), out);
    let answer = |ask: &Ask| {
        let expr = mainstay_promql::parse(&ask.query).map_err(|e| e.message)?;
        let options = mainstay_promql::Options { as_version_2: true, ..mainstay_promql::Options::default() };
        match range(store, &expr, ask.grid, &options).map_err(|e| e.message)?.output {
            Output::Matrix(points) => Ok(points),
            other => panic!("{other:?}"),
        }
    };
    plan.judge(&plan.asks().iter().map(answer).collect::<Vec<_>>())
}

fn one(slo: &Slo, store: &Store, now: i64, out: &[Span]) -> Status {
    let mut all = statuses(slo, store, now, out);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-6), "{found:?} is not {expected}");
}

#[test]
fn a_quiet_night_weighs_as_many_requests_as_it_has() {
    let traffic = |minute: i64| match minute.rem_euclid(DAY) {
        0..60 => 60,
        720..780 => 60_000,
        _ => 600,
    };
    // All requests of the first hour fail; a mean of shares would call that a twenty-fourth of the day.
    let night = |minute: i64| minute.rem_euclid(DAY) < 60;
    let store = counters(
        4 * DAY,
        &[
            (&requests("200"), &|minute| Some(if night(minute) { 0 } else { traffic(minute) })),
            (&requests("500"), &|minute| Some(if night(minute) { traffic(minute) } else { 0 })),
        ],
    );
    let status = one(&slo(SLOTH), &store, 4 * DAY, &[]);
    // 60 x 60 + 60 x 60,000 + 22 x 60 x 600 requests, of which 3,600 are bad and 4,395.6 may be.
    near(Some(status.seen.1), 4_395_600.0);
    near(status.good, 1.0 - 3_600.0 / 4_395_600.0);
    near(status.left, 1.0 - 3_600.0 / 4_395.6);
    near(status.left_count, 795.6);
    assert_eq!((status.state, status.exhaustion), (State::Kept, Exhaustion::Lasts));
    assert_eq!((status.covered, status.gaps.len()), (1.0, 0));
}

#[test]
fn the_burn_of_the_last_hour_says_when_the_budget_will_be_gone() {
    // 600 requests a minute; of those of the last hour 1.2 a minute fail, which is six every five minutes.
    let bad = |minute: i64| if minute >= 4 * DAY - 60 && minute % 5 == 0 { 6 } else { 0 };
    let store = counters(
        4 * DAY,
        &[(&requests("200"), &|minute| Some(600 - bad(minute))), (&requests("500"), &|minute| Some(bad(minute)))],
    );
    let status = one(&slo(SLOTH), &store, 4 * DAY, &[]);
    near(status.left, 1.0 - 72.0 / 864.0);
    let rates: Vec<(String, f64)> =
        status.burns.iter().map(|burn| (burn.window.to_string(), (burn.rate.unwrap() * 1e6).round() / 1e6)).collect();
    assert_eq!(rates, [("1h".to_owned(), 2.0), ("6h".to_owned(), 0.333_333), ("3d".to_owned(), 0.027_778)]);
    // 792 events are left, and 72 go in an hour.
    let Exhaustion::In(seconds) = status.exhaustion else { panic!("{status:?}") };
    near(Some(seconds), 11.0 * 3_600.0);
    assert_eq!((status.state, status.present), (State::Kept, Some(Duration(3_600))));
    // With twenty times as many the hour's alert fires, and the budget is gone.
    let worse = |minute: i64| bad(minute) * 10;
    let store = counters(
        4 * DAY,
        &[(&requests("200"), &|minute| Some(600 - worse(minute))), (&requests("500"), &|minute| Some(worse(minute)))],
    );
    let status = one(&slo(SLOTH), &store, 4 * DAY, &[]);
    near(status.left, 1.0 - 720.0 / 864.0);
    assert_eq!(status.state, State::Burning, "20 is above 14.4");
}

#[test]
fn a_gap_is_neither_good_nor_bad_and_too_much_of_it_leaves_no_verdict() {
    let last = 3 * DAY;
    let gap = |length: i64| move |minute: i64| (last + 720 < minute && minute < last + 720 + length).then_some(());
    let status = |length: i64, bad: u32| {
        let hole = gap(length);
        let store = counters(
            4 * DAY,
            &[
                (&requests("200"), &|minute| if hole(minute).is_some() { None } else { Some(600 - bad) }),
                (&requests("500"), &|minute| if hole(minute).is_some() { None } else { Some(bad) }),
            ],
        );
        one(&slo(SLOTH), &store, 4 * DAY, &[])
    };
    let hour = status(60, 0);
    near(Some(hour.covered), 1.0 - 12.0 / 288.0);
    near(Some(hour.seen.1), 23.0 * 36_000.0);
    let edges = ((START + last + 720) * 60_000, (START + last + 780) * 60_000);
    assert_eq!(hour.gaps, [Gap { from: edges.0, until: edges.1 }]);
    assert_eq!(hour.state, State::Kept);
    let three = status(180, 0);
    near(Some(three.covered), 0.875);
    assert_eq!((three.state, three.exhaustion), (State::Unknown, Exhaustion::Unknown));
    near(three.good, 1.0);
    // One of 600 is more than one of a thousand, and would be with the gap full of good ones: 21 hours of 60 are 1,260 of 864.
    assert_eq!(status(180, 1).state, State::Exhausted);
    // Of 14 hours 840 are bad: too many for those, but not for a day in which all others were good.
    assert_eq!(status(600, 1).state, State::Unknown);
}

#[test]
fn what_was_not_recorded_at_all_is_unknown() {
    let status = one(&slo(SLOTH), &Store::new(), 0, &[]);
    assert_eq!((status.state, status.good, status.left, status.covered), (State::Unknown, None, None, 0.0));
    assert_eq!(status.notes, ["nothing is recorded of its indicator"]);
    let idle = counters(4 * DAY, &[(&requests("200"), &|_| Some(0))]);
    let status = one(&slo(SLOTH), &idle, 4 * DAY, &[]);
    assert_eq!((status.state, status.good, status.covered), (State::Unknown, None, 1.0), "no events prove nothing");
}

#[test]
fn maintenance_does_not_count_to_the_second() {
    // From 10:01 to 10:29 of the last day everything fails; from 10:02 to 10:28 maintenance is announced.
    let outage = |minute: i64| (3 * DAY + 601..3 * DAY + 629).contains(&minute);
    let store = counters(
        4 * DAY,
        &[
            (&requests("200"), &|minute| Some(if outage(minute) { 0 } else { 600 })),
            (&requests("500"), &|minute| Some(if outage(minute) { 600 } else { 0 })),
        ],
    );
    let out = Span { from: minute(3 * DAY + 602), to: minute(3 * DAY + 628) };
    let status = one(&slo(SLOTH), &store, 4 * DAY, &[out]);
    near(Some(status.seen.0), 1_200.0);
    near(Some(status.seen.1), f64::from(600 * (1_440 - 26)));
    near(Some(status.excluded_s), 26.0 * 60.0);
    assert_eq!((status.covered, status.gaps.len()), (1.0, 0));
    let without = one(&slo(SLOTH), &store, 4 * DAY, &[]);
    near(Some(without.seen.0), 28.0 * 600.0);
}

#[test]
fn no_series_of_bad_events_is_none_only_where_the_same_metric_counts_all() {
    let store = counters(4 * DAY, &[(&requests("200"), &|_| Some(600))]);
    let same = one(&slo(SLOTH), &store, 4 * DAY, &[]);
    assert_eq!((same.state, same.seen.0), (State::Kept, 0.0));
    let other = one(&slo(&SLOTH.replace("requests_total{code=~\"5..\"}", "failures_total")), &store, 4 * DAY, &[]);
    assert_eq!((other.state, other.covered), (State::Unknown, 0.0));
    assert!(other.notes[0].contains("let it begin with 0"), "{:?}", other.notes);
}

const OPENSLO: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout}
spec:
  service: shop
  budgetingMethod: METHOD
  timeWindow:
    - WINDOW
  indicator:
    metadata: {name: good-requests}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(requests_total{code=\"200\"}[{{.window}}]))'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(requests_total[{{.window}}]))'}}}
  objectives:
    - OBJECTIVE
";

fn openslo(method: &str, window: &str, objective: &str) -> Slo {
    slo(&OPENSLO.replace("METHOD", method).replace("WINDOW", window).replace("OBJECTIVE", objective))
}

#[test]
fn no_series_of_good_events_means_that_all_are_bad() {
    let store = counters(4 * DAY, &[(&requests("500"), &|_| Some(10))]);
    let status = one(&openslo("Occurrences", "{duration: 1d, isRolling: true}", "target: 0.99"), &store, 4 * DAY, &[]);
    near(status.good, 0.0);
    near(status.left, -99.0);
    assert_eq!((status.state, status.exhaustion), (State::Exhausted, Exhaustion::Gone));
}

#[test]
fn a_calendar_window_begins_anew_in_its_own_zone() {
    // Berlin's 3 November begins at 23:00 of the 2nd in UTC. Before that everything fails; afterwards one of a hundred.
    let begin = DAY + 23 * 60;
    let store = counters(
        4 * DAY,
        &[
            (&requests("200"), &|minute| Some(if minute < begin { 0 } else { 99 })),
            (&requests("500"), &|minute| Some(if minute < begin { 100 } else { 1 })),
        ],
    );
    let window =
        "{duration: 1w, isRolling: false, calendar: {startTime: 2026-01-06 00:00:00, timeZone: Europe/Berlin}}";
    let of = |target: &str, now: i64| one(&openslo("Occurrences", window, target), &store, now, &[]);
    // A week that begins on Tuesdays, 25 hours in: 150,000 requests and 1,500 bad ones.
    let status = of("target: 0.98", begin + 25 * 60);
    assert_eq!((status.from, status.until), ((START + begin) * 60_000, (START + begin + 1_500) * 60_000));
    assert_eq!(status.end, Some((START + begin + 7 * DAY) * 60_000));
    near(Some(status.seen.1), 150_000.0);
    near(status.left, 0.5);
    // The budget grows by two a minute and one is used, so that it lasts.
    assert_eq!(status.exhaustion, Exhaustion::Lasts);
    // The burn of three days reaches back behind the window: 47 hours of 6,000 bad ones, and 1,500 since.
    near(status.burns[2].rate, 283_500.0 / 432_000.0 / 0.02);
}

#[test]
fn slices_count_time_and_the_budget_of_a_calendar_window_is_that_of_all_of_it() {
    // Of each hour's twelve slices of five minutes one is below its target, as all its requests fail.
    let bad = |minute: i64| minute.rem_euclid(60) < 5;
    let store = counters(
        4 * DAY,
        &[
            (&requests("200"), &|minute| Some(if bad(minute) { 0 } else { 100 })),
            (&requests("500"), &|minute| Some(if bad(minute) { 100 } else { 0 })),
        ],
    );
    let objective = "{target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 5m}";
    let rolling = one(&openslo("Timeslices", "{duration: 1d, isRolling: true}", objective), &store, 4 * DAY, &[]);
    near(rolling.good, 11.0 / 12.0);
    near(rolling.left, 1.0 - (1.0 / 12.0) / 0.1);
    assert_eq!((rolling.counts_events, rolling.burns[0].events), (false, None));
    // Of a week that began 24 hours ago, 16.8 hours may be bad, and 2 were; 5 minutes go in an hour, which the week outlasts.
    let window = "{duration: 1w, isRolling: false, calendar: {startTime: 2026-11-04 00:00:00, timeZone: UTC}}";
    let week = one(&openslo("Timeslices", window, objective), &store, 4 * DAY, &[]);
    near(week.left, 1.0 - 2.0 / 16.8);
    near(week.left_count, 14.8 * 3_600.0);
    assert_eq!(week.exhaustion, Exhaustion::Lasts);
}

#[test]
fn every_series_of_an_indicator_has_a_budget_of_its_own() {
    let text = "\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: checkout}
spec:
  target: '99'
  window: 1d
  indicator:
    ratio:
      errors: {metric: 'requests_total{code=\"500\"}'}
      total: {metric: requests_total}
      grouping: [path]
";
    let labels = |code: &'static str, path: &'static str| [(NAME, "requests_total"), ("code", code), ("path", path)];
    let store = counters(
        4 * DAY,
        &[
            (&labels("200", "/pay"), &|_| Some(98)),
            (&labels("500", "/pay"), &|_| Some(2)),
            (&labels("200", "/cart"), &|_| Some(1_000)),
        ],
    );
    let all = statuses(&slo(text), &store, 4 * DAY, &[]);
    let shown: Vec<(String, State)> = all.iter().map(|status| (status.series.to_string(), status.state)).collect();
    assert_eq!(shown, [("{path=\"/cart\"}".to_owned(), State::Kept), ("{path=\"/pay\"}".to_owned(), State::Exhausted)]);
    near(all[1].left, -1.0);
}

#[test]
fn few_events_are_told_and_a_longer_window_stands_in() {
    // One request every two minutes: 30 an hour and 180 in six, of which alerts need more than 69 and 166.
    let bad = |minute: i64| minute == 4 * DAY - 30;
    let each = |minute: i64| u32::from(minute % 2 == 0);
    let store = counters(
        4 * DAY,
        &[
            (&requests("200"), &|minute| Some(if bad(minute) { 0 } else { each(minute) })),
            (&requests("500"), &|minute| Some(if bad(minute) { each(minute) } else { 0 })),
        ],
    );
    let status = one(&slo(SLOTH), &store, 4 * DAY, &[]);
    let enough: Vec<bool> = status.burns.iter().map(Burn::is_enough).collect();
    assert_eq!(enough, [false, true, true]);
    assert_eq!((status.burns[0].needed, status.burns[1].needed), (Some(69.0), Some(166.0)));
    // One of 30 is 33 times what is allowed, and nobody is woken for it.
    near(status.burns[0].rate, 1.0 / 30.0 / 0.001);
    assert!(
        status.notes[0].starts_with("few events: 30 in 1h") && status.notes[0].ends_with("window of 6h"),
        "{:?}",
        status.notes
    );
    assert_ne!(status.state, State::Burning);
}

#[test]
fn an_answer_that_fails_says_why() {
    let slo = slo(SLOTH);
    let options = Options {
        period: Duration::days(30),
        windows: Vec::new(),
        style: Style::Mainstay,
        labels: BTreeMap::new(),
        alerts: true,
        recordings: true,
    };
    let plan = Plan::of(&slo, &options, minute(0), &[]);
    assert_eq!(plan.asks().iter().map(|ask| ask.grid.count).collect::<Vec<_>>(), [8_640, 8_640]);
    let failed: Vec<Answered> = plan.asks().iter().map(|_| Err("it answers 503".to_owned())).collect();
    let status = plan.judge(&failed).remove(0);
    assert_eq!((status.state, status.notes), (State::Unknown, vec!["it answers 503".to_owned()]));
}
