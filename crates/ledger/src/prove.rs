//! Proving: a fact as a document that anybody can check, and the files of the log (c2sp.org/tlog-tiles).

use crate::db::{self, Mode};
use crate::entry;
use crate::error::{LedgerError, Result};
use crate::ledger::Ledger;
use crate::merkle::{Hash, leaf_hash, verify_inclusion};
use crate::note::{Checkpoint, NoteVerifier};
use crate::schema::Head;
use crate::tree::{TILE_WIDTH, Tiles};
use crate::verify::{self, VerifyOptions, VerifyReport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The form of a proof.
const FORMAT: &str = "mainstay-proof-v1";

/// A proof that a fact is in the log that a checkpoint signs. It carries all that checking needs but the key, which the
/// checker must have from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Always `mainstay-proof-v1`.
    pub format: String,
    /// Position of the fact.
    pub sequence: u64,
    /// The entry, word for word.
    pub entry: String,
    /// Salt in hexadecimal; missing where the fact was redacted.
    pub salt: Option<String>,
    /// Canonical JSON text of the data; missing where the fact was redacted.
    pub data: Option<String>,
    /// Canonical JSON text of the extensions, where the fact has any.
    pub extensions: Option<String>,
    /// Hashes from the leaf's sibling up to the root, in base64.
    pub inclusion: Vec<String>,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The key that signed, for comparing with the one that is trusted.
    pub verifier: String,
}

impl Proof {
    /// Checks the proof against a key that is trusted.
    ///
    /// # Errors
    /// Which part does not hold.
    pub fn check(&self, verifier: &NoteVerifier) -> Result<Checkpoint> {
        let fails = |why: &str| LedgerError::Proof(why.to_owned());
        if self.format != FORMAT {
            return Err(fails("the form of the proof is not known"));
        }
        let checkpoint = Checkpoint::open(&self.checkpoint, verifier)?;
        let hash = |text: &String| BASE64.decode(text).ok().and_then(|raw| Hash::try_from(raw).ok());
        let path: Option<Vec<Hash>> = self.inclusion.iter().map(hash).collect();
        let path = path.ok_or_else(|| fails("a hash of the proof is malformed"))?;
        verify_inclusion(self.sequence, checkpoint.size, &leaf_hash(self.entry.as_bytes()), &path, &checkpoint.root)?;
        if let (Some(salt), Some(data)) = (&self.salt, &self.data) {
            let salt: [u8; entry::SALT_BYTES] =
                entry::unhex(salt.as_bytes()).ok_or_else(|| fails("the salt is malformed"))?;
            let digest = entry::digest(&salt, data.as_bytes(), self.extensions.as_deref().map(str::as_bytes));
            if !entry::states_digest(self.entry.as_bytes(), &digest) {
                return Err(fails("the data is not what the entry digests"));
            }
        }
        Ok(checkpoint)
    }
}

impl Ledger {
    /// The proof that the fact at a position is in the log as last signed.
    ///
    /// # Errors
    /// There is no such fact, or the database fails.
    pub fn prove(&self, seq: u64) -> Result<Proof> {
        let verifier = self.verifier()?.to_text();
        self.read(|tx| {
            let stored = tx.stored(seq)?.ok_or_else(|| LedgerError::refused(format!("there is no entry {seq}")))?;
            let head = Head::read(tx.conn)?;
            let path = Tiles::new(tx.conn, head.size).inclusion(seq, head.size)?;
            let whole = stored.salt.is_some();
            Ok(Proof {
                format: FORMAT.to_owned(),
                sequence: seq,
                entry: stored.entry,
                salt: stored.salt.map(|salt| entry::hex(&salt)),
                data: whole.then_some(stored.data),
                extensions: stored.extensions,
                inclusion: path.iter().map(|hash| BASE64.encode(hash)).collect(),
                checkpoint: head.checkpoint,
                verifier,
            })
        })
    }

    /// Proof that the log of the first size is a beginning of the log of the second (RFC 6962).
    ///
    /// # Errors
    /// The sizes do not fit the ledger, or the database fails.
    pub fn prove_consistency(&self, size1: u64, size2: u64) -> Result<Vec<Hash>> {
        self.shared().pool.run(Mode::Read, |conn| {
            let size = Head::read(conn)?.size;
            Tiles::new(conn, size).consistency(size1, size2)
        })
    }

    /// Reads every entry and recomputes every hash. A ledger that does not open because it was tampered with can still be
    /// verified: open it with `read_only`.
    ///
    /// # Errors
    /// The database fails; what is wrong with the log is in the report.
    pub fn verify(&self, options: &VerifyOptions) -> Result<VerifyReport> {
        verify::verify(self.shared(), options)
    }

