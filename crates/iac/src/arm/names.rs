//! Names of resources, also where a part of a name is not known, and paths of files.

use super::expr::{Expr, Kind};
use super::scope::{Env, Scope};
use crate::Value;

/// How many expressions behind expressions are looked through.
const HOPS_MAX: usize = 16;

/// A text with what is not known of it written as expressions: `[parameters('server')]/master`.
pub(crate) fn with_holes<'w>(scope: &Scope<'w>, expr: &'w Expr, env: Option<&Env<'_>>) -> String {
    holes(scope, expr, env, 0)
}

fn holes<'w>(scope: &Scope<'w>, expr: &'w Expr, env: Option<&Env<'_>>, hops: usize) -> String {
    match scope.eval(expr, env).value {
        Value::String(text) => return text.to_string(),
        Value::Number(number) => return number.to_string(),
        _ => {}
    }
    if hops < HOPS_MAX {
        if let Some(behind) = scope.behind(expr) {
            return holes(scope, behind, None, hops + 1);
        }
        match &expr.kind {
            Kind::Bracketed(_, inner) => return holes(scope, inner, env, hops + 1),
            Kind::Text(parts) => return joined(scope, parts, env, hops),
            Kind::Call(name, arguments) if &**name == "concat" => return joined(scope, arguments, env, hops),
            Kind::Call(name, arguments) if &**name == "format" => {
                if let Some(text) = formatted(scope, arguments, env, hops) {
                    return text;
                }
            }
            _ => {}
        }
    }
    format!("[{expr}]")
}

fn joined<'w>(scope: &Scope<'w>, parts: &'w [Expr], env: Option<&Env<'_>>, hops: usize) -> String {
    parts.iter().map(|part| holes(scope, part, env, hops + 1)).collect()
}

fn formatted<'w>(scope: &Scope<'w>, arguments: &'w [Expr], env: Option<&Env<'_>>, hops: usize) -> Option<String> {
    let (pattern, values) = arguments.split_first()?;
    let mut rest: &str = pattern.as_text()?;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        let (number, after) = after.split_once('}')?;
        out.push_str(before);
        out.push_str(&holes(scope, values.get(number.parse::<usize>().ok()?)?, env, hops + 1));
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// An expression of a template as it was written; where it only passes on a variable, what that holds.
pub(crate) fn written<'w>(scope: &Scope<'w>, expr: &'w Expr) -> Option<String> {
    let mut here = expr;
    for _ in 0..HOPS_MAX {
        match scope.behind(here) {
            Some(behind @ Expr { kind: Kind::Bracketed(..), .. }) => here = behind,
            _ => break,
        }
    }
    match &here.kind {
        Kind::Bracketed(text, _) => Some(text.to_string()),
        _ => None,
    }
}

/// A path relative to the folder of a file; `None` where it leads out of what was handed in.
pub(crate) fn beside(file: &str, relative: &str) -> Option<String> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let absolute = file.starts_with('/');
    let relative = relative.replace('\\', "/");
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(format!("{}{}", if absolute { "/" } else { "" }, parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn paths_are_relative_to_the_file() {
        assert_eq!(beside("infra/main.bicep", "modules/vm.bicep").as_deref(), Some("infra/modules/vm.bicep"));
        assert_eq!(beside("infra/main.bicep", "../shared/./a.json").as_deref(), Some("shared/a.json"));
        assert_eq!(beside("main.bicep", "../a.json"), None);
    }
}
