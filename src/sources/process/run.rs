//! One run of a command: what it gives, why it gives nothing, and the line by which it is told that nobody waits any more.

use std::io::{self, PipeReader, PipeWriter};
use std::process::ExitStatus;

use zeroize::Zeroizing;

#[cfg(not(unix))]
pub use super::portable::run;
#[cfg(unix)]
pub use super::unix::run;

/// The Java SDKs allow 64,000 bytes.
pub const OUTPUT_LIMIT: usize = 64 * 1024;
/// Enough to show one kilobyte after what is secret has been taken out.
const STDERR_KEPT: usize = 4 * 1024;

pub struct Output {
    pub status: ExitStatus,
    pub stdout: Zeroizing<Vec<u8>>,
    pub stderr: Tail,
}

#[derive(Debug)]
pub enum Failure {
    CannotStart(io::Error),
    /// More than [`OUTPUT_LIMIT`].
    TooMuch,
    /// The [`Lifeline`] was dropped.
    Unwanted,
    Broken(io::Error),
}

/// Held by whoever waits for the output. Dropped, the command is killed with all that it started.
pub struct Lifeline {
    _end: PipeWriter,
}

/// The other end: it becomes readable when the line is cut. Threads that run a command hold it.
pub struct Watch(pub(super) PipeReader);

impl Lifeline {
    /// A pipe that no child inherits (std makes it so).
    pub fn new() -> io::Result<(Lifeline, Watch)> {
        let (reader, writer) = io::pipe()?;
        Ok((Lifeline { _end: writer }, Watch(reader)))
    }
}

/// What was written to standard output, within its limit. Allocated once, so that growing leaves no copy behind.
pub(super) struct Collected(Zeroizing<Vec<u8>>);

impl Collected {
    pub fn new() -> Self {
        Collected(Zeroizing::new(Vec::with_capacity(OUTPUT_LIMIT)))
    }

    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        if chunk.len() > OUTPUT_LIMIT - self.0.len() {
            return Err(Failure::TooMuch);
        }
        self.0.extend_from_slice(chunk);
        Ok(())
    }

    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// The end of what was written to standard error.
#[derive(Default)]
pub struct Tail {
    pub bytes: Zeroizing<Vec<u8>>,
    /// There was more before it.
    pub cut: bool,
}

impl Tail {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        if let Some(excess) = self.bytes.len().checked_sub(STDERR_KEPT).filter(|excess| *excess > 0) {
            self.bytes.drain(..excess);
            self.cut = true;
        }
    }
}
