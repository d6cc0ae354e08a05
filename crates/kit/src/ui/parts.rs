//! The small parts that pages are written with. Every text that comes from outside passes through `maud`'s escaping.

use super::{address, format};
use jiff::Timestamp;
use mainstay_model::{Severity, Subject};
use maud::{Markup, Render, html};

/// What a word means for the reader. Each tone has a shape of its own, so that colour never carries meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Will be bad, or is a little.
    Warn,
    /// We cannot tell.
    Unknown,
    /// Neither good nor bad.
    Quiet,
    /// Under way.
    Active,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Quiet => "quiet",
            Self::Active => "active",
        }
    }

    /// The shape, in a box of 16 by 16.
    const fn shape(self) -> &'static str {
        match self {
            Self::Good => "M3.5 8.5l3 3 6-7",
            Self::Bad => "M4 4l8 8M12 4l-8 8",
            Self::Warn => "M8 2.5L14 13.5H2zM8 6.5v3.2M8 11.6v.2",
            Self::Unknown => "M5.4 6a2.6 2.6 0 1 1 3.6 2.4c-.7.3-1 .7-1 1.5M8 12.4v.2",
            Self::Quiet => "M4 8h8",
            Self::Active => "M8 3a5 5 0 1 1-5 5M8 5.5V8l2 1.4",
        }
    }
}

/// An icon and a word.
#[must_use]
pub fn status(tone: Tone, word: &str) -> Markup {
    html! {
        span class={ "status " (tone.class()) } { (icon(tone.shape())) (word) }
    }
}

/// A drawn sign that a word stands beside.
fn icon(path: &str) -> Markup {
    html! {
        svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false" { path d=(path) {} }
    }
}

/// A severity, from loud to quiet; the number of bars carries it too.
#[must_use]
pub fn severity(severity: Severity) -> Markup {
    let level = match severity {
        Severity::Critical => 4,
        Severity::High => 3,
        Severity::Medium => 2,
        Severity::Low => 1,
        Severity::Info => 0,
    };
    html! {
        span class={ "severity s" (level) } {
            svg class="bars" viewBox="0 0 16 12" width="16" height="12" aria-hidden="true" focusable="false" {
                @for at in 0..4 {
                    rect class=[(at < level).then_some("on")] x=(at * 4) y=(9 - at * 3) width="3" height=(3 + at * 3) {}
                }
            }
            (severity.as_str())
        }
    }
}

/// A time to the minute in UTC, with the distance from now behind it for whoever points at it.
#[must_use]
pub fn time(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title={ (format::exact(at)) ", " (format::relative(at, now)) } { (format::minute(at)) } }
}

/// The same where it may be absent.
#[must_use]
pub fn time_or_none(at: Option<Timestamp>, now: Timestamp) -> Markup {
    at.map_or_else(none, |at| time(at, now))
}

/// A time as its distance from now: what is due, how old something is.
#[must_use]
pub fn distance(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(format::exact(at)) { (format::relative(at, now)) } }
}

/// Nothing to show.
#[must_use]
pub fn none() -> Markup {
    html! { span class="none" { (format::NONE) } }
}

/// A link within Mainstay.
#[must_use]
pub fn link(href: &str, label: &str) -> Markup {
    html! { a href=(href) { (label) } }
}

/// A link to another site; plain text where the address is not one of the web.
#[must_use]
pub fn outside_link(href: &str, label: &str) -> Markup {
    match address::outside(href) {
        Some(href) => html! { a class="outside" href=(href) rel="noreferrer noopener" { (label) } },
        None => html! { (label) },
    }
}

/// A name up to this length stays on one line.
const WORD_CHARS: usize = 24;

/// A subject as a link to what the estate knows of it; its kind stands quietly before its name.
#[must_use]
pub fn subject(subject: &Subject) -> Markup {
    let class = if subject.as_str().chars().count() > WORD_CHARS { "subject long" } else { "subject" };
    html! {
        a class=(class) href=(subject_href(subject.as_str())) {
            span class="kind" { (subject.kind()) ":" } (breakable(subject.name()))
        }
    }
}

/// A name that may break behind the signs that part it, so that a long path stays legible.
fn breakable(name: &str) -> Markup {
    html! { @for part in name.split_inclusive(['/', '.', ':', '@']) { (part) wbr; } }
}

/// The same where it may be absent.
#[must_use]
pub fn subject_or_none(of: Option<&Subject>) -> Markup {
    of.map_or_else(none, subject)
}

/// Where a subject's own page is. Kinds that a duty shows lead there, all others to the estate.
#[must_use]
pub fn subject_href(subject: &str) -> String {
    let (kind, name) = subject.split_once(':').unwrap_or(("", subject));
    let list = match kind {
        "fact" => return address::page(["ledger", name]),
        "kpi" => return address::page(["kpis", name]),
        "change" => "changes",
        "incident" => "incidents",
        "escalation" => "escalations",
        "alert" => "alerts",
        "backup" => "backups",
        "vulnerability" => "vulnerabilities",
        "finding" => "findings",
        "approval" => "approvals",
        "collection" => "sources",
        _ => "estate",
    };
    address::page([list, subject])
}

/// The facts of a subject in the ledger.
#[must_use]
pub fn facts_of(subject: &str, count: usize) -> Markup {
    let href = address::with_query("/ledger", [("subject", subject)]);
    html! { a class="facts" href=(href) { (format::count(count as u64)) @if count == 1 { " fact" } @else { " facts" } } }
}

