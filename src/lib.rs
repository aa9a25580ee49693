//! The engine that keeps AWS credentials fresh inside a JVM.

pub mod config;
pub mod credentials;
pub mod error;
pub mod http;
pub mod sources;
