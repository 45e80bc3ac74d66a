//! Following a value back through the program.

use super::path::{Missing, attribute_at, leads};
use super::{Explanation, LayerValue, Origin, Step, at, instance_of, unknown};
use crate::evaluate::instances::{BlockState, CallState, Slot};
use crate::evaluate::references::each_child;
use crate::evaluate::{Evaluator, part_at};
use crate::graph::NodeKind;
use crate::inputs::{Layer, field_default, type_at};
use crate::program::{Attribute, Block, Expr, ExprKind, Iteration, Module, ProviderBlock};
use crate::tree::OverlayAction;
use ecow::EcoString;
use formwork_model::{Address, AttributePath, Diagnostic, ModulePath, ObjectKind, Step as PathStep, Value};
use formwork_model::{Field, RecordType, Type};

/// Longer explanations help nobody.
const MAXIMUM_STEPS: usize = 200;
/// Nor deeper ones.
const MAXIMUM_DEPTH: u32 = 24;

/// A value, if it is known; or a path that leads nowhere.
type Found = Result<Option<Value>, Missing>;

/// Follows values back.
pub(super) struct Trace<'p> {
    evaluator: Evaluator<'p>,
    steps: Vec<Step>,
}

/// The place from which an expression is read.
#[derive(Clone)]
struct Place<'p> {
    instance: u32,
    depth: u32,
    /// The `for` around, whose variables are the first locals.
    iteration: Option<&'p Iteration>,
    /// The key of the instance that it makes.
    key: Option<EcoString>,
}

impl<'p> Trace<'p> {
    pub(super) const fn new(evaluator: Evaluator<'p>) -> Self {
        Self { evaluator, steps: Vec::new() }
    }

    /// Explains the value at `path` of what `address` names.
    pub(super) fn explain(mut self, address: &Address, path: &AttributePath) -> Result<Explanation, Diagnostic> {
        match self.value(address, path) {
            Some(Ok(value)) => {
                Ok(Explanation { address: address.clone(), path: path.clone(), value, steps: self.steps })
            }
            Some(Err(missing)) => Err(missing.diagnostic(address, path)),
            None => Err(unknown(&self.evaluator, address)),
        }
    }

    /// The value, if it is known, while its steps are gathered; none where `address` names nothing.
    fn value(&mut self, address: &Address, path: &AttributePath) -> Option<Found> {
        let is_provider = address.kind == ObjectKind::Provider;
        let path_of_module = if is_provider { &ModulePath::root() } else { &address.module };
        let instance = instance_of(&self.evaluator, path_of_module)?;
        let module = self.module(instance)?;
        if is_provider {
            return self.provider(instance, module, address, path);
        }
        let is_meant = |block: &&Block| block.name == address.name && block.kind == address.kind;
        match module.blocks.iter().find(is_meant) {
            Some(block) => self.block(instance, block, address, path),
            None => self.named(instance, module, &address.name, path),
        }
    }

