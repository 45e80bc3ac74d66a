//! Resource, data and ephemeral blocks: their instances and configs.

use super::Evaluator;
use super::attribute::fitting_value;
use super::host::exposed_objects;
use super::instances::{BlockState, ProviderSlot, Slot};
use super::node::Details;
use super::problem::Problem;
use super::provider::Chosen;
use super::references::{called, uses_locals};
use super::state::set;
use crate::graph::{Decorators, Deferred, Node, NodeKind, Object};
use crate::program::{Attribute, Block, Expr, Iteration};
use crate::residual::{Fault, expected, pairs};
use ecow::{EcoString, EcoVec};
use formwork_model::{Address, Map, Value};

/// Which instances a declaration has.
pub(super) enum Instances {
    /// Its `if` does not hold.
    Absent,
    /// No `for`.
    One,
    /// Key and value of each.
    Many(Vec<(EcoString, Value)>),
    /// It waits for this.
    Deferred(Value),
}

/// A `for` block's attributes that are the same in all instances, evaluated once.
type Shared = Vec<Option<Slot>>;

impl<'p> Evaluator<'p> {
    pub(super) fn block(&mut self, index: usize) {
        let Some(block) = self.module.blocks.get(index) else { return };
        let (result, _) = self.recording(|this| this.block_state_of(block));
        let state = result.unwrap_or_else(|fault| {
            self.report(fault);
            BlockState::Poisoned
        });
        if let Some(here) = self.here_mut() {
            set(&mut here.blocks, index, state);
        }
    }

    fn block_state_of(&mut self, block: &'p Block) -> Result<BlockState, Fault> {
        let (instances, mut header) = self.recording(|this| {
            this.with_frame(block.locals, [], |this| {
                let variables = variables(block.iteration.as_ref());
                this.after(block.after.iter().filter(|needed| !uses_locals(needed, variables)));
                this.instances_of(block.iteration.as_ref(), block.condition.as_ref(), "this block")
            })
        });
        let instances = instances?;
        header.extend(self.here().into_iter().flat_map(|here| here.after.iter().copied()));
        let mut work = Work::new(self, block, header);
        match instances {
            Instances::Absent => Ok(BlockState::Absent),
            Instances::Deferred(value) => Ok(work.defer(value)),
            Instances::One => Ok(match work.instance(None)? {
                Ok(node) => BlockState::Single(node),
                Err(value) => work.defer(value),
            }),
            Instances::Many(keys) => work.instances(keys, block.iteration.as_ref()),
        }
    }

    /// Which instances there are; conditions and keys are evaluated in the frame at hand.
    pub(super) fn instances_of(
        &mut self,
        iteration: Option<&'p Iteration>,
        condition: Option<&'p Expr>,
        what: &'static str,
    ) -> Result<Instances, Fault> {
        let Some(iteration) = iteration else {
            return Ok(match self.filter(condition)? {
                Filter::Taken => Instances::One,
                Filter::Left => Instances::Absent,
                Filter::Unknown(value) => Instances::Deferred(value),
            });
        };
        let source = self.expression(&iteration.source)?;
        if matches!(source, Value::Secret(_)) {
            let problem = Problem::SecretKeys { span: iteration.source.span, what };
            self.diagnostics.push(problem.into_diagnostic());
            return Err(Fault::reported());
        }
        let is_map = matches!(source, Value::Map(_));
        let found = pairs(&source).map_err(|fault| fault.at(iteration.source.span))?;
        let Some((pairs, _)) = found else { return Ok(Instances::Deferred(source)) };
        let mut kept = Vec::with_capacity(pairs.len());
        for (key, item) in pairs {
            let key = if is_map { key } else { item.clone() };
            if matches!(key, Value::Unknown(_)) {
                return Ok(Instances::Deferred(source));
            }
            let key = self.instance_key(&key, iteration)?;
            self.bind_instance(iteration, &key, item.clone());
            match self.filter(condition)? {
                Filter::Taken => kept.push((key, item)),
                Filter::Left => {}
                Filter::Unknown(value) => return Ok(Instances::Deferred(value)),
            }
        }
        kept.sort_by(|left, right| left.0.cmp(&right.0));
        kept.dedup_by(|left, right| left.0 == right.0);
        Ok(Instances::Many(kept))
    }

