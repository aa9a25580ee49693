//! Which source a configuration means: one that is pinned, or the default chain of an SDK, tried in that SDK's order.
//!
//! The chain knows static keys and IMDS. Where the environment declares a source that stands between the two (a web
//! identity, a profile, a container endpoint), it refuses to pass on: ending in the instance's role instead of the
//! declared one would be another identity.

use std::future::ready;
use std::sync::Arc;

use super::context::Context;
use super::imds::Imds;
use super::plan::Plan;
use super::static_credentials::{Lack, Place, StaticCredentials};
use super::{Answer, Fetch, Source, Traits};
use crate::config::imds::{ImdsChoice, ImdsSettings, disabled_by};
use crate::config::{Config, ConfigError, Inputs, Order, SourceChoice, names};
use crate::error::{FetchError, FetchErrorKind};

/// The source that `config` asks for. An illegal setting of a pinned source is an error here; in a default chain it
/// is one when (and only when) the turn comes to the source that it belongs to, as with the SDKs.
pub fn source(config: &Config, context: &Context) -> Result<Arc<dyn Source>, ConfigError> {
    Ok(match &config.source {
        SourceChoice::Default {} => Arc::new(Chain::new(config, context)),
        SourceChoice::InstanceProfile(choice) => instance_profile(&config.inputs, choice, context)?,
        SourceChoice::EnvironmentVariables {} => Arc::new(StaticCredentials::new(&config.inputs, Place::Environment)),
        SourceChoice::SystemProperties {} => Arc::new(StaticCredentials::new(&config.inputs, Place::Properties)),
        _ => return Err(ConfigError::new("source", "is not served")),
    })
}

/// The source that carries out `plan`. An error is for a person to act on: nothing here goes to the network.
pub fn build(plan: &Plan, context: &Context) -> Result<Arc<dyn Source>, FetchError> {
    Ok(match plan {
        Plan::InstanceProfile(settings) => Arc::new(Imds::new(settings.clone(), Arc::clone(&context.metadata))),
        _ => return Err(FetchError::non_recoverable("not yet")),
    })
}

fn instance_profile(inputs: &Inputs, choice: &ImdsChoice, context: &Context) -> Result<Arc<dyn Source>, ConfigError> {
    if let Some(switch) = disabled_by(inputs)? {
        let error = FetchError::non_recoverable(format!("instance profile: disabled by {switch}"))
            .with_fix(format!("remove {switch}, or configure another source of credentials."));
        return Ok(Arc::new(Barred { what: "instance profile (disabled)", error }));
    }
    Ok(Arc::new(Imds::new(ImdsSettings::resolve(inputs, choice)?, Arc::clone(&context.metadata))))
}

/// A source that is known from the start to have nothing to give.
struct Barred {
    what: &'static str,
    error: FetchError,
}

impl Source for Barred {
    fn describe(&self) -> String {
        self.what.to_owned()
    }

    fn traits(&self) -> Traits {
        Traits { link_local: false, mints: false }
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(ready(Err(self.error.clone())))
    }
}

struct Chain {
    /// In the order in which they are asked.
    statics: [StaticCredentials; 2],
    /// IMDS, or what bars the way to it.
    last: Arc<dyn Source>,
    /// Whether `last` stands for a source that is declared and must not be passed by.
    declared: bool,
    fall_through: bool,
}

impl Chain {
    fn new(config: &Config, context: &Context) -> Self {
        let places = match config.inputs.order {
            Order::V1 => [Place::Environment, Place::Properties],
            Order::V2 => [Place::Properties, Place::Environment],
        };
        let declared = declared_source(config);
        Chain {
            statics: places.map(|place| StaticCredentials::new(&config.inputs, place)),
            declared: declared.is_some(),
            last: match declared {
                Some(error) => Arc::new(Barred { what: "a declared source that is not supported", error }),
                None => instance_profile(&config.inputs, &ImdsChoice::default(), context).unwrap_or_else(|error| {
                    let error = FetchError::non_recoverable(format!("instance profile: {error}"));
                    Arc::new(Barred { what: "instance profile (not configured as it should be)", error })
                }),
            },
            fall_through: config.fall_through,
        }
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let mut reasons = Vec::with_capacity(self.statics.len());
        for source in &self.statics {
            match source.answer() {
                Ok(answer) => return Ok(answer),
                Err(lack @ Lack::Unusable(_)) if !self.fall_through => return Err(source.error(lack)),
                Err(lack) => reasons.push(format!("{}: {}", source.place().name(), lack.problem())),
            }
        }
        let error = match self.last.fetch().await {
            Ok(answer) => return Ok(answer),
            Err(error) if self.declared => return Err(error),
            Err(error) => error,
        };
        // The others cannot change before the configuration does; the last one decides whether there is hope.
        let message =
            format!("no source of the default chain has credentials; {}; {}", reasons.join("; "), error.message);
        Err(FetchError { kind: error.kind, message, fix: error.fix })
    }
}

