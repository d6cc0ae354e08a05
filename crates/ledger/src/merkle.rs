//! The Merkle tree of RFC 6962 (section 2.1; verification as in RFC 9162, sections 2.1.3 and 2.1.4): hashes, and the
//! checking of proofs. Pure; where the hashes come from is the business of `tree`.

use crate::error::{LedgerError, Result};
use sha2::{Digest as _, Sha256};

/// A node of the tree.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256 of 0x00 and the entry.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(entry);
    hasher.finalize().into()
}

/// The hash of an inner node: SHA-256 of 0x01, left, right.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut block = [1; 65];
    block[1..33].copy_from_slice(left);
    block[33..].copy_from_slice(right);
    Sha256::digest(block).into()
}

/// The root of the empty tree: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The largest power of two below `size`, where a tree of two or more leaves splits.
pub(crate) fn split(size: u64) -> u64 {
    debug_assert!(size >= 2, "a tree of one leaf does not split");
    1 << (size - 1).ilog2()
}

/// The root over hashes that are all leaves, or all roots of full subtrees of one height.
#[must_use]
pub fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [one] => *one,
        many => {
            let at = usize::try_from(split(many.len() as u64)).unwrap_or(1);
            node_hash(&root_of(&many[..at]), &root_of(&many[at..]))
        }
    }
}

fn fails(why: &str) -> LedgerError {
    LedgerError::Proof(why.to_owned())
}

/// The two halves of checking: hashes that lie on both sides, then only to the left.
fn take<'a>(proof: &mut std::slice::Iter<'a, Hash>) -> Result<&'a Hash> {
    proof.next().ok_or_else(|| fails("the proof has too few hashes"))
}

/// The root that an inclusion proof leads to (RFC 9162, 2.1.3.2).
///
/// # Errors
/// The index lies outside of the tree, or the proof has not the length that the tree's shape demands.
pub fn root_from_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash]) -> Result<Hash> {
    if index >= size {
        return Err(fails("the entry's index lies outside of the tree"));
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    let mut rest = proof.iter();
    while last > 0 {
        if node & 1 == 1 || node == last {
            // A right child, or the last node of its level: with an even index it rises until it is a right child,
            // which it becomes, because the last node of a level above 0 has a bit set.
            hash = node_hash(take(&mut rest)?, &hash);
            while node & 1 == 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, take(&mut rest)?);
        }
        node >>= 1;
        last >>= 1;
    }
    if rest.next().is_some() {
        return Err(fails("the proof has too many hashes"));
    }
    Ok(hash)
}

/// Checks that a leaf is in a tree.
///
/// # Errors
/// The proof does not lead to the root.
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> Result<()> {
    if root_from_inclusion(index, size, leaf, proof)? == *root {
        return Ok(());
    }
    Err(fails("the proof of inclusion does not lead to the root"))
}

/// Checks that the tree of the first size is a beginning of the tree of the second (RFC 9162, 2.1.4.2).
///
/// # Errors
/// The proof does not lead to both roots.
pub fn verify_consistency(size1: u64, size2: u64, root1: &Hash, root2: &Hash, proof: &[Hash]) -> Result<()> {
    if size1 > size2 {
        return Err(fails("the older tree is larger than the newer"));
    }
    if size1 == 0 {
        // Every tree begins with the empty one, which proves nothing about it.
        return Err(fails("a proof from the empty tree says nothing"));
    }
    verify_subtree_consistency(0, size1, size2, root1, root2, proof)
}

/// Checks that the subtree over `[start, end)` is one of the tree (draft-ietf-plants-merkle-tree-certs, "subtrees"): its
/// hash and the tree's root follow from the proof.
///
/// # Errors
/// The range is no subtree, or the proof does not lead to both hashes.
pub fn verify_subtree_consistency(
    start: u64,
    end: u64,
    size: u64,
    subtree: &Hash,
    root: &Hash,
    proof: &[Hash],
) -> Result<()> {
    check_subtree(start, end)?;
    if end > size {
        return Err(fails("the subtree lies outside of the tree"));
    }
    if start == end {
        if !proof.is_empty() {
            return Err(fails("the proof has too many hashes"));
        }
        return if *subtree == empty_root() { Ok(()) } else { Err(fails("the empty subtree has another hash")) };
    }
    let mut rest = proof.iter();
    // The walk starts at the largest full subtree at the range's right edge: where that is the whole range, its hash is
    // known; where the range ends ragged, the proof brings it.
    let (mut node, mut stop, mut last) = (start, end - 1, size - 1);
    if end == size {
        while node != stop {
            (node, stop, last) = (node >> 1, stop >> 1, last >> 1);
        }
    } else {
        while node != stop && stop & 1 == 1 {
            (node, stop, last) = (node >> 1, stop >> 1, last >> 1);
        }
    }
    let (mut hash1, mut hash2) = if node == stop {
        (*subtree, *subtree)
    } else {
        let first = take(&mut rest)?;
        (*first, *first)
    };
    let mut at = stop;
    while last > 0 {
        if at & 1 == 1 || at == last {
            let left = take(&mut rest)?;
            if node < at {
                hash1 = node_hash(left, &hash1);
            }
            hash2 = node_hash(left, &hash2);
            while at & 1 == 0 {
                (node, at, last) = (node >> 1, at >> 1, last >> 1);
            }
        } else {
            hash2 = node_hash(&hash2, take(&mut rest)?);
        }
        (node, at, last) = (node >> 1, at >> 1, last >> 1);
    }
    if rest.next().is_some() {
        return Err(fails("the proof has too many hashes"));
    }
    if hash1 != *subtree {
        return Err(fails("the proof does not lead to the older root"));
    }
    if hash2 != *root {
        return Err(fails("the proof does not lead to the newer root"));
    }
    Ok(())
}

/// Checks that a leaf is in the subtree over `[start, end)`.
///
/// # Errors
/// The range is no subtree, or the proof does not lead to its hash.
pub fn verify_subtree_inclusion(
    index: u64,
    start: u64,
    end: u64,
    leaf: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<()> {
    check_subtree(start, end)?;
    if index < start || index >= end {
        return Err(fails("the entry's index lies outside of the subtree"));
    }
    verify_inclusion(index - start, end - start, leaf, proof, root)
}

/// A range is a subtree where its start is a multiple of the power of two that holds its length.
fn check_subtree(start: u64, end: u64) -> Result<()> {
    if start > end {
        return Err(fails("the subtree ends before it starts"));
    }
    match (end - start).checked_next_power_of_two() {
        Some(width) if start.is_multiple_of(width) => Ok(()),
        _ => Err(fails("the range is no subtree")),
    }
}
