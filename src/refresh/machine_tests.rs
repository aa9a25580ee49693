//! Each row of the rules, and each of its clauses, as a claim about one machine in virtual time.

use chrono::TimeDelta;

use super::*;
use crate::aws_clock::AwsNow;
use crate::credentials::{Credentials, Identity, Secret};
use crate::refresh::life::LifePolicy;
use crate::refresh::state::Grant;

const HOUR: u64 = 3600;
const LINK_LOCAL: Traits = Traits { link_local: true, mints: false };
const STS: Traits = Traits { link_local: false, mints: true };
/// Remote, and serves one set again until it rotates.
const REMOTE: Traits = Traits { link_local: false, mints: false };
const THROTTLED: FetchErrorKind = FetchErrorKind::Throttled { retry_after: None };

/// A machine, its time, and what is believed of AWS's clock.
struct Rig {
    machine: Machine,
    traits: Traits,
    at: Duration,
    /// The wall clock less AWS's, in seconds.
    ahead: i64,
    /// A witness's interval round the right time, in seconds.
    witness: Option<i64>,
    life: u64,
}

impl Rig {
    fn new(traits: Traits) -> Rig {
        Rig::with(traits, Policy::default())
    }

    fn with(traits: Traits, policy: Policy) -> Rig {
        let at = secs(100_000);
        let now = reading(at, 0, None);
        Rig { machine: Machine::new(policy, traits, 42, &now), traits, at, ahead: 0, witness: None, life: HOUR }
    }

    /// Holds the set `A`, of which `left` seconds of an hour are left.
    fn holding(traits: Traits, left: u64) -> Rig {
        let mut rig = Rig::new(traits);
        rig.answered("A", left as i64);
        rig
    }

    fn now(&self) -> Now {
        reading(self.at, self.ahead, self.witness)
    }

    fn pass(&mut self, seconds: u64) -> &mut Rig {
        self.at += secs(seconds);
        self
    }

    fn feed(&mut self, event: Event) -> Effects {
        let now = self.now();
        self.machine.on(event, &now)
    }

    /// Seconds to the next attempt, or to the deadline of the one under way.
    fn wait(&self) -> f64 {
        self.machine.wake_at().since(Boot::from_duration(self.at)).as_secs_f64()
    }

    /// Goes on to the next attempt.
    fn start(&mut self) -> Attempt {
        self.at = self.at.max(self.machine.wake_at().as_duration());
        self.feed(Event::Tick).start.expect("an attempt is due")
    }

    fn set(&self, key: &str, left: i64) -> Answer {
        Answer {
            credentials: Credentials {
                access_key_id: AccessKeyId::new(key),
                secret_access_key: Secret::new("secret"),
                session_token: None,
                expiration: Some(reading(self.at, 0, None).wall + TimeDelta::seconds(left)),
                account_id: None,
            },
            identity: Identity { name: "app".into(), account_id: None },
            source: "test source",
            traits: self.traits,
            nominal_life: Some(secs(self.life)),
            date: None,
        }
    }

    /// The next attempt brings a set that lives `left` more seconds.
    fn answered(&mut self, key: &str, left: i64) -> &mut Rig {
        let attempt = self.start().number;
        let answer = self.set(key, left);
        self.land(attempt, answer)
    }

    fn land(&mut self, attempt: u64, answer: Answer) -> &mut Rig {
        self.feed(Event::Answered { attempt, answer: Box::new(answer) });
        self
    }

    /// The next attempt brings what is held again.
    fn unchanged(&mut self) -> &mut Rig {
        let attempt = self.start().number;
        let held = self.machine.held.clone().expect("a set is held");
        let mut answer = self.set(held.key().as_str(), 0);
        answer.credentials = held.credentials.clone();
        self.land(attempt, answer)
    }

    fn failed(&mut self, kind: FetchErrorKind) -> &mut Rig {
        let attempt = self.start().number;
        self.feed(Event::Failed { attempt, error: FetchError::new(kind, "scripted") });
        self
    }

    fn invalidate(&mut self, key: &str) -> Effects {
        self.feed(Event::Invalidate(AccessKeyId::new(key)))
    }

    fn accepted(&mut self, key: &str) {
        self.feed(Event::Accepted(AccessKeyId::new(key)));
    }

    fn state(&self) -> Published {
        Published::clone(self.machine.published().expect("a state was published"))
    }

    fn key(&self) -> String {
        self.machine.held.as_ref().map(|held| held.key().to_string()).unwrap_or_default()
    }

    /// Seconds for which reads are granted.
    fn granted(&self) -> f64 {
        match self.state().serve_until {
            Grant::None => 0.0,
            Grant::Until(until) => (until - self.now().wall).num_milliseconds() as f64 / 1000.0,
            Grant::Forever => f64::INFINITY,
        }
    }
}

fn reading(at: Duration, ahead: i64, witness: Option<i64>) -> Now {
    let aws = DateTime::from_timestamp(1_800_000_000, 0).unwrap() + at;
    let wall = aws + TimeDelta::seconds(ahead);
    let believed = match witness {
        Some(margin) => {
            AwsNow { lo: aws - TimeDelta::seconds(margin), hi: aws + TimeDelta::seconds(margin), witnessed: true }
        }
        None => AwsNow::from_wall(wall),
    };
    Now { boot: Boot::from_duration(at), wall, aws: believed }
}

#[track_caller]
fn within(value: f64, from: f64, to: f64) {
    assert!(value >= from - 0.001 && value <= to + 0.001, "{value} is not in [{from}, {to}]");
}

