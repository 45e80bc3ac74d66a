//! What AWS does and moto does not: transitions, pages, tokens, errors of every class, lost answers.

use crate::cloud::{Cloud, Object, Sink, schema, to_config};
use crate::script::{self, Reply, Script, ec2_error};
use formwork_model::{Address, Value, ValueBuf};
use formwork_provider_api::{
    CreateRequest, ErrorClass, ListRequest, ProviderError, ReadManyRequest, ReadOutcome, StoredObject,
};
use libtest_mimic::{Failed, Trial};
use serde_json::json;
use std::future::Future;

pub fn tests() -> Vec<Trial> {
    vec![
        trial("nat_gateway_goes_through_its_states", nat_gateway_goes_through_its_states),
        trial("a_failed_nat_gateway_says_why", a_failed_nat_gateway_says_why),
        trial("pages_are_read_to_the_end", pages_are_read_to_the_end),
        trial("a_fresh_object_that_is_not_shown_yet", a_fresh_object_that_is_not_shown_yet),
        trial("errors_have_their_class", errors_have_their_class),
        trial("nothing_is_sent_twice", nothing_is_sent_twice),
        trial("what_is_not_there", what_is_not_there),
        trial("audiences_change_one_by_one", audiences_change_one_by_one),
    ]
}

pub fn trial<F: Future<Output = ()> + 'static>(name: &str, run: fn() -> F) -> Trial {
    Trial::test(format!("replay::{name}"), move || -> Result<(), Failed> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run());
        Ok(())
    })
}

pub async fn connect(script: &Script) -> Cloud {
    Cloud::connect(&script.endpoint, "eu-west-1", json!({ "skip_account_lookup": true })).await
}

const CALLER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/x</Arn><UserId>U</UserId><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

fn ec2(operation: &str, content: &str) -> Reply {
    Reply::ok(format!(
        "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{content}</{operation}Response>"
    ))
}

fn nat(state: &str, more: &str) -> String {
    format!(
        "<natGatewayId>nat-1</natGatewayId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><state>{state}</state>\
         <connectivityType>public</connectivityType>{more}<natGatewayAddressSet><item><allocationId>eipalloc-1</allocationId>\
         <privateIp>10.0.0.4</privateIp><publicIp>1.2.3.4</publicIp><networkInterfaceId>eni-1</networkInterfaceId>\
         <isPrimary>true</isPrimary></item></natGatewayAddressSet><tagSet/>"
    )
}

fn described_nat(state: &str, more: &str) -> Reply {
    ec2("DescribeNatGateways", &format!("<natGatewaySet><item>{}</item></natGatewaySet>", nat(state, more)))
}

fn created_nat() -> Reply {
    ec2("CreateNatGateway", &format!("<natGateway>{}</natGateway>", nat("pending", "")))
}

async fn nat_gateway_goes_through_its_states() {
    let none = ec2("DescribeNatGateways", "<natGatewaySet/>");
    let script = script::start(vec![
        ("GetCallerIdentity", vec![Reply::ok(CALLER)]),
        ("CreateNatGateway", vec![created_nat()]),
        ("DescribeNatGateways", vec![none, described_nat("pending", ""), described_nat("available", "")]),
    ])
    .await;
    let cloud = connect(&script).await;
    let gateway = cloud.create("nat_gateway", json!({ "subnet_id": "subnet-1", "allocation_id": "eipalloc-1" })).await;
    assert_eq!(gateway.text("public_ip"), "1.2.3.4");
    let sent = &script.asked_for("CreateNatGateway")[0].body;
    assert!(sent.contains("ClientToken=op-") && sent.contains("formwork-operation"), "{sent}");

    // Deleting takes its time, and the deleted one is shown for an hour.
    let script = script::start(vec![
        ("GetCallerIdentity", vec![Reply::ok(CALLER)]),
        ("DeleteNatGateway", vec![ec2("DeleteNatGateway", "<natGatewayId>nat-1</natGatewayId>")]),
        (
            "DescribeNatGateways",
            vec![
                described_nat("deleting", ""),
                described_nat("deleting", ""),
                described_nat("deleting", ""),
                described_nat("deleted", ""),
            ],
        ),
    ])
    .await;
    let cloud = connect(&script).await;
    assert!(matches!(cloud.read(&gateway).await, ReadOutcome::Deleting));
    cloud.delete(&gateway).await;
}

async fn a_failed_nat_gateway_says_why() {
    let reason = "<failureCode>Gateway.NotAttached</failureCode><failureMessage>Network vpc-1 has no Internet gateway attached</failureMessage>";
    let script = script::start(vec![
        ("GetCallerIdentity", vec![Reply::ok(CALLER)]),
        ("CreateNatGateway", vec![created_nat()]),
        ("DescribeNatGateways", vec![described_nat("pending", ""), described_nat("failed", reason)]),
    ])
    .await;
    let cloud = connect(&script).await;
    let config = json!({ "subnet_id": "subnet-1", "allocation_id": "eipalloc-1" });
    let error = cloud.try_create("nat_gateway", config).await.expect_err("failed");
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Invalid, "Gateway.NotAttached"));
    assert!(error.message.contains("no Internet gateway attached"));
    // A failed one is as good as gone, so that the next apply makes another.
    let stored = StoredObject { values: identity("nat-1"), private: Vec::new() };
    let object = Object { schema: schema("nat_gateway"), config: identity("nat-1"), stored };
    assert!(matches!(cloud.read(&object).await, ReadOutcome::Gone));
}

