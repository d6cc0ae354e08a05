//! Instances of a block: `count`, `for_each`, nested and dynamic blocks.

use super::INSTANCES_PER_BLOCK_MAX;
use super::eval::{Each, Scope, elements};
use super::module::{Keys, Module};
use super::val::{Item, Rest, Val, unknown_of};
use crate::hcl::{self, Block, Body, Kind};
use crate::{At, Reference};
use mainstay_model::Level;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// All instances of a resource or data block.
pub(super) struct Expansion {
    pub keys: Keys,
    /// Address without index.
    pub address: Arc<str>,
    pub instances: Vec<Instance>,
    at: At,
    rest: Rc<Rest>,
    val: OnceCell<Val>,
}

pub(super) struct Instance {
    pub address: Arc<str>,
    pub body: Attributes,
    /// Taken out by whoever hands the instance out.
    pub references: RefCell<Vec<Reference>>,
    val: OnceCell<Val>,
}

/// Arguments and blocks by name in the order in which they were written.
pub(super) type Attributes = Vec<(Arc<str>, Item)>;

/// Arguments that are for Terraform itself and no attributes.
const META: [&str; 4] = ["count", "for_each", "depends_on", "providers"];

impl Expansion {
    pub(super) fn of<'w>(module: &Rc<Module<'w>>, block: &'w Block, data: bool) -> Self {
        let (kind, name) = (&block.labels[0], &block.labels[1]);
        let prefix = if data { "data." } else { "" };
        let address: Arc<str> = Arc::from(format!("{}{prefix}{kind}.{name}", module.address));
        let plain = format!("{}{prefix}{kind}.{name}", module.plain);
        let rest = Rest::of(address.to_string(), if data { "read when planning" } else { "known after apply" }, &plain);
        let (keys, each) = keys(module, block);
        let mut instances = Vec::with_capacity(each.len());
        for (nth, each) in each.into_iter().enumerate() {
            let mut scope = Scope { module: module.clone(), each, names: Vec::new() };
            let mut references = Vec::new();
            let body = body(&mut scope, &block.body, "", &mut references, Some(&rest));
            let address =
                if keys == Keys::Single { address.clone() } else { Arc::from(format!("{address}{}", keys.index(nth))) };
            instances.push(Instance { address, body, references: RefCell::new(references), val: OnceCell::new() });
        }
        Self { keys, address, instances, at: block.at, rest, val: OnceCell::new() }
    }

    /// What `type.name` stands for in expressions. Most resources are never referred to, so it is made when it is asked
    /// for.
    pub(super) fn val(&self) -> Val {
        let make = || {
            let vals = self.instances.iter().map(|instance| Item { val: self.val_of(instance), at: self.at }).collect();
            self.keys.gather(vals, || {
                let why = format!("how many instances {} has is known after apply", self.address);
                Val::Unknown(Rc::new(crate::Unknown::referring(why, self.rest.refers.clone())))
            })
        };
        self.val.get_or_init(make).clone()
    }

    /// What one of its instances stands for in expressions.
    pub(super) fn val_of(&self, instance: &Instance) -> Val {
        let make = || {
            let entries = instance.body.iter().filter(|(key, _)| !is_hidden(key)).cloned().collect();
            Val::object(entries, Some(self.rest.clone()))
        };
        instance.val.get_or_init(make).clone()
    }
}

/// Blocks that steer Terraform and are no attributes of the resource.
fn is_hidden(key: &str) -> bool {
    matches!(key, "lifecycle" | "provisioner" | "connection" | "provider")
}

