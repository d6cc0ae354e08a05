//! Golden transcripts: every fenced `console` block of README.md and docs is run and compared, line by line.
//!
//! A line that starts with `$ ` is a command, run by `sh` with the built program first on the path, in a copy of
//! `examples` that all commands of one page share. What follows is what it prints, stdout and stderr together. A line
//! `...` stands for any number of lines, and ` ... ` inside a line for any text, where a digest or a time would change
//! with every run. A command must end with 0; one that shows another end writes `; echo "exit $?"`.

use crate::shell::{Outcome, Scratch, capture, command, files, read, root, target};
use std::path::{Path, PathBuf};

/// One command and what it must print.
#[derive(Debug, PartialEq)]
struct Exchange {
    line: usize,
    command: String,
    expected: Vec<String>,
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("CONTRIBUTING.md"), root().join("ARCHITECTURE.md")];
    pages
        .extend(files(&root().join("docs")).into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "md")));
    pages.retain(|page| read(page).is_ok_and(|text| !exchanges(&text).is_empty()));
    pages
}

/// Whether there is a transcript.
pub fn any() -> bool {
    !pages().is_empty()
}

/// Runs all transcripts.
pub fn run() -> Outcome<String> {
    let mut failures = Vec::new();
    let mut count = 0;
    for page in pages() {
        let scratch = Scratch::new("transcript")?;
        capture(command("cp").arg("-R").arg(root().join("examples")).arg(scratch.path()))?;
        for exchange in exchanges(&read(&page)?) {
            count += 1;
            if let Err(error) = check(&exchange, scratch.path()) {
                let place = page.strip_prefix(root()).unwrap_or(&page).display().to_string();
                failures.push(format!("{place}:{}: $ {}\n{error}", exchange.line, exchange.command));
            }
        }
    }
    if failures.is_empty() {
        Ok(format!("{count} commands"))
    } else {
        Err(format!("match a transcript\n{}", failures.join("\n")))
    }
}

/// The commands of the page's `console` blocks.
fn exchanges(text: &str) -> Vec<Exchange> {
    let mut out: Vec<Exchange> = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, _) => match (line.strip_prefix("$ "), out.last_mut()) {
                (Some(command), _) => {
                    out.push(Exchange { line: at + 1, command: command.to_owned(), expected: Vec::new() })
                }
                (None, Some(last)) => last.expected.push(line.trim_end().to_owned()),
                (None, None) => {}
            },
            (false, _) => {}
        }
    }
    out
}

fn check(exchange: &Exchange, folder: &Path) -> Outcome<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(target().join("debug")).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(dirs).map_err(|e| format!("set the path: {e}"))?;
    let mut shell = command("sh");
    // The braces make the redirection hold for every part of a compound command.
    shell.arg("-c").arg(format!("{{ {}\n}} 2>&1", exchange.command)).current_dir(folder);
    shell.env("PATH", path).env("NO_COLOR", "1").env("TZ", "UTC").env("COLUMNS", "120").env_remove("RUST_LOG");
    let output = shell.output().map_err(|e| format!("start sh: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let printed: Vec<&str> = text.lines().map(str::trim_end).collect();
    let expected: Vec<&str> = exchange.expected.iter().map(String::as_str).collect();
    if !matches_lines(&expected, &printed) {
        return Err(format!("--- expected\n{}\n+++ printed\n{}", expected.join("\n"), printed.join("\n")));
    }
    if output.status.success() { Ok(()) } else { Err(format!("it ended with {}", output.status)) }
}

fn matches_lines(expected: &[&str], printed: &[&str]) -> bool {
    match (expected, printed) {
        ([], []) => true,
        (["...", rest @ ..], _) => (0..=printed.len()).any(|skip| matches_lines(rest, &printed[skip..])),
        ([first, rest @ ..], [line, lines @ ..]) => matches_line(first, line) && matches_lines(rest, lines),
        _ => false,
    }
}

fn matches_line(expected: &str, line: &str) -> bool {
    let Some((head, tail)) = expected.split_once(" ... ") else { return expected == line };
    let Some(rest) = line.strip_prefix(head) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches_line(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "text\n```console\n$ one --two\nfirst\nsecond\n\n$ three\n```\n```sh\n$ not this\n```\n";

    #[test]
    fn only_console_blocks_are_run_and_output_follows_its_command() {
        let found = exchanges(PAGE);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].command.as_str()), (3, "one --two"));
        assert_eq!(found[0].expected, ["first", "second", ""]);
        assert_eq!(found[1].expected, [] as [&str; 0]);
    }

    #[test]
    fn a_wildcard_line_stands_for_any_lines_and_nothing_else_is_forgiven() {
        assert!(matches_lines(&["a", "...", "z"], &["a", "b", "c", "z"]));
        assert!(matches_lines(&["a", "...", "z"], &["a", "z"]));
        assert!(!matches_lines(&["a", "...", "z"], &["a", "z", "y"]));
        assert!(!matches_lines(&["a"], &["a", ""]));
        assert!(!matches_lines(&["a", "b"], &["a"]));
    }

    #[test]
    fn a_wildcard_inside_a_line_keeps_what_stands_around_it() {
        assert!(matches_line("root ... size 7", "root 3fae size 7"));
        assert!(!matches_line("root ... size 7", "root 3fae size 8"));
        assert!(matches_line("took ... s, ... facts", "took 0.3 s, 12 facts"));
    }
}
