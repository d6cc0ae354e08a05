//! What collecting has in common: fetching files and addresses, and turning failures into diagnostics.

use crate::{DOCUMENT_BYTES_MAX, Document, Part, ReadContext, Reading};
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::{Auth, Outside, Secret, files};
use std::path::{Path, PathBuf};

/// Where documents are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Files, or folders whose files are meant, with the folder that paths are told relative to.
    Files(PathBuf, Vec<PathBuf>),
    /// An address: `http://..`, or what a connector's tool takes as one.
    Address(String),
}

/// What to collect.
pub struct Request<'a> {
    /// Where.
    pub origin: Origin,
    /// Time and settings for the reader.
    pub context: ReadContext,
    /// Told of every document before it is read.
    pub progress: &'a dyn Fn(&str),
}

impl Origin {
    /// An argument of the command line: an address where it has a scheme, or is one of restic's own behind `restic+`,
    /// else a path.
    #[must_use]
    pub fn of(argument: &str) -> Self {
        let plain = |scheme: &str| scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
        let has_scheme = argument.split_once("://").is_some_and(|(scheme, _)| plain(scheme));
        if has_scheme || argument.starts_with("restic+") {
            return Self::Address(argument.to_owned());
        }
        Self::Files(PathBuf::new(), vec![PathBuf::from(argument)])
    }

    /// The origin for people and for the ledger, which keeps what it is told for ever: of an address no credentials.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Address(address) => mainstay_outside::shown_address(address),
            Self::Files(root, paths) => {
                let first = paths.first().map(|path| mainstay_outside::relative(root, path)).unwrap_or_default();
                if paths.len() > 1 { format!("{first} and {} more", paths.len() - 1) } else { first }
            }
        }
    }
}

impl Request<'_> {
    /// The credentials for HTTP that the settings name.
    ///
    /// # Errors
    /// A diagnostic where the secret cannot be fetched.
    pub fn auth(&self, outside: &Outside) -> Result<Auth, Box<Diagnostic>> {
        let options = &self.context.options;
        let Some(reference) = &options.token else { return Ok(Auth::None) };
        let secret: Secret = outside.secret(reference).map_err(|error| Box::new(self.failed(&error.to_string())))?;
        Ok(match &options.user {
            Some(user) => Auth::Basic(user.clone(), secret),
            None => Auth::Bearer(secret),
        })
    }

    /// The diagnostic of a collection that could not be made.
    #[must_use]
    pub fn failed(&self, reason: &str) -> Diagnostic {
        Diagnostic::error("collect.failed", reason, Place::file(self.origin.shown()), "what was known before stays")
    }
}

/// Reads all files of a request together, as one document.
pub(crate) fn whole(
    read: fn(&Document, &ReadContext) -> Reading,
    outside: &Outside,
    request: &Request<'_>,
    sink: &mut dyn FnMut(Reading),
) {
    let mut reading = Reading::default();
    let parts = parts(outside, request, &mut reading);
    if !parts.is_empty() {
        reading.merge(read(&Document::folder(request.origin.shown(), parts), &request.context));
    }
    sink(reading);
}

/// Reads the files of a request one by one, so that only one is in memory.
pub(crate) fn each(
    read: fn(&Document, &ReadContext) -> Reading,
    outside: &Outside,
    request: &Request<'_>,
    sink: &mut dyn FnMut(Reading),
) {
    let mut reading = Reading::default();
    let (root, paths) = paths(outside, request, &mut reading);
    sink(reading);
    for path in paths {
        let mut reading = Reading::default();
        if let Some(part) = part(outside, request, &root, &path, &mut reading) {
            reading.merge(read(&Document::folder(part.path.clone(), vec![part]), &request.context));
        }
        sink(reading);
    }
}

/// All files of a request, read.
pub(crate) fn parts(outside: &Outside, request: &Request<'_>, reading: &mut Reading) -> Vec<Part> {
    let (root, paths) = paths(outside, request, reading);
    paths.iter().filter_map(|path| part(outside, request, &root, path, reading)).collect()
}

/// The files that a request names, folders walked, and the folder that their paths are told relative to.
pub(crate) fn paths(outside: &Outside, request: &Request<'_>, reading: &mut Reading) -> (PathBuf, Vec<PathBuf>) {
    let Origin::Files(root, named) = &request.origin else {
        reading.note(request.failed("this connector reads files, not addresses"));
        return (PathBuf::new(), Vec::new());
    };
    let mut found = Vec::new();
    for path in named {
        if !files::is_folder(path) {
            found.push(path.clone());
            continue;
        }
        match outside.walk(path) {
            Ok(walk) => {
                found.extend(walk.files);
                walk.problems.iter().for_each(|problem| reading.note(request.failed(problem)));
            }
            Err(error) => reading.note(request.failed(&error.to_string())),
        }
    }
    (root.clone(), found)
}

fn part(outside: &Outside, request: &Request<'_>, root: &Path, path: &Path, reading: &mut Reading) -> Option<Part> {
    let shown = mainstay_outside::relative(root, path);
    (request.progress)(&shown);
    match outside.read(path, DOCUMENT_BYTES_MAX as u64) {
        Ok(bytes) => Some(Part::new(shown, bytes)),
        Err(error) => {
            let help = "what was known before stays";
            reading.note(Diagnostic::error("collect.failed", error.to_string(), Place::file(shown), help));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_credentials() {
        let shown = |address: &str| Origin::of(address).shown();
        assert_eq!(
            shown("http://ada:geheim@alerts.example:9093/x?token=geheim&a=1"),
            "http://alerts.example:9093/x?token=[struck]&a=1"
        );
        assert_eq!(shown("restic:///srv/backup"), "restic:///srv/backup");
        assert_eq!(shown("http://alerts.example"), "http://alerts.example");
        assert_eq!(shown("restic+rest:https://ada:geheim@b.example/r"), "restic+rest:https://b.example/r");
        assert_eq!(shown("restic+s3:s3.example.com/bucket"), "restic+s3:s3.example.com/bucket");
    }

    #[test]
    fn what_restic_takes_as_a_repository_is_an_address_and_a_file_is_none() {
        for address in ["restic:///srv/backup", "restic+s3:s3.example.com/b", "restic+rest:https://b.example/r"] {
            assert_eq!(Origin::of(address), Origin::Address(address.to_owned()));
        }
        for path in ["a:b", "./x://y", "restic.json", "C:/x"] {
            assert!(matches!(Origin::of(path), Origin::Files(_, _)), "{path}");
        }
    }
}
