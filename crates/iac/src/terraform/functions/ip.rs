//! `cidr` functions, IPv4 and IPv6.

use super::Call;
use crate::terraform::eval::{Evaluated, Fault};
use crate::terraform::val::Val;
use rust_decimal::prelude::ToPrimitive;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) fn call(call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "cidrhost" => host(call),
        "cidrnetmask" => netmask(call),
        "cidrsubnet" => subnet(call),
        "cidrsubnets" => subnets(call),
        "cidrcontains" => contains(call),
        _ => return None,
    })
}

/// A range of addresses: its first address as a number, the length of its prefix, and the bits of an address.
#[derive(Clone, Copy)]
struct Range {
    first: u128,
    prefix: u32,
    bits: u32,
}

impl Range {
    fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = || Fault::new(format!("`{text}` is no range such as 10.0.0.0/8"));
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let (address, bits) = number(address).ok_or_else(wrong)?;
        let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(wrong)?;
        Ok(Self { first: address & !Self { first: 0, prefix, bits }.host_mask(), prefix, bits })
    }

    fn host_mask(self) -> u128 {
        let free = self.bits - self.prefix;
        if free == 128 { u128::MAX } else { (1 << free) - 1 }
    }

    fn text(self) -> String {
        format!("{}/{}", address(self.first, self.bits), self.prefix)
    }
}

fn number(text: &str) -> Option<(u128, u32)> {
    // Terraform goes on reading `010` as 10, as old configurations have it.
    let bare: Vec<&str> = text.split('.').map(|part| part.trim_start_matches('0')).collect();
    let bare: Vec<&str> = bare.into_iter().map(|part| if part.is_empty() { "0" } else { part }).collect();
    let bare = if text.contains(':') || text.split('.').any(str::is_empty) { text.to_owned() } else { bare.join(".") };
    match bare.parse().ok()? {
        IpAddr::V4(address) => Some((u128::from(u32::from(address)), 32)),
        IpAddr::V6(address) => Some((u128::from(address), 128)),
    }
}

fn address(number: u128, bits: u32) -> String {
    match u32::try_from(number) {
        Ok(short) if bits == 32 => Ipv4Addr::from(short).to_string(),
        _ => Ipv6Addr::from(number).to_string(),
    }
}

fn host(call: &Call<'_>) -> Evaluated {
    let (range, nth) = (Range::parse(&call.text(0)?)?, call.number(1)?);
    let size = range.host_mask();
    let nth =
        nth.to_i128().filter(|_| nth.is_integer()).ok_or_else(|| Fault::new("the number of the host must be whole"))?;
    if nth.unsigned_abs() > size.saturating_add(u128::from(nth < 0)) {
        return Err(Fault::new(format!("{} has no host {nth}", range.text())));
    }
    // A negative number counts from the end.
    let offset = if nth < 0 { size - (nth.unsigned_abs() - 1) } else { nth.unsigned_abs() };
    Ok(Val::text(address(range.first | offset, range.bits)))
}

fn netmask(call: &Call<'_>) -> Evaluated {
    let range = Range::parse(&call.text(0)?)?;
    if range.bits != 32 {
        return Err(Fault::new("only IPv4 has network masks"));
    }
    Ok(Val::text(address(u128::from(u32::MAX) & !range.host_mask(), 32)))
}

fn longer(range: Range, new_bits: i64) -> Result<Range, Fault> {
    let prefix = u32::try_from(new_bits)
        .ok()
        .and_then(|new| range.prefix.checked_add(new))
        .filter(|prefix| *prefix <= range.bits);
    let prefix =
        prefix.ok_or_else(|| Fault::new(format!("{} cannot be lengthened by {new_bits} bits", range.text())))?;
    Ok(Range { prefix, ..range })
}

fn subnet(call: &Call<'_>) -> Evaluated {
    let range = Range::parse(&call.text(0)?)?;
    let part = longer(range, call.whole(1)?)?;
    let nth = call.number(2)?;
    let count = part.prefix - range.prefix;
    let fits = nth.to_u128().filter(|nth| nth_fits(*nth, count)).filter(|_| !nth.is_sign_negative() || nth.is_zero());
    let nth = fits.ok_or_else(|| Fault::new(format!("{count} bits cannot number the subnet {nth}")))?;
    let shift = part.bits - part.prefix;
    let offset = if shift == 128 { 0 } else { nth << shift };
    Ok(Val::text(Range { first: range.first | offset, ..part }.text()))
}

fn nth_fits(nth: u128, bits: u32) -> bool {
    bits >= 128 || nth < (1 << bits)
}

/// One subnet after the other, each as long as asked for.
fn subnets(call: &Call<'_>) -> Evaluated {
    let range = Range::parse(&call.text(0)?)?;
    let mut next = Some(range.first);
    let end = range.first | range.host_mask();
    let mut found = Vec::new();
    for nth in 1..call.values.len() {
        let part = longer(range, call.whole(nth)?)?;
        let mask = part.host_mask();
        let none = || Fault::new(format!("{} has no room for the {nth}. subnet", range.text()));
        let first = next.and_then(|next| if next & mask == 0 { Some(next) } else { (next | mask).checked_add(1) });
        let first = first.filter(|first| *first >= range.first && first | mask <= end).ok_or_else(none)?;
        found.push(Val::text(Range { first, ..part }.text()));
        next = (first | mask).checked_add(1);
    }
    Ok(call.list(found))
}

fn contains(call: &Call<'_>) -> Evaluated {
    let (range, other) = (Range::parse(&call.text(0)?)?, call.text(1)?);
    let inner = if other.contains('/') {
        Range::parse(&other)?
    } else {
        let (first, bits) = number(&other).ok_or_else(|| Fault::new(format!("`{other}` is no address")))?;
        Range { first, prefix: bits, bits }
    };
    Ok(Val::Bool(
        range.bits == inner.bits && range.prefix <= inner.prefix && inner.first & !range.host_mask() == range.first,
    ))
}
