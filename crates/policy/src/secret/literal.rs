//! What a text that looks like a secret is instead: a reference, a placeholder, a hash, a word.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Signs that a text is filled in later, or names where the secret is kept.
const REFERENCES: &[&str] = &[
    "${",
    "$(",
    "$[",
    "{{",
    "}}",
    "<%",
    "%{",
    "#{",
    "@@",
    "((",
    "{resolve:",
    "enc[",
    "op://",
    "ref+",
    "vault:",
    "arn:aws",
    "ssm:",
    "secretsmanager",
    "keyvault",
    "/run/secrets",
    "secrets/",
    "secretref",
    "file://",
    "{0}",
    "%s",
    "env.",
    "var.",
    "local.",
    "data.",
    "module.",
    "process.env",
    "os.environ",
    "getenv",
    "lookup(",
    "param(",
    "[parameters(",
    "[variables(",
    "[concat(",
    "[reference(",
    "[listkeys(",
    "!ref",
    "!sub",
    "projects/",
];

/// Words of what somebody is to fill in, or made up.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "changeit",
    "replaceme",
    "replace_me",
    "replace-me",
    "dummy",
    "sample",
    "redacted",
    "insert",
    "fixme",
    "foobar",
    "notasecret",
    "not-a-secret",
    "not_a_secret",
    "notreal",
    "xxxx",
    "****",
    "....",
    "____",
    "yourpassword",
    "your_",
    "your-",
    "<your",
    "mysecret",
    "my-secret",
    "my_secret",
    "abcdef",
    "123456",
    "qwerty",
    "deadbeef",
    "lorem",
    "ipsum",
];

/// Words of passwords that nobody takes for real, in letters that leet spelling was undone in.
const WEAK: &[&str] = &[
    "password", "passwort", "passwd", "secret", "test", "demo", "fake", "default", "admin", "letmein", "welcome",
    "hunter2", "nothing", "none", "null", "true", "false", "todo", "unused", "invalid", "user", "token", "apikey",
    "mustbe", "value",
];

/// How a public key, a certificate or a hash begins.
const PUBLIC: &[&str] = &[
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ssh-dss ",
    "ecdsa-sha2-",
    "-----BEGIN PUBLIC",
    "-----BEGIN CERTIFICATE",
    "$2a$",
    "$2b$",
    "$2y$",
    "$1$",
    "$5$",
    "$6$",
    "$y$",
    "$apr1$",
    "$argon2",
    "$pbkdf2",
    "$scrypt",
    "{SHA",
    "{SSHA",
    "sha256:",
    "sha1:",
    "sha384-",
    "sha512-",
    "sha256-",
    "md5:",
    "age1",
    "AQIC",
    "$ANSIBLE_VAULT",
    "vault:v1:",
];

/// Bits a byte: how evenly a text uses its bytes.
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in text {
        counts[*byte as usize] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a secret has fewer bytes than 2^52")]
    let whole = text.len() as f64;
    let share = |count: &u32| f64::from(*count) / whole;
    counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum()
}

/// Why a text is no secret whatever form it has; `None` where it may be one.
pub(super) fn is_filled_in(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if REFERENCES.iter().any(|sign| lower.contains(sign)) || lower.starts_with(['$', '%', '@', '<', '!']) {
        return Some("a reference");
    }
    if PLACEHOLDERS.iter().any(|word| lower.contains(word)) {
        return Some("a placeholder");
    }
    if lower.starts_with("your") {
        return Some("a placeholder");
    }
    if text.ends_with("...") || text.ends_with('…') {
        return Some("cut off");
    }
    if is_regular(text.as_bytes()) {
        return Some("made up: its characters follow a rule");
    }
    None
}

/// Characters that go up or down one by one, or stay, or come again and again.
fn is_regular(text: &[u8]) -> bool {
    let steps = text.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 1).count();
    if text.len() >= 8 && steps * 2 > text.len() {
        return true;
    }
    (1..=text.len() / 2).any(|period| text[period..].iter().zip(text).all(|(a, b)| a == b))
}

/// How a name begins that holds no secret itself but what was made of one.
const MADE_OF: &[&str] = &["hashed", "hash", "digest", "encrypted", "sealed", "masked", "redacted"];

/// The fewest letters of a name that tell that a value repeats it.
const NAME_MIN: usize = 6;

/// Why the name that a text is given to tells that it is no secret.
pub(super) fn is_told_by_name(name: &str, text: &str) -> Option<&'static str> {
    if MADE_OF.iter().any(|word| name.strip_prefix(word).is_some_and(|rest| rest.starts_with('_'))) {
        return Some("a hash, or encrypted, as its name says");
    }
    let name = name.replace('_', "");
    (name.len() >= NAME_MIN && unspelled(text).contains(&name)).then_some("its own name")
}

/// `algorithm$salt$hash` with parameters between, as Django and others keep passwords; those of crypt begin with `$`.
fn is_salted_hash(text: &str) -> bool {
    let mut parts = text.split('$');
    let algorithm = parts.next().unwrap_or_default().to_ascii_lowercase();
    let known = ["md5", "sha1", "sha256", "sha512", "pbkdf2", "argon2", "bcrypt", "scrypt"];
    known.iter().any(|name| algorithm.starts_with(name)) && parts.count() >= 2
}

