//! Which credential sets exist, which one is served, and is a given key good now? Pure: the caller brings the time.

use crate::clock::{millis, whole_second};
use crate::mint::Mint;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The role of a world's instance.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoleConfig {
    /// The role's name, as it stands in the path.
    pub name: String,
    /// Seconds from minting to expiration.
    pub lifetime_s: u32,
    /// A new set is minted at the first request that finds less than this left.
    pub renew_before_s: u32,
    /// Whether the path `security-credentials-extended` exists (it adds `AccountId`).
    pub extended: bool,
}

impl Default for RoleConfig {
    fn default() -> Self {
        Self { name: "app-role".into(), lifetime_s: 900, renew_before_s: 300, extended: true }
    }
}

impl RoleConfig {
    /// Refuses what would mint a set with every request.
    pub fn check(&self) -> Result<(), String> {
        if self.name.is_empty() || self.name.contains('/') {
            return Err(format!("role name {:?}: expected a non-empty name without '/'", self.name));
        }
        if self.lifetime_s == 0 || self.renew_before_s >= self.lifetime_s {
            return Err(format!(
                "lifetime_s {} and renew_before_s {}: expected 0 <= renew_before_s < lifetime_s",
                self.lifetime_s, self.renew_before_s
            ));
        }
        Ok(())
    }
}

/// One set of credentials and its history. Serialized without its secrets.
#[derive(Clone, Debug, Serialize)]
pub struct CredentialSet {
    /// `ASIA...`
    pub access_key_id: String,
    /// Never serialized.
    #[serde(skip)]
    pub secret_access_key: String,
    /// Never serialized.
    #[serde(skip)]
    pub session_token: String,
    /// The role's name at minting.
    pub role: String,
    /// The account that the role belongs to.
    pub account_id: String,
    /// When it came into being; `LastUpdated` is this, cut to seconds.
    #[serde(serialize_with = "millis::serialize")]
    pub minted_at: DateTime<Utc>,
    /// When IMDS gave it out first.
    #[serde(serialize_with = "millis::option::serialize")]
    pub served_from: Option<DateTime<Utc>>,
    /// From here on SQS says ExpiredToken. Whole seconds.
    #[serde(serialize_with = "millis::serialize")]
    pub expiration: DateTime<Utc>,
    /// When the next set took its place.
    #[serde(serialize_with = "millis::option::serialize")]
    pub superseded_at: Option<DateTime<Utc>>,
    /// From here on SQS does not know it.
    #[serde(serialize_with = "millis::option::serialize")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Before this SQS does not know it yet.
    #[serde(serialize_with = "millis::serialize")]
    pub usable_from: DateTime<Utc>,
}

/// What SQS thinks of an access key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Valid.
    Good,
    /// Past its expiration.
    Expired,
    /// Revoked, or minted too recently to be known everywhere.
    Unknown,
}

impl CredentialSet {
    /// Whether the key is accepted at `now`.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        if self.revoked_at.is_some_and(|at| at <= now) || now < self.usable_from {
            Standing::Unknown
        } else if now >= self.expiration {
            Standing::Expired
        } else {
            Standing::Good
        }
    }
}

/// Which keys a `revoke` hits.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The set that is current.
    #[default]
    Current,
    /// Every set minted so far.
    All,
}

/// All sets of a world, by order of minting.
#[derive(Debug)]
pub struct Roles {
    /// The role as it is now; changes hold for the next set.
    pub role: RoleConfig,
    /// The account as it is now.
    pub account_id: String,
    sets: Vec<CredentialSet>,
    by_key: HashMap<String, usize>,
    /// The ordinary sets (not those that were minted dead), oldest first.
    succession: Vec<usize>,
    /// A role swap leaves no current set until the next request.
    current: Option<usize>,
}

impl Roles {
    /// No set exists before the first request.
    pub fn new(role: RoleConfig, account_id: String) -> Self {
        Self { role, account_id, sets: Vec::new(), by_key: HashMap::new(), succession: Vec::new(), current: None }
    }

    fn add(&mut self, minted_at: DateTime<Utc>, usable_from: DateTime<Utc>, mint: &mut Mint) -> usize {
        let set = CredentialSet {
            access_key_id: mint.access_key_id(),
            secret_access_key: mint.secret_access_key(),
            session_token: mint.session_token(),
            role: self.role.name.clone(),
            account_id: self.account_id.clone(),
            minted_at,
            served_from: None,
            expiration: whole_second(minted_at) + TimeDelta::seconds(self.role.lifetime_s.into()),
            superseded_at: None,
            revoked_at: None,
            usable_from,
        };
        let index = self.sets.len();
        self.by_key.insert(set.access_key_id.clone(), index);
        self.sets.push(set);
        index
    }

    /// Mints the next set now; SQS accepts it after `delay`.
    pub fn rotate(&mut self, now: DateTime<Utc>, delay: TimeDelta, mint: &mut Mint) -> usize {
        self.retire(now);
        let index = self.add(now, now + delay, mint);
        self.succession.push(index);
        self.current = Some(index);
        index
    }

    fn retire(&mut self, now: DateTime<Utc>) {
        if let Some(old) = self.current.take() {
            self.sets[old].superseded_at = Some(now);
        }
    }

    /// Whether the next request will mint.
    pub fn due(&self, now: DateTime<Utc>) -> bool {
        self.current.is_none_or(|i| self.sets[i].expiration - now < TimeDelta::seconds(self.role.renew_before_s.into()))
    }

