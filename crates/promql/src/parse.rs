//! From the text of a query to its tree.
//!
//! The grammar is Prometheus' own, version 3 with its duration expressions. Every part keeps its place, so that a mistake in a
//! rules file can be shown where it stands. Nesting is bounded by [`HEIGHT_MAX`], which bounds the stack of everything that
//! walks the tree.

mod check;
mod extent;
mod lex;
mod selector;
pub mod tree;

use crate::error::{Error, Result, Span};
use lex::Token;
use tree::{Aggregate, Aggregator, Binary, Expr, Kind, Matching, Op, Shift, Side, Subquery, ValueType};

pub use lex::TEXT_BYTES_MAX;
pub(crate) use lex::number;

/// How many levels a query's tree may have.
pub const HEIGHT_MAX: usize = 200;

/// Reads a query.
///
/// # Errors
/// What is wrong with the text, and where.
///
/// ```
/// let error = mainstay_promql::parse("sum(rate(requests_total[5m])) / by").unwrap_err();
/// assert_eq!((error.span.start, error.message.as_str()), (32, "unexpected \"by\", an expression is expected"));
/// ```
pub fn parse(text: &str) -> Result<Expr> {
    let mut parser = Parser { tokens: lex::tokens(text)?, at: 0, depth: 0 };
    let expr = parser.expr(0)?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end of the query")),
    }
}

/// Reads a selector as series are named in tests: `name{label="value"}`, all of them equalities.
///
/// # Errors
/// What is wrong with the text, and where.
pub fn parse_series(text: &str) -> Result<crate::Labels> {
    if text.trim() == "{}" {
        return Ok(crate::Labels::default());
    }
    let expr = parse(text)?;
    let Kind::Vector(selector) = &expr.kind else {
        return Err(Error::syntax(expr.span, "a series is expected: name{label=\"value\"}"));
    };
    let pairs = selector.matchers.iter().map(|matcher| match matcher.equal_to() {
        Some(value) => Ok((matcher.label.to_string(), value.to_owned())),
        None => Err(Error::syntax(expr.span, "a series is named by labels that are equal to something")),
    });
    Ok(crate::Labels::new(pairs.collect::<Result<Vec<_>>>()?))
}

pub(crate) struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
}

/// Operators by precedence, the weakest first; `true` where they group to the right.
fn operator(token: &Token) -> Option<(Op, u8, bool)> {
    let found = match token {
        Token::Word(word) => match word.to_ascii_lowercase().as_str() {
            "or" => (Op::Or, 1),
            "and" => (Op::And, 2),
            "unless" => (Op::Unless, 2),
            "atan2" => (Op::Atan2, 5),
            _ => return None,
        },
        Token::Sign(sign) => match *sign {
            "==" => (Op::Equal, 3),
            "!=" => (Op::NotEqual, 3),
            "<" => (Op::Less, 3),
            "<=" => (Op::LessOrEqual, 3),
            ">" => (Op::Greater, 3),
            ">=" => (Op::GreaterOrEqual, 3),
            "+" => (Op::Add, 4),
            "-" => (Op::Subtract, 4),
            "*" => (Op::Multiply, 5),
            "/" => (Op::Divide, 5),
            "%" => (Op::Modulo, 5),
            "^" => (Op::Power, POWER),
            _ => return None,
        },
        _ => return None,
    };
    Some((found.0, found.1, found.1 == POWER))
}

/// The precedence of `^`; a sign before an expression is weaker than it and stronger than all others.
const POWER: u8 = 6;

impl Parser {
    pub(crate) fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    pub(crate) fn span(&self) -> Span {
        self.tokens[self.at].1
    }

