//! What the token services behind `aws sso login` (SSO-OIDC) and `aws login` (sign-in) have in common: a JSON request,
//! and a refusal that is told by a code.

use std::fmt::Display;
use std::time::Duration;

use serde::Deserialize;

use super::redacted::redacted;
use super::{Answer, Source};
use crate::credentials::Secret;
use crate::error::{FetchError, FetchErrorKind};
use crate::http::{Method, Request, Response, TransportError};

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const ANSWER_LIMIT: Duration = Duration::from_secs(6);
/// All requests of one fetch together. The caller cuts a fetch of a remote source after 15 s; ending a little earlier
/// keeps the error that says what hung.
const FETCH_LIMIT: Duration = Duration::from_millis(14_500);

/// A fetch of `source` that is bounded as a whole.
pub async fn bounded(
    source: &dyn Source,
    ask: impl Future<Output = Result<Answer, FetchError>>,
) -> Result<Answer, FetchError> {
    tokio::time::timeout(FETCH_LIMIT, ask).await.unwrap_or_else(|_| {
        let text = format!("{}: no answer within {FETCH_LIMIT:?}", source.describe());
        Err(FetchError::transient(text).with_fix("it is asked again by itself; check network and proxy."))
    })
}

pub fn get(url: String, headers: Vec<(&'static str, Secret)>) -> Request {
    request(Method::Get, url, headers, Secret::new(""))
}

/// A POST of JSON.
pub fn post(url: String, mut headers: Vec<(&'static str, Secret)>, body: Secret) -> Request {
    headers.push(("content-type", Secret::new("application/json")));
    request(Method::Post, url, headers, body)
}

fn request(method: Method, url: String, mut headers: Vec<(&'static str, Secret)>, body: Secret) -> Request {
    headers.push(("accept", Secret::new("application/json")));
    Request { method, url, headers, body, connect_timeout: CONNECT_LIMIT, answer_timeout: ANSWER_LIMIT }
}

/// No answer at all. `what` is the request: `POST https://…/token`.
pub fn trouble(what: impl Display, error: TransportError) -> FetchError {
    let kind = match error {
        TransportError::Malformed(_) => FetchErrorKind::NonRecoverable,
        _ => FetchErrorKind::Transient,
    };
    FetchError::new(kind, format!("{what}: {error}"))
        .with_fix("it is asked again by itself; if this lasts, check network, proxy and the endpoint's settings.")
}

/// What a service says for itself when it refuses.
pub struct Refusal {
    status: u16,
    /// In the head, or the body's `__type` or `error`; in small letters, without what surrounds it.
    pub code: String,
    message: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub fn read(response: &Response) -> Self {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Wire {
            #[serde(rename = "__type")]
            kind: Option<String>,
            error: Option<String>,
            error_description: Option<String>,
            #[serde(alias = "Message")]
            message: Option<String>,
        }
        let wire: Wire = serde_json::from_slice(&response.body).unwrap_or_default();
        // `error` is the finer one: the head says AccessDeniedException for each of its meanings.
        let code = wire.error.or(wire.kind).or_else(|| response.error_type.clone()).unwrap_or_default();
        // `com.amazonaws.sso#UnauthorizedException:http://…`
        let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
        Refusal {
            status: response.status,
            code: redacted(code, 80).to_ascii_lowercase(),
            message: redacted(&wire.message.or(wire.error_description).unwrap_or_default(), 200),
            retry_after: response.retry_after,
        }
    }

    /// By the status alone: too many requests, the service's own trouble, or a refusal that asking again does not change.
    pub fn kind(&self) -> FetchErrorKind {
        match self.status {
            429 => FetchErrorKind::Throttled { retry_after: self.retry_after },
            400 if ["slow_down", "slowdownexception", "throttlingexception", "toomanyrequestsexception"]
                .contains(&self.code.as_str()) =>
            {
                FetchErrorKind::Throttled { retry_after: self.retry_after }
            }
            400..=499 => FetchErrorKind::NonRecoverable,
            _ => FetchErrorKind::Transient,
        }
    }

    pub fn error(&self, what: impl Display) -> FetchError {
        let mut text = format!("{what}: it answered with status {}", self.status);
        for words in [&self.code, &self.message] {
            if !words.is_empty() {
                text = format!("{text}, {words}");
            }
        }
        FetchError::new(self.kind(), text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::*;

    fn refusal(status: u16, error_type: Option<&str>, body: &[u8]) -> Refusal {
        Refusal::read(&Response {
            status,
            error_type: error_type.map(str::to_owned),
            body: Zeroizing::new(body.to_vec()),
            ..Response::default()
        })
    }

    #[test]
    fn the_code_is_read_from_head_and_body() {
        let head = refusal(401, Some("UnauthorizedException:http://internal"), br#"{"message":"no such session"}"#);
        assert_eq!(head.code, "unauthorizedexception");
        assert_eq!(
            head.error("GET x").message,
            "GET x: it answered with status 401, unauthorizedexception, no such session"
        );
        let body = br#"{"error":"invalid_grant","error_description":"Invalid refresh token"}"#;
        assert_eq!(refusal(400, Some("InvalidGrantException"), body).code, "invalid_grant");
        assert_eq!(refusal(400, None, br#"{"__type":"com.amazonaws#SlowDownException"}"#).code, "slowdownexception");
    }

    #[test]
    fn the_kind_follows_from_status_and_code() {
        for (status, body, kind) in [
            (400, r#"{"error":"slow_down"}"#, FetchErrorKind::Throttled { retry_after: None }),
            (429, "", FetchErrorKind::Throttled { retry_after: None }),
            (400, r#"{"error":"invalid_grant"}"#, FetchErrorKind::NonRecoverable),
            (403, "<html>", FetchErrorKind::NonRecoverable),
            (500, "{}", FetchErrorKind::Transient),
            (302, "", FetchErrorKind::Transient),
        ] {
            assert_eq!(refusal(status, None, body.as_bytes()).kind(), kind, "{status} {body}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_answer_makes_it_panic(status in 100..600_u16, body in prop::collection::vec(any::<u8>(), 0..100), kind in "\\PC{0,30}") {
            refusal(status, Some(&kind), &body).error("x");
        }
    }
}
