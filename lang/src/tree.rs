//! What the parser makes of a file: everything that was written, nothing resolved. Names are texts here.

use ecow::EcoString;
use formwork_model::{BinaryOperator, FileId, Span, UnaryOperator};

/// A `*.fw` file.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Which file.
    pub file: FileId,
    /// Its declarations, in order. Broken ones are left out (their errors were reported).
    pub items: Vec<Item>,
    /// All comments, in order, also doc comments, but not those inside of texts; for the formatter.
    pub comments: Vec<Comment>,
    /// Names of declarations that are so broken that they are not among the items: using one of them is no error of
    /// its own.
    pub lost: Vec<Word>,
}

/// An `env/*.fwvars` file (also `--var-file`).
#[derive(Clone, Debug)]
pub struct OverlayTree {
    /// Which file.
    pub file: FileId,
    /// `abstract`
    pub is_abstract: Option<Span>,
    /// `extends "NAME"`
    pub extends: Option<Word>,
    /// The entries, in order.
    pub entries: Vec<OverlayEntry>,
    /// All comments, for the formatter.
    pub comments: Vec<Comment>,
}

/// One line of an overlay.
#[derive(Clone, Debug)]
pub struct OverlayEntry {
    /// What it does.
    pub action: OverlayAction,
    /// Where: the first step is a param's name.
    pub path: Vec<PathStep>,
    /// What is set or appended; none for `remove`.
    pub value: Option<Expression>,
    /// All of it.
    pub span: Span,
}

/// What an overlay's line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlayAction {
    /// `PATH = value`: merges records and maps, sets anything else.
    Set,
    /// `replace PATH = value`: forgets what earlier layers said.
    Replace,
    /// `remove PATH`
    Remove,
    /// `PATH += value`
    Append,
}

/// One comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// With its marks.
    pub span: Span,
    /// Which kind.
    pub kind: CommentKind,
}

/// Kinds of comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentKind {
    /// `// …`
    Line,
    /// `/* … */`
    Block,
    /// `/// …`
    Doc,
}

/// A name, or a text that stands for one, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The name.
    pub text: EcoString,
    /// Where.
    pub span: Span,
}

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

/// An entry of a body or record.
#[derive(Clone, Debug)]
pub enum Entry {
    /// `key = value`
    Field {
        /// The key.
        key: Key,
        /// The value.
        value: Expression,
    },
    /// `name`, short for `name = name`
    Short(Word),
    /// `...value`
    Spread {
        /// What is spread.
        value: Expression,
        /// With the dots.
        span: Span,
    },
}

/// The key of an entry.
#[derive(Clone, Debug)]
pub enum Key {
    /// A word, or a text without interpolation; taken literally.
    Literal(Word),
    /// A text with interpolation, or `[expression]`.
    Computed(Box<Expression>),
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeExpression {
    /// What it is.
    pub kind: TypeExpressionKind,
    /// Where.
    pub span: Span,
}

/// Kinds of written types.
#[derive(Clone, Debug)]
pub enum TypeExpressionKind {
    /// `string`, `Network`, `list<T>`, `map<T>`, `set<T>`, `secret<T>`
    Named {
        /// The name.
        name: Word,
        /// What stands in `< >`.
        arguments: Vec<TypeExpression>,
    },
    /// `azure.subnet`, `module.NAME`
    Qualified(Word, Word),
    /// A literal as a type.
    Literal(formwork_model::Literal),
    /// `null`
    Null,
    /// `T | U | …`
    Union(Vec<TypeExpression>),
    /// `T?`
    Optional(Box<TypeExpression>),
    /// `{ a: T, b?: U = default where … }`
    Record(Vec<TypeField>),
}

/// A field of a written record type.
#[derive(Clone, Debug)]
pub struct TypeField {
    /// Its doc comment.
    pub docs: EcoString,
    /// Its name.
    pub name: Word,
    /// `name?: T`
    pub optional: bool,
    /// Its type.
    pub ty: TypeExpression,
    /// Its default.
    pub default: Option<Expression>,
    /// Its conditions, where `self` is the value.
    pub conditions: Vec<Where>,
    /// All of it, without docs.
    pub span: Span,
}

/// An expression as written.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where.
    pub span: Span,
}

/// Kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `10_000`
    Int(i64),
    /// `1.5`
    Float(f64),
    /// `1h30m`, in milliseconds.
    Duration(i64),
    /// A text without interpolation, escapes resolved.
    String(EcoString),
    /// A text with interpolation.
    Template(Vec<TemplatePart>),
    /// A name, also `self`.
    Name(EcoString),
    /// `a.b`, `a?.b`
    Member {
        /// Of what.
        base: Box<Expression>,
        /// Which.
        name: Word,
        /// `?.`
        optional: bool,
    },
    /// `a[k]`, `a?[k]`
    Index {
        /// Of what.
        base: Box<Expression>,
        /// Which.
        index: Box<Expression>,
        /// `?[`
        optional: bool,
    },
    /// `f(x, named = y)`
    Call {
        /// The function.
        function: Word,
        /// Its arguments, positional before named.
        arguments: Vec<Argument>,
    },
    /// `!a`, `-a`
    Unary {
        /// Which.
        operator: UnaryOperator,
        /// Of what.
        operand: Box<Expression>,
    },
    /// `a + b`
    Binary {
        /// Which.
        operator: BinaryOperator,
        /// Where the operator stands.
        operator_span: Span,
        /// On its left.
        left: Box<Expression>,
        /// On its right.
        right: Box<Expression>,
    },
    /// `if c then a else b`
    If {
        /// Condition.
        condition: Box<Expression>,
        /// When it holds.
        then: Box<Expression>,
        /// When not.
        otherwise: Box<Expression>,
    },
    /// `match x { "a" | "b" => 1, _ => 2 }`
    Match {
        /// What is looked at.
        subject: Box<Expression>,
        /// Its arms.
        arms: Vec<Arm>,
    },
    /// `[a, ...b]`
    List(Vec<ListItem>),
    /// `{ a = 1, ...b }`
    Record(Vec<Entry>),
    /// `[for x in xs if c => e]`, `{ for k, v in m if c => [k] = e }`
    For(Box<ForExpression>),
    /// `( a )`; kept for the formatter and for narrowing messages.
    Parenthesised(Box<Expression>),
    /// A broken expression whose error was reported; fits everything.
    Broken,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Plain text, escapes resolved, indentation stripped.
    Text(EcoString),
    /// `${expression}`
    Interpolation(Expression),
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name, when named.
    pub name: Option<Word>,
    /// Its value.
    pub value: Expression,
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its patterns.
    pub patterns: Vec<Pattern>,
    /// What it gives.
    pub value: Expression,
    /// All of it.
    pub span: Span,
}

/// A pattern of a `match`.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it takes.
    pub kind: PatternKind,
    /// Where.
    pub span: Span,
}

/// Kinds of patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// A literal.
    Literal(formwork_model::Literal),
    /// `null`
    Null,
    /// `_`
    Any,
}

/// An item of a list.
#[derive(Clone, Debug)]
pub struct ListItem {
    /// `...`
    pub spread: bool,
    /// The item, or the list that is spread.
    pub value: Expression,
}

/// A comprehension.
#[derive(Clone, Debug)]
pub struct ForExpression {
    /// What is gone through.
    pub iteration: Iteration,
    /// `if C`
    pub condition: Option<Expression>,
    /// The key, for a map.
    pub key: Option<Expression>,
    /// The item.
    pub body: Expression,
}
