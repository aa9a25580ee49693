//! Pure: STS's query protocol. A call -> the form that is sent; the XML that comes back -> credentials, or a refusal with
//! its code. Total on every input; no text of an error quotes a field that may be secret.
//!
//! Source: the STS API reference, version 2011-06-15.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::config::quoted;
use crate::credentials::{AccessKeyId, Credentials, Secret};
use crate::sources::fields::{is_account_id, is_visible_ascii};

pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
const VERSION: &str = "2011-06-15";
/// More than any form needs: the longest token has 20,000 characters, the longest policy 2,048, of three each.
const FORM_CAPACITY: usize = 4 * 1024;

/// The form of one call.
pub struct Form(form_urlencoded::Serializer<'static, String>);

impl Form {
    /// `secrets`: how long the secrets are together that will be put in, so that none is left behind by growing.
    pub fn new(action: &str, secrets: usize) -> Form {
        // A character takes up to three in a form.
        let mut form = Form(form_urlencoded::Serializer::new(String::with_capacity(FORM_CAPACITY + 3 * secrets)));
        form.put("Action", action);
        form.put("Version", VERSION);
        form
    }

    pub fn put(&mut self, name: &str, value: &str) {
        self.0.append_pair(name, value);
    }

    pub fn put_if(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    pub fn finish(mut self) -> Secret {
        Secret::new(self.0.finish())
    }
}

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    Granted(Credentials),
    Refused(Refusal),
}

/// An error of STS. What it says may repeat what was sent (a token that breaks a rule, the canonical request with its
/// session token), so it is shown only through [`Refusal::told`].
#[derive(PartialEq, Eq)]
pub struct Refusal {
    pub code: String,
    message: Secret,
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("code", &self.code).finish_non_exhaustive()
    }
}

/// No code of AWS is longer.
const CODE_LIMIT: usize = 80;
/// Enough for "User: arn:... is not authorized to perform: sts:AssumeRole on resource: arn:..." and what follows it.
const MESSAGE_LIMIT: usize = 500;
/// What is no longer than this is no secret. Whoever repeats less of one gives nothing away.
const SECRET_WINDOW: usize = 12;

impl Refusal {
    pub fn new(code: &str, message: &str) -> Refusal {
        let is_code = |c: &char| c.is_ascii_alphanumeric() || ".:_-".contains(*c);
        Refusal { code: code.trim().chars().filter(is_code).take(CODE_LIMIT).collect(), message: Secret::new(message) }
    }

    /// Whether the message holds these words.
    pub fn says(&self, words: &str) -> bool {
        self.message.expose().contains(words)
    }

    /// The message as a person may see it: nothing of `secrets` in it, no control character, of bounded length.
    pub fn told(&self, secrets: &[&Secret]) -> String {
        let message = self.message.expose();
        // What lies beyond is cut before secrets are looked for: that takes long in long texts.
        let beginning: String = message.chars().take(2 * MESSAGE_LIMIT).collect();
        let words: Vec<&str> = beginning.split_whitespace().map(|word| masked(word, secrets)).collect();
        let shown = words.join(" ").replace(char::is_control, "");
        let mut cut: String = shown.chars().take(MESSAGE_LIMIT).collect();
        if cut.len() < shown.len() || beginning.len() < message.len() {
            cut.push_str("...");
        }
        cut
    }
}

fn masked<'a>(word: &'a str, secrets: &[&Secret]) -> &'a str {
    let tells = |window: &[u8]| {
        std::str::from_utf8(window).is_ok_and(|window| secrets.iter().any(|secret| secret.expose().contains(window)))
    };
    let short = secrets.iter().any(|secret| !secret.is_empty() && word.contains(secret.expose()));
    if short || word.as_bytes().windows(SECRET_WINDOW).any(tells) { "***" } else { word }
}

/// The root of an answer.
#[derive(Deserialize)]
enum Wire {
    #[serde(rename = "AssumeRoleResponse", alias = "AssumeRoleWithWebIdentityResponse")]
    Granted(WireResponse),
    #[serde(rename = "ErrorResponse", alias = "Response")]
    Refused(WireErrors),
}

