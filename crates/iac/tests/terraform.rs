//! Terraform source in, resources out. Expected values are those of Terraform's documentation, or worked out by hand.

use mainstay_iac::terraform::{Options, read_terraform};
use mainstay_iac::{Block, Reading, Resource, SourceFile, Value};
use serde_json::json;

fn files(files: &[(&str, &str)]) -> Vec<SourceFile> {
    files.iter().map(|(path, text)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() }).collect()
}

fn read(sources: &[(&str, &str)]) -> Reading {
    read_terraform(&files(sources), &Options::default())
}

fn addresses(reading: &Reading) -> Vec<&str> {
    reading.resources.iter().filter(|r| r.block == Block::Resource).map(|r| r.address.as_str()).collect()
}

fn resource<'r>(reading: &'r Reading, address: &str) -> &'r Resource {
    reading
        .resources
        .iter()
        .find(|r| r.address == address)
        .unwrap_or_else(|| panic!("{address} among {:?}", addresses(reading)))
}

fn value(reading: &Reading, address: &str, path: &str) -> serde_json::Value {
    let node = resource(reading, address).attribute(path).unwrap_or_else(|| panic!("{path} of {address}"));
    assert!(node.is_known(), "{path} of {address} is {node:?}");
    node.to_json()
}

fn why(reading: &Reading, address: &str, path: &str) -> (String, Vec<String>) {
    match &resource(reading, address).attribute(path).unwrap_or_else(|| panic!("{path} of {address}")).value {
        Value::Unknown(unknown) => (unknown.why.to_string(), unknown.refers.to_vec()),
        other => panic!("{path} of {address} is known: {other:?}"),
    }
}

#[test]
fn variables_locals_and_references_are_followed() {
    let reading = read(&[
        (
            "main.tf",
            "resource \"aws_s3_bucket\" \"logs\" {\n  bucket = local.name\n  tags   = { env = var.env, n = local.n }\n}\n\
resource \"aws_s3_bucket_public_access_block\" \"logs\" {\n  bucket = aws_s3_bucket.logs.id\n  name   = aws_s3_bucket.logs.bucket\n}\n",
        ),
        (
            "variables.tf",
            "variable \"env\" {\n  type = string\n  default = \"dev\"\n}\nlocals {\n  name = \"${local.prefix}-logs\"\n  prefix = \"acme-${var.env}\"\n  n = 1 + 2 * 3\n}\n",
        ),
    ]);
    assert_eq!(reading.diagnostics, []);
    assert_eq!(value(&reading, "aws_s3_bucket.logs", "bucket"), json!("acme-dev-logs"));
    assert_eq!(value(&reading, "aws_s3_bucket.logs", "tags"), json!({"env": "dev", "n": 7}));
    let address = "aws_s3_bucket_public_access_block.logs";
    let (reason, refers) = why(&reading, address, "bucket");
    assert_eq!(reason, "aws_s3_bucket.logs.id is known after apply");
    assert_eq!(refers, ["aws_s3_bucket.logs"]);
    assert_eq!(value(&reading, address, "name"), json!("acme-dev-logs"));
    let references: Vec<_> =
        resource(&reading, address).references.iter().map(|r| (r.attribute.as_str(), r.target.as_str())).collect();
    assert_eq!(references, [("bucket", "aws_s3_bucket.logs"), ("name", "aws_s3_bucket.logs")]);
    let place = reading.place(resource(&reading, address).attribute("bucket").unwrap().at);
    assert_eq!(place.to_string(), "main.tf:6:12");
    assert_eq!(resource(&reading, address).line_end, 8);
}

