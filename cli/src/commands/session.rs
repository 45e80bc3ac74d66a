//! What plan, apply and their relatives share: a checked stack, its environment, and the engine's needs.

use super::now_ms;
use crate::arguments::{Global, Planning};
use crate::logging;
use crate::output::{print, tell};
use crate::project::{Failure, Project, Stack};
use crate::registry::Registry;
use crate::render::paint::Paint;
use crate::render::{diagnostics, plan as render};
use formwork_engine::connections::Connections;
use formwork_engine::event::Event;
use formwork_engine::plan::{Plan, PlanOptions, PlanRequest};
use formwork_engine::ports::{EventSink, InputResolver, KeyedDigest, Providers};
use formwork_model::{Address, Diagnostic};
use formwork_state::record::State;
use formwork_state::{Keys, Sealer};
use std::sync::Arc;

/// The digest of the state's key.
pub(super) struct SealedDigest(pub(super) Sealer);

impl KeyedDigest for SealedDigest {
    fn digest(&self, bytes: &[u8]) -> [u8; 16] {
        self.0.keyed_digest(bytes)
    }
}

/// A stack that is planned or applied.
pub(super) struct Session {
    pub(super) project: Project,
    pub(super) environment: String,
    pub(super) stack: Stack,
    pub(super) providers: Arc<dyn Providers>,
    pub(super) inputs: Arc<dyn InputResolver>,
    pub(super) sealer: Sealer,
    pub(super) events: Arc<dyn EventSink>,
    pub(super) parallelism: usize,
}

impl Session {
    /// Loads and checks the stack for its environment.
    pub(super) fn open(global: &Global, planning: &Planning, events: Arc<dyn EventSink>) -> Result<Self, Failure> {
        let project = Project::open(global)?;
        let environment = project.environment()?;
        let stack = Stack::load(&project, &environment, &planning.variables)?;
        let sealer = Keys::from_environment()?.sealer()?;
        let inputs = project.inputs();
        Ok(Self {
            project,
            environment,
            stack,
            providers: Arc::new(Registry),
            inputs,
            sealer,
            events,
            parallelism: planning.parallelism,
        })
    }

    /// Plans against a state.
    pub(super) async fn plan(
        &self,
        connections: &Connections,
        state: &State,
        options: &PlanOptions,
    ) -> Result<Plan, Failure> {
        let digest = SealedDigest(self.sealer.clone());
        let plan = formwork_engine::plan::plan(PlanRequest {
            source: &self.stack,
            state,
            connections,
            inputs: self.inputs.as_ref(),
            digest: &digest,
            events: self.events.as_ref(),
            stack: &self.project.manifest.name,
            environment: &self.environment,
            options,
        })
        .await;
        plan.map_err(|diagnostics| self.failure(diagnostics))
    }

    /// A failure that points into the stack's sources.
    pub(super) fn failure(&self, diagnostics: Vec<Diagnostic>) -> Failure {
        Failure { diagnostics, files: self.stack.files().clone() }
    }

    /// Tells warnings, on standard error.
    pub(super) fn warn(&self, warnings: &[Diagnostic]) {
        if !warnings.is_empty() && !self.project.output.json {
            tell(&diagnostics::text(&self.project.output, self.stack.files(), warnings));
        }
    }

    /// Shows a plan with its summary.
    pub(super) fn show(&self, plan: &Plan) {
        self.warn(&plan.warnings);
        let output = &self.project.output;
        if output.json {
            let json = serde_json::json!({"todo":plan.operations.len()});
            print(&format!("{}\n", logging::secrets().scrub(&json.to_string())));
            return;
        }
        let paint = Paint::new(output.color);
        let mut text = render::text(plan, self.providers.as_ref(), paint);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&render::summary(plan));
        text.push('\n');
        print(&logging::secrets().scrub(&text));
    }
}

/// The engine's options, from the command line.
pub(super) fn options(planning: &Planning, destroy: bool) -> Result<PlanOptions, Failure> {
    let addresses =
        |texts: &[String]| texts.iter().map(|text| super::state::address(text)).collect::<Result<Vec<Address>, _>>();
    Ok(PlanOptions {
        refresh: planning.refresh,
        refresh_only: planning.refresh_only,
        destroy,
        targets: addresses(&planning.targets)?,
        excludes: addresses(&planning.excludes)?,
        replace: addresses(&planning.replaces)?,
        parallelism: planning.parallelism.max(1),
        forget_unreachable: planning.forget_unreachable,
        ..PlanOptions::default()
    })
}

/// A runtime for calls of providers: started only where there is something to plan.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
        crate::project::refusal(
            "E0585",
            format!("cannot start threads: {error}"),
            "check the limits of this machine (ulimit -u)",
        )
    })
}

/// Tells that a phase is over.
pub(super) fn phase_finished(events: &dyn EventSink, phase: u32, more: bool) {
    events.emit(Event::PhaseFinished { phase, more });
}

/// How long it took, for the last line.
pub(super) fn elapsed_since(began_ms: i64) -> String {
    crate::render::progress::duration(u64::try_from(now_ms() - began_ms).unwrap_or(0))
}