fn identity(id: &str) -> ValueBuf {
    ValueBuf::from(Value::map([("id", Value::string(id))]))
}

async fn pages_are_read_to_the_end() {
    let gateway = |id: &str| {
        format!("<item><internetGatewayId>{id}</internetGatewayId><ownerId>1</ownerId><attachmentSet/><tagSet/></item>")
    };
    let page = |ids: &[&str], next: &str| {
        let items: String = ids.iter().map(|id| gateway(id)).collect();
        let content = format!("<internetGatewaySet>{items}</internetGatewaySet>{next}");
        ec2("DescribeInternetGateways", &content)
    };
    let script = script::start(vec![(
        "DescribeInternetGateways",
        vec![page(&["igw-1", "igw-2"], "<nextToken>more</nextToken>"), page(&["igw-3"], "")],
    )])
    .await;
    let cloud = connect(&script).await;
    let listed = cloud.connection.list(ListRequest { type_name: "internet_gateway".into() }).await.unwrap();
    let ids: Vec<&str> = listed.iter().map(|listed| listed.id.as_str()).collect();
    assert_eq!(ids, ["igw-1", "igw-2", "igw-3"]);
    assert!(script.asked()[1].body.contains("NextToken=more"));

    // 450 objects are three calls.
    let script = script::start(vec![("DescribeInternetGateways", vec![page(&["igw-7", "igw-300"], "")])]).await;
    let cloud = connect(&script).await;
    let objects = (0..450)
        .map(|number| StoredObject { values: identity(&format!("igw-{number}")), private: Vec::new() })
        .collect();
    let request = ReadManyRequest { type_name: "internet_gateway".into(), objects };
    let answers = cloud.connection.read_many(request).await.unwrap();
    let there = |position: usize| matches!(answers[position], ReadOutcome::Present(_));
    assert!(there(7) && there(300) && !there(8));
    assert_eq!(answers.len(), 450);
    assert_eq!(script.asked().len(), 3);

    // ECR takes a hundred names a call.
    let script = script::start(vec![("DescribeRepositories", vec![Reply::ok(r#"{"repositories": []}"#)])]).await;
    let cloud = connect(&script).await;
    let named = |number| Value::map([("repository_name", Value::string(format!("shop/{number}")))]);
    let objects =
        (0..250).map(|number| StoredObject { values: ValueBuf::from(named(number)), private: Vec::new() }).collect();
    let request = ReadManyRequest { type_name: "ecr_repository".into(), objects };
    let answers = cloud.connection.read_many(request).await.unwrap();
    assert!(answers.len() == 250 && answers.iter().all(|answer| matches!(answer, ReadOutcome::Gone)));
    assert_eq!(script.asked().len(), 3);
}

async fn a_fresh_object_that_is_not_shown_yet() {
    let gateway = "<internetGatewayId>igw-1</internetGatewayId><ownerId>1</ownerId><attachmentSet/><tagSet/>";
    let shown = format!("<internetGatewaySet><item>{gateway}</item></internetGatewaySet>");
    let script = script::start(vec![
        (
            "CreateInternetGateway",
            vec![ec2("CreateInternetGateway", &format!("<internetGateway>{gateway}</internetGateway>"))],
        ),
        (
            "DescribeInternetGateways",
            vec![
                ec2("DescribeInternetGateways", "<internetGatewaySet/>"),
                ec2("DescribeInternetGateways", "<internetGatewaySet/>"),
                ec2("DescribeInternetGateways", &shown),
            ],
        ),
    ])
    .await;
    let cloud = connect(&script).await;
    let gateway = cloud.create("internet_gateway", json!({})).await;
    assert_eq!(gateway.id(), "igw-1");
    assert_eq!(script.asked_for("CreateInternetGateway").len(), 1);
}

async fn refused(reply: Reply) -> ProviderError {
    let script = script::start(vec![("CreateInternetGateway", vec![reply])]).await;
    let cloud = connect(&script).await;
    let error = cloud.try_create("internet_gateway", json!({})).await.expect_err("refused");
    assert_eq!(script.asked().len(), 1, "retries are the engine's");
    error
}

async fn errors_have_their_class() {
    let cases = [
        (ec2_error(503, "RequestLimitExceeded", "slow down"), ErrorClass::Retryable),
        (ec2_error(500, "InternalError", "oops"), ErrorClass::Retryable),
        (Reply::text(502, "<html>"), ErrorClass::Retryable),
        (ec2_error(403, "UnauthorizedOperation", "no"), ErrorClass::Forbidden),
        (ec2_error(400, "ExpiredToken", "old"), ErrorClass::Forbidden),
        (ec2_error(400, "InternetGatewayLimitExceeded", "full"), ErrorClass::Quota),
        (ec2_error(400, "InvalidParameterValue", "bad"), ErrorClass::Invalid),
        (Reply::Hang, ErrorClass::AnswerLost),
        (Reply::Cut, ErrorClass::AnswerLost),
    ];
    for (reply, class) in cases {
        let error = refused(reply.clone()).await;
        assert_eq!(error.class, class, "{reply:?}: {error:?}");
    }
    let reply = ec2_error(503, "RequestLimitExceeded", "slow");
    let error = refused(reply.header("retry-after", "7").header("x-amzn-RequestId", "req-1")).await;
    assert_eq!(error.retry_after_ms, Some(7_000));
    assert_eq!((error.code.as_str(), error.request_id.as_str()), ("RequestLimitExceeded", "req-1"));
}

/// A create whose answer was lost behind the checkpoint goes on with the object that it knows.
async fn nothing_is_sent_twice() {
    let gateway = "<internetGatewayId>igw-1</internetGatewayId><ownerId>1</ownerId><attachmentSet><item><vpcId>vpc-1</vpcId>\
        <state>available</state></item></attachmentSet><tagSet/>";
    let shown = format!("<internetGatewaySet><item>{gateway}</item></internetGatewaySet>");
    let script = script::start(vec![("DescribeInternetGateways", vec![ec2("DescribeInternetGateways", &shown)])]).await;
    let cloud = connect(&script).await;
    let schema = schema("internet_gateway");
    let config = to_config(schema, &json!({ "vpc_id": "vpc-1" }));
    let planned = cloud.plan(schema, &config, None).await.planned;
    let checkpoint = formwork_provider_api::Checkpoint { identity: identity("igw-1"), ..Default::default() };
    let request = CreateRequest {
        type_name: "internet_gateway".into(),
        address: Address::resource("it"),
        operation: "op".into(),
        config,
        planned,
        private: Vec::new(),
        resume: Some(checkpoint),
        timeout_ms: 1000,
    };
    cloud.connection.create(request, &Sink::default()).await.unwrap();
    assert!(script.asked().iter().all(|asked| asked.operation == "DescribeInternetGateways"), "{:?}", script.asked());
}

async fn what_is_not_there() {
    let script = script::start(vec![
        ("DescribeVpcs", vec![ec2("DescribeVpcs", "<vpcSet/>")]),
        ("DeleteVpc", vec![ec2_error(400, "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist")]),
    ])
    .await;
    let cloud = connect(&script).await;
    let request = formwork_provider_api::ImportRequest { type_name: "vpc".into(), id: "vpc-1".into(), config: None };
    let error = cloud.connection.import(request).await.expect_err("not there");
    assert_eq!(error.class, ErrorClass::NotFound);
    assert!(error.message.contains("vpc-1"));
    let stored = StoredObject { values: identity("vpc-1"), private: Vec::new() };
    cloud.delete(&Object { schema: schema("vpc"), config: identity("vpc-1"), stored }).await;
}

async fn audiences_change_one_by_one() {
    let iam = |operation: &str, content: &str| {
        Reply::ok(format!(
            "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{operation}Result>{content}\
             </{operation}Result></{operation}Response>"
        ))
    };
    let shown = |audiences: &[&str]| {
        let members: String = audiences.iter().map(|audience| format!("<member>{audience}</member>")).collect();
        let content = format!("<Url>issuer.example.com</Url><ClientIDList>{members}</ClientIDList>");
        iam("GetOpenIDConnectProvider", &content)
    };
    let arn = "<OpenIDConnectProviderArn>arn:aws:iam::1:oidc-provider/issuer.example.com</OpenIDConnectProviderArn>";
    let script = script::start(vec![
        ("CreateOpenIDConnectProvider", vec![iam("CreateOpenIDConnectProvider", arn)]),
        ("GetOpenIDConnectProvider", vec![shown(&["a", "b"]), shown(&["a", "b"]), shown(&["b", "c"])]),
        ("AddClientIDToOpenIDConnectProvider", vec![iam("AddClientIDToOpenIDConnectProvider", "")]),
        ("RemoveClientIDFromOpenIDConnectProvider", vec![iam("RemoveClientIDFromOpenIDConnectProvider", "")]),
    ])
    .await;
    let cloud = connect(&script).await;
    let config = |audiences: &[&str]| json!({ "url": "https://issuer.example.com/", "client_id_list": audiences });
    let mut issuer = cloud.create("iam_openid_connect_provider", config(&["a", "b"])).await;
    assert_eq!(issuer.text("url"), "https://issuer.example.com/", "in the config's spelling");
    cloud.change(&mut issuer, config(&["c", "b"])).await;
    let sent = |operation: &str| script.asked_for(operation).iter().map(|asked| asked.body.clone()).collect::<Vec<_>>();
    let (added, removed) =
        (sent("AddClientIDToOpenIDConnectProvider"), sent("RemoveClientIDFromOpenIDConnectProvider"));
    assert!(added.len() == 1 && added[0].contains("ClientID=c"), "{added:?}");
    assert!(removed.len() == 1 && removed[0].contains("ClientID=a"), "{removed:?}");
}
