//! The controls that come with the binary.

use crate::ControlFile;

/// A page of the catalog.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    /// The path to be named in diagnostics.
    pub path: &'static str,
    /// Its whole text.
    pub text: &'static str,
    /// What the build saw in it; `None` where the page has to be read for that.
    pub index: Option<Index>,
}

/// What decides whether a page has to be read.
#[derive(Debug)]
pub(crate) struct Index {
    /// The control's id.
    pub id: &'static str,
    /// The types of resources that it judges.
    pub types: &'static [&'static str],
    /// Ids of the same check in other tools.
    pub aliases: &'static [&'static str],
    /// The keywords of each of its `secret` blocks.
    pub keywords: &'static [&'static [&'static str]],
}

/// In the order of their paths.
pub(crate) const PAGES: &[BuiltIn] = include!(concat!(env!("OUT_DIR"), "/controls.rs"));

impl BuiltIn {
    /// The page as any other file of a control.
    pub(crate) fn file(&self) -> ControlFile {
        ControlFile { path: self.path.to_owned(), text: self.text.to_owned() }
    }
}

/// The built-in controls, in the same form as those of users.
#[must_use]
pub fn built_in() -> Vec<ControlFile> {
    PAGES.iter().map(BuiltIn::file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scan believes the index without reading the page, so it must say what the page says.
    #[test]
    fn the_index_says_what_the_pages_say() {
        for page in PAGES {
            let control = crate::control::read(&page.file()).expect("a built-in control loads");
            let Some(index) = &page.index else { continue };
            assert_eq!(index.id, &*control.id, "{}", page.path);
            let types: Vec<&str> = control.types.iter().map(|name| &**name).collect();
            assert_eq!(index.types, types, "{}", page.path);
            assert_eq!(index.aliases, &*control.aliases, "{}", page.path);
            let keywords: Vec<&Vec<String>> = control.detectors.iter().map(|detector| &detector.keywords).collect();
            assert_eq!(index.keywords, keywords, "{}", page.path);
        }
        let left_out: Vec<&str> = PAGES.iter().filter(|page| page.index.is_none()).map(|page| page.path).collect();
        assert!(left_out.len() * 20 < PAGES.len(), "the index leaves out too much to be of use: {left_out:?}");
    }
}
