//! From a [`Plan`] to the source that carries it out.

use std::sync::Arc;

use super::Source;
use super::chain::Chain;
use super::choice::{self, Barred};
use super::container::Container;
use super::context::Context;
use super::imds::Imds;
use super::login::Login;
use super::plan::{Plan, ProfilePlan};
use super::process::Process;
use super::profile::{Keys, Profile};
use super::sso::Sso;
use super::static_credentials::StaticCredentials;
use super::sts::{AssumeRole, WebIdentity};
use crate::config::{Config, ConfigError};
use crate::error::FetchError;

/// The source that `config` asks for. An illegal setting of a pinned source is an error here; in a default chain it
/// is one when (and only when) the turn comes to the source that it belongs to, as with the SDKs.
pub fn source(config: &Config, context: &Context) -> Result<Arc<dyn Source>, ConfigError> {
    let plan = choice::plan(&config.source, &config.inputs, config.fall_through)?;
    build(&plan, context).map_err(|error| ConfigError::new("source", error.to_string()))
}

/// The source that carries out `plan`; nothing is asked yet. Bases are opened: an error means that the engine is stopped.
pub fn build(plan: &Plan, context: &Context) -> Result<Arc<dyn Source>, FetchError> {
    Ok(match plan {
        Plan::Default(plan) => Arc::new(Chain::new(plan, context)),
        Plan::Keys(place, inputs) => Arc::new(StaticCredentials::new(inputs, *place)),
        Plan::Static(plan) => Arc::new(Keys(plan.clone())),
        Plan::InstanceProfile(settings) => Arc::new(Imds::new(settings.clone(), Arc::clone(&context.metadata))),
        Plan::Container(plan) => Arc::new(Container::new(plan.clone(), context)),
        Plan::AssumeRole(plan) => {
            let base = context.bases.open(&plan.base, context)?;
            Arc::new(AssumeRole::new((**plan).clone(), base, context))
        }
        Plan::WebIdentity(plan) => Arc::new(WebIdentity::new(plan.clone(), context)),
        Plan::Process(plan) => Arc::new(Process::new(plan.clone(), context)),
        Plan::Sso(plan) => Arc::new(Sso::new(plan.clone(), context)),
        Plan::Login(plan) => Arc::new(Login::new(plan.clone(), context)),
        Plan::Profile(plan) => Arc::new(profile(plan.clone(), context)),
        Plan::Barred(plan) => {
            let error = FetchError::non_recoverable(plan.message.clone());
            Arc::new(Barred::new(plan.what, FetchError { fix: plan.fix.clone(), ..error }))
        }
    })
}

/// A profile, whose meaning is built the same way.
pub fn profile(plan: ProfilePlan, context: &Context) -> Profile {
    let (clock, context) = (Arc::clone(&context.clock), context.clone());
    Profile::new(plan, clock, Arc::new(move |plan: &Plan| build(plan, &context)))
}