    fn instance_key(&mut self, key: &Value, iteration: &Iteration) -> Result<EcoString, Fault> {
        let found = match key {
            Value::String(text) if !text.is_empty() => return Ok(text.clone()),
            Value::String(_) => "an empty text".to_owned(),
            Value::Secret(_) => {
                let problem = Problem::SecretKeys { span: iteration.source.span, what: "a `for`" };
                self.diagnostics.push(problem.into_diagnostic());
                return Err(Fault::reported());
            }
            other => crate::residual::kind_name(other).to_owned(),
        };
        let problem = Problem::BadKey { span: iteration.source.span, found };
        self.diagnostics.push(problem.into_diagnostic());
        Err(Fault::reported())
    }

    pub(super) fn bind_instance(&mut self, iteration: &Iteration, key: &EcoString, item: Value) {
        match iteration.second {
            Some(second) => {
                self.set_local(iteration.first, Value::String(key.clone()));
                self.set_local(second, item);
            }
            None => self.set_local(iteration.first, Value::String(key.clone())),
        }
    }

    fn filter(&mut self, condition: Option<&'p Expr>) -> Result<Filter, Fault> {
        let Some(condition) = condition else { return Ok(Filter::Taken) };
        let value = self.expression(condition)?;
        match value.exposed() {
            Value::Bool(true) => Ok(Filter::Taken),
            Value::Bool(false) => Ok(Filter::Left),
            Value::Unknown(_) => Ok(Filter::Unknown(value)),
            other => Err(expected("bool", other).at(condition.span)),
        }
    }

    /// A block as a value: an object, a map of objects, or null.
    pub(super) fn block_value(&mut self, index: usize) -> Result<Value, Fault> {
        let Some(here) = self.here() else { return Err(Fault::reported()) };
        let many = match here.blocks.get(index) {
            Some(BlockState::Single(node)) => return Ok(self.object(*node)),
            Some(BlockState::Absent) => return Ok(Value::Null),
            Some(BlockState::Deferred) => {
                let address = self.module.blocks.get(index).map(|block| self.block_address(block));
                let unknown = |address| Value::attribute(address, formwork_model::AttributePath::root());
                return address.map(unknown).ok_or_else(Fault::reported);
            }
            Some(BlockState::Many(_, Some(value))) => return Ok(value.clone()),
            Some(BlockState::Many(instances, None)) => {
                let entries = instances.iter().map(|(key, node)| (key.clone(), self.object(*node)));
                Value::Map(entries.collect::<Map>())
            }
            Some(BlockState::Empty | BlockState::Poisoned) | None => return Err(Fault::reported()),
        };
        let state = self.here_mut().and_then(|here| here.blocks.get_mut(index));
        if let Some(BlockState::Many(_, cached)) = state {
            *cached = Some(many.clone());
        }
        Ok(many)
    }

    fn block_address(&self, block: &Block) -> Address {
        let path = self.here().map(|here| here.path.clone()).unwrap_or_default();
        Address::new(path, block.kind, block.name.clone())
    }

    /// Depends on everything that the expressions behind `after` name.
    pub(super) fn after(&mut self, expressions: impl IntoIterator<Item = &'p Expr>) {
        for expression in expressions {
            if let Some(call) = called(expression) {
                let key = match super::references::output_base(expression) {
                    Some((_, Some(key))) => self.expression(key).ok(),
                    _ => None,
                };
                self.depend_on_call(call.index(), key.as_ref());
                continue;
            }
            match self.expression(expression) {
                Ok(value) => value.each_attribute(&mut |address, _| {
                    let node = self.nodes.find(address);
                    self.recorder.extend(node);
                }),
                Err(fault) => self.report(fault),
            }
        }
    }
}

enum Filter {
    Taken,
    Left,
    Unknown(Value),
}

