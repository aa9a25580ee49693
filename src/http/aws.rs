//! The way to AWS itself: TLS, through a proxy where one is set.

use std::path::PathBuf;

use super::exchange::exchange;
use super::proxy::Proxies;
use super::{Exchange, Request, Transport, trust};
use crate::config::{Inputs, names};

/// The transport to services of AWS. Must be used inside a tokio runtime with I/O and time.
#[derive(Clone, Debug)]
pub struct AwsTransport {
    proxies: Proxies,
    /// AWS_CA_BUNDLE.
    bundle: Option<PathBuf>,
}

impl AwsTransport {
    pub fn new(inputs: &Inputs) -> AwsTransport {
        AwsTransport {
            proxies: Proxies::new(inputs),
            bundle: inputs.environment.get(names::CA_BUNDLE).map(PathBuf::from),
        }
    }
}

impl Transport for AwsTransport {
    fn send(&self, request: Request) -> Exchange<'_> {
        Box::pin(async move {
            let proxy = self.proxies.towards(&request.url)?;
            // Endpoints of tests and emulators are plain; they need no certificates.
            let anchors = match request.url.starts_with("http:") {
                true => trust::nobody(),
                false => trust::anchors(self.bundle.as_deref()).await?,
            };
            exchange(request, |client| {
                let client = client.tls_backend_preconfigured(anchors);
                match proxy {
                    Some(proxy) => client.proxy(proxy),
                    None => client,
                }
            })
            .await
        })
    }
}
