//! KPI 16, platform availability, by what probes saw.

use crate::{Endpoint, PlannedWork};
use jiff::Timestamp;
use mainstay_kit::{Contribution, Folded, Query, Standing};
use mainstay_model::facts::ProbeState;
use mainstay_model::{Span, Subject};
use std::collections::BTreeMap;

/// KPI 16: the seconds in which a component answered as it should, by those in which somebody looked.
///
/// A component is a service with all its endpoints: it is down while any of them is, and two that are down at once are one
/// outage. Maintenance that was announced beforehand does not count; a time in which nobody looked is unknown.
#[must_use]
pub fn availability(
    endpoints: &[Folded<Endpoint>],
    planned: &[Folded<PlannedWork>],
    query: &Query,
) -> Vec<Contribution> {
    let to = query.window.to.min(query.as_of);
    if to <= query.window.from {
        return Vec::new();
    }
    let window = Span { from: query.window.from, to };
    let mut components: BTreeMap<&str, Vec<&Folded<Endpoint>>> = BTreeMap::new();
    for endpoint in endpoints {
        let service = endpoint.entity.service();
        components.entry(service.map_or(endpoint.key.as_str(), Subject::as_str)).or_default().push(endpoint);
    }
    components.into_iter().flat_map(|(name, endpoints)| component(name, &endpoints, planned, window, query)).collect()
}

fn component(
    name: &str,
    endpoints: &[&Folded<Endpoint>],
    planned: &[Folded<PlannedWork>],
    window: Span,
    query: &Query,
) -> Vec<Contribution> {
    let spans = |state: ProbeState| {
        let all = endpoints.iter().flat_map(|endpoint| endpoint.entity.spans(state, query.as_of));
        Span::union(all.filter_map(|span| span.overlap(&window)).collect())
    };
    let work: Vec<Span> = planned.iter().filter_map(|work| of_service(&work.entity, name)?.overlap(&window)).collect();
    let work = Span::union(work);
    let (failing, passing) = (spans(ProbeState::Failing), spans(ProbeState::Passing));
    let bad = without(&failing, &work);
    let good = without(&without(&passing, &failing), &work);
    let watched = endpoints.iter().flat_map(|endpoint| endpoint.entity.watched(query.as_of));
    let watched = Span::union(watched.filter_map(|span| span.overlap(&window)).collect());
    let seen = Span::union([passing, failing].concat());
    let unseen = without(&without(&watched, &seen), &work);
    let left_out = without(&seen, &without(&seen, &work));
    let mut facts: Vec<u64> = endpoints.iter().flat_map(|one| one.facts.iter().copied()).collect();
    facts.sort_unstable();
    let service = name.starts_with("service:").then(|| name.to_owned());
    let at = last_instant(window);
    let of = |contribution: Contribution| Contribution { service: service.clone(), ..contribution };
    let mut out = Vec::new();
    let (good, bad) = (seconds(&good), seconds(&bad));
    if good + bad > 0.0 {
        out.push(of(Contribution::counted(name, at, good, good + bad, facts.clone())));
    }
    if seconds(&unseen) > 0.0 {
        let standing = Standing::Unknown("nobody looked");
        out.push(of(Contribution { standing, ..Contribution::counted(name, at, 0.0, 0.0, facts.clone()) }));
    }
    if seconds(&left_out) > 0.0 {
        out.push(of(Contribution::excluded(name, at, "announced maintenance", facts)));
    }
    out
}

/// The window's own last instant, by which what was seen in it belongs to it.
fn last_instant(window: Span) -> Timestamp {
    window.to.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(window.from)
}

fn of_service(work: &PlannedWork, name: &str) -> Option<Span> {
    let (_, said) = work.announced.as_ref()?;
    let concerns = said.services.iter().any(|service| service.as_str() == name);
    concerns.then_some(Span { from: said.from, to: said.until })
}

/// What of disjoint spans in order lies in none of others that are so, too.
fn without(spans: &[Span], others: &[Span]) -> Vec<Span> {
    let mut out = Vec::new();
    for span in spans {
        let mut from = span.from;
        for other in others.iter().filter_map(|other| other.overlap(span)) {
            out.push(Span { from, to: other.from });
            from = other.to;
        }
        out.push(Span { from, to: span.to });
    }
    out.retain(|span| span.from < span.to);
    out
}

