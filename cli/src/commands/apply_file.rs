//! `apply FILE`: applies a plan that was made, and perhaps read, before. Needs neither sources nor a particular
//! directory; where the sources are at hand, they have to be those of the plan. One phase; `--next-out` writes the plan of the next one, for which the sources are needed.

use super::apply::{apply_plan, conclude, listen, recover_open, was_told_wrong};
use super::session::{self, Ground, SealedDigest, Session};
use super::{CHANGES, DONE, FAILED};
use crate::arguments::{ApplyArguments, Global};
use crate::logging;
use crate::output::{Output, tell};
use crate::project::{self, Answer, Configured, Failure, Project, refusal};
use crate::render::progress::Progress;
use formwork_engine::plan::Plan;
use formwork_engine::plan_file::{self, Verification};
use formwork_engine::ports::Interruption;
use formwork_lang::source::FileTable;
use formwork_state::record::{Outcome, Run};
use formwork_state::store::{Reader, Store};
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(global: &Global, arguments: &ApplyArguments, file: &Path) -> Answer {
    refuse_planning(arguments)?;
    session::refuse_no_parallelism(&arguments.planning)?;
    let sealer = crate::project::keys()?.sealer()?;
    let plan = plan_file::read(file, &sealer)?;
    let project = Project::of_plan(global, &plan.header)?;
    let environment = plan.header.environment.clone();
    let events = Arc::new(Progress::new(Output::new(global)));
    let configured = Configured::As(plan.header.secret_readers.clone());
    let parallelism = arguments.planning.parallelism;
    let ground = Ground::new(project, environment, FileTable::default(), parallelism, events, configured)?;
    let began = super::now_ms();
    let store = ground.project.lock(&ground.environment, "apply", arguments.locking.lock_timeout)?;
    ground.warn(&store.warnings());
    let answer = session::runtime().and_then(|runtime| runtime.block_on(one_phase(&ground, plan, &store)));
    let state = store.state();
    let closed = store.close();
    let complete = answer?;
    closed?;
    if complete.is_some() {
        ground.show_outputs(&state);
    }
    if !ground.project.output.json {
        tell(&format!("Took {}.\n", session::elapsed_since(began)));
    }
    match (complete, &arguments.next_out) {
        (None, _) => Ok(FAILED),
        (Some(true), _) => Ok(DONE),
        (Some(false), Some(path)) => next(global, arguments, path),
        (Some(false), None) => {
            tell("Another phase is left: plan again, or say `--next-out FILE`.\n");
            Ok(if arguments.planning.detailed_exitcode { CHANGES } else { DONE })
        }
    }
}

/// What decides a plan was said when it was made.
fn refuse_planning(arguments: &ApplyArguments) -> Result<(), Failure> {
    let planning = &arguments.planning;
    let says_more = !planning.variables.variables.is_empty()
        || !planning.variables.variable_files.is_empty()
        || !planning.targets.is_empty()
        || !planning.excludes.is_empty()
        || !planning.replaces.is_empty()
        || planning.refresh_only;
    if says_more && arguments.next_out.is_none() {
        let help = "say these when you make the plan: `formwork plan … --out FILE`";
        return Err(refusal(
            "E0571",
            "a plan file is applied as it is; values and targets cannot be changed now",
            help,
        ));
    }
    Ok(())
}

/// A plan is applied once: what it says was true before.
fn refuse_applied(plan: &Plan, history: &[Run]) -> Result<(), Failure> {
    let succeeded = |run: &&Run| run.finished.as_ref().is_some_and(|end| end.outcome == Outcome::Succeeded);
    let Some(run) = history.iter().filter(succeeded).find(|run| run.plan == plan.header.id) else { return Ok(()) };
    let message = format!("this plan was applied already, at {} by {}", super::time(run.at_ms), run.who);
    Err(refusal("E0573", message, "nothing was changed now; for other changes make a new plan"))
}

/// Applies the plan; whether it was the last phase, or none when it failed.
async fn one_phase(ground: &Ground, plan: Plan, store: &Arc<dyn Store>) -> Result<Option<bool>, Failure> {
    let state = store.state();
    let history = ground.project.reader(&ground.environment)?.history().unwrap_or_default();
    refuse_applied(&plan, &history)?;
    let connections = ground.connections();
    let sources = project::digest_in(&ground.project.root, &plan.header.stack, &ground.environment);
    let digest = SealedDigest(ground.sealer.clone());
    let verified = plan_file::verify(
        &plan,
        Verification {
            state: &state,
            last_run: history.first(),
            config_digest: sources.as_deref(),
            connections: &connections,
            inputs: ground.inputs.as_ref(),
            digest: &digest,
        },
    );
    verified.await.map_err(|diagnostics| ground.failure(diagnostics))?;
    for row in state.rows.values() {
        logging::secrets().learn(row.values.view());
    }
    let interruption = listen()?;
    let told = recover_open(ground, store, &interruption).await;
    ground.warn(&told);
    let complete = plan.header.complete;
    let report = apply_plan(ground, plan, store, "apply", &interruption).await;
    let well = conclude(ground, &report) && *interruption.borrow() == Interruption::None && !was_told_wrong(&told);
    Ok(well.then_some(complete))
}

/// Plans the next phase, from the sources.
fn next(global: &Global, arguments: &ApplyArguments, path: &Path) -> Answer {
    let session = Session::open(global, &arguments.planning, Arc::new(formwork_engine::ports::NoEvents))?;
    let ground = &session.ground;
    let published = ground.project.published(&ground.environment)?;
    let options = session::options(&arguments.planning, false)?;
    let plan = session::runtime()?.block_on(session.plan(&ground.connections(), &published.state, &options))?;
    ground.show(&plan, &published.state);
    plan_file::write(path, &plan, &ground.sealer)?;
    tell(&format!("The next phase is in {0}; apply it with `formwork apply {0}`.\n", path.display()));
    Ok(if arguments.planning.detailed_exitcode { CHANGES } else { DONE })
}
