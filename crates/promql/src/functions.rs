//! The functions that a query may call: what they take, and which part of the evaluator runs them.

use crate::parse::tree::ValueType;

/// A function of PromQL.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The types of its arguments.
    pub arguments: &'static [ValueType],
    /// How many of them must be there.
    pub required: usize,
    /// Whether the last argument may stand any number of times.
    pub repeats: bool,
    /// What it gives.
    pub returns: ValueType,
    pub(crate) run: Run,
}

/// Which part of the evaluator runs a function.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run {
    /// A number for the samples of a window.
    Window(Over),
    /// A number for a number.
    Each(fn(f64) -> f64),
    /// A part of the time that a number of seconds is.
    Date(Date),
    /// Numbers of a vector with numbers beside.
    Clamp,
    ClampMin,
    ClampMax,
    Round,
    /// Labels.
    LabelReplace,
    LabelJoin,
    /// Order.
    Sort,
    SortDesc,
    SortByLabel,
    SortByLabelDesc,
    /// Presence.
    Absent,
    AbsentOverTime,
    /// Histograms in buckets.
    HistogramQuantile,
    HistogramFraction,
    /// What only native histograms have: nothing comes of numbers.
    NativeOnly,
    /// Between scalars and vectors.
    Scalar,
    Vector,
    Timestamp,
    Time,
    Pi,
    Start,
    End,
    Step,
    Range,
    MinOf,
    MaxOf,
    Unsupported(&'static str),
}

/// What becomes of the samples of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Deriv,
    PredictLinear,
    Smoothing,
    Changes,
    Resets,
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Last,
    First,
    Present,
    Stddev,
    Stdvar,
    Quantile,
    Mad,
    TimeOfFirst,
    TimeOfLast,
    TimeOfMin,
    TimeOfMax,
}

/// A part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Date {
    Minute,
    Hour,
    DayOfWeek,
    DayOfMonth,
    DayOfYear,
    DaysInMonth,
    Month,
    Year,
}

const S: ValueType = ValueType::Scalar;
const V: ValueType = ValueType::Vector;
const M: ValueType = ValueType::Matrix;
const T: ValueType = ValueType::Text;

const fn f(
    name: &'static str,
    arguments: &'static [ValueType],
    required: usize,
    repeats: bool,
    returns: ValueType,
    run: Run,
) -> Function {
    Function { name, arguments, required, repeats, returns, run }
}

const fn over(name: &'static str, over: Over) -> Function {
    f(name, &[M], 1, false, V, Run::Window(over))
}

const fn each(name: &'static str, run: fn(f64) -> f64) -> Function {
    f(name, &[V], 1, false, V, Run::Each(run))
}

const fn date(name: &'static str, date: Date) -> Function {
    f(name, &[V], 0, false, V, Run::Date(date))
}

const fn native(name: &'static str) -> Function {
    f(name, &[V], 1, false, V, Run::NativeOnly)
}

const fn moment(name: &'static str, run: Run) -> Function {
    f(name, &[], 0, false, S, run)
}

fn sgn(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        value
    }
}

fn deg(value: f64) -> f64 {
    value * 180.0 / std::f64::consts::PI
}

fn rad(value: f64) -> f64 {
    value * std::f64::consts::PI / 180.0
}

