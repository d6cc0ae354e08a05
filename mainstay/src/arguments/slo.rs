//! What `mainstay slo` takes.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Service level objectives.
#[derive(Debug, Subcommand)]
pub enum Slo {
    /// Check objectives of Sloth, OpenSLO and Pyrra
    Check(SloCheck),
    /// Write the recording and alerting rules of Prometheus for them
    Rules(SloRules),
}

/// What is checked.
#[derive(Debug, Args)]
pub struct SloCheck {
    /// Files or folders of YAML
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// How long a budget lasts; objectives that say another are refused. `own` leaves each its own
    #[arg(long, value_name = "PERIOD", default_value = "30d")]
    pub period: String,
}

/// What rules are written.
#[derive(Debug, Args)]
pub struct SloRules {
    /// What is read.
    #[command(flatten)]
    pub check: SloCheck,
    /// Whose rules: ours weigh a period by its events and never page for a single one; sloth's are exactly those of Sloth
    #[arg(long, value_name = "WHO", default_value = "mainstay")]
    pub like: Style,
    /// A label of every recorded series; may be given again
    #[arg(long, value_name = "NAME=VALUE")]
    pub label: Vec<String>,
    /// Leave the alerts away
    #[arg(long)]
    pub no_alerts: bool,
    /// Leave the recordings away
    #[arg(long)]
    pub no_recordings: bool,
}

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// Weighted by events, guarded where there are few
    Mainstay,
    /// As Sloth writes them
    Sloth,
}
