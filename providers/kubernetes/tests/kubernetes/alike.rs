//! The sandbox's API server against a real one: the same requests, and what both answer to them. The requests stand in
//! `requests.yaml`. Needs `KUBEBUILDER_ASSETS` and `FORMWORK_PROGRAM`.

use crate::run;
use crate::server::Server;
use http::Request;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::time::Duration;

/// The real server, and the command whose sandbox is asked, too.
pub fn tests(server: &Result<Server, String>) -> Vec<Trial> {
    let program = std::env::var_os("FORMWORK_PROGRAM").map(PathBuf::from);
    let real = server.as_ref().ok().filter(|server| server.is_real()).map(|server| server.kubeconfig.clone());
    let skipped = program.is_none() || real.is_none();
    let note = if skipped { " (skipped: no real API server, or no FORMWORK_PROGRAM)" } else { "" };
    let test = move || match (real, program) {
        (Some(real), Some(program)) => answers_are_alike(&real, program),
        _ => Ok(()),
    };
    vec![Trial::test(format!("alike::answers_are_those_of_a_real_server{note}"), test).with_ignored_flag(skipped)]
}

/// A request; what its members mean stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    send: String,
    #[serde(rename = "type", default)]
    kind: String,
    body: Option<Json>,
    differs: Option<Differs>,
    #[serde(default)]
    settles: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Differs {
    /// Why bodies are not compared.
    Wholly(#[expect(dead_code, reason = "for who reads the file")] String),
    In(Vec<String>),
}

fn media_type(kind: &str) -> &str {
    match kind {
        "" | "json" => "application/json",
        "merge" => "application/merge-patch+json",
        "strategic" => "application/strategic-merge-patch+json",
        "apply" => "application/apply-patch+yaml",
        "patch" => "application/json-patch+json",
        other => other,
    }
}

/// What differs from run to run, and from server to server.
const VOLATILE: [&str; 9] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "time",
    "clusterIP",
    "clusterIPs",
    "manager",
    "selfLink",
];

fn cleaned(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            let clean = |(name, value): (String, Json)| {
                let volatile = VOLATILE.contains(&name.as_str()) && value != json!("None");
                let value = match name.as_str() {
                    _ if volatile => json!("*"),
                    "managedFields" | "causes" => sorted(cleaned(value)),
                    _ => cleaned(value),
                };
                (name, value)
            };
            Json::Object(map.into_iter().map(clean).collect())
        }
        Json::Array(list) => Json::Array(list.into_iter().map(cleaned).collect()),
        Json::String(text) => {
            let mut words: Vec<&str> = text.split(' ').map(without_uid).collect();
            // Several causes come in no order.
            if text.contains(" is invalid: [") {
                words.iter_mut().for_each(|word| *word = word.trim_matches(['[', ']', ',']));
                words.sort_unstable();
            }
            Json::String(words.join(" "))
        }
        other => other,
    }
}

/// A list whose order says nothing: managers by the second of their write, causes as a table of Go gives them.
fn sorted(list: Json) -> Json {
    match list {
        Json::Array(mut items) => {
            items.sort_by_cached_key(Json::to_string);
            Json::Array(items)
        }
        other => other,
    }
}

/// A word of a message; another one where it is a uid.
fn without_uid(word: &str) -> &str {
    let bare = word.trim_matches(|letter: char| !letter.is_ascii_hexdigit() && letter != '-');
    if bare.len() == 36 && bare.matches('-').count() == 4 { "UID" } else { word }
}

/// Asks all of it, in order.
async fn ask(kubeconfig: &str, cases: &[Case], namespace: &str) -> Vec<(u16, Json)> {
    let document = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(document, &KubeConfigOptions::default()).await.unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let send = async |method: &str, path: &str, kind: &str, body: Vec<u8>| {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let request = request.header("user-agent", "alike").body(Body::from(body)).unwrap();
        let response = client.send(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect_bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Json::Null))
    };
    let made = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
    let (status, _) = send("POST", "/api/v1/namespaces", "application/json", made.to_string().into_bytes()).await;
    assert_eq!(status, 201);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut answers = Vec::new();
    for case in cases {
        let (method, path) = case.send.split_once(' ').unwrap();
        let body = case.body.as_ref().map(Json::to_string).unwrap_or_default();
        let (status, body) = send(method, path, media_type(&case.kind), body.into_bytes()).await;
        if case.settles {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        let mut body = cleaned(body);
        match &case.differs {
            Some(Differs::Wholly(_)) => body = Json::Null,
            Some(Differs::In(pointers)) => pointers.iter().for_each(|pointer| leave_out(&mut body, pointer)),
            None => {}
        }
        answers.push((status, body));
    }
    send("DELETE", &format!("/api/v1/namespaces/{namespace}"), "application/json", Vec::new()).await;
    answers
}

fn leave_out(body: &mut Json, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    if let Some(parent) = body.pointer_mut(parent).and_then(Json::as_object_mut) {
        parent.remove(name);
    }
}

fn answers_are_alike(real: &str, program: PathBuf) -> Result<(), Failed> {
    let sandbox = Server::in_sandbox(program)?;
    let namespace = format!("alike-{}", std::process::id());
    let cases: Vec<Case> = serde_norway::from_str(&include_str!("requests.yaml").replace("NS", &namespace)).unwrap();
    run(async move {
        let wanted = ask(real, &cases, &namespace).await;
        let found = ask(&sandbox.kubeconfig, &cases, &namespace).await;
        let told = cases.iter().zip(wanted.iter().zip(&found)).filter(|(_, (wanted, found))| wanted != found).map(
            |(case, (wanted, found))| {
                let body = case.body.as_ref().map(Json::to_string).unwrap_or_default();
                let show = |(status, body): &(u16, Json)| format!("{status} {body}");
                format!("{} {body}\n  real:    {}\n  sandbox: {}", case.send, show(wanted), show(found))
            },
        );
        let told: Vec<String> = told.collect();
        assert!(told.is_empty(), "{} of {} differ:\n{}", told.len(), cases.len(), told.join("\n"));
    })
}
