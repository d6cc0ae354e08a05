//! Streams bills from files.

use super::columns::Columns;
use super::sums::Sums;
use crate::collect::{Request, paths};
use crate::{Document, ReadContext, Reading};
use csv::{ByteRecord, ReaderBuilder};
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::Outside;
use sha2::{Digest, Sha256};
use std::io::{BufReader, Read};

/// Bytes read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Longest line; a CSV with an unclosed quote would otherwise become one field of any size.
const LINE_BYTES_MAX: usize = 4 << 20;

/// Reads the bills of a document.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    for part in &document.parts {
        let Some(text) = crate::text::decode(&part.bytes, &part.path, &mut reading) else { continue };
        read_stream(text.as_bytes(), &part.path, ctx, &mut reading);
    }
    reading
}

/// Streams the bills that a request names, one after the other.
pub fn collect(outside: &Outside, request: &Request<'_>, sink: &mut dyn FnMut(Reading)) {
    let mut reading = Reading::default();
    let (root, files) = paths(outside, request, &mut reading);
    sink(reading);
    for path in files {
        let mut reading = Reading::default();
        let shown = mainstay_outside::relative(&root, &path);
        (request.progress)(&shown);
        match outside.open(&path) {
            Ok(file) => read_stream(file, &shown, &request.context, &mut reading),
            Err(error) => reading.note(request.failed(&error.to_string())),
        }
        sink(reading);
    }
}

/// Reads one bill from a stream, in memory that does not grow with its lines.
pub fn read_stream(source: impl Read, path: &str, ctx: &ReadContext, reading: &mut Reading) {
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
        Err(error) => return refuse("focus.header", error.to_string(), 1, reading),
    };
    let columns = match Columns::of(&header) {
        Ok(columns) => columns,
        Err(missing) => {
            let why = format!("columns are missing: {}", missing.join(", "));
            return refuse("focus.columns", why, 1, reading);
        }
    };
    let width = header.len();
    let mut sums = Sums::new(columns, ctx, path);
    let mut record = ByteRecord::new();
    let mut whole = true;
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
                whole = false;
                break;
            }
        }
    }
    let digest = csv.into_inner().into_inner().hash.finalize();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let from = reading.snapshots.len();
    sums.finish(&hex, reading);
    reading.snapshots[from..].iter_mut().for_each(|snapshot| snapshot.complete &= whole);
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
