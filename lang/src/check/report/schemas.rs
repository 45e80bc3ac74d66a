//! E045x to E047x: blocks against the schemas of their providers.

use super::{Tell, problems};
use ecow::EcoString;
use formwork_model::Span;

problems! {
/// A block that its provider would not take.
SchemaProblem {
    /// An attribute that the type does not have.
    E0450 error UnknownAttribute { type_name: String, name: EcoString, span: Span, nearest: Option<EcoString>, known: String }
        => "{type_name} has no attribute `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("it takes {known}"));
    /// An attribute that must be set.
    E0451 error MissingAttribute { type_name: String, name: EcoString, ty: String, span: Span, docs: String }
        => "{type_name} needs `{name}`"
        .at(span, "missing here")
        .help(format!("add `{name} = …`, of type {ty}: {docs}"));
    /// An attribute that only the cloud sets.
    E0452 error ComputedAttribute { type_name: String, name: EcoString, span: Span }
        => "`{name}` of {type_name} is set by the provider"
        .at(span, "cannot be set")
        .help("remove it; it can be read from the block");
    /// A value outside of its limits.
    E0453 error OutOfLimits { what: String, found: String, limit: String, span: Span }
        => "{what} takes {limit}, not {found}"
        .at(span, "")
        .help(format!("use {limit}"));
    /// Not exactly one of several attributes.
    E0454 error ExactlyOne { type_name: String, names: String, set: Vec<(Span, String)>, span: Span }
        => "{type_name} takes exactly one of {names}"
        .at(span, "")
        .steps(set)
        .help(format!("set one of {names}, and only one"));
    /// More than one of several attributes.
    E0455 error AtMostOne { type_name: String, names: String, set: Vec<(Span, String)>, span: Span }
        => "{type_name} takes at most one of {names}"
        .at(span, "")
        .steps(set)
        .help("remove all but one of them");
    /// None of several attributes.
    E0456 error AtLeastOne { type_name: String, names: String, span: Span }
        => "{type_name} needs at least one of {names}"
        .at(span, "none of them is set")
        .help(format!("set one of {names}"));
    /// An attribute without the ones that belong to it.
    E0457 error RequiredWith { type_name: String, name: String, others: String, span: Span }
        => "`{name}` of {type_name} needs {others} as well"
        .at(span, "")
        .help(format!("set {others}, or remove `{name}`"));
    /// A key of `defaults` that no type of the provider has.
    E0458 error UnknownDefault { provider: EcoString, name: EcoString, span: Span, nearest: Option<EcoString> }
        => "no type of `{provider}` has an attribute `{name}`"
        .at(span, "")
        .nearest(nearest, "`defaults` takes attributes that types of the provider have, such as tags");
    /// A data source or ephemeral value where a resource is meant, or the other way round.
    E0459 error WrongKeyword { type_name: String, is: &'static str, written: &'static str, span: Span }
        => "{type_name} is no {written} type"
        .at(span, format!("this is {} type", super::with_article(is)))
        .help(format!("write `{is} NAME: {type_name} {{ … }}`"));
    /// A nested block that only the cloud fills.
    E0460 error SpreadIntoBody { found: String, span: Span }
        => "only records can be spread into a block, not {found}"
        .at(span, "the names of its entries are not known")
        .help("write the attributes one by one, or spread a record");
}
}
