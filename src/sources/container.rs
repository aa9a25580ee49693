//! The credentials endpoint of a container: the agent of ECS, EKS Pod Identity or Greengrass, or a server of the user's
//! own. One GET; where a token file is configured, it is read anew each time.
//!
//! What may be asked without TLS says `config::container`. A host name is judged here, as it has to be looked up: all of
//! its addresses must be loopback addresses, and the one that was judged is the one that is asked.

use std::fmt::Display;
use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::context::Context;
use super::document::{self, Flaw};
use super::fields::{is_account_id, is_visible_ascii};
use super::plan::{Authorization, ContainerPlan};
use super::redacted::redacted;
use super::{Answer, Fetch, Source, Traits};
use crate::blocking::{Kind, blocking};
use crate::config::container::{is_header_value, is_local};
use crate::credentials::{Credentials, Identity, Secret};
use crate::error::{FetchError, FetchErrorKind};
use crate::http::{Method, Request, Response, Transport, TransportError};

/// How the field calls this source.
pub const NAME: &str = "container credentials";

const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Token file, name and request together. The caller cuts a fetch of a link-local source after 5 s; ending a little
/// earlier keeps the error that says what hung.
const FETCH_LIMIT: Duration = Duration::from_millis(4_800);
/// The same where the caller waits 15 s.
const REMOTE_FETCH_LIMIT: Duration = Duration::from_millis(9_500);
const TOKEN_FILE_LIMIT: Duration = Duration::from_secs(2);
/// A token of EKS has about one kilobyte.
const TOKEN_LIMIT: u64 = 64 * 1024;
/// IAM's own bound for an ARN.
const ARN_LIMIT: usize = 2_048;

type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

pub struct Container {
    plan: ContainerPlan,
    /// `plan.url`, or what is wrong with it.
    url: Result<Url, String>,
    transport: Arc<dyn Transport>,
    look_up: fn(String) -> Addresses,
}

fn system_look_up(name: String) -> Addresses {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
}

impl Source for Container {
    fn describe(&self) -> String {
        format!("{NAME} at {}", self.origin())
    }

    fn traits(&self) -> Traits {
        Traits { link_local: !self.is_remote(), mints: false }
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(self.ask())
    }
}

impl Container {
    pub fn new(plan: ContainerPlan, context: &Context) -> Self {
        let url = Url::parse(&plan.url).map_err(|error| error.to_string());
        let remote = url.as_ref().is_ok_and(|url| url.scheme() == "https");
        let transport = if remote { &context.aws } else { &context.metadata };
        Container { plan, url, transport: Arc::clone(transport), look_up: system_look_up }
    }

    fn is_remote(&self) -> bool {
        self.url.as_ref().is_ok_and(|url| url.scheme() == "https")
    }

