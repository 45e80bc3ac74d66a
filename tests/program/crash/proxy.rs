//! Stands between the program and an AWS emulator: lets requests through, and kills the program at a chosen one.

use crate::wire::{Message, read_message};
use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Where the chosen request is when the program dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// The server has not heard of it.
    BeforeSend,
    /// The server has done it; the program never sees the answer.
    BeforeAnswer,
    /// The program was sent the whole answer, so many microseconds ago.
    Answered(u64),
}

/// Which request the program dies at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aim {
    /// Of those that change something, or of those that only ask.
    pub(super) changes: bool,
    /// Which of them, from 1.
    pub(super) nth: usize,
    pub(super) moment: Moment,
}

#[derive(Default)]
struct Run {
    aim: Option<Aim>,
    process: Option<u32>,
    seen: usize,
}

/// A proxy on a port of its own.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) endpoint: String,
    run: Arc<(Mutex<Run>, Condvar)>,
}

impl Proxy {
    pub(super) fn start(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Self { endpoint, run: Arc::default() };
        let (serving, server) = (proxy.clone(), server.trim_start_matches("http://").to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (serving, server) = (serving.clone(), server.clone());
                std::thread::spawn(move || drop(serving.serve(client, &server)));
            }
        });
        proxy
    }

    /// The next run dies there; without an aim it lives. [`Proxy::started`] tells which process it is.
    pub(super) fn aim(&self, aim: Option<Aim>) {
        *self.run.0.lock().unwrap() = Run { aim, ..Run::default() };
    }

    pub(super) fn started(&self, process: u32) {
        self.run.0.lock().unwrap().process = Some(process);
        self.run.1.notify_all();
    }

    /// One connection: requests one after the other.
    fn serve(&self, client: TcpStream, server: &str) -> io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let mut client = client;
        while let Some(request) = read_message(&mut reader)? {
            let aim = self.hit(&request);
            if aim == Some(Moment::BeforeSend) {
                return self.kill();
            }
            let mut upstream = TcpStream::connect(server)?;
            upstream.write_all(&request.head_with("Connection: close"))?;
            upstream.write_all(&request.body)?;
            let answer = read_message(&mut BufReader::new(upstream))?;
            let Some(answer) = answer else { return Ok(()) };
            if aim == Some(Moment::BeforeAnswer) {
                return self.kill();
            }
            client.write_all(&answer.head_with("Connection: keep-alive"))?;
            client.write_all(&answer.body)?;
            if let Some(Moment::Answered(microseconds)) = aim {
                std::thread::sleep(Duration::from_micros(microseconds));
                return self.kill();
            }
        }
        Ok(())
    }

    fn hit(&self, request: &Message) -> Option<Moment> {
        let mut run = self.run.0.lock().unwrap();
        let aim = run.aim.filter(|aim| aim.changes == is_change(request))?;
        run.seen += 1;
        (run.seen == aim.nth).then_some(aim.moment)
    }

    fn kill(&self) -> io::Result<()> {
        let (run, started) = &*self.run;
        let run = started.wait_while(run.lock().unwrap(), |run| run.process.is_none()).unwrap();
        let process = run.process.unwrap().to_string();
        Command::new("kill").args(["-9", &process]).status().map(drop)
    }
}

/// Whether an AWS request changes anything: by its action, its target, or its method.
fn is_change(request: &Message) -> bool {
    let asks = |name: &str| ["Describe", "Get", "List", "BatchGet"].iter().any(|verb| name.starts_with(verb));
    let body = String::from_utf8_lossy(&request.body);
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let target = request.header("x-amz-target").and_then(|target| target.rsplit('.').next());
    match action.or(target) {
        Some(name) => !asks(name),
        None => !request.lines.first().is_some_and(|line| line.starts_with("GET ")),
    }
}