/// The keys of a block's instances and what `each` or `count` is in each of them.
pub(super) fn keys<'w>(module: &Rc<Module<'w>>, block: &'w Block) -> (Keys, Vec<Each>) {
    let mut scope = Scope::of(module);
    let (keys, each) = if let Some(count) = block.body.attribute("count") {
        let val = module.evaluated(&mut scope, &count.value);
        counted(module, &val, count.at)
    } else if let Some(for_each) = block.body.attribute("for_each") {
        let val = module.evaluated(&mut scope, &for_each.value);
        each_of(module, &val, for_each.at)
    } else {
        (Keys::Single, vec![Each::None])
    };
    let left = module.world.instances.get();
    if (each.len() as u64) > left {
        let summary = format!("all blocks together give more than {} instances", super::INSTANCES_MAX);
        module.world.say("terraform.instances", Level::Error, summary, block.at, "read fewer folders at once");
        return (Keys::Count(0), Vec::new());
    }
    module.world.instances.set(left - each.len() as u64);
    (keys, each)
}

fn unknown_keys(module: &Module<'_>, at: At, what: &str, why: &Val) -> (Keys, Vec<Each>) {
    let reason = if let Val::Unknown(unknown) = why { unknown.why.to_string() } else { why.kind().to_owned() };
    let summary = format!("{what} is not known before apply ({reason}); one instance stands for all");
    module.world.say(
        "terraform.count-unknown",
        Level::Note,
        summary,
        at,
        "give the variable a default or a value to see every instance",
    );
    let unknown = if why.is_unknown() { why.clone() } else { Val::unknown(format!("{what} is not known")) };
    let each = if what == "count" { Each::Count(unknown) } else { Each::Pair(unknown.clone(), unknown) };
    (Keys::Unknown, vec![each])
}

fn counted(module: &Module<'_>, val: &Val, at: At) -> (Keys, Vec<Each>) {
    let count = match val.to_number() {
        Some(number) if number.is_integer() => usize::try_from(number).ok(),
        _ => None,
    };
    match count {
        Some(count) if count <= INSTANCES_PER_BLOCK_MAX => {
            (Keys::Count(count), (0..count).map(|index| Each::Count(Val::number(index as u64))).collect())
        }
        Some(count) => {
            let summary = format!("count is {count}, more than the {INSTANCES_PER_BLOCK_MAX} that are read");
            module.world.say(
                "terraform.instances",
                Level::Error,
                summary,
                at,
                "lower the count; one instance stands for all",
            );
            unknown_keys(module, at, "count", &Val::unknown("count is too large"))
        }
        None if val.is_unknown() => unknown_keys(module, at, "count", val),
        None => {
            let help = "give a whole number, such as `var.enabled ? 1 : 0`";
            module.world.say(
                "terraform.count",
                Level::Error,
                format!("count must be a whole number, not {}", val.kind()),
                at,
                help,
            );
            unknown_keys(module, at, "count", &Val::unknown("count is no whole number"))
        }
    }
}

fn each_of(module: &Module<'_>, val: &Val, at: At) -> (Keys, Vec<Each>) {
    let pairs: Option<BTreeMap<Arc<str>, Val>> = match val {
        Val::Map(object) if object.rest.is_none() => {
            Some(object.entries.iter().map(|(key, item)| (key.clone(), item.val.clone())).collect())
        }
        Val::Set(items) | Val::List(items) => {
            if let Some(unknown) = items.iter().map(|item| &item.val).find(|val| val.is_unknown()) {
                return unknown_keys(module, at, "for_each", unknown);
            }
            if matches!(val, Val::List(_)) {
                let help = "convert it with `toset(...)`";
                module.world.say(
                    "terraform.for-each",
                    Level::Warning,
                    "for_each needs a map or a set of strings, not a list",
                    at,
                    help,
                );
            }
            items.iter().map(|item| item.val.to_text().map(|text| (text.clone(), Val::String(text)))).collect()
        }
        _ => None,
    };
    match pairs {
        Some(pairs) if pairs.len() <= INSTANCES_PER_BLOCK_MAX => {
            let keys = pairs.keys().cloned().collect();
            (Keys::ForEach(keys), pairs.into_iter().map(|(key, val)| Each::Pair(Val::String(key), val)).collect())
        }
        Some(pairs) => {
            let summary =
                format!("for_each has {} elements, more than the {INSTANCES_PER_BLOCK_MAX} that are read", pairs.len());
            module.world.say(
                "terraform.instances",
                Level::Error,
                summary,
                at,
                "split the map; one instance stands for all",
            );
            unknown_keys(module, at, "for_each", &Val::unknown("for_each is too large"))
        }
        None if val.is_unknown() => unknown_keys(module, at, "for_each", val),
        None => {
            let summary = format!("for_each needs a map or a set of strings, not {}", val.kind());
            module.world.say("terraform.for-each", Level::Error, summary, at, "give a map or a set of strings");
            unknown_keys(module, at, "for_each", &Val::unknown("for_each is no map or set of strings"))
        }
    }
}

