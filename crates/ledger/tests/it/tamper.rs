//! Whoever can write the database cannot do so unseen: at least 1,000 faults, each found, and the first bad entry named.

use crate::common::{Place, at, copy_folder, note};
use mainstay_ledger::{Ledger, LedgerError, Options, Row, Value, VerifyOptions, VerifyReport};
use mainstay_model::Fact;
use serde_json::json;

const FACTS: u64 = 700;

/// Numbers that look random and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn fill(ledger: &Ledger, from: u64, until: u64, text: &str) {
    let facts: Vec<Fact> = (from..until)
        .map(|n| {
            let mut fact = note(n, &format!("host:h{}", n % 7), n as i64, text);
            fact.extensions.insert("traceparent".to_owned(), json!(format!("00-{n}")));
            fact
        })
        .collect();
    for batch in facts.chunks(97) {
        assert_eq!(ledger.append(batch.to_vec(), at(10_000)).unwrap().refused, []);
    }
}

fn verify(ledger: &Ledger) -> VerifyReport {
    ledger.verify(&VerifyOptions::default()).unwrap()
}

fn row(ledger: &Ledger, seq: u64) -> Row {
    ledger
        .read(|tx| {
            tx.query_one("SELECT seq, entry, data, extensions, salt FROM ledger_facts WHERE seq = $1", &[seq.into()])
        })
        .unwrap()
        .unwrap()
}

fn run(ledger: &Ledger, sql: &str, params: &[Value]) {
    ledger.operational(|tx| tx.execute(sql, params)).unwrap();
}

fn put_back(ledger: &Ledger, row: &Row) {
    run(ledger, "DELETE FROM ledger_facts WHERE seq = $1", &[row.0[0].clone()]);
    run(ledger, "INSERT INTO ledger_facts (seq, entry, data, extensions, salt) VALUES ($1, $2, $3, $4, $5)", &row.0);
}

/// Verifies that the first bad entry is the one expected.
fn expect_first(ledger: &Ledger, seq: u64, fault: &str) {
    let report = verify(ledger);
    assert_eq!(report.problems.first().and_then(|problem| problem.seq), Some(seq), "{fault}: {:?}", report.problems);
}

/// Flips a bit so that text stays text, which is all that PostgreSQL can store.
fn flip_text(text: &str, dice: &mut Dice) -> String {
    loop {
        let mut bytes = text.as_bytes().to_vec();
        let at = dice.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1 << dice.below(7);
        if let Ok(flipped) = String::from_utf8(bytes)
            && !flipped.contains('\0')
        {
            return flipped;
        }
    }
}

#[test]
fn every_flipped_bit_of_an_entry_is_found_and_named() {
    for place in Place::each() {
        let ledger = place.open();
        fill(&ledger, 0, FACTS, "as it was");
        assert_eq!(verify(&ledger).problems, []);
        let mut dice = Dice(1);
        for fault in 0..600 {
            let seq = dice.below(FACTS);
            let good = row(&ledger, seq);
            let column = 1 + dice.below(4) as usize;
            let bad = match &good.0[column] {
                Value::Text(text) => Value::Text(flip_text(text, &mut dice)),
                Value::Blob(bytes) => {
                    let mut bytes = bytes.clone();
                    bytes[dice.below(16) as usize] ^= 1 << dice.below(8);
                    Value::Blob(bytes)
                }
                other => panic!("{other:?}"),
            };
            let name = ["seq", "entry", "data", "extensions", "salt"][column];
            run(&ledger, &format!("UPDATE ledger_facts SET {name} = $2 WHERE seq = $1"), &[seq.into(), bad]);
            expect_first(&ledger, seq, &format!("fault {fault}: bit of {name} of {seq}"));
            put_back(&ledger, &good);
        }
        assert_eq!(verify(&ledger).problems, []);
    }
}

#[test]
fn deleted_reordered_inserted_and_truncated_entries_are_found_and_the_first_is_named() {
    for place in Place::each() {
        let ledger = place.open();
        fill(&ledger, 0, FACTS, "as it was");
        let mut dice = Dice(2);
        let renumber = |from: u64, to: u64| {
            run(&ledger, "UPDATE ledger_facts SET seq = $2 WHERE seq = $1", &[from.into(), to.into()])
        };
        for fault in 0..120 {
            let seq = dice.below(FACTS);
            let good = row(&ledger, seq);
            run(&ledger, "DELETE FROM ledger_facts WHERE seq = $1", &[seq.into()]);
            expect_first(&ledger, seq, &format!("fault {fault}: {seq} deleted"));
            put_back(&ledger, &good);

            let other = (seq + 1 + dice.below(FACTS - 1)) % FACTS;
            renumber(seq, 1_000_000);
            renumber(other, seq);
            renumber(1_000_000, other);
            expect_first(&ledger, seq.min(other), &format!("fault {fault}: {seq} and {other} exchanged"));
            renumber(seq, 1_000_000);
            renumber(other, seq);
            renumber(1_000_000, other);

            renumber(seq, FACTS + dice.below(1000));
            expect_first(&ledger, seq, &format!("fault {fault}: {seq} moved behind the end"));
            run(&ledger, "DELETE FROM ledger_facts WHERE seq >= $1", &[FACTS.into()]);
            put_back(&ledger, &good);
        }
        for count in [1, 2, 100, 256, 699] {
            let rows: Vec<Row> = (FACTS - count..FACTS).map(|seq| row(&ledger, seq)).collect();
            run(&ledger, "DELETE FROM ledger_facts WHERE seq >= $1", &[(FACTS - count).into()]);
            expect_first(&ledger, FACTS - count, &format!("the last {count} cut off"));
            rows.iter().for_each(|row| put_back(&ledger, row));
        }
        assert_eq!(verify(&ledger).problems, []);
    }
}

