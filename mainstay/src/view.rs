//! What a person or a program sees: results on standard output, everything else on standard error.

use crate::arguments::{Format, Global};
use mainstay_model::{Diagnostic, Level};
use serde_json::Value;
use std::io::{BufWriter, IsTerminal, StdoutLock, Write};

/// How to show things.
#[derive(Debug, Clone)]
pub struct View {
    /// Form of the output.
    pub format: Format,
    /// Whether standard output takes colour.
    pub colour: bool,
    /// Whether standard error is a terminal, so that progress can be drawn over itself.
    pub interactive: bool,
    quiet: bool,
}

/// Widest cell of a table before it is cut.
const CELL_CHARS_MAX: usize = 72;

/// How much of a result is gathered before it is handed to the system.
const STREAM_BYTES: usize = 64 << 10;

impl View {
    /// The view that the options and the terminal ask for.
    pub fn of(global: &Global, no_colour: bool) -> Self {
        Self {
            format: global.format,
            colour: !no_colour && std::io::stdout().is_terminal(),
            interactive: !global.quiet && std::io::stderr().is_terminal(),
            quiet: global.quiet,
        }
    }

    /// Prints a result. A reader that went away (`| head`) is no error.
    pub fn print(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = out.write_all(b"\n");
        }
        let _ = out.flush();
    }

    /// Prints a result as it is made, for one that may be as large as what it was made of.
    pub fn stream(&self, write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> std::io::Result<()>) {
        let mut out = BufWriter::with_capacity(STREAM_BYTES, std::io::stdout().lock());
        let _ = write(&mut out).and_then(|()| out.flush());
    }

    /// Prints one JSON value.
    pub fn json(&self, value: &Value) {
        self.print(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// Says something that is no result.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.clear();
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Draws a line of progress over the last one.
    pub fn progress(&self, text: &str) {
        if self.interactive {
            let cut: String = text.chars().take(100).collect();
            let _ = write!(std::io::stderr(), "\r\x1b[2K{cut}");
            let _ = std::io::stderr().flush();
        }
    }

    /// Takes the line of progress away.
    pub fn clear(&self) {
        if self.interactive {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }

    /// Says what is wrong with an input.
    pub fn complain(&self, diagnostic: &Diagnostic) {
        if !self.quiet || diagnostic.level == Level::Error {
            self.clear();
            let _ = writeln!(std::io::stderr(), "{diagnostic}");
        }
    }

    /// Prints an answer: a list as a table, anything else as names and values; or as JSON or CSV.
    pub fn rows(&self, columns: &[&str], answer: &Value) {
        match (self.format, mainstay_kit::answer::rows_of(answer)) {
            (Format::Csv, Some(rows)) => self.print(&mainstay_kit::answer::csv(columns, rows)),
            (Format::Table, Some(rows)) if !columns.is_empty() => self.print(&self.table(columns, rows, answer)),
            (Format::Table, _) => self.print(&self.record(answer)),
            _ => self.json(answer),
        }
    }

    /// An aligned table; numbers stand to the right.
    fn table(&self, columns: &[&str], rows: &[Value], answer: &Value) -> String {
        if rows.is_empty() {
            return "nothing\n".to_owned();
        }
        let cells: Vec<Vec<String>> =
            rows.iter().map(|row| columns.iter().map(|column| cut(&shown(column, &row[*column]))).collect()).collect();
        let width = |at: usize| {
            let widest = cells.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
            widest.max(columns[at].chars().count())
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        let right: Vec<bool> = columns
            .iter()
            .map(|column| rows.iter().all(|row| row[*column].is_number() || row[*column].is_null()))
            .collect();
        let line = |cells: Vec<String>| {
            let parts: Vec<String> = cells
                .iter()
                .enumerate()
                .map(|(at, cell)| {
                    if right[at] {
                        format!("{cell:>w$}", w = widths[at])
                    } else {
                        format!("{cell:<w$}", w = widths[at])
                    }
                })
                .collect();
            parts.join("  ").trim_end().to_owned() + "\n"
        };
        let heading = line(columns.iter().map(|c| c.to_uppercase().replace('_', " ")).collect());
        let mut out = if self.colour { format!("\x1b[1m{}\x1b[0m\n", heading.trim_end()) } else { heading };
        cells.into_iter().for_each(|row| out += &line(row));
        if let Some(total) = answer["total"].as_u64().filter(|total| *total > rows.len() as u64) {
            out += &format!("{} of {total}; --limit and --offset show the others\n", rows.len());
        }
        out
    }

    /// Names and values, one a line.
    fn record(&self, answer: &Value) -> String {
        let Some(map) = answer.as_object() else { return mainstay_kit::answer::plain(answer) + "\n" };
        let widest = map.keys().map(|name| name.chars().count()).max().unwrap_or(0);
        let mut out = String::new();
        for (name, value) in map {
            let text = match value {
                Value::Object(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
                Value::Array(items) if items.iter().any(Value::is_object) => {
                    serde_json::to_string_pretty(value).unwrap_or_default()
                }
                other => mainstay_kit::answer::plain(other),
            };
            let indented = text.trim_end().replace('\n', &format!("\n{:widest$}  ", ""));
            out += &format!("{name:<widest$}  {indented}\n");
        }
        out
    }
}

/// A cell for eyes: times without fractions, shares and durations as people say them.
fn shown(column: &str, value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        // Names may end in a time, too.
        Value::String(text) if column != "id" && is_time(text) => {
            text.get(..16).map_or_else(|| text.clone(), |minute| minute.replace('T', " "))
        }
        Value::Number(number) if number.is_f64() => {
            let text = format!("{:.3}", number.as_f64().unwrap_or_default());
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        other => mainstay_kit::answer::plain(other),
    }
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.parse::<mainstay_model::Timestamp>().is_ok()
}

fn cut(text: &str) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    if line.chars().count() <= CELL_CHARS_MAX {
        return line;
    }
    line.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}
