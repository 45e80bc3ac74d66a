//! Git repositories over HTTP, made from directories: each content of a directory that is asked for becomes a commit.
//!
//! `git http-backend` of the installed git answers; it may be fetched from, and nothing else.

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// More than any request of a client that fetches.
const BODY_LIMIT: usize = 16 << 20;

/// Directories that are served as repositories.
pub struct Repositories {
    root: PathBuf,
    sources: Mutex<BTreeMap<String, PathBuf>>,
    /// One commit at a time.
    committing: tokio::sync::Mutex<()>,
}

impl Repositories {
    /// None yet; their Git data will lie below `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Arc<Self> {
        Arc::new(Self { root, sources: Mutex::default(), committing: tokio::sync::Mutex::default() })
    }

    /// Serves a directory as `/git/{name}`.
    pub fn serve(&self, name: &str, directory: PathBuf) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), directory);
    }

    /// The names that are served, and the directories behind them.
    #[must_use]
    pub fn served(&self) -> BTreeMap<String, PathBuf> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The bare repository of a name, with the directory's present content committed. None if there is no such name.
    ///
    /// # Errors
    /// When git is missing or fails.
    pub async fn up_to_date(&self, name: &str) -> io::Result<Option<PathBuf>> {
        let name = name.trim_end_matches(".git");
        let source = self.sources.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let Some(source) = source else { return Ok(None) };
        let _one = self.committing.lock().await;
        let repository = self.root.join(format!("{name}.git"));
        if !repository.join("HEAD").exists() {
            tokio::fs::create_dir_all(&self.root).await?;
            git(&repository, None, &["init", "--quiet", "--bare", "--initial-branch=main"]).await?;
            let note = "the content of a directory, committed when it is asked for\n";
            tokio::fs::write(repository.join("description"), note).await?;
        }
        commit(&repository, &source).await?;
        Ok(Some(repository))
    }

    /// Answers `/git/{name}/…`.
    pub fn router(self: Arc<Self>) -> axum::Router {
        axum::Router::new().route("/git/{name}/{*path}", any(answer)).with_state(self)
    }
}

/// Commits what changed; the identity and the message are the sandbox's own.
async fn commit(repository: &FilePath, source: &FilePath) -> io::Result<()> {
    git(repository, Some(source), &["add", "--all", "--force", "."]).await?;
    let unchanged = git(repository, Some(source), &["diff", "--cached", "--quiet", "HEAD"]).await.is_ok();
    if unchanged {
        return Ok(());
    }
    const ARGUMENTS: [&str; 12] = [
        "-c",
        "user.name=sandbox",
        "-c",
        "user.email=sandbox@localhost",
        "-c",
        "commit.gpgsign=false",
        "commit",
        "--quiet",
        "--allow-empty",
        "--no-verify",
        "--message",
        "Content of the directory",
    ];
    git(repository, Some(source), &ARGUMENTS).await.map(drop)
}

/// Runs git on a repository, apart from the configuration of whoever runs the sandbox.
///
/// # Errors
/// When git is missing or fails; the text is git's own.
pub(crate) async fn git(repository: &FilePath, tree: Option<&FilePath>, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(repository);
    run(command, tree, arguments).await
}

/// Fetches everything from a server. A header that opens it is passed in the environment, where listings of processes do
/// not show it.
///
/// # Errors
/// When git is missing or fails.
pub(crate) async fn fetch(repository: &FilePath, url: &str, header: Option<&str>) -> io::Result<()> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(repository);
    if let Some(header) = header {
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "http.extraHeader")
            .env("GIT_CONFIG_VALUE_0", header);
    }
    let arguments = ["fetch", "--quiet", "--prune", "--force", url, "+HEAD:refs/heads/main", "+refs/*:refs/*"];
    run(command, None, &arguments).await.map(drop)
}

/// Copies a repository, without checking anything out.
///
/// # Errors
/// When git is missing or fails.
pub(crate) async fn clone(from: &FilePath, to: &FilePath) -> io::Result<()> {
    let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
    let arguments = ["clone", "--quiet", "--shared", "--no-checkout", &*from, &*to];
    run(Command::new("git"), None, &arguments).await.map(drop)
}

async fn run(mut command: Command, tree: Option<&FilePath>, arguments: &[&str]) -> io::Result<Vec<u8>> {
    if let Some(tree) = tree {
        command.arg("--work-tree").arg(tree).current_dir(tree);
    }
    isolate(&mut command);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().await?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("git {}: {}", arguments.first().unwrap_or(&""), text.trim())))
}

fn isolate(command: &mut Command) {
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    for (name, value) in
        [("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_TERMINAL_PROMPT", "0")]
    {
        command.env(name, value);
    }
}

async fn answer(
    State(repositories): State<Arc<Repositories>>,
    Path((name, path)): Path<(String, String)>,
    request: Request,
) -> Response {
    let name = name.trim_end_matches(".git").to_owned();
    let fetches = matches!(path.as_str(), "info/refs" | "git-upload-pack" | "HEAD") || path.starts_with("objects/");
    let pushes = request.uri().query().is_some_and(|query| query.contains("git-receive-pack"));
    if !fetches || pushes {
        return (
            StatusCode::FORBIDDEN,
            "this repository is a directory: change its files, they are committed by themselves\n",
        )
            .into_response();
    }
    match repositories.up_to_date(&name).await {
        Ok(Some(_)) => {}
        Ok(None) => return (StatusCode::NOT_FOUND, "no such repository\n").into_response(),
        Err(error) => return failed(&error),
    }
    backend(&repositories.root, &format!("/{name}.git/{path}"), request).await.unwrap_or_else(|error| failed(&error))
}

fn failed(error: &io::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
}

async fn backend(root: &FilePath, path: &str, request: Request) -> io::Result<Response> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.map_err(io::Error::other)?;
    let mut command = Command::new("git");
    command.arg("http-backend");
    isolate(&mut command);
    let header = |name: &str| parts.headers.get(name).and_then(|one| one.to_str().ok()).unwrap_or_default().to_owned();
    command
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    let feed = tokio::spawn(feed(input, body));
    let output = child.wait_with_output().await?;
    // The backend may answer without reading everything.
    let _ = feed.await;
    read_answer(&output.stdout).ok_or_else(|| io::Error::other("git http-backend gave no answer"))
}

async fn feed(input: Option<tokio::process::ChildStdin>, body: Bytes) -> io::Result<()> {
    match input {
        Some(mut input) => input.write_all(&body).await,
        None => Ok(()),
    }
}

/// Headers, a blank line, the body.
fn read_answer(output: &[u8]) -> Option<Response> {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = output.split_at(end);
    let mut response = Response::new(Body::from(body.get(4..)?.to_vec()));
    for line in std::str::from_utf8(head).ok()?.lines() {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next()?.parse().ok()?;
            *response.status_mut() = StatusCode::from_u16(code).ok()?;
        } else {
            let (name, value) = (HeaderName::try_from(name).ok()?, HeaderValue::from_str(value).ok()?);
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    Some(response)
}
