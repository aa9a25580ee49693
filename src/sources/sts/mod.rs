//! The Security Token Service: credentials of a role, for whoever may assume it.
//!
//! [`AssumeRole`] signs with the credentials of another source, [`WebIdentity`] shows a token from a file. Both ask one
//! endpoint with one POST of the query protocol; what they share stands here. A whole fetch ends by itself before the
//! engine would cut it, with an error that says what hung.

mod assume_role;
mod refusal;
mod sign;
#[cfg(test)]
mod testing;
mod token;
mod web_identity;
mod wire;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

pub use self::assume_role::AssumeRole;
use self::refusal::Refused;
pub use self::web_identity::WebIdentity;
use self::wire::{Refusal, Said, account_of_arn};
use super::context::Context;
use super::plan::{Endpoint, Role};
use super::{Answer, Traits};
use crate::aws_clock::clock::Clock;
use crate::credentials::{Credentials, Identity, Secret};
use crate::error::{FetchError, FetchErrorKind};
use crate::http::{Method, Request, Response, Transport, TransportError};

pub const ASSUMED_ROLE: &str = "assumed role";
pub const WEB_IDENTITY: &str = "web identity";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// All of one fetch: waiting for what signs, reading files, every request. The engine cuts a fetch of a remote source
/// after 15 s.
const FETCH_LIMIT: Duration = Duration::from_millis(14_500);

const TRAITS: Traits = Traits { link_local: false, mints: true };

/// What STS allows (`DurationSeconds`).
const DURATION_MIN: Duration = Duration::from_secs(900);
const DURATION_MAX: Duration = Duration::from_secs(43_200);
/// What STS grants if it is not told; also the most for a role that is assumed by a role, and granted by every role.
const ONE_HOUR: Duration = Duration::from_secs(3_600);
/// No set of AWS lives longer (GetSessionToken's 36 hours). More says that two clocks do not agree.
const LIFE_LIMIT: Duration = Duration::from_secs(36 * 3600);
/// `Date` has whole seconds and is written after the set was made; up to this, the difference is of that kind.
const LIFE_TOLERANCE: Duration = Duration::from_secs(30);

/// Reads an answer; public for those that feed it with anything. `Ok`: the error's code, or none for credentials.
#[doc(hidden)]
pub fn parse(body: &[u8]) -> Result<Result<Credentials, String>, String> {
    wire::parse(body).map(|said| match said {
        Said::Granted(credentials) => Ok(credentials),
        Said::Refused(refusal) => Err(format!("{}: {}", refusal.code, refusal.told(&[]))),
    })
}

#[doc(hidden)]
pub use self::token::expiry as token_expiry;

/// One STS and the way to it.
struct Sts {
    endpoint: Endpoint,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Sts {
    fn new(endpoint: Endpoint, context: &Context) -> Sts {
        Sts { endpoint, transport: Arc::clone(&context.aws), clock: Arc::clone(&context.clock) }
    }
}

/// One fetch.
struct Call<'a> {
    sts: &'a Sts,
    action: &'static str,
    role: &'a Role,
    end: Instant,
}

enum Reply {
    Granted(Box<Granted>),
    Refused(Box<Refused>),
}

struct Granted {
    credentials: Credentials,
    /// What the answering clock showed.
    date: Option<DateTime<Utc>>,
}

impl<'a> Call<'a> {
    fn new(sts: &'a Sts, action: &'static str, role: &'a Role) -> Self {
        Call { sts, action, role, end: Instant::now() + FETCH_LIMIT }
    }

    fn is_web_identity(&self) -> bool {
        self.action == web_identity::ACTION
    }

