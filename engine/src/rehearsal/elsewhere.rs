//! Data sources of objects that nobody recorded: a rehearsal's cloud does not have them. They are read where an apply would
//! read them, and the cloud gets a stand-in of the object, so that others can refer to it.
//!
//! ```text
//! read_data ─ the sandbox knows the object, and it is no stand-in ─→ its answer
//!           └ else ─ ids as the real cloud has them ─ real read_data ─ placeholders for secrets, a stand-in ─→ answer
//! ```

mod providers;

use super::{Recorded, StandIns, changed};
use crate::{guard, secrets};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{
    ConfigureRequest, Connection, Environment, ErrorClass, Provider, ProviderError, ReadDataRequest,
};
use formwork_state::record::{Role, State};
pub use providers::WithElsewhere;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The cloud of a rehearsal, as far as it takes stand-ins of objects that exist elsewhere.
pub trait StandInCloud: Send + Sync {
    /// Whether the object with this id is a stand-in, of which the cloud knows little more than the id.
    fn is_stand_in(&self, id: &str) -> bool;

    /// Takes a stand-in of an object with these attributes, where there can be one. Objects with the ids of `besides` (in
    /// lower case) are made otherwise.
    fn stand_in(&self, values: &Value, besides: &BTreeSet<String>);
}

/// A data source that was read where an apply would read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadElsewhere {
    /// Provider and type: `azure.virtual_network`.
    pub type_name: String,
    /// The id of what was read, else its name; empty where it has neither.
    pub object: String,
}

/// What data sources of a rehearsal fall back to.
pub struct Elsewhere {
    /// What an apply would be allowed; none where nothing is to be read elsewhere.
    environment: Option<Environment>,
    cloud: Arc<dyn StandInCloud>,
    stand_ins: Arc<StandIns>,
    ids: Mutex<Ids>,
    answers: Mutex<HashMap<(String, ValueBuf), ValueBuf>>,
    read: Mutex<Vec<ReadElsewhere>>,
}

/// Ids of the recorded objects: what the rehearsal's cloud gave them, and what the real one did.
#[derive(Default)]
struct Ids {
    real: HashMap<String, String>,
    here: HashMap<String, String>,
}

impl Elsewhere {
    /// Reads with what an apply would be allowed; with none it does not read.
    #[must_use]
    pub fn new(environment: Option<Environment>, cloud: Arc<dyn StandInCloud>, stand_ins: Arc<StandIns>) -> Self {
        Self { environment, cloud, stand_ins, ids: Mutex::default(), answers: Mutex::default(), read: Mutex::default() }
    }

    /// What the recorded objects refer to and nobody recorded exists, since they do.
    pub fn before_restoring(&self, recorded: &Recorded) {
        for id in &recorded.elsewhere {
            self.cloud.stand_in(&Value::map([("id", Value::string(id.clone()))]), &recorded.ids);
        }
    }

    /// The recorded objects have been made again: a config that holds the id of one means the real one elsewhere.
    pub fn restored(&self, real: &State, here: &State) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |row: &formwork_state::record::Row| Some(row.values.view().get("id")?.as_str()?.to_owned());
        for row in here.rows.values() {
            let twin = real.rows.values().find(|one| one.key.address == row.key.address && one.role == Role::Current);
            if let (Some(here), Some(real)) = (text(row), twin.and_then(|twin| text(twin))) {
                ids.here.insert(real.clone(), here.clone());
                ids.real.insert(here, real);
            }
        }
    }

    /// What was read, in order.
    #[must_use]
    pub fn read(&self) -> Vec<ReadElsewhere> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        read.sort();
        read.dedup();
        read
    }

    /// Reads a data source of a provider: in the rehearsal's cloud, else where an apply would.
    async fn read_data(
        &self,
        provider: &dyn Provider,
        here: &dyn Connection,
        configuration: &ValueBuf,
        request: ReadDataRequest,
    ) -> Result<ValueBuf, ProviderError> {
        let known = here.read_data(request.clone()).await;
        let missing = match &known {
            Ok(values) if !self.is_stand_in(values) => return known,
            Ok(_) => None,
            Err(error) if error.class == ErrorClass::NotFound => Some(error.clone()),
            Err(_) => return known,
        };
        let schema = provider.schema();
        let key = (format!("{}.{}", schema.name, request.type_name), request.config.clone());
        let answered = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(answer) = answered {
            return Ok(answer);
        }
        let of_type = schema.data_source(&request.type_name);
        let Some(environment) = &self.environment else {
            return known.map_err(|error| error.help(UNASKED));
        };
        let asked = self.asked(request);
        let real = self.real(provider, configuration, environment, &asked).await;
        let real = real.map_err(|error| unread(missing, error))?;
        let marked = match of_type {
            Some(schema) => secrets::mark(schema, &[asked.config.view()], real),
            None => real,
        };
        Ok(self.taken(key, &marked.to_value()))
    }

    /// The request as a real run makes it.
    fn asked(&self, request: ReadDataRequest) -> ReadDataRequest {
        let config = self.stand_ins.original(&self.translated(&request.config.to_value(), |ids| &ids.real));
        ReadDataRequest { config: ValueBuf::from(&config), ..request }
    }

    /// What the data source says elsewhere.
    async fn real(
        &self,
        provider: &dyn Provider,
        configuration: &ValueBuf,
        environment: &Environment,
        asked: &ReadDataRequest,
    ) -> Result<ValueBuf, ProviderError> {
        let configuration = ValueBuf::from(&self.stand_ins.original(&configuration.to_value()));
        let configure = ConfigureRequest { configuration, environment: environment.clone() };
        let connection = guard::catch(provider.configure(configure)).await?;
        guard::catch(connection.read_data(asked.clone())).await
    }

    /// The answer as the rehearsal has it; its cloud knows the object from now on.
    fn taken(&self, key: (String, ValueBuf), real: &Value) -> ValueBuf {
        let values = self.translated(&self.stand_ins.value(real), |ids| &ids.here);
        self.cloud.stand_in(&values, &BTreeSet::new());
        let text = |name: &str| values.as_map()?.get(name)?.as_str().map(str::to_owned);
        let object = text("id").or_else(|| text("name")).unwrap_or_default();
        let read = ReadElsewhere { type_name: key.0.clone(), object };
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push(read);
        let answer = ValueBuf::from(&values);
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer.clone());
        answer
    }

    fn is_stand_in(&self, values: &ValueBuf) -> bool {
        values.view().get("id").and_then(|id| id.as_str()).is_some_and(|id| self.cloud.is_stand_in(id))
    }

    /// The value with other ids for the recorded objects.
    fn translated(&self, value: &Value, to: impl Fn(&Ids) -> &HashMap<String, String>) -> Value {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = to(&ids);
        changed(value, &mut |part| match part {
            Value::String(text) => ids.get(text.as_str()).map(|id| Value::string(id.clone())),
            _ => None,
        })
    }
}

/// Nobody asked for more than the rehearsal's cloud.
const UNASKED: &str = "the object is not recorded, so the rehearsal's cloud does not have it; `--read-data` reads it where an apply reads it";

/// The object is not recorded, and could not be read elsewhere.
fn unread(missing: Option<ProviderError>, error: ProviderError) -> ProviderError {
    let help = format!(
        "the object is not recorded, so the rehearsal's cloud does not have it; reading it where an apply reads it failed too: {}",
        error.message
    );
    missing.unwrap_or(error).help(help)
}
