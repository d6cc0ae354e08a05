//! Streams with their configurations, and what the simulation makes of them.

use jiff::{SignedDuration, Timestamp};
use mainstay_alerts::{Labels, Options, Posted, Silence, Simulation, parse_matchers, read};
use std::collections::BTreeMap;

/// How far apart the same message may be, in milliseconds: the processes share the machine with others.
const APART_MS_MAX: i64 = 800;

/// What is done, at so many milliseconds.
pub enum Step {
    /// Posts alerts of the form `name=value,... [start] [end]`, both in milliseconds; `-` for none.
    Post(&'static [&'static str]),
    /// Silences by matchers until so many milliseconds.
    Silence(&'static str, &'static str, i64),
    /// Ends a silence of that name.
    Expire(&'static str),
}

/// A stream.
pub struct Scenario {
    pub name: &'static str,
    /// The configuration without receivers: each name that routes use becomes one with as many webhooks.
    pub config: &'static str,
    /// Receivers: name, and the settings of their webhooks.
    pub receivers: &'static [(&'static str, &'static [&'static str])],
    pub steps: &'static [(i64, Step)],
    pub ends_ms: i64,
    /// How many messages there are at least, so that nothing alike cannot pass.
    pub messages_min: usize,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Message {
    pub at_ms: i64,
    pub what: String,
}

/// What came of a stream.
#[derive(Debug)]
pub struct Outcome {
    pub started: Timestamp,
    pub begun: Timestamp,
    /// Messages of each webhook and group, in order.
    pub messages: BTreeMap<(String, String), Vec<Message>>,
    /// Groups at the end.
    pub groups: Vec<String>,
}