#[test]
fn count_and_for_each_give_the_addresses_that_terraform_prints() {
    let reading = read(&[(
        "main.tf",
        "variable \"unset\" {}\nresource \"a\" \"none\" { count = 0 }\nresource \"a\" \"two\" {\n  count = 2\n  name = \"n${count.index}\"\n}\n\
resource \"a\" \"each\" {\n  for_each = { y = 2, \"x\\\"q\" = 1 }\n  name = \"${each.key}=${each.value}\"\n}\n\
resource \"a\" \"maybe\" {\n  count = var.unset ? 1 : 0\n  name = \"m${count.index}\"\n  fixed = 1\n}\n\
resource \"b\" \"of\" {\n  all = a.two[*].name\n  one = a.two[1].name\n  old = a.two.*.name\n  key = a.each[\"y\"].name\n  maybe = a.maybe[0].fixed\n}\n",
    )]);
    assert_eq!(addresses(&reading), ["a.two[0]", "a.two[1]", "a.each[\"x\\\"q\"]", "a.each[\"y\"]", "a.maybe", "b.of"]);
    assert_eq!(value(&reading, "a.two[1]", "name"), json!("n1"));
    assert_eq!(value(&reading, "a.each[\"y\"]", "name"), json!("y=2"));
    assert_eq!(value(&reading, "b.of", "all"), json!(["n0", "n1"]));
    assert_eq!(value(&reading, "b.of", "old"), json!(["n0", "n1"]));
    assert_eq!(value(&reading, "b.of", "one"), json!("n1"));
    assert_eq!(value(&reading, "b.of", "key"), json!("y=2"));
    assert_eq!(value(&reading, "b.of", "maybe"), json!(1));
    assert_eq!(why(&reading, "a.maybe", "name").0, "var.unset has no default and no value is given");
    assert_eq!(reading.diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["terraform.count-unknown"]);
}

#[test]
fn nested_and_dynamic_blocks_stand_as_lists_of_maps() {
    let reading = read(&[(
        "main.tf",
        "variable \"unset\" {}\nresource \"sg\" \"a\" {\n  ingress {\n    port = 22\n  }\n  dynamic \"ingress\" {\n    for_each = [80, 443]\n    content {\n      port = ingress.value\n      n    = ingress.key\n    }\n  }\n\
  dynamic \"egress\" {\n    for_each = var.unset\n    iterator = it\n    content {\n      port = it.value\n    }\n  }\n}\n",
    )]);
    assert_eq!(value(&reading, "sg.a", "ingress"), json!([{"port": 22}, {"port": 80, "n": 0}, {"port": 443, "n": 1}]));
    assert!(why(&reading, "sg.a", "egress").0.starts_with("how many `egress` blocks there are is not known"));
}

#[test]
fn child_module_is_evaluated_through_its_callers() {
    let reading = read(&[
        (
            "main.tf",
            "module \"web\" {\n  source = \"./modules/app\"\n  for_each = toset([\"eu\", \"us\"])\n  name = \"web-${each.key}\"\n  bucket = aws_s3_bucket.logs.id\n}\n\
resource \"aws_s3_bucket\" \"logs\" { bucket = module.web[\"eu\"].name }\nmodule \"far\" { source = \"terraform-aws-modules/vpc/aws\" }\nresource \"x\" \"y\" { id = module.far.vpc_id }\n",
        ),
        (
            "modules/app/main.tf",
            "variable \"name\" { type = string }\nvariable \"bucket\" {}\nvariable \"size\" { default = 3 }\n\
module \"inner\" {\n  source = \"../inner\"\n  name = upper(var.name)\n  size = var.size\n}\noutput \"name\" { value = var.name }\nresource \"app\" \"this\" {\n  bucket = var.bucket\n  url = module.inner.url\n}\n",
        ),
        (
            "modules/inner/main.tf",
            "variable \"name\" {}\nvariable \"size\" {}\nresource \"inner\" \"this\" {\n  count = var.size - 2\n  name = var.name\n}\noutput \"url\" { value = \"https://${inner.this[0].name}\" }\n",
        ),
    ]);
    assert_eq!(
        addresses(&reading),
        [
            "aws_s3_bucket.logs",
            "x.y",
            "module.web[\"eu\"].app.this",
            "module.web[\"us\"].app.this",
            "module.web[\"eu\"].module.inner.inner.this[0]",
            "module.web[\"us\"].module.inner.inner.this[0]",
        ]
    );
    assert_eq!(value(&reading, "module.web[\"us\"].app.this", "url"), json!("https://WEB-US"));
    let (_, refers) = why(&reading, "module.web[\"eu\"].app.this", "bucket");
    assert_eq!(refers, ["aws_s3_bucket.logs"]);
    assert_eq!(value(&reading, "aws_s3_bucket.logs", "bucket"), json!("web-eu"));
    assert_eq!(why(&reading, "x.y", "id").1, ["module.far"]);
    assert!(reading.resources.iter().all(|r| &*r.root == "."));
}

