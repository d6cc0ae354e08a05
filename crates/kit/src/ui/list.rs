//! What a list is asked for: search, filters, order, page. It is read from a page's query and written back into links,
//! so that every view of a list has an address that can be shared.

use super::address;
use crate::{LIST_ROWS_MAX, ListQuery};
use std::collections::BTreeMap;

/// Rows on a page, unless the query asks for another number.
pub const ROWS: usize = 50;

/// Most rows on a page.
pub const ROWS_MAX: usize = 500;

/// Last page that can be asked for; what lies behind it is reached by filters.
const PAGE_MAX: usize = 1_000_000;

/// A filter that a list offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The column that it filters by.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// The values to choose from; empty for a field to type into.
    pub options: Vec<(String, String)>,
}

impl Filter {
    /// A filter with a fixed set of words.
    #[must_use]
    pub fn words(key: &'static str, label: &'static str, words: &[&str]) -> Self {
        Self { key, label, options: words.iter().map(|word| ((*word).to_owned(), (*word).to_owned())).collect() }
    }

    /// A filter with the values that there are.
    #[must_use]
    pub fn values(key: &'static str, label: &'static str, values: Vec<(String, u64)>) -> Self {
        Self {
            key,
            label,
            options: values.into_iter().map(|(value, n)| (value.clone(), format!("{value} ({n})"))).collect(),
        }
    }

    /// A filter to type into: a part of the value in any case, or `=` and the exact value.
    #[must_use]
    pub const fn typed(key: &'static str, label: &'static str) -> Self {
        Self { key, label, options: Vec::new() }
    }
}

/// What one view of a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListState {
    /// The page's path.
    pub path: String,
    /// Words to search for; empty for none.
    pub search: String,
    /// Chosen values by filter; only filters that the list offers.
    pub filters: BTreeMap<&'static str, String>,
    /// Those among the filters that are typed into.
    typed: Vec<&'static str>,
    /// The column to sort by and whether downwards.
    pub sort: (String, bool),
    /// The order where the query names none.
    usual: (String, bool),
    /// The page, from 1.
    pub page: usize,
    /// Rows on a page.
    pub rows: usize,
}

impl ListState {
    /// Reads the query of a page. `usual` is the order where none is asked for: a column, with `-` before it for
    /// downwards. What the list does not offer is left out: a mistyped query shows a list, never an error.
    #[must_use]
    pub fn read(path: &str, query: &BTreeMap<String, String>, filters: &[Filter], sorts: &[&str], usual: &str) -> Self {
        let text = |name: &str| query.get(name).map_or("", |value| value.trim());
        let chosen = filters.iter().filter(|filter| !text(filter.key).is_empty());
        let usual = direction(usual);
        let asked = direction(text("sort"));
        let sort = if sorts.contains(&asked.0.as_str()) { asked } else { usual.clone() };
        let number =
            |name: &str, usual: usize, max: usize| text(name).parse().map_or(usual, |n: usize| n.clamp(1, max));
        Self {
            path: path.to_owned(),
            search: text("q").to_owned(),
            typed: filters.iter().filter(|filter| filter.options.is_empty()).map(|filter| filter.key).collect(),
            filters: chosen.map(|filter| (filter.key, text(filter.key).to_owned())).collect(),
            sort,
            usual,
            page: number("page", 1, PAGE_MAX),
            rows: number("rows", ROWS, ROWS_MAX),
        }
    }

    /// Rows before the page.
    #[must_use]
    pub fn offset(&self) -> usize {
        (self.page - 1) * self.rows
    }

    /// Whether anything narrows the list.
    #[must_use]
    pub fn narrowed(&self) -> bool {
        !self.search.is_empty() || !self.filters.is_empty()
    }

    /// The order as the query writes it; empty where it is the usual one.
    #[must_use]
    pub fn sort_text(&self) -> String {
        if self.sort == self.usual { String::new() } else { written(&self.sort) }
    }

    /// The address of another page of the same view.
    #[must_use]
    pub fn at_page(&self, page: usize) -> String {
        self.address(&self.sort_text(), page)
    }

    /// The address of the same view in another order; the direction turns where the column leads already.
    #[must_use]
    pub fn sorted_by(&self, column: &str) -> String {
        let down = self.sort.0 == column && !self.sort.1;
        let sort = (column.to_owned(), down);
        let text = if sort == self.usual { String::new() } else { written(&sort) };
        self.address(&text, 1)
    }

    /// The same question as the one that operations are asked.
    #[must_use]
    pub fn query(&self) -> ListQuery {
        let mut query = ListQuery::default();
        for (key, value) in &self.filters {
            match self.part(key, value) {
                Some(part) => query.parts.push(((*key).to_owned(), part.to_owned())),
                None => query.filters.push(((*key).to_owned(), vec![exact(value).to_owned()])),
            }
        }
        ListQuery {
            search: (!self.search.is_empty()).then(|| self.search.clone()),
            sort: (!self.sort.0.is_empty()).then(|| self.sort.clone()),
            offset: self.offset() as u64,
            limit: self.rows as u64,
            ..query
        }
    }

