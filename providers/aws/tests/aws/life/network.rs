//! Networks and subnets.

use crate::cloud::{Cloud, get};
use crate::moto_tests;
use aws_sdk_ec2::types::AttributeBooleanValue;
use formwork_provider_api::{Found, ReadOutcome};
use serde_json::json;

moto_tests![vpc, vpc_with_default_tags, vpc_after_a_crash, many_vpcs_in_one_read, subnet, ipv6, caller];

async fn vpc(cloud: Cloud) {
    let config = |hostnames: bool, owner: &str| {
        json!({
            "cidr_block": "10.20.0.0/16",
            "enable_dns_hostnames": hostnames,
            "tags": { "Name": "main", "owner": owner },
        })
    };
    let mut vpc = cloud.create("vpc", config(true, "a")).await;
    assert!(vpc.id().starts_with("vpc-"));
    assert_eq!(vpc.text("arn"), format!("arn:aws:ec2:{}:123456789012:vpc/{}", cloud.region, vpc.id()));
    assert!(vpc.text("default_security_group_id").starts_with("sg-"));
    assert!(vpc.text("main_route_table_id").starts_with("rtb-"));
    cloud.assert_clean(&mut vpc).await;

    cloud.change(&mut vpc, config(false, "b")).await;
    assert_eq!(vpc.get("enable_dns_hostnames"), json!(false));
    assert_eq!(vpc.get("tags"), json!({ "Name": "main", "owner": "b" }));
    cloud
        .change(
            &mut vpc,
            json!({ "cidr_block": "10.20.0.0/16", "enable_dns_support": false, "tags": {"Name": "main"} }),
        )
        .await;

    let replaced = cloud.replaced_by(&vpc, json!({ "cidr_block": "10.21.0.0/16" })).await;
    assert_eq!(replaced, ["cidr_block"]);
    let dedicated = json!({ "cidr_block": "10.20.0.0/16", "instance_tenancy": "dedicated" });
    assert_eq!(cloud.replaced_by(&vpc, dedicated).await, ["instance_tenancy"]);

    let on = AttributeBooleanValue::builder().value(true).build();
    cloud.ec2().modify_vpc_attribute().vpc_id(vpc.id()).enable_dns_support(on).send().await.unwrap();
    assert_eq!(cloud.drift(&mut vpc).await, ["enable_dns_support"]);
    cloud.repair(&mut vpc).await;

    let mut imported = cloud
        .import(
            "vpc",
            &vpc.id(),
            json!({ "cidr_block": "10.20.0.0/16", "enable_dns_support": false, "tags": {"Name": "main"} }),
        )
        .await;
    assert_eq!(imported.stored.values, vpc.stored.values);
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("vpc").await.iter().any(|listed| listed.id == vpc.id()));

    cloud.delete(&vpc).await;
}

async fn vpc_with_default_tags(cloud: Cloud) {
    let with = async |team: &str| {
        Cloud::connect(&cloud.endpoint, &cloud.region, json!({ "default_tags": { "team": team, "env": "x" } })).await
    };
    let blue = with("blue").await;
    let config = json!({ "cidr_block": "10.30.0.0/16", "tags": { "env": "own", "Name": "n" } });
    let mut vpc = blue.create("vpc", config.clone()).await;
    assert_eq!(vpc.get("tags"), json!({ "env": "own", "Name": "n" }));
    assert_eq!(vpc.get("tags_all"), json!({ "env": "own", "Name": "n", "team": "blue" }));
    blue.assert_clean(&mut vpc).await;

    // Other default tags are a change of `tags_all` alone.
    let red = with("red").await;
    assert!(red.drift(&mut vpc).await.contains(&"tags_all".to_owned()));
    red.repair(&mut vpc).await;
    assert_eq!(vpc.get("tags_all")["team"], json!("red"));
    red.delete(&vpc).await;
}

async fn vpc_after_a_crash(cloud: Cloud) {
    let config = json!({ "cidr_block": "10.40.0.0/16", "enable_dns_hostnames": true, "tags": { "Name": "crash" } });
    let request = cloud.create_and_die("vpc", config.clone()).await;
    let mut vpc = cloud.recover(request.clone()).await;
    assert_eq!(vpc.get("enable_dns_hostnames"), json!(true));
    assert_eq!(vpc.get("tags_all"), json!({ "Name": "crash" }), "the stamp is invisible");
    cloud.assert_clean(&mut vpc).await;
    cloud.delete(&vpc).await;
    assert!(matches!(cloud.connection.find(request).await, Ok(Found::Absent)));

    // Resumed behind the checkpoint: the object is made complete, and no second one.
    let request = cloud.create_and_die("vpc", config.clone()).await;
    let found = cloud.recover(request).await;
    let identity =
        formwork_model::ValueBuf::from(formwork_model::Value::map([("id", formwork_model::Value::string(found.id()))]));
    let checkpoint = formwork_provider_api::Checkpoint { identity, ..Default::default() };
    let resumed = cloud.resume("vpc", config, checkpoint).await;
    assert_eq!(resumed.id(), found.id());
    cloud.delete(&resumed).await;
}

