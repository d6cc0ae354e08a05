//! Calls of functions.

use super::{Evaluator, Grid, Row, Rows, Value, rows};
use crate::error::{Error, Result, Span};
use crate::functions::{Function, Over, Run};
use crate::labels::{Labels, Matcher, NAME};
use crate::parse::tree::{Expr, Kind};
use crate::store::STALE;

impl Evaluator<'_> {
    pub(super) fn call(&mut self, function: &Function, arguments: &[Expr], grid: Grid, span: Span) -> Result<Value> {
        let rows = match function.run {
            Run::Window(over) => self.over_time(over, arguments, grid, span)?,
            Run::Each(run) => {
                let rows = self.rows(&arguments[0], grid)?;
                self.mapped(rows, span, |value, _| run(value))?
            }
            Run::Date(date) => self.dates(date, arguments, grid, span)?,
            Run::Clamp | Run::ClampMin | Run::ClampMax | Run::Round => {
                self.bounded(function.run, arguments, grid, span)?
            }
            Run::LabelReplace => self.label_replace(arguments, grid, span)?,
            Run::LabelJoin => self.label_join(arguments, grid, span)?,
            Run::Sort | Run::SortDesc | Run::SortByLabel | Run::SortByLabelDesc => {
                self.sorted(function, arguments, grid, span)?
            }
            Run::Absent => {
                let rows = self.rows(&arguments[0], grid)?;
                vec![absent(&arguments[0], &rows, grid)]
            }
            Run::AbsentOverTime => {
                let tracks = self.tracks(&arguments[0], grid)?;
                let rows = self.slide(&tracks, Over::Present, &[], grid, span)?;
                vec![absent(&arguments[0], &rows, grid)]
            }
            Run::HistogramQuantile => self.histogram_quantile(arguments, grid, span)?,
            Run::HistogramFraction => self.histogram_fraction(arguments, grid, span)?,
            Run::NativeOnly => {
                self.rows(&arguments[0], grid)?;
                Vec::new()
            }
            Run::Vector => vec![Row::new(Labels::default(), self.numbers(&arguments[0], grid)?)],
            Run::Timestamp => self.timestamps(&arguments[0], grid, span)?,
            Run::Unsupported(feature) => return Err(Error::unsupported(span, feature)),
            Run::Scalar
            | Run::Time
            | Run::Pi
            | Run::Start
            | Run::End
            | Run::Step
            | Run::Range
            | Run::MinOf
            | Run::MaxOf => {
                return self.scalar(function.run, arguments, grid).map(Value::Scalar);
            }
        };
        Ok(Value::Vector(rows))
    }

    fn scalar(&mut self, run: Run, arguments: &[Expr], grid: Grid) -> Result<Vec<f64>> {
        let query = self.query;
        let same = |value: f64| Ok(vec![value; grid.count]);
        match run {
            Run::Time => Ok(grid.times().map(super::seconds).collect()),
            Run::Pi => same(std::f64::consts::PI),
            Run::Start => same(super::seconds(query.start)),
            Run::End => same(super::seconds(query.until)),
            Run::Step => same(if self.is_instant { 0.0 } else { super::seconds(query.step) }),
            Run::Range => same(super::seconds(query.until - query.start)),
            Run::MinOf | Run::MaxOf => {
                let pick = if matches!(run, Run::MinOf) { lesser } else { greater };
                let (left, right) = (self.numbers(&arguments[0], grid)?, self.numbers(&arguments[1], grid)?);
                Ok(left.into_iter().zip(right).map(|(a, b)| pick(a, b)).collect())
            }
            _ => {
                let rows = self.rows(&arguments[0], grid)?;
                let only = |moment: usize| {
                    let mut present =
                        rows.iter().map(|row| row.values[moment]).filter(|value| !crate::is_stale(*value));
                    match (present.next(), present.next()) {
                        (Some(value), None) => value,
                        _ => crate::NAN,
                    }
                };
                Ok((0..grid.count).map(only).collect())
            }
        }
    }

    /// Puts each number through a function; names are dropped.
    pub(super) fn mapped(&mut self, mut rows: Rows, span: Span, run: impl Fn(f64, usize) -> f64) -> Result<Rows> {
        for row in &mut rows {
            for (moment, value) in row.values.iter_mut().enumerate().filter(|(_, value)| !crate::is_stale(**value)) {
                *value = run(*value, moment);
            }
        }
        self.without_names(rows, span)
    }

    fn bounded(&mut self, run: Run, arguments: &[Expr], grid: Grid, span: Span) -> Result<Rows> {
        let rows = self.rows(&arguments[0], grid)?;
        let mut numbers = Vec::new();
        for argument in &arguments[1..] {
            numbers.push(self.numbers(argument, grid)?);
        }
        self.mapped(rows, span, |value, moment| {
            let at = |index: usize| numbers.get(index).map_or(1.0, |column: &Vec<f64>| column[moment]);
            match run {
                Run::ClampMin => greater(at(0), value),
                Run::ClampMax => lesser(at(0), value),
                Run::Round => {
                    // Multiplied by the inverse, as Prometheus does for the sake of `round(x, 0.1)`.
                    let inverse = 1.0 / at(0);
                    (value * inverse + 0.5).floor() / inverse
                }
                _ if at(1) < at(0) => STALE,
                _ => greater(at(0), lesser(at(1), value)),
            }
        })
    }

    fn over_time(&mut self, over: Over, arguments: &[Expr], grid: Grid, span: Span) -> Result<Rows> {
        // The quantile stands before the range, everything else behind it.
        let range_at = usize::from(over == Over::Quantile);
        let mut parameters = Vec::new();
        for (_, argument) in arguments.iter().enumerate().filter(|(index, _)| *index != range_at) {
            parameters.push(self.numbers(argument, grid)?);
        }
        if over == Over::Quantile
            && let Some(wrong) = parameters[0].iter().find(|q| !(0.0..=1.0).contains(*q))
        {
            self.note_quantile(*wrong, arguments[0].span);
        }
        let tracks = self.tracks(&arguments[range_at], grid)?;
        if over == Over::Smoothing {
            for (name, factor) in [("smoothing", &parameters[0]), ("trend", &parameters[1])] {
                if let Some(wrong) = factor.iter().find(|number| !(**number > 0.0 && **number < 1.0)) {
                    let letter = &name[..1];
                    let message = format!("invalid {name} factor. Expected: 0 < {letter}f < 1, got: {wrong:.6}");
                    return Err(Error::refused(span, message));
                }
            }
        }
        if matches!(over, Over::Rate | Over::Increase | Over::Irate | Over::Resets) {
            self.note_no_counter(&tracks, arguments[range_at].span);
        }
        let rows = self.slide(&tracks, over, &parameters, grid, span)?;
        match over {
            Over::Last | Over::First => rows::merged(rows, span),
            _ => self.without_names(rows, span),
        }
    }

    /// Counters have names by which they are known; something else under a rate is likely a mistake.
    fn note_no_counter(&mut self, tracks: &super::select::Tracks<'_>, span: Span) {
        for track in &tracks.tracks {
            let name = track.labels.name();
            let is_counter = ["_total", "_sum", "_count", "_bucket"].iter().any(|end| name.ends_with(end))
                || track.labels.get("__type__") == "counter";
            if !name.is_empty() && !is_counter && !track.is_empty() {
                let message =
                    format!("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {name:?}");
                self.note(false, span, message);
            }
        }
    }

    /// The time of the sample that a selector finds; of anything else the moment of evaluation.
    fn timestamps(&mut self, argument: &Expr, grid: Grid, span: Span) -> Result<Rows> {
        let rows = match &argument.bare().kind {
            Kind::Vector(selector) => {
                let rows = self.select(selector, grid, true, argument.span)?;
                return self.without_names(rows, span);
            }
            _ => self.rows(argument, grid)?,
        };
        self.mapped(rows, span, |_, moment| super::seconds(grid.time(moment)))
    }
}

