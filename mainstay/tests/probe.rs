//! `mainstay probe` against real servers: one of HTTP, OpenSSL's of TLS with certificates of an authority of ours and answers
//! of OCSP stapled to them, and dnsmasq.

#![expect(clippy::disallowed_methods, reason = "a test starts programs and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// As long as a busy machine may need for what takes a moment.
const PATIENCE: Duration = Duration::from_secs(120);

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-probe-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(program: &str, arguments: &[&str], folder: &Path) -> Running {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap_or_else(|error| panic!("{program}: {error}; run cargo xtask setup")))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs the program; gives its exit status, what it printed and what it complained of.
fn mainstay(folder: &Path, arguments: &[&str], token: Option<&str>) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command.args(arguments).current_dir(folder).env_remove("PROBED_TOKEN");
    if let Some(token) = token {
        command.env("PROBED_TOKEN", token);
    }
    let out = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (out.status.code().unwrap(), text(&out.stdout), text(&out.stderr))
}

/// By name, what came of each probe of a file.
fn probed(folder: &Path, file: &str, token: Option<&str>) -> (i32, BTreeMap<String, Value>) {
    let (code, out, complaints) = mainstay(folder, &["--format", "json", "probe", "run", file], token);
    assert_eq!(complaints, "");
    let answer: Value = serde_json::from_str(&out).unwrap();
    let rows = answer["probes"].as_array().unwrap().iter();
    (code, rows.map(|row| (row["name"].as_str().unwrap().to_owned(), row.clone())).collect())
}

fn verdict<'v>(rows: &'v BTreeMap<String, Value>, name: &str) -> (&'v str, &'v str) {
    let row = &rows[name];
    (row["verdict"].as_str().unwrap(), row["why"].as_str().unwrap())
}

/// Answers as the path says.
fn answer(mut stream: TcpStream) {
    // Whoever does not speak HTTP gets an answer, too.
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let token = head.iter().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("nobody");
    let body = format!(r#"{{"state": "UP", "items": [1, 2, 3], "token": "{token}"}}"#);
    let status = match first.split(' ').nth(1) {
        Some("/moved") => "302 Found\r\nLocation: /up",
        Some("/down") => "503 Service Unavailable",
        Some("/silent") => {
            std::thread::sleep(Duration::from_secs(3));
            return;
        }
        _ => "200 OK",
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).ok();
}

fn web() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(|| answer(stream));
        }
    });
    port
}

#[test]
fn answers_of_http_are_judged_by_status_body_and_time() {
    let scratch = Scratch::new("http");
    let (port, closed) = (web(), free_port());
    scratch.write(
        "probes.yaml",
        &format!(
            r#"endpoints:
  - {{name: up, group: core, service: checkout, url: "http://127.0.0.1:{port}/up", headers: {{Authorization: "Bearer ${{PROBED_TOKEN}}"}},
     conditions: ["[STATUS] == 200", "[BODY].state == pat(U*)", "len([BODY].items) >= 3", "[BODY].items[2] == 3", "[BODY].token == Bearer pss", "[RESPONSE_TIME] < 30s", "[IP] == 127.0.0.1"]}}
  - {{name: down, url: "http://127.0.0.1:{port}/down", conditions: ["[STATUS] == any(200, 204)", "[BODY].none == 1", "has([BODY].items) == true"]}}
  - {{name: moved, url: "http://127.0.0.1:{port}/moved", client: {{ignore-redirect: true}}, conditions: ["[STATUS] == 302"]}}
  - {{name: followed, url: "http://127.0.0.1:{port}/moved", conditions: ["[STATUS] == 200"]}}
  - {{name: silent, url: "http://127.0.0.1:{port}/silent", client: {{timeout: 300ms}}, conditions: ["[STATUS] == 200"]}}
  - {{name: port, url: "tcp://127.0.0.1:{port}", conditions: ["[CONNECTED] == true"]}}
  - {{name: closed, url: "tcp://127.0.0.1:{closed}", conditions: ["[CONNECTED] == true"]}}
"#
        ),
    );
    let (code, rows) = probed(&scratch.0, "probes.yaml", Some("pss"));
    assert_eq!(verdict(&rows, "core/up"), ("pass", ""));
    assert_eq!(rows["core/up"]["service"], "checkout");
    let down = "[STATUS] (503) == any(200, 204); [BODY].none (is not there) == 1";
    assert_eq!(verdict(&rows, "down"), ("fail", down));
    assert_eq!(verdict(&rows, "moved"), ("pass", ""));
    assert_eq!(verdict(&rows, "followed"), ("pass", ""));
    assert_eq!(verdict(&rows, "port"), ("pass", ""));
    assert!(verdict(&rows, "silent").1.ends_with("did not answer within 300ms"), "{:?}", rows["silent"]);
    assert_eq!(verdict(&rows, "closed"), ("fail", format!("127.0.0.1:{closed} refused the connection").as_str()));
    assert_eq!(code, 1);

    // Without the secret nothing is known of the endpoint, and nothing is sent.
    let (code, rows) = probed(&scratch.0, "probes.yaml", None);
    let (word, why) = verdict(&rows, "core/up");
    assert_eq!((code, word), (2, "unknown"));
    assert!(why.contains("PROBED_TOKEN"), "{why}");
}

