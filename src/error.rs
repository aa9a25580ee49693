//! Why a fetch brought no credentials: its kind decides the pace of the next attempt, its text is for the person
//! who reads it at 3 a.m. Neither text ever holds a secret.

use std::fmt;
use std::time::Duration;

/// What kind of failure it was, as far as the pace of the next attempt depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchErrorKind {
    /// May be gone at the next attempt: a time-out, a refused connection, a 5xx, an answer that makes no sense.
    Transient,
    /// The instance metadata service answers, and says that no role is attached (a role may be attached later).
    NoRole,
    /// The other side asks for less traffic. `retry_after` as it said, if it did.
    Throttled { retry_after: Option<Duration> },
    /// Asking again changes nothing until somebody acts: access denied, disabled, malformed configuration.
    NonRecoverable,
}

/// A failed fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    pub kind: FetchErrorKind,
    /// What was asked, of whom, what came back.
    pub message: String,
    /// What a person can do about it.
    pub fix: Option<String>,
}

impl FetchError {
    pub fn new(kind: FetchErrorKind, message: impl Into<String>) -> Self {
        FetchError { kind, message: message.into(), fix: None }
    }

    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(FetchErrorKind::Transient, message)
    }

    pub fn non_recoverable(message: impl Into<String>) -> Self {
        Self::new(FetchErrorKind::NonRecoverable, message)
    }

    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.fix {
            Some(fix) => write!(f, " What to do: {fix}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FetchError {}
