//! For tests of sources: a transport that answers from a list and keeps what it was sent, and the rest of a [`Context`].

use std::collections::VecDeque;
use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::base::{Base, Bases};
use super::context::Context;
use super::plan::Plan;
use crate::aws_clock::Boot;
use crate::aws_clock::clock::{Clock, Reading};
use crate::error::FetchError;
use crate::http::{Exchange, Request, Response, Transport, TransportError};

/// What becomes of one request. `None`: nothing ever comes.
pub type Outcome = Option<Result<Response, TransportError>>;

pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Outcome {
    Some(Ok(Response { status, body: Zeroizing::new(body.into()), ..Response::default() }))
}

/// Hands out its outcomes in their order, then refuses to connect.
#[derive(Default)]
pub struct Scripted {
    outcomes: Mutex<VecDeque<Outcome>>,
    requests: Mutex<Vec<Request>>,
}

impl Scripted {
    pub fn new(outcomes: impl IntoIterator<Item = Outcome>) -> Arc<Self> {
        Arc::new(Scripted { outcomes: Mutex::new(outcomes.into_iter().collect()), requests: Mutex::default() })
    }

    /// What was sent since the last time somebody looked.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request) -> Exchange<'_> {
        self.requests.lock().unwrap().push(request);
        match self.outcomes.lock().unwrap().pop_front() {
            Some(Some(outcome)) => Box::pin(ready(outcome)),
            Some(None) => Box::pin(pending()),
            None => Box::pin(ready(Err(TransportError::CannotConnect("connection refused".into())))),
        }
    }
}

/// What may become of a good document on its way, byte by byte (each new one from `bytes`), cut short now and then; or
/// nothing of it, but noise.
pub fn damaged(good: &str, bytes: impl Strategy<Value = u8> + 'static) -> BoxedStrategy<Vec<u8>> {
    let good = good.as_bytes().to_vec();
    let edits = prop::collection::vec((any::<prop::sample::Index>(), bytes, 0..3_u8), 0..6);
    let cut = prop::option::weighted(0.3, any::<prop::sample::Index>());
    let mangled = (edits, cut).prop_map(move |(edits, cut)| {
        let mut body = good.clone();
        for (at, byte, how) in edits {
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => {
                    body.remove(at);
                }
            }
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
        }
        body
    });
    prop_oneof![3 => mangled, 1 => prop::collection::vec(any::<u8>(), 0..600)].boxed()
}

pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.expose())
}

/// A clock that stands still.
#[derive(Debug)]
pub struct At(pub DateTime<Utc>);

impl Clock for At {
    fn read(&self) -> Reading {
        Reading { wall: self.0, boot: Boot::default(), monotonic: Duration::ZERO }
    }
}

struct NoBases;

impl Bases for NoBases {
    fn open(&self, _: &Plan, _: &Context) -> Result<Arc<dyn Base>, FetchError> {
        Err(FetchError::transient("there are no bases here"))
    }
}

/// Both ways out are the same transport.
pub fn context(transport: Arc<Scripted>, now: &str) -> Context {
    Context {
        metadata: transport.clone(),
        aws: transport,
        bases: Arc::new(NoBases),
        clock: Arc::new(At(now.parse().unwrap())),
    }
}

/// Waits cost nothing; what blocks (a file, a process) does so in real time.
pub fn in_paused_time<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(what)
}
