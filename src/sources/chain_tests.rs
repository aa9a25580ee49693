//! The default chains, without a network.

use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::config::{Config, Inputs, SourceChoice};
use crate::error::FetchErrorKind;
use crate::http::{Exchange, Request, Transport, TransportError};
use crate::sources::build::source;
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
         web identity: not declared; profile \"default\": is not in any file (the user's home is not known); \
         container credentials: not declared; PUT http://169.254.169.254/latest/api/token: cannot connect: connection \
         refused"
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
fn a_declared_source_ends_in_the_instances_role_only_where_falling_through_is_asked_for() {
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
        let (outcome, asked) = fetch(&config);
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, asked), (FetchErrorKind::NonRecoverable, 0), "{name}: {error}");
        assert!(error.fix.is_some(), "{error}");
        config.fall_through = true;
        let (outcome, asked) = fetch(&config);
        assert!(outcome.unwrap_err().message.contains("no source of the default chain has credentials"));
        assert_eq!(asked, 1, "{name}");
    }
    let v1 = config(Order::V1, &[], &[("aws.webIdentityTokenFile", "x")]);
    assert_eq!(fetch(&v1).1, 1, "SDK v1 does not know this property and goes on to IMDS");
}

/// A home with a credentials file, and a chain that looks there.
struct Home {
    folder: tempfile::TempDir,
    chain: Arc<dyn Source>,
    imds: Arc<Nowhere>,
}

impl Home {
    fn new() -> Home {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".aws")).unwrap();
        let imds = Arc::new(Nowhere::default());
        let config = config(Order::V2, &[("HOME", folder.path().to_str().unwrap())], &[]);
        let chain = source(&config, &over(imds.clone())).unwrap();
        Home { folder, chain, imds }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join(".aws/credentials")
    }

    fn write(&self, key: &str) {
        let text = format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = wJalr\n");
        std::fs::write(self.file(), text).unwrap();
    }

    async fn fetch(&self) -> Result<String, FetchError> {
        self.chain.fetch().await.map(|answer| answer.credentials.access_key_id.to_string())
    }

    fn imds_asked(&self) -> usize {
        self.imds.0.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn the_chain_stays_with_a_profile_that_has_answered_even_when_its_file_is_gone() {
    let home = Home::new();
    home.write("AKIAFILE");
    assert_eq!(home.fetch().await.as_deref(), Ok("AKIAFILE"));
    std::fs::remove_file(home.file()).unwrap();
    let error = home.fetch().await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Transient);
    assert!(error.message.contains("the source that has served until now is gone"), "{error}");
    home.write("AKIANEXT");
    assert_eq!(home.fetch().await.as_deref(), Ok("AKIANEXT"));
    assert_eq!(home.imds_asked(), 0);
}

#[tokio::test]
async fn a_profile_that_is_written_before_anybody_has_answered_is_noticed_and_taken() {
    let home = Home::new();
    assert!(home.fetch().await.is_err());
    assert_eq!(home.imds_asked(), 1);
    let [(file, stamp), _] = home.chain.watched().try_into().unwrap();
    assert_eq!((file.as_path(), stamp), (home.file().as_path(), Stamp::ABSENT));
    home.write("AKIAFILE");
    assert_ne!(Stamp::of(&file), stamp);
    assert_eq!(home.fetch().await.as_deref(), Ok("AKIAFILE"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_default_profile_that_this_process_may_not_read_is_passed_by_as_both_sdks_do() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.write("AKIAFILE");
    std::fs::set_permissions(home.file(), std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(home.file()).is_ok() {
        return; // Nothing is forbidden to root.
    }
    let error = home.fetch().await.unwrap_err();
    assert!(error.message.contains("permission denied"), "{error}");
    assert_eq!(home.imds_asked(), 1);
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
