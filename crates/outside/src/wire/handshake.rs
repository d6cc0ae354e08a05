//! A TLS handshake that looks at the certificate instead of ending where it is bad.

use super::{Handshake, Trust, WireError, connect, failed, host_of, shown};
use crate::Outside;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was shown in a handshake.
#[derive(Debug, Default)]
struct Shown {
    chain: Vec<Vec<u8>>,
    stapled: Vec<u8>,
    mistrust: Option<String>,
}

/// Keeps what is shown, and what the real verifier thinks of it.
#[derive(Debug)]
struct Looker {
    real: Arc<WebPkiServerVerifier>,
    shown: Mutex<Shown>,
}

pub(super) fn shake(
    outside: &Outside,
    address: &str,
    trust: &Trust,
    timeout: Duration,
) -> Result<Handshake, WireError> {
    let wrong = |error: std::io::Error| failed(address, &error, timeout);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(roots(outside, trust)?);
    let real = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
    let real = real.map_err(|error| WireError::Hindered(format!("the authorities cannot be used: {error}")))?;
    let looker = Arc::new(Looker { real, shown: Mutex::default() });
    let config = config(provider, &looker)?;
    let name = ServerName::try_from(host_of(address).to_owned())
        .map_err(|_| WireError::Failed(format!("{:?} is no name of a host", host_of(address))))?;
    let begun = Instant::now();
    let mut stream = connect(address, timeout)?;
    let ip = stream.peer_addr().map_err(wrong)?.ip();
    let mut tls = ClientConnection::new(Arc::new(config), name)
        .map_err(|error| WireError::Hindered(format!("no TLS with {address}: {error}")))?;
    while tls.is_handshaking() {
        if begun.elapsed() > timeout {
            return Err(failed(address, &std::io::ErrorKind::TimedOut.into(), timeout));
        }
        tls.complete_io(&mut stream).map_err(|error| match error.get_ref().and_then(|it| it.downcast_ref()) {
            Some(rustls::Error::InvalidMessage(_)) => {
                WireError::Failed(format!("no TLS with {address}: it speaks none"))
            }
            Some(other) => WireError::Failed(format!("no TLS with {address}: {other}")),
            None => wrong(error),
        })?;
    }
    let took = begun.elapsed();
    let mut seen = looker.shown.lock().unwrap_or_else(PoisonError::into_inner);
    let Shown { chain, stapled, mistrust } = std::mem::take(&mut *seen);
    Ok(Handshake { ip, took, chain, stapled, mistrust })
}

fn config(provider: Arc<CryptoProvider>, looker: &Arc<Looker>) -> Result<ClientConfig, WireError> {
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| WireError::Hindered(format!("no TLS: {error}")))?;
    let verifier = Arc::<Looker>::clone(looker);
    Ok(versions.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn roots(outside: &Outside, trust: &Trust) -> Result<RootCertStore, WireError> {
    let Some(bytes) = outside.authorities(trust)? else {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    };
    let file = trust.authorities.as_deref().map(shown).unwrap_or_default();
    let wrong = |why: String| WireError::Hindered(format!("{file} has no authorities in PEM that can be used: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("it holds none".to_owned())) } else { Ok(roots) }
}

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.real.verify_server_cert(own, between, name, stapled, now);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.chain = std::iter::once(own).chain(between).map(|one| one.to_vec()).collect();
        shown.stapled = stapled.to_vec();
        shown.mistrust = verdict.err().map(|error| said(&error, name));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.real.verify_tls12_signature(message, own, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.real.verify_tls13_signature(message, own, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.real.supported_verify_schemes()
    }
}

fn said(error: &rustls::Error, name: &ServerName<'_>) -> String {
    let name = name.to_str();
    let rustls::Error::InvalidCertificate(why) = error else { return error.to_string() };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::UnknownIssuer => "its chain leads to no authority that is trusted".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("it is not for the name {name}")
        }
        CertificateError::Revoked => "it is revoked".to_owned(),
        other => other.to_string(),
    }
}
