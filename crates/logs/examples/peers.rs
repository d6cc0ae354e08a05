//! How far our templates agree with those that people found: `peers [FOLDER]`, a table and what is not right. A folder has
//! a folder for each set, with a `*_structured.csv` that has the columns `Content` and `EventId`.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement reads files and prints")]

#[path = "../tests/labelled/mod.rs"]
mod labelled;

use mainstay_logs::Limits;

fn main() {
    let folder = std::env::args().nth(1).map_or_else(labelled::folder, Into::into);
    let all = labelled::agreement(&folder, Limits::default());
    println!("{:<14} {:>8} {:>8} {:>10} {:>8}", "set", "grouping", "F1", "templates", "labelled");
    for set in &all {
        let (ours, theirs) = set.templates;
        println!("{:<14} {:>8.3} {:>8.3} {ours:>10} {theirs:>8}", set.name, set.grouping, set.grouping_f1);
    }
    let mean = |of: fn(&labelled::Agreement) -> f64| labelled::mean(&all, of);
    println!("{:<14} {:>8.3} {:>8.3}", "mean", mean(|set| set.grouping), mean(|set| set.grouping_f1));
    for set in &all {
        set.wrong.iter().for_each(|(lines, text)| println!("{}: {lines} lines otherwise grouped: {text}", set.name));
    }
}
