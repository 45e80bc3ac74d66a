//! Container registries, and the zones of a region.

use crate::cloud::Cloud;
use crate::moto_tests;
use formwork_provider_api::{ErrorClass, Found};
use serde_json::{Value as Json, json};

moto_tests![repository, repository_with_images, repository_after_a_crash, zones];

fn lifecycle(days: u8) -> Json {
    let rules = json!({ "rules": [{
        "rulePriority": 1,
        "selection": { "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days },
        "action": { "type": "expire" },
    }] });
    json!({ "lifecycle_policy_text": rules.to_string() })
}

fn policy(action: &str) -> String {
    let principal = json!({ "AWS": "arn:aws:iam::123456789012:root" });
    let statement = json!({ "Sid": "pull", "Effect": "Allow", "Principal": principal, "Action": [action] });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn config(name: &str, change: &Json) -> Json {
    let mut config = json!({
        "repository_name": name,
        "image_tag_mutability": "IMMUTABLE",
        "image_scanning_configuration": { "scan_on_push": true },
        "lifecycle_policy": lifecycle(7),
        "tags": { "team": "x" },
    });
    config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    config
}

async fn repository(cloud: Cloud) {
    let config = |change: Json| config("shop/api", &change);
    let mut repository = cloud.create("ecr_repository", config(json!({}))).await;
    let region = cloud.region.clone();
    assert_eq!(repository.text("repository_uri"), format!("123456789012.dkr.ecr.{region}.amazonaws.com/shop/api"));
    assert_eq!(repository.get("encryption_configuration")["encryption_type"], json!("AES256"));
    cloud.assert_clean(&mut repository).await;
    let mut spelled = config(json!({}));
    let text = spelled["lifecycle_policy"]["lifecycle_policy_text"].as_str().unwrap().replace('{', "{ ");
    spelled["lifecycle_policy"]["lifecycle_policy_text"] = json!(text);
    repository.config = crate::cloud::to_config(repository.schema, &spelled);
    cloud.assert_clean(&mut repository).await;

    let except = json!([{ "image_tag_mutability_exclusion_filter_value": "latest*" }]);
    for change in [
        json!({ "image_tag_mutability": "MUTABLE" }),
        json!({ "image_tag_mutability": "IMMUTABLE_WITH_EXCLUSION", "image_tag_mutability_exclusion_filters": except }),
        json!({ "lifecycle_policy": lifecycle(14) }),
        json!({ "lifecycle_policy": null, "repository_policy_text": policy("ecr:BatchGetImage") }),
        json!({ "repository_policy_text": policy("ecr:GetDownloadUrlForLayer"), "tags": { "team": "y", "more": "z" } }),
        json!({ "empty_on_delete": true }),
        json!({}),
    ] {
        cloud.change(&mut repository, config(change)).await;
    }
    let encrypted = config(json!({ "encryption_configuration": { "encryption_type": "KMS" } }));
    assert_eq!(cloud.replaced_by(&repository, encrypted.clone()).await, ["encryption_configuration.encryption_type"]);

    let ecr = aws_sdk_ecr::Client::new(&cloud.sdk);
    ecr.delete_lifecycle_policy().repository_name("shop/api").send().await.unwrap();
    assert_eq!(cloud.drift(&mut repository).await, ["lifecycle_policy"]);
    cloud.repair(&mut repository).await;

    let mut imported = cloud.import("ecr_repository", "shop/api", config(json!({}))).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("ecr_repository").await.iter().any(|listed| listed.id == "shop/api"));
    let taken = cloud.try_create("ecr_repository", config(json!({}))).await.expect_err("the name is taken");
    assert_eq!(taken.class, ErrorClass::Conflict);
    cloud.delete(&repository).await;

    let mut encrypted = cloud.create("ecr_repository", encrypted).await;
    assert!(encrypted.get("encryption_configuration")["kms_key"].is_string(), "chosen by AWS");
    cloud.assert_clean(&mut encrypted).await;
    cloud.delete(&encrypted).await;
}

async fn repository_with_images(cloud: Cloud) {
    let mut repository = cloud.create("ecr_repository", json!({ "repository_name": "full" })).await;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": { "mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:1" },
        "layers": [],
    });
    let ecr = aws_sdk_ecr::Client::new(&cloud.sdk);
    let call = ecr.put_image().repository_name("full").image_tag("v1").image_manifest(manifest.to_string());
    call.send().await.unwrap();
    let error = cloud.try_delete(&repository).await.expect_err("there are images");
    assert_eq!(error.class, ErrorClass::Conflict);
    assert!(error.help.iter().any(|help| help.contains("empty_on_delete")), "{error:?}");
    cloud
        .change(
            &mut repository,
            json!({
                "repository_name": "full",
                "empty_on_delete": true,
                "image_scanning_configuration": { "scan_on_push": true },
            }),
        )
        .await;
    cloud.delete(&repository).await;
}

async fn repository_after_a_crash(cloud: Cloud) {
    let request = cloud.create_and_die("ecr_repository", config("crash", &json!({}))).await;
    let mut other = request.clone();
    other.operation = "another".into();
    assert!(matches!(cloud.connection.find(other).await, Ok(Found::Foreign(_))));
    let mut repository = cloud.recover(request.clone()).await;
    assert!(!repository.get("lifecycle_policy").is_null(), "set by the recovery");
    cloud.assert_clean(&mut repository).await;
    cloud.delete(&repository).await;
    assert!(matches!(cloud.connection.find(request).await, Ok(Found::Absent)));
    let request = cloud.create_and_die("ecr_repository", json!({})).await;
    let repository = cloud.recover(request).await;
    assert!(repository.text("repository_name").starts_with("formwork-op-"));
    cloud.delete(&repository).await;
}

async fn zones(cloud: Cloud) {
    let zones = cloud.data("availability_zones", json!({})).await;
    let names: Vec<&str> = zones["names"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    assert!(names.len() >= 2 && names.iter().all(|name| name.starts_with(&cloud.region)), "{zones}");
    assert!(names.is_sorted());
    assert_eq!(zones["zone_ids"].as_array().map(Vec::len), Some(names.len()));
    let none = cloud.data("availability_zones", json!({ "state": "impaired" })).await;
    assert_eq!(none["names"], json!([]));
}
