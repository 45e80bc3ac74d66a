//! What happens while it happens: moving lines on a terminal, plain lines in a pipe, JSON lines for programs.

use crate::logging;
use crate::output::{self, Output};
use crate::render::diagnostics;
use crate::render::harmless::{harmless, painted};
use formwork_engine::event::{ChangeKind, Event};
use formwork_engine::ports::EventSink;
use formwork_lang::source::FileTable;
use formwork_model::Address;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize, Style};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Plain output tells of a long wait this often.
const REMIND: Duration = Duration::from_secs(10);

/// Shows events.
pub(crate) struct Progress {
    output: Output,
    bars: MultiProgress,
    running: Mutex<HashMap<Address, Running>>,
    files: OnceLock<FileTable>,
}

struct Running {
    began: Instant,
    told: Instant,
    bar: Option<ProgressBar>,
    usual: String,
}

impl Progress {
    /// For this run's output.
    pub(crate) fn new(output: Output) -> Self {
        let bars = MultiProgress::with_draw_target(if output.live {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        });
        Self { output, bars, running: Mutex::default(), files: OnceLock::new() }
    }

    /// The sources that places of what happens from now on are in.
    pub(crate) fn read_from(&self, files: &FileTable) {
        // Sources are read once in a run.
        drop(self.files.set(files.clone()));
    }

    /// One line of JSON, with secrets taken out. Diagnostics look as they do everywhere else.
    fn json_line(&self, event: &Event) {
        let Ok(mut line) = serde_json::to_value(event) else { return };
        if let Event::OperationFailed { diagnostic, .. } | Event::Notice { diagnostic } = event
            && let Some(members) = line.as_object_mut()
        {
            let nowhere = FileTable::default();
            let files = self.files.get().unwrap_or(&nowhere);
            members.insert("diagnostic".into(), diagnostics::to_json(files, diagnostic));
        }
        output::data(&format!("{}\n", logging::secrets().scrub(&line.to_string())));
    }

    fn line(&self, text: &str) {
        let text = logging::secrets().scrub(text);
        let text = painted(&text);
        if self.output.live {
            // A terminal that went away is no reason to stop.
            drop(self.bars.println(&*text));
        } else {
            output::tell(&format!("{text}\n"));
        }
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.output.error_color { text.style(style).to_string() } else { text.to_owned() }
    }

    fn started(&self, address: Address, type_name: &str, change: ChangeKind, expected_s: u32) {
        let usual = if expected_s >= 30 {
            format!(", usually {}", duration(u64::from(expected_s) * 1000))
        } else {
            String::new()
        };
        let bar = self.output.live.then(|| self.bar(&address, type_name, change));
        if !self.output.live && expected_s >= 30 {
            self.line(&format!("  … {address} ({type_name}): {}{usual}", doing(change)));
        }
        let now = Instant::now();
        let running = Running { began: now, told: now, bar, usual };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(address, running);
    }

