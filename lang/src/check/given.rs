//! `FORMWORK_VAR_name` and `--var` against the params of the stack. What is wrong with them is told without a place: they
//! stand in no file. The text of a secret is not repeated.

use super::context::ModuleChecker;
use super::fits::holds_secret;
use super::names::Meaning;
use super::report::nearest;
use crate::given::Given;
use crate::inputs::problem::Problem;
use crate::program::{Amendment, ParamId, Setting};
use crate::tree::OverlayEntry;
use formwork_model::{AttributePath, Diagnostic, Redacted, Type};

/// A value and what it says, once the type of its param is known.
pub(crate) struct Taken<'a> {
    given: &'a Given,
    param: ParamId,
    ty: Type,
    /// What it says.
    pub(crate) entry: &'a OverlayEntry,
}

impl<'a> ModuleChecker<'_, 'a> {
    /// Values whose param there is, and which can be read.
    pub(crate) fn taken(&mut self, given: &'a [Given]) -> Vec<Taken<'a>> {
        let known = given.iter().filter(|given| !self.names.is_lost(&given.name));
        known.filter_map(|given| self.take(given).map_err(|problem| self.refuse(problem)).ok()).collect()
    }

    fn refuse(&mut self, problem: Problem) {
        self.shared.report.push(problem.into_diagnostic(None));
    }

    fn take(&mut self, given: &'a Given) -> Result<Taken<'a>, Problem> {
        let layer = given.layer.to_string();
        let Some((Meaning::Param(param), _)) = self.names.values.get(given.name.as_str()).copied() else {
            let params = self.names.params.iter().map(|param| param.what.name.text.as_str());
            let nearest = nearest(&given.name, params).map(str::to_owned);
            return Err(Problem::NoSuchParam { layer, name: given.name.to_string(), nearest });
        };
        let ty = self.params.get(param.index()).cloned().unwrap_or(Type::Error);
        if given.is_flag() && ty.is_secret() {
            return Err(Problem::SecretFlag { name: given.name.to_string() });
        }
        match given.entry(&ty) {
            Ok(entry) => Ok(Taken { given, param, ty, entry }),
            Err(reason) => Err(not_an_expression(given, &ty, reason)),
        }
    }

    /// Checks a value as an overlay's.
    pub(crate) fn setting(&mut self, taken: &Taken<'a>) -> Option<Setting> {
        let value = self.overlay_value(taken.entry, &taken.ty, false)?;
        let amendment = Amendment {
            action: taken.entry.action,
            param: taken.param,
            path: AttributePath::root(),
            value,
            span: taken.entry.span,
        };
        Some(Setting { layer: taken.given.layer.clone(), amendment: Redacted(amendment) })
    }

    /// Tells what is wrong with them in words that fit a shell.
    pub(crate) fn retell(&mut self, taken: &[Taken<'a>]) {
        for diagnostic in &mut self.shared.report {
            let place = diagnostic.primary.as_ref().map(|label| label.span);
            let taken = taken.iter().find(|taken| place.is_some_and(|place| taken.given.holds(place)));
            if let Some(taken) = taken {
                *diagnostic = retold(diagnostic, taken);
            }
        }
    }
}

fn retold(diagnostic: &Diagnostic, taken: &Taken<'_>) -> Diagnostic {
    let Taken { given, ty, .. } = taken;
    if holds_secret(ty) {
        return not_an_expression(given, ty, String::new()).into_diagnostic(None);
    }
    if diagnostic.code == super::overlays::NOT_CONSTANT {
        let name = diagnostic.primary.as_ref().map_or("", |label| given.text_at(label.span));
        let reason = format!("`{name}` is a name; quote texts: `\"{name}\"`");
        return not_an_expression(given, ty, reason).into_diagnostic(None);
    }
    let mut told = diagnostic.clone();
    told.primary = None;
    told.labels.retain(|label| !given.holds(label.span));
    told.message = format!("{}: {}", given.layer, diagnostic.message);
    told
}

fn not_an_expression(given: &Given, ty: &Type, reason: String) -> Problem {
    let reason = if holds_secret(ty) { "it is not what the param takes".into() } else { reason };
    Problem::NotAnExpression { layer: given.layer.to_string(), ty: ty.exposed().to_string(), reason }
}
