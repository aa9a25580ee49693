//! Pure: what the documents that carry credentials have in common, whoever hands them out (IMDS, a container's agent, a
//! process). Total on every input; no text of an error quotes a field that may be secret.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::fields::is_visible_ascii;
use crate::config::quoted;
use crate::credentials::{AccessKeyId, Secret};
use crate::error::FetchErrorKind;

/// Why a document is no use. The problem completes "the credentials document is of no use: ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub kind: FetchErrorKind,
    pub problem: String,
    pub fix: Option<&'static str>,
}

/// STS's own bounds are 16 to 128; emulators use shorter ones.
const ACCESS_KEY_ID_LIMIT: usize = 128;

pub fn malformed(problem: impl Into<String>) -> Flaw {
    Flaw { kind: FetchErrorKind::Transient, problem: problem.into(), fix: None }
}

pub fn missing(field: &str) -> Flaw {
    malformed(format!("{field} is missing"))
}

/// Reads JSON. Read from bytes, a field that is of no interest would pass with anything in it: the sign of a damaged
/// document; so the whole has to be UTF-8.
pub fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Flaw> {
    let text = std::str::from_utf8(body).map_err(|error| {
        malformed(format!("it is not UTF-8 from byte {} of {} on", error.valid_up_to(), body.len()))
    })?;
    serde_json::from_str(text).map_err(|error| not_understood(body, &error))
}

/// serde_json's own text may quote a value, so only the place is told.
fn not_understood(body: &[u8], error: &serde_json::Error) -> Flaw {
    if body.trim_ascii().is_empty() {
        return malformed("it is empty");
    }
    let what = if error.is_data() { "a field has the wrong type" } else { "it is no complete JSON" };
    malformed(format!("{what} (line {}, column {}, {} bytes)", error.line(), error.column(), body.len()))
}

/// For `#[serde(default, deserialize_with = "document::secret")]`.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

pub fn access_key_id(field: &str, value: Option<String>) -> Result<AccessKeyId, Flaw> {
    let value = value.ok_or_else(|| missing(field))?;
    if !is_visible_ascii(&value) || value.len() > ACCESS_KEY_ID_LIMIT {
        return Err(malformed(format!("{field} is not 1 to {ACCESS_KEY_ID_LIMIT} visible ASCII characters")));
    }
    Ok(AccessKeyId::new(value))
}

/// A secret that is there and can travel in a header.
pub fn visible(field: &str, value: Option<Secret>) -> Result<Secret, Flaw> {
    let value = value.ok_or_else(|| missing(field))?;
    if is_visible_ascii(value.expose()) {
        Ok(value)
    } else {
        Err(malformed(format!("{field} is empty or holds a character other than visible ASCII")))
    }
}

/// RFC 3339, fraction or not; also the zone without a colon that SDK v1 still knows (`+0000`).
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()
        .map(|instant| instant.with_timezone(&Utc))
}

/// The same for a field that has to be one.
pub fn date(field: &str, text: &str) -> Result<DateTime<Utc>, Flaw> {
    instant(text).ok_or_else(|| malformed(format!("{field} is {}, which is no RFC 3339 date", quoted(text))))
}
