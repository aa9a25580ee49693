//! What can be changed in a world for good, and which fields does that take?

use crate::journal::Service;
use crate::roles::{Holder, Which};
use serde::Deserialize;

/// What changes the world and has no end of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// The instance, the task or the pod gets another role.
    RoleSwap {
        /// The new role's name.
        #[serde(default)]
        name: Option<String>,
        /// The account that it belongs to.
        #[serde(default)]
        account_id: Option<String>,
        /// Whose role.
        #[serde(default)]
        service: Holder,
    },
    /// Ends every `no_role`.
    RoleBack {},
    /// SQS and STS forget keys.
    Revoke {
        /// `Current`: the set that is current at `service`, which is IMDS if absent.
        #[serde(default)]
        which: Which,
        /// `All`: only those that this service gave out.
        #[serde(default)]
        service: Option<Service>,
        /// `All`: only those of this role, by name.
        #[serde(default)]
        role: Option<String>,
    },
    /// SQS and STS forget one key, a user's or a set's.
    RevokeKey {
        /// Its id.
        access_key_id: String,
    },
    /// Mints the next set at once.
    RotateNow {
        /// Whose.
        #[serde(default)]
        service: Holder,
    },
    /// Changes how sets are minted from now on.
    SetRole {
        /// See [`crate::roles::RoleConfig`].
        #[serde(default)]
        lifetime_s: Option<u32>,
        /// See [`crate::roles::RoleConfig`].
        #[serde(default)]
        renew_before_s: Option<u32>,
        /// See [`crate::roles::RoleConfig`].
        #[serde(default)]
        extended: Option<bool>,
        /// Whose role.
        #[serde(default)]
        service: Holder,
    },
    /// STS denies a role to everybody.
    DenyRole {
        /// Name or ARN.
        role: String,
    },
    /// Ends [`Change::DenyRole`].
    RestoreRole {
        /// Name or ARN.
        role: String,
    },
    /// Changes the sessions that STS gives out for a role from now on. What is absent stays.
    SetStsRole {
        /// Name or ARN.
        role: String,
        /// See [`crate::sts::roles::StsRoleConfig`].
        #[serde(default)]
        max_session_s: Option<u32>,
        /// See [`crate::sts::roles::StsRoleConfig`]; 0: as asked for.
        #[serde(default)]
        session_lifetime_s: Option<u32>,
        /// See [`crate::sts::roles::StsRoleConfig`]; empty: none is demanded.
        #[serde(default)]
        external_id: Option<String>,
    },
    /// Ends every sign-in: no token that was given out before is good any more.
    SignOut {
        /// `sso` or `signin`.
        service: Service,
    },
    /// Ends faults.
    Clear {
        /// Only at these listeners.
        #[serde(default)]
        listeners: Option<Vec<String>>,
        /// Only faults of this name.
        #[serde(default)]
        fault: Option<String>,
    },
}
