//! The kubeconfig that a provider block means: its text, a file, or one made of the block's single attributes.

use super::exec::Program;
use super::token::usable;
use super::{forbidden, single};
use crate::configuration::Configuration;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formwork_model::AttributePath;
use formwork_provider_api::{Environment, ProviderError};
use serde_json::{Map, Value as Json};
use std::path::{Path, PathBuf};

/// Entries of a kubeconfig that name files.
const FILES: [&str; 4] = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

/// The kubeconfig as a document.
pub(super) fn document(block: &Configuration, environment: &Environment) -> Result<Json, ProviderError> {
    let mut document = match (&block.kubeconfig, &block.kubeconfig_path, &block.host) {
        (Some(text), ..) => from_text(&text.0)?,
        (None, Some(path), _) => from_file(path, environment)?,
        (None, None, Some(host)) => from_host(host, block, environment),
        (None, None, None) => {
            return Err(ProviderError::invalid("which cluster it is about is not said")
                .help("set `kubeconfig`, `kubeconfig_path`, `host` or `in_cluster`"));
        }
    };
    if block.host.is_none() {
        override_user(&mut document, block, environment)?;
    }
    Ok(document)
}

fn parse(text: &str, attribute: &str) -> Result<Json, ProviderError> {
    // The parser's own words may quote the text, which holds credentials.
    let wrong = |reason: &str| {
        ProviderError::invalid(format!("this is no kubeconfig: {reason}")).at(AttributePath::member(attribute))
    };
    let document: Json = serde_norway::from_str(text).map_err(|error| match error.location() {
        Some(place) => wrong(&format!("it is no YAML, line {}", place.line())),
        None => wrong("it is no YAML"),
    })?;
    if document.get("clusters").is_none_or(|clusters| !clusters.is_array()) {
        return Err(wrong("it has no `clusters`"));
    }
    Ok(document)
}

fn from_text(text: &str) -> Result<Json, ProviderError> {
    let document = parse(text, "kubeconfig")?;
    for entry in entries(&document) {
        if let Some(name) = FILES.iter().find(|name| entry.get(**name).is_some_and(|file| !file.is_null())) {
            return Err(forbidden(format!(
                "the kubeconfig names a file (`{name}`), which a kubeconfig's text may not"
            ))
            .at(AttributePath::member("kubeconfig"))
            .help("put the content in (`…-data`), or use `kubeconfig_path`"));
        }
    }
    Ok(document)
}

/// The `cluster` and `user` objects of a kubeconfig.
fn entries(document: &Json) -> impl Iterator<Item = &Map<String, Json>> {
    [("clusters", "cluster"), ("users", "user")].into_iter().flat_map(move |(list, inner)| {
        let items = document.get(list).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(move |item| item.get(inner)?.as_object())
    })
}

/// A path of the block: from the home directory, or from the stack's.
fn path(given: &str, environment: &Environment) -> PathBuf {
    if let Some(rest) = given.strip_prefix("~/")
        && let Some(home) = std::env::home_dir()
    {
        return home.join(rest);
    }
    environment.root.as_deref().map_or_else(PathBuf::new, PathBuf::from).join(given)
}

fn from_file(given: &str, environment: &Environment) -> Result<Json, ProviderError> {
    let path = path(given, environment);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        ProviderError::invalid(format!("the kubeconfig `{}` cannot be read: {error}", path.display()))
            .at(AttributePath::member("kubeconfig_path"))
    })?;
    let mut document = parse(&text, "kubeconfig_path")?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    for (list, inner) in [("clusters", "cluster"), ("users", "user")] {
        let items = document.get_mut(list).and_then(Json::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default();
        for entry in items.iter_mut().filter_map(|item| item.get_mut(inner)?.as_object_mut()) {
            from_folder(entry, &folder);
        }
    }
    Ok(document)
}

/// Files that a kubeconfig names lie beside it.
fn from_folder(entry: &mut Map<String, Json>, folder: &Path) {
    for name in FILES {
        let Some(Json::String(file)) = entry.get(name) else { continue };
        let file = folder.join(file).display().to_string();
        entry.insert(name.to_owned(), Json::String(file));
    }
}

