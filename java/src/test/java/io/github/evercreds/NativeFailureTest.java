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
