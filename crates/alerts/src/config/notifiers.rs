//! The ways in which a receiver is told, with their fields and what must hold for each.

use super::forms::{ADDRESS, GO_SPAN, HOST_PORT, SECRET_ADDRESS, SPAN};
use super::http::{HTTP, TLS, at_most_one};
use super::shape::{Kind, Reader, Shape, field, items};
use mainstay_iac::Node;
use std::collections::HashSet;

/// A way to tell a receiver.
pub struct Notifier {
    /// Its field in a receiver: `webhook_configs`.
    pub key: &'static str,
    /// Its name in logs, metrics and keys: `webhook`.
    pub name: &'static str,
    /// Its fields.
    pub shape: &'static Shape,
    /// Whether it says that alerts resolved, where its configuration leaves that open.
    pub send_resolved: bool,
}

const fn notifier(key: &'static str, name: &'static str, shape: &'static Shape, send_resolved: bool) -> Notifier {
    Notifier { key, name, shape, send_resolved }
}

/// All of 0.25.
pub static NOTIFIERS: [Notifier; 12] = [
    notifier("discord_configs", "discord", &DISCORD, true),
    notifier("email_configs", "email", &EMAIL, false),
    notifier("pagerduty_configs", "pagerduty", &PAGERDUTY, true),
    notifier("slack_configs", "slack", &SLACK, false),
    notifier("webhook_configs", "webhook", &WEBHOOK, true),
    notifier("opsgenie_configs", "opsgenie", &OPSGENIE, true),
    notifier("wechat_configs", "wechat", &WECHAT, false),
    notifier("pushover_configs", "pushover", &PUSHOVER, true),
    notifier("victorops_configs", "victorops", &VICTOROPS, true),
    notifier("sns_configs", "sns", &SNS, true),
    notifier("telegram_configs", "telegram", &TELEGRAM, true),
    notifier("webex_configs", "webex", &WEBEX, true),
];

static DISCORD: Shape = Shape {
    what: "a configuration of Discord",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("webhook_url", SECRET_ADDRESS),
        ("title", Kind::Text),
        ("message", Kind::Text),
    ],
    check: |reader, node| reader.must_say(node, &["webhook_url"]),
};

static EMAIL: Shape = Shape {
    what: "a configuration of e-mail",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("to", Kind::Text),
        ("from", Kind::Text),
        ("hello", Kind::Text),
        ("smarthost", HOST_PORT),
        ("auth_username", Kind::Text),
        ("auth_password", Kind::Text),
        ("auth_password_file", Kind::Text),
        ("auth_secret", Kind::Text),
        ("auth_identity", Kind::Text),
        ("headers", Kind::TextMap),
        ("html", Kind::Text),
        ("text", Kind::Text),
        ("require_tls", Kind::Truth),
        ("tls_config", Kind::Part(&TLS)),
    ],
    check: |reader, node| {
        reader.must_say(node, &["to"]);
        let mut seen = HashSet::new();
        for (name, _, at) in reader.pairs(node, "headers") {
            if !seen.insert(name.to_ascii_lowercase()) {
                reader.error(
                    at,
                    format!("the header {name} stands twice"),
                    "keep one; upper and lower case are the same",
                );
            }
        }
    },
};

static IMAGE: Shape = Shape {
    what: "an image",
    fields: &[("src", Kind::Text), ("alt", Kind::Text), ("href", Kind::Text)],
    check: |_, _| {},
};

static LINK: Shape = Shape { what: "a link", fields: &[("href", Kind::Text), ("text", Kind::Text)], check: |_, _| {} };

static PAGERDUTY: Shape = Shape {
    what: "a configuration of PagerDuty",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("service_key", Kind::Text),
        ("service_key_file", Kind::Text),
        ("routing_key", Kind::Text),
        ("routing_key_file", Kind::Text),
        ("url", ADDRESS),
        ("client", Kind::Text),
        ("client_url", Kind::Text),
        ("description", Kind::Text),
        ("details", Kind::TextMap),
        ("images", Kind::Parts(&IMAGE)),
        ("links", Kind::Parts(&LINK)),
        ("source", Kind::Text),
        ("severity", Kind::Text),
        ("class", Kind::Text),
        ("component", Kind::Text),
        ("group", Kind::Text),
    ],
    check: |reader, node| {
        reader.must_say(node, &["routing_key", "service_key", "routing_key_file", "service_key_file"]);
        at_most_one(reader, node, &["routing_key", "routing_key_file"]);
        at_most_one(reader, node, &["service_key", "service_key_file"]);
    },
};

