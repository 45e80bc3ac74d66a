//! The provider `azure`: Azure Resource Manager, and the data plane of Key Vault.
//!
//! - `arm` speaks ARM's protocol: ids, requests, pages, long operations, errors. It knows no type.
//! - `credentials` gives tokens; `trust` says which hosts may get them.
//! - `resource` is what all types share; `resources` has one file a type.
//!
//! # How to add a type
//!
//! 1. Write `resources/NAME.rs` with two items: `pub(crate) const SCHEMA: ResourceSchema` and
//!    `pub(crate) static RESOURCE: ArmType`. Add `pub(crate) mod NAME;` to `resources/mod.rs`, and to `registry.rs` `NAME`
//!    (sorted) under `served`; or, where its data source is made otherwise, under `resources`. `resources/subnet.rs` (a child) and `resources/virtual_network.rs` are the patterns.
//! 2. `ArmType::new(&SCHEMA, "Microsoft.X/type/child", versions::X, Scope::…)`: the version comes from the table in
//!    `schema.rs`; take one for which the vendor's `types/` and `examples/` are both at hand. The scope says what the id is
//!    made of: `Group` (attribute `group`), `Child("parent_attribute")`, `Extension("scope_attribute")`. Then, where they
//!    hold: `.with_patch()`, `.with_listing(…)`, `.with_children(…)`, `.serialised()`, `.with_etag()`, `.with_volatile(…)`,
//!    `.with_fixed(…)`, `.with_hooks(&Hooks)`. Each says in its docs when.
//! 3. Attributes have the vendor's names in `snake_case`. Where one stands in the body:
//!
//!    | the attribute | vendor path |
//!    |---|---|
//!    | `id`, `name`, and the scope's attribute | none: the id says them |
//!    | `location`, `tags`, `zones`, `sku`, `kind`, `identity`, `plan`, `managed_by` at the top | the same, beside `properties` |
//!    | any other at the top: `enable_x` | `properties.enableX` |
//!    | a field of a nested block: `enable_x` | `enableX`, within the block |
//!    | with `.vendor("properties.addressSpace.addressPrefixes")` | that path; within a nested block from the block on |
//!    | a reference: `.vendor("properties.subnet.id")` | the object `{"id": …}` comes and goes with it |
//!    | a list or set of references: `.vendor("properties.publicIpAddresses[].id")` | each item is wrapped |
//!    | a set that is the keys of an object: `.vendor("identity.userAssignedIdentities{}")` | |
//!    | Formwork's own: `.vendor(LOCAL)` | not sent; kept as it is configured |
//!
//!    Acronyms need a path (`publicIPAddress` is not the camel case of `public_ip_address`).
//! 4. Presence. `required()`; plain optional where ARM fills in nothing; `default_…` where the vendor documents a constant
//!    (it is sent, and an answer without it is taken for it); `optional_computed()` where the service or the account decides.
//!    What ARM answers although the config and the plan say nothing fails the apply (E4102), so this has to be right: see
//!    "What comes back differs" in the vendor data. `create_only()` for what cannot be changed. For lists of blocks
//!    `keyed_by(&["name"])`, so that order does not count and fields which are not known here survive an update.
//!    `Equality::EmptyIsAbsent` for lists and maps that ARM drops when empty or adds when absent.
//!    Ids and references: `Equality::CaseInsensitive`. Enums are written as the vendor writes them; answers in another case
//!    are read as the schema's.
//! 5. `recognised_by(Recognition::Name)` for what takes tags (the stamp tells whose it is), `NaturalKey` for what does not
//!    (equal content is ours). `capabilities(FULL)`, `UNLISTED` where no list shows all that nobody manages, or `FIXED` where
//!    nothing can be changed. `held_by_users()` where Azure deletes nothing that others refer to: the plan then warns.
//! 6. Hooks are for what no declaration can say: soft deletion, further calls, bodies that depend on each other. They see
//!    bodies as JSON.
//! 7. What ARM does not serve implements `Resource` itself; `ArmClient::send_to` sends anywhere that is trusted, with a token
//!    for any audience. A type that has a client of its own (`compute`) overrides `Hooks::send`.
//!
//! The tests in `tests/azure` hold every registered type against the vendor's data without being told of it: paths, required,
//! read-only and enums; bodies; examples and recordings. Exceptions stand in `tests/azure/exceptions.rs`, each with a reason.

mod arm;
mod compute;
mod configuration;
mod connection;
mod credentials;
mod data;
mod ephemeral;
mod http;
pub mod inspect;
mod registry;
mod resource;
mod resources;
mod schema;
mod session;
mod trust;
mod validate;

pub use connection::AzureProvider;
