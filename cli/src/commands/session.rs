//! What plan, apply and their relatives share: a checked stack, its environment, and the engine's needs.

use super::now_ms;
use crate::arguments::{Global, Planning};
use crate::logging;
use crate::output::{data, print, tell};
use crate::project::{Configured, Failure, Project, Stack};
use crate::registry::Registry;
use crate::render::paint::Paint;
use crate::render::{diagnostics, plan as render};
use formwork_engine::connections::Connections;
use formwork_engine::event::Event;
use formwork_engine::plan::{Plan, PlanOptions, PlanRequest};
use formwork_engine::ports::{EventSink, InputResolver, KeyedDigest, Providers};
use formwork_lang::source::FileTable;
use formwork_model::{Address, Diagnostic};
use formwork_state::Sealer;
use formwork_state::record::State;
use formwork_state::store::Reader;
use std::sync::Arc;

/// The digest of the state's key.
pub(super) struct SealedDigest(pub(super) Sealer);

impl KeyedDigest for SealedDigest {
    fn digest(&self, bytes: &[u8]) -> [u8; 16] {
        self.0.keyed_digest(bytes)
    }
}

/// What applying needs, with or without sources.
pub(super) struct Ground {
    pub(super) project: Project,
    pub(super) environment: String,
    pub(super) files: FileTable,
    pub(super) providers: Arc<dyn Providers>,
    pub(super) inputs: Arc<dyn InputResolver>,
    pub(super) sealer: Sealer,
    pub(super) events: Arc<dyn EventSink>,
    pub(super) parallelism: usize,
}

/// A stack that is planned.
pub(super) struct Session {
    pub(super) ground: Ground,
    pub(super) stack: Arc<Stack>,
}

impl Ground {
    /// For a project and its environment.
    pub(super) fn new(
        mut project: Project,
        environment: String,
        files: FileTable,
        parallelism: usize,
        events: Arc<dyn EventSink>,
        configured: Configured,
    ) -> Result<Self, Failure> {
        project.reach_sandbox(&environment)?;
        let keys = crate::project::keys()?;
        if !keys.is_there() {
            // A state that was sealed with a key must not be given another: reading it tells which one it needs.
            project.reader(&environment)?.read()?;
        }
        let sealer = keys.sealer()?;
        let inputs = project.inputs(configured);
        Ok(Self { project, environment, files, providers: Arc::new(Registry), inputs, sealer, events, parallelism })
    }

    /// Connections that a run shares.
    pub(super) fn connections(&self) -> Connections {
        Connections::new(Arc::clone(&self.providers), self.project.provider_environment())
    }

    /// A failure that points into the sources.
    pub(super) fn failure(&self, diagnostics: Vec<Diagnostic>) -> Failure {
        Failure { diagnostics, files: self.files.clone() }
    }

    /// Tells warnings, on standard error.
    pub(super) fn warn(&self, warnings: &[Diagnostic]) {
        if !warnings.is_empty() && !self.project.output.json {
            tell(&format!("{}\n", diagnostics::text(&self.project.output, &self.files, warnings)));
        }
    }

    /// Shows the outputs after an apply; secrets are masked.
    pub(super) fn show_outputs(&self, state: &State) {
        let text = super::output::text(state.outputs.view(), false);
        if !self.project.output.json && !text.is_empty() {
            print(&logging::secrets().scrub(&format!("\nOutputs:\n{text}")));
        }
    }

    /// Shows a plan that is applied next: for programs it is one line of the stream of events.
    pub(super) fn announce(&self, plan: &Plan, state: &State) {
        if !self.project.output.json {
            self.show(plan, state);
            return;
        }
        for warning in &plan.warnings {
            self.emit(
                &serde_json::json!({ "event": "warning", "diagnostic": diagnostics::to_json(&self.files, warning) }),
            );
        }
        let plan = formwork_engine::export::terraform_json(plan, Some(state));
        self.emit(&serde_json::json!({ "event": "plan", "plan": plan }));
    }

    fn emit(&self, line: &serde_json::Value) {
        data(&format!("{}\n", logging::secrets().scrub(&line.to_string())));
    }

