//! Pure: where the services of SSO and of `aws login` are.
//!
//! The host names follow the endpoint rule sets of `sso`, `sso-oidc` and `signin` (as botocore 1.44.8 carries them).

use super::profiles::Settings;
use crate::config::endpoint::{Endpoint, Partition, Variant, overridden};
use crate::config::names::{self, Name};
use crate::config::{ConfigError, Inputs};

/// A service whose host names are `host[-fips].region.suffix`.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    host: &'static str,
    url: Name,
    /// As `services` sections call it.
    section: &'static str,
}

/// `GetRoleCredentials`.
pub const PORTAL: Service = Service { host: "portal.sso", url: names::ENDPOINT_URL_SSO, section: "sso" };
/// `CreateToken`.
pub const OIDC: Service = Service { host: "oidc", url: names::ENDPOINT_URL_SSO_OIDC, section: "sso_oidc" };
/// The tokens of `aws login`.
const SIGN_IN: Service = Service { host: "signin", url: names::ENDPOINT_URL_SIGNIN, section: "signin" };

/// The endpoint of `service` in `region`.
pub fn regional(service: Service, region: &str, inputs: &Inputs, it: &Settings<'_>) -> Result<Endpoint, ConfigError> {
    resolved(service, region, inputs, it, |partition, variant| {
        // GovCloud's usual endpoints are FIPS ones.
        let named_so = partition.name != "aws-us-gov" || variant.dual_stack;
        partition.url(service.host, region, Variant { fips: variant.fips && named_so, ..variant })
    })
}

/// The endpoint of AWS Sign-In in `region`. People sign in there too, so its usual names are other than those of services.
pub fn sign_in(region: &str, inputs: &Inputs, it: &Settings<'_>) -> Result<Endpoint, ConfigError> {
    resolved(SIGN_IN, region, inputs, it, |partition, variant| {
        let fips = variant.fips && !variant.dual_stack;
        match partition.name {
            "aws-us-gov" if fips && region == partition.default_region => {
                "https://signin-fips.amazonaws-us-gov.com".to_owned()
            }
            "aws-us-gov" if fips => format!("https://{region}.signin-fips.amazonaws-us-gov.com"),
            _ if !variant.is_plain() => partition.url(SIGN_IN.host, region, variant),
            name => {
                let suffix = match name {
                    "aws-cn" => "amazonaws.cn",
                    "aws-us-gov" => "amazonaws-us-gov.com",
                    "aws-iso" => "c2shome.ic.gov",
                    "aws-iso-b" => "sc2shome.sgov.gov",
                    "aws-iso-e" => "csphome.adc-e.uk",
                    "aws-iso-f" => "csphome.hci.ic.gov",
                    "aws-eusc" => "amazonaws-eusc.eu",
                    _ => "aws.amazon.com",
                };
                format!("https://{region}.signin.{suffix}")
            }
        }
    })
}

fn resolved(
    service: Service,
    region: &str,
    inputs: &Inputs,
    it: &Settings<'_>,
    url: impl Fn(&Partition, Variant) -> String,
) -> Result<Endpoint, ConfigError> {
    let keys = |key: &str| it.lookup(key);
    let (set, variant) =
        (overridden(inputs, Some(&keys), service.url, service.section)?, Variant::resolve(inputs, Some(&keys))?);
    let overridden = set.is_some();
    let url = set.unwrap_or_else(|| url(Partition::of_region(region), variant));
    Ok(Endpoint { url, region: region.to_owned(), overridden })
}
