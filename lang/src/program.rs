//! A checked stack. No name in it is unresolved, no expression untyped: what is not right was reported, and then there
//! is no [`Program`].

use crate::source::FileTable;
use ecow::EcoString;
use formwork_model::schema::ResourceSchema;
use formwork_model::{
    AttributePath, BinaryOperator, InputSource, Literal, ObjectKind, Redacted, Span, Type, TypeName, UnaryOperator,
    Value,
};
use std::collections::BTreeMap;
use std::sync::Arc;

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident),*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into its table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        })*
    };
}

index! {
    /// A module in [`Program::modules`]; the root is 0. One for each directory (and set of passed providers), however
    /// often it is called.
    ModuleId,
    /// A param in [`Module::params`].
    ParamId,
    /// A let in [`Module::lets`].
    LetId,
    /// A function in [`Module::functions`].
    FunctionId,
    /// A resource, data or ephemeral block in [`Module::blocks`].
    BlockId,
    /// A module call in [`Module::calls`].
    CallId,
    /// A provider block in [`Module::providers`].
    ProviderId,
    /// A record type with defaults or conditions in [`Program::records`]; what `RecordType::declaration` holds.
    RecordId,
    /// A local variable: position in the frame of the enclosing declaration (function parameter, `for` variable, `self`,
    /// field of a record under `where`).
    LocalId
}

/// A checked stack with all its modules.
#[derive(Debug)]
pub struct Program {
    /// Name of the stack, from the manifest.
    pub name: EcoString,
    /// The sources.
    pub files: FileTable,
    /// Modules; the root first.
    pub modules: Vec<Module>,
    /// Record types that have defaults or conditions.
    pub records: Vec<RecordDeclaration>,
    /// The environments, by name; a stack without overlays has one called `default`.
    pub environments: BTreeMap<EcoString, Environment>,
    /// `--var-file`, in the order given: layers over those of the selected environment.
    pub variable_files: Vec<Arc<Overlay>>,
    /// `FORMWORK_VAR_name` and `--var`, in the order in which they apply.
    pub given: Vec<Setting>,
    /// The environment that is meant when none is given.
    pub default_environment: Option<EcoString>,
}

/// An environment: its chain of overlays, outermost ancestor first.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The layers in the order in which they apply.
    pub layers: Vec<Arc<Overlay>>,
}

/// A checked overlay file.
#[derive(Debug)]
pub struct Overlay {
    /// Its path, for `explain`.
    pub path: EcoString,
    /// Its entries.
    pub entries: Vec<Amendment>,
}

/// A checked value that was given with the command.
#[derive(Debug)]
pub struct Setting {
    /// Where it comes from.
    pub layer: crate::inputs::Layer,
    /// What it says; perhaps a secret, as the shell had it.
    pub amendment: Redacted<Amendment>,
}

/// A checked entry of an overlay.
#[derive(Debug)]
pub struct Amendment {
    /// What it does.
    pub action: crate::tree::OverlayAction,
    /// The param of the root module.
    pub param: ParamId,
    /// Path within the param; empty for all of it.
    pub path: AttributePath,
    /// The value; none for `remove`. Not coerced: the merged whole is.
    pub value: Option<Expr>,
    /// Where.
    pub span: Span,
}

/// A record type that has defaults or conditions.
#[derive(Debug)]
pub struct RecordDeclaration {
    /// Its type.
    pub ty: Arc<formwork_model::RecordType>,
    /// For each field of `ty`: default and conditions. Locals of the frame: the fields in order, then `self`.
    pub fields: Vec<FieldRules>,
    /// Conditions of the whole. Locals as above.
    pub conditions: Vec<Condition>,
}

/// Rules of a field.
#[derive(Debug, Default)]
pub struct FieldRules {
    /// Its default.
    pub default: Option<Expr>,
    /// Its conditions; `self` is the field's value.
    pub conditions: Vec<Condition>,
}

