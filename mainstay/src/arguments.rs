//! The command line as it is typed. Each command becomes a request to the same API that the pages and programs use.

mod alert;
mod cause;
mod incident;
mod log;
mod oncall;
mod probe;
mod rules;
mod scan;
mod slo;

pub use alert::{Alert, AlertReplay, AlertRoutes};
pub use cause::{Cause, Kind as CauseKind};
pub use incident::Incident;
pub use log::{Log, Templates as LogTemplates};
pub use oncall::{
    Escalation, Oncall, OncallCoverage, OncallExport, OncallFiles, OncallImport, OncallNext, OncallNow, OncallSimulate,
};
pub use probe::{Probe, ProbeFiles, ProbeRun};
pub use rules::Rules;
pub use scan::{Code, Explain, Scan, Verdicts};
pub use slo::{Slo, SloBacktest, SloCheck, SloRules, SloStatus, StatusBy, Style};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// One ledger of facts about infrastructure: guard every change, watch every promise, respond, prove.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit status: 0 satisfied, 1 findings, 2 could not tell.")]
pub struct Arguments {
    /// What holds everywhere.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Folder with ledger, keys and bills
    #[arg(long, global = true, value_name = "DIR", default_value = ".mainstay")]
    pub data: PathBuf,
    /// Keep the ledger in PostgreSQL instead: postgres://user@host/name, or where that is kept (env:NAME, file:PATH,
    /// cmd:COMMAND), so that a password stands in no list of processes
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE", default_value = "mainstay.toml")]
    pub config: PathBuf,
    /// Ask a running server instead of the local ledger (token in MAINSTAY_TOKEN)
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Form of the output
    #[arg(long, global = true, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Print results only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more; twice for debugging
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For eyes
    Table,
    /// One JSON value
    Json,
    /// Comma-separated values
    Csv,
    /// SARIF 2.1.0 (scan)
    Sarif,
    /// JUnit XML (scan, rules)
    Junit,
    /// Markdown for a comment (scan)
    Markdown,
    /// Annotations of GitHub Actions (scan)
    Github,
    /// Code quality report of GitLab (scan)
    Gitlab,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect what a folder names, keep collecting, and serve pages and API
    Up {
        /// The folder
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Address to serve on; any other than loopback needs users
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
        listen: SocketAddr,
    },
    /// Read documents into the ledger: all that the configuration or discovery names, or what is given
    Collect {
        /// The connector; see `mainstay source list`
        connector: Option<String>,
        /// Files or addresses
        origins: Vec<String>,
    },
    /// Judge infrastructure code; needs no ledger and no configuration
    Scan(Scan),
    /// Explain a verdict: what decided, where that came from, and what would change it
    Explain(Explain),
    /// Facts of the ledger
    #[command(subcommand)]
    Facts(Facts),
    /// The ledger itself
    #[command(subcommand)]
    Ledger(Ledger),
    /// The scorecard, or one KPI
    Kpi(Kpi),
    /// Controls
    #[command(subcommand)]
    Control(Control),
    /// How well the controls are kept, and how that moved
    Posture(Posture),
    /// Findings
    #[command(subcommand)]
    Finding(Finding),
    /// Requests for approval
    #[command(subcommand)]
    Approval(Approval),
    /// What exists
    #[command(subcommand)]
    Estate(Estate),
    /// Services, teams and systems of the catalog
    #[command(subcommand)]
    Service(List),
    /// Changes
    #[command(subcommand)]
    Change(List),
    /// Incidents: declare one, move it on, read its timeline
    #[command(subcommand)]
    Incident(Incident),
    /// Alert episodes, and what Alertmanager makes of alerts
    #[command(subcommand)]
    Alert(Alert),
    /// Backup runs
    #[command(subcommand)]
    Backup(List),
    /// Vulnerabilities on assets
    #[command(subcommand)]
    Vulnerability(List),
    /// Daily spend
    #[command(subcommand)]
    Spend(List),
    /// Where facts come from
    #[command(subcommand)]
    Source(Source),
    /// People who may sign in
    #[command(subcommand)]
    User(User),
    /// Tokens of programs
    #[command(subcommand)]
    Token(Token),
    /// Rules files of Prometheus and their tests; needs no Prometheus, no ledger and no configuration
    #[command(subcommand)]
    Rules(Rules),
    /// Plans of Terraform and OpenTofu
    #[command(subcommand)]
    Plan(Plan),
    /// The service that made another slow or fail, by the metrics of services that call each other; needs no ledger
    Cause(Cause),
    /// Probes as code: whether endpoints answer as they should; needs no ledger
    #[command(subcommand)]
    Probe(Probe),
    /// Logs
    #[command(subcommand)]
    Log(Log),
    /// On-call schedules as code: who is on call, gaps, and who would have been paged
    #[command(subcommand)]
    Oncall(Oncall),
    /// Escalations: whom an alert was told to, acknowledge it, tell the next ones
    #[command(subcommand)]
    Escalation(Escalation),
    /// Service level objectives as code
    #[command(subcommand)]
    Slo(Slo),
    /// Serve an editor: findings while typing, their reasons, and fixes (language server on standard input and output)
    Lsp {
        /// What code is judged, and by what.
        #[command(flatten)]
        code: Code,
        /// Accepted because editors pass it; there is no other way
        #[arg(long, hide = true)]
        stdio: bool,
    },
    /// Manual page of the program or of one of its commands, for `man -l -`
    Man {
        /// The command; the whole program where none is given
        command: Option<String>,
    },
    /// Shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// An address to serve on. A port alone, or one of `localhost`, means loopback.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    text.parse().map_err(|_| "write address and port, such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080".to_owned())
}