#[test]
fn cycles_are_named_and_the_rest_counts() {
    let reading = read(&[
        (
            "main.tf",
            "locals {\n  a = local.b\n  b = local.a\n  c = 1\n}\nresource \"x\" \"one\" { v = x.two.v }\nresource \"x\" \"two\" { v = x.one.v }\nresource \"x\" \"good\" { v = local.c }\nmodule \"m\" { source = \"./m\" }\n",
        ),
        ("m/main.tf", "module \"back\" { source = \"../n\" }\nresource \"x\" \"in_m\" {}\n"),
        ("n/main.tf", "module \"forth\" { source = \"../m\" }\nresource \"x\" \"in_n\" {}\n"),
    ]);
    let codes: Vec<_> = reading.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert!(codes.contains(&"terraform.cycle") && codes.contains(&"terraform.module-cycle"), "{codes:?}");
    assert_eq!(value(&reading, "x.good", "v"), json!(1));
    assert_eq!(resource(&reading, "module.m.x.in_m").name, "in_m");
    assert_eq!(resource(&reading, "module.m.module.back.x.in_n").name, "in_n");
}

#[test]
fn circles_are_told_alike_at_every_reading() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let circle = |kind: &dyn Fn(&str, &str) -> String| -> String {
        names.iter().zip(names.iter().cycle().skip(1)).map(|(name, next)| kind(name, next)).collect()
    };
    let locals = circle(&|name, next| format!("locals {{\n  {name} = local.{next}\n}}\n"));
    let variables = circle(&|name, next| {
        format!(
            "variable \"{name}\" {{\n  validation {{\n    condition = local.{next} == 1\n    error_message = \"no\"\n  }}\n}}\n"
        )
    });
    let outputs = circle(&|name, next| format!("output \"{name}\" {{\n  value = module.m.{next}\n}}\n"));
    let files = [
        (
            "main.tf",
            format!(
                "{locals}{variables}module \"m\" {{ source = \"./m\" }}\nresource \"x\" \"y\" {{ v = module.m }}\n"
            ),
        ),
        ("m/main.tf", format!("{outputs}module \"m\" {{ source = \"../absent\" }}\nlocals {{\n  all = module.m\n}}\n")),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let first = read(&files);
    assert!(!first.diagnostics.is_empty());
    for _ in 0..20 {
        assert_eq!(read(&files).diagnostics, first.diagnostics);
    }
}

#[test]
fn folders_that_only_call_each_other_are_read_once() {
    let reading = read(&[
        ("a/main.tf", "module \"b\" { source = \"../b\" }\nresource \"x\" \"a\" {}\n"),
        ("b/main.tf", "module \"a\" { source = \"../a\" }\nresource \"x\" \"b\" {}\n"),
    ]);
    assert_eq!(addresses(&reading), ["x.a", "module.b.x.b"]);
}

#[test]
fn values_of_variables_come_from_defaults_files_and_options_in_that_order() {
    let main = "variable \"a\" { default = \"default\" }\nvariable \"b\" { default = \"default\" }\nvariable \"c\" { default = \"default\" }\nvariable \"d\" { default = \"default\" }\nvariable \"e\" { default = \"default\" }\nvariable \"n\" { type = list(number) }\n\
resource \"x\" \"y\" {\n  v = [var.a, var.b, var.c, var.d, var.e]\n  n = var.n\n}\n";
    let sources = files(&[
        ("env/main.tf", main),
        ("env/terraform.tfvars", "b = \"tfvars\"\nc = \"tfvars\"\nd = \"tfvars\"\n"),
        ("env/z.auto.tfvars.json", "{\"c\": \"auto\", \"d\": \"auto\"}"),
        ("env/prod.tfvars", "d = \"file\"\n"),
        ("other/terraform.tfvars", "a = \"elsewhere\"\n"),
    ]);
    let options = Options {
        var_files: vec!["env/prod.tfvars".to_owned()],
        variables: vec![
            ("e".to_owned(), "env".to_owned()),
            ("b".to_owned(), "env".to_owned()),
            ("n".to_owned(), "[1, 2]".to_owned()),
        ],
        workspace: String::new(),
        folder: None,
    };
    let reading = read_terraform(&sources, &options);
    assert_eq!(value(&reading, "x.y", "v"), json!(["default", "tfvars", "auto", "file", "env"]));
    assert_eq!(value(&reading, "x.y", "n"), json!([1, 2]));
    assert_eq!(&*resource(&reading, "x.y").root, "env");
}

