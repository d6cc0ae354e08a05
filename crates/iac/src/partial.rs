//! A text of which parts are known: what `"arn:aws:s3:::${aws_s3_bucket.logs.id}/*"` is before apply.
//!
//! Whoever compares such a text learns what no value of the gaps could change, and nothing more.

use crate::source::Origin;
use crate::{At, Map, Node, Unknown, Value, json};
use std::sync::Arc;

/// Stands for an unknown part. A noncharacter of Unicode, which no text of a file needs.
const GAP: char = '\u{10fffe}';
/// Ends the number of a gap while a text is read as JSON.
const GAP_END: char = '\u{10ffff}';
/// What a key of a map shows in place of an unknown part.
const SHOWN: &str = "${...}";

/// Known pieces of a text, with a gap between each two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartialText {
    /// The text, with one [`GAP`] for each unknown part.
    text: String,
    gaps: Vec<Unknown>,
}

impl PartialText {
    /// Adds what is known. A text that holds the mark of a gap is taken for unknown, because it could not be told apart.
    pub fn push_str(&mut self, known: &str) {
        if known.contains([GAP, GAP_END]) {
            self.push_gap(&Unknown::new("the text holds a character that stands for nothing"));
        } else {
            self.text.push_str(known);
        }
    }

    /// Adds an unknown part; of one that is itself known in part, what is known.
    pub fn push_gap(&mut self, unknown: &Unknown) {
        match &unknown.text {
            Some(partial) => {
                self.text.push_str(&partial.text);
                self.gaps.extend(partial.gaps.iter().cloned());
            }
            None => {
                self.text.push(GAP);
                self.gaps.push(unknown.clone());
            }
        }
    }

    /// Adds a text that is known in part, its known pieces rewritten.
    pub(crate) fn push_partial(&mut self, partial: &Self, rewrite: impl Fn(&str) -> String) {
        let mut gaps = partial.gaps.iter();
        for (nth, piece) in partial.pieces().enumerate() {
            if nth > 0
                && let Some(gap) = gaps.next()
            {
                self.push_gap(gap);
            }
            self.push_str(&rewrite(piece));
        }
    }

    /// How many bytes it takes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text where it has no gap, otherwise why it is not known and what is.
    pub fn finish(self) -> Result<String, Unknown> {
        let Some(first) = self.gaps.first() else { return Ok(self.text) };
        let why = first.why.clone();
        let mut refers: Vec<String> = Vec::new();
        for refer in self.gaps.iter().flat_map(|gap| gap.refers.iter()) {
            if !refers.contains(refer) {
                refers.push(refer.clone());
            }
        }
        Err(Unknown { why, refers: refers.into(), text: Some(Arc::new(self)) })
    }

    /// The known pieces: before the first gap, between gaps, after the last one.
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.text.split(GAP)
    }

    /// Whether some value of the gaps would make this the text.
    #[must_use]
    pub fn may_be(&self, text: &str) -> bool {
        let mut pieces = self.pieces();
        let (head, tail) = (pieces.next().unwrap_or_default(), pieces.next_back());
        let Some(rest) = text.strip_prefix(head) else { return false };
        let Some(tail) = tail else { return rest.is_empty() };
        let Some(mut rest) = rest.strip_suffix(tail) else { return false };
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        true
    }

    /// Whether it begins so; `None` where a gap decides.
    #[must_use]
    pub fn starts_with(&self, start: &str) -> Option<bool> {
        let head = self.pieces().next().unwrap_or_default();
        if head.starts_with(start) {
            Some(true)
        } else if start.starts_with(head) {
            None
        } else {
            Some(false)
        }
    }

    /// Whether it ends so; `None` where a gap decides.
    #[must_use]
    pub fn ends_with(&self, end: &str) -> Option<bool> {
        let tail = self.pieces().next_back().unwrap_or_default();
        if tail.ends_with(end) {
            Some(true)
        } else if end.ends_with(tail) {
            None
        } else {
            Some(false)
        }
    }

    /// What it is as JSON, where it is JSON whatever the gaps are: a gap that stands as a value is an unknown value, one
    /// within a text makes a text that is known in part. In a key a gap shows as `${...}`.
    #[must_use]
    pub fn json(&self, at: At) -> Option<Node> {
        let text = self.numbered();
        let parsed = json::parse(&text, Origin::of(""));
        let node = parsed.or_else(|_| json::parse(&json::without_last_commas(&text), Origin::of(""))).ok()?;
        Some(self.filled(node, at))
    }

    /// The text with a number for each gap; one that stands outside quotes is put into them.
    fn numbered(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 8 * self.gaps.len());
        let (mut quoted, mut escaped, mut nth) = (false, false, 0_usize);
        for character in self.text.chars() {
            match character {
                GAP => {
                    let quote = if quoted { "" } else { "\"" };
                    let kind = if quoted { 's' } else { 'v' };
                    out.push_str(&format!("{quote}{GAP}{kind}{nth}{GAP_END}{quote}"));
                    nth += 1;
                    escaped = false;
                    continue;
                }
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            out.push(character);
        }
        out
    }

    fn filled(&self, node: Node, at: At) -> Node {
        let value = match node.value {
            Value::String(text) if text.contains(GAP) => Value::Unknown(self.leaf(&text)),
            Value::List(items) => Value::List(items.into_iter().map(|item| self.filled(item, at)).collect()),
            Value::Map(map) => {
                let mut out = Map::default();
                for (key, node) in map.into_entries() {
                    out.set(shown(&key), self.filled(node, at));
                }
                Value::Map(out)
            }
            other => other,
        };
        Node { value, at }
    }

    /// A text of JSON that holds gaps.
    fn leaf(&self, text: &str) -> Unknown {
        let mut partial = Self::default();
        let mut rest = text;
        let mut whole = None;
        while let Some((before, after)) = rest.split_once(GAP) {
            let (number, after) = after.split_once(GAP_END).unwrap_or((after, ""));
            let gap = number.get(1..).and_then(|digits| digits.parse().ok()).and_then(|nth: usize| self.gaps.get(nth));
            if number.starts_with('v') {
                whole = gap;
            }
            partial.push_str(before);
            if let Some(gap) = gap {
                partial.push_gap(gap);
            }
            rest = after;
        }
        partial.push_str(rest);
        match (whole, partial.finish()) {
            (Some(gap), _) => gap.clone(),
            (None, Err(unknown)) => unknown,
            (None, Ok(_)) => Unknown::new("the value is not known"),
        }
    }
}