    fn module(&self, instance: u32) -> Option<&'p Module> {
        let context = self.evaluator.instances.get(instance as usize)?.context;
        self.evaluator.units.module(self.evaluator.program, context as usize)
    }

    fn module_path(&self, instance: u32) -> ModulePath {
        self.evaluator.instances.get(instance as usize).map(|instance| instance.path.clone()).unwrap_or_default()
    }

    fn push(&mut self, depth: u32, origin: Origin, span: Option<formwork_model::Span>, value: Option<Value>) -> bool {
        if self.steps.len() >= MAXIMUM_STEPS || depth > MAXIMUM_DEPTH {
            return false;
        }
        self.steps.push(Step { depth, origin, span, value, layers: Vec::new() });
        true
    }

    fn config(&mut self, address: &Address) -> Option<Value> {
        let node = self.evaluator.nodes.find(address)?;
        let node = self.evaluator.nodes.nodes.get(node as usize)?;
        let config = match &node.kind {
            NodeKind::Object(object) => object.config,
            NodeKind::Provider(provider) => provider.config,
            NodeKind::Junction => return None,
        };
        Some(self.evaluator.nodes.values.get(config).to_value())
    }

    fn provider(
        &mut self,
        instance: u32,
        module: &'p Module,
        address: &Address,
        path: &AttributePath,
    ) -> Option<Found> {
        let block = address.block();
        let is_meant =
            |written: &&ProviderBlock| Address::provider(written.provider.clone(), written.name.clone()) == block;
        let block = module.providers.iter().find(is_meant)?;
        let config = self.config(address)?;
        let place = Place { instance, depth: 0, iteration: block.iteration.as_ref(), key: address.key.clone() };
        self.attributes(&block.attributes, path, &place);
        Some(Ok(at(&config, path.steps()).cloned()))
    }

    fn block(&mut self, instance: u32, block: &'p Block, address: &Address, path: &AttributePath) -> Option<Found> {
        if block.schema.capabilities.expand && (address.row.is_some() || block.iteration.is_none()) {
            let of_block = Address {
                row: None,
                key: address.key.clone().filter(|_| block.iteration.is_some()),
                ..address.clone()
            };
            if of_block != *address {
                return self.row(instance, block, &of_block);
            }
        }
        let config = self.config(address)?;
        let attribute = match attribute_at(block.schema.attributes, &config, path.steps()) {
            Ok(attribute) => attribute,
            Err(missing) => return Some(Err(missing)),
        };
        let place = Place { instance, depth: 0, iteration: block.iteration.as_ref(), key: address.key.clone() };
        let is_written = self.attributes(&block.attributes, path, &place);
        let value = at(&config, path.steps()).cloned();
        let origin = match (&value, attribute) {
            (Some(_), _) if is_written || path.steps().is_empty() => return Some(Ok(value)),
            (Some(_), _) => Origin::ProviderDefaults,
            (None, Some(attribute)) => {
                let parents = path.steps().split_last().map_or(&[][..], |(_, parents)| parents);
                let has_place = at(&config, parents).is_some_and(|parent| !parent.is_null());
                if let Some(default) = attribute.default_value().filter(|_| has_place) {
                    self.push(0, Origin::SchemaDefault, Some(block.span), Some(default.clone()));
                    return Some(Ok(Some(default)));
                }
                if attribute.is_computed() { Origin::Cloud } else { Origin::Unset }
            }
            (None, None) => {
                let whole = path.first_name().and_then(|name| block.schema.attribute(name));
                let is_computed = whole.is_some_and(formwork_model::schema::Attribute::is_computed);
                if is_computed && !is_written { Origin::Cloud } else { Origin::Unset }
            }
        };
        self.push(0, origin, Some(block.span), value.clone());
        Some(Ok(value))
    }

    /// What the provider makes of a block: the block decides it as a whole.
    fn row(&mut self, instance: u32, block: &'p Block, of_block: &Address) -> Option<Found> {
        self.config(of_block)?;
        self.push(0, Origin::Row, Some(block.span), None);
        let place = Place { instance, depth: 1, iteration: block.iteration.as_ref(), key: of_block.key.clone() };
        self.attributes(&block.attributes, &AttributePath::root(), &place);
        Some(Ok(None))
    }

    /// Explains the attributes that `path` leads to; whether there are any.
    fn attributes(&mut self, attributes: &'p [Attribute], path: &AttributePath, place: &Place<'p>) -> bool {
        let mut is_written = false;
        for attribute in
            attributes.iter().filter(|attribute| path.first_name().is_none_or(|name| name == attribute.name))
        {
            is_written = true;
            let rest = path.steps().get(1..).unwrap_or_default();
            let (expression, rest) = narrowed(&attribute.value, rest);
            if self.push(place.depth, Origin::Attribute(attribute.name.clone()), Some(expression.span), None) {
                self.expression(expression, rest, &Place { depth: place.depth + 1, ..place.clone() });
            }
        }
        is_written
    }

    fn named(&mut self, instance: u32, module: &'p Module, name: &EcoString, path: &AttributePath) -> Option<Found> {
        let steps = path.steps();
        let value = if let Some(index) = module.params.iter().position(|param| param.name == *name) {
            self.param(instance, index, steps, 0);
            self.slot(instance, index, |instance| &instance.params)
        } else if let Some(index) = module.lets.iter().position(|declared| declared.name == *name) {
            self.named_value(instance, index, steps, 0);
            self.slot(instance, index, |instance| &instance.lets)
        } else {
            let index = module.outputs.iter().position(|output| output.name == *name)?;
            self.output(instance, index, steps, 0);
            self.slot(instance, index, |instance| &instance.outputs)
        };
        let Some(value) = value else { return Some(Ok(None)) };
        Some(leads(&value, steps).map(|()| at(&value, steps).cloned()))
    }

    fn slot(
        &self,
        instance: u32,
        index: usize,
        table: impl Fn(&crate::evaluate::instances::Instance) -> &Vec<Slot>,
    ) -> Option<Value> {
        match table(self.evaluator.instances.get(instance as usize)?).get(index)? {
            Slot::Ready { value, .. } => Some(value.clone()),
            Slot::Empty | Slot::Poisoned => None,
        }
    }

    fn param(&mut self, instance: u32, index: usize, path: &[PathStep], depth: u32) {
        let Some(module) = self.module(instance) else { return };
        let Some(param) = module.params.get(index) else { return };
        let module_path = self.module_path(instance);
        let value = self.slot(instance, index, |instance| &instance.params);
        let value = value.and_then(|value| at(&value, path).cloned());
        let attribute_path: AttributePath = path.iter().cloned().collect();
        let origin = Origin::Param(module_path.clone(), param.name.clone(), attribute_path.clone());
        if !self.push(depth, origin, Some(param.span), value) {
            return;
        }
        if instance == 0 {
            let mut layers = self.layers(index, &attribute_path);
            if let Some(step) = self.steps.last() {
                let said = layers.iter().any(|layer| layer.path.covers(&attribute_path) && layer.value.is_some());
                let value = step.value.clone().filter(|_| !said);
                // The type speaks before all layers.
                let of_type = self.default_of_type(&param.ty, attribute_path, value);
                layers.splice(0..0, of_type);
            }
            if let Some(step) = self.steps.last_mut() {
                step.layers = layers;
            }
            return;
        }
        self.argument(instance, index, path, depth + 1, &module_path);
    }

    /// What the type of a field says where no layer does; `value` is the field's, where none did.
    fn default_of_type(&self, ty: &Type, path: AttributePath, value: Option<Value>) -> Option<LayerValue> {
        let (record, field) = field_at(ty, path.steps())?;
        let environment = &self.evaluator.inputs.environment;
        let default = || field_default(self.evaluator.program, environment, record, &field.name);
        let value = Some(value.or_else(default)?).filter(|_| field.optional)?;
        Some(LayerValue {
            layer: Layer::Default,
            action: OverlayAction::Set,
            path,
            value: Some(value),
            span: field.span,
        })
    }

    fn layers(&self, param: usize, path: &AttributePath) -> Vec<LayerValue> {
        let inputs = self.evaluator.inputs;
        let values = inputs.said(param, path).map(|said| LayerValue {
            layer: inputs.layers.get(said.layer).cloned().unwrap_or(Layer::Default),
            action: said.action,
            path: said.path.clone(),
            value: if said.path.covers(path) { said.at(path).cloned() } else { said.value.clone() },
            span: said.place(path).or(said.span),
        });
        values.collect()
    }

    fn argument(&mut self, instance: u32, index: usize, path: &[PathStep], depth: u32, module_path: &ModulePath) {
        let Some(found) = self.evaluator.instances.get(instance as usize) else { return };
        let (caller, context) = (found.caller, found.context);
        let Some((_, position)) = self.evaluator.units.contexts.get(context as usize).and_then(|at| at.caller) else {
            return;
        };
        let Some(call) = self.module(caller).and_then(|module| module.calls.get(position)) else { return };
        let Some(param) = self.module(instance).and_then(|module| module.params.get(index)) else { return };
        let (expression, origin, place) = match call.arguments.get(index).and_then(Option::as_ref) {
            Some(argument) => {
                let origin = Origin::Argument(module_path.clone(), param.name.clone());
                let key = module_path.0.last().and_then(|step| step.key.clone());
                let iteration = call.iteration.as_ref();
                (argument, origin, Place { instance: caller, depth: depth + 1, iteration, key })
            }
            None => {
                let Some(default) = &param.default else { return };
                let origin = Origin::Default(module_path.clone(), param.name.clone());
                (default, origin, Place { instance, depth: depth + 1, iteration: None, key: None })
            }
        };
        let (expression, rest) = narrowed(expression, path);
        if self.push(depth, origin, Some(expression.span), None) {
            self.expression(expression, rest, &place);
        }
    }

    fn named_value(&mut self, instance: u32, index: usize, path: &[PathStep], depth: u32) {
        let Some(declared) = self.module(instance).and_then(|module| module.lets.get(index)) else { return };
        let value = self.slot(instance, index, |instance| &instance.lets);
        let value = value.and_then(|value| at(&value, path).cloned());
        let origin = Origin::Let(self.module_path(instance), declared.name.clone(), path.iter().cloned().collect());
        let (expression, rest) = narrowed(&declared.value, path);
        if self.push(depth, origin, Some(expression.span), value) {
            self.expression(expression, rest, &Place { instance, depth: depth + 1, iteration: None, key: None });
        }
    }

    fn output(&mut self, instance: u32, index: usize, path: &[PathStep], depth: u32) {
        let Some(declared) = self.module(instance).and_then(|module| module.outputs.get(index)) else { return };
        let origin = Origin::Output(self.module_path(instance), declared.name.clone());
        let (expression, rest) = narrowed(&declared.value, path);
        let value = self.slot(instance, index, |instance| &instance.outputs);
        let value = value.and_then(|value| at(&value, path).cloned());
        if self.push(depth, origin, Some(expression.span), value) {
            self.expression(expression, rest, &Place { instance, depth: depth + 1, iteration: None, key: None });
        }
    }

    /// Everything that an expression takes its value from; `rest` is what of it is asked for.
    fn expression(&mut self, expression: &'p Expr, rest: &[PathStep], place: &Place<'p>) {
        let mut path: Vec<PathStep> = Vec::new();
        let base = chain(expression, &mut path);
        path.reverse();
        path.extend_from_slice(rest);
        match &base.kind {
            ExprKind::Param(id) => self.param(place.instance, id.index(), &path, place.depth),
            ExprKind::Let(id) => self.named_value(place.instance, id.index(), &path, place.depth),
            ExprKind::Local(id) => self.local(id.index(), &path, base, place),
            ExprKind::Environment => {
                let value = Value::String(self.evaluator.inputs.environment.clone());
                self.push(place.depth, Origin::Environment, Some(base.span), Some(value));
            }
            ExprKind::Input(source) => {
                self.push(place.depth, Origin::Input(source.clone()), Some(base.span), None);
            }
            ExprKind::Block(id) => self.object(id.index(), &path, base, place),
            ExprKind::Call(id) => self.call(id.index(), &path, place),
            ExprKind::Function { function, .. } => {
                let function = self.module(place.instance).and_then(|module| module.functions.get(function.index()));
                if let Some(function) = function {
                    self.push(place.depth, Origin::Function(function.name.clone()), Some(function.span), None);
                }
                self.children(base, place);
            }
            _ => self.children(base, place),
        }
        // Keys that were not literals choose what is taken.
        self.keys(expression, place);
    }

    fn children(&mut self, expression: &'p Expr, place: &Place<'p>) {
        let mut children = Vec::new();
        each_child(expression, &mut |child| children.push(child));
        for child in children {
            self.expression(child, &[], place);
        }
    }

    fn keys(&mut self, expression: &'p Expr, place: &Place<'p>) {
        match &expression.kind {
            ExprKind::Index { base, index, .. } => {
                if literal_key(index).is_none() {
                    self.expression(index, &[], place);
                }
                self.keys(base, place);
            }
            ExprKind::Member { base, .. } => self.keys(base, place),
            ExprKind::Coerce(inner) | ExprKind::Chain(inner) => self.keys(inner, place),
            _ => {}
        }
    }

    fn local(&mut self, index: usize, path: &[PathStep], at: &Expr, place: &Place<'p>) {
        let Some(iteration) = place.iteration.filter(|_| index < 2) else { return };
        if self.push(place.depth, Origin::Variable, Some(at.span), None) {
            let key = place.key.clone().map_or(PathStep::Each, PathStep::Key);
            let is_value = iteration.second.is_some_and(|second| second.index() == index);
            let rest: Vec<PathStep> =
                if is_value { std::iter::once(key).chain(path.iter().cloned()).collect() } else { Vec::new() };
            let outer = Place { depth: place.depth + 1, iteration: None, ..place.clone() };
            self.expression(&iteration.source, &rest, &outer);
        }
    }

    fn object(&mut self, index: usize, path: &[PathStep], expression: &Expr, place: &Place<'p>) {
        let Some(block) = self.module(place.instance).and_then(|module| module.blocks.get(index)) else { return };
        let mut address = Address::new(self.module_path(place.instance), block.kind, block.name.clone());
        let state = self.evaluator.instances.get(place.instance as usize).and_then(|at| at.blocks.get(index));
        let mut path = path;
        if let (Some(BlockState::Many(..)), Some((PathStep::Key(key), rest))) = (state, path.split_first()) {
            address.key = Some(key.clone());
            path = rest;
        }
        let path = path.iter().cloned().collect();
        self.push(place.depth, Origin::Object(address, path), Some(expression.span), None);
    }

    fn call(&mut self, index: usize, path: &[PathStep], place: &Place<'p>) {
        let state = self.evaluator.instances.get(place.instance as usize).and_then(|at| at.calls.get(index)).cloned();
        let (instance, path) = match (state, path.split_first()) {
            (Some(CallState::Single(instance)), _) => (instance, path),
            (Some(CallState::Many(instances)), Some((PathStep::Key(key), rest))) => {
                match instances.iter().find(|(name, _)| name == key) {
                    Some((_, instance)) => (*instance, rest),
                    None => return,
                }
            }
            _ => return,
        };
        let Some((PathStep::Member(name), rest)) = path.split_first() else { return };
        let Some(module) = self.module(instance) else { return };
        if let Some(output) = module.outputs.iter().position(|output| output.name == *name) {
            self.output(instance, output, rest, place.depth);
        }
    }
}

