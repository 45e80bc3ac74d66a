//! The life of a sandbox's process: detached, one for each directory, started when it is needed, ended when nobody needs
//! it.
//!
//! The kernel lock on `server.lock` is the only truth about whether a process serves a directory: a killed one has lost it,
//! whatever number it left behind. Two that start at the same time both try the lock; the loser ends, and both callers
//! find the winner.

use crate::client::Client;
use crate::clock::Latency;
use crate::directory::{Directory, Lock, Served, write_private};
use crate::identity::Identity;
use crate::problem::Problem;
use crate::requests::Requests;
use crate::seal::Key;
use crate::server::control::Status;
use crate::server::{Parts, Server, bind};
use crate::store::Store;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// A sandbox that nobody asks for anything ends by itself.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// Reading a large store takes its time on a busy machine.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(10);

/// What a process serves, and how.
#[derive(Clone, Debug)]
pub struct Service {
    /// The sandbox's directory.
    pub directory: Directory,
    /// The key of its files.
    pub key: Key,
    /// How long work takes; none for what was set last.
    pub latency: Option<Latency>,
    /// When it ends by itself.
    pub idle: Duration,
    /// A port for plain HTTP besides.
    pub plain_port: Option<u16>,
}

/// Serves a directory until someone asks for the end: what the detached process does.
///
/// # Errors
/// [`Problem::Running`] when another process serves it, or whatever keeps it from starting.
pub async fn serve(service: Service) -> Result<(), Problem> {
    // Not a child of the terminal any more: closing it, or Ctrl-C in it, is not meant for us.
    let _ = rustix::process::setsid();
    let directory = &service.directory;
    directory.make()?;
    let lock = directory.lock()?;
    let (identity, listener) = settle(directory, &service.key).await?;
    let plain = match service.plain_port {
        Some(port) => Some(bind(port).await.map_err(|problem| plain(problem, port))?),
        None => None,
    };
    let store = Arc::new(Store::open(&directory.store(), &service.key)?);
    let requests = Requests::open(&directory.requests())?;
    let parts = Parts {
        identity: identity.clone(),
        store: Arc::clone(&store),
        latency: service.latency,
        requests,
        folder: directory.git(),
    };
    let server = Server::new(parts)?;
    let plain = plain.map(|listener| tokio::spawn(server.serve_plain(listener)));
    sign(&lock, &identity)?;
    let serving = server.clone();
    let tls = tokio::spawn(async move { serving.serve_tls(listener).await });
    wait(&server, service.idle).await?;
    tls.abort();
    plain.iter().for_each(tokio::task::JoinHandle::abort);
    server.drained().await;
    store.sync().map_err(|reason| Problem::Io { action: "write".into(), path: directory.store(), reason: reason.0 })
}

/// A port that was named for this start is another matter than the one that clients know.
fn plain(problem: Problem, port: u16) -> Problem {
    if matches!(problem, Problem::PortTaken { .. }) { Problem::PlainPortTaken { port } } else { problem }
}

/// The identity that the directory has, or a new one, and its port.
async fn settle(directory: &Directory, key: &Key) -> Result<(Identity, TcpListener), Problem> {
    let known = Identity::read(&directory.identity(), key)?;
    let mut identity = known.map_or_else(Identity::new, Ok)?;
    let listener = bind(identity.port).await?;
    if identity.port == 0 {
        let address = listener.local_addr().map_err(|error| Problem::Random(error.to_string()))?;
        identity.port = address.port();
        identity.write(&directory.identity(), key)?;
    }
    write_private(&directory.ca(), identity.ca_pem.as_bytes())?;
    Ok((identity, listener))
}

fn sign(lock: &Lock, identity: &Identity) -> Result<(), Problem> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let since_ms = jiff::Timestamp::now().as_millisecond();
    lock.sign(&Served { process: std::process::id(), url: identity.url(), since_ms, version })
}

