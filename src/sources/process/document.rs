//! Pure: what a credential process wrote -> one set of credentials, or what is wrong with it. Total on every input; no
//! text of an error quotes a field that may be secret.

use serde::Deserialize;
use serde_json::Value;

use crate::config::quoted;
use crate::credentials::{Credentials, Secret};
use crate::error::FetchErrorKind;
use crate::sources::document::{self, Flaw};
use crate::sources::fields::is_account_id;
use crate::sources::redacted::redacted;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    version: Option<Value>,
    access_key_id: Option<String>,
    #[serde(default, deserialize_with = "document::secret")]
    secret_access_key: Option<Secret>,
    #[serde(default, deserialize_with = "document::secret")]
    session_token: Option<Secret>,
    expiration: Option<String>,
    account_id: Option<String>,
}

/// Reads version 1 of the format ("Sourcing credentials with an external process" in the AWS CLI's guide). Without an
/// expiration, the credentials do not expire. Both Java SDKs refuse any other version, a version that is text included.
pub fn parse(output: &[u8]) -> Result<Credentials, Flaw> {
    let wire: Wire = document::json(output)?;
    match &wire.version {
        None | Some(Value::Null) => return Err(wrong_version("it has no Version".into())),
        Some(version) if version.as_u64() == Some(1) => {}
        Some(version @ Value::Number(_)) => return Err(wrong_version(format!("its Version is {version}"))),
        Some(Value::String(version)) => {
            return Err(wrong_version(format!("its Version is the text {}", quoted(&redacted(version, 40)))));
        }
        Some(_) => return Err(wrong_version("its Version is not a number".into())),
    }
    Ok(Credentials {
        access_key_id: document::access_key_id("AccessKeyId", wire.access_key_id)?,
        secret_access_key: document::visible("SecretAccessKey", wire.secret_access_key)?,
        session_token: wire.session_token.map(|token| document::visible("SessionToken", Some(token))).transpose()?,
        expiration: wire.expiration.map(|text| document::date("Expiration", &text)).transpose()?,
        account_id: wire.account_id.filter(|id| is_account_id(id)),
    })
}

fn wrong_version(problem: String) -> Flaw {
    Flaw {
        kind: FetchErrorKind::NonRecoverable,
        problem: format!("{problem}, and 1 is the only one there is"),
        fix: Some(
            "let the command write {\"Version\": 1, \"AccessKeyId\": …, \"SecretAccessKey\": …, \"SessionToken\": …, \"Expiration\": …}.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sources::scripted::damaged;

    const GOOD: &str = r#"{"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"wJalrSecret",
        "SessionToken":"IQoJToken","Expiration":"2026-04-26T22:39:16Z","AccountId":"123456789012","Else":[1]}"#;

    #[test]
    fn version_1_is_read() {
        let credentials = parse(GOOD.as_bytes()).unwrap();
        assert_eq!(credentials.access_key_id.as_str(), "ASIAPROCESS");
        assert_eq!(credentials.secret_access_key.expose(), "wJalrSecret");
        assert_eq!(credentials.session_token.unwrap().expose(), "IQoJToken");
        assert_eq!(credentials.expiration, Some("2026-04-26T22:39:16Z".parse().unwrap()));
        assert_eq!(credentials.account_id.as_deref(), Some("123456789012"));
        let long_term = parse(br#"{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s"}"#).unwrap();
        assert_eq!((long_term.session_token, long_term.expiration), (None, None));
    }

    #[test]
    fn another_version_is_refused_for_good() {
        for (version, problem) in [
            ("2", "its Version is 2"),
            ("1.5", "its Version is 1.5"),
            ("\"1\"", "its Version is the text \"1\""),
            ("null", "it has no Version"),
            ("[]", "its Version is not a number"),
        ] {
            let flaw = parse(GOOD.replace("\"Version\":1", &format!("\"Version\":{version}")).as_bytes()).unwrap_err();
            assert_eq!(flaw.kind, FetchErrorKind::NonRecoverable);
            assert!(flaw.problem.starts_with(problem), "{}", flaw.problem);
        }
        let flaw = parse(br#"{"AccessKeyId":"AKIA","SecretAccessKey":"s"}"#).unwrap_err();
        assert!(flaw.problem.starts_with("it has no Version"));
    }

    #[test]
    fn a_missing_or_illegal_field_is_named() {
        for (field, value, problem) in [
            ("AccessKeyId", "\"ASIAPROCESS\"", "AccessKeyId is missing"),
            ("SecretAccessKey", "\"wJalrSecret\"", "SecretAccessKey is missing"),
        ] {
            let flaw = parse(GOOD.replace(value, "null").as_bytes()).unwrap_err();
            assert_eq!(flaw.problem, problem, "{field}");
        }
        for (from, to, problem) in [
            ("IQoJToken", "IQoJ\\r\\nX-Evil: 1", "SessionToken is empty or holds"),
            ("2026-04-26T22:39:16Z", "never", "Expiration is \"never\""),
            ("\"wJalrSecret\"", "7", "a field has the wrong type"),
            ("}", "", "it is no complete JSON"),
        ] {
            let flaw = parse(GOOD.replace(from, to).as_bytes()).unwrap_err();
            assert!(flaw.problem.starts_with(problem), "{}", flaw.problem);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_output_makes_it_panic_or_tell(body in damaged(GOOD, any::<u8>())) {
            if let Err(flaw) = parse(&body) {
                let shown = format!("{flaw:?}");
                prop_assert!(!shown.contains("wJalrS") && !shown.contains("IQoJT"), "{}", shown);
            }
        }
    }
}
