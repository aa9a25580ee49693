//! The engine that keeps AWS credentials fresh inside a JVM.
//!
//! Arrows run one way: `jni -> refresh -> sources -> {http, aws_clock, config} -> {credentials, error}`.
//!
//! | room | answers |
//! |---|---|
//! | [`credentials`], [`error`] | what credentials are; why there are none |
//! | [`blocking`] | what may hang, where it hangs nobody else |
//! | [`config`] | what the user asked for |
//! | [`http`] | one request, one answer; the only room that names reqwest and rustls |
//! | [`aws_clock`] | what time it is; the only room that asks the operating system |
//! | [`sources`] | "credentials, now" |
//! | [`refresh`] | when to ask, what to believe, until when to serve |
//! | `jni` | the boundary to the JVM; the only room for `unsafe` |

#![deny(unsafe_code)]

pub mod aws_clock;
pub mod blocking;
pub mod config;
pub mod credentials;
pub mod error;
pub mod http;
mod jni;
pub mod refresh;
pub mod sources;
