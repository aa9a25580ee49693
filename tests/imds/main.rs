//! The IMDS source over real sockets, against a scripted metadata service: what is asked, what comes of each answer,
//! and that every fault ends in time with an error that says what to do and holds no secret.

mod faults;
mod protocol;
mod service;

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evercreds::config::imds::ImdsSettings;
use evercreds::error::{FetchError, FetchErrorKind};
use evercreds::http::{Exchange, MetadataTransport, Request, Transport, TransportError};
use evercreds::sources::imds::Imds;
use evercreds::sources::{Answer, Source};

use service::{EXTENDED, LEGACY, Reply, Service, document, refusing_address, silent_address};

/// Far above what any test needs on a slow machine, and below forever.
const BOUND: Duration = Duration::from_secs(20);
/// The time-out of tests that wait for it.
const SHORT: Duration = Duration::from_millis(300);

fn settings(endpoint: &str) -> ImdsSettings {
    ImdsSettings { endpoint: endpoint.into(), timeout: Duration::from_secs(4), ..Default::default() }
}

fn imds(settings: ImdsSettings) -> Imds {
    Imds::new(settings, Arc::new(MetadataTransport))
}

fn at(service: &Service) -> Imds {
    imds(settings(&service.endpoint()))
}

/// One fetch, in bounded time, whose outcome shows no secret.
async fn fetch(source: &Imds) -> Result<Answer, FetchError> {
    let outcome = tokio::time::timeout(BOUND, source.fetch()).await.expect("a fetch ends by itself");
    let shown = match &outcome {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    for secret in service::SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
    outcome
}

async fn key(source: &Imds) -> String {
    fetch(source).await.unwrap().credentials.access_key_id.to_string()
}

async fn error(source: &Imds) -> FetchError {
    fetch(source).await.unwrap_err()
}

#[track_caller]
fn says(error: &FetchError, kind: FetchErrorKind, words: &[&str]) {
    assert_eq!(error.kind, kind, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} is not in: {error}");
    }
}

const EXTENDED_APP: &str = "GET /latest/meta-data/iam/security-credentials-extended/app";
const LEGACY_APP: &str = "GET /latest/meta-data/iam/security-credentials/app";
const PUT: &str = "PUT /latest/api/token";

fn get(path: &str) -> String {
    format!("GET {path}")
}
