//! What the guard duty declares.

use crate::posture::{self, By, KnownControl, Posture};
use crate::{ApprovalRow, EstateResource, FindingRow, ReviewRow, act, kpi, plan};
use jiff::SignedDuration;
use mainstay_estate::graph::{Edge, Graph, Node, around};
use mainstay_estate::{Catalog, CatalogEntity};
use mainstay_kit::lists::{OneAsk, list_operation, show, show_operation};
use mainstay_kit::operation::Method;
use mainstay_kit::{
    ByEntity, Call, Contribution, Contributions, Duty, EntityKind, Folded, Job, ListQuery, Operation, Problem, Query,
    Reader, Tie,
};
use mainstay_model::facts::Role;
use mainstay_model::{Span, Subject, Timestamp, Window};
use mainstay_policy::{Engine, built_in};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

/// The duty.
pub struct GuardDuty;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GraphAsk {
    /// Start at this subject; the catalog as a whole where absent.
    #[serde(default)]
    root: Option<String>,
    /// Steps from the root, at most 10; 2 where absent.
    #[serde(default)]
    depth: Option<u32>,
}

/// What a posture is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostureAsk {
    /// What the rows are: service (where absent), team, control or framework.
    #[serde(default)]
    pub by: By,
    /// The time between two points: month (where absent) or week.
    #[serde(default)]
    pub step: Step,
    /// What was known then: a date, a time, or an entry count.
    #[serde(default)]
    pub as_of: Option<String>,
}

/// The time between two points of a course.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// Twelve calendar months, the last one as far as it has come: the points of KPI 8's own chart.
    #[default]
    Month,
    /// Thirteen weeks that end now.
    Week,
}

impl Step {
    pub(crate) const ALL: [Self; 2] = [Self::Month, Self::Week];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Week => "13 weeks",
            Self::Month => "12 months",
        }
    }

    /// The windows at whose ends one looks, oldest first.
    fn windows(self, now: Timestamp, zone: &jiff::tz::TimeZone) -> Vec<Span> {
        match self {
            Self::Month => {
                let last = now.checked_sub(SignedDuration::from_secs(1)).unwrap_or(now);
                Window::months_back(last, zone, 12).into_iter().map(|month| month.span).collect()
            }
            Self::Week => {
                let end =
                    |back: i64| now.to_zoned(zone.clone()).saturating_sub(jiff::Span::new().weeks(back)).timestamp();
                (0..13).rev().map(|back| Span { from: end(back + 1), to: end(back) }).collect()
            }
        }
    }
}

