//! Sums over the lines of a bill.

use super::columns::{Columns, day, field, start_of};
use crate::{At, Family, ReadContext, Reading, Snapshot, subjects};
use csv::ByteRecord;
use jiff::civil::Date;
use mainstay_model::facts::{BillRead, SpendMeasured};
use mainstay_model::{Currency, Decimal, Diagnostic, Money, Place, Subject};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most sums that are kept: a bill with more days times accounts times services than this is read in part.
pub(super) const SUMS_MAX: usize = 1_000_000;

/// A sum and the lines behind it.
#[derive(Debug, Clone)]
struct Sum {
    billed: Decimal,
    effective: Decimal,
    lines: u64,
}

impl Sum {
    const NONE: Self = Self { billed: Decimal::ZERO, effective: Decimal::ZERO, lines: 0 };

    fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.billed = self.billed.saturating_add(other.billed);
        self.effective = self.effective.saturating_add(other.effective);
    }
}

/// What makes a bill the one that it is, however often and in however many files it comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct BillId {
    provider: String,
    /// The billing account; empty where the bill names none.
    account: String,
    period: Date,
}

impl BillId {
    /// `AWS/111122223333/2026-10`.
    fn name(&self) -> String {
        let month = month(self.period);
        if self.account.is_empty() {
            return format!("{}/{month}", self.provider);
        }
        format!("{}/{}/{month}", self.provider, self.account)
    }
}

/// What lines of one day, account, service and team have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place4 {
    bill: BillId,
    day: Date,
    account: String,
    service: String,
    team: Option<String>,
    currency: Currency,
}

/// A sum with its place, and the number of the file that added to it last.
type Entry = (Place4, Sum, u32);

/// All sums of a file, or of files that are parts of one export.
pub(super) struct Sums<'a> {
    columns: Columns,
    ctx: &'a ReadContext,
    path: String,
    team_tag: String,
    team_tag_quoted: Vec<u8>,
    index: HashMap<Vec<u8>, usize>,
    places: Vec<Entry>,
    refused: u64,
    key: Vec<u8>,
    /// The number of the file that is read.
    file: u32,
    /// The bills that it adds to.
    touched: BTreeSet<BillId>,
    /// The digests of the files behind each bill.
    digests: BTreeMap<BillId, Vec<String>>,
    /// No file ended early.
    whole: bool,
}

