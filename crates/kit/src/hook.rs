//! Hooks: where outside systems deliver over HTTP what they would otherwise be asked for. The body is theirs, in their
//! own format and with their own signature, so a hook is no operation.

use crate::access::word;
use crate::http::{BODY_BYTES_MAX, blocking, principal_of, refuse};
use crate::{Call, Principal, Problem, World};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_model::PrincipalId;
use mainstay_model::facts::Role;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Takes a delivery: headers with names in lower case, and the body.
type Take = Box<dyn Fn(&Call<'_>, BTreeMap<String, String>, Vec<u8>) -> Result<Value, Problem> + Send + Sync>;

/// One hook, at `/v1/hooks/<name>`.
pub struct Hook {
    /// The connector that reads the deliveries.
    pub name: String,
    /// Whether deliveries carry a signature that the connector checks; then no token is needed.
    pub signed: bool,
    /// Takes a delivery and says what became of it.
    pub take: Take,
    /// A further path that the other system posts to, where it cannot be told another.
    pub path: Option<&'static str>,
    /// What is done every few seconds while the server runs.
    pub tick: Option<Tick>,
    /// How those who deliver expect to be treated, where that is not our own way.
    pub manners: Manners,
}

/// How an outside system identifies itself and what it expects to hear, where it cannot be told another way.
#[derive(Default, Clone, Copy)]
pub struct Manners {
    /// Finds the token in the body, for those that send none in a header.
    pub token: Option<FindToken>,
    /// Status and body of an answer.
    pub answer: Option<Answer>,
}

/// Finds a token in a body.
pub type FindToken = fn(&[u8]) -> Option<String>;

/// Puts an answer, or why there is none, into the form that is expected.
pub type Answer = fn(Result<Value, Problem>) -> (u16, Value);

/// What a hook does by itself; the line is for the log.
pub type Tick = Box<dyn Fn(&Call<'_>) -> Result<Option<String>, Problem> + Send + Sync>;

/// The least role for a delivery that carries no signature of its own, as for `fact.add`.
const LEAST: Role = Role::Engineer;

impl World {
    /// Lets every hook do what it does by itself; what there is to say, by hook.
    pub fn tick_hooks(&self) -> Vec<(&str, Result<String, Problem>)> {
        let tick = |hook: &'_ Hook| {
            let id = PrincipalId::new(format!("hook:{}", hook.name));
            let id = id.map_err(|e| Problem::ours("hook.name", e.to_string()))?;
            hook.tick.as_ref().map_or(Ok(None), |tick| tick(&Call::new(self, &Principal::new(id, LEAST))))
        };
        self.hooks.iter().filter_map(|hook| Some((hook.name.as_str(), tick(hook).transpose()?))).collect()
    }
}

/// The route of all hooks.
pub(crate) async fn deliver(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response {
    deliver_to(world, name, request).await
}

/// Takes a delivery for the hook of a name.
pub(crate) async fn deliver_to(world: Arc<World>, name: String, request: Request<Body>) -> Response {
    let who = principal_of(&request);
    let headers = plain(request.headers());
    let body = match axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await {
        Ok(body) => body.to_vec(),
        Err(_) => return refuse(&Problem::too_large(format!("a delivery may have at most {BODY_BYTES_MAX} bytes"))),
    };
    blocking(move || {
        let manners = world.hooks.iter().find(|hook| hook.name == name).and_then(|hook| hook.manners.answer);
        match (receive(&world, &name, who, headers, body), manners) {
            (answer, Some(put)) => {
                let (status, answer) = put(answer);
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, [(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
            }
            (Ok(answer), None) => ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response(),
            (Err(problem), None) => refuse(&problem),
        }
    })
    .await
}

fn receive(
    world: &World,
    name: &str,
    who: Result<Principal, Problem>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
) -> Result<Value, Problem> {
    let names = || world.hooks.iter().map(|hook| hook.name.as_str()).collect::<Vec<_>>().join(", ");
    let hook = world.hooks.iter().find(|hook| hook.name == name);
    let hook = hook
        .ok_or_else(|| Problem::absent("hook.unknown", format!("there is no hook {name:?}; there are {}", names())))?;
    let principal = if hook.signed {
        let id = PrincipalId::new(format!("hook:{name}")).map_err(|e| Problem::ours("hook.name", e.to_string()))?;
        Principal::new(id, LEAST)
    } else {
        // A token in the body says who it is even where nobody has to; a wrong one matters where somebody has to.
        match hook.manners.token.and_then(|find| find(&body)).map(|token| world.by_token(&token)) {
            Some(Ok(principal)) => principal,
            Some(Err(problem)) => who.map_err(|_| problem)?,
            None => who?,
        }
    };
    let call = Call::new(world, &principal);
    if principal.role < LEAST {
        let reason = format!("a delivery needs the role {}; {} is {}", word(LEAST), principal.id, word(principal.role));
        return Err(call.deny("hook.deliver", reason));
    }
    (hook.take)(&call, headers, body)
}

fn plain(headers: &HeaderMap) -> BTreeMap<String, String> {
    let pair = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter_map(pair).collect()
}