fn from_host(host: &str, block: &Configuration, environment: &Environment) -> Json {
    let mut cluster = Map::new();
    cluster.insert("server".to_owned(), Json::from(host));
    let bundle = || environment.ca_bundle.as_deref().filter(|_| host.starts_with("https://"));
    if let Some(pem) = block.cluster_ca_certificate.as_deref().or_else(bundle) {
        cluster.insert("certificate-authority-data".to_owned(), encoded(pem));
    }
    single(Json::Object(cluster), Json::Object(user(block, environment)))
}

fn encoded(pem: &str) -> Json {
    Json::String(STANDARD.encode(pem))
}

/// What the block itself says of the user.
fn user(block: &Configuration, environment: &Environment) -> Map<String, Json> {
    let mut user = Map::new();
    let mut set = |name: &str, value: Option<Json>| {
        user.extend(value.map(|value| (name.to_owned(), value)));
    };
    set("token", block.token.as_ref().map(|token| Json::from(token.0.as_str())));
    let token_file = block.token_file.as_deref().map(|file| path(file, environment).display().to_string());
    set("tokenFile", token_file.map(Json::from));
    set("client-certificate-data", block.client_certificate.as_deref().map(encoded));
    set("client-key-data", block.client_key.as_ref().map(|key| encoded(&key.0)));
    user
}

/// Credentials of the block go before those of the kubeconfig.
fn override_user(document: &mut Json, block: &Configuration, environment: &Environment) -> Result<(), ProviderError> {
    let own = user(block, environment);
    if own.is_empty() {
        return Ok(());
    }
    let name = current(document, block, "user").map(str::to_owned);
    let missing =
        || ProviderError::invalid("the kubeconfig's context names no user whose credentials could be replaced");
    let users = document.get_mut("users").and_then(Json::as_array_mut).ok_or_else(missing)?;
    let entry = users.iter_mut().find(|item| item.get("name").and_then(Json::as_str) == name.as_deref());
    let entry = entry.and_then(Json::as_object_mut).ok_or_else(missing)?;
    entry.insert("user".to_owned(), Json::Object(own));
    Ok(())
}

/// The name of the context's cluster or user.
fn current<'a>(document: &'a Json, block: &Configuration, what: &str) -> Option<&'a str> {
    let context = block.context.as_deref().or_else(|| document.get("current-context")?.as_str())?;
    let contexts = document.get("contexts")?.as_array()?;
    let entry = contexts.iter().find(|item| item.get("name").and_then(Json::as_str) == Some(context))?;
    entry.get("context")?.get(what)?.as_str()
}

/// The proxy that the context's cluster names.
pub(super) fn proxy<'a>(document: &'a Json, block: &Configuration) -> Option<&'a str> {
    let name = current(document, block, "cluster")?;
    let clusters = document.get("clusters")?.as_array()?;
    let entry = clusters.iter().find(|item| item.get("name").and_then(Json::as_str) == Some(name))?;
    entry.get("cluster")?.get("proxy-url")?.as_str().filter(|text| !text.is_empty())
}

/// The program that gives the credentials, if there is one; only one that may run.
pub(super) fn program(
    document: &Json,
    block: &Configuration,
    environment: &Environment,
) -> Result<Option<Program>, ProviderError> {
    if let Some(exec) = &block.exec {
        return Program::of_block(exec, environment).map(Some);
    }
    let name = current(document, block, "user");
    let users = document.get("users").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let entry = users.iter().find(|item| item.get("name").and_then(Json::as_str) == name);
    let Some(user) = entry.and_then(|entry| entry.get("user")) else { return Ok(None) };
    if user.get("auth-provider").is_some_and(|provider| !provider.is_null()) {
        return Err(ProviderError::unsupported(
            "the kubeconfig uses `auth-provider`, which Kubernetes gave up in 1.26",
        )
        .help("make a kubeconfig with an `exec` entry"));
    }
    match user.get("exec").filter(|exec| !exec.is_null()) {
        Some(exec) => Program::of_kubeconfig(exec, &block.exec_commands, environment).map(Some),
        None => Ok(None),
    }
}

