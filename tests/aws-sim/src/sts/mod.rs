//! What does the Security Token Service answer to this request? The query protocol: forms in, XML out.

pub mod error;
pub mod request;
pub mod roles;

use crate::actions::{Kind, WrongJson};
use crate::answer::{Answer, unauthorized};
use crate::clock::imds_time;
use crate::faults::Hit;
use crate::journal;
use crate::jwt;
use crate::keys::{CredentialSet, Draft, Principal};
use crate::service::{Asked, Failure, Said, Service, covered};
use crate::sigv4::{self, Demands};
use crate::state::State;
use crate::world::World;
use error::{NAMESPACE, StsError};
use quick_xml::escape::escape;
use request::{Parameters, RoleRequest};
use roles::WebIdentityTrust;
use serde::Deserialize;
use serde_json::{Value, json};

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct Sts;

impl Service for Sts {
    fn journal(&self) -> journal::Service {
        journal::Service::Sts
    }

    fn operation(&self, asked: &Asked) -> Option<String> {
        Parameters::read(asked).get("Action").map(Into::into)
    }

    fn answer(&self, world: &World, state: &mut State, asked: &Asked, hit: Option<&Hit>) -> Said {
        let signed_by = sigv4::claimed_key(&asked.parts);
        if covered(hit) {
            return Said { signed_by, ..Said::nothing() };
        }
        let said = match perform(world, state, asked, hit) {
            Ok(said) => said,
            Err(error) => Said::error(refusal(asked, &error), error.code),
        };
        Said { signed_by, ..said }
    }

    fn throttled(&self) -> &'static str {
        "Throttling"
    }

    fn failure(&self, world: &World, asked: &Asked, failure: &Failure) -> Answer {
        refusal(asked, &StsError::demanded(failure, &world.config.account_id))
    }
}

fn xml(status: u16, asked: &Asked, document: String) -> Answer {
    Answer::new(status, "text/xml", document).with("x-amzn-RequestId", &asked.request_id)
}

fn refusal(asked: &Asked, error: &StsError) -> Answer {
    xml(error.status, asked, error.xml(&asked.request_id))
}

fn perform(world: &World, state: &mut State, asked: &Asked, hit: Option<&Hit>) -> Result<Said, StsError> {
    let parameters = Parameters::read(asked);
    match parameters.operation()? {
        "AssumeRoleWithWebIdentity" => {
            let request = parameters.role_request(true)?;
            let token = parameters.get("WebIdentityToken").unwrap_or_default();
            let (role, trust, subject, lifetime_s) = state.sts.assume_with(token, &request, asked.now)?;
            let fields = web_identity_fields(&role.arn, trust, &subject);
            let draft = draft(&role.arn, &role.role_id, &request, lifetime_s);
            Ok(assumed(state, asked, hit, "AssumeRoleWithWebIdentity", draft, fields, &request))
        }
        "AssumeRole" => {
            let caller = caller(world, state, asked)?;
            let request = parameters.role_request(false)?;
            if parameters.get("TokenCode").is_some() {
                let message = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
                return Err(StsError::new("AccessDenied", message));
            }
            let (role, lifetime_s) = state.sts.assume(&caller, &request, parameters.get("ExternalId"))?;
            let draft = draft(&role.arn, &role.role_id, &request, lifetime_s);
            let identity = parameters.get("SourceIdentity").map(|identity| ("SourceIdentity", identity.to_string()));
            Ok(assumed(state, asked, hit, "AssumeRole", draft, identity.into_iter().collect(), &request))
        }
        _ => {
            let caller = caller(world, state, asked)?;
            let fields = [("Arn", caller.arn), ("UserId", caller.user_id), ("Account", caller.account_id)];
            let result = elements(4, &fields.map(|(name, text)| (name, Some(text))));
            Ok(Said::plain(xml(200, asked, response("GetCallerIdentity", &result, &asked.request_id))))
        }
    }
}

fn caller(world: &World, state: &State, asked: &Asked) -> Result<Principal, StsError> {
    let config = &world.config;
    let demands = Demands { service: "sts", region: &config.region, max_skew_s: config.max_skew_s };
    let find = |id: &str| state.keys.key(id, asked.now);
    Ok(sigv4::authenticate(&asked.parts, &asked.body, demands, asked.now, find)?)
}

fn draft(role_arn: &str, role_id: &str, request: &RoleRequest, lifetime_s: u32) -> Draft {
    Draft {
        issuer: journal::Service::Sts,
        role: role_arn.rsplit('/').next().unwrap_or_default().into(),
        principal: Principal::session(role_arn, role_id, &request.session_name, true),
        session_name: Some(request.session_name.clone()),
        asked_s: request.duration_s,
        lifetime_s,
    }
}

fn web_identity_fields(role_arn: &str, trust: &WebIdentityTrust, subject: &str) -> Vec<(&'static str, String)> {
    let account = crate::keys::account_of(role_arn).unwrap_or_default();
    let provider = trust.issuer.trim_start_matches("https://");
    vec![
        ("SubjectFromWebIdentityToken", subject.to_string()),
        ("Audience", trust.audience.clone()),
        ("Provider", format!("arn:aws:iam::{account}:oidc-provider/{provider}")),
    ]
}

