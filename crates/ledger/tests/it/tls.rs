//! TLS to a real PostgreSQL that speaks nothing else, with certificates made here.

use mainstay_ledger::{Ledger, Options};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The account that runs the server where we are root, which PostgreSQL refuses to run as.
const ACCOUNT: &str = "postgres";
const START_MAX: Duration = Duration::from_secs(60);

/// A server whose certificate is made out for `localhost` and signed by `ca.pem` of its folder; `other.pem` is an authority
/// that signed nothing. Only encrypted connections are let in.
struct Server {
    process: Child,
    port: u16,
    folder: PathBuf,
}

impl Server {
    /// Starts one; nothing, said loudly, where PostgreSQL or openssl is missing.
    fn start() -> Option<Self> {
        let (Some(initdb), Some(postgres)) = (program("initdb"), program("postgres")) else {
            eprintln!("SKIPPED: there is no PostgreSQL here, so TLS to it is not tested");
            return None;
        };
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED: there is no openssl here, so TLS to PostgreSQL is not tested");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("mainstay-tls-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        certificates(&folder);
        if is_root() {
            run(Command::new("chown").args(["-R", ACCOUNT]).arg(&folder));
        }
        let data = folder.join("data");
        run(as_account(&initdb).arg("-D").arg(&data).args(["-U", "mainstay", "-A", "trust", "--no-sync"]));
        std::fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let set = |name: &str, value: &str| format!("--{name}={value}");
        let process = as_account(&postgres)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-p", &port.to_string()])
            .args([set("listen_addresses", "127.0.0.1"), set("ssl", "on"), set("fsync", "off")])
            .args([
                set("ssl_cert_file", &folder.join("server.pem").display().to_string()),
                set("ssl_key_file", &folder.join("server.key").display().to_string()),
            ])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, port, folder };
        let begun = Instant::now();
        while let Err(error) = server.open("localhost", "sslmode=require") {
            assert!(begun.elapsed() < START_MAX, "the server does not answer: {error}");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(server)
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Opens a ledger there; gives its size, or what is said instead.
    fn open(&self, host: &str, query: &str) -> Result<u64, String> {
        let url = format!("postgres://mainstay@{host}:{}/postgres?{query}", self.port);
        let folder = std::env::temp_dir().join(format!("mainstay-tls-keys-{}", std::process::id()));
        let outcome = Ledger::open(Options::postgres(url, &folder)).and_then(|ledger| ledger.size());
        outcome.map_err(|error| error.to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
        std::fs::remove_dir_all(std::env::temp_dir().join(format!("mainstay-tls-keys-{}", std::process::id()))).ok();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

/// A program of PostgreSQL's server, which Debian keeps out of the path.
fn program(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.extend(std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)));
    found.into_iter().find(|path| path.is_file())
}

/// A command of the server, ending with us even where we are killed.
fn as_account(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.current_dir(std::env::temp_dir()).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn run(command: &mut Command) {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Two authorities, and a server's certificate that the first signed.
fn certificates(folder: &Path) {
    let openssl = |line: &str| run(Command::new("openssl").args(line.split_whitespace()).current_dir(folder));
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256";
    for name in ["ca", "other"] {
        openssl(&format!("req -x509 {key} -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name}"));
    }
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names");
    run(Command::new("chmod").arg("600").arg(folder.join("server.key")));
}

#[test]
fn each_mode_connects_or_is_refused_as_it_promises() {
    let Some(server) = Server::start() else { return };
    let (ca, other) = (server.file("ca.pem"), server.file("other.pem"));
    // Encryption alone, and where nothing is said.
    assert_eq!(server.open("localhost", "sslmode=require"), Ok(0));
    assert_eq!(server.open("localhost", "sslmode=prefer"), Ok(0));
    assert_eq!(server.open("localhost", ""), Ok(0));
    // The right authority; its certificate is made out for the name, not for the number.
    assert_eq!(server.open("localhost", &format!("sslmode=verify-full&sslrootcert={ca}")), Ok(0));
    assert_eq!(server.open("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={ca}")), Ok(0));
    let said = server.open("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={ca}")).unwrap_err();
    assert!(said.contains("127.0.0.1") && said.contains("sslmode=verify-ca"), "{said}");
    // Another authority, also where only a file is named.
    for mode in ["require", "verify-ca", "verify-full"] {
        let said = server.open("localhost", &format!("sslmode={mode}&sslrootcert={other}")).unwrap_err();
        assert!(said.contains("is not signed by an authority in") && said.contains("other.pem"), "{mode}: {said}");
    }
    // No encryption where the server demands it.
    let said = server.open("localhost", "sslmode=disable").unwrap_err();
    assert!(said.contains("no encryption") && said.contains("use sslmode=require"), "{said}");
    // Mistakes in the address.
    let said = server.open("localhost", "sslmode=verify-full&sslrootcert=/nowhere/ca.pem").unwrap_err();
    assert!(said.contains("there is no file /nowhere/ca.pem"), "{said}");
    let said =
        server.open("localhost", &format!("sslmode=verify-ca&sslrootcert={}", server.file("ca.key"))).unwrap_err();
    assert!(said.contains("holds no certificate in PEM form"), "{said}");
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_demanded() {
    let Ok(url) = std::env::var("MAINSTAY_TEST_POSTGRES") else {
        eprintln!("SKIPPED: MAINSTAY_TEST_POSTGRES is not set, so a server without TLS is not tested");
        return;
    };
    let folder = std::env::temp_dir().join(format!("mainstay-no-tls-{}", std::process::id()));
    let outcome = Ledger::open(Options::postgres(format!("{url}?sslmode=require"), &folder));
    std::fs::remove_dir_all(&folder).ok();
    let said = outcome.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(said.contains("does not offer TLS"), "{said}");
}
