//! What is sound of a stack with mistakes: its values can be checked although the types of other declarations are
//! wrong. What is broken, and what reading may have cut short, has no value then, and whatever needs it is passed over
//! in silence. To tell nothing that is not so comes before telling everything.

use super::Checked;
use super::names::{Declared, Names};
use super::order::Node;
use crate::environments;
use crate::load::Loaded;
use crate::program::{self, Expr, ExprKind, Module, Program};
use crate::source::Sources;
use formwork_model::{Diagnostic, FileId, Span, Type};
use std::collections::{BTreeMap, HashSet};

/// The sound part of a stack. It is not to be planned.
#[derive(Debug)]
pub struct SoundPart(Program);

impl Checked {
    /// What is wrong with the values of the stack in each of its environments, as far as its types are right.
    #[must_use]
    pub fn check_values(&self, sources: &dyn Sources) -> Vec<Diagnostic> {
        let program = self.program.as_ref().or_else(|| self.sound.as_ref().map(|SoundPart(program)| program));
        program.map(|program| environments::check(program, sources)).unwrap_or_default()
    }
}

/// What is known of the mistakes of a stack.
pub(super) struct Mistakes<'m> {
    /// Errors of all kinds; those of reading first.
    pub(super) diagnostics: &'m [Diagnostic],
    /// How many are of reading.
    pub(super) read: usize,
    /// Declarations that need themselves, by module.
    pub(super) circles: &'m [(usize, Node)],
    /// A value that comes with the command is wrong.
    pub(super) given: bool,
}

