//! Whether a chain of certificates holds: the first is trusted, the last is asked about, those between may help.
//!
//! Paths are built and checked by `rustls-webpki`. It takes a trusted certificate as one whose key is known and looks no
//! further at it; what Go asks of such a one, too, is asked here: time, authority, length of the path, usages.

use super::extensions::{USAGES, extensions};
use regorus::Value;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

const ANY_USAGE: &str = "2.5.29.37.0";
/// The bit for signing certificates.
const SIGNS_CERTIFICATES: u16 = 1 << 5;

/// What a chain must hold for.
#[derive(Default)]
pub(super) struct Options {
    time_ns: Option<i64>,
    name: String,
    /// Object identifiers, of which one must be allowed; a server's where there are none.
    usages: Vec<&'static str>,
}

impl Options {
    /// For a server, at a time.
    pub fn at(time_ns: Option<i64>) -> Self {
        Self { time_ns, ..Self::default() }
    }

    /// The options of a policy. `MaxConstraintComparisons` is taken and bounds nothing: the work is bounded already.
    pub fn of(given: &Value, now_ns: Option<i64>) -> Result<Self, String> {
        let Value::Object(entries) = given else { return Err("options must be an object".to_owned()) };
        let mut out = Self::at(now_ns);
        for (name, value) in entries.iter_sorted() {
            let Value::String(name) = name else { continue };
            let whole = || value.as_i64().map_err(|_| format!("the option `{name}` must be a whole number"));
            match (&**name, value) {
                ("DNSName", Value::String(dns)) => out.name = dns.to_string(),
                ("CurrentTime", _) => out.time_ns = Some(whole()?),
                ("MaxConstraintComparisons", _) => drop(whole()?),
                ("KeyUsages", Value::Array(_) | Value::Set(_)) => {
                    for usage in crate::builtins::elements(std::slice::from_ref(value), 0)? {
                        let known = USAGES.iter().find(|(known, _)| usage == Value::from(*known));
                        out.usages.push(known.ok_or_else(|| format!("there is no key usage {usage}"))?.1);
                    }
                }
                _ => return Err(format!("the option `{name}` is not known, or of a wrong type")),
            }
        }
        Ok(out)
    }

    fn allows(&self, mut usages: impl Iterator<Item = String>) -> bool {
        let server = [USAGES[1].1];
        let wanted: &[&str] = if self.usages.is_empty() { &server } else { &self.usages };
        wanted.contains(&ANY_USAGE) || usages.any(|usage| usage == ANY_USAGE || wanted.contains(&usage.as_str()))
    }
}

impl ExtendedKeyUsageValidator for &Options {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let mut named = Vec::new();
        for usage in usages {
            let arcs: Vec<String> = usage?.to_decoded_oid().iter().map(usize::to_string).collect();
            named.push(arcs.join("."));
        }
        // A certificate without the extension may be used for everything.
        if named.is_empty() || self.allows(named.into_iter()) { Ok(()) } else { Err(Error::BadDer) }
    }
}

/// The chain, from the certificate that is asked about to the trusted one.
pub(super) fn chain(all: &[Certificate], options: &Options) -> Result<Vec<Certificate>, String> {
    let [root, between @ .., leaf] = all else {
        return Err("there must be a trusted certificate and one that is asked about".to_owned());
    };
    let der =
        |certificate: &Certificate| certificate.to_der().map(CertificateDer::from).map_err(|error| error.to_string());
    let time_ns = options.time_ns.and_then(|ns| u64::try_from(ns).ok()).ok_or("the time is not known")?;
    let time = Duration::from_nanos(time_ns);
    let failed = |error: Error| error.to_string();
    let root_der = der(root)?;
    let anchors = [anchor_from_trusted_cert(&root_der).map_err(failed)?];
    let between: Vec<CertificateDer<'static>> = between.iter().map(der).collect::<Result<_, _>>()?;
    let leaf_der = der(leaf)?;
    let end = EndEntityCert::try_from(&leaf_der).map_err(failed)?;
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let moment = UnixTime::since_unix_epoch(time);
    let path = end.verify_for_usage(algorithms, &anchors, &between, moment, options, None, None).map_err(failed)?;
    if !options.name.is_empty() {
        let name = ServerName::try_from(options.name.as_str()).map_err(|error| error.to_string())?;
        end.verify_is_valid_for_subject_name(&name).map_err(failed)?;
    }
    let mut out = vec![leaf.clone()];
    for certificate in path.intermediate_certificates() {
        out.push(Certificate::from_der(&certificate.der()).map_err(|error| error.to_string())?);
    }
    check_root(root, out.len() - 1, time, options)?;
    out.push(root.clone());
    Ok(out)
}

fn check_root(root: &Certificate, intermediates: usize, time: Duration, options: &Options) -> Result<(), String> {
    let validity = &root.tbs_certificate.validity;
    if time < validity.not_before.to_unix_duration() || time > validity.not_after.to_unix_duration() {
        return Err("the trusted certificate is not valid at that time".to_owned());
    }
    let known = extensions(root.tbs_certificate.extensions.as_deref().unwrap_or_default())?;
    // Certificates of the first version have no extensions, and were trusted for signing.
    let first = root.tbs_certificate.version == x509_cert::Version::V1;
    match &known.constraints {
        Some(constraints) if constraints.ca => {
            if constraints.path_len_constraint.is_some_and(|length| intermediates > usize::from(length)) {
                return Err("the path is longer than the trusted certificate allows".to_owned());
            }
        }
        None if first => {}
        _ => return Err("the trusted certificate is no authority".to_owned()),
    }
    if known.key_usage != 0 && known.key_usage & SIGNS_CERTIFICATES == 0 {
        return Err("the trusted certificate may not sign others".to_owned());
    }
    if !known.usages.is_empty() && !options.allows(known.usages.iter().map(ToString::to_string)) {
        return Err("the trusted certificate is for other usages".to_owned());
    }
    Ok(())
}
