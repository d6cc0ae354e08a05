use super::*;
use mainstay_kit::{KpiValue, Measure, fold_all, history, summarise};
use mainstay_model::Span;

type Kpi = fn(&[Folded<EstateResource>], &Query) -> Vec<Contribution>;

fn october(kpi: Kpi, facts: &str, as_of: &str) -> KpiValue {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let window = Span { from: at("2026-10-01T00:00:00Z"), to: at("2026-11-01T00:00:00Z") };
    let query = Query { window, as_of: at(as_of), zone: jiff::tz::TimeZone::UTC };
    summarise(Measure::Proportion, &kpi(&fold_all(&history(facts).unwrap()), &query))
}

fn adoption(facts: &str) -> KpiValue {
    october(iac_adoption, facts, "2026-12-01T00:00:00Z")
}

fn compliance(facts: &str) -> KpiValue {
    october(policy_compliance, facts, "2026-12-01T00:00:00Z")
}

fn sums(value: &KpiValue) -> (f64, f64) {
    (value.numerator, value.denominator)
}

fn fact(day: u32, kind: &str, id: u32, data: &str) -> String {
    format!("2026-10-{day:02}T00:00:00Z resource.{kind} aws:vm/{id} {{{data}}}\n")
}

/// A resource seen on 1 October; `more` are further fields that end in a comma.
fn seen(id: u32, aspect: &str, more: &str) -> String {
    fact(1, "observed", id, &format!("{more}\"aspect\":\"{aspect}\",\"type\":\"vm\",\"name\":\"n\""))
}

fn managed(id: u32) -> String {
    seen(id, "live", "\"managed_by\":\"prod.tfstate\",")
}

fn unmanaged(id: u32) -> String {
    seen(id, "live", "")
}

mod adoption {
    use super::*;

    #[test]
    fn the_denominator_is_what_is_live_and_not_what_is_in_the_state() {
        // Two of three live ones are managed. Over the state it would be 2 / 2.
        let value = adoption(&(managed(1) + &managed(2) + &unmanaged(3)));
        assert_eq!(sums(&value), (2.0, 3.0));
    }

    #[test]
    fn what_is_only_declared_or_planned_is_not_live() {
        let facts = managed(1) + &seen(2, "declared", "") + &seen(3, "planned", "\"action\":\"create\",");
        assert_eq!(sums(&adoption(&facts)), (1.0, 1.0));
    }

    #[test]
    fn nothing_live_is_no_data() {
        assert_eq!(adoption(&seen(2, "declared", "")).value, None);
    }

    #[test]
    fn copies_that_a_controller_made_belong_to_their_owner_and_do_not_dilute() {
        // One managed group of fifty copies, one unmanaged machine: 1 / 2 and not 1 / 52.
        let copies: String = (10..60).map(|id| seen(id, "live", "\"controlled_by\":\"aws:asg/web\",")).collect();
        let value = adoption(&(managed(1) + &unmanaged(2) + &copies));
        assert_eq!((sums(&value), value.excluded["belongs to its controller"]), ((1.0, 2.0), 50));
    }

    #[test]
    fn provider_defaults_are_out() {
        let value = adoption(&(managed(1) + &seen(2, "live", "\"provider_default\":true,")));
        assert_eq!((sums(&value), value.excluded["provider default"]), ((1.0, 1.0), 1));
    }

    #[test]
    fn a_drifted_resource_is_not_as_code_until_it_is_reconciled() {
        let drifted = |id| fact(5, "drifted", id, "\"attributes\":[\"size\"]");
        let facts = managed(1) + &drifted(1) + &managed(2) + &drifted(2) + &fact(6, "reconciled", 2, "");
        assert_eq!(sums(&adoption(&facts)), (1.0, 2.0));
    }

    #[test]
    fn it_is_the_state_at_the_end_of_the_window_and_not_that_of_today() {
        // Drifted on the last second of October, mended in November; another one managed only from November on.
        let facts = managed(1)
            + "2026-10-31T23:59:59Z resource.drifted aws:vm/1 {\"attributes\":[]}\n"
            + "2026-11-02T00:00:00Z resource.reconciled aws:vm/1\n"
            + &unmanaged(2)
            + &managed(2).replace("2026-10-01", "2026-11-01")
            + &managed(3);
        assert_eq!(sums(&adoption(&facts)), (1.0, 3.0));
    }

