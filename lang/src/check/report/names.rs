//! E03xx: names and what may stand where.

use super::{Tell, problems};
use ecow::EcoString;
use formwork_model::Span;

problems! {
/// A name that means nothing, twice the same, or stands where it must not.
NameProblem {
    /// A value's name that nothing declares.
    E0301 error UnknownName { name: EcoString, span: Span, nearest: Option<EcoString> }
        => "nothing is called `{name}` here"
        .at(span, "not found in this module")
        .nearest(nearest, "declare it with `param` or `let`, or write a text in quotes");
    /// A text that misses its quotes.
    E0301 error Unquoted { text: EcoString, span: Span }
        => "nothing is called `{text}` here"
        .at(span, "not found in this module")
        .help(format!("a text stands in quotes: write `\"{text}\"`"));
    /// A type's name that nothing declares.
    E0302 error UnknownType { name: EcoString, span: Span, nearest: Option<EcoString> }
        => "there is no type `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("declare it with `type {name} = …`, or use one of bool, int, float, string, duration, cidr, ip, url, any, list<T>, map<T>, set<T>, secret<T>"));
    /// A function's name that nothing declares.
    E0303 error UnknownFunction { name: EcoString, span: Span, nearest: Option<EcoString> }
        => "there is no function `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("declare it with `fn {name}(…) = …`; docs/functions.md lists the standard functions"));
    /// A provider that this build does not have.
    E0304 error UnknownProvider { name: EcoString, span: Span, nearest: Option<EcoString>, known: String }
        => "there is no provider `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("this build has {known}"));
    /// A provider that has no such type.
    E0305 error UnknownObjectType { provider: EcoString, name: EcoString, keyword: &'static str, span: Span, help: String }
        => "`{provider}` has no {keyword} type `{name}`"
        .at(span, "not found")
        .help(help);
    /// A provider instance that nothing declares.
    E0306 error UnknownInstance { reference: String, span: Span, help: String }
        => "there is no provider instance `{reference}`"
        .at(span, "not found")
        .help(help);
    /// Two declarations of the same name.
    E0307 error Duplicate { what: &'static str, name: EcoString, span: Span, first: Span }
        => "{what} `{name}` is declared twice"
        .at(span, "again here")
        .label(first, "first here")
        .help("rename one of them; all files of a directory share one namespace");
    /// A name of the language itself.
    E0308 error Reserved { name: EcoString, span: Span }
        => "`{name}` is a name of the language"
        .at(span, "cannot be declared")
        .help("choose another name");
    /// The same key twice in one record or body.
    E0309 error DuplicateKey { name: EcoString, span: Span, first: Span }
        => "`{name}` is set twice"
        .at(span, "again here")
        .label(first, "first here")
        .help("remove one of them");
    /// Values that need each other.
    E0310 error Cycle { name: String, span: Span, steps: Vec<(Span, String)> }
        => "{name} depends on itself"
        .at(span, "needed to know itself")
        .steps(steps)
        .help("break the circle: take one of these values from a param, or from something that both can depend on");
    /// A function that calls itself.
    E0311 error Recursion { name: EcoString, span: Span, steps: Vec<(Span, String)> }
        => "function `{name}` calls itself"
        .at(span, "functions cannot be recursive")
        .steps(steps)
        .help("evaluation always ends in this language: use a `for` comprehension over a list or map instead");
    /// A type that contains itself.
    E0312 error TypeCycle { name: EcoString, span: Span }
        => "type `{name}` contains itself"
        .at(span, "here")
        .help("types are finite: refer to others by key, for instance with a `map` and names as texts");
    /// A module that calls itself.
    E0313 error ModuleCycle { directory: String, span: Span, steps: Vec<(Span, String)> }
        => "module `{directory}` calls itself"
        .at(span, "this call leads back")
        .steps(steps)
        .help("move what both need into a third module");
    /// A module's folder that cannot be read, or holds no `.fw` file.
    E0314 error ModuleNotFound { path: String, span: Span, reason: String }
        => "there is no module in `{path}`"
        .at(span, reason)
        .help("give the path of a folder with `.fw` files, relative to the file's own folder, such as \"../modules/network\"");
    /// An alias that the manifest does not map.
    E0315 error UnknownDependency { name: EcoString, span: Span, nearest: Option<EcoString> }
        => "`{name}` is not in formwork.toml"
        .at(span, "no such dependency")
        .nearest(nearest, format!("add `{name} = {{ path = \"../modules/{name}\" }}` below [modules] of formwork.toml, or give a path in quotes; modules from git or a registry are not supported yet"));
    /// An output that a module does not have.
    E0316 error UnknownOutput { module: EcoString, name: EcoString, span: Span, nearest: Option<EcoString>, known: String }
        => "module `{module}` has no output `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("its outputs are {known}"));
    /// A param that a module does not have.
    E0317 error UnknownParam { module: EcoString, name: EcoString, span: Span, nearest: Option<EcoString>, known: String }
        => "module `{module}` has no param `{name}`"
        .at(span, "not found")
        .nearest(nearest, format!("its params are {known}"));
    /// A param that a call has to give.
    E0318 error MissingParam { module: EcoString, name: EcoString, ty: String, span: Span, declared: Span }
        => "module `{module}` needs `{name}`"
        .at(span, "not given here")
        .label(declared, format!("declared here as {ty}"))
        .help(format!("add `{name} = …` to the call, or give the param a default"));
    /// A decorator that does not exist.
    E0319 error UnknownDecorator { name: EcoString, span: Span, nearest: Option<EcoString> }
        => "there is no decorator `@{name}`"
        .at(span, "not found")
        .nearest(nearest, "there are @protect, @create_first, @retain, @ignore(paths), @replace_when(values) and @timeout(create = 45m)");
    /// A decorator where it has no meaning, or with arguments that it does not take.
    E0320 error BadDecorator { name: EcoString, reason: String, span: Span, help: String }
        => "`@{name}` {reason}"
        .at(span, "")
        .help(help);
    /// A path in a decorator that the type does not have.
    E0321 error UnknownPath { type_name: String, name: EcoString, span: Span, nearest: Option<EcoString> }
        => "{type_name} has no attribute `{name}`"
        .at(span, "not found")
        .nearest(nearest, "write the path of an attribute, such as tags[\"owner\"]");
    /// An address that names nothing.
    E0322 error UnknownAddress { address: String, span: Span, reason: String, help: String }
        => "`{address}` {reason}"
        .at(span, "")
        .help(help);
    /// `env_var` or `secret_from` where nothing may be read from outside.
    E0323 error InputNotAllowed { function: &'static str, span: Span }
        => "`{function}` cannot be used here"
        .at(span, "reads from outside the stack")
        .help("use it in a provider block of the stack, in the default of one of its params, or in an overlay, and pass the value on as a param");
    /// `env` in a module that is called.
    E0324 error EnvironmentInModule { span: Span }
        => "`env` is not visible in a module that others call"
        .at(span, "")
        .help("declare a param, for instance `param environment: string`, and pass `environment = env` in the call");
    /// A name where only constants may stand.
    E0325 error NotConstant { name: EcoString, span: Span, place: &'static str, help: &'static str }
        => "{place} cannot use `{name}`"
        .at(span, "")
        .help(help);
    /// A provider block in a module that others call.
    E0326 error ProviderInModule { name: EcoString, span: Span, call: Span }
        => "a module that others call does not configure providers"
        .at(span, "")
        .label(call, "called here")
        .help(format!("move the block to the stack; a call inherits its default `{name}`, and `with {{ {name} = {name}.NAME }}` passes another one"));
    /// A type whose provider has to be configured.
    E0327 error NotConfigured { name: EcoString, span: Span, help: String }
        => "provider `{name}` is not configured"
        .at(span, "needs it")
        .help(help);
    /// `self` outside of a condition.
    E0328 error SelfOutside { span: Span }
        => "`self` has a meaning only after `where`"
        .at(span, "")
        .help("write the name of the value instead");
    /// An instance of a provider that belongs to another type, or that is not passed.
    E0329 error WrongInstance { reference: String, provider: EcoString, span: Span, help: String }
        => "`{reference}` is not an instance of `{provider}`"
        .at(span, "")
        .help(help);
    /// A value where a key of a provider instance is missing, or one that has none.
    E0330 error InstanceKey { reference: String, reason: &'static str, span: Span, declared: Span, help: String }
        => "`{reference}` {reason}"
        .at(span, "")
        .label(declared, "declared here")
        .help(help);
    /// What cannot stand in `after`.
    E0331 error BadAfter { span: Span, found: String }
        => "`after` takes resources, data and module calls, not {found}"
        .at(span, "")
        .help("name the block itself, for instance `after vnet`");
    /// The name of a type or function where a value is expected.
    E0332 error NotAValue { name: EcoString, what: &'static str, span: Span, help: String }
        => "`{name}` is no value"
        .at(span, format!("this is {}", super::with_article(what)))
        .help(help);
    /// `env_var` and `secret_from` with anything but one literal text, and a source of secrets that there is not.
    E0333 error BadArgumentOfInput { message: String, span: Span, help: String }
        => "{message}"
        .at(span, "")
        .help(help);
    /// A provider that is passed to a module which does not use it.
    E0334 error UnneededProvider { module: EcoString, name: EcoString, span: Span, help: String }
        => "module `{module}` does not use provider `{name}`"
        .at(span, "passed for nothing")
        .help(help);
    /// A file or directory that cannot be read.
    E0335 error Unreadable { path: String, reason: String }
        => "`{path}` cannot be read: {reason}"
        .help("check that it exists and may be read");
    /// A file that is no UTF-8 text.
    E0336 error NotUtf8 { path: String, span: Span }
        => "`{path}` is not UTF-8 text"
        .at(span, "from here on")
        .help("save the file as UTF-8");
    /// A module from a place that is not on this machine.
    E0337 error RemoteModule { path: String, span: Span }
        => "modules from git or a registry are not supported yet"
        .at(span, format!("`{path}` is not a local path"))
        .help("check the module out beside the stack, and give the path of its folder, such as \"../modules/network\"");
    /// Terraform: `var.x`.
    E0340 error HabitVar { name: EcoString, span: Span }
        => "params are named directly, without `var.`"
        .at(span, "Terraform writes this")
        .help(format!("write `{name}`"));
    /// Terraform: `local.x`.
    E0341 error HabitLocal { name: EcoString, span: Span }
        => "lets are named directly, without `local.`"
        .at(span, "Terraform writes this")
        .help(format!("write `{name}`"));
    /// Terraform: `module.x`.
    E0342 error HabitModule { name: EcoString, span: Span }
        => "modules are named directly, without `module.`"
        .at(span, "Terraform writes this")
        .help(format!("write `{name}`"));
    /// Terraform: `each.key`.
    E0343 error HabitEach { name: EcoString, span: Span }
        => "there is no `each`: a `for` names its variables"
        .at(span, "Terraform writes this")
        .help(format!("write `for key, value in …` in the header, and `{name}` here"));
    /// Terraform: `count.index`.
    E0344 error HabitCount { span: Span }
        => "there is no `count`: instances have keys, not numbers"
        .at(span, "Terraform writes this")
        .help("write `for name in to_set([\"a\", \"b\"])` in the header, and use `name` here");
    /// Terraform: `azurerm_subnet`.
    E0345 error HabitTypeName { name: EcoString, span: Span, ours: Option<String> }
        => "types are written with the provider in front, not as `{name}`"
        .at(span, "Terraform writes this")
        .help(ours.map_or_else(|| "write `PROVIDER.TYPE`, for instance `azure.subnet`".to_owned(), |ours| format!("write `{ours}`")));
    /// A word that other languages have for a value.
    E0349 error ForeignWord { name: EcoString, ours: &'static str, span: Span }
        => "`{name}` is no word of this language"
        .at(span, "")
        .help(format!("write `{ours}`"));
    /// Terraform: `depends_on`, `count`, `for_each`, `provider`, `lifecycle`.
    E0346 error HabitMetaArgument { name: EcoString, span: Span, help: &'static str }
        => "`{name}` is no attribute here"
        .at(span, "Terraform writes this")
        .help(help);
    /// Terraform: a function by its Terraform name.
    E0347 error HabitFunction { name: EcoString, span: Span, help: String }
        => "there is no function `{name}`"
        .at(span, "Terraform's name")
        .help(help);
    /// Terraform: `data.T.x`, `path.module`, `terraform.workspace`, `TYPE.NAME`.
    E0348 error HabitAddress { written: String, span: Span, help: String }
        => "`{written}` is not how a value is named here"
        .at(span, "Terraform writes this")
        .help(help);
    /// A name that hides another one.
    W0301 warning Shadowed { name: EcoString, span: Span, first: Span }
        => "`{name}` hides another `{name}`"
        .at(span, "within this scope it means the variable")
        .label(first, "and not this")
        .help("choose another name for the variable");
    /// A param that nothing uses.
    W0302 warning UnusedParam { name: EcoString, span: Span }
        => "param `{name}` is never used"
        .at(span, "")
        .help("remove it, or use it");
    /// A let that nothing uses.
    W0303 warning UnusedLet { name: EcoString, span: Span }
        => "let `{name}` is never used"
        .at(span, "")
        .help("remove it, or use it");
    /// A function that nothing calls.
    W0304 warning UnusedFunction { name: EcoString, span: Span }
        => "function `{name}` is never called"
        .at(span, "")
        .help("remove it, or call it");
    /// Something whose documentation says that it is deprecated.
    W0305 warning Deprecated { what: String, span: Span, docs: String }
        => "{what} is deprecated"
        .at(span, "")
        .help(docs);
    /// A variable that nothing uses.
    W0306 warning UnusedProvider { name: String, span: Span }
        => "provider instance `{name}` is never used"
        .at(span, "")
        .help("remove it, or use it with `with`");
}
}
