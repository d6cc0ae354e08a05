//! YAML and JSON texts as the outside world writes them, and as it damages them.

use mainstay_iac::{Node, Origin, Value, json, yaml};
use serde_json::json;

fn core(text: &str) -> yaml::Documents {
    yaml::parse(text, Origin::of("a.yaml"), yaml::Schema::Core)
}

fn values(read: &yaml::Documents) -> Vec<serde_json::Value> {
    read.documents.iter().map(Node::to_json).collect()
}

#[test]
fn scalars_follow_the_chosen_schema() {
    let cases = [
        ("yes", json!("yes"), json!(true)),
        ("off", json!("off"), json!(false)),
        ("true", json!(true), json!(true)),
        ("'true'", json!("true"), json!("true")),
        ("0644", json!(644), json!(420)),
        ("0o644", json!(420), json!(420)),
        ("0x1F", json!(31), json!(31)),
        ("1_000", json!("1_000"), json!(1000)),
        ("1e3", json!(1000), json!(1000)),
        (".5", json!(0.5), json!(0.5)),
        ("-1.50", json!(-1.5), json!(-1.5)),
        ("1.2.3", json!("1.2.3"), json!("1.2.3")),
        ("100m", json!("100m"), json!("100m")),
        (".inf", json!(".inf"), json!(".inf")),
        ("~", json!(null), json!(null)),
        ("", json!(null), json!(null)),
        ("!!str 12", json!("12"), json!("12")),
        ("2024-01-01", json!("2024-01-01"), json!("2024-01-01")),
        ("-", json!([null]), json!([null])),
    ];
    for (text, core, kubernetes) in cases {
        for (schema, expected) in [(yaml::Schema::Core, core), (yaml::Schema::Kubernetes, kubernetes)] {
            let text = if text == "-" { "a:\n  -\n".to_owned() } else { format!("a: {text}\n") };
            let read = yaml::parse(&text, Origin::of("a.yaml"), schema);
            assert_eq!(values(&read), [json!({ "a": expected })], "{text} under {schema:?}");
        }
    }
}

#[test]
fn every_node_knows_its_line_and_column() {
    let read = core("# comment\na: 1\nb:\n  - x\n  - yä: {c: d}\n---\ne: f\n");
    let Value::Map(map) = &read.documents[0].value else { panic!("a map") };
    let place = |node: &Node| (node.at.line, node.at.column);
    assert_eq!(place(map.get("a").unwrap()), (2, 4));
    let Value::List(items) = &map.get("b").unwrap().value else { panic!("a list") };
    assert_eq!(place(&items[0]), (4, 5));
    let Value::Map(inner) = &items[1].value else { panic!("a map") };
    let Value::Map(flow) = &inner.get("yä").unwrap().value else { panic!("a map") };
    assert_eq!(place(flow.get("c").unwrap()), (5, 13));
    assert_eq!(read.documents[1].to_json(), json!({"e": "f"}));
    assert_eq!(read.documents[1].at.line, 7);
}

#[test]
fn what_is_missing_or_unreadable_is_placed_within_the_text() {
    let place = |text: &str| {
        let read = core(text);
        let diagnostic = read.diagnostics.first().unwrap_or_else(|| panic!("is read: {text}"));
        (diagnostic.place.line, diagnostic.place.column)
    };
    // The parser counts the bytes of a directive, of which the letters here have two each.
    assert_eq!(place("%ööö ööö\u{0}b\n---\na: 1\n"), (1, 9));
    // What a key without a value has stands at the end of a text whose last line has none.
    let last = core("? b\n  {").documents.remove(0);
    let Value::Map(map) = last.value else { panic!("a map") };
    assert_eq!(map.get("b {").map(|node| (node.at.line, node.at.column)), Some((2, 4)));
}

#[test]
fn merge_keys_fill_in_what_is_absent() {
    let read = core("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
    assert_eq!(values(&read), [json!({"base": {"x": 1, "y": 2}, "use": {"y": 3, "x": 1}})]);
}

#[test]
fn alias_bomb_costs_a_diagnostic_and_spares_the_next_document() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let item = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", [item.as_str(); 10].join(", ")));
    }
    text.push_str("---\ngood: true\n");
    let read = core(&text);
    assert_eq!(values(&read), [json!({"good": true})]);
    assert_eq!(read.diagnostics[0].code, "yaml.alias-bomb");
}

