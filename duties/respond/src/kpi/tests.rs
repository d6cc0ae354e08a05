use super::*;
use mainstay_kit::{KpiValue, Measure, fold_all, history, summarise};
use mainstay_model::Span;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

type Kpi = fn(&[Folded<Incident>], &Query) -> Vec<Contribution>;

/// October 2026 as it is seen on 1 December.
fn query() -> Query {
    let window = Span { from: at("2026-10-01T00:00:00Z"), to: at("2026-11-01T00:00:00Z") };
    Query { window, as_of: at("2026-12-01T00:00:00Z"), zone: jiff::tz::TimeZone::UTC }
}

fn october(kpi: Kpi, measure: Measure, facts: &str) -> KpiValue {
    summarise(measure, &kpi(&fold_all(&history(facts).unwrap()), &query()))
}

fn detect(facts: &str) -> KpiValue {
    october(mttd, Measure::Mean, facts)
}

fn restore(facts: &str) -> KpiValue {
    october(mttr, Measure::Mean, facts)
}

fn recur(facts: &str) -> KpiValue {
    october(incident_recurrence, Measure::Proportion, facts)
}

/// An incident whose record was made at a time, `more` being further fields that end in a comma.
fn opened(id: u32, time: &str, more: &str) -> String {
    format!(
        "{time} incident.opened incident:{id} {{{more}\"title\":\"t\",\"severity\":2,\"services\":[\"service:shop\"]}}\n"
    )
}

fn said(id: u32, time: &str, what: &str, data: &str) -> String {
    format!("{time} incident.{what} incident:{id} {data}\n")
}

fn onset(id: u32, time: &str, onset: &str) -> String {
    said(id, time, "onset-established", &format!("{{\"onset\":{onset}}}"))
}

/// An incident detected at 10:00 on a day of October and restored after so many minutes.
fn restored(id: u32, day: u32, minutes: u32) -> String {
    let (hour, minute) = (10 + minutes / 60, minutes % 60);
    opened(id, &format!("2026-10-{day:02}T10:00:00Z"), "")
        + &said(id, &format!("2026-10-{day:02}T{hour:02}:{minute:02}:00Z"), "restored", "{}")
}

mod time_to_detect {
    use super::*;

    #[test]
    fn it_runs_from_onset_to_detection_with_mean_median_and_p90() {
        // 5, 10 and 30 minutes: mean 15, median 10, p90 at rank 1.8: 10 + 0.8 * 20 = 26 minutes.
        let facts = [(1, "55"), (2, "50"), (3, "30")].map(|(id, minute)| {
            opened(id, "2026-10-05T10:00:00Z", "")
                + &onset(id, "2026-10-06T00:00:00Z", &format!("\"2026-10-05T09:{minute}:00Z\""))
        });
        let value = detect(&facts.concat());
        assert_eq!((value.value, value.details["median"]), (Some(900.0), 600.0));
        assert!((value.details["p90"] - 26.0 * 60.0).abs() < 1e-9);
    }

    #[test]
    fn an_unknown_onset_is_left_out_and_not_taken_for_zero() {
        // The record-creation time as onset would give 0 s for the first, and a mean of 300 s.
        let facts = opened(1, "2026-10-05T10:00:00Z", "")
            + &opened(2, "2026-10-05T10:00:00Z", "")
            + &onset(2, "2026-10-05T11:00:00Z", "\"2026-10-05T09:50:00Z\"");
        let value = detect(&facts);
        assert_eq!((value.value, value.denominator, value.excluded["onset unknown"]), (Some(600.0), 1.0, 1));
    }

    #[test]
    fn no_known_onset_at_all_is_no_data() {
        assert_eq!(detect(&opened(1, "2026-10-05T10:00:00Z", "")).value, None);
    }

    #[test]
    fn the_established_onset_counts_and_not_the_alert_that_waited_for_its_rule() {
        // The rule has `for: 15m`: impact from 09:40, alert `startsAt` 09:55, detected by that alert at 09:55.
        let facts = "2026-10-05T09:55:00Z alert.fired alert:a {\"rule\":\"r\",\"fingerprint\":\"f\",\"labels\":{}}\n"
            .to_owned()
            + &opened(1, "2026-10-05T10:00:00Z", "\"detected\":\"2026-10-05T09:55:00Z\",")
            + &onset(1, "2026-10-05T12:00:00Z", "\"2026-10-05T09:40:00Z\"");
        assert_eq!(detect(&facts).value, Some(900.0));
    }

