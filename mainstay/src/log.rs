//! `mainstay log templates`: lines of any length and number, in bounded memory (with `--lines` eight bytes a line).

use crate::Context;
use crate::arguments::{Format, LogTemplates};
use mainstay_kit::Problem;
use mainstay_logs::{Header, Level, Limits, Miner, Template, TemplateId};
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::FILE_BYTES_MAX;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;

/// How much of a line is read; the rest is passed over.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// How many lines pass between two words of progress.
const PROGRESS_LINES: u64 = 100_000;
/// Names under which structured logs keep the message, the likeliest first.
const MESSAGES: &[&str] = &["message", "msg", "MESSAGE", "log", "body", "text", "event"];
/// Names under which they keep the level.
const LEVELS: &[&str] = &["level", "severity", "lvl", "loglevel", "levelname", "PRIORITY"];
/// Names under which they keep what wrote the line.
const COMPONENTS: &[&str] = &["logger", "component", "SYSLOG_IDENTIFIER", "name", "module"];

/// What is learnt of lines.
struct Reading {
    miner: Miner,
    bare: bool,
    /// Of each template the worst level, and what wrote it first.
    about: HashMap<TemplateId, (Option<Level>, Option<String>)>,
    /// The template of each line, where it is asked for.
    of_lines: Option<Vec<TemplateId>>,
}

/// Prints the templates of logs; exits with 1 where there are new ones beside those known, and with 2 where a file could
/// not be read.
pub fn templates(context: &Context, ask: &LogTemplates) -> Result<ExitCode, Problem> {
    let known = ask.known.as_deref().map(|path| known(context, path)).transpose()?;
    let of_lines = ask.lines.then(Vec::new);
    let mut reading = Reading { miner: Miner::new(Limits::default()), bare: ask.bare, about: HashMap::new(), of_lines };
    let input = [std::path::PathBuf::from("-")];
    let mut unread = 0;
    for file in if ask.files.is_empty() { &input[..] } else { &ask.files } {
        if let Err(diagnostic) = reading.read(context, file) {
            context.view.complain(&diagnostic);
            unread += 1;
        }
    }
    context.view.clear();
    let new = reading.show(context, known.as_ref(), unread);
    Ok(match (unread, new) {
        (1.., _) => ExitCode::from(2),
        (0, true) => ExitCode::from(1),
        (0, false) => ExitCode::SUCCESS,
    })
}

/// The ids that an earlier run printed.
fn known(context: &Context, path: &Path) -> Result<HashSet<String>, Problem> {
    let shown = path.display();
    let help = "give the output of `mainstay log templates --format json`";
    let wrong = |why: String| Problem::malformed("log.known", format!("failed to read {shown}: {why}; {help}"));
    let bytes = context.outside.read(path, FILE_BYTES_MAX).map_err(|e| wrong(e.to_string()))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
    let rows = value["templates"].as_array().ok_or_else(|| wrong("there is no list `templates`".to_owned()))?;
    let id = |row: &Value| row["id"].as_str().map(str::to_owned).ok_or_else(|| wrong(format!("{row} has no `id`")));
    rows.iter().map(id).collect()
}

impl Reading {
    fn read(&mut self, context: &Context, file: &Path) -> Result<(), Diagnostic> {
        let name = file.to_string_lossy().into_owned();
        let unreadable = |e: String, line: u64| {
            let place = match u32::try_from(line) {
                Ok(line) if line > 0 => Place::at(name.as_str(), line, 1),
                _ => Place::file(name.clone()),
            };
            Diagnostic::error("log.unreadable", e, place, "name a file of lines, or - for standard input")
        };
        let source: Box<dyn Read> = if file == Path::new("-") {
            Box::new(std::io::stdin())
        } else {
            Box::new(context.outside.open(file).map_err(|e| unreadable(e.to_string(), 0))?)
        };
        let mut source = BufReader::with_capacity(1 << 16, source);
        let mut line = Vec::new();
        let mut number = 0;
        while read_line(&mut source, &mut line)
            .map_err(|e| unreadable(format!("failed to read on: {e}"), number + 1))?
        {
            number += 1;
            self.learn(&String::from_utf8_lossy(&line));
            if number % PROGRESS_LINES == 0 {
                context.view.progress(&format!("{name}: {number} lines"));
            }
        }
        Ok(())
    }

