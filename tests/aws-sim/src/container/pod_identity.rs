//! What does the EKS Pod Identity agent answer? Checks, texts and limits as in its source (`pkg/handlers`,
//! `internal/validation`): it answers errors in plain text, and passes on those of EKS Auth.

use super::NAMES;
use crate::actions::Kind;
use crate::answer::{Answer, bent, unauthorized};
use crate::clock::imds_time;
use crate::faults::Hit;
use crate::journal;
use crate::jwt::{self, Jwt};
use crate::roles::{Holder, RoleConfig};
use crate::service::{Asked, Failure, Said, Service};
use crate::state::State;
use crate::world::World;
use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The pod of a world.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PodConfig {
    /// The name of its role.
    pub role: String,
    /// Seconds from minting to expiration.
    pub lifetime_s: u32,
    /// A new set is minted at the first request that finds less than this left.
    pub renew_before_s: u32,
    /// More than this are refused with 429: so many at once, and so many more each second.
    pub requests_per_s: u32,
}

impl Default for PodConfig {
    fn default() -> Self {
        Self { role: "pod-role".into(), lifetime_s: 900, renew_before_s: 300, requests_per_s: 10 }
    }
}

impl PodConfig {
    /// How its sets follow each other.
    pub fn schedule(&self) -> RoleConfig {
        let Self { role, lifetime_s, renew_before_s, .. } = self.clone();
        RoleConfig { name: role, lifetime_s, renew_before_s, extended: false }
    }
}

/// The tokens that the agent takes, and how many requests it has left.
#[derive(Debug)]
pub struct Pods {
    tokens: Vec<String>,
    key: [u8; 32],
    left: f64,
    filled_at: DateTime<Utc>,
}

impl Pods {
    /// No token is good yet.
    pub fn new(key: [u8; 32], now: DateTime<Utc>) -> Self {
        Self { tokens: Vec::new(), key, left: f64::INFINITY, filled_at: now }
    }

    /// Whether one more request is within the limit.
    fn allow(&mut self, per_s: u32, now: DateTime<Utc>) -> bool {
        let most = f64::from(per_s);
        let passed = (now - self.filled_at).max(TimeDelta::zero()).as_seconds_f64();
        self.left = (self.left + passed * most).min(most);
        self.filled_at = now;
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

/// The body of `POST /worlds/ID/pod-identity-token`; every field has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenRequest {
    /// From now; negative for one that is dead already.
    pub expires_in_s: i64,
    /// Whether the tokens before stay good, as in Kubernetes; else a client that goes on with an old one is refused.
    pub keep_older: bool,
    /// This text instead of a token of Kubernetes' form.
    pub literal: Option<String>,
}

impl Default for TokenRequest {
    fn default() -> Self {
        Self { expires_in_s: 86_400, keep_older: false, literal: None }
    }
}

/// Makes the token that the agent takes from now on: what the token file holds.
pub fn token(state: &mut State, request: &TokenRequest, now: i64) -> Value {
    let expires = now.saturating_add(request.expires_in_s);
    let token = request.literal.clone().unwrap_or_else(|| {
        let claims = json!({
            "aud": ["pods.eks.amazonaws.com"],
            "exp": expires,
            "iat": now.min(expires.saturating_sub(1)),
            "iss": "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
            "jti": state.mint.uuid(),
            "sub": "system:serviceaccount:default:app",
        });
        jwt::signed(&claims, &state.pods.key)
    });
    if !request.keep_older {
        state.pods.tokens.clear();
    }
    state.pods.tokens.push(token.clone());
    state.remember_secret(&token);
    json!({ "token": token, "exp": expires })
}

/// The agent.
#[derive(Clone, Copy, Debug)]
pub struct PodIdentity;

/// The errors of EKS Auth: codes, statuses and texts.
const KNOWN: &[(&str, u16, &str)] = &[
    (
        "AccessDeniedException",
        400,
        "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
    ),
    ("ExpiredTokenException", 400, "The token included in the request is expired."),
    ("InternalServerException", 500, "Internal server error."),
    ("InvalidParameterException", 400, "The request has an invalid parameter."),
    ("InvalidRequestException", 400, "The request is invalid."),
    ("InvalidTokenException", 400, "The token included in the request is invalid."),
    ("ResourceNotFoundException", 404, "The specified resource could not be found."),
    ("ServiceUnavailableException", 503, "The service is unavailable."),
    ("ThrottlingException", 429, "Rate exceeded"),
];

fn plain(status: u16, text: &str) -> Answer {
    Answer::new(status, "text/plain; charset=utf-8", format!("{text}\n")).with("X-Content-Type-Options", "nosniff")
}

fn refusal(asked: &Asked, failure: &Failure) -> Answer {
    if failure.code == "TooManyRequests" {
        return plain(429, "Too Many Requests");
    }
    let known = KNOWN.iter().find(|(code, ..)| *code == failure.code);
    let (status, text) = known.map_or((400, "The request failed."), |(_, status, text)| (*status, *text));
    let status = failure.status.unwrap_or(status);
    let message = failure.message.as_deref().unwrap_or(text);
    let fault = if status < 500 { "client" } else { "server" };
    plain(status, &format!("[{}]: ({}): {message}, fault: {fault}", asked.request_id, failure.code))
}

fn refused(asked: &Asked, code: &str) -> Said {
    Said::error(refusal(asked, &Failure { code: code.into(), status: None, message: None }), code)
}

/// What the agent and EKS Auth say about the token of a request; `None`: it is good.
fn judge(pods: &Pods, asked: &Asked) -> Option<Said> {
    let bad = |text: &str| Some(Said::plain(plain(400, text)));
    let Some(token) = asked.header("authorization").filter(|token| !token.is_empty()) else {
        return bad("Service account token cannot be empty");
    };
    let known = pods.tokens.iter().any(|known| known == token);
    match Jwt::read(token) {
        Some(jwt) if jwt.seconds("exp").is_some_and(|exp| exp <= asked.now.timestamp()) => {
            bad("Service account token failed basic claim validations: token has invalid claims: token is expired")
        }
        // A literal token is no JWT, and good if the test made it so.
        _ if known => None,
        Some(_) => Some(refused(asked, "InvalidTokenException")),
        None => bad(
            "Service account token cannot be parsed: token is malformed: token contains an invalid number of segments",
        ),
    }
}

impl Service for PodIdentity {
    fn journal(&self) -> journal::Service {
        journal::Service::PodIdentity
    }

