//! What a name in an expression stands for: `var`, `local`, `each`, `count`, `path`, `data`, `module`, or a resource.

use super::eval::{Each, Fault, Scope, element};
use super::module::Keys;
use super::val::{Item, Val};
use crate::hcl::Step;
use crate::{At, Unknown};
use mainstay_model::Level;
use std::rc::Rc;
use std::sync::Arc;

impl<'w> Scope<'w> {
    /// The value that a name and the steps after it stand for, and how many steps that took.
    pub(super) fn root(&mut self, name: &'w str, steps: &'w [Step], at: At) -> Result<(Val, usize), Fault> {
        let attribute = |nth: usize| match steps.get(nth) {
            Some(Step::Attribute(name)) => Ok(&**name),
            _ => Err(Fault::new(format!("`{name}` needs a name after it"))),
        };
        match name {
            "var" => Ok((self.module.variable(attribute(0)?).unwrap_or_else(|fault| self.unnamed(fault, at)), 1)),
            "local" => Ok((self.module.local(attribute(0)?).unwrap_or_else(|fault| self.unnamed(fault, at)), 1)),
            "each" => match (&self.each, attribute(0)?) {
                (Each::Pair(key, _), "key") => Ok((key.clone(), 1)),
                (Each::Pair(_, value), "value") => Ok((value.clone(), 1)),
                _ => Err(Fault::new("`each` has a value only where `for_each` is set")),
            },
            "count" => match &self.each {
                Each::Count(index) if attribute(0)? == "index" => Ok((index.clone(), 1)),
                _ => Err(Fault::new("`count.index` has a value only where `count` is set")),
            },
            "path" => Ok((self.path(attribute(0)?), 1)),
            "terraform" | "tofu" => {
                let workspace = if self.module.world.options.workspace.is_empty() {
                    "default"
                } else {
                    &self.module.world.options.workspace
                };
                let name = attribute(0)?;
                Ok((
                    if name == "workspace" {
                        Val::text(workspace)
                    } else {
                        Val::unknown(format!("terraform.{name} is not known here"))
                    },
                    1,
                ))
            }
            "self" => Ok((Val::unknown("`self` is known at apply"), steps.len().min(1))),
            "module" => self.module_value(attribute(0)?, steps),
            "data" => {
                let (kind, name) = (attribute(0)?, attribute(1)?);
                self.resource_value(true, kind, name, steps, 2, at)
            }
            "resource" => {
                let (kind, name) = (attribute(0)?, attribute(1)?);
                self.resource_value(false, kind, name, steps, 2, at)
            }
            "True" | "TRUE" | "False" | "FALSE" if steps.is_empty() => Ok((self.misspelt(name, at), 0)),
            kind => {
                let Some(Step::Attribute(name)) = steps.first() else {
                    return Err(Fault::new(format!("`{kind}` is not declared")));
                };
                self.resource_value(false, kind, name, steps, 1, at)
            }
        }
    }

    /// A truth value as other languages spell it. Terraform refuses it, which is told; what was meant is plain.
    fn misspelt(&self, name: &str, at: At) -> Val {
        let meant = name.to_ascii_lowercase();
        let summary = format!("`{name}` is no value; Terraform refuses it");
        let help = format!("write `{meant}`; until then it counts as that here");
        self.module.world.say("terraform.truth", Level::Error, summary, at, &help);
        Val::Bool(meant == "true")
    }

    fn path(&self, name: &str) -> Val {
        match name {
            "root" => Val::text("."),
            "module" => Val::text(relative(&self.module.root, &self.module.folder.path)),
            _ => Val::unknown(format!("path.{name} depends on where Terraform runs")),
        }
    }

