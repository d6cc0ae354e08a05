//! Bills of our own against sums by hand, and the FinOps Foundation's sample against sums in another way.

use super::{read, read_stream};
use crate::reconcile::{KnownMap, known_of, reconcile};
use crate::{Document, ReadContext, Reading};
use mainstay_model::Decimal;
use std::collections::BTreeMap;

const BILL: &str = "ServiceName,BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart,ProviderName,SubAccountId,Tags
S3,0.10,0.2,EUR,2026-10-02T03:00:00Z,2026-10-01T00:00:00Z,AWS,111,\"{\"\"team\"\": \"\"Platform\"\"}\"
S3,0.20,,EUR,2026-10-02 23:00:00,2026-10-01 00:00:00,AWS,111,\"{\"\"team\"\": \"\"platform\"\"}\"
EC2,1.5e-7,NULL,EUR,2026-10-03T00:00:00Z,2026-10-01T00:00:00Z,AWS,111,NULL
EC2,much,1,EUR,2026-10-03T00:00:00Z,2026-10-01T00:00:00Z,AWS,111,
EC2,1
EC2,-3,-3,EUR,2026-10-03T00:00:00Z,2026-10-01T00:00:00Z,AWS,111,
";

fn context() -> ReadContext {
    ReadContext::at("2026-11-05T00:00:00Z".parse().unwrap())
}

fn read_text(text: &str) -> Reading {
    read(&Document::of("2026-10.csv", text), &context())
}

#[test]
fn days_add_up_exactly_and_bad_lines_are_told_with_their_numbers() {
    let reading = read_text(BILL);
    let bill = &reading.snapshots[0].items[0];
    assert_eq!(bill.subject.as_str(), "bill:AWS/2026-10");
    assert_eq!(bill.data["billed"], serde_json::json!({"amount": "-2.69999985", "currency": "EUR"}));
    assert_eq!(bill.data["effective"]["amount"], "-2.59999985");
    assert_eq!((&bill.data["lines"], &bill.data["refused"]), (&4.into(), &2.into()));
    let spend: Vec<_> = reading.snapshots[1].items.iter().map(|item| (item.subject.as_str(), &item.data)).collect();
    assert_eq!(spend.len(), 2);
    assert_eq!(spend[0].0, "spend:AWS/111/S3/2026-10-02/platform");
    assert_eq!(spend[0].1["billed"]["amount"], "0.3");
    assert_eq!(spend[0].1["effective"]["amount"], "0.4");
    assert_eq!(spend[0].1["team"], "team:platform");
    assert_eq!(spend[1].0, "spend:AWS/111/EC2/2026-10-03");
    assert_eq!(spend[1].1["day"], "2026-10-03T00:00:00Z");
    let lines: Vec<_> = reading.diagnostics.iter().map(|diagnostic| diagnostic.place.line).collect();
    assert_eq!(lines, [5, 6]);
}

#[test]
fn a_restated_bill_writes_what_changed_and_the_same_bill_nothing() {
    let mut known = KnownMap::new();
    let first: Vec<_> = read_text(BILL).snapshots.iter().flat_map(|snapshot| reconcile(snapshot, &known)).collect();
    known.extend(first.iter().filter_map(known_of));
    assert_eq!(first.len(), 3);
    assert!(read_text(BILL).snapshots.iter().all(|snapshot| reconcile(snapshot, &known).is_empty()));
    let restated = read_text(&BILL.replace("EC2,-3", "EC2,-4"));
    let second: Vec<_> = restated.snapshots.iter().flat_map(|snapshot| reconcile(snapshot, &known)).collect();
    let subjects: Vec<_> = second.iter().map(|fact| fact.subject.as_ref().unwrap().as_str()).collect();
    assert_eq!(subjects, ["bill:AWS/2026-10", "spend:AWS/111/EC2/2026-10-03"]);
}

