//! States and plans that OpenTofu encrypted: a JSON object that holds the encrypted text, and beside it what the key
//! provider needs to make the key again. The key provider `pbkdf2` with the method `aes_gcm` is read, which are those
//! that a passphrase opens. Format: OpenTofu's documentation of state and plan encryption, and its `internal/encryption`.

use crate::read::contains;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::aes::Aes192;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mainstay_model::{Diagnostic, Place};
use serde::Deserialize;
use sha2::{Sha256, Sha512};
use std::collections::BTreeMap;

/// The only version of the format that there is.
const VERSION: &str = "v0";

/// Most rounds that are run for a passphrase, of all keys that a file names: some seconds. OpenTofu's default is 600,000.
const ITERATIONS_MAX: u32 = 10_000_000;

/// How far from its start an encrypted file says that it is one.
const HEAD: usize = 16 << 10;

/// Bytes of the nonce before the encrypted text.
const NONCE: usize = 12;

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    serial: Option<u64>,
    #[serde(default)]
    lineage: Option<String>,
    meta: BTreeMap<String, String>,
    encrypted_data: String,
    encryption_version: String,
}

/// What `pbkdf2` keeps beside the text.
#[derive(Deserialize)]
struct Derivation {
    salt: String,
    iterations: u32,
    hash_function: String,
    key_length: usize,
}

/// Whether a file is a state or plan that OpenTofu encrypted, as far as its beginning tells.
#[must_use]
pub fn is_encrypted(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    head.trim_ascii_start().starts_with(b"{") && contains(head, b"\"encrypted_data\"") && contains(head, b"\"meta\"")
}

/// The text of an encrypted file, with the first passphrase that opens it.
///
/// # Errors
/// A diagnostic that says what stands in the way, and never holds a passphrase.
pub fn open(bytes: &[u8], path: &str, passphrases: &[&str]) -> Result<Vec<u8>, Box<Diagnostic>> {
    let wrong =
        |code: &str, summary: String, help: &str| Box::new(Diagnostic::error(code, summary, Place::file(path), help));
    let damaged = |what: &str| {
        let help = "take the file anew from where it is kept; a state also from its backup";
        wrong("encrypted.damaged", format!("the encrypted file is damaged: {what}"), help)
    };
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(|error| {
        let place = Place::at(path, number(error.line()), column(bytes, error.line(), error.column()));
        Box::new(Diagnostic {
            place,
            ..*damaged("it is no JSON object with meta, encrypted_data and encryption_version")
        })
    })?;
    if envelope.encryption_version != VERSION {
        let summary =
            format!("version {:?} of OpenTofu's encryption is not read, but {VERSION}", envelope.encryption_version);
        return Err(wrong(
            "encrypted.version",
            summary,
            "decrypt it with OpenTofu: `tofu state pull`, `tofu show -json PLAN`",
        ));
    }
    let derivations = derivations(&envelope, path)?;
    let data = STANDARD.decode(&envelope.encrypted_data).map_err(|_| damaged("encrypted_data is no base64"))?;
    if data.len() < NONCE + 16 {
        return Err(damaged("encrypted_data is shorter than a nonce and a tag"));
    }
    if passphrases.is_empty() {
        let help = "name its passphrase by reference: --passphrase env:NAME, file:PATH or cmd:COMMAND";
        return Err(wrong(
            "encrypted.passphrase",
            "the file is encrypted, and no passphrase was given".to_owned(),
            help,
        ));
    }
    for passphrase in passphrases {
        for derivation in &derivations {
            if let Some(text) = derivation.key(passphrase).and_then(|key| opened(&key, &data)) {
                return if belongs(&envelope, &text) {
                    Ok(text)
                } else {
                    Err(damaged("its serial or lineage is another's"))
                };
            }
        }
    }
    let summary = "no given passphrase opens the encrypted file".to_owned();
    let help =
        "check the passphrase and that the file is whole; a method other than aes_gcm, or one with `aad`, is not read";
    Err(wrong("encrypted.passphrase", summary, help))
}

