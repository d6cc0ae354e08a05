//! Plans written by hand, with what a reviewer must be told of them, and all real ones.

use super::cost::PriceBook;
use super::{Action, Ask, Gate, Place, Review, Service, Surroundings, markdown, review, text};
use mainstay_iac::SourceFile;
use mainstay_policy::Engine;
use serde_json::{Value, json};
use std::path::Path;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn reviewed_with(plan: &Value, prices: Option<&PriceBook>, surroundings: &Surroundings, engine: &Engine) -> Review {
    let plan = file("plan.json", &plan.to_string());
    review(&Ask { plan: &plan, engine, state: None, prices, surroundings, gate: &Gate::default() })
}

fn reviewed(plan: &Value) -> Review {
    reviewed_with(plan, None, &Surroundings::default(), &Engine::default())
}

fn plan(changes: &[Value]) -> Value {
    json!({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes})
}

fn change(address: &str, actions: &[&str], before: Value, after: Value) -> Value {
    let last: Vec<&str> = address.rsplit('.').take(2).collect();
    let name = last[0].split('[').next().unwrap();
    json!({"address": address, "mode": "managed", "type": last[1], "name": name,
           "change": {"actions": actions, "before": before, "after": after, "after_unknown": {}}})
}

fn step<'r>(review: &'r Review, address: &str) -> &'r super::Step {
    review.steps.iter().find(|step| step.address == address).unwrap_or_else(|| panic!("no step {address}"))
}

/// An upgrade that replaces a subnet, and through it, silently, the cluster.
fn cluster() -> Value {
    let mut subnet = change(
        "module.net.aws_subnet.a[0]",
        &["delete", "create"],
        json!({"id": "subnet-1", "cidr_block": "10.0.0.0/24"}),
        json!({"cidr_block": "10.0.1.0/24"}),
    );
    subnet["change"]["replace_paths"] = json!([["cidr_block"]]);
    subnet["change"]["after_unknown"] = json!({"id": true});
    let mut cluster = change(
        "module.eks.aws_eks_cluster.this",
        &["delete", "create"],
        json!({"id": "shop", "name": "shop", "vpc_config": [{"subnet_ids": ["subnet-1"]}]}),
        json!({"name": "shop", "vpc_config": [{}]}),
    );
    cluster["change"]["replace_paths"] = json!([["vpc_config", 0, "subnet_ids"]]);
    cluster["change"]["after_unknown"] = json!({"id": true, "vpc_config": [{"subnet_ids": true}]});
    let chart = change("helm_release.shop", &["no-op"], json!({"name": "shop"}), json!({"name": "shop"}));
    let mut plan = plan(&[chart, subnet, cluster]);
    plan["configuration"] = json!({"root_module": {
        "resources": [{"address": "helm_release.shop", "expressions": {"name": {"references": ["module.eks.name", "module.eks"]}}}],
        "module_calls": {
            "net": {"module": {"outputs": {"subnets": {"expression": {"references": ["aws_subnet.a"]}}},
                               "resources": [{"address": "aws_subnet.a"}]}},
            "eks": {"expressions": {"subnets": {"references": ["module.net.subnets", "module.net"]}},
                    "module": {"outputs": {"name": {"expression": {"references": ["aws_eks_cluster.this.name", "aws_eks_cluster.this"]}}},
                               "resources": [{"address": "aws_eks_cluster.this", "expressions": {
                                   "vpc_config": [{"subnet_ids": {"references": ["var.subnets"]}}]}}]}}}}});
    plan
}

#[test]
fn a_replacement_names_the_attribute_and_what_that_comes_from() {
    let review = reviewed(&cluster());
    let cluster = step(&review, "module.eks.aws_eks_cluster.this");
    let why: Vec<&str> = cluster.why.iter().map(|reason| reason.what.as_str()).collect();
    assert_eq!(
        why,
        [
            "vpc_config.0.subnet_ids cannot be changed in place, and its value [\"subnet-1\"] may change",
            "it comes from module.net.aws_subnet.a[0], which is replaced because of cidr_block",
        ]
    );
    assert!(cluster.outage.as_ref().unwrap().what.contains("every workload"));
    let subnet = step(&review, "module.net.aws_subnet.a[0]");
    assert_eq!(subnet.why[0].what, "cidr_block cannot be changed in place: \"10.0.0.0/24\" becomes \"10.0.1.0/24\"");
}

#[test]
fn what_stays_and_depends_on_what_goes_is_reached_across_modules() {
    let review = reviewed(&cluster());
    let [reached] = review.reached.as_slice() else { panic!("{:?}", review.reached) };
    assert_eq!(
        (reached.address.as_str(), reached.steps, reached.from.as_str(), reached.by),
        ("helm_release.shop", 1, "module.eks.aws_eks_cluster.this", Action::Replace)
    );
}