const OCTOBER: &str = "BillingAccountId,BilledCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart,ProviderName,SubAccountId,ServiceName
payer,1,EUR,2026-10-02T00:00:00Z,2026-10-01T00:00:00Z,AWS,111,S3
payer,2,EUR,2026-10-03T00:00:00Z,2026-10-01T00:00:00Z,AWS,111,S3
";

fn facts_of(reading: &Reading, known: &mut KnownMap, day: &str) -> Vec<mainstay_model::Fact> {
    let mut facts = Vec::new();
    for snapshot in &reading.snapshots {
        let scope = |map: &KnownMap| map.clone();
        let snapshot = crate::Snapshot { at: day.parse().unwrap(), ..snapshot.clone() };
        facts.extend(reconcile(&snapshot, &scope(known)));
        known.extend(facts.iter().filter_map(known_of));
    }
    facts
}

fn said(facts: &[mainstay_model::Fact]) -> Vec<String> {
    facts.iter().map(|fact| format!("{} {}", fact.fact_type, fact.subject.as_ref().unwrap())).collect()
}

#[test]
fn a_restated_bill_that_drops_a_day_takes_it_back_and_one_read_in_part_takes_nothing_back() {
    let mut known = KnownMap::new();
    assert_eq!(facts_of(&read_text(OCTOBER), &mut known, "2026-11-02T00:00:00Z").len(), 3);
    let dropped: String =
        OCTOBER.lines().filter(|line| !line.contains("10-03")).map(|line| format!("{line}\n")).collect();
    let cut = read_text(&format!("{dropped}payer,much,EUR,2026-10-03T00:00:00Z,2026-10-01T00:00:00Z,AWS,111,S3\n"));
    let kept = said(&facts_of(&cut, &mut known.clone(), "2026-11-03T00:00:00Z"));
    assert_eq!(kept, ["mainstay.bill.read.v1 bill:AWS/payer/2026-10"]);
    let restated = facts_of(&read_text(&dropped), &mut known, "2026-11-04T00:00:00Z");
    assert_eq!(
        said(&restated),
        ["mainstay.bill.read.v1 bill:AWS/payer/2026-10", "mainstay.spend.withdrawn.v1 spend:AWS/111/S3/2026-10-03"]
    );
    // It comes back: told behind what took it away, so that it counts.
    let back = facts_of(&read_text(OCTOBER), &mut known, "2026-11-05T00:00:00Z");
    assert_eq!(back.last().unwrap().time.to_string(), "2026-11-05T00:00:00Z");
    assert!(facts_of(&read_text(OCTOBER), &mut known, "2026-11-06T00:00:00Z").is_empty());
}

#[test]
fn another_accounts_bill_of_the_same_month_takes_nothing_back() {
    let mut known = KnownMap::new();
    facts_of(&read_text(OCTOBER), &mut known, "2026-11-02T00:00:00Z");
    let other = read_text(&OCTOBER.replace("payer", "other").replace("111", "222"));
    let scopes: Vec<_> = other.snapshots.iter().map(|snapshot| snapshot.scope.as_str()).collect();
    assert_eq!(scopes, ["focus:AWS/other/2026-10", "focus:AWS/other/2026-10"]);
}

/// Collects a folder of files, given as names and texts.
fn collected(files: &[(&str, &str)]) -> Reading {
    let root = std::env::temp_dir().join(format!("mainstay-focus-{}-{}", std::process::id(), files[0].0));
    mainstay_outside::files::make_folder(&root).unwrap();
    for (name, text) in files {
        mainstay_outside::files::write_atomic(&root.join(name), text.as_bytes()).unwrap();
    }
    let paths = files.iter().map(|(name, _)| root.join(name)).collect();
    let request = crate::Request { origin: crate::Origin::Files(root, paths), context: context(), progress: &|_| {} };
    let mut got = Reading::default();
    super::collect(&mainstay_outside::Outside::live(), &request, &mut |reading| got.merge(reading));
    got
}