    fn bar(&self, address: &Address, type_name: &str, change: ChangeKind) -> ProgressBar {
        let style = ProgressStyle::with_template("  {spinner} {prefix} {msg} ({elapsed})");
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = style {
            bar.set_style(style.tick_chars("⠁⠂⠄⡀⢀⠠⠐⠈ "));
        }
        bar.set_prefix(one_line(&format!("{address} ({type_name}):")));
        bar.set_message(doing(change));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    fn waits(&self, address: &Address, message: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = running.get_mut(address) else { return };
        let message = one_line(&logging::secrets().scrub(message));
        if let Some(bar) = &entry.bar {
            bar.set_message(format!("{message}{}", entry.usual));
        } else if entry.told.elapsed() >= REMIND {
            entry.told = Instant::now();
            let elapsed = duration(u64::try_from(entry.began.elapsed().as_millis()).unwrap_or(u64::MAX));
            drop(running);
            self.line(&format!("  … {address}: {message} ({elapsed})"));
        }
    }

    fn ended(&self, address: &Address) {
        let entry = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(address);
        if let Some(bar) = entry.and_then(|entry| entry.bar) {
            bar.finish_and_clear();
        }
    }

    fn finished(&self, address: &Address, change: ChangeKind, elapsed_ms: u64, id: &str) {
        self.ended(address);
        let id = if id.is_empty() { String::new() } else { format!(" [{id}]") };
        let mark = self.styled("✓", Style::new().green());
        self.line(&format!("  {mark} {address}: {}{id} {}", done(change), duration(elapsed_ms)));
    }
}

impl EventSink for Progress {
    fn emit(&self, event: Event) {
        if self.output.json {
            self.json_line(&event);
            return;
        }
        match event {
            Event::RefreshStarted { .. } | Event::RefreshFinished { .. } | Event::ApplyStarted { .. } => {}
            Event::OperationStarted { address, type_name, change, expected_s } => {
                self.started(address, &type_name.to_string(), change, expected_s);
            }
            Event::OperationProgress { address, message } => self.waits(&address, &message),
            Event::OperationRetry { address, reason, delay_ms, attempt } => {
                let mark = self.styled("↻", Style::new().yellow());
                let delay = duration(delay_ms);
                self.line(&format!("  {mark} {address}: attempt {attempt} failed, again in {delay}: {reason}"));
            }
            Event::OperationFinished { address, change, elapsed_ms, id } => {
                self.finished(&address, change, elapsed_ms, &id);
            }
            Event::OperationFailed { address, elapsed_ms, diagnostic, .. } => {
                self.ended(&address);
                let mark = self.styled("✗", Style::new().red());
                self.line(&format!("  {mark} {address}: {} {}", diagnostic.message, duration(elapsed_ms)));
            }
            Event::OperationSkipped { address, change, because_of } => {
                let why = because_of.map_or_else(|| "interrupted".into(), |cause| format!("`{cause}` failed"));
                self.line(&format!("  - {address}: not {} ({why})", done(change)));
            }
            Event::Recovered { address, resolution } => {
                let mark = self.styled("↺", Style::new().cyan());
                self.line(&format!("  {mark} {address}: {resolution}"));
            }
            Event::Interrupted { in_flight, cancelled } => self.line(&interrupted(in_flight, cancelled)),
            Event::PhaseFinished { phase, more } => {
                if more {
                    self.line(&format!("\nPhase {phase} is done; what waited for it is planned now."));
                }
            }
            Event::ApplyFinished { .. } => {}
            Event::Notice { diagnostic } => self.line(&format!("  {}: {}", diagnostic.code, diagnostic.message)),
        }
    }
}

fn interrupted(in_flight: usize, cancelled: bool) -> String {
    if cancelled {
        return "\nCancelled: waits end now, and what they waited for is recorded; the next apply goes on.".into();
    }
    format!(
        "\nInterrupted: nothing new is started; what is in flight ({in_flight}) is finished and recorded.\nCtrl-C again cancels its waits."
    )
}

/// A spinner draws over the line that it has: there must be one.
fn one_line(text: &str) -> String {
    harmless(text).replace('\n', " ")
}

const fn doing(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Create => "creating",
        ChangeKind::Update => "changing",
        ChangeKind::Delete => "deleting",
        ChangeKind::Read => "reading",
        ChangeKind::Open => "opening",
        ChangeKind::State => "changing in state",
    }
}

const fn done(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Create => "created",
        ChangeKind::Update => "changed",
        ChangeKind::Delete => "deleted",
        ChangeKind::Read => "read",
        ChangeKind::Open => "opened",
        ChangeKind::State => "changed in state",
    }
}

/// `340 ms`, `12 s`, `3m 20s`.
pub(crate) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{} s", milliseconds / 1_000),
        _ => format!("{}m {:02}s", milliseconds / 60_000, milliseconds / 1_000 % 60),
    }
}
