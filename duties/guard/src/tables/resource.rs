//! Resources as declared, planned and live, with enough history to tell how each stood at any time.

use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Cell, Entity, Kind};
use mainstay_model::facts::{
    Aspect, ResourceDrifted, ResourceGone, ResourceJudged, ResourceObserved, ResourceReconciled,
};
use mainstay_model::{FactData, Recorded, Subject, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One resource with its three sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstateResource {
    /// What the code says, unless it is gone from there.
    pub declared: Option<Sighting>,
    /// What a plan would make of it.
    pub planned: Option<Sighting>,
    /// What is there.
    pub live: Option<Sighting>,
    /// The side seen last, which stays for display when the resource is gone everywhere.
    pub last_seen: Sighting,
    /// The same thing on another side: the newest statement that names one. What was made of what does not change.
    pub same_as: Option<Subject>,
    /// How the live side stood from each time on, oldest first; only changes are kept.
    pub live_history: Vec<(Timestamp, LiveState)>,
    /// Whether the code declared it from each time on.
    pub declared_history: Vec<(Timestamp, bool)>,
    /// Whether it differed from its code from each time on.
    pub drift_history: Vec<(Timestamp, Agreement)>,
    /// What the controls said from each time on, summed up.
    pub judgements: Vec<Judgement>,
    /// What the controls said last, in full, of the live side.
    pub judged_live: Option<ResourceJudged>,
    /// What the controls said last, in full, of the declared side.
    pub judged_declared: Option<ResourceJudged>,
    /// The drift that stands, or the last one.
    pub drift: Option<ResourceDrifted>,
}

/// One side of a resource, as it was seen last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// Since when it is like that.
    pub at: Timestamp,
    /// How it is.
    pub resource: ResourceObserved,
}

/// How the live side stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveState {
    /// It is there.
    pub exists: bool,
    /// A state manages it.
    pub managed: bool,
    /// The provider made it by itself.
    pub provider_default: bool,
    /// A controller made it; it belongs to its owner.
    pub controlled: bool,
}

/// Whether a resource agrees with its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// It does, or nobody saw otherwise.
    Agrees,
    /// It differs.
    Drifted,
}

/// What the key controls say of one side of a resource, from a time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// From when on.
    pub at: Timestamp,
    /// When the resource was observed that was judged.
    pub observed: Timestamp,
    /// Which side was judged.
    pub aspect: Aspect,
    /// What the key controls say together.
    pub summary: Summary,
}

/// What the key controls say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Summary {
    /// No key control applies.
    NotApplicable,
    /// Every applicable key control passes.
    Pass,
    /// At least one fails.
    Fail,
    /// None fails, and at least one is waived.
    Waived,
    /// None fails or is waived, and at least one cannot be told.
    Unknown,
}

impl Summary {
    fn of(judged: &ResourceJudged) -> Self {
        // A key control without a verdict was not judged, and that is never a pass.
        let verdicts =
            judged.key.iter().map(|control| judged.verdicts.get(control).copied().unwrap_or(Verdict::Unknown));
        verdicts.fold(Self::NotApplicable, |so_far, verdict| match (so_far, verdict) {
            (Self::Fail, _) | (_, Verdict::Fail) => Self::Fail,
            (Self::Waived, _) | (_, Verdict::Waived) => Self::Waived,
            (Self::Unknown, _) | (_, Verdict::Unknown) => Self::Unknown,
            (_, Verdict::Pass) => Self::Pass,
        })
    }
}

impl EstateResource {
    /// How the live side stood at a time.
    #[must_use]
    pub fn live_at(&self, at: Timestamp) -> LiveState {
        standing_at(&self.live_history, at).unwrap_or_default()
    }

    /// Whether the code declared it at a time.
    #[must_use]
    pub fn declared_at(&self, at: Timestamp) -> bool {
        standing_at(&self.declared_history, at).unwrap_or(false)
    }

    /// Whether it differed from its code at a time.
    #[must_use]
    pub fn drifted_at(&self, at: Timestamp) -> bool {
        standing_at(&self.drift_history, at) == Some(Agreement::Drifted)
    }

