//! Pieces that the schemas of several types share.

use formwork_model::schema::{Attribute, Capabilities, Default as Preset};

/// Found by stamp, read in batches, listed, imported, repaired by an update.
pub(crate) const FULL: Capabilities =
    Capabilities { update: true, find: true, batch_read: true, list: true, import: true, expand: false, repair: true };

/// The user's tags.
pub(crate) const TAGS: Attribute =
    Attribute::string_map("tags", "Tags, besides the provider's `default_tags`.").default(Preset::Empty);

/// All tags.
pub(crate) const TAGS_ALL: Attribute =
    Attribute::string_map("tags_all", "All tags: `tags` and the provider's `default_tags`.").computed();

/// How long EC2's searches by tag may lag behind, in milliseconds.
pub(crate) const EC2_SETTLE_MS: u64 = 5_000;
