//! The provider `azure`: Azure Resource Manager, and the data plane of Key Vault.
