//! Evaluates expressions. What only a deployment knows is unknown, and says why.

use super::expr::{Element, Expr, Kind, Loop, Over, Property};
use super::functions;
use super::scope::{Env, Local, Scope};
use crate::value::MapBuilder;
use crate::{Dialect, Map, Node, Unknown, Value};
use rust_decimal::prelude::ToPrimitive;
use std::sync::Arc;

/// How deep evaluation goes through variables, parameters and functions, at most.
pub(crate) const EVAL_DEPTH_MAX: usize = 2_000;
/// How many times a loop runs, at most; Azure itself refuses more than 800.
pub const LOOP_MAX: usize = 10_000;
/// How many bytes a computed text has, at most.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;

/// A value that is not known.
pub(crate) fn unknown(why: impl Into<Arc<str>>, refers: &[String]) -> Value {
    Value::Unknown(Unknown::referring(why, refers.into()))
}

/// The doubt of several values: the first reason, and everything that they refer to.
pub(crate) fn doubt<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> Option<Value> {
    let mut why: Option<Arc<str>> = None;
    let mut refers: Vec<String> = Vec::new();
    for node in nodes {
        if let Value::Unknown(unknown) = &node.value {
            why.get_or_insert_with(|| unknown.why.clone());
            for target in unknown.refers.iter() {
                if !refers.contains(target) {
                    refers.push(target.clone());
                }
            }
        }
    }
    why.map(|why| Value::Unknown(Unknown::referring(why, refers.into())))
}

impl<'w> Scope<'w> {
    /// The value of an expression, with the place of the expression.
    pub(crate) fn eval(&self, expr: &'w Expr, env: Option<&Env<'_>>) -> Node {
        let value = match self.world.enter() {
            Ok(()) => {
                let value = self.value(expr, env);
                self.world.leave();
                value
            }
            Err(why) => unknown(why, &[]),
        };
        Node { value, at: expr.at }
    }

    fn value(&self, expr: &'w Expr, env: Option<&Env<'_>>) -> Value {
        match &expr.kind {
            Kind::Literal(value) => value.clone(),
            Kind::Bracketed(_, inner) => self.eval(inner, env).value,
            Kind::Text(parts) => functions::text::concat(&self.all(parts, env)),
            Kind::Array(elements) => self.array(elements, env),
            Kind::Object(properties) => self.object(properties, env),
            Kind::Call(name, arguments) => self.call(expr, name, arguments, env),
            Kind::Method(of, name, _) => {
                let of = self.eval(of, env);
                let refers = refers_of(&of);
                unknown(format!("what `{name}()` gives is known only once it is deployed"), &refers)
            }
            Kind::Name(name) => self.named(expr, name, env),
            Kind::Member { of, name, safe } => self.member(of, name, *safe, env),
            Kind::Index { of, index, safe } => self.index(of, index, *safe, env),
            Kind::Lambda(..) => unknown("a lambda stands where a value should be", &[]),
            Kind::Loop(made) => self.made(made, env),
        }
    }

    pub(crate) fn all(&self, exprs: &'w [Expr], env: Option<&Env<'_>>) -> Vec<Node> {
        exprs.iter().map(|expr| self.eval(expr, env)).collect()
    }

