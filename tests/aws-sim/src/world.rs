//! What is a world? One isolated AWS: its listeners, its role, its faults, its queues, its journal.

use crate::actions::{Action, Change, Kind, Target};
use crate::clock::now;
use crate::faults::Faults;
use crate::journal::{Entry, Journal, Service};
use crate::listener::{self, GateControl, Handler, Reply};
use crate::mint::Mint;
use crate::roles::{RoleConfig, Roles};
use crate::sqs::queues::Queues;
use crate::{imds, sqs};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;
use tokio::task::JoinSet;

/// Which versions of IMDS a world speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImdsMode {
    /// With a token or without one.
    #[default]
    Both,
    /// Without a valid token: 401.
    V2Only,
    /// There is no token endpoint.
    V1Only,
}

/// The body of `POST /worlds`; every field has a default.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldConfig {
    /// Names of the IMDS listeners, one port each.
    pub imds: Vec<String>,
    /// Puts the IMDS listeners on `::1`.
    pub ipv6: bool,
    /// Which versions of IMDS are spoken.
    pub imds_mode: ImdsMode,
    /// 12 digits.
    pub account_id: String,
    /// The region that SQS demands in the signature.
    pub region: String,
    /// The role of the instance.
    pub role: RoleConfig,
    /// Queues that exist from the start.
    pub queues: Vec<String>,
    /// How far the time of a signature may be off.
    pub max_skew_s: u32,
    /// Makes the keys and tokens repeatable.
    pub seed: Option<u64>,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            imds: vec!["imds".into()],
            ipv6: false,
            imds_mode: ImdsMode::Both,
            account_id: "123456789012".into(),
            region: "us-east-1".into(),
            role: RoleConfig::default(),
            queues: vec!["demo".into()],
            max_skew_s: 300,
            seed: None,
        }
    }
}

/// All that changes in a world. Held under a lock that is never kept across a wait.
#[derive(Debug)]
pub struct State {
    /// Credential sets.
    pub roles: Roles,
    /// The faults that hold.
    pub faults: Faults,
    /// What happened.
    pub journal: Journal,
    /// Random values.
    pub mint: Mint,
    /// IMDSv2 tokens and their ends.
    pub tokens: HashMap<String, DateTime<Utc>>,
    /// Every token ever given out, up to a bound that no test reaches.
    pub token_log: VecDeque<String>,
    /// The queues.
    pub queues: Queues,
}

impl State {
    fn spreading_delay(&self) -> TimeDelta {
        TimeDelta::seconds(self.faults.spreading_delay().into())
    }

    /// The set that IMDS serves by the ordinary rule, minted if due.
    pub fn current_set(&mut self, now: DateTime<Utc>) -> usize {
        let delay = self.spreading_delay();
        self.roles.current(now, delay, &mut self.mint)
    }
}

