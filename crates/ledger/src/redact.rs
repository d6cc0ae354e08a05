//! Redaction: the data of a fact is erased, the fact that says so is appended, and every proof still holds, because an
//! entry holds only the salted digest of its data.

use crate::canonical;
use crate::db::{self, Conn, Mode};
use crate::error::{LedgerError, Result};
use crate::ledger::{Ledger, Shared};
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
            named.insert(redacted.sequence, canonical::text(&redacted.retained, &mut String::new())?);
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
    /// fails. Where it is [`LedgerError::Busy`], the fact is erased and appended, but its bytes are still in the database's
    /// file; redacting again, or opening the ledger, finishes it.
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
        scrub(self.shared())?;
        report.seqs.first().copied().flatten().ok_or(LedgerError::Closed)
    }
}

/// Erases the data of a fact in the transaction that appends its redaction, and notes there that free pages and the
/// database's own log still hold it.
pub(crate) fn erase(conn: &mut dyn Conn, redacted: &FactRedacted) -> Result<()> {
    let retained = canonical::text(&redacted.retained, &mut String::new())?;
    let sql = "UPDATE ledger_facts SET data = $2, extensions = NULL, salt = NULL WHERE seq = $1";
    match conn.execute(sql, &[redacted.sequence.into(), retained.into()])? {
        1 => {}
        _ => return Err(LedgerError::refused(format!("there is no entry {} to redact", redacted.sequence))),
    }
    conn.execute("UPDATE ledger_head SET unscrubbed = unscrubbed + 1 WHERE id = 1", &[])?;
    Ok(())
}

/// Writes over what the database may still hold of erased facts. A process that dies before this is done leaves the note
/// of it, and the next that opens the ledger does it.
///
/// # Errors
/// The database fails, or somebody reads in a way that keeps the old pages alive; then it stays to be done.
pub(crate) fn scrub(shared: &Shared) -> Result<()> {
    let _writer = shared.lock_writer();
    let sql = "SELECT unscrubbed FROM ledger_head WHERE id = 1";
    let row = shared.pool.run(Mode::Read, |conn| db::query_one(conn, sql, &[]))?;
    let count = row.map_or(Ok(0), |row| row.integer(0))?;
    if count == 0 {
        return Ok(());
    }
    shared.pool.database().connect(false)?.scrub()?;
    // What another process erased meanwhile stays noted.
    let sql = "UPDATE ledger_head SET unscrubbed = unscrubbed - $1 WHERE id = 1 AND unscrubbed >= $1";
    shared.pool.run(Mode::Write, |conn| conn.execute(sql, &[count.into()]))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use mainstay_model::{Fact, FactId};
    use serde_json::json;
    use std::path::Path;

    const SECRET: &str = "born-on-the-29th-of-february";

    /// Whether any file of the folder holds the text.
    fn is_anywhere(folder: &Path, text: &str) -> bool {
        #[expect(clippy::disallowed_methods, reason = "the test looks at the bytes of the files")]
        let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }

    #[test]
    fn what_was_erased_before_a_death_is_gone_after_the_next_start() {
        let folder = std::env::temp_dir().join(format!("mainstay-redact-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let fact = |n: u32| Fact {
            id: FactId::new(n.to_string()).unwrap(),
            source: "/test".to_owned(),
            fact_type: "com.example.person.v1".to_owned(),
            subject: Subject::new("person:1").ok(),
            time: now,
            data: json!({"note": SECRET, "more": "x".repeat(9000)}),
            extensions: serde_json::Map::new(),
        };
        let ledger = Ledger::open(Options::in_folder(&folder)).unwrap();
        ledger.append((0..20).map(fact).collect(), now).unwrap();
        let erase = |ledger: &Ledger, seq: u64| {
            let data = FactRedacted { sequence: seq, reason: "asked for".to_owned(), retained: json!({}) };
            let subject = Subject::of("fact", &seq.to_string());
            let fact = data.fact("/test", &format!("redaction-{seq}"), subject, now).unwrap();
            ledger.writer().unwrap().append_redaction(fact, now).unwrap();
        };
        // Committed, and then the process is gone: what would follow never comes.
        (0..20).for_each(|seq| erase(&ledger, seq));
        assert_eq!(ledger.fact(3).unwrap().unwrap().fact.data, json!({}));
        drop(ledger);
        assert!(is_anywhere(&folder, SECRET), "nothing is left to be scrubbed, so the test shows nothing");
        let ledger = Ledger::open(Options::in_folder(&folder)).unwrap();
        assert!(!is_anywhere(&folder, SECRET));
        assert_eq!(ledger.verify(&crate::VerifyOptions::default()).unwrap().problems, []);
        drop(ledger);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
