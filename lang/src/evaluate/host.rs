//! What operations ask of the evaluator: attributes of objects, rules of records, files.

use super::Evaluator;
use super::completed::completed;
use super::condition::Verdict;
use super::instances::BlockState;
use crate::graph::NodeKind;
use crate::library::{Environment, FunctionError, LibraryFunction};
use crate::program::{BlockId, Expr, ExprKind, RecordId};
use crate::residual::{Fault, Host, marked, without_objects};
use ecow::EcoString;
use formwork_model::schema::{Presence, ResourceSchema};
use formwork_model::{AttributePath, InputSource, Map, ObjectReference, Residual, Span, Value};
use std::sync::Arc;

impl<'p> Evaluator<'p> {
    /// The node of an expression that is a block or an instance of one, without going through an object.
    pub(super) fn node_of(&mut self, expression: &'p Expr) -> Result<Option<u32>, Fault> {
        match &expression.kind {
            ExprKind::Block(id) => Ok(match self.block_state(*id) {
                Some(BlockState::Single(node)) => Some(*node),
                _ => None,
            }),
            ExprKind::Index { base, index, optional: false } => {
                let ExprKind::Block(id) = base.kind else { return Ok(None) };
                if !matches!(self.block_state(id), Some(BlockState::Many(..))) {
                    return Ok(None);
                }
                let Value::String(key) = self.expression(index)? else { return Ok(None) };
                let Some(BlockState::Many(instances, _)) = self.block_state(id) else { return Ok(None) };
                let found = instances.binary_search_by(|(name, _)| name.cmp(&key)).ok();
                Ok(found.and_then(|position| instances.get(position)).map(|(_, node)| *node))
            }
            _ => Ok(None),
        }
    }

    fn block_state(&self, id: BlockId) -> Option<&BlockState> {
        self.here()?.blocks.get(id.index())
    }

    /// `block.name`, `block[key].name`, `call.output`, `call[key].output`, without building what they hang on.
    pub(super) fn direct_member(&mut self, base: &'p Expr, name: &EcoString) -> Result<Option<Value>, Fault> {
        if let Some(node) = self.node_of(base)? {
            return Ok(Some(self.attribute_of(node, name)));
        }
        match super::references::output_base(base) {
            Some((call, key)) => self.output_of(call.index(), key, name).map_err(|fault| fault.at(base.span)),
            None => Ok(None),
        }
    }

    /// An attribute of a node: what is known of it, what its config says, or an unknown.
    pub(super) fn attribute_of(&mut self, node: u32, name: &str) -> Value {
        self.recorder.push(node);
        let path = AttributePath::member(name);
        let Some(found) = self.nodes.nodes.get(node as usize) else { return Value::Null };
        let details = self.nodes.details.get(node as usize);
        let schema = details.and_then(|details| details.schema);
        let attribute = schema.and_then(|schema| schema.attribute(name));
        let secret = attribute.is_some_and(|attribute| attribute.secret);
        if let Some(value) = self.known.attribute(&found.address, &path) {
            return marked(value, secret);
        }
        let is_config = attribute.is_some_and(|attribute| {
            matches!(attribute.presence, Presence::Required | Presence::Optional) && !attribute.write_only
        });
        let config = details.and_then(|details| details.config).filter(|_| is_config);
        if let Some(attribute) = attribute
            && let Some(value) = config.and_then(|config| self.nodes.values.get(config).get(name))
            && value.is_known()
            && !value.is_null()
        {
            return marked(completed(value.to_value(), attribute, &found.address, &path), secret);
        }
        marked(Value::attribute(found.address.clone(), path), secret)
    }

    /// What others know a node by.
    pub(super) fn identity_of(&mut self, node: u32) -> Value {
        let schema = self.nodes.details.get(node as usize).and_then(|details| details.schema);
        self.attribute_of(node, schema.map_or("id", identity))
    }

    /// A reference to a node as a value.
    pub(super) fn object(&self, node: u32) -> Value {
        match self.nodes.nodes.get(node as usize).map(|node| (&node.address, &node.kind)) {
            Some((address, NodeKind::Object(object))) => Value::Object(Arc::new(ObjectReference {
                address: address.clone(),
                type_name: object.type_name.clone(),
            })),
            _ => Value::Null,
        }
    }

    pub(super) fn input(&mut self, source: &InputSource, span: Span) -> Value {
        let secret = matches!(source, InputSource::Secret(_));
        let value = match self.known.input(source) {
            Some(value) => value,
            None => {
                let first = self.written_inputs.entry(source.clone()).or_insert(span);
                *first = span.min(*first);
                Value::Unknown(Arc::new(Residual::Input(source.clone())))
            }
        };
        marked(value, secret)
    }
}

/// The attribute that identifies an object to others.
fn identity(schema: &ResourceSchema) -> &'static str {
    match schema.identity {
        [only] => only,
        _ if !schema.natural_key.is_empty() => schema.natural_key,
        many => many.iter().copied().find(|name| *name == "id").or(many.first().copied()).unwrap_or("id"),
    }
}

