//! Sources of credentials, healthy and otherwise. What they say follows AWS's clock.

use std::time::Duration;

use chrono::TimeDelta;
use evercreds::credentials::{AccessKeyId, Credentials, Identity, Secret};
use evercreds::error::{FetchError, FetchErrorKind};
use evercreds::sources::{Answer, Traits};

use super::{HOUR, Ms, aws};

/// How the source answers for the time being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Healthy,
    /// The set that was current so many rotations ago.
    Older(u8),
    /// A set that expired an hour ago.
    Expired,
    /// The set of that moment, for ever: the rotation has stopped.
    Frozen(Ms),
    /// No key in the answer.
    Empty,
    /// A set that does not expire.
    Eternal,
    /// Nothing ever comes back.
    Hang,
    /// The right answer, after the deadline.
    Late,
    Fail(FetchErrorKind),
}

#[derive(Clone, Debug)]
pub struct Source {
    pub traits: Traits,
    /// How long a set lives.
    pub life: Ms,
    /// So long before the end of one set the next is served (by a source that re-serves).
    pub overlap: Ms,
    /// When the first set was made.
    pub born: Ms,
    /// How much each host behind the address lags with its rotations.
    pub hosts: Vec<Ms>,
    /// Whether answers tell the nominal life.
    pub tells_life: bool,
    pub role: u8,
    pub mode: Mode,
    pub latency: Ms,
    asked: u64,
}

pub const fn link_local() -> Traits {
    Traits { link_local: true, mints: false }
}

pub const fn minting() -> Traits {
    Traits { link_local: false, mints: true }
}

pub const fn remote() -> Traits {
    Traits { link_local: false, mints: false }
}

impl Source {
    pub fn new(traits: Traits, life: Ms, overlap: Ms) -> Source {
        Source {
            traits,
            life,
            overlap: overlap.min(life / 2),
            born: 0,
            hosts: vec![0],
            tells_life: true,
            role: 0,
            mode: Mode::Healthy,
            latency: 20,
            asked: 0,
        }
    }

    /// How long until the set of one moment gives way to the next.
    pub fn period(&self) -> Ms {
        self.life - self.overlap
    }

    /// What comes back to a question, and when. `None`: nothing ever.
    pub fn asked(&mut self, at: Ms) -> Option<(Ms, Result<Box<Answer>, FetchError>)> {
        self.asked += 1;
        let latency = if self.mode == Mode::Late { 20_000 } else { self.latency };
        let answer = match self.mode {
            Mode::Hang => return None,
            Mode::Fail(kind) => return Some((latency, Err(FetchError::new(kind, "scripted")))),
            Mode::Healthy | Mode::Late => self.current(at, 0),
            Mode::Older(by) => self.current(at, u64::from(by)),
            Mode::Frozen(since) => self.current(since, 0),
            Mode::Expired => self.set("EXPIRED", at.saturating_sub(HOUR + self.life)),
            Mode::Empty => self.set("", at),
            Mode::Eternal => {
                let mut answer = self.set("ETERNAL", at);
                answer.credentials.expiration = None;
                answer
            }
        };
        Some((latency, Ok(Box::new(answer))))
    }

    fn current(&self, at: Ms, older: u64) -> Answer {
        if self.traits.mints {
            let made = at.saturating_sub(older * self.period());
            return self.set(&format!("M{}", self.asked), made);
        }
        let lag = self.hosts[usize::try_from(self.asked).unwrap() % self.hosts.len()];
        let rotation = (at.saturating_sub(lag).saturating_sub(self.born) / self.period()).saturating_sub(older);
        self.set(&format!("R{rotation}"), self.born + rotation * self.period())
    }

    fn set(&self, key: &str, made: Ms) -> Answer {
        let key = if key.is_empty() { String::new() } else { format!("{key}.{}", self.role) };
        let expiration = aws(made) + TimeDelta::milliseconds(i64::try_from(self.life).unwrap());
        Answer {
            credentials: Credentials {
                secret_access_key: Secret::new(format!("secret of {key}")),
                session_token: Some(Secret::new(format!("token of {key}"))),
                access_key_id: AccessKeyId::new(key),
                expiration: Some(expiration),
                account_id: None,
            },
            identity: Identity { name: format!("role-{}", self.role), account_id: None },
            source: "model",
            traits: self.traits,
            nominal_life: self.tells_life.then(|| Duration::from_millis(self.life)),
            date: None,
        }
    }
}