/// The part of a program that these mistakes leave.
pub(super) fn part(mut program: Program, loaded: &Loaded, names: &[Names<'_>], mistakes: &Mistakes<'_>) -> SoundPart {
    let wrong = Marks::of(mistakes.diagnostics.iter());
    let unread = Marks::of(mistakes.diagnostics.iter().take(mistakes.read));
    keep_environments(&mut program, loaded, &wrong, mistakes.given);
    for (index, (module, names)) in program.modules.iter_mut().zip(names).enumerate() {
        let cut = cut_short(names, &unread);
        Cutter { names, wrong: &wrong, unread: &unread, cut }.module(module);
        for (_, node) in mistakes.circles.iter().filter(|(of, _)| *of == index) {
            open_circle(module, *node);
        }
    }
    for record in &mut program.records {
        record.conditions.retain(|condition| !wrong.touch(condition.span));
        for field in &mut record.fields {
            field.conditions.retain(|condition| !wrong.touch(condition.span));
            field.default.iter_mut().for_each(|default| spoil_if(wrong.touch(default.span), default));
        }
    }
    SoundPart(program)
}

/// An environment with a mistake in one of its layers has values that nobody meant.
fn keep_environments(program: &mut Program, loaded: &Loaded, wrong: &Marks, given: bool) {
    if given || loaded.variable_files.iter().any(|layer| wrong.in_file(layer.tree.file)) {
        return program.environments.clear();
    }
    let broken: HashSet<&str> = loaded
        .overlays
        .iter()
        .filter(|overlay| wrong.in_file(overlay.tree.file))
        .map(|overlay| overlay.path.as_str())
        .collect();
    program
        .environments
        .retain(|_, environment| !environment.layers.iter().any(|layer| broken.contains(layer.path.as_str())));
}

/// The declarations of a module that reading may have cut short: an error lies in them, or between them and the next.
fn cut_short(names: &Names<'_>, unread: &Marks) -> HashSet<Span> {
    let mut items: Vec<Span> = names.items().map(|item| item.span).collect();
    items.sort_unstable();
    let next = items.iter().skip(1).map(Some).chain(std::iter::once(None));
    let stretches = items.iter().zip(next).map(|(item, next)| {
        let end = next.filter(|next| next.file == item.file).map_or(u32::MAX, |next| next.start);
        (*item, Span { end, ..*item })
    });
    stretches.filter(|(_, stretch)| unread.touch(*stretch)).map(|(item, _)| item).collect()
}

/// Takes what is broken out of a module.
struct Cutter<'c, 'a> {
    names: &'c Names<'a>,
    wrong: &'c Marks,
    unread: &'c Marks,
    cut: HashSet<Span>,
}

impl Cutter<'_, '_> {
    fn module(&self, module: &mut Module) {
        let names = self.names;
        for (param, declared) in module.params.iter_mut().zip(&names.params) {
            self.param(param, self.is_cut(declared));
        }
        for (named, declared) in module.lets.iter_mut().zip(&names.lets) {
            spoil_if(self.is_cut(declared) || self.is_wrong(&named.value), &mut named.value);
        }
        for (output, declared) in module.outputs.iter_mut().zip(&names.outputs) {
            spoil_if(self.is_cut(declared) || self.is_wrong(&output.value), &mut output.value);
        }
        for (function, declared) in module.functions.iter_mut().zip(&names.functions) {
            spoil_if(self.is_cut(declared) || self.is_wrong(&function.body), &mut function.body);
        }
        for (block, declared) in module.blocks.iter_mut().zip(&names.blocks) {
            let what = declared.what;
            let header = Header { item: declared.item.span, name: what.type_name.span, body: what.body.span };
            self.block(block, header);
        }
        for (provider, declared) in module.providers.iter_mut().zip(&names.providers) {
            let what = declared.what;
            let name = what.name.as_ref().unwrap_or(&what.provider).span;
            self.provider(provider, Header { item: declared.item.span, name, body: what.body.span });
        }
        for (call, declared) in module.calls.iter_mut().zip(&names.calls) {
            let what = declared.what;
            let header = Header { item: declared.item.span, name: what.name.span, body: what.body.span };
            self.call(call, header, self.is_cut(declared));
        }
        let is_cut = |span: Span| self.cut.iter().any(|item| item.contains(span));
        module.asserts.retain(|condition| !self.wrong.touch(condition.span) && !is_cut(condition.span));
        module.moved.retain(|moved| !self.wrong.touch(moved.from.span.to(moved.to.span)));
        module.imports.retain(|import| !self.wrong.touch(import.id.span.to(import.to.span)));
        module.forgets.retain(|forget| !self.wrong.touch(forget.address.span));
    }

    fn is_cut<T>(&self, declared: &Declared<'_, T>) -> bool {
        self.cut.contains(&declared.item.span)
    }

    fn is_wrong(&self, expression: &Expr) -> bool {
        self.wrong.touch(expression.span)
    }

    fn param(&self, param: &mut program::Param, is_cut: bool) {
        if is_cut {
            // Nothing fits it, so that it has no value whatever the layers say.
            param.ty = Type::Error;
            param.default = Some(broken(param.span));
        }
        param.default.iter_mut().for_each(|default| spoil_if(self.is_wrong(default), default));
        param.conditions.retain(|condition| !self.wrong.touch(condition.span));
    }

    fn block(&self, block: &mut program::Block, header: Header) {
        self.attributes(&mut block.attributes);
        let is_wrong = |expression: &Expr| self.is_wrong(expression);
        block.decorators.replace_when.retain(|value| !is_wrong(value));
        if self.is_header_wrong(header) {
            lose_header(&mut block.iteration, &mut block.condition, block.span);
        }
    }

    fn provider(&self, provider: &mut program::ProviderBlock, header: Header) {
        self.attributes(&mut provider.attributes);
        provider.defaults.iter_mut().for_each(|defaults| spoil_if(self.is_wrong(defaults), defaults));
        if self.is_header_wrong(header) {
            lose_header(&mut provider.iteration, &mut provider.condition, provider.span);
        }
    }

    fn call(&self, call: &mut program::Call, header: Header, is_cut: bool) {
        let span = call.span;
        for argument in call.arguments.iter_mut().flatten() {
            spoil_if(self.is_wrong(argument), argument);
        }
        // What is not given may have been meant by what is wrong: the default is not what anybody wants.
        if is_cut || self.wrong.touch(header.item) {
            call.arguments.iter_mut().for_each(|argument| *argument = argument.take().or_else(|| Some(broken(span))));
        }
        if self.is_header_wrong(header) {
            lose_header(&mut call.iteration, &mut call.condition, span);
        }
    }

    fn attributes(&self, attributes: &mut [program::Attribute]) {
        for attribute in attributes {
            spoil_if(self.is_wrong(&attribute.value), &mut attribute.value);
        }
    }

    /// Whether it is not known which instances there are, or of which provider.
    fn is_header_wrong(&self, header: Header) -> bool {
        let Header { item, name, body } = header;
        self.wrong.touch(Span { start: name.end, end: body.start, ..item })
            || self.unread.touch(Span { end: body.start, ..item })
    }
}

/// Where the parts of a declaration with a header stand: all of it, the name or type before the header, the body
/// behind it.
#[derive(Clone, Copy)]
struct Header {
    item: Span,
    name: Span,
    body: Span,
}

fn lose_header(iteration: &mut Option<program::Iteration>, condition: &mut Option<Expr>, span: Span) {
    *iteration = None;
    *condition = Some(broken(span));
}

/// What needs itself loses what it needs.
fn open_circle(module: &mut Module, node: Node) {
    match node {
        Node::Param(id) => {
            if let Some(param) = module.params.get_mut(id.index()) {
                param.default = Some(broken(param.span));
                param.conditions.clear();
            }
        }
        Node::Let(id) => module.lets.get_mut(id.index()).into_iter().for_each(|named| spoil(&mut named.value)),
        Node::Function(id) => {
            module.functions.get_mut(id.index()).into_iter().for_each(|function| spoil(&mut function.body));
        }
        Node::Output(id) => {
            module.outputs.get_mut(id as usize).into_iter().for_each(|output| spoil(&mut output.value));
        }
        Node::Block(id) => {
            if let Some(block) = module.blocks.get_mut(id.index()) {
                block.attributes.clear();
                block.after.clear();
                block.decorators.replace_when.clear();
                lose_header(&mut block.iteration, &mut block.condition, block.span);
            }
        }
        Node::Provider(id) => {
            if let Some(provider) = module.providers.get_mut(id.index()) {
                provider.attributes.clear();
                provider.after.clear();
                provider.defaults = None;
                lose_header(&mut provider.iteration, &mut provider.condition, provider.span);
            }
        }
        Node::Header(id) | Node::Argument(id, _) | Node::CallOutput(id, _) => {
            if let Some(call) = module.calls.get_mut(id.index()) {
                let span = call.span;
                call.arguments.iter_mut().for_each(|argument| *argument = Some(broken(span)));
                call.after.clear();
                lose_header(&mut call.iteration, &mut call.condition, span);
            }
        }
    }
}

fn spoil_if(is_wrong: bool, expression: &mut Expr) {
    if is_wrong {
        spoil(expression);
    }
}

fn spoil(expression: &mut Expr) {
    expression.kind = ExprKind::Broken;
}

fn broken(span: Span) -> Expr {
    super::context::error(span)
}

/// The places of errors, by file: for each start the furthest end of those up to it.
#[derive(Default)]
struct Marks(BTreeMap<FileId, Vec<(u32, u32)>>);

impl Marks {
    fn of<'d>(diagnostics: impl Iterator<Item = &'d Diagnostic>) -> Self {
        let mut marks = Self::default();
        for diagnostic in diagnostics.filter(|diagnostic| diagnostic.is_error()) {
            if let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) {
                // An empty mark stands before what is missing.
                let end = span.end.max(span.start.saturating_add(1));
                marks.0.entry(span.file).or_default().push((span.start, end));
            }
        }
        for marks in marks.0.values_mut() {
            marks.sort_unstable();
            let mut furthest = 0;
            for (_, end) in marks {
                furthest = furthest.max(*end);
                *end = furthest;
            }
        }
        marks
    }

    fn in_file(&self, file: FileId) -> bool {
        self.0.contains_key(&file)
    }

    /// Whether an error lies in the stretch, or reaches into it.
    fn touch(&self, span: Span) -> bool {
        let Some(marks) = self.0.get(&span.file) else { return false };
        let before = marks.partition_point(|(start, _)| *start < span.end.max(span.start.saturating_add(1)));
        before.checked_sub(1).and_then(|last| marks.get(last)).is_some_and(|(_, furthest)| *furthest > span.start)
    }
}
