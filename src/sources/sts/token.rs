//! The file of a web identity token: what is in it now, when it was written, and until when the token says it is good.
//!
//! The file is replaced by others at any time (the kubelet swaps a symbolic link), so it is read anew at each asking. The
//! token is never checked, only shown: whether it is good is for STS to say.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::error::{FetchError, FetchErrorKind};
use crate::sources::blocking::{Kind, blocking};
use crate::sources::fields::is_visible_ascii;

/// STS takes tokens of up to 20,000 characters.
const LIMIT: usize = 64 * 1024;
/// A file on a dead network drive.
const READ_LIMIT: Duration = Duration::from_secs(3);
/// Between the old file and the new one there may be none, or an empty one, for an instant.
const ROTATION: Duration = Duration::from_millis(250);

pub struct Token {
    pub text: Secret,
    /// By the file system; `None` where it does not say.
    pub written: Option<DateTime<Utc>>,
}

/// Why there is no token.
#[derive(Debug, PartialEq, Eq)]
enum Lack {
    Absent,
    Empty,
    NoFile,
    TooLarge,
    NoToken,
    Unreadable(io::ErrorKind),
}

/// The token in `file`; once more a moment later where there is none. `Err` names the file and never what is in it.
pub async fn read(file: &Path) -> Result<Token, FetchError> {
    match read_once(file).await? {
        Err(Lack::Absent | Lack::Empty) => {
            tokio::time::sleep(ROTATION).await;
            read_once(file).await?.map_err(|lack| error(file, &lack))
        }
        other => other.map_err(|lack| error(file, &lack)),
    }
}

async fn read_once(file: &Path) -> Result<Result<Token, Lack>, FetchError> {
    let path = file.to_owned();
    blocking(Kind::File, READ_LIMIT, &name(file), move || read_now(&path)).await
}

fn read_now(path: &PathBuf) -> Result<Token, Lack> {
    let trouble = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Lack::Absent,
        other => Lack::Unreadable(other),
    };
    // Opening anything else may take for ever (a pipe).
    if !fs::metadata(path).map_err(trouble)?.is_file() {
        return Err(Lack::NoFile);
    }
    let file = File::open(path).map_err(trouble)?;
    let written = file.metadata().and_then(|metadata| metadata.modified()).ok();
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    file.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(trouble)?;
    if bytes.len() > LIMIT {
        return Err(Lack::TooLarge);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Lack::NoToken)?.trim();
    if text.is_empty() {
        return Err(Lack::Empty);
    }
    if !is_visible_ascii(text) {
        return Err(Lack::NoToken);
    }
    let written = written.and_then(|time| {
        let since = time.duration_since(UNIX_EPOCH).ok()?;
        DateTime::from_timestamp(i64::try_from(since.as_secs()).ok()?, 0)
    });
    Ok(Token { text: Secret::new(text), written })
}

pub fn name(file: &Path) -> String {
    format!("web identity token file {}", file.display().to_string().escape_debug())
}

fn error(file: &Path, lack: &Lack) -> FetchError {
    const WAITED: &str = "also after a moment";
    let (kind, text) = match lack {
        Lack::Absent => (FetchErrorKind::Transient, format!("there is none, {WAITED}")),
        Lack::Empty => (FetchErrorKind::Transient, format!("it is empty, {WAITED}")),
        Lack::NoFile => (FetchErrorKind::NonRecoverable, "it is a folder, a pipe or a device".into()),
        Lack::TooLarge => (FetchErrorKind::NonRecoverable, format!("it is longer than {LIMIT} bytes")),
        Lack::NoToken => (
            FetchErrorKind::Transient,
            "what it holds is no token: there is a space, a line break or something that is no ASCII in it".into(),
        ),
        Lack::Unreadable(kind @ io::ErrorKind::PermissionDenied) => (FetchErrorKind::NonRecoverable, kind.to_string()),
        Lack::Unreadable(kind) => (FetchErrorKind::Transient, kind.to_string()),
    };
    FetchError::new(kind, format!("{}: {text}", name(file))).with_fix(
        "check that whoever writes the file does so, that the path is right (AWS_WEB_IDENTITY_TOKEN_FILE, \
         aws.webIdentityTokenFile, web_identity_token_file), and that this process may read it; it is read anew at each \
         attempt.",
    )
}

/// Until when a token says it is good (`exp` of a JWT). Reads the claim and checks nothing; `None` for whatever is no JWT
/// or does not say. Public for those that feed it with anything.
#[doc(hidden)]
pub fn expiry(token: &str) -> Option<DateTime<Utc>> {
    /// Seconds since 1970, whole or not (RFC 7519, NumericDate).
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let payload = token.split('.').nth(1)?;
    let json = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    let claims: Claims = serde_json::from_slice(&json).ok()?;
    // What does not fit saturates, and is refused by chrono.
    DateTime::from_timestamp(claims.exp as i64, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jwt(claims: &str) -> String {
        format!("eyJhbGciOiJFUzI1NiJ9.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_end_of_a_token_is_read_and_nothing_else_is_needed() {
        let end = DateTime::from_timestamp(1_800_000_000, 0);
        assert_eq!(expiry(&jwt(r#"{"iss":"https://oidc","exp":1800000000,"aud":["sts.amazonaws.com"]}"#)), end);
        assert_eq!(expiry(&jwt(r#"{"exp":1800000000.75}"#)), end);
        assert_eq!(expiry(&format!("{}==", jwt(r#"{"exp":1800000000}"#))), end);
        for other in [
            jwt(r#"{"exp":"1800000000"}"#),
            jwt(r#"{"exp":null}"#),
            jwt(r#"{"exp":1e300}"#),
            jwt(r#"{"exp":-1e300}"#),
            jwt("{}"),
            jwt("[]"),
            "opaque".into(),
            "a.b".into(),
            "..".into(),
            "a.%%%.c".into(),
            String::new(),
        ] {
            assert_eq!(expiry(&other), None, "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_token_makes_it_panic(token in "\\PC{0,80}|[\\x00-\\x7f]{0,80}", exp in any::<f64>(), claims in "\\PC{0,40}") {
            let _ = expiry(&token);
            let _ = expiry(&jwt(&format!(r#"{{"exp":{exp}}}"#)));
            let _ = expiry(&jwt(&claims));
        }
    }
}
