//! The built-in controls: all load, and every example of each is judged as it says.

use mainstay_iac::{Reading, SourceFile};
use mainstay_policy::{Engine, built_in};

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
    let controls = engine.controls().iter();
    let wrong: Vec<_> = controls.flat_map(|control| engine.test(control, &read)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_file_name_is_its_controls_id() {
    for file in built_in() {
        let (engine, _) = Engine::load([&file]);
        let [control] = engine.controls() else { panic!("{} does not load", file.path) };
        assert_eq!(file.path, format!("catalog/guard/controls/{}.md", control.id));
    }
}
