//! A planted password is found nowhere: not in files, output, JSON or logs; not raw, in base64, hexadecimal, URL- or
//! JSON-escaped. Nor is its digest, from which a short one can be guessed.

use super::support::{Bench, Ran};
use super::trial;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use formwork_engine::plan_file;
use formwork_state::store::Reader;
use formwork_state::{Keys, LocalStore};
use libtest_mimic::Trial;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("secrets::a_planted_password_is_found_nowhere", a_planted_password_is_found_nowhere),
        trial("secrets::what_is_printed_for_debugging_shows_none", what_is_printed_for_debugging_shows_none),
        trial("secrets::kubectls_copy_of_a_secret_is_not_read", kubectls_copy_of_a_secret_is_not_read),
        trial("secrets::a_server_that_repeats_it_is_traced_without", a_server_that_repeats_it_is_traced_without),
    ]
}

/// What is planted: it reads otherwise in every encoding.
pub(crate) const PASSWORD: &str = "pl4nted/\"p@ss w\u{f6}rd\"+%&\\end";

const STACK: &str = r#"
provider mock {}
param password: secret<string> = secret_from("env:PASSWORD")
let connection = "postgres://app:${password}@db/${env}"
resource plain: mock.thing { name = "plain", tags = { connection } }
resource kept: std.value { input = { nested = [connection], password } }
resource written: std.file { path = "written", secret_content = password }
resource encoded: std.value { input = base64_encode(password) }
resource generated: std.random_password { length = 24 }
output connection: secret<string> = connection
output generated = generated.result
output length = length(connection)
output digest = "sha256:${written.sha256}"
"#;

fn a_planted_password_is_found_nowhere() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[allow]\nenv = [\"PASSWORD\"]\n");
    let faults = format!(
        r#"[{{"call": "create", "type": "thing", "nth": 1, "class": "forbidden", "message": {}}}]"#,
        serde_json::to_string(&format!("denied: tag connection=postgres://app:{PASSWORD}@db/default")).unwrap()
    );
    std::fs::create_dir_all(bench.home().join("cloud")).unwrap();
    std::fs::write(bench.home().join("cloud/faults.json"), faults).unwrap();
    let file = bench.home().join("plan.fwplan").display().to_string();
    let mut said = String::new();
    for (arguments, code) in [
        (vec!["check"], 0),
        (vec!["plan", "--out", &file], 0),
        (vec!["plan", "--json"], 0),
        (vec!["show", &file], 0),
        (vec!["show", &file, "--json"], 0),
        (vec!["show", &file, "--markdown"], 0),
        // The cloud quotes the secret in its refusal.
        (vec!["apply", "--auto-approve"], 1),
        (vec!["apply", "--auto-approve", "--json"], 0),
        (vec!["plan", "--detailed-exitcode"], 0),
        (vec!["state", "show", "kept"], 0),
        (vec!["state", "show", "plain", "--json"], 0),
        (vec!["state", "show", "written"], 0),
        (vec!["state", "show", "written", "--json"], 0),
        (vec!["show"], 0),
        (vec!["show", "--json"], 0),
        (vec!["output"], 0),
        (vec!["output", "--json"], 0),
        (vec!["explain", "kept.input"], 0),
        (vec!["state", "history", "--json"], 0),
        (vec!["graph"], 0),
    ] {
        let mut command = bench.command(&arguments);
        command.env("PASSWORD", PASSWORD).env("FORMWORK_LOG", "trace");
        let ran = Ran::of(&command.output().unwrap());
        assert_eq!(ran.code, Some(code), "{arguments:?}\n{}\n{}", ran.out, ran.err);
        said.push_str(&ran.out);
        said.push_str(&ran.err);
    }
    // What the cloud itself was told to say, and how often it did, is not ours.
    std::fs::remove_file(bench.home().join("cloud/fault_counts.json")).unwrap();
    std::fs::remove_file(bench.home().join("cloud/faults.json")).unwrap();
    // The one place where the stack wants it in the clear.
    assert_eq!(std::fs::read_to_string(bench.root().join("written")).unwrap(), PASSWORD);
    std::fs::remove_file(bench.root().join("written")).unwrap();
    refuse_forms("what was said", said.as_bytes());
    search(bench.home());
    // It is there, though: asked for by name, it comes.
    let raw = Ran::of(&bench.command(&["output", "connection", "--raw"]).output().unwrap()).expect(0).out;
    assert!(raw.contains(PASSWORD));
    let digest = Ran::of(&bench.command(&["output", "digest", "--raw"]).output().unwrap()).expect(0).out;
    assert!(digest.contains(&digest_of_password()), "{digest}");
}

