use super::*;
use mainstay_estate::CatalogEntity;
use mainstay_kit::{fold_all, history};
use mainstay_model::Span;

/// Two judged resources of two services, of which one is of a team; a finding that was mended and came back; another that
/// is waived; and one of a promise, which is no control.
const FACTS: &str = r#"
2026-09-01T00:00:00Z entity.declared service:shop {"kind":"Component","entity_ref":"shop","title":"Shop","owner":"team:web"}
2026-09-01T00:00:00Z resource.observed aws:s3:bucket/a {"aspect":"live","type":"aws_s3_bucket","name":"a","service":"service:shop"}
2026-09-01T00:00:00Z resource.observed aws:s3:bucket/b {"aspect":"live","type":"aws_s3_bucket","name":"b"}
2026-10-01T00:00:00Z resource.judged aws:s3:bucket/a {"aspect":"live","verdicts":{"c.one":"pass","c.two":"pass"},"key":["c.one","c.two"],"observed":"2026-10-01T00:00:00Z"}
2026-10-01T00:00:00Z resource.judged aws:s3:bucket/b {"aspect":"live","verdicts":{"c.one":"fail","c.two":"unknown"},"key":["c.one"],"observed":"2026-10-01T00:00:00Z"}
2026-10-01T00:00:00Z finding.opened finding:1 {"rule":"c.one","about":"aws:s3:bucket/b","summary":"s","severity":"high"}
2026-10-10T00:00:00Z resource.judged aws:s3:bucket/a {"aspect":"live","verdicts":{"c.one":"fail","c.two":"pass"},"key":["c.one","c.two"],"observed":"2026-10-10T00:00:00Z"}
2026-10-10T00:00:00Z resource.judged aws:s3:bucket/b {"aspect":"live","verdicts":{"c.one":"fail","c.two":"unknown"},"key":["c.one"],"observed":"2026-10-10T00:00:00Z"}
2026-10-10T00:00:00Z finding.opened finding:2 {"rule":"c.one","about":"aws:s3:bucket/a","summary":"s","severity":"high"}
2026-10-11T00:00:00Z finding.waived finding:1 {"by":"a","requested_by":"b","reason":"r","until":"2026-12-01T00:00:00Z"}
2026-10-01T00:00:00Z finding.opened finding:3 {"rule":"backup-missed","about":"service:shop","summary":"s","severity":"high"}
"#;

fn summed(by: By) -> Posture {
    let facts = history(FACTS.trim()).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let queries: Vec<Query> = ["2026-10-05T00:00:00Z", "2026-10-12T00:00:00Z"]
        .into_iter()
        .map(|to| Query {
            window: Span { from: at("2026-09-05T00:00:00Z"), to: at(to) },
            as_of: at("2026-10-12T00:00:00Z"),
            zone: jiff::tz::TimeZone::UTC,
        })
        .collect();
    let known = |frameworks: &[&str]| KnownControl {
        title: "T".to_owned(),
        severity: Severity::High,
        frameworks: frameworks.iter().map(|name| (*name).to_owned()).collect(),
    };
    posture(&Ask {
        by,
        resources: &fold_all::<EstateResource>(&facts),
        findings: &fold_all::<FindingRow>(&facts),
        catalog: &Catalog::new(&fold_all::<CatalogEntity>(&facts)),
        controls: &BTreeMap::from([
            ("c.one".to_owned(), known(&["cis", "soc2"])),
            ("c.two".to_owned(), known(&["cis"])),
        ]),
        queries: &queries,
    })
}

fn row<'p>(posture: &'p Posture, slice: &str) -> &'p Row {
    posture.items.iter().find(|row| row.slice == slice).unwrap()
}

#[test]
fn the_whole_is_kpi_8_and_counts_findings_of_controls_alone() {
    let found = summed(By::Service);
    // On the 5th one of two complies; on the 12th none does.
    assert_eq!(found.share, [Some(0.5), Some(0.0)]);
    assert_eq!((found.open, found.waived), (vec![1, 1], vec![0, 1]));
}

#[test]
fn a_service_shows_its_share_and_its_findings_at_each_time() {
    let found = summed(By::Service);
    let shop = row(&found, "service:shop");
    assert_eq!(shop.share_over_time, [Some(1.0), Some(0.0)]);
    assert_eq!((shop.open_over_time.as_slice(), shop.counted, shop.kept), ([0, 1].as_slice(), 1, 0));
    let other = row(&found, NONE);
    assert_eq!((other.open_over_time.as_slice(), other.waived), ([1, 0].as_slice(), 1));
    // What has more open findings now comes first.
    assert_eq!(found.items[0].slice, "service:shop");
}

#[test]
fn a_team_answers_for_its_services() {
    let found = summed(By::Team);
    assert_eq!(row(&found, "team:web").share_over_time, [Some(1.0), Some(0.0)]);
    assert_eq!(row(&found, "team:web").open_over_time, [0, 1]);
}

#[test]
fn a_control_counts_verdicts_and_an_unknown_one_is_not_kept() {
    let found = summed(By::Control);
    let (one, two) = (row(&found, "c.one"), row(&found, "c.two"));
    assert_eq!((one.counted, one.kept, one.share, one.open), (2, 0, Some(0.0), 1));
    assert_eq!((two.counted, two.kept, two.unknown, two.share), (2, 1, 1, Some(0.5)));
    assert_eq!(one.title.as_deref(), Some("T"));
}

#[test]
fn a_framework_sums_the_controls_that_it_asks_for() {
    let found = summed(By::Framework);
    let cis = row(&found, "cis");
    assert_eq!((cis.counted, cis.kept, cis.controls), (4, 1, Some((2, 1))));
    assert_eq!(row(&found, "soc2").controls, Some((1, 1)));
    assert_eq!((cis.open_over_time.as_slice(), cis.waived), ([1, 1].as_slice(), 1));
}