    fn answer(&self, world: &World, state: &mut State, asked: &Asked, hit: Option<&Hit>) -> Said {
        if asked.parts.uri.path() != "/v1/credentials" {
            return Said::plain(plain(404, "404 page not found"));
        }
        if !state.pods.allow(world.config.pod_identity.requests_per_s, asked.now) {
            return refused(asked, "TooManyRequests");
        }
        if asked.parts.method != Method::GET {
            return Said::plain(plain(405, "Method Not Allowed"));
        }
        if let Some(refusal) = judge(&state.pods, asked) {
            return refusal;
        }
        if matches!(hit, Some(Hit { kind: Kind::NoRole {}, .. })) {
            return refused(asked, "ResourceNotFoundException");
        }
        let set = state.serve(Holder::PodIdentity, hit, asked.now);
        let document = json!({
            "AccessKeyId": set.access_key_id,
            "SecretAccessKey": set.secret_access_key,
            "Token": set.session_token,
            "AccountId": set.principal.account_id,
            "Expiration": imds_time(set.expiration),
        });
        let document = match hit.map(|h| &h.kind) {
            Some(Kind::WrongJson { kind }) => {
                bent(document, NAMES, *kind, unauthorized(&set.role, &imds_time(asked.now)))
            }
            _ => document,
        };
        Said::issued(Answer::json(200, &document), &set.access_key_id)
    }

    fn throttled(&self) -> &'static str {
        "TooManyRequests"
    }

    fn failure(&self, _world: &World, asked: &Asked, failure: &Failure) -> Answer {
        refusal(asked, failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_holds_one_second_of_requests_and_fills_with_time() {
        let at = |ms: i64| DateTime::from_timestamp_millis(1_800_000_000_000 + ms).unwrap();
        let mut pods = Pods::new([0; 32], at(0));
        let passed = |pods: &mut Pods, ms: i64| (0..20).filter(|_| pods.allow(10, at(ms))).count();
        assert_eq!(passed(&mut pods, 0), 10);
        assert_eq!(passed(&mut pods, 300), 3);
        assert_eq!(passed(&mut pods, 60_000), 10);
    }
}
