//! Requests to ARM, and to the data planes that take the same tokens.

use crate::arm::ResourceId;
use crate::arm::error::{Problem, found};
use crate::arm::lists::Lists;
use crate::credentials::Credentials;
use crate::http::{self, Received};
use crate::trust::Trust;
use formwork_provider_api::{ErrorClass, ProviderError};
use reqwest::Method;
use serde_json::Value as Json;
use url::Url;

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Reads.
    Get,
    /// Makes or replaces.
    Put,
    /// Changes.
    Patch,
    /// Deletes.
    Delete,
    /// Does something.
    Post,
}

impl Verb {
    const fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
            Self::Post => Method::POST,
        }
    }
}

/// One request on a path below the endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    /// What is done.
    pub(crate) verb: Verb,
    /// The path, such as a resource's id.
    pub(crate) path: String,
    /// The version of the type's interface.
    pub(crate) api_version: &'a str,
    /// Further parameters.
    pub(crate) query: Vec<(&'a str, String)>,
    /// What is sent.
    pub(crate) body: Option<&'a Json>,
    /// The ETag that the resource must still have.
    pub(crate) if_match: Option<String>,
}

impl<'a> Request<'a> {
    /// On a resource.
    pub(crate) fn on(verb: Verb, id: &ResourceId, api_version: &'a str) -> Self {
        Self::at(verb, id.as_str().to_owned(), api_version)
    }

    /// On a path.
    pub(crate) const fn at(verb: Verb, path: String, api_version: &'a str) -> Self {
        Self { verb, path, api_version, query: Vec::new(), body: None, if_match: None }
    }

    /// With a body.
    pub(crate) const fn body(mut self, body: &'a Json) -> Self {
        self.body = Some(body);
        self
    }

    /// Only where the resource still has this ETag.
    pub(crate) fn if_match(mut self, etag: Option<String>) -> Self {
        self.if_match = etag;
        self
    }
}

/// An answer that is no error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body; null where there is none.
    pub(crate) body: Json,
    /// Header `Azure-AsyncOperation`.
    pub(crate) async_operation: Option<String>,
    /// Header `Location`.
    pub(crate) location: Option<String>,
    /// Header `Retry-After`, in seconds.
    pub(crate) retry_after_s: Option<u64>,
    /// Header `ETag`, else the body's.
    pub(crate) etag: Option<String>,
}

impl From<Received> for Answer {
    fn from(received: Received) -> Self {
        let owned = |name: &str| received.header(name).map(str::to_owned);
        let body = received.json();
        let etag = owned("etag").or_else(|| body.get("etag").and_then(Json::as_str).map(str::to_owned));
        Self {
            status: received.status,
            async_operation: owned("azure-asyncoperation"),
            location: owned("location"),
            retry_after_s: received.retry_after_s(),
            etag,
            body,
        }
    }
}

/// The client of one connection.
pub(crate) struct ArmClient {
    http: reqwest::Client,
    endpoint: Url,
    trust: Trust,
    credentials: Credentials,
    audience: String,
    pub(super) lists: Lists,
}

impl ArmClient {
    /// Sends to `endpoint`, with tokens for `audience`.
    pub(crate) fn new(
        http: reqwest::Client,
        endpoint: Url,
        trust: Trust,
        credentials: Credentials,
        audience: String,
    ) -> Self {
        Self { http, endpoint, trust, credentials, audience, lists: Lists::default() }
    }

    /// Where tokens come from.
    pub(crate) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The audience of ARM's tokens.
    pub(crate) fn audience(&self) -> &str {
        &self.audience
    }

