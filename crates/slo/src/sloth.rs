//! Sloth's formats: `prometheus/v1` (snake case) and its Kubernetes resource (camel case), which say the same
//! (https://sloth.dev/specs/).

use crate::read::Draft;
use crate::windows::{AlertWindows, BurnWindow, Duration, Windows};
use crate::{Alert, Alerting, Events, Indicator, Resource, Slo, WINDOW, query};
use mainstay_iac::Node;
use mainstay_iac::fields::{Document, field};
use std::collections::BTreeMap;

/// How a format writes the names that consist of two words.
struct Names {
    spec: &'static str,
    error_query: &'static str,
    total_query: &'static str,
    error_ratio_query: &'static str,
    page: &'static str,
    ticket: &'static str,
    chain: &'static str,
}

const PLAIN: Names = Names {
    spec: "prometheus/v1",
    error_query: "error_query",
    total_query: "total_query",
    error_ratio_query: "error_ratio_query",
    page: "page_alert",
    ticket: "ticket_alert",
    chain: "slo_plugins",
};

const RESOURCE: Names = Names {
    spec: "sloth.slok.dev/v1",
    error_query: "errorQuery",
    total_query: "totalQuery",
    error_ratio_query: "errorRatioQuery",
    page: "pageAlert",
    ticket: "ticketAlert",
    chain: "sloPlugins",
};

/// `version: prometheus/v1`.
pub fn plain<'n>(document: &mut Document<'_>, node: &'n Node) -> Vec<Draft<'n>> {
    document.only(node, &["version", "service", "labels", "slos", PLAIN.chain]);
    service(document, node, &PLAIN)
}

/// `kind: PrometheusServiceLevel`.
pub fn resource<'n>(document: &mut Document<'_>, node: &'n Node) -> Vec<Draft<'n>> {
    let Some(spec) = document.map(node, "spec") else {
        document.error(node, "`spec` is missing", "write service and slos below `spec`");
        return Vec::new();
    };
    document.only(spec, &["service", "labels", "slos", RESOURCE.chain]);
    let metadata = document.map(node, "metadata");
    let name = metadata.map(|at| document.required(at, "name")).unwrap_or_default();
    let namespace = metadata.and_then(|at| document.text(at, "namespace"));
    let mut drafts = service(document, spec, &RESOURCE);
    drafts
        .iter_mut()
        .for_each(|draft| draft.slo.resource = Some(Resource { namespace: namespace.clone(), name: name.clone() }));
    drafts
}

fn service<'n>(document: &mut Document<'_>, node: &'n Node, names: &Names) -> Vec<Draft<'n>> {
    let before = document.errors();
    let service = document.required(node, "service");
    let labels = document.labels(node, "labels");
    refuse_plugins(document, node, names);
    let all = document.list(node, "slos");
    if all.is_empty() {
        document.error(node, "there is no objective in `slos`", "list at least one");
    }
    let sound = document.errors() == before;
    let drafts: Vec<Draft<'n>> =
        all.iter().filter_map(|slo| objective(document, slo, names, &service, &labels)).collect();
    // What is wrong with the service is wrong with each of its objectives.
    if sound { drafts } else { Vec::new() }
}

fn objective<'n>(
    document: &mut Document<'_>,
    node: &'n Node,
    names: &Names,
    service: &str,
    labels: &BTreeMap<String, String>,
) -> Option<Draft<'n>> {
    let before = document.errors();
    document.only(node, &["name", "objective", "description", "labels", "sli", "alerting", "plugins"]);
    let name = document.required(node, "name");
    let objective = document.number(node, "objective");
    if field(node, "objective").is_none() {
        document.error(node, "`objective` is missing", "say which share is to be good, such as `objective: 99.9`");
    }
    refuse_plugins(document, node, names);
    let mut all = labels.clone();
    all.extend(document.labels(node, "labels"));
    let (indicator, queries) = indicator(document, node, names).unzip();
    let alerting = alerting(document, node, names);
    let description = document.text(node, "description").unwrap_or_default();
    let slo = Slo {
        service: service.to_owned(),
        name,
        description,
        objective: objective?,
        labels: all,
        period: None,
        calendar: None,
        indicator: indicator?,
        alerting,
        spec: names.spec.to_owned(),
        resource: None,
        place: document.place(node),
    };
    (document.errors() == before).then_some(Draft {
        slo,
        whole: node,
        queries: queries.unwrap_or_default(),
        period: None,
    })
}

/// Plugins of a chain are programs in Go that change the rules; without them the rules would say something else.
fn refuse_plugins(document: &mut Document<'_>, node: &Node, names: &Names) {
    for key in [names.chain, "plugins"] {
        if let Some(plugins) = field(node, key) {
            let mend = "leave the plugins away, or go on with Sloth for this file";
            document.error(plugins, "plugins of Sloth are programs that cannot run here", mend);
        }
    }
}

