//! What the language means, rule by rule.

use crate::testing::{among, complaint, judged, verdict};
use mainstay_model::Verdict::{Fail, Pass, Unknown};
use serde_json::json;

#[test]
fn unknown_spreads_only_where_it_decides() {
    let x = json!({"u": "$unknown"});
    assert_eq!(verdict("u == 1 and false", &x), Fail);
    assert_eq!(verdict("false and u == 1", &x), Fail);
    assert_eq!(verdict("u == 1 or true", &x), Pass);
    assert_eq!(verdict("u == 1 and true", &x), Unknown);
    assert_eq!(verdict("u == 1 or false", &x), Unknown);
    assert_eq!(verdict("not (u == 1)", &x), Unknown);
    assert_eq!(verdict("u == 1 implies true", &x), Pass);
    assert_eq!(verdict("false implies u == 1", &x), Pass);
    assert_eq!(verdict("u in [1, 2]", &x), Unknown);
    assert_eq!(verdict("u matches \"a\"", &x), Unknown);
    assert_eq!(verdict("u < 3", &x), Unknown);
    assert_eq!(verdict("u ?? true", &x), Unknown);
    assert_eq!(verdict("u.deeper.still == 1", &x), Unknown);
    assert_eq!(verdict("len(u) == 1", &x), Unknown);
}

#[test]
fn missing_is_null_and_not_unknown() {
    let x = json!({"written_null": null});
    assert_eq!(verdict("a == null and written_null == null", &x), Pass);
    assert_eq!(verdict("a.b.c == null", &x), Pass);
    assert_eq!(verdict("a == true", &x), Fail);
    assert_eq!(verdict("a != true", &x), Pass);
    assert_eq!(verdict("a", &x), Fail);
    assert_eq!(verdict("a < 5", &x), Fail);
    assert_eq!(verdict("not (a < 5)", &x), Pass);
    assert_eq!(verdict("a ?? true", &x), Pass);
    assert_eq!(verdict("has(a)", &x), Fail);
    assert_eq!(verdict("a in [\"x\"]", &x), Fail);
    assert_eq!(verdict("none i in a: true", &x), Pass);
    assert_eq!(verdict("any i in a: true", &x), Fail);
    assert_eq!(verdict("all i in a: false", &x), Pass);
    assert_eq!(verdict("a contains \"x\" or a starts_with \"x\" or a matches \"x\"", &x), Fail);
}

#[test]
fn values_are_converted_as_terraform_does() {
    let x = json!({"t": "true", "f": false, "n": "12", "m": 12.0, "w": "twelve"});
    assert_eq!(verdict("t == true and t", &x), Pass);
    assert_eq!(verdict("f == \"false\" and not f", &x), Pass);
    assert_eq!(verdict("n == 12 and m == \"12\" and n == m", &x), Pass);
    assert_eq!(verdict("n >= 12 and n <= 12 and n > 11.5 and n < 13", &x), Pass);
    assert_eq!(verdict("t == 1", &x), Fail);
    assert_eq!(verdict("w > 3", &x), Unknown);
    assert_eq!(verdict("w", &x), Unknown);
}

#[test]
fn a_block_alone_reads_like_its_only_item() {
    let listed = json!({"v": [{"enabled": true}], "e": []});
    let bare = json!({"v": {"enabled": true}});
    for x in [&listed, &bare] {
        assert_eq!(verdict("v.enabled", x), Pass);
        assert_eq!(verdict("any b in v: b.enabled", x), Pass);
        assert_eq!(verdict("v[0].enabled", x), Pass);
    }
    assert_eq!(verdict("e.enabled == null and has(e) and empty(e)", &listed), Pass);
}

#[test]
fn quantifiers_walk_lists_and_maps() {
    let x = json!({"r": [{"p": 22, "c": ["10.0.0.0/8"]}, {"p": 80, "c": ["0.0.0.0/0", "::/0"]}], "tags": {"Owner": "a", "Env": "b"}});
    assert_eq!(verdict("any r in r: r.p == 80", &x), Pass);
    assert_eq!(verdict("all i in r: i.p > 80", &x), Fail);
    assert_eq!(verdict("none i in r: is_open_cidr(i.c) and i.p == 22", &x), Pass);
    assert_eq!(verdict("any i in r: all c in i.c: is_open_cidr(c)", &x), Pass);
    assert_eq!(verdict("any k, v in tags: k == \"Env\" and v == \"b\"", &x), Pass);
    assert_eq!(verdict("(count i in r: i.p < 100) == 2", &x), Pass);
    assert_eq!(verdict("len(filter i in r: i.p == 22) == 1", &x), Pass);
    assert_eq!(verdict("r[*].c contains \"::/0\" and len(r[*].c[*]) == 3", &x), Pass);
    assert_eq!(
        verdict("let open = any i in r: is_open_cidr(i.c)\nany i in r: i.p == 22 and open and i.p == 22", &x),
        Pass
    );
}

