//! Reading facts: by position, identity, subject, type and time, as of now or as of then.

use crate::entry::{Header, Stored};
use crate::error::{LedgerError, Result};
use crate::index::{self, Kind, seq_of, span};
use crate::tx::Tx;
use crate::value::{Row, Value};
use mainstay_model::{Recorded, Subject, Timestamp};
use std::collections::HashSet;

/// In which order facts are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As they were recorded.
    #[default]
    Recorded,
    /// The last recorded first.
    RecordedDesc,
    /// As they happened; at the same time as they were recorded. All that match are held in memory.
    Time,
    /// The last that happened first. All that match are held in memory.
    TimeDesc,
}

/// Which facts to read. Conditions are joined by "and"; the values of one by "or".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Types; none stands for all.
    pub types: Vec<String>,
    /// Subjects; none stands for all.
    pub subjects: Vec<Subject>,
    /// Source.
    pub source: Option<String>,
    /// Id; quick together with `source`.
    pub id: Option<String>,
    /// First instant at which they may have happened.
    pub from: Option<Timestamp>,
    /// First instant at which they may no longer have happened.
    pub to: Option<Timestamp>,
    /// First position.
    pub seq_from: u64,
    /// One behind the last position; what was known when the ledger had this size.
    pub seq_to: Option<u64>,
    /// Only what was recorded at this instant or before.
    pub as_of: Option<Timestamp>,
    /// Order.
    pub order: Order,
    /// Most facts to give.
    pub limit: Option<u64>,
}

impl Filter {
    /// All facts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of this type also.
    #[must_use]
    pub fn of_type(mut self, fact_type: impl Into<String>) -> Self {
        self.types.push(fact_type.into());
        self
    }

    /// About this subject also.
    #[must_use]
    pub fn of_subject(mut self, subject: Subject) -> Self {
        self.subjects.push(subject);
        self
    }

    /// Happened in the half-open span.
    #[must_use]
    pub fn between(mut self, from: Timestamp, to: Timestamp) -> Self {
        (self.from, self.to) = (Some(from), Some(to));
        self
    }

    /// At positions of the half-open range.
    #[must_use]
    pub fn seqs(mut self, from: u64, to: u64) -> Self {
        (self.seq_from, self.seq_to) = (from, Some(to));
        self
    }

    /// Known when the ledger had this size.
    #[must_use]
    pub fn as_of_size(mut self, size: u64) -> Self {
        self.seq_to = Some(self.seq_to.map_or(size, |to| to.min(size)));
        self
    }

    /// Recorded at this instant or before.
    #[must_use]
    pub fn as_of(mut self, recorded: Timestamp) -> Self {
        self.as_of = Some(recorded);
        self
    }

    /// In this order.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// At most so many.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Whether a row is one of these; `subjects` are those of the filter, to be found at once.
    fn wants(&self, header: &Header<'_>, subjects: &HashSet<&str>) -> bool {
        (self.types.is_empty() || self.types.iter().any(|t| t == header.fact_type))
            && (subjects.is_empty() || header.subject.is_some_and(|subject| subjects.contains(subject)))
            && self.source.as_ref().is_none_or(|source| source == header.source)
            && self.id.as_ref().is_none_or(|id| id == header.id)
            && self.from.is_none_or(|from| header.time_us >= from.as_microsecond())
            && self.to.is_none_or(|to| header.time_us < to.as_microsecond())
    }
}

const COLUMNS: &str = "SELECT seq, entry, data, extensions, salt FROM ledger_facts";
/// Facts read by one statement when they lie apart; fewer are padded, so that one statement serves all.
const APART: usize = 128;
/// Facts read by one statement when a range is read.
const TOGETHER: u64 = 2_000;