// --- due ------------------------------------------------------------------------------------------------------------

#[test]
fn a_new_machine_asks_at_once_with_a_hard_deadline() {
    assert_eq!(Rig::new(LINK_LOCAL).feed(Event::Tick).start, Some(Attempt { number: 1, deadline: secs(5) }));
    assert_eq!(Rig::new(STS).feed(Event::Tick).start, Some(Attempt { number: 1, deadline: secs(15) }));
}

#[test]
fn nothing_starts_while_an_attempt_is_in_flight() {
    let mut rig = Rig::new(LINK_LOCAL);
    rig.start();
    assert_eq!(rig.pass(4).feed(Event::Refresh).start, None);
    assert_eq!(rig.wait(), 1.0);
}

#[test]
fn an_attempt_that_hangs_has_failed_at_its_deadline_and_its_late_answer_is_dropped() {
    let mut rig = Rig::new(LINK_LOCAL);
    let attempt = rig.start().number;
    rig.pass(5).feed(Event::Tick);
    assert_eq!((rig.state().failures, rig.state().in_flight), (1, false));
    let late = rig.set("A", 3600);
    rig.land(attempt, late);
    assert_eq!(rig.key(), "");
}

// --- nudge ----------------------------------------------------------------------------------------------------------

#[test]
fn a_nudge_after_a_pause_starts_an_attempt_without_jitter() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    rig.pass(2 * HOUR).feed(Event::Paused);
    let started = rig.machine.in_flight.is_some();
    assert!(started || rig.feed(Event::Nudge).start.is_some());
}

#[test]
fn a_nudge_never_starts_an_attempt_within_a_second_of_the_last_one() {
    let mut rig = Rig::holding(STS, 50);
    rig.failed(FetchErrorKind::Transient);
    rig.machine.concluded = false;
    rig.machine.next = Boot::MAX;
    rig.pass(200);
    let attempt = rig.feed(Event::Nudge).start.expect("an attempt starts");
    rig.feed(Event::Failed { attempt: attempt.number, error: FetchError::transient("no") });
    rig.machine.concluded = false;
    rig.machine.next = Boot::MAX;
    rig.machine.held = None;
    assert_eq!(rig.feed(Event::Nudge).start, None);
    assert_eq!(rig.wait(), 1.0);
}

#[test]
fn a_nudge_changes_nothing_once_an_attempt_has_concluded_or_while_the_grant_lasts() {
    let mut rig = Rig::new(LINK_LOCAL);
    rig.failed(FetchErrorKind::NonRecoverable);
    let before = rig.wait();
    assert_eq!(rig.feed(Event::Nudge).start, None);
    assert_eq!(rig.wait(), before);
    let mut fresh = Rig::holding(STS, HOUR);
    fresh.machine.concluded = false;
    assert_eq!(fresh.feed(Event::Nudge), Effects::default());
}

#[test]
fn a_nudge_does_not_shorten_a_throttle() {
    let mut rig = Rig::new(STS);
    rig.failed(FetchErrorKind::Throttled { retry_after: Some(secs(200)) });
    rig.machine.concluded = false;
    rig.pass(10).feed(Event::Nudge);
    within(rig.wait(), 190.0, 190.0);
}

// --- answers --------------------------------------------------------------------------------------------------------

#[test]
fn a1_an_answer_without_a_key_or_a_secret_is_a_failure() {
    for (key, secret) in [("", "secret"), ("B", "")] {
        let mut rig = Rig::holding(LINK_LOCAL, HOUR);
        let attempt = rig.start().number;
        let mut answer = rig.set(key, 3600);
        answer.credentials.secret_access_key = Secret::new(secret);
        rig.land(attempt, answer);
        assert_eq!((rig.key().as_str(), rig.state().failures), ("A", 1));
    }
}

#[test]
fn a2_the_same_set_again_ends_a_row_of_failures() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    rig.failed(FetchErrorKind::Transient).failed(FetchErrorKind::NonRecoverable).unchanged();
    assert_eq!((rig.state().failures, rig.state().error), (0, None));
    rig.failed(FetchErrorKind::NonRecoverable);
    within(rig.wait(), 30.0, 60.0);
}

#[test]
fn a2_a_link_local_source_is_polled_while_its_set_is_fresh() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    for _ in 0..8 {
        rig.unchanged();
        within(rig.wait(), 0.9 * 240.0, 240.0);
    }
}

#[test]
fn a2_a_remote_source_asked_out_of_turn_keeps_to_its_window() {
    let mut rig = Rig::holding(REMOTE, HOUR);
    rig.pass(600).feed(Event::Refresh);
    let attempt = rig.machine.in_flight.as_ref().unwrap().number;
    let mut again = rig.set("A", 0);
    again.credentials = rig.machine.held.as_ref().unwrap().credentials.clone();
    rig.land(attempt, again);
    within(rig.wait(), 2700.0 - 600.0 - 360.0, 2700.0 - 600.0);
}

#[test]
fn a2_a_remote_source_is_asked_for_a_rotation_from_a_tenth_of_its_life_before_its_window() {
    let mut rig = Rig::holding(REMOTE, HOUR);
    rig.machine.next = Boot::from_duration(rig.at + secs(2500));
    rig.unchanged();
    within(rig.wait(), 100.0, 200.0);
}

