//! The tree of a template.

use super::TemplateError;
use super::functions;
use super::lex::{Piece, Placed, Token, pieces};

/// How deep actions and parentheses may nest.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Print(Pipe),
    If(Pipe, Vec<Node>, Vec<Node>),
    With(Pipe, Vec<Node>, Vec<Node>),
    Range(Pipe, Vec<Node>, Vec<Node>),
}

/// Commands, each of which gets the result of the one before as its last argument.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    /// Variables that take the result.
    pub(super) variables: Vec<String>,
    /// Whether they are new.
    pub(super) declares: bool,
    pub(super) commands: Vec<Command>,
}

#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) operands: Vec<Operand>,
    pub(super) at: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Operand {
    Function(String),
    Dot,
    Nil,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Variable(String),
    Pipe(Box<Pipe>),
    /// A field of something.
    Field(Box<Operand>, String),
}

pub(super) fn parse(template: &str) -> Result<Vec<Node>, TemplateError> {
    let mut parser = Parser { pieces: pieces(template)?.into_iter(), known: vec![String::new()], depth: 0 };
    for name in ["labels", "externalLabels", "externalURL", "value"] {
        parser.known.push(name.to_owned());
    }
    let (nodes, end) = parser.nodes()?;
    match end {
        None => Ok(nodes),
        Some((word, _, at)) => Err(TemplateError::new(at, format!("unexpected {{{{{word}}}}}"))),
    }
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    /// Variables in scope.
    known: Vec<String>,
    depth: usize,
}

/// What ends a list of nodes: `end` or `else`, with what stands behind the word.
type End = Option<(String, Vec<Placed>, usize)>;

impl Parser {
    fn nodes(&mut self) -> Result<(Vec<Node>, End), TemplateError> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (tokens, at) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(tokens, at) => (tokens, at),
            };
            let word = match tokens.first().map(|placed| &placed.token) {
                Some(Token::Name(word)) => word.clone(),
                Some(_) => String::new(),
                None => return Err(TemplateError::new(at, "missing value for command")),
            };
            match word.as_str() {
                "end" | "else" => return Ok((nodes, Some((word, tokens[1..].to_vec(), at)))),
                "if" | "with" | "range" => {
                    let node = self.branch(&word, &tokens[1..], at)?;
                    nodes.push(node);
                }
                "define" | "template" | "block" | "break" | "continue" => {
                    return Err(TemplateError::new(at, format!("{{{{{word}}}}} is not supported here")));
                }
                _ => nodes.push(Node::Print(self.pipe(&tokens, at)?)),
            }
        }
        Ok((nodes, None))
    }

    fn branch(&mut self, word: &str, tokens: &[Placed], at: usize) -> Result<Node, TemplateError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(TemplateError::new(at, format!("the template nests deeper than {DEPTH_MAX} levels")));
        }
        let scope = self.known.len();
        let pipe = self.pipe(tokens, at)?;
        let (then, end) = self.nodes()?;
        let (mut otherwise, mut end) = (Vec::new(), end);
        if let Some(("else", tokens, else_at)) =
            end.as_ref().map(|(word, tokens, at)| (word.as_str(), tokens.clone(), *at))
        {
            match tokens.first().map(|placed| &placed.token) {
                None => (otherwise, end) = self.nodes()?,
                // `{{else if x}}` shares the end of the whole.
                Some(Token::Name(next)) if next == "if" || next == "with" => {
                    let next = next.clone();
                    otherwise.push(self.branch(&next, &tokens[1..], else_at)?);
                    self.leave(scope);
                    return Ok(node(word, pipe, then, otherwise));
                }
                Some(_) => return Err(TemplateError::new(else_at, "unexpected value behind else")),
            }
        }
        self.leave(scope);
        match end {
            Some((word, _, _)) if word == "end" => {}
            Some((word, _, at)) => return Err(TemplateError::new(at, format!("unexpected {{{{{word}}}}}"))),
            None => return Err(TemplateError::new(at, format!("{{{{{word}}}}} has no {{{{end}}}}"))),
        }
        Ok(node(word, pipe, then, otherwise))
    }

    fn leave(&mut self, scope: usize) {
        self.known.truncate(scope);
        self.depth -= 1;
    }

    fn pipe(&mut self, tokens: &[Placed], at: usize) -> Result<Pipe, TemplateError> {
        let sign = |index: usize| match tokens.get(index).map(|placed| &placed.token) {
            Some(Token::Sign(sign)) => *sign,
            _ => "",
        };
        let variable = |index: usize| match tokens.get(index).map(|placed| &placed.token) {
            Some(Token::Variable(name)) => Some(name.clone()),
            _ => None,
        };
        let (mut variables, mut declares, mut rest) = (Vec::new(), false, tokens);
        if let (Some(name), ":=" | "=") = (variable(0), sign(1)) {
            (variables, declares, rest) = (vec![name], sign(1) == ":=", &tokens[2..]);
        } else if let (Some(first), ",", Some(second), ":=") = (variable(0), sign(1), variable(2), sign(3)) {
            (variables, declares, rest) = (vec![first, second], true, &tokens[4..]);
        }
        let mut reader = Reader { tokens: rest, at: 0, known: &self.known, depth: self.depth, end: at };
        let commands = reader.commands()?;
        if let Some(placed) = reader.tokens.get(reader.at) {
            return Err(TemplateError::new(placed.at, "unexpected token in command"));
        }
        if declares {
            self.known.extend(variables.iter().cloned());
        }
        Ok(Pipe { variables, declares, commands })
    }
}