/// Why a line does not count.
type Refusal = (&'static str, usize);

impl<'a> Sums<'a> {
    pub fn new(ctx: &'a ReadContext) -> Self {
        let team_tag = ctx.options.team_tag().to_owned();
        let team_tag_quoted = format!("\"{team_tag}\"").into_bytes();
        Self {
            columns: Columns::default(),
            ctx,
            path: String::new(),
            team_tag,
            team_tag_quoted,
            index: HashMap::new(),
            places: Vec::new(),
            refused: 0,
            key: Vec::new(),
            file: 0,
            touched: BTreeSet::new(),
            digests: BTreeMap::new(),
            whole: true,
        }
    }

    /// Begins a file.
    pub fn open_file(&mut self, columns: Columns, path: &str) {
        (self.columns, self.path) = (columns, path.to_owned());
        self.file += 1;
    }

    /// Ends it.
    pub fn close_file(&mut self, digest: &str) {
        for bill in std::mem::take(&mut self.touched) {
            self.digests.entry(bill).or_default().push(digest.to_owned());
        }
    }

    /// Something of the files is missing: what they do not say is unseen, and not gone.
    pub fn is_partial(&mut self) {
        self.whole = false;
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
        reading.note(Diagnostic::error("focus.line", named, Place::at(self.path.as_str(), line, 0), help));
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
        let payer = columns.billing_account.map(|column| field(record, column)).unwrap_or_default();
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
            payer,
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
        let (place, sum, file) = &mut self.places[at];
        if *file != self.file {
            *file = self.file;
            self.touched.insert(place.bill.clone());
        }
        sum.billed = sum.billed.checked_add(billed).ok_or(("the sum does not fit 28 digits", 0))?;
        sum.effective = sum.effective.checked_add(effective).ok_or(("the sum does not fit 28 digits", 0))?;
        sum.lines += 1;
        Ok(())
    }

    /// Begins a sum for the first line of its place.
    fn open(&mut self, record: &ByteRecord, charge: &[u8], parts: [&[u8]; 8]) -> Result<usize, Refusal> {
        let columns = &self.columns;
        if self.places.len() >= SUMS_MAX {
            return Err(("there are more days, accounts and services than are kept", 0));
        }
        let [provider, period, _, account, service, currency, tags, payer] = parts;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if provider.is_empty() {
            return Err(("ProviderName is empty", columns.provider + 1));
        }
        let code = std::str::from_utf8(currency).ok().and_then(|code| Currency::new(code).ok());
        let period = day(period).ok_or(("BillingPeriodStart is no time", columns.period_start + 1))?;
        let place = Place4 {
            bill: BillId { provider: text(provider), account: text(payer), period },
            day: day(charge).ok_or(("ChargePeriodStart is no time", columns.charge_start + 1))?,
            account: text(account),
            service: if service.is_empty() { "-".to_owned() } else { text(service) },
            team: team(tags, &self.team_tag),
            currency: code.ok_or(("BillingCurrency is no currency code", columns.currency + 1))?,
        };
        debug_assert!(record.len() > columns.billed);
        let at = self.places.len();
        self.places.push((place, Sum::NONE, 0));
        self.index.insert(self.key.clone(), at);
        Ok(at)
    }

    /// The sums as snapshots: for each bill what it says as a whole, and what each day cost by it. A bill that was read
    /// wholly takes back what it said before and says no longer.
    pub fn finish(self, reading: &mut Reading) {
        let mut bills: BTreeMap<BillId, BTreeMap<Place4, Sum>> = BTreeMap::new();
        for (place, sum, _) in self.places {
            let places = bills.entry(place.bill.clone()).or_default();
            places.entry(place).or_insert(Sum::NONE).add(&sum);
        }
        let at = At { now: self.ctx.now, path: &self.path, line: 0, column: 0 };
        let whole = self.whole && self.refused == 0;
        for (id, places) in bills {
            let scope = self.ctx.scoped("focus", &id.name());
            let mut spend = Snapshot::new(scope.as_str(), Family::Spend, self.ctx.now);
            let mut totals: BTreeMap<Currency, Sum> = BTreeMap::new();
            for (place, sum) in &places {
                totals.entry(place.currency).or_insert(Sum::NONE).add(sum);
                add_spend(&mut spend, place, sum, reading, &at);
            }
            let mut bill = Snapshot::new(scope.as_str(), Family::Bill, self.ctx.now);
            let digests = self.digests.get(&id).map(Vec::as_slice).unwrap_or_default();
            let several = totals.len() > 1;
            for (currency, sum) in totals {
                let name = if several { format!("{}/{currency}", id.name()) } else { id.name() };
                let read = BillRead {
                    provider: id.provider.clone(),
                    period: start_of(id.period).unwrap_or(self.ctx.now),
                    digest: joined(digests),
                    lines: sum.lines,
                    refused: self.refused,
                    billed: Money { amount: sum.billed.normalize(), currency },
                    effective: Money { amount: sum.effective.normalize(), currency },
                };
                bill.add(Subject::of("bill", &name), &read, reading, &at);
            }
            spend.complete &= whole;
            reading.snapshots.extend([bill, spend]);
        }
    }
}

/// The digest of one file as it is, of several over all of theirs.
fn joined(digests: &[String]) -> String {
    match digests {
        [one] => one.clone(),
        many => {
            let parts: Vec<&[u8]> = many.iter().map(|digest| digest.as_bytes()).collect();
            crate::identity::digest(&parts).to_string()
        }
    }
}

fn add_spend(snapshot: &mut Snapshot, place: &Place4, sum: &Sum, reading: &mut Reading, at: &At<'_>) {
    let Some(start) = start_of(place.day) else { return };
    let mut name = format!("{}/{}/{}/{}", place.bill.provider, place.account, place.service, place.day);
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
        provider: place.bill.provider.clone(),
        bill: Some(Subject::of("bill", &place.bill.name())),
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
