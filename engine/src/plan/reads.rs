//! Reads of rows: which are asked for together, and what the answers say.

use super::instances::Instance;
use super::rows::{Held, Observed};
use super::walk::Walk;
use crate::connections::Connected;
use crate::refresh::{Answer, Batch, Read};
use crate::secrets;
use formwork_lang::graph::NodeId;
use formwork_model::{Address, ObjectKind, Span, TypeName};
use formwork_provider_api::{ErrorClass, ProviderError, ReadOutcome, check};
use std::collections::BTreeMap;

impl Walk<'_> {
    /// Rows by type, ready to be read.
    pub(crate) fn batches(&mut self, rows: &[u32], connected: &Connected) -> Vec<Batch> {
        if !self.request.options.refresh {
            return Vec::new();
        }
        let mut by_type: BTreeMap<TypeName, Vec<u32>> = BTreeMap::new();
        for number in rows {
            // Of what is uncertain nothing is known by which it could be read.
            let unread = |held: &&Held| held.observed == Observed::Unread && held.uncertain().is_none();
            if let Some(held) = self.memory.rows.get(*number).filter(unread) {
                by_type.entry(held.row.type_name.clone()).or_default().push(*number);
            }
        }
        by_type.retain(|type_name, _| connected.connection.reads(&type_name.name));
        let connections = self.request.connections;
        let batch = |(type_name, rows): (TypeName, Vec<u32>)| {
            let find = || connections.provider(&type_name.provider).ok();
            let first = self.memory.rows.get(*rows.first()?)?;
            let kind = self.kinds.get(find, ObjectKind::Resource, &type_name, &first.row.key.address).ok()?;
            let objects = rows.iter().filter_map(|row| Some(self.memory.rows.get(*row)?.stored())).collect();
            Some(Batch { type_name, rows, objects, batched: kind.schema.capabilities.batch_read })
        };
        by_type.into_iter().filter_map(batch).collect()
    }

    /// Takes what was read through the instance of an item.
    pub(crate) fn rows_read(&mut self, item: u32, connected: &Connected, read: Vec<Read>) {
        let graph = self.graph;
        let Some(node) = graph.node(NodeId(item)) else { return };
        if let Some(made) = self.take_reads(&node.address, Some(node.span), connected, read) {
            self.instances.insert(item, made);
        }
    }

    /// Takes what was read; gives the instance anew when its endpoint did not answer.
    pub(crate) fn take_reads(
        &mut self,
        provider: &Address,
        span: Option<Span>,
        connected: &Connected,
        read: Vec<Read>,
    ) -> Option<Instance> {
        let mut lost: Option<ProviderError> = None;
        let mut unread = 0;
        for (number, answer) in read {
            match answer {
                Answer::Broken(breach) => {
                    self.observed(number, Observed::Failed);
                    self.problems.extend(breach.map(|breach| *breach));
                }
                Answer::Told(ReadOutcome::Failed(error)) if error.class == ErrorClass::Unreachable => {
                    unread += 1;
                    lost.get_or_insert(error);
                    self.observed(number, Observed::Failed);
                }
                Answer::Told(outcome) => self.take_read(number, outcome, connected),
            }
        }
        lost.map(|error| self.unreachable(provider, span, &error, unread))
    }

    fn observed(&mut self, number: u32, observed: Observed) {
        if let Some(held) = self.memory.rows.get_mut(number) {
            held.observed = observed;
        }
    }

    fn take_read(&mut self, number: u32, outcome: ReadOutcome, connected: &Connected) {
        let Some(row) = self.memory.rows.get(number).map(|held| held.row.clone()) else { return };
        let address = &row.key.address;
        let span = self.item(address).and_then(|item| self.source(item)).map(|source| source.span());
        match outcome {
            ReadOutcome::Gone => self.observed(number, Observed::Gone),
            ReadOutcome::SoftDeleted => self.observed(number, Observed::SoftDeleted),
            ReadOutcome::Deleting => self.observed(number, Observed::Deleting),
            ReadOutcome::Failed(error) => {
                self.observed(number, Observed::Failed);
                self.failed_call("read", address, &row.type_name, span, &error);
            }
            ReadOutcome::Present(mut object) => {
                let provider = connected.provider.schema();
                let Some(schema) = provider.resource(&row.type_name.name) else { return };
                object.values = secrets::mark(schema, &[row.config.view(), row.values.view()], object.values);
                let subject = check::Subject {
                    provider: provider.name,
                    version: provider.version,
                    type_name: schema.name,
                    address: Some(address),
                };
                let outcome = ReadOutcome::Present(object);
                let breaches = check::read(&subject, schema, row.values.view(), &outcome);
                if breaches.is_empty()
                    && let ReadOutcome::Present(object) = outcome
                {
                    if let Some(held) = self.memory.rows.get_mut(number) {
                        held.observe(object);
                    }
                    return;
                }
                self.observed(number, Observed::Failed);
                self.problems.extend(breaches.iter().map(|breach| match span {
                    Some(span) => breach.diagnostic().at(span, ""),
                    None => breach.diagnostic(),
                }));
            }
        }
    }
}
