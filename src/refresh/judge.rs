//! Pure: what to do with an answer, given what is held. The first rule that applies decides.
//!
//! | rule | when | verdict |
//! |---|---|---|
//! | A1 | a key or secret is empty | failure |
//! | – | not the role that was expected | failure, non-recoverable |
//! | A2 | the same key and expiration as held | unchanged |
//! | – | a young key that a service refused a moment ago, while its forerunner is served | unchanged |
//! | A3 | certainly dead | failure |
//! | A4 | possibly dead, while what is held is live, and a witness says so or the source itself dates it before what is held | failure: what is held wins |
//! | A5 | held is not rejected, and the answer looks like a step back; first sight of this key | put aside |
//! | A6 | such a key for the second time | accept: the source insists |
//! | A7 | otherwise | accept |
//!
//! A step back is: an earlier expiration for the same identity from a source that does not mint (IMDS hosts behind one
//! address do not rotate at the same instant), or an answer possibly dead that does not outlive what is held. A source
//! that insists is right, or nothing would ever replace a set after a role was given shorter sessions. It is not heard
//! (A4 comes before A6) while a witness cannot tell whether its set has expired: that lasts no longer than the witness's
//! interval is wide, and such a set has seconds to live. Nor is it heard for a set that looks expired and that by its own
//! dates was issued no later than the live one that is held: that comparison needs no clock of ours, and a cache that is
//! stuck must not displace a live set. A set that only looks expired and was issued later may well be live, where this
//! host's clock is fast: it is put aside once.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::life::{certainly_dead, issued, possibly_dead};
use super::state::Held;
use crate::aws_clock::Now;
use crate::credentials::AccessKeyId;
use crate::error::FetchError;
use crate::sources::Answer;

const STALE_SOURCE: &str =
    "if this lasts, the source is broken or caches: restart the agent or proxy that answers in its place.";

/// What the judgement of an answer depends on.
pub struct Bench<'a> {
    pub now: &'a Now,
    pub held: Option<&'a Arc<Held>>,
    /// A service rejected the key that is held.
    pub rejected: bool,
    /// The key that is not to be taken for the moment.
    pub refused: Option<&'a AccessKeyId>,
    /// Whether a key was put aside before.
    pub aside: &'a dyn Fn(&AccessKeyId) -> bool,
    pub expect_role: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fail(FetchError),
    Unchanged,
    PutAside,
    Accept,
}

pub fn judge(answer: &Answer, bench: &Bench<'_>) -> Verdict {
    let Bench { now, .. } = *bench;
    let credentials = &answer.credentials;
    let key = &credentials.access_key_id;
    if key.as_str().is_empty() || credentials.secret_access_key.is_empty() {
        return Verdict::Fail(FetchError::transient(format!(
            "{} answered without an access key id or without a secret access key.",
            answer.source
        )));
    }
    if let Some(role) = bench.expect_role
        && !answer.identity.has_role(role)
    {
        return Verdict::Fail(
            FetchError::non_recoverable(format!(
                "{} gave credentials of {}, but the role {role} is expected; they are not used.",
                answer.source, answer.identity
            ))
            .with_fix(format!("attach the role {role} again, or change the role that the application expects.")),
        );
    }
    let Some(held) = bench.held else {
        return if certainly_dead(credentials.expiration, now) { dead(answer) } else { Verdict::Accept };
    };
    if held.credentials.access_key_id == *key && held.credentials.expiration == credentials.expiration
        || bench.refused == Some(key)
    {
        return Verdict::Unchanged;
    }
    if certainly_dead(credentials.expiration, now) {
        return dead(answer);
    }
    let doubtful = possibly_dead(credentials.expiration, now);
    let dates =
        (issued(credentials.expiration, answer.nominal_life), issued(held.credentials.expiration, held.nominal_life));
    let older = matches!(dates, (Some(this), Some(that)) if this <= that);
    let held_wins = now.aws.witnessed || older && !bench.rejected;
    if doubtful && held_wins && !possibly_dead(held.credentials.expiration, now) {
        return Verdict::Fail(
            FetchError::transient(format!(
                "{} answered with {key}, which has expired already; {} is live and stays.",
                answer.source, held.credentials.access_key_id
            ))
            .with_fix(STALE_SOURCE),
        );
    }
    let earlier = ends(credentials.expiration) < ends(held.credentials.expiration);
    let no_later = ends(credentials.expiration) <= ends(held.credentials.expiration);
    let step_back = earlier && !answer.traits.mints && held.identity.same(&answer.identity) || doubtful && no_later;
    if !bench.rejected && step_back && !(bench.aside)(key) {
        return Verdict::PutAside;
    }
    Verdict::Accept
}