/// Issues the session and writes it down.
fn assumed(
    state: &mut State,
    asked: &Asked,
    hit: Option<&Hit>,
    operation: &str,
    draft: Draft,
    fields: Vec<(&'static str, String)>,
    request: &RoleRequest,
) -> Said {
    let set = state.issue(draft, asked.now);
    let wrong = match hit.map(|h| &h.kind) {
        Some(Kind::WrongJson { kind }) => Some(*kind),
        _ => None,
    };
    let no_credentials = match wrong {
        Some(WrongJson::AssumeRoleUnauthorized) => Some(unauthorized(&set.role, &imds_time(asked.now))),
        Some(WrongJson::Array) => Some(json!([])),
        Some(WrongJson::Text) => Some(json!("Success")),
        _ => None,
    };
    if let Some(document) = no_credentials {
        return Said::issued(xml(200, asked, document.to_string()), &set.access_key_id);
    }
    let user = elements(
        6,
        &[("AssumedRoleId", Some(set.principal.user_id.clone())), ("Arn", Some(set.principal.arn.clone()))],
    );
    let mut result = format!("    <AssumedRoleUser>\n{user}    </AssumedRoleUser>\n");
    result += &format!("    <Credentials>\n{}    </Credentials>\n", elements(6, &credentials(set, wrong)));
    let packed = request.packed_percent.map(|percent| ("PackedPolicySize", percent.to_string()));
    let fields: Vec<_> = fields.into_iter().chain(packed).map(|(name, text)| (name, Some(text))).collect();
    result += &elements(4, &fields);
    Said::issued(xml(200, asked, response(operation, &result, &asked.request_id)), &set.access_key_id)
}

/// The elements of the credentials; `None` is an empty one.
fn credentials(set: &CredentialSet, wrong: Option<WrongJson>) -> Vec<(&'static str, Option<String>)> {
    let mut fields = vec![
        ("AccessKeyId", Some(set.access_key_id.clone())),
        ("SecretAccessKey", Some(set.secret_access_key.clone())),
        ("SessionToken", Some(set.session_token.clone())),
        ("Expiration", Some(imds_time(set.expiration))),
    ];
    let without = match wrong {
        Some(WrongJson::MissingAccessKeyId) => "AccessKeyId",
        Some(WrongJson::MissingSecretAccessKey) => "SecretAccessKey",
        Some(WrongJson::MissingToken) => "SessionToken",
        Some(WrongJson::MissingExpiration) => "Expiration",
        _ => "",
    };
    fields.retain(|(name, _)| *name != without);
    match wrong {
        Some(WrongJson::Nulls) => fields.iter_mut().for_each(|(_, text)| *text = None),
        Some(WrongJson::BadExpiration) => fields[3].1 = Some("tomorrow".into()),
        _ => {}
    }
    fields
}

fn elements(indent: usize, fields: &[(&str, Option<String>)]) -> String {
    let line = |(name, text): &(&str, Option<String>)| match text {
        Some(text) => format!("{:indent$}<{name}>{}</{name}>\n", "", escape(text)),
        None => format!("{:indent$}<{name}/>\n", ""),
    };
    fields.iter().map(line).collect()
}

fn response(operation: &str, result: &str, request_id: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\">\n  <{operation}Result>\n{result}  </{operation}Result>\n  \
         <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n</{operation}Response>\n"
    )
}

/// The body of `POST /worlds/ID/web-identity-token`; every field has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenRequest {
    /// From now; negative for one that is dead already.
    pub expires_in_s: i64,
    /// `iss`
    pub issuer: String,
    /// `aud`
    pub audience: String,
    /// `sub`
    pub subject: String,
    /// Who signs it.
    pub signature: TokenSignature,
}

impl Default for TokenRequest {
    fn default() -> Self {
        let WebIdentityTrust { issuer, audience, .. } = WebIdentityTrust::default();
        let subject = "system:serviceaccount:default:app".into();
        Self { expires_in_s: 3600, issuer, audience, subject, signature: TokenSignature::Right }
    }
}

/// Who signs a token.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum TokenSignature {
    /// The issuer.
    Right,
    /// Somebody else.
    Wrong,
    /// Nobody.
    None,
}

/// What a web identity token file holds.
pub fn web_identity_token(state: &mut State, request: &TokenRequest, now: i64) -> Value {
    let expires = now.saturating_add(request.expires_in_s);
    let claims = json!({
        "aud": [request.audience],
        "exp": expires,
        "iat": now.min(expires.saturating_sub(1)),
        "iss": request.issuer,
        "jti": state.mint.uuid(),
        "sub": request.subject,
    });
    let token = match request.signature {
        TokenSignature::Right => jwt::signed(&claims, &state.sts.issuer_key),
        TokenSignature::Wrong => jwt::signed(&claims, &state.mint.key_bytes()),
        TokenSignature::None => jwt::unsigned(&claims),
    };
    state.remember_secret(&token);
    json!({ "token": token, "exp": expires })
}
