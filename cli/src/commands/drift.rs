//! `drift`: what was changed behind our back. Exit code 2 when something was, so that a scheduled job notices.

use super::session::{self, Session};
use super::{CHANGES, DONE};
use crate::arguments::{DriftArguments, Global};
use crate::output::print;
use crate::project::Answer;
use formwork_engine::connections::Connections;
use formwork_engine::ports::NoEvents;
use std::sync::Arc;

pub(super) fn run(global: &Global, arguments: &DriftArguments) -> Answer {
    let session = Session::open(global, &arguments.planning, Arc::new(NoEvents))?;
    let published = session.project.published(&session.environment)?;
    let mut options = session::options(&arguments.planning, false)?;
    (options.refresh, options.refresh_only) = (true, true);
    let connections = Connections::new(Arc::clone(&session.providers), session.project.provider_environment());
    let plan = session::runtime()?.block_on(session.plan(&connections, &published.state, &options))?;
    if plan.drift.is_empty() && !session.project.output.json {
        print("No drift: the cloud is as it was left.\n");
        return Ok(DONE);
    }
    session.show(&plan);
    Ok(if plan.drift.is_empty() { DONE } else { CHANGES })
}
