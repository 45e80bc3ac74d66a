//! What the plan goes through: the nodes of the graph, and the rows that blocks are expanded to.

use formwork_lang::graph::{Decorators, Node, NodeKind, Object};
use formwork_model::{Address, ObjectKind, Span, TypeName, ValueBuf, ValueId, ValueRef};
use std::rc::Rc;

/// A row of an expanded block.
#[derive(Debug)]
pub(crate) struct Extra {
    pub(crate) address: Address,
    pub(crate) type_name: TypeName,
    pub(crate) config: ValueBuf,
    /// Item of the block.
    pub(crate) block: u32,
    /// Items that come before it: other rows, and what the block needs.
    pub(crate) needs: Vec<u32>,
}

/// An object that is planned.
#[derive(Clone)]
pub(crate) struct Source<'a> {
    /// Number of the item.
    pub(crate) item: u32,
    node: &'a Node,
    object: &'a Object,
    extra: Option<Rc<Extra>>,
}

impl<'a> Source<'a> {
    /// The object of a node; none where it is something else.
    pub(crate) fn of_node(item: u32, node: &'a Node) -> Option<Self> {
        match &node.kind {
            NodeKind::Object(object) => Some(Self { item, node, object, extra: None }),
            NodeKind::Provider(_) | NodeKind::Junction => None,
        }
    }

    /// A row of this block.
    pub(crate) fn row(&self, item: u32, extra: Rc<Extra>) -> Self {
        Self { item, extra: Some(extra), ..self.clone() }
    }

    pub(crate) fn address(&self) -> &Address {
        self.extra.as_ref().map_or(&self.node.address, |extra| &extra.address)
    }

    pub(crate) fn type_name(&self) -> &TypeName {
        self.extra.as_ref().map_or(&self.object.type_name, |extra| &extra.type_name)
    }

    pub(crate) const fn kind(&self) -> ObjectKind {
        self.object.kind
    }

    pub(crate) const fn decorators(&self) -> &'a Decorators {
        &self.object.decorators
    }

    /// Item of the provider instance.
    pub(crate) const fn provider(&self) -> u32 {
        self.object.provider.0
    }

    pub(crate) const fn span(&self) -> Span {
        self.node.span
    }

    /// The config as the graph has it; none for a row, whose config is its own.
    pub(crate) fn config_id(&self) -> Option<ValueId> {
        self.extra.is_none().then_some(self.object.config)
    }

    /// The config of a row of a block.
    pub(crate) fn row_config(&self) -> Option<Rc<Extra>> {
        self.extra.clone()
    }
}

/// A config, borrowed from the graph where nothing had to be filled in.
#[derive(Clone)]
pub(crate) enum Config<'a> {
    /// As it was evaluated.
    Given(ValueRef<'a>),
    /// As the row of a block has it.
    OfRow(Rc<Extra>),
    /// With what became known.
    Resolved(Rc<ValueBuf>),
}

impl Config<'_> {
    pub(crate) fn view(&self) -> ValueRef<'_> {
        match self {
            Self::Given(value) => *value,
            Self::OfRow(extra) => extra.config.view(),
            Self::Resolved(value) => value.view(),
        }
    }

    pub(crate) fn to_buf(&self) -> ValueBuf {
        self.view().to_buf()
    }
}

/// What was found out about an item.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) standing: Standing,
    /// What those who refer to it see.
    pub(crate) value: Option<ValueId>,
    /// The draft that they wait for.
    pub(crate) draft: Option<u32>,
    /// A new object takes the place of an old one, or the object did not exist.
    pub(crate) anew: bool,
    /// An old object is replaced.
    pub(crate) replaced: bool,
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not visited yet.
    #[default]
    Waiting,
    /// A block whose rows are being planned.
    Expanded,
    /// Nothing of it changes.
    Settled,
    /// Something of it changes.
    Changing,
    /// It cannot be planned in this phase.
    Blocked,
    /// It was reported.
    Failed,
}

/// What becomes an operation.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) subject: Subject,
    pub(crate) action: super::Action,
    pub(crate) reason: super::Reason,
    pub(crate) through: Through,
    pub(crate) row: Option<u32>,
    pub(crate) counterpart: Option<u32>,
    pub(crate) config: Option<ValueId>,
    pub(crate) prior: Option<ValueId>,
    pub(crate) planned: Option<ValueId>,
    pub(crate) private: Vec<u8>,
    pub(crate) replace_paths: Vec<formwork_model::AttributePath>,
    pub(crate) replace_when: Option<ValueId>,
}

/// Through which provider instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Through {
    /// The one that only the state knows, by its number.
    Recorded(u32),
    /// The one of this item, as it was before this plan: its cluster is replaced.
    Before(u32),
    /// The one of this item.
    Instance(u32),
}

/// Whose draft it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An item of the walk.
    Item(u32),
    /// A row without item, or the old object of one.
    Row(u32),
}
