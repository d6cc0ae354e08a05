//! Where the value of an attribute came from: which variable, local, output, default or file of values, through which
//! modules. Made on demand for one resource, so that reading a folder carries nothing for it.

use super::eval::{Each, Scope};
use super::module::{From, Module};
use super::val::{Val, unknown_of};
use super::{Options, World, load};
use crate::hcl::visit::references;
use crate::hcl::{Block, Body, Expr, Item, Kind, Step};
use crate::{At, Node, SourceFile};
use std::cell::Cell;
use std::rc::Rc;

/// How many steps a trace has, at most.
const STEPS_MAX: usize = 200;
/// How deep it goes.
const DEPTH_MAX: usize = 40;

/// One step on the way of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// What stands there.
    pub kind: OriginKind,
    /// How an expression names it: `var.acl`, `local.tags`, `module.web.bucket`; for the attribute itself its path.
    pub name: String,
    /// Address of the module in which it stands, `module.web[0]`; empty in the root.
    pub module: String,
    /// Where it is written; `None` for what no file says.
    pub at: Option<At>,
    /// The expression as it is written there.
    pub text: Option<String>,
    /// What it comes to.
    pub value: Node,
    /// Whether it is declared sensitive, or comes from what is: then neither value nor text may be shown.
    pub sensitive: bool,
    /// What its expression refers to, each with where that came from.
    pub from: Vec<Origin>,
}

/// What a step of a trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginKind {
    /// The attribute of the resource.
    Attribute,
    /// A local value.
    Local,
    /// An argument of a module call, which gives a variable of the module its value.
    Argument,
    /// A variable that a file of values or the command line sets.
    Given,
    /// The default of a variable.
    Default,
    /// A variable that nothing sets.
    Unset,
    /// An output of a module.
    Output,
    /// `each.key`, `each.value` or `count.index`, with what the block is repeated over.
    Repeated,
    /// An attribute of another resource.
    Resource,
}

impl OriginKind {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Local => "local",
            Self::Argument => "argument",
            Self::Given => "given",
            Self::Default => "default",
            Self::Unset => "unset",
            Self::Output => "output",
            Self::Repeated => "repeated",
            Self::Resource => "resource",
        }
    }
}

/// Traces attributes of one resource: for each path (`ingress[0].cidr_blocks`, `acl`) what stands in the code for it.
///
/// `root` is the folder of the root module and `address` the whole address. What the code does not write is left out.
#[must_use]
pub fn trace(files: &[SourceFile], options: &Options, root: &str, address: &str, paths: &[String]) -> Vec<Origin> {
    let traced = || load::with_world(files, options, |world, _| traced(world, root, address, paths)).0;
    super::on_stack(traced).unwrap_or_default()
}

fn traced<'w>(world: &'w World<'w>, root: &str, address: &str, paths: &[String]) -> Vec<Origin> {
    let Some(folder) = world.folders.get(root) else { return Vec::new() };
    let root = Module::root(world, folder);
    let Some((module, block, each)) = find(&root, address) else { return Vec::new() };
    let mut tracer = Tracer { world, left: STEPS_MAX, busy: Vec::new() };
    let mut out = Vec::new();
    for path in paths {
        let keys: Vec<&str> = path.split(['.', '[', ']', '"']).filter(|key| !key.is_empty()).collect();
        let mut scope = Scope { module: module.clone(), each: each.clone(), names: Vec::new() };
        for (named, expr) in written(&block.body, &keys, "") {
            if !out.iter().any(|known: &Origin| known.name == named) {
                out.push(tracer.expression(&mut scope, OriginKind::Attribute, named, expr, expr.at));
            }
        }
    }
    out
}

