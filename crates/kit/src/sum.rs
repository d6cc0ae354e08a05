//! Adding up what entities contribute.

use crate::kpi::{Contribution, KpiValue, Measure, Standing};
use std::collections::BTreeMap;

/// Most fact numbers listed with one value; the drill-down pages through the rest.
pub const FACTS_MAX: usize = 1000;

/// Sums contributions up to a value.
#[must_use]
pub fn summarise(measure: Measure, contributions: &[Contribution]) -> KpiValue {
    let mut sum = Sum::of(measure);
    contributions.iter().for_each(|one| sum.add(&Adding::of(one)));
    sum.value()
}

/// What of a contribution its value needs.
pub(crate) struct Adding<'a> {
    pub standing: Standing,
    pub numerator: f64,
    pub denominator: f64,
    pub suspected: f64,
    pub facts: &'a [u64],
}

impl<'a> Adding<'a> {
    pub(crate) fn of(one: &'a Contribution) -> Self {
        let Contribution { standing, numerator, denominator, suspected, .. } = *one;
        Self { standing, numerator, denominator, suspected, facts: &one.facts }
    }
}

/// Contributions as they add up. The value is the same in whatever order they came, to the last bit: so a part of them
/// may be replaced, or two threads may each add some.
#[derive(Debug)]
pub(crate) struct Sum {
    measure: Measure,
    numerator: Total,
    denominator: Total,
    suspected: Total,
    excluded: BTreeMap<&'static str, u64>,
    unknown: BTreeMap<&'static str, u64>,
    /// Of a mean, what each entity has.
    sizes: Vec<f64>,
    facts: Vec<u64>,
}

impl Sum {
    pub(crate) fn of(measure: Measure) -> Self {
        Self {
            measure,
            numerator: Total::default(),
            denominator: Total::default(),
            suspected: Total::default(),
            excluded: BTreeMap::new(),
            unknown: BTreeMap::new(),
            sizes: Vec::new(),
            facts: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, one: &Adding<'_>) {
        match one.standing {
            Standing::Excluded(why) => {
                *self.excluded.entry(why).or_insert(0) += 1;
                return;
            }
            Standing::Unknown(why) => *self.unknown.entry(why).or_insert(0) += 1,
            Standing::Counted => {}
        }
        self.numerator.add(one.numerator);
        self.denominator.add(one.denominator);
        self.suspected.add(one.suspected);
        self.facts.extend_from_slice(one.facts);
        if self.measure == Measure::Mean && one.denominator > 0.0 {
            self.sizes.push(one.numerator / one.denominator);
        }
    }

    /// Takes over what another sum of the same KPI holds.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.numerator.absorb(other.numerator);
        self.denominator.absorb(other.denominator);
        self.suspected.absorb(other.suspected);
        for (mine, theirs) in [(&mut self.excluded, other.excluded), (&mut self.unknown, other.unknown)] {
            theirs.into_iter().for_each(|(why, count)| *mine.entry(why).or_insert(0) += count);
        }
        self.sizes.extend(other.sizes);
        self.facts.extend(other.facts);
    }

    pub(crate) fn value(mut self) -> KpiValue {
        self.facts.sort_unstable();
        self.facts.dedup();
        let facts_total = self.facts.len() as u64;
        // Values are remembered; the room that all facts took is not to be.
        let facts = self.facts[..self.facts.len().min(FACTS_MAX)].to_vec();
        let (numerator, denominator) = (self.numerator.sum(), self.denominator.sum());
        let suspected = self.suspected.sum();
        let mut details = BTreeMap::new();
        if !self.sizes.is_empty() {
            self.sizes.sort_unstable_by(f64::total_cmp);
            details.insert("median".to_owned(), quantile(&self.sizes, 0.5));
            details.insert("p90".to_owned(), quantile(&self.sizes, 0.9));
        }
        if suspected > 0.0 && denominator > 0.0 {
            details.insert("suspected".to_owned(), (numerator + suspected) / denominator);
        }
        let named = |counts: BTreeMap<&'static str, u64>| counts.into_iter().map(|(w, n)| (w.to_owned(), n)).collect();
        KpiValue {
            value: (denominator > 0.0).then(|| numerator / denominator),
            numerator,
            denominator,
            excluded: named(self.excluded),
            unknown: named(self.unknown),
            interval: (self.measure == Measure::Proportion).then(|| wilson(numerator, denominator)).flatten(),
            details,
            facts,
            facts_total,
        }
    }
}

/// A sum of numbers that does not depend on their order. Adding rounds, and so would differ with the order; whole numbers
/// are added as such, which is exact, and the others in the order of their size.
#[derive(Debug, Default)]
struct Total {
    whole: i64,
    others: Vec<f64>,
}