    /// Where ARM answers.
    pub(crate) const fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// Sends one request.
    ///
    /// # Errors
    /// Classified; HTTP errors too.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer, ProviderError> {
        let url = self.url(&request)?;
        self.send_to(request.verb, url, &self.audience, request.body, request.if_match.as_deref()).await
    }

    /// Reads a resource; none where there is none.
    ///
    /// # Errors
    /// Any other error.
    pub(crate) async fn get(&self, id: &ResourceId, api_version: &str) -> Result<Option<Answer>, ProviderError> {
        found(self.send(Request::on(Verb::Get, id, api_version)).await)
    }

    /// Asks an address that an answer named, verbatim: it may carry a signature.
    ///
    /// # Errors
    /// When the address is not trusted, and as [`Self::send`].
    pub(crate) async fn follow(&self, address: &str) -> Result<Answer, ProviderError> {
        let url = self.resolve(address)?;
        self.send_to(Verb::Get, url, &self.audience, None, None).await
    }

    /// All items of a collection, page by page. An empty page is not the end, and a next page may be empty.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) async fn list(&self, request: Request<'_>) -> Result<Vec<Json>, ProviderError> {
        self.list_pages(request, usize::MAX).await.map(|(items, _)| items)
    }

    /// As [`Self::list`], the first pages only; and whether these are all.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(super) async fn list_pages(
        &self,
        request: Request<'_>,
        most: usize,
    ) -> Result<(Vec<Json>, bool), ProviderError> {
        let mut page = self.send(request).await?.body;
        let mut items = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        loop {
            if let Some(Json::Array(more)) = page.get_mut("value").map(Json::take) {
                items.extend(more);
            }
            let next = page.get("nextLink").and_then(Json::as_str).filter(|next| !next.is_empty());
            // A page that names itself would never end.
            match next.map(str::to_owned) {
                Some(_) if seen.len() + 1 >= most => return Ok((items, false)),
                Some(next) if seen.insert(next.clone()) => page = self.follow(&next).await?.body,
                _ => return Ok((items, true)),
            }
        }
    }

    /// Sends to any trusted address, with a token for `audience`: data planes use it.
    ///
    /// # Errors
    /// When the address is not trusted, and as [`Self::send`].
    pub(crate) async fn send_to(
        &self,
        verb: Verb,
        url: Url,
        audience: &str,
        body: Option<&Json>,
        if_match: Option<&str>,
    ) -> Result<Answer, ProviderError> {
        self.exchange(verb, url, audience, body, if_match).await.map(Answer::from)
    }

    /// As [`Self::send_to`]; the answer as it came.
    ///
    /// # Errors
    /// When the address is not trusted, and as [`Self::send`].
    pub(crate) async fn exchange(
        &self,
        verb: Verb,
        url: Url,
        audience: &str,
        body: Option<&Json>,
        if_match: Option<&str>,
    ) -> Result<Received, ProviderError> {
        if verb == Verb::Get {
            return self.attempt(verb, url, audience, body, if_match).await;
        }
        self.lists.wrote();
        let received = self.attempt(verb, url, audience, body, if_match).await;
        self.lists.wrote();
        received
    }

    async fn attempt(
        &self,
        verb: Verb,
        url: Url,
        audience: &str,
        body: Option<&Json>,
        if_match: Option<&str>,
    ) -> Result<Received, ProviderError> {
        self.trust.check(&url)?;
        let mut renewed = false;
        loop {
            let token = self.credentials.token(audience).await?;
            let mut request = self.http.request(verb.method(), url.clone()).bearer_auth(token.secret());
            request = match body {
                Some(body) => request.json(body),
                None if matches!(verb, Verb::Post) => request.header("content-length", "0"),
                None => request,
            };
            if let Some(etag) = if_match {
                request = request.header("if-match", etag);
            }
            let received = http::send(request).await?;
            // A token may be revoked before its time.
            if received.status == 401 && !renewed {
                renewed = true;
                self.credentials.forget(audience, &token).await;
                continue;
            }
            return checked(received);
        }
    }

    /// An address below the endpoint.
    pub(crate) fn below(&self, path: &str, query: Option<&str>) -> Url {
        let mut url = self.endpoint.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url.set_query(query);
        url
    }

    fn url(&self, request: &Request<'_>) -> Result<Url, ProviderError> {
        let mut url = self.below(&request.path, None);
        let mut query = url.query_pairs_mut();
        if !request.api_version.is_empty() {
            query.append_pair("api-version", request.api_version);
        }
        for (name, value) in &request.query {
            query.append_pair(name, value);
        }
        drop(query);
        Ok(url)
    }

    /// An address of an answer: absolute, or below the endpoint.
    fn resolve(&self, address: &str) -> Result<Url, ProviderError> {
        let url = self.endpoint.join(address).map_err(|error| {
            ProviderError::new(ErrorClass::Other, format!("Azure named `{address}`, which is no address: {error}"))
        })?;
        self.trust.check(&url)?;
        Ok(url)
    }
}

fn checked(received: Received) -> Result<Received, ProviderError> {
    if received.status < 400 {
        return Ok(received);
    }
    let ids = ["x-ms-request-id", "x-ms-correlation-request-id"];
    let request_id = ids.iter().find_map(|name| received.header(name)).unwrap_or_default();
    let problem =
        Problem { status: received.status, request_id, retry_after_s: received.retry_after_s(), text: &received.text };
    Err(problem.classify())
}
