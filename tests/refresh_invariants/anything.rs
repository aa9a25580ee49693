//! Strategies for events that make no sense, with times at the ends of the calendar.

use std::time::Duration;

use chrono::{DateTime, Utc};
use evercreds::credentials::AccessKeyId;
use evercreds::error::{FetchError, FetchErrorKind};
use evercreds::refresh::event::{Event, Policy};
use evercreds::refresh::life::LifePolicy;
use evercreds::sources::{Answer, Traits};
use proptest::prelude::*;

use crate::model::script;
use crate::model::source::Source;
use crate::model::{self, HOUR, MINUTE, START};

pub fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        Just(DateTime::<Utc>::MIN_UTC),
        Just(DateTime::<Utc>::MAX_UTC),
        (0u64..10 * HOUR).prop_map(model::aws),
        any::<i64>().prop_map(|ms| DateTime::from_timestamp_millis(ms).unwrap_or_default()),
    ]
}

pub fn length() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        any::<u64>().prop_map(Duration::from_millis),
        (0u64..10 * HOUR).prop_map(Duration::from_millis),
    ]
}

pub fn policy() -> impl Strategy<Value = Policy> {
    (prop::option::of(length()), prop::option::of(length()), any::<bool>()).prop_map(
        |(advisory_window, max_stale, role)| Policy {
            life: LifePolicy { advisory_window, max_stale },
            expect_role: role.then(|| "role-1".into()),
        },
    )
}

pub fn key() -> impl Strategy<Value = AccessKeyId> {
    (0u8..6).prop_map(|key| AccessKeyId::new(if key == 0 { String::new() } else { format!("K{key}") }))
}

pub fn answer() -> impl Strategy<Value = Box<Answer>> {
    let times = (prop::option::of(instant()), prop::option::of(length()), prop::option::of(instant()));
    (key(), times, any::<bool>(), any::<bool>(), 0u8..2).prop_map(
        |(key, (expiration, life, date), local, mints, role)| {
            let mut source = Source::new(Traits { link_local: local, mints }, HOUR, MINUTE);
            source.role = role;
            let mut answer = source.asked(START).expect("a healthy source answers").1.expect("with a set");
            answer.credentials.access_key_id = key;
            answer.credentials.expiration = expiration;
            answer.nominal_life = life;
            answer.date = date;
            answer
        },
    )
}

pub fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Tick),
        6 => (0u64..6, answer()).prop_map(|(attempt, answer)| Event::Answered { attempt, answer }),
        3 => (0u64..6, script::failure(), length()).prop_map(|(attempt, kind, wait)| {
            let kind = match kind {
                FetchErrorKind::Throttled { .. } => FetchErrorKind::Throttled { retry_after: Some(wait) },
                kind => kind,
            };
            Event::Failed { attempt, error: FetchError::new(kind, "scripted") }
        }),
        1 => Just(Event::Nudge),
        1 => Just(Event::Refresh),
        2 => key().prop_map(Event::Invalidate),
        1 => key().prop_map(Event::Accepted),
        1 => length().prop_map(Event::MinRemaining),
        1 => Just(Event::InputsChanged),
        1 => Just(Event::BeliefMoved),
        1 => Just(Event::Paused),
        1 => Just(Event::Restored),
    ]
}