impl Duty for GuardDuty {
    fn name(&self) -> &'static str {
        "guard"
    }

    fn entities(&self) -> Vec<EntityKind> {
        vec![
            EntityKind::of::<EstateResource>(),
            EntityKind::of::<FindingRow>(),
            EntityKind::of::<ApprovalRow>(),
            EntityKind::of::<ReviewRow>(),
        ]
    }

    fn operations(&self) -> Vec<Operation> {
        let findings = &["id", "state", "severity", "rule", "subject", "owner", "due"];
        let resources = &["id", "type", "environment", "service", "sides", "managed_by", "drifted"];
        let mut all = act::operations();
        all.push(plan::operation());
        all.extend([
            list_operation::<ReviewRow>(
                "plan.list",
                "/v1/plans",
                "Reviewed plans, newest first",
                &["id", "plan", "gate", "risk", "by", "reviewed"],
            ),
            show_operation::<ReviewRow>("plan.show", "/v1/plans/{id}", "One reviewed plan"),
            list_operation::<FindingRow>("finding.list", "/v1/findings", "Findings, newest first", findings),
            show_operation::<FindingRow>("finding.show", "/v1/findings/{id}", "One finding with its facts"),
            list_operation::<ApprovalRow>(
                "approval.list",
                "/v1/approvals",
                "What was asked for and answered, newest first",
                &["id", "state", "action", "about", "requested_by", "expires", "answered_by"],
            ),
            show_operation::<ApprovalRow>("approval.show", "/v1/approvals/{id}", "One request with its answer"),
            list_operation::<EstateResource>(
                "estate.list",
                "/v1/estate",
                "Resources: declared, planned, live",
                resources,
            ),
            Operation::new(
                "estate.show",
                (Method::Get, "/v1/estate/{id}"),
                Role::Viewer,
                "One resource, its three sides side by side, or one service, team or system",
                |call, ask: OneAsk| match show::<EstateResource>(call, ask.clone()) {
                    Err(none) if none.status == 404 => show::<CatalogEntity>(call, ask).map_err(|_| none),
                    other => other,
                },
            ),
            Operation::new(
                "estate.graph",
                (Method::Get, "/v1/graph"),
                Role::Viewer,
                "What relates to what",
                |call, ask: GraphAsk| graph(call, ask.root.as_deref(), ask.depth.unwrap_or(2).min(10)),
            )
            .with_columns(&["from", "relation", "to"]),
            Operation::new(
                "posture.show",
                (Method::Get, "/v1/posture"),
                Role::Viewer,
                "How well the controls are kept, by service, team, control or framework, over time",
                |call, ask: PostureAsk| posture_of(call, &ask),
            )
            .with_columns(&["slice", "title", "share", "kept", "counted", "unknown", "open", "waived"]),
        ]);
        all
    }

    fn pages(&self) -> Vec<mainstay_kit::Page> {
        crate::pages::pages()
    }

    fn forms(&self) -> Vec<mainstay_kit::Form> {
        crate::pages::forms()
    }

    fn jobs(&self) -> Vec<Job> {
        vec![Job {
            name: "guard.expire-waivers",
            every: Duration::from_secs(60),
            after_collecting: false,
            run: act::expire_waivers,
        }]
    }

    fn kpis(&self) -> Vec<(&'static str, Contributions)> {
        vec![
            ("iac-adoption", |reader, query| of_resources(kpi::iac_adoption, reader, query)),
            ("policy-compliance", |reader, query| of_resources(kpi::policy_compliance, reader, query)),
        ]
    }

    fn by_entity(&self) -> Vec<(&'static str, Vec<ByEntity>)> {
        // What is declared does not count where the live resource that it made was judged.
        vec![
            ("iac-adoption", vec![ByEntity::of(kpi::iac_adoption)]),
            (
                "policy-compliance",
                vec![ByEntity::tied(kpi::policy_compliance, |resource| {
                    resource.same_as.as_ref().map(|live| Tie::To(live.as_str()))
                })],
            ),
        ]
    }
}

fn of_resources(
    kpi: fn(&[Folded<EstateResource>], &Query) -> Vec<Contribution>,
    reader: &Reader<'_>,
    query: &Query,
) -> Result<Vec<Contribution>, Problem> {
    let resources = reader.all::<EstateResource>(Some(query.window))?;
    mainstay_estate::with_owners(reader, kpi(&resources, query))
}

/// How well the controls are kept, with what the ledger knew then.
///
/// # Errors
/// The database fails, or `as_of` names no time.
pub(crate) fn posture_of(call: &Call<'_>, ask: &PostureAsk) -> Result<Posture, Problem> {
    let reader = call.reader(ask.as_of.as_deref())?;
    let zone = &call.world.settings.zone;
    let malformed = |e: mainstay_model::WindowError| Problem::malformed("posture.window", e.to_string());
    let now = match ask.as_of.as_deref().filter(|text| !text.is_empty() && text.parse::<u64>().is_err()) {
        Some(text) => Window::instant(text, zone).map_err(malformed)?,
        None => call.today(),
    };
    // As the scorecard does: what ends now ends with the minute, so that the figures are the same.
    let now = Timestamp::from_second(now.as_second().div_euclid(60) * 60).unwrap_or(now);
    let windows = ask.step.windows(now, zone).into_iter();
    let queries: Vec<Query> = windows.map(|window| Query { window, as_of: now, zone: zone.clone() }).collect();
    let window =
        queries.first().zip(queries.last()).map(|(first, last)| Span { from: first.window.from, to: last.window.to });
    Ok(posture::posture(&posture::Ask {
        by: ask.by,
        resources: &reader.all::<EstateResource>(window)?,
        findings: &reader.all::<FindingRow>(window)?,
        catalog: &Catalog::new(&reader.all::<CatalogEntity>(None)?),
        controls: known_controls(),
        queries: &queries,
    }))
}

