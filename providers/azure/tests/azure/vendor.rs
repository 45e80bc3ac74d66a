//! The vendor's data: types, examples, recordings. See its own README for the format.

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Clone)]
pub struct Vendor {
    root: PathBuf,
}

/// A vendor's example or a recorded exchange: what was sent and what came back.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Where it is from.
    pub name: String,
    pub method: String,
    /// The resource's id as far as the request tells it.
    pub id: String,
    pub status: u64,
    pub sent: Json,
    pub answered: Json,
    /// Of the vendor's own examples, as opposed to live traffic.
    pub is_example: bool,
}

impl Vendor {
    pub fn open() -> Option<Self> {
        let root = PathBuf::from(std::env::var_os("FORMWORK_VENDOR_DATA")?).join("azure");
        root.is_dir().then_some(Self { root })
    }

    fn read(&self, path: &str) -> Option<Json> {
        let text = std::fs::read_to_string(self.root.join(path)).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// The vendor's description of a type at a version.
    pub fn definition(&self, kind: &str, version: &str) -> Option<Definition> {
        let (namespace, name) = kind.split_once('/')?;
        let json = self.read(&format!("types/{namespace}/{}@{version}.json", name.replace('/', ".")))?;
        Some(Definition { json })
    }

    /// Every exchange about a type: examples of the version, and recordings of any.
    pub fn exchanges(&self, kind: &str, version: &str) -> Vec<Exchange> {
        let mut exchanges = self.examples(kind, version);
        for folder in ["cloud-provider-azure", "azure-service-operator"] {
            exchanges.extend(self.recordings(folder, kind));
        }
        exchanges
    }

    fn examples(&self, kind: &str, version: &str) -> Vec<Exchange> {
        let index = self.read("examples/index.json").unwrap_or_default();
        let of_type: BTreeMap<&String, &Json> = index
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, entry)| entry["resourceType"] == kind && entry["apiVersion"] == version)
            .collect();
        let mut exchanges = Vec::new();
        for (path, entry) in of_type {
            let Some(json) = self.read(&format!("examples/{path}")) else { continue };
            let parameters = json["parameters"].as_object().cloned().unwrap_or_default();
            let sent = request_of(&parameters);
            for (status, response) in json["responses"].as_object().into_iter().flatten() {
                exchanges.push(Exchange {
                    name: path.clone(),
                    method: entry["method"].as_str().unwrap_or_default().to_owned(),
                    id: filled(entry["path"].as_str().unwrap_or_default(), &parameters),
                    status: status.parse().unwrap_or(0),
                    sent: sent.clone(),
                    answered: response.get("body").cloned().unwrap_or_default(),
                    is_example: true,
                });
            }
        }
        exchanges
    }

    fn recordings(&self, folder: &str, kind: &str) -> Vec<Exchange> {
        let root = self.root.join("recordings").join(folder);
        let mut paths: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let mut exchanges = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            // The folder is read for every type: most files are told by their text.
            let last = kind.rsplit('/').next().unwrap();
            if !text.to_lowercase().contains(&last.to_lowercase()) {
                continue;
            }
            let json: Json = serde_json::from_str(&text).unwrap();
            for (number, interaction) in json["interactions"].as_array().into_iter().flatten().enumerate() {
                let url = interaction["url"].as_str().unwrap_or_default();
                let id = url.split('?').next().unwrap_or_default();
                if type_of(id).eq_ignore_ascii_case(kind) {
                    exchanges.push(Exchange {
                        name: format!("{} #{number}", path.file_name().unwrap().to_string_lossy()),
                        method: interaction["method"].as_str().unwrap_or_default().to_owned(),
                        id: id.to_owned(),
                        status: interaction["status"].as_u64().unwrap_or(0),
                        sent: interaction.get("requestBody").cloned().unwrap_or_default(),
                        answered: interaction.get("responseBody").cloned().unwrap_or_default(),
                        is_example: false,
                    });
                }
            }
        }
        exchanges
    }
}

