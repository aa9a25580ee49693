//! The waits that the machine's own tests see too rarely, or with too much jitter: many draws of each.

use chrono::TimeDelta;

use super::*;
use crate::aws_clock::signed;

/// A set of which `left` of `length` seconds are left, fresh, of a remote source that serves one set again.
fn standing(length: u64, left: u64) -> Standing {
    Standing {
        phase: Phase::Fresh,
        life: Some(Life { length: secs(length), left: signed(secs(left)) }),
        advisory_window: super::super::life::advisory_window(secs(length)),
        nominal_life: Some(secs(length)),
        age: secs(length - left),
        link_local: false,
        mints: false,
        rejected: false,
        urgent_for: Duration::ZERO,
        witnessed: true,
    }
}

/// The least and the most of many draws, in seconds.
fn range(wait: impl Fn(&mut Rng) -> Duration) -> (f64, f64) {
    let mut rng = Rng::with_seed(7);
    let waits: Vec<f64> = (0..2000).map(|_| wait(&mut rng).as_secs_f64()).collect();
    (waits.iter().copied().fold(f64::MAX, f64::min), waits.iter().copied().fold(0.0, f64::max))
}

/// Nearly all of `[from, to]` is drawn, and nothing outside.
fn fills(found: (f64, f64), from: f64, to: f64) {
    let play = (to - from) / 50.0 + 0.001;
    assert!(found.0 >= from - 0.001 && found.0 <= from + play, "{found:?}, expected {from} to {to}");
    assert!(found.1 <= to + 0.001 && found.1 >= to - play, "{found:?}, expected {from} to {to}");
}

#[test]
fn inside_a_window_a_source_is_asked_after_a_quarter_of_what_is_left() {
    fills(range(|rng| standing(3600, 400).while_wanted(rng)), 50.0, 100.0);
    fills(range(|rng| standing(3600, 8).while_wanted(rng)), 2.5, 5.0);
    fills(range(|rng| standing(36_000, 3600).while_wanted(rng)), 150.0, 300.0);
    let link_local = Standing { link_local: true, ..standing(36_000, 3600) };
    fills(range(|rng| link_local.while_wanted(rng)), 150.0, 300.0);
}

#[test]
fn from_a_tenth_of_its_life_before_its_window_a_set_is_watched_for_a_rotation() {
    // An hour has a window of fifteen minutes; a tenth of it are six.
    fills(range(|rng| standing(3600, 900 + 360).after_still_fresh(rng)), 150.0, 300.0);
    let (least, most) = range(|rng| standing(3600, 900 + 361).after_still_fresh(rng));
    assert!(least < 10.0 && most > 350.0, "{least} to {most}: it keeps to its window, less up to a tenth of its life");
}

/// The most that a link-local source is left alone while another set is needed: the longest draw of a backoff at its cap.
fn patience(urgent_for: u64, nominal: Option<u64>, age: u64) -> f64 {
    let needed = Standing {
        phase: Phase::Stale,
        link_local: true,
        urgent_for: secs(urgent_for),
        nominal_life: nominal.map(secs),
        age: secs(age),
        life: Some(Life { length: secs(3600), left: TimeDelta::seconds(-1) }),
        ..standing(3600, 0)
    };
    let (least, most) = range(|rng| needed.after_fruitless(20, rng));
    assert!((least - most / 2.0).abs() < 0.5, "{least} to {most}");
    most.round()
}

#[test]
fn for_ten_minutes_a_set_that_is_needed_is_asked_for_closely() {
    assert_eq!(patience(599, None, 0), 10.0);
    assert_eq!(patience(600, None, 0), 60.0, "whose life is not told: a minute apart then");
}

#[test]
fn after_that_its_age_tells_how_near_a_rotation_is() {
    // An hour: an eighth of it is more than a minute, and so is a quarter of what remains of it for a long time.
    assert_eq!(patience(600, Some(3600), 600), 60.0);
    assert_eq!(patience(600, Some(3600), 3600 - 160), 40.0, "a quarter of the 160 s that remain");
    assert_eq!(patience(600, Some(3600), 3600 - 20), 10.0);
    // Little more than five minutes: an eighth of them.
    assert_eq!(patience(600, Some(320), 100), 40.0);
    // It is older than a set gets: a rotation may come at any moment, for ten minutes.
    assert_eq!(patience(600, Some(3600), 3601), 10.0);
    assert_eq!(patience(600, Some(3600), 3600 + 599), 10.0);
    assert_eq!(patience(600, Some(3600), 3600 + 600), 60.0);
}
