//! Manifests in, resources out.

use mainstay_iac::{Dialect, SourceFile, kubernetes::read_kubernetes};

fn read(files: &[(&str, &str)]) -> mainstay_iac::Reading {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
        .collect();
    read_kubernetes(&files)
}

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  replicas: 2\n---\n\
apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";

#[test]
fn documents_become_resources_with_address_and_place() {
    let reading = read(&[("k8s/web.yaml", WEB)]);
    let seen: Vec<_> = reading.resources.iter().map(|r| (r.address.as_str(), r.at.line, r.line_end)).collect();
    assert_eq!(seen, [("Deployment.shop.web", 1, 7), ("Service.default.web", 9, 11)]);
    assert_eq!(reading.resources[0].dialect, Dialect::Kubernetes);
    assert_eq!(reading.resources[0].api_version, "apps/v1");
    let replicas = reading.resources[0].attribute("spec.replicas").unwrap();
    assert_eq!(reading.place(replicas.at).to_string(), "k8s/web.yaml:7:13");
}

#[test]
fn lists_are_unfolded_and_typed_lists_lend_their_kind() {
    let reading = read(&[
        (
            "a.json",
            r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"n"}}]}"#,
        ),
        ("b.yaml", "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: b}\n- metadata: {name: c}\n"),
    ]);
    let seen: Vec<_> = reading.resources.iter().map(|r| r.address.as_str()).collect();
    assert_eq!(seen, ["Pod.n.a", "Pod.default.b", "Pod.default.c"]);
}

#[test]
fn other_yaml_is_passed_over_and_broken_yaml_is_named() {
    let reading = read(&[
        ("compose.yaml", "services: {web: {image: x}}\n"),
        ("bad.yaml", "a: [1\nb: 2\n"),
        ("web.yaml", WEB),
        ("x.txt", "apiVersion: v1"),
    ]);
    assert_eq!(reading.resources.len(), 2);
    let files: Vec<_> = reading.diagnostics.iter().map(|d| d.place.file.as_str()).collect();
    assert_eq!(files, ["bad.yaml"]);
}

#[test]
fn custom_resource_passes_through() {
    let reading = read(&[(
        "c.yml",
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {on: yes, mode: 0644}\n",
    )]);
    assert_eq!(reading.resources[0].resource_type, "Widget");
    // `on` is a key and stays a text; `yes` and `0644` are what kubectl makes of them.
    assert_eq!(reading.resources[0].attribute("spec.on").unwrap().to_json(), serde_json::json!(true));
    assert_eq!(reading.resources[0].attribute("spec.mode").unwrap().to_json(), serde_json::json!(420));
}