    /// Without the path: in ECS it holds an id by which the agent knows who asks.
    fn origin(&self) -> String {
        match &self.url {
            Ok(url) => url.origin().ascii_serialization(),
            Err(_) => format!("the URI of {}", self.plan.setting),
        }
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let limit = if self.is_remote() { REMOTE_FETCH_LIMIT } else { FETCH_LIMIT };
        let end = Instant::now() + limit;
        match tokio::time::timeout_at(end, self.ask_within(end)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.failed(FetchErrorKind::Transient, format!("no answer within {limit:?}")).with_fix(SLOW)),
        }
    }

    async fn ask_within(&self, end: Instant) -> Result<Answer, FetchError> {
        let mut headers = vec![("accept", Secret::new("application/json"))];
        if let Some(token) = self.token().await? {
            headers.push(("authorization", token));
        }
        let (url, host) = self.place().await?;
        headers.extend(host.map(|host| ("host", Secret::new(host))));
        let request = Request {
            method: Method::Get,
            url,
            headers,
            body: Secret::new(""),
            connect_timeout: CONNECT_LIMIT,
            answer_timeout: ANSWER_LIMIT.min(end.saturating_duration_since(Instant::now())),
        };
        let response = self.transport.send(request).await.map_err(|error| self.trouble(error))?;
        if response.status != 200 {
            return Err(self.refusal(&response));
        }
        let document = parse(&response.body).map_err(|flaw| {
            let text = format!("the credentials document is of no use: {}", flaw.problem);
            self.failed(flaw.kind, text).with_fix(self.is_it_the_agent())
        })?;
        let credentials = document.credentials;
        Ok(Answer {
            identity: Identity {
                name: document.role_arn.unwrap_or_else(|| self.describe()),
                account_id: credentials.account_id.clone(),
            },
            credentials,
            source: NAME,
            traits: self.traits(),
            nominal_life: None,
            // Behind TLS here is somebody's own server, whose clock is not AWS's.
            date: response.date.filter(|_| !self.is_remote() && !response.aged),
        })
    }

    async fn token(&self) -> Result<Option<Secret>, FetchError> {
        let (setting, path) = match &self.plan.authorization {
            Authorization::None => return Ok(None),
            Authorization::Token { token, .. } => return Ok(Some(token.clone())),
            Authorization::File { setting, file } => (setting, file),
        };
        let what = format!("{NAME}: reading {} ({setting})", path.display());
        let fix = format!("check that {setting} names the file with the token and that this process may read it.");
        let file = path.clone();
        // A file that is missing or half-written is being rotated: it is read again soon.
        let read = blocking(Kind::File, TOKEN_FILE_LIMIT, &what, move || read_token(&file)).await?;
        let token = read.map_err(|error| FetchError::transient(format!("{what}: {error}")).with_fix(&*fix))?;
        if !is_header_value(token.expose()) {
            let problem = "it is empty, or holds a line end or another character that cannot stand in an HTTP header";
            return Err(FetchError::transient(format!("{what}: {problem}")).with_fix(&*fix));
        }
        Ok(Some(token))
    }

    /// The URL to ask, and the `Host` header where the URL names an address that was looked up.
    async fn place(&self) -> Result<(String, Option<String>), FetchError> {
        let url = self.url.as_ref().map_err(|error| self.failed(FetchErrorKind::NonRecoverable, error))?;
        let host = url.host().ok_or_else(|| self.failed(FetchErrorKind::NonRecoverable, "the URI names no host"))?;
        let name = match host {
            url::Host::Domain(name) if url.scheme() == "http" && is_local(&host).is_none() => name.to_owned(),
            _ => return Ok((url.as_str().to_owned(), None)),
        };
        let unknown = |why: &dyn Display| {
            let text = format!("the host name {name} cannot be looked up: {why}");
            self.failed(FetchErrorKind::Transient, text).with_fix(self.is_it_the_agent())
        };
        let addresses = match tokio::time::timeout(CONNECT_LIMIT, (self.look_up)(name.clone())).await {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(error)) => return Err(unknown(&error.kind())),
            Err(_) => return Err(unknown(&format!("no answer within {CONNECT_LIMIT:?}"))),
        };
        let address = *addresses.first().ok_or_else(|| unknown(&"it has no address"))?;
        if let Some(elsewhere) = addresses.iter().find(|address| !address.to_canonical().is_loopback()) {
            let text = format!("the host {name} is {elsewhere}, which is no loopback address");
            let fix = format!("use https in {}, or a host name of this machine.", self.plan.setting);
            return Err(self.failed(FetchErrorKind::NonRecoverable, text).with_fix(fix));
        }
        let header = match url.port() {
            Some(port) => format!("{name}:{port}"),
            None => name,
        };
        let mut url = url.clone();
        if url.set_ip_host(address).is_err() {
            return Err(self.failed(FetchErrorKind::NonRecoverable, "the URI cannot name an address"));
        }
        Ok((url.into(), Some(header)))
    }

    fn failed(&self, kind: FetchErrorKind, text: impl Display) -> FetchError {
        FetchError::new(kind, format!("GET {} ({}): {text}", self.origin(), self.plan.setting))
    }

    fn trouble(&self, error: TransportError) -> FetchError {
        let kind = match error {
            TransportError::Malformed(_) => FetchErrorKind::NonRecoverable,
            _ => FetchErrorKind::Transient,
        };
        let fix = match error {
            TransportError::NoAnswer(_) | TransportError::AnswerTooSlow(_) => SLOW.to_owned(),
            _ => self.is_it_the_agent(),
        };
        self.failed(kind, error).with_fix(fix)
    }

    fn refusal(&self, response: &Response) -> FetchError {
        let Response { status, retry_after, ref body, .. } = *response;
        let words = words(body).map_or(String::new(), |words| format!(": {words}"));
        let failed = |kind| self.failed(kind, format!("it answered with status {status}{words}"));
        match status {
            429 => failed(FetchErrorKind::Throttled { retry_after })
                .with_fix("find out what else in this container asks for credentials this often."),
            401 | 403 => failed(FetchErrorKind::NonRecoverable).with_fix(
                "let the role trust the container service (pods.eks.amazonaws.com, ecs-tasks.amazonaws.com), and check \
                 that the authorization token is the one that was given to this container.",
            ),
            404 => failed(FetchErrorKind::NoRole).with_fix(
                "give this task or pod a role (a task role in ECS, a pod identity association in EKS); it is noticed \
                 within a minute.",
            ),
            500.. => failed(FetchErrorKind::Transient).with_fix(SLOW),
            _ => failed(FetchErrorKind::Transient).with_fix(self.is_it_the_agent()),
        }
    }

    fn is_it_the_agent(&self) -> String {
        format!(
            "check that the agent of this container runs and answers at {}, as {} says it does.",
            self.origin(),
            self.plan.setting
        )
    }
}

