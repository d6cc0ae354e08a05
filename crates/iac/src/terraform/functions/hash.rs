//! Hashes.

use super::{Call, files};
use crate::terraform::eval::{Evaluated, Fault, Scope};
use crate::terraform::val::Val;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

pub(super) fn call(scope: &Scope<'_>, call: &Call<'_>) -> Option<Evaluated> {
    let name = call.name.strip_prefix("file").unwrap_or(call.name);
    let hash: fn(&[u8]) -> String = match name {
        "md5" => |bytes| hex(&Md5::digest(bytes)),
        "sha1" => |bytes| hex(&Sha1::digest(bytes)),
        "sha256" => |bytes| hex(&Sha256::digest(bytes)),
        "sha512" => |bytes| hex(&Sha512::digest(bytes)),
        "base64sha256" => |bytes| STANDARD.encode(Sha256::digest(bytes)),
        "base64sha512" => |bytes| STANDARD.encode(Sha512::digest(bytes)),
        "uuidv5" => return Some(uuid_v5(call)),
        "uuid" | "bcrypt" | "rsadecrypt" => return Some(Ok(Val::unknown(format!("{name} gives its value at apply")))),
        _ => return None,
    };
    Some(call.text(0).map(|text| {
        if name == call.name {
            return Val::text(hash(text.as_bytes()));
        }
        files::found(scope, &text).map_or_else(|| files::absent(&text), |file| Val::text(hash(&file.bytes)))
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 4122, section 4.3, with SHA-1.
fn uuid_v5(call: &Call<'_>) -> Evaluated {
    let (namespace, name) = (call.text(0)?, call.text(1)?);
    let namespace = match &*namespace {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let digits: String = namespace.chars().filter(|c| *c != '-').collect();
    let space = u128::from_str_radix(&digits, 16)
        .ok()
        .filter(|_| digits.len() == 32)
        .ok_or_else(|| Fault::new("the namespace is no UUID"))?;
    let mut input = space.to_be_bytes().to_vec();
    input.extend_from_slice(name.as_bytes());
    let digest = Sha1::digest(&input);
    let mut bytes: Vec<u8> = digest.iter().copied().take(16).collect();
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex(&bytes);
    Ok(Val::text(format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])))
}
