//! The EC2 instance metadata service: which role does this instance have, and what are its credentials now?
//!
//! Rules, from the EC2 User Guide ("Use IMDSv2") and the SDKs' behaviour: IMDSv2 first, with a token that is kept as
//! long as its answer allows; IMDSv1 where the token endpoint says 403, 404 or 405 or stays silent, unless forbidden;
//! the extended path (it tells the account id) before the legacy one; the role's name asked each time, as another
//! role may have been attached.

mod document;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::fields::is_visible_ascii;
use super::{Answer, Fetch, Source, Traits};
use crate::config::imds::ImdsSettings;
use crate::config::{is_role_name, quoted};
use crate::credentials::{Identity, Secret};
use crate::error::{FetchError, FetchErrorKind};
use crate::http::{Method, Request, Response, Transport, TransportError};

/// How the field calls this source.
pub const NAME: &str = "instance profile";

const TOKEN_PATH: &str = "/latest/api/token";
const EXTENDED_PATH: &str = "/latest/meta-data/iam/security-credentials-extended/";
const LEGACY_PATH: &str = "/latest/meta-data/iam/security-credentials/";

/// What is asked for, and the longest that IMDS grants.
const TOKEN_LIFE: Duration = Duration::from_secs(21_600);
/// A token is renewed this long before its end, so that none ends between two requests of one fetch.
const TOKEN_MARGIN: Duration = Duration::from_secs(30);
/// IMDS's tokens have 56 characters.
const TOKEN_LIMIT: usize = 4096;
/// All requests of one fetch together. The caller cuts a fetch of a link-local source after 5 s; ending a little
/// earlier keeps the error that says what hung.
const FETCH_LIMIT: Duration = Duration::from_millis(4_800);
/// How long IMDSv1 is used without trying for a token again: with a hop limit that is too low, each try costs a whole
/// time-out, at every poll. A 401 ends it at once, so a longer time would only delay the return to IMDSv2.
const V1_MEMORY: Duration = Duration::from_secs(15 * 60);
/// How long a 404 of the extended path is believed. A new token ends it as well.
const LEGACY_MEMORY: Duration = TOKEN_LIFE;

pub struct Imds {
    settings: ImdsSettings,
    transport: Arc<dyn Transport>,
    memory: Mutex<Memory>,
}

/// What makes the next asking cheaper. All of it may be forgotten at any time.
#[derive(Default)]
struct Memory {
    token: Option<(Secret, Instant)>,
    v1: Option<(NoToken, Instant)>,
    legacy_until: Option<Instant>,
}

/// How requests of one fetch identify themselves.
enum Session {
    V2(Secret),
    /// `now`: found out in this fetch, not remembered.
    V1 {
        why: NoToken,
        now: bool,
    },
}

/// Why there is no token, where that is a reason to use IMDSv1.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NoToken {
    Status(u16),
    /// TCP connects, the answer to the PUT never arrives: its packets live for fewer hops than there are.
    Silence(Duration),
}

/// What a path has to say.
enum Found {
    Answer(Box<Answer>),
    /// 404, or an empty list.
    NoRoleList,
    /// The role is listed (or given), its credentials are 404.
    NoCredentials(String),
}

/// Why an exchange brought no response.
enum Trouble {
    Transport(TransportError),
    /// The time of the whole fetch is over.
    OutOfTime,
}

/// Why reading stopped.
enum Stop {
    /// 401: no token, or one that is no longer accepted.
    Unauthorized(&'static str),
    Failed(FetchError),
}

impl From<FetchError> for Stop {
    fn from(error: FetchError) -> Self {
        Stop::Failed(error)
    }
}

impl Source for Imds {
    fn describe(&self) -> String {
        format!("{NAME} at {}", self.settings.endpoint)
    }

    fn traits(&self) -> Traits {
        TRAITS
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(self.ask(Instant::now() + FETCH_LIMIT))
    }
}

const TRAITS: Traits = Traits { link_local: true, mints: false };

impl Imds {
    pub fn new(settings: ImdsSettings, transport: Arc<dyn Transport>) -> Self {
        Imds { settings, transport, memory: Mutex::default() }
    }