#[test]
fn what_loses_data_comes_first_and_closes_the_gate() {
    let gone = |address: &str, before: Value| change(address, &["delete"], before, Value::Null);
    let review = reviewed(&plan(&[
        change(
            "aws_instance.web",
            &["update"],
            json!({"instance_type": "t3.small"}),
            json!({"instance_type": "t3.large"}),
        ),
        gone("aws_db_instance.kept", json!({"skip_final_snapshot": false})),
        gone("aws_db_instance.lost", json!({"skip_final_snapshot": true})),
        gone("aws_s3_bucket.full", json!({"bucket": "logs"})),
        gone("aws_s3_bucket.lost", json!({"bucket": "old", "force_destroy": true})),
    ]));
    let order: Vec<&str> = review.steps.iter().map(|step| step.address.as_str()).collect();
    assert_eq!(
        order,
        [
            "aws_db_instance.lost",
            "aws_s3_bucket.lost",
            "aws_db_instance.kept",
            "aws_s3_bucket.full",
            "aws_instance.web"
        ]
    );
    assert_eq!(step(&review, "aws_instance.web").outage.as_ref().unwrap().what, "the instance is stopped and started");
    let kept = step(&review, "aws_s3_bucket.full").data.as_ref().unwrap();
    assert_eq!(kept.kept.as_deref(), Some("the provider refuses while the bucket holds objects"));
    let stopped: Vec<&String> = review.blocked.iter().filter(|why| why.contains(" loses ")).collect();
    assert_eq!(
        stopped,
        [
            "destroy of aws_db_instance.lost loses the database and its automated backups",
            "destroy of aws_s3_bucket.lost loses every object and version in the bucket",
        ]
    );
    let factor = |name: &str| review.risk.factors.iter().find(|factor| factor.name == name).map(|factor| factor.points);
    assert_eq!((factor("data-loss"), factor("data-kept")), (Some(50), Some(17)));
}

#[test]
fn a_forgotten_moved_block_is_recognised() {
    let before = json!({"id": "shop:blue-1", "arn": "arn:1", "cluster_name": "shop", "node_group_name": "blue", "instance_types": ["m5.large"], "disk_size": 50});
    let after =
        json!({"cluster_name": "shop", "node_group_name": "blue", "instance_types": ["m5.large"], "disk_size": 60});
    let (old, new) = (
        "module.eks.aws_eks_node_group.workers[\"blue\"]",
        "module.eks.module.group[\"blue\"].aws_eks_node_group.this",
    );
    let other =
        json!({"cluster_name": "shop", "node_group_name": "green", "instance_types": ["c5.large"], "disk_size": 10});
    let review = reviewed(&plan(&[
        change(old, &["delete"], before, Value::Null),
        change(new, &["create"], Value::Null, after),
        change("aws_eks_node_group.other", &["create"], Value::Null, other),
    ]));
    let gone = step(&review, old);
    assert_eq!(gone.same_as.as_deref(), Some(new));
    assert!(gone.why[0].what.contains(&format!("moved {{ from = {old} to = {new} }}")), "{:?}", gone.why);
    assert_eq!(step(&review, "aws_eks_node_group.other").same_as, None);
    assert!(review.blocked.iter().any(|why| why.contains("a moved block is missing")), "{:?}", review.blocked);
}

#[test]
fn objects_that_only_share_defaults_are_not_taken_for_one() {
    let review = reviewed(&plan(&[
        change("aws_sqs_queue.a", &["delete"], json!({"name": "orders", "fifo_queue": false, "delay": 0}), Value::Null),
        change("aws_sqs_queue.b", &["create"], Value::Null, json!({"name": "mails", "fifo_queue": false, "delay": 0})),
    ]));
    assert_eq!(step(&review, "aws_sqs_queue.a").same_as, None);
}

const BOOK: &str = "\
type,part,match,per,monthly,currency
aws_db_instance,compute,instance_class=db.t3.small,,25.00,USD
aws_db_instance,compute,instance_class=db.t3.small;multi_az=true,,50.00,USD
aws_db_instance,compute,instance_class=db.t3.large,,100.10,USD
aws_db_instance,storage,,allocated_storage,0.115,USD
aws_nat_gateway,,,,32.85,USD
";

