//! Functions of files: only those handed in are seen. A file that is not among them is unknown, not absent.

use super::Call;
use crate::SourceFile;
use crate::hcl;
use crate::source::{Origin, text_of};
use crate::terraform::eval::{Evaluated, Fault, Scope};
use crate::terraform::load::join;
use crate::terraform::val::{Item, Val};
use base64::Engine;

/// How deep templates may call templates.
const TEMPLATES_MAX: usize = 32;

pub(super) fn call<'w>(scope: &mut Scope<'w>, call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "abspath" | "pathexpand" => Ok(Val::unknown(format!("{} depends on where Terraform runs", call.name))),
        "basename" => call.text(0).map(|path| Val::text(base(&path))),
        "dirname" => call.text(0).map(|path| Val::text(folder(&path))),
        "file" => file(scope, call),
        "fileexists" => call.text(0).map(|path| {
            if found(scope, &path).is_some() {
                Val::Bool(true)
            } else {
                Val::unknown(format!("whether {path} exists is not known here"))
            }
        }),
        "fileset" => file_set(scope, call),
        "filebase64" => call.text(0).map(|path| match found(scope, &path) {
            Some(file) => Val::text(base64::engine::general_purpose::STANDARD.encode(&file.bytes)),
            None => absent(&path),
        }),
        "templatefile" => template_file(scope, call),
        "templatestring" => template_string(scope, call),
        _ => return None,
    })
}

/// The files below a folder that match a pattern. Only those handed in are seen: where none of them matches, others may.
fn file_set(scope: &Scope<'_>, call: &Call<'_>) -> Evaluated {
    let (path, wanted) = (call.text(0)?, call.text(1)?);
    let world = scope.module.world;
    let unknown = || Ok(Val::unknown(format!("which files of {path} match `{wanted}` is not known here")));
    let Some(base) = join(&scope.module.root, &path) else { return unknown() };
    let base = if base.is_empty() || base == "." { String::new() } else { format!("{base}/") };
    let glob = regex::RegexBuilder::new(&glob(&wanted)).size_limit(1 << 20).build();
    let glob = glob.map_err(|_| Fault::new(format!("`{wanted}` is no pattern of files")))?;
    world.charge(world.files.len())?;
    let names = world.files.iter().filter_map(|file| file.path.strip_prefix(&base));
    let found: Vec<Item> = names.filter(|name| glob.is_match(name)).map(|name| call.item(Val::text(name))).collect();
    super::size(found.len())?;
    if found.is_empty() { unknown() } else { Ok(Val::set(found)) }
}

/// A pattern of files as a regular expression: `*` and `?` stay within a folder, `**` does not, `{a,b}` is either.
fn glob(pattern: &str) -> String {
    let mut out = String::from("^");
    let mut rest = pattern.chars().peekable();
    let mut braces = 0;
    while let Some(next) = rest.next() {
        match next {
            '*' if rest.next_if_eq(&'*').is_some() => {
                out.push_str(if rest.next_if_eq(&'/').is_some() { "(?:[^/]*/)*" } else { ".*" });
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                braces += 1;
                out.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                out.push(')');
            }
            ',' if braces > 0 => out.push('|'),
            '[' => {
                out.push('[');
                if rest.next_if_eq(&'!').is_some() {
                    out.push('^');
                }
            }
            ']' | '^' => out.push(next),
            '\\' => out.push_str(&regex::escape(&rest.next().unwrap_or('\\').to_string())),
            other => {
                out.push_str(if other == '-' { "-".to_owned() } else { regex::escape(&other.to_string()) }.as_str())
            }
        }
    }
    out.push('$');
    out
}

/// A file by a path as Terraform resolves it: from the folder of the root module.
pub(super) fn found<'w>(scope: &Scope<'w>, path: &str) -> Option<&'w SourceFile> {
    let root = &scope.module.root;
    scope.module.world.file(&join(root, path)?)
}

pub(super) fn absent(path: &str) -> Val {
    Val::unknown(format!("the file {path} is not among those that were read"))
}

fn base(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some("") if path.is_empty() => ".",
        Some("") => "/",
        Some(name) => name,
        None => ".",
    }
}

fn folder(path: &str) -> String {
    match path.rsplit_once('/') {
        None => ".".to_owned(),
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => clean(folder),
    }
}

/// A path without `.`, `..` and doubled slashes, as Go's `path.Clean`.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn file(scope: &Scope<'_>, call: &Call<'_>) -> Evaluated {
    let path = call.text(0)?;
    let Some(file) = found(scope, &path) else { return Ok(absent(&path)) };
    match std::str::from_utf8(&file.bytes) {
        Ok(text) => {
            scope.module.world.charge(text.len() / 64)?;
            Ok(Val::text(text))
        }
        Err(_) => Err(Fault::new(format!("{path} is no UTF-8 text"))),
    }
}

fn template_file<'w>(scope: &mut Scope<'w>, call: &Call<'_>) -> Evaluated {
    let path = call.text(0)?;
    let Some(file) = found(scope, &path) else { return Ok(absent(&path)) };
    let world = scope.module.world;
    let known = world.template_files.borrow().get(file.path.as_str()).copied();
    let template = match known {
        Some(template) => template,
        None => {
            let index = world
                .by_path
                .get(file.path.as_str())
                .copied()
                .and_then(|index| u32::try_from(index).ok())
                .unwrap_or_default();
            let parsed = text_of(&file.bytes, &file.path)
                .and_then(|text| hcl::parse_template(text, Origin::nth(&file.path, index)));
            let parsed = parsed.map_err(|fault| Fault::new(format!("{}: {}", fault.place, fault.summary)))?;
            let template: &'w hcl::Expr = world.templates.alloc(parsed);
            world.template_files.borrow_mut().insert(file.path.clone(), template);
            template
        }
    };
    render(scope, call, template)
}

fn template_string<'w>(scope: &mut Scope<'w>, call: &Call<'_>) -> Evaluated {
    let text = call.text(0)?;
    let mut parsed = hcl::parse_template(&text, Origin::of("")).map_err(|fault| Fault::new(fault.summary.clone()))?;
    hcl::set_place(&mut parsed, call.at);
    scope.module.world.charge(text.len())?;
    let template: &'w hcl::Expr = scope.module.world.templates.alloc(parsed);
    render(scope, call, template)
}

/// Evaluates a template that sees only the variables given.
fn render<'w>(scope: &mut Scope<'w>, call: &Call<'_>, template: &'w hcl::Expr) -> Evaluated {
    if scope.names.iter().filter(|(name, _)| name.is_empty()).count() >= TEMPLATES_MAX {
        return Err(Fault::new("templates call each other too deep"));
    }
    let mut inner = Scope::of(&scope.module);
    // A nameless entry for each template on the way here.
    inner.names.extend(scope.names.iter().filter(|(name, _)| name.is_empty()).cloned());
    inner.names.push((std::sync::Arc::from(""), Val::Null));
    if let Ok(object) = call.object(1) {
        inner.names.extend(object.entries.iter().map(|(key, item)| (key.clone(), item.val.clone())));
    }
    inner.eval(template)
}
