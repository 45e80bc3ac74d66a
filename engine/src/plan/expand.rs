//! Blocks that become many rows.

use super::Deferral;
use super::items::{Extra, Outcome, Source, Standing};
use super::kinds::Kind;
use super::problem::Problem;
use super::walk::{Visit, Walk};
use formwork_model::{Address, TypeName};
use formwork_provider_api::{ExpandRequest, ExpandedRow, check};
use std::collections::HashMap;

/// The address of a row: `block["row"]`, or `block["key"]["row"]` where the block has instances.
fn row_address(block: &Address, row: String) -> Address {
    if block.key.is_some() { block.clone().with_row(row) } else { block.clone().with_key(row) }
}

impl<'a> Walk<'a> {
    /// Expands a block; its rows are visited next.
    pub(crate) fn expand(&mut self, source: &Source<'a>, kind: &Kind) -> Visit<'a> {
        let Some(config) = self.config(source) else {
            self.fail(source.item);
            return Visit::Done;
        };
        if !config.view().is_known() {
            let mut waits = String::from("its config is not known");
            config.view().each_attribute(&mut |object, path| waits = format!("its config waits for `{object}.{path}`"));
            let address = source.address().clone();
            self.deferred.push(Deferral { address, reason: waits, uncertain: false, span: Some(source.span()) });
            self.set(source.item, Outcome { standing: Standing::Blocked, ..Outcome::default() });
            return Visit::Done;
        }
        let request = ExpandRequest {
            type_name: source.type_name().name.to_string(),
            config: config.to_buf(),
            environment: self.request.connections.environment().clone(),
        };
        let rows = match kind.provider.expand(&request) {
            Ok(rows) => rows,
            Err(error) => {
                let (address, reason) = (source.address().clone(), error.message.clone());
                let problem = Problem::ExpandFailed { address, reason, help: error.help.clone() };
                self.report(&problem, Some(source.span()));
                self.fail(source.item);
                return Visit::Done;
            }
        };
        let schema = kind.provider.schema();
        let subject = check::Subject {
            provider: schema.name,
            version: schema.version,
            type_name: kind.schema.name,
            address: Some(source.address()),
        };
        let breaches = check::expanded(&subject, schema, &rows);
        if !breaches.is_empty() {
            self.problems.extend(breaches.iter().map(|breach| breach.diagnostic().at(source.span(), "")));
            self.fail(source.item);
            return Visit::Done;
        }
        self.set(source.item, Outcome { standing: Standing::Expanded, ..Outcome::default() });
        let extras = self.extras_of(source, rows);
        self.add_extras(source.item, extras);
        Visit::Expanded
    }

    /// The item of the block that a row's address would belong to, when that block expands.
    pub(crate) fn expanding_block(&mut self, address: &Address) -> Option<u32> {
        let block = match address.row {
            Some(_) => Address { row: None, ..address.clone() },
            None => Address { key: None, ..address.clone() },
        };
        let item = self.nodes.get(&block).copied()?;
        let source = self.source(item).filter(|_| address.key.is_some())?;
        let kind = self.kind(&source)?;
        kind.schema.capabilities.expand.then_some(item)
    }

    /// The rows as items, each with the rows that it waits for.
    fn extras_of(&self, source: &Source<'a>, rows: Vec<ExpandedRow>) -> Vec<(Extra, Vec<u32>)> {
        let first = self.outcomes.len() as u32;
        let numbers: HashMap<String, u32> =
            (first..).zip(&rows).map(|(number, row)| (row.key.clone(), number)).collect();
        let block_needs = self.needs_of(source.item);
        let provider = source.type_name().provider.clone();
        rows.into_iter()
            .map(|row| {
                let after: Vec<u32> = row.after.iter().filter_map(|key| numbers.get(key).copied()).collect();
                let extra = Extra {
                    address: row_address(source.address(), row.key),
                    type_name: TypeName::new(provider.clone(), row.type_name),
                    config: row.config,
                    block: source.item,
                    needs: after.iter().chain(&block_needs).copied().collect(),
                };
                (extra, after)
            })
            .collect()
    }

    /// All rows of a block are planned.
    pub(crate) fn expanded(&mut self, source: &Source<'a>) -> Visit<'a> {
        let count = self.graph.nodes.len();
        let rows = (count as u32..).zip(&self.extras).filter(|(_, extra)| extra.block == source.item);
        let changes = rows.map(|(item, _)| self.outcome(item)).any(|row| row.standing == Standing::Changing);
        let standing = if changes { Standing::Changing } else { Standing::Settled };
        self.set(source.item, Outcome { standing, ..Outcome::default() });
        Visit::Done
    }
}
