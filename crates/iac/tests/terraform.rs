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
