//! `mainstay up`: collect what a folder names, keep collecting, run the jobs, serve pages and API.

use crate::Context;
use crate::collect::errands;
use crate::commands::{config_path, judge_collected, open, report, run_errands};
use crate::compose;
use mainstay_kit::{Problem, Turn, World, router};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Seconds between collections where the configuration says nothing.
const EVERY_S: u64 = 300;

/// How often the jobs are asked whether one is due.
const JOBS_EVERY: Duration = Duration::from_secs(5);

/// The same for urgent ones.
const URGENT_JOBS_EVERY: Duration = Duration::from_millis(500);

/// Serves until it is interrupted.
pub fn up(context: &Context, dir: &Path, listen: SocketAddr) -> Result<ExitCode, Problem> {
    if !mainstay_outside::files::is_folder(dir) {
        let detail = format!(
            "{} is not a folder; name the folder with what is to be read, or read one file with mainstay collect",
            dir.display()
        );
        return Err(Problem::malformed("up.folder", detail));
    }
    start_logs(context);
    let mut world = open(context, Some(dir))?;
    let people = !world.credentials("user")?.is_empty();
    world.settings.open_on_loopback = listen.ip().is_loopback();
    world.settings.until_admitted = true;
    if !listen.ip().is_loopback() && !people {
        let detail = format!(
            "{listen} can be reached by others, and nobody can sign in yet; first run mainstay user add NAME --role administrator"
        );
        return Err(Problem::malformed("up.sign-in", detail));
    }
    let world = Arc::new(world);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| Problem::ours("up.threads", e.to_string()))?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind(listen)).map_err(|e| {
        Problem::malformed(
            "up.listen",
            format!("failed to listen on {listen}: {e}; name another address with --listen"),
        )
    })?;
    let address = listener.local_addr().map_err(|e| Problem::ours("up.listen", e.to_string()))?;
    // Health, metrics and what is known already answer while the first collection runs, however long it takes.
    let (failed, failure) = tokio::sync::oneshot::channel();
    let background = (context.clone(), world.clone(), dir.to_owned());
    let first = move || match collect_once(&background.0, &background.1, &background.2) {
        Ok(new) => {
            let serves = || {
                background.0.view.print(&format!("mainstay serves {} at http://{address}", background.2.display()));
            };
            // What was known before was judged before: nobody waits for it to be looked at again.
            if new == 0 {
                serves();
            }
            judge_collected(&background.1);
            if new > 0 {
                serves();
            }
            watch_endpoints(&background);
            keep_going(&background.0, &background.1, &background.2);
        }
        // Nobody listens where the server was stopped meanwhile.
        Err(problem) => drop(failed.send(problem)),
    };
    let urgent = world.clone();
    for (name, work) in [
        ("background", Box::new(first) as Box<dyn FnOnce() + Send>),
        // Whoever is to be paged does not wait for a collection to end.
        ("urgent", Box::new(move || keep_urgent_jobs_going(&urgent))),
    ] {
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(|e| Problem::ours("up.threads", e.to_string()))?;
    }
    let app = router(world, mainstay_kit::ui::shell, crate::routes::extras());
    let served = runtime.block_on(serve(listener, app, failure))?;
    served.map_err(|e| Problem::ours("up.serve", e.to_string()))?;
    context.view.note("stopped; everything acknowledged is in the ledger");
    Ok(ExitCode::SUCCESS)
}

/// Asks endpoints beside the collecting, which may take longer than they are to wait.
fn watch_endpoints(background: &(Context, Arc<World>, PathBuf)) {
    let (context, world, dir) = background.clone();
    let watching = move || crate::probing::keep_asking(&context, &world, &dir);
    if let Err(error) = std::thread::Builder::new().name("probes".to_owned()).spawn(watching) {
        tracing::error!("no thread for the probes of endpoints, which are asked while collecting only: {error}");
    }
}

/// Serves until it is interrupted, or the first collection fails.
async fn serve(
    listener: tokio::net::TcpListener,
    app: axum::Router,
    failure: tokio::sync::oneshot::Receiver<Problem>,
) -> Result<std::io::Result<()>, Problem> {
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(interrupted());
    let failed = async {
        match failure.await {
            Ok(problem) => problem,
            // The sender goes without a word when the first collection went well.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = serving => Ok(served),
        problem = failed => Err(problem),
    }
}

/// Reads what the folder names; how many facts are new.
fn collect_once(context: &Context, world: &World, dir: &Path) -> Result<u64, Problem> {
    let path = config_path(context, Some(dir));
    let config = compose::configuration(&context.outside, &path, false)
        .map_err(|d| Problem::malformed("config", d.to_string()))?;
    let (errands, wrong) = errands(&context.outside, dir, &config)?;
    wrong.iter().for_each(|d| context.view.complain(d));
    let controls: Vec<PathBuf> = config.controls.iter().map(|folder| dir.join(folder)).collect();
    let tally = run_errands(context, world, &errands, &controls)?;
    report(context, &tally);
    Ok(tally.new)
}

/// Runs what people wait for, until the process ends.
fn keep_urgent_jobs_going(world: &World) {
    let holder = world.outside.random().hex(8).unwrap_or_else(|_| "replica".to_owned());
    loop {
        tell(world.run_urgent_jobs(&holder));
        world.outside.clock().sleep(URGENT_JOBS_EVERY);
    }
}

/// Says what became of jobs.
fn tell(turns: Vec<(&'static str, Turn)>) {
    for (job, turn) in turns {
        match turn {
            Turn::Ran(line) if !line.is_empty() => tracing::info!(job, "{line}"),
            Turn::Failed(why) => tracing::error!(job, "failed: {why}"),
            Turn::Ran(_) | Turn::Passed => {}
        }
    }
}

/// Runs the jobs, and collects again on its cadence, until the process ends.
fn keep_going(context: &Context, world: &World, dir: &Path) {
    let holder = world.outside.random().hex(8).unwrap_or_else(|_| "replica".to_owned());
    let every = {
        let path = config_path(context, Some(dir));
        let config = compose::configuration(&context.outside, &path, false).unwrap_or_default();
        Duration::from_secs(config.every_s.unwrap_or(EVERY_S).max(10))
    };
    let mut last = world.outside.clock().elapsed();
    loop {
        tell(world.run_jobs(&holder));
        for (hook, told) in world.tick_hooks() {
            match told {
                Ok(line) => tracing::info!(hook, "{line}"),
                Err(problem) => tracing::error!(hook, "failed: {problem}"),
            }
        }
        world.outside.clock().sleep(JOBS_EVERY);
        if world.outside.clock().elapsed().saturating_sub(last) >= every {
            match collect_once(context, world, dir) {
                Ok(_) => judge_collected(world),
                Err(problem) => tracing::error!("failed to collect: {problem}"),
            }
            last = world.outside.clock().elapsed();
        }
    }
}

async fn interrupted() {
    let mut stop = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(stop) => stop,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = stop.recv() => {}
    }
}

/// Structured logs on standard error: JSON where a program reads them, lines where a person does.
fn start_logs(context: &Context) {
    let level = match context.global.verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    // A second subscriber is refused, which can only happen when one is there already.
    let _ = if context.view.interactive { builder.try_init() } else { builder.json().try_init() };
}
