//! What pages are drawn with: the frame around them, tables, charts, graphs and small parts.
//!
//! A page is HTML that the server writes; scripts only add to it. The content security policy allows neither inline
//! scripts nor inline styles, so nothing here writes a `style` attribute or a handler.

pub mod address;
pub mod assets;
pub mod chart;
pub mod form;
pub mod format;
mod frame;
pub mod graph;
pub mod ledger;
pub mod list;
pub mod listing;
pub mod parts;
pub(crate) mod session;
pub mod sources;
pub mod table;

pub use frame::{Frame, document, problem, problem_alone, sign_in};

use crate::access::word;
use crate::page::{Content, Request};
use crate::{Call, Extra, Problem};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

/// Puts a page's content, or what went wrong, into the frame around every page.
#[must_use]
pub fn shell(call: &Call<'_>, request: &Request, content: Result<Content, Problem>) -> Markup {
    let (title, body) = match content {
        Ok(content) => (content.title, content.body),
        Err(error) => (capital(error.title()), problem(&error)),
    };
    let mut places: Vec<(u8, &str, &str)> = call
        .world
        .pages
        .iter()
        .filter_map(|page| page.navigation.map(|(place, label)| (place, page.path, label)))
        .collect();
    places.sort_unstable();
    let navigation: Vec<(&str, &str)> = places.into_iter().map(|(_, path, label)| (path, label)).collect();
    let frame = Frame {
        title: &title,
        path: &request.path,
        navigation: &navigation,
        who: Some((call.principal.id.as_str(), word(call.principal.role))),
        signed_in: call.principal.by_cookie && !call.world.is_open().unwrap_or(false),
        version: env!("CARGO_PKG_VERSION"),
        now: &format::minute(call.today()),
    };
    document(&frame, &html! { (form::outcome(call.world, request)) (body) })
}

/// The routes of style, scripts and icon.
#[must_use]
pub fn extras() -> Vec<Extra> {
    let answers: [fn(&crate::World) -> Response; 8] =
        [serve::<0>, serve::<1>, serve::<2>, serve::<3>, serve::<4>, serve::<5>, serve::<6>, serve::<7>];
    assets::all().iter().zip(answers).map(|(asset, answer)| Extra { path: asset.path, answer }).collect()
}

fn serve<const AT: usize>(_: &crate::World) -> Response {
    let asset = assets::all()[AT];
    ([(header::CONTENT_TYPE, asset.media), (header::CACHE_CONTROL, assets::CACHE_CONTROL)], asset.bytes).into_response()
}

/// The word with a capital at its start.
fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A fragment as a sentence: a capital at its start, a full stop at its end. A first word that is no plain word (the id of
/// an operation, a number) stays as it is.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let plain = text.split_whitespace().next().is_some_and(|word| word.chars().all(char::is_alphabetic));
    let text = if plain { capital(text) } else { text.to_owned() };
    if text.ends_with(['.', '!', '?', ':']) { text } else { text + "." }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_a_route() {
        let routes = extras();
        assert!(assets::all().iter().all(|asset| routes.iter().any(|route| route.path == asset.path)));
    }
}
