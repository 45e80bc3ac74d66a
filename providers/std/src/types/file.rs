//! `std.file`: a file on this machine.

use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use formwork_model::schema::{Attribute, Capabilities, Limit, Recognition, ResourceSchema, Rule};
use formwork_model::{Address, AttributePath, Map, Value, ValueBuf};
use formwork_provider_api::{
    Applied, CreateRequest, DeleteRequest, Environment, ErrorClass, FindRequest, Found, ImportRequest, OperationSink,
    PlanRequest, PlanResponse, ProviderError, ReadOutcome, StoredObject, UpdateRequest, proposed,
};
use sha2::{Digest, Sha256};
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The attributes of which one holds the content.
const CONTENTS: [&str; 3] = ["content", "content_base64", "secret_content"];

pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "file",
    "A file on the machine that applies. What others change in it is seen and put right; with the block the file goes.",
)
.attributes(&[
    Attribute::string("path", "Where; relative paths begin at the stack's directory.")
        .required()
        .create_only()
        .limits(&[Limit::Length(1, 4096)]),
    Attribute::string("content", "What is in it, as text."),
    Attribute::string("content_base64", "What is in it, as base64, for what is no text."),
    Attribute::string(
        "secret_content",
        "What is in it, as text that is never shown. It stands in the file in the clear.",
    )
    .secret(),
    Attribute::string("mode", "Permissions; left out: `0600` for `secret_content`, else `0644`.")
        .optional_computed()
        .limits(&[Limit::Pattern("^0[0-7]{3}$", "four octal digits such as `0644`")]),
    Attribute::boolean("create_directories", "Makes the directories on the way to it.").default_bool(true),
    Attribute::boolean("overwrite", "A create may replace a file that is already there.").default_bool(false),
    Attribute::string("sha256", "SHA-256 of the content, in hexadecimal; secret where the content is.").computed(),
    Attribute::int("size", "Size in bytes; secret where the content is.").computed(),
])
.identity(&["path"])
.natural_key("path")
.recognised_by(Recognition::NaturalKey)
.usually_takes_s(0)
.import_help("the file's path")
.rules(&[Rule::ExactlyOneOf(&CONTENTS)])
.capabilities(Capabilities {
    update: true,
    find: true,
    batch_read: true,
    list: false,
    import: true,
    expand: false,
    repair: true,
});

pub(crate) struct File;

#[async_trait]
impl LocalType for File {
    fn plans(&self) -> bool {
        true
    }

    /// Mode, digest and size are known as soon as the content is.
    fn plan(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut response = PlanResponse::as_proposed(request);
        let Value::Map(mut values) = request.proposed.to_value() else { return Ok(response) };
        let said = |name: &str| request.config.view().get(name).is_some_and(|value| !value.is_null());
        if !said("mode") {
            values.insert("mode", Value::string(default_mode(said("secret_content"))));
        }
        match bytes_of(&values)? {
            Some(bytes) => describe(&mut values, &bytes),
            None => {
                let secret = is_secret(&values);
                ["sha256", "size"]
                    .iter()
                    .for_each(|name| drop(values.insert(*name, kept_as(secret, request.unknown(name)))));
            }
        }
        response.planned = ValueBuf::from(Value::Map(values));
        Ok(response)
    }

    fn reads(&self) -> bool {
        true
    }

    async fn read(&self, connection: &StdConnection, object: StoredObject) -> ReadOutcome {
        let values = map(&object.values);
        match read(&connection.environment, &values) {
            Ok(Some(values)) => {
                ReadOutcome::Present(StoredObject { values: ValueBuf::from(Value::Map(values)), ..object })
            }
            Ok(None) => ReadOutcome::Gone,
            Err(error) => ReadOutcome::Failed(error),
        }
    }

    async fn create(
        &self,
        connection: &StdConnection,
        request: CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        let path = located(&connection.environment, &values)?;
        if fs::symlink_metadata(&path).is_ok() && values.get("overwrite") != Some(&Value::Bool(true)) {
            return already_there(&path, values);
        }
        write(&path, values)
    }

    async fn update(
        &self,
        connection: &StdConnection,
        request: UpdateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        write(&located(&connection.environment, &values)?, values)
    }

    async fn delete(
        &self,
        connection: &StdConnection,
        request: DeleteRequest,
        _: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let path = located(&connection.environment, &map(&request.object.values))?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(&path, &error)),
            _ => Ok(()),
        }
    }

    /// A file is written whole or not at all, so equal content is what was sent. What may be overwritten is in nobody's
    /// way.
    async fn find(&self, connection: &StdConnection, request: FindRequest) -> Result<Found, ProviderError> {
        let values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        let path = located(&connection.environment, &values)?;
        match read(&connection.environment, &values)? {
            None => Ok(Found::Absent),
            Some(_) if values.get("overwrite") == Some(&Value::Bool(true)) => Ok(Found::Absent),
            Some(there) if same_content(&there, &values)? => Ok(Found::Ours(stored(there))),
            Some(_) => Ok(Found::Foreign(format!("{} is there, with other content", path.display()))),
        }
    }

    async fn import(&self, connection: &StdConnection, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        let config = request.config.unwrap_or_else(ValueBuf::empty_map);
        let address = Address::resource(SCHEMA.name);
        // What no file tells is as the config, or the schema, says.
        let mut values = settled(&SCHEMA, &address, &config, &proposed(&SCHEMA, &address, config.view(), None));
        values.insert("path", Value::string(request.id.as_str()));
        let there = read(&connection.environment, &values)?;
        let missing = || ProviderError::new(ErrorClass::NotFound, format!("there is no file {}", request.id));
        there.map(stored).ok_or_else(missing)
    }
}

