//! E050x to E052x: overlays (`env/*.fwvars`) against the params of the stack.

use super::{Tell, problems};
use ecow::EcoString;
use formwork_model::Span;

problems! {
/// An overlay that does not fit the stack.
OverlayProblem {
    /// A param that the stack does not declare.
    E0501 error UnknownParam { name: EcoString, span: Span, nearest: Option<EcoString> }
        => "the stack has no param `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("overlays amend declared params only: declare `param {name}: …` in the stack"));
    /// A key that a param's type does not have.
    E0502 error UnknownKey { ty: String, name: EcoString, span: Span, nearest: Option<EcoString>, known: String }
        => "{ty} has no field `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("its fields are {known}"));
    /// A path into a value that has no parts.
    E0503 error NoParts { path: String, ty: String, span: Span }
        => "`{path}` is {ty}, which has no parts"
        .at(span, "")
        .help(format!("set it as a whole: `{path} = …`"));
    /// A path that is set twice in one file.
    E0504 error SetTwice { path: String, span: Span, first: Span }
        => "`{path}` is set twice in this file"
        .at(span, "again here")
        .label(first, "first here")
        .help("remove one of them: a file sets a path once");
    /// `extends` of a file that does not exist.
    E0505 error UnknownBase { name: EcoString, span: Span, nearest: Option<EcoString> }
        => "there is no overlay `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("create env/{name}.fwvars, or remove the line"));
    /// Overlays that extend each other.
    E0506 error ExtendsCycle { name: EcoString, span: Span, steps: Vec<(Span, String)> }
        => "overlay `{name}` extends itself"
        .at(span, "this leads back")
        .steps(steps)
        .help("let one of them extend nothing");
    /// `remove` of what must be there.
    E0507 error CannotRemove { path: String, reason: String, span: Span, help: String }
        => "`{path}` cannot be removed: {reason}"
        .at(span, "")
        .help(help);
    /// `+=` on what is no list.
    E0508 error CannotAppend { path: String, ty: String, span: Span }
        => "`+=` appends to lists and sets, and `{path}` is {ty}"
        .at(span, "")
        .help(format!("write `{path} = …`"));
    /// A name, block or function of the stack in an overlay.
    E0509 error NotConstant { name: EcoString, span: Span }
        => "an overlay cannot use `{name}`"
        .at(span, "")
        .help("values of overlays use literals, standard functions, env, env_var and secret_from");
    /// The default environment of the manifest that does not exist.
    E0511 error UnknownDefault { name: EcoString, span: Span, nearest: Option<EcoString>, known: String }
        => "there is no environment `{name}`"
        .at(span, "the default")
        .nearest(nearest, format!("the environments are {known}"));
    /// All overlays are abstract.
    E0512 error OnlyAbstract { span: Span }
        => "the stack has overlays, and all of them are abstract"
        .at(span, "")
        .help("add an overlay for an environment, such as env/dev.fwvars");
    /// A name of an overlay that is no name.
    E0513 error BadName { path: String, span: Span }
        => "`{path}` does not name an environment"
        .at(span, "")
        .help("name the file with lower-case letters, digits, `-` and `_`, such as env/dev.fwvars");
    /// A field that all layers of an environment together leave out.
    E0514 error Incomplete { environments: String, path: String, field: EcoString, span: Span }
        => "`{path}` needs `{field}`, which no layer sets in {environments}"
        .at(span, "set here, without it")
        .help(format!("add `{path}.{field} = …`"));
}
}
