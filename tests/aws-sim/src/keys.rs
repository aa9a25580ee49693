//! Which access keys exist, whose are they, and is one good now? Pure: the caller brings the time.

use crate::clock::{millis, whole_second};
use crate::journal::Service;
use crate::mint::Mint;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Whom a key stands for, as trust policies and `GetCallerIdentity` name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// `arn:aws:iam::123456789012:user/NAME` or `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`.
    pub arn: String,
    /// 12 digits.
    pub account_id: String,
    /// `AIDA...`, or `AROA...:SESSION`.
    #[serde(skip)]
    pub user_id: String,
    /// The role of a session, with its path.
    #[serde(skip)]
    pub role_arn: Option<String>,
    /// Whether a role that is assumed with the key is chained: its sessions last an hour at most. AWS excepts only users
    /// and the roles of EC2 instances.
    #[serde(skip)]
    pub chains: bool,
}

impl Principal {
    /// The session `session` of a role.
    pub fn session(role_arn: &str, role_id: &str, session: &str, chains: bool) -> Self {
        let account_id = account_of(role_arn).unwrap_or_default().to_string();
        let name = role_arn.rsplit('/').next().unwrap_or_default();
        Self {
            arn: format!("arn:aws:sts::{account_id}:assumed-role/{name}/{session}"),
            account_id,
            user_id: format!("{role_id}:{session}"),
            role_arn: Some(role_arn.into()),
            chains,
        }
    }

    /// The user `name`.
    pub fn user(account_id: &str, name: &str, user_id: String, chains: bool) -> Self {
        let arn = format!("arn:aws:iam::{account_id}:user/{name}");
        Self { arn, account_id: account_id.into(), user_id, role_arn: None, chains }
    }
}

/// The account that an ARN names.
pub fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

/// `arn:aws:iam::ACCOUNT:role/NAME`, if `role` is not an ARN already.
pub fn role_arn(account_id: &str, role: &str) -> String {
    if role.starts_with("arn:") { role.into() } else { format!("arn:aws:iam::{account_id}:role/{role}") }
}

/// What a service thinks of an access key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Valid.
    Good,
    /// Past its expiration.
    Expired,
    /// Revoked, or minted too recently to be known everywhere.
    Unknown,
}

/// One set of temporary credentials and its history. Serialized without its secrets.
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
    /// The service that gives it out.
    pub issuer: Service,
    /// The role's name at minting.
    pub role: String,
    /// Whom it stands for.
    #[serde(flatten)]
    pub principal: Principal,
    /// The session name that was asked for.
    pub session_name: Option<String>,
    /// The `DurationSeconds` that was asked for.
    pub asked_s: Option<u32>,
    /// When it came into being; `LastUpdated` is this, cut to seconds.
    #[serde(serialize_with = "millis::serialize")]
    pub minted_at: DateTime<Utc>,
    /// When it was given out first.
    #[serde(serialize_with = "millis::option::serialize")]
    pub served_from: Option<DateTime<Utc>>,
    /// From here on services say ExpiredToken. Whole seconds.
    #[serde(serialize_with = "millis::serialize")]
    pub expiration: DateTime<Utc>,
    /// When the next set took its place.
    #[serde(serialize_with = "millis::option::serialize")]
    pub superseded_at: Option<DateTime<Utc>>,
    /// From here on services do not know it.
    #[serde(serialize_with = "millis::option::serialize")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Before this services do not know it yet.
    #[serde(serialize_with = "millis::serialize")]
    pub usable_from: DateTime<Utc>,
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

/// What a set is minted from.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who gives it out.
    pub issuer: Service,
    /// The role's name.
    pub role: String,
    /// Whom it stands for.
    pub principal: Principal,
    /// As asked for.
    pub session_name: Option<String>,
    /// As asked for.
    pub asked_s: Option<u32>,
    /// From minting to expiration, in seconds.
    pub lifetime_s: u32,
}

/// A user whose access key lasts, in the body of `POST /worlds`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UserConfig {
    /// The user's name.
    pub name: String,
    /// `AKIA...`; made up if absent.
    #[serde(default)]
    pub access_key_id: Option<String>,
    /// Made up if absent.
    #[serde(default)]
    pub secret_access_key: Option<String>,
}

/// A user and the access key that lasts. Serialized without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// `AKIA...`
    pub access_key_id: String,
    /// Never serialized.
    #[serde(skip)]
    pub secret_access_key: String,
    /// Whom it stands for.
    #[serde(flatten)]
    pub principal: Principal,
    /// From here on services do not know it.
    #[serde(serialize_with = "millis::option::serialize")]
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A key as a service looks it up to check a signature.
#[derive(Clone, Debug)]
pub struct Key {
    /// What the signature is made with.
    pub secret_access_key: String,
    /// What must come with it; `None`: nothing may.
    pub session_token: Option<String>,
    /// Whether it is any good.
    pub standing: Standing,
    /// Whom it stands for.
    pub principal: Principal,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Set(usize),
    User(usize),
}

/// All keys of a world.
#[derive(Debug, Default)]
pub struct Keyring {
    sets: Vec<CredentialSet>,
    users: Vec<User>,
    by_key: HashMap<String, Place>,
}

