//! What formats of secrets promise beyond their characters: checksums, lengths, contents. Each has a name that a
//! control's block can use.

use super::{key, literal};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// A match and what stands around it.
pub(super) struct Candidate<'t> {
    /// The name that it is given to, as words in lower case with `_` between; empty where it was found by its own form.
    pub name: &'t str,
    pub text: &'t [u8],
    pub start: usize,
    pub end: usize,
}

/// What a check says of a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It is one. Where the secret goes on behind the match, its end.
    Secret(Option<usize>),
    /// It is none, and why.
    Nothing(&'static str),
    /// Nobody can tell, and why. Where it goes on behind the match, its end.
    Open(&'static str, Option<usize>),
}

/// A check by its name.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    name: &'static str,
    run: fn(&Candidate<'_>) -> Said,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const CHECKS: &[Check] = &[
    Check { name: "aws-account", run: aws_account },
    Check { name: "base64", run: base64_text },
    Check { name: "bech32", run: bech32 },
    Check { name: "discord-id", run: discord_id },
    Check { name: "encoded-key", run: key::encoded },
    Check { name: "github-checksum", run: github_checksum },
    Check { name: "json-web-token", run: json_web_token },
    Check { name: "password", run: password },
    Check { name: "private-key", run: key::private },
    Check { name: "user-and-password", run: user_and_password },
];

impl Check {
    pub(super) fn named(name: &str) -> Option<Self> {
        CHECKS.iter().find(|check| check.name == name).copied()
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        CHECKS.iter().map(|check| check.name)
    }

    pub(super) fn run(&self, candidate: &Candidate<'_>) -> Said {
        (self.run)(candidate)
    }
}

impl Candidate<'_> {
    pub(super) fn value(&self) -> &[u8] {
        &self.text[self.start..self.end]
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(self.value()).into_owned()
    }
}

fn yes_if(holds: bool, why: &'static str) -> Said {
    if holds { Said::Secret(None) } else { Said::Nothing(why) }
}

/// Base64 of either alphabet, with or without the signs at its end.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// The bytes that a text in base64 stands for.
pub(super) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let web = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if web { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(alphabet, LENIENT).decode(text).ok()
}

/// CRC-32 as of zip and Ethernet.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// Tokens of GitHub and npm end with the CRC-32 of their random part in base 62.
/// Source: "Behind GitHub's new authentication token formats", github.blog, 2021.
fn github_checksum(candidate: &Candidate<'_>) -> Said {
    let value = candidate.value();
    let random = value.iter().position(|byte| *byte == b'_').map_or(value, |at| &value[at + 1..]);
    let Some(cut) = random.len().checked_sub(6) else { return Said::Nothing("too short for its checksum") };
    let (body, written) = random.split_at(cut);
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32(body) as usize;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % 62];
        rest /= 62;
    }
    yes_if(written == digits, "its checksum does not fit, so nobody issued it")
}

/// Access key ids since 2019 hold the account in base 32, behind their first four characters; an account has at most twelve
/// digits. Ids from before begin their random part with `I` or `J` and hold none.
fn aws_account(candidate: &Candidate<'_>) -> Said {
    let Some(body) = candidate.value().get(4..14) else { return Said::Nothing("too short for an id") };
    let digit = |byte: &u8| match byte {
        b'A'..=b'Z' => Some(u64::from(byte - b'A')),
        b'2'..=b'7' => Some(u64::from(byte - b'2') + 26),
        _ => None,
    };
    let Some(bits) = body.iter().try_fold(0u64, |bits, byte| Some(bits << 5 | digit(byte)?)) else {
        return Said::Nothing("not in base 32");
    };
    // The topmost bit says that there is an account: `Q` to `Z` and the digits.
    if bits >> 49 == 0 {
        return Said::Secret(None);
    }
    // 50 bits were read; the account is 40 of the first 48, behind the topmost.
    let account = (bits >> 2 & 0x7fff_ffff_ff80) >> 7;
    yes_if(account < 1_000_000_000_000, "it holds no account that can be")
}

fn base64_text(candidate: &Candidate<'_>) -> Said {
    yes_if(decoded(candidate.value()).is_some(), "it is no base64")
}

/// Base64 of `user:password`, as registries keep it.
fn user_and_password(candidate: &Candidate<'_>) -> Said {
    let inner = decoded(candidate.value()).and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((_, password)) = inner.as_deref().and_then(|inner| inner.split_once(':')) else {
        return Said::Nothing("it holds no user and password");
    };
    judged_password(password)
}

/// What somebody chose or generated as a password, told from names, words, hashes and references.
fn password(candidate: &Candidate<'_>) -> Said {
    let text = candidate.shown();
    match literal::is_told_by_name(candidate.name, &text) {
        Some(why) => Said::Nothing(why),
        None => judged_password(&text),
    }
}

fn judged_password(text: &str) -> Said {
    if text.len() < 8 {
        return Said::Nothing("too short");
    }
    if let Some(why) = literal::is_filled_in(text).or_else(|| literal::is_no_password(text)) {
        return Said::Nothing(why);
    }
    yes_if(literal::is_mixed(text), "too plain for a password that was generated or chosen with care")
}