#[test]
fn a2_inside_its_windows_a_set_is_asked_for_after_a_quarter_of_what_is_left() {
    let mut link_local = Rig::holding(LINK_LOCAL, 400);
    link_local.life = HOUR;
    link_local.unchanged();
    let left = link_local.machine.held.as_ref().unwrap().life(&link_local.now()).unwrap().left().as_secs_f64();
    within(link_local.wait(), 5.0 / 2.0, (left / 4.0).max(5.0));
    let mut remote = Rig::holding(REMOTE, 880);
    remote.unchanged();
    let left = remote.machine.held.as_ref().unwrap().life(&remote.now()).unwrap().left().as_secs_f64();
    within(remote.wait(), left / 8.0, left / 4.0);
}

#[test]
fn a2_a_late_rotation_is_met_within_seconds_and_after_ten_minutes_within_one() {
    let mut rig = Rig::holding(LINK_LOCAL, 5);
    let stale_since = rig.at + secs(5);
    while rig.at < stale_since + secs(590) {
        rig.unchanged();
        assert!(rig.wait() <= 10.0, "{}", rig.wait());
    }
    rig.machine.held = rig.machine.held.clone().map(|held| Arc::new(Held { nominal_life: None, ..(*held).clone() }));
    rig.at = stale_since + secs(640);
    for _ in 0..5 {
        rig.unchanged();
    }
    within(rig.wait(), 30.0, 60.0);
}

#[test]
fn a2_a_stale_set_of_a_remote_source_is_asked_for_ever_more_rarely() {
    let mut rig = Rig::holding(REMOTE, 0);
    for (n, longest) in [(0, 20.0), (1, 40.0), (2, 80.0), (3, 160.0), (4, 300.0), (5, 300.0)] {
        rig.unchanged();
        within(rig.wait(), longest / 2.0, longest);
        assert_eq!(rig.machine.fruitless, n + 2);
    }
}

#[test]
fn a3_a_set_that_has_certainly_expired_is_never_taken() {
    let mut rig = Rig::new(LINK_LOCAL);
    rig.witness = Some(2);
    rig.answered("A", -3);
    assert_eq!((rig.key().as_str(), rig.state().failures), ("", 1));
    rig.answered("A", -3).answered("A", -3);
    assert_eq!(rig.key(), "");
}

#[test]
fn a3_a_set_that_has_certainly_expired_does_not_even_replace_an_expired_one() {
    let mut rig = Rig::holding(STS, 0);
    rig.witness = Some(1);
    rig.pass(100).answered("B", -5);
    assert_eq!((rig.key().as_str(), rig.state().failures), ("A", 1));
}

#[test]
fn a4_needs_a_witness() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    rig.ahead = 1800;
    let mut doubtful = rig.set("B", 1500);
    // Dated by its source before what is held, it would never be taken.
    doubtful.nominal_life = None;
    for (key, _) in [("A", "put aside"), ("B", "the source insists")] {
        let attempt = rig.start().number;
        rig.land(attempt, doubtful.clone());
        assert_eq!((rig.key().as_str(), rig.state().failures), (key, 0));
    }
}

#[test]
fn a4_a_live_set_is_not_replaced_by_one_that_a_witness_doubts() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.witness = Some(20);
    for _ in 0..2 {
        rig.answered("B", 10);
        assert_eq!(rig.key(), "A");
    }
    assert_eq!(rig.state().failures, 2);
}

#[test]
fn a5_an_earlier_set_of_the_same_identity_is_put_aside_at_first_sight() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    rig.answered("OLD", 1000);
    assert_eq!((rig.key().as_str(), rig.state().failures), ("A", 0));
    assert!(rig.wait() <= 60.0);
}

#[test]
fn a5_a_possibly_dead_set_that_does_not_outlive_what_is_held_is_put_aside() {
    let mut rig = Rig::holding(STS, 100);
    rig.ahead = 7200;
    rig.answered("OLD", 50);
    assert_eq!(rig.key(), "A");
}

#[test]
fn a5_a_source_that_mints_another_identity_and_a_rejected_set_are_no_step_back() {
    let mut minted = Rig::holding(STS, HOUR);
    minted.answered("B", 900);
    assert_eq!(minted.key(), "B");

    let mut swapped = Rig::holding(LINK_LOCAL, HOUR);
    let attempt = swapped.start().number;
    let mut answer = swapped.set("B", 900);
    answer.identity.name = "other".into();
    swapped.land(attempt, answer);
    assert_eq!(swapped.key(), "B");
    assert!(swapped.machine.former.is_none(), "another identity never stands in");

    let mut rejected = Rig::holding(LINK_LOCAL, HOUR);
    rejected.pass(100).invalidate("A");
    let attempt = rejected.machine.in_flight.as_ref().unwrap().number;
    let answer = rejected.set("B", 900);
    rejected.land(attempt, answer);
    assert_eq!(rejected.key(), "B");
}

#[test]
fn a6_a_set_put_aside_is_taken_when_the_source_insists_also_between_others() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    let old = rig.set("OLD", 1000);
    let older = rig.set("OLDER", 900);
    for answer in [old.clone(), older] {
        let attempt = rig.start().number;
        rig.land(attempt, answer);
        assert_eq!(rig.key(), "A");
    }
    let attempt = rig.start().number;
    rig.land(attempt, old);
    assert_eq!(rig.key(), "OLD");
}

#[test]
fn a7_a_new_set_replaces_what_is_held_and_keeps_it_as_the_former_one() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    rig.failed(FetchErrorKind::Transient).answered("B", 3600);
    assert_eq!((rig.key().as_str(), rig.state().failures), ("B", 0));
    assert_eq!(rig.machine.former.as_ref().unwrap().key().as_str(), "A");
}

