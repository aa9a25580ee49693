//! The values everything else passes round: what a set of AWS credentials is. No I/O, no clock.

use std::fmt;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

/// A string that is wiped when dropped and never shows itself: `Debug` prints `***`, there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Secret(Zeroizing::new(value.into()))
    }

    /// The plain text, for the one place that hands it on.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// An access key id: public by nature (AWS logs it), the name by which a set of credentials is told from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    pub fn new(value: impl Into<String>) -> Self {
        AccessKeyId(value.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One immutable set of credentials, as a source handed it out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credentials {
    pub access_key_id: AccessKeyId,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
    /// When AWS stops accepting them, on AWS's clock. `None`: they do not expire (long-term keys).
    pub expiration: Option<DateTime<Utc>>,
    pub account_id: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expiration", &self.expiration)
            .field("account_id", &self.account_id)
            .finish_non_exhaustive()
    }
}

/// Whose credentials they are: two sets of the same identity may stand in for one another, two of different ones never.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Role name (IMDS), role ARN (STS) or, for long-term keys, the access key id.
    pub name: String,
    pub account_id: Option<String>,
}

impl Identity {
    /// Whether it is the role of this name: IMDS tells the name, STS an ARN that ends in it.
    pub fn has_role(&self, name: &str) -> bool {
        match self.name.split_once(":role/") {
            Some((_, path)) => path.rsplit('/').next() == Some(name),
            None => self.name == name,
        }
    }

    /// Whether both can be one identity. An account id that one side does not know (IMDS tells it on some paths
    /// only) is no difference.
    pub fn same(&self, other: &Identity) -> bool {
        self.name == other.name
            && match (&self.account_id, &other.account_id) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account_id {
            Some(account) => write!(f, "{} in account {account}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let credentials = Credentials {
            access_key_id: AccessKeyId::new("ASIAEXAMPLE"),
            secret_access_key: Secret::new("wJalrSecret"),
            session_token: Some(Secret::new("tokenSecret")),
            expiration: None,
            account_id: None,
        };
        let shown = format!("{credentials:?} {:?}", credentials.secret_access_key);
        assert!(shown.contains("ASIAEXAMPLE"));
        assert!(!shown.contains("Secret\"") && !shown.contains("wJalr") && !shown.contains("token"), "{shown}");
    }

    #[test]
    fn a_role_is_known_by_its_name_and_by_the_end_of_its_arn() {
        let named = |name: &str| Identity { name: name.into(), account_id: None };
        for (identity, role) in
            [("app", "app"), ("arn:aws:iam::1:role/app", "app"), ("arn:aws:iam::1:role/path/app", "app")]
        {
            assert!(named(identity).has_role(role), "{identity}");
        }
        for identity in ["apple", "arn:aws:iam::1:role/app/other", "arn:aws:iam::1:role/apple", "AKIAapp"] {
            assert!(!named(identity).has_role("app"), "{identity}");
        }
    }

    #[test]
    fn an_unknown_account_is_no_other_identity() {
        let known = Identity { name: "app".into(), account_id: Some("1".into()) };
        let unknown = Identity { name: "app".into(), account_id: None };
        let other = Identity { name: "app".into(), account_id: Some("2".into()) };
        assert!(known.same(&unknown) && unknown.same(&other));
        assert!(!known.same(&other));
    }
}
