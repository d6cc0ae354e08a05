//! Tables: a column list drives head, cells and order; around them the filters, the pager and the downloads.

use super::list::{Filter, ListState};
use super::{capital, format, parts};
use maud::{Markup, html};

/// How much a column matters where there is little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Always shown.
    Always,
    /// Left out on a phone.
    Medium,
    /// Left out unless the window is wide.
    Wide,
}

/// What draws a cell.
type Draw<'a, T> = Box<dyn Fn(&T) -> Markup + 'a>;

/// One column.
pub struct Column<'a, T> {
    /// The name that the list sorts by; `None` where it cannot.
    sort: Option<&'static str>,
    label: &'static str,
    room: Room,
    numeric: bool,
    draw: Draw<'a, T>,
}

impl<'a, T> Column<'a, T> {
    /// A column that is always shown.
    pub fn new(label: &'static str, draw: impl Fn(&T) -> Markup + 'a) -> Self {
        Self { sort: None, label, room: Room::Always, numeric: false, draw: Box::new(draw) }
    }

    /// The list can be ordered by it, under this name.
    #[must_use]
    pub fn sorts(mut self, name: &'static str) -> Self {
        self.sort = Some(name);
        self
    }

    /// It holds figures: set to the right.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }

    /// It gives way where there is little room.
    #[must_use]
    pub fn needs(mut self, room: Room) -> Self {
        self.room = room;
        self
    }

    fn class(&self) -> Option<String> {
        let mut words = Vec::new();
        if self.numeric {
            words.push("n");
        }
        match self.room {
            Room::Always => {}
            Room::Medium => words.push("medium"),
            Room::Wide => words.push("wide"),
        }
        (!words.is_empty()).then(|| words.join(" "))
    }
}

/// A table without paging: all rows are there.
#[must_use]
pub fn table<'r, T: 'r>(caption: &str, columns: &[Column<'_, T>], rows: impl IntoIterator<Item = &'r T>) -> Markup {
    drawn(caption, columns, rows, None)
}

/// A list that can be searched, filtered, ordered, paged and downloaded.
pub struct List<'a, T> {
    /// What the rows are, in the plural: `findings`.
    pub noun: &'a str,
    /// What is shown.
    pub state: &'a ListState,
    /// The filters on offer.
    pub filters: &'a [Filter],
    /// The columns.
    pub columns: &'a [Column<'a, T>],
    /// The rows of this page.
    pub rows: &'a [T],
    /// Rows of all pages.
    pub total: u64,
    /// How many of the newest rows were put into order, where there are too many to order all.
    pub sorted_among: Option<u64>,
    /// The operation that gives the same rows to programs; `None` where there is none.
    pub operation: Option<&'a str>,
    /// What would bring rows where there are none at all.
    pub brings: &'a str,
}

impl<T> List<'_, T> {
    /// Draws it.
    #[must_use]
    pub fn draw(&self) -> Markup {
        let caption = self.caption();
        html! {
            (self.filter_bar())
            @if self.rows.is_empty() {
                (self.nothing())
            } @else {
                (drawn(&caption, self.columns, self.rows, Some(self.state)))
            }
            (self.foot())
        }
    }

    fn caption(&self) -> String {
        let first = self.state.offset() + 1;
        let last = self.state.offset() + self.rows.len();
        let (first, last) = (format::count(first as u64), format::count(last as u64));
        format!("{} {first} to {last} of {}", capital(self.noun), format::count(self.total))
    }

    fn filter_bar(&self) -> Markup {
        let state = self.state;
        html! {
            form class="filters" method="get" action=(state.path) role="search" aria-label={ "Filter " (self.noun) } {
                label class="search" {
                    span { "Search" }
                    input type="search" name="q" value=(state.search) autocomplete="off" spellcheck="false" data-search;
                }
                @for filter in self.filters { (field(filter, state.filters.get(filter.key).map_or("", String::as_str))) }
                @let sort = state.sort_text();
                @if !sort.is_empty() { input type="hidden" name="sort" value=(sort); }
                button type="submit" { "Apply" }
                @if state.narrowed() { a class="clear" href=(state.path) { "Clear" } }
                @if self.filters.iter().any(|filter| filter.options.is_empty()) {
                    p class="hint" { "What you type matches parts of words in any case; " code { "=name" } " matches exactly." }
                }
            }
            @if let Some(newest) = self.sorted_among {
                p class="note" { "Too many to sort: this is the order of the newest " (format::count(newest)) ". Narrow the list to sort all of it." }
            }
        }
    }

    fn nothing(&self) -> Markup {
        if self.state.narrowed() {
            return parts::empty(
                &format!("No {} match.", self.noun),
                "Take a filter away, or search for another word.",
            );
        }
        if self.state.page > 1 {
            return parts::empty(&format!("There are no more {}.", self.noun), "");
        }
        parts::empty(&format!("No {} yet.", self.noun), self.brings)
    }

    fn foot(&self) -> Markup {
        let state = self.state;
        let last = usize::try_from(self.total).unwrap_or(usize::MAX).div_ceil(state.rows).max(1);
        html! {
            div class="foot" {
                nav class="pager" aria-label={ "Pages of " (self.noun) } {
                    @if state.page > 1 { a href=(state.at_page(state.page - 1)) rel="prev" { "← Previous" } }
                    @if !self.rows.is_empty() { span { (self.range()) } }
                    @if state.page < last && !self.rows.is_empty() { a href=(state.at_page(state.page + 1)) rel="next" { "Next →" } }
                }
                @if let Some(operation) = self.operation.filter(|_| !self.rows.is_empty()) {
                    span class="downloads" {
                        "Download "
                        a href=(state.download(operation, "csv")) download={ (self.noun) ".csv" } { "CSV" } " "
                        a href=(state.download(operation, "json")) download={ (self.noun) ".json" } { "JSON" }
                    }
                }
            }
        }
    }

    fn range(&self) -> Markup {
        let (first, last) = (self.state.offset() + 1, self.state.offset() + self.rows.len());
        html! { (format::count(first as u64)) "–" (format::count(last as u64)) " of " (format::count(self.total)) }
    }
}

