//! States and plans that OpenTofu encrypted. The files were made by `tests/oracle/encrypted.py`, an implementation of its
//! own in Python; OpenTofu itself was not at hand.

use mainstay_iac::encrypted::{is_encrypted, open};

const PASSPHRASE: &str = "correct-horse-battery-staple";

fn fixture(name: &str) -> &'static str {
    match name {
        "sha512" => include_str!("fixtures/encrypted/sha512.tfstate"),
        "sha256-192" => include_str!("fixtures/encrypted/sha256-192.tfstate"),
        "sha256-128" => include_str!("fixtures/encrypted/sha256-128.tfstate"),
        _ => include_str!("fixtures/encrypted/plan.out"),
    }
}

/// Code and summary of what stands in the way.
fn refused(text: &str, passphrases: &[&str]) -> (String, String) {
    let diagnostic = open(text.as_bytes(), "x.tfstate", passphrases).expect_err("it must not open");
    (diagnostic.code, diagnostic.summary)
}

#[test]
fn every_hash_and_length_of_key_opens_with_the_passphrase() {
    for name in ["sha512", "sha256-192", "sha256-128"] {
        assert!(is_encrypted(fixture(name).as_bytes()), "{name}");
        let text = open(fixture(name).as_bytes(), "x.tfstate", &["another", PASSPHRASE]).expect("it opens");
        let state: serde_json::Value = serde_json::from_slice(&text).expect("a state");
        assert_eq!(state["resources"][0]["instances"][0]["attributes"]["acl"], "public-read", "{name}");
    }
    let plan = open(fixture("plan").as_bytes(), "plan.out", &[PASSPHRASE]).expect("it opens");
    assert!(plan.starts_with(b"PK"));
    assert!(!is_encrypted(b"{\"version\": 4}") && !is_encrypted(b"resource \"a\" \"b\" {}"));
}

#[test]
fn what_stands_in_the_way_is_said_without_the_passphrase() {
    let text = fixture("sha512");
    let (code, said) = refused(text, &["a-wrong-passphrase"]);
    assert_eq!(code, "encrypted.passphrase");
    assert!(!said.contains("a-wrong-passphrase"), "{said}");
    assert_eq!(refused(text, &[]).0, "encrypted.passphrase");
    let other = text.replace("key_provider.pbkdf2.main", "key_provider.aws_kms.main");
    let (code, said) = refused(&other, &[PASSPHRASE]);
    assert_eq!(code, "encrypted.key-provider");
    assert!(said.contains("aws_kms"), "{said}");
    let (code, said) = refused(&text.replace("\"v0\"", "\"v1\""), &[PASSPHRASE]);
    assert_eq!(code, "encrypted.version");
    assert!(said.contains("v1"), "{said}");
    assert_eq!(refused(&text.replace("\"serial\":7", "\"serial\":8"), &[PASSPHRASE]).0, "encrypted.damaged");
}

#[test]
fn a_damaged_text_is_told_and_never_opened() {
    let text = fixture("sha512");
    let start = text.find("\"encrypted_data\":\"").expect("it is there") + 18;
    let mut damaged = text.to_owned().into_bytes();
    damaged[start + 40] = if damaged[start + 40] == b'A' { b'B' } else { b'A' };
    let damaged = String::from_utf8(damaged).expect("text");
    assert_eq!(
        refused(&damaged, &[PASSPHRASE]).0,
        "encrypted.passphrase",
        "nobody can tell it from a wrong passphrase"
    );
    for (cut, code) in
        [(&text[..text.len() / 2], "encrypted.damaged"), ("{", "encrypted.damaged"), ("", "encrypted.damaged")]
    {
        assert_eq!(refused(cut, &[PASSPHRASE]).0, code, "{cut}");
    }
    let short = format!("{}\"AAAA\",\"encryption_version\":\"v0\"}}", &text[..start - 1]);
    assert_eq!(refused(&short, &[PASSPHRASE]).0, "encrypted.damaged");
}

#[test]
fn a_derivation_that_would_take_for_ever_is_refused() {
    let meta = |json: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(json)
    };
    for (json, word) in [
        (r#"{"salt":"AAAA","iterations":4000000000,"hash_function":"sha512","key_length":32}"#, "rounds"),
        (r#"{"salt":"AAAA","iterations":1000,"hash_function":"md5","key_length":32}"#, "md5"),
        (r#"{"salt":"AAAA","iterations":1000,"hash_function":"sha512","key_length":31}"#, "31"),
        (r#"{"salt":"AAAA"}"#, "cannot be read"),
    ] {
        let text = format!(
            r#"{{"meta":{{"key_provider.pbkdf2.a":"{}"}},"encrypted_data":"{}","encryption_version":"v0"}}"#,
            meta(json),
            "A".repeat(80)
        );
        let (code, said) = refused(&text, &[PASSPHRASE]);
        assert_eq!(code, "encrypted.key-provider");
        assert!(said.contains(word), "{said}");
    }
}
