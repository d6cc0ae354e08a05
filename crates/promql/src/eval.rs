//! From a tree and a store to numbers.
//!
//! A query is evaluated at all of its moments together: each part of the tree gives a row of numbers for each series, one a
//! moment. What has no number at a moment has [`STALE`] there, which arithmetic cannot give. Time is the caller's; nothing
//! here asks a clock.

mod aggregate;
mod binary;
mod call;
mod date;
mod histogram;
mod relabel;
mod rows;
mod select;
mod sums;
mod window;

use crate::error::{Error, Result, Span};
use crate::labels::Labels;
use crate::parse::tree::{Expr, Extent, Kind, Moment, Shift, ValueType, milliseconds};
use crate::store::{STALE, Sample, Store};

pub(crate) use binary::arithmetic;
pub(crate) use rows::{Row, Rows};

/// How a query is evaluated.
#[derive(Debug, Clone)]
pub struct Options {
    /// How far back a selector looks for the newest sample, in milliseconds.
    pub lookback_ms: i64,
    /// As Prometheus 2 does it: ranges and the lookback hold their left border, where Prometheus 3 leaves it out; a rate looks
    /// for zero before it looks for the border; labels have plain names; only a metric's name is dropped, not its type and unit.
    pub as_version_2: bool,
    /// Whether names of metrics are dropped at the end of the query only (a feature of Prometheus 3 that is off by default).
    pub late_name_drop: bool,
    /// The step of subqueries that state none, in milliseconds.
    pub subquery_step_ms: i64,
    /// How many samples may be read.
    pub samples_max: usize,
    /// How many numbers the parts of the query may have, all together.
    pub cells_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lookback_ms: 300_000,
            as_version_2: false,
            late_name_drop: false,
            subquery_step_ms: 60_000,
            samples_max: 2_000_000_000,
            cells_max: 200_000_000,
        }
    }
}

/// How many moments a query may have; Prometheus answers 11,000.
pub const MOMENTS_MAX: usize = 1_000_000;

/// Moments in a row, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// The first.
    pub start: i64,
    /// From each to the next; more than 0.
    pub step: i64,
    /// How many.
    pub count: usize,
    /// The end that was asked for, to which the step need not lead: what `end()` and `range()` mean.
    pub until: i64,
}

impl Grid {
    /// One moment.
    #[must_use]
    pub fn instant(at: i64) -> Self {
        Self { start: at, step: 1, count: 1, until: at }
    }

    /// From a moment to another, which is the last one where the step leads to it.
    ///
    /// # Errors
    /// Where the step does not lead from start to end, or in too many steps.
    pub fn range(start: i64, end: i64, step: i64) -> Result<Self> {
        if step <= 0 {
            return Err(Error::refused(Span::default(), "the step must be longer than 0"));
        }
        if end < start {
            return Err(Error::refused(Span::default(), "the end is before the start"));
        }
        let steps = end.abs_diff(start) / step.unsigned_abs();
        match usize::try_from(steps) {
            Ok(steps) if steps < MOMENTS_MAX => Ok(Self { start, step, count: steps + 1, until: end }),
            _ => {
                let message = format!("the query has more than {MOMENTS_MAX} moments; take a longer step");
                Err(Error::bound(Span::default(), message))
            }
        }
    }

    /// The moment of an index.
    #[must_use]
    pub fn time(self, index: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// The last moment.
    #[must_use]
    pub fn end(self) -> i64 {
        self.time(self.count.saturating_sub(1))
    }

    /// All moments.
    pub fn times(self) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |index| self.time(index))
    }
}

/// A hint that an answer may not be what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Whether something is likely wrong; otherwise it may only look so.
    pub is_warning: bool,
    /// What.
    pub message: String,
    /// Where in the query.
    pub span: Span,
}

/// The series that a range query or a range selector gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// What the series is called.
    pub labels: Labels,
    /// Its samples, rising in time.
    pub samples: Vec<Sample>,
}

/// What a query gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// A number.
    Scalar(f64),
    /// A text.
    Text(String),
    /// A number each series, in the query's order.
    Vector(Vec<(Labels, f64)>),
    /// Samples each series.
    Matrix(Vec<Points>),
}

/// What a query gives, and what is to be said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The values.
    pub output: Output,
    /// Hints, each once.
    pub notes: Vec<Note>,
    /// How many samples were read.
    pub samples: usize,
}

