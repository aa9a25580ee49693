//! What an error of the metadata service is called: what was asked, of whom, what came back, what to do. No body of an
//! answer is ever shown, as nobody knows what it holds.

use std::fmt::Display;

use super::{FETCH_LIMIT, Imds, LEGACY_PATH, NoToken, Session, Trouble};
use crate::error::{FetchError, FetchErrorKind};
use crate::http::{Method, Response, TransportError};

const OVERLOADED: &str = "it is asked again by itself; if this lasts, find out what on this instance overloads the \
                          metadata service or holds up its answers (a proxy or agent in its place, a firewall).";

impl Imds {
    pub(super) fn failed(&self, method: Method, path: &str, kind: FetchErrorKind, text: impl Display) -> FetchError {
        FetchError::new(kind, format!("{method} {}{path}: {text}", self.settings.endpoint))
    }

    pub(super) fn trouble(&self, method: Method, path: &str, trouble: Trouble) -> FetchError {
        let error = match trouble {
            Trouble::Transport(error) => error,
            Trouble::OutOfTime => {
                let text = format!("the {FETCH_LIMIT:?} that all requests of one attempt may take together are over");
                return self.failed(method, path, FetchErrorKind::Transient, text).with_fix(OVERLOADED);
            }
        };
        let kind = match error {
            TransportError::Malformed(_) => FetchErrorKind::NonRecoverable,
            _ => FetchErrorKind::Transient,
        };
        let fix = match error {
            TransportError::Dns | TransportError::CannotConnect(_) | TransportError::ConnectTimedOut(_) => {
                format!(
                    "is this an EC2 instance, and may this process reach {}? Check firewall rules, network policies and \
                     the endpoint (AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE).",
                    self.settings.endpoint
                )
            }
            TransportError::Broken(_) | TransportError::TooLarge(_) => self.is_it_imds(),
            _ => OVERLOADED.into(),
        };
        self.failed(method, path, kind, error).with_fix(fix)
    }

    /// For a status that has no meaning of its own in the protocol.
    pub(super) fn status(&self, method: Method, path: &str, response: &Response) -> FetchError {
        let failed = |kind, meaning: &str| {
            self.failed(method, path, kind, format!("it answered with status {}{meaning}", response.status))
        };
        match response.status {
            429 => failed(FetchErrorKind::Throttled { retry_after: response.retry_after }, ": too many requests")
                .with_fix("find out what else on this instance asks the metadata service this often."),
            403 => failed(FetchErrorKind::NonRecoverable, ": the metadata service is switched off or closed to us")
                .with_fix(NoToken::Status(403).fix(&self.settings.endpoint)),
            300..=399 => {
                failed(FetchErrorKind::Transient, ", a redirect, which is never followed").with_fix(self.is_it_imds())
            }
            500.. => failed(FetchErrorKind::Transient, "").with_fix(OVERLOADED),
            _ => failed(FetchErrorKind::Transient, "").with_fix(self.is_it_imds()),
        }
    }

    pub(super) fn unauthorized(&self, path: &str, session: &Session) -> FetchError {
        match session {
            Session::V2(_) => self
                .failed(Method::Get, path, FetchErrorKind::Transient, "status 401 even with a token that is new")
                .with_fix(self.is_it_imds()),
            Session::V1 { why, .. } => {
                let text = format!("status 401: a token is required (IMDSv2), and {}", why.text());
                self.failed(Method::Get, path, why.kind(), text).with_fix(why.fix(&self.settings.endpoint))
            }
        }
    }

    pub(super) fn no_credentials(&self, role: &str) -> FetchError {
        let path = format!("{LEGACY_PATH}{role}");
        if self.settings.role_name.is_some() {
            let text = "status 404: this instance does not have the role that was named in the configuration";
            return self
                .failed(Method::Get, &path, FetchErrorKind::NoRole, text)
                .with_fix("attach the instance profile of that role, or leave the role name out.");
        }
        let text = "status 404, though the role was listed a moment ago: it is being replaced or removed";
        self.failed(Method::Get, &path, FetchErrorKind::Transient, text)
            .with_fix("attach the instance profile again if it stays away; nothing has to be restarted afterwards.")
    }

    pub(super) fn is_it_imds(&self) -> String {
        format!(
            "check that {} is the instance metadata service and not something else in its place (a proxy, another \
             server; see AWS_EC2_METADATA_SERVICE_ENDPOINT).",
            self.settings.endpoint
        )
    }
}

impl NoToken {
    pub(super) fn text(self) -> String {
        match self {
            NoToken::Status(status) => format!("the request for a token ended with status {status}"),
            NoToken::Silence(after) => {
                format!(
                    "the request for a token connected but had no answer within {after:?}, as with a hop limit that is too low"
                )
            }
        }
    }

    pub(super) fn kind(self) -> FetchErrorKind {
        match self {
            NoToken::Status(403) => FetchErrorKind::NonRecoverable,
            _ => FetchErrorKind::Transient,
        }
    }

    pub(super) fn fix(self, endpoint: &str) -> String {
        match self {
            NoToken::Silence(_) => "in a container the answer has one hop more to go: `aws ec2 \
                 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2`."
                .into(),
            NoToken::Status(403) => "switch it on with `aws ec2 modify-instance-metadata-options --instance-id ID \
                 --http-endpoint enabled`, or let whatever stands in front of it pass our requests."
                .into(),
            NoToken::Status(_) => {
                format!("{endpoint} does not speak IMDSv2: check the endpoint, or allow IMDSv1 again.")
            }
        }
    }
}
