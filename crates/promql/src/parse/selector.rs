//! Selectors, and when they look.

use super::lex::Token;
use super::tree::{Expr, Extended, Kind, Moment, Selector, Shift, milliseconds};
use super::{Parser, check};
use crate::error::{Error, Result, Span};
use crate::labels::{Match, Matcher, NAME};

impl Parser {
    /// The rest of a selector, whose name was read already where it has one in front.
    pub(super) fn vector_selector(&mut self, name: Option<String>, start: Span) -> Result<Expr> {
        let mut matchers = Vec::new();
        if let Some(name) = name {
            matchers.push(Matcher::equal(NAME, &name));
        }
        if self.takes("{") {
            while !self.takes("}") {
                let place = self.span();
                let matcher = self.matcher()?;
                let second_name = &*matcher.label == NAME && matchers.iter().any(|other| &*other.label == NAME);
                if second_name && matchers[0].equal_to().is_some() && &*matchers[0].label == NAME {
                    let message = format!("metric name must not be set twice: {:?}", matchers[0].value());
                    return Err(Error::syntax(place, message));
                }
                matchers.push(matcher);
                if !self.sees("}") {
                    self.expects(",")?;
                }
            }
        }
        let span = start.to(self.last_span());
        if matchers.iter().all(|matcher| matcher.matches("")) {
            return Err(Error::syntax(span, "vector selector must contain at least one non-empty matcher"));
        }
        let selector = Selector { matchers, shift: Shift::default(), extended: None };
        Ok(Expr { kind: Kind::Vector(selector), span, height: 1 })
    }

    fn matcher(&mut self) -> Result<Matcher> {
        let place = self.span();
        let (label, quoted) = match self.peek().clone() {
            Token::Word(word) if !word.contains(':') => (word, false),
            Token::Text(text) => (text, true),
            _ => return Err(self.unexpected("a label")),
        };
        self.advance();
        let how = match self.peek() {
            Token::Sign("=") => Match::Equal,
            Token::Sign("!=") => Match::NotEqual,
            Token::Sign("=~") => Match::Like,
            Token::Sign("!~") => Match::NotLike,
            // A text alone is the name of the metric.
            Token::Sign("," | "}") if quoted => return Ok(Matcher::equal(NAME, &label)),
            _ => return Err(self.unexpected("a label matching operator")),
        };
        self.advance();
        let Token::Text(value) = self.peek().clone() else {
            return Err(self.unexpected("a string"));
        };
        let value_place = self.span();
        self.advance();
        Matcher::new(&label, how, &value).map_err(|message| Error::syntax(place.to(value_place), message))
    }

    pub(super) fn offset(&mut self, mut expr: Expr) -> Result<Expr> {
        let place = self.span();
        self.advance();
        let extent = self.extent_after_offset()?;
        expr.span = expr.span.to(self.last_span());
        let shift = shift_of(&mut expr).ok_or_else(|| {
            Error::syntax(
                place,
                "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            )
        })?;
        if shift.offset.is_some() {
            return Err(Error::syntax(place, "offset may not be set multiple times"));
        }
        shift.offset = Some(extent);
        Ok(expr)
    }

    pub(super) fn at_moment(&mut self, mut expr: Expr) -> Result<Expr> {
        let place = self.span();
        self.advance();
        let moment = self.moment()?;
        expr.span = expr.span.to(self.last_span());
        let shift = shift_of(&mut expr).ok_or_else(|| {
            Error::syntax(
                place,
                "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            )
        })?;
        if shift.at.is_some() {
            return Err(Error::syntax(place, "@ <timestamp> may not be set multiple times"));
        }
        shift.at = Some(moment);
        Ok(expr)
    }

    fn moment(&mut self) -> Result<Moment> {
        let place = self.span();
        if let Some(word @ ("start" | "end")) = self.keyword().as_deref() {
            let moment = if word == "start" { Moment::Start } else { Moment::End };
            self.advance();
            self.expects("(")?;
            self.expects(")")?;
            return Ok(moment);
        }
        let negative = self.takes("-");
        if !negative {
            self.takes("+");
        }
        let seconds = match *self.peek() {
            Token::Number(seconds) => seconds,
            #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 milliseconds")]
            Token::Duration(milliseconds) => milliseconds as f64 / 1000.0,
            _ => return Err(self.unexpected("a timestamp in seconds, start() or end()")),
        };
        self.advance();
        let time = milliseconds(if negative { -seconds } else { seconds }, place)
            .map_err(|_| Error::syntax(place, format!("timestamp out of bounds for @ modifier: {seconds}")))?;
        Ok(Moment::Time(time))
    }

    pub(super) fn extended(&mut self, mut expr: Expr) -> Result<Expr> {
        let place = self.span();
        let how = if self.keyword().as_deref() == Some("anchored") { Extended::Anchored } else { Extended::Smoothed };
        self.advance();
        expr.span = expr.span.to(self.last_span());
        match &mut expr.kind {
            Kind::Vector(selector) | Kind::Range(selector, _) if selector.extended.is_none() => {
                selector.extended = Some(how);
                check::bounded(expr)
            }
            _ => Err(Error::syntax(place, "anchored and smoothed modifiers stand once, behind a selector")),
        }
    }
}

fn shift_of(expr: &mut Expr) -> Option<&mut Shift> {
    match &mut expr.kind {
        Kind::Vector(selector) | Kind::Range(selector, _) => Some(&mut selector.shift),
        Kind::Subquery(subquery) => Some(&mut subquery.shift),
        _ => None,
    }
}
