//! A source answers one question: "credentials, now". It knows no engine and no schedule; it keeps at most what makes
//! the next asking cheaper (a metadata token, which path answered).

pub mod base;

pub mod chain;
pub mod container;
pub mod context;
pub mod document;
pub mod fields;
pub mod imds;
pub mod login;
mod oauth;
pub mod plan;
pub mod process;
pub mod profile;
pub mod redacted;
#[cfg(test)]
pub(crate) mod scripted;
pub mod sso;
pub mod stamp;
pub mod static_credentials;
mod token_cache;
pub mod sts;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::stamp::Stamp;
use crate::credentials::{Credentials, Identity};
use crate::error::FetchError;

/// How a source behaves when it is asked, as far as the refresh rules depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// Asking is nearly free and stays on the host (IMDS, container agents): the source is polled.
    pub link_local: bool,
    /// Makes a new set at each asking (STS) rather than serving one set again until it rotates (IMDS).
    pub mints: bool,
}

/// What a source said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub credentials: Credentials,
    pub identity: Identity,
    /// The source that answered, in the field's words: `instance profile`, `environment variables`.
    pub source: &'static str,
    pub traits: Traits,
    /// How long a set lives when it is new: DurationSeconds (STS), Expiration - LastUpdated (IMDS). `None`: not told.
    pub nominal_life: Option<Duration>,
    /// What the clock of the answering side showed, when the answer carried a `Date`.
    pub date: Option<DateTime<Utc>>,
}

pub type Fetch<'a> = Pin<Box<dyn Future<Output = Result<Answer, FetchError>> + Send + 'a>>;

/// One place that credentials come from. Called by one fetch at a time; a fetch is cancelled by dropping it.
pub trait Source: Send + Sync {
    /// What this source is, for status and logs: `instance profile at http://169.254.169.254`.
    fn describe(&self) -> String;

    /// What the refresh rules assume before the first answer.
    fn traits(&self) -> Traits;

    /// Forgets what may have died while the process did not run.
    fn reset(&self) {}

    /// How long one asking may take where that is longer than sources of its kind get.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// The files that the last answer came from, each as it was when it was read; when one of them looks different, it is
    /// time to ask again.
    fn watched(&self) -> Vec<(PathBuf, Stamp)> {
        Vec::new()
    }

    /// Asks once (with the retries and time-outs that belong to the protocol). Every input is read anew.
    fn fetch(&self) -> Fetch<'_>;
}
