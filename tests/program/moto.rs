//! moto, the emulator of AWS, beside the program.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The interpreter beside `moto_server`, which has boto3 too.
fn python() -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let directory = std::env::split_paths(&path).find(|directory| directory.join("moto_server").is_file())?;
    Some(directory.join("python3").to_str()?.to_owned())
}

/// Whether there is moto here.
pub(crate) fn is_here() -> bool {
    python().is_some_and(|python| runs(&python))
}

fn runs(python: &str) -> bool {
    let import = Command::new(python).args(["-c", "import boto3, moto.server"]).stderr(Stdio::null()).status();
    import.is_ok_and(|status| status.success())
}

/// moto on a free port; ends with the value.
pub(crate) struct Moto {
    pub(crate) endpoint: String,
    /// The interpreter, which has boto3 too.
    pub(crate) python: String,
    child: Child,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let python = python().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(&python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        command.env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true").stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(120), "moto does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { endpoint: format!("http://127.0.0.1:{port}"), python, child }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Any credentials do.
pub(crate) const CREDENTIALS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_EC2_METADATA_DISABLED", "true")];
