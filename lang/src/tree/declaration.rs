//! Declarations: what stands at the beginning of a line of a file.

use super::{Entry, Expression, TypeExpression, Word};
use ecow::EcoString;
use formwork_model::Span;

/// A declaration.
#[derive(Clone, Debug)]
pub struct Item {
    /// Text of the doc comment above it, without marks; empty for none.
    pub docs: EcoString,
    /// Decorators above it.
    pub decorators: Vec<Decorator>,
    /// What it declares.
    pub kind: ItemKind,
    /// From the keyword to the end (without docs and decorators).
    pub span: Span,
}

/// Kinds of declarations.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `param NAME: TYPE = DEFAULT where …`
    Param(Param),
    /// `type NAME = TYPE where …`
    Type(TypeItem),
    /// `let NAME: TYPE = VALUE`
    Let(Let),
    /// `fn NAME(a: T) -> T = BODY`
    Function(Function),
    /// `provider TYPE NAME for … { … }`
    Provider(Provider),
    /// `resource`, `data`, `ephemeral`
    Object(Object),
    /// `module NAME: SOURCE for … { … }`
    Module(ModuleCall),
    /// `output NAME: TYPE = VALUE`
    Output(Let),
    /// `assert CONDITION else MESSAGE`
    Assert(Where),
    /// `moved FROM -> TO`
    Moved(Moved),
    /// `import ID -> TO`
    Import(Import),
    /// `forget ADDRESS`
    Forget(WrittenAddress),
}

/// `param`
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: Word,
    /// Its type; must be written.
    pub ty: Option<TypeExpression>,
    /// Its default.
    pub default: Option<Expression>,
    /// Its conditions, where `self` is the value.
    pub conditions: Vec<Where>,
}

/// `type`
#[derive(Clone, Debug)]
pub struct TypeItem {
    /// Its name.
    pub name: Word,
    /// What it stands for.
    pub ty: TypeExpression,
    /// Its conditions; in a record's the fields are names.
    pub conditions: Vec<Where>,
}

/// `where CONDITION else MESSAGE`, `assert CONDITION else MESSAGE`
#[derive(Clone, Debug)]
pub struct Where {
    /// What must hold.
    pub condition: Expression,
    /// What is said otherwise.
    pub message: Option<Expression>,
    /// All of it.
    pub span: Span,
}

/// `let` and `output`
#[derive(Clone, Debug)]
pub struct Let {
    /// Its name.
    pub name: Word,
    /// Its type, if written.
    pub ty: Option<TypeExpression>,
    /// Its value.
    pub value: Expression,
}

/// `fn`
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: Word,
    /// Its parameters.
    pub parameters: Vec<FunctionParameter>,
    /// What it gives.
    pub result: Option<TypeExpression>,
    /// How.
    pub body: Expression,
}

/// A parameter of a function.
#[derive(Clone, Debug)]
pub struct FunctionParameter {
    /// Its name.
    pub name: Word,
    /// Its type.
    pub ty: TypeExpression,
    /// Its default.
    pub default: Option<Expression>,
}

/// `provider`
#[derive(Clone, Debug)]
pub struct Provider {
    /// The provider (`azure`).
    pub provider: Word,
    /// The instance's name; none for the default instance.
    pub name: Option<Word>,
    /// `for`, `if`, `after`; providers have no `with`.
    pub header: Header,
    /// Its configuration.
    pub body: Body,
}

/// Which of the three blocks of a provider's object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKeyword {
    /// `resource`
    Resource,
    /// `data`
    Data,
    /// `ephemeral`
    Ephemeral,
}

/// `resource`, `data`, `ephemeral`
#[derive(Clone, Debug)]
pub struct Object {
    /// Which.
    pub keyword: ObjectKeyword,
    /// Its name.
    pub name: Word,
    /// The provider part of its type.
    pub provider: Word,
    /// The name part of its type.
    pub type_name: Word,
    /// `for`, `if`, `with`, `after`
    pub header: Header,
    /// Its attributes.
    pub body: Body,
}

