//! One HTTP exchange: what a source sends, what comes back, and what can go wrong in between. The only file that
//! names reqwest.
//!
//! [`MetadataTransport`] talks to link-local services: plain HTTP, never through a proxy, no redirect followed, no
//! connection kept. Every exchange is bounded in time and in bytes.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::credentials::Secret;

/// More than any metadata answer needs (the largest, a set of credentials, has about two kilobytes).
pub const BODY_LIMIT: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Put,
    Post,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Post => "POST",
        })
    }
}

/// What is asked, and how long it may take.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: String,
    /// Values may be secret (a session token), so they are kept as secrets all.
    pub headers: Vec<(&'static str, Secret)>,
    /// What is sent; empty for nothing.
    pub body: Secret,
    /// From the start until the connection stands; resolving a name counts.
    pub connect_timeout: Duration,
    /// From the standing connection until the last byte of the answer.
    pub answer_timeout: Duration,
}

/// What came back: any status, the whole body. `Debug` shows the body's length only.
#[derive(Default)]
pub struct Response {
    pub status: u16,
    /// What the answering clock showed (`Date`).
    pub date: Option<DateTime<Utc>>,
    /// `Server`: `EC2ws` from the real instance metadata service.
    pub server: Option<String>,
    /// `Retry-After`, given in seconds or as a date; a date is measured against this answer's own `Date` and is not
    /// told without one.
    pub retry_after: Option<Duration>,
    /// `x-aws-ec2-metadata-token-ttl-seconds`.
    pub token_ttl: Option<Duration>,
    /// `x-amzn-errortype`, or `x-amzn-query-error` up to its semicolon: the error's code where a JSON service tells it
    /// in the head.
    pub error_type: Option<String>,
    /// `Age`: the answer lay in a cache, and its `Date` is no news.
    pub aged: bool,
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("date", &self.date)
            .field("server", &self.server)
            .field("retry_after", &self.retry_after)
            .field("token_ttl", &self.token_ttl)
            .field("error_type", &self.error_type)
            .field("aged", &self.aged)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// Why there is no answer. The texts complete the sentence "GET http://… : …" and hold nothing that was sent or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The request cannot be put on the wire (URL or header).
    Malformed(String),
    /// The host name has no address.
    Dns,
    /// Refused, no route, unreachable; the system's words.
    CannotConnect(String),
    /// Neither refused nor accepted in time.
    ConnectTimedOut(Duration),
    /// The connection stands, and no answer came in time.
    NoAnswer(Duration),
    /// The answer began and did not end in time.
    AnswerTooSlow(Duration),
    /// The answer is no HTTP, or the connection ended before the answer did.
    Broken(String),
    /// The answer is longer than this many bytes.
    TooLarge(usize),
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransportError::Malformed(why) => write!(f, "the request cannot be made: {why}"),
            TransportError::Dns => f.write_str("the host name cannot be resolved"),
            TransportError::CannotConnect(why) => write!(f, "cannot connect: {why}"),
            TransportError::ConnectTimedOut(after) => write!(f, "no connection within {after:?}"),
            TransportError::NoAnswer(after) => write!(f, "connected, but no answer within {after:?}"),
            TransportError::AnswerTooSlow(after) => write!(f, "the answer began but was not complete after {after:?}"),
            TransportError::Broken(why) => write!(f, "the answer is broken: {why}"),
            TransportError::TooLarge(limit) => write!(f, "the answer is longer than {limit} bytes"),
        }
    }
}

impl StdError for TransportError {}

pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>>;

/// Carries one request and its answer. An exchange is cancelled by dropping it.
pub trait Transport: Send + Sync {
    fn send(&self, request: Request) -> Exchange<'_>;
}

/// The transport to link-local services. Must be used inside a tokio runtime with I/O and time.
///
/// Every exchange has a connection of its own: a poll is a few requests every few minutes, and a connection that is
/// not kept cannot be dead after an outage, a suspension or a replaced agent.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetadataTransport;

impl Transport for MetadataTransport {
    fn send(&self, request: Request) -> Exchange<'_> {
        Box::pin(exchange(request))
    }
}

async fn exchange(request: Request) -> Result<Response, TransportError> {
    // The layer's closure belongs to this one exchange: it tells when *its* connection stands, and thereby a host
    // that drops packets from a service that accepts and stays silent.
    let connected = Arc::new(Notify::new());
    let client = client(request.connect_timeout, Arc::clone(&connected))?;
    let message = build(&client, &request)?;
    let limit = request.answer_timeout;

    let mut head = pin!(client.execute(message));
    let early = tokio::select! {
        biased;
        answer = &mut head => Some(answer),
        () = connected.notified() => None,
    };
    let started = tokio::time::Instant::now();
    let head = match early {
        Some(answer) => answer,
        None => tokio::time::timeout(limit, head).await.map_err(|_| TransportError::NoAnswer(limit))?,
    };
    let head = head.map_err(|error| cause(&error, request.connect_timeout))?;
    let mut response = describe(&head);
    response.body = tokio::time::timeout_at(started + limit, body(head))
        .await
        .map_err(|_| TransportError::AnswerTooSlow(limit))??;
    Ok(response)
}

