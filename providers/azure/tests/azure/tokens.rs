//! Tokens: how long they are kept, when they are asked for again, how an application proves who it is, and that the sandbox
//! gets no real one.

use crate::client::{GET, VNET, config, connect, network, object, trials};
use crate::script::{self, Reply, TOKEN, error, token};
use formwork_model::value::{Masking, to_json};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::check::{self, Subject};
use formwork_provider_api::testing::Harness;
use formwork_provider_api::{
    Environment, ErrorClass, OpenRequest, Opened, Provider, ProviderError, ReadManyRequest, ReadOutcome,
    SandboxEndpoint,
};
use formwork_provider_azure::AzureProvider;

trials! {
    "tokens":
    tokens_are_shared_and_asked_again,
    a_refused_token_is_asked_once_more,
    an_access_token_is_opened_and_renewed,
    a_scope_of_a_person_is_refused,
    an_application_proves_itself_by_its_certificate,
    the_sandbox_is_the_only_address,
}

async fn tokens_are_shared_and_asked_again() {
    let script = script::start(vec![
        (GET, vec![Reply::json(200, network("Succeeded", "x"))]),
        // The first one is as good as over.
        (TOKEN, vec![token("first", 60), token("second", 3600)]),
    ])
    .await;
    let harness = connect(&script).await;
    let import = || async { harness.import("virtual_network", VNET, &config()).await.unwrap() };
    import().await;
    tokio::join!(import(), import(), import());
    assert_eq!(script.asked_for(TOKEN).len(), 2);
    let used: Vec<String> =
        script.asked_for(GET).iter().filter_map(|asked| asked.header("authorization")).map(str::to_owned).collect();
    assert_eq!(used, ["Bearer first", "Bearer second", "Bearer second", "Bearer second"]);
    let form = &script.asked_for(TOKEN)[0].body;
    assert!(form.contains("scope=https%3A%2F%2Fmanagement.azure.com%2F.default"), "{form}");
    assert!(form.contains("client_secret=hush"), "{form}");
}

async fn a_refused_token_is_asked_once_more() {
    let refused = || error(401, "ExpiredAuthenticationToken");
    let script = script::start(vec![
        (GET, vec![refused(), Reply::json(200, network("Succeeded", "x")), refused()]),
        (TOKEN, vec![token("first", 3600), token("second", 3600)]),
    ])
    .await;
    let harness = connect(&script).await;
    harness.import("virtual_network", VNET, &config()).await.unwrap();
    assert_eq!(script.asked_for(TOKEN).len(), 2);
    let error = harness.import("virtual_network", VNET, &config()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Forbidden);
    assert!(!error.message.contains("second"));
}

async fn opened(harness: &Harness, scope: &str) -> Result<Opened, ProviderError> {
    let config = ValueBuf::from(Value::map([("scope", Value::string(scope))]));
    let request = OpenRequest { type_name: "access_token".to_owned(), config: config.clone() };
    let opened = harness.connection.open(request).await?;
    let schema = AzureProvider.schema().ephemeral("access_token").unwrap();
    let subject = Subject { provider: "azure", version: "test", type_name: "access_token", address: None };
    let breaches = check::answered(&subject, schema, config.view(), opened.values.view());
    assert!(breaches.is_empty(), "{breaches:?}");
    Ok(opened)
}

fn shown(opened: &Opened, name: &str) -> String {
    to_json(opened.values.view(), Masking::Exposed)[name].as_str().unwrap().to_owned()
}

async fn an_access_token_is_opened_and_renewed() {
    let script = script::start(vec![(TOKEN, vec![token("first", 200), token("second", 3600)])]).await;
    let harness = connect(&script).await;
    let first = opened(&harness, "6dae42f8-4368-4678-94ff-3960e28e3630/.default").await.unwrap();
    assert_eq!(shown(&first, "token"), "first");
    assert!(!format!("{:?}", first.values).contains("first"), "it is secret");
    let form = &script.asked_for(TOKEN)[0].body;
    assert!(form.contains("scope=6dae42f8-4368-4678-94ff-3960e28e3630%2F.default"), "{form}");
    let soon = first.renew_in_ms.unwrap();
    assert!((90_000..=100_000).contains(&soon), "half of what is left: {soon}");
    let second = harness.connection.renew(first.clone()).await.unwrap();
    assert_eq!(shown(&second, "token"), "second");
    assert!(shown(&second, "expires_at") > shown(&first, "expires_at"));
    let later = second.renew_in_ms.unwrap();
    assert!((3_350_000..=3_360_000).contains(&later), "four minutes before the end: {later}");
    assert_eq!(script.asked_for(TOKEN).len(), 2);
}

