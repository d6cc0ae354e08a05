//! Recorded episodes as they would have been.

use super::Episode;
use super::outcome::Unknown;
use super::rule::{Condition, RuleChange};
use crate::sent::sum;
use jiff::{SignedDuration, Timestamp};
use mainstay_promql::rules::{Group, State, backtest};
use mainstay_promql::{Labels, Options, Store};

/// An episode as it would have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The recorded episodes that it stands for, by number; none for one that was not recorded.
    pub of: Vec<usize>,
    pub labels: Labels,
    pub fired: Timestamp,
    pub resolved: Option<Timestamp>,
}

/// What became of recorded episodes.
#[derive(Debug, Default)]
pub struct Transformed {
    pub proposed: Vec<Proposed>,
    /// Recorded episodes of which it cannot be said what would have been.
    pub unknown: Vec<usize>,
    /// Why, and what else cannot be said.
    pub reasons: Vec<Unknown>,
}

/// Applies the changes of rules to what is recorded up to an instant.
pub fn transform(episodes: &[Episode], rules: &mut [RuleChange], recorded_to: Timestamp) -> Transformed {
    let mut out = Transformed::default();
    let mut of_rule: Vec<Vec<usize>> = vec![Vec::new(); rules.len()];
    for (number, episode) in episodes.iter().enumerate() {
        match rules.iter().position(|rule| rule.covers(&episode.labels)) {
            Some(rule) => of_rule[rule].push(number),
            None => out.proposed.push(as_recorded(number, episode)),
        }
    }
    for (rule, numbers) in rules.iter_mut().zip(of_rule) {
        if rule.removed {
            continue;
        }
        match rule.condition.take() {
            Some(condition) => by_condition(rule, condition, episodes, &numbers, &mut out),
            None => by_hold(rule, episodes, &numbers, recorded_to, &mut out),
        }
    }
    out
}

fn as_recorded(number: usize, episode: &Episode) -> Proposed {
    Proposed { of: vec![number], labels: episode.labels.clone(), fired: episode.fired, resolved: episode.resolved }
}

fn labelled(labels: &Labels, set: &[(String, String)]) -> Labels {
    let mut builder = labels.builder();
    for (name, value) in set {
        builder.set(name.as_str(), value.as_str());
    }
    builder.finish()
}

/// Another `for:`. The condition held from the first evaluation on at which it was met; it fires at the first evaluation that
/// is at least so long behind it.
fn by_hold(rule: &RuleChange, episodes: &[Episode], numbers: &[usize], recorded_to: Timestamp, out: &mut Transformed) {
    let added = evaluations(rule.proposed_hold, rule.interval) - evaluations(rule.hold, rule.interval);
    let mut unknown = 0;
    for number in numbers {
        let episode = &episodes[*number];
        let fired = sum(episode.fired, added);
        // `keep_firing_for` prolongs an episode beyond its condition.
        let held_to = episode.resolved.map_or(recorded_to, |end| sum(end, -rule.keep));
        if added.is_positive() && held_to <= fired {
            // It had ended, or had not yet begun to fire when the record ends.
            continue;
        }
        // Kept firing through gaps of its condition, each of which would have begun the waiting anew.
        if added.is_positive() && !rule.keep.is_zero() {
            unknown += 1;
            out.unknown.push(*number);
            continue;
        }
        let labels = labelled(&episode.labels, &rule.labels);
        out.proposed.push(Proposed { of: vec![*number], labels, fired, resolved: episode.resolved });
    }
    if unknown > 0 {
        let why = "`keep_firing_for` hides gaps of the condition, in which the longer `for` would have begun anew";
        out.reasons.push(Unknown { rule: rule.alert.clone(), episodes: Some(unknown), why: why.to_owned() });
    }
    if added.is_negative() {
        let why = "what held for less than today's `for` was not recorded, so pages are at least those said here";
        out.reasons.push(Unknown { rule: rule.alert.clone(), episodes: None, why: why.to_owned() });
    }
}

/// The time until the first evaluation that is at least so long after another one.
fn evaluations(hold: SignedDuration, interval: SignedDuration) -> SignedDuration {
    let (hold, interval) = (hold.as_millis(), interval.as_millis().max(1));
    let whole = (hold + interval - 1) / interval * interval;
    SignedDuration::from_millis(i64::try_from(whole).unwrap_or(i64::MAX))
}

