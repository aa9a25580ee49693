//! The invariants of the refresh rules, each as a property over thousands of scripted worlds (see `model`).
//! Number 12, of a fleet, has its own file. `onlooker` knows by itself what the rules should know; `anything` makes
//! events without sense.

mod anything;
mod model;
mod onlooker;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anything::{event, instant, policy};
use chrono::{DateTime, Utc};
use evercreds::aws_clock::{AwsNow, Now};
use evercreds::error::{FetchError, FetchErrorKind};
use evercreds::refresh::event::{Event, Policy};
use evercreds::refresh::life::{LifePolicy, Phase, certainly_dead, possibly_dead};
use evercreds::refresh::machine::{Machine, RECOVERY};
use evercreds::refresh::state::{Grant, Held, Published};
use evercreds::sources::Traits;
use model::script::{self, play};
use model::source::{Mode, Source, link_local, minting, remote};
use model::{HOUR, MINUTE, Ms, Op, SECOND, START, Witness, World, boot, truly_live};
use onlooker::{Onlooker, ends, outdated, same_set, steps_back};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Ten thousand cases, the same ones for everybody, so that a change is judged by what it changed. Who asks for more with
/// PROPTEST_CASES (as `make check` does) searches anew each time.
fn ten_thousand() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = if asked.cases > 10_000 { asked.rng_seed } else { RngSeed::Fixed(2026) };
    ProptestConfig { cases: asked.cases.max(10_000), rng_seed, failure_persistence: None, ..asked }
}

