//! One HTTP exchange: what a source sends, what comes back, and what can go wrong in between. The only room that names
//! reqwest and rustls.
//!
//! [`MetadataTransport`] talks to link-local services: plain HTTP, never through a proxy. [`AwsTransport`] talks to AWS:
//! TLS, and the proxies of the JVM. Neither follows a redirect or keeps a connection, and every exchange is bounded in
//! time and in bytes.

mod aws;
mod dns;
mod exchange;
mod proxy;
pub mod trust;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

pub use self::aws::AwsTransport;
pub use self::exchange::MetadataTransport;

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
    /// The certificate of the other side is not trusted, or the handshake failed; rustls's words.
    Tls(String),
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
            TransportError::Tls(why) => write!(f, "no secure connection: {why}"),
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
