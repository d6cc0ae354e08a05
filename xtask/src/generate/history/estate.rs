//! Live resources, who manages them, how they drift and what the controls say of them: KPIs 7 and 8, and the drift that
//! counts as a change for KPI 1.

use super::company::{SERVICES, Service};
use super::incidents::Incident;
use super::time::{DAY, END, HOUR, START, at, stamp};
use super::truth::{Period, Truth};
use super::{Log, Rng, subject_of};
use crate::shell::Outcome;
use mainstay_model::Verdict;
use mainstay_model::facts::*;
use std::collections::BTreeMap;

/// The state that manages production.
const STATE: &str = "terraform:envs/prod/terraform.tfstate";

/// When everything that can be reached is observed and judged: at first sight, and in the hours before each period ends.
const ROUNDS: [i64; 4] = [START + 3 * HOUR, at_sep(), at_oct(), END - 6 * HOUR];

const fn at_sep() -> i64 {
    START + 45 * DAY - 6 * HOUR
}

const fn at_oct() -> i64 {
    START + 76 * DAY - 6 * HOUR
}

/// A resource that is there.
pub struct Resource {
    /// Its subject.
    pub subject: String,
    kind: &'static Type,
    name: String,
    service: &'static Service,
    born: i64,
    gone: Option<i64>,
    /// From when on the state manages it.
    managed: Option<i64>,
    controlled_by: Option<String>,
    provider_default: bool,
    /// From, to, and whether somebody had allowed it.
    drifts: Vec<Drift>,
    judged: Vec<(i64, Judged)>,
}

/// One drift.
pub struct Drift {
    /// When it was seen.
    pub from: i64,
    to: Option<i64>,
    /// Whether somebody had allowed it.
    pub authorised: bool,
    /// The incident that it caused, as a person confirmed.
    pub broke: Option<String>,
}

/// What the controls said at one time.
struct Judged {
    verdicts: BTreeMap<&'static str, Verdict>,
    observed: i64,
}

/// A type of resource with its controls; the first `key` of them are key controls.
struct Type {
    terraform: &'static str,
    /// What stands before the name in a subject.
    prefix: &'static str,
    controls: &'static [&'static str],
    key: usize,
}

static TYPES: [Type; 5] = [
    Type {
        terraform: "aws_s3_bucket",
        prefix: "aws:s3:bucket/",
        controls: &["aws.s3-public-access-block-acls", "aws.s3-bucket-public-acl", "aws.s3-object-lock-enabled"],
        key: 2,
    },
    Type {
        terraform: "aws_instance",
        prefix: "aws:ec2:eu-central-1:210987654321:instance/",
        controls: &["aws.instance-imdsv1", "aws.instance-disks-encrypted", "aws.instance-public-ip"],
        key: 2,
    },
    Type {
        terraform: "aws_security_group",
        prefix: "aws:ec2:eu-central-1:210987654321:security-group/",
        controls: &["aws.security-group-open-ssh", "aws.security-group-described"],
        key: 1,
    },
    Type {
        terraform: "aws_db_instance",
        prefix: "aws:rds:eu-central-1:210987654321:db/",
        controls: &["aws.rds-backup", "aws.rds-public", "aws.rds-storage-encrypted", "aws.rds-logs-exported"],
        key: 3,
    },
    Type {
        terraform: "aws_cloudwatch_log_group",
        prefix: "aws:logs:eu-central-1:210987654321:log-group/",
        controls: &["aws.log-group-cmk"],
        key: 0,
    },
];

