//! What checking an expression needs to know: the module around it, the local variables, what is known not to be null,
//! and what may stand where.

use super::names::{Meaning, Names};
use super::narrow::Fact;
use super::report::{NameProblem, nearest};
use super::schemas::SchemaTable;
use crate::library::LibraryFunction;
use crate::program::{self, Expr, ExprKind, LocalId, RecordDeclaration};
use crate::tree;
use ecow::EcoString;
use formwork_model::{Diagnostic, Span, Type};
use std::collections::HashMap;
use std::sync::Arc;

/// What all modules share while they are checked.
pub(crate) struct Shared<'a> {
    /// Types of providers.
    pub(crate) schemas: SchemaTable<'a>,
    /// The standard functions, by name.
    pub(crate) library: HashMap<&'static str, &'static LibraryFunction>,
    /// Record types with rules, of all modules.
    pub(crate) records: Vec<RecordDeclaration>,
    /// What has been found.
    pub(crate) report: Vec<Diagnostic>,
    /// The type of `env`.
    pub(crate) environment: Type,
    /// What is known of modules that were checked: those that are called come first.
    pub(crate) interfaces: Vec<Interface>,
    /// For each provider the names in the `defaults` of its blocks in the root module; none where they are not known
    /// before those are checked.
    pub(crate) defaults: HashMap<EcoString, Option<Vec<EcoString>>>,
}

/// What callers of a module see.
pub(crate) struct Interface {
    /// Its id in the program; none before it was checked.
    pub(crate) id: Option<program::ModuleId>,
    /// Types of the params, in order.
    pub(crate) params: Vec<Type>,
    /// The outputs.
    pub(crate) outputs: Arc<formwork_model::RecordType>,
    /// Providers that it needs and does not configure.
    pub(crate) needs: Vec<EcoString>,
    /// A call of it, when it is not the root.
    pub(crate) called_at: Option<Span>,
}

impl Default for Interface {
    fn default() -> Self {
        let outputs = Arc::new(formwork_model::RecordType { name: None, declaration: None, fields: Vec::new() });
        Self { id: None, params: Vec::new(), outputs, needs: Vec::new(), called_at: None }
    }
}

const FIELD_DEFAULT_PLACE: &str = "the default of a field";
const FIELD_DEFAULT_HELP: &str =
    "it sees no other fields: leave it out (`name?: T`), and say `x.name ?? …` where it is used";

/// Which names an expression may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// All of the module.
    Everything,
    /// Only constants, standard functions and local variables; the place that says so, and what to do instead.
    Constants(&'static str, &'static str),
    /// As in an overlay.
    Overlay,
}

/// The frame of one declaration: its local variables and what may stand in it.
pub(crate) struct Frame {
    /// The variables in scope, innermost last.
    pub(crate) locals: Vec<Local>,
    /// The number that the next variable gets.
    pub(crate) next: u32,
    /// The most numbers that were in use at once.
    pub(crate) most: u32,
    /// What is known not to be null.
    pub(crate) facts: Vec<Fact>,
    /// Which names may be used.
    pub(crate) allowed: Allowed,
    /// Names of the fields beside the one whose default it is, which no default can use.
    pub(crate) beside: Vec<EcoString>,
    /// Whether `env_var` and `secret_from` may be used.
    pub(crate) inputs: bool,
    /// Whether ephemeral values may be used.
    pub(crate) ephemeral: bool,
    /// Whether secrets may go where the type does not say so.
    pub(crate) secrets: super::fits::Secrets,
    /// Whether records may leave out required fields (overlays amend).
    pub(crate) partial: bool,
    /// Whether there is a `for_each`, which was told with all places that use its `each`.
    pub(crate) each: bool,
    /// Whether items of lists and maps may be of any types (within what is expected to be `any`).
    pub(crate) open: bool,
}

/// A local variable.
#[derive(Clone)]
pub(crate) struct Local {
    /// Its name.
    pub(crate) name: EcoString,
    /// Its number.
    pub(crate) id: LocalId,
    /// Its type.
    pub(crate) ty: Type,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            locals: Vec::new(),
            next: 0,
            most: 0,
            facts: Vec::new(),
            beside: Vec::new(),
            allowed: Allowed::Everything,
            inputs: false,
            ephemeral: false,
            secrets: super::fits::Secrets::Kept,
            each: false,
            partial: false,
            open: false,
        }
    }
}

/// A type that a function's body or caller sees.
#[derive(Clone, Default)]
pub(crate) struct Signature {
    /// Types of its parameters.
    pub(crate) parameters: Vec<Type>,
    /// What it gives; none while it is not known (in a circle).
    pub(crate) result: Option<Type>,
}

