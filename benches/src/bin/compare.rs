//! Whole commands on made stacks, for Formwork and beside it Terraform: processor time, wall time, memory, growth.
//!
//! Nothing is asserted: the machine decides. Options: `--formwork PATH`, `--terraform PATH`, `--no-terraform`,
//! `--runs N`, `--largest N` (leaves out sizes above), `--case TEXT` (cases whose name holds it).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program prints a table")]

use formwork_benches::measure::{self, Cost};
use formwork_benches::stacks::{self, Shape, Tool};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

/// Terraform takes minutes above.
const LARGEST_TERRAFORM: usize = 10_000;
/// Its function `range` gives no longer list, and the stack with instances is written with it.
const LONGEST_TERRAFORM_RANGE: usize = 1_024;

/// What is measured on a stack.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Check,
    PlanNew,
    PlanAgain,
    Apply,
    Destroy,
}

struct Case {
    name: &'static str,
    action: Action,
    shape: Shape,
    sizes: &'static [usize],
}

const CASES: &[Case] = &[
    Case { name: "check", action: Action::Check, shape: Shape::Layers, sizes: &[10] },
    Case {
        name: "plan new, separate",
        action: Action::PlanNew,
        shape: Shape::Separate,
        sizes: &[1, 1_000, 10_000, 200_000],
    },
    Case { name: "plan new, layers", action: Action::PlanNew, shape: Shape::Layers, sizes: &[1_000, 10_000, 100_000] },
    Case { name: "plan new, for", action: Action::PlanNew, shape: Shape::Instances, sizes: &[500, 5_000, 50_000] },
    Case { name: "plan new, chain", action: Action::PlanNew, shape: Shape::Chain, sizes: &[500, 5_000, 50_000] },
    Case { name: "plan no-op", action: Action::PlanAgain, shape: Shape::Separate, sizes: &[1_000, 20_000, 100_000] },
    Case { name: "apply", action: Action::Apply, shape: Shape::Separate, sizes: &[1_000, 10_000, 100_000] },
    Case { name: "destroy", action: Action::Destroy, shape: Shape::Separate, sizes: &[1_000, 10_000, 100_000] },
];

struct Settings {
    formwork: PathBuf,
    terraform: Option<PathBuf>,
    runs: usize,
    largest: usize,
    case: String,
}

fn main() -> ExitCode {
    match settings().and_then(|settings| compare(&settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn settings() -> io::Result<Settings> {
    let mut settings = Settings {
        formwork: beside()?,
        terraform: on_path("terraform"),
        runs: 3,
        largest: usize::MAX,
        case: String::new(),
    };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| refused(&format!("{argument} needs a value")));
        match argument.as_str() {
            "--formwork" => settings.formwork = value()?.into(),
            "--terraform" => settings.terraform = Some(value()?.into()),
            "--no-terraform" => settings.terraform = None,
            "--runs" => settings.runs = number(&value()?)?.max(1),
            "--largest" => settings.largest = number(&value()?)?,
            "--case" => settings.case = value()?,
            _ => return Err(refused(&format!("`{argument}` is not an option"))),
        }
    }
    if !settings.formwork.is_file() {
        let path = settings.formwork.display();
        return Err(refused(&format!(
            "no formwork at {path}; build it (-p formwork-cli --release) or name it with --formwork"
        )));
    }
    settings.formwork = fs::canonicalize(&settings.formwork)?;
    Ok(settings)
}

fn refused(message: &str) -> io::Error {
    io::Error::other(message.to_owned())
}

fn number(text: &str) -> io::Result<usize> {
    text.parse().map_err(|_| refused(&format!("`{text}` is not a number")))
}

/// Cargo puts the programs of a workspace beside each other.
fn beside() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name("formwork"))
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(program)).find(|path| path.is_file())
}

fn compare(settings: &Settings) -> io::Result<()> {
    if settings.terraform.is_none() {
        println!("terraform: skipped (not found, or not wanted)\n");
    }
    println!("| case | size | cpu s | wall s | MB | terraform cpu s | wall s | MB | cpu ratio | memory ratio |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for case in CASES.iter().filter(|case| case.name.contains(&settings.case)) {
        let sizes: Vec<usize> = case.sizes.iter().copied().filter(|size| *size <= settings.largest).collect();
        let mut costs = Vec::new();
        for size in sizes {
            costs.push((size, row(settings, case, size)?));
        }
        growth(case, &costs);
    }
    Ok(())
}

