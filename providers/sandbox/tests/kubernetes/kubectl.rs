//! kubectl's ways of writing and reading.

use crate::server::Server;
use serde_json::{Value as Json, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

crate::tests![
    applies_and_reads_back,
    two_managers_share_a_deployment,
    unknown_fields_are_refused,
    client_side_apply_merges_containers,
    diff_tells_what_would_change,
    explains_a_nested_field,
    makes_what_its_create_commands_make,
    asks_what_it_may,
    rolls_out_and_scales,
    an_image_that_does_not_exist_is_told_of,
    logs_are_refused_politely,
    lists_in_chunks,
];

/// kubectl on one cluster.
pub struct Kubectl {
    home: tempfile::TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Whether there is a kubectl that speaks `OpenAPI` v3.
pub fn available() -> Result<(), String> {
    let output = Command::new("kubectl").args(["version", "--client", "-o", "json"]).output();
    let output = output.map_err(|_| "kubectl is not installed".to_owned())?;
    let version: Json = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let minor =
        version["clientVersion"]["minor"].as_str().unwrap_or_default().trim_end_matches('+').parse().unwrap_or(0);
    if minor >= 27 { Ok(()) } else { Err("kubectl is older than 1.27".into()) }
}

impl Kubectl {
    pub fn on(server: &Server) -> Self {
        Self::with(&server.kubeconfig("c1"))
    }

    pub fn with(kubeconfig: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config"), kubeconfig).unwrap();
        Self { home }
    }

    pub fn run(&self, arguments: &str) -> Done {
        self.pipe(arguments, "")
    }

    /// Runs with words split at blanks and a text on standard input.
    pub fn pipe(&self, arguments: &str, input: &str) -> Done {
        self.words(&arguments.split(' ').collect::<Vec<_>>(), input)
    }

    pub fn words(&self, arguments: &[&str], input: &str) -> Done {
        let mut command = Command::new("kubectl");
        command.args(arguments).env("KUBECONFIG", self.home.path().join("config")).env("HOME", self.home.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let feed = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let _ = feed.join();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Done { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs what has to succeed.
    pub fn ok(&self, arguments: &str) -> String {
        self.ok_pipe(arguments, "")
    }

    pub fn ok_pipe(&self, arguments: &str, input: &str) -> String {
        let done = self.pipe(arguments, input);
        assert_eq!(done.code, 0, "kubectl {arguments}: {done:?}");
        done.out
    }

    pub fn apply(&self, object: &Json, more: &str) -> Done {
        self.pipe(format!("apply -f - {more}").trim_end(), &object.to_string())
    }

    pub fn ok_apply(&self, object: &Json, more: &str) -> String {
        let done = self.apply(object, more);
        assert_eq!(done.code, 0, "kubectl apply {more}: {done:?}");
        done.out
    }

    pub fn get(&self, arguments: &str) -> Json {
        serde_json::from_str(&self.ok(&format!("get {arguments} -o json --show-managed-fields"))).unwrap()
    }

    pub fn namespace(&self, name: &str) {
        self.ok_apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}), "");
    }
}

/// A deployment with these containers.
pub fn deployment(namespace: &str, containers: &Json) -> Json {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}},
        },
    })
}

fn containers(deployment: &Json) -> &Json {
    &deployment["spec"]["template"]["spec"]["containers"]
}

fn applies_and_reads_back(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("apply");
    let object =
        deployment("apply", &json!([{"name": "web", "image": "web:1", "resources": {"limits": {"cpu": 0.5}}}]));
    assert_eq!(kubectl.ok_apply(&object, ""), "deployment.apps/web created\n");
    let live = kubectl.get("deployment web -n apply");
    assert_eq!(live["spec"]["replicas"], 1);
    assert_eq!(live["spec"]["strategy"]["rollingUpdate"]["maxSurge"], "25%");
    let container = &containers(&live)[0];
    assert_eq!(container["imagePullPolicy"], "IfNotPresent");
    assert_eq!(container["resources"]["requests"]["cpu"], "500m");
    let yaml = kubectl.ok("get deployment web -n apply -o yaml");
    assert!(yaml.contains("kind: Deployment") && yaml.contains("image: web:1"), "{yaml}");
    let table = kubectl.ok("get deployments -n apply");
    assert!(table.starts_with("NAME   READY   UP-TO-DATE   AVAILABLE   AGE"), "{table}");
    kubectl.ok("delete deployment web -n apply");
    let gone = kubectl.run("get deployment web -n apply");
    assert_eq!(gone.err, "Error from server (NotFound): deployments.apps \"web\" not found\n");
}

