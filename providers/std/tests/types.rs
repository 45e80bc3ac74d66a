//! Each type from its create to its end, plain and through an encode/decode of every message.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use formwork_model::{Address, Value};
use formwork_provider_api::testing::{Harness, attributes, text};
use formwork_provider_api::{
    CreateRequest, Environment, ErrorClass, Found, Provider, ReadOutcome, StoredObject, ValidateRequest,
};
use formwork_provider_std::{SCHEMA, Std};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn string(text: &str) -> Value {
    Value::string(text)
}

fn with(config: &Value, attribute: &str, value: Value) -> Value {
    let mut map = config.as_map().unwrap().clone();
    map.insert(attribute, value);
    Value::Map(map)
}

async fn both(environment: Environment) -> [Harness; 2] {
    let configuration = Value::map::<&str>([]);
    [plain(environment.clone()).await, waiting(Harness::encoded(Std, configuration, environment).await.unwrap())]
}

async fn plain(environment: Environment) -> Harness {
    waiting(Harness::new(Std, Value::map::<&str>([]), environment).await.unwrap())
}

/// Time limits of commands are waits, too.
fn waiting(harness: Harness) -> Harness {
    harness.sink.waits.store(true, Ordering::Relaxed);
    harness
}

fn allowing(programs: &[&str]) -> Environment {
    Environment { allowed_commands: programs.iter().map(|name| (*name).to_owned()).collect(), ..Environment::default() }
}

fn at(root: &tempfile::TempDir) -> Environment {
    Environment { root: Some(root.path().display().to_string()), ..Environment::default() }
}

#[test]
fn the_page_says_what_the_schema_says() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers/std.md");
    formwork_provider_api::testing::assert_page(page, &SCHEMA);
}

#[test]
fn the_schema_has_no_mistakes() {
    assert_eq!(formwork_provider_api::schema_check::lint(&SCHEMA), Vec::<String>::new());
}

#[tokio::test]
async fn a_value_is_kept_and_known_early() {
    for harness in both(Environment::default()).await {
        let config = Value::map([("input", Value::list([Value::Int(1), string("s").secret()]))]);
        let planned = harness.plan("value", &Address::resource("v"), &config, None).await.unwrap();
        let output = planned.response.planned.view().get("output").unwrap().to_value();
        assert_eq!(Some(&output), config.as_map().unwrap().get("input"), "the output is known when the input is");
        let kept = harness.create("value", "v", &config).await.unwrap();
        harness.assert_settled("value", "v", &config, &kept).await.unwrap();
        let changed = with(&config, "input", string("other"));
        let updated = harness.update("value", "v", &changed, &kept).await.unwrap();
        assert_eq!(text(&updated, "output"), "other");
        let triggered = with(&changed, "triggers", Value::Int(1));
        let planned = harness.plan("value", &Address::resource("v"), &triggered, Some(&updated)).await.unwrap();
        assert!(planned.replaces());
        harness.delete("value", &updated, &changed).await.unwrap();
    }
}

#[tokio::test]
async fn a_value_that_was_unknown_comes_from_the_config() {
    let harness = plain(Environment::default()).await;
    let waits = Value::attribute(Address::resource("other"), formwork_model::AttributePath::member("id"));
    let unknown = Value::map([("input", Value::map([("id", waits), ("fixed", Value::Int(1))]))]);
    let request = harness.create_request("value", "v", &unknown).await.unwrap();
    assert!(!request.planned.view().is_known());
    let input = Value::map([("id", string("i-1")), ("fixed", Value::Int(1))]);
    let config = (&Value::map([("input", input.clone())])).into();
    let made = harness.send_create(CreateRequest { config, ..request }).await.unwrap().object;
    assert_eq!(attributes(&made).get("output"), Some(&input));
}

