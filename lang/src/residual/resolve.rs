//! Resolving residuals: the engine's way from a config with unknowns to a concrete one, at plan and at apply.

use super::coerce::holds_object;
use super::collect::pairs;
use super::{Fault, FaultKind, Gathered, Host, binary, expected, failure, is_unknown, marked, run, wait};
use crate::library::{Environment, FunctionError, LibraryFunction};
use ecow::EcoVec;
use formwork_model::residual::ForResidual;
use formwork_model::{
    Address, AttributePath, BinaryOperator, Diagnostic, InputProblem, InputSource, Map, ObjectReference, Operation,
    Residual, Span, Value, ValueBuf, ValueRef,
};
use std::sync::Arc;

/// The value of an attribute (of all attributes, for the root path), when it is known. What it gives is taken as it
/// is, also unknowns in it.
pub type ObjectLookup<'a> = dyn Fn(&Address, &AttributePath) -> Option<Value> + 'a;

/// The value of an input: none while nobody asked for it, or the reason why it cannot be had.
pub type InputLookup<'a> = dyn Fn(&InputSource) -> Option<Result<Value, InputProblem>> + 'a;

/// Computes as much of `value` as `objects` and `inputs` allow. What is not known stays an unknown; a value without
/// unknowns is shared, not copied.
///
/// # Errors
/// When an operation has no value (a missing key, a condition that does not hold), or an input cannot be had.
pub fn resolve(value: &Value, objects: &ObjectLookup<'_>, inputs: &InputLookup<'_>) -> Result<Value, Diagnostic> {
    let mut resolver = Resolver { objects, inputs, variables: Vec::new(), next_variable: 0 };
    resolver.finish(value).map_err(Fault::into_diagnostic)
}

/// Like [`resolve`], on canonical bytes; those of a known value are copied as they are.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_view(
    value: ValueRef<'_>,
    objects: &ObjectLookup<'_>,
    inputs: &InputLookup<'_>,
) -> Result<ValueBuf, Diagnostic> {
    if value.is_known() {
        return Ok(value.to_buf());
    }
    resolve(&value.to_value(), objects, inputs).map(ValueBuf::from)
}

struct Resolver<'a> {
    objects: &'a ObjectLookup<'a>,
    inputs: &'a InputLookup<'a>,
    /// Variables of the comprehensions around, innermost last.
    variables: Vec<(u32, Value)>,
    next_variable: u32,
}

/// A changed value; none where it is as before.
type Changed = Result<Option<Value>, Fault>;

