//! Functions that change labels, or the order of series.

use super::{Evaluator, Grid, Rows, rows};
use crate::error::{Error, Result, Span};
use crate::functions::{Function, Run};
use crate::labels::NAME;
use crate::parse::tree::{Expr, Kind};
use std::cmp::Ordering;

/// Whether a label may be written without quotes.
pub(crate) fn is_plain_name(label: &str) -> bool {
    let mut bytes = label.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn text(expr: &Expr) -> Result<&str> {
    match &expr.bare().kind {
        Kind::Text(text) => Ok(text),
        _ => Err(Error::refused(expr.span, "a string is expected")),
    }
}

impl Evaluator<'_> {
    fn check_label(&self, label: &str, function: &str, what: &str, span: Span) -> Result<()> {
        if label.is_empty() || (self.options.as_version_2 && !is_plain_name(label)) {
            return Err(Error::refused(span, format!("invalid {what} label name in {function}(): {label}")));
        }
        Ok(())
    }

    pub(super) fn label_replace(&mut self, arguments: &[Expr], grid: Grid, span: Span) -> Result<Rows> {
        let [_, target, replacement, source, pattern] = arguments else {
            return Err(Error::refused(span, "label_replace takes five arguments"));
        };
        let (target, source) = (text(target)?, text(source)?);
        let (replacement, pattern_text) = (text(replacement)?, text(pattern)?);
        let regex = crate::labels::whole_regex(pattern_text).map_err(|_| {
            let message = format!("invalid regular expression in label_replace(): {pattern_text}");
            Error::refused(pattern.span, message)
        })?;
        self.check_label(target, "label_replace", "destination", span)?;
        let mut rows = self.rows(&arguments[0], grid)?;
        for row in &mut rows {
            let Some(found) = regex.captures(row.labels.get(source)) else { continue };
            let mut value = String::new();
            found.expand(replacement, &mut value);
            let mut builder = row.labels.builder();
            builder.set(target, value);
            row.labels = builder.finish();
            // A name that was set on purpose is kept.
            row.drop_name &= target != NAME;
        }
        rows::merged(rows, span)
    }

    pub(super) fn label_join(&mut self, arguments: &[Expr], grid: Grid, span: Span) -> Result<Rows> {
        let target = text(&arguments[1])?;
        let separator = text(&arguments[2])?;
        let sources = arguments[3..].iter().map(text).collect::<Result<Vec<&str>>>()?;
        for source in &sources {
            self.check_label(source, "label_join", "source", span)?;
        }
        self.check_label(target, "label_join", "destination", span)?;
        let mut rows = self.rows(&arguments[0], grid)?;
        for row in &mut rows {
            let values: Vec<&str> = sources.iter().map(|source| row.labels.get(source)).collect();
            let mut builder = row.labels.builder();
            builder.set(target, values.join(separator));
            row.labels = builder.finish();
            row.drop_name &= target != NAME;
        }
        rows::merged(rows, span)
    }

    /// Order is part of the answer at one moment only; over a range series are ordered by their labels.
    pub(super) fn sorted(&mut self, function: &Function, arguments: &[Expr], grid: Grid, span: Span) -> Result<Rows> {
        let mut rows = self.rows(&arguments[0], grid)?;
        let labels = arguments[1..].iter().map(text).collect::<Result<Vec<&str>>>()?;
        if !self.is_instant {
            // Prometheus says "sort" of all four.
            let message = "sort is ineffective for range queries since results are always ordered by labels";
            self.note(true, span, message.to_owned());
        }
        if grid.count != 1 {
            return Ok(rows);
        }
        let descending = matches!(function.run, Run::SortDesc | Run::SortByLabelDesc);
        let turned = |order: Ordering| if descending { order.reverse() } else { order };
        if labels.is_empty() {
            rows.sort_by(|a, b| {
                let (a, b) = (a.values[0], b.values[0]);
                a.is_nan().cmp(&b.is_nan()).then(turned(a.partial_cmp(&b).unwrap_or(Ordering::Equal)))
            });
        } else {
            rows.sort_by(|a, b| {
                let by = |label: &&str| natural(a.labels.get(label), b.labels.get(label));
                let first = labels.iter().map(by).find(|order| order.is_ne());
                turned(first.unwrap_or_else(|| a.labels.cmp(&b.labels)))
            });
        }
        Ok(rows)
    }
}

/// Orders texts as people do: `node9` before `node10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (x, y) = (chunk(left), chunk(right));
        if x.is_empty() || y.is_empty() {
            return x.len().cmp(&y.len()).then_with(|| a.cmp(b));
        }
        let digits = |text: &str| text.as_bytes()[0].is_ascii_digit();
        let order = if digits(x) && digits(y) {
            let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            x.cmp(y)
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (&left[x.len()..], &right[y.len()..]);
    }
}

/// The digits, or what is no digit, that a text begins with.
fn chunk(text: &str) -> &str {
    let Some(first) = text.bytes().next() else { return text };
    let end = text.find(|c: char| c.is_ascii_digit() != first.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}