/// A condition with its message.
#[derive(Debug)]
pub struct Condition {
    /// What must hold.
    pub condition: Expr,
    /// What is said otherwise; a text.
    pub message: Option<Expr>,
    /// Where.
    pub span: Span,
    /// Number of locals that its frame needs.
    pub locals: u32,
}

/// A checked module.
#[derive(Debug, Default)]
pub struct Module {
    /// Directory relative to the stack's root; empty for the root.
    pub directory: String,
    /// Inputs.
    pub params: Vec<Param>,
    /// Named values.
    pub lets: Vec<Let>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Provider blocks; only the root module and modules with providers of their own have any.
    pub providers: Vec<ProviderBlock>,
    /// Resource, data and ephemeral blocks.
    pub blocks: Vec<Block>,
    /// Calls of modules.
    pub calls: Vec<Call>,
    /// Outputs.
    pub outputs: Vec<Output>,
    /// Asserts.
    pub asserts: Vec<Condition>,
    /// `moved`
    pub moved: Vec<Moved>,
    /// `import`
    pub imports: Vec<Import>,
    /// `forget`
    pub forgets: Vec<Forget>,
    /// Providers that it needs and does not configure: its calls pass or inherit them.
    pub required_providers: Vec<EcoString>,
}

/// An input of a module.
#[derive(Debug)]
pub struct Param {
    /// Its name.
    pub name: EcoString,
    /// Its documentation.
    pub docs: EcoString,
    /// Its type.
    pub ty: Type,
    /// Its default, coerced to the type.
    pub default: Option<Expr>,
    /// Its conditions; local 0 is `self`.
    pub conditions: Vec<Condition>,
    /// Where its name stands.
    pub span: Span,
}

/// A named value.
#[derive(Debug)]
pub struct Let {
    /// Its name.
    pub name: EcoString,
    /// Its type.
    pub ty: Type,
    /// Its value.
    pub value: Expr,
    /// Number of locals that its frame needs.
    pub locals: u32,
    /// Where its name stands.
    pub span: Span,
}

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: EcoString,
    /// Its parameters: locals 0 to n-1.
    pub parameters: Vec<FunctionParameter>,
    /// What it gives.
    pub result: Type,
    /// How.
    pub body: Expr,
    /// Number of locals that its frame needs.
    pub locals: u32,
    /// Where its name stands.
    pub span: Span,
}

/// A parameter of a function.
#[derive(Debug)]
pub struct FunctionParameter {
    /// Its name.
    pub name: EcoString,
    /// Its type.
    pub ty: Type,
    /// Its default.
    pub default: Option<Expr>,
}

/// A provider block.
#[derive(Debug)]
pub struct ProviderBlock {
    /// The provider.
    pub provider: EcoString,
    /// The instance's name; none for the default instance.
    pub name: Option<EcoString>,
    /// Instances.
    pub iteration: Option<Iteration>,
    /// Filter.
    pub condition: Option<Expr>,
    /// Extra order.
    pub after: Vec<Expr>,
    /// Configuration, without `defaults`.
    pub attributes: Vec<Attribute>,
    /// `defaults = { … }`: a record whose keys are attributes of the provider's types.
    pub defaults: Option<Expr>,
    /// Number of locals that its frame needs.
    pub locals: u32,
    /// Where.
    pub span: Span,
}

/// A resource, data or ephemeral block.
#[derive(Debug)]
pub struct Block {
    /// Which.
    pub kind: ObjectKind,
    /// Its name.
    pub name: EcoString,
    /// Its type.
    pub type_name: TypeName,
    /// The type's schema.
    pub schema: &'static ResourceSchema,
    /// Instances; locals 0 (and 1) are its variables.
    pub iteration: Option<Iteration>,
    /// Filter.
    pub condition: Option<Expr>,
    /// The provider instance.
    pub provider: ProviderUse,
    /// Extra order.
    pub after: Vec<Expr>,
    /// Attributes, each coerced to the schema's type.
    pub attributes: Vec<Attribute>,
    /// Decorators.
    pub decorators: Decorators,
    /// Number of locals that its frame needs.
    pub locals: u32,
    /// From the keyword to the end of the header.
    pub span: Span,
}

