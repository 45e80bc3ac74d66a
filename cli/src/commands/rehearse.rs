//! `rehearse`: the recorded objects are made anew in a private sandbox that ends with the command, the change is applied
//! there by the real providers, and what came of it is reported. The state is only read, and so are the vaults that
//! `secret_from` names; no other real service is contacted.

mod report;

use super::session::{self, SealedDigest, options};
use super::{CHANGES, DONE, FAILED, run_record};
use crate::arguments::{Global, RehearseArguments};
use crate::logging;
use crate::output::{print, tell};
use crate::project::{Answer, Configured, Failure, Project, Stack, refusal, unwritable};
use crate::registry::Registry;
use crate::render::diagnostics;
use crate::sandbox;
use formwork_engine::apply::{ApplyReport, ApplyRequest, apply};
use formwork_engine::connections::Connections;
use formwork_engine::plan::{Plan, PlanOptions, PlanRequest, plan};
use formwork_engine::ports::{EventSink, GraphSource, InterruptionReceiver, NoEvents, Providers};
use formwork_engine::rehearsal::{Recorded, StandIns};
use formwork_model::{Diagnostic, Value, ValueBuf};
use formwork_provider_api::Environment;
use formwork_sandbox::clock::Latency;
use formwork_sandbox::embedded::Embedded;
use formwork_sandbox::failure::Rule;
use formwork_state::record::{Outcome, Record, State};
use formwork_state::store::Store;
use formwork_state::{Keys, LocalStore, LockOptions};
use report::{Phase, Report};
use std::sync::Arc;

/// As `apply` has it.
const MOST_PHASES: u32 = 4;

pub(super) fn run(global: &Global, arguments: &RehearseArguments) -> Answer {
    if arguments.planning.refresh_only {
        let help = "leave it out; `formwork plan --refresh-only` shows what the cloud says, and changes nothing";
        return Err(refusal("E0598", "`rehearse` tries out changes, and `--refresh-only` makes none", help));
    }
    let rules: Vec<Rule> = arguments.failures.iter().map(|rule| rule.parse()).collect::<Result<_, _>>()?;
    let project = Project::open(global)?;
    let environment = project.environment()?;
    let stack = Arc::new(Stack::load(&project, &environment, &arguments.planning.variables)?);
    let published = project.published(&environment)?;
    super::tell_as_of(&project.output, &published);
    let options = options(&arguments.planning, arguments.destroy)?;
    let directory = tempfile::tempdir().map_err(|error| unwritable(&std::env::temp_dir(), &error))?;
    let stage = Stage::new(project, environment, stack, options, directory.path())?;
    let rehearsed = session::runtime()?.block_on(stage.rehearse(&published.state, rules));
    let closed = stage.store.close();
    let report = rehearsed?;
    closed?;
    let output = &stage.project.output;
    let files = stage.stack.files();
    if output.json {
        print(&format!("{}\n", logging::secrets().scrub(&report.json(files).to_string())));
    } else {
        print(&logging::secrets().scrub(&report.text()));
        tell(&diagnostics::text(output, files, &report.diagnostics));
    }
    let tells_changes = arguments.planning.detailed_exitcode && report.has_changes();
    Ok(match (report.is_well(), tells_changes) {
        (false, _) => FAILED,
        (true, true) => CHANGES,
        (true, false) => DONE,
    })
}

/// Where a rehearsal plays: the stack, a state of its own, placeholders for secrets.
struct Stage {
    project: Project,
    environment: String,
    stack: Arc<Stack>,
    options: PlanOptions,
    store: Arc<dyn Store>,
    stand_ins: Arc<StandIns>,
    providers: Arc<dyn Providers>,
}

impl Stage {
    fn new(
        project: Project,
        environment: String,
        stack: Arc<Stack>,
        options: PlanOptions,
        directory: &std::path::Path,
    ) -> Result<Self, Failure> {
        let keys = Keys::from_environment()?;
        let digest = Arc::new(SealedDigest(keys.sealer()?));
        let inputs = project.inputs(Configured::ByStack(Arc::clone(&stack)));
        let stand_ins = Arc::new(StandIns::new(digest, inputs));
        let lock = LockOptions::new(crate::project::who(), "rehearse");
        let store = Arc::from(LocalStore::lock_and_open(directory.join("state"), lock, &keys)?);
        Ok(Self { project, environment, stack, options, store, stand_ins, providers: Arc::new(Registry) })
    }

    async fn rehearse(&self, state: &State, rules: Vec<Rule>) -> Result<Report, Failure> {
        let sandbox = Embedded::start(Latency::None).await?;
        let environment = self.project.rehearsal_environment(sandbox::endpoint(&sandbox.identity));
        let interruption = super::apply::listen()?;
        let mut report = Report::new(&self.environment);
        self.restore(state, &environment, &interruption, &mut report).await?;
        if !report.is_well() {
            return Ok(report);
        }
        for rule in rules {
            sandbox
                .server
                .failures()
                .add(rule)
                .map_err(|error| formwork_sandbox::Problem::Refused { reason: error.0 })?;
        }
        self.change(&environment, &interruption, &mut report).await?;
        if report.is_well() {
            sandbox
                .server
                .failures()
                .remove(None)
                .map_err(|error| formwork_sandbox::Problem::Refused { reason: error.0 })?;
            report.went_through = true;
            report.left = self.left(&environment, &mut report.diagnostics).await;
        }
        Ok(report)
    }