    /// The part of a value that a typed filter looks for; nothing where it names the whole value.
    fn part<'v>(&self, key: &str, value: &'v str) -> Option<&'v str> {
        (self.typed.contains(&key) && !value.starts_with('=')).then_some(value)
    }

    /// The address of the operation that gives the same rows to programs, from the first one on.
    #[must_use]
    pub fn download(&self, operation: &str, format: &str) -> String {
        let pair = |(key, value): (&&str, &String)| match self.part(key, value) {
            Some(part) => format!("{key}~{part}"),
            None => format!("{key}={}", exact(value)),
        };
        let pairs: Vec<String> = self.filters.iter().map(pair).collect();
        let (filters, sort) = (pairs.join(","), written(&self.sort));
        let limit = LIST_ROWS_MAX.to_string();
        let pairs = [
            ("search", self.search.as_str()),
            ("where", &filters),
            ("sort", &sort),
            ("limit", &limit),
            ("format", format),
        ];
        address::with_query(operation, pairs)
    }

    fn address(&self, sort: &str, page: usize) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let rows = if self.rows == ROWS { String::new() } else { self.rows.to_string() };
        let mut pairs: Vec<(&str, &str)> = vec![("q", &self.search)];
        pairs.extend(self.filters.iter().map(|(key, value)| (*key, value.as_str())));
        pairs.extend([("sort", sort), ("page", page.as_str()), ("rows", rows.as_str())]);
        address::with_query(&self.path, pairs)
    }
}

/// The value of a typed filter that stands for the whole value: `=team:platform`.
#[must_use]
pub fn whole(value: &str) -> String {
    format!("={value}")
}

fn exact(value: &str) -> &str {
    value.strip_prefix('=').unwrap_or(value)
}

/// `-due` is by `due`, downwards.
fn direction(text: &str) -> (String, bool) {
    match text.strip_prefix('-') {
        Some(column) => (column.to_owned(), true),
        None => (text.to_owned(), false),
    }
}

fn written((column, down): &(String, bool)) -> String {
    if *down { format!("-{column}") } else { column.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> ListState {
        let query = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let filters = [Filter::words("state", "State", &["open", "resolved"]), Filter::typed("owner", "Owner")];
        ListState::read("/findings", &query, &filters, &["due", "opened"], "-opened")
    }

    #[test]
    fn what_the_list_does_not_offer_is_left_out() {
        let state =
            read(&[("sort", "password"), ("page", "x"), ("rows", "99999999"), ("evil", "1"), ("state", "open")]);
        assert_eq!(state.sort, ("opened".to_owned(), true));
        assert_eq!((state.page, state.rows), (1, ROWS_MAX));
        assert_eq!(state.filters.keys().copied().collect::<Vec<_>>(), ["state"]);
        assert_eq!(read(&[("page", "0")]).offset(), 0);
    }

    #[test]
    fn a_click_on_the_leading_column_turns_the_order() {
        let state = read(&[("sort", "due"), ("q", "a b"), ("page", "3")]);
        assert_eq!(state.sorted_by("due"), "/findings?q=a%20b&sort=-due");
        assert_eq!(state.sorted_by("opened"), "/findings?q=a%20b&sort=opened");
        assert_eq!(read(&[]).sorted_by("opened"), "/findings?sort=opened");
        assert_eq!(read(&[("sort", "opened")]).sorted_by("opened"), "/findings");
    }

    #[test]
    fn what_is_typed_is_a_part_and_what_is_chosen_is_the_value() {
        let query = read(&[("owner", "plat"), ("state", "open")]).query();
        assert_eq!(query.parts, [("owner".to_owned(), "plat".to_owned())]);
        assert_eq!(query.filters, [("state".to_owned(), vec!["open".to_owned()])]);
        let query = read(&[("owner", &whole("team:platform"))]).query();
        assert_eq!((query.parts.len(), &query.filters[0].1[0]), (0, &"team:platform".to_owned()));
    }

    #[test]
    fn a_page_and_a_download_keep_what_narrows_the_list() {
        let state = read(&[("owner", "team:a&b"), ("page", "2")]);
        assert_eq!(state.at_page(3), "/findings?owner=team:a%26b&page=3");
        let expected = "/v1/findings?where=owner~team:a%26b&sort=-opened&limit=1000&format=csv";
        assert_eq!(state.download("/v1/findings", "csv"), expected);
        let expected = "/v1/findings?where=owner%3Dteam:a&sort=-opened&limit=1000&format=json";
        assert_eq!(read(&[("owner", "=team:a")]).download("/v1/findings", "json"), expected);
        assert_eq!((state.offset(), state.narrowed(), read(&[]).narrowed()), (ROWS, true, false));
    }
}