/// One block at work.
struct Work<'w, 'p> {
    evaluator: &'w mut Evaluator<'p>,
    block: &'p Block,
    address: Address,
    /// What the header depends on.
    header: Vec<u32>,
    /// How many locals the header binds.
    variables: u32,
    shared: Shared,
}

impl<'w, 'p> Work<'w, 'p> {
    fn new(evaluator: &'w mut Evaluator<'p>, block: &'p Block, header: Vec<u32>) -> Self {
        let address = evaluator.block_address(block);
        let variables = variables(block.iteration.as_ref());
        let shared = if variables == 0 { Vec::new() } else { vec![None; block.attributes.len()] };
        let mut work = Self { evaluator, block, address, header, variables, shared };
        if work.variables > 0 {
            work.header = work.bundled(work.header.clone());
        }
        work
    }

    /// Dependencies that many instances share: many become one junction.
    fn bundled(&mut self, mut dependencies: Vec<u32>) -> Vec<u32> {
        let nodes = &mut self.evaluator.nodes;
        nodes.settle(&mut dependencies);
        if dependencies.len() <= super::node::FEW {
            return dependencies;
        }
        let origin = (self.evaluator.current, self.evaluator.unit);
        vec![nodes.junction(self.address.clone(), self.block.span, &dependencies, origin)]
    }

    fn defer(&mut self, value: Value) -> BlockState {
        let deferred = Deferred { address: self.address.clone(), is_module: false, value, span: self.block.span };
        self.evaluator.deferred.push(deferred);
        BlockState::Deferred
    }

    fn instances(
        &mut self,
        keys: Vec<(EcoString, Value)>,
        iteration: Option<&'p Iteration>,
    ) -> Result<BlockState, Fault> {
        let first = u32::try_from(self.evaluator.nodes.nodes.len()).unwrap_or(u32::MAX);
        let mut nodes = Vec::with_capacity(keys.len());
        let mut lost = false;
        for (key, item) in keys {
            match self.instance(Some((&key, item, iteration))) {
                Ok(Ok(node)) => nodes.push((key, node)),
                Ok(Err(value)) => return Ok(self.defer(value)),
                Err(fault) => {
                    self.evaluator.report(fault);
                    lost = true;
                }
            }
        }
        if lost {
            return Err(Fault::reported());
        }
        self.evaluator.nodes.group(first);
        Ok(BlockState::Many(nodes, None))
    }

