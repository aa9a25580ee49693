//! Where the two files are, and their text: read anew each time, as a whole, and not while somebody writes them.
//!
//! A file that is written in place (truncated, then written) is seen half-written by those who read at the wrong moment,
//! and half a secret looks like a secret. So a file that changed within the last moments is read again until it has
//! stayed the same; one that is replaced by renaming costs that one pause at most.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::parse::{Flaw, Kind};
use crate::aws_clock::clock::Clock;
use crate::blocking::{self, blocking};
use crate::config::{Inputs, Order, names, quoted};
use crate::error::FetchError;
use crate::sources::stamp::Stamp;

/// The longest file that is read.
const LIMIT: u64 = 1 << 20;
/// For both files together; a network drive that hangs is given up then.
const READ_LIMIT: Duration = Duration::from_secs(5);
/// A file that has not changed for this long is not being written.
const QUIET: Duration = Duration::from_secs(2);
/// How long a file that has changed since must stay the same to count as written.
const PAUSE: Duration = Duration::from_millis(100);
/// The same for one that is empty or does not end with the end of a line, as if something were still to come.
const LONGER_PAUSE: Duration = Duration::from_millis(500);
/// How often it is read until then.
const TRIES: u32 = 6;

/// Where the files are (`None`: the home of the user is not known, and nothing names the file).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    pub home: Option<PathBuf>,
    pub credentials: Option<PathBuf>,
    pub config: Option<PathBuf>,
}

impl Places {
    /// As `ProfileFileLocation` of SDK v2 and `AwsProfileFileLocationProvider` of SDK v1 look for them. SDK v1 has a
    /// variable of its own for the credentials file, and knows neither the usual one nor `~`; both are honoured in its
    /// order as well, as nothing else can be meant by them.
    pub fn of(inputs: &Inputs) -> Self {
        let home = home(inputs);
        let place = |named: Option<&str>, file: &str| match named {
            Some(path) => Some(expand(path, home.as_deref())),
            None => home.as_ref().map(|home| home.join(".aws").join(file)),
        };
        let v1_name = names::V1_CREDENTIALS_FILE_VARIABLE;
        let v1 = inputs.environment.get(v1_name).filter(|_| inputs.order == Order::V1);
        let credentials = v1.or_else(|| Some(inputs.setting(names::SHARED_CREDENTIALS_FILE)?.1));
        let config = inputs.setting(names::CONFIG_FILE).map(|(_, path)| path);
        Places { credentials: place(credentials, "credentials"), config: place(config, "config"), home }
    }

    pub fn path(&self, kind: Kind) -> Option<&Path> {
        match kind {
            Kind::Credentials => self.credentials.as_deref(),
            Kind::Config => self.config.as_deref(),
        }
    }
}

/// The folder of the user. SDK v1 asks the JVM alone; SDK v2 asks as the AWS CLI does, and the JVM last.
fn home(inputs: &Inputs) -> Option<PathBuf> {
    let variable = |name| inputs.environment.get(name);
    let mut found = None;
    if inputs.order == Order::V2 {
        found = variable(names::HOME_VARIABLE).map(PathBuf::from);
        if cfg!(windows) {
            let windows = || {
                let drive_and_path =
                    || Some([variable(names::HOMEDRIVE_VARIABLE)?, variable(names::HOMEPATH_VARIABLE)?]);
                let profile = variable(names::USERPROFILE_VARIABLE).map(PathBuf::from);
                profile.or_else(|| Some(PathBuf::from(drive_and_path()?.concat())))
            };
            found = found.or_else(windows);
        }
    }
    found.or_else(|| inputs.properties.get(names::USER_HOME_PROPERTY).map(PathBuf::from))
}

/// `~/` stands for the home; `~name/` does not stand for anybody's.
pub fn expand(path: &str, home: Option<&Path>) -> PathBuf {
    let rest = path.strip_prefix("~/").or_else(|| path.strip_prefix("~\\").filter(|_| cfg!(windows)));
    match (rest, home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// The text of each file; `None`: there is no such file (or what is there is no file).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    pub credentials: Option<Text>,
    pub config: Option<Text>,
    /// Files that are there, and that this process may not read.
    pub denied: Vec<PathBuf>,
}

impl Texts {
    pub fn all(&self) -> impl Iterator<Item = &Text> {
        [&self.credentials, &self.config].into_iter().flatten()
    }
}

/// Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    bytes: Zeroizing<Vec<u8>>,
    changed: Option<SystemTime>,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

/// A text of which it is not known when it changed.
impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Text { bytes: Zeroizing::new(bytes.to_vec()), changed: None }
    }
}

