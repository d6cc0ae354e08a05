//! Pyrra's resource (https://github.com/pyrra-dev/pyrra): metrics instead of queries.

use crate::read::Draft;
use crate::windows::Duration;
use crate::{Alert, Alerting, Events, Indicator, Slo, WINDOW};
use mainstay_iac::fields::{Document, field};
use mainstay_iac::{Node, Value};

/// `kind: ServiceLevelObjective`.
pub fn resource<'n>(document: &mut Document<'_>, node: &'n Node) -> Vec<Draft<'n>> {
    objective(document, node).into_iter().collect()
}

fn objective<'n>(document: &mut Document<'_>, node: &'n Node) -> Option<Draft<'n>> {
    let before = document.errors();
    let metadata = document.map(node, "metadata");
    let name = metadata.map(|at| document.required(at, "name")).unwrap_or_default();
    let mut labels = metadata.map(|at| pyrra_labels(document, at)).unwrap_or_default();
    let service = labels.remove("service").or_else(|| labels.get("team").cloned()).unwrap_or_else(|| name.clone());
    let Some(spec) = document.map(node, "spec") else {
        document.error(node, "`spec` is missing", "write target, window and indicator below `spec`");
        return None;
    };
    document.only(spec, &["target", "window", "description", "indicator", "alerting", "serviceLevelObjective"]);
    let target = document.number(spec, "target");
    if field(spec, "target").is_none() {
        document.error(spec, "`target` is missing", "say which share is to be good, such as `target: \"99.5\"`");
    }
    let window = document.required(spec, "window");
    let period = Duration::parse(window.trim());
    if period.is_none() && !window.is_empty() {
        document.error(spec, format!("{window:?} is no length of time"), "write it as in 4w");
    }
    let measured = indicator(document, spec);
    let alerts = alerting(document, spec, &name);
    let (indicator, queries) = measured?;
    let slo = Slo {
        service,
        name,
        description: document.text(spec, "description").unwrap_or_default(),
        objective: target?,
        labels,
        period: Some(period?),
        calendar: None,
        indicator,
        alerting: alerts,
        spec: "pyrra.dev/v1alpha1".to_owned(),
        resource: None,
        place: document.place(node),
    };
    (document.errors() == before).then_some(Draft { slo, whole: node, queries, period: field(spec, "window") })
}

/// Labels of the resource that Pyrra puts onto its rules: those with its prefix.
fn pyrra_labels(document: &mut Document<'_>, metadata: &Node) -> std::collections::BTreeMap<String, String> {
    let all = document.texts(metadata, "labels");
    let own = |(name, value): (String, String)| Some((name.strip_prefix("pyrra.dev/")?.to_owned(), value));
    all.into_iter().filter_map(own).collect()
}

fn alerting(document: &mut Document<'_>, spec: &Node, name: &str) -> Alerting {
    let at = document.map(spec, "alerting");
    let alerts = at.is_none_or(|at| {
        !document.truth(at, "disabled") && field(at, "burnrates").is_none_or(|b| b.value != Value::Bool(false))
    });
    let named = at.and_then(|at| document.text(at, "name")).unwrap_or_else(|| "ErrorBudgetBurn".to_owned());
    let alert = || alerts.then(Alert::default);
    let annotations = std::iter::once(("slo".to_owned(), name.to_owned())).collect();
    Alerting { name: named, annotations, page: alert(), ticket: alert(), ..Alerting::default() }
}

fn indicator<'n>(document: &mut Document<'_>, spec: &'n Node) -> Option<(Indicator, Vec<&'n Node>)> {
    let Some(at) = document.map(spec, "indicator") else {
        document.error(spec, "`indicator` is missing", "give it ratio, latency or bool_gauge");
        return None;
    };
    let kinds = ["ratio", "latency", "bool_gauge"];
    let Some(kind) = kinds.into_iter().find(|kind| field(at, kind).is_some()) else {
        let mend = "use one of ratio, latency and bool_gauge; native histograms are not read here";
        document.error(at, "`indicator` has no kind that is read here", mend);
        return None;
    };
    let of = document.map(at, kind)?;
    let by = grouping(document, of);
    let sum = |metric: &str| format!("sum{by}(rate({metric}[{WINDOW}]))");
    Some(match kind {
        "ratio" => {
            let (errors, total) = (metric(document, of, "errors")?, metric(document, of, "total")?);
            events(sum(&errors.0), None, sum(&total.0), vec![errors.1, total.1])
        }
        "latency" => {
            let (success, total) = (metric(document, of, "success")?, metric(document, of, "total")?);
            let (success, total, nodes) = (sum(&success.0), sum(&total.0), vec![success.1, total.1]);
            events(format!("{total} - {success}"), Some(success), total, nodes)
        }
        _ => {
            let text = document.required(of, "metric");
            let ratio = format!("(1 - avg{by}(avg_over_time({text}[{WINDOW}])))");
            (Indicator { error_ratio: ratio, events: None, slice: None }, vec![field(of, "metric")?])
        }
    })
}

fn events(errors: String, good: Option<String>, total: String, queries: Vec<&Node>) -> (Indicator, Vec<&Node>) {
    let error_ratio = format!("({errors})\n/\n({total})\n");
    (Indicator { error_ratio, events: Some(Events { errors, good, total }), slice: None }, queries)
}

fn metric<'n>(document: &mut Document<'_>, node: &'n Node, key: &str) -> Option<(String, &'n Node)> {
    let Some(at) = document.map(node, key) else {
        document.error(node, format!("`{key}` is missing"), format!("write `{key}:` with a `metric`"));
        return None;
    };
    let text = document.required(at, "metric");
    Some((text, field(at, "metric")?))
}

fn grouping(document: &mut Document<'_>, node: &Node) -> String {
    let names: Vec<String> = document
        .list(node, "grouping")
        .iter()
        .filter_map(|item| match &item.value {
            Value::String(text) => Some(text.to_string()),
            _ => None,
        })
        .collect();
    if names.is_empty() { String::new() } else { format!(" by ({}) ", names.join(", ")) }
}
