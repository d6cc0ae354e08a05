//! Walks every expression within an expression.

use super::{Expr, Key, Kind, Part, Step};

/// Calls `change` for every expression within, the innermost last; not for the expression itself.
pub(super) fn visit_mut(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr)) {
    let mut each = |inner: &mut Expr| {
        change(inner);
        visit_mut(inner, change);
    };
    match &mut expr.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::HugeNumber | Kind::String(_) | Kind::Variable(_) => {}
        Kind::Template(parts) => visit_parts(parts, &mut each),
        Kind::Wrap(inner) | Kind::Parens(inner) | Kind::Unary(_, inner) => each(inner),
        Kind::Tuple(items) | Kind::Call(_, items, _) => items.iter_mut().for_each(each),
        Kind::Object(items) => {
            for (key, value) in items {
                if let Key::Expr(key) = key {
                    each(key);
                }
                each(value);
            }
        }
        Kind::Traverse(source, steps) => {
            each(source);
            for step in steps {
                if let Step::Index(key) = step {
                    each(key);
                }
            }
        }
        Kind::For(inner) => {
            each(&mut inner.over);
            inner.result_key.iter_mut().for_each(&mut each);
            each(&mut inner.result);
            inner.condition.iter_mut().for_each(each);
        }
        Kind::Conditional(parts) => parts.iter_mut().for_each(each),
        Kind::Binary(first, rest) => {
            each(first);
            rest.iter_mut().for_each(|(_, right)| each(right));
        }
    }
}

fn visit_parts(parts: &mut [Part], each: &mut dyn FnMut(&mut Expr)) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(value) => each(value),
            Part::If(condition, yes, no) => {
                each(condition);
                visit_parts(yes, each);
                visit_parts(no, each);
            }
            Part::For { over, body, .. } => {
                each(over);
                visit_parts(body, each);
            }
        }
    }
}

/// Calls `found` for every name within an expression, with the steps that are taken from it: `var` with `.acl`.
pub(crate) fn references<'e>(expr: &'e Expr, found: &mut dyn FnMut(&'e Expr, &'e [Step])) {
    match &expr.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::HugeNumber | Kind::String(_) => {}
        Kind::Variable(_) => found(expr, &[]),
        Kind::Template(parts) => parts_references(parts, found),
        Kind::Wrap(inner) | Kind::Parens(inner) | Kind::Unary(_, inner) => references(inner, found),
        Kind::Tuple(items) | Kind::Call(_, items, _) => items.iter().for_each(|item| references(item, found)),
        Kind::Object(items) => {
            for (key, value) in items {
                if let Key::Expr(key) = key {
                    references(key, found);
                }
                references(value, found);
            }
        }
        Kind::Traverse(source, steps) => {
            match source.kind {
                Kind::Variable(_) => found(source, steps),
                _ => references(source, found),
            }
            for step in steps {
                if let Step::Index(key) = step {
                    references(key, found);
                }
            }
        }
        Kind::For(inner) => {
            let rest = [inner.result_key.as_ref(), Some(&inner.result), inner.condition.as_ref()];
            std::iter::once(&inner.over).chain(rest.into_iter().flatten()).for_each(|part| references(part, found));
        }
        Kind::Conditional(parts) => parts.iter().for_each(|part| references(part, found)),
        Kind::Binary(first, rest) => {
            references(first, found);
            rest.iter().for_each(|(_, right)| references(right, found));
        }
    }
}

fn parts_references<'e>(parts: &'e [Part], found: &mut dyn FnMut(&'e Expr, &'e [Step])) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(value) => references(value, found),
            Part::If(condition, yes, no) => {
                references(condition, found);
                parts_references(yes, found);
                parts_references(no, found);
            }
            Part::For { over, body, .. } => {
                references(over, found);
                parts_references(body, found);
            }
        }
    }
}