async fn many_vpcs_in_one_read(cloud: Cloud) {
    let mut vpcs = Vec::new();
    for number in 0..3 {
        vpcs.push(cloud.create("vpc", json!({ "cidr_block": format!("10.{number}.0.0/16") })).await);
    }
    cloud.delete(&vpcs[1]).await;
    let answers = cloud.read_all(&vpcs).await;
    for (vpc, answer) in vpcs.iter().zip(&answers) {
        match answer {
            ReadOutcome::Present(stored) => assert_eq!(get(stored, "id"), json!(vpc.id())),
            other => assert!(matches!(other, ReadOutcome::Gone) && vpc.id() == vpcs[1].id(), "{other:?}"),
        }
    }
    assert_eq!(answers.iter().filter(|answer| matches!(answer, ReadOutcome::Gone)).count(), 1);
    cloud.delete(&vpcs[0]).await;
    cloud.delete(&vpcs[2]).await;
}

async fn subnet(cloud: Cloud) {
    let vpc =
        cloud.create("vpc", json!({ "cidr_block": "10.50.0.0/16", "amazon_provided_ipv6_cidr_block": true })).await;
    let zone = format!("{}a", cloud.region);
    let config = |public: bool| {
        json!({
            "vpc_id": vpc.id(),
            "cidr_block": "10.50.1.0/24",
            "availability_zone": zone,
            "map_public_ip_on_launch": public,
            "tags": { "tier": if public { "public" } else { "private" } },
        })
    };
    let mut subnet = cloud.create("subnet", config(true)).await;
    assert_eq!(subnet.get("map_public_ip_on_launch"), json!(true));
    cloud.assert_clean(&mut subnet).await;
    cloud.change(&mut subnet, config(false)).await;

    let mut other = config(false);
    other["cidr_block"] = json!("10.50.2.0/24");
    other["availability_zone"] = json!(format!("{}b", cloud.region));
    assert_eq!(cloud.replaced_by(&subnet, other).await, ["cidr_block", "availability_zone"]);

    let on = AttributeBooleanValue::builder().value(true).build();
    let call = cloud.ec2().modify_subnet_attribute().subnet_id(subnet.id()).map_public_ip_on_launch(on);
    call.send().await.unwrap();
    assert_eq!(cloud.drift(&mut subnet).await, ["map_public_ip_on_launch"]);
    cloud.repair(&mut subnet).await;

    let mut imported = cloud.import("subnet", &subnet.id(), config(false)).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("subnet").await.iter().any(|listed| listed.id == subnet.id()));
    cloud.delete(&subnet).await;

    let crashed = cloud.create_and_die("subnet", config(true)).await;
    let mut subnet = cloud.recover(crashed).await;
    cloud.assert_clean(&mut subnet).await;
    let refused = cloud.try_delete(&vpc).await.expect_err("the subnet is still there");
    assert_eq!(refused.code, "DependencyViolation");
    cloud.delete(&subnet).await;
    cloud.delete(&vpc).await;
}

async fn ipv6(cloud: Cloud) {
    let config = |on: bool| json!({ "cidr_block": "10.55.0.0/16", "amazon_provided_ipv6_cidr_block": on });
    let mut vpc = cloud.create("vpc", config(false)).await;
    assert!(vpc.get("ipv6_cidr_block").is_null());
    cloud.change(&mut vpc, config(true)).await;
    let range = vpc.text("ipv6_cidr_block");
    assert!(range.ends_with("/56"), "{range}");
    let part = range.replace("00::/56", "01::/64");
    let config =
        |range: Option<&str>| json!({ "vpc_id": vpc.id(), "cidr_block": "10.55.1.0/24", "ipv6_cidr_block": range });
    let mut subnet = cloud.create("subnet", config(Some(&part))).await;
    assert_eq!(subnet.text("ipv6_cidr_block"), part);
    cloud.assert_clean(&mut subnet).await;
    cloud.change(&mut subnet, config(None)).await;
    cloud.change(&mut subnet, config(Some(&part))).await;
    cloud.delete(&subnet).await;
    cloud.delete(&vpc).await;
}

async fn caller(cloud: Cloud) {
    let caller = cloud.data("caller_identity", json!({})).await;
    assert_eq!(caller["account"], json!("123456789012"));
    assert_eq!(caller["region"], json!(cloud.region));
    assert_eq!(cloud.connection.account().0.get("account").map(String::as_str), Some("123456789012"));
    let refused =
        Cloud::configure(&cloud.endpoint, &cloud.region, json!({ "allowed_account_ids": ["999999999999"] })).await;
    assert!(refused.is_err_and(|error| error.message.contains("123456789012")));
    let refused = Cloud::configure("https://ec2.eu-west-1.amazonaws.com", &cloud.region, json!({})).await;
    assert!(refused.is_err_and(|error| error.message.contains("sandboxed")));
    let nobody = Cloud::configure("http://127.0.0.1:1", &cloud.region, json!({})).await;
    assert!(nobody.is_err_and(|error| error.class == formwork_provider_api::ErrorClass::Unreachable));
}
