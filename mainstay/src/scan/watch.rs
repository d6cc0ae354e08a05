//! Scans again whenever a file changes, until somebody ends it.

use super::gather::{Gathered, Listing};
use super::{Judge, helm, print, run};
use crate::Context;
use crate::arguments::Scan;
use mainstay_kit::Problem;
use std::process::ExitCode;
use std::time::Duration;

/// How often the files are looked at. A look at thousands of files takes milliseconds, and needs no help of the system,
/// so that it works on every file system.
const POLL: Duration = Duration::from_millis(200);

/// Scans, and scans again after every change.
pub fn watch(context: &Context, judge: &Judge, ask: &Scan) -> Result<ExitCode, Problem> {
    let clock = context.outside.clock();
    let mut gathered = Gathered::default();
    let mut before: Option<Listing> = None;
    loop {
        let start = clock.elapsed();
        let listing = Listing::of(&context.outside, &ask.paths);
        if before.as_ref() != Some(&listing) {
            gathered = listing.read(&context.outside, gathered);
            helm::render(&context.outside, &mut gathered);
            let judged = run(context, judge, ask, &mut gathered)?;
            print::print(context, judge, &judged);
            let took = clock.elapsed().saturating_sub(start).as_millis();
            context.view.note(&format!("scanned in {took} ms; waiting for changes, Ctrl-C ends it"));
            before = Some(listing);
        }
        std::thread::sleep(POLL);
    }
}