    async fn ask(&self, end: Instant) -> Result<Answer, FetchError> {
        let session = self.session(end).await?;
        match self.read(&session, end).await {
            Ok(answer) => Ok(answer),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Unauthorized(path)) => {
                self.memory().token = None;
                self.memory().v1 = None;
                if matches!(session, Session::V1 { now: true, .. }) {
                    return Err(self.unauthorized(path, &session));
                }
                let session = self.session(end).await?;
                match self.read(&session, end).await {
                    Ok(answer) => Ok(answer),
                    Err(Stop::Failed(error)) => Err(error),
                    Err(Stop::Unauthorized(path)) => {
                        self.memory().token = None;
                        Err(self.unauthorized(path, &session))
                    }
                }
            }
        }
    }

    /// The token that is kept, or a new one, or IMDSv1.
    async fn session(&self, end: Instant) -> Result<Session, FetchError> {
        {
            let memory = self.memory();
            let now = Instant::now();
            if let Some((token, until)) = &memory.token
                && now < *until
            {
                return Ok(Session::V2(token.clone()));
            }
            if let Some((why, until)) = memory.v1
                && now < until
            {
                return Ok(Session::V1 { why, now: false });
            }
        }
        let why = match self.new_token(end).await? {
            Ok(token) => return Ok(Session::V2(token)),
            Err(why) => why,
        };
        match self.settings.v1_disabled_by {
            None => {
                tracing::debug!(endpoint = %self.settings.endpoint, why = %why.text(), "no IMDSv2 token, trying IMDSv1");
                Ok(Session::V1 { why, now: true })
            }
            Some(switch) => {
                let text = format!("{}; falling back to IMDSv1 is forbidden by {switch}", why.text());
                let error = self.failed(Method::Put, TOKEN_PATH, why.kind(), text);
                Err(error.with_fix(why.fix(&self.settings.endpoint)))
            }
        }
    }

    async fn new_token(&self, end: Instant) -> Result<Result<Secret, NoToken>, FetchError> {
        let asked = Instant::now();
        let ttl = Secret::new(TOKEN_LIFE.as_secs().to_string());
        let response = match self
            .exchange(Method::Put, TOKEN_PATH, vec![("x-aws-ec2-metadata-token-ttl-seconds", ttl)], end)
            .await
        {
            Ok(response) => response,
            Err(Trouble::Transport(TransportError::NoAnswer(after))) => return Ok(Err(NoToken::Silence(after))),
            Err(trouble) => return Err(self.trouble(Method::Put, TOKEN_PATH, trouble)),
        };
        match response.status {
            200 => {}
            status @ 403..=405 => return Ok(Err(NoToken::Status(status))),
            _ => return Err(self.status(Method::Put, TOKEN_PATH, &response)),
        }
        let token = std::str::from_utf8(&response.body).unwrap_or("").trim_ascii();
        if !is_visible_ascii(token) || token.len() > TOKEN_LIMIT {
            let text = format!("what came back ({} bytes) is no token", response.body.len());
            let error = self.failed(Method::Put, TOKEN_PATH, FetchErrorKind::Transient, text);
            return Err(error.with_fix(self.is_it_imds()));
        }
        let token = Secret::new(token);
        let life = response.token_ttl.unwrap_or(TOKEN_LIFE).min(TOKEN_LIFE);
        let mut memory = self.memory();
        *memory = Memory::default();
        memory.token = Some((token.clone(), asked + life.saturating_sub(TOKEN_MARGIN.min(life / 10))));
        Ok(Ok(token))
    }

    /// Role and credentials, from the extended path or the legacy one.
    async fn read(&self, session: &Session, end: Instant) -> Result<Answer, Stop> {
        let legacy_known = self.memory().legacy_until.is_some_and(|until| Instant::now() < until);
        let mut found = Found::NoRoleList;
        if !legacy_known {
            found = self.read_from(EXTENDED_PATH, session, end).await?;
        }
        let mut legacy_new = false;
        if !matches!(found, Found::Answer(_)) {
            found = self.read_from(LEGACY_PATH, session, end).await?;
            legacy_new = !legacy_known;
        }
        match found {
            Found::Answer(answer) => {
                let mut memory = self.memory();
                if legacy_new {
                    memory.legacy_until = Some(Instant::now() + LEGACY_MEMORY);
                }
                // Only now is it known that IMDSv1 answers: in an outage the token's silence says nothing.
                if let Session::V1 { why, now: true } = session {
                    memory.v1 = Some((*why, Instant::now() + V1_MEMORY));
                }
                Ok(*answer)
            }
            Found::NoRoleList => {
                let text = "no role is attached to this instance (the list of roles is empty or missing)";
                Err(self
                    .failed(Method::Get, LEGACY_PATH, FetchErrorKind::NoRole, text)
                    .with_fix(
                        "attach an instance profile: `aws ec2 associate-iam-instance-profile --instance-id ID \
                         --iam-instance-profile Name=NAME`; it is noticed within a minute.",
                    )
                    .into())
            }
            Found::NoCredentials(role) => Err(self.no_credentials(&role).into()),
        }
    }