fn openssl(folder: &Path, line: &str) {
    let out = Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
}

/// An authority, a certificate for `localhost` that ends in twenty days, and what the authority says of it.
fn certificates(folder: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256";
    openssl(folder, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 400 -subj /CN=authority"));
    openssl(folder, &format!("req {key} -keyout host.key -out host.csr -subj /CN=localhost"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        folder,
        "x509 -req -in host.csr -CA ca.pem -CAkey ca.key -set_serial 77 -out host.pem -days 20 -extfile names",
    );
    openssl(folder, "ocsp -issuer ca.pem -cert host.pem -no_nonce -reqout asked.der");
    for (name, state) in [("good", "V\t301231235959Z\t"), ("revoked", "R\t301231235959Z\t260101000000Z")] {
        std::fs::write(folder.join(name), format!("{state}\t4D\tunknown\t/CN=localhost\n")).unwrap();
        let answer = "ocsp -rsigner ca.pem -rkey ca.key -CA ca.pem -reqin asked.der -ndays 5";
        openssl(folder, &format!("{answer} -index {name} -respout {name}.der"));
    }
}

/// OpenSSL's server, once it listens.
fn tls_server(folder: &Path, stapled: &str) -> (Running, u16) {
    let port = free_port();
    let accept = port.to_string();
    let arguments =
        ["s_server", "-accept", &accept, "-cert", "host.pem", "-key", "host.key", "-www", "-status_file", stapled];
    let running = start("openssl", &arguments, folder);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE, "openssl s_server does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    (running, port)
}

#[test]
fn certificates_are_judged_by_authority_name_end_and_what_is_stapled() {
    let scratch = Scratch::new("tls");
    certificates(&scratch.0);
    let ((_good, good), (_revoked, revoked)) =
        (tls_server(&scratch.0, "good.der"), tls_server(&scratch.0, "revoked.der"));
    let plain = web();
    scratch.write(
        "probes.yaml",
        &format!(
            r#"endpoints:
  - {{name: kept, url: "https://localhost:{good}/", certificate-authority: ca.pem, conditions: ["[STATUS] == 200", "[CERTIFICATE_EXPIRATION] > 14d", "[CERTIFICATE_STATUS] == good"]}}
  - {{name: ends soon, url: "tls://localhost:{good}", certificate-authority: ca.pem, conditions: ["[CERTIFICATE_EXPIRATION] > 30d"]}}
  - {{name: revoked, url: "tls://localhost:{revoked}", certificate-authority: ca.pem, conditions: ["[CONNECTED] == true"]}}
  - {{name: own authority, url: "https://localhost:{good}/", conditions: ["[STATUS] == 200"]}}
  - {{name: other name, url: "https://127.0.0.1:{good}/", certificate-authority: ca.pem, conditions: ["[STATUS] == 200"]}}
  - {{name: whoever, url: "https://127.0.0.1:{good}/", client: {{insecure: true}}, conditions: ["[STATUS] == 200"]}}
  - {{name: no tls, url: "tls://127.0.0.1:{plain}", conditions: ["[CONNECTED] == true"]}}
  - {{name: no authorities, url: "tls://localhost:{good}", certificate-authority: names, conditions: ["[CONNECTED] == true"]}}
"#
        ),
    );
    let (code, rows) = probed(&scratch.0, "probes.yaml", None);
    assert_eq!(verdict(&rows, "kept"), ("pass", ""));
    assert_eq!(rows["kept"]["certificate"]["issuer"], "CN=authority");
    assert_eq!(verdict(&rows, "ends soon"), ("fail", "[CERTIFICATE_EXPIRATION] (20d) > 30d"));
    assert_eq!(verdict(&rows, "revoked"), ("fail", "its certificate is revoked, as its authority says"));
    let mistrust = "its certificate is not to be trusted: its chain leads to no authority that is trusted";
    assert_eq!(verdict(&rows, "own authority"), ("fail", mistrust));
    let mistrust = "its certificate is not to be trusted: it is not for the name 127.0.0.1";
    assert_eq!(verdict(&rows, "other name"), ("fail", mistrust));
    assert_eq!(verdict(&rows, "whoever"), ("pass", ""));
    assert!(verdict(&rows, "no tls").1.starts_with(&format!("no TLS with 127.0.0.1:{plain}")), "{:?}", rows["no tls"]);
    let (word, why) = verdict(&rows, "no authorities");
    assert_eq!(word, "unknown");
    assert!(why.contains("names has no authorities in PEM"), "{why}");
    assert_eq!(code, 2);
}

#[test]
fn name_servers_are_judged_by_what_they_answer() {
    let scratch = Scratch::new("dns");
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut arguments: Vec<String> =
        ["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces"]
            .map(str::to_owned)
            .to_vec();
    // Texts that do not fit a datagram of 512 bytes are asked for again over TCP.
    arguments
        .extend((0..20).map(|n| format!("--txt-record=long.test,number {n:02} of some texts that together are long")));
    arguments.extend([
        "--listen-address=127.0.0.1".to_owned(),
        format!("--port={port}"),
        "--address=/shop.test/10.1.2.3".to_owned(),
        "--address=/gone.test/".to_owned(),
        "--mx-host=shop.test,mail.shop.test,10".to_owned(),
    ]);
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let _server = start("dnsmasq", &words, &scratch.0);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE, "dnsmasq does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    let probe = |name: &str, asked: &str, kind: &str, conditions: &str| {
        format!(
            "  - {{name: {name}, url: \"127.0.0.1:{port}\", dns: {{query-name: {asked}, query-type: {kind}}}, conditions: [{conditions}]}}\n"
        )
    };
    let file = [
        "endpoints:\n".to_owned(),
        probe("address", "shop.test", "A", r#""[DNS_RCODE] == NOERROR", "[BODY] == 10.1.2.3""#),
        probe("other address", "shop.test", "A", r#""[BODY] == 10.1.2.4""#),
        probe("mail", "shop.test", "mx", r#""[BODY] == 10 mail.shop.test""#),
        probe("texts", "long.test", "TXT", r#""[BODY] == pat(number ?? of some texts*)""#),
        probe("nobody", "gone.test", "A", r#""[DNS_RCODE] == NXDOMAIN""#),
    ];
    scratch.write("probes.yaml", &file.concat());
    let (code, rows) = probed(&scratch.0, "probes.yaml", None);
    for name in ["address", "mail", "texts", "nobody"] {
        assert_eq!(verdict(&rows, name), ("pass", ""), "{name}");
    }
    assert_eq!(verdict(&rows, "other address"), ("fail", "[BODY] (10.1.2.3) == 10.1.2.4"));
    assert_eq!(code, 1);
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place_and_costs_that_probe_alone() {
    let scratch = Scratch::new("wrong");
    let port = web();
    scratch.write(
        "probes.yaml",
        &format!(
            "endpoints:\n  - name: good\n    url: tcp://127.0.0.1:{port}\n    conditions: [\"[CONNECTED] == true\"]\n  - name: bad\n    url: ftp://shop\n    conditions: [\"[STATUS] = 200\"]\n  - name: good\n    url: tcp://127.0.0.1:1\n    conditions: [\"[CONNECTED] == true\"]\n"
        ),
    );
    let (code, out, complaints) = mainstay(&scratch.0, &["--format", "csv", "probe", "check", "probes.yaml"], None);
    assert_eq!(code, 1);
    assert!(out.contains("good,"), "{out}");
    for said in [
        "probes.yaml:7:18: error: \"[STATUS] = 200\" compares nothing",
        "probes.yaml:6:10: error: \"ftp://shop\"",
        "\"good\" is there already, at probes.yaml:2:5",
    ] {
        assert!(complaints.contains(said), "{said} is missing in {complaints}");
    }
    let (code, out, _) = mainstay(&scratch.0, &["--format", "csv", "probe", "run", "probes.yaml"], None);
    assert_eq!((code, out.lines().count()), (2, 2), "{out}");
    let (code, _, complaints) = mainstay(&scratch.0, &["probe", "run", "probes.yaml", "--only", "none"], None);
    assert_eq!(code, 2);
    assert!(complaints.contains("no endpoint's name holds \"none\"; there are good"), "{complaints}");
}

/// Asks the API of a server that runs.
fn get(address: &str, path: &str) -> Value {
    use std::io::Read as _;
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    let (from, to) = (body.find('{').unwrap_or(0), body.rfind('}').map_or(0, |at| at + 1));
    serde_json::from_str(&body[from..to]).unwrap_or(Value::Null)
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn an_endpoint_that_goes_down_is_seen_by_a_server_that_watches_and_counts_as_time() {
    let scratch = Scratch::new("watched");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::fs::create_dir_all(scratch.0.join("estate")).unwrap();
    scratch.write("estate/mainstay.toml", "[[source]]\nconnector = \"probes\"\npaths = [\"probes.yaml\"]\n");
    let text = format!(
        "endpoints:\n  - name: port\n    service: checkout\n    url: tcp://127.0.0.1:{port}\n    interval: 1s\n    conditions: [\"[CONNECTED] == true\"]\n    fails-after: 2\n    mends-after: 1\n"
    );
    scratch.write("estate/probes.yaml", &text);
    let mut child = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .arg("--data")
        .arg(scratch.0.join("data"))
        .arg("up")
        .arg(scratch.0.join("estate"))
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let _running = Running(child);
    let address = lines.find_map(|line| Some(line.split_once("http://")?.1.trim().to_owned())).unwrap();
    let state = |wanted: &str| {
        let answer = get(&address, "/v1/endpoints");
        let text = answer.to_string();
        text.contains(&format!("\"state\":\"{wanted}\"")).then_some(text)
    };
    let passing = until("the endpoint that passes", || state("passing"));
    assert!(passing.contains("service:checkout"), "{passing}");
    // Some seconds are good, so that there is something to divide.
    std::thread::sleep(Duration::from_secs(3));
    drop(listener);
    let failing = until("the endpoint that fails", || state("failing"));
    assert!(failing.contains("refused the connection"), "{failing}");
    std::thread::sleep(Duration::from_secs(2));
    let _again = TcpListener::bind(("127.0.0.1", port)).unwrap();
    until("the endpoint that passes again", || state("passing"));
    // Figures are those of the minute that began last.
    let figures = until("the figure of a minute in which it was down", || {
        let kpi = get(&address, "/v1/kpis/platform-availability");
        let (good, all) = (kpi["numerator"].as_f64()?, kpi["denominator"].as_f64()?);
        (all > good).then_some((good, all))
    });
    let (good, all) = figures;
    assert!(good >= 3.0 && all - good >= 1.0 && all < 150.0, "{good} of {all} s");
}
