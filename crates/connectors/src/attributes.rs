//! What of a resource's attributes may stand in a fact: enough to judge by, and no secret.
//!
//! Marks of sensitivity in plans and states are not enough: older states have none, and providers forget some. So names
//! that mean secrets, types that hold nothing else, and values that look like keys are left out as well.

use mainstay_iac::{Map, Node, Value as Iac};
use serde_json::{Map as Json, Value};

/// Most bytes of attributes that one fact holds, as JSON.
const ATTRIBUTES_BYTES_MAX: usize = 32 * 1024;

/// Longest text that is kept.
const TEXT_BYTES_MAX: usize = 4 * 1024;

/// Deepest nesting that is kept.
const DEPTH_MAX: usize = 12;

/// Parts of names whose values are secrets, or carry them in passing.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "private_key",
    "privatekey",
    "access_key",
    "accesskey",
    "credential",
    "connection_string",
    "connectionstring",
    "conn_str",
    "api_key",
    "apikey",
    "auth_key",
    "shared_key",
    "primary_key",
    "secondary_key",
    "storage_key",
    "account_key",
    "sas_",
    "kubeconfig",
    "kube_config",
    "kube_admin",
    "user_data",
    "userdata",
    "custom_data",
    "startup_script",
    "metadata_startup",
    "license_key",
    "client_key",
    "ssh_key",
    "keystore",
    "certificate_pem",
    "pfx",
    "bcrypt",
    "base64",
];

/// Names that mean secrets only as a whole.
const SECRET_NAMES: &[&str] = &[
    "key",
    "pin",
    "salt",
    "env",
    "environment",
    "environment_variables",
    "variables",
    "app_settings",
    "container_definitions",
    "last-applied-configuration",
    "stringdata",
    "connection_url",
    "dsn",
];

/// Names that hold a secret word and are harmless: they say where a secret is or how it is kept, not what it is.
const HARMLESS: &[&str] = &[
    "secret_name",
    "secretname",
    "secretref",
    "secretkeyref",
    "secrets_manager",
    "kms_key_id",
    "manage_master_user_password",
    "automountserviceaccounttoken",
    "http_tokens",
    "token_type",
    "imagepullsecrets",
    "disable_password_authentication",
    "iam_database_authentication_enabled",
    "password_policy",
    "minimum_password_length",
    "max_password_age",
    "password_reuse_prevention",
    "enable_password",
];

/// Types that hold secrets and nothing to judge by.
const SECRET_TYPES: &[&str] = &[
    "secret",
    "password",
    "private_key",
    "access_key",
    "ssm_parameter",
    "local_file",
    "sensitive_file",
    "configmap",
    "key_vault_certificate",
    "random_",
    "_token",
    "credential",
];

/// The attributes of a resource of a type that may be kept; empty where there are too many.
pub(crate) fn keep(resource_type: &str, body: &Map) -> Json<String, Value> {
    let lower = resource_type.to_lowercase();
    if SECRET_TYPES.iter().any(|word| lower.contains(word)) {
        return Json::new();
    }
    let mut kept = Json::new();
    for (key, node) in body.iter().filter(|(key, _)| !is_secret_name(key)) {
        if let Some(value) = keep_node(node, 0) {
            kept.insert(key.to_owned(), value);
        }
    }
    if size(&Value::Object(kept.clone())) > ATTRIBUTES_BYTES_MAX {
        // Plain values first: they are small, and most controls look at them.
        kept.retain(|_, value| !value.is_array() && !value.is_object());
    }
    if size(&Value::Object(kept.clone())) > ATTRIBUTES_BYTES_MAX { Json::new() } else { kept }
}