impl Tx<'_> {
    /// The facts that match.
    ///
    /// # Errors
    /// The database fails, or an entry is damaged.
    pub fn facts(&mut self, filter: &Filter) -> Result<Vec<Recorded>> {
        let mut facts = Vec::new();
        self.facts_each(filter, &mut |fact| {
            facts.push(fact);
            Ok(true)
        })?;
        Ok(facts)
    }

    /// Calls `each` with every fact that matches; it answers whether to go on. In an order of recording a few thousand
    /// facts are held at a time, whatever the size of the ledger.
    ///
    /// # Errors
    /// The database fails, an entry is damaged, or `each` fails.
    pub fn facts_each(&mut self, filter: &Filter, each: &mut dyn FnMut(Recorded) -> Result<bool>) -> Result<()> {
        let limit = filter.limit.unwrap_or(u64::MAX);
        if matches!(filter.order, Order::Recorded | Order::RecordedDesc) {
            let mut left = limit;
            return self.stored_each(filter, &mut |stored| {
                if left == 0 {
                    return Ok(false);
                }
                left -= 1;
                Ok(each(stored.recorded()?)? && left > 0)
            });
        }
        let mut rows: Vec<(i64, Stored)> = Vec::new();
        self.stored_each(filter, &mut |stored| {
            rows.push((stored.header()?.time_us, stored));
            Ok(true)
        })?;
        rows.sort_unstable_by_key(|(time_us, stored)| (*time_us, stored.seq));
        if filter.order == Order::TimeDesc {
            rows.reverse();
        }
        for (_, stored) in rows.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            if !each(stored.recorded()?)? {
                break;
            }
        }
        Ok(())
    }

    /// The fact at a position.
    ///
    /// # Errors
    /// The database fails, or the entry is damaged.
    pub fn fact(&mut self, seq: u64) -> Result<Option<Recorded>> {
        self.stored(seq)?.map(|stored| stored.recorded()).transpose()
    }

    /// The fact of a source and id.
    ///
    /// # Errors
    /// The database fails, or the entry is damaged.
    pub fn fact_by_id(&mut self, source: &str, id: &str) -> Result<Option<Recorded>> {
        let filter = Filter { source: Some(source.to_owned()), id: Some(id.to_owned()), ..Filter::default() };
        Ok(self.facts(&filter)?.pop())
    }

    /// All facts about a subject, as they were recorded.
    ///
    /// # Errors
    /// The database fails, or an entry is damaged.
    pub fn facts_of_subject(&mut self, subject: &Subject) -> Result<Vec<Recorded>> {
        self.facts(&Filter::new().of_subject(subject.clone()))
    }

    /// All facts about the subjects, as they were recorded.
    ///
    /// # Errors
    /// The database fails, or an entry is damaged.
    pub fn facts_of_subjects(&mut self, subjects: &[Subject]) -> Result<Vec<Recorded>> {
        if subjects.is_empty() {
            Ok(Vec::new())
        } else {
            self.facts(&Filter { subjects: subjects.to_vec(), ..Filter::default() })
        }
    }

    /// How many entries were known at an instant: all that were recorded then or before.
    ///
    /// # Errors
    /// The database fails, or an entry is damaged.
    pub fn seq_as_of(&mut self, recorded: Timestamp) -> Result<u64> {
        // The time of recording never falls along the log, so halving finds the place.
        let wanted_us = recorded.as_microsecond();
        let (mut low, mut high) = (0, self.size());
        while low < high {
            let middle = low + (high - low) / 2;
            let stored =
                self.stored(middle)?.ok_or(LedgerError::Damaged { seq: middle, what: "it is missing".to_owned() })?;
            if stored.header()?.recorded_us <= wanted_us {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    pub(crate) fn stored(&mut self, seq: u64) -> Result<Option<Stored>> {
        if seq >= self.size() {
            return Ok(None);
        }
        let row = self.query_one(&format!("{COLUMNS} WHERE seq = $1"), &[seq.into()])?;
        row.map(|row| stored(&row)).transpose()
    }

    /// The rows that match, in an order of recording.
    pub(crate) fn stored_each(&mut self, filter: &Filter, each: &mut dyn FnMut(Stored) -> Result<bool>) -> Result<()> {
        let mut to = filter.seq_to.unwrap_or(u64::MAX).min(self.size());
        if let Some(recorded) = filter.as_of {
            to = to.min(self.seq_as_of(recorded)?);
        }
        let from = filter.seq_from;
        let descending = matches!(filter.order, Order::RecordedDesc);
        let subjects: HashSet<&str> = filter.subjects.iter().map(Subject::as_str).collect();
        let mut each = |stored: Stored| {
            if filter.wants(&stored.header()?, &subjects) { each(stored) } else { Ok(true) }
        };
        match self.candidates(filter)? {
            Some(mut seqs) => {
                seqs.retain(|seq| (from..to).contains(seq));
                if descending {
                    seqs.reverse();
                }
                self.rows_apart(&seqs, descending, &mut each)
            }
            None => self.rows_together(from, to, descending, &mut each),
        }
    }

    /// The positions that an index names, ascending; `None` where no index helps.
    fn candidates(&mut self, filter: &Filter) -> Result<Option<Vec<u64>>> {
        let (kind, bounds) = if let (Some(source), Some(id)) = (&filter.source, &filter.id) {
            let key = index::identity_key(source, id);
            (Kind::Identity, vec![span(key, key)])
        } else if !filter.subjects.is_empty() {
            let keys = filter.subjects.iter().map(|subject| index::subject_key(subject.as_str()));
            (Kind::Subject, keys.map(|key| span(key, key)).collect())
        } else if !filter.types.is_empty() {
            let edge = |at: Option<Timestamp>, open: i64| at.map_or(open, |at| at.as_microsecond());
            let (from, to) = (edge(filter.from, i64::MIN), edge(filter.to, i64::MAX));
            let keys = filter.types.iter().map(|t| span(index::type_time_key(t, from), index::type_time_key(t, to)));
            (Kind::TypeTime, keys.collect())
        } else {
            return Ok(None);
        };
        let mut seqs: Vec<u64> = self.find(kind, &bounds)?.into_iter().map(seq_of).collect();
        seqs.sort_unstable();
        seqs.dedup();
        Ok(Some(seqs))
    }

    pub(crate) fn rows_apart(
        &mut self,
        seqs: &[u64],
        descending: bool,
        each: &mut dyn FnMut(Stored) -> Result<bool>,
    ) -> Result<()> {
        let places: Vec<String> = (1..=APART).map(|at| format!("${at}")).collect();
        let order = if descending { "DESC" } else { "ASC" };
        let sql = format!("{COLUMNS} WHERE seq IN ({}) ORDER BY seq {order}", places.join(", "));
        for chunk in seqs.chunks(APART) {
            let mut params: Vec<Value> = chunk.iter().map(|seq| (*seq).into()).collect();
            let last = params.last().cloned().unwrap_or(Value::Null);
            params.resize(APART, last);
            if !self.pass_on(&sql, &params, each)? {
                break;
            }
        }
        Ok(())
    }

    fn rows_together(
        &mut self,
        from: u64,
        to: u64,
        descending: bool,
        each: &mut dyn FnMut(Stored) -> Result<bool>,
    ) -> Result<()> {
        let order = if descending { "DESC" } else { "ASC" };
        let sql = format!("{COLUMNS} WHERE seq >= $1 AND seq < $2 ORDER BY seq {order}");
        let (mut low, mut high) = (from, to);
        while low < high {
            let (first, behind) = if descending {
                (high.saturating_sub(TOGETHER).max(low), high)
            } else {
                (low, (low + TOGETHER).min(high))
            };
            if !self.pass_on(&sql, &[first.into(), behind.into()], each)? {
                break;
            }
            (low, high) = if descending { (low, first) } else { (behind, high) };
        }
        Ok(())
    }

    /// Reads rows, then passes them on, so that `each` may use the transaction's connection no matter the database.
    fn pass_on(&mut self, sql: &str, params: &[Value], each: &mut dyn FnMut(Stored) -> Result<bool>) -> Result<bool> {
        for row in self.query(sql, params)? {
            if !each(stored(&row)?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn stored(row: &Row) -> Result<Stored> {
    Ok(Stored {
        seq: row.unsigned(0)?,
        entry: row.text(1)?.to_owned(),
        data: row.text(2)?.to_owned(),
        extensions: row.text_or_null(3)?.map(str::to_owned),
        salt: if row.is_null(4) { None } else { Some(row.blob(4)?.to_vec()) },
    })
}
