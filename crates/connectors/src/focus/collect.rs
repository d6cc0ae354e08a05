//! Streams bills from files.

use super::columns::Columns;
use super::sums::Sums;
use crate::collect::{Request, paths};
use crate::{Document, ReadContext, Reading};
use csv::{ByteRecord, ReaderBuilder};
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::Outside;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Bytes read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Longest line; a CSV with an unclosed quote would otherwise become one field of any size.
const LINE_BYTES_MAX: usize = 4 << 20;

/// Reads the bills of a document; the last part that states a bill counts.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let (mut out, mut stated) = (Reading::default(), Stated::new());
    for part in document.parts.iter().rev() {
        let mut reading = Reading::default();
        if let Some(text) = crate::text::decode(&part.bytes, &part.path, &mut reading) {
            read_stream(text.as_bytes(), &part.path, ctx, &mut reading);
        }
        keep_unstated(&mut reading, &part.path, &mut stated);
        out.merge(reading);
    }
    out
}

/// Streams the bills that a request names. Files that are parts of one export are summed; of several others that state
/// the same bill the last one by name counts, so that a second collection says the same as the first.
pub fn collect(outside: &Outside, request: &Request<'_>, sink: &mut dyn FnMut(Reading)) {
    let mut reading = Reading::default();
    let (root, mut files) = paths(outside, request, &mut reading);
    sink(reading);
    files.sort();
    let mut stated = Stated::new();
    let mut groups: Vec<&[PathBuf]> = files.chunk_by(|a, b| stem(a).is_some() && stem(a) == stem(b)).collect();
    groups.reverse();
    for group in groups {
        let mut reading = Reading::default();
        let mut sums = Sums::new(&request.context);
        let mut shown = String::new();
        for path in group {
            shown = mainstay_outside::relative(&root, path);
            (request.progress)(&shown);
            match outside.open(path) {
                Ok(file) => add_stream(file, &shown, &mut sums, &mut reading),
                Err(error) => {
                    sums.is_partial();
                    reading.note(request.failed(&error.to_string()));
                }
            }
        }
        sums.finish(&mut reading);
        keep_unstated(&mut reading, &shown, &mut stated);
        sink(reading);
    }
}

/// The name of an export without the number of its part: `bill-00002.csv.gz` is `bill`. A number of a part has zeros in
/// front, which tells it from a year or a date.
fn stem(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?.split('.').next()?;
    let head = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &name[head.len()..];
    let is_part = (3..=6).contains(&number.len()) && number.starts_with('0') && head.ends_with(['-', '_']);
    is_part.then(|| path.with_file_name(head))
}

/// Which file states each bill.
type Stated = BTreeMap<String, String>;

/// Leaves out the bills that a later file states.
fn keep_unstated(reading: &mut Reading, path: &str, stated: &mut Stated) {
    let mut here = BTreeSet::new();
    for snapshot in std::mem::take(&mut reading.snapshots) {
        match stated.get(&snapshot.scope) {
            Some(other) => {
                if here.insert(snapshot.scope.clone()) {
                    let what = format!("{} is stated by {other} as well, which counts", snapshot.scope);
                    let help = "keep one file a bill; parts of one export end in a number with zeros, such as -00001";
                    reading.note(Diagnostic::warning("focus.bill-twice", what, Place::file(path), help));
                }
            }
            None => reading.snapshots.push(snapshot),
        }
    }
    stated.extend(reading.snapshots.iter().map(|snapshot| (snapshot.scope.clone(), path.to_owned())));
}

/// Reads one bill from a stream, in memory that does not grow with its lines.
pub fn read_stream(source: impl Read, path: &str, ctx: &ReadContext, reading: &mut Reading) {
    let mut sums = Sums::new(ctx);
    add_stream(source, path, &mut sums, reading);
    sums.finish(reading);
}

fn add_stream(source: impl Read, path: &str, sums: &mut Sums<'_>, reading: &mut Reading) {
    let hashed = Hashed { source, hash: Sha256::new(), since_newline: 0, line: 1 };
    let buffered = BufReader::with_capacity(BUFFER_BYTES, hashed);
    let mut csv =
        ReaderBuilder::new().flexible(true).has_headers(true).buffer_capacity(BUFFER_BYTES).from_reader(buffered);
    let refuse = |code: &str, why: String, line: u32, reading: &mut Reading| {
        let help = "export the bill as FOCUS 1.0 to 1.2 in CSV with a header line";
        reading.note(Diagnostic::error(code, why, Place::at(path, line, 0), help));
    };
    let header = match csv.byte_headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            sums.is_partial();
            return refuse("focus.header", error.to_string(), 1, reading);
        }
    };
    let columns = match Columns::of(&header) {
        Ok(columns) => columns,
        Err(missing) => {
            sums.is_partial();
            let why = format!("columns are missing: {}", missing.join(", "));
            return refuse("focus.columns", why, 1, reading);
        }
    };
    let width = header.len();
    sums.open_file(columns, path);
    let mut record = ByteRecord::new();
    loop {
        match csv.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) if record.len() != width => {
                let line = record.position().map_or(0, csv::Position::line);
                let why = format!("the line has {} fields, the header {width}", record.len());
                sums.refuse(&why, line, 0, reading);
            }
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                sums.add(&record, line, reading);
            }
            Err(error) => {
                // A stream that fails in the middle gives no further lines.
                let line = u32::try_from(csv.position().line()).unwrap_or(u32::MAX);
                refuse("focus.stream", format!("the bill ends early: {error}"), line, reading);
                sums.is_partial();
                break;
            }
        }
    }
    let digest = csv.into_inner().into_inner().hash.finalize();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    sums.close_file(&hex);
}

/// Passes bytes on, hashes them, and refuses endless lines.
struct Hashed<R> {
    source: R,
    hash: Sha256,
    since_newline: usize,
    line: u64,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        let bytes = &buffer[..count];
        self.hash.update(bytes);
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => self.since_newline = count - at,
            None => self.since_newline += count,
        }
        self.line += u64::from(count > 0);
        if self.since_newline > LINE_BYTES_MAX {
            return Err(std::io::Error::other(format!("a line is longer than {LINE_BYTES_MAX} bytes")));
        }
        Ok(count)
    }
}
