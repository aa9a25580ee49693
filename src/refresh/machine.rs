//! Pure: the refresh rules of one set of credentials, as a table of events. No I/O and no clock: an event comes in with
//! the time at which it happened; out come a fetch to start and a state to publish.
//!
//! Vocabulary: *held* is what readers get; *former* is the set that it replaced, while that one lives. The other rooms of
//! the rules: [`super::life`] (how long a set lives), [`super::pace`] (how long to wait), [`super::judge`] (what to do
//! with an answer).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastrand::Rng;

use super::event::{Attempt, Effects, Event, Policy};
use super::judge::{Bench, Verdict, judge};
use super::life::{Phase, UNKNOWN_LIFE, beyond_serving, mandatory_window};
use super::pace::{self, backoff, uniform};
use super::schedule::{LONGEST_BACKOFF, Standing};
use super::state::{Grant, Held, Published, Skew};
use crate::aws_clock::{Boot, Now, saturating_add, signed};
use crate::credentials::AccessKeyId;
use crate::error::{FetchError, FetchErrorKind};
use crate::sources::{Answer, Traits};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How long an attempt may take before it counts as failed.
pub const LINK_LOCAL_DEADLINE: Duration = secs(5);
pub const REMOTE_DEADLINE: Duration = secs(15);

/// A rejected key younger than this may only be unknown to the service yet: its forerunner is served meanwhile.
const SETTLING: Duration = secs(60);
/// For how long a young key that was rejected is not taken again.
const REFUSAL: Duration = secs(30);
/// A rejection of a key younger than this, or of a key rejected before, makes the next such fetch wait longer.
const YOUNG: Duration = secs(120);
/// For so long a stale or rejected set is followed closely; and unchanged answers for so long overrule a rejection.
const CLOSELY: Duration = secs(600);
/// Keys remembered as put aside, and as rejected once.
const REMEMBERED: usize = 4;

#[derive(Clone, Debug)]
struct InFlight {
    number: u64,
    deadline: Boot,
}

#[derive(Debug)]
pub struct Machine {
    policy: Policy,
    /// Of the source, before anything is held.
    traits: Traits,
    rng: Rng,
    held: Option<Arc<Held>>,
    former: Option<Arc<Held>>,
    rejected: Option<Rejection>,
    /// A young key that a service rejected, and until when it is not taken.
    refused: Option<(AccessKeyId, Boot)>,
    once_rejected: VecDeque<AccessKeyId>,
    aside: VecDeque<AccessKeyId>,
    failures: u32,
    /// Non-recoverable failures since the last success: they pace themselves, whatever failed before them.
    denials: u32,
    fruitless: u32,
    next: Boot,
    throttled_until: Boot,
    in_flight: Option<InFlight>,
    attempts: u64,
    last_start: Option<Boot>,
    /// An attempt has ended since the last acceptance, pause or rejection (the accepting answer counts).
    concluded: bool,
    /// Since when what is held has been stale or rejected.
    urgent_since: Option<Boot>,
    invalidate: InvalidatePace,
    last_refresh: Option<Boot>,
    last_min_remaining: Option<Boot>,
    inputs: Inputs,
    last_success: Option<DateTime<Utc>>,
    error: Option<Arc<FetchError>>,
    closed: bool,
    published: Option<Arc<Published>>,
    generation: u64,
}

#[derive(Clone, Debug)]
struct Rejection {
    key: AccessKeyId,
    at: Boot,
}

/// Keeps a service that accepts and one that rejects the same key from making a storm between them.
#[derive(Clone, Debug, Default)]
struct InvalidatePace {
    pending: bool,
    last_fetch: Option<Boot>,
    repeats: u32,
}

impl InvalidatePace {
    fn earliest(&self) -> Boot {
        let spacing = pace::doubled(secs(10), self.repeats).min(LONGEST_BACKOFF);
        self.last_fetch.map_or(Boot::default(), |last| last.plus(spacing))
    }
}

