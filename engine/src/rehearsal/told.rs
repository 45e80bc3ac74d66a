//! What only the cloud could tell, and who refers to it: in a rehearsal it is told anew, and differs.

use super::changed;
use crate::ports::Providers;
use formwork_model::schema::ResourceSchema;
use formwork_model::{Address, AttributePath, Operation, Residual, Step, Value};
use formwork_state::record::Row;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Shorter texts are equal by chance.
const SHORTEST: usize = 8;

/// Texts that only the cloud could tell, and who told them.
pub(super) struct Told {
    objects: HashMap<Address, Vec<Text>>,
    /// Who told a text, in the order of the rows.
    tellers: HashMap<String, Vec<(Address, AttributePath)>>,
    dependencies: HashMap<Address, Vec<Address>>,
    /// Objects by the block whose instances they are.
    instances: HashMap<Address, Vec<Address>>,
}

/// A text, and where it stands in what its object told.
struct Text {
    text: String,
    path: AttributePath,
}

/// A part of a text that an object told.
struct Part<'t> {
    begins: usize,
    ends: usize,
    object: &'t Address,
    path: &'t AttributePath,
}

impl Told {
    pub(super) fn of(rows: &[&Arc<Row>], providers: &dyn Providers) -> Self {
        let mut told = Self {
            objects: HashMap::new(),
            tellers: HashMap::new(),
            dependencies: HashMap::new(),
            instances: HashMap::new(),
        };
        for row in rows {
            let address = &row.key.address;
            told.dependencies.insert(address.clone(), row.dependencies.clone());
            if address.key.is_some() || address.row.is_some() {
                told.instances.entry(address.block()).or_default().push(address.clone());
            }
            let schema = providers.provider(&row.type_name.provider);
            if let Some(schema) = schema.and_then(|provider| provider.schema().resource(&row.type_name.name)) {
                told.add(row, schema);
            }
        }
        told
    }

    fn add(&mut self, row: &Row, schema: &ResourceSchema) {
        let address = &row.key.address;
        let mut texts = Vec::new();
        let config = row.config.to_value();
        for attribute in schema.attributes {
            let said = config.as_map().is_some_and(|config| config.contains(attribute.name));
            let Some(value) = row.values.view().get(attribute.name).filter(|_| !said) else { continue };
            let path = AttributePath::member(attribute.name);
            each_text(&value.to_value(), &path, &mut |text, path| {
                let teller = (address.clone(), path.clone());
                self.tellers.entry(text.to_owned()).or_default().push(teller);
                texts.push(Text { text: text.to_owned(), path: path.clone() });
            });
        }
        self.objects.insert(address.clone(), texts);
    }

    /// The value with references where it holds what an object told; and those objects. With an address only those count
    /// that it was applied after. A text that holds what was told among other things becomes a template, but for secrets:
    /// they have placeholders as a whole.
    pub(super) fn referring(&self, value: &Value, of: Option<&Address>) -> (Value, Vec<Address>) {
        let before = self.before(of);
        let mut needed = Vec::new();
        let value = changed(value, &mut |part| match part {
            Value::String(text) => self.whole(text, &before, &mut needed).or_else(|| {
                let parts = self.parts(text, &before);
                needed.extend(parts.iter().map(|part| part.object.clone()));
                template(text, &parts)
            }),
            Value::Secret(inner) => Some(self.secret(inner, &before, &mut needed).secret()),
            _ => None,
        });
        (value, needed)
    }

    fn secret(&self, secret: &Value, before: &BTreeSet<&Address>, needed: &mut Vec<Address>) -> Value {
        changed(secret, &mut |part| match part {
            Value::String(text) => self.whole(text, before, needed),
            _ => None,
        })
    }

    fn whole(&self, text: &str, before: &BTreeSet<&Address>, needed: &mut Vec<Address>) -> Option<Value> {
        let (object, path) = self.tellers.get(text)?.iter().find(|(object, _)| before.contains(object))?;
        needed.push(object.clone());
        Some(Value::attribute(object.clone(), path.clone()))
    }

    /// The objects that one was applied after; all for none.
    fn before(&self, of: Option<&Address>) -> BTreeSet<&Address> {
        let Some(of) = of else { return self.objects.keys().collect() };
        let listed = self.dependencies.get(of).map_or(&[][..], Vec::as_slice);
        let instances = listed.iter().filter_map(|block| self.instances.get(block)).flatten();
        listed.iter().chain(instances).filter(|address| *address != of).collect()
    }

    /// What objects told, where it stands by itself in a text: from left to right, the longest first.
    fn parts<'t>(&'t self, text: &str, before: &BTreeSet<&'t Address>) -> Vec<Part<'t>> {
        let mut found: Vec<Part<'t>> = Vec::new();
        for object in before {
            for told in self.objects.get(*object).into_iter().flatten().filter(|told| told.text.len() < text.len()) {
                let ends = |begins: usize| begins + told.text.len();
                let places = text.match_indices(told.text.as_str()).map(|(begins, _)| (begins, ends(begins)));
                let places = places.filter(|(begins, ends)| stands_by_itself(text, *begins, *ends));
                found.extend(places.map(|(begins, ends)| Part { begins, ends, object, path: &told.path }));
            }
        }
        let length = |part: &Part<'_>| part.ends - part.begins;
        found.sort_by(|one, other| {
            let longest = length(other).cmp(&length(one));
            one.begins.cmp(&other.begins).then(longest).then_with(|| one.object.cmp(other.object))
        });
        let mut end = 0;
        found.retain(|part| {
            let follows = part.begins >= end;
            end = if follows { part.ends } else { end };
            follows
        });
        found
    }
}