/// The column in characters of a place that is told in bytes.
fn column(bytes: &[u8], line: usize, byte: usize) -> u32 {
    let line = bytes.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let before = &line[..byte.saturating_sub(1).min(line.len())];
    number(String::from_utf8_lossy(before).chars().count() + 1)
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// What is known of the keys. A key's name is `key_provider.TYPE.NAME`, or what the configuration calls it.
fn derivations(envelope: &Envelope, path: &str) -> Result<Vec<Ready>, Box<Diagnostic>> {
    let wrong = |summary: String| {
        let help = "decrypt it with OpenTofu: `tofu state pull`, `tofu show -json PLAN`; a passphrase opens what the key \
                    provider pbkdf2 made";
        Box::new(Diagnostic::error("encrypted.key-provider", summary, Place::file(path), help))
    };
    let mut out = Vec::new();
    let mut other = None;
    for (name, meta) in &envelope.meta {
        let kind = name.strip_prefix("key_provider.").and_then(|rest| rest.split('.').next());
        let read = STANDARD.decode(meta).ok().and_then(|json| serde_json::from_slice::<Derivation>(&json).ok());
        match (read, kind) {
            (Some(derivation), None | Some("pbkdf2")) => {
                out.push(
                    Ready::of(&derivation).map_err(|why| wrong(format!("the key of {name} cannot be made: {why}")))?,
                );
            }
            (None, Some("pbkdf2")) => return Err(wrong(format!("what is kept of {name} cannot be read"))),
            (_, kind) => other = Some(kind.unwrap_or(name)),
        }
    }
    if out.iter().map(|ready| u64::from(ready.iterations)).sum::<u64>() > u64::from(ITERATIONS_MAX) {
        return Err(wrong(format!("its {} keys ask for more than {ITERATIONS_MAX} rounds together", out.len())));
    }
    match other {
        Some(kind) => Err(wrong(format!("the key provider {kind} is not read here, because no passphrase opens it"))),
        None if out.is_empty() => Err(wrong("the file names no key provider".to_owned())),
        None => Ok(out),
    }
}

/// A derivation that was checked.
struct Ready {
    salt: Vec<u8>,
    iterations: u32,
    is_sha256: bool,
    key_length: usize,
}

impl Ready {
    fn of(derivation: &Derivation) -> Result<Self, String> {
        let Derivation { salt, iterations, hash_function, key_length } = derivation;
        if *iterations == 0 || *iterations > ITERATIONS_MAX {
            return Err(format!("it asks for {iterations} rounds, and 1 to {ITERATIONS_MAX} are run"));
        }
        if !matches!(key_length, 16 | 24 | 32) {
            return Err(format!("AES has keys of 16, 24 or 32 bytes, not of {key_length}"));
        }
        let is_sha256 = match hash_function.as_str() {
            "sha256" => true,
            "sha512" => false,
            other => return Err(format!("the hash {other:?} is not known")),
        };
        let salt = STANDARD.decode(salt).map_err(|_| "its salt is no base64".to_owned())?;
        Ok(Self { salt, iterations: *iterations, is_sha256, key_length: *key_length })
    }

    /// The key of a passphrase.
    fn key(&self, passphrase: &str) -> Option<Vec<u8>> {
        let mut key = vec![0; self.key_length];
        let passphrase = passphrase.as_bytes();
        if self.is_sha256 {
            pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, &self.salt, self.iterations, &mut key);
        } else {
            pbkdf2::pbkdf2_hmac::<Sha512>(passphrase, &self.salt, self.iterations, &mut key);
        }
        Some(key)
    }
}

/// The text, where the key is the right one and nothing was changed.
fn opened(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    match key.len() {
        16 => decrypted::<Aes128Gcm>(key, data),
        24 => decrypted::<AesGcm<Aes192, U12>>(key, data),
        _ => decrypted::<Aes256Gcm>(key, data),
    }
}

fn decrypted<C: Aead + KeyInit>(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let (nonce, data) = data.split_at_checked(NONCE)?;
    let nonce = Nonce::<C>::try_from(nonce).ok()?;
    C::new_from_slice(key).ok()?.decrypt(&nonce, data).ok()
}

/// Whether the text is the state that the envelope names: serial and lineage stand outside too, where anybody can change them.
fn belongs(envelope: &Envelope, text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Named {
        serial: Option<u64>,
        lineage: Option<String>,
    }
    // A plan has neither and is no JSON.
    let Ok(named) = serde_json::from_slice::<Named>(text) else { return true };
    let differ = |a: &Option<String>, b: &Option<String>| {
        a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| !a.is_empty() && a != b)
    };
    !(envelope.serial.zip(named.serial).is_some_and(|(a, b)| a != b) || differ(&envelope.lineage, &named.lineage))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key that an example in OpenTofu's own source gives for this passphrase and salt.
    #[test]
    fn a_key_is_that_of_opentofu() {
        let salt = [
            0x10, 0xec, 0x3d, 0x3f, 0xe0, 0x2a, 0xd2, 0xbe, 0xe6, 0xf1, 0xf5, 0x54, 0x0f, 0x8e, 0x6b, 0xbe, 0x3b, 0x8b,
            0x29, 0x44, 0x5c, 0xf5, 0x02, 0xd2, 0x7d, 0x47, 0xad, 0x55, 0x4a, 0xa8, 0x97, 0x1f,
        ];
        let ready = Ready { salt: salt.to_vec(), iterations: 600_000, is_sha256: false, key_length: 32 };
        let key = ready.key("correct-horse-battery-staple").unwrap();
        let shown: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown, "225872367198760137e0a18580433447bbf578fbe2b87ff36aef3c175fe5709c");
    }
}
