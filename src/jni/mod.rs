//! The boundary to the JVM, and the only room for `unsafe` and the jni crate. It translates; it decides nothing.
//!
//! - [`natives`]: what Java calls, one function a native method, each behind one guard.
//! - [`guard`]: errors and panics become Java exceptions; nothing else leaves a native method.
//! - [`runs`]: which runs of the engine there are.
//! - [`publisher`]: the upcalls of a run, all on the Java thread that entered it. No Rust thread is ever attached.
//! - [`logs`]: tracing events become upcalls, too.

#![allow(unsafe_code)]

mod guard;
mod logs;
pub mod natives;
mod publisher;
mod runs;
