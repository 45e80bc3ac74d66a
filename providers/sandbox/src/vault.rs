//! Key Vault's data plane: secrets and keys with their versions, soft delete, recover and purge. Vaults are known by
//! path (`/vaults/NAME/…`), since not every machine resolves names below `localhost`; where it does, by host as well.
//!
//! Keys are kept as what a reader sees of them; nothing is encrypted or signed here.

mod answer;
mod body;
mod list;
pub mod name;
mod object;

use crate::clock::Clock;
use crate::exchange::{Request, Response};
use crate::store::Store;
use answer::{disabled, not_found, refused, wrong_name};
use object::{Deleted, Object, Version};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the data plane has to know of a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// Tells this vault from an earlier one of the same name that was purged.
    pub incarnation: String,
    /// Deleted objects cannot be purged.
    pub purge_protection: bool,
    /// Deleted objects are kept so long.
    pub retention_days: u32,
}

/// Who knows the vaults.
pub trait Register: Send + Sync {
    /// The vault of this name (lower case), while it is not deleted.
    fn vault(&self, name: &str) -> Option<Vault>;
}

/// The data plane of all vaults.
pub struct Vaults {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    register: Arc<dyn Register>,
    url: String,
}

/// What there are in a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Secrets,
    Keys,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Secrets => "vault.secrets",
            Self::Keys => "vault.keys",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Keys => "keys",
        }
    }
}

/// A request for a vault, taken apart.
struct Call<'a> {
    vault: Vault,
    base: String,
    table: Table,
    request: &'a Request,
    now: i64,
}

