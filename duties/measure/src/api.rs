//! The operations on KPIs, and the shapes of their answers.

use mainstay_kit::operation::Method;
use mainstay_kit::scorecard::{Ask, Trended, contributions, sliced, trended};
use mainstay_kit::{Better, Call, Kpi, KpiValue, Operation, Problem, Standing, Unit};
use mainstay_model::facts::{KpiPublished, Role};
use mainstay_model::{FactData, Span, Subject, Timestamp, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The window and the slice of a question.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KpiAsk {
    /// First day or instant of the window; 30 days before its end where absent.
    #[serde(default)]
    pub from: Option<String>,
    /// First day or instant behind the window; now where absent.
    #[serde(default)]
    pub to: Option<String>,
    /// What was known then: a date, a time, or an entry count; all that is known now where absent.
    #[serde(default)]
    pub as_of: Option<String>,
    /// Slice by `service`, `team`, `tier`, or a slice that the KPI names itself.
    #[serde(default)]
    pub by: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneAsk {
    /// The KPI.
    id: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    as_of: Option<String>,
    #[serde(default)]
    by: Option<String>,
}

/// All KPIs in a window.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Scorecard {
    /// First instant of the window.
    pub from: Timestamp,
    /// First instant behind the window.
    pub to: Timestamp,
    /// Entries of the ledger that counted.
    pub known: u64,
    /// One for each KPI, by number.
    pub kpis: Vec<Card>,
}

/// One KPI in a window.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Card {
    /// `change-failure-rate`.
    pub id: String,
    /// 1 to 19.
    pub number: u8,
    /// Name for people.
    pub name: String,
    /// The duty that answers for it.
    pub duty: String,
    /// The value in `unit`; `null` where there is no data.
    pub value: Option<f64>,
    /// Unit of value, target, interval and trend.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Sum of the numerators.
    pub numerator: f64,
    /// Sum of the denominators.
    pub denominator: f64,
    /// How many entities we cannot tell.
    pub unknown: u64,
    /// The same, by reason.
    pub unknown_why: BTreeMap<String, u64>,
    /// How many entities were left out, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// 95 % interval of a proportion.
    pub interval: Option<(f64, f64)>,
    /// Median, 90th percentile, the value if all that is suspected were true.
    pub details: BTreeMap<String, f64>,
    /// Target; `null` where the target is a trend.
    pub target: Option<f64>,
    /// Whether the target is met; `null` without value or target.
    pub met: Option<bool>,
    /// Values of the twelve calendar months that end with the window's, oldest first.
    pub trend: Vec<TrendPoint>,
    /// Positions of the facts behind the value (at most 1000).
    pub facts: Vec<u64>,
    /// How many facts stand behind the value.
    pub facts_total: u64,
    /// Version of the definition.
    pub version: u32,
    /// What would bring data, where there is none.
    pub needs: String,
    /// The slices that were asked for.
    pub slices: Vec<Slice>,
}

/// One month of a trend.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TrendPoint {
    /// First instant of the month.
    pub from: Timestamp,
    /// Value; `null` where there is no data.
    pub value: Option<f64>,
}

/// One slice of a KPI.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Slice {
    /// The service, team, tier ...; `(none)` for what has none.
    pub slice: String,
    /// Value.
    pub value: Option<f64>,
    /// Sum of the numerators.
    pub numerator: f64,
    /// Sum of the denominators.
    pub denominator: f64,
    /// 95 % interval of a proportion.
    pub interval: Option<(f64, f64)>,
}

/// What one entity adds to a KPI.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Added {
    /// The entity.
    pub entity: String,
    /// The instant by which it belongs to the window.
    pub at: Timestamp,
    /// `counted`, `excluded` or `unknown`.
    pub standing: String,
    /// Why it does not count, or why we cannot tell.
    pub why: String,
    /// What it adds to the numerator.
    pub numerator: f64,
    /// What it adds to the denominator.
    pub denominator: f64,
    /// Service.
    pub service: Option<String>,
    /// Team.
    pub team: Option<String>,
    /// Tier.
    pub tier: Option<String>,
    /// Positions of its facts.
    pub facts: Vec<u64>,
}

/// What every entity adds to a KPI.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AddedAll {
    /// One for each entity.
    pub contributions: Vec<Added>,
}

/// A KPI's value was written down.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Published {
    /// Facts that were new.
    pub new: u64,
}

/// Months in a trend.
const TREND_MONTHS: usize = 12;

