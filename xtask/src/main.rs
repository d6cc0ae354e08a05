//! Development tasks: `cargo xtask setup | test | bench | fuzz | peers iac | generate [--check]` and
//! `cargo xtask new control|connector|kpi NAME`.
//!
//! Nothing here ships. It is the one place that may run processes and touch files freely, and it holds no rule of the
//! product: what the product says is checked against files, other programs, or a model that knows nothing of folding.
#![expect(clippy::disallowed_methods, reason = "development tasks run processes, read files and measure time")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the terminal is the only view of a development task")]

mod bench;
mod fuzz;
mod generate;
mod new;
mod peers;
mod setup;
mod shell;
mod test;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask setup                                install what the tests need; safe to run again
cargo xtask test [STEP...]                       run every check, or only the named ones
cargo xtask bench [NAME...]                      measure speed beside the limits of the machine
cargo xtask peers iac [--only FAMILY] [--summary] [--write-floor]
                                                 compare verdicts with those that another scanner's suite expects
cargo xtask peers watch                          compare templates of logs and anomalies with those that people labelled
cargo xtask fuzz [NAME...] [--minutes N] [--seeds DIR] [--keep] [--built]
                                                 feed the readers with made-up inputs, 10 minutes of processor time each;
                                                 --keep picks from what was found the inputs that the tests read again,
                                                 --built takes the fuzzer as it is, so that several may run
cargo xtask generate [--check]                   write reference pages and the example's history; --check only compares
cargo xtask new control|connector|kpi NAME       start one, with its next step

exit: 0 satisfied, 1 something failed, 2 wrong use";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["setup"] => setup::run().map(|()| true),
        ["test", steps @ ..] => test::run(steps),
        ["bench", names @ ..] => bench::run(names),
        ["fuzz", words @ ..] => fuzz::run(words),
        ["peers", "iac", words @ ..] => peers::iac(words).map(|note| {
            println!("{note}");
            true
        }),
        ["peers", "watch"] => peers::watch().map(|_| true),
        ["generate"] => generate::run(false),
        ["generate", "--check"] => generate::run(true),
        ["new", kind, name] => new::run(kind, name).map(|()| true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(1)
        }
    }
}
