//! IAM Identity Center (SSO): the token that `aws sso login` left in a file is exchanged for the credentials of a role.
//!
//! Rules, from the AWS CLI, botocore and the AWS SDK for Java 2.57.8: the file is named by the SHA-1 of the session's
//! name (or, in the legacy form, of the start URL); a token within five minutes of its end is renewed with its refresh
//! token where the file has one (never in the legacy form), and written back for the CLI and other SDKs to use. Another
//! process may do the same at the same time: what it has written meanwhile is taken.
//!
//! The portal makes a new set for each request. This host's clock decides when a token is renewed, but not that it is
//! dead: that only the portal knows.

mod renewal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use url::form_urlencoded;

use super::context::Context;
use super::document::{self, Flaw, malformed, missing};
use super::oauth::{self, Refusal};
use super::plan::SsoPlan;
use super::stamp::Stamp;
use super::token_cache::{CachedToken, TokenFile};
use super::{Answer, Fetch, Source, Traits};
use crate::aws_clock::clock::Clock;
use crate::credentials::{Credentials, Identity, Secret};
use crate::error::{FetchError, FetchErrorKind};
use crate::http::Transport;

/// How the field calls this source.
pub const NAME: &str = "SSO credentials";

const TRAITS: Traits = Traits { link_local: false, mints: true };

/// A token is renewed this long before its end.
const RENEWAL_WINDOW: TimeDelta = TimeDelta::minutes(5);

/// Where the AWS CLI keeps the token of a session (or, in the legacy form, of a start URL).
pub fn token_file(home: &Path, session_or_url: &str) -> PathBuf {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, session_or_url.as_bytes());
    let name: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    home.join(".aws").join("sso").join("cache").join(format!("{name}.json"))
}

pub struct Sso {
    plan: SsoPlan,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    file: TokenFile,
}

/// Why the portal gave nothing.
enum Refused {
    /// 401: the token is over, was replaced or revoked.
    Unauthorized(FetchError),
    Failed(FetchError),
}

