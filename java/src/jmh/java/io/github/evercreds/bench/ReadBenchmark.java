// What one read of credentials costs, ours and the SDKs' own, beside the least that any such read can cost.
package io.github.evercreds.bench;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.InstanceProfileCredentialsProvider;
import java.io.IOException;
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
import software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider.Builder;

/** One read, warm, with credentials that are fresh. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ReadBenchmark {
    private Simulator simulator;
    private AWSCredentialsProvider ours1;
    private AWSCredentialsProvider theirs1;
    private AwsCredentialsProvider ours2;
    private AwsCredentialsProvider theirs2;
    private volatile Floor floor = new Floor(Long.MAX_VALUE);

    private static final class Floor {
        final long until;

        Floor(long until) {
            this.until = until;
        }
    }

    /** Starts the simulator and fetches the first credentials of each. */
    @Setup
    public void start() throws IOException {
        simulator = new Simulator();
        System.setProperty("com.amazonaws.sdk.ec2MetadataServiceEndpointOverride", simulator.imds.toString());
        ours1 = io.github.evercreds.v1.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(simulator.imds).build();
        ours2 = io.github.evercreds.v2.EvercredsCredentialsProvider.builder().instanceProfile().endpoint(simulator.imds).build();
        theirs1 = InstanceProfileCredentialsProvider.getInstance();
        Builder builder = software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider.builder();
        theirs2 = builder.endpoint(simulator.imds.toString()).build();
        ours1.getCredentials();
        ours2.resolveCredentials();
        theirs1.getCredentials();
        theirs2.resolveCredentials();
    }

    /** Ends everything. */
    @TearDown
    public void stop() {
        io.github.evercreds.Refresher.shutdownAll();
        simulator.close();
    }

    /** The floor: a volatile load and a look at the clock. */
    @Benchmark
    public Object floor() {
        Floor now = floor;
        return System.currentTimeMillis() < now.until ? now : null;
    }

    /** SDK v1 with ours. */
    @Benchmark
    public Object v1Ours() {
        return ours1.getCredentials();
    }

    /** SDK v1 with its own. */
    @Benchmark
    public Object v1Theirs() {
        return theirs1.getCredentials();
    }

    /** SDK v2 with ours. */
    @Benchmark
    public Object v2Ours() {
        return ours2.resolveCredentials();
    }

    /** SDK v2 with ours, the way its clients ask. */
    @Benchmark
    public Object v2OursIdentity() {
        return ours2.resolveIdentity();
    }

    /** SDK v2 with its own. */
    @Benchmark
    public Object v2Theirs() {
        return theirs2.resolveCredentials();
    }
}
