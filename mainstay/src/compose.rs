//! Puts the duties together over one ledger.

use crate::arguments::Global;
use crate::config::{self, Config};
use crate::known::KnownFold;
use include_dir::{Dir, include_dir};
use mainstay_kit::rights::Rights;
use mainstay_kit::{Base, Duty, KpiSpec, Principal, Problem, Settings, World};
use mainstay_ledger::{Fold, Ledger, Options};
use mainstay_model::facts::Role;
use mainstay_model::{Diagnostic, Place, PrincipalId};
use mainstay_outside::{FILE_BYTES_MAX, Outside};
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
            let help = "name an existing file with --config";
            Err(Diagnostic::error("config.unreadable", error.to_string(), Place::file(shown), help))
        }
    }
}

/// The options of the ledger that the command line names.
pub fn ledger_options(global: &Global) -> Options {
    let mut options = match &global.database {
        Some(url) => Options::postgres(url.clone(), global.data.clone()),
        None => Options::in_folder(global.data.clone()),
    };
    let mut folds: Vec<Arc<dyn Fold>> = vec![Arc::new(KnownFold)];
    for duty in duties() {
        folds.extend(duty.entities().into_iter().map(|kind| Arc::new(kind) as Arc<dyn Fold>));
        folds.extend(duty.folds());
    }
    options.folds = folds;
    options
}

/// The world over the ledger that the command line names.
///
/// # Errors
/// The ledger cannot be opened, or is not what it was.
pub fn world(global: &Global, config: &Config, folder: &Path, outside: Outside, user: &str) -> Result<World, Problem> {
    let malformed = |e: mainstay_model::WindowError| Problem::malformed("config", e.to_string());
    let rights = match &config.rights {
        None => Rights::default(),
        Some(file) => {
            let path = folder.join(file);
            let bytes =
                outside.read(&path, FILE_BYTES_MAX).map_err(|e| Problem::malformed("config.rights", e.to_string()))?;
            let (rights, wrong) = Rights::read(&String::from_utf8_lossy(&bytes), &path.to_string_lossy());
            wrong.iter().for_each(|d| tracing::warn!("{d}"));
            rights
        }
    };
    let id = PrincipalId::new(user).map_err(|e| Problem::malformed("access.name", e.to_string()))?;
    let settings = Settings {
        zone: config.zone().map_err(malformed)?,
        open_on_loopback: true,
        local: Principal::new(id, Role::Administrator),
        rights,
        today: config.today().map_err(malformed)?,
    };
    let ledger = Arc::new(Ledger::open(ledger_options(global))?);
    let hooks = crate::hooks::hooks(&outside, config)?;
    let mut world = World::new(ledger, outside, settings, &duties(), kpi_specs()?);
    world.hooks = hooks;
    world.prepare()?;
    Ok(world)
}
