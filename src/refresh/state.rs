//! What a refresh machine holds, and what it publishes of it: values, no rules.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::life::{Life, Phase, UNKNOWN_LIFE};
use crate::aws_clock::{Boot, Now, signed};
use crate::credentials::{AccessKeyId, Credentials, Identity};
use crate::error::FetchError;
use crate::sources::{Answer, Traits};

/// A set of credentials with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub credentials: Credentials,
    pub identity: Identity,
    pub source: &'static str,
    pub traits: Traits,
    /// How long the set lives when it is new, where its source told.
    pub nominal_life: Option<Duration>,
    pub first_seen: Boot,
    /// First seen, on this host's clock.
    pub accepted: DateTime<Utc>,
}

impl Held {
    pub fn new(answer: Answer, now: &Now) -> Held {
        Held {
            credentials: answer.credentials,
            identity: answer.identity,
            source: answer.source,
            traits: answer.traits,
            nominal_life: answer.nominal_life,
            first_seen: now.boot,
            accepted: now.wall,
        }
    }

    /// `None` when the set does not expire.
    pub fn life(&self, now: &Now) -> Option<Life> {
        let nominal = self.nominal_life.unwrap_or(UNKNOWN_LIFE);
        self.credentials.expiration.map(|at| Life::of(at, nominal, self.first_seen, now))
    }

    pub fn key(&self) -> &AccessKeyId {
        &self.credentials.access_key_id
    }

    pub fn live(&self, now: &Now) -> bool {
        self.life(now).is_none_or(|life| !life.left().is_zero())
    }
}

/// Where AWS's clock is believed to be, relative to this host's wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    pub lo: TimeDelta,
    pub hi: TimeDelta,
    pub witnessed: bool,
}

impl Skew {
    pub fn of(now: &Now) -> Skew {
        Skew { lo: now.aws.lo - now.wall, hi: now.aws.hi - now.wall, witnessed: now.aws.witnessed }
    }
}

/// Until when a read may use what is held without asking, on this host's wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    None,
    Until(DateTime<Utc>),
    Forever,
}

/// What readers and status see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Strictly increasing.
    pub generation: u64,
    pub phase: Phase,
    pub held: Option<Arc<Held>>,
    pub serve_until: Grant,
    /// `None` while an attempt is under way.
    pub next_attempt: Option<DateTime<Utc>>,
    pub last_success: Option<DateTime<Utc>>,
    /// Why the last attempt failed; gone with the next success.
    pub error: Option<Arc<FetchError>>,
    pub failures: u32,
    /// Attempts started so far.
    pub attempt: u64,
    pub in_flight: bool,
    pub rejected: bool,
    pub skew: Skew,
}

impl Published {
    /// Whether a reader could not tell the two apart, but for their generations. Times are compared with some play:
    /// they are computed from two clocks that are read one after the other, and slewed.
    pub fn says_the_same(&self, other: &Published) -> bool {
        let play = signed(Duration::from_millis(200));
        let near = |a: DateTime<Utc>, b: DateTime<Utc>| (a - b).abs() < play;
        let same_grant = match (self.serve_until, other.serve_until) {
            (Grant::Until(a), Grant::Until(b)) => near(a, b),
            (a, b) => a == b,
        };
        let same_next = match (self.next_attempt, other.next_attempt) {
            (Some(a), Some(b)) => near(a, b),
            (a, b) => a == b,
        };
        let same_skew = self.skew.witnessed == other.skew.witnessed
            && (self.skew.lo - other.skew.lo).abs() < play
            && (self.skew.hi - other.skew.hi).abs() < play;
        same_grant
            && same_next
            && same_skew
            && self.phase == other.phase
            && self.held == other.held
            && self.last_success == other.last_success
            && self.error == other.error
            && self.failures == other.failures
            && self.attempt == other.attempt
            && self.in_flight == other.in_flight
            && self.rejected == other.rejected
    }
}

/// The last `N` different keys of some kind.
#[derive(Clone, Debug, Default)]
pub struct RecentKeys<const N: usize>(VecDeque<AccessKeyId>);

impl<const N: usize> RecentKeys<N> {
    pub fn contains(&self, key: &AccessKeyId) -> bool {
        self.0.contains(key)
    }

    /// The key is the most recent now.
    pub fn add(&mut self, key: AccessKeyId) {
        self.0.retain(|known| *known != key);
        if self.0.len() == N {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