impl Text {
    /// What is not UTF-8 in it is replaced, as Java does.
    pub fn decoded(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.bytes).into_owned())
    }

    /// Nothing but space: what an editor or a tool leaves while it has only begun to write.
    pub fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }

    fn looks_finished(&self) -> bool {
        self.bytes.ends_with(b"\n") || self.bytes.ends_with(b"\r")
    }

    /// A time of change in the future tells nothing, nor does none.
    fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        self.changed
            .and_then(|changed| now.signed_duration_since(DateTime::<Utc>::from(changed)).to_std().ok())
            .is_some_and(|age| age >= QUIET)
    }
}

/// What a look at both files brought.
#[derive(Debug, PartialEq, Eq)]
pub struct Look {
    /// Each file as it was just before it was read: a change that comes later is seen by comparing.
    pub stamps: Vec<(PathBuf, Stamp)>,
    /// Errors are transient: a file that cannot be read may be one that is being replaced.
    pub texts: Result<Texts, FetchError>,
}

/// Reads both files. `Err` when they cannot even be looked at in time.
pub async fn read(places: &Places, clock: &dyn Clock) -> Result<Look, FetchError> {
    let mut look = look(places).await?;
    for _ in 0..TRIES {
        let now = clock.read().wall;
        let unquiet = || look.texts.iter().flat_map(Texts::all).filter(|text| !text.is_quiet(now));
        if unquiet().next().is_none() {
            return Ok(look);
        }
        let pause = if unquiet().all(Text::looks_finished) { PAUSE } else { LONGER_PAUSE };
        tokio::time::sleep(pause).await;
        let after = self::look(places).await?;
        if after == look {
            return Ok(after);
        }
        look = after;
    }
    let files: Vec<_> = [&places.credentials, &places.config].into_iter().flatten().map(|path| shown(path)).collect();
    look.texts = Err(FetchError::transient(format!("{}: changed each time that they were read", files.join(" and ")))
        .with_fix("write the file elsewhere and move it into its place when it is complete."));
    Ok(look)
}

async fn look(places: &Places) -> Result<Look, FetchError> {
    let Places { credentials, config, .. } = places.clone();
    let look = move || {
        let paths = [&credentials, &config].into_iter().flatten();
        let stamps = paths.map(|path| (path.clone(), Stamp::of(path))).collect();
        let mut denied = Vec::new();
        let texts =
            text(credentials, &mut denied).and_then(|credentials| Ok((credentials, text(config, &mut denied)?)));
        Look { stamps, texts: texts.map(|(credentials, config)| Texts { credentials, config, denied }) }
    };
    blocking(blocking::Kind::File, READ_LIMIT, "reading the profile files", look).await
}

fn text(path: Option<PathBuf>, denied: &mut Vec<PathBuf>) -> Result<Option<Text>, FetchError> {
    let Some(path) = path else { return Ok(None) };
    match file(&path) {
        Ok(text) => Ok(text),
        Err(error) if is_absent(&error) => Ok(None),
        // As both SDKs take it: a file of another user's is none of ours.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            denied.push(path);
            Ok(None)
        }
        Err(error) => Err(unreadable(&path, &error)),
    }
}

/// In the operating system's words; they name no content.
fn unreadable(path: &Path, error: &io::Error) -> FetchError {
    FetchError::transient(format!("{}: cannot be read: {error}", shown(path)))
        .with_fix("put a file there that can be read, or remove what is there.")
}

/// One file in one go. A pipe or a device would block for ever and is no profile file; both SDKs pass it by, too.
fn file(path: &Path) -> io::Result<Option<Text>> {
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let opened = File::open(path)?;
    let metadata = opened.metadata()?;
    // Room for all of it at once, as a buffer that grows leaves its old bytes behind.
    let room = usize::try_from(metadata.len().min(LIMIT)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    opened.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other(format!("it is longer than {LIMIT} bytes")));
    }
    Ok(Some(Text { bytes, changed: metadata.modified().ok() }))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A path for an error: on one line, of bounded length.
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = text.chars().count() <= 200 && !text.chars().any(char::is_control);
    if plain { text.into_owned() } else { quoted(&text) }
}

/// The error for a file whose text is none.
pub fn flawed(places: &Places, kind: Kind, flaw: &Flaw) -> FetchError {
    let path = places.path(kind).map(shown).unwrap_or_default();
    FetchError::transient(format!("{path}: line {}: {}", flaw.line, flaw.problem))
        .with_fix("mend the line; if a tool writes this file, it may have been interrupted.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_home_of_this_user_is_meant_by_a_tilde() {
        let home = Some(Path::new("/h"));
        for (path, expected) in [("~/a", "/h/a"), ("~me/a", "~me/a"), ("~", "~"), ("/a~/b", "/a~/b"), ("a", "a")] {
            assert_eq!(expand(path, home), Path::new(expected));
        }
        assert_eq!(expand("~/a", None), Path::new("~/a"));
    }

    #[test]
    fn a_path_in_an_error_stays_on_one_line() {
        assert_eq!(shown(Path::new("/a\nb")), r#""/a\nb""#);
        assert!(shown(Path::new(&"x".repeat(10_000))).len() < 200);
    }
}
