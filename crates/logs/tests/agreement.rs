//! Templates beside those that people found in real logs.
#![expect(clippy::disallowed_methods, reason = "a test reads files")]

mod labelled;

use mainstay_logs::Limits;

#[test]
fn templates_agree_with_those_that_people_found() {
    let folder = labelled::folder();
    if !folder.is_dir() {
        eprintln!("NOT compared: there is no {}", folder.display());
        return;
    }
    let all = labelled::agreement(&folder, Limits::default());
    let table: Vec<_> = all.iter().map(|set| (&set.name, set.grouping, set.grouping_f1, set.templates)).collect();
    let wrong: usize = all.iter().map(|set| set.wrong.len()).sum();
    assert_eq!(all.len(), 8, "{table:?}");
    assert!(labelled::mean(&all, |set| set.grouping) >= 0.98, "{table:?}, {wrong} not right");
    assert!(labelled::mean(&all, |set| set.grouping_f1) >= 0.95, "{table:?}, {wrong} not right");
}

#[test]
fn a_tenth_of_the_memory_serves_as_well() {
    let folder = labelled::folder();
    if !folder.is_dir() {
        eprintln!("NOT compared: there is no {}", folder.display());
        return;
    }
    let limits = Limits { skeletons_max: 1_000 };
    let all = labelled::agreement(&folder, limits);
    assert!(labelled::mean(&all, |set| set.grouping) >= 0.95);
}
