//! Sums over the lines of a bill.

use super::columns::{Columns, day, field, start_of};
use crate::{At, Family, ReadContext, Reading, Snapshot, subjects};
use csv::ByteRecord;
use jiff::civil::Date;
use mainstay_model::facts::{BillRead, SpendMeasured};
use mainstay_model::{Currency, Decimal, Diagnostic, Money, Place, Subject};
use std::collections::{BTreeMap, HashMap};

/// Most sums that are kept: a bill with more days times accounts times services than this is read in part.
pub(super) const SUMS_MAX: usize = 1_000_000;

/// A sum and the lines behind it.
#[derive(Debug, Clone)]
struct Sum {
    billed: Decimal,
    effective: Decimal,
    lines: u64,
}

/// What lines of one day, account, service and team have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place4 {
    provider: String,
    period: Date,
    day: Date,
    account: String,
    service: String,
    team: Option<String>,
    currency: Currency,
}

/// All sums of a file.
pub(super) struct Sums<'a> {
    columns: Columns,
    ctx: &'a ReadContext,
    path: &'a str,
    team_tag: String,
    team_tag_quoted: Vec<u8>,
    index: HashMap<Vec<u8>, usize>,
    places: Vec<(Place4, Sum)>,
    refused: u64,
    key: Vec<u8>,
}

