//! Credentials as pipelines, clusters, machines and the Azure CLI give them: each in a process of its own, since they come from
//! variables, against a server that is authority, pipeline, machine and ARM in one.

use crate::client::trials;
use crate::script::{self, Reply, Script, TOKEN, token};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use formwork_model::Value;
use formwork_model::value::from_json;
use formwork_provider_api::testing::Harness;
use formwork_provider_api::{Environment, ProviderError};
use formwork_provider_azure::AzureProvider;
use serde_json::{Value as Json, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

trials! {
    "credentials":
    github_gives_tokens,
    github_refuses_tokens,
    a_job_of_github_without_permission_is_told,
    gitlab_gives_a_token,
    azure_devops_gives_tokens,
    azure_devops_asks_for_a_connection,
    a_cluster_gives_a_file,
    a_machine_gives_tokens,
    a_machine_without_identity_gives_none,
    app_service_gives_tokens,
    the_command_line_gives_tokens,
    the_command_line_has_none,
}

/// Says to the test program that it is the process with the credentials: the configuration, and where the server is.
const CONFIGURATION: &str = "FORMWORK_TEST_CONFIGURATION";
const ENDPOINT: &str = "FORMWORK_TEST_ENDPOINT";

/// The process with the credentials: asks twice for what needs a token, and prints what became of it. Not that process: false.
pub fn is_child() -> bool {
    let (Ok(configuration), Ok(endpoint)) = (std::env::var(CONFIGURATION), std::env::var(ENDPOINT)) else {
        return false;
    };
    let mut block: Json = serde_json::from_str(&configuration).unwrap();
    for (name, text) in [("subscription_id", "sub"), ("endpoint", &endpoint), ("authority_host", &endpoint)] {
        block[name] = json!(text);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = match runtime.block_on(ask_twice(from_json(&block))) {
        Ok(()) => json!({}),
        Err(error) => json!({"class": format!("{:?}", error.class), "message": error.message, "help": error.help,
            "path": error.path.map(|path| path.to_string())}),
    };
    println!("{outcome}");
    true
}

async fn ask_twice(configuration: Value) -> Result<(), ProviderError> {
    let harness = Harness::encoded(AzureProvider, configuration, Environment::default()).await?;
    for _ in 0..2 {
        harness.data("subscription", &Value::map::<&str>([])).await?;
    }
    Ok(())
}

const ASKED: &str = "GET /subscriptions/sub";

/// The server, with the answers that matter; ARM answers by itself.
async fn serve(mut replies: Vec<(&str, Vec<Reply>)>) -> Script {
    replies.push((ASKED, vec![Reply::json(200, json!({"displayName": "Team"}))]));
    script::start(replies).await
}

/// Runs the process with these variables and no others; `{endpoint}` in them is the server.
async fn run(script: &Script, variables: &[(&str, &str)], configuration: Json) -> Json {
    let own = |text: &str| text.replace("{endpoint}", &script.endpoint);
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.env_clear().env(CONFIGURATION, configuration.to_string()).env(ENDPOINT, &script.endpoint);
    command.envs(variables.iter().map(|(name, value)| (*name, own(value)))).stderr(Stdio::inherit());
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hush"), "no secret is told: {text}");
    serde_json::from_str(&text).unwrap()
}

const APPLICATION: [(&str, &str); 2] = [("AZURE_TENANT_ID", "tenant"), ("AZURE_CLIENT_ID", "client")];

fn with<'a>(variables: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    APPLICATION.iter().chain(variables).copied().collect()
}

fn told(outcome: &Json, member: &str) -> String {
    outcome[member].as_str().unwrap_or_default().to_owned()
}

/// A token of a pipeline: who made it, and for whom.
fn statement(subject: &str) -> String {
    let claims = json!({"iss": "https://pipeline.example", "sub": subject, "aud": "api://AzureADTokenExchange"});
    format!("head.{}.hush", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// What ARM was asked with, in order.
fn bearers(script: &Script) -> Vec<String> {
    script.asked_for(ASKED).iter().filter_map(|asked| asked.header("authorization").map(str::to_owned)).collect()
}

/// The statements by which tokens were asked for.
fn assertions(script: &Script) -> Vec<String> {
    let value = |body: &str| {
        let fields = body.split('&').filter_map(|field| field.split_once('='));
        let mut fields = fields.filter(|(name, _)| *name == "client_assertion");
        fields.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    script.asked_for(TOKEN).iter().map(|asked| value(&asked.body)).collect()
}

const GITHUB: &str = "GET /github/token";

async fn github_gives_tokens() {
    let script = serve(vec![
        (GITHUB, vec![Reply::json(200, json!({"value": "one"})), Reply::json(200, json!({"value": "two"}))]),
        // The first is as good as over when it comes.
        (TOKEN, vec![token("first", 60), token("second", 3600)]),
    ])
    .await;
    let variables = with(&[
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "{endpoint}/github/token?api-version=2.0"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "hush-request"),
    ]);
    assert_eq!(run(&script, &variables, json!({})).await, json!({}));
    let asked = &script.asked_for(GITHUB)[0];
    assert_eq!(asked.header("authorization"), Some("Bearer hush-request"));
    assert_eq!(asked.query(), "api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange");
    assert_eq!(assertions(&script), ["one", "two"], "a pipeline's token lasts minutes: it is asked for anew");
    assert_eq!(bearers(&script), ["Bearer first", "Bearer second"]);
    let fields = script.asked_for(TOKEN)[0].body.clone();
    for field in [
        "grant_type=client_credentials",
        "client_id=client",
        "jwt-bearer",
        "scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
    ] {
        assert!(fields.contains(field), "{field}: {fields}");
    }
}

async fn github_refuses_tokens() {
    let variables = with(&[
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "{endpoint}/github/token"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "hush-request"),
    ]);
    let script = serve(vec![(GITHUB, vec![Reply::json(403, json!({"message": "not for this job"}))])]).await;
    let refused = run(&script, &variables, json!({})).await;
    assert_eq!(told(&refused, "class"), "Forbidden");
    assert_eq!(told(&refused, "message"), "the pipeline gave no token: HTTP status 403: not for this job");
    assert!(told(&refused, "help").contains("id-token: write"), "{refused}");
    let script = serve(vec![(GITHUB, vec![Reply::text(503, "busy")])]).await;
    assert_eq!(told(&run(&script, &variables, json!({})).await, "class"), "Retryable");
    // The tenant does not trust this job.
    let no_match = json!({"error": "invalid_request", "error_description":
        "AADSTS70021: No matching federated identity record found for presented assertion.\r\nTrace ID: x"});
    let script = serve(vec![
        (GITHUB, vec![Reply::json(200, json!({"value": statement("repo:team/shop:ref:refs/heads/main")}))]),
        (TOKEN, vec![Reply::json(400, no_match)]),
    ])
    .await;
    let refused = run(&script, &variables, json!({})).await;
    assert_eq!(
        told(&refused, "message"),
        "no token: AADSTS70021: No matching federated identity record found for presented assertion."
    );
    let help = told(&refused, "help");
    assert!(
        help.contains("`https://pipeline.example`") && help.contains("`repo:team/shop:ref:refs/heads/main`"),
        "{help}"
    );
}

async fn a_job_of_github_without_permission_is_told() {
    let script = serve(vec![]).await;
    let variables = with(&[("GITHUB_ACTIONS", "true")]);
    let refused = run(&script, &variables, json!({"credential": "workload_identity"})).await;
    assert!(told(&refused, "help").contains("permissions: id-token: write"), "{refused}");
    let nobody = run(&script, &[("AZURE_TENANT_ID", "tenant")], json!({"credential": "workload_identity"})).await;
    assert!(told(&nobody, "message").contains("`client_id`"), "{nobody}");
}

async fn gitlab_gives_a_token() {
    let script = serve(vec![(TOKEN, vec![token("first", 60), token("second", 3600)])]).await;
    // `id_tokens` puts it into a variable of any name, which the block reads by `env_var`.
    assert_eq!(run(&script, &with(&[]), json!({"oidc_token": "from-the-block"})).await, json!({}));
    assert_eq!(assertions(&script), ["from-the-block", "from-the-block"]);
    assert_eq!(bearers(&script), ["Bearer first", "Bearer second"]);
    let script = serve(vec![]).await;
    assert_eq!(run(&script, &with(&[("ARM_OIDC_TOKEN", "from-a-variable")]), json!({})).await, json!({}));
    assert_eq!(assertions(&script), ["from-a-variable"]);
    // It cannot be asked for anew: when its time is over the tenant says so.
    let over = json!({"error": "invalid_client", "error_description": "AADSTS700024: Client assertion is not within its valid time range."});
    let script = serve(vec![(TOKEN, vec![token("first", 10), Reply::json(401, over)])]).await;
    let refused = run(&script, &with(&[]), json!({"oidc_token": statement("project_path:team/shop")})).await;
    assert!(told(&refused, "message").contains("not within its valid time range"), "{refused}");
}

const DEVOPS: &str = "POST /team/_apis/distributedtask/hubs/build/plans/p/jobs/j/oidctoken";
const JOB: [(&str, &str); 2] = [
    ("SYSTEM_OIDCREQUESTURI", "{endpoint}/team/_apis/distributedtask/hubs/build/plans/p/jobs/j/oidctoken"),
    ("SYSTEM_ACCESSTOKEN", "hush-job"),
];

async fn azure_devops_gives_tokens() {
    for variable in ["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"] {
        let script = serve(vec![
            (
                DEVOPS,
                vec![Reply::json(200, json!({"oidcToken": "one"})), Reply::json(200, json!({"oidcToken": "two"}))],
            ),
            (TOKEN, vec![token("first", 60), token("second", 3600)]),
        ])
        .await;
        let variables = with(&[JOB[0], JOB[1], (variable, "connection")]);
        assert_eq!(run(&script, &variables, json!({})).await, json!({}));
        let asked = &script.asked_for(DEVOPS)[0];
        assert_eq!(asked.header("authorization"), Some("Bearer hush-job"));
        assert_eq!(asked.query(), "api-version=7.1&serviceConnectionId=connection");
        assert_eq!(assertions(&script), ["one", "two"]);
        assert_eq!(bearers(&script), ["Bearer first", "Bearer second"]);
    }
    // A refusal may be a page for people, to which it is not followed.
    let script = serve(vec![(DEVOPS, vec![Reply::empty(302).header("location", "{endpoint}/signin")])]).await;
    let refused = run(&script, &with(&JOB), json!({"service_connection_id": "connection"})).await;
    assert_eq!(told(&refused, "message"), "the pipeline gave no token: HTTP status 302");
    assert!(told(&refused, "help").contains("service connection"), "{refused}");
    assert_eq!(script.asked().len(), 1);
}

async fn azure_devops_asks_for_a_connection() {
    let script = serve(vec![]).await;
    for configuration in [json!({}), json!({"credential": "workload_identity"})] {
        let refused = run(&script, &with(&JOB), configuration).await;
        assert_eq!(told(&refused, "path"), "service_connection_id");
        assert!(told(&refused, "message").contains("none is named"), "{refused}");
        assert!(told(&refused, "help").contains("ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"), "{refused}");
    }
    assert!(script.asked().is_empty(), "nothing is asked in GitHub's way");
    let silent = run(&script, &with(&JOB[..1]), json!({"credential": "workload_identity"})).await;
    assert!(told(&silent, "help").contains("SYSTEM_ACCESSTOKEN: $(System.AccessToken)"), "{silent}");
}

async fn a_cluster_gives_a_file() {
    let script = serve(vec![]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "projected\n").unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(run(&script, &with(&[("AZURE_FEDERATED_TOKEN_FILE", path)]), json!({})).await, json!({}));
    assert_eq!(assertions(&script), ["projected"]);
    let gone = run(&script, &with(&[("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token")]), json!({})).await;
    assert!(told(&gone, "message").contains("`/nowhere/token` cannot be read"), "{gone}");
    assert!(told(&gone, "help").contains("azure.workload.identity/use"), "{gone}");
}

const METADATA: &str = "GET /metadata/identity/oauth2/token";
const MACHINE: [(&str, &str); 1] = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", "{endpoint}")];

async fn a_machine_gives_tokens() {
    // The metadata service writes numbers as text.
    let of = |secret: &str, seconds: &str| {
        Reply::json(200, json!({"access_token": secret, "expires_in": seconds, "resource": "r"}))
    };
    let script = serve(vec![(METADATA, vec![of("first", "60"), of("second", "3600")])]).await;
    assert_eq!(run(&script, &MACHINE, json!({"client_id": "chosen"})).await, json!({}));
    let asked = &script.asked_for(METADATA)[0];
    assert_eq!(asked.header("metadata"), Some("true"));
    assert_eq!(asked.query(), "api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com&client_id=chosen");
    assert_eq!(bearers(&script), ["Bearer first", "Bearer second"]);
}

async fn a_machine_without_identity_gives_none() {
    let none = json!({"error": "invalid_request", "error_description": "Identity not found"});
    let script = serve(vec![(METADATA, vec![Reply::json(400, none)])]).await;
    let refused = run(&script, &MACHINE, json!({"credential": "managed_identity"})).await;
    assert_eq!(
        (told(&refused, "class"), told(&refused, "message")),
        ("Forbidden".into(), "no token: Identity not found".into())
    );
    assert!(told(&refused, "help").contains("does this machine have an identity?"), "{refused}");
    let refused = run(&script, &MACHINE, json!({"credential": "managed_identity", "client_id": "chosen"})).await;
    assert!(told(&refused, "help").contains("client id chosen"), "{refused}");
    // It is away while it is updated.
    for status in [404, 410, 429, 500] {
        let script = serve(vec![(METADATA, vec![Reply::text(status, "")])]).await;
        let busy = run(&script, &MACHINE, json!({"credential": "managed_identity"})).await;
        assert_eq!(told(&busy, "class"), "Retryable", "{status}");
    }
    // No machine of Azure: nothing answers.
    let nowhere = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1")];
    let alone = run(&script, &nowhere, json!({})).await;
    assert!(told(&alone, "message").starts_with("this machine gives no token: "), "{alone}");
    assert!(told(&alone, "help").contains("az login"), "{alone}");
}

async fn app_service_gives_tokens() {
    const IDENTITY: &str = "GET /msi/token";
    // App Service tells when a token ends, and not how long it lasts.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let of = |secret: &str, left: u64| {
        Reply::json(200, json!({"access_token": secret, "expires_on": (now + left).to_string()}))
    };
    let variables = [("IDENTITY_ENDPOINT", "{endpoint}/msi/token"), ("IDENTITY_HEADER", "hush-header")];
    let script = serve(vec![(IDENTITY, vec![of("first", 60), of("second", 3600)])]).await;
    assert_eq!(run(&script, &variables, json!({})).await, json!({}));
    let asked = &script.asked_for(IDENTITY)[0];
    assert_eq!(asked.header("x-identity-header"), Some("hush-header"));
    assert_eq!(asked.query(), "api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com");
    assert_eq!(bearers(&script), ["Bearer first", "Bearer second"]);
    let script = serve(vec![(IDENTITY, vec![of("long", 36_000)])]).await;
    run(&script, &variables, json!({})).await;
    assert_eq!(script.asked_for(IDENTITY).len(), 1, "it lasts");
    let script =
        serve(vec![(IDENTITY, vec![Reply::json(400, json!({"statusCode": 400, "message": "No User Assigned"}))])])
            .await;
    let refused = run(&script, &variables, json!({"client_id": "chosen"})).await;
    assert!(told(&refused, "help").contains("client id chosen"), "{refused}");
}

/// A stand-in for the Azure CLI: prints this, after having noted what it was asked.
fn az(folder: &Path, script: &str) {
    let path = folder.join("az");
    let asked = folder.join("asked");
    let text =
        format!("#!/bin/sh\nPATH=/usr/bin:/bin\nasked='{}'\necho \"$@\" >> \"$asked\"\n{script}\n", asked.display());
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

async fn the_command_line_gives_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = [("PATH", folder.path().to_str().unwrap())];
    // The first call prints a token that is as good as over, and a warning as the CLI likes to.
    let print = r#"echo "WARNING: there is a new version" >&2
if [ "$(wc -l < "$asked")" -gt 1 ]; then left=3600; name=second; else left=60; name=first; fi
printf '{"accessToken": "%s", "expiresOn": "2026-01-01 00:00:00.000000", "expires_on": %s, "tokenType": "Bearer"}' "$name" "$(($(date +%s) + left))""#;
    az(folder.path(), print);
    let script = serve(vec![]).await;
    assert_eq!(run(&script, &path, json!({"tenant_id": "tenant"})).await, json!({}));
    assert_eq!(bearers(&script), ["Bearer first", "Bearer second"]);
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    let line = "account get-access-token --output json --resource https://management.azure.com --tenant tenant";
    assert_eq!(asked.lines().collect::<Vec<_>>(), [line, line]);
}

async fn the_command_line_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = [("PATH", folder.path().to_str().unwrap())];
    let script = serve(vec![]).await;
    let cases = [
        (
            "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1",
            "no token from `az`: Please run 'az login' to setup account.",
        ),
        (
            "echo 'WARNING: x' >&2; echo 'ERROR: AADSTS700082: The refresh token has expired due to inactivity.' >&2; echo 'Trace ID: t' >&2; exit 1",
            "no token from `az`: AADSTS700082: The refresh token has expired due to inactivity.",
        ),
        ("echo '{}'", "no token from `az`: it printed no token"),
        ("exit 3", "no token from `az`: it failed"),
    ];
    for (print, message) in cases {
        az(folder.path(), print);
        let refused = run(&script, &path, json!({"credential": "cli"})).await;
        assert_eq!((told(&refused, "class"), told(&refused, "message")), ("Forbidden".into(), message.into()));
        assert!(told(&refused, "help").contains("az login"), "{refused}");
    }
    let absent = run(&script, &[("PATH", "/nowhere")], json!({"credential": "cli"})).await;
    assert_eq!(told(&absent, "message"), "no token from the Azure CLI: there is no program `az`");
    assert!(told(&absent, "help").contains("install the Azure CLI"), "{absent}");
    assert!(bearers(&script).is_empty());
}
