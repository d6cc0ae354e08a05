//! OpenSLO (https://github.com/OpenSLO/OpenSLO): `v1alpha` as Sloth reads it, and `v1` with all budgeting methods.

use crate::read::Draft;
use crate::windows::Duration;
use crate::{Alerting, Calendar, Events, Indicator, Slo, WINDOW, query};
use mainstay_iac::fields::{Document, field};
use mainstay_iac::{Node, Value};
use std::collections::BTreeMap;

mod window;

/// Kinds of `v1` that say something for others to refer to, or where messages go.
const OTHER_KINDS: &[&str] =
    &["DataSource", "Service", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget"];
/// The step at which a series is looked at where nothing says another.
const STEP: &str = "1m";

/// Indicators that stand in documents of their own, by name.
pub type Indicators<'n> = BTreeMap<String, &'n Node>;

/// The indicators among some documents.
pub fn indicators<'n>(nodes: impl Iterator<Item = &'n Node>) -> Indicators<'n> {
    let text = |node: &Node, key: &str| match field(node, key).map(|node| &node.value) {
        Some(Value::String(text)) => text.to_string(),
        _ => String::new(),
    };
    let own = |node: &'n Node| {
        let is_indicator = text(node, "apiVersion") == "openslo/v1" && text(node, "kind") == "SLI";
        is_indicator.then(|| Some((text(field(node, "metadata")?, "name"), field(node, "spec")?))).flatten()
    };
    nodes.filter_map(own).collect()
}

/// What the objectives of a document share.
struct Shared<'n> {
    service: String,
    name: String,
    description: String,
    labels: BTreeMap<String, String>,
    period: Option<Duration>,
    calendar: Option<Calendar>,
    window: Option<&'n Node>,
    method: String,
    version: &'static str,
}

/// `apiVersion: openslo/v1alpha`.
pub fn alpha<'n>(document: &mut Document<'_>, node: &'n Node) -> Vec<Draft<'n>> {
    let Some((shared, spec)) = shared(document, node, "openslo/v1alpha", "timeWindows") else { return Vec::new() };
    if shared.method != "Occurrences" && shared.method != "Timeslices" {
        document.error(
            spec,
            format!("{:?} is no budgeting method of v1alpha", shared.method),
            "write Occurrences or Timeslices",
        );
        return Vec::new();
    }
    let objectives = document.list(spec, "objectives");
    let mut drafts = Vec::new();
    for (at, objective) in objectives.iter().enumerate() {
        let before = document.errors();
        let target = document.number(objective, "target");
        let ratio = document.map(objective, "ratioMetrics");
        if ratio.is_none() {
            document.error(objective, "`ratioMetrics` is missing", "give good and total queries of Prometheus");
        }
        let measured = ratio.and_then(|ratio| {
            let counter = document.truth(ratio, "counter") || document.truth(ratio, "incremental");
            let good = alpha_query(document, ratio, "good")?;
            let total = alpha_query(document, ratio, "total")?;
            Some(of_ratio(document, counter, good, total))
        });
        let Some(target) = target.filter(|_| document.errors() == before) else { continue };
        let Some((measured, queries)) = measured else { continue };
        let indicator = sliced(document, objective, &shared, measured);
        drafts.extend(draft(
            document,
            &shared,
            objective,
            format!("{}-{at}", shared.name),
            target * 100.0,
            (indicator, queries),
        ));
    }
    if objectives.is_empty() {
        document.error(spec, "there is no objective in `objectives`", "list at least one");
    }
    drafts
}

fn alpha_query<'n>(document: &mut Document<'_>, ratio: &'n Node, key: &str) -> Option<(String, &'n Node)> {
    let Some(at) = document.map(ratio, key) else {
        document.error(
            ratio,
            format!("`{key}` is missing"),
            format!("write `{key}:` with source, queryType and query"),
        );
        return None;
    };
    let (source, kind) = (document.required(at, "source"), document.required(at, "queryType"));
    if !source.eq_ignore_ascii_case("prometheus") || !kind.eq_ignore_ascii_case("promql") {
        let mend = "use `source: prometheus` and `queryType: promql`";
        document.error(at, format!("queries of {source} in {kind} cannot become rules of Prometheus"), mend);
        return None;
    }
    let text = document.required(at, "query");
    (!text.trim().is_empty()).then(|| Some((query::template(&text), field(at, "query")?))).flatten()
}