/// Until the end is asked for: by a request, by a signal, or by silence.
async fn wait(server: &Server, idle: Duration) -> Result<(), Problem> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Problem::Random(error.to_string()));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        () = server.ended(idle) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// A client of the process that serves the directory; none where no process does.
///
/// # Errors
/// When a process serves it and cannot be reached.
pub async fn running(directory: &Directory, key: &Key) -> Result<Option<Client>, Problem> {
    let began = Instant::now();
    while let Some(served) = directory.served() {
        if !served.url.is_empty() {
            let identity = Identity::read(&directory.identity(), key)?;
            let identity = identity.filter(|identity| identity.url() == served.url);
            return identity.map(|identity| Client::new(identity, served.process)).transpose();
        }
        // It is starting, or somebody else looks.
        if began.elapsed() > START {
            let reason = format!("it has been starting for {} s", START.as_secs());
            return Err(Problem::Silent { process: served.process, reason });
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(None)
}

/// A client of the process that serves the directory; starts one with `command` where none does. Whether it was started.
///
/// # Errors
/// When it does not start, with what it said.
pub async fn ensure(directory: &Directory, key: &Key, command: Command) -> Result<(Client, bool), Problem> {
    if let Some(client) = running(directory, key).await? {
        // It answers; or it is about to end, and another takes its place.
        if client.status().await.is_ok() {
            return Ok((client, false));
        }
        ended(directory).await;
        if let Some(client) = running(directory, key).await? {
            return client.status().await.map(|_| (client, false));
        }
    }
    directory.make()?;
    start(directory, key, command).await.map(|client| (client, true))
}

async fn start(directory: &Directory, key: &Key, mut command: Command) -> Result<Client, Problem> {
    let path = directory.server_log();
    let failed = |error: std::io::Error| Problem::io("open", &path, &error);
    let log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(failed)?;
    let before = log.metadata().map_err(failed)?.len();
    // Why it could not serve it says to us as well: where the disk is full, the log holds nothing.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).current_dir(directory.path());
    let mut child =
        command.spawn().map_err(|error| Problem::DidNotStart { said: format!("{error}"), log: path.clone() })?;
    let began = Instant::now();
    loop {
        let over = has_ended(&mut child);
        // Where another was faster ours ends; one that is still on its way would take the place of a stopped one.
        if let Some(client) = running(directory, key).await?.filter(|client| over || client.process == child.id()) {
            client.status().await?;
            return Ok(client);
        }
        if over || began.elapsed() > START {
            let told = child.stdout.take().filter(|_| over).map(io::read_to_string);
            let told = told.and_then(Result::ok).and_then(|told| serde_json::from_str(&told).ok());
            return Err(told.unwrap_or_else(|| last_words(path, before)));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// What the process wrote since, in its last line.
fn last_words(path: PathBuf, since: u64) -> Problem {
    let mut text = String::new();
    let read = File::open(&path).and_then(|mut file| {
        file.seek(SeekFrom::Start(since))?;
        file.read_to_string(&mut text)
    });
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    let said = last.filter(|_| read.is_ok()).unwrap_or("it ended without a word");
    Problem::DidNotStart { said: said.trim().to_owned(), log: path }
}

/// What the process that serves the directory says of itself, and a client of it; none where no process does.
///
/// # Errors
/// When a process serves it and does not answer.
pub async fn status(directory: &Directory, key: &Key) -> Result<Option<(Client, Status)>, Problem> {
    let Some(client) = running(directory, key).await? else { return Ok(None) };
    match client.status().await {
        Ok(status) => Ok(Some((client, status))),
        Err(problem) => {
            // It may be ending just now.
            tokio::time::sleep(LOOK * 20).await;
            if directory.served().is_none() { Ok(None) } else { Err(problem) }
        }
    }
}

/// Ends the process that serves the directory, and waits until it is gone; whether there was one.
///
/// # Errors
/// When it does not end.
pub async fn stop(directory: &Directory, key: &Key) -> Result<bool, Problem> {
    let Some(served) = directory.served() else { return Ok(false) };
    let asked = match running(directory, key).await {
        Ok(Some(client)) => client.stop().await,
        Ok(None) => Ok(()),
        Err(problem) => Err(problem),
    };
    if asked.is_err() {
        // It cannot be asked: its identity is gone, or it hangs.
        terminate(served.process);
    }
    if ended(directory).await {
        return Ok(true);
    }
    let reason = format!("it was asked to end {} s ago", STOP.as_secs());
    Err(Problem::Silent { process: served.process, reason })
}

/// Waits until nobody serves the directory.
async fn ended(directory: &Directory) -> bool {
    let began = Instant::now();
    while directory.served().is_some() {
        if began.elapsed() > STOP {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}

fn terminate(process: u32) {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(process) = process {
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
    }
}
