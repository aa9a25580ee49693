//! What was asked, by whom, when, and what was answered? A bounded ring, and counts that outlive it.

use crate::clock::millis;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// How many entries are kept; older ones are dropped and counted.
pub const CAPACITY: usize = 200_000;

/// Which part of the simulator wrote an entry.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// A request to an IMDS listener.
    Imds,
    /// A request to SQS.
    Sqs,
    /// A request to STS.
    Sts,
    /// A request to the ECS agent.
    Ecs,
    /// A request to the EKS Pod Identity agent.
    PodIdentity,
    /// A request to the portal of IAM Identity Center.
    Sso,
    /// A request to the token endpoint of IAM Identity Center.
    Oidc,
    /// A request to AWS Sign-In.
    Signin,
    /// An action that was applied, by a script or at once.
    Script,
}

/// One request, or one action. Never a secret.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Counts from 1.
    pub n: u64,
    /// When the answer was decided.
    #[serde(serialize_with = "millis::serialize")]
    pub at: DateTime<Utc>,
    /// Who wrote it.
    pub service: Service,
    /// The listener's name, or empty.
    pub listener: String,
    /// The HTTP method.
    pub method: String,
    /// The path without its query; for an action, the action as it was given.
    pub path: String,
    /// The operation, where the service names them.
    pub operation: Option<String>,
    /// The HTTP status; absent where a fault sends none.
    pub status: Option<u16>,
    /// The key that signed; where nobody signs, the key that was given out.
    pub access_key_id: Option<String>,
    /// The key that was given out.
    pub issued_key_id: Option<String>,
    /// The error code of the answer.
    pub error_code: Option<String>,
    /// The fault that shaped the answer.
    pub fault: Option<&'static str>,
    /// The client's User-Agent.
    pub user_agent: Option<String>,
}

impl Entry {
    /// An entry of which only the origin is known yet.
    pub fn new(at: DateTime<Utc>, service: Service, listener: &str, method: &str, path: &str) -> Self {
        Self {
            n: 0,
            at,
            service,
            listener: listener.into(),
            method: method.into(),
            path: path.into(),
            operation: None,
            status: None,
            access_key_id: None,
            issued_key_id: None,
            error_code: None,
            fault: None,
            user_agent: None,
        }
    }
}

/// Counts of one listener since the world began.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// All requests.
    pub requests: u64,
    /// Requests whose answer a fault shaped.
    pub faulted: u64,
    /// By status; `none` where a fault sent none.
    pub by_status: BTreeMap<String, u64>,
    /// By operation; where there is none, by method and path.
    pub by_request: BTreeMap<String, u64>,
    /// By error code.
    pub by_error_code: BTreeMap<String, u64>,
}

/// The reply to `GET /worlds/ID/journal`.
#[derive(Debug, Serialize)]
pub struct Page {
    /// The entries with `n` above the `since` that was asked for.
    pub entries: Vec<Entry>,
    /// The newest `n`: the next `since`.
    pub last: u64,
    /// How many entries the ring has lost.
    pub dropped: u64,
}

/// The reply to `GET /worlds/ID/summary`.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// By listener.
    pub by_listener: BTreeMap<String, Counts>,
    /// By error code, over all listeners.
    pub by_error_code: BTreeMap<String, u64>,
}

/// The journal of one world.
#[derive(Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
    dropped: u64,
    counts: BTreeMap<String, Counts>,
}

/// Bounds the map of counts: a client that asks for ever new paths must not fill the memory.
const DISTINCT_REQUESTS: usize = 1_000;

impl Journal {
    /// Adds an entry; its number is given here.
    pub fn add(&mut self, mut entry: Entry) {
        self.last += 1;
        entry.n = self.last;
        if entry.service != Service::Script {
            self.count(&entry);
        }
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(entry);
    }

    fn count(&mut self, entry: &Entry) {
        let counts = self.counts.entry(entry.listener.clone()).or_default();
        counts.requests += 1;
        counts.faulted += u64::from(entry.fault.is_some());
        let status = entry.status.map_or("none".into(), |s| s.to_string());
        *counts.by_status.entry(status).or_default() += 1;
        if let Some(code) = &entry.error_code {
            *counts.by_error_code.entry(code.clone()).or_default() += 1;
        }
        let request = entry.operation.clone().unwrap_or_else(|| format!("{} {}", entry.method, entry.path));
        if counts.by_request.len() < DISTINCT_REQUESTS || counts.by_request.contains_key(&request) {
            *counts.by_request.entry(request).or_default() += 1;
        }
    }

    /// The entries after number `since`.
    pub fn since(&self, since: u64) -> Page {
        let skip = usize::try_from(since.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        Page { entries: self.entries.iter().skip(skip).cloned().collect(), last: self.last, dropped: self.dropped }
    }

    /// The counts.
    pub fn summary(&self) -> Summary {
        let mut by_error_code = BTreeMap::new();
        for counts in self.counts.values() {
            for (code, n) in &counts.by_error_code {
                *by_error_code.entry(code.clone()).or_default() += n;
            }
        }
        Summary { by_listener: self.counts.clone(), by_error_code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_drops_the_oldest_and_says_so() {
        let mut journal = Journal::default();
        for _ in 0..CAPACITY + 3 {
            journal.add(Entry::new(DateTime::UNIX_EPOCH, Service::Imds, "a", "GET", "/"));
        }
        let page = journal.since(CAPACITY as u64);
        assert_eq!((page.dropped, page.last, page.entries.len()), (3, CAPACITY as u64 + 3, 3));
        assert_eq!(page.entries[0].n, CAPACITY as u64 + 1);
        assert_eq!(journal.summary().by_listener["a"].requests, CAPACITY as u64 + 3);
    }
}
