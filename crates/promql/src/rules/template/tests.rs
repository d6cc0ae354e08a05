use super::*;
use crate::labels::NAME;

fn expand(template: &str) -> Result<String, String> {
    let labels = Labels::new([(NAME, "up"), ("job", "api"), ("instance", "web-1.example.com:9090")]);
    let external = BTreeMap::from([("region".to_owned(), "eu".to_owned())]);
    let query = |text: &str| match text {
        "none" => Ok(Vec::new()),
        _ => Ok(vec![(Labels::new([("a", "2")]), 2.0), (Labels::new([("a", "1")]), 1.0)]),
    };
    let context = Context {
        labels: &labels,
        value: 1234.5678,
        external_labels: &external,
        external_url: "https://prometheus.example.com",
        query: &query,
    };
    let template = Template::parse(template).map_err(|error| format!("{}: {error}", error.at))?;
    template.expand(&context).map_err(|error| error.message)
}

#[test]
fn templates_say_what_they_say_in_prometheus() {
    for (template, text) in [
        ("{{ $labels.job }}/{{.Labels.job}} is {{ $value }}", "api/api is 1234.5678"),
        ("{{ $labels.missing }}.", "."),
        (
            "{{ $value | printf \"%.2f\" }} {{ printf \"%5.1f|%-6s|%06.2f|%d%%\" .Value \"x\" 3.14159 7 }}",
            "1234.57 1234.6|x     |003.14|7%",
        ),
        (
            "{{ humanize $value }} {{ humanize 0.00123 }} {{ humanize 0.0 }} {{ humanize1024 2048.0 }}",
            "1.235k 1.23m 0 2ki",
        ),
        ("{{ humanizePercentage 0.01562 }} {{ humanizePercentage 1.0 }}", "1.562% 100%"),
        (
            "{{ humanizeDuration 90061.0 }} {{ humanizeDuration 61.5 }} {{ humanizeDuration 5.25 }} {{ humanizeDuration 0.01 }}",
            "1d 1h 1m 1s 1m 1s 5.25s 10ms",
        ),
        ("{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        (
            "a {{- /* gone */ -}} b {{- if gt $value 1000.0 }} high{{ else if eq $labels.job \"api\" }} api{{ else }} low{{ end }}",
            "ab high",
        ),
        (
            "{{ range query \"x\" | sortByLabel \"a\" }}{{ label \"a\" . }}={{ value . }};{{ else }}none{{ end }}",
            "1=1;2=2;",
        ),
        ("{{ range query \"none\" }}x{{ else }}nothing{{ end }}", "nothing"),
        ("{{ with query \"x\" }}{{ . | first | value }}{{ end }}", "2"),
        ("{{ range $i, $s := query \"x\" }}{{ $i }}:{{ $s.Labels.a }} {{ end }}", "0:2 1:1 "),
        ("{{ $x := 5 }}{{ $x = 6 }}{{ $x }}", "6"),
        ("{{ $labels.instance | reReplaceAll \"(.*):.*\" \"$1\" | toUpper }}", "WEB-1.EXAMPLE.COM"),
        ("{{ stripPort $labels.instance }} {{ stripDomain $labels.instance }}", "web-1.example.com web-1:9090"),
        (
            "{{ if match \"^a\" $labels.job }}yes{{ end }}{{ if not (and true (ne $labels.job \"api\")) }}!{{ end }}",
            "yes!",
        ),
        (
            "{{ $externalLabels.region }} {{ $externalURL }} {{ len $labels.job }} {{ index $labels \"job\" }}",
            "eu https://prometheus.example.com 3 api",
        ),
        (
            "{{ title \"hello wide world\" }} {{ print 1 2 \"a\" 3 }} {{ \"a\\\"b\" }} {{ `raw\\` }}",
            "Hello Wide World 1 2a3 a\"b raw\\",
        ),
        ("{{ graphLink \"up{a=\\\"b\\\"}\" }}", "/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=0"),
        ("{{ printf \"%d %s\" .Value 3 }}", "%!d(float64=1234.5678) %!s(int=3)"),
        ("{{ printf \"%v %g %e\" 1e21 0.5 12.0 }}", "1e+21 0.5 1.200000e+01"),
    ] {
        assert_eq!(expand(template).as_deref(), Ok(text), "{template}");
    }
}

#[test]
fn what_is_wrong_with_a_template_is_named_with_its_place() {
    for (template, error) in [
        ("x {{ $label.job }}", "5: undefined variable \"$label\""),
        ("{{ nope 1 }}", "3: function \"nope\" not defined"),
        ("{{ if true }}x", "0: {{if}} has no {{end}}"),
        ("x{{ end }}", "1: unexpected {{end}}"),
        ("{{ template \"x\" }}", "0: {{template}} is not supported here"),
        ("{{ $value", "9: unclosed action"),
        ("{{ }}", "0: missing value for command"),
        ("{{ (1 }}", "3: unclosed left paren"),
    ] {
        assert_eq!(expand(template).as_ref().map_err(String::as_str), Err(error), "{template}");
    }
    assert!(expand(&"{{ if true }}".repeat(10_000)).is_err());
    assert!(expand(&format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000))).is_err());
    assert_eq!(
        expand("{{ query \"none\" | first }}").unwrap_err(),
        "error calling first: first() called on vector with no elements"
    );
    assert!(expand("{{ $value.job }}").unwrap_err().contains("can't evaluate field job"));
}
