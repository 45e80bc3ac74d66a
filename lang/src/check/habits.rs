//! Terraform's habits: names that mean something there. Each gets an error of its own, with what to write here.

use super::context::ModuleChecker;
use super::report::{NameProblem, nearest};
use crate::library::LibraryFunction;
use crate::source::FileTable;
use crate::tree::{Expression, ExpressionKind, Word};
use ecow::EcoString;
use formwork_model::{Diagnostic, Span};
use std::collections::HashMap;

impl ModuleChecker<'_, '_> {
    /// `var.x`, `local.x`, `module.x.y`, `each.key`, `count.index`, `data.T.x`, `path.module`, `terraform.workspace`,
    /// `TYPE.NAME`; only where the first word is no name of ours.
    pub(crate) fn habit(&self, base: &Expression, name: &Word, span: Span) -> Option<NameProblem> {
        let ExpressionKind::Name(first) = &base.kind else { return None };
        let is_ours = self.names.values.contains_key(first.as_str())
            || self.frame.locals.iter().any(|local| local.name == *first);
        if is_ours {
            return None;
        }
        let written = format!("{first}.{}", name.text);
        let address = |help: String| Some(NameProblem::HabitAddress { written: written.clone(), span, help });
        match (first.as_str(), name.text.as_str()) {
            ("var", _) => Some(NameProblem::HabitVar { name: name.text.clone(), span }),
            ("local", _) => Some(NameProblem::HabitLocal { name: name.text.clone(), span }),
            ("module", _) => Some(NameProblem::HabitModule { name: name.text.clone(), span }),
            ("each", "key" | "value") => Some(NameProblem::HabitEach { name: name.text.clone(), span }),
            ("count", "index") => Some(NameProblem::HabitCount { span }),
            ("data", _) => {
                address("data sources are named directly: write the block's name, without `data` and type".to_owned())
            }
            ("path", _) => {
                address("paths in `file(…)` and the like are relative to the module: leave it out".to_owned())
            }
            ("terraform", "workspace") => address("write `env`, the name of the environment".to_owned()),
            ("param" | "let" | "resource" | "output" | "locals" | "vars" | "variable" | "self" | "this", _) => {
                address(format!("what is declared is named directly: write `{}`", name.text))
            }
            _ => self.is_type_name(first).then(|| address(self.without_type(first, name)))?,
        }
    }

    /// `aws_vpc.main` has the block's name behind the dot, `aws.vpc.main` the rest of the type.
    fn without_type(&self, first: &str, name: &Word) -> String {
        let is_block = self.names.values.contains_key(name.text.as_str());
        let is_type = !is_block && self.shared.schemas.has_type(first, &name.text);
        if is_type {
            return format!("blocks are named without their type: leave out `{first}.{}.`", name.text);
        }
        format!("blocks are named without their type: write `{}`", name.text)
    }

    /// `aws_vpc.main`, `azure.subnet`.
    fn is_type_name(&self, name: &str) -> bool {
        let names: Vec<EcoString> = self.shared.schemas.names().into_iter().map(EcoString::from).collect();
        names.iter().any(|provider| provider == name) || type_name(name, &names).is_some()
    }
}

/// A word that other languages have for a value.
pub(crate) fn bare_name(name: &EcoString, span: Span) -> Option<NameProblem> {
    let ours = match name.as_str() {
        "undefined" | "None" | "nil" => "null",
        "True" | "yes" | "on" => "true",
        "False" | "no" | "off" => "false",
        _ => return None,
    };
    Some(NameProblem::ForeignWord { name: name.clone(), ours, span })
}

/// Prefixes of Terraform's type names and the provider that they stand for.
const PREFIXES: &[(&str, &str)] = &[
    ("azurerm_", "azure"),
    ("azuread_", "azure"),
    ("aws_", "aws"),
    ("kubernetes_", "kubernetes"),
    ("random_", "std"),
    ("null_resource", "std"),
    ("terraform_data", "std"),
    ("google_", "google"),
    ("helm_", "kubernetes"),
    ("tls_", "std"),
    ("local_", "std"),
    ("time_", "std"),
];

