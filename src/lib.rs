//! The engine that keeps AWS credentials fresh inside a JVM.

#![deny(unsafe_code)]

pub mod aws_clock;
pub mod credentials;
pub mod error;
pub mod refresh;
pub mod sources;
