//! Tokens for EKS: STS answers the request that a token is, and botocore signs it as the provider did.

use crate::cloud::{Cloud, to_config};
use crate::moto_tests;
use crate::script::address;
use formwork_model::schema::ResourceSchema;
use formwork_model::value::{Masking, to_json};
use formwork_provider_api::check::{self, Subject};
use formwork_provider_api::{ErrorClass, OpenRequest, Opened, Provider};
use formwork_provider_aws::AwsProvider;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::Command;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

moto_tests![eks_token, eks_token_as_botocore_signs_it, unknown_type];

fn schema() -> &'static ResourceSchema {
    AwsProvider.schema().ephemeral("eks_token").unwrap()
}

async fn open(cloud: &Cloud) -> Opened {
    let config = to_config(schema(), &json!({ "cluster": "shop" }));
    let request = OpenRequest { type_name: "eks_token".into(), config: config.clone() };
    let opened = cloud.connection.open(request).await.unwrap();
    let subject = Subject { provider: "aws", version: "test", type_name: "eks_token", address: None };
    let breaches = check::answered(&subject, schema(), config.view(), opened.values.view());
    assert!(breaches.is_empty(), "{breaches:?}");
    opened
}

fn text(opened: &Opened, name: &str) -> String {
    to_json(opened.values.view(), Masking::Exposed)[name].as_str().unwrap().to_owned()
}

/// The request that a token is.
fn url(opened: &Opened) -> String {
    let token = text(opened, "token");
    let encoded = token.strip_prefix("k8s-aws-v1.").unwrap();
    assert!(!encoded.contains('='), "{encoded}");
    let script =
        "import base64, sys; print(base64.urlsafe_b64decode(sys.argv[1] + '=' * (-len(sys.argv[1]) % 4)).decode())";
    python(script, &[encoded]).expect("python3")
}

fn python(script: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("python3").arg("-c").arg(script).args(arguments).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn parameters(url: &str) -> BTreeMap<String, String> {
    let (_, query) = url.split_once('?').unwrap();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn eks_token(cloud: Cloud) {
    let opened = open(&cloud).await;
    assert_eq!(opened.renew_in_ms, Some(13 * 60 * 1000));
    let written = format!("{:?}", opened.values);
    assert!(!written.contains("k8s-aws-v1."), "{written}");
    for opened in [opened.clone(), cloud.connection.renew(opened.clone()).await.unwrap()] {
        let url = url(&opened);
        let parameters = parameters(&url);
        assert_eq!(parameters["X-Amz-Expires"], "60");
        assert_eq!(parameters["X-Amz-SignedHeaders"], "host%3Bx-k8s-aws-id");
        let answer = ask(&cloud.endpoint, &url).await;
        assert!(answer.contains("<Account>123456789012</Account>"), "{answer}");
    }
    let first = text(&opened, "token");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let renewed = cloud.connection.renew(opened.clone()).await.unwrap();
    assert_ne!(text(&renewed, "token"), first, "signed at another time");
    assert!(text(&renewed, "expires_at") > text(&opened, "expires_at"));
    cloud.connection.close(renewed).await.unwrap();
}

/// Asks as EKS does. moto tells the services at its one address apart by a header that a presigned request has not.
async fn ask(endpoint: &str, url: &str) -> String {
    let path = url.strip_prefix(endpoint).unwrap();
    let host = address(endpoint);
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let service = "Authorization: AWS4-HMAC-SHA256 Credential=sandbox/20260301/us-east-1/sts/aws4_request";
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nx-k8s-aws-id: shop\r\n{service}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Signs the same request at the same time, with AWS' own library for Python.
const BOTOCORE: &str = r#"
import sys
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
url, region, time = sys.argv[1:]
request = AWSRequest("GET", url, headers={"x-k8s-aws-id": "shop"})
request.context["timestamp"] = time
signer = SigV4QueryAuth(Credentials("sandbox", "sandbox"), "sts", region, expires=60)
signer._modify_request_before_signing(request)
text = signer.string_to_sign(request, signer.canonical_request(request))
signer._inject_signature_to_request(request, signer.signature(text, request))
print(request.url)
"#;

async fn eks_token_as_botocore_signs_it(cloud: Cloud) {
    let url = url(&open(&cloud).await);
    let ours = parameters(&url);
    let unsigned = format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", cloud.endpoint);
    match python(BOTOCORE, &[&unsigned, &cloud.region, &ours["X-Amz-Date"]]) {
        Ok(theirs) => assert_eq!(parameters(&theirs), ours),
        // moto may be another program than this Python's; what botocore makes is also in the type's own tests.
        Err(reason) => assert!(reason.contains("No module named 'botocore'"), "{reason}"),
    }
}

async fn unknown_type(cloud: Cloud) {
    let request = OpenRequest { type_name: "nothing".into(), config: to_config(schema(), &json!({})) };
    let error = cloud.connection.open(request).await.unwrap_err();
    assert_eq!(
        (error.class, error.message.as_str()),
        (ErrorClass::Unsupported, "there is no ephemeral value `aws.nothing`")
    );
}
