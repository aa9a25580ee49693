//! Pure: from where a set stands and what an attempt brought to the wait before the next attempt.
//!
//! With a clock that is right, or vouched for, no set ends before the next one is met if the source offers that one
//! twenty seconds ahead; AWS does so five minutes ahead. What a wrong clock that nobody vouches for still costs:
//!
//! | source | clock | lost |
//! |---|---|---|
//! | link-local, next set five minutes ahead | up to a day wrong | nothing |
//! | link-local, next set later, life told | fast | nothing once a rotation was seen from its beginning |
//! | link-local, next set later, life told | slow | the first set is older than we know: less than a poll period |
//! | link-local, next set later, life not told | fast, slow | up to a minute, a poll period at every rotation |
//! | remote, makes sets, life told | up to a day wrong | nothing; a fast clock is paid with a request in 150 to 300 s |
//! | remote, life not told or served again | slow | up to 45 minutes of a set that lives less, or is older than we know |
//!
//! A service that rejects the key ends each of these at once (`invalidate`).

use std::time::Duration;

use fastrand::Rng;

use super::life::{Life, Phase};
use super::pace::{self, backoff, spread, uniform};
use crate::error::FetchErrorKind;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// No backoff grows beyond this.
pub const LONGEST_BACKOFF: Duration = secs(600);
/// A server that asks for more patience than this is not obeyed further.
pub const LONGEST_RETRY_AFTER: Duration = secs(300);

/// Under a clock that nobody vouches for, a remote source is asked again after this at the latest, unless it says how
/// long its sets live and makes them anew: a clock that is slow hides the end of a set that is older than we know. An
/// hour, less its window, is the usual life.
const UNVOUCHED: Duration = secs(45 * 60);
/// For so long a set that is stale or rejected is followed closely: a late rotation is met within seconds.
pub const CLOSELY: Duration = secs(600);

/// Where what is held stands at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub phase: Phase,
    /// `None`: nothing is held, or it does not expire.
    pub life: Option<Life>,
    pub advisory_window: Duration,
    /// How long the set lives when it is new, where its source told.
    pub nominal_life: Option<Duration>,
    /// For how long we have known it.
    pub age: Duration,
    pub link_local: bool,
    pub mints: bool,
    /// A service rejected the key.
    pub rejected: bool,
    /// For how long another set has been needed.
    pub urgent_for: Duration,
    /// The clock by which this is judged is vouched for.
    pub witnessed: bool,
}

impl Standing {
    /// Another set is needed now.
    pub fn urgent(&self) -> bool {
        self.rejected || self.phase >= Phase::Stale
    }

    /// Nothing is held, or AWS may not accept it any more.
    fn nothing_usable(&self) -> bool {
        self.phase == Phase::None || self.phase >= Phase::Stale
    }

    fn length(&self) -> Option<Duration> {
        self.life.map(|life| life.length)
    }

    /// What is left; a set that does not expire has no end in sight.
    fn left(&self) -> Duration {
        self.life.map_or(Duration::MAX, |life| life.left())
    }

    /// A fresh set was accepted: until its advisory window, less up to a tenth of its life so that a fleet started
    /// together does not ask together; a link-local source is polled meanwhile.
    pub fn after_fresh(&self, rng: &mut Rng) -> Duration {
        let until_window = self.life.map(|life| {
            let lead = uniform(rng, Duration::ZERO, life.length / 10);
            life.left().saturating_sub(self.advisory_window).saturating_sub(lead)
        });
        let poll = self.link_local.then(|| pace::poll(rng, self.length()));
        let age_is_known = self.mints && self.nominal_life.is_some();
        let unvouched = !self.link_local && !self.witnessed && self.life.is_some() && !age_is_known;
        let wait = [until_window, poll, unvouched.then_some(UNVOUCHED)].into_iter().flatten().min();
        wait.unwrap_or(pace::CEILING).clamp(pace::FLOOR, pace::CEILING)
    }

