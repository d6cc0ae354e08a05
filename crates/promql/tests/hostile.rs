//! Texts that are no queries, or too much of one: refused with a place, never a panic.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use mainstay_promql::{Cause, Options, Store, instant, parse};

/// Runs with the stack that a worker thread has.
fn small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap()
}

#[test]
fn deep_and_long_queries_are_refused_or_answered() {
    small_stack(|| {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("-", "x", ""),
            ("abs(", "x", ")"),
            ("sum(", "x", ")"),
            ("x[1m:", "1m", "]"),
            ("1+", "1", ""),
            ("2^", "1", ""),
            ("x[-", "1", "]"),
        ] {
            for depth in [50, 1000, 100_000] {
                let query = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
                match parse(&query) {
                    Ok(expr) => drop(instant(&Store::new(), &expr, 0, &Options::default())),
                    Err(error) => assert!(depth > 50 || open.starts_with("x["), "{open}: {error}"),
                }
            }
        }
        let long = format!("x{{a=\"{}\"}}", "b".repeat(300_000));
        assert_eq!(parse(&long).unwrap_err().cause, Cause::Bound);
    });
}

#[test]
fn numbers_that_are_no_times_are_refused() {
    for query in [
        "x[1e400]",
        "x offset 1e30",
        "x[5m:1e400]",
        "x @ 1e300",
        "x @ NaN",
        "x[0]",
        "x[-1]",
        "x[99999999999999999999y]",
        "x[0s]",
        "x offset -1e400",
        "x[1/0]",
        "x[5m:0]",
    ] {
        let error = parse(query).expect_err(query);
        assert!(error.span.start <= query.len() && error.span.end <= query.len(), "{query}: {error:?}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (query, start, message) in [
        ("foo +", 5, "unexpected end of the query, an expression is expected"),
        ("sum(foo", 7, "unexpected end of the query, \",\" expected"),
        ("rate(foo)", 5, "expected type range vector in call to function \"rate\", got instant vector"),
        ("foo{a=~\"(\"}", 4, "error parsing regexp \"(\": unclosed group"),
        ("1 == 1", 2, "comparisons between scalars must use BOOL modifier"),
        ("nope(foo)", 0, "unknown function with name \"nope\""),
        ("{a=\"\"}", 0, "vector selector must contain at least one non-empty matcher"),
        ("a * on() group_left 2", 2, "vector matching only allowed between instant vectors"),
        ("foo and 1", 4, "set operator \"and\" not allowed in binary scalar expression"),
        ("foo{__name__=\"bar\"}", 4, "metric name must not be set twice: \"foo\""),
        ("clamp(foo, 1)", 0, "expected 3 argument(s) in call to \"clamp\", got 2"),
        ("foo offset 5m offset 5m", 14, "offset may not be set multiple times"),
        ("foo $ bar", 4, "unexpected character: '$'"),
        ("\"abc", 0, "unterminated quoted string"),
        ("sum by (1) (foo)", 8, "unexpected number 1, a label is expected"),
        ("topk(foo)", 0, "wrong number of arguments for aggregate expression provided, expected 2, got 1"),
        ("foo bar", 4, "unexpected \"bar\", an operator or the end of the query is expected"),
        ("limit_ratio(0.5, up) unless info(up)", 28, "info: not supported here"),
    ] {
        let error = parse(query).expect_err(query);
        assert_eq!((error.span.start, error.message.as_str()), (start, message), "{query}");
    }
}

#[test]
fn cut_and_damaged_queries_never_panic() {
    let query = "sum by (a, \"b c\") (rate(x{a=~\"b.*|\\\\d+\",c!='é'}[5m] offset -1h @ end())) / on(a) group_left(z) \
                 bool topk(3, y)[1h30m:step()] > 0x1F or label_replace(v, \"a\", \"$1\", \"b\", `(.*)`) # end";
    for (at, _) in query.char_indices() {
        drop(parse(&query[..at]));
        drop(parse(&query[at..]));
        for replacement in ["(", "]", "\"", "\\", "é", "0", "[", "{", " "] {
            let rest = query[at..].chars().next().map_or(0, char::len_utf8);
            drop(parse(&format!("{}{replacement}{}", &query[..at], &query[at + rest..])));
        }
    }
}