fn node(word: &str, pipe: Pipe, then: Vec<Node>, otherwise: Vec<Node>) -> Node {
    match word {
        "if" => Node::If(pipe, then, otherwise),
        "with" => Node::With(pipe, then, otherwise),
        _ => Node::Range(pipe, then, otherwise),
    }
}

/// Reads the tokens of one action.
struct Reader<'a> {
    tokens: &'a [Placed],
    at: usize,
    known: &'a [String],
    depth: usize,
    end: usize,
}

impl Reader<'_> {
    fn commands(&mut self) -> Result<Vec<Command>, TemplateError> {
        let mut commands = Vec::new();
        loop {
            let at = self.tokens.get(self.at).map_or(self.end, |placed| placed.at);
            let mut operands = Vec::new();
            while let Some(operand) = self.operand()? {
                operands.push(operand);
            }
            if operands.is_empty() {
                return Err(TemplateError::new(at, "missing value for command"));
            }
            commands.push(Command { operands, at });
            match self.tokens.get(self.at).map(|placed| &placed.token) {
                Some(Token::Sign("|")) => self.at += 1,
                _ => return Ok(commands),
            }
        }
    }

    fn operand(&mut self) -> Result<Option<Operand>, TemplateError> {
        let Some(placed) = self.tokens.get(self.at) else { return Ok(None) };
        let mut operand = match placed.token.clone() {
            Token::Sign("(") => {
                self.at += 1;
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(TemplateError::new(
                        placed.at,
                        format!("the template nests deeper than {DEPTH_MAX} levels"),
                    ));
                }
                let commands = self.commands()?;
                self.depth -= 1;
                match self.tokens.get(self.at).map(|placed| &placed.token) {
                    Some(Token::Sign(")")) => {}
                    _ => return Err(TemplateError::new(placed.at, "unclosed left paren")),
                }
                Operand::Pipe(Box::new(Pipe { variables: Vec::new(), declares: false, commands }))
            }
            Token::Sign(_) => return Ok(None),
            Token::Name(name) => match name.as_str() {
                "true" | "false" => Operand::Bool(name == "true"),
                "nil" => Operand::Nil,
                _ if functions::is_known(&name) => Operand::Function(name),
                _ => return Err(TemplateError::new(placed.at, format!("function {name:?} not defined"))),
            },
            Token::Field(name) => Operand::Field(Box::new(Operand::Dot), name),
            Token::Dot => Operand::Dot,
            Token::Variable(name) if !self.known.contains(&name) => {
                return Err(TemplateError::new(placed.at, format!("undefined variable \"${name}\"")));
            }
            Token::Variable(name) => Operand::Variable(name),
            Token::Text(text) => Operand::Text(text),
            Token::Integer(integer) => Operand::Integer(integer),
            Token::Number(number) => Operand::Number(number),
        };
        self.at += 1;
        while let Some(Placed { token: Token::Field(name), after_blank: false, .. }) = self.tokens.get(self.at) {
            operand = Operand::Field(Box::new(operand), name.clone());
            self.at += 1;
        }
        Ok(Some(operand))
    }
}
