//! Certificates that endpoints show.

use jiff::Timestamp;
use x509_cert::Certificate as X509;
use x509_cert::der::{Decode as _, Encode as _};

/// What is known of the certificate that was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// Until when the first certificate of the chain to expire is valid.
    pub expires: Timestamp,
    /// Whom it is for, as it names it itself.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Why it is not to be trusted for the host's name, if it is not.
    pub mistrust: Option<String>,
    /// What its authority said, in the answer stapled to the handshake.
    pub stapled: Stapled,
}

/// What a stapled answer of OCSP (RFC 6960) says. Its signature is not checked: it came through the handshake that it speaks
/// of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stapled {
    /// None was stapled.
    None,
    /// The certificate is not revoked.
    Good,
    /// It is revoked.
    Revoked,
    /// The authority does not know it.
    Unknown,
    /// What was stapled is no answer.
    Malformed,
}

impl Stapled {
    /// The word for it in conditions.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
            Self::Malformed => "malformed",
        }
    }

    fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        let read = || {
            let answer = x509_ocsp::OcspResponse::from_der(bytes).ok()?;
            let basic = answer.response_bytes?.response;
            let basic = x509_ocsp::BasicOcspResponse::from_der(basic.as_bytes()).ok()?;
            Some(match basic.tbs_response_data.responses.first()?.cert_status {
                x509_ocsp::CertStatus::Good(_) => Self::Good,
                x509_ocsp::CertStatus::Revoked(_) => Self::Revoked,
                x509_ocsp::CertStatus::Unknown(_) => Self::Unknown,
            })
        };
        read().unwrap_or(Self::Malformed)
    }
}

impl Certificate {
    /// Whether nothing should be told to whoever shows it.
    #[must_use]
    pub fn is_mistrusted(&self) -> bool {
        self.mistrust.is_some() || self.stapled == Stapled::Revoked
    }

    /// Reads a chain in DER, the host's own certificate first.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn read(chain: &[Vec<u8>], mistrust: Option<String>, stapled: &[u8]) -> Result<Self, String> {
        let read =
            |bytes: &Vec<u8>| X509::from_der(bytes).map_err(|error| format!("its certificate is malformed: {error}"));
        let chain: Vec<X509> = chain.iter().map(read).collect::<Result<_, _>>()?;
        let own = chain.first().ok_or("it showed no certificate")?;
        let ends = |one: &X509| one.tbs_certificate.validity.not_after.to_unix_duration().as_secs();
        // A root that is sent along and has expired harms nobody; an intermediate one does.
        let sealed = |one: &&X509| one.tbs_certificate.subject != one.tbs_certificate.issuer;
        let first = chain.iter().filter(sealed).map(ends).chain([ends(own)]).min().unwrap_or_default();
        let expires = i64::try_from(first).ok().and_then(|second| Timestamp::from_second(second).ok());
        Ok(Self {
            expires: expires.ok_or("the end of its certificate is no time")?,
            subject: named(&own.tbs_certificate.subject),
            issuer: named(&own.tbs_certificate.issuer),
            mistrust,
            stapled: Stapled::of(stapled),
        })
    }
}

fn named(name: &x509_cert::name::Name) -> String {
    if name.to_der().is_ok_and(|bytes| bytes.len() > 2) { name.to_string() } else { "nobody".to_owned() }
}

/// How long it is valid still, in milliseconds; below zero where it was.
pub(crate) fn left_ms(certificate: &Certificate, now: Timestamp) -> i64 {
    certificate.expires.as_millisecond() - now.as_millisecond()
}