    /// What the controls said at a time of one side.
    #[must_use]
    pub fn judgement_at(&self, aspect: Aspect, at: Timestamp) -> Option<&Judgement> {
        let behind = self.judgements.partition_point(|judgement| judgement.at <= at);
        self.judgements[..behind].iter().rev().find(|judgement| judgement.aspect == aspect)
    }

    /// What the controls said of it last: of what is there, else of what the code says.
    #[must_use]
    pub fn judgement(&self) -> Option<&ResourceJudged> {
        self.judged_live.as_ref().or(self.judged_declared.as_ref())
    }

    /// The side that says most of what the resource is: live, else declared, else planned.
    #[must_use]
    pub fn best(&self) -> &ResourceObserved {
        let side = self.live.as_ref().or(self.declared.as_ref()).or(self.planned.as_ref());
        &side.unwrap_or(&self.last_seen).resource
    }
}

fn standing_at<T: Copy>(history: &[(Timestamp, T)], at: Timestamp) -> Option<T> {
    let behind = history.partition_point(|(from, _)| *from <= at);
    history[..behind].last().map(|(_, standing)| *standing)
}

/// Keeps a change of standing; of several at the same instant the last one.
fn note<T: Copy + PartialEq>(history: &mut Vec<(Timestamp, T)>, at: Timestamp, standing: T) {
    if history.last().is_some_and(|(last, _)| *last == at) {
        history.pop();
    }
    if history.last().map(|(_, known)| *known) != Some(standing) {
        history.push((at, standing));
    }
}

/// What each source says of the live side. Two of them see the same thing: a state, which says who manages it, and an
/// inventory, which does not. Neither takes back what the other says.
type Claims = BTreeMap<String, LiveState>;

fn merged(claims: &Claims) -> LiveState {
    claims.values().fold(LiveState::default(), |so_far, claim| LiveState {
        exists: true,
        managed: so_far.managed || claim.managed,
        provider_default: so_far.provider_default || claim.provider_default,
        controlled: so_far.controlled || claim.controlled,
    })
}

impl Entity for EstateResource {
    const TABLE: &'static str = "estate_resource";

    const TYPES: &'static [&'static str] = &[
        ResourceObserved::TYPE,
        ResourceGone::TYPE,
        ResourceDrifted::TYPE,
        ResourceReconciled::TYPE,
        ResourceJudged::TYPE,
    ];

    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("type", Kind::Text),
        ("name", Kind::Text),
        ("environment", Kind::Text),
        ("service", Kind::Text),
        ("owner", Kind::Text),
        ("sides", Kind::Text),
        ("managed_by", Kind::Text),
        ("drifted", Kind::Text),
        ("failing", Kind::Integer),
    ];

    fn fold(_key: &str, facts: &[Recorded]) -> Option<Self> {
        let (at, resource) = facts.iter().find_map(|r| Some((r.fact.time, ResourceObserved::read(&r.fact)?)))?;
        let mut out = Self {
            declared: None,
            planned: None,
            live: None,
            last_seen: Sighting { at, resource },
            same_as: None,
            live_history: Vec::new(),
            declared_history: Vec::new(),
            drift_history: Vec::new(),
            judgements: Vec::new(),
            judged_live: None,
            judged_declared: None,
            drift: None,
        };
        let mut claims = Claims::new();
        for Recorded { fact, .. } in facts {
            let at = fact.time;
            if let Some(data) = ResourceObserved::read(fact) {
                out.observed(at, &fact.source, data, &mut claims);
            } else if let Some(data) = ResourceGone::read(fact) {
                out.gone(at, &fact.source, data.aspect, &mut claims);
            } else if let Some(data) = ResourceDrifted::read(fact) {
                note(&mut out.drift_history, at, Agreement::Drifted);
                out.drift = Some(data);
            } else if ResourceReconciled::read(fact).is_some() {
                note(&mut out.drift_history, at, Agreement::Agrees);
            } else if let Some(data) = ResourceJudged::read(fact) {
                out.judged(at, data);
            }
        }
        Some(out)
    }

    fn cells(&self) -> Vec<Cell> {
        let best = self.best();
        let text = |value: &Option<Subject>| value.as_ref().map_or(Cell::Null, |subject| subject.as_str().into());
        let sides = [("declared", &self.declared), ("planned", &self.planned), ("live", &self.live)];
        let sides: Vec<_> = sides.iter().filter(|(_, side)| side.is_some()).map(|(name, _)| *name).collect();
        let drifted = self.drift_history.last().is_some_and(|(_, standing)| *standing == Agreement::Drifted);
        vec![
            best.resource_type.as_str().into(),
            best.name.as_str().into(),
            best.environment.clone().into(),
            text(&best.service),
            text(&best.owner),
            sides.join(" ").as_str().into(),
            best.managed_by.clone().into(),
            if drifted { "yes" } else { "no" }.into(),
            self.judgement().map_or(Cell::Null, |judged| {
                let failing = judged.verdicts.values().filter(|verdict| **verdict == Verdict::Fail).count();
                Cell::Integer(i64::try_from(failing).unwrap_or(i64::MAX))
            }),
        ]
    }

    fn span(&self) -> (Timestamp, Option<Timestamp>) {
        let histories = [self.live_history.first().map(|h| h.0), self.declared_history.first().map(|h| h.0)];
        let first = histories.into_iter().flatten().min().unwrap_or(self.last_seen.at);
        if self.live.is_some() || self.declared.is_some() || self.planned.is_some() {
            return (first, None);
        }
        let ends = [self.live_history.last().map(|h| h.0), self.declared_history.last().map(|h| h.0)];
        let last = ends.into_iter().flatten().max().unwrap_or(self.last_seen.at);
        (first, last.checked_add(SignedDuration::from_micros(1)).ok())
    }
}

