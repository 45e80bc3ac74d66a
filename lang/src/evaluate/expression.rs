//! Evaluating expressions. What cannot be computed yet becomes an unknown that remembers the operation.

use super::Evaluator;
use super::condition::{is_null, not};
use crate::program::{Arm, ArmPattern, Expr, ExprKind, ForExpr, Function, ListItem, RecordEntry};
use crate::residual::{
    Fault, FaultKind, Gathered, Missing, Outcome, binary, call, coerce, concat, decides, expected, index, is_unknown,
    map_of, marked, matches, member, merge, pairs, template, unary, wait,
};
use ecow::EcoString;
use formwork_model::residual::ForResidual;
use formwork_model::{BinaryOperator, Literal, Map, Operation, Residual, Span, Type, Value};
use std::sync::Arc;

type Evaluated = Result<Value, Fault>;

impl<'p> Evaluator<'p> {
    /// Evaluates an expression in the frame at hand.
    pub(crate) fn expression(&mut self, expression: &'p Expr) -> Evaluated {
        self.step_in().map_err(|fault| fault.at(expression.span))?;
        let result = self.kind(expression).map_err(|fault| fault.at(expression.span));
        self.step_out();
        result
    }

    fn kind(&mut self, expression: &'p Expr) -> Evaluated {
        let span = expression.span;
        match &expression.kind {
            ExprKind::Constant(value) => Ok(value.clone()),
            ExprKind::Template(parts) => self.template(parts, span),
            ExprKind::Param(id) => self.read(|here| here.params.get(id.index())),
            ExprKind::Let(id) => self.read(|here| here.lets.get(id.index())),
            ExprKind::Local(id) => Ok(self.local(*id)),
            ExprKind::Environment => Ok(Value::String(self.inputs.environment.clone())),
            ExprKind::Block(id) => self.block_value(id.index()),
            ExprKind::Call(id) => self.call_value(id.index()),
            ExprKind::Member { .. } | ExprKind::Index { .. } => self.link(expression, false).map(|(value, _)| value),
            ExprKind::Chain(inner) => self.link(inner, true).map(|(value, _)| value),
            ExprKind::Library { name, arguments } => self.library_call(name, arguments, span),
            ExprKind::Function { function, arguments } => match self.module.functions.get(function.index()) {
                Some(function) => self.function_call(function, arguments),
                None => Err(Fault::reported()),
            },
            ExprKind::Unary(operator, operand) => {
                let operand = self.expression(operand)?;
                let result = unary(*operator, &operand);
                done(result, Operation::Unary(*operator), [operand], span)
            }
            ExprKind::Binary(operator, left, right) => self.operator(*operator, left, right, span),
            ExprKind::If(condition, then, otherwise) => self.choice(condition, then, otherwise, span),
            ExprKind::Match { subject, arms } => self.matching(subject, arms, span),
            ExprKind::List(items) => self.list(items, span),
            ExprKind::Record(entries) => self.record(entries, span),
            ExprKind::For(inner) => self.comprehension(inner, span),
            ExprKind::Coerce(inner) => self.coercion(inner, &expression.ty, span),
            ExprKind::Input(source) => Ok(self.input(source, span)),
            ExprKind::Broken => Err(Fault::reported()),
        }
    }

