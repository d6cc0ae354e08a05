//! Texts that are built of parts: `Fn::Sub` and `Fn::Join`.

use super::eval::Scope;
use super::{TEXT_BYTES_MAX, intrinsic, scalar_text, text_node, unknown};
use crate::{At, Map, Node, PartialText, Value};

/// A text that is put together of literal parts and values.
struct Joined {
    out: PartialText,
    parts: usize,
    /// The only part so far, as it is.
    only: Option<Node>,
    at: At,
}

impl Joined {
    fn new(at: At) -> Self {
        Self { out: PartialText::default(), parts: 0, only: None, at }
    }

    fn literal(&mut self, text: &str) {
        if !text.is_empty() {
            self.parts += 1;
            self.out.push_str(text);
        }
    }

    fn part(&mut self, value: Option<Node>) {
        let Some(value) = value else { return };
        self.parts += 1;
        match (&value.value, scalar_text(&value.value)) {
            (_, Some(text)) => self.out.push_str(&text),
            (Value::Unknown(unknown), _) => self.out.push_gap(unknown),
            (Value::List(items), _) => {
                let texts: Vec<_> = items.iter().filter_map(|item| scalar_text(&item.value)).collect();
                self.out.push_str(&texts.join(","));
            }
            _ => {}
        }
        self.only = Some(value);
    }

    fn is_full(&self) -> bool {
        self.out.len() > TEXT_BYTES_MAX
    }

    /// The text; the only part itself where there is nothing else.
    fn finish(self, scope: &Scope<'_, '_>) -> Node {
        let at = self.at;
        if self.is_full() || !scope.stack.world.charge(self.out.len() as u64 / 64) {
            return unknown(at, format!("the text is longer than {TEXT_BYTES_MAX} bytes"), Vec::new());
        }
        if let (1, Some(Node { value: value @ Value::Unknown(_), .. })) = (self.parts, self.only) {
            return Node { value, at };
        }
        match self.out.finish() {
            Ok(text) => text_node(text, at),
            Err(unknown) => Node { value: Value::Unknown(unknown), at },
        }
    }
}

/// `Fn::Sub`: a text, or a text and a map of names.
pub(super) fn sub(scope: &mut Scope<'_, '_>, argument: &Node, at: At) -> Node {
    let (text, own) = match &argument.value {
        Value::String(text) => (text.clone(), None),
        Value::List(items) => match (items.first().map(|node| &node.value), items.get(1).map(|node| &node.value)) {
            (Some(Value::String(text)), Some(Value::Map(own))) => (text.clone(), Some(own)),
            (Some(Value::String(text)), None) => (text.clone(), None),
            _ => return unknown(at, "Fn::Sub needs a text, or a text and a map", Vec::new()),
        },
        _ => return unknown(at, "Fn::Sub needs a text, or a text and a map", Vec::new()),
    };
    let mut joined = Joined::new(at);
    let mut rest = &*text;
    while let Some(start) = rest.find("${") {
        joined.literal(&rest[..start]);
        let after = &rest[start + 2..];
        let Some(end) = after.find('}') else {
            joined.literal(&rest[start..]);
            rest = "";
            break;
        };
        let name = after[..end].trim();
        rest = &after[end + 1..];
        match name.strip_prefix('!') {
            Some(literal) => joined.literal(&format!("${{{literal}}}")),
            None if name.is_empty() => joined.literal("${}"),
            None => {
                let value = named(scope, name, own, at);
                joined.part(value);
            }
        }
        if joined.is_full() {
            break;
        }
    }
    joined.literal(rest);
    joined.finish(scope)
}

fn named(scope: &mut Scope<'_, '_>, name: &str, own: Option<&Map>, at: At) -> Option<Node> {
    if let Some(node) = own.and_then(|own| own.get(name)) {
        return scope.eval(node);
    }
    match name.split_once('.') {
        Some((id, attribute)) => Some(intrinsic::attribute(scope, id, attribute, at)),
        None => intrinsic::reference(scope, name, at),
    }
}

/// `Fn::Join`.
pub(super) fn join(scope: &mut Scope<'_, '_>, argument: &Node, at: At) -> Node {
    let bad = || unknown(at, "Fn::Join needs a separator and a list", Vec::new());
    let Value::List(items) = &argument.value else { return bad() };
    let [Node { value: Value::String(separator), .. }, list] = items.as_slice() else { return bad() };
    let values = match &list.value {
        Value::List(items) => items.iter().filter_map(|item| scope.eval(item)).collect(),
        _ => match scope.eval(list) {
            Some(Node { value: Value::List(items), .. }) => items,
            Some(doubt @ Node { value: Value::Unknown(_), .. }) => return Node { at, ..doubt },
            _ => return bad(),
        },
    };
    let mut joined = Joined::new(at);
    for (nth, value) in values.into_iter().enumerate() {
        if nth > 0 {
            joined.literal(separator);
        }
        joined.part(Some(value));
        if joined.is_full() {
            break;
        }
    }
    joined.finish(scope)
}
