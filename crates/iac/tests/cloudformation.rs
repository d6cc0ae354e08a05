//! CloudFormation, SAM and `serverless.yml`: what templates mean before they are deployed.

use mainstay_iac::terraform::Options;
use mainstay_iac::{Dialect, Reading, Resource, SourceFile, Value, read};
use serde_json::json;

fn files(named: &[(&str, &str)]) -> Vec<SourceFile> {
    let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() };
    named.iter().map(file).collect()
}

fn template(text: &str) -> Reading {
    read(&files(&[("template.yaml", text)]), &Options::default())
}

fn find<'r>(reading: &'r Reading, address: &str) -> &'r Resource {
    let found = reading.resources.iter().find(|resource| resource.address == address);
    found.unwrap_or_else(|| {
        let all: Vec<_> = reading.resources.iter().map(|resource| &resource.address).collect();
        panic!("no {address} among {all:?}")
    })
}

/// The properties of one resource `X` within a template whose other sections come first.
fn properties(sections: &str, properties: &str) -> Resource {
    let text = format!("{sections}\nResources:\n  X:\n    Type: Test::A::Thing\n    Properties:\n{properties}");
    let reading = template(&text);
    find(&reading, "Test::A::Thing.X").clone()
}

fn why(resource: &Resource, path: &str) -> String {
    match &resource.attribute(path).unwrap_or_else(|| panic!("no {path}")).value {
        Value::Unknown(unknown) => unknown.why.to_string(),
        other => panic!("{path} is known: {other:?}"),
    }
}

#[test]
fn resource_has_type_name_place_and_properties() {
    let text = "AWSTemplateFormatVersion: 2010-09-09\nResources:\n  # a comment\n  Logs:\n    DeletionPolicy: Retain\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: shop\n      Tags:\n        - {Key: a, Value: '1'}\n";
    let reading = template(text);
    assert_eq!(reading.diagnostics, []);
    let bucket = find(&reading, "AWS::S3::Bucket.Logs");
    assert_eq!((bucket.dialect, &*bucket.name), (Dialect::CloudFormation, "Logs"));
    assert_eq!((bucket.at.line, bucket.at.column, bucket.line_end), (4, 3, 10));
    let name = bucket.attribute("BucketName").unwrap();
    assert_eq!((name.at.line, name.at.column), (8, 19));
    assert_eq!(bucket.attribute("Tags.0.Value").unwrap().to_json(), json!("1"));
    assert_eq!(bucket.attribute("DeletionPolicy").unwrap().to_json(), json!("Retain"));
}

#[test]
fn json_and_yaml_give_the_same_resource() {
    let yaml = template(
        "Parameters:\n  P: {Type: String, Default: c}\nResources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Join ['-', [a, !Sub 'b${P}']]\n",
    );
    let text = r#"{"Parameters": {"P": {"Type": "String", "Default": "c"}}, "Resources": {"A": {"Type": "AWS::SQS::Queue", "Properties":
        {"QueueName": {"Fn::Join": ["-", ["a", {"Fn::Sub": "b${P}"}]]}}}}}"#;
    let json = read(&files(&[("template.json", text)]), &Options::default());
    let name = |reading: &Reading| find(reading, "AWS::SQS::Queue.A").attribute("QueueName").unwrap().to_json();
    assert_eq!(name(&yaml), name(&json));
    assert_eq!(name(&json), json!("a-bc"));
    assert_eq!(find(&json, "AWS::SQS::Queue.A").at.line, 1);
}

