//! E04xx: types of expressions.

use super::{Tell, problems};
use ecow::EcoString;
use formwork_model::Span;

problems! {
/// An expression that does not fit.
TypeProblem {
    /// A member that a value does not have.
    E0401 error NoMember { ty: String, name: EcoString, span: Span, nearest: Option<EcoString>, help: String }
        => "{ty} has no `{name}`"
        .at(span, "not found")
        .nearest(nearest, help);
    /// A value of another type than is expected.
    E0402 error Mismatch { what: String, expected: String, found: String, span: Span, help: Option<String> }
        => "{what} takes {expected}, not {found}"
        .at(span, format!("this is {found}"))
        .maybe_help(help);
    /// A key that a record does not have.
    E0403 error UnknownField { ty: String, name: EcoString, span: Span, nearest: Option<EcoString>, known: String }
        => "{ty} has no field `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("its fields are {known}"));
    /// A field that a record must have.
    E0404 error MissingField { ty: String, name: EcoString, field: String, span: Span, declared: Option<Span> }
        => "{ty} needs `{name}`"
        .at(span, "missing here")
        .maybe_label(declared, "declared here, without a default")
        .help(format!("add `{name} = …`, of type {field}"));
    /// A literal that a union does not have.
    E0405 error NotInUnion { what: String, literal: String, members: String, span: Span, nearest: Option<String> }
        => "{what} does not take {literal}"
        .at(span, "not one of its values")
        .nearest(nearest, format!("use one of {members}"));
    /// A text that is no address range, address or URL.
    E0406 error BadText { text: EcoString, ty: &'static str, reason: String, span: Span, help: String }
        => "{text:?} is no {ty}: {reason}"
        .at(span, "")
        .help(help);
    /// An operator on types that it does not work on.
    E0407 error BadOperands { operator: &'static str, left: String, right: String, span: Span, help: String }
        => "`{operator}` does not work on {left} and {right}"
        .at(span, "")
        .help(help);
    /// An operator before a type that it does not work on.
    E0407 error BadOperand { operator: &'static str, found: String, span: Span, help: &'static str }
        => "`{operator}` does not work on {found}"
        .at(span, "")
        .help(help);
    /// Branches that have no common type.
    E0408 error Branches { construct: &'static str, first: String, first_span: Span, other: String, span: Span }
        => "{construct} gives {first} here and {other} there"
        .at(span, format!("this is {other}"))
        .label(first_span, format!("this is {first}"))
        .help("make them the same type");
    /// A condition that is not a truth value.
    E0409 error NotBool { found: String, span: Span, help: String }
        => "a condition is a bool, not {found}"
        .at(span, format!("this is {found}"))
        .help(help);
    /// A value that may be null.
    E0410 error MayBeNull { what: String, ty: String, span: Span, help: String }
        => "{what} may be null"
        .at(span, format!("this is {ty}"))
        .help(help);
    /// Something that cannot be indexed, or not so.
    E0411 error BadIndex { ty: String, span: Span, help: String }
        => "{ty} cannot be indexed like this"
        .at(span, "")
        .help(help);
    /// Something that cannot be gone through.
    E0412 error NotIterable { found: String, span: Span, help: String }
        => "`for` cannot go through {found}"
        .at(span, "")
        .help(help);
    /// A declaration's `for` over a list.
    E0413 error ForOverList { found: String, reason: &'static str, span: Span, help: String }
        => "`for` on a declaration goes through a map or a set of texts, not {found}"
        .at(span, reason)
        .help(help);
    /// One name over a map, or two over a set.
    E0414 error ForNames { expected: &'static str, span: Span, help: String }
        => "`for` over {expected}"
        .at(span, "")
        .help(help);
    /// A secret that would become visible.
    E0415 error SecretExposed { what: String, found: String, span: Span, help: String }
        => "{what} would show a secret"
        .at(span, format!("this is {found}"))
        .help(help);
    /// Too many arguments.
    E0416 error TooManyArguments { function: EcoString, takes: usize, given: usize, span: Span, signature: String }
        => "`{function}` takes {takes} arguments, not {given}"
        .at(span, "one too many")
        .help(format!("it is {signature}"));
    /// Too few arguments.
    E0417 error MissingArgument { function: EcoString, name: EcoString, span: Span, signature: String }
        => "`{function}` needs `{name}`"
        .at(span, "not given")
        .help(format!("it is {signature}"));
    /// A named argument that the function does not have.
    E0418 error UnknownArgument { function: EcoString, name: EcoString, span: Span, nearest: Option<EcoString>, signature: String }
        => "`{function}` has no argument `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("it is {signature}"));
    /// An argument that is given twice.
    E0419 error ArgumentTwice { function: EcoString, name: EcoString, span: Span }
        => "`{function}` gets `{name}` twice"
        .at(span, "again here")
        .help("remove one of them");
    /// A `match` that leaves something out.
    E0420 error NotExhaustive { missing: String, span: Span }
        => "`match` leaves out {missing}"
        .at(span, "")
        .help("add arms for these, or `_ => …` as the last one");
    /// A pattern that the subject can never be.
    E0421 error BadPattern { pattern: String, ty: String, span: Span, nearest: Option<String> }
        => "{ty} is never {pattern}"
        .at(span, "this arm is never taken")
        .nearest(nearest, "remove the arm");
    /// A spread of something that has no items or entries.
    E0422 error BadSpread { found: String, span: Span, help: String }
        => "`...` cannot spread {found} here"
        .at(span, "")
        .help(help);
    /// A value that has no text of its own.
    E0423 error NotInterpolated { found: String, span: Span, help: String }
        => "{found} has no text of its own"
        .at(span, "cannot stand in `${}`".replace("{}", "{ }"))
        .help(help);
    /// A comparison of things that are never equal.
    E0424 error NeverEqual { left: String, right: String, span: Span, nearest: Option<String>, help: String }
        => "{left} and {right} are never equal"
        .at(span, "")
        .nearest(nearest, help);
    /// An ephemeral value where it would be kept.
    E0425 error EphemeralKept { name: EcoString, span: Span }
        => "`{name}` is ephemeral and cannot be used here"
        .at(span, "it would be stored")
        .help("use it in provider blocks, in other ephemeral blocks and in write-only attributes");
    /// An object of another type than is expected.
    E0426 error WrongReference { what: String, expected: String, found: String, span: Span, help: String }
        => "{what} takes {expected}, not {found}"
        .at(span, format!("this is {found}"))
        .help(help);
    /// A computed key where names must be known.
    E0427 error ComputedKey { place: String, span: Span }
        => "{place} has fixed names, a computed key cannot stand here"
        .at(span, "")
        .help("write the name");
    /// A type with the wrong number of arguments.
    E0428 error TypeArguments { name: EcoString, expected: &'static str, span: Span }
        => "`{name}` takes {expected}"
        .at(span, "")
        .help(format!("write `{name}<string>`, for instance, or leave out what stands in < >"));
    /// A union of what is no literal.
    E0429 error BadUnion { found: String, span: Span }
        => "a union is made of literals and null, not of {found}"
        .at(span, "")
        .help("write literals such as `\"dev\" | \"prod\"`; use `any` where really anything may stand");
    /// A member whose value is written and never read back.
    E0431 error WriteOnly { name: EcoString, span: Span }
        => "`{name}` is written and never read back"
        .at(span, "")
        .help("use the value that it was set from");
    /// A duplicated arm.
    E0432 error PatternTwice { pattern: String, span: Span, first: Span }
        => "{pattern} has an arm already"
        .at(span, "never taken")
        .label(first, "taken here")
        .help("remove one of them");
    /// A duplicated field in a type.
    E0433 error FieldTwice { name: EcoString, span: Span, first: Span }
        => "field `{name}` is declared twice"
        .at(span, "again here")
        .label(first, "first here")
        .help("remove one of them");
    /// A type that has no values of its own here.
    E0434 error TypeNotHere { ty: String, place: &'static str, span: Span, help: &'static str }
        => "{place} cannot be a {ty}"
        .at(span, "")
        .help(help);
    /// The separator where the list is expected that is joined.
    E0435 error ItemsFirst { span: Span }
        => "`join` takes what is joined first, then the separator"
        .at(span, "the other way round")
        .help("write `join(list, \", \")`");
    /// The number of blanks first, as Terraform has it.
    E0435 error BlanksLast { span: Span }
        => "`indent` takes the text first, then how many blanks"
        .at(span, "the other way round")
        .help("write `indent(text, 2)`");
    /// `?.` on what is never null.
    W0401 warning NeverNull { operator: &'static str, ty: String, span: Span, help: String }
        => "`{operator}` is not needed: {ty} is never null"
        .at(span, "")
        .help(help);
    /// A text that looks like a misspelt value of an open enumeration.
    W0402 warning MaybeMisspelt { what: String, text: EcoString, span: Span, nearest: String }
        => "{text:?} is not a value of {what} that is known here"
        .at(span, "")
        .help(format!("did you mean `\"{nearest}\"`?"));
    /// The separator where the text is expected that is split: both are texts.
    W0403 warning TextFirst { function: &'static str, span: Span }
        => "`{function}` takes the text first, and here a literal is split"
        .at(span, "perhaps the other way round")
        .help(format!("write `{function}(text, \",\")`; if the literal is meant, name both: `{function}(text = …, separator = …)`"));
}
}
