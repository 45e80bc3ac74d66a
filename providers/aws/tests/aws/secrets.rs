//! What `secret_from("secrets_manager:…")` reads: where, as whom, and with a clear word for what it cannot read.

use crate::chain::{read_secret, trial};
use crate::script::{self, Reply, authorization, json_error};
use formwork_provider_api::testing::server::{Authority, Server};
use libtest_mimic::Trial;
use serde_json::{Value as Json, json};

pub fn tests() -> Vec<Trial> {
    vec![
        trial("secrets::one_call_is_signed_and_its_answer_is_not_traced", one_call_is_signed),
        trial("secrets::an_arn_says_the_region", an_arn_says_the_region),
        trial("secrets::the_block_says_who_asks", the_block_says_who_asks),
        trial("secrets::what_cannot_be_read_says_why", what_cannot_be_read_says_why),
    ]
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDBASE"), ("AWS_SECRET_ACCESS_KEY", "s3cr3tk3y")];
const ARN: &str = "arn:aws:secretsmanager:xx-nowhere-1:210987654321:secret:prod/db-AbCdEf";

fn secret(text: &str) -> Reply {
    Reply::ok(json!({ "ARN": ARN, "Name": "prod/db", "SecretString": text, "VersionId": "1" }).to_string())
}

async fn one_call_is_signed() {
    let script = script::start(vec![("GetSecretValue", vec![secret("hunter2-of-aws")])]).await;
    let configuration = json!({ "endpoint": script.endpoint, "region": "eu-west-1" });
    let (answer, said) = read_secret(configuration, "prod/db?stage=AWSPREVIOUS", &KEYS).await;
    assert_eq!(answer, json!({ "secret": "hunter2-of-aws" }));
    let asked = script.asked();
    assert_eq!(asked.len(), 1, "nobody is asked who it is");
    assert_eq!(asked[0].json(), json!({ "SecretId": "prod/db", "VersionStage": "AWSPREVIOUS" }));
    assert_eq!(asked[0].header("content-type"), Some("application/x-amz-json-1.1"));
    let signature = authorization(&asked[0]);
    assert!(signature.contains("AKIDBASE") && signature.contains("/eu-west-1/secretsmanager/"), "{signature}");
    assert!(said.contains("answered") && said.contains("may hold secrets"), "the call is traced:\n{said}");
    assert!(!said.contains("hunter2") && !said.contains("s3cr3tk3y"), "{said}");
}

/// A region that no name server knows: only the proxy hears where the call goes.
async fn an_arn_says_the_region() {
    let authority = Authority::new().unwrap();
    let host = "secretsmanager.xx-nowhere-1.amazonaws.com";
    let names: &[&str] = &[host];
    let proxy = Server::start(Some((&authority, names)), |_| secret("hunter2")).await.unwrap();
    let address = format!("http://{}", proxy.address);
    let bundle = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(bundle.path(), authority.pem()).unwrap();
    let mut variables = KEYS.to_vec();
    variables.extend([("HTTPS_PROXY", address.as_str()), ("AWS_CA_BUNDLE", bundle.path().to_str().unwrap())]);
    let (answer, _) = read_secret(json!({}), ARN, &variables).await;
    assert_eq!(answer, json!({ "secret": "hunter2" }));
    let asked: Vec<String> = proxy.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(asked, [format!("CONNECT {host}:443"), "POST /".to_owned()]);
    // Its region goes before that of the environment, which would be asked for a name.
    variables.push(("AWS_REGION", "eu-west-1"));
    let (answer, _) = read_secret(json!({}), ARN, &variables).await;
    assert_eq!(answer, json!({ "secret": "hunter2" }));
    let (refused, _) = read_secret(json!({}), "prod/db", &KEYS).await;
    assert_eq!(refused["message"], json!("no AWS region is given"), "{refused}");
}

async fn the_block_says_who_asks() {
    let caller = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                  <Arn>arn:aws:iam::210987654321:user/x</Arn><UserId>U</UserId><Account>210987654321</Account>\
                  </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let script = script::start(vec![
        ("GetSecretValue", vec![secret("hunter2")]),
        ("GetCallerIdentity", vec![Reply::ok(caller)]),
    ])
    .await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    let profiles = "[profile work]\naws_access_key_id=AKIDWORK\naws_secret_access_key=s\nregion=eu-central-1\n";
    std::fs::write(&file, profiles).unwrap();
    let variables =
        [("AWS_CONFIG_FILE", file.to_str().unwrap()), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &script.endpoint)];
    let (answer, _) = read_secret(json!({ "profile": "work" }), "prod/db", &variables).await;
    assert_eq!(answer, json!({ "secret": "hunter2" }));
    assert!(authorization(&script.asked()[0]).contains("AKIDWORK"));
    // An account that the block does not allow is not asked for secrets.
    let configuration =
        |account: &str| json!({ "endpoint": script.endpoint, "region": "eu-west-1", "allowed_account_ids": [account] });
    let before = script.asked_for("GetSecretValue").len();
    let (refused, _) = read_secret(configuration("111111111111"), "prod/db", &KEYS).await;
    assert_eq!(refused["class"], json!("forbidden"), "{refused}");
    assert_eq!(script.asked_for("GetSecretValue").len(), before);
    let (answer, _) = read_secret(configuration("210987654321"), "prod/db", &KEYS).await;
    assert_eq!(answer, json!({ "secret": "hunter2" }));
}

async fn what_cannot_be_read_says_why() {
    let denied = "User: arn:aws:iam::1:user/x is not authorized to perform: secretsmanager:GetSecretValue";
    let deleted = "You can't perform this operation on the secret because it was marked for deletion.";
    let cases: [(Reply, &str, &str, &str); 7] = [
        (
            json_error(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
            "not_found",
            "does not give `prod/db`: Secrets Manager can't find",
            "it was asked for in eu-west-1",
        ),
        (json_error(400, "AccessDeniedException", denied), "forbidden", "not authorized", "`kms:Decrypt`"),
        (json_error(400, "InvalidRequestException", deleted), "invalid", "marked for deletion", "restore-secret"),
        (json_error(400, "ExpiredTokenException", "It expired."), "forbidden", "It expired.", "log in again"),
        (json_error(400, "DecryptionFailure", "No key."), "", "No key.", "KMS key"),
        (Reply::ok(json!({ "SecretBinary": "aHVudGVyMg==" }).to_string()), "invalid", "`prod/db` is binary", "base64"),
        (Reply::ok("hunter2, but no JSON"), "answer_lost", "cannot be asked for `prod/db`", ""),
    ];
    for (reply, class, message, help) in cases {
        let script = script::start(vec![("GetSecretValue", vec![reply])]).await;
        let configuration = json!({ "endpoint": script.endpoint, "region": "eu-west-1" });
        let (error, said) = read_secret(configuration, "prod/db", &KEYS).await;
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        assert!(class.is_empty() || error["class"] == json!(class), "{message}: {error}");
        assert!(text("message").contains(message) && text("help").contains(help), "{error}");
        assert!(!error.to_string().contains("hunter2") && !said.contains("hunter2"), "{error}{said}");
    }
    let closed = json!({ "endpoint": "http://127.0.0.1:1", "region": "eu-west-1" });
    let (error, _): (Json, String) = read_secret(closed, "prod/db", &KEYS).await;
    assert_eq!(error["class"], json!("unreachable"), "{error}");
}
