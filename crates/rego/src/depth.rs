//! How deep brackets stand in each other. The interpreter's parser tries each bracket first as a comprehension and then as a
//! list, so that each further level costs twice the time.

use crate::token::tokens;
use crate::{Module, Problem};

/// Brackets in each other that are read: far more than policies have, and seconds at worst.
pub(crate) const BRACKETS_MAX: usize = 20;

/// The first bracket of each module that stands too deep.
pub(crate) fn check(modules: &[Module]) -> Vec<Problem> {
    modules.iter().filter_map(too_deep).collect()
}

fn too_deep(module: &Module) -> Option<Problem> {
    let mut depth = 0_usize;
    for token in tokens(&module.text) {
        if token.is("[") || token.is("{") {
            depth += 1;
        } else if token.is("]") || token.is("}") {
            depth = depth.saturating_sub(1);
        }
        if depth > BRACKETS_MAX {
            let before = &module.text[..token.start];
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let line = count(before.matches('\n').count() + 1);
            let column = count(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
            let summary =
                format!("more than {BRACKETS_MAX} brackets stand in each other here; put the inner value into a rule");
            return Some(Problem { path: module.path.clone(), line, column, summary });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<(u32, u32)> {
        let module = Module { path: "a.rego".to_owned(), text: text.to_owned() };
        check(&[module]).iter().map(|problem| (problem.line, problem.column)).collect()
    }

    #[test]
    fn the_bracket_that_is_one_too_many_is_named_and_those_in_texts_do_not_count() {
        let nested = |n: usize| format!("package a\nx := {}1{}\n", "[".repeat(n), "]".repeat(n));
        assert!(problems(&nested(BRACKETS_MAX)).is_empty());
        assert_eq!(problems(&nested(BRACKETS_MAX + 1)), [(2, 26)], "behind `x := ` and twenty others");
        assert!(problems(&format!("package a\nx := \"{0}\" # {0}\ny := `{0}`\n", "[{".repeat(40))).is_empty());
        assert!(problems(&"a { b }\n".repeat(100)).is_empty());
    }
}
