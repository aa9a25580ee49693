//! The operating system's clocks behind one trait, and the detector that compares two readings of them.
//!
//! All readings go through libc (std and nix do), never through raw system calls, so that a preloaded library can bend
//! the time of a whole process in tests. Sleeping is tokio's; with tokio's paused time a test controls both.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Boot, signed};

/// One reading of the host's three clocks, taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// CLOCK_REALTIME: what this host believes the time to be.
    pub wall: DateTime<Utc>,
    /// CLOCK_BOOTTIME: counts suspension.
    pub boot: Boot,
    /// CLOCK_MONOTONIC: stands still while the machine is suspended; tokio's timers run on it.
    pub monotonic: Duration,
}

/// Where the engine reads the time.
pub trait Clock: Send + Sync + Debug {
    fn read(&self) -> Reading;
}

/// The host's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // This is the one file that may.
    fn read(&self) -> Reading {
        Reading { wall: DateTime::<Utc>::from(SystemTime::now()), boot: boot(), monotonic: monotonic() }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn boot() -> Boot {
    use nix::time::ClockId;
    // A kernel without BOOTTIME (older than 2.6.39) leaves MONOTONIC: suspension then goes unseen, nothing else.
    Boot::from_duration(clock(ClockId::CLOCK_BOOTTIME).unwrap_or_else(monotonic))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn boot() -> Boot {
    // Windows' performance counter and macOS's CLOCK_MONOTONIC both go on while the machine sleeps.
    Boot::from_duration(monotonic())
}

#[cfg(unix)]
fn monotonic() -> Duration {
    clock(nix::time::ClockId::CLOCK_MONOTONIC).unwrap_or_default()
}

#[cfg(unix)]
fn clock(id: nix::time::ClockId) -> Option<Duration> {
    let time = nix::time::clock_gettime(id).ok()?;
    Some(Duration::new(u64::try_from(time.tv_sec()).ok()?, u32::try_from(time.tv_nsec()).ok()?))
}

#[cfg(not(unix))]
#[allow(clippy::disallowed_methods)] // This is the one file that may.
fn monotonic() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Differences up to this are slewing and scheduling, not jumps.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// A loop that should have run at least every tick and did not for this long has been paused.
const PAUSE: Duration = Duration::from_secs(15);

/// What the clocks did between two readings that should be at most a tick apart. Both can come together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jumps {
    /// The process did not run for this long: suspended with its machine, or stopped alone.
    pub paused: Option<Duration>,
    /// The wall clock was set: by how much it moved beyond the time that passed.
    pub stepped: Option<TimeDelta>,
}

pub fn jumps(before: &Reading, after: &Reading) -> Jumps {
    let boot = after.boot.since(before.boot);
    let suspended = boot.saturating_sub(after.monotonic.saturating_sub(before.monotonic));
    let paused = (suspended > NOTICEABLE || boot > PAUSE).then_some(boot);
    let step = after.wall.signed_duration_since(before.wall) - signed(boot);
    let stepped = (step.abs() > signed(NOTICEABLE)).then_some(step);
    Jumps { paused, stepped }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(wall: i64, boot: u64, monotonic: u64) -> Reading {
        Reading {
            wall: DateTime::from_timestamp(wall, 0).unwrap(),
            boot: Boot::from_duration(Duration::from_secs(boot)),
            monotonic: Duration::from_secs(monotonic),
        }
    }

    #[test]
    fn a_steady_tick_is_no_jump() {
        assert_eq!(jumps(&reading(1000, 10, 10), &reading(1005, 15, 15)), Jumps::default());
    }

    #[test]
    fn a_suspension_is_a_pause_and_no_step() {
        assert_eq!(
            jumps(&reading(1000, 10, 10), &reading(1100, 110, 12)),
            Jumps { paused: Some(Duration::from_secs(100)), stepped: None }
        );
    }

    #[test]
    fn a_stopped_process_has_been_paused() {
        assert_eq!(
            jumps(&reading(1000, 10, 10), &reading(1100, 110, 110)),
            Jumps { paused: Some(Duration::from_secs(100)), stepped: None }
        );
    }

    #[test]
    fn a_clock_that_was_set_has_stepped_both_ways() {
        assert_eq!(
            jumps(&reading(1000, 10, 10), &reading(905, 15, 15)),
            Jumps { paused: None, stepped: Some(TimeDelta::seconds(-100)) }
        );
        assert_eq!(
            jumps(&reading(1000, 10, 10), &reading(1105, 15, 15)),
            Jumps { paused: None, stepped: Some(TimeDelta::seconds(100)) }
        );
    }

    #[test]
    fn the_system_clocks_advance() {
        let first = SystemClock.read();
        let second = SystemClock.read();
        assert!(second.boot >= first.boot && second.monotonic >= first.monotonic);
        assert!(first.wall.timestamp() > 1_600_000_000);
    }
}