/// Titles, severities and frameworks of the controls that come with the program. Reading them costs more than all else of
/// a posture, and they cannot change while it runs.
fn known_controls() -> &'static BTreeMap<String, KnownControl> {
    static KNOWN: OnceLock<BTreeMap<String, KnownControl>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let (engine, _) = Engine::load(&built_in());
        let known = engine.controls().into_iter().map(|control| {
            let frameworks = control.frameworks.iter().map(|(name, _)| name.clone()).collect();
            let title = control.title.to_string();
            (control.id.to_string(), KnownControl { title, severity: control.severity, frameworks })
        });
        known.collect()
    })
}

/// The graph of catalog and resources around a root; without a root the catalog alone, because all resources at once can
/// be neither read nor drawn.
///
/// # Errors
/// The database fails, or the root is unknown.
pub fn graph(call: &Call<'_>, root: Option<&str>, depth: u32) -> Result<Graph, Problem> {
    let reader = call.reader(None)?;
    let (mut nodes, mut edges) = (BTreeMap::new(), Vec::new());
    for entity in reader.all::<CatalogEntity>(None)? {
        if entity.entity.gone.is_some() {
            continue;
        }
        add_node(&mut nodes, &entity.key, &entity.entity.declared.title);
        for relation in &entity.entity.declared.relations {
            edges.push(edge(&entity.key, relation.target.as_str(), &relation.relation_type));
        }
        if let Some(owner) = &entity.entity.declared.owner {
            edges.push(edge(&entity.key, owner.as_str(), "ownedBy"));
        }
    }
    if let Some(root) = root.filter(|root| !root.is_empty()) {
        add_resources(&reader, root, &mut nodes, &mut edges)?;
        if !nodes.contains_key(root) {
            return Err(Problem::absent("estate.unknown", format!("the estate has no {root:?}")));
        }
        return Ok(around(&nodes, &edges, Some(root), depth));
    }
    Ok(around(&nodes, &edges, None, depth))
}

fn add_resources(
    reader: &Reader<'_>,
    root: &str,
    nodes: &mut BTreeMap<String, Node>,
    edges: &mut Vec<Edge>,
) -> Result<(), Problem> {
    let of_service = Subject::new(root).is_ok_and(|subject| subject.kind() == "service");
    let resources = if of_service {
        let filters = vec![("service".to_owned(), vec![root.to_owned()])];
        reader.list::<EstateResource>(&ListQuery { filters, limit: 400, ..ListQuery::default() })?.items
    } else {
        reader.all::<EstateResource>(None)?
    };
    for resource in resources {
        let seen = &resource.entity.last_seen.resource;
        add_node(nodes, &resource.key, &seen.name);
        for target in &seen.references {
            edges.push(edge(&resource.key, target.as_str(), "refersTo"));
        }
        let others = [
            (&seen.same_as, "sameAs"),
            (&seen.service, "partOf"),
            (&seen.owner, "ownedBy"),
            (&seen.controlled_by, "controlledBy"),
        ];
        for (other, relation) in others {
            edges.extend(other.iter().map(|other| edge(&resource.key, other.as_str(), relation)));
        }
    }
    Ok(())
}

fn add_node(nodes: &mut BTreeMap<String, Node>, id: &str, label: &str) {
    let kind = id.split(':').next().unwrap_or_default().to_owned();
    nodes.insert(id.to_owned(), Node { id: id.to_owned(), label: label.to_owned(), kind });
}

fn edge(from: &str, to: &str, relation: &str) -> Edge {
    Edge { from: from.to_owned(), to: to.to_owned(), relation: relation.to_owned() }
}
