//! `rehearse`: the recorded objects are made anew in a private sandbox that ends with the command, the change is applied
//! there by the real providers, and what came of it is reported. The state is only read. A real cloud is only asked for
//! data sources of objects that are not recorded and for secrets of vaults, and only where that was asked for.

mod pace;
mod phase;
mod report;

use super::session::{self, SealedDigest, options};
use super::{CHANGES, DONE, FAILED, run_record};
use crate::arguments::{Global, RehearseArguments};
use crate::logging;
use crate::output::{data, print, tell};
use crate::project::{Answer, Configured, Failure, Project, Stack, refusal, unwritable};
use crate::registry::Registry;
use crate::render::diagnostics;
use crate::sandbox;
use formwork_engine::apply::{ApplyReport, ApplyRequest, apply};
use formwork_engine::connections::Connections;
use formwork_engine::plan::{Plan, PlanOptions, PlanRequest, plan};
use formwork_engine::ports::{EventSink, GraphSource, Interruption, InterruptionReceiver, NoEvents};
use formwork_engine::rehearsal::{Elsewhere, Recorded, StandInCloud, StandIns, WithElsewhere};
use formwork_model::{Diagnostic, Value, ValueBuf};
use formwork_provider_api::Environment;
use formwork_sandbox::arm::StandIn;
use formwork_sandbox::clock::Latency;
use formwork_sandbox::embedded::Embedded;
use formwork_sandbox::failure::Rule;
use formwork_sandbox::server::Server;
use formwork_state::record::{Outcome, Record, State};
use formwork_state::store::Store;
use formwork_state::{Keys, LocalStore, LockOptions};
use pace::Pace;
use phase::{Phase, Recorder};
use report::Report;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// As `apply` has it.
const MOST_PHASES: u32 = 4;

pub(super) fn run(global: &Global, arguments: &RehearseArguments) -> Answer {
    if arguments.planning.refresh_only {
        let help = "leave it out; `formwork plan --refresh-only` shows what the cloud says, and changes nothing";
        return Err(refusal("E0598", "`rehearse` tries out changes, and `--refresh-only` makes none", help));
    }
    let rules: Vec<Rule> = arguments.failures.iter().map(|rule| rule.parse()).collect::<Result<_, _>>()?;
    let mut project = Project::open(global)?;
    let environment = project.environment()?;
    let stack = Arc::new(Stack::load(&project, &environment, &arguments.planning.variables)?);
    let published = project.published(&environment)?;
    super::tell_as_of(&project.output, &published);
    let options = options(&arguments.planning, arguments.destroy)?;
    let directory = tempfile::tempdir().map_err(|error| unwritable(&std::env::temp_dir(), &error))?;
    project.reach_sandbox(&environment)?;
    let (stage, report) = session::runtime()?.block_on(async {
        let sandbox = Embedded::start(Latency::None).await?;
        sandbox.server.serve_repositories(sandbox::repositories(&project)?);
        let stage = Stage::new(project, environment, stack, options, directory.path(), &sandbox, arguments.read_data)?;
        let rehearsed = stage.rehearse(&published.state, rules, &sandbox).await;
        let closed = stage.store.close();
        let report = rehearsed?;
        closed?;
        Ok::<_, Failure>((stage, report))
    })?;
    let output = &stage.project.output;
    let files = stage.stack.files();
    if output.json {
        data(&format!("{}\n", logging::secrets().scrub(&report.json(files).to_string())));
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
    reads_data: bool,
    store: Arc<dyn Store>,
    stand_ins: Arc<StandIns>,
    elsewhere: Arc<Elsewhere>,
    providers: Arc<WithElsewhere>,
}

/// The sandbox, as far as it takes stand-ins of objects that exist elsewhere: Azure's.
struct StandInServer {
    server: Server,
    ids: Mutex<BTreeSet<String>>,
}

impl StandInCloud for StandInServer {
    fn is_stand_in(&self, id: &str) -> bool {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).contains(&id.to_lowercase())
    }

    fn stand_in(&self, values: &Value, besides: &BTreeSet<String>) {
        let text = |name: &str| values.as_map()?.get(name)?.as_str().map(str::to_owned);
        let Some(id) = text("id").filter(|id| is_in_a_group(id)) else { return };
        let known = StandIn { id, location: text("location"), address_prefix: text("address_prefix") };
        match self.server.stand_in(&known, besides) {
            // Of its group and its parents no more is known.
            Ok(true) => {
                let own = with_parents(&known.id).into_iter().filter(|id| !besides.contains(id));
                self.ids.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, id = known.id, "there is no stand-in"),
        }
    }
}

/// Others (roles, policies) are the sandbox's own.
fn is_in_a_group(id: &str) -> bool {
    let id = id.to_lowercase();
    id.starts_with("/subscriptions/") && id.contains("/resourcegroups/")
}

/// What a rehearsal cannot do for these providers, or does in another way.
fn limits(providers: &BTreeSet<&str>) -> Vec<String> {
    let emulator = std::env::var("AWS_ENDPOINT_URL").ok();
    let of_aws = match emulator {
        Some(url) => format!(
            "AWS is not in the sandbox: its objects are made in the emulator at {url}, which has to be empty before, and stay there"
        ),
        None => {
            "AWS is not in the sandbox: its objects can be rehearsed in an empty emulator only (moto, for example), \
                 at AWS_ENDPOINT_URL or the provider's `endpoint`"
                .to_owned()
        }
    };
    Some(of_aws).filter(|_| providers.contains("aws")).into_iter().collect()
}

