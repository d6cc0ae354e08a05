//! The built-in controls: all load, and every example of each is judged as it says.

use mainstay_iac::{Reading, SourceFile};
use mainstay_model::Verdict;
use mainstay_policy::{ControlFile, Engine, built_in};

fn read(files: &[SourceFile]) -> Reading {
    mainstay_iac::read(files, &mainstay_iac::terraform::Options::default())
}

#[test]
fn every_built_in_control_loads() {
    let files = built_in();
    assert!(!files.is_empty());
    let (engine, wrong) = Engine::load(&files);
    assert_eq!(wrong, []);
    assert_eq!(engine.controls().len(), files.len());
}

#[test]
fn every_example_is_judged_as_it_says() {
    let (engine, _) = Engine::load(&built_in());
    let controls = engine.controls();
    let wrong: Vec<_> = controls.iter().flat_map(|control| engine.test(control, &read)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_file_name_is_its_controls_id() {
    for file in built_in() {
        let (engine, _) = Engine::load([&file]);
        let [control] = engine.controls()[..] else { panic!("{} does not load", file.path) };
        assert_eq!(file.path, format!("catalog/guard/controls/{}.md", control.id));
    }
}

/// A page of ours is read when its types occur; it must then say what it says when all are read at once.
#[test]
fn a_control_that_is_read_late_judges_as_one_that_was_read_at_once() {
    let (at_once, _) = Engine::load(&built_in());
    let (late, wrong) = Engine::with_built_in([]);
    assert_eq!(wrong, []);
    let examples = at_once.controls().into_iter().flat_map(|control| &control.examples);
    let failing = examples.filter(|example| example.verdict == Verdict::Fail);
    // Each in a folder of its own, so that none is another one's neighbour.
    let files: Vec<SourceFile> = (0..)
        .zip(failing)
        .filter_map(|(nth, example)| {
            let name = match example.language.as_str() {
                "hcl" => "main.tf",
                "yaml" | "cloudformation" => "file.yaml",
                _ => return None,
            };
            Some(SourceFile { path: format!("f{nth}/{name}"), bytes: example.text.clone().into_bytes() })
        })
        .collect();
    let reading = read(&files);
    let judgements = at_once.judge(&reading);
    assert!(judgements.len() > files.len());
    assert_eq!(late.judge(&reading), judgements);
}

#[test]
fn a_file_takes_the_place_of_ours_with_its_id() {
    let all = built_in();
    let ours = all.iter().find(|file| file.path.ends_with("/aws.s3-bucket-public-acl.md")).expect("a control of ours");
    let text = ours.text.replace("\ntitle: ", "\ntitle: As our team says it, ");
    let theirs = ControlFile { path: "team/acl.md".to_owned(), text };
    let (engine, wrong) = Engine::with_built_in([&theirs]);
    assert_eq!(wrong, []);
    assert_eq!(engine.controls().len(), all.len());
    for name in ["aws.s3-bucket-public-acl", "CKV_AWS_20"] {
        let control = engine.control(name).expect("the control");
        assert_eq!(control.path, "team/acl.md");
        assert!(control.title.starts_with("As our team says it, "));
    }
}