#[test]
fn the_difference_in_cost_adds_parts_up_and_what_has_no_price_is_listed() {
    let (book, wrong) = PriceBook::read(&file("prices.csv", BOOK));
    assert_eq!(wrong, []);
    let mut unknown =
        change("aws_db_instance.later", &["create"], Value::Null, json!({"instance_class": "db.t3.small"}));
    unknown["change"]["after_unknown"] = json!({"allocated_storage": true});
    let plan = plan(&[
        change(
            "aws_db_instance.orders",
            &["update"],
            json!({"instance_class": "db.t3.small", "multi_az": true, "allocated_storage": 100}),
            json!({"instance_class": "db.t3.large", "multi_az": true, "allocated_storage": 200}),
        ),
        change("aws_nat_gateway.n", &["delete"], json!({}), Value::Null),
        change("aws_lb.l", &["create"], Value::Null, json!({})),
        unknown,
    ]);
    let cost = reviewed_with(&plan, Some(&book), &Surroundings::default(), &Engine::default()).cost;
    // 100.10 + 200 x 0.115 - (50.00 + 100 x 0.115) - 32.85
    assert_eq!(cost.difference.iter().map(ToString::to_string).collect::<Vec<_>>(), ["28.750 USD"]);
    let unpriced: Vec<_> = cost.unpriced.iter().map(|one| (one.address.as_str(), one.why.as_str())).collect();
    assert_eq!(
        unpriced,
        [
            ("aws_lb.l", "the book has no row for aws_lb"),
            ("aws_db_instance.later", "the price is per allocated_storage, which is known after apply"),
        ]
    );
}

#[test]
fn a_bad_row_of_the_book_is_named_and_the_others_count() {
    let text = format!("{BOOK}aws_lb,,,,cheap,USD\naws_eip,,x,,1,USD\naws_vpn,,,,5,EUR\n");
    let (book, wrong) = PriceBook::read(&file("prices.csv", &text));
    let lines: Vec<_> = wrong.iter().map(|one| one.place.line).collect();
    assert_eq!(lines, [7, 8], "{wrong:?}");
    let plan = plan(&[change("aws_vpn.v", &["create"], Value::Null, json!({}))]);
    let cost = reviewed_with(&plan, Some(&book), &Surroundings::default(), &Engine::default()).cost;
    assert_eq!(cost.difference[0].to_string(), "5 EUR");
    let (_, wrong) = PriceBook::read(&file("prices.csv", "type,monthly\n"));
    assert!(wrong[0].summary.contains("part, match, per, currency"), "{wrong:?}");
}

#[test]
fn only_what_the_plan_breaks_is_its_doing() {
    let (engine, _) = Engine::load(&mainstay_policy::built_in());
    let volume = |encrypted: bool| json!({"size": 1, "encrypted": encrypted});
    let plan = plan(&[
        change("aws_ebs_volume.old", &["update"], volume(false), json!({"size": 2, "encrypted": false})),
        change("aws_ebs_volume.new", &["create"], Value::Null, volume(false)),
        change("aws_ebs_volume.gone", &["delete"], volume(false), Value::Null),
    ]);
    let review = reviewed_with(&plan, None, &Surroundings::default(), &engine);
    let of = |address: &str| {
        review.verdicts.iter().find(|one| one.resource == address && one.title.to_lowercase().contains("encrypted"))
    };
    assert!(!of("aws_ebs_volume.old").unwrap().introduced);
    assert!(of("aws_ebs_volume.new").unwrap().introduced);
    assert!(of("aws_ebs_volume.gone").is_none());
}

#[test]
fn services_are_touched_directly_through_references_and_through_the_catalog() {
    let mut around = Surroundings::default();
    let place = Place { service: Some("service:orders".to_owned()), ..Place::default() };
    around.places.insert("aws:rds:eu-west-1:1:db/orders".to_owned(), place);
    let tier = |tier: &str| Service { tier: Some(tier.to_owned()), owner: Some("team:shop".to_owned()) };
    around.services.insert("service:orders".to_owned(), tier("2"));
    around.services.insert("service:checkout".to_owned(), tier("1"));
    around.dependents.insert("service:orders".to_owned(), vec!["service:checkout".to_owned()]);
    around.dependents.insert("service:checkout".to_owned(), vec!["service:orders".to_owned()]);
    let database = json!({"arn": "arn:aws:rds:eu-west-1:1:db:orders", "skip_final_snapshot": true});
    let plan = plan(&[change("aws_db_instance.orders", &["delete"], database, Value::Null)]);
    let review = reviewed_with(&plan, None, &around, &Engine::default());
    let touched: Vec<_> = review
        .services
        .iter()
        .map(|one| (one.service.as_str(), one.distance, one.tier.as_deref(), one.through.as_str()))
        .collect();
    assert_eq!(
        touched,
        [
            ("service:orders", 0, Some("2"), "destroy of aws_db_instance.orders"),
            ("service:checkout", 1, Some("1"), "depends on service:orders"),
        ]
    );
    assert!(review.risk.factors.iter().any(|factor| factor.name == "tier-1"));
}

