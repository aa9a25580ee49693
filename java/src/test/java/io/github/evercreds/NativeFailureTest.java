// Without the native library nobody is worse off than with the SDK alone, and nobody gets another identity.
package io.github.evercreds;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

public class NativeFailureTest {
    private static final String MISSING = "/nonexistent/libevercreds.so";

    @Before
    public void breakTheLibrary() {
        System.setProperty("evercreds.native.path", MISSING);
        System.setProperty("aws.accessKeyId", "AKID");
        System.setProperty("aws.secretKey", "secret");
        System.setProperty("aws.secretAccessKey", "secret");
    }

    @After
    public void clear() {
        for (String name : new String[] {"evercreds.native.path", "aws.accessKeyId", "aws.secretKey", "aws.secretAccessKey"}) {
            System.clearProperty(name);
        }
    }

    private static Object inFreshClassLoader(String method) throws Exception {
        try (Isolated isolated = new Isolated(entry -> true)) {
            return isolated.call(Work.class, method);
        }
    }

    @Test
    public void the_default_chain_of_v1_is_served_by_the_sdk_with_one_warning() throws Exception {
        // Without SLF4J the lines go to java.util.logging, where they can be counted.
        List<LogRecord> seen = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                seen.add(record);
            }

            @Override
            public void flush() { }

