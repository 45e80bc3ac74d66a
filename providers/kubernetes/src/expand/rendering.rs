//! `kubernetes.rendering`: what the objects of a chart or a kustomization were rendered of, and by what. It is in the state alone;
//! where a plan shows that it changes, another chart, another program or other values gave another text.

use crate::registry::Special;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, Capabilities, Recognition, ResourceSchema};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{
    Applied, CreateRequest, ExpandedRow, OperationSink, PlanRequest, PlanResponse, ProviderError, StoredObject,
    UpdateRequest, settled,
};

pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "rendering",
    "A record of what the objects of a `chart` or a `kustomize` were rendered of: a row of these blocks, `BLOCK[\"rendering\"]`, that \
     is in the state alone. It changes when the text does, also where no object does.",
)
.attributes(&[
    Attribute::string("source", "The chart, or the kustomization's directory.").required().create_only(),
    Attribute::string("program", "What rendered it, with its version."),
    Attribute::string("chart_version", "The chart's version, as it says itself."),
    Attribute::string("chart_sha256", "Digest of the chart's archive, or of its directory's files."),
    Attribute::string("sha256", "Digest of the rendered text. Hidden where its values hold a secret.").required(),
    Attribute::string("id", "Its `source`.").computed(),
])
.recognised_by(Recognition::Repeatable)
.capabilities(Capabilities { update: true, find: false, batch_read: false, list: false, import: false, expand: false, repair: true });

/// The key of its row.
const KEY: &str = "rendering";

/// What is recorded.
pub(crate) struct Rendering {
    source: String,
    program: String,
    chart: Option<(Option<String>, String)>,
    sha256: String,
    is_hidden: bool,
}

impl Rendering {
    pub(crate) fn new(source: &str, program: String, text: &[u8]) -> Self {
        let sha256 = super::fetch::digest(text);
        Self { source: source.to_owned(), program, chart: None, sha256, is_hidden: false }
    }

    pub(crate) fn of_chart(self, version: Option<String>, sha256: String) -> Self {
        Self { chart: Some((version, sha256)), ..self }
    }

    /// The text holds secrets: whoever knows all else of it could try them out on its digest.
    pub(crate) fn hidden(self) -> Self {
        Self { is_hidden: true, ..self }
    }

    /// The rows with this one after them: it is recorded once they all are.
    pub(crate) fn beside(self, mut rows: Vec<ExpandedRow>) -> Vec<ExpandedRow> {
        let after = rows.iter().map(|row| row.key.clone()).collect();
        let config = ValueBuf::from(self.config());
        rows.push(ExpandedRow { key: KEY.to_owned(), type_name: SCHEMA.name.to_owned(), config, after });
        rows
    }

    fn config(self) -> Value {
        let digest = Value::string(self.sha256);
        let digest = if self.is_hidden { digest.secret() } else { digest };
        let mut config =
            vec![("source", Value::string(self.source)), ("program", Value::string(self.program)), ("sha256", digest)];
        if let Some((version, sha256)) = self.chart {
            config.extend(version.map(|version| ("chart_version", Value::string(version))));
            config.push(("chart_sha256", Value::string(sha256)));
        }
        Value::map(config)
    }
}

/// The type.
pub(crate) struct Recorded;

#[async_trait]
impl Special for Recorded {
    fn plan(&self, request: &PlanRequest) -> PlanResponse {
        PlanResponse::as_proposed(request)
    }

    async fn create(
        &self,
        _: &Session,
        request: &CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let values = settled(&SCHEMA, &request.address, request.config.view(), request.planned.view());
        Ok(recorded(values))
    }

    async fn update(
        &self,
        _: &Session,
        request: &UpdateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let values = settled(&SCHEMA, &request.address, request.config.view(), request.planned.view());
        Ok(recorded(values))
    }
}

fn recorded(values: ValueBuf) -> Applied {
    let mut values = values.to_value().as_map().cloned().unwrap_or_default();
    if let Some(source) = values.get("source").cloned() {
        values.insert("id", source);
    }
    let values = ValueBuf::from(Value::Map(values));
    Applied { object: StoredObject { values, private: Vec::new() }, incomplete: None }
}