    async fn read_from(&self, base: &'static str, session: &Session, end: Instant) -> Result<Found, Stop> {
        let role = match &self.settings.role_name {
            Some(role) => role.clone(),
            None => match self.role(base, session, end).await? {
                Some(role) => role,
                None => return Ok(Found::NoRoleList),
            },
        };
        let path = format!("{base}{role}");
        let Some(response) = self.get(base, &path, session, end).await? else {
            return Ok(Found::NoCredentials(role));
        };
        let document = document::parse(&response.body).map_err(|flaw| {
            let text = format!("the credentials document is of no use: {}", flaw.problem);
            let error = self.failed(Method::Get, &path, flaw.kind, text);
            match flaw.fix {
                Some(fix) => error.with_fix(fix),
                None => error,
            }
        })?;
        Ok(Found::Answer(Box::new(Answer {
            identity: Identity { name: role, account_id: document.credentials.account_id.clone() },
            credentials: document.credentials,
            source: NAME,
            traits: TRAITS,
            nominal_life: document.nominal_life,
            date: response.date,
        })))
    }

    /// The first line of the list of roles; an instance has one role at most.
    async fn role(&self, base: &'static str, session: &Session, end: Instant) -> Result<Option<String>, Stop> {
        let Some(response) = self.get(base, base, session, end).await? else {
            return Ok(None);
        };
        let list = String::from_utf8_lossy(&response.body);
        let Some(role) = list.trim().lines().next().map(str::trim_end) else {
            return Ok(None);
        };
        if is_role_name(role) {
            return Ok(Some(role.to_owned()));
        }
        let text = format!("what came back is no list of role names: it begins with {}", quoted(role));
        Err(self.failed(Method::Get, base, FetchErrorKind::Transient, text).with_fix(self.is_it_imds()).into())
    }

    /// A 200, or `None` for a 404.
    async fn get(
        &self,
        base: &'static str,
        path: &str,
        session: &Session,
        end: Instant,
    ) -> Result<Option<Response>, Stop> {
        let headers = match session {
            Session::V2(token) => vec![("x-aws-ec2-metadata-token", token.clone())],
            Session::V1 { .. } => Vec::new(),
        };
        let exchange = self.exchange(Method::Get, path, headers, end).await;
        let response = exchange.map_err(|trouble| self.trouble(Method::Get, path, trouble))?;
        match response.status {
            200 => Ok(Some(response)),
            404 => Ok(None),
            401 => Err(Stop::Unauthorized(base)),
            _ => Err(self.status(Method::Get, path, &response).into()),
        }
    }

    /// One request, made again after a failed connection or a 5xx as often as the settings say, within `end`.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: Vec<(&'static str, Secret)>,
        end: Instant,
    ) -> Result<Response, Trouble> {
        let mut attempt = 1;
        loop {
            let request = Request {
                method,
                url: format!("{}{path}", self.settings.endpoint),
                headers: headers.clone(),
                body: Secret::new(""),
                connect_timeout: self.settings.timeout.min(FETCH_LIMIT),
                answer_timeout: self.settings.timeout.min(FETCH_LIMIT),
            };
            let outcome = match tokio::time::timeout_at(end, self.transport.send(request)).await {
                Ok(outcome) => outcome,
                Err(_) => return Err(Trouble::OutOfTime),
            };
            let again = match &outcome {
                Ok(response) => response.status >= 500,
                // Silence after a PUT means IMDSv1, and what cannot be sent cannot be sent twice.
                Err(TransportError::NoAnswer(_)) => method == Method::Get,
                Err(TransportError::Malformed(_)) => false,
                Err(_) => true,
            };
            if !again || attempt >= self.settings.attempts {
                return outcome.map_err(Trouble::Transport);
            }
            // 50 to 100 ms, doubling; a fleet must not ask in step.
            let pause = Duration::from_millis(fastrand::u64(50..=100) << attempt.min(6));
            if tokio::time::timeout_at(end, tokio::time::sleep(pause)).await.is_err() {
                return outcome.map_err(Trouble::Transport);
            }
            attempt += 1;
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
