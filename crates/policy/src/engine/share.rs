//! Judging a reading by several threads, each of which takes a share of the resources. What comes of it is the same, in the
//! same order, whatever their number.

use super::{Engine, Judgement, Shared, Summary, Wanted, is_judged, verdict, verdict_of};
use crate::checkov::Saying;
use crate::controls::Applied;
use crate::judge::{Arena, Batch, Evaluation, Relations, Truth, type_key, why};
use mainstay_iac::Reading;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::thread;

/// How many resources are judged before what was computed for them is dropped.
const BATCH_RESOURCES: usize = 1024;
/// The fewest resources that are worth a further thread: judging them takes ten milliseconds, and beginning a thread a tenth
/// of one.
const SHARE_RESOURCES_MIN: usize = 500;
/// More threads than this would be in the way of what else a machine does.
const HANDS_MAX: usize = 4;

/// Resources of a reading that one thread judges.
pub(super) struct Share<'r> {
    pub engine: &'r Engine,
    pub reading: &'r Reading,
    pub relations: &'r Relations<'r>,
    pub files: &'r [Arc<str>],
    pub wanted: Wanted,
    pub range: Range<usize>,
    /// What policies in other languages say of them.
    pub foreign: BTreeMap<usize, Vec<(u32, Saying)>>,
}

/// The shares of so many resources, in their order: one for each thread that judges them.
pub(super) fn ranges(resources: usize) -> Vec<Range<usize>> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let hands = processors.min(HANDS_MAX).min(resources / SHARE_RESOURCES_MIN).max(1);
    let each = resources.div_ceil(hands).max(1);
    (0..resources).step_by(each).map(|start| start..(start + each).min(resources)).collect()
}

/// What the shares come to, in their order. The first is judged by whoever asks.
pub(super) fn judge(shares: Vec<Share<'_>>) -> Vec<(Vec<Judgement>, Summary)> {
    thread::scope(|scope| {
        let mut shares = shares.into_iter();
        let first = shares.next();
        let others: Vec<_> = shares.map(|share| scope.spawn(|| share.judge())).collect();
        let mut out: Vec<_> = first.map(Share::judge).into_iter().collect();
        for other in others {
            out.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        out
    })
}

impl<'r> Share<'r> {
    fn judge(mut self) -> (Vec<Judgement>, Summary) {
        let (mut judgements, mut summary) = (Vec::new(), Summary::default());
        // By the number of the type.
        let mut applied: Vec<Option<Vec<Applied>>> = vec![None; self.relations.type_count()];
        for start in self.range.clone().step_by(BATCH_RESOURCES) {
            let arena = Arena::default();
            let batch = Batch::new(self.reading, self.relations, &arena);
            for index in start..(start + BATCH_RESOURCES).min(self.range.end) {
                if is_judged(&self.reading.resources[index]) {
                    self.judge_resource(&batch, index, &mut applied, (&mut judgements, &mut summary));
                }
            }
        }
        (judgements, summary)
    }

    fn judge_resource<'b>(
        &mut self,
        batch: &Batch<'b>,
        index: usize,
        applied: &mut [Option<Vec<Applied>>],
        (judgements, summary): (&mut Vec<Judgement>, &mut Summary),
    ) where
        'r: 'b,
    {
        let (resource, controls) = (&self.reading.resources[index], &self.engine.controls);
        let number = u32::try_from(index).expect("a reading holds fewer resources than 2^32");
        let rules = applied[self.relations.type_of(number) as usize]
            .get_or_insert_with(|| controls.applied(&type_key(resource)));
        let mut shared = None;
        let first = judgements.len();
        for Applied { control, rule } in rules.iter().copied() {
            let control = controls.at(control);
            let rule = &control.rules[rule as usize].rule;
            let evaluation = Evaluation::new(batch, rule, number);
            let Some(truth) = verdict_of(&evaluation) else { continue };
            summary.count(verdict(truth));
            if self.wanted == Wanted::All || truth != Truth::True {
                let shared = shared.get_or_insert_with(|| Shared::of(resource, self.files));
                judgements.push(shared.judgement(control, truth, why(&evaluation, truth), self.files));
            }
        }
        for (control, saying) in self.foreign.remove(&index).unwrap_or_default() {
            summary.count(verdict(saying.truth));
            if self.wanted == Wanted::All || saying.truth != Truth::True {
                let shared = shared.get_or_insert_with(|| Shared::of(resource, self.files));
                let control = controls.at(control);
                judgements.push(shared.judgement(control, saying.truth, saying.reasons(), self.files));
            }
        }
        judgements[first..].sort_by(|a, b| a.control.cmp(&b.control));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_in_one_share_and_few_are_not_shared() {
        for count in [0, 1, SHARE_RESOURCES_MIN, 2 * SHARE_RESOURCES_MIN, 4_001, 100_000] {
            let ranges = ranges(count);
            assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            assert!(ranges.len() <= HANDS_MAX.min((count / SHARE_RESOURCES_MIN).max(1)), "{count}: {ranges:?}");
        }
    }

    /// Each resource by itself is what the whole is made of, in its order.
    #[test]
    fn shares_give_what_one_hand_gives() {
        let code: String = (0..3_000)
            .map(|n| {
                format!("resource \"aws_s3_bucket\" \"b{n}\" {{\n  acl = {}\n}}\n", ["\"public-read\"", "var.x"][n % 2])
            })
            .collect();
        let file = mainstay_iac::SourceFile { path: "main.tf".to_owned(), bytes: code.into_bytes() };
        let reading = mainstay_iac::read(&[file], &mainstay_iac::terraform::Options::default());
        let (engine, _) = Engine::with_built_in(std::iter::empty());
        let relations = Relations::of(&reading);
        let files: Vec<Arc<str>> = reading.files.iter().map(|file| Arc::from(file.as_str())).collect();
        let by = |ranges: Vec<Range<usize>>| {
            let share = |range| Share {
                engine: &engine,
                reading: &reading,
                relations: &relations,
                files: &files,
                wanted: Wanted::All,
                range,
                foreign: BTreeMap::new(),
            };
            let parts = judge(ranges.into_iter().map(share).collect());
            let mut summary = Summary::default();
            parts.iter().for_each(|(_, part)| summary.add(part));
            (parts.into_iter().flat_map(|(judgements, _)| judgements).collect::<Vec<_>>(), summary)
        };
        let (one, three) = (by(std::iter::once(0..3_000).collect()), by(vec![0..700, 700..1_900, 1_900..3_000]));
        assert!(one.0.len() > 3_000, "every bucket is judged");
        assert_eq!(one, three);
    }
}