/// `apiVersion: openslo/v1`.
pub fn one<'n>(document: &mut Document<'_>, node: &'n Node, indicators: &Indicators<'n>) -> Vec<Draft<'n>> {
    let kind = document.required(node, "kind");
    if OTHER_KINDS.contains(&kind.as_str()) {
        let name = document.map(node, "metadata").map(|at| document.required(at, "name"));
        if name.is_none() {
            document.error(node, "`metadata` is missing", "give it a `name`");
        }
        return Vec::new();
    }
    if kind != "SLO" {
        document.error(
            node,
            format!("{kind:?} is no kind of OpenSLO"),
            format!("write SLO, {}", OTHER_KINDS.join(", ")),
        );
        return Vec::new();
    }
    let Some((shared, spec)) = shared(document, node, "openslo/v1", "timeWindow") else { return Vec::new() };
    if !["Occurrences", "Timeslices", "RatioTimeslices"].contains(&shared.method.as_str()) {
        let what = format!("{:?} is no budgeting method", shared.method);
        document.error(spec, what, "write Occurrences, Timeslices or RatioTimeslices");
        return Vec::new();
    }
    let indicator = indicator_spec(document, spec, indicators);
    let objectives = document.list(spec, "objectives");
    if objectives.is_empty() {
        document.error(spec, "there is no objective in `objectives`", "list at least one");
    }
    let mut drafts = Vec::new();
    for (at, objective) in objectives.iter().enumerate() {
        let Some(target) = target(document, objective) else { continue };
        let Some(of) = indicator else { continue };
        let Some((measured, queries)) = measured(document, of, objective) else { continue };
        let name = if objectives.len() == 1 { shared.name.clone() } else { format!("{}-{at}", shared.name) };
        let indicator = sliced(document, objective, &shared, measured);
        drafts.extend(draft(document, &shared, objective, name, target, (indicator, queries)));
    }
    drafts
}

/// The target in percent.
fn target(document: &mut Document<'_>, objective: &Node) -> Option<f64> {
    let share = document.number(objective, "target");
    let percent = document.number(objective, "targetPercent");
    match (share, percent) {
        (Some(share), None) if (0.0..=1.0).contains(&share) => Some(share * 100.0),
        (Some(share), None) => {
            document.error(objective, format!("`target` is {share}"), "write a share from 0 to 1, or `targetPercent`");
            None
        }
        (None, Some(percent)) => Some(percent),
        (Some(_), Some(_)) => {
            document.error(objective, "`target` and `targetPercent` are both given", "leave one");
            None
        }
        (None, None) => {
            document.error(objective, "`target` is missing", "say which share is to be good, such as `target: 0.995`");
            None
        }
    }
}

fn indicator_spec<'n>(document: &mut Document<'_>, spec: &'n Node, indicators: &Indicators<'n>) -> Option<&'n Node> {
    if let Some(inline) = document.map(spec, "indicator") {
        let found = document.map(inline, "spec");
        if found.is_none() {
            document.error(inline, "`indicator` has no `spec`", "give it ratioMetric or thresholdMetric below `spec`");
        }
        return found;
    }
    let Some(name) = document.text(spec, "indicatorRef") else {
        document.error(spec, "`indicator` is missing", "write it, or name one with `indicatorRef`");
        return None;
    };
    let found = indicators.get(&name).copied();
    if found.is_none() {
        let at = field(spec, "indicatorRef").unwrap_or(spec);
        document.error(at, format!("there is no SLI {name:?} among the files"), "give the file that has it, too");
    }
    found
}