/// The block of an address, with the module that it stands in and what `each` is for that instance.
fn find<'w>(module: &Rc<Module<'w>>, address: &str) -> Option<(Rc<Module<'w>>, &'w Block, Each)> {
    for block in &module.folder.blocks {
        match &*block.kind {
            "module" => {
                let Some(Ok(children)) = module.children(&block.labels[0]) else { continue };
                for (nth, child) in children.modules.iter().enumerate() {
                    if address == child.address.trim_end_matches('.') {
                        return Some((module.clone(), block, children.each[nth].clone()));
                    }
                    if address.starts_with(&child.address)
                        && let Some(found) = find(child, address)
                    {
                        return Some(found);
                    }
                }
            }
            "resource" | "data" => {
                let data = &*block.kind == "data";
                let (kind, name) = (&block.labels[0], &block.labels[1]);
                let Some(Ok(expansion)) = module.expansion(data, kind, name) else { continue };
                let instance = expansion.instances.iter().position(|instance| &*instance.address == address);
                if let Some(nth) = instance {
                    let (_, each) = super::resource::keys(module, block);
                    return Some((module.clone(), block, each.get(nth).cloned().unwrap_or(Each::None)));
                }
            }
            _ => {}
        }
    }
    None
}

/// The expressions that stand for a path: the argument itself, the nearest one around it, or those of its blocks.
fn written<'w>(body: &'w Body, keys: &[&str], before: &str) -> Vec<(String, &'w Expr)> {
    let Some((key, rest)) = keys.split_first() else { return Vec::new() };
    let name = if before.is_empty() { (*key).to_owned() } else { format!("{before}.{key}") };
    if let Some(attribute) = body.attribute(key) {
        return vec![(name, &attribute.value)];
    }
    let (nth, deeper) = match rest.split_first() {
        Some((index, deeper)) if index.parse::<usize>().is_ok() => (index.parse::<usize>().ok(), deeper),
        _ => (None, rest),
    };
    let mut out = Vec::new();
    let blocks: Vec<&'w Block> = blocks_of(body, key);
    for (at, block) in blocks.iter().enumerate().filter(|(at, _)| nth.is_none_or(|nth| nth == *at)) {
        let name = if blocks.len() > 1 { format!("{name}[{at}]") } else { name.clone() };
        out.extend(written(&block.body, deeper, &name));
    }
    for dynamic in blocks_of(body, "dynamic")
        .into_iter()
        .filter(|block| block.labels.first().is_some_and(|label| **label == **key))
    {
        out.extend(dynamic.body.attribute("for_each").map(|over| (format!("{name} (for_each)"), &over.value)));
    }
    out
}

fn blocks_of<'w>(body: &'w Body, kind: &str) -> Vec<&'w Block> {
    let of_kind = |item: &'w Item| match item {
        Item::Block(block) if *block.kind == *kind => Some(block),
        _ => None,
    };
    body.items.iter().filter_map(of_kind).collect()
}

struct Tracer<'w> {
    world: &'w World<'w>,
    left: usize,
    /// Expressions that are being traced, by their places: what depends on itself is traced once.
    busy: Vec<(String, At)>,
}

impl<'w> Tracer<'w> {
    /// An expression, its value, and what it refers to.
    fn expression(&mut self, scope: &mut Scope<'w>, kind: OriginKind, name: String, expr: &'w Expr, at: At) -> Origin {
        let text = self.world.source_text(expr.at, expr.start, expr.end);
        let value = scope.module.clone().evaluated(scope, expr);
        let mut out = self.origin(scope, kind, name, Some(at), &value);
        out.text = Some(text).filter(|text| !text.is_empty());
        let key = (scope.module.address.clone(), expr.at);
        if self.left == 0 || self.busy.len() > DEPTH_MAX || self.busy.contains(&key) {
            return out;
        }
        self.left -= 1;
        self.busy.push(key);
        self.parts(scope, expr, &mut out.from);
        self.busy.pop();
        out.sensitive |= out.from.iter().any(|part| part.sensitive);
        out
    }

