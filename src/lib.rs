//! The engine that keeps AWS credentials fresh inside a JVM.
