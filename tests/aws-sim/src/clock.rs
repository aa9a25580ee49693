//! What time is it, and how does AWS write it down? The only file that reads the wall clock (through std, thus libc).

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use std::time::SystemTime;

/// The wall clock of this process.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The value of an HTTP `Date` header.
pub fn http_date(at: DateTime<Utc>) -> String {
    httpdate::fmt_http_date(SystemTime::from(at))
}

/// `2026-01-31T12:00:00Z`, as IMDS writes `LastUpdated` and `Expiration`.
pub fn imds_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `20260131T120000Z`, as SigV4 writes times.
pub fn sigv4_time(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Cuts to whole seconds: what is printed is then exactly what is enforced.
pub fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0)
}

/// Serde: RFC 3339, UTC, milliseconds.
pub mod millis {
    use super::*;
    use serde::Serializer;

    /// Writes one instant.
    pub fn serialize<S: Serializer>(at: &DateTime<Utc>, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    /// The same for an instant that may be absent.
    pub mod option {
        use super::*;

        /// Writes the instant or `null`.
        pub fn serialize<S: Serializer>(at: &Option<DateTime<Utc>>, out: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, out),
                None => out.serialize_none(),
            }
        }
    }
}
