//! Files: reads with limits, walks that skip what is not the user's, writes that are whole or not at all.

use crate::CassetteError;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Largest file that is read whole, in bytes. What is larger is bulk and must be streamed.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Most files that one walk lists.
pub const WALK_FILES_MAX: usize = 200_000;

/// Deepest folder that a walk enters, counted from its root.
pub const WALK_DEPTH_MAX: usize = 64;

/// Folders that are never the user's own text: version control, caches and what package managers fetch.
const SKIPPED: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    ".terragrunt-cache",
    ".venv",
    "__pycache__",
    ".mainstay",
    ".tox",
    ".direnv",
];

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("failed to {action} {path}: {reason}")]
    Io {
        /// What was attempted: `read`, `open`, `write`, `list`.
        action: &'static str,
        /// On what.
        path: String,
        /// The system's reason.
        reason: String,
        /// The system's kind of error, so that a caller can tell absent from forbidden.
        kind: io::ErrorKind,
    },
    /// The file is larger than the caller can take.
    #[error("{path} is larger than {bytes_max} bytes")]
    TooLarge {
        /// The file.
        path: String,
        /// The limit.
        bytes_max: u64,
    },
    /// A recorded world had no answer.
    #[error("{path}: {reason}")]
    Replayed {
        /// The file.
        path: String,
        /// The cassette's reason.
        reason: String,
    },
}

/// What a walk found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// Every file, in the order of its path.
    pub files: Vec<PathBuf>,
    /// What could not be listed and why; what is below it was not seen.
    pub problems: Vec<String>,
}

impl FileError {
    fn io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { action, path: path.display().to_string(), reason: error.to_string(), kind: error.kind() }
    }

    pub(crate) fn replayed(path: &Path, error: CassetteError) -> Self {
        Self::Replayed { path: path.display().to_string(), reason: error.to_string() }
    }

    /// Whether the file is simply not there.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Io { kind: io::ErrorKind::NotFound, .. })
    }
}

/// Reads a whole file of at most `bytes_max` bytes, and never more of it into memory.
///
/// # Errors
/// [`FileError::TooLarge`] past the limit, else what the system says.
pub fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    let file = open(path)?;
    let expected = file.metadata().map_or(0, |meta| meta.len()).min(bytes_max);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    let limit = bytes_max.saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|e| FileError::io("read", path, &e))?;
    if bytes.len() as u64 > bytes_max {
        return Err(FileError::TooLarge { path: path.display().to_string(), bytes_max });
    }
    Ok(bytes)
}

/// Opens a file for streaming. A folder is refused here rather than at the first read.
///
/// # Errors
/// What the system says.
pub fn open(path: &Path) -> Result<File, FileError> {
    let file = File::open(path).map_err(|e| FileError::io("open", path, &e))?;
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(FileError::io("read", path, &io::Error::from(io::ErrorKind::IsADirectory)));
    }
    Ok(file)
}

/// What tells whether a file changed: when it was written last, and how long it is.
pub type Stamp = (std::time::SystemTime, u64);

/// The stamp of a file; `None` where it is not there or the system keeps no times.
#[must_use]
pub fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// Whether the path is a folder.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Makes a folder and those above it.
///
/// # Errors
/// What the system says.
pub fn make_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|e| FileError::io("make the folder", path, &e))
}

/// Lists the files below a folder in the order of their paths.
///
/// Left out: version control, package and build caches, `target` beside a `Cargo.toml` or `pom.xml`, and of
/// `.terraform` everything but `modules/modules.json`. A link to a file counts as the file; a link to a folder is not
/// followed, since it can lead out or around.
///
/// # Errors
/// The root cannot be listed. A folder below it that cannot is one of [`Walk::problems`].
pub fn walk(root: &Path) -> Result<Walk, FileError> {
    let mut found = Walk::default();
    let mut open_folders = vec![(root.to_path_buf(), 0)];
    while let Some((folder, depth)) = open_folders.pop() {
        match list(&folder, &mut found.files) {
            Err(error) if depth == 0 => return Err(error),
            Err(error) => found.problems.push(error.to_string()),
            Ok(folders) if depth >= WALK_DEPTH_MAX && !folders.is_empty() => {
                found.problems.push(format!("{} is deeper than {WALK_DEPTH_MAX} folders", folder.display()));
            }
            Ok(folders) => open_folders.extend(folders.into_iter().map(|folder| (folder, depth + 1))),
        }
        if found.files.len() > WALK_FILES_MAX {
            found.problems.push(format!("{} holds more than {WALK_FILES_MAX} files", root.display()));
            break;
        }
    }
    found.files.sort();
    Ok(found)
}

