//! The schemas, held against themselves and against the vendor's description of each type.

use formwork_provider_api::{Provider, schema_check};
use formwork_provider_azure::AzureProvider;
use libtest_mimic::{Failed, Trial};

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("schemas::are_sound", are_sound)]
}

fn are_sound() -> Result<(), Failed> {
    assert_eq!(schema_check::lint(AzureProvider.schema()), Vec::<String>::new());
    Ok(())
}
