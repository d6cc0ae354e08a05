//! Review of plans: a plan, and beside it a state and a book of prices.

use crate::files::files;
use crate::holds::{self, engine};
use mainstay_guard::review::cost::PriceBook;
use mainstay_guard::review::{Ask, Gate, Review, Surroundings, markdown, review, text};
use mainstay_iac::state::read_state;
use mainstay_iac::terraform::Options;
use mainstay_iac::{SourceFile, encrypted as envelope, read};

/// The most points that a plan can have.
const POINTS_MAX: u32 = 100;

/// A plan is what stands before the first mark; a file of `.tfstate` is a state, one of `.csv` a book of prices.
pub fn plan(input: &[u8]) {
    let files = files(input, "plan.json");
    let Some(plan) = files.iter().find(|file| file.path == "plan.json") else { return };
    let whole = std::slice::from_ref(plan);
    let reading = read(whole, &Options::default());
    holds::places(&reading, whole);
    holds::same(&reading, &read(whole, &Options::default()));
    let state = files.iter().find(|file| file.path.ends_with(".tfstate"));
    let state = state.map(|file| read_state(std::slice::from_ref(file)));
    let prices = files.iter().find(|file| file.path.ends_with(".csv")).map(book);
    let (surroundings, gate) = (Surroundings::default(), Gate::default());
    let ask = Ask {
        plan,
        engine: engine(),
        state: state.as_ref(),
        prices: prices.as_ref(),
        surroundings: &surroundings,
        gate: &gate,
    };
    let first = review(&ask);
    sound(&first);
    assert_eq!(first, review(&ask), "a second review differs");
}

/// What opens the kept inputs.
const PASSPHRASE: &str = "correct-horse-battery-staple";

/// A state or plan that OpenTofu encrypted.
pub fn encrypted(input: &[u8]) {
    match envelope::open(input, "a.tfstate", &[PASSPHRASE]) {
        Ok(_) => assert!(envelope::is_encrypted(input), "what opens is seen as encrypted"),
        Err(diagnostic) => {
            assert!(!format!("{diagnostic:?}").contains(PASSPHRASE), "{diagnostic}");
            holds::places_of(&[*diagnostic], input);
        }
    }
}

fn book(file: &SourceFile) -> PriceBook {
    let (book, diagnostics) = PriceBook::read(file);
    holds::places_of(&diagnostics, &file.bytes);
    book
}

/// What holds of every review: it counts what it shows, and whoever keeps it finds it again.
fn sound(review: &Review) {
    let counted: u32 = review.counts.values().sum();
    assert_eq!(counted as usize, review.steps.len());
    assert!(review.risk.score <= POINTS_MAX, "{:?}", review.risk);
    let is_partial = review.risk.factors.iter().any(|factor| factor.name == "incomplete");
    assert_eq!(is_partial, !review.complete, "{:?}", review.risk);
    for verdict in &review.verdicts {
        assert!(!verdict.why.is_empty(), "{verdict:?}");
    }
    let json = serde_json::to_string(review).unwrap_or_default();
    let again: Result<Review, _> = serde_json::from_str(&json);
    assert!(again.is_ok_and(|again| again == *review), "{json}");
    assert!(!text(review, false).is_empty() && !markdown(review).is_empty());
}
