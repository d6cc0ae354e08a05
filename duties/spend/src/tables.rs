//! What facts about cost fold into.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{BillRead, SpendMeasured, SpendWithdrawn};
use mainstay_model::{FactData, Recorded};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one day cost in one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendDay {
    /// The newest statement; where several bills speak of the day, the sum of what each says last.
    pub spend: SpendMeasured,
    /// How often it was restated with other amounts.
    pub restated: u32,
}

impl Entity for SpendDay {
    const TABLE: &'static str = "spend_day";

    const TYPES: &'static [&'static str] = &[SpendMeasured::TYPE, SpendWithdrawn::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("day", Kind::Time),
        ("provider", Kind::Text),
        ("account", Kind::Text),
        ("service", Kind::Text),
        ("team", Kind::Text),
        ("currency", Kind::Text),
        ("effective", Kind::Text),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        // What each bill says last, with the source that said it.
        let mut bills: BTreeMap<String, (&str, SpendMeasured)> = BTreeMap::new();
        let mut restated = 0;
        for Recorded { fact, .. } in facts {
            if let Some(spend) = SpendMeasured::read(fact) {
                let bill = spend.bill.as_ref().map_or_else(|| fact.source.clone(), ToString::to_string);
                let amounts = |spend: &SpendMeasured| (spend.billed, spend.effective);
                let known = bills.get(&bill);
                restated += u32::from(known.is_some_and(|(_, known)| amounts(known) != amounts(&spend)));
                bills.insert(bill, (&fact.source, spend));
            } else if SpendWithdrawn::read(fact).is_some() {
                bills.retain(|_, (source, _)| *source != fact.source);
            }
        }
        let mut all = bills.into_values().map(|(_, spend)| spend);
        let mut spend = all.next()?;
        for other in all.filter(|other| other.effective.currency == spend.effective.currency).collect::<Vec<_>>() {
            spend.billed.amount = spend.billed.amount.saturating_add(other.billed.amount);
            spend.effective.amount = spend.effective.amount.saturating_add(other.effective.amount);
            spend.lines = spend.lines.saturating_add(other.lines);
            spend.team = spend.team.or(other.team);
        }
        Some(Self { spend, restated })
    }

    /// The amount is text: money is never a number with a binary fraction.
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Time(self.spend.day),
            self.spend.provider.as_str().into(),
            self.spend.account.as_str().into(),
            self.spend.service.as_str().into(),
            self.spend.team.as_ref().map_or(Cell::Null, |team| team.as_str().into()),
            self.spend.effective.currency.as_str().into(),
            self.spend.effective.amount.to_string().as_str().into(),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        (self.spend.day, self.spend.day.checked_add(SignedDuration::from_hours(24)).ok())
    }
}

/// One bill, as it was read each time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    /// Every reading with another content, oldest first; the last one counts.
    pub readings: Vec<(Timestamp, BillRead)>,
}

impl Bill {
    /// The reading that counts.
    #[must_use]
    pub fn newest(&self) -> Option<&BillRead> {
        self.readings.last().map(|(_, bill)| bill)
    }
}

impl Entity for Bill {
    const TABLE: &'static str = "bill";

    const TYPES: &'static [&'static str] = &[BillRead::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("provider", Kind::Text),
        ("period", Kind::Time),
        ("currency", Kind::Text),
        ("effective", Kind::Text),
        ("readings", Kind::Integer),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut readings: Vec<(Timestamp, BillRead)> = Vec::new();
        for Recorded { fact, .. } in facts {
            let Some(bill) = BillRead::read(fact) else { continue };
            if readings.last().is_none_or(|(_, known)| known.digest != bill.digest) {
                readings.push((fact.time, bill));
            }
        }
        (!readings.is_empty()).then_some(Self { readings })
    }

    fn cells(&self) -> Vec<Cell> {
        let Some(bill) = self.newest() else { return vec![Cell::Null; Self::COLUMNS.len()] };
        vec![
            bill.provider.as_str().into(),
            Cell::Time(bill.period),
            bill.effective.currency.as_str().into(),
            bill.effective.amount.to_string().as_str().into(),
            Cell::Integer(i64::try_from(self.readings.len()).unwrap_or(i64::MAX)),
        ]
    }

    /// A billing period is a month at most, and its exact end is not stated.
    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let period = self.newest().map_or(Timestamp::UNIX_EPOCH, |bill| bill.period);
        (period, period.checked_add(SignedDuration::from_hours(24 * 31)).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    fn spent(time: &str, amount: &str) -> String {
        format!(
            "{time} spend.measured spend:aws/1/S3/2026-10-01 {{\"day\":\"2026-10-01T00:00:00Z\",\"provider\":\"aws\",\"account\":\"1\",\"service\":\"S3\",\"billed\":{{\"amount\":\"{amount}\",\"currency\":\"EUR\"}},\"effective\":{{\"amount\":\"{amount}\",\"currency\":\"EUR\"}},\"lines\":3}}\n"
        )
    }

    #[test]
    fn a_restated_day_counts_once_with_its_newest_amount() {
        // The restatement arrives before what it restates.
        let facts = spent("2026-11-05T00:00:00Z", "0.30") + &spent("2026-10-02T00:00:00Z", "0.20");
        let days = fold_all::<SpendDay>(&history(&facts).unwrap());
        assert_eq!(days.len(), 1);
        assert_eq!((days[0].entity.spend.effective.to_string().as_str(), days[0].entity.restated), ("0.30 EUR", 1));
    }

    #[test]
    fn a_withdrawn_day_is_gone_and_a_later_bill_adds_to_an_earlier_one() {
        let of_bill = |line: &str, bill: &str| line.replace("\"account\"", &format!("\"bill\":\"{bill}\",\"account\""));
        let both = of_bill(&spent("2026-10-02T00:00:00Z", "0.30"), "bill:aws/2026-10")
            + &of_bill(&spent("2026-11-02T00:00:00Z", "-0.10"), "bill:aws/2026-11");
        let days = fold_all::<SpendDay>(&history(&both).unwrap());
        assert_eq!((days[0].entity.spend.effective.to_string().as_str(), days[0].entity.restated), ("0.20 EUR", 0));
        let gone = both + "2026-11-05T00:00:00Z spend.withdrawn spend:aws/1/S3/2026-10-01\n";
        assert!(fold_all::<SpendDay>(&history(&gone).unwrap()).is_empty());
    }

    #[test]
    fn the_same_bill_read_twice_is_one_reading_and_a_restated_one_is_a_second() {
        let read = |time: &str, digest: &str| {
            format!(
                "{time} bill.read bill:aws/2026-10 {{\"provider\":\"aws\",\"period\":\"2026-10-01T00:00:00Z\",\"digest\":\"{digest}\",\"lines\":1,\"refused\":0,\"billed\":{{\"amount\":\"1\",\"currency\":\"EUR\"}},\"effective\":{{\"amount\":\"1\",\"currency\":\"EUR\"}}}}\n"
            )
        };
        let facts = read("2026-11-01T00:00:00Z", "aa")
            + &read("2026-11-02T00:00:00Z", "aa")
            + &read("2026-11-09T00:00:00Z", "bb");
        assert_eq!(fold_all::<Bill>(&history(&facts).unwrap())[0].entity.readings.len(), 2);
    }
}
