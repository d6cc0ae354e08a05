//! Addresses of our own pages, encoded so that no name from outside can change where they lead.

/// Writes a text as one segment of a path.
#[must_use]
pub fn segment(text: &str) -> String {
    // A segment of dots alone would be taken for a step in the tree, even where it is encoded.
    if text.chars().all(|c| c == '.') {
        return format!("{text}%20");
    }
    encode(text, b"-._~:@")
}

/// The path with the pairs as its query; pairs without a value are left out.
#[must_use]
pub fn with_query<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> =
        pairs.map(|(name, value)| format!("{}={}", encode(name, QUERY), encode(value, QUERY))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// The address of a thing's own page: `page(["incidents", key])`.
#[must_use]
pub fn page<const N: usize>(parts: [&str; N]) -> String {
    parts.iter().map(|part| format!("/{}", segment(part))).collect()
}

/// An address from outside that is safe to link to: only the web's schemes, so that nothing runs when it is followed.
#[must_use]
pub fn outside(link: &str) -> Option<&str> {
    let lower = link.get(..8).unwrap_or(link).to_ascii_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://")).then_some(link)
}

const QUERY: &[u8] = b"-._~:@/,";

fn encode(text: &str, keep: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_segment_of_the_path() {
        assert_eq!(page(["estate", "aws:s3:bucket/logs"]), "/estate/aws:s3:bucket%2Flogs");
        assert_eq!(page(["estate", "../..?a=b#c\"<ä"]), "/estate/..%2F..%3Fa%3Db%23c%22%3C%C3%A4");
        assert_eq!(page(["estate", ".."]), "/estate/..%20");
    }

    #[test]
    fn a_query_keeps_its_values_apart() {
        assert_eq!(with_query("/estate", [("q", "a&b=c d"), ("kind", "")]), "/estate?q=a%26b%3Dc%20d");
        assert_eq!(with_query("/estate", []), "/estate");
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        assert_eq!(outside("HTTPS://example.com/x"), Some("HTTPS://example.com/x"));
        for bad in ["javascript:alert(1)", "data:text/html,x", "//evil.example", "", "é"] {
            assert_eq!(outside(bad), None, "{bad}");
        }
    }
}
