//! The providers that this program is built with. The only place that knows concrete ones.

use formwork_engine::ports::Providers;
use formwork_provider_api::Provider;
use std::sync::Arc;

/// Providers by name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Registry;

/// Names of all providers, sorted.
pub(crate) const NAMES: &[&str] = &[
    #[cfg(feature = "kubernetes")]
    "argocd",
    #[cfg(feature = "aws")]
    "aws",
    #[cfg(feature = "azure")]
    "azure",
    #[cfg(feature = "kubernetes")]
    "kubernetes",
    "mock",
    "std",
];

impl Providers for Registry {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        match name {
            #[cfg(feature = "kubernetes")]
            "argocd" => Some(Arc::new(formwork_provider_kubernetes::Argocd)),
            #[cfg(feature = "aws")]
            "aws" => Some(Arc::new(formwork_provider_aws::AwsProvider)),
            #[cfg(feature = "azure")]
            "azure" => Some(Arc::new(formwork_provider_azure::AzureProvider)),
            #[cfg(feature = "kubernetes")]
            "kubernetes" => Some(Arc::new(formwork_provider_kubernetes::Kubernetes)),
            "mock" => Some(Arc::new(formwork_provider_mock::Mock)),
            "std" => Some(Arc::new(formwork_provider_std::Std)),
            _ => None,
        }
    }
}
