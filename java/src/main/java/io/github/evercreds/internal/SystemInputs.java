// The documented variables and JVM properties, as they are at one time.
package io.github.evercreds.internal;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** A snapshot of the documented environment variables and JVM properties; only those that are set. */
final class SystemInputs {
    /** What the engine reads ({@code config/names.rs}). */
    private static final String[] VARIABLES = {
        "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "AWS_ACCOUNT_ID",
        "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_V1_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_SERVICE_ENDPOINT",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_LOGIN_CACHE_DIRECTORY",
        "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CREDENTIAL_PROFILES_FILE",
        "HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH",
        "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL_SIGNIN",
        "AWS_CA_BUNDLE", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy",
        "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_STS_REGIONAL_ENDPOINTS",
        "EVERCREDS_PROCESS_DEPTH",
    };
    private static final String[] PROPERTIES = {
        "aws.accessKeyId", "aws.secretAccessKey", "aws.secretKey", "aws.sessionToken", "aws.accountId",
        "aws.disableEc2Metadata", "aws.disableEc2MetadataV1", "aws.ec2MetadataServiceEndpoint",
        "aws.ec2MetadataServiceEndpointMode", "aws.ec2MetadataServiceTimeout",
        "com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", "com.amazonaws.sdk.disableEc2Metadata",
        "com.amazonaws.sdk.disableEc2MetadataV1",
        "aws.webIdentityTokenFile", "aws.containerCredentialsPath", "aws.containerCredentialsFullUri",
        "aws.containerServiceEndpoint", "aws.containerAuthorizationToken", "aws.containerAuthorizationTokenFile",
        "aws.loginCacheDirectory",
        "aws.profile", "aws.sharedCredentialsFile", "aws.configFile", "user.home",
        "aws.endpointUrlSso", "aws.endpointUrlSsoOidc", "aws.endpointUrlSignin",
        "http.proxyHost", "http.proxyPort", "http.proxyUser", "http.proxyPassword", "http.nonProxyHosts",
        "https.proxyHost", "https.proxyPort", "https.proxyUser", "https.proxyPassword",
        "aws.roleArn", "aws.roleSessionName", "aws.region", "aws.endpointUrl", "aws.endpointUrlSts",
        "aws.ignoreConfiguredEndpointUrls", "aws.useFipsEndpoint", "aws.useDualstackEndpoint",
    };

    final SortedMap<String, String> environment;
    final SortedMap<String, String> properties;

    SystemInputs(Map<String, String> environment, Map<String, String> properties) {
        this.environment = new TreeMap<>(environment);
        this.properties = new TreeMap<>(properties);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SystemInputs && environment.equals(((SystemInputs) other).environment)
                && properties.equals(((SystemInputs) other).properties);
    }

    @Override
    public int hashCode() {
        return 31 * environment.hashCode() + properties.hashCode();
    }

    static SystemInputs read() {
        return new SystemInputs(pick(VARIABLES, SystemInputs::variable), pick(PROPERTIES, SystemInputs::property));
    }

    private static SortedMap<String, String> pick(String[] names, Function<String, String> from) {
        SortedMap<String, String> found = new TreeMap<>();
        for (String name : names) {
            String value = from.apply(name);
            if (value != null) {
                found.put(name, value);
            }
        }
        return found;
    }

    /** The setting {@code evercreds.x.y}, or else {@code EVERCREDS_X_Y}; null if neither is set or it is blank. */
    static String own(String property) {
        String value = property(property);
        if (value == null || value.trim().isEmpty()) {
            value = variable(property.toUpperCase(java.util.Locale.ROOT).replace('.', '_'));
        }
        return value == null || value.trim().isEmpty() ? null : value.trim();
    }

    static String property(String name) {
        try {
            return System.getProperty(name);
        } catch (SecurityException refused) {
            return null;    // a security manager that hides a setting makes it unset
        }
    }

    static String variable(String name) {
        try {
            return System.getenv(name);
        } catch (SecurityException refused) {
            return null;
        }
    }
}
