//! The pages as a person uses them: signed in, with forms, mistyped addresses, filters and orders.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and talks to it")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const PASSWORD: &str = "a long enough password";

const CODE: &str = r#"
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
}
resource "aws_security_group" "open" {
  name = "open"
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"#;

/// A server over a small folder of code, with the people who may sign in; it ends when dropped.
struct Server {
    folder: PathBuf,
    process: Child,
    host: String,
}

impl Server {
    fn start(name: &str, people: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-pages-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(folder.join("code/network")).unwrap();
        std::fs::write(folder.join("code/main.tf"), CODE).unwrap();
        std::fs::write(
            folder.join("code/network/broken.tf"),
            "resource \"aws_vpc\" \"main\" {\n  cidr_block = = 1\n}\n",
        )
        .unwrap();
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
            command.current_dir(&folder).args(["--data", "data"]);
            command
        };
        for (person, role) in people {
            let mut adding = command();
            let mut adding = adding
                .args(["user", "add", person, "--role", role])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            adding.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
            assert!(adding.wait().unwrap().success());
        }
        let mut process = command()
            .args(["up", "code", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = said.into_iter().find(|line| line.contains("http://")).unwrap();
        let host = line.split("http://").nth(1).unwrap().trim().to_owned();
        Self { folder, process, host }
    }

    /// Sends a request; gives status, head and body.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    fn look(&self, cookie: &str, path: &str) -> (u16, String) {
        let (status, _, body) = self.send("GET", path, &[("Accept", "text/html"), ("Cookie", cookie)], "");
        (status, body)
    }

    fn post(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
        let headers =
            [("Accept", "text/html"), ("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &headers, &body.join("&"))
    }

    /// Signs in; gives the cookie to send.
    fn sign_in(&self, person: &str) -> String {
        let (status, head, _) = self.post("", "/sign-in", &[("user", person), ("password", PASSWORD)]);
        assert_eq!(status, 303, "{head}");
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    page.split(begin.as_str()).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// Addresses of a page that begin like this, decoded as far as `maud` encodes them.
fn links(page: &str, begin: &str) -> Vec<String> {
    let parts = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    parts.filter(|link| link.starts_with(begin)).map(|link| link.replace("&amp;", "&")).collect()
}

#[test]
fn a_waiver_is_asked_for_by_one_person_and_answered_by_another() {
    let server = Server::start("waiver", &[("ada", "approver"), ("grace", "approver"), ("ben", "viewer")]);
    let (ada, grace, ben) = (server.sign_in("ada"), server.sign_in("grace"), server.sign_in("ben"));
    let (_, list) = server.look(&ada, "/findings?state=open");
    let finding = links(&list, "/findings/finding:").remove(0);
    let (_, page) = server.look(&ada, &finding);
    let token = hidden(&page, "token");
    let until = "2027-06-01";
    let reason = "the bucket holds public files";
    let ask = |cookie: &str, token: &str, reason: &str, until: &str| {
        server.post(
            cookie,
            &finding,
            &[("token", token), ("form", "finding.waive"), ("reason", reason), ("until", until)],
        )
    };

    // Without our token, with another's, or with too little said, nothing happens, and what was typed is still there.
    let (status, _, body) = ask(&ada, "", reason, until);
    assert!(status == 403 && body.contains("Nothing was changed") && body.contains(reason), "{status} {body}");
    let (status, _, _) = ask(&grace, &token, reason, until);
    assert_eq!(status, 403);
    for (reason, until) in [("short", until), (reason, "2020-01-01"), (reason, "<script>"), (reason, "2999-01-01")] {
        let (status, _, body) = ask(&ada, &token, reason, until);
        assert!(status == 400 && body.contains("role=\"alert\"") && !body.contains("<script>"), "{status} {body}");
    }
    let (status, body) = server.look(&ada, "/approvals");
    assert!(status == 200 && body.contains("No requests yet"), "{body}");

    let (status, head, _) = ask(&ada, &token, reason, until);
    assert!(status == 303 && head.contains(&finding), "{head}");
    let (_, list) = server.look(&ada, "/approvals?state=waiting");
    let request = links(&list, "/approvals/approval:").remove(0);

    // Whoever asked sees why she cannot answer, and is refused when she tries all the same.
    let answer = |cookie: &str, token: &str| {
        server.post(
            cookie,
            &request,
            &[("token", token), ("form", "approval.answer"), ("approved", "true"), ("reason", "")],
        )
    };
    let (_, page) = server.look(&ada, &request);
    assert!(page.contains("asked for this and cannot approve it") && !page.contains("Approve</button>"), "{page}");
    let (status, _, body) = answer(&ada, &token);
    assert!(status == 403 && body.contains("asked for this and cannot approve it"), "{status} {body}");
    let (_, page) = server.look(&ben, &request);
    assert!(page.contains("needs the role approver; ben is viewer"), "{page}");

    let (_, page) = server.look(&grace, &request);
    let token = hidden(&page, "token");
    let foreign = [
        ("Cookie", grace.as_str()),
        ("Origin", "https://evil.example"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let body = format!("token={token}&form=approval.answer&approved=true");
    assert_eq!(server.send("POST", &request, &foreign, &body).0, 403);
    assert_eq!(answer(&grace, &token).0, 303);
    let (_, page) = server.look(&ben, &finding);
    assert!(page.contains("waived by grace") && page.contains("asked for by ada"), "{page}");
    let (status, _, body) = answer(&grace, &token);
    assert!(status == 409 && body.contains("answered it already"), "{status} {body}");
}

#[test]
fn nobody_answers_their_own_request_by_adding_the_answer_as_a_fact() {
    let server = Server::start("forged", &[("ada", "engineer")]);
    let ada = server.sign_in("ada");
    let forged = r#"{"specversion":"1.0","id":"1","source":"/forged","type":"mainstay.approval.answered.v1","subject":"approval:1","time":"2026-11-01T00:00:00Z","data":{"by":"grace","approved":true,"digest":"d"}}"#;
    let headers = [("Cookie", ada.as_str()), ("Content-Type", "application/json")];
    let (status, _, body) = server.send("POST", "/v1/facts", &headers, forged);
    assert!(status == 200 && body.contains("said by Mainstay alone") && body.contains("\"new\":0"), "{status} {body}");
}

#[test]
fn a_mistyped_address_is_a_page_for_a_person_and_a_problem_for_a_program() {
    let server = Server::start("mistyped", &[("ada", "viewer")]);
    let ada = server.sign_in("ada");
    for path in ["/nothing-here", "/findings/finding:none", "/v1/nothing", "/findings/%ff%00", "/estate/..%2F..%2Fetc"]
    {
        let (status, body) = server.look(&ada, path);
        let expected =
            if path.contains("%ff") { (400, "<h1>Malformed request</h1>") } else { (404, "<h1>Not found</h1>") };
        assert_eq!(status, expected.0, "{path}");
        assert!(body.contains(expected.1) && body.contains("aria-label=\"Main\""), "{path}: {body}");
        let (status, head, body) = server.send("GET", path, &[("Accept", "*/*"), ("Cookie", &ada)], "");
        let problem = head.contains("application/problem+json") && body.contains("\"detail\"");
        // A page that exists answers every program with its HTML.
        assert!(
            status == expected.0 && (problem || path.starts_with("/findings/") || path.starts_with("/estate/")),
            "{path}: {body}"
        );
    }
    let (status, body) = server.look("", "/nothing-here");
    assert!(status == 404 && body.contains("Sign in") && !body.contains("aria-label=\"Main\""), "{body}");
    let (status, _, body) = server.send("POST", "/findings", &[("Accept", "text/html"), ("Cookie", &ada)], "x=1");
    assert!(status == 405 && body.contains("<h1>"), "{status} {body}");
}

#[test]
fn a_source_shows_what_was_wrong_with_its_place() {
    let server = Server::start("sources", &[]);
    let (_, list) = server.look("", "/sources");
    assert!(list.contains("in part") && list.contains("href=\"/sources\""), "{list}");
    let source = links(&list, "/sources/collection:terraform").remove(0);
    let (status, page) = server.look("", &source);
    assert!(status == 200 && page.contains("network/broken.tf:2:"), "{page}");
}

#[test]
fn what_is_typed_into_a_filter_matches_parts_of_words_in_any_case() {
    let server = Server::start("filters", &[]);
    let found = |query: &str| {
        let (status, page) = server.look("", &format!("/findings?{query}"));
        assert_eq!(status, 200, "{query}");
        links(&page, "/findings/finding:").len()
    };
    let all = found("");
    assert!(all > 3, "{all}");
    let s3 = found("rule=S3-");
    assert!(s3 > 0 && s3 < all, "{s3} of {all}");
    assert_eq!(found("rule=%3Ds3-"), 0);
    assert_eq!(found("rule=100%25_%5C'%22"), 0);
    let (_, page) = server.look("", "/findings");
    assert!(page.contains("matches parts of words in any case"));
    let (_, page) = server.look("", "/findings?rule=s3-");
    let download = links(&page, "/v1/findings?").into_iter().find(|link| link.contains("format=json")).unwrap();
    let (status, _, body) = server.send("GET", &download, &[], "");
    assert!(status == 200 && body.contains(&format!("\"total\":{s3}")), "{download}: {body}");
}

#[test]
fn every_column_that_offers_an_order_gives_one() {
    let server = Server::start("orders", &[]);
    let mut orders = 0;
    for path in [
        "/findings",
        "/approvals",
        "/estate",
        "/estate/catalog",
        "/changes",
        "/incidents",
        "/oncall",
        "/alerts",
        "/backups",
        "/vulnerabilities",
        "/spend",
        "/sources",
    ] {
        let (status, page) = server.look("", path);
        assert_eq!(status, 200, "{path}");
        for link in links(&page, path).into_iter().filter(|link| link.contains("sort=")) {
            let (status, sorted) = server.look("", &link);
            assert!(status == 200 && sorted.contains("aria-sort="), "{link}: {sorted}");
            let turned = links(&sorted, path).into_iter().filter(|other| other.contains("sort=-")).collect::<Vec<_>>();
            assert_eq!(server.look("", turned.first().unwrap_or(&link)).0, 200);
            orders += 1;
        }
    }
    assert!(orders >= 15, "{orders}");
    let (_, page) = server.look("", "/findings?sort=severity");
    let weights: Vec<usize> =
        page.split("class=\"severity s").skip(1).map(|rest| usize::from(rest.as_bytes()[0] - b'0')).collect();
    assert!(weights.len() > 3 && weights.is_sorted_by(|a, b| a >= b), "gravest first: {weights:?}");
}

#[test]
fn a_fact_is_erased_by_two_people_and_its_proof_still_holds() {
    let server = Server::start("redaction", &[("ada", "engineer"), ("grace", "administrator")]);
    let (ada, grace) = (server.sign_in("ada"), server.sign_in("grace"));
    let json = |cookie: &str, method: &str, path: &str, body: &str| {
        server.send(method, path, &[("Cookie", cookie), ("Content-Type", "application/json")], body)
    };
    let said = r#"{"specversion":"1.0","id":"n1","source":"/hr","type":"com.example.note","subject":"user:eve","data":{"born":"29-february"}}"#;
    assert!(json(&ada, "POST", "/v1/facts", said).2.contains("\"new\":1"));
    let ask = |reason: &str| json(&ada, "POST", "/v1/facts/n1/redaction", &format!("{{\"reason\": \"{reason}\"}}"));
    assert_eq!(ask("short").0, 400);
    let (status, _, body) = ask("eve asked for erasure");
    assert!(status == 200 && body.contains("\"waiting\""), "{status} {body}");
    let request = body.split("\"approval\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/v1/approvals/{request}/answer");
    assert_eq!(json(&ada, "POST", &path, r#"{"approved": true}"#).0, 403, "nobody approves what they asked for");
    assert!(json(&ada, "GET", "/v1/facts/n1", "").2.contains("29-february"));
    let (_, page) = server.look(&grace, &format!("/approvals/approval:{request}"));
    assert!(page.contains("eve asked for erasure") && page.contains("Approve</button>"), "{page}");
    let fact = links(&page, "/ledger/").remove(0);

    let (status, _, body) = json(&grace, "POST", &path, r#"{"approved": true, "reason": "checked"}"#);
    assert!(status == 200 && body.contains("the data is erased"), "{status} {body}");
    let (_, _, erased) = json(&ada, "GET", "/v1/facts/n1", "");
    assert!(!erased.contains("february") && erased.contains("user:eve"), "{erased}");
    let (status, page) = server.look(&grace, &fact);
    assert!(status == 200 && page.contains("holds: this is entry") && !page.contains("february"), "{page}");
    let (_, _, verified) = json(&grace, "POST", "/v1/ledger/verification", "{}");
    assert!(verified.contains("\"intact\":true") && verified.contains("\"redacted\":1"), "{verified}");
    assert_eq!(ask("eve asked for erasure").0, 409, "what is erased cannot be erased again");
}

#[test]
fn the_first_person_who_is_admitted_closes_the_door_of_a_server_that_runs() {
    let server = Server::start("door", &[]);
    assert_eq!(server.look("", "/").0, 200);
    let mut adding = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    let adding = adding.current_dir(&server.folder).args(["--data", "data", "user", "add", "ada", "--role", "viewer"]);
    let mut adding = adding.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    adding.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    assert!(adding.wait().unwrap().success());
    assert_eq!(server.look("", "/").0, 303);
    assert_eq!(server.send("GET", "/v1/kpis", &[], "").0, 401);
    assert_eq!(server.look(&server.sign_in("ada"), "/").0, 200);
}

#[test]
fn a_token_never_takes_the_place_of_a_person_nor_guesses_a_password() {
    let server = Server::start("names", &[("ada", "administrator")]);
    let ada = server.sign_in("ada");
    let headers = [("Cookie", ada.as_str()), ("Content-Type", "application/json")];
    let body = r#"{"name": "ada", "role": "viewer", "days": 1}"#;
    let (status, _, said) = server.send("POST", "/v1/tokens", &headers, body);
    assert!(status == 409 && said.contains("another name"), "{status} {said}");
    assert_eq!(server.look(&ada, "/").0, 200, "the session goes on");
    let tries: Vec<u16> =
        (0..12).map(|_| server.post("", "/sign-in", &[("user", "ada"), ("password", "not the right one")]).0).collect();
    assert!(tries[0] == 401 && tries[11] == 429, "{tries:?}");
}

#[test]
fn a_library_that_sends_events_in_headers_is_understood() {
    let server = Server::start("binary", &[]);
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "b1"),
        ("ce-source", "/me"),
        ("ce-type", "com.example.note"),
        ("Content-Type", "application/json"),
    ];
    let (status, _, body) = server.send("POST", "/v1/facts", &headers, r#"{"text": "hello"}"#);
    assert!(status == 200 && body.contains("\"new\":1"), "{status} {body}");
    let (_, _, fact) = server.send("GET", "/v1/facts/b1", &[], "");
    assert!(fact.contains("\"data\":{\"text\":\"hello\"}"), "{fact}");
    let wrong = r#"{"specversion":"1.0","id":"t","source":"/me","type":"com.example.note","time":"yesterday"}"#;
    let (_, _, body) = server.send("POST", "/v1/facts", &[("Content-Type", "application/json")], wrong);
    assert!(body.contains("time \\\"yesterday\\\" is no time of RFC 3339"), "{body}");
    let (status, _, body) = server.send("PUT", "/v1/facts", &[], "");
    assert!(status == 405 && body.contains("wrong method"), "{status} {body}");
}

#[test]
fn a_finding_says_why_it_matters_and_how_to_mend_it() {
    let server = Server::start("mend", &[]);
    let (_, list) = server.look("", "/findings?rule=s3-public-access-block");
    let finding = links(&list, "/findings/finding:").remove(0);
    let (status, page) = server.look("", &finding);
    assert!(status == 200 && page.contains("aws_s3_bucket_public_access_block"), "{page}");
}

#[test]
fn health_answers_while_the_first_collection_still_runs() {
    let folder = std::env::temp_dir().join(format!("mainstay-pages-early-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // A secret that is long in coming holds the collection up for as long as the test may need.
    let slow = "[[source]]\nconnector = \"alertmanager\"\npaths = [\"http://127.0.0.1:9\"]\ntoken = \"cmd:sleep 50\"\n";
    std::fs::write(folder.join("mainstay.toml"), slow).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut up = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    let up = up.arg("--data").arg(folder.join("data")).arg("up").arg(&folder).args(["--listen", &free.to_string()]);
    let process = up.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut server = Server { folder, process, host: free.to_string() };
    let answers = (0..400).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        TcpStream::connect(free).is_ok() && server.send("GET", "/health/live", &[], "").2.contains("alive")
    });
    assert!(answers, "nothing answered");
    assert_eq!(server.look("", "/sources").0, 200);
    server.process.kill().unwrap();
    let mut said = String::new();
    server.process.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!said.contains("mainstay serves"), "the collection was over before: {said}");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_server_runs_with_an_allocator_that_gives_memory_back() {
    let server = Server::start("memory", &[]);
    let of_process = |name: &str| std::fs::read(format!("/proc/{}/{name}", server.process.id())).unwrap();
    let environment = of_process("environ");
    let is_set = |wanted: &[u8]| environment.split(|byte| *byte == 0).any(|one| one == wanted);
    assert!(is_set(b"MALLOC_ARENA_MAX=2") && is_set(b"MALLOC_TRIM_THRESHOLD_=131072"));
    // It is the same process, begun as it was asked to begin.
    let line = String::from_utf8(of_process("cmdline")).unwrap();
    assert!(line.ends_with("\0--data\0data\0up\0code\0--listen\x00127.0.0.1:0\0"), "{line:?}");
}
