//! Charts. A small one is drawn here as SVG; a large one is handed to the chart library as data, with a table of the same
//! figures below it for whoever does not see it or runs no script.

use super::assets::{self, Name};
use super::format;
use crate::Unit;
use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};
use serde_json::json;

/// Size of a small chart, in CSS pixels.
const SPARK: (f64, f64) = (112.0, 24.0);

/// A small chart of a few values, oldest first; `None` is a gap. The target is a dashed line.
#[must_use]
pub fn spark(values: &[Option<f64>], target: Option<f64>, label: &str) -> Markup {
    let known: Vec<f64> = values.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    if known.is_empty() {
        return html! { span class="none" { (format::NONE) } };
    }
    let (width, height) = SPARK;
    let all = || known.iter().copied().chain(target);
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let pad = 3.0;
    let x = |at: usize| pad + (width - 2.0 * pad) * at as f64 / values.len().saturating_sub(1).max(1) as f64;
    let y = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        height - pad - (height - 2.0 * pad) * share
    };
    let last = values.iter().enumerate().rev().find_map(|(at, value)| value.map(|value| (x(at), y(value))));
    html! {
        svg class="spark" viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img" aria-label=(label) {
            @if let Some(target) = target {
                @let level = px(y(target));
                line class="target" x1="0" x2=(width) y1=(level) y2=(level) {}
            }
            path d=(path(values, x, y)) {}
            @if let Some((x, y)) = last { circle cx=(px(x)) cy=(px(y)) r="2" {} }
        }
    }
}

/// A line through the values, lifted at gaps; a value between two gaps is a dot.
fn path(values: &[Option<f64>], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut out = String::new();
    let mut drawing = false;
    for (at, value) in values.iter().enumerate() {
        match value.filter(|value| value.is_finite()) {
            Some(value) => {
                let pen = if drawing { 'L' } else { 'M' };
                out += &format!("{pen}{} {}", px(x(at)), px(y(value)));
                if !drawing {
                    out += "h.01";
                }
                drawing = true;
            }
            None => drawing = false,
        }
    }
    out
}

/// A tenth of a pixel is as fine as a screen shows.
fn px(size: f64) -> String {
    format!("{}", (size * 10.0).round() / 10.0)
}

/// One line or row of bars of a chart.
pub struct Series<'a> {
    /// Its name.
    pub name: &'a str,
    /// A value for each point in time; `None` is a gap.
    pub values: Vec<Option<f64>>,
}

/// A chart over time.
pub struct Chart<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// The unit of the values.
    pub unit: Unit,
    /// A word behind the values where the unit has none: a currency.
    pub suffix: &'a str,
    /// Columns rather than a line.
    pub bars: bool,
    /// The points in time with their names, oldest first.
    pub points: Vec<(Timestamp, String)>,
    /// What is drawn.
    pub series: Vec<Series<'a>>,
    /// A level to compare with.
    pub target: Option<f64>,
    /// Below and above each value of the first series, the interval that the true one lies in.
    pub band: Option<Vec<Option<(f64, f64)>>>,
}

impl Chart<'_> {
    /// Draws it.
    #[must_use]
    pub fn draw(&self) -> Markup {
        html! {
            figure class="chart" id=(self.id) {
                div class="plot" role="img" aria-label=(self.title)
                    data-module=(assets::path(Name::Chart)) data-library=(assets::path(Name::ChartLibrary)) {
                    (data(&self.as_json()))
                }
                details {
                    summary { "Figures as a table" }
                    (self.as_table())
                }
            }
        }
    }

    fn as_json(&self) -> serde_json::Value {
        let unit = match self.unit {
            Unit::Ratio => "ratio",
            Unit::Seconds => "seconds",
            Unit::Count => "count",
            Unit::Money => "money",
            Unit::Score => "score",
        };
        json!({
            "unit": unit,
            "suffix": self.suffix,
            "bars": self.bars,
            "times": self.points.iter().map(|(at, _)| at.as_second()).collect::<Vec<_>>(),
            "labels": self.points.iter().map(|(_, label)| label).collect::<Vec<_>>(),
            "series": self.series.iter().map(|s| json!({ "name": s.name, "values": s.values })).collect::<Vec<_>>(),
            "target": self.target,
            "band": self.band,
        })
    }

    fn as_table(&self) -> Markup {
        let show = |value: Option<f64>| value.map_or(format::NONE.to_owned(), |value| self.text(value));
        html! {
            div class="scroll" role="region" aria-label=(self.title) tabindex="0" {
                table {
                    caption { (self.title) }
                    thead { tr {
                        th scope="col" { "Time" }
                        @for series in &self.series { th scope="col" class="n" { (series.name) } }
                        @if self.band.is_some() { th scope="col" class="n" { "95 % interval" } }
                    } }
                    tbody {
                        @for (at, (_, label)) in self.points.iter().enumerate() {
                            tr {
                                th scope="row" { (label) }
                                @for series in &self.series { td class="n" { (show(series.values.get(at).copied().flatten())) } }
                                @if let Some(band) = &self.band {
                                    td class="n" {
                                        @match band.get(at).copied().flatten() {
                                            Some((low, high)) => { (self.text(low)) " to " (self.text(high)) }
                                            None => { (format::NONE) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn text(&self, value: f64) -> String {
        let text = match self.unit {
            Unit::Money => format::decimal(value, 2),
            unit => format::value(unit, value),
        };
        if self.suffix.is_empty() { text } else { format!("{text} {}", self.suffix) }
    }
}

/// Data for a script, in a block that never runs. What could end the block is written as an escape of JSON.
#[must_use]
pub fn data(value: &serde_json::Value) -> Markup {
    let text = value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    html! { script type="application/json" { (PreEscaped(text)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "</script><script>alert(1)</script>";

    #[test]
    fn data_never_ends_its_block() {
        let text = data(&json!({ HOSTILE: HOSTILE })).into_string();
        assert_eq!(text.matches("</script>").count(), 1, "{text}");
        let inner = text.strip_prefix("<script type=\"application/json\">").unwrap().strip_suffix("</script>").unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(inner).unwrap()[HOSTILE], HOSTILE);
    }

    #[test]
    fn a_gap_is_no_line_and_no_zero() {
        let svg = spark(&[Some(0.0), None, Some(10.0)], None, "trend").into_string();
        assert_eq!((svg.matches('M').count(), svg.matches('L').count()), (2, 0), "{svg}");
        assert!(spark(&[None, None], Some(1.0), "trend").into_string().contains(format::NONE));
    }

    #[test]
    fn a_flat_line_lies_in_the_middle() {
        assert!(spark(&[Some(5.0), Some(5.0)], None, "t").into_string().contains("M3 12h.01L109 12"));
    }

    #[test]
    fn a_chart_tells_its_figures_without_a_script() {
        let chart = Chart {
            id: "trend",
            title: HOSTILE,
            unit: Unit::Ratio,
            suffix: "",
            bars: false,
            points: vec![(Timestamp::UNIX_EPOCH, "Jan 1970".to_owned()), (Timestamp::UNIX_EPOCH, HOSTILE.to_owned())],
            series: vec![Series { name: HOSTILE, values: vec![Some(0.5), None] }],
            target: Some(0.1),
            band: Some(vec![Some((0.25, 0.75)), None]),
        };
        let text = chart.draw().into_string();
        assert!(text.contains("50\u{202f}%") && text.contains("25\u{202f}% to 75\u{202f}%"), "{text}");
        assert!(!text.contains("<script>alert") && !text.contains("style="), "{text}");
    }
}
