//! What the respond duty does by itself: alerts become escalations, escalations take their steps, and people are told.
//!
//! Everything that is decided is a fact before anything of it is sent, and each decision has a number that is part of its fact's
//! id: of two replicas that decide at once the ledger takes one. So a process may die at any instruction; whoever goes on reads the
//! ledger, and what had no receipt is sent under the same key.

pub mod escalate;
pub mod incident;
pub mod send;
mod unreached;

use crate::tables::OncallFile;
use mainstay_iac::SourceFile;
use mainstay_kit::{Problem, Reader};
use mainstay_model::facts::AlertFired;
use mainstay_model::{Fact, FactData, FactError, Recorded, Subject, Timestamp};
use mainstay_notify::{Channel, Kind};
use mainstay_oncall::Roster;
use mainstay_outside::sha256_hex;

/// Who says what is decided and sent.
pub const SOURCE: &str = "mainstay:respond";

/// Longest id of ours in bytes; the ledger takes 512.
const ID_BYTES_MAX: usize = 480;

/// People, schedules and policies as the ledger has them.
pub struct Oncall {
    /// What they are.
    pub roster: Roster,
    /// Whether any file says something.
    pub is_declared: bool,
}

impl Oncall {
    /// What all files say now.
    ///
    /// # Errors
    /// The database fails.
    pub fn load(reader: &Reader<'_>) -> Result<Self, Problem> {
        let mut files = Vec::new();
        for file in reader.all::<OncallFile>(None)? {
            files.extend(file.entity.declared.map(|one| SourceFile { path: one.path, bytes: one.text.into_bytes() }));
        }
        // What is wrong with them was said when they were collected.
        let reading = mainstay_oncall::read(&files);
        Ok(Self { roster: reading.roster, is_declared: !files.is_empty() })
    }
}

/// The channel that mail goes out by.
fn mail_channel(channels: &[Channel]) -> Option<&str> {
    channels.iter().find(|channel| channel.kind == Kind::Email).map(|channel| channel.id.as_str())
}

/// A fact of ours. An id that is too long keeps its beginning, and a digest of the whole.
fn fact(data: &impl FactData, id: &str, subject: Subject, at: Timestamp) -> Result<Fact, Problem> {
    let ours = |e: FactError| Problem::ours("respond.fact", e.to_string());
    if id.len() <= ID_BYTES_MAX {
        return data.fact(SOURCE, id, subject, at).map_err(ours);
    }
    let mut cut = ID_BYTES_MAX - 33;
    while !id.is_char_boundary(cut) {
        cut -= 1;
    }
    let id = format!("{}#{}", &id[..cut], &sha256_hex(id.as_bytes())[..32]);
    data.fact(SOURCE, &id, subject, at).map_err(ours)
}

/// The name of the escalation of an alert by a policy.
fn escalation_id(alert: &Subject, policy: &str) -> String {
    sha256_hex(format!("{alert}\n{policy}").as_bytes())[..16].to_owned()
}

fn is_fired(recorded: &Recorded) -> bool {
    recorded.fact.fact_type == AlertFired::TYPE
}
