//! Grafana Alerting: the bodies of its webhook contact points.
//!
//! Grafana sends through an Alertmanager of its own, so that alerts, episodes and repetitions are as there; the body says
//! version 1, has the organisation, and beside each alert what it measured.

use crate::alertmanager::Sender;
use crate::{Document, ReadContext, Reading};

/// Reads webhook bodies, and arrays or lines of them.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    crate::alertmanager::read_of(Sender::Grafana, document, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_model::FactData as _;
    use mainstay_model::facts::{AlertFired, AlertNotified};

    const WEBHOOK: &str = include_str!("fixtures/webhook.json");

    fn read_text(text: &str) -> Reading {
        read(&Document::of("webhook.json", text), &ReadContext::at("2026-11-02T00:00:00Z".parse().unwrap()))
    }

    #[test]
    fn a_delivery_says_what_fired_who_was_told_and_what_ended() {
        let reading = read_text(WEBHOOK);
        assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
        let said: Vec<(&str, &str)> =
            reading.facts.iter().map(|fact| (fact.fact_type.as_str(), fact.subject.as_ref().unwrap().name())).collect();
        let (basket, queue) = ("5d1f3a9c0b7e2244/2026-11-01T09:15:00Z", "9a0c44b1e2d37f10/2026-11-01T08:00:00Z");
        assert_eq!(
            said,
            [
                ("mainstay.alert.fired.v1", basket),
                ("mainstay.alert.notified.v1", basket),
                ("mainstay.alert.fired.v1", queue),
                ("mainstay.alert.notified.v1", queue),
                ("mainstay.alert.resolved.v1", queue),
            ]
        );
        let fired = AlertFired::read(&reading.facts[0]).unwrap();
        assert_eq!((fired.rule.as_str(), fired.service.unwrap().as_str()), ("BasketErrors", "service:basket"));
        assert_eq!(fired.annotations.get("runbook_url").unwrap(), "https://wiki.example.com/basket");
        assert_eq!(AlertNotified::read(&reading.facts[1]).unwrap().receiver, "shop-on-call");
        assert!(reading.facts.iter().all(|fact| fact.source == "grafana"));
    }

    #[test]
    fn a_body_of_an_alertmanager_is_told_from_one_of_grafana() {
        let reading = read_text(&WEBHOOK.replace("\"version\": \"1\"", "\"version\": \"4\""));
        assert_eq!(reading.diagnostics.len(), 1);
        assert!(reading.diagnostics[0].to_string().contains("version is not 1"), "{}", reading.diagnostics[0]);
    }
}
