//! Fetches the catalogue, or reads a copy.

use crate::collect::{Origin, Request, each};
use crate::{Document, Reading};
use mainstay_outside::{self as door, Outside};

/// Where the catalogue is published.
pub const ADDRESS: &str = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";

/// Collects from an address, such as [`ADDRESS`], or from files.
pub fn collect(outside: &Outside, request: &Request<'_>, sink: &mut dyn FnMut(Reading)) {
    let Origin::Address(address) = &request.origin else {
        each(super::read, outside, request, sink);
        return;
    };
    let shown = request.origin.shown();
    (request.progress)(&shown);
    let mut reading = Reading::default();
    match outside.send(&door::Request::get(address)) {
        Ok(response) => reading.merge(super::read(&Document::of(shown, response.body), &request.context)),
        Err(error) => reading.note(request.failed(&error.to_string())),
    }
    sink(reading);
}
