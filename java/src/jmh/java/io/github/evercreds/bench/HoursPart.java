// Counts the requests of an hour, by clocks that run fast.
package io.github.evercreds.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One provider of each contender for each life, read every ten seconds of the bent clock; the start is part of the hour. */
final class HoursPart {
    private static final int RATE = 50;
    private static final int READ_PERIOD_MS = 10_000;
    static final List<Contender> WHO = Arrays.asList(Contender.V2_OURS, Contender.V1_THEIRS, Contender.V2_THEIRS, Contender.CRT);

    private HoursPart() { }

    static void measure(Results results) throws IOException, InterruptedException {
        String tool = Bench.setting("timeBend");
        Path control = Paths.get(Bench.setting("work"), "clock.bend");
        Files.deleteIfExists(control);
        try {
            run(tool, "create", control.toString());
        } catch (IOException unbent) {
            results.hoursTrouble = "not measured: clocks cannot be bent here (" + unbent.getMessage() + ")";
            Bench.say(results.hoursTrouble);
            return;
        }
        List<String> prefix = Arrays.asList(tool, "run", control.toString(), "--");
        int hourSeconds = results.quick ? 1200 : 3600;
        List<Child> children = new ArrayList<>();
        try (Simulator simulator = new Simulator(prefix)) {
            Map<Integer, Simulator.World> worlds = new LinkedHashMap<>();
            for (int life : new int[] {900, 3600, 21_600}) {
                Simulator.World world = simulator.world(life, Math.min(life / 3, 1800), WHO);
                worlds.put(life, world);
                for (Contender contender : WHO) {
                    String imds = world.imds(contender);
                    Child child = new Child(prefix, contender.environment(imds), contender.jvmArguments(imds), FootprintChild.class.getName(), contender.name(), imds);
                    children.add(child);
                    child.await("ready");
                    child.tell("equal 1");
                    child.await("equal");
                    child.tell("read " + READ_PERIOD_MS);
                }
            }
            Map<Integer, Map<Contender, Integer>> starts = count(worlds);
            run(tool, "rate", control.toString(), Integer.toString(RATE));
            Thread.sleep(hourSeconds * 1000L / RATE);
            run(tool, "rate", control.toString(), "1");
            count(worlds).forEach((life, counts) -> {
                counts.replaceAll((who, all) -> {
                    int start = starts.get(life).get(who);
                    return start + (int) Math.round((all - start) * 3600.0 / hourSeconds);
                });
                results.hours.put(life, counts);
            });
        } finally {
            for (Child child : children) {
                child.close();
            }
        }
    }

    private static Map<Integer, Map<Contender, Integer>> count(Map<Integer, Simulator.World> worlds) throws IOException {
        Map<Integer, Map<Contender, Integer>> all = new LinkedHashMap<>();
        for (Map.Entry<Integer, Simulator.World> world : worlds.entrySet()) {
            Map<Contender, Integer> counts = new EnumMap<>(Contender.class);
            for (Contender contender : WHO) {
                counts.put(contender, world.getValue().requests(contender));
            }
            all.put(world.getKey(), counts);
        }
        return all;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
                byte[] said = new byte[500];
                int length = Math.max(0, process.getInputStream().read(said));
                throw new IOException(String.join(" ", command) + " failed: " + new String(said, 0, length, StandardCharsets.UTF_8).trim());
            }
        } finally {
            process.destroyForcibly();
        }
    }
}