/// Whether neither a letter nor a digit goes on before or behind.
fn stands_by_itself(text: &str, begins: usize, ends: usize) -> bool {
    let before = text.get(..begins).and_then(|text| text.chars().next_back());
    let behind = text.get(ends..).and_then(|text| text.chars().next());
    ![before, behind].into_iter().flatten().any(char::is_alphanumeric)
}

/// The text with its parts as references; none without parts.
fn template(text: &str, parts: &[Part<'_>]) -> Option<Value> {
    let mut arguments = Vec::new();
    let mut end = 0;
    for part in parts {
        let between = text.get(end..part.begins).filter(|text| !text.is_empty());
        arguments.extend(between.map(Value::string));
        arguments.push(Value::attribute(part.object.clone(), part.path.clone()));
        end = part.ends;
    }
    arguments.extend(text.get(end..).filter(|text| !text.is_empty()).map(Value::string));
    let apply =
        Residual::Apply { operation: Operation::Template, arguments: arguments.into_iter().collect(), span: None };
    (!parts.is_empty()).then(|| Value::Unknown(Arc::new(apply)))
}

/// Long texts in a value, with their paths; those in sets have none.
fn each_text(value: &Value, path: &AttributePath, visit: &mut dyn FnMut(&str, &AttributePath)) {
    match value {
        Value::String(text) if text.len() >= SHORTEST && !is_word(text) => visit(text, path),
        Value::Secret(inner) => each_text(inner, path, visit),
        Value::Map(map) => {
            for (key, value) in map.iter() {
                each_text(value, &path.then(Step::Key(key.clone())), visit);
            }
        }
        Value::List(items) => {
            for (index, item) in (0..).zip(items) {
                each_text(item, &path.then(Step::Index(index)), visit);
            }
        }
        _ => {}
    }
}

/// Words, `Succeeded` or `argocd-server`, are no one's own: others say them too.
fn is_word(text: &str) -> bool {
    text.chars().all(|character| character.is_alphabetic() || matches!(character, '-' | '_' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use formwork_lang::graph::value_text;

    /// `a` tells these texts, `b` was applied after it.
    fn told(texts: &[&str]) -> Told {
        let (a, b) = (Address::resource("a"), Address::resource("b"));
        let mut told = Told {
            objects: HashMap::new(),
            tellers: HashMap::new(),
            dependencies: HashMap::from([(b, vec![a.clone()])]),
            instances: HashMap::new(),
        };
        let mut list = Vec::new();
        for (index, text) in (0..).zip(texts) {
            let path = AttributePath::member("told").then(Step::Index(index));
            told.tellers.entry((*text).to_owned()).or_default().push((a.clone(), path.clone()));
            list.push(Text { text: (*text).to_owned(), path });
        }
        told.objects.insert(a, list);
        told
    }

    fn shown(told: &Told, value: &Value, of: &str) -> String {
        value_text(&told.referring(value, Some(&Address::resource(of))).0)
    }

    #[test]
    fn a_text_refers_to_what_stands_by_itself_in_it() {
        let told = told(&["id-1234567", "/a/id-1234567"]);
        let part = shown(&told, &Value::string("client id-1234567!"), "b");
        assert!(part.contains("a.told[0]") && part.contains("client ") && !part.contains("1234567"), "{part}");
        let whole = shown(&told, &Value::string("/a/id-1234567"), "b");
        assert!(whole.contains("a.told[1]"), "{whole}");
        let longest = shown(&told, &Value::string("of /a/id-1234567"), "b");
        assert!(longest.contains("a.told[1]") && !longest.contains("a.told[0]"), "{longest}");
        for other in ["client id-12345678", "nothing of it"] {
            assert!(!shown(&told, &Value::string(other), "b").contains("told"), "{other}");
        }
        let unrelated = shown(&told, &Value::string("client id-1234567"), "c");
        assert!(!unrelated.contains("told"), "c was not applied after a: {unrelated}");
    }

    #[test]
    fn the_rest_of_a_secret_text_stays_with_it() {
        let told = told(&["id-1234567"]);
        let value = Value::string("planted id-1234567").secret();
        let (value, needed) = told.referring(&value, Some(&Address::resource("b")));
        assert_eq!(value, Value::string("planted id-1234567").secret(), "no part of it gets out of its mark");
        assert!(needed.is_empty());
    }

    #[test]
    fn words_are_equal_by_chance() {
        let mut found = Vec::new();
        let value = Value::list(["Succeeded", "argocd-server", "10.0.0.4"].map(Value::string));
        each_text(&value, &AttributePath::member("told"), &mut |text, _| found.push(text.to_owned()));
        assert_eq!(found, ["10.0.0.4"]);
    }
}