    #[test]
    fn within_a_running_window_it_is_the_state_as_of_the_question() {
        let facts = managed(1) + &fact(20, "gone", 1, "\"aspect\":\"live\"") + &unmanaged(2);
        assert_eq!(sums(&october(iac_adoption, &facts, "2026-10-19T00:00:00Z")), (1.0, 2.0));
        assert_eq!(sums(&october(iac_adoption, &facts, "2026-10-20T00:00:00Z")), (0.0, 1.0));
        assert_eq!(october(iac_adoption, &facts, "2026-09-30T00:00:00Z").value, None);
    }

    #[test]
    fn what_is_gone_is_out_and_what_comes_back_is_in_again() {
        let gone = |day, id| fact(day, "gone", id, "\"aspect\":\"live\"");
        let facts = managed(1) + &gone(5, 1) + &managed(2) + &gone(5, 2) + &managed(2).replace("10-01", "10-07");
        assert_eq!(sums(&adoption(&facts)), (1.0, 1.0));
    }

    #[test]
    fn an_inventory_does_not_take_back_what_the_state_says() {
        // The state manages it; an inventory, which knows no state, sees it two days later. The state lets go of the
        // second one, which stays live all the same.
        let event = |id: u32, day: u32, source: &str, data: &str, kind: &str| {
            format!(
                "{{\"id\":\"{id}-{day}\",\"source\":\"{source}\",\"time\":\"2026-10-{day:02}T00:00:00Z\",\"type\":\"mainstay.resource.{kind}.v1\",\"subject\":\"aws:vm/{id}\",\"data\":{{{data}}}}}\n"
            )
        };
        let observed = "\"aspect\":\"live\",\"type\":\"vm\",\"name\":\"n\"";
        let by_state = format!("{observed},\"managed_by\":\"prod.tfstate\"");
        let both =
            |id| event(id, 1, "/state", &by_state, "observed") + &event(id, 3, "/inventory", observed, "observed");
        let facts = both(1) + &both(2) + &event(2, 5, "/state", "\"aspect\":\"live\"", "gone");
        assert_eq!(sums(&adoption(&facts)), (1.0, 2.0));
    }

    #[test]
    fn arrival_order_and_repeats_do_not_matter() {
        let facts =
            managed(1) + &fact(5, "drifted", 1, "\"attributes\":[]") + &fact(6, "reconciled", 1, "") + &unmanaged(2);
        let facts = history(&facts).unwrap();
        let mut shuffled: Vec<_> = facts.iter().rev().cloned().collect();
        shuffled.extend(facts.clone());
        let fold =
            |facts: &[_]| fold_all::<EstateResource>(facts).into_iter().map(|folded| folded.entity).collect::<Vec<_>>();
        assert_eq!(fold(&shuffled), fold(&facts));
    }
}

mod compliance {
    use super::*;

    /// Judged on 28 October as observed then.
    fn judged(id: u32, aspect: &str, verdicts: &str, key: &str) -> String {
        fact(
            28,
            "judged",
            id,
            &format!(
                "\"aspect\":\"{aspect}\",\"verdicts\":{{{verdicts}}},\"key\":[{key}],\"observed\":\"2026-10-28T00:00:00Z\""
            ),
        )
    }

    fn live(id: u32, verdicts: &str) -> String {
        let names: Vec<_> = verdicts.split(',').filter_map(|pair| pair.split_once(':')).map(|(name, _)| name).collect();
        unmanaged(id) + &judged(id, "live", verdicts, &names.join(","))
    }

    #[test]
    fn a_resource_passes_all_its_key_controls_or_it_does_not() {
        // Nine of ten checks pass, one of two resources. Averaged over checks it would read 90 %.
        let nine: Vec<_> = (1..=8).map(|n| format!("\"c{n}\":\"pass\"")).collect();
        let facts = live(1, &nine.join(",")) + &live(2, "\"c1\":\"pass\",\"c2\":\"fail\"");
        assert_eq!(sums(&compliance(&facts)), (1.0, 2.0));
    }

