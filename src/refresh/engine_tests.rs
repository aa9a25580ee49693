//! The loop under tokio's paused time: real machines, scripted sources, a clock that follows tokio's.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta};
use tokio::time::Instant;

use super::*;
use crate::credentials::{AccessKeyId, Credentials, Identity, Secret};
use crate::refresh::life::Phase;
use crate::refresh::state::Grant;
use crate::sources::{Fetch, Traits};

const fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// The host's clocks, if they followed tokio's.
#[derive(Debug)]
pub(crate) struct TestClock {
    start: Instant,
    /// Added to boot time and wall by a test: a suspension.
    suspended: Mutex<Duration>,
    stepped: Mutex<TimeDelta>,
}

impl TestClock {
    pub(crate) fn new() -> Arc<TestClock> {
        Arc::new(TestClock {
            start: Instant::now(),
            suspended: Mutex::default(),
            stepped: Mutex::new(TimeDelta::zero()),
        })
    }
}

impl Clock for TestClock {
    fn read(&self) -> Reading {
        let monotonic = self.start.elapsed() + secs(1000);
        let boot = monotonic + *self.suspended.lock().unwrap();
        let wall = DateTime::from_timestamp(1_800_000_000, 0).unwrap() + boot + *self.stepped.lock().unwrap();
        Reading { wall, boot: Boot::from_duration(boot), monotonic }
    }
}

#[derive(Clone, Copy)]
enum Script {
    Key(&'static str),
    Fail,
    Hang,
    Panic,
}

struct TestSource {
    clock: Arc<TestClock>,
    script: Mutex<VecDeque<Script>>,
    fetches: AtomicUsize,
    resets: AtomicUsize,
    patience: Option<Duration>,
    watched: Mutex<Vec<(PathBuf, Stamp)>>,
}

impl Source for TestSource {
    fn describe(&self) -> String {
        "test source".into()
    }
    fn traits(&self) -> Traits {
        Traits { link_local: true, mints: false }
    }
    fn reset(&self) {
        self.resets.fetch_add(1, Ordering::Relaxed);
    }
    fn patience(&self) -> Option<Duration> {
        self.patience
    }
    fn watched(&self) -> Vec<(PathBuf, Stamp)> {
        self.watched.lock().unwrap().clone()
    }
    fn fetch(&self) -> Fetch<'_> {
        Box::pin(async {
            self.fetches.fetch_add(1, Ordering::Relaxed);
            let step = {
                let mut script = self.script.lock().unwrap();
                if script.len() > 1 { script.pop_front().unwrap() } else { script[0] }
            };
            match step {
                Script::Key(key) => Ok(self.answer(key)),
                Script::Fail => Err(FetchError::transient("scripted failure")),
                Script::Hang => std::future::pending().await,
                Script::Panic => panic!("scripted panic"),
            }
        })
    }
}

impl TestSource {
    fn answer(&self, key: &str) -> Answer {
        Answer {
            credentials: Credentials {
                access_key_id: AccessKeyId::new(key),
                secret_access_key: Secret::new("secret"),
                session_token: Some(Secret::new("token")),
                expiration: Some(self.clock.read().wall + secs(3600)),
                account_id: None,
            },
            identity: Identity { name: "app".into(), account_id: None },
            source: "test source",
            traits: self.traits(),
            nominal_life: Some(secs(3600)),
            date: None,
        }
    }
}

#[derive(Default)]
struct Sink {
    states: Mutex<Vec<Published>>,
    failing: AtomicBool,
    unwanted: AtomicBool,
}

impl Publisher for Arc<Sink> {
    fn publish(&self, state: &Published) -> Delivery {
        if self.failing.load(Ordering::Relaxed) {
            return Delivery::Failed;
        }
        self.states.lock().unwrap().push(state.clone());
        if self.unwanted.load(Ordering::Relaxed) { Delivery::Unwanted } else { Delivery::Taken }
    }
}

