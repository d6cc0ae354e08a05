//! `regex.globs_match`: whether two simple patterns have a text in common that is not empty. Patterns have characters, `.`,
//! sets such as `[a-z]`, a backslash before what has a meaning otherwise, and `*` and `+` behind any of these.

use super::{Answer, Function, text};
use regorus::Value;
use std::collections::BTreeSet;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[("regex.globs_match", 2, |a| {
    let (one, other) = (pattern(text(a, 0)?)?, pattern(text(a, 1)?)?);
    intersect(&one, &other)
})];

/// How many pairs of places in both patterns are looked at.
const PAIRS_MAX: usize = 1_000_000;

/// One step of a pattern: the characters that it takes, as ranges, and whether it may be taken any number of times.
struct Step {
    ranges: Vec<(char, char)>,
    any_times: bool,
}

impl Step {
    fn overlaps(&self, other: &Self) -> bool {
        let overlap = |(a, b): (char, char), (c, d): (char, char)| a <= d && c <= b;
        self.ranges.iter().any(|one| other.ranges.iter().any(|two| overlap(*one, *two)))
    }
}

fn pattern(text: &str) -> Result<Vec<Step>, String> {
    let wrong = |why: &str| format!("the pattern {text:?} is malformed: {why}");
    let mut out: Vec<Step> = Vec::new();
    let mut rest = text.chars();
    // Whether what stands before may still be repeated.
    let mut open = false;
    while let Some(c) = rest.next() {
        let ranges = match c {
            '*' | '+' => {
                let last = out.last_mut().filter(|_| open).ok_or_else(|| wrong("nothing is there to be repeated"))?;
                open = false;
                if c == '*' {
                    last.any_times = true;
                } else {
                    let ranges = last.ranges.clone();
                    out.push(Step { ranges, any_times: true });
                }
                continue;
            }
            '.' => vec![('\0', char::MAX)],
            '[' => set(&mut rest).ok_or_else(|| wrong("a set is empty or not closed"))?,
            ']' => return Err(wrong("a set is closed that was not opened")),
            '\\' => {
                let escaped = rest.next().ok_or_else(|| wrong("nothing follows a backslash"))?;
                vec![(escaped, escaped)]
            }
            c => vec![(c, c)],
        };
        out.push(Step { ranges, any_times: false });
        open = true;
    }
    Ok(out)
}

fn set(rest: &mut std::str::Chars<'_>) -> Option<Vec<(char, char)>> {
    let mut out: Vec<(char, char)> = Vec::new();
    let mut range = false;
    loop {
        let mut c = rest.next()?;
        match c {
            ']' => break,
            '-' if !range && !out.is_empty() => {
                range = true;
                continue;
            }
            '\\' => c = rest.next()?,
            _ => {}
        }
        match out.last_mut().filter(|_| range) {
            Some(last) if last.0 <= c => last.1 = c,
            Some(_) => return None,
            None => out.push((c, c)),
        }
        range = false;
    }
    (!out.is_empty() && !range).then_some(out)
}

fn intersect(one: &[Step], other: &[Step]) -> Answer {
    if (one.len() + 1).saturating_mul(other.len() + 1) > PAIRS_MAX {
        return Err("the patterns are too long to compare".to_owned());
    }
    // Places in both, and whether a character was taken on the way there.
    let mut open = vec![(0, 0, false)];
    let mut seen = BTreeSet::new();
    while let Some((a, b, taken)) = open.pop() {
        if !seen.insert((a, b, taken)) {
            continue;
        }
        if taken && a == one.len() && b == other.len() {
            return Ok(Value::from(true));
        }
        let (left, right) = (one.get(a), other.get(b));
        if left.is_some_and(|step| step.any_times) {
            open.push((a + 1, b, taken));
        }
        if right.is_some_and(|step| step.any_times) {
            open.push((a, b + 1, taken));
        }
        if let (Some(left), Some(right)) = (left, right)
            && left.overlaps(right)
        {
            open.push((a + usize::from(!left.any_times), b + usize::from(!right.any_times), true));
        }
    }
    Ok(Value::from(false))
}
