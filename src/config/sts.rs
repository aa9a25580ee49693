//! Which STS is asked, and under which session name.
//!
//! Sources: the endpoint rules of STS in the AWS SDK for Java 2.57.8; `AWSSecurityTokenServiceClient` and
//! `RegionalEndpointsOptionResolver` of 1.12.797. Two departures from SDK v1, which asks the global endpoint for every role
//! in a profile, whatever the region, and knows no endpoint for a web identity without a region: here both follow v1's
//! rule for regions (the older ones are global, the newer ones regional), and without a region it is the global endpoint.

use std::sync::OnceLock;

use super::endpoint::{self, Endpoint, Keys, Partition, Variant, refused};
use super::{ConfigError, Inputs, Order, names};

const GLOBAL_URL: &str = "https://sts.amazonaws.com";
const GLOBAL_REGION: &str = "us-east-1";
/// The name under which the global endpoint is asked for like a region.
const GLOBAL_PSEUDO_REGION: &str = "aws-global";

/// The regions whose requests SDK v1 sends to the global endpoint, unless told otherwise. All others are newer.
const LEGACY_REGIONS: [&str; 15] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The STS to ask for the role `role_arn`. `profile`: the profile that declares the role, if one does.
///
/// A URL that is set goes before all. Without a region it is the global endpoint, as with SDK v2, or, for a role of
/// another partition (which the global endpoint knows nothing of), the main region of that partition.
pub fn endpoint(inputs: &Inputs, profile: Option<Keys<'_>>, role_arn: &str) -> Result<Endpoint, ConfigError> {
    let region = endpoint::region(inputs, profile)?;
    let variant = Variant::resolve(inputs, profile)?;
    if let Some(url) = endpoint::overridden(inputs, profile, names::ENDPOINT_URL_STS, "sts")? {
        // As SDK v2 refuses it: what is asked for with the switch cannot be had from that URL.
        if !variant.is_plain() {
            let (setting, what) = if variant.fips {
                (names::USE_FIPS_ENDPOINT.variable, "FIPS endpoint")
            } else {
                (names::USE_DUALSTACK_ENDPOINT.variable, "dual-stack endpoint")
            };
            let problem = format!("a {what} and the endpoint {url} cannot both be meant; one of the two is allowed");
            return Err(ConfigError::new(setting, problem));
        }
        let region = region.filter(|region| region != GLOBAL_PSEUDO_REGION);
        return Ok(Endpoint { url, region: region.unwrap_or_else(|| GLOBAL_REGION.into()), overridden: true });
    }
    let legacy = legacy_is_meant(inputs, profile)?;
    let global = Endpoint { url: GLOBAL_URL.into(), region: GLOBAL_REGION.into(), overridden: false };
    let region = match region {
        Some(region) if region != GLOBAL_PSEUDO_REGION => {
            if legacy && variant.is_plain() && LEGACY_REGIONS.contains(&region.as_str()) {
                return Ok(global);
            }
            region
        }
        none_or_global => {
            let main = Partition::of_arn(role_arn).filter(|_| none_or_global.is_none());
            let main = main.map_or(GLOBAL_REGION, |partition| partition.default_region);
            if main == GLOBAL_REGION && variant.is_plain() {
                return Ok(global);
            }
            main.to_owned()
        }
    };
    let partition = Partition::of_region(&region);
    // In GovCloud every STS endpoint is a FIPS endpoint, and none is called so.
    let named_so = partition.name != "aws-us-gov" || variant.dual_stack;
    let variant = Variant { fips: variant.fips && named_so, ..variant };
    Ok(Endpoint { url: partition.url("sts", &region, variant), region, overridden: false })
}

/// `AWS_STS_REGIONAL_ENDPOINTS`, then the profile's key; SDK v1's default is `legacy`. SDK v2 knows no such thing.
fn legacy_is_meant(inputs: &Inputs, profile: Option<Keys<'_>>) -> Result<bool, ConfigError> {
    const KEY: &str = "sts_regional_endpoints";
    if inputs.order == Order::V2 {
        return Ok(false);
    }
    match inputs.setting(names::STS_REGIONAL_ENDPOINTS).or_else(|| Some((KEY, profile?(KEY)?))) {
        None => Ok(true),
        Some((_, value)) if value.eq_ignore_ascii_case("legacy") => Ok(true),
        Some((_, value)) if value.eq_ignore_ascii_case("regional") => Ok(false),
        Some((setting, value)) => Err(refused(setting, value, "legacy or regional")),
    }
}

