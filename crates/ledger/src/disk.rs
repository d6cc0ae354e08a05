//! The few files beside the database: the signing key and the latest checkpoint.

#![expect(clippy::disallowed_methods, reason = "the ledger is one of the places that may touch the disk")]

use crate::error::{LedgerError, Result};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

/// Makes the folder where it does not exist.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(LedgerError::file(path))
}

/// Whether there is a file.
pub(crate) fn is_there(path: &Path) -> bool {
    path.is_file()
}

/// The bytes of a file; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LedgerError::file(path)(error)),
    }
}

/// Writes a file that only its owner may read, as a whole or not at all; one that exists stays as it is.
pub(crate) fn create_private(path: &Path, write: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(LedgerError::file(&draft))?;
    write(&mut file).map_err(LedgerError::file(&draft))?;
    // A link fails where the name is taken; a rename would replace another process's key.
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(LedgerError::file(&draft))?;
    match linked {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(LedgerError::file(path)(error)),
    }
}

/// Replaces a file as a whole: after a crash there is the old one or the new one, never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = File::create(&draft).map_err(LedgerError::file(&draft))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(LedgerError::file(&draft))?;
    std::fs::rename(&draft, path).map_err(LedgerError::file(path))?;
    sync_folder(path)
}

/// Adds a line to a file, making it where there is none. A line that was cut off before stays a line of its own.
pub(crate) fn add_line(path: &Path, line: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).open(path).map_err(LedgerError::file(path))?;
    file.write_all(format!("\n{line}").as_bytes()).and_then(|()| file.sync_data()).map_err(LedgerError::file(path))
}

fn sync_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LedgerError::file(folder))
}

/// Fills with bytes of the system's random source.
pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| LedgerError::refused(format!("the system gives no random bytes: {error}")))
}
