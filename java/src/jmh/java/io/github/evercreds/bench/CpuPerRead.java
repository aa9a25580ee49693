// How much processor time does one operation of a benchmark take?
package io.github.evercreds.bench;

import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.Collections;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/** A JMH profiler: the processor time of the process over the operations. Unlike wall time, others on the machine do not raise it. */
public final class CpuPerRead implements InternalProfiler {
    static final String NAME = "cpu.per.read";
    private long before;

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    @Override
    public String getDescription() {
        return "Processor time per operation";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        before = cpuNanos();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double perOp = (double) (cpuNanos() - before) / result.getMetadata().getAllOps();
        return Collections.singletonList(new ScalarResult(NAME, perOp, "ns/op", AggregationPolicy.AVG));
    }
}
