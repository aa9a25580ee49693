//! A world in virtual time round one refresh machine: AWS's clock, this host's clock, a source of credentials, readers
//! and services. It does what the engine does (feeds times and events, runs one fetch at a time) and shows every step to
//! an observer, which is where the tests look.

pub mod script;
pub mod source;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use evercreds::aws_clock::clock::Reading;
use evercreds::aws_clock::witness::Belief;
use evercreds::aws_clock::{AwsNow, Boot, Now};
use evercreds::credentials::AccessKeyId;
use evercreds::error::{FetchError, FetchErrorKind};
use evercreds::refresh::event::{Attempt, Event, Policy};
use evercreds::refresh::machine::Machine;
use evercreds::refresh::state::{Grant, Held, Published};
use evercreds::sources::Answer;

pub use script::Op;
pub use source::Source;

/// Milliseconds on the boot clock.
pub type Ms = u64;

pub const SECOND: Ms = 1000;
pub const MINUTE: Ms = 60 * SECOND;
pub const HOUR: Ms = 60 * MINUTE;
/// When worlds begin: the first sets of their sources are older.
pub const START: Ms = 24 * HOUR;

pub fn boot(at: Ms) -> Boot {
    Boot::from_duration(Duration::from_millis(at))
}

pub fn ms(duration: Duration) -> Ms {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A machine's time on the model's scale, rounded up: nothing happens before its time.
pub fn at(boot: Boot) -> Ms {
    u64::try_from(boot.as_duration().as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// AWS's clock: always right.
pub fn aws(at: Ms) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_800_000_000_000 + i64::try_from(at).unwrap()).unwrap()
}

/// What a witness says of AWS's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// How wrong it is; 0 for a true one.
    pub error: i64,
    pub margin: i64,
}

/// One event and what it led to.
pub struct Step<'a> {
    pub event: &'a Event,
    pub before: Option<&'a Arc<Published>>,
    pub after: Option<&'a Arc<Published>>,
    pub start: Option<Attempt>,
    pub now: Now,
    pub at: Ms,
    pub wake_at: Ms,
    /// The event brought the outcome of the attempt under way.
    pub landed: bool,
    /// The attempt under way ended, with its outcome or at its deadline.
    pub concluded: bool,
}

impl Step<'_> {
    pub fn held_before(&self) -> Option<&Arc<Held>> {
        self.before.and_then(|state| state.held.as_ref())
    }

    pub fn held(&self) -> Option<&Arc<Held>> {
        self.after.and_then(|state| state.held.as_ref())
    }

    pub fn answer(&self) -> Option<&Answer> {
        match self.event {
            Event::Answered { answer, .. } if self.landed => Some(answer),
            _ => None,
        }
    }
}

/// Whether AWS accepts the set.
pub fn truly_live(held: &Held, at: Ms) -> bool {
    held.credentials.expiration.is_none_or(|expiration| aws(at) < expiration)
}

struct Flight {
    number: u64,
    lands: Ms,
    outcome: Result<Box<Answer>, FetchError>,
}

pub struct World {
    pub machine: Machine,
    pub at: Ms,
    /// This host's clock less AWS's.
    pub wall_ahead: i64,
    pub witness: Option<Witness>,
    pub source: Source,
    pub published: Option<Arc<Published>>,
    /// Readers look at the published grant and nudge when it has passed.
    pub readers: bool,
    /// The engine comes so much later than it was to.
    pub lag: Ms,
    pub attempts: u64,
    /// How the last attempt ended; `None`: with an answer.
    pub last_failure: Option<FetchErrorKind>,
    belief: Belief,
    doubt_ends: Option<Ms>,
    last_nudge: Option<Ms>,
    /// The attempt that the machine waits for, and its deadline.
    current: Option<(u64, Ms)>,
    flights: Vec<Flight>,
}

impl World {
    pub fn new(source: Source, policy: Policy, seed: u64) -> World {
        World::with_clock(source, policy, seed, 0, None)
    }

    pub fn with_clock(source: Source, policy: Policy, seed: u64, wall_ahead: i64, witness: Option<Witness>) -> World {
        let traits = source.traits;
        let now = reading(START, wall_ahead, &Belief::default(), witness);
        World {
            machine: Machine::new(policy, traits, seed, &now),
            at: START,
            wall_ahead,
            witness,
            source,
            published: None,
            readers: true,
            lag: 0,
            attempts: 0,
            last_failure: None,
            belief: Belief::default(),
            doubt_ends: None,
            last_nudge: None,
            current: None,
            flights: Vec::new(),
        }
    }

    pub fn now(&self) -> Now {
        reading(self.at, self.wall_ahead, &self.belief, self.witness)
    }

    pub fn held(&self) -> Option<&Arc<Held>> {
        self.published.as_ref().and_then(|state| state.held.as_ref())
    }

    pub fn in_flight(&self) -> bool {
        self.current.is_some()
    }

    pub fn key(&self) -> Option<AccessKeyId> {
        self.held().map(|held| held.key().clone())
    }