#[tokio::test]
async fn random_things_are_made_once_and_never_the_same() {
    let choices = Value::list(["a", "b", "c", "d"].map(string));
    let cases = [
        ("random_id", Value::map([("byte_length", Value::Int(16)), ("prefix", string("p-"))]), "hex"),
        ("random_uuid", Value::map::<&str>([]), "result"),
        ("random_password", Value::map([("length", Value::Int(24))]), "result"),
        ("random_choice", Value::map([("choices", choices), ("count", Value::Int(2))]), "result"),
    ];
    for (type_name, config, attribute) in cases {
        for harness in both(Environment::default()).await {
            let one = harness.create(type_name, "one", &config).await.unwrap();
            harness.assert_settled(type_name, "one", &config, &one).await.unwrap();
            assert!(!text(&one, attribute).is_empty());
            if type_name != "random_choice" {
                let other = harness.create(type_name, "other", &config).await.unwrap();
                assert_ne!(text(&one, attribute), text(&other, attribute));
            }
            let again = with(&config, "triggers", string("again"));
            let planned = harness.plan(type_name, &Address::resource("one"), &again, Some(&one)).await.unwrap();
            assert!(planned.replaces(), "{type_name}");
            let request = harness.create_request(type_name, "one", &config).await.unwrap();
            assert_eq!(harness.find(&request).await.unwrap(), Found::Absent, "an unfinished create is repeated");
            harness.delete(type_name, &one, &config).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_forms_of_an_id_are_of_the_same_bytes() {
    let harness = plain(Environment::default()).await;
    let id = harness.create("random_id", "id", &Value::map([("byte_length", Value::Int(9))])).await.unwrap();
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text(&id, "base64")).unwrap();
    assert_eq!(bytes.len(), 9);
    assert_eq!(hex::encode(bytes), text(&id, "hex"));
}

#[tokio::test]
async fn a_password_keeps_its_rules() {
    let harness = plain(Environment::default()).await;
    let config = Value::map([
        ("length", Value::Int(12)),
        ("upper", Value::Bool(false)),
        ("min_digits", Value::Int(3)),
        ("min_special", Value::Int(2)),
        ("special_characters", string("#")),
    ]);
    for _ in 0..50 {
        let made = harness.create("random_password", "p", &config).await.unwrap();
        assert!(!format!("{made:?}").contains(&text(&made, "result")));
        let password = text(&made, "result");
        assert_eq!(password.chars().count(), 12);
        assert!(!password.chars().any(char::is_uppercase));
        assert!(password.chars().filter(char::is_ascii_digit).count() >= 3);
        assert!(password.chars().filter(|one| *one == '#').count() >= 2);
        assert!(password.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '#'));
    }
}

#[test]
fn what_cannot_be_made_is_told_before_anything_is() {
    let findings = |type_name: &str, config: Value| {
        let request = ValidateRequest { type_name: Some(type_name.to_owned()), config: (&config).into() };
        Std.validate(&request)
            .into_iter()
            .map(|finding| (finding.path.to_string(), finding.message))
            .collect::<Vec<_>>()
    };
    let one = |path: &str, message: &str| vec![(path.to_owned(), message.to_owned())];
    let short = Value::map([("length", Value::Int(3)), ("min_upper", Value::Int(4))]);
    assert_eq!(findings("random_password", short), one("length", "the minima add up to 4, and length is 3"));
    let off = Value::map([("length", Value::Int(9)), ("digits", Value::Bool(false)), ("min_digits", Value::Int(1))]);
    assert_eq!(findings("random_password", off), one("min_digits", "the class is off and has a minimum"));
    let few = Value::map([("choices", Value::list([string("a")])), ("count", Value::Int(2))]);
    assert_eq!(findings("random_choice", few), one("count", "2 cannot be picked from 1"));
    assert_eq!(findings("time", Value::map([("base", string("soon"))])), one("base", "\"soon\" is no moment"));
    assert_eq!(findings("random_password", Value::map([("length", Value::Int(9))])), vec![]);
}

#[tokio::test]
async fn choices_are_spread_evenly() {
    let harness = plain(Environment::default()).await;
    let config = Value::map([("choices", Value::list(["a", "b"].map(string)))]);
    let mut first = 0;
    for _ in 0..400 {
        first += usize::from(text(&harness.create("random_choice", "c", &config).await.unwrap(), "result") == "a");
    }
    // Beyond five standard deviations: once in a million runs.
    assert!((150..=250).contains(&first), "{first}");
}

#[tokio::test]
async fn a_file_lives_and_its_drift_is_seen() {
    for encoded in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let [one, other] = both(at(&root)).await;
        let harness = if encoded { other } else { one };
        let config = Value::map([("path", string("out/a.txt")), ("content", string("hello"))]);
        let file = harness.create("file", "f", &config).await.unwrap();
        harness.assert_settled("file", "f", &config, &file).await.unwrap();
        let path = root.path().join("out/a.txt");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello");
        assert_eq!(text(&file, "mode"), "0644");
        assert_eq!(text(&file, "sha256"), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");

        std::fs::write(&path, "drifted").unwrap();
        let ReadOutcome::Present(read) = harness.read("file", &file).await.unwrap() else { panic!("it is there") };
        assert_eq!(text(&read, "content"), "drifted");
        let repaired = harness.update("file", "f", &config, &read).await.unwrap();
        assert_eq!(repaired.values, file.values);

        let changed = with(&with(&config, "content", string("new")), "mode", string("0600"));
        let updated = harness.update("file", "f", &changed, &repaired).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(harness.import("file", "out/a.txt", &changed).await.unwrap().values, updated.values);

        harness.delete("file", &updated, &changed).await.unwrap();
        assert!(!path.exists());
        assert_eq!(harness.read("file", &updated).await.unwrap(), ReadOutcome::Gone);
        harness.delete("file", &updated, &changed).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_of_others_is_not_taken() {
    let root = tempfile::tempdir().unwrap();
    let harness = plain(at(&root)).await;
    std::fs::write(root.path().join("a"), "theirs").unwrap();
    let config = Value::map([("path", string("a")), ("content", string("ours"))]);
    assert_eq!(harness.create("file", "f", &config).await.unwrap_err().class, ErrorClass::Conflict);
    let request = harness.create_request("file", "f", &config).await.unwrap();
    assert!(matches!(harness.find(&request).await.unwrap(), Found::Foreign(_)));
    let overwriting = with(&config, "overwrite", Value::Bool(true));
    let overwrite = harness.create_request("file", "f", &overwriting).await.unwrap();
    assert_eq!(harness.find(&overwrite).await.unwrap(), Found::Absent, "nothing is in its way");
    harness.create("file", "f", &overwriting).await.unwrap();
    assert!(matches!(harness.find(&request).await.unwrap(), Found::Ours(_)));
    std::fs::remove_file(root.path().join("a")).unwrap();
    assert_eq!(harness.find(&request).await.unwrap(), Found::Absent);
}

#[tokio::test]
async fn a_secret_file_is_for_its_owner_only() {
    let root = tempfile::tempdir().unwrap();
    let harness = plain(at(&root)).await;
    let config = Value::map([("path", string("key")), ("secret_content", string("hunter2"))]);
    let file = harness.create("file", "f", &config).await.unwrap();
    harness.assert_settled("file", "f", &config, &file).await.unwrap();
    assert_eq!(std::fs::metadata(root.path().join("key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!format!("{file:?}").contains("hunter2"));
    let digest = "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7";
    assert_eq!(text(&file, "sha256"), digest);
    let is_secret = |values: &formwork_model::ValueBuf, name: &str| values.view().get(name).unwrap().holds_secret();
    let planned = harness.plan("file", &Address::resource("f"), &config, None).await.unwrap().response.planned;
    let waits = Value::attribute(Address::resource("other"), formwork_model::AttributePath::member("id"));
    let unknown = with(&config, "secret_content", waits);
    let unknown = harness.plan("file", &Address::resource("f"), &unknown, None).await.unwrap().response.planned;
    // The file has become what is no text, and its content is said by another attribute.
    std::fs::write(root.path().join("key"), [0xff]).unwrap();
    let ReadOutcome::Present(drifted) = harness.read("file", &file).await.unwrap() else { panic!("it is there") };
    assert!(is_secret(&drifted.values, "content_base64"));
    for values in [&planned, &unknown, &file.values, &drifted.values] {
        assert!(is_secret(values, "sha256") && is_secret(values, "size"), "{values:?}");
    }
    // A secret of elsewhere stays one, in whichever attribute it stands.
    let config = Value::map([("path", string("plain")), ("content", string("hunter2").secret())]);
    let plain = harness.create("file", "g", &config).await.unwrap();
    assert!(is_secret(&plain.values, "sha256") && is_secret(&plain.values, "size"));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_a_file_too() {
    let root = tempfile::tempdir().unwrap();
    let harness = plain(at(&root)).await;
    let config = Value::map([("path", string("b")), ("content_base64", string("/wD+"))]);
    let file = harness.create("file", "f", &config).await.unwrap();
    harness.assert_settled("file", "f", &config, &file).await.unwrap();
    assert_eq!(std::fs::read(root.path().join("b")).unwrap(), [255, 0, 254]);
    let wrong = with(&config, "content_base64", string("%"));
    assert_eq!(harness.create("file", "f", &wrong).await.unwrap_err().class, ErrorClass::Invalid);
}

#[tokio::test]
async fn a_relative_path_needs_a_stack() {
    let harness = plain(Environment::default()).await;
    let config = Value::map([("path", string("a")), ("content", string("x"))]);
    let error = harness.create("file", "f", &config).await.unwrap_err();
    assert_eq!((error.class, error.path.unwrap().to_string()), (ErrorClass::Invalid, "path".to_owned()));
}

fn shell(script: &str) -> Value {
    Value::map([("program", string("sh")), ("arguments", Value::list([string("-c"), string(script)]))])
}

#[tokio::test]
async fn a_command_runs_once_and_its_output_is_kept() {
    for harness in both(allowing(&["sh"])).await {
        let config = with(&shell("cat; echo \" and $A and [$USER]\""), "environment", Value::map([("A", string("b"))]));
        let config = with(&config, "input", string("in"));
        let ran = harness.create("command", "c", &config).await.unwrap();
        assert_eq!(text(&ran, "output"), "in and b and []", "the environment is cleared");
        harness.assert_settled("command", "c", &config, &ran).await.unwrap();
        let other = harness.plan("command", &Address::resource("c"), &shell("true"), Some(&ran)).await.unwrap();
        assert!(other.replaces());
        let patient = with(&config, "timeout", Value::Duration(1_000));
        harness.update("command", "c", &patient, &ran).await.unwrap();
    }
}

#[tokio::test]
async fn json_of_a_command_becomes_a_value() {
    let harness = plain(allowing(&["sh"])).await;
    let config = with(&shell("echo '{\"a\": [1, null]}'"), "format", string("json"));
    let ran = harness.create("command", "c", &config).await.unwrap();
    let expected = Value::map([("a", Value::list([Value::Int(1), Value::Null]))]);
    assert_eq!(attributes(&ran).get("result"), Some(&expected));
    let config = with(&shell("echo no"), "format", string("json"));
    let error = harness.create("command", "c", &config).await.unwrap_err();
    assert!(error.partial.is_some(), "it ran, so it is recorded");
}

#[tokio::test]
async fn secret_output_is_secret() {
    let harness = plain(allowing(&["sh"])).await;
    let config = with(&shell("echo hunter2"), "sensitive", Value::Bool(true));
    let ran = harness.create("command", "c", &config).await.unwrap();
    assert_eq!(text(&ran, "secret_output"), "hunter2");
    assert_eq!(attributes(&ran).get("output"), None);
    assert!(!format!("{:?}", ran.values).contains("\"hunter2\""));
}

/// What a program makes of a secret may tell it: here all letters are moved by one.
#[tokio::test]
async fn the_answer_to_a_secret_is_secret() {
    for harness in both(allowing(&["sh"])).await {
        let script = with(&shell("tr a-z b-za"), "format", string("text"));
        let told = with(&script, "input", string("secret").secret());
        let ran = harness.create("command", "c", &told).await.unwrap();
        assert_eq!(attributes(&ran).get("output"), Some(&string("tfdsfu").secret()));
        harness.assert_settled("command", "c", &told, &ran).await.unwrap();
        let by_variable =
            with(&shell("echo $A | tr a-z b-za"), "environment", Value::map([("A", string("secret").secret())]));
        let ran = harness.create("command", "c", &by_variable).await.unwrap();
        assert_eq!(attributes(&ran).get("output"), Some(&string("tfdsfu").secret()));
        for open in [with(&told, "sensitive", Value::Bool(false)), with(&script, "input", string("secret"))] {
            let ran = harness.create("command", "c", &open).await.unwrap();
            assert_eq!(attributes(&ran).get("output"), Some(&string("tfdsfu")));
        }
    }
}

#[tokio::test]
async fn only_what_is_allowed_runs() {
    let forbidden = async |environment: Environment| {
        plain(environment).await.create("command", "c", &shell("true")).await.unwrap_err()
    };
    let error = forbidden(allowing(&["bash"])).await;
    assert_eq!(error.class, ErrorClass::Forbidden);
    assert_eq!(error.help.unwrap(), "add to formwork.toml:\n[allow]\ncommands = [\"sh\"]");
    let error = forbidden(Environment { untrusted: true, ..allowing(&["*"]) }).await;
    assert_eq!(error.class, ErrorClass::Forbidden);
    plain(allowing(&["*"])).await.create("command", "c", &shell("true")).await.unwrap();
}

#[tokio::test]
async fn a_failing_or_endless_command_is_an_error() {
    let harness = plain(allowing(&["sh"])).await;
    let error = harness.create("command", "c", &shell("echo why >&2; exit 3")).await.unwrap_err();
    assert_eq!(error.message, "sh failed: exit status: 3: why");
    let endless = with(&shell("sleep 60"), "timeout", Value::Duration(50));
    assert_eq!(harness.create("command", "c", &endless).await.unwrap_err().class, ErrorClass::Timeout);
    harness.sink.cancelled.store(true, Ordering::Relaxed);
    assert_eq!(harness.create("command", "c", &shell("sleep 60")).await.unwrap_err().class, ErrorClass::Cancelled);
    let missing = Value::map([("program", string("no-such-program"))]);
    let harness = plain(allowing(&["*"])).await;
    assert!(harness.create("command", "c", &missing).await.unwrap_err().message.contains("no-such-program failed"));
}

#[tokio::test]
async fn large_outputs_do_not_block_and_are_cut() {
    let harness = plain(allowing(&["sh"])).await;
    let config = shell("head -c 300000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero >&2");
    let ran = harness.create("command", "c", &config).await.unwrap();
    assert_eq!(text(&ran, "output").len(), 32 * 1024);
}

#[tokio::test]
async fn a_command_cleans_up_after_itself() {
    let root = tempfile::tempdir().unwrap();
    let harness = plain(Environment { allowed_commands: vec!["sh".into()], ..at(&root) }).await;
    let destroy = shell("cat > gone");
    let config = with(&shell("touch there"), "destroy", with(&destroy, "input", string("bye")));
    let ran = harness.create("command", "c", &config).await.unwrap();
    assert!(root.path().join("there").exists());
    harness.delete("command", &ran, &config).await.unwrap();
    assert_eq!(std::fs::read_to_string(root.path().join("gone")).unwrap(), "bye");
}

#[tokio::test]
async fn the_config_says_what_a_killed_command_means() {
    let harness = plain(allowing(&["sh"])).await;
    let found = async |word: &str| {
        let config = with(&shell("true"), "on_unknown", string(word));
        harness.find(&harness.create_request("command", "c", &config).await.unwrap()).await.unwrap()
    };
    assert!(matches!(found("ask").await, Found::Ambiguous(_)));
    assert_eq!(found("repeat").await, Found::Absent);
    assert!(matches!(found("done").await, Found::Ours(_)));
}

#[tokio::test]
async fn keys_are_what_other_programs_read() {
    let cases = [
        ("ed25519", "ssh-ed25519 "),
        ("ecdsa_p256", "ecdsa-sha2-nistp256 "),
        ("ecdsa_p384", "ecdsa-sha2-nistp384 "),
        ("rsa", "ssh-rsa "),
    ];
    for (algorithm, line) in cases {
        let [_, harness] = both(Environment::default()).await;
        let config = Value::map([("algorithm", string(algorithm)), ("rsa_bits", Value::Int(2048))]);
        let key = harness.create("private_key", "k", &config).await.unwrap();
        harness.assert_settled("private_key", "k", &config, &key).await.unwrap();
        let private = text(&key, "private_key_pem");
        assert!(private.starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(text(&key, "public_key_openssh").starts_with(line), "{algorithm}");
        assert!(!format!("{key:?}").contains(&private));
        agrees_with_ssh_keygen(&key);
    }
}

/// ssh-keygen, where it is installed, reads our line and finds the same fingerprint.
fn agrees_with_ssh_keygen(key: &StoredObject) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pub");
    std::fs::write(&path, text(key, "public_key_openssh")).unwrap();
    let Ok(output) = std::process::Command::new("ssh-keygen").arg("-lf").arg(&path).output() else { return };
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains(&text(key, "fingerprint_sha256")), "{told} {key:?}");
}

#[tokio::test]
async fn a_certificate_is_signed_by_its_key_and_renewed() {
    for harness in both(Environment::default()).await {
        let key = harness.create("private_key", "k", &Value::map::<&str>([])).await.unwrap();
        let config = Value::map([
            ("private_key_pem", string(&text(&key, "private_key_pem")).secret()),
            ("subject", Value::map([("common_name", string("shop")), ("country", string("DE"))])),
            ("dns_names", Value::list([string("localhost")])),
            ("ip_addresses", Value::list([string("127.0.0.1")])),
            ("validity", Value::Duration(3_600_000)),
            ("is_ca", Value::Bool(true)),
            ("allowed_uses", Value::list([string("server_auth"), string("digital_signature")])),
        ]);
        let certificate = harness.create("self_signed_cert", "c", &config).await.unwrap();
        harness.assert_settled("self_signed_cert", "c", &config, &certificate).await.unwrap();
        assert!(text(&certificate, "certificate_pem").starts_with("-----BEGIN CERTIFICATE-----"));
        let due = with(&config, "early_renewal", Value::Duration(3_600_000));
        let certificate = harness.create("self_signed_cert", "c", &due).await.unwrap();
        let planned =
            harness.plan("self_signed_cert", &Address::resource("c"), &due, Some(&certificate)).await.unwrap();
        assert!(planned.replaces(), "what is due is renewed");
        let wrong = with(&config, "private_key_pem", string("nonsense"));
        let error = harness.create("self_signed_cert", "c", &wrong).await.unwrap_err();
        assert_eq!(error.path.unwrap().to_string(), "private_key_pem");
    }
}

#[tokio::test]
async fn a_time_stays_until_it_is_due() {
    for harness in both(Environment::default()).await {
        let config = Value::map([("base", string("2020-02-28T23:00:00Z")), ("offset", Value::Duration(7_200_000))]);
        let time = harness.create("time", "t", &config).await.unwrap();
        harness.assert_settled("time", "t", &config, &time).await.unwrap();
        assert_eq!(text(&time, "result"), "2020-02-29T01:00:00Z");
        assert_eq!(attributes(&time).get("unix"), Some(&Value::Int(1_582_930_800)));
        let rotating = with(&config, "rotate_after", Value::Duration(1));
        let time = harness.create("time", "t", &rotating).await.unwrap();
        assert!(harness.plan("time", &Address::resource("t"), &rotating, Some(&time)).await.unwrap().replaces());
        let patient = Value::map([("rotate_after", Value::Duration(86_400_000))]);
        let time = harness.create("time", "t", &patient).await.unwrap();
        harness.assert_settled("time", "t", &patient, &time).await.unwrap();
    }
}

#[tokio::test]
async fn a_sleep_waits_through_the_engine() {
    let harness = plain(Environment::default()).await;
    harness.sink.waits.store(false, Ordering::Relaxed);
    let config = Value::map([("create", Value::Duration(3_000)), ("destroy", Value::Duration(4_000))]);
    let sleep = harness.create("sleep", "s", &config).await.unwrap();
    assert_eq!(harness.sink.slept(), Duration::from_secs(3));
    let updated = harness.update("sleep", "s", &with(&config, "create", Value::Duration(1)), &sleep).await.unwrap();
    harness.delete("sleep", &updated, &config).await.unwrap();
    assert_eq!(harness.sink.slept(), Duration::from_secs(7));
    harness.sink.cancelled.store(true, Ordering::Relaxed);
    assert_eq!(harness.create("sleep", "s", &config).await.unwrap_err().class, ErrorClass::Cancelled);
}

#[tokio::test]
async fn nothing_is_read_that_is_not_outside() {
    let harness = plain(Environment::default()).await;
    let read: Vec<&str> =
        SCHEMA.resources.iter().map(|schema| schema.name).filter(|name| harness.connection.reads(name)).collect();
    assert_eq!(read, ["file"]);
}
