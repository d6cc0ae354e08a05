//! What `mainstay rules` is asked.

use clap::Subcommand;
use std::path::PathBuf;

/// Rules of Prometheus.
#[derive(Debug, Clone, Subcommand)]
pub enum Rules {
    /// Check rules files: form, queries and templates, each mistake with line and column
    Check {
        /// Files, folders, or patterns with * in the file's name
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Run tests of rules, in the format of `promtool test rules`
    Test {
        /// Test files, folders, or patterns with * in the file's name
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Evaluate as Prometheus 2 does: ranges hold the sample on their left border
        #[arg(long)]
        prometheus_2: bool,
    },
}
