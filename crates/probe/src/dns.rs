//! Questions to name servers and their answers (RFC 1035), as bytes.

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Kinds of records that can be asked for.
pub const KINDS: &[&str] = &["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"];

/// What a name server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `NOERROR`, `NXDOMAIN` ...
    pub rcode: String,
    /// The records of the kind, in their usual form.
    pub records: Vec<String>,
}

/// The bytes of a question.
///
/// # Errors
/// The name or the kind is none.
pub fn question(id: u16, name: &str, kind: &str) -> Result<Vec<u8>, String> {
    let kind =
        kind_of(kind).ok_or_else(|| format!("{kind:?} is no kind of records; there are {}", KINDS.join(", ")))?;
    let wrong = |error: simple_dns::SimpleDnsError| format!("{name:?} is no name that can be asked for: {error}");
    let name = Name::new(name.trim_end_matches('.')).map_err(wrong)?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(name.clone(), QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().map_err(wrong)
}

/// Reads the answer to the question of the id.
///
/// # Errors
/// It is none.
pub fn answer(bytes: &[u8], id: u16, kind: &str) -> Result<Answer, String> {
    let packet = Packet::parse(bytes).map_err(|error| format!("the answer is no message of DNS: {error}"))?;
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) {
        return Err("the answer is one to another question".to_owned());
    }
    let kind = kind_of(kind);
    let records = packet.answers.iter().filter_map(|record| {
        let data = &record.rdata;
        (Some(data.type_code()) == kind).then(|| shown(data)).flatten()
    });
    Ok(Answer { rcode: rcode(packet.rcode()).to_owned(), records: records.collect() })
}

fn kind_of(kind: &str) -> Option<TYPE> {
    Some(match kind.to_ascii_uppercase().as_str() {
        "A" => TYPE::A,
        "AAAA" => TYPE::AAAA,
        "CNAME" => TYPE::CNAME,
        "MX" => TYPE::MX,
        "NS" => TYPE::NS,
        "PTR" => TYPE::PTR,
        "SOA" => TYPE::SOA,
        "SRV" => TYPE::SRV,
        "TXT" => TYPE::TXT,
        _ => return None,
    })
}

fn shown(data: &RData<'_>) -> Option<String> {
    Some(match data {
        RData::A(a) => Ipv4Addr::from(a.address).to_string(),
        RData::AAAA(a) => Ipv6Addr::from(a.address).to_string(),
        RData::CNAME(name) => name.0.to_string(),
        RData::NS(name) => name.0.to_string(),
        RData::PTR(name) => name.0.to_string(),
        RData::MX(mx) => format!("{} {}", mx.preference, mx.exchange),
        RData::SOA(soa) => format!("{} {} {}", soa.mname, soa.rname, soa.serial),
        RData::SRV(srv) => format!("{} {} {} {}", srv.priority, srv.weight, srv.port, srv.target),
        RData::TXT(txt) => {
            let parts = txt.iter_raw().map(|(key, value)| match value {
                Some(value) => format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(value)),
                None => String::from_utf8_lossy(key).into_owned(),
            });
            parts.collect::<Vec<_>>().join(" ")
        }
        _ => return None,
    })
}

/// The names that RFC 6895 gives them.
fn rcode(code: RCODE) -> &'static str {
    match code {
        RCODE::NoError => "NOERROR",
        RCODE::FormatError => "FORMERR",
        RCODE::ServerFailure => "SERVFAIL",
        RCODE::NameError => "NXDOMAIN",
        RCODE::NotImplemented => "NOTIMP",
        RCODE::Refused => "REFUSED",
        _ => "OTHER",
    }
}
