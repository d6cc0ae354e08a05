//! The page of a kind of entity: a list that asks the same question as the operation behind it.

use super::list::{Filter, ListState};
use super::table::{Column, List};
use crate::page::Request;
use crate::{Call, Entity, Folded, Problem};
use maud::Markup;

/// What the list of a kind shows.
pub struct Listed<'a, T> {
    /// What the rows are, in the plural: `findings`.
    pub noun: &'a str,
    /// Filters on offer; their keys are columns of the entity.
    pub filters: Vec<Filter>,
    /// Columns of the entity that the list can be ordered by.
    pub sorts: &'a [&'a str],
    /// The usual order; `-` before it for downwards. Empty is the newest first, which alone has an index behind it.
    pub usual: &'a str,
    /// Columns of the table.
    pub columns: Vec<Column<'a, Folded<T>>>,
    /// The id of the operation that gives the same rows to programs.
    pub operation: &'a str,
    /// What would bring rows where there are none.
    pub brings: &'a str,
}

impl<T: Entity> Listed<'_, T> {
    /// Asks for the rows of one page and draws them.
    ///
    /// # Errors
    /// The database fails, or a value cannot be one of its column.
    pub fn draw(&self, call: &Call<'_>, request: &Request) -> Result<Markup, Problem> {
        let state = ListState::read(&request.path, &request.query, &self.filters, self.sorts, self.usual);
        let found = call.reader(None)?.list::<T>(&state.query())?;
        let operation = call.world.operation(self.operation).map(|operation| operation.path);
        let list = List {
            noun: self.noun,
            state: &state,
            filters: &self.filters,
            columns: &self.columns,
            rows: &found.items,
            total: found.total,
            sorted_among: found.sorted_among,
            operation,
            brings: self.brings,
        };
        Ok(list.draw())
    }
}

/// How many entities have a value in a column; for the figures at the head of a list.
///
/// # Errors
/// The kind has no such column, or the database fails.
pub fn how_many<T: Entity>(call: &Call<'_>, filters: &[(&str, &str)]) -> Result<u64, Problem> {
    let filters = filters.iter().map(|(column, value)| ((*column).to_owned(), vec![(*value).to_owned()])).collect();
    let query = crate::ListQuery { filters, limit: 1, ..crate::ListQuery::default() };
    Ok(call.reader(None)?.list::<T>(&query)?.total)
}

/// The entity that a page's `{id}` names, which is its key.
///
/// # Errors
/// There is none, or the database fails.
pub fn asked_for<T: Entity>(call: &Call<'_>, request: &Request, noun: &str) -> Result<Folded<T>, Problem> {
    let id = request.parameters.get("id").map_or("", String::as_str);
    call.reader(None)?.one::<T>(id)?.ok_or_else(|| {
        Problem::absent("entity.unknown", format!("there is no {noun} {id:?}; the list of them may help"))
    })
}
