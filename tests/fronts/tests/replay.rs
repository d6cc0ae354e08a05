//! What the fuzzers kept is read again in every run of the tests: inputs that reach all of the code that was reached
//! (`fuzz/corpus`), and inputs that once broke something (`fuzz/regressions`).
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads its inputs from the disk and measures how long reading takes"
)]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use mainstay_fronts::{FRONTS, Front, is_expected};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Far beyond what any kept input needs, also on a busy machine; a hang has no end at all.
const TIME_MAX: Duration = Duration::from_secs(60);
/// What all kept inputs together may take in the repository.
const BYTES_MAX: u64 = 2 << 20;

fn inputs(kind: &str, name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(kind).join(name);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(front: &Front) -> Vec<String> {
    let mut wrong = Vec::new();
    let corpus = inputs("corpus", front.name);
    assert!(!corpus.is_empty(), "{} has no corpus", front.name);
    for path in corpus.into_iter().chain(inputs("regressions", front.name)) {
        let bytes = std::fs::read(&path).unwrap();
        let begun = Instant::now();
        let held = catch_unwind(AssertUnwindSafe(|| (front.run)(&bytes))).is_ok();
        let took = begun.elapsed();
        if !held || took > TIME_MAX {
            wrong.push(format!("{} in {took:?}", path.display()));
        }
    }
    wrong
}

#[test]
fn everything_that_was_kept_is_read_without_panic_or_hang() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_expected(panic) {
            default(panic);
        }
    }));
    let wrong: Vec<String> = FRONTS.iter().flat_map(replay).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_folder_of_inputs_belongs_to_a_front_end_and_all_are_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let mut bytes = 0;
    for kind in ["corpus", "regressions"] {
        for entry in std::fs::read_dir(root.join(kind)).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(FRONTS.iter().any(|front| front.name == name), "{kind}/{name} belongs to no front end");
            bytes += inputs(kind, &name).iter().map(|path| path.metadata().unwrap().len()).sum::<u64>();
        }
    }
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
}
