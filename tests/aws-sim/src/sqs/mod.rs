//! What does SQS answer to this request? First who signs it, then what is asked, in either of its two protocols.

pub mod error;
pub mod json;
pub mod query;
pub mod queues;

use crate::clock::{http_date, now};
use crate::journal::{Entry, Service};
use crate::listener::{Handler, Reply};
use crate::sigv4::{self, Demands};
use crate::world::World;
use bytes::Bytes;
use error::SqsError;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use queues::{Operation, Outcome};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// A message is at most 1 MiB; its JSON or form encoding may take several times that.
const MAX_BODY: usize = 8 << 20;

/// The two protocols of SQS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.0: `X-Amz-Target`.
    Json,
    /// Query: `Action=...`, answers in XML.
    Query,
}

impl Protocol {
    fn of(parts: &Parts) -> Self {
        if parts.headers.contains_key("x-amz-target") { Protocol::Json } else { Protocol::Query }
    }
}

/// The handler of a world's SQS port.
pub fn handler(world: Weak<World>) -> Handler {
    Arc::new(move |request| {
        let world = world.clone();
        Box::pin(async move {
            match world.upgrade() {
                Some(world) => answer(&world, request).await,
                None => Reply::Raw(crate::listener::Raw::Reset),
            }
        })
    })
}

async fn answer(world: &World, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    if parts.method == Method::GET && parts.uri.path() == "/health" {
        return Reply::Http(Response::new(Full::new(Bytes::from_static(b"ok\n"))));
    }
    let protocol = Protocol::of(&parts);
    let request_id = world.state().mint.uuid();
    let access_key_id = sigv4::claimed_key(&parts);
    let (operation, result) = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => serve(world, protocol, &parts, &body.to_bytes()).await,
        Err(e) => (None, Err(SqsError::invalid_parameter(format!("cannot read the body: {e}")))),
    };

    let at = now();
    let mut response = Response::builder().header("x-amzn-RequestId", &request_id).header("Date", http_date(at));
    let error_code = result.as_ref().err().map(|e| e.code.to_string());
    let (status, body) = match (&result, protocol) {
        (Ok(outcome), Protocol::Json) => (200, json::encode(outcome)),
        (Ok(outcome), Protocol::Query) => (200, query::encode(outcome, &request_id)),
        (Err(error), Protocol::Json) => {
            response = response.header("x-amzn-query-error", error.query_error());
            (error.status, json::encode_error(error))
        }
        (Err(error), Protocol::Query) => (error.status, query::encode_error(error, &request_id)),
    };
    let content_type = match protocol {
        Protocol::Json => "application/x-amz-json-1.0",
        Protocol::Query => "text/xml",
    };

    let mut entry = Entry::new(at, Service::Sqs, "sqs", parts.method.as_str(), parts.uri.path());
    entry.operation = operation;
    entry.status = Some(status);
    entry.access_key_id = access_key_id;
    entry.error_code = error_code;
    entry.user_agent = parts.headers.get("user-agent").and_then(|v| v.to_str().ok()).map(Into::into);
    world.state().journal.add(entry);

    match response.status(status).header("Content-Type", content_type).body(Full::new(Bytes::from(body))) {
        Ok(response) => Reply::Http(response),
        Err(e) => unreachable!("the headers of an answer are our own text: {e}"),
    }
}

async fn serve(
    world: &World,
    protocol: Protocol,
    parts: &Parts,
    body: &[u8],
) -> (Option<String>, Result<Outcome, SqsError>) {
    let name = match protocol {
        Protocol::Json => json::operation_name(parts),
        Protocol::Query => query::operation_name(parts, body),
    };
    let (config, at) = (&world.config, now());
    let demands = Demands { service: "sqs", region: &config.region, max_skew_s: config.max_skew_s };
    if let Err(refusal) = sigv4::authenticate(parts, body, demands, at, |id| world.state().keys.key(id, at)) {
        return (name, Err(refusal.into()));
    }
    let operation = match protocol {
        Protocol::Json => json::decode(parts, body),
        Protocol::Query => query::decode(parts, body),
    };
    let result = match operation {
        Ok(operation) => perform(world, operation).await,
        Err(error) => Err(error),
    };
    (name, result)
}

async fn perform(world: &World, operation: Operation) -> Result<Outcome, SqsError> {
    let wait = match &operation {
        Operation::ReceiveMessage { wait_s, .. } => Duration::from_secs((*wait_s).into()),
        _ => Duration::ZERO,
    };
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        let arrival = world.arrivals.notified();
        let outcome = {
            let mut state = world.state();
            let state = &mut *state;
            state.queues.perform(&operation, now(), &world.sqs, &world.config.account_id, &mut state.mint)?
        };
        if matches!(operation, Operation::SendMessage { .. }) {
            world.arrivals.notify_waiters();
        }
        let empty = matches!(&outcome, Outcome::Messages(list) if list.is_empty());
        // A message also turns up when its visibility timeout ends, which nobody announces: the wait goes in slices.
        let slice = deadline.min(tokio::time::Instant::now() + Duration::from_secs(1));
        if !empty || tokio::time::Instant::now() >= deadline {
            return Ok(outcome);
        }
        // Either way the queue is looked at again.
        let _ = tokio::time::timeout_at(slice, arrival).await;
    }
}
