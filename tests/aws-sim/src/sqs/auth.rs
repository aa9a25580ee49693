//! Who signed this request, and may they? SigV4 as AWS checks it, by signing again with the key that is claimed.
//!
//! The order: is there a signature, is it whole and for this service, is its time right, is the key known and alive,
//! does the signature match. AWS opens the session token before it can know the secret, so an expired key is told
//! before a wrong signature.

use super::error::SqsError;
use crate::clock::sigv4_time;
use crate::roles::Standing;
use crate::world::World;
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
    fn parse(authorization: &'a str) -> Result<Self, SqsError> {
        let Some(rest) = authorization.strip_prefix(ALGORITHM) else {
            return Err(SqsError::incomplete_signature(format!(
                "Unsupported AWS 'algorithm': expected '{ALGORITHM}'. Authorization header begins otherwise."
            )));
        };
        let field = |name: &str| {
            rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')).ok_or_else(|| {
                SqsError::incomplete_signature(format!("Authorization header requires '{name}' parameter."))
            })
        };
        let (credential, signed_headers, signature) =
            (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
        let scope: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = scope[..] else {
            return Err(SqsError::incomplete_signature(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, and end with 'aws4_request'.",
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

/// Accepts a request that AWS would accept at `now`.
pub fn authenticate(world: &World, parts: &Parts, body: &[u8], now: DateTime<Utc>) -> Result<(), SqsError> {
    let authorization = header(parts, "authorization").ok_or_else(SqsError::missing_authentication)?;
    let claim = Claim::parse(authorization)?;
    let stamp = header(parts, "x-amz-date").ok_or_else(|| {
        SqsError::incomplete_signature("Authorization header requires existence of a 'X-Amz-Date' header.")
    })?;
    let signed_at = NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%M%SZ").map(|t| t.and_utc()).map_err(|_| {
        SqsError::incomplete_signature(format!("Date must be in ISO-8601 'basic format'. Got '{stamp}'."))
    })?;
    check_scope(&claim, stamp, &world.config.region)?;
    check_signed_headers(&claim, parts)?;
    check_time(signed_at, now, world.config.max_skew_s)?;

    let (secret, token) = {
        let state = world.state();
        let set = state.roles.find(claim.access_key_id).ok_or_else(SqsError::invalid_token)?;
        if header(parts, "x-amz-security-token") != Some(set.session_token.as_str()) {
            return Err(SqsError::invalid_token());
        }
        match set.standing(now) {
            Standing::Good => {}
            Standing::Expired => return Err(SqsError::expired_token()),
            Standing::Unknown => return Err(SqsError::invalid_token()),
        }
        (set.secret_access_key.clone(), set.session_token.clone())
    };
    if signature(&claim, parts, body, signed_at, secret, token)? != claim.signature {
        return Err(SqsError::signature(MISMATCH));
    }
    Ok(())
}

fn check_scope(claim: &Claim<'_>, stamp: &str, region: &str) -> Result<(), SqsError> {
    if claim.service != "sqs" {
        return Err(SqsError::signature(format!(
            "Credential should be scoped to correct service: 'sqs', not '{}'.",
            claim.service
        )));
    }
    if claim.region != region {
        return Err(SqsError::signature(format!(
            "Credential should be scoped to a valid region, not '{}'.",
            claim.region
        )));
    }
    let day = stamp.get(..8).unwrap_or_default();
    if claim.date != day {
        return Err(SqsError::signature(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
             '{day}', from '{stamp}'.",
            claim.date
        )));
    }
    Ok(())
}

/// `host` and every `x-amz-` header must be signed.
fn check_signed_headers(claim: &Claim<'_>, parts: &Parts) -> Result<(), SqsError> {
    let demanded = parts.headers.keys().map(|n| n.as_str()).filter(|n| *n == "host" || n.starts_with("x-amz-"));
    for name in ["host"].into_iter().chain(demanded) {
        if !claim.signed_headers.contains(&name) {
            return Err(SqsError::signature(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
        }
    }
    Ok(())
}

fn check_time(signed_at: DateTime<Utc>, now: DateTime<Utc>, max_skew_s: u32) -> Result<(), SqsError> {
    let skew = TimeDelta::seconds(max_skew_s.into());
    let minutes = f64::from(max_skew_s) / 60.0;
    let (signed, server) = (sigv4_time(signed_at), sigv4_time(now));
    if signed_at < now - skew {
        let limit = sigv4_time(now - skew);
        return Err(SqsError::signature(format!(
            "Signature expired: {signed} is now earlier than {limit} ({server} - {minutes} min.)"
        )));
    }
    if signed_at > now + skew {
        let limit = sigv4_time(now + skew);
        return Err(SqsError::signature(format!(
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
    token: String,
) -> Result<String, SqsError> {
    let unusable = |e: &dyn std::fmt::Display| SqsError::incomplete_signature(format!("cannot be signed again: {e}"));
    let mut headers = Vec::new();
    for &name in &claim.signed_headers {
        if parts.headers.get(name).is_none() {
            return Err(SqsError::signature(format!("'{name}' is a 'SignedHeader' but not in the request.")));
        }
        for value in parts.headers.get_all(name) {
            headers.push((name, value.to_str().map_err(|e| unusable(&e))?));
        }
    }
    let host = header(parts, "host").unwrap_or_default();
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let identity: Identity = Credentials::new(claim.access_key_id, secret, Some(token), None, "aws-sim").into();
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
