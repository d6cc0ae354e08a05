//! Queries by rule: selectors in functions in aggregations in arithmetic, most of them sensible and some of them not.
//!
//! Left out is where two right answers differ, or where the peer is known to be wrong:
//! - `atan2` of what has a name: version 2.42 keeps it, which later versions drop as for other arithmetic;
//! - the deviation of a single number that is not finite: 0 in version 2.42, no number later;
//! - `predict_linear` with `@`: version 2.42 shifts the window with each step of a range and reads nothing more;
//! - rounding, counting and dates of what was computed: the last bit of a mean decides, and what is no time has no date.

use super::samples::Dice;

const METRICS: &[&str] = &["http_requests_total", "latency_seconds_bucket", "temperature", "disk_free_bytes", "up"];
const MATCHERS: &[&str] = &[
    "",
    "",
    "{job=\"api\"}",
    "{job!=\"api\"}",
    "{instance=~\"[ac].*\"}",
    "{code!~\"2..\"}",
    "{job=~\"api|db\", instance!=\"a:80\"}",
    "{le=\"+Inf\"}",
    "{missing=\"\"}",
];
const RANGES: &[&str] = &["1m", "5m", "7m30s", "10m", "1h"];
const SHIFTS: &[&str] = &["", "", "", "", " offset 5m", " offset -3m", " @ 1772330000", " @ start()", " @ end()"];
/// Functions of a range alone.
const WINDOWS: &[&str] = &[
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "changes",
    "resets",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "absent_over_time",
];
/// Functions of a vector alone.
const PLAIN: &[&str] = &[
    "abs",
    "exp",
    "ln",
    "log2",
    "log10",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "deg",
    "rad",
    "absent",
    "timestamp",
    "sort",
    "sort_desc",
];
/// Functions of what was sampled as it is.
const STEPPED: &[&str] = &["ceil", "floor", "sgn", "round"];
/// Functions of times.
const DATES: &[&str] =
    &["day_of_month", "day_of_year", "month", "year", "minute", "hour", "days_in_month", "day_of_week"];
const AGGREGATES: &[&str] = &["sum", "avg", "min", "max", "count", "group"];
const GROUPINGS: &[&str] =
    &["", " by (job)", " by (job, instance)", " without (instance)", " by ()", " without ()", " by (code, le)"];
const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "^"];
const COMPARISONS: &[&str] = &["==", "!=", "<", "<=", ">", ">=", "> bool", "== bool", "<= bool"];
const SETS: &[&str] = &["and", "or", "unless"];
const MATCHINGS: &[&str] =
    &["", "", " on(job, instance)", " on(instance)", " ignoring(code)", " ignoring(le, code)", " on()"];
const JOINS: &[&str] = &["", "", " group_left()", " group_right()", " group_left(job)"];
const NUMBERS: &[&str] =
    &["0", "1", "2", "0.5", "-3", "20", "1e6", "Inf", "NaN", "scalar(up{instance=\"a:80\"})", "time()", "pi()"];

/// The query of a number.
pub fn query(number: u64) -> String {
    let mut dice = Dice::new(number + 1_000);
    let depth = 1 + dice.below(3);
    vector(&mut dice, depth)
}

fn selector(dice: &mut Dice) -> String {
    format!("{}{}", dice.pick(METRICS), dice.pick(MATCHERS))
}

fn range(dice: &mut Dice, depth: u64) -> String {
    if depth > 1 && dice.below(5) == 0 {
        let step = dice.pick(&["30s", "1m", "", "7m"]);
        let within = vector(dice, depth - 1);
        return format!("({within})[{}:{step}]{}", dice.pick(&["5m", "10m", "30m"]), dice.pick(SHIFTS));
    }
    format!("{}[{}]{}", selector(dice), dice.pick(RANGES), dice.pick(SHIFTS))
}

