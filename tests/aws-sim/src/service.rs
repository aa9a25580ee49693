//! What do all services have in common? A request is read, meets a fault or not, is answered, and stands in the journal.

use crate::actions::{Kind, Scope};
use crate::answer::Answer;
use crate::clock::{http_date, now};
use crate::faults::Hit;
use crate::journal::{self, Entry};
use crate::listener::{Handler, Raw, Reply};
use crate::state::State;
use crate::world::World;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use std::sync::{Arc, Weak};

/// More than any request to these services holds.
const MAX_BODY: usize = 1 << 20;

/// A request as a service sees it.
#[derive(Debug)]
pub struct Asked {
    /// Method, path, headers.
    pub parts: Parts,
    /// The body.
    pub body: Bytes,
    /// When it is answered.
    pub now: DateTime<Utc>,
    /// For `x-amzn-RequestId`.
    pub request_id: String,
}

impl Asked {
    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// An answer, and what the journal tells of it.
#[derive(Debug)]
pub struct Said {
    /// The answer.
    pub answer: Answer,
    /// The key that signed.
    pub signed_by: Option<String>,
    /// The key that is given out.
    pub issued: Option<String>,
    /// Of the service.
    pub error_code: Option<String>,
}

impl Said {
    /// Neither a key nor an error.
    pub fn plain(answer: Answer) -> Self {
        Self { answer, signed_by: None, issued: None, error_code: None }
    }

    /// Credentials.
    pub fn issued(answer: Answer, access_key_id: &str) -> Self {
        Self { issued: Some(access_key_id.into()), ..Self::plain(answer) }
    }

    /// A refusal.
    pub fn error(answer: Answer, code: impl Into<String>) -> Self {
        Self { error_code: Some(code.into()), ..Self::plain(answer) }
    }

    /// For a fault that leaves nothing of the answer: nothing is minted that nobody would get.
    pub fn nothing() -> Self {
        Self::plain(Answer::text(""))
    }
}

/// An error that a service is told to answer with.
#[derive(Clone, Debug)]
pub struct Failure {
    /// As the service names it.
    pub code: String,
    /// The service's own if absent.
    pub status: Option<u16>,
    /// The service's own if absent.
    pub message: Option<String>,
}

/// One service of AWS.
pub trait Service: Send + Sync + 'static {
    /// Its name in the journal.
    fn journal(&self) -> journal::Service;

    /// For faults that reach a part of the requests.
    fn scope(&self, _asked: &Asked) -> Scope {
        Scope::Credentials
    }

    /// Where the service names them.
    fn operation(&self, _asked: &Asked) -> Option<String> {
        None
    }

    /// The answer; of faults, only those that choose the content count here.
    fn answer(&self, world: &World, state: &mut State, asked: &Asked, hit: Option<&Hit>) -> Said;

    /// The code of the error for those who ask too often.
    fn throttled(&self) -> &'static str;

    /// An error in the service's words.
    fn failure(&self, world: &World, asked: &Asked, failure: &Failure) -> Answer;
}

/// Whether the answer need not be made at all.
pub fn covered(hit: Option<&Hit>) -> bool {
    hit.is_some_and(|h| h.kind.covers_the_answer())
}

/// The handler of the port called `listener`.
pub fn handler(world: Weak<World>, listener: String, service: impl Service) -> Handler {
    let (listener, service) = (Arc::<str>::from(listener), Arc::new(service));
    Arc::new(move |request| {
        let (world, listener, service) = (world.clone(), listener.clone(), service.clone());
        Box::pin(async move {
            match world.upgrade() {
                Some(world) => respond(&world, &listener, &*service, request).await,
                None => Reply::Raw(Raw::Reset),
            }
        })
    })
}

async fn respond(world: &World, listener: &str, service: &impl Service, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        // Too much, or the client has gone.
        return Reply::Raw(Raw::Reset);
    };
    let mut state = world.state();
    let state = &mut *state;
    let asked = Asked { parts, body: body.to_bytes(), now: now(), request_id: state.mint.uuid() };
    let scope = service.scope(&asked);
    let hit = state.faults.hit(listener, scope);
    let offset = TimeDelta::seconds(state.faults.date_offset(listener, scope).into());

    let mut said = service.answer(world, state, &asked, hit.as_ref());
    if let Some(failure) = hit.as_ref().and_then(|hit| demanded(&hit.kind, service)) {
        said.answer = service.failure(world, &asked, &failure);
        said.error_code = Some(failure.code);
    }
    said.answer.headers.push(("Date", http_date(asked.now + offset)));
    let path = asked.parts.uri.path();
    let (status, reply) = match &hit {
        None => (Some(said.answer.status), said.answer.http()),
        Some(hit) => said.answer.shaped(&hit.kind, path, &mut state.mint),
    };

    let mut entry = Entry::new(asked.now, service.journal(), listener, asked.parts.method.as_str(), path);
    entry.operation = service.operation(&asked);
    entry.status = status;
    entry.access_key_id = said.signed_by.or_else(|| said.issued.clone());
    entry.issued_key_id = said.issued;
    entry.error_code = said.error_code;
    entry.fault = hit.map(|h| h.kind.name());
    entry.user_agent = asked.header("user-agent").map(Into::into);
    state.journal.add(entry);
    reply
}

/// The error that a fault asks for.
fn demanded(kind: &Kind, service: &impl Service) -> Option<Failure> {
    match kind {
        Kind::Throttle {} => Some(Failure { code: service.throttled().into(), status: None, message: None }),
        Kind::Fail { code, status, message } => {
            Some(Failure { code: code.clone(), status: *status, message: message.clone() })
        }
        _ => None,
    }
}
