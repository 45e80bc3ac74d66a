//! `state`: looking into the state, and changing it by hand.

use super::{DONE, run_record};
use crate::arguments::{Global, StateCommand};
use crate::output::{self, Output};
use crate::project::{Answer, Failure, Project, refusal};
use crate::render::value::{Writer, push_key};
use formwork_model::value::{Masking, to_json};
use formwork_model::{Address, ModulePath};
use formwork_state::record::{Condition, Move, Outcome, Record, Role, Row, RowKey, State};
use formwork_state::store::{Reader, Store};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn run(global: &Global, command: StateCommand) -> Answer {
    let project = Project::open(global)?;
    let environment = project.environment()?;
    match command {
        StateCommand::List { address } => list(&project, &environment, address.as_deref()),
        StateCommand::Show { address } => show(&project, &environment, &address),
        StateCommand::Mv { from, to, lock_timeout } => mv(&project, &environment, &from, &to, lock_timeout),
        StateCommand::Rm { addresses, lock_timeout } => rm(&project, &environment, &addresses, lock_timeout),
        StateCommand::History { limit } => history(&project, &environment, limit),
        StateCommand::Lock => lock(&project, &environment),
        StateCommand::Resolve { address, adopt, absent: _, lock_timeout } => {
            super::resolve::resolve(&project, &environment, &address, adopt, lock_timeout)
        }
    }
}

/// An address as typed.
pub(super) fn address(text: &str) -> Result<Address, Failure> {
    text.parse().map_err(|error: formwork_model::AddressError| {
        refusal(
            "E3050",
            error.to_string(),
            "write it as `formwork state list` shows it, in single quotes for the shell",
        )
    })
}