/// The numbers of facts, each a link to the fact; at most `max` of them.
#[must_use]
pub fn fact_links(facts: &[u64], max: usize) -> Markup {
    html! {
        span class="fact-links" {
            @for seq in facts.iter().take(max) { a href={ "/ledger/" (seq) } { "#" (seq) } " " }
            @if facts.len() > max { span class="none" title={ (format::count(facts.len() as u64)) " facts in all" } { "+" (format::count((facts.len() - max) as u64)) } }
        }
    }
}

/// Names with their values, in two columns.
#[must_use]
pub fn definitions(pairs: &[(&str, Markup)]) -> Markup {
    html! {
        dl class="definitions" {
            @for (name, value) in pairs { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// One event of a timeline.
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// How it is meant.
    pub tone: Tone,
    /// What happened.
    pub what: Markup,
}

/// Events in the order given.
#[must_use]
pub fn timeline(events: &[Event], now: Timestamp) -> Markup {
    html! {
        ol class="timeline" {
            @for event in events {
                li class=(event.tone.class()) {
                    (time(event.at, now))
                    span class="what" { (icon(event.tone.shape())) (event.what) }
                }
            }
        }
    }
}

/// What stands where there is nothing to list: what is missing and what would bring it.
#[must_use]
pub fn empty(what: &str, brings: &str) -> Markup {
    html! {
        div class="empty" {
            p class="what" { (what) }
            @if !brings.is_empty() { p { (prose(brings)) } }
        }
    }
}

/// A sentence in which what stands between backticks is code.
#[must_use]
pub fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A section with a heading and a stable anchor.
#[must_use]
pub fn section(id: &str, title: &str, body: impl Render) -> Markup {
    html! {
        section aria-labelledby=(id) { h2 id=(id) { (title) } (body.render()) }
    }
}

/// A line below the page's heading that says where one is.
#[must_use]
pub fn crumbs(trail: &[(&str, &str)]) -> Markup {
    html! {
        nav class="crumbs" aria-label="Path" {
            @for (href, label) in trail { a href=(href) { (label) } span aria-hidden="true" { " / " } }
        }
    }
}

/// A quiet paragraph that says what one sees.
#[must_use]
pub fn lede(text: &str) -> Markup {
    html! { p class="lede" { (prose(text)) } }
}

/// JSON for reading, with a name for whoever cannot see it.
#[must_use]
pub fn json(value: &serde_json::Value, label: &str) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    html! { pre class="json" tabindex="0" role="region" aria-label=(label) { code { (text) } } }
}

/// A figure with its name, for a row of a few at the head of a page.
pub struct Figure<'a> {
    /// What it is.
    pub name: &'a str,
    /// The figure.
    pub value: String,
    /// Where its list is.
    pub href: Option<String>,
    /// How it is meant.
    pub tone: Tone,
}

/// A row of figures.
#[must_use]
pub fn figures(figures: &[Figure<'_>]) -> Markup {
    html! {
        dl class="figures" {
            @for figure in figures {
                div class=(figure.tone.class()) {
                    dt { (figure.name) }
                    dd {
                        @if let Some(href) = &figure.href { a href=(href) { (figure.value) } } @else { (figure.value) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<script>alert(1)</script>\"' onmouseover=x &amp;";

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn a_hostile_name_stays_text_in_every_part() {
        let who = Subject::of("service", HOSTILE);
        let all = [
            status(Tone::Bad, HOSTILE),
            link(HOSTILE, HOSTILE),
            outside_link(HOSTILE, HOSTILE),
            outside_link(&format!("https://x/{HOSTILE}"), HOSTILE),
            subject(&who),
            facts_of(HOSTILE, 2),
            definitions(&[(HOSTILE, html! { (HOSTILE) })]),
            timeline(&[Event { at: now(), tone: Tone::Quiet, what: html! { (HOSTILE) } }], now()),
            empty(HOSTILE, HOSTILE),
            section(HOSTILE, HOSTILE, html! { (HOSTILE) }),
            crumbs(&[(HOSTILE, HOSTILE)]),
            lede(HOSTILE),
            json(&serde_json::json!({ HOSTILE: HOSTILE }), HOSTILE),
            figures(&[Figure {
                name: HOSTILE,
                value: HOSTILE.to_owned(),
                href: Some(HOSTILE.to_owned()),
                tone: Tone::Bad,
            }]),
        ];
        for (at, markup) in all.into_iter().enumerate() {
            let text = markup.into_string();
            assert!(!text.contains("<script"), "part {at}: {text}");
            assert!(!text.contains("\"' onmouseover"), "part {at}: {text}");
        }
    }

    #[test]
    fn no_part_carries_a_style_or_a_handler() {
        let text = html! { (severity(Severity::High)) (status(Tone::Good, "met")) (time(now(), now())) }.into_string();
        assert!(!text.contains("style=") && !text.contains(" on"), "{text}");
    }

    #[test]
    fn a_script_address_never_becomes_a_link() {
        assert!(!outside_link("javascript:alert(1)", "run").into_string().contains("href"));
    }

    #[test]
    fn a_subject_leads_to_the_page_of_its_kind() {
        assert_eq!(subject_href("incident:INC-7"), "/incidents/incident:INC-7");
        assert_eq!(subject_href("aws:s3:bucket/logs"), "/estate/aws:s3:bucket%2Flogs");
    }
}
