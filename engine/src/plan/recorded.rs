//! Provider instances that are reached by what is recorded: those whose block is gone, and those of objects that live in
//! something which another one has taken the place of (a cluster that was replaced, and is still there).

use super::instances::Instance;
use super::problem::Problem;
use super::values::inside;
use super::walk::Walk;
use crate::{hosts, refresh};
use formwork_lang::graph::{NodeId, NodeKind};
use formwork_model::{Address, AttributePath, ObjectKind, Span, Value, ValueBuf, ValueRef};
use formwork_state::record::{Host, Row};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// One of them.
#[derive(Clone)]
pub(crate) struct Recorded {
    /// Its address.
    pub(crate) address: Address,
    /// What its objects live in, where that is not what its configuration leads to today.
    hosts: Vec<Host>,
    /// Its configuration, as recorded or as its block says.
    pub(crate) given: ValueBuf,
    pub(crate) instance: Instance,
    rows: Vec<u32>,
}

/// All of them.
#[derive(Default)]
pub(crate) struct RecordedInstances {
    all: Vec<Recorded>,
    of_rows: HashMap<u32, u32>,
}

impl RecordedInstances {
    pub(crate) fn get(&self, position: u32) -> Option<&Recorded> {
        self.all.get(position as usize)
    }

    /// The one that a row's object is reached through.
    pub(crate) fn of_row(&self, row: u32) -> Option<u32> {
        self.of_rows.get(&row).copied()
    }

    /// Whether a row's object lives in something else than a new one would.
    pub(crate) fn is_elsewhere(&self, row: u32) -> bool {
        self.of_row(row).and_then(|position| self.get(position)).is_some_and(|recorded| !recorded.hosts.is_empty())
    }

    /// Notes that a row is reached through the instance of this address and these hosts.
    pub(crate) fn assign(&mut self, row: u32, address: &Address, hosts: Vec<Host>) {
        // A handful of clusters at most, unlike rows.
        let known = self.all.iter().position(|recorded| recorded.address == *address && recorded.hosts == hosts);
        let position = known.unwrap_or_else(|| {
            let (given, instance) = (ValueBuf::empty_map(), Instance::default());
            self.all.push(Recorded { address: address.clone(), hosts, given, instance, rows: Vec::new() });
            self.all.len() - 1
        });
        if let Some(recorded) = self.all.get_mut(position) {
            recorded.rows.push(row);
        }
        self.of_rows.insert(row, position as u32);
    }
}

