//! Calls that block, on threads of their own and each kind with a bound: a file on a dead network drive must not keep
//! processes from running, nor either of them the next name from being looked up.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::FetchError;

/// Files and processes at a time; more wait for their turn.
const FILES: usize = 4;
const PROCESSES: usize = 2;

static FILE_PERMITS: Semaphore = Semaphore::const_new(FILES);
static PROCESS_PERMITS: Semaphore = Semaphore::const_new(PROCESSES);

/// What kind of call it is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    File,
    Process,
}

/// Runs `call` where it may block. Gives up after `limit` (waiting for the turn included): the call goes on by itself then,
/// and its permit is given back. `what` is for the error.
pub async fn blocking<T: Send + 'static>(
    kind: Kind,
    limit: Duration,
    what: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FetchError> {
    let permits = match kind {
        Kind::File => &FILE_PERMITS,
        Kind::Process => &PROCESS_PERMITS,
    };
    let late = |_| FetchError::transient(format!("{what}: no answer within {limit:?}"));
    tokio::time::timeout(limit, async {
        let _permit = permits.acquire().await;
        tokio::task::spawn_blocking(call)
            .await
            .map_err(|_| FetchError::transient(format!("{what}: failed inside evercreds (a panic); this is a bug.")))
    })
    .await
    .map_err(late)?
}