/// The field of a record type that a path ends in.
fn field_at<'t>(ty: &'t Type, path: &[PathStep]) -> Option<(&'t RecordType, &'t Field)> {
    let (PathStep::Member(name), parents) = path.split_last()? else { return None };
    match type_at(ty, parents)?.exposed() {
        Type::Record(record) => Some((record, record.field(name)?)),
        _ => None,
    }
}

/// Goes into literals along a path, as far as it leads.
fn narrowed<'e, 's>(expression: &'e Expr, path: &'s [PathStep]) -> (&'e Expr, &'s [PathStep]) {
    match path.split_first() {
        Some((step, rest)) => match part_at(expression, step) {
            Some(part) => narrowed(part, rest),
            None => (expression, path),
        },
        None => (expression, path),
    }
}

/// What a chain of members and literal keys hangs on; the steps are added innermost last.
fn chain<'e>(expression: &'e Expr, path: &mut Vec<PathStep>) -> &'e Expr {
    match &expression.kind {
        ExprKind::Coerce(inner) | ExprKind::Chain(inner) => chain(inner, path),
        ExprKind::Member { base, name, .. } => {
            path.push(PathStep::Member(name.clone()));
            chain(base, path)
        }
        ExprKind::Index { base, index, .. } => {
            path.push(literal_key(index).unwrap_or(PathStep::Each));
            chain(base, path)
        }
        _ => expression,
    }
}

fn literal_key(index: &Expr) -> Option<PathStep> {
    match &index.kind {
        ExprKind::Constant(Value::String(key)) => Some(PathStep::Key(key.clone())),
        ExprKind::Constant(Value::Int(index)) => u32::try_from(*index).ok().map(PathStep::Index),
        ExprKind::Coerce(inner) => literal_key(inner),
        _ => None,
    }
}