/// The body of an example's request: the largest object; what stands beside it in some belongs into it.
fn request_of(parameters: &serde_json::Map<String, Json>) -> Json {
    let objects = parameters.values().filter(|value| value.is_object());
    let mut sent = objects.max_by_key(|value| value.to_string().len()).cloned().unwrap_or_default();
    // An example of a client's own, flattened form is no body of ARM's.
    if sent.get("roleDefinition").is_some() {
        return Json::Null;
    }
    for name in ["sku", "zones", "extendedLocation"] {
        if let (Some(stray), Some(object)) = (parameters.get(name), sent.as_object_mut()) {
            object.entry(name).or_insert(stray.clone());
        }
    }
    sent
}

/// A path template with its parameters.
fn filled(template: &str, parameters: &serde_json::Map<String, Json>) -> String {
    let mut path = template.to_owned();
    for (name, value) in parameters {
        if let Some(text) = value.as_str() {
            path = path.replace(&format!("{{{name}}}"), text.trim_start_matches('/'));
        }
    }
    path
}

/// The type of the resource that a path names.
pub fn type_of(id: &str) -> String {
    let segments: Vec<&str> = id.trim_matches('/').split('/').collect();
    let Some(position) = segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers")) else {
        let group = segments.len() == 4 && segments[2].eq_ignore_ascii_case("resourceGroups");
        return if group { "Microsoft.Resources/resourceGroups".to_owned() } else { String::new() };
    };
    let rest = &segments[position + 1..];
    if rest.len().is_multiple_of(2) {
        return String::new();
    }
    rest.iter().skip(1).step_by(2).fold(rest[0].to_owned(), |text, part| format!("{text}/{part}"))
}

/// A type as the vendor describes it.
pub struct Definition {
    json: Json,
}

/// A property as the vendor describes it, references followed.
#[derive(Clone, Debug)]
pub struct Property {
    pub json: Json,
    /// The object that holds it says that it must be there.
    pub required: bool,
}

impl Property {
    pub fn is_read_only(&self) -> bool {
        self.json["readOnly"] == true
    }

    pub fn is_write_only(&self) -> bool {
        self.json["writeOnly"] == true
    }

    /// The texts that it takes, and whether it takes others.
    pub fn members(&self) -> Option<(Vec<String>, bool)> {
        let members = self.json["enum"].as_array()?;
        let members = members.iter().filter_map(Json::as_str).map(str::to_owned).collect();
        Some((members, self.json["enumOpen"] == true))
    }
}

impl Definition {
    pub fn body(&self) -> Property {
        Property { json: self.follow(&self.json["body"]), required: true }
    }

    /// Follows `$ref`; what stands beside it wins.
    pub fn follow(&self, schema: &Json) -> Json {
        let Some(reference) = schema["$ref"].as_str() else { return schema.clone() };
        let name = reference.trim_start_matches("#/$defs/");
        let mut found = self.follow(&self.json["$defs"][name]);
        for (key, value) in schema.as_object().into_iter().flatten().filter(|(key, _)| *key != "$ref") {
            found[key] = value.clone();
        }
        found
    }

    /// A property of an object, also of one that a discriminator chooses.
    pub fn member(&self, object: &Json, name: &str) -> Option<Property> {
        if let Some(schema) = object["properties"].get(name) {
            let required = object["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
            return Some(Property { json: self.follow(schema), required });
        }
        let mapping = object["discriminator"]["mapping"].as_object()?;
        mapping.values().find_map(|variant| {
            let variant = match variant.as_str() {
                Some(name) => self.json["$defs"][name.trim_start_matches("#/$defs/")].clone(),
                None => self.follow(variant),
            };
            self.member(&variant, name)
        })
    }

    /// The property at a vendor path of ours, below `object`.
    pub fn at(&self, object: &Json, path: &str) -> Option<Property> {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        let name = head.trim_end_matches("[]").trim_end_matches("{}");
        let found = self.member(object, name)?;
        let inner = match head.strip_suffix("[]") {
            Some(_) => Property { json: self.follow(&found.json["items"]), required: found.required },
            None => found,
        };
        if rest.is_empty() {
            return Some(inner);
        }
        // What an optional object must have is optional itself; `properties` is there in every body.
        let through = inner.required || name == "properties";
        let found = self.at(&inner.json, rest)?;
        Some(Property { required: found.required && through, ..found })
    }
}
