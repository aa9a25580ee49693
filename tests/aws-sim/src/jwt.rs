//! How is a JSON Web Token read, and how is one made that only this world can have made (HS256)?

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// A token whose parts can be read; whether it is any good is another question.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// Algorithm, type, and for DPoP the key.
    pub header: Value,
    /// What it says.
    pub claims: Value,
    /// What the signature is over.
    pub signed: String,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Jwt {
    /// Reads three parts, two of them JSON objects.
    pub fn read(token: &str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let object = |part: &str| {
            let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed: signed.into(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// A claim that is text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// A claim that is a time, in seconds since 1970.
    pub fn seconds(&self, claim: &str) -> Option<i64> {
        self.claims.get(claim)?.as_i64()
    }

    /// Whether `aud` is this audience, or a list that has it.
    pub fn is_for(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(list)) => list.iter().any(|one| one == audience),
            _ => false,
        }
    }

    /// Whether the holder of `key` signed it.
    pub fn is_signed_with(&self, key: &[u8]) -> bool {
        self.header.get("alg").is_some_and(|alg| alg == "HS256")
            && keyed(key, &self.signed).verify_slice(&self.signature).is_ok()
    }
}

fn keyed(key: &[u8], signed: &str) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length").chain_update(signed)
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token that is signed with `key`.
pub fn signed(claims: &Value, key: &[u8]) -> String {
    let signed = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(keyed(key, &signed).finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// A token that nobody signed.
pub fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_that_signed_verifies() {
        let claims = json!({"aud": ["a", "b"], "exp": 5});
        let token = Jwt::read(&signed(&claims, b"right")).unwrap();
        assert!(token.is_signed_with(b"right") && !token.is_signed_with(b"wrong"));
        assert!(!Jwt::read(&unsigned(&claims)).unwrap().is_signed_with(b"right"));
        assert!(token.is_for("b") && !token.is_for("c"));
        assert_eq!(token.seconds("exp"), Some(5));
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        for text in ["", "a", "a.b", "a.b.c", "e30.W10.", "e30.e30"] {
            assert!(Jwt::read(text).is_none(), "{text:?}");
        }
    }
}
