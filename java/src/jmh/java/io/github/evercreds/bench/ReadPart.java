// Runs JMH for the read and takes from its result what the document needs.
package io.github.evercreds.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;

/** 1, 2 and 8 threads; every benchmark in JVMs of its own. */
final class ReadPart {
    static final List<Integer> THREADS = Arrays.asList(1, 2, 8);

    private ReadPart() { }

    static void measure(Simulator simulator, Results results) throws IOException, InterruptedException {
        Simulator.World world = simulator.world(6 * 3600, 300, Collections.singletonList(Contender.CRT));
        String imds = world.imds(Contender.CRT);
        for (int threads : THREADS) {
            Path file = Paths.get(Bench.setting("work"), "read-" + threads + ".json");
            List<String> args = new ArrayList<>(Arrays.asList("-t", Integer.toString(threads), "-prof", "gc", "-prof", CpuPerRead.class.getName(), "-rf", "json",
                    "-rff", file.toString(), "-jvmArgsAppend", "-Devercreds.bench.imds=" + imds, "-foe", "true"));
            if (results.quick) {
                args.addAll(Arrays.asList("-f", "1", "-wi", "2", "-i", "2", "-w", "200ms", "-r", "200ms"));
            }
            args.add(ReadBenchmark.class.getName());
            try (Child jmh = new Child(Collections.emptyList(), Contender.CRT.environment(imds), Collections.emptyList(), "org.openjdk.jmh.Main",
                    args.toArray(new String[0]))) {
                int code = jmh.end(600);
                if (code != 0) {
                    throw new IOException("JMH ended with " + code + "; what it complained of: " + Bench.log());
                }
            }
            for (JsonNode run : new ObjectMapper().readTree(file.toFile())) {
                String name = run.get("benchmark").asText().replaceFirst(".*\\.", "");
                Results.Read read = new Results.Read();
                read.cpuNanos = middle(secondary(run, CpuPerRead.NAME).get("rawData"));
                read.wallNanos = middle(run.get("primaryMetric").get("rawData"));
                read.bytes = middle(secondary(run, "gc.alloc.rate.norm").get("rawData"));
                results.reads.computeIfAbsent(name, any -> new TreeMap<>()).put(threads, read);
            }
            Bench.say("reads by " + threads + " threads: measured");
        }
        world.close();
    }

    // Old versions of JMH put a dot in front of the names of profilers.
    private static JsonNode secondary(JsonNode run, String name) {
        JsonNode all = run.get("secondaryMetrics");
        return all.has(name) ? all.get(name) : all.get("·" + name);
    }

    /** The median over the iterations of all forks: a disturbed iteration does not move it. */
    private static double middle(JsonNode forks) {
        List<Double> values = new ArrayList<>();
        forks.forEach(fork -> fork.forEach(value -> values.add(value.asDouble())));
        return Results.median(values);
    }
}
