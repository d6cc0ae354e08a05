use super::*;
use mainstay_kit::{KpiValue, Measure, fold_all, history, summarise};

fn of(facts: &str, from: &str, to: &str, as_of: &str) -> KpiValue {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let facts = history(facts).unwrap();
    let window = Span { from: at(from), to: at(to) };
    let query = Query { window, as_of: at(as_of), zone: jiff::tz::TimeZone::UTC };
    summarise(Measure::Proportion, &backup_success(&fold_all(&facts), &fold_all(&facts), &query))
}

/// The first four days of October 2026, seen long after.
fn four_days(facts: &str) -> KpiValue {
    of(facts, "2026-10-01T00:00:00Z", "2026-10-05T00:00:00Z", "2026-12-01T00:00:00Z")
}

fn sums(value: &KpiValue) -> (f64, f64) {
    (value.numerator, value.denominator)
}

fn promised(made: &str, schedule: &str, zone: &str, window_min: u32, job: &str) -> String {
    format!(
        "{made} promise.made promise:p {{\"id\":\"p\",\"subject\":\"service:orders\",\"kind\":\"backup-schedule\",\"schedule\":\"{schedule}\",\"zone\":\"{zone}\",\"window_min\":{window_min},\"job\":\"{job}\"}}\n"
    )
}

/// Every day at 02:00 UTC, to begin within two hours.
fn nightly() -> String {
    promised("2026-09-01T00:00:00Z", "0 2 * * *", "UTC", 120, "orders")
}

/// A run of `orders` that begins at a time and ends ten minutes later.
fn run(started: &str, outcome: &str) -> String {
    let end: Timestamp = started.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(10);
    format!(
        "{end} backup.finished backup:orders/{started} {{\"job\":\"orders\",\"started\":\"{started}\",\"outcome\":\"{outcome}\"}}\n"
    )
}

fn good(day: u32, time: &str) -> String {
    run(&format!("2026-10-{day:02}T{time}:00Z"), "complete")
}

#[test]
fn a_run_that_never_began_is_a_miss_though_no_log_has_it() {
    // Three of four nights ran, all well. Over the runs that are logged that is 100 %.
    let facts = nightly() + &good(1, "02:00") + &good(2, "02:05") + &good(4, "03:59");
    let value = four_days(&facts);
    assert_eq!((value.value, sums(&value)), (Some(0.75), (3.0, 4.0)));
}

#[test]
fn no_promise_is_no_data_however_many_runs_there_are() {
    assert_eq!(four_days(&(good(1, "02:00") + &good(2, "02:00"))).value, None);
}

#[test]
fn a_retry_inside_the_window_passes_and_one_after_it_does_not() {
    let failed = |day: u32| run(&format!("2026-10-{day:02}T02:00:00Z"), "failed");
    let facts = nightly() + &failed(1) + &good(1, "03:30") + &failed(2) + &good(2, "04:00");
    assert_eq!(sums(&four_days(&facts)), (1.0, 4.0));
}

#[test]
fn a_partial_run_fails() {
    assert_eq!(sums(&four_days(&(nightly() + &run("2026-10-01T02:00:00Z", "partial")))), (0.0, 4.0));
}

#[test]
fn a_run_found_damaged_fails_and_an_intact_or_unchecked_one_passes() {
    let checked = |day: u32, intact: bool| {
        format!(
            "2026-10-{day:02}T09:00:00Z backup.verified backup:orders/2026-10-{day:02}T02:00:00Z {{\"intact\":{intact}}}\n"
        )
    };
    let facts =
        nightly() + &good(1, "02:00") + &good(2, "02:00") + &good(3, "02:00") + &checked(1, false) + &checked(2, true);
    assert_eq!(sums(&four_days(&facts)), (2.0, 4.0));
}

#[test]
fn one_run_meets_one_slot_at_most() {
    // Every six hours with a window of twelve: a run at 12:00 lies in the windows of 06:00 and 12:00.
    let facts = promised("2026-10-01T00:00:00Z", "0 0,6,12,18 * * *", "UTC", 720, "orders") + &good(1, "12:00");
    let day = |facts: &str| of(facts, "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z", "2026-12-01T00:00:00Z");
    assert_eq!(sums(&day(&facts)), (1.0, 4.0));
    // A second run at 12:01 meets the other one.
    assert_eq!(sums(&day(&(facts + &good(1, "12:01")))), (2.0, 4.0));
}