/// Whole numbers up to this are added as such: so many of them as memory holds cannot overflow.
const WHOLE_MAX: f64 = 4_294_967_296.0;

impl Total {
    fn add(&mut self, number: f64) {
        if number.trunc() == number && number.abs() <= WHOLE_MAX {
            self.whole += number as i64;
        } else {
            self.others.push(number);
        }
    }

    fn absorb(&mut self, other: Self) {
        self.whole += other.whole;
        self.others.extend(other.others);
    }

    fn sum(&mut self) -> f64 {
        self.others.sort_unstable_by(f64::total_cmp);
        self.others.iter().sum::<f64>() + self.whole as f64
    }
}

/// The quantile of ascending values by linear interpolation between the closest ranks (type 7 of Hyndman and Fan 1996,
/// the default of R and NumPy).
fn quantile(ascending: &[f64], q: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let rank = q * last as f64;
    let below = rank.floor();
    let (low, high) = (ascending[below as usize], ascending[(below as usize + 1).min(last)]);
    low + (high - low) * (rank - below)
}

/// Wilson's score interval of a proportion at 95 % (E. B. Wilson 1927, without continuity correction); `None` without
/// trials.
#[must_use]
pub fn wilson(successes: f64, trials: f64) -> Option<(f64, f64)> {
    if trials <= 0.0 || !(0.0..=trials).contains(&successes) {
        return None;
    }
    const Z: f64 = 1.959_963_984_540_054;
    let p = successes / trials;
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * trials)) / (1.0 + z2 / trials);
    let half = Z / (1.0 + z2 / trials) * (p * (1.0 - p) / trials + z2 / (4.0 * trials * trials)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn at() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn the_interval_is_the_published_one() {
        // Wilson interval for 8 of 10 at 95 %: 0.4902 to 0.9433 (Newcombe 1998, and any statistics package).
        let (low, high) = wilson(8.0, 10.0).unwrap();
        assert!((low - 0.4902).abs() < 5e-5 && (high - 0.9433).abs() < 5e-5, "{low} {high}");
        assert_eq!(wilson(0.0, 0.0), None);
    }

    #[test]
    fn nothing_counted_is_no_data_and_never_zero_or_one() {
        let out = summarise(Measure::Proportion, &[Contribution::excluded("a", at(), "test", vec![1])]);
        assert_eq!((out.value, out.interval, out.excluded["test"]), (None, None, 1));
    }

    #[test]
    fn a_roll_up_sums_and_does_not_average_ratios() {
        // Team A: 1 of 1, team B: 0 of 9. The mean of ratios would be 50 %; the truth is 10 %.
        let one = |n: f64, d: f64| Contribution::counted("x", at(), n, d, vec![]);
        let out = summarise(Measure::Proportion, &[one(1.0, 1.0), one(0.0, 9.0)]);
        assert_eq!(out.value, Some(0.1));
    }

    #[test]
    fn mean_comes_with_median_and_ninetieth_percentile() {
        let all: Vec<_> =
            [10.0, 20.0, 30.0, 40.0, 1000.0].map(|n| Contribution::counted("x", at(), n, 1.0, vec![])).into();
        let out = summarise(Measure::Mean, &all);
        // Mean 1100 / 5; middle value 30; rank 3.6 lies between 40 and 1000: 40 + 0.6 * 960.
        assert_eq!((out.value, out.details["median"]), (Some(220.0), 30.0));
        assert!((out.details["p90"] - 616.0).abs() < 1e-9);
    }
    #[test]
    fn the_order_of_contributions_and_their_parting_make_no_difference_to_any_bit() {
        // 0.1 + 0.2 + 0.3 is another number than 0.3 + 0.2 + 0.1.
        let one = |n: f64| Contribution::counted("x", at(), n, 1.0, vec![n.to_bits()]);
        let all: Vec<Contribution> = [0.1, 0.2, 0.3, 1e16, -1e16, 7.0, 0.7, 1e-9].map(one).into();
        let wanted = summarise(Measure::Mean, &all);
        for turn in 0..all.len() {
            let mut turned = all.clone();
            turned.rotate_left(turn);
            assert_eq!(summarise(Measure::Mean, &turned), wanted);
            turned.reverse();
            assert_eq!(summarise(Measure::Mean, &turned), wanted);
            let (mut left, mut right) = (Sum::of(Measure::Mean), Sum::of(Measure::Mean));
            turned[..turn].iter().for_each(|one| right.add(&Adding::of(one)));
            turned[turn..].iter().for_each(|one| left.add(&Adding::of(one)));
            left.absorb(right);
            assert_eq!(left.value(), wanted);
        }
    }
}
