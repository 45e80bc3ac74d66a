//! IAM policies and issuers.

use crate::cloud::Cloud;
use crate::moto_tests;
use formwork_provider_api::{ErrorClass, Found};
use serde_json::json;

moto_tests![policy, policy_after_a_crash, issuer];

pub(super) fn document(action: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": [action], "Resource": "*" }] })
        .to_string()
}

async fn policy(cloud: Cloud) {
    let config = |action: &str, name: &str| {
        json!({
            "managed_policy_name": name,
            "path": "/team/",
            "description": "for tests",
            "policy_document": document(action),
            "tags": { "team": "x" },
        })
    };
    let mut policy = cloud.create("iam_policy", config("s3:GetObject", "life")).await;
    assert_eq!(policy.text("arn"), "arn:aws:iam::123456789012:policy/team/life");
    cloud.assert_clean(&mut policy).await;
    // The same document in another spelling is no change.
    let mut spelled = config("s3:GetObject", "life");
    spelled["policy_document"] = json!(document("s3:GetObject").replace(',', ", "));
    policy.config = crate::cloud::to_config(policy.schema, &spelled);
    cloud.assert_clean(&mut policy).await;
    // More changes than IAM keeps versions.
    for number in 0..7 {
        cloud.change(&mut policy, config(&format!("s3:Action{number}"), "life")).await;
    }
    cloud
        .change(&mut policy, {
            let mut other = config("s3:Action6", "life");
            other["tags"] = json!({ "team": "y" });
            other
        })
        .await;
    assert_eq!(cloud.replaced_by(&policy, config("s3:Action6", "other")).await, ["managed_policy_name"]);

    let iam = aws_sdk_iam::Client::new(&cloud.sdk);
    iam.untag_policy().policy_arn(policy.text("arn")).tag_keys("team").send().await.unwrap();
    assert_eq!(cloud.drift(&mut policy).await, ["tags", "tags_all"]);
    cloud.repair(&mut policy).await;

    let mut imported = cloud
        .import(
            "iam_policy",
            &policy.text("arn"),
            json!({
                "managed_policy_name": "life", "path": "/team/", "description": "for tests",
                "policy_document": document("s3:Action6"), "tags": { "team": "y" },
            }),
        )
        .await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("iam_policy").await.iter().any(|listed| listed.id == policy.text("arn")));
    let taken = cloud.try_create("iam_policy", config("s3:*", "life")).await.expect_err("the name is taken");
    assert_eq!(taken.class, ErrorClass::Conflict);
    cloud.delete(&policy).await;
}

async fn policy_after_a_crash(cloud: Cloud) {
    let config = json!({ "managed_policy_name": "crash", "policy_document": document("s3:*") });
    let request = cloud.create_and_die("iam_policy", config.clone()).await;
    // Another operation that wanted the same name did not make it.
    let mut other = request.clone();
    other.operation = "another".into();
    assert!(matches!(cloud.connection.find(other).await, Ok(Found::Foreign(_))));
    let mut policy = cloud.recover(request.clone()).await;
    cloud.assert_clean(&mut policy).await;
    cloud.delete(&policy).await;
    assert!(matches!(cloud.connection.find(request).await, Ok(Found::Absent)));
}

async fn issuer(cloud: Cloud) {
    let config = |audiences: &[&str]| {
        json!({
            "url": "https://issuer.example.com/id/1",
            "client_id_list": audiences,
            "thumbprint_list": ["9999999999999999999999999999999999999999"],
            "tags": { "team": "x" },
        })
    };
    let mut issuer = cloud.create("iam_openid_connect_provider", config(&["sts.amazonaws.com"])).await;
    assert!(issuer.text("arn").ends_with("oidc-provider/issuer.example.com/id/1"));
    cloud.assert_clean(&mut issuer).await;
    // moto cannot change audiences: see `replay`.
    let mut printed = config(&["sts.amazonaws.com"]);
    printed["thumbprint_list"] = json!(["8888888888888888888888888888888888888888"]);
    cloud.change(&mut issuer, printed.clone()).await;
    let mut moved = printed.clone();
    moved["url"] = json!("https://elsewhere.example.com");
    assert_eq!(cloud.replaced_by(&issuer, moved).await, ["url"]);
    let iam = aws_sdk_iam::Client::new(&cloud.sdk);
    let call = iam.update_open_id_connect_provider_thumbprint().open_id_connect_provider_arn(issuer.text("arn"));
    call.thumbprint_list("7777777777777777777777777777777777777777").send().await.unwrap();
    assert_eq!(cloud.drift(&mut issuer).await, ["thumbprint_list"]);
    cloud.repair(&mut issuer).await;
    let mut imported = cloud.import("iam_openid_connect_provider", &issuer.text("arn"), printed).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("iam_openid_connect_provider").await.iter().any(|listed| listed.id == issuer.text("arn")));
    cloud.delete(&issuer).await;

    let request = cloud.create_and_die("iam_openid_connect_provider", config(&["a"])).await;
    let mut issuer = cloud.recover(request).await;
    cloud.assert_clean(&mut issuer).await;
    cloud.delete(&issuer).await;
}