    #[test]
    fn no_applicable_key_control_is_out_of_scope_and_not_a_pass() {
        let value = compliance(
            &(live(1, "\"c1\":\"fail\"") + &live(2, "") + &unmanaged(3) + &judged(3, "live", "\"c9\":\"pass\"", "")),
        );
        assert_eq!((sums(&value), value.excluded["no applicable key control"]), ((0.0, 1.0), 2));
    }

    #[test]
    fn a_control_that_is_no_key_control_does_not_count() {
        let facts = unmanaged(1) + &judged(1, "live", "\"c1\":\"pass\",\"minor\":\"fail\"", "\"c1\"");
        assert_eq!(sums(&compliance(&facts)), (1.0, 1.0));
    }

    #[test]
    fn a_waiver_is_not_a_pass() {
        assert_eq!(sums(&compliance(&live(1, "\"c1\":\"pass\",\"c2\":\"waived\""))), (0.0, 1.0));
    }

    #[test]
    fn an_unknown_or_missing_verdict_is_unknown_and_not_a_pass() {
        let facts = live(1, "\"c1\":\"pass\",\"c2\":\"unknown\"") + &unmanaged(2) + &judged(2, "live", "", "\"c1\"");
        let value = compliance(&facts);
        assert_eq!((sums(&value), value.unknown["verdict unknown"]), ((0.0, 2.0), 2));
    }

    #[test]
    fn a_stale_observation_is_not_a_pass() {
        // The window ends on 1 November: seven days before is 25 October, midnight. One nanosecond short of the end is
        // still within seven days of it, and a second earlier is not.
        let observed = |id: u32, time: &str| {
            live(id, "\"c1\":\"pass\"")
                .replace("\"observed\":\"2026-10-28T00:00:00Z\"", &format!("\"observed\":\"{time}\""))
        };
        let value = compliance(&(observed(1, "2026-10-25T00:00:00Z") + &observed(2, "2026-10-24T23:59:59Z")));
        assert_eq!((sums(&value), value.unknown["stale observation"]), ((1.0, 2.0), 1));
    }

    #[test]
    fn what_nobody_judged_is_unknown_and_in_neither_sum() {
        let value = compliance(&(live(1, "\"c1\":\"pass\"") + &unmanaged(2)));
        assert_eq!((sums(&value), value.unknown["not judged"]), ((1.0, 1.0), 1));
    }

    #[test]
    fn the_newest_judgement_before_the_end_of_the_window_counts() {
        let later = judged(1, "live", "\"c1\":\"pass\"", "\"c1\"").replacen("2026-10-28", "2026-11-01", 1);
        let earlier = judged(1, "live", "\"c1\":\"fail\"", "\"c1\"");
        assert_eq!(sums(&compliance(&(unmanaged(1) + &later + &earlier))), (0.0, 1.0));
    }

    #[test]
    fn copies_and_provider_defaults_are_out_as_for_adoption() {
        let facts = live(1, "\"c1\":\"pass\"").replace(
            "{\"aspect\":\"live\",\"type\"",
            "{\"controlled_by\":\"aws:asg/web\",\"aspect\":\"live\",\"type\"",
        ) + &live(2, "\"c1\":\"pass\"")
            .replace("{\"aspect\":\"live\",\"type\"", "{\"provider_default\":true,\"aspect\":\"live\",\"type\"");
        let value = compliance(&facts);
        assert_eq!((value.value, value.excluded.len()), (None, 2));
    }

    #[test]
    fn what_is_declared_and_live_counts_once_by_its_live_side() {
        // The code passes, what is there does not.
        let declared =
            seen(2, "declared", "\"same_as\":\"aws:vm/1\",") + &judged(2, "declared", "\"c1\":\"pass\"", "\"c1\"");
        assert_eq!(sums(&compliance(&(live(1, "\"c1\":\"fail\"") + &declared))), (0.0, 1.0));
        // Where nobody judged the live one, the declared one counts.
        assert_eq!(sums(&compliance(&(unmanaged(1) + &declared))), (1.0, 1.0));
    }

    #[test]
    fn what_is_gone_does_not_count() {
        let facts =
            live(1, "\"c1\":\"fail\"") + &fact(29, "gone", 1, "\"aspect\":\"live\"") + &live(2, "\"c1\":\"pass\"");
        assert_eq!(sums(&compliance(&facts)), (1.0, 1.0));
    }
}
