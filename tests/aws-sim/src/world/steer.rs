//! How is a world steered? Actions at once, actions by script, and what each of them does.

use super::World;
use crate::actions::{Action, Change, Kind, Target};
use crate::clock::now;
use crate::faults::Pinned;
use crate::journal::{Entry, Service};
use crate::roles::{Holder, RoleConfig, Which};
use crate::sts::roles::StsRole;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// One step of a script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at_s: f64,
    r#do: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    steps: Vec<Step>,
}

impl World {
    /// Applies one action or a list of them (the body of `POST /worlds/ID/do`); returns when they hold.
    pub async fn perform(self: &Arc<Self>, body: &Value) -> Result<(), String> {
        let actions = Action::parse_all(body)?;
        for action in &actions {
            self.check(action)?;
        }
        self.apply(actions, body).await
    }

    /// Starts a script (the body of `POST /worlds/ID/script`); its times count from now.
    pub fn script(self: &Arc<Self>, body: &Value) -> Result<(), String> {
        let script = Script::deserialize(body).map_err(|e| format!("script: {e}"))?;
        let mut steps = Vec::new();
        for step in script.steps {
            let at = Duration::try_from_secs_f64(step.at_s).map_err(|e| format!("at_s {}: {e}", step.at_s))?;
            let actions = Action::parse_all(&step.r#do)?;
            for action in &actions {
                self.check(action)?;
            }
            steps.push((at, actions, step.r#do));
        }
        steps.sort_by_key(|(at, ..)| *at);
        let start = tokio::time::Instant::now();
        let world = Arc::downgrade(self);
        self.spawn(async move {
            for (at, actions, text) in steps {
                let Some(due) = start.checked_add(at) else { return };
                tokio::time::sleep_until(due).await;
                let Some(world) = world.upgrade() else { return };
                // A step that cannot be taken stands in the journal with its reason.
                let _ = world.apply(actions, &text).await;
            }
        });
        Ok(())
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().expect("no panic under this lock");
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// The role on a schedule that is served at a listener.
    fn holder(&self, listener: &str) -> Option<Holder> {
        match listener {
            "ecs" => Some(Holder::Ecs),
            "pod_identity" => Some(Holder::PodIdentity),
            name if self.imds.contains_key(name) => Some(Holder::Imds),
            _ => None,
        }
    }

    /// Names must exist, and what is asked for must be possible there: else it would never show.
    fn check(&self, action: &Action) -> Result<(), String> {
        let named = match action {
            Action::Begin(_, target) => target.listeners.as_ref(),
            Action::Change(Change::Clear { listeners, .. }) => listeners.as_ref(),
            Action::Change(_) => None,
        };
        let known: Vec<&str> = self.gates.keys().map(String::as_str).collect();
        let named: Vec<&String> = named.into_iter().flatten().collect();
        if let Some(name) = named.iter().find(|n| !self.gates.contains_key(**n)) {
            return Err(format!("no listener {name:?}; this world has {}", known.join(", ")));
        }
        match action {
            Action::Begin(kind, _) if kind.is_about_rotation() => {
                match named.iter().find(|name| self.holder(name).is_none()) {
                    Some(name) => {
                        Err(format!("{} at {name:?}: it is about the sets of IMDS, ecs and pod_identity", kind.name()))
                    }
                    None => Ok(()),
                }
            }
            Action::Begin(Kind::Fail { .. }, _) => {
                if named.is_empty() || named.iter().any(|name| self.imds.contains_key(*name)) {
                    return Err("fail: name its listeners; IMDS has no error codes, there is status".into());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn apply(self: &Arc<Self>, actions: Vec<Action>, text: &Value) -> Result<(), String> {
        let mut entry = Entry::new(now(), Service::Script, "", "", &text.to_string());
        let mut result = Ok(());
        for action in actions {
            result = match action {
                Action::Begin(kind, target) => self.begin(kind, target),
                Action::Change(change) => self.change(change),
            };
            if result.is_err() {
                break;
            }
        }
        self.regate().await;
        entry.error_code = result.as_ref().err().cloned();
        self.state().journal.add(entry);
        result
    }

    fn begin(self: &Arc<Self>, kind: Kind, mut target: Target) -> Result<(), String> {
        let mut pinned = Pinned::new();
        if kind.is_about_rotation() {
            let listeners = target.listeners.get_or_insert_with(|| self.imds.keys().cloned().collect());
            for holder in listeners.iter().filter_map(|name| self.holder(name)) {
                if !pinned.contains_key(&holder)
                    && let Some(set) = self.pin(&kind, holder, now())?
                {
                    pinned.insert(holder, set);
                }
            }
        }
        let id = self.state().faults.begin(kind, &target, pinned);
        if let Some(seconds) = target.for_s {
            let after = Duration::try_from_secs_f64(seconds).map_err(|e| format!("for_s {seconds}: {e}"))?;
            let world = Arc::downgrade(self);
            self.spawn(async move {
                tokio::time::sleep(after).await;
                if let Some(world) = world.upgrade() {
                    world.state().faults.end(id);
                    world.regate().await;
                }
            });
        }
        Ok(())
    }

    /// The set that a fault serves as long as it lasts, if it is bound to one.
    fn pin(&self, kind: &Kind, holder: Holder, at: DateTime<Utc>) -> Result<Option<usize>, String> {
        let mut state = self.state();
        match kind {
            Kind::SameSet {} => Ok(Some(state.current_set(holder, at))),
            Kind::ExpiredSet { ago_s } => {
                let (holders, mut press) = state.minting(at);
                Ok(Some(holders.get_mut(holder).mint_expired(TimeDelta::seconds((*ago_s).into()), &mut press)))
            }
            Kind::OlderSet {} | Kind::Alternate {} if state.holders.get(holder).previous().is_none() => {
                Err(format!("{}: no set before the current one yet; rotate_now first", kind.name()))
            }
            _ => Ok(None),
        }
    }

    fn change(&self, change: Change) -> Result<(), String> {
        let at = now();
        let mut state = self.state();
        match change {
            Change::RoleSwap { name, account_id, service } => {
                let (holders, mut press) = state.minting(at);
                let holder = holders.get_mut(service);
                let new_name = name.clone().unwrap_or_else(|| holder.role.name.clone());
                RoleConfig { name: new_name, ..holder.role.clone() }.check()?;
                holder.swap(name, account_id, &mut press);
            }
            Change::RoleBack {} => state.faults.clear(Some("no_role"), None, &[]),
            Change::Revoke { which: Which::Current, service, role: None } => {
                let holder = match service {
                    None | Some(Service::Imds) => Holder::Imds,
                    Some(Service::Ecs) => Holder::Ecs,
                    Some(Service::PodIdentity) => Holder::PodIdentity,
                    Some(_) => return Err("revoke: current sets have imds, ecs and pod_identity".into()),
                };
                if let Some(current) = state.holders.get(holder).current_now() {
                    state.keys.revoke(current, at);
                }
            }
            Change::Revoke { which: Which::Current, .. } => {
                return Err("revoke: a role goes with \"which\":\"all\"".into());
            }
            Change::Revoke { which: Which::All, service, role } => state.keys.revoke_all(at, |set| {
                service.is_none_or(|s| s == set.issuer) && role.as_ref().is_none_or(|r| *r == set.role)
            }),
            Change::RevokeKey { access_key_id } => {
                if !state.keys.revoke_key(&access_key_id, at) {
                    return Err(format!("revoke_key: no key {access_key_id:?}"));
                }
            }
            Change::RotateNow { service } => {
                let (holders, mut press) = state.minting(at);
                holders.get_mut(service).rotate(&mut press);
            }
            Change::SetRole { lifetime_s, renew_before_s, extended, service } => {
                let holder = state.holders.get_mut(service);
                let old = holder.role.clone();
                let role = RoleConfig {
                    lifetime_s: lifetime_s.unwrap_or(old.lifetime_s),
                    renew_before_s: renew_before_s.unwrap_or(old.renew_before_s),
                    extended: extended.unwrap_or(old.extended),
                    name: old.name,
                };
                role.check()?;
                holder.role = role;
            }
            Change::DenyRole { role } => state.sts.change(&role, |role| role.denied = true)?,
            Change::RestoreRole { role } => state.sts.change(&role, |role| role.denied = false)?,
            Change::SetStsRole { role, max_session_s, session_lifetime_s, external_id } => {
                let change = |role: &mut StsRole| {
                    let config = &mut role.config;
                    config.max_session_s = max_session_s.unwrap_or(config.max_session_s);
                    if let Some(seconds) = session_lifetime_s {
                        config.session_lifetime_s = (seconds > 0).then_some(seconds);
                    }
                    if let Some(id) = external_id {
                        config.external_id = (!id.is_empty()).then_some(id);
                    }
                };
                state.sts.change(&role, change)?;
            }
            Change::SignOut { service: Service::Sso } => state.sso.sign_out(),
            Change::SignOut { .. } => state.signin.sign_out(),
            Change::Clear { listeners, fault } => {
                let all: Vec<String> = self.gates.keys().cloned().collect();
                state.faults.clear(fault.as_deref(), listeners.as_deref(), &all);
            }
        }
        Ok(())
    }

    /// Makes every port behave as the faults say.
    async fn regate(&self) {
        let _one_at_a_time = self.regating.lock().await;
        let mut changes = JoinSet::new();
        for (name, control) in &self.gates {
            let (gate, control) = (self.state().faults.gate(name), control.clone());
            changes.spawn(async move { control.set(gate).await });
        }
        changes.join_all().await;
    }
}
