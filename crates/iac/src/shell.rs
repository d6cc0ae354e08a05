//! Which programs a shell script calls, with which words and which variables set: enough to judge a `RUN` or a step of a
//! pipeline by what it does and not by how it is written. Nothing is expanded and nothing is run.

/// How deep substitutions and `sh -c` may nest.
const DEPTH_MAX: usize = 12;
/// How many commands one script gives, at most.
const COMMANDS_MAX: usize = 10_000;

/// One call of a program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Command {
    /// The program without its folder: `curl` for `/usr/bin/curl`.
    pub program: String,
    /// What follows the program, quotes taken away.
    pub words: Vec<String>,
    /// Variables that are set for the call or by it: `A=1 program`, `export A=1`, `env A=1 program`.
    pub assigned: Vec<(String, String)>,
    /// Whether it is called through `sudo`.
    pub sudo: bool,
    /// The line of the script, from 0, on which it begins.
    pub line: u32,
}

/// The commands of a script in the order in which they stand.
pub(crate) fn commands(script: &str) -> Vec<Command> {
    let mut out = Vec::new();
    read(script, 0, 0, &mut out);
    out
}

/// The call that words make which no shell has parted, and the script in it where it is a shell.
pub(crate) fn commands_of(words: Vec<String>) -> Vec<Command> {
    let mut out = Vec::new();
    if let Some(script) = script_of(&words) {
        read(script, 0, 1, &mut out);
    }
    out.extend(command(words, 0));
    out
}

/// Words that may stand before a command and are none.
const RESERVED: [&str; 14] =
    ["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "esac", "time"];

struct Reader<'s, 'o> {
    text: &'s str,
    at: usize,
    line: u32,
    depth: usize,
    word: Option<String>,
    words: Vec<String>,
    begun: u32,
    out: &'o mut Vec<Command>,
}

fn read(text: &str, line: u32, depth: usize, out: &mut Vec<Command>) {
    if depth > DEPTH_MAX {
        return;
    }
    let mut reader = Reader { text, at: 0, line, depth, word: None, words: Vec::new(), begun: line, out };
    while reader.at < text.len() && reader.out.len() < COMMANDS_MAX {
        reader.step();
    }
    reader.end_command();
}

impl Reader<'_, '_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let Some(here) = rest.chars().next() else { return };
        match here {
            '\\' => self.escape(),
            '\'' => self.quoted('\''),
            '"' => self.double_quoted(),
            '`' => self.backtick(),
            '$' if rest.starts_with("$((") => self.copy_to("))"),
            '$' if rest.starts_with("$(") => self.substitution(),
            '$' if rest.starts_with("${") => self.copy_to("}"),
            '#' if self.word.is_none() => self.comment(),
            '\n' | ';' | '|' | '(' | ')' => {
                self.end_command();
                self.advance(here);
            }
            '&' => {
                self.end_command();
                self.advance(here);
            }
            '<' | '>' => self.redirect(),
            _ if here.is_whitespace() => {
                self.end_word();
                self.advance(here);
            }
            _ => {
                self.push(here);
                self.advance(here);
            }
        }
    }

    fn advance(&mut self, by: char) {
        self.at += by.len_utf8();
        self.line += u32::from(by == '\n');
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn escape(&mut self) {
        self.advance('\\');
        if let Some(next) = self.text[self.at..].chars().next() {
            self.advance(next);
            if next != '\n' && next != '\r' {
                self.push(next);
            }
        }
    }

    fn quoted(&mut self, quote: char) {
        self.advance(quote);
        self.word.get_or_insert_default();
        while let Some(next) = self.text[self.at..].chars().next() {
            self.advance(next);
            if next == quote {
                return;
            }
            self.push(next);
        }
    }

    fn double_quoted(&mut self) {
        self.advance('"');
        self.word.get_or_insert_default();
        while let Some(next) = self.text[self.at..].chars().next() {
            match next {
                '"' => return self.advance(next),
                '\\' => self.escape(),
                '`' => self.backtick(),
                '$' if self.text[self.at..].starts_with("$(") && !self.text[self.at..].starts_with("$((") => {
                    self.substitution();
                }
                _ => {
                    self.push(next);
                    self.advance(next);
                }
            }
        }
    }

    /// `$(...)`: its commands count, and the word keeps its text.
    fn substitution(&mut self) {
        let start = self.at + 2;
        let (mut depth, mut end) = (1usize, self.text.len());
        let mut quote = None;
        let mut escaped = false;
        for (offset, character) in self.text[start..].char_indices() {
            if escaped {
                escaped = false;
                continue;
            }
            match (quote, character) {
                (None | Some('"'), '\\') => escaped = true,
                (None, '\'' | '"') => quote = Some(character),
                (Some(open), close) if open == close => quote = None,
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                end = start + offset;
                break;
            }
        }
        self.nested(start, end, 1);
    }

    fn backtick(&mut self) {
        let start = self.at + 1;
        let end = self.text[start..].find('`').map_or(self.text.len(), |found| start + found);
        self.nested(start, end, 1);
    }

    /// Reads the commands between two places, and takes the whole with the sign after it for a part of the word.
    fn nested(&mut self, start: usize, end: usize, sign: usize) {
        let inner = &self.text[start..end];
        read(inner, self.line, self.depth + 1, self.out);
        let after = (end + sign).min(self.text.len());
        self.take(after);
    }

    fn copy_to(&mut self, sign: &str) {
        let end = self.text[self.at..].find(sign).map_or(self.text.len(), |found| self.at + found + sign.len());
        self.take(end);
    }

    fn take(&mut self, end: usize) {
        let taken = &self.text[self.at..end];
        self.word.get_or_insert_default().push_str(taken);
        self.line += u32::try_from(taken.matches('\n').count()).unwrap_or(0);
        self.at = end;
    }

    fn comment(&mut self) {
        self.at = self.text[self.at..].find('\n').map_or(self.text.len(), |found| self.at + found);
    }

    /// `> file`, `2>&1`, `<<< text`: the sign goes, and so does a number before it and an `&` after it.
    fn redirect(&mut self) {
        if self.word.as_ref().is_some_and(|word| word.chars().all(|c| c.is_ascii_digit())) {
            self.word = None;
        }
        self.end_word();
        let mut duplicates = false;
        while let Some(sign) = self.text[self.at..].chars().next().filter(|c| matches!(c, '<' | '>' | '&' | '|')) {
            duplicates = sign == '&';
            self.advance(sign);
        }
        while let Some(number) = self.text[self.at..].chars().next().filter(|c| duplicates && c.is_ascii_digit()) {
            self.advance(number);
        }
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            if self.words.is_empty() {
                self.begun = self.line;
            }
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        if let Some(script) = script_of(&words) {
            read(script, self.begun, self.depth + 1, self.out);
        }
        if let Some(command) = command(words, self.begun) {
            self.out.push(command);
        }
    }
}

