//! A PostgreSQL of the tests' own: a new folder, a free port, loopback only, gone afterwards.

use crate::shell::{Outcome, Scratch, capture, command, execute};
use crate::{setup, tools};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a start may take, in tenths of a second.
const START_TENTHS_MAX: u32 = 300;

/// The account that runs it where we are root, which PostgreSQL refuses to run as. Debian's package makes it.
const ACCOUNT: &str = "postgres";

/// A running server, stopped when dropped.
pub struct Server {
    process: Child,
    port: u16,
    folder: Scratch,
}

impl Server {
    /// Starts one and waits until it answers.
    pub fn start() -> Outcome<Self> {
        let folder = Scratch::new("postgres")?;
        let data = folder.path().join("data");
        let port = free_port()?;
        if setup::is_root() {
            execute(command("chown").arg(ACCOUNT).arg(folder.path()))?;
        }
        let mut init = as_account("initdb")?;
        init.arg("-D").arg(&data).args(["-U", "mainstay", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        capture(init.current_dir(folder.path()))?;
        let mut server = as_account("postgres")?;
        server.arg("-D").arg(&data).arg("-k").arg(folder.path());
        server.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
        // Tests kill our processes, never the database's, so its own durability would only cost time.
        server.args(["-c", "fsync=off", "-c", "log_min_messages=fatal"]);
        server.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = server.spawn().map_err(|e| format!("start postgres: {e}"))?;
        let mut server = Self { process, port, folder };
        server.wait()?;
        Ok(server)
    }

    /// Where tests find it, as its superuser.
    pub fn url(&self) -> String {
        format!("postgres://mainstay@127.0.0.1:{}/postgres", self.port)
    }

    fn wait(&mut self) -> Outcome<()> {
        for _ in 0..START_TENTHS_MAX {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("start postgres: it ended with {status}"));
            }
            let mut ready = command(program("pg_isready")?);
            if capture(ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err("start postgres: it does not answer".to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let stop = as_account("pg_ctl").and_then(|mut stop| {
            stop.args(["stop", "-s", "-w", "-m", "immediate", "-D"]).arg(&data).current_dir(self.folder.path());
            capture(&mut stop)
        });
        if stop.is_err() {
            // It may have ended already; killing what is gone is no failure.
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}

/// A command of PostgreSQL's server as an account that it agrees to run as, ending with us even where we are killed.
fn as_account(name: &str) -> Outcome<Command> {
    let mut command = command("setpriv");
    if setup::is_root() {
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]);
    }
    command.args(["--pdeathsig", "INT", "--"]).arg(program(name)?);
    Ok(command)
}

fn program(name: &str) -> Outcome<std::path::PathBuf> {
    tools::postgres(name).ok_or_else(|| format!("find PostgreSQL's {name}; run cargo xtask setup"))
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("find a free port: {e}"))?;
    Ok(listener.local_addr().map_err(|e| format!("find a free port: {e}"))?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_answers_on_a_port_of_its_own_and_leaves_nothing_behind() {
        if tools::postgres("initdb").is_none() {
            eprintln!("SKIPPED: there is no PostgreSQL here; run cargo xtask setup");
            return;
        }
        let server = Server::start().unwrap();
        let folder = server.folder.path().to_owned();
        let mut ask = command(program("psql").unwrap());
        let answer = capture(ask.args([&server.url(), "-At", "-c", "select 6 * 7"])).unwrap();
        assert_eq!(answer.trim(), "42");
        drop(server);
        assert!(!folder.exists());
    }
}