const SLOW: &str = "it is asked again by itself; if this lasts, look at the container's agent (its logs, its load).";

fn read_token(file: &Path) -> io::Result<Secret> {
    let mut text = zeroize::Zeroizing::new(String::new());
    File::open(file)?.take(TOKEN_LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > TOKEN_LIMIT {
        return Err(io::Error::other(format!("it is longer than {TOKEN_LIMIT} bytes")));
    }
    Ok(Secret::new(text.trim()))
}

/// What an answer other than 200 says for itself: ECS's JSON, or the plain text of EKS's agent.
fn words(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(alias = "Code")]
        code: Option<String>,
        #[serde(alias = "Message")]
        message: Option<String>,
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let said = match serde_json::from_str::<Wire>(text) {
        Ok(Wire { code: None, message: None }) => return None,
        Ok(Wire { code, message }) => code.into_iter().chain(message).collect::<Vec<_>>().join(", "),
        Err(_) if text.starts_with(['{', '<']) || text.is_empty() => return None,
        Err(_) => text.to_owned(),
    };
    Some(redacted(&said, 300))
}

struct Document {
    credentials: Credentials,
    role_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    access_key_id: Option<String>,
    #[serde(default, deserialize_with = "document::secret")]
    secret_access_key: Option<Secret>,
    #[serde(default, deserialize_with = "document::secret")]
    token: Option<Secret>,
    expiration: Option<String>,
    account_id: Option<String>,
    role_arn: Option<String>,
}

/// Both Java SDKs take a document without a token (long-term keys) or without an expiration.
fn parse(body: &[u8]) -> Result<Document, Flaw> {
    let wire: Wire = document::json(body)?;
    let is_arn = |arn: &String| arn.starts_with("arn:") && arn.len() <= ARN_LIMIT && is_visible_ascii(arn);
    Ok(Document {
        credentials: Credentials {
            access_key_id: document::access_key_id("AccessKeyId", wire.access_key_id)?,
            secret_access_key: document::visible("SecretAccessKey", wire.secret_access_key)?,
            session_token: wire.token.map(|token| document::visible("Token", Some(token))).transpose()?,
            expiration: wire.expiration.map(|text| document::date("Expiration", &text)).transpose()?,
            account_id: wire.account_id.filter(|id| is_account_id(id)),
        },
        role_arn: wire.role_arn.filter(is_arn),
    })
}

#[cfg(test)]
#[path = "container_tests.rs"]
mod tests;
