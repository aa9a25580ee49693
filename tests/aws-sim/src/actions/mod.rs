//! What can be asked of a world: which actions are there, and how are they written?

mod changes;
mod faults;

pub use changes::Change;
pub use faults::{Kind, Reach, Scope, Target, WrongJson};

use crate::journal::Service;
use serde_json::{Map, Value};

/// An action of the control interface.
#[derive(Clone, Debug)]
pub enum Action {
    /// Begins a fault.
    Begin(Kind, Target),
    /// Changes the world for good.
    Change(Change),
}

/// Every fault and every change that is understood, for the errors that name them.
const FAULTS: &[&str] = &[
    "refuse",
    "hang_connect",
    "hang_after_connect",
    "status",
    "slow_trickle",
    "lying_length",
    "empty",
    "truncated",
    "garbage",
    "wrong_json",
    "huge",
    "redirect",
    "reset",
    "expired_set",
    "same_set",
    "older_set",
    "alternate",
    "no_role",
    "not_yet_valid",
    "throttle",
    "fail",
    "time_offset",
    "time_offset_s",
];
const CHANGES: &[&str] = &[
    "role_swap",
    "role_back",
    "revoke",
    "revoke_key",
    "rotate_now",
    "set_role",
    "deny_role",
    "restore_role",
    "set_sts_role",
    "sign_out",
    "clear",
];

impl Action {
    /// Reads one action; the error says what is accepted.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or_else(|| format!("an action is a JSON object, not {value}"))?;
        let name = fields
            .get("action")
            .and_then(Value::as_str)
            .ok_or_else(|| "an action needs a text field \"action\"".to_string())?;
        let problem = |e: serde_json::Error| format!("action {name:?}: {e}");
        if CHANGES.contains(&name) {
            let change: Change = serde_json::from_value(value.clone()).map_err(problem)?;
            match &change {
                Change::Clear { fault: Some(fault), .. } => known_fault(fault)?,
                Change::SignOut { service } if !matches!(service, Service::Sso | Service::Signin) => {
                    return Err(format!("sign_out: service {service:?}, expected \"sso\" or \"signin\""));
                }
                _ => {}
            }
            return Ok(Action::Change(change));
        }
        known_fault(name)?;
        let (common, own): (Map<_, _>, Map<_, _>) = fields
            .clone()
            .into_iter()
            .partition(|(key, _)| matches!(key.as_str(), "listeners" | "scope" | "for_s" | "times"));
        let kind: Kind = serde_json::from_value(Value::Object(own)).map_err(problem)?;
        let target: Target = serde_json::from_value(Value::Object(common)).map_err(problem)?;
        kind.check(&target)?;
        Ok(Action::Begin(kind, target))
    }

    /// Reads one action or a list of them.
    pub fn parse_all(value: &Value) -> Result<Vec<Self>, String> {
        match value {
            Value::Array(list) => list.iter().map(Self::parse).collect(),
            one => Ok(vec![Self::parse(one)?]),
        }
    }
}

fn known_fault(name: &str) -> Result<(), String> {
    if FAULTS.contains(&name) {
        return Ok(());
    }
    Err(format!(
        "unknown action {name:?}; faults: {}; changes: {}; every fault also takes listeners, scope, for_s, times",
        FAULTS.join(", "),
        CHANGES.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_action_is_told_what_is_accepted() {
        let error = Action::parse(&json!({"action": "explode"})).unwrap_err();
        assert!(error.contains("hang_after_connect") && error.contains("role_swap"), "{error}");
    }

    #[test]
    fn unknown_and_unfitting_fields_are_errors() {
        for bad in [
            json!({"action": "empty", "colour": "red"}),
            json!({"action": "refuse", "times": 3}),
            json!({"action": "same_set", "scope": "token"}),
            json!({"action": "rotate_now", "listeners": ["a"]}),
            json!({"action": "status", "code": 42}),
            json!({"action": "empty", "for_s": -1}),
            json!({"code": 42}),
            json!({"action": "clear", "fault": "explode"}),
            json!({"action": "fail"}),
            json!({"action": "fail", "code": "X", "status": 42}),
            json!({"action": "rotate_now", "service": "sts"}),
            json!({"action": "sign_out", "service": "sts"}),
            json!("empty"),
        ] {
            assert!(Action::parse(&bad).is_err(), "{bad} was accepted");
        }
    }
}
