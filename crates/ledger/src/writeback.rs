//! Writing SQLite's log back into its database while the next group is made ready.
//!
//! SQLite writes back within the commit that makes its log too long, and half of the time that appending took was that:
//! copying pages and waiting for the disk, while nobody could append. Here a connection of its own does it on a thread of
//! its own. It cannot get ahead of a writer that never pauses, and the log begins anew only once all of it is written
//! back; so when the log is `PAGES_MAX` long, the writer waits for what little is left.

use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Pages of the log from which on it is written back beside the commits.
const PAGES_FROM: u32 = 2_000;
/// Pages of the log with which the writer waits until all is written back: 64 MB.
const PAGES_MAX: u32 = 8_000;

/// What writes back for one writer.
pub(crate) struct WriteBack {
    path: PathBuf,
    /// Pages of the log after the last commit.
    pages: Arc<AtomicU32>,
    /// Held by whoever writes back.
    turn: Arc<Mutex<()>>,
    worker: Option<Worker>,
}

impl WriteBack {
    /// Takes over from SQLite, which stops writing back by itself on the connection.
    pub(crate) fn of(writer: &mut Connection, path: PathBuf) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&pages);
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            told.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { path, pages, turn: Arc::new(Mutex::new(())), worker: None })
    }

    /// After a commit: has the log written back where it is long.
    pub(crate) fn committed(&mut self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages >= PAGES_MAX {
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            write_back(writer);
        } else if pages >= PAGES_FROM {
            if self.worker.is_none() {
                self.worker = Worker::start(&self.path, Arc::clone(&self.turn));
            }
            if let Some(worker) = &self.worker {
                worker.wake();
            }
        }
    }

    /// Ends the thread, because nobody appends.
    pub(crate) fn rest(&mut self) {
        self.worker = None;
    }
}

/// What fails here is tried again with the next commit, which also tells why where it cannot write itself; nothing is lost,
/// because the log is on disk.
fn write_back(conn: &Connection) {
    let _ = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
}

struct Worker {
    /// Holds one wish: whoever writes back takes all that there is.
    wishes: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// `None` where the system gives no thread or no connection: the writer then writes back itself.
    fn start(path: &std::path::Path, turn: Arc<Mutex<()>>) -> Option<Self> {
        let conn = crate::sqlite::connection(path).ok()?;
        let (wishes, wished) = sync_channel(1);
        let thread = std::thread::Builder::new().name("write-back".to_owned());
        let thread = thread.spawn(move || work(&conn, &wished, &turn)).ok()?;
        Some(Self { wishes: Some(wishes), thread: Some(thread) })
    }

    fn wake(&self) {
        if let Some(wishes) = &self.wishes {
            // Where a wish waits already, it counts for this one too.
            let _ = wishes.try_send(());
        }
    }
}

fn work(conn: &Connection, wished: &Receiver<()>, turn: &Mutex<()>) {
    while wished.recv().is_ok() {
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        write_back(conn);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.wishes.take());
        if let Some(thread) = self.thread.take() {
            // It ends when the wishes do.
            let _ = thread.join();
        }
    }
}