/// All of them.
pub static FUNCTIONS: &[Function] = &[
    over("rate", Over::Rate),
    over("increase", Over::Increase),
    over("delta", Over::Delta),
    over("irate", Over::Irate),
    over("idelta", Over::Idelta),
    over("deriv", Over::Deriv),
    f("predict_linear", &[M, S], 2, false, V, Run::Window(Over::PredictLinear)),
    f("double_exponential_smoothing", &[M, S, S], 3, false, V, Run::Window(Over::Smoothing)),
    f("holt_winters", &[M, S, S], 3, false, V, Run::Window(Over::Smoothing)),
    over("changes", Over::Changes),
    over("resets", Over::Resets),
    over("sum_over_time", Over::Sum),
    over("avg_over_time", Over::Avg),
    over("min_over_time", Over::Min),
    over("max_over_time", Over::Max),
    over("count_over_time", Over::Count),
    over("last_over_time", Over::Last),
    over("first_over_time", Over::First),
    over("present_over_time", Over::Present),
    over("stddev_over_time", Over::Stddev),
    over("stdvar_over_time", Over::Stdvar),
    f("quantile_over_time", &[S, M], 2, false, V, Run::Window(Over::Quantile)),
    over("mad_over_time", Over::Mad),
    over("ts_of_first_over_time", Over::TimeOfFirst),
    over("ts_of_last_over_time", Over::TimeOfLast),
    over("ts_of_min_over_time", Over::TimeOfMin),
    over("ts_of_max_over_time", Over::TimeOfMax),
    f("absent", &[V], 1, false, V, Run::Absent),
    f("absent_over_time", &[M], 1, false, V, Run::AbsentOverTime),
    each("abs", f64::abs),
    each("ceil", f64::ceil),
    each("floor", f64::floor),
    each("exp", f64::exp),
    each("ln", f64::ln),
    each("log2", f64::log2),
    each("log10", f64::log10),
    each("sqrt", f64::sqrt),
    each("sgn", sgn),
    each("acos", f64::acos),
    each("acosh", f64::acosh),
    each("asin", f64::asin),
    each("asinh", f64::asinh),
    each("atan", f64::atan),
    each("atanh", f64::atanh),
    each("cos", f64::cos),
    each("cosh", f64::cosh),
    each("sin", f64::sin),
    each("sinh", f64::sinh),
    each("tan", f64::tan),
    each("tanh", f64::tanh),
    each("deg", deg),
    each("rad", rad),
    f("clamp", &[V, S, S], 3, false, V, Run::Clamp),
    f("clamp_min", &[V, S], 2, false, V, Run::ClampMin),
    f("clamp_max", &[V, S], 2, false, V, Run::ClampMax),
    f("round", &[V, S], 1, false, V, Run::Round),
    f("label_replace", &[V, T, T, T, T], 5, false, V, Run::LabelReplace),
    f("label_join", &[V, T, T, T], 3, true, V, Run::LabelJoin),
    f("sort", &[V], 1, false, V, Run::Sort),
    f("sort_desc", &[V], 1, false, V, Run::SortDesc),
    f("sort_by_label", &[V, T], 1, true, V, Run::SortByLabel),
    f("sort_by_label_desc", &[V, T], 1, true, V, Run::SortByLabelDesc),
    f("histogram_quantile", &[S, V], 2, false, V, Run::HistogramQuantile),
    f("histogram_fraction", &[S, S, V], 3, false, V, Run::HistogramFraction),
    native("histogram_avg"),
    native("histogram_count"),
    native("histogram_sum"),
    native("histogram_stddev"),
    native("histogram_stdvar"),
    date("minute", Date::Minute),
    date("hour", Date::Hour),
    date("day_of_week", Date::DayOfWeek),
    date("day_of_month", Date::DayOfMonth),
    date("day_of_year", Date::DayOfYear),
    date("days_in_month", Date::DaysInMonth),
    date("month", Date::Month),
    date("year", Date::Year),
    f("scalar", &[V], 1, false, S, Run::Scalar),
    f("vector", &[S], 1, false, V, Run::Vector),
    f("timestamp", &[V], 1, false, V, Run::Timestamp),
    moment("time", Run::Time),
    moment("pi", Run::Pi),
    moment("start", Run::Start),
    moment("end", Run::End),
    moment("step", Run::Step),
    moment("range", Run::Range),
    f("min_of", &[S, S], 2, false, S, Run::MinOf),
    f("max_of", &[S, S], 2, false, S, Run::MaxOf),
    f("start_timestamp", &[V], 1, false, V, Run::Unsupported("start timestamps")),
    f("histogram_quantiles", &[V, T, S], 3, true, V, Run::Unsupported("histogram_quantiles")),
    f("info", &[V, V], 1, false, V, Run::Unsupported("info")),
];

/// The function of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