/// As `math.Max` of Go: what is no number makes the result none, and nothing is greater than infinity.
fn greater(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        crate::NAN
    } else {
        a.max(b)
    }
}

/// As `math.Min` of Go.
fn lesser(a: f64, b: f64) -> f64 {
    -greater(-a, -b)
}

/// 1 where no row has a number, with the labels that the selector demands.
fn absent(argument: &Expr, rows: &Rows, grid: Grid) -> Row {
    let is_absent = |moment: usize| rows.iter().all(|row| crate::is_stale(row.values[moment]));
    let values = (0..grid.count).map(|moment| if is_absent(moment) { 1.0 } else { STALE }).collect();
    let matchers: &[Matcher] = match &argument.bare().kind {
        Kind::Vector(selector) | Kind::Range(selector, _) => &selector.matchers,
        _ => &[],
    };
    let mut builder = crate::labels::Builder::default();
    for (index, matcher) in matchers.iter().enumerate().filter(|(_, matcher)| &*matcher.label != NAME) {
        let stands_before = matchers[..index].iter().any(|other| other.label == matcher.label);
        match matcher.equal_to() {
            Some(value) if !stands_before => builder.set(matcher.label.clone(), value),
            // Two demands on a label: none of them is known to hold.
            _ => builder.remove(&matcher.label),
        }
    }
    Row::new(builder.finish(), values)
}
