//! What the user asked for: the bytes that the Java side hands over become a [`Config`]; `imds`, `container` and
//! `names` say what each variable and property means; `inputs` holds them as they were found.

pub mod container;
pub mod endpoint;
pub mod imds;
pub mod inputs;
pub mod names;
pub mod sts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use self::imds::ImdsChoice;
pub use self::inputs::{Inputs, Order, Settings};

/// A setting that cannot be meant. The text names the setting, what was given (never a secret) and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub setting: String,
    pub problem: String,
}

impl ConfigError {
    pub fn new(setting: impl Into<String>, problem: impl Into<String>) -> Self {
        ConfigError { setting: setting.into(), problem: problem.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// Where credentials are to come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum SourceChoice {
    /// The default chain of the SDK whose [`Order`] is asked for.
    Default {},
    /// The EC2 instance metadata service and nothing else. What is given here goes before variables and properties.
    InstanceProfile(ImdsChoice),
    EnvironmentVariables {},
    SystemProperties {},
    /// The endpoint that the container's variables name.
    Container {},
    /// A profile of the shared files; without a name, the one that property or variable names, or `default`.
    Profile {
        name: Option<String>,
    },
    /// A command that prints credentials, as `credential_process` does.
    Process {
        command: String,
    },
    /// A role that a token from a file is exchanged for. What is not given is taken from variables and properties.
    WebIdentity(WebIdentityChoice),
    /// A role that is assumed with the credentials of another source.
    AssumeRole(Box<RoleChoice>),
}

/// What the builder says of a role that is taken for a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebIdentityChoice {
    pub role_arn: Option<String>,
    pub role_session_name: Option<String>,
    pub token_file: Option<String>,
    pub duration_seconds: Option<u32>,
    pub policy: Option<String>,
    #[serde(default)]
    pub policy_arns: Vec<String>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
}

/// What the builder says of a role that is assumed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleChoice {
    pub role_arn: String,
    pub role_session_name: Option<String>,
    pub external_id: Option<String>,
    pub duration_seconds: Option<u32>,
    pub policy: Option<String>,
    #[serde(default)]
    pub policy_arns: Vec<String>,
    /// Pairs of key and value.
    #[serde(default)]
    pub tags: Vec<(String, String)>,
    #[serde(default)]
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    /// Whose credentials sign.
    pub source: SourceChoice,
}

/// What the user wants of the refresh rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub advisory_window: Option<Duration>,
    pub max_stale: Option<Duration>,
    /// The only role whose credentials are wanted.
    pub expect_role: Option<String>,
}

/// One configuration, parsed and checked as far as it does not depend on variables and properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// For logs and status.
    pub label: String,
    pub source: SourceChoice,
    /// Whether a source that is configured and broken lets the next one of the chain answer, as the SDKs do.
    pub fall_through: bool,
    pub policy: Policy,
    pub inputs: Arc<Inputs>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    version: u32,
    label: String,
    order: Order,
    source: SourceChoice,
    fall_through: bool,
    policy: WirePolicy,
    environment: Settings,
    properties: Settings,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WirePolicy {
    advisory_window_millis: Option<i64>,
    max_stale_millis: Option<i64>,
    expect_role: Option<String>,
}

/// The newest version of the format that is understood.
pub const VERSION: u32 = 1;
const LABEL_LIMIT: usize = 100;
/// No set of credentials that AWS hands out lives longer than 36 hours, so a wider window means nothing.
const ADVISORY_WINDOW_LIMIT: Duration = Duration::from_secs(36 * 3600);

impl Config {
    /// Reads the JSON that the Java side writes. Unknown fields are refused.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigError> {
        let wire: Wire =
            serde_json::from_slice(bytes).map_err(|error| ConfigError::new("configuration", words(&error)))?;
        if wire.version != VERSION {
            return Err(ConfigError::new("version", format!("{} was given; {VERSION} is understood", wire.version)));
        }
        if wire.label.chars().count() > LABEL_LIMIT || wire.label.chars().any(char::is_control) {
            let problem = format!("at most {LABEL_LIMIT} characters and no control characters are allowed");
            return Err(ConfigError::new("label", problem));
        }
        if let SourceChoice::InstanceProfile(ImdsChoice { role_name: Some(name), .. }) = &wire.source {
            role_name("roleName", name)?;
        }
        Ok(Config {
            label: wire.label,
            source: wire.source,
            fall_through: wire.fall_through,
            policy: policy(wire.policy)?,
            inputs: Arc::new(Inputs { order: wire.order, environment: wire.environment, properties: wire.properties }),
        })
    }
}

