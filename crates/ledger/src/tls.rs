//! TLS to PostgreSQL: what `sslmode` and `sslrootcert` of its address ask for, with the meaning that libpq gives them.
//!
//! | `sslmode` | encrypted | authority checked | name checked |
//! | --- | --- | --- | --- |
//! | `disable` | no | | |
//! | `prefer` (default) | where the server can | no | no |
//! | `require` | yes | where `sslrootcert` is given | no |
//! | `verify-ca` | yes | yes | no |
//! | `verify-full` | yes | yes | yes |

use crate::error::{LedgerError, Result};
use postgres::config::{Host, SslMode};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How far the server's certificate is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trust {
    /// Whoever answers: encryption without knowing whom one speaks to.
    Anyone,
    /// Whoever an authority of the file signed.
    Authority(PathBuf),
    /// The same, and the certificate must be made out for the host.
    Host(PathBuf),
}

/// An address of PostgreSQL, taken apart.
pub(crate) struct Address {
    pub config: postgres::Config,
    trust: Trust,
}

impl Address {
    /// Reads the address. The driver knows neither the two modes that verify nor `sslrootcert`; they are taken out.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (head, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut file, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(decoded(value)),
                Some(("sslrootcert", value)) => file = Some(PathBuf::from(decoded(value))),
                _ => rest.push(pair),
            }
        }
        let plain = if rest.is_empty() { head.to_owned() } else { format!("{head}?{}", rest.join("&")) };
        let mut config: postgres::Config =
            plain.parse().map_err(|error: postgres::Error| refused(&innermost(&error)))?;
        let (ssl, trust) = match (mode.as_deref().unwrap_or("prefer"), file) {
            ("disable", _) => (SslMode::Disable, Trust::Anyone),
            ("prefer", _) => (SslMode::Prefer, Trust::Anyone),
            ("require", None) => (SslMode::Require, Trust::Anyone),
            ("require" | "verify-ca", Some(file)) => (SslMode::Require, Trust::Authority(file)),
            ("verify-full", Some(file)) => (SslMode::Require, Trust::Host(file)),
            (mode @ ("verify-ca" | "verify-full"), None) => {
                return Err(refused(&format!(
                    "sslmode={mode} needs the authority's certificate; name its file with sslrootcert, such as \
                     sslrootcert=/etc/ssl/certs/ca-certificates.crt for the system's"
                )));
            }
            (other, _) => {
                return Err(refused(&format!(
                    "sslmode is disable, prefer, require, verify-ca or verify-full, not {other:?}"
                )));
            }
        };
        config.ssl_mode(ssl);
        Ok(Self { config, trust })
    }

    /// Where it leads, for people: hosts with their ports, and never the password.
    pub(crate) fn hosts(&self) -> String {
        let ports = self.config.get_ports();
        let host = |(at, host): (usize, &Host)| {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => folder.display().to_string(),
            }
        };
        self.config.get_hosts().iter().enumerate().map(host).collect::<Vec<_>>().join(", ")
    }

    /// What opens the encrypted connection.
    pub(crate) fn tls(&self) -> Result<MakeRustlsConnect> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(&error.to_string()))?;
        let config = match &self.trust {
            Trust::Anyone => {
                let verifier = Anyone(provider.signature_verification_algorithms);
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
            }
            Trust::Host(file) => builder.with_root_certificates(authorities(file)?).with_no_client_auth(),
            Trust::Authority(file) => {
                let verifier = AnyName(verifier(file, provider)?);
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
            }
        };
        Ok(MakeRustlsConnect::new(config))
    }

    /// Says in our words why no connection came about, and what would mend it.
    pub(crate) fn explain(&self, error: &postgres::Error) -> Option<String> {
        let said = innermost(error);
        let file = match &self.trust {
            Trust::Anyone => None,
            Trust::Authority(file) | Trust::Host(file) => Some(file.display().to_string()),
        };
        match (tls_error(error), file) {
            (Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)), Some(file)) => Some(format!(
                "the server's certificate is not signed by an authority in {file}; sslrootcert must name the one that signed it"
            )),
            (
                Some(rustls::Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                )),
                _,
            ) => Some(format!(
                "{said}; connect by a name that the certificate holds, or use sslmode=verify-ca to check the authority alone"
            )),
            (Some(_), _) => Some(format!("no encrypted connection came about: {said}")),
            (None, _) if said.contains("server does not support TLS") => {
                Some("the server does not offer TLS, and sslmode demands it".to_owned())
            }
            (None, _) if said.contains("no encryption") || said.contains("SSL off") => {
                Some(format!("{said}; the server may demand TLS: use sslmode=require, or verify-full with sslrootcert"))
            }
            (None, _) => None,
        }
    }
}