/// Makes up all resources: the background, then the traps.
pub fn make(rng: &mut Rng, incidents: &[Incident]) -> Vec<Resource> {
    let mut out = Vec::new();
    for index in 0..64 {
        let kind = rng.pick(&TYPES);
        let mut resource = fresh(rng, kind, index);
        resource.managed = rng.percent(82).then_some(resource.born);
        if index % 9 == 4 {
            resource.born = START + rng.between(5, 70) * DAY + rng.between(0, DAY - 1);
            resource.managed = resource.managed.map(|_| resource.born);
        }
        if index % 13 == 7 {
            resource.gone = Some(resource.born.max(START) + rng.between(8, 16) * DAY);
        }
        drift(rng, &mut resource);
        judge(rng, &mut resource);
        out.push(resource);
    }
    traps(rng, incidents, &mut out);
    out
}

fn fresh(rng: &mut Rng, kind: &'static Type, index: usize) -> Resource {
    let service = rng.pick(SERVICES);
    let noun = kind.terraform.trim_start_matches("aws_").replace('_', "-");
    let name = format!("{}-{noun}-{index:02}", service.name);
    Resource {
        subject: format!("{}{name}", kind.prefix),
        kind,
        name,
        service,
        born: START + HOUR,
        gone: None,
        managed: None,
        controlled_by: None,
        provider_default: false,
        drifts: Vec::new(),
        judged: Vec::new(),
    }
}

/// Lets a managed resource drift now and then.
fn drift(rng: &mut Rng, resource: &mut Resource) {
    let Some(mut cursor) = resource.managed else { return };
    let end = resource.gone.unwrap_or(END);
    while rng.percent(35) {
        let from = cursor + rng.between(2, 30) * DAY + rng.between(0, DAY - 1);
        let to = from + rng.between(2, 200) * HOUR;
        if from >= end - DAY {
            return;
        }
        let to = Some(to).filter(|to| *to < end - DAY);
        resource.drifts.push(Drift { from, to, authorised: false, broke: None });
        let Some(to) = to else { return };
        cursor = to;
    }
}

/// Judges it in every round of its life.
fn judge(rng: &mut Rng, resource: &mut Resource) {
    let mut state: BTreeMap<&'static str, Verdict> = BTreeMap::new();
    let first_round = std::iter::once(resource.born + HOUR).filter(|at| *at > ROUNDS[0]);
    let alive = |at: &i64| resource.born < *at && resource.gone.is_none_or(|gone| *at < gone);
    let rounds: Vec<i64> = first_round.chain(ROUNDS).filter(alive).collect();
    for round in rounds {
        for control in resource.kind.controls {
            if !state.contains_key(control) || rng.percent(6) {
                let drawn = rng.between(1, 100);
                let verdict = match drawn {
                    1..=90 => Verdict::Pass,
                    91..=96 => Verdict::Fail,
                    97..=98 => Verdict::Unknown,
                    _ => Verdict::Waived,
                };
                state.insert(control, verdict);
            }
        }
        resource.judged.push((round, Judged { verdicts: state.clone(), observed: round - 5 }));
    }
    resource.judged.sort_by_key(|(at, _)| *at);
}

/// Says one verdict in every judgement.
fn always(resource: &mut Resource, control: &'static str, verdict: Verdict) {
    for (_, judged) in &mut resource.judged {
        judged.verdicts.insert(control, verdict);
    }
}

