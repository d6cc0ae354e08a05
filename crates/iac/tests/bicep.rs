//! What Bicep files deploy.

use mainstay_iac::arm::read_arm;
use mainstay_iac::{Block, Reading, Resource, SourceFile, Value};
use serde_json::json;

fn files(texts: &[(&str, &str)]) -> Vec<SourceFile> {
    texts.iter().map(|(path, text)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() }).collect()
}

fn read(text: &str) -> Reading {
    read_arm(&files(&[("main.bicep", text)]))
}

fn found<'r>(reading: &'r Reading, address: &str) -> &'r Resource {
    let addresses: Vec<_> = reading.resources.iter().map(|resource| &resource.address).collect();
    reading.resources.iter().find(|resource| resource.address == address).unwrap_or_else(|| panic!("{addresses:?}"))
}

fn targets(resource: &Resource) -> Vec<(&str, &str)> {
    resource.references.iter().map(|reference| (&*reference.attribute, &*reference.target)).collect()
}

fn said(reading: &Reading) -> Vec<String> {
    reading.diagnostics.iter().map(|found| format!("{}: {}", found.place, found.summary)).collect()
}

/// The value of an expression, or why it is unknown.
fn value(expression: &str) -> serde_json::Value {
    let text = format!(
        "param open string\nvar list = [3, 1, 2]\nvar thing = {{\n  a: 1\n  'b c': {{ d: [true] }}\n}}\n\
         func double(n int) int => n * 2\nresource x 'T/t@1' = {{\n  name: 'n'\n  v: {expression}\n}}\n"
    );
    let reading = read(&text);
    assert_eq!(said(&reading), Vec::<String>::new(), "{expression}");
    let node = found(&reading, "T/t.x").attribute("v").expect("the resource has the attribute");
    match &node.value {
        Value::Unknown(unknown) => json!({"unknown": &*unknown.why}),
        _ => node.to_json(),
    }
}