/// An attribute of a block, or an entry with a known name.
#[derive(Debug)]
pub struct Attribute {
    /// Its name.
    pub name: EcoString,
    /// Its value.
    pub value: Expr,
    /// Where its name stands.
    pub span: Span,
}

/// Which provider instance a block or a call uses.
#[derive(Debug)]
pub enum ProviderUse {
    /// An instance of this module, with its key where the block has a `for`.
    Own(ProviderId, Option<Expr>),
    /// What the caller passes or inherits down.
    Passed(EcoString),
    /// The provider needs no configuration, and there is none.
    Implicit(EcoString),
    /// Which one was a mistake that was told.
    Lost,
}

/// Decorators of a resource.
#[derive(Debug, Default)]
pub struct Decorators {
    /// `@protect`
    pub protect: bool,
    /// `@create_first`
    pub create_first: bool,
    /// `@retain`
    pub retain: bool,
    /// `@ignore(…)`
    pub ignore: Vec<AttributePath>,
    /// `@replace_when(…)`: attributes of its own, or expressions.
    pub replace_when: Vec<Expr>,
    /// `@timeout(create = …)` in milliseconds.
    pub create_timeout_ms: Option<u64>,
    /// `@timeout(update = …)`
    pub update_timeout_ms: Option<u64>,
    /// `@timeout(delete = …)`
    pub delete_timeout_ms: Option<u64>,
}

/// `for k, v in E`, with the number of the first local; a second variable has the next number.
#[derive(Debug)]
pub struct Iteration {
    /// The key (of a map), or the item (of a set).
    pub first: LocalId,
    /// The value, over a map.
    pub second: Option<LocalId>,
    /// What is gone through.
    pub source: Expr,
}

/// A call of a module.
#[derive(Debug)]
pub struct Call {
    /// Its name.
    pub name: EcoString,
    /// The module.
    pub module: ModuleId,
    /// Instances.
    pub iteration: Option<Iteration>,
    /// Filter.
    pub condition: Option<Expr>,
    /// For each provider that the module needs: the instance.
    pub providers: Vec<(EcoString, ProviderUse)>,
    /// Extra order, for all that is in it.
    pub after: Vec<Expr>,
    /// For each param of the module: the argument, coerced; none for the default.
    pub arguments: Vec<Option<Expr>>,
    /// Number of locals that its frame needs.
    pub locals: u32,
    /// Where.
    pub span: Span,
}

/// An output of a module.
#[derive(Debug)]
pub struct Output {
    /// Its name.
    pub name: EcoString,
    /// Its documentation.
    pub docs: EcoString,
    /// Its type.
    pub ty: Type,
    /// Its value.
    pub value: Expr,
    /// Number of locals that its frame needs.
    pub locals: u32,
    /// Where its name stands.
    pub span: Span,
}

/// An address relative to a module, as `moved`, `import` and `forget` write it.
#[derive(Debug)]
pub struct RelativeAddress {
    /// Calls on the way down.
    pub modules: Vec<(EcoString, Option<Expr>)>,
    /// The block.
    pub name: EcoString,
    /// Its key.
    pub key: Option<Expr>,
    /// Where.
    pub span: Span,
}

/// `moved FROM -> TO`; without keys all instances move.
#[derive(Debug)]
pub struct Moved {
    /// What it was called; need not exist.
    pub from: RelativeAddress,
    /// What it is called; a block or a module call.
    pub to: RelativeAddress,
}