/// The name of the session: `given` (the setting it was given in, and the value: a profile's `role_session_name`, the
/// builder), then the property, the variable, or one that is made up once for this process.
pub fn session_name(inputs: &Inputs, given: Option<(&str, &str)>) -> Result<String, ConfigError> {
    const ALLOWED: &str = "a name of 2 to 64 letters, digits and _+=,.@-";
    match given.or_else(|| inputs.setting(names::ROLE_SESSION_NAME)) {
        None => Ok(made_up_name().to_owned()),
        Some((_, name)) if is_session_name(name) => Ok(name.to_owned()),
        Some((setting, name)) => Err(refused(setting, name, ALLOWED)),
    }
}

/// As IAM has it.
fn is_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

/// The same for the whole process: a name that changed at each refresh would be another session in every log of AWS, and
/// another source here.
fn made_up_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| format!("evercreds-{:016x}", fastrand::u64(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:role/app";

    fn inputs(order: Order, environment: &[(&str, &str)], properties: &[(&str, &str)]) -> Inputs {
        let [environment, properties] = [environment, properties].map(|set| set.iter().copied().collect());
        Inputs { order, environment, properties }
    }

    fn resolve(
        order: Order,
        environment: &[(&str, &str)],
        properties: &[(&str, &str)],
        profile: &[(&str, &'static str)],
    ) -> Result<Endpoint, ConfigError> {
        let keys = |key: &str| profile.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        endpoint(&inputs(order, environment, properties), (!profile.is_empty()).then_some(&keys), ARN)
    }

    /// URL and region.
    fn plain(outcome: Result<Endpoint, ConfigError>) -> (String, String) {
        let endpoint = outcome.unwrap();
        (endpoint.url, endpoint.region)
    }

    fn pair(url: &str, region: &str) -> (String, String) {
        (url.into(), region.into())
    }

    const GLOBAL: (&str, &str) = (GLOBAL_URL, GLOBAL_REGION);

    #[test]
    fn the_region_is_found_in_the_order_of_each_sdk() {
        let variable = ("AWS_REGION", "af-south-1");
        let property = ("aws.region", "ap-east-1");
        let key = ("region", "me-south-1");
        let region = |order, environment: &[_], properties: &[_], profile: &[_]| {
            plain(resolve(order, environment, properties, profile)).1
        };
        assert_eq!(region(Order::V1, &[variable], &[property], &[key]), "af-south-1");
        assert_eq!(region(Order::V1, &[], &[property], &[key]), "ap-east-1");
        assert_eq!(region(Order::V1, &[], &[], &[key]), "me-south-1");
        assert_eq!(region(Order::V2, &[variable], &[property], &[key]), "me-south-1");
        assert_eq!(region(Order::V2, &[variable], &[property], &[]), "ap-east-1");
        assert_eq!(region(Order::V2, &[variable], &[], &[]), "af-south-1");
        for order in [Order::V1, Order::V2] {
            let fallback = ("AWS_DEFAULT_REGION", "il-central-1");
            assert_eq!(region(order, &[fallback], &[], &[]), "il-central-1");
            assert_eq!(region(order, &[fallback], &[], &[key]), "me-south-1");
        }
    }

    #[test]
    fn v2_is_regional_and_v1_global_where_it_was_before_there_were_regional_endpoints() {
        let set = [("AWS_REGION", "eu-west-1")];
        let regional = pair("https://sts.eu-west-1.amazonaws.com", "eu-west-1");
        let global = pair(GLOBAL.0, GLOBAL.1);
        assert_eq!(plain(resolve(Order::V2, &set, &[], &[])), regional);
        assert_eq!(plain(resolve(Order::V1, &set, &[], &[])), global);
        let told = |how| [set[0], ("AWS_STS_REGIONAL_ENDPOINTS", how)];
        assert_eq!(plain(resolve(Order::V1, &told("Regional"), &[], &[])), regional);
        assert_eq!(plain(resolve(Order::V1, &told("legacy"), &[], &[])), global);
        assert_eq!(plain(resolve(Order::V2, &told("legacy"), &[], &[])), regional);
        let key = [("sts_regional_endpoints", "regional")];
        assert_eq!(plain(resolve(Order::V1, &set, &[], &key)), regional);
        assert_eq!(plain(resolve(Order::V1, &told("legacy"), &[], &key)), global);
        let newer = [("AWS_REGION", "ap-east-1")];
        assert_eq!(
            plain(resolve(Order::V1, &newer, &[], &[])),
            pair("https://sts.ap-east-1.amazonaws.com", "ap-east-1")
        );
        assert!(resolve(Order::V1, &told("both"), &[], &[]).unwrap_err().to_string().contains("legacy or regional"));
    }

    #[test]
    fn without_a_region_it_is_the_global_endpoint_or_that_of_the_roles_partition() {
        for order in [Order::V1, Order::V2] {
            assert_eq!(plain(resolve(order, &[], &[], &[])), pair(GLOBAL.0, GLOBAL.1));
            let set = [("AWS_REGION", "aws-global")];
            assert_eq!(plain(resolve(order, &set, &[], &[])), pair(GLOBAL.0, GLOBAL.1));
            let none = inputs(order, &[], &[]);
            let china = plain(endpoint(&none, None, "arn:aws-cn:iam::123456789012:role/app"));
            assert_eq!(china, pair("https://sts.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"));
        }
    }

    #[test]
    fn fips_and_dual_stack_are_honoured_from_property_variable_and_profile() {
        let region = ("AWS_REGION", "us-west-2");
        for (environment, properties, profile, expected) in [
            (
                vec![region, ("AWS_USE_FIPS_ENDPOINT", "true")],
                vec![],
                vec![],
                "https://sts-fips.us-west-2.amazonaws.com",
            ),
            (vec![region, ("AWS_USE_DUALSTACK_ENDPOINT", "TRUE")], vec![], vec![], "https://sts.us-west-2.api.aws"),
            (vec![region], vec![("aws.useFipsEndpoint", "true")], vec![], "https://sts-fips.us-west-2.amazonaws.com"),
            (
                vec![region],
                vec![("aws.useDualstackEndpoint", "true")],
                vec![("use_fips_endpoint", "true")],
                "https://sts-fips.us-west-2.api.aws",
            ),
            (
                vec![region, ("AWS_USE_FIPS_ENDPOINT", "false")],
                vec![],
                vec![("use_fips_endpoint", "true"), ("use_dualstack_endpoint", "true")],
                "https://sts.us-west-2.api.aws",
            ),
            (
                vec![("AWS_REGION", "us-gov-west-1"), ("AWS_USE_FIPS_ENDPOINT", "true")],
                vec![],
                vec![],
                "https://sts.us-gov-west-1.amazonaws.com",
            ),
            (vec![("AWS_USE_FIPS_ENDPOINT", "true")], vec![], vec![], "https://sts-fips.us-east-1.amazonaws.com"),
        ] {
            assert_eq!(plain(resolve(Order::V2, &environment, &properties, &profile)).0, expected);
        }
        let error = resolve(Order::V2, &[region, ("AWS_USE_FIPS_ENDPOINT", "yes")], &[], &[]).unwrap_err();
        assert_eq!(error.to_string(), "AWS_USE_FIPS_ENDPOINT: \"yes\" was given; true or false is allowed");
    }

    #[test]
    fn an_endpoint_that_is_set_goes_before_all_in_the_order_of_the_sdk() {
        let own_property = ("aws.endpointUrlSts", "http://own.property:1/");
        let property = ("aws.endpointUrl", "http://property:2");
        let own_variable = ("AWS_ENDPOINT_URL_STS", "http://own.variable:3/sts/");
        let variable = ("AWS_ENDPOINT_URL", "http://variable:4");
        let own_key = ("services.sts.endpoint_url", "http://own.key:5");
        let key = ("endpoint_url", "https://key:443");
        let all = ([own_variable, variable], [own_property, property], [own_key, key]);
        let found = |variables: usize, properties: usize, keys: usize| {
            let endpoint =
                resolve(Order::V2, &all.0[2 - variables..], &all.1[2 - properties..], &all.2[2 - keys..]).unwrap();
            assert!(endpoint.overridden);
            assert_eq!(endpoint.region, "us-east-1");
            endpoint.url
        };
        assert_eq!(found(2, 2, 2), "http://own.property:1");
        assert_eq!(found(2, 1, 2), "http://property:2");
        assert_eq!(found(2, 0, 2), "http://own.variable:3/sts");
        assert_eq!(found(1, 0, 2), "http://variable:4");
        assert_eq!(found(0, 0, 2), "http://own.key:5");
        assert_eq!(found(0, 0, 1), "https://key");
        let region = ("AWS_REGION", "eu-west-1");
        assert_eq!(resolve(Order::V2, &[region, variable], &[], &[]).unwrap().region, "eu-west-1");
        // The property is SDK v2's.
        assert_eq!(resolve(Order::V1, &[variable], &[own_property], &[]).unwrap().url, "http://variable:4");
    }

    #[test]
    fn configured_endpoints_can_be_ignored() {
        let url = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        for (environment, properties, profile) in [
            (vec![url, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], vec![], vec![]),
            (vec![url], vec![("aws.ignoreConfiguredEndpointUrls", "true")], vec![]),
            (vec![url], vec![], vec![("ignore_configured_endpoint_urls", "true")]),
        ] {
            let endpoint = resolve(Order::V2, &environment, &properties, &profile).unwrap();
            assert_eq!((endpoint.url.as_str(), endpoint.overridden), (GLOBAL_URL, false));
        }
    }

    #[test]
    fn what_cannot_be_an_endpoint_or_a_region_is_refused_by_name() {
        for (name, value, allowed) in [
            ("AWS_ENDPOINT_URL_STS", "localhost:4566", "https://host"),
            ("AWS_ENDPOINT_URL_STS", "sts", "https://host"),
            ("AWS_ENDPOINT_URL", "ftp://host", "https://host"),
            ("AWS_ENDPOINT_URL", "https://host/?a=b", "https://host"),
            ("AWS_REGION", "eu-west-1.evil.example/", "the name of a region"),
            ("AWS_REGION", "eu_west_1", "the name of a region"),
            ("AWS_REGION", "-", "the name of a region"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "1", "true or false"),
        ] {
            let error = resolve(Order::V2, &[(name, value)], &[], &[]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: \"{value}\"")) && error.contains(allowed), "{error}");
        }
        let secret = resolve(Order::V2, &[("AWS_ENDPOINT_URL", "https://me:wJalr@h")], &[], &[]).unwrap_err();
        assert!(!secret.to_string().contains("wJalr"));
        let both = [("AWS_ENDPOINT_URL", "https://h"), ("AWS_USE_FIPS_ENDPOINT", "true")];
        let error = resolve(Order::V2, &both, &[], &[]).unwrap_err().to_string();
        assert!(error.starts_with("AWS_USE_FIPS_ENDPOINT: ") && error.contains("https://h"), "{error}");
    }

    #[test]
    fn a_session_name_is_what_is_given_or_the_same_for_the_whole_process() {
        let none = inputs(Order::V2, &[], &[]);
        let made_up = session_name(&none, None).unwrap();
        assert!(is_session_name(&made_up) && made_up.starts_with("evercreds-"), "{made_up}");
        assert_eq!(session_name(&none, None).unwrap(), made_up);
        let set = [("AWS_ROLE_SESSION_NAME", "variable")];
        let property = [("aws.roleSessionName", "property")];
        let both = inputs(Order::V2, &set, &property);
        assert_eq!(session_name(&both, Some(("role_session_name", "a.b"))).unwrap(), "a.b");
        assert_eq!(session_name(&both, None).unwrap(), "property");
        assert_eq!(session_name(&inputs(Order::V1, &set, &property), None).unwrap(), "variable");
        for bad in ["a", "a b", "é!", &"x".repeat(65)] {
            let error = session_name(&none, Some(("role_session_name", bad))).unwrap_err().to_string();
            assert!(error.starts_with("role_session_name: ") && error.contains("2 to 64"), "{error}");
        }
    }
}
