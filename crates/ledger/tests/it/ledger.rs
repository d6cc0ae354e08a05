//! What a ledger does for its callers, on both databases.

use crate::common::{Place, at, note};
use mainstay_ledger::{Filter, Ledger, Options, Order};
use mainstay_model::{Fact, Subject};
use serde_json::json;

fn subject(text: &str) -> Subject {
    Subject::new(text).unwrap()
}

#[test]
fn sending_a_batch_again_in_any_order_changes_nothing_and_other_content_is_refused() {
    for place in Place::each() {
        let ledger = place.open();
        let batch: Vec<Fact> = (0..50).map(|n| note(n, "host:web-1", n as i64, "first")).collect();
        let report = ledger.append(batch.clone(), at(100)).unwrap();
        assert_eq!((report.new, report.known, report.refused.len()), (50, 0, 0));
        let root = ledger.root(None).unwrap();

        let mut again = batch.clone();
        again.reverse();
        again.extend(batch.iter().cloned());
        let report = ledger.append(again, at(200)).unwrap();
        assert_eq!((report.new, report.known, report.refused.len()), (0, 100, 0));
        assert_eq!(report.seqs[0], Some(49));
        assert_eq!(ledger.root(None).unwrap(), root);

        let mut forged = batch[7].clone();
        forged.data = json!({"text": "other", "number": 7});
        let report = ledger.append(vec![forged.clone(), note(50, "host:web-1", 1, "new")], at(300)).unwrap();
        assert_eq!((report.new, report.refused.len()), (1, 1));
        assert_eq!(report.refused[0], (0, "its source and id are known (entry 7) with another data".to_owned()));
        assert_eq!(ledger.fact(7).unwrap().unwrap().fact, batch[7]);
        assert_eq!(ledger.size().unwrap(), 51);
    }
}

#[test]
fn a_fact_is_found_by_subject_type_time_and_identity_also_after_reopening() {
    for place in Place::each() {
        {
            let ledger = place.open();
            let facts = (0..300).map(|n| note(n, &format!("host:h{}", n % 3), n as i64, "x")).collect();
            ledger.append(facts, at(1000)).unwrap();
        }
        let ledger = place.open();
        let ids = |filter: Filter| -> Vec<u64> { ledger.facts(&filter).unwrap().iter().map(|fact| fact.seq).collect() };
        assert_eq!(ids(Filter::new().of_subject(subject("host:h1")).limit(3)), [1, 4, 7]);
        assert_eq!(ids(Filter::new().of_type("com.example.note").between(at(10), at(13))), [10, 11, 12]);
        assert_eq!(ids(Filter::new().of_type("com.example.other")), [0_u64; 0]);
        assert_eq!(ids(Filter::new().order(Order::RecordedDesc).limit(2)), [299, 298]);
        assert_eq!(ids(Filter::new().of_subject(subject("host:h0")).order(Order::TimeDesc).limit(2)), [297, 294]);
        assert_eq!(ids(Filter::new().seqs(5, 8)), [5, 6, 7]);
        assert_eq!(ledger.fact_by_id("/test", "note-42").unwrap().unwrap().seq, 42);
        assert_eq!(ledger.fact_by_id("/test", "note-4200").unwrap(), None);
    }
}

#[test]
fn a_late_fact_changes_today_and_leaves_what_was_known_then() {
    for place in Place::each() {
        let ledger = place.open();
        ledger.append(vec![note(1, "host:a", 10, "on time")], at(20)).unwrap();
        ledger.append(vec![note(2, "host:a", 5, "late")], at(500)).unwrap();
        let all = Filter::new().of_subject(subject("host:a"));
        assert_eq!(ledger.facts(&all).unwrap().len(), 2);
        assert_eq!(ledger.facts(&all.clone().as_of(at(499))).unwrap().len(), 1);
        assert_eq!(ledger.seq_as_of(at(19)).unwrap(), 0);
        assert_eq!(ledger.seq_as_of(at(20)).unwrap(), 1);
        assert_eq!(ledger.seq_as_of(at(500)).unwrap(), 2);
        // A clock that runs backwards does not unorder the log.
        ledger.append(vec![note(3, "host:a", 5, "clock set back")], at(300)).unwrap();
        assert_eq!(ledger.fact(2).unwrap().unwrap().recorded, at(500));
    }
}