/// Plans.
#[derive(Debug, Subcommand)]
pub enum Plan {
    /// Review a plan: what it does and why, how far it reaches, how risky it is. With a ledger the review is kept there
    Review {
        /// The plan, as `terraform show -json` prints it; - reads standard input
        file: PathBuf,
        /// A state file whose dependencies complete those of the plan
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
        /// A book of prices (CSV: type,part,match,per,monthly,currency)
        #[arg(long, value_name = "FILE")]
        prices: Option<PathBuf>,
        /// Risk from which on the gate closes, 0 to 100
        #[arg(long, value_name = "POINTS")]
        max_risk: Option<u32>,
        /// Severity from which on a control that the plan breaks closes the gate
        #[arg(long, value_name = "SEVERITY")]
        severity: Option<String>,
        /// What does not close the gate: data-loss, renamed
        #[arg(long, value_name = "WHAT", value_delimiter = ',')]
        allow: Vec<String>,
    },
    /// Reviewed plans
    List(Narrow),
    /// One reviewed plan
    Show {
        /// Its id
        id: String,
    },
}

/// How a list is narrowed.
#[derive(Debug, Clone, Args)]
pub struct Narrow {
    /// Text that a row must hold
    #[arg(long)]
    pub search: Option<String>,
    /// Column=value; may be given again
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub filter: Vec<String>,
    /// Column to sort by; a leading - turns it round
    #[arg(long, allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Most rows
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
    /// Rows to pass over
    #[arg(long, default_value_t = 0)]
    pub offset: u32,
    /// What was known then: a date, a time, or an entry count
    #[arg(long, value_name = "WHEN")]
    pub as_of: Option<String>,
}

/// List or show.
#[derive(Debug, Subcommand)]
pub enum List {
    /// The list
    List(Narrow),
    /// One of them
    Show {
        /// Its id
        id: String,
    },
}

/// Facts.
#[derive(Debug, Subcommand)]
pub enum Facts {
    /// The newest facts, or those that match
    List {
        /// Only this type
        #[arg(long = "type", value_name = "TYPE")]
        fact_type: Option<String>,
        /// Only about this
        #[arg(long)]
        subject: Option<String>,
        /// Only from this source
        #[arg(long)]
        source: Option<String>,
        /// Most facts
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Only before this position
        #[arg(long)]
        before: Option<u64>,
    },
    /// One fact
    Show {
        /// Position in the ledger, or the fact's id
        id: String,
    },
    /// Ask that the data of a fact be erased; somebody else must approve, and proofs still hold
    Redact {
        /// Position in the ledger, or the fact's id
        id: String,
        /// Why; it stays, so it must not repeat what is erased
        #[arg(long)]
        reason: String,
    },
}

/// The ledger.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Check every entry against the tree and the signed checkpoint
    Verify,
    /// Write the proof that a fact is in the ledger
    Prove {
        /// Position in the ledger, or the fact's id
        id: String,
    },
    /// Write every fact as JSON Lines
    Export,
    /// Read facts from JSON Lines
    Import {
        /// The file; - for standard input
        file: PathBuf,
    },
    /// Build every table anew from the facts
    Rebuild,
    /// Print the signed checkpoint
    Checkpoint,
}