#[test]
fn an_unknown_item_leaves_open_what_it_could_change() {
    let x = json!({"l": ["a", "$unknown"], "u": "$unknown"});
    assert_eq!(verdict("any i in l: i == \"a\"", &x), Pass);
    assert_eq!(verdict("any i in l: i == \"b\"", &x), Unknown);
    assert_eq!(verdict("all i in l: i == \"b\"", &x), Fail);
    assert_eq!(verdict("none i in l: i == \"b\"", &x), Unknown);
    assert_eq!(verdict("l contains \"b\"", &x), Unknown);
    assert_eq!(verdict("none i in u: false", &x), Unknown);
    assert_eq!(verdict("(count i in l: i == \"b\") == 0", &x), Unknown);
}

#[test]
fn a_reference_is_set_though_its_value_is_unknown() {
    let x = json!({"key": "$ref:aws_kms_key.k", "u": "$unknown"});
    assert_eq!(verdict("has(key) and key != null", &x), Pass);
    assert_eq!(verdict("key == \"x\"", &x), Unknown);
    assert_eq!(verdict("has(u)", &x), Unknown);
}

#[test]
fn related_resources_are_found_in_both_directions() {
    let rule = "any v in referrers(\"v\", \"bucket\"): v.on == true";
    assert_eq!(among(rule, &json!({"t.x": {}, "v.a": {"bucket": "$ref:t.x", "on": true}})).expect("applies").0, Pass);
    let other = json!({"t.x": {}, "t.y": {}, "v.a": {"bucket": "$ref:t.y", "on": true}});
    let (found, why) = among(rule, &other).expect("applies");
    assert_eq!((found, why.as_str()), (Fail, "no v refers to it"));
    let (found, why) = among("any v in referrers(\"*\"): v.on == true", &other).expect("applies");
    assert_eq!((found, why.as_str()), (Fail, "no resource refers to it"));
    let through_another = json!({"t.x": {}, "v.a": {"log": "$ref:t.x", "on": true}});
    assert_eq!(among(rule, &through_another).expect("applies").0, Fail);
    let out = "any s in targets(\"s\", \"net.subnet\"): s.public == false";
    let outward = json!({"t.x": {"net": [{"subnet": "$ref:s.a"}]}, "s.a": {"public": false}});
    assert_eq!(among(out, &outward).expect("applies").0, Pass);
    let (found, why) = among(rule, &json!({"t.x": {}, "v.a": {"bucket": "$ref:t.x", "on": "no"}})).expect("applies");
    assert_eq!((found, why.as_str()), (Fail, "`v.a.on` is \"no\" at main.tf:2:3"));
    let counted = json!({"t.x": {}, "v.a[0]": {"bucket": "$ref:t.x", "on": true}, "v.a[1]": {}});
    assert_eq!(among(rule, &counted).expect("applies").0, Pass);
}

#[test]
fn when_limits_what_a_rule_judges() {
    let rule = "when engine == \"aurora\"\nrequire backup > 0";
    assert_eq!(judged(rule, &json!({"engine": "mysql"})), None);
    assert_eq!(verdict(rule, &json!({"engine": "aurora", "backup": 0})), Fail);
    assert_eq!(verdict(rule, &json!({"engine": "$unknown", "backup": 1})), Pass);
    assert_eq!(verdict(rule, &json!({"engine": "$unknown", "backup": 0})), Unknown);
}

#[test]
fn the_reason_names_attribute_value_and_place() {
    let why = |rule, x| judged(rule, &x).expect("applies").1;
    assert_eq!(why("acl != \"public-read\"", json!({"acl": "public-read"})), "`acl` is \"public-read\" at main.tf:2:3");
    assert_eq!(why("encrypted == true", json!({})), "`encrypted` is not set");
    assert_eq!(why("a and b", json!({"a": true, "b": false})), "`b` is false at main.tf:2:3");
    assert_eq!(
        why("none r in ingress: r.port == 22", json!({"ingress": [{"port": 80}, {"port": 22}]})),
        "`ingress[1].port` is 22 at main.tf:2:3"
    );
    assert_eq!(why("a == 1", json!({"a": "$unknown"})), "`a` is unknown at main.tf:2:3: var.x has no value");
    assert_eq!(
        why("db_password == null", json!({"db_password": "hunter2"})),
        "`db_password` is set (not shown) at main.tf:2:3"
    );
}

