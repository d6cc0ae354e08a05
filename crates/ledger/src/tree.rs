//! The tree as it is stored: tiles of 256 hashes (c2sp.org/tlog-tiles). Tile `n` of level `l` holds the roots of the
//! full subtrees of height 8l that start at index 256n. The last tile of a level is partial and is rewritten as it grows;
//! every hash of the tree follows from tiles, so that no proof ever reads the facts.

use crate::db::{self, Conn};
use crate::error::{LedgerError, Result};
use crate::merkle::{self, Hash, node_hash, root_of};
use crate::value::Value;
use std::collections::HashMap;

/// Hashes of a full tile.
pub(crate) const TILE_WIDTH: u64 = 256;
/// Height of a tile.
const TILE_HEIGHT: u32 = 8;
/// Levels of tiles: 256^8 leaves are 2^64.
const LEVELS: u32 = 8;
/// Bits of the tile's index in its key.
const KEY_BITS: u32 = 48;

/// The key of a tile in its table.
pub(crate) fn tile_key(level: u32, index: u64) -> i64 {
    i64::from(level) << KEY_BITS | i64::try_from(index).unwrap_or(i64::MAX)
}

/// The right edge of a growing tree: for each level the hashes of its last, partial tile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    pub size: u64,
    /// By level: fewer than 256 hashes each.
    partial: Vec<Vec<Hash>>,
}

/// Tiles to be written: key and hashes, joined.
pub(crate) type TileRows = Vec<(i64, Vec<u8>)>;

impl Edge {
    /// The edge of a tree whose last, partial tiles are known.
    pub(crate) fn of(size: u64, partial: Vec<Vec<Hash>>) -> Self {
        Self { size, partial }
    }

    /// Adds leaves and gives the tiles that changed.
    pub(crate) fn extend(&mut self, leaves: &[Hash]) -> TileRows {
        let mut rows = TileRows::new();
        let mut new = leaves.to_vec();
        let mut size = self.size;
        for level in 0..LEVELS {
            if new.is_empty() {
                break;
            }
            if self.partial.len() <= level as usize {
                self.partial.push(Vec::new());
            }
            let tail = &mut self.partial[level as usize];
            let mut index = size / TILE_WIDTH;
            let mut above = Vec::new();
            for hash in new {
                tail.push(hash);
                if tail.len() as u64 == TILE_WIDTH {
                    rows.push((tile_key(level, index), tail.concat()));
                    above.push(root_of(tail));
                    tail.clear();
                    index += 1;
                }
            }
            if !tail.is_empty() {
                rows.push((tile_key(level, index), tail.concat()));
            }
            new = above;
            size /= TILE_WIDTH;
        }
        self.size += leaves.len() as u64;
        rows
    }

    /// The root of the tree.
    pub(crate) fn root(&self) -> Hash {
        // From the lowest level up: what lies to the right of the full tiles is folded into the level above.
        let mut right: Option<Hash> = None;
        for tail in &self.partial {
            // Full subtrees of one height, then at most one smaller one.
            let mut rest = tail.as_slice();
            while !rest.is_empty() {
                let (left, part) = rest.split_at(rest.len() - (1 << rest.len().trailing_zeros()));
                let part = root_of(part);
                right = Some(right.map_or(part, |right| node_hash(&part, &right)));
                rest = left;
            }
        }
        right.unwrap_or_else(merkle::empty_root)
    }

    /// Reads the edge of a tree of the size.
    pub(crate) fn load(conn: &mut dyn Conn, size: u64) -> Result<Self> {
        let mut tiles = Tiles::new(conn, size);
        let mut partial = Vec::new();
        let mut nodes = size;
        for level in 0..LEVELS {
            if nodes == 0 {
                break;
            }
            let width = nodes % TILE_WIDTH;
            let mut tail = Vec::new();
            if width > 0 {
                tail = tiles.tile(level, nodes / TILE_WIDTH)?[..usize::try_from(width).unwrap_or(0)].to_vec();
            }
            partial.push(tail);
            nodes /= TILE_WIDTH;
        }
        Ok(Self { size, partial })
    }
}

/// Reads hashes of a tree of a size from its tiles, which stay in memory while this lives.
pub(crate) struct Tiles<'a> {
    conn: &'a mut dyn Conn,
    size: u64,
    seen: HashMap<i64, Vec<Hash>>,
}

impl<'a> Tiles<'a> {
    pub(crate) fn new(conn: &'a mut dyn Conn, size: u64) -> Self {
        Self { conn, size, seen: HashMap::new() }
    }

