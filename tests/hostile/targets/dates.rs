//! Dates as others write them, a line each: `Retry-After`, `Date`, `Expiration`, `LastUpdated`.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use evercreds::aws_clock::{AwsNow, Boot, Now};
use evercreds::http::{http_date, retry_after};
use evercreds::refresh::event::{Event, Policy};
use evercreds::refresh::machine::Machine;
use evercreds::sources::{Answer, Traits};
use std::time::{Duration, SystemTime};

use super::imds::is_sound;
use super::memory::{Memory, fetches, response};

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (wait, date, expiration, updated) = (line(), line(), line(), line());

    let date = http_date(date);
    if let Some(date) = date {
        let written = httpdate::fmt_http_date(SystemTime::from(date));
        assert_eq!(http_date(&written), Some(date), "{written}");
    }
    match (retry_after(wait, date), wait.parse()) {
        (told, Ok(seconds)) => assert_eq!(told, Some(Duration::from_secs(seconds))),
        (Some(_), Err(_)) => assert!(date.is_some() && http_date(wait).is_some()),
        (None, Err(_)) => {}
    }

    if let Some(answer) = dated(expiration, updated) {
        is_sound(&answer);
        let expiration = answer.credentials.expiration.unwrap();
        if (0..=9999).contains(&expiration.year()) {
            let written = expiration.to_rfc3339_opts(SecondsFormat::Nanos, true);
            let again = dated(&written, updated).expect("what we write we read");
            assert_eq!(again.credentials.expiration, Some(expiration), "{written}");
        }
        is_bearable(&answer);
    }
}

/// A document with these dates, as the source reads it.
fn dated(expiration: &str, updated: &str) -> Option<Answer> {
    let document = serde_json::json!({
        "Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret", "Token": "token",
        "Expiration": expiration, "LastUpdated": updated,
    });
    let answers = ["token", "app", &document.to_string()].map(|body| Some(Ok(response(200, body))));
    fetches(1, Memory::new(answers)).remove(0).ok()
}

/// The refresh rules can calculate with it, whatever this host's clock shows.
fn is_bearable(answer: &Answer) {
    for wall in
        [DateTime::<Utc>::UNIX_EPOCH, DateTime::from_timestamp(1_800_000_000, 0).unwrap(), DateTime::<Utc>::MAX_UTC]
    {
        let mut now = Now { boot: Boot::from_duration(Duration::from_secs(9)), wall, aws: AwsNow::from_wall(wall) };
        let traits = Traits { link_local: true, mints: false };
        let mut machine = Machine::new(Policy::default(), traits, 7, &now);
        let attempt = machine.on(Event::Tick, &now).start.expect("it asks at once").number;
        let state = machine.on(Event::Answered { attempt, answer: Box::new(answer.clone()) }, &now).publish;
        assert!(state.expect("the attempt ended").held.is_some(), "without a witness nothing is condemned");
        now.boot = machine.wake_at();
        machine.on(Event::Tick, &now);
    }
}
