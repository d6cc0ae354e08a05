//! What `mainstay probe` takes.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do with probes.
#[derive(Debug, Subcommand)]
pub enum Probe {
    /// Say what is wrong with files of probes; asks nobody
    Check(ProbeFiles),
    /// Ask each endpoint once, and say whether it answers as it should
    Run(ProbeRun),
}

/// Files of probes.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 all can be run, 1 some cannot, 2 no file could be read.")]
pub struct ProbeFiles {
    /// Files with `endpoints:`, as Gatus has them, or folders of them
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
}

/// Which endpoints to ask.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 all pass, 1 some fail, 2 could not tell of some.")]
pub struct ProbeRun {
    #[command(flatten)]
    pub files: ProbeFiles,
    /// Only endpoints whose name holds this
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
}