#[test]
fn functions_compute_what_is_known() {
    let sections = "Parameters:\n  Name: {Type: String, Default: shop}\n  List: {Type: CommaDelimitedList, Default: 'a, b,c'}\n  Only: {Type: String, AllowedValues: [one]}\nMappings:\n  Sizes:\n    prod: {Type: large}\n    dev: {Type: large}\n";
    let x = properties(
        sections,
        "      Ref: {Ref: Name}\n      Short: !Ref Name\n      Sub: !Sub '${Name}-${!Literal}-x'\n      SubMap: !Sub ['${A}/${Name}', {A: !Ref Only}]\n      Join: !Join ['/', [a, !Ref Name, 7]]\n      JoinList: !Join ['+', !Ref List]\n      Select: !Select [1, !Ref List]\n      Split: !Split [',', 'x,y']\n      Find: !FindInMap [Sizes, prod, Type]\n      AnyKey: !FindInMap [Sizes, !Ref 'AWS::Region', Type]\n      Default: !FindInMap [Sizes, none, Type, {DefaultValue: small}]\n      Base64: !Base64 plain\n      Length: {'Fn::Length': !Ref List}\n      Json: {'Fn::ToJsonString': {a: [1, !Ref Name]}}\n      Cidr: !Cidr ['10.0.0.0/16', 2, 8]\n      Account: 012345678901\n      Yes: yes\n",
    );
    let expected = [
        ("Ref", json!("shop")),
        ("Short", json!("shop")),
        ("Sub", json!("shop-${Literal}-x")),
        ("SubMap", json!("one/shop")),
        ("Join", json!("a/shop/7")),
        ("JoinList", json!("a+b+c")),
        ("Select", json!("b")),
        ("Split", json!(["x", "y"])),
        ("Find", json!("large")),
        ("AnyKey", json!("large")),
        ("Default", json!("small")),
        ("Base64", json!("plain")),
        ("Length", json!(3)),
        ("Json", json!("{\"a\":[1,\"shop\"]}")),
        ("Cidr", json!(["10.0.0.0/24", "10.0.1.0/24"])),
        ("Account", json!("012345678901")),
        ("Yes", json!(true)),
    ];
    for (path, value) in expected {
        assert_eq!(x.attribute(path).unwrap().to_json(), value, "{path}");
    }
}

#[test]
fn what_deployment_tells_is_unknown_with_its_reason() {
    let sections = "Parameters:\n  Key: {Type: String}\n  Vpc: {Type: 'AWS::EC2::VPC::Id'}\n  Ami: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /ami}\n";
    let x = properties(
        sections,
        "      Key: !Ref Key\n      Vpc: !Ref Vpc\n      Ami: !Ref Ami\n      Region: !Ref AWS::Region\n      Import: !ImportValue net-vpc\n      Azs: !GetAZs ''\n      Macro: {'Fn::Transform': {Name: X}}\n      Text: !Sub 'x-${Key}'\n      Ssm: '{{resolve:ssm:/a:1}}'\n      Secret: '{{resolve:secretsmanager:db:SecretString:password}}'\n      Other: !GetAtt Other.Arn\n",
    );
    assert_eq!(why(&x, "Key"), "the parameter Key has no default");
    assert_eq!(why(&x, "Text"), "the parameter Key has no default");
    assert_eq!(why(&x, "Ami"), "the parameter /ami of the Systems Manager is read when the stack is deployed");
    assert_eq!(why(&x, "Region"), "AWS::Region is known when the stack is deployed");
    assert_eq!(why(&x, "Import"), "another stack exports net-vpc");
    assert_eq!(why(&x, "Macro"), "a macro (Fn::Transform) fills it in");
    assert_eq!(why(&x, "Ssm"), "the parameter /a:1 of the Systems Manager is read when the stack is deployed");
    assert!(why(&x, "Azs").contains("availability zones"));
    assert_eq!(x.attribute("Secret").unwrap().to_json(), json!("{{resolve:secretsmanager:db:SecretString:password}}"));
    let refers = |path: &str| match &x.attribute(path).unwrap().value {
        Value::Unknown(unknown) => !unknown.refers.is_empty(),
        _ => false,
    };
    // A parameter of an AWS type is set to something; a plain text may be empty.
    assert!(refers("Vpc") && !refers("Key"));
}

#[test]
fn references_between_resources_are_recorded_with_their_attribute() {
    let text = "Resources:\n  Key: {Type: 'AWS::KMS::Key'}\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      Rules:\n        - Default: {KeyId: !GetAtt Key.Arn}\n      Name: !Sub 'arn:${Key}'\n";
    let reading = template(text);
    let bucket = find(&reading, "AWS::S3::Bucket.B");
    let found: Vec<_> = bucket.references.iter().map(|one| (one.attribute.as_str(), one.target.as_str())).collect();
    assert_eq!(found, [("Rules.0.Default.KeyId", "AWS::KMS::Key.Key"), ("Name", "AWS::KMS::Key.Key")]);
    assert_eq!(why(bucket, "Rules.0.Default.KeyId"), "Arn of AWS::KMS::Key.Key is known after deployment");
}

