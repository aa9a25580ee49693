//! What can be asked of a world: which actions are there, and how are they written?

use crate::roles::Which;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// Which requests a fault hits.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// `PUT /latest/api/token`.
    Token,
    /// The list of roles.
    Role,
    /// The credentials of a role.
    Credentials,
    /// Every request.
    #[default]
    All,
}

/// The fields that every fault takes beside its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The IMDS listeners that are hit; all of them if absent.
    pub listeners: Option<Vec<String>>,
    /// The requests that are hit.
    pub scope: Option<Scope>,
    /// Ends the fault after so many seconds.
    pub for_s: Option<f64>,
    /// Ends the fault after so many requests that it hit.
    pub times: Option<u64>,
}

/// The shapes of an answer that is JSON and yet holds no credentials.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongJson {
    /// What IMDS says when EC2 may not assume the role.
    #[default]
    AssumeRoleUnauthorized,
    /// No `AccessKeyId`.
    MissingAccessKeyId,
    /// No `SecretAccessKey`.
    MissingSecretAccessKey,
    /// No `Token`.
    MissingToken,
    /// No `Expiration`.
    MissingExpiration,
    /// `null` in the place of every value but `Code`.
    Nulls,
    /// `Expiration` is no time.
    BadExpiration,
    /// An empty list.
    Array,
    /// A bare string.
    Text,
}

/// How one fault shows itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// The port is closed: connects are refused.
    Refuse {},
    /// Connects hang: the accept queue is full, the kernel drops each SYN.
    HangConnect {},
    /// Accepts, reads, never answers.
    HangAfterConnect {},
    /// Answers with this status.
    Status {
        /// 100 to 599.
        code: u16,
        /// Adds `Retry-After`.
        #[serde(default)]
        retry_after_s: Option<u64>,
        /// The body; an HTML page that names the status if absent.
        #[serde(default)]
        body: Option<String>,
    },
    /// The right answer, one byte of its body a second.
    SlowTrickle {},
    /// Announces more bytes than it sends, then closes.
    LyingLength {},
    /// 200 without a body.
    Empty {},
    /// The right answer, cut in the middle.
    Truncated {},
    /// 200 with bytes that are no text.
    Garbage {},
    /// 200 with JSON that holds no usable credentials.
    WrongJson {
        /// What is wrong with it.
        #[serde(default)]
        kind: WrongJson,
    },
    /// 200 with a body that does not end.
    Huge {},
    /// 302 to the same place.
    Redirect {},
    /// Resets the connection instead of answering.
    Reset {},
    /// Serves a set that is already dead.
    ExpiredSet {
        /// How long it has been dead, in seconds.
        #[serde(default = "one_minute")]
        ago_s: u32,
    },
    /// Serves the set of this moment, however due the next one is.
    SameSet {},
    /// Serves the set before the current one.
    OlderSet {},
    /// Serves the current set, the one before, the current one, and so on.
    Alternate {},
    /// No role is attached.
    NoRole {},
    /// SQS refuses a key that is minted while this holds for so long.
    NotYetValid {
        /// Seconds from minting.
        seconds: u32,
    },
    /// The `Date` header is off.
    #[serde(alias = "time_offset_s")]
    TimeOffset {
        /// Positive: the simulator's clock seems ahead.
        seconds: i32,
    },
}

fn one_minute() -> u32 {
    60
}

