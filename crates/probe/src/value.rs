//! Values of conditions: texts, and numbers where they are ones. Lengths of time are milliseconds.

/// A value as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resolved {
    pub text: String,
    /// As a number, where it is one.
    pub number: Option<f64>,
}

impl Resolved {
    pub(crate) fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
        Self { number: number.or_else(|| milliseconds(&text)), text }
    }

    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self.number, other.number) {
            #[expect(clippy::float_cmp, reason = "both were written as decimals, and equal means as written")]
            (Some(a), Some(b)) => a == b,
            _ => self.text == other.text,
        }
    }
}

/// A length of time as in `300ms`, `1h30m`, `14d`, in milliseconds.
pub(crate) fn milliseconds(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|end| *end > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let each = match &rest[..unit] {
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 60e3,
            "h" => 3_600e3,
            "d" => 86_400e3,
            "w" => 7.0 * 86_400e3,
            _ => return None,
        };
        sum += number * each;
        rest = &rest[unit..];
    }
    Some(sum)
}

/// Whether a text has the form of a pattern, in which `*` stands for anything and `?` for one character.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and up to where of the text it reaches.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, reached)) = star else { return false };
                star = Some((at, reached + 1));
                p = at + 1;
                t = reached + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_milliseconds() {
        for (text, ms) in [("300ms", 300.0), ("1.5s", 1_500.0), ("1h30m", 5_400_000.0), ("2d", 172_800_000.0)] {
            assert_eq!(milliseconds(text), Some(ms), "{text}");
        }
        for wrong in ["", "300", "s", "1x", "1s2", "1..2s"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn patterns_stand_for_whole_texts() {
        for (pattern, text) in
            [("*", ""), ("a*c", "abbc"), ("*b*", "abc"), ("a?c", "aüc"), ("*a*a", "aba"), ("é*", "éa")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", "ab"), ("a*c", "abd"), ("?", ""), ("*a*a", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