impl Walk<'_> {
    /// Rows that are not what their addresses mean, by address.
    pub(crate) fn others(&self) -> HashMap<Address, Vec<u32>> {
        let mut others: HashMap<Address, Vec<u32>> = HashMap::new();
        for (number, held) in self.memory.rows.all() {
            if self.memory.rows.current(&held.row.key.address) != Some(number) {
                others.entry(held.row.key.address.clone()).or_default().push(number);
            }
        }
        others
    }

    /// What a row's object lives in, where that is not what its provider's configuration leads to today: another one has
    /// taken its place. Empty where it lives in what is there now, or where nothing is recorded of it.
    pub(crate) fn elsewhere(&self, number: u32, others: &HashMap<Address, Vec<u32>>) -> Vec<Host> {
        let rows = &self.memory.rows;
        let Some(held) = rows.get(number).filter(|held| !held.row.hosts.is_empty()) else { return Vec::new() };
        let now = |host: &Host| rows.renamed.get(&host.address).unwrap_or(&host.address).clone();
        let hosts: Vec<Host> = held.row.hosts.iter().map(|host| Host { address: now(host), ..host.clone() }).collect();
        let is = |host: &Host, number: u32| {
            rows.get(number).is_some_and(|held| hosts::is(host, &held.row, self.request.connections))
        };
        let is_here = |host: &Host| rows.current(&host.address).is_some_and(|number| is(host, number));
        if hosts.iter().all(is_here) {
            return Vec::new();
        }
        let stands = |host: &Host| {
            is_here(host) || others.get(&host.address).is_some_and(|all| all.iter().any(|other| is(host, *other)))
        };
        // What it lived in is gone, and took it along: whether something is in its place is asked where it would be now.
        // Of an object that has a successor that is no question: the successor would answer.
        let is_current = rows.current(&held.row.key.address) == Some(number);
        if is_current && !hosts.iter().all(stands) { Vec::new() } else { hosts }
    }

    /// Connects these instances, and reads their rows.
    pub(crate) async fn connect_recorded(&mut self) {
        for position in 0..self.recorded.all.len() {
            let Some(recorded) = self.recorded.all.get(position).cloned() else { continue };
            let Recorded { address, rows, .. } = &recorded;
            let (given, resolved) = match self.recorded_configuration(&recorded) {
                Ok(configuration) => configuration,
                Err(diagnostic) => {
                    self.problems.push(*diagnostic);
                    continue;
                }
            };
            let instance = if resolved.view().is_known() {
                let name = self.provider_name(rows);
                let result = self.request.connections.reach(address, &name, &resolved).await;
                let mut instance = self.instance(address, None, result, rows.len());
                if let Some(connected) = instance.connected.clone() {
                    let batches = self.batches(rows, &connected);
                    let (parallelism, events) = (self.request.options.parallelism, self.request.events);
                    let read = refresh::read(&connected, batches, parallelism, events).await;
                    instance = self.take_reads(address, None, &connected, read).unwrap_or(instance);
                }
                instance
            } else {
                self.unresolvable(address, None, resolved.view(), rows.len())
            };
            if let Some(slot) = self.recorded.all.get_mut(position) {
                *slot = Recorded { given, instance, ..recorded };
            }
        }
    }

    /// The configuration as it is written, and with what is recorded put in.
    fn recorded_configuration(
        &self,
        recorded: &Recorded,
    ) -> Result<(ValueBuf, ValueBuf), Box<formwork_model::Diagnostic>> {
        let stored = self.request.state.providers.get(&recorded.address).cloned().unwrap_or_else(ValueBuf::empty_map);
        let node = self.nodes.get(&recorded.address).and_then(|item| self.graph.node(NodeId(*item)));
        let written = match node.map(|node| &node.kind) {
            Some(NodeKind::Provider(instance)) => Some(self.graph.value(instance.config).to_buf()),
            _ => None,
        };
        // What the block says today, where it still leads to what the objects live in.
        let given = written.filter(|written| leads_to(written, &recorded.hosts)).unwrap_or(stored);
        let objects = |object: &Address, path: &AttributePath| self.hosting_attribute(recorded, object, path);
        let resolved = self.resolve_with(&given.to_value(), None, &objects)?;
        let resolved = ValueBuf::from(&resolved);
        if leads_to(&given, &recorded.hosts) {
            return Ok((given, resolved));
        }
        // It leads to something else now: there is no way to what they live in.
        let host = recorded.hosts.first().map_or(&recorded.address, |host| &host.address);
        let unknown = Value::attribute(host.clone(), AttributePath::root());
        Ok((given, ValueBuf::from(&unknown)))
    }

    /// An attribute as the objects of an instance know it: of what they live in, and of anything else as recorded.
    pub(crate) fn hosting_attribute(
        &self,
        recorded: &Recorded,
        object: &Address,
        path: &AttributePath,
    ) -> Option<Value> {
        match recorded.hosts.iter().find(|host| host.address == *object) {
            Some(host) => Some(inside(object, self.row_of_host(host)?.values.view(), path)),
            // What data and ephemeral values say now may be about what has taken the place.
            None if !recorded.hosts.is_empty() && object.kind != ObjectKind::Resource => None,
            None => self.recorded_attribute(object, path),
        }
    }

    fn row_of_host(&self, host: &Host) -> Option<Arc<Row>> {
        let rows = self.memory.rows.all().filter(|(_, held)| held.row.key.address == host.address && held.exists());
        let mut rows = rows.map(|(_, held)| &held.row);
        rows.find(|row| hosts::is(host, row, self.request.connections)).cloned()
    }

    /// An instance that cannot be configured as it was for its objects; `replaced_at`: the block of one whose objects live
    /// in what this plan replaces.
    pub(crate) fn unresolvable(
        &mut self,
        provider: &Address,
        replaced_at: Option<Span>,
        configuration: ValueRef<'_>,
        objects: usize,
    ) -> Instance {
        if self.request.options.forget_unreachable {
            let problem = Problem::ForgetsUnreachable { provider: provider.clone(), objects };
            self.report(&problem, replaced_at);
            return Instance { forgets: true, ..Instance::default() };
        }
        let mut missing = "its configuration is not known".to_owned();
        configuration.each_attribute(&mut |object, path| {
            let name = if path.steps().is_empty() { object.to_string() } else { format!("{object}.{path}") };
            missing = format!("`{name}` is not known any more");
        });
        let replaced = replaced_at.is_some();
        let problem = Problem::RecordedProvider { provider: provider.clone(), objects, missing, replaced };
        self.report(&problem, replaced_at);
        Instance { failed: true, ..Instance::default() }
    }

    fn provider_name(&self, rows: &[u32]) -> String {
        let held = rows.first().and_then(|row| self.memory.rows.get(*row));
        held.map(|held| held.row.type_name.provider.to_string()).unwrap_or_default()
    }
}

/// Whether a configuration refers to all of the hosts.
fn leads_to(given: &ValueBuf, hosts: &[Host]) -> bool {
    let mut named = BTreeSet::new();
    given.view().each_attribute(&mut |object, _| {
        named.insert(object.clone());
    });
    hosts.iter().all(|host| named.contains(&host.address))
}
