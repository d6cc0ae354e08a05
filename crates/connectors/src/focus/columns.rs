//! Which column of a bill is which, whatever their order, and the fields of a line.

use csv::ByteRecord;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Positions of the columns that are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    pub billed: usize,
    pub currency: usize,
    pub charge_start: usize,
    pub period_start: usize,
    pub provider: usize,
    pub effective: Option<usize>,
    pub account: Vec<usize>,
    pub billing_account: Option<usize>,
    pub service: Option<usize>,
    pub tags: Option<usize>,
}

impl Columns {
    /// Finds the columns by name.
    ///
    /// # Errors
    /// The names of mandatory columns that are missing.
    pub fn of(header: &ByteRecord) -> Result<Self, Vec<&'static str>> {
        let find = |name: &str| {
            header.iter().position(|field| {
                let field = field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field).trim_ascii();
                field.eq_ignore_ascii_case(name.as_bytes())
            })
        };
        let mut missing = Vec::new();
        let mut must = |names: &[&'static str]| {
            let found = names.iter().find_map(|name| find(name));
            found.unwrap_or_else(|| {
                missing.push(names[0]);
                0
            })
        };
        let columns = Self {
            billed: must(&["BilledCost"]),
            currency: must(&["BillingCurrency"]),
            charge_start: must(&["ChargePeriodStart"]),
            period_start: must(&["BillingPeriodStart"]),
            // 1.3 renames it; reading both costs nothing.
            provider: must(&["ProviderName", "ServiceProviderName"]),
            effective: find("EffectiveCost"),
            account: ["SubAccountId", "BillingAccountId"].into_iter().filter_map(find).collect(),
            billing_account: find("BillingAccountId"),
            service: find("ServiceName"),
            tags: find("Tags"),
        };
        if missing.is_empty() { Ok(columns) } else { Err(missing) }
    }
}

/// A field's text; empty where the bill has none (`NULL`, as some exports write it, or nothing).
pub(super) fn field(record: &ByteRecord, column: usize) -> &[u8] {
    match record.get(column).unwrap_or_default().trim_ascii() {
        b"NULL" | b"null" => b"",
        text => text,
    }
}

/// The day on which a charge begins, in days since 1970, as its text says (`2026-09-18T22:00:00Z`, `2026-09-18 22:00:00`,
/// `2026-09-18`). FOCUS times are UTC.
pub(super) fn day(text: &[u8]) -> Option<Date> {
    let text = std::str::from_utf8(text).ok()?;
    let plain = text.ends_with('Z') || !text.get(10..).is_some_and(|rest| rest.contains(['+', '-']));
    if plain {
        let date: Date = text.get(..10)?.parse().ok()?;
        // The time behind it must be one, though only the day counts.
        let rest = text[10..].trim_end_matches('Z');
        let valid = rest.is_empty() || text.trim_end_matches('Z').replacen(' ', "T", 1).parse::<DateTime>().is_ok();
        return valid.then_some(date);
    }
    let at: Timestamp = text.replacen(' ', "T", 1).parse().ok()?;
    Some(at.to_zoned(TimeZone::UTC).date())
}

/// The first instant of a day in UTC.
pub(super) fn start_of(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
