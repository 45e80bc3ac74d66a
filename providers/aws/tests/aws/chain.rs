//! Credentials by the SDK's own chain. Each case runs in a process of its own, since variables belong to a process.

use crate::cloud::to_value;
use crate::script::{self, Reply, Script, authorization};
use formwork_model::ValueBuf;
use formwork_provider_api::wire::EncodedProvider;
use formwork_provider_api::{ConfigureRequest, Environment, Provider, ProviderError, ReadSecretRequest};
use formwork_provider_aws::AwsProvider;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value as Json, json};
use std::future::Future;
use tokio::process::Command;

const CASE: &str = "FORMWORK_TEST_AWS_CHAIN";

pub fn tests() -> Vec<Trial> {
    vec![
        trial("chain::a_profile_gives_keys_and_region", a_profile_gives_keys_and_region),
        trial("chain::a_role_is_taken_on", a_role_is_taken_on),
        trial("chain::a_web_identity_is_exchanged", a_web_identity_is_exchanged),
        trial("chain::a_credential_process_is_asked", a_credential_process_is_asked),
        trial("chain::no_credentials_say_what_to_do", no_credentials_say_what_to_do),
        trial("chain::no_region_says_what_to_do", no_region_says_what_to_do),
        trial("chain::a_sandboxed_run_reads_no_credentials", a_sandboxed_run_reads_no_credentials),
    ]
}

pub(crate) fn trial<F: Future<Output = ()> + 'static>(name: &str, run: fn() -> F) -> Trial {
    Trial::test(name, move || -> Result<(), Failed> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run());
        Ok(())
    })
}

/// The child's part: connects as the variables say, and prints what came of it.
pub fn run_case() -> bool {
    let Ok(case) = std::env::var(CASE) else { return false };
    let case: Json = serde_json::from_str(&case).expect("a case");
    let configuration = ValueBuf::from(to_value(&case["configuration"], AwsProvider.schema().configuration));
    let environment = Environment { sandbox: case["sandbox"] == json!(true), ..Environment::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if case["traced"] == json!(true) {
        let to_stderr = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false);
        to_stderr.with_max_level(tracing_subscriber::filter::LevelFilter::TRACE).init();
    }
    let request = ConfigureRequest { configuration, environment };
    let answer = runtime.block_on(async {
        match case["secret"].as_str() {
            Some(name) => read(request, name).await,
            None => AwsProvider.configure(request).await.map(|connection| json!({ "account": connection.account() })),
        }
    });
    let answer =
        answer.unwrap_or_else(|error| json!({ "class": error.class, "message": error.message, "help": error.help }));
    println!("{answer}");
    true
}

async fn read(request: ConfigureRequest, name: &str) -> Result<Json, ProviderError> {
    let reader = EncodedProvider(AwsProvider).secret_reader(request).await?;
    let request = ReadSecretRequest { scheme: "secrets_manager".into(), name: name.to_owned(), as_json: false };
    Ok(json!({ "secret": reader.read_secret(request).await?.0 }))
}

/// Reads a secret in a process of its own, with traces; gives it or the error, and what the traces said.
pub(crate) async fn read_secret(configuration: Json, name: &str, variables: &[(&str, &str)]) -> (Json, String) {
    run(json!({ "configuration": configuration, "secret": name, "traced": true }), variables).await
}

/// Connects in a process of its own, and gives the account or the error.
pub(crate) async fn connect(configuration: Json, sandbox: bool, variables: &[(&str, &str)]) -> Json {
    run(json!({ "configuration": configuration, "sandbox": sandbox }), variables).await.0
}

/// The same, and what the traces said.
pub(crate) async fn connect_traced(configuration: Json, variables: &[(&str, &str)]) -> (Json, String) {
    run(json!({ "configuration": configuration, "traced": true }), variables).await
}

async fn run(case: Json, variables: &[(&str, &str)]) -> (Json, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env_clear().env(CASE, case.to_string()).env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    command.envs(variables.iter().copied());
    let output = command.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{said}")), said)
}

fn caller() -> Reply {
    Reply::ok(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::210987654321:user/x</Arn><UserId>U</UserId><Account>210987654321</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>",
    )
}

fn session(operation: &str) -> Reply {
    Reply::ok(format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result><Credentials>\
         <AccessKeyId>AKIDTAKENON</AccessKeyId><SecretAccessKey>taken-on-s3cr3t</SecretAccessKey>\
         <SessionToken>taken-on-t0k3n</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>r:s</AssumedRoleId>\
         <Arn>arn:aws:sts::210987654321:assumed-role/r/s</Arn></AssumedRoleUser></{operation}Result></{operation}Response>"
    ))
}

pub(crate) async fn server() -> Script {
    script::start(vec![
        ("GetCallerIdentity", vec![caller()]),
        ("AssumeRole", vec![session("AssumeRole")]),
        ("AssumeRoleWithWebIdentity", vec![session("AssumeRoleWithWebIdentity")]),
    ])
    .await
}

pub(crate) fn connected(region: &str) -> Json {
    json!({ "account": { "account": "210987654321", "region": region } })
}

