//! What does the instance metadata service answer to this request? As strict as the real one; faults shape the answer.

use crate::actions::{Kind, Scope};
use crate::answer::{Answer, Names, bent, unauthorized};
use crate::clock::{imds_time, whole_second};
use crate::faults::Hit;
use crate::journal;
use crate::keys::CredentialSet;
use crate::roles::Holder;
use crate::service::{self, Failure, Said, Service};
use crate::state::State;
use crate::world::{ImdsMode, World};
use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;
use serde_json::{Value, json};

const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
const LEGACY: &str = "/latest/meta-data/iam/security-credentials";
const EXTENDED: &str = "/latest/meta-data/iam/security-credentials-extended";
const NAMES: Names = Names {
    access_key_id: "AccessKeyId",
    secret_access_key: "SecretAccessKey",
    session_token: "Token",
    expiration: "Expiration",
};
/// More live tokens than any test asks for; the oldest go first.
const MAX_TOKENS: usize = 100_000;

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    Token,
    RoleList { extended: bool },
    Credentials { extended: bool, role: &'a str },
    IdentityDocument,
    Region,
    Zone,
    Nothing,
}

impl<'a> Asked<'a> {
    /// A trailing slash makes no difference, as on today's instances.
    fn parse(path: &'a str) -> Self {
        let path = path.strip_suffix('/').unwrap_or(path);
        for (prefix, extended) in [(EXTENDED, true), (LEGACY, false)] {
            match path.strip_prefix(prefix) {
                Some("") => return Asked::RoleList { extended },
                Some(rest) => {
                    if let Some(role) = rest.strip_prefix('/') {
                        return Asked::Credentials { extended, role };
                    }
                }
                None => {}
            }
        }
        match path {
            "/latest/api/token" => Asked::Token,
            "/latest/dynamic/instance-identity/document" => Asked::IdentityDocument,
            "/latest/meta-data/placement/region" => Asked::Region,
            "/latest/meta-data/placement/availability-zone" => Asked::Zone,
            _ => Asked::Nothing,
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Asked::Token => Scope::Token,
            Asked::RoleList { .. } => Scope::Role,
            Asked::Credentials { .. } => Scope::Credentials,
            _ => Scope::All,
        }
    }
}

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct Imds;

impl Service for Imds {
    fn journal(&self) -> journal::Service {
        journal::Service::Imds
    }

    fn scope(&self, asked: &service::Asked) -> Scope {
        Asked::parse(asked.parts.uri.path()).scope()
    }

    fn answer(&self, world: &World, state: &mut State, asked: &service::Asked, hit: Option<&Hit>) -> Said {
        let mut said = ordinary(state, world, asked, hit);
        said.answer.headers.push(("Server", "EC2ws".into()));
        said.answer.headers.push(("Connection", "close".into()));
        said
    }

    fn throttled(&self) -> &'static str {
        "Throttled"
    }

    /// IMDS has no error codes.
    fn failure(&self, _world: &World, _asked: &service::Asked, failure: &Failure) -> Answer {
        Answer::refusal(failure.status.unwrap_or(429)).with("Server", "EC2ws").with("Connection", "close")
    }
}