/// Why a line does not count.
type Refusal = (&'static str, usize);

impl<'a> Sums<'a> {
    pub fn new(columns: Columns, ctx: &'a ReadContext, path: &'a str) -> Self {
        let team_tag = ctx.options.team_tag().to_owned();
        let team_tag_quoted = format!("\"{team_tag}\"").into_bytes();
        Self {
            columns,
            ctx,
            path,
            team_tag,
            team_tag_quoted,
            index: HashMap::new(),
            places: Vec::new(),
            refused: 0,
            key: Vec::new(),
        }
    }

    /// Adds a line; one that cannot be read is told with its number and counted as refused.
    pub fn add(&mut self, record: &ByteRecord, line: u64, reading: &mut Reading) {
        if let Err((why, column)) = self.try_add(record) {
            self.refuse(why, line, column, reading);
        }
    }

    /// Counts a line that is no record at all.
    pub fn refuse(&mut self, why: &str, line: u64, column: usize, reading: &mut Reading) {
        self.refused += 1;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let named = if column > 0 { format!("{why} (field {column})") } else { why.to_owned() };
        let help = "the other lines count; ask the provider for the export again if many are bad";
        reading.note(Diagnostic::error("focus.line", named, Place::at(self.path, line, 0), help));
    }

    fn try_add(&mut self, record: &ByteRecord) -> Result<(), Refusal> {
        let columns = &self.columns;
        let billed = amount(field(record, columns.billed)).ok_or(("BilledCost is no amount", columns.billed + 1))?;
        let effective = match columns.effective.map(|column| (column, field(record, column))) {
            // Before prepayments are spread there is only what was billed.
            None | Some((_, b"")) => billed,
            Some((column, text)) => amount(text).ok_or(("EffectiveCost is no amount", column + 1))?,
        };
        let account = columns.account.iter().map(|column| field(record, *column)).find(|text| !text.is_empty());
        let account = account.unwrap_or(b"-");
        let service = columns.service.map(|column| field(record, column)).unwrap_or_default();
        let tags = columns.tags.map(|column| field(record, column)).unwrap_or_default();
        let tags = if contains(tags, &self.team_tag_quoted) { tags } else { b"" };
        let (period, charge) = (field(record, columns.period_start), field(record, columns.charge_start));
        let day_text = if charge.len() >= 19 && charge.ends_with(b"Z") { &charge[..10] } else { charge };
        let parts = [
            field(record, columns.provider),
            period,
            day_text,
            account,
            service,
            field(record, columns.currency),
            tags,
        ];
        self.key.clear();
        for part in parts {
            self.key.extend_from_slice(part);
            self.key.push(0);
        }
        let at = match self.index.get(&self.key) {
            Some(at) => *at,
            None => self.open(record, charge, parts)?,
        };
        let sum = &mut self.places[at].1;
        sum.billed = sum.billed.checked_add(billed).ok_or(("the sum does not fit 28 digits", 0))?;
        sum.effective = sum.effective.checked_add(effective).ok_or(("the sum does not fit 28 digits", 0))?;
        sum.lines += 1;
        Ok(())
    }

    /// Begins a sum for the first line of its place.
    fn open(&mut self, record: &ByteRecord, charge: &[u8], parts: [&[u8]; 7]) -> Result<usize, Refusal> {
        let columns = &self.columns;
        if self.places.len() >= SUMS_MAX {
            return Err(("there are more days, accounts and services than are kept", 0));
        }
        let [provider, period, _, account, service, currency, tags] = parts;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if provider.is_empty() {
            return Err(("ProviderName is empty", columns.provider + 1));
        }
        let code = std::str::from_utf8(currency).ok().and_then(|code| Currency::new(code).ok());
        let place = Place4 {
            provider: text(provider),
            period: day(period).ok_or(("BillingPeriodStart is no time", columns.period_start + 1))?,
            day: day(charge).ok_or(("ChargePeriodStart is no time", columns.charge_start + 1))?,
            account: text(account),
            service: if service.is_empty() { "-".to_owned() } else { text(service) },
            team: team(tags, &self.team_tag),
            currency: code.ok_or(("BillingCurrency is no currency code", columns.currency + 1))?,
        };
        debug_assert!(record.len() > columns.billed);
        let at = self.places.len();
        self.places.push((place, Sum { billed: Decimal::ZERO, effective: Decimal::ZERO, lines: 0 }));
        self.index.insert(self.key.clone(), at);
        Ok(at)
    }

    /// The sums as snapshots: one for the bills, one for what each day cost.
    pub fn finish(self, digest: &str, reading: &mut Reading) {
        let mut sums: BTreeMap<Place4, Sum> = BTreeMap::new();
        for (place, sum) in self.places {
            let entry = sums.entry(place).or_insert(Sum { lines: 0, billed: Decimal::ZERO, effective: Decimal::ZERO });
            entry.lines += sum.lines;
            entry.billed = entry.billed.saturating_add(sum.billed);
            entry.effective = entry.effective.saturating_add(sum.effective);
        }
        let at = At { now: self.ctx.now, path: self.path, line: 0, column: 0 };
        let mut bills: BTreeMap<(String, Date, Currency), Sum> = BTreeMap::new();
        let mut spends: BTreeMap<(String, Date), Snapshot> = BTreeMap::new();
        for (place, sum) in &sums {
            let scope = format!("{}/{}", place.provider, month(place.period));
            let bill = bills.entry((place.provider.clone(), place.period, place.currency)).or_insert(Sum {
                lines: 0,
                billed: Decimal::ZERO,
                effective: Decimal::ZERO,
            });
            bill.lines += sum.lines;
            bill.billed = bill.billed.saturating_add(sum.billed);
            bill.effective = bill.effective.saturating_add(sum.effective);
            let snapshot = spends
                .entry((place.provider.clone(), place.period))
                .or_insert_with(|| Snapshot::new(self.ctx.scoped("focus", &scope), Family::Spend, self.ctx.now));
            add_spend(snapshot, place, sum, reading, &at);
        }
        for ((provider, period, currency), sum) in &bills {
            let scope = format!("{provider}/{}", month(*period));
            let several = bills.keys().filter(|(p, d, _)| p == provider && d == period).count() > 1;
            let name = if several { format!("{scope}/{currency}") } else { scope.clone() };
            let bill = BillRead {
                provider: provider.clone(),
                period: start_of(*period).unwrap_or(self.ctx.now),
                digest: digest.to_owned(),
                lines: sum.lines,
                refused: self.refused,
                billed: Money { amount: sum.billed.normalize(), currency: *currency },
                effective: Money { amount: sum.effective.normalize(), currency: *currency },
            };
            let mut snapshot = Snapshot::new(self.ctx.scoped("focus", &scope), Family::Bill, self.ctx.now);
            snapshot.add(Subject::of("bill", &name), &bill, reading, &at);
            reading.snapshots.push(snapshot);
        }
        reading.snapshots.extend(spends.into_values());
    }
}

fn add_spend(snapshot: &mut Snapshot, place: &Place4, sum: &Sum, reading: &mut Reading, at: &At<'_>) {
    let Some(start) = start_of(place.day) else { return };
    let mut name = format!("{}/{}/{}/{}", place.provider, place.account, place.service, place.day);
    if let Some(team) = &place.team {
        name = format!("{name}/{team}");
    }
    let mut subject = Subject::of("spend", &name);
    if snapshot.items.last().is_some_and(|last| last.subject == subject) {
        // The same place in a second currency.
        subject = Subject::of("spend", &format!("{name}/{}", place.currency));
    }
    let spend = SpendMeasured {
        day: start,
        provider: place.provider.clone(),
        account: place.account.clone(),
        service: place.service.clone(),
        team: place.team.as_deref().map(subjects::team),
        billed: Money { amount: sum.billed.normalize(), currency: place.currency },
        effective: Money { amount: sum.effective.normalize(), currency: place.currency },
        lines: sum.lines,
    };
    // A charge may lie ahead: a fee for the rest of the month is billed on its first day.
    snapshot.add_since(subject, &spend, start.min(snapshot.at), reading, at);
}

/// An amount, exact: plain digits mostly, an exponent at times.
fn amount(text: &[u8]) -> Option<Decimal> {
    let text = std::str::from_utf8(text).ok()?;
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    // More than 28 digits behind the point are below any currency's meaning; they are rounded.
    Decimal::from_str_exact(text).ok().or_else(|| text.parse().ok())
}

/// The team that a JSON object of tags names.
fn team(tags: &[u8], tag: &str) -> Option<String> {
    let tags: BTreeMap<String, serde_json::Value> = serde_json::from_slice(tags).ok()?;
    let name = tags.get(tag)?.as_str()?.trim().to_lowercase();
    (!name.is_empty()).then_some(name)
}

fn month(period: Date) -> String {
    format!("{:04}-{:02}", period.year(), period.month())
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text.windows(word.len()).any(|window| window == word)
}
