//! How often the first answer is right, and how often there is rightly none: on recorded cases and on made-up worlds.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "a test reads real inputs from the disk")]

mod petshop;
mod worlds;

use mainstay_cause::Signal;
use petshop::Case;

/// For how many the cause comes first, and for how many there is no answer.
fn answered(cases: &[&Case]) -> (usize, usize) {
    let answers: Vec<Option<String>> = cases.iter().map(|case| case.answer()).collect();
    let first = answers.iter().zip(cases).filter(|(answer, case)| answer.as_ref() == Some(&case.cause)).count();
    (first, answers.iter().filter(|answer| answer.is_none()).count())
}

#[test]
fn recorded_cases_have_their_cause_first_and_services_that_noticed_nothing_no_answer() {
    let Some(folder) = petshop::folder() else {
        println!("SKIPPED: ../shared/data/rca/petshop is not here, so that no recorded case was looked at");
        return;
    };
    let cases = petshop::cases(&folder);
    for (signal, count, first_min, silent_min) in [(Signal::Latency, 36, 0.95, 0.9), (Signal::Failures, 32, 0.75, 0.95)]
    {
        let of: Vec<&Case> = cases.iter().filter(|case| case.signal == signal).collect();
        assert_eq!(of.len(), count);
        let (silent, all) = of.iter().map(|case| case.untouched()).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        let (first, none) = answered(&of);
        let other = count - first - none;
        for case in of.iter().filter(|case| case.answer().as_ref() != Some(&case.cause)) {
            println!("{}: {:?}, and it was {}", case.name, case.answer(), case.cause);
        }
        println!(
            "{signal:?}: of {count} cause first {first}, no answer {none}, another {other}; rightly silent {silent} of {all}"
        );
        let (first, silent) = (first as f64 / count as f64, silent as f64 / all as f64);
        assert!(first >= first_min && silent >= silent_min, "{signal:?}: {first:.3}, {silent:.3}");
    }
}

#[test]
fn made_up_worlds_have_their_cause_first_and_quiet_ones_no_answer() {
    let (mut first, mut wrong, mut silent) = (0, 0, 0);
    let count = 500;
    for seed in 0..count {
        let world = worlds::World::generate(seed, true);
        match world.answer() {
            Some(answer) if answer == world.cause => first += 1,
            Some(_) => wrong += 1,
            None => {}
        }
        silent += u64::from(worlds::World::generate(seed, false).answer().is_none());
    }
    println!("made up: first {first}, wrong {wrong} of {count}; rightly silent {silent}");
    assert!(
        first * 100 >= count * 95 && wrong * 100 <= count * 2 && silent * 100 >= count * 95,
        "{first} {wrong} {silent}"
    );
}