/// Why a text that is given to a name such as `password` is no secret; `None` where it may be one.
pub(super) fn is_no_password(text: &str) -> Option<&'static str> {
    if PUBLIC.iter().any(|start| text.starts_with(start)) || is_salted_hash(text) {
        return Some("public, a hash, or encrypted");
    }
    if is_uuid(text) {
        return Some("a UUID");
    }
    if text.contains(char::is_whitespace) {
        return Some("words");
    }
    if let Some(why) = is_place(text) {
        return Some(why);
    }
    let plain = unspelled(text);
    if WEAK.iter().any(|word| plain.contains(word)) {
        return Some("a word that nobody takes for a secret");
    }
    if is_words(text) {
        return Some("a name or words");
    }
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let readable =
        decoded.filter(|inner| inner.len() >= 3 && inner.chars().all(|c| !c.is_control() || c.is_whitespace()));
    let inner = readable?;
    is_filled_in(&inner).or_else(|| {
        let plain = unspelled(&inner);
        (WEAK.iter().any(|word| plain.contains(word)) || is_words(inner.trim())).then_some("words in base64")
    })
}

/// An address, a path, a call or a list.
fn is_place(text: &str) -> Option<&'static str> {
    let path = text.starts_with(['/', '~', '.']) || text.contains("\\\\") || text.contains(":/");
    if text.contains("://") || path {
        return Some("a path or an address");
    }
    let called = text.contains('(') && text.ends_with(')') || text.contains("->") || text.contains("::");
    if called || text.ends_with([':', '{', '[', ',']) {
        return Some("an expression");
    }
    None
}

pub(super) fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() == lengths.len()
        && parts.iter().zip(lengths).all(|(part, n)| part.len() == n && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The letters that digits and signs stand for in spellings such as `P@ssw0rd`.
fn unspelled(text: &str) -> String {
    let letter = |c: char| match c.to_ascii_lowercase() {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    };
    text.chars().map(letter).filter(|c| !matches!(c, '-' | '_' | '.')).collect()
}

/// Names and words: parts of letters, with numbers or a short mixture only at the ends of parts.
fn is_words(text: &str) -> bool {
    let parts = text.split(['-', '_', '.', '/', ':', ',', '+', '=', '@', '*']).filter(|part| !part.is_empty());
    parts.into_iter().all(|part| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_number = letters.is_empty();
        let is_word = letters.bytes().all(|byte| byte.is_ascii_alphabetic()) && part.len() - letters.len() <= 4;
        is_number || (is_word && is_spoken(letters))
    })
}

/// Whether letters are upper and lower as words have them, and not longer than words are.
fn is_spoken(letters: &str) -> bool {
    let changes =
        letters.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let ups = changes.count();
    // Words begin with a capital every few letters; random letters change with every second one.
    letters.len() <= 40 && ups * 4 <= letters.len()
}

/// Whether a text mixes kinds of characters as chosen passwords and random texts do.
pub(super) fn is_mixed(text: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| usize::from(text.bytes().any(|byte| kind(&byte)));
    let kinds = has(u8::is_ascii_lowercase)
        + has(u8::is_ascii_uppercase)
        + has(u8::is_ascii_digit)
        + has(u8::is_ascii_punctuation);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    kinds >= 3 || (kinds == 2 && text.len() >= 16 && digits >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_that_of_shannon() {
        assert!((entropy(b"aaaa") - 0.0).abs() < 1e-9);
        assert!((entropy(b"abab") - 1.0).abs() < 1e-9);
        assert!((entropy(b"abcdefgh") - 3.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_filled_in_is_no_secret() {
        for text in [
            "${var.x}",
            "{{ x }}",
            "AKIAIOSFODNN7EXAMPLE",
            "xxxxxxxxxxxx",
            "$PASSWORD",
            "<token>",
            "12345678",
            "ab12ab12ab12",
            "eyJWZXJzaW9uIj...",
            "YourPwdShouldBeLong!",
        ] {
            assert!(is_filled_in(text).is_some(), "{text}");
        }
        for text in ["f7Gq2LmZ9xVb4TnK", "9f86d081884c7d65"] {
            assert_eq!(is_filled_in(text), None, "{text}");
        }
    }

    #[test]
    fn words_names_and_public_texts_are_no_passwords() {
        for text in [
            "my-database-name",
            "prod/db/main",
            "P@ssw0rd123!",
            "somePassword",
            "kubernetes.io/tls",
            "app-v2-eu-west-1",
            "123e4567-e89b-12d3-a456-426614174000",
            "ssh-rsa AAAAB3Nza",
            "$2y$10$abcdefghijk",
            "https://example.com/x",
            "getSecret()",
            "cGFzc3dvcmQxMjM=",
            "MindTheGap",
            "two words",
            "md5$c77N8n6nJPb1$3b35343aac5e46740f6e673521aa53dc",
            "pbkdf2_sha256$12000$ArtiooziRhLZ$5p+eWvKhIKpiE8tTPyUazY6kF5JiUh0zQ==",
        ] {
            assert!(is_no_password(text).is_some(), "{text}");
        }
        for text in ["H8#kd92!xQ", "f7Gq2LmZ9xVb4TnK", "9f86d081884c7d659a2feaa0c55ad015", "Xk2vPq9LmR4t"] {
            assert_eq!(is_no_password(text), None, "{text}");
            assert!(is_mixed(text), "{text}");
        }
    }
    #[test]
    fn a_name_tells_what_was_made_of_a_secret_and_a_value_that_repeats_it() {
        let digest = "bd564db5d5cc358eb0e3523d3e03041739f230d5";
        assert!(is_told_by_name("hashed_secret", digest).is_some());
        assert!(is_told_by_name("encrypted_password", "Xk2vPq9LmR4t").is_some());
        assert!(is_told_by_name("account_key", "base64accountkey==").is_some());
        assert_eq!(is_told_by_name("secret", digest), None);
        assert_eq!(is_told_by_name("db_password", "Xk2vPq9LmR4t"), None);
        assert_eq!(is_told_by_name("unencrypted_password", "Xk2vPq9LmR4t"), None);
    }
}
