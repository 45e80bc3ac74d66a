//! A cluster that is reached by an ephemeral token: an EKS cluster on moto, whose API server asks STS who comes, as EKS does.
//! The server is a sandbox's, behind a door that takes `aws.eks_token`s and nothing else.

use crate::cloud::{Api, Cloud};
use crate::kubernetes::{cluster, files_with};
use crate::moto::{self, CREDENTIALS, Moto};
use crate::support::{Bench, Ran};
use crate::wire::{Message, read_message};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use std::io::{self, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Ignored where there is no moto.
pub(crate) fn trials() -> Vec<Trial> {
    let test = || {
        a_token_opens_the_cluster();
        Ok(())
    };
    vec![Trial::test("eks::a_token_opens_the_cluster", test).with_ignored_flag(!moto::is_here())]
}

const STACK: &str = r#"
provider aws { region = "eu-west-1", endpoint = "ENDPOINT" }

resource shop: aws.eks_cluster {
  name = "shop"
  role_arn = "arn:aws:iam::123456789012:role/control-plane"
  resources_vpc_config = { subnet_ids = ["subnet-1", "subnet-2"] }
}

ephemeral token: aws.eks_token { cluster = shop }

provider kubernetes { host = "HOST", token = token.token, cluster = shop.arn }

resource team: kubernetes.namespace { name = "team" }
resource settings: kubernetes.config_map { name = "settings", namespace = team, data = { color = "COLOR" } }
"#;

fn a_token_opens_the_cluster() {
    let (_sandboxed, cloud, api) = cluster();
    let moto = Moto::start();
    let door = Door::open(&moto, cloud, api);
    let stack = |color: &str| {
        STACK.replace("ENDPOINT", &moto.endpoint).replace("HOST", &door.0.address).replace("COLOR", color)
    };
    let bench = Bench::new(&[("main.fw", &stack("red"))]);
    let run = |arguments: &[&str]| Ran::of(&bench.command(arguments).envs(CREDENTIALS).output().unwrap());

    let plan = run(&["plan"]).expect(0);
    assert!(plan.out.contains("Plan: 3 to create"), "{}", plan.out);
    assert_eq!(door.tokens(), 0, "there is no cluster to reach yet");
    let applied = run(&["apply", "--auto-approve"]).expect(0);
    assert!(applied.err.contains("3 created"), "{}", applied.err);
    assert_eq!(door.tokens(), 1);
    // Signed in the same second, it would be the same token.
    std::thread::sleep(Duration::from_millis(1100));
    run(&["plan", "--detailed-exitcode"]).expect(0);
    assert_eq!(door.tokens(), 2, "the plan opened a token of its own");

    bench.write("main.fw", &stack("blue"));
    let planned = run(&["plan", "--out", "plan.bin"]).expect(0);
    assert!(planned.out.contains("Plan: 1 to change"), "{}", planned.out);
    let changed = run(&["apply", "plan.bin"]).expect(0);
    assert!(changed.err.contains("1 changed"), "{}", changed.err);
    for ran in [&plan, &applied, &planned, &changed] {
        assert!(!ran.out.contains("k8s-aws-v1.") && !ran.err.contains("k8s-aws-v1."), "{}{}", ran.out, ran.err);
    }
    assert_eq!(files_with(bench.home(), &["k8s-aws-v1."]), Vec::<String>::new(), "nothing is stored");

    // Named by text, it is there before its cluster is: the objects in a cluster that is replaced can be deleted first.
    let replaced =
        stack("blue").replace("cluster = shop }", "cluster = \"shop\" }").replace("role/control", "role/other");
    bench.write("main.fw", &replaced);
    let replaced = run(&["apply", "--auto-approve"]).expect(0);
    assert!(replaced.err.contains("3 created, 3 deleted"), "{}", replaced.err);

    let gone = run(&["destroy", "--auto-approve"]).expect(0);
    assert!(gone.err.contains("3 deleted"), "{}", gone.err);
    assert!(door.0.refused.lock().unwrap().is_empty(), "{:?}", door.0.refused);
}

/// Stands before an API server and lets in who STS knows.
struct Door(Arc<Inner>);

struct Inner {
    address: String,
    sts: String,
    cloud: Mutex<Cloud>,
    api: Api,
    /// All that were let in.
    taken: Mutex<BTreeSet<String>>,
    /// Why others were not.
    refused: Mutex<Vec<String>>,
}

impl Door {
    fn open(moto: &Moto, cloud: Cloud, api: Api) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (sts, cloud) = (moto.endpoint.clone(), Mutex::new(cloud));
        let inner = Arc::new(Inner { address, sts, cloud, api, taken: Mutex::default(), refused: Mutex::default() });
        let serving = Arc::clone(&inner);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || drop(serving.serve(client)));
            }
        });
        Self(inner)
    }

    /// How many different tokens were let in.
    fn tokens(&self) -> usize {
        self.0.taken.lock().unwrap().len()
    }
}

