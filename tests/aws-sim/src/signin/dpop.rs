//! Does a client prove that it holds the key which its token is bound to (RFC 9449)? ES256 over P-256, as the SDKs do it.

use crate::jwt::Jwt;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use p256::SecretKey;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;

/// The public half of a key, uncompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Of this key.
    pub fn of(secret: &SecretKey) -> Self {
        Self(secret.public_key().to_sec1_bytes().to_vec())
    }
}

/// What a proof must fit.
#[derive(Clone, Copy, Debug)]
pub struct Demands<'a> {
    /// The URL that is called.
    pub url: &'a str,
    /// When.
    pub now: DateTime<Utc>,
    /// How far `iat` may be off.
    pub max_skew_s: u32,
}

/// A proof that holds.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Whose it is.
    pub key: PublicKey,
    /// Its `jti`, of which each may come once.
    pub id: String,
}

/// Reads the value of the header `DPoP`; the error says what is wrong.
pub fn read(header: &str, demands: Demands<'_>) -> Result<Proof, String> {
    let jwt = Jwt::read(header).ok_or("no JSON web token")?;
    let field = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_string);
    for (name, wanted) in [("typ", "dpop+jwt"), ("alg", "ES256")] {
        if field(&jwt.header, name).as_deref() != Some(wanted) {
            return Err(format!("{name} is not {wanted}"));
        }
    }
    let jwk = jwt.header.get("jwk").ok_or("jwk is missing")?;
    for (name, wanted) in [("kty", "EC"), ("crv", "P-256")] {
        if field(jwk, name).as_deref() != Some(wanted) {
            return Err(format!("{name} of jwk is not {wanted}"));
        }
    }
    if jwk.get("d").is_some() {
        return Err("jwk holds the private key".into());
    }
    let coordinate = |name: &str| {
        let bytes = field(jwk, name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.filter(|bytes| bytes.len() == 32).ok_or(format!("{name} of jwk is not 32 bytes"))
    };
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    let key = VerifyingKey::from_sec1_bytes(&point).map_err(|_| "jwk is no point of the curve")?;
    let signature = Signature::from_slice(&jwt.signature).map_err(|_| "the signature is not 64 bytes")?;
    key.verify(jwt.signed.as_bytes(), &signature).map_err(|_| "the signature does not verify")?;
    if jwt.text("htm") != Some("POST") || jwt.text("htu") != Some(demands.url) {
        return Err(format!("htm and htu are not POST and {}", demands.url));
    }
    let issued = jwt.seconds("iat").ok_or("iat is missing")?;
    if (issued - demands.now.timestamp()).unsigned_abs() > demands.max_skew_s.into() {
        return Err("iat is too far from now".into());
    }
    let id = jwt.text("jti").filter(|id| !id.is_empty()).ok_or("jti is missing")?;
    Ok(Proof { key: PublicKey(point), id: id.into() })
}
