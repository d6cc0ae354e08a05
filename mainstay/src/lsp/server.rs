//! What the server knows of the editor's files, and its answers.

use super::fix::{self, Replacement};
use super::place::{Unit, path_of, uri_of};
use crate::scan::{Gathered, Judge, Judged, Listing};
use mainstay_iac::SourceFile;
use mainstay_model::{Level, Severity, Verdict};
use mainstay_outside::Outside;
use mainstay_policy::{Judgement, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many findings one hover explains.
const HOVERED_MAX: usize = 4;

/// A text that the editor holds.
struct Open {
    text: String,
    /// Its version, which what is said of it carries, so that the editor can tell what is about an older text.
    version: Option<i64>,
}

/// The server of one editor.
pub struct Server {
    outside: Outside,
    judge: Judge,
    unit: Unit,
    /// Folders that are open.
    folders: Vec<PathBuf>,
    /// Texts that the editor holds, saved or not, by path.
    open: BTreeMap<String, Open>,
    /// The editor takes an edit with the version of the text that it is meant for.
    versioned: bool,
    gathered: Gathered,
    judged: Option<Judged>,
    /// Files of which something was said, so that it can be taken back.
    said: BTreeSet<String>,
    /// The files on the disk may have changed.
    stale: bool,
    /// The code may have changed.
    dirty: bool,
    shut: bool,
    ended: Option<bool>,
}

impl Server {
    /// A server that knows nothing yet.
    pub fn new(outside: Outside, judge: Judge) -> Self {
        Self {
            outside,
            judge,
            unit: Unit::Utf16,
            folders: Vec::new(),
            open: BTreeMap::new(),
            versioned: false,
            gathered: Gathered::default(),
            judged: None,
            said: BTreeSet::new(),
            stale: true,
            dirty: false,
            shut: false,
            ended: None,
        }
    }

    /// Whether the editor said that it ends, and whether in the right order.
    pub fn ended(&self) -> Option<bool> {
        self.ended
    }

    /// Takes a message and gives the answer to it.
    pub fn take(&mut self, message: &Value) -> Vec<Value> {
        let (id, method) = (message.get("id"), message["method"].as_str().unwrap_or_default());
        let params = &message["params"];
        let result = match method {
            "initialize" => self.initialize(params),
            "shutdown" => {
                self.shut = true;
                Value::Null
            }
            "exit" => {
                self.ended = Some(self.shut);
                return Vec::new();
            }
            "textDocument/hover" => self.hover(params),
            "textDocument/codeAction" => self.actions(params),
            _ => {
                self.notice(method, params);
                return match id {
                    Some(id) if message.get("method").is_some() => {
                        let error = json!({"code": -32601, "message": format!("there is no method {method}")});
                        vec![json!({"jsonrpc": "2.0", "id": id, "error": error})]
                    }
                    _ => Vec::new(),
                };
            }
        };
        id.map(|id| json!({"jsonrpc": "2.0", "id": id, "result": result})).into_iter().collect()
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.versioned = params["capabilities"]["workspace"]["workspaceEdit"]["documentChanges"] == true;
        self.unit = Unit::of(&params["capabilities"]["general"]["positionEncodings"]);
        let several = params["workspaceFolders"].as_array().into_iter().flatten().filter_map(|one| one["uri"].as_str());
        self.folders = several.filter_map(path_of).collect();
        if self.folders.is_empty() {
            self.folders.extend(params["rootUri"].as_str().and_then(path_of));
        }
        self.dirty = true;
        json!({
            "capabilities": {
                "positionEncoding": self.unit.as_str(),
                "textDocumentSync": {"openClose": true, "change": 1, "save": true},
                "hoverProvider": true,
                "codeActionProvider": {"codeActionKinds": ["quickfix"]},
            },
            "serverInfo": {"name": "mainstay", "version": env!("CARGO_PKG_VERSION")},
        })
    }

    /// Takes what needs no answer.
    fn notice(&mut self, method: &str, params: &Value) {
        let path = params["textDocument"]["uri"].as_str().and_then(path_of).map(|path| shown(&path));
        match (method, path) {
            ("textDocument/didOpen", Some(path)) => {
                let text = params["textDocument"]["text"].as_str().unwrap_or_default();
                let inside = self.folders.iter().any(|folder| Path::new(&path).starts_with(folder));
                if let (false, Some(folder)) = (inside, Path::new(&path).parent()) {
                    self.folders.push(folder.to_owned());
                    self.stale = true;
                }
                let version = params["textDocument"]["version"].as_i64();
                self.open.insert(path, Open { text: text.to_owned(), version });
            }
            ("textDocument/didChange", Some(path)) => {
                let text = params["contentChanges"].as_array().and_then(|all| all.last());
                if let Some(text) = text.and_then(|change| change["text"].as_str()) {
                    let version = params["textDocument"]["version"].as_i64();
                    self.open.insert(path, Open { text: text.to_owned(), version });
                }
            }
            ("textDocument/didClose", Some(path)) => {
                self.open.remove(&path);
                self.stale = true;
            }
            ("textDocument/didSave" | "workspace/didChangeWatchedFiles", _) => self.stale = true,
            _ => return,
        }
        self.dirty = true;
    }

    /// Judges anew where something changed, and says of every file what is to be shown.
    pub fn refresh(&mut self) -> Vec<Value> {
        if !self.dirty || self.folders.is_empty() {
            return Vec::new();
        }
        if self.stale {
            let before = std::mem::take(&mut self.gathered);
            self.gathered = Listing::of(&self.outside, &self.folders).read(&self.outside, before);
            self.stale = false;
        }
        self.dirty = false;
        let mut sources = self.sources();
        let judged = self.judge.judge(&mut sources, Wanted::Findings);
        let mut by_file: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for judgement in &judged.judging.judgements {
            if judgement.verdict != Verdict::Waived {
                by_file.entry(judgement.file.to_string()).or_default().push(self.of_judgement(judgement));
            }
        }
        for diagnostic in &judged.diagnostics {
            let text = self.text(&diagnostic.place.file);
            let severity = match diagnostic.level {
                Level::Error => 1,
                Level::Warning => 2,
                Level::Note => 4,
            };
            by_file.entry(diagnostic.place.file.clone()).or_default().push(json!({
                "range": self.unit.rest_of_line(&text, diagnostic.place.line.max(1), diagnostic.place.column.max(1)),
                "severity": severity,
                "code": diagnostic.code,
                "source": "mainstay",
                "message": format!("{}\nmend: {}", diagnostic.summary, diagnostic.help),
            }));
        }
        self.judged = Some(judged);
        let now: BTreeSet<String> = by_file.keys().cloned().collect();
        for gone in self.said.difference(&now) {
            by_file.insert(gone.clone(), Vec::new());
        }
        self.said = now;
        let notice = |(path, diagnostics): (String, Vec<Value>)| {
            let mut params = json!({"uri": uri_of(Path::new(&path)), "diagnostics": diagnostics});
            if let Some(version) = self.open.get(&path).and_then(|open| open.version) {
                params["version"] = version.into();
            }
            json!({"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params})
        };
        by_file.into_iter().filter(|(path, _)| path.starts_with('/')).map(notice).collect()
    }

    /// The files of the disk, with the editor's text where it has one.
    fn sources(&self) -> Vec<SourceFile> {
        let on_disk = self.gathered.sources.iter().filter(|file| !self.open.contains_key(&file.path)).cloned();
        let open =
            self.open.iter().map(|(path, open)| SourceFile { path: path.clone(), bytes: open.text.clone().into() });
        let mut sources: Vec<SourceFile> = on_disk.chain(open).collect();
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources
    }

    fn text(&self, path: &str) -> String {
        let on_disk = || {
            let file = self.gathered.sources.iter().find(|file| file.path == path);
            file.map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).unwrap_or_default()
        };
        self.open.get(path).map_or_else(on_disk, |open| open.text.clone())
    }

    fn of_judgement(&self, judgement: &Judgement) -> Value {
        let (line, column) = spot(judgement);
        let severity = match (judgement.verdict, judgement.severity) {
            (Verdict::Unknown, _) => 4,
            (_, Severity::Critical | Severity::High) => 1,
            (_, Severity::Medium) => 2,
            _ => 3,
        };
        let doubt = if judgement.verdict == Verdict::Unknown { "could not tell: " } else { "" };
        let elsewhere = judgement.causes.iter().filter(|cause| cause.file != judgement.file);
        let related: Vec<Value> = elsewhere
            .map(|cause| {
                let range = self.unit.rest_of_line(&self.text(&cause.file), cause.line, cause.column);
                let place = json!({"uri": uri_of(Path::new(&*cause.file)), "range": range});
                json!({"location": place, "message": cause.attribute})
            })
            .collect();
        json!({
            "range": self.unit.rest_of_line(&self.text(&judgement.file), line, column),
            "severity": severity,
            "code": &*judgement.control,
            "source": "mainstay",
            "message": format!("{doubt}{} ({})\n{}", judgement.title, judgement.resource, judgement.why),
            "relatedInformation": related,
        })
    }

    /// The findings that are shown on a range of lines (from 0) of a file, each once.
    fn on_lines(&self, path: &str, first: u64, last: u64) -> Vec<&Judgement> {
        let Some(judged) = &self.judged else { return Vec::new() };
        let here = |judgement: &&Judgement| {
            let line = u64::from(spot(judgement).0.saturating_sub(1));
            *judgement.file == *path && judgement.verdict != Verdict::Waived && first <= line && line <= last
        };
        let mut found: Vec<&Judgement> = judged.judging.judgements.iter().filter(here).collect();
        let mut seen = BTreeSet::new();
        found.retain(|judgement| seen.insert((&judgement.control, judgement.line)));
        found
    }

    /// Why there is a finding, what would change it, and how to mend it.
    fn hover(&mut self, params: &Value) -> Value {
        let path = params["textDocument"]["uri"].as_str().and_then(path_of).map(|path| shown(&path));
        let (Some(path), Some(line)) = (path, params["position"]["line"].as_u64()) else { return Value::Null };
        self.settle();
        let found: Vec<Judgement> = self.on_lines(&path, line, line).into_iter().take(HOVERED_MAX).cloned().collect();
        if found.is_empty() {
            return Value::Null;
        }
        let pages: Vec<String> = found.iter().map(|judgement| self.page(judgement)).collect();
        json!({"contents": {"kind": "markdown", "value": pages.join("\n\n---\n\n")}})
    }

    fn page(&mut self, judgement: &Judgement) -> String {
        let mut out = format!("**{}** `{}` ({})\n", judgement.title, judgement.control, judgement.severity);
        let reasons = judgement.why.split("; ").filter(|reason| !reason.is_empty());
        reasons.for_each(|reason| out += &format!("\n- {reason}"));
        for text in self.changes(judgement) {
            out += &format!("\n- {text}: then it passes");
        }
        let why = self.judge.engine.control(&judgement.control).map(|control| control.why.trim()).unwrap_or_default();
        out + &format!("\n\n{why}\n\n{}", crate::explain::mend(judgement))
    }

    fn changes(&mut self, judgement: &Judgement) -> Vec<String> {
        let Some(judged) = &mut self.judged else { return Vec::new() };
        let control = self.judge.engine.control(&judgement.control);
        let explained = control.zip(index_of(judged, judgement));
        let explained =
            explained.and_then(|(control, index)| self.judge.engine.explain(&mut judged.reading, control, index));
        let masks = &judged.masks;
        let text = |change: mainstay_policy::Change| masks.hide(&change.text).into_owned();
        explained.map(|explained| explained.changes.into_iter().map(text).collect()).unwrap_or_default()
    }

    /// Fixes of the findings on the lines.
    fn actions(&mut self, params: &Value) -> Value {
        let uri = params["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
        let line = |end: &str| params["range"][end]["line"].as_u64();
        let (Some(path), Some(first), Some(last)) = (path_of(&uri), line("start"), line("end")) else {
            return json!([]);
        };
        let path = shown(&path);
        self.settle();
        let found: Vec<Judgement> = self.on_lines(&path, first, last).into_iter().cloned().collect();
        let mut out = Vec::new();
        for judgement in found.iter().filter(|_| is_native(&path)) {
            let text = self.text(&path);
            if let Some((title, replacements)) = self.fix(judgement, &text) {
                out.push(self.action(&uri, judgement, &title, &text, &replacements));
            }
        }
        Value::Array(out)
    }

    /// The first fix after which the control passes: that of the control's page, else the smallest change.
    fn fix(&mut self, judgement: &Judgement, text: &str) -> Option<(String, Vec<Replacement>)> {
        let mut candidates = Vec::new();
        let page = fix::from_page(&judgement.fix, &judgement.resource_type, text, judgement.line);
        candidates.extend(page.map(|replacements| (format!("fix: {}", judgement.title), replacements)));
        let judged = self.judged.as_mut()?;
        let index = index_of(judged, judgement)?;
        let control = self.judge.engine.control(&judgement.control)?;
        let changes = self.judge.engine.explain(&mut judged.reading, control, index).map(|one| one.changes);
        for change in changes.unwrap_or_default() {
            let replacements = fix::from_change(&change, u32::try_from(index).ok()?, text, judgement.line);
            candidates.extend(
                replacements.map(|replacements| (format!("{} ({})", change.text, judgement.control), replacements)),
            );
        }
        candidates.into_iter().find(|(_, replacements)| self.passes_with(judgement, text, replacements))
    }

    fn passes_with(&self, judgement: &Judgement, text: &str, replacements: &[Replacement]) -> bool {
        let mut sources = self.sources();
        let Some(file) = sources.iter_mut().find(|file| *file.path == *judgement.file) else { return false };
        file.bytes = fix::applied(text, replacements).into_bytes();
        let after = self.judge.judge(&mut sources, Wanted::All);
        let same = |other: &&Judgement| {
            other.control == judgement.control && other.resource == judgement.resource && other.root == judgement.root
        };
        let found = after.judging.judgements.iter().find(same);
        found.is_some_and(|found| found.verdict == Verdict::Pass)
    }

    fn action(&self, uri: &str, judgement: &Judgement, title: &str, text: &str, replacements: &[Replacement]) -> Value {
        let edits: Vec<Value> = replacements
            .iter()
            .map(|one| {
                let range = json!({
                    "start": self.unit.of_offset(text, one.start),
                    "end": self.unit.of_offset(text, one.end),
                });
                json!({"range": range, "newText": one.text})
            })
            .collect();
        let version = path_of(uri).and_then(|path| self.open.get(&shown(&path))?.version);
        let edit = if self.versioned {
            // An edit that was made for an older text is refused by the editor, and not put into the wrong place.
            json!({"documentChanges": [{"textDocument": {"uri": uri, "version": version}, "edits": edits}]})
        } else {
            let mut changes = serde_json::Map::new();
            changes.insert(uri.to_owned(), Value::Array(edits));
            json!({"changes": changes})
        };
        json!({
            "title": title,
            "kind": "quickfix",
            "diagnostics": [self.of_judgement(judgement)],
            "edit": edit,
        })
    }

    /// Judges what changed before a question about it is answered; what is to be shown is said with the next refresh.
    fn settle(&mut self) {
        if self.dirty || self.judged.is_none() {
            let dirty = self.dirty;
            let said = self.said.clone();
            let _ = self.refresh();
            (self.dirty, self.said) = (dirty, said);
        }
    }
}

/// Where a finding is shown: at the attribute that decided, where that stands within its resource, else at its first line.
fn spot(judgement: &Judgement) -> (u32, u32) {
    let within = |line: u32| judgement.line <= line && line <= judgement.line_end;
    let cause = judgement.causes.iter().find(|cause| cause.file == judgement.file && within(cause.line));
    cause.map_or((judgement.line.max(1), 1), |cause| (cause.line, cause.column))
}

fn index_of(judged: &Judged, judgement: &Judgement) -> Option<usize> {
    let resources = &judged.reading.resources;
    resources.iter().position(|resource| *resource.address == *judgement.resource && resource.root == judgement.root)
}

fn is_native(path: &str) -> bool {
    path.ends_with(".tf") || path.ends_with(".tofu")
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
