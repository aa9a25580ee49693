//! Keys that stand in the environment or in JVM properties: found once, in one snapshot of them.

use std::future::ready;

use super::fields::{is_account_id, is_visible_ascii};
use super::{Answer, Fetch, Source, Traits};
use crate::config::{Inputs, Order, names};
use crate::credentials::{AccessKeyId, Credentials, Identity, Secret};
use crate::error::FetchError;

/// Which of the two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Environment,
    Properties,
}

impl Place {
    /// How the field calls this source.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Environment => "environment variables",
            Place::Properties => "system properties",
        }
    }
}

/// Why a place has no credentials to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// An access key or a secret is not set. Both SDKs pass on to the next source then, half configured or not.
    NotSet(String),
    /// All is set, and could not travel in a request.
    Unusable(String),
}

impl Lack {
    pub fn problem(&self) -> &str {
        match self {
            Lack::NotSet(problem) | Lack::Unusable(problem) => problem,
        }
    }
}

/// One place, looked through.
#[derive(Clone, Debug)]
pub struct StaticCredentials {
    place: Place,
    found: Result<Credentials, Lack>,
}

const TRAITS: Traits = Traits { link_local: false, mints: false };

impl StaticCredentials {
    pub fn new(inputs: &Inputs, place: Place) -> Self {
        let found = match place {
            Place::Environment => environment(inputs),
            Place::Properties => properties(inputs),
        };
        StaticCredentials { place, found }
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// The answer that every fetch gives.
    pub fn answer(&self) -> Result<Answer, &Lack> {
        let credentials = self.found.as_ref()?.clone();
        Ok(Answer {
            identity: Identity {
                name: credentials.access_key_id.as_str().to_owned(),
                account_id: credentials.account_id.clone(),
            },
            credentials,
            source: self.place.name(),
            traits: TRAITS,
            nominal_life: None,
            date: None,
        })
    }

    pub(super) fn error(&self, lack: &Lack) -> FetchError {
        FetchError::non_recoverable(format!("{}: {}", self.place.name(), lack.problem()))
            .with_fix("set the access key and the secret key (and the session token, if they are temporary).")
    }
}

impl Source for StaticCredentials {
    fn describe(&self) -> String {
        self.place.name().to_owned()
    }

    fn traits(&self) -> Traits {
        TRAITS
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(ready(self.answer().map_err(|lack| self.error(lack))))
    }
}

/// SDK v1 knows an older name for the key, which counts when the usual one is not set at all, and another for the
/// secret, which goes first (`EnvironmentVariableCredentialsProvider` of 1.12.797). SDK v2 knows neither.
fn environment(inputs: &Inputs) -> Result<Credentials, Lack> {
    let set = &inputs.environment;
    let (mut key, mut secret) = (names::ACCESS_KEY_ID.variable, names::SECRET_ACCESS_KEY.variable);
    let (mut key_names, mut secret_names) = (key.to_owned(), secret.to_owned());
    if inputs.order == Order::V1 {
        key_names = format!("{key} (or {})", names::V1_ACCESS_KEY_VARIABLE);
        secret_names = format!("{secret} (or {})", names::V1_SECRET_KEY_VARIABLE);
        if !set.contains(key) {
            key = names::V1_ACCESS_KEY_VARIABLE;
        }
        if set.contains(names::V1_SECRET_KEY_VARIABLE) {
            secret = names::V1_SECRET_KEY_VARIABLE;
        }
    }
    let (token, account) = (names::SESSION_TOKEN.variable, names::ACCOUNT_ID.variable);
    complete(
        Part { name: &key_names, value: set.get(key) },
        Part { name: &secret_names, value: set.get(secret) },
        Part { name: token, value: set.get(token) },
        set.get(account),
    )
}

fn properties(inputs: &Inputs) -> Result<Credentials, Lack> {
    let set = &inputs.properties;
    let part = |name: names::Name| {
        let name = name.property(inputs.order).unwrap_or_default();
        Part { name, value: set.get(name) }
    };
    let secret = part(names::SECRET_ACCESS_KEY);
    let found = complete(part(names::ACCESS_KEY_ID), secret, part(names::SESSION_TOKEN), part(names::ACCOUNT_ID).value);
    // The two SDKs read the secret under different names, which is easily mixed up.
    let other = [names::SECRET_ACCESS_KEY.v1_property, names::SECRET_ACCESS_KEY.v2_property]
        .into_iter()
        .flatten()
        .find(|other| *other != secret.name && set.get(other).is_some());
    match (found, other) {
        (Err(Lack::NotSet(problem)), Some(other)) if secret.value.is_none() => {
            Err(Lack::NotSet(format!("{problem} ({other} is set, which the other version of the SDK reads)")))
        }
        (found, _) => found,
    }
}

#[derive(Clone, Copy)]
struct Part<'a> {
    name: &'a str,
    value: Option<&'a str>,
}

