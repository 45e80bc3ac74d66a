//! Gateways, addresses and route tables.

use crate::cloud::{Cloud, Object};
use crate::moto_tests;
use formwork_provider_api::ReadOutcome;
use serde_json::json;

moto_tests![internet_gateway, eip, nat_gateway, route_table, routing_after_a_crash];

async fn vpc(cloud: &Cloud) -> Object {
    cloud.create("vpc", json!({ "cidr_block": "10.60.0.0/16" })).await
}

async fn internet_gateway(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let config = json!({ "vpc_id": vpc.id(), "tags": { "Name": "igw" } });
    let mut gateway = cloud.create("internet_gateway", config.clone()).await;
    assert_eq!(gateway.text("vpc_id"), vpc.id());
    cloud.assert_clean(&mut gateway).await;

    cloud.change(&mut gateway, json!({ "tags": { "Name": "loose" } })).await;
    assert!(gateway.get("vpc_id").is_null());
    cloud.change(&mut gateway, config.clone()).await;

    let call = cloud.ec2().detach_internet_gateway().internet_gateway_id(gateway.id()).vpc_id(vpc.id());
    call.send().await.unwrap();
    assert_eq!(cloud.drift(&mut gateway).await, ["vpc_id"]);
    cloud.repair(&mut gateway).await;

    let mut imported = cloud.import("internet_gateway", &gateway.id(), config).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("internet_gateway").await.iter().any(|listed| listed.id == gateway.id()));
    cloud.delete(&gateway).await;
    cloud.delete(&vpc).await;
}

async fn eip(cloud: Cloud) {
    let mut address = cloud.create("eip", json!({ "tags": { "Name": "nat" } })).await;
    assert!(address.text("public_ip").parse::<std::net::Ipv4Addr>().is_ok());
    cloud.assert_clean(&mut address).await;
    cloud.change(&mut address, json!({ "tags": { "Name": "other" } })).await;
    let tag = aws_sdk_ec2::types::Tag::builder().key("Name").value("drift").build();
    cloud.ec2().create_tags().resources(address.id()).tags(tag).send().await.unwrap();
    assert_eq!(cloud.drift(&mut address).await, ["tags", "tags_all"]);
    cloud.repair(&mut address).await;
    assert_eq!(
        cloud.replaced_by(&address, json!({ "network_border_group": "elsewhere" })).await,
        ["network_border_group"]
    );
    let mut imported = cloud.import("eip", &address.id(), json!({ "tags": { "Name": "other" } })).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("eip").await.iter().any(|listed| listed.id == address.id()));
    cloud.delete(&address).await;

    let crashed = cloud.create_and_die("eip", json!({})).await;
    let address = cloud.recover(crashed).await;
    cloud.delete(&address).await;
}

async fn nat_gateway(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let subnet = cloud.create("subnet", json!({ "vpc_id": vpc.id(), "cidr_block": "10.60.1.0/24" })).await;
    let address = cloud.create("eip", json!({})).await;
    let config =
        |name: &str| json!({ "subnet_id": subnet.id(), "allocation_id": address.id(), "tags": { "Name": name } });
    let mut gateway = cloud.create("nat_gateway", config("a")).await;
    assert_eq!(gateway.text("vpc_id"), vpc.id());
    cloud.assert_clean(&mut gateway).await;
    cloud.change(&mut gateway, config("b")).await;
    let private = json!({ "subnet_id": subnet.id(), "connectivity_type": "private", "tags": { "Name": "b" } });
    assert_eq!(cloud.replaced_by(&gateway, private).await, ["allocation_id", "connectivity_type"]);
    let tag = aws_sdk_ec2::types::Tag::builder().key("Name").value("drift").build();
    cloud.ec2().create_tags().resources(gateway.id()).tags(tag).send().await.unwrap();
    assert_eq!(cloud.drift(&mut gateway).await, ["tags", "tags_all"]);
    cloud.repair(&mut gateway).await;
    let mut imported = cloud.import("nat_gateway", &gateway.id(), config("b")).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("nat_gateway").await.iter().any(|listed| listed.id == gateway.id()));

    // Somebody deleted it.
    cloud.ec2().delete_nat_gateway().nat_gateway_id(gateway.id()).send().await.unwrap();
    assert!(matches!(cloud.read(&gateway).await, ReadOutcome::Gone));
    cloud.delete(&gateway).await;

    // moto keeps the association of a deleted gateway's address.
    let another = cloud.create("eip", json!({})).await;
    let config = json!({ "subnet_id": subnet.id(), "allocation_id": another.id() });
    let crashed = cloud.create_and_die("nat_gateway", config).await;
    let mut gateway = cloud.recover(crashed).await;
    cloud.assert_clean(&mut gateway).await;
    for object in [&gateway, &address, &another, &subnet, &vpc] {
        cloud.delete(object).await;
    }
}

