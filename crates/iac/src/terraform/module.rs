//! A module as one call makes it: variables, locals, outputs and resources, each evaluated when first asked for.

use super::eval::{Each, Fault, Scope};
use super::load::Folder;
use super::resource::Expansion;
use super::types::Type;
use super::val::{Item, Rest, Val};
use super::{World, load};
use crate::At;
use crate::hcl::{self, Block, Expr, Kind};
use crate::source::Origin;
use mainstay_model::Level;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// Values that come to a root from outside.
pub(super) type Inputs = HashMap<Arc<str>, Item>;

pub(super) struct Module<'w> {
    pub world: &'w World<'w>,
    pub folder: &'w Folder<'w>,
    /// `module.web[0].` or empty.
    pub address: String,
    /// The same without indexes.
    pub plain: String,
    /// Key in `modules.json`: `a.b`.
    pub key: String,
    pub root: Arc<str>,
    pub from: From<'w>,
    slots: RefCell<HashMap<Symbol<'w>, Slot>>,
    /// By data or not, type and name; `None` while it is being evaluated.
    expansions: RefCell<Expansions<'w>>,
    children: RefCell<HashMap<&'w str, Option<Rc<Children<'w>>>>>,
}

type Expansions<'w> = HashMap<(bool, &'w str, &'w str), Option<Rc<Expansion>>>;

/// Where the values of variables come from.
pub(super) enum From<'w> {
    Root(Inputs),
    Call { module: Rc<Module<'w>>, block: &'w Block, each: Each },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Symbol<'w> {
    Variable(&'w str),
    Local(&'w str),
    Output(&'w str),
}

enum Slot {
    Busy,
    Done(Val, Rc<[Arc<str>]>),
}

/// The instances that a module call makes.
pub(super) struct Children<'w> {
    pub keys: Keys,
    pub modules: Vec<Rc<Module<'w>>>,
    pub each: Vec<Each>,
    /// Why the module cannot be read.
    pub absent: Option<String>,
}

/// What tells the instances of a block apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Keys {
    Single,
    Count(usize),
    ForEach(Vec<Arc<str>>),
    /// `count` or `for_each` is unknown: one instance stands for all.
    Unknown,
}

impl Keys {
    /// `[0]`, `["a"]` or nothing.
    pub(super) fn index(&self, nth: usize) -> String {
        match self {
            Self::Single | Self::Unknown => String::new(),
            Self::Count(_) => format!("[{nth}]"),
            Self::ForEach(keys) => format!("[\"{}\"]", keys[nth].replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }

    /// Which instance a key names.
    pub(super) fn nth(&self, key: &Val) -> Option<usize> {
        match self {
            Self::Single => None,
            Self::Unknown => Some(0),
            Self::Count(count) => {
                key.to_number().and_then(|number| usize::try_from(number).ok()).filter(|nth| nth < count)
            }
            Self::ForEach(keys) => key.to_text().and_then(|key| keys.binary_search(&key).ok()),
        }
    }

    /// The values of all instances as one value.
    pub(super) fn gather(&self, mut vals: Vec<Item>, unknown: impl FnOnce() -> Val) -> Val {
        match self {
            Self::Single => vals.pop().map_or(Val::Null, |item| item.val),
            Self::Count(_) => Val::list(vals),
            Self::ForEach(keys) => Val::map(keys.iter().cloned().zip(vals).collect()),
            Self::Unknown => unknown(),
        }
    }
}

/// The module of a root, with all that it calls; they are freed with it.
pub(super) struct Root<'w>(Rc<Module<'w>>);

impl<'w> std::ops::Deref for Root<'w> {
    type Target = Rc<Module<'w>>;
    fn deref(&self) -> &Rc<Module<'w>> {
        &self.0
    }
}