fn refused(why: &str) -> LedgerError {
    LedgerError::refused(format!("the address of PostgreSQL cannot be used: {why}"))
}

/// The TLS error among an error's causes.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref::<rustls::Error>() {
        return Some(found);
    }
    // An I/O error names the cause of its content as its own source, and so passes over the content.
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    if let Some(inner) = inner {
        return tls_error(inner);
    }
    tls_error(error.source()?)
}

/// What the innermost of an error's causes says.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn authorities(file: &Path) -> Result<RootCertStore> {
    let bytes = crate::disk::read(file)?
        .ok_or_else(|| refused(&format!("there is no file {} (sslrootcert)", file.display())))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| refused(&format!("{}: {error}", file.display())))?;
        roots.add(certificate).map_err(|error| refused(&format!("{}: {error}", file.display())))?;
    }
    if roots.is_empty() {
        return Err(refused(&format!("{} holds no certificate in PEM form (sslrootcert)", file.display())));
    }
    Ok(roots)
}

fn verifier(file: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(authorities(file)?), provider)
        .build()
        .map_err(|error| refused(&format!("{}: {error}", file.display())))
}

/// Percent-encoded text of an address.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digits = [ahead.next(), ahead.next()].map(|digit| char::from(digit.unwrap_or(0)).to_digit(16));
        match (byte, digits) {
            (b'%', [Some(high), Some(low)]) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(0));
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Takes any certificate, but only from who holds its key.
#[derive(Debug)]
struct Anyone(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// Checks everything but the name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        match self.0.verify_server_cert(certificate, between, name, ocsp, now) {
            // The name is looked at last, when all else was found good.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(query: &str) -> std::result::Result<(SslMode, Trust), String> {
        let address = Address::parse(&format!("postgres://u:p%40@db.example.com:5433/facts{query}"));
        address.map(|address| (address.config.get_ssl_mode(), address.trust)).map_err(|error| error.to_string())
    }

    #[test]
    fn modes_mean_what_they_mean_to_libpq() {
        assert_eq!(trust("").unwrap(), (SslMode::Prefer, Trust::Anyone));
        assert_eq!(trust("?sslmode=disable&connect_timeout=5").unwrap(), (SslMode::Disable, Trust::Anyone));
        assert_eq!(trust("?sslmode=require").unwrap(), (SslMode::Require, Trust::Anyone));
        let ca = |text: &str| PathBuf::from(text);
        let both = "?sslrootcert=/etc/my%20ca.pem&sslmode=";
        assert_eq!(trust(&format!("{both}require")).unwrap().1, Trust::Authority(ca("/etc/my ca.pem")));
        assert_eq!(trust(&format!("{both}verify-ca")).unwrap().1, Trust::Authority(ca("/etc/my ca.pem")));
        let full = trust(&format!("{both}verify-full")).unwrap();
        assert_eq!(full, (SslMode::Require, Trust::Host(ca("/etc/my ca.pem"))));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_write_instead() {
        assert!(trust("?sslmode=verify-full").unwrap_err().contains("sslrootcert="));
        assert!(trust("?sslmode=strict").unwrap_err().contains("verify-full, not \"strict\""));
        assert!(trust("?nonsense=1").unwrap_err().contains("nonsense"));
    }

    #[test]
    fn other_settings_of_the_address_stay() {
        let address = Address::parse("postgres://u:p%40@db.example.com:5433/facts?sslmode=require&connect_timeout=5");
        let config = address.unwrap().config;
        assert_eq!(config.get_password(), Some("p@".as_bytes()));
        let address = Address::parse("postgres://u:p%40@db.example.com:5433,other.example.com:5433/facts").unwrap();
        assert_eq!(address.hosts(), "db.example.com:5433, other.example.com:5433");
        assert_eq!(config.get_ports(), [5433]);
        assert_eq!(config.get_connect_timeout(), Some(&std::time::Duration::from_secs(5)));
    }
}