static CONFIRM: Shape = Shape {
    what: "a confirmation",
    fields: &[("text", Kind::Text), ("title", Kind::Text), ("ok_text", Kind::Text), ("dismiss_text", Kind::Text)],
    check: |reader, node| reader.must_say(node, &["text"]),
};

static ACTION: Shape = Shape {
    what: "an action of Slack",
    fields: &[
        ("type", Kind::Text),
        ("text", Kind::Text),
        ("url", Kind::Text),
        ("style", Kind::Text),
        ("name", Kind::Text),
        ("value", Kind::Text),
        ("confirm", Kind::Part(&CONFIRM)),
    ],
    check: |reader, node| {
        reader.must_say(node, &["type"]);
        reader.must_say(node, &["text"]);
        reader.must_say(node, &["url", "name"]);
    },
};

static FIELD: Shape = Shape {
    what: "a field of Slack",
    fields: &[("title", Kind::Text), ("value", Kind::Text), ("short", Kind::Truth)],
    check: |reader, node| {
        reader.must_say(node, &["title"]);
        reader.must_say(node, &["value"]);
    },
};

static SLACK: Shape = Shape {
    what: "a configuration of Slack",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("api_url", SECRET_ADDRESS),
        ("api_url_file", Kind::Text),
        ("channel", Kind::Text),
        ("username", Kind::Text),
        ("color", Kind::Text),
        ("title", Kind::Text),
        ("title_link", Kind::Text),
        ("pretext", Kind::Text),
        ("text", Kind::Text),
        ("fields", Kind::Parts(&FIELD)),
        ("short_fields", Kind::Truth),
        ("footer", Kind::Text),
        ("fallback", Kind::Text),
        ("callback_id", Kind::Text),
        ("icon_emoji", Kind::Text),
        ("icon_url", Kind::Text),
        ("image_url", Kind::Text),
        ("thumb_url", Kind::Text),
        ("link_names", Kind::Truth),
        ("mrkdwn_in", Kind::Texts),
        ("actions", Kind::Parts(&ACTION)),
    ],
    check: |reader, node| at_most_one(reader, node, &["api_url", "api_url_file"]),
};

static WEBHOOK: Shape = Shape {
    what: "a configuration of a webhook",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("url", ADDRESS),
        ("max_alerts", Kind::Natural),
    ],
    check: |reader, node| reader.must_say(node, &["url"]),
};

static RESPONDER: Shape = Shape {
    what: "a responder",
    fields: &[("id", Kind::Text), ("name", Kind::Text), ("username", Kind::Text), ("type", Kind::Text)],
    check: |reader, node| {
        reader.must_say(node, &["id", "name", "username"]);
        let kind = reader.text(node, "type").unwrap_or_default();
        let known = ["team", "teams", "user", "escalation", "schedule"];
        if !kind.contains("{{") && !known.contains(&&*kind.to_lowercase()) {
            reader.error(
                node,
                format!("{kind:?} is no type of a responder"),
                format!("there are {}", known.join(", ")),
            );
        }
    },
};

static OPSGENIE: Shape = Shape {
    what: "a configuration of Opsgenie",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("api_key", Kind::Text),
        ("api_key_file", Kind::Text),
        ("api_url", ADDRESS),
        ("message", Kind::Text),
        ("description", Kind::Text),
        ("source", Kind::Text),
        ("details", Kind::TextMap),
        ("entity", Kind::Text),
        ("responders", Kind::Parts(&RESPONDER)),
        ("actions", Kind::Text),
        ("tags", Kind::Text),
        ("note", Kind::Text),
        ("priority", Kind::Text),
        ("update_alerts", Kind::Truth),
    ],
    check: |reader, node| at_most_one(reader, node, &["api_key", "api_key_file"]),
};

