//! Where text goes: to a terminal with colours, to a pipe without, to a closed pipe not at all.

use crate::arguments::Global;
use crate::render::harmless::painted;
use crate::render::plan::Detail;
use std::io::{self, IsTerminal, Write};

/// How this run talks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// JSON instead of text.
    pub(crate) json: bool,
    /// Colours on standard output.
    pub(crate) color: bool,
    /// Colours on standard error.
    pub(crate) error_color: bool,
    /// Standard error is a terminal: progress may move.
    pub(crate) live: bool,
    /// People can be asked.
    pub(crate) interactive: bool,
    /// How much a plan shows of long values.
    pub(crate) detail: Detail,
    /// Columns of text on standard error.
    pub(crate) width: usize,
    /// Columns of source on standard error; a pipe has no end.
    pub(crate) room: usize,
}

/// Wider lines are hard to read.
const WIDEST: usize = 110;
/// Narrower ones hold no source.
const NARROWEST: usize = 50;
/// Left of source stand line numbers and a bar.
const GUTTER: usize = 8;

impl Output {
    /// By flags, environment and terminals.
    pub(crate) fn new(global: &Global) -> Self {
        let wanted = !global.no_color && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|terminal| terminal == "dumb");
        let colors = |terminal: bool| wanted && !dumb && terminal;
        Self {
            json: global.json,
            color: colors(io::stdout().is_terminal()),
            error_color: colors(io::stderr().is_terminal()),
            live: io::stderr().is_terminal() && !dumb && !global.json,
            interactive: global.input && !global.json && io::stdin().is_terminal(),
            detail: if global.full { Detail::Full } else { Detail::Folded },
            width: columns().unwrap_or(WIDEST).clamp(NARROWEST, WIDEST),
            room: columns().map_or(usize::MAX, |columns| columns.max(NARROWEST) - GUTTER),
        }
    }
}

/// How wide the terminal is, where standard error is one.
fn columns() -> Option<usize> {
    terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0))
}

/// Writes what people read to standard output.
pub(crate) fn print(text: &str) {
    data(&painted(text));
}

/// Writes what programs read to standard output, as it is. A reader that has gone away (`| head`) ends the program
/// quietly.
pub(crate) fn data(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("error: cannot write to standard output: {error}");
        std::process::exit(1);
    }
}

/// Writes what people read to standard error; a closed one is passed over.
pub(crate) fn tell(text: &str) {
    drop(io::stderr().lock().write_all(painted(text).as_bytes()));
}

/// Asks a question that is answered with the word `yes`.
pub(crate) fn confirm(question: &str) -> bool {
    tell(&format!("{question}\n  Only `yes` is accepted: "));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    matches!(read, Ok(count) if count > 0) && answer.trim() == "yes"
}
