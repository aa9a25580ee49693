//! The files in which the AWS CLI keeps the tokens of `aws sso login` and `aws login`: one JSON object each, read anew at
//! each asking, and written back so that the CLI and the SDKs go on with it (fields that mean nothing here included).

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use super::document::{self, Flaw};
use crate::blocking::{Kind, blocking};
use crate::credentials::Secret;
use crate::error::{FetchError, FetchErrorKind};

/// The CLI's files have a few kilobytes.
const FILE_LIMIT: u64 = 256 * 1024;
/// For one look at a file, and for one writing.
const FILE_TIME: Duration = Duration::from_secs(3);

/// One JSON object of such a file. Its texts are wiped when it is dropped; `Debug` shows its fields' names only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CachedToken(Map<String, Value>);

/// Why there is none.
#[derive(Debug)]
pub enum Unreadable {
    /// Nobody has logged in here, or somebody has logged out.
    Absent,
    /// It cannot be read; the system's words.
    Failed(io::Error),
    /// It is no such file, or half-written.
    Flawed(Flaw),
}

impl Unreadable {
    /// What is half-written will soon be whole.
    pub fn kind(&self) -> FetchErrorKind {
        match self {
            Unreadable::Absent | Unreadable::Failed(_) => FetchErrorKind::NonRecoverable,
            Unreadable::Flawed(flaw) => flaw.kind,
        }
    }

    pub fn problem(&self) -> String {
        match self {
            Unreadable::Absent => "there is no such file: nobody is logged in".to_owned(),
            Unreadable::Failed(error) => error.to_string(),
            Unreadable::Flawed(flaw) => flaw.problem.clone(),
        }
    }
}

impl CachedToken {
    pub fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        document::json(bytes).map(CachedToken)
    }

    async fn read(path: &Path, what: &str) -> Result<Result<Self, Unreadable>, FetchError> {
        let path = path.to_owned();
        blocking(Kind::File, FILE_TIME, what, move || read(&path)).await
    }

    async fn write(&self, path: &Path, what: &str) -> Result<io::Result<()>, FetchError> {
        let (path, token) = (path.to_owned(), self.clone());
        blocking(Kind::File, FILE_TIME, what, move || write(&path, &token)).await
    }

    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str().filter(|text| !text.is_empty())
    }

    pub fn secret(&self, field: &str) -> Option<Secret> {
        self.text(field).map(Secret::new)
    }

    pub fn date(&self, field: &str) -> Option<DateTime<Utc>> {
        date(self.text(field)?)
    }

    /// An object inside of it.
    pub fn inner(&self, field: &str) -> Option<CachedToken> {
        Some(CachedToken(self.0.get(field)?.as_object()?.clone()))
    }

    pub fn set(&mut self, field: &str, value: impl Into<Value>) {
        if let Some(mut old) = self.0.insert(field.to_owned(), value.into()) {
            wipe(&mut old);
        }
    }

    pub fn set_inner(&mut self, field: &str, inner: &CachedToken) {
        self.set(field, Value::Object(inner.0.clone()));
    }

    /// As the AWS CLI writes dates.
    pub fn set_date(&mut self, field: &str, date: DateTime<Utc>) {
        self.set(field, date.to_rfc3339_opts(SecondsFormat::Secs, true));
    }
}

/// One such file, and a renewed token that is not in it (yet): the file cannot be written, or writing was cancelled. It
/// must not be lost, as the refresh token that it was made from may be void.
pub struct TokenFile {
    path: PathBuf,
    /// By what a token is told from another.
    key: fn(&CachedToken) -> Option<Secret>,
    unwritten: Mutex<Option<Unwritten>>,
}

struct Unwritten {
    /// The key of the token in the file. Another one there, and this is history.
    replaces: Option<Secret>,
    token: CachedToken,
}