proptest! {
    #![proptest_config(ten_thousand())]

    #[test]
    fn i1_a_failed_unchanged_or_refused_answer_leaves_held_untouched(
        source in script::source(), ops in script::anything(), seed: u64
    ) {
        let mut onlooker = Onlooker::default();
        let mut world = World::new(source, Policy::default(), seed);
        play(&mut world, &ops, &mut |step| {
            let untouched = step.held_before() == step.held();
            match step.event {
                Event::Answered { answer, .. } => {
                    let rejected = step.before.is_some_and(|before| before.rejected);
                    let key = &answer.credentials.access_key_id;
                    let refused = step.answer().is_none()
                        || key.as_str().is_empty()
                        || certainly_dead(answer.credentials.expiration, &step.now)
                        || onlooker.refuses(key, step.at)
                        || step.held_before().is_some_and(|held| {
                            same_set(held, answer)
                                || !rejected && steps_back(answer, held, &step.now) && !onlooker.seen.contains(key)
                        });
                    assert!(untouched || !refused, "a refused answer was taken: {answer:?}");
                    assert!(untouched || step.held().is_some_and(|held| same_set(held, answer)));
                }
                Event::Invalidate(key) => assert!(untouched || step.held().is_some_and(|held| held.key() != key)),
                _ => assert!(untouched, "{:?} changed what is held", step.event),
            }
            onlooker.sees(step);
        });
    }

    #[test]
    fn i2_a_true_witness_never_lets_a_live_set_be_replaced_by_a_dead_or_a_rejected_one(
        source in script::source(), ops in script::anything_but_belief(), seed: u64,
        ahead in script::offset(), witness in script::true_witness()
    ) {
        let mut rejected = HashSet::new();
        let mut world = World::with_clock(source, Policy::default(), seed, ahead, Some(witness));
        play(&mut world, &ops, &mut |step| {
            if let Event::Invalidate(key) = step.event {
                rejected.insert(key.clone());
            }
            let (Some(before), Some(after)) = (step.held_before(), step.held()) else { return };
            if before == after {
                return;
            }
            if truly_live(before, step.at) {
                assert!(!certainly_dead(after.credentials.expiration, &step.now), "a dead set replaced a live one");
            }
            if let Event::Invalidate(_) = step.event {
                assert!(!rejected.contains(after.key()), "{} was rejected and is served again", after.key());
            }
        });
    }

    #[test]
    fn i3_an_answer_seen_twice_is_taken_unless_certainly_dead(
        source in script::source(), ops in script::anything(), seed: u64
    ) {
        let mut onlooker = Onlooker::default();
        let mut world = World::new(source, Policy::default(), seed);
        play(&mut world, &ops, &mut |step| {
            if let Some(answer) = step.answer() {
                let key = &answer.credentials.access_key_id;
                let expiration = answer.credentials.expiration;
                let witness_doubts = step.now.aws.witnessed && possibly_dead(expiration, &step.now);
                if onlooker.plainly_seen.contains(key)
                    && onlooker.seen.len() <= 4
                    && !onlooker.inputs_moved
                    && !key.as_str().is_empty()
                    && !onlooker.refuses(key, step.at)
                    // Not even a possibly dead one replaces a live one, if a witness says so: it would live for
                    // seconds only.
                    && !witness_doubts
                    // Nor one that looks dead and that the source itself dates before the live one.
                    && !outdated(answer, step)
                {
                    assert!(step.held().is_some_and(|held| same_set(held, answer)), "{key} was seen twice, not taken");
                }
            }
            onlooker.sees(step);
            if step.answer().is_some() && step.held_before() != step.held() {
                onlooker.inputs_moved = step.at <= onlooker.inputs_settle;
            }
        });
    }

    #[test]
    fn i4_the_next_attempt_is_neither_too_near_nor_too_far(
        source in script::source(), ops in script::anything(), seed: u64
    ) {
        let mut pushed = false;
        let mut world = World::new(source, Policy::default(), seed);
        play(&mut world, &ops, &mut |step| {
            pushed |= *step.event == Event::InputsChanged;
            let Some(after) = step.after.filter(|after| !after.in_flight) else { return };
            let wait = step.wake_at.saturating_sub(step.at);
            assert!(wait <= 12 * HOUR + 1, "{wait} ms to the next attempt");
            if after.phase != Phase::Fresh {
                assert!(wait <= 10 * MINUTE + 1, "{wait} ms to the next attempt while {:?}", after.phase);
            }
            // A pause that outlasts an attempt ends it and asks anew at once.
            if step.concluded && !pushed && *step.event != Event::Paused {
                assert!(wait >= 500, "{wait} ms to the next attempt");
            }
        });
    }

    #[test]
    fn i5_one_fetch_at_a_time_and_rejections_make_no_storm(
        traits in prop_oneof![Just(link_local()), Just(minting()), Just(remote())], seed: u64,
        gap in 1u64..30_000, revoked: bool
    ) {
        // One service takes what another one rejects, again and again; or every key is rejected as soon as it comes.
        // The world itself asserts that no two fetches overlap.
        let mut world = World::new(Source::new(traits, 6 * HOUR, HOUR), Policy::default(), seed);
        let (mut rejections, mut fetches, mut at_once) = (0, 0, 0);
        world.run(10 * MINUTE, &mut |_| ());
        let until = world.at + 10 * MINUTE;
        while world.at < until {
            for event in [Event::Invalidate(world.key().unwrap()), Event::Accepted(world.key().unwrap())] {
                let rejection = matches!(event, Event::Invalidate(_));
                if rejection || !revoked {
                    world.feed(event, &mut |step| {
                        let rejected = |state: Option<&Arc<Published>>| state.is_some_and(|state| state.rejected);
                        rejections += usize::from(rejected(step.after) && !rejected(step.before));
                        at_once += usize::from(rejection && step.start.is_some());
                    });
                }
            }
            world.run(gap, &mut |step| fetches += usize::from(step.start.is_some()));
        }
        prop_assert!(at_once <= rejections, "{at_once} fetches at once after {rejections} rejections");
        prop_assert!(at_once <= 8, "{at_once} fetches at once in ten minutes");
        // A link-local source is asked within ten seconds while another set is needed.
        prop_assert!(at_once + fetches <= if traits.link_local { 130 } else { 30 }, "{fetches} fetches");
    }

    #[test]
    fn i6_a_throttle_is_never_undercut(
        source in script::source(), seed: u64,
        ops in prop::collection::vec(prop_oneof![
            3 => prop::option::of(0u64..400).prop_map(|s| Op::Source(Mode::Fail(FetchErrorKind::Throttled {
                retry_after: s.map(Duration::from_secs)
            }))),
            6 => (0..40 * SECOND).prop_map(Op::Run),
            1 => script::duration().prop_map(Op::Run),
            6 => prop_oneof![
                Just(Op::Nudge), Just(Op::Refresh), Just(Op::Reject), Just(Op::Accept), Just(Op::Inputs),
                Just(Op::Restored), Just(Op::MinRemaining(HOUR)), (0..MINUTE).prop_map(Op::Pause),
                script::offset().prop_map(Op::Step)
            ],
            1 => Just(Op::Source(Mode::Healthy)),
        ], 1..24)
    ) {
        let mut throttled_until = 0;
        let mut world = World::new(source, Policy::default(), seed);
        play(&mut world, &ops, &mut |step| {
            if step.start.is_some() {
                assert!(step.at >= throttled_until, "asked {} ms too early", throttled_until - step.at);
            }
            if let Event::Failed { error, .. } = step.event
                && let FetchErrorKind::Throttled { retry_after } = error.kind
                && step.landed
            {
                let asked = retry_after.unwrap_or_default().min(Duration::from_secs(300));
                throttled_until = step.at + model::ms(asked).max(2_500);
            }
        });
    }

    #[test]
    fn i7_a_clock_without_a_witness_refuses_nothing_needed_and_never_ends_serving(
        source in script::source(), ahead in script::offset(), seed: u64,
        ops in prop::collection::vec(prop_oneof![
            5 => script::duration().prop_map(Op::Run),
            1 => script::offset().prop_map(Op::Step),
            1 => script::duration().prop_map(Op::Pause),
            1 => (0u8..3).prop_map(Op::Role),
            1 => script::fault(),
            2 => Just(Op::Source(Mode::Healthy)),
            1 => Just(Op::Reject),
        ], 1..16)
    ) {
        let life = LifePolicy { max_stale: Some(Duration::ZERO), ..LifePolicy::default() };
        let mut world = World::with_clock(source, Policy { life, expect_role: None }, seed, ahead, None);
        let mut onlooker = Onlooker::default();
        play(&mut world, &ops, &mut |step| {
            assert!(step.held_before().is_none() || step.held().is_some(), "held was dropped");
            assert!(step.after.is_none_or(|state| state.phase != Phase::Dead), "the clock alone condemned");
            if let Some(answer) = step.answer() {
                let key = &answer.credentials.access_key_id;
                let needed = step.held_before().is_none_or(|held| {
                    possibly_dead(held.credentials.expiration, &step.now)
                        && ends(held.credentials.expiration) < ends(answer.credentials.expiration)
                });
                if needed && !key.as_str().is_empty() && !onlooker.refuses(key, step.at) {
                    assert!(step.held().is_some_and(|held| same_set(held, answer)), "{key} was needed and refused");
                }
            }
            onlooker.sees(step);
        });
        // The clock is set right: a quarter of an hour later phase and pace are as if it had always been.
        world.source.mode = Mode::Healthy;
        let wrong = world.wall_ahead;
        world.step(-wrong, &mut |_| ());
        world.run(15 * MINUTE + 10 * SECOND, &mut |_| ());
        let now = world.now();
        prop_assert_eq!(now.aws, AwsNow::from_wall(model::aws(world.at)));
        world.feed(Event::Tick, &mut |_| ());
        let held = Arc::clone(world.held().expect("a healthy source was asked"));
        let right = held.life(&now).map_or(Phase::Fresh, |life| life.phase(&LifePolicy::default()));
        let state = world.published.clone().unwrap();
        prop_assert_eq!(state.phase, right);
        if !state.in_flight && state.phase >= Phase::Advisory {
            let wait = model::at(world.machine.wake_at()).saturating_sub(world.at);
            prop_assert!(wait <= 5 * MINUTE, "{} ms to the next attempt in {:?}", wait, right);
        }
    }

    #[test]
    fn i8_a_healthy_source_is_met_in_time_and_asked_rarely(
        traits in prop_oneof![2 => Just(link_local()), 1 => Just(minting()), 1 => Just(remote())],
        life in script::life(), overlap in 0u64..100, born in 0u64..100, lag in 0u64..50, latency in 1u64..900,
        ahead in script::offset(), witness in prop::option::of(500i64..2_000), tells_life: bool, seed: u64
    ) {
        let mut source = Source::new(traits, life, (20 * SECOND).max(life / 2 * overlap / 100));
        source.born = START - source.period() * born / 100;
        source.hosts = vec![0, (source.overlap - 20 * SECOND.min(source.overlap)) * lag / 100];
        source.latency = latency;
        source.tells_life = tells_life;
        let period = if traits.mints { life - life / 2 } else { source.period() };
        let witness = witness.map(|margin| Witness { error: 0, margin });
        let ahead = if witness.is_some() { ahead } else { 0 };
        let mut world = World::with_clock(source, Policy::default(), seed, ahead, witness);
        let duration = (6 * period).max(2 * HOUR);
        world.run(duration, &mut |step| {
            if let Some(held) = step.held_before() {
                assert!(truly_live(held, step.at), "dead time with a healthy source");
            }
        });
        let rotations = duration.div_ceil(period);
        let asked = world.attempts;
        // AWS offers the next set at least five minutes before the end of the last; later than that it is sought.
        if traits.link_local && world.source.overlap >= (5 * MINUTE).min(life / 8) {
            let allowed = (16 * duration.div_ceil(HOUR)).max(32 * rotations);
            prop_assert!(asked <= allowed, "asked {} times in {} h, {} rotations", asked, duration / HOUR, rotations);
        } else if traits.mints && (tells_life || witness.is_some()) {
            prop_assert!(asked <= 3 * rotations, "asked {} times in {} rotations", asked, rotations);
        }
    }

    #[test]
    fn i7_a_clock_a_day_wrong_costs_no_dead_time_where_the_next_set_comes_five_minutes_ahead(
        traits in prop_oneof![2 => Just(link_local()), 1 => Just(minting())], life in 15 * MINUTE..12 * HOUR,
        overlap in 0u64..100, born in 0u64..100, tells_life: bool, ahead in script::offset(), seed: u64
    ) {
        let mut source = Source::new(traits, life, (5 * MINUTE).max(life / 2 * overlap / 100));
        source.born = START - source.period() * born / 100;
        // A slow clock hides the end of a set that was made for us, unless its life is told.
        source.tells_life = tells_life || traits.mints;
        let mut world = World::with_clock(source, Policy::default(), seed, ahead, None);
        world.run(4 * life, &mut |step| {
            assert!(step.held_before().is_none_or(|held| truly_live(held, step.at)), "dead time");
        });
    }

    #[test]
    fn i7_a_clock_a_day_fast_costs_no_dead_time_with_short_lives_once_a_rotation_was_seen(
        life in MINUTE..15 * MINUTE, born in 0u64..100, ahead in HOUR..24 * HOUR, seed: u64
    ) {
        let mut source = Source::new(link_local(), life, 15 * SECOND);
        source.born = START - source.period() * born / 100;
        let mut world = World::with_clock(source, Policy::default(), seed, ahead as i64, None);
        // The first set may be older than we know; the third one is known from its first minute on.
        world.run(2 * life, &mut |_| ());
        world.run(8 * life, &mut |step| {
            assert!(step.held_before().is_none_or(|held| truly_live(held, step.at)), "dead time");
        });
    }

    #[test]
    fn i9_after_an_outage_a_set_is_live_within_one_cap_and_one_deadline(
        source in script::source(), seed: u64, witness in prop::option::of(script::true_witness()),
        ops in prop::collection::vec(prop_oneof![
            5 => script::duration().prop_map(Op::Run),
            4 => script::fault(),
            1 => Just(Op::Source(Mode::Healthy)),
            1 => prop_oneof![Just(Op::Nudge), Just(Op::Refresh), Just(Op::Reject), Just(Op::Accept)],
            1 => script::duration().prop_map(Op::Pause),
        ], 1..20)
    ) {
        let link_local = source.traits.link_local;
        let mut world = World::with_clock(source, Policy::default(), seed, 0, witness);
        world.source.hosts = vec![0];
        play(&mut world, &ops, &mut |_| ());
        world.source.mode = Mode::Healthy;
        let deadline = if link_local { 5 * SECOND } else { 15 * SECOND };
        if world.in_flight() {
            world.run(deadline, &mut |_| ());
        }
        let cap = match world.last_failure {
            Some(FetchErrorKind::NonRecoverable) if link_local => 60,
            Some(FetchErrorKind::NonRecoverable) => 600,
            Some(FetchErrorKind::Throttled { retry_after }) => {
                retry_after.unwrap_or_default().min(Duration::from_secs(300)).as_secs().max(120)
            }
            Some(FetchErrorKind::NoRole) if link_local => 60,
            Some(_) => 30,
            // Answered with a set that is of no use.
            None if link_local => 60,
            None => 300,
        };
        let last = world.last_failure;
        let live = |held: Option<&Arc<Held>>, at| held.is_some_and(|held| truly_live(held, at));
        let mut again = live(world.held(), world.at);
        world.run(cap * SECOND + deadline, &mut |step| again |= live(step.held(), step.at));
        prop_assert!(again, "still dead {} s after {:?}", cap, last);
    }

    #[test]
    fn i10_generations_increase_and_every_state_is_whole(
        source in script::source(), ops in script::anything(), seed: u64
    ) {
        let mut world = World::new(source, Policy::default(), seed);
        play(&mut world, &ops, &mut |step| {
            if let (Some(before), Some(after)) = (step.before, step.after) {
                assert!(Arc::ptr_eq(before, after) || after.generation > before.generation);
            }
            if let Some(held) = step.held() {
                let credentials = &held.credentials;
                assert_eq!(credentials.secret_access_key.expose(), format!("secret of {}", held.key()));
                assert_eq!(
                    credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
                    Some(format!("token of {}", held.key()))
                );
            }
        });
    }

    #[test]
    fn i11_the_rules_are_total(
        traits in (any::<bool>(), any::<bool>()).prop_map(|(link_local, mints)| Traits { link_local, mints }),
        policy in policy(), seed: u64,
        events in prop::collection::vec((event(), instant(), instant(), instant(), any::<bool>(), any::<u64>()), 1..24)
    ) {
        let mut now = now(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH, false, START);
        let mut machine = Machine::new(policy.clone(), traits, seed, &now);
        for (event, wall, lo, hi, witnessed, at) in events {
            now = self::now(wall, lo.min(hi), lo.max(hi), witnessed, at);
            let effects = machine.on(event, &now);
            let _ = machine.wake_at();
            if let Some(state) = effects.publish {
                let _ = Machine::resumed(policy.clone(), traits, seed, &now, &state).on(Event::Tick, &now);
            }
        }
        machine.on(Event::Close, &now);
        prop_assert_eq!(machine.on(Event::Nudge, &now), Default::default());
    }

    #[test]
    fn i13_no_reader_waits_while_attempts_conclude_on_time(
        source in script::source(), ops in script::anything(), seed: u64, lag in 0u64..700
    ) {
        let mut world = World::new(source, Policy::default(), seed);
        world.lag = lag;
        let (mut excused, mut resumed) = (false, 0);
        play(&mut world, &ops, &mut |step| {
            // A nudge of the script comes without need; one of the readers only when a grant has passed.
            let passed = step.before.is_some_and(|state| match state.serve_until {
                Grant::None => true,
                Grant::Until(until) => until <= step.now.wall,
                Grant::Forever => false,
            });
            let waited = *step.event == Event::Nudge && passed;
            let lost = step.before.is_none_or(|state| matches!(state.phase, Phase::None | Phase::Dead));
            assert!(!waited || lost || excused, "a reader had to wait in {:?}", step.before);
            match step.event {
                Event::Paused | Event::Restored => (excused, resumed) = (true, step.at),
                Event::Invalidate(_) => excused = true,
                _ if step.concluded => {
                    let failed = step.after.is_some_and(|state| state.failures > 0);
                    excused = failed && step.at - resumed < model::ms(RECOVERY);
                }
                _ => {}
            }
        });
    }
}