fn complete(key: Part<'_>, secret: Part<'_>, token: Part<'_>, account: Option<&str>) -> Result<Credentials, Lack> {
    let (key_value, secret_value) = match (key.value, secret.value) {
        (Some(key), Some(secret)) => (key, secret),
        (None, None) => return Err(Lack::NotSet(format!("{} is not set", key.name))),
        (Some(_), None) => return Err(Lack::NotSet(format!("{} is set, but {} is not", key.name, secret.name))),
        (None, Some(_)) => return Err(Lack::NotSet(format!("{} is set, but {} is not", secret.name, key.name))),
    };
    let illegal = [Part { value: Some(key_value), ..key }, token]
        .into_iter()
        .find(|part| part.value.is_some_and(|value| !is_visible_ascii(value)));
    if let Some(part) = illegal {
        return Err(Lack::Unusable(format!("{} holds a space or a character other than visible ASCII", part.name)));
    }
    Ok(Credentials {
        access_key_id: AccessKeyId::new(key_value),
        secret_access_key: Secret::new(secret_value),
        session_token: token.value.map(Secret::new),
        expiration: None,
        account_id: account.filter(|id| is_account_id(id)).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(order: Order, place: Place, set: &[(&str, &str)]) -> Result<Credentials, Lack> {
        let both = || set.iter().copied().collect();
        let inputs = Inputs { order, environment: both(), properties: both() };
        StaticCredentials::new(&inputs, place).found
    }

    fn lack(order: Order, place: Place, set: &[(&str, &str)]) -> String {
        look(order, place, set).unwrap_err().problem().to_owned()
    }

    #[test]
    fn each_sdk_reads_its_own_names() {
        let environment = [
            ("AWS_ACCESS_KEY_ID", " AKIA2\n"),
            ("AWS_ACCESS_KEY", "AKIA1"),
            ("AWS_SECRET_ACCESS_KEY", "secret2"),
            ("AWS_SECRET_KEY", "secret1"),
            ("AWS_SESSION_TOKEN", " "),
            ("AWS_ACCOUNT_ID", "123456789012"),
        ];
        let v2 = look(Order::V2, Place::Environment, &environment).unwrap();
        assert_eq!((v2.access_key_id.as_str(), v2.secret_access_key.expose()), ("AKIA2", "secret2"));
        assert_eq!((v2.session_token, v2.expiration), (None, None));
        assert_eq!(v2.account_id.as_deref(), Some("123456789012"));
        let v1 = look(Order::V1, Place::Environment, &environment).unwrap();
        assert_eq!((v1.access_key_id.as_str(), v1.secret_access_key.expose()), ("AKIA2", "secret1"));
        let v1 = look(Order::V1, Place::Environment, &environment[1..]).unwrap();
        assert_eq!(v1.access_key_id.as_str(), "AKIA1");
        assert!(look(Order::V2, Place::Environment, &environment[1..]).is_err());

        let properties = [
            ("aws.accessKeyId", "AKIA"),
            ("aws.secretKey", "secret1"),
            ("aws.secretAccessKey", "secret2"),
            ("aws.sessionToken", "token"),
        ];
        let v1 = look(Order::V1, Place::Properties, &properties).unwrap();
        assert_eq!(v1.secret_access_key.expose(), "secret1");
        assert_eq!(v1.session_token.unwrap().expose(), "token");
        assert_eq!(look(Order::V2, Place::Properties, &properties).unwrap().secret_access_key.expose(), "secret2");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(lack(Order::V2, Place::Environment, &[]), "AWS_ACCESS_KEY_ID is not set");
        assert_eq!(
            lack(Order::V2, Place::Environment, &[("AWS_ACCESS_KEY_ID", "AKIA")]),
            "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"
        );
        assert_eq!(
            lack(Order::V1, Place::Environment, &[("AWS_SECRET_KEY", "wJalr")]),
            "AWS_SECRET_ACCESS_KEY (or AWS_SECRET_KEY) is set, but AWS_ACCESS_KEY_ID (or AWS_ACCESS_KEY) is not"
        );
        assert_eq!(
            lack(Order::V2, Place::Properties, &[("aws.accessKeyId", "AKIA"), ("aws.secretKey", "wJalr")]),
            "aws.accessKeyId is set, but aws.secretAccessKey is not (aws.secretKey is set, which the other version of \
             the SDK reads)"
        );
    }

    #[test]
    fn a_key_that_cannot_travel_in_a_header_is_unusable_and_not_repeated() {
        for (key, token) in [("AK\r\nX: 1", "t"), ("AKIA", "wJalr wJalr"), ("\u{c4}KIA", "t")] {
            let set = [("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", token)];
            let Err(Lack::Unusable(problem)) = look(Order::V2, Place::Environment, &set) else { panic!() };
            assert!(!problem.contains("wJalr"), "{problem}");
        }
    }
}
