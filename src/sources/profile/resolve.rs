//! Pure: what a profile means. Which of the sources it names counts, what that source is made of, and what is wrong.
//!
//! The order of the kinds within one profile is the one of `ProfileCredentialsUtils` in the AWS SDK for Java 2.57.8:
//! web identity, SSO, role with a source, `login_session`, process, keys. SDK v1 (`ProfilesConfigFile` of 1.12.797) knows
//! roles, processes and keys, in this order; the source of a role is a profile with keys, and a role without a source is
//! an error. Where its order is asked for, that is kept, and what it does not know comes last: SSO and `login_session`
//! are served for it too, as nothing else can be meant by them.
//!
//! Departures from both, each where they only fail: a profile may name itself as its `source_profile` and means its own
//! keys then (as for the AWS CLI), a blank setting is one that is not there, and a temporary access key without its
//! session token is not served. `mfa_serial` is refused rather than passed by: nobody is there to type a code.

use super::profiles::{Profiles, Settings};
use super::{endpoints, role, sso};
use crate::config::{ConfigError, Inputs, Order, endpoint, names, quoted};
use crate::credentials::{AccessKeyId, Credentials, Secret};
use crate::error::FetchError;
use crate::sources::fields::{is_account_id, is_visible_ascii};
use crate::sources::login;
use crate::sources::plan::{LoginPlan, Plan, ProcessPlan, StaticPlan};

/// How the field calls keys that stand in a profile.
pub const NAME: &str = "profile credentials";

const DEFAULT: &str = "default";

/// Why a profile gives no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub lack: Lack,
    pub error: FetchError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// There is no such profile. In a chain both SDKs go on to the next source.
    NoProfile,
    /// The profile is there, and says nothing about credentials (a region, say). Both SDKs go on.
    NoCredentials,
    /// Something is missing that may be about to be written.
    Incomplete,
    /// It cannot be meant as it stands there.
    Wrong,
}

impl Refusal {
    pub fn new(lack: Lack, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let error = match lack {
            Lack::Incomplete => FetchError::transient(message),
            _ => FetchError::non_recoverable(message),
        };
        Refusal { lack, error: error.with_fix(fix) }
    }

    pub fn wrong(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Lack::Wrong, message, fix)
    }

    /// A setting (of the profile, a variable or a property) that cannot be meant.
    pub fn setting(settings: &Settings<'_>, error: &ConfigError) -> Self {
        Self::wrong(format!("profile {}: {error}", quoted(settings.name)), format!("mend {}.", error.setting))
    }
}

/// The profile that is meant: as given, as property and variable say, or `default`. SDK v1 lets the variable go first.
pub fn name<'a>(given: Option<&'a str>, inputs: &'a Inputs) -> &'a str {
    let set = || match inputs.order {
        Order::V1 => inputs
            .environment
            .get(names::PROFILE.variable)
            .or_else(|| inputs.properties.get(names::PROFILE.v1_property.unwrap_or_default())),
        Order::V2 => inputs.setting(names::PROFILE).map(|(_, name)| name),
    };
    given.or_else(set).unwrap_or(DEFAULT)
}

/// The plan that the profile `name` means.
pub fn resolve(profiles: &Profiles, name: &str, inputs: &Inputs) -> Result<Plan, Refusal> {
    let Some(settings) = profiles.profile(name) else {
        let message = format!("profile {}: is not in {}", quoted(name), profiles.files());
        let fix = format!("name a profile that is there ({}), or add it.", profiles.names());
        return Err(Refusal::new(Lack::NoProfile, message, fix));
    };
    Resolver { profiles, inputs }.plan(settings, &[])
}

pub(super) struct Resolver<'a> {
    pub profiles: &'a Profiles,
    pub inputs: &'a Inputs,
}

impl<'a> Resolver<'a> {
    /// `trail`: the profiles whose `source_profile` led here.
    pub fn plan(&self, it: Settings<'a>, trail: &[&str]) -> Result<Plan, Refusal> {
        let has_keys = it.get("aws_access_key_id").is_some();
        let has_process = it.get("credential_process").is_some();
        if self.inputs.order == Order::V1 {
            if has_keys && !trail.is_empty() {
                return keys(&it);
            }
            if let Some(plan) = self.role(it, trail)? {
                return Ok(plan);
            }
            if it.get("role_arn").is_some() {
                return Err(role::no_source(&it));
            }
            if has_process {
                return Ok(process(&it, self.inputs));
            }
            if has_keys {
                return keys(&it);
            }
        }
        // SDK v2 looks for a web identity before SSO and for other roles after it.
        if it.get("web_identity_token_file").is_some()
            && let Some(plan) = self.role(it, trail)?
        {
            return Ok(plan);
        }
        if sso::is_meant(&it) {
            return sso::plan(&it, self.profiles, self.inputs);
        }
        if let Some(plan) = self.role(it, trail)? {
            return Ok(plan);
        }
        if it.get("login_session").is_some() {
            return self.login(&it);
        }
        if has_process {
            return Ok(process(&it, self.inputs));
        }
        match keys(&it) {
            Err(refusal) if refusal.lack == Lack::NoCredentials && it.get("role_arn").is_some() => {
                Err(role::no_source(&it))
            }
            found => found,
        }
    }

