//! The newest statement of every source about every thing: what a new snapshot is compared with.

use mainstay_connectors::{Known, KnownMap, known_of};
use mainstay_ledger::{Fold, Ledger, LedgerError, Tx, Value};
use mainstay_model::facts::{AlertFired, FindingOpened, FindingResolved, ResourceJudged};
use mainstay_model::{Digest, Fact, FactData, FactId, Recorded, Severity, Subject, Timestamp};

/// How many of the newest episodes of an alert are looked at: names are in the order of time but for fractions of a second.
const NEWEST: usize = 8;

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
    Some(((fact.subject.clone()?, family.to_owned()), Known::of(fact)))
}

impl Fold for KnownFold {
    fn name(&self) -> &'static str {
        "known"
    }

    fn version(&self) -> u32 {
        2
    }

    fn migrations(&self) -> &[&str] {
        &["CREATE TABLE known (source TEXT NOT NULL, family TEXT NOT NULL, subject TEXT NOT NULL, fact TEXT NOT NULL, \
           fact_type TEXT NOT NULL, digest BYTEA NOT NULL, time BIGINT NOT NULL, severity TEXT, \
           PRIMARY KEY (source, family, subject))"]
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
                known.severity.map_or(Value::Null, |severity| severity.as_str().into()),
            ]
        };
        let rows: Vec<_> = newest.into_iter().map(row).collect();
        tx.execute_many(
            "INSERT INTO known (source, family, subject, fact, fact_type, digest, time, severity) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (source, family, subject) DO UPDATE SET fact = excluded.fact, fact_type = excluded.fact_type, \
             digest = excluded.digest, time = excluded.time, severity = excluded.severity",
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
    let sql = "SELECT subject, fact, fact_type, digest, time, severity FROM known WHERE source = $1 AND family = $2 ORDER BY subject";
    let rows = ledger.read(|tx| tx.query(sql, &[source.into(), family.into()]))?;
    let mut known = KnownMap::new();
    for row in rows {
        let damaged = |what: String| {
            LedgerError::Refused(format!("table known is damaged ({what}); run mainstay ledger rebuild"))
        };
        let subject = Subject::new(row.text(0)?).map_err(|e| damaged(e.to_string()))?;
        let id = FactId::new(row.text(1)?).map_err(|e| damaged(e.to_string()))?;
        let bytes: [u8; 32] = row.blob(3)?.try_into().map_err(|_| damaged("a digest has no 32 bytes".to_owned()))?;
        let severity = match row.value(5)? {
            Value::Text(word) => Severity::from_word(word),
            _ => None,
        };
        let (fact_type, time) = (row.text(2)?.to_owned(), row.time(4)?);
        let entry = Known { id, fact_type, digest: Digest(bytes), time, severity };
        known.insert((subject, family.to_owned()), entry);
    }
    Ok(known)
}

/// The alerts that fire by what a source said last.
///
/// # Errors
/// The database fails, or a row is damaged.
pub fn open_alerts(ledger: &Ledger, source: &str) -> Result<Vec<String>, LedgerError> {
    let sql = "SELECT subject FROM known WHERE source = $1 AND family = 'alert' AND fact_type = $2 ORDER BY subject";
    let rows = ledger.read(|tx| tx.query(sql, &[source.into(), AlertFired::TYPE.into()]))?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// Since when the alert of a key fires by what its source said last; nothing where it does not.
///
/// # Errors
/// The database fails, or a row is damaged.
pub fn open_since(ledger: &Ledger, source: &str, key: &str) -> Result<Option<Timestamp>, LedgerError> {
    // Episodes begin with the key and a slash; `0` is the character behind the slash.
    let (from, behind) = (format!("alert:{key}/"), format!("alert:{key}0"));
    let sql = format!(
        "SELECT subject, fact_type FROM known WHERE source = $1 AND family = 'alert' AND subject >= $2 AND subject < $3 \
         ORDER BY subject DESC LIMIT {NEWEST}"
    );
    let rows = ledger.read(|tx| tx.query(&sql, &[source.into(), from.as_str().into(), behind.into()]))?;
    let mut open = None;
    for row in rows {
        let start = row.text(0)?.strip_prefix(&from).and_then(|start| start.parse().ok());
        if row.text(1)? == AlertFired::TYPE {
            open = open.max(start);
        }
    }
    Ok(open)
}