impl Source for Chain {
    fn describe(&self) -> String {
        let [first, second] = &self.statics;
        format!("default chain ({}, {}, {})", first.describe(), second.describe(), self.last.describe())
    }

    fn traits(&self) -> Traits {
        match self.statics.iter().find(|source| source.answer().is_ok()) {
            Some(source) => source.traits(),
            None => self.last.traits(),
        }
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(self.ask())
    }
}

/// The error for a source that the environment declares and that is not served here.
fn declared_source(config: &Config) -> Option<FetchError> {
    names::DECLARED_SOURCES.iter().find_map(|(name, what)| {
        let (set, _) = config.inputs.setting(*name)?;
        let message = format!(
            "default chain: {set} declares a {what} as the source of credentials, which this version cannot ask; the \
             instance's role is not used in its place"
        );
        let fix =
            format!("use the SDK's own provider for it, or remove {set} if the instance's role is what you want.");
        Some(FetchError::new(FetchErrorKind::NonRecoverable, message).with_fix(fix))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::http::{Exchange, Request, Transport, TransportError};
    use crate::sources::context::tests::over;

    /// Nobody there; counts who asks.
    #[derive(Default)]
    struct Nowhere(AtomicUsize);

    impl Transport for Nowhere {
        fn send(&self, _: Request) -> Exchange<'_> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(ready(Err(TransportError::CannotConnect("connection refused".into()))))
        }
    }

    const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "wJalrEnv")];
    const PROPERTIES: [(&str, &str); 3] =
        [("aws.accessKeyId", "AKIAPROP"), ("aws.secretKey", "wJalr1"), ("aws.secretAccessKey", "wJalr2")];

    fn config(order: Order, environment: &[(&str, &str)], properties: &[(&str, &str)]) -> Config {
        Config {
            label: "test".into(),
            source: SourceChoice::Default {},
            fall_through: false,
            policy: Default::default(),
            inputs: Arc::new(Inputs {
                order,
                environment: environment.iter().copied().collect(),
                properties: properties.iter().copied().collect(),
            }),
        }
    }

    /// What one fetch says, and whether it went to the network.
    fn fetch(config: &Config) -> (Result<Answer, FetchError>, usize) {
        let transport = Arc::new(Nowhere::default());
        let source = source(config, &over(transport.clone())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let outcome = runtime.block_on(source.fetch());
        if let Err(error) = &outcome {
            assert!(!format!("{error} {error:?}").contains("wJalr"), "{error}");
        }
        (outcome, transport.0.load(Ordering::Relaxed))
    }

    fn key(config: &Config) -> String {
        fetch(config).0.unwrap().credentials.access_key_id.to_string()
    }

    #[test]
    fn each_sdks_order_decides_between_environment_and_properties() {
        assert_eq!(key(&config(Order::V1, &KEYS, &PROPERTIES)), "AKIAENV");
        assert_eq!(key(&config(Order::V2, &KEYS, &PROPERTIES)), "AKIAPROP");
        assert_eq!(key(&config(Order::V1, &KEYS[..1], &PROPERTIES)), "AKIAPROP");
        assert_eq!(key(&config(Order::V2, &KEYS, &PROPERTIES[..1])), "AKIAENV");
    }

    #[test]
    fn the_error_of_a_chain_lists_every_source_with_its_reason() {
        let (outcome, asked) = fetch(&config(Order::V2, &KEYS[..1], &[]));
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, asked), (FetchErrorKind::Transient, 1));
        assert_eq!(
            error.message,
            "no source of the default chain has credentials; system properties: aws.accessKeyId is not set; \
             environment variables: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not; \
             PUT http://169.254.169.254/latest/api/token: cannot connect: connection refused"
        );
        assert!(error.fix.unwrap().contains("EC2 instance"));
    }

    #[test]
    fn disabled_imds_is_not_asked_and_the_switch_is_named() {
        let mut config = config(Order::V2, &[("AWS_EC2_METADATA_DISABLED", "true")], &[]);
        let (outcome, asked) = fetch(&config);
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, asked), (FetchErrorKind::NonRecoverable, 0));
        assert!(error.message.ends_with("instance profile: disabled by AWS_EC2_METADATA_DISABLED"), "{error}");
        config.source = SourceChoice::InstanceProfile(ImdsChoice::default());
        let (outcome, asked) = fetch(&config);
        assert_eq!(outcome.unwrap_err().message, "instance profile: disabled by AWS_EC2_METADATA_DISABLED");
        assert_eq!(asked, 0);
    }

    #[test]
    fn a_declared_source_never_ends_in_the_instances_role() {
        for fall_through in [false, true] {
            for name in [
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_PROFILE",
                "aws.webIdentityTokenFile",
                "aws.containerCredentialsPath",
                "aws.containerCredentialsFullUri",
                "aws.profile",
            ] {
                let mut config = config(Order::V2, &[(name, "x")], &[(name, "x")]);
                config.fall_through = fall_through;
                let (outcome, asked) = fetch(&config);
                let error = outcome.unwrap_err();
                assert_eq!((error.kind, asked), (FetchErrorKind::NonRecoverable, 0));
                assert!(error.message.contains(name) && error.fix.unwrap().contains(name), "{}", error.message);
            }
        }
        let v1 = config(Order::V1, &[], &[("aws.webIdentityTokenFile", "x")]);
        assert_eq!(fetch(&v1).1, 1, "SDK v1 does not know this property and goes on to IMDS");
    }

    #[test]
    fn complete_static_keys_go_before_a_declared_source() {
        let environment = [KEYS[0], KEYS[1], ("AWS_PROFILE", "x")];
        assert_eq!(key(&config(Order::V2, &environment, &[])), "AKIAENV");
    }

    #[test]
    fn keys_that_cannot_be_used_are_passed_by_only_where_falling_through_is_asked_for() {
        let environment = [("AWS_ACCESS_KEY_ID", "AKIA AKIA"), KEYS[1]];
        let mut config = config(Order::V2, &environment, &[]);
        let (outcome, asked) = fetch(&config);
        assert_eq!((outcome.unwrap_err().kind, asked), (FetchErrorKind::NonRecoverable, 0));
        config.fall_through = true;
        let (outcome, asked) = fetch(&config);
        assert!(outcome.unwrap_err().message.contains("AWS_ACCESS_KEY_ID holds a space"));
        assert_eq!(asked, 1);
    }

    #[test]
    fn an_illegal_setting_of_imds_fails_where_imds_is_pinned_and_waits_for_its_turn_in_a_chain() {
        let bad = ("AWS_METADATA_SERVICE_TIMEOUT", "abc");
        assert_eq!(key(&config(Order::V2, &[bad, KEYS[0], KEYS[1]], &[])), "AKIAENV");
        let mut config = config(Order::V2, &[bad], &[]);
        let (outcome, asked) = fetch(&config);
        assert!(outcome.unwrap_err().message.contains("AWS_METADATA_SERVICE_TIMEOUT: \"abc\" was given"));
        assert_eq!(asked, 0);
        config.source = SourceChoice::InstanceProfile(ImdsChoice::default());
        let error = source(&config, &over(Arc::new(Nowhere::default()))).err().unwrap();
        assert_eq!(error.setting, "AWS_METADATA_SERVICE_TIMEOUT");
    }

    #[test]
    fn a_pinned_place_names_what_is_missing_and_asks_nobody_else() {
        let mut config = config(Order::V2, &KEYS[..1], &PROPERTIES);
        config.source = SourceChoice::EnvironmentVariables {};
        let (outcome, asked) = fetch(&config);
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, asked), (FetchErrorKind::NonRecoverable, 0));
        assert_eq!(error.message, "environment variables: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
        config.source = SourceChoice::SystemProperties {};
        let answer = fetch(&config).0.unwrap();
        assert_eq!((answer.identity.name.as_str(), answer.source), ("AKIAPROP", "system properties"));
        assert_eq!((answer.traits.link_local, answer.credentials.expiration), (false, None));
    }
}
