//! `sandbox`: the process of a local cloud, and what is seen of it.

use super::{DONE, FAILED, session_runtime, time};
use crate::arguments::{Global, SandboxCommand, SandboxLatency, SandboxServeArguments, SandboxStartArguments};
use crate::logging;
use crate::output::{data, print, tell};
use crate::project::{Answer, Failure, Project, unreadable};
use crate::sandbox;
use formwork_sandbox::client::Client;
use formwork_sandbox::clock::Latency;
use formwork_sandbox::directory::Directory;
use formwork_sandbox::failure::Standing;
use formwork_sandbox::process::{self, Service};
use formwork_sandbox::requests::Line;
use formwork_sandbox::server::control::Status;
use formwork_sandbox::{CLIENT, Problem, SUBSCRIPTION, TENANT, vault};
use serde_json::json;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

impl SandboxLatency {
    /// As it is written.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Real => "real",
            Self::None => "none",
        }
    }
}

impl From<SandboxLatency> for Latency {
    fn from(latency: SandboxLatency) -> Self {
        match latency {
            SandboxLatency::Fast => Self::Fast,
            SandboxLatency::Real => Self::Real,
            SandboxLatency::None => Self::None,
        }
    }
}

/// A sandbox, and how this run talks.
struct Subject {
    directory: Directory,
    environment: String,
    json: bool,
}

pub(super) fn run(global: &Global, command: &SandboxCommand) -> Answer {
    if let SandboxCommand::Serve(arguments) = command {
        return serve(arguments);
    }
    let project = Project::open(global)?;
    let environment = project.environment()?;
    let directory = Directory::new(project.sandbox_directory(&environment));
    let subject = Subject { directory, environment, json: project.output.json };
    match command {
        SandboxCommand::Start(arguments) => {
            let answer = subject.start(arguments);
            project.ignore_in_git();
            answer
        }
        SandboxCommand::Stop => subject.stop(),
        SandboxCommand::Status => subject.status(),
        SandboxCommand::Reset => subject.reset(),
        SandboxCommand::Log { follow } => subject.log(*follow),
        SandboxCommand::Fail { rules, remove, clear } => subject.fail(rules, *remove, *clear),
        SandboxCommand::Serve(arguments) => serve(arguments),
    }
}

/// Why it cannot serve is told to the starting command on standard output, and to the log.
fn serve(arguments: &SandboxServeArguments) -> Answer {
    let service = Service {
        directory: Directory::new(&arguments.path),
        key: sandbox::key()?,
        latency: arguments.start.latency.map(Latency::from),
        idle: arguments.start.idle.unwrap_or(process::IDLE),
        plain_port: arguments.start.http,
    };
    match session_runtime()?.block_on(process::serve(service)) {
        // Another was faster: whoever started this one finds that one.
        Ok(()) | Err(Problem::Running { .. }) => Ok(DONE),
        Err(problem) => {
            tell(&format!("{problem}\n"));
            data(&serde_json::to_string(&problem).unwrap_or_default());
            Ok(FAILED)
        }
    }
}

impl Subject {
    fn start(&self, arguments: &SandboxStartArguments) -> Answer {
        for rule in &arguments.failures {
            rule.parse::<formwork_sandbox::failure::Rule>()?;
        }
        let (client, started) = sandbox::start(self.directory.path(), arguments)?;
        for (flag, is_given) in [("--http", arguments.http.is_some()), ("--idle", arguments.idle.is_some())] {
            if !started && is_given {
                tell(&format!("It runs already: `{flag}` counts when it starts. Stop it first.\n"));
            }
        }
        session_runtime()?.block_on(async {
            if let Some(latency) = arguments.latency.filter(|_| !started) {
                client.set_latency(latency.into()).await?;
            }
            for rule in &arguments.failures {
                client.add_failure(rule).await?;
            }
            Ok::<_, Problem>(())
        })?;
        if self.json {
            let status = session_runtime()?.block_on(client.status())?;
            data(&format!("{}\n", self.facts(&client, status.plain_port)));
            return Ok(DONE);
        }
        let runs = if started { "started" } else { "runs already" };
        let url = client.identity.url();
        tell(&format!("The sandbox of `{}` {runs} at {url}.\n", self.environment));
        tell("`--json` shows what other programs need to reach it: addresses, certificate authority, token.\n");
        Ok(DONE)
    }

