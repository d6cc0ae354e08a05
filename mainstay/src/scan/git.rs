//! What a revision of git holds, read from its objects: nothing is checked out and nothing is written.

use super::gather::{matters, shown};
use mainstay_iac::SourceFile;
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::{Command, FILE_BYTES_MAX, Output, Outside, ProcessError, files};
use std::path::{Path, PathBuf};

/// How many bytes of objects are asked for at once.
const BATCH_BYTES: u64 = 16 << 20;

/// Folders that no scan enters on the disk either.
const SKIPPED: [&str; 3] = ["node_modules", ".terragrunt-cache", ".venv"];

/// A file of the revision.
struct Blob {
    id: String,
    bytes: u64,
    path: String,
}

/// The files below the paths as a revision has them, named as those on the disk are.
///
/// # Errors
/// A diagnostic: there is no git, no repository, or no such revision.
pub fn files_of(
    outside: &Outside,
    paths: &[PathBuf],
    revision: &str,
) -> Result<(Vec<SourceFile>, Vec<Diagnostic>), Box<Diagnostic>> {
    let (mut sources, mut diagnostics) = (Vec::new(), Vec::new());
    for path in paths {
        let folder = if files::is_folder(path) { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let only = if files::is_folder(path) { None } else { path.file_name().map(|name| name.to_string_lossy()) };
        let git = Git { outside, folder, revision };
        let commit = git.commit()?;
        let blobs = git.blobs(&commit, only.as_deref())?;
        let (wanted, large): (Vec<Blob>, Vec<Blob>) = blobs.into_iter().partition(|blob| blob.bytes <= FILE_BYTES_MAX);
        for blob in large {
            let summary = format!("the file has {} bytes in {revision}, more than are read", blob.bytes);
            let place = Place::file(shown(&folder.join(&blob.path)));
            diagnostics.push(Diagnostic::error("diff.size", summary, place, "leave it out, or split it"));
        }
        git.read(wanted, &mut sources)?;
    }
    let mut seen = std::collections::HashSet::new();
    sources.retain(|file| seen.insert(file.path.clone()));
    Ok((sources, diagnostics))
}

struct Git<'g> {
    outside: &'g Outside,
    folder: &'g Path,
    revision: &'g str,
}