    fn resource_value(
        &mut self,
        data: bool,
        kind: &'w str,
        name: &'w str,
        steps: &'w [Step],
        used: usize,
        at: At,
    ) -> Result<(Val, usize), Fault> {
        let module = self.module.clone();
        let expansion = match module.expansion(data, kind, name) {
            Some(Ok(expansion)) => expansion,
            Some(Err(cycle)) => return Ok((cycle, used)),
            None => return Ok((self.undeclared(data, kind, name, at), used)),
        };
        if expansion.keys != Keys::Single
            && let Some(Step::Index(key)) = steps.get(used)
        {
            let key = self.eval(key)?;
            if let Some(instance) = expansion.keys.nth(&key).and_then(|nth| expansion.instances.get(nth)) {
                module.world.refer(instance.address.clone());
                return Ok((expansion.val_of(instance), used + 1));
            }
            module.world.refer(expansion.address.clone());
            return Ok((element(&expansion.val(), &key)?, used + 1));
        }
        module.world.refer(expansion.address.clone());
        Ok((expansion.val(), used))
    }

    /// A variable or local that no file declares. What stands around it is read all the same.
    fn unnamed(&self, fault: Fault, at: At) -> Val {
        let help = "declare it, or hand over the file that does; until then its value is unknown";
        self.module.world.say("terraform.undeclared", Level::Warning, fault.what.as_str(), at, help);
        Val::unknown(fault.what)
    }

    /// A resource that the files do not hold: unknown, and still a reference.
    fn undeclared(&self, data: bool, kind: &str, name: &str, at: At) -> Val {
        let (module, prefix) = (&self.module, if data { "data." } else { "" });
        let summary = format!("`{prefix}{kind}.{name}` is not declared");
        let help = "declare it, or hand over the file that does; until then its attributes are unknown";
        module.world.say("terraform.undeclared", Level::Warning, summary.as_str(), at, help);
        module.world.refer(Arc::from(format!("{}{prefix}{kind}.{name}", module.address)));
        let refers = Arc::from([format!("{}{prefix}{kind}.{name}", module.plain)]);
        Val::Unknown(Rc::new(Unknown::referring(summary, refers)))
    }

    fn module_value(&mut self, name: &str, steps: &'w [Step]) -> Result<(Val, usize), Fault> {
        let module = self.module.clone();
        let children = match module.children(name) {
            Some(Ok(children)) => children,
            Some(Err(cycle)) => return Ok((cycle, 1)),
            None => return Err(Fault::new(format!("`module.{name}` is not declared"))),
        };
        let (path, refers) = (format!("{}module.{name}", module.address), format!("{}module.{name}", module.plain));
        if let Some(why) = &children.absent {
            let refers: Arc<[String]> = Arc::from([refers]);
            module.world.refer(Arc::from(path.as_str()));
            let output =
                steps[1..].iter().find_map(|step| if let Step::Attribute(name) = step { Some(&**name) } else { None });
            let why = format!("{path}.{}: {why}", output.unwrap_or("*"));
            return Ok((Val::Unknown(Rc::new(Unknown::referring(why, refers))), steps.len()));
        }
        let mut used = 1;
        let child = match (&children.keys, steps.get(1)) {
            (Keys::Single, _) => children.modules.first(),
            (keys, Some(Step::Index(key))) => {
                let key = self.eval(key)?;
                if key.is_unknown() {
                    return Ok((key, 2));
                }
                used = 2;
                let nth = keys.nth(&key).ok_or_else(|| Fault::new(format!("module.{name} has no such instance")))?;
                children.modules.get(nth)
            }
            _ => None,
        };
        match (child, steps.get(used)) {
            (Some(child), Some(Step::Attribute(output))) => Ok((child.output(output)?, used + 1)),
            (Some(child), _) => Ok((child.outputs(), used)),
            (None, _) => {
                let outputs =
                    children.modules.iter().map(|child| Item { val: child.outputs(), at: At::default() }).collect();
                let why = || Val::unknown(format!("how many instances {path} has is known after apply"));
                Ok((children.keys.gather(outputs, why), 1))
            }
        }
    }
}

/// A folder seen from another.
fn relative(root: &str, folder: &str) -> String {
    let parts = |path: &str| {
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect::<Vec<_>>()
    };
    let (root, folder) = (parts(root), parts(folder));
    let common = root.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let mut path: Vec<String> = vec!["..".to_owned(); root.len() - common];
    path.extend_from_slice(&folder[common..]);
    if path.is_empty() { ".".to_owned() } else { path.join("/") }
}
