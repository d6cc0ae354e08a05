//! Made-up worlds: services that call each other, each with a time of its own that differs from span to span, of which one
//! gets slow. What a request takes is its service's own time and that of the requests that it makes.

use mainstay_cause::{Point, Question, Services, Signal, causes};
use std::collections::BTreeMap;

const SPANS: usize = 12;
const ONSET: usize = 6;

pub struct World {
    services: Services,
    /// What got slow.
    pub cause: String,
}

/// A sequence of numbers that look random, the same for a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl World {
    pub fn generate(seed: u64, is_broken: bool) -> Self {
        let mut random = Random(seed);
        let count = 5 + random.below(25);
        // Who is called has a higher number, so that there are no circles; everybody is reached from the first.
        let mut calls: Vec<Vec<(usize, f64)>> = vec![Vec::new(); count];
        for called in 1..count {
            for caller in [random.below(called), random.below(called)] {
                if calls[caller].iter().all(|(known, _)| *known != called) {
                    let each = 0.3 + 1.5 * random.share();
                    calls[caller].push((called, each));
                }
            }
        }
        let own: Vec<f64> = (0..count).map(|_| 0.005 + 0.1 * random.share()).collect();
        // Requests of each for one of the first.
        let mut requests = vec![0.0; count];
        requests[0] = 1.0;
        for caller in 0..count {
            for (called, each) in calls[caller].clone() {
                requests[called] += requests[caller] * each;
            }
        }
        let total: f64 = (0..count).map(|n| own[n] * requests[n]).sum();
        let broken = random.below(count);
        // As much slower that the first one takes three tenths longer, at least.
        let slower = if is_broken { total * (0.3 + random.share()) / requests[broken] } else { 0.0 };
        let mut series: BTreeMap<String, Vec<Point>> = BTreeMap::new();
        for span in 0..SPANS {
            let mut takes = vec![0.0; count];
            let traffic = 200.0 + 400.0 * random.share();
            for n in (0..count).rev() {
                let differs = 1.0 + 0.04 * (random.share() - 0.5);
                let mine = own[n] * differs + if n == broken && span >= ONSET { slower } else { 0.0 };
                takes[n] = mine + calls[n].iter().map(|(called, each)| takes[*called] * each).sum::<f64>();
                let point = Point { begin: span as f64 * 60.0, value: takes[n], requests: traffic * requests[n] };
                series.entry(name(n)).or_default().push(point);
            }
        }
        let named = |called: &Vec<(usize, f64)>| called.iter().map(|(n, _)| name(*n)).collect();
        let calls = calls.iter().enumerate().map(|(n, called)| (name(n), named(called))).collect();
        Self { services: Services { calls, series, span: 60.0 }, cause: name(broken) }
    }

    pub fn answer(&self) -> Option<String> {
        let question = Question { service: &name(0), signal: Signal::Latency, onset: ONSET as f64 * 60.0 };
        causes(&self.services, question).ok().map(|found| found[0].service.clone())
    }
}

fn name(n: usize) -> String {
    format!("s{n:02}")
}