#[test]
fn parts_of_one_export_add_up_and_of_two_files_of_one_bill_the_last_by_name_counts() {
    let amount = |reading: &Reading| reading.snapshots[0].items[0].data["billed"]["amount"].clone();
    let parts = collected(&[("bill-00001.csv", OCTOBER), ("bill-00002.csv", OCTOBER)]);
    assert!(parts.diagnostics.is_empty(), "{:?}", parts.diagnostics);
    assert_eq!((amount(&parts), parts.snapshots.len()), (serde_json::json!("6"), 2));
    let twice = collected(&[("2026-11-01.csv", OCTOBER), ("2026-11-02.csv", &OCTOBER.replace(",2,", ",5,"))]);
    assert_eq!((amount(&twice), twice.snapshots.len()), (serde_json::json!("6"), 2));
    assert_eq!(twice.diagnostics.len(), 1);
    assert_eq!(
        (twice.diagnostics[0].code.as_str(), twice.diagnostics[0].place.file.as_str()),
        ("focus.bill-twice", "2026-11-01.csv")
    );
}

#[test]
fn a_file_that_is_no_bill_says_which_columns_it_lacks() {
    let reading = read_text("a,b\n1,2\n");
    assert_eq!(reading.diagnostics[0].code, "focus.columns");
    assert!(reading.diagnostics[0].summary.contains("BilledCost"));
    let endless = format!("{BILL}\"{}", "x".repeat(6 << 20));
    let reading = read_text(&endless);
    assert_eq!(reading.diagnostics.last().unwrap().code, "focus.stream");
    assert_eq!(reading.snapshots[0].items[0].data["lines"], 4);
}

/// The same bill packed by gzip, as providers deliver it, through the door.
#[test]
fn a_packed_bill_is_read_as_the_plain_one() {
    let outside = mainstay_outside::Outside::live();
    let root = std::env::temp_dir().join(format!("mainstay-focus-{}", std::process::id()));
    mainstay_outside::files::make_folder(&root).unwrap();
    let (plain, packed) = (root.join("bill.csv"), root.join("bill.csv.gz"));
    mainstay_outside::files::write_atomic(&plain, BILL.as_bytes()).unwrap();
    let gzip = mainstay_outside::Command::new("gzip").args(["-c", &*plain.to_string_lossy()]);
    mainstay_outside::files::write_atomic(&packed, &outside.run(&gzip).unwrap().stdout).unwrap();
    let collect = |path: &std::path::Path| {
        let origin = crate::Origin::Files(root.clone(), vec![path.to_path_buf()]);
        let mut got = Reading::default();
        let request = crate::Request { origin, context: context(), progress: &|_| {} };
        super::collect(&outside, &request, &mut |reading| got.merge(reading));
        got.snapshots
    };
    assert_eq!(collect(&plain), collect(&packed));
    assert_eq!(collect(&plain).len(), 2);
}

#[test]
fn the_foundations_sample_adds_up_to_what_a_plain_sum_over_its_column_gives() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/bills/focus/FOCUS-1.0/focus_sample.csv");
    let Ok(bytes) = mainstay_outside::files::read(std::path::Path::new(path), 1 << 26) else {
        println!("SKIPPED: {path} is not there");
        return;
    };
    let mut expected: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut csv = csv::Reader::from_reader(&*bytes);
    for row in csv.deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        *expected.entry(row["ProviderName"].clone()).or_default() += row["BilledCost"].parse::<Decimal>().unwrap();
    }
    let mut reading = Reading::default();
    read_stream(&*bytes, "sample.csv", &context(), &mut reading);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    for family in ["bill", "spend"] {
        let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
        for item in reading.snapshots.iter().filter(|s| s.family == family).flat_map(|s| &s.items) {
            let amount: Decimal = item.data["billed"]["amount"].as_str().unwrap().parse().unwrap();
            *sums.entry(item.data["provider"].as_str().unwrap().to_owned()).or_default() += amount;
        }
        assert_eq!(sums, expected, "{family}");
    }
}
