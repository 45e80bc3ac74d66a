//! `data azure.secret`: a secret of a vault that somebody else keeps.

use super::{attributes, count, schema, with_given};
use crate::resources::secret::{SCHEMA as RESOURCE, Secret};
use crate::resources::vault_item::{VERSION, VaultItem};
use formwork_model::schema::{Attribute, ResourceSchema};
use std::marker::PhantomData;

const COUNT: usize = count(RESOURCE.attributes);
const ATTRIBUTES: [Attribute; COUNT] = with_given(attributes(RESOURCE.attributes), VERSION);

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = schema(&RESOURCE, &ATTRIBUTES);

/// The data source.
pub(crate) static SOURCE: VaultItem<Secret> = VaultItem(PhantomData);
