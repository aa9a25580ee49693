//! Which source a configuration means: one that is pinned, or the default chain of an SDK, tried in that SDK's order.
//!
//! The SDKs pass on from a source that fails to the next one, which may be another identity: the role of the node in place
//! of the role of the service. Here a source that is declared (by a variable, a property, a profile with credentials) and
//! fails is an error, unless `fall_through` asks for the SDKs' way. Once a source has answered, the chain stays with it,
//! as the SDKs' chains do: what somebody writes into a file later is for the processes that start then. (Variables and
//! properties that change make another chain, which begins at the top.)

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::build::{self, build};
use super::context::Context;
use super::plan::{ChainPlan, Plan, ProfilePlan};
use super::profile::{Lack as ProfileLack, Profile};
use super::stamp::Stamp;
use super::static_credentials::{Lack, Place, StaticCredentials};
use super::{Answer, Fetch, Source, Traits, choice};
use crate::config::imds::ImdsChoice;
use crate::config::{ConfigError, Order, WebIdentityChoice, names};
use crate::error::FetchError;

/// The default chain of an SDK.
pub struct Chain {
    fall_through: bool,
    steps: Vec<Step>,
    served: Mutex<Option<Served>>,
}

/// One place of the chain.
enum Step {
    /// Keys in variables or in properties.
    Keys(StaticCredentials),
    /// Declared by a variable or a property, or not.
    Declared { name: &'static str, found: Result<Option<Arc<dyn Source>>, FetchError> },
    /// What a profile means is found out at each asking. `named`: by variable or property.
    Profile { profile: Arc<Profile>, named: Option<&'static str> },
    /// Where the chain ends.
    InstanceProfile(Arc<dyn Source>),
}

/// Who answered last: the chain stays with it.
struct Served {
    step: usize,
    source: Arc<dyn Source>,
}

/// What a look at a step finds.
enum Look {
    /// Somebody to ask.
    Ask(Arc<dyn Source>),
    /// Nothing there, and nothing meant to be.
    Nothing(String),
    /// Meant, and of no use.
    Broken(FetchError),
}

impl Chain {
    pub fn new(plan: &ChainPlan, context: &Context) -> Chain {
        let inputs = &plan.inputs;
        let keys = |place| Step::Keys(StaticCredentials::new(inputs, place));
        let (first, second) = match inputs.order {
            Order::V1 => (Place::Environment, Place::Properties),
            Order::V2 => (Place::Properties, Place::Environment),
        };
        let declared = |name: &'static str, plan: Result<Option<Plan>, ConfigError>| {
            let wrong = |error: ConfigError| {
                let fix = format!("mend {}, or unset it if another source is meant.", error.setting);
                FetchError::non_recoverable(format!("{name}: {error}")).with_fix(fix)
            };
            let found = plan.map_err(wrong).and_then(|plan| plan.map(|plan| build(&plan, context)).transpose());
            Step::Declared { name, found }
        };
        let profile = ProfilePlan { name: None, inputs: Arc::clone(inputs) };
        let instance_profile = choice::instance_profile(inputs, &ImdsChoice::default())
            .unwrap_or_else(|error| choice::barred("instance profile", format!("instance profile: {error}"), None));
        let steps = vec![
            keys(first),
            keys(second),
            declared("web identity", choice::web_identity(inputs, &WebIdentityChoice::default())),
            Step::Profile {
                profile: Arc::new(build::profile(profile, context)),
                named: inputs.setting(names::PROFILE).map(|(setting, _)| setting),
            },
            declared("container credentials", choice::container(inputs)),
            Step::InstanceProfile(build_last(&instance_profile, context)),
        ];
        Chain { fall_through: plan.fall_through, steps, served: Mutex::default() }
    }

    fn served(&self) -> MutexGuard<'_, Option<Served>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let stays_with = self.served().as_ref().map(|served| served.step).filter(|_| !self.fall_through);
        let mut reasons = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            if stays_with.is_some_and(|served| number < served) {
                continue;
            }
            let last = number + 1 == self.steps.len();
            match step.look().await {
                Look::Ask(source) => match source.fetch().await {
                    Ok(answer) => {
                        *self.served() = Some(Served { step: number, source });
                        return Ok(answer);
                    }
                    Err(error) if last => return Err(nobody(reasons, error)),
                    Err(error) if self.fall_through => reasons.push(error.message),
                    Err(error) => return Err(error),
                },
                Look::Broken(error) if self.fall_through => reasons.push(error.message),
                Look::Broken(error) => return Err(error),
                Look::Nothing(reason) if stays_with == Some(number) => return Err(gone(&reason)),
                Look::Nothing(reason) => reasons.push(reason),
            }
        }
        // The last step always has somebody to ask.
        Err(FetchError::non_recoverable("the default chain is empty"))
    }
}

