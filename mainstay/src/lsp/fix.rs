//! Fixes that an editor can apply: what the diff in a control's page does to its example, done to the resource at hand.
//!
//! A fix is offered only where judging again with it says `pass`. It sets arguments to plain values and adds blocks; it never
//! writes over an expression, because what that means is its author's to say.

use mainstay_iac::hcl::{self, Attribute, Block, Body, Item, Kind};
use mainstay_iac::{Origin, Value};
use mainstay_policy::{Change, Edit, Key};

/// A piece of text that takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// First byte that is replaced.
    pub start: usize,
    /// First byte behind.
    pub end: usize,
    /// The new text.
    pub text: String,
}

/// One argument that a fix sets or removes, with the blocks that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    blocks: Vec<String>,
    name: String,
    /// The expression; `None` removes the argument.
    value: Option<String>,
    /// Whether a block that is not there may be made.
    may_make: bool,
}

/// The replacements that do to a resource what the diff of a control's page does to one of its type.
pub fn from_page(page: &str, resource_type: &str, text: &str, line: u32) -> Option<Vec<Replacement>> {
    replacements(&wishes_of_page(page, resource_type)?, text, line)
}

/// The replacements that make a change of attributes; `resource` is its index in the reading.
pub fn from_change(change: &Change, resource: u32, text: &str, line: u32) -> Option<Vec<Replacement>> {
    let wishes: Option<Vec<Wish>> = change.edits.iter().map(|edit| wish_of_edit(edit, resource)).collect();
    replacements(&wishes?, text, line)
}

/// A text with replacements made.
pub fn applied(text: &str, replacements: &[Replacement]) -> String {
    let mut sorted: Vec<&Replacement> = replacements.iter().collect();
    sorted.sort_by_key(|one| std::cmp::Reverse(one.start));
    let mut out = text.to_owned();
    for one in sorted {
        out.replace_range(one.start..one.end, &one.text);
    }
    out
}

fn wish_of_edit(edit: &Edit, resource: u32) -> Option<Wish> {
    if edit.resource != resource {
        return None;
    }
    let mut names = Vec::new();
    for key in &edit.path {
        match key {
            Key::Name(name) => names.push(name.to_string()),
            // The first block of a kind is the one that a plain name means.
            Key::Nth(0) => {}
            Key::Nth(_) => return None,
        }
    }
    let name = names.pop()?;
    let value = match edit.to.as_ref().map(|node| &node.value) {
        None => None,
        Some(Value::Bool(flag)) => Some(flag.to_string()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::String(text)) if !text.contains(['$', '%', '"', '\\', '\n']) => Some(format!("\"{text}\"")),
        Some(_) => return None,
    };
    Some(Wish { blocks: names, name, value, may_make: false })
}

/// What the first diff of a page changes in a resource of the type; `None` where it does more than set arguments.
fn wishes_of_page(page: &str, resource_type: &str) -> Option<Vec<Wish>> {
    let start = page.find("```diff\n")? + "```diff\n".len();
    let diff = &page[start..start + page[start..].find("```")?];
    let side = |sign: char| {
        let lines = diff.lines().filter(|line| !line.starts_with(if sign == '+' { '-' } else { '+' }));
        lines.map(|line| line.get(1..).unwrap_or_default()).collect::<Vec<_>>().join("\n") + "\n"
    };
    let (before, after) = (arguments(&side('-'), resource_type)?, arguments(&side('+'), resource_type)?);
    let mut wishes: Vec<Wish> = after.iter().filter(|wish| !before.contains(wish)).cloned().collect();
    for gone in &before {
        if !after.iter().any(|wish| wish.blocks == gone.blocks && wish.name == gone.name) {
            wishes.push(Wish { value: None, ..gone.clone() });
        }
    }
    (!wishes.is_empty()).then_some(wishes)
}

/// Every argument of the only resource in a text, with its expression as it is written.
fn arguments(text: &str, resource_type: &str) -> Option<Vec<Wish>> {
    let file = hcl::parse(text, Origin::of("fix"));
    let mut blocks = file.body.items.iter().filter_map(|item| match item {
        Item::Block(block) => Some(block),
        Item::Attribute(_) => None,
    });
    let (block, other) = (blocks.next()?, blocks.next());
    let is_it = &*block.kind == "resource" && block.labels.first().is_some_and(|label| **label == *resource_type);
    if !file.diagnostics.is_empty() || other.is_some() || !is_it {
        return None;
    }
    let mut out = Vec::new();
    collect(&block.body, &mut Vec::new(), text, &mut out);
    Some(out)
}