/// A world; ends with [`World::shut_down`].
#[derive(Debug)]
pub struct World {
    /// How it was asked for.
    pub config: WorldConfig,
    /// Base URLs of the IMDS listeners.
    pub imds: BTreeMap<String, String>,
    /// Base URL of SQS.
    pub sqs: String,
    state: Mutex<State>,
    gates: BTreeMap<String, GateControl>,
    /// One change of the gates at a time.
    regating: tokio::sync::Mutex<()>,
    tasks: Mutex<JoinSet<()>>,
    /// Wakes those who wait for a message.
    pub arrivals: tokio::sync::Notify,
}

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
    /// Opens all ports of a new world. The error says which part of `config` is wrong, or what the system refused.
    pub fn start(config: WorldConfig) -> Result<Arc<Self>, String> {
        config.role.check()?;
        if config.account_id.len() != 12 || !config.account_id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("account_id {:?}: expected 12 digits", config.account_id));
        }
        let seed = config.seed.unwrap_or_else(|| fastrand::u64(..));
        let state = State {
            roles: Roles::new(config.role.clone(), config.account_id.clone()),
            faults: Faults::default(),
            journal: Journal::default(),
            mint: Mint::new(seed),
            tokens: HashMap::new(),
            token_log: VecDeque::new(),
            queues: Queues::new(&config.queues)?,
        };
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let imds_ip = if config.ipv6 { IpAddr::V6(Ipv6Addr::LOCALHOST) } else { v4 };
        let open = |what: &str, ip: IpAddr| {
            let listener =
                listener::bind(SocketAddr::new(ip, 0)).map_err(|e| format!("{what}: cannot bind {ip}: {e}"))?;
            let address = listener.local_addr().map_err(|e| format!("{what}: {e}"))?;
            Ok::<_, String>((listener, format!("http://{address}")))
        };
        let (sqs_listener, sqs_url) = open("sqs", v4)?;
        let mut imds_listeners = Vec::new();
        for name in &config.imds {
            if name == "sqs" || imds_listeners.iter().any(|(n, _)| n == name) {
                return Err(format!("imds listener {name:?}: expected distinct names, none of them \"sqs\""));
            }
            imds_listeners.push((name.clone(), open(name, imds_ip)?));
        }
        let mut failure = None;
        let world = Arc::new_cyclic(|weak: &Weak<World>| {
            let mut tasks = JoinSet::new();
            let mut serve = |listener, handler: Handler| match listener::serve(listener, handler) {
                Ok((gate, run)) => {
                    tasks.spawn(run);
                    Some(gate)
                }
                Err(e) => {
                    failure = Some(e.to_string());
                    None
                }
            };
            serve(sqs_listener, sqs::handler(weak.clone()));
            let (mut imds, mut gates) = (BTreeMap::new(), BTreeMap::new());
            for (name, (listener, url)) in imds_listeners {
                imds.insert(name.clone(), url);
                if let Some(gate) = serve(listener, imds_handler(weak.clone(), name.clone())) {
                    gates.insert(name, gate);
                }
            }
            World {
                config,
                imds,
                sqs: sqs_url,
                state: Mutex::new(state),
                gates,
                regating: tokio::sync::Mutex::new(()),
                tasks: Mutex::new(tasks),
                arrivals: tokio::sync::Notify::new(),
            }
        });
        failure.map_or(Ok(world), Err)
    }

    /// The state; the lock is for a moment only.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under this lock")
    }

    /// Closes all ports and connections and stops all scripts.
    pub async fn shut_down(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().expect("no panic under this lock"));
        tasks.shutdown().await;
    }

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

    /// Names must exist: a fault at a listener that is not there would never show.
    fn check(&self, action: &Action) -> Result<(), String> {
        let named = match action {
            Action::Begin(_, target) => target.listeners.as_ref(),
            Action::Change(Change::Clear { listeners, .. }) => listeners.as_ref(),
            Action::Change(_) => None,
        };
        let known: Vec<&str> = self.imds.keys().map(String::as_str).collect();
        match named.into_iter().flatten().find(|n| !self.imds.contains_key(*n)) {
            Some(name) => Err(format!("no listener {name:?}; this world has {}", known.join(", "))),
            None => Ok(()),
        }
    }

    async fn apply(self: &Arc<Self>, actions: Vec<Action>, text: &Value) -> Result<(), String> {
        let mut entry = Entry::new(now(), Service::Script, "", "", &text.to_string());
        let mut result = Ok(());
        for action in actions {
            result = match action {
                Action::Begin(kind, target) => self.begin(kind, &target),
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

    fn begin(self: &Arc<Self>, kind: Kind, target: &Target) -> Result<(), String> {
        let at = now();
        let mut state = self.state();
        let pinned = match &kind {
            Kind::SameSet {} => Some(state.current_set(at)),
            Kind::ExpiredSet { ago_s } => {
                let State { roles, mint, .. } = &mut *state;
                Some(roles.mint_expired(at, TimeDelta::seconds((*ago_s).into()), mint))
            }
            Kind::OlderSet {} | Kind::Alternate {} if state.roles.previous().is_none() => {
                return Err(format!("{}: no set before the current one yet; rotate_now first", kind.name()));
            }
            _ => None,
        };
        let id = state.faults.begin(kind, target, pinned);
        drop(state);
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

    fn change(&self, change: Change) -> Result<(), String> {
        let at = now();
        let mut state = self.state();
        match change {
            Change::RoleSwap { name, account_id } => {
                let role = RoleConfig { name: name.clone().unwrap_or("unchanged".into()), ..state.roles.role.clone() };
                role.check()?;
                state.roles.swap(name, account_id, at);
            }
            Change::RoleBack {} => state.faults.clear(Some("no_role"), None, &[]),
            Change::Revoke { which } => state.roles.revoke(which, at),
            Change::RotateNow {} => {
                let delay = state.spreading_delay();
                let State { roles, mint, .. } = &mut *state;
                roles.rotate(at, delay, mint);
            }
            Change::SetRole { lifetime_s, renew_before_s, extended } => {
                let old = state.roles.role.clone();
                let role = RoleConfig {
                    lifetime_s: lifetime_s.unwrap_or(old.lifetime_s),
                    renew_before_s: renew_before_s.unwrap_or(old.renew_before_s),
                    extended: extended.unwrap_or(old.extended),
                    name: old.name,
                };
                role.check()?;
                state.roles.role = role;
            }
            Change::Clear { listeners, fault } => {
                let all: Vec<String> = self.imds.keys().cloned().collect();
                state.faults.clear(fault.as_deref(), listeners.as_deref(), &all);
            }
        }
        Ok(())
    }

    /// Makes every port behave as the faults say.
    async fn regate(&self) {
        let _one_at_a_time = self.regating.lock().await;
        for (name, control) in &self.gates {
            let gate = self.state().faults.gate(name);
            control.set(gate).await;
        }
    }

    /// The reply to `GET /worlds/ID/truth`: all sets without their secrets, and what IMDS holds now.
    pub fn truth(&self) -> Value {
        let state = self.state();
        let roles = &state.roles;
        let current = roles.current_now().map(|i| roles.set(i));
        json!({
            "sets": roles.all(),
            "serving": {
                "role": roles.role.name,
                "account_id": roles.account_id,
                "access_key_id": current.map(|s| &s.access_key_id),
                "expiration": current.map(|s| crate::clock::imds_time(s.expiration)),
                "renewal_due": roles.due(now()),
            },
        })
    }

    /// The reply to `GET /worlds/ID/secrets`: every secret of this world, to look for in logs.
    pub fn secrets(&self) -> Value {
        let state = self.state();
        let sets = state.roles.all().iter().flat_map(|s| [&s.secret_access_key, &s.session_token]);
        json!({ "secrets": sets.chain(&state.token_log).collect::<Vec<_>>() })
    }
}

fn imds_handler(world: Weak<World>, name: String) -> Handler {
    Arc::new(move |request| {
        let (world, name) = (world.clone(), name.clone());
        Box::pin(async move {
            match world.upgrade() {
                Some(world) => imds::answer(&world, &name, &request),
                None => Reply::Raw(listener::Raw::Reset),
            }
        })
    })
}
