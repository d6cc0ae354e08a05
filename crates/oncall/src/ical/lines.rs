//! Content lines and components: names, parameters and values, each with the line it begins on.

use mainstay_model::{Diagnostic, Place};

/// How deep components may lie in each other.
const DEPTH_MAX: usize = 16;

/// A property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name, in capitals.
    pub name: String,
    /// Names, in capitals, and values of its parameters.
    pub parameters: Vec<(String, String)>,
    /// Its value as it is written.
    pub value: String,
    /// The line on which it begins.
    pub line: u32,
}

/// A component with what lies in it.
#[derive(Debug, Clone, Default)]
pub struct Component {
    /// `VEVENT`, `VTIMEZONE`, ...
    pub name: String,
    /// Its properties in order.
    pub properties: Vec<Property>,
    /// The line on which it begins.
    pub line: u32,
    /// Components in it.
    pub within: Vec<Component>,
}

impl Property {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl Component {
    /// The first property of a name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Its value as a text, without what a text escapes.
    pub fn text(&self, name: &str) -> Option<String> {
        self.property(name).map(|property| unescaped(&property.value))
    }
}

/// The components of a text, those that are cut off included.
pub fn components(text: &str, path: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Component> {
    let mut roots = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    for (line, content) in unfolded(text) {
        let mut warn = |what: String, mend: &str| {
            diagnostics.push(Diagnostic::warning("oncall.calendar-line", what, Place::at(path, line, 1), mend));
        };
        let Some(property) = property(&content, line) else {
            let start: String = content.chars().take(24).collect();
            warn(format!("{start:?} is no line of a calendar and is passed over"), "write NAME:VALUE");
            continue;
        };
        match property.name.as_str() {
            "BEGIN" if open.len() >= DEPTH_MAX => warn("lies too deep and is passed over".to_owned(), "flatten it"),
            "BEGIN" => open.push(Component { name: property.value.to_uppercase(), line, ..Component::default() }),
            "END" => match open.pop() {
                Some(done) if done.name == property.value.to_uppercase() => place(done, &mut open, &mut roots),
                Some(other) => {
                    warn(format!("ends {} where {} is open", property.value, other.name), "end what was begun last");
                    open.push(other);
                }
                None => warn("ends what was never begun".to_owned(), "take the line away"),
            },
            _ => match open.last_mut() {
                Some(component) => component.properties.push(property),
                None => warn("stands outside of any calendar".to_owned(), "put it between BEGIN and END"),
            },
        }
    }
    while let Some(cut) = open.pop() {
        let what = format!("{} has no end", cut.name);
        let mend = "the file may be cut off; fetch it again";
        diagnostics.push(Diagnostic::error("oncall.calendar-cut", what, Place::at(path, cut.line, 1), mend));
        // What is whole within it counts; itself it does not, unless it is the calendar.
        if cut.name == "VCALENDAR" {
            place(cut, &mut open, &mut roots);
        }
    }
    roots
}

fn place(component: Component, open: &mut [Component], roots: &mut Vec<Component>) {
    match open.last_mut() {
        Some(outer) => outer.within.push(component),
        None => roots.push(component),
    }
}

/// Lines with those that continue them, and the number of the first of each.
fn unfolded(text: &str) -> Vec<(u32, String)> {
    let mut out: Vec<(u32, String)> = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), out.last_mut()) {
            (Some(rest), Some((_, whole))) => whole.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => out.push((u32::try_from(number + 1).unwrap_or(u32::MAX), line.to_owned())),
        }
    }
    out
}

/// `NAME;PARAMETER=VALUE;PARAMETER="VALUE":VALUE`.
fn property(line: &str, number: u32) -> Option<Property> {
    let mut is_quoted = false;
    let mut cuts = Vec::new();
    let mut end = None;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ';' if !is_quoted => cuts.push(at),
            ':' if !is_quoted => {
                end = Some(at);
                break;
            }
            _ => {}
        }
    }
    let end = end?;
    cuts.push(end);
    let name = line[..cuts[0]].trim();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return None;
    }
    let parameter = |pair: &[usize]| {
        let (key, value) = line[pair[0] + 1..pair[1]].split_once('=')?;
        Some((key.trim().to_uppercase(), value.trim_matches('"').to_owned()))
    };
    let parameters = cuts.windows(2).filter_map(parameter).collect();
    Some(Property { name: name.to_uppercase(), parameters, value: line[end + 1..].to_owned(), line: number })
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            letter => out.push(letter),
        }
    }
    out
}
