//! Where entities are kept: one table a kind, written only by folding, read by lists and KPIs.

use crate::Problem;
use crate::columns::{by_severity, column_name, haystack, kind_of, like, parameter, value_of};
use crate::entity::{Entity, Folded, Kind};
use crate::moves::Reads;
use mainstay_ledger::{Filter, Fold, Ledger, LedgerError, Tx, Value};
use mainstay_model::{Recorded, Span, Subject, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// One kind of entity, with its type forgotten: what the ledger needs to keep it.
pub struct EntityKind {
    table: &'static str,
    types: &'static [&'static str],
    version: u32,
    definitions: Vec<&'static str>,
    insert: String,
    row: MakeRow,
    reach: ReachOf,
}

/// From when to when the entity that the facts of one subject make can matter; nothing where they make none.
type ReachOf = fn(&str, Vec<Recorded>) -> Option<(Timestamp, Option<Timestamp>)>;

/// Folds the facts of one subject and gives the row's values; nothing where they make no entity.
type MakeRow = fn(&str, Vec<Recorded>) -> Result<Option<Vec<Value>>, String>;

/// Version of the tables' form, before columns with an index; raising it makes every ledger fold its tables anew at the
/// next start.
const FORM: u32 = 6;

/// What of a table touches a span from `$1` to `$2`. The plus keeps SQLite from searching by the start: it cannot know that
/// the spans asked for are of late, and that nearly everything began before their ends.
const TOUCHES: &str = "ends > $1 AND +starts < $2";

impl EntityKind {
    /// The kind of an entity.
    #[must_use]
    pub fn of<T: Entity>() -> Self {
        let table = T::TABLE;
        let columns: String = T::COLUMNS.iter().map(|(name, kind)| format!(", c_{name} {}", sql_type(*kind))).collect();
        // A kind is declared once and lives as long as the process, so its statements may as well.
        let mut definitions = vec![
            &*format!(
                "CREATE TABLE {table} (id TEXT PRIMARY KEY, starts BIGINT NOT NULL, ends BIGINT NOT NULL, state TEXT NOT NULL, \
                 facts TEXT NOT NULL, haystack TEXT NOT NULL{columns})"
            )
            .leak(),
            &*format!("CREATE INDEX {table}_span ON {table} (ends, starts)").leak(),
            // The usual order of a list: the newest first.
            &*format!("CREATE INDEX {table}_newest ON {table} (starts DESC, id)").leak(),
        ];
        // What lists count by.
        let counted: Vec<_> = T::COLUMNS.iter().filter(|(name, _)| ["state", "severity"].contains(name)).collect();
        if counted.iter().any(|(name, _)| *name == "state") {
            let names: Vec<String> = counted.iter().map(|(name, _)| format!("c_{name}")).collect();
            definitions.push(&*format!("CREATE INDEX {table}_counted ON {table} ({})", names.join(", ")).leak());
        }
        definitions.extend(
            T::INDEXED
                .iter()
                .map(|name| &*format!("CREATE INDEX {table}_by_{name} ON {table} (c_{name}, starts DESC, id)").leak()),
        );
        let width = 6 + T::COLUMNS.len();
        let names: String = T::COLUMNS.iter().map(|(name, _)| format!(", c_{name}")).collect();
        let values: Vec<String> = (1..=width).map(|n| format!("${n}")).collect();
        let updates: String = T::COLUMNS.iter().map(|(name, _)| format!(", c_{name} = excluded.c_{name}")).collect();
        let insert = format!(
            "INSERT INTO {table} (id, starts, ends, state, facts, haystack{names}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET \
             starts = excluded.starts, ends = excluded.ends, state = excluded.state, facts = excluded.facts, \
             haystack = excluded.haystack{updates}",
            values.join(", ")
        );
        let reach: ReachOf = |key, facts| Folded::<T>::of(key, facts).map(|folded| folded.entity.span());
        let version = FORM + u32::try_from(T::INDEXED.len()).unwrap_or(0);
        Self { table, types: T::TYPES, version, definitions, insert, row: row::<T>, reach }
    }

    pub(crate) const fn table(&self) -> &'static str {
        self.table
    }

    pub(crate) const fn types(&self) -> &'static [&'static str] {
        self.types
    }

    /// From when to when the entity that these facts of one subject make can matter.
    pub(crate) fn reach(&self, key: &str, facts: Vec<Recorded>) -> Option<(Timestamp, Option<Timestamp>)> {
        (self.reach)(key, facts)
    }
}

const fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT",
        Kind::Integer | Kind::Time => "BIGINT",
        Kind::Real => "DOUBLE PRECISION",
    }
}

fn row<T: Entity>(key: &str, facts: Vec<Recorded>) -> Result<Option<Vec<Value>>, String> {
    let Some(folded) = Folded::<T>::of(key, facts) else { return Ok(None) };
    let (from, to) = folded.entity.span();
    let state = serde_json::to_string(&folded.entity).map_err(|e| e.to_string())?;
    let seqs = serde_json::to_string(&folded.facts).map_err(|e| e.to_string())?;
    let cells = folded.entity.cells();
    let haystack = haystack(key, &cells);
    let mut values: Vec<Value> = vec![
        key.into(),
        from.into(),
        to.map_or(i64::MAX, Timestamp::as_microsecond).into(),
        state.into(),
        seqs.into(),
        haystack.into(),
    ];
    values.extend(cells.into_iter().map(value_of));
    Ok(Some(values))
}

impl Fold for EntityKind {
    fn name(&self) -> &'static str {
        self.table
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn migrations(&self) -> &[&str] {
        &self.definitions
    }

    fn tables(&self) -> Vec<&str> {
        vec![self.table]
    }

    fn fold(&self, facts: &[Recorded], tx: &mut Tx<'_>) -> Result<(), LedgerError> {
        let of_ours = facts.iter().filter(|recorded| self.types.contains(&recorded.fact.fact_type.as_str()));
        let mut batch: BTreeMap<&Subject, Vec<&Recorded>> = BTreeMap::new();
        for recorded in of_ours {
            if let Some(subject) = &recorded.fact.subject {
                batch.entry(subject).or_default().push(recorded);
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        let mut known = self.before(facts, &batch, tx)?;
        let mut rows = Vec::with_capacity(batch.len());
        for (subject, fresh) in batch {
            let key = subject.as_str();
            let of_subject = match known.remove(key) {
                // What was read with the batch in it is all there is.
                Some(all)
                    if all.last().is_some_and(|last| facts.first().is_some_and(|first| last.seq >= first.seq)) =>
                {
                    all
                }
                before => before.into_iter().flatten().chain(fresh.into_iter().cloned()).collect(),
            };
            match (self.row)(key, of_subject)
                .map_err(|cause| LedgerError::Fold { fold: self.table.to_owned(), cause })?
            {
                Some(values) => rows.push(values),
                None => {
                    tx.execute(&format!("DELETE FROM {} WHERE id = $1", self.table), &[key.into()])?;
                }
            }
        }
        tx.execute_many(&self.insert, &rows)?;
        Ok(())
    }
}

impl EntityKind {
    /// What must be read of the subjects of a batch: what was said of them before it, which of most is nothing. Facts with
    /// fractions are read as they were written, the batch's too: what is parsed again may differ in the last bit, and
    /// replay parses them again.
    fn before(
        &self,
        facts: &[Recorded],
        batch: &BTreeMap<&Subject, Vec<&Recorded>>,
        tx: &mut Tx<'_>,
    ) -> Result<BTreeMap<String, Vec<Recorded>>, LedgerError> {
        let has_fractions = |recorded: &&Recorded| holds_fraction(&recorded.fact.data);
        let (exact, inexact): (Vec<_>, Vec<_>) = batch.iter().partition(|(_, fresh)| !fresh.iter().any(has_fractions));
        let mut found = Vec::new();
        let first = facts.first().map(|recorded| recorded.seq);
        for (part, until) in [(exact, first), (inexact, None)] {
            if !part.is_empty() {
                let types = self.types.iter().map(|name| (*name).to_owned()).collect();
                let subjects = part.iter().map(|(subject, _)| (**subject).clone()).collect();
                found.extend(tx.facts(&Filter { types, subjects, seq_to: until, ..Filter::new() })?);
            }
        }
        Ok(by_subject(found))
    }
}

/// Whether a number that is no whole one stands in a value.
fn holds_fraction(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Number(number) => number.is_f64(),
        serde_json::Value::Array(items) => items.iter().any(holds_fraction),
        serde_json::Value::Object(map) => map.values().any(holds_fraction),
        _ => false,
    }
}

pub(crate) fn by_subject(facts: Vec<Recorded>) -> BTreeMap<String, Vec<Recorded>> {
    let mut groups: BTreeMap<String, Vec<Recorded>> = BTreeMap::new();
    for recorded in facts {
        if let Some(subject) = &recorded.fact.subject {
            groups.entry(subject.as_str().to_owned()).or_default().push(recorded);
        }
    }
    groups
}

/// How a list is narrowed, ordered and cut.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListQuery {
    /// Column and the value that it must have; a column may be asked for several values at once.
    pub filters: Vec<(String, Vec<String>)>,
    /// Column and a text that it must hold, in any case; a column that holds no text must have that value.
    pub parts: Vec<(String, String)>,
    /// Text that key or text columns must hold, in any case.
    pub search: Option<String>,
    /// Column to sort by, and whether downwards; `id` is a column too, and `facts` sorts by how many there are.
    pub sort: Option<(String, bool)>,
    /// Rows to pass over.
    pub offset: u64,
    /// Most rows.
    pub limit: u64,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// The rows.
    pub items: Vec<Folded<T>>,
    /// How many rows match in all.
    pub total: u64,
    /// How many of the newest of them were put into order, where there are too many to order all.
    pub sorted_among: Option<u64>,
}

