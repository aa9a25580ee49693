//! Pure: what to do with an answer, given what is held. The first rule that applies decides.
//!
//! | rule | when | verdict |
//! |---|---|---|
//! | A1 | a key or secret is empty | failure |
//! | – | not the role that was expected | failure, non-recoverable |
//! | A2 | the same key and expiration as held | unchanged |
//! | – | a young key that a service refused a moment ago, while its forerunner is served | unchanged |
//! | A3 | certainly dead | failure |
//! | A4 | a witness makes it possibly dead, and what is held is live | failure: what is held wins |
//! | A5 | held is not rejected, and the answer looks like a step back; first sight of this key | put aside |
//! | A6 | such a key for the second time | accept: the source insists |
//! | A7 | otherwise | accept |
//!
//! A step back is: an earlier expiration for the same identity from a source that does not mint (IMDS hosts behind one
//! address do not rotate at the same instant), or an answer possibly dead that does not outlive what is held. A source
//! that insists is right, or nothing would ever replace a set after a role was given shorter sessions. It is not heard
//! (A4 comes before A6) while a witness cannot tell whether its set has expired: that lasts no longer than the witness's
//! interval is wide, and such a set has seconds to live. An unwitnessed clock that runs fast can put an answer aside
//! only if that answer outlives nothing, and only once.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::life::{certainly_dead, possibly_dead};
use super::state::Held;
use crate::aws_clock::Now;
use crate::credentials::AccessKeyId;
use crate::error::FetchError;
use crate::sources::Answer;

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
        && answer.identity.name != role
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
    if now.aws.witnessed && doubtful && !possibly_dead(held.credentials.expiration, now) {
        return Verdict::Fail(FetchError::transient(format!(
            "{} answered with {key}, which may have expired already; {} is live and stays.",
            answer.source, held.credentials.access_key_id
        )));
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
        .with_fix(
            "if this lasts, the source is broken or caches: restart the agent or proxy that answers in its place.",
        ),
    )
}

/// An expiration for comparison: a set that does not expire outlives all that do.
fn ends(expiration: Option<DateTime<Utc>>) -> DateTime<Utc> {
    expiration.unwrap_or(DateTime::<Utc>::MAX_UTC)
}
