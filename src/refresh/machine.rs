//! Pure: the refresh rules of one set of credentials, as a table of events. No I/O and no clock: an event comes in with
//! the time at which it happened; out come a fetch to start and a state to publish.
//!
//! Vocabulary: *held* is what readers get; *former* is the set that it replaced, while that one lives. The other rooms of
//! the rules: [`super::life`] (how long a set lives), [`super::judge`] (what to do with an answer),
//! [`super::schedule`] and [`super::pace`] (how long to wait), [`super::rejection`] (what services said of keys), and
//! `view` (where the machine stands, what it publishes).

mod view;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastrand::Rng;

use super::event::{Attempt, Effects, Event, Policy};
use super::judge::{Bench, Verdict, judge};
use super::life::Phase;
use super::pace::{self, backoff, uniform};
use super::rejection::{Rejections, SETTLING};
use super::schedule::LONGEST_RETRY_AFTER;
use super::state::{Held, Published, RecentKeys};
use crate::aws_clock::{Boot, Now};
use crate::credentials::AccessKeyId;
use crate::error::{FetchError, FetchErrorKind};
use crate::sources::{Answer, Traits};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How long an attempt may take before it counts as failed.
pub const LINK_LOCAL_DEADLINE: Duration = secs(5);
pub const REMOTE_DEADLINE: Duration = secs(15);
/// Whatever a source asks for.
pub const LONGEST_ATTEMPT: Duration = secs(75);
/// For so long after a pause failures conclude nothing: the network comes back a moment later than the process, and a
/// reader had rather wait than take the set that expired meanwhile. As long as a reader's patience.
pub const RECOVERY: Duration = secs(5);

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
    rejections: Rejections,
    /// Keys put aside: the source has to insist on them.
    aside: RecentKeys<4>,
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
    /// When the process last went on after a pause.
    resumed: Option<Boot>,
    /// Since when what is held has been stale or rejected.
    urgent_since: Option<Boot>,
    last_refresh: Option<Boot>,
    last_min_remaining: Option<Boot>,
    inputs: Inputs,
    last_success: Option<DateTime<Utc>>,
    error: Option<Arc<FetchError>>,
    /// The latest time seen: an earlier one is another boot's.
    seen: Boot,
    closed: bool,
    published: Option<Arc<Published>>,
    generation: u64,
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
            rejections: Rejections::default(),
            aside: RecentKeys::default(),
            failures: 0,
            denials: 0,
            fruitless: 0,
            next: now.boot,
            throttled_until: Boot::default(),
            in_flight: None,
            attempts: 0,
            last_start: None,
            concluded: false,
            resumed: None,
            urgent_since: None,
            last_refresh: None,
            last_min_remaining: None,
            inputs: Inputs::default(),
            last_success: None,
            error: None,
            seen: now.boot,
            closed: false,
            published: None,
            generation: 0,
        }
    }

    /// A machine in the place of one that panicked, which counts as a failed attempt: keeps what was published, its
    /// numbering, a rejection and a server's wish to be left alone, forgets the rest.
    pub fn resumed(policy: Policy, traits: Traits, seed: u64, now: &Now, last: &Published) -> Machine {
        let mut machine = Machine::new(policy, traits, seed, now);
        machine.held.clone_from(&last.held);
        machine.generation = last.generation;
        machine.attempts = last.attempt;
        machine.last_success = last.last_success;
        machine.failures = last.failures.saturating_add(1);
        if let Some(held) = last.held.as_ref().filter(|_| last.rejected) {
            machine.rejections.reject(held.key(), now.boot);
        }
        let throttled = last.error.as_ref().is_some_and(|error| matches!(error.kind, FetchErrorKind::Throttled { .. }));
        if let Some(at) = last.next_attempt.filter(|_| throttled) {
            let wait = at.signed_duration_since(now.wall).to_std().unwrap_or_default();
            machine.throttled_until = now.boot.plus(wait.min(LONGEST_RETRY_AFTER));
        }
        let wait = backoff(&mut machine.rng, secs(1), last.failures, secs(30));
        machine.next = now.boot.plus(wait).max(machine.throttled_until);
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
        if now.boot < self.seen {
            self.rebase(now);
        }
        self.seen = now.boot;
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
                    self.bring_forward(self.start_spacing(now));
                }
            }
            Event::Refresh => {
                if once_per(secs(10), &mut self.last_refresh, now) {
                    self.bring_forward(self.start_spacing(now));
                }
            }
            Event::Invalidate(key) => self.invalidated(&key, now),
            Event::Accepted(key) => {
                if self.rejections.stand_against(&key) {
                    self.rejections.clear();
                }
            }
            Event::MinRemaining(wanted) => self.min_remaining(wanted, now),
            Event::InputsChanged => self.inputs_changed(now),
            Event::BeliefMoved => self.belief_moved(now),
            Event::Patience(longest) => {
                if let (Some(flight), Some(start)) = (&mut self.in_flight, self.last_start) {
                    flight.deadline = flight.deadline.max(start.plus(longest.min(LONGEST_ATTEMPT)));
                }
            }
            Event::Paused => {
                self.resumed = Some(now.boot);
                // An attempt that the pause outlasted has ended, but says nothing about now.
                self.pass_time(now);
                self.forget_conclusion(now);
                self.hurry_unless_fresh(now);
            }
            Event::Restored => {
                // No connection of the time before the snapshot lives; the engine drops what still waits on one.
                self.in_flight = None;
                self.resumed = Some(now.boot);
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
        if self.former.as_ref().is_some_and(|former| !former.live(now)) {
            self.former = None;
        }
        if self.inputs.due.is_some_and(|due| now.boot >= due) {
            self.inputs.due = None;
            self.act_on_inputs(now);
        }
        let urgent = self.rejections.stand() || self.phase(now) >= Phase::Stale;
        self.urgent_since = if urgent { self.urgent_since.or(Some(now.boot)) } else { None };
    }

    /// The boot clock runs anew (the process went on on another host): no time that we noted means anything.
    fn rebase(&mut self, now: &Now) {
        self.in_flight = None;
        self.throttled_until = self.throttled_until.min(now.boot.plus(LONGEST_RETRY_AFTER));
        self.next = self.throttled_until.max(now.boot.plus(uniform(&mut self.rng, Duration::ZERO, secs(5))));
        (self.last_start, self.last_refresh, self.last_min_remaining) = (None, None, None);
        self.urgent_since = None;
        self.inputs = Inputs { due: self.inputs.due.map(|_| now.boot), ..Inputs::default() };
        self.rejections.rebase(now.boot);
        self.concluded = false;
    }

    fn start_if_due(&mut self, now: &Now) -> Option<Attempt> {
        if self.in_flight.is_some() || now.boot < self.next || now.boot < self.throttled_until {
            return None;
        }
        let deadline = self.deadline();
        self.attempts += 1;
        self.in_flight = Some(InFlight { number: self.attempts, deadline: now.boot.plus(deadline) });
        self.last_start = Some(now.boot);
        self.rejections.fetch_starts(now.boot);
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
                rejected: self.rejections.stand(),
                refused: self.rejections.refused(now.boot),
                aside: &|key| self.aside.contains(key),
                expect_role: self.policy.expect_role.as_deref(),
            },
        );
        let ceiling = match verdict {
            Verdict::Fail(error) => return self.failed(error, now),
            Verdict::Unchanged => pace::CEILING,
            Verdict::PutAside => {
                self.aside.add(answer.credentials.access_key_id);
                secs(60)
            }
            Verdict::Accept => {
                self.succeeded(now);
                self.accept(answer, now);
                return self.conclude(now);
            }
        };
        self.succeeded(now);
        self.rejections.answered_again(now.boot);
        let wait = self.after_unchanged(now).min(ceiling);
        self.next = now.boot.plus(wait);
        if let Some(until) = self.rejections.refused_until(now.boot) {
            self.next = self.next.min(until).max(now.boot.plus(pace::FLOOR));
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
            self.rejections.clear();
            self.former = before.filter(|before| {
                before.identity.same(&held.identity) && !self.rejections.ever(before.key()) && before.live(now)
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
            standing.after_still_fresh(&mut self.rng)
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
        let may_pass = matches!(error.kind, FetchErrorKind::Transient | FetchErrorKind::NoRole);
        self.error = Some(Arc::new(error));
        self.next = now.boot.plus(wait).max(self.throttled_until);
        self.conclude(now);
        if may_pass && self.recovering(now) {
            self.concluded = false;
        }
    }

    /// Shortly after a pause that outlasted what is held. Only where asking each second for a moment hurts nobody.
    fn recovering(&self, now: &Now) -> bool {
        self.traits().link_local
            && self.resumed.is_some_and(|resumed| now.boot.since(resumed) < RECOVERY)
            && self.phase(now) >= Phase::Stale
    }

    fn conclude(&mut self, now: &Now) {
        self.concluded = true;
        if std::mem::take(&mut self.inputs.after_answer) {
            self.act_on_inputs(now);
        }
    }

    // --- what others say ----------------------------------------------------------------------------------------

    fn invalidated(&mut self, key: &AccessKeyId, now: &Now) {
        // No set is served again that a service rejected while it waited as the former one.
        if self.former.take_if(|former| former.key() == key).is_some() {
            self.rejections.remember(key);
        }
        let Some(held) = self.held.clone().filter(|held| held.key() == key && !self.rejections.stand()) else {
            return;
        };
        let age = now.boot.since(held.first_seen);
        self.rejections.count(key, age);
        if age < SETTLING
            && let Some(former) = self.former.take_if(|former| former.live(now))
        {
            self.held = Some(former);
            let until = self.rejections.refuse(key, now.boot);
            self.bring_forward(until);
            return;
        }
        self.former = None;
        self.rejections.reject(key, now.boot);
        self.urgent_since = Some(now.boot);
        let earliest = self.rejections.earliest().max(self.throttled_until);
        self.bring_forward(earliest.max(now.boot));
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
        // What is due already is acted on before this event is over.
        self.inputs.due = Some(self.inputs.last.map_or(now.boot, |last| last.plus(secs(5))));
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

    /// What is left of a set may have changed. While attempts fail the backoff stands, or a belief that wobbles would
    /// erase it.
    fn belief_moved(&mut self, now: &Now) {
        let was_fresh = self.published.as_ref().is_some_and(|published| published.phase == Phase::Fresh);
        if !was_fresh || self.failures > 0 {
            return;
        }
        self.hurry_unless_fresh(now);
        let standing = self.standing(now);
        if let Some(life) = standing.life.filter(|_| standing.phase == Phase::Fresh) {
            self.bring_forward(now.boot.plus(life.left().saturating_sub(standing.advisory_window)));
        }
    }

    /// The clocks moved: ask soon if what is held is no longer fresh. The spacing keeps a clock that is set again and
    /// again from turning into a fetch each time.
    fn hurry_unless_fresh(&mut self, now: &Now) {
        if self.phase(now) != Phase::Fresh {
            let soon = now.boot.plus(uniform(&mut self.rng, Duration::ZERO, secs(1)));
            self.bring_forward(self.last_start.map_or(soon, |last| soon.max(last.plus(secs(10)))));
        }
    }

    // --- when ---------------------------------------------------------------------------------------------------

    /// When an attempt that somebody asks for may start: not on the heels of the last one, nor in a storm of rejections.
    fn start_spacing(&self, now: &Now) -> Boot {
        self.last_start.map_or(now.boot, |last| last.plus(secs(1)).max(now.boot)).max(self.rejections.earliest())
    }

    /// Asks at `at` if nothing is to happen earlier; never while throttled.
    fn bring_forward(&mut self, at: Boot) {
        self.next = self.next.min(at.max(self.throttled_until));
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

#[cfg(test)]
#[path = "machine_tests/mod.rs"]
mod tests;
