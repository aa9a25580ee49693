//! Which roles does STS know, whom do they trust, and how long are their sessions? Pure.

use super::error::StsError;
use super::request::RoleRequest;
use crate::jwt::Jwt;
use crate::keys::{Principal, role_arn};
use crate::mint::Mint;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What AWS gives where nothing is asked for.
const DEFAULT_SESSION_S: u32 = 3600;
/// The most that a role assumed by the session of another role gets.
const CHAINED_SESSION_S: u32 = 3600;

/// The web identity that a role trusts.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebIdentityTrust {
    /// The `iss` of the token.
    pub issuer: String,
    /// Demanded in `aud`.
    pub audience: String,
    /// Demanded in `sub`; anyone's token if absent.
    pub subject: Option<String>,
}

impl Default for WebIdentityTrust {
    fn default() -> Self {
        Self {
            issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF".into(),
            audience: "sts.amazonaws.com".into(),
            subject: None,
        }
    }
}

/// A role that can be assumed, in the body of `POST /worlds`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StsRoleConfig {
    /// A name, or an ARN (a path, another account).
    pub role: String,
    /// The longest session that may be asked for, in seconds.
    #[serde(default = "default_session")]
    pub max_session_s: u32,
    /// How long sessions live, whatever is asked for; as asked for if absent.
    #[serde(default)]
    pub session_lifetime_s: Option<u32>,
    /// Demanded if present.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Who may assume it: `*`, a user's or role's ARN, an assumed role's ARN, or `arn:aws:iam::ACCOUNT:root`.
    #[serde(default = "everybody")]
    pub trusted: Vec<String>,
    /// Whose tokens it takes; `null`: none.
    #[serde(default = "some_web_identity")]
    pub web_identity: Option<WebIdentityTrust>,
}

fn default_session() -> u32 {
    DEFAULT_SESSION_S
}

fn everybody() -> Vec<String> {
    vec!["*".into()]
}

fn some_web_identity() -> Option<WebIdentityTrust> {
    Some(WebIdentityTrust::default())
}

impl StsRoleConfig {
    /// The role of this name that trusts everybody, and any token of the ordinary issuer.
    pub fn open(role: &str) -> Self {
        Self {
            role: role.into(),
            max_session_s: DEFAULT_SESSION_S,
            session_lifetime_s: None,
            external_id: None,
            trusted: everybody(),
            web_identity: some_web_identity(),
        }
    }

    fn check(&self) -> Result<(), String> {
        if !(3600..=43_200).contains(&self.max_session_s) || self.session_lifetime_s == Some(0) {
            return Err(format!(
                "role {:?}: expected max_session_s from 3600 to 43200 and session_lifetime_s above 0",
                self.role
            ));
        }
        Ok(())
    }
}

/// A role that can be assumed.
#[derive(Clone, Debug, Serialize)]
pub struct StsRole {
    /// With its path.
    pub arn: String,
    /// `AROA...`
    pub role_id: String,
    /// Nobody may assume it now.
    pub denied: bool,
    /// How it was asked for, and changed since.
    #[serde(flatten)]
    pub config: StsRoleConfig,
}

impl StsRole {
    fn trusts(&self, caller: &Principal) -> bool {
        let account = format!("arn:aws:iam::{}:root", caller.account_id);
        self.config.trusted.iter().any(|trusted| {
            trusted == "*" || *trusted == caller.arn || *trusted == account || Some(trusted) == caller.role_arn.as_ref()
        })
    }

