//! The loop that runs the machines: one thread, one tokio runtime, any number of refreshers.
//!
//! It sleeps until the next machine is due, or it is told something, or a tick has passed. It reads the clocks, feeds the
//! machines, starts the fetches that they order, and hands their states to publishers. It decides nothing itself, and of
//! the refreshers it logs only what is for developers: what a person should know follows from the published states.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{self, AbortHandle, JoinError, JoinSet};
use tracing::{debug, error, info, warn};

use super::event::{Attempt, Effects, Event, Policy};
use super::inbox::{Id, Inbox, Mail};
use super::machine::{LONGEST_ATTEMPT, Machine};
use super::state::{Published, Skew};
use crate::aws_clock::clock::{Clock, Reading, jumps};
use crate::aws_clock::witness::Belief;
use crate::aws_clock::{Boot, Now, signed};
use crate::blocking::{Kind, blocking};
use crate::error::FetchError;
use crate::http::trust;
use crate::sources::stamp::Stamp;
use crate::sources::{Answer, Source};

/// The loop looks round at least so often: tokio's timers stand still while the machine is suspended.
pub const TICK: Duration = Duration::from_secs(5);

/// How long a look at the files that sources read may take.
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// A belief about AWS's clock that moved by less is the same belief.
const MOVED: Duration = Duration::from_secs(1);

/// What became of a published state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Taken,
    /// Nobody wants this refresher's states any more: it is closed.
    Unwanted,
    /// It could not be delivered now; it is offered again at the next tick.
    Failed,
}

/// Where the states of one refresher go. Called on the engine's thread only; must not block.
pub trait Publisher: Send {
    fn publish(&self, state: &Published) -> Delivery;
}

/// Who runs the engine. Called on the engine's thread only; must not block.
pub trait Host {
    /// The loop has come round: at least once a [`TICK`].
    fn beat(&self);

    /// Somebody wants to speak TLS, and does not know yet whom the JVM trusts: [`trust::hand_over`] is waited for.
    fn trust_wanted(&self) {}
}

/// What a refresher is made of.
pub struct Opening {
    /// How logs name it.
    pub label: String,
    pub policy: Policy,
    pub source: Arc<dyn Source>,
    pub publisher: Box<dyn Publisher>,
}

struct Slot {
    opening: Opening,
    machine: Machine,
    /// When the machine wants to be woken, as entered in [`Engine::due`].
    wake_at: Boot,
    fetch: Option<AbortHandle>,
    /// The publisher has not taken the newest state.
    undelivered: bool,
}

type Outcome = (Id, u64, Result<Answer, FetchError>);

/// One run of the engine.
pub struct Engine<'a> {
    inbox: &'a Inbox,
    clock: &'a dyn Clock,
    host: &'a dyn Host,
    belief: Belief,
    last_reading: Reading,
    last_skew: Skew,
    slots: HashMap<Id, Slot>,
    due: BTreeSet<(Boot, Id)>,
    fetches: JoinSet<Outcome>,
    /// Whose fetch a task is: a task that panics cannot say so itself.
    tasks: HashMap<task::Id, (Id, u64)>,
    /// A look at the files that sources read, one at a time: whose files have changed.
    look: JoinSet<Vec<Id>>,
}

impl<'a> Engine<'a> {
    pub fn new(inbox: &'a Inbox, clock: &'a dyn Clock, host: &'a dyn Host) -> Self {
        let reading = clock.read();
        let belief = Belief::default();
        Engine {
            inbox,
            clock,
            host,
            last_skew: Skew::of(&belief.now(&reading)),
            belief,
            last_reading: reading,
            slots: HashMap::new(),
            due: BTreeSet::new(),
            fetches: JoinSet::new(),
            tasks: HashMap::new(),
            look: JoinSet::new(),
        }
    }

    /// Runs until the inbox is stopped. Fetches under way are cancelled then.
    pub async fn run(mut self) {
        let mut next_tick = self.last_reading.boot;
        loop {
            self.host.beat();
            let now = self.look_at_the_clocks();
            let Some(mail) = self.inbox.take() else { return };
            self.deliver(mail, &now);
            if now.boot >= next_tick {
                next_tick = now.boot.plus(TICK);
                self.tick(&now);
            }
            self.wake_due(&now);
            let until = self.due.first().map_or(next_tick, |(at, _)| (*at).min(next_tick));
            let wait = until.since(self.clock.read().boot);
            tokio::select! {
                () = self.inbox.filled() => {}
                () = tokio::time::sleep(wait) => {}
                Some(ended) = self.fetches.join_next_with_id() => self.ended(ended),
                Some(looked) = self.look.join_next() => self.looked(looked.unwrap_or_default()),
                () = trust::wanted() => self.host.trust_wanted(),
            }
        }
    }