    #[test]
    fn a_detection_before_the_record_was_made_counts_from_its_own_time() {
        // Detected on 30 September, written down in October: it belongs to September.
        let facts = opened(1, "2026-10-01T00:30:00Z", "\"detected\":\"2026-09-30T23:50:00Z\",")
            + &onset(1, "2026-10-02T00:00:00Z", "\"2026-09-30T23:00:00Z\"");
        assert_eq!((detect(&facts).value, detect(&facts).excluded.len()), (None, 0));
    }

    #[test]
    fn the_newest_statement_about_the_onset_counts_and_null_takes_it_back() {
        let facts = opened(1, "2026-10-05T10:00:00Z", "")
            + &onset(1, "2026-10-07T00:00:00Z", "\"2026-10-05T09:59:00Z\"")
            + &onset(1, "2026-10-06T00:00:00Z", "\"2026-10-05T09:00:00Z\"");
        assert_eq!(detect(&facts).value, Some(60.0));
        let taken_back = facts + &onset(1, "2026-10-08T00:00:00Z", "null");
        assert_eq!(detect(&taken_back).excluded["onset unknown"], 1);
    }

    #[test]
    fn a_child_uses_its_parent_and_does_not_count_twice() {
        let one = |id| {
            opened(id, "2026-10-05T10:00:00Z", "") + &onset(id, "2026-10-06T00:00:00Z", "\"2026-10-05T09:50:00Z\"")
        };
        let facts = one(1)
            + &one(2)
            + &said(2, "2026-10-06T00:00:00Z", "classified", "{\"class\":\"child\",\"of\":\"incident:1\"}");
        let value = detect(&facts);
        assert_eq!((value.numerator, value.denominator, value.excluded["child"]), (600.0, 1.0, 1));
    }

    #[test]
    fn duplicates_false_alarms_and_planned_work_are_out() {
        let facts: String = ["duplicate", "false-alarm", "planned"]
            .iter()
            .zip(1..)
            .map(|(class, id)| {
                opened(id, "2026-10-05T10:00:00Z", "")
                    + &onset(id, "2026-10-06T00:00:00Z", "\"2026-10-05T09:50:00Z\"")
                    + &said(id, "2026-10-06T00:00:00Z", "classified", &format!("{{\"class\":\"{class}\"}}"))
            })
            .collect();
        let value = detect(&facts);
        assert_eq!((value.value, value.excluded.len()), (None, 3));
    }

    #[test]
    fn one_classified_real_again_counts() {
        let facts = opened(1, "2026-10-05T10:00:00Z", "")
            + &onset(1, "2026-10-06T00:00:00Z", "\"2026-10-05T09:50:00Z\"")
            + &said(1, "2026-10-07T00:00:00Z", "classified", "{\"class\":\"real\"}")
            + &said(1, "2026-10-06T00:00:00Z", "classified", "{\"class\":\"false-alarm\"}");
        assert_eq!(detect(&facts).value, Some(600.0));
    }

    #[test]
    fn an_onset_after_the_detection_is_a_contradiction_and_left_out() {
        let facts =
            opened(1, "2026-10-05T10:00:00Z", "") + &onset(1, "2026-10-06T00:00:00Z", "\"2026-10-05T10:00:01Z\"");
        assert_eq!(detect(&facts).excluded["onset after detection"], 1);
    }

    #[test]
    fn an_incident_that_is_still_open_was_detected_all_the_same() {
        let facts =
            opened(1, "2026-10-31T23:59:59Z", "") + &onset(1, "2026-11-06T00:00:00Z", "\"2026-10-31T23:59:00Z\"");
        assert_eq!(detect(&facts).value, Some(59.0));
    }
}

mod time_to_restore {
    use super::*;

