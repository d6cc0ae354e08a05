//! Kustomize overlays and Helm charts.

use mainstay_iac::terraform::Options;
use mainstay_iac::{Reading, SourceFile, read};
use serde_json::json;

const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      \
                    app: web\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      serviceAccountName: web\n      \
                    containers:\n        - name: web\n          image: web:1\n        - name: side\n          image: side:1\n---\n\
                    apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n";

fn reading(files: &[(&str, &str)]) -> Reading {
    let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() };
    read(&files.iter().map(file).collect::<Vec<_>>(), &Options::default())
}

fn addresses(reading: &Reading) -> Vec<&str> {
    reading.resources.iter().map(|resource| resource.address.as_str()).collect()
}

#[test]
fn an_overlay_is_judged_and_its_base_is_not() {
    let reading = reading(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", BASE),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\nnamespace: shop\nnamePrefix: prod-\nimages:\n  - name: web\n    newName: reg.example/web\n    \
             newTag: '2'\nreplicas:\n  - name: prod-web\n    count: 3\npatches:\n  - path: patch.yaml\n  - target:\n      kind: Deployment\n    \
             patch: |-\n      - op: add\n        path: /spec/template/spec/hostNetwork\n        value: true\ncommonLabels:\n  tier: front\n",
        ),
        (
            "prod/patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        \
             - name: web\n          securityContext:\n            privileged: true\n        - name: side\n          $patch: delete\n",
        ),
    ]);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    assert_eq!(addresses(&reading), ["Deployment.shop.prod-web", "ServiceAccount.shop.prod-web"]);
    let web = &reading.resources[0];
    let value = |path: &str| web.attribute(path).unwrap().to_json();
    assert_eq!(&*web.root, "prod");
    assert_eq!(
        value("spec.template.spec.containers"),
        json!([
            {"name": "web", "image": "reg.example/web:2", "securityContext": {"privileged": true}}
        ])
    );
    assert_eq!(value("spec.replicas"), json!(3));
    assert_eq!(value("spec.template.spec.hostNetwork"), json!(true));
    assert_eq!(value("spec.selector.matchLabels"), json!({"app": "web", "tier": "front"}));
    assert_eq!(value("spec.template.spec.serviceAccountName"), json!("prod-web"));
    let patched = web.attribute("spec.template.spec.containers.0.securityContext").unwrap().at;
    assert_eq!((reading.files[patched.file as usize].as_str(), patched.line), ("prod/patch.yaml", 11));
    assert_eq!(reading.files[web.at.file as usize], "base/web.yaml");
    assert_eq!(web.references[0].target, "ServiceAccount.shop.prod-web");
}

#[test]
fn what_a_patch_says_has_the_place_where_it_stands() {
    let with = |overlay: &str| {
        reading(&[
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            ("base/web.yaml", BASE),
            ("prod/kustomization.yaml", overlay),
        ])
    };
    let count = |reading: &Reading| {
        let web =
            reading.resources.iter().find(|resource| resource.name == "web" && resource.address.contains("Deployment"));
        let spec = web.unwrap().attribute("spec").unwrap().clone();
        let mainstay_iac::Value::Map(spec) = spec.value else { panic!("{spec:?}") };
        let at = spec.get("replicas").unwrap().at;
        assert_eq!(reading.files[at.file as usize], "prod/kustomization.yaml");
        (at.line, at.column)
    };
    let block = "resources: [../base]\npatches:\n  - target: {kind: Deployment}\n    patch: |-\n      kind: Deployment\n      metadata: {name: web}\n      spec:\n        replicas: 4\n";
    assert_eq!(count(&with(block)), (8, 19));
    // Lines of a quoted text are no lines of the file: what it says stands where the entry stands.
    let quoted = "resources: [../base]\npatches:\n  - patch: \"kind: Deployment\\nmetadata: {name: web}\\nspec: {replicas: 4}\"\n";
    assert_eq!(count(&with(quoted)), (3, 5));
    let broken = with("resources: [../base]\npatches:\n  - patch: |-\n      kind: Deployment\n      spec: }\n");
    let found: Vec<_> = broken.diagnostics.iter().map(|one| (one.place.line, one.place.column)).collect();
    assert_eq!(found, [(5, 13)], "{:?}", broken.diagnostics);
}

#[test]
fn what_lies_elsewhere_is_reported() {
    let reading = reading(&[(
        "kustomization.yaml",
        "resources:\n  - https://github.com/org/repo//deploy?ref=v1\n  - github.com/org/other\n  - gone.yaml\nconfigMapGenerator:\n  - name: settings\n",
    )]);
    let found: Vec<_> = reading.diagnostics.iter().map(|d| (d.code.as_str(), d.place.line)).collect();
    assert_eq!(found, [("kustomize.remote", 2), ("kustomize.remote", 3), ("kustomize.missing", 4)]);
    assert_eq!(addresses(&reading), ["ConfigMap.default.settings"]);
}

#[test]
fn components_add_to_what_takes_them_up_and_rings_end() {
    let reading = reading(&[
        ("app/kustomization.yaml", "resources: [../base/web.yaml, ../a]\ncomponents: [../part]\n"),
        ("base/web.yaml", BASE),
        ("part/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -x\n"),
        ("a/kustomization.yaml", "resources: [../b]\n"),
        ("b/kustomization.yaml", "resources: [../a]\n"),
    ]);
    assert_eq!(addresses(&reading), ["Deployment.default.web-x", "ServiceAccount.default.web-x"]);
    assert_eq!(reading.diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["kustomize.ring"]);
}

#[test]
fn a_chart_is_told_apart_from_broken_manifests() {
    let reading = reading(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("chart/values.yaml", "replicas: 1\n"),
        ("chart/templates/web.yaml", "{{- if .Values.x }}\napiVersion: v1\nkind: Pod\n{{- end }}\n"),
        ("chart/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"),
        ("other/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"),
    ]);
    assert_eq!(addresses(&reading), ["Pod.default.a"]);
    let found: Vec<_> = reading.diagnostics.iter().map(|d| (d.code.as_str(), d.place.file.as_str())).collect();
    assert_eq!(found, [("helm.chart", "chart/Chart.yaml")]);
}
