//! What `mainstay scan` and its kin are asked.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What code is judged, and by what.
#[derive(Debug, Clone, Args)]
pub struct Code {
    /// Further folders or files with controls, or with policies in other languages
    #[arg(long, visible_alias = "policies", value_name = "PATH")]
    pub controls: Vec<PathBuf>,
    /// Values of Terraform variables
    #[arg(long, value_name = "FILE")]
    pub var_file: Vec<PathBuf>,
    /// Passphrase of states that OpenTofu encrypted: env:NAME, file:PATH or cmd:COMMAND; of several the first that fits
    #[arg(long, value_name = "REFERENCE")]
    pub passphrase: Vec<String>,
    /// Waivers with reason, approver and last day (TOML)
    #[arg(long, value_name = "FILE")]
    pub waivers: Vec<PathBuf>,
    /// Count the waivers of the ledger too (--data, --database or --server)
    #[arg(long)]
    pub ledger_waivers: bool,
}

/// Judges infrastructure code.
#[derive(Debug, Clone, Args)]
pub struct Scan {
    /// Files or folders
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// List every verdict, or only fail and unknown
    #[arg(long, value_name = "WHICH", default_value = "bad")]
    pub verdicts: Verdicts,
    /// What code is judged, and by what.
    #[command(flatten)]
    pub code: Code,
    /// Show only what a change introduced, compared with a revision of git
    #[arg(long, value_name = "REVISION")]
    pub diff: Option<String>,
    /// Waive the findings that a baseline knows (ours, or Checkov's)
    #[arg(long, value_name = "FILE")]
    pub baseline: Vec<PathBuf>,
    /// Write what is found now as a baseline
    #[arg(long, value_name = "FILE", conflicts_with = "diff")]
    pub write_baseline: Option<PathBuf>,
    /// Scan again whenever a file changes
    #[arg(long, conflicts_with_all = ["diff", "write_baseline"])]
    pub watch: bool,
}

/// Explains one verdict.
#[derive(Debug, Clone, Args)]
pub struct Explain {
    /// The control, by its id here or in another tool
    pub control: String,
    /// The resource's address
    pub resource: String,
    /// Files or folders
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The root module's folder, where several have a resource of that address
    #[arg(long, value_name = "DIR")]
    pub root: Option<String>,
    /// What code is judged, and by what.
    #[command(flatten)]
    pub code: Code,
}

/// Which verdicts a scan lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Verdicts {
    /// Fail and unknown
    Bad,
    /// Every one
    All,
}