impl Drop for Root<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl<'w> Module<'w> {
    pub(super) fn root(world: &'w World<'w>, folder: &'w Folder<'w>) -> Root<'w> {
        let inputs = load::inputs(world, folder);
        let root = Arc::from(folder.path.as_str());
        let names = (String::new(), String::new(), String::new());
        Root(Rc::new(Self::new(world, folder, names, root, From::Root(inputs))))
    }

    fn new(
        world: &'w World<'w>,
        folder: &'w Folder<'w>,
        (address, plain, key): (String, String, String),
        root: Arc<str>,
        from: From<'w>,
    ) -> Self {
        Self {
            world,
            folder,
            address,
            plain,
            key,
            root,
            from,
            slots: RefCell::default(),
            expansions: RefCell::default(),
            children: RefCell::default(),
        }
    }

    /// The value of a symbol, computed once. What it refers to is noted for whoever asks.
    fn slot(self: &Rc<Self>, symbol: Symbol<'w>, at: At, compute: impl FnOnce() -> Val) -> Val {
        let world = self.world;
        match self.slots.borrow().get(&symbol) {
            Some(Slot::Done(val, refers)) => {
                if !val.is_unknown() {
                    refers.iter().for_each(|address| world.refer(address.clone()));
                }
                return val.clone();
            }
            Some(Slot::Busy) => return self.cycle(at),
            None => {}
        }
        self.slots.borrow_mut().insert(symbol, Slot::Busy);
        let outer = world.collector.take();
        let val = compute();
        let refers: Rc<[Arc<str>]> = Rc::from(world.collector.replace(outer));
        if !val.is_unknown() {
            refers.iter().for_each(|address| world.refer(address.clone()));
        }
        self.slots.borrow_mut().insert(symbol, Slot::Done(val.clone(), refers));
        val
    }

    pub(super) fn cycle(&self, at: At) -> Val {
        let help = "break the cycle: let one of them not depend on the others";
        self.world.say("terraform.cycle", Level::Error, "the value depends on itself", at, help);
        Val::unknown("the value depends on itself")
    }

    pub(super) fn local(self: &Rc<Self>, name: &str) -> Result<Val, Fault> {
        let Some((&name, attribute)) = self.folder.locals.get_key_value(name) else {
            return Err(Fault::new(format!("there is no local `{name}`")));
        };
        Ok(self.slot(Symbol::Local(name), attribute.at, || self.evaluated(&mut Scope::of(self), &attribute.value)))
    }

    pub(super) fn output(self: &Rc<Self>, name: &str) -> Result<Val, Fault> {
        let Some((&name, block)) = self.folder.outputs.get_key_value(name) else {
            return Err(Fault::new(format!("the module has no output `{name}`")));
        };
        let value = block.body.attribute("value");
        Ok(self.slot(Symbol::Output(name), block.at, || {
            value.map_or(Val::Null, |value| self.evaluated(&mut Scope::of(self), &value.value))
        }))
    }

    pub(super) fn variable(self: &Rc<Self>, name: &str) -> Result<Val, Fault> {
        let Some((&name, block)) = self.folder.variables.get_key_value(name) else {
            return Err(Fault::new(format!("there is no variable `{name}`")));
        };
        Ok(self.slot(Symbol::Variable(name), block.at, || self.variable_value(name, block)))
    }

    fn variable_value(self: &Rc<Self>, name: &'w str, block: &'w Block) -> Val {
        let given = match &self.from {
            From::Root(inputs) => inputs.get(name).map(|item| item.val.clone()),
            From::Call { module, block: call, each } => call.body.attribute(name).map(|attribute| {
                let mut scope = Scope { module: module.clone(), each: each.clone(), names: Vec::new() };
                module.evaluated(&mut scope, &attribute.value)
            }),
        };
        let default = block.body.attribute("default").map(|attribute| &attribute.value);
        let nullable = !matches!(block.body.attribute("nullable").map(|a| &a.value.kind), Some(Kind::Bool(false)));
        let val = match (given, default) {
            (Some(Val::Null), Some(default)) if !nullable => self.evaluated(&mut Scope::of(self), default),
            (Some(val), _) => val,
            (None, Some(default)) => self.evaluated(&mut Scope::of(self), default),
            (None, None) => Val::unknown(format!("{}var.{name} has no default and no value is given", self.address)),
        };
        let Some(kind) = block.body.attribute("type").and_then(|attribute| Type::of(&attribute.value)) else {
            return val;
        };
        let mut optional = |expr: &'w Expr| self.evaluated(&mut Scope::of(self), expr);
        match kind.convert(&val, &mut optional) {
            Ok(val) => val,
            Err(fault) => {
                let summary = format!("the value of var.{name} does not fit its type: {}", fault.what);
                self.world.say(
                    "terraform.type",
                    Level::Warning,
                    summary,
                    block.at,
                    "give a value of the declared type",
                );
                val
            }
        }
    }

    /// The value of an expression; where it has none, unknown and a diagnostic.
    pub(super) fn evaluated(self: &Rc<Self>, scope: &mut Scope<'w>, expr: &'w Expr) -> Val {
        scope.eval(expr).unwrap_or_else(|fault| {
            let help = "mend the expression; until then the value counts as unknown";
            self.world.say("terraform.expression", Level::Warning, fault.what.clone(), expr.at, help);
            Val::unknown(fault.what)
        })
    }

    /// The instances of a resource or data block.
    pub(super) fn expansion(
        self: &Rc<Self>,
        data: bool,
        kind: &'w str,
        name: &'w str,
    ) -> Option<Result<Rc<Expansion>, Val>> {
        let blocks = if data { &self.folder.data } else { &self.folder.resources };
        let (&(kind, name), &block) = blocks.get_key_value(&(kind, name))?;
        match self.expansions.borrow().get(&(data, kind, name)) {
            Some(Some(expansion)) => return Some(Ok(expansion.clone())),
            Some(None) => return Some(Err(self.cycle(block.at))),
            None => {}
        }
        self.expansions.borrow_mut().insert((data, kind, name), None);
        let outer = self.world.collector.take();
        let expansion = Rc::new(Expansion::of(self, block, data));
        self.world.collector.replace(outer);
        self.expansions.borrow_mut().insert((data, kind, name), Some(expansion.clone()));
        Some(Ok(expansion))
    }

    /// Lets go of the modules that calls made. Each holds on to the one that called it, so that none would ever be freed.
    fn release(&self) {
        for children in self.children.take().into_values().flatten() {
            children.modules.iter().for_each(|child| child.release());
        }
    }

    /// The modules that a call makes.
    pub(super) fn children(self: &Rc<Self>, name: &str) -> Option<Result<Rc<Children<'w>>, Val>> {
        let (&name, &block) = self.folder.modules.get_key_value(name)?;
        match self.children.borrow().get(name) {
            Some(Some(children)) => return Some(Ok(children.clone())),
            Some(None) => return Some(Err(self.cycle(block.at))),
            None => {}
        }
        self.children.borrow_mut().insert(name, None);
        let outer = self.world.collector.take();
        let children = Rc::new(self.call(name, block));
        self.world.collector.replace(outer);
        self.children.borrow_mut().insert(name, Some(children.clone()));
        Some(Ok(children))
    }

    fn call(self: &Rc<Self>, name: &str, block: &'w Block) -> Children<'w> {
        let (keys, each) = super::resource::keys(self, block);
        let key = if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) };
        let folder = match self.called_folder(block, &key) {
            Ok(folder) => folder,
            Err(absent) => return Children { keys, modules: Vec::new(), each, absent: Some(absent) },
        };
        let mut modules = Vec::with_capacity(each.len());
        for (nth, each) in each.iter().enumerate() {
            let address = format!("{}module.{name}{}.", self.address, keys.index(nth));
            let plain = format!("{}module.{name}.", self.plain);
            let from = From::Call { module: self.clone(), block, each: each.clone() };
            modules.push(Rc::new(Self::new(
                self.world,
                folder,
                (address, plain, key.clone()),
                self.root.clone(),
                from,
            )));
        }
        Children { keys, modules, each, absent: None }
    }

    fn called_folder(self: &Rc<Self>, block: &'w Block, key: &str) -> Result<&'w Folder<'w>, String> {
        let world = self.world;
        let Some(source) = load::source_of(block) else {
            world.say(
                "terraform.module",
                Level::Error,
                "a module call has no plain `source`",
                block.at,
                "write `source` as a text",
            );
            return Err("its source is not a plain text".to_owned());
        };
        let installed = world.installed.get(&*self.root).and_then(|modules| modules.get(key)).cloned();
        let local = load::local_folder(&self.folder.path, source);
        let Some(path) = local.clone().or(installed) else {
            let summary = format!("the module {source} is not read");
            let help = "run `terraform init`, so that .terraform/modules can be read, or hand the module over as a local folder";
            world.say("terraform.module-not-read", Level::Note, summary, block.at, help);
            return Err(format!("the module {source} was not read"));
        };
        let mut ancestor = Some(self);
        while let Some(module) = ancestor {
            if module.folder.path == path {
                let summary = format!("the module {path} calls itself");
                world.say(
                    "terraform.module-cycle",
                    Level::Error,
                    summary,
                    block.at,
                    "break the circle of module calls",
                );
                return Err(format!("the module {path} calls itself"));
            }
            ancestor = match &module.from {
                From::Call { module, .. } => Some(module),
                From::Root(_) => None,
            };
        }
        world.folders.get(&path).ok_or_else(|| {
            let summary = format!("the module folder {path} holds no Terraform file");
            world.say(
                "terraform.module",
                Level::Error,
                summary,
                block.at,
                "correct `source`, or hand over the folder too",
            );
            format!("the module folder {path} holds no Terraform file")
        })
    }

    /// All outputs as an object.
    pub(super) fn outputs(self: &Rc<Self>) -> Val {
        let outputs = self.folder.outputs.iter();
        let outputs = outputs.map(|(&name, block)| {
            (Arc::from(name), Item { val: self.output(name).unwrap_or(Val::Null), at: block.at })
        });
        Val::map(outputs.collect::<BTreeMap<_, _>>())
    }
}

