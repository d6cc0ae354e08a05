//! Certificates, requests and keys that OpenSSL made (`pki/`), and requests to AWS.
#![expect(clippy::unwrap_used, reason = "helpers of a test stop at what is wrong")]
#![expect(clippy::disallowed_methods, reason = "a test reads its fixtures from the disk")]

use mainstay_rego::{Dialect, Module, Options, Policy};
use serde_json::{Value as Json, json};
use std::path::Path;

/// The year 2033; the certificates hold from 2026 for a hundred years.
const NOW_NS: i64 = 2_000_000_000_000_000_000;

/// The value of an expression over `input`; `null` where it is undefined.
fn value(expression: &str, input: &Json) -> Json {
    let text = format!("package t\n\nimport rego.v1\n\nx := {expression}\n");
    let modules = [Module { path: "t.rego".to_owned(), text }];
    let options = Options { now_ns: Some(NOW_NS), strict: false };
    let policy = Policy::compile(&modules, Dialect::V1, &json!({}), options).unwrap();
    policy.rule("data.t.x", input).unwrap().unwrap_or(Json::Null)
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pki").join(name)).unwrap()
}

fn chain() -> String {
    ["root.pem", "mid.pem", "leaf.pem"].map(file).concat()
}

#[test]
fn a_certificate_is_shown_as_go_shows_it() {
    let leaf = value("crypto.x509.parse_certificates(input)[0]", &json!(file("leaf.pem")));
    for (pointer, wanted) in [
        ("/Version", json!(3)),
        ("/SerialNumber", json!(3)),
        ("/Subject/Country", json!(["CH"])),
        ("/Subject/Province", json!(["Bern"])),
        ("/Subject/OrganizationalUnit", json!(["A", "B"])),
        ("/Subject/CommonName", json!("www.example.com")),
        ("/Subject/PostalCode", Json::Null),
        ("/Subject/Names/0", json!({"Type": [2, 5, 4, 6], "Value": "CH"})),
        ("/Issuer/CommonName", json!("Example Intermediate")),
        ("/SignatureAlgorithm", json!(11)),
        ("/PublicKeyAlgorithm", json!(1)),
        ("/PublicKey/E", json!(65537)),
        ("/KeyUsage", json!(5)),
        ("/ExtKeyUsage", json!([1])),
        ("/UnknownExtKeyUsage", Json::Null),
        ("/BasicConstraintsValid", json!(true)),
        ("/IsCA", json!(false)),
        ("/MaxPathLen", json!(-1)),
        ("/DNSNames", json!(["www.example.com", "example.com"])),
        ("/EmailAddresses", json!(["a@example.com"])),
        ("/IPAddresses", json!(["192.0.2.7", "2001:db8::1"])),
        ("/URIStrings", json!(["https://example.com/x?y=1"])),
        ("/URIs/0/Host", json!("example.com")),
        ("/URIs/0/Path", json!("/x")),
        ("/URIs/0/RawQuery", json!("y=1")),
        ("/CRLDistributionPoints", json!(["http://example.com/c.crl"])),
        ("/OCSPServer", json!(["http://ocsp.example.com"])),
    ] {
        assert_eq!(leaf.pointer(pointer), Some(&wanted), "{pointer}");
    }
    let root = value("crypto.x509.parse_certificates(input)[0]", &json!(file("root.pem")));
    assert_eq!((&root["IsCA"], &root["MaxPathLen"]), (&json!(true), &json!(1)));
    // 2^127 - 1, which no float holds.
    let exact = "crypto.x509.parse_certificates(input)[0].SerialNumber == 170141183460469231731687303715884105727";
    assert_eq!(value(exact, &json!(file("root.pem"))), true);
}

