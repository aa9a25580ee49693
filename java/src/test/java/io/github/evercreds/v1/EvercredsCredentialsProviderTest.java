// The SDK v1 provider: what it hands out, who stands in for it, and how it fails.
package io.github.evercreds.v1;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import com.amazonaws.SdkClientException;
import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AccountIdAware;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.auth.BasicSessionCredentials;
import io.github.evercreds.EvercredsException;
import io.github.evercreds.Refresher;
import java.time.Duration;
import org.junit.After;
import org.junit.Test;

public class EvercredsCredentialsProviderTest {
    private static final String[] PROPERTIES = {"aws.accessKeyId", "aws.secretKey", "aws.sessionToken", "aws.accountId", "evercreds.mode", "aws.profile",
                                                "com.amazonaws.sdk.ec2MetadataServiceEndpointOverride"};

    private static void set(String... namesAndValues) {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            System.setProperty(namesAndValues[i], namesAndValues[i + 1]);
        }
    }

    @After
    public void clear() {
        for (String name : PROPERTIES) {
            System.clearProperty(name);
        }
        Refresher.shutdownAll();
    }

    @Test
    public void session_credentials_come_with_the_account_and_the_providers_name() {
        set("aws.accessKeyId", "AKID", "aws.secretKey", "secret", "aws.sessionToken", "token", "aws.accountId", "123456789012");
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.create();
        AWSCredentials credentials = provider.getCredentials();
        assertEquals("AKID", credentials.getAWSAccessKeyId());
        assertEquals("secret", credentials.getAWSSecretKey());
        assertEquals("token", ((BasicSessionCredentials) credentials).getSessionToken());
        assertEquals("123456789012", ((AccountIdAware) credentials).getAccountId());
        assertEquals("evercreds", ((BasicSessionCredentials) credentials).getProviderName());
    }

    @Test
    public void a_read_of_the_same_state_gives_the_same_object() {
        set("aws.accessKeyId", "AKID", "aws.secretKey", "secret");
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.builder().systemProperties().build();
        AWSCredentials credentials = provider.getCredentials();
        assertTrue(credentials instanceof BasicAWSCredentials);
        assertSame(credentials, provider.getCredentials());
        provider.refresh();
        provider.invalidate("another");
        assertEquals("AKID", provider.getCredentials().getAWSAccessKeyId());
        assertFalse(provider.toString() + provider.status(), (provider.toString() + provider.status()).contains("secret "));
    }

    @Test
    public void nothing_to_find_is_the_sdks_exception_with_ours_as_its_cause() {
        set("com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", "http://127.0.0.1:1");
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.builder().instanceProfile().firstReadTimeout(Duration.ofMillis(1500)).build();
        try {
            provider.getCredentials();
            fail("nothing listens there");
        } catch (SdkClientException failure) {
            assertTrue(String.valueOf(failure.getCause()), failure.getCause() instanceof EvercredsException);
            assertTrue(failure.getMessage(), failure.getMessage().contains("127.0.0.1:1"));
        }
    }

    @Test
    public void switched_off_the_sdks_chain_serves() {
        set("evercreds.mode", "off", "aws.accessKeyId", "AKIDOFF", "aws.secretKey", "secret");
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.create();
        assertEquals("AKIDOFF", provider.getCredentials().getAWSAccessKeyId());
        assertEquals("com.amazonaws.auth.DefaultAWSCredentialsProviderChain", provider.status().servedBy());
        assertEquals("evercreds.mode is off", provider.status().trouble().get());
        provider.refresh();
    }

    @Test
    public void switched_off_with_an_expected_role_nobody_serves() {
        set("evercreds.mode", "off");
        try {
            EvercredsCredentialsProvider.builder().instanceProfile().expectRole("app").build();
            fail("the SDK's provider does not look at the role");
        } catch (SdkClientException failure) {
            assertTrue(failure.getMessage(), failure.getMessage().contains("expected role"));
        }
    }

    @Test
    public void a_declared_profile_is_served_by_the_engine_or_by_nobody() {
        set("aws.profile", "there-is-no-such-profile", "com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", "http://127.0.0.1:1");
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.builder().firstReadTimeout(Duration.ofMillis(1500)).build();
        assertEquals("evercreds", provider.status().servedBy());
        try {
            provider.getCredentials();
            fail("the profile does not exist, and nothing else may take its place");
        } catch (SdkClientException failure) {
            assertTrue(failure.getMessage(), failure.getMessage().contains("profile"));
        }
    }

    @Test(expected = NullPointerException.class)
    public void null_is_no_key() {
        set("aws.accessKeyId", "AKID", "aws.secretKey", "secret");
        EvercredsCredentialsProvider.create().invalidate(null);
    }

    @Test
    public void the_shared_instance_is_shared() {
        set("aws.accessKeyId", "AKID", "aws.secretKey", "secret");
        assertSame(EvercredsCredentialsProvider.getInstance(), EvercredsCredentialsProvider.getInstance());
    }
}
