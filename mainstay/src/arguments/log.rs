//! What `mainstay log` takes.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Logs.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Forms of the lines of logs, with what varies in them left out; needs no ledger and no configuration
    Templates(Templates),
}

/// Which lines, and what of them.
#[derive(Debug, Args)]
pub struct Templates {
    /// Logs, packed with gzip or not; - or none reads standard input. A line may be text, with or without time and level
    /// before it, or a JSON object with a message (as `journalctl -o json` prints)
    pub files: Vec<PathBuf>,
    /// Templates known already, as `--format json` printed them; only new ones are shown, and the exit status is 1 where
    /// there are any
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// Take each line as message, whatever it begins with
    #[arg(long)]
    pub bare: bool,
    /// Print the template of each line instead, in the order of the lines
    #[arg(long)]
    pub lines: bool,
}