#[test]
fn a7_another_key_ends_a_rejection_and_a_rejected_set_is_no_former_one() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    rig.pass(100).invalidate("A");
    let attempt = rig.machine.in_flight.as_ref().unwrap().number;
    let answer = rig.set("B", 3600);
    rig.land(attempt, answer);
    assert!(!rig.state().rejected && rig.machine.former.is_none());
}

#[test]
fn a7_a_key_that_was_once_rejected_does_not_come_back_as_the_former_one() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.pass(100).invalidate("A");
    rig.accepted("A");
    rig.machine.in_flight = None;
    rig.answered("B", 3600);
    assert!(rig.machine.former.is_none());
}

#[test]
fn a7_another_role_than_the_expected_one_is_a_failure_that_says_so() {
    let mut rig = Rig::with(LINK_LOCAL, Policy { expect_role: Some("app".into()), life: LifePolicy::default() });
    rig.answered("A", 3600);
    let attempt = rig.start().number;
    let mut answer = rig.set("B", 7200);
    answer.identity.name = "intruder".into();
    rig.land(attempt, answer);
    assert_eq!(rig.key(), "A");
    assert_eq!(rig.state().error.unwrap().kind, FetchErrorKind::NonRecoverable);
}

#[test]
fn a7_a_fresh_set_is_renewed_at_its_window_less_a_tenth_and_polled_if_link_local() {
    within(Rig::holding(STS, HOUR).wait(), 2700.0 - 360.0, 2700.0);
    within(Rig::holding(LINK_LOCAL, HOUR).wait(), 216.0, 240.0);
}

#[test]
fn a7_sets_that_are_not_fresh_are_followed_ever_more_rarely() {
    let life = LifePolicy { advisory_window: Some(secs(HOUR)), ..LifePolicy::default() };
    let mut rig = Rig::with(STS, Policy { life, ..Policy::default() });
    for (n, longest) in [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0].into_iter().enumerate() {
        rig.answered(&format!("A{n}"), 1000);
        assert_eq!(rig.state().phase, Phase::Advisory);
        within(rig.wait(), longest / 2.0, longest);
    }
}

#[test]
fn a7_the_schedule_restarts_once_a_fresh_set_comes() {
    let mut rig = Rig::holding(STS, 100);
    rig.answered("B", 3600);
    assert_eq!(rig.machine.fruitless, 0);
}

#[test]
fn a_set_without_expiration_is_served_for_ever_and_asked_for_rarely() {
    for (traits, from, to) in [(LINK_LOCAL, 270.0, 300.0), (STS, 43_200.0, 43_200.0)] {
        let mut rig = Rig::new(traits);
        let attempt = rig.start().number;
        let mut answer = rig.set("AKIA", 0);
        answer.credentials.expiration = None;
        rig.land(attempt, answer);
        within(rig.wait(), from, to);
        assert_eq!((rig.state().phase, rig.granted()), (Phase::Fresh, f64::INFINITY));
        rig.unchanged();
        within(rig.wait(), from, to);
    }
}

#[test]
fn under_a_clock_that_nobody_vouches_for_a_remote_set_of_unknown_age_is_not_trusted_for_long() {
    for (traits, witness, told, from, to) in [
        (STS, None, true, 35_280.0, 39_600.0),
        (STS, None, false, 2700.0, 2700.0),
        (REMOTE, None, true, 2700.0, 2700.0),
        (REMOTE, Some(1), true, 35_279.0, 39_599.0),
    ] {
        let mut rig = Rig::new(traits);
        rig.witness = witness;
        rig.life = 12 * HOUR;
        let attempt = rig.start().number;
        let mut answer = rig.set("A", 12 * 3600);
        answer.nominal_life = answer.nominal_life.filter(|_| told);
        rig.land(attempt, answer);
        within(rig.wait(), from, to);
    }
}

// --- failures -------------------------------------------------------------------------------------------------------

#[track_caller]
fn backs_off(rig: &mut Rig, kind: FetchErrorKind, bases: &[f64]) {
    for longest in bases {
        rig.failed(kind);
        within(rig.wait(), (longest / 2.0).max(0.5), *longest);
    }
}

