//! `mainstay.toml`: what to read, and how the scorecard counts. Everything has a default; a folder without it is
//! discovered.

use jiff::tz::TimeZone;
use mainstay_connectors::Options;
use mainstay_model::{Diagnostic, Place, Timestamp, Window};
use serde::Deserialize;

/// The configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// IANA zone in which days and months are counted; UTC without.
    pub zone: Option<String>,
    /// The day that the scorecard is for, where that is not today.
    pub as_of: Option<String>,
    /// File with decision rights.
    pub rights: Option<String>,
    /// Further folders with controls, relative to this file.
    pub controls: Vec<String>,
    /// Seconds between collections; 300 without.
    pub every_s: Option<u64>,
    /// Where people reach the pages, for links in messages: `https://mainstay.example.org`.
    pub url: Option<String>,
    /// The ways to people.
    pub channel: Vec<mainstay_notify::Channel>,
    /// Sources; discovery finds the others in the folder.
    pub source: Vec<Source>,
}

/// One source.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// The connector.
    pub connector: String,
    /// Files, folders or addresses, relative to the configuration.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The facts' `source`, where the connector's own is not wanted.
    #[serde(default)]
    pub name: Option<String>,
    /// Settings of the connector.
    #[serde(flatten)]
    pub options: Options,
}

/// Reads the configuration.
///
/// # Errors
/// A diagnostic with line, column and mend.
pub fn read(text: &str, file: &str) -> Result<Config, Diagnostic> {
    let config: Config = toml::from_str(text).map_err(|error| {
        let (line, column) = error.span().map_or((0, 0), |span| mainstay_model::line_column(text, span.start));
        let help = "see docs/configuration.md for every setting";
        Diagnostic::error("config.malformed", error.message().replace('\n', " "), Place::at(file, line, column), help)
    })?;
    config
        .zone()
        .map_err(|e| Diagnostic::error("config.zone", e.to_string(), Place::file(file), "zone = \"Europe/Berlin\""))?;
    config
        .today()
        .map_err(|e| Diagnostic::error("config.as-of", e.to_string(), Place::file(file), "as_of = \"2026-11-15\""))?;
    for (at, channel) in config.channel.iter().enumerate() {
        let wrong = |summary: String, help: &str| Diagnostic::error("config.channel", summary, Place::file(file), help);
        if let Some(lack) = channel.lacks() {
            return Err(wrong(lack, "docs/oncall.md has every kind of channel"));
        }
        if config.channel[..at].iter().any(|other| other.id == channel.id) {
            let summary = format!("there are two channels of the id {:?}", channel.id);
            return Err(wrong(summary, "give one of them another id"));
        }
    }
    for source in &config.source {
        if mainstay_connectors::connector(&source.connector).is_none() {
            let known: Vec<_> = mainstay_connectors::CONNECTORS.iter().map(|c| c.name).collect();
            let summary = format!("there is no connector {:?}", source.connector);
            let help = format!("connectors are {}", known.join(", "));
            return Err(Diagnostic::error("config.connector", summary, Place::file(file), help));
        }
    }
    Ok(config)
}

impl Config {
    /// The zone.
    ///
    /// # Errors
    /// The IANA database has none of that name.
    pub fn zone(&self) -> Result<TimeZone, mainstay_model::WindowError> {
        self.zone.as_deref().map_or(Ok(TimeZone::UTC), Window::zone)
    }

    /// The day that the scorecard is for, where that is not today.
    ///
    /// # Errors
    /// The text is no date.
    pub fn today(&self) -> Result<Option<Timestamp>, mainstay_model::WindowError> {
        let zone = self.zone()?;
        self.as_of.as_deref().map(|text| Window::instant(text, &zone)).transpose()
    }
}