    /// How long a session lives that is asked for like this.
    fn session(&self, request: &RoleRequest, chained: bool) -> Result<u32, StsError> {
        let asked = request.duration_s.unwrap_or(DEFAULT_SESSION_S);
        if chained && asked > CHAINED_SESSION_S {
            return Err(StsError::new(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        if asked > self.config.max_session_s {
            return Err(StsError::new(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ));
        }
        Ok(self.config.session_lifetime_s.unwrap_or(asked))
    }
}

/// The roles of a world, and the key that signs its web identity tokens.
#[derive(Debug)]
pub struct StsRoles {
    roles: Vec<StsRole>,
    account_id: String,
    /// What web identity tokens are signed with.
    pub issuer_key: [u8; 32],
}

impl StsRoles {
    /// The error says which role is wrong.
    pub fn new(configs: &[StsRoleConfig], account_id: &str, mint: &mut Mint) -> Result<Self, String> {
        let mut roles: Vec<StsRole> = Vec::new();
        for config in configs {
            config.check()?;
            let arn = role_arn(account_id, &config.role);
            if roles.iter().any(|role| role.arn == arn) {
                return Err(format!("role {arn}: expected distinct roles"));
            }
            roles.push(StsRole { arn, role_id: mint.role_id(), denied: false, config: config.clone() });
        }
        Ok(Self { roles, account_id: account_id.into(), issuer_key: mint.key_bytes() })
    }

    /// All of them.
    pub fn all(&self) -> &[StsRole] {
        &self.roles
    }

    /// Changes the role of this name or ARN; what comes of it is checked.
    pub fn change(&mut self, role: &str, change: impl FnOnce(&mut StsRole)) -> Result<(), String> {
        let arn = role_arn(&self.account_id, role);
        let known: Vec<&str> = self.roles.iter().map(|role| role.arn.as_str()).collect();
        let Some(index) = known.iter().position(|known| *known == arn) else {
            return Err(format!("no role {arn}; this world has {}", known.join(", ")));
        };
        let mut changed = self.roles[index].clone();
        change(&mut changed);
        changed.config.check()?;
        self.roles[index] = changed;
        Ok(())
    }

    /// May `caller` assume the role, and for how long?
    pub fn assume(
        &self,
        caller: &Principal,
        request: &RoleRequest,
        external_id: Option<&str>,
    ) -> Result<(&StsRole, u32), StsError> {
        let role = self.roles.iter().find(|role| {
            role.arn == request.role_arn
                && !role.denied
                && role.trusts(caller)
                && role.config.external_id.as_deref().is_none_or(|id| external_id == Some(id))
        });
        let role = role.ok_or_else(|| {
            StsError::new(
                "AccessDenied",
                format!(
                    "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                    caller.arn, request.role_arn
                ),
            )
        })?;
        Ok((role, role.session(request, caller.chains)?))
    }

    /// May the holder of `token` assume the role at `now`, and for how long? Gives the trust that it meets, too.
    pub fn assume_with(
        &self,
        token: &str,
        request: &RoleRequest,
        now: DateTime<Utc>,
    ) -> Result<(&StsRole, &WebIdentityTrust, String, u32), StsError> {
        let invalid = |message: String| StsError::new("InvalidIdentityToken", message);
        let jwt = Jwt::read(token).ok_or_else(|| {
            invalid(
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)".into(),
            )
        })?;
        let missing = |claim: &str| invalid(format!("Missing a required claim: {claim}"));
        let issuer = jwt.text("iss").ok_or_else(|| missing("iss"))?;
        let subject = jwt.text("sub").ok_or_else(|| missing("sub"))?;
        let expires = jwt.seconds("exp").ok_or_else(|| missing("exp"))?;
        let trusts = |role: &StsRole| role.config.web_identity.as_ref().is_some_and(|trust| trust.issuer == issuer);
        if !self.roles.iter().any(trusts) {
            return Err(invalid(format!("No OpenIDConnect provider found in your account for {issuer}")));
        }
        if !jwt.is_signed_with(&self.issuer_key) {
            return Err(invalid("Token signature invalid".into()));
        }
        if expires <= now.timestamp() {
            return Err(StsError::new(
                "ExpiredTokenException",
                format!(
                    "Token expired: current date/time {} must be before the expiration date/time {expires}",
                    now.timestamp()
                ),
            ));
        }
        let denied = || StsError::new("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        let role = self.roles.iter().find(|role| role.arn == request.role_arn && !role.denied && trusts(role));
        let role = role.ok_or_else(denied)?;
        let trust = role.config.web_identity.as_ref().ok_or_else(denied)?;
        if !jwt.is_for(&trust.audience) {
            return Err(invalid("Incorrect token audience".into()));
        }
        if trust.subject.as_ref().is_some_and(|wanted| wanted != subject) {
            return Err(denied());
        }
        Ok((role, trust, subject.into(), role.session(request, false)?))
    }
}
