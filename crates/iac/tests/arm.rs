//! What templates of Azure deploy.

mod common;

use mainstay_iac::arm::read_arm;
use mainstay_iac::{Reading, Resource, SourceFile, Value};
use serde_json::json;

const SCHEMA: &str = "\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\"";

fn files(texts: &[(&str, &str)]) -> Vec<SourceFile> {
    let file = |(path, text): &(&str, &str)| SourceFile {
        path: (*path).to_owned(),
        bytes: text.replace("SCHEMA", SCHEMA).into_bytes(),
    };
    texts.iter().map(file).collect()
}

fn read(text: &str) -> Reading {
    read_arm(&files(&[("main.json", text)]))
}

fn found<'r>(reading: &'r Reading, address: &str) -> &'r Resource {
    let addresses: Vec<_> = reading.resources.iter().map(|resource| &resource.address).collect();
    reading.resources.iter().find(|resource| resource.address == address).unwrap_or_else(|| panic!("{addresses:?}"))
}

fn targets(resource: &Resource) -> Vec<(&str, &str)> {
    resource.references.iter().map(|reference| (&*reference.attribute, &*reference.target)).collect()
}

/// The value of an expression, or why it is unknown.
fn value(expression: &str) -> serde_json::Value {
    let text = format!(
        "{{SCHEMA, \"parameters\": {{\"open\": {{\"type\": \"string\"}}}},
           \"variables\": {{\"list\": [3, 1, 2], \"object\": {{\"a\": 1, \"B\": {{\"c\": [true]}}}}}},
           \"resources\": [{{\"type\": \"T/t\", \"name\": \"n\", \"v\": \"[{expression}]\"}}]}}"
    );
    let reading = read(&text);
    assert_eq!(reading.diagnostics, [], "{expression}");
    let node = found(&reading, "T/t.n").attribute("v").expect("the resource has the attribute");
    match &node.value {
        Value::Unknown(unknown) => match &unknown.text {
            Some(text) => json!({"unknown": &*unknown.why, "text": text.pieces().collect::<Vec<_>>().join("|")}),
            None => json!({"unknown": &*unknown.why}),
        },
        _ => node.to_json(),
    }
}

