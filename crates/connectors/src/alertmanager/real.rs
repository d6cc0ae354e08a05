//! Against a real Alertmanager, where one is installed.

use super::collect;
use crate::collect::{Origin, Request};
use crate::reconcile::{KnownMap, known_of, reconcile};
use crate::{ReadContext, Reading};
use mainstay_outside::{self as door, Command, Outside};
use std::net::TcpListener;
use std::time::Duration;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn what_a_real_alertmanager_fires_is_read_and_what_it_resolves_is_resolved() {
    let outside = Outside::live();
    if outside.run(&Command::new("prometheus-alertmanager").args(["--version"])).is_err() {
        println!("SKIPPED: prometheus-alertmanager is not installed");
        return;
    }
    let root = std::env::temp_dir().join(format!("mainstay-alertmanager-{}", std::process::id()));
    door::files::make_folder(&root).unwrap();
    let config = root.join("alertmanager.yml");
    door::files::write_atomic(&config, b"route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").unwrap();
    let base = format!("http://127.0.0.1:{}", free_port());
    let command = Command::new("prometheus-alertmanager").args([
        format!("--config.file={}", config.display()),
        format!("--storage.path={}", root.join("data").display()),
        format!("--web.listen-address={}", base.trim_start_matches("http://")),
        "--cluster.listen-address=".to_owned(),
    ]);
    let _running = command.start().unwrap();
    let ready = (0..100).any(|_| {
        outside.clock().sleep(Duration::from_millis(100));
        outside.send(&door::Request::get(format!("{base}/-/ready"))).is_ok()
    });
    assert!(ready, "it did not start");
    let post = |ends: &str| {
        let body = format!(
            "[{{\"labels\": {{\"alertname\": \"DiskFull\", \"severity\": \"page\", \"service\": \"checkout\"}}, \
             \"annotations\": {{\"summary\": \"full\"}}, \"startsAt\": \"2026-03-01T08:00:00.123456Z\"{ends}}}]"
        );
        let request = door::Request::new(door::Method::Post, format!("{base}/api/v2/alerts"));
        outside.send(&request.body("application/json", body)).unwrap();
    };
    let ask = || {
        let mut got = Reading::default();
        let context = ReadContext::at(outside.clock().now());
        let request = Request { origin: Origin::of(&base), context, progress: &|_| {} };
        collect(&outside, &request, &mut |reading| got.merge(reading));
        assert!(got.diagnostics.is_empty(), "{:?}", got.diagnostics);
        got.snapshots.remove(0)
    };
    post("");
    let mut firing = ask();
    assert!(!firing.complete, "it has just started and may not know all");
    firing.complete = true;
    let fired = reconcile(&firing, &KnownMap::new());
    assert_eq!(fired.len(), 1);
    assert_eq!(fired[0].time.to_string(), "2026-03-01T08:00:00.123Z");
    // Alertmanager's own fingerprint, computed here from the labels, must be the same.
    let labels = serde_json::from_value(fired[0].data["labels"].clone()).unwrap();
    assert_eq!(fired[0].data["fingerprint"], super::episode::fingerprint(&labels));

    post(", \"endsAt\": \"2026-03-01T09:00:00Z\"");
    let mut calm = ask();
    calm.complete = true;
    let known: KnownMap = fired.iter().filter_map(known_of).collect();
    let resolved = reconcile(&calm, &known);
    assert_eq!(resolved.len(), 1);
    assert_eq!(resolved[0].fact_type, "mainstay.alert.resolved.v1");
}
