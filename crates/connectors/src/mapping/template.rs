//! Templates such as `incident:{Number}` or `{ResourceARN|arn}`.

use super::data::Record;
use crate::subjects;
use serde_json::Value;

/// The text of a template for a record; `Err` names the placeholder that has no value.
pub(super) fn fill(template: &str, record: &Record, element: Option<&str>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inner, behind)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let (path, filter) = inner.split_once('|').map_or((inner, None), |(path, filter)| (path, Some(filter.trim())));
        let value = match (path.trim(), element) {
            ("", Some(element)) => Some(element.to_owned()),
            (path, _) => record.get(path).map(|value| text(&value)),
        };
        let value = value.ok_or_else(|| path.to_owned())?;
        out.push_str(&filtered(&value, filter).ok_or_else(|| path.to_owned())?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// A value as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn filtered(value: &str, filter: Option<&str>) -> Option<String> {
    Some(match filter {
        None => value.to_owned(),
        Some("lower") => value.to_lowercase(),
        Some("slug") => {
            let slug: String =
                value.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            slug.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
        }
        // The subject of an ARN, an Azure id or a Google link, its type, and its last part.
        Some("subject") => subjects::from_provider_id(value)?.as_str().to_owned(),
        Some("type") => {
            let subject = subjects::from_provider_id(value)?;
            let (service, rest) = subject.name().split_once(':').unwrap_or(("", subject.name()));
            let kind = rest.rsplit(':').next().unwrap_or(rest).split('/').next().unwrap_or_default();
            format!("{}:{service}:{kind}", subject.kind())
        }
        Some("name") => value.rsplit(['/', ':']).next().unwrap_or(value).to_owned(),
        Some(_) => return None,
    })
}
