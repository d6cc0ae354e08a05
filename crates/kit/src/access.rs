//! Principals: who asks, in which role, with which scopes; passwords, sessions and tokens.
//!
//! Credentials are no facts: a password hash in an append-only log could never be taken back. They live in operational
//! tables; that somebody was admitted or dismissed is a fact.

use crate::{Operation, Problem};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mainstay_model::PrincipalId;
use mainstay_model::facts::Role;
use sha2::{Digest as _, Sha256};

/// Who asks for an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Name.
    pub id: PrincipalId,
    /// Role.
    pub role: Role,
    /// Operations that a token is limited to (`fact.add`, `kpi.*`); empty for all of the role.
    pub scopes: Vec<String>,
    /// Whether a cookie carries the identity, so that a foreign page could make the browser send it.
    pub by_cookie: bool,
}

impl Principal {
    /// A principal without limits beyond the role.
    #[must_use]
    pub fn new(id: PrincipalId, role: Role) -> Self {
        Self { id, role, scopes: Vec::new(), by_cookie: false }
    }

    /// Whether the principal may run the operation; if not, why.
    ///
    /// # Errors
    /// The reason, as a sentence for people.
    pub fn may(&self, operation: &Operation) -> Result<(), String> {
        if self.role < operation.least {
            let (id, role, least) = (&self.id, word(self.role), word(operation.least));
            return Err(format!("{} needs the role {least}; {id} is {role}", operation.id));
        }
        if !self.scopes.is_empty() && !self.scopes.iter().any(|scope| covers(scope, operation.id)) {
            return Err(format!("the token's scopes ({}) do not cover {}", self.scopes.join(", "), operation.id));
        }
        Ok(())
    }
}

/// The word of a role in files and output.
#[must_use]
pub const fn word(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Responder => "responder",
        Role::Engineer => "engineer",
        Role::Approver => "approver",
        Role::Administrator => "administrator",
    }
}

/// `kpi.*` covers `kpi.list`; `*` covers all.
fn covers(scope: &str, operation: &str) -> bool {
    match scope.strip_suffix('*') {
        Some(prefix) => operation.starts_with(prefix),
        None => scope == operation,
    }
}

/// The argon2id parameters that OWASP's password storage cheat sheet gives as its first choice: 19 MiB, 2 passes, 1 lane.
fn hasher() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|e| Problem::ours("access.hash", e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Shortest password taken, in characters (NIST SP 800-63B asks for at least 8; 12 where it is the only factor).
pub const PASSWORD_CHARS_MIN: usize = 12;

/// Hashes a password for keeping, as a PHC string.
///
/// # Errors
/// The password is too short, or the hash fails.
pub fn hash_password(password: &str, salt: &[u8; 16]) -> Result<String, Problem> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Problem::malformed(
            "access.password",
            format!("a password needs at least {PASSWORD_CHARS_MIN} characters"),
        ));
    }
    let hash = hasher()?
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|e| Problem::ours("access.hash", e.to_string()))?;
    Ok(hash.to_string())
}

/// Whether the password is the one that was hashed.
#[must_use]
pub fn check_password(password: &str, hash: &str) -> bool {
    let (Ok(hasher), Ok(parsed)) = (hasher(), PasswordHash::new(hash)) else { return false };
    hasher.verify_password(password.as_bytes(), &parsed).is_ok()
}

/// A bearer secret from 32 random bytes, and the digest under which it is kept.
#[must_use]
pub fn bearer(random: &[u8; 32], prefix: &str) -> (String, String) {
    let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random));
    let digest = bearer_digest(&secret);
    (secret, digest)
}

/// The digest under which a bearer secret is kept. The secret has 256 random bits, so a plain hash is enough.
#[must_use]
pub fn bearer_digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Method, Nothing};

    fn operation(id: &'static str, least: Role) -> Operation {
        Operation::new(id, (Method::Get, "/v1/x"), least, "for the test", |_, _: Nothing| Ok(0_u8))
    }

    fn principal(role: Role, scopes: &[&str]) -> Principal {
        let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
        Principal { scopes, ..Principal::new(PrincipalId::new("ada").unwrap(), role) }
    }

    #[test]
    fn a_role_may_what_lower_roles_may_and_nothing_above() {
        let waive = operation("finding.waive", Role::Approver);
        assert!(principal(Role::Administrator, &[]).may(&waive).is_ok());
        let reason = principal(Role::Engineer, &[]).may(&waive).unwrap_err();
        assert_eq!(reason, "finding.waive needs the role approver; ada is engineer");
    }

    #[test]
    fn a_token_does_only_what_its_scopes_name() {
        let (list, add) = (operation("kpi.list", Role::Viewer), operation("fact.add", Role::Viewer));
        let token = principal(Role::Administrator, &["kpi.*"]);
        assert!(token.may(&list).is_ok());
        assert!(token.may(&add).unwrap_err().contains("do not cover fact.add"));
    }

    #[test]
    fn a_password_is_kept_as_argon2id_and_checked() {
        let hash = hash_password("correct horse battery", &[7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(check_password("correct horse battery", &hash));
        assert!(!check_password("correct horse batterz", &hash));
        assert!(hash_password("short", &[7; 16]).is_err());
    }
}
