//! A transport that answers from memory, and the time in which it is used: paused, so that a wait costs nothing.

use std::collections::VecDeque;
use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evercreds::aws_clock::clock::SystemClock;
use evercreds::config::imds::ImdsSettings;
use evercreds::error::FetchError;
use evercreds::http::{Exchange, Request, Response, Transport, TransportError};
use evercreds::sources::base::{Base, Bases};
use evercreds::sources::context::Context;
use evercreds::sources::imds::Imds;
use evercreds::sources::plan::Plan;
use evercreds::sources::{Answer, Source};
use zeroize::Zeroizing;

/// What becomes of one request. `None`: nothing ever comes.
pub type Outcome = Option<Result<Response, TransportError>>;

pub fn response(status: u16, body: impl Into<Vec<u8>>) -> Response {
    Response { status, body: Zeroizing::new(body.into()), ..Response::default() }
}

/// Hands out its outcomes in their order, then 404 for ever.
pub struct Memory(Mutex<VecDeque<Outcome>>);

impl Memory {
    pub fn new(outcomes: impl IntoIterator<Item = Outcome>) -> Arc<Memory> {
        Arc::new(Memory(Mutex::new(outcomes.into_iter().collect())))
    }
}

impl Transport for Memory {
    fn send(&self, _: Request) -> Exchange<'_> {
        match self.0.lock().unwrap().pop_front() {
            Some(Some(outcome)) => Box::pin(ready(outcome)),
            Some(None) => Box::pin(pending()),
            None => Box::pin(ready(Ok(response(404, "")))),
        }
    }
}

/// A context whose every way out leads to `transport`, and that has no bases.
pub fn over(transport: Arc<dyn Transport>) -> Context {
    struct NoBases;
    impl Bases for NoBases {
        fn open(&self, _: &Plan, _: &Context) -> Result<Arc<dyn Base>, FetchError> {
            Err(FetchError::non_recoverable("there are no bases here"))
        }
    }
    let aws = Arc::clone(&transport);
    Context { metadata: transport, aws, bases: Arc::new(NoBases), clock: Arc::new(SystemClock) }
}

/// One fetch after another of one instance metadata source, each of which ends within its five seconds.
pub fn fetches(count: usize, transport: Arc<dyn Transport>) -> Vec<Result<Answer, FetchError>> {
    let source = Imds::new(ImdsSettings { attempts: 2, ..ImdsSettings::default() }, transport);
    in_paused_time(async {
        let mut results = Vec::new();
        for _ in 0..count {
            results.push(fetch(&source).await);
        }
        results
    })
}

/// One fetch, which ends within the five seconds after which the engine would cut it.
pub async fn fetch(source: &dyn Source) -> Result<Answer, FetchError> {
    tokio::time::timeout(Duration::from_secs(5), source.fetch()).await.expect("a fetch ends by itself")
}

pub fn in_paused_time<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(what)
}