/// `module`
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// Its name.
    pub name: Word,
    /// Where it comes from.
    pub source: ModuleSource,
    /// `for`, `if`, `with`, `after`
    pub header: Header,
    /// Its params.
    pub body: Body,
}

/// Where a called module comes from.
#[derive(Clone, Debug)]
pub enum ModuleSource {
    /// `"../modules/network"`
    Path(Word),
    /// `platform.edge`: a dependency of the manifest, and a folder in it.
    Dependency(Vec<Word>),
}

/// What stands between a declaration's type and its body.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// `for k, v in E`
    pub iteration: Option<Iteration>,
    /// `if C`
    pub condition: Option<Expression>,
    /// `with P` (resources) or `with { azure = azure.hub }` (modules)
    pub with: Option<With>,
    /// `after R, …`
    pub after: Vec<Expression>,
}

/// `for x in E`, `for k, v in E`
#[derive(Clone, Debug)]
pub struct Iteration {
    /// One or two names.
    pub names: Vec<Word>,
    /// What is gone through.
    pub source: Box<Expression>,
    /// From `for` on.
    pub span: Span,
}

/// `with`
#[derive(Clone, Debug)]
pub enum With {
    /// `with azure.hub`, `with aws["eu"]`: one instance.
    One(ProviderReference),
    /// `with { azure = azure.hub }`: provider name to instance.
    Many(Vec<(Word, ProviderReference)>),
}

/// A provider instance: `azure`, `azure.hub`, `aws[region]`, `aws.eu["x"]`.
#[derive(Clone, Debug)]
pub struct ProviderReference {
    /// The provider.
    pub provider: Word,
    /// The instance's name; none for the default instance.
    pub name: Option<Word>,
    /// Its key, when the block has a `for`.
    pub key: Option<Box<Expression>>,
    /// All of it.
    pub span: Span,
}

/// `@name(arguments)`
#[derive(Clone, Debug)]
pub struct Decorator {
    /// Its name without `@`.
    pub name: Word,
    /// Its arguments.
    pub arguments: Vec<DecoratorArgument>,
    /// All of it.
    pub span: Span,
}

/// An argument of a decorator.
#[derive(Clone, Debug)]
pub enum DecoratorArgument {
    /// `create = 45m`
    Named(Word, Expression),
    /// `network_acls.ip_rules[*]`: an attribute path.
    Path(Vec<PathStep>, Span),
}

/// A step of an attribute path as written.
#[derive(Clone, Debug)]
pub enum PathStep {
    /// `name`, `.name`
    Member(Word),
    /// `["key"]`
    Key(Word),
    /// `[0]`
    Index(u32, Span),
    /// `[*]`
    Each(Span),
}

impl PathStep {
    /// Where it stands.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Member(word) | Self::Key(word) => word.span,
            Self::Index(_, span) | Self::Each(span) => *span,
        }
    }
}

/// `moved`
#[derive(Clone, Debug)]
pub struct Moved {
    /// What it was called.
    pub from: WrittenAddress,
    /// What it is called.
    pub to: WrittenAddress,
}

/// `import`
#[derive(Clone, Debug)]
pub struct Import {
    /// `for k, v in E =>`
    pub iteration: Option<Iteration>,
    /// The id.
    pub id: Expression,
    /// The resource; keys may be expressions under a `for`.
    pub to: WrittenAddress,
    /// `if C`
    pub condition: Option<Expression>,
}

/// An address relative to the module: `cluster.pool["x"]`.
#[derive(Clone, Debug)]
pub struct WrittenAddress {
    /// Its parts.
    pub parts: Vec<AddressPart>,
    /// All of it.
    pub span: Span,
}

/// A part of a written address.
#[derive(Clone, Debug)]
pub struct AddressPart {
    /// The name.
    pub name: Word,
    /// Its key: a text, or under a `for` a name.
    pub key: Option<Expression>,
}

/// `{ … }` of a declaration.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its entries.
    pub entries: Vec<Entry>,
    /// With its braces; empty where the body was left out.
    pub span: Span,
}
