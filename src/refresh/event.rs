//! What can happen to a refresh machine, and what that leads to: values, no rules.

use std::sync::Arc;
use std::time::Duration;

use super::life::LifePolicy;
use super::state::Published;
use crate::credentials::AccessKeyId;
use crate::error::FetchError;
use crate::sources::Answer;

/// What the user set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub life: LifePolicy,
    /// Credentials of another role are refused.
    pub expect_role: Option<String>,
}

/// What can happen to a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time has passed.
    Tick,
    Answered {
        attempt: u64,
        answer: Box<Answer>,
    },
    Failed {
        attempt: u64,
        error: FetchError,
    },
    /// A reader found nothing held, or its grant passed.
    Nudge,
    /// The user asks for a new set now.
    Refresh,
    /// A service rejected this key.
    Invalidate(AccessKeyId),
    /// A service took a request signed with this key.
    Accepted(AccessKeyId),
    /// The user wants a set that lives at least so long.
    MinRemaining(Duration),
    /// A file or setting that the source reads has changed.
    InputsChanged,
    /// The belief about AWS's clock moved, by a witness or because the wall clock was set.
    BeliefMoved,
    /// The source needs longer for the attempt under way than sources of its kind do.
    Patience(Duration),
    /// The process did not run for a while.
    Paused,
    /// The process was restored from a snapshot.
    Restored,
    Close,
    /// A fault in the rules, for the test that the engine survives it.
    #[cfg(test)]
    Panic,
}

/// A fetch to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub number: u64,
    /// After this long without an answer it has failed.
    pub deadline: Duration,
}

/// What an event leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    pub start: Option<Attempt>,
    pub publish: Option<Arc<Published>>,
}