/// Rows that a text means: an object, all instances of a block, or all that is in a module.
fn selected<'a>(state: &'a State, text: &str) -> Result<Vec<&'a Arc<Row>>, Failure> {
    let wanted = address(text)?;
    let step = wanted.module.child(wanted.name.clone(), wanted.key.clone());
    let means = |row: &Row| {
        let own = &row.key.address;
        let is_block = wanted.key.is_none() && own.block() == wanted;
        let is_instance = wanted.row.is_none() && own.key == wanted.key && own.block() == wanted.block();
        *own == wanted || is_block || is_instance || contains(&step, &own.module)
    };
    let rows: Vec<_> = state.rows.values().filter(|row| means(row)).collect();
    if rows.is_empty() {
        let nearest = nearest(state, text);
        let help = nearest.map_or_else(
            || "`formwork state list` shows what there is".into(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(refusal("E3051", format!("nothing in the state is called `{text}`"), help));
    }
    Ok(rows)
}

/// A module without key means all its instances.
fn contains(step: &ModulePath, module: &ModulePath) -> bool {
    let last = step.0.len().saturating_sub(1);
    let open = step.0.last().is_some_and(|last| last.key.is_none());
    step.contains(module)
        || (open
            && module.0.len() > last
            && step.0.iter().take(last).eq(module.0.iter().take(last))
            && step.0.last().map(|step| &step.name) == module.0.get(last).map(|step| &step.name))
}

fn nearest(state: &State, text: &str) -> Option<String> {
    let names = state.rows.keys().map(|key| key.address.to_string());
    let scored = names.map(|name| (strsim::jaro_winkler(&name, text), name));
    scored.filter(|(score, _)| *score > 0.8).max_by(|one, two| one.0.total_cmp(&two.0)).map(|(_, name)| name)
}

fn list(project: &Project, environment: &str, wanted: Option<&str>) -> Answer {
    let published = project.published(environment)?;
    super::tell_as_of(&project.output, &published);
    let rows: Vec<&Arc<Row>> = match wanted {
        Some(wanted) => selected(&published.state, wanted)?,
        None => published.state.rows.values().collect(),
    };
    if project.output.json {
        let rows: Vec<Json> = rows.iter().map(|row| row_json(row, false)).collect();
        output::data(&format!("{}\n", json!({ "objects": rows })));
        return Ok(DONE);
    }
    let mut text = String::new();
    for row in rows {
        text.push_str(&row.key.address.to_string());
        text.push_str(&remark(row));
        text.push('\n');
    }
    if text.is_empty() {
        output::tell("Nothing is managed here yet.\n");
    }
    output::print(&text);
    Ok(DONE)
}

/// What is unusual about a row.
fn remark(row: &Row) -> String {
    let role = match row.role {
        Role::Current => None,
        Role::Deposed => Some("replaced, still to be deleted".to_owned()),
        Role::Deleting => Some("being deleted".to_owned()),
    };
    let condition = match &row.condition {
        Condition::Ready => None,
        Condition::Incomplete(reason) => Some(format!("incomplete: {reason}")),
        Condition::Dirty(_) => Some("an update was interrupted".to_owned()),
        Condition::Uncertain(reason) => Some(format!("uncertain: {reason}")),
    };
    let remarks: Vec<String> = role.into_iter().chain(condition).collect();
    if remarks.is_empty() { String::new() } else { format!("  ({})", remarks.join("; ")) }
}

fn row_json(row: &Row, values: bool) -> Json {
    let mut json = json!({
        "address": row.key.address.to_string(),
        "type": row.type_name.to_string(),
        "generation": row.key.generation,
        "role": row.role,
        "condition": row.condition,
        "provider": row.provider.to_string(),
        "dependencies": row.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "protect": row.lifecycle.protect,
    });
    if let (true, Json::Object(map)) = (values, &mut json) {
        map.insert("values".into(), to_json(row.values.view(), Masking::Masked));
    }
    json
}

fn show(project: &Project, environment: &str, wanted: &str) -> Answer {
    let published = project.published(environment)?;
    let rows = selected(&published.state, wanted)?;
    if project.output.json {
        let rows: Vec<Json> = rows.iter().map(|row| row_json(row, true)).collect();
        output::data(&format!("{}\n", json!({ "objects": rows })));
        return Ok(DONE);
    }
    let mut text = String::new();
    for row in rows {
        text.push_str(&format!("{} ({}){}\n", row.key.address, row.type_name, remark(row)));
        let writer = Writer { own: Some(&row.key.address) };
        for (name, value) in row.values.view().entries() {
            text.push_str("  ");
            push_key(&mut text, name);
            text.push_str(" = ");
            writer.push(&mut text, value, 2);
            text.push('\n');
        }
        if !row.dependencies.is_empty() {
            let needed: Vec<String> = row.dependencies.iter().map(ToString::to_string).collect();
            text.push_str(&format!("  // after {}\n", needed.join(", ")));
        }
        text.push('\n');
    }
    output::print(text.trim_end_matches('\n'));
    output::print("\n");
    Ok(DONE)
}

/// Changes the state under its lock, as a run of its own in the history.
pub(super) fn change(
    project: &Project,
    environment: &str,
    command: &str,
    timeout: Duration,
    records: impl FnOnce(&State) -> Result<(Vec<Record>, String), Failure>,
) -> Answer {
    let store: Arc<dyn Store> = project.lock(environment, command, timeout)?;
    let state = store.state();
    let result = records(&state).and_then(|(records, summary)| {
        let run = run_record(project, command, "");
        let id = run.id.clone();
        let mut all = vec![Record::RunStarted(run)];
        all.extend(records);
        let at_ms = super::now_ms();
        all.push(Record::RunFinished { run: id, at_ms, outcome: Outcome::Succeeded, summary: summary.clone() });
        store.append_and_wait(all)?;
        Ok(summary)
    });
    let closed = store.close();
    let summary = result?;
    closed?;
    output::tell(&format!("{summary}\n"));
    Ok(DONE)
}

fn mv(project: &Project, environment: &str, from: &str, to: &str, timeout: Duration) -> Answer {
    change(project, environment, "state mv", timeout, |state| {
        let moves = moves(state, &address(from)?, &address(to)?, from)?;
        let summary = format!("{} moved", moves.len());
        Ok((vec![Record::Moved(moves)], summary))
    })
}

fn moves(state: &State, from: &Address, to: &Address, text: &str) -> Result<Vec<Move>, Failure> {
    let mut moves = Vec::new();
    for row in selected(state, text)? {
        let address = readdressed(&row.key.address, from, to);
        if state.current(&address).is_some() {
            let message = format!("`{address}` is in the state already");
            return Err(refusal("E3052", message, "move or remove that one first"));
        }
        moves.push(Move { from: row.key.clone(), to: RowKey { address, generation: row.key.generation } });
    }
    Ok(moves)
}

/// An address with the part that `from` names replaced by `to`.
fn readdressed(own: &Address, from: &Address, to: &Address) -> Address {
    if own.module == from.module && own.name == from.name {
        let key = if from.key.is_some() || to.key.is_some() { to.key.clone() } else { own.key.clone() };
        return Address { key, row: own.row.clone().or_else(|| to.row.clone()), ..to.clone() };
    }
    let depth = from.module.0.len();
    let tail: Vec<_> = own.module.0.iter().skip(depth).cloned().collect();
    let mut steps = to.module.0.clone();
    for (position, step) in tail.into_iter().enumerate() {
        if position == 0 {
            let key = if from.key.is_some() || to.key.is_some() { to.key.clone() } else { step.key };
            steps.push(formwork_model::ModuleStep { name: to.name.clone(), key });
        } else {
            steps.push(step);
        }
    }
    Address { module: ModulePath(steps), ..own.clone() }
}

fn rm(project: &Project, environment: &str, addresses: &[String], timeout: Duration) -> Answer {
    change(project, environment, "state rm", timeout, |state| {
        let mut records = Vec::new();
        for text in addresses {
            for row in selected(state, text)? {
                let reason = "formwork state rm".to_owned();
                records.push(Record::Remove { key: row.key.clone(), reason });
            }
        }
        let summary = format!("{} forgotten; the objects stay in the cloud", records.len());
        Ok((records, summary))
    })
}

fn history(project: &Project, environment: &str, limit: usize) -> Answer {
    let runs = project.reader(environment)?.history()?;
    let runs = runs.iter().take(limit);
    if project.output.json {
        let runs: Vec<&formwork_state::record::Run> = runs.collect();
        output::data(&format!("{}\n", json!({ "environment": environment, "runs": runs })));
        return Ok(DONE);
    }
    let mut text = String::new();
    for run in runs {
        let (outcome, summary) = run.finished.as_ref().map_or(("did not finish", ""), |finished| {
            let outcome = match finished.outcome {
                Outcome::Succeeded => "succeeded",
                Outcome::Failed => "failed",
                Outcome::Interrupted => "interrupted",
            };
            (outcome, finished.summary.as_str())
        });
        let commit = if run.commit.is_empty() { String::new() } else { format!(" at {}", run.commit) };
        let when = super::time(run.at_ms);
        text.push_str(&format!(
            "{when}  {:<10} {outcome} in {environment} by {}{commit}: {summary}\n",
            run.command, run.who
        ));
    }
    output::print(&text);
    Ok(DONE)
}

fn lock(project: &Project, environment: &str) -> Answer {
    let holder = formwork_state::LocalStore::holder(project.state_directory(environment));
    show_holder(&project.output, holder.as_ref());
    Ok(DONE)
}

fn show_holder(output: &Output, holder: Option<&formwork_state::store::Holder>) {
    if output.json {
        output::data(&format!("{}\n", json!({ "holder": holder })));
        return;
    }
    let text = holder.map_or_else(
        || "Nobody holds the lock.\n".to_owned(),
        |holder| {
            let since = super::time(holder.since_ms);
            format!(
                "{} holds the lock: process {}, running `{}` since {since}\n",
                holder.who, holder.process, holder.command
            )
        },
    );
    output::print(&text);
}
