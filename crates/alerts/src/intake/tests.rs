use super::*;

fn at(clock: &str) -> Timestamp {
    format!("2026-11-28T{clock}Z").parse().unwrap()
}

fn posted(starts: &str, ends: Option<&str>) -> Posted {
    Posted { labels: Labels::new([("alertname", "Slow")]), starts_at: Some(at(starts)), ends_at: ends.map(at) }
}

/// What changed, as "began +index" and "began-end".
fn taken(intake: &mut Intake, now: &str, alerts: Vec<Posted>) -> Vec<String> {
    shown(intake.take(at(now), alerts).0)
}

fn shown(changes: Vec<Transition>) -> Vec<String> {
    let clock = |at: Timestamp| at.to_string()[11..19].to_owned();
    let one = |change: Transition| {
        let fired = if change.fired.is_some() { "+" } else { "" };
        format!(
            "{fired}{}{}",
            clock(change.starts),
            change.ended.map_or(String::new(), |end| format!("-{}", clock(end)))
        )
    };
    changes.into_iter().map(one).collect()
}

#[test]
fn however_often_it_is_repeated_it_begins_once_and_ends_once() {
    let mut intake = Intake::default();
    assert_eq!(taken(&mut intake, "10:00:05", vec![posted("10:00:00", Some("10:04:00"))]), ["+10:00:00"]);
    for minute in 1..9 {
        let (now, ends) = (format!("10:0{minute}:05"), format!("10:{:02}:00", minute + 4));
        assert!(taken(&mut intake, &now, vec![posted("10:00:00", Some(&ends))]).is_empty());
        assert!(intake.lapse(at(&now)).is_empty());
    }
    assert_eq!(intake.firing(), 1);
    let over = || vec![posted("10:00:00", Some("10:09:30"))];
    assert_eq!(taken(&mut intake, "10:09:35", over()), ["10:00:00-10:09:30"]);
    assert!(taken(&mut intake, "10:10:35", over()).is_empty(), "Prometheus says so for a quarter of an hour");
    assert_eq!(intake.firing(), 0);
}

#[test]
fn what_nobody_repeats_ends_when_it_said_it_would() {
    let mut intake = Intake::default();
    taken(&mut intake, "10:00:05", vec![posted("10:00:00", Some("10:04:00"))]);
    assert!(intake.lapse(at("10:03:59")).is_empty());
    assert_eq!(shown(intake.lapse(at("10:04:00"))), ["10:00:00-10:04:00"]);
    assert!(intake.lapse(at("10:05:00")).is_empty());
    // Without an end of its own it has five minutes from when it was posted last.
    taken(&mut intake, "11:00:00", vec![posted("11:00:00", None)]);
    taken(&mut intake, "11:04:00", vec![posted("11:00:00", None)]);
    assert!(intake.lapse(at("11:08:59")).is_empty());
    assert_eq!(shown(intake.lapse(at("11:09:00"))), ["11:00:00-11:09:00"]);
}

#[test]
fn a_pair_that_disagrees_about_the_start_makes_one_episode() {
    let mut intake = Intake::default();
    let both = vec![posted("10:00:15", Some("10:05:00")), posted("10:00:00", Some("10:05:00"))];
    assert_eq!(taken(&mut intake, "10:00:20", both), ["+10:00:15"]);
    let later = vec![posted("10:00:00", Some("10:06:00")), posted("10:00:15", Some("10:06:00"))];
    assert!(taken(&mut intake, "10:01:20", later).is_empty());
}

#[test]
fn what_fires_anew_is_another_episode() {
    let mut intake = Intake::default();
    taken(&mut intake, "10:00:05", vec![posted("10:00:00", Some("10:04:00"))]);
    taken(&mut intake, "10:02:05", vec![posted("10:00:00", Some("10:02:00"))]);
    assert_eq!(taken(&mut intake, "10:20:05", vec![posted("10:20:00", Some("10:24:00"))]), ["+10:20:00"]);
    // Nobody said that the one before ended: it did when it said it would.
    assert_eq!(
        taken(&mut intake, "10:40:05", vec![posted("10:40:00", Some("10:44:00"))]),
        ["10:20:00-10:24:00", "+10:40:00"]
    );
    // It was thought to be over, because the one who posts was silent, and fires still: since it is said again.
    intake.lapse(at("10:44:00"));
    assert_eq!(taken(&mut intake, "10:50:00", vec![posted("10:40:00", Some("10:54:00"))]), ["+10:50:00"]);
    assert!(taken(&mut intake, "10:51:00", vec![posted("10:40:00", Some("10:55:00"))]).is_empty());
}

#[test]
fn one_that_came_and_went_unseen_is_told_whole_and_a_restart_tells_nothing_twice() {
    let mut intake = Intake::default();
    let whole = || vec![posted("10:00:00", Some("10:02:00"))];
    assert_eq!(taken(&mut intake, "10:05:00", whole()), ["+10:00:00-10:02:00"]);
    assert!(taken(&mut intake, "10:06:00", whole()).is_empty());

    let mut resumed = Intake::default();
    let print = crate::fingerprint(&Labels::new([("alertname", "Slow")]));
    resumed.resume(print, at("10:00:00"), at("10:30:00"));
    assert!(taken(&mut resumed, "10:31:00", vec![posted("10:00:00", Some("10:35:00"))]).is_empty());
    resumed.resume(print, at("09:00:00"), at("10:31:30"));
    assert_eq!(shown(resumed.lapse(at("10:35:00"))), ["10:00:00-10:35:00"], "what is known by now stays");
}

#[test]
fn what_cannot_be_taken_is_named_and_the_rest_counts() {
    let bad = Posted { labels: Labels::default(), starts_at: None, ends_at: None };
    let (changed, refused) = Intake::default().take(at("10:00:00"), vec![bad, posted("09:59:00", None)]);
    assert_eq!(shown(changed), ["+09:59:00"]);
    assert_eq!(refused.iter().map(|refused| refused.index).collect::<Vec<_>>(), [0]);
}
