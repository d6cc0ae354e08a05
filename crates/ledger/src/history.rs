//! The checkpoints of earlier sizes, kept in a file beside the database (`checkpoints`, one signed note a line, as a JSON
//! string). One checkpoint tells that a log was forked; two tell between which entries: the older still fits, the newer
//! does not. Kept in the database they would tell nothing, because whoever restores or rewrites it brings back the ones
//! that fit.

use crate::db::Mode;
use crate::error::Result;
use crate::ledger::Shared;
use crate::note::{Checkpoint, NoteVerifier};
use crate::tree::Tiles;

/// Entries between two checkpoints of the history at least.
pub(crate) const STEP: u64 = 256;

fn path(shared: &Shared) -> std::path::PathBuf {
    shared.folder.join("checkpoints")
}

/// Adds a signed checkpoint.
pub(crate) fn add(shared: &Shared, note: &str) -> Result<()> {
    crate::disk::add_line(&path(shared), &serde_json::Value::from(note).to_string())
}

/// The checkpoints that are signed by the key and of fewer entries than given, by size. A line that is damaged or signed
/// by another key counts for nothing.
fn read(shared: &Shared, verifier: &NoteVerifier, below: u64) -> Result<Vec<Checkpoint>> {
    let bytes = crate::disk::read(&path(shared))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let notes = text.lines().filter_map(|line| serde_json::from_str::<String>(line).ok());
    let mut kept: Vec<Checkpoint> = notes.filter_map(|note| Checkpoint::open(&note, verifier).ok()).collect();
    kept.retain(|checkpoint| checkpoint.size < below);
    kept.sort_by_key(|checkpoint| checkpoint.size);
    Ok(kept)
}

/// The first and the last entry of which one is the first that differs, in a log of `size` entries that is known not to
/// begin with the first `forked` of the log that the history is of.
pub(crate) fn first_differing(shared: &Shared, verifier: &NoteVerifier, size: u64, forked: u64) -> Result<(u64, u64)> {
    let kept = read(shared, verifier, forked)?;
    shared.pool.run(Mode::Read, |conn| {
        let mut tiles = Tiles::new(conn, size);
        // What fits at one size fits at every smaller one, so that halving finds the edge.
        let (mut low, mut high) = (0, kept.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if kept[middle].size == 0 || tiles.root(kept[middle].size)? == kept[middle].root {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let fits = low.checked_sub(1).map_or(0, |at| kept[at].size);
        Ok((fits, kept.get(low).map_or(forked, |checkpoint| checkpoint.size) - 1))
    })
}
