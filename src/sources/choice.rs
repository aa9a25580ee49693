//! From what the builder, the variables and the properties say to a [`Plan`].

use std::future::ready;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::plan::{BarredPlan, ChainPlan, Plan, ProcessPlan, ProfilePlan, Role, RolePlan, WebIdentityPlan};
use super::static_credentials::Place;
use super::{Fetch, Source, Traits};
use crate::config::imds::{ImdsChoice, ImdsSettings, disabled_by};
use crate::config::{
    ConfigError, Inputs, RoleChoice, SourceChoice, WebIdentityChoice, container as config, names, sts,
};
use crate::error::FetchError;

/// What a choice comes down to. An illegal setting is an error; one that is not set is for the source to say, when it is
/// asked: it may be set by then.
pub fn plan(choice: &SourceChoice, inputs: &Arc<Inputs>, fall_through: bool) -> Result<Plan, ConfigError> {
    Ok(match choice {
        SourceChoice::Default {} => Plan::Default(ChainPlan { inputs: Arc::clone(inputs), fall_through }),
        SourceChoice::InstanceProfile(choice) => instance_profile(inputs, choice)?,
        SourceChoice::EnvironmentVariables {} => Plan::Keys(Place::Environment, Arc::clone(inputs)),
        SourceChoice::SystemProperties {} => Plan::Keys(Place::Properties, Arc::clone(inputs)),
        SourceChoice::Container {} => container(inputs)?.unwrap_or_else(|| {
            let [relative, full] = [names::CONTAINER_RELATIVE_URI.variable, names::CONTAINER_FULL_URI.variable];
            let message = format!("container credentials: neither {relative} nor {full} is set");
            let fix = "ECS and EKS set one of them in each container of a task or pod that has a role: give it one.";
            barred("container credentials (not declared)", message, Some(fix))
        }),
        SourceChoice::Profile { name } => Plan::Profile(ProfilePlan { name: name.clone(), inputs: Arc::clone(inputs) }),
        SourceChoice::Process { command } => Plan::Process(ProcessPlan {
            command: command.clone(),
            depth: inputs.process_depth() + 1,
            place: "the builder".into(),
            account_id: None,
        }),
        SourceChoice::WebIdentity(choice) => web_identity(inputs, choice)?.unwrap_or_else(|| {
            let variable = names::WEB_IDENTITY_TOKEN_FILE.variable;
            let message = format!("web identity: no token file is given, and {variable} is not set");
            let fix =
                format!("give the service account of the pod a role (EKS sets {variable} then), or name the file.");
            barred("web identity (not declared)", message, Some(&fix))
        }),
        SourceChoice::AssumeRole(choice) => Plan::AssumeRole(Box::new(role(inputs, choice, fall_through)?)),
    })
}

pub fn instance_profile(inputs: &Inputs, choice: &ImdsChoice) -> Result<Plan, ConfigError> {
    Ok(match disabled_by(inputs)? {
        Some(switch) => {
            let fix = format!("remove {switch}, or configure another source of credentials.");
            barred("instance profile (disabled)", format!("instance profile: disabled by {switch}"), Some(&fix))
        }
        None => Plan::InstanceProfile(ImdsSettings::resolve(inputs, choice)?),
    })
}

/// `None`: not declared.
pub fn container(inputs: &Inputs) -> Result<Option<Plan>, ConfigError> {
    Ok(config::plan(inputs)?.map(Plan::Container))
}

/// `None`: not declared, neither here nor by variable or property.
pub fn web_identity(inputs: &Inputs, choice: &WebIdentityChoice) -> Result<Option<Plan>, ConfigError> {
    let or_set = |given: &Option<String>, name| given.clone().or_else(|| Some(inputs.setting(name)?.1.to_owned()));
    let Some(token_file) = or_set(&choice.token_file, names::WEB_IDENTITY_TOKEN_FILE) else { return Ok(None) };
    let Some(arn) = or_set(&choice.role_arn, names::ROLE_ARN) else {
        let problem = format!("is not set, and the token file {token_file} is of use for a role only");
        return Err(ConfigError::new(names::ROLE_ARN.variable, problem));
    };
    let given = choice.role_session_name.as_deref().map(|name| ("roleSessionName", name));
    Ok(Some(Plan::WebIdentity(WebIdentityPlan {
        endpoint: sts::chosen_endpoint(inputs, choice.region.as_deref(), choice.endpoint.as_deref(), &arn)?,
        role: Role {
            session_name: sts::session_name(inputs, given)?,
            arn,
            duration: choice.duration_seconds.map(|seconds| Duration::from_secs(seconds.into())),
            policy: choice.policy.clone(),
            policy_arns: choice.policy_arns.clone(),
        },
        token_file: PathBuf::from(token_file),
    })))
}

fn role(inputs: &Arc<Inputs>, choice: &RoleChoice, fall_through: bool) -> Result<RolePlan, ConfigError> {
    let given = choice.role_session_name.as_deref().map(|name| ("roleSessionName", name));
    let [region, url] = [&choice.region, &choice.endpoint].map(Option::as_deref);
    Ok(RolePlan {
        endpoint: sts::chosen_endpoint(inputs, region, url, &choice.role_arn)?,
        role: Role {
            arn: choice.role_arn.clone(),
            session_name: sts::session_name(inputs, given)?,
            duration: choice.duration_seconds.map(|seconds| Duration::from_secs(seconds.into())),
            policy: choice.policy.clone(),
            policy_arns: choice.policy_arns.clone(),
        },
        external_id: choice.external_id.clone(),
        tags: choice.tags.clone(),
        transitive_tag_keys: choice.transitive_tag_keys.clone(),
        source_identity: choice.source_identity.clone(),
        base: plan(&choice.source, inputs, fall_through)?,
    })
}

/// A source that is known from the start to have nothing to give.
pub fn barred(what: &'static str, message: String, fix: Option<&str>) -> Plan {
    Plan::Barred(BarredPlan { what, message, fix: fix.map(str::to_owned) })
}

/// See [`barred`].
pub struct Barred {
    what: &'static str,
    error: FetchError,
}

impl Barred {
    pub fn new(what: &'static str, error: FetchError) -> Barred {
        Barred { what, error }
    }
}

impl Source for Barred {
    fn describe(&self) -> String {
        self.what.to_owned()
    }

    fn traits(&self) -> Traits {
        Traits { link_local: false, mints: false }
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(ready(Err(self.error.clone())))
    }
}