impl Keyring {
    /// Adds the key of a user. The error says what is wrong with it.
    pub fn add_user(&mut self, account_id: &str, user: UserConfig, mint: &mut Mint) -> Result<(), String> {
        let access_key_id = user.access_key_id.unwrap_or_else(|| mint.long_term_key_id());
        if user.name.is_empty() || self.by_key.contains_key(&access_key_id) {
            return Err(format!("user {:?}, key {access_key_id}: expected a name, and a key of its own", user.name));
        }
        self.by_key.insert(access_key_id.clone(), Place::User(self.users.len()));
        self.users.push(User {
            principal: Principal::user(account_id, &user.name, mint.user_id(), false),
            name: user.name,
            access_key_id,
            secret_access_key: user.secret_access_key.unwrap_or_else(|| mint.secret_access_key()),
            revoked_at: None,
        });
        Ok(())
    }

    /// Mints a set at `minted_at` that services know from `usable_from` on.
    pub fn add(
        &mut self,
        draft: Draft,
        minted_at: DateTime<Utc>,
        usable_from: DateTime<Utc>,
        mint: &mut Mint,
    ) -> usize {
        let set = CredentialSet {
            access_key_id: mint.access_key_id(),
            secret_access_key: mint.secret_access_key(),
            session_token: mint.session_token(),
            issuer: draft.issuer,
            role: draft.role,
            principal: draft.principal,
            session_name: draft.session_name,
            asked_s: draft.asked_s,
            minted_at,
            served_from: None,
            expiration: whole_second(minted_at) + TimeDelta::seconds(draft.lifetime_s.into()),
            superseded_at: None,
            revoked_at: None,
            usable_from,
        };
        let index = self.sets.len();
        self.by_key.insert(set.access_key_id.clone(), Place::Set(index));
        self.sets.push(set);
        index
    }

    /// The key as it stands at `now`.
    pub fn key(&self, access_key_id: &str, now: DateTime<Utc>) -> Option<Key> {
        Some(match *self.by_key.get(access_key_id)? {
            Place::Set(index) => {
                let set = &self.sets[index];
                Key {
                    secret_access_key: set.secret_access_key.clone(),
                    session_token: Some(set.session_token.clone()),
                    standing: set.standing(now),
                    principal: set.principal.clone(),
                }
            }
            Place::User(index) => {
                let user = &self.users[index];
                let revoked = user.revoked_at.is_some_and(|at| at <= now);
                Key {
                    secret_access_key: user.secret_access_key.clone(),
                    session_token: None,
                    standing: if revoked { Standing::Unknown } else { Standing::Good },
                    principal: user.principal.clone(),
                }
            }
        })
    }

    /// One set.
    pub fn set(&self, index: usize) -> &CredentialSet {
        &self.sets[index]
    }

    /// Notes that the set is given out.
    pub fn served(&mut self, index: usize, now: DateTime<Utc>) -> &CredentialSet {
        self.sets[index].served_from.get_or_insert(now);
        &self.sets[index]
    }

    /// Notes that another set has taken its place.
    pub fn supersede(&mut self, index: usize, now: DateTime<Utc>) {
        self.sets[index].superseded_at = Some(now);
    }

    /// From `now` on services do not know the set.
    pub fn revoke(&mut self, index: usize, now: DateTime<Utc>) {
        self.sets[index].revoked_at.get_or_insert(now);
    }

    /// From `now` on services do not know the sets that `chosen` picks.
    pub fn revoke_all(&mut self, now: DateTime<Utc>, chosen: impl Fn(&CredentialSet) -> bool) {
        for set in self.sets.iter_mut().filter(|set| chosen(set)) {
            set.revoked_at.get_or_insert(now);
        }
    }

    /// From `now` on services do not know the key; false if there is none of this id.
    pub fn revoke_key(&mut self, access_key_id: &str, now: DateTime<Utc>) -> bool {
        match self.by_key.get(access_key_id) {
            Some(&Place::Set(index)) => self.revoke(index, now),
            Some(&Place::User(index)) => {
                self.users[index].revoked_at.get_or_insert(now);
            }
            None => return false,
        }
        true
    }

    /// Every set ever minted, oldest first.
    pub fn sets(&self) -> &[CredentialSet] {
        &self.sets
    }

    /// Every user.
    pub fn users(&self) -> &[User] {
        &self.users
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stands_for_its_role_without_the_path() {
        let session = Principal::session("arn:aws:iam::123456789012:role/a/b/app", "AROAX", "me", true);
        assert_eq!(session.arn, "arn:aws:sts::123456789012:assumed-role/app/me");
        assert_eq!((session.account_id.as_str(), session.user_id.as_str()), ("123456789012", "AROAX:me"));
    }

    #[test]
    fn a_users_key_is_good_until_it_is_revoked() {
        let (mut keys, mut mint, now) = (Keyring::default(), Mint::new(1), DateTime::UNIX_EPOCH);
        let user = |name: &str| UserConfig {
            name: name.into(),
            access_key_id: Some("AKIAONE".into()),
            secret_access_key: None,
        };
        keys.add_user("123456789012", user("a"), &mut mint).unwrap();
        assert!(keys.add_user("123456789012", user("b"), &mut mint).is_err(), "two users of one key");
        assert_eq!(keys.key("AKIAONE", now).unwrap().standing, Standing::Good);
        assert!(keys.revoke_key("AKIAONE", now) && !keys.revoke_key("AKIATWO", now));
        assert_eq!(keys.key("AKIAONE", now).unwrap().standing, Standing::Unknown);
    }
}
