//! Bicep source: compiled into the declarations of ARM templates, which [`crate::arm`] evaluates.
//!
//! Types are passed over: what they would refuse is the compiler's to say. A statement that cannot be read gives a
//! diagnostic, and reading goes on with the next one. The address of a resource is its type and its symbolic name.

mod cursor;
mod expression;
mod statement;
mod text;

use crate::arm::expr::{Expr, Kind, Property};
use crate::arm::template::Template;
use crate::source::Origin;
use crate::{Dialect, SourceFile};
use cursor::Cursor;
use mainstay_model::Diagnostic;
use std::collections::HashMap;

/// What is wrong at a place, and how to mend it.
#[derive(Debug)]
struct Fault {
    at: crate::At,
    summary: String,
    help: &'static str,
}

type Parsed<T> = Result<T, Fault>;

/// Whether a file is Bicep by its name.
pub(crate) fn is_bicep(file: &SourceFile) -> bool {
    file.path.len() > 6 && file.path.as_bytes()[file.path.len() - 6..].eq_ignore_ascii_case(b".bicep")
}

/// Reads a file.
pub(crate) fn template(source: &str, origin: Origin<'_>, diagnostics: &mut Vec<Diagnostic>) -> Template {
    let mut template = Template::new(Dialect::Bicep, origin.path);
    statement::file(&mut Cursor::new(source, origin), &mut template, diagnostics);
    template.index();
    template
}

/// Reads a file of parameters: the template that it is for, and what it gives, by name in lower case.
pub(crate) fn parameters(
    source: &str,
    origin: Origin<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Option<String>, HashMap<String, Expr>) {
    let mut template = Template::new(Dialect::Bicep, origin.path);
    let using = statement::file(&mut Cursor::new(source, origin), &mut template, diagnostics);
    let given = template.parameters.into_iter().filter_map(|parameter| {
        let value = parameter.default?;
        let wrapped = vec![Property::Set(Expr::text(value.at, "value"), value)];
        Some((parameter.name.to_ascii_lowercase(), Expr::new(parameter.at, Kind::Object(wrapped))))
    });
    (using, given.collect())
}
