//! Proxies, certificates of a company, and what the traces tell of calls.

use crate::chain::{connect, connect_traced, connected, server, trial};
use formwork_provider_api::testing::server::{Authority, Reply, Server};
use libtest_mimic::Trial;
use serde_json::json;

pub fn tests() -> Vec<Trial> {
    vec![
        trial("network::a_proxy_that_opens_tls_is_passed_with_its_certificate", a_proxy_that_opens_tls_is_passed),
        trial("network::an_excepted_host_is_asked_directly", an_excepted_host_is_asked_directly),
        trial("network::an_endpoint_of_the_company_is_trusted_by_its_bundle", an_endpoint_is_trusted_by_its_bundle),
        trial("network::each_call_leaves_a_line_without_credentials", each_call_leaves_a_line),
    ]
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDBASE"), ("AWS_SECRET_ACCESS_KEY", "s3cr3tk3y")];

const CALLER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::210987654321:user/me</Arn><UserId>U</UserId>\
    <Account>210987654321</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// A region that no name server knows.
const NOWHERE: &str = "xx-nowhere-1";

async fn a_proxy_that_opens_tls_is_passed() {
    let authority = Authority::new().unwrap();
    let host = format!("sts.{NOWHERE}.amazonaws.com");
    let names: &[&str] = &[&host];
    let proxy = Server::start(Some((&authority, names)), |_| Reply::ok(CALLER)).await.unwrap();
    let address = format!("http://{}", proxy.address);
    let bundle = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(bundle.path(), authority.pem()).unwrap();
    let mut variables = KEYS.to_vec();
    variables.push(("HTTPS_PROXY", &address));

    let refused = connect(json!({ "region": NOWHERE }), false, &variables).await;
    assert_eq!(refused["class"], json!("unreachable"), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("certificate"), "{refused}");

    variables.push(("AWS_CA_BUNDLE", bundle.path().to_str().unwrap()));
    let before = proxy.asked().len();
    assert_eq!(connect(json!({ "region": NOWHERE }), false, &variables).await, connected(NOWHERE));
    let asked: Vec<String> = proxy.asked().into_iter().skip(before).map(|asked| asked.line).collect();
    assert_eq!(asked, [format!("CONNECT {host}:443"), "POST /".to_owned()]);
}

async fn an_excepted_host_is_asked_directly() {
    let proxy = Server::start(None, |_| Reply::text(502, "")).await.unwrap();
    let address = format!("http://{}", proxy.address);
    let mut variables = KEYS.to_vec();
    variables.extend([("HTTPS_PROXY", address.as_str()), ("NO_PROXY", "example.com,.amazonaws.com")]);
    let answer = connect(json!({ "region": NOWHERE }), false, &variables).await;
    assert_eq!(answer["class"], json!("unreachable"), "{answer}");
    assert!(proxy.asked().is_empty());
    // This machine is never asked by way of a proxy.
    let script = server().await;
    let mut variables = KEYS.to_vec();
    variables.extend([("HTTP_PROXY", address.as_str()), ("HTTPS_PROXY", address.as_str())]);
    let answer = connect(json!({ "region": "eu-west-1", "endpoint": script.endpoint }), false, &variables).await;
    assert_eq!(answer, connected("eu-west-1"));
    assert!(proxy.asked().is_empty());
}

async fn an_endpoint_is_trusted_by_its_bundle() {
    let authority = Authority::new().unwrap();
    let names: &[&str] = &["localhost"];
    let inside = Server::start(Some((&authority, names)), |_| Reply::ok(CALLER)).await.unwrap();
    let endpoint = format!("https://localhost:{}", inside.address.rsplit_once(':').unwrap().1);
    let configuration = json!({ "region": "eu-west-1", "endpoint": endpoint });
    let refused = connect(configuration.clone(), false, &KEYS).await;
    assert_eq!(refused["class"], json!("unreachable"), "{refused}");
    let pem = authority.pem();
    let mut variables = KEYS.to_vec();
    variables.push(("AWS_CA_BUNDLE", &pem));
    assert_eq!(connect(configuration, false, &variables).await, connected("eu-west-1"));
}

async fn each_call_leaves_a_line() {
    let script = server().await;
    let role = json!({ "role_arn": "arn:aws:iam::210987654321:role/r", "external_id": "e-1" });
    let configuration = json!({ "region": "eu-west-1", "endpoint": script.endpoint, "assume_role": role });
    let (answer, told) = connect_traced(configuration, &KEYS).await;
    assert_eq!(answer, connected("eu-west-1"));
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("formwork::http")).collect();
    let answered: Vec<&&str> = lines.iter().filter(|line| line.contains("answered")).collect();
    assert_eq!(answered.len(), script.asked().len(), "{lines:#?}");
    assert!(answered.iter().all(|line| line.contains("POST") && line.contains("status=200")), "{answered:#?}");
    assert!(lines.iter().any(|line| line.contains("Action=AssumeRole&")), "bodies are told: {lines:#?}");
    assert!(lines.iter().any(|line| line.contains("<Account>210987654321</Account>")), "{lines:#?}");
    for secret in ["s3cr3tk3y", "taken-on-s3cr3t", "taken-on-t0k3n", "Signature="] {
        assert!(lines.iter().all(|line| !line.contains(secret)), "{secret}: {lines:#?}");
    }
    assert!(lines.iter().any(|line| line.contains("x-amz-security-token: (secret)")), "{lines:#?}");
}
