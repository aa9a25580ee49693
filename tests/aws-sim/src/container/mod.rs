//! Who gives containers their credentials: the ECS agent by a path that is the secret, the EKS Pod Identity agent by a token.

pub mod ecs;
pub mod pod_identity;

use crate::answer::Names;

/// Both call the parts of credentials alike.
const NAMES: Names = Names {
    access_key_id: "AccessKeyId",
    secret_access_key: "SecretAccessKey",
    session_token: "Token",
    expiration: "Expiration",
};
