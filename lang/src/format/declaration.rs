//! Declarations.

use super::lines::{CALL, Entries, RECORD};
use super::printer::{Printer, unix_lines};
use crate::tree::{
    Body, Decorator, DecoratorArgument, Function, FunctionParameter, Header, Import, Item, ItemKind, Let, ModuleSource,
    ObjectKeyword, PathStep, ProviderReference, TypeExpression, With, Word, WrittenAddress,
};
use formwork_model::Span;

impl Printer<'_> {
    /// All declarations: a blank line around those of several lines, the author's choice between others.
    pub(super) fn items(&mut self, items: &[Item]) {
        let mut last_was_long = None;
        for item in items {
            let start = item.decorators.first().map_or(item.span.start, |decorator| decorator.span.start);
            self.top_line(Span { start, ..item.span }, &mut last_was_long, |printer| printer.item_lines(item));
        }
        self.last_comments(last_was_long.is_some());
    }

    /// Something at the top, with the comments before and behind it.
    pub(super) fn top_line(&mut self, span: Span, last_was_long: &mut Option<bool>, print: impl FnOnce(&mut Self)) {
        let mut comments = Vec::new();
        while let Some(comment) = self.next_comment(span.start) {
            comments.push(comment.span);
        }
        self.cursor = span.start;
        let printed = self.apart(|printer| {
            print(printer);
            printer.trailing(span.end);
        });
        let is_long = printed.contains('\n');
        let first = comments.first().map_or(span.start, |comment| comment.start);
        if let Some(last) = *last_was_long {
            let blank = last || is_long || self.blank_before(first);
            self.out.push_str(if blank { "\n\n" } else { "\n" });
        }
        let mut is_first = true;
        for place in comments.iter().map(|comment| comment.start).chain([span.start]) {
            if !is_first {
                self.out.push_str(if self.blank_before(place) { "\n\n" } else { "\n" });
            }
            is_first = false;
            if let Some(comment) = comments.iter().find(|comment| comment.start == place) {
                let text = unix_lines(self.slice(*comment));
                self.out.push_str(&text);
            }
        }
        self.out.push_str(&printed);
        *last_was_long = Some(is_long);
    }

    /// The comments at the end of a file.
    pub(super) fn last_comments(&mut self, mut any: bool) {
        while let Some(comment) = self.next_comment(u32::MAX) {
            if any {
                self.out.push_str(if self.blank_before(comment.span.start) { "\n\n" } else { "\n" });
            }
            any = true;
            let text = unix_lines(self.slice(comment.span));
            self.out.push_str(&text);
        }
    }

    fn item_lines(&mut self, item: &Item) {
        let mut previous: Option<u32> = None;
        for decorator in &item.decorators {
            self.next_decorated(previous, decorator.span.start);
            self.decorator(decorator);
            previous = Some(decorator.span.end);
        }
        self.next_decorated(previous, item.span.start);
        self.item_kind(item);
    }

    fn next_decorated(&mut self, previous: Option<u32>, start: u32) {
        let Some(end) = previous else { return };
        self.trailing(end);
        while let Some(comment) = self.next_comment(start) {
            self.newline();
            self.comment(comment);
        }
        self.newline();
    }

    fn decorator(&mut self, decorator: &Decorator) {
        self.token("@");
        self.token(&decorator.name.text);
        if decorator.arguments.is_empty() {
            return;
        }
        let entries = Entries {
            items: &decorator.arguments,
            span_of: |_, argument: &DecoratorArgument| match argument {
                DecoratorArgument::Named(name, value) => name.span.to(value.span),
                DecoratorArgument::Path(_, span) => *span,
            },
            print: |printer, argument| printer.decorator_argument(argument),
        };
        let start = self.find("(").unwrap_or(decorator.span.start);
        self.group(Span { start, ..decorator.span }, &CALL, entries);
    }

    fn decorator_argument(&mut self, argument: &DecoratorArgument) {
        match argument {
            DecoratorArgument::Named(name, value) => {
                self.token(&name.text);
                self.token(" = ");
                self.expression(value);
            }
            DecoratorArgument::Path(steps, _) => self.path(steps),
        }
    }

    pub(super) fn path(&mut self, steps: &[PathStep]) {
        for (index, step) in steps.iter().enumerate() {
            match step {
                PathStep::Member(word) => {
                    if index > 0 {
                        self.token(".");
                    }
                    self.token(&word.text);
                }
                // Without what blanks and comments are in the brackets.
                PathStep::Key(_) | PathStep::Index(..) | PathStep::Each(_) => self.path_key(step.span()),
            }
        }
    }

    fn path_key(&mut self, brackets: Span) {
        self.token("[");
        let start = self.find("").unwrap_or(brackets.start);
        self.verbatim(Span { start, end: self.before_blanks(brackets.end - 1), ..brackets });
        self.token("]");
    }

    fn item_kind(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Param(param) => {
                self.named("param", &param.name, param.ty.as_ref());
                self.default(param.default.as_ref());
                let ty = param.ty.as_ref().map_or(param.name.span, |ty| ty.span);
                self.conditions(param.default.as_ref().map_or(ty, |value| value.span).end, &param.conditions);
            }
            ItemKind::Type(declared) => {
                self.token("type ");
                self.token(&declared.name.text);
                self.token(" = ");
                self.type_expression(&declared.ty);
                self.conditions(declared.ty.span.end, &declared.conditions);
            }
            ItemKind::Let(declared) => self.let_item("let", declared),
            ItemKind::Output(declared) => self.let_item("output", declared),
            ItemKind::Function(function) => self.function(item.span, function),
            ItemKind::Assert(condition) => {
                self.token("assert ");
                self.condition(condition);
            }
            ItemKind::Moved(moved) => {
                self.token("moved ");
                self.address(&moved.from);
                self.token(" -> ");
                self.address(&moved.to);
            }
            ItemKind::Import(import) => self.import(import),
            ItemKind::Forget(address) => {
                self.token("forget ");
                self.address(address);
            }
            ItemKind::Provider(_) | ItemKind::Object(_) | ItemKind::Module(_) => self.block(&item.kind),
        }
    }

    fn named(&mut self, keyword: &str, name: &Word, ty: Option<&TypeExpression>) {
        self.token(keyword);
        self.write(" ");
        self.token(&name.text);
        if let Some(ty) = ty {
            self.token(": ");
            self.type_expression(ty);
        }
    }

    fn let_item(&mut self, keyword: &str, declared: &Let) {
        self.named(keyword, &declared.name, declared.ty.as_ref());
        self.default(Some(&declared.value));
    }

    fn function(&mut self, span: Span, function: &Function) {
        self.token("fn ");
        self.token(&function.name.text);
        let entries = Entries {
            items: &function.parameters,
            span_of: |_, parameter: &FunctionParameter| {
                let end = parameter.default.as_ref().map_or(parameter.ty.span, |value| value.span);
                parameter.name.span.to(end)
            },
            print: |printer, parameter| {
                printer.token(&parameter.name.text);
                printer.token(": ");
                printer.type_expression(&parameter.ty);
                printer.default(parameter.default.as_ref());
            },
        };
        let start = self.find("(").unwrap_or(span.start);
        let end = self.closing_parenthesis(function, span);
        self.group(Span { start, end, ..span }, &CALL, entries);
        if let Some(result) = &function.result {
            self.token(" -> ");
            self.type_expression(result);
        }
        self.default(Some(&function.body));
    }

    /// Behind the `)` of the parameters: before the result or the body.
    fn closing_parenthesis(&self, function: &Function, span: Span) -> u32 {
        let (mark, mut behind) = match &function.result {
            Some(result) => ("->", result.span.start),
            None => ("=", function.body.span.start),
        };
        // A type may stand in parentheses.
        while let Some(open) = self.find_before("(", behind) {
            behind = open;
        }
        self.find_before(mark, behind).map_or(span.end, |mark| self.before_blanks(mark))
    }

    // ---- blocks -------------------------------------------------------------------------------------------------

    fn block(&mut self, kind: &ItemKind) {
        match kind {
            ItemKind::Provider(provider) => {
                self.token("provider ");
                self.token(&provider.provider.text);
                let mut end = provider.provider.span.end;
                if let Some(name) = &provider.name {
                    self.write(" ");
                    self.token(&name.text);
                    end = name.span.end;
                }
                self.header(end, &provider.header, &provider.body);
            }
            ItemKind::Object(object) => {
                self.token(match object.keyword {
                    ObjectKeyword::Resource => "resource ",
                    ObjectKeyword::Data => "data ",
                    ObjectKeyword::Ephemeral => "ephemeral ",
                });
                self.token(&object.name.text);
                self.token(": ");
                self.token(&object.provider.text);
                self.token(".");
                self.token(&object.type_name.text);
                self.header(object.type_name.span.end, &object.header, &object.body);
            }
            ItemKind::Module(module) => {
                self.token("module ");
                self.token(&module.name.text);
                self.token(": ");
                let end = self.module_source(&module.source);
                self.header(end, &module.header, &module.body);
            }
            _ => {}
        }
    }

    fn module_source(&mut self, source: &ModuleSource) -> u32 {
        match source {
            ModuleSource::Path(path) => {
                self.verbatim(path.span);
                path.span.end
            }
            ModuleSource::Dependency(words) => {
                for (index, word) in words.iter().enumerate() {
                    if index > 0 {
                        self.token(".");
                    }
                    self.token(&word.text);
                }
                words.last().map_or(0, |word| word.span.end)
            }
        }
    }

    fn header(&mut self, end: u32, header: &Header, body: &Body) {
        let mut end = end;
        if let Some(iteration) = &header.iteration {
            self.clause(&mut end, "for", |printer| printer.iteration(iteration));
        }
        if let Some(condition) = &header.condition {
            self.clause(&mut end, "if", |printer| {
                printer.token("if ");
                printer.expression(condition);
            });
        }
        if let Some(with) = &header.with {
            self.clause(&mut end, "with", |printer| printer.with(with));
        }
        if !header.after.is_empty() {
            self.clause(&mut end, "after", |printer| {
                printer.token("after ");
                for (index, after) in header.after.iter().enumerate() {
                    printer.write(if index > 0 { ", " } else { "" });
                    printer.expression(after);
                }
            });
        }
        if body.span.start < body.span.end {
            self.write(" ");
            self.record(body.span, &body.entries);
        }
    }

    /// A clause of a header, on a line of its own where the author put it there.
    fn clause(&mut self, end: &mut u32, keyword: &str, print: impl FnOnce(&mut Self)) {
        let start = self.find(keyword).unwrap_or(*end);
        if self.broke(*end, start) {
            self.indented(|printer| {
                printer.continue_on_next_line(*end, start);
                print(printer);
            });
        } else {
            self.write(" ");
            print(self);
        }
        *end = self.cursor;
    }

    fn with(&mut self, with: &With) {
        self.token("with ");
        match with {
            With::One(reference) => self.provider_reference(reference),
            With::Many(items) => {
                let entries = Entries {
                    items,
                    span_of: |_, (name, reference): &(Word, ProviderReference)| name.span.to(reference.span),
                    print: |printer, (name, reference)| {
                        printer.token(&name.text);
                        printer.token(" = ");
                        printer.provider_reference(reference);
                    },
                };
                let start = self.find("{").unwrap_or(self.cursor);
                let behind = items.last().map_or(start + 1, |(_, reference)| reference.span.end);
                let end = self.find_behind(behind, "}").map_or(behind, |close| close + 1);
                let file = items.first().map_or(formwork_model::FileId(0), |(name, _)| name.span.file);
                self.group(Span::new(file, start, end), &RECORD, entries);
            }
        }
    }

    fn provider_reference(&mut self, reference: &ProviderReference) {
        self.token(&reference.provider.text);
        if let Some(name) = &reference.name {
            self.token(".");
            self.token(&name.text);
        }
        if let Some(key) = &reference.key {
            self.token("[");
            self.expression(key);
            self.token("]");
        }
    }

    // ---- addresses ----------------------------------------------------------------------------------------------

    fn import(&mut self, import: &Import) {
        self.token("import ");
        if let Some(iteration) = &import.iteration {
            self.iteration(iteration);
            self.token(" => ");
        }
        self.expression(&import.id);
        self.token(" -> ");
        self.address(&import.to);
        if let Some(condition) = &import.condition {
            self.token(" if ");
            self.expression(condition);
        }
    }

    fn address(&mut self, address: &WrittenAddress) {
        for (index, part) in address.parts.iter().enumerate() {
            if index > 0 {
                self.token(".");
            }
            self.token(&part.name.text);
            if let Some(key) = &part.key {
                self.token("[");
                self.expression(key);
                self.token("]");
            }
        }
    }
}