static WECHAT: Shape = Shape {
    what: "a configuration of WeChat",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("api_secret", Kind::Text),
        ("corp_id", Kind::Text),
        ("message", Kind::Text),
        ("api_url", ADDRESS),
        ("to_user", Kind::Text),
        ("to_party", Kind::Text),
        ("to_tag", Kind::Text),
        ("agent_id", Kind::Text),
        ("message_type", Kind::Text),
    ],
    check: |reader, node| {
        let kind = reader.text(node, "message_type").unwrap_or_else(|| "text".to_owned());
        if kind != "text" && kind != "markdown" {
            reader.error(node, format!("{kind:?} is no type of a message"), "there are text and markdown");
        }
    },
};

static PUSHOVER: Shape = Shape {
    what: "a configuration of Pushover",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("user_key", Kind::Text),
        ("token", Kind::Text),
        ("title", Kind::Text),
        ("message", Kind::Text),
        ("url", Kind::Text),
        ("url_title", Kind::Text),
        ("sound", Kind::Text),
        ("priority", Kind::Text),
        ("retry", GO_SPAN),
        ("expire", GO_SPAN),
        ("html", Kind::Truth),
    ],
    check: |reader, node| {
        reader.must_say(node, &["user_key"]);
        reader.must_say(node, &["token"]);
    },
};

static VICTOROPS: Shape = Shape {
    what: "a configuration of VictorOps",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("api_key", Kind::Text),
        ("api_key_file", Kind::Text),
        ("api_url", ADDRESS),
        ("routing_key", Kind::Text),
        ("message_type", Kind::Text),
        ("state_message", Kind::Text),
        ("entity_display_name", Kind::Text),
        ("monitoring_tool", Kind::Text),
        ("custom_fields", Kind::TextMap),
    ],
    check: |reader, node| {
        reader.must_say(node, &["routing_key"]);
        at_most_one(reader, node, &["api_key", "api_key_file"]);
        let taken = [
            "routing_key",
            "message_type",
            "state_message",
            "entity_display_name",
            "monitoring_tool",
            "entity_id",
            "entity_state",
        ];
        for (name, _, at) in reader.pairs(node, "custom_fields") {
            if taken.contains(&name) {
                reader.error(
                    at,
                    format!("{name} cannot be a custom field: it is one of VictorOps' own"),
                    "give it another name",
                );
            }
        }
    },
};

static SIGV4: Shape = Shape {
    what: "a signature of AWS",
    fields: &[
        ("region", Kind::Text),
        ("access_key", Kind::Text),
        ("secret_key", Kind::Text),
        ("profile", Kind::Text),
        ("role_arn", Kind::Text),
    ],
    check: |reader, node| {
        if reader.says(node, "access_key") != reader.says(node, "secret_key") {
            reader.error(node, "`access_key` and `secret_key` go together", "give both or none");
        }
    },
};

static SNS: Shape = Shape {
    what: "a configuration of SNS",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("api_url", Kind::Text),
        ("sigv4", Kind::Part(&SIGV4)),
        ("topic_arn", Kind::Text),
        ("phone_number", Kind::Text),
        ("target_arn", Kind::Text),
        ("subject", Kind::Text),
        ("message", Kind::Text),
        ("attributes", Kind::TextMap),
    ],
    check: |reader, node| {
        // Alertmanager joins its three tests by "differs from", so that all three at once pass as one alone does.
        let said = ["target_arn", "topic_arn", "phone_number"].iter().filter(|key| reader.says(node, key)).count();
        if said % 2 == 0 {
            let what = "one of `topic_arn`, `target_arn` and `phone_number` is needed";
            reader.error(node, what, "give the one that is meant");
        }
    },
};

static TELEGRAM: Shape = Shape {
    what: "a configuration of Telegram",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("api_url", ADDRESS),
        ("bot_token", Kind::Text),
        ("chat_id", Kind::Whole),
        ("message", Kind::Text),
        ("disable_notifications", Kind::Truth),
        ("parse_mode", Kind::Text),
    ],
    check: |reader, node| {
        reader.must_say(node, &["bot_token"]);
        if reader.text(node, "chat_id").is_none_or(|id| id == "0") {
            reader.error(node, "`chat_id` is missing", "give the number of the chat");
        }
        let mode = reader.text(node, "parse_mode").unwrap_or_default();
        if !["", "Markdown", "MarkdownV2", "HTML"].contains(&&*mode) {
            reader.error(
                node,
                format!("{mode:?} is no way to write a message"),
                "there are Markdown, MarkdownV2 and HTML",
            );
        }
    },
};