#[test]
fn a_rule_that_no_value_decides_says_so() {
    let found = |rule, x| judged(rule, &x).expect("applies");
    let holds = "the rule holds by itself, whatever the values are".to_owned();
    assert_eq!(found("u == 1 or true", json!({"u": "$unknown"})), (Pass, holds));
    let fails = "the rule fails by itself, whatever the values are".to_owned();
    assert_eq!(found("u == 1 and 1 == 2", json!({"u": 1})), (Fail, fails));
    assert_eq!(found("any i in l: true", json!({"l": [1]})), (Pass, "`l` is [1] at main.tf:2:3".to_owned()));
}

#[test]
fn a_broken_rule_is_told_where_and_what_to_do() {
    let place = |rule: &str| {
        let found = complaint(rule);
        (found.place.line, found.place.column, found.summary)
    };
    // The rule begins on line 17 of the page that the test writes around it.
    assert_eq!(place("a == "), (17, 3, "the end of the rule where a value belongs".to_owned()));
    assert_eq!(place("a == 1\nb == 2"), (18, 1, "`b` after the end of an expression".to_owned()));
    assert_eq!(place("a matches \"(\"").0, 17);
    assert_eq!(place("  hass(a)"), (17, 3, "there is no function `hass`".to_owned()));
    assert_eq!(complaint("  hass(a)").help, "did you mean `has`?");
    assert_eq!(place("has(a, b)"), (17, 1, "`has` with 2 arguments".to_owned()));
    assert_eq!(place("a && b").2, "`&` has no meaning in a rule");
    assert_eq!(place("$nothing == 1").2, "`$nothing` is not known");
    assert_eq!(place("\"open").2, "a text that is never closed");
    assert_eq!(place("any x of y: true").2, "`of` where `in` belongs");
    assert_eq!(place("").2, "the rule demands nothing");
    assert!(place(&"(".repeat(500)).2.contains("nested deeper"));
    assert!(place(&"not ".repeat(500)).2.contains("nested deeper"));
}

#[test]
fn addresses_and_ports_are_understood() {
    let x = json!({"v6": "0000::/0", "ten": "10.1.0.0/16", "ranges": ["20-25", "443"], "any": "*", "from": 20, "u": "$unknown"});
    assert_eq!(verdict("is_open_cidr(v6) and not is_open_cidr(ten) and not is_open_cidr(any)", &x), Pass);
    assert_eq!(verdict("is_any_source(any) and is_any_source(\"Internet\") and not is_any_source(ten)", &x), Pass);
    assert_eq!(verdict("cidr_contains(\"10.0.0.0/8\", ten) and not cidr_contains(ten, \"10.0.0.0/8\")", &x), Pass);
    assert_eq!(verdict("cidr_contains(\"0.0.0.0/0\", ten)", &x), Pass);
    assert_eq!(
        verdict("port_in(22, ranges) and port_in(443, ranges) and not port_in(80, ranges) and port_in(80, any)", &x),
        Pass
    );
    assert_eq!(verdict("port_between(22, from, 25) and not port_between(22, from, 21)", &x), Pass);
    assert_eq!(verdict("port_between(22, from, u)", &x), Unknown);
    assert_eq!(verdict("port_between(22, 30, u)", &x), Fail);
    assert_eq!(verdict("port_between(22, null, null)", &x), Fail);
}

