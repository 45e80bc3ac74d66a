//! `plan`: what an apply would do. Takes no lock and writes no state.

use super::session::{self, Session};
use super::{CHANGES, DONE};
use crate::arguments::{Global, PlanArguments};
use crate::output::tell;
use crate::project::Answer;
use formwork_engine::connections::Connections;
use formwork_engine::plan::Plan;
use formwork_engine::ports::NoEvents;
use std::sync::Arc;

pub(super) fn run(global: &Global, arguments: &PlanArguments) -> Answer {
    let session = Session::open(global, &arguments.planning, Arc::new(NoEvents))?;
    let published = session.project.published(&session.environment)?;
    session.warn(&published.warnings);
    super::tell_as_of(&session.project.output, &published);
    let options = session::options(&arguments.planning, arguments.destroy)?;
    let connections = Connections::new(Arc::clone(&session.providers), session.project.provider_environment());
    let plan = session::runtime()?.block_on(session.plan(&connections, &published.state, &options))?;
    session.show(&plan);
    if let Some(path) = &arguments.out {
        tell(&format!("Written to {0}; apply it with `formwork apply {0}`.\n", path.display()));
    }
    Ok(code(&plan, arguments.planning.detailed_exitcode))
}

/// 2 with `--detailed-exitcode` where something would change, or a phase is left.
pub(super) fn code(plan: &Plan, detailed: bool) -> i32 {
    if detailed && (plan.has_changes() || !plan.header.complete) { CHANGES } else { DONE }
}
