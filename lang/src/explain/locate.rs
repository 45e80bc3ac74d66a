//! From what a person writes, `cluster["eu"].pool["x"].max`, to an address and a path: only the program knows where one
//! ends and the other begins.

use crate::program::{Module, Program};
use crate::syntax;
use crate::tree::PathStep;
use ecow::EcoString;
use formwork_model::{Address, AttributePath, Code, Diagnostic, FileId, ModulePath, ObjectKind, Step};

/// Splits `text` into the address of something in `program` and a path within it.
///
/// # Errors
/// When it is no path, or names nothing.
pub fn locate(program: &Program, text: &str) -> Result<(Address, AttributePath), Diagnostic> {
    let (kind, rest) = [ObjectKind::Data, ObjectKind::Ephemeral, ObjectKind::Provider]
        .into_iter()
        .find_map(|kind| text.strip_prefix(kind.prefix()).map(|rest| (kind, rest)))
        .unwrap_or((ObjectKind::Resource, text));
    let steps = syntax::parse_path(FileId(u32::MAX), rest).map_err(|mistakes| {
        let reason = mistakes.into_iter().next().map_or_else(String::new, |mistake| mistake.message);
        malformed(text, &reason)
    })?;
    let steps: Vec<Step> = steps.into_iter().map(plain).collect();
    let module = program.modules.first().ok_or_else(|| malformed(text, "the stack is empty"))?;
    let found = Walk { program, module, path: ModulePath::root(), steps: &steps };
    found.find(kind).map_err(|reason| malformed(text, &reason))
}

fn malformed(text: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(Code::new("E0621"), format!("`{text}` names nothing in this stack: {reason}"))
        .help("write an address and a path, as in `cluster[\"eu\"].pool.max`; a shell needs single quotes around it")
}

fn plain(step: PathStep) -> Step {
    match step {
        PathStep::Member(word) => Step::Member(word.text),
        PathStep::Key(word) => Step::Key(word.text),
        PathStep::Index(index, _) => Step::Index(index),
        PathStep::Each(_) => Step::Each,
    }
}

struct Walk<'a> {
    program: &'a Program,
    module: &'a Module,
    path: ModulePath,
    steps: &'a [Step],
}

impl<'a> Walk<'a> {
    /// The address and the path behind it; else why there is none.
    fn find(mut self, kind: ObjectKind) -> Result<(Address, AttributePath), String> {
        if kind == ObjectKind::Provider {
            return self.provider().ok_or_else(|| "the stack configures no such provider".to_owned());
        }
        loop {
            let Some((Step::Member(name), rest)) = self.steps.split_first() else { return Err(self.incomplete()) };
            let call = self.module.calls.iter().find(|call| call.name == *name);
            let Some(call) = call else { return self.declared(name, rest) };
            let (key, below) = self.key(call.iteration.is_some(), rest);
            let child = self.program.modules.get(call.module.index());
            self.module = child.ok_or_else(|| format!("the module `{name}` could not be read"))?;
            self.path = self.path.child(name.clone(), key);
            self.steps = below;
        }
    }

    /// Of a path that ends at the call of a module, which has no value by itself.
    fn incomplete(&self) -> String {
        let names: Vec<&EcoString> = self.names().collect();
        let within = match self.path.0.last() {
            Some(call) => format!("`{}` calls a module: say what is meant in it", call.name),
            None => "it begins with no name".to_owned(),
        };
        if names.is_empty() { within } else { format!("{within}, {}", super::path::listed(&names)) }
    }

    /// All that has a name in the module, what it tells others first.
    fn names(&self) -> impl Iterator<Item = &'a EcoString> {
        let module = self.module;
        let values = module.params.iter().map(|param| &param.name).chain(module.lets.iter().map(|item| &item.name));
        let blocks = module.blocks.iter().map(|block| &block.name).chain(module.calls.iter().map(|call| &call.name));
        module.outputs.iter().map(|output| &output.name).chain(blocks).chain(values)
    }

    /// `aws.audit.region` is the instance `audit`, where there is one, else an attribute of the default one.
    fn provider(&self) -> Option<(Address, AttributePath)> {
        let (Step::Member(provider), rest) = self.steps.split_first()? else { return None };
        let declared = |name: Option<&EcoString>| {
            let mut blocks = self.module.providers.iter();
            blocks.find(|block| block.provider == *provider && block.name.as_ref() == name)
        };
        let named = match rest.split_first() {
            Some((Step::Member(name), below)) => declared(Some(name)).map(|block| (block, below)),
            _ => None,
        };
        let (block, rest) = match named {
            Some(found) => found,
            None => (declared(None)?, rest),
        };
        let (key, rest) = self.key(block.iteration.is_some(), rest);
        let mut address = Address::provider(provider.clone(), block.name.clone());
        address.key = key;
        Some((address, rest.iter().cloned().collect()))
    }

    fn key(&self, keyed: bool, rest: &'a [Step]) -> (Option<EcoString>, &'a [Step]) {
        match rest.split_first() {
            Some((Step::Key(key), below)) if keyed => (Some(key.clone()), below),
            _ => (None, rest),
        }
    }

    fn declared(self, name: &EcoString, rest: &'a [Step]) -> Result<(Address, AttributePath), String> {
        let module = self.module;
        let block = module.blocks.iter().find(|block| block.name == *name);
        let (kind, keyed, has_rows) = match block {
            Some(block) => (block.kind, block.iteration.is_some(), block.schema.capabilities.expand),
            None if self.names().any(|known| known == name) => (ObjectKind::Resource, false, false),
            None => {
                let near = crate::residual::nearest(name, self.names().map(EcoString::as_str));
                let meant = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(format!("`{name}` is no block, provider, module, param, let or output{meant}"));
            }
        };
        let (key, rest) = self.key(keyed, rest);
        let (row, rest) = self.key(has_rows, rest);
        let mut address = Address::new(self.path, kind, name.clone());
        // Without `for` a row stands where the key does.
        (address.key, address.row) = if keyed { (key, row) } else { (row, None) };
        Ok((address, rest.iter().cloned().collect()))
    }
}