    /// Reads the clocks; what they did since the last time goes to the machines before anything else.
    fn look_at_the_clocks(&mut self) -> Now {
        let reading = self.clock.read();
        let jumps = jumps(&self.last_reading, &reading);
        self.last_reading = reading;
        if let Some(step) = jumps.stepped {
            self.belief.stepped(step, reading.boot);
            warn!("The wall clock was set by {} s.", step.num_milliseconds() as f64 / 1000.0);
        }
        let now = self.belief.now(&reading);
        if let Some(paused) = jumps.paused {
            info!("The process did not run for {} s.", paused.as_secs());
            for slot in self.slots.values() {
                slot.opening.source.reset();
            }
            self.tell_all(&Event::Paused, &now);
        }
        let skew = Skew::of(&now);
        let moved = |a, b: chrono::TimeDelta| b.checked_sub(&a).is_none_or(|by| by.abs() > signed(MOVED));
        if jumps.stepped.is_some()
            || moved(self.last_skew.lo, skew.lo)
            || moved(self.last_skew.hi, skew.hi)
            || self.last_skew.witnessed != skew.witnessed
        {
            self.last_skew = skew;
            self.tell_all(&Event::BeliefMoved, &now);
        }
        now
    }

    fn deliver(&mut self, mail: Mail, now: &Now) {
        for (id, opening) in mail.openings {
            debug!("{}: opened.", opening.label);
            let machine = Machine::new(opening.policy.clone(), opening.source.traits(), seed(id), now);
            self.slots.insert(id, Slot { opening, machine, wake_at: now.boot, fetch: None, undelivered: false });
            self.due.insert((now.boot, id));
        }
        for (id, source) in mail.sources {
            if let Some(slot) = self.slots.get_mut(&id) {
                debug!("{}: the settings have changed.", slot.opening.label);
                slot.opening.source = source;
            }
        }
        for id in mail.closings {
            self.remove(id);
        }
        for (id, requests) in mail.requests {
            for event in requests.into_events() {
                if event == Event::Restored
                    && let Some(slot) = self.slots.get(&id)
                {
                    slot.opening.source.reset();
                }
                let nudged = event == Event::Nudge;
                self.tell(id, event, now);
                if nudged {
                    self.publish_again(id);
                }
            }
        }
    }

    fn tick(&mut self, now: &Now) {
        self.tell_all(&Event::Tick, now);
        let undelivered: Vec<Id> = self.slots.iter().filter(|(_, slot)| slot.undelivered).map(|(id, _)| *id).collect();
        for id in undelivered {
            self.publish_again(id);
        }
        self.look_at_files();
    }

    /// Files may lie where looking at them hangs, so that is done elsewhere, and not again before it has ended.
    fn look_at_files(&mut self) {
        let of_slot = |(id, slot): (&Id, &Slot)| {
            let id = *id;
            slot.opening.source.watched().into_iter().map(move |(file, stamp)| (id, file, stamp))
        };
        let watched: Vec<_> = self.slots.iter().flat_map(of_slot).collect();
        if watched.is_empty() || !self.look.is_empty() {
            return;
        }
        self.look.spawn(async {
            blocking(Kind::File, LONGEST_LOOK, "the files", move || changed(watched)).await.unwrap_or_default()
        });
    }

    fn looked(&mut self, changed: Vec<Id>) {
        let now = self.look_at_the_clocks();
        for id in changed {
            self.tell(id, Event::InputsChanged, &now);
        }
    }

    fn wake_due(&mut self, now: &Now) {
        while let Some((at, id)) = self.due.first().copied()
            && at <= now.boot
        {
            self.tell(id, Event::Tick, now);
            // Whatever the machine says, one wake-up leads to one round: a rule that forgot to move on cannot spin.
            if self.slots.get(&id).is_some_and(|slot| slot.wake_at <= now.boot) {
                self.schedule(id, now.boot.plus(super::pace::FLOOR));
            }
        }
    }

    fn ended(&mut self, ended: Result<(task::Id, Outcome), JoinError>) {
        let now = self.look_at_the_clocks();
        let (task, outcome) = match ended {
            Ok((task, outcome)) => (task, Some(outcome)),
            Err(error) if error.is_cancelled() => {
                // Of a refresher that was closed, or that gave the attempt up already.
                self.tasks.remove(&error.id());
                return;
            }
            Err(error) => (error.id(), None),
        };
        let Some((id, attempt)) = self.tasks.remove(&task) else { return };
        let result = match outcome {
            Some((_, _, result)) => result,
            None => Err(FetchError::transient("The fetch failed inside evercreds (a panic); this is a bug.")),
        };
        if let Some(slot) = self.slots.get(&id) {
            let label = &slot.opening.label;
            match &result {
                Ok(answer) => debug!("{label}: attempt {attempt}: {}", answer.credentials.access_key_id),
                Err(error) => debug!("{label}: attempt {attempt}: {error}"),
            }
        }
        let event = match result {
            Ok(answer) => Event::Answered { attempt, answer: Box::new(answer) },
            Err(error) => Event::Failed { attempt, error },
        };
        self.tell(id, event, &now);
    }

