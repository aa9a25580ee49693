//! What an answer leads to, row by row.

use super::*;

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
