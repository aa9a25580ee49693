//! Pure: what a profile says about the instance metadata service. Variables and properties go before it, and an
//! endpoint before an endpoint mode (`Ec2MetadataConfigProvider` of SDK v2).

use std::time::Duration;

use super::profiles::Settings;
use crate::config::imds::{ImdsChoice, ImdsSettings};
use crate::config::{ConfigError, Inputs, names, quoted};

/// How IMDS is to be asked where this profile counts.
pub fn settings(inputs: &Inputs, profile: &Settings<'_>) -> Result<ImdsSettings, ConfigError> {
    let is_set = |name| inputs.setting(name).is_some();
    let said = |key: &'static str| profile.get(key).map(|value| (key, value));
    let endpoint = said("ec2_metadata_service_endpoint").filter(|_| !is_set(names::IMDS_ENDPOINT));
    let mode = said("ec2_metadata_service_endpoint_mode")
        .filter(|_| !is_set(names::IMDS_ENDPOINT) && !is_set(names::IMDS_ENDPOINT_MODE));
    let choice = ImdsChoice {
        endpoint: endpoint.map(|(_, value)| value.to_owned()),
        endpoint_mode: mode.map(|(_, value)| value.to_owned()),
        role_name: None,
    };
    let mut settings = ImdsSettings::resolve(inputs, &choice).map_err(|error| match error.setting.as_str() {
        "endpoint" => ConfigError::new(profile.place("ec2_metadata_service_endpoint"), error.problem),
        "endpointMode" => ConfigError::new(profile.place("ec2_metadata_service_endpoint_mode"), error.problem),
        _ => error,
    })?;
    if let Some((key, value)) = said("ec2_metadata_v1_disabled").filter(|_| !is_set(names::IMDS_V1_DISABLED)) {
        let on = value.eq_ignore_ascii_case("true");
        if !on && !value.eq_ignore_ascii_case("false") {
            return Err(refused(profile, key, value, "true or false"));
        }
        settings.v1_disabled_by = on.then_some(key);
    }
    if let Some((key, value)) = said("metadata_service_timeout").filter(|_| !is_set(names::IMDS_TIMEOUT)) {
        let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        settings.timeout = seconds
            .filter(|timeout| *timeout >= Duration::from_millis(1))
            .ok_or_else(|| refused(profile, key, value, "a number of seconds above 0 (as in 1 or 2.5)"))?;
    }
    if let Some((key, value)) = said("metadata_service_num_attempts").filter(|_| !is_set(names::IMDS_ATTEMPTS)) {
        settings.attempts = value
            .parse()
            .ok()
            .filter(|attempts| *attempts >= 1)
            .ok_or_else(|| refused(profile, key, value, "a whole number of 1 or more"))?;
    }
    Ok(settings)
}

fn refused(profile: &Settings<'_>, key: &str, value: &str, allowed: &str) -> ConfigError {
    ConfigError::new(profile.place(key), format!("{} was given; {allowed} is allowed", quoted(value)))
}