impl Resolver<'_> {
    fn finish(&mut self, value: &Value) -> Result<Value, Fault> {
        let value = self.resolved(value)?;
        Ok(if holds_object(&value) { super::without_objects(self, &value) } else { value })
    }

    fn resolved(&mut self, value: &Value) -> Result<Value, Fault> {
        Ok(self.changed(value)?.unwrap_or_else(|| value.clone()))
    }

    /// The value, or what it fails with should it be needed.
    fn captured(&mut self, value: &Value) -> Value {
        self.resolved(value).unwrap_or_else(|fault| failure(&fault))
    }

    fn changed(&mut self, value: &Value) -> Changed {
        match value {
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Duration(_)
            | Value::Object(_) => Ok(None),
            Value::List(items) => Ok(self.items(items)?.map(Value::List)),
            Value::Set(items) => Ok(self.items(items)?.map(Value::set)),
            Value::Map(map) => Ok(self.entries(map)?.map(Value::Map)),
            Value::Secret(inner) => Ok(self.changed(inner)?.map(Value::secret)),
            Value::Unknown(residual) => self.residual(residual),
        }
    }

    fn items(&mut self, items: &EcoVec<Value>) -> Result<Option<EcoVec<Value>>, Fault> {
        let mut result: Option<EcoVec<Value>> = None;
        for (position, item) in items.iter().enumerate() {
            let Some(changed) = self.changed(item)? else { continue };
            if let Some(slot) = result.get_or_insert_with(|| items.clone()).make_mut().get_mut(position) {
                *slot = changed;
            }
        }
        Ok(result)
    }

    fn entries(&mut self, map: &Map) -> Result<Option<Map>, Fault> {
        let mut result: Option<Map> = None;
        for (key, value) in map.iter() {
            if let Some(changed) = self.changed(value)? {
                result.get_or_insert_with(|| map.clone()).insert(key.clone(), changed);
            }
        }
        Ok(result)
    }

    fn residual(&mut self, residual: &Arc<Residual>) -> Changed {
        match residual.as_ref() {
            Residual::Attribute { object, path } => Ok((self.objects)(object, path)),
            Residual::Input(source) => self.input(source),
            Residual::Variable(number) => {
                let found = self.variables.iter().rev().find(|(variable, _)| variable == number);
                Ok(found.map(|(_, value)| value.clone()))
            }
            Residual::Apply { operation, arguments, span } => {
                self.apply(operation, arguments, *span).map_err(|fault| fault.at_optional(*span))
            }
            Residual::For(inner) => self.comprehension(inner).map(Some),
            Residual::Failure { code, message, span } => {
                let kind = FaultKind::Branch { code: code.clone(), message: message.clone() };
                Err(Fault::from(kind).at_optional(*span))
            }
        }
    }

    fn input(&self, source: &InputSource) -> Changed {
        let secret = matches!(source, InputSource::Secret(_));
        match (self.inputs)(source) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(marked(value, secret))),
            Some(Err(problem)) => Err(FaultKind::Input { source: input_name(source), problem }.into()),
        }
    }

    fn apply(&mut self, operation: &Operation, arguments: &EcoVec<Value>, span: Option<Span>) -> Changed {
        match (operation, arguments.as_slice()) {
            (Operation::If, [condition, then, otherwise]) => self.choice(condition, then, otherwise, span).map(Some),
            (Operation::Where, [value, condition, message]) => {
                self.condition(value, condition, message, span).map(Some)
            }
            (
                Operation::Binary(operator @ (BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Coalesce)),
                [left, right],
            ) => self.short_circuit(*operator, left, right, span).map(Some),
            (Operation::OptionalIndex | Operation::ChainedIndex, [base, key]) => {
                self.optional_index(operation, base, key, span).map(Some)
            }
            _ => {
                let Some(arguments) = self.items(arguments)? else { return Ok(None) };
                let result = run(self, operation, &arguments, span)?;
                Ok(Some(result.unwrap_or_else(|| wait(operation.clone(), arguments, span))))
            }
        }
    }

    /// The key only counts where there is something to look it up in.
    fn optional_index(
        &mut self,
        operation: &Operation,
        base: &Value,
        key: &Value,
        span: Option<Span>,
    ) -> Result<Value, Fault> {
        let base = self.resolved(base)?;
        let key = match base.exposed() {
            Value::Null => return Ok(base),
            Value::Unknown(_) => self.captured(key),
            _ => self.resolved(key)?,
        };
        let arguments = [base, key];
        let result = run(self, operation, &arguments, span)?;
        Ok(result.unwrap_or_else(|| wait(operation.clone(), arguments, span)))
    }

    fn choice(
        &mut self,
        condition: &Value,
        then: &Value,
        otherwise: &Value,
        span: Option<Span>,
    ) -> Result<Value, Fault> {
        let condition = self.resolved(condition)?;
        let secret = matches!(condition, Value::Secret(_));
        match condition.exposed() {
            Value::Bool(true) => Ok(marked(self.resolved(then)?, secret)),
            Value::Bool(false) => Ok(marked(self.resolved(otherwise)?, secret)),
            Value::Unknown(_) => {
                let branches = [self.captured(then), self.captured(otherwise)];
                Ok(wait(Operation::If, std::iter::once(condition).chain(branches), span))
            }
            other => Err(expected("bool", other)),
        }
    }

    fn condition(
        &mut self,
        value: &Value,
        condition: &Value,
        message: &Value,
        span: Option<Span>,
    ) -> Result<Value, Fault> {
        let value = self.resolved(value)?;
        let condition = self.resolved(condition)?;
        match condition.exposed() {
            Value::Bool(true) => Ok(value),
            Value::Bool(false) => Err(condition_fault(&self.captured(message))),
            Value::Unknown(_) => {
                let message = self.captured(message);
                Ok(wait(Operation::Where, [value, condition, message], span))
            }
            other => Err(expected("bool", other)),
        }
    }

    fn short_circuit(
        &mut self,
        operator: BinaryOperator,
        left: &Value,
        right: &Value,
        span: Option<Span>,
    ) -> Result<Value, Fault> {
        let left = self.resolved(left)?;
        // The right operand only counts where the left one does not decide.
        let right = match left.exposed() {
            Value::Unknown(_) => self.captured(right),
            _ if decides(operator, &left) => Value::Null,
            _ => self.resolved(right)?,
        };
        let result = binary(operator, &left, &right)?;
        Ok(result.unwrap_or_else(|| wait(Operation::Binary(operator), [left, right], span)))
    }

    fn comprehension(&mut self, inner: &ForResidual) -> Result<Value, Fault> {
        let source = self.resolved(&inner.source)?;
        let Some((pairs, secret)) = pairs(&source)? else { return Ok(self.waiting(source, inner)) };
        let mut gathered = Gathered::default();
        gathered.mark(secret);
        for (key, item) in pairs {
            self.variables.push((inner.key_variable, key));
            self.variables.push((inner.item_variable, item));
            let added = self.item(inner, &mut gathered);
            self.variables.truncate(self.variables.len() - 2);
            added?;
        }
        gathered.finish(inner.key.is_some(), None)
    }

    fn item(&mut self, inner: &ForResidual, gathered: &mut Gathered) -> Result<(), Fault> {
        let condition = inner.condition.as_ref().map(|condition| self.resolved(condition)).transpose()?;
        if let Some(condition) = condition {
            gathered.mark(matches!(condition, Value::Secret(_)));
            match condition.exposed() {
                Value::Bool(false) => return Ok(()),
                Value::Bool(true) => {}
                Value::Unknown(_) => {
                    let key = inner.key.as_ref().map(|key| self.captured(key));
                    let body = self.captured(&inner.body);
                    return gathered.add(Some(condition), key, body);
                }
                other => return Err(expected("bool", other)),
            }
        }
        let key = inner.key.as_ref().map(|key| self.resolved(key)).transpose()?;
        let body = self.resolved(&inner.body)?;
        gathered.add(None, key, body)
    }

    fn waiting(&mut self, source: Value, inner: &ForResidual) -> Value {
        // Variables of the same numbers further out are not meant within.
        let hidden = [(inner.key_variable, inner.key_variable), (inner.item_variable, inner.item_variable)];
        let count = self.variables.len();
        for (number, variable) in hidden {
            self.variables.push((number, Value::Unknown(Arc::new(Residual::Variable(variable)))));
        }
        let secret = matches!(source, Value::Secret(_));
        let rebuilt = ForResidual {
            source,
            key_variable: inner.key_variable,
            item_variable: inner.item_variable,
            condition: inner.condition.as_ref().map(|condition| self.captured(condition)),
            key: inner.key.as_ref().map(|key| self.captured(key)),
            body: self.captured(&inner.body),
        };
        self.variables.truncate(count);
        marked(Value::Unknown(Arc::new(Residual::For(Arc::new(rebuilt)))), secret)
    }

    fn lookup(&self, object: &ObjectReference, path: AttributePath) -> Value {
        let found = (self.objects)(&object.address, &path);
        found.unwrap_or_else(|| Value::attribute(object.address.clone(), path))
    }
}