/// Checks one module.
pub(crate) struct ModuleChecker<'c, 'a> {
    /// What all modules share.
    pub(crate) shared: &'c mut Shared<'a>,
    /// Declarations of this module.
    pub(crate) names: &'c Names<'a>,
    /// Declarations of all modules.
    pub(crate) all_names: &'c [Names<'a>],
    /// Whether it is the stack itself.
    pub(crate) is_root: bool,
    /// A call of it, when it is not the root.
    pub(crate) called_at: Option<Span>,
    /// Types of named types.
    pub(crate) named: Vec<super::types::NamedType>,
    /// Types of params.
    pub(crate) params: Vec<Type>,
    /// Types of lets.
    pub(crate) lets: Vec<Type>,
    /// Types of blocks, as a reference sees them.
    pub(crate) blocks: Vec<Type>,
    /// Types of module calls, as a reference sees them.
    pub(crate) calls: Vec<Type>,
    /// Types of functions.
    pub(crate) functions: Vec<Signature>,
    /// Whether a param is used.
    pub(crate) used_params: Vec<bool>,
    /// Whether a let is used.
    pub(crate) used_lets: Vec<bool>,
    /// Whether a function is called.
    pub(crate) used_functions: Vec<bool>,
    /// Whether a provider instance is named.
    pub(crate) used_providers: Vec<bool>,
    /// Providers that calls have to pass.
    pub(crate) needs: indexmap::IndexSet<EcoString>,
    /// The declaration that is being checked.
    pub(crate) frame: Frame,
}

