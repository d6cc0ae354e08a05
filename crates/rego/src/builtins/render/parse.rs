//! Reads templates: text, and actions in double braces.

use super::{Node, Of, Pipeline, Term};
use regorus::Value;

/// How deep blocks and parentheses may nest.
const DEPTH_MAX: usize = 100;

type Read<T> = Result<T, String>;

/// The nodes of a template.
pub(super) fn template(text: &str) -> Read<Vec<Node>> {
    let mut pieces = pieces(text)?.into_iter();
    let (nodes, end) = block(&mut pieces, 0)?;
    if end.is_empty() { Ok(nodes) } else { Err(format!("`{end}` ends nothing")) }
}

enum Piece {
    Text(String),
    Action(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A word such as `if` or `len`, `|`, `:=`, `=`, `,`, `(` or `)`.
    Plain(String),
    /// `.name`, directly behind what it is looked up in or not.
    Field(String, bool),
    Dot,
    Variable(String),
    Literal(Value),
}

impl Token {
    fn is(&self, plain: &str) -> bool {
        matches!(self, Self::Plain(text) if text == plain)
    }
}

/// Text and actions; a dash beside a brace takes away the white space on its side.
fn pieces(text: &str) -> Read<Vec<Piece>> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut trim = false;
    while let Some(at) = rest.find("{{") {
        let (before, behind) = (&rest[..at], &rest[at + 2..]);
        let left = behind.strip_prefix('-').filter(|rest| rest.starts_with(char::is_whitespace));
        let before = if trim { before.trim_start() } else { before };
        out.push(Piece::Text(if left.is_some() { before.trim_end() } else { before }.to_owned()));
        let behind = left.unwrap_or(behind);
        let length = action_length(behind).ok_or("an action is not closed")?;
        let body = &behind[..length];
        rest = &behind[length + 2..];
        let right = body.strip_suffix('-').filter(|body| body.ends_with(char::is_whitespace));
        trim = right.is_some();
        let body = right.unwrap_or(body).trim();
        if !(body.starts_with("/*") && body.ends_with("*/")) {
            out.push(Piece::Action(tokens(body)?));
        }
    }
    out.push(Piece::Text(if trim { rest.trim_start() } else { rest }.to_owned()));
    Ok(out)
}

/// Where an action ends; braces in its texts do not count.
fn action_length(text: &str) -> Option<usize> {
    if text.trim_start().starts_with("/*") {
        return text.find("*/").and_then(|at| Some(at + text[at..].find("}}")?));
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '`') => quote = Some(c),
            (None, '}') if text[at..].starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

fn tokens(text: &str) -> Read<Vec<Token>> {
    let mut out = Vec::new();
    let mut at = 0;
    let word = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let joined = at > 0 && !text[..at].ends_with(|c: char| c.is_whitespace() || matches!(c, '(' | '|' | ','));
        let length = match c {
            c if c.is_whitespace() => c.len_utf8(),
            '"' => {
                let length = 2 + rest[1..]
                    .char_indices()
                    .scan(false, |escaped, (at, c)| {
                        let ends = c == '"' && !*escaped;
                        *escaped = c == '\\' && !*escaped;
                        (!ends).then_some(at + c.len_utf8())
                    })
                    .last()
                    .unwrap_or(0);
                let quoted = rest.get(..length).ok_or("a text is not closed")?;
                let value: String = serde_json::from_str(quoted).map_err(|_| format!("{quoted} is no text"))?;
                out.push(Token::Literal(Value::from(value)));
                length
            }
            '`' => {
                let end = rest[1..].find('`').ok_or("a text is not closed")?;
                out.push(Token::Literal(Value::from(&rest[1..=end])));
                end + 2
            }
            '.' => {
                let length = word(&rest[1..]);
                out.push(if length == 0 { Token::Dot } else { Token::Field(rest[1..=length].to_owned(), joined) });
                1 + length
            }
            '$' => {
                let length = word(&rest[1..]);
                out.push(Token::Variable(rest[..=length].to_owned()));
                1 + length
            }
            ':' if rest.starts_with(":=") => {
                out.push(Token::Plain(":=".to_owned()));
                2
            }
            '|' | '=' | ',' | '(' | ')' => {
                out.push(Token::Plain(c.to_string()));
                1
            }
            c if c.is_ascii_digit() || matches!(c, '-' | '+') => {
                let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')));
                let number = &rest[..length.unwrap_or(rest.len())];
                let value = Value::from_numeric_string(number.trim_start_matches('+'));
                out.push(Token::Literal(value.map_err(|_| format!("{number:?} is no number"))?));
                number.len()
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = word(rest);
                out.push(match &rest[..length] {
                    "true" => Token::Literal(Value::from(true)),
                    "false" => Token::Literal(Value::from(false)),
                    "nil" => Token::Literal(Value::Null),
                    other => Token::Plain(other.to_owned()),
                });
                length
            }
            other => return Err(format!("{other:?} has no meaning in an action")),
        };
        at += length;
    }
    Ok(out)
}

