//! The end of a machine, one in the place of another, and until when a read is granted.

use super::*;

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