    fn login(&self, it: &Settings<'a>) -> Result<Plan, Refusal> {
        let session = it.get("login_session").unwrap_or_default();
        let Some(home) = self.profiles.home() else {
            return Err(no_home(it, "the session of `aws login`"));
        };
        let wrong = |error| Refusal::setting(it, &error);
        let Some(region) = endpoint::region(self.inputs, Some(&|key| it.lookup(key))).map_err(wrong)? else {
            let message = format!("{}: login_session needs a region, and none is set", it.place("login_session"));
            return Err(Refusal::wrong(message, "add `region = REGION` to the profile, or set AWS_REGION."));
        };
        let endpoint = endpoints::sign_in(&region, self.inputs, it).map_err(wrong)?;
        Ok(Plan::Login(LoginPlan {
            session: session.to_owned(),
            token_file: login::token_file(self.inputs, home, session),
            endpoint,
            place: it.origin("login_session"),
        }))
    }
}

pub(super) fn no_home(it: &Settings<'_>, what: &str) -> Refusal {
    let message = format!("profile {}: {what} is kept in the user's home, which is not known", quoted(it.name));
    Refusal::wrong(message, "set HOME (or the JVM's user.home).")
}

fn process(it: &Settings<'_>, inputs: &Inputs) -> Plan {
    Plan::Process(ProcessPlan {
        command: it.get("credential_process").unwrap_or_default().to_owned(),
        depth: inputs.process_depth() + 1,
        place: it.origin("credential_process"),
        account_id: account_id(it),
    })
}

fn account_id(it: &Settings<'_>) -> Option<String> {
    it.get("aws_account_id").filter(|id| is_account_id(id)).map(str::to_owned)
}

/// The profile's own keys.
pub(super) fn keys(it: &Settings<'_>) -> Result<Plan, Refusal> {
    const KEY: &str = "aws_access_key_id";
    const SECRET: &str = "aws_secret_access_key";
    const TOKEN: &str = "aws_session_token";
    let all = [KEY, SECRET, TOKEN];
    let incomplete = |problem: String| {
        let fix = "write all of the keys at once; if a tool writes this file, it may have been interrupted.";
        Refusal::new(Lack::Incomplete, problem, fix)
    };
    let (key, secret) = match (it.get(KEY), it.get(SECRET)) {
        (Some(key), Some(secret)) => (key, secret),
        (key, secret) => {
            let Some(stands) = all.into_iter().find(|name| it.get(name).is_some() || it.is_blank(name)) else {
                let message = format!("profile {}: says nothing about credentials", quoted(it.name));
                let fix = "add keys, a role, a process or an SSO session to it, or name another profile.";
                return Err(Refusal::new(Lack::NoCredentials, message, fix));
            };
            let missing = if key.is_none() { KEY } else { SECRET };
            let problem = match (it.is_blank(missing), secret.is_some() || key.is_some()) {
                (true, _) => format!("{}: {missing} has no value", it.place(missing)),
                (false, _) => format!("{}: there is no {missing} besides {stands}", it.place(stands)),
            };
            return Err(incomplete(problem));
        }
    };
    let token = it.get(TOKEN);
    if let Some(name) = all.into_iter().find(|name| it.get(name).is_some_and(|value| !is_visible_ascii(value))) {
        let message = format!("{}: {name} holds a space or a character other than visible ASCII", it.place(name));
        return Err(Refusal::wrong(message, format!("write {name} on one line, as AWS handed it out.")));
    }
    // IAM: unique identifiers, "ASIA: temporary (AWS STS) access key IDs".
    if key.starts_with("ASIA") && token.is_none() {
        let place = it.place(KEY);
        return Err(incomplete(format!("{place}: a temporary access key ({key}) stands there without {TOKEN}")));
    }
    Ok(Plan::Static(StaticPlan {
        credentials: Credentials {
            access_key_id: AccessKeyId::new(key),
            secret_access_key: Secret::new(secret),
            session_token: token.map(Secret::new),
            expiration: None,
            account_id: account_id(it),
        },
        source: NAME,
        place: it.origin(KEY),
    }))
}
