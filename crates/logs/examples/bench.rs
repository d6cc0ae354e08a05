//! Lines a second and core, beside the limit: splitting the same bytes at white space and hashing the words. Memory is
//! bounded by the limits of the miner and not by the number of lines; growth from 1x to 100x is printed.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads its processor time and prints")]

use mainstay_logs::{Limits, Miner};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

const LINES: u64 = 20_000;
/// The goal: lines a second and core.
const RATE_MIN: f64 = 1e6;

fn main() -> std::process::ExitCode {
    let lines: Vec<String> = (0..LINES).map(line).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    println!("{LINES} made-up lines of 12 events, {} bytes each on average", bytes / lines.len());
    let mut rates = Vec::new();
    for times in [1, 10, 100] {
        let mut miner = Miner::new(Limits::default());
        let ours = time(|| (0..times).for_each(|_| lines.iter().for_each(|line| _ = miner.learn(line))));
        let words = time(|| (0..times).for_each(|_| lines.iter().for_each(|line| split(line))));
        let count = (LINES * times) as f64;
        let (rate, limit) = (count / ours, count / words);
        println!(
            "{:>9} lines: {:>5.2} M/s, {} templates; words split and hashed: {:.2} M/s; ours : limit {:.2}",
            LINES * times,
            rate / 1e6,
            miner.templates().len(),
            limit / 1e6,
            rate / limit
        );
        rates.push(rate);
    }
    println!("100x costs {:.1} times what 1x costs", 100.0 * rates[0] / rates[2]);
    std::process::ExitCode::from(u8::from(rates[2] < RATE_MIN))
}

fn split(line: &str) {
    for word in line.split_ascii_whitespace() {
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        std::hint::black_box(hasher.finish());
    }
}

/// Seconds of processor time, which other programs on the machine do not lengthen as they do a clock's.
fn time(run: impl FnOnce()) -> f64 {
    let now = || {
        let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
        let nanoseconds: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).expect("Linux counts");
        nanoseconds / 1e9
    };
    let start = now();
    run();
    now() - start
}

/// A line as services write them; the same for the same number.
fn line(n: u64) -> String {
    let r = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    let user = ["ann", "bob", "cleo", "dan", "eve", "finn", "gus", "hal"][(r % 8) as usize];
    let (a, b, c) = (r % 251, (r >> 8) % 65_536, (r >> 20) % 100_000);
    match r % 12 {
        0 => format!("Accepted publickey for {user} from 10.0.{a}.{} port {b} ssh2", b % 256),
        1 => format!("Failed password for invalid user {user} from 203.0.113.{a} port {b} ssh2"),
        2 => format!("10.0.{a}.7 \"GET /v1/orders/{c}?page={a} HTTP/1.1\" status: 200 len: {b} time: 0.{c}"),
        3 => format!("order {c} placed by customer {b} total={a}.{} currency=EUR items={}", b % 100, a % 9),
        4 => format!("block blk_{c} replicated to node-{a}:{b}, node-{}:{b}, node-{}:{b}", a + 1, a + 2),
        5 => format!("GC pause (young) {a}.{}ms, heap {}M->{}M(4096M)", b % 1000, b % 4096, c % 4096),
        6 => format!("cache miss for key session:{c:08x}{b:04x} in region eu-{}", a % 3),
        7 => format!("retrying request {c} to payment-gateway after timeout of {b} ms (attempt {} of 5)", a % 5 + 1),
        8 => "health check passed".to_owned(),
        9 => format!("wrote /var/lib/shop/segments/{c}.dat: {b} records, {c} bytes, checksum {r:016x}"),
        10 => format!("connection pool exhausted: active={a}, idle=0, waiting={b}, max=50"),
        _ => format!("consumer group checkout-{} lag is {c} on partition {} of topic orders", a % 4, a % 12),
    }
}