impl Git<'_> {
    fn run(&self, args: &[&str], stdin: Vec<u8>) -> Result<Output, Box<Diagnostic>> {
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { self.folder };
        let command = Command::new("git")
            .args(args.iter().copied())
            .dir(folder)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(stdin)
            .output_bytes_max(512 << 20);
        self.outside.run(&command).map_err(|error| match error {
            ProcessError::Start(..) => self.wrong(
                "diff.git",
                format!("git cannot be started: {error}"),
                "install git, or put it on the PATH; --baseline compares without it",
            ),
            error => self.wrong("diff.git", error.to_string(), "compare with a nearer revision or fewer paths"),
        })
    }

    fn wrong(&self, code: &str, summary: impl Into<String>, help: &str) -> Box<Diagnostic> {
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { self.folder };
        Box::new(Diagnostic::error(code, summary, Place::file(folder.to_string_lossy()), help))
    }

    /// The commit that the revision names.
    fn commit(&self) -> Result<String, Box<Diagnostic>> {
        let unknown = || {
            let summary = format!("git knows no revision {:?} here", self.revision);
            let help = "name a branch, tag or commit that `git log` knows; in CI, fetch it first (a shallow clone has \
                        only the last commit)";
            self.wrong("diff.revision", summary, help)
        };
        if self.revision.is_empty() || self.revision.starts_with('-') {
            return Err(unknown());
        }
        let wanted = format!("{}^{{commit}}", self.revision);
        let found = self.run(&["rev-parse", "--verify", "--quiet", &wanted], Vec::new())?;
        let commit = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        if found.succeeded() && !commit.is_empty() {
            return Ok(commit);
        }
        let inside = self.run(&["rev-parse", "--is-inside-work-tree"], Vec::new())?;
        if inside.succeeded() {
            return Err(unknown());
        }
        let said = String::from_utf8_lossy(&inside.stderr).trim().replace('\n', " ");
        Err(self.wrong("diff.repository", format!("there is no git repository: {said}"), "scan inside of a repository"))
    }

    /// The files below the folder, or the one of that name.
    fn blobs(&self, commit: &str, only: Option<&str>) -> Result<Vec<Blob>, Box<Diagnostic>> {
        let mut args = vec!["ls-tree", "-r", "-z", "-l", commit];
        let literal = only.map(|name| format!("./{name}"));
        if let Some(name) = &literal {
            args.extend(["--", name.as_str()]);
        }
        let listed = self.run(&args, Vec::new())?;
        if !listed.succeeded() {
            let said = String::from_utf8_lossy(&listed.stderr).trim().replace('\n', " ");
            return Err(self.wrong("diff.git", format!("git ls-tree failed: {said}"), "run it by hand to see why"));
        }
        Ok(listed.stdout.split(|byte| *byte == 0).filter_map(blob).collect())
    }

    /// Reads the objects, some at a time.
    fn read(&self, blobs: Vec<Blob>, out: &mut Vec<SourceFile>) -> Result<(), Box<Diagnostic>> {
        let mut rest = blobs.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let end = rest.iter().position(|blob| {
                bytes += blob.bytes;
                bytes > BATCH_BYTES
            });
            let (batch, later) = rest.split_at(end.unwrap_or(rest.len()).max(1));
            rest = later;
            let ids: String = batch.iter().map(|blob| format!("{}\n", blob.id)).collect();
            let answer = self.run(&["cat-file", "--batch"], ids.into_bytes())?;
            let texts = contents(&answer.stdout, batch.len());
            if texts.len() != batch.len() {
                let help = "a partial or damaged clone lacks objects: run `git fsck`, or fetch them";
                return Err(self.wrong("diff.git", format!("git gives no content of {}", self.revision), help));
            }
            for (blob, text) in batch.iter().zip(texts) {
                out.push(SourceFile { path: shown(&self.folder.join(&blob.path)), bytes: text.to_vec() });
            }
        }
        Ok(())
    }
}

/// `100644 blob <id> <bytes>\t<path>`: a plain file that can matter.
fn blob(entry: &[u8]) -> Option<Blob> {
    let text = String::from_utf8_lossy(entry);
    let (head, path) = text.split_once('\t')?;
    let mut words = head.split_whitespace();
    let (mode, kind, id, bytes) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let is_skipped = path.split('/').any(|part| SKIPPED.contains(&part));
    if kind != "blob" || !mode.starts_with("100") || is_skipped || !matters(Path::new(path)) {
        return None;
    }
    Some(Blob { id: id.to_owned(), bytes: bytes.parse().ok()?, path: path.to_owned() })
}

/// The contents in the answer of `cat-file --batch`: `<id> blob <bytes>`, a line feed, the content, a line feed.
fn contents(mut answer: &[u8], most: usize) -> Vec<&[u8]> {
    let mut out = Vec::with_capacity(most);
    while let Some(end) = answer.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&answer[..end]);
        let bytes =
            head.strip_suffix(" missing").map_or_else(|| head.rsplit(' ').next()?.parse::<usize>().ok(), |_| None);
        let Some(content) = bytes.and_then(|bytes| answer.get(end + 1..end + 1 + bytes)) else { break };
        out.push(content);
        answer = answer.get(end + 2 + content.len()..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_apart_by_their_sizes() {
        assert_eq!(contents(b"a blob 3\nx\ny\nb blob 0\n\n", 2), [&b"x\ny"[..], b""]);
        assert!(contents(b"a missing\n", 1).is_empty());
        assert!(contents(b"a blob 9\nshort", 1).is_empty());
    }

    #[test]
    fn links_and_submodules_are_no_files() {
        assert!(blob(b"100644 blob 12ab     7\ta/main.tf").is_some_and(|b| b.bytes == 7 && b.path == "a/main.tf"));
        assert!(blob(b"120000 blob 12ab     7\tlink.tf").is_none());
        assert!(blob(b"160000 commit 12ab       -\tsub").is_none());
        assert!(blob(b"100644 blob 12ab     7\tnode_modules/a.tf").is_none());
    }
}