#[derive(Deserialize)]
struct WireResponse {
    #[serde(rename = "AssumeRoleResult", alias = "AssumeRoleWithWebIdentityResult")]
    result: Option<WireResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireResult {
    credentials: Option<WireCredentials>,
    assumed_role_user: Option<WireUser>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireCredentials {
    access_key_id: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    secret_access_key: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    session_token: Option<Secret>,
    expiration: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireUser {
    arn: Option<String>,
}

/// `<ErrorResponse><Error>` from STS; `<Response><Errors><Error>` from what stands in front of some endpoints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireErrors {
    error: Option<WireError>,
    errors: Option<WireInner>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireInner {
    error: Option<WireError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireError {
    code: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    message: Option<Secret>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Zeroizing::new).map(|value| Secret::new(value.trim())))
}

/// STS's own bounds are 16 to 128; emulators use shorter ones.
const ACCESS_KEY_ID_LIMIT: usize = 128;

/// Reads an answer. Elements that are not known are passed by; what is needed must be there once, and fit for a header.
/// `Err` completes the sentence "the answer is of no use: ".
pub fn parse(body: &[u8]) -> Result<Said, String> {
    if body.trim_ascii().is_empty() {
        return Err("it is empty".into());
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| format!("it is not UTF-8 from byte {} of {} on", error.valid_up_to(), body.len()))?;
    // The library's own text may quote what it read.
    let wire: Wire = quick_xml::de::from_str(text)
        .map_err(|_| format!("it is no complete XML as STS writes it ({} bytes)", body.len()))?;
    match wire {
        Wire::Granted(WireResponse { result: None }) => Err(missing("the result")),
        Wire::Granted(WireResponse { result: Some(result) }) => granted(result).map(Said::Granted),
        Wire::Refused(WireErrors { error, errors }) => {
            let error = error.or_else(|| errors?.error).ok_or_else(|| missing("Error"))?;
            let code = error.code.ok_or_else(|| missing("Code"))?;
            let message = error.message.unwrap_or_else(|| Secret::new(""));
            Ok(Said::Refused(Refusal::new(&code, message.expose())))
        }
    }
}

fn granted(result: WireResult) -> Result<Credentials, String> {
    let wire = result.credentials.ok_or_else(|| missing("Credentials"))?;
    let access_key_id = wire.access_key_id.ok_or_else(|| missing("AccessKeyId"))?;
    let access_key_id = access_key_id.trim();
    if !is_visible_ascii(access_key_id) || access_key_id.len() > ACCESS_KEY_ID_LIMIT {
        return Err(format!("AccessKeyId is not 1 to {ACCESS_KEY_ID_LIMIT} visible ASCII characters"));
    }
    let expiration = wire.expiration.ok_or_else(|| missing("Expiration"))?;
    let expiration = DateTime::parse_from_rfc3339(expiration.trim())
        .map_err(|_| format!("Expiration is {}, which is no RFC 3339 date", quoted(expiration.trim())))?;
    Ok(Credentials {
        access_key_id: AccessKeyId::new(access_key_id),
        secret_access_key: checked("SecretAccessKey", wire.secret_access_key)?,
        session_token: Some(checked("SessionToken", wire.session_token)?),
        expiration: Some(expiration.with_timezone(&Utc)),
        account_id: result.assumed_role_user.and_then(|user| account_of_arn(user.arn?.trim())),
    })
}

fn missing(what: &str) -> String {
    format!("{what} is missing")
}

fn checked(field: &str, value: Option<Secret>) -> Result<Secret, String> {
    let value = value.ok_or_else(|| missing(field))?;
    if is_visible_ascii(value.expose()) {
        Ok(value)
    } else {
        Err(format!("{field} is empty or holds a character other than visible ASCII"))
    }
}

/// `arn:aws:sts::123456789012:assumed-role/app/session` -> `123456789012`.
pub fn account_of_arn(arn: &str) -> Option<String> {
    let mut parts = arn.split(':');
    (parts.next() == Some("arn")).then_some(())?;
    parts.nth(3).filter(|id| is_account_id(id)).map(str::to_owned)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sources::scripted::damaged;

    pub const GRANTED: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <SourceIdentity>Alice</SourceIdentity>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/app/session</Arn>
      <AssumedRoleId>AROA123EXAMPLE123:session</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <SessionToken>AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==</SessionToken>
      <Expiration>2026-11-09T13:34:41Z</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</AssumeRoleResponse>"#;

    pub fn refused(code: &str, message: &str) -> String {
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        )
    }

    fn problem(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err()
    }

    fn code(text: &str) -> String {
        match parse(text.as_bytes()) {
            Ok(Said::Refused(refusal)) => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_answer_of_the_api_reference_is_read() {
        for text in [GRANTED.to_owned(), GRANTED.replace("AssumeRoleRes", "AssumeRoleWithWebIdentityRes")] {
            let Ok(Said::Granted(credentials)) = parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(credentials.access_key_id.as_str(), "ASIAIOSFODNN7EXAMPLE");
            assert_eq!(credentials.secret_access_key.expose(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY");
            assert!(credentials.session_token.unwrap().expose().starts_with("AQoDYXdzEPT//"));
            assert_eq!(credentials.expiration, Some("2026-11-09T13:34:41Z".parse().unwrap()));
            assert_eq!(credentials.account_id.as_deref(), Some("123456789012"));
        }
    }

    #[test]
    fn errors_are_read_in_both_of_their_forms() {
        assert_eq!(code(&refused("AccessDenied", "no")), "AccessDenied");
        let other =
            "<?xml version=\"1.0\"?>\n<Response><Errors><Error><Code> Throttling </Code></Error></Errors></Response>";
        assert_eq!(code(other), "Throttling");
        assert_eq!(problem("<ErrorResponse><Error></Error></ErrorResponse>"), "Code is missing");
        assert_eq!(problem("<ErrorResponse/>"), "Error is missing");
    }

    #[test]
    fn a_missing_empty_doubled_or_illegal_field_is_no_credentials() {
        for (field, value) in [
            ("AccessKeyId", "ASIAIOSFODNN7EXAMPLE"),
            ("SecretAccessKey", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"),
            ("Expiration", "2026-11-09T13:34:41Z"),
        ] {
            let whole = format!("<{field}>{value}</{field}>");
            assert!(GRANTED.contains(&whole));
            assert_eq!(problem(&GRANTED.replace(&whole, "")), format!("{field} is missing"));
            for bad in ["", " ", "a b", "a&#10;b", "a&#0;b", "\u{e9}"] {
                let error = problem(&GRANTED.replace(&whole, &format!("<{field}>{bad}</{field}>")));
                assert!(error.starts_with(field) || error.starts_with("it is no complete XML"), "{field}: {error}");
            }
            let twice = problem(&GRANTED.replace(&whole, &format!("{whole}{whole}")));
            assert!(twice.starts_with("it is no complete XML"), "{twice}");
        }
        assert!(problem(&GRANTED.replace("ASIAIOSFODNN7EXAMPLE", &"A".repeat(129))).contains("1 to 128"));
        assert_eq!(problem(&GRANTED.replace("Credentials>", "Else>")), "Credentials is missing");
        assert_eq!(problem("<AssumeRoleResponse/>"), "the result is missing");
    }

    #[test]
    fn what_is_no_answer_of_sts_says_so() {
        assert_eq!(problem(" \n"), "it is empty");
        assert_eq!(parse(b"\xff"), Err("it is not UTF-8 from byte 0 of 1 on".into()));
        let deep = "<a>".repeat(20_000);
        for text in ["<html><body>Bad gateway</body></html>", "{}", "null", &GRANTED[..600], &deep, "<!DOCTYPE a>"] {
            assert!(problem(text).starts_with("it is no complete XML as STS writes it"), "{text:.40}");
        }
        let nested = GRANTED.replace("<PackedPolicySize>6", &format!("{}{}6", deep, "</a>".repeat(20_000)));
        let _ = parse(nested.replace("</PackedPolicySize>", "").as_bytes());
    }

    #[test]
    fn an_entity_that_a_document_declares_is_not_expanded() {
        let bomb = GRANTED.replace("ASIAIOSFODNN7EXAMPLE", "&lol;");
        assert!(problem(&format!("<!DOCTYPE a [<!ENTITY lol \"lol\">]>{bomb}")).starts_with("it is no complete XML"));
    }

    #[test]
    fn a_message_is_shown_without_what_was_sent() {
        let token = Secret::new("eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDB9.c2lnbmF0dXJl");
        let message = format!(
            "1 validation error detected: Value '{}' at 'webIdentityToken' failed:\nx-amz-security-token:{}\n\u{7}(role \
             arn:aws:iam::123456789012:role/app)",
            &token.expose()[..40],
            token.expose()
        );
        let shown = Refusal::new("ValidationError", &message).told(&[&token]);
        assert_eq!(
            shown,
            "1 validation error detected: Value *** at 'webIdentityToken' failed: *** (role \
             arn:aws:iam::123456789012:role/app)"
        );
        assert_eq!(Refusal::new("A", "the token abc is bad").told(&[&Secret::new("abc")]), "the token *** is bad");
        assert_eq!(Refusal::new("A", "plain").told(&[&Secret::new("")]), "plain");
        let long = Refusal::new("A", &"word ".repeat(10_000)).told(&[]);
        assert!(long.len() <= MESSAGE_LIMIT + 3 && long.ends_with("..."));
        let refusal = Refusal::new("Bad\n<Code>", "wJalrSecret");
        assert_eq!((refusal.code.as_str(), format!("{refusal:?}").contains("wJalr")), ("BadCode", false));
    }

    #[test]
    fn a_form_is_encoded_as_a_form() {
        let mut form = Form::new("AssumeRole", 0);
        form.put("RoleArn", "arn:aws:iam::1:role/a+b c&d=é");
        form.put_if("ExternalId", None);
        form.put_if("Policy", Some("{}"));
        assert_eq!(
            form.finish().expose(),
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%2Bb+c%26d%3D%C3%A9&Policy=%7B%7D"
        );
    }

    #[test]
    fn the_account_is_that_of_the_arn() {
        assert_eq!(account_of_arn("arn:aws:sts::123456789012:assumed-role/a/b").as_deref(), Some("123456789012"));
        for other in ["", "arn", "arn:aws:sts::evil.example:x", "arn:aws:sts", "123456789012"] {
            assert_eq!(account_of_arn(other), None);
        }
    }

    fn judge(body: &[u8]) {
        match parse(body) {
            Ok(Said::Granted(credentials)) => {
                assert!(is_visible_ascii(credentials.access_key_id.as_str()));
                assert!(is_visible_ascii(credentials.secret_access_key.expose()));
                assert!(is_visible_ascii(credentials.session_token.unwrap().expose()));
            }
            Ok(Said::Refused(refusal)) => {
                let shown = refusal.told(&[]);
                assert!(!shown.chars().any(char::is_control) && shown.len() <= 4 * MESSAGE_LIMIT + 3);
            }
            Err(problem) => assert!(!problem.contains("wJalrX") && !problem.contains("AQoDYX"), "{problem}"),
        }
    }

    /// What XML is sensitive to.
    fn markup() -> impl Strategy<Value = u8> {
        prop::sample::select(&b"<>/&;\"'![]-? \n\0\xffa0"[..])
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 20 } else { 10_000 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn no_byte_sequence_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..600)) {
            judge(&body);
        }

        #[test]
        fn no_mutation_of_an_answer_makes_it_panic_or_tell(
            granted in damaged(GRANTED, markup()),
            refused in damaged(&refused("AccessDenied", "User: arn:aws:iam::123456789012:user/a is not authorized"), markup()),
        ) {
            judge(&granted);
            judge(&refused);
        }

        #[test]
        fn nothing_of_a_secret_is_told(
            secret in "[A-Za-z0-9+/=_.-]{12,200}", before in "\\PC{0,20}|[\\x00-\\x7f]{0,20}", from in 0..50_usize,
        ) {
            let part = secret.get(from.min(secret.len() - 12)..).unwrap_or(&secret);
            let shown = Refusal::new("A", &format!("{before}{part}{before}")).told(&[&Secret::new(secret.clone())]);
            prop_assert!(!shown.contains(&part[..12]), "{}", shown);
        }
    }
}
