//! What was acknowledged survives: kills at random points, a full disk, a read-only folder, lost connections, replicas.

use crate::common::{Notes, Place, at, copy_folder, note};
use mainstay_ledger::{Database, Filter, Ledger, LedgerError, Options, VerifyOptions};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const KILLS: u32 = 100;

/// Not a test of its own: the process that is killed. It appends from three threads and says what was acknowledged.
#[test]
fn child_that_appends_until_it_is_killed() {
    let (Ok(folder), Ok(round)) = (std::env::var("MAINSTAY_CHILD_FOLDER"), std::env::var("MAINSTAY_CHILD_ROUND"))
    else {
        return;
    };
    let url = std::env::var("MAINSTAY_CHILD_DATABASE").unwrap();
    let database =
        if url.is_empty() { Database::Sqlite(Path::new(&folder).join("ledger.db")) } else { Database::Postgres(url) };
    let options = Options { database, ..Options::in_folder(folder) }.folds(vec![Arc::new(Notes)]);
    let ledger = Ledger::open(options).unwrap();
    let round: u64 = round.parse().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3_u64 {
            let ledger = &ledger;
            scope.spawn(move || {
                for n in 0.. {
                    let first = (round * 3 + thread) * 100_000 + n * 10;
                    let batch = (first..first + 1 + n % 10)
                        .map(|id| note(id, &format!("host:h{}", id % 50), id as i64 % 1000, "x"));
                    ledger.append(batch.collect(), at(200_000)).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "\nacknowledged {first} {}", 1 + n % 10).unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

/// Starts the child, kills it after a while, and gives the ids that it had acknowledged.
fn run_and_kill(place: &Place, round: u32, delay: Duration) -> Vec<u64> {
    let url = match &place.database {
        Database::Postgres(url) => url.clone(),
        Database::Sqlite(_) => String::new(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "durability::child_that_appends_until_it_is_killed", "--nocapture", "--test-threads", "1"])
        .env("MAINSTAY_CHILD_FOLDER", &place.folder)
        .env("MAINSTAY_CHILD_ROUND", round.to_string())
        .env("MAINSTAY_CHILD_DATABASE", url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut ids = Vec::new();
        for line in output.lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            if let ["acknowledged", first, count] = words[..] {
                let first: u64 = first.parse().unwrap();
                ids.extend(first..first + count.parse::<u64>().unwrap());
            }
        }
        ids
    });
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

fn kill_many(place: &Place, kills: u32) {
    let mut acknowledged = Vec::new();
    let mut mixed: u64 = 42;
    for round in 0..kills {
        mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        acknowledged.extend(run_and_kill(place, round, Duration::from_millis(5 + (mixed >> 33) % 90)));
        let ledger = place.open_with_notes();
        let facts = ledger.facts(&Filter::new()).unwrap();
        let ids: HashSet<&str> = facts.iter().map(|fact| fact.fact.id.as_str()).collect();
        assert_eq!(ids.len(), facts.len(), "nothing is there twice");
        for id in &acknowledged {
            assert!(
                ids.contains(format!("note-{id}").as_str()),
                "round {round}: note {id} was acknowledged and is missing"
            );
        }
        if round % 20 == 19 || round + 1 == kills {
            assert_eq!(ledger.verify(&VerifyOptions::default()).unwrap().problems, []);
            let table = || ledger.read(|tx| tx.query("SELECT * FROM notes ORDER BY subject", &[])).unwrap();
            let live = table();
            ledger.rebuild().unwrap();
            assert_eq!(table(), live, "nothing is half there");
        }
    }
    assert!(acknowledged.len() > kills as usize, "the children did append: {}", acknowledged.len());
}

/// Entries with a secret each, and kills while they are erased one after the other.
const SECRETS: u64 = 400;
const ERASING_KILLS: u64 = 30;

fn secret(seq: u64) -> String {
    format!("secret-of-{seq};")
}

/// Not a test of its own: the process that is killed. It erases what is not erased yet.
#[test]
fn child_that_erases_until_it_is_killed() {
    let Ok(folder) = std::env::var("MAINSTAY_ERASING_FOLDER") else { return };
    let ledger = Ledger::open(Options::in_folder(folder).folds(vec![Arc::new(Notes)])).unwrap();
    for seq in 0..SECRETS {
        if ledger.fact(seq).unwrap().unwrap().fact.data.get("text").is_some() {
            ledger.redact(seq, "/test", "asked for", serde_json::json!({}), at(200_000)).unwrap();
        }
    }
}

#[test]
fn what_was_erased_is_in_no_file_once_a_killed_process_was_started_again() {
    let place = Place::sqlite();
    let facts = (0..SECRETS).map(|n| note(n, &format!("host:h{}", n % 50), 1, &secret(n).repeat(20)));
    let ledger = place.open_with_notes();
    ledger.append(facts.collect(), at(200_000)).unwrap();
    drop(ledger);
    let (mut mixed, mut erased) = (7_u64, 0);
    for round in 0..ERASING_KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "durability::child_that_erases_until_it_is_killed"])
            .env("MAINSTAY_ERASING_FOLDER", &place.folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(20 + (mixed >> 33) % 150));
        child.kill().unwrap();
        child.wait().unwrap();
        let ledger = place.open_with_notes();
        let gone: Vec<u64> =
            (0..SECRETS).filter(|seq| ledger.fact(*seq).unwrap().unwrap().fact.data.get("text").is_none()).collect();
        ledger.write_log_files(&place.folder.join("mirror")).unwrap();
        let found = secrets_in(&bytes_below(&place.folder));
        for seq in 0..SECRETS {
            // What was not erased is found, or the search would show nothing.
            assert_eq!(found.contains(&seq), !gone.contains(&seq), "round {round}, entry {seq}");
        }
        erased = gone.len();
        assert_eq!(ledger.verify(&VerifyOptions::default()).unwrap().problems, []);
    }
    assert!(erased > 0, "the children did erase");
}

