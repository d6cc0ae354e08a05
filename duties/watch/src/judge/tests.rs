use super::*;
use mainstay_kit::{Digest as _, fold_all, history};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Four weeks, so that four episodes are one a week.
fn judged(facts: &str) -> (Vec<RuleQuality>, Vec<Load>) {
    let window = Span { from: at("2026-10-05T00:00:00Z"), to: at("2026-11-02T00:00:00Z") };
    let mut briefs = brief::Briefs::default();
    fold_all(&history(facts).unwrap()).iter().for_each(|episode| briefs.put(episode));
    quality(&briefs.within(window), window, &WorkingHours { zone: TimeZone::UTC, hours: (8, 18) })
}

/// An episode of a rule on a day of October, at a time, that told the pager.
fn told(id: &str, rule: &str, day: u32, time: &str) -> String {
    format!(
        "2026-10-{day:02}T{time}:00Z alert.fired alert:{id} {{\"rule\":\"{rule}\",\"fingerprint\":\"{rule}-{}\",\"labels\":{{}}}}\n\
         2026-10-{day:02}T{time}:00Z alert.notified alert:{id} {{\"receiver\":\"pager\"}}\n",
        id.trim_start_matches(|c: char| c.is_ascii_digit())
    )
}

fn said(id: &str, day: u32, time: &str, what: &str, data: &str) -> String {
    format!("2026-10-{day:02}T{time}:00Z alert.{what} alert:{id} {data}\n")
}

fn ended(id: &str, day: u32, time: &str) -> String {
    said(id, day, time, "resolved", "{}")
}

fn acted(id: &str, day: u32, time: &str, evidence: &str) -> String {
    said(id, day, time, "acted-on", &format!("{{\"evidence\":\"{evidence}\"}}"))
}

/// The advice on the first rule, with the number of cited episodes and their price.
fn first(facts: &str) -> Option<(&'static str, usize, f64)> {
    let advice = judged(facts).0.remove(0).advice?;
    Some((advice.advice.as_str(), advice.episodes.len(), advice.pages_a_week))
}

fn on_days(make: impl Fn(&str, u32) -> String) -> String {
    (0..8).map(|n| make(&format!("{n}x"), 6 + n)).collect()
}

#[test]
fn what_nobody_ever_acted_on_goes() {
    // Eight in four weeks, each gone within ten minutes without anybody: two pages a week for nothing.
    let facts = on_days(|id, day| told(id, "Idle", day, "10:00") + &ended(id, day, "10:10"));
    assert_eq!(first(&facts), Some(("delete", 8, 2.0)));
    assert_eq!(judged(&facts).0[0].unseen, 8);
    // Four are too few to say anything.
    let few: String = facts.lines().take(12).map(|line| format!("{line}\n")).collect();
    assert_eq!(judged(&few).0[0].told, 4);
    assert_eq!(first(&few), None);
}

#[test]
fn one_deed_keeps_a_rule_and_its_threshold_is_raised() {
    let facts = on_days(|id, day| told(id, "Often", day, "10:00") + &ended(id, day, "10:10"));
    let facts = facts + &acted("0x", 6, "10:05", "incident") + &acted("1x", 7, "10:05", "change");
    assert_eq!(first(&facts), Some(("raise", 6, 1.5)));
}

#[test]
fn what_comes_back_within_half_an_hour_needs_a_wider_window() {
    let twice = |id: &str, day| {
        let again = format!("1{id}");
        told(id, "Flaps", day, "10:00")
            + &ended(id, day, "10:10")
            + &acted(id, day, "10:05", "runbook")
            + &told(&again, "Flaps", day, "10:40")
            + &ended(&again, day, "10:50")
    };
    // The second of each pair began half an hour after the first ended, which is within it.
    assert_eq!(first(&on_days(twice)), Some(("widen", 8, 2.0)));
    let later = on_days(|id, day| twice(id, day).replace("T10:40", "T10:41"));
    assert_ne!(first(&later).unwrap().0, "widen");
}

#[test]
fn what_tells_the_same_as_another_is_merged() {
    let both = |id: &str, day| {
        let other = format!("9{id}");
        told(id, "Down", day, "10:00")
            + &acted(id, day, "10:05", "incident")
            + &told(&other, "Slow", day, "10:04")
            + &acted(&other, day, "10:05", "incident")
    };
    let facts = on_days(both);
    let (rules, _) = judged(&facts);
    let slow = rules.iter().find(|rule| rule.rule == "Slow").unwrap().advice.as_ref().unwrap();
    assert_eq!((slow.advice, slow.episodes.len()), (Advice::Merge, 8));
    assert!(slow.why.contains("of Down"), "{}", slow.why);
    assert_eq!(rules.iter().find(|rule| rule.rule == "Down").unwrap().advice, None);
    // Six minutes apart is not together.
    assert!(judged(&facts.replace("T10:04", "T10:06")).0.iter().all(|rule| rule.advice.is_none()));
}

#[test]
fn instances_that_fire_together_are_duplicates() {
    let three = |id: &str, day| {
        ["a", "b", "c"]
            .iter()
            .map(|instance| {
                let id = format!("{id}{instance}");
                told(&id, "Node", day, "10:00") + &acted(&id, day, "10:05", "change")
            })
            .collect::<String>()
    };
    // Of three, two are more than one page needs.
    assert_eq!(first(&on_days(three)), Some(("merge", 16, 4.0)));
}

#[test]
fn what_can_wait_becomes_a_ticket() {
    let tickets = on_days(|id, day| told(id, "Certificate", day, "03:00") + &acted(id, day, "09:00", "ticket"));
    assert_eq!(first(&tickets), Some(("route to ticket", 8, 2.0)));
    let late = tickets.replace("ticket", "change");
    assert_eq!(first(&late), Some(("route to ticket", 8, 2.0)));
    assert_eq!(first(&late.replace("T09:00", "T06:59")), None);
}

#[test]
fn what_is_silenced_for_ever_goes() {
    let until = |id: &str, day, until: &str| {
        told(id, "Old", day, "10:00") + &said(id, day, "09:00", "silenced", &format!("{{\"until\":\"{until}\"}}"))
    };
    assert_eq!(first(&on_days(|id, day| until(id, day, "2027-10-01T00:00:00Z"))).unwrap().0, "delete");
    assert_eq!(first(&on_days(|id, day| until(id, day, "2026-10-30T00:00:00Z"))), None);
}

#[test]
fn load_is_that_of_whoever_looked_and_nights_count_apart() {
    let facts = told("1x", "A", 6, "03:00") + &said("1x", 6, "03:05", "acknowledged", "{\"by\":\"ann\"}")
        // Saturday.
        + &told("2x", "A", 10, "12:00") + &said("2x", 10, "12:05", "acknowledged", "{\"by\":\"ann\"}")
        + &told("3x", "A", 7, "12:00");
    let (rules, loads) = judged(&facts);
    assert_eq!((rules[0].pages, rules[0].off_hours), (3, 2));
    let of = |who: &str, pages, off_hours| Load { who: who.to_owned(), pages, off_hours };
    assert_eq!(loads, [of("ann", 2, 2), of("pager", 1, 0)]);
}
