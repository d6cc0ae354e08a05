//! The binary: command line, server, and the composition of the duties.
//!
//! Commands that concern the ledger are requests to the API, sent to `--server` or to the same router in this process.

#![expect(clippy::disallowed_methods, reason = "the binary's edge reads its environment")]

mod alert;
mod arguments;
mod budgets;
mod cause;
mod client;
mod collect;
mod commands;
mod compose;
mod config;
mod escalation;
mod explain;
mod files;
mod hooks;
mod incident;
mod intake;
mod known;
mod kpi_view;
mod log;
mod lsp;
mod memory;
mod oncall;
mod plan;
mod probe;
mod probing;
mod routes;
mod rules;
mod scan;
mod slo;
mod up;
mod view;

use arguments::{Alert, Arguments, Command, Control, Ledger, Log, Plan, Source};
use clap::{CommandFactory, Parser};
use mainstay_kit::Problem;
use mainstay_outside::Outside;
use std::process::ExitCode;
use view::View;

/// What every command is given.
#[derive(Clone)]
pub struct Context {
    /// Options of every command.
    pub global: arguments::Global,
    /// Where output goes.
    pub view: View,
    /// The door.
    pub outside: Outside,
    /// The name of whoever runs the command.
    pub user: String,
    /// A token for `--server`.
    pub token: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Up { .. }) {
        memory::give_back();
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "local".to_owned());
    let context = Context {
        view: View::of(&arguments.global, variable("NO_COLOR").is_some()),
        global: arguments.global,
        outside: Outside::live(),
        user,
        token: variable("MAINSTAY_TOKEN"),
    };
    match run(&context, arguments.command) {
        Ok(code) => code,
        Err(problem) => {
            context.view.clear();
            eprintln_problem(&problem);
            ExitCode::from(2)
        }
    }
}

fn eprintln_problem(problem: &Problem) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "mainstay: {} [{}]", problem.detail, problem.code);
}

fn run(context: &Context, command: Command) -> Result<ExitCode, Problem> {
    match command {
        Command::Scan(ask) => scan::scan(context, &ask),
        Command::Explain(ask) => explain::explain(context, &ask),
        Command::Control(Control::Test { paths }) => Ok(scan::test_controls(&context.outside, &context.view, &paths)),
        Command::Control(Control::List { controls }) => {
            Ok(scan::show_controls(&context.outside, &context.view, &controls, None))
        }
        Command::Control(Control::Show { id, controls }) => {
            Ok(scan::show_controls(&context.outside, &context.view, &controls, Some(&id)))
        }
        Command::Source(Source::Connectors) => {
            let row = |c: &mainstay_connectors::Connector| serde_json::json!({"connector": c.name, "reads": c.summary});
            let rows: Vec<_> = mainstay_connectors::CONNECTORS.iter().map(row).collect();
            context.view.rows(&["connector", "reads"], &serde_json::json!({ "connectors": rows }));
            Ok(ExitCode::SUCCESS)
        }
        Command::Alert(Alert::Routes(ask)) => alert::routes(context, &ask),
        Command::Alert(Alert::Replay(ask)) => alert::replay(context, &ask),
        Command::Rules(ask) => Ok(rules::run(context, &ask)),
        Command::Oncall(ask) => oncall::run(context, &ask),
        Command::Slo(ask) => slo::run(context, &ask),
        Command::Cause(ask) => cause::run(context, &ask),
        Command::Probe(ask) => probe::run(context, &ask),
        Command::Log(Log::Templates(ask)) => log::templates(context, &ask),
        Command::Lsp { code, stdio: _ } => lsp::serve(context, &code),
        Command::Man { command } => man(context, command.as_deref()),
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "mainstay", &mut out);
            context.view.print(&String::from_utf8_lossy(&out));
            Ok(ExitCode::SUCCESS)
        }
        Command::Plan(Plan::Review { file, state, prices, max_risk, severity, allow }) => {
            plan::review(context, &plan::Ask { file, state, prices, max_risk, severity, allow })
        }
        Command::Up { dir, listen } => up::up(context, &dir, listen),
        Command::Collect { connector, origins } => commands::collect(context, connector.as_deref(), &origins),
        Command::Ledger(Ledger::Verify) => commands::verify(context),
        Command::Ledger(Ledger::Export) => commands::export(context),
        Command::Ledger(Ledger::Import { file }) => commands::import(context, &file),
        other => commands::ask(context, other),
    }
}

/// Prints a manual page.
fn man(context: &Context, command: Option<&str>) -> Result<ExitCode, Problem> {
    let program = Arguments::command();
    let (page, title) = match command {
        None => (program, "mainstay".to_owned()),
        Some(name) => {
            let found = program.find_subcommand(name).cloned();
            let unknown = || Problem::malformed("man.command", format!("there is no command {name:?}; see --help"));
            // The page is called as people look for it: mainstay-scan.
            let title = format!("mainstay-{name}");
            let page = found.ok_or_else(unknown)?.display_name(&title).bin_name(format!("mainstay {name}"));
            (page, title)
        }
    };
    let mut out = Vec::new();
    let page = clap_mangen::Man::new(page).title(title);
    page.render(&mut out).map_err(|e| Problem::ours("man", e.to_string()))?;
    context.view.print(&String::from_utf8_lossy(&out));
    Ok(ExitCode::SUCCESS)
}
