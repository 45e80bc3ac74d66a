//! Provider aws: Amazon Web Services