/// Adds the files of one folder and returns the folders to enter.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<Vec<PathBuf>, FileError> {
    let failed = |e: io::Error| FileError::io("list", folder, &e);
    let mut folders = Vec::new();
    let mut builds = false;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            if &*name == ".terraform" {
                let modules = path.join("modules/modules.json");
                files.extend(modules.is_file().then_some(modules));
            } else if !SKIPPED.contains(&&*name) {
                folders.push(path);
            }
        } else if kind.is_file() || (kind.is_symlink() && path.is_file()) {
            builds |= &*name == "Cargo.toml" || &*name == "pom.xml";
            files.push(path);
        }
    }
    folders.retain(|path| !(path.ends_with("target") && (builds || path.join("CACHEDIR.TAG").exists())));
    Ok(folders)
}

/// Writes a file so that a reader, or a crash at any instant, sees the old content or the new and nothing between:
/// a temporary file beside it, flushed to the disk, renamed over it, and the folder flushed.
///
/// # Errors
/// What the system says; the temporary file is removed then.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_as(path, bytes, false)
}

/// As [`write_atomic`], readable by the owner alone; for keys.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_as(path, bytes, true)
}

fn write_as(path: &Path, bytes: &[u8], private: bool) -> Result<(), FileError> {
    let failed = |e: io::Error| FileError::io("write", path, &e);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidInput)))?;
    let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let result = write_then_rename(&temporary, path, folder, bytes, private);
    if result.is_err() {
        // The first error is the one worth telling; a leftover file is harmless.
        let _ = fs::remove_file(&temporary);
    }
    result.map_err(failed)
}

fn write_then_rename(temporary: &Path, path: &Path, folder: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let mut file = options.open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    // Not every file system lets a folder be flushed; the rename itself has happened.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("mainstay-outside-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn a_file_past_the_limit_is_refused_and_one_at_the_limit_is_read() {
        let root = folder("limit");
        let path = root.join("a");
        write_atomic(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(matches!(read(&path, 4), Err(FileError::TooLarge { .. })));
        assert!(read(&root.join("absent"), 4).unwrap_err().is_absent());
        assert!(read(&root, 4).is_err(), "a folder is no file");
    }

    #[test]
    fn a_walk_lists_what_is_the_users_and_skips_caches() {
        let root = folder("walk");
        for name in [
            "b.tf",
            "a/c.yaml",
            ".git/config",
            "x/node_modules/y.js",
            ".terraform/modules/modules.json",
            ".terraform/providers/p.tf",
            "rust/Cargo.toml",
            "rust/target/out",
            "k8s/target/deployment.yaml",
        ] {
            let path = root.join(name);
            make_folder(path.parent().unwrap()).unwrap();
            write_atomic(&path, b"x").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&root, root.join("around")).unwrap();
        let names: Vec<_> = walk(&root).unwrap().files.iter().map(|path| crate::relative(&root, path)).collect();
        assert_eq!(
            names,
            [".terraform/modules/modules.json", "a/c.yaml", "b.tf", "k8s/target/deployment.yaml", "rust/Cargo.toml"]
        );
        assert!(walk(&root.join("absent")).is_err());
    }

    #[test]
    fn a_failed_write_leaves_the_old_content_and_no_litter() {
        let root = folder("atomic");
        let path = root.join("a");
        write_atomic(&path, b"old").unwrap();
        // The target is a folder with content, so the rename must fail.
        let blocked = root.join("blocked");
        make_folder(&blocked.join("inside")).unwrap();
        assert!(write_atomic(&blocked, b"new").is_err());
        write_private(&path, b"new").unwrap();
        assert_eq!(read(&path, 10).unwrap(), b"new");
        assert_eq!(walk(&root).unwrap().files, std::slice::from_ref(&path));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
