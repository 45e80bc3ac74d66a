//! `moved`, `import` and `forget`: addresses of this module.

use super::context::{Frame, ModuleChecker};
use super::expression::What;
use super::names::{Meaning, Names};
use super::report::{NameProblem, nearest};
use crate::program::{self, Expr, ExprKind, RelativeAddress};
use crate::tree::{self, AddressPart, ExpressionKind, ObjectKeyword, WrittenAddress};
use ecow::EcoString;
use formwork_model::{Literal, Type, Value};

/// What an address leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A resource block.
    Resource,
    /// A module call.
    Module,
}

impl<'a> ModuleChecker<'_, 'a> {
    /// `moved FROM -> TO`: TO must be there, FROM must not.
    pub(crate) fn moved(&mut self, moved: &'a tree::Moved) -> Option<program::Moved> {
        let from = self.address(&moved.from);
        let to = self.address(&moved.to);
        let target = self.target(&moved.to)?;
        if let Some(Target::Resource) = self.lookup(&moved.from)
            && moved.from.parts.iter().all(|part| part.key.is_none())
            && target != Target::Module
            && is_whole(&moved.from) == is_whole(&moved.to)
        {
            let address = written(&moved.from);
            let reason = "is still declared, so nothing has moved away from it".to_owned();
            let help = "remove the old block, or remove this line".to_owned();
            self.tell(NameProblem::UnknownAddress { address, span: moved.from.span, reason, help });
            return None;
        }
        self.keys_fit(&moved.to, false).then_some(())?;
        Some(program::Moved { from: from?, to: to? })
    }

    /// `import [for …] ID -> TO [if C]`
    pub(crate) fn import(&mut self, import: &'a tree::Import) -> Option<program::Import> {
        let (import, locals) = self
            .in_frame(Frame { secrets: super::fits::Secrets::Carried, ..Frame::default() }, |checker| {
                checker.import_in_frame(import)
            });
        import.map(|import| program::Import { locals, ..import })
    }

    fn import_in_frame(&mut self, import: &'a tree::Import) -> Option<program::Import> {
        let iteration = import.iteration.as_ref().map(|iteration| self.iteration(iteration));
        let condition = import.condition.as_ref().map(|condition| self.check_condition(condition));
        if let Some(condition) = &condition {
            self.assume(condition, true);
        }
        let id = self.check(&import.id, &Type::String, What::Id);
        let to = self.address(&import.to);
        match self.target(&import.to)? {
            Target::Module => {
                let address = written(&import.to);
                let (reason, help) = (
                    "is a module, not a resource".to_owned(),
                    format!("name a resource in it, such as `{address}.NAME`"),
                );
                self.tell(NameProblem::UnknownAddress { address, span: import.to.span, reason, help });
                return None;
            }
            Target::Resource => self.keys_fit(&import.to, true).then_some(())?,
        }
        let iteration = match iteration {
            Some(None) => return None,
            Some(iteration) => iteration,
            None => None,
        };
        Some(program::Import { iteration, condition, id, to: to?, locals: 0 })
    }

    /// `forget ADDRESS`: must not be there any more.
    pub(crate) fn forget(&mut self, address: &'a WrittenAddress) -> Option<program::Forget> {
        let checked = self.address(address)?;
        let whole = address.parts.iter().all(|part| part.key.is_none());
        if whole && self.lookup(address).is_some() {
            let text = written(address);
            let reason = "is still declared".to_owned();
            let help = "remove the block as well; this line then lets go of the object without deleting it".to_owned();
            self.tell(NameProblem::UnknownAddress { address: text, span: address.span, reason, help });
            return None;
        }
        Some(program::Forget { address: checked })
    }

    fn address(&mut self, address: &'a WrittenAddress) -> Option<RelativeAddress> {
        let (last, modules) = address.parts.split_last()?;
        let mut steps = Vec::with_capacity(modules.len());
        for part in modules {
            steps.push((part.name.text.clone(), self.address_key(part)));
        }
        let key = self.address_key(last);
        Some(RelativeAddress { modules: steps, name: last.name.text.clone(), key, span: address.span })
    }

    fn address_key(&mut self, part: &'a AddressPart) -> Option<Expr> {
        let key = part.key.as_ref()?;
        if let ExpressionKind::String(text) = &key.kind {
            let ty = Type::Literal(Literal::String(text.clone()));
            return Some(Expr { kind: ExprKind::Constant(Value::String(text.clone())), ty, span: key.span });
        }
        // Ids may be secret, keys never are.
        let secrets = std::mem::replace(&mut self.frame.secrets, super::fits::Secrets::Kept);
        let checked = self.check(key, &Type::String, What::Key);
        self.frame.secrets = secrets;
        Some(checked)
    }

    /// What the address leads to; reports where there is nothing.
    fn target(&mut self, address: &WrittenAddress) -> Option<Target> {
        let found = self.lookup(address);
        if found.is_none() && address.parts.iter().all(|part| !self.names.is_lost(&part.name.text)) {
            let candidates = self.names.value_names();
            let first = address.parts.first().map_or("", |part| part.name.text.as_str());
            let near = nearest(first, candidates);
            let help = match near {
                Some(near) if address.parts.len() == 1 => format!("did you mean `{near}`?"),
                _ => "name a resource or module call that is declared: `NAME`, or `MODULE.NAME`".to_owned(),
            };
            let text = written(address);
            self.tell(NameProblem::UnknownAddress {
                address: text,
                span: address.span,
                reason: "is not declared".to_owned(),
                help,
            });
        }
        found
    }

    fn lookup(&self, address: &WrittenAddress) -> Option<Target> {
        let (last, modules) = address.parts.split_last()?;
        let mut names: &Names<'a> = self.names;
        for part in modules {
            let (Meaning::Call(id), _) = names.values.get(part.name.text.as_str())? else { return None };
            names = names.targets.get(id.index()).copied().flatten().and_then(|target| self.all_names.get(target))?;
        }
        match names.values.get(last.name.text.as_str())?.0 {
            Meaning::Call(_) => Some(Target::Module),
            Meaning::Block(id) => {
                let block = names.blocks.get(id.index())?.what;
                (block.keyword == ObjectKeyword::Resource).then_some(Target::Resource)
            }
            Meaning::Param(_) | Meaning::Let(_) => None,
        }
    }

    /// Whether keys stand where there are instances; reports where not. `all`: one object is meant, so none may be missing.
    fn keys_fit(&mut self, address: &WrittenAddress, all: bool) -> bool {
        let Some((parts, has_instances)) = self.misplaced_key(address, all) else { return true };
        let at = written_parts(address.parts.get(..parts).unwrap_or(&[]));
        let (reason, help) = if has_instances {
            ("has instances", format!("choose one: `{at}[\"key\"]`"))
        } else {
            let without = at.rsplit_once('[').map_or(at.as_str(), |(before, _)| before);
            ("has no instances: there is no `for` in its header", format!("write `{without}`"))
        };
        let (span, reason) = (address.span, reason.to_owned());
        self.tell(NameProblem::UnknownAddress { address: at, span, reason, help });
        false
    }

    /// The first parts up to a key that is missing, or one too many; and whether instances are there.
    fn misplaced_key(&self, address: &WrittenAddress, all: bool) -> Option<(usize, bool)> {
        let mut names: &Names<'a> = self.names;
        for (position, part) in address.parts.iter().enumerate() {
            let (header, target) = match names.values.get(part.name.text.as_str())?.0 {
                Meaning::Call(id) => {
                    let target = names.targets.get(id.index()).copied().flatten();
                    (&names.calls.get(id.index())?.what.header, target.and_then(|target| self.all_names.get(target)))
                }
                Meaning::Block(id) => (&names.blocks.get(id.index())?.what.header, None),
                Meaning::Param(_) | Meaning::Let(_) => return None,
            };
            let has_instances = header.iteration.is_some();
            if part.key.is_some() != has_instances && (all || !has_instances) {
                return Some((position + 1, has_instances));
            }
            if position + 1 < address.parts.len() {
                names = target?;
            }
        }
        None
    }
}

fn is_whole(address: &WrittenAddress) -> bool {
    address.parts.last().is_some_and(|part| part.key.is_none())
}

fn written(address: &WrittenAddress) -> String {
    written_parts(&address.parts)
}

fn written_parts(parts: &[AddressPart]) -> String {
    let parts: Vec<EcoString> = parts
        .iter()
        .map(|part| match part.key.as_ref().map(|key| &key.kind) {
            Some(ExpressionKind::String(key)) => format!("{}[{key:?}]", part.name.text).into(),
            Some(_) => format!("{}[…]", part.name.text).into(),
            None => part.name.text.clone(),
        })
        .collect();
    parts.join(".")
}
