//! Extensions of certificates (RFC 5280), as far as Go's `crypto/x509` shows them.

use super::{Out, bytes, list};
use regorus::Value;
use std::net::IpAddr;
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, CrlDistributionPoints,
    ExtendedKeyUsage, KeyUsage, NameConstraints, SubjectAltName, SubjectKeyIdentifier,
};

/// Names besides the subject.
#[derive(Debug, Default)]
pub(super) struct Alternatives {
    pub dns: Vec<String>,
    pub emails: Vec<String>,
    pub addresses: Vec<String>,
    pub uris: Vec<String>,
}

/// The extensions that are known, taken apart.
#[derive(Default)]
pub(super) struct Known {
    pub alternatives: Alternatives,
    /// All of them, as they are.
    pub shown: Vec<Value>,
    pub key_usage: u16,
    pub usages: Vec<ObjectIdentifier>,
    pub constraints: Option<BasicConstraints>,
    names: Option<(bool, NameConstraints)>,
    unhandled: Vec<Value>,
    subject_key: Option<Vec<u8>>,
    authority_key: Option<Vec<u8>>,
    ocsp: Vec<String>,
    issuers: Vec<String>,
    revocation: Vec<String>,
    policies: Vec<ObjectIdentifier>,
}

/// An object identifier as its numbers.
pub(super) fn oid(oid: &ObjectIdentifier) -> Value {
    Value::from(oid.arcs().map(|arc| Value::from(u64::from(arc))).collect::<Vec<_>>())
}

/// Takes extensions apart; one that is known and malformed is an error.
pub(super) fn extensions(all: &[Extension]) -> Result<Known, String> {
    let mut known = Known::default();
    for extension in all {
        let mut out = Out::default();
        out.set("Id", oid(&extension.extn_id));
        out.set("Critical", extension.critical);
        out.set("Value", bytes(extension.extn_value.as_bytes()));
        known.shown.push(out.done());
        known.add(extension).map_err(|error| format!("the extension {}: {error}", extension.extn_id))?;
    }
    Ok(known)
}

impl Known {
    fn add(&mut self, extension: &Extension) -> x509_cert::der::Result<()> {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id.to_string().as_str() {
            "2.5.29.14" => self.subject_key = Some(SubjectKeyIdentifier::from_der(value)?.0.as_bytes().to_vec()),
            "2.5.29.15" => self.key_usage = KeyUsage::from_der(value)?.0.bits(),
            "2.5.29.17" => self.add_alternatives(&SubjectAltName::from_der(value)?.0),
            "2.5.29.19" => self.constraints = Some(BasicConstraints::from_der(value)?),
            "2.5.29.30" => self.names = Some((extension.critical, NameConstraints::from_der(value)?)),
            "2.5.29.31" => {
                for point in CrlDistributionPoints::from_der(value)?.0 {
                    if let Some(DistributionPointName::FullName(names)) = point.distribution_point {
                        self.revocation.extend(names.iter().filter_map(uri));
                    }
                }
            }
            "2.5.29.32" => {
                let policies = CertificatePolicies::from_der(value)?.0;
                self.policies.extend(policies.into_iter().map(|policy| policy.policy_identifier));
            }
            "2.5.29.35" => {
                let key = AuthorityKeyIdentifier::from_der(value)?.key_identifier;
                self.authority_key = key.map(|key| key.as_bytes().to_vec());
            }
            "2.5.29.37" => self.usages = ExtendedKeyUsage::from_der(value)?.0,
            "1.3.6.1.5.5.7.1.1" => {
                for access in AuthorityInfoAccessSyntax::from_der(value)?.0 {
                    match access.access_method.to_string().as_str() {
                        "1.3.6.1.5.5.7.48.1" => self.ocsp.extend(uri(&access.access_location)),
                        "1.3.6.1.5.5.7.48.2" => self.issuers.extend(uri(&access.access_location)),
                        _ => {}
                    }
                }
            }
            _ if extension.critical => self.unhandled.push(oid(&extension.extn_id)),
            _ => {}
        }
        Ok(())
    }

    fn add_alternatives(&mut self, names: &[GeneralName]) {
        let all = &mut self.alternatives;
        for name in names {
            match name {
                GeneralName::DnsName(dns) => all.dns.push(dns.to_string()),
                GeneralName::Rfc822Name(email) => all.emails.push(email.to_string()),
                GeneralName::UniformResourceIdentifier(uri) => all.uris.push(uri.to_string()),
                GeneralName::IpAddress(bytes) => all.addresses.extend(address(bytes.as_bytes())),
                _ => {}
            }
        }
    }

