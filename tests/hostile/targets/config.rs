//! The configuration, as the Java side hands it over.

use std::sync::Arc;

use evercreds::config::imds::{ImdsChoice, ImdsSettings, disabled_by};
use evercreds::config::{Config, ConfigError, is_role_name};
use evercreds::http::{Exchange, Request, Transport};
use evercreds::sources::chain;

use super::memory::{Memory, fetch, in_paused_time, over};

pub fn run(data: &[u8]) {
    let config = match Config::from_json(data) {
        Ok(config) => config,
        Err(error) => return is_short(&error),
    };
    assert_eq!(Config::from_json(data).as_ref(), Ok(&config));
    assert!(config.label.chars().count() <= 100 && !config.label.chars().any(char::is_control));
    assert!(config.policy.expect_role.as_deref().is_none_or(is_role_name));
    match ImdsSettings::resolve(&config.inputs, &ImdsChoice::default()) {
        Ok(settings) => is_sound(&settings),
        Err(error) => is_short(&error),
    }
    if let Err(error) = disabled_by(&config.inputs) {
        is_short(&error);
    }
    match chain::source(&config, &over(Arc::new(OnlyHttp(Memory::new([]))))) {
        Ok(source) => {
            assert!(!source.describe().is_empty());
            if let Err(error) = in_paused_time(fetch(&*source)) {
                assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
            }
        }
        Err(error) => is_short(&error),
    }
}

fn is_short(error: &ConfigError) {
    let shown = error.to_string();
    assert!(shown.len() < 4096 && !shown.chars().any(char::is_control), "{shown:?}");
}

fn is_sound(settings: &ImdsSettings) {
    let rest = settings.endpoint.strip_prefix("http://").expect("plain HTTP");
    let host = rest.split('/').next().unwrap_or_default();
    assert!(!host.is_empty() && !host.contains('@'), "{rest:?}");
    assert!(!rest.contains(['?', '#', ' ']) && !rest.chars().any(char::is_control), "{rest:?}");
    assert!(!settings.timeout.is_zero() && settings.attempts > 0);
    assert!(settings.role_name.as_deref().is_none_or(is_role_name));
}

/// Sees to it that whatever is configured, nothing but the endpoint's own paths is asked.
struct OnlyHttp(Arc<Memory>);

impl Transport for OnlyHttp {
    fn send(&self, request: Request) -> Exchange<'_> {
        assert!(request.url.starts_with("http://") && request.url.contains("/latest/"), "{}", request.url);
        self.0.send(request)
    }
}