/// What naive figures get wrong.
fn traps(rng: &mut Rng, incidents: &[Incident], out: &mut Vec<Resource>) {
    let [bucket, instance, group, database, logs] = &TYPES;
    let mut add = |rng: &mut Rng, kind: &'static Type, edit: &dyn Fn(&mut Resource)| {
        let index = out.len();
        let mut resource = fresh(rng, kind, index);
        resource.managed = Some(resource.born);
        judge(rng, &mut resource);
        edit(&mut resource);
        out.push(resource);
    };
    // What an autoscaling group started belongs to the group: twenty copies would dilute every share.
    for _ in 0..20 {
        add(rng, instance, &|r| {
            r.controlled_by = Some("aws:autoscaling:eu-central-1:210987654321:autoScalingGroup/storefront".to_owned());
            r.managed = None;
            r.judged.clear();
        });
    }
    // What the provider made by itself is nobody's, though a control would fail it.
    for _ in 0..3 {
        add(rng, group, &|r| {
            (r.provider_default, r.managed) = (true, None);
            always(r, "aws.security-group-open-ssh", Verdict::Fail);
        });
    }
    // Made by hand, and taken into the code in October.
    add(rng, database, &|r| r.managed = Some(at("2026-10-14T10:00:00Z")));
    // A state knows it, but somebody deleted it by hand: it is in no denominator.
    add(rng, bucket, &|r| {
        r.gone = Some(at("2026-09-11T10:00:00Z"));
        r.judged.retain(|(at, _)| *at < START + 20 * DAY);
    });
    // A whole account that has not been seen since its credentials expired: no pass, whatever was true then.
    for _ in 0..4 {
        add(rng, bucket, &|r| {
            r.managed = None;
            r.judged.truncate(1);
            always(r, "aws.s3-public-access-block-acls", Verdict::Pass);
            always(r, "aws.s3-bucket-public-acl", Verdict::Pass);
        });
    }
    // Nothing about a log group is key, so it is no pass either.
    for _ in 0..3 {
        add(rng, logs, &|_| {});
    }
    // A waiver is not a pass, and neither is a question that could not be answered.
    add(rng, bucket, &|r| always(r, "aws.s3-bucket-public-acl", Verdict::Waived));
    add(rng, database, &|r| always(r, "aws.rds-public", Verdict::Unknown));
    // All key controls pass; one that is not key fails.
    add(rng, database, &|r| {
        r.kind.controls.iter().for_each(|control| always(r, control, Verdict::Pass));
        always(r, "aws.rds-logs-exported", Verdict::Fail);
    });
    // The group that drifts again and again, once by a break-glass change that was allowed, once with an outage.
    let outage = incidents.iter().rfind(|incident| incident.is_real() && incident.onset < at("2026-09-18T00:00:00Z"));
    let outage = outage.map(|incident| format!("incident:{}", incident.id));
    add(rng, group, &|r| {
        for (from, to, authorised, broke) in [
            ("2026-09-03T22:10:00Z", Some("2026-09-04T09:00:00Z"), false, false),
            ("2026-09-17T21:40:00Z", Some("2026-09-18T08:30:00Z"), false, true),
            ("2026-10-02T01:15:00Z", Some("2026-10-02T07:00:00Z"), true, false),
            ("2026-10-23T22:30:00Z", Some("2026-10-26T09:00:00Z"), false, false),
            ("2026-11-12T22:30:00Z", None, false, false),
        ] {
            let broke = outage.clone().filter(|_| broke);
            r.drifts.push(Drift { from: at(from), to: to.map(at), authorised, broke });
        }
    });
}

impl Resource {
    /// Whether it is there just before the instant.
    fn is_there(&self, end: i64) -> bool {
        self.born < end && self.gone.is_none_or(|gone| end <= gone)
    }

    /// Why it is not ours to answer for.
    fn out_of_scope(&self) -> Option<&'static str> {
        if self.provider_default {
            Some("provider default")
        } else {
            self.controlled_by.as_ref().map(|_| "belongs to its controller")
        }
    }

    /// The drifts in the order in which they were seen.
    pub fn drifts(&self) -> &[Drift] {
        &self.drifts
    }
}

/// KPI 7 at the end of the period.
pub fn adoption(estate: &[Resource], period: &Period) -> Truth {
    let mut truth = Truth::new(7, "iac-adoption", period);
    let end = period.to;
    for resource in estate.iter().filter(|resource| resource.is_there(end)) {
        if let Some(why) = resource.out_of_scope() {
            truth.exclude(why);
            continue;
        }
        let drifted = resource.drifts.iter().any(|drift| drift.from < end && drift.to.is_none_or(|to| end <= to));
        let managed = resource.managed.is_some_and(|since| since < end);
        truth.count(i64::from(managed && !drifted));
    }
    truth
}