fn collect(body: &Body, blocks: &mut Vec<String>, text: &str, out: &mut Vec<Wish>) {
    for item in &body.items {
        match item {
            Item::Attribute(Attribute { name, value, .. }) => {
                let value = text.get(value.start as usize..value.end as usize).map(str::to_owned);
                out.push(Wish { blocks: blocks.clone(), name: name.to_string(), value, may_make: true });
            }
            Item::Block(block) => {
                blocks.push(block.kind.to_string());
                collect(&block.body, blocks, text, out);
                blocks.pop();
            }
        }
    }
}

/// A block that is not there yet, with its arguments.
struct Made {
    blocks: Vec<String>,
    arguments: Vec<(String, String)>,
}

/// The replacements that fulfil all wishes in the block that begins on a line.
fn replacements(wishes: &[Wish], text: &str, line: u32) -> Option<Vec<Replacement>> {
    let file = hcl::parse(text, Origin::of("code"));
    let block = file.body.items.iter().find_map(|item| match item {
        Item::Block(block) if block.at.line == line => Some(block),
        _ => None,
    })?;
    let mut out: Vec<Replacement> = Vec::new();
    // Arguments of one missing block are written together.
    let mut made: Vec<Made> = Vec::new();
    for wish in wishes {
        if wish.value.as_deref().is_some_and(|value| !is_plain(value)) {
            return None;
        }
        let mut here = block;
        let mut depth = 0;
        while let Some(inner) = wish.blocks.get(depth).and_then(|name| here.body.blocks(name).next()) {
            here = inner;
            depth += 1;
        }
        let missing = &wish.blocks[depth..];
        match (&wish.value, missing.is_empty()) {
            (value, true) => match (here.body.attribute(&wish.name), value) {
                (Some(known), Some(value)) if is_literal(&known.value.kind) => out.push(Replacement {
                    start: known.value.start as usize,
                    end: known.value.end as usize,
                    text: value.clone(),
                }),
                (Some(known), None) if is_literal(&known.value.kind) => out.push(line_of(text, known)?),
                (Some(_), _) => return None,
                (None, Some(value)) => add(&mut out, insertion(text, here, &[format!("{} = {value}", wish.name)])?),
                (None, None) => {}
            },
            (Some(value), false) if wish.may_make && missing.len() == 1 && depth == 0 => {
                let argument = (wish.name.clone(), value.clone());
                match made.iter_mut().find(|one| one.blocks == missing) {
                    Some(one) => one.arguments.push(argument),
                    None => made.push(Made { blocks: missing.to_vec(), arguments: vec![argument] }),
                }
            }
            (Some(_), false) => return None,
            (None, false) => {}
        }
    }
    for Made { blocks, arguments } in made {
        let mut lines = vec![format!("{} {{", blocks.join(" "))];
        lines.extend(arguments.iter().map(|(name, value)| format!("  {name} = {value}")));
        lines.push("}".to_owned());
        add(&mut out, insertion(text, block, &lines)?);
    }
    (!out.is_empty()).then_some(out)
}

/// Adds an insertion; what goes to one place becomes one.
fn add(out: &mut Vec<Replacement>, new: Replacement) {
    match out.iter_mut().find(|known| known.start == new.start && known.end == new.end) {
        // In a block that was on one line, the indent of its brace comes last.
        Some(known) if new.text.starts_with('\n') => {
            known.text.truncate(known.text.trim_end_matches([' ', '\t']).len());
            known.text.push_str(&new.text[1..]);
        }
        Some(known) => known.text.push_str(&new.text),
        None => out.push(new),
    }
}

/// Whether an expression is a plain value: nothing in it refers to something that may not be there.
fn is_plain(text: &str) -> bool {
    hcl::parse_expression(text, Origin::of("fix")).is_ok_and(|expr| is_literal(&expr.kind))
}

fn is_literal(kind: &Kind) -> bool {
    match kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => true,
        Kind::Tuple(items) => items.iter().all(|item| is_literal(&item.kind)),
        _ => false,
    }
}

/// The bytes at which a line (from 1) begins.
fn start_of(text: &str, line: u32) -> Option<usize> {
    match line {
        0 => None,
        1 => Some(0),
        line => text.match_indices('\n').nth(line as usize - 2).map(|(at, _)| at + 1),
    }
}

