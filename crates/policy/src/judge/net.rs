//! Address ranges and ports.

use super::value::{Truth, Val, some};
use std::net::IpAddr;

/// Whether a range is the whole internet, version 4 or 6.
pub(crate) fn open(range: Val<'_>) -> Truth {
    match range {
        // One that is written otherwise, such as `10.0.0.0/${var.bits}`, is not.
        Val::Unknown(_) => match range.partial() {
            Some(text) if text.ends_with("/0") == Some(false) => Truth::False,
            Some(text) if text.pieces().next().is_some_and(|head| head.starts_with(|c| !matches!(c, '0' | ':'))) => {
                Truth::False
            }
            _ => Truth::Unknown,
        },
        Val::Text(text) => range_of(text).is_some_and(|(address, bits)| bits == 0 && address.is_unspecified()).into(),
        _ => Truth::False,
    }
}

/// As [`open`], with the words that clouds have for it. An unspecified address without a length is Azure's way.
pub(crate) fn any_source(range: Val<'_>) -> Truth {
    match (open(range), range) {
        (Truth::False, Val::Text(text)) => {
            let word = text.trim().to_ascii_lowercase();
            (matches!(word.as_str(), "*" | "any" | "internet" | "0.0.0.0" | "::" | "/0") || word.ends_with("/0")).into()
        }
        (truth, _) => truth,
    }
}

/// Whether `outer` holds all of `inner`.
pub(crate) fn contains(outer: Val<'_>, inner: Val<'_>) -> Truth {
    let parsed = |val: Val<'_>| val.text().and_then(range_of);
    match (parsed(outer), parsed(inner)) {
        (Some((outer, outer_bits)), Some((inner, inner_bits))) => {
            let (Some(a), Some(b)) = (prefix(outer, outer_bits), prefix(inner, outer_bits)) else {
                return Truth::False;
            };
            (outer.is_ipv4() == inner.is_ipv4() && inner_bits >= outer_bits && a == b).into()
        }
        _ => Truth::Unknown,
    }
}

fn range_of(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.trim().split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (text.trim(), None),
    };
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(whole);
    (bits <= whole).then_some((address, bits))
}

fn prefix(address: IpAddr, bits: u8) -> Option<u128> {
    let (value, whole) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    if bits > whole {
        return None;
    }
    Some(value.checked_shr(u32::from(whole - bits)).unwrap_or(0))
}

/// Whether `from..=to` holds the port. A missing end is the other one; without both, nothing is held.
pub(crate) fn between(port: Val<'_>, from: Val<'_>, to: Val<'_>) -> Truth {
    if from.is_unknown() || to.is_unknown() {
        // One known end may settle it: a range that begins above the port does not hold it.
        let above = from.number().zip(port.number()).is_some_and(|(from, port)| from > port);
        let below = to.number().zip(port.number()).is_some_and(|(to, port)| to < port);
        return if above || below { Truth::False } else { Truth::Unknown };
    }
    let (from, to) = match (from.number(), to.number()) {
        (Some(from), Some(to)) => (from, to),
        (Some(only), None) | (None, Some(only)) => (only, only),
        (None, None) => return Truth::False,
    };
    port.number().is_some_and(|port| from <= port && port <= to).into()
}

/// Whether a port lies in `22`, `20-25`, `*`, several with commas, or a list of these.
pub(crate) fn in_ranges(port: Val<'_>, ranges: Val<'_>) -> Truth {
    let Some(port) = port.number() else { return Truth::Unknown };
    some(ranges.items().map(|item| {
        match item.val {
            Val::Unknown(_) => Truth::Unknown,
            Val::Number(only) => (only == port).into(),
            Val::Text(text) => text
                .split(',')
                .any(|range| {
                    let range = range.trim();
                    let mut ends = range.splitn(2, '-').map(|end| end.trim().parse());
                    match (ends.next(), ends.next()) {
                        (Some(Ok(from)), Some(Ok(to))) => from <= port && port <= to,
                        (Some(Ok(only)), None) => only == port,
                        _ => range == "*",
                    }
                })
                .into(),
            _ => Truth::False,
        }
    }))
}