fn vector(dice: &mut Dice, depth: u64) -> String {
    if depth == 0 {
        return format!("{}{}", selector(dice), dice.pick(SHIFTS));
    }
    match dice.below(12) {
        0 | 1 => format!("{}({})", dice.pick(WINDOWS), range(dice, depth)),
        2 => window_with_number(dice, depth),
        3 => plain(dice, depth),
        4 | 5 => {
            let of = vector(dice, depth - 1);
            format!("{}{} ({of})", dice.pick(AGGREGATES), dice.pick(GROUPINGS))
        }
        6 => aggregate_with_argument(dice, depth),
        7 => {
            let operators = [dice.pick(ARITHMETIC), dice.pick(COMPARISONS)];
            let operator = dice.pick(&operators);
            let (one, number) = (vector(dice, depth - 1), dice.pick(NUMBERS));
            if dice.below(2) == 0 {
                format!("({one}) {operator} {number}")
            } else {
                format!("{number} {operator} ({one})")
            }
        }
        8 | 9 => {
            let operators = [dice.pick(ARITHMETIC), dice.pick(COMPARISONS)];
            let operator = dice.pick(&operators);
            let matching = dice.pick(MATCHINGS);
            let join = if matching.is_empty() { "" } else { dice.pick(JOINS) };
            let (left, right) = (vector(dice, depth - 1), vector(dice, depth - 1));
            format!("({left}) {operator}{matching}{join} ({right})")
        }
        10 => {
            let (left, right) = (vector(dice, depth - 1), vector(dice, depth - 1));
            format!("({left}) {}{} ({right})", dice.pick(SETS), dice.pick(MATCHINGS))
        }
        _ => vector_with_more(dice, depth),
    }
}

fn plain(dice: &mut Dice, depth: u64) -> String {
    match dice.below(4) {
        0 => format!("{}({})", dice.pick(STEPPED), selector(dice)),
        1 => format!("{}(timestamp({}))", dice.pick(DATES), selector(dice)),
        _ => {
            let of = vector(dice, depth - 1);
            format!("{}({of})", dice.pick(PLAIN))
        }
    }
}

fn window_with_number(dice: &mut Dice, depth: u64) -> String {
    if dice.below(3) == 1 {
        return format!(
            "predict_linear({}[{}], {})",
            selector(dice),
            dice.pick(RANGES),
            dice.pick(&["0", "600", "-60"])
        );
    }
    let of = range(dice, depth);
    match dice.below(2) {
        0 => format!("quantile_over_time({}, {of})", dice.pick(&["0", "0.5", "0.9", "1", "1.5", "-1"])),
        _ => format!("holt_winters({of}, {}, {})", dice.pick(&["0.3", "0.9"]), dice.pick(&["0.1", "0.5"])),
    }
}

fn aggregate_with_argument(dice: &mut Dice, depth: u64) -> String {
    let (of, grouping) = (vector(dice, depth - 1), dice.pick(GROUPINGS));
    match dice.below(5) {
        0 => format!("quantile{grouping} ({}, {of})", dice.pick(&["0.5", "0.99", "2"])),
        1 => format!("count_values{grouping} (\"value\", {})", selector(dice)),
        2 => {
            format!("{}{grouping} (rate(http_requests_total[{}]))", dice.pick(&["stddev", "stdvar"]), dice.pick(RANGES))
        }
        // Which of several equal ones are kept is nobody's promise; what is summed of them is the same.
        3 => format!("sum(topk{grouping} ({}, {of}))", dice.pick(&["1", "2", "0"])),
        _ => format!("sum(bottomk{grouping} ({}, {of}))", dice.pick(&["1", "3"])),
    }
}

fn vector_with_more(dice: &mut Dice, depth: u64) -> String {
    let of = vector(dice, depth - 1);
    match dice.below(7) {
        0 => format!("clamp({of}, {}, {})", dice.pick(&["0", "17"]), dice.pick(&["20", "16"])),
        1 => format!("clamp_min({of}, {})", dice.pick(NUMBERS)),
        2 => format!("round({}, {})", selector(dice), dice.pick(&["0.1", "5", "1e3"])),
        3 => format!("label_replace({of}, \"new\", \"$1-x\", \"instance\", \"(.):.*\")"),
        4 => format!("label_join({of}, \"job\", \"/\", \"job\", \"instance\")"),
        5 => format!("histogram_quantile({}, {of})", dice.pick(&["0.5", "0.99", "0", "-1"])),
        _ => format!("-({of})"),
    }
}
