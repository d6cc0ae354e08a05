//! Asks a repository for its snapshots, through restic itself.

use crate::collect::{Origin, Request, whole};
use crate::{Document, Part, Reading};
use mainstay_model::Diagnostic;
use mainstay_outside::{Command, Outside};

/// Collects from a repository (`restic:///srv/backup`, `restic+s3:s3.example.com/bucket`, or what restic takes behind
/// `restic+`), or from files with restic's outputs. The repository's password is the source's `token`.
pub fn collect(outside: &Outside, request: &Request<'_>, sink: &mut dyn FnMut(Reading)) {
    let Origin::Address(address) = &request.origin else {
        whole(super::read, outside, request, sink);
        return;
    };
    let mut reading = Reading::default();
    match fetch(outside, request, address) {
        Ok(parts) => reading.merge(super::read(&Document::folder(request.origin.shown(), parts), &request.context)),
        Err(diagnostic) => reading.note(*diagnostic),
    }
    sink(reading);
}

fn fetch(outside: &Outside, request: &Request<'_>, address: &str) -> Result<Vec<Part>, Box<Diagnostic>> {
    let repository = address.strip_prefix("restic://").or_else(|| address.strip_prefix("restic+")).unwrap_or(address);
    let shown = request.origin.shown();
    let failed = |reason: String| Box::new(request.failed(&reason));
    let password = match &request.context.options.token {
        Some(reference) => Some(outside.secret(reference).map_err(|error| failed(error.to_string()))?),
        None => None,
    };
    let restic = |args: &[&str]| {
        (request.progress)(&format!("restic {}", args.join(" ")));
        let mut command = Command::new("restic").args(["-r", repository, "--no-lock"]).args(args.iter().copied());
        if let Some(password) = &password {
            command = command.secret_env("RESTIC_PASSWORD", password.clone());
        }
        outside.run(&command).map_err(|error| failed(error.to_string()))
    };
    let listing = restic(&["snapshots", "--json"])?;
    if !listing.succeeded() {
        let said = String::from_utf8_lossy(&listing.stderr);
        let said = said.lines().next().unwrap_or_default().to_owned();
        return Err(failed(format!("restic snapshots ended with {}: {said}", listing.ending())));
    }
    let mut parts = vec![Part::new(format!("{shown}/snapshots"), listing.stdout)];
    if request.context.options.check {
        let check = restic(&["check"])?;
        parts.push(Part::new(format!("{shown}/check"), [check.stdout, check.stderr].concat()));
    }
    Ok(parts)
}