/// Changes of the source's inputs that wait to be acted on: at most once in five seconds, none dropped.
#[derive(Clone, Debug, Default)]
struct Inputs {
    last: Option<Boot>,
    due: Option<Boot>,
    after_answer: bool,
}

impl Machine {
    /// A machine that asks at once. `seed` makes its jitter.
    pub fn new(policy: Policy, traits: Traits, seed: u64, now: &Now) -> Machine {
        Machine {
            policy,
            traits,
            rng: Rng::with_seed(seed),
            held: None,
            former: None,
            rejected: None,
            refused: None,
            once_rejected: VecDeque::new(),
            aside: VecDeque::new(),
            failures: 0,
            denials: 0,
            fruitless: 0,
            next: now.boot,
            throttled_until: Boot::default(),
            in_flight: None,
            attempts: 0,
            last_start: None,
            concluded: false,
            urgent_since: None,
            invalidate: InvalidatePace::default(),
            last_refresh: None,
            last_min_remaining: None,
            inputs: Inputs::default(),
            last_success: None,
            error: None,
            closed: false,
            published: None,
            generation: 0,
        }
    }

    /// A machine in the place of one that panicked: keeps what was published and its numbering, forgets the rest.
    pub fn resumed(policy: Policy, traits: Traits, seed: u64, now: &Now, last: &Published) -> Machine {
        let mut machine = Machine::new(policy, traits, seed, now);
        machine.held.clone_from(&last.held);
        machine.generation = last.generation;
        machine.attempts = last.attempt;
        machine.last_success = last.last_success;
        machine.failures = last.failures.saturating_add(1);
        machine.next = now.boot.plus(backoff(&mut machine.rng, secs(1), machine.failures, secs(30)));
        machine
    }

    /// When [`Event::Tick`] is wanted at the latest.
    pub fn wake_at(&self) -> Boot {
        if self.closed {
            return Boot::MAX;
        }
        let attempt = self.in_flight.as_ref().map_or(self.next, |flight| flight.deadline);
        self.inputs.due.map_or(attempt, |due| due.min(attempt))
    }

    pub fn published(&self) -> Option<&Arc<Published>> {
        self.published.as_ref()
    }

    /// The one entrance: an event, and what it leads to.
    pub fn on(&mut self, event: Event, now: &Now) -> Effects {
        if self.closed {
            return Effects::default();
        }
        match event {
            Event::Tick => {}
            Event::Answered { attempt, answer } => {
                if self.lands(attempt) {
                    self.answered(*answer, now);
                }
            }
            Event::Failed { attempt, error } => {
                if self.lands(attempt) {
                    self.failed(error, now);
                }
            }
            Event::Nudge => {
                if self.needed(now) && !self.concluded {
                    self.bring_forward(self.start_spacing(now).max(self.invalidate_spacing()));
                }
            }
            Event::Refresh => {
                if once_per(secs(10), &mut self.last_refresh, now) {
                    self.bring_forward(self.start_spacing(now).max(self.invalidate_spacing()));
                }
            }
            Event::Invalidate(key) => self.invalidated(&key, now),
            Event::Accepted(key) => {
                if self.rejected.as_ref().is_some_and(|rejection| rejection.key == key) {
                    self.rejected = None;
                }
            }
            Event::MinRemaining(wanted) => self.min_remaining(wanted, now),
            Event::InputsChanged => self.inputs_changed(now),
            Event::BeliefMoved => self.hurry_unless_fresh(self.was_fresh() && self.failures == 0, now),
            Event::Paused => {
                self.forget_conclusion(now);
                self.hurry_unless_fresh(true, now);
            }
            Event::Restored => {
                self.forget_conclusion(now);
                self.next = now.boot.plus(uniform(&mut self.rng, Duration::ZERO, secs(5))).max(self.throttled_until);
            }
            #[cfg(test)]
            Event::Panic => panic!("scripted panic in the rules"),
            Event::Close => {
                self.closed = true;
                self.in_flight = None;
                return Effects::default();
            }
        }
        self.pass_time(now);
        let start = self.start_if_due(now);
        Effects { start, publish: self.publish(now) }
    }

