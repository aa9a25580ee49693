//! Running a command where there are process groups: one thread, which looks at both outputs and at the lifeline.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use zeroize::Zeroizing;

use super::run::{Collected, Failure, Output, Tail, Watch};
use crate::config::names;

/// How often it is seen whether the command has ended, in milliseconds. (It tells by closing its outputs, unless
/// something that it started holds them open.)
const LOOK_AGAIN: u16 = 50;
/// A pipe holds 64 KiB, 16 reads; both outputs together, twice.
const READS_AFTER_THE_END: u32 = 64;

/// Runs the command until it ends or nobody wants its output any more. What it started and left running, with its
/// outputs open, is left alone where the command itself ended by itself.
pub fn run(command: &str, depth: u32, watch: Watch) -> Result<Output, Failure> {
    // The line may have been cut while this waited for its turn.
    if ready(watch.0.as_fd(), None, None, 0)?.unwanted {
        return Err(Failure::Unwanted);
    }
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).env(names::PROCESS_DEPTH, depth.to_string());
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut group = Group { leader: shell.spawn().map_err(Failure::CannotStart)?, ended: false };
    let (mut stdout, mut stderr) = (group.leader.stdout.take(), group.leader.stderr.take());
    let (mut collected, mut tail) = (Collected::new(), Tail::default());
    let mut ended: Option<ExitStatus> = None;
    let mut after_the_end = 0;
    let mut pause = 0;
    loop {
        let wait = match ended {
            Some(_) => 0,
            None if stdout.is_some() || stderr.is_some() => LOOK_AGAIN,
            None => {
                pause = (pause * 2).clamp(1, LOOK_AGAIN);
                pause
            }
        };
        let ready = ready(watch.0.as_fd(), stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd), wait)?;
        if ready.unwanted && ended.is_none() {
            return Err(Failure::Unwanted);
        }
        if ready.stdout && !read(&mut stdout, |chunk| collected.push(chunk))? {
            stdout = None;
        }
        let keep = |chunk: &[u8]| {
            tail.push(chunk);
            Ok(())
        };
        if ready.stderr && !read(&mut stderr, keep)? {
            stderr = None;
        }
        if let Some(status) = ended {
            // What it wrote lies in the pipes still; who else writes there may not keep us.
            after_the_end += 1;
            if !ready.stdout && !ready.stderr || after_the_end > READS_AFTER_THE_END {
                return Ok(Output { status, stdout: collected.into_bytes(), stderr: tail });
            }
        } else {
            ended = group.look()?;
        }
    }
}

/// The command and what it started. Dropped before the command's end was seen, all of them are killed.
struct Group {
    leader: Child,
    ended: bool,
}

impl Group {
    fn look(&mut self) -> Result<Option<ExitStatus>, Failure> {
        let status = self.leader.try_wait().map_err(Failure::Broken)?;
        self.ended |= status.is_some();
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // As long as nobody has waited for it, its number is not given to another process.
        if !self.ended
            && let Ok(id) = i32::try_from(self.leader.id())
        {
            // Fails only where it has just ended.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
            let _ = self.leader.wait();
        }
    }
}

struct Ready {
    unwanted: bool,
    stdout: bool,
    stderr: bool,
}

fn ready(
    watch: BorrowedFd<'_>,
    stdout: Option<BorrowedFd<'_>>,
    stderr: Option<BorrowedFd<'_>>,
    wait: u16,
) -> Result<Ready, Failure> {
    let mut places: Vec<PollFd<'_>> =
        [Some(watch), stdout, stderr].into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    while let Err(error) = poll(&mut places, wait) {
        if error != Errno::EINTR {
            return Err(Failure::Broken(error.into()));
        }
    }
    let mut told = places.iter().map(|place| place.any().unwrap_or(true));
    let mut next = |open: bool| open && told.next().unwrap_or(false);
    Ok(Ready { unwanted: next(true), stdout: next(stdout.is_some()), stderr: next(stderr.is_some()) })
}

/// One read, which does not block where something is ready. Whether there may be more.
fn read(from: &mut Option<impl Read>, take: impl FnOnce(&[u8]) -> Result<(), Failure>) -> Result<bool, Failure> {
    let Some(pipe) = from else { return Ok(false) };
    let mut buffer = Zeroizing::new([0; 4096]);
    match pipe.read(&mut *buffer) {
        Ok(length) => take(&buffer[..length]).map(|()| length > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
        Err(error) => Err(Failure::Broken(error)),
    }
}
