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
    /// Run their alerts over recorded history: how often each would have fired, for what, how soon
    Backtest(SloBacktest),
    /// Say what is left of their budgets, how fast they burn, and when they will be gone
    Status(SloStatus),
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

/// What alerts are run over.
#[derive(Debug, Args)]
pub struct SloBacktest {
    /// What is read.
    #[command(flatten)]
    pub check: SloCheck,
    /// Recorded series: OpenMetrics or Prometheus' text with times, or an answer of its API for a range (JSON); may be given again
    #[arg(long, value_name = "FILE", required_unless_present = "prometheus")]
    pub history: Vec<PathBuf>,
    /// Fetch the series that the objectives read from what speaks Prometheus' API at this address
    #[arg(long, value_name = "URL", requires_all = ["from", "until"])]
    pub prometheus: Option<String>,
    /// Known incidents: CSV with `id,from,until` and, where it is known, `service`
    #[arg(long, value_name = "FILE")]
    pub incidents: Option<PathBuf>,
    /// The first evaluation: 2026-11-01 or 2026-11-01T12:00:00Z; without it, the first of which the longest window is recorded
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// The last evaluation; without it, the end of the history
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// From one evaluation to the next
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    pub every: String,
}

/// Whose budgets are looked at, and when.
#[derive(Debug, Args)]
pub struct SloStatus {
    /// Files or folders of YAML
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Ask what speaks Prometheus' API at this address
    #[arg(long, value_name = "URL", required_unless_present = "history", conflicts_with = "history")]
    pub prometheus: Option<String>,
    /// Recorded series instead, as for a backtest; may be given again
    #[arg(long, value_name = "FILE")]
    pub history: Vec<PathBuf>,
    /// The moment that the status is of: 2026-11-01 or 2026-11-01T12:00:00Z; without it, now, or the end of the history
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// One row for each service, tier or owner instead of one for each objective
    #[arg(long, value_name = "WHAT")]
    pub by: Option<StatusBy>,
}

/// What objectives are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusBy {
    /// The service that makes them
    Service,
    /// Its tier in the catalog
    Tier,
    /// Who answers for it in the catalog
    Owner,
}

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// Weighted by events, guarded where there are few
    Mainstay,
    /// As Sloth writes them
    Sloth,
}
