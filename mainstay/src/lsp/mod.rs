//! `mainstay lsp`: findings while typing, their reasons, and fixes, over the Language Server Protocol.
//!
//! The protocol is JSON-RPC with a header, and we speak a dozen of its messages, so it is written out here rather than
//! taken from a crate of a thousand types. One thread reads; the other answers, and judges when no message waits.

mod fix;
mod place;
mod server;
mod wire;

use crate::Context;
use crate::arguments::Code;
use crate::scan::Judge;
use mainstay_kit::Problem;
use server::Server;
use std::io::{BufReader, Write};
use std::process::ExitCode;
use std::sync::mpsc;

/// Serves one editor until it says that it ends.
pub fn serve(context: &Context, code: &Code) -> Result<ExitCode, Problem> {
    let judge = Judge::of(context, code)?;
    let mut server = Server::new(context.outside.clone(), judge);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut input = BufReader::new(std::io::stdin().lock());
        // The end of the input or of the listener ends the reading.
        while let Ok(Some(message)) = wire::read(&mut input) {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    let mut output = std::io::stdout().lock();
    while let Ok(message) = receiver.recv() {
        let mut answers = server.take(&message);
        // What waits is taken first: of ten keystrokes the last one alone is judged.
        while let Ok(message) = receiver.try_recv() {
            answers.extend(server.take(&message));
        }
        answers.extend(server.refresh());
        for answer in answers {
            wire::write(&mut output, &answer).map_err(|e| Problem::ours("lsp.output", e.to_string()))?;
        }
        let _ = output.flush();
        if let Some(orderly) = server.ended() {
            return Ok(if orderly { ExitCode::SUCCESS } else { ExitCode::from(1) });
        }
    }
    Ok(ExitCode::SUCCESS)
}