#[test]
fn conditions_decide_what_is_there() {
    let text = "Parameters:\n  Env: {Type: String, Default: dev}\n  Open: {Type: String, AllowedValues: [a, b]}\nConditions:\n  Prod: !Equals [!Ref Env, prod]\n  NotProd: !Not [!Condition Prod]\n  Both: !And [!Condition NotProd, !Equals [1, 1]]\n  Any: !Or [!Condition Prod, !Equals ['true', true]]\n  Open: !Equals [!Ref Open, a]\n  Never: !Equals [!Ref Open, c]\nResources:\n  Gone: {Type: Test::A::Thing, Condition: Prod}\n  There: {Type: Test::A::Thing, Condition: Both}\n  Too: {Type: Test::A::Thing, Condition: Any}\n  Never: {Type: Test::A::Thing, Condition: Never}\n  Perhaps: {Type: Test::A::Thing, Condition: Open}\n  X:\n    Type: Test::A::Thing\n    Properties:\n      Chosen: !If [Prod, big, small]\n      Removed: !If [Prod, big, !Ref AWS::NoValue]\n      Doubt: !If [Open, 1, 2]\n      Same: !If [Open, 1, 1]\n      Part: !If [Open, {a: 1, b: 2}, {a: 1, b: 3}]\n      List: [1, !Ref AWS::NoValue, 2]\n";
    let reading = template(text);
    let names: Vec<_> = reading.resources.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, ["There", "Too", "Perhaps", "X"]);
    let note = reading.diagnostics.iter().find(|d| d.code == "cloudformation.condition").unwrap();
    assert!(note.summary.contains("`Open`"), "{note:?}");
    let x = find(&reading, "Test::A::Thing.X");
    assert_eq!(x.attribute("Chosen").unwrap().to_json(), json!("small"));
    assert!(x.attribute("Removed").is_none());
    assert_eq!(why(x, "Doubt"), "it depends on the condition `Open`: the parameter Open has no default");
    assert_eq!(x.attribute("Same").unwrap().to_json(), json!(1));
    assert_eq!(x.attribute("Part.a").unwrap().to_json(), json!(1));
    assert!(why(x, "Part.b").contains("`Open`"));
    assert_eq!(x.attribute("List").unwrap().to_json(), json!([1, 2]));
}

#[test]
fn loops_of_the_language_extensions_are_written_out() {
    let text = "Transform: AWS::LanguageExtensions\nParameters:\n  Names: {Type: CommaDelimitedList, Default: 'a,b'}\nResources:\n  'Fn::ForEach::Queues':\n    - Name\n    - !Ref Names\n    - 'Queue${Name}':\n        Type: AWS::SQS::Queue\n        Properties:\n          QueueName: !Sub 'q-${Name}'\n          Tag: !Ref Name\n          'Fn::ForEach::Tags':\n            - Key\n            - [x, y]\n            - 'P${Key}': !Ref Key\n";
    let reading = template(text);
    assert_eq!(reading.diagnostics, []);
    let queue = find(&reading, "AWS::SQS::Queue.Queueb");
    assert_eq!(queue.attribute("QueueName").unwrap().to_json(), json!("q-b"));
    assert_eq!(queue.attribute("Tag").unwrap().to_json(), json!("b"));
    assert_eq!(queue.attribute("Py").unwrap().to_json(), json!("y"));
    assert_eq!(reading.resources.len(), 2);
}

const CHILD: &str = "Parameters:\n  Acl: {Type: String, Default: Private}\n  Key: {Type: String}\nResources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      AccessControl: !Ref Acl\n      KeyId: !Ref Key\nOutputs:\n  Name: {Value: !Ref B}\n  Acl: {Value: !Ref Acl}\n";

#[test]
fn nested_stack_gets_its_parameters_and_gives_its_outputs() {
    let parent = "Resources:\n  Key: {Type: AWS::KMS::Key}\n  Store:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: ./nested/store.yaml\n      Parameters: {Acl: PublicRead, Key: !Ref Key}\n  X:\n    Type: Test::A::Thing\n    Properties:\n      Acl: !GetAtt Store.Outputs.Acl\n      Bucket: !GetAtt Store.Outputs.Name\n";
    let reading = read(&files(&[("a/main.yaml", parent), ("a/nested/store.yaml", CHILD)]), &Options::default());
    assert_eq!(reading.diagnostics, []);
    let bucket = find(&reading, "Store/AWS::S3::Bucket.B");
    assert_eq!(bucket.attribute("AccessControl").unwrap().to_json(), json!("PublicRead"));
    assert_eq!((&*bucket.root, bucket.references[0].target.as_str()), ("a/main.yaml", "AWS::KMS::Key.Key"));
    let x = find(&reading, "Test::A::Thing.X");
    assert_eq!(x.attribute("Acl").unwrap().to_json(), json!("PublicRead"));
    assert!(x.references.iter().any(|one| one.target == "Store/AWS::S3::Bucket.B" && one.attribute == "Bucket"));
    // The nested template is no root of its own.
    assert_eq!(reading.resources.len(), 4);
}