    /// A set was accepted that is not fresh. A link-local source is followed as if it had answered so before.
    pub fn after_not_fresh(&self, fruitless: u32, rng: &mut Rng) -> Duration {
        match (self.link_local, self.urgent()) {
            (false, _) => backoff(rng, secs(10), fruitless, secs(300)),
            (true, true) => self.after_fruitless(fruitless, rng),
            (true, false) => self.while_wanted(rng),
        }
    }

    /// The same stale or rejected set again.
    pub fn after_fruitless(&self, fruitless: u32, rng: &mut Rng) -> Duration {
        if self.link_local {
            backoff(rng, secs(5), fruitless, self.patience())
        } else {
            backoff(rng, secs(10), fruitless, secs(300))
        }
    }

    /// How far apart a link-local source is asked at the most while another set is needed. Where the clock is fast by
    /// more than a set lives, every set looks stale from its first second on; its age still tells when a rotation is
    /// near. (Where no life is told either, and it is under ten minutes, up to a minute of it can be missed.)
    fn patience(&self) -> Duration {
        const CLOSE: Duration = secs(10);
        const PATIENT: Duration = secs(60);
        let beyond = self.nominal_life.map(|nominal| self.age.saturating_sub(nominal));
        match (self.nominal_life, beyond) {
            _ if self.urgent_for < CLOSELY => CLOSE,
            (Some(nominal), Some(Duration::ZERO)) => (nominal / 8).min((nominal - self.age) / 4).clamp(CLOSE, PATIENT),
            (_, Some(beyond)) if beyond < CLOSELY => CLOSE,
            _ => PATIENT,
        }
    }

    /// The same fresh set again: asked out of turn, a remote source keeps to its window; close to it, it is asked
    /// whether it has rotated.
    pub fn after_still_fresh(&self, rng: &mut Rng) -> Duration {
        if self.link_local {
            return pace::poll(rng, self.length());
        }
        let Some(life) = self.life else { return pace::CEILING };
        let until_window = life.left().saturating_sub(self.advisory_window);
        if until_window > life.length / 10 {
            return self.after_fresh(rng);
        }
        spread(rng, until_window.clamp(secs(5), secs(300)))
    }

    /// A set inside its windows, and no newer one to be had.
    pub fn while_wanted(&self, rng: &mut Rng) -> Duration {
        let longest = if self.link_local { pace::poll_period(self.length()) } else { secs(300) };
        spread(rng, (self.left() / 4).clamp(secs(5), longest))
    }

    /// An attempt failed, after `count` failures that pace alike.
    pub fn after_failure(&self, kind: FetchErrorKind, count: u32, rng: &mut Rng) -> Duration {
        match kind {
            FetchErrorKind::Transient | FetchErrorKind::NoRole if self.link_local => {
                let longest = match (self.nothing_usable(), kind) {
                    (true, FetchErrorKind::NoRole) => secs(60),
                    (true, _) => secs(10),
                    (false, _) => (self.left() / 8).clamp(secs(1), secs(30)),
                };
                backoff(rng, secs(1), count, longest)
            }
            // Not quicker when the end is near: a fleet with aligned expirations must not converge on the edge.
            FetchErrorKind::Transient | FetchErrorKind::NoRole => backoff(rng, secs(1), count, secs(30)),
            FetchErrorKind::Throttled { retry_after } => {
                let longest =
                    if self.nothing_usable() { secs(120) } else { (self.left() / 4).clamp(secs(15), secs(120)) };
                let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
                backoff(rng, secs(5), count, longest).max(asked)
            }
            // A role whose trust policy was mended is to be met before a short set dies, and asking costs the host alone.
            FetchErrorKind::NonRecoverable if self.link_local => backoff(rng, secs(60), count, secs(60)),
            FetchErrorKind::NonRecoverable => backoff(rng, secs(60), count, LONGEST_BACKOFF),
        }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
