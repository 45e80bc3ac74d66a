//! One module: its declarations in the order in which they need each other.

use super::context::{Allowed, Frame, Interface, ModuleChecker, Shared, Signature, error};
use super::expression::What;
use super::names::{Declared, Names};
use super::order::{Node, Sorted};
use super::report::NameProblem;
use super::schemas::ObjectInfo;
use crate::load::Loaded;
use crate::program::{self, FunctionId, LetId, Module, ModuleId};
use crate::tree::{self, ItemKind};
use ecow::EcoString;
use formwork_model::schema::ResourceSchema;
use formwork_model::{Field, RecordType, Span, Type, TypeName};
use std::rc::Rc;
use std::sync::Arc;

/// Parts of a module as they are checked, by id.
struct Parts {
    params: Vec<program::Param>,
    lets: Vec<Option<program::Let>>,
    functions: Vec<Option<program::Function>>,
    providers: Vec<Option<program::ProviderBlock>>,
    blocks: Vec<Option<program::Block>>,
    calls: Vec<Option<program::Call>>,
    outputs: Vec<Option<program::Output>>,
}

/// Checks the module at `index`; those that it calls were checked before.
pub(crate) fn check<'a>(
    index: usize,
    loaded: &'a Loaded,
    names: &[Names<'a>],
    sorted: Sorted,
    shared: &mut Shared<'a>,
) -> Module {
    let Some((own, loaded_module)) = names.get(index).zip(loaded.modules.get(index)) else { return Module::default() };
    let mut checker = ModuleChecker {
        called_at: shared.interfaces.get(index).and_then(|interface| interface.called_at),
        shared,
        names: own,
        all_names: names,
        is_root: index == 0,
        named: vec![super::types::NamedType::Waiting; own.types.len()],
        params: Vec::new(),
        lets: vec![Type::Error; own.lets.len()],
        blocks: Vec::new(),
        calls: Vec::new(),
        functions: Vec::new(),
        used_params: vec![false; own.params.len()],
        used_lets: vec![false; own.lets.len()],
        used_functions: vec![false; own.functions.len()],
        used_providers: vec![false; own.providers.len()],
        needs: indexmap::IndexSet::new(),
        frame: Frame::default(),
    };
    let module = checker.module(sorted);
    checker.warn_unused();
    let interface = checker.interface(index, &module);
    if let Some(slot) = shared.interfaces.get_mut(index) {
        *slot = Interface { called_at: slot.called_at, ..interface };
    }
    Module { directory: loaded_module.directory.clone(), ..module }
}

