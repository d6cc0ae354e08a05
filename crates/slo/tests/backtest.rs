//! Alerts over a made-up history whose every answer follows from arithmetic.

#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use mainstay_iac::SourceFile;
use mainstay_promql::{Labels, NAME, Store};
use mainstay_slo::backtest::{Incident, Outcome, Span, run};
use mainstay_slo::rules::{Options, Style};
use mainstay_slo::{Duration, read};
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Requests a minute.
const REQUESTS: f64 = 6_000.0;

const SPEC: &str = "\
version: prometheus/v1
service: shop
slos:
  - name: checkout
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(requests_total{code=\"500\"}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))
    alerting: {name: CheckoutBurns}
";

/// Counters of ten hours, a sample a minute, with the share of errors that a time has.
fn history(share: impl Fn(i64) -> f64, requests: f64) -> Store {
    let mut store = Store::new();
    for (code, is_bad) in [("200", false), ("500", true)] {
        let labels = Labels::new([(NAME, "requests_total"), ("code", code)]);
        let mut count = 0.0;
        for minute in 0..=600 {
            let at = minute * MINUTE;
            store.add(&labels, at, count).unwrap();
            let bad = share(at) * requests;
            count += if is_bad { bad } else { requests - bad };
        }
    }
    store
}

fn outcomes(store: &Store, incidents: &[Incident]) -> BTreeMap<(String, &'static str), Outcome> {
    let file = SourceFile { path: "shop.yaml".to_owned(), bytes: SPEC.as_bytes().to_vec() };
    let reading = read(&[file], None);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let options = Options {
        period: Duration::days(30),
        windows: Vec::new(),
        style: Style::Mainstay,
        labels: BTreeMap::new(),
        alerts: true,
        recordings: true,
    };
    let span = Span { from: 10 * MINUTE, until: 10 * HOUR, every_ms: MINUTE };
    let report = run(store, &reading.slos, &options, span, incidents);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    report.outcomes.into_iter().map(|outcome| ((outcome.severity.clone(), outcome.approach), outcome)).collect()
}

fn incident(from: i64, until: i64) -> Incident {
    Incident { id: "outage".to_owned(), from, until, service: Some("shop".to_owned()) }
}

#[test]
fn an_outage_is_found_at_once_and_the_page_ends_when_its_short_window_is_clean() {
    let (from, until) = (3 * HOUR, 3 * HOUR + 30 * MINUTE);
    let store = history(|at| if (from..until).contains(&at) { 1.0 } else { 0.0 }, REQUESTS);
    let outcomes = outcomes(&store, &[incident(from, until)]);
    for approach in ["mainstay", "sloth"] {
        let page = &outcomes[&("page".to_owned(), approach)];
        assert_eq!((page.firings.len(), page.precise, page.missed.len()), (1, 1, 0), "{page:?}");
        // 14.4 times the budget of 0.1 % is reached within an hour's window when a minute of it is bad.
        assert!(page.found[0].detection_ms <= 2 * MINUTE, "{page:?}");
        // Six times the budget is 0.6 %: the window of thirty minutes is below it when its last bad minute has left.
        let reset = page.found[0].reset_ms.unwrap();
        assert!((29 * MINUTE..=31 * MINUTE).contains(&reset), "{page:?}");
    }
    let plain = &outcomes[&("page".to_owned(), "threshold")];
    assert!((10 * MINUTE..=12 * MINUTE).contains(&plain.found[0].detection_ms), "{plain:?}");
    assert!((4 * MINUTE..=6 * MINUTE).contains(&plain.found[0].reset_ms.unwrap()), "{plain:?}");
}

#[test]
fn a_little_too_many_errors_wake_nobody_but_who_alerts_on_the_threshold() {
    // 0.2 % is twice the budget: 14.4, 6 and 3 times it are never reached.
    let store = history(|at| if (2 * HOUR..5 * HOUR).contains(&at) { 0.002 } else { 0.0 }, REQUESTS);
    let outcomes = outcomes(&store, &[]);
    for approach in ["mainstay", "sloth"] {
        assert_eq!(outcomes[&("page".to_owned(), approach)].firings, [], "{approach}");
    }
    let plain = &outcomes[&("page".to_owned(), "threshold")];
    assert_eq!((plain.firings.len(), plain.precise), (1, 0), "{plain:?}");
}

#[test]
fn one_bad_request_of_a_quiet_night_pages_nobody_but_whose_rules_have_no_guard() {
    // One request a minute: one bad one of sixty is 1.7 % of an hour, more than 14.4 times 0.1 %.
    let store = history(|at| if at == 4 * HOUR { 1.0 } else { 0.0 }, 1.0);
    let outcomes = outcomes(&store, &[]);
    assert_eq!(outcomes[&("page".to_owned(), "mainstay")].firings, []);
    assert_eq!(outcomes[&("page".to_owned(), "sloth")].firings.len(), 1);
}

#[test]
fn an_incident_that_no_alert_met_is_missed_and_one_of_another_service_is_not_asked_about() {
    let store = history(|_| 0.0, REQUESTS);
    let other = Incident { service: Some("search".to_owned()), id: "other".to_owned(), ..incident(HOUR, 2 * HOUR) };
    let outcomes = outcomes(&store, &[incident(3 * HOUR, 4 * HOUR), other]);
    let page = &outcomes[&("page".to_owned(), "mainstay")];
    assert_eq!((page.firings.len(), page.missed.clone()), (0, vec!["outage".to_owned()]));
}