    fn all(&mut self, expressions: &'p [Expr]) -> Result<Vec<Value>, Fault> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    fn template(&mut self, parts: &'p [Expr], span: Span) -> Evaluated {
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            let value = self.expression(part)?;
            // A part that has no text is to be blamed itself.
            template(std::slice::from_ref(&value)).map_err(|fault| fault.at(part.span))?;
            values.push(value);
        }
        done(template(&values), Operation::Template, values, span)
    }

    fn coercion(&mut self, inner: &'p Expr, ty: &'p Type, span: Span) -> Evaluated {
        if matches!(ty, Type::Reference(_) | Type::Optional(_))
            && let Some(node) = self.node_of(inner)?
        {
            let wanted = if let Type::Optional(inner) = ty { inner } else { ty };
            if matches!(wanted, Type::Reference(_)) {
                return Ok(self.identity_of(node));
            }
        }
        let value = self.expression(inner)?;
        coerce(self, value, ty, Some(span)).map_err(|fault| blame(inner, fault))
    }

    /// A member or index; in a chain also whether an optional one was passed.
    fn link(&mut self, expression: &'p Expr, in_chain: bool) -> Result<(Value, bool), Fault> {
        match &expression.kind {
            ExprKind::Member { base, name, optional } => {
                if let Some(found) = self.direct_member(base, name)? {
                    return Ok((found, false));
                }
                let (value, passed) = self.base(base, in_chain)?;
                let value = self.member(value, name, *optional, passed, base, expression)?;
                Ok((value, in_chain && (passed || *optional)))
            }
            ExprKind::Index { base, index: key, optional } => {
                let (value, passed) = self.base(base, in_chain)?;
                let (missing, operation) = match (*optional, passed) {
                    (true, _) => (Missing::Null, Operation::OptionalIndex),
                    (false, true) => (Missing::NullOfNull, Operation::ChainedIndex),
                    (false, false) => (Missing::Fails, Operation::Index),
                };
                let skips = in_chain && (passed || *optional);
                let key_value = match value.exposed() {
                    // Null skips the rest of the chain, also the key.
                    Value::Null if missing != Missing::Fails => return Ok((value, skips)),
                    Value::Unknown(_) if missing != Missing::Fails => {
                        self.assuming(not(&is_null(&value)), |this| this.expression(key))?
                    }
                    _ => self.expression(key)?,
                };
                let result = index(self, &value, &key_value, missing).map_err(|fault| match fault.kind() {
                    FaultKind::Null { .. } => fault.at(base.span),
                    _ => fault.at(key.span),
                });
                let value = done(result, operation, [value, key_value], expression.span)?;
                Ok((value, skips))
            }
            _ => Ok((self.expression(expression)?, false)),
        }
    }

    /// What a link hangs on: within a chain the links below belong to it.
    fn base(&mut self, base: &'p Expr, in_chain: bool) -> Result<(Value, bool), Fault> {
        if !in_chain || !matches!(base.kind, ExprKind::Member { .. } | ExprKind::Index { .. }) {
            return Ok((self.expression(base)?, false));
        }
        self.step_in().map_err(|fault| fault.at(base.span))?;
        let result = self.link(base, true).map_err(|fault| fault.at(base.span));
        self.step_out();
        result
    }

    fn member(
        &mut self,
        value: Value,
        name: &'p EcoString,
        optional: bool,
        passed: bool,
        base: &'p Expr,
        whole: &'p Expr,
    ) -> Evaluated {
        // A record of a schema leaves out what was not set; its type says that this is null.
        let may_be_absent = whole.ty.holds_null() && is_record(&base.ty);
        let absent = may_be_absent && value.as_map().is_some_and(|map| !map.contains(name));
        if absent {
            return Ok(marked(Value::Null, matches!(value, Value::Secret(_))));
        }
        let nullable = optional || passed;
        let missing = if nullable { Missing::Null } else { Missing::Fails };
        let result = member(self, &value, name, missing).map_err(|fault| match fault.kind() {
            FaultKind::Null { .. } => fault.at(base.span),
            _ => fault,
        });
        if nullable {
            done(result, Operation::OptionalMember(name.clone()), [value], whole.span)
        } else if may_be_absent {
            done(result, Operation::Field(name.clone()), [value, Value::Null], whole.span)
        } else {
            done(result, Operation::Member(name.clone()), [value], whole.span)
        }
    }

    fn library_call(&mut self, name: &'static str, arguments: &'p [Expr], span: Span) -> Evaluated {
        let Some(function) = crate::library::find(name) else {
            let message = "this version has no such function".into();
            return Err(FaultKind::Function { name: name.into(), message, help: None }.into());
        };
        let values = self.all(arguments)?;
        done(call(self, function, &values), Operation::Function(name.into()), values, span)
    }

    fn function_call(&mut self, function: &'p Function, arguments: &'p [Expr]) -> Evaluated {
        let values = self.all(arguments)?;
        self.with_frame(function.locals, values, |this| this.expression(&function.body))
    }

    fn operator(&mut self, operator: BinaryOperator, left: &'p Expr, right: &'p Expr, span: Span) -> Evaluated {
        let left = self.expression(left)?;
        if decides(operator, &left) {
            let result = binary(operator, &left, &Value::Null)?;
            return Ok(result.unwrap_or(left));
        }
        let lazy = match operator {
            BinaryOperator::And => Some(left.clone()),
            BinaryOperator::Or => Some(not(&left)),
            BinaryOperator::Coalesce => Some(is_null(&left)),
            _ => None,
        };
        let right = match lazy {
            Some(assumption) if is_unknown(&left) => self.assuming(assumption, |this| this.expression(right))?,
            _ => self.expression(right)?,
        };
        done(binary(operator, &left, &right), Operation::Binary(operator), [left, right], span)
    }

    fn choice(&mut self, condition: &'p Expr, then: &'p Expr, otherwise: &'p Expr, span: Span) -> Evaluated {
        let holds = self.expression(condition)?;
        let secret = matches!(holds, Value::Secret(_));
        match holds.exposed() {
            Value::Bool(true) => Ok(marked(self.expression(then)?, secret)),
            Value::Bool(false) => Ok(marked(self.expression(otherwise)?, secret)),
            Value::Unknown(_) => {
                let then = self.assuming(holds.clone(), |this| this.expression(then))?;
                let otherwise = self.assuming(not(&holds), |this| this.expression(otherwise))?;
                Ok(wait(Operation::If, [holds, then, otherwise], Some(span)))
            }
            other => Err(expected("bool", other).at(condition.span)),
        }
    }

    fn matching(&mut self, subject: &'p Expr, arms: &'p [Arm], span: Span) -> Evaluated {
        let value = self.expression(subject)?;
        self.arms(&value, arms, span)
    }

    fn arms(&mut self, subject: &Value, arms: &'p [Arm], span: Span) -> Evaluated {
        let secret = subject.holds_secret();
        let Some((arm, rest)) = arms.split_first() else {
            let subject = if secret { formwork_model::value::MASK.into() } else { format!("{subject:?}") };
            return Err(FaultKind::NoArm { subject }.into());
        };
        let patterns: Vec<Value> = arm.patterns.iter().map(pattern_value).collect();
        let taken = if patterns.is_empty() { Some(true) } else { matches(subject, &patterns) };
        match taken {
            Some(true) => Ok(marked(self.expression(&arm.value)?, secret)),
            Some(false) => self.arms(subject, rest, span),
            None => {
                let arguments = std::iter::once(subject.clone()).chain(patterns);
                let condition = wait(Operation::Matches, arguments, Some(span));
                let then = self.assuming(condition.clone(), |this| this.expression(&arm.value))?;
                let otherwise =
                    self.assuming(not(&condition), |this| this.arms(subject, rest, span).map_err(|f| f.at(span)))?;
                Ok(wait(Operation::If, [condition, then, otherwise], Some(span)))
            }
        }
    }

    fn list(&mut self, items: &'p [ListItem], span: Span) -> Evaluated {
        if !items.iter().any(|item| item.spread) {
            let values: Result<_, Fault> = items.iter().map(|item| self.expression(&item.value)).collect();
            return values.map(Value::List);
        }
        let mut parts = Vec::new();
        for item in items {
            let value = self.expression(&item.value)?;
            if item.spread {
                concat(std::slice::from_ref(&value)).map_err(|fault| fault.at(item.value.span))?;
            }
            parts.push(if item.spread { value } else { Value::list([value]) });
        }
        done(concat(&parts), Operation::Concat, parts, span)
    }

    fn record(&mut self, entries: &'p [RecordEntry], span: Span) -> Evaluated {
        let mut plain: Vec<(EcoString, Value)> = Vec::with_capacity(entries.len());
        let mut parts = Vec::new();
        for entry in entries {
            let part = match entry {
                RecordEntry::Field(name, value) => {
                    plain.push((name.clone(), self.expression(value)?));
                    continue;
                }
                RecordEntry::Computed(entry) => {
                    let (key, value) = entry.as_ref();
                    let pair = [self.expression(key)?, self.expression(value)?];
                    done(map_of(&pair).map_err(|fault| fault.at(key.span)), Operation::MapOf, pair, span)?
                }
                RecordEntry::Spread(value) => {
                    let spread = self.expression(value)?;
                    let spread = if matches!(spread, Value::Object(_)) {
                        crate::residual::without_objects(self, &spread)
                    } else {
                        spread
                    };
                    merge(std::slice::from_ref(&spread)).map_err(|fault| fault.at(value.span))?;
                    spread
                }
            };
            if !plain.is_empty() {
                parts.push(Value::Map(std::mem::take(&mut plain).into_iter().collect()));
            }
            parts.push(part);
        }
        if parts.is_empty() {
            return Ok(Value::Map(plain.into_iter().collect::<Map>()));
        }
        if !plain.is_empty() {
            parts.push(Value::Map(plain.into_iter().collect()));
        }
        done(merge(&parts), Operation::Merge, parts, span)
    }

    fn comprehension(&mut self, inner: &'p ForExpr, span: Span) -> Evaluated {
        let source = self.expression(&inner.source)?;
        // What stood in the variables' places comes back: both branches of an unknown choice are gone through.
        let (first, second) = (self.local(inner.first), inner.second.map(|second| self.local(second)));
        let result = self.each(source, inner, span);
        match second {
            Some(second) => self.bind(inner, first, second),
            None => self.bind(inner, Value::Null, first),
        }
        result
    }

    fn each(&mut self, source: Value, inner: &'p ForExpr, span: Span) -> Evaluated {
        let found = pairs(&source).map_err(|fault| fault.at(inner.source.span))?;
        let Some((pairs, secret)) = found else { return self.symbolic_comprehension(source, inner) };
        let mut gathered = Gathered::default();
        gathered.mark(secret);
        for (key, item) in pairs {
            self.bind(inner, key, item);
            self.item(inner, &mut gathered).map_err(|fault| fault.at(span))?;
        }
        gathered.finish(inner.key.is_some(), Some(span))
    }

    fn bind(&mut self, inner: &ForExpr, key: Value, item: Value) {
        match inner.second {
            Some(second) => {
                self.set_local(inner.first, key);
                self.set_local(second, item);
            }
            None => self.set_local(inner.first, item),
        }
    }

    fn item(&mut self, inner: &'p ForExpr, gathered: &mut Gathered) -> Result<(), Fault> {
        if let Some(condition) = &inner.condition {
            let holds = self.expression(condition)?;
            gathered.mark(matches!(holds, Value::Secret(_)));
            match holds.exposed() {
                Value::Bool(false) => return Ok(()),
                Value::Bool(true) => {}
                Value::Unknown(_) => {
                    let key = match &inner.key {
                        Some(key) => Some(self.assuming(holds.clone(), |this| this.expression(key))?),
                        None => None,
                    };
                    let body = self.assuming(holds.clone(), |this| this.expression(&inner.body))?;
                    return gathered.add(Some(holds), key, body);
                }
                other => return Err(expected("bool", other).at(condition.span)),
            }
        }
        let key = match &inner.key {
            Some(key) => Some(self.expression(key)?),
            None => None,
        };
        let body = self.expression(&inner.body)?;
        gathered.add(None, key, body)
    }

    /// Goes through something unknown with variables in the place of key and item.
    fn symbolic_comprehension(&mut self, source: Value, inner: &'p ForExpr) -> Evaluated {
        use crate::residual::Host;
        let key_variable = self.open_variables();
        let variable = |number| Value::Unknown(Arc::new(Residual::Variable(number)));
        self.bind(inner, variable(key_variable), variable(key_variable + 1));
        let result = self.symbolic_parts(inner);
        self.close_variables();
        let secret = matches!(source, Value::Secret(_));
        let (condition, key, body) = result?;
        let item_variable = key_variable + 1;
        let residual = ForResidual { source, key_variable, item_variable, condition, key, body };
        Ok(marked(Value::Unknown(Arc::new(Residual::For(Arc::new(residual)))), secret))
    }

    fn symbolic_parts(&mut self, inner: &'p ForExpr) -> Result<(Option<Value>, Option<Value>, Value), Fault> {
        let part = |this: &mut Self, expression: &'p Expr| match this.expression(expression) {
            Err(fault) if !fault.is_reported() => Ok(crate::residual::failure(&fault)),
            other => other,
        };
        let condition = inner.condition.as_ref().map(|condition| part(self, condition)).transpose()?;
        let key = inner.key.as_ref().map(|key| part(self, key)).transpose()?;
        Ok((condition, key, part(self, &inner.body)?))
    }
}

