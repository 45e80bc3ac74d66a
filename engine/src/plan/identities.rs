//! Which objects the addresses of a plan mean, as far as that is known: no two may mean the same one, since each would
//! undo what the other says, and the delete of one would take the other's object.

use super::items::{Source, Through};
use super::problem::Problem;
use super::walk::Walk;
use super::{Action, Reason};
use formwork_lang::graph::{NodeId, NodeKind};
use formwork_model::schema::ResourceSchema;
use formwork_model::{Address, Span, TypeName, ValueRef};
use std::collections::{BTreeMap, HashMap};

/// What was met, by identity.
#[derive(Default)]
pub(crate) struct Identities {
    met: HashMap<Identity, Met>,
    /// Identities that were met more than once.
    shared: Vec<Identity>,
    /// Accounts by number.
    accounts: HashMap<Account, u32>,
    /// The account of each provider instance, by its item.
    account_of: HashMap<u32, u32>,
}

/// Which object: within what, and the values that say it there, with what keeps them apart.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Identity {
    within: Within,
    values: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Within {
    /// Objects of one type, under one provider instance.
    Type(u32, TypeName),
    /// All objects of an account.
    Account(u32),
}

/// How two provider instances are known to reach the same.
#[derive(PartialEq, Eq, Hash)]
enum Account {
    Known(BTreeMap<String, String>),
    /// Not connected yet: the same configuration leads to the same.
    Configured(Vec<u8>),
}

/// Who has an identity.
struct Met {
    /// For people.
    id: String,
    items: Vec<u32>,
    /// The first of them whose object exists.
    exists: Option<u32>,
}

impl<'a> Walk<'a> {
    /// Takes down which object an address means. `exists` where it is there already.
    pub(crate) fn identify(
        &mut self,
        source: &Source<'a>,
        schema: &ResourceSchema,
        values: ValueRef<'_>,
        exists: bool,
    ) {
        let Some((identity, id)) = self.identity(source.provider(), source.type_name(), schema, values) else { return };
        let item = source.item;
        match self.identities.met.get_mut(&identity) {
            None => {
                let met = Met { id, items: vec![item], exists: exists.then_some(item) };
                self.identities.met.insert(identity, met);
            }
            // A replacement is planned twice.
            Some(met) if met.items.contains(&item) => {}
            Some(met) => {
                met.items.push(item);
                met.exists = met.exists.or(exists.then_some(item));
                if met.items.len() == 2 {
                    self.identities.shared.push(identity);
                }
            }
        }
    }

    /// The identity of an object, and its text; none while it is not known.
    fn identity(
        &mut self,
        provider: u32,
        type_name: &TypeName,
        schema: &ResourceSchema,
        values: ValueRef<'_>,
    ) -> Option<(Identity, String)> {
        let alone = [schema.identity_in_account];
        let names = if schema.identity_in_account.is_empty() { schema.identity } else { &alone };
        let mut text = String::new();
        let mut bytes = Vec::new();
        for name in names {
            let value = values.get(name).filter(|value| value.is_known() && !value.is_null())?;
            if let Some(part) = value.as_str() {
                text.push_str(if text.is_empty() { "" } else { "/" });
                text.push_str(part);
            }
            let value = value.to_buf();
            bytes.extend_from_slice(&(value.as_bytes().len() as u64).to_le_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        if bytes.is_empty() {
            return None;
        }
        let within = match schema.identity_in_account.is_empty() {
            true => Within::Type(provider, type_name.clone()),
            false => Within::Account(self.account_number(provider)),
        };
        Some((Identity { within, values: bytes }, text))
    }

    fn account_number(&mut self, provider: u32) -> u32 {
        if let Some(number) = self.identities.account_of.get(&provider) {
            return *number;
        }
        let graph = self.graph;
        let account = match (self.connection(provider), graph.node(NodeId(provider)).map(|node| &node.kind)) {
            (Some(connected), _) => Account::Known(connected.connection.account().0),
            (None, Some(NodeKind::Provider(instance))) => {
                Account::Configured(graph.value(instance.config).to_buf().as_bytes().to_vec())
            }
            (None, _) => Account::Configured(provider.to_le_bytes().to_vec()),
        };
        let next = self.identities.accounts.len() as u32;
        let number = *self.identities.accounts.entry(account).or_insert(next);
        self.identities.account_of.insert(provider, number);
        number
    }

    /// Reports addresses that mean one object, and deletes of what another address keeps.
    pub(crate) fn check_identities(&mut self) {
        let identities = std::mem::take(&mut self.identities);
        for met in identities.shared.iter().filter_map(|identity| identities.met.get(identity)) {
            let mut objects: Vec<(Address, Option<Span>)> = met
                .items
                .iter()
                .filter_map(|item| self.source(*item))
                .map(|source| (source.address().clone(), Some(source.span())))
                .collect();
            objects.sort_by(|left, right| left.0.cmp(&right.0));
            self.report(&Problem::SameObject { objects, id: met.id.clone() }, None);
        }
        self.identities = identities;
        self.check_deletes();
    }

    fn check_deletes(&mut self) {
        let gone = |reason| matches!(reason, Reason::BlockRemoved | Reason::KeyRemoved);
        let deletes = self.drafts.iter().filter(|draft| draft.action == Action::Delete && gone(draft.reason));
        let deletes: Vec<(u32, u32)> = deletes
            .filter_map(|draft| match draft.through {
                Through::Instance(provider) => Some((draft.row?, provider)),
                Through::Before(_) | Through::Recorded(_) => None,
            })
            .collect();
        for (number, provider) in deletes {
            let Some(row) = self.memory.rows.get(number).map(|held| held.row.clone()) else { continue };
            let found = self.request.connections.provider(&row.type_name.provider).ok();
            let Some(schema) = found.and_then(|found| found.schema().resource(&row.type_name.name)) else { continue };
            let identity = self.identity(provider, &row.type_name, schema, row.values.view());
            let met = identity.and_then(|(identity, _)| self.identities.met.get(&identity));
            let Some((keeper, id)) = met.and_then(|met| Some((self.source(met.exists?)?, met.id.clone()))) else {
                continue;
            };
            let (address, keeper) = (row.key.address.clone(), (keeper.address().clone(), keeper.span()));
            self.report(&Problem::DeletesShared { address, keeper: keeper.0, id }, Some(keeper.1));
        }
    }
}
