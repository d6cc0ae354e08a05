//! What `mainstay cause` takes.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Of which service, since when, and by what.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 a cause is named, 1 the evidence names none, 2 could not tell.")]
pub struct Cause {
    /// The service that was seen to be slow, or to fail
    pub service: String,
    /// When it began: 2026-11-01T12:00:00Z, or seconds since 1970
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// CSV with the columns service, begin, value and requests: seconds of a request, or the share of requests that failed
    #[arg(long, value_name = "FILE")]
    pub series: PathBuf,
    /// CSV with the columns caller and called
    #[arg(long, value_name = "FILE")]
    pub calls: PathBuf,
    /// What the values are
    #[arg(long, value_enum, default_value_t)]
    pub signal: Kind,
}

/// What the values are.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Kind {
    /// Mean seconds of a request
    #[default]
    Latency,
    /// The share of requests that failed, 0 to 1
    Failures,
}
