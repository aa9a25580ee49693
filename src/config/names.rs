//! The environment variables and JVM properties that mean something here. The Java side takes a snapshot of these
//! (and of a few that it alone judges by); what is not listed means nothing here.
//!
//! Sources: `SdkSystemSetting` of the AWS SDK for Java 2.57.8, `SDKGlobalConfiguration` of 1.12.797, and the AWS SDKs
//! and Tools Reference Guide. SDK v1 has some names of its own; [`Name`] holds both.

use super::Order;

/// The names of one setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    pub variable: &'static str,
    /// The JVM property that counts where SDK v1's order is asked for.
    pub v1_property: Option<&'static str>,
    /// The JVM property that counts where SDK v2's order is asked for.
    pub v2_property: Option<&'static str>,
}

impl Name {
    const fn new(variable: &'static str, property: &'static str) -> Self {
        Name { variable, v1_property: Some(property), v2_property: Some(property) }
    }

    const fn v1(mut self, property: &'static str) -> Self {
        self.v1_property = Some(property);
        self
    }

    const fn v2_only(mut self) -> Self {
        self.v1_property = None;
        self
    }

    pub const fn property(self, order: Order) -> Option<&'static str> {
        match order {
            Order::V1 => self.v1_property,
            Order::V2 => self.v2_property,
        }
    }
}

pub const ACCESS_KEY_ID: Name = Name::new("AWS_ACCESS_KEY_ID", "aws.accessKeyId");
pub const SECRET_ACCESS_KEY: Name = Name::new("AWS_SECRET_ACCESS_KEY", "aws.secretAccessKey").v1("aws.secretKey");
pub const SESSION_TOKEN: Name = Name::new("AWS_SESSION_TOKEN", "aws.sessionToken");
pub const ACCOUNT_ID: Name = Name::new("AWS_ACCOUNT_ID", "aws.accountId");
/// Read by SDK v1 when [`ACCESS_KEY_ID`] is not set.
pub const V1_ACCESS_KEY_VARIABLE: &str = "AWS_ACCESS_KEY";
/// Read by SDK v1 in preference to [`SECRET_ACCESS_KEY`].
pub const V1_SECRET_KEY_VARIABLE: &str = "AWS_SECRET_KEY";

pub const IMDS_DISABLED: Name =
    Name::new("AWS_EC2_METADATA_DISABLED", "aws.disableEc2Metadata").v1("com.amazonaws.sdk.disableEc2Metadata");
pub const IMDS_V1_DISABLED: Name =
    Name::new("AWS_EC2_METADATA_V1_DISABLED", "aws.disableEc2MetadataV1").v1("com.amazonaws.sdk.disableEc2MetadataV1");
pub const IMDS_ENDPOINT: Name = Name::new("AWS_EC2_METADATA_SERVICE_ENDPOINT", "aws.ec2MetadataServiceEndpoint")
    .v1("com.amazonaws.sdk.ec2MetadataServiceEndpointOverride");