impl Kind {
    /// The name by which the fault is asked for, as the journal shows it.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Refuse {} => "refuse",
            Kind::HangConnect {} => "hang_connect",
            Kind::HangAfterConnect {} => "hang_after_connect",
            Kind::Status { .. } => "status",
            Kind::SlowTrickle {} => "slow_trickle",
            Kind::LyingLength {} => "lying_length",
            Kind::Empty {} => "empty",
            Kind::Truncated {} => "truncated",
            Kind::Garbage {} => "garbage",
            Kind::WrongJson { .. } => "wrong_json",
            Kind::Huge {} => "huge",
            Kind::Redirect {} => "redirect",
            Kind::Reset {} => "reset",
            Kind::ExpiredSet { .. } => "expired_set",
            Kind::SameSet {} => "same_set",
            Kind::OlderSet {} => "older_set",
            Kind::Alternate {} => "alternate",
            Kind::NoRole {} => "no_role",
            Kind::NotYetValid { .. } => "not_yet_valid",
            Kind::TimeOffset { .. } => "time_offset",
        }
    }

    /// What it reaches.
    pub fn reach(&self) -> Reach {
        match self {
            Kind::Refuse {} | Kind::HangConnect {} => Reach::Connect,
            Kind::ExpiredSet { .. }
            | Kind::SameSet {}
            | Kind::OlderSet {}
            | Kind::Alternate {}
            | Kind::WrongJson { .. } => Reach::Credentials,
            Kind::NotYetValid { .. } => Reach::World,
            Kind::TimeOffset { .. } => Reach::Date,
            Kind::NoRole {} => Reach::RoleAndCredentials,
            _ => Reach::Answer,
        }
    }

    fn check(&self, target: &Target) -> Result<(), String> {
        let name = self.name();
        let refuse = |field: &str, why: &str| Err(format!("{name} takes no {field:?}: {why}"));
        if let Kind::Status { code, .. } = self
            && !(100..=599).contains(code)
        {
            return Err(format!("status: code {code}, expected 100 to 599"));
        }
        if target.for_s.is_some_and(|s| Duration::try_from_secs_f64(s).is_err()) {
            return Err(format!("{name}: for_s {:?}, expected seconds >= 0", target.for_s));
        }
        match self.reach() {
            Reach::Connect if target.times.is_some() => refuse("times", "a connect that never comes can't be counted"),
            Reach::World if target.times.is_some() => refuse("times", "it is about keys, not requests"),
            Reach::World if target.listeners.is_some() => refuse("listeners", "it is about SQS"),
            Reach::Answer | Reach::Date => Ok(()),
            _ if target.scope.is_some() => refuse("scope", "its reach is fixed"),
            _ => Ok(()),
        }
    }
}

/// What a fault reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The port itself.
    Connect,
    /// The answer to any request that is in scope.
    Answer,
    /// The content of the credentials.
    Credentials,
    /// The role list and the credentials.
    RoleAndCredentials,
    /// The `Date` header, beside whatever else happens.
    Date,
    /// The keys of the whole world.
    World,
}

impl Reach {
    /// Whether a request of the kind `asked` is hit under a `scope`.
    pub fn covers(self, scope: Option<Scope>, asked: Scope) -> bool {
        match self {
            Reach::Answer | Reach::Date => matches!(scope, None | Some(Scope::All)) || scope == Some(asked),
            Reach::Credentials => asked == Scope::Credentials,
            Reach::RoleAndCredentials => matches!(asked, Scope::Role | Scope::Credentials),
            Reach::Connect | Reach::World => false,
        }
    }
}

/// An action of the control interface.
#[derive(Clone, Debug)]
pub enum Action {
    /// Begins a fault.
    Begin(Kind, Target),
    /// Changes the world for good.
    Change(Change),
}

/// What changes the world and has no end of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// The instance gets another role.
    RoleSwap {
        /// The new role's name.
        #[serde(default)]
        name: Option<String>,
        /// The account that it belongs to.
        #[serde(default)]
        account_id: Option<String>,
    },
    /// Ends every `no_role`.
    RoleBack {},
    /// SQS forgets keys.
    Revoke {
        /// Which ones.
        #[serde(default)]
        which: Which,
    },
    /// Mints the next set at once.
    RotateNow {},
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
    "time_offset",
    "time_offset_s",
];
const CHANGES: &[&str] = &["role_swap", "role_back", "revoke", "rotate_now", "set_role", "clear"];

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
            if let Change::Clear { fault: Some(fault), .. } = &change {
                known_fault(fault)?;
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
            json!("empty"),
        ] {
            assert!(Action::parse(&bad).is_err(), "{bad} was accepted");
        }
    }
}