async fn route_table(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let subnet = async |number: u8| {
        cloud.create("subnet", json!({ "vpc_id": vpc.id(), "cidr_block": format!("10.60.{number}.0/24") })).await
    };
    let (one, two) = (subnet(1).await, subnet(2).await);
    let gateway = cloud.create("internet_gateway", json!({ "vpc_id": vpc.id() })).await;
    let address = cloud.create("eip", json!({})).await;
    let nat = cloud.create("nat_gateway", json!({ "subnet_id": one.id(), "allocation_id": address.id() })).await;

    let to_internet = json!({ "destination_cidr_block": "0.0.0.0/0", "gateway_id": gateway.id() });
    let to_nat = json!({ "destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": nat.id() });
    let partner = json!({ "destination_cidr_block": "192.168.0.0/16", "gateway_id": gateway.id() });
    let config = |routes: &[&serde_json::Value], subnets: &[&Object]| {
        let subnets: Vec<String> = subnets.iter().map(|subnet| subnet.id()).collect();
        json!({ "vpc_id": vpc.id(), "routes": routes, "subnet_ids": subnets, "tags": { "Name": "rt" } })
    };
    let mut table = cloud.create("route_table", config(&[&to_internet], &[&one])).await;
    cloud.assert_clean(&mut table).await;

    // A target is replaced, a route added, a subnet moved.
    cloud.change(&mut table, config(&[&partner, &to_nat], &[&two])).await;
    cloud.change(&mut table, config(&[&to_nat], &[&one, &two])).await;

    let call = cloud.ec2().create_route().route_table_id(table.id()).destination_cidr_block("172.16.0.0/12");
    call.gateway_id(gateway.id()).send().await.unwrap();
    assert_eq!(cloud.drift(&mut table).await, ["routes"]);
    cloud.repair(&mut table).await;

    let mut imported = cloud.import("route_table", &table.id(), config(&[&to_nat], &[&one, &two])).await;
    cloud.assert_clean(&mut imported).await;
    assert!(cloud.list("route_table").await.iter().any(|listed| listed.id == table.id()));
    let elsewhere = json!({ "vpc_id": "vpc-00000000" });
    assert!(cloud.replaced_by(&table, elsewhere).await.contains(&"vpc_id".to_owned()));
    for object in [&table, &nat, &address, &gateway, &one, &two, &vpc] {
        cloud.delete(object).await;
    }
}

async fn routing_after_a_crash(cloud: Cloud) {
    let vpc = vpc(&cloud).await;
    let crashed = cloud.create_and_die("internet_gateway", json!({ "vpc_id": vpc.id() })).await;
    let mut gateway = cloud.recover(crashed).await;
    assert_eq!(gateway.text("vpc_id"), vpc.id(), "the update attached it");
    cloud.assert_clean(&mut gateway).await;
    let routes = json!([{ "destination_cidr_block": "0.0.0.0/0", "gateway_id": gateway.id() }]);
    let crashed = cloud.create_and_die("route_table", json!({ "vpc_id": vpc.id(), "routes": routes })).await;
    let mut table = cloud.recover(crashed).await;
    cloud.assert_clean(&mut table).await;
    for object in [&table, &gateway, &vpc] {
        cloud.delete(object).await;
    }
}