    fn origin(&self, scope: &Scope<'w>, kind: OriginKind, name: String, at: Option<At>, value: &Val) -> Origin {
        let module = scope.module.address.trim_end_matches('.').to_owned();
        let value = value.to_node(at.unwrap_or_default(), &Cell::new(1000));
        Origin { kind, name, module, at, text: None, value, sensitive: false, from: Vec::new() }
    }

    /// What an expression refers to. Of a conditional whose condition is known only the branch that was taken, and what
    /// decided.
    fn parts(&mut self, scope: &mut Scope<'w>, expr: &'w Expr, out: &mut Vec<Origin>) {
        if let Kind::Conditional(parts) = &expr.kind {
            let [condition, yes, no] = &**parts;
            self.parts(scope, condition, out);
            match scope.eval(condition).ok().and_then(|decided| decided.to_bool()) {
                Some(true) => self.parts(scope, yes, out),
                Some(false) => self.parts(scope, no, out),
                None => {
                    self.parts(scope, yes, out);
                    self.parts(scope, no, out);
                }
            }
            return;
        }
        if let Kind::Parens(inner) | Kind::Wrap(inner) = &expr.kind {
            return self.parts(scope, inner, out);
        }
        let mut found = Vec::new();
        references(expr, &mut |source, steps| found.push((source, steps)));
        for (source, steps) in found {
            if let Kind::Variable(name) = &source.kind
                && let Some(origin) = self.reference(scope, name, steps, source.at)
                && !out.iter().any(|known| known.name == origin.name)
            {
                out.push(origin);
            }
        }
    }

    fn reference(&mut self, scope: &mut Scope<'w>, name: &'w str, steps: &'w [Step], at: At) -> Option<Origin> {
        let step = |nth: usize| match steps.get(nth) {
            Some(Step::Attribute(name)) => Some(&**name),
            _ => None,
        };
        let module = scope.module.clone();
        match name {
            "var" => {
                let mut found = self.variable(&module, step(0)?)?;
                let flag = module.folder.variables.get(step(0)?)?.body.attribute("sensitive");
                found.sensitive |= flag.is_some_and(|flag| !matches!(flag.value.kind, Kind::Bool(false)));
                Some(found)
            }
            "local" => {
                let attribute = *module.folder.locals.get(step(0)?)?;
                let name = format!("local.{}", attribute.name);
                Some(self.expression(&mut Scope::of(&module), OriginKind::Local, name, &attribute.value, attribute.at))
            }
            "module" => self.output(scope, step(0)?, steps),
            "each" | "count" => self.repeated(scope, name, step(0)?, at),
            "path" | "terraform" | "tofu" | "self" => None,
            _ if scope.names.iter().any(|(bound, _)| **bound == *name) => None,
            "data" | "resource" => self.resource(scope, name, steps, at),
            _ => {
                let (kind, label) = (name, step(0)?);
                let declared = module.folder.resources.contains_key(&(kind, label));
                declared.then(|| self.resource(scope, name, steps, at)).flatten()
            }
        }
    }

    /// A variable: the argument of the call, the file of values, or the default.
    fn variable(&mut self, module: &Rc<Module<'w>>, name: &str) -> Option<Origin> {
        let (&name, &block) = module.folder.variables.get_key_value(name)?;
        let shown = format!("var.{name}");
        let value = module.variable(name).unwrap_or(Val::Null);
        let scope = Scope::of(module);
        match &module.from {
            From::Call { module: caller, block: call, each } => {
                if let Some(argument) = call.body.attribute(name) {
                    let mut outer = Scope { module: caller.clone(), each: each.clone(), names: Vec::new() };
                    let mut found =
                        self.expression(&mut outer, OriginKind::Argument, shown, &argument.value, argument.at);
                    // The variable's type may convert what the call gives.
                    found.value = value.to_node(argument.at, &Cell::new(1000));
                    return Some(found);
                }
            }
            From::Root(inputs) => {
                if let Some(item) = inputs.get(name) {
                    // What comes as text from the environment has the place of the declaration.
                    let at = Some(item.at).filter(|at| *at != block.at);
                    return Some(self.origin(&scope, OriginKind::Given, shown, at, &value));
                }
            }
        }
        match block.body.attribute("default") {
            Some(default) => {
                let mut scope = Scope::of(module);
                Some(self.expression(&mut scope, OriginKind::Default, shown, &default.value, default.at))
            }
            None => Some(self.origin(&scope, OriginKind::Unset, shown, Some(block.at), &value)),
        }
    }