fn policy(wire: WirePolicy) -> Result<Policy, ConfigError> {
    let advisory_window = match wire.advisory_window_millis {
        None => None,
        Some(millis) => Some(
            u64::try_from(millis)
                .map(Duration::from_millis)
                .ok()
                .filter(|window| !window.is_zero() && *window <= ADVISORY_WINDOW_LIMIT)
                .ok_or_else(|| {
                    let problem = format!("{millis} ms was given; more than 0 and at most 36 hours is allowed");
                    ConfigError::new("advisoryWindow", problem)
                })?,
        ),
    };
    let max_stale = match wire.max_stale_millis {
        None => None,
        Some(millis) => Some(u64::try_from(millis).map(Duration::from_millis).map_err(|_| {
            ConfigError::new("maxStale", format!("{millis} ms was given; a duration of 0 or more is allowed"))
        })?),
    };
    if let Some(role) = &wire.expect_role {
        role_name("expectRole", role)?;
    }
    Ok(Policy { advisory_window, max_stale, expect_role: wire.expect_role })
}

/// The longest role name that IAM allows has 64 characters; a little more does no harm.
const ROLE_NAME_LIMIT: usize = 128;

/// Whether IAM could have given a role this name: letters, digits and `_+=,.@-`. All of them stand for themselves in
/// the path of a URL, and none leads out of it (`.` and `..` are refused).
pub fn is_role_name(name: &str) -> bool {
    (1..=ROLE_NAME_LIMIT).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
        && name != "."
        && name != ".."
}

fn role_name(setting: &str, name: &str) -> Result<(), ConfigError> {
    if is_role_name(name) {
        return Ok(());
    }
    let problem =
        format!("{} is not a role name; 1 to {ROLE_NAME_LIMIT} letters, digits and _+=,.@- are allowed", quoted(name));
    Err(ConfigError::new(setting, problem))
}

/// A value as an error may show it: control characters escaped, of bounded length, in quotes.
pub fn quoted(value: &str) -> String {
    format!("\"{}\"", escaped(value, 100))
}

fn escaped(value: &str, most: usize) -> String {
    let shown: String = value.chars().take(most).flat_map(char::escape_debug).collect();
    let more = if value.chars().nth(most).is_some() { "..." } else { "" };
    format!("{shown}{more}")
}