#[test]
fn types_of_variables_convert_and_fill_in() {
    let reading = read(&[(
        "main.tf",
        "variable \"o\" {\n  type = object({\n    port = number\n    name = optional(string, \"web\")\n    tags = optional(map(string), {})\n    extra = optional(string)\n  })\n  default = { port = \"80\", unknown = 1 }\n}\n\
variable \"s\" {\n  type = set(string)\n  default = [\"b\", \"a\", \"b\"]\n}\nvariable \"bad\" {\n  type = number\n  default = \"many\"\n}\n\
resource \"x\" \"y\" {\n  o = var.o\n  s = var.s\n}\n resource \"x\" \"bad\" { v = var.bad }\n",
    )]);
    assert_eq!(value(&reading, "x.y", "o"), json!({"port": 80, "name": "web", "tags": {}, "extra": null}));
    assert_eq!(value(&reading, "x.y", "s"), json!(["a", "b"]));
    assert_eq!(reading.diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["terraform.type"]);
}

#[test]
fn unknown_stays_where_it_must_and_only_there() {
    let reading = read(&[(
        "main.tf",
        "variable \"u\" {}\nresource \"a\" \"b\" { known = 1 }\nlocals {\n  m = { k = 1, u = a.b.id }\n}\nresource \"x\" \"known\" {\n  len = length([var.u, 1])\n  keys = keys(local.m)\n  k = local.m.k\n  and = false && var.u\n  or = var.u || true\n  same = var.u ? 5 : 5\n  merged = merge(local.m, { z = 2 }).z\n  has = contains([var.u, \"a\"], \"a\")\n  first = coalesce(null, \"a\", var.u)\n  try = try(local.m.none, \"fallback\")\n}\n\
resource \"x\" \"unknown\" {\n  template = \"arn:${a.b.id}:x\"\n  cond = var.u ? 1 : 2\n  join = join(\",\", [\"a\", a.b.id])\n  and = true && var.u\n  eq = a.b.id == \"x\"\n  map = local.m\n  data = data.d.e.json\n}\ndata \"d\" \"e\" {\n  q = \"written\"\n}\n",
    )]);
    let known = "x.known";
    for (path, expected) in [
        ("len", json!(2)),
        ("keys", json!(["k", "u"])),
        ("k", json!(1)),
        ("and", json!(false)),
        ("or", json!(true)),
        ("same", json!(5)),
        ("merged", json!(2)),
        ("has", json!(true)),
        ("first", json!("a")),
        ("try", json!("fallback")),
    ] {
        assert_eq!(value(&reading, known, path), expected, "{path}");
    }
    for path in ["template", "join", "eq"] {
        assert_eq!(
            why(&reading, "x.unknown", path),
            ("a.b.id is known after apply".to_owned(), vec!["a.b".to_owned()]),
            "{path}"
        );
    }
    for path in ["cond", "and"] {
        assert_eq!(why(&reading, "x.unknown", path).0, "var.u has no default and no value is given", "{path}");
    }
    assert_eq!(value(&reading, "x.unknown", "map.k"), json!(1));
    assert_eq!(why(&reading, "x.unknown", "map.u").1, ["a.b"]);
    assert_eq!(
        why(&reading, "x.unknown", "data"),
        ("data.d.e.json is read when planning".to_owned(), vec!["data.d.e".to_owned()])
    );
    assert_eq!(value(&reading, "data.d.e", "q"), json!("written"));
}

