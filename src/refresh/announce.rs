//! Pure: what the log says when a published state follows another. One line for each change of state, none while a state
//! lasts.

use tracing::Level;

use super::life::Phase;
use super::state::Published;
use crate::error::FetchErrorKind;

/// A line for the log. Holds no secret: it is made of what [`Published`] shows and of error texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub level: Level,
    pub text: String,
}

/// What to say of `now`, which follows `before`.
pub fn announce(before: Option<&Published>, now: &Published) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say = |level, text| lines.push(Line { level, text });
    let held_before = before.and_then(|state| state.held.as_ref());
    if let Some(held) = &now.held {
        let key = &held.credentials.access_key_id;
        let until = held.credentials.expiration.map_or("without end".into(), |at| format!("until {at}"));
        match held_before {
            None => {
                say(Level::INFO, format!("Credentials of {} from the {}: {key}, {until}.", held.identity, held.source))
            }
            Some(old) if !old.identity.same(&held.identity) => say(
                Level::WARN,
                format!(
                    "The identity changed: {} gives credentials of {} ({key}, {until}) instead of {}.",
                    held.source, held.identity, old.identity
                ),
            ),
            Some(old) if old.credentials != held.credentials => {
                say(Level::INFO, format!("New credentials of {}: {key}, {until}.", held.identity));
            }
            Some(_) => {}
        }
    }
    let failed_before = before.is_some_and(|state| state.error.is_some());
    match (&now.error, failed_before) {
        (Some(error), false) => {
            let serving = match (&now.held, now.phase) {
                (Some(held), Phase::Dead) => {
                    format!("{} has expired and is not served.", held.credentials.access_key_id)
                }
                (Some(held), _) => match held.credentials.expiration {
                    Some(at) => format!("{} stays in use; it expires at {at}.", held.credentials.access_key_id),
                    None => format!("{} stays in use.", held.credentials.access_key_id),
                },
                (None, _) => "No credentials are held.".into(),
            };
            let level = if error.kind == FetchErrorKind::NonRecoverable { Level::ERROR } else { Level::WARN };
            say(level, format!("No new credentials: {error} {serving} Asking again."));
        }
        (None, true) => say(Level::INFO, "The source answers again.".into()),
        _ => {}
    }
    let phase_before = before.map_or(Phase::None, |state| state.phase);
    if now.phase > phase_before && now.error.is_some() {
        match now.phase {
            Phase::Mandatory => say(Level::WARN, "The credentials are about to expire and cannot be refreshed.".into()),
            Phase::Stale => say(
                Level::ERROR,
                "The credentials have expired on this host's clock and cannot be refreshed; they are served on.".into(),
            ),
            Phase::Dead => say(Level::ERROR, "The credentials have expired and are not served any more.".into()),
            Phase::None | Phase::Fresh | Phase::Advisory => {}
        }
    }
    if now.rejected && !before.is_some_and(|state| state.rejected) {
        say(Level::WARN, "A service rejected the access key that is held; asking for another.".into());
    }
    lines
}
