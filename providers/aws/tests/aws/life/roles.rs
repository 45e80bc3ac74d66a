//! IAM roles.

use crate::cloud::Cloud;
use crate::moto_tests;
use formwork_provider_api::{ErrorClass, Found, ReadOutcome};
use serde_json::{Value as Json, json};

moto_tests![role, role_of_others, role_after_a_crash];

fn trust(service: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }],
    })
    .to_string()
}

fn document(action: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] })
        .to_string()
}

const NODE: &str = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
const NETWORK: &str = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";

pub(super) fn config(name: &str, change: &Json) -> Json {
    let mut config = json!({
        "role_name": name,
        "path": "/team/",
        "description": "for tests",
        "assume_role_policy_document": trust("ec2.amazonaws.com"),
        "managed_policy_arns": [NODE, NETWORK],
        "policies": [
            { "policy_name": "one", "policy_document": document("s3:GetObject") },
            { "policy_name": "two", "policy_document": document("s3:PutObject") },
        ],
        "tags": { "team": "x" },
    });
    config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    config
}

async fn role(cloud: Cloud) {
    let config = |change: Json| config("life", &change);
    let mut role = cloud.create("iam_role", config(json!({}))).await;
    assert_eq!(role.text("arn"), "arn:aws:iam::123456789012:role/team/life");
    assert_eq!(role.get("max_session_duration"), json!(3600));
    cloud.assert_clean(&mut role).await;
    // Another spelling and another order are no change.
    let spelled = config(json!({
        "assume_role_policy_document": trust("ec2.amazonaws.com").replace(',', ", "),
        "managed_policy_arns": [NETWORK, NODE],
        "policies": [
            { "policy_name": "two", "policy_document": document("s3:PutObject").replace('{', "{ ") },
            { "policy_name": "one", "policy_document": document("s3:GetObject") },
        ],
    }));
    role.config = crate::cloud::to_config(role.schema, &spelled);
    cloud.assert_clean(&mut role).await;

    let boundary = "arn:aws:iam::aws:policy/PowerUserAccess";
    for change in [
        json!({ "assume_role_policy_document": trust("eks.amazonaws.com") }),
        json!({ "max_session_duration": 7200, "description": "other" }),
        json!({ "managed_policy_arns": [NODE] }),
        json!({ "managed_policy_arns": [] }),
        json!({ "policies": [{ "policy_name": "two", "policy_document": document("s3:*") }] }),
        json!({ "permissions_boundary": boundary }),
        json!({ "tags": { "team": "y" }, "description": null }),
        json!({}),
    ] {
        cloud.change(&mut role, config(change)).await;
    }
    assert_eq!(cloud.replaced_by(&role, config(json!({ "path": "/other/" }))).await, ["path"]);

    let iam = aws_sdk_iam::Client::new(&cloud.sdk);
    iam.attach_role_policy().role_name("life").policy_arn(boundary).send().await.unwrap();
    iam.delete_role_policy().role_name("life").policy_name("one").send().await.unwrap();
    assert_eq!(cloud.drift(&mut role).await, ["managed_policy_arns", "policies"]);
    cloud.repair(&mut role).await;

    let mut imported = cloud.import("iam_role", "life", config(json!({}))).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("iam_role").await.iter().any(|listed| listed.id == "life"));
    let taken = cloud.try_create("iam_role", config(json!({}))).await.expect_err("the name is taken");
    assert_eq!(taken.class, ErrorClass::Conflict);
    cloud.delete(&role).await;
}

/// What is not said is not managed here; and the deletion takes along whatever hangs on the role.
async fn role_of_others(cloud: Cloud) {
    let unmanaged = json!({ "assume_role_policy_document": trust("ec2.amazonaws.com"), "role_name": "others" });
    let mut role = cloud.create("iam_role", unmanaged.clone()).await;
    let iam = aws_sdk_iam::Client::new(&cloud.sdk);
    iam.attach_role_policy().role_name("others").policy_arn(NODE).send().await.unwrap();
    iam.put_role_policy().role_name("others").policy_name("a").policy_document(document("*")).send().await.unwrap();
    iam.create_instance_profile().instance_profile_name("others").send().await.unwrap();
    let call = iam.add_role_to_instance_profile().instance_profile_name("others").role_name("others");
    call.send().await.unwrap();
    cloud.assert_clean(&mut role).await;
    let attached = async || {
        let answer = iam.list_attached_role_policies().role_name("others").send().await.unwrap();
        answer.attached_policies().iter().map(|policy| policy.policy_arn().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Managed, and then no longer: only what was attached from here goes.
    let mut managed = unmanaged.clone();
    managed["managed_policy_arns"] = json!([NETWORK]);
    cloud.change(&mut role, managed).await;
    assert_eq!(attached().await, [NETWORK]);
    iam.attach_role_policy().role_name("others").policy_arn(NODE).send().await.unwrap();
    cloud.change(&mut role, unmanaged).await;
    assert_eq!(attached().await, [NODE]);
    cloud.delete(&role).await;
    assert!(matches!(cloud.read(&role).await, ReadOutcome::Gone));
    iam.delete_instance_profile().instance_profile_name("others").send().await.unwrap();
}

async fn role_after_a_crash(cloud: Cloud) {
    let request = cloud.create_and_die("iam_role", config("crash", &json!({}))).await;
    let mut other = request.clone();
    other.operation = "another".into();
    assert!(matches!(cloud.connection.find(other).await, Ok(Found::Foreign(_))));
    let mut role = cloud.recover(request.clone()).await;
    assert_eq!(role.get("managed_policy_arns").as_array().map(Vec::len), Some(2), "attached by the recovery");
    cloud.assert_clean(&mut role).await;
    cloud.delete(&role).await;
    assert!(matches!(cloud.connection.find(request).await, Ok(Found::Absent)));

    // A generated name comes from the operation, so that it is found again.
    let nameless = json!({ "assume_role_policy_document": trust("ec2.amazonaws.com") });
    let request = cloud.create_and_die("iam_role", nameless).await;
    let mut role = cloud.recover(request).await;
    assert!(role.text("role_name").starts_with("formwork-op-"));
    cloud.assert_clean(&mut role).await;
    cloud.delete(&role).await;
}
