//! What the secure duty declares.

use crate::{Exploited, SlaPromise, VulnerablePair, kpi, pages};
use mainstay_kit::lists::{list_operation, show_operation};
use mainstay_kit::{
    ByEntity, Contribution, Contributions, Duty, EntityKind, Folded, Operation, Page, Problem, Query, Reader,
};

/// The duty.
pub struct SecureDuty;

impl Duty for SecureDuty {
    fn name(&self) -> &'static str {
        "secure"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![EntityKind::of::<VulnerablePair>(), EntityKind::of::<Exploited>(), EntityKind::of::<SlaPromise>()]
    }

    fn operations(&self) -> Vec<Operation> {
        let columns = &["id", "state", "severity", "vulnerability", "asset", "first_seen", "fixed"];
        let summary = "Vulnerabilities on assets, newest first";
        vec![
            list_operation::<VulnerablePair>("vulnerability.list", "/v1/vulnerabilities", summary, columns),
            show_operation::<VulnerablePair>(
                "vulnerability.show",
                "/v1/vulnerabilities/{id}",
                "One vulnerability on one asset with its facts",
            ),
        ]
    }

    fn pages(&self) -> Vec<Page> {
        pages::pages()
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        vec![("vulnerability-sla", vulnerability_sla)]
    }

    fn by_entity(&self) -> Vec<(&'static str, Vec<ByEntity>)> {
        let context: fn(&Reader<'_>) -> Result<Deadlines, Problem> =
            |reader| Ok((reader.all::<Exploited>(None)?, reader.all::<SlaPromise>(None)?));
        let pairs: fn(&Deadlines, &[Folded<VulnerablePair>], &Query) -> Vec<Contribution> =
            |(exploited, promises), pairs, query| kpi::vulnerability_sla(pairs, exploited, promises, query);
        vec![("vulnerability-sla", vec![ByEntity::with(context, pairs)])]
    }
}

/// What sets due dates.
type Deadlines = (Vec<Folded<Exploited>>, Vec<Folded<SlaPromise>>);

fn vulnerability_sla(reader: &Reader<'_>, query: &Query) -> Result<Vec<Contribution>, Problem> {
    let pairs = reader.all::<VulnerablePair>(Some(query.window))?;
    let (exploited, promises) = (reader.all::<Exploited>(None)?, reader.all::<SlaPromise>(None)?);
    mainstay_estate::with_owners(reader, kpi::vulnerability_sla(&pairs, &exploited, &promises, query))
}
