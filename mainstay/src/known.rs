//! The newest statement of every source about every thing: what a new snapshot is compared with.

use mainstay_connectors::{Known, KnownMap, known_of};
use mainstay_ledger::{Fold, Ledger, LedgerError, Tx, Value};
use mainstay_model::facts::{FindingOpened, FindingResolved, ResourceJudged};
use mainstay_model::{Digest, Fact, FactData, FactId, Recorded, Subject};

/// The fold that keeps it.
pub struct KnownFold;

/// The family of what the guard duty says; connectors know only their own.
fn entry(fact: &Fact) -> Option<((Subject, String), Known)> {
    if let Some(found) = known_of(fact) {
        return Some(found);
    }
    let family = match fact.fact_type.as_str() {
        ResourceJudged::TYPE => "judged",
        FindingOpened::TYPE | FindingResolved::TYPE => "finding",
        _ => return None,
    };
    let known = Known {
        id: fact.id.clone(),
        fact_type: fact.fact_type.clone(),
        digest: mainstay_connectors::content_digest(&fact.data),
        time: fact.time,
    };
    Some(((fact.subject.clone()?, family.to_owned()), known))
}

impl Fold for KnownFold {
    fn name(&self) -> &'static str {
        "known"
    }

    fn migrations(&self) -> &[&str] {
        &["CREATE TABLE known (source TEXT NOT NULL, family TEXT NOT NULL, subject TEXT NOT NULL, fact TEXT NOT NULL, \
           fact_type TEXT NOT NULL, digest BYTEA NOT NULL, time BIGINT NOT NULL, PRIMARY KEY (source, family, subject))"]
    }

    fn tables(&self) -> Vec<&str> {
        vec!["known"]
    }

    fn fold(&self, facts: &[Recorded], tx: &mut Tx<'_>) -> Result<(), LedgerError> {
        let mut newest = std::collections::BTreeMap::new();
        for recorded in facts {
            if let Some(((subject, family), known)) = entry(&recorded.fact) {
                newest.insert((recorded.fact.source.clone(), family, subject), known);
            }
        }
        let row = |((source, family, subject), known): ((String, String, Subject), Known)| -> Vec<Value> {
            vec![
                source.into(),
                family.into(),
                (&subject).into(),
                known.id.as_str().into(),
                known.fact_type.into(),
                known.digest.0.to_vec().into(),
                known.time.into(),
            ]
        };
        let rows: Vec<_> = newest.into_iter().map(row).collect();
        tx.execute_many(
            "INSERT INTO known (source, family, subject, fact, fact_type, digest, time) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (source, family, subject) DO UPDATE SET fact = excluded.fact, fact_type = excluded.fact_type, \
             digest = excluded.digest, time = excluded.time",
            &rows,
        )?;
        Ok(())
    }
}

/// What one source said last in one family, by subject and family.
///
/// # Errors
/// The database fails, or a row is damaged.
pub fn of_source(ledger: &Ledger, source: &str, family: &str) -> Result<KnownMap, LedgerError> {
    let sql =
        "SELECT subject, fact, fact_type, digest, time FROM known WHERE source = $1 AND family = $2 ORDER BY subject";
    let rows = ledger.read(|tx| tx.query(sql, &[source.into(), family.into()]))?;
    let mut known = KnownMap::new();
    for row in rows {
        let damaged = |what: String| {
            LedgerError::Refused(format!("table known is damaged ({what}); run mainstay ledger rebuild"))
        };
        let subject = Subject::new(row.text(0)?).map_err(|e| damaged(e.to_string()))?;
        let id = FactId::new(row.text(1)?).map_err(|e| damaged(e.to_string()))?;
        let bytes: [u8; 32] = row.blob(3)?.try_into().map_err(|_| damaged("a digest has no 32 bytes".to_owned()))?;
        let entry = Known { id, fact_type: row.text(2)?.to_owned(), digest: Digest(bytes), time: row.time(4)? };
        known.insert((subject, family.to_owned()), entry);
    }
    Ok(known)
}