#[test]
fn broken_document_is_named_and_the_others_count() {
    let read = core("a: 1\n---\nb: [1, 2\nc: }\n---\nd: 4\n");
    assert_eq!(values(&read), [json!({"a": 1}), json!({"d": 4})]);
    assert_eq!(read.diagnostics.len(), 1);
    assert_eq!(read.diagnostics[0].code, "yaml.syntax");
    assert!((3..=4).contains(&read.diagnostics[0].place.line), "{}", read.diagnostics[0]);
}

#[test]
fn duplicate_key_is_diagnosed_and_the_last_counts() {
    let read = core("a: 1\nb: 2\na: 3\n");
    assert_eq!(values(&read), [json!({"a": 3, "b": 2})]);
    assert_eq!(read.diagnostics[0].place.to_string(), "a.yaml:3:4");
}

#[test]
fn template_is_told_apart_from_broken_yaml() {
    for text in ["a:\n  {{- if .Values.x }}\n  b: 1\n  {{- end }}\n", "{% for x in y %}\na: 1\n{% endfor %}\n"] {
        let read = core(text);
        assert!(read.diagnostics.iter().any(|d| d.code == "yaml.template"), "{text}: {:?}", read.diagnostics);
    }
    let value = core("a: {{ .Values.x }}\n");
    assert!(value.diagnostics.iter().any(|d| d.help.contains("render it first")), "{:?}", value.diagnostics);
    assert!(core("a: \"{{ $labels.job }}\"\n").diagnostics.is_empty());
    // The expression of a pipeline is no template that somebody could render.
    let pipeline = core("jobs: [\n  run: echo ${{ github.sha }}\nx: 1\n");
    assert!(pipeline.diagnostics.iter().any(|d| d.code == "yaml.syntax"), "{:?}", pipeline.diagnostics);
}

#[test]
fn deep_nesting_is_refused_without_overflow() {
    for text in ["[".repeat(100_000), "{a: ".repeat(50_000), "- ".repeat(100_000), "? ".repeat(10_000)] {
        let read = core(&text);
        assert!(!read.diagnostics.is_empty());
    }
    let error = json::parse(&"[".repeat(1_000_000), Origin::of("a.json")).unwrap_err();
    assert_eq!((error.code.as_str(), error.place.column), ("json.depth", 129));
}

#[test]
fn json_agrees_with_serde_json_on_what_is_valid() {
    let cases = [
        "null",
        "[]",
        "{}",
        " [1 , -2, 1.5, 1e3, 1E-2, 18446744073709551615] ",
        r#"{"a":{"b":[true,false,null]}}"#,
        r#""A😀\n\"\/\\""#,
        "[1,]",
        "{\"a\":1,}",
        "[01]",
        "[1.]",
        "[.5]",
        "[+1]",
        "nul",
        "[1 2]",
        "{\"a\" 1}",
        "{a:1}",
        "\"\\x\"",
        "\"\t\"",
        "",
        "[",
        "\"abc",
        "{\"a\":",
        "1 1",
        "[tru]",
    ];
    for text in cases {
        let ours = json::parse(text, Origin::of("a.json")).map(|node| node.to_json());
        let theirs = serde_json::from_str::<serde_json::Value>(text);
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{text}: {ours:?} {theirs:?}");
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            // Decimals do not keep whether 1000 was written as 1e3.
            assert_eq!(ours.to_string().replace(".0", ""), theirs.to_string().replace(".0", ""), "{text}");
        }
    }
}

#[test]
fn json_lines_keep_what_is_good() {
    let (nodes, diagnostics) = json::parse_many("{\"a\":1}\n{\"a\":\n{\"a\":3}\n", Origin::of("a.jsonl"));
    assert_eq!(nodes.len(), 1);
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn number_beyond_exact_decimals_is_unknown_not_wrong() {
    let node = json::parse("1e300", Origin::of("a.json")).unwrap();
    assert!(matches!(node.value, Value::Unknown(_)));
}

#[test]
fn cut_and_flipped_texts_never_panic() {
    let text =
        "# x\na: &x {b: [1, 'two', \"thr\\u00e9e\"], ? c : |\n    text\n  }\nd: *x\n<<: *x\n---\n- ä: >-\n   folded\n";
    for cut in 0..text.len() {
        if let Some(part) = text.get(..cut) {
            let _ = core(part);
        }
        let mut bytes = text.as_bytes().to_vec();
        for bit in 0..7 {
            bytes[cut] ^= 1 << bit;
            if let Ok(changed) = std::str::from_utf8(&bytes) {
                let _ = core(changed);
                let _ = json::parse(changed, Origin::of("a"));
            }
            bytes[cut] ^= 1 << bit;
        }
    }
}
