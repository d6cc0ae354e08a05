//! Secrets: named by reference, fetched when needed, never printed.

use crate::{Clock, Command, FileError, ProcessError, files, process};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// Largest secret in bytes; a private key has a few thousand.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// How long a command may take to hand a secret out; people may have to touch a token.
const SECRET_COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a secret was not fetched. No message holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text is no reference. It is not repeated, since it may be the secret itself.
    #[error("a secret is given by reference: env:NAME, file:PATH or cmd:COMMAND, not by its value")]
    Reference,
    /// The environment has no such variable.
    #[error("environment variable {0} is not set or not text")]
    Environment(String),
    /// The file could not be read.
    #[error("failed to read a secret: {0}")]
    File(#[from] FileError),
    /// The command could not be run.
    #[error("failed to fetch a secret: {0}")]
    Command(#[from] ProcessError),
    /// The command failed.
    #[error("command {0:?} that should print a secret ended with {1}")]
    CommandFailed(String, String),
    /// There is nothing in it, or it is not text.
    #[error("secret {0} is empty or not UTF-8 text")]
    Empty(SecretRef),
}

/// Where a secret is kept. Safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// An environment variable: `env:NAME`.
    Environment(String),
    /// The content of a file: `file:PATH`.
    File(PathBuf),
    /// What a shell command prints: `cmd:pass show mainstay`.
    Command(String),
}

/// A secret's value. Printing it prints `[secret]`; its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value. Use it where it is needed and keep no copy.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl SecretRef {
    /// Reads `env:NAME`, `file:PATH` or `cmd:COMMAND`.
    ///
    /// # Errors
    /// [`SecretError::Reference`] for anything else; the text is not repeated in the message.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        match text.split_once(':') {
            Some((_, "")) => Err(SecretError::Reference),
            Some(("env", name)) => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) => Ok(Self::File(PathBuf::from(path))),
            Some(("cmd", command)) => Ok(Self::Command(command.to_owned())),
            _ => Err(SecretError::Reference),
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = SecretError;
    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&text)
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> String {
        reference.to_string()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Command(command) => write!(f, "cmd:{command}"),
        }
    }
}

/// Fetches a secret; a line end behind it, which editors and commands add, does not belong to it.
pub(crate) fn fetch(reference: &SecretRef, clock: &Clock) -> Result<Secret, SecretError> {
    let value = Zeroizing::new(match reference {
        SecretRef::Environment(name) => {
            std::env::var(name).map_err(|_| SecretError::Environment(name.clone()))?.into_bytes()
        }
        SecretRef::File(path) => files::read(path, SECRET_BYTES_MAX)?,
        SecretRef::Command(line) => {
            let command = Command::new("sh").args(["-c", line]).timeout(SECRET_COMMAND_TIMEOUT);
            let output = process::run(&command, clock)?;
            if !output.succeeded() {
                return Err(SecretError::CommandFailed(line.clone(), output.ending()));
            }
            output.stdout
        }
    });
    let text = std::str::from_utf8(&value).unwrap_or_default().trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(SecretError::Empty(reference.clone()));
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_fetched_without_its_line_end_and_never_printed() {
        let clock = Clock::system();
        let secret = fetch(&SecretRef::parse("cmd:echo hunter2").unwrap(), &clock).unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "[secret] [secret]");
        let error = fetch(&SecretRef::parse("cmd:echo hunter2; exit 3").unwrap(), &clock).unwrap_err();
        assert!(error.to_string().contains("exit code 3"), "{error}");
    }

    #[test]
    fn a_secret_given_by_value_is_refused_without_repeating_it() {
        let error = SecretRef::parse("ghp_0123456789").unwrap_err();
        assert!(!error.to_string().contains("ghp_"));
        assert!(error.to_string().contains("env:NAME"));
        assert!(SecretRef::parse("env:").is_err());
    }

    #[test]
    fn an_absent_secret_names_its_reference() {
        let clock = Clock::system();
        let error = fetch(&SecretRef::parse("env:MAINSTAY_NO_SUCH_VARIABLE").unwrap(), &clock).unwrap_err();
        assert!(error.to_string().contains("MAINSTAY_NO_SUCH_VARIABLE"));
        let error = fetch(&SecretRef::parse("cmd:true").unwrap(), &clock).unwrap_err();
        assert!(error.to_string().contains("cmd:true"), "{error}");
    }
}