/// The value of an expression of literals only, as files of variables hold them.
pub(super) fn constant(expr: &Expr) -> Item {
    let val = match &expr.kind {
        Kind::Null => Val::Null,
        Kind::Bool(flag) => Val::Bool(*flag),
        Kind::Number(number) => Val::Number(*number),
        Kind::String(text) => Val::String(text.clone()),
        Kind::Parens(inner) | Kind::Wrap(inner) => constant(inner).val,
        Kind::Unary(hcl::Unary::Negate, inner) => {
            constant(inner).val.to_number().map_or(Val::Null, |number| Val::Number(-number))
        }
        Kind::Tuple(items) => Val::list(items.iter().map(constant).collect()),
        Kind::Object(items) => {
            let entries = items.iter().filter_map(|(key, value)| {
                let key = match key {
                    hcl::Key::Name(name, _) => name.clone(),
                    hcl::Key::Expr(expr) => constant(expr).val.to_text()?,
                };
                Some((key, constant(value)))
            });
            Val::map(entries.collect())
        }
        _ => Val::unknown("a file of variables holds plain values only"),
    };
    Item { val, at: expr.at }
}

/// A value given as text (`TF_VAR_name`): an expression where the variable is not a string.
pub(super) fn from_text(declared: &Block, text: &str) -> Item {
    let kind = declared.body.attribute("type").and_then(|attribute| Type::of(&attribute.value));
    if matches!(kind, None | Some(Type::String | Type::Number | Type::Bool)) {
        return Item { val: Val::text(text), at: declared.at };
    }
    match hcl::parse_expression(text, Origin::of("")) {
        Ok(mut expr) => {
            // The text stands in no file.
            hcl::set_place(&mut expr, declared.at);
            Item { val: constant(&expr).val, at: declared.at }
        }
        Err(_) => Item { val: Val::text(text), at: declared.at },
    }
}

impl Rest {
    pub(super) fn of(path: String, when: &'static str, refers: &str) -> Rc<Self> {
        Rc::new(Self { path, when, refers: Arc::from([refers.to_owned()]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceFile;
    use crate::terraform::Options;

    #[test]
    fn modules_that_call_modules_are_freed_with_their_root() {
        let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
        let files = [
            file("main.tf", "module \"a\" {\n  source = \"./a\"\n}\n"),
            file("a/main.tf", "module \"b\" {\n  source = \"./b\"\n}\n"),
            file("a/b/main.tf", "locals {\n  x = 1\n}\n"),
        ];
        let (freed, _) = load::with_world(&files, &Options::default(), |world, _| {
            let folder = world.folders.values().find(|folder| folder.modules.contains_key("a")).unwrap();
            let root = Module::root(world, folder);
            let called = root.children("a").unwrap().ok().unwrap().modules[0].clone();
            let b = Rc::downgrade(&called.children("b").unwrap().ok().unwrap().modules[0]);
            let a = Rc::downgrade(&called);
            drop(called);
            assert!(a.upgrade().is_some() && b.upgrade().is_some());
            drop(root);
            a.upgrade().is_none() && b.upgrade().is_none()
        });
        assert!(freed);
    }
}
