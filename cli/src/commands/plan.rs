//! `plan`: what an apply would do. Takes no lock and writes no state.

use super::session::{self, Session};
use super::{CHANGES, DONE};
use crate::arguments::{Global, PlanArguments};
use crate::output::tell;
use crate::project::Answer;
use formwork_engine::plan::Plan;
use formwork_engine::plan_file;
use formwork_engine::ports::NoEvents;
use std::sync::Arc;

pub(super) fn run(global: &Global, arguments: &PlanArguments) -> Answer {
    let session = Session::open(global, &arguments.planning, Arc::new(NoEvents))?;
    let ground = &session.ground;
    let published = ground.project.published(&ground.environment)?;
    ground.warn(&published.warnings);
    super::tell_as_of(&ground.project.output, &published);
    let options = session::options(&arguments.planning, arguments.destroy)?;
    let plan = session::runtime()?.block_on(session.plan(&ground.connections(), &published.state, &options))?;
    ground.show(&plan, &published.state);
    if let Some(path) = &arguments.out {
        plan_file::write(path, &plan, &ground.sealer)?;
        tell(&format!("Written to {0}; apply it with `formwork apply {0}`.\n", path.display()));
    }
    Ok(code(&plan, arguments.planning.detailed_exitcode))
}

/// 2 with `--detailed-exitcode` where something would change, or a phase is left.
pub(super) fn code(plan: &Plan, detailed: bool) -> i32 {
    if detailed && (plan.has_changes() || !plan.header.complete) { CHANGES } else { DONE }
}
