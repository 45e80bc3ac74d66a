//! The pages say what the schemas say.

use formwork_provider_api::{Provider, testing};
use formwork_provider_kubernetes::{Argocd, Kubernetes};
use libtest_mimic::{Failed, Trial};

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("page::kubernetes", kubernetes), Trial::test("page::argocd", argocd)]
}

fn kubernetes() -> Result<(), Failed> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers/kubernetes.md");
    testing::assert_page(path, Kubernetes.schema());
    Ok(())
}

fn argocd() -> Result<(), Failed> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers/argocd.md");
    testing::assert_page(path, Argocd.schema());
    Ok(())
}
