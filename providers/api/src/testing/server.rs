//! A small HTTP server on loopback for tests: plain, over TLS with an authority of its own, as a proxy that opens TLS, as
//! companies have them, and in front of another server, of whose answers it loses some.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value as Json;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is asked for: method and path, without the query; a script may know a better name.
    pub operation: String,
    /// Method and target: `GET /a?b=c`, `CONNECT host:443`.
    pub line: String,
    /// The head, line by line, with the first one.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Asked {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// What stands behind the `?` of the target.
    #[must_use]
    pub fn query(&self) -> &str {
        self.line.split_once('?').map_or("", |(_, query)| query)
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A certificate authority that nobody trusts by itself.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Makes one.
    ///
    /// # Errors
    /// When keys cannot be made.
    pub fn new() -> io::Result<Self> {
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        CertifiedIssuer::self_signed(params, key).map(Self).map_err(io::Error::other)
    }

    /// Its certificate.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    fn acceptor(&self, names: &[&str]) -> io::Result<TlsAcceptor> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let params = CertificateParams::new(names).map_err(io::Error::other)?;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &self.0).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// What the server does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Answers so; `{endpoint}` in headers and body is the server's own address.
    Answer {
        /// The status, such as 200.
        status: u16,
        /// Headers besides the body's length.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Passes it on to the server at this address, and its answer back.
    Forward(String),
    /// Passes it on to the server at this address, whose answer is lost.
    Lose(String),
    /// Closes the connection without a word: nothing is done, and there is no answer.
    Hang,
    /// Sends half of an answer, then closes.
    Cut,
}

impl Reply {
    /// An answer with a body.
    #[must_use]
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.into() }
    }

    /// An answer with status 200.
    #[must_use]
    pub fn ok(body: impl Into<String>) -> Self {
        Self::text(200, body)
    }

    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: Json) -> Self {
        Self::text(status, body.to_string())
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self::text(status, "")
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// Says what to do with a request.
type Answer = dyn Fn(&Asked) -> Reply + Send + Sync;

/// A running server; it ends with the runtime.
#[derive(Clone)]
pub struct Server {
    /// `127.0.0.1:PORT`.
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    tls: Option<TlsAcceptor>,
    answer: Arc<Answer>,
}

impl Server {
    /// Starts one. With an authority it speaks TLS in these names, whether it is asked directly or by CONNECT.
    ///
    /// # Errors
    /// When there is no free port, or certificates cannot be made.
    pub async fn start(
        tls: Option<(&Authority, &[&str])>,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let tls = tls.map(|(authority, names)| authority.acceptor(names)).transpose()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let server = Self { address, asked: Arc::default(), tls, answer: Arc::new(answer) };
        let running = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = running.clone();
                // A connection that breaks off is its client's affair.
                tokio::spawn(async move { drop(server.accept(stream).await) });
            }
        });
        Ok(server)
    }

    /// What it was asked so far, CONNECT among it.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn accept(&self, mut stream: TcpStream) -> io::Result<()> {
        /// The first byte of a TLS handshake.
        const HANDSHAKE: u8 = 0x16;
        let mut first = [0];
        stream.peek(&mut first).await?;
        if first == [HANDSHAKE] {
            return self.open(stream).await;
        }
        let Some(asked) = self.read(&mut stream).await? else { return Ok(()) };
        if asked.line.starts_with("CONNECT ") {
            stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
            return self.open(stream).await;
        }
        if self.reply(&asked, &mut stream).await? { self.serve(stream).await } else { Ok(()) }
    }

    async fn open(&self, stream: TcpStream) -> io::Result<()> {
        let tls = self.tls.as_ref().ok_or_else(|| io::Error::other("it does not speak TLS"))?;
        self.serve(tls.accept(stream).await?).await
    }

    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        while let Some(asked) = self.read(&mut stream).await? {
            if !self.reply(&asked, &mut stream).await? {
                break;
            }
        }
        stream.shutdown().await
    }

    /// Answers; whether the connection goes on.
    async fn reply(&self, asked: &Asked, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<bool> {
        match (self.answer)(asked) {
            Reply::Answer { status, headers, body } => {
                let own = |text: &str| text.replace("{endpoint}", &format!("http://{}", self.address));
                let headers = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", own(value)));
                let (headers, body) = (headers.collect::<String>(), own(&body));
                let length = body.len();
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
                stream.write_all(answer.as_bytes()).await?;
                return Ok(true);
            }
            Reply::Forward(to) => stream.write_all(&pass_on(&to, asked).await?).await?,
            Reply::Lose(to) => drop(pass_on(&to, asked).await?),
            Reply::Hang => {}
            Reply::Cut => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<half").await?,
        }
        Ok(false)
    }

    /// The next request; none when the client has gone.
    async fn read(&self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Asked>> {
        let mut bytes = Vec::new();
        let (head, rest) = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let (head, rest) = bytes.split_at(at + 4);
                break (String::from_utf8_lossy(head).into_owned(), rest.to_vec());
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        };
        let line = head.lines().next().and_then(|line| line.rsplit_once(' ')).map_or("", |(line, _)| line).to_owned();
        let operation = line.split_once('?').map_or(line.as_str(), |(operation, _)| operation).to_owned();
        let mut asked = Asked { operation, line, head, body: String::new() };
        let length = asked.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = rest;
        while body.len() < length && stream.read_buf(&mut body).await? > 0 {}
        asked.body = String::from_utf8_lossy(&body).into_owned();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        Ok(Some(asked))
    }
}

/// Asks another server, and gives its whole answer; neither connection goes on after it.
async fn pass_on(to: &str, asked: &Asked) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to).await?;
    let lines = asked.head.lines().filter(|line| !line.is_empty());
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head: String = kept.map(|line| format!("{line}\r\n")).collect();
    stream.write_all(format!("{head}connection: close\r\n\r\n{}", asked.body).as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
