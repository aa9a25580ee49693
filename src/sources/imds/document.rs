//! Pure: the bytes of IMDS's credentials document -> one set of credentials, or what is wrong with it. Total on every
//! input; no text of an error quotes a field that may be secret.

use std::time::Duration;

use serde::Deserialize;

use crate::config::quoted;
use crate::credentials::{Credentials, Secret};
use crate::error::FetchErrorKind;
use crate::sources::document::{self, Flaw, malformed, missing};
use crate::sources::fields::is_account_id;

/// What a good document holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub credentials: Credentials,
    /// Expiration - LastUpdated, where that makes sense.
    pub nominal_life: Option<Duration>,
}

/// The longest life of a set of credentials anywhere in AWS is 36 hours (GetSessionToken). A longer one says that
/// `LastUpdated` does not mean what we think.
const LIFE_LIMIT: Duration = Duration::from_secs(36 * 3600);

/// The field names of the document that `curl` shows; IMDS's error documents write `code` and `message` small.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    #[serde(alias = "code")]
    code: Option<String>,
    #[serde(alias = "message")]
    message: Option<String>,
    last_updated: Option<String>,
    access_key_id: Option<String>,
    #[serde(default, deserialize_with = "document::secret")]
    secret_access_key: Option<Secret>,
    #[serde(default, deserialize_with = "document::secret")]
    token: Option<Secret>,
    expiration: Option<String>,
    account_id: Option<String>,
}

/// Reads the document as AWS produces it: `Code` is `Success` (or absent, as some emulators have it), a key, a secret,
/// a token and an expiration are there, and no field holds what could break out of an HTTP header.
pub fn parse(body: &[u8]) -> Result<Document, Flaw> {
    let wire: Wire = document::json(body)?;
    if let Some(code) = wire.code.as_deref().filter(|code| *code != "Success") {
        return Err(refusal(code, wire.message.as_deref()));
    }
    let access_key_id = document::access_key_id("AccessKeyId", wire.access_key_id)?;
    let secret_access_key = document::visible("SecretAccessKey", wire.secret_access_key)?;
    let session_token = document::visible("Token", wire.token)?;
    let expiration = document::date("Expiration", &wire.expiration.ok_or_else(|| missing("Expiration"))?)?;
    let nominal_life = wire
        .last_updated
        .as_deref()
        .and_then(document::instant)
        .and_then(|updated| expiration.signed_duration_since(updated).to_std().ok())
        .filter(|life| !life.is_zero() && *life <= LIFE_LIMIT);
    Ok(Document {
        credentials: Credentials {
            access_key_id,
            secret_access_key,
            session_token: Some(session_token),
            expiration: Some(expiration),
            account_id: wire.account_id.filter(|id| is_account_id(id)),
        },
        nominal_life,
    })
}