    /// Adds an instance; or gives what it waits for.
    fn instance(
        &mut self,
        key: Option<(&EcoString, Value, Option<&'p Iteration>)>,
    ) -> Result<Result<u32, Value>, Fault> {
        let block = self.block;
        let mut address = self.address.clone();
        let (result, mut dependencies) = self.recorded(|work| {
            let size = block.locals;
            let (evaluator, mut rest) = work.split();
            evaluator.with_frame(size, [], |evaluator| {
                if let Some((key, item, Some(iteration))) = key {
                    evaluator.bind_instance(iteration, key, item);
                    address.key = Some(key.clone());
                }
                rest.body(evaluator)
            })
        });
        let Body { provider, config, decorators } = match result? {
            Ok(body) => body,
            Err(value) => return Ok(Err(value)),
        };
        dependencies.extend_from_slice(&self.header);
        dependencies.push(provider.node);
        let evaluator = &mut *self.evaluator;
        let config = evaluator.nodes.values.push_value(&Value::Map(config));
        let object = Object {
            kind: block.kind,
            type_name: block.type_name.clone(),
            provider: crate::graph::NodeId(provider.node),
            config,
            decorators,
        };
        let node = Node { address, kind: NodeKind::Object(object), span: block.span };
        let details = Details::object(block.schema, config, (evaluator.current, evaluator.unit));
        Ok(Ok(evaluator.nodes.add(node, details, &mut dependencies)))
    }

    fn recorded<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> (T, Vec<u32>) {
        let outer = std::mem::take(&mut self.evaluator.recorder);
        let result = run(self);
        (result, std::mem::replace(&mut self.evaluator.recorder, outer))
    }

    fn split(&mut self) -> (&mut Evaluator<'p>, Bodies<'_, 'p>) {
        let Self { evaluator, block, variables, shared, .. } = self;
        (evaluator, Bodies { block, variables: *variables, shared })
    }
}

/// How many locals an iteration binds.
fn variables(iteration: Option<&Iteration>) -> u32 {
    iteration.map_or(0, |iteration| 1 + u32::from(iteration.second.is_some()))
}

/// What an instance consists of.
struct Body {
    provider: ProviderSlot,
    config: Map,
    decorators: Decorators,
}

/// Evaluates the bodies of a block's instances.
struct Bodies<'w, 'p> {
    block: &'p Block,
    variables: u32,
    shared: &'w mut Shared,
}

impl<'p> Bodies<'_, 'p> {
    fn body(&mut self, evaluator: &mut Evaluator<'p>) -> Result<Result<Body, Value>, Fault> {
        let block = self.block;
        let provider = evaluator.choose_provider(&block.provider, block.span);
        if let Ok(Chosen::Deferred(value)) = provider {
            return Ok(Err(value));
        }
        evaluator.after(block.after.iter().filter(|needed| uses_locals(needed, self.variables)));
        let mut entries: Vec<(EcoString, Value)> = Vec::with_capacity(block.attributes.len());
        for (position, attribute) in block.attributes.iter().enumerate() {
            match self.attribute(evaluator, position, attribute) {
                Ok(value) => entries.push((attribute.name.clone(), self.members_marked(&attribute.name, value))),
                Err(fault) => evaluator.report(fault),
            }
        }
        let decorators = self.decorators(evaluator);
        // Without its provider there is no object, but its values were looked at all the same.
        let provider = match provider? {
            Chosen::Instance(slot) => slot,
            Chosen::Deferred(value) => return Ok(Err(value)),
        };
        let config = evaluator.with_defaults(entries.into_iter().collect(), block.schema, &provider);
        Ok(Ok(Body { provider, config, decorators }))
    }

    /// The value with what is secret in it by what it says of itself.
    fn members_marked(&self, name: &str, value: Value) -> Value {
        match self.block.schema.attribute(name) {
            Some(attribute) => attribute.members_marked(value),
            None => value,
        }
    }

    fn attribute(
        &mut self,
        evaluator: &mut Evaluator<'p>,
        position: usize,
        attribute: &'p Attribute,
    ) -> Result<Value, Fault> {
        let variables = self.variables;
        let schema = self.block.schema.attribute(&attribute.name);
        let Some(shared) = self.shared.get_mut(position) else { return fitting_value(evaluator, attribute, schema) };
        if uses_locals(&attribute.value, variables) {
            return fitting_value(evaluator, attribute, schema);
        }
        if shared.is_none() {
            let (result, dependencies) = evaluator.recording(|evaluator| fitting_value(evaluator, attribute, schema));
            *shared = Some(evaluator.slot(result, dependencies));
        }
        match shared {
            Some(Slot::Ready { value, dependencies }) => {
                evaluator.recorder.extend_from_slice(dependencies);
                Ok(value.clone())
            }
            _ => Err(Fault::reported()),
        }
    }

    fn decorators(&self, evaluator: &mut Evaluator<'p>) -> Decorators {
        let written = &self.block.decorators;
        let replace_when = (!written.replace_when.is_empty()).then(|| {
            let mut values = EcoVec::new();
            for expression in &written.replace_when {
                match evaluator.expression(expression) {
                    Ok(value) => values.push(exposed_objects(evaluator, value)),
                    Err(fault) => evaluator.report(fault),
                }
            }
            evaluator.nodes.values.push_value(&Value::List(values))
        });
        Decorators {
            protect: written.protect,
            create_first: written.create_first,
            retain: written.retain,
            ignore: written.ignore.clone(),
            replace_when,
            create_timeout_ms: written.create_timeout_ms,
            update_timeout_ms: written.update_timeout_ms,
            delete_timeout_ms: written.delete_timeout_ms,
        }
    }
}
