//! What the AWS SDKs of 2026 do when they refresh, as far as it holds here too.

use super::*;

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
