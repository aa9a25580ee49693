//! Credentials that sources sign with: each plan is a machine in the same engine, opened by the first source that needs it
//! and closed with the last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use super::engine::{Delivery, Opening, Publisher};
use super::event::{Event, Policy};
use super::inbox::{Id, Inbox};
use super::state::Published;
use crate::credentials::{AccessKeyId, Credentials};
use crate::error::{FetchError, FetchErrorKind};
use crate::sources::base::{Base, BaseCredentials, Bases};
use crate::sources::context::Context;
use crate::sources::plan::{Plan, StaticPlan};
use crate::sources::{Source, build};

/// The bases of one run of the engine.
pub struct EngineBases {
    inbox: Weak<Inbox>,
    open: Mutex<HashMap<Plan, Weak<Machine>>>,
}

impl EngineBases {
    pub fn new(inbox: &Arc<Inbox>) -> EngineBases {
        EngineBases { inbox: Arc::downgrade(inbox), open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Plan, Weak<Machine>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bases for EngineBases {
    fn open(&self, plan: &Plan, context: &Context) -> Result<Arc<dyn Base>, FetchError> {
        if let Plan::Static(keys) = plan {
            return Ok(Arc::new(Keys(keys.clone())));
        }
        if let Some(machine) = self.lock().get(plan).and_then(Weak::upgrade) {
            return Ok(machine);
        }
        // Making it may open its own base, so the map is not locked meanwhile.
        let source = build::build(plan, context)?;
        let mut open = self.lock();
        if let Some(machine) = open.get(plan).and_then(Weak::upgrade) {
            return Ok(machine);
        }
        let stopped = || FetchError::transient("The engine has been stopped.");
        let inbox = self.inbox.upgrade().ok_or_else(stopped)?;
        let label = format!("base: {}", source.describe());
        let (publisher, states) = watch::channel(None);
        let opening = Opening {
            label: label.clone(),
            policy: Policy::default(),
            source: Arc::clone(&source) as Arc<dyn Source>,
            publisher: Box::new(Publishes(publisher)),
        };
        let id = inbox.open(opening).map_err(|_| stopped())?;
        let machine = Arc::new(Machine { id, label, inbox: self.inbox.clone(), states, rejected: Mutex::default() });
        open.retain(|_, machine| machine.strong_count() > 0);
        open.insert(plan.clone(), Arc::downgrade(&machine));
        Ok(machine)
    }
}

struct Publishes(watch::Sender<Option<Published>>);

impl Publisher for Publishes {
    fn publish(&self, state: &Published) -> Delivery {
        match self.0.send(Some(state.clone())) {
            Ok(()) => Delivery::Taken,
            Err(_) => Delivery::Unwanted,
        }
    }
}

/// A base that the engine keeps fresh.
struct Machine {
    id: Id,
    label: String,
    inbox: Weak<Inbox>,
    states: watch::Receiver<Option<Published>>,
    /// A key that was rejected, and the generation that was published then: the machine's own judgement begins with the
    /// next one.
    rejected: Mutex<Option<(AccessKeyId, u64)>>,
}

impl Machine {
    /// What a state means for one who wants to sign; `None`: wait for the next one.
    fn verdict(&self, state: Option<&Published>) -> Option<Result<Credentials, FetchError>> {
        let rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some((key, generation)), Some(state)) = (&*rejected, state)
            && state.generation <= *generation
            && state.held.as_ref().is_some_and(|held| held.key() == key)
        {
            return None;
        }
        verdict(state)
    }

    fn tell(&self, event: Event) {
        if let Some(inbox) = self.inbox.upgrade() {
            inbox.send(self.id, event);
        }
    }
}

impl Base for Machine {
    fn describe(&self) -> String {
        self.label.clone()
    }

    fn credentials(&self) -> BaseCredentials<'_> {
        Box::pin(async {
            let mut states = self.states.clone();
            if self.verdict(states.borrow().as_ref()).is_none() {
                self.tell(Event::Nudge);
            }
            let found = states.wait_for(|state| self.verdict(state.as_ref()).is_some()).await;
            found.ok().and_then(|state| self.verdict(state.as_ref())).unwrap_or_else(|| Err(closed()))
        })
    }

    fn rejected(&self, key: &AccessKeyId) {
        let generation = self.states.borrow().as_ref().map_or(0, |state| state.generation);
        *self.rejected.lock().unwrap_or_else(PoisonError::into_inner) = Some((key.clone(), generation));
        self.tell(Event::Invalidate(key.clone()));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(inbox) = self.inbox.upgrade() {
            inbox.close(self.id);
        }
    }
}

fn closed() -> FetchError {
    FetchError::transient(
        "The credentials that sign for this role are not kept fresh any more: the engine is being stopped.",
    )
}

/// The same, as far as the state alone tells. A set past its end is handed out: whether
/// it is dead is for the service to say.
fn verdict(state: Option<&Published>) -> Option<Result<Credentials, FetchError>> {
    let state = state?;
    match (&state.held, &state.error) {
        (Some(held), _) if !state.rejected => Some(Ok(held.credentials.clone())),
        (_, Some(error)) if error.kind == FetchErrorKind::NonRecoverable => Some(Err(FetchError::clone(error))),
        _ => None,
    }
}

/// Keys that nobody can renew.
struct Keys(StaticPlan);

impl Base for Keys {
    fn describe(&self) -> String {
        self.0.place.clone()
    }

    fn credentials(&self) -> BaseCredentials<'_> {
        Box::pin(std::future::ready(Ok(self.0.credentials.clone())))
    }

    fn rejected(&self, _: &AccessKeyId) {}
}

#[cfg(test)]
#[path = "bases_tests.rs"]
mod tests;
