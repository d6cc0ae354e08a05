//! Every reader and every policy front end as one function of bytes, with what must hold of whatever comes in.
//!
//! The fuzzers (`fuzz/`) and the replay of the kept corpus (`tests/replay.rs`) call the same functions. A front end panics
//! where something does not hold, and gives nothing. Nothing here mends an input first: what a reader cannot bear is the
//! reader's to mend.

mod code;
mod collected;
mod duty;
mod files;
mod holds;
mod lines;
mod plans;
mod policies;
mod program;
mod series;
mod texts;
mod unknowing;

/// A front end under a name, which is also that of its folders of inputs.
#[derive(Debug, Clone, Copy)]
pub struct Front {
    /// `terraform`, `bicep`, ...
    pub name: &'static str,
    /// Reads an input; panics where something does not hold.
    pub run: fn(&[u8]),
}

/// All of them, those at greatest risk first: what is evaluated before what is only read.
pub const FRONTS: &[Front] = &[
    Front { name: "terraform", run: code::terraform },
    Front { name: "kubernetes", run: code::kubernetes },
    Front { name: "controls", run: policies::controls },
    Front { name: "rego", run: policies::rego },
    Front { name: "bicep", run: code::bicep },
    Front { name: "dockerfile", run: code::dockerfile },
    Front { name: "arm", run: code::arm },
    Front { name: "cloudformation", run: code::cloudformation },
    Front { name: "terraform_json", run: code::terraform_json },
    Front { name: "ansible", run: code::ansible },
    Front { name: "workflows", run: code::workflows },
    Front { name: "checkov", run: policies::checkov },
    Front { name: "gatekeeper", run: policies::gatekeeper },
    Front { name: "suppressions", run: policies::suppressions },
    Front { name: "texts", run: texts::texts },
    Front { name: "plan", run: plans::plan },
    Front { name: "state", run: code::state },
    Front { name: "encrypted", run: plans::encrypted },
    Front { name: "configuration", run: program::configuration },
    Front { name: "editor", run: program::editor },
    Front { name: "openapi", run: code::openapi },
    Front { name: "connectors", run: collected::connectors },
    Front { name: "promql", run: series::promql },
    Front { name: "rules", run: series::rules },
    Front { name: "series", run: series::series },
    Front { name: "slo", run: series::slo },
    Front { name: "oncall", run: duty::oncall },
    Front { name: "probe", run: duty::probe },
    Front { name: "calendar", run: duty::calendar },
    Front { name: "logs", run: lines::logs },
];

/// The front end of a name.
#[must_use]
pub fn front(name: &str) -> Option<&'static Front> {
    FRONTS.iter().find(|front| front.name == name)
}

/// Whether a panic is the fault of a dependency that is run where a panic does no harm: the interpreter of Rego, on
/// the thread that `mainstay-rego` gives to every evaluation.
#[must_use]
pub fn is_expected(panic: &std::panic::PanicHookInfo<'_>) -> bool {
    let foreign = panic.location().is_some_and(|place| place.file().contains("/regorus-"));
    foreign && std::thread::current().name() == Some("policy")
}