/// Makes the token of the user in use one that a header can carry, and takes out the file that it is in: nobody but
/// [`super::token::TokenFile`] reads it. A token goes before a file, as kube has it.
pub(super) fn settle_token(document: &mut Json, block: &Configuration) -> Result<Option<PathBuf>, ProviderError> {
    let name = current(document, block, "user").map(str::to_owned);
    let users = document.get_mut("users").and_then(Json::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default();
    let entry = users.iter_mut().find(|item| item.get("name").and_then(Json::as_str) == name.as_deref());
    let Some(user) = entry.and_then(|entry| entry.get_mut("user")?.as_object_mut()) else { return Ok(None) };
    let file = user.shift_remove("tokenFile").and_then(|file| file.as_str().map(PathBuf::from));
    let text = user.get("token").and_then(Json::as_str).unwrap_or_default();
    if text.is_empty() && block.token.is_none() {
        user.shift_remove("token");
        return Ok(file);
    }
    let token = match &block.token {
        Some(_) => usable(text, "`token`").map_err(|error| error.at(AttributePath::member("token")))?,
        None => usable(text, "the kubeconfig's token")?,
    };
    user.insert("token".to_owned(), Json::String(token));
    Ok(None)
}

/// The document without any entry that would run a program: nobody but [`Program`] runs one.
pub(super) fn without_programs(mut document: Json) -> Json {
    let users = document.get_mut("users").and_then(Json::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default();
    for user in users.iter_mut().filter_map(|item| item.get_mut("user")?.as_object_mut()) {
        user.shift_remove("exec");
        user.shift_remove("auth-provider");
    }
    document
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use formwork_model::value::Redacted;

    const TEXT: &str = "
apiVersion: v1
kind: Config
current-context: one
contexts: [{ name: one, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: 'https://127.0.0.1:1' } }]
users: [{ name: u, user: { exec: { command: kubelogin, args: [get-token], apiVersion: client.authentication.k8s.io/v1beta1 } } }]
";

    fn block(text: &str) -> Configuration {
        Configuration { kubeconfig: Some(Redacted(text.to_owned())), ..Configuration::default() }
    }

    #[test]
    fn a_kubeconfigs_program_runs_only_where_block_and_manifest_name_it() {
        let allowed = Environment { allowed_exec: vec!["kubelogin".into()], ..Environment::default() };
        let named = Configuration { exec_commands: vec!["kubelogin".into()], ..block(TEXT) };
        let document = document(&named, &allowed).unwrap();
        let run = |block: &Configuration, environment: &Environment| program(&document, block, environment);
        assert!(run(&named, &allowed).unwrap().is_some());
        assert!(run(&block(TEXT), &allowed).is_err(), "the block does not name it");
        assert!(run(&named, &Environment::default()).is_err(), "the manifest does not allow it");
        assert!(run(&named, &Environment { untrusted: true, ..allowed.clone() }).is_err(), "untrusted");
        assert!(run(&named, &Environment { sandbox: true, ..allowed }).is_err(), "sandbox");
        assert!(without_programs(document)["users"][0]["user"].get("exec").is_none());
    }

    #[test]
    fn texts_may_not_name_files() {
        let text = TEXT.replace("server:", "certificate-authority: /etc/passwd, server:");
        let error = document(&block(&text), &Environment::default()).unwrap_err();
        assert!(error.message.contains("certificate-authority"), "{error}");
    }

    #[test]
    fn errors_do_not_quote_the_text() {
        let error = document(&block("a: [hunter2"), &Environment::default()).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn the_blocks_token_goes_before_the_kubeconfigs_user() {
        let own = Configuration { token: Some(Redacted("t".into())), ..block(TEXT) };
        let document = document(&own, &Environment::default()).unwrap();
        assert_eq!(document["users"][0]["user"], serde_json::json!({ "token": "t" }));
        assert!(program(&document, &own, &Environment::default()).unwrap().is_none());
    }
}
