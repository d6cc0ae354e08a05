//! Whether the parts of an expression fit together. Messages are worded as Prometheus words them, because people look for them.

use super::HEIGHT_MAX;
use super::tree::{Aggregate, Binary, Expr, Kind, ValueType};
use crate::error::{Error, Result, Span};
use crate::functions::Function;

/// Refuses a tree that is too high.
pub(super) fn bounded(expr: Expr) -> Result<Expr> {
    if expr.height > HEIGHT_MAX {
        return Err(Error::bound(expr.span, format!("the query nests deeper than {HEIGHT_MAX} levels")));
    }
    Ok(expr)
}

pub(super) fn signed(negative: bool, inner: Expr, span: Span) -> Result<Expr> {
    let (found, height) = (inner.value_type(), inner.height + 1);
    if !matches!(found, ValueType::Scalar | ValueType::Vector) {
        let message = format!(
            "unary expression only allowed on expressions of type scalar or instant vector, got {:?}",
            found.name()
        );
        return Err(Error::refused(span, message));
    }
    bounded(Expr { kind: Kind::Sign(negative, Box::new(inner)), span, height })
}

pub(super) fn binary(mut binary: Binary, place: Span) -> Result<Expr> {
    let span = binary.left.span.to(binary.right.span);
    let (left, right) = (binary.left.value_type(), binary.right.value_type());
    for (side, found) in [(&binary.left, left), (&binary.right, right)] {
        if !matches!(found, ValueType::Scalar | ValueType::Vector) {
            let message = "binary expression must contain only scalar and instant vector types";
            return Err(Error::refused(side.span, message));
        }
    }
    let scalars = left == ValueType::Scalar && right == ValueType::Scalar;
    let both = left == ValueType::Vector && right == ValueType::Vector;
    let (op, matching) = (binary.op, &binary.matching);
    if binary.bool_result && !op.compares() {
        return Err(Error::refused(place, "bool modifier can only be used on comparison operators"));
    }
    if scalars && op.compares() && !binary.bool_result {
        return Err(Error::refused(place, "comparisons between scalars must use BOOL modifier"));
    }
    if op.is_set() && !both {
        let message = format!("set operator {:?} not allowed in binary scalar expression", op.spelling());
        return Err(Error::refused(place, message));
    }
    if !both && (matching.on || !matching.labels.is_empty()) {
        return Err(Error::refused(place, "vector matching only allowed between instant vectors"));
    }
    let filled = matching.fill_left.is_some() || matching.fill_right.is_some();
    if filled && (!both || op.is_set()) {
        return Err(Error::refused(
            place,
            "filling in missing series only allowed between instant vectors, not for set operators",
        ));
    }
    if let Some((_, include)) = &matching.group {
        if op.is_set() {
            return Err(Error::refused(place, format!("no grouping allowed for {:?} operation", op.spelling())));
        }
        if let Some(label) = include.iter().find(|label| matching.on && matching.labels.contains(label)) {
            let message = format!("label {label:?} must not occur in ON and GROUP clause at once");
            return Err(Error::refused(place, message));
        }
    }
    binary.value_type = if scalars { ValueType::Scalar } else { ValueType::Vector };
    let height = binary.left.height.max(binary.right.height) + 1;
    bounded(Expr { kind: Kind::Binary(Box::new(binary)), span, height })
}

pub(super) fn aggregate(aggregate: Aggregate, name: &str, span: Span) -> Result<Expr> {
    expect_type(&aggregate.expr, ValueType::Vector, "aggregation expression")?;
    if let (Some(wanted), Some(parameter)) = (aggregate.op.parameter(), &aggregate.parameter) {
        expect_type(parameter, wanted, "aggregation parameter")
            .map_err(|error| Error { message: format!("{} of {name}", error.message), ..error })?;
    }
    let height = aggregate.expr.height.max(aggregate.parameter.as_ref().map_or(0, |p| p.height)) + 1;
    bounded(Expr { kind: Kind::Aggregate(Box::new(aggregate)), span, height })
}

pub(super) fn call(function: &'static Function, arguments: Vec<Expr>, span: Span) -> Result<Expr> {
    let (least, most) = (function.required, function.arguments.len());
    let name = function.name;
    let repeats = function.repeats;
    if arguments.len() < least || (arguments.len() > most && !repeats) {
        let got = arguments.len();
        let message = if least == most && !repeats {
            format!("expected {least} argument(s) in call to {name:?}, got {got}")
        } else if got < least {
            format!("expected at least {least} argument(s) in call to {name:?}, got {got}")
        } else {
            format!("expected at most {most} argument(s) in call to {name:?}, got {got}")
        };
        return Err(Error::refused(span, message));
    }
    for (index, argument) in arguments.iter().enumerate() {
        let wanted = function.arguments[index.min(most.saturating_sub(1))];
        expect_type(argument, wanted, &format!("call to function {name:?}"))?;
    }
    let height = arguments.iter().map(|argument| argument.height).max().unwrap_or(0) + 1;
    bounded(Expr { kind: Kind::Call(function, arguments), span, height })
}

fn expect_type(expr: &Expr, wanted: ValueType, context: &str) -> Result<()> {
    let found = expr.value_type();
    if found == wanted {
        return Ok(());
    }
    let message = format!("expected type {} in {context}, got {}", wanted.name(), found.name());
    Err(Error::refused(expr.span, message))
}