    /// A tile with at least the hashes that it has in a tree of the size.
    pub(crate) fn tile(&mut self, level: u32, index: u64) -> Result<&[Hash]> {
        let key = tile_key(level, index);
        if !self.seen.contains_key(&key) {
            let hashes = read_tile(self.conn, key)?.unwrap_or_default();
            let nodes = self.size.checked_shr(TILE_HEIGHT * level).unwrap_or(0);
            let wanted = nodes.saturating_sub(index * TILE_WIDTH).min(TILE_WIDTH);
            if (hashes.len() as u64) < wanted {
                return Err(LedgerError::Tampered(format!(
                    "tile {level}/{index} of the tree has {} hashes instead of {wanted}",
                    hashes.len()
                )));
            }
            self.seen.insert(key, hashes);
        }
        Ok(&self.seen[&key])
    }

    /// The root of the full subtree of the height at the index.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash> {
        let (level, inner) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let first = index << inner;
        let at = usize::try_from(first % TILE_WIDTH).unwrap_or(0);
        let tile = self.tile(level, first / TILE_WIDTH)?;
        let hashes = tile.get(at..at + (1 << inner)).ok_or_else(|| {
            LedgerError::Tampered(format!("tile {level}/{} of the tree is cut off", first / TILE_WIDTH))
        })?;
        Ok(root_of(hashes))
    }

    /// The hash over the leaves `[start, end)`, where `start` is where a tree splits.
    fn range(&mut self, start: u64, end: u64) -> Result<Hash> {
        let width = end - start;
        if width == 0 {
            return Ok(merkle::empty_root());
        }
        if width.is_power_of_two() && start.is_multiple_of(width) {
            return self.node(width.ilog2(), start / width);
        }
        let at = merkle::split(width);
        let (left, right) = (self.range(start, start + at)?, self.range(start + at, end)?);
        Ok(node_hash(&left, &right))
    }

    fn check_size(&self, size: u64) -> Result<()> {
        if size > self.size {
            return Err(LedgerError::refused(format!("the ledger has {} entries, not {size}", self.size)));
        }
        Ok(())
    }

    /// The root that the tree had when it had the size.
    pub(crate) fn root(&mut self, size: u64) -> Result<Hash> {
        self.check_size(size)?;
        self.range(0, size)
    }

    /// Proof that the leaf is in the tree of the size (RFC 6962, 2.1.1).
    pub(crate) fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<Hash>> {
        self.check_size(size)?;
        if index >= size {
            return Err(LedgerError::refused(format!("entry {index} is not among the first {size}")));
        }
        let (mut start, mut end) = (0, size);
        let mut path = Vec::new();
        while end - start > 1 {
            let middle = start + merkle::split(end - start);
            if index < middle {
                path.push(self.range(middle, end)?);
                end = middle;
            } else {
                path.push(self.range(start, middle)?);
                start = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// Proof that the tree of the first size is a beginning of the tree of the second (RFC 6962, 2.1.2).
    pub(crate) fn consistency(&mut self, size1: u64, size2: u64) -> Result<Vec<Hash>> {
        self.check_size(size2)?;
        if size1 == 0 || size1 > size2 {
            return Err(LedgerError::refused(format!("there is no proof from {size1} to {size2} entries")));
        }
        let (mut start, mut end) = (0, size2);
        let mut path = Vec::new();
        while size1 != end {
            let middle = start + merkle::split(end - start);
            if size1 <= middle {
                path.push(self.range(middle, end)?);
                end = middle;
            } else {
                path.push(self.range(start, middle)?);
                start = middle;
            }
        }
        if start > 0 {
            path.push(self.range(start, end)?);
        }
        path.reverse();
        Ok(path)
    }
}

/// The hashes of a stored tile; `None` where there is none.
pub(crate) fn read_tile(conn: &mut dyn Conn, key: i64) -> Result<Option<Vec<Hash>>> {
    let row = db::query_one(conn, "SELECT hashes FROM ledger_tiles WHERE id = $1", &[Value::Integer(key)])?;
    row.map(|row| Ok(row.blob(0)?.as_chunks::<32>().0.to_vec())).transpose()
}

/// Writes the tiles that changed.
pub(crate) fn write_tiles(conn: &mut dyn Conn, rows: TileRows) -> Result<()> {
    let rows: Vec<Vec<Value>> =
        rows.into_iter().map(|(key, hashes)| vec![Value::Integer(key), Value::Blob(hashes)]).collect();
    conn.execute_many(
        "INSERT INTO ledger_tiles (id, hashes) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET hashes = excluded.hashes",
        &rows,
    )?;
    Ok(())
}
