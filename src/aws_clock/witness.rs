//! Pure: what is known about AWS's clock -> [`AwsNow`].
//!
//! Without a witness the belief is this host's wall clock, unwitnessed. After the wall clock was set, nobody can tell
//! whether it was right before or is right now, so the belief spans both until it has run steadily for a while.

use std::time::Duration;

use chrono::TimeDelta;

use super::clock::Reading;
use super::{AwsNow, Boot, Now, saturating_add};

/// How long a wall clock that was set must run steadily before it is believed alone again.
const STEADY: Duration = Duration::from_secs(15 * 60);

/// What is believed of AWS's clock, relative to the wall clock.
#[derive(Clone, Debug, Default)]
pub struct Belief {
    doubt: Option<Doubt>,
}

/// AWS time is somewhere in `[wall + below, wall + above]`, `below <= 0 <= above`.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    below: TimeDelta,
    above: TimeDelta,
    until: Boot,
}

impl Belief {
    /// The belief at a reading.
    pub fn now(&self, reading: &Reading) -> Now {
        let aws = match self.doubt.filter(|doubt| reading.boot < doubt.until) {
            Some(doubt) => AwsNow {
                lo: saturating_add(reading.wall, doubt.below),
                hi: saturating_add(reading.wall, doubt.above),
                witnessed: false,
            },
            None => AwsNow::from_wall(reading.wall),
        };
        Now { boot: reading.boot, wall: reading.wall, aws }
    }

    /// The wall clock was set by `step` shortly before `boot`: the old projection and the new wall both count.
    pub fn stepped(&mut self, step: TimeDelta, boot: Boot) {
        let before = self.doubt.filter(|doubt| boot < doubt.until);
        let (below, above) = before.map_or((TimeDelta::zero(), TimeDelta::zero()), |doubt| (doubt.below, doubt.above));
        let shift = |bound: TimeDelta| bound.checked_sub(&step).unwrap_or_default();
        self.doubt = Some(Doubt {
            below: shift(below).min(TimeDelta::zero()),
            above: shift(above).max(TimeDelta::zero()),
            until: boot.plus(STEADY),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn reading(wall: i64, boot: u64) -> Reading {
        let boot = Duration::from_secs(boot);
        Reading { wall: DateTime::from_timestamp(wall, 0).unwrap(), boot: Boot::from_duration(boot), monotonic: boot }
    }

    #[test]
    fn without_a_witness_the_wall_is_believed_and_condemns_nothing() {
        let now = Belief::default().now(&reading(5000, 10));
        assert_eq!(now.aws, AwsNow::from_wall(now.wall));
        assert!(!now.aws.witnessed);
    }

    #[test]
    fn after_a_step_both_times_are_possible_for_fifteen_minutes() {
        let mut belief = Belief::default();
        belief.stepped(TimeDelta::seconds(-3600), Boot::from_duration(Duration::from_secs(10)));
        let now = belief.now(&reading(1400, 10));
        assert_eq!((now.aws.lo.timestamp(), now.aws.hi.timestamp()), (1400, 5000));
        let later = belief.now(&reading(2301, 911));
        assert_eq!(later.aws, AwsNow::from_wall(later.wall));
    }

    #[test]
    fn a_step_that_is_taken_back_keeps_both_times_until_it_is_steady() {
        let mut belief = Belief::default();
        belief.stepped(TimeDelta::days(1), Boot::from_duration(Duration::from_secs(10)));
        belief.stepped(TimeDelta::days(-1), Boot::from_duration(Duration::from_secs(20)));
        let now = belief.now(&reading(1000, 20));
        assert_eq!((now.aws.lo.timestamp(), now.aws.hi.timestamp()), (1000, 1000 + 86_400));
    }
}
