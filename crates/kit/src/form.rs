//! Forms: what a page posts. They run the same operations as the API, carry a token that only a page of ours can know, and
//! show a refusal where it happened, with what was typed still there.

use crate::http::{blocking, form as pairs_of, principal_of, refuse, render};
use crate::http_guard::check_origin;
use crate::operation::coerce;
use crate::page::{Page, Request as PageRequest};
use crate::sessions::cookie;
use crate::ui::address;
use crate::{Call, Form, Principal, Problem, Shell, World};
use axum::body::Body;
use axum::extract::{RawPathParams, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Largest form in bytes: a reason of some pages fits, a flood does not.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// The field that carries the token.
pub(crate) const TOKEN: &str = "token";

/// The field that names the operation, where a page has several forms.
pub(crate) const OPERATION: &str = "form";

impl World {
    /// What a form of ours sends back (OWASP, "synchronizer token"): a digest of the session's secret, which every replica
    /// can compute and no other site can; without a session, of a secret of this process.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub(crate) fn form_token(&self, headers: &HeaderMap, principal: &Principal) -> Result<String, Problem> {
        if self.form_key.get().is_none() {
            let key = self.outside.random().hex(32).map_err(|e| Problem::ours("form.random", e.to_string()))?;
            // Another thread may have been first; then its key counts.
            let _ = self.form_key.set(key);
        }
        let key = self.form_key.get().map_or("", String::as_str);
        let secret = cookie(headers).unwrap_or(key);
        let mut hash = Sha256::new();
        for part in ["mainstay form", principal.id.as_str(), secret] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The route that takes the forms of a page; nothing where it has none.
pub(crate) fn route(page: Page, forms: Vec<Form>, shell: Shell) -> MethodRouter<Arc<World>> {
    if forms.is_empty() {
        return MethodRouter::new();
    }
    post(move |State(world): State<Arc<World>>, path: RawPathParams, request: Request<Body>| async move {
        let principal = match principal_of(&request) {
            Ok(principal) => principal,
            Err(problem) => return refuse(&problem),
        };
        let (parts, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, FORM_BYTES_MAX).await else {
            return refuse(&Problem::too_large(format!("a form may have at most {FORM_BYTES_MAX} bytes")));
        };
        let asked = PageRequest {
            path: parts.uri.path().to_owned(),
            parameters: path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            typed: pairs_of(std::str::from_utf8(&body).unwrap_or_default()).into_iter().collect(),
            ..PageRequest::default()
        };
        blocking(move || take(&world, &page, &forms, shell, &principal, &parts.headers, asked)).await
    })
}

fn take(
    world: &World,
    page: &Page,
    forms: &[Form],
    shell: Shell,
    principal: &Principal,
    headers: &HeaderMap,
    mut asked: PageRequest,
) -> Response {
    let call = Call::new(world, principal);
    asked.token = match world.form_token(headers, principal) {
        Ok(token) => token,
        Err(problem) => return refuse(&problem),
    };
    match run(&call, forms, headers, &asked) {
        Ok(form) => {
            let to = address::with_query(&asked.path, [("done", form.operation)]);
            (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
        }
        Err(problem) => {
            asked.refused = Some(problem);
            render(&call, page, &asked, shell)
        }
    }
}

fn run(call: &Call<'_>, forms: &[Form], headers: &HeaderMap, asked: &PageRequest) -> Result<Form, Problem> {
    check_origin(headers)?;
    let typed = |name: &str| asked.typed.get(name).map_or("", String::as_str);
    if typed(TOKEN) != asked.token {
        return Err(Problem::forbidden(
            "the form is of an earlier session or of another site; nothing was done; look it over and send it again",
        ));
    }
    let unknown = || Problem::malformed("form.unknown", format!("this page has no form {:?}", typed(OPERATION)));
    let form = forms.iter().find(|form| form.operation == typed(OPERATION)).copied().ok_or_else(unknown)?;
    let operation = call.world.operation(form.operation).ok_or_else(unknown)?;
    operation.run(call, Value::Object(input(&operation.properties(), &asked.typed, &asked.parameters)))?;
    Ok(form)
}

/// The operation's input: what was typed, and what the path names. A path's name cannot be typed over.
fn input(
    properties: &Map<String, Value>,
    typed: &BTreeMap<String, String>,
    path: &BTreeMap<String, String>,
) -> Map<String, Value> {
    let typed = typed.iter().filter(|(name, _)| ![TOKEN, OPERATION].contains(&name.as_str()));
    typed.chain(path).map(|(name, text)| (name.clone(), coerce(properties, name, text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_path_names_cannot_be_typed_over() {
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let properties = json!({"approved": {"type": "boolean"}, "id": {"type": "string"}});
        let typed = pairs(&[("token", "t"), ("form", "f"), ("id", "other"), ("approved", "true"), ("reason", "fine")]);
        let input = input(properties.as_object().unwrap(), &typed, &pairs(&[("id", "mine")]));
        assert_eq!(Value::Object(input), json!({"approved": true, "id": "mine", "reason": "fine"}));
    }
}