    // --- time ---------------------------------------------------------------------------------------------------

    fn pass_time(&mut self, now: &Now) {
        if self.in_flight.as_ref().is_some_and(|flight| now.boot >= flight.deadline) {
            self.in_flight = None;
            self.failed(FetchError::transient("No answer came within the attempt's deadline."), now);
        }
        if self.refused.as_ref().is_some_and(|(_, until)| now.boot >= *until) {
            self.refused = None;
        }
        if self.former.as_ref().is_some_and(|former| !former.live(now)) {
            self.former = None;
        }
        if self.inputs.due.is_some_and(|due| now.boot >= due) {
            self.inputs.due = None;
            self.act_on_inputs(now);
        }
        let urgent = self.rejected.is_some() || self.phase(now) >= Phase::Stale;
        self.urgent_since = if urgent { self.urgent_since.or(Some(now.boot)) } else { None };
    }

    fn start_if_due(&mut self, now: &Now) -> Option<Attempt> {
        if self.in_flight.is_some() || now.boot < self.next || now.boot < self.throttled_until {
            return None;
        }
        let deadline = self.deadline();
        self.attempts += 1;
        self.in_flight = Some(InFlight { number: self.attempts, deadline: now.boot.plus(deadline) });
        self.last_start = Some(now.boot);
        if std::mem::take(&mut self.invalidate.pending) {
            self.invalidate.last_fetch = Some(now.boot);
        }
        Some(Attempt { number: self.attempts, deadline })
    }

    fn lands(&mut self, attempt: u64) -> bool {
        self.in_flight.take_if(|flight| flight.number == attempt).is_some()
    }

    // --- what an attempt brought --------------------------------------------------------------------------------

    fn answered(&mut self, answer: Answer, now: &Now) {
        let verdict = judge(
            &answer,
            &Bench {
                now,
                held: self.held.as_ref(),
                rejected: self.rejected.is_some(),
                refused: self.refused.as_ref().filter(|(_, until)| now.boot < *until).map(|(key, _)| key),
                aside: &|key| self.aside.contains(key),
                expect_role: self.policy.expect_role.as_deref(),
            },
        );
        let ceiling = match verdict {
            Verdict::Fail(error) => return self.failed(error, now),
            Verdict::Unchanged => pace::CEILING,
            Verdict::PutAside => {
                remember(&mut self.aside, answer.credentials.access_key_id);
                secs(60)
            }
            Verdict::Accept => {
                self.succeeded(now);
                self.accept(answer, now);
                return self.conclude(now);
            }
        };
        self.succeeded(now);
        if self.rejected.as_ref().is_some_and(|rejection| now.boot.since(rejection.at) >= CLOSELY) {
            self.rejected = None;
        }
        let wait = self.after_unchanged(now).min(ceiling);
        self.next = now.boot.plus(wait);
        if let Some((_, until)) = &self.refused {
            self.next = self.next.min(*until).max(now.boot.plus(pace::FLOOR));
        }
        self.conclude(now);
    }

    fn succeeded(&mut self, now: &Now) {
        self.failures = 0;
        self.denials = 0;
        self.error = None;
        self.last_success = Some(now.wall);
    }

