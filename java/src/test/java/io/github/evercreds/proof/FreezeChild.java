// The child of FreezeProof: one thread for each provider reads once a millisecond and reports what came first after a standstill.
package io.github.evercreds.proof;

import com.amazonaws.auth.AWSCredentialsProvider;
import io.github.evercreds.Refresher;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

/**
 * Arguments: the IMDS endpoint for each of {@link #PROVIDERS}, separated by commas. Prints its process id when all have
 * credentials; after a standstill of more than ten seconds a line {@code NAME wall-millis duration-micros KEY} for each
 * read that was slow, failed or brought another key, the first in any case; and "over" six seconds later.
 */
public final class FreezeChild {
    static final String[] PROVIDERS = {"ours-v1", "ours-v2", "ours-v2-identity", "ours-core", "sdk-v1", "sdk-v2", "sdk-v2-async"};
    static final String READY = "ready ";
    static final String OVER = "over";
    static final String FAILED = "failed:";

    private static final long STANDSTILL_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long REPORTED_NANOS = TimeUnit.SECONDS.toNanos(6);
    private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final Logger LOGGER = Logger.getLogger("");

    private FreezeChild() { }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        LOGGER.setLevel(Level.OFF);
        String[] endpoints = args[0].split(",");
        List<Supplier<String>> reads = new ArrayList<>();
        for (int i = 0; i < PROVIDERS.length; i++) {
            Supplier<String> read = provider(PROVIDERS[i], endpoints[i]);
            read.get();
            reads.add(read);
        }
        CountDownLatch over = new CountDownLatch(reads.size());
        for (int i = 0; i < reads.size(); i++) {
            String name = PROVIDERS[i];
            Supplier<String> read = reads.get(i);
            Thread reader = new Thread(() -> {
                readOn(name, read);
                over.countDown();
            }, name);
            reader.setDaemon(true);
            reader.start();
        }
        System.out.println(READY + Files.readSymbolicLink(Paths.get("/proc/self")));
        over.await();
        System.out.println(OVER);
    }

    private static Supplier<String> provider(String name, String endpoint) {
        URI imds = URI.create(endpoint);
        switch (name) {
            case "ours-v1":
                AWSCredentialsProvider v1 =
                        io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).label(name).build();
                return () -> v1.getCredentials().getAWSAccessKeyId();
            case "ours-v2":
            case "ours-v2-identity":
                io.github.evercreds.v2.EvercredsCredentialsProvider v2 =
                        io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(imds).label(name).build();
                ResolveIdentityRequest request = ResolveIdentityRequest.builder().build();
                return name.equals("ours-v2") ? () -> v2.resolveCredentials().accessKeyId() : () -> v2.resolveIdentity(request).join().accessKeyId();
            case "ours-core":
                Refresher core = Refresher.builder().instanceProfile().endpoint(imds).label(name).build();
                return () -> core.credentials().accessKeyId();
            case "sdk-v1":
                System.setProperty("com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", endpoint);
                AWSCredentialsProvider sdk1 = com.amazonaws.auth.InstanceProfileCredentialsProvider.getInstance();
                return () -> sdk1.getCredentials().getAWSAccessKeyId();
            default:
                InstanceProfileCredentialsProvider sdk2 = InstanceProfileCredentialsProvider.builder().endpoint(endpoint)
                        .asyncCredentialUpdateEnabled(name.endsWith("async")).build();
                return () -> sdk2.resolveCredentials().accessKeyId();
        }
    }

    private static void readOn(String name, Supplier<String> read) {
        String last = null;
        long resumed = 0;
        long ended = System.nanoTime();
        while (resumed == 0 || ended - resumed < REPORTED_NANOS) {
            long begun = System.nanoTime();
            boolean first = resumed == 0 && begun - ended > STANDSTILL_NANOS;
            if (first) {
                resumed = begun;
            }
            String key = keyOf(read);
            ended = System.nanoTime();
            if (resumed == 0 && ended - begun > STANDSTILL_NANOS) {
                // Stopped amid a read: what it returns may have been read before. The next read is the first, for it comes
                // a standstill after the last one that was whole.
                ended = begun;
                continue;
            }
            if (resumed != 0 && (first || ended - begun > SLOW_NANOS || !key.equals(last))) {
                System.out.println(name + " " + System.currentTimeMillis() + " " + TimeUnit.NANOSECONDS.toMicros(ended - begun) + " " + key);
                last = key;
            }
            try {
                Thread.sleep(1);
            } catch (InterruptedException nobodyDoes) {
                return;
            }
        }
    }

    private static String keyOf(Supplier<String> read) {
        try {
            return read.get();
        } catch (RuntimeException failed) {
            return FAILED + failed.getClass().getSimpleName();
        }
    }
}
