//! The keys of one literal.

use ecow::EcoString;
use formwork_model::Span;
use std::collections::HashMap;

/// Keys of one literal, with their places; by hash where there are many.
#[derive(Default)]
pub(crate) struct Keys {
    few: Vec<(EcoString, Span)>,
    many: HashMap<EcoString, Span>,
}

impl Keys {
    const FEW: usize = 16;

    /// None yet; room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { few: Vec::with_capacity(count.min(Self::FEW)), many: HashMap::new() }
    }

    /// Adds a key, unless it is there: then where it stood.
    pub(crate) fn insert(&mut self, name: &EcoString, span: Span) -> Option<Span> {
        if let Some((_, first)) = self.few.iter().find(|(key, _)| key == name) {
            return Some(*first);
        }
        if self.few.len() < Self::FEW {
            self.few.push((name.clone(), span));
            return None;
        }
        match self.many.get(name) {
            Some(first) => Some(*first),
            None => self.many.insert(name.clone(), span),
        }
    }

    /// Whether a key is there.
    pub(crate) fn contains(&self, name: &EcoString) -> bool {
        self.few.iter().any(|(key, _)| key == name) || self.many.contains_key(name)
    }

    /// The keys; of very many only the first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &EcoString> {
        self.few.iter().map(|(key, _)| key)
    }
}