impl<'a> ModuleChecker<'_, 'a> {
    fn module(&mut self, sorted: Sorted) -> Module {
        for item in self.all_items() {
            self.refuse_decorators(item);
        }
        self.resolve_named_types();
        let params = self.declare_params();
        let infos = self.declare_types();
        let mut parts = Parts {
            params,
            lets: empty(self.names.lets.len()),
            functions: empty(self.names.functions.len()),
            providers: empty(self.names.providers.len()),
            blocks: empty(self.names.blocks.len()),
            calls: empty(self.names.calls.len()),
            outputs: empty(self.names.outputs.len()),
        };
        // Calls come last: their types are declared already, and their arguments need the types of all lets. In the order
        // stands only what a call's header needs, since one of its arguments may need what another gives.
        let (calls, others): (Vec<Node>, Vec<Node>) =
            sorted.nodes.into_iter().partition(|node| matches!(node, Node::Header(_)));
        for node in others.into_iter().chain(calls) {
            self.node(node, &infos, &mut parts);
        }
        self.param_rules(&mut parts.params);
        self.rest(parts)
    }

    fn all_items(&self) -> Vec<&'a tree::Item> {
        let names = self.names;
        let mut items: Vec<&'a tree::Item> = names.others.clone();
        items.extend(names.params.iter().map(|declared| declared.item));
        items.extend(names.lets.iter().map(|declared| declared.item));
        items.extend(names.functions.iter().map(|declared| declared.item));
        items.extend(names.providers.iter().map(|declared| declared.item));
        items.extend(names.calls.iter().map(|declared| declared.item));
        items.extend(names.outputs.iter().map(|declared| declared.item));
        items.extend(names.types.iter().map(|declared| declared.item));
        items.retain(|item| !item.decorators.is_empty());
        items
    }

    /// Types and defaults of params; conditions may mention anything and come last.
    fn declare_params(&mut self) -> Vec<program::Param> {
        let names = self.names;
        let mut params = Vec::with_capacity(names.params.len());
        for declared in &names.params {
            let param = declared.what;
            let ty = match &param.ty {
                Some(ty) => self.resolve(ty),
                // Told by the parser.
                None => Type::Error,
            };
            self.params.push(ty.clone());
            let default = param.default.as_ref().map(|default| self.param_default(default, &ty, &param.name.text));
            params.push(program::Param {
                name: param.name.text.clone(),
                docs: declared.item.docs.clone(),
                ty,
                default,
                conditions: Vec::new(),
                span: param.name.span,
            });
        }
        params
    }

    fn param_rules(&mut self, params: &mut [program::Param]) {
        let names = self.names;
        for (position, (declared, param)) in names.params.iter().zip(params).enumerate() {
            // What only its own condition mentions is not used.
            let used = self.used_params.get(position).copied().unwrap_or(true);
            param.conditions = self.param_conditions(declared.what, &param.ty);
            if let Some(flag) = self.used_params.get_mut(position) {
                *flag = used;
            }
        }
    }

    /// Types of blocks, calls and functions, as far as they are written.
    fn declare_types(&mut self) -> Vec<Option<Rc<ObjectInfo>>> {
        let names = self.names;
        let mut infos = Vec::with_capacity(names.blocks.len());
        for declared in &names.blocks {
            let (info, ty) = self.declare_block(*declared);
            infos.push(info);
            self.blocks.push(ty);
        }
        for (position, declared) in names.calls.iter().enumerate() {
            let ty = self.declare_call(program::CallId(position as u32), *declared);
            self.calls.push(ty);
        }
        for declared in &names.functions {
            let parameters =
                declared.what.parameters.iter().map(|parameter| self.resolve_plain(&parameter.ty)).collect();
            let result = declared.what.result.as_ref().map(|ty| self.resolve_plain(ty));
            self.functions.push(Signature { parameters, result });
        }
        infos
    }

    /// A type where conditions of a named type would not be checked.
    fn resolve_plain(&mut self, written: &'a tree::TypeExpression) -> Type {
        self.refuse_conditions(written);
        self.resolve(written)
    }

    fn node(&mut self, node: Node, infos: &[Option<Rc<ObjectInfo>>], parts: &mut Parts) {
        let names = self.names;
        match node {
            Node::Param(_) | Node::Argument(..) | Node::CallOutput(..) => {}
            Node::Let(id) => {
                let checked = names.lets.get(id.index()).map(|declared| self.let_value(id, declared.what));
                put(&mut parts.lets, id.index(), checked);
            }
            Node::Function(id) => {
                let checked = names.functions.get(id.index()).map(|declared| self.function(id, declared.what));
                put(&mut parts.functions, id.index(), checked);
            }
            Node::Block(id) => {
                let info = infos.get(id.index()).and_then(Option::as_ref);
                let checked = names.blocks.get(id.index()).and_then(|declared| self.block(id, *declared, info));
                put(&mut parts.blocks, id.index(), checked);
            }
            Node::Provider(id) => {
                let checked = names.providers.get(id.index()).and_then(|declared| self.provider_block(*declared));
                put(&mut parts.providers, id.index(), checked);
            }
            Node::Header(id) => {
                let checked = names.calls.get(id.index()).and_then(|declared| self.module_call(id, *declared));
                put(&mut parts.calls, id.index(), checked);
            }
            Node::Output(id) => {
                let checked = names.outputs.get(id as usize).map(|declared| self.output(*declared));
                put(&mut parts.outputs, id as usize, checked);
            }
        }
    }

    fn let_value(&mut self, id: LetId, item: &'a tree::Let) -> program::Let {
        let ((ty, value), locals) = self.in_frame(Frame::default(), |checker| checker.typed_value(item));
        if let Some(slot) = self.lets.get_mut(id.index()) {
            *slot = ty.clone();
        }
        program::Let { name: item.name.text.clone(), ty, value, locals, span: item.name.span }
    }

    /// The type and value of a let or output.
    fn typed_value(&mut self, item: &'a tree::Let) -> (Type, program::Expr) {
        match &item.ty {
            Some(written) => {
                let ty = self.resolve_plain(written);
                let value = self.check(&item.value, &ty, What::Declared(&item.name.text));
                (ty, value)
            }
            None => {
                let value = self.infer(&item.value);
                (value.ty.clone(), value)
            }
        }
    }

    fn output(&mut self, declared: Declared<'a, tree::Let>) -> program::Output {
        let item = declared.what;
        let ((ty, value), locals) = self.in_frame(Frame::default(), |checker| checker.typed_value(item));
        program::Output {
            name: item.name.text.clone(),
            docs: declared.item.docs.clone(),
            ty,
            value,
            locals,
            span: item.name.span,
        }
    }

    fn function(&mut self, id: FunctionId, item: &'a tree::Function) -> program::Function {
        let signature = self.functions.get(id.index()).cloned().unwrap_or_default();
        let parameters = self.function_parameters(item, &signature);
        let (body, locals) = self.in_frame(Frame::default(), |checker| {
            for (parameter, ty) in item.parameters.iter().zip(&signature.parameters) {
                checker.add_local(&parameter.name, ty.clone());
            }
            match &signature.result {
                Some(ty) => checker.check(&item.body, ty, What::Result(&item.name.text)),
                None => checker.infer(&item.body),
            }
        });
        let result = signature.result.unwrap_or_else(|| body.ty.clone());
        if let Some(slot) = self.functions.get_mut(id.index()) {
            slot.result = Some(result.clone());
        }
        program::Function { name: item.name.text.clone(), parameters, result, body, locals, span: item.name.span }
    }

    fn function_parameters(
        &mut self,
        item: &'a tree::Function,
        signature: &Signature,
    ) -> Vec<program::FunctionParameter> {
        let mut parameters: Vec<program::FunctionParameter> = Vec::with_capacity(item.parameters.len());
        for (parameter, ty) in item.parameters.iter().zip(&signature.parameters) {
            if let Some(first) =
                item.parameters.iter().take(parameters.len()).find(|other| other.name.text == parameter.name.text)
            {
                let (name, span) = (parameter.name.text.clone(), parameter.name.span);
                self.tell(NameProblem::Duplicate { what: "parameter", name, span, first: first.name.span });
            }
            let default = parameter.default.as_ref().map(|default| {
                let allowed = Allowed::Constants("a default", "defaults use literals and standard functions");
                let frame = Frame { allowed, ..Frame::default() };
                let what = What::Argument(&item.name.text, &parameter.name.text);
                self.in_frame(frame, |checker| checker.check(default, ty, what)).0
            });
            parameters.push(program::FunctionParameter { name: parameter.name.text.clone(), ty: ty.clone(), default });
        }
        parameters
    }

    /// Asserts, moves, imports and forgets; and all parts together.
    fn rest(&mut self, parts: Parts) -> Module {
        let mut module = Module {
            params: parts.params,
            lets: parts.lets.into_iter().flatten().collect(),
            functions: parts.functions.into_iter().flatten().collect(),
            providers: or_lost(parts.providers, &self.names.providers, lost_provider),
            blocks: or_lost(parts.blocks, &self.names.blocks, lost_block),
            calls: or_lost(parts.calls, &self.names.calls, lost_call),
            outputs: parts.outputs.into_iter().flatten().collect(),
            ..Module::default()
        };
        for item in &self.names.others {
            match &item.kind {
                ItemKind::Assert(condition) => {
                    let (mut checked, locals) = self.in_frame(Frame::default(), |checker| checker.condition(condition));
                    checked.locals = locals;
                    module.asserts.push(checked);
                }
                ItemKind::Moved(moved) => module.moved.extend(self.moved(moved)),
                ItemKind::Import(import) => module.imports.extend(self.import(import)),
                ItemKind::Forget(address) => module.forgets.extend(self.forget(address)),
                _ => {}
            }
        }
        module.required_providers = self.needs.iter().cloned().collect();
        module
    }

    fn interface(&self, index: usize, module: &Module) -> Interface {
        // Also outputs that are wrong have their place, so that a use of them is no second mistake.
        let outputs = self.names.outputs.iter().map(|declared| {
            let name = &declared.what.name;
            let checked = module.outputs.iter().find(|output| output.name == name.text);
            Field {
                name: name.text.clone(),
                ty: checked.map_or(Type::Error, |output| output.ty.clone()),
                optional: false,
                docs: declared.item.docs.clone(),
                span: Some(name.span),
            }
        });
        Interface {
            id: Some(ModuleId(index as u32)),
            params: self.params.clone(),
            outputs: Arc::new(RecordType { name: None, declaration: None, fields: outputs.collect() }),
            needs: self.needs.iter().cloned().collect(),
            called_at: None,
        }
    }

    fn warn_unused(&mut self) {
        // What is misspelt elsewhere would be told of twice.
        if self.shared.report.iter().any(formwork_model::Diagnostic::is_error) {
            return;
        }
        let names = self.names;
        for (position, declared) in names.params.iter().enumerate() {
            if !is_used(&self.used_params, position) {
                let (name, span) = (declared.what.name.text.clone(), declared.what.name.span);
                self.tell(NameProblem::UnusedParam { name, span });
            }
        }
        for (position, declared) in names.lets.iter().enumerate() {
            if !is_used(&self.used_lets, position) {
                let (name, span) = (declared.what.name.text.clone(), declared.what.name.span);
                self.tell(NameProblem::UnusedLet { name, span });
            }
        }
        for (position, declared) in names.functions.iter().enumerate() {
            if !is_used(&self.used_functions, position) {
                let (name, span) = (declared.what.name.text.clone(), declared.what.name.span);
                self.tell(NameProblem::UnusedFunction { name, span });
            }
        }
        for (position, declared) in names.providers.iter().enumerate() {
            if let Some(name) = &declared.what.name
                && !is_used(&self.used_providers, position)
            {
                let (name, span): (EcoString, _) =
                    (format!("{}.{}", declared.what.provider.text, name.text).into(), name.span);
                self.tell(NameProblem::UnusedProvider { name: name.to_string(), span });
            }
        }
    }
}

