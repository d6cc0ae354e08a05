//! Operations on who may sign in. They belong to no duty.

use crate::operation::{Method, Nothing, Operation};
use crate::sessions::{Credential, role_of};
use crate::{Call, Problem};
use mainstay_model::facts::{PrincipalAdmitted, PrincipalDismissed, Role};
use mainstay_model::{FactData, Subject, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// Name.
    name: String,
    /// Password, at least 12 characters.
    password: String,
    /// viewer, responder, engineer, approver or administrator.
    role: String,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// Name.
    name: String,
    /// viewer, responder, engineer, approver or administrator.
    role: String,
    /// Operations that it is limited to, such as `fact.add` or `kpi.*`; none stands for all of the role.
    #[serde(default)]
    scopes: Vec<String>,
    /// Days for which it is good, 1 to 366.
    days: u32,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    /// Name.
    name: String,
}

/// People and programs that may sign in.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Credentials {
    /// By name, without their secrets.
    credentials: Vec<Credential>,
}

/// A token; its secret is shown this once.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Issued {
    /// Name.
    name: String,
    /// Send it as `Authorization: Bearer <secret>`.
    secret: String,
    /// When it ends.
    expires: Timestamp,
}

/// What was done.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Done {
    /// Name.
    name: String,
}

/// The operations.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let columns = &["name", "role", "scopes", "expires"];
    let admin = Role::Administrator;
    vec![
        Operation::new("user.list", (Method::Get, "/v1/users"), admin, "Who may sign in", |call, _: Nothing| {
            Ok(Credentials { credentials: call.world.credentials("user")? })
        })
        .with_columns(columns),
        Operation::new("user.add", (Method::Post, "/v1/users"), admin, "Admit somebody", add_user),
        Operation::new(
            "user.remove",
            (Method::Delete, "/v1/users/{name}"),
            admin,
            "Dismiss somebody",
            |call, ask: Named| dismiss(call, &ask.name, "user"),
        ),
        Operation::new("token.list", (Method::Get, "/v1/tokens"), admin, "Tokens in force", |call, _: Nothing| {
            Ok(Credentials { credentials: call.world.credentials("token")? })
        })
        .with_columns(columns),
        Operation::new("token.add", (Method::Post, "/v1/tokens"), admin, "Make a token", add_token),
        Operation::new(
            "token.remove",
            (Method::Delete, "/v1/tokens/{name}"),
            admin,
            "Take a token back",
            |call, ask: Named| dismiss(call, &ask.name, "token"),
        ),
    ]
}

fn add_user(call: &Call<'_>, ask: NewUser) -> Result<Done, Problem> {
    let role = role_of(&ask.role)?;
    call.world.keep_user(&ask.name, &ask.password, role)?;
    admitted(call, &ask.name, ("user", role), Vec::new(), None)?;
    Ok(Done { name: ask.name })
}

fn add_token(call: &Call<'_>, ask: NewToken) -> Result<Issued, Problem> {
    let role = role_of(&ask.role)?;
    if !(1..=366).contains(&ask.days) {
        return Err(Problem::malformed("access.days", "a token is good for 1 to 366 days"));
    }
    if let Some(scope) = ask.scopes.iter().find(|scope| !known_scope(call, scope)) {
        return Err(Problem::malformed(
            "access.scope",
            format!("scope {scope:?} covers no operation; take fact.add, kpi.* ..."),
        ));
    }
    let expires = call.now.checked_add(jiff::SignedDuration::from_hours(24 * i64::from(ask.days)));
    let expires = expires.map_err(|e| Problem::malformed("access.days", e.to_string()))?;
    let secret = call.world.keep_token(&ask.name, role, &ask.scopes, expires)?;
    admitted(call, &ask.name, ("token", role), ask.scopes, Some(expires))?;
    Ok(Issued { name: ask.name, secret, expires })
}

fn known_scope(call: &Call<'_>, scope: &str) -> bool {
    let covers = |id: &str| scope.strip_suffix('*').map_or(id == scope, |prefix| id.starts_with(prefix));
    call.world.operations.iter().any(|operation| covers(operation.id))
}

fn admitted(
    call: &Call<'_>,
    name: &str,
    (kind, role): (&str, Role),
    scopes: Vec<String>,
    expires: Option<Timestamp>,
) -> Result<(), Problem> {
    let said = PrincipalAdmitted { role, kind: kind.to_owned(), scopes, expires, by: call.principal.id.clone() };
    let id = format!("admitted/{kind}/{name}/{}", call.now);
    let fact = said.fact("mainstay:access", &id, Subject::of("principal", name), call.now);
    call.append(vec![fact.map_err(|e| Problem::ours("access.fact", e.to_string()))?])?;
    Ok(())
}

fn dismiss(call: &Call<'_>, name: &str, kind: &str) -> Result<Done, Problem> {
    if !call.world.forget(name, kind)? {
        return Err(Problem::absent("access.unknown", format!("there is no {kind} {name:?}")));
    }
    let said = PrincipalDismissed { by: call.principal.id.clone() };
    let id = format!("dismissed/{kind}/{name}/{}", call.now);
    let fact = said.fact("mainstay:access", &id, Subject::of("principal", name), call.now);
    call.append(vec![fact.map_err(|e| Problem::ours("access.fact", e.to_string()))?])?;
    Ok(Done { name: name.to_owned() })
}
