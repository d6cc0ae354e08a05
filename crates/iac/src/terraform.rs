//! Terraform and OpenTofu source: folders of files in, evaluated resources out.
//!
//! A root is a folder that no other folder calls as a local module. A called folder is evaluated through its callers with
//! their arguments, under `module.name...` addresses. What only apply knows stays unknown and says why. Nothing here reads
//! anything but the files handed in; `file()` and its like see those only.
//!
//! Two readings of what Terraform leaves open before apply:
//! - `count` or `for_each` that is unknown gives one resource with the plain address, and a note.
//! - a `dynamic` block over an unknown collection is unknown as a whole; beside written blocks of its kind it stands as one
//!   more unknown element of their list.

mod eval;
mod functions;
mod load;
mod module;
mod names;
mod operators;
mod overrides;
mod providers;
mod refactor;
mod resource;
mod trace;
mod types;
mod val;
mod walk;

pub use trace::{Origin, OriginKind, trace};

use crate::hcl::Expr;
use crate::{At, Reading, SourceFile};
use eval::{EVAL_DEPTH_MAX, Fault};
use load::Folder;
use mainstay_model::{Diagnostic, Level, Place};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// How many instances `count` or `for_each` of one block may give.
pub const INSTANCES_PER_BLOCK_MAX: usize = 10_000;
/// How many instances of resources and modules all files together may give.
pub const INSTANCES_MAX: u64 = 250_000;
/// How many nodes the attributes of one resource may hold.
pub const NODES_PER_RESOURCE_MAX: u64 = 1_000_000;
/// How many nodes all attributes together may hold.
pub const NODES_MAX: u64 = 20_000_000;
/// Steps of evaluation that every reading may take, whatever its size ...
pub const STEPS_BASE_MAX: u64 = 5_000_000;
/// ... and how many more for each byte of source.
pub const STEPS_PER_BYTE: u64 = 100;
/// How many diagnostics one reading gives at most.
pub const DIAGNOSTICS_MAX: usize = 10_000;

/// The stack that evaluation runs on; only what is used of it takes memory.
const STACK_BYTES: usize = 256 << 20;

/// What is not in the files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Further files of variables (`-var-file`), as paths among the files handed in; later ones win.
    pub var_files: Vec<String>,
    /// Values of variables as text (`TF_VAR_name`, without the prefix); files of variables win over them.
    pub variables: Vec<(String, String)>,
    /// `terraform.workspace`; `default` where empty.
    pub workspace: String,
    /// The folder that was asked for, below which resources without a name of their own are named by their file. Where
    /// none is named it is the folder that holds all files.
    pub folder: Option<String>,
}

/// Reads Terraform source. Files that are not Terraform's are there for `file()` and `templatefile()`.
///
/// ```
/// use mainstay_iac::{SourceFile, terraform};
/// let text = r#"
/// variable "name" { default = "logs" }
/// resource "aws_s3_bucket" "this" {
///   count  = 2
///   bucket = "${var.name}-${count.index}"
/// }"#;
/// let files = [SourceFile { path: "main.tf".to_owned(), bytes: text.as_bytes().to_vec() }];
/// let reading = terraform::read_terraform(&files, &terraform::Options::default());
/// assert_eq!(reading.resources[1].address, "aws_s3_bucket.this[1]");
/// assert_eq!(reading.resources[1].attribute("bucket").unwrap().to_json(), "logs-1");
/// ```
#[must_use]
pub fn read_terraform(files: &[SourceFile], options: &Options) -> Reading {
    on_stack(|| load::read(files, options)).unwrap_or_else(|error| {
        let mut reading = Reading { files: files.iter().map(|file| file.path.clone()).collect(), ..Reading::default() };
        let summary = format!("no memory for the evaluation of Terraform: {error}");
        let help = "free memory and read again";
        reading.diagnostics.push(Diagnostic::error("terraform.memory", summary, Place::default(), help));
        reading
    })
}

thread_local! {
    /// Whether this thread has the stack.
    static DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Runs on a stack that evaluation may nest deep on. Whoever reads within, reads on the same stack: what evaluation frees
/// there, the judging that follows can use, which across threads the system's allocator does not allow.
///
/// # Errors
/// There is no memory for the stack.
pub fn on_stack<T: Send>(run: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    if DEEP.get() {
        return Ok(run());
    }
    std::thread::scope(|scope| {
        let run = || {
            DEEP.set(true);
            run()
        };
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run)?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// What all modules share while they are evaluated.
struct World<'w> {
    folders: &'w BTreeMap<String, Folder<'w>>,
    files: &'w [SourceFile],
    by_path: &'w HashMap<&'w str, usize>,
    options: &'w Options,
    /// `.terraform/modules/modules.json` by root: from the key of a module call (`a.b`) to its folder.
    installed: &'w HashMap<String, HashMap<String, String>>,
    depth: Cell<usize>,
    steps_left: Cell<u64>,
    instances: Cell<u64>,
    nodes_left: Cell<u64>,
    /// Addresses that were referred to since the collector was last emptied.
    collector: RefCell<Vec<Arc<str>>>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    said: RefCell<HashSet<(&'static str, At)>>,
    /// Regular expressions that were built already.
    patterns: RefCell<HashMap<String, regex::Regex>>,
    templates: &'w typed_arena::Arena<Expr>,
    /// Templates of `templatefile` by path.
    template_files: RefCell<HashMap<String, &'w Expr>>,
}

impl<'w> World<'w> {
    fn enter(&self) -> Result<(), Fault> {
        let depth = self.depth.get() + 1;
        if depth > EVAL_DEPTH_MAX {
            return Err(Fault::new(format!("evaluation nests deeper than {EVAL_DEPTH_MAX} levels")));
        }
        self.charge(1)?;
        self.depth.set(depth);
        Ok(())
    }

    fn leave(&self) {
        self.depth.set(self.depth.get() - 1);
    }

    /// Takes steps from what the reading may spend.
    fn charge(&self, steps: usize) -> Result<(), Fault> {
        match self.steps_left.get().checked_sub(steps as u64) {
            Some(left) => {
                self.steps_left.set(left);
                Ok(())
            }
            None => {
                self.steps_left.set(0);
                Err(Fault::new("evaluation takes too many steps; a loop or a function grows without measure"))
            }
        }
    }

    /// Says something once for each place.
    fn say(&self, code: &'static str, level: Level, summary: impl Into<String>, at: At, help: &str) {
        let mut diagnostics = self.diagnostics.borrow_mut();
        if diagnostics.len() < DIAGNOSTICS_MAX && self.said.borrow_mut().insert((code, at)) {
            let path = self.files.get(at.file as usize).map(|file| file.path.clone()).unwrap_or_default();
            let diagnostic = Diagnostic::error(code, summary, Place::at(path, at.line, at.column), help);
            diagnostics.push(Diagnostic { level, ..diagnostic });
        }
    }

    /// Notes that what is evaluated refers to an address.
    fn refer(&self, address: Arc<str>) {
        let mut collector = self.collector.borrow_mut();
        if !collector.contains(&address) {
            collector.push(address);
        }
    }

    /// The text of a file by its path from the top of what was handed in.
    fn file(&self, path: &str) -> Option<&'w SourceFile> {
        self.by_path.get(path).map(|&index| &self.files[index])
    }

    fn source_text(&self, at: At, start: u32, end: u32) -> String {
        let bytes = self.files.get(at.file as usize).map(|file| file.bytes.as_slice()).unwrap_or_default();
        let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
        bytes
            .get(start as usize..end as usize)
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .unwrap_or_default()
    }
}