/// A world whose process did not run for longer than what it holds lives, and whose source fails since.
fn paused_over_an_expiration(seed: u64) -> World {
    let mut world = World::new(Source::new(link_local(), 15 * MINUTE, 5 * MINUTE), Policy::default(), seed);
    world.run(MINUTE, &mut |_| ());
    world.source.mode = Mode::Fail(FetchErrorKind::Transient);
    world.pause(20 * MINUTE, &mut |_| ());
    world
}

/// Lets readers wait for a grant, and says for how long they did.
fn waited_for_a_grant(world: &mut World, failing: Ms) -> Ms {
    let resumed = world.at;
    loop {
        match world.published.as_ref().unwrap().serve_until {
            Grant::Until(until) if until > world.now().wall => return world.at - resumed,
            _ => world.feed(Event::Nudge, &mut |_| ()),
        }
        if world.at >= resumed + failing {
            world.source.mode = Mode::Healthy;
        }
        world.run(SECOND / 10, &mut |_| ());
    }
}

#[test]
fn after_a_pause_readers_wait_out_the_first_failures_and_get_a_live_set() {
    for seed in 0..200 {
        let mut world = paused_over_an_expiration(seed);
        let waited = waited_for_a_grant(&mut world, 2 * SECOND);
        assert!(waited <= 4 * SECOND, "seed {seed}: no grant for {waited} ms");
        assert!(truly_live(world.held().unwrap(), world.at), "seed {seed}: an expired set was granted");
    }
}