#[test]
fn every_flipped_bit_of_tree_and_head_is_found() {
    for place in Place::each() {
        let ledger = place.open();
        fill(&ledger, 0, FACTS, "as it was");
        let mut dice = Dice(3);
        // 700 entries: tiles 0, 1 and the partial 2 of level 0, and one of level 1 with two hashes.
        for fault in 0..100 {
            let (key, width, span) =
                [(0, 256, 1), (1, 256, 1), (2, 188, 1), (1_i64 << 48, 2, 256)][dice.below(4) as usize];
            let good = ledger
                .read(|tx| tx.query_one("SELECT hashes FROM ledger_tiles WHERE id = $1", &[key.into()]))
                .unwrap()
                .unwrap();
            let mut bytes = good.blob(0).unwrap().to_vec();
            assert_eq!(bytes.len(), width * 32);
            let at = dice.below(bytes.len() as u64);
            bytes[at as usize] ^= 1 << dice.below(8);
            let set = |bytes: Vec<u8>| {
                run(&ledger, "UPDATE ledger_tiles SET hashes = $2 WHERE id = $1", &[key.into(), bytes.into()])
            };
            set(bytes);
            let first = if span == 256 { at / 32 * 256 } else { key as u64 * 256 + at / 32 };
            expect_first(&ledger, first, &format!("fault {fault}: byte {at} of tile {key}"));
            set(good.blob(0).unwrap().to_vec());
        }
        for fault in 0..60 {
            let good =
                ledger.read(|tx| tx.query_one("SELECT size, checkpoint FROM ledger_head", &[])).unwrap().unwrap();
            if fault % 4 == 0 {
                run(
                    &ledger,
                    "UPDATE ledger_head SET size = $1",
                    &[(good.integer(0).unwrap() ^ 1 << dice.below(10)).into()],
                );
            } else {
                run(
                    &ledger,
                    "UPDATE ledger_head SET checkpoint = $1",
                    &[flip_text(good.text(1).unwrap(), &mut dice).into()],
                );
            }
            assert_ne!(verify(&ledger).problems, [], "fault {fault} of the head");
            run(&ledger, "UPDATE ledger_head SET size = $1, checkpoint = $2", &good.0);
        }
        assert_eq!(verify(&ledger).problems, []);
    }
}

#[test]
fn a_log_that_was_rolled_back_is_refused_at_start_and_the_first_lost_entry_is_named() {
    for (old, new) in [(1, 2), (255, 257), (300, 700)] {
        let (then, now) = (Place::sqlite(), Place::sqlite());
        {
            let ledger = then.open();
            fill(&ledger, 0, old, "as it was");
        }
        copy_folder(&then.folder, &now.folder);
        fill(&now.open(), old, new, "as it was");
        // Somebody puts the old database back; the checkpoint beside it knows better.
        std::fs::copy(then.folder.join("ledger.db"), now.folder.join("ledger.db")).unwrap();
        let Err(LedgerError::Tampered(why)) = Ledger::open(now.options()) else { panic!("it opened") };
        assert!(why.contains("rolled back"), "{why}");
        let report = verify(&Ledger::open(Options { read_only: true, ..now.options() }).unwrap());
        assert_eq!(report.problems[0].seq, Some(old));
    }
}

#[test]
fn a_forked_log_is_refused_at_start_and_a_copy_of_the_log_names_where_it_forks() {
    for fork in [1, 200, 256, 290] {
        let (trunk, branch) = (Place::sqlite(), Place::sqlite());
        fill(&trunk.open(), 0, fork, "as it was");
        copy_folder(&trunk.folder, &branch.folder);
        let ledger = trunk.open();
        fill(&ledger, fork, 300, "as it was");
        let mirror = trunk.folder.join("mirror");
        ledger.write_log_files(&mirror).unwrap();
        let signed = ledger.checkpoint().unwrap();
        drop(ledger);
        // The branch is signed with the same key, and even longer.
        fill(&branch.open(), fork, 400, "as somebody wished");
        std::fs::copy(trunk.folder.join("checkpoint"), branch.folder.join("checkpoint")).unwrap();
        let Err(LedgerError::Tampered(why)) = Ledger::open(branch.options()) else { panic!("it opened") };
        assert!(why.contains("forked"), "{why}");
        let ledger = Ledger::open(Options { read_only: true, ..branch.options() }).unwrap();
        let options = VerifyOptions { checkpoints: vec![signed], mirror: Some(mirror), ..VerifyOptions::default() };
        let report = ledger.verify(&options).unwrap();
        assert_eq!(report.problems[0].seq, Some(fork), "{:?}", report.problems);
        assert!(report.problems.iter().any(|problem| problem.what.contains("forked")));
    }
}

