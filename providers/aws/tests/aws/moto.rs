//! Starting moto, the emulator.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running moto; ends with the value.
pub struct Server {
    pub endpoint: String,
    child: Child,
}

impl Server {
    /// Starts it on a free port: `FORMWORK_MOTO` names the command, else `moto_server`, else Python's module.
    ///
    /// # Errors
    /// Why there is none.
    pub fn start() -> Result<Self, String> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let mut reasons = Vec::new();
        for words in commands() {
            match launch(&words, port) {
                Ok(child) => return Ok(Self { endpoint: format!("http://127.0.0.1:{port}"), child }),
                Err(reason) => reasons.push(format!("`{}`: {reason}", words.join(" "))),
            }
        }
        Err(format!(
            "no moto (pip install 'moto[server]', or name its command in FORMWORK_MOTO): {}",
            reasons.join("; ")
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn commands() -> Vec<Vec<String>> {
    if let Ok(command) = std::env::var("FORMWORK_MOTO") {
        return vec![command.split_whitespace().map(str::to_owned).collect()];
    }
    [vec!["moto_server"], vec!["python3", "-m", "moto.server"]]
        .into_iter()
        .map(|words| words.into_iter().map(str::to_owned).collect())
        .collect()
}

fn launch(words: &[String], port: u16) -> Result<Child, String> {
    let (program, rest) = words.split_first().ok_or("empty command")?;
    let mut child = Command::new(program)
        .args(rest)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("ended at once ({status})"));
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(child);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    Err("did not listen within a minute".into())
}
