//! Files that commands are given.

use crate::Context;
use mainstay_iac::SourceFile;
use mainstay_kit::Problem;
use mainstay_outside::FILE_BYTES_MAX;
use std::path::{Path, PathBuf};

/// A file, or the files of YAML below a folder. `code` is what a problem is called.
pub fn yaml_files(context: &Context, path: &Path, code: &'static str) -> Result<Vec<SourceFile>, Problem> {
    let wrong = |e: mainstay_outside::FileError| Problem::malformed(code, e.to_string());
    let one = |path: PathBuf| {
        let bytes = context.outside.read(&path, FILE_BYTES_MAX).map_err(wrong)?;
        Ok(SourceFile { path: path.to_string_lossy().into_owned(), bytes })
    };
    if !mainstay_outside::files::is_folder(path) {
        return Ok(vec![one(path.to_owned())?]);
    }
    let walk = context.outside.walk(path).map_err(wrong)?;
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    walk.files.into_iter().filter(is_yaml).map(one).collect()
}
