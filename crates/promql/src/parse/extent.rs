//! Lengths of time: a duration, a number of seconds, or arithmetic on them.

use super::lex::Token;
use super::tree::{Computed, Extent, Op, milliseconds};
use super::{POWER, Parser, operator};
use crate::error::{Error, Result, Span};

impl Parser {
    /// A length in brackets, which must be longer than nothing.
    pub(super) fn extent_in_brackets(&mut self) -> Result<Extent> {
        let start = self.span();
        let computed = self.computed(0)?;
        let extent = settled(computed, start.to(self.last_span()))?;
        match extent {
            Extent::Fixed(milliseconds) if milliseconds <= 0 => {
                Err(Error::syntax(start.to(self.last_span()), "duration must be greater than 0"))
            }
            extent => Ok(extent),
        }
    }

    /// A length after `offset`. As in Prometheus, only parentheses let an offset take an operator with it.
    pub(super) fn extent_after_offset(&mut self) -> Result<Extent> {
        let start = self.span();
        let computed = self.signed_part()?;
        settled(computed, start.to(self.last_span()))
    }

    fn signed_part(&mut self) -> Result<Computed> {
        self.deeper(|parser| {
            if parser.takes("-") {
                return Ok(Computed::Negative(Box::new(parser.signed_part()?)));
            }
            if parser.takes("+") {
                return parser.signed_part();
            }
            parser.part()
        })
    }

    fn computed(&mut self, weakest: u8) -> Result<Computed> {
        self.deeper(|parser| {
            let negative = parser.sees("-");
            let mut left = if negative || parser.sees("+") {
                parser.advance();
                let inner = parser.computed(POWER)?;
                if negative { Computed::Negative(Box::new(inner)) } else { inner }
            } else {
                parser.part()?
            };
            // A chain of operators nests to the left; its length is bounded as nesting is.
            let mut length = 0;
            while let Some((op, strength, to_the_right)) = operator(parser.peek())
                .filter(|(op, strength, _)| *strength >= weakest && !op.compares() && !op.is_set() && *op != Op::Atan2)
            {
                length += 1;
                if length > super::HEIGHT_MAX {
                    return Err(Error::bound(parser.span(), "the duration has too many operators"));
                }
                parser.advance();
                let right = parser.computed(if to_the_right { strength } else { strength + 1 })?;
                left = Computed::Binary(op, Box::new(left), Box::new(right));
            }
            Ok(left)
        })
    }

    fn part(&mut self) -> Result<Computed> {
        match self.peek().clone() {
            Token::Number(seconds) => {
                self.advance();
                Ok(Computed::Seconds(seconds))
            }
            #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 milliseconds")]
            Token::Duration(milliseconds) => {
                self.advance();
                Ok(Computed::Seconds(milliseconds as f64 / 1000.0))
            }
            Token::Sign("(") => {
                self.advance();
                let inner = self.computed(0)?;
                self.expects(")")?;
                Ok(inner)
            }
            Token::Word(word) => self.named(&word.to_ascii_lowercase()),
            _ => Err(self.unexpected("a duration")),
        }
    }

    fn named(&mut self, word: &str) -> Result<Computed> {
        if !matches!(word, "step" | "range" | "min_of" | "max_of") {
            return Err(self.unexpected("a duration"));
        }
        self.advance();
        self.expects("(")?;
        let read = match word {
            "step" => Computed::Step,
            "range" => Computed::Range,
            _ => {
                let left = Box::new(self.computed(0)?);
                self.expects(",")?;
                let right = Box::new(self.computed(0)?);
                if word == "min_of" { Computed::Least(left, right) } else { Computed::Greatest(left, right) }
            }
        };
        self.expects(")")?;
        Ok(read)
    }
}

/// A length that depends on neither step nor range is known at once.
fn settled(computed: Computed, span: Span) -> Result<Extent> {
    if depends_on_query(&computed) {
        return Ok(Extent::Computed(Box::new(computed)));
    }
    Ok(Extent::Fixed(milliseconds(computed.seconds(0.0, 0.0), span)?))
}

fn depends_on_query(computed: &Computed) -> bool {
    match computed {
        Computed::Seconds(_) => false,
        Computed::Step | Computed::Range => true,
        Computed::Negative(inner) => depends_on_query(inner),
        Computed::Binary(_, left, right) | Computed::Least(left, right) | Computed::Greatest(left, right) => {
            depends_on_query(left) || depends_on_query(right)
        }
    }
}
