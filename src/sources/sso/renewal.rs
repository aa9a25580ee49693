//! A new token for the refresh token of the old one (CreateToken of SSO-OIDC), kept where the old one was.

use chrono::TimeDelta;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{RENEWAL_WINDOW, Sso};
use crate::aws_clock::saturating_add;
use crate::credentials::Secret;
use crate::error::{FetchError, FetchErrorKind};
use crate::sources::Source;
use crate::sources::document;
use crate::sources::fields::is_visible_ascii;
use crate::sources::oauth::{self, Refusal};
use crate::sources::token_cache::CachedToken;

/// What a renewal needs, besides a registration that is not over.
const NEEDED: [&str; 3] = ["refreshToken", "clientId", "clientSecret"];

/// The longest session of IAM Identity Center is 90 days.
const LIFE_LIMIT: i64 = 90 * 24 * 3600;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    #[serde(default, deserialize_with = "document::secret")]
    access_token: Option<Secret>,
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "document::secret")]
    refresh_token: Option<Secret>,
}

impl Sso {
    /// The legacy form cannot renew: its files have no refresh token that the SDKs would use.
    pub(super) fn is_renewable(&self, token: &CachedToken) -> bool {
        self.plan.session.is_some()
            && NEEDED.iter().all(|field| token.text(field).is_some())
            && token.date("registrationExpiresAt").is_some_and(|end| end > self.clock.read().wall)
    }

    pub(super) async fn renew(&self, old: &CachedToken) -> Result<CachedToken, FetchError> {
        let created = self.create_token(old).await?;
        let end = saturating_add(self.clock.read().wall, TimeDelta::seconds(created.life));
        let renew = |token: &mut CachedToken| {
            token.set("accessToken", created.access_token.expose());
            token.set_date("expiresAt", end);
            if let Some(refresh_token) = &created.refresh_token {
                token.set("refreshToken", refresh_token.expose());
            }
        };
        let what = format!("{}: writing the renewed token to {}", self.describe(), self.file.path().display());
        self.file.replace(old, renew, |current| self.left(current) > RENEWAL_WINDOW, &what).await
    }

    async fn create_token(&self, old: &CachedToken) -> Result<Token, FetchError> {
        let url = format!("{}/token", self.plan.oidc.url);
        let what = format!("POST {url} (renewing the token of {})", self.plan.start_url);
        let field = |name| old.text(name).unwrap_or_default();
        let body = Zeroizing::new(
            serde_json::json!({
                "grantType": "refresh_token",
                "clientId": field("clientId"),
                "clientSecret": field("clientSecret"),
                "refreshToken": field("refreshToken"),
            })
            .to_string(),
        );
        let request = oauth::post(url, Vec::new(), Secret::new(body.as_str()));
        let response = self.transport.send(request).await.map_err(|error| oauth::trouble(&what, error))?;
        if response.status != 200 {
            let error = Refusal::read(&response).error(&what);
            return Err(match error.kind {
                FetchErrorKind::NonRecoverable => error.with_fix(self.log_in()),
                _ => error.with_fix("it is asked again by itself."),
            });
        }
        let created: Result<Created, _> = document::json(&response.body);
        match created {
            Ok(Created { access_token: Some(token), expires_in: Some(life), refresh_token })
                if is_visible_ascii(token.expose()) && life > 0 =>
            {
                Ok(Token { access_token: token, life: life.min(LIFE_LIMIT), refresh_token })
            }
            Ok(_) => Err(FetchError::transient(format!("{what}: the answer holds no token, or one without a life"))),
            Err(flaw) => Err(FetchError::transient(format!("{what}: the answer is of no use: {}", flaw.problem))),
        }
    }
}

struct Token {
    access_token: Secret,
    /// Seconds.
    life: i64,
    refresh_token: Option<Secret>,
}
