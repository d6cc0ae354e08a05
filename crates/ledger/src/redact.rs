//! Redaction: the data of a fact is erased, the fact that says so is appended, and every proof still holds, because an
//! entry holds only the salted digest of its data.

use crate::canonical;
use crate::error::{LedgerError, Result};
use crate::ledger::Ledger;
use crate::read::Filter;
use crate::tx::Tx;
use mainstay_model::facts::FactRedacted;
use mainstay_model::{FactData, Subject, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// What was retained of each redacted entry, as canonical text.
pub(crate) fn redactions(tx: &mut Tx<'_>) -> Result<BTreeMap<u64, String>> {
    let mut named = BTreeMap::new();
    for fact in tx.facts(&Filter::new().of_type(FactRedacted::TYPE))? {
        if let Some(redacted) = FactRedacted::read(&fact.fact) {
            named.insert(redacted.sequence, canonical::text(&redacted.retained)?);
        }
    }
    Ok(named)
}

impl Ledger {
    /// Erases data and extensions of a fact, puts `retained` in place of the data, and appends the fact that says so, by
    /// whom (`source`) and why. All folded tables are made anew, since they may hold what was erased. Gives the position
    /// of the fact that was appended.
    ///
    /// What the fact's attributes say (source, id, type, subject, times) stays: it is in the log's entry. Backups, exports
    /// and, on PostgreSQL, its write-ahead log hold the data as long as they are kept.
    ///
    /// # Errors
    /// There is no such fact, it is a redaction itself, it was redacted with something else retained, or the database
    /// fails.
    pub fn redact(&self, seq: u64, source: &str, reason: &str, retained: Value, now: Timestamp) -> Result<u64> {
        let writer = self.writer().ok_or_else(|| LedgerError::ReadOnly("it was opened for reading".to_owned()))?;
        let target = self.fact(seq)?.ok_or_else(|| LedgerError::refused(format!("there is no entry {seq}")))?;
        if target.fact.fact_type == FactRedacted::TYPE {
            return Err(LedgerError::refused(format!("entry {seq} is a redaction itself and stays")));
        }
        let data = FactRedacted { sequence: seq, reason: reason.to_owned(), retained };
        let subject = Subject::of("fact", &seq.to_string());
        let fact = data
            .fact(source, &format!("redaction-{seq}"), subject, now)
            .map_err(|e| LedgerError::refused(e.to_string()))?;
        let report = writer.append_redaction(fact, now)?;
        if let Some((_, reason)) = report.refused.into_iter().next() {
            return Err(LedgerError::refused(reason));
        }
        self.shared().scrub()?;
        report.seqs.first().copied().flatten().ok_or(LedgerError::Closed)
    }
}

/// Erases the data of a fact in the transaction that appends its redaction.
pub(crate) fn erase(conn: &mut dyn crate::db::Conn, redacted: &FactRedacted) -> Result<()> {
    let retained = canonical::text(&redacted.retained)?;
    let sql = "UPDATE ledger_facts SET data = $2, extensions = NULL, salt = NULL WHERE seq = $1";
    match conn.execute(sql, &[redacted.sequence.into(), retained.into()])? {
        1 => Ok(()),
        _ => Err(LedgerError::refused(format!("there is no entry {} to redact", redacted.sequence))),
    }
}
