// What one read of credentials costs, ours and the SDKs' own, beside the least that any such read can cost.
package io.github.evercreds.bench;

import com.amazonaws.auth.AWSCredentialsProvider;
import java.net.URI;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.crt.auth.credentials.CredentialsProvider;

/** One read, warm, with credentials that are fresh. Each contender is alone in its JVM. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class ReadBenchmark {
    private static String imds() {
        return System.getProperty("evercreds.bench.imds");
    }

    /** What any read must do: a volatile load and a look at the clock. */
    @State(Scope.Benchmark)
    public static class Floor {
        private static final class Held {
            final long until = Long.MAX_VALUE;
        }

        private volatile Held held = new Held();
    }

    /** SDK v1 with ours. */
    @State(Scope.Benchmark)
    public static class V1Ours {
        private AWSCredentialsProvider provider;

        /** Fetches the first credentials. */
        @Setup
        public void start() {
            provider = io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(URI.create(imds())).build();
            provider.getCredentials();
        }

        /** Ends the engine. */
        @TearDown
        public void stop() {
            io.github.evercreds.Refresher.shutdownAll();
        }
    }

    /** SDK v2 with ours. */
    @State(Scope.Benchmark)
    public static class V2Ours {
        private AwsCredentialsProvider provider;

        /** Fetches the first credentials. */
        @Setup
        public void start() {
            provider = io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(URI.create(imds())).build();
            provider.resolveCredentials();
        }

        /** Ends the engine. */
        @TearDown
        public void stop() {
            io.github.evercreds.Refresher.shutdownAll();
        }
    }

    /** SDK v1 with its own. */
    @State(Scope.Benchmark)
    public static class V1Theirs {
        private AWSCredentialsProvider provider;

        /** Fetches the first credentials. */
        @Setup
        public void start() {
            System.setProperty("com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", imds());
            provider = com.amazonaws.auth.InstanceProfileCredentialsProvider.getInstance();
            provider.getCredentials();
        }
    }

    /** SDK v2 with its own. */
    @State(Scope.Benchmark)
    public static class V2Theirs {
        private AwsCredentialsProvider provider;

        /** Fetches the first credentials. */
        @Setup
        public void start() {
            provider = Contender.theirs2(imds(), false);
            provider.resolveCredentials();
        }
    }

    /** The C runtime's default chain. */
    @State(Scope.Benchmark)
    public static class Crt {
        private CredentialsProvider provider;

        /** Fetches the first credentials. */
        @Setup
        public void start() throws ExecutionException, InterruptedException {
            provider = Contender.crt();
            provider.getCredentials().get();
        }

        /** Gives the handle back. */
        @TearDown
        public void stop() {
            provider.close();
        }
    }

    /** The floor. */
    @Benchmark
    public Object floor(Floor state) {
        Floor.Held now = state.held;
        return System.currentTimeMillis() < now.until ? now : null;
    }

    /** Ours, as SDK v1's clients ask. */
    @Benchmark
    public Object v1Ours(V1Ours state) {
        return state.provider.getCredentials();
    }

    /** Ours, as code that uses SDK v2 asks. */
    @Benchmark
    public Object v2Ours(V2Ours state) {
        return state.provider.resolveCredentials();
    }

    /** Ours, as SDK v2's clients ask. */
    @Benchmark
    public Object v2OursIdentity(V2Ours state) {
        return state.provider.resolveIdentity();
    }

    /** SDK v1's own. */
    @Benchmark
    public Object v1Theirs(V1Theirs state) {
        return state.provider.getCredentials();
    }

    /** SDK v2's own. */
    @Benchmark
    public Object v2Theirs(V2Theirs state) {
        return state.provider.resolveCredentials();
    }

    /** SDK v2's own, as its clients ask. */
    @Benchmark
    public Object v2TheirsIdentity(V2Theirs state) {
        return state.provider.resolveIdentity();
    }

    /** The C runtime's. */
    @Benchmark
    public Object crt(Crt state) throws ExecutionException, InterruptedException {
        return state.provider.getCredentials().get();
    }
}