async fn a_scope_of_a_person_is_refused() {
    let script = script::start(vec![]).await;
    let harness = connect(&script).await;
    for scope in ["6dae42f8-4368-4678-94ff-3960e28e3630/user.read", "/.default"] {
        let error = opened(&harness, scope).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Invalid);
        assert!(error.message.contains(scope) && error.help.is_some(), "{error:?}");
    }
    assert!(script.asked().is_empty());
}

async fn an_application_proves_itself_by_its_certificate() {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let pem = |kind: &str, bytes: &[u8]| {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(bytes))
    };
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("application.pem");
    let file = pem("CERTIFICATE", b"a certificate") + &pem("PRIVATE KEY", key.as_der().unwrap().as_ref());
    std::fs::write(&path, file).unwrap();
    let script = script::start(vec![(GET, vec![Reply::json(200, network("Succeeded", "somebody"))])]).await;
    let text = |text: &str| Value::string(text);
    let configuration = Value::map([
        ("subscription_id", text("sub")),
        ("tenant_id", text("tenant")),
        ("client_id", text("client")),
        ("client_certificate_path", text(path.to_str().unwrap())),
        ("endpoint", text(&script.endpoint)),
        ("authority_host", text(&script.endpoint)),
    ]);
    let harness = Harness::encoded(AzureProvider, configuration, Environment::default()).await.unwrap();
    harness.read("virtual_network", &object(VNET)).await.unwrap();
    let body = script.asked_for(TOKEN)[0].body.clone();
    let fields: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!(fields["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_eq!(fields["client_assertion"].split('.').count(), 3);
    assert_eq!(fields.get("client_secret"), None);
    assert_eq!(script.asked_for(GET)[0].header("authorization"), Some("Bearer first"));
    // Without the file the reason is told, and nothing is asked.
    std::fs::remove_file(&path).unwrap();
    let configuration = Value::map([
        ("subscription_id", text("sub")),
        ("tenant_id", text("tenant")),
        ("client_id", text("client")),
        ("client_certificate_path", text(path.to_str().unwrap())),
        ("credential", text("client_certificate")),
        ("endpoint", text(&script.endpoint)),
        ("authority_host", text(&script.endpoint)),
    ]);
    let harness = Harness::encoded(AzureProvider, configuration, Environment::default()).await.unwrap();
    let request = ReadManyRequest { type_name: "virtual_network".to_owned(), objects: vec![object(VNET)] };
    let outcome = harness.connection.read_many(request).await.unwrap().pop().unwrap();
    let ReadOutcome::Failed(error) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.class, ErrorClass::Forbidden);
    assert!(error.message.contains("application.pem"), "{}", error.message);
    assert_eq!(script.asked_for(TOKEN).len(), 1);
}

async fn the_sandbox_is_the_only_address() {
    let script = script::start(vec![(GET, vec![Reply::json(200, network("Succeeded", "x"))])]).await;
    let configuration = || {
        Value::map([
            ("subscription_id", Value::string("sub")),
            ("endpoint", Value::string("https://management.azure.com")),
            ("client_secret", Value::string("real").secret()),
        ])
    };
    let nowhere = Environment { sandbox: true, ..Environment::default() };
    let refused = Harness::new(AzureProvider, configuration(), nowhere).await.err().unwrap();
    assert_eq!(refused.class, ErrorClass::Forbidden);
    let endpoint = SandboxEndpoint { url: script.endpoint.clone(), token: "play".to_owned(), ca_pem: String::new() };
    let environment = Environment { sandbox: true, sandbox_endpoint: Some(endpoint), ..Environment::default() };
    let harness = Harness::encoded(AzureProvider, configuration(), environment).await.unwrap();
    harness.import("virtual_network", VNET, &config()).await.unwrap();
    assert_eq!(script.asked().len(), 1, "no token is asked for");
    assert_eq!(script.asked()[0].header("authorization"), Some("Bearer play"));
}
