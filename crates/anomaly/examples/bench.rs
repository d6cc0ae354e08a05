//! Samples a second and core, at 1x, 10x and 100x.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads its processor time and prints")]

use mainstay_anomaly::Detector;

const SAMPLES: u64 = 10_000;

fn main() {
    let mut rates = Vec::new();
    for times in [1, 10, 100] {
        let mut detector = Detector::new();
        let mut begun = 0;
        let start = processor_s();
        for at in 0..SAMPLES * times {
            let noise = (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / (1_u64 << 24) as f64;
            let spike = if at % 4_999 == 4_998 { 50.0 } else { 0.0 };
            begun += u64::from(detector.observe((at as f64 / 46.0).sin() * 10.0 + noise + spike).begins);
        }
        let rate = (SAMPLES * times) as f64 / (processor_s() - start);
        println!("{:>9} samples: {rate:.0} a second and core, {begun} anomalies", SAMPLES * times);
        rates.push(rate);
    }
    println!("100x costs {:.1} times what 1x costs", 100.0 * rates[0] / rates[2]);
}

/// Processor time, which other programs on the machine do not lengthen as they do a clock's.
fn processor_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).expect("Linux counts");
    nanoseconds / 1e9
}
