//! The script that is shipped for checkers who do not have Mainstay agrees with Mainstay.

use crate::common::{Place, at, note};
use serde_json::json;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/verify/verify.py");

/// Whether the script says that the proof holds.
fn holds(folder: &Path, proof: &str, key: &str) -> bool {
    let file = folder.join("proof.json");
    std::fs::write(&file, proof).unwrap();
    let output = Command::new("python3").arg(SCRIPT).arg(&file).arg(key).output().expect("python3 runs");
    let text = String::from_utf8(output.stdout).unwrap();
    match output.status.code() {
        Some(0) => {
            assert!(text.starts_with("HOLDS"), "{text}");
            true
        }
        Some(1) => {
            assert!(text.starts_with("DOES NOT HOLD"), "{text}");
            false
        }
        other => panic!("{other:?}: {text} {}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn a_proof_holds_for_the_script_and_no_damaged_one_does() {
    let place = Place::sqlite();
    let ledger = place.open();
    ledger.append((0..300).map(|n| note(n, "host:a", 0, "Grüße")).collect(), at(10)).unwrap();
    ledger.redact(7, "/cli", "request of erasure", json!(null), at(20)).unwrap();
    let key = ledger.verifier().unwrap().to_text();
    for seq in [0, 7, 255, 256, 300] {
        let proof = serde_json::to_string(&ledger.prove(seq).unwrap()).unwrap();
        assert!(holds(&place.folder, &proof, &key), "entry {seq}");
    }
    let good = serde_json::to_value(ledger.prove(42).unwrap()).unwrap();
    let damage = |path: &str, from: &str, to: &str| {
        let mut bad = good.clone();
        let field = bad.pointer_mut(path).unwrap();
        *field = json!(field.as_str().unwrap().replacen(from, to, 1));
        assert_ne!(bad, good, "{path} was damaged");
        assert!(!holds(&place.folder, &bad.to_string(), &key), "{path}");
    };
    damage("/data", "Grüße", "Gruesse");
    damage("/entry", "note-42", "note-43");
    damage("/checkpoint", "\n301\n", "\n302\n");
    damage("/checkpoint", "mainstay", "Mainstay");
    damage("/salt", &good["salt"].as_str().unwrap()[..1], "!");
    damage("/inclusion/3", "=", "");
    let mut bad = good.clone();
    bad["sequence"] = json!(43);
    assert!(!holds(&place.folder, &bad.to_string(), &key));
    let mut bad = good.clone();
    bad["inclusion"].as_array_mut().unwrap().pop();
    assert!(!holds(&place.folder, &bad.to_string(), &key));
    let stranger = Place::sqlite().open().verifier().unwrap().to_text();
    assert!(!holds(&place.folder, &good.to_string(), &stranger));
}