#[test]
fn a_link_local_failure_is_retried_from_a_second_to_half_a_minute() {
    backs_off(&mut Rig::holding(LINK_LOCAL, HOUR), FetchErrorKind::Transient, &[1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
}

#[test]
fn a_link_local_failure_is_retried_quicker_the_less_is_left() {
    let mut rig = Rig::holding(LINK_LOCAL, 64);
    rig.machine.failures = 20;
    rig.machine.next = Boot::from_duration(rig.at);
    rig.failed(FetchErrorKind::Transient);
    within(rig.wait(), 4.0, 8.0);
}

#[test]
fn without_a_usable_set_a_link_local_failure_is_retried_within_ten_seconds() {
    backs_off(&mut Rig::new(LINK_LOCAL), FetchErrorKind::Transient, &[1.0, 2.0, 4.0, 8.0, 10.0, 10.0]);
    let mut expired = Rig::holding(LINK_LOCAL, 0);
    expired.machine.failures = 20;
    backs_off(&mut expired, FetchErrorKind::Transient, &[10.0, 10.0]);
}

#[test]
fn an_instance_without_a_role_is_asked_once_a_minute() {
    let mut rig = Rig::new(LINK_LOCAL);
    backs_off(&mut rig, FetchErrorKind::NoRole, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
}

#[test]
fn a_remote_failure_is_retried_within_half_a_minute_however_little_is_left() {
    backs_off(&mut Rig::new(STS), FetchErrorKind::Transient, &[1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
    let mut late = Rig::holding(STS, 40);
    late.machine.failures = 20;
    backs_off(&mut late, FetchErrorKind::Transient, &[30.0, 30.0]);
}

#[test]
fn a_throttle_is_met_with_patience() {
    backs_off(&mut Rig::new(STS), THROTTLED, &[5.0, 10.0, 20.0, 40.0, 80.0, 120.0, 120.0]);
    let mut live = Rig::holding(STS, 100);
    live.machine.failures = 20;
    live.machine.next = Boot::from_duration(live.at);
    live.failed(THROTTLED);
    within(live.wait(), 12.5, 25.0);
    live.failed(THROTTLED);
    within(live.wait(), 7.5, 25.0);
}

#[test]
fn retry_after_is_obeyed_up_to_five_minutes() {
    for (asked, waited) in [(200, 200.0), (300, 300.0), (86_400, 300.0)] {
        let mut rig = Rig::new(STS);
        rig.failed(FetchErrorKind::Throttled { retry_after: Some(secs(asked)) });
        within(rig.wait(), waited, waited);
    }
}

#[test]
fn a_denial_is_retried_after_a_minute_and_then_ever_more_rarely_whatever_failed_before() {
    let mut rig = Rig::new(STS);
    rig.machine.failures = 20;
    backs_off(&mut rig, FetchErrorKind::NonRecoverable, &[60.0, 120.0, 240.0, 480.0, 600.0, 600.0]);
    assert!(rig.state().error.is_some(), "it surfaces at once");
}

#[test]
fn a_link_local_source_that_denies_is_asked_each_minute_for_a_mended_role_must_be_met_before_a_short_set_dies() {
    backs_off(&mut Rig::new(LINK_LOCAL), FetchErrorKind::NonRecoverable, &[60.0, 60.0, 60.0]);
}

#[test]
fn changed_inputs_end_the_wait_after_a_denial() {
    let mut rig = Rig::new(STS);
    for _ in 0..6 {
        rig.failed(FetchErrorKind::NonRecoverable);
    }
    rig.feed(Event::InputsChanged);
    assert!(rig.wait() <= 1.0);
    rig.failed(FetchErrorKind::NonRecoverable);
    within(rig.wait(), 30.0, 60.0);
}

// --- what services say ----------------------------------------------------------------------------------------------

#[test]
fn a_rejection_of_the_held_key_leads_to_a_fetch_and_withdraws_the_grant() {
    let mut rig = Rig::holding(STS, HOUR);
    assert!(rig.pass(100).invalidate("A").start.is_some());
    assert_eq!((rig.state().rejected, rig.granted()), (true, 0.0));
}

#[test]
fn a_rejection_of_another_key_or_for_the_second_time_changes_nothing() {
    let mut rig = Rig::holding(STS, HOUR);
    assert_eq!(rig.pass(100).invalidate("OTHER"), Effects::default());
    rig.invalidate("A");
    rig.failed_in_flight();
    let wait = rig.wait();
    assert_eq!(rig.invalidate("A"), Effects::default());
    assert_eq!(rig.wait(), wait);
}

impl Rig {
    /// The attempt under way fails.
    fn failed_in_flight(&mut self) -> &mut Rig {
        let attempt = self.machine.in_flight.as_ref().expect("an attempt is in flight").number;
        self.feed(Event::Failed { attempt, error: FetchError::transient("scripted") });
        self
    }
}

#[test]
fn while_a_young_key_is_not_known_everywhere_its_forerunner_is_served() {
    let mut rig = Rig::holding(LINK_LOCAL, 3000);
    rig.answered("B", 3600);
    rig.pass(59).invalidate("B");
    assert_eq!((rig.key().as_str(), rig.state().rejected), ("A", false));
    within(rig.wait(), 0.0, 30.0);
    let b = rig.set("B", 3600 - 59);
    let attempt = rig.start().number;
    if rig.machine.rejections.refused(Boot::from_duration(rig.at)).is_some() {
        rig.land(attempt, b);
        assert_eq!((rig.key().as_str(), rig.state().failures), ("A", 0));
    }
}

#[test]
fn a_young_key_is_not_taken_again_for_half_a_minute() {
    let mut rig = Rig::holding(STS, 3000);
    rig.answered("B", 3600);
    rig.pass(10).invalidate("B");
    rig.feed(Event::Refresh);
    let b = rig.set("B", 3590);
    let attempt = rig.machine.in_flight.as_ref().unwrap().number;
    rig.land(attempt, b.clone());
    assert_eq!((rig.key().as_str(), rig.state().failures), ("A", 0));
    within(rig.wait(), 30.0, 30.0);
    let attempt = rig.start().number;
    rig.land(attempt, b);
    assert_eq!(rig.key(), "B");
}

#[test]
fn a_key_held_for_a_minute_has_no_forerunner() {
    let mut rig = Rig::holding(STS, 3000);
    rig.answered("B", 3600);
    rig.pass(60).invalidate("B");
    assert_eq!((rig.key().as_str(), rig.state().rejected), ("B", true));
}

#[test]
fn a_forerunner_that_was_rejected_itself_is_not_served_again() {
    let mut rig = Rig::holding(STS, 3000);
    rig.answered("B", 3600);
    rig.invalidate("A");
    rig.pass(10).invalidate("B");
    assert_eq!((rig.key().as_str(), rig.state().rejected), ("B", true));
}

#[test]
fn rejections_of_young_keys_lead_to_fetches_ever_more_rarely_and_withdraw_no_grant_meanwhile() {
    let mut rig = Rig::holding(STS, HOUR);
    assert!(rig.pass(200).invalidate("A").start.is_some());
    let attempt = rig.machine.in_flight.as_ref().unwrap().number;
    let answer = rig.set("B", 3600);
    rig.land(attempt, answer);
    rig.pass(1).invalidate("B");
    within(rig.wait(), 19.0, 19.0);
    assert!(rig.state().rejected && rig.granted() > 19.0);
}

#[test]
fn a_service_that_takes_the_key_ends_its_rejection() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.pass(100).invalidate("A");
    rig.accepted("OTHER");
    assert!(rig.state().rejected);
    rig.accepted("A");
    assert!(!rig.state().rejected && rig.granted() > 3000.0);
}

#[test]
fn ten_minutes_of_unchanged_answers_overrule_a_rejection() {
    let mut rig = Rig::holding(LINK_LOCAL, 6 * HOUR);
    rig.pass(100).invalidate("A");
    let since = rig.at;
    rig.failed_in_flight();
    while rig.at < since + secs(600) {
        assert!(rig.state().rejected);
        rig.unchanged();
    }
    assert!(!rig.state().rejected);
}

#[test]
fn a_rejection_does_not_shorten_a_throttle() {
    let mut rig = Rig::holding(STS, 800);
    rig.failed(FetchErrorKind::Throttled { retry_after: Some(secs(300)) });
    rig.pass(10).invalidate("A");
    within(rig.wait(), 290.0, 290.0);
    assert!(rig.granted() > 290.0, "no grant is withdrawn when no fetch can follow");
}

// --- what the user says ---------------------------------------------------------------------------------------------

#[test]
fn refresh_asks_now_once_in_ten_seconds() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.pass(100);
    assert!(rig.feed(Event::Refresh).start.is_some());
    rig.failed_in_flight().pass(2);
    rig.machine.next = Boot::MAX;
    assert_eq!(rig.feed(Event::Refresh).start, None);
    assert!(rig.pass(8).feed(Event::Refresh).start.is_some());
}

#[test]
fn a_wish_for_a_longer_life_is_granted_by_a_source_that_mints_once_a_minute() {
    let mut rig = Rig::holding(STS, HOUR);
    assert_eq!(rig.pass(100).feed(Event::MinRemaining(secs(3000))).start, None);
    assert!(rig.feed(Event::MinRemaining(secs(3550))).start.is_some());
    rig.failed_in_flight();
    rig.machine.next = Boot::MAX;
    assert_eq!(rig.pass(59).feed(Event::MinRemaining(secs(3550))).start, None);
    assert!(rig.pass(1).feed(Event::MinRemaining(secs(3550))).start.is_some());
    let mut exact = Rig::holding(STS, HOUR);
    assert_eq!(exact.pass(100).feed(Event::MinRemaining(secs(3500))).start, None, "that much is left");
    let mut serving = Rig::holding(LINK_LOCAL, HOUR);
    assert_eq!(serving.pass(100).feed(Event::MinRemaining(secs(3550))).start, None);
}

#[test]
fn changed_inputs_are_read_within_a_second_once_in_five_seconds_and_none_is_dropped() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.pass(100).feed(Event::InputsChanged);
    assert!(rig.wait() <= 1.0);
    rig.answered("B", 3600);
    let asked = rig.at;
    rig.pass(1).feed(Event::InputsChanged);
    assert!(rig.wait() <= 5.0);
    rig.at = rig.machine.wake_at().as_duration();
    rig.feed(Event::Tick);
    assert!(rig.wait() <= 1.0 && rig.at >= asked, "{}", rig.wait());
}

#[test]
fn inputs_that_change_during_an_attempt_are_read_after_it() {
    let mut rig = Rig::holding(STS, HOUR);
    let attempt = rig.start().number;
    rig.feed(Event::InputsChanged);
    let answer = rig.set("B", 3600);
    rig.land(attempt, answer);
    assert!(rig.wait() <= 1.0);
}

#[test]
fn with_its_inputs_a_source_may_change_its_mind_what_was_put_aside_is_forgotten() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    let old = rig.set("OLD", 1000);
    let attempt = rig.start().number;
    rig.land(attempt, old.clone());
    rig.feed(Event::InputsChanged);
    let attempt = rig.start().number;
    rig.land(attempt, old);
    assert_eq!(rig.key(), "A");
}

#[test]
fn changed_inputs_do_not_shorten_a_throttle() {
    let mut rig = Rig::new(STS);
    rig.failed(FetchErrorKind::Throttled { retry_after: Some(secs(200)) });
    rig.feed(Event::InputsChanged);
    within(rig.wait(), 200.0, 200.0);
}

// --- clocks ---------------------------------------------------------------------------------------------------------

#[test]
fn a_belief_that_takes_away_the_freshness_leads_to_a_fetch_within_a_second() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.ahead = 3420;
    rig.pass(100).feed(Event::BeliefMoved);
    assert_eq!(rig.state().phase, Phase::Advisory);
    assert!(rig.wait() <= 1.0);
}

