//! How Alertmanager's requests are made: `http_config` and what it holds (prometheus/common 0.38, which 0.25 is built with).

use super::forms::ANY_ADDRESS;
use super::shape::{Kind, Reader, Shape, field};
use mainstay_iac::Node;

const TLS_VERSION: Kind = Kind::Read(is_tls_version, "name one of TLS10, TLS11, TLS12 and TLS13");

fn is_tls_version(text: &str) -> Result<(), String> {
    let known = ["TLS10", "TLS11", "TLS12", "TLS13"];
    if known.contains(&text) { Ok(()) } else { Err(format!("unknown TLS version {text:?}")) }
}

/// `tls_config`.
pub static TLS: Shape = Shape {
    what: "a TLS configuration",
    fields: &[
        ("ca_file", Kind::Text),
        ("cert_file", Kind::Text),
        ("key_file", Kind::Text),
        ("server_name", Kind::Text),
        ("insecure_skip_verify", Kind::Truth),
        ("min_version", TLS_VERSION),
        ("max_version", TLS_VERSION),
    ],
    check: |_, _| {},
};

static BASIC: Shape = Shape {
    what: "a basic authentication",
    fields: &[("username", Kind::Text), ("password", Kind::Text), ("password_file", Kind::Text)],
    check: |_, _| {},
};

static AUTHORIZATION: Shape = Shape {
    what: "an authorization",
    fields: &[("type", Kind::Text), ("credentials", Kind::Text), ("credentials_file", Kind::Text)],
    check: |_, _| {},
};

static OAUTH2: Shape = Shape {
    what: "an OAuth 2.0 client",
    fields: &[
        ("client_id", Kind::Text),
        ("client_secret", Kind::Text),
        ("client_secret_file", Kind::Text),
        ("scopes", Kind::Texts),
        ("token_url", Kind::Text),
        ("endpoint_params", Kind::TextMap),
        ("proxy_url", ANY_ADDRESS),
        ("tls_config", Kind::Part(&TLS)),
    ],
    check: |_, _| {},
};

/// `http_config`.
pub static HTTP: Shape = Shape {
    what: "an HTTP configuration",
    fields: &[
        ("basic_auth", Kind::Part(&BASIC)),
        ("authorization", Kind::Part(&AUTHORIZATION)),
        ("oauth2", Kind::Part(&OAUTH2)),
        ("bearer_token", Kind::Text),
        ("bearer_token_file", Kind::Text),
        ("proxy_url", ANY_ADDRESS),
        ("tls_config", Kind::Part(&TLS)),
        ("follow_redirects", Kind::Truth),
        ("enable_http2", Kind::Truth),
    ],
    check: check_http,
};

/// Whoever asks shows who it is in one way only.
fn check_http(reader: &mut Reader<'_>, node: &Node) {
    let (basic, authorization, oauth2) =
        (field(node, "basic_auth"), field(node, "authorization"), field(node, "oauth2"));
    let bearer = reader.says(node, "bearer_token") || reader.says(node, "bearer_token_file");
    at_most_one(reader, node, &["bearer_token", "bearer_token_file"]);
    let ways = [basic.is_some(), authorization.is_some(), oauth2.is_some(), bearer];
    if ways.iter().filter(|way| **way).count() > 1 {
        let what = "at most one of basic_auth, authorization, oauth2 and bearer_token can be configured";
        reader.error(node, what, "keep one of them");
    }
    if let Some(basic) = basic {
        at_most_one(reader, basic, &["password", "password_file"]);
    }
    if let Some(authorization) = authorization {
        at_most_one(reader, authorization, &["credentials", "credentials_file"]);
        let kind = reader.text(authorization, "type").unwrap_or_default();
        if kind.trim().eq_ignore_ascii_case("basic") {
            reader.error(authorization, "the type of an authorization cannot be basic", "use `basic_auth` instead");
        }
    }
    if let Some(oauth2) = oauth2 {
        for key in ["client_id", "token_url"] {
            reader.must_say(oauth2, &[key]);
        }
        reader.must_say(oauth2, &["client_secret", "client_secret_file"]);
        at_most_one(reader, oauth2, &["client_secret", "client_secret_file"]);
    }
}

/// Refuses a part that says two things of which only one can count.
pub fn at_most_one(reader: &mut Reader<'_>, node: &Node, keys: &[&str]) {
    if keys.iter().filter(|key| reader.says(node, key)).count() > 1 {
        let what = format!("at most one of {} can be configured", keys.join(", "));
        reader.error(node, what, "keep one of them");
    }
}

impl Reader<'_> {
    /// Refuses a part that says none of some fields.
    pub fn must_say(&mut self, node: &Node, keys: &[&str]) {
        if !keys.iter().any(|key| self.says(node, key)) {
            let what = format!("`{}` is missing", keys.join("` or `"));
            self.error(node, what, format!("give `{}` a value", keys[0]));
        }
    }
}
