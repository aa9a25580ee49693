//! What services say of a key, and what the user and the settings say.

use super::*;

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
