//! What a plan changes in cost, from a book of prices that is a plain file. What has no price is listed and never counted as 0.

use super::knowledge::matches;
use super::steps::{Action, action_of};
use super::values::{at, plain};
use mainstay_iac::plan::{Change, Plan};
use mainstay_iac::{Block, Map, SourceFile, Value};
use mainstay_model::{Diagnostic, Money, Place};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The columns of a book of prices.
const COLUMNS: [&str; 6] = ["type", "part", "match", "per", "monthly", "currency"];

/// Prices of a month by type and attributes.
#[derive(Debug, Default)]
pub struct PriceBook {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    /// The type; `*` stands for anything.
    resource_type: String,
    /// Which part of the price it is: `compute`, `storage`. The best row of each part counts.
    part: String,
    /// Attributes and values that must hold.
    conditions: Vec<(String, String)>,
    /// The attribute that the price is multiplied with.
    per: Option<String>,
    monthly: Money,
}

/// The difference in cost of a month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Whether there was a book of prices.
    pub priced: bool,
    /// Differences by currency; what is saved is negative.
    pub difference: Vec<Money>,
    /// What has a price.
    pub rows: Vec<CostRow>,
    /// What has none, with the reason.
    pub unpriced: Vec<Unpriced>,
}

/// One object with a price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostRow {
    /// Its address.
    pub address: String,
    /// What it costs a month now; absent for what is made.
    pub before: Option<Money>,
    /// What it would cost; absent for what goes.
    pub after: Option<Money>,
}

/// One object without a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unpriced {
    /// Its address.
    pub address: String,
    /// Why.
    pub why: String,
}

impl PriceBook {
    /// Reads a book: CSV with the columns `type`, `part`, `match` (`instance_type=t3.large;multi_az=true`), `per` (an attribute),
    /// `monthly`, `currency`. What is wrong comes as diagnostics with line; the other rows count.
    #[must_use]
    pub fn read(file: &SourceFile) -> (Self, Vec<Diagnostic>) {
        let (mut book, mut wrong) = (Self::default(), Vec::new());
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(file.bytes.as_slice());
        let headers = reader.headers().cloned().unwrap_or_default();
        let column = |name: &str| headers.iter().position(|header| header == name);
        let missing: Vec<&str> = COLUMNS.iter().filter(|name| column(name).is_none()).copied().collect();
        if !missing.is_empty() {
            let summary = format!("a book of prices has no column {}", missing.join(", "));
            let help = format!("begin the file with `{}`", COLUMNS.join(","));
            wrong.push(Diagnostic::error("prices.columns", summary, Place::at(&file.path, 1, 1), help));
            return (book, wrong);
        }
        for record in reader.records() {
            let complain = |line: u64, summary: String, help: &str| {
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                Diagnostic::error("prices.row", summary, Place::at(&file.path, line, 1), help)
            };
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(1, csv::Position::line);
                    wrong.push(complain(line, error.to_string(), "write the row as CSV in UTF-8"));
                    continue;
                }
            };
            let line = record.position().map_or(1, csv::Position::line);
            let cell = |name: &str| column(name).and_then(|at| record.get(at)).unwrap_or_default();
            match row(&cell) {
                Ok(row) => book.rows.push(row),
                Err(summary) => wrong.push(complain(
                    line,
                    summary,
                    "a row is `aws_instance,compute,instance_type=t3.large,,60.74,USD`",
                )),
            }
        }
        (book, wrong)
    }

    /// The price of an object, or why it has none. `None` where no row is for the type.
    fn price(&self, resource_type: &str, body: &Map) -> Option<Result<Money, String>> {
        let of_type: Vec<&Row> = self.rows.iter().filter(|row| matches(&row.resource_type, resource_type)).collect();
        let parts: BTreeSet<&str> = of_type.iter().map(|row| row.part.as_str()).collect();
        if parts.is_empty() {
            return None;
        }
        let price_of = |part| part_price(part, &rows_of(&of_type, part), body);
        match parts.into_iter().map(price_of).collect::<Result<Vec<Money>, String>>() {
            Err(why) => Some(Err(why)),
            Ok(prices) => prices.into_iter().map(Ok).reduce(|sum, price| sum?.plus(price?).map_err(|e| e.to_string())),
        }
    }
}

fn rows_of<'r>(rows: &[&'r Row], part: &str) -> Vec<&'r Row> {
    rows.iter().filter(|row| row.part == part).copied().collect()
}