fn field(filter: &Filter, chosen: &str) -> Markup {
    let known = chosen.is_empty() || filter.options.iter().any(|(value, _)| value == chosen);
    html! {
        label {
            span { (filter.label) }
            @if filter.options.is_empty() {
                input type="text" name=(filter.key) value=(chosen) autocomplete="off" spellcheck="false" size="14";
            } @else {
                select name=(filter.key) {
                    option value="" { "Any" }
                    @for (value, label) in &filter.options { option value=(value) selected[value == chosen] { (label) } }
                    @if !known { option value=(chosen) selected { (chosen) } }
                }
            }
        }
    }
}

fn drawn<'r, T: 'r>(
    caption: &str,
    columns: &[Column<'_, T>],
    rows: impl IntoIterator<Item = &'r T>,
    state: Option<&ListState>,
) -> Markup {
    html! {
        div class="scroll" role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for column in columns { (head(column, state)) } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (at, column) in columns.iter().enumerate() {
                                @if at == 0 { th scope="row" class=[column.class()] { ((column.draw)(row)) } }
                                @else { td class=[column.class()] { ((column.draw)(row)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn head<T>(column: &Column<'_, T>, state: Option<&ListState>) -> Markup {
    let order = state.zip(column.sort);
    let Some((state, name)) = order else {
        return html! { th scope="col" class=[column.class()] { (column.label) } };
    };
    let (sort, arrow) = match &state.sort {
        (by, false) if by == name => ("ascending", " ↑"),
        (by, true) if by == name => ("descending", " ↓"),
        _ => ("none", ""),
    };
    html! {
        th scope="col" class=[column.class()] aria-sort=(sort) {
            a href=(state.sorted_by(name)) { (column.label) span aria-hidden="true" { (arrow) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'";

    fn list(query: &[(&str, &str)], rows: &[String], total: u64) -> String {
        let query: BTreeMap<_, _> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let filters = [Filter::words("state", "State", &["open"]), Filter::typed("owner", "Owner")];
        let state = ListState::read("/findings", &query, &filters, &["name"], "name");
        let columns = [
            Column::new("Name", |row: &String| html! { (row) }).sorts("name"),
            Column::new("Size", |row: &String| html! { (row.len()) }).numeric(),
        ];
        let list = List {
            noun: "findings",
            state: &state,
            filters: &filters,
            columns: &columns,
            rows,
            total,
            sorted_among: None,
            operation: Some("/v1/findings"),
            brings: "Scan something: `mainstay scan`.",
        };
        list.draw().into_string()
    }

    #[test]
    fn hostile_rows_and_queries_stay_text() {
        let text = list(&[("q", HOSTILE), ("state", HOSTILE), ("owner", HOSTILE)], &[HOSTILE.to_owned()], 1);
        assert!(!text.contains("<img") && !text.contains("\"'"), "{text}");
    }

    #[test]
    fn the_head_says_how_the_rows_are_ordered() {
        let text = list(&[("sort", "-name")], &["a".to_owned()], 1);
        assert!(text.contains("aria-sort=\"descending\""), "{text}");
        assert!(text.contains("<caption>Findings 1 to 1 of 1</caption>"), "{text}");
    }

    #[test]
    fn an_empty_list_says_what_would_bring_rows_and_a_narrowed_one_says_otherwise() {
        assert!(list(&[], &[], 0).contains("Scan something: <code>mainstay scan</code>."));
        let narrowed = list(&[("q", "x")], &[], 0);
        assert!(narrowed.contains("No findings match.") && narrowed.contains("Clear"), "{narrowed}");
    }

    #[test]
    fn pages_are_reached_one_by_one_and_never_behind_the_last() {
        let rows = vec!["a".to_owned(); 50];
        let first = list(&[], &rows, 120);
        assert!(first.contains("rel=\"next\"") && !first.contains("rel=\"prev\""));
        let last = list(&[("page", "3")], &rows[..20], 120);
        assert!(last.contains("rel=\"prev\"") && !last.contains("rel=\"next\""));
        assert!(last.contains("101–120 of 120"), "{last}");
    }

    #[test]
    fn a_filter_that_is_chosen_stays_chosen_though_the_list_does_not_know_the_value() {
        assert!(list(&[("state", "odd")], &[], 0).contains("<option value=\"odd\" selected>odd</option>"));
    }
}
