//! Which steps of its life each type was taken through. [`Cloud`](crate::cloud::Cloud) notes a step when what it asserts
//! about it holds; at the end of a whole run none may be missing.

use crate::cloud::schema;
use formwork_model::schema::{Attribute, AttributeType};
use formwork_provider_api::Provider;
use formwork_provider_aws::AwsProvider;
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Create,
    CleanPlan,
    Change,
    Replacement,
    Drift,
    Import,
    List,
    Delete,
    /// Found and completed after its create was cut off.
    Recovery,
    /// The answer to its create was lost, and there is one object.
    LostAnswer,
    /// Many of them in a known number of calls.
    BatchedRead,
}

const STEPS: [Step; 11] = [
    Step::Create,
    Step::CleanPlan,
    Step::Change,
    Step::Replacement,
    Step::Drift,
    Step::Import,
    Step::List,
    Step::Delete,
    Step::Recovery,
    Step::LostAnswer,
    Step::BatchedRead,
];

static TAKEN: Mutex<BTreeSet<(&'static str, Step)>> = Mutex::new(BTreeSet::new());

/// Notes that a type was taken through a step.
pub fn took(type_name: &str, step: Step) {
    TAKEN.lock().unwrap().insert((schema(type_name).name, step));
}

/// What is run when all other tests are through.
pub fn tests() -> Vec<Trial> {
    vec![Trial::test("steps::no_type_lacks_a_step", no_type_lacks_a_step)]
}

fn no_type_lacks_a_step() -> Result<(), Failed> {
    let taken = TAKEN.lock().unwrap().clone();
    let missing = AwsProvider.schema().resources.iter().flat_map(|resource| {
        let replaceable = has_create_only(resource.attributes);
        let wanted = STEPS.into_iter().filter(move |step| *step != Step::Replacement || replaceable);
        wanted.map(|step| (resource.name, step))
    });
    let missing: Vec<_> = missing.filter(|step| !taken.contains(step)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no test takes these types through: {missing:?}").into()) }
}

/// Whether any attribute forces a replacement; an internet gateway has none, for example.
fn has_create_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.create_only || has_create_only(fields(&attribute.ty)))
}

fn fields(ty: &AttributeType) -> &'static [Attribute] {
    match ty {
        AttributeType::Object(fields) => fields,
        AttributeType::List(item) | AttributeType::Set(item) | AttributeType::Map(item) => fields(item),
        _ => &[],
    }
}
