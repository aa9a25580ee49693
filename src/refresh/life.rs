//! Pure: how long a set of credentials still lives, and what that means: its phase and its windows.
//!
//! Nothing here is stored. Everything is derived from the current belief about AWS's clock, so that a belief that was
//! wrong and is mended mends the life with it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::aws_clock::{Boot, Now, saturating_add, signed};

const MINUTE: Duration = Duration::from_secs(60);

/// The life assumed of a set whose source does not tell how long its sets live.
pub const UNKNOWN_LIFE: Duration = Duration::from_secs(12 * 3600);

/// How far a set is from its end. The order is the order of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing is held.
    None = 0,
    Fresh = 1,
    /// A new set is wanted.
    Advisory = 2,
    /// A new set is wanted urgently.
    Mandatory = 3,
    /// Past its expiration as far as we can tell; still served, for nothing better can be had.
    Stale = 4,
    /// A witness says that it expired longer ago than it may be served.
    Dead = 5,
}

/// The rules that a user can set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifePolicy {
    /// How long before expiration a new set is asked for. `None`: by the set's length, see [`advisory_window`].
    pub advisory_window: Option<Duration>,
    /// How long after its witnessed expiration a set may be served while no other can be had. `None`: without limit.
    pub max_stale: Option<Duration>,
}

/// The life of a set that expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// What is left of it; negative when it is over.
    pub left: TimeDelta,
    /// Its whole length since it was first seen.
    pub length: Duration,
}

impl Life {
    /// `left` is the lesser of what the latest possible AWS time leaves and what the set's nominal life leaves since it
    /// was first seen: a clock that steps back cannot lengthen a life.
    pub fn of(expiration: DateTime<Utc>, nominal: Duration, first_seen: Boot, now: &Now) -> Life {
        let age = signed(now.boot.since(first_seen));
        let by_clock = expiration.signed_duration_since(now.aws.hi);
        let by_age = signed(nominal).checked_sub(&age).unwrap_or(TimeDelta::MIN);
        let left = by_clock.min(by_age);
        let length = left.checked_add(&age).unwrap_or(TimeDelta::MAX).to_std().unwrap_or_default();
        Life { left, length }
    }

    /// What is left, zero when it is over.
    pub fn left(&self) -> Duration {
        self.left.to_std().unwrap_or_default()
    }

    pub fn advisory_window(&self, policy: &LifePolicy) -> Duration {
        policy.advisory_window.unwrap_or_else(|| advisory_window(self.length))
    }

    pub fn phase(&self, policy: &LifePolicy) -> Phase {
        if self.left <= TimeDelta::zero() {
            Phase::Stale
        } else if self.left() <= mandatory_window(self.length) {
            Phase::Mandatory
        } else if self.left() <= self.advisory_window(policy) {
            Phase::Advisory
        } else {
            Phase::Fresh
        }
    }
}

/// How long before its end a new set is asked for: half of a short life, else 5, 15 or 60 minutes
/// (the windows of the 2026 AWS SDKs, which jump at the same lengths).
pub fn advisory_window(length: Duration) -> Duration {
    if length < 10 * MINUTE {
        length / 2
    } else if length <= 20 * MINUTE {
        5 * MINUTE
    } else if length < 90 * MINUTE {
        15 * MINUTE
    } else {
        60 * MINUTE
    }
}

/// How long before its end a set is no longer granted ahead of time.
pub fn mandatory_window(length: Duration) -> Duration {
    MINUTE.min(length / 4)
}

/// When the source made the set, by its own dates.
pub fn issued(expiration: Option<DateTime<Utc>>, nominal: Option<Duration>) -> Option<DateTime<Utc>> {
    expiration?.checked_sub_signed(signed(nominal?))
}

/// AWS may have stopped accepting the set.
pub fn possibly_dead(expiration: Option<DateTime<Utc>>, now: &Now) -> bool {
    expiration.is_some_and(|expiration| now.aws.hi >= expiration)
}