/// Evaluates a query at one moment.
///
/// # Errors
/// Where Prometheus has no answer either, where this evaluator lacks something, or where a bound is reached.
pub fn instant(store: &Store, expr: &Expr, at: i64, options: &Options) -> Result<Answer> {
    let grid = Grid::instant(at);
    let mut evaluator = Evaluator::new(store, options, grid, true);
    let output = match &expr.bare().kind {
        Kind::Text(text) => Output::Text(text.clone()),
        Kind::Range(selector, range) => Output::Matrix(evaluator.samples_of(selector, range, at, expr.span)?),
        Kind::Subquery(subquery) => Output::Matrix(evaluator.samples_of_subquery(subquery, at, expr.span)?),
        _ => match evaluator.eval(expr, grid)? {
            Value::Scalar(values) => Output::Scalar(values[0]),
            Value::Vector(rows) => {
                let rows = evaluator.finish(rows, expr.span)?;
                let present = rows.into_iter().filter(|row| !crate::is_stale(row.values[0]));
                Output::Vector(present.map(|row| (row.labels, row.values[0])).collect())
            }
        },
    };
    Ok(evaluator.answer(output))
}

/// Evaluates a query at all moments of a grid.
///
/// # Errors
/// As [`instant`].
pub fn range(store: &Store, expr: &Expr, grid: Grid, options: &Options) -> Result<Answer> {
    let mut evaluator = Evaluator::new(store, options, grid, false);
    if !matches!(expr.value_type(), ValueType::Scalar | ValueType::Vector) {
        let found = expr.value_type().name();
        let message = format!("invalid expression type {found:?} for range query, must be Scalar or instant Vector");
        return Err(Error::refused(expr.span, message));
    }
    let mut rows = match evaluator.eval(expr, grid)? {
        Value::Scalar(values) => vec![Row::new(Labels::default(), values)],
        Value::Vector(rows) => evaluator.finish(rows, expr.span)?,
    };
    rows.sort_by(|a, b| a.labels.cmp(&b.labels));
    let points = rows.into_iter().filter_map(|row| {
        let all = grid.times().zip(row.values).map(|(time, value)| Sample { time, value });
        let samples: Vec<Sample> = all.filter(|sample| !crate::is_stale(sample.value)).collect();
        (!samples.is_empty()).then_some(Points { labels: row.labels, samples })
    });
    let output = Output::Matrix(points.collect());
    Ok(evaluator.answer(output))
}

/// What a part of a query gives at all moments.
#[derive(Debug)]
pub(crate) enum Value {
    /// A number a moment.
    Scalar(Vec<f64>),
    /// Rows of numbers.
    Vector(Rows),
}

pub(crate) struct Evaluator<'a> {
    store: &'a Store,
    options: &'a Options,
    /// The moments of the whole query, which `start()`, `end()` and `step()` speak of.
    query: Grid,
    is_instant: bool,
    notes: Vec<Note>,
    samples: usize,
    cells: usize,
}

impl<'a> Evaluator<'a> {
    fn new(store: &'a Store, options: &'a Options, query: Grid, is_instant: bool) -> Self {
        Self { store, options, query, is_instant, notes: Vec::new(), samples: 0, cells: 0 }
    }

    fn answer(self, output: Output) -> Answer {
        Answer { output, notes: self.notes, samples: self.samples }
    }

    pub(crate) fn eval(&mut self, expr: &Expr, grid: Grid) -> Result<Value> {
        match &expr.kind {
            Kind::Number(number) => Ok(Value::Scalar(vec![*number; grid.count])),
            Kind::Paren(inner) => self.eval(inner, grid),
            Kind::Vector(selector) => Ok(Value::Vector(self.select(selector, grid, false, expr.span)?)),
            Kind::Sign(negative, inner) => self.signed(*negative, inner, grid, expr.span),
            Kind::Binary(binary) => self.binary(binary, grid, expr.span),
            Kind::Aggregate(aggregate) => Ok(Value::Vector(self.aggregate(aggregate, grid, expr.span)?)),
            Kind::Call(function, arguments) => self.call(function, arguments, grid, expr.span),
            // The checks of the parser let these stand only where they are looked for.
            Kind::Text(_) | Kind::Range(..) | Kind::Subquery(_) => {
                Err(Error::refused(expr.span, format!("a {} has no value here", expr.value_type().name())))
            }
        }
    }

    /// The rows of an expression that the parser knows to be a vector.
    pub(crate) fn rows(&mut self, expr: &Expr, grid: Grid) -> Result<Rows> {
        match self.eval(expr, grid)? {
            Value::Vector(rows) => Ok(rows),
            Value::Scalar(_) => Err(Error::refused(expr.span, "an instant vector is expected, not a scalar")),
        }
    }

    /// The numbers of an expression that the parser knows to be a scalar.
    pub(crate) fn numbers(&mut self, expr: &Expr, grid: Grid) -> Result<Vec<f64>> {
        match self.eval(expr, grid)? {
            Value::Scalar(values) => Ok(values),
            Value::Vector(_) => Err(Error::refused(expr.span, "a scalar is expected, not an instant vector")),
        }
    }

