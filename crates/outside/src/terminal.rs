//! What somebody types and nobody beside them shall read.

use crate::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal, Stdin};
use zeroize::Zeroizing;

/// Asks, and reads a line from standard input. A terminal shows nothing of it; a pipe or a file is read as it is. The line end
/// does not belong to it. After an end of input it is empty.
///
/// # Errors
/// Standard input cannot be read, or is not UTF-8 text.
pub fn hidden_line(ask: impl FnOnce()) -> io::Result<Secret> {
    let input = io::stdin();
    let quiet = if input.is_terminal() { Some(Quiet::begin()?) } else { None };
    // Only now, so that whoever answers at once is not shown either.
    ask();
    let mut line = Zeroizing::new(String::new());
    let read = input.lock().read_line(&mut line);
    drop(quiet);
    read?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Whether somebody types, so that a mistake is asked about rather than taken.
#[must_use]
pub fn somebody_types() -> bool {
    io::stdin().is_terminal()
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet {
    input: Stdin,
    before: Termios,
}

impl Quiet {
    fn begin() -> io::Result<Self> {
        let input = io::stdin();
        let before = tcgetattr(&input)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        // The line end alone still shows, or the next output would follow the question.
        quiet.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(&input, OptionalActions::Now, &quiet)?;
        Ok(Self { input, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nothing is left to do when the terminal is gone.
        let _ = tcsetattr(&self.input, OptionalActions::Now, &self.before);
    }
}
