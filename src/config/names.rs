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
/// What [`CONTAINER_RELATIVE_URI`] is relative to; SDK v1 knows the agent of ECS alone.
pub const CONTAINER_SERVICE_ENDPOINT: Name =
    Name::new("AWS_CONTAINER_SERVICE_ENDPOINT", "aws.containerServiceEndpoint").v2_only();
pub const CONTAINER_TOKEN: Name =
    Name::new("AWS_CONTAINER_AUTHORIZATION_TOKEN", "aws.containerAuthorizationToken").v2_only();
pub const CONTAINER_TOKEN_FILE: Name =
    Name::new("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "aws.containerAuthorizationTokenFile").v2_only();
/// Where the AWS CLI keeps the sessions of `aws login`, if not in `~/.aws/login/cache`.
pub const LOGIN_CACHE_DIRECTORY: Name = Name::new("AWS_LOGIN_CACHE_DIRECTORY", "aws.loginCacheDirectory").v2_only();
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

/// Set for each `credential_process` that is started; see [`super::Inputs::process_depth`].
pub const PROCESS_DEPTH: &str = "EVERCREDS_PROCESS_DEPTH";

/// A file of certificates, in PEM; whoever is not vouched for by one of them is not trusted.
pub const CA_BUNDLE: &str = "AWS_CA_BUNDLE";
/// Written in capitals or not; the first that is set counts.
pub const HTTP_PROXY: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
pub const HTTPS_PROXY: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
pub const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// The JVM's own, for which there are no variables ("Networking Properties" of java.net).
pub const JAVA_PROXY_PROPERTIES: [&str; 9] = [
    "http.nonProxyHosts",
    "http.proxyHost",
    "http.proxyPassword",
    "http.proxyPort",
    "http.proxyUser",
    "https.proxyHost",
    "https.proxyPassword",
    "https.proxyPort",
    "https.proxyUser",
];

/// The files that profiles stand in. SDK v1 knows the variable of the config file and, for the other one, another.
pub const CONFIG_FILE: Name = Name::new("AWS_CONFIG_FILE", "aws.configFile").v2_only();
pub const SHARED_CREDENTIALS_FILE: Name =
    Name::new("AWS_SHARED_CREDENTIALS_FILE", "aws.sharedCredentialsFile").v2_only();
/// SDK v1's name for [`SHARED_CREDENTIALS_FILE`].
pub const V1_CREDENTIALS_FILE_VARIABLE: &str = "AWS_CREDENTIAL_PROFILES_FILE";
/// Where the user's home is, in SDK v2's order; the last three on Windows alone.
pub const HOME_VARIABLE: &str = "HOME";
pub const USERPROFILE_VARIABLE: &str = "USERPROFILE";
pub const HOMEDRIVE_VARIABLE: &str = "HOMEDRIVE";
pub const HOMEPATH_VARIABLE: &str = "HOMEPATH";
/// Where SDK v1 looks for the home, and SDK v2 last.
pub const USER_HOME_PROPERTY: &str = "user.home";

pub const ENDPOINT_URL_SSO: Name = Name::new("AWS_ENDPOINT_URL_SSO", "aws.endpointUrlSso").v2_only();
pub const ENDPOINT_URL_SSO_OIDC: Name = Name::new("AWS_ENDPOINT_URL_SSO_OIDC", "aws.endpointUrlSsoOidc").v2_only();
pub const ENDPOINT_URL_SIGNIN: Name = Name::new("AWS_ENDPOINT_URL_SIGNIN", "aws.endpointUrlSignin").v2_only();

/// Every variable of this file.
pub const VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCOUNT_ID",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_SERVICE_ENDPOINT",
    "AWS_CREDENTIAL_PROFILES_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SIGNIN",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_LOGIN_CACHE_DIRECTORY",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "EVERCREDS_PROCESS_DEPTH",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "USERPROFILE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Every JVM property of this file.
pub const PROPERTIES: &[&str] = &[
    "aws.accessKeyId",
    "aws.accountId",
    "aws.configFile",
    "aws.containerAuthorizationToken",
    "aws.containerAuthorizationTokenFile",
    "aws.containerCredentialsFullUri",
    "aws.containerCredentialsPath",
    "aws.containerServiceEndpoint",
    "aws.disableEc2Metadata",
    "aws.disableEc2MetadataV1",
    "aws.ec2MetadataServiceEndpoint",
    "aws.ec2MetadataServiceEndpointMode",
    "aws.ec2MetadataServiceTimeout",
    "aws.endpointUrl",
    "aws.endpointUrlSignin",
    "aws.endpointUrlSso",
    "aws.endpointUrlSsoOidc",
    "aws.endpointUrlSts",
    "aws.ignoreConfiguredEndpointUrls",
    "aws.loginCacheDirectory",
    "aws.profile",
    "aws.region",
    "aws.roleArn",
    "aws.roleSessionName",
    "aws.secretAccessKey",
    "aws.secretKey",
    "aws.sessionToken",
    "aws.sharedCredentialsFile",
    "aws.useDualstackEndpoint",
    "aws.useFipsEndpoint",
    "aws.webIdentityTokenFile",
    "com.amazonaws.sdk.disableEc2Metadata",
    "com.amazonaws.sdk.disableEc2MetadataV1",
    "com.amazonaws.sdk.ec2MetadataServiceEndpointOverride",
    "http.nonProxyHosts",
    "http.proxyHost",
    "http.proxyPassword",
    "http.proxyPort",
    "http.proxyUser",
    "https.proxyHost",
    "https.proxyPassword",
    "https.proxyPort",
    "https.proxyUser",
    "user.home",
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
            CONTAINER_SERVICE_ENDPOINT,
            CONTAINER_TOKEN,
            CONTAINER_TOKEN_FILE,
            LOGIN_CACHE_DIRECTORY,
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
            CONFIG_FILE,
            SHARED_CREDENTIALS_FILE,
            ENDPOINT_URL_SSO,
            ENDPOINT_URL_SSO_OIDC,
            ENDPOINT_URL_SIGNIN,
        ];
        let mut variables: Vec<_> = all.iter().map(|name| name.variable).collect();
        variables.extend([V1_ACCESS_KEY_VARIABLE, V1_SECRET_KEY_VARIABLE, CA_BUNDLE, PROCESS_DEPTH]);
        variables.extend([HTTP_PROXY, HTTPS_PROXY, NO_PROXY].as_flattened());
        variables.extend([V1_CREDENTIALS_FILE_VARIABLE, HOME_VARIABLE, USERPROFILE_VARIABLE]);
        variables.extend([HOMEDRIVE_VARIABLE, HOMEPATH_VARIABLE]);
        variables.sort_unstable();
        assert_eq!(variables, VARIABLES);
        let mut properties: Vec<_> =
            all.iter().flat_map(|name| [name.v1_property, name.v2_property]).flatten().collect();
        properties.extend(JAVA_PROXY_PROPERTIES);
        properties.push(USER_HOME_PROPERTY);
        properties.sort_unstable();
        properties.dedup();
        assert_eq!(properties, PROPERTIES);
    }

    #[test]
    fn the_java_side_hands_over_every_name() {
        let path = "/java/src/main/java/io/github/evercreds/internal/SystemInputs.java";
        let snapshot = std::fs::read_to_string(format!("{}{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for name in VARIABLES.iter().chain(PROPERTIES) {
            assert!(snapshot.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
