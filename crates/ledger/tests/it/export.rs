//! Export and import: a ledger moves from one database to the other, and bad lines cost only themselves.

use crate::common::{Place, at, note};
use mainstay_ledger::{Filter, ImportOptions, VerifyOptions};
use mainstay_model::Recorded;
use serde_json::json;

#[test]
fn an_exported_ledger_imported_elsewhere_is_the_same_ledger_and_importing_again_changes_nothing() {
    for from in Place::each() {
        let ledger = from.open();
        for n in 0..30 {
            let mut fact = note(n, &format!("host:h{}", n % 4), n as i64, "x");
            fact.data = json!({"b": n, "a": [0.1, 1e-7, 123456789.12345679, -0.0, 1e300], "text": "ü\n\"\\\u{1f600}"});
            fact.extensions.insert("traceparent".to_owned(), json!("00-abc"));
            ledger.append(vec![fact], at(100 + n as i64)).unwrap();
        }
        ledger.redact(7, "/cli", "request of erasure", json!({"kept": true}), at(500)).unwrap();
        let mut lines = Vec::new();
        assert_eq!(ledger.export(&Filter::new(), &mut lines).unwrap(), 31);
        let facts = |ledger: &mainstay_ledger::Ledger| -> Vec<Recorded> { ledger.facts(&Filter::new()).unwrap() };
        for to in Place::each() {
            let copy = to.open();
            let report = copy.import(&mut &lines[..], ImportOptions { keep_recorded: true }, at(1_000)).unwrap();
            assert_eq!((report.lines, report.new, report.refused), (31, 31, vec![]));
            // All but the redaction, which is done anew, was recorded at the same time.
            assert_eq!(facts(&copy)[..30], facts(&ledger)[..30]);
            assert_eq!(facts(&copy)[30].fact, facts(&ledger)[30].fact);
            let report = copy.import(&mut &lines[..], ImportOptions::default(), at(2_000)).unwrap();
            assert_eq!((report.new, report.known, report.refused), (0, 31, vec![]));
            let verified = copy.verify(&VerifyOptions::default()).unwrap();
            assert_eq!((verified.problems, verified.redacted), (vec![], 1));
            assert!(copy.import(&mut &lines[..], ImportOptions { keep_recorded: true }, at(3_000)).is_err());
        }
    }
}

#[test]
fn bad_lines_are_named_and_the_good_ones_count() {
    let place = Place::sqlite();
    let ledger = place.open();
    let good = |n: u64| note(n, "host:a", 0, "x").to_json().to_string();
    let deep = format!("{{\"specversion\":\"1.0\",\"data\":{}", "[".repeat(100_000));
    let input = [
        good(1),
        "not JSON".to_owned(),
        String::new(),
        good(2),
        r#"{"specversion": "1.0", "id": "3"}"#.to_owned(),
        deep,
        "x".repeat(4 * 1024 * 1024),
        json!({"specversion": "1.0", "id": "9", "source": "/x", "type": "mainstay.fact.redacted.v1", "subject": "fact:0",
            "data": {"sequence": 0, "reason": "mine", "retained": null}}).to_string(),
        good(4),
    ]
    .join("\n");
    let report = ledger.import(&mut input.as_bytes(), ImportOptions::default(), at(10)).unwrap();
    assert_eq!((report.lines, report.new, report.refused_count), (9, 3, 5));
    let lines: Vec<u64> = report.refused.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 5, 6, 7, 8]);
    assert!(report.refused[4].1.contains("another fact"), "{:?}", report.refused[4]);
}
