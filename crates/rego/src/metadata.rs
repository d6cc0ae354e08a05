//! `rego.metadata.rule()` and `rego.metadata.chain()`: what the comments under `# METADATA` say of the rule around the call
//! and of its package. That is known before anything runs, so the calls are replaced by it.

use crate::Module;
use crate::builtins::yaml;
use crate::token::{Kind, Token, tokens};
use serde_json::{Map, Value as Json, json};

/// The comments of one statement.
struct Annotation {
    scope: String,
    content: Map<String, Json>,
    /// The package's names, and behind them the rule's.
    path: Vec<String>,
    /// Where the statement begins; that of a rule runs to the next one.
    module: usize,
    statement: usize,
}

/// A rule, or the package's own statement.
struct Statement {
    start: usize,
    path: Vec<String>,
    package: bool,
}

/// The modules without such calls.
pub(crate) fn resolved(modules: &[Module]) -> Vec<Module> {
    if !modules.iter().any(|module| module.text.contains("rego.metadata.")) {
        return modules.to_vec();
    }
    let statements: Vec<Vec<Statement>> = modules.iter().map(|module| statements(&module.text)).collect();
    let annotations: Vec<Annotation> = modules
        .iter()
        .enumerate()
        .flat_map(|(number, module)| annotations(&module.text, &statements[number], number))
        .collect();
    modules
        .iter()
        .enumerate()
        .map(|(number, module)| {
            let text = replaced(&module.text, |at| {
                let statement = statements[number].iter().rposition(|one| one.start <= at)?;
                let rule = &statements[number][statement];
                let depth = statements[number].iter().find(|one| one.package).map_or(0, |one| one.path.len());
                (!rule.package).then(|| {
                    (own(&annotations, number, statement), chain(&annotations, number, statement, rule, depth))
                })
            });
            Module { path: module.path.clone(), text }
        })
        .collect()
}

/// The text with the calls replaced by what is known at their places.
fn replaced(text: &str, known: impl Fn(usize) -> Option<(Json, Json)>) -> String {
    let tokens = code(text);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        let words = ["rego", ".", "metadata", "."];
        let called =
            words.iter().zip(&tokens[at..]).all(|(word, token)| token.text == *word && token.kind != Kind::Text);
        let (Some(name), Some(open), Some(close)) = (tokens.get(at + 4), tokens.get(at + 5), tokens.get(at + 6)) else {
            break;
        };
        if !(called && open.is("(") && close.is(")")) {
            continue;
        }
        let Some((rule, chain)) = known(token.start) else { continue };
        let value = match name.text {
            "rule" => rule,
            "chain" => chain,
            _ => continue,
        };
        out.push_str(&text[from..token.start]);
        out.push_str(&value.to_string());
        // A call over several lines leaves as many.
        out.push_str(&"\n".repeat(text[token.start..close.end()].matches('\n').count()));
        from = close.end();
    }
    out.push_str(&text[from..]);
    out
}

/// What is said of the rule itself; an empty object where that is nothing.
fn own(all: &[Annotation], module: usize, statement: usize) -> Json {
    let found = all.iter().find(|one| one.module == module && one.statement == statement && one.scope == "rule");
    Json::Object(found.map(|found| found.content.clone()).unwrap_or_default())
}

/// From the rule outwards; the rule is there though nothing is said of it.
fn chain(all: &[Annotation], module: usize, statement: usize, rule: &Statement, package_names: usize) -> Json {
    let entry = |one: &Annotation, path: &[String]| json!({"annotations": one.content, "path": path});
    let mut out = Vec::new();
    match own(all, module, statement) {
        Json::Object(content) if content.is_empty() => out.push(json!({"path": rule.path})),
        content => out.push(json!({"annotations": content, "path": rule.path})),
    }
    let of = |scope: &'static str, path: &[String]| {
        let path = path.to_vec();
        all.iter().filter(move |one| one.scope == scope && one.path == path)
    };
    out.extend(of("document", &rule.path).map(|one| entry(one, &rule.path)));
    let package = &rule.path[..package_names];
    out.extend(of("package", package).map(|one| entry(one, package)));
    for names in (1..=package_names).rev() {
        let above = &rule.path[..names];
        out.extend(of("subpackages", above).map(|one| entry(one, above)));
    }
    Json::Array(out)
}

