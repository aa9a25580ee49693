//! What the variables, the properties and the builder say about the instance metadata service.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::names::{self, Name};
use super::{ConfigError, Inputs, Order, quoted};

/// What the builder says of IMDS; it goes before variables and properties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImdsChoice {
    pub endpoint: Option<String>,
    pub endpoint_mode: Option<String>,
    pub role_name: Option<String>,
}

/// How IMDS is to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImdsSettings {
    /// `http://host[:port][/path]`, without a slash at its end.
    pub endpoint: String,
    /// The variable or property that forbids falling back to IMDSv1, if one does.
    pub v1_disabled_by: Option<&'static str>,
    /// Given: not asked for.
    pub role_name: Option<String>,
    /// For connecting, and again for the answer of each request.
    pub timeout: Duration,
    /// How often one request is made at most, the first time included.
    pub attempts: u32,
}

pub const ENDPOINT_IPV4: &str = "http://169.254.169.254";
pub const ENDPOINT_IPV6: &str = "http://[fd00:ec2::254]";

impl Default for ImdsSettings {
    fn default() -> Self {
        ImdsSettings {
            endpoint: ENDPOINT_IPV4.into(),
            v1_disabled_by: None,
            role_name: None,
            timeout: Duration::from_secs(1),
            // Both Java SDKs ask once. The engine asks again within a second.
            attempts: 1,
        }
    }
}

impl ImdsSettings {
    /// Builder, then property, then variable, then the default; an endpoint goes before an endpoint mode.
    pub fn resolve(inputs: &Inputs, builder: &ImdsChoice) -> Result<Self, ConfigError> {
        let ImdsChoice { endpoint, endpoint_mode, role_name } = builder;
        let default = ImdsSettings::default();
        let endpoint = match (endpoint, endpoint_mode) {
            (Some(value), _) => endpoint_url("endpoint", value)?,
            (None, Some(value)) => endpoint_of_mode("endpointMode", value)?.into(),
            (None, None) => match inputs.setting(names::IMDS_ENDPOINT) {
                Some((name, value)) => endpoint_url(name, value)?,
                None => match inputs.setting(names::IMDS_ENDPOINT_MODE) {
                    Some((name, value)) => endpoint_of_mode(name, value)?.into(),
                    None => default.endpoint,
                },
            },
        };
        Ok(ImdsSettings {
            endpoint,
            v1_disabled_by: switched_on(inputs, names::IMDS_V1_DISABLED)?,
            role_name: role_name.clone(),
            timeout: match inputs.setting(names::IMDS_TIMEOUT) {
                Some((name, value)) => timeout(name, value)?,
                None => default.timeout,
            },
            attempts: match inputs.setting(names::IMDS_ATTEMPTS) {
                Some((name, value)) => attempts(name, value)?,
                None => default.attempts,
            },
        })
    }
}

/// The variable or property that switches IMDS off, if one does.
pub fn disabled_by(inputs: &Inputs) -> Result<Option<&'static str>, ConfigError> {
    switched_on(inputs, names::IMDS_DISABLED)
}

/// By whom a switch is on. SDK v1: property *or* variable is `true`, anything else is off. SDK v2: the property goes
/// before the variable, and anything but `true` and `false` is refused.
fn switched_on(inputs: &Inputs, name: Name) -> Result<Option<&'static str>, ConfigError> {
    match inputs.order {
        Order::V1 => {
            let is_true = |value: Option<&str>| value.is_some_and(|value| value.eq_ignore_ascii_case("true"));
            let property = name.v1_property.filter(|property| is_true(inputs.properties.get(property)));
            Ok(property.or_else(|| is_true(inputs.environment.get(name.variable)).then_some(name.variable)))
        }
        Order::V2 => match inputs.setting(name) {
            None => Ok(None),
            Some((found, value)) if value.eq_ignore_ascii_case("true") => Ok(Some(found)),
            Some((_, value)) if value.eq_ignore_ascii_case("false") => Ok(None),
            Some((found, value)) => Err(refused(found, value, "true or false")),
        },
    }
}

fn refused(setting: &str, value: &str, allowed: &str) -> ConfigError {
    ConfigError::new(setting, format!("{} was given; {allowed} is allowed", quoted(value)))
}

fn endpoint_of_mode(setting: &str, value: &str) -> Result<&'static str, ConfigError> {
    if value.eq_ignore_ascii_case("IPv4") {
        Ok(ENDPOINT_IPV4)
    } else if value.eq_ignore_ascii_case("IPv6") {
        Ok(ENDPOINT_IPV6)
    } else {
        Err(refused(setting, value, "IPv4 or IPv6"))
    }
}

