//! `secret_from` of vaults and encrypted files, by the whole program: what is asked, by whom, how often, and that nothing of
//! it is left anywhere.

use super::moto::{CREDENTIALS, Moto};
use super::secrets::{PASSWORD, refuse_forms, search};
use super::support::{Bench, Ran};
use super::trial;
use libtest_mimic::Trial;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("vaults::a_key_vault_is_asked_once_by_the_stacks_own_block", a_key_vault_is_asked_once),
        trial("vaults::a_changed_secret_is_refused", a_changed_secret_is_refused),
        trial("vaults::without_a_block_the_environment_says_who_asks", without_a_block),
        trial("vaults::a_secret_that_configures_who_reads_it_is_a_circle", a_circle),
        trial("vaults::a_refusal_says_what_to_do", a_refusal_says_what_to_do),
        trial("vaults::nobody_is_asked_for_what_is_not_trusted", nobody_is_asked),
    ];
    let outside = [
        ("vaults::secrets_manager_leaves_no_trace", super::moto::is_here(), "moto", secrets_manager as fn()),
        ("vaults::sops_decrypts", sops_is_here(), "sops", sops_decrypts as fn()),
    ];
    for (name, is_here, what, test) in outside {
        let name = if is_here { name.to_owned() } else { format!("{name} (skipped: no {what})") };
        let run = move || {
            test();
            Ok(())
        };
        trials.push(Trial::test(name, run).with_ignored_flag(!is_here));
    }
    trials
}

/// Azure's authority and a vault in one: gives tokens to anybody, and the value that it has now.
struct Vault {
    url: String,
    /// The status and the body of its secrets.
    answer: Arc<Mutex<(u16, String)>>,
    /// Lines and bodies of what it was asked.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Vault {
    fn start(value: &str) -> Self {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.local_addr().unwrap());
        let vault = Self { url, answer: Arc::default(), asked: Arc::default() };
        vault.hold(value);
        let (answer, asked) = (Arc::clone(&vault.answer), Arc::clone(&vault.asked));
        std::thread::spawn(move || {
            for stream in server.incoming().flatten() {
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                std::thread::spawn(move || serve(stream, &answer, &asked));
            }
        });
        vault
    }

    fn hold(&self, value: &str) {
        *self.answer.lock().unwrap() = (200, serde_json::json!({ "value": value }).to_string());
    }

    /// How often a secret was asked for, and who asked for tokens, since the last time.
    fn told(&self) -> (usize, Vec<String>) {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let (secrets, tokens): (Vec<_>, Vec<_>) = asked.into_iter().partition(|line| line.starts_with("GET "));
        (secrets.len(), tokens)
    }

    /// A stack that reads two parts of a secret with a block of its own.
    fn stack(&self) -> String {
        let url = &self.url;
        format!(
            r#"
provider azure {{
  tenant_id = "of-the-block", client_id = "app", credential = "client_secret", authority_host = "{url}"
  client_secret = env_var("APP_SECRET")
}}
param user: secret<string> = secret_from("key_vault:{url}/vaults/shop/db#user")
param password: secret<string> = secret_from("key_vault:{url}/vaults/shop/db#password")
resource db: std.value {{ input = {{ user, password }} }}
output connection: secret<string> = "${{user}}:${{password}}@db"
"#
        )
    }
}

fn serve(stream: TcpStream, answer: &Mutex<(u16, String)>, asked: &Mutex<Vec<String>>) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            head.push(line.trim().to_lowercase());
        }
        let length =
            head.iter().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |text| text.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let is_token = head[0].starts_with("post ");
        asked.lock().unwrap().push(format!(
            "{} {}",
            head[0].replacen("get ", "GET ", 1),
            String::from_utf8(body).unwrap()
        ));
        let (status, text) = match is_token {
            true => (200, r#"{"access_token": "t0ken", "expires_in": 3600}"#.to_owned()),
            false => answer.lock().unwrap().clone(),
        };
        let length = text.len();
        let reply =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{text}");
        writer.write_all(reply.as_bytes()).unwrap();
    }
}

const MANIFEST: &str = "[stack]\nname = \"bench\"\n[allow]\nenv = [\"APP_SECRET\"]\n";

fn bench(vault: &Vault) -> Bench {
    let bench = Bench::new(&[("main.fw", &vault.stack())]);
    bench.write("formwork.toml", MANIFEST);
    bench
}

fn run(bench: &Bench, arguments: &[&str]) -> Ran {
    Ran::of(&bench.command(arguments).env("APP_SECRET", "of-the-app").output().unwrap())
}

