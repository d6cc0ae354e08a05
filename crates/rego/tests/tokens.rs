//! Tokens: the examples of RFC 7515 and RFC 8037, keys that must not be mixed up, and claims of time.
#![expect(clippy::unwrap_used, reason = "helpers of a test stop at what is wrong")]

use mainstay_rego::{Dialect, Module, Options, Policy};
use serde_json::{Value as Json, json};

/// The value of an expression over `input`; `null` where it is undefined.
fn value(expression: &str, input: &Json) -> Json {
    let text = format!("package t\n\nimport rego.v1\n\nx := {expression}\n");
    let modules = [Module { path: "t.rego".to_owned(), text }];
    let options = Options { now_ns: Some(1_700_000_000_000_000_000), strict: false };
    let policy = Policy::compile(&modules, Dialect::V1, &json!({}), options).unwrap();
    policy.rule("data.t.x", input).unwrap().unwrap_or(Json::Null)
}

/// RFC 7515, appendix A.3.
const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const P256_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// RFC 7515, appendix A.4.
const P521: &str = r#"{"kty":"EC","crv":"P-521",
    "x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    "d":"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"}"#;
const P521_TOKEN: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
/// RFC 8037, appendix A.
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPJHURo"}"#;

/// A key without what is secret in it.
fn public(key: &str) -> String {
    let mut key: Json = serde_json::from_str(key).unwrap();
    key.as_object_mut().unwrap().remove("d");
    key.to_string()
}

#[test]
fn the_examples_of_the_standards_verify() {
    let input = json!({"token": P256_TOKEN, "key": public(P256)});
    assert_eq!(value("io.jwt.verify_es256(input.token, input.key)", &input), true);
    let input = json!({"token": P521_TOKEN, "key": public(P521)});
    assert_eq!(value("io.jwt.verify_es512(input.token, input.key)", &input), true);
    // RFC 8037, appendix A.4.
    let signed = value(
        r#"io.jwt.encode_sign_raw(`{"alg":"EdDSA","typ":"text/plain"}`, "Example of Ed25519 signing", input)"#,
        &Json::from(ED25519),
    );
    assert!(
        signed
            .as_str()
            .unwrap()
            .starts_with("eyJhbGciOiJFZERTQSIsInR5cCI6InRleHQvcGxhaW4ifQ.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.")
    );
}

#[test]
fn a_changed_token_does_not_verify() {
    for at in [P256_TOKEN.len() - 5, P256_TOKEN.find('.').unwrap() + 3] {
        let mut token = P256_TOKEN.as_bytes().to_vec();
        token[at] = if token[at] == b'A' { b'B' } else { b'A' };
        let input = json!({"token": String::from_utf8(token).unwrap(), "key": public(P256)});
        assert_eq!(value("io.jwt.verify_es256(input.token, input.key)", &input), false);
    }
}

#[test]
fn what_a_key_signs_its_public_part_verifies() {
    for (key, algorithm) in [(P256, "ES256"), (P521, "ES512")] {
        let key: Json = serde_json::from_str(key).unwrap();
        let input = json!({"key": key, "public": public(&key.to_string()), "header": {"alg": algorithm}});
        let verified = value(
            r#"io.jwt.decode_verify(io.jwt.encode_sign(input.header, {"sub": "a<b"}, input.key), {"cert": input.public})"#,
            &input,
        );
        assert_eq!(verified, json!([true, {"alg": algorithm}, {"sub": "a<b"}]));
        // ECDSA here derives its numbers from key and message: twice the same.
        let same = "io.jwt.encode_sign(input.header, {}, input.key) == io.jwt.encode_sign(input.header, {}, input.key)";
        assert_eq!(value(same, &input), true);
    }
}

#[test]
fn a_public_key_is_no_shared_secret() {
    // The known attack: a token signed by HMAC with the text of the public key as the secret.
    let input = json!({"key": public(P256)});
    let forged = r#"io.jwt.encode_sign({"alg": "HS256"}, {}, {"kty": "oct", "k": base64url.encode_no_pad(input.key)})"#;
    assert_eq!(value(&format!("io.jwt.decode_verify({forged}, {{\"cert\": input.key}})[0]"), &input), false);
    let none = r#"concat(".", [base64url.encode_no_pad(`{"alg":"none"}`), base64url.encode_no_pad("{}"), ""])"#;
    assert_eq!(value(&format!("io.jwt.decode_verify({none}, {{\"cert\": input.key}})[0]"), &input), false);
    assert_eq!(value(&format!("io.jwt.decode_verify({none}, {{\"secret\": \"s\"}})[0]"), &input), false);
}

#[test]
fn constraints_that_make_no_sense_are_undefined() {
    let input = json!({"token": P256_TOKEN, "key": public(P256)});
    for constraints in [
        "{}",
        r#"{"secret": ""}"#,
        r#"{"cert": input.key, "secret": "s"}"#,
        r#"{"cert": input.key, "other": "x"}"#,
        r#"{"cert": input.key, "time": -1}"#,
        r#"{"cert": "no key"}"#,
    ] {
        assert_eq!(
            value(&format!("io.jwt.decode_verify(input.token, {constraints})"), &input),
            Json::Null,
            "{constraints}"
        );
    }
}

#[test]
fn an_expired_token_is_refused_by_the_given_time() {
    let input = json!({"token": P256_TOKEN, "key": public(P256)});
    let at =
        |time: &str| value(&format!("io.jwt.decode_verify(input.token, {{\"cert\": input.key{time}}})[0]"), &input);
    assert_eq!(at(r#", "time": 1300819379000000000"#), true);
    assert_eq!(at(r#", "time": 1300819380000000000"#), false);
    assert_eq!(at(""), false);
}