    fn array(&self, elements: &'w [Element], env: Option<&Env<'_>>) -> Value {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Element::One(expr) => items.push(self.eval(expr, env)),
                Element::Spread(expr) => match self.eval(expr, env).value {
                    Value::List(spread) => items.extend(spread),
                    doubt @ Value::Unknown(_) => return doubt,
                    _ => return unknown("something that is no array is spread in an array", &[]),
                },
            }
        }
        Value::List(items)
    }

    fn object(&self, properties: &'w [Property], env: Option<&Env<'_>>) -> Value {
        let mut map = MapBuilder::default();
        for property in properties {
            match property {
                Property::Set(key, value) => match self.eval(key, env).value {
                    Value::String(key) => {
                        map.set(key, self.eval(value, env));
                    }
                    Value::Number(key) => {
                        map.set(key.to_string().into(), self.eval(value, env));
                    }
                    // Which property it is, nobody knows; it must not hide that there is one.
                    _ => {
                        map.set(format!("[{key}]").into(), self.eval(value, env));
                    }
                },
                Property::Spread(expr) => match self.eval(expr, env).value {
                    Value::Map(spread) => {
                        for (key, node) in spread.into_entries() {
                            map.set(key, node);
                        }
                    }
                    doubt @ Value::Unknown(_) => return doubt,
                    _ => {}
                },
            }
        }
        Value::Map(map.finish())
    }

    fn call(&self, expr: &'w Expr, name: &Arc<str>, arguments: &'w [Expr], env: Option<&Env<'_>>) -> Value {
        if let Some(value) = functions::lazy(self, expr, name, arguments, env) {
            return value;
        }
        if let Some(function) = self.template.functions.get(name) {
            return self.own_function(function, arguments, env);
        }
        let values = self.all(arguments, env);
        let value = functions::call(name, &values);
        match self.world.charge(weight(&value) / 8) {
            Ok(()) => value,
            Err(why) => unknown(why, &[]),
        }
    }

    /// Calls a function that the template defines.
    fn own_function(
        &self,
        function: &'w super::template::Function,
        arguments: &'w [Expr],
        env: Option<&Env<'_>>,
    ) -> Value {
        let values = self.all(arguments, env);
        self.with_arguments(&function.parameters, &values, None, &function.body)
    }

    /// Evaluates a body in which names stand for values, one bound after the other.
    pub(crate) fn with_arguments(
        &self,
        names: &[Arc<str>],
        values: &[Node],
        env: Option<&Env<'_>>,
        body: &'w Expr,
    ) -> Value {
        match (names.split_first(), values.split_first()) {
            (Some((name, names)), Some((value, values))) => {
                let bound = Env { outer: env, local: Local::Variable, name, node: value };
                self.with_arguments(names, values, Some(&bound), body)
            }
            _ => self.eval(body, env).value,
        }
    }

    fn named(&self, expr: &Expr, name: &Arc<str>, env: Option<&Env<'_>>) -> Value {
        if let Some(node) = Env::find(env, Local::Variable, name) {
            return self.world.copied(node);
        }
        if let Some(index) = self.template.parameter(name) {
            return self.parameter(index);
        }
        if let Some(index) = self.template.variable(name) {
            return self.variable(index);
        }
        if let Some(symbol) = self.symbol(name) {
            return unknown(
                format!("`{name}` is known only once it is deployed"),
                std::slice::from_ref(&symbol.address),
            );
        }
        if let Some(what) = self.template.foreign.get(name) {
            return unknown(format!("`{name}` comes from {what}, which is not read"), &[]);
        }
        if self.template.dialect == Dialect::Arm {
            let help = "write a function such as parameters('name') or variables('name'), or a text in single quotes";
            self.world.say("arm.name", format!("`{name}` is no function"), expr.at, help);
        } else {
            let help = "declare it with param, var, resource or module, or correct its name";
            self.world.say("bicep.name", format!("`{name}` is not declared in this file"), expr.at, help);
        }
        unknown(format!("`{name}` is not declared"), &[])
    }

    fn member(&self, of: &'w Expr, name: &Arc<str>, safe: bool, env: Option<&Env<'_>>) -> Value {
        if let Some(value) = self.of_symbol(of, name, env) {
            return value;
        }
        let of = self.eval(of, env);
        match of.value {
            Value::Map(map) => match super::load::field(&map, name) {
                Some(node) => self.world.copied(node),
                None if safe => Value::Null,
                None => unknown(format!("there is no `{name}` in the object"), &[]),
            },
            Value::Null if safe => Value::Null,
            doubt @ Value::Unknown(_) => doubt,
            _ => unknown(format!("`.{name}` is asked of something that is no object"), &[]),
        }
    }

    /// What of a declared resource is known before it is deployed.
    fn of_symbol(&self, of: &'w Expr, name: &str, env: Option<&Env<'_>>) -> Option<Value> {
        let (symbol, indexed) = match &of.kind {
            Kind::Name(symbol) => (symbol, false),
            Kind::Index { of, .. } => match &of.kind {
                Kind::Name(symbol) => (symbol, true),
                _ => return None,
            },
            _ => return None,
        };
        if Env::find(env, Local::Variable, symbol).is_some() {
            return None;
        }
        let target = self.symbol(symbol)?;
        match (name, &target.declared.name) {
            ("type", _) => Some(Value::String(target.declared.resource_type.clone())),
            ("apiVersion", _) => Some(Value::String(target.declared.api_version.clone())),
            ("name", Some(own)) if !indexed && target.declared.over.is_none() => {
                let value = self.eval(own, None).value;
                Some(match value {
                    Value::Unknown(doubt) => unknown(doubt.why, std::slice::from_ref(&target.address)),
                    known => known,
                })
            }
            _ => Some(unknown(
                format!("`{symbol}.{name}` is known only once it is deployed"),
                std::slice::from_ref(&target.address),
            )),
        }
    }

    fn index(&self, of: &'w Expr, index: &'w Expr, safe: bool, env: Option<&Env<'_>>) -> Value {
        let (of, index) = (self.eval(of, env), self.eval(index, env));
        if let Some(doubt) = doubt([&of, &index]) {
            return doubt;
        }
        let found = match (&of.value, &index.value) {
            (Value::List(items), Value::Number(at)) => {
                let at = if at.is_sign_negative() {
                    (*at).to_i64().and_then(|at| usize::try_from(items.len() as i64 + at).ok())
                } else {
                    at.to_usize()
                };
                at.and_then(|at| items.get(at))
            }
            (Value::Map(map), Value::String(name)) => super::load::field(map, name),
            _ => None,
        };
        match found {
            Some(node) => self.world.copied(node),
            None if safe => Value::Null,
            None => unknown("the index names nothing that is there", &[]),
        }
    }

    /// A list that a loop makes.
    fn made(&self, made: &'w Loop, env: Option<&Env<'_>>) -> Value {
        let mut items = Vec::new();
        match self.each(&made.over, env, &mut |env| items.push(self.eval(&made.body, env))) {
            Ok(()) => Value::List(items),
            Err(why) => why,
        }
    }

    /// Runs something for each turn of a loop, or gives the reason why nobody knows how often it runs.
    pub(crate) fn each(
        &self,
        over: &'w Over,
        env: Option<&Env<'_>>,
        visit: &mut dyn FnMut(Option<&Env<'_>>),
    ) -> Result<(), Value> {
        match over {
            Over::Count { name, count } => {
                let at = count.at;
                let count = match self.eval(count, env).value {
                    Value::Number(count) => count.to_usize().unwrap_or(usize::MAX),
                    doubt @ Value::Unknown(_) => return Err(doubt),
                    _ => return Err(unknown("the count of a copy is no number", &[])),
                };
                self.bounded(count, at)?;
                for turn in 0..count {
                    let node = Node { value: Value::Number(turn.into()), at };
                    visit(Some(&Env { outer: env, local: Local::Copy, name, node: &node }));
                }
                Ok(())
            }
            Over::List { item, index, list, when } => {
                self.each_item((item, index.as_ref(), when.as_ref()), list, env, visit)
            }
        }
    }

    fn each_item(
        &self,
        (item, index, when): (&'w Arc<str>, Option<&'w Arc<str>>, Option<&'w Expr>),
        list: &'w Expr,
        env: Option<&Env<'_>>,
        visit: &mut dyn FnMut(Option<&Env<'_>>),
    ) -> Result<(), Value> {
        let at = list.at;
        let items = match self.eval(list, env).value {
            Value::List(items) => items,
            doubt @ Value::Unknown(_) => return Err(doubt),
            _ => return Err(unknown("a loop goes over something that is no array", &[])),
        };
        self.bounded(items.len(), at)?;
        for (turn, node) in items.iter().enumerate() {
            let turn = Node { value: Value::Number(turn.into()), at };
            let bound = Env { outer: env, local: Local::Variable, name: item, node };
            let counted = index.map(|name| Env { outer: Some(&bound), local: Local::Variable, name, node: &turn });
            let here = counted.as_ref().unwrap_or(&bound);
            let wanted = when.map(|when| self.eval(when, Some(here)).value);
            if !matches!(wanted, Some(Value::Bool(false))) {
                visit(Some(&Env { outer: Some(here), local: Local::Copy, name: "", node: &turn }));
            }
        }
        Ok(())
    }

    fn bounded(&self, count: usize, at: crate::At) -> Result<(), Value> {
        if count <= LOOP_MAX {
            return Ok(());
        }
        self.world.say(
            "arm.loop",
            format!("a loop of {count} turns, more than the {LOOP_MAX} that are followed"),
            at,
            "Azure deploys at most 800 copies: split the list",
        );
        Err(unknown(format!("the loop has more than {LOOP_MAX} turns"), &[]))
    }
}

/// What a value refers to.
pub(crate) fn refers_of(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Unknown(unknown) => unknown.refers.to_vec(),
        _ => Vec::new(),
    }
}

/// How much a value weighs in steps: its nodes, and its text by pieces of 64 bytes.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / 64,
        Value::List(items) => 1 + items.iter().map(|node| weight(&node.value)).sum::<usize>(),
        Value::Map(map) => 1 + map_weight(map),
        _ => 1,
    }
}

fn map_weight(map: &Map) -> usize {
    map.iter().map(|(_, node)| weight(&node.value)).sum()
}
