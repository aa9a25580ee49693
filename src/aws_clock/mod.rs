//! The only room that asks the operating system for the time.
//!
//! Three clocks, never mixed: the *wall* (may be wrong, may step), *boot time* (never steps, counts suspension; all
//! schedules run on it), and *AWS time*, an interval that we believe the services' clock to be in.

pub mod clock;
pub mod witness;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// An instant on the boot-time clock: the time since the machine booted, suspension included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Boot(Duration);

impl Boot {
    pub const MAX: Boot = Boot(Duration::MAX);

    pub const fn from_duration(since_boot: Duration) -> Self {
        Boot(since_boot)
    }

    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// Later by `duration`, saturating.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Boot(self.0.saturating_add(duration))
    }

    /// The time from `earlier` to here; zero when `earlier` is not earlier.
    pub const fn since(self, earlier: Boot) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// What we believe AWS's clock shows: somewhere in `[lo, hi]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsNow {
    pub lo: DateTime<Utc>,
    pub hi: DateTime<Utc>,
    /// Whether somebody other than this host's clock said so. Only a witnessed interval may condemn credentials.
    pub witnessed: bool,
}

impl AwsNow {
    /// The belief that rests on this host's wall clock alone.
    pub fn from_wall(wall: DateTime<Utc>) -> Self {
        AwsNow { lo: wall, hi: wall, witnessed: false }
    }
}

/// One reading of all three clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub boot: Boot,
    pub wall: DateTime<Utc>,
    pub aws: AwsNow,
}

/// `instant + delta`, clamped to the calendar instead of failing at its ends.
pub fn saturating_add(instant: DateTime<Utc>, delta: TimeDelta) -> DateTime<Utc> {
    instant.checked_add_signed(delta).unwrap_or(if delta < TimeDelta::zero() {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

/// A `Duration` as chrono's signed kind, clamped to what that can hold.
pub fn signed(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
