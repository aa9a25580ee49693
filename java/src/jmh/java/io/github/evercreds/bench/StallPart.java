// Takes the metadata service away from all contenders at the same moments.
package io.github.evercreds.bench;

import java.io.IOException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** All side by side, each in a JVM of its own with a listener of its own; sets live a minute of real time. */
final class StallPart {
    private static final int LIFE_S = 60;
    private static final int RENEW_BEFORE_S = 30;

    /** A stretch of the run: from, to in seconds after the start; what happens is the name. */
    private enum Phase {
        WELL("before, IMDS answers", 4, 26),
        HANG_5S("IMDS hangs for 5 s where new sets come due", 26, 34),
        RECOVERED("IMDS answers again", 34, 50),
        HANG_ON("IMDS hangs on, every set expires", 50, 105);

        final String title;
        final int from;
        final int to;

        Phase(String title, int from, int to) {
            this.title = title;
            this.from = from;
            this.to = to;
        }
    }

    private StallPart() { }

    static void measure(Simulator simulator, Results results) throws IOException, InterruptedException {
        int haste = haste(results);
        Simulator.World world = simulator.world(LIFE_S / haste, RENEW_BEFORE_S / haste, Contender.all());
        Map<Contender, Child> children = new EnumMap<>(Contender.class);
        try {
            for (Contender contender : Contender.all()) {
                String imds = world.imds(contender);
                children.put(contender, new Child(Collections.emptyList(), contender.environment(imds), contender.jvmArguments(imds),
                        StallChild.class.getName(), contender.name(), imds));
            }
            for (Child child : children.values()) {
                child.await("ready");
            }
            long begun = System.nanoTime();
            for (Phase phase : Phase.values()) {
                waitUntil(begun, phase.from * 1000L / haste);
                if (phase == Phase.HANG_5S) {
                    world.perform("{\"action\":\"hang_after_connect\",\"for_s\":5}");
                } else if (phase == Phase.HANG_ON) {
                    world.perform("{\"action\":\"hang_after_connect\"}");
                }
                for (Child child : children.values()) {
                    child.tell(phase.name());
                }
                waitUntil(begun, phase.to * 1000L / haste);
            }
            for (Child child : children.values()) {
                child.tell("end");
            }
            world.perform("{\"action\":\"clear\"}");
            Map<String, Map<Contender, Results.Stalls>> reads = new LinkedHashMap<>();
            Map<String, Map<Contender, Results.Stalls>> controls = new LinkedHashMap<>();
            for (Contender contender : Contender.all()) {
                collect(children.get(contender), contender, reads, controls);
            }
            for (Phase phase : Phase.values()) {
                results.stalls.put(phase.title, reads.get(phase.name()));
                results.controls.put(phase.title, controls.get(phase.name()));
            }
        } finally {
            for (Child child : children.values()) {
                child.close();
            }
        }
        world.close();
    }

    /** A short run does all in half the time, but for the hang of five seconds. */
    private static int haste(Results results) {
        return results.quick ? 2 : 1;
    }

    static int lifeSeconds(Results results) {
        return LIFE_S / haste(results);
    }

    private static void waitUntil(long begun, long millis) throws InterruptedException {
        Thread.sleep(Math.max(0, millis - (System.nanoTime() - begun) / 1_000_000));
    }

    private static void collect(Child child, Contender contender, Map<String, Map<Contender, Results.Stalls>> reads,
            Map<String, Map<Contender, Results.Stalls>> controls) throws IOException {
        // One "-" (before the first phase) and the phases; of reads first, then of the controls.
        for (Map<String, Map<Contender, Results.Stalls>> side : java.util.Arrays.asList(reads, controls)) {
            for (int i = 0; i <= Phase.values().length; i++) {
                String[] words = child.await(side == reads ? "read" : "control").split(" ", 10);
                Results.Stalls found = new Results.Stalls();
                found.reads = Long.parseLong(words[1]);
                found.errors = Long.parseLong(words[2]);
                found.slow = Long.parseLong(words[3]);
                found.stalled = Long.parseLong(words[4]);
                found.p50 = Long.parseLong(words[5]);
                found.p99 = Long.parseLong(words[6]);
                found.p9999 = Long.parseLong(words[7]);
                found.max = Long.parseLong(words[8]);
                found.firstError = words[9];
                side.computeIfAbsent(words[0], any -> new EnumMap<>(Contender.class)).put(contender, found);
            }
        }
    }
}
