//! What a root or module says besides its objects: `validation` of variables, and `moved`, `removed` and `import` blocks.

use super::eval::Scope;
use super::module::{Keys, Module};
use super::val::Val;
use crate::Reading;
use crate::hcl::{Block, Expr, Kind};
use mainstay_model::Level;
use std::rc::Rc;

/// Tells which variables have values that their own rules refuse. A rule that only apply can judge is passed over.
pub(super) fn validate(module: &Rc<Module<'_>>) {
    for (name, block) in &module.folder.variables {
        let mut rules = block.body.blocks("validation").peekable();
        // The value first, so that a rule which refers to it finds it.
        if rules.peek().is_none() || module.variable(name).is_err() {
            continue;
        }
        for rule in rules {
            let Some(condition) = rule.body.attribute("condition") else { continue };
            let mut scope = Scope::of(module);
            if !matches!(module.evaluated(&mut scope, &condition.value), Val::Bool(false)) {
                continue;
            }
            let message = rule.body.attribute("error_message").map(|one| module.evaluated(&mut scope, &one.value));
            let message =
                message.and_then(|val| val.to_text()).unwrap_or_else(|| "a rule of the variable refuses it".into());
            let summary = format!("the value of {}var.{name} is refused: {message}", module.address);
            let help = "give a value that the variable's `validation` accepts";
            module.world.say("terraform.validation", Level::Warning, summary, rule.at, help);
        }
    }
}

/// Tells which `moved` and `removed` blocks speak of what is still declared; Terraform refuses those.
pub(super) fn moves(module: &Rc<Module<'_>>) {
    for block in &module.folder.refactorings {
        let Some(from) = block.body.attribute("from") else {
            let summary = format!("a `{}` block has no `from`", block.kind);
            module.world.say("terraform.refactor", Level::Error, summary, block.at, "name the address of before");
            continue;
        };
        let text = source(module, &from.value);
        let (summary, help) = match &*block.kind {
            "moved" if declared(module, &text) == Some(true) => (
                format!("{text} is moved and still declared"),
                "remove the block of the old address, or the `moved` block",
            ),
            "removed" if declared(module, &text).is_some() => {
                (format!("{text} is removed and still declared"), "remove its block, or the `removed` block")
            }
            _ => continue,
        };
        module.world.say("terraform.refactor", Level::Error, summary, block.at, help);
    }
}

/// Whether an address of this module is declared; `true` where it is without count and for_each, so that nothing else can
/// have taken its name.
fn declared(module: &Rc<Module<'_>>, address: &str) -> Option<bool> {
    let parts: Vec<&str> = address.split('.').collect();
    let single = |block: &Block| block.body.attribute("count").is_none() && block.body.attribute("for_each").is_none();
    let folder = module.folder;
    match parts.as_slice() {
        ["module", name] => folder.modules.get(name).map(|block| single(block)),
        ["data", kind, name] => folder.data.get(&(*kind, *name)).map(|block| single(block)),
        [kind, name] => folder.resources.get(&(*kind, *name)).map(|block| single(block)),
        _ => None,
    }
}

/// Gives resources the ids under which `import` blocks of their root adopt them.
pub(super) fn imports(module: &Rc<Module<'_>>, reading: &mut Reading, first: usize) {
    for block in &module.folder.imports {
        let (Some(to), Some(id)) = (block.body.attribute("to"), block.body.attribute("id")) else { continue };
        let (keys, each) = super::resource::keys(module, block);
        if keys == Keys::Unknown {
            continue;
        }
        for each in each {
            let mut scope = Scope { module: module.clone(), each, names: Vec::new() };
            let Some(id) = module.evaluated(&mut scope, &id.value).to_text() else { continue };
            let Some(address) = address(module, &mut scope, &to.value) else { continue };
            let found = reading.resources[first..].iter_mut().find(|one| one.address == address);
            match found {
                Some(resource) => resource.live_id = Some(id.to_string()),
                None => {
                    let summary = format!("{address} is imported and not declared");
                    let help = "write its block, or let `terraform plan -generate-config-out` write it";
                    module.world.say("terraform.import", Level::Warning, summary, block.at, help);
                }
            }
        }
    }
}

/// The address that `to` names, with the keys of its brackets evaluated.
fn address<'w>(module: &Rc<Module<'w>>, scope: &mut Scope<'w>, to: &'w Expr) -> Option<String> {
    use crate::hcl::Step;
    let Kind::Traverse(base, steps) = &to.kind else { return None };
    let Kind::Variable(name) = &base.kind else { return None };
    let mut out = name.to_string();
    for step in steps {
        match step {
            Step::Attribute(name) => out.push_str(&format!(".{name}")),
            Step::Index(key) => match module.evaluated(scope, key) {
                Val::String(key) => {
                    out.push_str(&format!("[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\"")));
                }
                key => out.push_str(&format!("[{}]", key.to_number()?)),
            },
            _ => return None,
        }
    }
    Some(out)
}

fn source(module: &Module<'_>, expr: &Expr) -> String {
    module.world.source_text(expr.at, expr.start, expr.end)
}
