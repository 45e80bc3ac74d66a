//! Provider blocks, and which instance a block uses.

use super::Evaluator;
use super::attribute::attribute_value;
use super::block::Instances;
use super::instances::{ProviderSlot, ProviderState};
use super::node::Details;
use super::problem::Problem;
use super::state::set;
use crate::graph::{Node, NodeKind, ProviderInstance};
use crate::program::{Iteration, ProviderBlock, ProviderUse};
use crate::residual::{Fault, coerce, wait};
use ecow::EcoString;
use formwork_model::schema::{AttributeType, ResourceSchema};
use formwork_model::{Address, Map, Operation, Span, Value};

/// The provider instance of a block.
pub(super) enum Chosen {
    Instance(ProviderSlot),
    /// It waits for this.
    Deferred(Value),
}

impl<'p> Evaluator<'p> {
    pub(super) fn provider_block(&mut self, index: usize) {
        let Some(block) = self.module.providers.get(index) else { return };
        let (result, _) = self.recording(|this| this.provider_state(block));
        let state = result.unwrap_or_else(|fault| {
            self.report(fault);
            ProviderState::Poisoned
        });
        if let Some(here) = self.here_mut() {
            set(&mut here.providers, index, state);
        }
    }

    fn provider_state(&mut self, block: &'p ProviderBlock) -> Result<ProviderState, Fault> {
        let (instances, mut header) = self.recording(|this| {
            this.with_frame(block.locals, [], |this| {
                this.instances_of(block.iteration.as_ref(), block.condition.as_ref(), "this provider")
            })
        });
        header.extend(self.here().into_iter().flat_map(|here| here.after.iter().copied()));
        Ok(match instances? {
            Instances::Absent => ProviderState::Absent,
            Instances::Deferred(value) => ProviderState::Deferred(value),
            Instances::One => ProviderState::Single(self.provider_instance(block, &header, None)),
            Instances::Many(keys) => {
                let slots = keys.into_iter().map(|(key, item)| {
                    let of = Some((&key, item, block.iteration.as_ref()));
                    let slot = self.provider_instance(block, &header, of);
                    (key, slot)
                });
                ProviderState::Many(slots.collect())
            }
        })
    }

