//! Pure: what a source is made of, once variables, properties, files and the builder have been read. Equal plans are
//! one source; what signs for others is shared by all that have the same plan for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::static_credentials::Place;
use crate::config::Inputs;
pub use crate::config::endpoint::Endpoint;
use crate::config::imds::ImdsSettings;
use crate::credentials::{Credentials, Secret};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    /// The default chain of an SDK.
    Default(ChainPlan),
    /// Keys in variables or in properties, which may be missing.
    Keys(Place, Arc<Inputs>),
    /// Keys that stand somewhere, and are not fetched.
    Static(StaticPlan),
    InstanceProfile(ImdsSettings),
    Container(ContainerPlan),
    AssumeRole(Box<RolePlan>),
    WebIdentity(WebIdentityPlan),
    Process(ProcessPlan),
    Sso(SsoPlan),
    Login(LoginPlan),
    /// A profile, whose files are read anew at each asking.
    Profile(ProfilePlan),
    /// A source that is known from the start to have nothing to give.
    Barred(BarredPlan),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BarredPlan {
    /// For status and logs.
    pub what: &'static str,
    pub message: String,
    pub fix: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChainPlan {
    pub inputs: Arc<Inputs>,
    /// Whether a source that is declared and fails lets the next one answer, as the SDKs do.
    pub fall_through: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StaticPlan {
    pub credentials: Credentials,
    /// In the field's words: `profile credentials`, `environment variables`.
    pub source: &'static str,
    /// Where they stand: `profile app in /home/me/.aws/credentials`.
    pub place: String,
}

/// The endpoint of a container's credentials, and how it is told who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerPlan {
    /// Absolute, legal by the rules for hosts as far as they can be judged without looking a name up.
    pub url: String,
    /// The variable or property that gave it, for errors.
    pub setting: &'static str,
    pub authorization: Authorization,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Authorization {
    None,
    /// Given in a variable or property; its name is for errors.
    Token {
        setting: &'static str,
        token: Secret,
    },
    /// Read anew at each asking.
    File {
        setting: &'static str,
        file: PathBuf,
    },
}

/// What AssumeRole and AssumeRoleWithWebIdentity have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role {
    /// `arn:aws:iam::123456789012:role/path/name`.
    pub arn: String,
    /// Stays the same as long as the process lives.
    pub session_name: String,
    /// As asked for; `None`: one hour, AWS's own default.
    pub duration: Option<Duration>,
    /// A session policy, as JSON.
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RolePlan {
    pub role: Role,
    pub external_id: Option<String>,
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    pub endpoint: Endpoint,
    /// Whose credentials sign.
    pub base: Plan,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WebIdentityPlan {
    pub role: Role,
    /// Read anew at each asking.
    pub token_file: PathBuf,
    pub endpoint: Endpoint,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProcessPlan {
    /// As it stands in the profile: for a shell.
    pub command: String,
    /// For the command: how many processes like it led to it, itself included. A profile whose command asks for the same
    /// profile would otherwise start processes without end.
    pub depth: u32,
    /// `profile app in /home/me/.aws/config`, for errors.
    pub place: String,
    /// The profile's `aws_account_id`, where the process tells none.
    pub account_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SsoPlan {
    /// The name of the `sso-session` section; `None`: the legacy form, whose token cannot be refreshed.
    pub session: Option<String>,
    pub start_url: String,
    pub account_id: String,
    pub role_name: String,
    /// Where the AWS CLI keeps the token of this session.
    pub token_file: PathBuf,
    /// `GetRoleCredentials`.
    pub portal: Endpoint,
    /// `CreateToken`.
    pub oidc: Endpoint,
    /// The profile, for errors.
    pub place: String,
}

/// A session of `aws login`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LoginPlan {
    /// The value of `login_session`: an ARN.
    pub session: String,
    /// Where the AWS CLI keeps the token of this session.
    pub token_file: PathBuf,
    pub endpoint: Endpoint,
    /// The profile, for errors.
    pub place: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProfilePlan {
    /// As the builder gave it; `None`: the property, the variable, or `default`.
    pub name: Option<String>,
    pub inputs: Arc<Inputs>,
}
