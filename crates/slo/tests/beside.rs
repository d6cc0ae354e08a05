//! What files say beside objectives: maintenance, and policies for budgets.

use mainstay_iac::SourceFile;
use mainstay_model::facts::BudgetDeed;
use mainstay_model::{Severity, Subject};
use mainstay_slo::{Reading, read};

fn reading(text: &str) -> Reading {
    read(&[SourceFile { path: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() }], None)
}

fn said(reading: &Reading) -> Vec<String> {
    reading.diagnostics.iter().map(|one| format!("{}:{} {}", one.place.line, one.place.column, one.summary)).collect()
}

const PLANNED: &str = "\
version: mainstay/maintenance/v1
maintenance:
  - {id: upgrade, title: Version 17, announced: 2026-11-01, from: 2026-11-03T22:00:00Z, until: 2026-11-03T23:30:00Z, services: [shop]}
  - {id: late, announced: 2026-11-04T10:10:00Z, from: 2026-11-04T10:00:00Z, until: 2026-11-04T11:00:00Z, services: [shop]}
  - {id: backwards, announced: 2026-11-01, from: 2026-11-04T10:00:00Z, until: 2026-11-04T09:00:00Z, services: [shop]}
  - {id: never, announced: 2026-11-01, from: soon, until: 2026-11-04T09:00:00Z, services: []}
";

#[test]
fn maintenance_counts_where_it_was_announced_before_it_began_and_for_its_services() {
    let reading = reading(PLANNED);
    let ids: Vec<&str> = reading.maintenance.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["upgrade", "late"]);
    let out = |at: usize, service: &str| reading.maintenance[at].out_of(&Subject::of("service", service));
    let span = out(0, "shop").unwrap();
    assert_eq!((span.from.to_string(), span.seconds()), ("2026-11-03T22:00:00Z".to_owned(), 5_400));
    assert_eq!((out(0, "pay"), out(1, "shop")), (None, None));
    let said = said(&reading);
    assert!(said[0].starts_with("4:5 late was announced at 2026-11-04T10:10:00Z, after it had begun"), "{said:?}");
    assert!(said[1].starts_with("5:5 it ends at 2026-11-04T09:00:00Z"), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("6:") && line.contains("\"soon\"")), "{said:?}");
    assert!(said.iter().any(|line| line == "6:5 it disrupts no service"), "{said:?}");
}

#[test]
fn a_policy_has_its_steps_in_order_and_what_it_cannot_mean_is_told() {
    let good = "version: mainstay/budget-policy/v1\nname: usual\ntiers: [1]\nsteps:\n- {left_percent: 0, do: [freeze, finding, freeze], severity: high, say: Stop.}\n- {left_percent: 50, do: [note]}\n";
    let usual = reading(good);
    assert!(usual.diagnostics.is_empty(), "{:?}", usual.diagnostics);
    let said_by = &usual.policies[0].said;
    assert_eq!((said_by.tiers.as_slice(), said_by.services.len()), (&["1".to_owned()][..], 0));
    let steps: Vec<_> =
        said_by.steps.iter().map(|step| (step.left_percent, step.deeds.clone(), step.severity)).collect();
    assert_eq!(
        steps,
        [
            (50.0, vec![BudgetDeed::Note], None),
            (0.0, vec![BudgetDeed::Finding, BudgetDeed::Freeze], Some(Severity::High))
        ]
    );
    let bad = reading(
        "version: mainstay/budget-policy/v1\nname: usual\nsteps:\n- {left_percent: 150, do: [page]}\n- {do: [note], severity: awful}\n",
    );
    assert!(bad.policies.is_empty());
    let said = said(&bad);
    for expected in
        ["4:3 150 percent", "4:3 \"page\" is nothing", "5:3 `left_percent` is missing", "\"awful\" is no severity"]
    {
        assert!(said.iter().any(|line| line.contains(expected)), "{expected}: {said:?}");
    }
    let twice = reading(&format!("{good}---\n{good}"));
    assert_eq!((twice.policies.len(), twice.is_damaged()), (1, true));
}
