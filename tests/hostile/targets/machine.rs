//! The refresh machine under a script of bytes: any event at any time, clocks that jump anywhere, answers with any dates.
//! No world stands behind it that would have to be likely.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use evercreds::aws_clock::{AwsNow, Boot, Now, saturating_add};
use evercreds::credentials::{AccessKeyId, Credentials, Identity, Secret};
use evercreds::error::{FetchError, FetchErrorKind};
use evercreds::refresh::event::{Effects, Event, Policy};
use evercreds::refresh::life::LifePolicy;
use evercreds::refresh::machine::Machine;
use evercreds::refresh::state::{Held, Published};
use evercreds::sources::{Answer, Traits};

use super::Bytes;

/// More than any rule can remember.
const LONGEST: usize = 2000;

pub fn run(data: &[u8]) {
    let mut script = Bytes(data);
    let wall = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let now = Now { boot: Boot::from_duration(secs(1000)), wall, aws: AwsNow::from_wall(wall) };
    let policy = Policy {
        life: LifePolicy {
            advisory_window: script.flag().then(|| span(&mut script).clamp(secs(1), secs(36 * 3600))),
            max_stale: script.flag().then(|| span(&mut script)),
        },
        expect_role: script.flag().then(|| "app".into()),
    };
    let traits = Traits { link_local: script.flag(), mints: script.flag() };
    let seed = script.pair().into();
    let machine = Machine::new(policy.clone(), traits, seed, &now);
    let mut onlooker = Onlooker { machine, now, last: None, seen: Vec::new(), flight: None, started: 0 };
    for _ in 0..LONGEST {
        if script.is_empty() {
            return;
        }
        match script.byte() % 24 {
            0..=3 => onlooker.pass(span(&mut script)),
            4..=6 => onlooker.pass(onlooker.machine.wake_at().since(onlooker.now.boot).min(secs(86_400))),
            7 => onlooker.now.wall = moved(wall, &mut script),
            8 => {
                let (a, b) = (moved(onlooker.now.wall, &mut script), moved(onlooker.now.wall, &mut script));
                onlooker.now.aws = AwsNow { lo: a.min(b), hi: a.max(b), witnessed: script.flag() };
                onlooker.tell(Event::BeliefMoved);
            }
            9 => {
                if let Some(last) = &onlooker.last {
                    onlooker.machine = Machine::resumed(policy.clone(), traits, seed, &onlooker.now, last);
                    onlooker.flight = None;
                }
            }
            _ => {
                let event = event(&mut script, &onlooker);
                onlooker.tell(event);
            }
        }
        onlooker.tell(Event::Tick);
    }
    onlooker.tell(Event::Close);
    assert_eq!(onlooker.machine.on(Event::Refresh, &onlooker.now), Effects::default(), "closed");
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Mostly what happens, sometimes what cannot.
fn span(script: &mut Bytes<'_>) -> Duration {
    let number = u64::from(script.byte());
    match script.byte() % 8 {
        0 => Duration::from_millis(number),
        1 | 2 => secs(number),
        3 | 4 => secs(number * 60),
        5 => secs(number * 3600),
        6 => secs(number * 86_400),
        _ => Duration::from_millis(u64::MAX >> (number % 64)),
    }
}

/// A time before or after another; now and then at the end of the calendar.
fn moved(from: DateTime<Utc>, script: &mut Bytes<'_>) -> DateTime<Utc> {
    let by = TimeDelta::from_std(span(script)).unwrap_or(TimeDelta::MAX);
    saturating_add(from, if script.flag() { by } else { -by })
}

fn event(script: &mut Bytes<'_>, onlooker: &Onlooker) -> Event {
    match script.byte() % 20 {
        0..=7 => {
            Event::Answered { attempt: attempt(script, onlooker), answer: Box::new(answer(script, &onlooker.now)) }
        }
        8..=10 => {
            let error = FetchError::new(kind(script), "scripted");
            Event::Failed { attempt: attempt(script, onlooker), error }
        }
        11 => Event::Nudge,
        12 => Event::Refresh,
        13 | 14 => Event::Invalidate(key(script.byte())),
        15 => Event::Accepted(key(script.byte())),
        16 => Event::MinRemaining(span(script)),
        17 => Event::InputsChanged,
        18 => Event::Paused,
        _ => Event::Restored,
    }
}

/// Mostly the attempt under way, sometimes one that is over or was never made.
fn attempt(script: &mut Bytes<'_>, onlooker: &Onlooker) -> u64 {
    match script.byte() {
        number @ 0..32 => number.into(),
        _ => onlooker.flight.map_or(0, |(number, _)| number),
    }
}

fn kind(script: &mut Bytes<'_>) -> FetchErrorKind {
    match script.byte() % 4 {
        0 => FetchErrorKind::Transient,
        1 => FetchErrorKind::NoRole,
        2 => FetchErrorKind::Throttled { retry_after: script.flag().then(|| span(script)) },
        _ => FetchErrorKind::NonRecoverable,
    }
}

fn key(number: u8) -> AccessKeyId {
    AccessKeyId::new(format!("K{}", number % 8))
}

fn answer(script: &mut Bytes<'_>, now: &Now) -> Answer {
    let key = key(script.byte());
    let shape = script.byte();
    let name = |what: &str| format!("{what} of {key}");
    Answer {
        credentials: Credentials {
            secret_access_key: Secret::new(if shape & 0xf0 == 0xf0 { String::new() } else { name("secret") }),
            session_token: Some(Secret::new(name("token"))),
            access_key_id: key,
            expiration: (shape & 7 != 7).then(|| moved(now.wall, script)),
            account_id: None,
        },
        identity: Identity { name: if shape & 8 == 8 { "other".into() } else { "app".into() }, account_id: None },
        source: "script",
        traits: Traits { link_local: script.flag(), mints: script.flag() },
        nominal_life: script.flag().then(|| span(script)),
        date: None,
    }
}

/// Looks at every step.
struct Onlooker {
    machine: Machine,
    now: Now,
    last: Option<Arc<Published>>,
    /// All that was ever held.
    seen: Vec<Arc<Held>>,
    flight: Option<(u64, Boot)>,
    started: u64,
}

impl Onlooker {
    fn pass(&mut self, duration: Duration) {
        // A host that runs for a thousand years is no host.
        let duration = duration.min(secs(365 * 86_400));
        let delta = TimeDelta::from_std(duration).unwrap();
        self.now.boot = self.now.boot.plus(duration);
        self.now.wall = saturating_add(self.now.wall, delta);
        self.now.aws.lo = saturating_add(self.now.aws.lo, delta);
        self.now.aws.hi = saturating_add(self.now.aws.hi, delta);
    }

    fn tell(&mut self, event: Event) {
        let told = event.clone();
        let landed = match &event {
            Event::Answered { attempt, .. } | Event::Failed { attempt, .. } => {
                self.flight.take_if(|(number, _)| number == attempt).is_some()
            }
            _ => false,
        };
        self.flight.take_if(|(_, deadline)| self.now.boot >= *deadline || event == Event::Restored);
        let effects = self.machine.on(event, &self.now);
        if let Some(attempt) = effects.start {
            assert!(self.flight.is_none(), "two attempts at a time");
            assert!(attempt.number > self.started, "attempts are numbered");
            self.started = attempt.number;
            self.flight = Some((attempt.number, self.now.boot.plus(attempt.deadline)));
        }
        if let Some(state) = effects.publish {
            self.look_at(&told, landed, &state);
            self.last = Some(state);
        }
        if told == Event::Tick {
            assert!(self.machine.wake_at() > self.now.boot, "it wants to be woken again at once: {:?}", self.machine);
        }
    }

    fn look_at(&mut self, event: &Event, landed: bool, state: &Published) {
        let before = self.last.as_ref().and_then(|last| last.held.as_ref());
        assert!(self.last.as_ref().is_none_or(|last| state.generation > last.generation), "generations rise");
        let Some(held) = &state.held else {
            assert!(before.is_none(), "what was held was replaced by nothing, at {event:?}");
            return;
        };
        let key = held.key();
        assert_eq!(held.credentials.secret_access_key.expose(), format!("secret of {key}"), "torn");
        assert_eq!(
            held.credentials.session_token.as_ref().map(Secret::expose),
            Some(&*format!("token of {key}")),
            "torn"
        );
        if before == Some(held) {
            return;
        }
        match event {
            Event::Answered { answer, .. } => assert!(landed && answer.credentials == held.credentials),
            Event::Invalidate(rejected) => assert!(key != rejected && self.seen.contains(held), "out of thin air"),
            _ => panic!("{event:?} changed what is held"),
        }
        self.seen.push(Arc::clone(held));
    }
}
