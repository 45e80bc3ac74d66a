//! What takes more than one process, or a file system of its own: locks, kill -9, full and read-only disks, power loss.
//!
//! The program starts itself as a child. Trials that need root, or a tool that is not here, say so and are ignored.
//! `FORMWORK_STATE_KILLS` and `FORMWORK_STATE_POWER_LOSSES` raise the counts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "processes/child.rs"]
mod child;
#[path = "processes/disk.rs"]
mod disk;
#[path = "support/files.rs"]
mod files;
#[path = "processes/kill.rs"]
mod kill;
#[path = "processes/lock.rs"]
mod lock;
#[path = "support/samples.rs"]
mod samples;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A trial's body: done, or why it cannot be tried here.
type Body = fn() -> Result<Option<String>, Failed>;

fn main() {
    if let Some(role) = std::env::var_os("FORMWORK_STATE_CHILD") {
        return child::main(&role.to_string_lossy());
    }
    let all: [(&str, Body); 9] = [
        ("the_second_of_two_processes_learns_who_holds_the_lock", lock::second_is_refused),
        ("the_second_of_two_processes_waits_for_the_first", lock::second_waits),
        ("a_dead_holder_is_succeeded_at_once", lock::dead_holder),
        ("readers_work_while_another_process_writes", lock::readers),
        ("nothing_acknowledged_is_lost_by_kill_9", kill::kill),
        ("a_file_size_limit_loses_nothing", disk::file_size_limit),
        ("a_full_disk_loses_nothing", disk::full),
        ("a_read_only_disk_is_told_and_read", disk::read_only),
        ("nothing_acknowledged_is_lost_by_power_loss", disk::power_loss),
    ];
    let trials = all.map(|(name, body)| {
        Trial::ignorable_test(name, move || Ok(body()?.map_or(Completion::Completed, Completion::ignored_with)))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}
