//! What is the same for all types: an answer that is lost makes no second object, and many are read in few calls.

use super::samples::samples;
use crate::MotoTest;
use crate::cloud::{Cloud, schema};
use crate::script::{self, Asked, Reply, address};
use crate::steps::{Step, took};
use formwork_model::schema::Recognition;
use formwork_provider_api::{FindRequest, Found, ReadOutcome};
use serde_json::{Value as Json, json};

/// How a type is made and read.
struct Calls {
    type_name: &'static str,
    /// The call that makes an object.
    create: &'static str,
    /// Its parameter for a token, by which AWS itself tells a repeated call; empty where it has none.
    token: &'static str,
    /// Calls of a read, however many objects there are (up to AWS's limit of one page).
    read: usize,
    /// Further calls for each object.
    each: usize,
}

macro_rules! tests {
    ($($name:ident: $create:literal, $token:literal, $read:literal + $each:literal each;)*) => {
        pub const TESTS: &[MotoTest] = &[$(
            MotoTest {
                name: concat!("aws::life::alike::", stringify!($name), "_answers_are_lost"),
                run: |cloud| Box::pin(answers_are_lost(cloud, calls!($name, $create, $token, $read, $each))),
            },
            MotoTest {
                name: concat!("aws::life::alike::", stringify!($name), "_is_read_in_few_calls"),
                run: |cloud| Box::pin(many_are_read(cloud, calls!($name, $create, $token, $read, $each))),
            },
        )*];
    };
}

macro_rules! calls {
    ($name:ident, $create:literal, $token:literal, $read:literal, $each:literal) => {
        Calls { type_name: stringify!($name), create: $create, token: $token, read: $read, each: $each }
    };
}

tests! {
    ecr_repository: "CreateRepository", "", 1 + 3 each;
    eip: "AllocateAddress", "", 1 + 0 each;
    eks_cluster: "POST /clusters", "clientRequestToken", 0 + 1 each;
    eks_node_group: "POST /clusters/lost-0/node-groups", "clientRequestToken", 0 + 1 each;
    iam_openid_connect_provider: "CreateOpenIDConnectProvider", "", 0 + 1 each;
    iam_policy: "CreatePolicy", "", 0 + 2 each;
    iam_role: "CreateRole", "", 0 + 5 each;
    internet_gateway: "CreateInternetGateway", "", 1 + 0 each;
    nat_gateway: "CreateNatGateway", "ClientToken", 1 + 0 each;
    route_table: "CreateRouteTable", "ClientToken", 1 + 0 each;
    security_group: "CreateSecurityGroup", "", 1 + 0 each;
    security_group_egress_rule: "AuthorizeSecurityGroupEgress", "", 1 + 0 each;
    security_group_ingress_rule: "AuthorizeSecurityGroupIngress", "", 1 + 0 each;
    subnet: "CreateSubnet", "", 1 + 0 each;
    vpc: "CreateVpc", "", 4 + 2 each;
}

/// The first call never arrives; the second is done, but its answer is lost. There is one object, and it is found.
async fn answers_are_lost(cloud: Cloud, calls: Calls) {
    let Calls { type_name, create, token, .. } = calls;
    let samples = samples(&cloud, type_name, "lost").await;
    let lost = vec![Reply::Hang, Reply::Lose(address(&cloud.endpoint))];
    let between = script::before(&cloud.endpoint, vec![(create, lost)]).await;
    let lossy = Cloud::connect(&between.endpoint, &cloud.region, json!({})).await;
    let before = ids(&cloud, type_name).await;

    let request = lossy.create_and_lose(type_name, samples.config(1)).await;
    assert!(matches!(lossy.connection.find(request.clone()).await, Ok(Found::Absent)), "{type_name}");
    lossy.repeat_and_lose(&request).await;
    let sent = between.asked_for(create);
    assert_eq!(sent.len(), 2, "{type_name}: the engine repeats, nobody else");
    assert_eq!(comparable(&sent[0]), comparable(&sent[1]), "{type_name}: it is the same request");
    let stamp = ["formwork-operation", &request.operation];
    assert!(stamp.iter().all(|part| sent[0].body.contains(part)), "{type_name}: {}", sent[0].body);
    let tokens = [format!("{token}={}", request.operation), format!("\"{token}\":\"{}\"", request.operation)];
    assert!(token.is_empty() || tokens.iter().any(|token| sent[0].body.contains(token)), "{}", sent[0].body);

    let other = FindRequest { operation: "another".into(), ..request.clone() };
    let other = lossy.connection.find(other).await.unwrap();
    match schema(type_name).recognition {
        Recognition::Name => assert!(matches!(other, Found::Foreign(_)), "{type_name}: {other:?}"),
        _ => assert!(matches!(other, Found::Absent), "{type_name}: {other:?}"),
    }
    let mut object = lossy.recover(request.clone()).await;
    lossy.assert_clean(&mut object).await;
    assert_eq!(between.asked_for(create).len(), 2, "{type_name}: nothing is made anew");
    // Names are of one account: other tests make objects meanwhile.
    let is_own = |id: &String| schema(type_name).recognition != Recognition::Name || id.contains("lost-1");
    let made = ids(&cloud, type_name).await.into_iter().filter(|id| !before.contains(id) && is_own(id)).count();
    assert_eq!(made, 1, "{type_name}");
    took(type_name, Step::LostAnswer);
    cloud.delete(&object).await;
    assert!(matches!(lossy.connection.find(request).await, Ok(Found::Absent)), "{type_name}");
    samples.tidy(&cloud).await;
}

/// A request whose fields may come in any order.
fn comparable(asked: &Asked) -> Json {
    serde_json::from_str(&asked.body).unwrap_or_else(|_| Json::String(asked.body.clone()))
}

async fn ids(cloud: &Cloud, type_name: &str) -> Vec<String> {
    cloud.list(type_name).await.into_iter().map(|listed| listed.id).collect()
}

async fn many_are_read(cloud: Cloud, calls: Calls) {
    let type_name = calls.type_name;
    let samples = samples(&cloud, type_name, "many").await;
    let mut objects = Vec::new();
    for number in 1..=MANY {
        objects.push(cloud.create(type_name, samples.config(number)).await);
    }
    let between = script::before(&cloud.endpoint, vec![]).await;
    let counted = Cloud::connect(&between.endpoint, &cloud.region, json!({})).await;
    let answers = counted.read_all(&objects).await;
    assert!(answers.iter().all(is_present), "{answers:?}");
    let asked: Vec<Asked> = between.asked();
    let asked: Vec<&str> = asked.iter().map(|asked| asked.operation.as_str()).filter(|name| *name != CALLER).collect();
    assert_eq!(asked.len(), calls.read + calls.each * usize::from(MANY), "{type_name}: {asked:?}");
    took(type_name, Step::BatchedRead);
    // One that is gone does not hide the others.
    cloud.delete(&objects[1]).await;
    for (position, answer) in cloud.read_all(&objects).await.iter().enumerate() {
        let fits = if position == 1 { is_gone(answer) } else { is_present(answer) };
        assert!(fits, "{type_name}: {position} {answer:?}");
    }
    for object in &objects {
        cloud.delete(object).await;
    }
    samples.tidy(&cloud).await;
}

fn is_present(answer: &ReadOutcome) -> bool {
    matches!(answer, ReadOutcome::Present(_))
}

fn is_gone(answer: &ReadOutcome) -> bool {
    matches!(answer, ReadOutcome::Gone)
}

const MANY: u8 = 4;

/// Asked once in a connection's life.
const CALLER: &str = "GetCallerIdentity";
