//! The document around every page: head, navigation, search, footer. And the two pages that stand without one: sign-in
//! and what went wrong.

use super::assets::{self, Name};
use super::parts;
use crate::Problem;
use maud::{DOCTYPE, Markup, html};

/// What the frame shows around a page.
pub struct Frame<'a> {
    /// The title of the page.
    pub title: &'a str,
    /// The path of the page, to mark its place in the navigation.
    pub path: &'a str,
    /// Places of the navigation: path and label, in order.
    pub navigation: &'a [(&'a str, &'a str)],
    /// Who is signed in, and in which role.
    pub who: Option<(&'a str, &'a str)>,
    /// Whether there is something to sign out of.
    pub signed_in: bool,
    /// The program's version.
    pub version: &'a str,
    /// The moment that the page shows, as text.
    pub now: &'a str,
}

/// A whole document.
#[must_use]
pub fn document(frame: &Frame<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(frame.title))
            body {
                a class="skip" href="#main" { "Skip to content" }
                (top(frame))
                (side(frame))
                main id="main" tabindex="-1" {
                    h1 { (frame.title) }
                    (body)
                }
                footer {
                    span { "Times are UTC. Shown as of " (frame.now) "." }
                    span { "Mainstay " (frame.version) " · " a href="/v1/openapi.json" { "API" } }
                }
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Mainstay" }
            link rel="icon" type="image/svg+xml" href=(assets::path(Name::Icon));
            link rel="stylesheet" href=(assets::path(Name::Style));
            script src=(assets::path(Name::Theme)) {}
            script src=(assets::path(Name::App)) defer {}
        }
    }
}

fn brand() -> Markup {
    html! {
        a class="brand" href="/" {
            svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false" { path d="M8 1v14M8 3L2.5 13h11z" {} }
            "Mainstay"
        }
    }
}

fn top(frame: &Frame<'_>) -> Markup {
    html! {
        header class="top" {
            (brand())
            form class="find" method="get" action="/estate" role="search" aria-label="Search the estate" {
                input type="search" name="q" aria-label="Search the estate" placeholder="Search the estate" autocomplete="off" spellcheck="false" data-find;
                kbd aria-hidden="true" { "/" }
            }
            div class="me" {
                button type="button" class="theme" data-theme-switch hidden { "Theme" }
                @if let Some((who, role)) = frame.who { span class="who" title=(role) { (who) } }
                @if frame.signed_in {
                    form method="post" action="/sign-out" { button type="submit" { "Sign out" } }
                }
            }
        }
    }
}

fn side(frame: &Frame<'_>) -> Markup {
    let current = here(frame.path, frame.navigation);
    html! {
        nav class="side" aria-label="Main" {
            ul {
                @for (path, label) in frame.navigation {
                    li { a href=(path) aria-current=[(current == Some(*path)).then_some("page")] { (label) } }
                }
            }
        }
    }
}

/// The place in the navigation that a path belongs to: itself, or the longest one above it.
fn here<'a>(path: &str, navigation: &[(&'a str, &str)]) -> Option<&'a str> {
    let above = |place: &str| {
        path == place || path.strip_prefix(place).is_some_and(|rest| place == "/" || rest.starts_with('/'))
    };
    let places = navigation.iter().map(|(place, _)| *place);
    places.filter(|place| above(place)).max_by_key(|place| place.len())
}

/// The body of a page that could not be shown.
#[must_use]
pub fn problem(problem: &Problem) -> Markup {
    html! {
        div class="problem" role="alert" {
            p class="what" { (super::sentence(&problem.detail)) }
            p class="none" { "Code " code { (problem.code) } ", status " (problem.status) "." }
            p { (parts::link("/", "Go to the scorecard")) }
        }
    }
}

/// The page of a problem for whoever is not signed in: no navigation, as nothing of it could be opened.
#[must_use]
pub fn problem_alone(problem: &Problem) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(problem.title()))
            body class="alone" {
                main id="main" {
                    (brand())
                    h1 { (super::capital(problem.title())) }
                    div class="problem" role="alert" {
                        p class="what" { (super::sentence(&problem.detail)) }
                        p class="none" { "Code " code { (problem.code) } ", status " (problem.status) "." }
                        p { (parts::link("/sign-in", "Sign in")) }
                    }
                }
            }
        }
    }
}

/// The page for signing in. It posts to `/sign-in`; a script takes the way back from the address.
#[must_use]
pub fn sign_in(back: &str, error: Option<&str>) -> Markup {
    let back = if back.starts_with('/') && !back.starts_with("//") && !back.starts_with("/\\") { back } else { "/" };
    html! {
        (DOCTYPE)
        html lang="en" {
            (head("Sign in"))
            body class="alone" {
                main id="main" {
                    (brand())
                    h1 { "Sign in" }
                    @if let Some(error) = error { p class="error" role="alert" { (error) } }
                    form class="sign-in" method="post" action="/sign-in" {
                        input type="hidden" name="back" value=(back) data-back;
                        label { span { "Name" } input type="text" name="user" autocomplete="username" required autofocus spellcheck="false" autocapitalize="none"; }
                        label { span { "Password" } input type="password" name="password" autocomplete="current-password" required; }
                        button type="submit" { "Sign in" }
                    }
                    p class="none" { (parts::prose("An administrator adds people with `mainstay user add`.")) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [(&str, &str); 3] = [("/", "Scorecard"), ("/estate", "Estate"), ("/ledger", "Ledger")];

    #[test]
    fn a_page_below_a_place_marks_that_place() {
        assert_eq!(here("/estate/service:x", &PLACES), Some("/estate"));
        assert_eq!(here("/estates", &PLACES), Some("/"));
        assert_eq!(here("/", &PLACES), Some("/"));
    }

    #[test]
    fn no_document_runs_or_styles_anything_inline() {
        let bad = "<script>alert(1)</script>";
        let frame = Frame {
            title: bad,
            path: bad,
            navigation: &PLACES,
            who: Some((bad, bad)),
            signed_in: true,
            version: bad,
            now: bad,
        };
        let failed = Problem::absent(bad, bad);
        for text in [document(&frame, &problem(&failed)).into_string(), sign_in(bad, Some(bad)).into_string()] {
            assert!(!text.contains("<script>") && !text.contains("style=") && !text.contains("<style"), "{text}");
        }
    }

    #[test]
    fn signing_in_never_leads_to_another_site() {
        for bad in ["https://evil.example", "//evil.example", "/\\evil.example", ""] {
            assert!(sign_in(bad, None).into_string().contains("name=\"back\" value=\"/\""), "{bad}");
        }
        assert!(sign_in("/findings", None).into_string().contains("value=\"/findings\""));
    }
}
