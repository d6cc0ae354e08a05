//! A place in an answer: `.data[0].name` behind `[BODY]`.

use serde_json::Value;

/// One step to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    At(usize),
}

/// Reads the steps; what is wrong with them where there are none.
pub(crate) fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(index) = rest.strip_prefix('[') {
            let (number, behind) = index.split_once(']').ok_or("`[` is not closed")?;
            let at = number.parse().map_err(|_| format!("`{number}` is no place in a list; write [0]"))?;
            steps.push(Step::At(at));
            rest = behind;
            continue;
        }
        let key = rest.strip_prefix('.').ok_or_else(|| format!("`{rest}` must begin with `.` or `[`"))?;
        let end = key.find(['.', '[']).unwrap_or(key.len());
        if end == 0 {
            return Err("a name is missing behind `.`".to_owned());
        }
        steps.push(Step::Key(key[..end].to_owned()));
        rest = &key[end..];
    }
    Ok(steps)
}

/// What stands there.
pub(crate) fn follow<'v>(value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::At(at) => value.get(at),
    })
}
