//! When an attempt starts: when it is due, and when a reader cannot wait.

use super::*;

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
