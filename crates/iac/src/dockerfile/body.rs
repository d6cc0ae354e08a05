//! What one instruction says.

use super::lines::Heredoc;
use super::stages::Stages;
use super::words::{Filled, fill, split};
use crate::shell::{self, Command};
use crate::source::Origin;
use crate::{At, Map, Node, Unknown, Value, json};
use std::sync::Arc;

/// An instruction that is to be read.
pub(super) struct Body<'w> {
    pub keyword: &'static str,
    pub rest: &'w str,
    pub heredocs: &'w [Heredoc],
    pub escape: char,
    pub at: At,
    /// Whether it runs in a build on top of this image (`ONBUILD`).
    pub later: bool,
}

/// What was read, and what is wrong with it.
pub(super) struct Made {
    pub body: Map,
    pub wrong: Option<(String, &'static str)>,
    /// Whether the build takes it all the same.
    pub mild: bool,
}

pub(super) fn text(text: &str, at: At) -> Node {
    Node { value: Value::String(Arc::from(text)), at }
}

pub(super) fn truth(known: bool, at: At) -> Node {
    Node { value: Value::Bool(known), at }
}

pub(super) fn number(number: usize, at: At) -> Node {
    Node { value: Value::Number(number.into()), at }
}

fn list(items: impl IntoIterator<Item = Node>, at: At) -> Node {
    Node { value: Value::List(items.into_iter().collect()), at }
}

fn map(entries: impl IntoIterator<Item = (&'static str, Node)>, at: At) -> Node {
    let mut map = Map::default();
    for (key, node) in entries {
        map.set(key, node);
    }
    Node { value: Value::Map(map), at }
}

fn filled(value: Filled, at: At) -> Node {
    match value {
        Ok(value) => text(&value, at),
        Err(name) => Node { value: Value::Unknown(given(&name)), at },
    }
}

fn given(name: &str) -> Unknown {
    Unknown::new(format!("`{name}` is given when the image is built, or comes from the base image"))
}

impl Body<'_> {
    pub(super) fn make(&self, stages: &mut Stages) -> Made {
        let mut made = Made { body: Map::default(), wrong: None, mild: false };
        made.body.set("value", self.value());
        if self.later {
            made.body.set("onbuild", truth(true, self.at));
        }
        if self.is_templated() {
            self.doubt(stages, &mut made.body);
            return made;
        }
        match self.keyword {
            "FROM" => self.from(stages, &mut made),
            "ENV" | "LABEL" => self.pairs(stages, &mut made),
            "ARG" => self.arguments(stages, &mut made),
            "RUN" => self.run(stages, &mut made.body),
            "CMD" | "ENTRYPOINT" | "SHELL" => self.call(self.rest, stages, &mut made.body),
            "HEALTHCHECK" => self.healthcheck(stages, &mut made.body),
            "ADD" | "COPY" => self.copy(stages, &mut made),
            "EXPOSE" => self.expose(stages, &mut made.body),
            "USER" => self.user(stages, &mut made.body),
            "WORKDIR" => made.body.set("path", self.whole(stages)),
            "STOPSIGNAL" => made.body.set("signal", self.whole(stages)),
            "VOLUME" => made.body.set("paths", self.paths(stages)),
            _ => {}
        }
        made
    }

    /// What stands after the keyword. A template is filled in before there is a Dockerfile.
    fn value(&self) -> Node {
        if self.is_templated() {
            let why = "a template is filled in before the image is built";
            return Node { value: Value::Unknown(Unknown::new(why)), at: self.at };
        }
        text(self.rest, self.at)
    }

    /// All that a template may say is unknown.
    fn doubt(&self, stages: &mut Stages, body: &mut Map) {
        let fields: &[&'static str] = match self.keyword {
            "FROM" => &["image", "from_stage", "alias", "alias_taken"],
            "ENV" | "ARG" => &["variables"],
            "LABEL" => &["labels"],
            "RUN" | "CMD" | "ENTRYPOINT" | "SHELL" => &["commands"],
            "HEALTHCHECK" => &["none", "commands"],
            "ADD" | "COPY" => &["sources", "destination"],
            "EXPOSE" => &["ports"],
            "USER" => &["user"],
            "WORKDIR" => &["path"],
            "VOLUME" => &["paths"],
            _ => &[],
        };
        for field in fields {
            body.set(*field, self.value());
        }
        if self.keyword == "FROM" {
            stages.name(None, None);
        }
    }

    fn is_templated(&self) -> bool {
        self.rest.starts_with("{{")
    }

    /// The rest as one word.
    fn whole(&self, stages: &Stages) -> Node {
        filled(fill(self.rest, stages.variables(), self.escape), self.at)
    }

    fn word(&self, word: &str, stages: &Stages) -> Node {
        filled(fill(word, stages.variables(), self.escape), self.at)
    }

    /// Takes the `--name=value` words from the front into the body.
    fn flags(&self, words: &[&str], stages: &Stages, body: &mut Map) -> usize {
        let mut flags = Map::default();
        let count = words.iter().take_while(|word| word.starts_with("--")).count();
        for word in &words[..count] {
            let (name, value) = word[2..].split_once('=').unwrap_or((&word[2..], "true"));
            flags.set(name, self.word(value, stages));
        }
        if count > 0 {
            body.set("flags", Node { value: Value::Map(flags), at: self.at });
        }
        count
    }

    fn from(&self, stages: &mut Stages, made: &mut Made) {
        let words = split(self.rest, self.escape);
        let mut flags = Map::default();
        let count = words.iter().take_while(|word| word.starts_with("--")).count();
        for word in &words[..count] {
            let (name, value) = word[2..].split_once('=').unwrap_or((&word[2..], ""));
            flags.set(name, filled(fill(value, stages.global(), self.escape), self.at));
        }
        for (name, node) in flags.iter() {
            made.body.set(name, node.clone());
        }
        let image = words.get(count).map(|word| fill(word, stages.global(), self.escape));
        let alias = match words.get(count + 1) {
            Some(word) if word.eq_ignore_ascii_case("as") => words.get(count + 2).copied(),
            Some(_) => {
                let help = "write `FROM image AS name`";
                made.wrong = Some(("FROM names more than an image".to_owned(), help));
                None
            }
            None => None,
        };
        let Some(image) = image else {
            made.wrong = Some(("FROM names no image".to_owned(), "write `FROM image:tag`"));
            stages.name(None, alias);
            return;
        };
        let known = image.as_deref().ok();
        let of_stage = known.is_some_and(|image| stages.stage_of(image).is_some());
        made.body.set("from_stage", truth(of_stage, self.at));
        if let Some(image) = known {
            let (named, digest) = image.split_once('@').map_or((image, None), |(named, digest)| (named, Some(digest)));
            let tag_at = named.rfind(':').filter(|at| !named[*at..].contains('/'));
            let (name, tag) = tag_at.map_or((named, None), |at| (&named[..at], Some(&named[at + 1..])));
            made.body.set("name", text(name, self.at));
            for (key, part) in [("tag", tag), ("digest", digest)] {
                if let Some(part) = part {
                    made.body.set(key, text(part, self.at));
                }
            }
        }
        let taken = stages.name(known, alias);
        made.body.set("image", filled(image, self.at));
        if let Some(alias) = alias {
            made.body.set("alias", text(alias, self.at));
            made.body.set("alias_taken", truth(taken, self.at));
        }
    }

    /// `NAME=value ...`, or the older `NAME value`.
    fn pairs(&self, stages: &mut Stages, made: &mut Made) {
        let words = split(self.rest, self.escape);
        let older = words.first().is_some_and(|word| !word.contains('='));
        let mut found = Vec::new();
        if older {
            let name = words[0];
            let value = self.rest[name.len()..].trim_start();
            if value.is_empty() {
                let help = "write `NAME=value`";
                made.wrong = Some((format!("{} gives {name} no value", self.keyword), help));
            }
            found.push((name, value));
        } else {
            for word in words {
                match word.split_once('=') {
                    Some(pair) => found.push(pair),
                    None => {
                        let help = "write `NAME=value`, with quotes where the value has blanks";
                        made.wrong = Some((format!("`{word}` in {} has no value", self.keyword), help));
                    }
                }
            }
        }
        // All values of one instruction see the variables as they were before it.
        let pairs: Vec<(String, Filled)> = found
            .iter()
            .map(|(name, value)| {
                let name = name.trim_matches(['"', '\'']).to_owned();
                (name, fill(value, stages.variables(), self.escape))
            })
            .collect();
        made.body.set(if self.keyword == "ENV" { "variables" } else { "labels" }, self.named(&pairs));
        if self.keyword == "ENV" && !self.later {
            for (name, value) in pairs {
                stages.set_environment(&name, value.ok());
            }
        }
    }

    fn arguments(&self, stages: &mut Stages, made: &mut Made) {
        let words = split(self.rest, self.escape);
        let mut pairs: Vec<(String, Filled)> = Vec::new();
        if let [name, value] = words.as_slice()
            && !name.contains('=')
            && !value.contains('=')
        {
            // Two arguments without a default to the build; whoever writes it means an argument with one.
            let summary = format!("`ARG {name} {value}` declares two arguments and gives neither a default");
            made.wrong = Some((summary, "write `ARG NAME=value`"));
            made.mild = true;
            let value = fill(value, stages.variables(), self.escape);
            stages.set_argument(name, Some(value.clone().ok()));
            pairs.push(((*name).to_owned(), value));
        } else {
            for word in words {
                let (name, default) = match word.split_once('=') {
                    Some((name, value)) => (name, Some(fill(value, stages.variables(), self.escape))),
                    None => (word, None),
                };
                let value = stages.set_argument(name, default.clone().map(Result::ok));
                let value = default.unwrap_or_else(|| value.ok_or_else(|| name.to_owned()));
                pairs.push((name.to_owned(), value));
            }
        }
        made.body.set("variables", self.named(&pairs));
    }

    fn named(&self, pairs: &[(String, Filled)]) -> Node {
        let one = |(name, value): &(String, Filled)| {
            map([("name", text(name, self.at)), ("value", filled(value.clone(), self.at))], self.at)
        };
        list(pairs.iter().map(one), self.at)
    }

    fn run(&self, stages: &Stages, body: &mut Map) {
        let words = split(self.rest, self.escape);
        let count = self.flags(&words, stages, body);
        let rest = match words.get(count) {
            // The words are parts of the rest, so that the place of one is known.
            Some(first) => &self.rest[first.as_ptr() as usize - self.rest.as_ptr() as usize..],
            None => "",
        };
        if let (true, [heredoc]) = (rest.trim_start().starts_with("<<"), self.heredocs) {
            body.set("form", text("heredoc", self.at));
            body.set("commands", self.commands(&shell::commands(&heredoc.body), stages));
            return;
        }
        self.call(rest, stages, body);
    }

    /// The JSON form is one call; the other is a shell's script.
    fn call(&self, rest: &str, stages: &Stages, body: &mut Map) {
        let (form, commands) = match words_of_json(rest) {
            Some(words) => {
                body.set("words", list(words.iter().map(|word| text(word, self.at)), self.at));
                ("json", shell::commands_of(words))
            }
            None => ("shell", shell::commands(rest)),
        };
        body.set("form", text(form, self.at));
        body.set("commands", self.commands(&commands, stages));
    }

    fn commands(&self, commands: &[Command], stages: &Stages) -> Node {
        let at = self.at;
        let one = |command: &Command| {
            let assigned = command
                .assigned
                .iter()
                .map(|(name, value)| map([("name", text(name, at)), ("value", text(value, at))], at));
            map(
                [
                    ("program", self.program(&command.program, stages)),
                    ("words", list(command.words.iter().map(|word| text(word, at)), at)),
                    ("assigned", list(assigned, at)),
                    ("sudo", truth(command.sudo, at)),
                ],
                at,
            )
        };
        list(commands.iter().map(one), at)
    }

    /// What a program is called, where it is no variable that nobody knows.
    fn program(&self, program: &str, stages: &Stages) -> Node {
        if !program.starts_with(['$', '`']) {
            return text(program, self.at);
        }
        let name: String = program.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        match stages.variables().get(&name) {
            Some(Some(known)) => text(known, self.at),
            _ => Node { value: Value::Unknown(given(&name)), at: self.at },
        }
    }

    fn healthcheck(&self, stages: &Stages, body: &mut Map) {
        let words = split(self.rest, self.escape);
        let count = self.flags(&words, stages, body);
        let none = words.get(count).is_some_and(|word| word.eq_ignore_ascii_case("none"));
        body.set("none", truth(none, self.at));
        if let Some((_, rest)) = self.rest.split_once("CMD").filter(|_| !none) {
            self.call(rest.trim(), stages, body);
        }
    }

    fn copy(&self, stages: &Stages, made: &mut Made) {
        let words = split(self.rest, self.escape);
        let count = self.flags(&words, stages, &mut made.body);
        let rest =
            words.get(count).map_or("", |first| &self.rest[first.as_ptr() as usize - self.rest.as_ptr() as usize..]);
        let mut named: Vec<Node> = match words_of_json(rest) {
            Some(words) => words.iter().map(|word| text(word, self.at)).collect(),
            None => words[count..].iter().map(|word| self.word(word, stages)).collect(),
        };
        let Some(destination) = named.pop().filter(|_| !named.is_empty()) else {
            let summary = format!("{} needs what to copy and where to", self.keyword);
            made.wrong = Some((summary, "write `COPY source destination`"));
            return;
        };
        made.body.set("sources", list(named, self.at));
        made.body.set("destination", destination);
    }

    fn expose(&self, stages: &Stages, body: &mut Map) {
        let mut ports = Vec::new();
        for word in split(self.rest, self.escape) {
            let (port, protocol) = match fill(word, stages.variables(), self.escape) {
                Ok(word) => {
                    let (port, protocol) = word.split_once('/').unwrap_or((&word, "tcp"));
                    (text(port, self.at), text(&protocol.to_ascii_lowercase(), self.at))
                }
                Err(name) => (filled(Err(name), self.at), text("tcp", self.at)),
            };
            ports.push(map([("port", port), ("protocol", protocol)], self.at));
        }
        body.set("ports", list(ports, self.at));
    }

    fn user(&self, stages: &Stages, body: &mut Map) {
        match fill(self.rest, stages.variables(), self.escape) {
            Ok(whole) => {
                let (user, group) = whole.split_once(':').map_or((&*whole, None), |(user, group)| (user, Some(group)));
                body.set("user", text(user, self.at));
                if let Some(group) = group {
                    body.set("group", text(group, self.at));
                }
            }
            Err(name) => body.set("user", filled(Err(name), self.at)),
        }
    }

    fn paths(&self, stages: &Stages) -> Node {
        match words_of_json(self.rest) {
            Some(words) => list(words.iter().map(|word| text(word, self.at)), self.at),
            None => list(split(self.rest, self.escape).iter().map(|word| self.word(word, stages)), self.at),
        }
    }
}

/// The words of `["program", "word"]`; nothing where it is no JSON, which is then a script.
fn words_of_json(rest: &str) -> Option<Vec<String>> {
    if !rest.starts_with('[') {
        return None;
    }
    let node = json::parse(rest, Origin::of("")).ok()?;
    let Value::List(items) = node.value else { return None };
    items
        .into_iter()
        .map(|item| match item.value {
            Value::String(text) => Some(text.to_string()),
            _ => None,
        })
        .collect()
}