/// Evaluates arguments and blocks. References are noted under the path that leads to the attribute.
pub(super) fn body<'w>(
    scope: &mut Scope<'w>,
    body: &'w Body,
    path: &str,
    references: &mut Vec<Reference>,
    rest: Option<&Rc<Rest>>,
) -> Attributes {
    let mut attributes: Attributes = Vec::with_capacity(body.items.len());
    for item in &body.items {
        match item {
            hcl::Item::Attribute(attribute) => {
                let path = join(path, &attribute.name);
                let val = referring(scope, &path, references, |scope| {
                    if is_static(&attribute.name) {
                        written(scope, &attribute.value)
                    } else {
                        scope.module.clone().evaluated(scope, &attribute.value)
                    }
                });
                if !META.contains(&&*attribute.name) {
                    attributes.push((attribute.name.clone(), Item { val, at: attribute.value.at }));
                }
            }
            hcl::Item::Block(block) if &*block.kind == "dynamic" && block.labels.len() == 1 => {
                dynamic(scope, block, path, references, rest, &mut attributes);
            }
            hcl::Item::Block(block) => {
                let val = nested(scope, block, &block.kind, path, references, rest, &attributes);
                append(&mut attributes, &block.kind, Item { val, at: block.at });
            }
        }
    }
    attributes
}

/// Arguments whose expressions name things and have no value.
fn is_static(name: &str) -> bool {
    matches!(name, "provider" | "depends_on" | "providers" | "ignore_changes" | "replace_triggered_by")
}

/// A name as it was written: `aws.west`, `[tags]`.
fn written<'w>(scope: &mut Scope<'w>, expr: &'w hcl::Expr) -> Val {
    match &expr.kind {
        Kind::Tuple(items) => {
            Val::list(items.iter().map(|item| Item { val: written(scope, item), at: item.at }).collect())
        }
        Kind::Object(_) => Val::Null,
        Kind::String(text) => Val::String(text.clone()),
        Kind::Wrap(inner) => written(scope, inner),
        _ => {
            let world = scope.module.world;
            let text = world.source_text(expr.at, expr.start, expr.end);
            if text.contains('.') && !text.contains(['(', ' ']) {
                world.refer(Arc::from(format!("{}{text}", scope.module.address)));
            }
            Val::text(text)
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Evaluates and notes what that referred to.
fn referring<'w>(
    scope: &mut Scope<'w>,
    path: &str,
    references: &mut Vec<Reference>,
    eval: impl FnOnce(&mut Scope<'w>) -> Val,
) -> Val {
    let world = scope.module.world;
    let outer = world.collector.take();
    let val = eval(scope);
    let mut targets = world.collector.replace(outer);
    if let Some(Val::Unknown(unknown)) = unknown_of([&val]) {
        for refer in unknown.refers.iter() {
            if !targets.iter().any(|target| without_indexes(target) == *refer) {
                targets.push(Arc::from(refer.as_str()));
            }
        }
    }
    references
        .extend(targets.iter().map(|target| Reference { attribute: path.to_owned(), target: target.to_string() }));
    val
}

/// `module.a["x"].b.c[0]` without its indexes.
fn without_indexes(address: &str) -> String {
    let mut plain = String::with_capacity(address.len());
    let (mut inside, mut quoted, mut escaped) = (false, false, false);
    for character in address.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if inside => quoted = !quoted,
            '[' if !quoted => inside = true,
            ']' if !quoted => inside = false,
            _ if !inside => plain.push(character),
            _ => {}
        }
    }
    plain
}

