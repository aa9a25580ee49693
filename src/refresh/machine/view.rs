//! Pure: where a machine stands at a moment, and what it publishes of that.

use std::sync::Arc;
use std::time::Duration;

use super::{LINK_LOCAL_DEADLINE, Machine, REMOTE_DEADLINE, secs};
use crate::aws_clock::{Now, saturating_add, signed};
use crate::refresh::life::{Phase, beyond_serving, mandatory_window};
use crate::refresh::schedule::Standing;
use crate::refresh::state::{Grant, Published, Skew};
use crate::sources::Traits;

impl Machine {
    pub(super) fn phase(&self, now: &Now) -> Phase {
        let Some(held) = &self.held else { return Phase::None };
        if beyond_serving(held.credentials.expiration, &self.policy.life, now) {
            return Phase::Dead;
        }
        held.life(now).map_or(Phase::Fresh, |life| life.phase(&self.policy.life))
    }

    pub(super) fn standing(&self, now: &Now) -> Standing {
        let life = self.held.as_ref().and_then(|held| held.life(now));
        Standing {
            phase: self.phase(now),
            life,
            advisory_window: life.map(|life| life.advisory_window(&self.policy.life)).unwrap_or_default(),
            nominal_life: self.held.as_ref().and_then(|held| held.nominal_life),
            age: self.held.as_ref().map(|held| now.boot.since(held.first_seen)).unwrap_or_default(),
            link_local: self.traits().link_local,
            mints: self.traits().mints,
            rejected: self.rejections.stand(),
            urgent_for: self.urgent_since.map(|since| now.boot.since(since)).unwrap_or_default(),
            witnessed: now.aws.witnessed,
        }
    }

    pub(super) fn traits(&self) -> Traits {
        self.held.as_ref().map_or(self.traits, |held| held.traits)
    }

    pub(super) fn deadline(&self) -> Duration {
        if self.traits().link_local { LINK_LOCAL_DEADLINE } else { REMOTE_DEADLINE }
    }

    /// Whether a reader that asks now would have to wait.
    pub(super) fn needed(&self, now: &Now) -> bool {
        match self.grant(now) {
            Grant::None => true,
            Grant::Until(until) => until <= now.wall,
            Grant::Forever => false,
        }
    }

    /// Until when a read may use what is held without asking: until its mandatory window, or beyond it until the attempt
    /// that is to come has concluded; so there is no gap when a window is entered.
    fn grant(&self, now: &Now) -> Grant {
        let Some(held) = &self.held else { return Grant::None };
        if self.phase(now) == Phase::Dead || self.rejections.stand() && !self.concluded {
            return Grant::None;
        }
        let Some(life) = held.life(now) else {
            return Grant::Forever;
        };
        let by_life = life.left.checked_sub(&signed(mandatory_window(life.length)));
        let by_attempt = self.concluded.then(|| {
            let deadline = match &self.in_flight {
                Some(flight) => flight.deadline,
                None => self.next.max(now.boot).plus(self.deadline()),
            };
            signed(deadline.since(now.boot).saturating_add(secs(1)))
        });
        match by_life.max(by_attempt) {
            Some(granted) => Grant::Until(saturating_add(now.wall, granted)),
            None => Grant::None,
        }
    }

    pub(super) fn publish(&mut self, now: &Now) -> Option<Arc<Published>> {
        let state = Published {
            generation: self.generation + 1,
            phase: self.phase(now),
            held: self.held.clone(),
            serve_until: self.grant(now),
            next_attempt: self.in_flight.is_none().then(|| saturating_add(now.wall, signed(self.next.since(now.boot)))),
            last_success: self.last_success,
            error: self.error.clone(),
            failures: self.failures,
            attempt: self.attempts,
            in_flight: self.in_flight.is_some(),
            rejected: self.rejections.stand(),
            skew: Skew::of(now),
        };
        if self.published.as_ref().is_some_and(|last| last.says_the_same(&state)) {
            return None;
        }
        self.generation = state.generation;
        let state = Arc::new(state);
        self.published = Some(Arc::clone(&state));
        Some(state)
    }
}
