//! JSON Schema, templates and patterns in common, by what their definitions say.
#![expect(clippy::unwrap_used, reason = "helpers of a test stop at what is wrong")]

use mainstay_rego::{Dialect, Module, Options, Policy};
use serde_json::{Value as Json, json};

/// The value of an expression over `input`; `null` where it is undefined.
fn value(expression: &str, input: &Json) -> Json {
    let text = format!("package t\n\nimport rego.v1\n\nx := {expression}\n");
    let modules = [Module { path: "t.rego".to_owned(), text }];
    let policy = Policy::compile(&modules, Dialect::V1, &json!({}), Options::default()).unwrap();
    policy.rule("data.t.x", input).unwrap().unwrap_or(Json::Null)
}

#[test]
fn a_document_matches_its_schema_or_not() {
    for (schema, good, bad) in [
        (json!({"type": "integer"}), json!([1, 1.0, -3]), json!([1.5, "1", null])),
        (json!({"type": ["string", "null"]}), json!(["", null]), json!([0, []])),
        (json!({"enum": [1, "a", [2]]}), json!([1, 1.0, "a", [2]]), json!([2, "b", [2, 2]])),
        (json!({"const": {"a": 1}}), json!([{"a": 1}]), json!([{"a": 2}, {}])),
        (json!({"minimum": 3, "exclusiveMaximum": 5}), json!([3, 4.9, "x"]), json!([2, 5])),
        (json!({"minimum": 3, "exclusiveMinimum": true}), json!([3.1]), json!([3])),
        (json!({"multipleOf": 0.1}), json!([0.3, 2]), json!([0.35])),
        (json!({"minLength": 2, "maxLength": 3, "pattern": "^a"}), json!(["aé", "abc"]), json!(["a", "abcd", "bc"])),
        (
            json!({"items": {"type": "integer"}, "minItems": 1, "uniqueItems": true}),
            json!([[1, 2]]),
            json!([[], [1, 1], ["a"]]),
        ),
        (json!({"items": [{"type": "integer"}], "additionalItems": false}), json!([[], [1]]), json!([[1, 2], ["a"]])),
        (json!({"contains": {"const": 1}}), json!([[0, 1]]), json!([[0]])),
        (
            json!({"properties": {"a": {"type": "null"}}, "required": ["b"]}),
            json!([{"b": 1}, {"a": null, "b": 1}]),
            json!([{}, {"a": 1, "b": 1}]),
        ),
        (
            json!({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": false}),
            json!([{"x1": 1}]),
            json!([{"y": 1}, {"x": "a"}]),
        ),
        (
            json!({"propertyNames": {"maxLength": 1}, "minProperties": 1, "maxProperties": 2}),
            json!([{"a": 1}]),
            json!([{}, {"ab": 1}, {"a": 1, "b": 1, "c": 1}]),
        ),
        (json!({"dependencies": {"a": ["b"]}}), json!([{}, {"a": 1, "b": 1}]), json!([{"a": 1}])),
        (json!({"anyOf": [{"minimum": 5}, {"maximum": 1}]}), json!([0, 6]), json!([3])),
        (json!({"oneOf": [{"minimum": 5}, {"maximum": 6}]}), json!([0, 7]), json!([5])),
        (json!({"allOf": [{"minimum": 5}, {"maximum": 6}]}), json!([5]), json!([0, 7])),
        (json!({"not": {"type": "string"}}), json!([1]), json!(["a"])),
        (
            json!({"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"const": 1}}),
            json!(["a", 1]),
            json!(["", 2]),
        ),
        (
            json!({"definitions": {"t": {"items": {"$ref": "#/definitions/t"}, "type": "array"}}, "$ref": "#/definitions/t"}),
            json!([[[], [[]]]]),
            json!([[1]]),
        ),
        (json!({"format": "ipv4"}), json!(["10.0.0.1", 5]), json!(["10.0.0.256"])),
        (
            json!({"format": "date-time"}),
            json!(["2026-02-03T04:05:06Z"]),
            json!(["2026-02-30T00:00:00Z", "2026-02-03"]),
        ),
    ] {
        for (documents, wanted) in [(&good, true), (&bad, false)] {
            for document in documents.as_array().unwrap() {
                let input = json!({"document": document.to_string(), "schema": schema});
                let matched = value("json.match_schema(input.document, input.schema)[0]", &input);
                assert_eq!(matched, wanted, "{schema} {document}");
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_document_is_said_with_its_place() {
    let schema = json!({"properties": {"a": {"items": {"required": ["b"]}}}});
    let input = json!({"document": {"a": [{}]}, "schema": schema});
    let wrong = json!([{"desc": "b is required", "error": "a.0: b is required", "field": "a.0", "type": "required"}]);
    assert_eq!(value("json.match_schema(input.document, input.schema)[1]", &input), wrong);
}

#[test]
fn a_schema_that_is_none_is_refused() {
    for schema in [
        json!({"type": "text"}),
        json!({"pattern": "("}),
        json!({"$ref": "#/definitions/none"}),
        json!({"$ref": "https://example.com/schema.json"}),
        json!({"properties": {"a": {"minLength": -1}}}),
        json!({"required": "a"}),
    ] {
        assert_eq!(value("json.verify_schema(input)[0]", &schema), false, "{schema}");
    }
    let endless = json!({"schema": {"$ref": "#"}, "document": {}});
    assert_eq!(value("json.match_schema(input.document, input.schema)", &endless), Json::Null);
}

#[test]
fn a_template_is_rendered_as_go_does_it() {
    let input =
        json!({"name": "Ada", "n": 3, "list": ["a", "b"], "map": {"y": 2, "x": 1}, "empty": [], "deep": {"er": "z"}});
    for (template, wanted) in [
        ("Hello, {{.name}}!", "Hello, Ada!"),
        ("a {{- .n -}} b", "a3b"),
        ("{{/* no word */}}{{.deep.er}}{{.gone}}", "z<undefined>"),
        ("{{if .empty}}some{{else if eq .n 3}}three{{else}}none{{end}}", "three"),
        ("{{range .list}}<{{.}}>{{end}}", "<a><b>"),
        ("{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}", "x=1;y=2;"),
        ("{{range .empty}}x{{else}}nothing{{end}}", "nothing"),
        ("{{range .list}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a"),
        ("{{with .deep}}{{.er}}{{$.name}}{{end}}", "zAda"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 5}}{{end}}{{$x}}", "2"),
        ("{{len .list}} {{index .list 1}} {{index .map \"x\"}}", "2 b 1"),
        ("{{.name | printf \"%s-%d\" \"x\" | len}}", "17"),
        ("{{and .n .empty}} {{or .empty .n}} {{not .n}} {{lt 1 2}}", "[] 3 false true"),
        ("{{(index .list 0) | print \"}}\"}}", "}}a"),
        ("{{.list}} {{.map}}", "[a b] map[x:1 y:2]"),
        ("{{html \"<b>\"}} {{urlquery \"a b\"}}", "&lt;b&gt; a+b"),
    ] {
        let input = json!({"template": template, "variables": input});
        assert_eq!(value("strings.render_template(input.template, input.variables)", &input), wanted, "{template}");
    }
}

#[test]
fn a_template_that_is_none_is_undefined() {
    let endless = "{{range .}}".repeat(6) + "x" + &"{{end}}".repeat(6);
    for template in
        ["{{", "{{if .a}}", "{{end}}", "{{.a | }}", "{{unknown .a}}", "{{$x}}", "{{break}}", "{{1 2}}", &endless]
    {
        let input = json!({"template": template});
        assert_eq!(value("strings.render_template(input.template, {\"a\": 1})", &input), Json::Null, "{template}");
    }
}

#[test]
fn patterns_have_a_text_in_common_or_not() {
    for (one, other, wanted) in [
        ("a.c", "abc", true),
        ("a*", "b*", false),
        ("a*b", "a+", false),
        ("[a-c]+x", ".bx", true),
        ("", "a*", false),
        ("a\\*", "a[*]", true),
        ("[0-9]+", "12[5-7]", true),
        ("[0-9]", "12", false),
    ] {
        let input = json!([one, other]);
        assert_eq!(value("regex.globs_match(input[0], input[1])", &input), wanted, "{one} {other}");
    }
    for pattern in ["[", "[]", "*a", "a**", "a\\", "[z-a]"] {
        assert_eq!(value("regex.globs_match(input, \"a\")", &json!(pattern)), Json::Null, "{pattern}");
    }
}

#[test]
fn comments_of_a_rule_and_of_packages_above_are_known_to_it() {
    let module = |path: &str, text: &str| Module { path: path.to_owned(), text: text.to_owned() };
    let modules = [
        module("a.rego", "# METADATA\n# scope: subpackages\n# title: above\npackage a\n"),
        module(
            "b.rego",
            "package a.b\n\nimport rego.v1\n\n# METADATA\n# title: no\nother := 1\n\n# METADATA\n# authors:\n# - Ada <ada@example.com>\n\
             p := [rego.metadata.rule(), rego.metadata.chain()]\n\n# no metadata\nq := rego.metadata.rule()\n",
        ),
    ];
    let policy = Policy::compile(&modules, Dialect::V1, &json!({}), Options::default()).unwrap();
    let own = json!({"scope": "rule", "authors": [{"name": "Ada", "email": "ada@example.com"}]});
    let above = json!({"annotations": {"scope": "subpackages", "title": "above"}, "path": ["a"]});
    let wanted = json!([own, [{"annotations": own, "path": ["a", "b", "p"]}, above]]);
    assert_eq!(policy.rule("data.a.b.p", &json!({})).unwrap(), Some(wanted));
    assert_eq!(policy.rule("data.a.b.q", &json!({})).unwrap(), Some(json!({})));
}