fn seconds(spans: &[Span]) -> f64 {
    spans.iter().map(|span| span.to.duration_since(span.from).as_secs_f64()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{KpiValue, Measure, fold_all, history, summarise};

    fn at(text: &str) -> Timestamp {
        format!("2026-10-05T{text}:00Z").parse().unwrap()
    }

    /// The fifth of October, a day of 1,440 minutes, seen from a month later.
    fn day(facts: &str) -> KpiValue {
        seen_from("2026-11-05T00:00:00Z", facts)
    }

    fn seen_from(as_of: &str, facts: &str) -> KpiValue {
        let window = Span { from: at("00:00"), to: "2026-10-06T00:00:00Z".parse().unwrap() };
        let query = Query { window, as_of: as_of.parse().unwrap(), zone: jiff::tz::TimeZone::UTC };
        let facts = history(facts).unwrap();
        summarise(Measure::Quotient, &availability(&fold_all(&facts), &fold_all(&facts), &query))
    }

    fn said(probe: &str, time: &str, state: &str, more: &str) -> String {
        format!(
            "{time}:00Z probe.observed probe:{probe} {{\"state\":\"{state}\",\"asks\":\"tcp x:1\",\"service\":\"service:shop\",\"every_s\":60{more}}}\n"
        )
    }

    fn on(probe: &str, time: &str, state: &str) -> String {
        said(probe, &format!("2026-10-05T{time}"), state, "")
    }

    fn end(probe: &str) -> String {
        said(probe, "2026-10-06T00:00", "passing", "")
    }

    #[test]
    fn two_outages_at_once_are_one() {
        // From 10:00 to 10:30 and from 10:15 to 10:45: 45 of 1,440 minutes are lost, and not 60.
        let facts = on("a", "00:00", "passing")
            + &on("a", "10:00", "failing")
            + &on("a", "10:30", "passing")
            + &end("a")
            + &on("b", "00:00", "passing")
            + &on("b", "10:15", "failing")
            + &on("b", "10:45", "passing")
            + &end("b");
        let value = day(&facts);
        assert_eq!((value.numerator, value.denominator), (1_395.0 * 60.0, 1_440.0 * 60.0));
        assert!((value.value.unwrap() - 0.96875).abs() < 1e-12);
        assert!(value.unknown.is_empty(), "{:?}", value.unknown);
    }

    #[test]
    fn a_time_in_which_nobody_looked_is_neither_good_nor_bad() {
        // Seen for a minute at 00:00, then not before noon; twelve hours and a minute are known, all good.
        let facts =
            on("a", "00:00", "passing") + &said("a", "2026-10-05T12:00", "passing", ",\"resumed\":true") + &end("a");
        let value = day(&facts);
        assert_eq!((value.numerator, value.denominator), (721.0 * 60.0, 721.0 * 60.0));
        assert_eq!(value.unknown.get("nobody looked"), Some(&1));
    }

    #[test]
    fn a_state_that_was_not_said_again_is_not_known_any_more() {
        // At 00:10 what was said at midnight still holds; a month later only the minute that was seen does.
        let facts = on("a", "00:00", "failing");
        let soon = seen_from("2026-10-05T00:10:00Z", &facts);
        assert_eq!((soon.numerator, soon.denominator), (0.0, 600.0));
        let later = day(&facts);
        assert_eq!((later.numerator, later.denominator), (0.0, 60.0));
        assert_eq!(later.unknown.get("nobody looked"), Some(&1));
    }

    #[test]
    fn what_could_not_be_asked_is_unknown() {
        let facts =
            on("a", "00:00", "passing") + &on("a", "06:00", "unknown") + &on("a", "18:00", "passing") + &end("a");
        let value = day(&facts);
        assert_eq!((value.numerator, value.denominator), (720.0 * 60.0, 720.0 * 60.0));
        assert_eq!(value.unknown.get("nobody looked"), Some(&1));
    }

    #[test]
    fn only_maintenance_that_was_announced_beforehand_is_out() {
        let outage =
            on("a", "00:00", "passing") + &on("a", "10:00", "failing") + &on("a", "11:00", "passing") + &end("a");
        let work = |announced: &str| {
            format!(
                "2026-10-05T{announced}:00Z maintenance.announced maintenance:m {{\"title\":\"upgrade\",\"from\":\"2026-10-05T10:00:00Z\",\"until\":\"2026-10-05T10:30:00Z\",\"services\":[\"service:shop\"]}}\n"
            )
        };
        let before = day(&(work("09:00") + &outage));
        assert_eq!((before.numerator, before.denominator), (1_380.0 * 60.0, 1_410.0 * 60.0));
        assert_eq!(before.excluded.get("announced maintenance"), Some(&1));
        let after = day(&(work("10:10") + &outage));
        assert_eq!((after.numerator, after.denominator), (1_380.0 * 60.0, 1_440.0 * 60.0));
        assert!(after.excluded.is_empty(), "{:?}", after.excluded);
    }

    #[test]
    fn an_endpoint_that_is_asked_no_longer_is_neither_down_nor_unknown() {
        let declared = "2026-10-05T00:00:00Z probe.declared probe:a {\"asks\":\"tcp x:1\",\"service\":\"service:shop\",\"every_s\":60,\"conditions\":[]}\n".to_owned();
        let withdrawn = "2026-10-05T10:30:00Z probe.withdrawn probe:a {}\n";
        let facts = declared + &on("a", "00:00", "passing") + &on("a", "10:00", "failing") + withdrawn;
        let value = day(&facts);
        assert_eq!((value.numerator, value.denominator), (600.0 * 60.0, 630.0 * 60.0));
        assert!(value.unknown.is_empty(), "{:?}", value.unknown);
    }

    #[test]
    fn an_outage_counts_in_the_windows_that_it_touches_and_without_facts_there_is_no_figure() {
        let facts = said("a", "2026-10-04T23:00", "failing", "") + &on("a", "01:00", "passing") + &end("a");
        assert_eq!(day(&facts).numerator, 1_380.0 * 60.0);
        assert_eq!(day("").value, None);
        let late = said("a", "2026-10-07T00:00", "failing", "");
        assert_eq!(day(&late).denominator, 0.0);
    }
}