#[test]
fn functions_give_what_their_documentation_says() {
    for (expression, expected) in [
        ("concat('a', 1, 'b')", json!("a1b")),
        ("concat(createArray(1), createArray('x'))", json!([1, "x"])),
        ("format('{0}-{1}{{}}', 'a', 2)", json!("a-2{}")),
        ("toUpper(trim('  aB '))", json!("AB")),
        ("split('a,b;c', createArray(',', ';'))", json!(["a", "b", "c"])),
        ("join(createArray('a', 'b'), '-')", json!("a-b")),
        ("replace('aXbX', 'X', '')", json!("ab")),
        ("substring('storage', 2, 3)", json!("ora")),
        ("indexOf('abcB', 'B')", json!(1)),
        ("lastIndexOf('abcB', 'b')", json!(3)),
        ("startsWith('Abc', 'aB')", json!(true)),
        ("padLeft('12', 4, '0')", json!("0012")),
        ("base64ToString(base64('one, two'))", json!("one, two")),
        ("uriComponent('http://a b')", json!("http%3A%2F%2Fa%20b")),
        ("length(variables('object'))", json!(2)),
        ("first('abc')", json!("a")),
        ("last(variables('list'))", json!(2)),
        ("take(variables('list'), 2)", json!([3, 1])),
        ("skip(variables('list'), 2)", json!([2])),
        ("contains(variables('object'), 'b')", json!(true)),
        ("contains(variables('list'), 7)", json!(false)),
        ("union(createObject('a', 1, 'b', 2), createObject('b', 3))", json!({"a": 1, "b": 3})),
        ("intersection(variables('list'), createArray(1, 2, 9))", json!([1, 2])),
        ("range(2, 3)", json!([2, 3, 4])),
        ("min(variables('list'))", json!(1)),
        ("div(mul(7, 3), sub(10, mod(8, 6)))", json!(2)),
        ("if(and(equals('a', 'a'), not(greater(1, 2))), 'yes', 'no')", json!("yes")),
        ("coalesce(null(), 'x')", json!("x")),
        ("int('42')", json!(42)),
        ("bool('TRUE')", json!(true)),
        ("json('{\\\"a\\\": [1]}')", json!({"a": [1]})),
        ("string(variables('list'))", json!("[3,1,2]")),
        ("variables('object').b.c[0]", json!(true)),
        ("variables('object').?missing", json!(null)),
        ("empty(array('x'))", json!(false)),
        ("map(variables('list'), lambda('x', add(lambdaVariables('x'), 1)))", json!([4, 2, 3])),
        ("filter(variables('list'), lambda('x', greater(lambdaVariables('x'), 1)))", json!([3, 2])),
        ("reduce(variables('list'), 0, lambda('s', 'x', add(lambdaVariables('s'), lambdaVariables('x'))))", json!(6)),
        (
            "sort(variables('list'), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))",
            json!([1, 2, 3]),
        ),
        ("toObject(variables('list'), lambda('x', string(lambdaVariables('x'))))", json!({"3": 3, "1": 1, "2": 2})),
        ("items(createObject('b', 1, 'a', 2))", json!([{"key": "a", "value": 2}, {"key": "b", "value": 1}])),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn what_is_unknown_says_why_and_decides_only_where_it_must() {
    let open = "the parameter `open` has no default, and no parameters file gives it a value";
    assert_eq!(value("concat('a', parameters('open'))"), json!({"unknown": open, "text": "a|"}));
    assert_eq!(value("format('{0}-{1}', parameters('open'), 1)"), json!({"unknown": open, "text": "|-1"}));
    assert_eq!(value("and(false(), equals(parameters('open'), 'x'))"), json!(false));
    assert_eq!(value("if(equals(parameters('open'), 'x'), 'same', 'same')"), json!("same"));
    assert_eq!(value("length(createArray(parameters('open'), 1))"), json!(2));
    assert_eq!(
        value("resourceGroup().location"),
        json!({"unknown": "`resourcegroup()` is known only once it is deployed"})
    );
    assert_eq!(
        value("uniqueString('a')"),
        json!({"unknown": "what `uniquestring` gives is known only once it is deployed"})
    );
}

#[test]
fn children_and_ids_lead_to_their_resources() {
    let reading = read(
        r#"{SCHEMA, // comments may stand anywhere
        "parameters": {"server": {"type": "string"}},
        "variables": {"vnet": "[concat('net-', 'a')]"},
        "resources": [
          {"type": "Microsoft.Sql/servers", "apiVersion": "2021-11-01", "name": "[parameters('server')]",
           "properties": {"subnet": "[resourceId('Microsoft.Network/virtualNetworks/subnets', variables('vnet'), 'db')]"},
           "resources": [{"type": "databases", "name": "shop", "resources": [{"type": "auditingSettings", "name": "default"}]}]},
          {"type": "microsoft.sql/servers/firewallRules", "name": "[concat(parameters('server'), '/all')]", "dependsOn": ["[parameters('server')]"]},
          {"type": "Microsoft.Network/virtualNetworks", "name": "[variables('vnet')]", "copy": {"name": "nets", "count": 0}},
          {"type": "Microsoft.Network/virtualNetworks/subnets", "name": "[format('{0}/db', variables('vnet'))]"}
        ]}"#,
    );
    assert_eq!(reading.diagnostics, []);
    let server = found(&reading, "Microsoft.Sql/servers.[parameters('server')]");
    assert_eq!((server.name.as_str(), server.api_version.as_str()), ("[parameters('server')]", "2021-11-01"));
    assert_eq!(
        targets(server),
        [("name", "parameter.server"), ("properties.subnet", "Microsoft.Network/virtualNetworks/subnets.net-a/db")]
    );
    let audit = found(&reading, "Microsoft.Sql/servers/databases/auditingSettings.[parameters('server')]/shop/default");
    assert_eq!(targets(audit), [("parent", "Microsoft.Sql/servers/databases.[parameters('server')]/shop")]);
    let rule = found(&reading, "microsoft.sql/servers/firewallRules.[parameters('server')]/all");
    assert_eq!(rule.name, "[concat(parameters('server'), '/all')]");
    assert!(targets(rule).contains(&("parent", "Microsoft.Sql/servers.[parameters('server')]")));
    let place = reading.place(found(&reading, "Microsoft.Network/virtualNetworks/subnets.net-a/db").at);
    assert_eq!(place.to_string(), "main.json:10:11");
}

#[test]
fn copies_are_unrolled() {
    let reading = read(
        r#"{SCHEMA,
        "variables": {"copy": [{"name": "names", "count": 2, "input": "[concat('d', copyIndex('names', 1))]"}]},
        "resources": [
          {"type": "T/t", "name": "[concat('x', copyIndex())]", "copy": {"name": "loop", "count": "[length(variables('names'))]"},
           "properties": {"disk": "[variables('names')[copyIndex('loop')]]",
             "copy": [{"name": "luns", "count": 2, "input": {"lun": "[copyIndex('luns')]", "of": "[copyIndex()]"}}]}},
          {"type": "T/never", "name": "n", "condition": "[equals(1, 2)]"}
        ]}"#,
    );
    assert_eq!(reading.diagnostics, []);
    assert_eq!(reading.resources.len(), 2);
    let second = found(&reading, "T/t.x1");
    assert_eq!(second.attribute("properties.disk").unwrap().to_json(), "d2");
    assert_eq!(
        second.attribute("properties.luns").unwrap().to_json(),
        json!([{"lun": 0, "of": 0}, {"lun": 1, "of": 1}])
    );
}