/// What was said of errors, on one line: it is wrapped for people.
fn unwrapped(ran: &Ran) -> String {
    ran.err.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn both(password: &str) -> String {
    serde_json::json!({ "user": "app-user", "password": password }).to_string()
}

fn a_key_vault_is_asked_once() {
    let vault = Vault::start(&both("hunter2"));
    let bench = bench(&vault);
    for arguments in [&["check"][..], &["fmt", "--check"], &["explain", "db.input"], &["graph"]] {
        run(&bench, arguments);
        assert_eq!(vault.told(), (0, Vec::new()), "{arguments:?} asks nobody");
    }
    let file = bench.home().join("plan.fwplan").display().to_string();
    run(&bench, &["plan", "--out", &file]).expect(0);
    let by_the_block = |told: (usize, Vec<String>)| {
        assert_eq!((told.0, told.1.len()), (1, 1), "{told:?}");
        assert!(told.1[0].starts_with("post /of-the-block/"), "{told:?}");
        assert!(told.1[0].contains("client_id=app") && told.1[0].contains("of-the-app"), "{told:?}");
    };
    by_the_block(vault.told());
    // The plan alone says who asks: it is applied where there are no sources.
    let elsewhere = bench.home().join("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let mut apply = bench.command(&["apply", &file]);
    Ran::of(&apply.current_dir(&elsewhere).env("APP_SECRET", "of-the-app").output().unwrap()).expect(0);
    by_the_block(vault.told());
    let connection = run(&bench, &["output", "connection", "--raw"]).expect(0).out;
    assert_eq!(connection.trim(), "app-user:hunter2@db");
    run(&bench, &["plan", "--detailed-exitcode"]).expect(0);
    by_the_block(vault.told());
    // A rehearsal asks only where it may, and shows a stand-in.
    vault.hold(&both("hunter3"));
    let rehearsed = run(&bench, &["rehearse"]).expect(0);
    assert_eq!(vault.told(), (0, Vec::new()));
    let with_credentials = run(&bench, &["rehearse", "--read-data"]).expect(0);
    by_the_block(vault.told());
    assert!(!rehearsed.out.contains("hunter") && !with_credentials.out.contains("hunter"), "{}", with_credentials.out);
}

fn a_changed_secret_is_refused() {
    let vault = Vault::start(&both("hunter2"));
    let bench = bench(&vault);
    let file = bench.home().join("plan.fwplan").display().to_string();
    run(&bench, &["plan", "--out", &file]).expect(0);
    vault.hold(&both("hunter3"));
    let refused = unwrapped(&run(&bench, &["apply", &file]).expect(1));
    assert!(refused.contains("E1035") && refused.contains("#password"), "{refused}");
    assert!(!refused.contains("#user") && !refused.contains("hunter"), "only what changed:\n{refused}");
    *vault.answer.lock().unwrap() = (403, r#"{"error": {"code": "Forbidden", "message": "no more"}}"#.to_owned());
    let refused = unwrapped(&run(&bench, &["apply", &file]).expect(1));
    assert!(refused.contains("E1035") && refused.contains("no more"), "why it cannot be had:\n{refused}");
    vault.hold(&both("hunter2"));
    run(&bench, &["apply", &file]).expect(0);
}

fn without_a_block() {
    let vault = Vault::start("hunter2");
    let stack = format!(
        "provider mock {{}}\nparam password: secret<string> = secret_from(\"key_vault:{}/vaults/shop/db\")\n\
         resource db: mock.thing {{ name = \"db\", password }}\n",
        vault.url
    );
    let bench = Bench::new(&[("main.fw", &stack)]);
    let variables = [
        ("AZURE_TENANT_ID", "of-the-environment"),
        ("AZURE_CLIENT_ID", "app"),
        ("AZURE_CLIENT_SECRET", "s3cret"),
        ("AZURE_AUTHORITY_HOST", &vault.url),
    ];
    Ran::of(&bench.command(&["plan"]).envs(variables).output().unwrap()).expect(0);
    let (secrets, tokens) = vault.told();
    assert_eq!((secrets, tokens.len()), (1, 1));
    assert!(tokens[0].starts_with("post /of-the-environment/"), "{tokens:?}");
}

fn a_circle() {
    let vault = Vault::start("hunter2");
    let stack = format!(
        r#"
provider azure {{ tenant_id = "t", client_id = "c", client_secret = secret_from("key_vault:{url}/vaults/shop/app") }}
param password: secret<string> = secret_from("key_vault:{url}/vaults/shop/db")
resource db: std.value {{ input = password }}
"#,
        url = vault.url
    );
    let bench = Bench::new(&[("main.fw", &stack)]);
    let refused = unwrapped(&bench.run(&["plan"]).expect(1));
    assert!(refused.contains("E1017") && refused.contains("would have to be configured by what it reads"), "{refused}");
    assert_eq!(vault.told(), (0, Vec::new()));
}

fn a_refusal_says_what_to_do() {
    let vault = Vault::start("hunter2");
    let bench = bench(&vault);
    let told = |status: u16, body: &str| {
        *vault.answer.lock().unwrap() = (status, body.to_owned());
        let ran = run(&bench, &["plan"]).expect(1);
        unwrapped(&ran)
    };
    let refused = told(403, r#"{"error": {"code": "Forbidden", "message": "Caller is not authorized"}}"#);
    for part in ["E1017", "may not be read", "Caller is not authorized", "`provider azure`", "Key Vault Secrets User"] {
        assert!(refused.contains(part), "{part} is not in\n{refused}");
    }
    assert_eq!(vault.told().0, 1, "a refusal is not repeated, and both parts share it");
    let refused = told(200, r#"{"value": "hunter2"}"#);
    assert!(
        refused.contains("E1017") && refused.contains("it is not JSON") && !refused.contains("hunter2"),
        "{refused}"
    );
    let refused = told(200, r#"{"value": "{\"usr\": \"a\", \"password\": \"hunter2\"}"}"#);
    assert!(refused.contains("there is no `user` in it; did you mean `usr`?"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
}

fn nobody_is_asked() {
    let vault = Vault::start(&both("hunter2"));
    let bench = bench(&vault);
    let refused = unwrapped(&run(&bench, &["plan", "--untrusted"]).expect(1));
    assert!(refused.contains("E1017") && refused.contains("--untrusted"), "{refused}");
    let stand_ins = format!(
        "[sandbox.values]\nAPP_SECRET = \"none\"\n\"key_vault:{0}/vaults/shop/db#user\" = \"nobody\"\n\
         \"key_vault:{0}/vaults/shop/db#password\" = \"nothing\"\n",
        vault.url
    );
    bench.write("formwork.toml", &format!("{MANIFEST}{stand_ins}"));
    run(&bench, &["plan", "--sandbox"]).expect(0);
    run(&bench, &["sandbox", "stop"]).expect(0);
    assert_eq!(vault.told(), (0, Vec::new()));
}

const ON_AWS: &str = r#"
provider mock {}
provider aws { region = "eu-west-1", endpoint = env_var("EMULATOR") }
param password: secret<string> = secret_from("secrets_manager:prod/db#login.password")
param token: secret<string> = secret_from("secrets_manager:prod/token")
resource db: mock.thing { name = "db", password }
resource kept: std.value { input = { password, token } }
output connection: secret<string> = "postgres://app:${password}@db"
"#;

fn secrets_manager() {
    let moto = Moto::start();
    let put = |name: &str, text: &str| {
        let script = "import boto3, sys\n\
                      c = boto3.client('secretsmanager', region_name='eu-west-1', endpoint_url=sys.argv[1])\n\
                      text = sys.stdin.read()\n\
                      try: c.create_secret(Name=sys.argv[2], SecretString=text)\n\
                      except c.exceptions.ResourceExistsException: c.put_secret_value(SecretId=sys.argv[2], SecretString=text)\n";
        let mut python = Command::new(&moto.python);
        python.args(["-c", script, &moto.endpoint, name]).envs(CREDENTIALS).stdin(Stdio::piped());
        let mut child = python.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    };
    let of_both = |password: &str| serde_json::json!({ "login": { "user": "app", "password": password } }).to_string();
    put("prod/db", &of_both(PASSWORD));
    put("prod/token", PASSWORD);
    let bench = Bench::new(&[("main.fw", ON_AWS)]);
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[allow]\nenv = [\"EMULATOR\"]\n");
    let run = |arguments: &[&str]| {
        let mut command = bench.command(arguments);
        command.envs(CREDENTIALS).env("EMULATOR", &moto.endpoint).env("FORMWORK_LOG", "trace");
        Ran::of(&command.output().unwrap())
    };
    let file = bench.home().join("plan.fwplan").display().to_string();
    let mut said = String::new();
    for arguments in [
        &["check"][..],
        &["plan", "--out", &file],
        &["show", &file, "--json"],
        &["apply", &file],
        &["plan", "--detailed-exitcode"],
        &["apply", "--auto-approve", "--json"],
        &["state", "show", "kept", "--json"],
        &["show", "--json"],
        &["output", "--json"],
        &["explain", "kept.input"],
    ] {
        let ran = run(arguments).expect(0);
        said.push_str(&ran.out);
        said.push_str(&ran.err);
    }
    assert!(said.contains("secretsmanager.GetSecretValue"), "the call is traced:\n{said}");
    let connection = run(&["output", "connection", "--raw"]).expect(0).out;
    assert!(connection.contains(PASSWORD), "{connection}");
    run(&["plan", "--replace", "db", "--out", &file]).expect(0);
    put("prod/db", &of_both("another-one"));
    let refused = run(&["apply", &file]).expect(1);
    assert!(refused.err.contains("E1035") && !refused.err.contains("another-one"), "{}", refused.err);
    said.push_str(&refused.err);
    refuse_forms("what was said", said.as_bytes());
    search(bench.home());
}

fn sops_is_here() -> bool {
    let version = Command::new("sops").args(["--version", "--disable-version-check"]).stderr(Stdio::null()).output();
    version.is_ok_and(|output| output.status.success())
}

/// Of nobody: made for this test.
const AGE_KEY: &str = "AGE-SECRET-KEY-153Y0MLUGMK6SR8C8Q5AHLK487V9ECGRPCQP8QUMW3VXVKNKC4GSSFCY6QV";
const AGE_RECIPIENT: &str = "age19q79v0v7u7q4vkgkauytfcn9hrp9hfnxmt7r8da0fjajjstsdf8qymz3j9";

fn sops_decrypts() {
    let stack = r#"
param password: secret<string> = secret_from("sops:secrets/prod.yaml#db.password")
param port: secret<string> = secret_from("sops:secrets/prod.yaml#db.ports.1")
param whole: secret<string> = secret_from("sops:secrets/note.txt")
resource kept: std.value { input = { password, port, whole } }
output all: secret<string> = "${password} ${port} ${whole}"
"#;
    let bench = Bench::new(&[("main.fw", stack)]);
    bench.write("plain.yaml", &format!("db:\n  password: {}\n  ports: [1, 5432]\n", serde_json::json!(PASSWORD)));
    bench.write("plain.txt", "a whole note\n");
    for (from, to) in [("plain.yaml", "secrets/prod.yaml"), ("plain.txt", "secrets/note.txt")] {
        let mut sops = Command::new("sops");
        sops.args(["--encrypt", "--age", AGE_RECIPIENT, from]).current_dir(bench.root());
        let output = sops.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        bench.write(to, &String::from_utf8(output.stdout).unwrap());
        std::fs::remove_file(bench.root().join(from)).unwrap();
    }
    let run = |key: &str, arguments: &[&str]| {
        let mut command = bench.command(arguments);
        Ran::of(&command.env("SOPS_AGE_KEY", key).env("FORMWORK_LOG", "trace").output().unwrap())
    };
    let refused = unwrapped(&run(AGE_KEY, &["plan"]).expect(1));
    assert!(refused.contains("E1017") && refused.contains("does not allow running `sops`"), "{refused}");
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[allow]\nexec = [\"sops\"]\n");
    let refused = unwrapped(&run("", &["plan"]).expect(1));
    assert!(refused.contains("sops cannot decrypt") && refused.contains("SOPS_AGE_KEY_FILE"), "{refused}");
    let refused = unwrapped(&run(AGE_KEY, &["plan", "--untrusted"]).expect(1));
    assert!(refused.contains("--untrusted"), "{refused}");
    let applied = run(AGE_KEY, &["apply", "--auto-approve"]).expect(0);
    run(AGE_KEY, &["plan", "--detailed-exitcode"]).expect(0);
    let all = run("", &["output", "all", "--raw"]).expect(0).out;
    assert_eq!(all.trim(), format!("{PASSWORD} 5432 a whole note"));
    refuse_forms("what was said", format!("{}{}", applied.out, applied.err).as_bytes());
    search(bench.home());
    bench.write("secrets/prod.yaml", "db: {password: open}\n");
    let refused = unwrapped(&run(AGE_KEY, &["plan"]).expect(1));
    assert!(refused.contains("sops metadata not found"), "{refused}");
    let mut without = bench.command(&["plan"]);
    let refused = unwrapped(&Ran::of(&without.env("PATH", bench.home()).output().unwrap()).expect(1));
    assert!(refused.contains("`sops` is not installed"), "{refused}");
}
