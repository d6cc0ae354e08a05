//! Trivy: the vulnerabilities of one asset a report (`trivy image|fs|repo|vm|sbom|k8s --format json`).
//!
//! A report is a snapshot of its asset: what a later complete report no longer lists is fixed. Misconfigurations and
//! secrets in a report are noted and not read: controls judge the code itself.

mod read;

pub use read::read;

#[cfg(test)]
mod tests;