impl TokenFile {
    pub fn new(path: PathBuf, key: fn(&CachedToken) -> Option<Secret>) -> Self {
        TokenFile { path, key, unwritten: Mutex::default() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest token there is. `what` is for the error of a file that does not answer.
    pub async fn read(&self, what: &str) -> Result<Result<CachedToken, Unreadable>, FetchError> {
        let token = match CachedToken::read(&self.path, what).await? {
            Ok(token) => token,
            Err(why) => return Ok(Err(why)),
        };
        let mut unwritten = self.unwritten();
        match &*unwritten {
            Some(held) if held.replaces == (self.key)(&token) => Ok(Ok(held.token.clone())),
            _ => {
                *unwritten = None;
                Ok(Ok(token))
            }
        }
    }

    /// Puts what `renew` makes of `old` in its place, and gives it; or gives what another process has put there
    /// meanwhile, if `suffices`. A file that cannot be written is told to the log, and the token kept here.
    pub async fn replace(
        &self,
        old: &CachedToken,
        renew: impl Fn(&mut CachedToken),
        suffices: impl FnOnce(&CachedToken) -> bool,
        what: &str,
    ) -> Result<CachedToken, FetchError> {
        let mut renewed = old.clone();
        renew(&mut renewed);
        // First of all, as this may be cancelled at every wait.
        let replaces = self.replaced_by((self.key)(old));
        *self.unwritten() = Some(Unwritten { replaces: replaces.clone(), token: renewed.clone() });
        // Other processes may have changed fields that mean nothing here.
        let mut written = match CachedToken::read(&self.path, what).await? {
            Ok(current) if (self.key)(&current) == replaces => current,
            Ok(current) if suffices(&current) => {
                *self.unwritten() = None;
                return Ok(current);
            }
            _ => old.clone(),
        };
        renew(&mut written);
        match written.write(&self.path, what).await? {
            Ok(()) => *self.unwritten() = None,
            Err(error) => {
                tracing::warn!("{what}: {error}. It is kept in memory, and only this process goes on with it.")
            }
        }
        Ok(renewed)
    }

    /// The key in the file, where the token with this key was taken from.
    fn replaced_by(&self, key: Option<Secret>) -> Option<Secret> {
        match &*self.unwritten() {
            Some(held) if (self.key)(&held.token) == key => held.replaces.clone(),
            _ => key,
        }
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<Unwritten>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// RFC 3339; early versions of the AWS CLI wrote `UTC` in the place of `Z`.
fn date(text: &str) -> Option<DateTime<Utc>> {
    match text.strip_suffix("UTC") {
        Some(local) => document::instant(&format!("{local}Z")),
        None => document::instant(text),
    }
}

impl Drop for CachedToken {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl fmt::Debug for CachedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn read(path: &Path) -> Result<CachedToken, Unreadable> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Unreadable::Absent,
        _ => Unreadable::Failed(error),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path).and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Unreadable::Failed(io::Error::other(format!("it is longer than {FILE_LIMIT} bytes"))));
    }
    CachedToken::parse(&bytes).map_err(Unreadable::Flawed)
}

/// Into a file beside it first, so that a reader finds the old one or the new one and never half of one.
fn write(path: &Path, token: &CachedToken) -> io::Result<()> {
    let text = Zeroizing::new(serde_json::to_vec(&token.0)?);
    let beside = beside(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()
    });
    let outcome = written.and_then(|()| fs::rename(&beside, path));
    if outcome.is_err() {
        let _ = fs::remove_file(&beside);
    }
    outcome
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.tmp", fastrand::u64(..)));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_keeps_what_means_nothing_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0123.json");
        fs::write(&path, r#"{"accessToken":"old","scopes":["a"],"more":{"n":1.5}}"#).unwrap();
        let mut token = read(&path).unwrap();
        token.set("accessToken", "new");
        token.set_date("expiresAt", "2026-04-26T22:39:16.75Z".parse().unwrap());
        write(&path, &token).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            serde_json::json!({"accessToken":"new","scopes":["a"],"more":{"n":1.5},"expiresAt":"2026-04-26T22:39:16Z"})
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        // A folder in the file's place.
        let path = folder.path().join("0123.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("x"), "").unwrap();
        assert!(write(&path, &CachedToken::default()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(matches!(read(&folder.path().join("absent")), Err(Unreadable::Absent)));
        assert!(matches!(read(&path), Err(Unreadable::Failed(_))));
    }

    #[test]
    fn the_dates_of_every_version_of_the_cli_are_read() {
        let expected = "2026-04-26T22:39:16Z".parse().ok();
        for text in ["2026-04-26T22:39:16Z", "2026-04-26T22:39:16UTC", "2026-04-26T22:39:16+00:00"] {
            assert_eq!(date(text), expected, "{text}");
        }
        assert_eq!(date("UTC"), None);
    }

    #[test]
    fn debug_shows_names_only() {
        let token = CachedToken::parse(br#"{"accessToken":"wJalr","expiresAt":"x"}"#).unwrap();
        assert_eq!(format!("{token:?}"), r#"{"accessToken", "expiresAt"}"#);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_byte_sequence_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,30}") {
            if let Ok(token) = CachedToken::parse(&bytes) {
                token.date("expiresAt");
            }
            date(&text);
        }
    }
}
