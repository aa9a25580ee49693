//! What a failure leads to, by its kind.

use super::*;

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