#[test]
fn rebuilt_tables_equal_the_live_ones_though_facts_came_late_and_shuffled() {
    for place in Place::each() {
        let ledger = place.open_with_notes();
        let mut facts: Vec<Fact> = (0..2_000)
            .map(|n| note(n, &format!("host:h{}", n % 97), (n * 7919 % 5000) as i64, &format!("t{n}")))
            .collect();
        // A fixed shuffle: steps of a number that shares no factor with the length.
        facts = (0..facts.len()).map(|n| facts[n * 1_237 % 2_000].clone()).collect();
        for (n, batch) in facts.chunks(131).enumerate() {
            ledger.append(batch.to_vec(), at(10_000 + n as i64)).unwrap();
        }
        let table = || ledger.read(|tx| tx.query("SELECT * FROM notes ORDER BY subject", &[])).unwrap();
        let live = table();
        assert_eq!(live.len(), 97);
        // Host 0 has notes 0, 97, ..., 1940: 21 of them with a mean of 970.
        assert_eq!((live[0].integer(1).unwrap(), live[0].real(3).unwrap()), (21, 970.0));
        assert_eq!(ledger.rebuild().unwrap(), 2_000);
        assert_eq!(table(), live);
    }
}

#[test]
fn a_fold_that_is_new_to_a_ledger_is_filled_by_replay_when_it_is_opened() {
    for place in Place::each() {
        place.open().append((0..25).map(|n| note(n, "host:a", n as i64, "x")).collect(), at(100)).unwrap();
        let ledger = place.open_with_notes();
        let count = ledger.read(|tx| tx.query_one("SELECT count FROM notes", &[])).unwrap().unwrap();
        assert_eq!(count.integer(0).unwrap(), 25);
    }
}

#[test]
fn what_was_indexed_in_many_runs_and_merged_is_found_and_known_like_what_is_fresh() {
    for place in Place::each() {
        // Runs of 16 entries: 3,000 facts make levels of 16, 128 and 1,024, each merged several times.
        let open = || Ledger::open(Options { run_entries: 16, ..place.options() }).unwrap();
        let facts: Vec<Fact> =
            (0..3_000).map(|n| note(n, &format!("host:h{}", n * 31 % 101), (n * 7 % 500) as i64, "x")).collect();
        let ledger = open();
        for (at_batch, batch) in facts.chunks(23).enumerate() {
            assert_eq!(ledger.append(batch.to_vec(), at(1_000)).unwrap().new, batch.len() as u64);
            if at_batch % 50 == 7 {
                // What was appended longest ago, lately, and just now, in one batch.
                let again = facts[..(at_batch + 1) * 23].iter().step_by(5).cloned().collect();
                assert_eq!(ledger.append(again, at(2_000)).unwrap().new, 0);
            }
        }
        let reopened = open();
        for ledger in [&ledger, &reopened] {
            for host in [0, 1, 50, 100] {
                let name = format!("host:h{host}");
                let wanted: Vec<u64> = (0..3_000).filter(|n| n * 31 % 101 == host).collect();
                let found = ledger.facts_of_subjects(&[subject(&name)]).unwrap();
                assert_eq!(found.iter().map(|fact| fact.seq).collect::<Vec<_>>(), wanted);
            }
            let found = ledger.facts(&Filter::new().of_type("com.example.note").between(at(100), at(110))).unwrap();
            let wanted: Vec<u64> = (0..3_000).filter(|n| (100..110).contains(&(n * 7 % 500))).collect();
            assert_eq!(found.iter().map(|fact| fact.seq).collect::<Vec<_>>(), wanted);
            assert_eq!(ledger.append(facts.clone(), at(3_000)).unwrap().known, 3_000);
            assert_eq!(ledger.fact_by_id("/test", "note-2999").unwrap().unwrap().seq, 2_999);
            assert_eq!(ledger.fact_by_id("/test", "note-3000").unwrap(), None);
        }
    }
}
