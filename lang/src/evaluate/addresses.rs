//! `moved`, `import` and `forget`, made absolute.

use super::Evaluator;
use super::block::Instances;
use super::problem::Problem;
use crate::graph::{Forget, Import, MoveEnd, Moved};
use crate::program::{self, Expr, RelativeAddress};
use crate::residual::{Fault, expected};
use ecow::EcoString;
use formwork_model::{Address, ModulePath, ObjectKind, Value};

impl<'p> Evaluator<'p> {
    /// Goes through all instances of all modules.
    pub(super) fn addresses(&mut self) {
        for context in 0..self.context_instances.len() {
            for instance in self.context_instances.get(context).cloned().unwrap_or_default() {
                self.enter(instance);
                let module = self.module;
                module.moved.iter().for_each(|moved| self.moved(moved));
                module.imports.iter().for_each(|import| self.import(import));
                module.forgets.iter().for_each(|forget| self.forget(forget));
            }
        }
    }

    fn moved(&mut self, moved: &'p program::Moved) {
        let is_module = self.names_call(&moved.to);
        let ends = self.end(&moved.from, is_module).and_then(|from| Ok((from, self.end(&moved.to, is_module)?)));
        match ends {
            Ok((from, to)) => {
                let span = moved.from.span.to(moved.to.span);
                self.moved.push(Moved { from, to, span });
            }
            Err(fault) => self.report(fault),
        }
    }

    fn forget(&mut self, forget: &'p program::Forget) {
        // What is forgotten is gone from the sources, so that nothing tells whether it was a block or a module.
        for is_module in [false, true] {
            match self.end(&forget.address, is_module) {
                Ok(address) => self.forgets.push(Forget { address, span: forget.address.span }),
                Err(fault) => return self.report(fault),
            }
        }
    }

    fn end(&mut self, address: &'p RelativeAddress, is_module: bool) -> Result<MoveEnd, Fault> {
        let mut path = self.here().map(|here| here.path.clone()).unwrap_or_default();
        for (name, key) in &address.modules {
            let key = self.key(key.as_ref())?;
            path = path.child(name.clone(), key);
        }
        let key = self.key(address.key.as_ref())?;
        Ok(if is_module {
            MoveEnd::Module(path.child(address.name.clone(), key))
        } else {
            MoveEnd::Resource(resource(path, &address.name, key))
        })
    }

    fn key(&mut self, key: Option<&'p Expr>) -> Result<Option<EcoString>, Fault> {
        let Some(key) = key else { return Ok(None) };
        self.known_text(key, "the key of an address").map(Some)
    }

    fn known_text(&mut self, expression: &'p Expr, what: &'static str) -> Result<EcoString, Fault> {
        let value = self.expression(expression)?;
        match value.exposed() {
            Value::String(text) => Ok(text.clone()),
            Value::Unknown(_) => {
                self.diagnostics.push(Problem::UnknownAddress { span: expression.span, what }.into_diagnostic());
                Err(Fault::reported())
            }
            other => Err(expected("a string", other).at(expression.span)),
        }
    }

    /// Whether an address names a module call.
    fn names_call(&self, address: &RelativeAddress) -> bool {
        let Some(mut context) = self.here().map(|here| here.context as usize) else { return false };
        for (name, _) in &address.modules {
            let Some(next) = self.child_context(context, name) else { return false };
            context = next;
        }
        self.child_context(context, &address.name).is_some()
    }

    fn child_context(&self, context: usize, name: &str) -> Option<usize> {
        let module = self.units.module(self.program, context)?;
        let call = module.calls.iter().position(|call| call.name == name)?;
        self.units.contexts.get(context)?.children.get(call).map(|child| *child as usize)
    }

    fn import(&mut self, import: &'p program::Import) {
        let result = self.with_frame(import.locals, [], |this| {
            let iteration = import.iteration.as_ref();
            match this.instances_of(iteration, import.condition.as_ref(), "this import")? {
                Instances::Absent => Ok(()),
                Instances::One => this.one_import(import),
                Instances::Many(keys) => keys.into_iter().try_for_each(|(key, item)| {
                    if let Some(iteration) = iteration {
                        this.bind_instance(iteration, &key, item);
                    }
                    this.one_import(import)
                }),
                Instances::Deferred(_) => {
                    let what = "whether to import";
                    let problem = Problem::UnknownAddress { span: import.id.span, what };
                    this.diagnostics.push(problem.into_diagnostic());
                    Err(Fault::reported())
                }
            }
        });
        if let Err(fault) = result {
            self.report(fault);
        }
    }

    fn one_import(&mut self, import: &'p program::Import) -> Result<(), Fault> {
        let id = self.known_text(&import.id, "the id of an import")?;
        if let MoveEnd::Resource(to) = self.end(&import.to, false)? {
            self.imports.push(Import { id, to, span: import.to.span });
        }
        Ok(())
    }
}

fn resource(path: ModulePath, name: &EcoString, key: Option<EcoString>) -> Address {
    let mut address = Address::new(path, ObjectKind::Resource, name.clone());
    address.key = key;
    address
}
