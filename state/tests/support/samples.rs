//! Rows and records to test with.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use formwork_model::{Address, AttributePath, ModulePath, ObjectKind, Step, TypeName, Value, ValueBuf};
use formwork_state::record::{
    Begin, Change, Condition, Host, Lifecycle, Move, OperationCheckpoint, OperationId, Outcome, Record, Role, Row,
    RowKey, Run, RunId,
};

/// A secret that must be found nowhere.
pub const PASSWORD: &str = "correct-horse-battery-staple";

pub fn key(name: &str) -> RowKey {
    RowKey { address: Address::resource(name), generation: 0 }
}

pub fn provider() -> Address {
    Address::new(ModulePath::root(), ObjectKind::Provider, "mock")
}

pub fn operation(name: &str) -> OperationId {
    OperationId(format!("operation-{name}"))
}

/// Twelve attributes, about 500 bytes.
pub fn values(name: &str) -> ValueBuf {
    let mut entries: Vec<(String, Value)> = (0..10)
        .map(|index| (format!("attribute_{index}"), Value::string(format!("value {index} of {name}"))))
        .collect();
    entries.push(("size".to_owned(), Value::Int(3)));
    entries.push(("name".to_owned(), Value::string(name)));
    ValueBuf::from(&Value::map(entries))
}

pub fn row(name: &str) -> Row {
    Row {
        key: key(name),
        role: Role::Current,
        condition: Condition::Ready,
        type_name: TypeName::new("mock", "thing"),
        provider: provider(),
        hosts: Vec::new(),
        schema_version: 1,
        values: values(name),
        config: ValueBuf::from(&Value::map([("name", Value::string(name))])),
        write_only: [].into(),
        private: Vec::new(),
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
        created_by: operation(name),
    }
}

/// A row that has one of everything, with secrets wherever there may be some.
pub fn rich_row(name: &str) -> Row {
    let hidden = Value::string(PASSWORD).secret();
    let users = Value::list([Value::map([("token", hidden.clone())]), Value::Null]);
    let address = Address::new(ModulePath::root().child("cluster", Some("eu".into())), ObjectKind::Resource, name);
    Row {
        key: RowKey { address: address.with_key("a \"b\"").with_row("apps/Deployment"), generation: 3 },
        role: Role::Deposed,
        condition: Condition::Dirty(vec![AttributePath::member("rules").then(Step::Each).then(Step::Index(2))]),
        values: ValueBuf::from(&Value::map([("password", hidden.clone()), ("users", users)])),
        config: ValueBuf::from(&Value::map([("password", hidden)])),
        write_only: [("master_password".to_owned(), [7; 16])].into(),
        private: PASSWORD.as_bytes().to_vec(),
        dependencies: vec![Address::resource("network"), Address::resource("subnet").with_key("x")],
        hosts: vec![Host {
            address: Address::resource("cluster"),
            created_by: operation("cluster"),
            identity: ValueBuf::from(&Value::list([Value::string("cluster-1")])),
        }],
        lifecycle: Lifecycle { protect: true, retain: true, create_first: true, delete_timeout_ms: Some(90_000) },
        ..row(name)
    }
}

pub fn begin(change: Change, row: &Row) -> Record {
    Record::Begin(Box::new(Begin {
        operation: row.created_by.clone(),
        run: RunId("run".to_owned()),
        at_ms: 1_700_000_000_000,
        change,
        key: row.key.clone(),
        row: row.clone(),
        planned: row.values.clone(),
        absence_checked: true,
        write_only_paths: vec![AttributePath::member("password")],
    }))
}

pub fn done(row: &Row) -> Record {
    Record::Done { operation: row.created_by.clone(), row: Some(Box::new(row.clone())) }
}

/// The two records of a create.
pub fn create(name: &str) -> [Record; 2] {
    let row = row(name);
    [begin(Change::Create, &row), done(&row)]
}

pub fn run(id: &str) -> Run {
    Run {
        id: RunId(id.to_owned()),
        command: "apply".to_owned(),
        who: "me@here".to_owned(),
        at_ms: 1_700_000_000_000,
        commit: "abc+".to_owned(),
        plan: String::new(),
        version: "0.1.0".to_owned(),
        finished: None,
    }
}

pub fn finish(id: &str) -> Record {
    Record::RunFinished {
        run: RunId(id.to_owned()),
        at_ms: 1_700_000_001_000,
        outcome: Outcome::Failed,
        summary: "1 created".to_owned(),
    }
}

/// One record of each kind (of some more), in an order that fits an empty state.
pub fn each_kind() -> Vec<Record> {
    let rich = rich_row("database");
    let current = Row { role: Role::Current, ..rich.clone() };
    let other = RowKey { generation: 4, ..key("elsewhere") };
    let checkpoint = OperationCheckpoint {
        identity: ValueBuf::from(&Value::map([("id", Value::string(PASSWORD).secret())])),
        private: PASSWORD.as_bytes().to_vec(),
        poll: format!("https://example.test/operations/1?token={PASSWORD}"),
    };
    let secret = ValueBuf::from(&Value::map([("token", Value::string(PASSWORD).secret())]));
    let failed = |row| Record::Failed { operation: operation("database"), error: "no quota".to_owned(), row };
    let doubtful = Row { condition: Condition::Uncertain("no answer".to_owned()), ..row("doubtful") };
    let half = Row { condition: Condition::Incomplete("wait timed out".to_owned()), ..row("half") };
    vec![
        Record::RunStarted(run("run")),
        Record::Provider { address: provider(), configuration: secret.clone() },
        begin(Change::Create, &current),
        Record::Checkpoint { operation: operation("database"), checkpoint: checkpoint.clone() },
        done(&current),
        begin(Change::Update, &current),
        failed(Some(Box::new(current.clone()))),
        begin(Change::Delete, &current),
        failed(Some(Box::new(current.clone()))),
        Record::Put(Box::new(doubtful)),
        Record::Put(Box::new(half)),
        Record::Moved(vec![Move { from: key("half"), to: other }]),
        Record::Remove { key: key("doubtful"), reason: "it was gone".to_owned() },
        Record::Outputs(secret),
        finish("run"),
        Record::RunStarted(run("second")),
        begin(Change::Delete, &current),
        Record::Checkpoint { operation: operation("database"), checkpoint },
    ]
}