/// If `name` is a type as Terraform writes it: ours, where it is known.
pub(crate) fn type_name(name: &str, providers: &[EcoString]) -> Option<Option<String>> {
    let (prefix, provider) = PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix)).copied().or_else(|| {
        let (prefix, _) = name.split_once('_')?;
        providers.iter().any(|provider| provider == prefix).then_some((prefix, prefix))
    })?;
    let rest = name.strip_prefix(prefix).unwrap_or("").trim_start_matches('_');
    let ours = match name {
        "terraform_data" | "null_resource" => Some("std.value".to_owned()),
        "random_password" | "random_id" | "random_uuid" => Some(format!("std.{name}")),
        _ if rest.is_empty() => None,
        _ => Some(format!("{provider}.{rest}")),
    };
    Some(ours)
}

/// `resource a: azurerm_subnet {`: the parser misses the `.`; which is told in the words of whoever wrote it.
pub(crate) fn retold(diagnostic: &Diagnostic, files: &FileTable, providers: &[EcoString]) -> Diagnostic {
    unqualified_type(diagnostic, files, providers).unwrap_or_else(|| diagnostic.clone())
}

fn unqualified_type(diagnostic: &Diagnostic, files: &FileTable, providers: &[EcoString]) -> Option<Diagnostic> {
    let at = diagnostic.primary.as_ref().filter(|_| diagnostic.code.0 == "E0201")?.span;
    let before = files.get(at.file)?.text.get(..at.start as usize)?;
    let line = before.get(before.rfind('\n').map_or(0, |newline| newline + 1)..)?;
    let (header, rest) = line.split_once(':')?;
    let keyword = header.split_whitespace().next()?;
    let word = rest.trim();
    if !matches!(keyword, "resource" | "data" | "ephemeral") {
        return None;
    }
    let ours = type_name(word, providers)?;
    let start = (before.len() - rest.trim_start().len()) as u32;
    let span = Span::new(at.file, start, start + word.len() as u32);
    Some(NameProblem::HabitTypeName { name: word.into(), span, ours }.into())
}

/// What Terraform writes into a block and we into its header or above it.
pub(crate) fn meta_argument(name: &str) -> Option<&'static str> {
    Some(match name {
        "depends_on" => "write `after NAME, …` in the header; what is mentioned in an attribute is waited for anyway",
        "count" => "write `for name in to_set([\"a\", \"b\"])` in the header, or `if CONDITION` for one or none",
        "for_each" => "write `for key, value in MAP` in the header",
        "provider" | "providers" => "write `with PROVIDER.NAME` in the header",
        "lifecycle" => {
            "write decorators above the block: @protect, @create_first, @ignore(paths), @replace_when(values)"
        }
        "provisioner" | "connection" => "there are no provisioners: use `std.command`, or the image's own first boot",
        "dynamic" => "write a list: `[for x in xs => { … }]`",
        "timeouts" => "write `@timeout(create = 45m, delete = 30m)` above the block",
        _ => return None,
    })
}

/// The same of a provider's block.
pub(crate) fn provider_argument(name: &str) -> Option<&'static str> {
    Some(match name {
        "alias" => "the name of a second instance stands in the header: `provider PROVIDER NAME { … }`",
        "version" => "versions stand in formwork.toml: `[providers] NAME = \"1\"`",
        "features" => "leave it out",
        _ => return meta_argument(name),
    })
}

/// Whether an entry of a block makes several of it, as Terraform has it.
pub(crate) fn multiplies(name: &str) -> bool {
    matches!(name, "count" | "for_each")
}

/// Whether mistakes within the arguments of a function are what it is there for.
pub(crate) fn forgives(function: &str) -> bool {
    matches!(function, "try" | "can")
}

