//! Verifying.

use crate::db::Mode;
use crate::error::{LedgerError, Result};
use crate::ledger::Shared;
use crate::note::Checkpoint;
use crate::schema::Head;
use crate::tree::Tiles;

/// Checks at start, without reading the log: the head's checkpoint is signed and is the tree's, and the checkpoint file
/// beside the database is of a beginning of it.
pub(crate) fn check_start(shared: &Shared) -> Result<()> {
    let (head, root) = shared.pool.run(Mode::Read, |conn| {
        let head = Head::read(conn)?;
        let root = Tiles::new(conn, head.size).root(head.size)?;
        Ok((head, root))
    })?;
    let verifier = shared.verifier()?;
    if !head.checkpoint.is_empty() {
        let checkpoint =
            Checkpoint::open(&head.checkpoint, verifier).map_err(|e| LedgerError::Tampered(e.to_string()))?;
        if checkpoint.size != head.size || checkpoint.root != root {
            return Err(LedgerError::Tampered("its checkpoint is not that of its tree".to_owned()));
        }
    } else if head.size > 0 {
        return Err(LedgerError::Tampered("its checkpoint is missing".to_owned()));
    }
    check_file(shared, &head)
}

/// The file's checkpoint must be of this log: what it counted must still be there, and be the same.
fn check_file(shared: &Shared, head: &Head) -> Result<()> {
    let Some(note) = crate::disk::read(&shared.checkpoint_path())? else { return Ok(()) };
    let tampered = |why: String| LedgerError::Tampered(format!("{}: {why}", shared.checkpoint_path().display()));
    let note = String::from_utf8(note).map_err(|_| tampered("it is no text".to_owned()))?;
    let seen = Checkpoint::open(&note, shared.verifier()?).map_err(|error| tampered(error.to_string()))?;
    if seen.size > head.size {
        let lost = seen.size - head.size;
        return Err(tampered(format!(
            "the log was rolled back: it has {} entries, {lost} fewer than were signed",
            head.size
        )));
    }
    let root = shared.pool.run(Mode::Read, |conn| Tiles::new(conn, head.size).root(seen.size))?;
    if root != seen.root {
        return Err(tampered(format!(
            "the log was forked: its first {} entries are not those that were signed",
            seen.size
        )));
    }
    Ok(())
}