fn row<'r>(cell: &dyn Fn(&str) -> &'r str) -> Result<Row, String> {
    let monthly = Money::parse(cell("monthly"), cell("currency")).map_err(|e| e.to_string())?;
    if cell("type").is_empty() {
        return Err("the row has no type".to_owned());
    }
    let conditions = cell("match").split(';').map(str::trim).filter(|text| !text.is_empty());
    let conditions = conditions.map(|text| match text.split_once('=') {
        Some((path, value)) => Ok((path.trim().to_owned(), value.trim().to_owned())),
        None => Err(format!("`{text}` is no `attribute=value`")),
    });
    Ok(Row {
        resource_type: cell("type").to_owned(),
        part: cell("part").to_owned(),
        conditions: conditions.collect::<Result<_, _>>()?,
        per: Some(cell("per")).filter(|per| !per.is_empty()).map(str::to_owned),
        monthly,
    })
}

/// The price of one part: the row with the most conditions that hold.
fn part_price(part: &str, rows: &[&Row], body: &Map) -> Result<Money, String> {
    let unknown = |path: &str| matches!(at(body, path).map(|node| &node.value), Some(Value::Unknown(_)));
    let holds =
        |row: &&&Row| row.conditions.iter().all(|(path, value)| at(body, path).and_then(plain).as_ref() == Some(value));
    let best = rows.iter().filter(holds).max_by_key(|row| row.conditions.len());
    let Some(row) = best else {
        let asked: BTreeSet<&str> =
            rows.iter().flat_map(|row| &row.conditions).map(|(path, _)| path.as_str()).collect();
        let said = asked.iter().map(|path| {
            let value = at(body, path).and_then(plain);
            let value = value.unwrap_or_else(|| if unknown(path) { "known after apply" } else { "not set" }.to_owned());
            format!("{path} is {value}")
        });
        let part = if part.is_empty() { String::new() } else { format!(" for {part}") };
        return Err(format!("the book has no row{part} where {}", said.collect::<Vec<_>>().join(", ")));
    };
    let Some(per) = &row.per else { return Ok(row.monthly) };
    let times = at(body, per).and_then(plain).and_then(|text| text.parse::<Decimal>().ok());
    let Some(times) = times else {
        let what = if unknown(per) { "known after apply" } else { "no number" };
        return Err(format!("the price is per {per}, which is {what}"));
    };
    let mut price = row.monthly;
    price.amount = price.amount.checked_mul(times).ok_or_else(|| format!("the price times {per} is too large"))?;
    Ok(price)
}

/// What a plan changes in cost.
pub(super) fn cost(plan: &Plan, book: Option<&PriceBook>) -> Cost {
    let Some(book) = book else { return Cost::default() };
    let mut cost = Cost { priced: true, ..Cost::default() };
    let mut sums: BTreeMap<String, Money> = BTreeMap::new();
    let managed = plan.changes.iter().filter(|change| change.resource.block == Block::Resource);
    for change in managed {
        let Some(action) = action_of(change).filter(|action| *action != Action::Move) else { continue };
        match sides(change, action, book) {
            Ok((before, after)) if before.is_some() || after.is_some() => {
                for (money, sign) in [(before, Decimal::NEGATIVE_ONE), (after, Decimal::ONE)] {
                    let Some(mut money) = money else { continue };
                    money.amount *= sign;
                    let sum = sums.entry(money.currency.to_string()).or_insert_with(|| {
                        let mut zero = money;
                        zero.amount = Decimal::ZERO;
                        zero
                    });
                    *sum = sum.plus(money).unwrap_or(*sum);
                }
                cost.rows.push(CostRow { address: change.resource.address.clone(), before, after });
            }
            Ok(_) => {}
            Err(why) => cost.unpriced.push(Unpriced { address: change.resource.address.clone(), why }),
        }
    }
    let size = |row: &CostRow| {
        let amount = |money: &Option<Money>| money.map_or(Decimal::ZERO, |money| money.amount);
        (amount(&row.after) - amount(&row.before)).abs()
    };
    cost.rows.sort_by(|a, b| size(b).cmp(&size(a)).then(a.address.cmp(&b.address)));
    cost.difference = sums.into_values().collect();
    cost
}

type Sides = (Option<Money>, Option<Money>);

/// What an object costs before and after.
fn sides(change: &Change, action: Action, book: &PriceBook) -> Result<Sides, String> {
    let kind = &change.resource.resource_type;
    let side = |body: &Map| match book.price(kind, body) {
        None => Err(format!("the book has no row for {kind}")),
        Some(price) => price.map(Some),
    };
    match action {
        Action::Create | Action::Import => Ok((None, side(&change.resource.body)?)),
        Action::Destroy => Ok((side(&change.before)?, None)),
        // It goes on to cost, but is no longer this configuration's.
        Action::Forget | Action::Move => Ok((None, None)),
        Action::Update | Action::Replace => Ok((side(&change.before)?, side(&change.resource.body)?)),
    }
}