impl Step {
    async fn look(&self) -> Look {
        match self {
            Step::Keys(keys) => match keys.answer() {
                Ok(_) => Look::Ask(Arc::new(keys.clone())),
                Err(lack @ Lack::Unusable(_)) => Look::Broken(keys.error(lack)),
                Err(lack) => Look::Nothing(format!("{}: {}", keys.place().name(), lack.problem())),
            },
            Step::Declared { found: Ok(Some(source)), .. } => Look::Ask(Arc::clone(source)),
            Step::Declared { name, found: Ok(None) } => Look::Nothing(format!("{name}: not declared")),
            Step::Declared { found: Err(error), .. } => Look::Broken(error.clone()),
            Step::Profile { profile, named } => match profile.source().await {
                Ok(source) => Look::Ask(source),
                Err(refusal) => match refusal.lack {
                    // Who names a profile means it.
                    ProfileLack::NoProfile | ProfileLack::NoCredentials if named.is_none() => {
                        Look::Nothing(refusal.error.message)
                    }
                    _ => Look::Broken(refusal.error),
                },
            },
            Step::InstanceProfile(source) => Look::Ask(Arc::clone(source)),
        }
    }

    /// What is known of it without looking at files. `None`: nothing is there, or nothing is known.
    fn traits(&self) -> Option<Traits> {
        match self {
            Step::Keys(keys) => keys.answer().is_ok().then(|| keys.traits()),
            Step::Declared { found: Ok(Some(source)), .. } => Some(source.traits()),
            Step::Profile { profile, named: Some(_) } => Some(profile.traits()),
            Step::InstanceProfile(source) => Some(source.traits()),
            Step::Declared { .. } | Step::Profile { named: None, .. } => None,
        }
    }

    fn describe(&self) -> Option<String> {
        match self {
            Step::Keys(keys) => Some(keys.describe()),
            Step::Declared { found: Ok(Some(source)), .. } | Step::InstanceProfile(source) => Some(source.describe()),
            Step::Declared { .. } => None,
            Step::Profile { profile, .. } => Some(profile.describe()),
        }
    }
}

impl Source for Chain {
    fn describe(&self) -> String {
        let steps: Vec<_> = self.steps.iter().filter_map(Step::describe).collect();
        format!("default chain ({})", steps.join(", "))
    }

    fn traits(&self) -> Traits {
        if let Some(served) = &*self.served() {
            return served.source.traits();
        }
        self.steps.iter().find_map(Step::traits).unwrap_or(Traits { link_local: false, mints: false })
    }

    fn reset(&self) {
        if let Some(served) = &*self.served() {
            served.source.reset();
        }
    }

    /// Before anybody has answered it may be a process that does; each source has bounds of its own.
    fn patience(&self) -> Option<Duration> {
        match &*self.served() {
            Some(served) => served.source.patience(),
            None => self.steps.iter().find_map(|step| match step {
                Step::Profile { profile, .. } => profile.patience(),
                _ => None,
            }),
        }
    }

    fn watched(&self) -> Vec<(PathBuf, Stamp)> {
        let served = self.served().as_ref().map(|served| served.step);
        let profile = self.steps.iter().enumerate().find_map(|(number, step)| match step {
            // Another step that has answered keeps its place, whatever the files say.
            Step::Profile { profile, .. } if served.is_none_or(|served| served == number) => Some(profile),
            _ => None,
        });
        profile.map(|profile| profile.watched()).unwrap_or_default()
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(self.ask())
    }
}

fn build_last(plan: &Plan, context: &Context) -> Arc<dyn Source> {
    build(plan, context).unwrap_or_else(|error| Arc::new(choice::Barred::new("instance profile", error)))
}

/// The others cannot change before the configuration does; the last one decides whether there is hope.
fn nobody(reasons: Vec<String>, last: FetchError) -> FetchError {
    let message = format!("no source of the default chain has credentials; {}; {}", reasons.join("; "), last.message);
    FetchError { message, ..last }
}

/// What served is not declared any more. Somebody may be writing it anew; another identity is no substitute.
fn gone(reason: &str) -> FetchError {
    FetchError::transient(format!(
        "the source that has served until now is gone ({reason}); no other source of the default chain takes its place"
    ))
    .with_fix("restore it, or build a new provider (or start the process anew) if another source is meant.")
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