fn code(text: &str) -> Vec<Token<'_>> {
    tokens(text).into_iter().filter(|token| token.kind != Kind::Comment).collect()
}

/// The package's statement and the rules, in their order.
fn statements(text: &str) -> Vec<Statement> {
    let tokens = code(text);
    let mut out = Vec::new();
    let mut package: Vec<String> = Vec::new();
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        let begins = at == 0 || text[tokens[at - 1].end()..token.start].contains('\n');
        if depth == 0 && begins && token.kind == Kind::Word && !matches!(token.text, "else" | "import") {
            let is_package = token.text == "package";
            let first = at + usize::from(is_package || token.text == "default");
            let names = names(&tokens[first..]);
            if is_package {
                package = names;
                out.push(Statement { start: token.start, path: package.clone(), package: true });
            } else {
                let path = package.iter().cloned().chain(names).collect();
                out.push(Statement { start: token.start, path, package: false });
            }
        }
        match token.text {
            "(" | "[" | "{" if token.kind == Kind::Sign => depth += 1,
            ")" | "]" | "}" if token.kind == Kind::Sign => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    out
}

/// The names of a reference, with periods between them.
fn names(tokens: &[Token<'_>]) -> Vec<String> {
    let mut out = Vec::new();
    for pair in tokens.chunks(2) {
        let Some(name) = pair.first().filter(|name| name.kind == Kind::Word) else { break };
        out.push(name.text.to_owned());
        if !pair.get(1).is_some_and(|dot| dot.is(".") && dot.start == name.end()) {
            break;
        }
    }
    out
}

/// The blocks of comments that begin with `METADATA`, each with the statement that follows. What cannot be read says
/// nothing.
fn annotations(text: &str, statements: &[Statement], module: usize) -> Vec<Annotation> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut open: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        at += line.len();
        match (trimmed.strip_prefix('#'), &mut open) {
            (Some(comment), _) if comment.trim() == "METADATA" => open = Some(String::new()),
            (Some(comment), Some(block)) => {
                block.push_str(comment);
                block.push('\n');
            }
            (Some(_), None) => {}
            (None, _) => {
                let Some(block) = open.take() else { continue };
                let next = statements.iter().position(|one| one.start + line.len() >= at);
                let content = yaml(&block).ok().and_then(|content| content.as_object().cloned());
                if let (Some(statement), Some(content)) = (next, content) {
                    out.push(annotation(content, &statements[statement], module, statement));
                }
            }
        }
    }
    out
}

fn annotation(mut content: Map<String, Json>, of: &Statement, module: usize, statement: usize) -> Annotation {
    let entrypoint = content.get("entrypoint") == Some(&Json::Bool(true));
    let default = match (of.package, entrypoint) {
        (true, _) => "package",
        (false, true) => "document",
        (false, false) => "rule",
    };
    let scope = content.get("scope").and_then(Json::as_str).unwrap_or(default).to_owned();
    content.insert("scope".to_owned(), Json::from(scope.as_str()));
    for (name, short) in [("authors", author as fn(&str) -> Json), ("related_resources", |url| json!({"ref": url}))] {
        for one in content.get_mut(name).and_then(Json::as_array_mut).into_iter().flatten() {
            if let Some(text) = one.as_str() {
                *one = short(text);
            }
        }
    }
    Annotation { scope, content, path: of.path.clone(), module, statement }
}

/// `Name <address>` taken apart.
fn author(text: &str) -> Json {
    match text.split_once('<').and_then(|(name, rest)| Some((name.trim(), rest.strip_suffix('>')?))) {
        Some(("", email)) => json!({"email": email}),
        Some((name, email)) => json!({"name": name, "email": email}),
        None => json!({"name": text.trim()}),
    }
}
