//! The two operations that every kind of entity has: the list and the single one.

use crate::entity::{Cell, Entity, Folded};
use crate::operation::{Method, Operation};
use crate::store::ListQuery;
use crate::{Call, Problem};
use mainstay_model::facts::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How a list is narrowed, ordered and cut.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAsk {
    /// Text that the row must hold, in any case.
    #[serde(default)]
    pub search: Option<String>,
    /// `column=value` pairs, separated by commas; the same column again allows another value. `column~text` looks for a
    /// part of the value in any case.
    #[serde(default, rename = "where")]
    pub filter: Vec<String>,
    /// Column to sort by; a leading `-` turns it round. Of more than 20,000 matching rows the newest 20,000 are sorted.
    #[serde(default)]
    pub sort: Option<String>,
    /// Rows to pass over.
    #[serde(default)]
    pub offset: u64,
    /// Most rows, at most 1000; 100 where absent.
    #[serde(default)]
    pub limit: u64,
    /// What was known then: a date, a time, or an entry count.
    #[serde(default)]
    pub as_of: Option<String>,
}

/// Which one, and as of when.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneAsk {
    /// The id.
    pub id: String,
    /// What was known then: a date, a time, or an entry count.
    #[serde(default)]
    pub as_of: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Rows {
    /// The rows: `id`, the columns, and `facts`.
    pub items: Vec<Map<String, Value>>,
    /// How many rows match in all.
    pub total: u64,
    /// Rows passed over.
    pub offset: u64,
}

/// One entity with the facts that made it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct One {
    /// The id.
    pub id: String,
    /// All that its facts fold into.
    pub state: Value,
    /// Positions of its facts.
    pub facts: Vec<u64>,
}

impl ListAsk {
    /// The query behind the request.
    ///
    /// # Errors
    /// A filter has no `=`.
    pub fn query(&self) -> Result<ListQuery, Problem> {
        let (mut filters, mut parts): (Vec<(String, Vec<String>)>, _) = (Vec::new(), Vec::new());
        for pair in &self.filter {
            let refused = || {
                let detail = format!("{pair:?} is no filter; write column=value, or column~part of a value");
                Problem::malformed("list.where", detail)
            };
            let sign = pair.find(['=', '~']).ok_or_else(refused)?;
            let (column, value) = (&pair[..sign], &pair[sign + 1..]);
            if pair[sign..].starts_with('~') {
                parts.push((column.to_owned(), value.to_owned()));
                continue;
            }
            match filters.iter_mut().find(|(name, _)| name == column) {
                Some((_, values)) => values.push(value.to_owned()),
                None => filters.push((column.to_owned(), vec![value.to_owned()])),
            }
        }
        let sort = self.sort.as_deref().filter(|text| !text.is_empty()).map(|text| match text.strip_prefix('-') {
            Some(column) => (column.to_owned(), true),
            None => (text.to_owned(), false),
        });
        Ok(ListQuery { filters, parts, search: self.search.clone(), sort, offset: self.offset, limit: self.limit })
    }
}

/// The list of a kind: `GET path`.
#[must_use]
pub fn list_operation<T: Entity>(
    id: &'static str,
    path: &'static str,
    summary: &'static str,
    columns: &'static [&'static str],
) -> Operation {
    Operation::new(id, (Method::Get, path), Role::Viewer, summary, list::<T>).with_columns(columns)
}

/// One of a kind: `GET path/{id}`.
#[must_use]
pub fn show_operation<T: Entity>(id: &'static str, path: &'static str, summary: &'static str) -> Operation {
    Operation::new(id, (Method::Get, path), Role::Viewer, summary, show::<T>)
}

fn list<T: Entity>(call: &Call<'_>, ask: ListAsk) -> Result<Rows, Problem> {
    let found = call.reader(ask.as_of.as_deref())?.list::<T>(&ask.query()?)?;
    Ok(Rows { items: found.items.iter().map(row).collect(), total: found.total, offset: ask.offset })
}

/// A row of a list: id, columns, facts.
fn row<T: Entity>(folded: &Folded<T>) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(folded.key));
    for ((name, _), cell) in T::COLUMNS.iter().zip(folded.entity.cells()) {
        let value = match cell {
            Cell::Null => Value::Null,
            Cell::Text(text) => Value::String(text),
            Cell::Integer(number) => json!(number),
            Cell::Time(at) => json!(at.to_string()),
            Cell::Real(number) => json!(number),
        };
        row.insert((*name).to_owned(), value);
    }
    row.insert("facts".to_owned(), json!(folded.facts));
    row
}

/// One of a kind, by its key or what follows the kind in it.
///
/// # Errors
/// There is none, or the database fails.
pub fn show<T: Entity>(call: &Call<'_>, ask: OneAsk) -> Result<One, Problem> {
    let reader = call.reader(ask.as_of.as_deref())?;
    let kind = T::TABLE.replace('_', " ");
    // People leave the kind out: `incident show INC-7` means `incident:INC-7`.
    let spelled = [ask.id.clone(), format!("{}:{}", T::TABLE.replace('_', "-"), ask.id)];
    for key in &spelled {
        if let Some(found) = reader.one::<T>(key)? {
            let state =
                serde_json::to_value(&found.entity).map_err(|e| Problem::ours("answer.unwritable", e.to_string()))?;
            return Ok(One { id: found.key, state, facts: found.facts });
        }
    }
    Err(Problem::absent("entity.unknown", format!("there is no {kind} {:?}; its list names those there are", ask.id)))
}
