//! The published vectors for Merkle proofs: those that must hold hold, those that must not are refused.

use base64::Engine as _;
use mainstay_ledger::{LedgerError, merkle};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn vectors(kind: &str) -> Vec<(PathBuf, Value)> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/merkle")).join(kind);
    if !root.is_dir() {
        eprintln!("SKIPPED: {} is not there, so its vectors are not checked", root.display());
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, serde_json::from_str(&text).unwrap()));
            }
        }
    }
    assert!(found.len() > 50, "the vectors of {kind} are there as a whole");
    found
}

fn hash(value: &Value) -> Option<merkle::Hash> {
    base64::engine::general_purpose::STANDARD.decode(value.as_str()?).ok()?.try_into().ok()
}

/// A root; what is no hash at all ("don't care" in the vectors) stands for one of its own.
fn root(value: &Value) -> merkle::Hash {
    hash(value).unwrap_or_else(|| merkle::leaf_hash(value.as_str().unwrap_or_default().as_bytes()))
}

fn proof(value: &Value) -> Option<Vec<merkle::Hash>> {
    value.as_array().map_or(Some(Vec::new()), |hashes| hashes.iter().map(hash).collect())
}

/// Checks every vector with `check`, which gives `None` where a hash is no hash, which no proof survives.
fn check_all(kind: &str, check: impl Fn(&Value) -> Option<Result<(), LedgerError>>) {
    let mut seen = (0, 0);
    for (path, vector) in vectors(kind) {
        let holds = check(&vector).is_some_and(|outcome| outcome.is_ok());
        let wanted = !vector["wantErr"].as_bool().unwrap();
        assert_eq!(holds, wanted, "{}", path.display());
        seen = (seen.0 + u32::from(wanted), seen.1 + u32::from(!wanted));
    }
    println!("{kind}: {} vectors hold, {} are refused", seen.0, seen.1);
}

fn number(vector: &Value, name: &str) -> u64 {
    vector[name].as_u64().unwrap_or_default()
}

#[test]
fn inclusion_vectors_are_judged_as_published() {
    check_all("inclusion", |v| {
        let (leaf, root, path) = (hash(&v["leafHash"])?, root(&v["root"]), proof(&v["proof"])?);
        Some(merkle::verify_inclusion(number(v, "leafIdx"), number(v, "treeSize"), &leaf, &path, &root))
    });
}

#[test]
fn consistency_vectors_are_judged_as_published() {
    check_all("consistency", |v| {
        let (root1, root2, path) = (root(&v["root1"]), root(&v["root2"]), proof(&v["proof"])?);
        Some(merkle::verify_consistency(number(v, "size1"), number(v, "size2"), &root1, &root2, &path))
    });
}

#[test]
fn subtree_inclusion_vectors_are_judged_as_published() {
    check_all("subtreeinclusion", |v| {
        let (leaf, root, path) = (hash(&v["leafHash"])?, root(&v["root"]), proof(&v["proof"])?);
        Some(merkle::verify_subtree_inclusion(
            number(v, "leafIdx"),
            number(v, "start"),
            number(v, "end"),
            &leaf,
            &path,
            &root,
        ))
    });
}

#[test]
fn subtree_consistency_vectors_are_judged_as_published() {
    check_all("subtreeconsistency", |v| {
        let (root1, root2, path) = (root(&v["root1"]), root(&v["root2"]), proof(&v["proof"])?);
        Some(merkle::verify_subtree_consistency(
            number(v, "start"),
            number(v, "end"),
            number(v, "size"),
            &root1,
            &root2,
            &path,
        ))
    });
}