#[test]
fn a_run_spent_on_a_slot_of_yesterday_does_not_count_again_today() {
    // Daily at 00:00 with a window of 36 hours. The run on the 2nd at 01:00 is late for the 1st; the 2nd has none.
    let facts = promised("2026-10-01T00:00:00Z", "0 0 * * *", "UTC", 36 * 60, "orders") + &good(2, "01:00");
    assert_eq!(sums(&of(&facts, "2026-10-02T00:00:00Z", "2026-10-03T00:00:00Z", "2026-12-01T00:00:00Z")), (0.0, 1.0));
}

#[test]
fn a_run_just_before_its_slot_meets_nothing() {
    assert_eq!(sums(&four_days(&(nightly() + &good(1, "01:59")))), (0.0, 4.0));
}

#[test]
fn a_slot_is_pending_until_its_window_is_over() {
    let facts = nightly() + &good(1, "02:00") + &good(2, "02:00");
    let as_of = |as_of| of(&facts, "2026-10-01T00:00:00Z", "2026-10-05T00:00:00Z", as_of);
    let early = as_of("2026-10-02T03:59:59Z");
    assert_eq!((sums(&early), early.excluded["pending"]), ((1.0, 1.0), 3));
    assert_eq!(sums(&as_of("2026-10-02T04:00:00Z")), (2.0, 2.0));
}

#[test]
fn the_night_the_clocks_go_forward_has_its_slot_and_the_one_they_go_back_has_one() {
    // 02:30 in Berlin: on 29 March it does not exist, on 25 October it exists twice.
    let promise = promised("2026-01-01T00:00:00Z", "30 2 * * *", "Europe/Berlin", 60, "orders");
    let spring = of(&promise, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-12-01T00:00:00Z");
    let autumn = of(&promise, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-12-01T00:00:00Z");
    assert_eq!((sums(&spring), sums(&autumn)), ((0.0, 1.0), (0.0, 1.0)));
    // One run at the end of the gap, one in the first pass of the repeated hour: both slots are met.
    let runs = promise + &run("2026-03-29T01:00:00Z", "complete") + &run("2026-10-25T00:30:00Z", "complete");
    assert_eq!(sums(&of(&runs, "2026-01-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")).0, 2.0);
}

#[test]
fn a_promise_counts_from_when_it_was_made_until_it_was_withdrawn() {
    let facts = promised("2026-10-02T02:00:00Z", "0 2 * * *", "UTC", 120, "orders")
        + "2026-10-04T02:00:00Z promise.withdrawn promise:p\n";
    // The 2nd and the 3rd.
    assert_eq!(sums(&four_days(&facts)), (0.0, 2.0));
}

#[test]
fn a_promise_made_anew_applies_from_then() {
    // Nightly until the 3rd at noon, then twice a day, by another job.
    let facts = nightly()
        + &promised("2026-10-03T12:00:00Z", "0 2,14 * * *", "UTC", 120, "orders-v2")
        + &good(1, "02:00")
        + &good(3, "14:00")
        + &good(4, "02:00").replace("\"orders\"", "\"orders-v2\"");
    // Slots: 1st, 2nd, 3rd 02:00; 3rd 14:00, 4th 02:00 and 14:00. Met: the 1st, and the 4th at 02:00.
    assert_eq!(sums(&four_days(&facts)), (2.0, 6.0));
}

#[test]
fn runs_of_another_job_meet_nothing() {
    assert_eq!(sums(&four_days(&(nightly() + &good(1, "02:00").replace("\"orders\"", "\"other\"")))), (0.0, 4.0));
}

#[test]
fn a_schedule_that_cannot_be_read_is_unknown_and_not_a_pass() {
    let value = four_days(&promised("2026-09-01T00:00:00Z", "whenever", "UTC", 120, "orders"));
    assert_eq!((value.value, value.unknown["schedule cannot be read"]), (None, 1));
}

#[test]
fn a_missed_slot_names_the_runs_that_tried() {
    let value = four_days(&(nightly() + &run("2026-10-01T02:00:00Z", "failed")));
    assert_eq!(value.facts, [0, 1]);
}