fn stored(values: Map) -> StoredObject {
    applied(values).object
}

fn map(values: &ValueBuf) -> Map {
    values.to_value().as_map().cloned().unwrap_or_default()
}

const fn default_mode(secret: bool) -> &'static str {
    if secret { "0600" } else { "0644" }
}

/// The file's content; none where it is not known yet.
fn bytes_of(values: &Map) -> Result<Option<Vec<u8>>, ProviderError> {
    let given = CONTENTS.iter().find_map(|name| Some((*name, values.get(name)?)));
    let Some((name, value)) = given else { return Ok(Some(Vec::new())) };
    if !value.is_known() {
        return Ok(None);
    }
    let text = value.as_str().unwrap_or_default();
    if name != "content_base64" {
        return Ok(Some(text.as_bytes().to_vec()));
    }
    let wrong = |_| ProviderError::invalid("it is no base64").at(AttributePath::member("content_base64"));
    STANDARD.decode(text).map(Some).map_err(wrong)
}

/// Tells digest and size. A short secret can be guessed from its digest, and its size narrows the search: both are as
/// secret as the content.
fn describe(values: &mut Map, bytes: &[u8]) {
    let secret = is_secret(values);
    let digest = Value::string(hex::encode(Sha256::digest(bytes)));
    let size = Value::Int(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    values.insert("sha256", kept_as(secret, digest));
    values.insert("size", kept_as(secret, size));
}

/// Whether the content is secret: by the attribute that holds it, or by where it comes from.
fn is_secret(values: &Map) -> bool {
    let holds = |name: &str| values.get(name).is_some_and(Value::holds_secret);
    values.get("secret_content").is_some_and(|value| !value.is_null()) || CONTENTS.into_iter().any(holds)
}

fn kept_as(secret: bool, value: Value) -> Value {
    if secret { value.secret() } else { value }
}

/// The file's absolute path.
fn located(environment: &Environment, values: &Map) -> Result<PathBuf, ProviderError> {
    let path = Path::new(values.get("path").and_then(Value::as_str).unwrap_or_default());
    match &environment.root {
        _ if path.is_absolute() => Ok(path.to_owned()),
        Some(root) => Ok(Path::new(root).join(path)),
        None => Err(ProviderError::invalid(format!("{} is relative, and there is no stack here", path.display()))
            .at(AttributePath::member("path"))
            .help("apply from the stack's directory, or write an absolute path")),
    }
}

fn disk(path: &Path, error: &io::Error) -> ProviderError {
    let class = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorClass::Forbidden,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorClass::Quota,
        _ => ErrorClass::Other,
    };
    ProviderError::new(class, format!("{}: {error}", path.display())).at(AttributePath::member("path"))
}

/// What is there, in the attributes by which it is kept; none where there is no file.
fn read(environment: &Environment, values: &Map) -> Result<Option<Map>, ProviderError> {
    let path = located(environment, values)?;
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(disk(&path, &error)),
    };
    let mode = fs::metadata(&path).map_err(|error| disk(&path, &error))?.permissions().mode();
    let mut there = values.clone();
    let held = CONTENTS.into_iter().find(|name| there.get(name).is_some_and(|value| !value.is_null()));
    let secret = is_secret(&there);
    CONTENTS.iter().for_each(|name| drop(there.remove(name)));
    match (held, std::str::from_utf8(&bytes)) {
        (Some("secret_content"), Ok(text)) => there.insert("secret_content", Value::string(text).secret()),
        (Some("content") | None, Ok(text)) => there.insert("content", kept_as(secret, Value::string(text))),
        // No text any more: said in the form that can say it.
        _ => there.insert("content_base64", kept_as(secret, Value::string(STANDARD.encode(&bytes)))),
    };
    there.insert("mode", Value::string(format!("0{:03o}", mode & 0o777)));
    describe(&mut there, &bytes);
    Ok(Some(there))
}

fn same_content(there: &Map, wanted: &Map) -> Result<bool, ProviderError> {
    Ok(bytes_of(there)? == bytes_of(wanted)?)
}

/// A file of that name is there. With the wanted content it is as good as written.
fn already_there(path: &Path, values: Map) -> Result<Applied, ProviderError> {
    let wanted = bytes_of(&values)?.unwrap_or_default();
    if fs::read(path).is_ok_and(|bytes| bytes == wanted) {
        return write(path, values);
    }
    let message = format!("{} is already there", path.display());
    Err(ProviderError::new(ErrorClass::Conflict, message)
        .at(AttributePath::member("path"))
        .help("take another path, write `overwrite = true`, or take the file over with `import`"))
}

/// Writes the file beside its place and moves it there, so that nobody ever sees half of it.
fn write(path: &Path, mut values: Map) -> Result<Applied, ProviderError> {
    let bytes = bytes_of(&values)?.unwrap_or_default();
    let secret = values.contains("secret_content");
    let mode = values.get("mode").and_then(Value::as_str).unwrap_or(default_mode(secret)).to_owned();
    let bits = u32::from_str_radix(&mode, 8)
        .map_err(|_| ProviderError::invalid(format!("{mode:?} is no mode")).at(AttributePath::member("mode")))?;
    let create_directories = values.get("create_directories") != Some(&Value::Bool(false));
    replace(path, &bytes, bits, create_directories).map_err(|error| disk(path, &error))?;
    values.insert("mode", Value::string(mode));
    describe(&mut values, &bytes);
    Ok(applied(values))
}

fn replace(path: &Path, bytes: &[u8], mode: u32, create_directories: bool) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if create_directories {
        fs::create_dir_all(directory)?;
    }
    // Made with mode 0600 and opened to others only when it is complete.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
