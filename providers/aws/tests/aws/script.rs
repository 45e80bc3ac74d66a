//! A server that gives scripted answers and keeps what it was asked: for what moto does not do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers so.
    Answer { status: u16, headers: Vec<(String, String)>, body: String },
    /// Closes the connection without a word: the answer is lost.
    Hang,
    /// Sends half of an answer, then closes.
    Cut,
}

impl Reply {
    pub fn ok(body: impl Into<String>) -> Self {
        Self::Answer { status: 200, headers: Vec::new(), body: body.into() }
    }

    /// An error of EC2's query protocol.
    pub fn ec2_error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>req-1</RequestID></Response>"
        );
        Self::Answer { status, headers: Vec::new(), body }
    }

    /// An error of the JSON protocols (EKS, ECR).
    #[allow(dead_code)]
    pub fn json_error(status: u16, code: &str, message: &str) -> Self {
        let headers = vec![("x-amzn-errortype".to_owned(), code.to_owned())];
        Self::Answer { status, headers, body: format!(r#"{{"__type":"{code}","message":"{message}"}}"#) }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The operation: `DescribeVpcs` for query and JSON-target protocols, `GET /clusters/x` for REST.
    pub operation: String,
    pub body: String,
    /// The `Authorization` header: whose keys signed it.
    pub authorization: String,
}

/// The scripted server. For each operation its replies in order; the last one is repeated.
#[derive(Clone)]
pub struct Script {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    replies: BTreeMap<String, VecDeque<Reply>>,
    asked: Vec<Asked>,
}

impl Script {
    /// Starts the server; it ends with the runtime.
    pub async fn start(replies: Vec<(&str, Vec<Reply>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let replies = replies.into_iter().map(|(name, replies)| (name.to_owned(), replies.into())).collect();
        let script = Self { endpoint, state: Arc::new(Mutex::new(State { replies, asked: Vec::new() })) };
        let server = script.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        script
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The requests of one operation.
    pub fn asked_for(&self, operation: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.operation == operation).collect()
    }

    fn reply(&self, asked: Asked) -> Reply {
        let mut state = self.state.lock().unwrap();
        let operation = asked.operation.clone();
        state.asked.push(asked);
        let Some(replies) = state.replies.get_mut(&operation) else {
            return Reply::Answer { status: 599, headers: Vec::new(), body: format!("no reply for {operation}") };
        };
        if replies.len() > 1 { replies.pop_front().unwrap() } else { replies.front().cloned().unwrap_or(Reply::Hang) }
    }

    async fn serve(&self, mut stream: TcpStream) {
        while let Some(asked) = read_request(&mut stream).await {
            match self.reply(asked) {
                Reply::Hang => return,
                Reply::Cut => {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<half").await;
                    return;
                }
                Reply::Answer { status, headers, body } => {
                    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                    let length = body.len();
                    let text = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
                    if stream.write_all(text.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(position) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break position + 4;
        }
        more(stream, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    while bytes.len() < head_end + length {
        more(stream, &mut bytes).await?;
    }
    let body = String::from_utf8_lossy(&bytes[head_end..head_end + length]).into_owned();
    let operation = match header("x-amz-target") {
        Some(target) => target.rsplit('.').next().unwrap().to_owned(),
        None => body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .map_or_else(|| head.lines().next().unwrap().rsplit_once(' ').unwrap().0.to_owned(), str::to_owned),
    };
    Some(Asked { operation, body, authorization: header("authorization").unwrap_or_default() })
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 8192];
    let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
    bytes.extend_from_slice(&chunk[..count]);
    Some(())
}
