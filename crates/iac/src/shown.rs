//! By which path a file's resources are named: from the folder that holds all files that were given, so that the same
//! folder gives the same names wherever it lies.

use crate::SourceFile;

/// How many bytes of each path the folder of all files takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown(usize);

impl Shown {
    pub(crate) fn of(files: &[SourceFile]) -> Self {
        let folder = |path: &str| path.rfind('/').map_or(0, |at| at + 1);
        let Some(first) = files.first() else { return Self(0) };
        let mut common = &first.path[..folder(&first.path)];
        for file in files {
            while !file.path.starts_with(common) {
                common = &common[..folder(common.trim_end_matches('/'))];
            }
        }
        Self(common.len())
    }

    pub(crate) fn path<'f>(&self, file: &'f SourceFile) -> &'f str {
        file.path.get(self.0..).unwrap_or(&file.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_below_the_folder_of_all_files() {
        let file = |path: &str| SourceFile { path: path.to_owned(), bytes: Vec::new() };
        let shown = |paths: &[&str]| {
            let files: Vec<SourceFile> = paths.iter().map(|path| file(path)).collect();
            files.iter().map(|one| Shown::of(&files).path(one).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shown(&["/r/a/Dockerfile", "/r/ab/x"]), ["a/Dockerfile", "ab/x"]);
        assert_eq!(shown(&["/r/a/Dockerfile"]), ["Dockerfile"]);
        assert_eq!(shown(&["a/Dockerfile", "b.tf"]), ["a/Dockerfile", "b.tf"]);
    }
}
