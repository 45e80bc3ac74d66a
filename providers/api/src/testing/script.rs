//! A server that gives scripted answers, operation by operation, and keeps what it was asked: for what emulators do not do.

use super::server::{Asked, Reply, Server};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// The scripted server. For each operation its replies in order; the last one is repeated.
#[derive(Clone)]
pub struct Script {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// How a cloud's requests are scripted.
#[derive(Clone)]
pub struct Manner {
    /// The operation's name.
    pub name: fn(&Asked) -> String,
    /// What is done with a request for which the script has no reply.
    pub otherwise: Arc<dyn Fn(&Asked) -> Reply + Send + Sync>,
}

impl Script {
    /// Starts the server; it ends with the runtime.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start<'a>(
        manner: Manner,
        replies: impl IntoIterator<Item = (&'a str, Vec<Reply>)>,
    ) -> io::Result<Self> {
        let replies = replies.into_iter().map(|(name, replies)| (name.to_owned(), VecDeque::from(replies)));
        let replies: Mutex<BTreeMap<String, VecDeque<Reply>>> = Mutex::new(replies.collect());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let kept = asked.clone();
        let server = Server::start(None, move |request| {
            let request = Asked { operation: (manner.name)(request), ..request.clone() };
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            let next = next(&mut replies.lock().unwrap_or_else(PoisonError::into_inner), &request.operation);
            next.unwrap_or_else(|| (manner.otherwise)(&request))
        });
        Ok(Self { endpoint: format!("http://{}", server.await?.address), asked })
    }

    /// What was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests of one operation.
    #[must_use]
    pub fn asked_for(&self, operation: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.operation == operation).collect()
    }
}

fn next(replies: &mut BTreeMap<String, VecDeque<Reply>>, operation: &str) -> Option<Reply> {
    let replies = replies.get_mut(operation)?;
    if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
}