    /// Makes the recorded objects.
    async fn restore(
        &self,
        state: &State,
        environment: &Environment,
        interruption: &InterruptionReceiver,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let recorded = Recorded::new(state, self.providers.as_ref(), &self.stand_ins);
        report.restored = recorded.objects;
        report.left_out.clone_from(&recorded.left_out);
        if recorded.objects == 0 {
            return Ok(());
        }
        let options = PlanOptions { refresh: false, ..PlanOptions::default() };
        let plan = match self.plan(&recorded, environment, &options, false).await {
            Ok(plan) => plan,
            Err(failure) => {
                report.cannot_restore(failure.diagnostics);
                return Ok(());
            }
        };
        let applied = self.apply(plan, environment, interruption, Arc::new(NoEvents)).await;
        if applied.outcome != Outcome::Succeeded {
            report.cannot_restore(applied.diagnostics);
        }
        self.remember(state)
    }

    /// Takes over from the real rows what making an object anew does not tell.
    fn remember(&self, real: &State) -> Result<(), Failure> {
        let mut records = Vec::new();
        for row in self.store.state().rows.values() {
            let recorded = real.rows.values().find(|one| one.key.address == row.key.address);
            let Some(recorded) = recorded else { continue };
            let mut row = (**row).clone();
            row.write_only.clone_from(&recorded.write_only);
            row.lifecycle = recorded.lifecycle.clone();
            records.push(Record::Put(Box::new(row)));
        }
        let outputs = self.stand_ins.value(&real.outputs.to_value());
        if matches!(outputs, Value::Map(_)) {
            records.push(Record::Outputs(ValueBuf::from(outputs)));
        }
        self.store.append_and_wait(records)?;
        Ok(())
    }

    /// Applies the stack's change, phase by phase.
    async fn change(
        &self,
        environment: &Environment,
        interruption: &InterruptionReceiver,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let mut options = self.options.clone();
        for number in 1..=MOST_PHASES {
            options.phase = number;
            let plan = match self.plan(self.stack.as_ref(), environment, &options, true).await {
                Ok(plan) => plan,
                Err(failure) => {
                    report.diagnostics.extend(failure.diagnostics);
                    return Ok(());
                }
            };
            let complete = plan.header.complete;
            report.diagnostics.extend(plan.warnings.iter().cloned());
            let mut phase = Phase::new(&plan, self.options.parallelism);
            let events = Arc::new(report::Recorder::default());
            let applied = self.apply(plan, environment, interruption, Arc::clone(&events) as _).await;
            phase.ended(&events, &self.store.state());
            report.phases.push(phase);
            report.outputs = self.store.state().outputs.clone();
            report.diagnostics.extend(applied.diagnostics);
            if applied.outcome != Outcome::Succeeded || complete {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What a second plan would still change; none where there is no such plan.
    async fn left(&self, environment: &Environment, told: &mut Vec<Diagnostic>) -> Option<Vec<String>> {
        let options = PlanOptions { replace: Vec::new(), phase: 1, ..self.options.clone() };
        match self.plan(self.stack.as_ref(), environment, &options, true).await {
            Ok(plan) => Some(report::changes(&plan)),
            Err(failure) => {
                told.extend(failure.diagnostics);
                None
            }
        }
    }

    async fn plan(
        &self,
        source: &dyn GraphSource,
        environment: &Environment,
        options: &PlanOptions,
        named: bool,
    ) -> Result<Plan, Failure> {
        let connections = Connections::new(Arc::clone(&self.providers), environment.clone());
        let state = self.store.state();
        let planned = plan(PlanRequest {
            source,
            state: &state,
            connections: &connections,
            inputs: self.stand_ins.as_ref(),
            digest: self.stand_ins.as_ref(),
            events: &NoEvents,
            stack: &self.project.manifest.name,
            environment: &self.environment,
            options,
        });
        let fail = |diagnostics: Vec<Diagnostic>| {
            let files = if named { self.stack.files().clone() } else { formwork_lang::source::FileTable::default() };
            Failure { diagnostics, files }
        };
        planned.await.map_err(fail)
    }

    async fn apply(
        &self,
        plan: Plan,
        environment: &Environment,
        interruption: &InterruptionReceiver,
        events: Arc<dyn EventSink>,
    ) -> ApplyReport {
        apply(ApplyRequest {
            run: run_record(&self.project, "rehearse", &plan.header.id),
            plan: Arc::new(plan),
            store: Arc::clone(&self.store),
            providers: Arc::clone(&self.providers),
            inputs: Arc::clone(&self.stand_ins) as _,
            digest: Arc::clone(&self.stand_ins) as _,
            secrets: logging::secrets(),
            environment: environment.clone(),
            parallelism: self.options.parallelism,
            events,
            interruption: interruption.clone(),
        })
        .await
    }
}