    /// What other programs need.
    fn facts(&self, client: &Client, plain_port: Option<u16>) -> serde_json::Value {
        let identity = &client.identity;
        let url = identity.url();
        json!({
            "environment": self.environment,
            "directory": self.directory.path(),
            "url": url,
            "ca": self.directory.ca(),
            "token": identity.token,
            "arm": url,
            "authority": format!("{url}/{TENANT}"),
            "vaults": format!("{url}/vaults/"),
            "vault_domain": format!("{}:{}", vault::name::DOMAIN, identity.port),
            "kubernetes": format!("{url}/kubernetes/"),
            "git": format!("{url}/git/"),
            "http": plain_port.map(|port| format!("http://127.0.0.1:{port}")),
            "tenant_id": TENANT,
            "subscription_id": SUBSCRIPTION,
            "client_id": CLIENT,
            "client_secret": identity.token,
        })
    }

    fn stop(&self) -> Answer {
        let stopped = session_runtime()?.block_on(process::stop(&self.directory, &sandbox::key()?))?;
        tell(if stopped { "Stopped; what exists in it is kept.\n" } else { "It is not running.\n" });
        Ok(DONE)
    }

    fn reset(&self) -> Answer {
        session_runtime()?.block_on(process::stop(&self.directory, &sandbox::key()?))?;
        self.directory.remove()?;
        tell(&format!("The sandbox of `{}` is empty, and its state with it.\n", self.environment));
        Ok(DONE)
    }

    fn client(&self) -> Result<Client, Failure> {
        let running = session_runtime()?.block_on(process::running(&self.directory, &sandbox::key()?))?;
        Ok(running.ok_or(Problem::NotRunning)?)
    }

    fn status(&self) -> Answer {
        let key = sandbox::key()?;
        let running = session_runtime()?.block_on(process::status(&self.directory, &key))?;
        let running = running.map(|(client, status)| (status, client.identity.url()));
        match (running, self.json) {
            (None, true) => data(&format!("{}\n", json!({ "running": false, "directory": self.directory.path() }))),
            (None, false) => {
                let kept = if self.directory.store().exists() { "; what exists in it is kept" } else { "" };
                print(&format!("The sandbox of `{}` is not running{kept}.\n", self.environment));
            }
            (Some((status, url)), true) => {
                let mut document = serde_json::to_value(&status).unwrap_or_default();
                if let Some(members) = document.as_object_mut() {
                    members.insert("running".into(), true.into());
                    members.insert("url".into(), url.into());
                    members.insert("directory".into(), json!(self.directory.path()));
                }
                data(&format!("{document}\n"));
            }
            (Some((status, url)), false) => print(&self.text(&status, &url)),
        }
        Ok(DONE)
    }

    fn text(&self, status: &Status, url: &str) -> String {
        let mut text = format!(
            "The sandbox of `{}` runs at {url} since {} (process {}).\n",
            self.environment,
            time(status.since_ms),
            status.process
        );
        let latency = match status.latency {
            Latency::Fast => "fast: a hundredth of the cloud's time",
            Latency::Real => "real: the cloud's time",
            Latency::None => "none: everything is done at once",
        };
        // Writing to a text cannot fail.
        if let Some(port) = status.plain_port {
            let _ = writeln!(text, "It also speaks plain HTTP at http://127.0.0.1:{port}.");
        }
        let _ = writeln!(text, "Latency {latency}. {} requests answered.", status.requests);
        if status.objects.is_empty() {
            text.push_str("Nothing exists in it.\n");
        }
        for (type_name, count) in &status.objects {
            let _ = writeln!(text, "{count:>7}  {type_name}");
        }
        for cluster in &status.clusters {
            let _ = writeln!(text, "Kubernetes cluster {cluster}");
        }
        text.push_str(&rules(&status.failures));
        text
    }