#[test]
fn an_outage_after_a_pause_ends_the_wait_within_a_readers_patience_and_an_attempt() {
    for seed in 0..200 {
        let mut world = paused_over_an_expiration(seed);
        let waited = waited_for_a_grant(&mut world, HOUR);
        assert!(waited <= model::ms(RECOVERY) + 2 * SECOND, "seed {seed}: no grant for {waited} ms");
    }
}

#[test]
fn i11_a_million_failures_change_nothing_but_counters() {
    let mut world = World::new(Source::new(link_local(), HOUR, MINUTE), Policy::default(), 7);
    world.run(MINUTE, &mut |_| ());
    let held = Arc::clone(world.held().unwrap());
    let mut machine = world.machine;
    let mut now = world.at;
    for n in 0..1_000_000u32 {
        now = now.max(model::at(machine.wake_at()));
        let at = self::now(model::aws(now), model::aws(now), model::aws(now), false, now);
        let attempt = machine.on(Event::Tick, &at).start.expect("an attempt is due");
        let kind = if n % 3 == 0 { FetchErrorKind::NonRecoverable } else { FetchErrorKind::Transient };
        machine.on(Event::Failed { attempt: attempt.number, error: FetchError::new(kind, "no") }, &at);
    }
    let state = machine.published().unwrap();
    assert_eq!(state.held.as_ref(), Some(&held));
    assert_eq!(state.failures, 1_000_000);
    assert!(model::at(machine.wake_at()) - now <= 10 * MINUTE);
}

fn now(wall: DateTime<Utc>, lo: DateTime<Utc>, hi: DateTime<Utc>, witnessed: bool, at: Ms) -> Now {
    Now { boot: boot(at), wall, aws: AwsNow { lo, hi, witnessed } }
}
