//! `--sandbox` leaves the user's credentials behind before anything else happens: the program starts itself anew with the
//! variables that it needs and no others, and with a home directory that holds nothing. So neither a provider nor a program
//! that it runs can find a token, a profile or a key file, wherever it may look.

use crate::project::{Failure, refusal};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables that say nothing of who somebody is: the program's place, its terminal, its language.
const KEPT: &[&str] = &[
    "PATH",
    "PWD",
    "USER",
    "LOGNAME",
    "HOSTNAME",
    "SHELL",
    "TERM",
    "COLORTERM",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "CI",
    "RUST_BACKTRACE",
];
/// Those that begin so: our own, the language's parts, and where a stand-in for AWS listens (which must be loopback).
const KEPT_BEGINNINGS: &[&str] = &["FORMWORK_", "LC_", "AWS_ENDPOINT_URL"];

type Variables = BTreeMap<OsString, OsString>;

/// Starts the program anew without credentials, where there are any; `also` are variables that it needs besides.
pub(crate) fn enter(also: &[String]) -> Result<(), Failure> {
    if !cfg!(feature = "sandbox") {
        let help = "build Formwork with the feature `sandbox`, which is on by default";
        return Err(refusal("E5010", "this program was built without the sandbox", help));
    }
    let given: Variables = std::env::vars_os().collect();
    let mut kept = without_credentials(&given)?;
    let also = also
        .iter()
        .filter(|name| *name != "HOME")
        .map(OsString::from)
        .filter_map(|name| Some((given.get(&name)?.clone(), name)));
    kept.extend(also.map(|(value, name)| (name, value)));
    if kept == given {
        return Ok(());
    }
    let program = std::env::current_exe().map_err(|error| cannot(&error))?;
    let error = Command::new(program).args(std::env::args_os().skip(1)).env_clear().envs(kept).exec();
    Err(cannot(&error))
}

/// The variables of a process that works in the sandbox. What they are for these, they are for themselves.
pub(crate) fn without_credentials(given: &Variables) -> Result<Variables, Failure> {
    let data = data_directory(given)?;
    let home = data.join("formwork/sandbox-home");
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&home);
    made.map_err(|error| crate::project::unwritable(&home, &error))?;
    let mut kept: Variables =
        given.iter().filter(|(name, _)| is_kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    kept.insert("HOME".into(), home.into());
    // The key of the states lies there; it opens nothing of a cloud's.
    kept.insert("XDG_DATA_HOME".into(), data.into());
    Ok(kept)
}

fn is_kept(name: &OsString) -> bool {
    let Some(name) = name.to_str() else { return false };
    KEPT.contains(&name) || KEPT_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

fn data_directory(given: &Variables) -> Result<PathBuf, Failure> {
    let absolute =
        |name: &str| given.get(std::ffi::OsStr::new(name)).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| Path::join(&home, ".local/share")));
    data.ok_or_else(|| {
        let help = "set HOME: the sandbox's commands get a directory of their own there";
        refusal("E5010", "neither XDG_DATA_HOME nor HOME is set", help)
    })
}

fn cannot(error: &std::io::Error) -> Failure {
    let help = "check that the program's file is still where it was started from";
    refusal("E5010", format!("cannot start anew without credentials: {error}"), help)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_of_a_cloud_is_left_and_twice_is_the_same() {
        let home = std::env::temp_dir().join(format!("formwork-isolation-{}", std::process::id()));
        let given: Variables = [
            ("PATH", "/usr/bin"),
            ("HOME", home.to_str().unwrap()),
            ("AZURE_CLIENT_SECRET", "real"),
            ("AWS_SECRET_ACCESS_KEY", "real"),
            ("KUBECONFIG", "/home/real/config"),
            ("HTTPS_PROXY", "http://proxy"),
            ("XDG_CONFIG_HOME", "/home/real/.config"),
            ("FORMWORK_STATE_KEY", "a key of states"),
            ("LC_ALL", "C"),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
        let kept = without_credentials(&given).unwrap();
        let names: Vec<_> = kept.keys().map(|name| name.to_str().unwrap()).collect();
        assert_eq!(names, ["FORMWORK_STATE_KEY", "HOME", "LC_ALL", "PATH", "XDG_DATA_HOME"]);
        assert_ne!(kept.get(std::ffi::OsStr::new("HOME")), given.get(std::ffi::OsStr::new("HOME")));
        assert_eq!(without_credentials(&kept).unwrap(), kept);
        std::fs::remove_dir_all(home).unwrap();
    }
}
