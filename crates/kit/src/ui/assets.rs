//! Style, scripts and the two kept libraries, embedded in the program. Their addresses carry a hash of their content, so
//! that a browser may keep them for a year and still never shows an old one with a new page.

use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// One embedded file.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its address: `/assets/app-1a2b3c4d5e6f.css`.
    pub path: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

/// The files by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// The style of all pages.
    Style,
    /// Sets light or dark before the first paint.
    Theme,
    /// What every page does: shortcuts, the switch of light and dark, loading the next ones where they are needed.
    App,
    /// Draws charts with the chart library.
    Chart,
    /// Draws graphs with the layout library.
    Graph,
    /// uPlot, the chart library.
    ChartLibrary,
    /// dagre, the layout library.
    GraphLibrary,
    /// The icon in the tab.
    Icon,
}

type Embedded = (Name, &'static str, &'static str, &'static [u8]);

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// uPlot's own style goes before ours, so that ours can adapt it to dark.
const STYLE: &str = concat!(
    "/* uPlot 1.6.32, MIT licence: see vendor/uplot/LICENSE in the sources. */\n",
    include_str!("../../assets/vendor/uplot/uPlot.min.css"),
    "\n",
    include_str!("../../assets/app.css"),
);

const EMBEDDED: [Embedded; 8] = [
    (Name::Style, "app.css", "text/css; charset=utf-8", STYLE.as_bytes()),
    (Name::Theme, "theme.js", SCRIPT, include_bytes!("../../assets/theme.js")),
    (Name::App, "app.js", SCRIPT, include_bytes!("../../assets/app.js")),
    (Name::Chart, "chart.js", SCRIPT, include_bytes!("../../assets/chart.js")),
    (Name::Graph, "graph.js", SCRIPT, include_bytes!("../../assets/graph.js")),
    (Name::ChartLibrary, "uplot.js", SCRIPT, include_bytes!("../../assets/vendor/uplot/uPlot.iife.min.js")),
    (Name::GraphLibrary, "dagre.js", SCRIPT, include_bytes!("../../assets/vendor/dagre/dagre.min.js")),
    (Name::Icon, "icon.svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")),
];

/// How long a browser may keep an asset: for ever, as its address changes with its content.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |(_, file, media, bytes): &Embedded| {
        // Lives as long as the program, as the router wants its paths to.
        let path: &'static str = Box::leak(hashed(file, bytes).into_boxed_str());
        Asset { path, media, bytes }
    };
    EMBEDDED.iter().map(asset).collect()
});

/// All embedded files.
#[must_use]
pub fn all() -> &'static [Asset] {
    &ASSETS
}

/// The address of one.
#[must_use]
pub fn path(name: Name) -> &'static str {
    let at = EMBEDDED.iter().position(|(of, ..)| *of == name);
    at.and_then(|at| ASSETS.get(at)).map_or("/", |asset| asset.path)
}

/// The address of a file with this content.
fn hashed(file: &str, bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    format!("/assets/{stem}-{hash}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_changes_with_the_content_and_only_with_it() {
        // The SHA-256 of "abc" begins with ba7816bf8f01 (FIPS 180-2, appendix B.1).
        assert_eq!(hashed("app.css", b"abc"), "/assets/app-ba7816bf8f01.css");
        assert_ne!(hashed("app.css", b"abd"), hashed("app.css", b"abc"));
    }

    #[test]
    fn every_name_has_an_asset_of_its_own() {
        let paths: std::collections::BTreeSet<&str> = EMBEDDED.iter().map(|(name, ..)| path(*name)).collect();
        assert_eq!(paths.len(), EMBEDDED.len());
        assert!(all().iter().all(|asset| !asset.bytes.is_empty()));
    }

    #[test]
    fn no_asset_of_ours_fetches_from_another_host() {
        for (_, file, _, bytes) in
            EMBEDDED.iter().filter(|(name, ..)| !matches!(name, Name::ChartLibrary | Name::GraphLibrary))
        {
            let text = std::str::from_utf8(bytes).unwrap().replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("url(//"), "{file}");
        }
    }
}
