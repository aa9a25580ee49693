//! Pure but for its randomness: the proof that a request comes from who logged in (DPoP, RFC 9449): a JWT, signed with
//! ES256 by the key that the AWS CLI made for the session and keeps beside its token (RFC 5915 in PEM).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use zeroize::Zeroizing;

use crate::credentials::Secret;

/// The proof for one POST to `url` at `now` (seconds since 1970). `Err`: what is wrong with the key.
pub fn proof(pem: &str, url: &str, now: i64) -> Result<Secret, &'static str> {
    let key = key_pair(pem)?;
    // Uncompressed: 4, then both coordinates of 32 bytes each.
    let (x, y) = match key.public_key().as_ref() {
        [4, point @ ..] if point.len() == 64 => point.split_at(32),
        _ => return Err("its public key is no point of P-256"),
    };
    let header = json!({
        "typ": "dpop+jwt",
        "alg": "ES256",
        "jwk": {"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)},
    });
    let claims = json!({"jti": new_id(), "htm": "POST", "htu": url, "iat": now});
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature =
        key.sign(&SystemRandom::new(), message.as_bytes()).map_err(|_| "no signature could be made with it")?;
    Ok(Secret::new(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// A random UUID (version 4). It has to be new, not secret.
fn new_id() -> String {
    let random = fastrand::u128(..) & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let digits = format!("{random:032x}");
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

fn key_pair(pem: &str) -> Result<EcdsaKeyPair, &'static str> {
    let lines: Zeroizing<String> =
        Zeroizing::new(pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect());
    let der = Zeroizing::new(STANDARD.decode(lines.as_bytes()).map_err(|_| "it is no PEM")?);
    let (private, public) = parse(&der).ok_or("it is no EC private key with its public key (RFC 5915)")?;
    // A leading zero may be missing.
    let mut padded = Zeroizing::new([0; 32]);
    let start = padded.len().checked_sub(private.len()).ok_or("it is no key of P-256")?;
    padded[start..].copy_from_slice(private);
    EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &*padded,
        public,
        &SystemRandom::new(),
    )
    .map_err(|_| "it is no key of P-256")
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// `[1]`, the public key. (`[0]`, the curve, is not looked at: a key of another one does not fit.)
const PUBLIC_KEY: u8 = 0xa1;

/// Private and public key of `ECPrivateKey ::= SEQUENCE { version 1, privateKey, [0] curve, [1] publicKey }`.
fn parse(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (SEQUENCE, mut fields, []) = element(der)? else { return None };
    let (INTEGER, [1], rest) = element(fields)? else { return None };
    let (OCTET_STRING, private, rest) = element(rest)? else { return None };
    fields = rest;
    while !fields.is_empty() {
        let (tag, content, rest) = element(fields)?;
        if tag == PUBLIC_KEY {
            let (BIT_STRING, [0, public @ ..], []) = element(content)? else { return None };
            return Some((private, public));
        }
        fields = rest;
    }
    None
}

/// Tag, content, and what follows. DER of this size has lengths of one or two bytes.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length, rest) = match der {
        [tag, length @ 0..=0x7f, rest @ ..] => (*tag, *length, rest),
        [tag, 0x81, length, rest @ ..] => (*tag, *length, rest),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(usize::from(length))?;
    Some((tag, content, rest))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    /// A new key, as the AWS CLI and openssl write it.
    pub fn pem() -> String {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        // PKCS #8 ends with both: a tag and length before the private key, three more tags before the public one.
        let (rest, public) = made.as_ref().split_at(made.as_ref().len() - 65);
        let private = &rest[rest.len() - 5 - 32..rest.len() - 5];
        let mut der = vec![0x30, 0x77, 2, 1, 1, 4, 32];
        der.extend(private);
        der.extend([0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 0xa1, 0x44, 3, 0x42, 0]);
        der.extend(public);
        in_pem(&der)
    }

    fn in_pem(der: &[u8]) -> String {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN EC KEY-----\n{}\n-----END EC KEY-----\n", lines.join("\n"))
    }

    fn der(pem: &str) -> Vec<u8> {
        STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
    }

    fn part(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn a_proof_is_a_jwt_that_its_own_key_verifies() {
        let proof = proof(&pem(), "https://eu-west-1.signin.aws.amazon.com/v1/token", 1_777_233_600).unwrap();
        let parts: Vec<&str> = proof.expose().split('.').collect();
        let [header, claims, signature] = *parts else { panic!("{parts:?}") };
        let header_json: Value = serde_json::from_slice(&part(header)).unwrap();
        assert_eq!((&header_json["typ"], &header_json["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        let jwk = &header_json["jwk"];
        assert_eq!((&jwk["kty"], &jwk["crv"]), (&json!("EC"), &json!("P-256")));
        let claims_json: Value = serde_json::from_slice(&part(claims)).unwrap();
        assert_eq!(claims_json["htm"], "POST");
        assert_eq!(claims_json["htu"], "https://eu-west-1.signin.aws.amazon.com/v1/token");
        assert_eq!(claims_json["iat"], 1_777_233_600);
        let mut point = vec![4];
        point.extend(part(jwk["x"].as_str().unwrap()));
        point.extend(part(jwk["y"].as_str().unwrap()));
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(format!("{header}.{claims}").as_bytes(), &part(signature))
            .unwrap();
    }

    #[test]
    fn an_id_is_a_uuid_of_version_4_and_new() {
        let id = new_id();
        let shape: String = id.chars().map(|c| if c == '-' { c } else { 'x' }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert!(id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_ne!(id, new_id());
    }

    #[test]
    fn what_is_no_such_key_is_told_and_not_shown() {
        for (pem, problem) in [
            ("", "it is no EC private key with its public key (RFC 5915)"),
            ("wJalr!", "it is no PEM"),
            ("AAAA", "it is no EC private key with its public key (RFC 5915)"),
        ] {
            assert_eq!(proof(pem, "https://x", 0).unwrap_err(), problem);
        }
        // The public key of another private key.
        let mut mixed = der(&pem());
        mixed[7..39].copy_from_slice(&der(&pem())[7..39]);
        assert_eq!(proof(&in_pem(&mixed), "https://x", 0).unwrap_err(), "it is no key of P-256");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_key_makes_it_panic(
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            noise in prop::collection::vec(any::<u8>(), 0..100),
            use_noise in any::<bool>(),
        ) {
            let mut der = if use_noise { noise } else { der(&pem()) };
            for (at, byte) in edits {
                if !der.is_empty() {
                    let at = at.index(der.len());
                    der[at] = byte;
                }
            }
            let _ = proof(&in_pem(&der), "https://x", 0);
        }
    }
}