#[test]
fn secrets_are_in_no_form_of_the_review_and_hostile_names_steer_nothing() {
    let mut secret = change(
        "aws_db_instance.x|y\u{1b}[31m`<b>",
        &["update"],
        json!({"password": "CANARY-1", "name": "a"}),
        json!({"password": "CANARY-2", "name": "b|<script>"}),
    );
    secret["change"]["after_sensitive"] = json!({"password": true});
    let mut drifted = plan(&[secret.clone()]);
    drifted["resource_drift"] = json!([secret]);
    let review = reviewed(&drifted);
    let forms = [text(&review, false), markdown(&review), serde_json::to_string(&review).unwrap()];
    for form in &forms {
        assert!(!form.contains("CANARY"), "{form}");
    }
    assert!(!forms[0].contains('\u{1b}') && !forms[1].contains("<script>"), "{}{}", forms[0], forms[1]);
    let changed: Vec<_> = review.steps[0].changed.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(changed, ["name"]);
}

#[test]
fn a_plan_that_is_none_is_told_and_never_let_through_as_whole() {
    // The last one is a state, as `terraform show -json` prints it without a plan.
    let state = r#"{"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": {}}}"#;
    for broken in
        ["", "{", "[]", "{\"format_version\": \"9.0\", \"errored\": true}", "{\"format_version\": \"1.2\"}", state]
    {
        let plan = file("plan.json", broken);
        let around = Surroundings::default();
        let ask = Ask {
            plan: &plan,
            engine: &Engine::default(),
            state: None,
            prices: None,
            surroundings: &around,
            gate: &Gate::default(),
        };
        let review = review(&ask);
        assert!(!review.problems.is_empty() && !review.complete && review.steps.is_empty(), "{broken:?}");
    }
}

#[test]
fn of_blocks_only_those_that_differ_are_shown() {
    let rule = |port: u16, text: &str| json!({"from_port": port, "description": text.repeat(40)});
    let shown = |before: Value, after: Value| {
        let review = reviewed(&plan(&[change("aws_security_group.a", &["update"], before, after)]));
        review.steps[0]
            .changed
            .iter()
            .map(|one| (one.path.clone(), one.before.clone(), one.after.clone()))
            .collect::<Vec<_>>()
    };
    let text = |one: &str| one.to_owned();
    let (ssh, web) = (rule(22, "s"), rule(80, "w"));
    // One came; the others are the same in another order.
    let came = shown(json!({"ingress": [ssh, web]}), json!({"ingress": [web, rule(443, "t"), ssh]}));
    assert_eq!((came.len(), came[0].0.as_str(), came[0].1.as_str()), (1, "ingress.1", "nothing"));
    assert!(came[0].2.contains("443") || came[0].2.contains("tttt"), "{came:?}");
    // One was changed: its attribute is named.
    let changed = shown(json!({"ingress": [ssh, rule(80, "w")]}), json!({"ingress": [rule(8080, "w"), ssh]}));
    assert_eq!(changed, [(text("ingress.0.from_port"), text("80"), text("8080"))]);
}

#[test]
fn real_plans_are_reviewed() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/terraform");
    let read = |path: &str| {
        #[expect(clippy::disallowed_methods, reason = "a test reads real plans")]
        let bytes = std::fs::read(data.join(path)).ok()?;
        let plan = SourceFile { path: path.to_owned(), bytes };
        let around = Surroundings::default();
        let (engine, gate) = (Engine::default(), Gate::default());
        Some(review(&Ask {
            plan: &plan,
            engine: &engine,
            state: None,
            prices: None,
            surroundings: &around,
            gate: &gate,
        }))
    };
    let Some(replaced) = read("show-json/requires-replace/output.json") else {
        println!("SKIPPED: the real plans are not beside the checkout");
        return;
    };
    assert_eq!(replaced.steps[0].why[0].what, "ami cannot be changed in place: \"bar\" becomes \"force-replace\"");
    let drifted = read("show-json/moved-drift/output.json").unwrap();
    assert!(drifted.drift[0].undone && drifted.drift[0].changed[0].path == "ami");
    assert_eq!(
        step(&drifted, "test_instance.should_refresh_with_move").moved_from.as_deref(),
        Some("test_instance.should_refresh")
    );
    let old = read("plans/terraform_v0.12_plan.json").unwrap();
    assert_eq!((old.counts[&Action::Create], old.counts[&Action::Update]), (12, 1));
    let errored = read("show-json/plan-error/output.json").unwrap();
    assert!(!errored.complete);
}
