// Starts fresh JVMs, contender after contender, and takes the time to the first credentials.
package io.github.evercreds.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Interleaved, so that what the machine does meanwhile hits all alike. */
final class ColdPart {
    private ColdPart() { }

    static void measure(Simulator simulator, Results results) throws IOException, InterruptedException {
        Simulator.World world = simulator.world(6 * 3600, 300, Contender.all());
        int rounds = results.quick ? 5 : 20;
        for (int round = -1; round < rounds; round++) {
            for (Contender contender : Contender.plain()) {
                Results.Cold cold = results.cold.computeIfAbsent(contender, any -> new Results.Cold());
                String[] said = run(world, contender, Collections.emptyList());
                if (round >= 0) {       // the first round fills the file cache
                    cold.build.add(Long.parseLong(said[0]) / 1e6);
                    cold.all.add(Long.parseLong(said[1]) / 1e6);
                }
            }
        }
        for (int round = 0; round < (results.quick ? 3 : 10); round++) {
            breakDown(world, results.cold.get(Contender.V2_OURS));
        }
        world.close();
    }

    private static String[] run(Simulator.World world, Contender contender, List<String> more) throws IOException {
        String imds = world.imds(contender);
        List<String> jvm = new ArrayList<>(contender.jvmArguments(imds));
        jvm.addAll(more);
        try (Child child = new Child(Collections.emptyList(), contender.environment(imds), jvm, ColdChild.class.getName(), contender.name(), imds)) {
            return child.await("cold").split(" ");
        }
    }

    /**
     * Where ours spends it, without a change to the product: the JVM's own log tells when the classes of each step were
     * loaded, the simulator's journal when each request came.
     */
    private static void breakDown(Simulator.World world, Results.Cold cold) throws IOException {
        Path log = Paths.get(Bench.setting("work"), "classes.log");
        int before = world.journal().size();
        String[] said = run(world, Contender.V2_OURS, Collections.singletonList("-Xlog:class+load:file=" + log + ":time,uptimenanos"));
        List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
        double begun = loaded(lines, "io.github.evercreds.v2.EvercredsCredentialsProvider ");
        double extract = loaded(lines, "io.github.evercreds.internal.NativeExtraction ");
        double link = loaded(lines, "io.github.evercreds.internal.NativeLoader$$Lambda");
        double linked = loaded(lines, "io.github.evercreds.internal.NativeLoader$Attempt ");
        double logging = loaded(lines, "io.github.evercreds.internal.Logs ");
        double engine = loaded(lines, "io.github.evercreds.internal.EngineThread ");
        long wall = Long.parseLong(said[2]);
        JsonNode journal = world.journal();
        double first = Double.NaN;
        double last = Double.NaN;
        for (int i = before; i < journal.size(); i++) {
            double at = Instant.parse(journal.get(i).get("at").asText()).toEpochMilli() - wall;
            first = Double.isNaN(first) ? at : first;
            last = at;
        }
        double all = Long.parseLong(said[1]) / 1e6;
        add(cold, "classes and settings, before the extraction", extract - begun);
        add(cold, "extract the library", link - extract);
        add(cold, "load and link it", linked - link);
        add(cold, "configuration and cell", logging - linked);
        add(cold, "find out where to log", engine - logging);
        add(cold, "start the engine, to its first request", first - (engine - begun));
        add(cold, "IMDS: first to last of the requests", last - first);
        add(cold, "last request to credentials in hand", all - last);
    }

    private static void add(Results.Cold cold, String step, double millis) {
        cold.steps.computeIfAbsent(step, any -> new ArrayList<>()).add(millis);
    }

    /** When the (last) class of that name came, in milliseconds since the JVM began. */
    private static double loaded(List<String> lines, String name) {
        Pattern stamp = Pattern.compile("\\[(\\d+)ns\\]");
        double last = Double.NaN;
        for (String line : lines) {
            Matcher matcher = stamp.matcher(line);
            if (line.contains(name) && matcher.find()) {
                last = Long.parseLong(matcher.group(1)) / 1e6;
            }
        }
        return last;
    }
}
