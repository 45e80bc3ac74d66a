//! `apply` and its relatives: plan, ask, do, and again while a phase is left.

use super::session::{self, Ground, Session};
use super::{CHANGES, DONE, FAILED, run_record};
use crate::arguments::{ApplyArguments, DestroyArguments, Global, ImportArguments, Planning, RefreshArguments};
use crate::logging;
use crate::output::{self, Output, confirm, tell};
use crate::project::{Answer, Failure, refusal};
use crate::render::diagnostics;
use crate::render::progress::Progress;
use crate::signals;
use formwork_engine::apply::{ApplyReport, ApplyRequest, apply};
use formwork_engine::event::Event;
use formwork_engine::plan::{Action, Operation, Plan, PlanOptions};
use formwork_engine::ports::{EventSink, Interruption, InterruptionReceiver};
use formwork_engine::recovery::{RecoverRequest, recover};
use formwork_model::Diagnostic;
use formwork_state::record::Outcome;
use formwork_state::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// More phases than this are a mistake of the stack: values that wait for each other again and again.
const MOST_PHASES: u32 = 4;

/// What is done, and how it is called.
struct Undertaking<'a> {
    session: Session,
    command: &'static str,
    question: &'static str,
    options: PlanOptions,
    planning: &'a Planning,
    lock_timeout: Duration,
    auto_approve: bool,
}

pub(super) fn run(global: &Global, arguments: &ApplyArguments) -> Answer {
    if let Some(file) = &arguments.plan {
        return super::apply_file::run(global, arguments, file);
    }
    if arguments.next_out.is_some() {
        let help = "without a plan file, apply goes on from phase to phase by itself";
        return Err(refusal("E0586", "`--next-out` goes with a plan file", help));
    }
    Undertaking {
        session: open(global, &arguments.planning)?,
        command: "apply",
        question: "Apply these changes?",
        options: session::options(&arguments.planning, false)?,
        planning: &arguments.planning,
        lock_timeout: arguments.locking.lock_timeout,
        auto_approve: arguments.auto_approve,
    }
    .run()
}

pub(super) fn destroy(global: &Global, arguments: &DestroyArguments) -> Answer {
    Undertaking {
        session: open(global, &arguments.planning)?,
        command: "destroy",
        question: "Delete all of this? There is no undo.",
        options: session::options(&arguments.planning, true)?,
        planning: &arguments.planning,
        lock_timeout: arguments.locking.lock_timeout,
        auto_approve: arguments.auto_approve,
    }
    .run()
}

pub(super) fn refresh(global: &Global, arguments: &RefreshArguments) -> Answer {
    let mut options = session::options(&arguments.planning, false)?;
    options.refresh_only = true;
    Undertaking {
        session: open(global, &arguments.planning)?,
        command: "refresh",
        question: "Record what the cloud says?",
        options,
        planning: &arguments.planning,
        lock_timeout: arguments.locking.lock_timeout,
        auto_approve: arguments.auto_approve,
    }
    .run()
}

pub(super) fn import(global: &Global, arguments: &ImportArguments) -> Answer {
    let address = super::state::address(&arguments.address)?;
    let planning = Planning {
        variables: arguments.variables.clone(),
        targets: Vec::new(),
        excludes: Vec::new(),
        replaces: Vec::new(),
        refresh: true,
        refresh_only: true,
        parallelism: 10,
        detailed_exitcode: false,
        forget_unreachable: false,
    };
    let mut options = session::options(&planning, false)?;
    options.imports = vec![(address, arguments.id.clone())];
    // What differs from the stack is for the next apply: an import changes nothing in the cloud.
    Undertaking {
        session: open(global, &planning)?,
        command: "import",
        question: "Take this into the state?",
        options,
        planning: &planning,
        lock_timeout: arguments.locking.lock_timeout,
        auto_approve: true,
    }
    .run()
}

fn open(global: &Global, planning: &Planning) -> Result<Session, Failure> {
    let progress = Arc::new(Progress::new(Output::new(global)));
    let session = Session::open(global, planning, Arc::clone(&progress) as Arc<dyn EventSink>)?;
    progress.read_from(&session.ground.files);
    Ok(session)
}