    fn accept(&mut self, answer: Answer, now: &Now) {
        let held = Arc::new(Held::new(answer, now));
        let before = self.held.replace(Arc::clone(&held));
        let same_key = before.as_ref().is_some_and(|before| before.key() == held.key());
        if !same_key {
            let rejected = self.rejected.take().is_some();
            self.former = before.filter(|before| {
                !rejected
                    && before.identity.same(&held.identity)
                    && !self.once_rejected.contains(before.key())
                    && before.live(now)
            });
        }
        self.aside.clear();
        let standing = self.standing(now);
        let wait = if standing.phase == Phase::Fresh {
            self.fruitless = 0;
            standing.after_fresh(&mut self.rng)
        } else {
            self.fruitless = self.fruitless.saturating_add(1);
            standing.after_not_fresh(self.fruitless - 1, &mut self.rng)
        };
        self.next = now.boot.plus(wait);
    }

    fn after_unchanged(&mut self, now: &Now) -> Duration {
        let standing = self.standing(now);
        if standing.urgent() {
            self.fruitless = self.fruitless.saturating_add(1);
            standing.after_fruitless(self.fruitless - 1, &mut self.rng)
        } else if standing.phase == Phase::Fresh {
            self.fruitless = 0;
            standing.after_still_fresh(self.next.since(now.boot), &mut self.rng)
        } else {
            standing.while_wanted(&mut self.rng)
        }
    }

    fn failed(&mut self, error: FetchError, now: &Now) {
        let count = if error.kind == FetchErrorKind::NonRecoverable {
            self.denials = self.denials.saturating_add(1);
            self.denials - 1
        } else {
            self.failures
        };
        self.failures = self.failures.saturating_add(1);
        let wait = self.standing(now).after_failure(error.kind, count, &mut self.rng);
        if matches!(error.kind, FetchErrorKind::Throttled { .. }) {
            self.throttled_until = self.throttled_until.max(now.boot.plus(wait));
        }
        self.error = Some(Arc::new(error));
        self.next = now.boot.plus(wait).max(self.throttled_until);
        self.conclude(now);
    }

    fn conclude(&mut self, now: &Now) {
        self.concluded = true;
        if std::mem::take(&mut self.inputs.after_answer) {
            self.act_on_inputs(now);
        }
    }

    // --- what others say ----------------------------------------------------------------------------------------

    fn invalidated(&mut self, key: &AccessKeyId, now: &Now) {
        let Some(held) = self.held.clone().filter(|held| held.key() == key && self.rejected.is_none()) else {
            return;
        };
        let age = now.boot.since(held.first_seen);
        let again = self.once_rejected.contains(key);
        self.invalidate.repeats = if again || age < YOUNG { self.invalidate.repeats.saturating_add(1) } else { 0 };
        if !again {
            remember(&mut self.once_rejected, key.clone());
        }
        if age < SETTLING
            && let Some(former) = self.former.take_if(|former| former.live(now))
        {
            self.held = Some(former);
            self.refused = Some((key.clone(), now.boot.plus(REFUSAL)));
            self.bring_forward(now.boot.plus(REFUSAL));
            return;
        }
        self.former = None;
        self.rejected = Some(Rejection { key: key.clone(), at: now.boot });
        self.urgent_since = Some(now.boot);
        let earliest = self.invalidate.earliest().max(now.boot).max(self.throttled_until);
        self.invalidate.pending = true;
        self.bring_forward(earliest);
        if earliest <= now.boot {
            self.concluded = false;
        }
    }

    fn min_remaining(&mut self, wanted: Duration, now: &Now) {
        let Some(held) = &self.held else { return };
        let short = held.life(now).is_some_and(|life| life.left() < wanted);
        if short && held.traits.mints && once_per(secs(60), &mut self.last_min_remaining, now) {
            self.bring_forward(now.boot);
        }
    }

    fn inputs_changed(&mut self, now: &Now) {
        match self.inputs.last {
            Some(last) if now.boot.since(last) < secs(5) => self.inputs.due = Some(last.plus(secs(5))),
            _ => self.act_on_inputs(now),
        }
    }