/// The indicator before slices of time: what is bad, as a share, over [`WINDOW`].
fn measured<'n>(document: &mut Document<'_>, of: &'n Node, objective: &Node) -> Option<(Measured, Vec<&'n Node>)> {
    if let Some(ratio) = document.map(of, "ratioMetric") {
        let counter = document.truth(ratio, "counter");
        if let Some(raw) = field(ratio, "raw") {
            let (text, at) = source_query(document, raw)?;
            let good = document.text(ratio, "rawType").as_deref() != Some("failure");
            let share = format!("avg_over_time(({text})[{WINDOW}:{STEP}])");
            let ratio = if good { format!("(1 - {share})") } else { format!("({share})") };
            return Some((
                Measured {
                    good_share: format!("({text})"),
                    indicator: Indicator { error_ratio: ratio, events: None, slice: None },
                },
                vec![at],
            ));
        }
        let total = source_field(document, ratio, "total")?;
        if field(ratio, "bad").is_some() {
            let bad = source_field(document, ratio, "bad")?;
            return Some(of_bad(document, counter, bad, total));
        }
        let good = source_field(document, ratio, "good")?;
        return Some(of_ratio(document, counter, good, total));
    }
    let Some(threshold) = document.map(of, "thresholdMetric") else {
        document.error(of, "the indicator has neither ratioMetric nor thresholdMetric", "give it one of them");
        return None;
    };
    let (text, at) = source_query(document, threshold)?;
    let operator = match document.required(objective, "op").as_str() {
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        other => {
            document.error(objective, format!("{other:?} is no comparison"), "write lt, lte, gt or gte behind `op:`");
            return None;
        }
    };
    let Some(value) = document.number(objective, "value") else {
        document.error(objective, "`value` is missing", "say what the metric is compared with");
        return None;
    };
    let good_share = format!("(({text}) {operator} bool {value})");
    let error_ratio = format!("(1 - avg_over_time({good_share}[{WINDOW}:{STEP}]))");
    Some((Measured { good_share, indicator: Indicator { error_ratio, events: None, slice: None } }, vec![at]))
}

/// An indicator, and the share of good over a slice, from which slices of time are made.
struct Measured {
    good_share: String,
    indicator: Indicator,
}

fn of_ratio<'n>(
    document: &mut Document<'_>,
    counter: bool,
    good: (String, &'n Node),
    total: (String, &'n Node),
) -> (Measured, Vec<&'n Node>) {
    let queries = vec![good.1, total.1];
    let (good, total) = (windowed(document, counter, good), windowed(document, counter, total));
    let share = format!("(\n    (\n      {good}\n    )\n    /\n    (\n      {total}\n    )\n  )");
    let events = Events { errors: format!("({total}) - ({good})"), good: Some(good), total };
    (
        Measured {
            good_share: share.clone(),
            indicator: Indicator { error_ratio: format!("(\n  1 - {share}\n)"), events: Some(events), slice: None },
        },
        queries,
    )
}

fn of_bad<'n>(
    document: &mut Document<'_>,
    counter: bool,
    bad: (String, &'n Node),
    total: (String, &'n Node),
) -> (Measured, Vec<&'n Node>) {
    let queries = vec![bad.1, total.1];
    let (bad, total) = (windowed(document, counter, bad), windowed(document, counter, total));
    let ratio = format!("({bad})\n/\n({total})\n");
    let events = Events { errors: bad, good: None, total };
    (
        Measured {
            good_share: format!("(1 - {ratio})"),
            indicator: Indicator { error_ratio: ratio, events: Some(events), slice: None },
        },
        queries,
    )
}

/// The query over a window: where it leaves none open, a counter's increase, or the sum of a gauge's samples.
fn windowed(document: &mut Document<'_>, counter: bool, (text, at): (String, &Node)) -> String {
    if text.contains(WINDOW) {
        return text;
    }
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_:{}=~!\"',.|*+-^$ ".contains(c));
    let text = text.trim();
    match (counter, plain && !text.contains(' ')) {
        (true, true) => format!("sum(increase({text}[{WINDOW}]))"),
        (true, false) => format!("increase(({text})[{WINDOW}:{STEP}])"),
        (false, _) => {
            if text.contains('[') {
                let mend = format!("write {WINDOW} in place of the range");
                document.warn(at, "the query has a range of its own, which rules of longer windows add up", mend);
            }
            format!("sum_over_time(({text})[{WINDOW}:{STEP}])")
        }
    }
}

/// The indicator as the budgeting method counts: events, good slices of time, or the mean share of slices.
fn sliced(document: &mut Document<'_>, objective: &Node, shared: &Shared<'_>, measured: Measured) -> Indicator {
    if shared.method == "Occurrences" {
        return measured.indicator;
    }
    let slice = document.text(objective, "timeSliceWindow").unwrap_or_else(|| STEP.to_owned());
    // A bare number is a number of minutes.
    let slice = if slice.chars().all(|c| c.is_ascii_digit()) { format!("{slice}m") } else { slice };
    let length = Duration::parse(&slice);
    if length.is_none() {
        document.error(objective, format!("`timeSliceWindow` {slice:?} is no length of time"), "write it as in 1m");
    }
    let share = measured.good_share.replace(WINDOW, &slice);
    let good = if shared.method == "Timeslices" {
        let target = document.number(objective, "timeSliceTarget");
        if target.is_none_or(|target| !(0.0..=1.0).contains(&target)) {
            document.error(
                objective,
                "`timeSliceTarget` must be a share from 0 to 1",
                "say from which share on a slice is good",
            );
        }
        format!("({share} >= bool {})", target.unwrap_or(1.0))
    } else {
        share
    };
    Indicator { error_ratio: format!("(1 - avg_over_time({good}[{WINDOW}:{slice}]))"), events: None, slice: length }
}

fn source_field<'n>(document: &mut Document<'_>, ratio: &'n Node, key: &str) -> Option<(String, &'n Node)> {
    let Some(at) = document.map(ratio, key) else {
        document.error(ratio, format!("`{key}` is missing"), format!("write `{key}:` with a metricSource"));
        return None;
    };
    source_query(document, at)
}