fn endpoint_url(setting: &str, value: &str) -> Result<String, ConfigError> {
    const ALLOWED: &str = "http://host, with a port and a path if need be (no user name, query or fragment),";
    let url = Url::parse(value).map_err(|_| refused(setting, value, ALLOWED))?;
    if !url.username().is_empty() || url.password().is_some() {
        // What stands there may be a password.
        return Err(ConfigError::new(setting, format!("a user name or password was given; {ALLOWED} is allowed")));
    }
    let plain = url.scheme() == "http" && url.host().is_some() && url.query().is_none() && url.fragment().is_none();
    if !plain {
        return Err(refused(setting, value, ALLOWED));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Seconds, whole or with a fraction, as both SDKs read them. Values that no SDK can mean (zero, negative, not a
/// number) are refused; large ones are legal, the source has a bound of its own.
fn timeout(setting: &str, value: &str) -> Result<Duration, ConfigError> {
    let seconds = value.parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|timeout| *timeout >= Duration::from_millis(1))
        .ok_or_else(|| refused(setting, value, "a number of seconds above 0 (as in 1 or 2.5)"))
}

fn attempts(setting: &str, value: &str) -> Result<u32, ConfigError> {
    value
        .parse()
        .ok()
        .filter(|attempts| *attempts >= 1)
        .ok_or_else(|| refused(setting, value, "a whole number of 1 or more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(order: Order, environment: &[(&str, &str)], properties: &[(&str, &str)]) -> Inputs {
        let [environment, properties] = [environment, properties].map(|set| set.iter().copied().collect());
        Inputs { order, environment, properties }
    }

    fn resolve(inputs: &Inputs) -> Result<ImdsSettings, ConfigError> {
        ImdsSettings::resolve(inputs, &ImdsChoice::default())
    }

    #[test]
    fn nothing_set_gives_what_the_sdks_default_to() {
        let settings = resolve(&inputs(Order::V2, &[], &[])).unwrap();
        assert_eq!(settings, ImdsSettings::default());
        assert_eq!(settings.endpoint, "http://169.254.169.254");
        assert_eq!((settings.timeout, settings.attempts), (Duration::from_secs(1), 1));
    }

    #[test]
    fn every_variable_and_property_is_honoured() {
        let variables = [
            ("AWS_EC2_METADATA_V1_DISABLED", "TRUE"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "2.5"),
            ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "4"),
        ];
        let expected = ImdsSettings {
            endpoint: "http://127.0.0.1:1338".into(),
            v1_disabled_by: Some("AWS_EC2_METADATA_V1_DISABLED"),
            role_name: None,
            timeout: Duration::from_millis(2500),
            attempts: 4,
        };
        for order in [Order::V1, Order::V2] {
            assert_eq!(resolve(&inputs(order, &variables, &[])).unwrap(), expected);
        }
        let properties = [
            ("aws.disableEc2MetadataV1", "false"),
            ("aws.ec2MetadataServiceEndpoint", "http://h:1/x/"),
            ("aws.ec2MetadataServiceTimeout", "3"),
        ];
        let settings = resolve(&inputs(Order::V2, &variables, &properties)).unwrap();
        assert_eq!(settings.endpoint, "http://h:1/x");
        assert_eq!((settings.v1_disabled_by, settings.timeout), (None, Duration::from_secs(3)));
        let v1 = [
            ("com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", "http://[::1]:8/"),
            ("com.amazonaws.sdk.disableEc2MetadataV1", "true"),
        ];
        let settings = resolve(&inputs(Order::V1, &variables, &v1)).unwrap();
        assert_eq!(settings.endpoint, "http://[::1]:8");
        assert_eq!(settings.v1_disabled_by, Some("com.amazonaws.sdk.disableEc2MetadataV1"));
    }

    #[test]
    fn the_builder_goes_before_all_and_an_endpoint_before_a_mode() {
        let inputs = inputs(Order::V2, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")], &[]);
        let builder = |endpoint: Option<&str>, mode: Option<&str>| ImdsChoice {
            endpoint: endpoint.map(Into::into),
            endpoint_mode: mode.map(Into::into),
            role_name: None,
        };
        for (choice, expected) in [
            (builder(Some("http://127.0.0.1:2"), Some("IPv6")), "http://127.0.0.1:2"),
            (builder(None, Some("ipv6")), "http://[fd00:ec2::254]"),
            (builder(None, None), "http://127.0.0.1:1"),
        ] {
            assert_eq!(ImdsSettings::resolve(&inputs, &choice).unwrap().endpoint, expected);
        }
    }

    #[test]
    fn bad_values_are_refused_with_name_value_and_what_is_allowed() {
        for (name, value, allowed) in [
            ("AWS_METADATA_SERVICE_TIMEOUT", "abc", "a number of seconds above 0"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "0", "a number of seconds above 0"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "-1", "a number of seconds above 0"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "NaN", "a number of seconds above 0"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "inf", "a number of seconds above 0"),
            ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0", "1 or more"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5", "IPv4 or IPv6"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://169.254.169.254", "http://host"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "https://169.254.169.254", "http://host"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254", "http://host"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://h/?x=1", "http://host"),
            ("AWS_EC2_METADATA_V1_DISABLED", "yes", "true or false"),
        ] {
            let error = resolve(&inputs(Order::V2, &[(name, value)], &[])).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: \"{value}\"")) && error.contains(allowed), "{error}");
        }
    }

    #[test]
    fn a_password_in_an_endpoint_is_not_repeated() {
        let set = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://me:wJalr@h")];
        let error = resolve(&inputs(Order::V2, &set, &[])).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("wJalr"), "{error}");
    }

    #[test]
    fn a_switch_is_read_as_each_sdk_reads_it() {
        let variable = ("AWS_EC2_METADATA_DISABLED", "true");
        let v1 = inputs(Order::V1, &[variable], &[("com.amazonaws.sdk.disableEc2Metadata", "false")]);
        assert_eq!(disabled_by(&v1), Ok(Some("AWS_EC2_METADATA_DISABLED")));
        assert_eq!(disabled_by(&inputs(Order::V1, &[("AWS_EC2_METADATA_DISABLED", "1")], &[])), Ok(None));
        let v2 = inputs(Order::V2, &[variable], &[("aws.disableEc2Metadata", "false")]);
        assert_eq!(disabled_by(&v2), Ok(None));
        assert!(disabled_by(&inputs(Order::V2, &[("AWS_EC2_METADATA_DISABLED", "1")], &[])).is_err());
    }
}
