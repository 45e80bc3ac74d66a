//! `docs/providers/azure.md` says what the schema says.

use formwork_provider_api::{Provider, testing};
use formwork_provider_azure::AzureProvider;
use libtest_mimic::{Failed, Trial};

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("page::agrees_with_the_schema", agrees)]
}

fn agrees() -> Result<(), Failed> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers/azure.md");
    testing::assert_page(path, AzureProvider.schema());
    Ok(())
}
