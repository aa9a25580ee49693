//! What does the token endpoint of IAM Identity Center answer? `CreateToken` with a refresh token.

use super::{RefreshToken, answer};
use crate::actions::Kind;
use crate::answer::{Answer, Names, bent};
use crate::faults::Hit;
use crate::journal;
use crate::service::{Asked, Failure, Said, Service, covered};
use crate::state::State;
use crate::world::World;
use chrono::TimeDelta;
use hyper::Method;
use serde_json::{Map, Value, json};

/// What a token answer has in the place of the parts of credentials.
const NAMES: Names = Names {
    access_key_id: "accessToken",
    secret_access_key: "tokenType",
    session_token: "refreshToken",
    expiration: "expiresIn",
};

/// Codes, statuses, and what stands in `error` and `error_description`.
const KNOWN: &[(&str, u16, &str, &str)] = &[
    ("AccessDeniedException", 400, "access_denied", "Access denied"),
    ("AuthorizationPendingException", 400, "authorization_pending", "Authorization is pending"),
    ("ExpiredTokenException", 400, "expired_token", "Expired token"),
    ("InternalServerException", 500, "server_error", "Internal server error"),
    ("InvalidClientException", 401, "invalid_client", "Invalid client provided"),
    ("InvalidGrantException", 400, "invalid_grant", "Invalid refresh token provided"),
    ("InvalidRequestException", 400, "invalid_request", "Invalid request"),
    ("InvalidScopeException", 400, "invalid_scope", "Invalid scope"),
    ("SlowDownException", 400, "slow_down", "Slow down"),
    ("TooManyRequestsException", 429, "too_many_requests", "Rate exceeded"),
    ("UnauthorizedClientException", 400, "unauthorized_client", "Unauthorized client"),
    ("UnsupportedGrantTypeException", 400, "unsupported_grant_type", "Unsupported grant type"),
];

/// The token endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Oidc;

fn refusal(asked: &Asked, failure: &Failure) -> Answer {
    let known = KNOWN.iter().find(|(code, ..)| *code == failure.code);
    let (status, error, text) = known.map_or((400, "invalid_request", "The request failed."), |k| (k.1, k.2, k.3));
    let description = failure.message.as_deref().unwrap_or(text);
    let code = format!("{}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/", failure.code);
    let body = json!({"error": error, "error_description": description});
    answer(asked, failure.status.unwrap_or(status), &body).with("x-amzn-ErrorType", code)
}

/// An error of the service, by its code.
struct Refused(&'static str);

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refused> {
    fields.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).ok_or(Refused("InvalidRequestException"))
}

/// The tokens that a good request gets.
fn renew(world: &World, state: &mut State, asked: &Asked) -> Result<Value, Refused> {
    let is_json = asked.header("content-type").is_some_and(|t| t.starts_with("application/json"));
    let fields = serde_json::from_slice::<Map<String, Value>>(&asked.body);
    let (true, Ok(fields)) = (is_json, fields) else { return Err(Refused("InvalidRequestException")) };
    let (client_id, secret) = (text(&fields, "clientId")?, text(&fields, "clientSecret")?);
    if text(&fields, "grantType")? != "refresh_token" {
        return Err(Refused("UnsupportedGrantTypeException"));
    }
    let refresh_token = text(&fields, "refreshToken")?;
    let good = state.sso.clients.get(client_id).is_some_and(|c| c.secret == secret && asked.now < c.ends);
    if !good {
        return Err(Refused("InvalidClientException"));
    }
    let known = state.sso.refresh_tokens.get(refresh_token);
    let Some(ends) = known.filter(|t| t.client_id == client_id && asked.now < t.ends).map(|t| t.ends) else {
        return Err(Refused("InvalidGrantException"));
    };
    if world.config.sso.single_use_refresh_tokens {
        state.sso.refresh_tokens.remove(refresh_token);
    }
    let life_s = world.config.sso.access_token_life_s;
    let (access_token, next) = (state.mint.bearer_token("aoaAAAAA"), state.mint.bearer_token("aorAAAAA"));
    state.remember_secret(&access_token);
    state.remember_secret(&next);
    state.sso.access_tokens.insert(access_token.clone(), asked.now + TimeDelta::seconds(life_s.into()));
    // The sign-in ends when it ends, however often it is renewed.
    state.sso.refresh_tokens.insert(next.clone(), RefreshToken { client_id: client_id.into(), ends });
    Ok(json!({
        "accessToken": access_token,
        "aws_sso_app_session_id": null,
        "expiresIn": life_s,
        "idToken": null,
        "issuedTokenType": null,
        "originSessionId": null,
        "refreshToken": next,
        "tokenType": "Bearer",
    }))
}

impl Service for Oidc {
    fn journal(&self) -> journal::Service {
        journal::Service::Oidc
    }

    fn operation(&self, asked: &Asked) -> Option<String> {
        (asked.parts.uri.path() == "/token").then(|| "CreateToken".into())
    }

    fn answer(&self, world: &World, state: &mut State, asked: &Asked, hit: Option<&Hit>) -> Said {
        if covered(hit) {
            return Said::nothing();
        }
        if self.operation(asked).is_none() || asked.parts.method != Method::POST {
            return Said::plain(answer(asked, 404, &json!({ "message": null })));
        }
        match renew(world, state, asked) {
            Ok(tokens) => {
                let tokens = match hit.map(|h| &h.kind) {
                    Some(Kind::WrongJson { kind }) => bent(tokens, NAMES, *kind, json!({})),
                    _ => tokens,
                };
                Said::plain(answer(asked, 200, &tokens))
            }
            Err(Refused(code)) => {
                Said::error(refusal(asked, &Failure { code: code.into(), status: None, message: None }), code)
            }
        }
    }

    fn throttled(&self) -> &'static str {
        "TooManyRequestsException"
    }

    fn failure(&self, _world: &World, asked: &Asked, failure: &Failure) -> Answer {
        refusal(asked, failure)
    }
}
