//! Where Applications come from: repositories on loopback, checked out at a revision.

use crate::git::{Repositories, clone, fetch, git};
use crate::kubernetes::json::text;
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use base64::Engine as _;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a source gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It lies where the sandbox does not go, or needs what is not installed; its objects are not there.
    Simulated(String),
    /// It is wrong.
    Failed(String),
}

/// Name and password for a repository.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Login {
    user: String,
    password: String,
}

impl Login {
    fn header(&self) -> String {
        let pair = format!("{}:{}", self.user, self.password);
        format!("Authorization: Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }
}

/// Repositories, and what was checked out of them.
pub(super) struct Sources {
    repositories: Arc<Repositories>,
    folder: PathBuf,
    /// Commits by repository and revision, until repositories are asked again.
    commits: BTreeMap<(String, String), Result<(PathBuf, String), Trouble>>,
}

impl Sources {
    pub(super) const fn new(repositories: Arc<Repositories>, folder: PathBuf) -> Self {
        Self { repositories, folder, commits: BTreeMap::new() }
    }

    /// The next question is asked of the repositories themselves.
    pub(super) fn forget_revisions(&mut self) {
        self.commits.clear();
    }

    /// A folder with the content of a repository at a revision, and the commit.
    pub(super) async fn check_out(
        &mut self,
        url: &str,
        revision: &str,
        login: Option<Login>,
    ) -> Result<(PathBuf, String), Trouble> {
        let revision = if revision.is_empty() { "HEAD" } else { revision };
        let key = (url.to_owned(), revision.to_owned());
        if let Some(known) = self.commits.get(&key) {
            return known.clone();
        }
        let found = self.fetch(url, revision, login).await;
        self.commits.insert(key, found.clone());
        found
    }

    async fn fetch(&self, url: &str, revision: &str, login: Option<Login>) -> Result<(PathBuf, String), Trouble> {
        let failed = |error: std::io::Error| Trouble::Failed(error.to_string());
        let repository = match self.own(url).await.map_err(failed)? {
            Some(own) => own,
            None => self.mirror(url, login).await?,
        };
        let commit = format!("{revision}^{{commit}}");
        let commit = git(&repository, None, &["rev-parse", "--verify", "--quiet", &commit])
            .await
            .map_err(|_| Trouble::Failed(format!("unable to resolve '{revision}' to a commit SHA")))?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        let folder = self.folder.join("checkouts").join(&commit);
        if !folder.exists() {
            // Under another name until all of it is there.
            let partial = self.folder.join("checkouts").join(format!("{commit}.partial"));
            let _ = tokio::fs::remove_dir_all(&partial).await;
            tokio::fs::create_dir_all(&partial).await.map_err(failed)?;
            clone(&repository, &partial).await.map_err(failed)?;
            let arguments = ["checkout", "--quiet", "--force", &commit];
            git(&partial.join(".git"), Some(&partial), &arguments).await.map_err(failed)?;
            tokio::fs::rename(&partial, &folder).await.map_err(failed)?;
        }
        Ok((folder, commit))
    }

    /// One of the sandbox's own repositories.
    async fn own(&self, url: &str) -> std::io::Result<Option<PathBuf>> {
        let Some(parsed) = url::Url::parse(url).ok().filter(is_loopback) else { return Ok(None) };
        let mut parts = parsed.path_segments().into_iter().flatten();
        match (parts.next(), parts.next()) {
            (Some("git"), Some(name)) => self.repositories.up_to_date(name).await,
            _ => Ok(None),
        }
    }

    /// A copy of a repository that another server on loopback has.
    async fn mirror(&self, url: &str, login: Option<Login>) -> Result<PathBuf, Trouble> {
        if !url::Url::parse(url).is_ok_and(|url| is_loopback(&url)) {
            return Err(Trouble::Simulated(format!("{url} is not on loopback: the sandbox does not fetch it")));
        }
        let name = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(url));
        let copy = self.folder.join("mirrors").join(name);
        let failed = |error: std::io::Error| Trouble::Failed(error.to_string());
        if !copy.join("HEAD").exists() {
            tokio::fs::create_dir_all(&copy).await.map_err(failed)?;
            git(&copy, None, &["init", "--quiet", "--bare"]).await.map_err(failed)?;
        }
        let header = login.map(|login| login.header());
        fetch(&copy, url, header.as_deref()).await.map_err(failed)?;
        Ok(copy)
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn secret_word(secret: &Json, key: &str) -> String {
    let bytes = base64::engine::general_purpose::STANDARD.decode(text(secret, &["data", key])).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a repository secret says of a URL.
pub(super) fn login(objects: &Objects, namespace: &str, url: &str) -> Option<Login> {
    let kind = |one: &Json| meta::label(one, "argocd.argoproj.io/secret-type").map(str::to_owned);
    let secret = objects.list("/secrets", namespace).find(|one| match kind(one).as_deref() {
        Some("repository") => secret_word(one, "url") == url,
        Some("repo-creds") => url.starts_with(&secret_word(one, "url")),
        _ => false,
    })?;
    let login = Login { user: secret_word(secret, "username"), password: secret_word(secret, "password") };
    (!login.password.is_empty()).then_some(login)
}
