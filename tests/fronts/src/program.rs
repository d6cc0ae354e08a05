//! What the program itself reads: its configuration, and what an editor says to it. The modules are the program's own files,
//! which no library offers.

use crate::holds;
use mainstay_iac::{Origin, hcl};
use std::io::Cursor;

#[expect(dead_code, reason = "what a source says is for collecting")]
#[path = "../../../mainstay/src/config.rs"]
mod config;
#[expect(dead_code, reason = "fixes from evaluated changes need an engine, and fixes from pages take the same way")]
#[path = "../../../mainstay/src/lsp/fix.rs"]
mod fix;
#[expect(dead_code, reason = "the names of units are for answers")]
#[path = "../../../mainstay/src/lsp/place.rs"]
mod place;
#[path = "../../../mainstay/src/lsp/wire.rs"]
mod wire;

/// The page of a control with a diff that sets an argument, and one in a block that may not be there.
const PAGE: &str = "```diff\n resource \"t\" \"a\" {\n-  acl = \"open\"\n+  acl = \"private\"\n+  rule {\n+    on = true\n+  \
                    }\n }\n```\n";

/// `mainstay.toml`.
pub fn configuration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match config::read(text, "mainstay.toml") {
        // What is taken has a zone and a day, which are asked for later.
        Ok(config) => assert!(config.zone().is_ok() && config.today().is_ok(), "{config:?}"),
        Err(diagnostic) => holds::places_of(&[diagnostic], input),
    }
}

/// What an editor sends, and the text that it holds.
pub fn editor(input: &[u8]) {
    let mut rest = Cursor::new(input);
    let mut before = 0;
    while let Ok(Some(message)) = wire::read(&mut rest) {
        assert!(rest.position() > before, "a message that took nothing");
        before = rest.position();
        let mut sent = Vec::new();
        assert!(wire::write(&mut sent, &message).is_ok(), "{message}");
        let again = wire::read(&mut Cursor::new(&sent));
        assert_eq!(again.ok().flatten().as_ref(), Some(&message), "what is written reads as it was");
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Some(path) = place::path_of(text) {
        assert_eq!(place::path_of(&place::uri_of(&path)), Some(path), "an address of {text:?}");
    }
    positions(text);
    fixes(text);
}

/// Positions count no further than their line, in whatever unit.
fn positions(text: &str) {
    let lines = text.lines().count();
    for unit in [place::Unit::Utf8, place::Unit::Utf16, place::Unit::Utf32] {
        for offset in [0, text.len() / 2, text.len()] {
            let position = unit.of_offset(text, offset);
            assert!(position["line"].as_u64().is_some_and(|line| line <= lines as u64), "{position} of {lines} lines");
        }
        let range = unit.rest_of_line(text, u32::try_from(lines).unwrap_or(u32::MAX), 2);
        let column = |end: &str| range[end]["character"].as_u64();
        assert!(column("start") <= column("end"), "{range}");
    }
}

/// A fix of code without mistakes makes none.
fn fixes(text: &str) {
    let is_whole = |text: &str| hcl::parse(text, Origin::of("a.tf")).diagnostics.is_empty();
    for line in 1..=3 {
        let Some(replacements) = fix::from_page(PAGE, "t", text, line) else { continue };
        let fixed = fix::applied(text, &replacements);
        assert!(!is_whole(text) || is_whole(&fixed), "{replacements:?} of\n{text}\nmake\n{fixed}");
    }
}
