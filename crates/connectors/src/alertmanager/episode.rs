//! The identity of an alert and of its episode.

use jiff::{Timestamp, TimestampRound, Unit};
use std::collections::BTreeMap;

/// Alertmanager's fingerprint of a label set, for versions that do not send it: FNV-1a over names and values in the order
/// of the names, each followed by the byte 255 (`LabelSet.Fingerprint` in prometheus/common, `model/signature.go`).
pub(crate) fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    const OFFSET: u64 = 14_695_981_039_346_656_037;
    const PRIME: u64 = 1_099_511_628_211;
    let mut hash = OFFSET;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    for (name, value) in labels {
        for text in [name, value] {
            text.bytes().for_each(&mut add);
            add(255);
        }
    }
    format!("{hash:016x}")
}

/// The episode's id: fingerprint and start. The start counts in milliseconds, since the API cuts it there and the webhook
/// does not.
#[must_use]
pub fn episode(fingerprint: &str, start: Timestamp) -> String {
    format!("{fingerprint}/{}", to_millisecond(start))
}

/// The instant, cut to its millisecond.
#[must_use]
pub fn to_millisecond(at: Timestamp) -> Timestamp {
    let cut = TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Trunc);
    at.round(cut).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_of_no_labels_is_the_offset_of_fnv() {
        // prometheus/common: the fingerprint of an empty label set is the FNV-1a offset basis, cbf29ce484222325.
        assert_eq!(fingerprint(&BTreeMap::new()), "cbf29ce484222325");
    }

    #[test]
    fn webhook_and_api_name_one_episode() {
        let webhook: Timestamp = "2026-03-01T10:00:00.123456789+02:00".parse().unwrap();
        let api: Timestamp = "2026-03-01T08:00:00.123Z".parse().unwrap();
        assert_eq!(episode("ab", webhook), episode("ab", api));
        assert_eq!(episode("ab", api), "ab/2026-03-01T08:00:00.123Z");
    }
}
