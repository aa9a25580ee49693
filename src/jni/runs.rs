//! Which runs of the engine there are. A run is one Java thread's stay in `Native.run`; Java replaces a run that died or
//! hangs by the next one, and ids carry their run, so that what is meant for an old run never reaches a new one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::refresh::bases::EngineBases;
use crate::refresh::inbox::{Id, Inbox};

pub struct Run {
    pub inbox: Arc<Inbox>,
    /// Machines that sign for others, in this run.
    pub bases: Arc<EngineBases>,
    entered: AtomicBool,
}

#[derive(Default)]
struct Runs {
    live: BTreeMap<u64, Arc<Run>>,
    /// Runs up to this one have been stopped and do not come back.
    stopped: u64,
}

static RUNS: Mutex<Runs> = Mutex::new(Runs { live: BTreeMap::new(), stopped: 0 });

fn lock() -> MutexGuard<'static, Runs> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The run with this number, made if it is new; `None` if it was stopped.
pub fn run(number: u64) -> Option<Arc<Run>> {
    let mut runs = lock();
    if number <= runs.stopped {
        return runs.live.get(&number).cloned();
    }
    let new = || {
        let inbox = Inbox::new(number);
        let bases = Arc::new(EngineBases::new(&inbox));
        Arc::new(Run { inbox, bases, entered: AtomicBool::new(false) })
    };
    Some(Arc::clone(runs.live.entry(number).or_insert_with(new)))
}

/// The run that an id belongs to, while it lives.
pub fn run_of(id: Id) -> Option<Arc<Run>> {
    lock().live.get(&id.run()).cloned()
}

/// Stops a run. It is forgotten once its thread has left it, or at once if none has entered.
pub fn stop(number: u64) {
    let mut runs = lock();
    runs.stopped = runs.stopped.max(number);
    if let Some(run) = runs.live.get(&number).cloned() {
        run.inbox.stop();
        if !run.entered.load(Ordering::Acquire) {
            runs.live.remove(&number);
        }
    }
}

/// Open ids, and threads inside a run.
pub fn live_count() -> u64 {
    let runs = lock();
    let count = |run: &Arc<Run>| run.inbox.live() as u64 + u64::from(run.entered.load(Ordering::Acquire));
    runs.live.values().map(count).sum()
}

/// A thread's stay in a run; leaving it, by return or by panic, ends the run.
pub struct Stay {
    number: u64,
    run: Arc<Run>,
}

impl Stay {
    /// `None` if the run was stopped, or another thread is in it.
    pub fn enter(number: u64) -> Option<Stay> {
        let run = run(number)?;
        (!run.entered.swap(true, Ordering::AcqRel)).then_some(Stay { number, run })
    }

    pub fn inbox(&self) -> &Inbox {
        &self.run.inbox
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.run.entered.store(false, Ordering::Release);
        stop(self.number);
    }
}
