//! A profile of the files that the AWS CLI and the SDKs share: `~/.aws/credentials` and `~/.aws/config`.
//!
//! Every fetch reads both files anew and finds out what the profile means now. What it means is a [`Plan`]; the source
//! for it is kept as long as the plan stays the same (its connections and tokens are worth keeping), and replaced when
//! it changes.
//!
//! Keys that stand in the file have no expiration. Some tools write temporary keys there and replace them before they
//! expire; neither Java SDK reads any of the settings in which such tools note the end (`x_security_token_expires`,
//! `aws_expiration`), nor does this. They are served until the file says otherwise: whoever ticks compares
//! [`Source::watched`] and asks at once when a file has changed. A file that is caught half-written fails the fetch as
//! transient, which leaves what is held untouched.

mod endpoints;
mod files;
mod metadata;
mod parse;
mod profiles;
mod resolve;
#[cfg(test)]
mod resolve_tests;
mod role;
mod sso;
#[cfg(test)]
mod tests;

use std::future::ready;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use self::files::Places;
pub use self::profiles::{Profiles, Settings};
pub use self::resolve::{Lack, Refusal, name, resolve};
use super::plan::{Plan, ProfilePlan, StaticPlan};
use super::process;
use super::stamp::Stamp;
use super::{Answer, Fetch, Source, Traits};
use crate::aws_clock::clock::Clock;
use crate::config::quoted;
use crate::credentials::Identity;
use crate::error::{FetchError, FetchErrorKind};

/// What reading the files may take of the time that one asking has.
const READING: Duration = Duration::from_secs(5);

/// Makes the source for a plan that is not [`Plan::Static`].
pub type Build = dyn Fn(&Plan) -> Result<Arc<dyn Source>, FetchError> + Send + Sync;

/// One profile.
pub struct Profile {
    plan: ProfilePlan,
    clock: Arc<dyn Clock>,
    build: Arc<Build>,
    meant: Mutex<Option<Meant>>,
    /// The files, as they were just before they were read.
    seen: Mutex<Vec<(PathBuf, Stamp)>>,
}

/// What the profile meant when it was last read.
struct Meant {
    plan: Plan,
    source: Arc<dyn Source>,
}

impl Profile {
    /// `clock` tells whether a file has changed so lately that it may still be written.
    pub fn new(plan: ProfilePlan, clock: Arc<dyn Clock>, build: Arc<Build>) -> Self {
        Profile { plan, clock, build, meant: Mutex::default(), seen: Mutex::default() }
    }

    fn name(&self) -> &str {
        name(self.plan.name.as_deref(), &self.plan.inputs)
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let source = self.source().await.map_err(|refusal| refusal.error)?;
        source.fetch().await
    }

    /// The source that the profile means now. A chain of sources looks at [`Refusal::lack`] to see whether the profile
    /// is meant at all.
    pub async fn source(&self) -> Result<Arc<dyn Source>, Refusal> {
        let broken = |error| Refusal { lack: Lack::Incomplete, error };
        let places = Places::of(&self.plan.inputs);
        let look = files::read(&places, &*self.clock).await.map_err(broken)?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = look.stamps;
        let texts = look.texts.map_err(broken)?;
        let profiles = Profiles::read(&texts, &places, &self.plan.inputs).map_err(broken)?;
        let plan = resolve(&profiles, self.name(), &self.plan.inputs).map_err(|mut refusal| {
            // It was there before: a file that holds nothing at all is about to be written.
            let blank = texts.all().any(files::Text::is_blank);
            if refusal.lack == Lack::NoProfile && blank && self.meant().is_some() {
                refusal.error.kind = FetchErrorKind::Transient;
            }
            if refusal.lack == Lack::NoProfile && !texts.denied.is_empty() {
                let denied: Vec<_> = texts.denied.iter().map(|file| files::shown(file)).collect();
                let denied = denied.join(" and ");
                refusal.error.message.push_str(&format!("; {denied} cannot be read: permission denied"));
                refusal.error.kind = FetchErrorKind::Transient;
                refusal.error.fix =
                    Some(format!("let the user that this process runs as read {denied} and enter its folder."));
            }
            refusal
        })?;
        if let Some(meant) = &*self.meant()
            && meant.plan == plan
        {
            return Ok(meant.source.clone());
        }
        let source: Arc<dyn Source> = match &plan {
            Plan::Static(keys) => Arc::new(Keys(keys.clone())),
            other => (self.build)(other).map_err(|error| Refusal { lack: Lack::Wrong, error })?,
        };
        *self.meant() = Some(Meant { plan, source: source.clone() });
        Ok(source)
    }

    fn meant(&self) -> MutexGuard<'_, Option<Meant>> {
        self.meant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Profile {
    fn describe(&self) -> String {
        match &*self.meant() {
            Some(meant) => format!("profile {} ({})", quoted(self.name()), meant.source.describe()),
            None => format!("profile {}", quoted(self.name())),
        }
    }

    fn traits(&self) -> Traits {
        self.meant().as_ref().map_or(TRAITS, |meant| meant.source.traits())
    }

    fn reset(&self) {
        if let Some(meant) = &*self.meant() {
            meant.source.reset();
        }
    }

    /// What the profile means is not known before it has been read: it may be a process.
    fn patience(&self) -> Option<Duration> {
        match &*self.meant() {
            Some(meant) => meant.source.patience(),
            None => Some(process::PATIENCE),
        }
        .map(|limit| limit + READING)
    }

    /// Both files, be they there or not, and those of what the profile means.
    fn watched(&self) -> Vec<(PathBuf, Stamp)> {
        let of_source = self.meant().as_ref().map(|meant| meant.source.watched()).unwrap_or_default();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().chain(of_source).collect()
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(self.ask())
    }
}

const TRAITS: Traits = Traits { link_local: false, mints: false };

/// Both files' texts -> what the profile means, as one pure step; for fuzzing.
#[doc(hidden)]
pub fn meaning(credentials: &[u8], config: &[u8], plan: &ProfilePlan) -> Result<Plan, Refusal> {
    let places = Places::of(&plan.inputs);
    let texts = files::Texts { credentials: Some(credentials.into()), config: Some(config.into()), denied: Vec::new() };
    let profiles =
        Profiles::read(&texts, &places, &plan.inputs).map_err(|error| Refusal { lack: Lack::Incomplete, error })?;
    resolve(&profiles, name(plan.name.as_deref(), &plan.inputs), &plan.inputs)
}

/// Keys that stand somewhere, as a source: each fetch gives them.
pub struct Keys(pub StaticPlan);

impl Source for Keys {
    fn describe(&self) -> String {
        self.0.place.clone()
    }

    fn traits(&self) -> Traits {
        TRAITS
    }

    fn fetch(&self) -> Fetch<'_> {
        let credentials = self.0.credentials.clone();
        Box::pin(ready(Ok(Answer {
            identity: Identity {
                name: credentials.access_key_id.as_str().to_owned(),
                account_id: credentials.account_id.clone(),
            },
            credentials,
            source: self.0.source,
            traits: TRAITS,
            nominal_life: None,
            date: None,
        })))
    }
}
