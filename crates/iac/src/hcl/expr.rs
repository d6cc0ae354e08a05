//! Operators and their precedence, conditionals, traversals.

use super::cursor::{Cursor, Parsed};
use super::{Binary, Expr, Kind, Step, Unary};

impl Cursor<'_> {
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let condition = self.binary(1)?;
        self.skip();
        let expr = if self.take(b'?') {
            let (at, start) = (condition.at, condition.start);
            let yes = self.expr()?;
            self.expect(b':', "between the two results of a conditional")?;
            let no = self.expr()?;
            Expr { end: no.end, kind: Kind::Conditional(Box::new([condition, yes, no])), at, start }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// Operators whose precedence is at least the given one, by precedence climbing. Those of one precedence stand in one
    /// list, so that a long sum does not nest.
    fn binary(&mut self, precedence_min: u8) -> Parsed<Expr> {
        let mut left = self.operand()?;
        let mut left_precedence = u8::MAX;
        loop {
            self.skip();
            let Some((operator, precedence, len)) = self.operator() else { return Ok(left) };
            if precedence < precedence_min {
                return Ok(left);
            }
            self.pos += len;
            let right = self.binary(precedence + 1)?;
            let (at, start, end) = (left.at, left.start, right.end);
            match &mut left.kind {
                Kind::Binary(_, rest) if left_precedence == precedence => {
                    rest.push((operator, right));
                    left.end = end;
                }
                _ => left = Expr { kind: Kind::Binary(Box::new(left), vec![(operator, right)]), at, start, end },
            }
            left_precedence = precedence;
        }
    }

    fn operator(&self) -> Option<(Binary, u8, usize)> {
        Some(match (self.peek()?, self.peek_nth(1)) {
            (b'|', Some(b'|')) => (Binary::Or, 1, 2),
            (b'&', Some(b'&')) => (Binary::And, 2, 2),
            (b'=', Some(b'=')) => (Binary::Equal, 3, 2),
            (b'!', Some(b'=')) => (Binary::NotEqual, 3, 2),
            (b'<', Some(b'=')) => (Binary::LessOrEqual, 4, 2),
            (b'>', Some(b'=')) => (Binary::GreaterOrEqual, 4, 2),
            (b'<', _) => (Binary::Less, 4, 1),
            (b'>', _) => (Binary::Greater, 4, 1),
            (b'+', _) => (Binary::Add, 5, 1),
            (b'-', _) => (Binary::Subtract, 5, 1),
            (b'*', _) => (Binary::Multiply, 6, 1),
            (b'/', _) => (Binary::Divide, 6, 1),
            (b'%', _) => (Binary::Modulo, 6, 1),
            _ => return None,
        })
    }

    /// A term with what is taken from it, or `-`/`!` before one.
    fn operand(&mut self) -> Parsed<Expr> {
        self.skip();
        let (at, start) = (self.at(), self.offset());
        let operator = match self.peek() {
            Some(b'-') => Unary::Negate,
            Some(b'!') => Unary::Not,
            _ => {
                let term = self.term()?;
                return self.traversal(term);
            }
        };
        self.pos += 1;
        self.enter()?;
        let operand = self.operand()?;
        self.depth -= 1;
        Ok(Expr { end: operand.end, kind: Kind::Unary(operator, Box::new(operand)), at, start })
    }

    fn traversal(&mut self, term: Expr) -> Parsed<Expr> {
        let mut steps = Vec::new();
        let mut end = term.end;
        loop {
            self.skip();
            match self.peek() {
                Some(b'.') if !self.looking_at("...") => {
                    self.pos += 1;
                    steps.push(self.attribute_step()?);
                }
                Some(b'[') => {
                    self.pos += 1;
                    let step = self.within(false, Self::index_step)?;
                    steps.push(step);
                }
                _ => break,
            }
            end = self.offset();
        }
        if steps.is_empty() {
            return Ok(term);
        }
        let (at, start) = (term.at, term.start);
        Ok(Expr { kind: Kind::Traverse(Box::new(term), steps), at, start, end })
    }

    fn attribute_step(&mut self) -> Parsed<Step> {
        self.skip();
        if self.take(b'*') {
            return Ok(Step::AttributeSplat);
        }
        if let Some(name) = self.name() {
            return Ok(Step::Attribute(self.shared(name)));
        }
        if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            let (at, start) = (self.at(), self.offset());
            let index = self.number()?;
            return match index.kind {
                Kind::Number(number) if number.is_integer() && !self.text[start as usize..self.pos].contains('.') => {
                    Ok(Step::Index(index))
                }
                _ => Err(self.error_at(
                    at,
                    "an index after a dot must be a whole number",
                    "write it in brackets, such as [0][1]",
                )),
            };
        }
        let found = self.found();
        Err(self.error(
            &format!("expected a name after the dot, found {found}"),
            "write the name of an attribute, or an index in brackets",
        ))
    }

    fn index_step(&mut self) -> Parsed<Step> {
        self.skip();
        if self.peek() == Some(b'*') {
            self.pos += 1;
            self.expect(b']', "after `[*`")?;
            return Ok(Step::FullSplat);
        }
        let key = self.expr()?;
        self.expect(b']', "after the index")?;
        Ok(Step::Index(key))
    }
}
