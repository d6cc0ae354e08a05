//! Many series become one, or fewer.

use super::sums::{self, Mean, Sum, Variance};
use super::{Evaluator, Grid, Row, Rows};
use crate::error::{Error, Result, Span};
use crate::labels::{Labels, NAME};
use crate::parse::tree::{Aggregate, Aggregator, Kind};
use crate::store::STALE;
use std::collections::HashMap;

/// Series that become one.
struct Group {
    labels: Labels,
    drop_name: bool,
    of: Vec<usize>,
}

impl Evaluator<'_> {
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate, grid: Grid, span: Span) -> Result<Rows> {
        let parameters = match (&aggregate.parameter, aggregate.op) {
            (Some(parameter), op) if op != Aggregator::CountValues => Some(self.numbers(parameter, grid)?),
            _ => None,
        };
        let rows = self.rows(&aggregate.expr, grid)?;
        self.check_parameters(aggregate, parameters.as_deref(), span)?;
        let groups = grouped(aggregate, &rows);
        match aggregate.op {
            Aggregator::Topk | Aggregator::Bottomk | Aggregator::Limitk => {
                Ok(chosen(aggregate.op, &groups, rows, &parameters.unwrap_or_default(), grid))
            }
            Aggregator::LimitRatio => Err(Error::unsupported(span, "limit_ratio")),
            Aggregator::CountValues => self.count_values(aggregate, &groups, &rows, grid, span),
            op => {
                self.room(groups.len(), grid, span)?;
                Ok(reduced(op, groups, &rows, parameters.as_deref(), grid))
            }
        }
    }

    fn check_parameters(&mut self, aggregate: &Aggregate, parameters: Option<&[f64]>, span: Span) -> Result<()> {
        let place = aggregate.parameter.as_ref().map_or(span, |parameter| parameter.span);
        for number in parameters.unwrap_or_default() {
            match aggregate.op {
                Aggregator::Quantile if !(0.0..=1.0).contains(number) => self.note_quantile(*number, place),
                Aggregator::Topk | Aggregator::Bottomk | Aggregator::Limitk if number.is_nan() => {
                    return Err(Error::refused(place, "Parameter value is NaN"));
                }
                Aggregator::Topk | Aggregator::Bottomk | Aggregator::Limitk if number.abs() >= 9.3e18 => {
                    return Err(Error::refused(place, format!("Scalar value {number} overflows int64")));
                }
                Aggregator::LimitRatio if number.is_nan() => {
                    return Err(Error::refused(place, "Ratio value is NaN"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn note_quantile(&mut self, number: f64, span: Span) {
        let number = crate::number::general(number);
        self.note(true, span, format!("quantile value should be between 0 and 1, got {number}"));
    }

    fn count_values(
        &mut self,
        aggregate: &Aggregate,
        groups: &[Group],
        rows: &Rows,
        grid: Grid,
        span: Span,
    ) -> Result<Rows> {
        let label = match aggregate.parameter.as_ref().map(|parameter| &parameter.bare().kind) {
            Some(Kind::Text(label)) => label.as_str(),
            _ => "",
        };
        if label.is_empty() || (self.options.as_version_2 && !super::relabel::is_plain_name(label)) {
            return Err(Error::refused(span, format!("invalid label name {label:?}")));
        }
        let mut out: Rows = Vec::new();
        let mut places: HashMap<Labels, usize> = HashMap::new();
        for group in groups {
            for at in &group.of {
                for (moment, value) in
                    rows[*at].values.iter().enumerate().filter(|(_, value)| !crate::is_stale(**value))
                {
                    let mut builder = group.labels.builder();
                    builder.set(label, crate::number::plain(*value));
                    let labels = builder.finish();
                    let place = match places.get(&labels) {
                        Some(place) => *place,
                        None => {
                            self.room(1, grid, span)?;
                            places.insert(labels.clone(), out.len());
                            out.push(Row { labels, drop_name: group.drop_name, values: vec![STALE; grid.count] });
                            out.len() - 1
                        }
                    };
                    let count = &mut out[place].values[moment];
                    *count = if crate::is_stale(*count) { 1.0 } else { *count + 1.0 };
                }
            }
        }
        Ok(out)
    }
}

fn grouped(aggregate: &Aggregate, rows: &Rows) -> Vec<Group> {
    let named = |name: &str| aggregate.labels.iter().any(|label| label == name);
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let key = if aggregate.without {
            row.labels.filter(|name| name != NAME && !named(name))
        } else {
            row.labels.filter(named)
        };
        let at = *places.entry(key.clone()).or_insert_with(|| {
            groups.push(Group { labels: key, drop_name: false, of: Vec::new() });
            groups.len() - 1
        });
        groups[at].of.push(index);
        groups[at].drop_name |= row.drop_name;
    }
    groups
}

/// One number for the numbers of each group.
fn reduced(op: Aggregator, groups: Vec<Group>, rows: &Rows, parameters: Option<&[f64]>, grid: Grid) -> Rows {
    let mut out = Vec::with_capacity(groups.len());
    for group in groups {
        let mut values = Vec::with_capacity(grid.count);
        for moment in 0..grid.count {
            let present = group.of.iter().map(|at| rows[*at].values[moment]).filter(|value| !crate::is_stale(*value));
            values.push(one_of(op, present, parameters.map_or(0.0, |numbers| numbers[moment])));
        }
        out.push(Row { labels: group.labels, drop_name: group.drop_name, values });
    }
    out
}

/// One number for some; nothing for none.
fn one_of(op: Aggregator, mut present: impl Iterator<Item = f64>, parameter: f64) -> f64 {
    let Some(first) = present.next() else { return STALE };
    let all = std::iter::once(first).chain(present);
    match op {
        Aggregator::Sum => {
            let mut sum = Sum::default();
            all.for_each(|value| sum.add(value));
            sum.value()
        }
        Aggregator::Avg => {
            let mut mean = Mean::default();
            all.for_each(|value| mean.add(value));
            mean.value()
        }
        Aggregator::Stddev | Aggregator::Stdvar => {
            let mut variance = Variance::default();
            all.for_each(|value| variance.add(value));
            if op == Aggregator::Stddev { variance.value().sqrt() } else { variance.value() }
        }
        Aggregator::Count => super::float(all.count()),
        Aggregator::Group => 1.0,
        Aggregator::Quantile => sums::quantile(parameter, &mut all.collect::<Vec<f64>>()),
        // What is no number loses against every number.
        Aggregator::Min => {
            all.reduce(|best, value| if value < best || best.is_nan() { value } else { best }).unwrap_or(STALE)
        }
        Aggregator::Max => {
            all.reduce(|best, value| if value > best || best.is_nan() { value } else { best }).unwrap_or(STALE)
        }
        _ => STALE,
    }
}

/// The first few of each group, at each moment.
fn chosen(op: Aggregator, groups: &[Group], mut rows: Rows, parameters: &[f64], grid: Grid) -> Rows {
    let mut order = Vec::new();
    for group in groups {
        for moment in 0..grid.count {
            let mut present: Vec<usize> =
                group.of.iter().copied().filter(|at| !crate::is_stale(rows[*at].values[moment])).collect();
            if op != Aggregator::Limitk {
                let value = |at: &usize| rows[*at].values[moment];
                present.sort_by(|a, b| {
                    let (a, b) = (value(a), value(b));
                    let by_value = if op == Aggregator::Topk { b.partial_cmp(&a) } else { a.partial_cmp(&b) };
                    a.is_nan().cmp(&b.is_nan()).then(by_value.unwrap_or(std::cmp::Ordering::Equal))
                });
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "negative counts take none")]
            let count = parameters.get(moment).copied().unwrap_or(0.0).max(0.0) as usize;
            present.iter().skip(count).for_each(|at| rows[*at].values[moment] = STALE);
            if moment == 0 {
                order.extend(present.iter().copied().take(count));
            }
        }
    }
    if grid.count == 1 {
        // At one moment the order is part of the answer.
        return order.into_iter().map(|at| rows[at].clone()).collect();
    }
    rows.retain(|row| !row.is_empty());
    rows
}
