//! Proofs, redaction, and the files of the log.

use crate::common::{Place, at, note};
use mainstay_ledger::{Checkpoint, VerifyOptions, merkle};
use serde_json::json;

#[test]
fn every_fact_of_logs_of_many_sizes_is_proved_and_every_older_log_is_a_beginning_of_the_newer() {
    let place = Place::sqlite();
    let ledger = place.open();
    let verifier = ledger.verifier().unwrap();
    let mut roots = Vec::new();
    for size in [1_u64, 2, 3, 7, 8, 255, 256, 257, 600] {
        let have = ledger.size().unwrap();
        ledger.append((have..size).map(|n| note(n, "host:a", 0, "x")).collect(), at(10)).unwrap();
        for seq in (0..size).step_by(1 + size as usize / 40) {
            let proof = ledger.prove(seq).unwrap();
            assert_eq!(proof.check(&verifier).unwrap().size, size);
            let mut other = proof.clone();
            other.data = Some(r#"{"number":1,"text":"forged"}"#.to_owned());
            assert!(other.check(&verifier).is_err());
            let mut other = proof.clone();
            other.sequence = (seq + 1) % size;
            assert!(size == 1 || other.check(&verifier).is_err());
        }
        roots.push((size, ledger.root(None).unwrap().0));
        for (old, root) in &roots {
            let path = ledger.prove_consistency(*old, size).unwrap();
            merkle::verify_consistency(*old, size, root, &roots.last().unwrap().1, &path).unwrap();
            assert_eq!(ledger.root(Some(*old)).unwrap().0, *root);
        }
    }
}

#[test]
fn a_redacted_fact_is_gone_from_rows_tables_and_files_and_stays_proved() {
    for place in Place::each() {
        let ledger = place.open_with_notes();
        let secret = "Erika Mustermann, born 1964-08-12";
        ledger
            .append(
                vec![note(0, "host:a", 0, "plain"), note(1, "host:a", 5, secret), note(2, "host:b", 6, "plain")],
                at(10),
            )
            .unwrap();
        let before = ledger.checkpoint().unwrap();
        let seq = ledger.redact(1, "/cli", "request of erasure", json!({"number": 1}), at(20)).unwrap();
        assert_eq!(seq, 3);
        let fact = ledger.fact(1).unwrap().unwrap();
        assert_eq!(fact.fact.data, json!({"number": 1}));
        // The table was made anew: of host a, the last note by time has no text any more.
        let row = ledger
            .read(|tx| tx.query_one("SELECT count, latest, mean FROM notes WHERE subject = 'host:a'", &[]))
            .unwrap()
            .unwrap();
        assert_eq!((row.integer(0).unwrap(), row.is_null(1), row.real(2).unwrap()), (2, true, 0.5));
        let options = VerifyOptions { checkpoints: vec![before], ..VerifyOptions::default() };
        let report = ledger.verify(&options).unwrap();
        assert_eq!((report.problems.len(), report.redacted), (0, 1));
        let proof = ledger.prove(1).unwrap();
        assert_eq!((proof.data.as_deref(), proof.salt.as_deref()), (None, None));
        proof.check(&ledger.verifier().unwrap()).unwrap();
        // Sent again, the erased data does not come back.
        let report = ledger.append(vec![note(1, "host:a", 5, secret)], at(30)).unwrap();
        assert_eq!((report.new, report.known), (0, 1));
        assert_eq!(ledger.fact(1).unwrap().unwrap().fact.data, json!({"number": 1}));
        assert!(ledger.redact(3, "/cli", "no", json!(null), at(40)).is_err());
        drop(ledger);
        for file in std::fs::read_dir(&place.folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(10).any(|window| window == b"Mustermann"));
        }
    }
}

#[test]
fn a_redaction_cannot_be_smuggled_in_as_an_ordinary_fact() {
    let ledger_place = Place::sqlite();
    let ledger = ledger_place.open();
    ledger.append(vec![note(0, "host:a", 0, "plain")], at(10)).unwrap();
    let mut fact = note(1, "fact:0", 0, "x");
    fact.fact_type = "mainstay.fact.redacted.v1".to_owned();
    fact.data = json!({"sequence": 0, "reason": "because", "retained": null});
    let report = ledger.append(vec![fact], at(20)).unwrap();
    assert_eq!((report.new, report.refused.len()), (0, 1));
}

#[test]
fn the_log_is_served_as_tiles_and_entries_that_lead_to_the_signed_root() {
    for place in Place::each() {
        let ledger = place.open();
        ledger.append((0..300).map(|n| note(n, "host:a", 0, "x")).collect(), at(10)).unwrap();
        let note = String::from_utf8(ledger.log_file("checkpoint").unwrap().unwrap()).unwrap();
        let checkpoint = Checkpoint::open(&note, &ledger.verifier().unwrap()).unwrap();
        let mut leaves = Vec::new();
        for path in ["tile/entries/000", "tile/entries/001.p/44"] {
            let bundle = ledger.log_file(path).unwrap().unwrap();
            let mut rest = &bundle[..];
            while let [high, low, tail @ ..] = rest {
                let (entry, more) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
                leaves.push(merkle::leaf_hash(entry));
                rest = more;
            }
        }
        assert_eq!((leaves.len() as u64, merkle::root_of(&leaves)), (checkpoint.size, checkpoint.root));
        assert_eq!(ledger.log_file("tile/0/000").unwrap().unwrap(), leaves[..256].concat());
        assert_eq!(ledger.log_file("tile/0/001.p/44").unwrap().unwrap(), leaves[256..].concat());
        assert_eq!(ledger.log_file("tile/1/000.p/1").unwrap().unwrap(), merkle::root_of(&leaves[..256]));
        assert_eq!(ledger.log_file("tile/0/001").unwrap(), None);
        assert_eq!(ledger.log_file("tile/1/000").unwrap(), None);
    }
}