#[test]
fn a_belief_that_shortens_a_fresh_life_brings_the_window_forward() {
    let mut rig = Rig::new(STS);
    rig.life = 12 * HOUR;
    rig.answered("A", 12 * 3600);
    rig.ahead = 10 * 3600;
    rig.pass(100).feed(Event::BeliefMoved);
    assert_eq!(rig.state().phase, Phase::Fresh);
    within(rig.wait(), 0.0, 3500.0);
}

#[test]
fn a_belief_that_wobbles_does_not_erase_a_backoff() {
    let mut rig = Rig::holding(STS, 1000);
    rig.failed(FetchErrorKind::NonRecoverable);
    let wait = rig.wait();
    for ahead in [500, -500, 500] {
        rig.ahead = ahead;
        rig.feed(Event::BeliefMoved);
        assert_eq!(rig.wait(), wait);
    }
}

#[test]
fn a_pause_while_nothing_is_fresh_leads_to_a_fetch_within_a_second_and_ends_the_grant() {
    let mut rig = Rig::holding(STS, 1000);
    rig.failed(FetchErrorKind::NonRecoverable);
    rig.machine.next = Boot::from_duration(rig.at + secs(2000));
    rig.pass(1000).feed(Event::Paused);
    assert!(rig.wait() <= 1.0 && !rig.machine.concluded);
    assert!(rig.granted() < 0.0);
}

