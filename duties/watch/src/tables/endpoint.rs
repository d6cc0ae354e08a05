//! What facts about endpoints fold into.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{ProbeDeclared, ProbeObserved, ProbeState, ProbeWithdrawn};
use mainstay_model::{FactData, Recorded, Span, Subject};
use serde::{Deserialize, Serialize};

/// How often a state that lasts is said again. A state that was not said for longer, and a little, is not known any more.
pub const SAID_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// An endpoint and its states over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// From when on it was to be asked, and how; `None` from where it was not any more.
    pub declared: Vec<(Timestamp, Option<ProbeDeclared>)>,
    /// What was seen, oldest first, from each time on.
    pub seen: Vec<(Timestamp, ProbeObserved)>,
}

impl Endpoint {
    /// What was seen last.
    #[must_use]
    pub fn last(&self) -> Option<&(Timestamp, ProbeObserved)> {
        self.seen.last()
    }

    /// How it is to be asked; `None` where it is not any more, or nobody said.
    #[must_use]
    pub fn current(&self) -> Option<&ProbeDeclared> {
        self.declared.last()?.1.as_ref()
    }

    /// Whether it was said to be asked no longer.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.ended().is_some()
    }

    /// When it was said to be asked no longer.
    fn ended(&self) -> Option<Timestamp> {
        self.declared.last().filter(|(_, declared)| declared.is_none()).map(|(at, _)| *at)
    }

    /// The service that it belongs to.
    #[must_use]
    pub fn service(&self) -> Option<&Subject> {
        let declared = self.declared.iter().rev().find_map(|(_, declared)| declared.as_ref());
        declared.map_or_else(|| self.last()?.1.service.as_ref(), |declared| declared.service.as_ref())
    }

    /// The spans in which it was to be asked, as far as `now` tells.
    #[must_use]
    pub fn watched(&self, now: Timestamp) -> Vec<Span> {
        let Some((first, _)) = self.declared.first() else {
            let first = self.seen.first().map_or(now, |(at, _)| *at);
            return Span::union(vec![Span { from: first, to: now }]);
        };
        let begun = self.seen.first().map_or(*first, |(at, _)| (*first).min(*at));
        let mut spans = vec![Span { from: begun, to: *first }];
        let next = self.declared.iter().skip(1).map(|(at, _)| *at).chain([now]);
        for ((from, declared), to) in self.declared.iter().zip(next) {
            if declared.is_some() {
                spans.push(Span { from: *from, to: to.min(now) });
            }
        }
        Span::union(spans)
    }

    /// The state at a time, which is unknown where it was not said lately.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ProbeState {
        match self.last() {
            Some((at, said)) if now < until(*at, said, now) => said.state,
            _ => ProbeState::Unknown,
        }
    }

    /// The spans in which it was in a state, as far as `now` tells. Where nobody looked there is none.
    #[must_use]
    pub fn spans(&self, state: ProbeState, now: Timestamp) -> Vec<Span> {
        let next = self.seen.iter().skip(1).map(Some).chain([None]);
        let spans = self.seen.iter().zip(next).filter(|((_, said), _)| said.state == state);
        // Whoever asked no longer said no longer that a state lasts.
        let now = self.ended().map_or(now, |ended| ended.min(now));
        let watched = self.watched(now);
        Span::union(
            spans
                .map(|((from, said), next)| {
                    let to = match next {
                        Some((to, next)) if !next.resumed => *to,
                        Some((to, _)) => one_question(*from, said).min(*to),
                        None => until(*from, said, now),
                    };
                    Span { from: *from, to }
                })
                .flat_map(|span| watched.iter().filter_map(move |watched| watched.overlap(&span)))
                .collect(),
        )
    }
}

/// Until when a question sees: the time of the next one.
fn one_question(at: Timestamp, said: &ProbeObserved) -> Timestamp {
    let every = SignedDuration::from_secs(i64::try_from(said.every_s).unwrap_or(i64::MAX));
    at.checked_add(every).unwrap_or(Timestamp::MAX)
}

/// Until when what was said last is known, seen from `now`.
fn until(at: Timestamp, said: &ProbeObserved, now: Timestamp) -> Timestamp {
    let late = one_question(one_question(at, said), said).checked_add(SAID_AGAIN).unwrap_or(Timestamp::MAX);
    if now <= late { now.max(at) } else { one_question(at, said) }
}

impl Entity for Endpoint {
    const TABLE: &'static str = "endpoint";

    const TYPES: &'static [&'static str] = &[ProbeDeclared::TYPE, ProbeWithdrawn::TYPE, ProbeObserved::TYPE];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("state", Kind::Text),
        ("service", Kind::Text),
        ("asks", Kind::Text),
        ("why", Kind::Text),
        ("since", Kind::Time),
        ("said", Kind::Time),
        ("certificate_expires", Kind::Time),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let mut out = Self { declared: Vec::new(), seen: Vec::new() };
        for Recorded { fact, .. } in facts {
            if let Some(declared) = ProbeDeclared::read(fact) {
                out.declared.push((fact.time, Some(declared)));
            } else if ProbeWithdrawn::read(fact).is_some() {
                out.declared.push((fact.time, None));
            } else if let Some(observed) = ProbeObserved::read(fact) {
                out.seen.push((fact.time, observed));
            }
        }
        (!out.seen.is_empty() || !out.declared.is_empty()).then_some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        let text = |text: Option<&str>| text.map_or(Cell::Null, Cell::from);
        let Some((at, said)) = self.last() else {
            let declared = self.current();
            let word = if self.is_withdrawn() { "withdrawn" } else { "not asked yet" };
            let asks = text(declared.map(|declared| declared.asks.as_str()));
            let service = text(self.service().map(Subject::as_str));
            return vec![word.into(), service, asks, Cell::Null, Cell::Null, Cell::Null, Cell::Null];
        };
        let same = self.seen.iter().rev().take_while(|(_, before)| before.state == said.state);
        let since = same.last().map_or(*at, |(since, _)| *since);
        vec![
            if self.is_withdrawn() { "withdrawn" } else { said.state.as_str() }.into(),
            text(self.service().map(Subject::as_str)),
            said.asks.as_str().into(),
            said.why.join("; ").as_str().into(),
            Cell::Time(since),
            Cell::Time(*at),
            said.certificate_expires.map_or(Cell::Null, Cell::Time),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let first =
            self.seen.first().map(|(at, _)| *at).into_iter().chain(self.declared.first().map(|(at, _)| *at)).min();
        (first.unwrap_or(Timestamp::MIN), self.ended())
    }
}
