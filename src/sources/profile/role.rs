//! Pure: a profile with `role_arn`. Whose credentials ask for the role, and how it is asked for.

use std::time::Duration;

use super::files::expand;
use super::metadata;
use super::profiles::Settings;
use super::resolve::{Lack, Refusal, Resolver, keys};
use crate::config::endpoint::Endpoint;
use crate::config::imds::disabled_by;
use crate::config::{Order, container, quoted, sts};
use crate::sources::fields::is_visible_ascii;
use crate::sources::plan::{Plan, Role, RolePlan, StaticPlan, WebIdentityPlan};
use crate::sources::static_credentials::{Place, StaticCredentials};

/// How many profiles may follow one another by `source_profile`.
const LONGEST_CHAIN: usize = 16;

/// A role without anybody to ask for it.
pub(super) fn no_source(it: &Settings<'_>) -> Refusal {
    let message = format!(
        "{}: role_arn stands there without source_profile, credential_source or web_identity_token_file",
        it.place("role_arn")
    );
    Refusal::wrong(message, "say whose credentials ask for the role, as in `source_profile = default`.")
}

impl<'a> Resolver<'a> {
    /// The role, if the profile names one and somebody to ask for it.
    pub(super) fn role(&self, it: Settings<'a>, trail: &[&str]) -> Result<Option<Plan>, Refusal> {
        let Some(arn) = it.get("role_arn") else { return Ok(None) };
        if let Some(file) = it.get("web_identity_token_file") {
            return Ok(Some(Plan::WebIdentity(WebIdentityPlan {
                role: self.asked_for(&it, arn)?,
                token_file: expand(file, self.profiles.home().map(|home| home.as_path())),
                endpoint: self.sts(&it, arn)?,
            })));
        }
        let (source, given) = (it.get("source_profile"), it.get("credential_source"));
        if source.is_some() && given.is_some() {
            let message = format!("profile {}: has both source_profile and credential_source", quoted(it.name));
            return Err(Refusal::wrong(message, "remove one of the two."));
        }
        if (source.is_some() || given.is_some()) && it.get("mfa_serial").is_some() {
            let message = format!(
                "{}: mfa_serial asks for a code of a device, and nobody is there to type one",
                it.place("mfa_serial")
            );
            let fix = "for an application, use a role whose trust policy asks for no MFA and remove mfa_serial, or let a \
                       tool that can ask (`aws sts assume-role --token-code`, `aws sso login`) provide the credentials.";
            return Err(Refusal::wrong(message, fix));
        }
        let base = match (source, given) {
            (Some(source), _) => self.source_profile(it, source, trail)?,
            (None, Some(given)) => self.credential_source(&it, given)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Plan::AssumeRole(Box::new(RolePlan {
            role: self.asked_for(&it, arn)?,
            external_id: it.get("external_id").map(str::to_owned),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            endpoint: self.sts(&it, arn)?,
            base,
        }))))
    }

    fn asked_for(&self, it: &Settings<'_>, arn: &str) -> Result<Role, Refusal> {
        if !is_visible_ascii(arn) || !arn.starts_with("arn:") {
            let message = format!("{}: {} is no ARN of a role", it.place("role_arn"), quoted(arn));
            return Err(Refusal::wrong(message, "write it as arn:aws:iam::ACCOUNT:role/NAME."));
        }
        let duration = match it.get("duration_seconds") {
            None => None,
            Some(value) => Some(value.parse().ok().filter(|seconds| *seconds > 0).ok_or_else(|| {
                let message = format!("{}: {} is no number of seconds", it.place("duration_seconds"), quoted(value));
                Refusal::wrong(message, "write a number from 900 to 43200.")
            })?),
        };
        let given = it.get("role_session_name").map(|name| ("role_session_name", name));
        Ok(Role {
            arn: arn.to_owned(),
            session_name: sts::session_name(self.inputs, given).map_err(|error| Refusal::setting(it, &error))?,
            duration: duration.map(|seconds: u32| Duration::from_secs(seconds.into())),
            policy: None,
            policy_arns: Vec::new(),
        })
    }

    fn sts(&self, it: &Settings<'_>, arn: &str) -> Result<Endpoint, Refusal> {
        sts::endpoint(self.inputs, Some(&|key| it.lookup(key)), arn).map_err(|error| Refusal::setting(it, &error))
    }

    fn source_profile(&self, it: Settings<'a>, source: &'a str, trail: &[&str]) -> Result<Plan, Refusal> {
        let place = || it.place("source_profile");
        if source == it.name {
            return keys(&it).map_err(|refusal| match refusal.lack {
                Lack::NoCredentials => {
                    let message = format!("{}: names the profile itself, which has no keys", place());
                    Refusal::wrong(message, "add the keys that ask for the role, or name the profile that has them.")
                }
                _ => refusal,
            });
        }
        let trail: Vec<&str> = trail.iter().copied().chain([it.name]).collect();
        if trail.contains(&source) {
            let mut chain: Vec<_> = trail.iter().map(|name| quoted(name)).collect();
            chain.push(quoted(source));
            let message = format!("{}: the profiles lead in a circle: {}", place(), chain.join(" -> "));
            return Err(Refusal::wrong(message, "let one of them name a profile with credentials of its own."));
        }
        if trail.len() >= LONGEST_CHAIN {
            let message = format!("{}: more than {LONGEST_CHAIN} profiles follow one another", place());
            return Err(Refusal::wrong(message, "shorten the chain of source_profile."));
        }
        let Some(settings) = self.profiles.profile(source) else {
            let message = format!("{}: profile {} is not in {}", place(), quoted(source), self.profiles.files());
            let fix = format!("name a profile that is there ({}), or add it.", self.profiles.names());
            return Err(Refusal::wrong(message, fix));
        };
        self.plan(settings, &trail).map_err(|refusal| match refusal.lack {
            Lack::NoCredentials => {
                let message = format!("{}: profile {} says nothing about credentials", place(), quoted(source));
                Refusal::wrong(message, "add keys, a role, a process or an SSO session to it, or name another profile.")
            }
            _ => refusal,
        })
    }

    fn credential_source(&self, it: &Settings<'_>, given: &str) -> Result<Plan, Refusal> {
        let place = it.place("credential_source");
        let setting = |error| Refusal::setting(it, &error);
        if given.eq_ignore_ascii_case("Environment") {
            // As in the default chain: SDK v2 looks at the JVM's properties first; it does so here, too.
            let places = match self.inputs.order {
                Order::V1 => [Place::Environment, Place::Properties],
                Order::V2 => [Place::Properties, Place::Environment],
            };
            let mut problems = Vec::new();
            for place in places {
                match StaticCredentials::new(self.inputs, place).answer() {
                    Ok(answer) => {
                        let (source, place) = (answer.source, answer.source.to_owned());
                        return Ok(Plan::Static(StaticPlan { credentials: answer.credentials, source, place }));
                    }
                    Err(lack) => problems.push(lack.problem().to_owned()),
                }
            }
            let message = format!("{place}: the environment has no credentials; {}", problems.join("; "));
            return Err(Refusal::wrong(message, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for this process."));
        }
        if given.eq_ignore_ascii_case("Ec2InstanceMetadata") {
            if let Some(switch) = disabled_by(self.inputs).map_err(setting)? {
                let message = format!("{place}: names the instance profile, which is disabled by {switch}");
                return Err(Refusal::wrong(message, format!("remove {switch}, or name another source.")));
            }
            return metadata::settings(self.inputs, it).map(Plan::InstanceProfile).map_err(setting);
        }
        if given.eq_ignore_ascii_case("EcsContainer") {
            return match container::plan(self.inputs).map_err(setting)? {
                Some(plan) => Ok(Plan::Container(plan)),
                None => {
                    let message = format!(
                        "{place}: names the container, and neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor \
                         AWS_CONTAINER_CREDENTIALS_FULL_URI is set"
                    );
                    Err(Refusal::wrong(message, "give the task or the pod a role, or name another source."))
                }
            };
        }
        let message = format!("{place}: {} is no source", quoted(given));
        Err(Refusal::wrong(message, "write Environment, Ec2InstanceMetadata or EcsContainer."))
    }
}