impl Outcome {
    pub fn difference(&self, real: &Self) -> Option<String> {
        let shown = |messages: &BTreeMap<(String, String), Vec<Message>>| {
            let lines = messages.iter().flat_map(|((hook, group), list)| {
                list.iter().map(move |m| format!("  {hook} {group} {:>6} {}", m.at_ms, m.what))
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        let alike = self.messages.len() == real.messages.len()
            && self.messages.iter().all(|(key, ours)| {
                real.messages.get(key).is_some_and(|theirs| {
                    ours.len() == theirs.len()
                        && ours
                            .iter()
                            .zip(theirs)
                            .all(|(a, b)| a.what == b.what && (a.at_ms - b.at_ms).abs() <= APART_MS_MAX)
                })
            });
        if !alike {
            return Some(format!("ours\n{}\nreal\n{}", shown(&self.messages), shown(&real.messages)));
        }
        // Of groups with equal labels and receiver the API lists any first.
        let (ours, theirs) = (sorted(&self.groups), sorted(&real.groups));
        (ours != theirs).then(|| format!("groups: ours {ours:#?}, real {theirs:#?}"))
    }
}

/// The configuration with its receivers, whose webhooks lead to an address.
pub fn config(scenario: &Scenario, base: &str) -> String {
    let mut text = format!("{}\nreceivers:\n", scenario.config);
    for (name, hooks) in scenario.receivers {
        text += &format!("- name: {name}\n  webhook_configs:\n");
        for (index, settings) in hooks.iter().enumerate() {
            let comma = if settings.is_empty() { "" } else { ", " };
            text += &format!("  - {{url: '{base}/{name}/{index}'{comma}{settings}}}\n");
        }
    }
    text
}

/// Labels, start and end of an alert.
pub fn alert(text: &str) -> (Vec<(&str, &str)>, Option<i64>, Option<i64>) {
    let mut parts = text.split(' ');
    let labels = parts.next().unwrap_or_default().split(',').filter_map(|pair| pair.split_once('=')).collect();
    let mut time = || parts.next().and_then(|text| text.parse().ok());
    (labels, time(), time())
}

pub fn after(begun: Timestamp, ms: i64) -> Timestamp {
    begun + SignedDuration::from_millis(ms)
}

pub fn simulated(scenario: &Scenario, started: Timestamp, begun: Timestamp) -> Outcome {
    let config = read(&config(scenario, "http://example.com"), "alertmanager.yml").config.expect("it is good");
    let mut simulation = Simulation::new(&config, Options::started(started));
    for (at, step) in scenario.steps {
        let now = after(begun, *at);
        match step {
            Step::Post(alerts) => {
                let posted = alerts.iter().map(|text| {
                    let (labels, start, end) = alert(text);
                    let time = |ms: i64| after(begun, ms);
                    Posted { labels: Labels::new(labels), starts_at: start.map(time), ends_at: end.map(time) }
                });
                assert_eq!(simulation.post(now, posted), []);
            }
            Step::Silence(name, matchers, until) => {
                let matchers = parse_matchers(matchers).expect("they are good");
                let silence = Silence { id: (*name).into(), matchers, starts_at: now, ends_at: after(begun, *until) };
                simulation.silence(now, silence);
            }
            Step::Expire(name) => simulation.expire(now, name),
        }
    }
    simulation.run(after(begun, scenario.ends_ms));
    let mut messages: BTreeMap<_, Vec<Message>> = BTreeMap::new();
    for sent in simulation.take_sent() {
        let hook = format!("/{}/{}", sent.receiver, sent.integration.trim_matches(|c: char| !c.is_ascii_digit()));
        let alerts = sent.alerts.iter().map(|alert| {
            let state = if alert.ended.is_some() { "resolved" } else { "firing" };
            let ended = alert.ended.map_or_else(String::new, |at| format!("-{}", seconds(at, begun)));
            format!("{state}{} {}{ended}", alert.labels, seconds(alert.starts_at, begun))
        });
        let status = if sent.is_firing() { "firing" } else { "resolved" };
        let what = format!("{status} {} +{}", alerts.collect::<Vec<_>>().join(" "), sent.truncated);
        let at_ms = i64::try_from(sent.at.duration_since(begun).as_millis()).expect("it is near");
        messages.entry((hook, sent.group_key)).or_default().push(Message { at_ms, what });
    }
    let groups = simulation.groups().into_iter().map(|group| {
        let alerts = group.alerts.iter().map(|alert| {
            let by = &alert.suppression;
            format!("{} silenced={} inhibited={}", alert.labels, by.silenced_by.len(), by.inhibited_by.is_some())
        });
        format!("{} {} {}", group.receiver, group.labels, alerts.collect::<Vec<_>>().join(" "))
    });
    Outcome { started, begun, messages, groups: groups.collect() }
}

/// Whole seconds: starts and ends that are not said depend on when a post arrives.
pub fn seconds(at: Timestamp, begun: Timestamp) -> i64 {
    let ms = i64::try_from(at.duration_since(begun).as_millis()).expect("it is near");
    (ms + 500).div_euclid(1000)
}

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a group waits, takes in, looks again and empties",
        config: "route: {receiver: a, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}",
        receivers: &[("a", &[""])],
        steps: &[
            (0, Step::Post(&["alertname=A,i=1 0 90000", "alertname=A,i=2 0 90000", "alertname=B,job=x,i=1 0 90000"])),
            (500, Step::Post(&["alertname=A,i=3 0 90000", "alertname=B,instance=y,i=0 0 90000"])),
            (2000, Step::Post(&["alertname=A,i=4 0 90000"])),
            (4000, Step::Post(&["alertname=A,i=1 0 4000", "alertname=B,i=9 0 90000"])),
            (6000, Step::Post(&["alertname=A,i=2 0 6000", "alertname=A,i=3 0 6000", "alertname=A,i=4 0 6000"])),
            (8000, Step::Post(&["alertname=A,i=1 8000 90000"])),
            // It fires and resolves between two looks: nobody hears of it.
            (10000, Step::Post(&["alertname=C,i=1 10000 10500"])),
        ],
        ends_ms: 12000,
        messages_min: 2,
    },
    Scenario {
        name: "routes that go on",
        config: "route:\n  receiver: root\n  group_wait: 1s\n  group_interval: 2s\n  repeat_interval: 1h\n  routes:\n  \
            - {matchers: ['team=~\"a|b\"'], receiver: all, group_by: ['...'], continue: true}\n  \
            - {match: {team: a}, receiver: two, group_by: [zone]}\n  - {matchers: ['team=c'], receiver: two}",
        receivers: &[("root", &[""]), ("all", &[""]), ("two", &["send_resolved: false", "max_alerts: 1"])],
        steps: &[
            (
                0,
                Step::Post(&[
                    "team=a,zone=z,i=1 0 90000",
                    "team=a,zone=z,i=2 0 90000",
                    "team=b 0 90000",
                    "team=c 0 90000",
                    "x=y 0 90000",
                ]),
            ),
            (2000, Step::Post(&["team=a,zone=z,i=1 0 2000"])),
            (4000, Step::Post(&["team=a,zone=z,i=2 0 4000", "team=b 0 4000", "x=y 0 4000"])),
            (6000, Step::Post(&["team=a,zone=z,i=2 6000 90000", "team=a,zone=\"q\\ 6000 90000"])),
        ],
        ends_ms: 8500,
        messages_min: 6,
    },
    Scenario {
        name: "inhibition comes and goes",
        config: "route: {receiver: a, group_by: [sev, host], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}\n\
            inhibit_rules:\n\
            - {source_matchers: ['sev=~\"page|both\"'], target_matchers: ['sev=~\"warn|both\"'], equal: [host, dc]}\n\
            - {source_match: {sev: down}, target_match_re: {sev: '.+'}}",
        receivers: &[("a", &[""])],
        steps: &[
            (
                0,
                Step::Post(&[
                    "sev=page,host=h 0 90000",
                    "sev=warn,host=h 0 90000",
                    "sev=warn,host=g 0 90000",
                    "sev=both,host=b 0 90000",
                    "sev=warn,host=b,dc=1 0 90000",
                    "sev=warn,host=b 0 90000",
                ]),
            ),
            (2000, Step::Post(&["sev=page,host=h 0 2000", "sev=page,host=g 0 90000", "sev=both,host=b,i=2 0 90000"])),
            (4000, Step::Post(&["sev=warn,host=g 0 4000", "sev=down 4000 8000"])),
            (6000, Step::Post(&["sev=warn,host=n 6000 90000"])),
        ],
        ends_ms: 10500,
        messages_min: 5,
    },
    Scenario {
        name: "silences before, during and after",
        config: "route: {receiver: a, group_by: [n], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}",
        receivers: &[("a", &[""])],
        steps: &[
            (0, Step::Silence("one", "n=~\"A|B\", x!=y", 90000)),
            (100, Step::Post(&["n=A 0 90000", "n=B,x=y 0 90000", "n=C 0 90000", "n=D 0 90000"])),
            (2000, Step::Silence("two", "n=C", 6000)),
            (2200, Step::Silence("three", "n=D", 90000)),
            (4000, Step::Expire("one")),
            (4200, Step::Post(&["n=C 100 4200", "n=D,i=2 - 90000"])),
            (8000, Step::Silence("four", "n=B", 90000)),
        ],
        ends_ms: 10000,
        messages_min: 3,
    },
    Scenario {
        name: "the same is said again, and an alert that is not repeated ends",
        config: "global: {resolve_timeout: 3500ms}\n\
            route: {receiver: a, group_by: [n], group_wait: 1s, group_interval: 2s, repeat_interval: 3s}",
        receivers: &[("a", &["", "send_resolved: false"])],
        steps: &[
            (0, Step::Post(&["n=A 0 90000", "n=B", "n=C"])),
            (2200, Step::Post(&["n=B"])),
            (4400, Step::Post(&["n=B"])),
            (6000, Step::Post(&["n=A,i=2 0 90000"])),
        ],
        ends_ms: 14200,
        messages_min: 6,
    },
    Scenario {
        name: "times at which nothing, or only something, is sent",
        config: "time_intervals:\n- {name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]}\n\
            - {name: past, time_intervals: [{years: ['1999']}]}\n- {name: empty}\n\
            route:\n  receiver: root\n  group_wait: 1s\n  group_interval: 2s\n  repeat_interval: 1h\n  routes:\n  \
            - {matchers: [n=A], mute_time_intervals: [past, always]}\n  - {matchers: [n=B], active_time_intervals: [past]}\n  \
            - {matchers: [n=C], active_time_intervals: [past, always], mute_time_intervals: [past]}\n  \
            - {matchers: [n=D], active_time_intervals: [empty]}\n  - {matchers: [n=E], mute_time_intervals: [empty]}",
        receivers: &[("root", &[""])],
        steps: &[
            (
                0,
                Step::Post(&["n=A 0 90000", "n=B 0 90000", "n=C 0 90000", "n=D 0 90000", "n=E 0 90000", "n=F 0 90000"]),
            ),
            (2000, Step::Post(&["n=A 0 2000", "n=C 0 2000"])),
        ],
        ends_ms: 4500,
        messages_min: 3,
    },
    Scenario {
        name: "what has waited elsewhere is sent at once, and statements about one alert are merged",
        config: "route: {receiver: a, group_by: [n], group_wait: 3s, group_interval: 2s, repeat_interval: 1h}",
        receivers: &[("a", &[""])],
        steps: &[
            (0, Step::Post(&["n=A -60000 90000", "n=B -1000 90000"])),
            (1000, Step::Post(&["n=A -60000 60000", "n=A,i=2 -60000 90000"])),
            // A later start within the same span keeps the earlier one.
            (4400, Step::Post(&["n=B 2000 80000", "n=A,i=2 3000 3500"])),
            (6200, Step::Post(&["n=B,i=2 0 90000", "n=A -60000 6200"])),
        ],
        ends_ms: 9500,
        messages_min: 2,
    },
    Scenario {
        name: "an empty group goes after half a minute, and waits no more until then",
        config: "route: {receiver: a, group_by: [n], group_wait: 1s, group_interval: 50s, repeat_interval: 1h}",
        receivers: &[("a", &[""])],
        steps: &[
            (0, Step::Post(&["n=A 0 400", "n=B 0 400", "n=C 0 90000"])),
            (20000, Step::Post(&["n=A,i=2 20000 120000"])),
            (35000, Step::Post(&["n=B,i=2 35000 120000"])),
        ],
        ends_ms: 53500,
        messages_min: 3,
    },
];

fn sorted(texts: &[String]) -> Vec<&str> {
    let mut sorted: Vec<&str> = texts.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted
}
