// The SDK v2 provider: what it hands out, who stands in for it, and how it fails.
package io.github.evercreds.v2;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import io.github.evercreds.EvercredsException;
import io.github.evercreds.Refresher;
import java.io.File;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.After;
import org.junit.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

public class EvercredsCredentialsProviderTest {
    private static final String[] PROPERTIES = {"aws.accessKeyId", "aws.secretAccessKey", "aws.sessionToken", "aws.accountId", "evercreds.mode", "aws.profile"};

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
    public void session_credentials_come_with_account_and_providers_name() {
        set("aws.accessKeyId", "AKID", "aws.secretAccessKey", "secret", "aws.sessionToken", "token", "aws.accountId", "123456789012");
        AwsSessionCredentials credentials = (AwsSessionCredentials) EvercredsCredentialsProvider.create().resolveCredentials();
        assertEquals("AKID", credentials.accessKeyId());
        assertEquals("secret", credentials.secretAccessKey());
        assertEquals("token", credentials.sessionToken());
        assertEquals("123456789012", credentials.accountId().get());
        assertEquals("evercreds", credentials.providerName().get());
    }

    @Test
    public void a_read_of_the_same_state_gives_the_same_object_also_as_a_future() throws Exception {
        set("aws.accessKeyId", "AKID", "aws.secretAccessKey", "secret");
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.builder().systemProperties().build();
        AwsCredentials credentials = provider.resolveCredentials();
        assertTrue(credentials instanceof AwsBasicCredentials);
        assertSame(credentials, provider.resolveCredentials());
        CompletableFuture<AwsCredentialsIdentity> future = provider.resolveIdentity(ResolveIdentityRequest.builder().build());
        assertTrue(future.isDone());
        assertSame(credentials, future.get());
        assertEquals(AwsCredentialsIdentity.class, provider.identityType());
    }

    @Test
    public void nothing_to_find_is_the_sdks_exception_with_ours_as_its_cause() throws Exception {
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.builder().instanceProfile().endpoint(URI.create("http://127.0.0.1:1"))
                .firstReadTimeout(Duration.ofMillis(1500)).build();
        CompletableFuture<AwsCredentialsIdentity> future = provider.resolveIdentity(ResolveIdentityRequest.builder().build());
        assertFalse("the caller was made to wait", future.isDone());
        try {
            future.get(20, TimeUnit.SECONDS);
            fail("nothing listens there");
        } catch (ExecutionException failure) {
            assertTrue(String.valueOf(failure.getCause()), failure.getCause() instanceof SdkClientException);
            assertTrue(failure.getCause().getCause() instanceof EvercredsException);
        }
        try {
            provider.resolveCredentials();
            fail("nothing listens there");
        } catch (SdkClientException failure) {
            assertTrue(failure.getMessage(), failure.getMessage().contains("127.0.0.1:1"));
        }
    }

    @Test
    public void switched_off_the_sdks_chain_serves() throws Exception {
        set("evercreds.mode", "off", "aws.accessKeyId", "AKIDOFF", "aws.secretAccessKey", "secret");
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.create();
        assertEquals("AKIDOFF", provider.resolveCredentials().accessKeyId());
        assertEquals("AKIDOFF", provider.resolveIdentity(ResolveIdentityRequest.builder().build()).get().accessKeyId());
        assertEquals("software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider", provider.status().servedBy());
    }

    @Test
    public void a_failure_of_the_stand_in_is_a_failed_future() throws Exception {
        set("evercreds.mode", "off");
        EvercredsCredentialsProvider provider = EvercredsCredentialsProvider.builder().systemProperties().build();
        assertTrue(provider.resolveIdentity(ResolveIdentityRequest.builder().build()).isCompletedExceptionally());
    }

    @Test
    public void it_is_not_closed_together_with_a_client() {
        assertFalse(AutoCloseable.class.isAssignableFrom(EvercredsCredentialsProvider.class));
    }

    /** SDK 2.0.0 has no resolveIdentity, no expirationTime, no account id: the same classes must link and serve there. */
    @Test
    public void it_links_and_serves_on_the_oldest_sdk() throws Throwable {
        List<URL> path = new ArrayList<>();
        for (String entry : System.getProperty("evercreds.test.sdk2Floor").split(File.pathSeparator)) {
            path.add(new File(entry).toURI().toURL());
        }
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            String unix = entry.replace('\\', '/');
            if (unix.endsWith("java/main") || unix.endsWith("java/v2") || unix.endsWith("build/native")) {
                path.add(new File(entry).toURI().toURL());
            }
        }
        set("aws.accessKeyId", "AKIDOLD", "aws.secretAccessKey", "secret", "aws.sessionToken", "token");
        try (URLClassLoader old = new URLClassLoader(path.toArray(new URL[0]), ClassLoader.getSystemClassLoader().getParent())) {
            // Reflection on the provider itself would resolve every signature, also those with classes that 2.0.0 lacks.
            Class<?> builder = old.loadClass(EvercredsCredentialsProvider.Builder.class.getName());
            Constructor<?> make = builder.getDeclaredConstructor();
            make.setAccessible(true);
            Object provider = MethodHandles.publicLookup().findVirtual(builder, "build",
                    MethodType.methodType(old.loadClass(EvercredsCredentialsProvider.class.getName()))).invoke(make.newInstance());
            Object credentials = old.loadClass("software.amazon.awssdk.auth.credentials.AwsCredentialsProvider").getMethod("resolveCredentials").invoke(provider);
            assertEquals("AKIDOLD", old.loadClass("software.amazon.awssdk.auth.credentials.AwsCredentials").getMethod("accessKeyId").invoke(credentials));
            old.loadClass(Refresher.class.getName()).getMethod("shutdownAll").invoke(null);
        }
    }
}
