//! Calls that block, on threads of their own and each kind with bounds: a file on a dead network drive must not keep
//! processes from running, nor either of them a name from being looked up.
//!
//! A call that does not end in time cannot be ended; it is abandoned. Its turn is given to the next one, so a few that hang
//! delay nobody; when too many of a kind hang, more of that kind are refused at once instead of being given more threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::FetchError;

/// Threads that are abandoned, beyond those at work; all kinds together stay within the runtime's sixteen.
const ABANDONED: usize = 2;

/// What kind of call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Process,
    /// Looking up a host name.
    Name,
}

struct Turns {
    at_a_time: usize,
    turns: Semaphore,
    /// Calls that have begun and not ended, abandoned ones included.
    running: AtomicUsize,
}

impl Turns {
    const fn new(at_a_time: usize) -> Turns {
        Turns { at_a_time, turns: Semaphore::const_new(at_a_time), running: AtomicUsize::new(0) }
    }
}

static FILES: Turns = Turns::new(4);
static PROCESSES: Turns = Turns::new(2);
static NAMES: Turns = Turns::new(4);

/// Runs `call` where it may block. Gives up after `limit`, the wait for its turn included; the call goes on by itself then.
/// `what` is for the error.
pub async fn blocking<T: Send + 'static>(
    kind: Kind,
    limit: Duration,
    what: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FetchError> {
    let turns = match kind {
        Kind::File => &FILES,
        Kind::Process => &PROCESSES,
        Kind::Name => &NAMES,
    };
    run(turns, limit, what, call).await
}

async fn run<T: Send + 'static>(
    turns: &'static Turns,
    limit: Duration,
    what: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FetchError> {
    let work = async {
        let _turn = turns.turns.acquire().await;
        let Some(running) = Running::begin(turns) else {
            return Err(FetchError::transient(format!("{what}: not tried, because too many before it hang")));
        };
        let call = move || {
            let _running = running;
            call()
        };
        tokio::task::spawn_blocking(call)
            .await
            .map_err(|_| FetchError::transient(format!("{what}: failed inside evercreds (a panic); this is a bug.")))
    };
    match tokio::time::timeout(limit, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(FetchError::transient(format!("{what}: no answer within {limit:?}"))),
    }
}

struct Running(&'static AtomicUsize);

impl Running {
    fn begin(turns: &'static Turns) -> Option<Running> {
        let most = turns.at_a_time + ABANDONED;
        turns
            .running
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| (running < most).then_some(running + 1))
            .ok()
            .map(|_| Running(&turns.running))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn calls_that_hang_give_their_turns_back_until_too_many_do() {
        static TURNS: Turns = Turns::new(2);
        let (end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(std::sync::Mutex::new(ended));
        let hang = || {
            let ended = Arc::clone(&ended);
            move || {
                let _ = ended.lock().unwrap().recv();
            }
        };
        for _ in 0..2 {
            let late = run(&TURNS, SHORT, "a file", hang()).await.unwrap_err();
            assert_eq!(late.message, "a file: no answer within 50ms");
        }
        assert_eq!(run(&TURNS, LONG, "a file", || 7).await, Ok(7), "two that hang keep nobody from anything");
        for _ in 0..2 {
            run(&TURNS, SHORT, "a file", hang()).await.unwrap_err();
        }
        let refused = run(&TURNS, LONG, "a file", || 7).await.unwrap_err();
        assert_eq!(refused.message, "a file: not tried, because too many before it hang");
        drop(end);
        // They end now, in their own time.
        while TURNS.running.load(Ordering::Acquire) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(run(&TURNS, LONG, "a file", || 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_call_that_panics_is_an_error() {
        static TURNS: Turns = Turns::new(1);
        let error = run(&TURNS, LONG, "a file", || panic!("scripted panic")).await.unwrap_err();
        assert!(error.message.starts_with("a file: failed inside evercreds"), "{error}");
        assert_eq!(run(&TURNS, LONG, "a file", || 7).await, Ok(7));
    }
}