    fn output(&mut self, scope: &mut Scope<'w>, name: &'w str, steps: &'w [Step]) -> Option<Origin> {
        let module = scope.module.clone();
        let Some(Ok(children)) = module.children(name) else { return None };
        let nth = match steps.get(1) {
            Some(Step::Index(key)) => scope.eval(key).ok().and_then(|key| children.keys.nth(&key)).unwrap_or(0),
            _ => 0,
        };
        let child = children.modules.get(nth)?;
        let output = steps.iter().skip(1).find_map(|step| match step {
            Step::Attribute(name) => child.folder.outputs.get_key_value(&**name),
            _ => None,
        });
        let (&output, &block) = output?;
        let value = block.body.attribute("value")?;
        let shown = format!("module.{name}.{output}");
        Some(self.expression(&mut Scope::of(child), OriginKind::Output, shown, &value.value, value.at))
    }

    /// What the block around is repeated over.
    fn repeated(&mut self, scope: &mut Scope<'w>, name: &str, step: &str, at: At) -> Option<Origin> {
        let value = match (&scope.each, step) {
            (Each::Pair(key, _), "key") => key.clone(),
            (Each::Pair(_, value), "value") => value.clone(),
            (Each::Count(index), "index") => index.clone(),
            _ => return None,
        };
        let mut out = self.origin(scope, OriginKind::Repeated, format!("{name}.{step}"), Some(at), &value);
        let over = if name == "each" { "for_each" } else { "count" };
        let is_around =
            |block: &&&Block| block.at.file == at.file && block.at.line <= at.line && at.line <= block.line_end;
        let around = scope.module.folder.blocks.iter().rfind(is_around).copied();
        if let Some(attribute) = around.and_then(|block| block.body.attribute(over)) {
            let module = scope.module.clone();
            let mut outer = Scope::of(&module);
            self.parts(&mut outer, &attribute.value, &mut out.from);
        }
        Some(out)
    }

    /// An attribute of another resource, and what is written there.
    fn resource(&mut self, scope: &mut Scope<'w>, name: &'w str, steps: &'w [Step], at: At) -> Option<Origin> {
        let words: Vec<&str> = std::iter::once(name)
            .chain(steps.iter().map_while(|step| match step {
                Step::Attribute(name) => Some(&**name),
                _ => None,
            }))
            .collect();
        let shown = words.join(".");
        let value = scope.root(name, steps, at).and_then(|(val, used)| scope.steps(val, &steps[used..]));
        let value = value.unwrap_or_else(|fault| Val::unknown(fault.what));
        let value = unknown_of([&value]).unwrap_or(value);
        let data = name == "data";
        let skip = usize::from(data || name == "resource");
        let (kind, label) = (*words.get(skip)?, *words.get(skip + 1)?);
        let module = scope.module.clone();
        let blocks = if data { &module.folder.data } else { &module.folder.resources };
        let block = blocks.get(&(kind, label)).copied();
        let argument = words.get(skip + 2).and_then(|word| block.and_then(|block| block.body.attribute(word)));
        match argument {
            Some(argument) if block.is_some_and(|block| block.body.attribute("for_each").is_none()) => {
                let mut inner = Scope::of(&module);
                Some(self.expression(&mut inner, OriginKind::Resource, shown, &argument.value, argument.at))
            }
            _ => Some(self.origin(scope, OriginKind::Resource, shown, block.map(|block| block.at), &value)),
        }
    }
}