/// The answer to a request as the real service gives it; of faults, only those that choose the content count here.
fn ordinary(state: &mut State, world: &World, request: &service::Asked, hit: Option<&Hit>) -> Said {
    let refusal = |status| Said::plain(Answer::refusal(status));
    let (mode, now) = (world.config.imds_mode, request.now);
    let asked = Asked::parse(request.parts.uri.path());
    if asked == Asked::Token {
        return match request.parts.method {
            _ if mode == ImdsMode::V1Only => refusal(404),
            Method::PUT => Said::plain(token(state, request)),
            _ => refusal(405),
        };
    }
    if request.parts.method != Method::GET {
        return refusal(405);
    }
    let mut ttl = None;
    if mode != ImdsMode::V1Only {
        match request.parts.headers.get(TOKEN_HEADER) {
            None if mode == ImdsMode::V2Only => return refusal(401),
            None => {}
            Some(value) => {
                let known = value.to_str().ok().and_then(|t| state.tokens.get(t));
                match known {
                    Some(&ends) if now < ends => ttl = Some((ends - now).num_seconds()),
                    _ => return refusal(401),
                }
            }
        }
    }
    let mut said = content(state, world, &asked, hit, now);
    if let Some(ttl) = ttl {
        said.answer.headers.push(("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl.to_string()));
    }
    said
}

fn token(state: &mut State, request: &service::Asked) -> Answer {
    if request.parts.headers.contains_key("x-forwarded-for") {
        return Answer::refusal(403);
    }
    let now = request.now;
    let ttl = request.header(TTL_HEADER).and_then(|v| v.parse::<u32>().ok()).filter(|t| (1..=21_600).contains(t));
    let Some(ttl) = ttl else { return Answer::refusal(400) };
    if state.tokens.len() >= MAX_TOKENS {
        state.tokens.retain(|_, ends| now < *ends);
        if state.tokens.len() >= MAX_TOKENS {
            state.tokens.clear();
        }
    }
    let token = state.mint.imds_token();
    state.tokens.insert(token.clone(), now + TimeDelta::seconds(ttl.into()));
    state.remember_secret(&token);
    Answer::text(token).with("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl.to_string())
}

fn content(state: &mut State, world: &World, asked: &Asked<'_>, hit: Option<&Hit>, now: DateTime<Utc>) -> Said {
    let detached = matches!(hit, Some(Hit { kind: Kind::NoRole {}, .. }));
    let role = &state.holders.imds;
    Said::plain(match asked {
        Asked::RoleList { extended: true } | Asked::Credentials { extended: true, .. } if !role.role.extended => {
            Answer::refusal(404)
        }
        Asked::RoleList { .. } | Asked::Credentials { .. } if detached => Answer::refusal(404),
        Asked::RoleList { .. } => Answer::text(role.role.name.clone()),
        Asked::Credentials { role: name, .. } if *name != role.role.name => Answer::refusal(404),
        Asked::Credentials { extended, .. } => {
            let set = state.serve(Holder::Imds, hit, now);
            let document = match hit.map(|h| &h.kind) {
                Some(Kind::WrongJson { kind }) => {
                    bent(document(set, false), NAMES, *kind, unauthorized(&set.role, &imds_time(now)))
                }
                _ => document(set, *extended),
            };
            return Said::issued(Answer::text(pretty(&document)), &set.access_key_id);
        }
        Asked::IdentityDocument => Answer::text(pretty(&json!({
            "accountId": role.account_id,
            "architecture": "x86_64",
            "availabilityZone": format!("{}a", world.config.region),
            "imageId": "ami-0abcdef1234567890",
            "instanceId": "i-1234567890abcdef0",
            "instanceType": "t3.micro",
            "privateIp": "10.0.0.10",
            "region": world.config.region,
            "version": "2017-09-30",
        }))),
        Asked::Region => Answer::text(world.config.region.clone()),
        Asked::Zone => Answer::text(format!("{}a", world.config.region)),
        Asked::Token | Asked::Nothing => Answer::refusal(404),
    })
}

fn document(set: &CredentialSet, extended: bool) -> Value {
    let mut document = json!({
        "Code": "Success",
        "LastUpdated": imds_time(whole_second(set.minted_at)),
        "Type": "AWS-HMAC",
        "AccessKeyId": set.access_key_id,
        "SecretAccessKey": set.secret_access_key,
        "Token": set.session_token,
        "Expiration": imds_time(set.expiration),
    });
    if extended {
        document["AccountId"] = json!(set.principal.account_id);
    }
    document
}

/// One field a line, with ` : ` between name and value, as the service prints it.
fn pretty(document: &Value) -> String {
    match document.as_object() {
        Some(fields) => {
            let lines: Vec<String> = fields.iter().map(|(name, value)| format!("  \"{name}\" : {value}")).collect();
            format!("{{\n{}\n}}", lines.join(",\n"))
        }
        None => document.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_with_and_without_the_trailing_slash() {
        for slash in ["", "/"] {
            assert_eq!(Asked::parse(&format!("{LEGACY}{slash}")), Asked::RoleList { extended: false });
            assert_eq!(Asked::parse(&format!("{EXTENDED}{slash}")), Asked::RoleList { extended: true });
            assert_eq!(Asked::parse(&format!("{EXTENDED}/r{slash}")), Asked::Credentials { extended: true, role: "r" });
        }
        assert_eq!(Asked::parse("/latest/meta-data/iam/security-credentialsx"), Asked::Nothing);
    }

    #[test]
    fn json_is_printed_as_the_service_prints_it() {
        assert_eq!(
            pretty(&json!({"Code": "Success", "Type": "x"})),
            "{\n  \"Code\" : \"Success\",\n  \"Type\" : \"x\"\n}"
        );
    }
}