/// SDK v1 knows no IPv6 mode; where it is asked for, it is meant for both.
pub const IMDS_ENDPOINT_MODE: Name =
    Name::new("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "aws.ec2MetadataServiceEndpointMode");
/// SDK v1 reads the variable only; the property is honoured for both.
pub const IMDS_TIMEOUT: Name = Name::new("AWS_METADATA_SERVICE_TIMEOUT", "aws.ec2MetadataServiceTimeout");
/// Neither Java SDK reads it; the reference guide documents it for all.
pub const IMDS_ATTEMPTS: Name =
    Name { variable: "AWS_METADATA_SERVICE_NUM_ATTEMPTS", v1_property: None, v2_property: None };

pub const WEB_IDENTITY_TOKEN_FILE: Name =
    Name::new("AWS_WEB_IDENTITY_TOKEN_FILE", "aws.webIdentityTokenFile").v2_only();
pub const CONTAINER_RELATIVE_URI: Name =
    Name::new("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "aws.containerCredentialsPath").v2_only();
pub const CONTAINER_FULL_URI: Name =
    Name::new("AWS_CONTAINER_CREDENTIALS_FULL_URI", "aws.containerCredentialsFullUri").v2_only();
pub const PROFILE: Name = Name::new("AWS_PROFILE", "aws.profile");

pub const ROLE_ARN: Name = Name::new("AWS_ROLE_ARN", "aws.roleArn").v2_only();
pub const ROLE_SESSION_NAME: Name = Name::new("AWS_ROLE_SESSION_NAME", "aws.roleSessionName").v2_only();

pub const REGION: Name = Name::new("AWS_REGION", "aws.region");
/// Neither Java SDK reads it; other SDKs and the AWS CLI do.
pub const DEFAULT_REGION: Name = Name { variable: "AWS_DEFAULT_REGION", v1_property: None, v2_property: None };
/// SDK v1 reads none of the next five; the variables are honoured for both.
pub const ENDPOINT_URL: Name = Name::new("AWS_ENDPOINT_URL", "aws.endpointUrl").v2_only();
pub const ENDPOINT_URL_STS: Name = Name::new("AWS_ENDPOINT_URL_STS", "aws.endpointUrlSts").v2_only();
pub const IGNORE_CONFIGURED_ENDPOINT_URLS: Name =
    Name::new("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "aws.ignoreConfiguredEndpointUrls").v2_only();
pub const USE_FIPS_ENDPOINT: Name = Name::new("AWS_USE_FIPS_ENDPOINT", "aws.useFipsEndpoint").v2_only();
pub const USE_DUALSTACK_ENDPOINT: Name = Name::new("AWS_USE_DUALSTACK_ENDPOINT", "aws.useDualstackEndpoint").v2_only();
/// Read by SDK v1 alone.
pub const STS_REGIONAL_ENDPOINTS: Name =
    Name { variable: "AWS_STS_REGIONAL_ENDPOINTS", v1_property: None, v2_property: None };

/// Each names a source that stands before IMDS in both SDKs' orders, and says by being set that it is meant.
pub const DECLARED_SOURCES: [(Name, &str); 4] = [
    (WEB_IDENTITY_TOKEN_FILE, "web identity token file"),
    (PROFILE, "profile"),
    (CONTAINER_RELATIVE_URI, "container credentials endpoint"),
    (CONTAINER_FULL_URI, "container credentials endpoint"),
];

/// Every variable of this file.
pub const VARIABLES: [&str; 26] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCOUNT_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// Every JVM property of this file.
pub const PROPERTIES: [&str; 25] = [
    "aws.accessKeyId",
    "aws.accountId",
    "aws.containerCredentialsFullUri",
    "aws.containerCredentialsPath",
    "aws.disableEc2Metadata",
    "aws.disableEc2MetadataV1",
    "aws.ec2MetadataServiceEndpoint",
    "aws.ec2MetadataServiceEndpointMode",
    "aws.ec2MetadataServiceTimeout",
    "aws.endpointUrl",
    "aws.endpointUrlSts",
    "aws.ignoreConfiguredEndpointUrls",
    "aws.profile",
    "aws.region",
    "aws.roleArn",
    "aws.roleSessionName",
    "aws.secretAccessKey",
    "aws.secretKey",
    "aws.sessionToken",
    "aws.useDualstackEndpoint",
    "aws.useFipsEndpoint",
    "aws.webIdentityTokenFile",
    "com.amazonaws.sdk.disableEc2Metadata",
    "com.amazonaws.sdk.disableEc2MetadataV1",
    "com.amazonaws.sdk.ec2MetadataServiceEndpointOverride",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_hold_every_name_once_and_in_order() {
        let all = [
            ACCESS_KEY_ID,
            SECRET_ACCESS_KEY,
            SESSION_TOKEN,
            ACCOUNT_ID,
            IMDS_DISABLED,
            IMDS_V1_DISABLED,
            IMDS_ENDPOINT,
            IMDS_ENDPOINT_MODE,
            IMDS_TIMEOUT,
            IMDS_ATTEMPTS,
            WEB_IDENTITY_TOKEN_FILE,
            CONTAINER_RELATIVE_URI,
            CONTAINER_FULL_URI,
            PROFILE,
            ROLE_ARN,
            ROLE_SESSION_NAME,
            REGION,
            DEFAULT_REGION,
            ENDPOINT_URL,
            ENDPOINT_URL_STS,
            IGNORE_CONFIGURED_ENDPOINT_URLS,
            USE_FIPS_ENDPOINT,
            USE_DUALSTACK_ENDPOINT,
            STS_REGIONAL_ENDPOINTS,
        ];
        let mut variables: Vec<_> = all.iter().map(|name| name.variable).collect();
        variables.extend([V1_ACCESS_KEY_VARIABLE, V1_SECRET_KEY_VARIABLE]);
        variables.sort_unstable();
        assert_eq!(variables, VARIABLES);
        let mut properties: Vec<_> =
            all.iter().flat_map(|name| [name.v1_property, name.v2_property]).flatten().collect();
        properties.sort_unstable();
        properties.dedup();
        assert_eq!(properties, PROPERTIES);
    }

    #[test]
    fn the_java_side_hands_over_every_name() {
        let path = "/java/src/main/java/io/github/evercreds/internal/SystemInputs.java";
        let snapshot = std::fs::read_to_string(format!("{}{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for name in VARIABLES.iter().chain(&PROPERTIES) {
            assert!(snapshot.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