impl Vaults {
    /// Over this store; `url` is the sandbox's.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, register: Arc<dyn Register>, url: String) -> Self {
        Self { store, clock, register, url }
    }

    /// Answers a request for `/vaults/NAME/…`.
    #[must_use]
    pub fn handle(&self, request: &Request) -> Response {
        let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
        let [_, name, table, rest @ ..] = parts.as_slice() else {
            return refused(404, "NotFound", "A vault has secrets, deletedsecrets, keys and deletedkeys.");
        };
        let name = name.to_ascii_lowercase();
        let Some(vault) = self.register.vault(&name) else {
            return refused(404, "VaultNotFound", &format!("There is no vault '{name}' in the sandbox."));
        };
        if request.parameter("api-version").is_none() {
            return refused(400, "BadParameter", "The query parameter api-version is missing.");
        }
        let (table, deleted) = match *table {
            "secrets" => (Table::Secrets, false),
            "deletedsecrets" => (Table::Secrets, true),
            "keys" => (Table::Keys, false),
            "deletedkeys" => (Table::Keys, true),
            other => return refused(404, "NotFound", &format!("The sandbox's vaults have no '{other}'.")),
        };
        if rest.first().is_some_and(|name| !is_name(name)) {
            return wrong_name(table);
        }
        let base = self.base(request, &name);
        let call = Call { vault, base, table, request, now: self.clock.now_ms() / 1000 };
        if deleted { self.deleted(&call, rest) } else { self.live(&call, rest) }
    }

    /// Where the vault is, as this client reached it.
    fn base(&self, request: &Request, name: &str) -> String {
        let own = request.header("host").filter(|host| name::of_host(host).is_some());
        let scheme = request.header("x-forwarded-proto").unwrap_or("https");
        own.map_or_else(|| format!("{}/vaults/{name}", self.url), |host| format!("{scheme}://{host}"))
    }

    fn live(&self, call: &Call<'_>, rest: &[&str]) -> Response {
        match (call.request.method.as_str(), rest, call.table) {
            ("GET", [], _) => list::objects(call, &self.objects(call), false),
            ("GET", [name, "versions"], _) => self.with(call, name, |object| list::versions(call, name, object)),
            ("GET", [name], _) => self.read(call, name, None),
            ("GET", [name, version], _) => self.read(call, name, Some(version)),
            ("PUT", [name], Table::Secrets) => self.add(call, name, body::secret(call.request)),
            ("POST", [name, "create"], Table::Keys) => self.add(call, name, body::key(call.request)),
            ("PUT", [name], Table::Keys) => self.add(call, name, body::imported_key(call.request)),
            ("POST", [name, "rotate"], Table::Keys) => self.rotate(call, name),
            ("PATCH", [name], _) => self.update(call, name, None),
            ("PATCH", [name, version], _) => self.update(call, name, Some(version)),
            ("DELETE", [name], _) => self.delete(call, name),
            _ => refused(405, "MethodNotAllowed", "The sandbox does not know this operation."),
        }
    }

    fn deleted(&self, call: &Call<'_>, rest: &[&str]) -> Response {
        match (call.request.method.as_str(), rest) {
            ("GET", []) => list::objects(call, &self.objects(call), true),
            ("GET", [name]) => {
                self.with_deleted(call, name, |object| Response::json(200, object.deleted_json(call, name)))
            }
            ("DELETE", [name]) => self.purge(call, name),
            ("POST", [name, "recover"]) => self.recover(call, name),
            _ => refused(405, "MethodNotAllowed", "The sandbox does not know this operation."),
        }
    }

    /// Names and objects of the vault.
    fn objects(&self, call: &Call<'_>) -> Vec<(String, Object)> {
        let prefix = format!("{}/", call.vault.incarnation);
        let found = self.store.scan(call.table.name(), &prefix).into_iter();
        let objects = found.filter_map(|(_, document)| Object::read(document, call.now));
        objects.map(|object| (object.name.clone(), object)).collect()
    }

    fn object(&self, call: &Call<'_>, name: &str) -> Option<Object> {
        Object::read(self.store.get(call.table.name(), &key(call, name))?, call.now)
    }

    /// Keeps an object, and then answers.
    fn keep(&self, call: &Call<'_>, object: &Object, answer: Response) -> Response {
        let name = &object.name;
        let document = serde_json::to_value(object).unwrap_or_default();
        match self.store.put(call.table.name(), &key(call, name), document) {
            Ok(()) => answer,
            Err(reason) => refused(500, "InternalServerError", &reason.0),
        }
    }

    fn with(&self, call: &Call<'_>, name: &str, answer: impl FnOnce(&Object) -> Response) -> Response {
        match self.object(call, name).filter(|object| object.deleted.is_none()) {
            Some(object) => answer(&object),
            None => not_found(call.table, name),
        }
    }

    fn with_deleted(&self, call: &Call<'_>, name: &str, answer: impl FnOnce(Object) -> Response) -> Response {
        match self.object(call, name).filter(|object| object.deleted.is_some()) {
            Some(object) => answer(object),
            None => answer::not_deleted(call.table, name),
        }
    }

    fn read(&self, call: &Call<'_>, name: &str, version: Option<&str>) -> Response {
        self.with(call, name, |object| match object.version(version) {
            None => not_found(call.table, name),
            Some(version) if call.table == Table::Secrets && !version.enabled() => disabled(),
            Some(version) => Response::json(200, version.json(call, name, true)),
        })
    }

    /// A new version, of a new object where there is none.
    fn add(&self, call: &Call<'_>, name: &str, version: Result<Version, Response>) -> Response {
        let mut version = match version {
            Ok(version) => version,
            Err(refusal) => return refusal,
        };
        version.stamp(call);
        let mut object = self.object(call, name).unwrap_or_else(|| Object::named(name));
        if object.deleted.is_some() {
            return answer::deleted_but_recoverable(call.table, name);
        }
        let answer = Response::json(200, version.json(call, &object.name, true));
        object.versions.push(version);
        self.keep(call, &object, answer)
    }

    fn rotate(&self, call: &Call<'_>, name: &str) -> Response {
        let last = self.object(call, name).and_then(|object| object.versions.last().cloned());
        match last {
            Some(last) => self.add(call, name, Ok(last.again())),
            None => not_found(call.table, name),
        }
    }

    fn update(&self, call: &Call<'_>, name: &str, version: Option<&str>) -> Response {
        let Some(mut object) = self.object(call, name).filter(|object| object.deleted.is_none()) else {
            return not_found(call.table, name);
        };
        let Some(changed) = object.version_mut(version) else { return not_found(call.table, name) };
        if let Err(refusal) = body::change(changed, call.request) {
            return refusal;
        }
        changed.updated = call.now;
        let answer = changed.json(call, name, false);
        self.keep(call, &object, Response::json(200, answer))
    }

    fn delete(&self, call: &Call<'_>, name: &str) -> Response {
        let Some(mut object) = self.object(call, name).filter(|object| object.deleted.is_none()) else {
            return not_found(call.table, name);
        };
        let purge = call.now + i64::from(call.vault.retention_days) * 86_400;
        object.deleted = Some(Deleted { at: call.now, purge });
        let answer = object.deleted_json(call, name);
        self.keep(call, &object, Response::json(200, answer))
    }

    fn recover(&self, call: &Call<'_>, name: &str) -> Response {
        self.with_deleted(call, name, |mut object| {
            object.deleted = None;
            let answer = object.version(None).map_or_else(|| json!({}), |version| version.json(call, name, false));
            self.keep(call, &object, Response::json(200, answer))
        })
    }

    fn purge(&self, call: &Call<'_>, name: &str) -> Response {
        self.with_deleted(call, name, |_| {
            if call.vault.purge_protection {
                return answer::purge_protected(call.table);
            }
            match self.store.delete(call.table.name(), &key(call, name)) {
                Ok(()) => Response::empty(204),
                Err(reason) => refused(500, "InternalServerError", &reason.0),
            }
        })
    }

    /// How many secrets and keys there are.
    #[must_use]
    pub fn inventory(&self) -> BTreeMap<String, usize> {
        let live = |document: &Json| document.get("deleted").is_none_or(Json::is_null);
        let count = |table: Table| self.store.scan(table.name(), "").iter().filter(|(_, one)| live(one)).count();
        let counts = [Table::Secrets, Table::Keys].map(|table| (format!("vaults/{}", table.path()), count(table)));
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// Names are compared without case.
fn key(call: &Call<'_>, name: &str) -> String {
    format!("{}/{}", call.vault.incarnation, name.to_ascii_lowercase())
}

fn is_name(name: &str) -> bool {
    (1..=127).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests;