#[test]
fn a_chain_is_verified_from_the_first_to_the_last() {
    let names = "[c.Subject.CommonName | some c in crypto.x509.parse_and_verify_certificates(input)[1]]";
    assert_eq!(value(names, &json!(chain())), json!(["www.example.com", "Example Intermediate", "Example Root"]));
    let valid = |certificates: &[&str], options: &str| {
        let pem: String = certificates.iter().map(|name| file(name)).collect();
        let call = format!("crypto.x509.parse_and_verify_certificates_with_options(input, {options})[0]");
        value(&call, &json!(pem))
    };
    let all = ["root.pem", "mid.pem", "leaf.pem"];
    for (certificates, options, wanted) in [
        (&all[..], "{}", true),
        (&all[..], r#"{"DNSName": "example.com"}"#, true),
        (&all[..], r#"{"DNSName": "other.com"}"#, false),
        (&all[..], r#"{"KeyUsages": ["KeyUsageServerAuth"]}"#, true),
        (&all[..], r#"{"KeyUsages": {"KeyUsageClientAuth"}}"#, false),
        (&all[..], r#"{"KeyUsages": ["KeyUsageClientAuth", "KeyUsageAny"]}"#, true),
        (&all[..], r#"{"CurrentTime": 1000000000000000000}"#, false),
        (&["root.pem", "leaf.pem"], "{}", false),
        (&["mid.pem", "root.pem", "leaf.pem"], "{}", true),
        (&["leaf.pem", "mid.pem", "root.pem"], "{}", false),
        (&["leaf.pem"], "{}", false),
        (&[], "{}", false),
    ] {
        assert_eq!(valid(certificates, options), wanted, "{certificates:?} {options}");
    }
    assert_eq!(valid(&all, r#"{"Other": 1}"#), Json::Null);
    assert_eq!(valid(&all, r#"{"KeyUsages": ["Other"]}"#), Json::Null);
}

#[test]
fn a_request_shows_what_is_asked_for() {
    let request = value("crypto.x509.parse_certificate_request(input)", &json!(file("leaf.csr")));
    assert_eq!(request["Subject"]["CommonName"], "www.example.com");
    assert_eq!(request["DNSNames"], json!(["www.example.com"]));
    assert_eq!(request["SignatureAlgorithm"], 4);
}

#[test]
fn a_key_belongs_to_its_certificate_or_not() {
    let pair = |key: &str| {
        let input = json!({"certificate": file("leaf.pem"), "key": file(key)});
        value("count(crypto.x509.parse_keypair(input.certificate, input.key).Certificate)", &input)
    };
    assert_eq!((pair("leaf.key"), pair("leaf.p8")), (json!(1), json!(1)));
    assert_eq!((pair("root.key"), pair("leaf.pem")), (Json::Null, Json::Null));
}

#[test]
fn a_key_that_was_read_signs_what_its_certificate_verifies() {
    for (key, certificate, algorithm) in [("leaf.key", "leaf.pem", "rs384"), ("root.key", "root.pem", "es256")] {
        let input = json!({"key": file(key), "certificate": file(certificate), "alg": algorithm.to_uppercase()});
        let call = format!(
            r#"io.jwt.verify_{algorithm}(io.jwt.encode_sign({{"alg": input.alg}}, {{}}, crypto.x509.parse_rsa_private_key(input.key)), input.certificate)"#
        );
        assert_eq!(value(&call, &input), true, "{key}");
    }
    let kinds = "[k.kty | some k in [crypto.x509.parse_rsa_private_key(key) | some key in input]]";
    let keys = ["leaf.key", "leaf.p8", "root.key", "ed.key"].map(file);
    assert_eq!(value(kinds, &json!(keys)), json!(["RSA", "RSA", "EC", "OKP"]));
    let all = value("crypto.parse_private_keys(input)", &json!(keys.concat()));
    assert_eq!(all.as_array().map(Vec::len), Some(4));
    assert_eq!(value("count(crypto.parse_private_keys(input)[0].Primes)", &json!(keys[0])), 2);
}

/// The example `get-vanilla` of AWS's own suite for Signature Version 4.
#[test]
fn a_request_to_aws_is_signed_as_aws_does() {
    let input = json!({
        "request": {"method": "GET", "url": "https://example.amazonaws.com/"},
        "config": {
            "aws_access_key": "AKIDEXAMPLE",
            "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "aws_region": "us-east-1",
            "aws_service": "service",
        },
    });
    // 30 August 2015, 12:36:00.
    let signed = value("providers.aws.sign_req(input.request, input.config, 1440938160000000000).headers", &input);
    let authorization = signed["Authorization"].as_str().unwrap();
    let wanted = "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    assert!(authorization.ends_with(wanted), "{authorization}");
}
