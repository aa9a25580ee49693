//! A session of `aws login`: the credentials that the AWS CLI left in a file, renewed at the sign-in service when they end.
//!
//! Rules, from botocore and the AWS SDK for Java 2.57.8: the file is named by the SHA-256 of the session (the profile's
//! `login_session`); credentials that end within five minutes are renewed (CreateOAuth2Token with the refresh token), the
//! request is signed with the session's own key (DPoP, RFC 9449), and the outcome is written back for the CLI and other
//! SDKs to use. A set lives for 15 minutes at most, a session for 12 hours.

mod dpop;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::context::Context;
use super::document::{self, Flaw, malformed, missing};
use super::fields::is_account_id;
use super::oauth::{self, Refusal};
use super::plan::LoginPlan;
use super::stamp::Stamp;
use super::token_cache::{CachedToken, TokenFile};
use super::{Answer, Fetch, Source, Traits};
use crate::aws_clock::clock::Clock;
use crate::aws_clock::saturating_add;
use crate::config::{Inputs, names};
use crate::credentials::{Credentials, Identity, Secret};
use crate::error::{FetchError, FetchErrorKind};
use crate::http::Transport;

/// How the field calls this source.
pub const NAME: &str = "login credentials";

/// One set is served again until it is renewed.
const TRAITS: Traits = Traits { link_local: false, mints: false };

/// Credentials are renewed this long before their end.
const RENEWAL_WINDOW: TimeDelta = TimeDelta::minutes(5);
/// More than the service ever says (15 minutes).
const LIFE_LIMIT: i64 = 12 * 3600;

/// Where the AWS CLI keeps a session: in the folder that is configured, or in `~/.aws/login/cache`.
pub fn token_file(inputs: &Inputs, home: &Path, session: &str) -> PathBuf {
    let digest = ring::digest::digest(&ring::digest::SHA256, session.as_bytes());
    let name: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = match inputs.setting(names::LOGIN_CACHE_DIRECTORY) {
        Some((_, folder)) => PathBuf::from(folder),
        None => home.join(".aws").join("login").join("cache"),
    };
    folder.join(format!("{name}.json"))
}

pub struct Login {
    plan: LoginPlan,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    file: TokenFile,
}

/// Credentials that were made just now.
struct Renewed {
    token: CachedToken,
    life: Duration,
    date: Option<DateTime<Utc>>,
}

impl Source for Login {
    fn describe(&self) -> String {
        format!("{NAME} of {}", self.plan.session)
    }

    fn traits(&self) -> Traits {
        TRAITS
    }

    fn watched(&self) -> Vec<(PathBuf, Stamp)> {
        self.file.watched()
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(oauth::bounded(self, self.ask()))
    }
}

impl Login {
    pub fn new(plan: LoginPlan, context: &Context) -> Self {
        Login {
            transport: Arc::clone(&context.aws),
            clock: Arc::clone(&context.clock),
            file: TokenFile::new(plan.token_file.clone(), |token| token.inner("accessToken")?.secret("accessKeyId")),
            plan,
        }
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let token = self.read().await?;
        let left = self.left(&token);
        if left > RENEWAL_WINDOW {
            return self.answer(&token, None, None);
        }
        match self.renew(&token).await {
            Ok(Renewed { token, life, date }) => self.answer(&token, Some(life), date),
            // Somebody else may have renewed it, or logged in again.
            Err(error) => match self.read().await {
                Ok(other) if self.left(&other) > left => self.answer(&other, None, None),
                _ if left > TimeDelta::zero() && error.kind != FetchErrorKind::NonRecoverable => {
                    tracing::debug!(%error, "the credentials were not renewed; they live for a while yet");
                    self.answer(&token, None, None)
                }
                _ => Err(error),
            },
        }
    }

    async fn read(&self) -> Result<CachedToken, FetchError> {
        let what = self.reading();
        self.file
            .read(&what)
            .await?
            .map_err(|why| FetchError::new(why.kind(), format!("{what}: {}", why.problem())).with_fix(self.log_in()))
    }

    /// Until the end of its credentials by this host's clock; a file that does not tell is over.
    fn left(&self, token: &CachedToken) -> TimeDelta {
        let end = token.inner("accessToken").and_then(|credentials| credentials.date("expiresAt"));
        end.map_or(TimeDelta::zero(), |end| end.signed_duration_since(self.clock.read().wall))
    }

    fn answer(
        &self,
        token: &CachedToken,
        nominal_life: Option<Duration>,
        date: Option<DateTime<Utc>>,
    ) -> Result<Answer, FetchError> {
        let credentials = credentials(token).map_err(|flaw| {
            FetchError::new(flaw.kind, format!("{}: {}", self.reading(), flaw.problem)).with_fix(self.log_in())
        })?;
        Ok(Answer {
            identity: Identity { name: self.plan.session.clone(), account_id: credentials.account_id.clone() },
            credentials,
            source: NAME,
            traits: TRAITS,
            nominal_life,
            date,
        })
    }