/// `import ID -> TO`
#[derive(Debug)]
pub struct Import {
    /// Instances.
    pub iteration: Option<Iteration>,
    /// Filter.
    pub condition: Option<Expr>,
    /// The id, a text.
    pub id: Expr,
    /// The resource.
    pub to: RelativeAddress,
    /// Number of locals that its frame needs.
    pub locals: u32,
}

/// `forget ADDRESS`
#[derive(Debug)]
pub struct Forget {
    /// What is forgotten; need not exist.
    pub address: RelativeAddress,
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Where it was written.
    pub span: Span,
}

/// Kinds of typed expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal.
    Constant(Value),
    /// Parts of a text, joined.
    Template(Vec<Expr>),
    /// A param of this module.
    Param(ParamId),
    /// A let of this module.
    Let(LetId),
    /// A local variable.
    Local(LocalId),
    /// `env`: the environment's name.
    Environment,
    /// A block: an object, or with `for` a map of objects by key, or with `if` an object or null.
    Block(BlockId),
    /// A module call: a record of outputs, or a map of those, or that or null.
    Call(CallId),
    /// `a.b`, `a?.b`
    Member {
        /// Of what.
        base: Box<Expr>,
        /// Which.
        name: EcoString,
        /// `?.`: null of null.
        optional: bool,
    },
    /// `a[k]`, `a?[k]`
    Index {
        /// Of what.
        base: Box<Expr>,
        /// Which.
        index: Box<Expr>,
        /// `?[`: null of null, and where there is no such key.
        optional: bool,
    },
    /// A chain with `?.` or `?[` in it: where one of them meets null, the whole chain is null.
    Chain(Box<Expr>),
    /// A function of the standard library, by name; all arguments in the order of its parameters, defaults filled in.
    Library {
        /// Its name.
        name: &'static str,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// A function of this module; all arguments in order.
    Function {
        /// Which.
        function: FunctionId,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// `!a`, `-a`
    Unary(UnaryOperator, Box<Expr>),
    /// `a + b`
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `match`
    Match {
        /// What is looked at.
        subject: Box<Expr>,
        /// Its arms, in order.
        arms: Vec<Arm>,
    },
    /// `[a, ...b]`
    List(Vec<ListItem>),
    /// `{ a = 1, [k] = 2, ...b }`
    Record(Vec<RecordEntry>),
    /// A comprehension.
    For(Box<ForExpr>),
    /// The operand, made to fit [`Expr::ty`]: fills in defaults of records, checks texts, turns objects into identities,
    /// lists into sets.
    Coerce(Box<Expr>),
    /// `env_var("…")`, `secret_from("…")`
    Input(InputSource),
    /// A mistake that was told. Only what is sound of a stack with mistakes holds any: it has no value, nor has what needs it.
    Broken,
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// What it takes; empty for `_`.
    pub patterns: Vec<ArmPattern>,
    /// What it gives.
    pub value: Expr,
}

/// A pattern of a `match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArmPattern {
    /// A literal.
    Literal(Literal),
    /// `null`
    Null,
}

/// An item of a list.
#[derive(Clone, Debug)]
pub struct ListItem {
    /// `...`
    pub spread: bool,
    /// The item, or what is spread.
    pub value: Expr,
}

/// An entry of a record or map.
#[derive(Clone, Debug)]
pub enum RecordEntry {
    /// `name = value`
    Field(EcoString, Expr),
    /// `[key] = value`
    Computed(Box<(Expr, Expr)>),
    /// `...value`
    Spread(Expr),
}

/// A comprehension.
#[derive(Clone, Debug)]
pub struct ForExpr {
    /// Of two variables the first: key or index. Of one: the item (the value, over a map).
    pub first: LocalId,
    /// Of two variables the second: the item or value.
    pub second: Option<LocalId>,
    /// What is gone through.
    pub source: Expr,
    /// `if`
    pub condition: Option<Expr>,
    /// The key, for a map.
    pub key: Option<Expr>,
    /// The item.
    pub body: Expr,
}
