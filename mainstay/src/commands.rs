//! The commands on the ledger: each names an operation and its input, and shows the answer.

use crate::Context;
use crate::arguments::{
    Alert, Approval, Command, Escalation, Estate, Facts, Finding, Format, Ledger, List, Narrow, Plan, Source, Token,
    User,
};
use crate::client::Client;
use crate::collect::{Collecting, Errand, Tally, errands};
use crate::compose;
use mainstay_connectors::{Options, Origin};
use mainstay_kit::record::Verification;
use mainstay_kit::{Call, Operation, Principal, Problem, World, router};
use mainstay_ledger::{Filter, ImportOptions, LedgerError, VerifyOptions};
use mainstay_model::PrincipalId;
use mainstay_model::facts::Role;
use mainstay_outside::terminal;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs a command that is one request.
pub fn ask(context: &Context, command: Command) -> Result<ExitCode, Problem> {
    plain_format(context)?;
    let (id, input) = request(context, command)?;
    let (client, operations) = client(context)?;
    let operation = operations.iter().find(|operation| operation.id == id);
    let operation = operation.ok_or_else(|| Problem::ours("command", format!("there is no operation {id}")))?;
    let answer = client.send(operation, &input)?;
    match id {
        "kpi.list" if context.view.format == Format::Table => context.view.print(&crate::kpi_view::scorecard(&answer)),
        "kpi.show" if context.view.format != Format::Csv => show_kpi(context, &answer),
        "ledger.checkpoint" if context.view.format == Format::Table => {
            context.view.print(answer["checkpoint"].as_str().unwrap_or_default());
        }
        "incident.summary" if context.view.format == Format::Table => {
            context.view.print(answer["text"].as_str().unwrap_or_default());
        }
        "escalation.show" if context.view.format == Format::Table => {
            context.view.rows(&crate::escalation::COLUMNS, &crate::escalation::lines(&answer));
        }
        "fact.show" | "fact.prove" => context.view.json(&answer),
        _ => context.view.rows(operation.columns, &answer),
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses the forms that only `scan` has: JSON in the place of SARIF would pass for it.
pub fn plain_format(context: &Context) -> Result<(), Problem> {
    match context.view.format {
        Format::Table | Format::Json | Format::Csv => Ok(()),
        other => {
            let name = clap::ValueEnum::to_possible_value(&other).map_or_else(String::new, |v| v.get_name().to_owned());
            let detail = format!("--format {name} is a form of mainstay scan; here there are table, json and csv");
            Err(Problem::malformed("format.other", detail))
        }
    }
}

/// One KPI has the same form as in the list of all, so that a program reads both alike.
fn show_kpi(context: &Context, answer: &Value) {
    let whole = json!({ "kpis": [answer] });
    match context.view.format {
        Format::Table => context.view.print(&crate::kpi_view::card(answer)),
        _ => context.view.json(&whole),
    }
}

fn request(context: &Context, command: Command) -> Result<(&'static str, Value), Problem> {
    Ok(match command {
        Command::Facts(Facts::List { fact_type, subject, source, limit, before }) => {
            let types: Vec<String> = fact_type.into_iter().collect();
            (
                "fact.list",
                json!({"type": types, "subject": subject, "source": source, "limit": limit, "before": before}),
            )
        }
        Command::Facts(Facts::Show { id }) => ("fact.show", json!({ "id": id })),
        Command::Facts(Facts::Redact { id, reason }) => ("fact.redact", json!({"id": id, "reason": reason})),
        Command::Ledger(Ledger::Prove { id }) => ("fact.prove", json!({ "id": id })),
        Command::Ledger(Ledger::Rebuild) => ("ledger.rebuild", json!({})),
        Command::Ledger(Ledger::Checkpoint) => ("ledger.checkpoint", json!({})),
        Command::Ledger(_) => ("ledger.verify", json!({})),
        Command::Kpi(kpi) => {
            let mut input = json!({"from": kpi.from, "to": kpi.to, "as_of": kpi.as_of, "by": kpi.by});
            match kpi.id {
                None => ("kpi.list", input),
                Some(id) => {
                    input["id"] = Value::String(id);
                    ("kpi.show", input)
                }
            }
        }
        Command::Posture(posture) => {
            ("posture.show", json!({"by": posture.by, "step": posture.step, "as_of": posture.as_of}))
        }
        Command::Finding(Finding::List(narrow)) => ("finding.list", narrowed(narrow)),
        Command::Finding(Finding::Show { id }) => ("finding.show", json!({ "id": id })),
        Command::Finding(Finding::Waive { id, reason, until }) => {
            ("finding.waive", json!({"id": id, "reason": reason, "until": until}))
        }
        Command::Approval(Approval::List(narrow)) => ("approval.list", narrowed(narrow)),
        Command::Approval(Approval::Approve { id, reason }) => {
            ("approval.answer", json!({"id": id, "approved": true, "reason": reason}))
        }
        Command::Approval(Approval::Reject { id, reason }) => {
            ("approval.answer", json!({"id": id, "approved": false, "reason": reason}))
        }
        Command::Estate(Estate::List(narrow)) => ("estate.list", narrowed(narrow)),
        Command::Estate(Estate::Show { id }) => ("estate.show", json!({ "id": id })),
        Command::Estate(Estate::Graph { root, depth }) => ("estate.graph", json!({"root": root, "depth": depth})),
        Command::Service(list) => listed("service.list", "service.show", list),
        Command::Change(list) => listed("change.list", "change.show", list),
        Command::Incident(ask) => crate::incident::request(ask),
        Command::Alert(Alert::List(narrow)) => ("alert.list", narrowed(narrow)),
        Command::Alert(Alert::Show { id }) => ("alert.show", json!({ "id": id })),
        Command::Alert(Alert::Quality { over }) => {
            ("alert.quality", json!({"from": over.from, "to": over.to, "as_of": over.as_of}))
        }
        Command::Escalation(Escalation::List(narrow)) => ("escalation.list", narrowed(narrow)),
        Command::Escalation(Escalation::Show { id }) => ("escalation.show", json!({ "id": id })),
        Command::Escalation(Escalation::Acknowledge { id }) => ("escalation.acknowledge", json!({ "id": id })),
        Command::Escalation(Escalation::Force { id }) => ("escalation.force", json!({ "id": id })),
        Command::Backup(list) => listed("backup.list", "backup.show", list),
        Command::Vulnerability(list) => listed("vulnerability.list", "vulnerability.show", list),
        Command::Spend(list) => listed("spend.list", "spend.show", list),
        Command::Plan(Plan::List(narrow)) => ("plan.list", narrowed(narrow)),
        Command::Plan(Plan::Show { id }) => ("plan.show", json!({ "id": id })),
        Command::Source(Source::List(narrow)) => ("source.list", narrowed(narrow)),
        Command::User(User::List) => ("user.list", json!({})),
        Command::User(User::Add { name, role }) => {
            let password = read_password(context)?;
            ("user.add", json!({"name": name, "password": password, "role": role}))
        }
        Command::User(User::Remove { name }) => ("user.remove", json!({ "name": name })),
        Command::Token(Token::List) => ("token.list", json!({})),
        Command::Token(Token::Add { name, role, scopes, days }) => {
            ("token.add", json!({"name": name, "role": role, "scopes": scopes, "days": days}))
        }
        Command::Token(Token::Remove { name }) => ("token.remove", json!({ "name": name })),
        _ => return Err(Problem::ours("command", "the command is not a request")),
    })
}

fn listed(list: &'static str, show: &'static str, command: List) -> (&'static str, Value) {
    match command {
        List::List(narrow) => (list, narrowed(narrow)),
        List::Show { id } => (show, json!({ "id": id })),
    }
}

/// How a list is narrowed, as its operation takes it.
pub fn narrowed(narrow: Narrow) -> Value {
    json!({
        "search": narrow.search, "where": narrow.filter, "sort": narrow.sort, "limit": narrow.limit, "offset": narrow.offset,
        "as_of": narrow.as_of,
    })
}

fn read_password(context: &Context) -> Result<String, Problem> {
    let ask = |question: &str| {
        terminal::hidden_line(|| context.view.note(question))
            .map_err(|e| Problem::malformed("access.password", e.to_string()))
    };
    let password = ask("password (at least 12 characters; it is not shown), then return:")?;
    // Who cannot see what they type is asked twice; a script is not.
    if terminal::somebody_types() && ask("the same again:")? != password {
        return Err(Problem::malformed("access.password", "the two passwords differ; nobody was admitted"));
    }
    Ok(password.expose().to_owned())
}

/// The client of the command, and the operations that both sides know.
pub fn client(context: &Context) -> Result<(Client, Vec<Operation>), Problem> {
    if let Some(server) = &context.global.server {
        if !["http://", "https://"].iter().any(|scheme| server.starts_with(scheme)) {
            let detail = format!(
                "--server takes an address such as http://127.0.0.1:8080; {server:?} has no http:// or https://"
            );
            return Err(Problem::malformed("server.address", detail));
        }
        let operations = compose::duties().iter().flat_map(|duty| duty.operations()).collect();
        return Ok((Client::remote(server, context.token.clone(), context.outside.clone()), operations));
    }
    let world = Arc::new(open(context, None)?);
    if world.ledger.size()? == 0 {
        let place = context
            .global
            .database
            .as_ref()
            .map_or_else(|| context.global.data.display().to_string(), |_| "the database".to_owned());
        let next = "mainstay collect fills it, and --data names another";
        context.view.note(&format!("the ledger in {place} is empty; {next}"));
    }
    let operations = world.operations.clone();
    let router = router(world, mainstay_kit::ui::shell, Vec::new());
    let client = Client::local(router).map_err(|e| Problem::ours("command.threads", e.to_string()))?;
    Ok((client, operations))
}

/// A way to ask operations for their answers, as the command line does.
pub fn asking(context: &Context) -> Result<impl Fn(&str, &Value) -> Result<Value, Problem>, Problem> {
    let (client, operations) = client(context)?;
    Ok(move |id: &str, input: &Value| {
        let operation = operations.iter().find(|operation| operation.id == id);
        let operation = operation.ok_or_else(|| Problem::ours("command", format!("there is no operation {id}")))?;
        client.send(operation, input)
    })
}

/// The local world, with the configuration of a folder where one is given, else that of the command line.
pub fn open(context: &Context, folder: Option<&Path>) -> Result<World, Problem> {
    let path = config_path(context, folder);
    let asked = folder.is_none() && context.global.config != Path::new("mainstay.toml");
    let config = compose::configuration(&context.outside, &path, asked)
        .map_err(|d| Problem::malformed("config", d.to_string()))?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    compose::world(context, &config, &folder)
}

/// The configuration file: that of the command line where one is given there, else the folder's.
pub fn config_path(context: &Context, folder: Option<&Path>) -> std::path::PathBuf {
    match folder {
        Some(folder) if context.global.config == Path::new("mainstay.toml") => folder.join("mainstay.toml"),
        _ => context.global.config.clone(),
    }
}

/// `mainstay collect`.
pub fn collect(context: &Context, connector: Option<&str>, origins: &[String]) -> Result<ExitCode, Problem> {
    if context.global.server.is_some() {
        let detail = "collecting works on the local ledger; send facts to a server with POST /v1/facts";
        return Err(Problem::malformed("collect.server", detail));
    }
    let mut controls = Vec::new();
    let (errands, wrong) = match connector {
        None => {
            let path = config_path(context, None);
            let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            let config = compose::configuration(&context.outside, &path, false)
                .map_err(|d| Problem::malformed("config", d.to_string()))?;
            controls.extend(config.controls.iter().map(|path| folder.join(path)));
            errands(&context.outside, folder, &config)?
        }
        Some(name) => (named(name, origins)?, Vec::new()),
    };
    wrong.iter().for_each(|d| context.view.complain(d));
    let world = open(context, None)?;
    let tally = run_errands(context, &world, &errands, &controls)?;
    judge_collected(&world);
    report(context, &tally);
    Ok(if tally.levels()[2] > 0 || tally.refused > 0 || !wrong.is_empty() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}

fn named(name: &str, origins: &[String]) -> Result<Vec<Errand>, Problem> {
    let known = || mainstay_connectors::CONNECTORS.iter().map(|c| c.name).collect::<Vec<_>>().join(", ");
    let connector = mainstay_connectors::connector(name).ok_or_else(|| {
        Problem::malformed("collect.connector", format!("there is no connector {name:?}; there are {}", known()))
    })?;
    if origins.is_empty() {
        return Err(Problem::malformed(
            "collect.origin",
            format!("name the files or addresses that {name} is to read"),
        ));
    }
    let errand =
        |origin: &String| Errand { connector, origin: Origin::of(origin), name: None, options: Options::default() };
    Ok(origins.iter().map(errand).collect())
}

/// Runs errands one after the other, showing progress.
pub fn run_errands(
    context: &Context,
    world: &World,
    errands: &[Errand],
    controls: &[std::path::PathBuf],
) -> Result<Tally, Problem> {
    let (engine, wrong) = crate::scan::engine(&context.outside, controls);
    wrong.iter().for_each(|d| context.view.complain(d));
    let id = PrincipalId::new("job:collect").map_err(|e| Problem::ours("collect", e.to_string()))?;
    let principal = Principal::new(id, Role::Engineer);
    let mut total = Tally::default();
    for (at, errand) in errands.iter().enumerate() {
        let call = Call::new(world, &principal);
        let progress = |text: &str| context.view.progress(&format!("[{}/{}] {text}", at + 1, errands.len()));
        let tally = Collecting { call: &call, engine: &engine, progress: &progress }.run(errand)?;
        tally.diagnostics.iter().for_each(|d| context.view.complain(d));
        total.add(tally);
    }
    context.view.clear();
    Ok(total)
}

/// Runs the jobs that look at what was collected; each asks the tables and not this collection.
pub fn judge_collected(world: &World) {
    for job in world.jobs.iter().filter(|job| job.after_collecting) {
        let ran = PrincipalId::new(format!("job:{}", job.name))
            .map_err(|e| Problem::ours("job.name", e.to_string()))
            .and_then(|id| (job.run)(&Call::new(world, &Principal::new(id, Role::Engineer))));
        if let Err(problem) = ran {
            tracing::error!(job = job.name, "failed: {problem}");
        }
    }
}

/// Says what a collection did.
pub fn report(context: &Context, tally: &Tally) {
    let [notes, warnings, errors] = tally.levels();
    match context.view.format {
        Format::Json => context.view.json(&serde_json::to_value(tally).unwrap_or_default()),
        _ => context.view.print(&format!(
            "{} documents: {} facts new, {} known already, {} refused; {errors} errors, {warnings} warnings, {notes} notes",
            tally.documents, tally.new, tally.known, tally.refused
        )),
    }
}

/// `mainstay ledger verify`, which must work on a ledger that cannot be opened for anything else.
pub fn verify(context: &Context) -> Result<ExitCode, Problem> {
    if context.global.server.is_some() {
        let answer = asking(context)?("ledger.verify", &json!({}))?;
        let found = serde_json::from_value(answer).map_err(|e| Problem::ours("server.answer", e.to_string()))?;
        return Ok(show_verification(context, &found));
    }
    let mut options = compose::ledger_options(context)?;
    options.read_only = true;
    options.folds.clear();
    let ledger = mainstay_ledger::Ledger::open(options)?;
    Ok(show_verification(context, &Verification::of(ledger.verify(&VerifyOptions::default())?)))
}

fn show_verification(context: &Context, found: &Verification) -> ExitCode {
    match context.view.format {
        Format::Table if found.intact => {
            context.view.print(&format!("{} entries intact, root {}", found.size, found.root));
        }
        Format::Table => {
            for problem in &found.problems {
                let at = problem.sequence.map_or("the log".to_owned(), |seq| format!("entry {seq}"));
                context.view.print(&format!("{at}: {}", problem.what));
            }
            context.view.print(&format!("{} entries, {} problems", found.size, found.problems.len()));
        }
        _ => context.view.json(&serde_json::to_value(found).unwrap_or_default()),
    }
    if found.intact { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// `mainstay ledger export`.
pub fn export(context: &Context) -> Result<ExitCode, Problem> {
    local_only(context)?;
    let world = open(context, None)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match world.ledger.export(&Filter::new(), &mut out) {
        // A reader that went away (`| head`) has what it wanted.
        Err(LedgerError::File { cause, .. }) if cause.kind() == std::io::ErrorKind::BrokenPipe => {}
        other => drop(other?),
    }
    Ok(ExitCode::SUCCESS)
}

/// `mainstay ledger import`.
pub fn import(context: &Context, file: &Path) -> Result<ExitCode, Problem> {
    local_only(context)?;
    let world = open(context, None)?;
    let unreadable = |e: mainstay_outside::FileError| Problem::malformed("import.unreadable", e.to_string());
    let input: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(context.outside.open(file).map_err(unreadable)?)
    };
    let name = file.to_string_lossy();
    // Into an empty ledger a whole one can be moved, with the times at which it learned things.
    let options = ImportOptions { keep_recorded: world.ledger.size()? == 0 };
    if !options.keep_recorded {
        context.view.note("the ledger is not empty, so what it does not know yet counts as learned now");
    }
    let outcome = world.ledger.import(&mut std::io::BufReader::new(input), options, world.now())?;
    for (line, why) in &outcome.refused {
        let place = mainstay_model::Place::at(name.as_ref(), u32::try_from(*line).unwrap_or(u32::MAX), 1);
        context.view.complain(&mainstay_model::Diagnostic::error(
            "import.refused",
            why.clone(),
            place,
            "mend the line and import the file again",
        ));
    }
    let refused = outcome.refused_count;
    context.view.print(&format!("{} facts new, {} known already, {refused} refused", outcome.new, outcome.known));
    Ok(if refused > 0 { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

fn local_only(context: &Context) -> Result<(), Problem> {
    match context.global.server {
        Some(_) => {
            Err(Problem::malformed("ledger.server", "export and import work on the local ledger; leave --server away"))
        }
        None => Ok(()),
    }
}
