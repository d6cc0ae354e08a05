//! An alert as it is posted, its identity, and the order of alerts in a message.

use jiff::Timestamp;
use mainstay_promql::Labels;
use std::cmp::Ordering;

/// An alert as `/api/v2/alerts` takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// Its labels, without those whose value is empty.
    pub labels: Labels,
    /// Since when it fires, where that is said.
    pub starts_at: Option<Timestamp>,
    /// When it ended or would end by itself, where that is said.
    pub ends_at: Option<Timestamp>,
}

/// The identity of a label set: FNV-1a of 64 bits over names and values in the order of the names, each followed by the byte
/// 255 (`LabelSet.Fingerprint` in prometheus/common).
#[must_use]
pub fn fingerprint(labels: &Labels) -> u64 {
    const OFFSET: u64 = 14_695_981_039_346_656_037;
    const PRIME: u64 = 1_099_511_628_211;
    let text = |hash: u64, text: &str| {
        let hash = text.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        (hash ^ 255).wrapping_mul(PRIME)
    };
    labels.iter().fold(OFFSET, |hash, (name, value)| text(text(hash, name), value))
}

/// Which of two alerts a message has first: by `job`, by `instance` (those that have one come first), then as
/// [`label_order`] says.
#[must_use]
pub fn message_order(one: &Labels, other: &Labels) -> Ordering {
    for name in ["job", "instance"] {
        let order = match (one.get(name), other.get(name)) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (one, other) => one.cmp(other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    label_order(one, other)
}

/// The order of label sets (`LabelSet.Before` in prometheus/common): fewer labels first; then by the first name that one of
/// them lacks, or whose values differ.
pub(crate) fn label_order(one: &Labels, other: &Labels) -> Ordering {
    let by_count = one.iter().count().cmp(&other.iter().count());
    if by_count != Ordering::Equal {
        return by_count;
    }
    let mut pairs = one.iter().zip(other.iter());
    let differs = pairs.find(|(a, b)| a != b);
    match differs {
        None => Ordering::Equal,
        Some(((name, value), (other_name, other_value))) => match name.cmp(other_name) {
            // The smaller name is missing in the other one, and who lacks a name comes first.
            Ordering::Less => Ordering::Greater,
            Ordering::Greater => Ordering::Less,
            Ordering::Equal => value.cmp(other_value),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_of_no_labels_is_the_offset_of_fnv() {
        assert_eq!(format!("{:016x}", fingerprint(&Labels::default())), "cbf29ce484222325");
    }

    #[test]
    fn messages_have_jobs_and_instances_in_order_and_those_without_last() {
        let labels = |pairs: &[(&'static str, &'static str)]| Labels::new(pairs.iter().copied());
        let (a, b, none) = (labels(&[("job", "a"), ("z", "9")]), labels(&[("job", "b")]), labels(&[("a", "1")]));
        assert_eq!(message_order(&a, &b), Ordering::Less);
        assert_eq!(message_order(&b, &none), Ordering::Less);
        // Without either, fewer labels come first, and of as many the one that lacks the smaller name.
        assert_eq!(message_order(&none, &labels(&[("a", "0"), ("b", "0")])), Ordering::Less);
        assert_eq!(message_order(&labels(&[("b", "0")]), &none), Ordering::Less);
        assert_eq!(message_order(&none, &labels(&[("a", "2")])), Ordering::Less);
    }
}