/// KPI 8 at the end of the period.
pub fn compliance(estate: &[Resource], period: &Period) -> Truth {
    /// An observation older than this says nothing of today.
    const FRESH_S: i64 = 7 * DAY;
    let mut truth = Truth::new(8, "policy-compliance", period);
    let end = period.to;
    for resource in estate.iter().filter(|resource| resource.is_there(end)) {
        let key = &resource.kind.controls[..resource.kind.key];
        let none = key.is_empty().then_some("no applicable key control");
        if let Some(why) = resource.out_of_scope().or(none) {
            truth.exclude(why);
            continue;
        }
        let Some((_, judged)) = resource.judged.iter().rfind(|(at, _)| *at < end) else {
            truth.unknown("not judged");
            continue;
        };
        let any = |verdict: Verdict| key.iter().any(|control| judged.verdicts[control] == verdict);
        let failed = any(Verdict::Fail) || any(Verdict::Waived);
        let stale = end - judged.observed > FRESH_S;
        truth.count(i64::from(!stale && !failed && !any(Verdict::Unknown)));
        match (stale, any(Verdict::Unknown) && !failed) {
            (true, _) => truth.unknown("stale observation"),
            (false, true) => truth.unknown("verdict unknown"),
            (false, false) => {}
        }
    }
    truth
}

/// What the inventory, drift detection and judging would have written.
pub fn facts(estate: &[Resource]) -> Outcome<Log> {
    let mut log = Log::new("aws:210987654321");
    for resource in estate {
        let id = resource.subject.as_str();
        let managed_at_birth = resource.managed == Some(resource.born);
        log.say(id, resource.born, &observed(resource, managed_at_birth)?)?;
        if let Some(since) = resource.managed.filter(|_| !managed_at_birth) {
            log.say(id, since, &observed(resource, true)?)?;
        }
        if let Some(at) = resource.gone {
            log.say(id, at, &ResourceGone { aspect: Aspect::Live })?;
        }
        for drift in &resource.drifts {
            let data = ResourceDrifted {
                attributes: vec!["ingress".to_owned(), "tags.touched-by".to_owned()],
                by: Some("console".to_owned()),
                authorised: drift.authorised,
                environment: Some("production".to_owned()),
            };
            log.say(id, drift.from, &data)?;
            if let Some(at) = drift.to {
                log.say(id, at, &ResourceReconciled {})?;
            }
        }
        for (at, judged) in &resource.judged {
            let verdicts = judged.verdicts.iter().map(|(control, verdict)| ((*control).to_owned(), *verdict)).collect();
            let key = resource.kind.controls[..resource.kind.key].iter().map(|c| (*c).to_owned()).collect();
            let observed = stamp(judged.observed);
            log.say(id, *at, &ResourceJudged { aspect: Aspect::Live, verdicts, key, observed })?;
        }
    }
    Ok(log)
}

fn observed(resource: &Resource, managed: bool) -> Outcome<ResourceObserved> {
    Ok(ResourceObserved {
        aspect: Aspect::Live,
        resource_type: resource.kind.terraform.to_owned(),
        name: resource.name.clone(),
        address: None,
        same_as: None,
        environment: Some("production".to_owned()),
        service: Some(subject_of(&format!("service:{}", resource.service.name))?),
        owner: Some(subject_of(&format!("team:{}", resource.service.team))?),
        controlled_by: resource.controlled_by.as_deref().map(subject_of).transpose()?,
        managed_by: managed.then(|| STATE.to_owned()),
        provider_default: resource.provider_default,
        tags: BTreeMap::new(),
        references: Vec::new(),
        place: None,
        attributes: serde_json::Map::new(),
        action: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_of_judging_lie_in_the_hours_before_the_months_end() {
        assert_eq!(at_sep() + 6 * HOUR, at("2026-10-01T00:00:00Z"));
        assert_eq!(at_oct() + 6 * HOUR, at("2026-11-01T00:00:00Z"));
    }
}