    /// A file of the log as it is served to mirrors and monitors: `checkpoint`, `tile/<L>/<N>[.p/<W>]` and
    /// `tile/entries/<N>[.p/<W>]`; `None` where the path names none.
    ///
    /// # Errors
    /// The database fails, or the tree is damaged.
    pub fn log_file(&self, path: &str) -> Result<Option<Vec<u8>>> {
        if path == "checkpoint" {
            return Ok(Some(self.checkpoint()?.into_bytes()));
        }
        let Some(name) = TileName::parse(path) else { return Ok(None) };
        self.shared().pool.run(Mode::Read, |conn| {
            let size = Head::read(conn)?.size;
            let nodes = name.level.map_or(size, |level| size.checked_shr(8 * level).unwrap_or(0));
            let have = nodes.saturating_sub(name.index.saturating_mul(TILE_WIDTH)).min(TILE_WIDTH);
            if name.width > have {
                return Ok(None);
            }
            let width = usize::try_from(name.width).unwrap_or(0);
            match name.level {
                Some(level) => Ok(Some(Tiles::new(conn, size).tile(level, name.index)?[..width].concat())),
                None => entries(conn, name.index * TILE_WIDTH, name.width).map(Some),
            }
        })
    }

    /// Writes all files of the log into a folder, which any file server can then serve.
    ///
    /// # Errors
    /// The database or the disk fails.
    pub fn write_log_files(&self, folder: &Path) -> Result<u64> {
        let mut written = 0;
        let mut put = |path: &str| -> Result<()> {
            let bytes = self.log_file(path)?.ok_or_else(|| LedgerError::refused(format!("the log has no {path}")))?;
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                crate::disk::make_folder(parent)?;
            }
            written += 1;
            crate::disk::replace(&file, &bytes)
        };
        // The checkpoint goes last, so that it never counts what is not there yet.
        let size = Checkpoint::open(&self.checkpoint()?, &self.verifier()?)?.size;
        let (mut level, mut nodes) = (0, size);
        while nodes > 0 {
            for index in 0..nodes.div_ceil(TILE_WIDTH) {
                let width = (nodes - index * TILE_WIDTH).min(TILE_WIDTH);
                put(&TileName { level: Some(level), index, width }.path())?;
                if level == 0 {
                    put(&TileName { level: None, index, width }.path())?;
                }
            }
            (level, nodes) = (level + 1, nodes / TILE_WIDTH);
        }
        put("checkpoint")?;
        Ok(written)
    }
}

/// The widest copy of a tile of leaf hashes in a folder of log files; `None` where there is none.
pub(crate) fn mirrored_tile(folder: &Path, index: u64) -> Result<Option<Vec<Hash>>> {
    for width in (1..=TILE_WIDTH).rev() {
        let path = folder.join(TileName { level: Some(0), index, width }.path());
        if let Some(bytes) = crate::disk::read(&path)? {
            return Ok(Some(bytes.as_chunks::<32>().0.to_vec()));
        }
    }
    Ok(None)
}

/// Entries of a bundle, each behind its length in 16 bits.
fn entries(conn: &mut dyn db::Conn, first: u64, count: u64) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let sql = "SELECT entry FROM ledger_facts WHERE seq >= $1 AND seq < $2 ORDER BY seq";
    conn.each_ref(sql, &[first.into(), (first + count).into()], &mut |values| {
        let db::ValueRef::Text(entry) = values[0] else { return Ok(true) };
        let length =
            u16::try_from(entry.len()).map_err(|_| LedgerError::refused("an entry is too long for a bundle"))?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(entry);
        Ok(true)
    })?;
    Ok(out)
}

/// The name of a tile: hashes of a level, or entries.
#[derive(Debug, PartialEq, Eq)]
struct TileName {
    level: Option<u32>,
    index: u64,
    width: u64,
}

impl TileName {
    /// The path: the index in groups of three digits, all but the last behind an `x`.
    fn path(&self) -> String {
        let mut groups = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups = format!("x{:03}/{groups}", rest % 1000);
            rest /= 1000;
        }
        let level = self.level.map_or_else(|| "entries".to_owned(), |level| level.to_string());
        let partial = if self.width == TILE_WIDTH { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{level}/{groups}{partial}")
    }

    fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (groups, width) = match rest.split_once(".p/") {
            Some((groups, width)) => (groups, width.parse().ok()?),
            None => (rest, TILE_WIDTH),
        };
        let level = if level == "entries" { None } else { Some(level.parse().ok().filter(|level| *level < 8)?) };
        let mut index: u64 = 0;
        for group in groups.split('/') {
            index = index.checked_mul(1000)?.checked_add(group.trim_start_matches('x').parse().ok()?)?;
        }
        let name = Self { level, index, width };
        // One file has one name: what is not written as we would write it is none.
        (name.width > 0 && name.width <= TILE_WIDTH && name.path() == path).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_named_as_the_specification_shows() {
        // c2sp.org/tlog-tiles: "tile 1234067 is x001/x234/067".
        let name = TileName { level: Some(0), index: 1_234_067, width: 256 };
        assert_eq!(name.path(), "tile/0/x001/x234/067");
        assert_eq!(TileName::parse("tile/0/x001/x234/067"), Some(name));
        assert_eq!(TileName::parse("tile/entries/000.p/5"), Some(TileName { level: None, index: 0, width: 5 }));
        for wrong in [
            "tile/0/67",
            "tile/0/x000/067",
            "tile/0/067.p/256",
            "tile/0/067.p/0",
            "tile/8/000",
            "tile/+1/000",
            "../tile/0/000",
        ] {
            assert_eq!(TileName::parse(wrong), None, "{wrong}");
        }
    }
}
