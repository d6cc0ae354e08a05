//! Digests and ids that come out the same whoever reads a document, how often, and in which order.

use mainstay_model::{Digest, FactId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 over parts, each with its length in front, so that no two lists of parts run together.
#[must_use]
pub fn digest(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    Digest(hash.finalize().into())
}

/// An id out of what makes a statement the one it is.
#[must_use]
pub fn fact_id(parts: &[&str]) -> FactId {
    let bytes: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
    FactId::new(digest(&bytes).to_string()).expect("a hexadecimal digest is a plain identifier")
}

/// The digest of what a statement says: keys in order, and without line and column, since a thing that merely moved
/// within its file has not changed.
#[must_use]
pub fn content_digest(data: &Value) -> Digest {
    let mut text = Vec::with_capacity(512);
    write_canonical(data, &mut text);
    digest(&[&text])
}

fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_canonical(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (key, item) in keys {
                write_plain(key, out);
                out.push(b':');
                match (key.as_str(), item.get("file")) {
                    ("place", Some(file)) => write_canonical(file, out),
                    _ => write_canonical(item, out),
                }
                out.push(b',');
            }
            out.push(b'}');
        }
        other => write_plain(other, out),
    }
}

/// A value without parts. Writing into memory cannot fail.
fn write_plain(value: &(impl serde::Serialize + ?Sized), out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_moved_line_keeps_the_digest_and_a_moved_file_does_not() {
        let at = |file: &str, line: u32| json!({"name": "a", "place": {"file": file, "line": line, "column": 1}});
        assert_eq!(content_digest(&at("a.tf", 1)), content_digest(&at("a.tf", 9)));
        assert_ne!(content_digest(&at("a.tf", 1)), content_digest(&at("b.tf", 1)));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fact_id(&["ab", "c"]), fact_id(&["a", "bc"]));
        assert_eq!(fact_id(&["a"]).as_str().len(), 64);
    }
}