#[test]
fn a_forked_log_is_narrowed_down_by_the_checkpoints_kept_beside_it() {
    let (trunk, branch) = (Place::sqlite(), Place::sqlite());
    for step in 0..6 {
        if step == 3 {
            copy_folder(&trunk.folder, &branch.folder);
        }
        // Closing writes the checkpoint of so many.
        fill(&trunk.open(), step * 300, (step + 1) * 300, "as it was");
    }
    fill(&branch.open(), 900, 2_000, "as somebody wished");
    for file in ["checkpoint", "checkpoints"] {
        std::fs::copy(trunk.folder.join(file), branch.folder.join(file)).unwrap();
    }
    let said = |place: &Place| match Ledger::open(place.options()) {
        Err(LedgerError::Tampered(why)) => why,
        other => panic!("it opened, or failed otherwise: {:?}", other.err()),
    };
    assert!(said(&branch).ends_with("the first that differs is one of 900 to 1199"), "{}", said(&branch));
    // A damaged line, one cut off and one of another key count for nothing; then less is known, and it is still right.
    let history = branch.folder.join("checkpoints");
    let text = std::fs::read_to_string(&history).unwrap();
    let forged = Place::sqlite();
    fill(&forged.open(), 0, 1_000, "as it was not");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.contains("\\n1200\\n"));
    lines.push(std::fs::read_to_string(forged.folder.join("checkpoints")).unwrap());
    lines.push(lines[1][..40].to_owned());
    std::fs::write(&history, lines.join("\n")).unwrap();
    assert!(said(&branch).ends_with("the first that differs is one of 900 to 1499"), "{}", said(&branch));
    std::fs::remove_file(&history).unwrap();
    assert!(said(&branch).ends_with("the first that differs is one of 0 to 1799"), "{}", said(&branch));
}

#[test]
fn an_edit_with_a_recomputed_tree_fails_the_signature() {
    let (place, forger) = (Place::sqlite(), Place::sqlite());
    fill(&place.open(), 0, 300, "as it was");
    // The forger makes a whole ledger of his own, with his own key, and puts the public key and checkpoint in.
    fill(&forger.open(), 0, 300, "as he wished");
    std::fs::copy(forger.folder.join("ledger.db"), place.folder.join("ledger.db")).unwrap();
    assert!(Ledger::open(place.options()).is_err());
}

#[test]
fn data_erased_without_a_redaction_is_named() {
    for place in Place::each() {
        let ledger = place.open();
        fill(&ledger, 0, 20, "as it was");
        run(&ledger, "UPDATE ledger_facts SET data = 'null', extensions = NULL, salt = NULL WHERE seq = 11", &[]);
        expect_first(&ledger, 11, "data erased");
    }
}

#[test]
fn a_damaged_index_is_found_and_rebuilding_mends_it() {
    for place in Place::each() {
        let ledger = Ledger::open(Options { run_entries: 64, ..place.options() }).unwrap();
        fill(&ledger, 0, FACTS, "as it was");
        let mut dice = Dice(4);
        let pages = ledger.read(|tx| tx.query("SELECT id, entries FROM ledger_run_pages ORDER BY id", &[])).unwrap();
        for fault in 0..60 {
            let page = &pages[dice.below(pages.len() as u64) as usize];
            let mut bytes = page.blob(1).unwrap().to_vec();
            let at = dice.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << dice.below(8);
            let set = |bytes: Vec<u8>| {
                run(
                    &ledger,
                    "UPDATE ledger_run_pages SET entries = $2 WHERE id = $1",
                    &[page.0[0].clone(), bytes.into()],
                )
            };
            set(bytes);
            assert_eq!(verify(&ledger).problems.len(), 1, "fault {fault}");
            set(page.blob(1).unwrap().to_vec());
        }
        run(&ledger, "DELETE FROM ledger_run_pages WHERE id = $1", &[pages[0].0[0].clone()]);
        assert_ne!(verify(&ledger).problems, []);
        ledger.rebuild().unwrap();
        assert_eq!(verify(&ledger).problems, []);
        let found = ledger.read(|tx| tx.facts_of_subject(&mainstay_model::Subject::new("host:h3").unwrap())).unwrap();
        assert_eq!(found.len(), 100);
        fill(&ledger, FACTS, FACTS + 300, "goes on");
        assert_eq!(verify(&ledger).problems, []);
    }
}
