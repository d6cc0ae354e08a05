//! Samples as services give them: every fifteen seconds and a little early or late, counters that reset, series that come and
//! go, gaps, and what is no number.

use std::fmt::Write as _;

/// The first moment, in seconds: 2026-03-01 00:00 UTC.
pub const START_S: i64 = 1_772_323_200;
/// The last.
pub const END_S: i64 = START_S + 4 * 3_600;

/// Numbers that look random and are the same each time (xorshift64*, Marsaglia 2003, Vigna 2016).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        let last = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.below(last)).unwrap()]
    }
}

/// The whole text in the format of OpenMetrics.
pub fn openmetrics() -> String {
    let mut text = String::new();
    let instances = [("api", "a:80"), ("api", "b:80"), ("db", "c:5432"), ("db", "d:5432")];
    for (family, kind) in [("http_requests", "counter"), ("latency_seconds", "histogram")] {
        writeln!(text, "# TYPE {family} {kind}").unwrap();
        for (at, (job, instance)) in (0u64..).zip(instances) {
            let mut dice = Dice::new(at + 1);
            if kind == "counter" {
                for code in ["200", "404", "500"] {
                    counter(&mut text, &format!("job=\"{job}\",instance=\"{instance}\",code=\"{code}\""), &mut dice);
                }
            } else {
                histogram(&mut text, &format!("job=\"{job}\",instance=\"{instance}\""), &mut dice);
            }
        }
    }
    for family in ["temperature", "disk_free_bytes", "up"] {
        writeln!(text, "# TYPE {family} gauge").unwrap();
        for (at, (job, instance)) in (0u64..).zip(instances) {
            let labels = format!("job=\"{job}\",instance=\"{instance}\"");
            gauge(&mut text, family, &labels, &mut Dice::new(at + 11));
        }
    }
    text + "# EOF\n"
}

/// The moments of a series in milliseconds: now and then some are missing.
fn moments(dice: &mut Dice) -> Vec<i64> {
    let mut out = Vec::new();
    let mut at = START_S * 1_000 + i64::try_from(dice.below(15_000)).unwrap();
    while at < END_S * 1_000 {
        out.push(at + i64::try_from(dice.below(40)).unwrap());
        at += if dice.below(90) == 0 { i64::try_from(dice.below(1_200_000)).unwrap() + 15_000 } else { 15_000 };
    }
    out
}

fn counter(text: &mut String, labels: &str, dice: &mut Dice) {
    let mut value = dice.below(1_000_000);
    for at in moments(dice) {
        value = if dice.below(200) == 0 { dice.below(5) } else { value + dice.below(12) };
        sample(text, "http_requests_total", labels, &value.to_string(), at);
    }
}

fn histogram(text: &mut String, labels: &str, dice: &mut Dice) {
    let bounds = ["0.01", "0.1", "0.5", "1", "+Inf"];
    let moments = moments(dice);
    let mut counts = [0; 5];
    let mut rows = [const { String::new() }; 5];
    for at in moments {
        if dice.below(300) == 0 {
            counts = [0; 5];
        }
        for _ in 0..dice.below(9) {
            let first = usize::try_from(dice.below(5)).unwrap();
            counts[first..].iter_mut().for_each(|count| *count += 1);
        }
        for (row, (count, bound)) in rows.iter_mut().zip(counts.iter().zip(bounds)) {
            sample(row, "latency_seconds_bucket", &format!("{labels},le=\"{bound}\""), &count.to_string(), at);
        }
    }
    rows.iter().for_each(|row| text.push_str(row));
}

fn gauge(text: &mut String, family: &str, labels: &str, dice: &mut Dice) {
    let mut free = 4_000_000_000;
    for at in moments(dice) {
        let value = match family {
            "up" => u64::from(dice.below(40) != 0).to_string(),
            "disk_free_bytes" => {
                free -= dice.below(900_000);
                free.to_string()
            }
            _ => match dice.below(150) {
                0 => "NaN".to_owned(),
                1 => "+Inf".to_owned(),
                2 => "-Inf".to_owned(),
                _ => format!("{}.{}", 15 + dice.below(10), dice.below(1_000)),
            },
        };
        sample(text, family, labels, &value, at);
    }
}

fn sample(text: &mut String, name: &str, labels: &str, value: &str, at: i64) {
    writeln!(text, "{name}{{{labels}}} {value} {}.{:03}", at / 1_000, at % 1_000).unwrap();
}
