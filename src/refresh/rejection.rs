//! Pure: what services said of keys: which one they reject, which one is not to be taken for a moment, and how soon a
//! rejection may lead to a fetch.

use std::time::Duration;

use super::pace::doubled;
use super::schedule::LONGEST_BACKOFF;
use super::state::RecentKeys;
use crate::aws_clock::Boot;
use crate::credentials::AccessKeyId;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A rejected key younger than this may only be unknown to the service yet: its forerunner is served meanwhile.
pub const SETTLING: Duration = secs(60);
/// For how long a young key that was rejected is not taken again.
pub const REFUSAL: Duration = secs(30);
/// Unchanged answers for so long overrule a rejection.
const OVERRULED: Duration = secs(600);
/// A rejection of a key younger than this, or of a key rejected before, makes the next such fetch wait longer.
const YOUNG: Duration = secs(120);

/// What services said of the keys of one machine.
#[derive(Debug, Default)]
pub struct Rejections {
    /// The key that is held, and since when services reject it.
    standing: Option<(AccessKeyId, Boot)>,
    /// A young key that a service rejected, and until when it is not taken.
    refused: Option<(AccessKeyId, Boot)>,
    /// Keys that were ever rejected: none of them is served in the place of another again. The ring is wider than what
    /// a rotating source can bring back.
    ever: RecentKeys<16>,
    /// The next fetch starts because of a rejection.
    pending: bool,
    last_fetch: Option<Boot>,
    /// Rejections of young keys, and repeated ones, in a row. They space the fetches, so that a service that accepts
    /// and one that rejects the same key make no storm between them.
    repeats: u32,
}

impl Rejections {
    /// The key that is held stands rejected.
    pub fn stand(&self) -> bool {
        self.standing.is_some()
    }

    pub fn stand_against(&self, key: &AccessKeyId) -> bool {
        self.standing.as_ref().is_some_and(|(rejected, _)| rejected == key)
    }

    pub fn ever(&self, key: &AccessKeyId) -> bool {
        self.ever.contains(key)
    }

    /// The key that is not to be taken now.
    pub fn refused(&self, now: Boot) -> Option<&AccessKeyId> {
        self.refused.as_ref().filter(|(_, until)| now < *until).map(|(key, _)| key)
    }

    /// When the refusal of that key ends.
    pub fn refused_until(&self, now: Boot) -> Option<Boot> {
        self.refused.as_ref().map(|(_, until)| *until).filter(|until| now < *until)
    }

    /// Counts the rejection of a key that has been held for `age`.
    pub fn count(&mut self, key: &AccessKeyId, age: Duration) {
        self.repeats = if self.ever(key) || age < YOUNG { self.repeats.saturating_add(1) } else { 0 };
        self.remember(key);
    }

    /// A key that is not held was rejected.
    pub fn remember(&mut self, key: &AccessKeyId) {
        self.ever.add(key.clone());
    }

    /// Does not take the key again for [`REFUSAL`]; tells until when.
    pub fn refuse(&mut self, key: &AccessKeyId, now: Boot) -> Boot {
        let until = now.plus(REFUSAL);
        self.refused = Some((key.clone(), until));
        until
    }

    /// The held key is rejected; a fetch is to come because of it.
    pub fn reject(&mut self, key: &AccessKeyId, now: Boot) {
        self.remember(key);
        self.standing = Some((key.clone(), now));
        self.pending = true;
    }

    /// What is held is rejected no more: another key, or a service that took it.
    pub fn clear(&mut self) {
        self.standing = None;
        self.pending = false;
    }

    /// The source has answered with the rejected key again: after a while it is right.
    pub fn answered_again(&mut self, now: Boot) {
        if self.standing.as_ref().is_some_and(|(_, since)| now.since(*since) >= OVERRULED) {
            self.clear();
        }
    }

    /// No fetch because of the standing rejection before this.
    pub fn earliest(&self) -> Boot {
        match (&self.standing, self.last_fetch) {
            (Some(_), Some(last)) => last.plus(doubled(secs(10), self.repeats).min(LONGEST_BACKOFF)),
            _ => Boot::default(),
        }
    }

    /// A fetch starts.
    pub fn fetch_starts(&mut self, now: Boot) {
        if std::mem::take(&mut self.pending) {
            self.last_fetch = Some(now);
        }
    }

    /// The boot clock runs anew (the process went on on another host): times of the old one mean nothing.
    pub fn rebase(&mut self, now: Boot) {
        self.refused = None;
        self.last_fetch = None;
        if let Some((_, since)) = &mut self.standing {
            *since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Boot {
        Boot::from_duration(secs(seconds))
    }

    #[test]
    fn a_refusal_ends_at_its_end() {
        let mut rejections = Rejections::default();
        let key = AccessKeyId::new("A");
        let until = rejections.refuse(&key, at(100));
        assert_eq!(until, at(130));
        assert_eq!((rejections.refused(at(129)), rejections.refused_until(at(129))), (Some(&key), Some(until)));
        assert_eq!((rejections.refused(at(130)), rejections.refused_until(at(130))), (None, None));
    }

    #[test]
    fn only_young_keys_and_known_ones_space_the_fetches() {
        let wait = |ages: &[(&str, u64)]| {
            let mut rejections = Rejections::default();
            for (key, age) in ages {
                rejections.count(&AccessKeyId::new(*key), secs(*age));
                rejections.reject(&AccessKeyId::new(*key), at(0));
                rejections.fetch_starts(at(0));
            }
            rejections.earliest()
        };
        assert_eq!(wait(&[("A", 120)]), at(10), "two minutes are no longer young");
        assert_eq!(wait(&[("A", 119)]), at(20));
        assert_eq!(wait(&[("A", 119), ("B", 119)]), at(40));
        assert_eq!(wait(&[("A", 119), ("B", 120)]), at(10), "the row is over");
        assert_eq!(wait(&[("A", 120), ("A", 120)]), at(20), "the same key again");
    }

    #[test]
    fn times_of_an_old_boot_clock_mean_nothing() {
        let mut rejections = Rejections::default();
        let key = AccessKeyId::new("A");
        rejections.refuse(&key, at(1_000_000));
        rejections.reject(&key, at(1_000_000));
        rejections.fetch_starts(at(1_000_000));
        rejections.rebase(at(5));
        assert_eq!(rejections.refused(at(5)), None);
        assert!(rejections.earliest() <= at(5) && rejections.stand());
        rejections.answered_again(at(604));
        assert!(rejections.stand());
        rejections.answered_again(at(605));
        assert!(!rejections.stand(), "ten minutes count from when the new clock began");
    }
}
