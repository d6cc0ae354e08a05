//! Who a request comes from: a token, a session, or, on loopback while nobody was admitted, the local user.

use crate::access::{Principal, bearer, bearer_digest, check_password, hash_password, word};
use crate::http_guard::SIGN_INS;
use crate::{Problem, World};
use axum::http::{HeaderMap, header};
use mainstay_ledger::{Row, Tx, Value};
use mainstay_model::facts::Role;
use mainstay_model::{PrincipalId, Timestamp};

/// Tables that hold no facts: credentials, sessions, and the leases of jobs.
pub(crate) const TABLES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS credential (name TEXT PRIMARY KEY, kind TEXT NOT NULL, secret TEXT NOT NULL, \
     role TEXT NOT NULL, scopes TEXT NOT NULL, expires BIGINT)",
    "CREATE INDEX IF NOT EXISTS credential_secret ON credential (secret)",
    "CREATE TABLE IF NOT EXISTS session (secret TEXT PRIMARY KEY, name TEXT NOT NULL, expires BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS lease (job TEXT PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL, ran BIGINT NOT NULL)",
];

/// The session cookie. `__Host-` is not used because loopback has no TLS.
pub const COOKIE: &str = "mainstay_session";

/// Hours for which a session is good.
pub(crate) const SESSION_H: i64 = 12;

/// One credential, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Credential {
    /// Name.
    pub name: String,
    /// `user` or `token`.
    pub kind: String,
    /// Role.
    pub role: Role,
    /// Operations that a token is limited to.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// The role of a word.
///
/// # Errors
/// The word is none of the five.
pub fn role_of(text: &str) -> Result<Role, Problem> {
    [Role::Viewer, Role::Responder, Role::Engineer, Role::Approver, Role::Administrator]
        .into_iter()
        .find(|role| word(*role) == text)
        .ok_or_else(|| {
            let detail = format!("{text:?} is no role; take viewer, responder, engineer, approver or administrator");
            Problem::malformed("access.role", detail)
        })
}

impl World {
    /// Makes the tables that hold no facts.
    ///
    /// # Errors
    /// The database fails.
    pub fn prepare(&self) -> Result<(), Problem> {
        self.operational(|tx| {
            for definition in TABLES {
                tx.execute(definition, &[])?;
            }
            Ok(())
        })
    }

