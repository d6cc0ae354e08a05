//! Probes as code: what is asked of an endpoint, and what its answer has to be. Pure: files in, probes out; samples in,
//! verdicts out. Who asks is somebody else.
//!
//! The file is the `endpoints:` of Gatus (<https://github.com/TwiN/gatus#configuration>), as it is, with `service:` for
//! the service of the catalog that the endpoint belongs to, and `certificate-authority:` for a file of own authorities.

mod certificate;
mod condition;
pub mod dns;
mod judge;
mod path;
mod read;
mod value;
mod watch;

pub use certificate::{Certificate, Stapled};
pub use condition::Condition;
pub use judge::{Outcome, judge};
pub use read::{Reading, read};
pub use watch::{Said, Watch};

use mainstay_model::Place;
use std::net::IpAddr;
use std::time::Duration;

/// One endpoint, and what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Its name, and its group's before it where it has one: `core/shop`.
    pub name: String,
    /// The service of the catalog that it belongs to.
    pub service: Option<String>,
    /// What is asked.
    pub target: Target,
    /// How often.
    pub every: Duration,
    /// How long an answer may take before there is none.
    pub timeout: Duration,
    /// Whether the certificate need not lead to an authority.
    pub insecure: bool,
    /// A file of PEM with the authorities that certificates lead to, where it is not the well-known ones.
    pub authorities: Option<String>,
    /// What has to hold; all of it.
    pub conditions: Vec<Condition>,
    /// How many samples in a row must fail before it counts as failing, and pass before it counts as mended.
    pub fails_after: u32,
    /// See `fails_after`.
    pub mends_after: u32,
    /// Where it is written.
    pub place: Place,
}

/// What is asked of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A request.
    Http {
        /// Its address.
        url: String,
        /// `GET`, `POST` ...
        method: String,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// Its body.
        body: String,
        /// Whether redirections are followed.
        follow: bool,
    },
    /// A connection.
    Tcp {
        /// Host and port.
        address: String,
    },
    /// A connection with TLS, up to the end of the handshake.
    Tls {
        /// Host and port.
        address: String,
    },
    /// A question to a name server.
    Dns {
        /// The server and its port.
        address: String,
        /// What is asked for.
        name: String,
        /// `A`, `AAAA`, `MX` ...
        kind: String,
    },
    /// An echo.
    Icmp {
        /// The host.
        host: String,
    },
}

/// What came of asking once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Why we could not ask: the verdict is unknown.
    pub trouble: Option<String>,
    /// Why there is no answer: the verdict is fail.
    pub failure: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// Who answered.
    pub ip: Option<IpAddr>,
    /// Status of an answer of HTTP.
    pub status: Option<u16>,
    /// What was answered: the body, or the first record of a name.
    pub body: Vec<u8>,
    /// What a name server said: `NOERROR`, `NXDOMAIN` ...
    pub rcode: Option<String>,
    /// The certificate that was shown.
    pub certificate: Option<Certificate>,
}