/// Whether the left operand alone gives the result.
pub(crate) fn decides(operator: BinaryOperator, left: &Value) -> bool {
    match (operator, left.exposed()) {
        (BinaryOperator::And, Value::Bool(truth)) => !truth,
        (BinaryOperator::Or, Value::Bool(truth)) => *truth,
        (BinaryOperator::Coalesce, value) => !value.is_null() && !is_unknown(value),
        _ => false,
    }
}

/// A condition that does not hold, with its message; that of a secret is not shown.
pub(crate) fn condition_fault(message: &Value) -> Fault {
    let message = match message {
        Value::String(text) => text.to_string(),
        Value::Secret(_) => "the condition does not hold (its message is secret)".into(),
        _ => "the condition does not hold".into(),
    };
    FaultKind::Condition { message }.into()
}

/// How an input is written.
pub(crate) fn input_name(source: &InputSource) -> String {
    match source {
        InputSource::EnvironmentVariable(name) => format!("the environment variable `{name}`"),
        InputSource::Secret(place) => format!("the secret {place:?}"),
    }
}

impl Host for Resolver<'_> {
    fn member(&mut self, object: &ObjectReference, name: &str) -> Value {
        self.lookup(object, AttributePath::member(name))
    }

    fn whole(&mut self, object: &ObjectReference) -> Value {
        self.lookup(object, AttributePath::root())
    }

    fn identity(&mut self, object: &ObjectReference) -> Value {
        // The evaluator has put the attribute's name into the residual wherever the schema was at hand.
        self.lookup(object, AttributePath::member("id"))
    }

    fn default(&mut self, _: u32, _: usize, _: &Map) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn conditions(&mut self, _: u32, record: Map, _: Option<Span>) -> Result<Value, Fault> {
        Ok(Value::Map(record))
    }

    fn library(&mut self, function: &LibraryFunction, arguments: &[Value]) -> Result<Value, FunctionError> {
        let absent = |path: &str| format!("{path:?} is read while the stack is evaluated; its path was not known then");
        let mut environment = Environment {
            module_directory: "",
            read_file: &mut |path| Err(absent(path)),
            list_directory: &mut |path| Err(absent(path)),
        };
        (function.call)(&mut environment, arguments)
    }

    fn open_variables(&mut self) -> u32 {
        let first = self.next_variable;
        self.next_variable += 2;
        first
    }

    fn close_variables(&mut self) {
        self.next_variable = self.next_variable.saturating_sub(2);
    }
}