    fn tell_all(&mut self, event: &Event, now: &Now) {
        let ids: Vec<Id> = self.slots.keys().copied().collect();
        for id in ids {
            self.tell(id, event.clone(), now);
        }
    }

    fn tell(&mut self, id: Id, event: Event, now: &Now) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let before = slot.machine.published().cloned();
        let effects = match catch_unwind(AssertUnwindSafe(|| slot.machine.on(event, now))) {
            Ok(effects) => effects,
            Err(_) => {
                error!("{}: the refresh rules failed (a panic); this is a bug. They start anew.", slot.opening.label);
                slot.restart_machine(before.as_deref(), id, now);
                Effects::default()
            }
        };
        let wake_at = slot.machine.wake_at();
        self.schedule(id, wake_at);
        if let Some(state) = effects.publish {
            self.publish(id, &state);
        }
        if let Some(attempt) = effects.start {
            self.start(id, attempt, now);
        }
    }

    fn start(&mut self, id: Id, attempt: Attempt, now: &Now) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if let Some(hung) = slot.fetch.take() {
            hung.abort();
        }
        let source = Arc::clone(&slot.opening.source);
        let Attempt { number, mut deadline } = attempt;
        if let Some(patience) = source.patience().filter(|patience| *patience > deadline) {
            deadline = patience.min(LONGEST_ATTEMPT);
            self.tell(id, Event::Patience(deadline), now);
        }
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let handle = self.fetches.spawn(async move {
            let result = match tokio::time::timeout(deadline, source.fetch()).await {
                Ok(result) => result,
                Err(_) => Err(FetchError::transient(format!(
                    "{} gave no answer within {} s.",
                    source.describe(),
                    deadline.as_secs()
                ))),
            };
            (id, number, result)
        });
        self.tasks.insert(handle.id(), (id, number));
        slot.fetch = Some(handle);
    }

    fn publish_again(&mut self, id: Id) {
        if let Some(state) = self.slots.get(&id).and_then(|slot| slot.machine.published().cloned()) {
            self.publish(id, &state);
        }
    }

    fn publish(&mut self, id: Id, state: &Published) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        match slot.opening.publisher.publish(state) {
            Delivery::Taken => slot.undelivered = false,
            Delivery::Failed => slot.undelivered = true,
            Delivery::Unwanted => {
                self.inbox.close(id);
                self.remove(id);
            }
        }
    }

    fn schedule(&mut self, id: Id, wake_at: Boot) {
        if let Some(slot) = self.slots.get_mut(&id) {
            self.due.remove(&(slot.wake_at, id));
            slot.wake_at = wake_at;
            self.due.insert((wake_at, id));
        }
    }

    fn remove(&mut self, id: Id) {
        if let Some(slot) = self.slots.remove(&id) {
            self.due.remove(&(slot.wake_at, id));
            if let Some(fetch) = slot.fetch {
                fetch.abort();
            }
            debug!("{}: closed.", slot.opening.label);
        }
    }
}

impl Slot {
    fn restart_machine(&mut self, last: Option<&Published>, id: Id, now: &Now) {
        let Opening { policy, source, .. } = &self.opening;
        self.machine = match last {
            Some(last) => Machine::resumed(policy.clone(), source.traits(), seed(id), now, last),
            None => Machine::new(policy.clone(), source.traits(), seed(id), now),
        };
    }
}

/// Whose files look different from when they were read. Each file is looked at once, however many read it.
fn changed(watched: Vec<(Id, PathBuf, Stamp)>) -> Vec<Id> {
    let mut seen: HashMap<PathBuf, Stamp> = HashMap::new();
    let mut changed: Vec<Id> = Vec::new();
    for (id, file, stamp) in watched {
        let now = *seen.entry(file).or_insert_with_key(|file| Stamp::of(file));
        if now != stamp && changed.last() != Some(&id) {
            changed.push(id);
        }
    }
    changed
}

/// Jitter that differs between refreshers and between processes: fastrand's own seed is fresh for each thread.
fn seed(id: Id) -> u64 {
    fastrand::u64(..) ^ id.raw()
}

#[cfg(test)]
#[path = "engine_tests.rs"]
pub(crate) mod tests;
