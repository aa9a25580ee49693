//! What does AWS Sign-In answer to those who renew the credentials of `aws login`? `CreateOAuth2Token` with a refresh
//! token and a proof of possession, as the service's public model and the SDKs' providers have it.

mod dpop;

use crate::actions::{Kind, WrongJson};
use crate::answer::{Answer, Names, bent};
use crate::clock::{imds_time, whole_second};
use crate::faults::Hit;
use crate::journal;
use crate::jwt;
use crate::keys::{Draft, Principal};
use crate::mint::Mint;
use crate::service::{Asked, Failure, Said, Service, covered};
use crate::state::State;
use crate::world::{World, WorldConfig};
use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;
use p256::SecretKey;
use p256::pkcs8::LineEnding;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

const PATH: &str = "/v1/token";
const CLIENT_ID: &str = "arn:aws:signin:::devtools/same-device";
const OTHER_CLIENT_ID: &str = "arn:aws:signin:::devtools/cross-device";
/// More than any test makes; then the old ones are forgotten.
const MAX_PROOFS: usize = 100_000;
const NAMES: Names = Names {
    access_key_id: "accessKeyId",
    secret_access_key: "secretAccessKey",
    session_token: "sessionToken",
    expiration: "expiresIn",
};

/// The sign-in of a world.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SigninConfig {
    /// The name of the user who signs in at the console.
    pub user: String,
    /// How long credentials live; at AWS 15 minutes.
    pub session_life_s: u32,
    /// How long it can be renewed; at AWS 12 hours.
    pub refresh_token_life_s: u32,
}

impl Default for SigninConfig {
    fn default() -> Self {
        Self { user: "console".into(), session_life_s: 900, refresh_token_life_s: 43_200 }
    }
}

impl SigninConfig {
    /// `expiresIn` is at most 900.
    pub fn check(&self) -> Result<(), String> {
        if (1..=900).contains(&self.session_life_s) {
            return Ok(());
        }
        Err(format!("signin: session_life_s {}, expected 1 to 900", self.session_life_s))
    }
}

/// A refresh token.
#[derive(Clone, Debug)]
struct Grant {
    /// Whose proof is demanded.
    key: dpop::PublicKey,
    user: String,
    ends: DateTime<Utc>,
    /// What was answered to it, and until when it is answered again: a client whose answer was lost may ask twice.
    spent: Option<(Value, DateTime<Utc>)>,
}

/// What was given out.
#[derive(Debug, Default)]
pub struct Logins {
    grants: HashMap<String, Grant>,
    proofs: HashSet<String>,
}

impl Logins {
    /// No refresh token that was given out before is good any more.
    pub fn sign_out(&mut self) {
        self.grants.clear();
    }
}

/// The body of `POST /worlds/ID/login`; every field has a default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginRequest {
    /// Of the first credentials, instead of the world's; 0 for some that are dead already.
    pub session_life_s: Option<u32>,
    /// Instead of the world's.
    pub refresh_token_life_s: Option<u32>,
}

fn draft(config: &WorldConfig, user: &str, mint: &mut Mint, lifetime_s: u32) -> Draft {
    Draft {
        issuer: journal::Service::Signin,
        role: user.into(),
        principal: Principal::user(&config.account_id, user, mint.user_id(), true),
        session_name: None,
        asked_s: None,
        lifetime_s,
    }
}

