//! `drift`: what was changed behind our back. Exit code 2 when something was, so that a scheduled job notices.

use super::session::{self, Session};
use super::{CHANGES, DONE};
use crate::arguments::{DriftArguments, Global};
use crate::output::print;
use crate::project::Answer;
use formwork_engine::ports::NoEvents;
use std::sync::Arc;

pub(super) fn run(global: &Global, arguments: &DriftArguments) -> Answer {
    let session = Session::open(global, &arguments.planning, Arc::new(NoEvents))?;
    let ground = &session.ground;
    let published = ground.project.published(&ground.environment)?;
    let mut options = session::options(&arguments.planning, false)?;
    (options.refresh, options.refresh_only) = (true, true);
    let plan = session::runtime()?.block_on(session.plan(&ground.connections(), &published.state, &options))?;
    if plan.drift.is_empty() && !ground.project.output.json {
        print("No drift: the cloud is as it was left.\n");
        return Ok(DONE);
    }
    ground.show(&plan, &published.state);
    // What the cloud decides by itself may change at any time, and is nobody's doing.
    Ok(if plan.drifted() == 0 { DONE } else { CHANGES })
}
