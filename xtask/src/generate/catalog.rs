//! Indexes of the catalog. Its pages are their own reference; what is generated is only the way to find them.

use super::Texts;
use crate::shell::{Outcome, files, read, root};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Adds the index of controls and the one of KPIs.
pub fn generate(texts: &mut Texts) -> Outcome<()> {
    let controls = pages("controls")?;
    let mut out = String::from(
        "# Controls\n\nGenerated from `catalog/*/controls` by `cargo xtask generate`. A control's page holds why it is there, how \
         to mend, its rule, and the examples that test it.\n\n| control | severity | key | types | also known as | what holds |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for page in &controls {
        let [id, severity, types, aliases, title] =
            ["id", "severity", "types", "aliases", "title"].map(|key| page.get(key));
        let key = if page.get("key") == "true" { "yes" } else { "" };
        let path = &page.path;
        writeln!(
            out,
            "| [`{id}`](../../{path}) | {severity} | {key} | {} | {} | {title} |",
            list(types),
            list(aliases)
        )
        .map_err(|e| e.to_string())?;
    }
    texts.insert("docs/reference/controls.md".to_owned(), out);
    let mut kpis = pages("kpis")?;
    if kpis.is_empty() {
        return Ok(());
    }
    kpis.sort_by_key(|page| page.get("number").parse::<u32>().unwrap_or(u32::MAX));
    let mut out = String::from(
        "# KPIs\n\nGenerated from `catalog/*/kpis` by `cargo xtask generate`. A KPI's page holds its definition, its traps and \
         worked examples.\n\n| | KPI | id | duty | unit | better | version |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for page in &kpis {
        let [number, name, id, duty] = ["number", "name", "id", "duty"].map(|key| page.get(key));
        let [unit, better, version] = ["unit", "better", "version"].map(|key| page.get(key));
        let path = &page.path;
        writeln!(out, "| {number} | [{name}](../../{path}) | `{id}` | {duty} | {unit} | {better} | {version} |")
            .map_err(|e| e.to_string())?;
    }
    texts.insert("docs/reference/kpis.md".to_owned(), out);
    Ok(())
}

/// A page of the catalog with the plain entries of its front matter.
struct Page {
    path: String,
    entries: BTreeMap<String, String>,
}

impl Page {
    fn get(&self, key: &str) -> &str {
        self.entries.get(key).map_or("", String::as_str)
    }
}

/// All pages of a kind, by path.
fn pages(kind: &str) -> Outcome<Vec<Page>> {
    let catalog = root().join("catalog");
    let wanted = |path: &&std::path::PathBuf| {
        path.extension().is_some_and(|ext| ext == "md") && path.parent().is_some_and(|folder| folder.ends_with(kind))
    };
    files(&catalog).iter().filter(wanted).map(|path| page(path)).collect()
}

fn page(path: &Path) -> Outcome<Page> {
    let text = read(path)?;
    let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let (front, _) = front.ok_or_else(|| format!("find the front matter of {}", path.display()))?;
    let plain = |line: &str| {
        let (key, value) = line.split_once(": ")?;
        let is_top = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        is_top.then(|| (key.to_owned(), value.trim().trim_matches('"').replace('|', "\\|")))
    };
    let path = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned();
    Ok(Page { path, entries: front.lines().filter_map(plain).collect() })
}

/// The words of a list in one line of YAML, as code.
fn list(text: &str) -> String {
    let words = text.trim_matches(['[', ']']).split(',').map(|word| word.trim().trim_matches('"'));
    words.filter(|word| !word.is_empty()).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_one_line_becomes_words() {
        assert_eq!(list("[aws_s3_bucket, \"aws_s3_bucket_acl\"]"), "`aws_s3_bucket`, `aws_s3_bucket_acl`");
        assert_eq!(list("[]"), "");
    }
}
