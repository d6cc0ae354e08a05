//! Puts the duties together over one ledger.

use crate::Context;
use crate::config::{self, Config};
use crate::known::KnownFold;
use include_dir::{Dir, include_dir};
use mainstay_kit::rights::Rights;
use mainstay_kit::{Base, Duty, KpiSpec, Principal, Problem, Settings, World};
use mainstay_ledger::{Fold, Ledger, Options};
use mainstay_model::facts::Role;
use mainstay_model::{Diagnostic, Place, PrincipalId};
use mainstay_outside::{FILE_BYTES_MAX, Outside, SecretRef};
use std::path::Path;
use std::sync::Arc;

/// The pages of the KPIs, in the binary.
static CATALOG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../catalog");

/// All duties, in the order of the navigation.
pub fn duties() -> Vec<Box<dyn Duty>> {
    vec![
        Box::new(mainstay_measure::Measure),
        Box::new(mainstay_guard::GuardDuty),
        Box::new(mainstay_change::ChangeDuty),
        Box::new(mainstay_watch::WatchDuty),
        Box::new(mainstay_respond::RespondDuty),
        Box::new(mainstay_recover::RecoverDuty),
        Box::new(mainstay_secure::SecureDuty),
        Box::new(mainstay_spend::SpendDuty),
        Box::new(mainstay_enable::EnableDuty),
        Box::new(Base),
    ]
}

/// Every KPI of the catalog.
///
/// # Errors
/// A page of the catalog is malformed: a mistake of ours that the tests find.
pub fn kpi_specs() -> Result<Vec<KpiSpec>, Problem> {
    let mut specs = Vec::new();
    for duty in CATALOG.dirs() {
        for file in duty.get_dir(duty.path().join("kpis")).into_iter().flat_map(Dir::files) {
            let path = file.path().to_string_lossy();
            let text = file.contents_utf8().unwrap_or_default();
            let page =
                mainstay_measure::specs::read(&path, text).map_err(|d| Problem::ours("catalog", d.to_string()))?;
            specs.push(page.spec);
        }
    }
    Ok(specs)
}

/// What a folder or file of configuration says; nothing where there is none and none was asked for.
///
/// # Errors
/// The file is malformed, or cannot be read.
pub fn configuration(outside: &Outside, path: &Path, asked: bool) -> Result<Config, Diagnostic> {
    let shown = path.to_string_lossy().into_owned();
    match outside.read(path, FILE_BYTES_MAX) {
        Ok(bytes) => config::read(&String::from_utf8_lossy(&bytes), &shown),
        Err(error) if error.is_absent() && !asked => Ok(Config::default()),
        Err(error) => {
            let absent = error.is_absent();
            let help =
                if absent { "name an existing file with --config" } else { "let the user who runs Mainstay read it" };
            Err(Diagnostic::error("config.unreadable", error.to_string(), Place::file(shown), help))
        }
    }
}

/// The options of the ledger that the command line names.
///
/// # Errors
/// The database's address cannot be fetched from where it is kept.
pub fn ledger_options(context: &Context) -> Result<Options, Problem> {
    let data = context.global.data.clone();
    let mut options = match &context.global.database {
        Some(address) => Options::postgres(database_address(&context.outside, address)?, data),
        None => Options::in_folder(data),
    };
    let mut folds: Vec<Arc<dyn Fold>> = vec![Arc::new(KnownFold)];
    for duty in duties() {
        folds.extend(duty.entities().into_iter().map(|kind| Arc::new(kind) as Arc<dyn Fold>));
        folds.extend(duty.folds());
    }
    options.folds = folds;
    Ok(options)
}

/// The database's address: as it stands, or fetched from where the reference says that it is kept.
fn database_address(outside: &Outside, text: &str) -> Result<String, Problem> {
    if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(text.to_owned());
    }
    let unfit = |why: String| Problem::malformed("database.address", format!("--database: {why}"));
    let Ok(reference) = SecretRef::parse(text) else {
        return Err(unfit(
            "write postgres://USER@HOST/NAME, or env:NAME, file:PATH or cmd:COMMAND that gives it".to_owned(),
        ));
    };
    let secret = outside.secret(&reference).map_err(|e| unfit(e.to_string()))?;
    Ok(secret.expose().to_owned())
}

/// The world over the ledger that the command line names.
///
/// # Errors
/// The ledger cannot be opened, or is not what it was.
pub fn world(context: &Context, config: &Config, folder: &Path) -> Result<World, Problem> {
    let outside = context.outside.clone();
    let malformed = |e: mainstay_model::WindowError| Problem::malformed("config", e.to_string());
    let rights = match &config.rights {
        None => Rights::default(),
        Some(file) => {
            let path = folder.join(file);
            let bytes =
                outside.read(&path, FILE_BYTES_MAX).map_err(|e| Problem::malformed("config.rights", e.to_string()))?;
            let (rights, wrong) = Rights::read(&String::from_utf8_lossy(&bytes), &path.to_string_lossy());
            // Whoever wrote the file meant something by it; to go on with other rights would be to decide for them.
            if let Some(first) = wrong.first() {
                return Err(Problem::malformed("config.rights", first.to_string()));
            }
            rights
        }
    };
    let id = PrincipalId::new(context.user.as_str()).map_err(|e| Problem::malformed("access.name", e.to_string()))?;
    let settings = Settings {
        zone: config.zone().map_err(malformed)?,
        open_on_loopback: true,
        until_admitted: false,
        local: Principal::new(id, Role::Administrator),
        rights,
        today: config.today().map_err(malformed)?,
    };
    let ledger = Arc::new(Ledger::open(ledger_options(context)?)?);
    let hooks = crate::hooks::hooks(&outside, config, folder)?;
    let mut world = World::new(ledger, outside, settings, &duties(), kpi_specs()?);
    world.hooks = hooks;
    world.channels.clone_from(&config.channel);
    world.url.clone_from(&config.url);
    world.prepare()?;
    Ok(world)
}