/// Signs in as `aws login` does: the profile's `login_session`, and the name and content of the file that is left in
/// `~/.aws/login/cache`.
pub fn login(state: &mut State, config: &WorldConfig, request: &LoginRequest, now: DateTime<Utc>) -> Value {
    let user = &config.signin.user;
    let secret_key = new_key(&mut state.mint);
    let pem = secret_key.to_sec1_pem(LineEnding::LF).map(|pem| pem.to_string()).unwrap_or_default();
    let lifetime_s = request.session_life_s.unwrap_or(config.signin.session_life_s);
    let draft = draft(config, user, &mut state.mint, lifetime_s);
    let session = draft.principal.arn.clone();
    let set = state.issue(draft, now).clone();
    let refresh_token = state.mint.bearer_token("ASOR");
    let id_token = {
        let claims = json!({
            "aud": CLIENT_ID,
            "exp": set.expiration.timestamp(),
            "iat": now.timestamp(),
            "iss": "https://signin.aws.amazon.com",
            "sub": session,
        });
        jwt::signed(&claims, &state.mint.key_bytes())
    };
    let life_s = request.refresh_token_life_s.unwrap_or(config.signin.refresh_token_life_s);
    let grant = Grant {
        key: dpop::PublicKey::of(&secret_key),
        user: user.clone(),
        ends: now + TimeDelta::seconds(life_s.into()),
        spent: None,
    };
    state.signin.grants.insert(refresh_token.clone(), grant);
    for secret in [&refresh_token, &id_token] {
        state.remember_secret(secret);
    }
    for line in pem.lines().filter(|line| !line.starts_with("-----")) {
        state.remember_secret(line);
    }
    let name: String = Sha256::digest(session.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    json!({
        "session": session,
        "file_name": format!("{name}.json"),
        "token": {
            "accessToken": {
                "accessKeyId": set.access_key_id,
                "secretAccessKey": set.secret_access_key,
                "sessionToken": set.session_token,
                "accountId": config.account_id,
                "expiresAt": imds_time(set.expiration),
            },
            "tokenType": "aws_sigv4",
            "clientId": CLIENT_ID,
            "refreshToken": refresh_token,
            "idToken": id_token,
            "dpopKey": pem,
        },
    })
}

fn new_key(mint: &mut Mint) -> SecretKey {
    loop {
        // Almost every number of 32 bytes is a key of this curve.
        if let Ok(key) = SecretKey::from_slice(&mint.key_bytes()) {
            return key;
        }
    }
}

/// AWS Sign-In.
#[derive(Clone, Copy, Debug)]
pub struct Signin;

/// A refusal: what stands in `error`, and the text.
struct Refused(&'static str, String);

/// What stands in `error`, the exception, its status, and a text. The statuses of AccessDeniedException follow `error`.
const KNOWN: &[(&str, &str, u16, &str)] = &[
    ("AUTHCODE_EXPIRED", "AccessDeniedException", 401, "The authorization code has expired"),
    ("INSUFFICIENT_PERMISSIONS", "AccessDeniedException", 403, "The principal may not create tokens"),
    ("INVALID_REQUEST", "ValidationException", 400, "The request is invalid"),
    (
        "invalid_grant",
        "ValidationException",
        400,
        "The provided authorization grant is invalid, expired, revoked, or malformed",
    ),
    ("rate_exceeded", "TooManyRequestsError", 429, "Rate exceeded"),
    ("server_error", "InternalServerException", 500, "Internal server error"),
    ("TOKEN_EXPIRED", "AccessDeniedException", 401, "The refresh token has expired"),
    ("USER_CREDENTIALS_CHANGED", "AccessDeniedException", 403, "The credentials of the user have changed"),
];

fn refusal(asked: &Asked, failure: &Failure) -> Answer {
    let known = KNOWN.iter().find(|(error, ..)| *error == failure.code);
    let (exception, status, text) =
        known.map_or(("ValidationException", 400, "The request failed."), |k| (k.1, k.2, k.3));
    let body = json!({"error": failure.code, "message": failure.message.as_deref().unwrap_or(text)});
    answer(asked, failure.status.unwrap_or(status), &body).with("x-amzn-ErrorType", exception)
}

fn answer(asked: &Asked, status: u16, body: &Value) -> Answer {
    Answer::json(status, body).with("x-amzn-RequestId", &asked.request_id)
}

fn renew(world: &World, state: &mut State, asked: &Asked) -> Result<(Value, String), Refused> {
    let invalid = |text: &str| Refused("INVALID_REQUEST", text.into());
    let fields: Map<String, Value> =
        serde_json::from_slice(&asked.body).map_err(|_| invalid("The body is no JSON object"))?;
    let text = |name: &str| {
        let value = fields.get(name).and_then(Value::as_str);
        value.ok_or_else(|| invalid(&format!("{name} is missing")))
    };
    if ![CLIENT_ID, OTHER_CLIENT_ID].contains(&text("clientId")?) || text("grantType")? != "refresh_token" {
        return Err(invalid("clientId or grantType is not supported"));
    }
    let refresh_token = text("refreshToken")?;
    let known = |error: &'static str| Refused(error, String::new());
    let proof = asked.header("dpop").ok_or_else(|| invalid("The DPoP header is missing"))?;
    let url = format!("{}{PATH}", world.services["signin"]);
    let demands = dpop::Demands { url: &url, now: asked.now, max_skew_s: world.config.max_skew_s };
    let proof = dpop::read(proof, demands).map_err(|why| invalid(&format!("The DPoP header: {why}")))?;
    if state.signin.proofs.len() == MAX_PROOFS {
        state.signin.proofs.clear();
    }
    if !state.signin.proofs.insert(proof.id) {
        return Err(invalid("The DPoP header: its jti was used before"));
    }
    let grant = state.signin.grants.get(refresh_token).cloned().ok_or_else(|| known("invalid_grant"))?;
    if grant.key != proof.key {
        return Err(invalid("The DPoP header: its key is not the one of the token"));
    }
    if grant.ends <= asked.now {
        return Err(known("TOKEN_EXPIRED"));
    }
    if let Some((answer, until)) = grant.spent {
        // Asked again, the answer is the same for as long as it is of use; then the token is spent.
        let key = answer["accessToken"]["accessKeyId"].as_str().unwrap_or_default().to_string();
        return if asked.now < until { Ok((answer, key)) } else { Err(known("invalid_grant")) };
    }

    let life_s = world.config.signin.session_life_s;
    let draft = draft(&world.config, &grant.user, &mut state.mint, life_s);
    let next = state.mint.bearer_token("ASOR");
    state.remember_secret(&next);
    let set = state.issue(draft, asked.now);
    let (key, expiration) = (set.access_key_id.clone(), set.expiration);
    let output = json!({
        "accessToken": {
            "accessKeyId": set.access_key_id,
            "secretAccessKey": set.secret_access_key,
            "sessionToken": set.session_token,
        },
        "tokenType": "aws_sigv4",
        "expiresIn": (expiration - whole_second(asked.now)).num_seconds(),
        "refreshToken": next,
    });
    if let Some(old) = state.signin.grants.get_mut(refresh_token) {
        old.spent = Some((output.clone(), expiration));
    }
    state.signin.grants.insert(next, Grant { spent: None, ..grant });
    Ok((output, key))
}

impl Service for Signin {
    fn journal(&self) -> journal::Service {
        journal::Service::Signin
    }

    fn operation(&self, asked: &Asked) -> Option<String> {
        (asked.parts.uri.path() == PATH).then(|| "CreateOAuth2Token".into())
    }

    fn answer(&self, world: &World, state: &mut State, asked: &Asked, hit: Option<&Hit>) -> Said {
        if covered(hit) {
            return Said::nothing();
        }
        if self.operation(asked).is_none() || asked.parts.method != Method::POST {
            return Said::plain(answer(asked, 404, &json!({ "message": null })));
        }
        match renew(world, state, asked) {
            Ok((mut output, key)) => {
                if let Some(Kind::WrongJson { kind }) = hit.map(|h| &h.kind) {
                    let keys_only = matches!(
                        kind,
                        WrongJson::MissingAccessKeyId
                            | WrongJson::MissingSecretAccessKey
                            | WrongJson::MissingToken
                            | WrongJson::Nulls
                    );
                    // What expires stands beside the keys here.
                    if keys_only {
                        output["accessToken"] = bent(output["accessToken"].take(), NAMES, *kind, json!({}));
                    } else {
                        output = bent(output, NAMES, *kind, json!({}));
                    }
                }
                Said::issued(answer(asked, 200, &output), &key)
            }
            Err(Refused(error, text)) => {
                let message = (!text.is_empty()).then_some(text);
                Said::error(refusal(asked, &Failure { code: error.into(), status: None, message }), error)
            }
        }
    }

    fn throttled(&self) -> &'static str {
        "rate_exceeded"
    }

    fn failure(&self, _world: &World, asked: &Asked, failure: &Failure) -> Answer {
        refusal(asked, failure)
    }
}
