//! Which faults are there, what do they reach, and which fields do they take?

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which requests a fault hits.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// `PUT /latest/api/token`.
    Token,
    /// The list of roles.
    Role,
    /// What gives out credentials or, at `oidc`, a token.
    Credentials,
    /// Every request.
    #[default]
    All,
}

/// The fields that every fault takes beside its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The listeners that are hit; if absent all of them, or all of IMDS ([`Kind::is_about_rotation`]).
    pub listeners: Option<Vec<String>>,
    /// The requests that are hit.
    pub scope: Option<Scope>,
    /// Ends the fault after so many seconds.
    pub for_s: Option<f64>,
    /// Ends the fault after so many requests that it hit.
    pub times: Option<u64>,
}

/// The shapes of an answer that is well-formed and yet holds no credentials.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongJson {
    /// What IMDS says when EC2 may not assume the role.
    #[default]
    AssumeRoleUnauthorized,
    /// No `AccessKeyId`, whatever it is called in the answer at hand.
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
    /// 200 with a document that holds no usable credentials.
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
    /// SQS and STS refuse a key that is minted while this holds for so long.
    NotYetValid {
        /// Seconds from minting.
        seconds: u32,
    },
    /// The service's own answer to those who ask too often.
    Throttle {},
    /// The service's own error of this code.
    Fail {
        /// As the service names it.
        code: String,
        /// The service's own if absent.
        #[serde(default)]
        status: Option<u16>,
        /// The service's own if absent.
        #[serde(default)]
        message: Option<String>,
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
            Kind::Throttle {} => "throttle",
            Kind::Fail { .. } => "fail",
            Kind::TimeOffset { .. } => "time_offset",
        }
    }

    /// Whether it is about which set of a role on a schedule is served: without `listeners` it is then about IMDS alone.
    pub fn is_about_rotation(&self) -> bool {
        matches!(
            self,
            Kind::ExpiredSet { .. } | Kind::SameSet {} | Kind::OlderSet {} | Kind::Alternate {} | Kind::NoRole {}
        )
    }

    /// Whether nothing of the right answer is left under it.
    pub fn covers_the_answer(&self) -> bool {
        matches!(
            self,
            Kind::HangAfterConnect {}
                | Kind::Status { .. }
                | Kind::Empty {}
                | Kind::Garbage {}
                | Kind::Huge {}
                | Kind::Redirect {}
                | Kind::Reset {}
                | Kind::Throttle {}
                | Kind::Fail { .. }
        )
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

    pub(super) fn check(&self, target: &Target) -> Result<(), String> {
        let name = self.name();
        let refuse = |field: &str, why: &str| Err(format!("{name} takes no {field:?}: {why}"));
        let status = match self {
            Kind::Status { code, .. } => Some(*code),
            Kind::Fail { status, .. } => *status,
            _ => None,
        };
        if let Some(status) = status
            && !(100..=599).contains(&status)
        {
            return Err(format!("{name}: status {status}, expected 100 to 599"));
        }
        if target.for_s.is_some_and(|s| Duration::try_from_secs_f64(s).is_err()) {
            return Err(format!("{name}: for_s {:?}, expected seconds >= 0", target.for_s));
        }
        match self.reach() {
            Reach::Connect if target.times.is_some() => refuse("times", "a connect that never comes can't be counted"),
            Reach::World if target.times.is_some() => refuse("times", "it is about keys, not requests"),
            Reach::World if target.listeners.is_some() => {
                refuse("listeners", "it is about keys, wherever they are used")
            }
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
