//! Messages of Amazon SNS: their signature, and what may be fetched because of one.
//!
//! The certificate comes from an address that the message names, so that address must be one of SNS itself: its chain cannot be
//! checked beyond the encrypted connection that it comes through, since SNS hands out the certificate alone.

use crate::json;
use crate::{Part, Reading};
use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::{SignedDuration, Timestamp};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_cert::Certificate;
use x509_cert::der::DecodePem;

/// How old a message may be: SNS repeats a delivery for an hour at most by its default policy, so that what is older was kept
/// by somebody to be sent again.
const AGE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `Notification`, `SubscriptionConfirmation` or `UnsubscribeConfirmation`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The topic that it was sent to.
    pub topic: String,
    /// A line above, where there is one.
    pub subject: Option<String>,
    /// What was sent.
    pub text: String,
    /// When, as it is written and signed.
    pub time: String,
    /// What confirms a subscription.
    pub token: Option<String>,
    /// Where a subscription is confirmed.
    pub subscribe_url: Option<String>,
    /// Which hash is signed: `1` for SHA-1, `2` for SHA-256.
    pub version: String,
    /// The signature, in Base64.
    pub signature: String,
    /// Where the certificate is.
    pub certificate_url: String,
}

/// Why a message does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnsError {
    /// It is none.
    #[error("the delivery is no message of SNS in JSON; leave raw message delivery off, which is not signed")]
    Malformed,
    /// It would have us fetch something from somewhere else.
    #[error("the message names {0} as the place of {1}, which is no address of SNS")]
    Address(String, &'static str),
    /// The certificate cannot be used.
    #[error("the certificate at {0} cannot be used: {1}")]
    Certificate(String, String),
    /// The signature is wrong.
    #[error("the signature is not SNS' over this message")]
    Signature,
    /// It was sent long ago.
    #[error(
        "the message is of {0}, which is more than an hour from now; an old message that is sent again does not count"
    )]
    Stale(String),
}

impl Message {
    /// Reads the body of a delivery.
    ///
    /// # Errors
    /// It is no message.
    pub fn read(body: &[u8]) -> Result<Self, SnsError> {
        let part = Part::new("delivery", body);
        let node = json::parse(&part, &[], &mut Reading::default()).filter(|(_, whole)| *whole);
        let message = Self::of(&node.ok_or(SnsError::Malformed)?.0);
        let known = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"];
        let fits = known.contains(&&*message.kind) && !message.topic.is_empty() && !message.signature.is_empty();
        if fits { Ok(message) } else { Err(SnsError::Malformed) }
    }

    /// Whether what the message names as the place of its certificate is one of SNS.
    ///
    /// # Errors
    /// It is not.
    pub fn check_certificate_url(&self) -> Result<(), SnsError> {
        let path = path_at_sns(&self.certificate_url, None);
        let fits = path.is_some_and(|path| path.ends_with(".pem") && !path.contains(['?', '#', '%']));
        if fits { Ok(()) } else { Err(SnsError::Address(self.certificate_url.clone(), "its certificate")) }
    }

    /// The address that confirms the subscription, where it is one of SNS in the topic's region and of this topic.
    ///
    /// # Errors
    /// It is another.
    pub fn confirmation(&self) -> Result<&str, SnsError> {
        let url = self.subscribe_url.as_deref().unwrap_or_default();
        let region = self.topic.split(':').nth(3);
        let path = path_at_sns(url, region).unwrap_or_default();
        let query = path.strip_prefix("/?").unwrap_or_default();
        let named = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let topic = named("TopicArn").map(|topic| topic.replace("%3A", ":").replace("%3a", ":"));
        let token = named("Token").filter(|token| Some(*token) == self.token.as_deref());
        let fits = named("Action") == Some("ConfirmSubscription") && topic.as_deref() == Some(self.topic.as_str());
        if fits && token.is_some() { Ok(url) } else { Err(SnsError::Address(url.to_owned(), "the confirmation")) }
    }

    /// Whether the signature is of the key in a certificate, which is valid at an instant, and the message not old.
    ///
    /// # Errors
    /// It is not.
    pub fn verify(&self, certificate: &[u8], now: Timestamp) -> Result<(), SnsError> {
        let unfit = |why: String| SnsError::Certificate(self.certificate_url.clone(), why);
        let certificate = Certificate::from_pem(certificate).map_err(|error| unfit(error.to_string()))?;
        let validity = &certificate.tbs_certificate.validity;
        let second = u64::try_from(now.as_second()).unwrap_or(0);
        let bounds = [validity.not_before, validity.not_after].map(|time| time.to_unix_duration().as_secs());
        if second < bounds[0] || second > bounds[1] {
            return Err(unfit(format!("it is valid from {} to {}", validity.not_before, validity.not_after)));
        }
        let key = certificate.tbs_certificate.subject_public_key_info.subject_public_key.as_bytes();
        let key = key.ok_or_else(|| unfit("it holds no key".to_owned()))?;
        let algorithm: &dyn VerificationAlgorithm = match self.version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(SnsError::Signature),
        };
        let signature = BASE64_STANDARD.decode(&self.signature).map_err(|_| SnsError::Signature)?;
        let signed = UnparsedPublicKey::new(algorithm, key).verify(self.signed_text().as_bytes(), &signature);
        signed.map_err(|_| SnsError::Signature)?;
        let sent: Timestamp = self.time.parse().map_err(|_| SnsError::Stale(self.time.clone()))?;
        if sent.duration_since(now).abs() > AGE_MAX {
            return Err(SnsError::Stale(self.time.clone()));
        }
        Ok(())
    }

    /// What is signed: names and values in the order of their names, each on a line of its own (SNS developer guide,
    /// "Verifying the signatures of Amazon SNS messages").
    #[must_use]
    pub fn signed_text(&self) -> String {
        let of_subscription = self.kind != "Notification";
        let url = self.subscribe_url.as_deref().filter(|_| of_subscription);
        let token = self.token.as_deref().filter(|_| of_subscription);
        let fields = [
            ("Message", Some(self.text.as_str())),
            ("MessageId", Some(self.id.as_str())),
            ("Subject", self.subject.as_deref().filter(|_| !of_subscription)),
            ("SubscribeURL", url),
            ("Timestamp", Some(self.time.as_str())),
            ("Token", token),
            ("TopicArn", Some(self.topic.as_str())),
            ("Type", Some(self.kind.as_str())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some(format!("{name}\n{}\n", value?))).collect()
    }
}

/// The path, with what stands behind it, of an address of SNS in a region, or in any; nothing for another address.
fn path_at_sns<'a>(url: &'a str, region: Option<&str>) -> Option<&'a str> {
    let rest = url.strip_prefix("https://")?;
    let (host, path) = rest.split_at(rest.find('/')?);
    let named = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let of = named.strip_prefix("sns.")?;
    let plain = of.len() >= 3 && of.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (plain && region.is_none_or(|region| region == of)).then_some(path)
}