    /// The place of the token that was read last.
    pub(crate) fn last_span(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].1
    }

    /// Goes to the next token; the end stays where it is.
    pub(crate) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    pub(crate) fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(there) if *there == sign);
        if found {
            self.advance();
        }
        found
    }

    pub(crate) fn sees(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(there) if *there == sign)
    }

    /// The next token as a word in lower case.
    pub(crate) fn keyword(&self) -> Option<String> {
        match self.peek() {
            Token::Word(word) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }

    pub(crate) fn expects(&mut self, sign: &str) -> Result<()> {
        if self.takes(sign) { Ok(()) } else { Err(self.unexpected(&format!("{sign:?}"))) }
    }

    pub(crate) fn unexpected(&self, expected: &str) -> Error {
        let found = match self.peek() {
            Token::Word(word) => format!("{word:?}"),
            Token::Number(number) => format!("number {number}"),
            Token::Duration(duration) => format!("duration {}", crate::duration::format(*duration)),
            Token::Text(text) => format!("string {text:?}"),
            Token::Sign(sign) => format!("{sign:?}"),
            Token::End => "end of the query".to_owned(),
        };
        let verb = if expected.starts_with("an ") || expected.starts_with("a ") { "is expected" } else { "expected" };
        Error::syntax(self.span(), format!("unexpected {found}, {expected} {verb}"))
    }

    /// Guards one level of nesting of the parser's own calls.
    pub(crate) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > HEIGHT_MAX {
            return Err(Error::bound(self.span(), format!("the query nests deeper than {HEIGHT_MAX} levels")));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// An expression of operators that bind at least as strongly as `weakest`.
    fn expr(&mut self, weakest: u8) -> Result<Expr> {
        self.deeper(|parser| {
            let mut left = parser.signed()?;
            while let Some((op, strength, to_the_right)) = operator(parser.peek()).filter(|(_, s, _)| *s >= weakest) {
                let place = parser.span();
                parser.advance();
                let (bool_result, matching) = parser.matching()?;
                let right = parser.expr(if to_the_right { strength } else { strength + 1 })?;
                left = check::binary(
                    Binary { op, left, right, bool_result, matching, value_type: ValueType::Vector },
                    place,
                )?;
            }
            if parser.sees("</") || parser.sees(">/") {
                return Err(Error::unsupported(parser.span(), crate::load::notation::NATIVE_HISTOGRAMS));
            }
            Ok(left)
        })
    }

    /// An expression with or without a sign.
    fn signed(&mut self) -> Result<Expr> {
        let span = self.span();
        let negative = self.sees("-");
        if !negative && !self.sees("+") {
            return self.postfixed();
        }
        self.advance();
        let inner = self.expr(POWER)?;
        let span = span.to(inner.span);
        // A signed number is a number, as in Prometheus; a sign before a power stays outside of it.
        match inner.kind {
            Kind::Number(number) => {
                Ok(Expr { kind: Kind::Number(if negative { -number } else { number }), span, height: 1 })
            }
            _ => check::signed(negative, inner, span),
        }
    }

    /// An expression with what may follow it: a range, a subquery, `offset`, `@`.
    fn postfixed(&mut self) -> Result<Expr> {
        let mut expr = self.primary()?;
        loop {
            if self.sees("[") {
                expr = self.ranged(expr)?;
            } else if self.sees("@") {
                expr = self.at_moment(expr)?;
            } else {
                match self.keyword().as_deref() {
                    Some("offset") => expr = self.offset(expr)?,
                    Some("anchored" | "smoothed") => expr = self.extended(expr)?,
                    _ => return Ok(expr),
                }
            }
        }
    }

    fn ranged(&mut self, expr: Expr) -> Result<Expr> {
        let start = self.span();
        self.advance();
        let range = self.extent_in_brackets()?;
        if !self.takes(":") {
            self.expects("]")?;
            let span = expr.span.to(self.last_span());
            return match expr.kind {
                Kind::Vector(selector) if selector.shift.offset.is_some() => {
                    Err(Error::syntax(span, "no offset modifiers allowed before range"))
                }
                Kind::Vector(selector) if selector.shift.at.is_some() => {
                    Err(Error::syntax(span, "no @ modifiers allowed before range"))
                }
                Kind::Vector(selector) => Ok(Expr { kind: Kind::Range(selector, range), span, height: 1 }),
                _ => Err(Error::syntax(start, "ranges only allowed for vector selectors")),
            };
        }
        let step = if self.sees("]") { None } else { Some(self.extent_in_brackets()?) };
        self.expects("]")?;
        let (span, height) = (expr.span.to(self.last_span()), expr.height + 1);
        if expr.value_type() != ValueType::Vector {
            let message =
                format!("subquery is only allowed on instant vector, got {} instead", expr.value_type().name());
            return Err(Error::refused(span, message));
        }
        let subquery = Subquery { expr, range, step, shift: Shift::default() };
        check::bounded(Expr { kind: Kind::Subquery(Box::new(subquery)), span, height })
    }

    fn primary(&mut self) -> Result<Expr> {
        let span = self.span();
        let of = |kind, span| Expr { kind, span, height: 1 };
        match self.peek().clone() {
            Token::Number(number) => {
                self.advance();
                Ok(of(Kind::Number(number), span))
            }
            Token::Duration(milliseconds) => {
                self.advance();
                #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 milliseconds")]
                let seconds = milliseconds as f64 / 1000.0;
                Ok(of(Kind::Number(seconds), span))
            }
            Token::Text(text) => {
                self.advance();
                Ok(of(Kind::Text(text), span))
            }
            Token::Sign("(") => {
                self.advance();
                let inner = self.expr(0)?;
                self.expects(")")?;
                let height = inner.height + 1;
                check::bounded(Expr { kind: Kind::Paren(Box::new(inner)), span: span.to(self.last_span()), height })
            }
            Token::Sign("{") => self.vector_selector(None, span),
            Token::Word(word) => self.worded(&word, span),
            _ => Err(self.unexpected("an expression")),
        }
    }

    /// A number, an aggregation, a call or a selector, which all begin with a word.
    fn worded(&mut self, word: &str, span: Span) -> Result<Expr> {
        let lower = word.to_ascii_lowercase();
        let next = self.tokens.get(self.at + 1).map(|(token, _)| token.clone()).unwrap_or(Token::End);
        if let "inf" | "nan" = lower.as_str() {
            self.advance();
            let number = if lower == "inf" { f64::INFINITY } else { crate::NAN };
            return Ok(Expr { kind: Kind::Number(number), span, height: 1 });
        }
        if let Some((_, op)) = Aggregator::ALL.iter().find(|(name, _)| *name == lower) {
            let by =
                matches!(&next, Token::Word(word) if matches!(word.to_ascii_lowercase().as_str(), "by" | "without"));
            if by || next == Token::Sign("(") {
                return self.aggregation(*op, &lower);
            }
        }
        if next == Token::Sign("(") {
            self.advance();
            let function = crate::functions::find(word)
                .ok_or_else(|| Error::syntax(span, format!("unknown function with name {word:?}")))?;
            // Some of these have a syntax of their own for arguments.
            if let crate::functions::Run::Unsupported(feature) = function.run {
                return Err(Error::unsupported(span, feature));
            }
            let arguments = self.arguments()?;
            return check::call(function, arguments, span.to(self.last_span()));
        }
        const NO_NAMES: [&str; 8] =
            ["bool", "group_left", "group_right", "ignoring", "on", "atan2", "smoothed", "anchored"];
        let is_modifier = matches!(lower.as_str(), "by" | "without" | "and" | "or" | "unless" | "offset");
        let follows_a_name = matches!(next, Token::End | Token::Sign("{" | "[" | ")"));
        if NO_NAMES.contains(&lower.as_str()) || (is_modifier && !follows_a_name) || (is_modifier && next == Token::End)
        {
            return Err(self.unexpected("an expression"));
        }
        self.advance();
        self.vector_selector(Some(word.to_owned()), span)
    }

    fn arguments(&mut self) -> Result<Vec<Expr>> {
        self.expects("(")?;
        let mut arguments = Vec::new();
        while !self.takes(")") {
            arguments.push(self.expr(0)?);
            if !self.sees(")") {
                self.expects(",")?;
                if self.sees(")") {
                    return Err(Error::syntax(self.span(), "trailing commas not allowed in function call args"));
                }
            }
        }
        Ok(arguments)
    }

    fn aggregation(&mut self, op: Aggregator, name: &str) -> Result<Expr> {
        let span = self.span();
        self.advance();
        let mut grouping = self.grouping()?;
        let mut arguments = self.arguments()?;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        let span = span.to(self.last_span());
        let wanted = if op.parameter().is_some() { 2 } else { 1 };
        if arguments.len() != wanted {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {wanted}, got {}",
                arguments.len()
            );
            return Err(Error::syntax(span, message));
        }
        let (without, labels) = grouping.unwrap_or_default();
        let expr = arguments.remove(wanted - 1);
        check::aggregate(Aggregate { op, parameter: arguments.pop(), expr, without, labels }, name, span)
    }

    fn grouping(&mut self) -> Result<Option<(bool, Vec<String>)>> {
        let without = match self.keyword().as_deref() {
            Some("by") => false,
            Some("without") => true,
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some((without, self.label_names()?)))
    }

    fn label_names(&mut self) -> Result<Vec<String>> {
        self.expects("(")?;
        let mut labels = Vec::new();
        while !self.takes(")") {
            match self.peek().clone() {
                Token::Word(word) if !word.contains(':') => labels.push(word),
                Token::Text(text) if !text.is_empty() => labels.push(text),
                _ => return Err(self.unexpected("a label")),
            }
            self.advance();
            if !self.sees(")") {
                self.expects(",")?;
            }
        }
        Ok(labels)
    }

    /// What may stand between an operator and its right side.
    fn matching(&mut self) -> Result<(bool, Matching)> {
        let mut matching = Matching::default();
        let bool_result = self.takes_keyword("bool");
        let mut stated = false;
        if let Some(word @ ("on" | "ignoring")) = self.keyword().as_deref() {
            matching.on = word == "on";
            stated = true;
            self.advance();
            matching.labels = self.label_names()?;
        }
        if let Some(word @ ("group_left" | "group_right")) = self.keyword().as_deref() {
            if !stated {
                return Err(Error::syntax(self.span(), format!("unexpected <{word}>")));
            }
            let side = if word == "group_left" { Side::Left } else { Side::Right };
            self.advance();
            let labels = if self.sees("(") { self.label_names()? } else { Vec::new() };
            matching.group = Some((side, labels));
        }
        while let Some(word @ ("fill" | "fill_left" | "fill_right")) = self.keyword().as_deref() {
            // A metric may have such a name; only parentheses with a number make it a modifier.
            if self.tokens.get(self.at + 1).map(|(token, _)| token) != Some(&Token::Sign("(")) {
                break;
            }
            let (left, right) = (word != "fill_right", word != "fill_left");
            self.advance();
            let value = self.fill_value()?;
            matching.fill_left = if left { Some(value) } else { matching.fill_left };
            matching.fill_right = if right { Some(value) } else { matching.fill_right };
        }
        Ok((bool_result, matching))
    }

    fn takes_keyword(&mut self, keyword: &str) -> bool {
        let found = self.keyword().is_some_and(|word| word == keyword);
        if found {
            self.advance();
        }
        found
    }

    fn fill_value(&mut self) -> Result<f64> {
        self.expects("(")?;
        let place = self.span();
        let value = self.signed()?;
        self.expects(")")?;
        match value.kind {
            Kind::Number(number) => Ok(number),
            _ => Err(Error::syntax(place, "a fill value is a number")),
        }
    }
}
