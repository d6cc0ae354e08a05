//! The keys of the last entries, which no run of the indexes holds yet: in memory, and made again from the facts.

use crate::bloom::Bloom;
use crate::db::{self, Conn};
use crate::entry::Header;
use crate::error::{LedgerError, Result};
use crate::index::{Keys, Kind, Pair, RECENT_MAX, keys, pair};

/// The entries of one commit, gathered as they come and sorted once.
#[derive(Debug)]
pub(crate) struct Gathered {
    from: u64,
    until: u64,
    pairs: [Vec<Pair>; 3],
}

impl Gathered {
    /// Of so many entries, about.
    pub(crate) fn starting(from: u64, count: usize) -> Self {
        Self { from, until: from, pairs: std::array::from_fn(|_| Vec::with_capacity(count)) }
    }

    /// The position that the next entry gets.
    pub(crate) fn until(&self) -> u64 {
        self.until
    }

    /// Adds the next entry.
    pub(crate) fn push(&mut self, keys: &Keys) {
        for (pairs, key) in self.pairs.iter_mut().zip(keys) {
            pairs.extend(key.map(|key| pair(key, self.until)));
        }
        self.until += 1;
    }

    pub(crate) fn sorted(self) -> Recent {
        let mut recent = Recent { until: self.until, ..Recent::starting(self.from) };
        for (set, mut pairs) in recent.sets.iter_mut().zip(self.pairs) {
            pairs.sort_unstable();
            set.add(pairs);
        }
        recent
    }
}

/// Pairs in a few sorted pieces, each more than twice as long as the next, so that adding many costs little more than
/// sorting them, and adding one little more than nothing.
#[derive(Debug, Default)]
struct Pieces(Vec<Vec<Pair>>);

impl Pieces {
    /// Adds pairs that are sorted.
    fn add(&mut self, pairs: Vec<Pair>) {
        if pairs.is_empty() {
            return;
        }
        let mut last = pairs;
        while let Some(before) = self.0.pop_if(|before| before.len() <= last.len() * 2) {
            last = merged(before, &last);
        }
        self.0.push(last);
    }

    fn find(&self, (low, high): (Pair, Pair), out: &mut Vec<Pair>) {
        for piece in &self.0 {
            let from = piece.partition_point(|pair| *pair < low);
            out.extend(piece[from..].iter().take_while(|pair| **pair <= high));
        }
    }

    fn each(&self, each: impl FnMut(&Pair)) {
        self.0.iter().flatten().for_each(each);
    }

    /// All pairs, sorted.
    fn all(&self) -> Vec<Pair> {
        self.0.iter().rev().fold(Vec::new(), |all, piece| merged(all, piece))
    }
}

pub(crate) fn merged(mut one: Vec<Pair>, other: &[Pair]) -> Vec<Pair> {
    one.extend_from_slice(other);
    // The stable sort sees that there are two sorted parts, and merges them.
    one.sort();
    one
}

/// The pairs of entries that no run holds yet.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// First entry that is held.
    pub from: u64,
    /// One behind the last.
    pub until: u64,
    sets: [Pieces; 3],
    /// Which identities may be among them: nearly all that are asked for are new.
    identities: Option<Bloom>,
}

/// Identities that the filter of recent ones is made for; with more it only says of fewer that they are new.
const IDENTITIES: usize = 2 * RECENT_MAX as usize;

impl Recent {
    pub(crate) fn starting(from: u64) -> Self {
        Self { from, until: from, sets: Default::default(), identities: None }
    }

    /// Whether the identity may be held; false is certain.
    pub(crate) fn may_hold(&self, key: u64) -> bool {
        self.identities.as_ref().is_none_or(|filter| filter.may_hold(key))
    }

    /// Takes over what follows this.
    pub(crate) fn absorb(&mut self, next: Self) {
        debug_assert_eq!(self.until, next.from, "recent entries follow each other");
        let identity = Kind::Identity as usize;
        if self.identities.is_none() {
            let mut filter = Bloom::new(IDENTITIES);
            self.sets[identity].each(|pair| filter.add((pair >> 64) as u64));
            self.identities = Some(filter);
        }
        if let Some(filter) = &mut self.identities {
            next.sets[identity].each(|pair| filter.add((pair >> 64) as u64));
        }
        for (mine, theirs) in self.sets.iter_mut().zip(next.sets) {
            theirs.0.into_iter().for_each(|piece| mine.add(piece));
        }
        self.until = next.until;
    }

    pub(crate) fn find(&self, kind: Kind, bounds: (Pair, Pair), out: &mut Vec<Pair>) {
        self.sets[kind as usize].find(bounds, out);
    }

    /// All pairs of a kind, sorted.
    pub(crate) fn all(&self, kind: Kind) -> Vec<Pair> {
        self.sets[kind as usize].all()
    }

    /// Reads the entries `[from, until)` from the facts.
    pub(crate) fn scan(conn: &mut dyn Conn, from: u64, until: u64) -> Result<Self> {
        let mut recent =
            Gathered::starting(from, usize::try_from(until.saturating_sub(from)).unwrap_or(0).min(RECENT_MAX as usize));
        let sql = "SELECT seq, entry FROM ledger_facts WHERE seq >= $1 AND seq < $2 ORDER BY seq";
        for row in db::query(conn, sql, &[from.into(), until.into()])? {
            let seq = row.unsigned(0)?;
            let damaged = |what: &str| LedgerError::Damaged { seq, what: what.to_owned() };
            if seq != recent.until {
                return Err(LedgerError::Damaged { seq: recent.until, what: "it is missing".to_owned() });
            }
            let header = Header::parse(row.text(1)?).ok_or_else(|| damaged("it does not have the form of an entry"))?;
            recent.push(&keys(header.source, header.id, header.subject, header.fact_type, header.time_us));
        }
        if recent.until != until {
            return Err(LedgerError::Damaged { seq: recent.until, what: "it is missing".to_owned() });
        }
        Ok(recent.sorted())
    }
}