/// Adds a block to the list of its kind.
fn append(attributes: &mut Attributes, kind: &Arc<str>, item: Item) {
    match attributes.iter_mut().find(|(key, _)| key == kind) {
        Some((_, Item { val: Val::List(items), .. })) => Rc::make_mut(items).push(item),
        Some((_, other)) => {
            let before = other.clone();
            other.val = Val::list(vec![before, item]);
        }
        None => {
            let at = item.at;
            attributes.push((kind.clone(), Item { val: Val::list(vec![item]), at }));
        }
    }
}

fn nested<'w>(
    scope: &mut Scope<'w>,
    block: &'w Block,
    kind: &str,
    path: &str,
    references: &mut Vec<Reference>,
    rest: Option<&Rc<Rest>>,
    before: &Attributes,
) -> Val {
    let nth = match before.iter().find(|(key, _)| &**key == kind) {
        Some((_, Item { val: Val::List(items), .. })) => items.len(),
        _ => 0,
    };
    let path = format!("{}.{nth}", join(path, kind));
    let steers = path.starts_with("lifecycle.") || path.starts_with("provisioner.") || path.starts_with("connection.");
    let rest = if steers { None } else { rest };
    let attributes = if &*block.kind == "precondition" || &*block.kind == "postcondition" {
        Attributes::new()
    } else {
        body(scope, &block.body, &path, references, rest)
    };
    let mut val = Val::object(attributes.into_iter().collect(), rest.cloned());
    if &*block.kind != "dynamic" && &*block.kind != "content" {
        // A labelled block such as `provisioner "local-exec"` stands as in Terraform's JSON syntax.
        for label in block.labels.iter().rev() {
            val = Val::map(BTreeMap::from([(label.clone(), Item { val, at: block.at })]));
        }
    }
    val
}

fn dynamic<'w>(
    scope: &mut Scope<'w>,
    block: &'w Block,
    path: &str,
    references: &mut Vec<Reference>,
    rest: Option<&Rc<Rest>>,
    attributes: &mut Attributes,
) {
    let kind = &block.labels[0];
    let (Some(for_each), Some(content)) = (block.body.attribute("for_each"), block.body.blocks("content").next())
    else {
        let help = "add `for_each` and a `content` block";
        scope.module.world.say(
            "terraform.dynamic",
            Level::Error,
            "a dynamic block needs `for_each` and `content`",
            block.at,
            help,
        );
        return;
    };
    let iterator = match block.body.attribute("iterator").map(|attribute| &attribute.value.kind) {
        Some(Kind::Variable(name)) => name.clone(),
        _ => kind.clone(),
    };
    let over =
        referring(scope, &join(path, kind), references, |scope| scope.module.clone().evaluated(scope, &for_each.value));
    let over = match over {
        Val::Null => Val::list(Vec::new()),
        other => other,
    };
    match elements(&over) {
        Ok(elements) if elements.len() <= INSTANCES_PER_BLOCK_MAX => {
            for (key, element) in elements {
                let names = scope.names.len();
                let entries = [("key", key), ("value", element.val)]
                    .map(|(name, val)| (Arc::from(name), Item { val, at: element.at }));
                scope.names.push((iterator.clone(), Val::map(BTreeMap::from(entries))));
                let val = nested(scope, content, kind, path, references, rest, attributes);
                scope.names.truncate(names);
                append(attributes, kind, Item { val, at: content.at });
            }
        }
        _ => {
            let unknown =
                if over.is_unknown() { over } else { Val::unknown(format!("the blocks `{kind}` cannot be told")) };
            let Val::Unknown(reason) = &unknown else { return };
            let why = format!("how many `{kind}` blocks there are is not known: {}", reason.why);
            let val = Val::Unknown(Rc::new(crate::Unknown::referring(why, reason.refers.clone())));
            let item = Item { val, at: block.at };
            if attributes.iter().any(|(key, _)| key == kind) {
                append(attributes, kind, item);
            } else {
                attributes.push((kind.clone(), item));
            }
        }
    }
}