/// serde_json's text where it speaks of names; where it would quote a value, only the place.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if ["unknown field", "missing field", "unknown variant", "duplicate field"]
        .iter()
        .any(|kind| text.starts_with(kind))
    {
        // The name in it may be anything.
        escaped(&text, 300)
    } else {
        format!("not as expected at line {} column {}", error.line(), error.column())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn json(source: &str, environment: &str, properties: &str) -> String {
        format!(
            r#"{{"version":1,"label":"test","order":"v2","source":{source},"fallThrough":false,
            "policy":{{"advisoryWindowMillis":null,"maxStaleMillis":null,"expectRole":null}},
            "environment":{environment},"properties":{properties}}}"#
        )
    }

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::from_json(text.as_bytes())
    }

    #[test]
    fn the_contracts_example_is_understood() {
        let source =
            r#"{"type":"instanceProfile","endpoint":"http://127.0.0.1:1338","endpointMode":null,"roleName":"app"}"#;
        let config = parse(&json(source, r#"{"AWS_EC2_METADATA_DISABLED":"true"}"#, "{}")).unwrap();
        assert_eq!(
            config.source,
            SourceChoice::InstanceProfile(ImdsChoice {
                endpoint: Some("http://127.0.0.1:1338".into()),
                endpoint_mode: None,
                role_name: Some("app".into()),
            })
        );
        assert_eq!(config.inputs.setting(names::IMDS_DISABLED), Some(("AWS_EC2_METADATA_DISABLED", "true")));
    }

    #[test]
    fn the_name_of_an_unknown_field_is_shown_escaped_and_in_part() {
        let name = format!("a\\u0000\\n{}", "b".repeat(10_000));
        let error = parse(&json(&format!(r#"{{"type":"default","{name}":1}}"#), "{}", "{}")).unwrap_err().to_string();
        assert!(error.contains(r"unknown field `a\0\nbbb"), "{error}");
        assert!(error.len() < 400 && !error.chars().any(char::is_control), "{error}");
    }

    #[test]
    fn unknown_fields_are_refused_by_name() {
        for text in [
            json(r#"{"type":"default","extra":1}"#, "{}", "{}"),
            json(r#"{"type":"environmentVariables","extra":1}"#, "{}", "{}"),
            json(r#"{"type":"default"}"#, "{}", "{}").replace("\"label\"", "\"extra\":1,\"label\""),
            json(r#"{"type":"default"}"#, "{}", "{}").replace("\"expectRole\"", "\"extra\":1,\"expectRole\""),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains("unknown field `extra`"), "{error}");
        }
    }

    #[test]
    fn illegal_values_are_named_with_what_is_allowed() {
        let good = json(r#"{"type":"default"}"#, "{}", "{}");
        for (from, to, expected) in [
            ("\"version\":1", "\"version\":2", "version: 2 was given; 1 is understood"),
            ("\"label\":\"test\"", "\"label\":\"a\\u0007b\"", "label: at most 100"),
            ("\"order\":\"v2\"", "\"order\":\"v3\"", "unknown variant `v3`, expected `v1` or `v2`"),
            ("\"advisoryWindowMillis\":null", "\"advisoryWindowMillis\":0", "advisoryWindow: 0 ms was given"),
            ("\"advisoryWindowMillis\":null", "\"advisoryWindowMillis\":129600001", "at most 36 hours"),
            ("\"maxStaleMillis\":null", "\"maxStaleMillis\":-5", "maxStale: -5 ms was given"),
            ("\"expectRole\":null", "\"expectRole\":\"a b\"", "expectRole: \"a b\" is not a role name"),
            (
                "{\"type\":\"default\"}",
                "{\"type\":\"instanceProfile\",\"roleName\":\"a\\r\\nb\"}",
                "roleName: \"a\\r\\nb\" is not a role name",
            ),
        ] {
            assert!(good.contains(from), "{from}");
            let error = parse(&good.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn no_error_and_no_debug_shows_a_value_of_the_environment() {
        let wrong = json(r#"{"type":"default"}"#, r#""wJalrSecret""#, "{}");
        assert!(!format!("{0} {0:?}", parse(&wrong).unwrap_err()).contains("wJalr"));
        let right = json(r#"{"type":"default"}"#, r#"{"AWS_SECRET_ACCESS_KEY":"wJalrSecret"}"#, "{}");
        assert!(!format!("{:?}", parse(&right).unwrap()).contains("wJalr"));
    }

    #[test]
    fn a_property_goes_before_a_variable_and_each_sdk_has_its_own_names() {
        let text = json(
            r#"{"type":"default"}"#,
            r#"{"AWS_EC2_METADATA_DISABLED":" true ","AWS_EC2_METADATA_SERVICE_ENDPOINT":""}"#,
            r#"{"aws.disableEc2Metadata":"false","com.amazonaws.sdk.disableEc2Metadata":" "}"#,
        );
        let v2 = parse(&text).unwrap();
        assert_eq!(v2.inputs.setting(names::IMDS_DISABLED), Some(("aws.disableEc2Metadata", "false")));
        assert_eq!(v2.inputs.setting(names::IMDS_ENDPOINT), None);
        let v1 = parse(&text.replace("\"v2\"", "\"v1\"")).unwrap();
        assert_eq!(v1.inputs.setting(names::IMDS_DISABLED), Some(("AWS_EC2_METADATA_DISABLED", "true")));
    }

    #[test]
    fn a_role_name_is_what_iam_allows_and_cannot_leave_its_place_in_a_path() {
        for good in ["app", "a", "web+role=1,2.3@x-y_z", &"r".repeat(64)] {
            assert!(is_role_name(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "a?b", "a#b", "a%2fb", "a\nb", "é", "<html>", &"r".repeat(129)] {
            assert!(!is_role_name(bad), "{bad}");
        }
    }
}