#[test]
fn syntax_error_costs_its_block_and_no_other() {
    let reading = read(&[
        (
            "a.tf",
            "resource \"x\" \"one\" {\n  v = 1\n}\nresource \"x\" \"bad\" {\n  v = [1, 2\n  w = }\n}\nresource \"x\" \"two\" { v = 2 }\n",
        ),
        ("b.tf", "resource \"x\" \"three\" { v = 3 }\n"),
    ]);
    assert_eq!(addresses(&reading), ["x.one", "x.two", "x.three"]);
    let places: Vec<_> = reading.diagnostics.iter().map(|d| d.place.to_string()).collect();
    assert_eq!(places, ["a.tf:6:3"]);
}

#[test]
fn json_syntax_is_read_as_the_native_one() {
    let reading = read(&[(
        "main.tf.json",
        r#"{"variable": {"name": {"default": "logs", "type": "string"}}, "locals": {"n": 2},
 "resource": {"aws_s3_bucket": {"b": {"count": "${local.n}", "bucket": "${var.name}-${count.index}", "versioning": [{"enabled": true}], "depends_on": ["aws_kms_key.k"]}},
 "aws_kms_key": {"k": {"dynamic": {"grant": {"for_each": ["x"], "content": {"name": "${grant.value}"}}}}}}}"#,
    )]);
    assert_eq!(reading.diagnostics, []);
    assert_eq!(value(&reading, "aws_s3_bucket.b[1]", "bucket"), json!("logs-1"));
    assert_eq!(value(&reading, "aws_s3_bucket.b[0]", "versioning.0.enabled"), json!(true));
    assert_eq!(value(&reading, "aws_kms_key.k", "grant"), json!([{"name": "x"}]));
}

