//! Benchmarks by stage, and whole commands beside Terraform
