//! Microsoft's own clients, in Python, against a sandbox's process: over HTTPS, signed in with its token, trusting its
//! authority, as anybody's program would.
//!
//! The scripts beside this file create, wait with the client's own poller, read, list, update and delete with every client.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

#[path = "../process/mod.rs"]
mod process;

use libtest_mimic::{Arguments, Failed, Trial};
use process::Process;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One for each client: `resource`, `network` and so on are those of `azure-mgmt-…`, the last two those of vaults.
const SCRIPTS: [&str; 12] = [
    "resource",
    "network",
    "dns",
    "msi",
    "authorization",
    "keyvault",
    "storage",
    "containerregistry",
    "containerservice",
    "compute",
    "vault_secrets",
    "vault_keys",
];

fn main() {
    let arguments = Arguments::from_args();
    let (python, program) = (python(), process::program());
    let trials = SCRIPTS.map(|script| {
        let both = python.clone().zip(program.clone());
        let skipped = both.is_none();
        let trial = Trial::test(format!("client {script}"), move || {
            both.as_ref().map_or(Ok(()), |(python, program)| run(python, program, script))
        });
        trial.with_ignored_flag(skipped)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

/// A Python that has the clients, from the folder of test tools or from the path.
fn python() -> Option<PathBuf> {
    let folders =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let named = std::env::var_os("FORMWORK_TEST_PYTHON").map(PathBuf::from);
    let found = folders.into_iter().map(|folder| folder.join("python3")).filter(|path| path.exists());
    let check = "import azure.identity, azure.keyvault.keys, azure.keyvault.secrets, azure.mgmt.containerservice";
    named
        .into_iter()
        .chain(found)
        .take(6)
        .find(|python| Command::new(python).args(["-c", check]).output().is_ok_and(|output| output.status.success()))
}

fn run(python: &Path, program: &Path, script: &str) -> Result<(), Failed> {
    let home = tempfile::tempdir()?;
    let sandbox = Process::start(program, home.path(), &[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let mut command = Command::new(python);
    command.arg(folder.join(format!("{script}.py"))).env("PYTHONPATH", &folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("HOME", home.path()).env("REQUESTS_CA_BUNDLE", sandbox.fact("ca")).env("NO_PROXY", "*");
    for name in ["url", "arm", "vaults", "vault_domain", "tenant_id", "subscription_id", "client_id", "client_secret"] {
        command.env(format!("SANDBOX_{}", name.to_uppercase()), sandbox.fact(name));
    }
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{}{told}", String::from_utf8_lossy(&output.stdout)).into())
}
