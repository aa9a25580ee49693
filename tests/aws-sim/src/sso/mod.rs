//! Who is signed in at IAM Identity Center? The portal takes access tokens, the token endpoint renews them.

pub mod oidc;
pub mod portal;

use crate::answer::Answer;
use crate::service::Asked;
use crate::state::State;
use crate::world::WorldConfig;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::collections::HashMap;

/// A role that is assigned to the user.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Where.
    pub account_id: String,
    /// Its name.
    pub role_name: String,
}

/// The Identity Center of a world.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SsoConfig {
    /// `sso_start_url`
    pub start_url: String,
    /// What the user may become; in the world's own account if empty.
    pub roles: Vec<Assignment>,
    /// How long the credentials of a role live.
    pub credentials_lifetime_s: u32,
    /// How long an access token lives.
    pub access_token_life_s: u32,
    /// How long a refresh token lives.
    pub refresh_token_life_s: u32,
    /// Whether a refresh token is refused once it has been used. At AWS old and new ones stay good.
    pub single_use_refresh_tokens: bool,
}

impl Default for SsoConfig {
    fn default() -> Self {
        Self {
            start_url: "https://d-1234567890.awsapps.com/start".into(),
            roles: Vec::new(),
            credentials_lifetime_s: 3600,
            access_token_life_s: 3600,
            refresh_token_life_s: 90 * 86_400,
            single_use_refresh_tokens: false,
        }
    }
}

impl SsoConfig {
    /// Whether the user has this role.
    fn assigned(&self, account_id: &str, role_name: &str, world_account: &str) -> bool {
        if self.roles.is_empty() {
            return account_id == world_account && role_name == "sso-role";
        }
        self.roles.iter().any(|role| role.account_id == account_id && role.role_name == role_name)
    }
}

#[derive(Debug)]
struct Client {
    secret: String,
    ends: DateTime<Utc>,
}

#[derive(Debug)]
struct RefreshToken {
    client_id: String,
    ends: DateTime<Utc>,
}

/// What was given out to clients.
#[derive(Debug, Default)]
pub struct Sessions {
    clients: HashMap<String, Client>,
    access_tokens: HashMap<String, DateTime<Utc>>,
    refresh_tokens: HashMap<String, RefreshToken>,
}

impl Sessions {
    /// No token that was given out before is good any more.
    pub fn sign_out(&mut self) {
        self.access_tokens.clear();
        self.refresh_tokens.clear();
    }
}

/// The body of `POST /worlds/ID/sso-login`; every field has a default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginRequest {
    /// The name of the `sso-session` section; the legacy form without refresh token if absent.
    pub session: Option<String>,
    /// Instead of the world's; 0 for a token that is dead already.
    pub access_token_life_s: Option<u32>,
    /// Instead of the world's.
    pub refresh_token_life_s: Option<u32>,
    /// How long the registration of the client lives; 90 days if absent.
    pub registration_life_s: Option<u32>,
}

fn stamp(at: DateTime<Utc>) -> String {
    crate::clock::imds_time(at)
}

/// Signs in as `aws sso login` does: the name and the content of the file that it leaves in `~/.aws/sso/cache`.
pub fn login(state: &mut State, config: &WorldConfig, request: &LoginRequest, now: DateTime<Utc>) -> Value {
    let after = |seconds: u32| crate::clock::whole_second(now) + TimeDelta::seconds(seconds.into());
    let client_ends = after(request.registration_life_s.unwrap_or(90 * 86_400));
    let (client_id, secret) = (state.mint.bearer_token("client-"), state.mint.bearer_token("eyJraWQiOi"));
    let access_token = state.mint.bearer_token("aoaAAAAA");
    let ends = after(request.access_token_life_s.unwrap_or(config.sso.access_token_life_s));
    for secret in [&secret, &access_token] {
        state.remember_secret(secret);
    }
    state.sso.access_tokens.insert(access_token.clone(), ends);
    let mut token = json!({
        "startUrl": config.sso.start_url,
        "region": config.region,
        "accessToken": access_token,
        "expiresAt": stamp(ends),
    });
    if request.session.is_some() {
        let refresh_token = state.mint.bearer_token("aorAAAAA");
        state.remember_secret(&refresh_token);
        let ends = after(request.refresh_token_life_s.unwrap_or(config.sso.refresh_token_life_s));
        token["clientId"] = json!(client_id);
        token["clientSecret"] = json!(secret);
        token["registrationExpiresAt"] = json!(stamp(client_ends));
        token["refreshToken"] = json!(refresh_token);
        let refresh = RefreshToken { client_id: client_id.clone(), ends };
        state.sso.refresh_tokens.insert(refresh_token, refresh);
        state.sso.clients.insert(client_id, Client { secret, ends: client_ends });
    }
    let key = request.session.as_ref().unwrap_or(&config.sso.start_url);
    let name: String = Sha1::digest(key.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    json!({ "file_name": format!("{name}.json"), "token": token })
}

/// An answer with the headers that both services set.
fn answer(asked: &Asked, status: u16, body: &Value) -> Answer {
    Answer::json(status, body).with("x-amzn-RequestId", &asked.request_id)
}