    fn provider_instance(
        &mut self,
        block: &'p ProviderBlock,
        header: &[u32],
        key: Option<(&EcoString, Value, Option<&'p Iteration>)>,
    ) -> ProviderSlot {
        let mut address = Address::provider(block.provider.clone(), block.name.clone());
        let ((config, defaults), mut dependencies) = self.recording(|this| {
            this.with_frame(block.locals, [], |this| {
                if let Some((key, item, Some(iteration))) = key {
                    this.bind_instance(iteration, key, item);
                    address.key = Some(key.clone());
                }
                this.after(&block.after);
                (this.provider_config(block), this.provider_defaults(block))
            })
        });
        dependencies.extend_from_slice(header);
        let node = self.add_provider(&block.provider, address, &config, block.span, dependencies);
        let number = u32::try_from(self.defaults.len()).unwrap_or(u32::MAX);
        let defaults = defaults.map(|defaults| {
            self.defaults.push(defaults);
            number
        });
        ProviderSlot { node, defaults }
    }

    fn provider_config(&mut self, block: &'p ProviderBlock) -> Map {
        let mut config = Map::new();
        for attribute in &block.attributes {
            match attribute_value(self, attribute) {
                Ok(value) => {
                    config.insert(attribute.name.clone(), value);
                }
                Err(fault) => self.report(fault),
            }
        }
        config
    }

    fn provider_defaults(&mut self, block: &'p ProviderBlock) -> Option<Map> {
        let defaults = block.defaults.as_ref()?;
        match self.expression(defaults) {
            Ok(value) => value.as_map().cloned(),
            Err(fault) => {
                self.report(fault);
                None
            }
        }
    }

    fn add_provider(
        &mut self,
        provider: &EcoString,
        address: Address,
        config: &Map,
        span: Span,
        mut dependencies: Vec<u32>,
    ) -> u32 {
        let config = self.nodes.values.push_value(&Value::Map(config.clone()));
        let kind = NodeKind::Provider(ProviderInstance { provider: provider.clone(), config });
        let origin = (self.current, self.unit);
        self.nodes.add(Node { address, kind, span }, Details::provider(origin), &mut dependencies)
    }

    /// Which provider instance `used` means.
    pub(super) fn choose_provider(&mut self, used: &'p ProviderUse, span: Span) -> Result<Chosen, Fault> {
        match used {
            ProviderUse::Own(id, key) => {
                let key = match key {
                    Some(key) => Some((self.expression(key)?, key.span)),
                    None => None,
                };
                let name = self.module.providers.get(id.index()).map(|block| &block.provider);
                let name = name.cloned().unwrap_or_default();
                let state = self.here().and_then(|here| here.providers.get(id.index())).cloned().unwrap_or_default();
                self.choose(&state, &name, key, span)
            }
            ProviderUse::Passed(name) => {
                let passed = self.here().and_then(|here| here.passed.iter().find(|(passed, _)| passed == name));
                let state = passed.map(|(_, state)| state.clone());
                match state {
                    Some(state) => self.choose(&state, name, None, span),
                    None => Err(self.no_instance(name, None, &[], span)),
                }
            }
            ProviderUse::Implicit(name) => Ok(Chosen::Instance(self.implicit(name, span))),
            ProviderUse::Lost => Err(Fault::reported()),
        }
    }

    fn choose(
        &mut self,
        state: &ProviderState,
        name: &EcoString,
        key: Option<(Value, Span)>,
        span: Span,
    ) -> Result<Chosen, Fault> {
        match (state, key) {
            (ProviderState::Empty | ProviderState::Poisoned, _) => Err(Fault::reported()),
            (ProviderState::Deferred(value), _) => Ok(Chosen::Deferred(value.clone())),
            (ProviderState::Absent, _) => {
                let problem = Problem::ProviderAbsent { span, provider: name.to_string() };
                self.diagnostics.push(problem.into_diagnostic());
                Err(Fault::reported())
            }
            (ProviderState::Single(slot), _) => Ok(Chosen::Instance(slot.clone())),
            (ProviderState::Many(slots), Some((key, place))) => match key.exposed() {
                Value::Unknown(_) => Ok(Chosen::Deferred(key)),
                Value::String(wanted) => match slots.binary_search_by(|(key, _)| key.cmp(wanted)) {
                    Ok(position) => {
                        let slot = slots.get(position).map(|(_, slot)| slot.clone());
                        slot.map(Chosen::Instance).ok_or_else(Fault::reported)
                    }
                    Err(_) => Err(self.no_instance(name, Some(wanted.to_string()), slots, place)),
                },
                other => Err(crate::residual::expected("a string as key", other).at(place)),
            },
            (ProviderState::Many(slots), None) => Err(self.no_instance(name, Some(String::new()), slots, span)),
        }
    }

    fn no_instance(
        &mut self,
        name: &EcoString,
        key: Option<String>,
        slots: &[(EcoString, ProviderSlot)],
        span: Span,
    ) -> Fault {
        let known = slots.iter().map(|(key, _)| format!("{key:?}")).collect();
        let problem = Problem::NoProviderInstance { span, provider: name.to_string(), key, known };
        self.diagnostics.push(problem.into_diagnostic());
        Fault::reported()
    }

    /// The instance of a provider that needs no configuration.
    fn implicit(&mut self, name: &EcoString, span: Span) -> ProviderSlot {
        if let Some(slot) = self.implicit_providers.get(name) {
            return slot.clone();
        }
        let address = Address::provider(name.clone(), None);
        let outer = (std::mem::take(&mut self.current), std::mem::take(&mut self.unit));
        let node = self.add_provider(name, address, &Map::new(), span, Vec::new());
        (self.current, self.unit) = outer;
        let slot = ProviderSlot { node, defaults: None };
        self.implicit_providers.insert(name.clone(), slot.clone());
        slot
    }

    /// What a call passes down: whole instances, or one of them.
    pub(super) fn passed_provider(&mut self, used: &'p ProviderUse, span: Span) -> ProviderState {
        match self.choose_provider(used, span) {
            Ok(Chosen::Instance(slot)) => ProviderState::Single(slot),
            Ok(Chosen::Deferred(value)) => ProviderState::Deferred(value),
            Err(fault) => {
                self.report(fault);
                ProviderState::Poisoned
            }
        }
    }

    /// Puts the provider's `defaults` under a config: attributes that the type has and that have a choice; maps are merged by
    /// key.
    pub(super) fn with_defaults(&mut self, config: Map, schema: &'static ResourceSchema, slot: &ProviderSlot) -> Map {
        let Some(defaults) = slot.defaults.and_then(|number| self.defaults.get(number as usize)).cloned() else {
            return config;
        };
        let mut config = config;
        for (name, default) in defaults {
            let Some(attribute) = schema.attribute(&name).filter(|attribute| attribute.is_defaultable()) else {
                continue;
            };
            let value = match (config.get(&name), attribute.ty) {
                (None, _) => Some(default),
                (Some(given), AttributeType::Map(_)) => merged(default, given),
                (Some(_), _) => None,
            };
            let Some(value) = value else { continue };
            let place = self.declared_span();
            match coerce(self, value, &attribute.config_type(), Some(place)) {
                Ok(value) => {
                    config.insert(name, super::host::exposed_objects(self, value));
                }
                Err(fault) => self.report(fault.within(formwork_model::Step::Member(name)).at(place)),
            }
        }
        config
    }
}

fn merged(default: Value, given: &Value) -> Option<Value> {
    if given.is_null() {
        return None;
    }
    let parts = [default, given.clone()];
    match crate::residual::merge(&parts) {
        Ok(Some(value)) => Some(value),
        Ok(None) => Some(wait(Operation::Merge, parts, None)),
        Err(_) => None,
    }
}