#[test]
fn expressions_give_what_the_language_says() {
    for (expression, expected) in [
        ("'a${1 + 2 * 3}b'", json!("a7b")),
        ("'it\\'s \\u{41} \\${x}'", json!("it's A ${x}")),
        ("'''\none\n  two'''", json!("one\n  two")),
        ("'${list[0]}'", json!("3")),
        ("1 > 2 ? 'x' : 'y'", json!("y")),
        ("2 >= 2 && !(1 == 2) || false", json!(true)),
        ("'A' =~ 'a' && 'A' != 'a' && 'a' !~ 'b'", json!(true)),
        ("null ?? 'x'", json!("x")),
        ("thing['b c'].d[0]", json!(true)),
        ("thing.?missing ?? 'none'", json!("none")),
        ("thing!.a", json!(1)),
        ("double(21)", json!(42)),
        ("-list[1]", json!(-1)),
        ("sys.concat('a', 'b')", json!("ab")),
        ("map(list, x => x + 1)", json!([4, 2, 3])),
        ("sort(list, (a, b) => a < b)", json!([1, 2, 3])),
        ("[for (x, i) in list: x * i]", json!([0, 1, 4])),
        ("[for x in list: if (x > 1) { v: x }]", json!([{"v": 3}, {"v": 2}])),
        ("[...list, 4]", json!([3, 1, 2, 4])),
        ("{ ...thing, a: 2 }", json!({"a": 2, "b c": {"d": [true]}})),
        ("[\n    1\n    -1 // comment\n  ]", json!([1, -1])),
        ("true\n    ? 'yes'\n    : 'no'", json!("yes")),
        ("open == '' ? 'same' : 'same'", json!("same")),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
    assert_eq!(
        value("open"),
        json!({"unknown": "the parameter `open` has no default, and no parameters file gives it a value"})
    );
}

#[test]
fn children_parents_and_ids_lead_to_their_resources() {
    let reading = read(
        r"@description('the server')
param admin string = 'root'
resource server 'Microsoft.Sql/servers@2021-11-01' = {
  name: 'sql-${uniqueString(resourceGroup().id)}'
  properties: { administratorLogin: admin, subnet: net::sub.id }

  @batchSize(1)
  resource audit 'auditingSettings' = {
    name: 'default'
    properties: {
      state: 'Enabled'
    }
  }
}
resource db 'Microsoft.Sql/servers/databases@2021-11-01' = {
  parent: server
  name: 'db'
  dependsOn: [
    net
  ]
}
resource net 'Microsoft.Network/virtualNetworks@2023-09-01' existing = {
  name: 'net'
  resource sub 'subnets' existing = {
    name: 'sql'
  }
}
output id string = server.id
",
    );
    assert_eq!(said(&reading), Vec::<String>::new());
    let server = found(&reading, "Microsoft.Sql/servers.server");
    assert_eq!(server.attribute("properties.administratorLogin").expect("set").to_json(), "root");
    assert_eq!(targets(server), [("properties.subnet", "existing.Microsoft.Network/virtualNetworks/subnets.sub")]);
    let audit = found(&reading, "Microsoft.Sql/servers/auditingSettings.audit");
    assert_eq!(targets(audit), [("parent", "Microsoft.Sql/servers.server")]);
    assert_eq!((audit.api_version.as_str(), audit.line_end), ("2021-11-01", 13));
    let database = found(&reading, "Microsoft.Sql/servers/databases.db");
    assert_eq!(
        targets(database),
        [("dependsOn", "existing.Microsoft.Network/virtualNetworks.net"), ("parent", "Microsoft.Sql/servers.server")]
    );
    assert_eq!(found(&reading, "existing.Microsoft.Network/virtualNetworks.net").block, Block::Data);
    assert_eq!(reading.place(database.at).to_string(), "main.bicep:15:1");
}

#[test]
fn loops_and_conditions_decide_what_is_deployed() {
    let reading = read(
        "param names array\nvar zones = [1, 2]\nresource disks 'T/disks@1' = [for (zone, i) in zones: {\n  name: 'd${i}'\n  zone: zone\n}]\n\
         resource never 'T/t@1' = if (length(zones) > 2) {\n  name: 'n'\n}\n\
         resource some 'T/t@1' = [for name in names: if (name != 'x') {\n  name: name\n}]\n",
    );
    assert_eq!(said(&reading), Vec::<String>::new());
    let addresses: Vec<_> = reading.resources.iter().map(|resource| resource.address.as_str()).collect();
    assert_eq!(addresses, ["array.names", "T/disks.disks[0]", "T/disks.disks[1]", "T/t.some"]);
    assert_eq!(found(&reading, "T/disks.disks[1]").attribute("zone").expect("set").to_json(), 2);
}

#[test]
fn modules_are_followed_with_their_parameters() {
    let reading = read_arm(&files(&[
        (
            "main.bicep",
            "module web './modules/web.bicep' = [for app in ['shop']: {\n  name: 'web'\n  params: {\n    name: app\n  }\n}]\nmodule far 'br/public:avm/res/web/site:0.1.0' = {\n  name: 'far'\n}\n",
        ),
        (
            "modules/web.bicep",
            "param name string\nparam tier string = 'P1'\nresource site 'T/t@1' = {\n  name: name\n  tier: tier\n}\nmodule again '../main.bicep' = {\n  name: 'again'\n}\n",
        ),
    ]));
    let site = found(&reading, "module.web[0].T/t.site");
    assert_eq!((site.root.as_ref(), site.attribute("name").expect("set").to_json()), ("main.bicep", json!("shop")));
    assert_eq!(site.attribute("tier").expect("set").to_json(), "P1");
    assert_eq!(
        said(&reading),
        [
            "modules/web.bicep:7:1: the template ../main.bicep brings in itself",
            "main.bicep:7:1: the template br/public:avm/res/web/site:0.1.0 lies elsewhere and is not read",
        ]
    );
}

#[test]
fn parameters_come_from_the_file_that_names_the_template() {
    let reading = read_arm(&files(&[
        (
            "main.bicep",
            "@secure()\nparam password string = 'example'\nparam size object = { value: 1 }\nresource x 'T/t@1' = {\n  name: 'n'\n  size: size.value\n}\n",
        ),
        ("dev.bicepparam", "using './main.bicep'\nparam size = { value: 2 }\n"),
    ]));
    assert_eq!(said(&reading), Vec::<String>::new());
    assert_eq!(found(&reading, "T/t.x").attribute("size").expect("set").to_json(), 2);
    let password = found(&reading, "string.password");
    assert_eq!((password.block, password.attribute("secure").expect("set").to_json()), (Block::Parameter, json!(true)));
}

#[test]
fn types_and_imports_are_passed_over() {
    let reading = read(
        "targetScope = 'subscription'\nmetadata owner = 'me'\nimport { tags, size as extent } from 'shared.bicep'\nimport * as all from 'all.bicep'\n\
         extension graph with {\n  a: 1\n} as g\ntype kind = 'a' | 'b'\ntype site = {\n  @minLength(1)\n  name: string\n  kinds: (kind | null)[]\n  *: int?\n}\n\
         param one site?\nparam two resourceInput<'T/t@1'>.properties = {}\nparam three [string, int]\n@allowed(['a'])\nparam four 'a' | 'b' = 'a'\n\
         resource x 'T/t@1' = {\n  name: 'n'\n  tags: tags\n  far: all.thing\n}\n",
    );
    assert_eq!(said(&reading), Vec::<String>::new());
    let Value::Unknown(why) = &found(&reading, "T/t.x").attribute("tags").expect("set").value else { panic!("known") };
    assert_eq!(&*why.why, "`tags` comes from shared.bicep, which is not read");
    assert_eq!(found(&reading, "array.three").line_end, 17);
}

#[test]
fn a_broken_statement_costs_itself_alone() {
    let reading = read(
        "resource a 'T/t@1' = {\n  name: 'a'\n}\nresource b 'T/t@1' = {\n  name 'b'\n}\nvar c = missing\nresource d 'T/t@1' = {\n  name: 'd'\n  v: c\n}\n",
    );
    assert_eq!(
        said(&reading),
        [
            "main.bicep:5:8: a `:` should follow the name of a property",
            "main.bicep:7:9: `missing` is not declared in this file"
        ]
    );
    assert_eq!(reading.resources.len(), 2);
}

const WHOLE: &str = "@secure()\nparam p string = 'ü${1 + 2}'\nvar v = [for (x, i) in range(0, 3): { a: '''\n  x'''[i], ...{} }]\n\
    func f(a int[]) string => '${a[?0]!}'\nresource r 'T/t@1' = if (p =~ 'a' && !false) {\n  name: p ?? 'n' /* c */\n  resource c 'u@2' existing = {\n    name: 'c'\n  }\n}\n\
    module m './main.bicep' = {\n  params: { p: v.?x ? 1 : map(v, y => y.a) }\n}\noutput o object = r::c.properties\n";

#[test]
fn cut_and_flipped_text_never_panics() {
    for cut in (0..WHOLE.len()).filter(|cut| WHOLE.is_char_boundary(*cut)) {
        let _ = read(&WHOLE[..cut]);
    }
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..400 {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for _ in 0..3 {
            // xorshift with a fixed seed.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let place = usize::try_from(seed % bytes.len() as u64).expect("small");
            let bad = b"'${}[]()=~<>!&|.,:;*\n\\\0?@A0-";
            bytes[place] = bad[usize::try_from((seed >> 32) % bad.len() as u64).expect("small")];
        }
        let _ = read_arm(&[SourceFile { path: "main.bicep".to_owned(), bytes }]);
    }
}

#[test]
fn deep_and_long_text_is_refused_without_overflow() {
    let many = 50_000;
    for text in [
        format!("var a = {}", "[".repeat(many)),
        format!("var a = {}", "(".repeat(many)),
        format!("var a = {}", "{a:".repeat(many)),
        format!("var a = {}1", "!".repeat(many)),
        format!("var a = {}", "'${".repeat(many)),
        format!("var a = {}1", "true ? 1 : ".repeat(many)),
        format!("var a = 1{}", " + 1".repeat(many)),
        format!("var a = b{}", ".c".repeat(many)),
        format!("var a = {}1", "x => ".repeat(many)),
        format!("type a = {}", "{a: ".repeat(many)),
        format!("type a = {}", "a | ".repeat(many)),
        "resource a 'b@1' = {\n".repeat(many),
        "@a\n".repeat(many),
        "/*".repeat(many),
    ] {
        let _ = read(&text);
    }
}

#[test]
fn a_circle_of_variables_ends_with_a_message() {
    let reading = read("var a = b\nvar b = a\nresource x 'T/t@1' = {\n  name: a\n}\n");
    assert_eq!(said(&reading), ["main.bicep:1:9: the variable `a` needs itself"]);
}