fn dead(answer: &Answer) -> Verdict {
    Verdict::Fail(
        FetchError::transient(format!(
            "{} answered with {}, which has expired already.",
            answer.source, answer.credentials.access_key_id
        ))
        .with_fix(STALE_SOURCE),
    )
}

/// An expiration for comparison: a set that does not expire outlives all that do.
fn ends(expiration: Option<DateTime<Utc>>) -> DateTime<Utc> {
    expiration.unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::aws_clock::{AwsNow, Boot};
    use crate::credentials::{Credentials, Identity, Secret};
    use crate::sources::Traits;

    const START: i64 = 1_700_000_000;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(START + second, 0).unwrap()
    }

    fn answer(key: &str, expires: i64) -> Answer {
        Answer {
            credentials: Credentials {
                access_key_id: AccessKeyId::new(key),
                secret_access_key: Secret::new("secret"),
                session_token: None,
                expiration: Some(at(expires)),
                account_id: None,
            },
            identity: Identity { name: "app".into(), account_id: None },
            source: "test source",
            traits: Traits { link_local: true, mints: false },
            nominal_life: Some(Duration::from_secs(3600)),
            date: None,
        }
    }

    /// The verdict at `second` on a set that was seen before, by an unwitnessed clock.
    fn second_sight(expires: i64, held_expires: i64, second: i64, rejected: bool) -> Verdict {
        let now = Now {
            boot: Boot::from_duration(Duration::from_secs(1000)),
            wall: at(second),
            aws: AwsNow { lo: at(second), hi: at(second), witnessed: false },
        };
        let held = Arc::new(Held::new(answer("HELD", held_expires), &now));
        let bench =
            Bench { now: &now, held: Some(&held), rejected, refused: None, aside: &|_| true, expect_role: None };
        judge(&answer("OTHER", expires), &bench)
    }

    #[test]
    fn a_source_cannot_insist_on_an_older_set_that_looks_expired_while_the_held_one_lives() {
        assert!(matches!(second_sight(-60, 600, 0, false), Verdict::Fail(_)));
    }

    #[test]
    fn a_set_that_was_issued_later_may_be_insisted_on_however_expired_it_looks() {
        // The clock is three hours fast; a set of an hour replaces one of six.
        let now = Now {
            boot: Boot::from_duration(Duration::from_secs(1000)),
            wall: at(3 * 3600),
            aws: AwsNow { lo: at(3 * 3600), hi: at(3 * 3600), witnessed: false },
        };
        let mut six_hours = answer("HELD", 6 * 3600);
        six_hours.nominal_life = Some(Duration::from_secs(6 * 3600));
        let held = Arc::new(Held::new(six_hours, &now));
        let bench = |seen: &'static dyn Fn(&AccessKeyId) -> bool| {
            judge(
                &answer("SWAPPED", 60 + 3600),
                &Bench { now: &now, held: Some(&held), rejected: false, refused: None, aside: seen, expect_role: None },
            )
        };
        assert_eq!(bench(&|_| false), Verdict::PutAside);
        assert_eq!(bench(&|_| true), Verdict::Accept);
    }

    fn first_sight(key: &str, expires: i64) -> Verdict {
        let now = Now {
            boot: Boot::from_duration(Duration::from_secs(1000)),
            wall: at(0),
            aws: AwsNow { lo: at(0), hi: at(0), witnessed: false },
        };
        let held = Arc::new(Held::new(answer("HELD", 600), &now));
        let aside = |_: &AccessKeyId| false;
        let bench =
            Bench { now: &now, held: Some(&held), rejected: false, refused: None, aside: &aside, expect_role: None };
        judge(&answer(key, expires), &bench)
    }

    #[test]
    fn only_the_same_key_with_the_same_expiration_is_unchanged() {
        assert_eq!(first_sight("HELD", 600), Verdict::Unchanged);
        assert_eq!(first_sight("HELD", 900), Verdict::Accept);
        assert_eq!(first_sight("OTHER", 600), Verdict::Accept);
    }

    #[test]
    fn a_set_that_ends_earlier_is_put_aside_at_first_sight() {
        assert_eq!(first_sight("OTHER", 599), Verdict::PutAside);
    }

    #[test]
    fn a_source_may_insist_on_a_set_that_ends_earlier_and_lives() {
        assert_eq!(second_sight(60, 600, 0, false), Verdict::Accept);
    }

    #[test]
    fn once_the_held_set_looks_expired_too_the_clock_is_doubted_and_the_source_may_insist() {
        assert_eq!(second_sight(-60, -30, 0, false), Verdict::Accept);
    }

    #[test]
    fn a_rejected_set_gives_way_to_one_that_only_looks_expired() {
        assert_eq!(second_sight(-60, 600, 0, true), Verdict::Accept);
    }
}