/// Another condition, run over the samples. Recorded episodes that the samples do not cover are unknown.
fn by_condition(
    rule: &RuleChange,
    condition: Condition,
    episodes: &[Episode],
    numbers: &[usize],
    out: &mut Transformed,
) {
    let Condition { proposed, now, samples } = condition;
    let Some((from, to)) = covered(&samples) else {
        out.unknown.extend(numbers);
        let why = "there are no samples".to_owned();
        out.reasons.push(Unknown { rule: rule.alert.clone(), episodes: Some(numbers.len()), why });
        return;
    };
    // The first evaluations see a condition that may have held before the samples begin.
    let is_covered = |episode: &Episode| sum(episode.fired, -rule.hold) >= from && episode.fired <= to;
    let (inside, outside): (Vec<usize>, Vec<usize>) =
        numbers.iter().copied().partition(|number| is_covered(&episodes[*number]));
    if !outside.is_empty() {
        let why = format!("the samples are of {from} to {to} only");
        out.reasons.push(Unknown { rule: rule.alert.clone(), episodes: Some(outside.len()), why });
        out.unknown.extend(outside);
    }
    if let Some(now) = now {
        let (runs, _) = run(&samples, &now, rule, from, to);
        let same = |number: &&usize| {
            let episode = &episodes[**number];
            runs.iter().any(|run| is_same(run, episode) && apart(run.fired, episode.fired) <= rule.interval)
        };
        let found = inside.iter().filter(same).count();
        if found < inside.len() || runs.len() > found {
            let why = format!(
                "over these samples today's condition gives {} alerts and {found} of the {} that are recorded: the samples are not those that Prometheus saw",
                runs.len(),
                inside.len()
            );
            out.reasons.push(Unknown { rule: rule.alert.clone(), episodes: Some(inside.len() - found), why });
        }
    }
    let (runs, problem) = run(&samples, &proposed, rule, from, to);
    if let Some(why) = problem {
        out.reasons.push(Unknown { rule: rule.alert.clone(), episodes: Some(inside.len()), why });
        out.unknown.extend(inside);
        return;
    }
    let open = runs.iter().filter(|run| run.resolved.is_none()).count();
    if open > 0 {
        let why = "they still fire where the samples end, and are counted until then".to_owned();
        out.reasons.push(Unknown { rule: rule.alert.clone(), episodes: Some(open), why });
    }
    for mut run in runs {
        run.resolved = run.resolved.or(Some(to));
        let of: Vec<usize> = inside.iter().copied().filter(|number| is_same(&run, &episodes[*number])).collect();
        // A recorded alert has labels besides, such as those of its Prometheus.
        let labels = of.first().map_or_else(|| run.labels.clone(), |number| episodes[*number].labels.clone());
        out.proposed.push(Proposed { of, labels: labelled(&labels, &rule.labels), ..run });
    }
}

fn covered(samples: &Store) -> Option<(Timestamp, Timestamp)> {
    let times = || samples.series().iter().flat_map(|series| series.times.iter().copied());
    let at = |ms: i64| Timestamp::from_millisecond(ms).ok();
    at(times().min()?).zip(at(times().max()?))
}

fn apart(one: Timestamp, other: Timestamp) -> SignedDuration {
    one.duration_since(other).abs()
}

/// Whether an alert that was computed is one that was recorded: the same labels as far as it has them, and a common time.
fn is_same(run: &Proposed, episode: &Episode) -> bool {
    let labels = run.labels.iter().all(|(name, value)| episode.labels.get(name) == value);
    let before = |one: Option<Timestamp>, other: Timestamp| one.is_some_and(|one| one < other);
    labels && !before(run.resolved, episode.fired) && !before(episode.resolved, run.fired)
}

fn run(
    samples: &Store,
    groups: &[Group],
    rule: &RuleChange,
    from: Timestamp,
    to: Timestamp,
) -> (Vec<Proposed>, Option<String>) {
    let interval = i64::try_from(rule.interval.as_millis()).unwrap_or(i64::MAX);
    let options = Options::default();
    // A run writes its alerts into the store as series, which another run must not find there.
    let mut samples = samples.clone();
    let timeline = backtest(&mut samples, groups, from.as_millisecond(), to.as_millisecond(), interval, &options);
    let mut out: Vec<Proposed> = Vec::new();
    for transition in timeline.transitions {
        let Ok(at) = Timestamp::from_millisecond(transition.time) else { continue };
        match transition.state {
            State::Pending => {}
            State::Firing => {
                out.push(Proposed { of: Vec::new(), labels: transition.labels, fired: at, resolved: None });
            }
            State::Resolved => {
                let open = out.iter_mut().rev().find(|run| run.labels == transition.labels && run.resolved.is_none());
                if let Some(run) = open {
                    run.resolved = Some(at);
                }
            }
        }
    }
    out.retain(|run| rule.covers(&run.labels));
    (out, timeline.problems.into_iter().next().map(|problem| problem.message))
}