    fn act_on_inputs(&mut self, now: &Now) {
        self.inputs.last = Some(now.boot);
        self.aside.clear();
        if self.in_flight.is_some() {
            self.inputs.after_answer = true;
        } else {
            self.denials = 0;
            let soon = now.boot.plus(uniform(&mut self.rng, Duration::ZERO, secs(1)));
            self.bring_forward(soon);
        }
    }

    /// After a jump nothing that was concluded before it counts, unless no attempt could conclude anything now.
    fn forget_conclusion(&mut self, now: &Now) {
        if now.boot >= self.throttled_until {
            self.concluded = false;
        }
    }

    /// The clocks moved: ask soon if what is held is no longer fresh. `wanted` keeps a belief that wobbles from erasing
    /// a backoff; the spacing keeps a clock that is set again and again from turning into a fetch each time.
    fn hurry_unless_fresh(&mut self, wanted: bool, now: &Now) {
        if wanted && self.phase(now) != Phase::Fresh {
            let soon = now.boot.plus(uniform(&mut self.rng, Duration::ZERO, secs(1)));
            self.bring_forward(self.last_start.map_or(soon, |last| soon.max(last.plus(secs(10)))));
        }
    }

    fn was_fresh(&self) -> bool {
        self.published.as_ref().is_some_and(|published| published.phase == Phase::Fresh)
    }

    // --- derived ------------------------------------------------------------------------------------------------

    fn phase(&self, now: &Now) -> Phase {
        let Some(held) = &self.held else { return Phase::None };
        if beyond_serving(held.credentials.expiration, &self.policy.life, now) {
            return Phase::Dead;
        }
        held.life(now).map_or(Phase::Fresh, |life| life.phase(&self.policy.life))
    }

    fn standing(&self, now: &Now) -> Standing {
        let life = self.held.as_ref().and_then(|held| held.life(now));
        Standing {
            phase: self.phase(now),
            life,
            advisory_window: life.map(|life| life.advisory_window(&self.policy.life)).unwrap_or_default(),
            nominal_life: self.held.as_ref().map_or(UNKNOWN_LIFE, |held| held.nominal_life),
            link_local: self.traits().link_local,
            rejected: self.rejected.is_some(),
            closely: self.urgent_since.is_none_or(|since| now.boot.since(since) < CLOSELY),
        }
    }

    fn traits(&self) -> Traits {
        self.held.as_ref().map_or(self.traits, |held| held.traits)
    }

    fn deadline(&self) -> Duration {
        if self.traits().link_local { LINK_LOCAL_DEADLINE } else { REMOTE_DEADLINE }
    }

    /// Whether a reader that asks now would have to wait.
    fn needed(&self, now: &Now) -> bool {
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
        if self.phase(now) == Phase::Dead || self.rejected.is_some() && !self.concluded {
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

    fn start_spacing(&self, now: &Now) -> Boot {
        self.last_start.map_or(now.boot, |last| last.plus(secs(1)).max(now.boot))
    }

    fn invalidate_spacing(&self) -> Boot {
        if self.rejected.is_some() { self.invalidate.earliest() } else { Boot::default() }
    }

    /// Asks at `at` if nothing is to happen earlier; never while throttled.
    fn bring_forward(&mut self, at: Boot) {
        self.next = self.next.min(at.max(self.throttled_until));
    }

    fn publish(&mut self, now: &Now) -> Option<Arc<Published>> {
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
            rejected: self.rejected.is_some(),
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

/// Adds to a ring of the last few, each once.
fn remember(ring: &mut VecDeque<AccessKeyId>, key: AccessKeyId) {
    if !ring.contains(&key) {
        if ring.len() == REMEMBERED {
            ring.pop_front();
        }
        ring.push_back(key);
    }
}

/// Whether `period` has passed since `last`, which then becomes now.
fn once_per(period: Duration, last: &mut Option<Boot>, now: &Now) -> bool {
    let due = last.is_none_or(|last| now.boot.since(last) >= period);
    if due {
        *last = Some(now.boot);
    }
    due
}