/// An id in lower case, and all that it begins with.
fn with_parents(id: &str) -> Vec<String> {
    let id = id.to_lowercase();
    let ends = id.match_indices('/').map(|(at, _)| at).chain([id.len()]);
    ends.filter_map(|end| id.get(..end)).map(str::to_owned).collect()
}

impl Stage {
    fn new(
        project: Project,
        environment: String,
        stack: Arc<Stack>,
        options: PlanOptions,
        directory: &std::path::Path,
        sandbox: &Embedded,
        read_data: bool,
    ) -> Result<Self, Failure> {
        let keys = Keys::from_environment()?;
        let digest = Arc::new(SealedDigest(keys.sealer()?));
        let inputs = project.rehearsal_inputs(Configured::ByStack(Arc::clone(&stack)), read_data);
        let stand_ins = Arc::new(StandIns::new(digest, inputs));
        let lock = LockOptions::new(crate::project::who(), "rehearse");
        let store = Arc::from(LocalStore::lock_and_open(directory.join("state"), lock, &keys)?);
        let cloud = StandInServer { server: sandbox.server.clone(), ids: Mutex::default() };
        let real = read_data.then(|| project.provider_environment());
        let elsewhere = Arc::new(Elsewhere::new(real, Arc::new(cloud), Arc::clone(&stand_ins)));
        let providers = Arc::new(WithElsewhere::new(Arc::new(Registry), Arc::clone(&elsewhere)));
        Ok(Self { project, environment, stack, options, reads_data: read_data, store, stand_ins, elsewhere, providers })
    }

    async fn rehearse(&self, state: &State, rules: Vec<Rule>, sandbox: &Embedded) -> Result<Report, Failure> {
        let environment = self.project.rehearsal_environment(sandbox::endpoint(&sandbox.identity));
        let interruption = super::apply::listen()?;
        let mut report = Report::new(&self.environment, self.reads_data);
        // Nothing that was made here is kept, so there is nothing to finish and to record.
        let mut interrupted = interruption.clone();
        tokio::select! {
            played = self.play(state, rules, sandbox, &environment, &interruption, &mut report) => played?,
            _ = interrupted.wait_for(|interruption| *interruption != Interruption::None) => {
                let help = "nothing real was changed; rehearse again when there is time";
                return Err(refusal("E0599", "the rehearsal was interrupted", help));
            }
        }
        report.read = self.elsewhere.read();
        report.limits = limits(&self.providers.configured());
        Ok(report)
    }

    /// All that is played; what comes of it goes into the report.
    async fn play(
        &self,
        state: &State,
        rules: Vec<Rule>,
        sandbox: &Embedded,
        environment: &Environment,
        interruption: &InterruptionReceiver,
        report: &mut Report,
    ) -> Result<(), Failure> {
        self.restore(state, environment, interruption, report).await?;
        if !report.is_well() {
            return Ok(());
        }
        for rule in rules {
            sandbox
                .server
                .failures()
                .add(rule)
                .map_err(|error| formwork_sandbox::Problem::Refused { reason: error.0 })?;
        }
        self.change(environment, interruption, report).await?;
        report.failures = sandbox.server.failures().list();
        if report.is_well() {
            sandbox
                .server
                .failures()
                .remove(None)
                .map_err(|error| formwork_sandbox::Problem::Refused { reason: error.0 })?;
            report.went_through = true;
            report.outputs = self.store.state().outputs.clone();
            report.left = self.left(environment, &mut report.diagnostics).await;
        }
        Ok(())
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
        self.elsewhere.before_restoring(&recorded);
        let options = PlanOptions { refresh: false, ..PlanOptions::default() };
        let plan = match self.plan(&recorded, environment, &options, false).await {
            Ok(plan) => plan,
            Err(failure) => {
                report.cannot_restore(failure.diagnostics);
                return Ok(());
            }
        };
        self.tell(&format!("Making {} recorded objects in a private sandbox.\n", recorded.objects));
        let events = Arc::new(self.recorder(recorded.objects));
        let applied = self.apply(plan, environment, interruption, events).await;
        if applied.outcome != Outcome::Succeeded {
            report.cannot_restore(applied.diagnostics);
        }
        self.remember(state)?;
        self.elsewhere.restored(state, &self.store.state());
        Ok(())
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
            self.tell(&format!("Making {} changes there, in phase {number}.\n", phase.len()));
            let events = Arc::new(self.recorder(phase.len()));
            let applied = self.apply(plan, environment, interruption, Arc::clone(&events) as _).await;
            phase.ended(&events, &self.store.state());
            report.phases.push(phase);
            report.diagnostics.extend(applied.diagnostics);
            if applied.outcome != Outcome::Succeeded || complete {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What takes down how so many changes go, and tells people.
    fn recorder(&self, changes: usize) -> Recorder {
        Recorder::new(Pace::new(Some(changes).filter(|_| !self.project.output.json)))
    }

    /// Says how far it is, to people: a platform takes minutes.
    fn tell(&self, text: &str) {
        if !self.project.output.json {
            tell(text);
        }
    }

    /// What a second plan would still change; none where there is no such plan.
    async fn left(&self, environment: &Environment, told: &mut Vec<Diagnostic>) -> Option<Vec<String>> {
        let options = PlanOptions { replace: Vec::new(), phase: 1, ..self.options.clone() };
        match self.plan(self.stack.as_ref(), environment, &options, true).await {
            Ok(plan) => Some(phase::changes(&plan)),
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
        let connections = Connections::new(Arc::clone(&self.providers) as _, environment.clone());
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
            providers: Arc::clone(&self.providers) as _,
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
