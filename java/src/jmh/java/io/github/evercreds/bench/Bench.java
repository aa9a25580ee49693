// Measures the main job, ours beside the peers and the floor, and writes the document and its picture.
package io.github.evercreds.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** The main program: {@code [--short] [--only read,stalls,cold,footprint,hours] FOLDER}, where the document and the picture go. */
public final class Bench {
    private static final long STARTED = System.nanoTime();

    private Bench() { }

    /** What the build says by a property. */
    static String setting(String name) {
        String value = System.getProperty("evercreds.bench." + name);
        if (value == null) {
            throw new IllegalStateException("-Devercreds.bench." + name + " is missing: the benchmark is started by make bench");
        }
        return value;
    }

    /** Where what the children complain of goes. */
    static Path log() {
        return Paths.get(setting("work"), "children.log");
    }

    static void say(String what) {
        System.out.printf("[%4d s] %s%n", (System.nanoTime() - STARTED) / 1_000_000_000L, what);
    }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        List<String> words = Arrays.asList(args);
        boolean quick = words.contains("--short");
        int only = words.indexOf("--only");
        List<String> parts = Arrays.asList((only < 0 ? "read,stalls,cold,footprint,hours" : words.get(only + 1)).split(","));
        Path folder = Paths.get(args[args.length - 1]);
        Files.createDirectories(folder);
        Files.deleteIfExists(log());
        Results results = new Results(quick);
        String before = Machine.load();
        try (Simulator simulator = new Simulator(Collections.emptyList())) {
            for (String part : parts) {
                say("begins: " + part);
                switch (part) {
                    case "read":
                        ReadPart.measure(simulator, results);
                        break;
                    case "stalls":
                        StallPart.measure(simulator, results);
                        break;
                    case "cold":
                        ColdPart.measure(simulator, results);
                        break;
                    case "footprint":
                        FootprintPart.measure(simulator, results);
                        break;
                    case "hours":
                        HoursPart.measure(results);
                        break;
                    default:
                        throw new IllegalArgumentException("there is no part " + part);
                }
            }
        }
        results.machine = Machine.words() + "; load average " + before + " before, " + Machine.load() + " after";
        results.seconds = (System.nanoTime() - STARTED) / 1_000_000_000L;
        write(folder.resolve("benchmarks.md"), new Report(results).text());
        write(folder.resolve("benchmarks.svg"), new BenchPicture(results).draw());
        say("written: " + folder.resolve("benchmarks.md") + " and benchmarks.svg");
    }

    private static void write(Path file, String text) throws IOException {
        Files.write(file, text.getBytes(StandardCharsets.UTF_8));
    }
}
