//! What other threads ask of the engine. They never wait for it: requests for one refresher coalesce until the engine
//! takes them, so the box cannot grow beyond a few entries a refresher, whatever the number of callers.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::engine::Opening;
use super::event::Event;
use crate::credentials::AccessKeyId;
use crate::sources::Source;

/// Names a refresher; carries its run, is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u64);

impl Id {
    const SEQUENCE_BITS: u32 = 40;

    pub fn new(run: u64, sequence: u64) -> Id {
        Id(run << Self::SEQUENCE_BITS | sequence)
    }

    pub fn from_raw(raw: u64) -> Id {
        Id(raw)
    }

    pub fn raw(self) -> u64 {
        self.0
    }

    pub fn run(self) -> u64 {
        self.0 >> Self::SEQUENCE_BITS
    }
}

/// Keys of one kind that may wait; a service that rejects more different keys than this at once is not believable.
const KEYS: usize = 4;

/// What one refresher is asked.
#[derive(Debug, Default)]
pub struct Requests {
    nudge: bool,
    refresh: bool,
    inputs_changed: bool,
    restored: bool,
    min_remaining: Option<Duration>,
    rejected: Vec<AccessKeyId>,
    accepted: Vec<AccessKeyId>,
    #[cfg(test)]
    panic: bool,
}

impl Requests {
    fn add(&mut self, event: Event) {
        match event {
            Event::Nudge => self.nudge = true,
            Event::Refresh => self.refresh = true,
            Event::InputsChanged => self.inputs_changed = true,
            Event::Restored => self.restored = true,
            Event::MinRemaining(wanted) => self.min_remaining = self.min_remaining.max(Some(wanted)),
            Event::Invalidate(key) => add_key(&mut self.rejected, key),
            Event::Accepted(key) => add_key(&mut self.accepted, key),
            #[cfg(test)]
            Event::Panic => self.panic = true,
            // The engine's own; nobody else sends them.
            Event::Tick
            | Event::Answered { .. }
            | Event::Failed { .. }
            | Event::BeliefMoved
            | Event::Patience(_)
            | Event::Paused
            | Event::Close => {}
        }
    }

    /// In the order in which they make sense: what happened first, then what is wanted.
    pub fn into_events(self) -> Vec<Event> {
        let mut events = Vec::new();
        let mut flag = |set: bool, event: Event| set.then(|| events.push(event));
        #[cfg(test)]
        flag(self.panic, Event::Panic);
        flag(self.restored, Event::Restored);
        for key in self.accepted {
            flag(true, Event::Accepted(key));
        }
        for key in self.rejected {
            flag(true, Event::Invalidate(key));
        }
        flag(self.inputs_changed, Event::InputsChanged);
        if let Some(wanted) = self.min_remaining {
            flag(true, Event::MinRemaining(wanted));
        }
        flag(self.refresh, Event::Refresh);
        flag(self.nudge, Event::Nudge);
        events
    }
}

fn add_key(keys: &mut Vec<AccessKeyId>, key: AccessKeyId) {
    if keys.len() < KEYS && !keys.contains(&key) {
        keys.push(key);
    }
}

/// Everything that waits for the engine.
#[derive(Default)]
pub struct Mail {
    pub openings: Vec<(Id, Opening)>,
    /// What refreshers ask from now on: the settings that their sources were made from have changed.
    pub sources: BTreeMap<Id, Arc<dyn Source>>,
    pub closings: Vec<Id>,
    pub requests: BTreeMap<Id, Requests>,
}

#[derive(Default)]
struct State {
    mail: Mail,
    live: HashSet<Id>,
    sequence: u64,
    stopped: bool,
}

/// The letter box of one run of the engine. All methods may be called on any thread and return at once.
pub struct Inbox {
    run: u64,
    state: Mutex<State>,
    wake: Notify,
}

/// The run was stopped: nothing can be opened in it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl Inbox {
    pub fn new(run: u64) -> Arc<Inbox> {
        Arc::new(Inbox { run, state: Mutex::default(), wake: Notify::new() })
    }

    /// Asks for a new refresher.
    pub fn open(&self, opening: Opening) -> Result<Id, Stopped> {
        let mut state = self.lock();
        if state.stopped {
            return Err(Stopped);
        }
        state.sequence += 1;
        let id = Id::new(self.run, state.sequence);
        state.live.insert(id);
        state.mail.openings.push((id, opening));
        drop(state);
        self.wake.notify_one();
        Ok(id)
    }

    /// Tells a refresher something. An id that is unknown or closed: nothing happens.
    pub fn send(&self, id: Id, event: Event) {
        let mut state = self.lock();
        if state.stopped || !state.live.contains(&id) {
            return;
        }
        state.mail.requests.entry(id).or_default().add(event);
        drop(state);
        self.wake.notify_one();
    }

    /// Gives a refresher another source in place of its own, and has it ask that one soon.
    pub fn replace(&self, id: Id, source: Arc<dyn Source>) {
        let mut state = self.lock();
        if state.stopped || !state.live.contains(&id) {
            return;
        }
        state.mail.sources.insert(id, source);
        state.mail.requests.entry(id).or_default().add(Event::InputsChanged);
        drop(state);
        self.wake.notify_one();
    }

    pub fn close(&self, id: Id) {
        let mut state = self.lock();
        if state.live.remove(&id) {
            state.mail.sources.remove(&id);
            state.mail.requests.remove(&id);
            state.mail.closings.push(id);
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Ends the run; its refreshers are dropped.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        state.live.clear();
        drop(state);
        self.wake.notify_one();
    }

    pub fn live(&self) -> usize {
        self.lock().live.len()
    }

    /// For the engine: all that waits, or `None` when the run is to end.
    pub(super) fn take(&self) -> Option<Mail> {
        let mut state = self.lock();
        (!state.stopped).then(|| std::mem::take(&mut state.mail))
    }

    /// For the engine: returns when something was put in since the last [`Inbox::take`].
    pub(super) async fn filled(&self) {
        self.wake.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock; if it did, the state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