static WEBEX: Shape = Shape {
    what: "a configuration of Webex",
    fields: &[
        ("send_resolved", Kind::Truth),
        ("http_config", Kind::Part(&HTTP)),
        ("api_url", ADDRESS),
        ("message", Kind::Text),
        ("room_id", Kind::Text),
    ],
    check: |reader, node| {
        reader.must_say(node, &["room_id"]);
        let http = field(node, "http_config");
        let token =
            http.is_some_and(|http| ["bearer_token", "bearer_token_file"].iter().any(|key| reader.says(http, key)));
        if http.and_then(|http| field(http, "authorization")).is_none() && !token {
            reader.error(node, "`http_config.authorization` is missing", "Webex demands a token");
        }
    },
};

/// What `global` must say for a receiver that leaves it out.
pub fn check_with_global(reader: &mut Reader<'_>, receiver: &Node, global: Option<&Node>) {
    let says = |reader: &Reader<'_>, keys: &[&str]| global.is_some_and(|g| keys.iter().any(|key| reader.says(g, key)));
    let needs = |reader: &mut Reader<'_>, configs: &str, own: &[&str], global: &[&str]| {
        for item in items(field(receiver, configs)) {
            let covered = own.iter().any(|key| reader.says(item, key)) || says(reader, global);
            if !covered {
                let what = format!("neither `{}` nor the global `{}` is set", own[0], global[0]);
                reader.error(item, what, format!("give `{}` a value here or in `global`", own[0]));
            }
        }
    };
    needs(reader, "email_configs", &["smarthost"], &["smtp_smarthost"]);
    needs(reader, "email_configs", &["from"], &["smtp_from"]);
    needs(reader, "slack_configs", &["api_url", "api_url_file"], &["slack_api_url", "slack_api_url_file"]);
    needs(reader, "opsgenie_configs", &["api_key", "api_key_file"], &["opsgenie_api_key", "opsgenie_api_key_file"]);
    needs(reader, "wechat_configs", &["api_secret"], &["wechat_api_secret"]);
    needs(reader, "wechat_configs", &["corp_id"], &["wechat_api_corp_id"]);
    needs(reader, "victorops_configs", &["api_key", "api_key_file"], &["victorops_api_key", "victorops_api_key_file"]);
}

/// `global`.
pub static GLOBAL: Shape = Shape {
    what: "the global part",
    fields: &[
        ("resolve_timeout", SPAN),
        ("http_config", Kind::Part(&HTTP)),
        ("smtp_from", Kind::Text),
        ("smtp_hello", Kind::Text),
        ("smtp_smarthost", HOST_PORT),
        ("smtp_auth_username", Kind::Text),
        ("smtp_auth_password", Kind::Text),
        ("smtp_auth_password_file", Kind::Text),
        ("smtp_auth_secret", Kind::Text),
        ("smtp_auth_identity", Kind::Text),
        ("smtp_require_tls", Kind::Truth),
        ("slack_api_url", SECRET_ADDRESS),
        ("slack_api_url_file", Kind::Text),
        ("pagerduty_url", ADDRESS),
        ("opsgenie_api_url", ADDRESS),
        ("opsgenie_api_key", Kind::Text),
        ("opsgenie_api_key_file", Kind::Text),
        ("wechat_api_url", ADDRESS),
        ("wechat_api_secret", Kind::Text),
        ("wechat_api_corp_id", Kind::Text),
        ("victorops_api_url", ADDRESS),
        ("victorops_api_key", Kind::Text),
        ("victorops_api_key_file", Kind::Text),
        ("telegram_api_url", ADDRESS),
        ("webex_api_url", ADDRESS),
    ],
    check: |reader, node| {
        for pair in [
            ["slack_api_url", "slack_api_url_file"],
            ["opsgenie_api_key", "opsgenie_api_key_file"],
            ["victorops_api_key", "victorops_api_key_file"],
            ["smtp_auth_password", "smtp_auth_password_file"],
        ] {
            at_most_one(reader, node, &pair);
        }
    },
};