    /// Adds what Go shows of a certificate's extensions.
    pub fn show(self, out: &mut Out) {
        let texts = |all: Vec<String>| list(all.into_iter().map(Value::from).collect());
        let optional = |bytes_: Option<Vec<u8>>| bytes_.map_or(Value::Null, |inner| bytes(&inner));
        out.set("KeyUsage", u64::from(self.key_usage));
        out.set("Extensions", list(self.shown));
        out.set("ExtraExtensions", Value::Null);
        out.set("UnhandledCriticalExtensions", list(self.unhandled));
        let (known, unknown): (Vec<_>, Vec<_>) = self.usages.iter().partition(|usage| usage_number(usage).is_some());
        let numbers = known.into_iter().filter_map(usage_number).map(Value::from).collect();
        out.set("ExtKeyUsage", list(numbers));
        out.set("UnknownExtKeyUsage", list(unknown.into_iter().map(oid).collect()));
        let length = self.constraints.as_ref().map(|constraints| constraints.path_len_constraint);
        out.set("BasicConstraintsValid", self.constraints.is_some());
        out.set("IsCA", self.constraints.as_ref().is_some_and(|constraints| constraints.ca));
        out.set("MaxPathLen", length.map_or(0i64, |length| length.map_or(-1, i64::from)));
        out.set("MaxPathLenZero", length == Some(Some(0)));
        out.set("SubjectKeyId", optional(self.subject_key));
        out.set("AuthorityKeyId", optional(self.authority_key));
        out.set("OCSPServer", texts(self.ocsp));
        out.set("IssuingCertificateURL", texts(self.issuers));
        out.set("CRLDistributionPoints", texts(self.revocation));
        out.set("PolicyIdentifiers", list(self.policies.iter().map(oid).collect()));
        out.set("Policies", list(self.policies.iter().map(|policy| Value::from(policy.to_string())).collect()));
        for name in ["InhibitAnyPolicy", "InhibitPolicyMapping", "RequireExplicitPolicy"] {
            out.set(name, 0u64);
            out.set(&format!("{name}Zero"), false);
        }
        out.set("PolicyMappings", Value::Null);
        show_names(out, self.names);
    }
}

/// What names a certificate's holder may certify.
fn show_names(out: &mut Out, names: Option<(bool, NameConstraints)>) {
    let (critical, constraints) = names.map_or((false, None), |(critical, names)| (critical, Some(names)));
    let (permitted, excluded) =
        constraints.map_or((None, None), |names| (names.permitted_subtrees, names.excluded_subtrees));
    out.set("PermittedDNSDomainsCritical", critical);
    for (prefix, subtrees) in [("Permitted", permitted), ("Excluded", excluded)] {
        let bases: Vec<GeneralName> = subtrees.unwrap_or_default().into_iter().map(|subtree| subtree.base).collect();
        let of = |pick: fn(&GeneralName) -> Option<Value>| list(bases.iter().filter_map(pick).collect());
        let dns = of(|base| match base {
            GeneralName::DnsName(name) => Some(Value::from(name.to_string())),
            _ => None,
        });
        let emails = of(|base| match base {
            GeneralName::Rfc822Name(name) => Some(Value::from(name.to_string())),
            _ => None,
        });
        let uris = of(|base| uri(base).map(Value::from));
        let ranges = of(|base| match base {
            GeneralName::IpAddress(range) => {
                let (start, mask) = range.as_bytes().split_at(range.as_bytes().len() / 2);
                let mut out = Out::default();
                out.set("IP", address(start)?);
                out.set("Mask", bytes(mask));
                Some(out.done())
            }
            _ => None,
        });
        out.set(&format!("{prefix}DNSDomains"), dns);
        out.set(&format!("{prefix}EmailAddresses"), emails);
        out.set(&format!("{prefix}URIDomains"), uris);
        out.set(&format!("{prefix}IPRanges"), ranges);
    }
}

fn uri(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.to_string()),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    address.ok().map(|address| address.to_string())
}

/// Extended usages in the order of Go's numbers, with OPA's names for them.
pub(super) const USAGES: [(&str, &str); 14] = [
    ("KeyUsageAny", "2.5.29.37.0"),
    ("KeyUsageServerAuth", "1.3.6.1.5.5.7.3.1"),
    ("KeyUsageClientAuth", "1.3.6.1.5.5.7.3.2"),
    ("KeyUsageCodeSigning", "1.3.6.1.5.5.7.3.3"),
    ("KeyUsageEmailProtection", "1.3.6.1.5.5.7.3.4"),
    ("KeyUsageIPSECEndSystem", "1.3.6.1.5.5.7.3.5"),
    ("KeyUsageIPSECTunnel", "1.3.6.1.5.5.7.3.6"),
    ("KeyUsageIPSECUser", "1.3.6.1.5.5.7.3.7"),
    ("KeyUsageTimeStamping", "1.3.6.1.5.5.7.3.8"),
    ("KeyUsageOCSPSigning", "1.3.6.1.5.5.7.3.9"),
    ("KeyUsageMicrosoftServerGatedCrypto", "1.3.6.1.4.1.311.10.3.3"),
    ("KeyUsageNetscapeServerGatedCrypto", "2.16.840.1.113730.4.1"),
    ("KeyUsageMicrosoftCommercialCodeSigning", "1.3.6.1.4.1.311.2.1.22"),
    ("KeyUsageMicrosoftKernelCodeSigning", "1.3.6.1.4.1.311.61.1.1"),
];

fn usage_number(usage: &ObjectIdentifier) -> Option<u64> {
    let usage = usage.to_string();
    USAGES.iter().zip(0..).find(|((_, known), _)| *known == usage).map(|(_, number)| number)
}
