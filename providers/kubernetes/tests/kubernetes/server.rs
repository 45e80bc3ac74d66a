//! The API server for the suite: any cluster whose kubeconfig `FORMWORK_TEST_KUBECONFIG` names; a real one, of etcd,
//! kube-apiserver and, where it is there, kube-controller-manager of `KUBEBUILDER_ASSETS`; or that of a sandbox, which the
//! command that `FORMWORK_PROGRAM` names starts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(180);

/// A server with all rights.
pub struct Server {
    pub kubeconfig: String,
    /// Whether controllers run: namespaces end, Deployments get pods.
    pub controllers: bool,
    /// Whether pods run, too: an API server and its controllers alone have no node.
    pub nodes: bool,
    children: Vec<Child>,
    /// The command whose sandbox it is.
    sandbox: Option<PathBuf>,
    folder: Option<tempfile::TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            drop(child.kill());
            drop(child.wait());
        }
        if let (Some(program), Some(folder)) = (&self.sandbox, &self.folder) {
            drop(formwork(program, folder.path(), &["sandbox", "stop"]));
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    pub fn find() -> Result<Self, String> {
        if let Some(path) = std::env::var_os("FORMWORK_TEST_KUBECONFIG") {
            let kubeconfig = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            return Ok(Self {
                kubeconfig,
                controllers: true,
                nodes: true,
                children: Vec::new(),
                sandbox: None,
                folder: None,
            });
        }
        let named = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
        match (named("KUBEBUILDER_ASSETS"), named("FORMWORK_PROGRAM")) {
            (Some(assets), _) => Self::start(&assets),
            // It is there: that it does not work is no reason to test nothing.
            (None, Some(program)) => {
                Ok(Self::in_sandbox(program).unwrap_or_else(|reason| panic!("no sandbox: {reason}")))
            }
            (None, None) => {
                Err("none of FORMWORK_TEST_KUBECONFIG, KUBEBUILDER_ASSETS and FORMWORK_PROGRAM is set".into())
            }
        }
    }

    /// Whether it is not a sandbox's.
    pub fn is_real(&self) -> bool {
        self.sandbox.is_none()
    }

    /// A cluster of a sandbox's Azure.
    pub fn in_sandbox(program: PathBuf) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).map_err(|error| error.to_string());
        write("formwork.toml", "[stack]\nname = \"suite\"\nversion = \"0.1.0\"\n")?;
        write("main.fw", CLUSTER)?;
        let run = |arguments: &[&str]| formwork(&program, folder.path(), arguments);
        run(&["sandbox", "start", "--latency", "fast", "--idle", "10m"])?;
        run(&["apply", "--sandbox", "--auto-approve"])?;
        let kubeconfig = run(&["output", "--sandbox", "kubeconfig", "--raw"])?;
        let (sandbox, folder) = (Some(program.clone()), Some(folder));
        Ok(Self { kubeconfig, controllers: true, nodes: true, children: Vec::new(), sandbox, folder })
    }

    fn start(assets: &Path) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut server = Self {
            kubeconfig: String::new(),
            controllers: false,
            nodes: false,
            children: Vec::new(),
            sandbox: None,
            folder: None,
        };
        let (client, peer, port) = (free_port(), free_port(), free_port());
        let file = |name: &str| folder.path().join(name).display().to_string();
        let etcd = format!("http://127.0.0.1:{client}");
        server.run(
            assets,
            "etcd",
            folder.path(),
            &[
                format!("--data-dir={}", file("etcd")),
                format!("--listen-client-urls={etcd}"),
                format!("--advertise-client-urls={etcd}"),
                format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
            ],
        )?;
        let key = rcgen::KeyPair::generate().map_err(|error| error.to_string())?;
        std::fs::write(file("sa.key"), key.serialize_pem()).map_err(|error| error.to_string())?;
        std::fs::write(file("sa.pub"), key.public_key_pem()).map_err(|error| error.to_string())?;
        std::fs::write(file("tokens.csv"), "s3cret,admin,admin,system:masters\n").map_err(|error| error.to_string())?;
        server.run(
            assets,
            "kube-apiserver",
            folder.path(),
            &[
                format!("--etcd-servers={etcd}"),
                format!("--secure-port={port}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--cert-dir={}", file("certs")),
                format!("--service-account-key-file={}", file("sa.pub")),
                format!("--service-account-signing-key-file={}", file("sa.key")),
                "--service-account-issuer=https://formwork.test".to_owned(),
                format!("--token-auth-file={}", file("tokens.csv")),
                "--authorization-mode=RBAC".to_owned(),
                "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
                "--disable-admission-plugins=ServiceAccount".to_owned(),
                "--allow-privileged=true".to_owned(),
            ],
        )?;
        let certificate = PathBuf::from(file("certs")).join("apiserver.crt");
        until(|| certificate.exists(), "the API server makes no certificate")?;
        server.kubeconfig = kubeconfig(port, &std::fs::read(&certificate).map_err(|error| error.to_string())?);
        until(|| ready(port), "the API server does not become ready")?;
        if assets.join("kube-controller-manager").exists() {
            std::fs::write(file("kubeconfig"), &server.kubeconfig).map_err(|error| error.to_string())?;
            server.run(
                assets,
                "kube-controller-manager",
                folder.path(),
                &[
                    format!("--kubeconfig={}", file("kubeconfig")),
                    format!("--service-account-private-key-file={}", file("sa.key")),
                    "--leader-elect=false".to_owned(),
                    "--secure-port=0".to_owned(),
                ],
            )?;
            server.controllers = true;
        }
        server.folder = Some(folder);
        Ok(server)
    }

    fn run(&mut self, assets: &Path, name: &str, folder: &Path, args: &[String]) -> Result<(), String> {
        let log = std::fs::File::create(folder.join(format!("{name}.log"))).map_err(|error| error.to_string())?;
        let mut command = Command::new(assets.join(name));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.children.push(command.spawn().map_err(|error| format!("{name}: {error}"))?);
        Ok(())
    }
}

const CLUSTER: &str = include_str!("../../../../tests/program/aks.fw");

/// What the command prints; an error where it is not content.
fn formwork(program: &Path, folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).env("HOME", folder).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr))),
    }
}

fn until(is: impl Fn() -> bool, otherwise: &str) -> Result<(), String> {
    let started = Instant::now();
    while !is() {
        if started.elapsed() > PATIENCE {
            return Err(otherwise.to_owned());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Whether it answers at all; the suite's first requests wait for the rest.
fn ready(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn kubeconfig(port: u16, ca: &[u8]) -> String {
    let ca = STANDARD.encode(ca);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\ncontexts: [{{name: test, context: {{cluster: test, user: test}}}}]\n\
         clusters: [{{name: test, cluster: {{server: 'https://127.0.0.1:{port}', certificate-authority-data: {ca}}}}}]\n\
         users: [{{name: test, user: {{token: s3cret}}}}]\n"
    )
}
