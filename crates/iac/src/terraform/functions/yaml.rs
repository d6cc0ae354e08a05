//! `yamlencode`: block style, keys and texts in double quotes, as Terraform writes it.

use super::encoding::write_string;
use super::text::bounded;
use crate::terraform::eval::Fault;
use crate::terraform::val::Val;

pub(super) fn encode(val: &Val) -> Result<String, Fault> {
    let mut out = String::new();
    block(val, 0, &mut out)?;
    // A document that is a plain scalar is ended, as its end could not be seen otherwise.
    if matches!(val, Val::Bool(_) | Val::Number(_) | Val::Null) {
        out.push_str("...\n");
    }
    Ok(out)
}

/// Writes a value that begins on the present line; the line is ended after it.
fn block(val: &Val, indent: usize, out: &mut String) -> Result<(), Fault> {
    bounded(out)?;
    match val {
        Val::List(items) | Val::Set(items) if !items.is_empty() => {
            for (nth, item) in items.iter().enumerate() {
                margin(nth, indent, out);
                out.push_str("- ");
                block(&item.val, indent + 2, out)?;
            }
        }
        Val::Map(object) if !object.entries.is_empty() => {
            for (nth, (key, item)) in object.entries.iter().enumerate() {
                margin(nth, indent, out);
                scalar_text(key, out);
                out.push(':');
                match &item.val {
                    Val::List(items) | Val::Set(items) if !items.is_empty() => {
                        out.push('\n');
                        margin(1, indent, out);
                        block(&item.val, indent, out)?;
                    }
                    Val::Map(object) if !object.entries.is_empty() => {
                        out.push('\n');
                        margin(1, indent + 2, out);
                        block(&item.val, indent + 2, out)?;
                    }
                    Val::String(text) if literal(text) => {
                        out.push(' ');
                        literal_block(text, indent + 2, out);
                    }
                    other => {
                        out.push(' ');
                        block(other, indent + 2, out)?;
                    }
                }
            }
        }
        Val::List(_) | Val::Set(_) => out.push_str("[]\n"),
        Val::Map(_) => out.push_str("{}\n"),
        Val::String(text) if literal(text) => literal_block(text, indent.max(2), out),
        Val::String(text) => {
            scalar_text(text, out);
            out.push('\n');
        }
        Val::Null => out.push_str("null\n"),
        Val::Bool(_) | Val::Number(_) => {
            out.push_str(&val.to_text().unwrap_or_default());
            out.push('\n');
        }
        Val::Unknown(unknown) => return Err(Fault::new(unknown.why.to_string())),
    }
    Ok(())
}

fn margin(nth: usize, indent: usize, out: &mut String) {
    if nth > 0 {
        out.push_str(&" ".repeat(indent));
    }
}

fn literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t')
}

fn literal_block(text: &str, indent: usize, out: &mut String) {
    let body = text.trim_end_matches('\n');
    let ends = text.len() - body.len();
    out.push_str(match ends {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    for line in body.split('\n') {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
    for _ in 1..ends {
        out.push('\n');
    }
}

fn scalar_text(text: &str, out: &mut String) {
    let mut quoted = String::new();
    write_string(text, &mut quoted);
    // YAML needs no escape for what JSON in HTML does.
    out.push_str(&quoted.replace("\\u003c", "<").replace("\\u003e", ">").replace("\\u0026", "&"));
}