pub(crate) fn operations() -> Vec<Operation> {
    let columns = &["number", "name", "value", "target", "met", "numerator", "denominator", "unknown"];
    vec![
        Operation::new(
            "kpi.list",
            (Method::Get, "/v1/kpis"),
            Role::Viewer,
            "The scorecard: all nineteen KPIs in a window",
            scorecard_of,
        )
        .with_columns(columns),
        Operation::new(
            "kpi.show",
            (Method::Get, "/v1/kpis/{id}"),
            Role::Viewer,
            "One KPI in a window, with slices",
            |call, ask: OneAsk| {
                let kpi = find(call, &ask.id)?;
                card(call, kpi, &KpiAsk { from: ask.from, to: ask.to, as_of: ask.as_of, by: ask.by })
            },
        ),
        Operation::new(
            "kpi.contributions",
            (Method::Get, "/v1/kpis/{id}/contributions"),
            Role::Viewer,
            "What each entity adds to a KPI, with its facts",
            added,
        )
        .with_columns(&["entity", "at", "standing", "why", "numerator", "denominator", "team"]),
        Operation::new(
            "kpi.publish",
            (Method::Post, "/v1/kpis/{id}/publications"),
            Role::Engineer,
            "Write a KPI's value down, so that a later restatement shows",
            publish,
        ),
    ]
}

fn scorecard_of(call: &Call<'_>, ask: KpiAsk) -> Result<Scorecard, Problem> {
    scorecard(call, &ask)
}

/// All KPIs in a window.
///
/// # Errors
/// The window is malformed, or the database fails.
pub fn scorecard(call: &Call<'_>, ask: &KpiAsk) -> Result<Scorecard, Problem> {
    let window = window(call, ask)?;
    let known = match call.reader(ask.as_of.as_deref())?.known() {
        Some(known) => known,
        None => call.world.ledger.size()?,
    };
    let kpis: Vec<&Kpi> = call.world.kpis.iter().collect();
    Ok(Scorecard { from: window.span.from, to: window.span.to, known, kpis: cards(call, &kpis, ask)? })
}

/// One KPI in a window.
///
/// # Errors
/// The window is malformed, or the database fails.
pub fn card(call: &Call<'_>, kpi: &Kpi, ask: &KpiAsk) -> Result<Card, Problem> {
    let card = cards(call, &[kpi], ask)?.pop();
    card.ok_or_else(|| Problem::ours("kpi.card", "the KPI was not computed".to_owned()))
}

/// Some KPIs in a window.
fn cards(call: &Call<'_>, kpis: &[&Kpi], ask: &KpiAsk) -> Result<Vec<Card>, Problem> {
    let reader = call.reader(ask.as_of.as_deref())?;
    let question = Ask { span: window(call, ask)?.span, as_of: moment(call, ask)? };
    let found = trended(call, &reader, kpis, question, TREND_MONTHS)?;
    let card = |(kpi, found): (&&Kpi, Trended)| {
        let slices = match ask.by.as_deref() {
            None | Some("") => Vec::new(),
            Some(by) => sliced(call, &reader, kpi, question, by)?.into_iter().map(slice).collect(),
        };
        Ok(card_of(kpi, found, slices))
    };
    kpis.iter().zip(found).map(card).collect()
}

fn card_of(kpi: &Kpi, found: Trended, slices: Vec<Slice>) -> Card {
    let spec = &kpi.spec;
    let value = found.value.unwrap_or_else(nothing);
    let met = value.value.zip(spec.target).map(|(value, target)| match spec.better {
        Better::Lower => value <= target,
        Better::Higher => value >= target,
    });
    Card {
        id: spec.id.clone(),
        number: spec.number,
        name: spec.name.clone(),
        duty: spec.duty.clone(),
        value: value.value,
        unit: spec.unit,
        better: spec.better,
        numerator: value.numerator,
        denominator: value.denominator,
        unknown: value.unknown.values().sum(),
        unknown_why: value.unknown,
        excluded: value.excluded,
        interval: value.interval,
        details: value.details,
        target: spec.target,
        met,
        trend: found.months.into_iter().map(|(from, value)| TrendPoint { from, value }).collect(),
        facts: value.facts,
        facts_total: value.facts_total,
        version: spec.version,
        needs: spec.needs.clone(),
        slices,
    }
}

fn nothing() -> KpiValue {
    mainstay_kit::summarise(mainstay_kit::Measure::Quotient, &[])
}

fn slice((slice, value): (String, KpiValue)) -> Slice {
    Slice {
        slice,
        value: value.value,
        numerator: value.numerator,
        denominator: value.denominator,
        interval: value.interval,
    }
}

