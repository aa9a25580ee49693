//! Each row of the rules, and each of its clauses, as a claim about one machine in virtual time.

mod answers;
mod asking;
mod clocks;
mod failures;
mod sdk;
mod serving;
mod voices;

use chrono::TimeDelta;

use super::*;
use crate::aws_clock::AwsNow;
use crate::credentials::{Credentials, Identity, Secret};
use crate::refresh::life::LifePolicy;
use crate::refresh::state::Grant;

const HOUR: u64 = 3600;
const LINK_LOCAL: Traits = Traits { link_local: true, mints: false };
const STS: Traits = Traits { link_local: false, mints: true };
/// Remote, and serves one set again until it rotates.
const REMOTE: Traits = Traits { link_local: false, mints: false };
const THROTTLED: FetchErrorKind = FetchErrorKind::Throttled { retry_after: None };

/// A machine, its time, and what is believed of AWS's clock.
struct Rig {
    machine: Machine,
    traits: Traits,
    at: Duration,
    /// The wall clock less AWS's, in seconds.
    ahead: i64,
    /// A witness's interval round the right time, in seconds.
    witness: Option<i64>,
    life: u64,
}

impl Rig {
    fn new(traits: Traits) -> Rig {
        Rig::with(traits, Policy::default())
    }

    fn with(traits: Traits, policy: Policy) -> Rig {
        let at = secs(100_000);
        let now = reading(at, 0, None);
        Rig { machine: Machine::new(policy, traits, 42, &now), traits, at, ahead: 0, witness: None, life: HOUR }
    }

    /// Holds the set `A`, of which `left` seconds of an hour are left.
    fn holding(traits: Traits, left: u64) -> Rig {
        let mut rig = Rig::new(traits);
        rig.answered("A", left as i64);
        rig
    }

    fn now(&self) -> Now {
        reading(self.at, self.ahead, self.witness)
    }

    fn pass(&mut self, seconds: u64) -> &mut Rig {
        self.at += secs(seconds);
        self
    }

    fn feed(&mut self, event: Event) -> Effects {
        let now = self.now();
        self.machine.on(event, &now)
    }

    /// Seconds to the next attempt, or to the deadline of the one under way.
    fn wait(&self) -> f64 {
        self.machine.wake_at().since(Boot::from_duration(self.at)).as_secs_f64()
    }

    /// Goes on to the next attempt.
    fn start(&mut self) -> Attempt {
        self.at = self.at.max(self.machine.wake_at().as_duration());
        self.feed(Event::Tick).start.expect("an attempt is due")
    }

    fn set(&self, key: &str, left: i64) -> Answer {
        Answer {
            credentials: Credentials {
                access_key_id: AccessKeyId::new(key),
                secret_access_key: Secret::new("secret"),
                session_token: None,
                expiration: Some(reading(self.at, 0, None).wall + TimeDelta::seconds(left)),
                account_id: None,
            },
            identity: Identity { name: "app".into(), account_id: None },
            source: "test source",
            traits: self.traits,
            nominal_life: Some(secs(self.life)),
            date: None,
        }
    }

    /// The next attempt brings a set that lives `left` more seconds.
    fn answered(&mut self, key: &str, left: i64) -> &mut Rig {
        let attempt = self.start().number;
        let answer = self.set(key, left);
        self.land(attempt, answer)
    }

    fn land(&mut self, attempt: u64, answer: Answer) -> &mut Rig {
        self.feed(Event::Answered { attempt, answer: Box::new(answer) });
        self
    }

    /// The next attempt brings what is held again.
    fn unchanged(&mut self) -> &mut Rig {
        let attempt = self.start().number;
        let held = self.machine.held.clone().expect("a set is held");
        let mut answer = self.set(held.key().as_str(), 0);
        answer.credentials = held.credentials.clone();
        self.land(attempt, answer)
    }

    fn failed(&mut self, kind: FetchErrorKind) -> &mut Rig {
        let attempt = self.start().number;
        self.feed(Event::Failed { attempt, error: FetchError::new(kind, "scripted") });
        self
    }

    fn invalidate(&mut self, key: &str) -> Effects {
        self.feed(Event::Invalidate(AccessKeyId::new(key)))
    }

    fn accepted(&mut self, key: &str) {
        self.feed(Event::Accepted(AccessKeyId::new(key)));
    }

    fn state(&self) -> Published {
        Published::clone(self.machine.published().expect("a state was published"))
    }

    fn key(&self) -> String {
        self.machine.held.as_ref().map(|held| held.key().to_string()).unwrap_or_default()
    }

    /// Seconds for which reads are granted.
    fn granted(&self) -> f64 {
        match self.state().serve_until {
            Grant::None => 0.0,
            Grant::Until(until) => (until - self.now().wall).num_milliseconds() as f64 / 1000.0,
            Grant::Forever => f64::INFINITY,
        }
    }
}

fn reading(at: Duration, ahead: i64, witness: Option<i64>) -> Now {
    let aws = DateTime::from_timestamp(1_800_000_000, 0).unwrap() + at;
    let wall = aws + TimeDelta::seconds(ahead);
    let believed = match witness {
        Some(margin) => {
            AwsNow { lo: aws - TimeDelta::seconds(margin), hi: aws + TimeDelta::seconds(margin), witnessed: true }
        }
        None => AwsNow::from_wall(wall),
    };
    Now { boot: Boot::from_duration(at), wall, aws: believed }
}

#[track_caller]
fn within(value: f64, from: f64, to: f64) {
    assert!(value >= from - 0.001 && value <= to + 0.001, "{value} is not in [{from}, {to}]");
}

impl Rig {
    /// The attempt under way fails.
    fn failed_in_flight(&mut self) -> &mut Rig {
        let attempt = self.machine.in_flight.as_ref().expect("an attempt is in flight").number;
        self.feed(Event::Failed { attempt, error: FetchError::transient("scripted") });
        self
    }
}