/// A map of texts, such as tags and labels, without those whose names mean secrets.
pub(crate) fn texts(node: Option<&Node>) -> std::collections::BTreeMap<String, String> {
    let Some(Node { value: Iac::Map(map), .. }) = node else { return std::collections::BTreeMap::new() };
    let text = |node: &Node| match &node.value {
        Iac::String(text) if text.len() <= TEXT_BYTES_MAX && !looks_secret(text) => Some(text.to_string()),
        Iac::Number(number) => Some(number.to_string()),
        Iac::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    map.iter()
        .filter(|(key, _)| !is_secret_name(key) || *key == "env" || *key == "environment")
        .filter_map(|(key, node)| Some((key.to_owned(), text(node)?)))
        .collect()
}

fn keep_node(node: &Node, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    match &node.value {
        Iac::Null | Iac::Unknown(_) => None,
        Iac::String(text) if text.is_empty() || text.len() > TEXT_BYTES_MAX || looks_secret(text) => None,
        Iac::List(items) => {
            let kept: Vec<Value> = items.iter().filter_map(|item| keep_node(item, depth + 1)).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Iac::Map(map) => {
            let kept: Json<String, Value> = map
                .iter()
                .filter(|(key, _)| !is_secret_name(key))
                .filter_map(|(key, node)| Some((key.to_owned(), keep_node(node, depth + 1)?)))
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Iac::Bool(_) | Iac::Number(_) | Iac::String(_) => Some(node.to_json()),
    }
}

fn is_secret_name(name: &str) -> bool {
    let lower = name.to_lowercase().replace('-', "_");
    if HARMLESS.iter().any(|harmless| lower.contains(harmless)) {
        return false;
    }
    SECRET_WORDS.iter().any(|word| lower.contains(word))
        || SECRET_NAMES.iter().any(|word| lower == *word || name == *word)
}

/// Whether a text has the form of a key, whatever it is called: PEM, the prefixes of well-known tokens, a password in an
/// address or an argument.
fn looks_secret(text: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "sk_live_",
        "AKIA",
        "ASIA",
        "eyJhbGci",
        "AIza",
    ];
    let lower = text.to_lowercase();
    text.contains("PRIVATE KEY-----")
        || PREFIXES.iter().any(|prefix| text.contains(prefix))
        || ["password=", "passwd=", "pwd=", "token=", "secret=", "accountkey=", "api_key=", "apikey="]
            .iter()
            .any(|word| lower.contains(word))
        || has_password_in_address(text)
}

fn has_password_in_address(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', ' ', '"']).next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_iac::{Origin, json};

    fn kept(resource_type: &str, text: &str) -> Value {
        let node = json::parse(text, Origin::of("a.json")).unwrap();
        let Iac::Map(map) = node.value else { panic!("no map") };
        Value::Object(keep(resource_type, &map))
    }

    #[test]
    fn secrets_go_by_name_by_type_and_by_form_and_the_rest_stays() {
        let text = r#"{"engine": "postgres", "password": "CANARY", "storage_encrypted": true, "empty": null,
            "http_tokens": "required", "environment": {"variables": {"DB": "CANARY"}}, "url": "postgres://a:CANARY@db/x",
            "rule": [{"from_port": 22, "shared_secret": "CANARY"}], "args": ["--port=1", "--password=CANARY"],
            "pem": "-----BEGIN RSA PRIVATE KEY-----CANARY", "master_user_secret": [{"secret_arn": "CANARY"}]}"#;
        let kept_text = kept("aws_db_instance", text);
        assert_eq!(
            kept_text,
            serde_json::json!({"engine": "postgres", "storage_encrypted": true, "http_tokens": "required",
                "rule": [{"from_port": 22}], "args": ["--port=1"]})
        );
        assert_eq!(kept("random_password", "{\"result\": \"CANARY\"}"), serde_json::json!({}));
        assert_eq!(kept("v1/Secret", "{\"data\": {\"a\": \"CANARY\"}}"), serde_json::json!({}));
    }

    #[test]
    fn a_resource_with_too_much_keeps_its_plain_values() {
        let list: Vec<String> = (0..4000).map(|n| format!("\"value-{n}-of-a-long-list\"")).collect();
        let text = format!("{{\"engine\": \"x\", \"list\": [{}]}}", list.join(","));
        assert_eq!(kept("t", &text), serde_json::json!({"engine": "x"}));
    }
}