/// IMDS has a role to give and cannot: the document carries a `Code` and a `Message` instead of keys.
fn refusal(code: &str, message: Option<&str>) -> Flaw {
    let problem = match message {
        Some(message) => format!("its Code is {}, its Message {}", quoted(code), quoted(message)),
        None => format!("its Code is {}", quoted(code)),
    };
    if code == "AssumeRoleUnauthorizedAccess" {
        // Heals by itself once the role is mended; until then asking often changes nothing.
        Flaw {
            kind: FetchErrorKind::NonRecoverable,
            problem,
            fix: Some(
                "let the role's trust policy allow sts:AssumeRole for the service ec2.amazonaws.com, and check that \
                 the role still exists; nothing has to be restarted afterwards.",
            ),
        }
    } else {
        malformed(problem)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sources::fields::is_visible_ascii;
    use crate::sources::scripted::damaged;

    const GOOD: &str = r#"{
      "Code" : "Success",
      "LastUpdated" : "2026-04-26T16:39:16Z",
      "Type" : "AWS-HMAC",
      "AccessKeyId" : "ASIAIOSFODNN7EXAMPLE",
      "SecretAccessKey" : "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      "Token" : "IQoJb3JpZ2luX2VjEXAMPLETOKEN==",
      "Expiration" : "2026-04-26T22:39:16Z",
      "AccountId" : "123456789012"
    }"#;

    fn problem(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().problem
    }

    #[test]
    fn the_document_that_curl_shows_is_read() {
        let document = parse(GOOD.as_bytes()).unwrap();
        assert_eq!(document.nominal_life, Some(Duration::from_secs(6 * 3600)));
        let credentials = document.credentials;
        assert_eq!(credentials.access_key_id.as_str(), "ASIAIOSFODNN7EXAMPLE");
        assert_eq!(credentials.secret_access_key.expose(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        assert_eq!(credentials.session_token.unwrap().expose(), "IQoJb3JpZ2luX2VjEXAMPLETOKEN==");
        assert_eq!(credentials.expiration, Some("2026-04-26T22:39:16Z".parse().unwrap()));
        assert_eq!(credentials.account_id.as_deref(), Some("123456789012"));
    }

    #[test]
    fn every_spelling_of_a_date_that_is_met_in_the_field_is_read() {
        let expected = |text: &str| {
            let document = parse(GOOD.replace("2026-04-26T22:39:16Z", text).as_bytes()).unwrap();
            document.credentials.expiration.unwrap().timestamp_millis()
        };
        let plain = expected("2026-04-26T22:39:16Z");
        assert_eq!(expected("2026-04-26T22:39:16.250Z"), plain + 250);
        assert_eq!(expected("2026-04-26T22:39:16.832308Z"), plain + 832);
        assert_eq!(expected("2026-04-26T22:39:16+00:00"), plain);
        assert_eq!(expected("2026-04-26T22:39:16+0000"), plain);
        assert_eq!(expected("2026-04-27T00:39:16+02:00"), plain);
        assert!(problem(&GOOD.replace("2026-04-26T22:39:16Z", "tomorrow")).contains("\"tomorrow\""));
    }

    #[test]
    fn a_life_that_makes_no_sense_is_not_told() {
        for updated in ["2026-04-26T22:39:16Z", "2026-04-27T16:39:16Z", "2020-01-01T00:00:00Z", "never"] {
            let document = parse(GOOD.replace("2026-04-26T16:39:16Z", updated).as_bytes()).unwrap();
            assert_eq!(document.nominal_life, None, "{updated}");
        }
    }

    #[test]
    fn a_missing_or_empty_or_illegal_field_is_named() {
        for (field, key) in [
            ("AccessKeyId", "ASIAIOSFODNN7EXAMPLE"),
            ("SecretAccessKey", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("Token", "IQoJb3JpZ2luX2VjEXAMPLETOKEN=="),
            ("Expiration", "2026-04-26T22:39:16Z"),
        ] {
            let missing = problem(&GOOD.replace(&format!("\"{field}\""), "\"Else\""));
            assert_eq!(missing, format!("{field} is missing"));
            for value in ["", " ", "a b", "a\\r\\nX-Evil: 1", "a\\u0000b", "\u{e9}"] {
                assert!(problem(&GOOD.replace(key, value)).starts_with(&format!("{field} is ")), "{field} {value}");
            }
            assert!(problem(&GOOD.replace(&format!("\"{key}\""), "null")).contains("is missing"));
            assert!(problem(&GOOD.replace(&format!("\"{key}\""), "7")).contains("wrong type"));
        }
        assert!(problem(&GOOD.replace("ASIAIOSFODNN7EXAMPLE", &"A".repeat(129))).contains("1 to 128"));
    }

    #[test]
    fn an_odd_account_id_is_left_out() {
        for id in ["12345678901", "1234567890123", "12345678901x", "evil.example"] {
            let document = parse(GOOD.replace("123456789012", id).as_bytes()).unwrap();
            assert_eq!(document.credentials.account_id, None);
        }
    }

    #[test]
    fn a_role_that_ec2_may_not_assume_is_told_with_the_fix() {
        let flaw = parse(
            br#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role app.","LastUpdated":"2026-04-26T16:39:16Z"}"#,
        )
        .unwrap_err();
        assert_eq!(flaw.kind, FetchErrorKind::NonRecoverable);
        assert!(flaw.problem.contains("EC2 cannot assume the role app."));
        assert!(flaw.fix.unwrap().contains("trust policy"));
        let other = parse(br#"{"code":"Failed","message":"try\r\nlater"}"#).unwrap_err();
        assert_eq!(other.kind, FetchErrorKind::Transient);
        assert_eq!(other.problem, r#"its Code is "Failed", its Message "try\r\nlater""#);
    }

    #[test]
    fn what_is_no_document_says_so() {
        assert_eq!(problem(" \n"), "it is empty");
        for text in ["<html></html>", "[]", "7", "null", &GOOD[..100], &"[".repeat(10_000)] {
            problem(text);
        }
    }

    #[test]
    fn a_damaged_byte_in_a_field_that_nobody_reads_spoils_the_document() {
        let mut body = GOOD.as_bytes().to_vec();
        let at = GOOD.find("HMAC").unwrap();
        body[at] = 0xff;
        assert_eq!(parse(&body).unwrap_err().problem, format!("it is not UTF-8 from byte {at} of {} on", body.len()));
    }

    fn quotes_no_secret(body: &[u8]) {
        if let Err(flaw) = parse(body) {
            let shown = format!("{flaw:?}");
            assert!(!shown.contains("wJalrX") && !shown.contains("IQoJb3"), "{shown}");
        }
    }

    proptest! {
        // Miri is slow, and cannot find the folder where proptest keeps its failures.
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 20 } else { 10_000 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn no_byte_sequence_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..600)) {
            quotes_no_secret(&body);
        }

        #[test]
        fn no_mutation_of_a_good_document_makes_it_panic_or_tell(body in damaged(GOOD, any::<u8>())) {
            // `Code` and `Message` are quoted on purpose; a mutation that turns a secret's name into one of those is
            // out of reach of so few edits.
            quotes_no_secret(&body);
        }

        #[test]
        #[cfg_attr(miri, ignore = "making the texts takes Miri a quarter of an hour")]
        fn what_is_accepted_can_stand_in_a_header(
            key in "\\PC{0,140}|[A-Z]{16,128}", secret in "\\PC{0,60}|[!-~]{1,60}", token in "[\\x00-\\x7f]{0,60}|[!-~]{1,60}",
        ) {
            let body = serde_json::json!({
                "AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": "2026-04-26T22:39:16Z",
            });
            if let Ok(document) = parse(body.to_string().as_bytes()) {
                let credentials = document.credentials;
                for value in [
                    credentials.access_key_id.as_str(),
                    credentials.secret_access_key.expose(),
                    credentials.session_token.as_ref().unwrap().expose(),
                ] {
                    prop_assert!(is_visible_ascii(value));
                }
            }
        }
    }
}
