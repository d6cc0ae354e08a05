//! The commands of a script.

use mainstay_promql::duration;

/// A command with the line that it begins on.
pub struct Command {
    pub line: usize,
    pub kind: Kind,
}

pub enum Kind {
    Clear,
    Load { step: i64, with_custom_buckets: bool, series: Vec<String> },
    Eval(Eval),
}

pub struct Eval {
    pub word: String,
    pub when: When,
    pub query: String,
    pub expected: Vec<String>,
}

#[derive(Clone, Copy)]
pub enum When {
    Instant(i64),
    Range { start: i64, end: i64, step: i64 },
}

pub fn time(text: &str) -> i64 {
    let negative = text.starts_with('-');
    let text = text.trim_start_matches('-');
    let read = duration::parse(text).unwrap_or_else(|| (text.parse::<f64>().expect(text) * 1000.0).round() as i64);
    if negative { -read } else { read }
}

/// Reads all commands.
pub fn commands(text: &str) -> Vec<Command> {
    // A comment is as an empty line, which ends a command.
    let lines: Vec<&str> =
        text.lines().map(str::trim).map(|line| if line.starts_with('#') { "" } else { line }).collect();
    let mut commands = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (line, text) = (at + 1, lines[at]);
        at += 1;
        if text.is_empty() {
            continue;
        }
        let mut body = Vec::new();
        if !text.starts_with("clear") {
            while at < lines.len() && !lines[at].is_empty() {
                body.push(lines[at].to_owned());
                at += 1;
            }
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let kind = match words[0] {
            "clear" => Kind::Clear,
            "load" | "load_with_nhcb" => {
                Kind::Load { step: time(words[1]), with_custom_buckets: words[0] != "load", series: body }
            }
            word if word.starts_with("eval") => Kind::Eval(eval(word, text, body)),
            other => panic!("line {line}: unknown command {other}"),
        };
        commands.push(Command { line, kind });
    }
    commands
}

fn eval(word: &str, text: &str, expected: Vec<String>) -> Eval {
    let mut rest = text[word.len()..].trim_start();
    let mut next = || {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        rest = rest[end..].trim_start();
        word
    };
    let when = match next().as_str() {
        "instant" => {
            assert_eq!(next(), "at");
            When::Instant(time(&next()))
        }
        "range" => {
            next();
            let start = time(&next());
            next();
            let end = time(&next());
            next();
            When::Range { start, end, step: time(&next()) }
        }
        other => panic!("unknown evaluation {other}: {text}"),
    };
    Eval { word: word.to_owned(), when, query: rest.to_owned(), expected }
}
