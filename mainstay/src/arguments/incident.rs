//! What `mainstay incident` takes.

use super::Narrow;
use clap::Subcommand;

/// Incidents.
#[derive(Debug, Subcommand)]
pub enum Incident {
    /// Incidents, newest first
    List(Narrow),
    /// One incident
    Show {
        /// Its id
        id: String,
    },
    /// Declare one, on an alert or without
    Declare {
        /// What it is, in a line; the alert's title where it is left away
        title: Option<String>,
        /// 1 (worst) to 4; by the alert's severity where it is left away
        #[arg(long)]
        severity: Option<u8>,
        /// What is hit; may be given again
        #[arg(long = "service", value_name = "SERVICE")]
        services: Vec<String>,
        /// Who answers for it; the service's owner where it is left away
        #[arg(long)]
        team: Option<String>,
        /// The alert, or its escalation
        #[arg(long, value_name = "ID")]
        alert: Option<String>,
        /// When it was detected, where that was earlier
        #[arg(long, value_name = "TIME")]
        detected: Option<String>,
    },
    /// Move it on, write into its timeline, give roles
    Update {
        /// Its id
        id: String,
        /// acknowledged, investigating, identified, mitigated, restored, reopened, reviewed or closed
        #[arg(long)]
        state: Option<String>,
        /// The severity that it turned out to have, 1 to 4
        #[arg(long)]
        severity: Option<u8>,
        /// The role that somebody takes: commander, deputy, scribe, liaison or expert
        #[arg(long, requires = "person")]
        role: Option<String>,
        /// Who takes the role
        #[arg(long, requires = "role")]
        person: Option<String>,
        /// The incident that it is merged into
        #[arg(long, value_name = "ID")]
        merge_into: Option<String>,
        /// The incident that it is a part of
        #[arg(long, value_name = "ID")]
        child_of: Option<String>,
        /// When impact began
        #[arg(long, value_name = "TIME")]
        onset: Option<String>,
        /// A further alert that belongs to it
        #[arg(long, value_name = "ID")]
        alert: Option<String>,
        /// A line for its timeline
        #[arg(long)]
        text: Option<String>,
        /// What kind of line: note, update, decision, command or handoff
        #[arg(long, requires = "text")]
        kind: Option<String>,
        /// When it happened, where that was earlier
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// All that happened in it, with alerts and changes around it
    Timeline {
        /// Its id
        id: String,
    },
    /// It in a few sentences, from its facts alone
    Summary {
        /// Its id
        id: String,
    },
}