            @Override
            public void close() { }
        };
        Logger logger = Logger.getLogger("io.github.evercreds");
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
        try (Isolated isolated = new Isolated(entry -> !entry.contains("slf4j"))) {
            assertEquals("AKID AKID AKID", isolated.call(Work.class, "threeOfV1"));
        } finally {
            logger.removeHandler(handler);
            logger.setUseParentHandlers(true);
        }
        assertEquals(1, seen.size());
        assertEquals("WARNING", seen.get(0).getLevel().getName());
        assertTrue(seen.get(0).getMessage(), seen.get(0).getMessage().contains(MISSING));
    }

    @Test
    public void the_default_chain_of_v2_is_served_by_the_sdk() throws Exception {
        assertEquals("AKID", inFreshClassLoader("v2"));
    }

    @Test
    public void a_pinned_instance_profile_is_served_by_the_sdks_own_provider_of_it() throws Exception {
        assertEquals("com.amazonaws.auth.InstanceProfileCredentialsProvider software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider",
                inFreshClassLoader("pinned"));
    }

    @Test
    public void what_the_sdk_could_not_honour_is_refused() throws Exception {
        String said = (String) inFreshClassLoader("expectRole");
        assertTrue(said, said.contains("com.amazonaws.SdkClientException") && said.contains("software.amazon.awssdk.core.exception.SdkClientException")
                && said.contains(MISSING) && said.contains("What to do"));
    }

    @Test
    public void every_source_has_the_sdks_own_provider_of_it_or_none() throws Exception {
        assertEquals(String.join("\n",
                "v1 instance profile: InstanceProfileCredentialsProvider",
                "v1 environment variables: EnvironmentVariableCredentialsProvider",
                "v1 system properties: SystemPropertiesCredentialsProvider",
                "v1 profile: ProfileCredentialsProvider",
                "v1 profile a: ProfileCredentialsProvider",
                "v1 process: ProcessCredentialsProvider",
                "v1 container: refused, no variable declares a container endpoint",
                "v1 web identity: WebIdentityTokenCredentialsProvider",
                "v1 role app: STSAssumeRoleSessionCredentialsProvider",
                "v2 instance profile: InstanceProfileCredentialsProvider",
                "v2 environment variables: EnvironmentVariableCredentialsProvider",
                "v2 system properties: SystemPropertyCredentialsProvider",
                "v2 profile: ProfileCredentialsProvider",
                "v2 profile a: ProfileCredentialsProvider",
                "v2 process: ProcessCredentialsProvider",
                "v2 container: ContainerCredentialsProvider",
                "v2 web identity: WebIdentityTokenFileCredentialsProvider",
                "v2 role app: StsAssumeRoleCredentialsProvider"), inFreshClassLoader("standIns"));
    }

    @Test
    public void options_that_the_sdks_own_provider_has_no_place_for_are_refused() throws Exception {
        assertEquals(String.join("\n",
                "v1 instance profile: refused, SDK v1's own provider cannot honour an endpoint or a role name",
                "v1 web identity: refused, SDK v1's own provider of a web identity cannot honour a duration",
                "v1 role app: refused, SDK v1's own provider of a role cannot honour managed policies",
                "v2 instance profile: refused, SDK v2's own provider cannot honour a role name",
                "v2 web identity: refused, SDK v2's own provider of a web identity cannot honour a policy",
                "v2 role app: StsAssumeRoleCredentialsProvider"), inFreshClassLoader("standInsWithOptions"));
    }

    @Test
    public void without_the_sdks_sts_a_role_has_nobody_to_stand_in() throws Exception {
        try (Isolated isolated = new Isolated(entry -> !entry.contains("aws-java-sdk-sts") && !entry.contains("/sts/") && !entry.contains("/sts-2"))) {
            assertEquals(String.join("\n",
                    "v1 web identity: refused, for a role SDK v1 needs aws-java-sdk-sts",
                    "v1 role app: refused, for a role SDK v1 needs aws-java-sdk-sts",
                    "v2 web identity: refused, for a role SDK v2 needs its sts module",
                    "v2 role app: refused, for a role SDK v2 needs its sts module"), isolated.call(Work.class, "rolesOnly"));
        }
    }

    @Test
    public void fail_means_fail() throws Exception {
        String said = (String) inFreshClassLoader("fail");
        assertTrue(said, said.contains("com.amazonaws.SdkClientException") && said.contains("software.amazon.awssdk.core.exception.SdkClientException"));
    }

    @Test
    public void the_core_has_nobody_to_hand_over_to_and_says_so_each_time() throws Exception {
        String said = (String) inFreshClassLoader("core");
        assertTrue(said, said.startsWith("io.github.evercreds.internal.NativeUnavailable") && said.contains(MISSING));
    }

    @Test
    public void after_shutdown_the_class_loader_is_collected() throws Exception {
        System.clearProperty("evercreds.native.path");
        WeakReference<ClassLoader> loader = used();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (loader.get() != null && System.nanoTime() < deadline) {
            System.gc();
            Thread.sleep(20);
        }
        assertNull("something still holds the class loader", loader.get());
    }

    private static WeakReference<ClassLoader> used() throws Exception {
        // Only our own classes: what an SDK leaves behind is not ours to clear.
        try (Isolated isolated = new Isolated(entry -> !entry.endsWith(".jar"))) {
            assertEquals("AKID", isolated.call(CoreWork.class, "readAndShutDown"));
            return new WeakReference<>(isolated.loader());
        }
    }

    /** Runs in the isolated loader; sees no SDK. */
    public static final class CoreWork {
        private CoreWork() { }

        /** A refresher in use, then the end of everything. */
        public static String readAndShutDown() {
            String key = Refresher.create().credentials().accessKeyId();
            Refresher.shutdownAll();
            return key;
        }
    }

    /** Runs in the isolated loader. */
    public static final class Work {
        private Work() { }

        /** Three providers, one fault. */
        public static String threeOfV1() {
            StringBuilder keys = new StringBuilder();
            for (int i = 0; i < 3; i++) {
                keys.append(i == 0 ? "" : " ").append(io.github.evercreds.v1.EvercredsCredentialsProvider.create().getCredentials().getAWSAccessKeyId());
            }
            return keys.toString();
        }

        /** SDK v2. */
        public static String v2() {
            return io.github.evercreds.v2.EvercredsCredentialsProvider.create().resolveCredentials().accessKeyId();
        }

        /** Who stands in for a pinned instance profile. */
        public static String pinned() {
            return io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().build().status().servedBy() + " "
                    + io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().build().status().servedBy();
        }

        private static final Source ROLE = Source.assumeRole(AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/app").region("eu-west-1").build());

        private static String standIns(Source... sources) {
            List<String> lines = new ArrayList<>();
            for (String sdk : new String[] {"v1", "v2"}) {
                for (Source source : sources) {
                    lines.add(sdk + " " + source.title() + ": " + standIn(sdk, source));
                }
            }
            return String.join("\n", lines);
        }

        private static String standIn(String sdk, Source source) {
            try {
                Status status = sdk.equals("v1") ? io.github.evercreds.v1.EvercredsCredentialsProvider.builder().source(source).build().status()
                        : io.github.evercreds.v2.EvercredsCredentialsProvider.builder().source(source).build().status();
                return status.servedBy().replaceAll(".*\\.", "");
            } catch (RuntimeException refused) {
                String said = refused.getMessage();
                if (!said.contains(MISSING)) {
                    return "it does not say why the library is missing: " + said;
                }
                return "refused, " + said.replaceAll("(?s).*The SDK cannot take over: ", "").replaceAll(", which.*|, and.*|, a policy.*| of the instance.*|, a region.*", "");
            }
        }

        /** Who stands in for each pinned source. */
        public static String standIns() {
            return standIns(Source.instanceProfile(), Source.environmentVariables(), Source.systemProperties(), Source.profile(), Source.profile("a"),
                    Source.process("true"), Source.container(), Source.webIdentity(), ROLE);
        }

        /** Who stands in for sources with options that not every SDK has a place for. */
        public static String standInsWithOptions() {
            AssumeRole role = AssumeRole.builder().roleArn("arn:aws:iam::123456789012:role/app").region("eu-west-1").tag("team", "a").transitiveTagKey("team")
                    .sourceIdentity("me").externalId("id").policy("{}").policyArn("arn:aws:iam::aws:policy/ReadOnlyAccess")
                    .endpoint(java.net.URI.create("http://127.0.0.1:1")).source(Source.systemProperties()).build();
            return standIns(Source.instanceProfile(InstanceProfile.builder().roleName("app").build()),
                    Source.webIdentity(WebIdentity.builder().policy("{}").build()), Source.assumeRole(role));
        }

        /** Who stands in for what needs the SDK's STS. */
        public static String rolesOnly() {
            return standIns(Source.webIdentity(), ROLE);
        }

        /** With an expected role. */
        public static String expectRole() {
            return thrown(() -> io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().expectRole("app").build())
                    + thrown(() -> io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().expectRole("app").build());
        }

        /** With FAIL. */
        public static String fail() {
            return thrown(() -> io.github.evercreds.v1.EvercredsCredentialsProvider.builder().onNativeFailure(NativeFailure.FAIL).build())
                    + thrown(() -> io.github.evercreds.v2.EvercredsCredentialsProvider.builder().onNativeFailure(NativeFailure.FAIL).build());
        }

        /** The core, twice. */
        public static String core() {
            String first = thrown(Refresher::create);
            return first.equals(thrown(Refresher::create)) ? first : "it said something else the second time";
        }

        private static String thrown(Supplier<?> work) {
            try {
                return "served: " + work.get();
            } catch (RuntimeException expected) {
                return expected.getClass().getName() + ": " + expected.getMessage();
            }
        }
    }
}