fn indicator<'n>(document: &mut Document<'_>, node: &'n Node, names: &Names) -> Option<(Indicator, Vec<&'n Node>)> {
    let Some(sli) = document.map(node, "sli") else {
        if field(node, "sli").is_none() {
            document.error(
                node,
                "`sli` is missing",
                "say how it is measured: `sli: events:` with an error and a total query",
            );
        }
        return None;
    };
    document.only(sli, &["events", "raw", "plugin"]);
    let given: Vec<&str> = ["events", "raw", "plugin"].into_iter().filter(|key| field(sli, key).is_some()).collect();
    match given.as_slice() {
        ["events"] => {
            let events = document.map(sli, "events")?;
            document.only(events, &[names.error_query, names.total_query]);
            let errors = query_of(document, events, names.error_query)?;
            let total = query_of(document, events, names.total_query)?;
            let error_ratio = format!("({})\n/\n({})\n", errors.0, total.0);
            let queries = vec![errors.1, total.1];
            let events = Events { errors: errors.0, good: None, total: total.0 };
            Some((Indicator { error_ratio, events: Some(events), slice: None }, queries))
        }
        ["raw"] => {
            let raw = document.map(sli, "raw")?;
            document.only(raw, &[names.error_ratio_query]);
            let (ratio, at) = query_of(document, raw, names.error_ratio_query)?;
            Some((Indicator { error_ratio: format!("({ratio})"), events: None, slice: None }, vec![at]))
        }
        ["plugin"] => {
            let mend = "write the queries that the plugin makes below `events`";
            document.error(sli, "a plugin of Sloth is a program that cannot run here", mend);
            None
        }
        _ => {
            let what = format!(
                "`sli` has {}, and must have one of events and raw",
                if given.is_empty() { "nothing".to_owned() } else { given.join(" and ") }
            );
            document.error(sli, what, "leave one way of measuring");
            None
        }
    }
}

fn query_of<'n>(document: &mut Document<'_>, node: &'n Node, key: &str) -> Option<(String, &'n Node)> {
    let text = query::template(&document.required(node, key));
    let at = field(node, key)?;
    if !text.contains(WINDOW) && !text.trim().is_empty() {
        let mend = format!("write {WINDOW} where the range stands, as in rate(errors[{WINDOW}])");
        document.error(at, format!("`{key}` leaves no window open, so that every rule would look at the same"), mend);
        return None;
    }
    (!text.trim().is_empty()).then_some((text, at))
}

fn alerting(document: &mut Document<'_>, node: &Node, names: &Names) -> Alerting {
    let empty = || Alerting { page: Some(Alert::default()), ticket: Some(Alert::default()), ..Alerting::default() };
    let found = document.map(node, "alerting");
    let mut alerting = found.map_or_else(empty, |at| {
        document.only(at, &["name", "labels", "annotations", names.page, names.ticket]);
        Alerting {
            name: document.text(at, "name").unwrap_or_default(),
            labels: document.labels(at, "labels"),
            annotations: document.texts(at, "annotations"),
            page: alert(document, at, names.page),
            ticket: alert(document, at, names.ticket),
        }
    });
    if alerting.name.trim().is_empty() && (alerting.page.is_some() || alerting.ticket.is_some()) {
        let at = found.and_then(|at| field(at, "name").or(Some(at))).unwrap_or(node);
        document.error(at, "its alerts have no name", "give `alerting` a `name`, or disable both alerts");
        alerting.name = String::new();
    }
    alerting
}

fn alert(document: &mut Document<'_>, node: &Node, key: &str) -> Option<Alert> {
    let Some(at) = document.map(node, key) else { return Some(Alert::default()) };
    document.only(at, &["disable", "labels", "annotations"]);
    let alert = Alert { labels: document.labels(at, "labels"), annotations: document.texts(at, "annotations") };
    (!document.truth(at, "disable")).then_some(alert)
}

/// `kind: AlertWindows`.
pub fn windows(document: &mut Document<'_>, node: &Node) -> Option<AlertWindows> {
    let spec = document.map(node, "spec")?;
    document.only(spec, &["sloPeriod", "page", "ticket"]);
    let period = duration(document, spec, "sloPeriod");
    let page = pair(document, spec, "page");
    let ticket = pair(document, spec, "ticket");
    Some(AlertWindows::new(period?, page?, ticket?))
}

fn pair(document: &mut Document<'_>, node: &Node, key: &str) -> Option<Windows> {
    let Some(at) = document.map(node, key) else {
        document.error(node, format!("`{key}` is missing"), "give it `quick` and `slow`");
        return None;
    };
    let mut window = |key: &str| {
        let Some(at) = document.map(at, key) else {
            document.error(at, format!("`{key}` is missing"), "give it errorBudgetPercent, shortWindow and longWindow");
            return None;
        };
        let budget = document.number(at, "errorBudgetPercent");
        let (short, long) = (duration(document, at, "shortWindow"), duration(document, at, "longWindow"));
        let window = BurnWindow { short: short?, long: long?, budget_percent: budget? };
        if window.short >= window.long || window.budget_percent <= 0.0 {
            document.error(
                at,
                "the short window must be shorter than the long one, and the share above 0",
                "swap the windows",
            );
            return None;
        }
        Some(window)
    };
    let (quick, slow) = (window("quick"), window("slow"));
    Some(Windows { quick: quick?, slow: slow? })
}

fn duration(document: &mut Document<'_>, node: &Node, key: &str) -> Option<Duration> {
    let text = document.required(node, key);
    let duration = Duration::parse(text.trim());
    if duration.is_none() && !text.trim().is_empty() {
        document.error(
            field(node, key).unwrap_or(node),
            format!("{text:?} is no length of time"),
            "write it as in 30d, 6h or 5m",
        );
    }
    duration
}
