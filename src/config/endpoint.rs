//! Where a regional service of AWS answers: region, partition, FIPS and dual-stack, and the URL that somebody may have
//! set instead.
//!
//! Sources: `partitions.json` 1.1 of the AWS SDK for Java 2.57.8 for the table; its `AwsClientEndpointProvider` for the
//! order of the URLs; `DefaultAwsRegionProviderChain` of both SDKs for the order of the regions. SDK v1 knows neither
//! the URLs nor the switches; where they are set, they are meant for both.

use url::Url;

use super::names::{self, Name};
use super::{ConfigError, Inputs, Order, quoted};

/// One regional service and how to sign for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// `https://sts.eu-west-1.amazonaws.com`, without a slash at its end.
    pub url: String,
    /// For the signature.
    pub region: String,
    /// Somebody set it (`AWS_ENDPOINT_URL_STS`): it is not AWS itself, so its clock is no witness.
    pub overridden: bool,
}

/// Looks up a key of one profile. What stands in its `services` section is asked for as `services.sts.endpoint_url`.
pub type Keys<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// A part of AWS with names and keys of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// The second part of its ARNs.
    pub name: &'static str,
    /// How the names of its regions begin.
    regions: &'static str,
    suffix: &'static str,
    dual_stack_suffix: &'static str,
    /// The region that is meant where none is known.
    pub default_region: &'static str,
}

const PARTITIONS: [Partition; 8] = [
    partition("aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"),
    partition("aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"),
    partition("aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"),
    partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"),
    partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"),
    partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"),
    partition("aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1"),
    // Last: a region that no other partition claims is one of these, also one that is newer than this table.
    partition("aws", "", "amazonaws.com", "api.aws", "us-east-1"),
];

const fn partition(
    name: &'static str,
    regions: &'static str,
    suffix: &'static str,
    dual_stack_suffix: &'static str,
    default_region: &'static str,
) -> Partition {
    Partition { name, regions, suffix, dual_stack_suffix, default_region }
}

impl Partition {
    pub fn of_region(region: &str) -> &'static Partition {
        PARTITIONS.iter().find(|one| region.starts_with(one.regions)).unwrap_or(&PARTITIONS[PARTITIONS.len() - 1])
    }

    /// By the second part of an ARN; `None` for what is no ARN or of no known partition.
    pub fn of_arn(arn: &str) -> Option<&'static Partition> {
        let name = arn.strip_prefix("arn:")?.split(':').next()?;
        PARTITIONS.iter().find(|one| one.name == name)
    }

    /// `https://sts-fips.us-east-1.api.aws`.
    pub fn url(&self, service: &str, region: &str, variant: Variant) -> String {
        let fips = if variant.fips { "-fips" } else { "" };
        let suffix = if variant.dual_stack { self.dual_stack_suffix } else { self.suffix };
        format!("https://{service}{fips}.{region}.{suffix}")
    }
}

/// Which of the host names of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    pub fips: bool,
    pub dual_stack: bool,
}

impl Variant {
    pub fn resolve(inputs: &Inputs, profile: Option<Keys<'_>>) -> Result<Variant, ConfigError> {
        Ok(Variant {
            fips: is_on(inputs, names::USE_FIPS_ENDPOINT, profile, "use_fips_endpoint")?,
            dual_stack: is_on(inputs, names::USE_DUALSTACK_ENDPOINT, profile, "use_dualstack_endpoint")?,
        })
    }

    pub fn is_plain(self) -> bool {
        self == Variant::default()
    }
}

/// Property, variable, then the profile; `true` or `false` in any case, as SDK v2 reads them.
fn is_on(inputs: &Inputs, name: Name, profile: Option<Keys<'_>>, key: &'static str) -> Result<bool, ConfigError> {
    let found = inputs.setting(name).or_else(|| Some((key, profile?(key)?)));
    match found {
        None => Ok(false),
        Some((_, value)) if value.eq_ignore_ascii_case("true") => Ok(true),
        Some((_, value)) if value.eq_ignore_ascii_case("false") => Ok(false),
        Some((setting, value)) => Err(refused(setting, value, "true or false")),
    }
}

/// The region that is set. SDK v2 takes that of the profile that declares the source before all others, SDK v1 after
/// variable and property. `AWS_DEFAULT_REGION` is no name of the Java SDKs: it counts where theirs are silent.
///
/// (The SDKs would ask IMDS last. That costs seconds wherever there is none, for an endpoint that is not needed: the
/// credentials are the same from any.)
pub fn region(inputs: &Inputs, profile: Option<Keys<'_>>) -> Result<Option<String>, ConfigError> {
    let of_profile = || Some(("region", profile?("region")?));
    let property = || {
        let name = names::REGION.property(inputs.order)?;
        Some((name, inputs.properties.get(name)?))
    };
    let variable = || Some((names::REGION.variable, inputs.environment.get(names::REGION.variable)?));
    let found = match inputs.order {
        Order::V1 => variable().or_else(property).or_else(of_profile),
        Order::V2 => of_profile().or_else(property).or_else(variable),
    };
    match found.or_else(|| inputs.setting(names::DEFAULT_REGION)) {
        None => Ok(None),
        Some((_, value)) if is_label(value) => Ok(Some(value.to_ascii_lowercase())),
        Some((setting, value)) => Err(refused(setting, value, "the name of a region, as in eu-west-1,")),
    }
}

