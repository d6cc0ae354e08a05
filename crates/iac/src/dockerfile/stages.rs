//! The stages of a build, and what their variables hold.

use super::words::Variables;
use std::collections::HashMap;

/// What is known of the stages so far.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// What `ARG` before the first `FROM` declares: known in `FROM` alone, until a stage declares it again.
    global: Variables,
    stages: Vec<Variables>,
    by_name: HashMap<String, usize>,
}

impl Stages {
    /// How many stages there are.
    pub(super) fn count(&self) -> usize {
        self.stages.len()
    }

    /// The number of the stage that is being read, from 0.
    pub(super) fn current(&self) -> Option<usize> {
        self.stages.len().checked_sub(1)
    }

    /// Begins a stage.
    pub(super) fn begin(&mut self) {
        // What a platform of the build is called, and what nobody declared, only the build knows.
        self.global.inherits = true;
        self.stages.push(Variables::default());
    }

    /// Says what the stage that was begun is built on and what it is called; gives whether the name was taken already.
    pub(super) fn name(&mut self, base: Option<&str>, alias: Option<&str>) -> bool {
        let begun = match base.and_then(|base| self.stage_of(base)) {
            Some(stage) => self.stages[stage].handed_on(),
            None => Variables::inheriting(base != Some("scratch")),
        };
        let last = self.stages.len().saturating_sub(1);
        if let Some(stage) = self.stages.last_mut() {
            *stage = begun;
        }
        alias.is_some_and(|alias| self.by_name.insert(alias.to_ascii_lowercase(), last).is_some())
    }

    /// The stage that a name or number stands for.
    pub(super) fn stage_of(&self, name: &str) -> Option<usize> {
        let number = || name.parse().ok().filter(|number: &usize| number + 1 < self.stages.len());
        self.by_name.get(&name.to_ascii_lowercase()).copied().or_else(number)
    }

    /// What `FROM` may use.
    pub(super) fn global(&self) -> &Variables {
        &self.global
    }

    /// What an instruction may use where it stands.
    pub(super) fn variables(&self) -> &Variables {
        self.stages.last().unwrap_or(&self.global)
    }

    pub(super) fn set_environment(&mut self, name: &str, value: Option<String>) {
        self.stages.last_mut().unwrap_or(&mut self.global).set_environment(name, value);
    }

    /// Declares an argument. Without a default it has that of the same argument before the first `FROM`.
    pub(super) fn set_argument(&mut self, name: &str, default: Option<Option<String>>) -> Option<String> {
        let value = match default {
            Some(value) => value,
            None => self.global.get(name).cloned().flatten(),
        };
        self.stages.last_mut().unwrap_or(&mut self.global).set_argument(name, value.clone());
        value
    }
}
