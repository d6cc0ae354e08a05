//! By which path a file's resources are named: from the folder that was asked for, so that the same folder gives the same
//! names wherever it lies, and whatever else comes into it. Of files alone it is the folder that holds all of them.

use crate::SourceFile;

/// What the paths begin with and names do not.
#[derive(Debug)]
pub(crate) struct Shown(String);

impl Shown {
    pub(crate) fn of(files: &[SourceFile], asked: Option<&str>) -> Self {
        if let Some(folder) = asked {
            let folder = folder.trim_end_matches('/');
            return Self(if folder.is_empty() { String::new() } else { format!("{folder}/") });
        }
        let folder = |path: &str| path.rfind('/').map_or(0, |at| at + 1);
        let Some(first) = files.first() else { return Self(String::new()) };
        let mut common = &first.path[..folder(&first.path)];
        for file in files {
            while !file.path.starts_with(common) {
                common = &common[..folder(common.trim_end_matches('/'))];
            }
        }
        Self(common.to_owned())
    }

    pub(crate) fn path<'f>(&self, file: &'f SourceFile) -> &'f str {
        file.path.strip_prefix(&self.0).unwrap_or(&file.path)
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
            files.iter().map(|one| Shown::of(&files, None).path(one).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shown(&["/r/a/Dockerfile", "/r/ab/x"]), ["a/Dockerfile", "ab/x"]);
        assert_eq!(shown(&["/r/a/Dockerfile"]), ["Dockerfile"]);
        assert_eq!(shown(&["a/Dockerfile", "b.tf"]), ["a/Dockerfile", "b.tf"]);
        let alone = [file("r/a/Dockerfile")];
        for folder in ["r", "r/"] {
            assert_eq!(Shown::of(&alone, Some(folder)).path(&alone[0]), "a/Dockerfile");
        }
        assert_eq!(Shown::of(&alone, Some("")).path(&alone[0]), "r/a/Dockerfile");
    }
}
