//! The text formats of Prometheus and OpenMetrics, with a time on each line.
//!
//! Times of OpenMetrics are in seconds, those of Prometheus' older format in milliseconds. A text that ends with `# EOF` is
//! OpenMetrics. Comments, types, units and exemplars are passed over; a line without time is refused, because only a time makes
//! a sample of it.

use super::LoadError;
use crate::labels::Labels;
use crate::store::{Sample, Store};
use std::collections::HashMap;

/// Adds the samples of a text to a store; gives how many.
///
/// # Errors
/// The first line that is wrong. What stood before it is in the store.
pub fn add(store: &mut Store, text: &str) -> Result<usize, LoadError> {
    let seconds = text.trim_end().ends_with("# EOF");
    // Lines of a series need not stand together; sorted by time they append instead of moving what is there.
    let mut collected: HashMap<Labels, Vec<(usize, Sample)>> = HashMap::new();
    let mut order = Vec::new();
    let mut count = 0;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (labels, sample) = sample(line, seconds).map_err(|message| LoadError::new(index + 1, message))?;
        let samples = collected.entry(labels).or_insert_with_key(|labels| {
            order.push(labels.clone());
            Vec::new()
        });
        samples.push((index + 1, sample));
        count += 1;
    }
    for labels in order {
        let mut samples = collected.remove(&labels).unwrap_or_default();
        samples.sort_by_key(|(_, sample)| sample.time);
        let series = store.series_of(&labels);
        for (line, sample) in samples {
            store.push(series, sample).map_err(|why| LoadError::new(line, format!("{labels}: {why}")))?;
        }
    }
    Ok(count)
}

fn sample(line: &str, seconds: bool) -> Result<(Labels, Sample), String> {
    let end = super::notation::name_end(line);
    let labels = crate::parse_series(&line[..end]).map_err(|error| error.message)?;
    // An exemplar of OpenMetrics stands behind a mark.
    let rest = line[end..].split(" # ").next().unwrap_or_default();
    let mut words = rest.split_whitespace();
    let value = words.next().ok_or("the line has no value")?;
    let value: f64 = value.parse().map_err(|_| format!("{value:?} is no number"))?;
    let time = words.next().ok_or("the line has no time; a sample needs one")?;
    let wrong = || format!("{time:?} is no time");
    let time = if seconds {
        let read: f64 = time.parse().map_err(|_| wrong())?;
        crate::tree::milliseconds(read, crate::Span::default()).map_err(|_| wrong())?
    } else {
        time.parse().map_err(|_| wrong())?
    };
    Ok((labels, Sample { time, value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read() {
        let mut store = Store::new();
        let text = "# TYPE a counter\na_total{x=\"1 # }\"} 5 2.5 # {trace=\"t\"} 1\na_total{x=\"1 # }\"} 4 1\nb NaN 3\n# EOF\n";
        assert_eq!(add(&mut store, text), Ok(3));
        assert_eq!(store.series()[0].times, [1000, 2500]);
        assert_eq!(add(&mut store, "c 1 1700000000000\n"), Ok(1));
        assert_eq!(store.series()[2].times, [1_700_000_000_000]);
        let error = add(&mut store, "c 1\n").unwrap_err();
        assert_eq!((error.line, error.message.as_str()), (1, "the line has no time; a sample needs one"));
        assert!(add(&mut store, "d x 1").is_err() && add(&mut store, "d 1 y").is_err());
    }
}
