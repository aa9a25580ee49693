//! For the tests of this room: an STS that answers as it was told, a clock that stands still, a source that signs.

use std::collections::VecDeque;
use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::aws_clock::Boot;
use crate::aws_clock::clock::{Clock, Reading};
use crate::credentials::{AccessKeyId, Credentials, Secret};
use crate::error::FetchError;
use crate::http::{Exchange, Request, Response, Transport, TransportError};
use crate::sources::base::{Base, BaseCredentials, Bases};
use crate::sources::context::Context;
use crate::sources::plan::{Endpoint, Plan, Role};

pub const ARN: &str = "arn:aws:iam::123456789012:role/path/app";
pub const NOW: &str = "2026-11-09T12:34:41Z";

pub fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

pub fn endpoint() -> Endpoint {
    Endpoint { url: "https://sts.eu-west-1.amazonaws.com".into(), region: "eu-west-1".into(), overridden: false }
}

pub fn role(duration: Option<u64>) -> Role {
    Role {
        arn: ARN.into(),
        session_name: "session".into(),
        duration: duration.map(Duration::from_secs),
        policy: None,
        policy_arns: Vec::new(),
    }
}

/// Hands out its answers in their order, then none ever.
#[derive(Default)]
pub struct Script {
    answers: Mutex<VecDeque<Result<Response, TransportError>>>,
    asked: Mutex<Vec<Request>>,
}

impl Script {
    pub fn new(answers: impl IntoIterator<Item = Result<Response, TransportError>>) -> Arc<Script> {
        Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// What was sent for `name` in each request.
    pub fn sent(&self, name: &str) -> Vec<Option<String>> {
        let value = |request: &Request| {
            let form: Vec<_> = url::form_urlencoded::parse(request.body.expose().as_bytes()).into_owned().collect();
            form.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
        };
        self.asked().iter().map(value).collect()
    }
}

impl Transport for Script {
    fn send(&self, request: Request) -> Exchange<'_> {
        self.asked.lock().unwrap().push(request);
        match self.answers.lock().unwrap().pop_front() {
            Some(answer) => Box::pin(ready(answer)),
            None => Box::pin(pending()),
        }
    }
}

pub fn header(request: &Request, name: &str) -> Option<String> {
    request.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.expose().to_owned())
}

pub fn response(status: u16, body: impl Into<Vec<u8>>) -> Result<Response, TransportError> {
    let body = Zeroizing::new(body.into());
    Ok(Response { status, body, date: Some(now()), ..Response::default() })
}

/// A clock that shows [`NOW`], and by how many seconds it is wrong.
#[derive(Debug, Default)]
pub struct StandingClock(pub i64);

impl Clock for StandingClock {
    fn read(&self) -> Reading {
        let wall = now() + chrono::TimeDelta::seconds(self.0);
        Reading { wall, boot: Boot::from_duration(Duration::ZERO), monotonic: Duration::ZERO }
    }
}

struct NoBases;

impl Bases for NoBases {
    fn open(&self, _: &Plan) -> Result<Arc<dyn Base>, FetchError> {
        unreachable!("STS is given its base")
    }
}

pub fn context(script: &Arc<Script>, clock_error: i64) -> Context {
    Context {
        metadata: Script::new([]),
        aws: Arc::clone(script) as Arc<dyn Transport>,
        bases: Arc::new(NoBases),
        clock: Arc::new(StandingClock(clock_error)),
    }
}

/// Gives its sets one after the other, a rejection being what brings the next; the last one stays.
pub struct FakeBase {
    sets: Mutex<VecDeque<Result<Credentials, FetchError>>>,
    pub rejections: Mutex<Vec<String>>,
}

pub fn set(key: &str) -> Result<Credentials, FetchError> {
    Ok(Credentials {
        access_key_id: AccessKeyId::new(key),
        secret_access_key: Secret::new("wJalrBaseSecretBaseSecret"),
        session_token: Some(Secret::new("BaseTokenBaseTokenBaseToken")),
        expiration: None,
        account_id: None,
    })
}

impl FakeBase {
    pub fn new(sets: impl IntoIterator<Item = Result<Credentials, FetchError>>) -> Arc<FakeBase> {
        Arc::new(FakeBase { sets: Mutex::new(sets.into_iter().collect()), rejections: Mutex::default() })
    }
}

impl Base for FakeBase {
    fn describe(&self) -> String {
        "instance profile".into()
    }

    fn credentials(&self) -> BaseCredentials<'_> {
        match self.sets.lock().unwrap().front() {
            Some(set) => Box::pin(ready(set.clone())),
            None => Box::pin(pending()),
        }
    }

    fn rejected(&self, key: &AccessKeyId) {
        self.rejections.lock().unwrap().push(key.to_string());
        let mut sets = self.sets.lock().unwrap();
        if sets.len() > 1 {
            sets.pop_front();
        }
    }
}

/// With the clock of tokio standing still unless everybody waits.
pub fn in_paused_time<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(what)
}
