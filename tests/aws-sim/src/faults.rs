//! Which faults hold, and which of them does this request meet?

use crate::actions::{Kind, Reach, Scope, Target};
use crate::roles::Holder;
use std::collections::HashMap;

/// The sets that `same_set` or `expired_set` serves, by whose they are.
pub type Pinned = HashMap<Holder, usize>;

/// A fault that holds.
#[derive(Debug)]
pub struct Fault {
    /// Unique in its world.
    pub id: u64,
    /// What it does.
    pub kind: Kind,
    listeners: Option<Vec<String>>,
    scope: Option<Scope>,
    remaining: Option<u64>,
    /// What it serves, where it is bound to sets.
    pub pinned: Pinned,
    /// How often each listener was served by `alternate`.
    served: HashMap<String, u64>,
}

impl Fault {
    fn at(&self, listener: &str) -> bool {
        self.listeners.as_ref().is_none_or(|names| names.iter().any(|n| n == listener))
    }
}

/// What a request meets.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The fault.
    pub kind: Kind,
    /// What it serves, where it is bound to sets.
    pub pinned: Pinned,
    /// How often this listener was served under it before.
    pub served: u64,
}

/// Whether a listener accepts connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Open,
    /// Closed: refused.
    Refuse,
    /// Hangs.
    Hang,
}

/// The faults of a world, in the order of their beginning; the youngest that fits a request wins.
#[derive(Debug, Default)]
pub struct Faults {
    active: Vec<Fault>,
    last_id: u64,
}

impl Faults {
    /// Begins a fault and gives its id.
    pub fn begin(&mut self, kind: Kind, target: &Target, pinned: Pinned) -> u64 {
        self.last_id += 1;
        self.active.push(Fault {
            id: self.last_id,
            kind,
            listeners: target.listeners.clone(),
            scope: target.scope,
            remaining: target.times,
            pinned,
            served: HashMap::new(),
        });
        self.active.retain(|f| f.remaining != Some(0));
        self.last_id
    }

    /// Ends one fault, if it still holds.
    pub fn end(&mut self, id: u64) {
        self.active.retain(|f| f.id != id);
    }

    /// Ends faults: those called `name` (or all), at `listeners` (or everywhere); `all` names every listener there is.
    pub fn clear(&mut self, name: Option<&str>, listeners: Option<&[String]>, all: &[String]) {
        self.active.retain_mut(|fault| {
            if name.is_some_and(|n| n != fault.kind.name()) {
                return true;
            }
            let Some(cleared) = listeners else { return false };
            let mut left = fault.listeners.take().unwrap_or_else(|| all.to_vec());
            left.retain(|n| !cleared.contains(n));
            let keep = !left.is_empty();
            fault.listeners = Some(left);
            keep
        });
    }

    /// The fault that shapes the answer to a request, counted as having hit.
    pub fn hit(&mut self, listener: &str, asked: Scope) -> Option<Hit> {
        let index = self.active.iter().rposition(|f| {
            let reach = f.kind.reach();
            reach != Reach::Date && f.at(listener) && reach.covers(f.scope, asked)
        })?;
        let fault = &mut self.active[index];
        let served = fault.served.entry(listener.to_string()).or_default();
        let hit = Hit { kind: fault.kind.clone(), pinned: fault.pinned.clone(), served: *served };
        *served += 1;
        self.spend(index);
        Some(hit)
    }

    /// By how many seconds the `Date` header of an answer is off.
    pub fn date_offset(&mut self, listener: &str, asked: Scope) -> i32 {
        let found = self
            .active
            .iter()
            .rposition(|f| f.kind.reach() == Reach::Date && f.at(listener) && Reach::Date.covers(f.scope, asked));
        let Some(index) = found else { return 0 };
        let offset = match self.active[index].kind {
            Kind::TimeOffset { seconds } => seconds,
            _ => 0,
        };
        self.spend(index);
        offset
    }

    fn spend(&mut self, index: usize) {
        if let Some(left) = &mut self.active[index].remaining {
            *left -= 1;
            if *left == 0 {
                self.active.remove(index);
            }
        }
    }

    /// Whether a listener accepts connections now.
    pub fn gate(&self, listener: &str) -> Gate {
        let youngest = self.active.iter().rev().filter(|f| f.at(listener)).find(|f| f.kind.reach() == Reach::Connect);
        match youngest.map(|f| &f.kind) {
            Some(Kind::Refuse {}) => Gate::Refuse,
            Some(_) => Gate::Hang,
            None => Gate::Open,
        }
    }

    /// Seconds for which services do not know a key that is minted now.
    pub fn spreading_delay(&self) -> u32 {
        let youngest = self.active.iter().rev().find_map(|f| match f.kind {
            Kind::NotYetValid { seconds } => Some(seconds),
            _ => None,
        });
        youngest.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::Action;
    use serde_json::{Value, json};

    fn begin(faults: &mut Faults, action: Value) -> u64 {
        match Action::parse(&action).unwrap() {
            Action::Begin(kind, target) => faults.begin(kind, &target, Pinned::new()),
            Action::Change(change) => panic!("{change:?} is no fault"),
        }
    }

    #[test]
    fn the_youngest_fault_that_fits_wins() {
        let mut faults = Faults::default();
        begin(&mut faults, json!({"action": "empty"}));
        begin(&mut faults, json!({"action": "garbage", "scope": "token", "listeners": ["a"]}));
        assert_eq!(faults.hit("a", Scope::Token).unwrap().kind.name(), "garbage");
        assert_eq!(faults.hit("b", Scope::Token).unwrap().kind.name(), "empty");
        assert_eq!(faults.hit("a", Scope::Role).unwrap().kind.name(), "empty");
    }

    #[test]
    fn a_fault_with_a_count_ends_after_so_many_hits() {
        let mut faults = Faults::default();
        begin(&mut faults, json!({"action": "empty", "times": 2}));
        assert!(faults.hit("a", Scope::Role).is_some());
        assert!(faults.hit("b", Scope::Token).is_some());
        assert!(faults.hit("a", Scope::Role).is_none());
    }

    #[test]
    fn clearing_one_listener_leaves_the_others_faulted() {
        let mut faults = Faults::default();
        begin(&mut faults, json!({"action": "refuse"}));
        faults.clear(None, Some(&["a".into()]), &["a".into(), "b".into()]);
        assert_eq!((faults.gate("a"), faults.gate("b")), (Gate::Open, Gate::Refuse));
    }
}
