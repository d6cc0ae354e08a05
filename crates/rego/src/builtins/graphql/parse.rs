//! Reads queries, and what they share with schemas: values, types, directives, lists.

use super::ast::{
    Argument, Directive, Field, Fragment, Inline, Kind, Literal, Operation, Query, Selection, Spread, Type, Variable,
};
use super::lex::{self, Kind as T, Token, place, tokens};

/// How deep selections, values and types may nest.
const DEPTH_MAX: usize = 200;

pub(super) type Read<V> = Result<V, String>;

/// Reads a query.
pub(super) fn query(text: &str) -> Read<Query> {
    let mut parser = Parser::of(text)?;
    let mut out = Query::default();
    while parser.peek().kind != T::End {
        let token = parser.peek();
        match (token.kind, token.text.as_str()) {
            (T::Sign('{'), _) | (T::Name, "query" | "mutation" | "subscription") => {
                out.operations.push(parser.operation()?);
            }
            (T::Name, "fragment") => out.fragments.push(parser.fragment()?),
            _ => return Err(parser.unexpected()),
        }
    }
    Ok(out)
}

/// Tokens, and where among them reading goes on.
pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    pub fn of(text: &'t str) -> Read<Self> {
        Ok(Self { text, tokens: tokens(text)?, at: 0, depth: 0 })
    }

    /// The next token; behind the last one, still the end.
    pub fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    pub fn unexpected(&self) -> String {
        let token = self.peek();
        let place = place(self.text, token.start);
        match token.kind {
            T::End => format!("the document ends too early {place}"),
            T::Sign(sign) => format!("{sign:?} is not expected {place}"),
            T::Spread => format!("\"...\" is not expected {place}"),
            _ => format!("{:?} is not expected {place}", token.text),
        }
    }

    pub fn skip(&mut self, kind: lex::Kind) -> bool {
        let there = self.peek().kind == kind;
        self.at += usize::from(there);
        there
    }

    pub fn expect(&mut self, kind: lex::Kind) -> Read<()> {
        if self.skip(kind) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.peek().kind == T::Name && self.peek().text == word
    }

    pub fn keyword(&mut self, word: &str) -> Read<()> {
        if !self.is_word(word) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    pub fn name(&mut self) -> Read<String> {
        if self.peek().kind == T::Name { Ok(self.next().text) } else { Err(self.unexpected()) }
    }

    /// Items between two signs, at least one; or none where the first sign is not there.
    pub fn some<V>(&mut self, open: char, close: char, mut item: impl FnMut(&mut Self) -> Read<V>) -> Read<Vec<V>> {
        let mut out = Vec::new();
        if self.skip(T::Sign(open)) {
            out.push(item(self)?);
            while !self.skip(T::Sign(close)) {
                out.push(item(self)?);
            }
        }
        Ok(out)
    }

    /// Reads something that may hold others of its kind.
    fn deeper<V>(&mut self, read: impl FnOnce(&mut Self) -> Read<V>) -> Read<V> {
        if self.depth >= DEPTH_MAX {
            return Err(format!("the document nests deeper than {DEPTH_MAX} {}", place(self.text, self.peek().start)));
        }
        self.depth += 1;
        let out = read(self);
        self.depth -= 1;
        out
    }

    /// `query`, `mutation` or `subscription`.
    pub fn operation_kind(&mut self) -> Read<String> {
        match self.peek().text.as_str() {
            "query" | "mutation" | "subscription" => self.name(),
            _ => Err(self.unexpected()),
        }
    }

    fn operation(&mut self) -> Read<Operation> {
        if self.peek().kind == T::Sign('{') {
            let selection_set = self.selections()?;
            return Ok(Operation { operation: "query".to_owned(), selection_set, ..Operation::default() });
        }
        let operation = self.operation_kind()?;
        let name = if self.peek().kind == T::Name { self.name()? } else { String::new() };
        let variable_definitions = self.some('(', ')', Self::variable)?;
        let directives = self.directives(false)?;
        Ok(Operation { operation, name, variable_definitions, directives, selection_set: self.selections()? })
    }

    fn variable(&mut self) -> Read<Variable> {
        self.expect(T::Sign('$'))?;
        let variable = self.name()?;
        self.expect(T::Sign(':'))?;
        let of = self.type_reference()?;
        let default_value = self.default_value()?;
        Ok(Variable { variable, of, default_value, directives: self.directives(false)?, used: false })
    }

    pub fn default_value(&mut self) -> Read<Option<Literal>> {
        if self.skip(T::Sign('=')) { self.literal(true).map(Some) } else { Ok(None) }
    }

    /// `on` begins a condition, so no fragment is called that.
    fn fragment_name(&mut self) -> Read<String> {
        if self.is_word("on") { Err(self.unexpected()) } else { self.name() }
    }

    fn fragment(&mut self) -> Read<Fragment> {
        self.keyword("fragment")?;
        let name = self.fragment_name()?;
        let variable_definition = self.some('(', ')', Self::variable)?;
        self.keyword("on")?;
        let type_condition = self.name()?;
        let directives = self.directives(false)?;
        Ok(Fragment { name, variable_definition, type_condition, directives, selection_set: self.selections()? })
    }

    fn selections(&mut self) -> Read<Vec<Selection>> {
        if self.peek().kind != T::Sign('{') {
            return Err(self.unexpected());
        }
        self.deeper(|parser| parser.some('{', '}', Self::selection))
    }

    fn selection(&mut self) -> Read<Selection> {
        if self.skip(T::Spread) {
            if self.peek().kind == T::Name && !self.is_word("on") {
                let name = self.name()?;
                return Ok(Selection::Spread(Spread { name, directives: self.directives(false)? }));
            }
            let type_condition = if self.is_word("on") {
                self.keyword("on")?;
                self.name()?
            } else {
                String::new()
            };
            let directives = self.directives(false)?;
            return Ok(Selection::Inline(Inline { type_condition, directives, selection_set: self.selections()? }));
        }
        let alias = self.name()?;
        let name = if self.skip(T::Sign(':')) { self.name()? } else { alias.clone() };
        let arguments = self.some('(', ')', |parser| parser.argument(false))?;
        let directives = self.directives(false)?;
        let selection_set = if self.peek().kind == T::Sign('{') { self.selections()? } else { Vec::new() };
        Ok(Selection::Field(Field { alias, name, arguments, directives, selection_set }))
    }

    fn argument(&mut self, constant: bool) -> Read<Argument> {
        let name = self.name()?;
        self.expect(T::Sign(':'))?;
        Ok(Argument { name, value: self.literal(constant)? })
    }

    pub fn directives(&mut self, constant: bool) -> Read<Vec<Directive>> {
        let mut out = Vec::new();
        while self.skip(T::Sign('@')) {
            let name = self.name()?;
            let arguments = self.some('(', ')', |parser| parser.argument(constant))?;
            out.push(Directive { name, arguments, location: String::new() });
        }
        Ok(out)
    }

    /// A value; a constant one has no variables.
    fn literal(&mut self, constant: bool) -> Read<Literal> {
        self.deeper(|parser| {
            let token = parser.peek();
            let kind = match (token.kind, token.text.as_str()) {
                (T::Sign('['), _) => return parser.items(constant),
                (T::Sign('{'), _) => return parser.members(constant),
                (T::Sign('$'), _) if !constant => {
                    parser.at += 1;
                    return Ok(Literal { raw: parser.name()?, kind: Kind::Variable, ..Literal::default() });
                }
                (T::Int, _) => Kind::Int,
                (T::Float, _) => Kind::Float,
                (T::String, _) => Kind::String,
                (T::Block, _) => Kind::Block,
                (T::Name, "true" | "false") => Kind::Boolean,
                (T::Name, "null") => Kind::Null,
                (T::Name, _) => Kind::Enum,
                _ => return Err(parser.unexpected()),
            };
            Ok(Literal { raw: parser.next().text, kind, ..Literal::default() })
        })
    }

    fn items(&mut self, constant: bool) -> Read<Literal> {
        self.expect(T::Sign('['))?;
        let mut children = Vec::new();
        while !self.skip(T::Sign(']')) {
            children.push(Argument { name: String::new(), value: self.literal(constant)? });
        }
        Ok(Literal { children, kind: Kind::List, ..Literal::default() })
    }

    fn members(&mut self, constant: bool) -> Read<Literal> {
        self.expect(T::Sign('{'))?;
        let mut children = Vec::new();
        while !self.skip(T::Sign('}')) {
            children.push(self.argument(constant)?);
        }
        Ok(Literal { children, kind: Kind::Object, ..Literal::default() })
    }

    pub fn type_reference(&mut self) -> Read<Type> {
        self.deeper(|parser| {
            let mut of = Type::default();
            if parser.skip(T::Sign('[')) {
                of.elem = Some(Box::new(parser.type_reference()?));
                parser.expect(T::Sign(']'))?;
            } else {
                of.named_type = parser.name()?;
            }
            of.non_null = parser.skip(T::Sign('!'));
            Ok(of)
        })
    }

    /// The text that stands before a definition.
    pub fn description(&mut self) -> String {
        if matches!(self.peek().kind, T::String | T::Block) { self.next().text } else { String::new() }
    }
}