    pub(crate) fn operational<T>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> mainstay_ledger::Result<T>,
    ) -> Result<T, Problem> {
        Ok(self.ledger.operational(work)?)
    }

    /// Who sends these headers.
    pub(crate) fn identify(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let text = value.to_str().unwrap_or_default();
            let Some(token) = text.strip_prefix("Bearer ") else {
                return Err(Problem::unauthenticated("send Authorization: Bearer <token>"));
            };
            return self.by_token(token.trim());
        }
        if let Some(secret) = cookie(headers)
            && let Some(principal) = self.by_session(secret)?
        {
            return Ok(principal);
        }
        if self.is_open()? {
            return Ok(Principal { by_cookie: true, ..self.settings.local.clone() });
        }
        Err(Problem::unauthenticated("sign in, or send Authorization: Bearer <token>"))
    }

    /// Whether whoever reaches us needs no sign-in. Asked anew each time: the first user that is admitted, by whichever
    /// process, closes the door of those that run.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn is_open(&self) -> Result<bool, Problem> {
        if !self.settings.open_on_loopback || !self.settings.until_admitted {
            return Ok(self.settings.open_on_loopback);
        }
        let sql = "SELECT name FROM credential WHERE kind = 'user' LIMIT 1";
        Ok(self.ledger.read(|tx| tx.query(sql, &[]))?.is_empty())
    }

    /// Whose token it is.
    pub(crate) fn by_token(&self, token: &str) -> Result<Principal, Problem> {
        let sql = "SELECT name, kind, role, scopes, expires FROM credential WHERE kind = 'token' AND secret = $1";
        let rows = self.ledger.read(|tx| tx.query(sql, &[bearer_digest(token).into()]))?;
        let refused = || Problem::unauthenticated("the token is not known or no longer good");
        let credential = rows.first().map(credential).transpose()?.ok_or_else(refused)?;
        if credential.expires.is_some_and(|expires| expires <= self.now()) {
            return Err(refused());
        }
        let id = PrincipalId::new(format!("token:{}", credential.name)).map_err(|_| refused())?;
        Ok(Principal { id, role: credential.role, scopes: credential.scopes, by_cookie: false })
    }

    fn by_session(&self, secret: &str) -> Result<Option<Principal>, Problem> {
        let sql = "SELECT c.name, c.kind, c.role, c.scopes, c.expires FROM session s JOIN credential c ON c.name = s.name \
                   WHERE s.secret = $1 AND s.expires > $2 AND c.kind = 'user'";
        let rows = self.ledger.read(|tx| tx.query(sql, &[bearer_digest(secret).into(), self.now().into()]))?;
        let Some(credential) = rows.first().map(credential).transpose()? else { return Ok(None) };
        let id = PrincipalId::new(credential.name).map_err(|e| Problem::ours("access.name", e.to_string()))?;
        Ok(Some(Principal { by_cookie: true, ..Principal::new(id, credential.role) }))
    }

    /// Signs a user in who asks from an address; the answer is the value of the session cookie.
    ///
    /// # Errors
    /// Name or password are wrong; which of them is not said. Or there were too many attempts.
    pub fn sign_in(&self, from: &str, name: &str, password: &str) -> Result<String, Problem> {
        // By address and name: who guesses is slowed down, and whoever has the name is not locked out.
        let short: String = name.chars().take(64).collect();
        if !self.rates.take(&format!("sign-in/{from}/{short}"), SIGN_INS, self.now()) {
            return Err(Problem::too_many("too many attempts for this name; wait a minute"));
        }
        let rows = self
            .ledger
            .read(|tx| tx.query("SELECT secret FROM credential WHERE kind = 'user' AND name = $1", &[name.into()]))?;
        let hash = rows.first().map_or(Ok(NOBODY), |row| row.text(0)).map_err(Problem::from)?;
        // An unknown name costs the same time as a wrong password, so that names cannot be found by timing.
        if !check_password(password, hash) || rows.is_empty() {
            return Err(Problem::unauthenticated("name or password is wrong"));
        }
        let (secret, digest) = bearer(&self.random()?, "");
        let expires = self.now().as_microsecond().saturating_add(SESSION_H * 3_600_000_000);
        self.operational(|tx| {
            tx.execute("DELETE FROM session WHERE expires <= $1", &[self.now().into()])?;
            tx.execute(
                "INSERT INTO session (secret, name, expires) VALUES ($1, $2, $3)",
                &[digest.into(), name.into(), expires.into()],
            )
        })?;
        Ok(secret)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database fails.
    pub fn sign_out(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(secret) = cookie(headers) else { return Ok(()) };
        self.operational(|tx| tx.execute("DELETE FROM session WHERE secret = $1", &[bearer_digest(secret).into()]))?;
        Ok(())
    }

    /// Keeps a user with a password.
    ///
    /// # Errors
    /// The password is too short, or the database fails.
    pub fn keep_user(&self, name: &str, password: &str, role: Role) -> Result<(), Problem> {
        let random = self.random()?;
        let salt: [u8; 16] = std::array::from_fn(|i| random[i]);
        let hash = hash_password(password, &salt)?;
        self.keep(name, "user", &hash, role, &[], None)
    }

    /// Makes a token; the answer is its secret, which is kept nowhere.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_token(&self, name: &str, role: Role, scopes: &[String], expires: Timestamp) -> Result<String, Problem> {
        let (secret, digest) = bearer(&self.random()?, "mst_");
        self.keep(name, "token", &digest, role, scopes, Some(expires))?;
        Ok(secret)
    }

    fn keep(
        &self,
        name: &str,
        kind: &str,
        secret: &str,
        role: Role,
        scopes: &[String],
        expires: Option<Timestamp>,
    ) -> Result<(), Problem> {
        PrincipalId::new(name).map_err(|e| Problem::malformed("access.name", e.to_string()))?;
        let row: Vec<Value> =
            vec![name.into(), kind.into(), secret.into(), word(role).into(), scopes.join(" ").into(), expires.into()];
        // A token must not replace a person of the same name, nor the other way round: somebody would lose access unseen.
        let kept = self.operational(|tx| {
            let kept = tx.execute(
                "INSERT INTO credential (name, kind, secret, role, scopes, expires) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (name) DO UPDATE SET secret = excluded.secret, role = excluded.role, \
                 scopes = excluded.scopes, expires = excluded.expires WHERE credential.kind = excluded.kind",
                &row,
            )?;
            if kept > 0 {
                tx.execute("DELETE FROM session WHERE name = $1", &[name.into()])?;
            }
            Ok(kept)
        })?;
        if kept == 0 {
            let detail =
                format!("{name:?} is the name of another kind of credential; take another name for the {kind}");
            return Err(Problem::conflict("access.name-taken", detail));
        }
        Ok(())
    }

    /// Forgets a credential and its sessions; false where there was none.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget(&self, name: &str, kind: &str) -> Result<bool, Problem> {
        let gone = self.operational(|tx| {
            tx.execute("DELETE FROM session WHERE name = $1", &[name.into()])?;
            tx.execute("DELETE FROM credential WHERE name = $1 AND kind = $2", &[name.into(), kind.into()])
        })?;
        Ok(gone > 0)
    }

    /// Credentials of a kind, by name.
    ///
    /// # Errors
    /// The database fails.
    pub fn credentials(&self, kind: &str) -> Result<Vec<Credential>, Problem> {
        let sql = "SELECT name, kind, role, scopes, expires FROM credential WHERE kind = $1 ORDER BY name";
        self.ledger.read(|tx| tx.query(sql, &[kind.into()]))?.iter().map(credential).collect()
    }

    fn random(&self) -> Result<[u8; 32], Problem> {
        let mut bytes = [0; 32];
        self.outside.random().fill(&mut bytes).map_err(|e| Problem::ours("access.random", e.to_string()))?;
        Ok(bytes)
    }
}

/// A hash that no password has (the digest is zeros), for names that nobody has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn credential(row: &Row) -> Result<Credential, Problem> {
    Ok(Credential {
        name: row.text(0)?.to_owned(),
        kind: row.text(1)?.to_owned(),
        role: role_of(row.text(2)?)?,
        scopes: row.text(3)?.split_whitespace().map(str::to_owned).collect(),
        expires: row.time_or_null(4)?,
    })
}

pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}