    fn learn(&mut self, line: &str) {
        let structured = if self.bare { None } else { structured(line) };
        let header = match &structured {
            Some((message, _, _)) => Header { message, ..Header::default() },
            None if self.bare => Header { message: line, ..Header::default() },
            None => Header::of(line),
        };
        let id = self.miner.learn(header.message);
        let (level, component) = match &structured {
            Some((_, level, component)) => (*level, component.as_deref()),
            None => (header.level, header.component),
        };
        let about = self.about.entry(id).or_default();
        about.0 = about.0.max(level);
        if about.1.is_none() {
            about.1 = component.map(str::to_owned);
        }
        if let Some(lines) = &mut self.of_lines {
            lines.push(id);
        }
    }

    /// Prints, and says whether there are templates that were not known.
    fn show(&self, context: &Context, known: Option<&HashSet<String>>, unread: usize) -> bool {
        let mut about: HashMap<TemplateId, (Option<Level>, Option<&str>)> = HashMap::new();
        for (id, (level, component)) in &self.about {
            let entry = about.entry(self.miner.current(*id)).or_default();
            entry.0 = entry.0.max(*level);
            entry.1 = entry.1.or(component.as_deref());
        }
        let row = |template: &Template| {
            let (level, component) = about.get(&template.id).copied().unwrap_or_default();
            json!({
                "id": template.id.to_string(), "lines": template.lines, "first_line": template.first + 1,
                "last_line": template.last + 1, "level": level.map(Level::as_str), "component": component,
                "template": template.text, "example": template.example,
            })
        };
        let all = self.miner.templates();
        let is_new = |template: &&Template| known.is_none_or(|known| !known.contains(&template.id.to_string()));
        let shown: Vec<&Template> = all.iter().filter(is_new).collect();
        if let Some(lines) = &self.of_lines {
            self.show_lines(context, lines);
        } else {
            let rows: Vec<Value> = shown.iter().map(|template| row(template)).collect();
            let columns: &[&str] = match context.view.format {
                Format::Table => &["lines", "level", "component", "template"],
                _ => &["id", "lines", "first_line", "last_line", "level", "component", "template"],
            };
            let answer = json!({
                "templates": rows, "lines": self.miner.lines(), "known": all.len() - shown.len(), "unread_files": unread,
            });
            context.view.rows(columns, &answer);
        }
        known.is_some() && !shown.is_empty()
    }

    fn show_lines(&self, context: &Context, lines: &[TemplateId]) {
        let row = |(at, id): (usize, &TemplateId)| {
            let id = self.miner.current(*id);
            let text = self.miner.template(id).map(|template| template.text);
            json!({"line": at + 1, "id": id.to_string(), "template": text})
        };
        let rows: Vec<Value> = lines.iter().enumerate().map(row).collect();
        context.view.rows(&["line", "id", "template"], &json!({"of_lines": rows, "lines": lines.len()}));
    }
}

/// Reads a line without its end; `false` at the end of the input. What goes beyond the bound is passed over.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = match source.fill_buf() {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        let room = LINE_BYTES_MAX.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(buffer.len(), |end| end + 1);
        source.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Message, level and component of a line that is a JSON object.
fn structured(line: &str) -> Option<(String, Option<Level>, Option<String>)> {
    if !line.trim_start().starts_with('{') {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |names: &[&str]| names.iter().find_map(|name| value.get(*name)?.as_str().map(str::to_owned));
    let level = LEVELS.iter().find_map(|name| level(value.get(*name)?));
    Some((text(MESSAGES)?, level, text(COMPONENTS)))
}

/// A level by name, or by syslog's number (RFC 5424, section 6.2.1), which journald writes as text.
fn level(value: &Value) -> Option<Level> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.parse::<u8>() {
        Ok(0..=2) => Some(Level::Fatal),
        Ok(3) => Some(Level::Error),
        Ok(4) => Some(Level::Warning),
        Ok(5 | 6) => Some(Level::Info),
        Ok(7) => Some(Level::Debug),
        _ => Level::of(&text),
    }
}
