//! The answer of `/api/v1/query_range`, or of `/api/v1/query` for a range selector: a matrix.

use super::LoadError;
use super::notation::NATIVE_HISTOGRAMS;
use crate::labels::Labels;
use crate::store::{Sample, Store};
use serde_json::Value;

/// Adds the samples of an answer to a store; gives how many. The whole answer may be given, or its `data`.
///
/// # Errors
/// What is wrong with the answer. What stood before it is in the store.
pub fn add(store: &mut Store, answer: &Value) -> Result<usize, LoadError> {
    if answer.get("status").and_then(Value::as_str) == Some("error") {
        let why = answer.get("error").and_then(Value::as_str).unwrap_or("without reason");
        return Err(LoadError::new(0, format!("the answer is an error: {why}")));
    }
    let data = answer.get("data").unwrap_or(answer);
    let kind = data.get("resultType").and_then(Value::as_str).unwrap_or_default();
    let result = data.get("result").and_then(Value::as_array);
    let Some(series) = result.filter(|_| kind == "matrix") else {
        return Err(LoadError::new(0, format!("a matrix is expected, not {kind:?}")));
    };
    let mut count = 0;
    for (index, one) in series.iter().enumerate() {
        count += add_series(store, one)
            .map_err(|message| LoadError::new(0, format!("series {} of the answer: {message}", index + 1)))?;
    }
    Ok(count)
}

fn add_series(store: &mut Store, one: &Value) -> Result<usize, String> {
    let metric = one.get("metric").and_then(Value::as_object).ok_or("it has no labels")?;
    let pairs = metric.iter().map(|(name, value)| match value.as_str() {
        Some(value) => Ok((name.as_str(), value)),
        None => Err(format!("label {name} is no text")),
    });
    let labels = Labels::new(pairs.collect::<Result<Vec<_>, String>>()?);
    let at = store.series_of(&labels);
    if one.get("histograms").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
        store.mark_foreign(at, NATIVE_HISTOGRAMS);
        return Ok(0);
    }
    let values = one.get("values").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for pair in values {
        let time = pair.get(0).and_then(Value::as_f64).ok_or("a sample has no time")?;
        let time = crate::tree::milliseconds(time, crate::Span::default()).map_err(|error| error.message)?;
        let value = pair.get(1).and_then(Value::as_str).ok_or("a sample has no value")?;
        let value: f64 = value.parse().map_err(|_| format!("{value:?} is no number"))?;
        store.push(at, Sample { time, value }).map_err(|why| format!("{labels}: {why}"))?;
    }
    Ok(values.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_of_the_api_is_read() {
        let mut store = Store::new();
        let answer = json!({"status": "success", "data": {"resultType": "matrix", "result": [
            {"metric": {"__name__": "up", "job": "a"}, "values": [[1700000000.5, "1"], [1700000060, "+Inf"]]}
        ]}});
        assert_eq!(add(&mut store, &answer), Ok(2));
        assert_eq!(store.series()[0].times, [1_700_000_000_500, 1_700_000_060_000]);
        assert_eq!(store.series()[0].values, [1.0, f64::INFINITY]);
        for wrong in [
            json!({"status": "error", "error": "timed out"}),
            json!({"data": {"resultType": "vector", "result": []}}),
            json!({"data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, 2]]}]}}),
            json!([]),
        ] {
            assert!(add(&mut store, &wrong).is_err(), "{wrong}");
        }
    }
}