    /// Feeds one event now, as the engine does.
    pub fn feed(&mut self, event: Event, observer: &mut dyn FnMut(&Step<'_>)) {
        let now = self.now();
        let ended = match &event {
            Event::Answered { attempt, .. } | Event::Failed { attempt, .. } => {
                self.current.take_if(|(number, _)| number == attempt).is_some()
            }
            _ => false,
        };
        if event == Event::Restored {
            self.current = None;
        }
        let hung = self.current.take_if(|(_, deadline)| self.at >= *deadline).is_some();
        if ended || hung {
            self.last_failure = match &event {
                Event::Answered { .. } if ended => None,
                Event::Failed { error, .. } if ended => Some(error.kind),
                _ => Some(FetchErrorKind::Transient),
            };
        }
        let before = self.published.clone();
        let effects = self.machine.on(event.clone(), &now);
        if let Some(state) = effects.publish {
            self.published = Some(state);
        }
        if let Some(attempt) = effects.start {
            assert!(self.current.is_none(), "a second fetch starts while one is in flight");
            self.attempts += 1;
            self.current = Some((attempt.number, self.at + ms(attempt.deadline)));
            if let Some((latency, outcome)) = self.source.asked(self.at) {
                self.flights.push(Flight { number: attempt.number, lands: self.at + latency, outcome });
            }
        }
        observer(&Step {
            event: &event,
            before: before.as_ref(),
            after: self.published.as_ref(),
            start: effects.start,
            now,
            at: self.at,
            wake_at: at(self.machine.wake_at()),
            landed: ended,
            concluded: ended || hung,
        });
    }

    /// Lets time pass.
    pub fn run(&mut self, duration: Ms, observer: &mut dyn FnMut(&Step<'_>)) {
        let until = self.at.saturating_add(duration);
        loop {
            let landing = self.flights.iter().enumerate().min_by_key(|(_, flight)| flight.lands);
            let landing = landing.map(|(index, flight)| (flight.lands, index));
            let wake = at(self.machine.wake_at()).saturating_add(self.lag);
            let doubt = self.doubt_ends.unwrap_or(u64::MAX);
            let nudge = self.next_nudge();
            let next = wake.min(doubt).min(nudge).min(landing.map_or(u64::MAX, |(lands, _)| lands));
            if next > until {
                self.at = until;
                return;
            }
            self.at = self.at.max(next);
            if doubt == next {
                self.doubt_ends = None;
                self.feed(Event::BeliefMoved, observer);
            } else if let Some((_, index)) = landing.filter(|(lands, _)| *lands == next) {
                let flight = self.flights.swap_remove(index);
                let event = match flight.outcome {
                    Ok(answer) => Event::Answered { attempt: flight.number, answer },
                    Err(error) => Event::Failed { attempt: flight.number, error },
                };
                self.feed(event, observer);
            } else if nudge == next {
                self.last_nudge = Some(self.at);
                self.feed(Event::Nudge, observer);
            } else {
                self.feed(Event::Tick, observer);
            }
        }
    }

    /// When a reader next finds that its grant has passed; it then waits, or grants itself five seconds.
    fn next_nudge(&self) -> Ms {
        let Some(state) = self.published.as_ref().filter(|_| self.readers) else { return u64::MAX };
        let due = match state.serve_until {
            Grant::Forever => return u64::MAX,
            Grant::None => self.at,
            Grant::Until(until) => {
                let wait = until.signed_duration_since(self.now().wall).num_milliseconds();
                self.at.saturating_add(u64::try_from(wait).unwrap_or(0))
            }
        };
        self.last_nudge.map_or(due, |last| due.max(last + 5 * SECOND))
    }

    /// This host's clock is set, `by` milliseconds forward.
    pub fn step(&mut self, by: i64, observer: &mut dyn FnMut(&Step<'_>)) {
        self.wall_ahead += by;
        self.belief.stepped(TimeDelta::milliseconds(by), boot(self.at));
        self.doubt_ends = Some(self.at + 15 * MINUTE);
        self.feed(Event::BeliefMoved, observer);
    }

    /// The process does not run for a while.
    pub fn pause(&mut self, duration: Ms, observer: &mut dyn FnMut(&Step<'_>)) {
        self.at += duration;
        self.feed(Event::Paused, observer);
    }

    pub fn believe(&mut self, witness: Option<Witness>, observer: &mut dyn FnMut(&Step<'_>)) {
        if self.witness != witness {
            self.witness = witness;
            self.feed(Event::BeliefMoved, observer);
        }
    }
}

fn reading(at: Ms, wall_ahead: i64, belief: &Belief, witness: Option<Witness>) -> Now {
    let wall = aws(at) + TimeDelta::milliseconds(wall_ahead);
    let mut now = belief.now(&Reading { wall, boot: boot(at), monotonic: Duration::from_millis(at) });
    if let Some(Witness { error, margin }) = witness {
        let off = TimeDelta::milliseconds;
        now.aws = AwsNow { lo: aws(at) + off(error - margin), hi: aws(at) + off(error + margin), witnessed: true };
    }
    now
}
