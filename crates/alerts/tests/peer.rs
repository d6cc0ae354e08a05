//! The same streams through a real Alertmanager and through the simulation: same groups, same messages, in the same order
//! and at the same times but for what a process takes.

mod peer {
    pub mod real;
    pub mod scenario;
}

use mainstay_outside::{Command, Outside};
use peer::real;
use peer::scenario::{SCENARIOS, simulated};

#[test]
fn a_real_alertmanager_sends_the_same() {
    let outside = Outside::live();
    if outside.run(&Command::new("prometheus-alertmanager").args(["--version"])).is_err() {
        println!("SKIPPED: prometheus-alertmanager is not installed");
        return;
    }
    // Side by side, because each waits for its timers most of the time.
    let runs: Vec<_> =
        SCENARIOS.iter().map(|scenario| (scenario, std::thread::spawn(|| real::run(scenario)))).collect();
    let mut wrong = Vec::new();
    for (scenario, run) in runs {
        let real = run.join().expect("the run ended");
        let ours = simulated(scenario, real.started, real.begun);
        assert!(ours.messages.len() >= scenario.messages_min, "{}: {:#?}", scenario.name, ours.messages);
        if let Some(difference) = ours.difference(&real) {
            wrong.push(format!("{}: {difference}", scenario.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