/// A key with its gaps as people read them.
fn shown(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut rest = key;
    while let Some((before, after)) = rest.split_once(GAP) {
        out.push_str(before);
        out.push_str(SHOWN);
        rest = after.split_once(GAP_END).map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parts: &[&str]) -> PartialText {
        let mut out = PartialText::default();
        for (nth, part) in parts.iter().enumerate() {
            if nth > 0 {
                out.push_gap(&Unknown::new(format!("gap {nth}")));
            }
            out.push_str(part);
        }
        out
    }

    #[test]
    fn only_what_no_gap_could_change_is_decided() {
        let arn = text(&["arn:aws:iam::", ":root"]);
        assert!(arn.may_be("arn:aws:iam::1:root") && arn.may_be("arn:aws:iam::*:root"));
        assert!(!arn.may_be("*") && !arn.may_be("arn:aws:iam::root"));
        assert!(!text(&["ab", "ba"]).may_be("aba"));
        assert!(text(&["a", "-", "b"]).may_be("ax-yb") && !text(&["a", "-", "b"]).may_be("axyb"));
        assert_eq!(arn.starts_with("arn:"), Some(true));
        assert_eq!(arn.starts_with("arn:aws:iam::12"), None);
        assert_eq!(arn.starts_with("*"), Some(false));
        assert_eq!(
            (arn.ends_with(":root"), arn.ends_with("2:root"), arn.ends_with("x")),
            (Some(true), None, Some(false))
        );
        assert_eq!(text(&["whole"]).finish(), Ok("whole".to_owned()));
    }

    #[test]
    fn json_with_gaps_keeps_its_shape() {
        let policy = text(&[r#"{"a": ""#, r#"/*", "b": ["#, r#", "known"], "k"#, r#"": "\"", "c": ""#, r#""}"#]);
        let node = policy.json(At::default()).expect("it is JSON");
        let Value::Map(map) = &node.value else { panic!("a map") };
        let unknown = |node: &Node| if let Value::Unknown(unknown) = &node.value { unknown.clone() } else { panic!() };
        let a = unknown(map.get("a").expect("a"));
        assert_eq!(&*a.why, "gap 1");
        assert!(a.text.is_some_and(|text| text.may_be("x/*") && !text.may_be("x")));
        let Some(Node { value: Value::List(b), .. }) = map.get("b") else { panic!("a list") };
        assert!(unknown(&b[0]).text.is_none());
        assert_eq!(&*unknown(&b[0]).why, "gap 2");
        assert_eq!(b[1].value, Value::String("known".into()));
        assert_eq!(map.get("k${...}").map(|node| &node.value), Some(&Value::String("\"".into())));
        assert_eq!(&*unknown(map.get("c").expect("c")).why, "gap 4");
        assert!(text(&["{", "}"]).json(At::default()).is_none());
    }
}