/// All bytes of all files below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        out.extend(if path.is_dir() { bytes_below(&path) } else { std::fs::read(&path).unwrap() });
    }
    out
}

/// The entries whose secret is somewhere in the bytes.
fn secrets_in(bytes: &[u8]) -> HashSet<u64> {
    let mark = b"secret-of-";
    let starts =
        bytes.windows(mark.len()).enumerate().filter(|(_, window)| window == mark).map(|(at, _)| at + mark.len());
    let number = |at: usize| {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
        String::from_utf8(digits.copied().collect()).ok()?.parse().ok()
    };
    starts.filter_map(number).collect()
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed_a_hundred_times() {
    kill_many(&Place::sqlite(), KILLS);
}

#[test]
fn nothing_acknowledged_is_lost_on_postgresql_when_the_process_is_killed() {
    if let Some(place) = Place::postgres() {
        kill_many(&place, 20);
    }
}

/// A small file system of its own, where that is permitted.
struct Mount(PathBuf);

impl Mount {
    fn new(place: &Place, size: &str) -> Option<Self> {
        let folder = place.folder.join("mounted");
        std::fs::create_dir_all(&folder).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED: no file system can be mounted here, so a full disk and a read-only folder are not tested");
        None
    }

    fn remount(&self, how: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_is_corrupt_and_it_goes_on_when_there_is_room() {
    let place = Place::sqlite();
    let Some(mount) = Mount::new(&place, "6m") else { return };
    let options = || Options::in_folder(&mount.0).folds(vec![Arc::new(Notes)]);
    let ledger = Ledger::open(options()).unwrap();
    let mut kept = 0;
    let error = loop {
        let batch: Vec<_> =
            (kept..kept + 500).map(|n| note(n, &format!("host:h{}", n % 9), 0, &"x".repeat(200))).collect();
        match ledger.append(batch, at(10)) {
            Ok(report) => kept += report.new,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LedgerError::Full(_)), "{error:?}");
    assert!(kept >= 500);
    assert_eq!(ledger.size().unwrap(), kept);
    mount.remount("size=64m");
    let report = ledger.append(vec![note(kept, "host:a", 0, "there is room again")], at(20)).unwrap();
    assert_eq!(report.new, 1);
    assert_eq!(ledger.verify(&VerifyOptions::default()).unwrap().problems, []);
    drop(ledger);
    assert_eq!(Ledger::open(options()).unwrap().size().unwrap(), kept + 1);
}

#[test]
fn a_read_only_folder_is_said_and_the_ledger_in_it_can_still_be_verified() {
    let place = Place::sqlite();
    let Some(mount) = Mount::new(&place, "16m") else { return };
    Ledger::open(Options::in_folder(&mount.0)).unwrap().append(vec![note(1, "host:a", 0, "x")], at(10)).unwrap();
    mount.remount("ro");
    let Err(error) = Ledger::open(Options::in_folder(&mount.0)) else { panic!("it opened") };
    assert!(matches!(error, LedgerError::ReadOnly(_)), "{error:?}");
    let Err(error) = Ledger::open(Options::in_folder(mount.0.join("new"))) else { panic!("it opened") };
    assert!(matches!(error, LedgerError::ReadOnly(_)), "{error:?}");
    let ledger = Ledger::open(Options { read_only: true, ..Options::in_folder(&mount.0) }).unwrap();
    assert_eq!(ledger.verify(&VerifyOptions::default()).unwrap().problems, []);
    assert!(matches!(ledger.append(vec![], at(0)), Err(LedgerError::ReadOnly(_))));
}

#[test]
fn a_lost_connection_is_said_or_mended_and_costs_nothing() {
    let Some(place) = Place::postgres() else { return };
    let Database::Postgres(url) = place.database.clone() else { return };
    let ledger = place.open_with_notes();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let (mut lost, mut done) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut admin = postgres::Client::connect(&url, postgres::NoTls).unwrap();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(17));
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
                admin.simple_query(sql).unwrap();
            }
        });
        while done < 300 || lost == 0 {
            assert!(done < 100_000, "no connection was ever lost during an append");
            match ledger.append(vec![note(done, "host:a", 0, "x")], at(10)) {
                Ok(_) => done += 1,
                Err(LedgerError::Connection { .. }) => lost += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(ledger.size().unwrap(), done, "what was sent again after an error is there once");
    assert_eq!(ledger.verify(&VerifyOptions::default()).unwrap().problems, []);
}

#[test]
fn several_processes_or_replicas_append_at_once_without_gaps() {
    for place in Place::each() {
        let first = place.open_with_notes();
        let elsewhere = place.folder.join("replica");
        copy_folder(&place.folder, &elsewhere);
        let options = Options { database: place.database.clone(), ..Options::in_folder(&elsewhere) };
        let second = Ledger::open(options.folds(vec![Arc::new(Notes)])).unwrap();
        std::thread::scope(|scope| {
            for (thread, ledger) in [&first, &second, &first, &second].into_iter().enumerate() {
                scope.spawn(move || {
                    for n in 0..40_u64 {
                        // Every fact is sent by two threads; one of them finds it known.
                        let base = (thread as u64 / 2) * 10_000 + n * 7;
                        let batch =
                            (base..base + 7).map(|id| note(id, &format!("host:h{}", id % 20), 0, "x")).collect();
                        let report = ledger.append(batch, at(10)).unwrap();
                        assert_eq!(report.new + report.known, 7);
                    }
                });
            }
        });
        for ledger in [&first, &second] {
            assert_eq!(ledger.size().unwrap(), 560);
            let seqs: Vec<u64> = ledger.facts(&Filter::new()).unwrap().iter().map(|fact| fact.seq).collect();
            assert_eq!(seqs, (0..560).collect::<Vec<_>>());
            assert_eq!(ledger.verify(&VerifyOptions::default()).unwrap().problems, []);
        }
    }
}

#[test]
fn the_log_is_written_back_while_facts_are_appended_and_does_not_grow_without_end() {
    let place = Place::sqlite();
    let ledger = place.open();
    let size = |name: &str| std::fs::metadata(place.folder.join(name)).map_or(0, |file| file.len());
    let (mut longest, text) = (0, "x".repeat(2_000));
    for batch in 0..60 {
        let facts = (batch * 1_000..(batch + 1) * 1_000).map(|n| note(n, "host:a", 0, &text));
        assert_eq!(ledger.append(facts.collect(), at(10)).unwrap().new, 1_000);
        longest = longest.max(size("ledger.db-wal"));
    }
    // 160 MB of pages went through it; it may hold 64 MB and the commit that goes beyond.
    assert!((1..80_000_000).contains(&longest), "{longest}");
    assert!(size("ledger.db") > 80_000_000, "{}", size("ledger.db"));
    // A process that is killed now leaves both files as they are.
    let copy = Place::sqlite();
    copy_folder(&place.folder, &copy.folder);
    assert_eq!(copy.open().verify(&VerifyOptions::default()).unwrap().problems, []);
    assert_eq!(copy.open().facts(&Filter::new()).unwrap().len(), 60_000);
}
