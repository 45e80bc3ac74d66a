//! What can go wrong with a sandbox as a process: each says what, where, and what to do.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

/// Why a sandbox cannot be started, reached or stopped. A process that cannot serve writes it to standard output, for whoever
/// started it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Problem {
    /// A file or the directory cannot be used.
    Io {
        /// What was tried: "write".
        action: Cow<'static, str>,
        /// With which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file is not what was written.
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file was sealed with another key.
    OtherKey {
        /// Which.
        path: PathBuf,
    },
    /// The port that the sandbox's clients know belongs to another program now.
    PortTaken {
        /// Which.
        port: u16,
    },
    /// The port that was asked for, for plain HTTP, belongs to another program.
    PlainPortTaken {
        /// Which.
        port: u16,
    },
    /// A file was written by a newer version of the program.
    Newer {
        /// Which.
        path: PathBuf,
        /// The number of its form.
        form: String,
        /// The newest form that this program reads.
        known: String,
    },
    /// Another process serves this directory already.
    Running {
        /// Its id.
        process: u32,
    },
    /// The new process ended before it served.
    DidNotStart {
        /// What it said last.
        said: String,
        /// Where it writes what it has to say.
        log: PathBuf,
    },
    /// The process does not answer.
    Silent {
        /// Its id.
        process: u32,
        /// What happened instead.
        reason: String,
    },
    /// It is not running.
    NotRunning,
    /// It refused what it was asked for.
    Refused {
        /// Its answer.
        reason: String,
    },
    /// A failure rule cannot be read.
    BadRule {
        /// The rule.
        rule: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The machine gives no random bytes, or TLS cannot be set up.
    Random(String),
}

impl Problem {
    /// A file that cannot be used.
    pub(crate) fn io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { action: action.into(), path: path.to_owned(), reason: error.to_string() }
    }

    /// The code of its diagnostic.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::Random(_) => "E5001",
            Self::Damaged { .. } | Self::OtherKey { .. } | Self::Newer { .. } => "E5002",
            Self::PortTaken { .. } | Self::PlainPortTaken { .. } => "E5003",
            Self::Running { .. } | Self::DidNotStart { .. } => "E5004",
            Self::Silent { .. } => "E5005",
            Self::NotRunning => "E5006",
            Self::Refused { .. } => "E5007",
            Self::BadRule { .. } => "E5008",
        }
    }

    /// What a person can do.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Io { .. } => {
                "check that the directory exists, that you may write there, and that the disk is not full".to_owned()
            }
            Self::Damaged { .. } => {
                "`formwork sandbox reset` begins with an empty sandbox; nothing real is lost".to_owned()
            }
            Self::OtherKey { .. } => "set FORMWORK_STATE_KEY (or restore the key file) that it was written with, or \
                                      begin anew with `formwork sandbox reset`"
                .to_owned(),
            Self::PortTaken { port } => format!(
                "stop what listens on 127.0.0.1:{port}, or give the sandbox a new port with `formwork sandbox reset`"
            ),
            Self::PlainPortTaken { port } => {
                format!(
                    "stop what listens on 127.0.0.1:{port}, or name another port; `--http 0` takes any that is free"
                )
            }
            Self::Newer { .. } => {
                "use that version of Formwork, or begin with an empty sandbox: `formwork sandbox reset`; \
                                   nothing real is lost"
                    .to_owned()
            }
            Self::Running { process } => format!("stop process {process} with `formwork sandbox stop`"),
            Self::DidNotStart { log, .. } => format!("{} has what it said", log.display()),
            Self::Silent { process, .. } => {
                format!("end it with `kill {process}` and try again; what it has done so far is kept")
            }
            Self::NotRunning => "`formwork sandbox start` starts it, as does any command with `--sandbox`".to_owned(),
            Self::Refused { .. } => "`formwork sandbox log` shows its last requests".to_owned(),
            Self::BadRule { .. } => {
                "write for example \"type=Microsoft.Network/virtualNetworks,method=PUT,nth=2,error=throttled\""
                    .to_owned()
            }
            Self::Random(_) => "this is a limit of the machine; nothing was changed".to_owned(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io { action, path, reason } => write!(formatter, "cannot {action} {}: {reason}", path.display()),
            Self::Damaged { path, reason } => write!(formatter, "{} is damaged: {reason}", path.display()),
            Self::OtherKey { path } => write!(formatter, "{} was sealed with another key", path.display()),
            Self::PortTaken { port } => {
                write!(formatter, "port {port}, where this sandbox's clients look for it, is taken by another program")
            }
            Self::PlainPortTaken { port } => write!(formatter, "port {port} is taken by another program"),
            Self::Newer { path, form, known } => write!(
                formatter,
                "{} was written by a newer version of Formwork: it has form {form}, this version reads up to {known}",
                path.display()
            ),
            Self::Running { process } => write!(formatter, "process {process} serves this sandbox already"),
            Self::DidNotStart { said, .. } => write!(formatter, "the sandbox did not start: {said}"),
            Self::Silent { process, reason } => {
                write!(formatter, "the sandbox (process {process}) does not answer: {reason}")
            }
            Self::NotRunning => formatter.write_str("the sandbox is not running"),
            Self::Refused { reason } => write!(formatter, "the sandbox refused: {reason}"),
            Self::BadRule { rule, reason } => write!(formatter, "`{rule}` is no failure rule: {reason}"),
            Self::Random(reason) => write!(formatter, "the sandbox cannot be made: {reason}"),
        }
    }
}

impl std::error::Error for Problem {}
