//! The signature of a delivery (`X-Hub-Signature-256`): HMAC-SHA-256 of the body, hexadecimal, behind `sha256=`.

use hmac::{Hmac, KeyInit, Mac};
use mainstay_outside::Secret;
use sha2::Sha256;

/// Whether the header is the signature of the body. The comparison takes the same time wherever the two differ.
#[must_use]
pub fn verify(secret: &Secret, body: &[u8], header: &str) -> bool {
    let Some(claimed) = header.trim().strip_prefix("sha256=").and_then(from_hex) else { return false };
    mac(secret, body).verify_slice(&claimed).is_ok()
}

/// The header for a body, as GitHub would send it.
#[must_use]
pub fn sign(secret: &Secret, body: &[u8]) -> String {
    let bytes = mac(secret, body).finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn mac(secret: &Secret, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    mac
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_githubs_documentation_verifies_and_any_change_does_not() {
        // docs.github.com, "Validating webhook deliveries": its values for testing an implementation.
        let secret = Secret::new("It's a Secret to Everybody".to_owned());
        let header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(verify(&secret, b"Hello, World!", header));
        assert_eq!(sign(&secret, b"Hello, World!"), header);
        assert!(!verify(&secret, b"Hello, World?", header));
        assert!(!verify(&Secret::new("another".to_owned()), b"Hello, World!", header));
        for bad in ["", "sha256=", "sha256=75", "sha1=757107ea", "sha256=zz", "sha256=7571\u{e9}"] {
            assert!(!verify(&secret, b"Hello, World!", bad), "{bad}");
        }
    }
}