/// All of them in their places; what could not be checked has a stand-in there, so that ids stay true.
fn or_lost<T, P>(parts: Vec<Option<P>>, names: &[Declared<'_, T>], lost: fn(&T, Span) -> P) -> Vec<P> {
    let each = parts.into_iter().zip(names);
    each.map(|(part, declared)| part.unwrap_or_else(|| lost(declared.what, declared.item.span))).collect()
}

/// Stands for a block whose type there is not.
fn lost_block(object: &tree::Object, span: Span) -> program::Block {
    static NOTHING: ResourceSchema = ResourceSchema::new("", "");
    program::Block {
        kind: super::blocks::kind(object.keyword),
        name: object.name.text.clone(),
        type_name: TypeName::new(object.provider.text.clone(), object.type_name.text.clone()),
        schema: &NOTHING,
        iteration: None,
        condition: Some(error(span)),
        provider: program::ProviderUse::Lost,
        after: Vec::new(),
        attributes: Vec::new(),
        decorators: program::Decorators::default(),
        locals: 0,
        span,
    }
}

/// Stands for the block of a provider that there is not.
fn lost_provider(provider: &tree::Provider, span: Span) -> program::ProviderBlock {
    program::ProviderBlock {
        provider: provider.provider.text.clone(),
        name: provider.name.as_ref().map(|name| name.text.clone()),
        iteration: None,
        condition: Some(error(span)),
        after: Vec::new(),
        attributes: Vec::new(),
        defaults: None,
        locals: 0,
        span,
    }
}

/// Stands for a call whose module there is not.
fn lost_call(call: &tree::ModuleCall, span: Span) -> program::Call {
    program::Call {
        name: call.name.text.clone(),
        module: ModuleId(u32::MAX),
        iteration: None,
        condition: Some(error(span)),
        providers: Vec::new(),
        after: Vec::new(),
        arguments: Vec::new(),
        locals: 0,
        span,
    }
}

fn is_used(used: &[bool], position: usize) -> bool {
    used.get(position).copied().unwrap_or(true)
}

fn empty<T>(count: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(count).collect()
}

fn put<T>(parts: &mut [Option<T>], index: usize, part: Option<T>) {
    if let Some(slot) = parts.get_mut(index) {
        *slot = part;
    }
}
