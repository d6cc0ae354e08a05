//! What a script expects of a query.

use super::read::time;
use mainstay_promql::{Error, Labels, Note, Output, Points, load::notation};

/// Whether a text is a regular expression, and the text.
type Message = (bool, String);

/// The expectations of one evaluation.
#[derive(Default)]
pub struct Expected {
    pub fails: bool,
    pub failure: Option<Message>,
    pub ordered: bool,
    pub text: Option<String>,
    /// `start`, `step` of the samples of a range vector.
    pub range_vector: Option<(i64, i64)>,
    /// Warning (or info), whether there must be one, and its message.
    notes: Vec<(bool, bool, Option<Message>)>,
    pub series: Vec<(Labels, notation::Values)>,
    pub scalar: Option<f64>,
    pub has_histograms: bool,
}

fn message(rest: &str) -> Option<Message> {
    let (kind, text) = rest.trim().split_once(':')?;
    Some((kind.trim() == "regex", text.trim().to_owned()))
}

/// Reads the lines under an evaluation.
pub fn read(word: &str, lines: &[String]) -> Expected {
    let mut expected = Expected { fails: word == "eval_fail", ordered: word == "eval_ordered", ..Expected::default() };
    match word {
        "eval_warn" => expected.notes.push((true, true, None)),
        "eval_info" => expected.notes.push((false, true, None)),
        _ => {}
    }
    for line in lines {
        if let Some(rest) = line.strip_prefix("expect ") {
            read_expect(rest.trim(), &mut expected);
        } else if let Some(rest) = line.strip_prefix("expected_fail_message ") {
            expected.failure = Some((false, rest.trim().to_owned()));
        } else if let Some(rest) = line.strip_prefix("expected_fail_regexp ") {
            expected.failure = Some((true, rest.trim().to_owned()));
        } else {
            read_value(line, &mut expected);
        }
    }
    expected
}

fn read_expect(rest: &str, expected: &mut Expected) {
    let (what, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    match what {
        "fail" => {
            expected.fails = true;
            expected.failure = message(tail);
        }
        "ordered" => expected.ordered = true,
        "warn" => expected.notes.push((true, true, message(tail))),
        "info" => expected.notes.push((false, true, message(tail))),
        "no_warn" => expected.notes.push((true, false, None)),
        "no_info" => expected.notes.push((false, false, None)),
        "string" => expected.text = Some(tail.trim_matches(['"', '`']).to_owned()),
        "range" => {
            let words: Vec<&str> = tail.split_whitespace().collect();
            expected.range_vector = Some((time(words[2]), time(words[6])));
        }
        other => panic!("unknown expectation {other}"),
    }
}

fn read_value(line: &str, expected: &mut Expected) {
    let number = |text: &str| notation::values(text).ok().filter(|values| values.numbers.len() == 1)?.numbers[0];
    if !line.starts_with('{') && !line.contains(char::is_whitespace) {
        expected.scalar = Some(number(line).expect(line));
        return;
    }
    let (labels, values) = notation::series(line).unwrap_or_else(|why| panic!("{line}: {why}"));
    expected.has_histograms |= values.has_histograms;
    expected.series.push((labels, values));
}

/// Nearly the same, as Prometheus' tests see it.
pub fn nearly(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < 1e-6 * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < 1e-6
}

impl Expected {
    pub fn check_failure(&self, error: &Error) -> Result<(), String> {
        if !self.fails {
            return Err(format!("fails: {error}"));
        }
        let Some((is_regex, wanted)) = &self.failure else { return Ok(()) };
        let found = if *is_regex {
            regex::Regex::new(wanted).unwrap().is_match(&error.message)
        } else {
            error.message == *wanted
        };
        if found { Ok(()) } else { Err(format!("fails with {:?}, not {wanted:?}", error.message)) }
    }

    pub fn check_notes(&self, notes: &[Note], query: &str) -> Result<(), String> {
        let said: Vec<(bool, String)> = notes
            .iter()
            .map(|note| {
                let (line, column) = note.span.line_column(query);
                let level = if note.is_warning { "warning" } else { "info" };
                (note.is_warning, format!("PromQL {level}: {} ({line}:{column})", note.message))
            })
            .collect();
        for (is_warning, wanted, text) in &self.notes {
            let mut of_level = said.iter().filter(|(level, _)| level == is_warning).map(|(_, text)| text);
            let matches = |found: &String| match text {
                Some((true, pattern)) => regex::Regex::new(pattern).unwrap().is_match(found),
                Some((false, exact)) => found == exact,
                None => true,
            };
            let found = of_level.any(matches);
            if found != *wanted {
                let level = if *is_warning { "warning" } else { "info" };
                return Err(format!("{level} wanted: {wanted} {text:?}, said: {said:?}"));
            }
        }
        Ok(())
    }

    /// Compares with the answer at one moment.
    pub fn check_instant(&self, output: &Output, ordered: bool) -> Result<(), String> {
        match output {
            Output::Text(text) => match &self.text {
                Some(wanted) if wanted == text => Ok(()),
                _ => Err(format!("text {text:?}, not {:?}", self.text)),
            },
            Output::Scalar(value) => match self.scalar {
                Some(wanted) if nearly(wanted, *value) => Ok(()),
                _ => Err(format!("scalar {value}, not {:?}", self.scalar)),
            },
            Output::Vector(found) => self.check_vector(found, ordered),
            Output::Matrix(points) => {
                let (start, step) = self.range_vector.ok_or("an unexpected range vector")?;
                self.check_matrix(points, start, step)
            }
        }
    }

    fn check_vector(&self, found: &[(Labels, f64)], ordered: bool) -> Result<(), String> {
        if found.len() != self.series.len() {
            return Err(format!("{} series, not {}: {found:?}", found.len(), self.series.len()));
        }
        for (index, (labels, values)) in self.series.iter().enumerate() {
            let at = found.iter().position(|(other, _)| other == labels);
            let Some(at) = at else { return Err(format!("no {labels} in {found:?}")) };
            if ordered && at != index {
                return Err(format!("{labels} stands at {at}, not {index}"));
            }
            let wanted = values.numbers[0].unwrap();
            if !nearly(wanted, found[at].1) {
                return Err(format!("{labels} is {}, not {wanted}", found[at].1));
            }
        }
        Ok(())
    }

    /// Compares with samples a step apart.
    pub fn check_matrix(&self, found: &[Points], start: i64, step: i64) -> Result<(), String> {
        if found.len() != self.series.len() {
            return Err(format!("{} series, not {}: {found:?}", found.len(), self.series.len()));
        }
        for (labels, values) in &self.series {
            let points = found.iter().find(|points| points.labels == *labels);
            let Some(points) = points else { return Err(format!("no {labels} in {found:?}")) };
            let mut wanted = Vec::new();
            for (index, value) in values.numbers.iter().enumerate() {
                wanted.extend(value.map(|value| (start + step * index as i64, value)));
            }
            let same = wanted.len() == points.samples.len()
                && wanted
                    .iter()
                    .zip(&points.samples)
                    .all(|((time, value), sample)| *time == sample.time && nearly(*value, sample.value));
            if !same {
                return Err(format!("{labels} is {:?}, not {wanted:?}", points.samples));
            }
        }
        Ok(())
    }
}