#[test]
fn policies_are_one_shape_however_written() {
    let rule = "none s in statements(policy): s.effect == \"Allow\" and s.actions contains \"*\" and s.anyone";
    let open = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Principal": {"AWS": ["*"]}, "Resource": "*"}}"#;
    assert_eq!(verdict(rule, &json!({"policy": open})), Fail);
    assert_eq!(
        verdict(rule, &json!({"policy": open.replace(r#"{"AWS": ["*"]}"#, r#"{"AWS": "arn:aws:iam::1:root"}"#)})),
        Pass
    );
    assert_eq!(verdict(rule, &json!({"policy": open.replace(r#""Action": "*""#, r#""Action": "s3:*""#)})), Pass);
    assert_eq!(verdict(rule, &json!({"policy": "$unknown"})), Unknown);
    assert_eq!(verdict(rule, &json!({"policy": "not json"})), Unknown);
    let document = json!({
        "t.x": {"policy": "$ref:data.aws_iam_policy_document.d"},
        "data.aws_iam_policy_document.d": {"statement": [{"actions": ["*"], "principals": [{"type": "AWS", "identifiers": ["*"]}]}]},
    });
    assert_eq!(among(rule, &document).expect("applies").0, Fail);
}

#[test]
fn documents_within_a_text_are_read() {
    let x = json!({"y": "a:\n  b: 1\n", "j": "{\"a\": {\"b\": 1}}", "two": "a: 1\n---\na: 2\n", "bad": "a: [", "u": "$unknown"});
    assert_eq!(verdict("yaml(y).a.b == 1 and yaml(j).a.b == 1 and json(j).a.b == 1", &x), Pass);
    assert_eq!(verdict("yaml(y).a.c == null and yaml(nothing) == null", &x), Pass);
    assert_eq!(verdict("yaml(two).a == 1", &x), Unknown);
    assert_eq!(verdict("yaml(bad).a == 1", &x), Unknown);
    assert_eq!(verdict("json(y).a.b == 1", &x), Unknown);
    assert_eq!(verdict("yaml(u).a == 1", &x), Unknown);
    let encoded = json!({"b": "a2V5PXdvcmQ=", "plain": "key=word", "bytes": "/////w==", "u": "$unknown"});
    assert_eq!(
        verdict("base64(b) == \"key=word\" and base64(plain) == null and base64(bytes) == null", &encoded),
        Pass
    );
    assert_eq!(verdict("base64(u) contains \"key\"", &encoded), Unknown);
}

#[test]
fn pods_are_found_in_every_kind_of_workload() {
    use crate::testing::{engine, reading};
    let container = json!([{"name": "a", "image": "reg:5000/shop/web:1.2@sha256:00"}]);
    let spec = json!({"containers": container, "initContainers": container});
    let template = json!({"template": {"spec": spec}});
    let resources = json!({
        "Pod.p": {"spec": spec},
        "Deployment.d": {"spec": template},
        "CronJob.c": {"spec": {"jobTemplate": {"spec": template}}},
        "kubernetes_deployment.t": {"spec": [{"template": [{"spec": [{"container": container, "init_container": container}]}]}]},
        "Service.s": {"spec": {}},
    });
    let rule = "require len(containers()) == 2\nrequire all c in containers(): image_tag(c.image) == \"1.2\"";
    let judgements =
        engine("Pod, Deployment, CronJob, kubernetes_deployment, Service", rule).judge(&reading(&resources));
    let verdicts: Vec<_> = judgements.iter().map(|found| (&*found.resource, found.verdict)).collect();
    let expected = [
        ("CronJob.c", Pass),
        ("Deployment.d", Pass),
        ("Pod.p", Pass),
        ("Service.s", Fail),
        ("kubernetes_deployment.t", Pass),
    ];
    let mut sorted = verdicts;
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
}

#[test]
fn options_of_a_command_are_read() {
    let x = json!({"command": ["kube-apiserver", "--port=0", "--verbose", "--mode", "RBAC", "--empty="]});
    assert_eq!(verdict("flag(command, \"--port\") == 0 and flag(command, \"--verbose\") == true", &x), Pass);
    assert_eq!(verdict("flag(command, \"--mode\") == \"RBAC\" and flag(command, \"--empty\") == \"\"", &x), Pass);
    assert_eq!(verdict("has(flag(command, \"--po\"))", &x), Fail);
    assert_eq!(verdict("has(flag(command, \"--port\"))", &json!({"command": ["a", "$unknown"]})), Unknown);
    let before = json!({"command": ["a", "$unknown", "--port=1"]});
    assert_eq!(verdict("flag(command, \"--port\") == 1", &before), Unknown);
}

#[test]
fn endless_work_is_given_up_as_unknown() {
    let many: Vec<_> = (0..3_000).collect();
    let rule = "none a in l: any b in l: any c in l: a + 0 == 1";
    assert!(complaint(rule).summary.contains('+'));
    let rule = "none a in l: any b in l: any c in l: a == -1";
    assert_eq!(verdict(rule, &json!({"l": many})), Unknown);
}
