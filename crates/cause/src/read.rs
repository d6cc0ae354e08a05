//! Calls and series as tables: what a query of a metrics engine or of traces prints as CSV.

use crate::{Point, Services};
use csv::{Position, ReaderBuilder, StringRecord};
use mainstay_model::{Diagnostic, Place, Timestamp};

/// Rows that are wrong are named up to so many of a file.
const WRONG_MAX: usize = 20;

/// A file.
#[derive(Debug, Clone, Copy)]
pub struct Table<'t> {
    /// Its name, for what is said about it.
    pub name: &'t str,
    /// Its text: CSV with a heading.
    pub bytes: &'t [u8],
}

/// Reads who calls whom (`caller,called`) and series (`service,begin,value,requests`; `begin` in RFC 3339 or seconds since
/// 1970). Further columns are passed over, and so is a series' row without a value. What cannot be read is told, and the
/// rest counts.
#[must_use]
pub fn read(calls: Table<'_>, series: Table<'_>) -> (Services, Vec<Diagnostic>) {
    let (mut services, mut wrong) = (Services::default(), Vec::new());
    rows(calls, ["caller", "called"], &mut wrong, |[caller, called]| {
        services.calls.entry(caller.to_owned()).or_default().insert(called.to_owned());
        Ok(())
    });
    rows(series, ["service", "begin", "value", "requests"], &mut wrong, |[service, begin, value, requests]| {
        if value.is_empty() || requests.is_empty() {
            return Ok(());
        }
        let begin = moment(begin).ok_or_else(|| format!("begin {begin:?} is no time"))?;
        let number = |name: &str, text: &str| {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
            number.ok_or_else(|| format!("{name} {text:?} is no number from 0"))
        };
        let point = Point { begin, value: number("value", value)?, requests: number("requests", requests)? };
        services.series.entry(service.to_owned()).or_default().push(point);
        Ok(())
    });
    for points in services.series.values_mut() {
        points.sort_by(|a, b| a.begin.total_cmp(&b.begin));
    }
    let steps = services.series.values().flat_map(|points| points.windows(2).map(|pair| pair[1].begin - pair[0].begin));
    services.span = steps.filter(|step| *step > 0.0).fold(f64::INFINITY, f64::min);
    if !services.span.is_finite() {
        services.span = 0.0;
    }
    (services, wrong)
}

/// Seconds since 1970.
#[must_use]
pub fn moment(text: &str) -> Option<f64> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    seconds.or_else(|| Some(text.parse::<Timestamp>().ok()?.as_microsecond() as f64 / 1e6))
}

/// Gives each row's cells under some headings.
fn rows<const N: usize>(
    table: Table<'_>,
    headings: [&str; N],
    wrong: &mut Vec<Diagnostic>,
    mut each: impl FnMut([&str; N]) -> Result<(), String>,
) {
    let mut told = 0;
    let mut tell = |position: Option<&Position>, why: String| {
        told += 1;
        if told <= WRONG_MAX {
            let line = position.map_or(1, |position| u32::try_from(position.line()).unwrap_or(u32::MAX));
            let help = format!("the columns are {}", headings.join(", "));
            wrong.push(Diagnostic::error("cause.row", why, Place::at(table.name, line, 1), help));
        }
    };
    let mut reader = ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(table.bytes);
    let heading = match reader.headers() {
        Ok(heading) => heading.clone(),
        Err(error) => return tell(None, format!("the heading cannot be read: {error}")),
    };
    let at = headings.map(|name| heading.iter().position(|column| column.trim_start_matches('\u{feff}') == name));
    if let Some(missing) = headings.iter().zip(at).find(|(_, at)| at.is_none()) {
        return tell(None, format!("there is no column {}", missing.0));
    }
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let cells = at.map(|at| at.and_then(|at| record.get(at)).unwrap_or_default());
                if cells[0].is_empty() {
                    tell(record.position(), format!("{} is empty", headings[0]));
                } else if let Err(why) = each(cells) {
                    tell(record.position(), why);
                }
            }
            Err(error) => tell(error.position(), format!("the row cannot be read: {error}")),
        }
    }
    if told > WRONG_MAX {
        let why = format!("{} further rows are wrong", told - WRONG_MAX);
        wrong.push(Diagnostic::error("cause.row", why, Place::file(table.name), "as above"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Question, Signal, causes};

    fn table<'t>(name: &'t str, text: &'t str) -> Table<'t> {
        Table { name, bytes: text.as_bytes() }
    }

    #[test]
    fn tables_make_services_and_what_is_wrong_costs_its_row() {
        let calls = "caller,called,how\nweb,cart,http\n,x\n";
        let series = "service,value,requests,begin\nweb,0.2,100,2026-11-01T10:00:00Z\nweb,0.4,100,1793527500\nweb,0.4,many,1793527800\n\
                      cart,0.1,100,1793527200\ncart,0.3,100,1793527500\ncart,,,1793527800\ncart,1,1,soon\n";
        let (services, wrong) = read(table("calls.csv", calls), table("series.csv", series));
        let told: Vec<String> =
            wrong.iter().map(|d| format!("{}:{} {}", d.place.file, d.place.line, d.summary)).collect();
        assert_eq!(
            told,
            [
                "calls.csv:3 caller is empty",
                "series.csv:4 requests \"many\" is no number from 0",
                "series.csv:8 begin \"soon\" is no time",
            ]
        );
        assert_eq!(services.span, 300.0);
        let onset = moment("2026-11-01T10:05:00Z").unwrap();
        let question = Question { service: "web", signal: Signal::Latency, onset };
        assert_eq!(causes(&services, question).unwrap()[0].service, "cart");
    }

    #[test]
    fn a_table_without_its_columns_says_which() {
        let (services, wrong) = read(table("calls.csv", ""), table("series.csv", "service,begin,value\na,1,1\n"));
        let told: Vec<&str> = wrong.iter().map(|d| d.summary.as_str()).collect();
        assert_eq!(told, ["there is no column caller", "there is no column requests"]);
        assert!(services.series.is_empty());
    }
}