/// State, history and plans, as a careless log line would print them.
fn what_is_printed_for_debugging_shows_none() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[allow]\nenv = [\"PASSWORD\"]\n");
    let file = bench.home().join("plan.fwplan");
    let run = |arguments: &[&str]| Ran::of(&bench.command(arguments).env("PASSWORD", PASSWORD).output().unwrap());
    run(&["plan", "--out", &file.display().to_string()]).expect(0);
    run(&["apply", "--auto-approve"]).expect(0);
    let keys = || Keys::in_file(bench.home().join("home/.local/share/formwork/state.key"));
    let plan = plan_file::read(&file, &keys().sealer().unwrap()).unwrap();
    let reader = LocalStore::open_reader(bench.root().join(".formwork/state/default"), keys());
    let (published, history) = (reader.read().unwrap(), reader.history().unwrap());
    assert!(plan.operations.len() >= 4 && published.state.rows.len() == 5);
    for printed in [format!("{plan:?}{plan:#?}"), format!("{published:?}{published:#?}"), format!("{history:?}")] {
        refuse_forms("what is printed", printed.as_bytes());
    }
}

/// A server that repeats in its answers what it was sent, in every form, to a program that traces all of HTTP.
fn a_server_that_repeats_it_is_traced_without() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/repeats", server.local_addr().unwrap());
    std::thread::spawn(move || server.incoming().flatten().for_each(repeat));
    let stack = format!(
        r#"
param password: secret<string> = secret_from("env:PASSWORD")
data told: std.http {{
  url = "{url}"
  headers = {{ authorization = "Basic ${{base64_encode("app:${{password}}")}}", "x-escaped" = url_encode(password) }}
}}
data refused: std.http {{
  url = "{url}?status=403"
  headers = {{ authorization = "Bearer ${{base64_encode(password)}}" }}
  expected_status = [403]
}}
data declared_plain: std.http {{
  url = "{url}"
  headers = {{ authorization = "Bearer ${{base64_encode(password)}}" }}
  sensitive = false
}}
data asked_by_url: std.http {{ url = to_url("{url}?key=${{url_encode(password)}}") }}
resource kept: std.value {{ input = [told.status, refused.status] }}
resource answers: std.value {{
  input = {{
    body = told.body, parts = told.json, headers = told.response_headers, bytes = declared_plain.body_base64,
    url = asked_by_url.json.url, of_parts = [for part in told.json.headers => part], at = "at ${{told.json.url}}"
  }}
}}
output answer = declared_plain.json
output quoted = "<${{asked_by_url.body}}>"
output carries = [told.sensitive, declared_plain.sensitive, asked_by_url.sensitive]
"#
    );
    let bench = Bench::new(&[("main.fw", &stack)]);
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[allow]\nenv = [\"PASSWORD\"]\n");
    let file = bench.home().join("plan.fwplan").display().to_string();
    let mut said = String::new();
    for arguments in [
        vec!["plan", "--out", &file],
        vec!["plan", "--json"],
        vec!["show", &file],
        vec!["show", &file, "--json"],
        vec!["show", &file, "--markdown"],
        vec!["apply", "--auto-approve", "--json"],
        vec!["plan", "--json"],
        vec!["show"],
        vec!["show", "--json"],
        vec!["output"],
        vec!["output", "--json"],
        vec!["state", "show", "kept", "--json"],
        vec!["state", "show", "answers", "--json"],
        vec!["state", "history", "--json"],
    ] {
        let mut command = bench.command(&arguments);
        command.env("PASSWORD", PASSWORD).env("FORMWORK_LOG", "trace");
        let ran = Ran::of(&command.output().unwrap()).expect(0);
        said.push_str(&ran.out);
        said.push_str(&ran.err);
    }
    // It is there, though: asked for by name, it comes.
    let raw = Ran::of(&bench.command(&["output", "quoted", "--raw"]).output().unwrap()).expect(0).out;
    assert!(raw.contains("pl4nted"), "{raw}");
    let carries = bench.run(&["output", "carries", "--json"]).expect(0).out;
    assert_eq!(carries.split_whitespace().collect::<String>(), "[true,false,true]");
    assert!(said.contains(&url) && said.contains("x-repeated"), "the exchanges are traced:\n{said}");
    refuse_forms("what was said", said.as_bytes());
    search(bench.home());
}