#[test]
fn circles_end_with_a_message() {
    let nest = |other: &str| {
        format!(
            "Resources:\n  S:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: {other}, Parameters: {{P: !GetAtt S.Outputs.O}}}}\nOutputs:\n  O: {{Value: !GetAtt S.Outputs.O}}\n"
        )
    };
    let (a, b) = (nest("b.yaml"), nest("a.yaml"));
    let reading = read(&files(&[("a.yaml", &a), ("b.yaml", &b)]), &Options::default());
    assert!(reading.diagnostics.iter().any(|d| d.code == "cloudformation.cycle"), "{:?}", reading.diagnostics);
    assert!(!reading.resources.is_empty());
    let conditions = "Conditions:\n  A: !Not [!Condition B]\n  B: !Or [!Condition A, !Condition C]\n  C: {Condition: C}\nResources:\n  X: {Type: Test::A::Thing, Condition: A, Properties: {Self: !GetAtt X.Arn}}\n";
    let reading = template(conditions);
    assert!(reading.diagnostics.iter().any(|d| d.code == "cloudformation.cycle" && d.place.line > 0));
    assert_eq!(reading.resources.len(), 1);
}

#[test]
fn known_parts_of_a_text_stay_known() {
    let x = properties(
        "Parameters:\n  Account: {Type: String}\n",
        "      Principal: !Sub 'arn:aws:iam::${Account}:root'\n      Resource: !Join ['', ['arn:aws:s3:::', !Ref Account, '/*']]\n      Action: !Sub '${Account}'\n      Region: !Sub 'a-${AWS::Region}'\n",
    );
    let partial = |name: &str| match &x.attribute(name).unwrap().value {
        Value::Unknown(unknown) => unknown.text.clone(),
        other => panic!("{name} is known: {other:?}"),
    };
    let principal = partial("Principal").unwrap();
    assert!(principal.may_be("arn:aws:iam::1:root") && !principal.may_be("*"));
    assert_eq!(partial("Resource").unwrap().ends_with("/*"), Some(true));
    assert_eq!(partial("Region").unwrap().starts_with("a-"), Some(true));
    assert!(partial("Action").is_none());
    assert_eq!(why(&x, "Principal"), "the parameter Account has no default");
}

#[test]
fn globals_of_sam_are_merged_and_a_function_brings_its_role() {
    let text = "Transform: AWS::Serverless-2016-10-31\nGlobals:\n  Function:\n    Runtime: python3.12\n    Environment: {Variables: {A: '1', B: '2'}}\n    Layers: [base]\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: nodejs22.x\n      Environment: {Variables: {B: '3'}}\n      Layers: [own]\n      FunctionUrlConfig: {AuthType: NONE}\n      Policies:\n        - AmazonS3FullAccess\n        - Statement: [{Effect: Allow, Action: '*', Resource: '*'}]\n  Named:\n    Type: AWS::Serverless::Function\n    Properties: {Role: 'arn:aws:iam::1:role/x'}\n";
    let reading = template(text);
    let function = find(&reading, "AWS::Serverless::Function.F");
    assert_eq!(function.attribute("Runtime").unwrap().to_json(), json!("nodejs22.x"));
    assert_eq!(function.attribute("Environment.Variables").unwrap().to_json(), json!({"A": "1", "B": "3"}));
    assert_eq!(function.attribute("Layers").unwrap().to_json(), json!(["base", "own"]));
    let role = find(&reading, "AWS::IAM::Role.FRole");
    assert_eq!(
        role.attribute("ManagedPolicyArns.0").unwrap().to_json(),
        json!("arn:aws:iam::aws:policy/AmazonS3FullAccess")
    );
    assert_eq!(role.attribute("Policies.0.PolicyDocument.Statement.0.Action").unwrap().to_json(), json!("*"));
    assert_eq!(find(&reading, "AWS::Lambda::Url.FUrl").attribute("AuthType").unwrap().to_json(), json!("NONE"));
    assert!(!reading.resources.iter().any(|resource| resource.name == "NamedRole"));
    assert_eq!(
        find(&reading, "AWS::Serverless::Function.Named").attribute("Runtime").unwrap().to_json(),
        json!("python3.12")
    );
}

