//! Texts of queries.

/// What is wrong with the brackets and quotations of a query.
pub fn unbalanced(text: &str) -> Option<String> {
    let mut open: Vec<char> = Vec::new();
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match c {
            '"' | '\'' | '`' => loop {
                match letters.next() {
                    None => return Some(format!("{c} is not closed")),
                    Some('\\') if c != '`' => {
                        letters.next();
                    }
                    Some(other) if other == c => break,
                    Some(_) => {}
                }
            },
            '#' => {
                letters.by_ref().find(|c| *c == '\n');
            }
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                let expected = match c {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(expected) {
                    return Some(format!("{c} closes nothing"));
                }
            }
            _ => {}
        }
    }
    open.pop().map(|c| format!("{c} is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_named() {
        for sound in ["sum(rate(x{a=\"}\"}[5m]))", "x # )", "{a='\\''}", "`\\`"] {
            assert_eq!(unbalanced(sound), None, "{sound}");
        }
        assert_eq!(unbalanced("sum(rate(x[5m])"), Some("( is not closed".to_owned()));
        assert_eq!(unbalanced("sum(x]"), Some("] closes nothing".to_owned()));
        assert_eq!(unbalanced("x{a=\"b}"), Some("\" is not closed".to_owned()));
    }
}