    fn role_arn(&self) -> impl Display + '_ {
        self.role.arn.escape_debug()
    }

    /// With a slash at its end, or what is signed and what is sent would differ.
    fn url(&self) -> String {
        format!("{}/", self.sts.endpoint.url)
    }

    /// `work`, or the error that time is over.
    async fn in_time<T>(&self, what: &str, work: impl Future<Output = T>) -> Result<T, FetchError> {
        tokio::time::timeout_at(self.end, work).await.map_err(|_| {
            let text = format!("{what}; the {FETCH_LIMIT:?} that one attempt may take are over");
            self.failed(FetchErrorKind::Transient, text)
        })
    }

    async fn send(&self, form: Secret, headers: Vec<(&'static str, Secret)>) -> Result<Reply, FetchError> {
        let request = Request {
            method: Method::Post,
            url: self.url(),
            headers,
            body: form,
            connect_timeout: CONNECT_TIMEOUT,
            answer_timeout: ANSWER_TIMEOUT,
        };
        let exchange = self.in_time("no answer", self.sts.transport.send(request)).await?;
        let response = exchange.map_err(|error| self.trouble(&error))?;
        self.read(&response)
    }

    fn read(&self, response: &Response) -> Result<Reply, FetchError> {
        let Response { status, retry_after, .. } = *response;
        let date = response.date.filter(|_| !response.aged);
        let refusal = match wire::parse(&response.body) {
            Ok(Said::Granted(credentials)) if status == 200 => {
                return Ok(Reply::Granted(Box::new(Granted { credentials, date })));
            }
            Ok(Said::Refused(refusal)) if status != 200 || !refusal.code.is_empty() => refusal,
            Err(problem) if status == 200 => {
                let text = format!("the answer is of no use: {problem}");
                return Err(self.failed(FetchErrorKind::Transient, text).with_fix(self.is_it_sts()));
            }
            // A status with a body that is not STS's: of what stands in front of it, as a rule.
            _ => match &response.error_type {
                Some(code) => Refusal::new(code.split(':').next().unwrap_or_default(), ""),
                None => return Err(self.status(response)),
            },
        };
        Ok(Reply::Refused(Box::new(Refused { refusal, status, date, retry_after })))
    }

    /// What was granted, as the engine wants it. `asked`: the duration that was asked for.
    fn answer(&self, granted: Granted, asked: Option<Duration>, source: &'static str) -> Answer {
        let Granted { mut credentials, date } = granted;
        credentials.account_id = credentials.account_id.or_else(|| account_of_arn(&self.role.arn));
        Answer {
            identity: Identity { name: self.role.arn.clone(), account_id: credentials.account_id.clone() },
            nominal_life: Some(life(credentials.expiration, date, asked.unwrap_or(ONE_HOUR))),
            credentials,
            source,
            traits: TRAITS,
            date: date.filter(|_| !self.sts.endpoint.overridden),
        }
    }

    fn failed(&self, kind: FetchErrorKind, text: impl Display) -> FetchError {
        FetchError::new(kind, format!("{} of {} at {}: {text}", self.action, self.role_arn(), self.sts.endpoint.url))
    }

    /// The error for what STS said. `clock`: it was the time in the signature. `secrets`: what was sent.
    fn refused(&self, refused: &Refused, clock: bool, secrets: &[&Secret]) -> FetchError {
        let message = refused.refusal.told(secrets);
        let colon = if message.is_empty() { "" } else { ": " };
        let text = format!("{} (status {}){colon}{message}", refused.refusal.code, refused.status);
        self.failed(refused.kind(clock), text).with_fix(refused.fix(self, clock))
    }

    fn trouble(&self, error: &TransportError) -> FetchError {
        let kind = match error {
            TransportError::Malformed(_) => FetchErrorKind::NonRecoverable,
            _ => FetchErrorKind::Transient,
        };
        let url = &self.sts.endpoint.url;
        let fix = match error {
            TransportError::Malformed(_) | TransportError::Broken(_) | TransportError::TooLarge(_) => self.is_it_sts(),
            TransportError::Dns => format!(
                "check that the region {} exists (AWS_REGION, aws.region, the profile's region) and that this host can \
                 resolve the name of {url}.",
                self.sts.endpoint.region
            ),
            _ => format!(
                "check that this process may reach {url}: routes, firewalls, the proxy settings of the JVM, and, in a \
                 network without internet access, a VPC endpoint for STS in the region that is asked."
            ),
        };
        self.failed(kind, error).with_fix(fix)
    }

    /// For a status whose body is none of STS's.
    fn status(&self, response: &Response) -> FetchError {
        let status = response.status;
        let kind = match status {
            429 => FetchErrorKind::Throttled { retry_after: response.retry_after },
            _ => FetchErrorKind::Transient,
        };
        let text = format!("status {status} and no answer of STS ({} bytes of something else)", response.body.len());
        self.failed(kind, text).with_fix(self.is_it_sts())
    }

    fn is_it_sts(&self) -> String {
        format!(
            "check that {} is STS and not something else in its place (a proxy, a gateway, another service; see \
             AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL).",
            self.sts.endpoint.url
        )
    }
}

/// How long a set lives that is made now: the time between the two dates of the answer, which one clock wrote, or what
/// was asked for where they do not say otherwise.
fn life(expiration: Option<DateTime<Utc>>, date: Option<DateTime<Utc>>, asked: Duration) -> Duration {
    let told = expiration.zip(date).and_then(|(end, start)| end.signed_duration_since(start).to_std().ok());
    told.filter(|life| !life.is_zero() && *life <= LIFE_LIMIT && life.abs_diff(asked) > LIFE_TOLERANCE).unwrap_or(asked)
}

/// What may be asked for, with one word to the log where that is something else.
fn clamped(role: &Role) -> Option<Duration> {
    let asked = role.duration?;
    let legal = asked.clamp(DURATION_MIN, DURATION_MAX);
    if legal != asked {
        let (asked, legal) = (asked.as_secs(), legal.as_secs());
        tracing::warn!(role = %role.arn.escape_debug(), "a session of {asked} s is wanted; STS allows 900 to 43200 s, so {legal} s are asked for");
    }
    Some(legal)
}

/// What both calls have in common.
fn put_role(form: &mut wire::Form, role: &Role, duration: Option<Duration>) {
    form.put("RoleArn", &role.arn);
    form.put("RoleSessionName", &role.session_name);
    form.put_if("DurationSeconds", duration.map(|duration| duration.as_secs().to_string()).as_deref());
    form.put_if("Policy", role.policy.as_deref());
    for (at, arn) in role.policy_arns.iter().enumerate() {
        form.put(&format!("PolicyArns.member.{}.arn", at + 1), arn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_what_was_granted_where_the_dates_make_sense() {
        let end: DateTime<Utc> = "2026-11-09T13:34:41Z".parse().unwrap();
        let seconds = |start: Option<&str>, asked| {
            life(Some(end), start.map(|start| start.parse().unwrap()), Duration::from_secs(asked)).as_secs()
        };
        assert_eq!(seconds(Some("2026-11-09T12:34:43Z"), 3600), 3600);
        assert_eq!(seconds(Some("2026-11-09T12:34:41Z"), 43_200), 3600);
        assert_eq!(seconds(Some("2026-11-09T13:34:41Z"), 900), 900);
        assert_eq!(seconds(Some("2026-11-09T14:00:00Z"), 900), 900);
        assert_eq!(seconds(Some("2026-01-01T00:00:00Z"), 900), 900);
        assert_eq!(seconds(None, 900), 900);
    }
}
