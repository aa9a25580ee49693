//! Which set does a role on a schedule have now: the instance's, the task's, the pod's? Pure: the caller brings the time.

use crate::journal::Service;
use crate::keys::{Draft, Keyring, Principal, role_arn};
use crate::mint::Mint;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How the sets of a role follow each other.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoleConfig {
    /// The role's name, as it stands in the path.
    pub name: String,
    /// Seconds from minting to expiration.
    pub lifetime_s: u32,
    /// A new set is minted at the first request that finds less than this left.
    pub renew_before_s: u32,
    /// Whether the path `security-credentials-extended` exists (it adds `AccountId`). Of IMDS only.
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

/// Who has a role on a schedule.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The instance.
    #[default]
    Imds,
    /// The ECS task.
    Ecs,
    /// The pod.
    PodIdentity,
}

impl Holder {
    /// The session name of its sets.
    fn session(self) -> &'static str {
        match self {
            Holder::Imds => "i-1234567890abcdef0",
            Holder::Ecs => "0123456789abcdef0123456789abcdef",
            Holder::PodIdentity => "eks-demo-app-01234567-89ab-cdef-0123-456789abcdef",
        }
    }

    fn issuer(self) -> Service {
        match self {
            Holder::Imds => Service::Imds,
            Holder::Ecs => Service::Ecs,
            Holder::PodIdentity => Service::PodIdentity,
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

/// What minting needs.
pub struct Press<'a> {
    /// Where the set goes.
    pub keys: &'a mut Keyring,
    /// Its randomness.
    pub mint: &'a mut Mint,
    /// When it is minted.
    pub now: DateTime<Utc>,
    /// How long services do not know it yet.
    pub delay: TimeDelta,
}

impl Press<'_> {
    /// Mints a set now.
    pub fn add(&mut self, draft: Draft) -> usize {
        self.keys.add(draft, self.now, self.now + self.delay, self.mint)
    }
}

/// A role whose sets follow each other by the clock.
#[derive(Debug)]
pub struct RotatingRole {
    /// The role as it is now; changes hold for the next set.
    pub role: RoleConfig,
    /// The account as it is now.
    pub account_id: String,
    holder: Holder,
    role_id: String,
    /// The ordinary sets (not those that were minted dead), oldest first.
    succession: Vec<usize>,
    /// A role swap leaves no current set until the next request.
    current: Option<usize>,
}

impl RotatingRole {
    /// No set exists before the first request.
    pub fn new(holder: Holder, role: RoleConfig, account_id: String, mint: &mut Mint) -> Self {
        Self { role, account_id, holder, role_id: mint.role_id(), succession: Vec::new(), current: None }
    }

    /// `arn:aws:iam::123456789012:role/NAME`.
    pub fn arn(&self) -> String {
        role_arn(&self.account_id, &self.role.name)
    }

    fn draft(&self) -> Draft {
        let chains = self.holder != Holder::Imds;
        Draft {
            issuer: self.holder.issuer(),
            role: self.role.name.clone(),
            principal: Principal::session(&self.arn(), &self.role_id, self.holder.session(), chains),
            session_name: None,
            asked_s: None,
            lifetime_s: self.role.lifetime_s,
        }
    }

    /// Mints the next set now.
    pub fn rotate(&mut self, press: &mut Press<'_>) -> usize {
        self.retire(press.keys, press.now);
        let index = press.add(self.draft());
        self.succession.push(index);
        self.current = Some(index);
        index
    }

    fn retire(&mut self, keys: &mut Keyring, now: DateTime<Utc>) {
        if let Some(old) = self.current.take() {
            keys.supersede(old, now);
        }
    }

    /// Whether the next request will mint.
    pub fn due(&self, keys: &Keyring, now: DateTime<Utc>) -> bool {
        let margin = TimeDelta::seconds(self.role.renew_before_s.into());
        self.current.is_none_or(|i| keys.set(i).expiration - now < margin)
    }