/// AWS has stopped accepting the set: a witness says so.
pub fn certainly_dead(expiration: Option<DateTime<Utc>>, now: &Now) -> bool {
    expiration.is_some_and(|expiration| now.aws.witnessed && now.aws.lo >= expiration)
}

/// A set that certainly expired longer ago than it may be served.
pub fn beyond_serving(expiration: Option<DateTime<Utc>>, policy: &LifePolicy, now: &Now) -> bool {
    match (expiration, policy.max_stale) {
        (Some(expiration), Some(stale)) => now.aws.witnessed && now.aws.lo >= saturating_add(expiration, signed(stale)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws_clock::AwsNow;

    fn now(boot: u64, wall: i64) -> Now {
        let wall = DateTime::from_timestamp(wall, 0).unwrap();
        Now { boot: Boot::from_duration(Duration::from_secs(boot)), wall, aws: AwsNow::from_wall(wall) }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_windows_are_those_of_the_sdks() {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        assert_eq!(advisory_window(minutes(10)), minutes(5));
        assert_eq!(advisory_window(Duration::from_secs(599)), Duration::from_secs(599) / 2);
        assert_eq!(advisory_window(minutes(20)), minutes(5));
        assert_eq!(advisory_window(Duration::from_secs(1230)), minutes(15));
        assert_eq!(advisory_window(Duration::from_secs(90 * 60 - 1)), minutes(15));
        assert_eq!(advisory_window(minutes(90)), minutes(60));
        assert_eq!(advisory_window(minutes(360)), minutes(60));
        assert_eq!(mandatory_window(minutes(1)), Duration::from_secs(15));
        assert_eq!(mandatory_window(minutes(360)), minutes(1));
    }

    #[test]
    fn a_clock_that_steps_back_does_not_lengthen_a_life() {
        let first_seen = Boot::from_duration(Duration::from_secs(100));
        let hour = Duration::from_secs(3600);
        let before = Life::of(at(10_000 + 3600), hour, first_seen, &now(1000, 10_000 + 900));
        let stepped_back = Life::of(at(10_000 + 3600), hour, first_seen, &now(1000, 10_000 - 86_400));
        assert_eq!(before.left, TimeDelta::seconds(2700));
        assert_eq!(stepped_back.left, TimeDelta::seconds(2700));
        assert_eq!(stepped_back.length, hour);
    }

    #[test]
    fn the_phases_follow_what_is_left() {
        let policy = LifePolicy::default();
        let phase =
            |left: i64| Life { left: TimeDelta::seconds(left), length: Duration::from_secs(3600) }.phase(&policy);
        assert_eq!(phase(901), Phase::Fresh);
        assert_eq!(phase(900), Phase::Advisory);
        assert_eq!(phase(61), Phase::Advisory);
        assert_eq!(phase(60), Phase::Mandatory);
        assert_eq!(phase(1), Phase::Mandatory);
        assert_eq!(phase(0), Phase::Stale);
        assert_eq!(phase(-5), Phase::Stale);
    }

    #[test]
    fn only_a_witness_condemns() {
        let policy = LifePolicy { max_stale: Some(Duration::from_secs(60)), ..LifePolicy::default() };
        let mut late = now(5, 2000);
        assert!(possibly_dead(Some(at(1000)), &late));
        assert!(!certainly_dead(Some(at(1000)), &late) && !beyond_serving(Some(at(1000)), &policy, &late));
        late.aws.witnessed = true;
        assert!(certainly_dead(Some(at(1000)), &late) && beyond_serving(Some(at(1000)), &policy, &late));
        assert!(!beyond_serving(Some(at(1000)), &LifePolicy::default(), &late));
        assert!(!possibly_dead(None, &late) && !certainly_dead(None, &late));
    }

    #[test]
    fn life_is_total_at_the_ends_of_the_calendar() {
        for expiration in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            for nominal in [Duration::ZERO, Duration::MAX] {
                let life = Life::of(expiration, nominal, Boot::MAX, &now(0, 0));
                let _ = life.phase(&LifePolicy::default());
            }
        }
    }
}
