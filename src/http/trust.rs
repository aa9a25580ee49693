//! Whom TLS trusts: the file that AWS_CA_BUNDLE names and nobody else, if it is set; else whom the JVM trusts, which Java
//! hands over when it is asked; else whom the platform trusts; else the roots that came with this library.
//!
//! Nobody is asked before the first exchange over TLS: an application that lives by its instance's role never pays for it.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{Notify, watch};

use super::TransportError;
use crate::blocking::{Kind, blocking};

/// How long Java may take to hand over whom the JVM trusts. Its key store takes a tenth of a second or two.
const JAVA_LIMIT: Duration = Duration::from_secs(3);
const FILE_LIMIT: Duration = Duration::from_secs(2);
/// The bundles of the big distributions have about 250 KB.
const BUNDLE_LIMIT: u64 = 4 * 1024 * 1024;

static WANTED: Notify = Notify::const_new();

/// What Java has said: nothing yet, or whom the JVM trusts (`None`: it does not say).
fn jvm() -> &'static watch::Sender<Option<Option<ClientConfig>>> {
    static JVM: OnceLock<watch::Sender<Option<Option<ClientConfig>>>> = OnceLock::new();
    JVM.get_or_init(|| watch::Sender::new(None))
}

/// Returns when somebody needs to know whom the JVM trusts. For the loop that can ask Java.
pub async fn wanted() {
    WANTED.notified().await;
}

/// What Java found: certificates as DER. None at all means that the JVM does not tell. A later list replaces the one before.
pub fn hand_over(certificates: Vec<Vec<u8>>) {
    let trusted = roots(certificates.into_iter().map(CertificateDer::from)).map(client);
    jvm().send_replace(Some(trusted));
}

/// For an exchange that will not speak TLS.
pub fn nobody() -> ClientConfig {
    static NOBODY: OnceLock<ClientConfig> = OnceLock::new();
    NOBODY.get_or_init(|| client(RootCertStore::empty())).clone()
}

/// Whom an exchange trusts now.
pub async fn anchors(bundle: Option<&Path>) -> Result<ClientConfig, TransportError> {
    if let Some(file) = bundle {
        return bundled(file).await;
    }
    let mut said = jvm().subscribe();
    if said.borrow().is_none() {
        WANTED.notify_one();
    }
    // Who waits in vain goes on with the platform's, and asks again at the next exchange.
    if let Ok(Ok(said)) = tokio::time::timeout(JAVA_LIMIT, said.wait_for(Option::is_some)).await
        && let Some(Some(trusted)) = &*said
    {
        return Ok(trusted.clone());
    }
    platform().await
}

/// AWS_CA_BUNDLE, read anew each time: it may be renewed while we run.
async fn bundled(file: &Path) -> Result<ClientConfig, TransportError> {
    let path = file.to_owned();
    let refused = |why: String| TransportError::Tls(format!("AWS_CA_BUNDLE names {}: {why}", file.display()));
    let read = blocking(Kind::File, FILE_LIMIT, "AWS_CA_BUNDLE", move || {
        let length = std::fs::metadata(&path).map_err(|error| error.kind().to_string())?.len();
        if length > BUNDLE_LIMIT {
            return Err(format!("it has {length} bytes; at most {BUNDLE_LIMIT} are read"));
        }
        std::fs::read(&path).map_err(|error| error.kind().to_string())
    });
    let text = read.await.map_err(|error| refused(error.message))?.map_err(refused)?;
    roots(CertificateDer::pem_slice_iter(&text).flatten())
        .map(client)
        .ok_or_else(|| refused("it holds no certificate (PEM is expected)".into()))
}

async fn platform() -> Result<ClientConfig, TransportError> {
    static PLATFORM: Mutex<Option<ClientConfig>> = Mutex::new(None);
    let known = || PLATFORM.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(config) = &*known() {
        return Ok(config.clone());
    }
    let found = blocking(Kind::File, FILE_LIMIT, "the platform's certificates", || {
        roots(rustls_native_certs::load_native_certs().certs)
    });
    let roots = match found.await {
        Ok(Some(roots)) => roots,
        _ => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let config = client(roots);
    *known() = Some(config.clone());
    Ok(config)
}

/// `None` when there is no usable certificate among them. Some that cannot be read are no reason to refuse the others.
fn roots<'a>(certificates: impl IntoIterator<Item = CertificateDer<'a>>) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    (!roots.is_empty()).then_some(roots)
}

fn client(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks rustls's default versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
