//! Semantic versions. A `v` in front is taken and ignored.

use super::arguments::{BASE, Outcome, gives, item_text, items, optional, required, text};
use super::{Environment, FunctionError, LibraryFunction, Parameter, ResultType, Shape};
use ecow::EcoString;
use formwork_model::{Field, RecordType, Type, Value};
use semver::{Version, VersionReq};
use std::cmp::Ordering;
use std::sync::Arc;

const GROUP: LibraryFunction = LibraryFunction { group: "versions", ..BASE };

const VERSION: Parameter = required("version", Shape::String);

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "semver_matches",
        docs: "Whether the version fits the requirement: `1.4` or `^1.4` (compatible), `~1.4.2` (this minor version), `>=1.2, <3`, `=1.4.2`, `*`. A pre-release fits only where the requirement names one of the same version.",
        examples: &[
            (r#"semver_matches("1.31.2", ">=1.29, <1.32")"#, "true"),
            (r#"semver_matches("2.0.0", "^1.4")"#, "false"),
        ],
        parameters: &[VERSION, required("requirement", Shape::String)],
        result: gives(Shape::Bool),
        call: |_, arguments| {
            let version = version(text(arguments, 0)?, 0)?;
            Ok(Value::Bool(requirement(arguments)?.matches(&version)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "semver_compare",
        docs: "-1 where the first version comes before the second, 0 where they are equal, 1 where it comes after. Build metadata does not count.",
        examples: &[(r#"semver_compare("1.9.0", "1.10.0")"#, "-1"), (r#"semver_compare("v1.0.0", "1.0.0-rc.1")"#, "1")],
        parameters: &[VERSION, required("other", Shape::String)],
        result: gives(Shape::Int),
        call: |_, arguments| {
            let (one, two) = (version(text(arguments, 0)?, 0)?, version(text(arguments, 1)?, 1)?);
            Ok(Value::Int(match one.cmp_precedence(&two) {
                Ordering::Less => -1,
                Ordering::Equal => 0,
                Ordering::Greater => 1,
            }))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "semver_latest",
        docs: "The latest of the versions that fits the requirement, as it was written, or null where none does.",
        examples: &[
            (r#"semver_latest(["1.9.0", "1.10.0", "2.0.0"], "^1")"#, r#""1.10.0""#),
            (r#"semver_latest(["1.9.0"], "^2")"#, "null"),
        ],
        parameters: &[
            required("versions", Shape::Items(&Shape::String)),
            optional("requirement", Shape::String, r#""*""#),
        ],
        result: gives(Shape::Optional(&Shape::String)),
        call: latest,
        ..GROUP
    },
    LibraryFunction {
        name: "semver_parse",
        docs: "The parts of the version: `major`, `minor`, `patch`, `pre_release` and `build`; the last two are empty texts where there are none.",
        examples: &[
            (r#"semver_parse("v1.31.2").minor"#, "31"),
            (
                r#"semver_parse("1.0.0-rc.1+abc")"#,
                r#"{ major = 1, minor = 0, patch = 0, pre_release = "rc.1", build = "abc" }"#,
            ),
        ],
        parameters: &[VERSION],
        result: ResultType::Computed(parts_type),
        call: parse,
        ..GROUP
    },
];

fn version(text: &str, index: usize) -> Result<Version, FunctionError> {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|error| {
        FunctionError::of(index, format!("`{text}` is no semantic version: {error}"))
            .help("write three numbers, such as `1.31.0`")
    })
}

fn requirement(arguments: &[Value]) -> Result<VersionReq, FunctionError> {
    let text = text(arguments, 1)?;
    VersionReq::parse(text).map_err(|error| {
        FunctionError::of(1, format!("`{text}` is no version requirement: {error}"))
            .help("write `^1.4`, `~1.4.2`, `>=1.2, <3` or `*`")
    })
}

fn latest(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let requirement = requirement(arguments)?;
    let mut best: Option<(Version, &Value)> = None;
    for item in items(arguments, 0)? {
        let version = version(item_text(item, 0)?, 0)?;
        // `*` means any version, so pre-releases too.
        let fits = requirement == VersionReq::STAR || requirement.matches(&version);
        if fits && best.as_ref().is_none_or(|(best, _)| version.cmp_precedence(best).is_gt()) {
            best = Some((version, item));
        }
    }
    Ok(best.map_or(Value::Null, |(_, item)| item.clone()))
}

fn parts_type(_: &[Type]) -> Type {
    let field =
        |name: &str, ty: Type| Field { name: name.into(), ty, optional: false, docs: EcoString::new(), span: None };
    let numbers = ["major", "minor", "patch"].map(|name| field(name, Type::Int));
    let texts = ["pre_release", "build"].map(|name| field(name, Type::String));
    let fields = numbers.into_iter().chain(texts).collect();
    Type::Record(Arc::new(RecordType { name: None, declaration: None, fields }))
}

fn parse(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let version = version(text(arguments, 0)?, 0)?;
    let number = |part: u64| {
        i64::try_from(part).map(Value::Int).map_err(|_| FunctionError::of(0, format!("{part} does not fit 64 bits")))
    };
    Ok(Value::map([
        ("major", number(version.major)?),
        ("minor", number(version.minor)?),
        ("patch", number(version.patch)?),
        ("pre_release", Value::string(version.pre.as_str())),
        ("build", Value::string(version.build.as_str())),
    ]))
}
