//! By what a changed file is noticed: a look at it, without reading it.

use std::path::Path;
use std::time::SystemTime;

/// What the file system says of a file, symbolic links followed. Differs after each replacement, truncation and write;
/// two writes within the file system's own resolution that leave the length as it was look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp(Option<Seen>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Seen {
    length: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and the time of the last change to it: a file that was moved here with its old time is another one.
    identity: [i64; 4],
}

impl Stamp {
    /// Of a file that is not there, or cannot be looked at.
    pub const ABSENT: Stamp = Stamp(None);

    /// May block, as all that touches files may.
    pub fn of(file: &Path) -> Stamp {
        Stamp(std::fs::metadata(file).ok().map(|metadata| Seen {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            identity: identity(&metadata),
        }))
    }
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().cast_signed(), metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
}

#[cfg(not(unix))]
fn identity(metadata: &std::fs::Metadata) -> [i64; 4] {
    let nanos = |time: std::io::Result<SystemTime>| {
        let since = time.ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_nanos()).ok()
    };
    [nanos(metadata.created()).unwrap_or_default(), 0, 0, 0]
}