async fn a_profile_gives_keys_and_region() {
    let script = server().await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    std::fs::write(
        &file,
        "[default]\naws_access_key_id=AKIDDEFAULT\naws_secret_access_key=s\nregion=us-east-1\n\
         [profile work]\naws_access_key_id=AKIDWORK\naws_secret_access_key=s\nregion=eu-central-1\n",
    )
    .unwrap();
    let variables = [("AWS_CONFIG_FILE", file.to_str().unwrap())];
    let answer = connect(json!({ "endpoint": script.endpoint, "profile": "work" }), false, &variables).await;
    assert_eq!(answer, connected("eu-central-1"));
    assert!(authorization(&script.asked()[0]).contains("AKIDWORK"));
    // The endpoint may come from the variable as well, and the block's region wins.
    let variables = [("AWS_CONFIG_FILE", file.to_str().unwrap()), ("AWS_ENDPOINT_URL", &script.endpoint)];
    let answer = connect(json!({ "region": "eu-west-2" }), false, &variables).await;
    assert_eq!(answer, connected("eu-west-2"));
    assert!(authorization(&script.asked()[1]).contains("AKIDDEFAULT"));
}

async fn a_role_is_taken_on() {
    let script = server().await;
    let role = json!({
        "role_arn": "arn:aws:iam::210987654321:role/r",
        "session_name": "deploy",
        "external_id": "e-1",
        "duration": 1_800_000,
    });
    let configuration = json!({ "endpoint": script.endpoint, "region": "eu-west-1", "assume_role": role });
    let variables = [("AWS_ACCESS_KEY_ID", "AKIDBASE"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let answer = connect(configuration, false, &variables).await;
    assert_eq!(answer, connected("eu-west-1"));
    let taken = &script.asked_for("AssumeRole")[0];
    assert!(authorization(taken).contains("AKIDBASE"));
    for part in ["RoleSessionName=deploy", "ExternalId=e-1", "DurationSeconds=1800"] {
        assert!(taken.body.contains(part), "{}", taken.body);
    }
    assert!(authorization(&script.asked_for("GetCallerIdentity")[0]).contains("AKIDTAKENON"));
}

async fn a_web_identity_is_exchanged() {
    let script = server().await;
    let home = tempfile::tempdir().unwrap();
    let token = home.path().join("token");
    std::fs::write(&token, "jwt").unwrap();
    let variables = [
        ("AWS_ENDPOINT_URL", script.endpoint.as_str()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::210987654321:role/ci"),
        ("AWS_REGION", "eu-north-1"),
    ];
    let answer = connect(json!({}), false, &variables).await;
    assert_eq!(answer, connected("eu-north-1"));
    assert!(script.asked_for("AssumeRoleWithWebIdentity")[0].body.contains("WebIdentityToken=jwt"));
    assert!(authorization(&script.asked_for("GetCallerIdentity")[0]).contains("AKIDTAKENON"));
}

async fn a_credential_process_is_asked() {
    let script = server().await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    let keys = r#"{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s"}"#;
    std::fs::write(home.path().join("keys"), keys).unwrap();
    let process = format!("[default]\ncredential_process = /bin/cat {}\n", home.path().join("keys").display());
    std::fs::write(&file, process).unwrap();
    let variables = [("AWS_CONFIG_FILE", file.to_str().unwrap()), ("PATH", "/usr/bin:/bin")];
    let answer = connect(json!({ "endpoint": script.endpoint, "region": "eu-west-1" }), false, &variables).await;
    assert_eq!(answer, connected("eu-west-1"));
    assert!(authorization(&script.asked()[0]).contains("AKIDPROCESS"));
}

async fn no_credentials_say_what_to_do() {
    let script = server().await;
    let answer = connect(json!({ "endpoint": script.endpoint, "region": "eu-west-1" }), false, &[]).await;
    assert_eq!(answer["class"], json!("forbidden"), "{answer}");
    assert!(answer["help"].as_str().unwrap().contains("aws sso login"), "{answer}");
    assert!(script.asked().is_empty());
}

async fn no_region_says_what_to_do() {
    let answer = connect(json!({ "skip_account_lookup": true }), false, &[]).await;
    assert_eq!(answer["class"], json!("invalid"), "{answer}");
    assert!(answer["help"].as_str().unwrap().contains("AWS_REGION"), "{answer}");
}

async fn a_sandboxed_run_reads_no_credentials() {
    let script = server().await;
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDREAL"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_PROFILE", "missing")];
    let answer = connect(json!({ "endpoint": script.endpoint }), true, &keys).await;
    assert_eq!(answer, connected("us-east-1"));
    let asked = script.asked();
    let signed = authorization(&asked[0]);
    assert!(signed.contains("Credential=sandbox/") && !signed.contains("AKIDREAL"));
    let answer = connect(json!({ "region": "eu-west-1" }), true, &keys).await;
    assert_eq!(answer["class"], json!("forbidden"), "{answer}");
    let elsewhere = [("AWS_ENDPOINT_URL", "https://sts.amazonaws.com")];
    let answer = connect(json!({ "region": "eu-west-1" }), true, &elsewhere).await;
    assert_eq!(answer["class"], json!("forbidden"), "{answer}");
}
