//! Networks: `net.cidr_intersects`, `net.cidr_merge`, `net.cidr_contains_matches`, and `net.lookup_ip_addr`, which
//! answers for addresses only: names are not looked up, because policies reach no network here.

use super::{Answer, ELEMENTS_MAX, Function, elements, text};
use regorus::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("net.cidr_contains_matches", 2, contains_matches),
    ("net.cidr_intersects", 2, |a| {
        let (one, other) = (Network::of(text(a, 0)?)?, Network::of(text(a, 1)?)?);
        Ok(Value::from(one.holds(other) || other.holds(one)))
    }),
    ("net.cidr_merge", 1, merge),
    ("net.lookup_ip_addr", 1, |a| match text(a, 0)?.parse::<IpAddr>() {
        Ok(address) => Ok(Value::from(BTreeSet::from([Value::from(address.to_string())]))),
        Err(_) if text(a, 0)? == "localhost" => Ok(Value::from(BTreeSet::from([Value::from("127.0.0.1")]))),
        Err(_) => Err("names are not looked up here".to_owned()),
    }),
];

/// A network; addresses of version 4 stand in the upper bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Network {
    v6: bool,
    bits: u128,
    length: u32,
}

impl Network {
    /// A network, or an address as a network of one.
    fn of(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network");
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let (v6, bits, width) = match address {
            IpAddr::V4(v4) => (false, u128::from(u32::from(v4)) << 96, 32),
            IpAddr::V6(v6) => (true, u128::from(v6), 128),
        };
        let length = match length {
            None => width,
            Some(length) => length.parse().ok().filter(|length| *length <= width).ok_or_else(wrong)?,
        };
        Ok(Self { v6, bits: bits & mask(length), length })
    }

    /// A network; an address without a length is the network of its class, as OPA takes it where networks are merged.
    fn classful(text: &str) -> Result<Self, String> {
        if text.contains('/') {
            return Self::of(text);
        }
        let address: IpAddr = text.parse().map_err(|_| format!("{text:?} is no network"))?;
        let IpAddr::V4(v4) = address else { return Err(format!("{text:?} needs the length of its prefix")) };
        match v4.octets()[0] {
            0..128 => Self::of(&format!("{text}/8")),
            128..192 => Self::of(&format!("{text}/16")),
            192..224 => Self::of(&format!("{text}/24")),
            _ => Err(format!("{text:?} is of no class of networks")),
        }
    }

    fn holds(self, other: Self) -> bool {
        self.v6 == other.v6 && self.length <= other.length && other.bits & mask(self.length) == self.bits
    }

    fn text(self) -> String {
        let address = if self.v6 {
            IpAddr::V6(self.bits.into())
        } else {
            IpAddr::V4(u32::try_from(self.bits >> 96).unwrap_or(0).into())
        };
        format!("{address}/{}", self.length)
    }

    /// The network that this and its neighbour make together, where they do.
    fn joined(self, other: Self) -> Option<Self> {
        let wide = Self { length: self.length.checked_sub(1)?, ..self };
        let fits = self.v6 == other.v6 && self.length == other.length && self.bits != other.bits;
        let wide = Self { bits: wide.bits & mask(wide.length), ..wide };
        (fits && other.bits & mask(wide.length) == wide.bits).then_some(wide)
    }
}

fn mask(length: u32) -> u128 {
    if length == 0 { 0 } else { u128::MAX << (128 - length) }
}

/// The smallest set of networks that covers all that are given.
fn merge(arguments: &[Value]) -> Answer {
    let mut networks = Vec::new();
    for item in elements(arguments, 0)? {
        let Value::String(item) = item else { return Err("networks must be texts".to_owned()) };
        networks.push(Network::classful(&item)?);
    }
    networks.sort_unstable();
    let mut kept: Vec<Network> = Vec::new();
    for network in networks {
        if kept.last().is_some_and(|last| last.holds(network)) {
            continue;
        }
        kept.push(network);
        while let [.., a, b] = kept.as_slice() {
            let Some(wide) = a.joined(*b) else { break };
            kept.truncate(kept.len() - 2);
            kept.push(wide);
        }
    }
    Ok(Value::from(kept.into_iter().map(|network| Value::from(network.text())).collect::<BTreeSet<_>>()))
}

/// A network of a collection with the key by which it is named in the answer.
fn named(value: &Value) -> Result<Vec<(Value, Network)>, String> {
    let of = |value: &Value| match value {
        Value::String(text) => Network::of(text),
        Value::Array(items) => match items.iter().next() {
            Some(Value::String(text)) => Network::of(text),
            _ => Err("an array must begin with a network".to_owned()),
        },
        _ => Err("a network must be a text or an array".to_owned()),
    };
    match value {
        Value::String(_) => Ok(vec![(value.clone(), of(value)?)]),
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, item)| Ok((Value::from(at as u64), of(item)?))).collect()
        }
        Value::Set(items) => items.iter().map(|item| Ok((item.clone(), of(item)?))).collect(),
        Value::Object(entries) => entries.iter_sorted().map(|(key, item)| Ok((key.clone(), of(item)?))).collect(),
        _ => Err("networks must be a text or a collection".to_owned()),
    }
}

fn contains_matches(arguments: &[Value]) -> Answer {
    let (wide, narrow) = (named(&arguments[0])?, named(&arguments[1])?);
    if wide.len().saturating_mul(narrow.len()) > ELEMENTS_MAX {
        return Err("there are too many networks to compare".to_owned());
    }
    let mut out = BTreeSet::new();
    for (name, network) in &wide {
        for (inner, _) in narrow.iter().filter(|(_, inner)| network.holds(*inner)) {
            out.insert(Value::from(vec![name.clone(), inner.clone()]));
        }
    }
    Ok(Value::from(out))
}
