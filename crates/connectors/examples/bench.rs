//! How fast FOCUS bills are read, beside a plain pass of the csv crate over the same bytes, and that memory does not grow
//! with the lines.
//!
//! `cargo run --release -p mainstay-connectors --example bench`
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench measures time and memory and prints")]

use csv::{ByteRecord, ReaderBuilder};
use mainstay_connectors::focus::read_stream;
use mainstay_connectors::{ReadContext, Reading};
use mainstay_model::Timestamp;
use std::io::Read;
use std::time::Instant;

/// Lines of the bill that is read again and again.
const LINES: usize = 100_000;

/// How often, for the speed and for the memory.
const TIMES: usize = 6;

/// Slowest reading that is taken, as a share of the plain pass: every line is split, its costs become exact decimals, and
/// the bytes are hashed.
const SHARE_MIN: f64 = 0.2;

/// Most memory that reading so many times more lines may take, in kB.
const GROWTH_KB_MAX: u64 = 16 * 1024;

const HEADER: &str = "AvailabilityZone,BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,\
BillingPeriodStart,ChargeCategory,ChargeDescription,ChargePeriodEnd,ChargePeriodStart,ConsumedQuantity,ConsumedUnit,\
EffectiveCost,ListCost,ListUnitPrice,PricingCategory,PricingQuantity,PricingUnit,ProviderName,RegionId,ResourceId,\
ServiceCategory,ServiceName,SkuId,SubAccountId,SubAccountName,Tags\n";

/// A month of lines: thirty days, ten accounts, twenty services, three teams.
fn lines() -> Vec<u8> {
    let mut text = String::new();
    for line in 0..LINES {
        let (day, account, service, team) = (line % 30 + 1, line / 30 % 10, line / 300 % 20, line % 3);
        let next = day + 1;
        text.push_str(&format!(
            "eu-central-1a,0.{line:010},111122223333,\"Lumen, payer\",EUR,2026-11-01T00:00:00Z,2026-10-01T00:00:00Z,Usage,\
             \"instance hours of one kind, on demand\",2026-10-{next:02}T00:00:00Z,2026-10-{day:02}T00:00:00Z,24,Hours,\
             0.{line:010},0.{line:010},0.0416,Standard,24,Hours,AWS,eu-central-1,arn:aws:ec2:eu-central-1:{account:012}:instance/i-{line:017x},\
             Compute,Service {service},SKU{service:06},{account:012},account {account},\"{{\"\"team\"\": \"\"team-{team}\"\", \"\"env\"\": \"\"production\"\"}}\"\n"
        ));
    }
    text.into_bytes()
}

/// The header, then the lines so many times.
struct Bill<'a> {
    lines: &'a [u8],
    at: usize,
    header: &'a [u8],
    times: usize,
}

impl<'a> Bill<'a> {
    fn of(lines: &'a [u8], times: usize) -> Self {
        Self { lines, at: 0, header: HEADER.as_bytes(), times }
    }
}

impl Read for Bill<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !self.header.is_empty() {
            return self.header.read(buffer);
        }
        if self.at == self.lines.len() {
            (self.at, self.times) = (0, self.times.saturating_sub(1));
        }
        if self.times == 0 {
            return Ok(0);
        }
        let count = (&self.lines[self.at..]).read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

/// What the plain pass needs, in seconds.
fn plain(lines: &[u8]) -> f64 {
    let start = Instant::now();
    let mut csv = ReaderBuilder::new().buffer_capacity(1 << 20).from_reader(Bill::of(lines, TIMES));
    let (mut record, mut fields) = (ByteRecord::new(), 0_usize);
    while csv.read_byte_record(&mut record).unwrap_or(false) {
        fields += record.len();
    }
    assert_eq!(fields, LINES * TIMES * 28, "the bill has other columns than it says");
    start.elapsed().as_secs_f64()
}

fn ours(lines: &[u8], times: usize) -> f64 {
    let start = Instant::now();
    let mut reading = Reading::default();
    read_stream(Bill::of(lines, times), "bill.csv", &ReadContext::at(Timestamp::UNIX_EPOCH), &mut reading);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics.first());
    start.elapsed().as_secs_f64()
}

/// The most memory that the process ever held, in kB; Linux tells it.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

fn main() {
    let lines = lines();
    ours(&lines, 1);
    let before = peak_kb();
    // In turns, so that whatever else the machine does meets both.
    let mut seconds = [f64::MAX; 2];
    for _ in 0..3 {
        seconds = [seconds[0].min(plain(&lines)), seconds[1].min(ours(&lines, TIMES))];
    }
    let megabytes = (lines.len() * TIMES) as f64 / 1e6;
    let share = seconds[0] / seconds[1];
    println!(
        "{} lines, {megabytes:.0} MB: plain csv {:.0} MB/s, FOCUS {:.0} MB/s ({:.0} lines/s), {:.0} % of the plain pass",
        LINES * TIMES,
        megabytes / seconds[0],
        megabytes / seconds[1],
        (LINES * TIMES) as f64 / seconds[1],
        share * 100.0
    );
    assert!(share >= SHARE_MIN, "reading bills has less than {SHARE_MIN} of the plain pass's speed");
    match (before, peak_kb()) {
        (Some(before), Some(after)) => {
            let growth = after - before;
            println!("memory for {TIMES} times the lines: {growth} kB more");
            assert!(growth <= GROWTH_KB_MAX, "memory grows with the lines: {growth} kB");
        }
        _ => println!("memory is not measured: this system has no /proc/self/status"),
    }
}
