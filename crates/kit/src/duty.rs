//! A duty: what it keeps, does, computes and shows. The binary puts the nine together.

use crate::page::Form;
use crate::store::EntityKind;
use crate::{ByEntity, Call, Contribution, KpiSpec, Operation, Page, Problem, Query, Reader};
use mainstay_ledger::Fold;
use std::sync::Arc;
use std::time::Duration;

/// One of the things that an infrastructure team answers for.
pub trait Duty: Send + Sync {
    /// `guard`, `change`, `watch` ...
    fn name(&self) -> &'static str;

    /// The entities that its facts fold into.
    fn entities(&self) -> Vec<EntityKind> {
        Vec::new()
    }

    /// What else its facts fold into: sums over entities, in tables of their own. They are folded after the entities.
    fn folds(&self) -> Vec<Arc<dyn Fold>> {
        Vec::new()
    }

    /// What can be asked of it and done with it.
    fn operations(&self) -> Vec<Operation> {
        Vec::new()
    }

    /// What it does by itself.
    fn jobs(&self) -> Vec<Job> {
        Vec::new()
    }

    /// The KPIs that it computes, by the id of their catalog page.
    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        Vec::new()
    }

    /// Those of them to which entities add by themselves, by the same ids, with what each kind of entity adds. What is not
    /// here is right all the same; what is, costs less when facts arrive.
    fn by_entity(&self) -> Vec<(&'static str, Vec<ByEntity>)> {
        Vec::new()
    }

    /// Its pages.
    fn pages(&self) -> Vec<Page> {
        Vec::new()
    }

    /// The forms on its pages.
    fn forms(&self) -> Vec<Form> {
        Vec::new()
    }
}

/// Loads the entities that a KPI needs and gives what each adds.
pub type Contributions = fn(&Reader<'_>, &Query) -> Result<Vec<Contribution>, Problem>;

/// A KPI and how to compute it. One without a computation is `no data` until a duty brings one.
#[derive(Clone)]
pub struct Kpi {
    /// Its definition, from the catalog.
    pub spec: KpiSpec,
    /// How to compute it, where a duty does.
    pub contributions: Option<Contributions>,
    /// The same by entity, where entities add by themselves.
    pub by_entity: Vec<ByEntity>,
}

/// Something that runs by itself. A job carries no payload, may die at any instruction and run again: it looks at the
/// ledger and does what is still to do.
#[derive(Clone)]
pub struct Job {
    /// `guard.expire-waivers`.
    pub name: &'static str,
    /// How long from the end of one run to the start of the next. What runs more often than every five seconds is urgent: it has
    /// a thread of its own, and a lease that ends soon after its replica died.
    pub every: Duration,
    /// Whether it also runs when a collection ends, so that what was collected is judged at once.
    pub after_collecting: bool,
    /// Runs it as the principal `job:<name>`; the answer is a line for the log, empty where there is nothing to say.
    pub run: fn(&Call<'_>) -> Result<String, Problem>,
}

impl Job {
    /// Whether somebody waits for it: no collection and no other job may stand before it.
    #[must_use]
    pub const fn is_urgent(&self) -> bool {
        self.every.as_secs() < 5
    }
}