    #[test]
    fn one_outlier_moves_the_mean_and_leaves_the_median() {
        // 10, 20, 30, 40 and 500 minutes: mean 120, median 30, p90 at rank 3.6: 40 + 0.6 * 460 = 316 minutes.
        let facts: String =
            [10, 20, 30, 40, 500].iter().zip(1..).map(|(minutes, id)| restored(id, id, *minutes)).collect();
        let value = restore(&facts);
        assert_eq!((value.value, value.details["median"]), (Some(120.0 * 60.0), 30.0 * 60.0));
        assert!((value.details["p90"] - 316.0 * 60.0).abs() < 1e-6);
    }

    #[test]
    fn closed_is_not_restored() {
        // Restored after 20 minutes, closed two days later: 20 minutes. Closed only: no duration at all.
        let facts = restored(1, 5, 20)
            + &said(1, "2026-10-07T10:00:00Z", "closed", "{}")
            + &opened(2, "2026-10-05T10:00:00Z", "")
            + &said(2, "2026-10-05T10:30:00Z", "closed", "{}");
        let value = restore(&facts);
        assert_eq!(
            (value.value, value.denominator, value.excluded["closed without restoration"]),
            (Some(1200.0), 1.0, 1)
        );
    }

    #[test]
    fn an_open_incident_is_not_a_zero_and_shows_its_age_so_far() {
        let facts = restored(1, 5, 20) + &opened(2, "2026-10-31T00:00:00Z", "");
        let value = restore(&facts);
        assert_eq!((value.value, value.excluded["open"]), (Some(1200.0), 1));
        let out = mttr(&fold_all(&history(&facts).unwrap()), &query());
        // From 31 October to 1 December are 31 days.
        assert_eq!((out[1].standing, out[1].numerator), (Standing::Excluded("open"), 31.0 * 86400.0));
    }

    #[test]
    fn reopened_within_a_day_it_continues_and_only_the_impacted_time_counts() {
        // 10:00-10:30 and 20:00-20:15 on the 5th: 45 minutes, not ten hours and not 30 minutes.
        let facts = restored(1, 5, 30)
            + &said(1, "2026-10-05T20:00:00Z", "reopened", "{}")
            + &said(1, "2026-10-05T20:15:00Z", "restored", "{}");
        assert_eq!(restore(&facts).value, Some(45.0 * 60.0));
    }

    #[test]
    fn reopened_after_exactly_a_day_it_continues_and_a_second_later_it_does_not() {
        let again = |time: &str| {
            restored(1, 5, 30) + &said(1, time, "reopened", "{}") + &said(1, "2026-10-06T10:40:00Z", "restored", "{}")
        };
        assert_eq!(restore(&again("2026-10-06T10:30:00Z")).value, Some(40.0 * 60.0));
        assert_eq!(restore(&again("2026-10-06T10:30:01Z")).value, Some(30.0 * 60.0));
    }

    #[test]
    fn reopened_and_not_back_yet_is_open() {
        let facts = restored(1, 5, 30) + &said(1, "2026-10-05T20:00:00Z", "reopened", "{}");
        let value = restore(&facts);
        assert_eq!((value.value, value.excluded["open"]), (None, 1));
    }

    #[test]
    fn it_belongs_to_the_month_of_the_last_restoration() {
        // Detected and first restored in October, back for good in November.
        let facts = restored(1, 31, 30)
            + &said(1, "2026-10-31T23:00:00Z", "reopened", "{}")
            + &said(1, "2026-11-01T00:00:00Z", "restored", "{}");
        assert_eq!(restore(&facts).value, None);
        // Detected in September, restored in October.
        let facts = opened(1, "2026-09-30T23:00:00Z", "") + &said(1, "2026-10-01T00:00:00Z", "restored", "{}");
        assert_eq!(restore(&facts).value, Some(3600.0));
    }

    #[test]
    fn it_starts_at_detection_where_that_was_before_the_record() {
        let facts = opened(1, "2026-10-05T11:00:00Z", "\"detected\":\"2026-10-05T10:00:00Z\",")
            + &said(1, "2026-10-05T10:45:00Z", "restored", "{}");
        assert_eq!(restore(&facts).value, Some(45.0 * 60.0));
    }

    #[test]
    fn restored_before_it_was_detected_is_a_contradiction_and_left_out() {
        let facts = opened(1, "2026-10-05T11:00:00Z", "") + &said(1, "2026-10-05T10:45:00Z", "restored", "{}");
        assert_eq!(restore(&facts).excluded["restored before detected"], 1);
    }

