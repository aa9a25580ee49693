// What one run of the benchmark found.
package io.github.evercreds.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Plain figures, filled by the parts and read by the document and the picture. A part that did not run leaves its own empty. */
final class Results {
    /** One benchmark at one number of threads. */
    static final class Read {
        double cpuNanos;
        double wallNanos;
        double bytes;
    }

    /** All reads of one contender in one phase. Nanoseconds. */
    static final class Stalls {
        long reads;
        long errors;
        long slow;
        long stalled;
        long p50;
        long p99;
        long p9999;
        long max;
        String firstError;
    }

    /** Milliseconds from construction, in one fresh JVM each. */
    static final class Cold {
        final List<Double> all = new ArrayList<>();
        final List<Double> build = new ArrayList<>();
        /** Ours only, from the JVM's log of class loading and the simulator's journal. */
        final Map<String, List<Double>> steps = new LinkedHashMap<>();
    }

    /** One state of a JVM with many providers. */
    static final class Footprint {
        int providers;
        double seconds;
        int tasks;
        int ours;
        long heap;
        long rss;
        int requests;
    }

    /** Processor time over some idle seconds. */
    static final class Idle {
        long cpuNanos;
        long oursNanos;
        int seconds;
    }

    final boolean quick;
    String machine;
    long seconds;
    /** By benchmark, then by number of threads. */
    final Map<String, Map<Integer, Read>> reads = new LinkedHashMap<>();
    /** By phase, then by contender; the control of the same threads in the second. */
    final Map<String, Map<Contender, Stalls>> stalls = new LinkedHashMap<>();
    final Map<String, Map<Contender, Stalls>> controls = new LinkedHashMap<>();
    final Map<Contender, Cold> cold = new EnumMap<>(Contender.class);
    /** Equal providers; one, then many. */
    final Map<Contender, List<Footprint>> equal = new EnumMap<>(Contender.class);
    final Map<Contender, List<Footprint>> distinct = new EnumMap<>(Contender.class);
    final Map<String, Idle> idle = new LinkedHashMap<>();
    /** Requests in the first hour by the life of a set in seconds. */
    final Map<Integer, Map<Contender, Integer>> hours = new LinkedHashMap<>();
    String hoursTrouble;

    Results(boolean quick) {
        this.quick = quick;
    }

    static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length == 0 ? Double.NaN : sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