    /// The set to serve now by the ordinary rule, minted if it is due.
    pub fn current(&mut self, press: &mut Press<'_>) -> usize {
        match self.current {
            Some(index) if !self.due(press.keys, press.now) => index,
            _ => self.rotate(press),
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

    /// A set that died `ago` before now; it never becomes the current one.
    pub fn mint_expired(&mut self, ago: TimeDelta, press: &mut Press<'_>) -> usize {
        let now = crate::clock::whole_second(press.now);
        let born = now - ago - TimeDelta::seconds(self.role.lifetime_s.into());
        press.keys.add(self.draft(), born, born, press.mint)
    }

    /// Another role takes the place of this one: its first set is minted at the next request.
    pub fn swap(&mut self, name: Option<String>, account_id: Option<String>, press: &mut Press<'_>) {
        self.role.name = name.unwrap_or_else(|| self.role.name.clone());
        self.account_id = account_id.unwrap_or_else(|| self.account_id.clone());
        self.role_id = press.mint.role_id();
        self.retire(press.keys, press.now);
    }
}

/// The roles on a schedule of a world.
#[derive(Debug)]
pub struct Holders {
    /// The instance's.
    pub imds: RotatingRole,
    /// The ECS task's.
    pub ecs: RotatingRole,
    /// The pod's.
    pub pod_identity: RotatingRole,
}

impl Holders {
    /// One of them.
    pub fn get(&self, holder: Holder) -> &RotatingRole {
        match holder {
            Holder::Imds => &self.imds,
            Holder::Ecs => &self.ecs,
            Holder::PodIdentity => &self.pod_identity,
        }
    }

    /// One of them, to change it.
    pub fn get_mut(&mut self, holder: Holder) -> &mut RotatingRole {
        match holder {
            Holder::Imds => &mut self.imds,
            Holder::Ecs => &mut self.ecs,
            Holder::PodIdentity => &mut self.pod_identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Standing;

    struct Scene {
        role: RotatingRole,
        keys: Keyring,
        mint: Mint,
    }

    impl Scene {
        fn new() -> Self {
            let mut mint = Mint::new(7);
            let role = RotatingRole::new(Holder::Imds, RoleConfig::default(), "123456789012".into(), &mut mint);
            Self { role, keys: Keyring::default(), mint }
        }

        fn at<T>(&mut self, second: i64, act: impl FnOnce(&mut RotatingRole, &mut Press<'_>) -> T) -> T {
            self.spreading(second, 0, act)
        }

        fn spreading<T>(
            &mut self,
            second: i64,
            delay_s: i64,
            act: impl FnOnce(&mut RotatingRole, &mut Press<'_>) -> T,
        ) -> T {
            let delay = TimeDelta::seconds(delay_s);
            act(&mut self.role, &mut Press { keys: &mut self.keys, mint: &mut self.mint, now: at(second), delay })
        }

        fn standing(&self, set: usize, second: i64) -> Standing {
            self.keys.set(set).standing(at(second))
        }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 500_000_000).unwrap()
    }

    #[test]
    fn a_set_is_kept_until_less_than_the_renewal_margin_is_left() {
        let mut scene = Scene::new();
        let first = scene.at(0, RotatingRole::current);
        assert_eq!(scene.at(599, RotatingRole::current), first);
        let second = scene.at(600, RotatingRole::current);
        assert_ne!(first, second, "expiration counts from the whole second, so 299.5 s are left");
        assert_eq!(scene.keys.set(first).superseded_at, Some(at(600)));
        assert_eq!(scene.role.previous(), Some(first));
    }

    #[test]
    fn a_superseded_set_stays_good_until_it_expires() {
        let mut scene = Scene::new();
        let first = scene.at(0, RotatingRole::rotate);
        scene.at(10, RotatingRole::rotate);
        assert_eq!(scene.standing(first, 899), Standing::Good);
        assert_eq!(scene.standing(first, 900), Standing::Expired);
    }

    #[test]
    fn a_fresh_key_is_unknown_until_it_has_spread() {
        let mut scene = Scene::new();
        let set = scene.spreading(0, 5, RotatingRole::rotate);
        assert_eq!(scene.standing(set, 4), Standing::Unknown);
        assert_eq!(scene.standing(set, 5), Standing::Good);
    }

    #[test]
    fn revoking_one_set_leaves_the_others() {
        let mut scene = Scene::new();
        let first = scene.at(0, RotatingRole::rotate);
        let second = scene.at(1, RotatingRole::rotate);
        scene.keys.revoke(second, at(2));
        assert_eq!(scene.standing(first, 2), Standing::Good);
        assert_eq!(scene.standing(second, 2), Standing::Unknown);
    }

    #[test]
    fn a_set_minted_dead_is_expired_at_once_and_never_current() {
        let mut scene = Scene::new();
        let current = scene.at(0, RotatingRole::rotate);
        let dead = scene.at(1, |role, press| role.mint_expired(TimeDelta::seconds(60), press));
        assert_eq!(scene.standing(dead, 1), Standing::Expired);
        assert_eq!(scene.at(1, RotatingRole::current), current);
    }

    #[test]
    fn the_same_seed_gives_the_same_keys() {
        let key = || {
            let mut scene = Scene::new();
            let set = scene.at(0, RotatingRole::rotate);
            scene.keys.set(set).access_key_id.clone()
        };
        assert_eq!(key(), key());
    }
}
