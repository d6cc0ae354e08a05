//! Rows of numbers, one a series.

use crate::error::{Error, Result, Span};
use crate::labels::Labels;
use std::collections::HashMap;

/// The numbers of a series at all moments.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) labels: Labels,
    /// Whether its name is to be dropped at the end of the query.
    pub(crate) drop_name: bool,
    pub(crate) values: Vec<f64>,
}

pub(crate) type Rows = Vec<Row>;

impl Row {
    pub(crate) fn new(labels: Labels, values: Vec<f64>) -> Self {
        Self { labels, drop_name: false, values }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.iter().all(|value| crate::is_stale(*value))
    }
}

/// Rows of the same labels as one, refused where two of them have a number at the same moment. A row without any number is
/// left out.
pub(crate) fn merged(rows: Rows, span: Span) -> Result<Rows> {
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(rows.len());
    let mut out: Rows = Vec::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| !row.is_empty()) {
        let Some(at) = places.get(&row.labels) else {
            places.insert(row.labels.clone(), out.len());
            out.push(row);
            continue;
        };
        let there = &mut out[*at];
        there.drop_name |= row.drop_name;
        for (old, new) in there.values.iter_mut().zip(row.values) {
            if crate::is_stale(new) {
                continue;
            }
            if !crate::is_stale(*old) {
                let message = "vector cannot contain metrics with the same labelset";
                return Err(Error::refused(span, message));
            }
            *old = new;
        }
    }
    Ok(out)
}
