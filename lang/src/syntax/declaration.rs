//! Declarations of `*.fw` files.

use super::build::Builder;
use super::error::SyntaxError;
use super::grammar::Rule;
use super::nodes::{END, Node};
use crate::tree::{
    AddressPart, Body, Decorator, DecoratorArgument, Entry, ExpressionKind, Function, FunctionParameter, Header,
    Import, Item, ItemKind, Key, Let, ModuleCall, ModuleSource, Moved, Object, ObjectKeyword, Param, PathStep,
    Provider, ProviderReference, TypeExpression, TypeExpressionKind, TypeItem, With, Word, WrittenAddress,
};
use formwork_model::Span;

impl Builder<'_> {
    /// All declarations that were read.
    pub(super) fn items(&mut self) -> Vec<Item> {
        let Some(file) = self.take(Rule::file) else { return Vec::new() };
        let mut items = Vec::new();
        while self.inside(file) {
            items.extend(self.item());
        }
        items
    }

    fn item(&mut self) -> Option<Item> {
        let mut decorators = Vec::new();
        while let Some(node) = self.take(Rule::decorator) {
            decorators.push(self.decorator(node));
        }
        let Some(node) = self.peek().filter(|node| node.rule != END) else {
            let span = decorators.first()?.span;
            self.report(SyntaxError::LonelyDecorator { span });
            return None;
        };
        let docs = self.docs_before(node.start);
        self.at += 1;
        let kind = self.item_kind(node);
        self.leave(node);
        self.end_docs(node.end);
        Some(Item { docs, decorators, kind: kind?, span: self.span(node) })
    }

    fn item_kind(&mut self, node: Node) -> Option<ItemKind> {
        Some(match node.rule {
            Rule::object => self.object(),
            Rule::param => self.param(),
            Rule::let_item => ItemKind::Let(self.let_item()),
            Rule::output => ItemKind::Output(self.let_item()),
            Rule::module_call => self.module_call(),
            Rule::type_item => self.type_item(),
            Rule::provider => self.provider(),
            Rule::function => self.function(),
            Rule::assertion => ItemKind::Assert(self.condition(node)),
            Rule::moved => self.moved(),
            Rule::import => self.import(),
            Rule::forget => ItemKind::Forget(self.address()),
            _ => return None,
        })
    }

    // ---- values, types, functions -------------------------------------------------------------------------------

    fn param(&mut self) -> ItemKind {
        let name = self.value_name();
        let ty = self.optional_type();
        let default = self.default();
        let conditions = self.conditions();
        if ty.is_none() {
            self.report(SyntaxError::ParamWithoutType { span: name.span, name: name.text.clone() });
        }
        ItemKind::Param(Param { name, ty, default, conditions })
    }

    fn optional_type(&mut self) -> Option<crate::tree::TypeExpression> {
        self.take(Rule::colon)?;
        Some(self.type_expression())
    }

    fn let_item(&mut self) -> Let {
        let name = self.value_name();
        let ty = self.optional_type();
        Let { name, ty, value: self.body_value() }
    }

    fn body_value(&mut self) -> crate::tree::Expression {
        match self.default() {
            Some(value) => value,
            None => {
                let span = self.last_span().after();
                self.report(SyntaxError::MissingValue { span, what: "a value" });
                self.broken(span)
            }
        }
    }

    fn type_item(&mut self) -> ItemKind {
        let name = self.value_name();
        self.take(Rule::stands_for);
        let ty = self.type_expression();
        let conditions = self.conditions();
        ItemKind::Type(TypeItem { name, ty, conditions })
    }

    fn function(&mut self) -> ItemKind {
        let name = self.value_name();
        let mut parameters = Vec::new();
        if let Some(list) = self.take(Rule::parameters) {
            while let Some(node) = self.take(Rule::parameter) {
                parameters.push(self.function_parameter(node));
            }
            self.leave(list);
        }
        let result = self.take(Rule::result).map(|node| {
            if let Some(colon) = self.take(Rule::colon) {
                let span = self.span(colon);
                self.report(SyntaxError::WrongArrow {
                    span,
                    written: ":",
                    instead: "write `->` before the result's type",
                });
            }
            self.take(Rule::arrow);
            let result = self.type_expression();
            self.leave(node);
            result
        });
        ItemKind::Function(Function { name, parameters, result, body: self.body_value() })
    }

    fn function_parameter(&mut self, node: Node) -> FunctionParameter {
        let name = self.value_name();
        let ty = self.optional_type().unwrap_or_else(|| {
            if !self.is_damaged(name.span) {
                self.report(SyntaxError::ParameterWithoutType { span: name.span, name: name.text.clone() });
            }
            // Whatever the body does with it may be right.
            let any = Word { text: "any".into(), span: name.span };
            TypeExpression { kind: TypeExpressionKind::Named { name: any, arguments: Vec::new() }, span: name.span }
        });
        let default = self.default();
        self.leave(node);
        FunctionParameter { name, ty, default }
    }

    // ---- blocks -------------------------------------------------------------------------------------------------

    fn object(&mut self) -> ItemKind {
        let keyword = match self.take(Rule::object_keyword).map(|node| self.node_text(node)) {
            Some("data") => ObjectKeyword::Data,
            Some("ephemeral") => ObjectKeyword::Ephemeral,
            _ => ObjectKeyword::Resource,
        };
        let name = self.value_name();
        self.take(Rule::colon);
        let provider = self.name();
        self.take(Rule::dot);
        let type_name = self.name();
        let header = self.header();
        let body = self.body();
        self.report_meta_arguments(&body);
        ItemKind::Object(Object { keyword, name, provider, type_name, header, body })
    }

    /// `for_each`, `depends_on`: no attribute anywhere is called so.
    fn report_meta_arguments(&mut self, body: &Body) {
        for entry in &body.entries {
            if let Entry::Field { key: Key::Literal(key), value } = entry
                && matches!(key.text.as_str(), "for_each" | "depends_on")
            {
                let uses = if key.text == "for_each" { self.uses_of_each(body.span) } else { Vec::new() };
                let source = set_of(self.slice(value.span)).into();
                self.report(SyntaxError::MetaArgument { span: key.span, word: key.text.clone(), source, uses });
            }
        }
    }

    /// Where `each.key` and `each.value` stand.
    fn uses_of_each(&self, body: Span) -> Vec<Span> {
        let text = self.slice(body);
        let is_own = |at: usize| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            !before.is_some_and(|before| before.is_alphanumeric() || matches!(before, '_' | '.'))
        };
        let mut uses = Vec::new();
        for written in ["each.key", "each.value"] {
            let found = text.match_indices(written).map(|(at, _)| at).filter(|at| is_own(*at));
            uses.extend(found.map(|at| {
                let start = body.start + at as u32;
                Span { start, end: start + written.len() as u32, ..body }
            }));
        }
        uses.sort_by_key(|span| span.start);
        uses
    }

    fn provider(&mut self) -> ItemKind {
        let provider = self.name();
        let name = self.take(Rule::provider_name).map(|node| {
            let name = self.value_name();
            self.leave(node);
            name
        });
        let header = self.header();
        let body = self.body();
        ItemKind::Provider(Provider { provider, name, header, body })
    }

    fn module_call(&mut self) -> ItemKind {
        let name = self.value_name();
        self.take(Rule::colon);
        let source = self.module_source();
        let header = self.header();
        let body = self.body();
        self.report_meta_arguments(&body);
        ItemKind::Module(ModuleCall { name, source, header, body })
    }

    fn module_source(&mut self) -> ModuleSource {
        let Some(node) = self.take(Rule::module_source) else { return ModuleSource::Dependency(Vec::new()) };
        if let Some(string) = self.peek().filter(|next| next.rule == Rule::string) {
            let path = self.string(string);
            self.leave(node);
            return match path.kind {
                ExpressionKind::String(text) => ModuleSource::Path(Word { text, span: path.span }),
                _ => {
                    self.report(SyntaxError::TemplateNotAllowed { span: path.span, what: "the path of a module" });
                    ModuleSource::Path(Word { text: ecow::EcoString::new(), span: path.span })
                }
            };
        }
        let mut words = Vec::new();
        while self.inside(node) {
            words.push(self.name());
        }
        self.leave(node);
        ModuleSource::Dependency(words)
    }

    fn header(&mut self) -> Header {
        let iteration = self.is(Rule::iteration).then(|| self.iteration());
        let condition = self.header_condition();
        let with = self.with();
        let mut after = Vec::new();
        if let Some(node) = self.take(Rule::after) {
            self.take(Rule::kw_after);
            while self.inside(node) {
                after.push(self.binary(0));
            }
            self.leave(node);
        }
        Header { iteration, condition, with, after }
    }

    fn header_condition(&mut self) -> Option<crate::tree::Expression> {
        let node = self.take(Rule::header_condition)?;
        self.take(Rule::kw_if);
        let condition = self.expression();
        self.leave(node);
        Some(condition)
    }

    fn with(&mut self) -> Option<With> {
        let node = self.take(Rule::with)?;
        self.take(Rule::kw_with);
        let with = match self.take(Rule::with_many) {
            None => With::One(self.provider_reference()),
            Some(_) => {
                let mut entries = Vec::new();
                while let Some(entry) = self.take(Rule::with_entry) {
                    let name = self.name();
                    entries.push((name, self.provider_reference()));
                    self.leave(entry);
                }
                With::Many(entries)
            }
        };
        self.leave(node);
        Some(with)
    }

    fn provider_reference(&mut self) -> ProviderReference {
        let node = self.take(Rule::provider_reference);
        let provider = self.name();
        let span = node.map_or(provider.span, |node| self.span(node));
        let name = self.take(Rule::member).map(|member| self.member_name(member).0);
        let key = self.take(Rule::index).map(|index| {
            let key = self.expression();
            self.leave(index);
            Box::new(key)
        });
        self.leave_if(node);
        ProviderReference { provider, name, key, span }
    }

    fn body(&mut self) -> Body {
        if let Some(misplaced) = self.take(Rule::misplaced_body) {
            let brace = self.peek().map_or(misplaced.start, |node| node.start);
            self.report(SyntaxError::BraceOnNewLine { span: self.span_of(brace, brace + 1) });
        }
        match self.take(Rule::record) {
            Some(node) => {
                let entries = self.body_entries(node);
                self.leave(node);
                Body { entries, span: self.span(node) }
            }
            None => Body { entries: Vec::new(), span: self.last_span().after() },
        }
    }

    fn body_entries(&mut self, node: Node) -> Vec<Entry> {
        if let Some(comprehension) = self.peek().filter(|next| next.rule == Rule::record_for) {
            self.report(SyntaxError::ComprehensionAsBody { span: self.span(comprehension) });
            return Vec::new();
        }
        self.entries(node).0
    }

    // ---- addresses ----------------------------------------------------------------------------------------------

    fn moved(&mut self) -> ItemKind {
        let from = self.address();
        self.leads_to();
        ItemKind::Moved(Moved { from, to: self.address() })
    }

    fn leads_to(&mut self) {
        if let Some(node) = self.take(Rule::wrong_arrow) {
            let written = match self.node_text(node) {
                "=>" => "=>",
                "=" => "=",
                "," => ",",
                _ => "to",
            };
            self.report(SyntaxError::WrongArrow { span: self.span(node), written, instead: "write `->`" });
        }
        self.take(Rule::arrow);
    }

    fn import(&mut self) -> ItemKind {
        let iteration = self.is(Rule::iteration).then(|| self.iteration());
        self.wrong_gives();
        let id = self.binary(0);
        self.leads_to();
        let to = self.address();
        let condition = self.header_condition();
        ItemKind::Import(Import { iteration, id, to, condition })
    }

    fn address(&mut self) -> WrittenAddress {
        let node = self.take(Rule::address);
        let first = self.name();
        let span = node.map_or(first.span, |node| self.span(node));
        let mut parts = vec![AddressPart { name: first, key: None }];
        while let Some(next) = node.and_then(|node| self.peek().filter(|_| self.inside(node))) {
            self.address_part(next, &mut parts);
        }
        self.leave_if(node);
        WrittenAddress { parts, span }
    }

    fn address_part(&mut self, node: Node, parts: &mut Vec<AddressPart>) {
        self.at += 1;
        if node.rule == Rule::member {
            let (name, optional) = self.member_name(node);
            if optional {
                self.report(SyntaxError::NotAnAddress { span: self.span(node) });
            }
            parts.push(AddressPart { name, key: None });
            return;
        }
        let key = if self.is(Rule::splat) { None } else { Some(self.expression()) };
        self.leave(node);
        match parts.last_mut() {
            Some(part) if part.key.is_none() && key.is_some() && !self.node_text(node).starts_with('?') => {
                part.key = key
            }
            _ => self.report(SyntaxError::NotAnAddress { span: self.span(node) }),
        }
    }

    // ---- decorators ---------------------------------------------------------------------------------------------

    fn decorator(&mut self, node: Node) -> Decorator {
        let name = self.name();
        let mut arguments = Vec::new();
        if let Some(list) = self.take(Rule::decorator_arguments) {
            while let Some(argument) = self.take(Rule::decorator_argument) {
                arguments.push(self.decorator_argument());
                self.leave(argument);
            }
            self.leave(list);
        }
        self.leave(node);
        Decorator { name, arguments, span: self.span(node) }
    }

    fn decorator_argument(&mut self) -> DecoratorArgument {
        if let Some(name) = self.argument_name() {
            return DecoratorArgument::Named(name, self.expression());
        }
        let (steps, span) = self.path();
        DecoratorArgument::Path(steps, span)
    }

    /// An attribute path: `tags["owner"]`, `rules[*].name`.
    pub(super) fn path(&mut self) -> (Vec<PathStep>, Span) {
        let node = self.take(Rule::path);
        let first = self.name();
        let span = node.map_or(first.span, |node| self.span(node));
        let mut steps = vec![PathStep::Member(first)];
        while let Some(next) = node.and_then(|node| self.peek().filter(|_| self.inside(node))) {
            self.at += 1;
            let step = if next.rule == Rule::member { self.path_member(next) } else { self.path_index(next) };
            steps.extend(step);
            self.leave(next);
        }
        self.leave_if(node);
        (steps, span)
    }

    fn path_member(&mut self, node: Node) -> Option<PathStep> {
        let (name, optional) = self.member_name(node);
        if optional {
            self.report(SyntaxError::NotAPath { span: self.span(node) });
        }
        Some(PathStep::Member(name))
    }

    fn path_index(&mut self, node: Node) -> Option<PathStep> {
        let span = self.span(node);
        if self.is(Rule::splat) {
            return Some(PathStep::Each(span));
        }
        let step = match self.primary().kind {
            ExpressionKind::String(text) => Some(PathStep::Key(Word { text, span })),
            ExpressionKind::Int(index) => u32::try_from(index).ok().map(|index| PathStep::Index(index, span)),
            ExpressionKind::Broken => return None,
            _ => None,
        };
        if step.is_none() {
            self.report(SyntaxError::NotAPath { span });
        }
        step
    }
}

/// `toset([…])` as it is called here.
fn set_of(source: &str) -> String {
    source.strip_prefix("toset(").map_or_else(|| source.to_owned(), |rest| format!("to_set({rest}"))
}