fn client(connect_timeout: Duration, connected: Arc<Notify>) -> Result<reqwest::Client, TransportError> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .connect_timeout(connect_timeout)
        .user_agent(concat!("evercreds/", env!("CARGO_PKG_VERSION")))
        .connector_layer(tower::util::MapResponseLayer::new(move |connection| {
            connected.notify_one();
            connection
        }))
        .build()
        .map_err(|error| TransportError::Malformed(innermost(&error)))
}

fn build(client: &reqwest::Client, request: &Request) -> Result<reqwest::Request, TransportError> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Put => reqwest::Method::PUT,
        Method::Post => reqwest::Method::POST,
    };
    let mut builder = client.request(method, &request.url);
    for (name, value) in &request.headers {
        let mut value = reqwest::header::HeaderValue::from_str(value.expose())
            .map_err(|_| TransportError::Malformed(format!("the value of the header {name} is not legal")))?;
        value.set_sensitive(true);
        builder = builder.header(*name, value);
    }
    if !request.body.is_empty() {
        builder = builder.body(request.body.expose().to_owned());
    }
    builder.build().map_err(|error| TransportError::Malformed(innermost(&error)))
}

/// Everything but the body.
fn describe(head: &reqwest::Response) -> Response {
    let header = |name: &str| head.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let date = header("date").and_then(http_date);
    Response {
        status: head.status().as_u16(),
        date,
        server: header("server").map(str::to_owned),
        retry_after: header("retry-after").and_then(|value| retry_after(value, date)),
        token_ttl: header("x-aws-ec2-metadata-token-ttl-seconds")
            .and_then(|value| value.parse().ok())
            .map(Duration::from_secs),
        error_type: header("x-amzn-errortype")
            .or_else(|| header("x-amzn-query-error")?.split(';').next())
            .map(str::to_owned),
        aged: header("age").is_some(),
        body: Zeroizing::default(),
    }
}

/// Public for those that feed it with anything.
#[doc(hidden)]
pub fn http_date(value: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(value).ok().map(DateTime::from)
}

/// Public for those that feed it with anything.
#[doc(hidden)]
pub fn retry_after(value: &str, date: Option<DateTime<Utc>>) -> Option<Duration> {
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let wait = http_date(value)?.signed_duration_since(date?);
            Some(wait.max(TimeDelta::zero()).to_std().unwrap_or_default())
        }
    }
}

/// Reads the body into one allocation, so that no copy is left behind by growing. (The buffers inside hyper are not
/// ours to wipe.)
async fn body(mut head: reqwest::Response) -> Result<Zeroizing<Vec<u8>>, TransportError> {
    let announced = head.content_length().unwrap_or(0);
    if announced > BODY_LIMIT as u64 {
        return Err(TransportError::TooLarge(BODY_LIMIT));
    }
    let mut body = Zeroizing::new(Vec::with_capacity(BODY_LIMIT));
    while let Some(chunk) = head.chunk().await.map_err(|error| TransportError::Broken(innermost(&error)))? {
        if chunk.len() > BODY_LIMIT - body.len() {
            return Err(TransportError::TooLarge(BODY_LIMIT));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Sorts reqwest's error before there is an answer. Its own text repeats the URL and is not used.
fn cause(error: &reqwest::Error, connect_timeout: Duration) -> TransportError {
    if error.is_builder() {
        TransportError::Malformed(innermost(error))
    } else if error.is_dns() {
        TransportError::Dns
    } else if error.is_connect() && error.is_timeout() {
        TransportError::ConnectTimedOut(connect_timeout)
    } else if error.is_connect() {
        TransportError::CannotConnect(innermost(error))
    } else {
        TransportError::Broken(innermost(error))
    }
}

/// The words of the deepest cause: the system's ("connection refused") or hyper's ("connection closed before message
/// completed"). Neither quotes a byte of the traffic.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    match deepest.downcast_ref::<io::Error>() {
        Some(error) => error.kind().to_string(),
        None => deepest.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date_against_the_answers_own_clock() {
        let date = http_date("Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(retry_after("7", None), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:30 GMT", date), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:27:00 GMT", date), Some(Duration::ZERO));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:30 GMT", None), None);
        assert_eq!(retry_after("soon", date), None);
        assert_eq!(retry_after("-1", date), None);
    }

    #[test]
    fn a_response_never_shows_its_body() {
        let response = Response { status: 200, body: Zeroizing::new(b"wJalrSecret".to_vec()), ..Response::default() };
        let shown = format!("{response:?}");
        assert!(!shown.contains("wJalr") && shown.contains("body_bytes: 11"), "{shown}");
    }
}
