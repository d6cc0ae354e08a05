//! Dockerfiles, workflows, Ansible, Kustomize and manifests: nothing panics on damaged files, and cost grows with their size.

mod common;

use mainstay_iac::terraform::Options;
use mainstay_iac::{SourceFile, read};
use std::fmt::Write as _;

const FILES: [(&str, &str); 7] = [
    (
        "Dockerfile",
        "# escape=`\nARG A=1\nFROM a:${A:-b} AS \"ü\"\nENV A='x' B=\"$A\" C=${A:+${B:-d}}\nRUN <<EOF a && $(b `c` \\\n# x\n) | sh -c \
         'd \"e\"'\nEOF\nCOPY --from=0 [\"a\", \"b\"]\nONBUILD HEALTHCHECK --interval=1s CMD x\nEXPOSE 1-2/udp\nARG X 1\n",
    ),
    (
        ".github/workflows/a.yml",
        "on: {push: {branches: [a]}}\njobs:\n  ü:\n    runs-on: x\n    steps:\n      - run: |\n          echo \"${{ github.event.issue.title }}\"\n",
    ),
    (".gitlab-ci.yml", ".a: &a\n  script: [x]\n  extends: b\nb:\n  extends: [.a, b]\n  <<: *a\n"),
    (
        "azure-pipelines.yml",
        "stages:\n- stage: a\n  jobs:\n  - deployment: b\n    strategy: {runOnce: {deploy: {steps: [{bash: x}]}}}\n",
    ),
    (
        "site.yml",
        "- hosts: all\n  tasks:\n    - block: [{apt: 'name=a force=yes'}]\n      rescue: [{shell: 'x {{ y }}', args: {chdir: /}}]\n",
    ),
    ("inventory/hosts", "[web]\nweb[01:03].example a=1\n[web:vars]\nb=2\n[all:children]\nweb\n"),
    (
        "kustomization.yaml",
        "resources: [pod.yaml, ../x]\npatches:\n- target: {kind: 'P('}\n  patch: '[{op: move, from: /a/0, path: /b/-}]'\nimages: [{name: a, newTag: 1}]\n",
    ),
];

fn scan(path: &str, bytes: &[u8]) -> usize {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {b: c}}\nspec: {containers: [{image: a}]}\n";
    let files = [
        SourceFile { path: path.to_owned(), bytes: bytes.to_vec() },
        SourceFile { path: "pod.yaml".to_owned(), bytes: pod.as_bytes().to_vec() },
    ];
    read(&files, &Options::default()).resources.len()
}

#[test]
fn files_that_end_anywhere_or_lose_a_byte_do_not_panic() {
    for (path, text) in FILES {
        let bytes = text.as_bytes();
        assert!(scan(path, bytes) > 0, "{path} gives something when it is whole");
        for end in 0..bytes.len() {
            scan(path, &bytes[..end]);
            let mut damaged = bytes.to_vec();
            damaged[end] = b"{\"'$\n:[\\`"[end % 9];
            scan(path, &damaged);
        }
    }
}

#[test]
fn the_files_of_another_suite_are_read_whole_and_cut_off() {
    let Some(data) = common::shared("iac-fixtures") else { return };
    let families = ["dockerfile/", "kubernetes/", "ansible/", "github_actions/", "azure_pipelines/"];
    let files = common::files_below(&data, &|path| families.iter().any(|family| path.starts_with(family)));
    let mut found = 0;
    for file in &files {
        found += scan(&file.path, &file.bytes);
        for part in 1..8 {
            scan(&file.path, &file.bytes[..file.bytes.len() * part / 8]);
        }
    }
    assert!(found > files.len(), "{found} resources in {} files", files.len());
}

