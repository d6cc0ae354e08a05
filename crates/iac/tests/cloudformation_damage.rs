//! Whatever a template holds, its reading ends, without panic, and its cost grows with its length.
#![expect(clippy::disallowed_methods, reason = "a test measures time")]

mod common;

use common::{files_below, shared};
use mainstay_iac::terraform::Options;
use mainstay_iac::{Reading, SourceFile, read};

fn of(path: &str, text: impl Into<Vec<u8>>) -> Reading {
    read(&[SourceFile { path: path.to_owned(), bytes: text.into() }], &Options::default())
}

#[test]
fn cut_real_templates_give_resources_or_diagnostics() {
    let Some(folder) = shared("iac-fixtures") else { return };
    let ours = |path: &str| path.starts_with("cloudformation/") || path.starts_with("serverless/");
    let is_template = |path: &str| [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
    let files = files_below(&folder, &|path| ours(path) && is_template(path));
    assert!(files.len() > 100);
    for file in files {
        let whole = of(&file.path, file.bytes.clone());
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        let says_so = text.contains("AWSTemplateFormatVersion");
        assert!(!says_so || !whole.resources.is_empty(), "{}", file.path);
        for turn in 1..24 {
            let mut cut = file.bytes.len() * turn / 24;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let part = of(&file.path, &file.bytes[..cut]);
            assert!(part.resources.len() <= whole.resources.len() + 1, "{} cut at {cut}", file.path);
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let text = include_str!("fixtures/everything.template.yaml");
    assert!(of("template.yaml", text).resources.len() > 5);
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..800 {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..3 {
            // xorshift with a fixed seed.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let place = usize::try_from(seed % bytes.len() as u64).unwrap();
            let bad = b"\"${}[]()%!<>&*|.,:;-\n\\\0\xffaA0 '#";
            bytes[place] = bad[usize::try_from((seed >> 32) % bad.len() as u64).unwrap()];
        }
        of("template.yaml", bytes.clone());
        of("serverless.yml", bytes);
    }
}

#[test]
fn diagnostics_of_what_is_not_closed_stand_within_the_file() {
    // The last line has no end, and what is missing there would stand on the next one.
    let texts = [
        "Resources:\n  A:\n    Type: AWS::B::C\n    Properties: {{a: {}}",
        "Resources:\n  A:\n    Type: AWS::B::C\n    Properties: {a: {}",
        "Resources:\n  A:\n    Type: AWS::B::C\n    Properties: [\n  B:\n    Type: \"",
    ];
    for text in texts {
        let last = u32::try_from(text.split('\n').count()).unwrap();
        let reading = of("template.yaml", text);
        assert!(!reading.diagnostics.is_empty(), "{text}");
        assert!(reading.diagnostics.iter().all(|d| d.place.line <= last), "{text}: {:?}", reading.diagnostics);
    }
}

#[test]
fn hostile_templates_end() {
    let deep_json =
        format!("{{\"Resources\": {{\"A\": {{\"Type\": \"AWS::B::C\", \"Properties\": {}", "{\"a\":".repeat(100_000));
    assert!(!of("t.json", deep_json).diagnostics.is_empty());
    let deep_yaml = format!("Resources:\n  A:\n    Type: AWS::B::C\n    Properties: {{a: {}", "[".repeat(100_000));
    assert!(!of("t.yaml", deep_yaml).diagnostics.is_empty());
    let mut bomb = String::from("AWSTemplateFormatVersion: 2010-09-09\nMappings:\n  a0: &a0 {x: {y: z}}\n");
    for nth in 1..30 {
        bomb.push_str(&format!("  a{nth}: &a{nth} {{x: *a{0}, y: *a{0}}}\n", nth - 1));
    }
    bomb.push_str("Resources:\n  A: {Type: A::B::C}\n");
    assert!(of("t.yaml", bomb).diagnostics.iter().any(|d| d.code == "yaml.alias-bomb"));
    let mut calls = String::from(
        "Resources:
  A:
    Type: A::B::C
    Properties:
      P:",
    );
    for depth in 0..120 {
        calls.push_str(&format!(
            " !Join
{}- ''
{0}-",
            " ".repeat(7 + depth)
        ));
    }
    assert!(of("t.yaml", calls).resources.len() < 2);
    let list: Vec<String> = (0..200).map(|nth| nth.to_string()).collect();
    let list = list.join(",");
    let loops = format!(
        "Resources:\n  Fn::ForEach::A:\n    - A\n    - [{list}]\n    - Fn::ForEach::B:\n        - B\n        - [{list}]\n        - Fn::ForEach::C:\n            - C\n            - [{list}]\n            - X${{A}}${{B}}${{C}}: {{Type: A::B::C}}\n"
    );
    let reading = of("t.yaml", loops);
    assert!(reading.resources.len() < 250_000);
    assert!(reading.diagnostics.iter().any(|d| d.code == "cloudformation.resources"));
    let mut conditions = String::from("Conditions:\n  C0: !Equals [1, 1]\n");
    for nth in 1..20_000 {
        conditions.push_str(&format!("  C{nth}: !Not [!Condition C{}]\n", nth - 1));
    }
    conditions.push_str("Resources:\n  A: {Type: A::B::C, Condition: C19999}\n");
    assert_eq!(of("t.yaml", conditions).resources.len(), 1);
    let long = format!("Parameters:\n  P: {{Type: String, Default: {}}}\n", "x".repeat(100_000));
    let long = format!(
        "{long}Resources:\n  A:\n    Type: A::B::C\n    Properties:\n      T: !Sub '{}'\n",
        "${P}".repeat(10_000)
    );
    assert_eq!(of("t.yaml", long).resources.len(), 1);
    let variables = "provider: aws\ncustom: {a: '${self:custom.b}${self:custom.b}', b: '${self:custom.a}${self:custom.a}'}\nfunctions: {f: {handler: '${self:custom.a}'}}\n";
    assert_eq!(of("serverless.yml", variables).resources.len(), 1);
}

#[test]
fn cost_grows_with_the_number_of_resources() {
    let many = |count: usize| {
        let mut text = String::from("Parameters:\n  P: {Type: String, Default: x}\nResources:\n");
        for nth in 0..count {
            text.push_str(&format!(
                "  R{nth}:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Sub '${{P}}-{nth}'\n      Other: !GetAtt R{}.Arn\n",
                nth.saturating_sub(1)
            ));
        }
        text
    };
    // The best of three, because other work on the machine only adds.
    let measured = |count: usize| {
        let text = many(count);
        let once = || {
            let start = std::time::Instant::now();
            assert_eq!(of("t.yaml", text.as_str()).resources.len(), count);
            start.elapsed().as_secs_f64()
        };
        (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
    };
    let (one, ten, hundred) = (measured(200), measured(2_000), measured(20_000));
    println!("200: {one:.4} s, 2,000: {ten:.4} s, 20,000: {hundred:.4} s");
    // Linear growth is 10; quadratic growth would be 100.
    assert!(hundred / ten < 50.0, "{one} {ten} {hundred}");
}