/// Terraform's functions and ours.
const FUNCTIONS: &[(&str, &str)] = &[
    ("jsonencode", "json_encode(value)"),
    ("jsondecode", "json_decode(text)"),
    ("yamlencode", "yaml_encode(value)"),
    ("yamldecode", "yaml_decode(text)"),
    ("tomldecode", "toml_decode(text)"),
    ("base64encode", "base64_encode(text)"),
    ("base64decode", "base64_decode(text)"),
    ("urlencode", "url_encode(text)"),
    ("lookup", "map?[key] ?? default"),
    ("element", "list[index]"),
    ("tostring", "\"${value}\""),
    ("tonumber", "to_int(text)"),
    ("tobool", "to_bool(text)"),
    ("toset", "to_set(list)"),
    ("tolist", "to_list(set)"),
    ("tomap", "to_map(value)"),
    ("concat", "[...a, ...b]"),
    ("merge", "{ ...a, ...b }"),
    ("coalesce", "a ?? b"),
    ("try", "a?.b ?? default"),
    ("can", "x != null"),
    ("templatefile", "template(path, values)"),
    ("cidrsubnet", "cidr_subnet(range, bits, number)"),
    ("cidrsubnets", "cidr_subnets(range, bits…)"),
    ("cidrhost", "cidr_host(range, number)"),
    ("cidrnetmask", "cidr_netmask(range)"),
    ("regexall", "find_all(text, pattern)"),
    ("regex", "capture(text, pattern)"),
    ("startswith", "starts_with(text, prefix)"),
    ("endswith", "ends_with(text, suffix)"),
    ("trimprefix", "trim_prefix(text, prefix)"),
    ("trimsuffix", "trim_suffix(text, suffix)"),
    ("trimspace", "trim(text)"),
    ("alltrue", "all(list)"),
    ("anytrue", "any(list)"),
    ("setunion", "union(a, b)"),
    ("setintersection", "intersection(a, b)"),
    ("setsubtract", "difference(a, b)"),
    ("setproduct", "cartesian_product(a, b)"),
    ("zipmap", "zip_map(keys, values)"),
    ("chunklist", "chunk(list, size)"),
    ("fileset", "files(pattern)"),
    ("filebase64", "file_base64(path)"),
    ("filesha256", "file_sha256(path)"),
    ("format", "\"${a}-${b}\""),
    ("formatlist", "[for x in xs => \"${x}\"]"),
    ("timestamp", "resource now: std.time"),
    ("uuid", "resource id: std.random_uuid"),
    ("bcrypt", "resource secret: std.random_password"),
    ("sensitive", "to_secret(value)"),
    ("matchkeys", "[for k, v in m if … => v]"),
    ("substr", "substring(text, start, length)"),
    ("one", "first(list)"),
    ("fileexists", "file_exists(path)"),
    ("filebase64sha256", "file_sha256_base64(path)"),
    ("base64sha256", "sha256_base64(text)"),
    ("base64sha512", "sha512_base64(text)"),
    ("formatdate", "time_format(time, format)"),
    ("timeadd", "time_add(time, duration)"),
    ("timecmp", "time_compare(a, b)"),
    ("parseint", "parse_int(text, base)"),
    ("chomp", "trim_end(text)"),
    ("strrev", "reverse(list)"),
    ("strcontains", "contains(text, part)"),
    ("index", "index_of(list, item)"),
    ("uuidv5", "uuid_v5(namespace, name)"),
    ("csvdecode", "[for line in lines(text) => split(line, \",\")]"),
    ("plantimestamp", "resource now: std.time"),
];

/// Functions that have no counterpart, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("nonsensitive", "what is made from a secret stays one: take the value from something that is no secret"),
    ("abspath", "paths are relative to the module, and stay so: leave it out"),
    ("pathexpand", "paths are relative to the module, and stay so: leave it out"),
];

/// What to write for a function of Terraform's. Names of ours in the advice are checked against the library, so that no
/// advice leads nowhere.
pub(crate) fn function(
    name: &EcoString,
    span: Span,
    library: &HashMap<&'static str, &'static LibraryFunction>,
) -> Option<NameProblem> {
    if let Some((_, why)) = WITHOUT.iter().find(|(theirs, _)| *theirs == name.as_str()) {
        return Some(NameProblem::HabitFunction { name: name.clone(), span, help: (*why).to_owned() });
    }
    let (_, ours) = FUNCTIONS.iter().find(|(theirs, _)| *theirs == name.as_str())?;
    let called = ours.split_once('(').map(|(called, _)| called);
    let is_word = |word: &str| word.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    let advice = match called {
        Some(called) if is_word(called) && !library.contains_key(called) => {
            let near = nearest(called, crate::library::FUNCTIONS.iter().map(|function| function.name))?;
            format!("did you mean `{near}`?")
        }
        _ => format!("write `{ours}`"),
    };
    Some(NameProblem::HabitFunction { name: name.clone(), span, help: advice })
}