    #[test]
    fn duplicates_children_false_alarms_and_planned_work_are_out() {
        let facts: String = ["duplicate", "child", "false-alarm", "planned"]
            .iter()
            .zip(1..)
            .map(|(class, id)| {
                restored(id, 5, 30)
                    + &said(id, "2026-10-06T00:00:00Z", "classified", &format!("{{\"class\":\"{class}\"}}"))
            })
            .collect();
        let value = restore(&(facts + &restored(9, 5, 10)));
        assert_eq!((value.value, value.excluded.len()), (Some(600.0), 4));
    }

    #[test]
    fn a_restoration_said_again_changes_nothing() {
        let facts = restored(1, 5, 30) + &said(1, "2026-10-05T12:00:00Z", "restored", "{}");
        assert_eq!(restore(&facts).value, Some(30.0 * 60.0));
    }

    #[test]
    fn arrival_order_and_repeats_do_not_matter() {
        let facts = history(
            &(restored(1, 5, 30)
                + &said(1, "2026-10-05T20:00:00Z", "reopened", "{}")
                + &said(1, "2026-10-05T20:15:00Z", "restored", "{}")),
        )
        .unwrap();
        let mut shuffled: Vec<_> = facts.iter().rev().cloned().collect();
        shuffled.extend(facts.clone());
        let value = |facts| summarise(Measure::Mean, &mttr(&fold_all(facts), &query())).value;
        assert_eq!(value(&shuffled), value(&facts));
    }
}

mod recurrence {
    use super::*;

    fn problem(id: u32, problem: u32) -> String {
        said(id, "2026-11-05T00:00:00Z", "problem-confirmed", &format!("{{\"problem\":\"problem:{problem}\"}}"))
    }

    fn july(id: u32, restored: &str) -> String {
        opened(id, "2026-07-01T00:00:00Z", "") + &said(id, restored, "restored", "{}")
    }

    #[test]
    fn the_same_problem_within_ninety_days_is_a_recurrence() {
        // Restored on 7 July at 10:00; 5 October 10:00 is exactly 90 days later.
        let facts = july(1, "2026-07-07T10:00:00Z")
            + &problem(1, 1)
            + &restored(2, 5, 10)
            + &problem(2, 1)
            + &restored(3, 9, 10)
            + &problem(3, 2);
        assert_eq!(recur(&facts).value, Some(0.5));
        let facts = facts.replace("2026-07-07T10:00:00Z", "2026-07-07T09:59:59Z");
        assert_eq!(recur(&facts).value, Some(0.0));
    }

    #[test]
    fn the_same_service_is_not_the_same_cause() {
        let facts = restored(1, 5, 10) + &restored(2, 6, 10);
        let value = recur(&facts);
        assert_eq!((value.value, value.unknown["problem not confirmed"]), (Some(0.0), 2));
    }

    #[test]
    fn an_incident_is_no_recurrence_of_itself_nor_is_its_reopening() {
        let facts = restored(1, 5, 10)
            + &problem(1, 1)
            + &said(1, "2026-10-05T12:00:00Z", "reopened", "{}")
            + &said(1, "2026-10-05T13:00:00Z", "restored", "{}");
        assert_eq!(recur(&facts).value, Some(0.0));
    }

    #[test]
    fn a_duplicate_or_child_is_no_recurrence() {
        let facts = restored(1, 5, 10)
            + &problem(1, 1)
            + &restored(2, 6, 10)
            + &problem(2, 1)
            + &said(2, "2026-10-06T12:00:00Z", "classified", "{\"class\":\"duplicate\",\"of\":\"incident:1\"}");
        let value = recur(&facts);
        assert_eq!((value.value, value.denominator, value.excluded["duplicate"]), (Some(0.0), 1.0, 1));
    }

    #[test]
    fn shorter_cohorts_see_less() {
        let facts = july(1, "2026-08-20T10:00:00Z") + &problem(1, 1) + &restored(2, 5, 10) + &problem(2, 1);
        let within = |days| {
            let folded = fold_all(&history(&facts).unwrap());
            summarise(Measure::Proportion, &incident_recurrence_within(&folded, &query(), days)).value
        };
        // 46 days lie between.
        assert_eq!((within(30), within(60)), (Some(0.0), Some(1.0)));
    }
}