    /// The set to serve at `now` by the ordinary rule, minted if it is due.
    pub fn current(&mut self, now: DateTime<Utc>, delay: TimeDelta, mint: &mut Mint) -> usize {
        match self.current {
            Some(index) if !self.due(now) => index,
            _ => self.rotate(now, delay, mint),
        }
    }

    /// The set that is current, without minting.
    pub fn current_now(&self) -> Option<usize> {
        self.current
    }

    /// The set before the newest one.
    pub fn previous(&self) -> Option<usize> {
        self.succession.iter().rev().nth(1).copied()
    }

    /// A set that died `ago` before `now`; it never becomes the current one.
    pub fn mint_expired(&mut self, now: DateTime<Utc>, ago: TimeDelta, mint: &mut Mint) -> usize {
        let born = whole_second(now) - ago - TimeDelta::seconds(self.role.lifetime_s.into());
        self.add(born, born, mint)
    }

    /// Another role takes the place of this one: its first set is minted at the next request.
    pub fn swap(&mut self, name: Option<String>, account_id: Option<String>, now: DateTime<Utc>) {
        self.role.name = name.unwrap_or_else(|| self.role.name.clone());
        self.account_id = account_id.unwrap_or_else(|| self.account_id.clone());
        self.retire(now);
    }

    /// From `now` on SQS does not know these keys; IMDS may go on serving them.
    pub fn revoke(&mut self, which: Which, now: DateTime<Utc>) {
        let chosen: Vec<usize> = match which {
            Which::Current => self.current.into_iter().collect(),
            Which::All => (0..self.sets.len()).collect(),
        };
        for index in chosen {
            self.sets[index].revoked_at.get_or_insert(now);
        }
    }

    /// One set.
    pub fn set(&self, index: usize) -> &CredentialSet {
        &self.sets[index]
    }

    /// Notes that IMDS gives the set out.
    pub fn served(&mut self, index: usize, now: DateTime<Utc>) -> &CredentialSet {
        self.sets[index].served_from.get_or_insert(now);
        &self.sets[index]
    }

    /// The set that a key belongs to.
    pub fn find(&self, access_key_id: &str) -> Option<&CredentialSet> {
        self.by_key.get(access_key_id).map(|&i| &self.sets[i])
    }

    /// Every set ever minted, oldest first.
    pub fn all(&self) -> &[CredentialSet] {
        &self.sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 500_000_000).unwrap()
    }

    fn roles() -> (Roles, Mint) {
        (Roles::new(RoleConfig::default(), "123456789012".into()), Mint::new(7))
    }

    #[test]
    fn a_set_is_kept_until_less_than_the_renewal_margin_is_left() {
        let (mut roles, mut mint) = roles();
        let first = roles.current(at(0), TimeDelta::zero(), &mut mint);
        assert_eq!(roles.current(at(599), TimeDelta::zero(), &mut mint), first);
        let second = roles.current(at(600), TimeDelta::zero(), &mut mint);
        assert_ne!(first, second, "expiration counts from the whole second, so 299.5 s are left");
        assert_eq!(roles.set(first).superseded_at, Some(at(600)));
        assert_eq!(roles.previous(), Some(first));
    }

    #[test]
    fn a_superseded_set_stays_good_until_it_expires() {
        let (mut roles, mut mint) = roles();
        let first = roles.rotate(at(0), TimeDelta::zero(), &mut mint);
        roles.rotate(at(10), TimeDelta::zero(), &mut mint);
        assert_eq!(roles.set(first).standing(at(899)), Standing::Good);
        assert_eq!(roles.set(first).standing(at(900)), Standing::Expired);
    }

    #[test]
    fn a_fresh_key_is_unknown_until_it_has_spread() {
        let (mut roles, mut mint) = roles();
        let set = roles.rotate(at(0), TimeDelta::seconds(5), &mut mint);
        assert_eq!(roles.set(set).standing(at(4)), Standing::Unknown);
        assert_eq!(roles.set(set).standing(at(5)), Standing::Good);
    }

    #[test]
    fn revoking_the_current_set_leaves_the_others() {
        let (mut roles, mut mint) = roles();
        let first = roles.rotate(at(0), TimeDelta::zero(), &mut mint);
        let second = roles.rotate(at(1), TimeDelta::zero(), &mut mint);
        roles.revoke(Which::Current, at(2));
        assert_eq!(roles.set(first).standing(at(2)), Standing::Good);
        assert_eq!(roles.set(second).standing(at(2)), Standing::Unknown);
    }

    #[test]
    fn a_set_minted_dead_is_expired_at_once_and_never_current() {
        let (mut roles, mut mint) = roles();
        let current = roles.rotate(at(0), TimeDelta::zero(), &mut mint);
        let dead = roles.mint_expired(at(1), TimeDelta::seconds(60), &mut mint);
        assert_eq!(roles.set(dead).standing(at(1)), Standing::Expired);
        assert_eq!(roles.current(at(1), TimeDelta::zero(), &mut mint), current);
    }

    #[test]
    fn the_same_seed_gives_the_same_keys() {
        let (mut a, mut mint_a) = roles();
        let (mut b, mut mint_b) = roles();
        let (i, j) = (a.rotate(at(0), TimeDelta::zero(), &mut mint_a), b.rotate(at(0), TimeDelta::zero(), &mut mint_b));
        assert_eq!(a.set(i).access_key_id, b.set(j).access_key_id);
    }
}
