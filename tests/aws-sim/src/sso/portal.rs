//! What does the portal of IAM Identity Center answer? `GetRoleCredentials`, and refusals in its own words.

use super::answer;
use crate::actions::Kind;
use crate::answer::{Answer, Names, bent, unauthorized};
use crate::clock::imds_time;
use crate::faults::Hit;
use crate::journal;
use crate::keys::{Draft, Principal, role_arn};
use crate::service::{Asked, Failure, Said, Service, covered};
use crate::state::State;
use crate::world::World;
use hyper::Method;
use serde_json::json;

const NAMES: Names = Names {
    access_key_id: "accessKeyId",
    secret_access_key: "secretAccessKey",
    session_token: "sessionToken",
    expiration: "expiration",
};

/// Codes, statuses and texts.
const KNOWN: &[(&str, u16, &str)] = &[
    ("InvalidRequestException", 400, "Request is missing a required parameter"),
    ("UnauthorizedException", 401, "Session token not found or invalid"),
    ("ForbiddenException", 403, "No access"),
    ("ResourceNotFoundException", 404, "The specified resource does not exist"),
    ("MethodNotAllowedException", 405, "Method not allowed"),
    ("TooManyRequestsException", 429, "Rate exceeded"),
];

/// The portal.
#[derive(Clone, Copy, Debug)]
pub struct Portal;

fn refusal(asked: &Asked, failure: &Failure) -> Answer {
    let known = KNOWN.iter().find(|(code, ..)| *code == failure.code);
    let (status, text) = known.map_or((400, "The request failed."), |(_, status, text)| (*status, *text));
    let message = failure.message.as_deref().unwrap_or(text);
    let body = json!({"message": message, "__type": format!("com.amazonaws.switchboard.portal#{}", failure.code)});
    answer(asked, failure.status.unwrap_or(status), &body).with("x-amzn-ErrorType", &failure.code)
}

fn refused(asked: &Asked, code: &str) -> Said {
    Said::error(refusal(asked, &Failure { code: code.into(), status: None, message: None }), code)
}

impl Service for Portal {
    fn journal(&self) -> journal::Service {
        journal::Service::Sso
    }

    fn operation(&self, asked: &Asked) -> Option<String> {
        (asked.parts.uri.path() == "/federation/credentials").then(|| "GetRoleCredentials".into())
    }

    fn answer(&self, world: &World, state: &mut State, asked: &Asked, hit: Option<&Hit>) -> Said {
        if covered(hit) {
            return Said::nothing();
        }
        if self.operation(asked).is_none() {
            return refused(asked, "ResourceNotFoundException");
        }
        if asked.parts.method != Method::GET {
            return refused(asked, "MethodNotAllowedException");
        }
        let token = asked.header("x-amz-sso_bearer_token").unwrap_or_default();
        if state.sso.access_tokens.get(token).is_none_or(|ends| *ends <= asked.now) {
            return refused(asked, "UnauthorizedException");
        }
        let (Some(account_id), Some(role_name)) = (asked.query("account_id"), asked.query("role_name")) else {
            return refused(asked, "InvalidRequestException");
        };
        let config = &world.config;
        if !config.sso.assigned(&account_id, &role_name, &config.account_id) {
            return refused(asked, "ForbiddenException");
        }
        let arn = role_arn(&account_id, &format!("AWSReservedSSO_{role_name}_0123456789abcdef"));
        let principal = Principal::session(&arn, &state.mint.role_id(), "me@example.com", true);
        let draft = Draft {
            issuer: journal::Service::Sso,
            role: role_name,
            principal,
            session_name: None,
            asked_s: None,
            lifetime_s: config.sso.credentials_lifetime_s,
        };
        let set = state.issue(draft, asked.now);
        let credentials = json!({
            "accessKeyId": set.access_key_id,
            "secretAccessKey": set.secret_access_key,
            "sessionToken": set.session_token,
            "expiration": set.expiration.timestamp_millis(),
        });
        let credentials = match hit.map(|h| &h.kind) {
            Some(Kind::WrongJson { kind }) => {
                bent(credentials, NAMES, *kind, unauthorized(&set.role, &imds_time(asked.now)))
            }
            _ => credentials,
        };
        Said::issued(answer(asked, 200, &json!({ "roleCredentials": credentials })), &set.access_key_id)
    }

    fn throttled(&self) -> &'static str {
        "TooManyRequestsException"
    }

    fn failure(&self, _world: &World, asked: &Asked, failure: &Failure) -> Answer {
        refusal(asked, failure)
    }
}