impl Source for Sso {
    fn describe(&self) -> String {
        format!("{NAME} of {} in account {}", self.plan.role_name, self.plan.account_id)
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

impl Sso {
    pub fn new(plan: SsoPlan, context: &Context) -> Self {
        Sso {
            transport: Arc::clone(&context.aws),
            clock: Arc::clone(&context.clock),
            file: TokenFile::new(plan.token_file.clone(), |token| token.secret("accessToken")),
            plan,
        }
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let token = self.token().await?;
        let refused = match self.role_credentials(&token).await {
            Ok(answer) => return Ok(answer),
            Err(Refused::Failed(error)) => return Err(error),
            Err(Refused::Unauthorized(error)) => error,
        };
        let Some(other) = self.other_than(&token).await? else { return Err(refused) };
        self.role_credentials(&other).await.map_err(|refused| match refused {
            Refused::Unauthorized(error) | Refused::Failed(error) => error,
        })
    }

    /// The token of the file, renewed if its end is near and it can be.
    async fn token(&self) -> Result<CachedToken, FetchError> {
        let token = self.read().await?;
        let left = self.left(&token);
        if left > RENEWAL_WINDOW || !self.is_renewable(&token) {
            return Ok(token);
        }
        match self.renew(&token).await {
            Ok(renewed) => Ok(renewed),
            // Somebody else may have renewed it, which makes our refresh token void.
            Err(error) => match self.read().await {
                Ok(other) if other.text("accessToken") != token.text("accessToken") => Ok(other),
                _ if left > TimeDelta::zero() => {
                    tracing::debug!(%error, "the SSO token was not renewed; it lives for a while yet");
                    Ok(token)
                }
                _ => Err(error),
            },
        }
    }

    /// After a refusal of `token`: what stands in the file now, or a renewed one; `None` if there is no other.
    async fn other_than(&self, token: &CachedToken) -> Result<Option<CachedToken>, FetchError> {
        let now = self.read().await?;
        if now.text("accessToken") != token.text("accessToken") {
            return Ok(Some(now));
        }
        if !self.is_renewable(&now) {
            return Ok(None);
        }
        self.renew(&now).await.map(Some)
    }

    async fn read(&self) -> Result<CachedToken, FetchError> {
        let what = format!("{}: reading the token in {}", self.describe(), self.file.path().display());
        let failed = |kind, problem| FetchError::new(kind, format!("{what}: {problem}")).with_fix(self.log_in());
        match self.file.read(&what).await? {
            Ok(token) if token.text("accessToken").is_some() => Ok(token),
            Ok(_) => Err(failed(FetchErrorKind::NonRecoverable, "it holds no accessToken".to_owned())),
            Err(why) => Err(failed(why.kind(), why.problem())),
        }
    }

    /// Until its end by this host's clock; a file that does not tell is one whose token is over.
    fn left(&self, token: &CachedToken) -> TimeDelta {
        token.date("expiresAt").map_or(TimeDelta::zero(), |end| end.signed_duration_since(self.clock.read().wall))
    }

    async fn role_credentials(&self, token: &CachedToken) -> Result<Answer, Refused> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("role_name", &self.plan.role_name)
            .append_pair("account_id", &self.plan.account_id)
            .finish();
        let place = format!("{}/federation/credentials", self.plan.portal.url);
        let what = format!("GET {place} for the role {} in account {}", self.plan.role_name, self.plan.account_id);
        let bearer = token.secret("accessToken").unwrap_or_else(|| Secret::new(""));
        let request = oauth::get(format!("{place}?{query}"), vec![("x-amz-sso_bearer_token", bearer)]);
        let response =
            self.transport.send(request).await.map_err(|error| Refused::Failed(oauth::trouble(&what, error)))?;
        if response.status != 200 {
            let error = Refusal::read(&response).error(&what);
            return Err(match response.status {
                401 => Refused::Unauthorized(self.over(token, error)),
                403 | 404 => Refused::Failed(error.with_fix(
                    "check in IAM Identity Center that this user has that permission set in that account (the profile's \
                     sso_role_name and sso_account_id).",
                )),
                400 => Refused::Failed(error.with_fix("check sso_role_name, sso_account_id and sso_region.")),
                _ => Refused::Failed(error.with_fix("it is asked again by itself.")),
            });
        }
        let credentials = parse(&response.body, &self.plan.account_id).map_err(|flaw| {
            let text = format!("{what}: the answer is of no use: {}", flaw.problem);
            Refused::Failed(FetchError::new(flaw.kind, text).with_fix("check the endpoint's settings."))
        })?;
        let date = response.date.filter(|_| !self.plan.portal.overridden && !response.aged);
        let now = date.unwrap_or_else(|| self.clock.read().wall);
        Ok(Answer {
            identity: Identity { name: self.plan.role_name.clone(), account_id: Some(self.plan.account_id.clone()) },
            nominal_life: credentials.expiration.and_then(|end| life(end, now)),
            credentials,
            source: NAME,
            traits: TRAITS,
            date,
        })
    }

    /// 401, with what is known of the token.
    fn over(&self, token: &CachedToken, error: FetchError) -> FetchError {
        let end = match token.date("expiresAt") {
            Some(end) => format!("; its token ends at {end}"),
            None => String::new(),
        };
        FetchError::new(FetchErrorKind::NonRecoverable, format!("{}{end}", error.message)).with_fix(self.log_in())
    }

    fn log_in(&self) -> String {
        match &self.plan.session {
            Some(session) => format!("run `aws sso login --sso-session {session}`; it is noticed by itself."),
            None => {
                format!("run `aws sso login --profile NAME` for {}; it is noticed by itself.", self.plan.place)
            }
        }
    }
}

fn life(end: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
    end.signed_duration_since(now).to_std().ok().filter(|life| !life.is_zero())
}

/// Public for those that feed it with anything.
#[doc(hidden)]
pub fn parse(body: &[u8], account_id: &str) -> Result<Credentials, Flaw> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        role_credentials: Option<Role>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Role {
        access_key_id: Option<String>,
        #[serde(default, deserialize_with = "document::secret")]
        secret_access_key: Option<Secret>,
        #[serde(default, deserialize_with = "document::secret")]
        session_token: Option<Secret>,
        /// Milliseconds.
        expiration: Option<i64>,
    }
    let role = document::json::<Wire>(body)?.role_credentials.ok_or_else(|| missing("roleCredentials"))?;
    let expiration = role.expiration.ok_or_else(|| missing("expiration"))?;
    Ok(Credentials {
        access_key_id: document::access_key_id("accessKeyId", role.access_key_id)?,
        secret_access_key: document::visible("secretAccessKey", role.secret_access_key)?,
        session_token: Some(document::visible("sessionToken", role.session_token)?),
        expiration: Some(
            DateTime::from_timestamp_millis(expiration)
                .ok_or_else(|| malformed(format!("expiration is {expiration}, which is no date")))?,
        ),
        account_id: Some(account_id.to_owned()),
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