impl EstateResource {
    fn observed(&mut self, at: Timestamp, source: &str, resource: ResourceObserved, claims: &mut Claims) {
        let sighting = Sighting { at, resource };
        if let Some(same) = &sighting.resource.same_as {
            self.same_as = Some(same.clone());
        }
        match sighting.resource.aspect {
            Aspect::Declared => {
                note(&mut self.declared_history, at, true);
                self.declared = Some(sighting.clone());
            }
            Aspect::Planned => self.planned = Some(sighting.clone()),
            Aspect::Live => {
                let seen = &sighting.resource;
                let claim = LiveState {
                    exists: true,
                    managed: seen.managed_by.is_some(),
                    provider_default: seen.provider_default,
                    controlled: seen.controlled_by.is_some(),
                };
                claims.insert(source.to_owned(), claim);
                note(&mut self.live_history, at, merged(claims));
                let mut sighting = sighting.clone();
                if let (None, Some(known)) = (&sighting.resource.managed_by, &self.live) {
                    let stands = merged(claims).managed;
                    sighting.resource.managed_by = known.resource.managed_by.clone().filter(|_| stands);
                }
                self.live = Some(sighting);
            }
        }
        self.last_seen = sighting;
    }

    /// A source takes back what it said. One that never said anything speaks of the resource as a whole.
    fn gone(&mut self, at: Timestamp, source: &str, aspect: Aspect, claims: &mut Claims) {
        match aspect {
            Aspect::Declared => {
                note(&mut self.declared_history, at, false);
                self.declared = None;
            }
            Aspect::Planned => self.planned = None,
            Aspect::Live => {
                if claims.remove(source).is_none() {
                    claims.clear();
                }
                let left = merged(claims);
                note(&mut self.live_history, at, left);
                if !left.exists {
                    self.live = None;
                    // What comes back under the same name is a new thing and has not drifted yet.
                    note(&mut self.drift_history, at, Agreement::Agrees);
                } else if let Some(live) = self.live.as_mut().filter(|_| !left.managed) {
                    live.resource.managed_by = None;
                }
            }
        }
    }

    fn judged(&mut self, at: Timestamp, data: ResourceJudged) {
        let summary = Summary::of(&data);
        self.judgements.push(Judgement { at, observed: data.observed, aspect: data.aspect, summary });
        match data.aspect {
            Aspect::Live => self.judged_live = Some(data),
            Aspect::Declared => self.judged_declared = Some(data),
            Aspect::Planned => {}
        }
    }
}
