//! Who is let in.

use crate::support::{answer, sandbox};
use formwork_sandbox::{SUBSCRIPTION, TENANT};
use reqwest::Client;
use serde_json::json;

#[tokio::test]
async fn only_its_own_authority_vouches_for_it() {
    let sandbox = sandbox().await;
    let url = format!("{}/sandbox/status", sandbox.identity.url());
    let stranger = Client::builder().use_rustls_tls().no_proxy().build().unwrap();
    let error = stranger.get(&url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    for url in [url.clone(), url.replace("127.0.0.1", "localhost")] {
        let known = sandbox.builder().build().unwrap().get(url).bearer_auth(&sandbox.identity.token);
        assert_eq!(known.send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn the_authority_is_of_no_use_for_other_names() {
    // A certificate for another name, signed with the stolen key of the authority, is refused by its name constraints. The
    // key cannot be had from outside; what can be seen is that the constraint stands in the certificate.
    let identity = formwork_sandbox::identity::Identity::new().unwrap();
    let pem: String = identity.ca_pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, pem).unwrap();
    // The identifier of name constraints: 2.5.29.30.
    assert!(der.windows(5).any(|bytes| bytes == [0x06, 0x03, 0x55, 0x1d, 0x1e]));
}

#[tokio::test]
async fn nobody_comes_in_without_the_token() {
    let sandbox = sandbox().await;
    let client = sandbox.builder().build().unwrap();
    let vault = "/vaults/v/secrets/s?api-version=7.5";
    let arm = format!("/subscriptions/{SUBSCRIPTION}/resourcegroups?api-version=2024-03-01");
    for path in ["/sandbox/status", "/sandbox/stop", vault, &arm] {
        for token in [None, Some("wrong")] {
            let mut request = client.get(format!("{}{path}", sandbox.identity.url()));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let refused = request.send().await.unwrap();
            assert_eq!(refused.status(), 401, "{path} {token:?}");
            let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
            let authority = format!("{}/{TENANT}", sandbox.identity.url());
            assert!(challenge.starts_with("Bearer ") && challenge.contains(&authority), "{challenge}");
            let is_vault = path.starts_with("/vaults");
            assert_eq!(challenge.contains("resource=\"https://vault.azure.net\""), is_vault, "{challenge}");
        }
    }
}

#[tokio::test]
async fn a_request_for_another_host_is_not_for_us() {
    let sandbox = sandbox().await;
    let client = sandbox.builder().http1_only().build().unwrap();
    let port = sandbox.identity.port;
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        // A vault has nothing but secrets and keys.
        (format!("kv.vault.localhost:{port}"), 404),
        (format!("kv.vault.localhost.example:{port}"), 421),
        (format!("evil.example:{port}"), 421),
        ("127.0.0.1:1".to_owned(), 421),
        ("127.0.0.1".to_owned(), 421),
    ] {
        let request = client.get(format!("{}/sandbox/status", sandbox.identity.url()));
        let request = request.header("host", &host).bearer_auth(&sandbox.identity.token);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn a_client_signs_in_with_the_token_as_its_secret() {
    let sandbox = sandbox().await;
    let client = sandbox.builder().build().unwrap();
    let url = sandbox.identity.url();
    let found = client.get(format!("{url}/{TENANT}/v2.0/.well-known/openid-configuration")).send().await.unwrap();
    let token_endpoint = answer(found).await.unwrap().body["token_endpoint"].as_str().unwrap().to_owned();
    let form = |secret: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "anybody"),
            ("client_secret", secret),
            ("scope", "https://management.azure.com/.default"),
        ];
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    };
    let post = |secret: &str| {
        let request = client.post(&token_endpoint).header("content-type", "application/x-www-form-urlencoded");
        request.body(form(secret)).send()
    };
    assert_eq!(post("a-real-looking-secret").await.unwrap().status(), 401);
    let issued = answer(post(&sandbox.identity.token).await.unwrap()).await.unwrap();
    let token = issued.body["access_token"].as_str().unwrap();
    assert_ne!(token, sandbox.identity.token);
    let inside = client.get(format!("{url}/sandbox/status")).bearer_auth(token).send().await.unwrap();
    assert_eq!(inside.status(), 200);
    let changed = format!("{token}x");
    let outside = client.get(format!("{url}/sandbox/status")).bearer_auth(changed).send().await.unwrap();
    assert_eq!(outside.status(), 401);
}

#[tokio::test]
async fn the_plain_port_asks_for_the_token_too() {
    let sandbox = sandbox().await;
    let url = format!("http://127.0.0.1:{}/sandbox/status", sandbox.plain_port);
    let client = Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(client.get(&url).bearer_auth(&sandbox.identity.token).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_is_no_json_is_refused_in_arm_s_words() {
    let sandbox = sandbox().await;
    let client = sandbox.builder().build().unwrap();
    let request = client.put(format!("{}/subscriptions/s/resourcegroups/g", sandbox.identity.url()));
    let refused = request.bearer_auth(&sandbox.identity.token).body("{").send().await.unwrap();
    let refused = answer(refused).await.unwrap();
    assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!("InvalidRequestContent")));
}
