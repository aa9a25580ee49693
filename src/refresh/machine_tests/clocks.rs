//! Beliefs that move, pauses, a restored process, a boot clock that runs anew.

use super::*;

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
