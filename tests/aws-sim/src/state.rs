//! What changes in a world? Its keys, faults, sign-ins and queues, and who gets which credentials now.

use crate::actions::Kind;
use crate::container::pod_identity::Pods;
use crate::faults::{Faults, Hit};
use crate::journal::Journal;
use crate::keys::{CredentialSet, Draft, Keyring};
use crate::mint::Mint;
use crate::roles::{Holder, Holders, Press};
use crate::signin::Logins;
use crate::sqs::queues::Queues;
use crate::sso::Sessions;
use crate::sts::roles::StsRoles;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{HashMap, VecDeque};

/// More tokens than any test makes; beyond, the oldest is forgotten.
const MAX_SECRETS: usize = 100_000;

/// All that changes in a world. Held under a lock that is never kept across a wait.
#[derive(Debug)]
pub struct State {
    /// Every access key.
    pub keys: Keyring,
    /// The roles of instance, task and pod.
    pub holders: Holders,
    /// The faults that hold.
    pub faults: Faults,
    /// What happened.
    pub journal: Journal,
    /// Random values.
    pub mint: Mint,
    /// IMDSv2 tokens and their ends.
    pub tokens: HashMap<String, DateTime<Utc>>,
    /// The queues.
    pub queues: Queues,
    /// The roles that STS knows.
    pub sts: StsRoles,
    /// The pod's tokens.
    pub pods: Pods,
    /// The sign-ins of IAM Identity Center.
    pub sso: Sessions,
    /// The sign-ins of `aws login`.
    pub signin: Logins,
    /// Every token and key ever given out that is not in the key ring.
    pub secrets: VecDeque<String>,
}

impl State {
    /// The holders, and what they mint with.
    pub fn minting(&mut self, now: DateTime<Utc>) -> (&mut Holders, Press<'_>) {
        let delay = TimeDelta::seconds(self.faults.spreading_delay().into());
        (&mut self.holders, Press { keys: &mut self.keys, mint: &mut self.mint, now, delay })
    }

    /// The set that a holder has by the ordinary rule, minted if due.
    pub fn current_set(&mut self, holder: Holder, now: DateTime<Utc>) -> usize {
        let (holders, mut press) = self.minting(now);
        holders.get_mut(holder).current(&mut press)
    }

    /// The set that a request to `holder` gets, noted as given out.
    pub fn serve(&mut self, holder: Holder, hit: Option<&Hit>, now: DateTime<Utc>) -> &CredentialSet {
        let pinned = hit.and_then(|hit| hit.pinned.get(&holder).copied());
        let index = pinned.unwrap_or_else(|| {
            let current = self.current_set(holder, now);
            let older = match hit {
                Some(Hit { kind: Kind::OlderSet {}, .. }) => true,
                Some(Hit { kind: Kind::Alternate {}, served, .. }) => served % 2 == 1,
                _ => false,
            };
            // The fault could begin only when there was a previous set, so there is one.
            if older { self.holders.get(holder).previous().unwrap_or(current) } else { current }
        });
        self.keys.served(index, now)
    }

    /// Mints a set for one request, and gives it out.
    pub fn issue(&mut self, draft: Draft, now: DateTime<Utc>) -> &CredentialSet {
        let (_, mut press) = self.minting(now);
        let index = press.add(draft);
        self.keys.served(index, now)
    }

    /// Notes a secret, so that logs can be searched for it.
    pub fn remember_secret(&mut self, secret: &str) {
        if self.secrets.len() == MAX_SECRETS {
            self.secrets.pop_front();
        }
        self.secrets.push_back(secret.into());
    }
}
