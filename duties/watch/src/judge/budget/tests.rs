use super::*;
use mainstay_kit::{fold_all, history};

const MADE: &str = "2026-10-01T00:00:00Z promise.made promise:slo.shop-pay {\"id\":\"slo.shop-pay\",\"subject\":\"service:shop\",\"kind\":\"service-level\",\"name\":\"pay\",\"percent\":99.9,\"window\":\"30d\",\"indicator\":\"x\",\"spec\":\"openslo/v1\"}\n";

fn policy(day: u32, more: &str, steps: &str) -> String {
    format!("2026-10-{day:02}T00:00:00Z budget-policy.declared budget-policy:usual {{{more}\"steps\":[{steps}]}}\n")
}

const HALF: &str = "{\"left_percent\":50.0,\"do\":[\"note\"]}";
const NOTHING: &str = "{\"left_percent\":0.0,\"do\":[\"finding\",\"freeze\"]}";

fn measured(day: u32, state: &str, left: f64) -> String {
    format!(
        "2026-10-{day:02}T12:00:00Z budget.measured promise:slo.shop-pay {{\"from\":\"2026-09-01T00:00:00Z\",\"until\":\"2026-10-{day:02}T12:00:00Z\",\"state\":\"{state}\",\"counts\":\"events\",\"left\":{left},\"covered\":1.0}}\n"
    )
}

/// The last day, and the reason.
type End = Option<(i8, Ended)>;

/// Threshold, first day, and last day with the reason, where it ended.
fn found(facts: &str) -> Vec<(f64, i8, End)> {
    let facts = history(facts).unwrap();
    let tier = |_: &Subject| Owner { team: Some(Subject::of("team", "commerce")), tier: Some("1".to_owned()) };
    let day = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).day();
    let all = reached(&fold_all(&facts), &fold_all(&facts), &tier);
    all.into_iter()
        .map(|one| (one.step.left_percent, day(one.since), one.until.map(|(at, why)| (day(at), why))))
        .collect()
}

#[test]
fn a_step_holds_from_where_no_more_is_left_until_more_is() {
    let facts = MADE.to_owned() + &policy(1, "", &format!("{HALF},{NOTHING}"));
    assert_eq!(found(&(facts.clone() + &measured(2, "kept", 0.51))), []);
    let half = facts + &measured(2, "kept", 0.51) + &measured(3, "kept", 0.5);
    assert_eq!(found(&half), [(50.0, 3, None)]);
    let gone = half + &measured(4, "exhausted", -0.2);
    assert_eq!(found(&gone), [(0.0, 4, None), (50.0, 3, None)]);
    let back = gone + &measured(6, "kept", 0.3);
    assert_eq!(found(&back), [(0.0, 4, Some((6, Ended::Back))), (50.0, 3, None)]);
    let again = back + &measured(7, "kept", 1.0) + &measured(9, "exhausted", 0.0);
    assert_eq!(
        found(&again),
        [(0.0, 4, Some((6, Ended::Back))), (0.0, 9, None), (50.0, 3, Some((7, Ended::Back))), (50.0, 9, None)]
    );
}

#[test]
fn what_cannot_be_told_begins_and_ends_nothing() {
    let facts = MADE.to_owned() + &policy(1, "", NOTHING);
    assert_eq!(found(&(facts.clone() + &measured(2, "unknown", -15.0))), []);
    let gone = facts + &measured(2, "exhausted", -1.0) + &measured(3, "unknown", 0.9);
    assert_eq!(found(&gone), [(0.0, 2, None)]);
}

#[test]
fn a_policy_acts_from_its_declaration_on_and_only_on_whom_it_names() {
    let before = MADE.to_owned() + &measured(2, "exhausted", -1.0) + &policy(5, "", NOTHING);
    assert_eq!(found(&before), [(0.0, 5, None)]);
    let only =
        |more: &str| found(&(MADE.to_owned() + &policy(1, more, NOTHING) + &measured(2, "exhausted", -1.0))).len();
    assert_eq!(only("\"tiers\":[\"1\"],"), 1);
    assert_eq!(only("\"tiers\":[\"2\"],"), 0);
    assert_eq!(only("\"tiers\":[\"2\"],\"services\":[\"service:shop\"],"), 1);
}

#[test]
fn what_a_policy_or_a_promise_no_longer_says_ends() {
    let gone = MADE.to_owned() + &policy(1, "", NOTHING) + &measured(2, "exhausted", -1.0);
    let withdrawn = gone.clone() + "2026-10-05T00:00:00Z budget-policy.withdrawn budget-policy:usual\n";
    assert_eq!(found(&withdrawn), [(0.0, 2, Some((5, Ended::Policy)))]);
    let milder = gone.clone() + &policy(5, "", HALF);
    assert_eq!(found(&milder), [(0.0, 2, Some((5, Ended::Policy))), (50.0, 5, None)]);
    // The same steps said anew change nothing.
    assert_eq!(found(&(gone.clone() + &policy(5, "\"tiers\":[\"1\"],", NOTHING))), [(0.0, 2, None)]);
    let promise = gone + "2026-10-06T00:00:00Z promise.withdrawn promise:slo.shop-pay\n";
    assert_eq!(found(&promise), [(0.0, 2, Some((6, Ended::Promise)))]);
}

#[test]
fn a_measurement_is_news_where_something_moved_or_a_day_has_passed() {
    let read = |hour: u32, state: &str, left: Option<f64>| -> BudgetMeasured {
        let left = left.map_or(serde_json::Value::Null, Into::into);
        serde_json::from_value(serde_json::json!({
            "from": "2026-09-01T00:00:00Z", "until": format!("2026-10-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24),
            "state": state, "counts": "events", "left": left, "covered": 1.0
        }))
        .unwrap()
    };
    let before = read(1, "kept", Some(0.5));
    assert!(is_news(None, &before));
    assert!(!is_news(Some(&before), &read(2, "kept", Some(0.495))));
    assert!(is_news(Some(&before), &read(2, "kept", Some(0.49))));
    assert!(is_news(Some(&before), &read(2, "burning", Some(0.5))));
    assert!(is_news(Some(&before), &read(2, "kept", None)));
    assert!(is_news(Some(&before), &read(25, "kept", Some(0.5))));
    // What is older than what is known is no news, whatever it says.
    assert!(!is_news(Some(&before), &read(0, "exhausted", Some(-1.0))));
    let far = read(1, "exhausted", Some(-50.0));
    assert!(!is_news(Some(&far), &read(2, "exhausted", Some(-50.4))));
    assert!(is_news(Some(&far), &read(2, "exhausted", Some(-50.6))));
}