#[test]
fn hostile_files_end_soon() {
    let deep = "$(".repeat(20_000);
    scan("Dockerfile", format!("FROM a\nRUN {deep}\nENV A={}\n", "${A:-".repeat(20_000)).as_bytes());
    let mut stages = String::new();
    for stage in 0..3_000 {
        let _ = writeln!(stages, "FROM s{} AS s{}\nENV V{stage}=1", stage - 1, stage);
    }
    assert!(scan("Dockerfile", stages.as_bytes()) > 6_000);
    let mut jobs = String::from("default:\n  before_script: [");
    jobs += &"x, ".repeat(20_000);
    jobs += "x]\n";
    for job in 0..2_000 {
        let _ = writeln!(jobs, "j{job}: {{script: y, extends: [j{}, j{}]}}", job / 2, job / 3);
    }
    assert!(scan(".gitlab-ci.yml", jobs.as_bytes()) > 1_000);
    let rings: Vec<SourceFile> = (0..40)
        .map(|n| SourceFile {
            path: format!("f{n}/kustomization.yaml"),
            bytes: format!("resources: [../f{0}, ../f{0}, ../f{1}]\n", n + 1, n + 2).into_bytes(),
        })
        .collect();
    assert!(!read(&rings, &Options::default()).diagnostics.is_empty());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test measures how long reading takes")]
fn cost_grows_with_the_number_of_manifests() {
    let text = |count: usize| {
        let mut out = String::new();
        for n in 0..count {
            let _ = write!(
                out,
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{n}, labels: {{app: a{}}}}}\nspec: {{containers: []}}\n---\n\
                 apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: n{n}}}\nspec: {{podSelector: {{}}}}\n",
                n % 7
            );
        }
        out
    };
    let cost = |count: usize| {
        let bytes = text(count).into_bytes();
        let start = std::time::Instant::now();
        scan("pods.yaml", &bytes);
        start.elapsed().as_secs_f64()
    };
    let _ = cost(200);
    let (small, large) = (cost(500).max(0.001), cost(20_000));
    // Wide, because the machine may be busy; quadratic growth would be 1,600.
    assert!(large / small < 400.0, "500 of each took {small} s and 20,000 took {large} s");
}

/// A playbook that nobody can read must not vanish; of other broken YAML in the folder nobody asked.
#[test]
fn a_playbook_that_is_no_yaml_is_told_and_other_yaml_is_left_alone() {
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    let files = [
        file("site.yml", "- hosts: web\n   tasks: x\n"),
        file("named.yml", "- name: web\n  hosts: web\n  roles: [a\n"),
        file("notes.yml", "hosts: [a\n"),
    ];
    let mut said: Vec<(String, String)> =
        read(&files, &Options::default()).diagnostics.into_iter().map(|d| (d.code, d.place.file)).collect();
    said.sort();
    let syntax = |path: &str| ("yaml.syntax".to_owned(), path.to_owned());
    assert_eq!(said, [syntax("named.yml"), syntax("site.yml")]);
}

/// The options of ssh hold blanks, so that they stand in quotes; a value that is cut off would be judged as another one.
#[test]
fn a_quoted_value_of_an_inventory_is_whole() {
    let text = "[web]\nw1 ansible_user=root ansible_ssh_common_args='-o A=no -o B=\"c\"' # d=e\nw2 a=\"b c\" 'd=e f' g=h\\ i\nw3 a='b\n";
    let file = SourceFile { path: "inventory.ini".to_owned(), bytes: text.as_bytes().to_vec() };
    let reading = read(&[file], &Options::default());
    let host = |name: &str| {
        let host = reading.resources.iter().find(|resource| resource.name == name)?;
        let mut vars: Vec<String> = Vec::new();
        let mainstay_iac::Value::Map(map) = &host.body.get("vars")?.value else { return None };
        for (key, node) in map.iter() {
            let mainstay_iac::Value::String(value) = &node.value else { return None };
            vars.push(format!("{key}: {value}"));
        }
        Some(vars)
    };
    assert_eq!(
        host("w1"),
        Some(vec!["ansible_user: root".to_owned(), "ansible_ssh_common_args: -o A=no -o B=\"c\"".to_owned()])
    );
    assert_eq!(host("w2"), Some(vec!["a: b c".to_owned(), "d: e f".to_owned(), "g: h i".to_owned()]));
    assert_eq!(host("w3"), None);
    let said: Vec<(u32, &str)> = reading.diagnostics.iter().map(|d| (d.place.line, &*d.summary)).collect();
    assert_eq!(said, [(4, "a quote has no end")]);
}