#[test]
fn service_of_the_serverless_framework() {
    let service = "service: shop\ncustom: ${file(vars.yml)}\nprovider:\n  name: aws\n  runtime: nodejs22.x\n  environment: {TABLE: 't-${self:custom.stage}'}\n  iam:\n    role:\n      statements:\n        - {Effect: Allow, Action: '${self:custom.action}', Resource: '*'}\nfunctions:\n  hello:\n    handler: a.b\n    environment: {REGION: '${opt:region, ''eu-west-1''}', KEY: '${env:KEY}'}\nresources:\n  - ${file(more.yml)}\n  - Resources:\n      Own: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${AWS::StackName}-${self:service}'}}\n";
    let named = [
        ("svc/serverless.yml", service),
        ("svc/vars.yml", "stage: dev\naction: 's3:*'\n"),
        ("svc/more.yml", "Resources:\n  B: {Type: AWS::S3::Bucket, Properties: {AccessControl: Private}}\n"),
    ];
    let reading = read(&files(&named), &Options::default());
    assert_eq!(reading.diagnostics, []);
    let function = find(&reading, "Serverless::Function.hello");
    assert_eq!(function.attribute("environment.TABLE").unwrap().to_json(), json!("t-dev"));
    assert_eq!(function.attribute("environment.REGION").unwrap().to_json(), json!("eu-west-1"));
    assert_eq!(why(function, "environment.KEY"), "the environment variable KEY is set at deployment");
    assert_eq!(function.attribute("iamRoleStatements.0.Action").unwrap().to_json(), json!("s3:*"));
    assert_eq!(function.attribute("runtime").unwrap().to_json(), json!("nodejs22.x"));
    let queue = find(&reading, "AWS::SQS::Queue.Own");
    let Value::Unknown(name) = &queue.attribute("QueueName").unwrap().value else {
        panic!("the stack is not named yet")
    };
    assert_eq!(name.text.as_ref().unwrap().ends_with("-shop"), Some(true));
    // What a service includes is read once, at its place.
    let bucket = find(&reading, "AWS::S3::Bucket.B");
    assert_eq!((reading.place(bucket.at).file.as_str(), reading.resources.len()), ("svc/more.yml", 3));
}

#[test]
fn damaged_template_keeps_its_good_resources() {
    let text = "Resources:\n  A:\n    Type: AWS::SQS::Queue\n  Bad:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: 'x\n     Oops: [\n  C:\n    Type: AWS::SQS::Queue\n";
    let reading = template(text);
    let names: Vec<_> = reading.resources.iter().map(|resource| resource.name.as_str()).collect();
    assert!(names.contains(&"A") && !names.contains(&"Bad"), "{names:?}");
    assert!(reading.diagnostics.iter().any(|d| d.code == "yaml.syntax" && d.place.line > 0));
    let text = "Resources:\n  A:\n    Type: AWS::SQS::Queue\n  Bad:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: a: b: c\n  C:\n    Type: AWS::SQS::Queue\n";
    let reading = template(text);
    let names: Vec<_> = reading.resources.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, ["A", "C"]);
    let text = "{\"Resources\": {\"A\": {\"Type\": \"AWS::SQS::Queue\"},\n \"B\": {\"Type\": \"AWS::SQS::Queue\", \"Properties\": {\"Q";
    let reading = read(&files(&[("template.json", text)]), &Options::default());
    let names: Vec<_> = reading.resources.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, ["A"]);
    assert_eq!(reading.diagnostics[0].code, "json.syntax");
}

#[test]
fn no_kubernetes_manifest_is_taken_for_a_template() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, annotations: {note: 'Resources of AWS::S3::Bucket'}}\n";
    let reading = template(text);
    assert_eq!(reading.resources[0].address, "Deployment.default.a");
    // A template that speaks of manifests stays one.
    let text =
        "Resources:\n  A:\n    Type: AWS::SSM::Parameter\n    Properties: {Value: 'apiVersion: v1, kind: Pod'}\n";
    assert_eq!(template(text).resources[0].address, "AWS::SSM::Parameter.A");
}
