//! A sandbox inside this process, that forgets: for rehearsals and tests.

use crate::clock::Latency;
use crate::identity::Identity;
use crate::problem::Problem;
use crate::requests::Requests;
use crate::server::{Parts, Server, bind};
use crate::store::Store;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A sandbox that lives as long as this value.
pub struct Embedded {
    /// What its clients know it by.
    pub identity: Identity,
    /// The server, for its failure rules.
    pub server: Server,
    task: JoinHandle<Result<(), Problem>>,
    _folder: TempDir,
}

impl Embedded {
    /// Starts one, within a runtime.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(latency: Latency) -> Result<Self, Problem> {
        let listener = bind(0).await?;
        let mut identity = Identity::new()?;
        identity.port = listener.local_addr().map_err(|error| Problem::Random(error.to_string()))?.port();
        let store = Arc::new(Store::in_memory());
        let folder = tempfile::tempdir().map_err(|error| Problem::io("make", &std::env::temp_dir(), &error))?;
        let parts = Parts {
            identity: identity.clone(),
            store,
            latency: Some(latency),
            requests: Requests::nowhere(),
            folder: folder.path().to_owned(),
        };
        let server = Server::new(parts)?;
        let serving = server.clone();
        let task = tokio::spawn(async move { serving.serve_tls(listener).await });
        Ok(Self { identity, server, task, _folder: folder })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.task.abort();
    }
}
