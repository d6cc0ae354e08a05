//! What `mainstay alert` takes.

use super::Narrow;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Alert episodes, and what Alertmanager makes of alerts.
#[derive(Debug, Subcommand)]
pub enum Alert {
    /// The list
    List(Narrow),
    /// One of them
    Show {
        /// Its id
        id: String,
    },
    /// Which receivers an alert reaches, by which routes of alertmanager.yml; needs no Alertmanager and no ledger
    Routes(AlertRoutes),
    /// Rules by what they cost for nothing: what to delete, merge, widen, raise or route to a ticket
    Quality {
        /// Which time is looked at.
        #[command(flatten)]
        over: AlertWindow,
    },
    /// What a change of rules, routing or grouping would have done to recorded history
    Replay(AlertReplay),
}

/// Which time is looked at.
#[derive(Debug, Args)]
pub struct AlertWindow {
    /// First day or instant; 90 days back where it is left away
    #[arg(long)]
    pub from: Option<String>,
    /// First day or instant behind
    #[arg(long)]
    pub to: Option<String>,
    /// What was known then: a date, a time, or an entry count
    #[arg(long, value_name = "WHEN")]
    pub as_of: Option<String>,
}

/// A change to be replayed.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 no incident found later or missed, 1 some, 2 could not tell all.")]
pub struct AlertReplay {
    /// The change (docs/alerts.md says what it may hold)
    #[arg(long, value_name = "FILE")]
    pub change: PathBuf,
    /// Which time is looked at.
    #[command(flatten)]
    pub over: AlertWindow,
}

/// An alert to be routed.
#[derive(Debug, Args)]
#[command(after_help = "Reads alertmanager.yml in this folder, or the file of --config.")]
pub struct AlertRoutes {
    /// The alert's labels; all routes are listed where none is given
    #[arg(value_name = "LABEL=VALUE")]
    pub labels: Vec<String>,
}