/// What may stand between two dots of a host name.
fn is_label(value: &str) -> bool {
    (1..=63).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !value.starts_with('-')
        && !value.ends_with('-')
}

/// The URL that is set for a service, without a slash at its end. `names` holds the service's own variable and property
/// (`AWS_ENDPOINT_URL_STS`), `section` its name in a profile's `services` section.
pub fn overridden(
    inputs: &Inputs,
    profile: Option<Keys<'_>>,
    name: Name,
    section: &str,
) -> Result<Option<String>, ConfigError> {
    const IGNORE: &str = "ignore_configured_endpoint_urls";
    if is_on(inputs, names::IGNORE_CONFIGURED_ENDPOINT_URLS, profile, IGNORE)? {
        return Ok(None);
    }
    let property = |name: Name| {
        let name = name.property(inputs.order)?;
        Some((name, inputs.properties.get(name)?))
    };
    let variable = |name: Name| Some((name.variable, inputs.environment.get(name.variable)?));
    let in_section = format!("services.{section}.endpoint_url");
    let found = property(name)
        .or_else(|| property(names::ENDPOINT_URL))
        .or_else(|| variable(name))
        .or_else(|| variable(names::ENDPOINT_URL));
    let found = match found {
        Some(found) => Some(found),
        None => profile.and_then(|keys| {
            let own = keys(&in_section).map(|value| (in_section.as_str(), value));
            own.or_else(|| Some(("endpoint_url", keys("endpoint_url")?)))
        }),
    };
    found.map(|(setting, value)| service_url(setting, value)).transpose()
}

/// An absolute URL as it may be set for a service, without a slash at its end.
pub fn service_url(setting: &str, value: &str) -> Result<String, ConfigError> {
    const ALLOWED: &str =
        "https://host or http://host, with a port and a path if need be (no user name, query or fragment),";
    let url = Url::parse(value).map_err(|_| refused(setting, value, ALLOWED))?;
    if !url.username().is_empty() || url.password().is_some() {
        // What stands there may be a password.
        return Err(ConfigError::new(setting, format!("a user name or password was given; {ALLOWED} is allowed")));
    }
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        return Err(refused(setting, value, ALLOWED));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

pub(super) fn refused(setting: &str, value: &str, allowed: &str) -> ConfigError {
    ConfigError::new(setting, format!("{} was given; {allowed} is allowed", quoted(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_its_own_names() {
        for (region, name, plain, dual_stack) in [
            ("eu-west-1", "aws", "https://x.eu-west-1.amazonaws.com", "https://x.eu-west-1.api.aws"),
            ("ap-newest-9", "aws", "https://x.ap-newest-9.amazonaws.com", "https://x.ap-newest-9.api.aws"),
            (
                "cn-north-1",
                "aws-cn",
                "https://x.cn-north-1.amazonaws.com.cn",
                "https://x.cn-north-1.api.amazonwebservices.com.cn",
            ),
            ("us-gov-east-1", "aws-us-gov", "https://x.us-gov-east-1.amazonaws.com", "https://x.us-gov-east-1.api.aws"),
            (
                "us-iso-west-1",
                "aws-iso",
                "https://x.us-iso-west-1.c2s.ic.gov",
                "https://x.us-iso-west-1.api.aws.ic.gov",
            ),
            (
                "us-isob-east-1",
                "aws-iso-b",
                "https://x.us-isob-east-1.sc2s.sgov.gov",
                "https://x.us-isob-east-1.api.aws.scloud",
            ),
            (
                "eu-isoe-west-1",
                "aws-iso-e",
                "https://x.eu-isoe-west-1.cloud.adc-e.uk",
                "https://x.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
            ),
            (
                "us-isof-south-1",
                "aws-iso-f",
                "https://x.us-isof-south-1.csp.hci.ic.gov",
                "https://x.us-isof-south-1.api.aws.hci.ic.gov",
            ),
            (
                "eusc-de-east-1",
                "aws-eusc",
                "https://x.eusc-de-east-1.amazonaws.eu",
                "https://x.eusc-de-east-1.api.amazonwebservices.eu",
            ),
        ] {
            let partition = Partition::of_region(region);
            assert_eq!(partition.name, name);
            assert_eq!(Partition::of_region(partition.default_region), partition);
            assert_eq!(Partition::of_arn(&format!("arn:{name}:iam::123456789012:role/a")), Some(partition));
            assert_eq!(partition.url("x", region, Variant::default()), plain);
            assert_eq!(partition.url("x", region, Variant { fips: false, dual_stack: true }), dual_stack);
        }
        let both = Variant { fips: true, dual_stack: true };
        assert_eq!(Partition::of_region("us-east-2").url("x", "us-east-2", both), "https://x-fips.us-east-2.api.aws");
        for other in ["", "aws", "arn", "arn:", "arn:nowhere:iam", "urn:aws:iam"] {
            assert_eq!(Partition::of_arn(other), None);
        }
    }
}
