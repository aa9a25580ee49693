//! What does the ECS agent answer? Paths, fields and errors as in its source (`ecs-agent/tmds/handlers/v1`).

use super::NAMES;
use crate::actions::Kind;
use crate::answer::{Answer, bent, unauthorized};
use crate::clock::imds_time;
use crate::faults::Hit;
use crate::journal;
use crate::roles::{Holder, RoleConfig};
use crate::service::{Asked, Failure, Said, Service};
use crate::state::State;
use crate::world::World;
use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

const PATH: &str = "/v2/credentials";

/// The task of a world.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct EcsConfig {
    /// The name of its role.
    pub role: String,
    /// Seconds from minting to expiration.
    pub lifetime_s: u32,
    /// A new set is minted at the first request that finds less than this left.
    pub renew_before_s: u32,
}

impl Default for EcsConfig {
    fn default() -> Self {
        Self { role: "task-role".into(), lifetime_s: 900, renew_before_s: 300 }
    }
}

impl EcsConfig {
    /// How its sets follow each other.
    pub fn schedule(&self) -> RoleConfig {
        let Self { role, lifetime_s, renew_before_s } = self.clone();
        RoleConfig { name: role, lifetime_s, renew_before_s, extended: false }
    }
}

/// The agent.
#[derive(Clone, Debug)]
pub struct Ecs {
    /// The last part of the path of the task's credentials.
    pub id: String,
}

impl Ecs {
    /// What `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` holds.
    pub fn relative_uri(&self) -> String {
        format!("{PATH}/{}", self.id)
    }
}

/// Codes, statuses and texts.
const KNOWN: &[(&str, u16, &str)] = &[
    ("NoIdInRequest", 400, "CredentialsV2Request: No Credential ID in the request"),
    ("InvalidIdInRequest", 400, "CredentialsV2Request: Credentials not found"),
    ("CredentialsUninitialized", 503, "CredentialsV2Request: Credentials uninitialized for ID"),
    ("InternalServerError", 500, "Internal server error"),
];

fn refusal(failure: &Failure) -> Answer {
    // Too many requests are refused before the agent looks at them, in plain text.
    if failure.code == "TooManyRequests" {
        return Answer::new(429, "text/plain; charset=utf-8", "You have reached maximum request limit.");
    }
    let known = KNOWN.iter().find(|(code, ..)| *code == failure.code);
    let (status, text) = known.map_or((500, "Internal server error"), |(_, status, text)| (*status, *text));
    let status = failure.status.unwrap_or(status);
    let message = failure.message.as_deref().unwrap_or(text);
    Answer::json(status, &json!({"code": failure.code, "message": message, "HTTPErrorCode": status}))
}

fn refused(code: &str) -> Said {
    Said::error(refusal(&Failure { code: code.into(), status: None, message: None }), code)
}

impl Service for Ecs {
    fn journal(&self) -> journal::Service {
        journal::Service::Ecs
    }

    fn answer(&self, _world: &World, state: &mut State, asked: &Asked, hit: Option<&Hit>) -> Said {
        if asked.parts.method != Method::GET {
            return Said::plain(Answer::new(405, "text/plain; charset=utf-8", "Method Not Allowed\n"));
        }
        let Some(id) = asked.parts.uri.path().strip_prefix(PATH) else {
            return Said::plain(Answer::new(404, "text/plain; charset=utf-8", "404 page not found\n"));
        };
        let id = id.strip_prefix('/').unwrap_or(id);
        if id.is_empty() {
            return refused("NoIdInRequest");
        }
        if id != self.id || matches!(hit, Some(Hit { kind: Kind::NoRole {}, .. })) {
            return refused("InvalidIdInRequest");
        }
        let role_arn = state.holders.ecs.arn();
        let set = state.serve(Holder::Ecs, hit, asked.now);
        let document = json!({
            "RoleArn": role_arn,
            "AccessKeyId": set.access_key_id,
            "SecretAccessKey": set.secret_access_key,
            "Token": set.session_token,
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

    fn failure(&self, _world: &World, _asked: &Asked, failure: &Failure) -> Answer {
        refusal(failure)
    }
}
