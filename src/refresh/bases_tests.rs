//! Bases under tokio's paused time: a real engine, a scripted instance metadata service.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use super::*;
use crate::aws_clock::clock::Clock;
use crate::config::imds::ImdsSettings;
use crate::credentials::Secret;
use crate::http::{Exchange, Request, Response, Transport};
use crate::refresh::engine::tests::TestClock;
use crate::refresh::engine::{Engine, Host};

/// Serves the set that `serial` says of a role, or is silent.
struct Imds {
    clock: Arc<TestClock>,
    requests: AtomicUsize,
    serial: AtomicUsize,
    silent: AtomicBool,
}

impl Transport for Imds {
    fn send(&self, request: Request) -> Exchange<'_> {
        if self.silent.load(Ordering::Relaxed) {
            return Box::pin(pending());
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let serial = self.serial.load(Ordering::Relaxed) + 1;
        let now = self.clock.read().wall;
        let body = match request.url.rsplit('/').next() {
            Some("token") => "token".to_owned(),
            Some("") => "app".to_owned(),
            _ => serde_json::json!({
                "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": format!("KEY{serial}"), "SecretAccessKey": "s",
                "Token": "t", "LastUpdated": now.to_rfc3339(), "Expiration": (now + chrono::TimeDelta::hours(6)).to_rfc3339(),
            })
            .to_string(),
        };
        let body = Zeroizing::new(body.into_bytes());
        Box::pin(ready(Ok(Response {
            status: 200,
            token_ttl: Some(Duration::from_secs(21_600)),
            body,
            ..Response::default()
        })))
    }
}

struct Nobody;

impl Host for Nobody {
    fn beat(&self) {}
}

struct World {
    imds: Arc<Imds>,
    inbox: Arc<Inbox>,
    context: Context,
}

fn run<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let (clock, inbox) = (TestClock::new(), Inbox::new(1));
        let imds = Arc::new(Imds {
            clock: clock.clone(),
            requests: AtomicUsize::new(0),
            serial: AtomicUsize::new(0),
            silent: AtomicBool::new(false),
        });
        let context = Context {
            metadata: imds.clone(),
            aws: imds.clone(),
            bases: Arc::new(EngineBases::new(&inbox)),
            clock: clock.clone(),
        };
        let engine = inbox.clone();
        tokio::task::spawn_local(async move { Engine::new(&engine, &*clock, &Nobody).run().await });
        test(World { imds, inbox, context }).await;
    });
}

impl World {
    fn open(&self, plan: &Plan) -> Arc<dyn Base> {
        self.context.bases.open(plan, &self.context).unwrap()
    }
}

fn instance_profile() -> Plan {
    Plan::InstanceProfile(ImdsSettings::default())
}

async fn key(base: &Arc<dyn Base>) -> String {
    tokio::time::timeout(Duration::from_secs(10), base.credentials()).await.unwrap().unwrap().access_key_id.to_string()
}

#[test]
fn whoever_has_the_same_plan_has_the_same_base() {
    run(|world| async move {
        let bases: Vec<_> = (0..100).map(|_| world.open(&instance_profile())).collect();
        for base in &bases {
            assert_eq!(key(base).await, "KEY1");
        }
        assert_eq!((world.imds.requests.load(Ordering::Relaxed), world.inbox.live()), (3, 1));
        let other = ImdsSettings { role_name: Some("other".into()), ..ImdsSettings::default() };
        key(&world.open(&Plan::InstanceProfile(other))).await;
        assert_eq!(world.inbox.live(), 1, "it was dropped again at once");
    });
}

#[test]
fn a_base_is_closed_with_the_last_that_holds_it() {
    run(|world| async move {
        let (one, two) = (world.open(&instance_profile()), world.open(&instance_profile()));
        drop(one);
        assert_eq!((key(&two).await.as_str(), world.inbox.live()), ("KEY1", 1));
        drop(two);
        assert_eq!(world.inbox.live(), 0);
        assert_eq!(key(&world.open(&instance_profile())).await, "KEY1");
    });
}

#[test]
fn a_rejected_base_gives_the_next_set() {
    run(|world| async move {
        let base = world.open(&instance_profile());
        assert_eq!(key(&base).await, "KEY1");
        tokio::time::sleep(Duration::from_secs(120)).await;
        world.imds.serial.store(1, Ordering::Relaxed);
        base.rejected(&AccessKeyId::new("KEY1"));
        assert_eq!(key(&base).await, "KEY2");
    });
}

#[test]
fn a_base_that_does_not_answer_is_waited_for() {
    run(|world| async move {
        world.imds.silent.store(true, Ordering::Relaxed);
        let base = world.open(&instance_profile());
        assert!(tokio::time::timeout(Duration::from_secs(8), base.credentials()).await.is_err());
        world.imds.silent.store(false, Ordering::Relaxed);
        assert_eq!(key(&base).await, "KEY1");
    });
}

#[test]
fn keys_that_stand_somewhere_need_no_machine() {
    run(|world| async move {
        let credentials = Credentials {
            access_key_id: AccessKeyId::new("AKIA"),
            secret_access_key: Secret::new("s"),
            session_token: None,
            expiration: None,
            account_id: None,
        };
        let plan = Plan::Static(StaticPlan { credentials, source: "profile credentials", place: "profile app".into() });
        let base = world.open(&plan);
        assert_eq!((key(&base).await.as_str(), base.describe().as_str()), ("AKIA", "profile app"));
        assert_eq!(world.inbox.live(), 0);
    });
}

#[test]
fn when_the_engine_is_stopped_nobody_waits_for_ever() {
    run(|world| async move {
        world.imds.silent.store(true, Ordering::Relaxed);
        let base = world.open(&instance_profile());
        let waiting = tokio::task::spawn_local(async move { base.credentials().await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.inbox.stop();
        let error = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap().unwrap_err();
        assert!(error.message.contains("being stopped"), "{error}");
        assert!(world.context.bases.open(&instance_profile(), &world.context).is_err());
    });
}