/// The value, or what waits for it.
fn done(result: Outcome, operation: Operation, arguments: impl IntoIterator<Item = Value>, span: Span) -> Evaluated {
    Ok(result?.unwrap_or_else(|| wait(operation, arguments, Some(span))))
}

fn is_record(ty: &Type) -> bool {
    match ty {
        Type::Record(_) => true,
        Type::Optional(inner) | Type::Secret(inner) => is_record(inner),
        _ => false,
    }
}

fn pattern_value(pattern: &ArmPattern) -> Value {
    match pattern {
        ArmPattern::Null => Value::Null,
        ArmPattern::Literal(Literal::String(text)) => Value::String(text.clone()),
        ArmPattern::Literal(Literal::Int(number)) => Value::Int(*number),
        ArmPattern::Literal(Literal::Bool(truth)) => Value::Bool(*truth),
    }
}

/// A fault within a literal is marked at the part that was written there.
pub(crate) fn blame(expression: &Expr, fault: Fault) -> Fault {
    fault.each(|fault| {
        let path = fault.path();
        let mut at = expression;
        for step in path.steps() {
            match part_at(at, step) {
                Some(part) => at = part,
                None => break,
            }
        }
        fault.narrowed(expression.span, at.span)
    })
}

/// The part of a literal that a step leads to.
pub(crate) fn part_at<'e>(expression: &'e Expr, step: &formwork_model::Step) -> Option<&'e Expr> {
    use formwork_model::Step;
    match (&expression.kind, step) {
        (ExprKind::Coerce(inner), _) => part_at(inner, step),
        (ExprKind::Record(entries), Step::Member(name) | Step::Key(name)) => {
            entries.iter().rev().find_map(|entry| match entry {
                RecordEntry::Field(key, value) if key == name => Some(value),
                _ => None,
            })
        }
        (ExprKind::List(items), Step::Index(index)) if !items.iter().any(|item| item.spread) => {
            items.get(*index as usize).map(|item| &item.value)
        }
        _ => None,
    }
}