#[test]
fn nested_deployments_see_what_their_scope_says() {
    let reading = read(
        r#"{SCHEMA,
        "variables": {"v": "outside"},
        "resources": [
          {"type": "Microsoft.Resources/deployments", "name": "outer", "properties": {"template": {
            "variables": {"v": "inside"}, "resources": [{"type": "T/t", "name": "a", "v": "[variables('v')]"}]}}},
          {"type": "Microsoft.Resources/deployments", "name": "inner", "properties": {
            "expressionEvaluationOptions": {"scope": "inner"}, "parameters": {"p": {"value": "[variables('v')]"}},
            "template": {"parameters": {"p": {"type": "string"}}, "variables": {"v": "inside"},
              "resources": [{"type": "T/t", "name": "b", "v": "[concat(parameters('p'), variables('v'))]"}]}}}
        ]}"#,
    );
    assert_eq!(reading.diagnostics, []);
    assert_eq!(found(&reading, "module.outer.T/t.a").attribute("v").unwrap().to_json(), "outside");
    assert_eq!(found(&reading, "module.inner.T/t.b").attribute("v").unwrap().to_json(), "outsideinside");
}

#[test]
fn linked_templates_are_followed_and_circles_end() {
    let reading = read_arm(&files(&[
        (
            "main.json",
            r#"{SCHEMA, "resources": [{"type": "Microsoft.Resources/deployments", "name": "d",
                "properties": {"templateLink": {"relativePath": "parts/web.json"}, "parameters": {"n": {"value": "shop"}}}}]}"#,
        ),
        (
            "parts/web.json",
            r#"{SCHEMA, "parameters": {"n": {"type": "string"}}, "resources": [
                {"type": "T/t", "name": "[parameters('n')]"},
                {"type": "Microsoft.Resources/deployments", "name": "again", "properties": {"templateLink": {"relativePath": "../main.json"}}}]}"#,
        ),
    ]));
    assert_eq!(found(&reading, "module.d.T/t.shop").root.as_ref(), "main.json");
    let codes: Vec<_> =
        reading.diagnostics.iter().map(|found| (found.code.as_str(), found.place.to_string())).collect();
    assert_eq!(codes, [("arm.module", "parts/web.json:3:17".to_owned())]);
}

