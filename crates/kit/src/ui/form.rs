//! Forms on pages: fields, buttons, and what became of the last one that was sent.

use super::sentence;
use crate::form::{OPERATION, TOKEN};
use crate::page::Request;
use crate::{Problem, World};
use maud::{Markup, html};

/// How a field is typed into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Some lines of text.
    Lines,
    /// A day.
    Day,
}

/// One field.
pub struct Field<'a> {
    /// The name of the operation's input.
    pub name: &'a str,
    /// Its name for people.
    pub label: &'a str,
    /// What to write there.
    pub hint: &'a str,
    /// How it is typed into.
    pub kind: Kind,
    /// Whether the browser asks for it before it sends the form; the operation decides all the same.
    pub required: bool,
}

/// A button: its label, and the field that it sets.
pub struct Button<'a> {
    /// What it says.
    pub label: &'a str,
    /// The name and value that it sends.
    pub sets: Option<(&'a str, &'a str)>,
    /// Whether it is what one usually presses.
    pub first: bool,
}

/// Most characters that a field takes.
const FIELD_CHARS_MAX: usize = 2_000;

/// A form that runs an operation from the page that it stands on.
#[must_use]
pub fn form(request: &Request, operation: &str, fields: &[Field<'_>], buttons: &[Button<'_>]) -> Markup {
    // Only the form that was refused shows again what was typed.
    let refused = request.typed.get(OPERATION).is_some_and(|name| name == operation);
    let typed = |name: &str| request.typed.get(name).filter(|_| refused).map_or("", String::as_str);
    html! {
        form class="act" method="post" action=(request.path) {
            input type="hidden" name=(TOKEN) value=(request.token);
            input type="hidden" name=(OPERATION) value=(operation);
            @for field in fields {
                label {
                    span { (field.label) }
                    @match field.kind {
                        Kind::Lines => textarea name=(field.name) rows="3" maxlength=(FIELD_CHARS_MAX) required[field.required] { (typed(field.name)) },
                        Kind::Day => input type="date" name=(field.name) value=(typed(field.name)) required[field.required];,
                    }
                    @if !field.hint.is_empty() { small { (field.hint) } }
                }
            }
            div class="buttons" {
                @for button in buttons {
                    @let (name, value) = button.sets.map_or((None, None), |(name, value)| (Some(name), Some(value)));
                    button type="submit" class=[button.first.then_some("first")] name=[name] value=[value] { (button.label) }
                }
            }
        }
    }
}

/// What became of the form that was sent last: why it was refused, or that it is done.
pub(super) fn outcome(world: &World, request: &Request) -> Markup {
    let said = request.query.get("done").and_then(|done| world.forms.iter().find(|form| form.operation == done));
    html! {
        @if let Some(problem) = &request.refused { (refusal(problem)) }
        @else if let Some(form) = said { p class="done" role="status" { (form.done) } }
    }
}

fn refusal(problem: &Problem) -> Markup {
    html! {
        div class="refusal" role="alert" {
            p class="what" { (sentence(&problem.detail)) }
            p class="none" { "Nothing was changed. Code " code { (problem.code) } "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Field<'_> = Field { name: "reason", label: "Reason", hint: "", kind: Kind::Lines, required: true };

    #[test]
    fn what_was_typed_is_shown_again_as_text_in_the_form_that_was_refused_alone() {
        let typed = [("form", "finding.waive"), ("reason", "</textarea><script>x</script>")];
        let request = Request {
            typed: typed.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            token: "secret".to_owned(),
            ..Request::default()
        };
        let ours = form(&request, "finding.waive", &[FIELD], &[]).into_string();
        assert!(ours.contains("&lt;/textarea&gt;&lt;script&gt;") && !ours.contains("<script"), "{ours}");
        assert!(ours.contains("name=\"token\" value=\"secret\""), "{ours}");
        assert!(!form(&request, "approval.answer", &[FIELD], &[]).into_string().contains("script"));
    }
}