/// Most rows that are ordered by a column without an index; past that the newest of them are. An index for every column
/// of every list would cost each fact that is folded more than a view that few ask for is worth.
pub const SORT_ROWS_MAX: u64 = 20_000;

/// Most rows that one list answers with.
pub const LIST_ROWS_MAX: u64 = 1000;

/// Reads entities: as they are, or as they were known at an entry count.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    ledger: &'a Ledger,
    /// Only facts with a lower sequence number count.
    known: Option<u64>,
    /// Where it is noted what was read.
    reads: Option<&'a Mutex<Reads>>,
}

impl<'a> Reader<'a> {
    /// A reader of what is known now, or of what was known when the ledger had `known` entries.
    #[must_use]
    pub const fn new(ledger: &'a Ledger, known: Option<u64>) -> Self {
        Self { ledger, known, reads: None }
    }

    /// The same reader, which notes what it reads.
    #[must_use]
    pub(crate) const fn noting(self, reads: &'a Mutex<Reads>) -> Self {
        Self { reads: Some(reads), ..self }
    }

    fn note(&self, note: impl FnOnce(&mut Reads)) {
        if let Some(reads) = self.reads {
            note(&mut reads.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The ledger behind it.
    #[must_use]
    pub fn ledger(&self) -> &'a Ledger {
        self.note(Reads::note_beyond);
        self.ledger
    }

    /// The number of entries that count, where that is not all.
    #[must_use]
    pub const fn known(&self) -> Option<u64> {
        self.known
    }

    /// All entities of a kind that can matter to a span, by key.
    ///
    /// # Errors
    /// The database fails, or a row cannot be read.
    pub fn all<T: Entity>(&self, span: Option<Span>) -> Result<Vec<Folded<T>>, Problem> {
        self.note(|reads| reads.note(T::TABLE, span));
        if self.known.is_some() {
            let mut all = self.fold_then::<T>()?;
            if let Some(span) = span {
                all.retain(|folded| {
                    let (from, to) = folded.entity.span();
                    from < span.to && to.is_none_or(|to| to > span.from)
                });
            }
            return Ok(all);
        }
        let (condition, parameters) = match span {
            None => (String::new(), Vec::new()),
            Some(span) => (format!(" WHERE {TOUCHES}"), vec![span.from.into(), span.to.into()]),
        };
        let sql = format!("SELECT id, state, facts FROM {}{condition} ORDER BY id", T::TABLE);
        self.rows(&sql, &parameters)
    }

    /// One entity.
    ///
    /// # Errors
    /// The database fails, or the row cannot be read.
    pub fn one<T: Entity>(&self, key: &str) -> Result<Option<Folded<T>>, Problem> {
        self.note(|reads| reads.note(T::TABLE, None));
        if let Some(known) = self.known {
            let Ok(subject) = Subject::new(key) else { return Ok(None) };
            let facts = self.ledger.facts(&filter_of::<T>().of_subject(subject).as_of_size(known))?;
            return Ok(Folded::of(key, facts));
        }
        let sql = format!("SELECT id, state, facts FROM {} WHERE id = $1", T::TABLE);
        Ok(self.rows(&sql, &[key.into()])?.pop())
    }

    /// A page of a list.
    ///
    /// # Errors
    /// The query names a column that the kind does not have, or the database fails.
    pub fn list<T: Entity>(&self, query: &ListQuery) -> Result<Listing<T>, Problem> {
        self.note(|reads| reads.note(T::TABLE, None));
        if self.known.is_some() {
            return crate::past::list(self.fold_then::<T>()?, query);
        }
        let (condition, mut parameters) = self.condition::<T>(query)?;
        let table = T::TABLE;
        let count =
            self.ledger.read(|tx| tx.query(&format!("SELECT COUNT(*) FROM {table}{condition}"), &parameters))?;
        let total = count.first().map_or(Ok(0), |row| row.unsigned(0))?;
        let order = match &query.sort {
            None => "ORDER BY starts DESC, id".to_owned(),
            Some((column, down)) => {
                let direction = if *down { "DESC" } else { "ASC" };
                let name = if column == "facts" { "facts".to_owned() } else { column_name::<T>(column)? };
                let text = T::COLUMNS.contains(&("severity", Kind::Text));
                let term = match column.as_str() {
                    "severity" if text => by_severity(&name),
                    // A list of numbers as text: one comma less than there are facts.
                    "facts" => "LENGTH(facts) - LENGTH(REPLACE(facts, ',', ''))".to_owned(),
                    _ => name.clone(),
                };
                format!("ORDER BY {name} IS NULL, {term} {direction}, id")
            }
        };
        let limit = if query.limit == 0 { 100 } else { query.limit.min(LIST_ROWS_MAX) };
        let (l, o) = (parameters.len() + 1, parameters.len() + 2);
        parameters.extend([limit.into(), query.offset.min(i64::MAX as u64).into()]);
        // What has an index behind it is ordered wholly; by another column, so many of the newest at most.
        let indexed = query.sort.as_ref().is_none_or(|(column, _)| column == "id");
        let sorted_among = (!indexed && total > SORT_ROWS_MAX).then_some(SORT_ROWS_MAX);
        let from = match sorted_among {
            None => format!("{table}{condition}"),
            Some(newest) => format!(
                "{table} WHERE id IN (SELECT id FROM {table}{condition} ORDER BY starts DESC, id LIMIT {newest})"
            ),
        };
        let sql = format!("SELECT id, state, facts FROM {from} {order} LIMIT ${l} OFFSET ${o}");
        Ok(Listing { items: self.rows(&sql, &parameters)?, total, sorted_among })
    }

    /// The newest entity that has a value in a column, which should be one of [`Entity::INDEXED`].
    ///
    /// # Errors
    /// The kind has no such column, the value cannot be one of it, or the database fails.
    pub fn newest<T: Entity>(&self, column: &str, value: &str) -> Result<Option<Folded<T>>, Problem> {
        self.note(|reads| reads.note(T::TABLE, None));
        if self.known.is_some() {
            let filters = vec![(column.to_owned(), vec![value.to_owned()])];
            let query = ListQuery { filters, limit: 1, ..ListQuery::default() };
            return Ok(crate::past::list(self.fold_then::<T>()?, &query)?.items.pop());
        }
        let (name, value) = (column_name::<T>(column)?, parameter(column, kind_of::<T>(column)?, value)?);
        // The order of the column's index.
        let sql =
            format!("SELECT id, state, facts FROM {} WHERE {name} = $1 ORDER BY starts DESC, id LIMIT 1", T::TABLE);
        Ok(self.rows(&sql, &[value])?.pop())
    }

    /// How many rows each value of a column has, most first.
    ///
    /// # Errors
    /// The kind has no such column, or the database fails.
    pub fn tally<T: Entity>(&self, column: &str) -> Result<Vec<(String, u64)>, Problem> {
        self.note(|reads| reads.note(T::TABLE, None));
        let name = column_name::<T>(column)?;
        let sql = format!(
            "SELECT {name}, COUNT(*) FROM {} WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY 2 DESC, 1 LIMIT 200",
            T::TABLE
        );
        let rows = self.ledger.read(|tx| tx.query(&sql, &[]))?;
        let pair = |row: &mainstay_ledger::Row| -> Result<(String, u64), LedgerError> {
            let value = match row.value(0)? {
                Value::Text(text) => text.clone(),
                Value::Integer(number) => number.to_string(),
                other => format!("{other:?}"),
            };
            Ok((value, row.unsigned(1)?))
        };
        rows.iter().map(|row| pair(row).map_err(Problem::from)).collect()
    }

    fn condition<T: Entity>(&self, query: &ListQuery) -> Result<(String, Vec<Value>), Problem> {
        let mut parts = Vec::new();
        let mut parameters: Vec<Value> = Vec::new();
        for (column, values) in &query.filters {
            let name = column_name::<T>(column)?;
            let kind = kind_of::<T>(column)?;
            let mut alternatives = Vec::new();
            for value in values {
                parameters.push(parameter(column, kind, value)?);
                alternatives.push(format!("{name} = ${}", parameters.len()));
            }
            parts.push(format!(
                "({})",
                if alternatives.is_empty() { "1 = 0".to_owned() } else { alternatives.join(" OR ") }
            ));
        }
        for (column, part) in &query.parts {
            let name = column_name::<T>(column)?;
            let kind = kind_of::<T>(column)?;
            if kind != Kind::Text {
                parameters.push(parameter(column, kind, part)?);
                parts.push(format!("{name} = ${}", parameters.len()));
                continue;
            }
            // SQLite lowers ASCII alone; the text as it was typed finds the other letters as they are written.
            let (lower, typed) = (like(&part.to_lowercase()), like(part));
            parameters.extend([lower.into(), typed.into()]);
            let (l, t) = (parameters.len() - 1, parameters.len());
            parts.push(format!("(LOWER({name}) LIKE ${l} ESCAPE '\\' OR {name} LIKE ${t} ESCAPE '\\')"));
        }
        if let Some(text) = query.search.as_deref().filter(|text| !text.trim().is_empty()) {
            parameters.push(like(&text.to_lowercase()).into());
            parts.push(format!("haystack LIKE ${} ESCAPE '\\'", parameters.len()));
        }
        let condition = if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) };
        Ok((condition, parameters))
    }