#[test]
fn a_pause_while_the_set_is_fresh_asks_nobody() {
    let mut rig = Rig::holding(STS, HOUR);
    let wait = rig.wait();
    rig.pass(100).feed(Event::Paused);
    within(rig.wait(), wait - 100.0, wait - 100.0);
}

#[test]
fn an_attempt_that_a_pause_outlasted_grants_nothing() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.start();
    rig.pass(8 * HOUR).feed(Event::Paused);
    assert!(!rig.machine.concluded && rig.granted() < 0.0);
}

/// A link-local machine that was paused for longer than its set lived, `seconds` after it woke up; its attempt has failed.
fn woken(traits: Traits, seconds: u64, kind: FetchErrorKind) -> Rig {
    let mut rig = Rig::holding(traits, HOUR);
    rig.machine.next = Boot::MAX;
    rig.pass(8 * HOUR).feed(Event::Paused);
    rig.machine.next = Boot::from_duration(rig.at + secs(seconds));
    rig.failed(kind);
    assert_eq!(rig.at, secs(100_000 + 8 * HOUR + seconds));
    rig
}

#[test]
fn for_a_moment_after_a_pause_that_outlasted_the_set_a_passing_fault_concludes_nothing() {
    for seconds in [0, 4] {
        let rig = woken(LINK_LOCAL, seconds, FetchErrorKind::Transient);
        assert!(!rig.machine.concluded && rig.granted() < 0.0, "readers wait for the next set");
    }
    assert!(woken(LINK_LOCAL, 5, FetchErrorKind::Transient).machine.concluded, "the moment is over");
    assert!(woken(LINK_LOCAL, 0, FetchErrorKind::NonRecoverable).machine.concluded, "that does not pass");
    assert!(woken(STS, 0, FetchErrorKind::Transient).machine.concluded, "asking each second would hurt");
}

#[test]
fn a_pause_that_did_not_outlast_the_set_or_none_at_all_leaves_an_attempts_conclusion() {
    let mut rig = Rig::holding(LINK_LOCAL, HOUR);
    rig.pass(100).feed(Event::Paused);
    rig.failed(FetchErrorKind::Transient);
    assert!(rig.machine.concluded);
    let mut stale = Rig::holding(LINK_LOCAL, HOUR);
    stale.pass(2 * HOUR);
    stale.failed(FetchErrorKind::Transient);
    assert!(stale.machine.concluded);
}

#[test]
fn a_pause_during_a_throttle_forgets_no_conclusion() {
    let mut rig = Rig::holding(STS, 100);
    rig.failed(FetchErrorKind::Throttled { retry_after: Some(secs(300)) });
    rig.pass(20).feed(Event::Paused);
    within(rig.wait(), 280.0, 280.0);
    assert!(rig.granted() > 280.0);
}

#[test]
fn a_restored_process_asks_within_five_seconds_or_for_a_reader_at_once() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.pass(100).feed(Event::Restored);
    assert!(rig.wait() <= 5.0 && !rig.machine.concluded);
    let mut stale = Rig::holding(STS, 10);
    stale.pass(100);
    stale.machine.next = Boot::MAX;
    let asked = stale.feed(Event::Restored).start.is_some();
    assert!(asked || stale.feed(Event::Nudge).start.is_some());
}

#[test]
fn a_restored_process_does_not_wait_for_an_attempt_of_the_time_before() {
    let mut rig = Rig::holding(STS, HOUR);
    let attempt = rig.start().number;
    rig.feed(Event::Restored);
    assert!(rig.wait() <= 5.0);
    let late = rig.set("B", 7200);
    rig.land(attempt, late);
    assert_eq!(rig.key(), "A");
}

#[test]
fn a_restored_process_does_not_shorten_a_throttle() {
    let mut rig = Rig::new(STS);
    rig.failed(FetchErrorKind::Throttled { retry_after: Some(secs(200)) });
    rig.feed(Event::Restored);
    within(rig.wait(), 200.0, 200.0);
}

#[test]
fn a_boot_clock_that_runs_anew_stops_nothing() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.failed(FetchErrorKind::Throttled { retry_after: Some(secs(200)) });
    rig.at = secs(10);
    rig.feed(Event::Tick);
    assert!(rig.wait() <= 300.0, "{}", rig.wait());
    rig.answered("B", 3600);
    assert_eq!(rig.key(), "B");
}

