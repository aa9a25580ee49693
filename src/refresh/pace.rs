//! Pure: when to ask again. Every wait of the refresh rules is made here, from a base, a count and a cap, with jitter.

use std::time::Duration;

use fastrand::Rng;

/// No two attempts follow each other quicker than this.
pub const FLOOR: Duration = Duration::from_millis(500);

/// No attempt is further away than this, whatever is held.
pub const CEILING: Duration = Duration::from_secs(12 * 3600);

/// A random duration in `[from, to]`.
pub fn uniform(rng: &mut Rng, from: Duration, to: Duration) -> Duration {
    from + to.saturating_sub(from).mul_f64(rng.f64())
}

/// E(c): a random duration in `[c/2, c]`, never below [`FLOOR`].
pub fn spread(rng: &mut Rng, wait: Duration) -> Duration {
    uniform(rng, wait / 2, wait).max(FLOOR)
}

/// E(base · 2^count), the wait before spreading never above `cap`.
pub fn backoff(rng: &mut Rng, base: Duration, count: u32, cap: Duration) -> Duration {
    spread(rng, doubled(base, count).min(cap))
}

/// `base · 2^count`, saturating.
pub fn doubled(base: Duration, count: u32) -> Duration {
    base.saturating_mul(1u32.checked_shl(count).unwrap_or(u32::MAX))
}

/// How often a link-local source is asked while what it gave is fresh: a fifteenth of the set's life between one and
/// five minutes, but for very short lives an eighth. `None`: the set does not expire.
pub fn poll_period(length: Option<Duration>) -> Duration {
    let Some(length) = length else {
        return Duration::from_secs(300);
    };
    (length / 15).clamp(Duration::from_secs(60), Duration::from_secs(300)).min((length / 8).max(Duration::from_secs(5)))
}

/// The period with its jitter, U[0.9, 1].
pub fn poll(rng: &mut Rng, length: Option<Duration>) -> Duration {
    let period = poll_period(length);
    uniform(rng, period.mul_f64(0.9), period)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn a_backoff_lies_between_half_and_whole_and_ends_at_its_cap() {
        let mut rng = Rng::with_seed(1);
        for count in [0, 1, 5, 31, 32, 1_000_000, u32::MAX] {
            let whole = doubled(secs(1), count).min(secs(30));
            for _ in 0..100 {
                let wait = backoff(&mut rng, secs(1), count, secs(30));
                assert!(wait >= whole / 2 && wait <= whole, "{count}: {wait:?}");
            }
        }
        assert!(backoff(&mut rng, Duration::ZERO, 0, secs(1)) == FLOOR);
    }

    #[test]
    fn waits_of_the_same_kind_are_spread_over_the_whole_of_their_range() {
        let mut rng = Rng::with_seed(3);
        let waits: Vec<Duration> = (0..1000).map(|_| spread(&mut rng, secs(20))).collect();
        for from in 10..20 {
            let here = waits.iter().filter(|wait| (secs(from)..secs(from + 1)).contains(*wait)).count();
            assert!((50..200).contains(&here), "{here} of 1000 in [{from}, {}) s", from + 1);
        }
    }

    #[test]
    fn the_doubling_saturates() {
        assert_eq!(doubled(secs(1), 4), secs(16));
        assert!(doubled(secs(1), 31) < doubled(secs(1), 32));
        assert_eq!(doubled(Duration::MAX, 3), Duration::MAX);
    }

    #[test]
    fn a_poll_is_a_fifteenth_of_a_life_within_bounds() {
        assert_eq!(poll_period(Some(secs(6 * 3600))), secs(300));
        assert_eq!(poll_period(Some(secs(3600))), secs(240));
        assert_eq!(poll_period(Some(secs(900))), secs(60));
        assert_eq!(poll_period(Some(secs(300))), Duration::from_millis(37_500));
        assert_eq!(poll_period(Some(secs(20))), secs(5));
        assert_eq!(poll_period(Some(secs(0))), secs(5));
        assert_eq!(poll_period(None), secs(300));
        let mut rng = Rng::with_seed(2);
        for _ in 0..100 {
            let wait = poll(&mut rng, Some(secs(3600)));
            assert!(wait >= secs(216) && wait <= secs(240));
        }
    }
}