/// Objects that are left in a value stand for all their attributes.
pub(super) fn exposed_objects(evaluator: &mut Evaluator<'_>, value: Value) -> Value {
    if value.is_known() { value } else { without_objects(evaluator, &value) }
}

impl Host for Evaluator<'_> {
    fn member(&mut self, object: &ObjectReference, name: &str) -> Value {
        match self.nodes.find(&object.address) {
            Some(node) => self.attribute_of(node, name),
            None => Value::attribute(object.address.clone(), AttributePath::member(name)),
        }
    }

    fn whole(&mut self, object: &ObjectReference) -> Value {
        self.recorder.extend(self.nodes.find(&object.address));
        let path = AttributePath::root();
        let known = self.known.attribute(&object.address, &path);
        known.unwrap_or_else(|| Value::attribute(object.address.clone(), path))
    }

    fn identity(&mut self, object: &ObjectReference) -> Value {
        match self.nodes.find(&object.address) {
            Some(node) => self.identity_of(node),
            None => Value::attribute(object.address.clone(), AttributePath::member("id")),
        }
    }

    fn default(&mut self, declaration: u32, field: usize, before: &Map) -> Result<Option<Value>, Fault> {
        let program = self.program;
        let Some(record) = program.records.get(RecordId(declaration).index()) else { return Ok(None) };
        let Some(default) = record.fields.get(field).and_then(|rules| rules.default.as_ref()) else { return Ok(None) };
        let locals: Vec<Value> = fields(record, before);
        let size = u32::try_from(locals.len() + 1).unwrap_or(u32::MAX);
        self.with_frame(size, locals, |this| this.expression(default)).map(Some)
    }

    fn conditions(&mut self, declaration: u32, record: Map, span: Option<Span>) -> Result<Value, Fault> {
        let program = self.program;
        let Some(declared) = program.records.get(RecordId(declaration).index()) else {
            return Ok(Value::Map(record));
        };
        let whole = Value::Map(record.clone());
        let mut result = whole.clone();
        let locals = fields(declared, &record);
        let of_fields = declared.fields.iter().zip(&declared.ty.fields).flat_map(|(rules, field)| {
            let value = record.get(&field.name).cloned().unwrap_or(Value::Null);
            rules.conditions.iter().map(move |condition| (condition, value.clone(), Some(&field.name)))
        });
        let of_whole = declared.conditions.iter().map(|condition| (condition, whole.clone(), None));
        // Of one value the first condition that does not hold is told, and of the whole only where its fields are right.
        let mut wrong: Vec<(Option<&EcoString>, Fault)> = Vec::new();
        for (condition, value, field) in of_fields.chain(of_whole) {
            if wrong.iter().any(|(other, _)| *other == field) || field.is_none() && !wrong.is_empty() {
                continue;
            }
            match self.verdict(condition, locals.iter().cloned().chain([value]))? {
                Verdict::Holds => {}
                Verdict::Fails(fault) => {
                    let fault = fault.at_optional(span).label(condition.span, "this is asked for");
                    let fault = match field {
                        Some(field) => fault.within(formwork_model::Step::Member(field.clone())),
                        None => fault,
                    };
                    wrong.push((field, fault));
                }
                Verdict::Waits(check) => result = self.guard(result, check, span.unwrap_or(condition.span)),
            }
        }
        match wrong.into_iter().map(|(_, fault)| fault).reduce(Fault::and) {
            Some(fault) => Err(fault),
            None => Ok(result),
        }
    }

    fn library(&mut self, function: &LibraryFunction, arguments: &[Value]) -> Result<Value, FunctionError> {
        let sources = self.sources;
        let directory = self.module.directory.as_str();
        let within = |path: &str| inside(directory, path);
        let mut environment = Environment {
            module_directory: directory,
            read_file: &mut |path| sources.read(&within(path)?).map_err(|error| error.reason),
            list_directory: &mut |path| sources.list(&within(path)?).map_err(|error| error.reason),
        };
        (function.call)(&mut environment, arguments)
    }

    fn open_variables(&mut self) -> u32 {
        let first = self.next_variable;
        self.next_variable += 2;
        self.symbolic += 1;
        first
    }

    fn close_variables(&mut self) {
        self.next_variable = self.next_variable.saturating_sub(2);
        self.symbolic = self.symbolic.saturating_sub(1);
    }
}

fn fields(record: &crate::program::RecordDeclaration, values: &Map) -> Vec<Value> {
    record.ty.fields.iter().map(|field| values.get(&field.name).cloned().unwrap_or(Value::Null)).collect()
}

/// The path of a module's file from the stack's root; refuses what leaves the module.
fn inside(directory: &str, path: &str) -> Result<String, String> {
    if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        return Err("only files of the module, by their relative path".into());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or("it leads out of the module")?;
            }
            name => parts.push(name),
        }
    }
    let inner = parts.join("/");
    Ok(match (directory.is_empty(), inner.is_empty()) {
        (true, _) => inner,
        (false, true) => directory.to_owned(),
        (false, false) => format!("{directory}/{inner}"),
    })
}