impl Inner {
    /// One connection: requests one after the other.
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let mut client = client;
        while let Some(request) = read_message(&mut reader)? {
            let (status, body) = self.answer(&request);
            let length = body.len();
            write!(
                client,
                "HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )?;
        }
        Ok(())
    }

    fn answer(&self, request: &Message) -> (u16, String) {
        let token = request.header("authorization").and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
        if let Err(reason) = self.check(token) {
            self.refused.lock().unwrap().push(reason);
            let status = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","message":"Unauthorized","code":401}"#;
            return (401, status.to_owned());
        }
        self.taken.lock().unwrap().insert(token.to_owned());
        let mut words = request.lines[0].split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let body = serde_json::from_slice(&request.body).ok();
        let kind = request.header("content-type").unwrap_or_default();
        let (status, answer) = self.cloud.lock().unwrap().pass(&self.api, method, path, kind, body.as_ref());
        (status, answer.to_string())
    }

    /// What EKS looks at (aws-iam-authenticator, `pkg/token`): the address is one of STS, asks for nothing but the caller's
    /// identity, is bound to the cluster by a signed header, and STS answers it.
    fn check(&self, token: &str) -> Result<(), String> {
        let encoded = token.strip_prefix("k8s-aws-v1.").ok_or("no token of this kind")?;
        let url = URL_SAFE_NO_PAD.decode(encoded).map_err(|error| error.to_string())?;
        let url = String::from_utf8(url).map_err(|error| error.to_string())?;
        let query = url.strip_prefix(&self.sts).and_then(|rest| rest.strip_prefix("/?"));
        let query = query.ok_or_else(|| format!("another host: {url}"))?;
        let has = |pair: &str| query.split('&').any(|one| one == pair);
        let wanted = [
            "Action=GetCallerIdentity",
            "Version=2011-06-15",
            "X-Amz-Expires=60",
            "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
        ];
        if let Some(missing) = wanted.iter().find(|pair| !has(pair)) {
            return Err(format!("no {missing}: {url}"));
        }
        let host = self.sts.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).map_err(|error| error.to_string())?;
        // moto tells the services at its one address apart by a header that a presigned request has not.
        let service = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260301/eu-west-1/sts/aws4_request";
        let headers = format!("Host: {host}\r\nx-k8s-aws-id: shop\r\n{service}\r\nConnection: close");
        let request = format!("GET /?{query} HTTP/1.1\r\n{headers}\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        let answer =
            read_message(&mut BufReader::new(stream)).map_err(|error| error.to_string())?.ok_or("no answer")?;
        let body = String::from_utf8_lossy(&answer.body);
        match body.contains("<GetCallerIdentityResult>") {
            true => Ok(()),
            false => Err(format!("{}: {body}", answer.lines[0])),
        }
    }
}