impl Undertaking<'_> {
    fn run(mut self) -> Answer {
        if !self.auto_approve && !self.session.ground.project.output.interactive {
            let help = "add `--auto-approve`, or apply a plan file that someone has read";
            return Err(refusal("E0587", format!("`{}` would ask, but nobody can answer here", self.command), help));
        }
        let began = super::now_ms();
        let ground = &self.session.ground;
        let store = ground.project.lock(&ground.environment, self.command, self.lock_timeout)?;
        ground.warn(&store.warnings());
        let answer = session::runtime().and_then(|runtime| runtime.block_on(self.phases(&store)));
        let state = store.state();
        let closed = store.close();
        let statistics = store.statistics();
        tracing::debug!(statistics.records, statistics.flushes, statistics.checkpoints, "the state is closed");
        let code = answer?;
        closed?;
        if code != FAILED {
            self.session.ground.show_outputs(&state);
        }
        if !self.session.ground.project.output.json {
            tell(&format!("Took {}.\n", session::elapsed_since(began)));
        }
        Ok(code)
    }

    async fn phases(&mut self, store: &Arc<dyn Store>) -> Answer {
        let interruption = listen()?;
        // What stays open blocks only what it is about.
        let told = recover_open(&self.session.ground, store, &interruption).await;
        self.session.ground.warn(&told);
        let connections = self.session.ground.connections().interrupted_by(interruption.clone());
        let mut waiting = usize::MAX;
        for phase in 1..=MOST_PHASES {
            self.options.phase = phase;
            let state = store.state();
            let planned = self.session.plan(&connections, &state, &self.options).await;
            if planned.is_err() && *interruption.borrow() != Interruption::None {
                self.session.ground.events.emit(Event::Interrupted { in_flight: 0, cancelled: false });
            }
            let plan = planned?;
            self.session.ground.announce(&plan, &state);
            if !plan.has_changes() {
                return self.nothing_to_do(plan, store, &interruption, &told).await;
            }
            if stands_still(&plan, waiting) {
                return Err(stuck(&plan));
            }
            waiting = plan.deferred.len();
            if !self.auto_approve && !confirm(&self.question(&plan)) {
                tell("Nothing was changed.\n");
                return Ok(FAILED);
            }
            let complete = plan.header.complete;
            let report = apply_plan(&self.session.ground, plan, store, self.command, &interruption).await;
            if report.outcome == Outcome::Succeeded {
                session::phase_finished(self.session.ground.events.as_ref(), phase, !complete);
            }
            if !conclude(&self.session.ground, &report) {
                return Ok(FAILED);
            }
            if complete || *interruption.borrow() != Interruption::None {
                return Ok(if was_told_wrong(&told) { FAILED } else { self.code(complete) });
            }
        }
        let message = format!("after {MOST_PHASES} phases there are still values that only another apply would tell");
        Err(refusal(
            "E2020",
            message,
            "run `formwork apply` again, or split the stack where its values wait for each other",
        ))
    }

    /// Notes need no confirmation; a phase that leaves something waiting and does nothing is the last one.
    async fn nothing_to_do(
        &self,
        plan: Plan,
        store: &Arc<dyn Store>,
        interruption: &InterruptionReceiver,
        told: &[Diagnostic],
    ) -> Answer {
        let ground = &self.session.ground;
        let stuck = (!plan.header.complete).then(|| stuck(&plan));
        if plan.has_notes() {
            let report = apply_plan(ground, plan, store, self.command, interruption).await;
            if (ground.project.output.json || report.outcome != Outcome::Succeeded) && !conclude(ground, &report) {
                return Ok(FAILED);
            }
        } else if ground.project.output.json {
            let report = serde_json::json!({ "event": "report", "outcome": Outcome::Succeeded, "diagnostics": [] });
            output::data(&format!("{report}\n"));
        }
        match stuck {
            Some(failure) => Err(failure),
            None => Ok(if was_told_wrong(told) { FAILED } else { DONE }),
        }
    }

    fn question(&self, plan: &Plan) -> String {
        let project = &self.session.ground.project;
        let summary = crate::render::plan::summary(plan);
        format!(
            "\nStack `{}`, environment `{}`: {}\n{}",
            project.manifest.name,
            self.session.ground.environment,
            summary.trim_start_matches("Plan: "),
            self.question
        )
    }

    const fn code(&self, complete: bool) -> i32 {
        if self.planning.detailed_exitcode && !complete { CHANGES } else { DONE }
    }
}

