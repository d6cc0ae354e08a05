//! Export and import as JSON Lines: one CloudEvents object a line, streamed, with bounded memory.

use crate::error::{LedgerError, Result};
use crate::ledger::Ledger;
use crate::read::Filter;
use mainstay_model::{FACT_DATA_BYTES_MAX, Fact, FactData, Timestamp, facts::FactRedacted};
use serde_json::Value;
use std::io::{BufRead, Write};

/// Longest line that is read: data and extensions at their largest, with every character escaped.
const LINE_BYTES_MAX: usize = 6 * 2 * FACT_DATA_BYTES_MAX;
/// Facts that are appended together.
const IMPORT_BATCH: usize = 2_000;
/// Bytes of lines that are held before they are appended.
const IMPORT_BYTES: usize = 8 * 1024 * 1024;
/// Refused lines that a report names.
const REFUSED_MAX: usize = 1_000;

/// How to import.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// Keep the times at which the facts were recorded in the ledger that they come from, for moving a ledger: answers as
    /// of a past date stay what they were. Only into an empty ledger; otherwise a fact is recorded when it is imported.
    pub keep_recorded: bool,
}

/// What became of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Lines read.
    pub lines: u64,
    /// Facts appended.
    pub new: u64,
    /// Facts known already.
    pub known: u64,
    /// How many lines were refused.
    pub refused_count: u64,
    /// The first refused lines: number, from 1, and why.
    pub refused: Vec<(u64, String)>,
}

impl Ledger {
    /// Writes the facts that match, a CloudEvents object a line, with `sequence` and `recorded`; gives their number. Of a
    /// redacted fact there is what was retained.
    ///
    /// # Errors
    /// The database or the writer fails.
    pub fn export(&self, filter: &Filter, out: &mut dyn Write) -> Result<u64> {
        let mut count = 0;
        let failed = |error: std::io::Error| LedgerError::file("export")(error);
        self.facts_each(filter, &mut |fact| {
            serde_json::to_writer(&mut *out, &fact.to_json()).map_err(|error| failed(error.into()))?;
            out.write_all(b"\n").map_err(failed)?;
            count += 1;
            Ok(true)
        })?;
        out.flush().map_err(failed)?;
        Ok(count)
    }

    /// Reads JSON Lines as `export` writes them, or any CloudEvents, and appends them. A bad line is reported with its
    /// number, and the rest still counts. Importing the same again changes nothing.
    ///
    /// # Errors
    /// The reader or the database fails, or recorded times are to be kept and the ledger is not empty. What was appended
    /// before stays.
    pub fn import(&self, input: &mut dyn BufRead, options: ImportOptions, now: Timestamp) -> Result<ImportReport> {
        if options.keep_recorded && self.size()? > 0 {
            return Err(LedgerError::refused(
                "recorded times can be kept only in an empty ledger, and this one is not",
            ));
        }
        let mut import =
            Import { ledger: self, options, now, report: ImportReport::default(), batch: Batch::default() };
        let mut line = Vec::new();
        while let Some(fits) = read_line(input, &mut line)? {
            import.report.lines += 1;
            if fits {
                import.line(&line)?;
            } else {
                import.refuse(import.report.lines, format!("the line is longer than {LINE_BYTES_MAX} bytes"));
            }
        }
        import.flush()?;
        import.report.refused.sort();
        Ok(import.report)
    }
}

/// Reads a line without its end. `None` at the end of input; false where the line is longer than allowed, of which no
/// more than the beginning was held.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> Result<Option<bool>> {
    line.clear();
    let (mut any, mut fits) = (false, true);
    loop {
        let held = match input.fill_buf() {
            Ok(held) => held,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(LedgerError::file("import")(error)),
        };
        if held.is_empty() {
            return Ok(any.then_some(fits));
        }
        any = true;
        let end = held.iter().position(|byte| *byte == b'\n');
        let part = &held[..end.unwrap_or(held.len())];
        if line.len() + part.len() <= LINE_BYTES_MAX {
            line.extend_from_slice(part);
        } else {
            fits = false;
        }
        let used = end.map_or(held.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(Some(fits));
        }
    }
}

#[derive(Default)]
struct Batch {
    facts: Vec<Fact>,
    lines: Vec<u64>,
    recorded: Vec<Timestamp>,
    bytes: usize,
}

struct Import<'a> {
    ledger: &'a Ledger,
    options: ImportOptions,
    now: Timestamp,
    report: ImportReport,
    batch: Batch,
}

impl Import<'_> {
    fn refuse(&mut self, line: u64, reason: String) {
        self.report.refused_count += 1;
        if self.report.refused.len() < REFUSED_MAX {
            self.report.refused.push((line, reason));
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        let number = self.report.lines;
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let document: Value = match serde_json::from_slice(line) {
            Ok(document) => document,
            Err(error) => {
                self.refuse(number, format!("no JSON: {error}"));
                return Ok(());
            }
        };
        let recorded = document.get("recorded").and_then(Value::as_str).and_then(|text| text.parse().ok());
        match Fact::from_json(document, self.now) {
            Err(error) => self.refuse(number, error.to_string()),
            Ok(fact) if fact.fact_type == FactRedacted::TYPE => self.redaction(number, fact)?,
            Ok(fact) => {
                self.batch.facts.push(fact);
                self.batch.lines.push(number);
                self.batch.recorded.push(recorded.unwrap_or(self.now));
                self.batch.bytes += line.len();
            }
        }
        if self.batch.facts.len() >= IMPORT_BATCH || self.batch.bytes >= IMPORT_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.facts.is_empty() {
            return Ok(());
        }
        let report = if self.options.keep_recorded {
            self.writer()?.append_recorded(batch.facts, &batch.recorded, self.now)?
        } else {
            self.ledger.append(batch.facts, self.now)?
        };
        self.report.new += report.new;
        self.report.known += report.known;
        for (at, reason) in report.refused {
            self.refuse(batch.lines[at], reason);
        }
        Ok(())
    }

    fn writer(&self) -> Result<&crate::append::Writer> {
        self.ledger.writer().ok_or_else(|| LedgerError::ReadOnly("it was opened for reading".to_owned()))
    }

    /// A redaction names a position. Here another fact may stand at it, which must not be erased: the redaction counts
    /// only where the fact holds already no more than what was retained.
    fn redaction(&mut self, number: u64, fact: Fact) -> Result<()> {
        self.flush()?;
        let Some(redacted) = FactRedacted::read(&fact) else {
            self.refuse(number, "the redaction is malformed".to_owned());
            return Ok(());
        };
        let target = self.ledger.fact(redacted.sequence)?;
        if target.is_none_or(|target| target.fact.data != redacted.retained) {
            self.refuse(
                number,
                format!("it redacts entry {}, which is another fact in this ledger", redacted.sequence),
            );
            return Ok(());
        }
        let report = self.writer()?.append_redaction(fact, self.now)?;
        self.report.new += report.new;
        self.report.known += report.known;
        report.refused.into_iter().for_each(|(_, reason)| self.refuse(number, reason));
        Ok(())
    }
}