/// Takes a whole line out, where the argument is all that it holds.
fn line_of(text: &str, argument: &Attribute) -> Option<Replacement> {
    let start = start_of(text, argument.at.line)?;
    let end = text[start..].find('\n').map_or(text.len(), |at| start + at + 1);
    let alone = text[start..].trim_start().starts_with(&*argument.name) && argument.value.end as usize <= end;
    alone.then_some(Replacement { start, end, text: String::new() })
}

/// Lines before the closing brace of a block, as far in as the block's own.
fn insertion(text: &str, block: &Block, lines: &[String]) -> Option<Replacement> {
    let start = start_of(text, block.at.line)?;
    let indent: String = text[start..].chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    let inner: String = lines.iter().map(|line| format!("{indent}  {line}\n")).collect();
    if block.line_end > block.at.line {
        let at = start_of(text, block.line_end)?;
        return Some(Replacement { start: at, end: at, text: inner });
    }
    let open = opening(text, start + indent.len())?;
    let brace = open + text[open..].find(|c: char| !matches!(c, ' ' | '\t'))?;
    // `{ a = 1 }` on one line holds one argument only, so it is left alone.
    text[brace..].starts_with('}').then(|| Replacement { start: open, end: brace, text: format!("\n{inner}{indent}") })
}

/// The place behind the brace that opens the block whose head begins at a place. Labels may hold braces, and so may what
/// stands behind the block.
fn opening(text: &str, head: usize) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text[head..].char_indices() {
        match c {
            '\n' => return None,
            '"' if !escaped => quoted = !quoted,
            '{' if !quoted => return Some(head + at + 1),
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "Do it.\n\n```diff\n resource \"t\" \"a\" {\n   name = \"a\"\n-  acl  = \"open\"\n+  acl  = \"private\"\n+  rule {\n+    on   = true\n+    days = 7\n+  }\n }\n```\n";

    fn fixed(code: &str) -> Option<String> {
        from_page(PAGE, "t", code, 1).map(|replacements| applied(code, &replacements))
    }

    #[test]
    fn arguments_are_set_where_they_stand_and_blocks_are_added() {
        let code = "resource \"t\" \"mine\" {\n  acl = \"wide\" # why\n  b   = 1\n}\n";
        let expected = "resource \"t\" \"mine\" {\n  acl = \"private\" # why\n  b   = 1\n  rule {\n    on = true\n    \
                        days = 7\n  }\n}\n";
        assert_eq!(fixed(code).as_deref(), Some(expected));
    }

    #[test]
    fn a_block_that_is_there_is_filled() {
        let code = "resource \"t\" \"mine\" {\n  acl = \"private\"\n  rule {\n    on = false\n  }\n}\n";
        let expected =
            "resource \"t\" \"mine\" {\n  acl = \"private\"\n  rule {\n    on = true\n    days = 7\n  }\n}\n";
        assert_eq!(fixed(code).as_deref(), Some(expected));
    }

    #[test]
    fn an_expression_and_another_type_are_left_alone() {
        assert_eq!(fixed("resource \"t\" \"mine\" {\n  acl = var.acl\n}\n"), None);
        assert_eq!(from_page(PAGE, "other", "resource \"other\" \"x\" {\n}\n", 1), None);
        assert_eq!(from_page("no diff", "t", "resource \"t\" \"x\" {\n}\n", 1), None);
    }

    #[test]
    fn braces_in_labels_and_comments_are_not_the_blocks() {
        let code = "resource \"t\" \"{}\" {} # was {}\n";
        let fixed = fixed(code).expect("a fix");
        assert!(fixed.starts_with("resource \"t\" \"{}\" {\n  acl = \"private\"\n"), "{fixed}");
        assert!(
            fixed.ends_with("} # was {}\n") && hcl::parse(&fixed, Origin::of("x")).diagnostics.is_empty(),
            "{fixed}"
        );
    }

    #[test]
    fn an_empty_block_on_one_line_is_opened() {
        let fixed = fixed("resource \"t\" \"mine\" {}\n").expect("a fix");
        assert!(fixed.starts_with("resource \"t\" \"mine\" {\n  acl = \"private\"\n"), "{fixed}");
        assert!(hcl::parse(&fixed, Origin::of("x")).diagnostics.is_empty(), "{fixed}");
    }
}