impl<'a> ModuleChecker<'_, 'a> {
    /// Reports a problem.
    pub(crate) fn tell(&mut self, problem: impl Into<Diagnostic>) {
        self.shared.report.push(problem.into());
    }

    /// Runs `check` in a frame of its own; gives what it gives, and the number of locals that were needed.
    pub(crate) fn in_frame<T>(&mut self, frame: Frame, check: impl FnOnce(&mut Self) -> T) -> (T, u32) {
        let outer = std::mem::replace(&mut self.frame, frame);
        let result = check(self);
        let inner = std::mem::replace(&mut self.frame, outer);
        (result, inner.most)
    }

    /// Adds a local variable, and warns if it hides something.
    pub(crate) fn add_local(&mut self, word: &tree::Word, ty: Type) -> LocalId {
        let first = self.names.values.get(word.text.as_str()).map(|(_, span)| *span);
        if let Some(first) = first {
            self.tell(NameProblem::Shadowed { name: word.text.clone(), span: word.span, first });
        }
        self.add_hidden_local(word.text.clone(), ty)
    }

    /// Adds a local variable that may hide others (`self`, the fields of a record).
    pub(crate) fn add_hidden_local(&mut self, name: EcoString, ty: Type) -> LocalId {
        let id = LocalId(self.frame.next);
        self.frame.next += 1;
        self.frame.most = self.frame.most.max(self.frame.next);
        self.frame.locals.push(Local { name, id, ty });
        id
    }

    /// Gives a local variable a second name.
    pub(crate) fn alias_local(&mut self, name: EcoString, id: LocalId, ty: Type) {
        self.frame.locals.push(Local { name, id, ty });
    }

    /// Where the scope stands, to come back to it with [`Self::leave`].
    pub(crate) fn enter(&self) -> (usize, u32, usize) {
        (self.frame.locals.len(), self.frame.next, self.frame.facts.len())
    }

    /// Forgets the variables and facts since `mark`.
    pub(crate) fn leave(&mut self, mark: (usize, u32, usize)) {
        self.frame.locals.truncate(mark.0);
        self.frame.next = mark.1;
        self.frame.facts.truncate(mark.2);
    }

    /// The meaning of a name as a value.
    pub(crate) fn name(&mut self, name: &EcoString, span: Span) -> Expr {
        let local = self.frame.locals.iter().rev().find(|local| local.name == *name);
        if let Some(local) = local {
            return Expr { kind: ExprKind::Local(local.id), ty: local.ty.clone(), span };
        }
        match name.as_str() {
            "env" => self.environment(span),
            "self" => self.broken(span, NameProblem::SelfOutside { span }),
            _ => self.module_name(name, span),
        }
    }

    fn environment(&mut self, span: Span) -> Expr {
        if !self.is_root {
            return self.broken(span, NameProblem::EnvironmentInModule { span });
        }
        Expr { kind: ExprKind::Environment, ty: self.shared.environment.clone(), span }
    }

    fn module_name(&mut self, name: &EcoString, span: Span) -> Expr {
        if self.frame.beside.contains(name) {
            let (place, help) = (FIELD_DEFAULT_PLACE, FIELD_DEFAULT_HELP);
            return self.broken(span, NameProblem::NotConstant { name: name.clone(), span, place, help });
        }
        let Some((meaning, _)) = self.names.values.get(name.as_str()).copied() else {
            return self.unknown_name(name, span);
        };
        match self.frame.allowed {
            Allowed::Everything => {}
            Allowed::Constants(place, help) => {
                return self.broken(span, NameProblem::NotConstant { name: name.clone(), span, place, help });
            }
            Allowed::Overlay => {
                return self.broken(span, super::report::OverlayProblem::NotConstant { name: name.clone(), span });
            }
        }
        self.meaning(meaning, name, span)
    }

    fn meaning(&mut self, meaning: Meaning, name: &EcoString, span: Span) -> Expr {
        let at = |types: &[Type], index: usize| types.get(index).cloned().unwrap_or(Type::Error);
        let (kind, ty) = match meaning {
            Meaning::Param(id) => {
                mark(&mut self.used_params, id.index());
                (ExprKind::Param(id), at(&self.params, id.index()))
            }
            Meaning::Let(id) => {
                mark(&mut self.used_lets, id.index());
                (ExprKind::Let(id), at(&self.lets, id.index()))
            }
            Meaning::Block(id) => {
                let is_ephemeral = self
                    .names
                    .blocks
                    .get(id.index())
                    .is_some_and(|block| block.what.keyword == tree::ObjectKeyword::Ephemeral);
                if is_ephemeral && !self.frame.ephemeral {
                    return self.broken(span, super::report::TypeProblem::EphemeralKept { name: name.clone(), span });
                }
                (ExprKind::Block(id), at(&self.blocks, id.index()))
            }
            Meaning::Call(id) => (ExprKind::Call(id), at(&self.calls, id.index())),
        };
        Expr { kind, ty, span }
    }

    fn unknown_name(&mut self, name: &EcoString, span: Span) -> Expr {
        if self.names.is_lost(name) {
            return error(span);
        }
        if self.frame.allowed == Allowed::Overlay {
            return self.broken(span, super::report::OverlayProblem::NotConstant { name: name.clone(), span });
        }
        if let Some(problem) = self.other_namespace(name, span) {
            return self.broken(span, problem);
        }
        if let Some(problem) = super::habits::bare_name(name, span) {
            return self.broken(span, problem);
        }
        let locals = self.frame.locals.iter().map(|local| local.name.as_str());
        let found = nearest(name, self.names.value_names().chain(locals).chain(["env"])).map(EcoString::from);
        self.broken(span, NameProblem::UnknownName { name: name.clone(), span, nearest: found })
    }

    /// A name that means something, but no value.
    fn other_namespace(&self, name: &EcoString, span: Span) -> Option<NameProblem> {
        let problem = |what, help: String| Some(NameProblem::NotAValue { name: name.clone(), what, span, help });
        if self.names.function_names.contains_key(name.as_str()) || self.shared.library.contains_key(name.as_str()) {
            return problem("function", format!("call it: `{name}(…)`"));
        }
        if self.names.type_names.contains_key(name.as_str()) || super::types::is_builtin(name) {
            return problem("type", "types stand after `:` only; write a value here".to_owned());
        }
        if self.names.output_names.contains_key(name.as_str()) {
            return problem("output", "outputs are for callers: use what the output is made from".to_owned());
        }
        self.shared.schemas.has_provider(name).then_some(()).and_then(|()| {
            problem("provider", "name a block of yours instead; provider instances stand only after `with`".to_owned())
        })
    }

    /// Whether a name has a meaning as a value, or had one before it was lost.
    pub(crate) fn has_meaning(&self, name: &str) -> bool {
        matches!(name, "env" | "self")
            || self.frame.locals.iter().any(|local| local.name == *name)
            || self.names.values.contains_key(name)
            || self.names.is_lost(name)
    }

    /// Reports, and gives an expression that fits everything.
    pub(crate) fn broken(&mut self, span: Span, problem: impl Into<Diagnostic>) -> Expr {
        self.tell(problem);
        error(span)
    }
}

/// An expression whose mistake was reported.
pub(crate) fn error(span: Span) -> Expr {
    Expr { kind: ExprKind::Broken, ty: Type::Error, span }
}

/// Notes that something is used.
pub(crate) fn mark(used: &mut [bool], index: usize) {
    if let Some(flag) = used.get_mut(index) {
        *flag = true;
    }
}