fn two_managers_share_a_deployment(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("managers");
    let own = deployment("managers", &json!([{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]));
    let metrics = json!([{"containerPort": 9090, "name": "metrics"}]);
    let with_side = |image: &str, ports: &Json| {
        let mut other = deployment(
            "managers",
            &json!([
                {"name": "proxy", "image": image},
                {"name": "web", "ports": ports},
            ]),
        );
        other["spec"].as_object_mut().unwrap().remove("selector");
        other["spec"]["template"].as_object_mut().unwrap().remove("metadata");
        other
    };
    kubectl.ok_apply(&own, "--server-side --field-manager=one");
    kubectl.ok_apply(&with_side("proxy:1", &metrics), "--server-side --field-manager=two");
    let live = kubectl.get("deployment web -n managers");
    let web = containers(&live).as_array().unwrap().iter().find(|one| one["name"] == "web").unwrap();
    let ports: Vec<_> = web["ports"].as_array().unwrap().iter().map(|one| one["containerPort"].clone()).collect();
    assert_eq!(ports, [80, 9090]);
    assert_eq!(containers(&live).as_array().unwrap().len(), 2);

    // A conflict names manager and field; force takes the field over.
    let mut conflicting = own.clone();
    conflicting["spec"]["template"]["spec"]["containers"] = json!([
        {"name": "proxy", "image": "proxy:2"}, {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]},
    ]);
    let refused = kubectl.apply(&conflicting, "--server-side --field-manager=one");
    let wanted = r#"conflict with "two": .spec.template.spec.containers[name="proxy"].image"#;
    assert!(refused.err.contains(wanted), "{refused:?}");

    // The second drops its port: it goes; the first's port stays, and so does its container.
    kubectl.ok_apply(&with_side("proxy:1", &json!([])), "--server-side --field-manager=two");
    let live = kubectl.get("deployment web -n managers");
    let web = containers(&live).as_array().unwrap().iter().find(|one| one["name"] == "web").unwrap();
    assert_eq!(web["ports"], json!([{"containerPort": 80, "protocol": "TCP"}]));
    kubectl.ok_apply(&conflicting, "--server-side --field-manager=one --force-conflicts");
    let live = kubectl.get("deployment web -n managers");
    let proxy = containers(&live).as_array().unwrap().iter().find(|one| one["name"] == "proxy").unwrap();
    assert_eq!(proxy["image"], "proxy:2");
}

