//! An entity is what all facts of one subject fold into: a change, an incident, an alert episode.
//!
//! Folding starts from *all* facts of the subject each time, in event order. So the order in which facts arrive does not
//! matter, a late fact restates the entity, and `as of` needs no second code path: it folds the facts known by then.

use jiff::Timestamp;
use mainstay_model::Recorded;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One kind of entity.
pub trait Entity: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The table's name: the noun, singular.
    const TABLE: &'static str;

    /// The fact types that it folds.
    const TYPES: &'static [&'static str];

    /// Names and kinds of the columns that lists filter and sort by, beside the key.
    const COLUMNS: &'static [(&'static str, Kind)];

    /// Columns with an index, for what looks entities up by them. Each costs every fact that is folded.
    const INDEXED: &'static [&'static str] = &[];

    /// Folds the facts of one subject, given in [`event_order`] and without duplicates. `None` where they do not make
    /// an entity yet: an update whose opening has not arrived.
    fn fold(key: &str, facts: &[Recorded]) -> Option<Self>;

    /// The values of [`Self::COLUMNS`], in that order.
    fn cells(&self) -> Vec<Cell>;

    /// From when to when it can matter to a window: a window that ends before the start, or starts at or behind the
    /// end, never needs it. `None` is for ever.
    fn span(&self) -> (Timestamp, Option<Timestamp>);
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole number; also microseconds since 1970 for times.
    Integer,
    /// A time, as microseconds since 1970.
    Time,
    /// A number with a fraction; never money.
    Real,
}

/// The value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// Text.
    Text(String),
    /// Whole number.
    Integer(i64),
    /// A time.
    Time(Timestamp),
    /// A number with a fraction.
    Real(f64),
}

/// An entity with its key and the facts that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded<T> {
    /// The subject that the facts share.
    pub key: String,
    /// The entity.
    pub entity: T,
    /// Sequence numbers of the facts, ascending.
    pub facts: Vec<u64>,
}

impl<T: Entity> Folded<T> {
    /// Folds the facts of one subject, in whatever order they come; repeated ones count once.
    #[must_use]
    pub fn of(key: &str, mut facts: Vec<Recorded>) -> Option<Self> {
        facts.retain(|recorded| T::TYPES.contains(&recorded.fact.fact_type.as_str()));
        event_order(&mut facts);
        let entity = T::fold(key, &facts)?;
        let mut seqs: Vec<u64> = facts.iter().map(|recorded| recorded.seq).collect();
        seqs.sort_unstable();
        Some(Self { key: key.to_owned(), entity, facts: seqs })
    }
}

/// Sorts facts by event time; facts of the same instant by source and id, which do not depend on when they arrived.
pub fn event_order(facts: &mut Vec<Recorded>) {
    facts.sort_by(|a, b| {
        let key = |r: &Recorded| r.fact.time;
        key(a)
            .cmp(&key(b))
            .then_with(|| a.fact.source.cmp(&b.fact.source))
            .then_with(|| a.fact.id.as_str().cmp(b.fact.id.as_str()))
    });
    facts.dedup_by(|a, b| a.fact.source == b.fact.source && a.fact.id == b.fact.id);
}

impl From<Option<Timestamp>> for Cell {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Null, Self::Time)
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