    /// Calls `each` with the entities of a kind that can matter to the span, in no order. Unlike [`Reader::all`] it holds none
    /// of them, where the reader is of now.
    ///
    /// # Errors
    /// The database fails, or a row cannot be read.
    pub fn each<T: Entity>(&self, span: Span, each: &mut dyn FnMut(Folded<T>)) -> Result<(), Problem> {
        if self.known.is_some() {
            self.all(Some(span))?.into_iter().for_each(each);
            return Ok(());
        }
        self.note(|reads| reads.note(T::TABLE, Some(span)));
        let sql = format!("SELECT id, state, facts FROM {} WHERE {TOUCHES}", T::TABLE);
        self.rows_each(&sql, &[span.from.into(), span.to.into()], each)
    }

    fn rows<T: Entity>(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Folded<T>>, Problem> {
        let mut out = Vec::new();
        self.rows_each(sql, parameters, &mut |folded| out.push(folded))?;
        Ok(out)
    }

    /// Row by row: a window may hold tens of thousands, whose text is not needed once it is read.
    fn rows_each<T: Entity>(
        &self,
        sql: &str,
        parameters: &[Value],
        each: &mut dyn FnMut(Folded<T>),
    ) -> Result<(), Problem> {
        let mut unreadable = None;
        self.ledger.read(|tx| {
            tx.query_each(sql, parameters, &mut |row| {
                let (state, facts) = (serde_json::from_str(row.text(1)?), serde_json::from_str(row.text(2)?));
                match state.and_then(|entity| Ok((entity, facts?))) {
                    Ok((entity, facts)) => each(Folded { key: row.text(0)?.to_owned(), entity, facts }),
                    Err(error) => unreadable = Some(error),
                }
                Ok(unreadable.is_none())
            })
        })?;
        unreadable.map_or(Ok(()), |error| {
            let detail = format!("a row of {} cannot be read ({error}); run mainstay ledger rebuild", T::TABLE);
            Err(Problem::ours("table.unreadable", detail))
        })
    }

    /// Folds every entity of a kind from the facts known then. The same fold as for the tables; only slower.
    fn fold_then<T: Entity>(&self) -> Result<Vec<Folded<T>>, Problem> {
        let mut filter = filter_of::<T>();
        if let Some(known) = self.known {
            filter = filter.as_of_size(known);
        }
        let groups = by_subject(self.ledger.facts(&filter)?);
        Ok(groups.into_iter().filter_map(|(key, facts)| Folded::of(&key, facts)).collect())
    }
}

fn filter_of<T: Entity>() -> Filter {
    Filter { types: T::TYPES.iter().map(|name| (*name).to_owned()).collect(), ..Filter::new() }
}