fn unknown_fields_are_refused(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("unknown");
    let mut object = deployment("unknown", &json!([{"name": "web", "image": "web:1"}]));
    object["spec"]["replikas"] = json!(2);
    let refused = kubectl.apply(&object, "");
    assert!(refused.err.contains(r#"strict decoding error: unknown field "spec.replikas""#), "{refused:?}");
    let refused = kubectl.apply(&object, "--server-side");
    assert!(refused.err.contains(".spec.replikas: field not declared in schema"), "{refused:?}");
    let warned = kubectl.apply(&object, "--validate=warn");
    assert_eq!(warned.code, 0, "{warned:?}");
    assert!(warned.err.contains(r#"Warning: unknown field "spec.replikas""#), "{warned:?}");
    let mut object = deployment("unknown", &json!([{"name": "Web", "image": ""}]));
    object["metadata"]["name"] = json!("other");
    let refused = kubectl.apply(&object, "");
    assert!(refused.err.contains("The Deployment \"other\" is invalid"), "{refused:?}");
    assert!(refused.err.contains("spec.template.spec.containers[0].image: Required value"), "{refused:?}");
}

fn client_side_apply_merges_containers(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("client");
    kubectl.ok_apply(&deployment("client", &json!([{"name": "web", "image": "web:1"}])), "");
    let side = r#"{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"side:1"}]}}}}"#;
    let done = kubectl.words(&["patch", "deployment", "web", "-n", "client", "-p", side], "");
    assert_eq!(done.code, 0, "{done:?}");
    kubectl.ok_apply(&deployment("client", &json!([{"name": "web", "image": "web:2"}])), "");
    let live = kubectl.get("deployment web -n client");
    let images: Vec<_> = containers(&live).as_array().unwrap().iter().map(|one| one["image"].clone()).collect();
    assert_eq!(images.len(), 2, "{live}");
    assert!(images.contains(&json!("web:2")) && images.contains(&json!("side:1")), "{images:?}");
    let remove = r#"[{"op":"remove","path":"/spec/template/spec/containers/1"}]"#;
    let done = kubectl.words(&["patch", "deployment", "web", "-n", "client", "--type=json", "-p", remove], "");
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(containers(&kubectl.get("deployment web -n client")).as_array().unwrap().len(), 1);
}

fn diff_tells_what_would_change(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("diff");
    let object = deployment("diff", &json!([{"name": "web", "image": "web:1"}]));
    for how in ["", "--server-side"] {
        kubectl.ok_apply(&object, if how.is_empty() { "" } else { "--server-side --force-conflicts" });
        let same = kubectl.pipe(format!("diff -f - {how}").trim_end(), &object.to_string());
        assert_eq!((same.code, same.out.as_str()), (0, ""), "{same:?}");
        let changed = deployment("diff", &json!([{"name": "web", "image": "web:2"}]));
        let force = if how.is_empty() { "" } else { "--force-conflicts" };
        let words = format!("diff -f - {how} {force}");
        let words: Vec<_> = words.split_whitespace().collect();
        let differs = kubectl.words(&words, &changed.to_string());
        assert_eq!(differs.code, 1, "{differs:?}");
        assert!(differs.out.contains("+      - image: web:2"), "{differs:?}");
    }
    assert_eq!(containers(&kubectl.get("deployment web -n diff"))[0]["image"], "web:1");
}

fn explains_a_nested_field(server: &Server) {
    let kubectl = Kubectl::on(server);
    let text = kubectl.ok("explain deployment.spec.template.spec.containers.livenessProbe");
    assert!(text.contains("FIELD: livenessProbe <Probe>") && text.contains("initialDelaySeconds"), "{text}");
}

/// They send their binary form.
fn makes_what_its_create_commands_make(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("made");
    kubectl.ok("create service clusterip web -n made --tcp=80:8080 --tcp=443:https");
    let spec = kubectl.get("service web -n made")["spec"].clone();
    assert_eq!(spec["selector"], json!({"app": "web"}));
    let ports: Vec<_> = spec["ports"].as_array().unwrap().iter().map(|port| port["targetPort"].clone()).collect();
    assert_eq!(ports, [json!(8080), json!("https")]);
    kubectl.ok("create ingress web -n made --class=nginx --rule=shop.example.com/api*=web:80,tls=cert");
    let spec = kubectl.get("ingress web -n made")["spec"].clone();
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    assert_eq!(spec["rules"][0]["host"], "shop.example.com");
    assert_eq!(spec["rules"][0]["http"]["paths"], json!([{"path": "/api", "pathType": "Prefix", "backend": backend}]));
    assert_eq!(spec["tls"], json!([{"hosts": ["shop.example.com"], "secretName": "cert"}]));
    kubectl.ok("create poddisruptionbudget web -n made --selector=app=web --min-available=50%");
    assert_eq!(kubectl.get("pdb web -n made")["spec"]["minAvailable"], "50%");
    kubectl.ok("create priorityclass high-made --value=1000 --description=first");
    assert_eq!(kubectl.get("priorityclass high-made")["value"], 1000);
    kubectl.words(&["create", "cronjob", "nightly", "-n", "made", "--image=job:1", "--schedule=0 3 * * *"], "");
    let job = kubectl.get("cronjob nightly -n made");
    assert_eq!(job["spec"]["schedule"], "0 3 * * *");
    assert_eq!(job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"], "job:1");
}

fn asks_what_it_may(server: &Server) {
    let kubectl = Kubectl::on(server);
    assert_eq!(kubectl.ok("auth can-i create deployments.apps -n default").trim(), "yes");
    assert!(kubectl.ok("auth can-i --list").contains("*.*"));
    assert!(kubectl.ok("auth whoami").contains("Username"));
}

fn rolls_out_and_scales(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("rollout");
    kubectl.ok_apply(&deployment("rollout", &json!([{"name": "web", "image": "web:1"}])), "");
    kubectl.ok("rollout status deployment/web -n rollout --timeout=120s");
    kubectl.ok("wait --for=condition=Available deployment/web -n rollout --timeout=120s");
    kubectl.ok("scale deployment web -n rollout --replicas=3");
    kubectl.ok("wait --for=jsonpath={.status.readyReplicas}=3 deployment/web -n rollout --timeout=120s");
    kubectl.ok("set image deployment/web -n rollout web=web:2");
    kubectl.ok("rollout status deployment/web -n rollout --timeout=120s");
    let live = kubectl.get("deployment web -n rollout");
    assert_eq!(live["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    assert_eq!(live["status"]["observedGeneration"], live["metadata"]["generation"]);
    let history = kubectl.ok("rollout history deployment/web -n rollout");
    assert!(history.contains('1') && history.contains('2'), "{history}");
    kubectl.ok("rollout undo deployment/web -n rollout");
    kubectl.ok("rollout status deployment/web -n rollout --timeout=120s");
    assert_eq!(containers(&kubectl.get("deployment web -n rollout"))[0]["image"], "web:1");
    // Deleting waits until the pods are gone with it.
    kubectl.ok("delete deployment web -n rollout --cascade=foreground --timeout=120s");
    let pods = kubectl.get("pods -n rollout");
    assert_eq!(pods["items"], json!([]), "{pods}");
}

fn an_image_that_does_not_exist_is_told_of(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("image");
    kubectl.ok_apply(&deployment("image", &json!([{"name": "web", "image": "registry/does-not-exist:1"}])), "");
    let waiting = "{.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff";
    kubectl.ok("wait --for=create pod -l app=web -n image --timeout=120s");
    kubectl.ok(&format!("wait --for=jsonpath={waiting} pod -l app=web -n image --timeout=120s"));
    let events = kubectl.ok("get events -n image");
    assert!(events.contains("BackOff") && events.contains("does-not-exist"), "{events}");
    let late = kubectl.run("rollout status deployment/web -n image --timeout=1s");
    assert_ne!(late.code, 0);
}

fn logs_are_refused_politely(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("logs");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "namespace": "logs"},
        "spec": {"containers": [{"name": "one", "image": "one:1"}]},
    });
    kubectl.ok_apply(&pod, "");
    let refused = kubectl.run("logs one -n logs");
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("the sandbox runs no containers"), "{refused:?}");
}

fn lists_in_chunks(server: &Server) {
    let kubectl = Kubectl::on(server);
    kubectl.namespace("chunks");
    let items: Vec<_> = (0..7)
        .map(|index| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{index}"), "namespace": "chunks"}})
        })
        .collect();
    let stream: Vec<_> = items.iter().map(Json::to_string).collect();
    kubectl.ok_pipe("apply -f -", &stream.join("\n---\n"));
    let names = kubectl.ok("get configmaps -n chunks --chunk-size=3 -o name");
    // The seven, and the one that every namespace has.
    assert_eq!(names.lines().count(), 8, "{names}");
}