fn added(call: &Call<'_>, ask: OneAsk) -> Result<AddedAll, Problem> {
    let kpi = find(call, &ask.id)?;
    let ask = KpiAsk { from: ask.from, to: ask.to, as_of: ask.as_of, by: None };
    let reader = call.reader(ask.as_of.as_deref())?;
    let question = Ask { span: window(call, &ask)?.span, as_of: moment(call, &ask)? };
    let all = contributions(call, &reader, kpi, question)?;
    let one = |c: &mainstay_kit::Contribution| {
        let (standing, why) = match c.standing {
            Standing::Counted => ("counted", ""),
            Standing::Excluded(why) => ("excluded", why),
            Standing::Unknown(why) => ("unknown", why),
        };
        Added {
            entity: c.entity.clone(),
            at: c.at,
            standing: standing.to_owned(),
            why: why.to_owned(),
            numerator: c.numerator,
            denominator: c.denominator,
            service: c.service.clone(),
            team: c.team.clone(),
            tier: c.tier.clone(),
            facts: c.facts.clone(),
        }
    };
    Ok(AddedAll { contributions: all.iter().flat_map(|all| all.iter()).map(one).collect() })
}

fn publish(call: &Call<'_>, ask: OneAsk) -> Result<Published, Problem> {
    let kpi = find(call, &ask.id)?;
    let asked = KpiAsk { from: ask.from, to: ask.to, as_of: ask.as_of, by: None };
    let span = window(call, &asked)?.span;
    let card = card(call, kpi, &asked)?;
    let size = match call.reader(asked.as_of.as_deref())?.known() {
        Some(known) => known,
        None => call.world.ledger.size()?,
    };
    let published = KpiPublished {
        version: card.version,
        from: span.from,
        to: span.to,
        value: card.value,
        numerator: card.numerator,
        denominator: card.denominator,
        size,
    };
    let id = format!("{}/{}/{}/{size}", card.id, span.from, span.to);
    let fact = published
        .fact("mainstay:measure", &id, Subject::of("kpi", &card.id), call.now)
        .map_err(|e| Problem::ours("kpi.publish", e.to_string()))?;
    Ok(Published { new: call.append(vec![fact])?.new })
}

pub(crate) fn find<'a>(call: &Call<'a>, id: &str) -> Result<&'a Kpi, Problem> {
    let number = id.parse::<u8>().ok();
    call.world.kpis.iter().find(|kpi| kpi.spec.id == id || Some(kpi.spec.number) == number).ok_or_else(|| {
        let known: Vec<_> = call.world.kpis.iter().map(|kpi| kpi.spec.id.as_str()).collect();
        Problem::absent("kpi.unknown", format!("there is no KPI {id:?}; there are {}", known.join(", ")))
    })
}

/// "Now" of the question: the instant that `as_of` names, else the scorecard's own date.
pub(crate) fn moment(call: &Call<'_>, ask: &KpiAsk) -> Result<Timestamp, Problem> {
    match ask.as_of.as_deref().filter(|text| !text.is_empty() && text.parse::<u64>().is_err()) {
        Some(text) => Window::instant(text, &call.world.settings.zone)
            .map_err(|e| Problem::malformed("kpi.window", e.to_string())),
        None => Ok(call.today()),
    }
}

/// The window of a question: as asked, else the thirty days that end with today.
fn window(call: &Call<'_>, ask: &KpiAsk) -> Result<Window, Problem> {
    let zone = &call.world.settings.zone;
    let refused = |e: mainstay_model::WindowError| Problem::malformed("kpi.window", e.to_string());
    let instant =
        |text: &Option<String>| text.as_deref().filter(|t| !t.is_empty()).map(|t| Window::instant(t, zone)).transpose();
    let to = match instant(&ask.to).map_err(refused)? {
        Some(to) => to,
        None => minute(moment(call, ask)?),
    };
    let from = match instant(&ask.from).map_err(refused)? {
        Some(from) => from,
        None => days_before(to, 30, zone),
    };
    Window::new(from, to, zone.clone()).map_err(refused)
}

/// The minute that holds the instant: a window that ends "now" is the same window until the next one begins.
fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

/// The first instant of the day that lies so many days before.
fn days_before(at: Timestamp, days: i32, zone: &jiff::tz::TimeZone) -> Timestamp {
    let day = at.to_zoned(zone.clone()).date().saturating_sub(jiff::Span::new().days(days));
    day.to_zoned(zone.clone()).map_or(at, |start| start.timestamp())
}

/// The span of a question, for pages that show the same window.
///
/// # Errors
/// The window is malformed.
pub fn span(call: &Call<'_>, ask: &KpiAsk) -> Result<Span, Problem> {
    Ok(window(call, ask)?.span)
}
