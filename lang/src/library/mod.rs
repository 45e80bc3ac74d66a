//! The standard library: small, pure, named as users know it. Each function is one constant with its types, its
//! documentation and its implementation; `docs/functions.md` and the suite's cases are held against this table.

mod arguments;
mod checked;
mod collections;
mod compare;
mod conversion;
mod encoding;
mod files;
mod grouping;
mod hashes;
mod lists;
mod maps;
mod networks;
mod numbers;
mod patterns;
mod sets;
mod strings;
mod text;
mod time;
mod versions;

pub use checked::{check_cidr, check_ip, check_url};
pub use compare::{compare, equal};
pub use text::{format_duration, format_float, parse_duration, scalar};

use formwork_model::{Type, Value};

/// A function of the standard library.
#[derive(Clone, Copy)]
pub struct LibraryFunction {
    /// Its name.
    pub name: &'static str,
    /// The group that its documentation stands in: "strings", "collections", "networks" …
    pub group: &'static str,
    /// What it gives, in Markdown, first sentence on its own.
    pub docs: &'static str,
    /// An example: an expression and its value as written.
    pub examples: &'static [(&'static str, &'static str)],
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// What it gives.
    pub result: ResultType,
    /// Whether it can do its work although items or entries (not the argument itself) are unknown (`length`, `keys`).
    /// Otherwise the call waits until all arguments are known, at any depth.
    pub works_with_unknown_items: bool,
    /// Whether what it gives tells nothing of the values within its arguments (`keys`): secret items do not make the result
    /// secret then, a secret argument does.
    pub tells_no_items: bool,
    /// What it does. Arguments fit the parameters, defaults are filled in, a variadic one is a list; no argument is
    /// marked secret at any depth (the evaluator marks the result, if one was).
    pub call: fn(&mut Environment<'_>, &[Value]) -> Result<Value, FunctionError>,
}

/// A parameter of a library function.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, for named arguments.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// Its default, a constant written as in JSON; none where it must be given.
    pub default: Option<&'static str>,
    /// Takes all further positional arguments (only the last parameter).
    pub variadic: bool,
}

/// The type of a parameter, with type variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Anything.
    Any,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `float`, thus also int.
    Float,
    /// `string`
    String,
    /// What can be interpolated: texts, numbers, bools, durations.
    Scalar,
    /// `duration`
    Duration,
    /// `cidr`
    Cidr,
    /// `ip`
    Ip,
    /// `url`
    Url,
    /// A type variable: the same number, the same type (the smallest that both fit).
    Variable(u8),
    /// `T?`
    Optional(&'static Shape),
    /// `list<T>`
    List(&'static Shape),
    /// `set<T>`
    Set(&'static Shape),
    /// `list<T>` or `set<T>`
    Items(&'static Shape),
    /// `map<T>`, thus also records whose fields are all `T`.
    Map(&'static Shape),
    /// The first of these that the argument fits; none of them holds a type variable. `OneOf(&[Int, Float])` keeps an
    /// int as it is.
    OneOf(&'static [Shape]),
}

/// The type of a result.
#[derive(Clone, Copy)]
pub enum ResultType {
    /// Given by the type variables.
    Shape(Shape),
    /// Computed from the types of the arguments (`merge` of records).
    Computed(fn(&[Type]) -> Type),
}

/// What a function may ask for: files of its own module, for `file`, `template` and the like.
pub struct Environment<'a> {
    /// Directory of the module that calls.
    pub module_directory: &'a str,
    /// Gives a file of the module, by its path relative to the module's directory: refuses paths that leave it. An
    /// error says why in words.
    pub read_file: &'a mut Lookup<'a, std::sync::Arc<[u8]>>,
    /// Names of the files and folders in a directory of the module, like [`crate::source::Sources::list`]; refuses
    /// paths that leave the module.
    pub list_directory: &'a mut Lookup<'a, Vec<String>>,
}

/// Answers a question about a path with a `T`, or says why not.
pub type Lookup<'a, T> = dyn FnMut(&str) -> Result<T, String> + 'a;

/// A call that has no value for these arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Which argument is to blame.
    pub argument: Option<usize>,
    /// What is wrong, in words; it may quote an argument (the evaluator masks it, if any was secret).
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl FunctionError {
    /// An error that blames `argument`.
    #[must_use]
    pub fn of(argument: usize, message: impl Into<String>) -> Self {
        Self { argument: Some(argument), message: message.into(), help: None }
    }

    /// An error that blames the call as a whole.
    #[must_use]
    pub fn whole(message: impl Into<String>) -> Self {
        Self { argument: None, message: message.into(), help: None }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The function called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static LibraryFunction> {
    let position = FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok()?;
    FUNCTIONS.get(position)
}

/// All functions, sorted by name.
pub const FUNCTIONS: &[LibraryFunction] = &SORTED;

const GROUPS: &[&[LibraryFunction]] = &[
    collections::FUNCTIONS,
    conversion::FUNCTIONS,
    encoding::FUNCTIONS,
    files::FUNCTIONS,
    grouping::FUNCTIONS,
    hashes::FUNCTIONS,
    lists::FUNCTIONS,
    maps::FUNCTIONS,
    networks::FUNCTIONS,
    numbers::FUNCTIONS,
    patterns::FUNCTIONS,
    sets::FUNCTIONS,
    strings::FUNCTIONS,
    time::FUNCTIONS,
    versions::FUNCTIONS,
];

static SORTED: [LibraryFunction; count()] = sorted();

#[allow(clippy::indexing_slicing, reason = "runs when the program is compiled")]
const fn count() -> usize {
    let (mut total, mut group) = (0, 0);
    while group < GROUPS.len() {
        total += GROUPS[group].len();
        group += 1;
    }
    total
}

/// The groups in one table, by insertion: it runs when the program is compiled.
#[allow(clippy::indexing_slicing, reason = "runs when the program is compiled")]
const fn sorted() -> [LibraryFunction; count()] {
    let mut table = [strings::FUNCTIONS[0]; count()];
    let (mut filled, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut index = 0;
        while index < GROUPS[group].len() {
            let mut place = filled;
            while place > 0 && is_less(GROUPS[group][index].name, table[place - 1].name) {
                table[place] = table[place - 1];
                place -= 1;
            }
            table[place] = GROUPS[group][index];
            filled += 1;
            index += 1;
        }
        group += 1;
    }
    table
}

#[allow(clippy::indexing_slicing, reason = "runs when the program is compiled")]
const fn is_less(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut index = 0;
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return left[index] < right[index];
        }
        index += 1;
    }
    left.len() < right.len()
}

#[cfg(test)]
mod tests;
