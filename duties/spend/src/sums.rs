//! What each day cost in all and by part, kept ready: a page of half a year reads some hundred rows and not every place
//! that was ever measured.

use crate::SpendDay;
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Call, Entity, Problem};
use mainstay_ledger::{Filter, Fold, LedgerError, Row, Tx, Value};
use mainstay_model::facts::SpendMeasured;
use mainstay_model::{Currency, Decimal, FactData, Recorded, Span, Subject};
use std::collections::{BTreeMap, BTreeSet};

/// The parts by which days are summed.
pub const PARTS: [&str; 4] = ["service", "team", "account", "provider"];

/// The part that is the whole.
const ALL: &str = "all";

/// The fold that keeps the sums. It reads the table of [`SpendDay`], which is folded before it.
pub struct SpendSums;

/// The sum of one day in one currency, of one part or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySum {
    /// First instant of the day in UTC.
    pub day: Timestamp,
    /// `all`, or one of [`PARTS`].
    pub part: String,
    /// The name of the part: a service, a team; empty for all, and for what has no team.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// Effective cost.
    pub effective: Decimal,
    /// Places that it was measured in.
    pub places: u64,
    /// Places among them that were restated.
    pub restated: u64,
}

impl DaySum {
    /// Whether it sums the whole day.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.part == ALL
    }
}

/// The sums of the days of a span: of all, by team, and by one more part.
///
/// # Errors
/// The database fails, or a row is damaged.
pub fn within(call: &Call<'_>, span: Span, part: &str) -> Result<Vec<DaySum>, Problem> {
    let sql = "SELECT day, part, name, currency, effective, places, restated FROM spend_sum \
               WHERE day >= $1 AND day < $2 AND part IN ('all', 'team', $3) ORDER BY day, part, name, currency";
    let parameters = [span.from.into(), span.to.into(), part.into()];
    let rows = call.world.ledger.read(|tx| tx.query(sql, &parameters))?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<DaySum, Problem> {
    let damaged = |what: String| {
        Problem::ours(
            "table.unreadable",
            format!("a row of spend_sum cannot be read ({what}); run mainstay ledger rebuild"),
        )
    };
    Ok(DaySum {
        day: row.time(0)?,
        part: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        currency: Currency::new(row.text(3)?).map_err(|e| damaged(e.to_string()))?,
        effective: row.text(4)?.parse().map_err(|_| damaged("an amount".to_owned()))?,
        places: row.unsigned(5)?,
        restated: row.unsigned(6)?,
    })
}

impl Fold for SpendSums {
    fn name(&self) -> &'static str {
        "spend_sum"
    }

    fn migrations(&self) -> &[&str] {
        &[
            "CREATE TABLE spend_sum (day BIGINT NOT NULL, part TEXT NOT NULL, name TEXT NOT NULL, currency TEXT NOT NULL, \
           effective TEXT NOT NULL, places BIGINT NOT NULL, restated BIGINT NOT NULL, \
           PRIMARY KEY (day, part, name, currency))",
        ]
    }

    fn tables(&self) -> Vec<&str> {
        vec!["spend_sum"]
    }

    fn fold(&self, facts: &[Recorded], tx: &mut Tx<'_>) -> Result<(), LedgerError> {
        let ours = facts.iter().filter(|recorded| SpendDay::TYPES.contains(&recorded.fact.fact_type.as_str()));
        let subjects: BTreeSet<Subject> = ours.filter_map(|recorded| recorded.fact.subject.clone()).collect();
        if subjects.is_empty() {
            return Ok(());
        }
        // Every day that any fact of these subjects ever named: whatever batches they came in, the sums are the same.
        let types = vec![SpendMeasured::TYPE.to_owned()];
        let filter = Filter { types, subjects: subjects.into_iter().collect(), ..Filter::new() };
        let days: BTreeSet<Timestamp> =
            tx.facts(&filter)?.iter().filter_map(|r| Some(SpendMeasured::read(&r.fact)?.day)).collect();
        for day in days {
            sum_day(day, tx)?;
        }
        Ok(())
    }
}

/// Sums one day anew.
fn sum_day(day: Timestamp, tx: &mut Tx<'_>) -> Result<(), LedgerError> {
    let end = day.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    let sql = "SELECT state FROM spend_day WHERE ends = $1 AND starts = $2 ORDER BY id";
    let mut sums: BTreeMap<(&str, String, Currency), (Decimal, i64, i64)> = BTreeMap::new();
    for row in tx.query(sql, &[end.into(), day.into()])? {
        let Ok(place) = serde_json::from_str::<SpendDay>(row.text(0)?) else { continue };
        let spend = &place.spend;
        let team = spend.team.as_ref().map_or_else(String::new, ToString::to_string);
        let names = [String::new(), spend.service.clone(), team, spend.account.clone(), spend.provider.clone()];
        for (part, name) in [ALL].into_iter().chain(PARTS).zip(names) {
            let sum = sums.entry((part, name, spend.effective.currency)).or_default();
            sum.0 = sum.0.saturating_add(spend.effective.amount);
            sum.1 += 1;
            sum.2 += i64::from(place.restated > 0);
        }
    }
    tx.execute("DELETE FROM spend_sum WHERE day = $1", &[day.into()])?;
    let rows: Vec<Vec<Value>> = sums
        .into_iter()
        .map(|((part, name, currency), (effective, places, restated))| {
            let effective = effective.normalize().to_string();
            vec![
                day.into(),
                part.into(),
                name.into(),
                currency.as_str().into(),
                effective.into(),
                places.into(),
                restated.into(),
            ]
        })
        .collect();
    tx.execute_many(
        "INSERT INTO spend_sum (day, part, name, currency, effective, places, restated) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &rows,
    )?;
    Ok(())
}
