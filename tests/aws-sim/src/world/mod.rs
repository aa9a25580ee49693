//! What is a world? One isolated AWS: its listeners, its keys and roles, its faults, its queues, its journal.

mod config;
mod report;
mod steer;

pub use config::{ImdsMode, WorldConfig};

use crate::container::ecs::Ecs;
use crate::container::pod_identity::{PodIdentity, Pods};
use crate::faults::Faults;
use crate::imds::Imds;
use crate::journal::Journal;
use crate::keys::Keyring;
use crate::listener::{self, GateControl, Handler};
use crate::mint::Mint;
use crate::roles::{Holder, Holders, RotatingRole};
use crate::service::handler;
use crate::signin::{Logins, Signin};
use crate::sqs::queues::Queues;
use crate::sso::Sessions;
use crate::sso::oidc::Oidc;
use crate::sso::portal::Portal;
use crate::state::State;
use crate::sts::Sts;
use crate::sts::roles::StsRoles;
use crate::{clock, sqs};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The listeners beside those of IMDS and SQS.
pub const SERVICES: [&str; 6] = ["sts", "ecs", "pod_identity", "sso", "oidc", "signin"];

/// A world; ends with [`World::shut_down`].
#[derive(Debug)]
pub struct World {
    /// How it was asked for.
    pub config: WorldConfig,
    /// Base URLs of the IMDS listeners.
    pub imds: BTreeMap<String, String>,
    /// Base URL of SQS.
    pub sqs: String,
    /// Base URLs of the other services ([`SERVICES`]).
    pub services: BTreeMap<&'static str, String>,
    /// What `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` holds in the task.
    pub ecs_relative_uri: String,
    state: Mutex<State>,
    gates: BTreeMap<String, GateControl>,
    /// One change of the gates at a time.
    regating: tokio::sync::Mutex<()>,
    tasks: Mutex<JoinSet<()>>,
    /// Wakes those who wait for a message.
    pub arrivals: tokio::sync::Notify,
}

fn new_state(config: &WorldConfig) -> Result<State, String> {
    let mut mint = Mint::new(config.seed.unwrap_or_else(|| fastrand::u64(..)));
    let account = &config.account_id;
    let mut keys = Keyring::default();
    for user in &config.users {
        keys.add_user(account, user.clone(), &mut mint)?;
    }
    let mut holder = |holder, role| RotatingRole::new(holder, role, account.clone(), &mut mint);
    let holders = Holders {
        imds: holder(Holder::Imds, config.role.clone()),
        ecs: holder(Holder::Ecs, config.ecs.schedule()),
        pod_identity: holder(Holder::PodIdentity, config.pod_identity.schedule()),
    };
    Ok(State {
        keys,
        holders,
        faults: Faults::default(),
        journal: Journal::default(),
        tokens: HashMap::new(),
        queues: Queues::new(&config.queues)?,
        sts: StsRoles::new(&config.sts_roles, account, &mut mint)?,
        pods: Pods::new(mint.key_bytes(), clock::now()),
        sso: Sessions::default(),
        signin: Logins::default(),
        secrets: VecDeque::new(),
        mint,
    })
}

/// A port that is bound, and its URL.
fn open(name: &str, ip: IpAddr) -> Result<(TcpListener, String), String> {
    let port = listener::bind(SocketAddr::new(ip, 0)).map_err(|e| format!("{name}: cannot bind {ip}: {e}"))?;
    let address = port.local_addr().map_err(|e| format!("{name}: {e}"))?;
    Ok((port, format!("http://{address}")))
}

/// Serves ports, and keeps what steers them.
#[derive(Default)]
struct Serving {
    gates: BTreeMap<String, GateControl>,
    tasks: JoinSet<()>,
    failure: Option<String>,
}

impl Serving {
    fn add(&mut self, name: &str, port: TcpListener, handler: Handler) {
        match listener::serve(port, handler) {
            Ok((gate, run)) => {
                self.tasks.spawn(run);
                self.gates.insert(name.into(), gate);
            }
            Err(e) => self.failure = Some(format!("{name}: {e}")),
        }
    }
}

impl World {
    /// Opens all ports of a new world. The error says which part of `config` is wrong, or what the system refused.
    pub fn start(config: WorldConfig) -> Result<Arc<Self>, String> {
        config.check()?;
        let mut state = new_state(&config)?;
        let ecs = Ecs { id: state.mint.uuid() };
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let metadata_ip = if config.ipv6 { IpAddr::V6(Ipv6Addr::LOCALHOST) } else { v4 };
        let (sqs_port, sqs_url) = open("sqs", v4)?;
        let mut imds_ports = Vec::new();
        for name in &config.imds {
            if name == "sqs" || SERVICES.contains(&name.as_str()) || imds_ports.iter().any(|(n, _)| n == name) {
                return Err(format!("imds listener {name:?}: expected distinct names, none of them a service's"));
            }
            imds_ports.push((name.clone(), open(name, metadata_ip)?));
        }
        let mut service_ports = Vec::new();
        for name in SERVICES {
            let ip = if matches!(name, "ecs" | "pod_identity") { metadata_ip } else { v4 };
            service_ports.push((name, open(name, ip)?));
        }
        let ecs_relative_uri = ecs.relative_uri();
        let mut failure = None;
        let world = Arc::new_cyclic(|weak: &Weak<World>| {
            let mut serving = Serving::default();
            serving.add("sqs", sqs_port, sqs::handler(weak.clone()));
            // SQS takes no faults: it judges what is signed.
            serving.gates.clear();
            let (mut imds, mut services) = (BTreeMap::new(), BTreeMap::new());
            for (name, (port, url)) in imds_ports {
                serving.add(&name, port, handler(weak.clone(), name.clone(), Imds));
                imds.insert(name, url);
            }
            for (name, (port, url)) in service_ports {
                let (weak, listener) = (weak.clone(), name.to_string());
                let handler = match name {
                    "sts" => handler(weak, listener, Sts),
                    "ecs" => handler(weak, listener, ecs.clone()),
                    "pod_identity" => handler(weak, listener, PodIdentity),
                    "sso" => handler(weak, listener, Portal),
                    "oidc" => handler(weak, listener, Oidc),
                    _ => handler(weak, listener, Signin),
                };
                serving.add(name, port, handler);
                services.insert(name, url);
            }
            failure = serving.failure;
            World {
                config,
                imds,
                sqs: sqs_url,
                services,
                ecs_relative_uri,
                state: Mutex::new(state),
                gates: serving.gates,
                regating: tokio::sync::Mutex::new(()),
                tasks: Mutex::new(serving.tasks),
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
}
