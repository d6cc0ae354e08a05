//! What `mainstay oncall` takes.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// On-call schedules as code.
#[derive(Debug, Subcommand)]
pub enum Oncall {
    /// Check schedules; each mistake with line and column
    Check(OncallFiles),
    /// Who is on call
    Now(OncallNow),
    /// The next shifts
    Next(OncallNext),
    /// When nobody is on call, shifts of nobody, and when several shifts overlap
    Coverage(OncallCoverage),
    /// Who would have been paged by recorded alerts, with the load of each person
    Simulate(OncallSimulate),
    /// Write a schedule's shifts as iCalendar
    Export(OncallExport),
    /// Write a schedule of what happens in a calendar (iCalendar)
    Import(OncallImport),
}

/// What is read.
#[derive(Debug, Args)]
pub struct OncallFiles {
    /// Files or folders of YAML
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// This schedule only; may be given again
    #[arg(long, value_name = "ID")]
    pub schedule: Vec<String>,
}

/// Who is on call.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 somebody is on call in every schedule, 1 nobody in some, 2 could not tell.")]
pub struct OncallNow {
    /// What is read.
    #[command(flatten)]
    pub files: OncallFiles,
    /// When: 2026-11-01 or 2026-11-01T12:00:00Z; now where it is left away
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
}

/// Which shifts come next.
#[derive(Debug, Args)]
pub struct OncallNext {
    /// What is read.
    #[command(flatten)]
    pub files: OncallFiles,
    /// From when: 2026-11-01 or 2026-11-01T12:00:00Z; now where it is left away
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Shifts of this person only
    #[arg(long, value_name = "ID")]
    pub person: Option<String>,
    /// How many shifts of each schedule
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub count: usize,
}

/// Which time is checked for gaps.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 no gap and no empty shift, 1 some, 2 could not tell.")]
pub struct OncallCoverage {
    /// What is read.
    #[command(flatten)]
    pub files: OncallFiles,
    /// First day or instant; now where it is left away
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// First day or instant behind; 28 days later where it is left away
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}

/// Which alerts are given to which schedules.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 somebody would have been paged by every alert, 1 nobody by some, 2 could not tell."
)]
pub struct OncallSimulate {
    /// What is read.
    #[command(flatten)]
    pub files: OncallFiles,
    /// Schedules to compare with, as they are now: files or folders
    #[arg(long, value_name = "PATH")]
    pub against: Vec<PathBuf>,
    /// Alerts from this file instead of the ledger: CSV with `at` or `fired` and labels, or what `alert list` prints as CSV or JSON
    #[arg(long, value_name = "FILE")]
    pub alerts: Option<PathBuf>,
    /// First day or instant; a week back where it is left away
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// First day or instant behind; now where it is left away
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Print every alert with who would have been paged, instead of the load of each person
    #[arg(long)]
    pub each: bool,
}

/// Which shifts become a calendar.
#[derive(Debug, Args)]
pub struct OncallExport {
    /// What is read.
    #[command(flatten)]
    pub files: OncallFiles,
    /// Shifts of this person only
    #[arg(long, value_name = "ID")]
    pub person: Option<String>,
    /// First day or instant; four weeks back where it is left away
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// First day or instant behind; half a year ahead where it is left away
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Minutes before a shift at which a reminder comes; 0 for none
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    pub reminder: u16,
}

/// What a calendar becomes.
#[derive(Debug, Args)]
#[command(
    after_help = "Who is on call is what an event is called: names between commas, matched with --people by id, name or e-mail.\n\
    [L2] before them is a priority, as Grafana OnCall has it. Exit status: 0, 1 where something was left out, 2 where nothing was read."
)]
pub struct OncallImport {
    /// The calendar
    pub file: PathBuf,
    /// The id of the schedule
    #[arg(long, value_name = "ID")]
    pub id: String,
    /// The zone of whole days, and of times that name none
    #[arg(long, value_name = "ZONE")]
    pub zone: String,
    /// Files or folders that know the people
    #[arg(long, value_name = "PATH")]
    pub people: Vec<PathBuf>,
    /// First day or instant; now where it is left away
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// First day or instant behind; half a year ahead where it is left away
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}

/// Escalations: how alerts reach people.
#[derive(Debug, Subcommand)]
pub enum Escalation {
    /// Escalations, newest first; --where reached=nobody shows those that reached nobody
    List(super::Narrow),
    /// One escalation: its steps, who was told in which way, and what came of it
    Show {
        /// Its id, or that of its alert
        id: String,
    },
    /// Say that you have it: nobody else is told
    #[command(visible_alias = "ack")]
    Acknowledge {
        /// Its id, or that of its alert
        id: String,
    },
    /// Tell the next step at once
    Force {
        /// Its id, or that of its alert
        id: String,
    },
}
