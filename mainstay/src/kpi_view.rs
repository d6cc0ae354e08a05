//! The scorecard for eyes.

use serde_json::Value;

/// The nineteen KPIs as an aligned table.
pub fn scorecard(answer: &Value) -> String {
    let window = format!("{} to {}", day(&answer["from"]), day(&answer["to"]));
    let mut rows = vec![["#", "KPI", "VALUE", "TARGET", "", "OF", "UNKNOWN", "TREND"].map(str::to_owned)];
    for kpi in answer["kpis"].as_array().into_iter().flatten() {
        let no_data = kpi["value"].is_null();
        rows.push([
            kpi["number"].to_string(),
            text(&kpi["name"]),
            if no_data { "no data".to_owned() } else { quantity(kpi, &kpi["value"]) },
            target(kpi),
            mark(&kpi["met"]).to_owned(),
            if no_data { String::new() } else { number(&kpi["denominator"]) },
            if kpi["unknown"] == 0 { String::new() } else { kpi["unknown"].to_string() },
            sparkline(&kpi["trend"]),
        ]);
    }
    let mut out = format!("{window}, {} facts known\n\n", answer["known"]);
    out += &aligned(&rows, &[true, false, true, true, false, true, true, false]);
    out
}

/// One KPI with all that belongs to it.
pub fn card(kpi: &Value) -> String {
    let mut rows = vec![[
        "value".to_owned(),
        if kpi["value"].is_null() { format!("no data: {}", text(&kpi["needs"])) } else { quantity(kpi, &kpi["value"]) },
    ]];
    rows.push(["target".to_owned(), format!("{} {}", target(kpi), mark(&kpi["met"]))]);
    rows.push(["numerator".to_owned(), number(&kpi["numerator"])]);
    rows.push(["denominator".to_owned(), number(&kpi["denominator"])]);
    if let [low, high] = kpi["interval"].as_array().map_or(&[][..], Vec::as_slice) {
        rows.push(["95 % interval".to_owned(), format!("{} to {}", quantity(kpi, low), quantity(kpi, high))]);
    }
    for (name, value) in kpi["details"].as_object().into_iter().flatten() {
        rows.push([name.replace('_', " "), quantity(kpi, value)]);
    }
    for (group, word) in [("excluded", "excluded"), ("unknown_why", "unknown")] {
        for (why, count) in kpi[group].as_object().into_iter().flatten() {
            rows.push([word.to_owned(), format!("{count} ({why})")]);
        }
    }
    for slice in kpi["slices"].as_array().into_iter().flatten() {
        let value = if slice["value"].is_null() { "no data".to_owned() } else { quantity(kpi, &slice["value"]) };
        rows.push([
            text(&slice["slice"]),
            format!("{value}  ({} of {})", number(&slice["numerator"]), number(&slice["denominator"])),
        ]);
    }
    rows.push(["trend".to_owned(), sparkline(&kpi["trend"])]);
    let seqs: Vec<String> = kpi["facts"].as_array().into_iter().flatten().take(12).map(Value::to_string).collect();
    let more = kpi["facts_total"].as_u64().unwrap_or(0).saturating_sub(seqs.len() as u64);
    let facts = match more {
        0 => seqs.join(" "),
        more => format!("{} and {more} more", seqs.join(" ")),
    };
    rows.push(["facts".to_owned(), facts]);
    format!("{} {}\n\n{}", kpi["number"], text(&kpi["name"]), aligned(&rows, &[false, false]))
}

fn aligned<const N: usize>(rows: &[[String; N]], right: &[bool; N]) -> String {
    let widths: [usize; N] =
        std::array::from_fn(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0));
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = (0..N)
            .map(|at| {
                if right[at] {
                    format!("{:>w$}", row[at], w = widths[at])
                } else {
                    format!("{:<w$}", row[at], w = widths[at])
                }
            })
            .collect();
        out += cells.join("  ").trim_end();
        out.push('\n');
    }
    out
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn day(value: &Value) -> String {
    value.as_str().and_then(|text| text.get(..10)).unwrap_or_default().to_owned()
}

fn number(value: &Value) -> String {
    let exact = value.as_f64().unwrap_or_default();
    if exact.fract() == 0.0 { format!("{exact:.0}") } else { format!("{exact:.2}") }
}

fn mark(met: &Value) -> &'static str {
    match met.as_bool() {
        Some(true) => "met",
        Some(false) => "missed",
        None => "",
    }
}

fn target(kpi: &Value) -> String {
    if kpi["target"].is_null() {
        return "trend".to_owned();
    }
    let sign = if kpi["better"] == "lower" { "≤" } else { "≥" };
    format!("{sign} {}", quantity(kpi, &kpi["target"]))
}

/// A value in its unit as people say it.
fn quantity(kpi: &Value, value: &Value) -> String {
    let exact = value.as_f64().unwrap_or_default();
    match kpi["unit"].as_str() {
        Some("ratio") => format!("{:.1} %", exact * 100.0),
        Some("seconds") => duration(exact),
        _ => number(value),
    }
}

/// The two largest units of a duration.
fn duration(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {} h", whole / 86_400, whole % 86_400 / 3600),
    }
}

/// The months as eight levels of blocks; a month without data is a dot.
fn sparkline(trend: &Value) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values: Vec<Option<f64>> =
        trend.as_array().into_iter().flatten().map(|point| point["value"].as_f64()).collect();
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let (low, high) = known.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
    let level = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        LEVELS[((share * 7.0).round() as usize).min(7)]
    };
    values.iter().map(|value| value.map_or('·', level)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_as_people_say_them() {
        assert_eq!(quantity(&json!({"unit": "ratio"}), &json!(0.0526)), "5.3 %");
        assert_eq!(quantity(&json!({"unit": "seconds"}), &json!(5400.0)), "1 h 30 min");
        assert_eq!(target(&json!({"unit": "ratio", "target": 0.1, "better": "lower"})), "≤ 10.0 %");
    }

    #[test]
    fn no_data_is_said_and_a_gap_in_a_trend_is_a_dot() {
        let kpi =
            json!({"number": 9, "name": "Patch compliance", "value": null, "unknown": 0, "target": null, "trend": []});
        assert!(scorecard(&json!({"kpis": [kpi], "known": 0})).contains("no data"));
        assert_eq!(sparkline(&json!([{"value": 0.0}, {"value": null}, {"value": 1.0}])), "▁·█");
    }
}
