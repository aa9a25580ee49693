//! What can be known of answers without asking the rules: the yardstick of the invariants.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use evercreds::aws_clock::Now;
use evercreds::credentials::AccessKeyId;
use evercreds::refresh::event::Event;
use evercreds::refresh::life::{issued, possibly_dead};
use evercreds::refresh::state::Held;
use evercreds::sources::Answer;

use crate::model::{Ms, SECOND, Step};

pub fn same_set(held: &Held, answer: &Answer) -> bool {
    held.credentials.access_key_id == answer.credentials.access_key_id
        && held.credentials.expiration == answer.credentials.expiration
}

pub fn ends(expiration: Option<DateTime<Utc>>) -> DateTime<Utc> {
    expiration.unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// What a careful onlooker knows of the answers so far: which keys a machine has seen since it last took one, and
/// which key it does not take for the moment.
#[derive(Default)]
pub struct Onlooker {
    pub seen: HashSet<AccessKeyId>,
    /// Of these, the ones that nothing spoke against: a witness's doubt or a refusal may have come before the sight.
    pub plainly_seen: HashSet<AccessKeyId>,
    pub refused: Option<(AccessKeyId, Ms)>,
    pub inputs_moved: bool,
    pub inputs_settle: Ms,
}

impl Onlooker {
    pub fn sees(&mut self, step: &Step<'_>) {
        if let Some(answer) = step.answer() {
            let key = &answer.credentials.access_key_id;
            self.seen.insert(key.clone());
            let doubted = step.now.aws.witnessed && possibly_dead(answer.credentials.expiration, &step.now);
            if !doubted && !outdated(answer, step) && !self.refuses(key, step.at) {
                self.plainly_seen.insert(key.clone());
            }
            if step.held_before() != step.held() {
                self.seen.clear();
                self.plainly_seen.clear();
            }
        }
        // The machine forgets what it put aside with its inputs; a deferred change may come at any time.
        if *step.event == Event::InputsChanged {
            // Deferred by five seconds at most, then by an attempt under way.
            (self.inputs_moved, self.inputs_settle) = (true, step.at + 20 * SECOND);
        }
        if let Event::Invalidate(key) = step.event
            && step.held_before() != step.held()
        {
            self.refused = Some((key.clone(), step.at + 30 * SECOND));
            // What is held now was taken up again: a key of before may be put aside once more, though it need not be.
            self.plainly_seen.clear();
        }
    }

    pub fn refuses(&self, key: &AccessKeyId, at: Ms) -> bool {
        self.refused.as_ref().is_some_and(|(refused, until)| refused == key && at < *until)
    }
}

/// Whether an answer looks dead and is dated by its own source before a live set that is held and not rejected.
pub fn outdated(answer: &Answer, step: &Step<'_>) -> bool {
    let expiration = answer.credentials.expiration;
    let held = step.before.filter(|before| !before.rejected).and_then(|before| before.held.as_deref());
    held.is_some_and(|held| {
        let dates = issued(expiration, answer.nominal_life).zip(issued(held.credentials.expiration, held.nominal_life));
        possibly_dead(expiration, &step.now)
            && !possibly_dead(held.credentials.expiration, &step.now)
            && dates.is_some_and(|(this, that)| this <= that)
    })
}

/// Whether an answer looks like a step back from what is held.
pub fn steps_back(answer: &Answer, held: &Held, now: &Now) -> bool {
    let (new, old) = (ends(answer.credentials.expiration), ends(held.credentials.expiration));
    let earlier = new < old && !answer.traits.mints && held.identity.same(&answer.identity);
    earlier || possibly_dead(answer.credentials.expiration, now) && new <= old
}