#[derive(Default)]
struct Beats(AtomicUsize);

impl Host for Beats {
    fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct World {
    clock: Arc<TestClock>,
    inbox: Arc<Inbox>,
    beats: Arc<Beats>,
}

impl World {
    fn start() -> World {
        let world = World { clock: TestClock::new(), inbox: Inbox::new(1), beats: Arc::default() };
        let (inbox, clock, beats) = (world.inbox.clone(), world.clock.clone(), world.beats.clone());
        tokio::task::spawn_local(async move { Engine::new(&inbox, &*clock, &*beats).run().await });
        world
    }

    fn source(&self, script: &[Script]) -> TestSource {
        TestSource {
            clock: self.clock.clone(),
            script: Mutex::new(script.iter().copied().collect()),
            fetches: AtomicUsize::new(0),
            resets: AtomicUsize::new(0),
            patience: None,
            watched: Mutex::default(),
        }
    }

    fn open(&self, script: &[Script]) -> (Id, Arc<TestSource>, Arc<Sink>) {
        self.open_source(self.source(script))
    }

    fn open_source(&self, source: TestSource) -> (Id, Arc<TestSource>, Arc<Sink>) {
        let source = Arc::new(source);
        let sink = Arc::<Sink>::default();
        let opening = Opening {
            label: "test".into(),
            policy: Policy::default(),
            source: source.clone(),
            publisher: Box::new(sink.clone()),
        };
        (self.inbox.open(opening).unwrap(), source, sink)
    }
}

impl Sink {
    fn last(&self) -> Published {
        self.states.lock().unwrap().last().cloned().expect("nothing was published")
    }
    fn key(&self) -> Option<String> {
        self.last().held.map(|held| held.credentials.access_key_id.as_str().to_owned())
    }
}

fn fetches(source: &TestSource) -> usize {
    source.fetches.load(Ordering::Relaxed)
}

fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[test]
fn credentials_are_fetched_and_published_without_being_asked_for() {
    run(async {
        let world = World::start();
        let (_, source, sink) = world.open(&[Script::Key("A")]);
        pass(secs(1)).await;
        assert_eq!(sink.key().as_deref(), Some("A"));
        assert_eq!(sink.last().phase, Phase::Fresh);
        assert!(matches!(sink.last().serve_until, Grant::Until(_)));
        assert_eq!(fetches(&source), 1);
    });
}

#[test]
fn a_rotation_is_met_while_the_old_set_lives() {
    run(async {
        let world = World::start();
        let (_, _, sink) = world.open(&[Script::Key("A"), Script::Key("B")]);
        pass(secs(300)).await;
        assert_eq!(sink.key().as_deref(), Some("B"));
    });
}

#[test]
fn a_fetch_that_hangs_ends_at_its_deadline_and_is_asked_again() {
    run(async {
        let world = World::start();
        let (_, source, sink) = world.open(&[Script::Hang, Script::Key("A")]);
        pass(secs(4)).await;
        assert!(sink.last().held.is_none());
        pass(secs(3)).await;
        assert_eq!(sink.key().as_deref(), Some("A"));
        assert_eq!(fetches(&source), 2);
    });
}

#[test]
fn a_source_that_panics_has_failed_and_the_others_go_on() {
    run(async {
        let world = World::start();
        let (_, _, bad) = world.open(&[Script::Panic, Script::Key("A")]);
        let (_, _, good) = world.open(&[Script::Key("B")]);
        pass(Duration::from_millis(100)).await;
        assert!(bad.last().error.is_some_and(|error| error.message.contains("panic")));
        assert_eq!(good.key().as_deref(), Some("B"));
        pass(secs(3)).await;
        assert_eq!(bad.key().as_deref(), Some("A"));
    });
}

#[test]
fn a_machine_that_panics_is_replaced_and_keeps_what_it_held() {
    run(async {
        let world = World::start();
        let (id, _, sink) = world.open(&[Script::Key("A")]);
        pass(secs(1)).await;
        let before = sink.last();
        world.inbox.send(id, Event::Panic);
        pass(secs(10)).await;
        assert_eq!(sink.key().as_deref(), Some("A"));
        assert!(sink.last().generation > before.generation);
        assert!(sink.last().attempt > before.attempt, "it goes on asking");
    });
}

#[test]
fn a_state_that_was_not_delivered_is_offered_again() {
    run(async {
        let world = World::start();
        let (_, _, sink) = world.open(&[Script::Key("A")]);
        sink.failing.store(true, Ordering::Relaxed);
        pass(secs(1)).await;
        assert!(sink.states.lock().unwrap().is_empty());
        sink.failing.store(false, Ordering::Relaxed);
        pass(TICK + secs(1)).await;
        assert_eq!(sink.key().as_deref(), Some("A"));
    });
}

#[test]
fn a_thousand_nudges_are_one_request_at_most() {
    run(async {
        let world = World::start();
        let (id, source, _) = world.open(&[Script::Fail]);
        pass(Duration::from_millis(10)).await;
        let before = fetches(&source);
        for _ in 0..1000 {
            world.inbox.send(id, Event::Nudge);
        }
        pass(Duration::from_millis(100)).await;
        assert!(fetches(&source) <= before + 1);
    });
}

#[test]
fn a_closed_refresher_is_asked_no_more() {
    run(async {
        let world = World::start();
        let (id, source, sink) = world.open(&[Script::Hang]);
        pass(secs(1)).await;
        let published = sink.states.lock().unwrap().len();
        world.inbox.close(id);
        world.inbox.send(id, Event::Refresh);
        pass(secs(600)).await;
        assert_eq!(fetches(&source), 1);
        assert_eq!(sink.states.lock().unwrap().len(), published);
        assert_eq!(world.inbox.live(), 0);
    });
}

#[test]
fn a_refresher_whose_states_nobody_wants_is_closed() {
    run(async {
        let world = World::start();
        let (_, source, sink) = world.open(&[Script::Key("A")]);
        sink.unwanted.store(true, Ordering::Relaxed);
        pass(secs(3600)).await;
        assert_eq!(world.inbox.live(), 0);
        assert!(fetches(&source) <= 1);
    });
}

#[test]
fn after_a_suspension_connections_are_forgotten_and_a_dead_set_is_replaced_at_once() {
    run(async {
        let world = World::start();
        let (_, source, sink) = world.open(&[Script::Key("A"), Script::Key("B")]);
        pass(secs(1)).await;
        *world.clock.suspended.lock().unwrap() += secs(7200);
        pass(TICK + secs(11)).await;
        assert_eq!(source.resets.load(Ordering::Relaxed), 1);
        assert_eq!(sink.key().as_deref(), Some("B"));
    });
}

#[test]
fn a_clock_that_was_set_widens_what_is_believed_until_it_is_steady() {
    run(async {
        let world = World::start();
        let (_, _, sink) = world.open(&[Script::Key("A")]);
        pass(secs(1)).await;
        *world.clock.stepped.lock().unwrap() = TimeDelta::hours(-2);
        pass(TICK + secs(1)).await;
        let skew = sink.last().skew;
        assert!((skew.hi - TimeDelta::hours(2)).abs() < TimeDelta::seconds(1) && skew.lo.is_zero(), "{skew:?}");
        pass(secs(16 * 60)).await;
        assert_eq!(sink.last().skew.hi, TimeDelta::zero());
    });
}

#[test]
fn the_loop_beats_at_least_once_a_tick_and_idles_between() {
    run(async {
        let world = World::start();
        let _open = world.open(&[Script::Key("A")]);
        pass(secs(1000)).await;
        let beats = world.beats.0.load(Ordering::Relaxed);
        assert!((200..300).contains(&beats), "{beats}");
    });
}

#[test]
fn a_stopped_run_opens_nothing_more() {
    run(async {
        let world = World::start();
        let (_, source, _) = world.open(&[Script::Key("A")]);
        pass(secs(1)).await;
        world.inbox.stop();
        pass(secs(3600)).await;
        assert_eq!(fetches(&source), 1);
        assert!(world.inbox.live() == 0);
    });
}

#[test]
fn a_source_that_needs_longer_is_waited_for() {
    run(async {
        let world = World::start();
        let patient = TestSource { patience: Some(secs(60)), ..world.source(&[Script::Hang, Script::Key("A")]) };
        let (_, source, sink) = world.open_source(patient);
        pass(secs(55)).await;
        assert_eq!(fetches(&source), 1, "the attempt is still under way");
        assert!(sink.last().in_flight && sink.last().error.is_none());
        pass(secs(10)).await;
        assert_eq!((fetches(&source), sink.key().as_deref()), (2, Some("A")));
    });
}

#[test]
fn nobody_is_waited_for_longer_than_the_longest_attempt() {
    run(async {
        let world = World::start();
        let patient = TestSource { patience: Some(secs(3600)), ..world.source(&[Script::Hang, Script::Key("A")]) };
        let (_, source, _) = world.open_source(patient);
        pass(LONGEST_ATTEMPT + secs(5)).await;
        assert_eq!(fetches(&source), 2);
    });
}

#[test]
fn another_source_takes_the_place_of_the_one_before_and_what_is_held_stays_until_it_answers() {
    run(async {
        let world = World::start();
        let (id, before, sink) = world.open(&[Script::Key("A")]);
        pass(secs(10)).await;
        let after = Arc::new(world.source(&[Script::Fail, Script::Fail, Script::Fail, Script::Key("B")]));
        world.inbox.replace(id, after.clone());
        pass(secs(2)).await;
        assert!(fetches(&after) >= 1, "it is asked within a second");
        assert_eq!((fetches(&before), sink.key().as_deref()), (1, Some("A")));
        pass(secs(60)).await;
        assert_eq!((fetches(&before), sink.key().as_deref()), (1, Some("B")));
    });
}

/// In real time: looking at files is done on another thread, which paused time does not wait for.
#[test]
fn a_file_that_changed_is_noticed_within_a_tick_and_a_second() {
    let file = std::env::temp_dir().join(format!("evercreds-engine-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::start();
        let watching = world.source(&[Script::Key("A"), Script::Key("B")]);
        *watching.watched.lock().unwrap() = vec![(file.clone(), Stamp::ABSENT)];
        let (_, source, sink) = world.open_source(watching);
        // A first tick finds the file as it was.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(fetches(&source), 1);
        std::fs::write(&file, "there now").unwrap();
        let noticed = async {
            while fetches(&source) < 2 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            *source.watched.lock().unwrap() = vec![(file.clone(), Stamp::of(&file))];
        };
        tokio::time::timeout(secs(30), noticed).await.expect("the change is noticed");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(sink.key().as_deref(), Some("B"));
    });
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_file_is_looked_at_once_and_whoever_read_it_before_it_changed_is_told() {
    let file = std::env::temp_dir().join(format!("evercreds-changed-{}", std::process::id()));
    std::fs::write(&file, "one").unwrap();
    let (old, [a, b, c]) = (Stamp::of(&file), [1, 2, 3].map(Id::from_raw));
    std::fs::write(&file, "three").unwrap();
    let new = Stamp::of(&file);
    let missing = file.with_extension("missing");
    let watched = vec![
        (a, file.clone(), old),
        (a, missing.clone(), old),
        (b, file.clone(), new),
        (c, missing.clone(), Stamp::ABSENT),
        (c, file.clone(), old),
    ];
    assert_eq!(changed(watched), [a, c]);
    std::fs::remove_file(&file).unwrap();
}
