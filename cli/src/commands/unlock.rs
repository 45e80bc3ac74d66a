//! `unlock`: the kernel releases the lock of a dead process by itself; this says who holds it, and what to do.

use super::{DONE, time};
use crate::arguments::{Global, UnlockArguments};
use crate::output::{confirm, tell};
use crate::project::{Answer, Project, refusal};
use formwork_state::LocalStore;

pub(super) fn run(global: &Global, arguments: &UnlockArguments) -> Answer {
    let project = Project::open(global)?;
    let environment = project.environment()?;
    let Some(holder) = LocalStore::holder(project.state_directory(&environment)) else {
        tell("Nobody holds the lock.\n");
        return Ok(DONE);
    };
    let since = time(holder.since_ms);
    let told = format!(
        "{} holds the lock: process {}, running `{}` since {since}",
        holder.who, holder.process, holder.command
    );
    let sure =
        arguments.force || (project.output.interactive && confirm(&format!("{told}.\nAsk that process to stop?")));
    let help = "a local lock belongs to a living process and ends with it: \
                let it finish, or stop it with `formwork unlock --force`; a stopped apply records what it has done";
    if !sure {
        return Err(refusal("E3054", told, help));
    }
    let stopped = std::process::Command::new("kill").args(["-TERM", &holder.process.to_string()]).status();
    match stopped {
        Ok(status) if status.success() => {
            tell(&format!(
                "Asked process {} to stop; it records what is in flight and releases the lock.\n",
                holder.process
            ));
            Ok(DONE)
        }
        _ => Err(refusal(
            "E3054",
            told,
            "the process could not be stopped from here; is it on another host, or another user's?",
        )),
    }
}