/// A window of KPIs.
#[derive(Debug, Args)]
pub struct Kpi {
    /// The KPI; all nineteen where none is given
    pub id: Option<String>,
    /// First day or instant
    #[arg(long)]
    pub from: Option<String>,
    /// First day or instant behind
    #[arg(long)]
    pub to: Option<String>,
    /// What was known then: a date, a time, or an entry count
    #[arg(long, value_name = "WHEN")]
    pub as_of: Option<String>,
    /// Slice by service, team or tier
    #[arg(long, value_name = "SLICE")]
    pub by: Option<String>,
}

/// Posture.
#[derive(Debug, Args)]
pub struct Posture {
    /// What the rows are: service, team, control or framework
    #[arg(long, value_name = "SLICE", default_value = "service")]
    pub by: String,
    /// The time between two points: month or week
    #[arg(long, default_value = "month")]
    pub step: String,
    /// What was known then: a date, a time, or an entry count
    #[arg(long, value_name = "WHEN")]
    pub as_of: Option<String>,
}

/// Controls.
#[derive(Debug, Subcommand)]
pub enum Control {
    /// All controls
    List {
        /// Further folders with controls
        #[arg(long, value_name = "DIR")]
        controls: Vec<PathBuf>,
    },
    /// One control: why, how to mend, its rule
    Show {
        /// Its id, or its id in another tool
        id: String,
        /// Further folders with controls
        #[arg(long, value_name = "DIR")]
        controls: Vec<PathBuf>,
    },
    /// Run the examples of the controls
    Test {
        /// Folders with controls; the built-in ones where none is given
        paths: Vec<PathBuf>,
    },
}

/// Findings.
#[derive(Debug, Subcommand)]
pub enum Finding {
    /// Findings, newest first; --where state=open leaves out what is mended or waived
    List(Narrow),
    /// One finding
    Show {
        /// Its id
        id: String,
    },
    /// Ask that a finding be accepted for a time; somebody else must approve
    Waive {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Until which day or instant
        #[arg(long)]
        until: String,
    },
}

/// Approvals.
#[derive(Debug, Subcommand)]
pub enum Approval {
    /// What waits for an answer
    List(Narrow),
    /// Say yes
    Approve {
        /// The request
        id: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Say no
    Reject {
        /// The request
        id: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// The estate.
#[derive(Debug, Subcommand)]
pub enum Estate {
    /// Resources; `mainstay service list` has services, teams and systems
    List(Narrow),
    /// One resource, declared, planned and live side by side, or one service, team or system
    Show {
        /// Its subject
        id: String,
    },
    /// What relates to what
    Graph {
        /// Start here
        #[arg(long)]
        root: Option<String>,
        /// Relations to follow
        #[arg(long, default_value_t = 2)]
        depth: u32,
    },
}

/// Sources.
#[derive(Debug, Subcommand)]
pub enum Source {
    /// What was collected, when, how whole
    List(Narrow),
    /// What mainstay can read
    Connectors,
}

/// Users.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Who may sign in
    List,
    /// Admit somebody; the password is read from standard input
    Add {
        /// Name
        name: String,
        /// viewer, responder, engineer, approver or administrator
        #[arg(long, default_value = "viewer")]
        role: String,
    },
    /// Dismiss somebody
    Remove {
        /// Name
        name: String,
    },
}

/// Tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Tokens in force
    List,
    /// Make one; it is printed once
    Add {
        /// Name
        name: String,
        /// viewer, responder, engineer, approver or administrator
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Operations it is limited to, such as fact.add or kpi.*
        #[arg(long, value_delimiter = ',')]
        scopes: Vec<String>,
        /// Days for which it is good
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// Take one back
    Remove {
        /// Name
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_what_people_write_for_one() {
        let shown = |text: &str| address(text).map(|address| address.to_string());
        assert_eq!(shown("127.0.0.1:80").as_deref(), Ok("127.0.0.1:80"));
        assert_eq!(shown("localhost:8080").as_deref(), Ok("127.0.0.1:8080"));
        assert_eq!(shown("8080").as_deref(), Ok("127.0.0.1:8080"));
        assert_eq!(shown("[::1]:8080").as_deref(), Ok("[::1]:8080"));
        for wrong in ["localhost", "127.0.0.1", "nowhere:80", "99999", ":8080"] {
            assert!(shown(wrong).unwrap_err().contains("such as 127.0.0.1:8080"), "{wrong}");
        }
    }
}
