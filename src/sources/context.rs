//! What sources work with: the ways out of this room.

use std::sync::Arc;

use super::base::Bases;
use crate::aws_clock::clock::Clock;
use crate::http::Transport;

/// Given to each source that is made.
#[derive(Clone)]
pub struct Context {
    /// To link-local services: plain HTTP, never through a proxy.
    pub metadata: Arc<dyn Transport>,
    /// To AWS: TLS and proxies as the JVM has them.
    pub aws: Arc<dyn Transport>,
    pub bases: Arc<dyn Bases>,
    /// For signatures and for the ends of tokens.
    pub clock: Arc<dyn Clock>,
}