#[test]
fn inputs_that_changed_before_the_boot_clock_ran_anew_are_read_within_a_second() {
    for _ in 0..10 {
        let mut rig = Rig::holding(STS, HOUR);
        rig.pass(100).feed(Event::InputsChanged);
        rig.machine.next = Boot::MAX;
        rig.pass(1).feed(Event::InputsChanged);
        rig.at = secs(10);
        rig.machine.rng = Rng::with_seed(fastrand::u64(..));
        rig.feed(Event::Tick);
        assert!(rig.wait() <= 1.0, "{}", rig.wait());
    }
}

// --- the end, and a new beginning -----------------------------------------------------------------------------------

#[test]
fn a_closed_machine_does_nothing_more() {
    let mut rig = Rig::new(STS);
    let attempt = rig.start().number;
    rig.feed(Event::Close);
    let answer = rig.set("A", 3600);
    assert_eq!(rig.feed(Event::Answered { attempt, answer: Box::new(answer) }), Effects::default());
    assert_eq!(rig.machine.wake_at(), Boot::MAX);
}

#[test]
fn a_machine_in_the_place_of_another_keeps_what_was_published_a_rejection_and_a_throttle() {
    let mut rig = Rig::holding(STS, 900);
    rig.failed(FetchErrorKind::Throttled { retry_after: Some(secs(200)) });
    rig.invalidate("A");
    let last = rig.state();
    rig.machine = Machine::resumed(Policy::default(), STS, 1, &rig.now(), &last);
    within(rig.wait(), 199.0, 200.0);
    rig.feed(Event::Tick);
    let state = rig.state();
    assert!(state.generation > last.generation && state.rejected && state.held == last.held);
    assert_eq!(state.failures, last.failures + 1);
}

// --- grants ---------------------------------------------------------------------------------------------------------

#[test]
fn reads_are_granted_until_the_mandatory_window_or_until_the_attempt_to_come_must_have_ended() {
    assert_eq!(Rig::holding(STS, HOUR).granted(), 3540.0);
    let mut late = Rig::holding(STS, 70);
    late.failed(FetchErrorKind::NonRecoverable);
    within(late.granted(), late.wait() + 15.9, late.wait() + 16.1);
}

#[test]
fn a_set_dead_for_longer_than_it_may_be_served_is_granted_no_more() {
    let life = LifePolicy { max_stale: Some(secs(60)), advisory_window: None };
    let mut rig = Rig::with(LINK_LOCAL, Policy { life, expect_role: None });
    rig.answered("A", 100);
    rig.witness = Some(2);
    rig.pass(150).feed(Event::Tick);
    assert_eq!(rig.state().phase, Phase::Stale);
    rig.failed_in_flight().pass(12).feed(Event::Tick);
    assert_eq!((rig.state().phase, rig.state().serve_until), (Phase::Dead, Grant::None));
    assert_eq!(rig.key(), "A");
}

// --- as the AWS SDKs of 2026 refresh ----------------------------------------------------------------------------------

#[test]
fn sdk_while_a_set_is_valid_its_callers_contact_nobody() {
    let mut rig = Rig::holding(STS, HOUR);
    for _ in 0..1000 {
        assert_eq!(rig.feed(Event::Nudge), Effects::default());
    }
}

#[test]
fn sdk_in_every_window_and_after_it_an_error_leaves_the_cached_set_served() {
    for left in [600, 30, 1] {
        let mut rig = Rig::holding(STS, left);
        rig.pass(5).failed(FetchErrorKind::Transient);
        assert_eq!(rig.key(), "A");
        assert!(rig.granted() > 0.0, "{left}");
    }
}

#[test]
fn sdk_with_nothing_held_an_error_surfaces_and_a_later_try_succeeds() {
    let mut rig = Rig::new(STS);
    rig.failed(FetchErrorKind::Transient);
    assert!(rig.state().error.is_some() && rig.state().held.is_none());
    rig.answered("A", 3600);
    assert!(rig.state().error.is_none());
    assert_eq!(rig.key(), "A");
}

#[test]
fn sdk_a_stale_answer_counts_as_a_failure_when_it_is_certain() {
    let mut rig = Rig::holding(STS, 100);
    rig.witness = Some(1);
    rig.answered("B", -10);
    assert_eq!((rig.key().as_str(), rig.state().failures), ("A", 1));
}

#[test]
fn sdk_the_window_follows_the_remaining_life_and_is_measured_anew_after_each_success() {
    let mut rig = Rig::new(STS);
    for (key, life, window) in [("A", 21_600, 3_600.0), ("B", 600, 300.0), ("C", 1_230, 900.0)] {
        rig.life = life;
        rig.answered(key, life as i64);
        let lead = life as f64 / 10.0;
        within(rig.wait(), life as f64 - window - lead, life as f64 - window);
    }
}

#[test]
fn sdk_a_configured_window_wins() {
    let life = LifePolicy { advisory_window: Some(secs(1800)), max_stale: None };
    let mut rig = Rig::with(STS, Policy { life, expect_role: None });
    rig.answered("A", 3600);
    within(rig.wait(), 1800.0 - 360.0, 1800.0);
}

#[test]
fn sdk_a_denial_surfaces_and_leaves_what_is_held() {
    let mut rig = Rig::holding(STS, HOUR);
    rig.failed(FetchErrorKind::NonRecoverable);
    assert_eq!(rig.state().error.as_ref().unwrap().kind, FetchErrorKind::NonRecoverable);
    assert_eq!(rig.key(), "A");
}

#[test]
fn sdk_invalidating_the_held_key_contacts_the_source_and_another_key_does_not() {
    let mut rig = Rig::holding(STS, HOUR);
    assert_eq!(rig.pass(100).invalidate("B").start, None);
    assert!(rig.invalidate("A").start.is_some());
}