    /// Shows a plan with its summary.
    pub(super) fn show(&self, plan: &Plan, state: &State) {
        self.warn(&plan.warnings);
        let output = &self.project.output;
        if output.json {
            let json = formwork_engine::export::terraform_json(plan, Some(state));
            data(&format!("{}\n", logging::secrets().scrub(&json.to_string())));
            return;
        }
        let mut text = render::text(plan, self.providers.as_ref(), Paint::new(output.color), output.detail);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&render::summary(plan));
        text.push('\n');
        print(&logging::secrets().scrub(&text));
    }
}

impl Session {
    /// Loads and checks the stack for its environment.
    pub(super) fn open(global: &Global, planning: &Planning, events: Arc<dyn EventSink>) -> Result<Self, Failure> {
        let project = Project::open(global)?;
        let environment = project.environment()?;
        let stack = Arc::new(Stack::load(&project, &environment, &planning.variables)?);
        let files = stack.files().clone();
        let configured = Configured::ByStack(Arc::clone(&stack));
        let ground = Ground::new(project, environment, files, planning.parallelism, events, configured)?;
        ground.warn(&stack.warnings);
        Ok(Self { ground, stack })
    }

    /// Plans against a state.
    pub(super) async fn plan(
        &self,
        connections: &Connections,
        state: &State,
        options: &PlanOptions,
    ) -> Result<Plan, Failure> {
        let ground = &self.ground;
        let digest = SealedDigest(ground.sealer.clone());
        let plan = formwork_engine::plan::plan(PlanRequest {
            source: self.stack.as_ref(),
            state,
            connections,
            inputs: ground.inputs.as_ref(),
            digest: &digest,
            events: ground.events.as_ref(),
            stack: &ground.project.manifest.name,
            environment: &ground.environment,
            options,
        })
        .await;
        let mut plan = plan.map_err(|diagnostics| ground.failure(diagnostics))?;
        plan.header.place = ground.project.place();
        plan.header.config_digest.clone_from(&self.stack.digest);
        Ok(plan)
    }
}

/// The engine's options, from the command line.
pub(super) fn options(planning: &Planning, destroy: bool) -> Result<PlanOptions, Failure> {
    refuse_no_parallelism(planning)?;
    if destroy && planning.refresh_only {
        let help = "leave one out; `formwork plan --refresh-only` shows what the cloud says, and changes nothing";
        return Err(crate::project::refusal("E0598", "nothing can be destroyed with `--refresh-only`", help));
    }
    let addresses =
        |texts: &[String]| texts.iter().map(|text| super::state::address(text)).collect::<Result<Vec<Address>, _>>();
    Ok(PlanOptions {
        refresh: planning.refresh,
        refresh_only: planning.refresh_only,
        destroy,
        targets: addresses(&planning.targets)?,
        excludes: addresses(&planning.excludes)?,
        replace: addresses(&planning.replaces)?,
        parallelism: planning.parallelism,
        forget_unreachable: planning.forget_unreachable,
        ..PlanOptions::default()
    })
}

/// Nothing can be done by nobody.
pub(super) fn refuse_no_parallelism(planning: &Planning) -> Result<(), Failure> {
    if planning.parallelism == 0 {
        return Err(crate::project::refusal("E0572", "nothing can be done with `--parallelism 0`", "give at least 1"));
    }
    Ok(())
}

/// A runtime for calls of providers: started only where there is something to plan.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|error| no_runtime(&error))
}

/// The machine gives no threads, no open files, or no way to hear of signals.
pub(super) fn no_runtime(error: &std::io::Error) -> Failure {
    crate::project::refusal(
        "E0585",
        format!("cannot start what calls of providers need: {error}"),
        "check the limits of this process (ulimit -n, ulimit -u); nothing was changed",
    )
}

/// Tells that a phase is over.
pub(super) fn phase_finished(events: &dyn EventSink, phase: u32, more: bool) {
    events.emit(Event::PhaseFinished { phase, more });
}

/// How long it took, for the last line.
pub(super) fn elapsed_since(began_ms: i64) -> String {
    crate::render::progress::duration(u64::try_from(now_ms() - began_ms).unwrap_or(0))
}
