//! The answers of the instance metadata service, in the order in which they are asked for: token, list of roles,
//! document, or whatever it comes to. Between two of them stands a line `---`. The first line of each is its status,
//! then, if given, the seconds of the token's life and those of `Retry-After`; `-` in its place is a broken answer, `?`
//! none at all. What follows is its body.

use std::time::Duration;

use evercreds::config::is_role_name;
use evercreds::error::FetchError;
use evercreds::http::TransportError;
use evercreds::sources::Answer;
use serde_json::Value;

use super::memory::{Memory, Outcome, fetches, response};

pub fn run(data: &[u8]) {
    let parts = split(data);
    let bodies: Vec<&[u8]> = parts.iter().map(|part| body(part)).collect();
    for result in fetches(3, Memory::new(parts.iter().map(|part| outcome(part)))) {
        match result {
            Ok(answer) => {
                is_sound(&answer);
                let whole = bodies.iter().any(|body| Whole::read(body).is_some_and(|whole| whole.is(&answer)));
                assert!(whole || bodies.iter().any(|body| is_odd(body)), "{answer:?}");
            }
            Err(error) => tells_no_secret(&error, data, &bodies),
        }
    }
}

fn split(data: &[u8]) -> Vec<&[u8]> {
    const LINE: &[u8] = b"\n---\n";
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(LINE.len()).position(|window| window == LINE) {
        parts.push(&rest[..at]);
        rest = &rest[at + LINE.len()..];
    }
    parts.push(rest);
    parts
}

fn head(part: &[u8]) -> &[u8] {
    part.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn body(part: &[u8]) -> &[u8] {
    part.get(head(part).len() + 1..).unwrap_or_default()
}

fn outcome(part: &[u8]) -> Outcome {
    let head = String::from_utf8_lossy(head(part));
    let mut words = head.split_ascii_whitespace();
    let status = match words.next() {
        Some("?") => return None,
        Some("-") => return Some(Err(TransportError::Broken("scripted".into()))),
        Some(word) => word.parse().unwrap_or(200),
        None => 200,
    };
    let mut seconds = || words.next().and_then(|word| word.parse().ok()).map(Duration::from_secs);
    let mut response = response(status, body(part));
    response.token_ttl = seconds();
    response.retry_after = seconds();
    Some(Ok(response))
}

/// The document once more, read by other means and without any doubt: what a set must be equal to.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    pub key: String,
    pub secret: String,
    pub token: String,
    pub expiration: String,
}

impl Whole {
    pub fn read(body: &[u8]) -> Option<Whole> {
        let document: Value = serde_json::from_slice(body).ok()?;
        let text = |name: &str| document.get(name)?.as_str().map(str::to_owned);
        (["Code", "code"].iter().all(|name| {
            matches!(document.get(*name), None | Some(Value::Null)) || text(name).as_deref() == Some("Success")
        }))
        .then(|| {
            Some(Whole {
                key: text("AccessKeyId")?,
                secret: text("SecretAccessKey")?,
                token: text("Token")?,
                expiration: text("Expiration")?,
            })
        })
        .flatten()
    }

    pub fn is(&self, answer: &Answer) -> bool {
        let credentials = &answer.credentials;
        self.key == credentials.access_key_id.as_str()
            && self.secret == credentials.secret_access_key.expose()
            && Some(self.token.as_str()) == credentials.session_token.as_ref().map(|token| token.expose())
    }
}

/// JSON by its grammar, but for the reader by other means (a number beyond all bounds, half a surrogate pair).
fn is_odd(body: &[u8]) -> bool {
    let text = std::str::from_utf8(body).unwrap_or_default();
    serde_json::from_str::<Value>(text).is_err() && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// What is accepted can stand in a header, in a log and in the calculations of the refresh rules.
pub fn is_sound(answer: &Answer) {
    let visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let credentials = &answer.credentials;
    assert!(visible(credentials.access_key_id.as_str()) && visible(credentials.secret_access_key.expose()));
    assert!(credentials.session_token.as_ref().is_some_and(|token| visible(token.expose())));
    assert!(credentials.expiration.is_some());
    assert!(is_role_name(&answer.identity.name));
    assert!(credentials.account_id.as_deref().is_none_or(|id| id.len() == 12 && id.parse::<u64>().is_ok()));
    assert!(answer.nominal_life.is_none_or(|life| !life.is_zero() && life <= Duration::from_secs(36 * 3600)));
}

const MARK: &str = "wJalrXUtnFEMI";

/// An error never shows a secret. To be one, the mark stands in the place of one and nowhere else: code, message and date
/// of a document and the first line of a list are shown on purpose.
fn tells_no_secret(error: &FetchError, data: &[u8], bodies: &[&[u8]]) {
    let marks = data.windows(MARK.len()).filter(|window| *window == MARK.as_bytes()).count();
    let secret = bodies.iter().any(|body| {
        let Ok(Value::Object(document)) = serde_json::from_slice(body) else { return false };
        let marked = |value: &Value| value.as_str().is_some_and(|text| text.contains(MARK));
        document.get("SecretAccessKey").is_some_and(marked)
            && document.iter().all(|(name, value)| name == "SecretAccessKey" || !marked(value))
    });
    let shown = format!("{error} {error:?}");
    assert!(marks != 1 || !secret || !shown.contains(MARK), "{shown}");
    assert!(shown.len() < 4096 && !shown.chars().any(char::is_control), "{shown:?}");
}
