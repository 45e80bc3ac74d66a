//! A local cloud that anyone can apply to: Azure Resource Manager, Key Vault and Kubernetes on loopback.