#[test]
fn parameters_come_from_the_file_beside() {
    let template = r#"{SCHEMA, "parameters": {"a": {"type": "string", "defaultValue": "x"}, "b": {"type": "securestring"}},
        "resources": [{"type": "T/t", "name": "n", "a": "[parameters('a')]", "b": "[parameters('b')]"}]}"#;
    let parameters = r#"{"parameters": {"A": {"value": "given"}, "b": {"reference": {"secretName": "s"}}}}"#;
    let reading = read_arm(&files(&[("main.json", template), ("main.parameters.json", parameters)]));
    assert_eq!(reading.diagnostics, []);
    let resource = found(&reading, "T/t.n");
    assert_eq!(resource.attribute("a").unwrap().to_json(), "given");
    let Value::Unknown(unknown) = &resource.attribute("b").unwrap().value else { panic!("a secret is known") };
    assert_eq!(&*unknown.why, "the parameter `b` comes from a key vault");
}

#[test]
fn circles_and_large_loops_end_with_a_message() {
    let reading = read(
        r#"{SCHEMA,
        "variables": {"a": "[variables('b')]", "b": "[variables('a')]",
          "x0": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], "x1": "[concat(variables('x0'), variables('x0'), variables('x0'), variables('x0'))]"},
        "resources": [
          {"type": "T/t", "name": "n", "v": "[variables('a')]"},
          {"type": "T/many", "name": "[concat('m', copyIndex())]", "copy": {"name": "c", "count": 1000000}},
          {"type": "T/broken", "name": "b", "v": "[concat('a' 'b')]"}
        ]}"#,
    );
    let said: Vec<_> = reading.diagnostics.iter().map(|d| format!("{}: {}", d.place, d.summary)).collect();
    assert_eq!(
        said,
        [
            "main.json:7:63: the expression `[concat('a' 'b')]` is broken: a `,` or `)` should be here",
            "main.json:2:28: the variable `a` needs itself",
            "main.json:6:99: a loop of 1000000 turns, more than the 10000 that are followed",
        ]
    );
    assert_eq!(reading.resources.len(), 3);
    assert_eq!(found(&reading, "T/many.m[copyindex()]").resource_type, "T/many");
}

/// Variables that double a list ten times ten are bounded by steps, not by memory.
#[test]
fn variables_that_explode_are_bounded() {
    let mut variables = String::from("\"v0\": [1, 1, 1, 1, 1, 1, 1, 1]");
    for nth in 1..40 {
        variables.push_str(&format!(", \"v{nth}\": \"[createArray(variables('v{0}'), variables('v{0}'))]\"", nth - 1));
    }
    let reading = read(&format!(
        "{{SCHEMA, \"variables\": {{{variables}}}, \"resources\": [{{\"type\": \"T/t\", \"name\": \"n\", \"v\": \"[variables('v39')]\"}}]}}"
    ));
    assert!(!found(&reading, "T/t.n").attribute("v").unwrap().is_known());
}

#[test]
fn a_long_chain_of_variables_ends_in_a_value_or_a_message() {
    let mut variables = String::from("\"v0\": 1");
    for nth in 1..20_000 {
        variables.push_str(&format!(", \"v{nth}\": \"[add(variables('v{}'), 1)]\"", nth - 1));
    }
    let reading = read(&format!(
        "{{SCHEMA, \"variables\": {{{variables}}}, \"resources\": [{{\"type\": \"T/t\", \"name\": \"n\",
           \"far\": \"[variables('v19999')]\", \"near\": \"[variables('v100')]\"}}]}}"
    ));
    let resource = found(&reading, "T/t.n");
    assert!(!resource.attribute("far").unwrap().is_known());
    assert_eq!(resource.attribute("near").unwrap().to_json(), 101);
}

/// Every template of the fixtures, whole and cut at many places.
#[test]
fn all_real_fixtures_are_read() {
    let Some(folder) = common::shared("iac-fixtures") else { return };
    let files = common::files_below(&folder, &|path| path.ends_with(".json") || path.ends_with(".bicep"));
    let whole = read_arm(&files);
    assert!(whole.resources.len() > 1_000, "{}", whole.resources.len());
    for file in files.iter().filter(|file| file.path.contains("arm/") || file.path.contains("bicep/")).step_by(5) {
        for cut in (0..file.bytes.len()).step_by(file.bytes.len() / 20 + 1) {
            let _ = read_arm(&[SourceFile { path: file.path.clone(), bytes: file.bytes[..cut].to_vec() }]);
        }
    }
}