/// Whether an operation of an earlier run failed, stayed open or cannot be told: the rest was done, but not all is well.
pub(super) fn was_told_wrong(told: &[Diagnostic]) -> bool {
    told.iter().any(Diagnostic::is_error)
}

/// Whether a phase does nothing in the cloud and leaves as much waiting as the one before.
fn stands_still(plan: &Plan, waiting: usize) -> bool {
    let acts = |operation: &Operation| !matches!(operation.action, Action::NoOp | Action::Read | Action::Open);
    !plan.header.complete
        && plan.deferred.len() >= waiting
        && plan.recoveries.is_empty()
        && !plan.operations.iter().any(acts)
}

fn stuck(plan: &Plan) -> Failure {
    let blocks: Vec<String> = plan.deferred.iter().map(|deferral| format!("`{}`", deferral.address)).collect();
    let message = format!("nothing is left to do, but these still wait for values: {}", blocks.join(", "));
    let help = "resolve what the warnings above name (`formwork state resolve`), or plan without `--target` and \
                `--exclude`; then apply again";
    refusal("E2021", message, help)
}

/// Listens to signals.
pub(super) fn listen() -> Result<InterruptionReceiver, Failure> {
    signals::listen().map_err(|error| session::no_runtime(&error))
}

/// Resolves what an earlier run left open.
pub(super) async fn recover_open(
    ground: &Ground,
    store: &Arc<dyn Store>,
    interruption: &InterruptionReceiver,
) -> Vec<Diagnostic> {
    recover(RecoverRequest {
        store: Arc::clone(store),
        providers: Arc::clone(&ground.providers),
        inputs: Arc::clone(&ground.inputs),
        secrets: logging::secrets(),
        environment: ground.project.provider_environment(),
        events: Arc::clone(&ground.events),
        interruption: interruption.clone(),
    })
    .await
}

/// Applies a plan that was confirmed.
pub(super) async fn apply_plan(
    ground: &Ground,
    plan: Plan,
    store: &Arc<dyn Store>,
    command: &str,
    interruption: &InterruptionReceiver,
) -> ApplyReport {
    apply(ApplyRequest {
        run: run_record(&ground.project, command, &plan.header.id),
        plan: Arc::new(plan),
        store: Arc::clone(store),
        providers: Arc::clone(&ground.providers),
        inputs: Arc::clone(&ground.inputs),
        digest: Arc::new(session::SealedDigest(ground.sealer.clone())),
        secrets: logging::secrets(),
        environment: ground.project.provider_environment(),
        parallelism: ground.parallelism,
        events: Arc::clone(&ground.events),
        interruption: interruption.clone(),
    })
    .await
}

/// Tells how an apply ended; whether it went well.
pub(super) fn conclude(ground: &Ground, report: &ApplyReport) -> bool {
    let output = &ground.project.output;
    if output.json {
        let all: Vec<_> =
            report.diagnostics.iter().map(|diagnostic| diagnostics::to_json(&ground.files, diagnostic)).collect();
        let line = serde_json::json!({ "event": "report", "outcome": report.outcome, "diagnostics": all });
        output::data(&format!("{line}\n"));
    } else {
        tell("\n");
        tell(&diagnostics::text(output, &ground.files, &report.diagnostics));
        let word = match report.outcome {
            Outcome::Succeeded => "Done",
            Outcome::Failed => "Failed",
            Outcome::Interrupted => "Interrupted",
        };
        tell(&format!("{word}: {}.\n", report.summary));
    }
    report.outcome == Outcome::Succeeded
}
