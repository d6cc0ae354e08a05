//! One input, several files: a line `=== PATH` begins the next one, so that an input stays a text that people can read.

use mainstay_iac::SourceFile;

/// What begins the line that names a file.
const MARK: &[u8] = b"=== ";
/// More files than a mutated input needs to show what several of them can do to each other.
const FILES_MAX: usize = 8;

/// The files of an input; what stands before the first mark is a file of the name given. No two have the same name.
pub fn files(input: &[u8], name: &str) -> Vec<SourceFile> {
    let mut out: Vec<SourceFile> = Vec::new();
    let mut path = name.to_owned();
    let mut bytes = Vec::new();
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(MARK).and_then(|path| std::str::from_utf8(path).ok()) {
            Some(next) if out.len() + 1 < FILES_MAX => {
                let next = next.trim().to_owned();
                add(&mut out, std::mem::replace(&mut path, next), std::mem::take(&mut bytes));
            }
            _ => bytes.extend_from_slice(line),
        }
    }
    add(&mut out, path, bytes);
    out
}

fn add(out: &mut Vec<SourceFile>, path: String, bytes: Vec<u8>) {
    let empty_head = out.is_empty() && bytes.is_empty();
    if !empty_head && !path.is_empty() && out.iter().all(|file| file.path != path) {
        out.push(SourceFile { path, bytes });
    }
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn marks_name_the_files_and_names_are_unique() {
        let found = files(b"a\n=== b/c.tf\nd\n=== b/c.tf\ne\n=== f\n", "main.tf");
        let found: Vec<_> = found.iter().map(|file| (file.path.as_str(), file.bytes.as_slice())).collect();
        assert_eq!(found, [("main.tf", &b"a\n"[..]), ("b/c.tf", b"d\n"), ("f", b"")]);
        assert_eq!(files(b"=== x\ny", "main.tf").len(), 1);
        assert!(files(b"", "main.tf").is_empty());
    }
}