/// A Secret that `kubectl apply` made: all of it stands in an annotation once more, in the clear.
fn kubectls_copy_of_a_secret_is_not_read() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming().flatten() {
            std::thread::spawn(|| answer_as_cluster(stream));
        }
    });
    let stack = format!(
        r#"
provider kubernetes {{ host = "{url}", token = "t0ken" }}
data live: kubernetes.object {{ kind = "Secret", namespace = "shop", name = "keys" }}
resource kept: std.value {{ input = live.object }}
resource noted: std.value {{ input = live.object.metadata.annotations }}
output team = live.object.metadata.annotations.team
output whole = live.object.metadata
"#
    );
    let bench = Bench::new(&[("main.fw", &stack)]);
    let file = bench.home().join("plan.fwplan").display().to_string();
    let mut said = String::new();
    for arguments in [
        vec!["plan", "--out", &file],
        vec!["plan", "--json"],
        vec!["show", &file, "--json"],
        vec!["apply", "--auto-approve", "--json"],
        vec!["show", "--json"],
        vec!["output", "--json"],
        vec!["state", "show", "noted", "--json"],
    ] {
        let mut command = bench.command(&arguments);
        let ran = Ran::of(&command.env("FORMWORK_LOG", "trace").output().unwrap()).expect(0);
        said.push_str(&ran.out);
        said.push_str(&ran.err);
    }
    assert!(said.contains("the shop's"), "what else is noted there is read:\n{said}");
    refuse_forms("what was said", said.as_bytes());
    search(bench.home());
}

/// Answers requests as an API server that has one Secret.
fn answer_as_cluster(stream: TcpStream) {
    let mut writer = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(first)) = lines.next() {
        lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
        let copy = serde_json::json!({ "kind": "Secret", "stringData": { "password": PASSWORD } }).to_string();
        let body = if first.contains("/secrets/keys") {
            serde_json::json!({
                "apiVersion": "v1", "kind": "Secret", "data": { "password": STANDARD.encode(PASSWORD) },
                "metadata": { "name": "keys", "namespace": "shop", "uid": "1", "annotations": {
                    "team": "the shop's", "kubectl.kubernetes.io/last-applied-configuration": copy,
                } },
            })
        } else if first.contains("/kube-system") {
            serde_json::json!({ "kind": "Namespace", "metadata": { "name": "kube-system", "uid": "cluster" } })
        } else {
            let secrets = serde_json::json!({ "name": "secrets", "kind": "Secret", "namespaced": true });
            serde_json::json!({ "kind": "APIResourceList", "resources": [secrets] })
        };
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        writer.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }
}

/// Answers one request with what came in its headers: raw, in base64, URL- and JSON-escaped.
fn repeat(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut head = lines.by_ref().map(Result::unwrap).take_while(|line| !line.is_empty());
    let status = if head.next().unwrap().contains("status=403") { "403 Forbidden" } else { "200 OK" };
    let sent: Vec<String> = head.collect();
    let credential = sent.iter().find_map(|line| line.strip_prefix("authorization: "));
    // Who asks by the URL says there what it is.
    let encoded =
        credential.map_or_else(|| STANDARD.encode(PASSWORD), |line| line.split(' ').next_back().unwrap().to_owned());
    let raw = String::from_utf8(STANDARD.decode(&encoded).unwrap()).unwrap();
    let password = raw.trim_start_matches("app:");
    assert_eq!(password, PASSWORD);
    let escape =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let escaped: String = password.bytes().map(escape).collect();
    let body = serde_json::json!({
        "raw": password, "credential": raw, "base64": encoded, "url": escaped,
        "headers": sent,
    })
    .to_string();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-repeated: {encoded}, {escaped}\r\n");
    let end = format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{end}{body}").as_bytes()).unwrap();
}

/// Fails the test where a file below the directory holds it.
pub(crate) fn search(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path);
        } else {
            refuse_forms(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}

/// Fails the test where it stands in these bytes, in any form.
pub(crate) fn refuse_forms(place: &str, bytes: &[u8]) {
    for form in forms() {
        let found = bytes.windows(form.len()).any(|window| window == form.as_slice());
        assert!(!found, "{place} holds the password as {}", String::from_utf8_lossy(&form));
    }
}

/// SHA-256 in hexadecimal.
fn digest_of_password() -> String {
    Sha256::digest(PASSWORD).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The password as it may appear: parts that survive escaping, and encodings of all of it.
fn forms() -> Vec<Vec<u8>> {
    let url: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json = serde_json::to_string(PASSWORD).unwrap();
    let hex: String = PASSWORD.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms: Vec<Vec<u8>> =
        vec![PASSWORD.into(), "pl4nted".into(), json.trim_matches('"').into(), url.into_bytes(), hex.into_bytes()];
    let digest = digest_of_password();
    forms.extend([Sha256::digest(PASSWORD).to_vec(), digest.clone().into(), digest.to_uppercase().into()]);
    forms.push(STANDARD_NO_PAD.encode(Sha256::digest(PASSWORD)).into());
    forms.push(URL_SAFE_NO_PAD.encode(Sha256::digest(PASSWORD)).into());
    // Three alignments: they may stand anywhere in what was encoded.
    for (secret, shift) in [PASSWORD, &digest].into_iter().flat_map(|secret| (0..3).map(move |shift| (secret, shift))) {
        let shifted = format!("{}{secret}", "x".repeat(shift));
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            forms.push(encoded.as_bytes()[4..encoded.len() - 3].to_vec());
        }
    }
    forms
}