#[test]
fn files_and_templates_are_read_from_what_was_handed_in() {
    let reading = read(&[
        (
            "env/main.tf",
            "module \"m\" { source = \"../mod\" }\nresource \"x\" \"y\" {\n  a = file(\"${path.module}/a.txt\")\n  none = file(\"none.txt\")\n  sum = filesha256(\"a.txt\")\n}\n",
        ),
        ("env/a.txt", "hello"),
        (
            "mod/main.tf",
            "resource \"x\" \"z\" { t = templatefile(\"${path.module}/t.tpl\", { names = [\"a\", \"b\"], port = 80 }) }\n",
        ),
        ("mod/t.tpl", "%{ for n in names ~}\n${n}:${port}\n%{ endfor ~}\nend\n"),
    ]);
    assert_eq!(value(&reading, "x.y", "a"), json!("hello"));
    assert_eq!(
        value(&reading, "x.y", "sum"),
        json!("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    );
    assert!(why(&reading, "x.y", "none").0.contains("none.txt"));
    assert_eq!(value(&reading, "module.m.x.z", "t"), json!("a:80\nb:80\nend\n"));
}

#[test]
fn explosions_are_refused_with_a_message() {
    let mut text = String::from("locals {\n  l0 = \"xxxxxxxxxxxxxxxx\"\n  m0 = [1, 2]\n");
    for level in 1..60 {
        text.push_str(&format!(
            "  l{level} = \"${{local.l{0}}}${{local.l{0}}}\"\n  m{level} = [local.m{0}, local.m{0}]\n",
            level - 1
        ));
    }
    text.push_str("  n = [for i in range(1000) : i]\n}\n");
    text.push_str("resource \"x\" \"text\" { v = local.l59 }\nresource \"x\" \"tree\" { v = local.m59 }\nresource \"x\" \"json\" { v = jsonencode(local.m59) }\n");
    text.push_str("resource \"x\" \"equal\" { v = local.m59 == [local.m58, local.m58] }\nresource \"x\" \"flat\" { v = flatten(local.m59) }\n");
    text.push_str("resource \"x\" \"product\" { v = setproduct(local.n, local.n, local.n, local.n) }\nresource \"x\" \"many\" { count = 1e9 }\n");
    text.push_str("resource \"x\" \"loops\" { v = [for a in local.n : [for b in local.n : [for c in local.n : a]]] }\nresource \"x\" \"good\" { v = 1 }\n");
    let reading = read(&[("main.tf", &text)]);
    assert_eq!(value(&reading, "x.good", "v"), json!(1));
    for name in ["text", "json", "flat", "product", "loops"] {
        why(&reading, &format!("x.{name}"), "v");
    }
    assert!(!resource(&reading, "x.tree").attribute("v").unwrap().is_known());
    let codes: Vec<_> = reading.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert!(codes.contains(&"terraform.instances") && codes.contains(&"terraform.expression"), "{codes:?}");
}

#[test]
fn modules_are_found_from_wherever_the_files_were_named() {
    let places = [("/srv/infra", "/srv"), ("../infra", ".."), ("../../far/infra", "../../far"), ("a/infra", "a")];
    for (folder, parent) in places {
        let (main, app) = (format!("{folder}/main.tf"), format!("{folder}/modules/app/main.tf"));
        let shared = format!("{parent}/shared/main.tf");
        let reading = read(&[
            (&main, "module \"app\" { source = \"./modules/app\" }\n"),
            (&app, "module \"shared\" { source = \"../../../shared\" }\nresource \"app\" \"this\" {}\n"),
            (&shared, "resource \"shared\" \"this\" {}\n"),
        ]);
        assert_eq!(
            addresses(&reading),
            ["module.app.app.this", "module.app.module.shared.shared.this"],
            "{folder}: {:?}",
            reading.diagnostics
        );
    }
}

#[test]
fn providers_and_module_calls_are_resources_of_their_own_kind() {
    let reading = read(&[(
        "main.tf",
        "provider \"aws\" {\n  alias  = \"west\"\n  region = \"us-west-2\"\n  default_tags {\n    tags = { team = \"a\" }\n  }\n}\nmodule \"far\" {\n  source = \"hashicorp/consul/aws\"\n  version = \"1.0\"\n}\nresource \"x\" \"y\" {\n  provider = aws.west\n  lifecycle {\n    prevent_destroy = true\n    ignore_changes = [tags]\n  }\n  depends_on = [x.z]\n}\nresource \"x\" \"z\" {}\n",
    )]);
    let seen: Vec<_> = reading.resources.iter().map(|r| (r.block, r.address.as_str())).collect();
    assert_eq!(
        seen,
        [
            (Block::Provider, "provider.aws.west"),
            (Block::Module, "module.far"),
            (Block::Resource, "x.y"),
            (Block::Resource, "x.z")
        ]
    );
    assert_eq!(value(&reading, "provider.aws.west", "default_tags.0.tags.team"), json!("a"));
    assert_eq!(value(&reading, "module.far", "version"), json!("1.0"));
    assert_eq!(value(&reading, "x.y", "provider"), json!("aws.west"));
    assert_eq!(value(&reading, "x.y", "lifecycle"), json!([{"prevent_destroy": true, "ignore_changes": ["tags"]}]));
    assert!(resource(&reading, "x.y").references.iter().any(|r| r.attribute == "depends_on" && r.target == "x.z"));
}

#[test]
fn undeclared_resource_is_a_reference_and_leaves_the_rest_known() {
    let reading = read(&[(
        "main.tf",
        "resource \"x\" \"y\" {\n  key  = aws_kms_key.gone.arn\n  list = [aws_kms_key.gone.arn, \"a\"]\n}\n",
    )]);
    assert_eq!(
        why(&reading, "x.y", "key"),
        ("`aws_kms_key.gone` is not declared".to_owned(), vec!["aws_kms_key.gone".to_owned()])
    );
    assert_eq!(value(&reading, "x.y", "list.1"), json!("a"));
    assert!(
        resource(&reading, "x.y").references.iter().any(|r| r.attribute == "key" && r.target == "aws_kms_key.gone")
    );
    assert!(reading.diagnostics.iter().all(|d| d.code == "terraform.undeclared"), "{:?}", reading.diagnostics);
}

#[test]
fn override_files_are_merged_as_terraform_merges_them() {
    let reading = read(&[
        (
            "main.tf",
            "resource \"aws_instance\" \"web\" {\n  ami = \"a\"\n  tags = { a = local.x }\n  ebs_block_device {\n    device_name = \"one\"\n  }\n  \
ebs_block_device {\n    device_name = \"two\"\n  }\n  root_block_device {\n    encrypted = true\n  }\n  lifecycle {\n    prevent_destroy = true\n    create_before_destroy = true\n  }\n}\n\
locals {\n  x = \"base\"\n  y = \"kept\"\n}\nvariable \"v\" {\n  type = string\n  default = \"1\"\n}\n\
resource \"aws_eip\" \"e\" {\n  domain = \"${local.y}-${var.v}\"\n}\nprovider \"aws\" {\n  region = \"a\"\n}\nprovider \"aws\" {\n  alias = \"b\"\n  region = \"b\"\n}\n",
        ),
        (
            "prod_override.tf",
            "resource \"aws_instance\" \"web\" {\n  ami = \"c\"\n  ebs_block_device {\n    device_name = \"three\"\n  }\n  lifecycle {\n    prevent_destroy = false\n  }\n}\n\
locals {\n  x = \"over\"\n}\nvariable \"v\" {\n  default = \"2\"\n}\nprovider \"aws\" {\n  alias = \"b\"\n  region = \"over\"\n}\n",
        ),
        (
            "override.tf",
            "resource \"aws_instance\" \"web\" {\n  ami = \"b\"\n  monitoring = true\n}\nresource \"aws_eip\" \"alone\" {}\n",
        ),
        ("other/main.tf", "resource \"aws_instance\" \"web\" {\n  ami = \"other\"\n}\n"),
    ]);
    let web: Vec<_> = reading.resources.iter().filter(|one| one.address == "aws_instance.web").collect();
    assert_eq!(web.len(), 2, "one in each root");
    let web =
        |path: &str| web.iter().find(|one| &*one.root == ".").unwrap().attribute(path).map(mainstay_iac::Node::to_json);
    // `override.tf` comes before `prod_override.tf`, so that the latter counts.
    assert_eq!(web("ami"), Some(json!("c")));
    assert_eq!(web("monitoring"), Some(json!(true)));
    assert_eq!(web("ebs_block_device"), Some(json!([{"device_name": "three"}])));
    assert_eq!(web("root_block_device.0.encrypted"), Some(json!(true)));
    assert_eq!(web("lifecycle"), Some(json!([{"prevent_destroy": false, "create_before_destroy": true}])));
    assert_eq!(web("tags"), Some(json!({"a": "over"})));
    assert_eq!(value(&reading, "aws_eip.e", "domain"), json!("kept-2"));
    assert_eq!(value(&reading, "provider.aws", "region"), json!("a"));
    assert_eq!(value(&reading, "provider.aws.b", "region"), json!("over"));
    let told: Vec<_> = reading.diagnostics.iter().map(|one| (one.code.as_ref(), one.place.to_string())).collect();
    assert_eq!(told, [("terraform.override", "override.tf:5:1".to_owned())]);
}

#[test]
fn values_that_a_variable_refuses_are_told_and_unknown_ones_are_not() {
    let text = "variable \"size\" {\n  type = number\n  default = 7\n  validation {\n    condition = var.size > 2\n    error_message = \"more than two\"\n  }\n  \
validation {\n    condition = var.size % 2 == 0\n    error_message = \"${var.size} is odd\"\n  }\n}\n\
variable \"open\" {\n  validation {\n    condition = length(var.open) > 3\n    error_message = \"too short\"\n  }\n}\n\
resource \"aws_instance\" \"a\" {\n  count = var.size\n}\n";
    let reading = read(&[("main.tf", text)]);
    let told: Vec<_> = reading.diagnostics.iter().map(|one| (one.summary.as_str(), one.place.to_string())).collect();
    assert_eq!(told, [("the value of var.size is refused: 7 is odd", "main.tf:8:3".to_owned())]);
    assert_eq!(addresses(&reading).len(), 7);
}

#[test]
fn moved_removed_and_import_blocks_are_held_against_what_is_declared() {
    let text = "moved {\n  from = aws_instance.old\n  to   = aws_instance.new\n}\nmoved {\n  from = aws_instance.many\n  to   = aws_instance.many[0]\n}\n\
moved {\n  from = aws_instance.new\n  to   = aws_instance.newer\n}\nremoved {\n  from = module.gone\n}\nremoved {\n  from = aws_instance.many\n}\n\
resource \"aws_instance\" \"new\" {}\nresource \"aws_instance\" \"many\" {\n  count = 2\n}\n\
locals {\n  known = { \"0\" = \"i-1\", \"1\" = \"i-2\" }\n}\nimport {\n  for_each = local.known\n  to = aws_instance.many[tonumber(each.key)]\n  id = each.value\n}\n\
import {\n  to = aws_instance.absent\n  id = \"i-3\"\n}\nimport {\n  to = aws_instance.new\n  id = \"i-4\"\n}\n";
    let reading = read(&[("main.tf", text)]);
    let ids: Vec<_> = reading.resources.iter().map(|one| (one.address.as_str(), one.live_id.as_deref())).collect();
    assert_eq!(
        ids,
        [
            ("aws_instance.new", Some("i-4")),
            ("aws_instance.many[0]", Some("i-1")),
            ("aws_instance.many[1]", Some("i-2"))
        ]
    );
    let told: Vec<_> = reading.diagnostics.iter().map(|one| one.summary.as_str()).collect();
    assert_eq!(
        told,
        [
            "aws_instance.new is moved and still declared",
            "aws_instance.many is removed and still declared",
            "aws_instance.absent is imported and not declared",
        ]
    );
}

#[test]
fn default_tags_of_the_provider_that_a_resource_uses_are_added() {
    let reading = read(&[
        (
            "main.tf",
            "variable \"team\" {\n  default = \"shop\"\n}\nprovider \"aws\" {\n  default_tags {\n    tags = { team = var.team, tier = \"2\" }\n  }\n}\n\
provider \"aws\" {\n  alias = \"west\"\n  default_tags {\n    tags = { team = \"west\" }\n  }\n}\n\
resource \"aws_s3_bucket\" \"a\" {\n  tags = { tier = \"1\" }\n}\nresource \"aws_s3_bucket\" \"b\" {\n  provider = aws.west\n}\n\
resource \"google_storage_bucket\" \"g\" {}\nmodule \"same\" {\n  source = \"./m\"\n}\nmodule \"west\" {\n  source = \"./m\"\n  providers = {\n    aws = aws.west\n  }\n}\n",
        ),
        ("m/main.tf", "resource \"aws_s3_bucket\" \"c\" {}\n"),
    ]);
    assert_eq!(value(&reading, "aws_s3_bucket.a", "tags_all"), json!({"team": "shop", "tier": "1"}));
    assert_eq!(value(&reading, "aws_s3_bucket.a", "tags"), json!({"tier": "1"}));
    assert_eq!(value(&reading, "aws_s3_bucket.b", "tags_all"), json!({"team": "west"}));
    assert_eq!(value(&reading, "module.same.aws_s3_bucket.c", "tags_all"), json!({"team": "shop", "tier": "2"}));
    assert_eq!(value(&reading, "module.west.aws_s3_bucket.c", "tags_all"), json!({"team": "west"}));
    assert!(resource(&reading, "google_storage_bucket.g").attribute("tags_all").is_none());
}

#[test]
fn a_truth_value_in_the_spelling_of_another_language_is_told_and_taken_as_meant() {
    let reading = read(&[(
        "main.tf",
        "resource \"aws_ebs_volume\" \"v\" {\n  encrypted = True\n  multi_attach_enabled = FALSE\n}\n",
    )]);
    assert_eq!(value(&reading, "aws_ebs_volume.v", "encrypted"), json!(true));
    assert_eq!(value(&reading, "aws_ebs_volume.v", "multi_attach_enabled"), json!(false));
    let told: Vec<_> = reading.diagnostics.iter().map(|one| (one.summary.as_str(), one.place.to_string())).collect();
    assert_eq!(
        told,
        [
            ("`True` is no value; Terraform refuses it", "main.tf:2:15".to_owned()),
            ("`FALSE` is no value; Terraform refuses it", "main.tf:3:26".to_owned()),
        ]
    );
}

#[test]
fn a_block_that_is_declared_twice_is_told_and_each_is_judged_by_what_it_says() {
    let text = "resource \"aws_s3_bucket\" \"a\" {\n  bucket = \"one\"\n}\nresource \"aws_s3_bucket\" \"a\" {\n  bucket = \"two\"\n}\n";
    let reading = read(&[("main.tf", text)]);
    let said: Vec<_> = reading.resources.iter().map(|one| one.attribute("bucket").unwrap().to_json()).collect();
    assert_eq!(said, [json!("one"), json!("two")]);
    assert_eq!(reading.diagnostics[0].code, "terraform.duplicate");
}
