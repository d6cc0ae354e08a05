//! Asks an Alertmanager what fires.

use crate::collect::{Origin, Request, whole};
use crate::{Document, Part, Reading};
use mainstay_outside::{self as door, Outside};

/// Collects from an Alertmanager's address (`http://alertmanager:9093`) or from files.
pub fn collect(outside: &Outside, request: &Request<'_>, sink: &mut dyn FnMut(Reading)) {
    let Origin::Address(address) = &request.origin else {
        whole(super::read, outside, request, sink);
        return;
    };
    let base = address.split("/api/v2").next().unwrap_or(address).trim_end_matches('/');
    let mut reading = Reading::default();
    match fetch(outside, request, base) {
        Ok(parts) => reading.merge(super::read(&Document::folder(door::shown_address(base), parts), &request.context)),
        Err(diagnostic) => reading.note(*diagnostic),
    }
    sink(reading);
}

fn fetch(outside: &Outside, request: &Request<'_>, base: &str) -> Result<Vec<Part>, Box<mainstay_model::Diagnostic>> {
    let auth = request.auth(outside)?;
    let get = |path: &str| {
        let url = format!("{base}{path}");
        let shown = door::shown_address(&url);
        (request.progress)(&shown);
        match outside.send(&door::Request::get(&url).auth(auth.clone())) {
            Ok(response) => Ok(Part::new(shown, response.body)),
            Err(error) => Err(Box::new(request.failed(&error.to_string()))),
        }
    };
    Ok(vec![get("/api/v2/alerts")?, get("/api/v2/status")?])
}
