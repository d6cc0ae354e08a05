//! The fuzzer of one front end, which the environment names: one program links once, and has the code of all of them anyway.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_fronts::{Front, front, is_expected};
use std::sync::OnceLock;

static FRONT: OnceLock<&Front> = OnceLock::new();

fuzz_target!(
    init: {
        let name = std::env::var("MAINSTAY_FRONT").expect("MAINSTAY_FRONT names a front end; cargo xtask fuzz sets it");
        let found = front(&name).unwrap_or_else(|| panic!("there is no front end {name:?}"));
        FRONT.get_or_init(|| found);
        // What is loaded once is no part of what an input may take.
        (found.run)(b"");
        // The fuzzer's own hook ends the process at every panic, also where one is caught on purpose.
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !is_expected(panic) {
                abort(panic);
            }
        }));
    },
    |bytes: &[u8]| {
        if let Some(front) = FRONT.get() {
            (front.run)(bytes);
        }
    }
);
