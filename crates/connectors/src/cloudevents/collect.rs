//! Streams files of events: JSON Lines of any size in pieces, other files whole.

use crate::collect::{Request, each, paths};
use crate::{Document, Origin, Part, Reading};
use mainstay_outside::Outside;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Bytes of lines that are read as one piece.
const PIECE_BYTES: usize = 4 << 20;

/// Longest line; a fact is much shorter, so this is no event.
const LINE_BYTES_MAX: u64 = 8 << 20;

/// Collects from files; a piece at a time is in memory.
pub fn collect(outside: &Outside, request: &Request<'_>, sink: &mut dyn FnMut(Reading)) {
    let mut reading = Reading::default();
    let (root, files) = paths(outside, request, &mut reading);
    sink(reading);
    for path in files {
        let name = path.to_string_lossy();
        if !name.ends_with(".jsonl") && !name.ends_with(".ndjson") {
            let origin = Origin::Files(root.clone(), vec![path.clone()]);
            let one = Request { origin, context: request.context.clone(), progress: request.progress };
            each(super::read, outside, &one, sink);
            continue;
        }
        lines(outside, request, &root, &path, sink);
    }
}

fn lines(outside: &Outside, request: &Request<'_>, root: &Path, path: &Path, sink: &mut dyn FnMut(Reading)) {
    let shown = mainstay_outside::relative(root, path);
    (request.progress)(&shown);
    let failure = |reason: String| {
        let mut reading = Reading::default();
        reading.note(request.failed(&reason));
        reading
    };
    let mut file = match outside.open(path) {
        Ok(file) => BufReader::with_capacity(1 << 20, file),
        Err(error) => return sink(failure(error.to_string())),
    };
    let (mut line, mut first, mut piece) = (1_u32, 1_u32, Vec::new());
    loop {
        let before = piece.len();
        let read = std::io::Read::take(&mut file, LINE_BYTES_MAX).read_until(b'\n', &mut piece);
        let count = match read {
            Ok(count) => count,
            Err(error) => return sink(failure(format!("{shown}: {error}"))),
        };
        if count as u64 >= LINE_BYTES_MAX && !piece.ends_with(b"\n") {
            piece.truncate(before);
            sink(failure(format!("{shown}:{line}: a line is longer than {LINE_BYTES_MAX} bytes; reading ends here")));
        } else {
            line = line.saturating_add(1);
        }
        let ended = count == 0 || count as u64 >= LINE_BYTES_MAX;
        if (ended || piece.len() >= PIECE_BYTES) && !piece.is_empty() {
            let part = Part { path: shown.clone(), bytes: std::mem::take(&mut piece), line: first };
            sink(super::read(
                &Document { parts: vec![part], ..Document::folder(shown.clone(), Vec::new()) },
                &request.context,
            ));
            first = line;
        }
        if ended {
            return;
        }
    }
}
