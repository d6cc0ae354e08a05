use super::*;

/// Five spans of a minute, with an onset after the second: the signal before and since, and requests.
fn services(calls: &[(&str, &str)], series: &[(&str, f64, f64, f64)]) -> Services {
    let mut out = Services { span: 60.0, ..Services::default() };
    for (caller, called) in calls {
        out.calls.entry((*caller).to_owned()).or_default().insert((*called).to_owned());
    }
    for (name, before, since, requests) in series {
        let point = |n: u32| Point {
            begin: f64::from(n) * 60.0,
            value: if n < 2 { *before } else { *since },
            requests: *requests,
        };
        out.series.insert((*name).to_owned(), (0..5).map(point).filter(|point| point.value >= 0.0).collect());
    }
    out
}

fn ask(service: &str, signal: Signal) -> Question<'_> {
    Question { service, signal, onset: 120.0 }
}

const SHOP: [(&str, &str); 3] = [("web", "cart"), ("web", "search"), ("cart", "db")];

#[test]
fn the_one_that_grew_by_itself_is_named_and_not_those_that_wait_for_it() {
    // A request of web makes one of cart, and that two of the database, which takes 0.1 s more each: 100 a minute.
    let series =
        [("web", 0.2, 0.4, 100.0), ("cart", 0.1, 0.3, 100.0), ("db", 0.02, 0.12, 200.0), ("search", 0.05, 0.05, 50.0)];
    let found = causes(&services(&SHOP, &series), ask("web", Signal::Latency)).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].service.as_str(), found[0].path.join(" > ")), ("db", "web > cart > db".to_owned()));
    // 200 requests of 0.1 s more are 20 s, which is all that web's 100 requests of 0.2 s more grew by.
    assert!((found[0].own_excess - 20.0).abs() < 1e-9 && (found[0].explains - 1.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn a_service_in_the_middle_can_be_it_and_two_can_share_it() {
    let middle =
        [("web", 0.2, 0.4, 100.0), ("cart", 0.1, 0.3, 100.0), ("db", 0.02, 0.02, 200.0), ("search", 0.05, 0.05, 50.0)];
    assert_eq!(causes(&services(&SHOP, &middle), ask("web", Signal::Latency)).unwrap()[0].service, "cart");
    let both =
        [("web", 0.2, 0.5, 100.0), ("cart", 0.1, 0.3, 100.0), ("db", 0.02, 0.02, 200.0), ("search", 0.05, 0.25, 50.0)];
    let found = causes(&services(&SHOP, &both), ask("web", Signal::Latency)).unwrap();
    let shares: Vec<(&str, f64)> = found.iter().map(|c| (c.service.as_str(), (c.explains * 30.0).round())).collect();
    assert_eq!(shares, [("cart", 20.0), ("search", 10.0)], "of thirty seconds");
}

#[test]
fn who_is_slow_by_itself_is_its_own_cause() {
    let series = [("web", 0.2, 0.4, 100.0), ("cart", 0.1, 0.1, 100.0)];
    let found = causes(&services(&SHOP, &series), ask("web", Signal::Latency)).unwrap();
    assert_eq!((found[0].service.as_str(), found[0].path.len()), ("web", 1));
}

#[test]
fn failures_are_the_fault_of_who_calls_what_was_not_there_before() {
    let calls = [("web", "cart"), ("cart", "db"), ("cart", "mistyped")];
    let series =
        [("web", 0.0, 0.2, 100.0), ("cart", 0.0, 0.2, 100.0), ("db", 0.0, 0.0, 200.0), ("mistyped", -1.0, 1.0, 20.0)];
    let found = causes(&services(&calls, &series), ask("web", Signal::Failures)).unwrap();
    assert_eq!(found[0].service, "cart");
}

#[test]
fn thin_evidence_gives_no_answer_and_says_why() {
    let still = [("web", 0.2, 0.215, 100.0), ("cart", 0.1, 0.3, 100.0)];
    let silence = causes(&services(&SHOP, &still), ask("web", Signal::Latency)).unwrap_err();
    assert!(matches!(silence, Silence::NotMoved { .. }), "less than a tenth is no rise: {silence:?}");
    assert_eq!(causes(&services(&SHOP, &still), ask("nobody", Signal::Latency)), Err(Silence::NotMeasured));
    let fresh = [("web", -1.0, 0.4, 100.0)];
    assert_eq!(causes(&services(&SHOP, &fresh), ask("web", Signal::Latency)), Err(Silence::NotMeasured));
    // One high span of three is no onset.
    let mut once = services(&SHOP, &[("web", 0.2, 0.2, 100.0)]);
    once.series.get_mut("web").unwrap()[3].value = 2.0;
    assert!(matches!(causes(&once, ask("web", Signal::Latency)), Err(Silence::NotMoved { .. })));
    // Four services grew by a little each: none explains half.
    let calls = [("web", "a"), ("web", "b"), ("web", "c")];
    let spread = [("web", 0.2, 0.4, 100.0), ("a", 0.1, 0.15, 100.0), ("b", 0.1, 0.15, 100.0), ("c", 0.1, 0.15, 100.0)];
    let silence = causes(&services(&calls, &spread), ask("web", Signal::Latency)).unwrap_err();
    assert!(matches!(silence, Silence::NotExplained { most } if (most - 0.25).abs() < 1e-9), "{silence:?}");
}

#[test]
fn circles_of_calls_and_figures_that_are_none_do_no_harm() {
    let calls = [("a", "b"), ("b", "a"), ("b", "b")];
    let series = [("a", 0.2, 0.4, 100.0), ("b", 0.1, 0.1, 100.0)];
    assert_eq!(causes(&services(&calls, &series), ask("a", Signal::Latency)).unwrap()[0].service, "a");
    let mut broken = services(&SHOP, &series);
    let point = |value, requests| Point { begin: 130.0, value, requests };
    broken.series.insert("cart".to_owned(), vec![point(f64::NAN, 1.0), point(1.0, f64::INFINITY), point(1.0, -1.0)]);
    assert_eq!(causes(&broken, ask("a", Signal::Latency)).unwrap()[0].service, "a");
    assert_eq!(causes(&broken, ask("web", Signal::Latency)), Err(Silence::NotMeasured));
}
