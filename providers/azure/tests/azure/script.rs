//! A server that gives scripted answers and keeps what it was asked: ARM and the tokens' authority in one.

use serde_json::{Value as Json, json};
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
}

impl Reply {
    pub fn json(status: u16, body: Json) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.to_string() }
    }

    pub fn empty(status: u16) -> Self {
        Self::text(status, "")
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub fn error(status: u16, code: &str) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": format!("{code}, they say")}}))
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
    /// `GET /subscriptions/…`, without the query.
    pub operation: String,
    pub query: String,
    pub body: String,
    pub authorization: String,
    pub if_match: Option<String>,
}

impl Asked {
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The scripted server. For each operation its replies in order; the last one is repeated. `{endpoint}` in headers and bodies
/// is the server's own address.
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

/// Where tokens are asked for.
pub const TOKEN: &str = "POST /tenant/oauth2/v2.0/token";

impl Script {
    /// Starts the server; it ends with the runtime. Tokens last for an hour unless the script says otherwise.
    pub async fn start(replies: Vec<(&str, Vec<Reply>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let mut table: BTreeMap<String, VecDeque<Reply>> = BTreeMap::new();
        table.insert(TOKEN.to_owned(), [token("first", 3600)].into());
        table.extend(replies.into_iter().map(|(name, replies)| (name.to_owned(), replies.into())));
        let script = Self { endpoint, state: Arc::new(Mutex::new(State { replies: table, asked: Vec::new() })) };
        let server = script.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        script
    }

    /// The requests of one operation.
    pub fn asked_for(&self, operation: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.operation == operation).collect()
    }

    /// All requests apart from those for tokens, as text.
    pub fn operations(&self) -> Vec<String> {
        let asked = self.asked().into_iter().map(|asked| asked.operation);
        asked.filter(|operation| operation != TOKEN).collect()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    fn reply(&self, asked: Asked) -> Reply {
        let mut state = self.state.lock().unwrap();
        let operation = asked.operation.clone();
        state.asked.push(asked);
        let Some(replies) = state.replies.get_mut(&operation) else {
            return Reply::error(404, "ResourceNotFound");
        };
        if replies.len() > 1 { replies.pop_front().unwrap() } else { replies.front().cloned().unwrap_or(Reply::Hang) }
    }

    async fn serve(&self, mut stream: TcpStream) {
        while let Some(asked) = read_request(&mut stream).await {
            let Reply::Answer { status, headers, body } = self.reply(asked) else { return };
            let own = |text: &str| text.replace("{endpoint}", &self.endpoint);
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", own(value))).collect();
            let body = own(&body);
            let length = body.len();
            let text = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
            if stream.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// An answer with a token.
pub fn token(secret: &str, seconds: u64) -> Reply {
    Reply::json(200, json!({"access_token": secret, "expires_in": seconds, "token_type": "Bearer"}))
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
    let first = head.lines().next().unwrap().rsplit_once(' ').unwrap().0;
    let (operation, query) = first.split_once('?').unwrap_or((first, ""));
    Some(Asked {
        operation: operation.to_owned(),
        query: query.to_owned(),
        body: String::from_utf8_lossy(&bytes[head_end..head_end + length]).into_owned(),
        authorization: header("authorization").unwrap_or_default(),
        if_match: header("if-match"),
    })
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 8192];
    let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
    bytes.extend_from_slice(&chunk[..count]);
    Some(())
}