/// The query of a `metricSource`; a source that is not Prometheus is fine, and no rules come of it.
fn source_query<'n>(document: &mut Document<'_>, at: &'n Node) -> Option<(String, &'n Node)> {
    let Some(source) = document.map(at, "metricSource") else {
        document.error(at, "`metricSource` is missing", "write its type and spec");
        return None;
    };
    let kind = document.text(source, "type").unwrap_or_default();
    if !kind.is_empty() && !kind.eq_ignore_ascii_case("prometheus") {
        document.warn(
            source,
            format!("{kind} is not Prometheus, so that no rules are written"),
            "use `type: Prometheus` for rules",
        );
        return None;
    }
    let spec = document.map(source, "spec");
    let found = spec.and_then(|spec| {
        ["query", "promql"].into_iter().find_map(|key| Some((document.text(spec, key)?, field(spec, key)?)))
    });
    if found.is_none() {
        document.error(source, "the source has no query", "write `spec:` with `query:`");
    }
    found.map(|(text, at)| (query::template(&text), at))
}

fn shared<'n>(
    document: &mut Document<'_>,
    node: &'n Node,
    version: &'static str,
    window: &str,
) -> Option<(Shared<'n>, &'n Node)> {
    let before = document.errors();
    let metadata = document.map(node, "metadata");
    let name = metadata.map(|at| document.required(at, "name")).unwrap_or_default();
    if metadata.is_none() {
        document.error(node, "`metadata` is missing", "give it a `name`");
    }
    let Some(spec) = document.map(node, "spec") else {
        document.error(node, "`spec` is missing", "write service, objectives and the rest below `spec`");
        return None;
    };
    let service = document.required(spec, "service");
    let method = document.required(spec, "budgetingMethod");
    let windows = document.list(spec, window);
    let window_node = windows.first();
    if windows.len() > 1 {
        document.error(&windows[1], "there is more than one time window", "leave one");
    }
    let (period, calendar) = match window_node {
        None => {
            document.error(spec, format!("`{window}` is missing"), "say how long a budget lasts");
            (None, None)
        }
        Some(at) => window::period(document, at),
    };
    let shared = Shared {
        service,
        name,
        description: document.text(spec, "description").unwrap_or_default(),
        labels: BTreeMap::new(),
        period,
        calendar,
        window: window_node,
        method,
        version,
    };
    (document.errors() == before).then_some((shared, spec))
}

fn draft<'n>(
    document: &mut Document<'_>,
    shared: &Shared<'n>,
    objective: &'n Node,
    name: String,
    percent: f64,
    (indicator, queries): (Indicator, Vec<&'n Node>),
) -> Option<Draft<'n>> {
    let slo = Slo {
        service: shared.service.clone(),
        alerting: Alerting {
            name: format!("{name}-burn"),
            page: Some(Default::default()),
            ticket: Some(Default::default()),
            ..Alerting::default()
        },
        name,
        description: shared.description.clone(),
        objective: percent,
        labels: shared.labels.clone(),
        period: shared.period,
        calendar: shared.calendar.clone(),
        indicator,
        spec: shared.version.to_owned(),
        resource: None,
        place: document.place(objective),
    };
    Some(Draft { slo, whole: objective, queries, period: shared.window })
}