    fn signed(&mut self, negative: bool, inner: &Expr, grid: Grid, span: Span) -> Result<Value> {
        let negate = |values: &mut Vec<f64>| values.iter_mut().filter(|v| !crate::is_stale(**v)).for_each(|v| *v = -*v);
        match self.eval(inner, grid)? {
            Value::Scalar(mut values) => {
                if negative {
                    negate(&mut values);
                }
                Ok(Value::Scalar(values))
            }
            Value::Vector(mut rows) => {
                if negative {
                    rows.iter_mut().for_each(|row| negate(&mut row.values));
                    rows = self.without_names(rows, span)?;
                }
                Ok(Value::Vector(rows))
            }
        }
    }

    /// Takes names away from rows, now or, where they are dropped late, with the last step of the query.
    pub(crate) fn without_names(&self, mut rows: Rows, span: Span) -> Result<Rows> {
        if self.options.late_name_drop {
            rows.iter_mut().for_each(|row| row.drop_name = true);
            return Ok(rows);
        }
        for row in &mut rows {
            row.labels = self.nameless(&row.labels);
        }
        rows::merged(rows, span)
    }

    /// Labels without those that name a metric. Prometheus 3 counts its type and unit among them.
    pub(crate) fn nameless(&self, labels: &Labels) -> Labels {
        let metadata = !self.options.as_version_2;
        labels.filter(|name| name != crate::labels::NAME && !(metadata && matches!(name, "__type__" | "__unit__")))
    }

    /// Drops the names that were to be dropped late.
    fn finish(&self, mut rows: Rows, span: Span) -> Result<Rows> {
        for row in rows.iter_mut().filter(|row| row.drop_name) {
            row.labels = self.nameless(&row.labels);
        }
        rows::merged(rows, span)
    }

    pub(crate) fn note(&mut self, is_warning: bool, span: Span, message: String) {
        let note = Note { is_warning, message, span };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Counts samples that were read.
    pub(crate) fn read(&mut self, samples: usize, span: Span) -> Result<()> {
        self.samples = self.samples.saturating_add(samples);
        if self.samples > self.options.samples_max {
            let message = format!(
                "the query reads more than {} samples; narrow its selectors or ranges",
                self.options.samples_max
            );
            return Err(Error::bound(span, message));
        }
        Ok(())
    }

    /// Counts the numbers of rows before they are made.
    pub(crate) fn room(&mut self, rows: usize, grid: Grid, span: Span) -> Result<()> {
        self.cells = self.cells.saturating_add(rows.saturating_mul(grid.count));
        if self.cells > self.options.cells_max {
            let message = format!(
                "the parts of the query have more than {} numbers; narrow its selectors or take a longer step",
                self.options.cells_max
            );
            return Err(Error::bound(span, message));
        }
        Ok(())
    }

    /// Milliseconds of a length that may depend on the query.
    pub(crate) fn extent(&self, extent: &Extent, span: Span) -> Result<i64> {
        let computed = match extent {
            Extent::Fixed(milliseconds) => return Ok(*milliseconds),
            Extent::Computed(computed) => computed,
        };
        let step = if self.is_instant { 0.0 } else { seconds(self.query.step) };
        milliseconds(computed.seconds(step, seconds(self.query.until - self.query.start)), span)
    }

    /// A length that must be longer than nothing.
    pub(crate) fn positive_extent(&self, extent: &Extent, span: Span) -> Result<i64> {
        match self.extent(extent, span)? {
            length if length > 0 => Ok(length),
            _ => Err(Error::refused(span, "duration must be greater than 0")),
        }
    }

    /// The moments that `@` and `offset` make of moments, and whether all of them are the same.
    pub(crate) fn shifted(&self, shift: &Shift, grid: Grid, span: Span) -> Result<(Grid, bool)> {
        let offset = match &shift.offset {
            Some(extent) => self.extent(extent, span)?,
            None => 0,
        };
        let fixed = match shift.at {
            Some(Moment::Time(time)) => Some(time),
            Some(Moment::Start) => Some(self.query.start),
            Some(Moment::End) => Some(self.query.until),
            None => None,
        };
        let start = fixed.unwrap_or(grid.start).saturating_sub(offset);
        Ok(match fixed {
            Some(_) => (Grid::instant(start), true),
            None => (Grid { start, ..grid }, false),
        })
    }
}

/// Seconds of milliseconds.
#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53 milliseconds")]
pub(crate) fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

/// Repeats the one number of each row for every moment of a grid.
pub(crate) fn repeated(rows: Rows, grid: Grid) -> Rows {
    rows.into_iter()
        .map(|row| Row { values: vec![row.values.first().copied().unwrap_or(STALE); grid.count], ..row })
        .collect()
}
