//! An echo (RFC 792, RFC 4443) over the socket that Linux gives to users without privilege, where it does.

use super::{Connected, WireError, failed, resolve};
use rustix::net::{AddressFamily, SocketType, ipproto};
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Types of the question and the answer, for addresses of four and of six.
const OF_FOUR: (u8, u8) = (8, 0);
const OF_SIX: (u8, u8) = (128, 129);
/// What is sent along and has to come back.
const PAYLOAD: &[u8; 8] = b"mainstay";

pub(super) fn echo(host: &str, timeout: Duration) -> Result<Connected, WireError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = if bare.contains(':') { format!("[{bare}]:0") } else { format!("{bare}:0") };
    let target = *resolve(&address)?.first().ok_or_else(|| WireError::Failed(format!("{host} has no address")))?;
    let (family, protocol, (question, answer)) = if target.is_ipv4() {
        (AddressFamily::INET, ipproto::ICMP, OF_FOUR)
    } else {
        (AddressFamily::INET6, ipproto::ICMPV6, OF_SIX)
    };
    let hindered = |error: &dyn std::fmt::Display| {
        let mend = "widen net.ipv4.ping_group_range to the group of this process";
        WireError::Hindered(format!("the system does not permit echoes: {error}; {mend}"))
    };
    let socket = rustix::net::socket(family, SocketType::DGRAM, Some(protocol)).map_err(|error| hindered(&error))?;
    let socket = UdpSocket::from(socket);
    let wrong = |error: std::io::Error| match error.kind() {
        ErrorKind::PermissionDenied => hindered(&error),
        _ => failed(host, &error, timeout),
    };
    // Number and checksum are the kernel's business on such a socket; the sequence tells answers apart.
    let sequence = u16::try_from(std::process::id() & 0xffff).unwrap_or(1).to_be_bytes();
    let packet = [&[question, 0, 0, 0, 0, 0], &sequence[..], PAYLOAD].concat();
    let begun = Instant::now();
    socket.send_to(&packet, target).map_err(wrong)?;
    let mut room = [0; 1_500];
    loop {
        let left = timeout.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(failed(host, &ErrorKind::TimedOut.into(), timeout));
        }
        socket.set_read_timeout(Some(left)).map_err(wrong)?;
        let (length, from) = socket.recv_from(&mut room).map_err(wrong)?;
        if length >= 16 && room[0] == answer && room[6..8] == sequence && &room[8..16] == PAYLOAD {
            return Ok(Connected { ip: from.ip(), took: begun.elapsed() });
        }
    }
}
