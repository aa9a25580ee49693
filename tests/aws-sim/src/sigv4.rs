//! Who signed this request, and may they? SigV4 as AWS checks it, by signing again with the key that is claimed.
//!
//! The order: is there a signature, is it whole and for this service, is its time right, is the key known and alive,
//! does the signature match. AWS opens the session token before it can know the secret, so an expired key is told
//! before a wrong signature.

use crate::clock::sigv4_time;
use crate::keys::{Key, Principal, Standing};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hyper::http::request::Parts;
use std::time::SystemTime;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
    Secret Access Key and signing method. Consult the service documentation for details.";

/// Why a request is not accepted. Each service has its own names for these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not signed at all.
    MissingAuthentication,
    /// The signature has not all its parts.
    Incomplete(String),
    /// The key is unknown, or the session token is not the key's.
    InvalidToken,
    /// The credentials have expired.
    Expired,
    /// The signature is there and wrong, or too old, or for something else.
    Signature(String),
}

/// What a service demands of a signature.
#[derive(Clone, Copy, Debug)]
pub struct Demands<'a> {
    /// The name in the scope.
    pub service: &'a str,
    /// The region in the scope.
    pub region: &'a str,
    /// How far its time may be off.
    pub max_skew_s: u32,
}

/// The parts of an `Authorization` header.
struct Claim<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn parse(authorization: &'a str) -> Result<Self, Refusal> {
        let Some(rest) = authorization.strip_prefix(ALGORITHM) else {
            return Err(Refusal::Incomplete(format!(
                "Unsupported AWS 'algorithm': expected '{ALGORITHM}'. Authorization header begins otherwise."
            )));
        };
        let field = |name: &str| {
            rest.split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| Refusal::Incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let (credential, signed_headers, signature) =
            (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
        let scope: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = scope[..] else {
            return Err(Refusal::Incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, and end with 'aws4_request'."
                    .into(),
            ));
        };
        let signed_headers = signed_headers.split(';').collect();
        Ok(Self { access_key_id, date, region, service, signed_headers, signature })
    }
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name).and_then(|v| v.to_str().ok())
}

/// The key that a request names, whether or not it is any good.
pub fn claimed_key(parts: &Parts) -> Option<String> {
    let claim = Claim::parse(header(parts, "authorization")?).ok()?;
    Some(claim.access_key_id.to_string())
}

/// Accepts a request that AWS would accept at `now`, and says who asks; `find` looks up a key as it stands then.
pub fn authenticate(
    parts: &Parts,
    body: &[u8],
    demands: Demands<'_>,
    now: DateTime<Utc>,
    find: impl FnOnce(&str) -> Option<Key>,
) -> Result<Principal, Refusal> {
    let authorization = header(parts, "authorization").ok_or(Refusal::MissingAuthentication)?;
    let claim = Claim::parse(authorization)?;
    let stamp = header(parts, "x-amz-date").ok_or_else(|| {
        Refusal::Incomplete("Authorization header requires existence of a 'X-Amz-Date' header.".into())
    })?;
    let signed_at = NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%M%SZ")
        .map(|t| t.and_utc())
        .map_err(|_| Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{stamp}'.")))?;
    check_scope(&claim, stamp, demands)?;
    check_signed_headers(&claim, parts)?;
    check_time(signed_at, now, demands.max_skew_s)?;

    let key = find(claim.access_key_id).ok_or(Refusal::InvalidToken)?;
    if header(parts, "x-amz-security-token") != key.session_token.as_deref() {
        return Err(Refusal::InvalidToken);
    }
    match key.standing {
        Standing::Good => {}
        Standing::Expired => return Err(Refusal::Expired),
        Standing::Unknown => return Err(Refusal::InvalidToken),
    }
    if signature(&claim, parts, body, signed_at, key.secret_access_key, key.session_token)? != claim.signature {
        return Err(Refusal::Signature(MISMATCH.into()));
    }
    Ok(key.principal)
}

fn check_scope(claim: &Claim<'_>, stamp: &str, demands: Demands<'_>) -> Result<(), Refusal> {
    if claim.service != demands.service {
        return Err(Refusal::Signature(format!(
            "Credential should be scoped to correct service: '{}', not '{}'.",
            demands.service, claim.service
        )));
    }
    if claim.region != demands.region {
        return Err(Refusal::Signature(format!(
            "Credential should be scoped to a valid region, not '{}'.",
            claim.region
        )));
    }
    let day = stamp.get(..8).unwrap_or_default();
    if claim.date != day {
        return Err(Refusal::Signature(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
             '{day}', from '{stamp}'.",
            claim.date
        )));
    }
    Ok(())
}

/// `host` and every `x-amz-` header must be signed.
fn check_signed_headers(claim: &Claim<'_>, parts: &Parts) -> Result<(), Refusal> {
    let demanded = parts.headers.keys().map(|n| n.as_str()).filter(|n| *n == "host" || n.starts_with("x-amz-"));
    for name in ["host"].into_iter().chain(demanded) {
        if !claim.signed_headers.contains(&name) {
            return Err(Refusal::Signature(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
        }
    }
    Ok(())
}

fn check_time(signed_at: DateTime<Utc>, now: DateTime<Utc>, max_skew_s: u32) -> Result<(), Refusal> {
    let skew = TimeDelta::seconds(max_skew_s.into());
    let minutes = f64::from(max_skew_s) / 60.0;
    let (signed, server) = (sigv4_time(signed_at), sigv4_time(now));
    if signed_at < now - skew {
        let limit = sigv4_time(now - skew);
        return Err(Refusal::Signature(format!(
            "Signature expired: {signed} is now earlier than {limit} ({server} - {minutes} min.)"
        )));
    }
    if signed_at > now + skew {
        let limit = sigv4_time(now + skew);
        return Err(Refusal::Signature(format!(
            "Signature not yet current: {signed} is still later than {limit} ({server} + {minutes} min.)"
        )));
    }
    Ok(())
}

/// The signature that the holder of `secret` would have made over exactly the headers that are claimed to be signed.
fn signature(
    claim: &Claim<'_>,
    parts: &Parts,
    body: &[u8],
    signed_at: DateTime<Utc>,
    secret: String,
    token: Option<String>,
) -> Result<String, Refusal> {
    let unusable = |e: &dyn std::fmt::Display| Refusal::Incomplete(format!("cannot be signed again: {e}"));
    let mut headers = Vec::new();
    for &name in &claim.signed_headers {
        if parts.headers.get(name).is_none() {
            return Err(Refusal::Signature(format!("'{name}' is a 'SignedHeader' but not in the request.")));
        }
        for value in parts.headers.get_all(name) {
            headers.push((name, value.to_str().map_err(|e| unusable(&e))?));
        }
    }
    let host = header(parts, "host").unwrap_or_default();
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let identity: Identity = Credentials::new(claim.access_key_id, secret, token, None, "aws-sim").into();
    let mut settings = SigningSettings::default();
    // What is signed is the client's choice (SDK v1 signs User-Agent): only those headers are handed over.
    settings.excluded_headers = None;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    let params: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(claim.region)
        .name(claim.service)
        .time(SystemTime::from(signed_at))
        .settings(settings)
        .build()
        .map_err(|e| unusable(&e))?
        .into();
    let request = SignableRequest::new(
        parts.method.as_str(),
        format!("http://{host}{path}"),
        headers.into_iter(),
        SignableBody::Bytes(body),
    )
    .map_err(|e| unusable(&e))?;
    Ok(sign(request, &params).map_err(|e| unusable(&e))?.into_parts().1)
}