/// Three parts in base64, of which two are JSON: the first names an algorithm that signs.
fn json_web_token(candidate: &Candidate<'_>) -> Said {
    let value = candidate.value();
    let mut parts = value.split(|byte| *byte == b'.');
    let mut json = || serde_json::from_slice::<serde_json::Value>(&decoded(parts.next()?)?).ok();
    let (Some(header), Some(claims)) = (json(), json()) else { return Said::Nothing("it does not decode to JSON") };
    let Some(algorithm) = header["alg"].as_str() else { return Said::Nothing("its header names no algorithm") };
    if algorithm.eq_ignore_ascii_case("none") || parts.next().is_none_or(<[u8]>::is_empty) {
        return Said::Nothing("it is not signed");
    }
    // The token that jwt.io shows first.
    if claims["sub"] == "1234567890" || claims["name"] == "John Doe" {
        return Said::Nothing("an example of its documentation");
    }
    if claims["iss"] == "supabase-demo" {
        return Said::Nothing("a key of the demo that everybody has");
    }
    if claims["role"] == "anon" {
        return Said::Nothing("a key that is made to be public");
    }
    Said::Secret(None)
}

/// The first part of a bot's token is its number in base64.
fn discord_id(candidate: &Candidate<'_>) -> Said {
    let first = candidate.value().split(|byte| *byte == b'.').next().unwrap_or_default();
    let number = decoded(first).is_some_and(|id| (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit));
    yes_if(number, "it holds no number of a bot")
}

/// The checksum of BIP 173, which keys of age end with.
fn bech32(candidate: &Candidate<'_>) -> Said {
    const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = candidate.value().to_ascii_lowercase();
    let Some(split) = lower.iter().rposition(|byte| *byte == b'1') else { return Said::Nothing("it has no separator") };
    let (prefix, data) = (&lower[..split], &lower[split + 1..]);
    let digit = |byte: &u8| DIGITS.iter().position(|known| known == byte).and_then(|at| u32::try_from(at).ok());
    let Some(data) = data.iter().map(digit).collect::<Option<Vec<u32>>>() else {
        return Said::Nothing("it has a character that is no digit");
    };
    let high = prefix.iter().map(|byte| u32::from(byte >> 5));
    let low = prefix.iter().map(|byte| u32::from(byte & 31));
    let mut sum = 1u32;
    for value in high.chain([0]).chain(low).chain(data) {
        let top = sum >> 25;
        sum = ((sum & 0x01ff_ffff) << 5) ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            sum ^= if top >> bit & 1 == 1 { *generator } else { 0 };
        }
    }
    yes_if(sum == 1, "its checksum does not fit")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(check: fn(&Candidate<'_>) -> Said, value: &str) -> Said {
        check(&Candidate { name: "", text: value.as_bytes(), start: 0, end: value.len() })
    }

    #[test]
    fn checksums_are_those_of_their_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the check value of the catalogue of CRCs");
        // The two tokens that GitHub and npm show in their own documentation are in pieces here.
        let shown = ["ghp_zQWBuTSOoRi4A9spHcVY5ncnsD", "kxkJ0mLq17"].concat();
        assert_eq!(said(github_checksum, &shown), Said::Secret(None));
        assert!(matches!(said(github_checksum, &shown.replace("zQ", "zR")), Said::Nothing(_)));
        // Valid and damaged texts of BIP 173.
        assert_eq!(said(bech32, "A12UEL5L"), Said::Secret(None));
        assert_eq!(said(bech32, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"), Said::Secret(None));
        assert!(matches!(said(bech32, "A12UEL5M"), Said::Nothing(_)));
    }

    #[test]
    fn an_access_key_id_holds_an_account() {
        // An id that an article on the form shows, of the account 029608264753; it was revoked long ago.
        assert_eq!(said(aws_account, &["ASIAQNZG", "KIQY56JQ7WML"].concat()), Said::Secret(None));
        assert_eq!(said(aws_account, &["AKIAI", "AAAAAAAAAAAAAAA"].concat()), Said::Secret(None));
        assert!(matches!(said(aws_account, &["AKIA", "7777777777777777"].concat()), Said::Nothing(_)));
    }

    #[test]
    fn a_web_token_decodes_and_is_signed() {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let token = |header: &str, claims: &str, end: &str| format!("{}.{}.{end}", encode(header), encode(claims));
        assert_eq!(said(json_web_token, &token(r#"{"alg":"HS256"}"#, r#"{"iss":"a"}"#, "c2ln")), Said::Secret(None));
        for none in [
            token(r#"{"alg":"none"}"#, r#"{"iss":"a"}"#, ""),
            token("not json", "{}", "c2ln"),
            token(r#"{"alg":"HS256"}"#, r#"{"sub":"1234567890"}"#, "c2ln"),
        ] {
            assert!(matches!(said(json_web_token, &none), Said::Nothing(_)), "{none}");
        }
    }
}