    fn fail(&self, rules: &[String], remove: Option<u64>, clear: bool) -> Answer {
        // All are read before one is added, and before a sandbox is started for them: a mistake changes nothing.
        for rule in rules {
            rule.parse::<formwork_sandbox::failure::Rule>()?;
        }
        let client = if rules.is_empty() { self.client()? } else { sandbox::ensure(self.directory.path())? };
        let standing = session_runtime()?.block_on(async {
            for rule in rules {
                client.add_failure(rule).await?;
            }
            if (remove.is_some() || clear) && client.remove_failures(remove).await? == 0 && remove.is_some() {
                return Err(Problem::Refused { reason: "there is no failure rule of this number".to_owned() });
            }
            client.status().await.map(|status| status.failures)
        })?;
        if self.json {
            data(&format!("{}\n", json!({ "failures": standing })));
        } else if standing.is_empty() {
            print("Nothing goes wrong on purpose.\n");
        } else {
            print(&self::rules(&standing));
        }
        Ok(DONE)
    }

    /// Shows the log; who follows it sees new lines until the sandbox ends.
    fn log(&self, follow: bool) -> Answer {
        let path = self.directory.requests();
        let mut log = match LogReader::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Problem::NotRunning.into()),
            opened => opened.map_err(|error| unreadable(&path, &error))?,
        };
        let mut is_last = !follow;
        loop {
            if let Some(line) = log.line().map_err(|error| unreadable(&path, &error))? {
                if self.json { data(&line) } else { print(&self.shown(&line)) }
            } else if is_last {
                return Ok(DONE);
            } else {
                std::thread::sleep(Duration::from_millis(200));
                // What it wrote before it ended is still read.
                is_last = self.directory.served().is_none();
            }
        }
    }

    fn shown(&self, line: &str) -> String {
        let Some(entry) = serde_json::from_str::<Line>(line).ok() else {
            return line.to_owned();
        };
        let status = if entry.status == 0 { "cut".to_owned() } else { entry.status.to_string() };
        let failure = entry.failure.map_or_else(String::new, |id| format!("  (failure rule {id})"));
        let took = Duration::from_micros(entry.took_us).as_secs_f64() * 1000.0;
        let at = time(entry.at_ms);
        logging::secrets()
            .scrub(&format!("{at}  {:<6} {status:>3} {took:>8.1} ms  {}{failure}\n", entry.method, entry.path))
    }
}

fn rules(standing: &[Standing]) -> String {
    standing.iter().map(|one| format!("Failure rule {}: {one}\n", one.id)).collect()
}

/// The log of requests, line by line; where another file takes its place, that one goes on.
struct LogReader {
    path: PathBuf,
    reader: BufReader<File>,
    begun: String,
}

impl LogReader {
    fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::new(File::open(path)?);
        Ok(Self { path: path.to_owned(), reader, begun: String::new() })
    }

    /// The next line, if it is there as a whole: one that is being written is read the next time.
    fn line(&mut self) -> io::Result<Option<String>> {
        self.reader.read_line(&mut self.begun)?;
        if self.begun.ends_with('\n') {
            return Ok(Some(std::mem::take(&mut self.begun)));
        }
        if self.was_set_aside() {
            *self = Self::open(&self.path)?;
            return self.line();
        }
        Ok(None)
    }

    fn was_set_aside(&self) -> bool {
        let here = fs::metadata(&self.path).map(|file| file.ino());
        here.is_ok_and(|here| self.reader.get_ref().metadata().is_ok_and(|ours| ours.ino() != here))
    }
}
