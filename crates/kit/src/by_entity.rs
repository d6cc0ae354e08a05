//! KPIs to which each entity adds by itself. Most are of this kind, and then a new fact changes only what one entity adds;
//! and entities can be looked at one behind the other, without holding them.

use crate::moves::Reach;
use crate::{Contribution, Entity, Folded, Problem, Query, Reader};
use mainstay_model::Span;
use std::any::Any;
use std::sync::Arc;

/// An entity whose type its table alone knows.
pub(crate) type Entry = Arc<dyn Any + Send + Sync>;

/// What else an entity's contribution depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie<'a> {
    /// On another entity of the same kind, by key. That one may look at nothing itself.
    To(&'a str),
    /// On others that are tied as well.
    Among,
}

/// How the entities of one kind add to a KPI. A KPI to which several kinds add has one of these for each. It must say the
/// same as the KPI's [`crate::Contributions`], and no more than contributions and their facts follow from it: owners and
/// tiers are for those who look at single contributions.
#[derive(Clone)]
pub struct ByEntity {
    table: &'static str,
    adds: Arc<dyn Prepare>,
}

impl ByEntity {
    /// Entities that add by themselves.
    #[must_use]
    pub fn of<T: Entity>(run: fn(&[Folded<T>], &Query) -> Vec<Contribution>) -> Self {
        Self::made(|_| Ok(()), move |(), entities, query| run(entities, query), |_| None)
    }

    /// Entities that add by themselves, unless they are tied to others.
    #[must_use]
    pub fn tied<T: Entity>(
        run: fn(&[Folded<T>], &Query) -> Vec<Contribution>,
        tie: for<'a> fn(&'a T) -> Option<Tie<'a>>,
    ) -> Self {
        Self::made(|_| Ok(()), move |(), entities, query| run(entities, query), tie)
    }

    /// Entities that add by themselves, seen in the light of something else that is read beforehand.
    #[must_use]
    pub fn with<T: Entity, C: Send + Sync + 'static>(
        context: fn(&Reader<'_>) -> Result<C, Problem>,
        run: fn(&C, &[Folded<T>], &Query) -> Vec<Contribution>,
    ) -> Self {
        Self::made(context, run, |_| None)
    }

    fn made<T: Entity, C: Send + Sync + 'static>(
        context: fn(&Reader<'_>) -> Result<C, Problem>,
        run: impl Fn(&C, &[Folded<T>], &Query) -> Vec<Contribution> + Send + Sync + 'static,
        tie: for<'a> fn(&'a T) -> Option<Tie<'a>>,
    ) -> Self {
        Self { table: T::TABLE, adds: Arc::new(Typed { context, run: Arc::new(run), tie }) }
    }

    pub(crate) const fn table(&self) -> &'static str {
        self.table
    }

    /// Reads what is needed beside the entities.
    pub(crate) fn prepare(&self, reader: &Reader<'_>) -> Result<Box<dyn Prepared>, Problem> {
        self.adds.prepare(reader)
    }

    /// Calls `each` with the entities that can matter to the span, in no order.
    pub(crate) fn read(
        &self,
        reader: &Reader<'_>,
        span: Span,
        each: &mut dyn FnMut(Entry, Reach),
    ) -> Result<(), Problem> {
        self.adds.read(reader, span, each)
    }
}

trait Prepare: Send + Sync {
    fn prepare(&self, reader: &Reader<'_>) -> Result<Box<dyn Prepared>, Problem>;

    fn read(&self, reader: &Reader<'_>, span: Span, each: &mut dyn FnMut(Entry, Reach)) -> Result<(), Problem>;
}

/// A KPI that is ready to look at entities of a kind, in any window.
pub(crate) trait Prepared: Send + Sync {
    /// What the entity adds by itself; right where it has no tie.
    fn alone(&self, entity: &Entry, query: &Query) -> Vec<Contribution>;

    /// What these entities add, each seeing the others.
    fn together(&self, entities: &[Entry], query: &Query) -> Vec<Contribution>;

    fn tie<'a>(&self, entity: &'a Entry) -> Option<Tie<'a>>;

    fn key<'a>(&self, entity: &'a Entry) -> &'a str;

    /// The entity of a key as its table has it now, and from when to when it can matter.
    fn row(&self, reader: &Reader<'_>, key: &str) -> Result<Option<(Entry, Reach)>, Problem>;
}

type Run<T, C> = dyn Fn(&C, &[Folded<T>], &Query) -> Vec<Contribution> + Send + Sync;

struct Typed<T, C> {
    context: fn(&Reader<'_>) -> Result<C, Problem>,
    run: Arc<Run<T, C>>,
    tie: for<'a> fn(&'a T) -> Option<Tie<'a>>,
}

struct Ready<T, C> {
    context: C,
    run: Arc<Run<T, C>>,
    tie: for<'a> fn(&'a T) -> Option<Tie<'a>>,
}

impl<T: Entity, C: Send + Sync + 'static> Prepare for Typed<T, C> {
    fn prepare(&self, reader: &Reader<'_>) -> Result<Box<dyn Prepared>, Problem> {
        Ok(Box::new(Ready { context: (self.context)(reader)?, run: Arc::clone(&self.run), tie: self.tie }))
    }

    fn read(&self, reader: &Reader<'_>, span: Span, each: &mut dyn FnMut(Entry, Reach)) -> Result<(), Problem> {
        reader.each::<T>(span, &mut |folded| {
            let reach = folded.entity.span();
            each(Arc::new(folded), reach);
        })
    }
}

impl<T: Entity, C: Send + Sync> Prepared for Ready<T, C> {
    fn alone(&self, entity: &Entry, query: &Query) -> Vec<Contribution> {
        entity
            .downcast_ref::<Folded<T>>()
            .map_or_else(Vec::new, |folded| (self.run)(&self.context, std::slice::from_ref(folded), query))
    }

    fn together(&self, entities: &[Entry], query: &Query) -> Vec<Contribution> {
        let mut all: Vec<Folded<T>> = entities.iter().filter_map(|entity| entity.downcast_ref().cloned()).collect();
        all.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        (self.run)(&self.context, &all, query)
    }

    fn tie<'a>(&self, entity: &'a Entry) -> Option<Tie<'a>> {
        entity.downcast_ref::<Folded<T>>().and_then(|folded| (self.tie)(&folded.entity))
    }

    fn key<'a>(&self, entity: &'a Entry) -> &'a str {
        entity.downcast_ref::<Folded<T>>().map_or("", |folded| &folded.key)
    }

    fn row(&self, reader: &Reader<'_>, key: &str) -> Result<Option<(Entry, Reach)>, Problem> {
        let folded = reader.one::<T>(key)?;
        Ok(folded.map(|folded| {
            let reach = folded.entity.span();
            (Arc::new(folded) as Entry, reach)
        }))
    }
}