    async fn renew(&self, old: &CachedToken) -> Result<Renewed, FetchError> {
        let url = format!("{}/v1/token", self.plan.endpoint.url);
        let what = format!("POST {url} (renewing {})", self.plan.session);
        let useless = |problem: &str| {
            let text = format!("{}: {problem}", self.reading());
            FetchError::non_recoverable(text).with_fix(self.log_in())
        };
        let field = |name: &str| old.text(name).ok_or_else(|| useless(&format!("it holds no {name}")));
        let body = Zeroizing::new(
            serde_json::json!({
                "clientId": field("clientId")?, "grantType": "refresh_token", "refreshToken": field("refreshToken")?,
            })
            .to_string(),
        );
        let proof = dpop::proof(field("dpopKey")?, &url, self.clock.read().wall.timestamp())
            .map_err(|problem| useless(&format!("its dpopKey is of no use: {problem}")))?;
        let request = oauth::post(url, vec![("dpop", proof)], Secret::new(body.as_str()));
        let response = self.transport.send(request).await.map_err(|error| oauth::trouble(&what, error))?;
        if response.status != 200 {
            return Err(self.refused(&Refusal::read(&response), &what));
        }
        let created = Created::read(&response.body)
            .map_err(|flaw| FetchError::new(flaw.kind, format!("{what}: the answer is of no use: {}", flaw.problem)))?;
        let end = saturating_add(self.clock.read().wall, TimeDelta::seconds(created.life));
        let writing = format!("{}: writing the renewed session to {}", self.describe(), self.file.path().display());
        let renew = |token: &mut CachedToken| {
            // Keeps the account's id, which the service does not repeat.
            let mut credentials = token.inner("accessToken").unwrap_or_default();
            credentials.set("accessKeyId", &*created.access_key_id);
            credentials.set("secretAccessKey", created.secret_access_key.expose());
            credentials.set("sessionToken", created.session_token.expose());
            credentials.set_date("expiresAt", end);
            token.set_inner("accessToken", &credentials);
            token.set("refreshToken", created.refresh_token.expose());
        };
        let token = self.file.replace(old, renew, |current| self.left(current) > RENEWAL_WINDOW, &writing).await?;
        Ok(Renewed {
            token,
            life: Duration::from_secs(created.life.unsigned_abs()),
            date: response.date.filter(|_| !self.plan.endpoint.overridden && !response.aged),
        })
    }

    fn refused(&self, refusal: &Refusal, what: &str) -> FetchError {
        let error = refusal.error(what);
        match (refusal.code.as_str(), error.kind) {
            ("insufficient_permissions", _) => error.with_fix(
                "give this user the permission signin:CreateOAuth2Token (the managed policy \
                 SignInLocalDevelopmentAccess has it).",
            ),
            ("user_credentials_changed", _) => {
                let fix = format!("the password was changed: {}", self.log_in());
                error.with_fix(fix)
            }
            (_, FetchErrorKind::NonRecoverable) => {
                let fix = self.log_in();
                error.with_fix(fix)
            }
            _ => error.with_fix("it is asked again by itself."),
        }
    }

    fn reading(&self) -> String {
        format!("{}: reading the session in {}", self.describe(), self.file.path().display())
    }

    fn log_in(&self) -> String {
        format!("run `aws login` for {}; it is noticed by itself.", self.plan.place)
    }
}

fn credentials(token: &CachedToken) -> Result<Credentials, Flaw> {
    let inner = token.inner("accessToken").ok_or_else(|| missing("accessToken"))?;
    let text = |field: &str| inner.text(field).map(str::to_owned);
    let expiration = inner.text("expiresAt").ok_or_else(|| missing("accessToken.expiresAt"))?;
    Ok(Credentials {
        access_key_id: document::access_key_id("accessToken.accessKeyId", text("accessKeyId"))?,
        secret_access_key: document::visible("accessToken.secretAccessKey", inner.secret("secretAccessKey"))?,
        session_token: Some(document::visible("accessToken.sessionToken", inner.secret("sessionToken"))?),
        expiration: Some(document::date("accessToken.expiresAt", expiration)?),
        account_id: text("accountId").filter(|id| is_account_id(id)),
    })
}

/// The answer of CreateOAuth2Token.
struct Created {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Secret,
    refresh_token: Secret,
    /// Seconds.
    life: i64,
}

impl Created {
    fn read(body: &[u8]) -> Result<Self, Flaw> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            access_token: Option<Keys>,
            expires_in: Option<i64>,
            #[serde(default, deserialize_with = "document::secret")]
            refresh_token: Option<Secret>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Keys {
            access_key_id: Option<String>,
            #[serde(default, deserialize_with = "document::secret")]
            secret_access_key: Option<Secret>,
            #[serde(default, deserialize_with = "document::secret")]
            session_token: Option<Secret>,
        }
        let wire: Wire = document::json(body)?;
        let keys = wire.access_token.ok_or_else(|| missing("accessToken"))?;
        let life = wire.expires_in.ok_or_else(|| missing("expiresIn"))?;
        if life <= 0 {
            return Err(malformed(format!("expiresIn is {life}")));
        }
        Ok(Created {
            access_key_id: document::access_key_id("accessKeyId", keys.access_key_id)?.as_str().to_owned(),
            secret_access_key: document::visible("secretAccessKey", keys.secret_access_key)?,
            session_token: document::visible("sessionToken", keys.session_token)?,
            refresh_token: document::visible("refreshToken", wire.refresh_token)?,
            life: life.min(LIFE_LIMIT),
        })
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
