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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::aws_clock::clock::SystemClock;
    use crate::error::FetchError;
    use crate::sources::base::Base;
    use crate::sources::plan::Plan;

    struct NoBases;

    impl Bases for NoBases {
        fn open(&self, _: &Plan, _: &Context) -> Result<Arc<dyn Base>, FetchError> {
            Err(FetchError::non_recoverable("this test has no bases"))
        }
    }

    /// One transport for everything, no bases, the host's clock.
    pub(crate) fn over(transport: Arc<dyn Transport>) -> Context {
        Context {
            metadata: Arc::clone(&transport),
            aws: transport,
            bases: Arc::new(NoBases),
            clock: Arc::new(SystemClock),
        }
    }
}
