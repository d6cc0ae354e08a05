//! From a sample to a verdict.

use crate::{Certificate, Probe, Sample, Stapled};
use jiff::Timestamp;
use mainstay_model::Verdict;

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Pass where all conditions hold, unknown where we could not ask.
    pub verdict: Verdict,
    /// What did not hold, and why.
    pub why: Vec<String>,
}

/// Judges what came of asking at `now`.
#[must_use]
pub fn judge(probe: &Probe, sample: &Sample, now: Timestamp) -> Outcome {
    if let Some(trouble) = &sample.trouble {
        return Outcome { verdict: Verdict::Unknown, why: vec![trouble.clone()] };
    }
    if let Some(failure) = &sample.failure {
        return Outcome { verdict: Verdict::Fail, why: vec![failure.clone()] };
    }
    if let Some(mistrust) = sample.certificate.as_ref().filter(|_| !probe.insecure).and_then(mistrust) {
        // Nothing was asked of whoever showed it, so that the conditions would only repeat it.
        return Outcome { verdict: Verdict::Fail, why: vec![mistrust] };
    }
    let body = serde_json::from_slice(&sample.body).ok();
    let why: Vec<String> =
        probe.conditions.iter().filter_map(|one| one.holds(sample, body.as_ref(), now).err()).collect();
    Outcome { verdict: if why.is_empty() { Verdict::Pass } else { Verdict::Fail }, why }
}

fn mistrust(certificate: &Certificate) -> Option<String> {
    match (&certificate.mistrust, certificate.stapled) {
        (Some(why), _) => Some(format!("its certificate is not to be trusted: {why}")),
        (None, Stapled::Revoked) => Some("its certificate is revoked, as its authority says".to_owned()),
        _ => None,
    }
}
