//! The example estate, discovered and collected as `mainstay up` does it.

use mainstay_connectors::{KnownMap, ReadContext, Reading, Request, connector, discover, known_of, reconcile};
use mainstay_outside::Outside;
use std::collections::BTreeMap;
use std::path::Path;

fn collect(outside: &Outside, root: &Path) -> Vec<(&'static str, Reading)> {
    let (found, diagnostics) = discover(outside, root, &[]).expect("the estate is there");
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let mut readings = Vec::new();
    for found in found {
        let context = ReadContext::at("2026-11-15T00:00:00Z".parse().expect("a time"));
        let request = Request { origin: found.origin, context, progress: &|_| {} };
        let connector = connector(found.connector).expect("discovery names connectors");
        (connector.collect)(outside, &request, &mut |reading| readings.push((connector.name, reading)));
    }
    readings
}

#[test]
fn the_example_estate_is_read_by_every_kind_of_connector_that_it_has_files_for_and_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/estate");
    let outside = Outside::live();
    let readings = collect(&outside, &root);
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut known, mut ids) = (BTreeMap::<String, KnownMap>::new(), std::collections::BTreeMap::new());
    for (name, reading) in &readings {
        assert!(!reading.has_errors(), "{name}: {:#?}", reading.diagnostics);
        let mut facts = reading.facts.clone();
        for snapshot in &reading.snapshots {
            facts.extend(reconcile(snapshot, known.entry(snapshot.scope.clone()).or_default()));
        }
        for fact in &facts {
            fact.check("2026-11-15T00:00:00Z".parse().unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
            known.entry(fact.source.clone()).or_default().extend(known_of(fact));
            let before = ids.insert((fact.source.clone(), fact.id.clone()), fact.to_json());
            assert!(before.is_none_or(|before| before == fact.to_json()), "{name}: {} says two things", fact.id);
        }
        *said.entry(name).or_default() += facts.len();
    }
    println!("{said:?}");
    for name in [
        "terraform",
        "kubernetes",
        "backstage",
        "promises",
        "objectives",
        "alertmanager",
        "github",
        "restic",
        "trivy",
        "kev",
        "focus",
    ] {
        assert!(said.get(name).is_some_and(|count| *count > 0), "{name} said nothing: {said:?}");
    }
    for (name, reading) in &collect(&outside, &root) {
        let again: usize =
            reading.snapshots.iter().map(|snapshot| reconcile(snapshot, &known[&snapshot.scope]).len()).sum();
        assert_eq!(again, 0, "{name} says something new of the same files");
    }
}