fn row(settings: &Settings, case: &Case, size: usize) -> io::Result<Cost> {
    let ours = least(Tool::Formwork, &settings.formwork, case, size, settings.runs)?;
    let largest = if case.shape == Shape::Instances { LONGEST_TERRAFORM_RANGE } else { LARGEST_TERRAFORM };
    let terraform = settings.terraform.as_ref().filter(|_| size <= largest);
    // Its runs are long: one is precise enough.
    let theirs = terraform.map(|program| least(Tool::Terraform, program, case, size, 1)).transpose();
    let (theirs, ratios) = match theirs {
        Ok(Some(theirs)) => (shown(theirs), ratios(ours, theirs)),
        Ok(None) => ("– | – | –".into(), "– | –".into()),
        Err(error) => {
            eprintln!("{}, {size}: {error}", case.name);
            ("failed | – | –".into(), "– | –".into())
        }
    };
    println!("| {} | {size} | {} | {theirs} | {ratios} |", case.name, shown(ours));
    Ok(ours)
}

fn shown(cost: Cost) -> String {
    let (processor, wall) = (cost.processor.as_secs_f64(), cost.wall.as_secs_f64());
    format!("{processor:.3} | {wall:.3} | {:.1}", cost.memory as f64 / 1e6)
}

fn ratios(ours: Cost, theirs: Cost) -> String {
    let processor = theirs.processor.as_secs_f64() / ours.processor.as_secs_f64();
    format!("{processor:.0}× | {:.0}×", theirs.memory as f64 / ours.memory as f64)
}

/// Between neighbouring sizes, so that what each command costs at least does not hide what follows.
fn growth(case: &Case, costs: &[(usize, Cost)]) {
    for (small, large) in costs.iter().zip(costs.iter().skip(1)) {
        let exponent = measure::exponent((small.0, small.1.processor), (large.0, large.1.processor));
        if let Some(exponent) = exponent.filter(|_| small.0 > 1) {
            println!("| {}: exponent {} to {} | | {exponent:.2} | | | | | | | |", case.name, small.0, large.0);
        }
    }
}

fn least(tool: Tool, program: &Path, case: &Case, size: usize, runs: usize) -> io::Result<Cost> {
    let mut least: Option<Cost> = None;
    for _ in 0..runs {
        let cost = once(tool, program, case, size)?;
        least = Some(least.map_or(cost, |before| before.least(cost)));
    }
    least.ok_or_else(|| refused("no run was wanted"))
}

/// One measured run in a directory of its own, after what has to come before.
fn once(tool: Tool, program: &Path, case: &Case, size: usize) -> io::Result<Cost> {
    let directory = tempfile::tempdir()?;
    stacks::write(tool, case.shape, size, directory.path())?;
    let run = |action| measure::run(&mut command(tool, program, directory.path(), action));
    if tool == Tool::Terraform {
        measure::run(terraform(program, directory.path()).arg("init"))?;
    }
    if matches!(case.action, Action::PlanAgain | Action::Destroy) {
        run(Action::Apply)?;
    }
    run(case.action)
}

fn command(tool: Tool, program: &Path, directory: &Path, action: Action) -> Command {
    match tool {
        Tool::Formwork => {
            let mut command = formwork(program, directory);
            command.args(match action {
                Action::Check => &["check"][..],
                Action::PlanNew | Action::PlanAgain => &["plan"],
                Action::Apply => &["apply", "--auto-approve"],
                Action::Destroy => &["destroy", "--auto-approve"],
            });
            command
        }
        Tool::Terraform => {
            let mut command = terraform(program, directory);
            command.args(match action {
                Action::Check => &["validate"][..],
                Action::PlanNew | Action::PlanAgain => &["plan", "-input=false"],
                Action::Apply => &["apply", "-input=false", "-auto-approve"],
                Action::Destroy => &["destroy", "-input=false", "-auto-approve"],
            });
            command
        }
    }
}

/// The key of the state lies beside the stack: nothing of the user's is touched.
fn formwork(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env_remove("FORMWORK_STATE_KEY").env("XDG_DATA_HOME", directory.join("data"));
    command
}

fn terraform(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env("CHECKPOINT_DISABLE", "1");
    command
}
