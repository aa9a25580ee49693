//! How is a world asked for? The body of `POST /worlds`.

use crate::container::ecs::EcsConfig;
use crate::container::pod_identity::PodConfig;
use crate::keys::UserConfig;
use crate::roles::RoleConfig;
use crate::signin::SigninConfig;
use crate::sso::SsoConfig;
use crate::sts::roles::StsRoleConfig;
use serde::{Deserialize, Serialize};

/// Which versions of IMDS a world speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImdsMode {
    /// With a token or without one.
    #[default]
    Both,
    /// Without a valid token: 401.
    V2Only,
    /// There is no token endpoint.
    V1Only,
}

/// The body of `POST /worlds`; every field has a default.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldConfig {
    /// Names of the IMDS listeners, one port each.
    pub imds: Vec<String>,
    /// Puts the listeners of IMDS and of the container agents on `::1`.
    pub ipv6: bool,
    /// Which versions of IMDS are spoken.
    pub imds_mode: ImdsMode,
    /// 12 digits.
    pub account_id: String,
    /// The region that SQS and STS demand in the signature.
    pub region: String,
    /// The role of the instance.
    pub role: RoleConfig,
    /// Queues that exist from the start.
    pub queues: Vec<String>,
    /// How far the time of a signature may be off.
    pub max_skew_s: u32,
    /// Makes the keys and tokens repeatable.
    pub seed: Option<u64>,
    /// Users with access keys that last.
    pub users: Vec<UserConfig>,
    /// The roles that STS knows.
    pub sts_roles: Vec<StsRoleConfig>,
    /// The ECS task.
    pub ecs: EcsConfig,
    /// The pod.
    pub pod_identity: PodConfig,
    /// IAM Identity Center.
    pub sso: SsoConfig,
    /// AWS Sign-In.
    pub signin: SigninConfig,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            imds: vec!["imds".into()],
            ipv6: false,
            imds_mode: ImdsMode::Both,
            account_id: "123456789012".into(),
            region: "us-east-1".into(),
            role: RoleConfig::default(),
            queues: vec!["demo".into()],
            max_skew_s: 300,
            seed: None,
            users: Vec::new(),
            sts_roles: vec![StsRoleConfig::open("sts-role")],
            ecs: EcsConfig::default(),
            pod_identity: PodConfig::default(),
            sso: SsoConfig::default(),
            signin: SigninConfig::default(),
        }
    }
}

impl WorldConfig {
    /// What can be seen to be wrong before anything is made.
    pub(super) fn check(&self) -> Result<(), String> {
        self.role.check()?;
        self.ecs.schedule().check().map_err(|e| format!("ecs: {e}"))?;
        self.pod_identity.schedule().check().map_err(|e| format!("pod_identity: {e}"))?;
        self.signin.check()?;
        if self.account_id.len() != 12 || !self.account_id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("account_id {:?}: expected 12 digits", self.account_id));
        }
        if self.pod_identity.requests_per_s == 0 {
            return Err("pod_identity: requests_per_s 0, expected at least 1".into());
        }
        Ok(())
    }
}