/// Nodes up to `end`, `else` or the end of the template, and which of these it was, with what follows an `else`.
fn block(pieces: &mut std::vec::IntoIter<Piece>, depth: usize) -> Read<(Vec<Node>, String)> {
    block_with_rest(pieces, depth).map(|(nodes, end, _)| (nodes, end))
}

fn block_with_rest(pieces: &mut std::vec::IntoIter<Piece>, depth: usize) -> Read<(Vec<Node>, String, Vec<Token>)> {
    if depth > DEPTH_MAX {
        return Err(format!("blocks nest deeper than {DEPTH_MAX}"));
    }
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        let tokens = match piece {
            Piece::Text(text) => {
                nodes.push(Node::Text(text));
                continue;
            }
            Piece::Action(tokens) => tokens,
        };
        let Some(Token::Plain(word)) = tokens.first() else {
            nodes.push(Node::Show(pipeline(&tokens, depth)?));
            continue;
        };
        match word.as_str() {
            "end" | "else" => return Ok((nodes, word.clone(), tokens[1..].to_vec())),
            "if" | "with" | "range" => nodes.push(control(&word.clone(), &tokens[1..], pieces, depth)?),
            "break" => nodes.push(Node::Break),
            "continue" => nodes.push(Node::Continue),
            "template" | "define" | "block" => return Err(format!("`{word}` is not supported")),
            _ => nodes.push(Node::Show(pipeline(&tokens, depth)?)),
        }
    }
    Ok((nodes, String::new(), Vec::new()))
}

fn control(word: &str, tokens: &[Token], pieces: &mut std::vec::IntoIter<Piece>, depth: usize) -> Read<Node> {
    let condition = pipeline(tokens, depth)?;
    let (then, end, rest) = block_with_rest(pieces, depth + 1)?;
    let otherwise = match (end.as_str(), rest.first()) {
        ("end", _) => Vec::new(),
        // `else if` and `else with` share the end.
        ("else", Some(Token::Plain(again))) if again == word && word != "range" => {
            vec![control(word, &rest[1..], pieces, depth + 1)?]
        }
        ("else", None) => {
            let (nodes, end) = block(pieces, depth + 1)?;
            if end != "end" {
                return Err(format!("`{word}` has no end"));
            }
            nodes
        }
        _ => return Err(format!("`{word}` has no end")),
    };
    Ok(match word {
        "if" => Node::If(condition, then, otherwise),
        "with" => Node::With(condition, then, otherwise),
        _ => Node::Range(condition, then, otherwise),
    })
}

fn pipeline(tokens: &[Token], depth: usize) -> Read<Pipeline> {
    if depth > DEPTH_MAX {
        return Err(format!("parentheses nest deeper than {DEPTH_MAX}"));
    }
    let assignment = tokens.iter().take(4).position(|token| token.is(":=") || token.is("="));
    let mut variables = Vec::new();
    let mut rest = tokens;
    if let Some(at) = assignment {
        for token in tokens[..at].iter().filter(|token| !token.is(",")) {
            let Token::Variable(name) = token else { return Err("only variables can be set".to_owned()) };
            variables.push(name.clone());
        }
        rest = &tokens[at + 1..];
    }
    let declares = assignment.is_some_and(|at| tokens[at].is(":="));
    let mut commands = vec![Vec::new()];
    let mut at = 0;
    while let Some(token) = rest.get(at) {
        at += 1;
        let current = commands.last_mut().ok_or("a command is missing")?;
        let term = |of| Term { of, fields: Vec::new() };
        match token {
            Token::Plain(sign) if sign == "|" => commands.push(Vec::new()),
            Token::Plain(sign) if sign == "(" => {
                let close = closing(&rest[at..]).ok_or("a parenthesis is not closed")?;
                let inner = pipeline(&rest[at..at + close], depth + 1)?;
                at += close + 1;
                current.push(term(Of::Pipeline(Box::new(inner))));
            }
            Token::Plain(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                current.push(term(Of::Function(name.clone())));
            }
            Token::Plain(sign) => return Err(format!("{sign:?} is not expected")),
            Token::Field(name, true) => {
                let last: &mut Term = current.last_mut().ok_or_else(|| format!(".{name} belongs to nothing"))?;
                last.fields.push(name.clone());
            }
            Token::Field(name, false) => current.push(Term { of: Of::Dot, fields: vec![name.clone()] }),
            Token::Dot => current.push(term(Of::Dot)),
            Token::Variable(name) => current.push(term(Of::Variable(name.clone()))),
            Token::Literal(value) => current.push(term(Of::Literal(value.clone()))),
        }
    }
    if commands.iter().any(Vec::is_empty) {
        return Err("a command is missing".to_owned());
    }
    Ok(Pipeline { variables, declares, commands })
}

fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 1usize;
    tokens.iter().position(|token| {
        depth += usize::from(token.is("("));
        depth -= usize::from(token.is(")"));
        depth == 0
    })
}