/// The script in `sh -c 'script'`.
fn script_of(words: &[String]) -> Option<&str> {
    const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "ksh"];
    let shell = words.iter().position(|word| SHELLS.contains(&base(word)))?;
    let flag = words[shell + 1..].iter().position(|word| is_script_flag(word))?;
    words.get(shell + flag + 2).map(String::as_str)
}

fn is_script_flag(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|flags| flags.ends_with('c') && flags.chars().all(|c| c.is_ascii_alphabetic()))
}

/// The last part of a path, of either kind of system.
fn base(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}

/// A call from its words, without what stands before the program.
fn command(words: Vec<String>, line: u32) -> Option<Command> {
    let mut found = Command { line, ..Command::default() };
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.peek() {
        if let Some(pair) = assignment(word) {
            found.assigned.push(pair);
            words.next();
            continue;
        }
        match base(word) {
            "sudo" => {
                found.sudo = true;
                words.next();
                while let Some(flag) = words.next_if(|word| word.starts_with('-')) {
                    if matches!(flag.as_str(), "-u" | "-g" | "-h" | "-p" | "-C" | "-U" | "-r" | "-t") {
                        words.next();
                    }
                }
            }
            "env" | "exec" | "command" | "nohup" | "nice" | "eval" | "builtin" | "stdbuf" => {
                words.next();
                while words.next_if(|word| word.starts_with('-')).is_some() {}
            }
            name if RESERVED.contains(&name) => {
                words.next();
            }
            _ => break,
        }
    }
    let program = words.next();
    found.words = words.collect();
    found.program = program.as_deref().map(base).unwrap_or_default().to_owned();
    if matches!(found.program.as_str(), "export" | "declare" | "local" | "readonly" | "typeset" | "set") {
        found.assigned.extend(found.words.iter().filter_map(|word| assignment(word)));
    }
    (!found.program.is_empty() || !found.assigned.is_empty() || found.sudo).then_some(found)
}

/// `NAME=value`.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    named.then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(script: &str) -> Vec<String> {
        let one = |command: &Command| {
            let assigned: Vec<String> =
                command.assigned.iter().map(|(name, value)| format!("{name}={value}")).collect();
            [assigned.join(" "), command.program.clone(), command.words.join("|")].join("/")
        };
        commands(script).iter().map(one).collect()
    }

    #[test]
    fn operators_part_commands_and_quotes_join_words() {
        let script = "apt-get update && apt-get install -y 'a b' \"c\"; echo x | tee y > /dev/null 2>&1 &\nls";
        let wanted = ["/apt-get/update", "/apt-get/install|-y|a b|c", "/echo/x", "/tee/y|/dev/null", "/ls/"];
        assert_eq!(shown(script), wanted);
    }

    #[test]
    fn variables_before_a_program_and_of_export_are_set() {
        assert_eq!(shown("A=1 B='x y' npm ci"), ["A=1 B=x y/npm/ci"]);
        assert_eq!(shown("export A=1 && env C=2 x"), ["A=1/export/A=1", "C=2/x/"]);
    }

    #[test]
    fn what_is_called_by_another_counts() {
        assert_eq!(shown("sh -c 'curl -k a'"), ["/curl/-k|a", "/sh/-c|curl -k a"]);
        assert_eq!(shown("x \"$(wget b)\" `date`"), ["/wget/b", "/date/", "/x/$(wget b)|`date`"]);
        assert!(commands("sudo -u root /usr/bin/curl a")[0].sudo);
        assert_eq!(commands("sudo -u root /usr/bin/curl a")[0].program, "curl");
    }

    #[test]
    fn continued_lines_comments_and_reserved_words_are_no_words() {
        assert_eq!(shown("if true; then # no\n  a \\\n    b\nfi"), ["/true/", "/a/b"]);
        assert_eq!(commands("a\n\nb c")[1].line, 2);
    }

    #[test]
    fn broken_text_ends_somewhere() {
        for text in ["'", "\"$(", "`", "${", "\\", "$((", "a <", "((((", "x=$(((("] {
            let _ = commands(text);
        }
        let deep = "$(".repeat(5_000);
        assert!(commands(&deep).len() <= COMMANDS_MAX);
    }
}
